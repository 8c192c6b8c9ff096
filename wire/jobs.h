/*
 * jobs.h - the client's side of make's jobserver
 *
 * A jobserver is a pipe or a fifo that holds a byte for each job that may be
 * started beside the first, which needs none.  Who takes a byte writes it back
 * when the job has ended.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_JOBS_H
#define WIRE_JOBS_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/event.h"

struct jobs {
	void (*ready)(void);        /* the owner's, set first: one may be had
	                               now; all else zero */

	/* Private. */
	int r, w;
	int ours;                   /* w is to be closed */
	struct buffer bytes;        /* that were taken */
	struct wk_io io;
};

/*
 * Find the jobserver that flags (of $MAKEFLAGS, or NULL) tell of: 1; 0 when
 * they tell of none; -1 when it cannot be used, with errno.
 */
int jobs_open(struct jobs *j, const char *flags);

/* Take one: 0 when there is none now, and ready is called later; -1 with
 * errno. */
int jobs_take(struct jobs *j);

/* Put one back, if any was taken. */
void jobs_give(struct jobs *j);

/* Put all back, and leave. */
void jobs_close(struct jobs *j);

#endif
