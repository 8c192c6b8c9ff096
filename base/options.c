/*
 * options.c - options, short and long, taken from a list of words
 *
 * SPDX-License-Identifier: ISC
 */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

enum { LIKE_MAX = 32 };           /* bytes of a name that is to be another */

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

/* The option with that name of n bytes, or the only one whose name begins with
 * it.  NULL, and *error: there is none, or more than one. */
static const struct wk_option *
long_named(const struct wk_option *table, const char *name, size_t n,
    int *error)
{
	const struct wk_option *found = NULL, *o;

	*error = WK_OPTION_UNKNOWN;
	for (o = table; o->letter != 0; o++) {
		if (strncmp(o->name, name, n) != 0)
			continue;
		if (o->name[n] == '\0')
			return o;
		if (found != NULL)
			*error = WK_OPTION_AMBIGUOUS;
		found = o;
	}
	return *error == WK_OPTION_AMBIGUOUS || n == 0 ? NULL : found;
}

/* --name, --name=text, --name text */
static int
long_option(struct wk_options *o, const char **arg)
{
	const char *name = o->word + 2;
	size_t n = strcspn(name, "=");
	int error;
	const struct wk_option *found = long_named(o->table, name, n, &error);

	o->option = o->word;
	if (found == NULL)
		return error;
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

/* How many letters must be changed, left out, put in, or exchanged with the
 * next one, to make one word of the other; of b of n bytes at most LIKE_MAX. */
static size_t
distance(const char *a, const char *b, size_t n)
{
	size_t row[3][LIKE_MAX + 1], i, j, d;
	size_t *now = row[0], *before = row[1], *earlier = row[2], *spare;

	for (j = 0; j <= n; j++)
		now[j] = j;
	for (i = 1; a[i - 1] != '\0'; i++) {
		spare = earlier;
		earlier = before;
		before = now;
		now = spare;
		now[0] = i;
		for (j = 1; j <= n; j++) {
			d = before[j - 1] + (a[i - 1] != b[j - 1]);
			d = before[j] + 1 < d ? before[j] + 1 : d;
			d = now[j - 1] + 1 < d ? now[j - 1] + 1 : d;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && earlier[j - 2] + 1 < d)
				d = earlier[j - 2] + 1;
			now[j] = d;
		}
	}
	return now[n];
}

const char *
wk_option_like(const struct wk_option *table, const char *word)
{
	const char *name = word + 2, *best = NULL;
	size_t n = strcspn(name, "="), least = n / 3 + 1, d;

	if (strncmp(word, "--", 2) != 0 || n < 2 || n > LIKE_MAX)
		return NULL;
	for (; table->letter != 0; table++) {
		d = distance(table->name, name, n);
		if (d < least || (best == NULL && d == least)) {
			best = table->name;
			least = d;
		}
	}
	return best;
}
