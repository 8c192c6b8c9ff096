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

#include <stdint.h>

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
	const char *brief;            /* what -h prints, and errors point to, in
	                                 place of all options; or NULL */
	/* What another program's option is called here, as the end of a
	 * message; NULL when it is not known. */
	const char *(*hint)(const char *option);
	const struct wk_option *options; /* ended by letter 0 */
};

/* What wk_begin has found out from argv[0]. */
struct wk_called {
	const char *utility;          /* argv[0] for the command, or NULL */
	int persistent;               /* called ":" */
};

/*
 * The first call of a program: remembers signals, opens descriptors 0 to 2,
 * looks at argv[0], and reads the option variable.  p and argv must stay.
 */
void wk_begin(const struct wk_program *p, int argc, char **argv,
    struct wk_called *called);

/* What messages have in front: the name of that program. */
const char *wk_program_name(void);

/*
 * The next option's letter, with *arg set to its argument, or to NULL when it
 * has none; -1 at the end.  The options of the option variable come first.
 * Unknown options and missing arguments end the program with WK_USAGE.
 */
int wk_option(const char **arg);

/* The words of a variable, without their quotes, ended by NULL; NULL: it is
 * not set.  They stay allocated.  A quote left open ends the program with
 * WK_DATA. */
char **wk_split(const char *variable);

/* The same for any text; one allocation, which the caller frees.  NULL with
 * EINVAL for a quote that is left open, or with ENOMEM. */
char **wk_split_text(const char *text);

/* True if the option that wk_option returned last was on the command line. */
int wk_option_on_line(void);

/* The words after the options, ended by NULL: part of argv. */
char **wk_operands(void);

/* The value of the option of that letter: a whole number from min to max, or a
 * time in seconds, or with m, h or d behind it in another unit, decimals
 * allowed, as milliseconds, up to ten years.  Anything else ends the program
 * with WK_USAGE. */
long wk_number(int letter, const char *text, long min, long max);
int64_t wk_milliseconds(int letter, const char *text);

/* Called before each message, or NULL: takes from the terminal what is not to
 * stand in front of it. */
extern void (*wk_before_message)(void);

/* "prog: message" on stderr. */
void wk_warn(const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 1, 2)))
#endif
    ;

/*
 * Copy a text so that it does nothing to a terminal, cut to the room there is:
 * control characters become visible (^J, and M-^[ for those of C1), and so do
 * bytes that are no UTF-8 (M-i).  It may grow to four times its length.
 * Returns the bytes, without the NUL behind them.
 */
size_t wk_visible(char *to, size_t room, const char *from);

/* As wk_warn, for a master: the line is lost when stderr takes none at once. */
void wk_note(const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 1, 2)))
#endif
    ;

/* As wk_warn, then the end with that exit code. */
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
 * The path from the root: unless it begins with a slash, the working directory
 * with the path behind it, without the "./" that the path begins with.
 * Symbolic links are not resolved.  The caller frees it.
 */
char *wk_absolute(const char *path);

/* Zeroed memory, or the end of the program. */
void *wk_alloc(size_t count, size_t size);

/* Print what -h and -V promise to stdout.  depth and direct (or NULL) are the
 * options that say which diversion a client would use; with verbose, masters
 * are asked. */
void wk_help(void);
void wk_version(int depth, const char *direct, int verbose);

/* Flush stdout; ends the program with WK_SYSTEM when output was lost. */
void wk_flush(void);

/* The socket that a client is to use; ends the program with a message when
 * there is none. */
const char *wk_target(int depth, const char *direct);

/* The same for the diversions of another wrapper, by their prefix; letter is
 * that wrapper's option for a direct path, for the message. */
const char *wk_target_of(const char *prefix, char letter, int depth,
    const char *direct);

/* That socket in *path, which is the environment's or direct, and 0; or words
 * for people in reason, and an exit code. */
int wk_find_target(char *reason, size_t room, const char *prefix, char letter,
    int depth, const char *direct, const char **path);

/* End the program because the connection to path failed, with the message and
 * code for errno. */
_Noreturn void wk_die_connect(const char *path);

/* Say that what listens at path takes no connections now, and is waited for. */
void wk_warn_waiting(const char *path);

/* --- masters --- */

/*
 * A program that needs a wrapper around its own run can become one, which
 * starts it again.  Just before its exec it calls wk_becoming, which leaves
 * the pid in the environment (-1 with errno); in the master wk_became is true
 * then, once: the utility does not inherit the mark.
 */
int wk_becoming(void);
int wk_became(void);

/* Bind the master's socket, which is removed by wk_unlisten, or at exit: s
 * stays until then.  Ends the program with a message if that fails. */
void wk_listen(struct div_socket *s, const struct div_place *where);

/* div_unlisten, or a message for what cannot be removed.  Keeps errno. */
void wk_unlisten(struct div_socket *s);

/*
 * Publish the socket in the environment, on the stack or detached, and pass
 * the option variable of the new level on to the utility.  Ends the program
 * with a message if that fails.
 */
void wk_publish(struct div_socket *s, int detached);

/* Print the path of a persistent master's socket, unless it is the one that was
 * asked for: nothing else tells its users. */
void wk_tell_socket(const struct div_socket *s,
    const struct div_place *where);

/* The second part of wk_publish alone, <VARIABLE>_N, for processes that are
 * started before the socket is published; wk_publish does not do it again
 * then.  -1 with errno. */
int wk_pass_variable(int detached);

/*
 * The utility to run: the operands, or $SHELL, or /bin/sh; NULL for ":".
 * *file is what to execute, the result its arguments.
 */
char **wk_utility(char **operands, const struct wk_called *called,
    const char **file);

/* What to call that file in messages: with $SHELL in front when it comes from
 * there, and not from the command line. */
const char *wk_command_name(const char *file);

#endif
