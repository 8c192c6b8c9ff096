/*
 * guard.c - what the far end of a link says to a service of the near one
 *
 * SPDX-License-Identifier: ISC
 */
#include "guard.h"

#include <string.h>

#include "base/text.h"
#include "divconnect.h"

/* What a master that was told answers, behind the "+" for the NUL. */
static const char done[] = "+ 0\n";

/* Requests that change something, or lead elsewhere.  A wrapw obeys them as the
 * first word of a line. */
static const char *const changes[] = { "bind", "unbind", "quit", "connect" };
enum { CHANGES = sizeof changes / sizeof *changes };

/* Follow the first word of a line; 1 when this byte makes it one of those. */
static int
completes_change(struct guard *g, char c)
{
	unsigned i, like = 0, whole = 0;

	if (c == '\n') {
		g->count = 0;
		g->like = (1u << CHANGES) - 1;
		return 0;
	}
	for (i = 0; i < CHANGES; i++)
		if ((g->like & 1u << i) && changes[i][g->count] == c) {
			like |= 1u << i;
			whole |= changes[i][g->count + 1] == '\0';
		}
	g->like = like;
	g->count += like != 0;
	return whole != 0;
}

/* All in front of the byte that would complete such a word: a wrapw does
 * nothing with half a line. */
static size_t
harmless(const struct guard *g, const char *data, size_t len)
{
	struct guard look = *g;
	size_t n = 0;

	while (n < len && !completes_change(&look, data[n]))
		n++;
	return n;
}

/* Only a NUL ends a cookie: the answer decides what may be said behind it. */
size_t
guard_allows(const struct guard *g, const char *data, size_t len)
{
	const char *end = memchr(data, '\0', len);

	switch (g->state) {
	case GUARD_OPEN:
		return len;
	case GUARD_BEGIN:
	case GUARD_COOKIE:
		return end != NULL ? (size_t)(end - data) + 1 : len;
	case GUARD_DOUBT:
		return harmless(g, data, len);
	default:
		return 0;
	}
}

static void
cookie_passed(struct guard *g, const char *data, size_t len)
{
	size_t text = text_ascii_length(data, len);

	if (g->state == GUARD_BEGIN)
		g->count = 0;
	g->count += (unsigned)(text <= DIV_COOKIE_MAX ? text :
	    DIV_COOKIE_MAX + 1);
	if (g->count > DIV_COOKIE_MAX || (text < len && data[text] != '\0'))
		g->state = GUARD_OPEN;  /* a wrapw refuses that */
	else if (text == len)
		g->state = GUARD_COOKIE;
	else
		g->state = g->count > 0 ? GUARD_ANSWER : GUARD_GREETED;
}

void
guard_passed(struct guard *g, const char *data, size_t len)
{
	size_t i;

	if (len == 0)
		return;
	if (g->state == GUARD_BEGIN || g->state == GUARD_COOKIE)
		cookie_passed(g, data, len);
	for (i = 0; g->state == GUARD_DOUBT && i < len; i++)
		completes_change(g, data[i]);
}

void
guard_hesitates(struct guard *g)
{
	if (g->state != GUARD_GREETED)
		return;
	g->state = GUARD_DOUBT;
	completes_change(g, '\n');      /* a line begins */
}

int
guard_waits(const struct guard *g)
{
	return g->state == GUARD_ANSWER || g->state == GUARD_GREETED ||
	    g->state == GUARD_ASKED;
}

/* The answer to the question. */
static enum guard_word
question_answered(struct guard *g, const char *data, size_t len, size_t *own)
{
	size_t n = strlen(done + g->count);

	if (n > len)
		n = len;
	if (memcmp(data, done + g->count, n) != 0)
		return GUARD_REFUSE;
	*own = n;
	g->count += (unsigned)n;
	if (done[g->count] == '\0') {
		g->state = GUARD_OPEN;
		g->hands_out = 1;
	}
	return GUARD_FINE;
}

/* A wrapw says "+" to the NUL.  Once more has passed it cannot begin anew. */
static enum guard_word
nul_answered(struct guard *g, const char *data, size_t len, size_t *own)
{
	if (*data != '+') {
		g->state = GUARD_OPEN;
		return GUARD_FINE;
	}
	if (g->state == GUARD_DOUBT || len > 1)
		return GUARD_REFUSE;
	g->state = GUARD_ASKED;
	g->count = 0;
	*own = 1;
	return GUARD_ASK;
}

enum guard_word
guard_heard(struct guard *g, const char *data, size_t len, size_t *own)
{
	*own = 0;
	if (g->state == GUARD_OPEN || len == 0)
		return GUARD_FINE;
	if (g->state == GUARD_ASKED)
		return question_answered(g, data, len, own);
	if (g->state == GUARD_GREETED || g->state == GUARD_DOUBT)
		return nul_answered(g, data, len, own);
	if (g->state == GUARD_ANSWER && *data == '+' && len == 1) {
		/* what comes next is said to somebody else */
		g->state = GUARD_BEGIN;
		return GUARD_FINE;
	}
	/* a wrapw would not speak first */
	g->hands_out = g->state == GUARD_ANSWER && *data == '@';
	g->state = GUARD_OPEN;
	return GUARD_FINE;
}
