/*
 * hold.c - texts that are kept until they have been used
 *
 * SPDX-License-Identifier: ISC
 */
#include "hold.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS_FIRST = 64 };         /* room for so many; it doubles as needed */

/* Have room for one more text: where it was already, in front, or more. */
static int
hold_room(struct hold *h)
{
	size_t room = h->room > 0 ? 2 * h->room : TEXTS_FIRST;
	struct held *p;

	if (h->end < h->room)
		return 0;
	if (h->first > h->room / 2) {
		memmove(h->text, h->text + h->first,
		    hold_count(h) * sizeof *h->text);
		h->end -= h->first;
		h->first = 0;
		return 0;
	}
	if (room > SIZE_MAX / sizeof *p)
		return -1;
	p = realloc(h->text, room * sizeof *p);
	if (p == NULL)
		return -1;
	h->text = p;
	h->room = room;
	return 0;
}

int
hold_add(struct hold *h, const char *data, size_t len, struct expand_text file)
{
	struct buffer *b = &h->bytes;

	/* an empty text, too, is somewhere */
	if (hold_room(h) != 0 || buffer_reserve(b, len + 1) != 0)
		return -1;
	h->text[h->end++] = (struct held){ .at = h->gone + buffer_length(b),
	    .len = len, .file = file };
	if (len > 0)
		memcpy(b->data + b->to, data, len);
	b->to += len;
	return 0;
}

struct held *
hold_at(struct hold *h, size_t i)
{
	return &h->text[h->first + i];
}

struct expand_text
hold_text(const struct hold *h, size_t i)
{
	const struct held *t = &h->text[h->first + i];

	return (struct expand_text){ h->bytes.data + h->bytes.from +
	    (t->at - h->gone), t->len };
}

void
hold_drop(struct hold *h, size_t n)
{
	size_t bytes;

	if (n == hold_count(h)) {
		hold_keep(h, 0);
		return;
	}
	bytes = h->text[h->first + n].at - h->gone;
	h->first += n;
	h->bytes.from += bytes;
	h->gone += bytes;
}

void
hold_keep(struct hold *h, size_t n)
{
	if (n < hold_count(h))
		h->bytes.to = h->bytes.from +
		    (h->text[h->first + n].at - h->gone);
	h->end = h->first + n;
	if (n == 0)
		h->first = h->end = 0;
}

void
hold_free(struct hold *h)
{
	buffer_release(&h->bytes);
	free(h->text);
	memset(h, 0, sizeof *h);
}
