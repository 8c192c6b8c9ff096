/*
 * fifo.h - the fifo of a jobserver: what is in it, and who has it
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PTBW_FIFO_H
#define PTBW_FIFO_H

#include <stddef.h>

#include "base/event.h"

enum {
	FIFO_BYTES_MAX = 32768,   /* what surely fits into one */
	FIFO_CLOSED = 1,          /* one that had it has closed it */
	FIFO_TOUCHED = 2          /* one has opened it, or taken a byte */
};

struct fifo {
	/* The owner's, set first; all else zero. */
	void (*changed)(struct fifo *f, int seen); /* FIFO_CLOSED and others:
	                               somebody has done something with it, or
	                               we have */

	/* To be read. */
	char *path;                 /* for those who open it */
	int told;                   /* the system tells of changes: if not, it
	                               is to be looked at again and again */

	/* Private. */
	int r, w;
	char *dir, *file;           /* to be removed; NULL: they are */
	struct wk_io io;
};

/*
 * Make it, at that path, or, with NULL, at one where nobody but this user finds
 * it; where the system can, nothing of that is left in the file system.  -1
 * with errno.  The loop must have begun.
 */
int fifo_make(struct fifo *f, const char *path);

/*
 * Have the system tell of what others do with it, if it does: see told.  A user
 * has 128 of what that takes, on Linux, and to give one back takes some 10 ms,
 * so those who may end soon do without.
 */
void fifo_watch(struct fifo *f);

/* How many bytes are in it. */
size_t fifo_bytes(const struct fifo *f);

/* Put a byte in, take one out; 0 when that is not possible now. */
int fifo_put(struct fifo *f);
int fifo_take(struct fifo *f, char *byte);

/* Open it once more, as make wants it: 1 to write, 0 to read.  Descriptors have
 * numbers that commands do not use.  -1 with errno. */
int fifo_open_again(const struct fifo *f, int write);

/*
 * True if no process but this has it open now; *bytes are those in it.  While
 * that is found out one that opens it may have to wait for an instant.
 */
int fifo_is_unused(struct fifo *f, size_t *bytes);

/*
 * Close the end that keeps it alive for others, and call over->ready when
 * nobody else can put bytes in any more.  -1 with errno.
 */
int fifo_wait_over(struct fifo *f, struct wk_io *over);

void fifo_end(struct fifo *f);

#endif
