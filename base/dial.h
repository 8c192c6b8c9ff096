/*
 * dial.h - connect to a diversion from within the loop
 *
 * div_connect may wait for seconds; this has the loop of event.h wait.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_DIAL_H
#define WK_DIAL_H

#include "divconnect.h"
#include "event.h"

/* Embedded in what it belongs to; nothing of it is the caller's to change. */
struct dial {
	struct wk_io io;
	struct wk_timer deadline;
	struct dial *next;   /* of those that try again */
	int waits;
	struct div_dial d;
	void (*done)(struct dial *l, int fd);
	int active;          /* started, and not done */
};

/*
 * Connect to path within so many milliseconds; hops as for div_dial.  done is
 * called once, perhaps before this returns: with a blocking descriptor that
 * is its own, or with -1 and errno.
 */
void dial_start(struct dial *l, const char *path, int hops, int ms,
    void (*done)(struct dial *l, int fd));

/* Give one up; nothing happens when it is done, or was never started (its
 * memory is zero). */
void dial_cancel(struct dial *l);

#endif
