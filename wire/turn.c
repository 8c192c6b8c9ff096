/*
 * turn.c - whose turn it is
 *
 * A binary heap of pointers: the next one stands first, each one before the
 * two at twice its place.  Each knows its own place, so that it need not be
 * searched for when it leaves or its status changes.
 *
 * SPDX-License-Identifier: ISC
 */
#include "turn.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Compare the values of the digits at *a and *b, and step over them. */
static int
compare_digits(const char **a, const char **b)
{
	const char *x, *y;
	size_t m = 0, n = 0;

	for (x = *a; *x == '0'; x++)
		;
	for (y = *b; *y == '0'; y++)
		;
	while (text_is_digit(x[m]))
		m++;
	while (text_is_digit(y[n]))
		n++;
	*a = x + m;
	*b = y + n;
	if (m != n)
		return m < n ? -1 : 1;
	return memcmp(x, y, m);
}

int
turn_compare(const char *a, const char *b)
{
	int r;

	while (*a != '\0' && *b != '\0') {
		if (text_is_digit(*a) && text_is_digit(*b)) {
			r = compare_digits(&a, &b);
			if (r != 0)
				return r;
			continue;
		}
		if (*a != *b)
			break;
		a++;
		b++;
	}
	return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

int
turn_number(const char *name, unsigned long *n)
{
	unsigned long value = 0, digit;
	const char *p;

	for (p = name; text_is_digit(*p); p++) {
		digit = (unsigned long)(*p - '0');
		if (value > (ULONG_MAX - digit) / 10)
			return 0;
		value = value * 10 + digit;
	}
	if (p == name || *p != '\0')
		return 0;
	*n = value;
	return 1;
}

static int
ready_before(const struct turn *a, const struct turn *b)
{
	int r;

	if (a->status != b->status)
		return a->status > b->status;
	r = turn_compare(a->name, b->name);
	return r != 0 ? r < 0 : a->arrival < b->arrival;
}

/* A number that is too large for turn_number counts as a name here, too: a
 * master that gives the turn to one number after the other never gets there. */
static int
number_before(const struct turn *a, const struct turn *b)
{
	unsigned long m = 0, n = 0;
	int a_number = turn_number(a->name, &m);
	int b_number = turn_number(b->name, &n);

	if (a_number != b_number)
		return b_number;
	if (!a_number)
		return ready_before(a, b);
	return m != n ? m < n : a->arrival < b->arrival;
}

static int
before(enum turn_order order, const struct turn *a, const struct turn *b)
{
	switch (order) {
	case TURN_ARRIVAL:
		return a->arrival < b->arrival;
	case TURN_NUMBER:
		return number_before(a, b);
	default:
		return ready_before(a, b);
	}
}

static void
set_place(struct turn_queue *q, struct turn *t, size_t place)
{
	q->heap[place - 1] = t;
	t->place = place;
}

/* Move t, whose place is a gap, towards the front as far as it belongs. */
static void
rise(struct turn_queue *q, struct turn *t)
{
	size_t at = t->place;
	struct turn *above;

	while (at > 1) {
		above = q->heap[at / 2 - 1];
		if (!before(q->order, t, above))
			break;
		set_place(q, above, at);
		at /= 2;
	}
	set_place(q, t, at);
}

/* The same towards the end. */
static void
sink(struct turn_queue *q, struct turn *t)
{
	size_t at = t->place, next;

	while ((next = 2 * at) <= q->count) {
		if (next < q->count && before(q->order, q->heap[next],
		    q->heap[next - 1]))
			next++;
		if (!before(q->order, q->heap[next - 1], t))
			break;
		set_place(q, q->heap[next - 1], at);
		at = next;
	}
	set_place(q, t, at);
}

static int
turn_grow(struct turn_queue *q)
{
	size_t room = q->room ? 2 * q->room : 64;
	struct turn **heap;

	if (room > SIZE_MAX / sizeof *heap) {
		errno = ENOMEM;
		return -1;
	}
	heap = realloc(q->heap, room * sizeof *heap);
	if (heap == NULL)
		return -1;
	q->heap = heap;
	q->room = room;
	return 0;
}

int
turn_put(struct turn_queue *q, struct turn *t)
{
	if (t->place == 0) {
		if (q->count == q->room && turn_grow(q) != 0)
			return -1;
		t->place = ++q->count;
	}
	rise(q, t);
	sink(q, t);
	return 0;
}

void
turn_take(struct turn_queue *q, struct turn *t)
{
	struct turn *last;

	if (t->place == 0)
		return;
	last = q->heap[--q->count];
	if (last != t) {
		last->place = t->place;
		rise(q, last);
		sink(q, last);
	}
	t->place = 0;
}

struct turn *
turn_next(const struct turn_queue *q)
{
	return q->count > 0 ? q->heap[0] : NULL;
}
