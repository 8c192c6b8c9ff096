/*
 * lines.h - what may be done to the lines of a section on their way
 *
 * A tag in front of each line; the folding marks of a nested CI group made
 * plain; a newline at the end if there is none.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_LINES_H
#define WK_LINES_H

#include <stddef.h>

#include "colour.h"

enum lines_flatten { LINES_AS_IS, LINES_GITHUB, LINES_GITLAB };

enum { LINES_HELD_MAX = 512 };    /* bytes held back to recognise a mark */

struct lines {
	/* The owner's. */
	const char *tag;           /* in front of each line, or NULL */
	size_t tag_len;
	int tag_coloured;          /* it takes off the colour that the text has
	                              left on, which goes on behind it */
	enum lines_flatten flatten; /* whose marks are made plain */
	int newline;               /* end the text with one */
	/* Private; zero at the start. */
	int inside;                /* a line has begun and not ended */
	int skipping;              /* a mark was taken off: its newline too */
	int worded;                /* GitHub: its line has more than blanks */
	size_t held_len, sharp_len;
	char held[LINES_HELD_MAX]; /* the start of what may be a mark */
	char sharp[12];            /* GitHub: the same within a line */
	struct wk_colour_kept colour; /* of the text, with tag_coloured */
};

typedef void lines_emit(void *to, const char *data, size_t len);

/*
 * Change len bytes of text as they come, and call emit with the result, in as
 * few and large pieces as possible.
 */
void lines_feed(struct lines *l, const char *data, size_t len,
    lines_emit *emit, void *to);

/* The text is over: emit what was held back, and the newline. */
void lines_end(struct lines *l, lines_emit *emit, void *to);

#endif
