/*
 * event.h - one wait for descriptors, signals, children and deadlines
 *
 * There is one loop in a process.  Where the system has epoll or kqueue it uses
 * that, so that the cost of an event does not depend on how many descriptors
 * are quiet; elsewhere, or when built with -DEVENT_POLL, it uses poll.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_EVENT_H
#define WK_EVENT_H

#include <stdint.h>
#include <sys/types.h>

enum { WK_READ = 1, WK_WRITE = 2, WK_HUP = 4 };

/*
 * A descriptor to watch, embedded in the struct that it belongs to.  Set fd
 * and ready; the other members are the loop's.  WK_HUP (both directions are
 * over) is reported even when nothing was asked for.
 */
struct wk_io {
	int fd;
	void (*ready)(struct wk_io *io, int what);
	int asked;       /* for WK_READ, WK_WRITE, or both */
	int watched;     /* the loop knows this descriptor */
	size_t slot;     /* with poll alone: index in its table */
};

/* A deadline.  Set expired; the other members are the loop's. */
struct wk_timer {
	void (*expired)(struct wk_timer *t);
	int64_t when;
	struct wk_timer *prev, *next;
	int set;
};

/* A child.  Set pid and ended, and stopped unless stops are of no interest;
 * next is the loop's. */
struct wk_child {
	pid_t pid;
	void (*ended)(struct wk_child *c, int status);
	void (*stopped)(struct wk_child *c, int sig);
	struct wk_child *next;
};

/* Start the loop; -1 with errno. */
int wk_init(void);

/* Watch io for WK_READ, WK_WRITE, both, or 0 for a hang-up alone; -1 with
 * errno.  Calling it again changes what is asked for. */
int wk_watch(struct wk_io *io, int asked);

/* Forget io, before its descriptor is closed.  Nothing about it is reported
 * any more, not even what this round has already seen. */
void wk_forget(struct wk_io *io);

/*
 * What of events (of poll(2)) is so within ms milliseconds, also POLLHUP and
 * the like; 0: nothing is.  A signal does not end this: what poll says then is
 * nothing about the descriptor.
 */
int wk_look(int fd, short events, int ms);

/* Is it of memory, or of other room in the system, that there was not enough?
 * What has failed for that is tried again after a while: no descriptor tells
 * when. */
int wk_passes(int error);

/* Set or reset a deadline, ms milliseconds of div_awake from now; stop it. */
void wk_timer_set(struct wk_timer *t, int64_t ms);
void wk_timer_stop(struct wk_timer *t);

/* Call c->ended with the wait status when the child has ended. */
void wk_child_watch(struct wk_child *c);

/* Call ended for the end of every child that is not watched: one that was
 * started before this process exec'd this program. */
void wk_child_unwatched(void (*ended)(int status));

/* Collect the children that have ended or stopped, and report them.  Returns 1
 * while there are others, else 0. */
int wk_reap(void);

/* The same, but returns 1 while there are any that are watched. */
int wk_reap_watched(void);

/*
 * Have a signal reported as an event.  One that was ignored when the program
 * started (nohup) stays ignored.  -1 with errno.
 */
int wk_signal(int sig, void (*arrived)(int sig));

/* Within arrived: the process that sent the signal; 0 when a terminal or the
 * system sent it, perhaps in addition. */
pid_t wk_signal_sender(void);

/* Before stopping: true if sig has been caught and not been reported yet; or if
 * one of TERM, HUP, INT and QUIT has. */
int wk_pending(int sig);
int wk_end_pending(void);

/* One round: report what has happened; with wait, wait for something to happen
 * first.  -1 with errno. */
int wk_round(int wait);

#endif
