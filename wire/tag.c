/*
 * tag.c - tags in colour, and as wide as each other
 *
 * SPDX-License-Identifier: ISC
 */
#include "tag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/colour.h"
#include "base/visible.h"

enum {
	COLOURS = 6,              /* all but black and white, which may be that
	                             of the background */
	COLOURS_FROM = 31,        /* red; green, yellow, blue, magenta, cyan */
	ROOM = 64                 /* for what is put around a tag */
};

int
tag_colours_wanted(void)
{
	const char *text = getenv("NO_COLOR");

	return text == NULL || *text == '\0';
}

/* The bytes of a tag without the TAB at its end. */
static size_t
tag_bytes(const char *tag)
{
	size_t n = strlen(tag);

	return n > 0 && tag[n - 1] == '\t' ? n - 1 : n;
}

void
tag_known(struct tags *t, const char *tag)
{
	size_t columns = wk_columns(tag, tag_bytes(tag));

	if (columns > t->columns)
		t->columns = columns;
}

char *
tag_coloured(struct tags *t, const char *tag, unsigned long number,
    size_t *len)
{
	size_t bytes = tag_bytes(tag), blanks, room;
	char *text;

	tag_known(t, tag);
	blanks = t->columns - wk_columns(tag, bytes);
	room = strlen(tag) + blanks + ROOM;
	text = malloc(room);
	if (text == NULL)
		return NULL;
	/* what the last line has left on is no part of the tag */
	*len = (size_t)snprintf(text, room, "\033[0;%lum%.*s%s%*s%s",
	    COLOURS_FROM + number % COLOURS, (int)bytes, tag, WK_COLOUR_OFF,
	    (int)blanks, "", tag + bytes);
	return text;
}
