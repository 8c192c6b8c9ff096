/*
 * record.c - a record of diversions, checked, and put in the environment
 *
 * SPDX-License-Identifier: ISC
 */
#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "divconnect.h"

extern char **environ;

/* Variables of these prefixes are removed even when they make no sense. */
static const char *const suite[] = { DIV_PREFIXES };

/* What div_name says of "NAME=VALUE"; -1 also without a "=". */
static int
kind_of(const char *variable, size_t *prefix)
{
	const char *eq = strchr(variable, '=');

	*prefix = 0;
	if (eq == NULL)
		return -1;
	return div_name(variable, (size_t)(eq - variable), prefix);
}

/* --- reading --- */

static int
is_level(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && n <= 6 && s[n] == '\0';
}

static enum record_flaw
flaw_of(const char *variable)
{
	size_t prefix;
	int kind = kind_of(variable, &prefix);
	const char *value = strchr(variable, '=');

	if (kind == -1)
		return RECORD_NO_VARIABLE;
	value++;
	if (kind == DIV_NAME_LINK)
		return is_level(value) || strcmp(value, "d") == 0 ?
		    RECORD_GOOD : RECORD_BAD_LINK;
	return kind == DIV_NAME_LIST || value[0] == '/' ? RECORD_GOOD :
	    RECORD_RELATIVE;
}

static int
by_name(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	size_t n = strcspn(x, "="), m = strcspn(y, "=");
	int order = memcmp(x, y, n < m ? n : m);

	return order != 0 ? order : n < m ? -1 : n > m;
}

static enum record_flaw
find_twins(const struct record *r)
{
	char **sorted = malloc((r->count + 1) * sizeof *sorted);
	size_t i;
	int found = 0;

	if (sorted == NULL)
		return RECORD_NO_MEMORY;
	memcpy(sorted, r->variable, r->count * sizeof *sorted);
	qsort(sorted, r->count, sizeof *sorted, by_name);
	for (i = 1; i < r->count; i++)
		found |= by_name(&sorted[i - 1], &sorted[i]) == 0;
	free(sorted);
	return found ? RECORD_TWICE : RECORD_GOOD;
}

static enum record_flaw
split(struct record *r, size_t len)
{
	char *p, *end = r->data + len;
	enum record_flaw flaw;

	if (r->data[0] != '/')
		return RECORD_NO_SOCKET;
	if (end[-1] != '\0')
		return RECORD_NO_END;
	r->own = r->data;
	for (p = r->data + strlen(r->data) + 1; p < end; p += strlen(p) + 1) {
		flaw = flaw_of(p);
		if (flaw != RECORD_GOOD)
			return flaw;
		r->variable[r->count++] = p;
	}
	return find_twins(r);
}

static enum record_flaw
take_apart(struct record *r, size_t len)
{
	size_t i, entries = 0;

	if (len > RECORD_MAX)
		return RECORD_TOO_LONG;
	if (len == 0)
		return RECORD_GOOD;
	for (i = 0; i < len; i++)
		entries += r->data[i] == '\0';
	r->variable = malloc((entries + 1) * sizeof *r->variable);
	return r->variable != NULL ? split(r, len) : RECORD_NO_MEMORY;
}

enum record_flaw
record_read(struct record *r, char *data, size_t len)
{
	enum record_flaw flaw;

	memset(r, 0, sizeof *r);
	r->data = data;
	flaw = take_apart(r, len);
	if (flaw != RECORD_GOOD)
		record_free(r);
	return flaw;
}

const char *
record_flaw_text(enum record_flaw flaw)
{
	static const char *const text[] = {
		[RECORD_GOOD] = "nothing is wrong with it",
		[RECORD_NO_MEMORY] = "out of memory",
		[RECORD_TOO_LONG] = "it is longer than 1 MiB",
		[RECORD_NO_SOCKET] =
		    "it is not a record: no socket's path comes first",
		[RECORD_NO_END] = "its end is missing",
		[RECORD_NO_VARIABLE] =
		    "it sets what is no diversion's variable",
		[RECORD_BAD_LINK] = "a link is neither a level nor d",
		[RECORD_RELATIVE] = "a diversion is no absolute path",
		[RECORD_TWICE] = "it sets a variable twice"
	};

	return text[flaw];
}

void
record_free(struct record *r)
{
	free(r->data);
	free(r->variable);
	memset(r, 0, sizeof *r);
}

/* --- changing --- */

/* What stands behind own in a value that leads through it, or NULL. */
static const char *
behind(const char *value, const char *own)
{
	size_t n = strlen(own);

	if (strncmp(value, own, n) != 0 ||
	    (value[n] != '\0' && value[n] != '/'))
		return NULL;
	return value + n;
}

int
record_rename(struct record *r, const char *path)
{
	size_t i, room, longer = strlen(path);
	const char *value, *rest;
	char *data, *p;

	if (r->own == NULL)
		return 0;
	for (i = 0, room = 1; i < r->count; i++)
		room += strlen(r->variable[i]) + longer + 1;
	data = p = malloc(room);
	if (data == NULL)
		return -1;
	for (i = 0; i < r->count; i++) {
		value = strchr(r->variable[i], '=') + 1;
		rest = behind(value, r->own);
		if (rest != NULL)
			sprintf(p, "%.*s%s%s", (int)(value - r->variable[i]),
			    r->variable[i], path, rest);
		else
			strcpy(p, r->variable[i]);
		r->variable[i] = p;
		p += strlen(p) + 1;
	}
	free(r->data);
	r->data = data;
	r->own = path;
	return 0;
}

void
record_without(struct record *r, const char *prefix)
{
	size_t i, n, kept = 0;

	for (i = 0; i < r->count; i++) {
		kind_of(r->variable[i], &n);
		if (strlen(prefix) != n ||
		    strncmp(r->variable[i], prefix, n) != 0)
			r->variable[kept++] = r->variable[i];
	}
	r->count = kept;
}

/* --- the environment --- */

/* True if the prefix (n bytes) belongs to a diversion of the list. */
static int
listed(const struct div_list *l, const char *prefix, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof suite / sizeof *suite; i++)
		if (strlen(suite[i]) == n && strncmp(suite[i], prefix, n) == 0)
			return 1;
	for (i = 0; i < l->count; i++)
		if (strlen(l->entry[i].prefix) == n &&
		    strncmp(l->entry[i].prefix, prefix, n) == 0)
			return 1;
	return 0;
}

/* Take a variable out, given as NAME=VALUE.  environ is changed by it. */
static int
unset_entry(const char *entry)
{
	char *name = strndup(entry, strcspn(entry, "="));
	int r = name != NULL ? unsetenv(name) : -1;

	free(name);
	return r;
}

int
record_clear(void)
{
	struct div_list l;
	char **e = environ;
	size_t n;
	int r = 0;

	if (div_list(&l, environ) != 0)
		return -1;
	while (*e != NULL && r == 0) {
		if (kind_of(*e, &n) == -1 || !listed(&l, *e, n)) {
			e++;
			continue;
		}
		r = unset_entry(*e);
		e = environ;
	}
	div_list_free(&l);
	return r;
}

/* Set <prefix>_<level> to a value. */
static int
set_level(const char *variable, size_t prefix, int level, const char *value)
{
	char name[DIV_VARIABLE_MAX];

	snprintf(name, sizeof name, "%.*s_%d", (int)prefix, variable, level);
	return setenv(name, value, 1);
}

/* How many levels of a variable's prefix the environment has. */
static int
levels_below(const char *variable, size_t prefix)
{
	char name[DIV_VARIABLE_MAX];
	int n;

	snprintf(name, sizeof name, "%.*s", (int)prefix, variable);
	n = div_levels(name);
	return n > 0 ? n : 0;
}

/* The record's levels go on top of those that were there before. */
static int
apply(const char *variable, int below, int kind, size_t prefix)
{
	const char *value = strchr(variable, '=') + 1;
	char name[DIV_VARIABLE_MAX], number[16];

	errno = ERANGE;
	if (kind > DIV_LEVEL_MAX - below)
		return -1;
	if (kind > 0)
		return set_level(variable, prefix, below + kind, value);
	snprintf(name, sizeof name, "%.*s", (int)strcspn(variable, "="),
	    variable);
	if (kind != DIV_NAME_LINK || strcmp(value, "d") == 0)
		return setenv(name, value, 1);
	if (atoi(value) > DIV_LEVEL_MAX - below)
		return -1;
	snprintf(number, sizeof number, "%d", below + atoi(value));
	return setenv(name, number, 1);
}

/* Levels that a link is going to reach are the record's, or are not there:
 * what was beyond the old one is stale. */
static int
remove_stale(const char *link, int below, size_t prefix)
{
	int last = atoi(strchr(link, '=') + 1), level, r = 0;
	char **e = environ;
	size_t n;

	while (*e != NULL && r == 0) {
		level = kind_of(*e, &n);
		if (level <= below || level - below > last || n != prefix ||
		    memcmp(*e, link, n) != 0) {
			e++;
			continue;
		}
		r = unset_entry(*e);
		e = environ;
	}
	return r;
}

int
record_apply(const struct record *r)
{
	int *below = malloc((r->count + 1) * sizeof *below);
	size_t i, prefix;
	int kind, bad = below == NULL ? -1 : 0;

	/* before any link changes */
	for (i = 0; bad == 0 && i < r->count; i++) {
		kind = kind_of(r->variable[i], &prefix);
		below[i] = levels_below(r->variable[i], prefix);
		if (kind == DIV_NAME_LINK)
			bad = remove_stale(r->variable[i], below[i], prefix);
	}
	for (i = 0; bad == 0 && i < r->count; i++) {
		kind = kind_of(r->variable[i], &prefix);
		bad = apply(r->variable[i], below[i], kind, prefix);
	}
	free(below);
	return bad;
}
