/*
 * xapply.h - what the files of xapply share
 *
 * xapply.c has the command line and what is put around the run, xrun.c the
 * run, xtask.c a task and its section, joblog.c the log.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_XAPPLY_H
#define XAPPLY_XAPPLY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/collate.h"
#include "wire/tokens.h"
#include "base/event.h"
#include "expand.h"
#include "base/wrapper.h"

/* -e: a variable of each task. */
struct export {
	struct export *next;
	const char *name;
	const char *text;         /* its template */
	char escape;              /* in it */
	struct expand *value;
};

/* What the command line asks for. */
struct xapply_options {
	size_t each;              /* -count */
	char escape;
	int append, detached, files, dry, show, squeeze, number, verbose,
	    trace, zero, quote, argv;
	int collate;              /* -m, or what needs it */
	int keep_order, lines, with_stderr;
	const char *tag, *results;
	const char *input, *otherwise, *pad, *shell, *tags, *joblog;
	size_t jobs;              /* tasks at a time */
	long sets, request;       /* -J, -R; -1: not given */
	int resume;               /* 2: also what failed */
	int fail, progress;
	enum wk_halt halt;
	unsigned long halt_at;    /* so many failures, or per cent */
	int halt_percent;
	int retries, retry_ms, timeout_ms, delay_ms;
	double load;              /* start none above it; 0: no limit */
	size_t memory;            /* start none below it */
	struct export *exports;
};
extern struct xapply_options xapply_opt;

extern const struct wk_program xapply;

/* The socket of the collator for the sections, or NULL: they are not
 * collated.  That of the pool, or NULL. */
extern const char *xapply_collator;
extern const char *xapply_pool;
extern int xapply_wrapped;        /* our parent is a wrapper that we made */

/* Run it: the template and the operands.  Returns the exit code. */
int xapply_run(const char *template, char **operands);

/* --- a task (xtask.c) --- */

struct section;

/* The parameters of a task, one allocation. */
struct batch {
	struct expand_text *param, *file;
};

struct task {
	const struct task_setup *setup;
	struct task *next, **at;  /* in a list of the run's */
	uintmax_t number;         /* from 0; UINTMAX_MAX: the else-command */
	struct batch *batch;      /* to expand it once more, or NULL */
	char *command;
	size_t command_len;
	char *xid;                /* as the joblog and the collator have it */
	char **vars;              /* "NAME=VALUE", ended by NULL */
	int attempts;
	int64_t ended;            /* the last of them */
	struct token_set *tokens;
	struct section *section;
	struct wk_child child;
	struct task *tty_next;    /* it waits for the terminal */
	int stopped_by_us;        /* and it has not told of its stop */
	struct wk_timer alarm;    /* its time is up; it is killed; try again */
	int killed, timed_out, due;
	pid_t left;               /* its group, when it has ended before others
	                             of that; then they are looked for: */
	struct wk_timer look;
	int looks;                /* so often since they were killed */
	int grouped;              /* its process group is its own */
	int64_t began;            /* of div_now */
	int64_t started;          /* of wall_ms */
	int status;               /* of wait */
};

/* How tasks are started; prepared once. */
struct task_setup {
	const char *shell;        /* a path */
	int in;                   /* their stdin, or -1: ours */
	int grouped;
	int direct;               /* plain words need no shell */
	int keep;                 /* a descriptor they inherit, or -1 */
	const int *also;          /* more such, ended by -1 */
	void (*ended)(struct task *t);       /* has its status, and may free it */
	void (*section_over)(void);
	void (*output_failed)(int error);    /* of a section */
	void (*told)(int sig);    /* a task was, by the terminal it had */
};

/* Find the shell, open what tasks have in common.  Ends us if that fails. */
void task_prepare(struct task_setup *s);

/*
 * Start a task: 0, or errno, or -1 with errno when the collator cannot be
 * reached.  After that, EAGAIN and ENOMEM nothing has happened;
 * else its section, if it has one, is that of a task that has ended, and
 * status is set.
 */
int task_start(const struct task_setup *s, struct task *t);

/* Have a signal sent to the task, and to all of its process group. */
void task_signal(struct task *t, int sig);

/* Its command and variables, which are to be made anew. */
void task_forget(struct task *t);

void task_free(struct task *t);

/* How many sections are under way; may another one begin? */
size_t task_sections(void);
int task_room(void);

/* Read how sections are to look from $XCLATE, as xclate's client would. */
void task_settings(void);

/* --- what is said of tasks before they start (xsay.c): -v, -n, -x --- */

/* written: the lines have left; lost: stdout takes none any more. */
void say_prepare(void (*written)(void), void (*lost)(int error));

/* Say a task's line, with so many tokens.  -1 when stdout takes no more. */
int say_task(const struct task *t, size_t tokens);

/* Do lines wait for their reader, so that nothing more should begin?  Or are
 * any under way? */
int say_waits(void);
int say_busy(void);

/* --- the terminal, lent to tasks (xtty.c) --- */

/* A task was stopped, by that signal; it has ended; we may be in the foreground
 * again (SIGCONT). */
void tty_stopped(struct task *t, int sig);
void tty_ended(struct task *t);
void tty_again(int sig);

/* All of a run stops, and goes on: a task with a process group of its own, who
 * does not wait for the terminal. */
void tty_stop(struct task *t);
void tty_continue(struct task *t);

/* --- the log (joblog.c) --- */

/* Open it (dry: only read it); with resume, note which tasks need not run
 * again.  Ends us if it cannot be. */
void joblog_open(const char *path, int resume, int dry);

/* Has the task of this number (from 0) and xid been done before? */
int joblog_done(uintmax_t number, const char *xid);

/* A line for a task that has ended. */
void joblog_write(const struct task *t);

/* -1 with errno when lines were lost. */
int joblog_close(void);

#endif
