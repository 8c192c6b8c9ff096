/*
 * text.h - small questions about strings, asked alike everywhere
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_TEXT_H
#define WK_TEXT_H

#include <string.h>

/* True for an ASCII digit, whatever the locale is. */
static inline int
text_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* What follows prefix in a text that begins with it, or NULL. */
static inline const char *
text_after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

/* True if text begins with prefix. */
static inline int
text_begins(const char *text, const char *prefix)
{
	return text_after(text, prefix) != NULL;
}

/* True if text is printable ASCII, blanks included: what a protocol of lines
 * may carry. */
int text_is_ascii(const char *text);

/* How many bytes of data are so, from the first on. */
size_t text_ascii_length(const char *data, size_t len);

/* True if text has no C0 control characters and no DEL; bytes of UTF-8 are
 * allowed. */
int text_is_clean(const char *text);

/* True if the n bytes are the name of a variable: ASCII letters, digits and
 * underscores, and no digit first. */
int text_is_name(const char *name, size_t n);

/* The part of path behind the last slash, or all of path when nothing is
 * behind it. */
const char *text_base_name(const char *path);

#endif
