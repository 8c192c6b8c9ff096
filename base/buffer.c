/*
 * buffer.c - bytes that wait to be taken
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

enum { ROOM_MIN = 1024 };

int
buffer_reserve(struct buffer *b, size_t len)
{
	size_t room = b->room > 0 ? b->room : ROOM_MIN;
	char *data;

	if (b->from == b->to)
		b->from = b->to = 0;
	if (b->room - b->to >= len && b->data != NULL)
		return 0;
	if (b->from > 0) {
		memmove(b->data, b->data + b->from, buffer_length(b));
		b->to -= b->from;
		b->from = 0;
	}
	while (room - b->to < len)
		room *= 2;
	if (room == b->room)
		return 0;       /* moving was enough */
	data = realloc(b->data, room);
	if (data == NULL)
		return -1;
	b->data = data;
	b->room = room;
	return 0;
}

int
buffer_append(struct buffer *b, const void *data, size_t len)
{
	if (len == 0)
		return 0;
	if (buffer_reserve(b, len) != 0)
		return -1;
	memcpy(b->data + b->to, data, len);
	b->to += len;
	return 0;
}

void
buffer_release(struct buffer *b)
{
	free(b->data);
	memset(b, 0, sizeof *b);
}
