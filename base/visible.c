/*
 * visible.c - text that others wrote, and that may do nothing to a terminal
 *
 * SPDX-License-Identifier: ISC
 */
#include "visible.h"

#include <string.h>

enum { UTF8_MAX = 4 };

size_t
wk_character(const char *s, size_t n, unsigned long *c)
{
	static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)s[0];
	size_t len = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 :
	    first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
	unsigned long u = len > 1 ? first & (0x7fu >> len) : first;
	size_t i;

	*c = first;
	if (len == 0 || len > n)
		return 0;
	for (i = 1; i < len; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		u = u << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (u < least[len] || u > 0x10ffff || (u >= 0xd800 && u < 0xe000))
		return 0;       /* an overlong form, or half of a pair */
	*c = u;
	return len;
}

int
wk_is_control(unsigned long c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0);
}

const char *
wk_find_control_but(const char *text, char but)
{
	unsigned long c;
	size_t len;

	for (; *text != '\0'; text += len > 0 ? len : 1) {
		len = wk_character(text, UTF8_MAX, &c);
		if (wk_is_control(c) && *text != but)
			return text;
	}
	return NULL;
}

const char *
wk_find_control(const char *text)
{
	return wk_find_control_but(text, '\0');
}

void
wk_replace_controls(char *text, char with)
{
	wk_replace_controls_but(text, with, '\0');
}

void
wk_replace_controls_but(char *text, char with, char but)
{
	unsigned long c;
	size_t len;
	const char *at;

	while ((at = wk_find_control_but(text, but)) != NULL) {
		text += at - text;
		len = wk_character(text, UTF8_MAX, &c);
		do
			*text++ = with;
		while (len-- > 1);
	}
}

/* A byte, or a character of C1, in the manner of cat -v. */
static void
spell(char *to, unsigned char c)
{
	if (c >= 0x80) {
		*to++ = 'M';
		*to++ = '-';
		c &= 0x7f;
	}
	if (c < ' ' || c == 0x7f) {
		*to++ = '^';
		c ^= '@';
	}
	*to++ = (char)c;
	*to = '\0';
}

size_t
wk_show(char *to, const char *from)
{
	unsigned long c;
	size_t len = wk_character(from, UTF8_MAX, &c);

	if (len == 0 || wk_is_control(c)) {
		spell(to, (unsigned char)c);
	} else {
		memcpy(to, from, len);
		to[len] = '\0';
	}
	return len > 0 ? len : 1;
}

void
wk_put(FILE *f, const char *text)
{
	char one[WK_SHOWN_MAX];

	while (*text != '\0') {
		text += wk_show(one, text);
		fputs(one, f);
	}
}
