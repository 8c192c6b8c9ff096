/*
 * title.h - titles, rules and tags: text with %-escapes
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_TITLE_H
#define WIRE_TITLE_H

#include <stddef.h>

struct title_values {
	char escape;               /* the escape character, '%' by default */
	const char *xid;           /* shown as "?" when empty */
	unsigned long sequence;
	/* returns the value of %{NAME}, NULL when it is not set; without such
	 * a function the environment has it */
	const char *(*value)(void *of, const char *name);
	void *of;
	/* called for each %{NAME} that is not set; may be NULL */
	void (*unset)(const char *name);
};

/*
 * Expand text: %x xid, %s and %u sequence number, %t the time (local, ISO
 * 8601 with seconds), %{NAME} a variable of the environment, %% the escape
 * character itself, %0 nothing; anything else is copied as it stands.  With
 * newline not 0 a newline is put behind it, unless the text ends in a lone
 * escape character.  Returns allocated text, the caller's to free, with its
 * length in *len; NULL with ENOMEM.
 */
char *title_expand(const char *text, const struct title_values *v,
    int newline, size_t *len);

/* The escape character that text spells: itself, ^X, \n \t \ooo, or M- and
 * one of these.  -1 when it spells none. */
int title_escape(const char *text);

#endif
