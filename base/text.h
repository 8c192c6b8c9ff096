/*
 * text.h - small questions about strings, asked alike everywhere
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_TEXT_H
#define WK_TEXT_H

/* An ASCII digit, whatever the locale says. */
static inline int
text_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* Does text begin with prefix? */
int text_begins(const char *text, const char *prefix);

/* Printable ASCII alone, blanks included: what a protocol of lines may carry. */
int text_is_ascii(const char *text);

/* No C0 control characters and no DEL; bytes of UTF-8 are allowed. */
int text_is_clean(const char *text);

/* What stands behind the last slash, or all of path when that is nothing;
 * within path. */
const char *text_base_name(const char *path);

#endif
