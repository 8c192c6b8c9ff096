/*
 * extra.h - one token more at a time, in a loop that goes on meanwhile
 *
 * The client's side of the request nE of ptbw's protocol.  The connection does
 * not wait in the queue, so that tokens can be given back through it at any
 * time, and the master may ask for that.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_EXTRA_H
#define WIRE_EXTRA_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/event.h"
#include "broker.h"

enum { EXTRA_LINE_MAX = 32 };

struct extra {
	/* The owner's, set first; all else zero. */
	void (*granted)(struct extra *x, uint32_t token);
	void (*changed)(struct extra *x); /* the rest may be another now */

	/* To be read. */
	int asked;                  /* one more, that is not here yet */
	int refused;                /* it could not be had: nothing is free for
	                               this connection until it gives back */
	size_t back;                /* tokens that others wait for */
	int error;                  /* the master is lost: errno, or 0 */

	/* Private. */
	struct broker *broker;
	struct wk_io io;
	struct buffer requests;     /* those not answered yet, a letter each */
	char line[EXTRA_LINE_MAX];
	size_t len;
};

/*
 * Begin on an open connection, which has been asked nothing that is not
 * answered, and is asked by the functions here alone from now on.  -1 with
 * errno: ENOTSUP, the master is too old for this; or those of broker.h.  The
 * loop must have begun.
 */
int extra_begin(struct extra *x, struct broker *b);

/* Ask for one more; do so no longer.  granted may still be called then. */
void extra_ask(struct extra *x);
void extra_leave(struct extra *x);

/* The same, and wait for the answer: nothing is granted after that.  For one
 * that is about to be stopped, and would have no use for it. */
void extra_rest(struct extra *x);

/* Give a token back. */
void extra_give(struct extra *x, uint32_t token);

/* Nothing more is wanted of it; the connection stays open. */
void extra_end(struct extra *x);

#endif
