/*
 * title.c - titles, rules and tags: text with %-escapes
 *
 * The result grows in a memory stream.  That remembers if memory has run out,
 * so one check at the end will do.
 *
 * SPDX-License-Identifier: ISC
 */
#include "title.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

static void
put_time(FILE *f)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[64];

	if (localtime_r(&now, &tm) != NULL &&
	    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) > 0)
		fputs(text, f);
}

static int
put_variable(FILE *f, const struct title_values *v, const char *name,
    size_t len)
{
	char *copy = strndup(name, len);
	const char *value;

	if (copy == NULL)
		return -1;
	value = v->value != NULL ? v->value(v->of, copy) : getenv(copy);
	if (value != NULL)
		fputs(value, f);
	else if (v->unset != NULL)
		v->unset(copy);
	free(copy);
	return 0;
}

/* Write what an escape stands for; s is the text behind the escape character,
 * and not empty.  Returns where the escape ends, or NULL without memory. */
static const char *
put_escape(FILE *f, const struct title_values *v, const char *s)
{
	const char *end = *s == '{' ? strchr(s, '}') : NULL;

	/* first, since any of the letters may be made the escape character */
	if (*s == v->escape) {
		putc(*s, f);
	} else if (end != NULL) {
		if (put_variable(f, v, s + 1, (size_t)(end - s) - 1) != 0)
			return NULL;
		s = end;
	} else if (*s == 'x') {
		fputs(*v->xid != '\0' ? v->xid : "?", f);
	} else if (*s == 's' || *s == 'u') {
		fprintf(f, "%lu", v->sequence);
	} else if (*s == 't') {
		put_time(f);
	} else if (*s != '0') {
		putc(v->escape, f);
		putc(*s, f);
	}
	return s + 1;
}

static int
title_put_text(FILE *f, const char *s, const struct title_values *v,
    int newline)
{
	while (s != NULL && *s != '\0') {
		if (*s != v->escape)
			putc(*s++, f);
		else if (s[1] == '\0')
			return 0;
		else
			s = put_escape(f, v, s + 1);
	}
	if (newline)
		putc('\n', f);
	return s != NULL ? 0 : -1;
}

char *
title_expand(const char *text, const struct title_values *v, int newline,
    size_t *len)
{
	char *p = NULL;
	FILE *f = open_memstream(&p, len);
	int bad;

	if (f != NULL) {
		bad = title_put_text(f, text, v, newline);
		bad |= ferror(f);
		if (fclose(f) == 0 && !bad)
			return p;
		free(p);
	}
	errno = ENOMEM;
	return NULL;
}

static int
control(char c)
{
	if (c == '?')
		return '\177';
	if ((c >= '@' && c <= '_') || (c >= 'a' && c <= 'z'))
		return c & 037;
	return -1;
}

static int
backslash(const char *s)
{
	static const char letters[] = "abfnrtv\\", meant[] = "\a\b\f\n\r\t\v\\";
	const char *p = strchr(letters, *s);
	size_t n = strspn(s, "01234567");
	long v;

	if (p != NULL && s[1] == '\0')
		return meant[p - letters];
	if (n == 0 || n > 3 || s[n] != '\0')
		return -1;
	v = strtol(s, NULL, 8);
	return v <= 0377 ? (int)v : -1;
}

static int
spelled(const char *s)
{
	if (s[0] == '\0')
		return -1;
	if (s[1] == '\0')
		return (unsigned char)s[0];
	if (s[0] == '^' && s[2] == '\0')
		return control(s[1]);
	if (s[0] == '\\')
		return backslash(s + 1);
	return -1;
}

int
title_escape(const char *text)
{
	const char *meta = text_after(text, "M-");
	int c;

	if (meta != NULL) {
		c = spelled(meta);
		return c >= 0 && c < 0200 ? c | 0200 : -1;
	}
	c = spelled(text);
	return c != 0 ? c : -1; /* no text has a NUL in it */
}
