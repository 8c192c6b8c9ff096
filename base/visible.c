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

/* Letters of East Asia and pictures take two columns, accents none. */
static size_t
columns_of(unsigned long c)
{
	static const struct {
		unsigned long from, to;
		size_t columns;
	} odd[] = {
		{ 0x300, 0x36f, 0 }, { 0x1100, 0x115f, 2 },
		{ 0x200b, 0x200f, 0 }, { 0x20d0, 0x20f0, 0 },
		{ 0x2e80, 0x303e, 2 }, { 0x3041, 0xa4cf, 2 },
		{ 0xac00, 0xd7a3, 2 }, { 0xf900, 0xfaff, 2 },
		{ 0xfe00, 0xfe0f, 0 }, { 0xfe30, 0xfe6f, 2 },
		{ 0xff00, 0xff60, 2 }, { 0xffe0, 0xffe6, 2 },
		{ 0x1f300, 0x1f64f, 2 }, { 0x1f680, 0x1f6ff, 2 },
		{ 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 }
	};
	size_t i;

	for (i = 0; i < sizeof odd / sizeof *odd; i++)
		if (c >= odd[i].from && c <= odd[i].to)
			return odd[i].columns;
	return 1;
}

size_t
wk_columns(const char *text, size_t n)
{
	const char *end = text + n;
	size_t columns = 0, len;
	unsigned long c;

	for (; text < end; text += len) {
		len = wk_character(text, (size_t)(end - text), &c);
		columns += len > 0 ? columns_of(c) : 1;
		len += len == 0;
	}
	return columns;
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
