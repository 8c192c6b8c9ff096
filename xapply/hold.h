/*
 * hold.h - texts that are kept until they have been used, first come first gone
 *
 * All zero is an empty hold without memory.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_HOLD_H
#define XAPPLY_HOLD_H

#include "base/buffer.h"
#include "expand.h"

struct held {
	size_t at, len;            /* its bytes, counted from the first ever */
	struct expand_text file;   /* where it comes from; stays the caller's */
	size_t cost;               /* for the caller, 0 at first */
};

struct hold {
	struct buffer bytes;
	size_t gone;               /* bytes dropped so far */
	struct held *text;         /* those from first to end are there */
	size_t first, end, room;
};

/* How many texts there are. */
static inline size_t
hold_count(const struct hold *h)
{
	return h->end - h->first;
}

/* Add a copy of a text; -1 when there is no memory. */
int hold_add(struct hold *h, const char *data, size_t len,
    struct expand_text file);

/* A text, counted from 0; valid until one is added or dropped. */
struct held *hold_at(struct hold *h, size_t i);
struct expand_text hold_text(const struct hold *h, size_t i);

/* Drop the first n, or all but the first n. */
void hold_drop(struct hold *h, size_t n);
void hold_keep(struct hold *h, size_t n);

/* Free what it has. */
void hold_free(struct hold *h);

#endif
