/*
 * options.c - options, short and long, taken from a list of words
 *
 * SPDX-License-Identifier: ISC
 */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

/* The option's argument is the next word. */
static int
with_next_word(struct wk_options *o, int letter, const char **arg)
{
	*arg = o->words[o->at];
	if (*arg == NULL)
		return WK_OPTION_NEEDS_ONE;
	o->at++;
	return letter;
}

/* --name, --name=text, --name text */
static int
long_option(struct wk_options *o, const char **arg)
{
	const char *name = o->word + 2;
	size_t n = strcspn(name, "=");
	const struct wk_option *found = o->table;

	o->option = o->word;
	while (found->letter != 0 && (strlen(found->name) != n ||
	    memcmp(found->name, name, n) != 0))
		found++;
	if (found->letter == 0)
		return WK_OPTION_UNKNOWN;
	if (found->arg == NULL)
		return name[n] == '=' ? WK_OPTION_TAKES_NONE : found->letter;
	if (name[n] != '=')
		return with_next_word(o, found->letter, arg);
	*arg = name + n + 1;
	return found->letter;
}

/* All digits that stand together are one -depth; no stack needs so many. */
static int
depth_option(struct wk_options *o, const char **arg)
{
	size_t n = strspn(o->letters, "0123456789");

	snprintf(o->digits, sizeof o->digits, "%.*s", (int)n, o->letters);
	o->letters += n;
	*arg = o->digits;
	return '0';
}

/* -x, -xtext, -x text; letters without argument share a word. */
static int
short_option(struct wk_options *o, const char **arg)
{
	const struct wk_option *found = o->table;
	int is_digit = text_is_digit(*o->letters);
	int letter = is_digit ? '0' : *o->letters;

	snprintf(o->text, sizeof o->text, "-%c", *o->letters);
	o->option = o->text;
	while (found->letter != 0 && found->letter != letter)
		found++;
	if (found->letter == 0)
		return WK_OPTION_UNKNOWN;
	if (is_digit)
		return depth_option(o, arg);
	o->letters++;
	if (found->arg == NULL)
		return letter;
	if (*o->letters != '\0')
		*arg = o->letters;
	o->letters = NULL;
	if (*arg != NULL || found->arg[0] == '[')
		return letter;
	return with_next_word(o, letter, arg);
}

int
wk_option_next(struct wk_options *o, const char **arg)
{
	*arg = NULL;
	if (o->letters != NULL && *o->letters != '\0')
		return short_option(o, arg);
	o->letters = NULL;
	o->word = o->words[o->at];
	if (o->word == NULL || o->word[0] != '-' || o->word[1] == '\0')
		return WK_OPTION_END;
	o->at++;
	if (strcmp(o->word, "--") == 0)
		return WK_OPTION_END;
	if (o->word[1] == '-')
		return long_option(o, arg);
	o->letters = o->word + 1;
	return short_option(o, arg);
}
