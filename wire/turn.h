/*
 * turn.h - whose turn it is
 *
 * The sections or clients that want the turn stand in a queue with one total
 * order, so that the next one never depends on chance: by how far they are
 * (their status), then by name, numbers in names by value, then by arrival.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_TURN_H
#define WIRE_TURN_H

#include <stddef.h>

/* A place in the queue, embedded in what may want the turn. */
struct turn {
	const char *name;          /* the owner's; unchanged while queued */
	unsigned long arrival;     /* unique */
	int status;                /* greater goes first */
	size_t place;              /* in the queue, 1 first; 0: not queued */
};

enum turn_order {
	TURN_READY,     /* status, then name, then arrival */
	TURN_ARRIVAL,   /* arrival alone */
	TURN_NUMBER     /* names that are not whole numbers, as for TURN_READY;
	                   then numbers ascending, then arrival */
};

struct turn_queue {
	enum turn_order order;     /* the owner's, set before the first */
	struct turn **heap;
	size_t count, room;
};

/* Put one in, or at its new place when its status has changed.  -1 with
 * ENOMEM. */
int turn_put(struct turn_queue *q, struct turn *t);

/* Take one out, if it is in. */
void turn_take(struct turn_queue *q, struct turn *t);

/* The next one, or NULL; it stays in the queue. */
struct turn *turn_next(const struct turn_queue *q);

/* Names in natural order: text by bytes, runs of digits by their value,
 * whatever their length.  Less than, equal to or greater than 0. */
int turn_compare(const char *a, const char *b);

/* True if the name is a whole number, nothing but digits, and not more than
 * ULONG_MAX: then *n is that. */
int turn_number(const char *name, unsigned long *n);

#endif
