/*
 * spawn.h - start programs as if the wrapper were not there
 *
 * What a wrapper changes for itself (signals, limits) is remembered here and
 * given back to every program that it starts.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_SPAWN_H
#define WK_SPAWN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Change the disposition of a signal, and remember the one that was found.
 * wk_spawn_remember does the second half alone, for callers that change it by
 * sigaction(2).  Both return -1 with errno.
 */
int wk_spawn_signal(int sig, void (*handler)(int));
int wk_spawn_remember(int sig);

/*
 * As wk_spawn_remember, for a handler that begins with wk_spawn_in_child and
 * returns when that says 1: then a program that is started need not have the
 * disposition put back, as exec does so with signals that are caught.
 */
int wk_spawn_caught(int sig);

/* In a handler: 1 if this is a process that has not become its program yet, and
 * the signal is dealt with as the program would have done; it is not ours. */
int wk_spawn_in_child(int sig);

/* True if the signal was ignored when this process started. */
int wk_spawn_ignored(int sig);

/* Have a write to a pipe without a reader, or to a file at its size limit,
 * fail with errno; without this, a signal ends the process.  -1 with errno. */
int wk_spawn_write_errors(void);

/* True if a signal that has come now is the one sent at that time (of div_now),
 * once more. */
int wk_spawn_same_signal(int sig, int64_t sent);

/*
 * Call this before anything else here: remembers the signal mask, opens
 * /dev/null in the place of each closed one of descriptors 0, 1 and 2, and has
 * HUP, INT, QUIT and TERM end process 1 as they do any other.  -1 with errno.
 */
int wk_spawn_init(void);

/* Raise the soft limit of descriptors to the hard one. */
void wk_spawn_raise_limit(void);

enum { WK_SPAWN_CLOSED = -2 };

/* What to start, and how.  Begin with wk_spawn_plain. */
struct wk_spawn {
	const char *file;        /* searched in $PATH when it has no slash */
	char *const *argv;
	int keep;                /* a descriptor it inherits, or -1 */
	const int *also;         /* more such, ended by -1; or NULL */
	char *const *env;        /* its environment; NULL: that of this
	                            process */
	const int *fd;           /* its 0, 1 and 2: three descriptors above 2,
	                            WK_SPAWN_CLOSED, or -1: that of this
	                            process; NULL: all three are those */
	int dir;                 /* its working directory; -1: that of this
	                            process */
	int group;               /* in a process group of its own */
	int session;             /* in a session of its own, with the first
	                            terminal among 0, 1 and 2 */
};

/* A program that gets its arguments, and all else from this process. */
static inline struct wk_spawn
wk_spawn_plain(const char *file, char *const *argv)
{
	return (struct wk_spawn){ .file = file, .argv = argv, .keep = -1,
	    .dir = -1 };
}

/*
 * Start a program (vfork: no copy of a large process is made).  Returns its
 * pid; -1 with errno, also when it was exec that failed.
 */
pid_t wk_spawn(const struct wk_spawn *s);

/*
 * Have programs wait when they read from or write to fd, as they expect.
 * O_NONBLOCK belongs to the open file: a program that sets it on what it shares
 * with others, and is killed before it takes it back, leaves it to them.
 */
void wk_spawn_blocking(int fd);

/* The same for what a program is to have for its 0, 1 and 2: as fd of struct
 * wk_spawn. */
void wk_spawn_blocking_streams(const int *fd);

/* Become the program; returns only on error, with errno. */
void wk_spawn_exec(const struct wk_spawn *s);

/*
 * Start a program and wait for its end.  Until then SIGTERM and SIGHUP are
 * passed on to it, SIGINT and SIGQUIT are left to it.  Returns 0 with its
 * wait status, or -1 with errno when it could not be started.
 */
int wk_spawn_wait(const struct wk_spawn *s, int *status);

/*
 * Look for a program as wk_spawn does.  0, or the errno that wk_spawn would
 * fail with, as far as that can be told beforehand.  Unless path is NULL, *path
 * becomes the file that was found, with a slash in it: the caller's to free.
 */
int wk_spawn_find(const char *file, char **path);

/* The exit code for a wait status: its own, or WK_SIGNAL + the signal. */
int wk_spawn_code(int status);

/* The exit code for a program that could not be started: WK_NOT_FOUND,
 * WK_CANNOT_RUN, or WK_SYSTEM when the system has no room for it. */
int wk_spawn_error_code(int error);

#endif
