/*
 * columns.c - a line taken apart into columns
 *
 * SPDX-License-Identifier: ISC
 */
#include "columns.h"

#include <string.h>

#include "wire/title.h"

/* The bytes of the UTF-8 character that all of text is, or 0. */
static size_t
one_character(const char *text)
{
	size_t n = strlen(text), i;
	unsigned char first = (unsigned char)text[0];
	size_t want = first < 0x80 ? 1 : first >= 0xf0 ? 4 :
	    first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;

	for (i = 1; i < n; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
	return n == want ? n : 0;
}

/* A separator; spelt ones get a byte of their own. */
static int
read_character(struct columns *c, const char *text)
{
	static char spelt[2];
	int byte;

	c->separator = text;
	c->len = one_character(text);
	if (c->len > 0)
		return *text == '\n' ? -1 : 0;
	byte = title_escape(text);
	if (byte <= 0 || byte == '\n')
		return -1;
	spelt[0] = (char)byte;
	c->separator = spelt;
	c->len = 1;
	return 0;
}

int
columns_read(struct columns *c, const char *text)
{
	c->kind = COLUMNS_PLAIN;
	if (strcmp(text, "tab") == 0)
		return read_character(c, "\t");
	if (strcmp(text, "white") == 0) {
		c->kind = COLUMNS_WHITE;
		return 0;
	}
	if (strncmp(text, "csv", 3) != 0)
		return read_character(c, text);
	c->kind = COLUMNS_CSV;
	if (read_character(c, text[3] == '\0' ? "," : text + 3) != 0)
		return -1;
	return *c->separator == '"' ? -1 : 0;
}

static int
columns_white(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* 1 if a separator stands here. */
static int
is_here(const struct columns *c, const char *p, const char *end)
{
	return (size_t)(end - p) >= c->len &&
	    memcmp(p, c->separator, c->len) == 0;
}

/* Where the next separator is, or NULL. */
static char *
columns_find(const struct columns *c, char *p, const char *end)
{
	while ((p = memchr(p, c->separator[0], (size_t)(end - p))) != NULL) {
		if (is_here(c, p, end))
			return p;
		p++;
	}
	return NULL;
}

int
columns_open(const struct columns *c, const char *text, size_t len,
    struct columns_scan *s)
{
	const char *p, *end = text + len;
	size_t at;

	for (p = text + s->at; p < end; p++) {
		if (*p != '"')
			continue;
		at = (size_t)(p - text);
		if (s->inside) {
			s->inside = 0;
			s->closed = at + 1;
		} else if (at > 0 && at == s->closed) {
			s->inside = 1;  /* "" is a quote of the column's */
		} else if (at == 0 || (at >= c->len &&
		    memcmp(p - c->len, c->separator, c->len) == 0)) {
			s->inside = 1;
			s->quote = at;
		}
	}
	s->at = len;
	return s->inside;
}

/* A column within quotes, of which *at is the first. */
static int
next_quoted(const struct columns *c, char **at, const char *end,
    struct expand_text *column)
{
	char *from = *at + 1, *to = from;

	column->data = from;
	for (; from < end; from++) {
		if (*from == '"' && (++from == end || *from != '"'))
			break;
		*to++ = *from;
	}
	column->len = (size_t)(to - column->data);
	if (from == end)
		*at = NULL;
	else if (is_here(c, from, end))
		*at = from + c->len;
	else
		return -1;
	return 0;
}

static void
next_white(char **at, const char *end, struct expand_text *column)
{
	char *p = *at;

	while (p < end && columns_white(*p))
		p++;
	column->data = p;
	while (p < end && !columns_white(*p))
		p++;
	column->len = (size_t)(p - column->data);
	while (p < end && columns_white(*p))
		p++;
	*at = p < end ? p : NULL;
}

int
columns_next(const struct columns *c, char **at, const char *end,
    struct expand_text *column)
{
	char *p = *at;

	if (c->kind == COLUMNS_WHITE) {
		next_white(at, end, column);
		return 0;
	}
	if (c->kind == COLUMNS_CSV && p < end && *p == '"')
		return next_quoted(c, at, end, column);
	column->data = p;
	*at = columns_find(c, p, end);
	column->len = (size_t)((*at != NULL ? *at : end) - p);
	if (*at != NULL)
		*at += c->len;
	return 0;
}
