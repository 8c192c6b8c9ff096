/*
 * xapply.h - what the files of xapply share
 *
 * xapply.c has the command line and what is put around the run, run.c the run,
 * make.c what a task is made of, task.c a task and its section, apart.c that of
 * its stderr, say.c the lines that announce tasks, tty.c the terminal that they
 * share, joblog.c the log.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_XAPPLY_H
#define XAPPLY_XAPPLY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

#include "base/jobline.h"
#include "wire/talk.h"
#include "wire/tokens.h"
#include "base/event.h"
#include "base/halt.h"
#include "columns.h"
#include "expand.h"
#include "input.h"
#include "pipe.h"
#include "base/wrapper.h"

/* -e: a variable of each task. */
struct export {
	struct export *next;
	const char *name;
	const char *text;         /* the template of its value */
	char escape;              /* the escape character of that template */
	struct expand *value;     /* the same compiled */
};

/* What the command line asks for. */
struct xapply_options {
	size_t each;              /* parameters for a task, or of a row */
	int fill;                 /* -X: as many as fit */
	size_t max_args, max_chars;  /* of a batch; 0: not given */
	enum input_lists lists;
	const char *separator;
	int header, skip_empty, crlf, jobserver;
	const struct columns *columns;  /* or NULL */
	char escape;
	int append, detached, files, dry, show, squeeze, number, verbose,
	    trace, zero, quote, argv;
	int pipe;                 /* blocks of the input, no parameters */
	struct pipe_how pipe_how;
	int collate;              /* -m, or an option that needs it */
	int keep_order, lines, with_stderr, stderr_apart, pty;
	const char *tag, *results;
	int tag_colour;
	const char *input, *otherwise, *pad, *shell, *tags, *joblog;
	size_t jobs;              /* tasks at a time */
	long sets, request;       /* -J, -R; -1: not given */
	int resume;               /* 1: what is done; 2: but not what failed */
	int resume_by_args;       /* whatever its number is */
	int fail, progress;
	struct wk_halt halt;
	int retries;              /* attempts in all */
	int64_t retry_ms, timeout_ms, delay_ms;
	int64_t linger_ms;        /* -1: not given */
	double load;              /* no task starts above it; 0: no limit */
	size_t memory;            /* no task starts below it; bytes, or 0 */
	struct export *exports;
};
extern struct xapply_options xapply_opt;

extern const struct wk_program xapply;

/* The socket of the collator that sections go to, or NULL: output is not
 * collated.  The socket of the pool that tokens are taken from, or NULL. */
extern const char *xapply_collator;
extern const char *xapply_pool;

/* Run the tasks: a template, and the operands, ended by NULL.  Returns the exit
 * code, unless the run ends by a signal or with wk_die. */
int xapply_run(const char *template, char **operands);

/* --- a task (task.c) --- */

struct output;

/* The parameters of a task, and the files that they come from: one allocation,
 * with the texts. */
struct batch {
	struct expand_text *param, *file;
	size_t params;
};

/* What a task has been sent to end it before its time. */
enum ending {
	TASK_LEFT_ALONE,
	TASK_TERM_SENT,           /* more follows when alarm expires */
	TASK_LAST_SENT            /* nothing does, or it was KILL */
};

struct task {
	const struct task_setup *setup;
	struct task *next, **at;  /* in a list of run.c's */
	uintmax_t number;         /* from 0; UINTMAX_MAX: the else-command */
	struct batch *batch;      /* for another attempt, or NULL */
	struct block *block;      /* its standard input (--pipe), or NULL */
	char *command;
	size_t command_len;       /* bytes of it, without the NUL behind it */
	char *xid;                /* its name in the joblog and for xclate */
	uint64_t hash;            /* of its parameters (joblog_hash) */
	char **vars;              /* "NAME=VALUE", ended by NULL */
	struct token_set *tokens;
	struct output *output;    /* the section of its last attempt, until that
	                             is gone, or NULL */
	int lost;                 /* that section was not written */
	uint64_t received;        /* bytes of it, once it is gone */

	/* The present attempt, or the last one. */
	int attempts;             /* number of it, from 1 */
	int grouped;              /* it has a process group of its own */
	struct wk_child child;
	int64_t started;          /* of wall_ms */
	int64_t began, ended;     /* of div_now */
	int status;               /* of wait */
	int timed_out;            /* its time was up */

	/* When its time is up, when it is to be killed, or, while it waits for
	 * its next attempt, when that is due. */
	struct wk_timer alarm;
	enum ending ending;
	size_t steps;             /* of --termseq that were done */
	int due;                  /* the next attempt may start */

	/* The process group, once its leader has ended and members may still
	 * run (0: none); they are polled. */
	pid_t left;
	int looks;                /* how often since the last signal */
	struct wk_timer look;

	struct task *tty_next;    /* in the queue for the terminal */
	int stopped_by_us;        /* by tty_stop, its stop not yet reported */
};

/* How tasks are started; prepared once. */
struct task_setup {
	const char *shell;        /* a path */
	int in;                   /* stdin of the tasks, or -1: ours */
	int grouped;              /* each gets a process group of its own */
	int direct;               /* plain words are executed without a shell */
	int keep;                 /* a descriptor they inherit, or -1 */
	const int *also;          /* more of those, ended by -1 */

	/* A task has its status; this may free it. */
	void (*ended)(struct task *t);
	/* There may be room for another section: one is done and gone, or,
	 * with -k, the last one has its place. */
	void (*section_over)(void);
	/* A section's output is lost; 0: by the collator's fault, not by an
	 * error of the output. */
	void (*output_failed)(int error);
	/* The terminal has sent a task, the foreground of the moment, a signal
	 * that was meant for the run. */
	void (*terminal_signal)(int sig);
};

/* Find the shell, open what tasks have in common.  Ends the program with a
 * message if that fails. */
void task_prepare(struct task_setup *s);

/* Why a task has no section: the exit code, and words for people. */
struct task_reason {
	int code;
	char text[600];
};

/*
 * Start a task.  Returns
 *	0		it runs;
 *	EAGAIN, ENOMEM	nothing has happened, the system has no room now;
 *	-1		nothing has happened, its section cannot be opened:
 *			see why;
 *	another errno	it could not be executed: status is set as if it had
 *			ended, and its section ends with that.
 */
int task_start(const struct task_setup *s, struct task *t,
    struct task_reason *why);

/* Send a signal to the task, to its process group if that is its own, and wake
 * it if it is stopped. */
void task_signal(struct task *t, int sig);

/* Is it that there is not enough of something now?  Then a task can be started
 * later. */
int task_is_shortage(int error);

/* The terminals that the task writes to (--pty) have that size from now on. */
void task_resize(struct task *t, const struct winsize *size);

/* A task, all zero; task_free frees it. */
struct task *task_new(void);

/* Have the line of a task that has ended in the log: as soon as its output is
 * written, and none if that was lost. */
void task_log(struct task *t);

/* Free its command and variables, which are to be made anew. */
void task_forget(struct task *t);

/* Free a task that does not run; its tokens are the caller's to give back. */
void task_free(struct task *t);

/* How many sections are open; and 1 if one more may be. */
size_t task_sections(void);
int task_room(void);

/* 1 while the master writes a section of ours. */
int task_relays(void);

/* --- the lines that announce tasks: -v, -n, -x (say.c) --- */

/* written(): all lines so far have been written.  lost(): stdout cannot be
 * written any more. */
void say_prepare(void (*written)(void), void (*lost)(int error));

/* Write the lines of a task that holds so many tokens; -1 when stdout cannot be
 * written. */
int say_task(const struct task *t, size_t tokens);

/* The line of -v for a section: of collated output it stands in that of its
 * task.  The caller frees it. */
char *say_line(const struct task *t);

/* 1 while lines wait for their reader, and no task should start. */
int say_waits(void);

/* 1 while any line is not yet written. */
int say_busy(void);

/* --- the terminal, lent to tasks (tty.c) --- */

/* A task was stopped by that signal. */
void tty_stopped(struct task *t, int sig);

/* A task has ended. */
void tty_ended(struct task *t);

/* SIGCONT: we may be in the foreground again. */
void tty_foreground(int sig);

/* Stop or continue a task that has its own process group, with the whole run.
 * A task that waits for the terminal stays stopped. */
void tty_stop(struct task *t);
void tty_continue(struct task *t);

/* --- the log (joblog.c) --- */

/* Open the log, or with dry only read it.  resume: note which tasks need not
 * run again, all that are in the log (1) or those that have not failed (2).
 * Ends the program with a message if it cannot. */
void joblog_open(const char *path, int resume, int dry);

/* What says in the log which task it was: all parameters. */
uint64_t joblog_hash(const struct expand_text *param, size_t params);

/*
 * 1 if the log has the task with this number (from 0), hash and xid as done; or
 * with another number, in a list of another order, unless is_same says that the
 * task which has that number now has the same parameters.
 */
int joblog_done(uintmax_t number, uint64_t hash, const char *xid,
    int (*is_same)(uintmax_t number, uint64_t hash));

/* 1 if the last line of a task with this hash, or in an old log with this xid,
 * says so, whatever its number is. */
int joblog_has_args(uint64_t hash, const char *xid);

/* 1 if there are lines that say of a task only what its command was: those of
 * GNU parallel, with --resume-by-args. */
int joblog_names_commands(void);

/* The same for the text of the command; NULL is like none.  The first that is
 * not there is said to be run. */
int joblog_has_command(const char *command, size_t len);

/* The line of a task that has ended; the bytes of its output may be known
 * later. */
struct joblog_line {
	struct jobline numbers;
	char text[];              /* what is behind those */
};

/* Make one, which the caller frees; NULL when no log is written.  And write
 * it. */
struct joblog_line *joblog_line(const struct task *t);
void joblog_write(const struct joblog_line *l);

/* Close it.  -1 when lines were lost, after a message. */
int joblog_close(void);

#endif
