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

/* So many bytes have been written. */
void wk_colour_feed(struct wk_colour *c, const char *data, size_t len);

#endif
