/*
 * style.c - how a section is to look, and the options that say so
 *
 * SPDX-License-Identifier: ISC
 */
#include "style.h"

#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/size.h"
#include "tag.h"
#include "title.h"

/* Behind those of sections what a client of xclate takes as well: the variable
 * is for both. */
static const struct wk_option options[] = {
	STYLE_OPTIONS_TEXTS, STYLE_OPTIONS_LINES, STYLE_OPTIONS_TURNS,
	{ '0', "depth", "n", NULL },
	{ 'u', "socket", "path", NULL },
	{ 'Q', "quit", NULL, NULL },
	{ 'w', "to-widow", NULL, NULL },
	{ 'I', "master-stdin", NULL, NULL },
	{ 'E', "master-stderr", NULL, NULL },
	{ 'D', "master-directory", NULL, NULL },
	{ 'Y', "session", NULL, NULL },
	{ 'c', "no-stdin", NULL, NULL },
	{ 'S', "shell", "path", NULL },
	{ 'Z', "recursion", NULL, NULL },
	{ 'n', "dry-run", NULL, NULL },
	{ 'v', "verbose", NULL, NULL },
	{ 0, NULL, NULL, NULL }
};

static enum style_fault
set_tag(struct style *s, const char *text)
{
	size_t n = strlen(text);
	char *tag = malloc(n + 2);

	if (tag == NULL)
		return STYLE_NO_MEMORY;
	memcpy(tag, text, n);
	tag[n] = '\t';
	tag[n + 1] = '\0';
	free(s->tag);
	s->tag = tag;
	/* or the next tag would not be in front of a line */
	s->newline = 1;
	return STYLE_GOOD;
}

static enum style_fault
set_escape(struct style *s, const char *text)
{
	int c = title_escape(text);

	if (c < 0)
		return STYLE_BAD_ESCAPE;
	s->escape = (char)c;
	return STYLE_GOOD;
}

static enum style_fault
set_cap(struct style *s, const char *text)
{
	const char *at;
	size_t cap;

	if (size_evaluate(text, &cap, &at) != 0)
		return STYLE_BAD_CAP;
	s->cap = cap;
	s->has_cap = 1;
	return STYLE_GOOD;
}

enum style_fault
style_set(struct style *s, int letter, const char *value)
{
	switch (letter) {
	case 'T': s->title = value; break;
	case 'H': s->rule = value; break;
	case 'a': return set_escape(s, value);
	case 'L': return set_cap(s, value);
	case 's': s->squeeze = 1; break;
	case 'q': s->quick = 1; break;
	case 'g': s->whole = 1; break;
	case 'l': s->lines = 1; break;
	case 'b': s->block = 1; break;
	case STYLE_TAG: return set_tag(s, "%x");
	case STYLE_TAGSTRING: return set_tag(s, value);
	case STYLE_TAG_COLOUR:
		s->tag_colour = tag_colours_wanted();
		return s->tag == NULL ? set_tag(s, "%x") : STYLE_GOOD;
	case STYLE_LINGER: s->linger = value; break;
	case STYLE_NEWLINE: s->newline = 1; break;
	default: return STYLE_UNKNOWN;
	}
	return STYLE_GOOD;
}

/* What is not of a section's look.  What is for a command of the client's, or
 * for itself, means nothing here. */
static enum style_fault
set_of_client(struct style *s, int letter, const char *value)
{
	switch (letter) {
	case '0': s->depth = atoi(value); break;
	case 'u': s->socket = value; break;
	case 'Q': s->quit = 1; break;
	case 'w': s->widow = 1; break;
	case 'I': case 'E': case 'D': s->aside = 1; break;
	case 'Y': case 'c': case 'S': case 'Z': case 'n': case 'v': break;
	default: return style_set(s, letter, value);
	}
	return STYLE_GOOD;
}

enum style_fault
style_read(struct style *s, char **words, const char **wrong)
{
	struct wk_options o = { .table = options, .words = words };
	enum style_fault fault = STYLE_GOOD;
	const char *value = NULL;
	int letter;

	if (words == NULL)
		return STYLE_GOOD;
	while (fault == STYLE_GOOD &&
	    (letter = wk_option_next(&o, &value)) > 0)
		fault = set_of_client(s, letter, value);
	*wrong = fault != STYLE_GOOD ? value : o.word;
	if (fault != STYLE_GOOD)
		return fault;
	if (letter == WK_OPTION_NEEDS_ONE)
		return STYLE_NEEDS_VALUE;
	/* nor is there room for operands */
	return o.word == NULL ? STYLE_GOOD : STYLE_UNKNOWN;
}
