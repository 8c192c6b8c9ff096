/*
 * event.h - one wait for descriptors, signals, children and deadlines
 *
 * There is one loop in a process.  epoll or kqueue serves it where there is
 * one (the cost of an event does not depend on how many others are quiet),
 * poll elsewhere; build with -DEVENT_POLL to have poll everywhere.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_EVENT_H
#define WK_EVENT_H

#include <stdint.h>
#include <sys/types.h>

enum { WK_READ = 1, WK_WRITE = 2, WK_HUP = 4 };

/*
 * A descriptor to watch, embedded in what it belongs to.  Set fd and ready;
 * the rest is the loop's.  WK_HUP (both directions are over) is reported
 * even when nothing was asked for.
 */
struct wk_io {
	int fd;
	void (*ready)(struct wk_io *io, int what);
	int want;        /* what the loop was asked for */
	int watched;     /* the loop knows this descriptor */
	size_t slot;     /* poll alone: index in its table */
};

/* A deadline.  Set expired; the rest is the loop's. */
struct wk_timer {
	void (*expired)(struct wk_timer *t);
	int64_t when;
	struct wk_timer *prev, *next;
	int set;
};

/* A child.  Set pid and ended (and stopped, unless NULL); the rest is the
 * loop's. */
struct wk_child {
	pid_t pid;
	void (*ended)(struct wk_child *c, int status);
	void (*stopped)(struct wk_child *c, int sig);
	struct wk_child *next;
};

/* Start the loop; -1 with errno. */
int wk_init(void);

/* Watch io for WK_READ, WK_WRITE, both, or 0 for a hang-up; -1 with errno. */
int wk_watch(struct wk_io *io, int want);

/* Forget io, before its descriptor is closed: nothing of it is reported any
 * more, not even what this round has already seen. */
void wk_forget(struct wk_io *io);

/* Set (or set anew) a deadline so many milliseconds from now, of div_awake; or
 * stop it. */
void wk_timer_set(struct wk_timer *t, int ms);
void wk_timer_stop(struct wk_timer *t);

/* Report the end of a child with its wait status. */
void wk_child_watch(struct wk_child *c);

/* Report the end of children that nobody watches: those that this process
 * had before it became this program. */
void wk_child_unwatched(void (*ended)(int status));

/* Has this process any child?  Reports the ends of those that have ended. */
int wk_reap(void);

/*
 * Have a signal reported as an event, unless it was ignored when the
 * program started (nohup): then it stays ignored.  -1 with errno.
 */
int wk_signal(int sig, void (*arrived)(int sig));

/* Inside of arrived: the process that sent the signal; 0: a terminal did, or
 * the system, perhaps as well. */
pid_t wk_signal_sender(void);

/* For who is about to stop: has a signal come that arrived() was not called
 * for yet?  Has any that is to end us? */
int wk_pending(int sig);
int wk_end_pending(void);

/* Report what has happened, and before that wait for something to happen if
 * so asked.  -1 with errno. */
int wk_round(int wait);

#endif
