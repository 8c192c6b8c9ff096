/*
 * wrapper.h - what the command lines of all programs of the suite share
 *
 * Messages, option tables (short and long), the option variable, the name a
 * program is called by, choosing a diversion with the suite's messages and
 * exit codes, and -h and -V.  These functions print and exit, so they are
 * for programs, not for libraries.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_WRAPPER_H
#define WK_WRAPPER_H

#include "codes.h"
#include "divconnect.h"
#include "options.h"

struct wk_program {
	const char *name;
	const char *prefix;           /* of its diversions */
	const char *variable;         /* its option variable, or NULL */
	const char *protocol;         /* version spoken */
	const char *template;         /* of its private directories */
	char direct;                  /* letter of the direct-path option */
	/* What the master at a path says of itself, for -V with -v; NULL
	 * when it does not answer. */
	const char *(*probe)(const char *path);
	const char *synopsis;         /* lines without the name in front */
	const struct wk_option *options; /* ended by letter 0 */
};

/* What wk_begin found out about the name we were called by. */
struct wk_called {
	const char *utility;          /* argv[0] for the command, or NULL */
	int persistent;               /* called ":" */
};

/*
 * Start: remembers signals, opens descriptors 0 to 2, looks at argv[0], puts
 * the words of the option variable in front of the arguments.
 */
void wk_begin(const struct wk_program *p, int argc, char **argv,
    struct wk_called *called);

/*
 * The next option's letter, with *arg set when it takes one; -1 at the end.
 * Unknown options and missing arguments end the program with WK_USAGE.
 */
int wk_option(const char **arg);

/* The words of an option variable, quotes resolved; NULL: it is not set.
 * They stay allocated. */
char **wk_split(const char *run_variable);

/* The words after the options, ended by NULL. */
char **wk_operands(void);

/* A whole number from min to max, or the end with WK_USAGE. */
long wk_number(int letter, const char *text, long min, long max);

/* A time in seconds, decimals allowed, as milliseconds. */
int wk_milliseconds(int letter, const char *text);

/* When failures end a run. */
enum wk_halt {
	WK_HALT_NEVER,
	WK_HALT_SOON,                 /* what is under way goes on */
	WK_HALT_NOW
};

/*
 * Read "never", "soon" or "now", with ",fail=N" behind it (N goes to *at,
 * else 1), or, unless percent is NULL, ",fail=N%" (*percent says which).
 * Anything else ends the program with WK_USAGE.
 */
enum wk_halt wk_halt(const char *text, unsigned long *at, int *percent);

/* "prog: message" on stderr. */
void wk_warn(const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 1, 2)))
#endif
    ;
/* Copy a text with its control characters made visible (^J), cut to the room
 * there is.  Returns the bytes, without the NUL behind them. */
size_t wk_visible(char *to, size_t room, const char *from);

/* As wk_warn, for a master: a stderr that nobody reads does not hold it up. */
void wk_note(const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 1, 2)))
#endif
    ;
_Noreturn void wk_die(int code, const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* As wk_die(WK_USAGE), with the usage behind the message. */
_Noreturn void wk_usage(const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 1, 2)))
#endif
    ;

/*
 * The path from the root: behind the working directory, and without "./" in
 * front, unless it begins with a slash.  Links stay.  The caller frees it.
 */
char *wk_absolute(const char *path);

/* malloc and friends that end the program when memory runs out. */
void *wk_alloc(size_t count, size_t size);

/* Print -h, -V to stdout. */
void wk_help(void);
void wk_version(int depth, const char *direct, int verbose);

/* Flush stdout; the end with WK_SYSTEM when output was lost. */
void wk_flush(void);

/* The socket a client is to use, or the end with the suite's message. */
const char *wk_target(int depth, const char *direct);

/* The same of another wrapper's diversions: their prefix, and the letter of
 * its direct-path option. */
const char *wk_target_of(const char *prefix, char letter, int depth,
    const char *direct);

/* End because of a connection that failed: the message and code for errno. */
_Noreturn void wk_die_connect(const char *path);

/* --- masters --- */

/*
 * A program that needs a wrapper around its own run can become one, which
 * starts it again.  Just before its exec it calls wk_becoming, which leaves
 * the pid in the environment (-1 with errno); in the master wk_became is true
 * then, once: the utility does not inherit the mark.
 */
int wk_becoming(void);
int wk_became(void);

/*
 * Bind the master's socket, or the end with the suite's message; publish it
 * (on the stack, or detached), and hand <VARIABLE>_N to the utility.
 */
void wk_listen(struct div_socket *s, const struct div_place *where);
void wk_publish(struct div_socket *s, int detached);

/* Say where the socket is, unless it has the name that was asked for: who is to
 * use a persistent master has no other way to learn it. */
void wk_tell_socket(const struct div_socket *s,
    const struct div_place *where);

/* The second half of wk_publish alone, for what is started before the socket is
 * published; wk_publish does not do it again then.  -1 with errno. */
int wk_pass_variable(int detached);

/*
 * The utility to run: the operands, or $SHELL, or /bin/sh; NULL for ":".
 * *file is what to execute, the result its arguments.
 */
char **wk_utility(char **operands, const struct wk_called *called,
    const char **file);

/* What to call that file in messages: whoever typed nothing learns where it
 * comes from. */
const char *wk_command_name(const char *file);

#endif
