/*
 * colour.c - has a text left a colour on?
 *
 * Colours, bold and the like are set by ESC [ numbers m, where 0, or none,
 * takes all of them off.  What takes off one alone is not told from the rest:
 * once too often taken off does no harm.
 *
 * SPDX-License-Identifier: ISC
 */
#include "colour.h"

#include <string.h>

#include "text.h"

enum { NUMBER_MAX = 1000 };

/* A number of the sequence is complete. */
static void
colour_number(struct wk_colour *c)
{
	c->then = c->number != 0;
	c->number = 0;
}

static void
colour_character(struct wk_colour *c, char in)
{
	if (text_is_digit(in)) {
		if (c->number < NUMBER_MAX)
			c->number = 10 * c->number + in - '0';
		return;
	}
	if (in == ';' || in == ':' || in == 'm')
		colour_number(c);
	if (in == ';' || in == ':')
		return;
	if (in == 'm')
		c->on = c->then;
	c->in = COLOUR_TEXT;
}

void
wk_colour_feed(struct wk_colour *c, const char *data, size_t len)
{
	const char *end = data + len;

	for (; data < end; data++)
		switch (c->in) {
		case COLOUR_TEXT:
			data = memchr(data, '\033', (size_t)(end - data));
			if (data == NULL)
				return;
			c->in = COLOUR_ESCAPE;
			break;
		case COLOUR_ESCAPE:
			c->in = *data == '[' ? COLOUR_NUMBERS : COLOUR_TEXT;
			c->number = c->then = 0;
			break;
		case COLOUR_NUMBERS:
			colour_character(c, *data);
			break;
		}
}

/* Not so 01, which is bold.  numbers are ended by an m. */
static int
begins_with_0(const char *numbers)
{
	while (*numbers == '0')
		numbers++;
	return *numbers == ';';
}

/* A sequence is complete.  One that begins with 0 is all there is; of more than
 * there is room for the last one is kept. */
static void
keep_sequence(struct wk_colour_kept *k)
{
	if (!k->now.on) {
		k->len = 0;
		return;
	}
	if (begins_with_0(k->sequence + 2) ||
	    k->sequence_len > sizeof k->text - k->len)
		k->len = 0;
	memcpy(k->text + k->len, k->sequence, k->sequence_len);
	k->len += k->sequence_len;
}

/* A byte of what may be a sequence.  One that is too long is not kept. */
static void
keep_byte(struct wk_colour_kept *k, char in)
{
	if (k->now.in == COLOUR_TEXT)
		k->sequence_len = 0;
	wk_colour_feed(&k->now, &in, 1);
	if (k->sequence_len < sizeof k->sequence)
		k->sequence[k->sequence_len++] = in;
	if (k->now.in == COLOUR_TEXT && in == 'm' && k->sequence_len > 2 &&
	    k->sequence[k->sequence_len - 1] == 'm')
		keep_sequence(k);
}

void
wk_colour_keep(struct wk_colour_kept *k, const char *data, size_t len)
{
	const char *end = data + len;

	for (; data < end; data++) {
		if (k->now.in == COLOUR_TEXT)
			data = memchr(data, '\033', (size_t)(end - data));
		if (data == NULL)
			return;
		keep_byte(k, *data);
	}
}
