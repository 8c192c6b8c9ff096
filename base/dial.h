/*
 * dial.h - connect to a diversion from within the loop
 *
 * div_connect may wait for seconds; here the loop of event.h does.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_DIAL_H
#define WK_DIAL_H

#include "divconnect.h"
#include "event.h"

/* A connection that is being made.  Embedded in the struct that it belongs to;
 * all members are dial.c's. */
struct dial {
	struct wk_io io;
	struct wk_timer deadline;
	struct dial *next;   /* in the list of those that try again */
	int waits;           /* it is in that list */
	struct div_dial d;
	void (*done)(struct dial *l, int fd);
	int active;          /* started, and not done */
};

/*
 * Connect to path within ms milliseconds; hops and confine as for
 * div_dial_confined.  done is called once, perhaps before this returns: with a
 * blocking descriptor, which it has to close, or with -1 and errno (those of
 * div_connect).
 */
void dial_start(struct dial *l, const char *path, int hops, int confine, int ms,
    void (*done)(struct dial *l, int fd));

/* Give a connection up: done is not called.  Nothing happens when it was done
 * already, or never started (its memory is zero). */
void dial_cancel(struct dial *l);

#endif
