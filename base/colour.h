/*
 * colour.h - has a text that was written to a terminal left a colour on?
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_COLOUR_H
#define WK_COLOUR_H

#include <stddef.h>

/* What takes all colours and the like off. */
#define WK_COLOUR_OFF "\033[0m"

/* All zero at first. */
struct wk_colour {
	int on;                    /* a colour is, to be read */
	/* private */
	enum { COLOUR_TEXT, COLOUR_ESCAPE, COLOUR_NUMBERS } in;
	int number;                /* so far */
	int then;                  /* on, if the sequence is one of colours */
};

/* The same, and how to put it on once more; all zero at first. */
struct wk_colour_kept {
	struct wk_colour now;
	char text[64];             /* what has put it on, to be read, */
	size_t len;                /* and its bytes; 0 when none is on */
	/* private */
	char sequence[32];         /* so far */
	size_t sequence_len;
};

/* So many bytes have been written. */
void wk_colour_feed(struct wk_colour *c, const char *data, size_t len);
void wk_colour_keep(struct wk_colour_kept *k, const char *data, size_t len);

#endif
