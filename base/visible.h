/*
 * visible.h - text that others wrote, and that may do nothing to a terminal
 *
 * Terminals obey the control characters of C0 and C1, and DEL.  Those of C1 are
 * one byte, 80 to 9f, where bytes are characters, and two in UTF-8, where the
 * same bytes are parts of letters.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_VISIBLE_H
#define WK_VISIBLE_H

#include <stddef.h>
#include <stdio.h>

/*
 * The UTF-8 character at s, of which n bytes may be looked at (fewer, up to a
 * NUL): returns its length in bytes, and *c; 0 when the bytes are none, and *c
 * is the first of them.
 */
size_t wk_character(const char *s, size_t n, unsigned long *c);

/* The columns that n bytes of text take at a terminal that knows UTF-8; a byte
 * that is none takes one. */
size_t wk_columns(const char *text, size_t n);

/* True for a character of C0, DEL, or one of C1. */
int wk_is_control(unsigned long c);

/* The first control character of a text, or NULL.  A byte that is no UTF-8 and
 * would be one of C1 is one, too. */
const char *wk_find_control(const char *text);
/* The same, passing over one of them that is allowed. */
const char *wk_find_control_but(const char *text, char but);

/* Put another character in the place of each byte of those. */
void wk_replace_controls(char *text, char with);
void wk_replace_controls_but(char *text, char with, char but);

enum { WK_SHOWN_MAX = 5 };     /* what a byte may become, with its NUL */

/* The first character of a text as it may be shown (see wk_visible), in
 * to[WK_SHOWN_MAX]; returns how many bytes of the text it is. */
size_t wk_show(char *to, const char *from);

/* Print a text in that way. */
void wk_put(FILE *f, const char *text);

#endif
