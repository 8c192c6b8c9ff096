/*
 * buffer.h - bytes that wait for their turn
 *
 * All zero is an empty buffer without memory.  Bytes are taken at from and
 * added at to; whoever adds keeps to a bound.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_BUFFER_H
#define WK_BUFFER_H

#include <stddef.h>

struct buffer {
	char *data;
	size_t from, to, room;
};

/* How many bytes are there. */
static inline size_t
buffer_length(const struct buffer *b)
{
	return b->to - b->from;
}

/*
 * Make room for so many bytes more behind to; what is there may move.  -1 when
 * there is no memory, with all as it was.
 */
int buffer_reserve(struct buffer *b, size_t len);

/* Add a copy of so many bytes; -1 when there is no memory for them. */
int buffer_append(struct buffer *b, const void *data, size_t len);

/* Free the memory, and whatever is there: an idle buffer is to cost nothing. */
void buffer_release(struct buffer *b);

#endif
