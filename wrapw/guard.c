/*
 * guard.c - what the far end of a link says to a service of the near one
 *
 * SPDX-License-Identifier: ISC
 */
#include "guard.h"

#include <string.h>

#include "base/text.h"
#include "divconnect.h"

/* What a master that was told answers. */
static const char done[] = "++ 0\n";

/* Only a NUL ends a cookie: the answer decides what may be said behind it. */
size_t
guard_allows(const struct guard *g, const char *data, size_t len)
{
	const char *end = memchr(data, '\0', len);

	if (g->state == GUARD_OPEN)
		return len;
	if (guard_waits(g) || (g->state == GUARD_BEGIN && end == data))
		return 0;
	return end != NULL ? (size_t)(end - data) + 1 : len;
}

void
guard_passed(struct guard *g, const char *data, size_t len)
{
	size_t text = text_ascii_length(data, len);

	if (len == 0 || g->state == GUARD_OPEN)
		return;
	if (g->state == GUARD_BEGIN)
		g->count = 0;
	g->state = GUARD_COOKIE;
	g->count += (unsigned)(text <= DIV_COOKIE_MAX ? text :
	    DIV_COOKIE_MAX + 1);
	if (g->count > DIV_COOKIE_MAX ||
	    (text < len && data[text] != '\0'))
		g->state = GUARD_OPEN;  /* a wrapw refuses that */
	else if (text < len)
		g->state = GUARD_ANSWER;
}

int
guard_must_ask(const struct guard *g, const char *data, size_t len)
{
	return g->state == GUARD_BEGIN && len > 0 && *data == '\0';
}

void
guard_asked(struct guard *g)
{
	g->state = GUARD_ASKED;
	g->count = 0;
}

int
guard_waits(const struct guard *g)
{
	return g->state == GUARD_ANSWER || g->state == GUARD_ASKED;
}

/* The answer to the question. */
static long
question_answered(struct guard *g, const char *data, size_t len)
{
	size_t n = strlen(done + g->count);

	if (n > len)
		n = len;
	if (memcmp(data, done + g->count, n) != 0)
		return -1;
	g->count += (unsigned)n;
	if (done[g->count] != '\0')
		return (long)n;
	g->state = GUARD_OPEN;
	g->hands_out = 1;
	return (long)n;
}

long
guard_heard(struct guard *g, const char *data, size_t len)
{
	if (g->state == GUARD_OPEN || len == 0)
		return 0;
	if (g->state == GUARD_ASKED)
		return question_answered(g, data, len);
	if (g->state == GUARD_ANSWER && *data == '+' && len == 1) {
		/* what comes next is said to somebody else */
		g->state = GUARD_BEGIN;
		return 0;
	}
	/* a wrapw would not speak first */
	g->hands_out = g->state == GUARD_ANSWER && *data == '@';
	g->state = GUARD_OPEN;
	return 0;
}
