/*
 * buffer.h - bytes that wait to be taken
 *
 * All zero is an empty buffer without memory.  Bytes are taken at from and
 * added at to.  There is no bound here: the caller that adds must have one.
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

/* How many bytes wait in it. */
static inline size_t
buffer_length(const struct buffer *b)
{
	return b->to - b->from;
}

/*
 * Make room for len more bytes behind to; those that wait may move.  -1 when
 * there is no memory: nothing has changed then.
 */
int buffer_reserve(struct buffer *b, size_t len);

/* Add a copy of len bytes; -1 when there is no memory: nothing was added. */
int buffer_append(struct buffer *b, const void *data, size_t len);

/* Drop all bytes and free the memory, so that an idle buffer costs nothing. */
void buffer_release(struct buffer *b);

#endif
