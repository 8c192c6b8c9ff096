/*
 * text.h - small questions about strings, asked alike everywhere
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_TEXT_H
#define WK_TEXT_H

/* True for an ASCII digit, whatever the locale is. */
static inline int
text_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* True if text begins with prefix. */
int text_begins(const char *text, const char *prefix);

/* True if text is printable ASCII, blanks included: what a protocol of lines
 * may carry. */
int text_is_ascii(const char *text);

/* True if text has no C0 control characters and no DEL; bytes of UTF-8 are
 * allowed. */
int text_is_clean(const char *text);

/* The part of path behind the last slash, or all of path when nothing is
 * behind it. */
const char *text_base_name(const char *path);

#endif
