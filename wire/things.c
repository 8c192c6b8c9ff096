/*
 * things.c - tokens that are things: variables behind a token's name
 *
 * SPDX-License-Identifier: ISC
 */
#include "things.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/text.h"
#include "divconnect.h"

/* The end of the piece of a line that begins at p. */
static const char *
piece_end(const char *p, const char *end)
{
	const char *q = memchr(p, '\t', (size_t)(end - p));

	return q != NULL ? q : end;
}

int
things_parse(const char *line, size_t len, size_t *name,
    const char **bad, size_t *bad_len)
{
	const char *end = line + len, *tab = piece_end(line, end), *p, *q, *e;

	*name = len;
	if (tab == end || memchr(tab, '=', (size_t)(end - tab)) == NULL)
		return 0;
	for (p = tab; p < end; p = q) {
		q = piece_end(++p, end);
		e = memchr(p, '=', (size_t)(q - p));
		if (e == NULL || !text_is_name(p, (size_t)(e - p))) {
			*bad = p;
			*bad_len = (size_t)((e != NULL ? e : q) - p);
			return -1;
		}
	}
	*name = (size_t)(tab - line);
	return 1;
}

size_t
things_name(const char *line)
{
	size_t len = strlen(line), name, bad_len;
	const char *bad;

	return things_parse(line, len, &name, &bad, &bad_len) > 0 ?
	    name : len;
}

void
things_cut(char *lines)
{
	char *to = lines, *p, *next;
	size_t n;

	for (p = lines; p != NULL; p = next) {
		next = strchr(p, '\n');
		if (next != NULL)
			*next++ = '\0';
		n = things_name(p);
		memmove(to, p, n);
		to += n;
		*to = next != NULL ? '\n' : '\0';
		to++;
	}
}

int
things_trusted(int fd)
{
	uid_t uid;

	return div_peer_uid(fd, &uid) == 0 && (uid == 0 || uid == geteuid());
}

/* The variable that is there with this name (and its equals sign), or NULL. */
static char **
find_thing(struct things *t, const char *text, size_t name)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (strncmp(t->var[i], text, name) == 0)
			return &t->var[i];
	return NULL;
}

/* Put a value of len bytes behind the one that is there. */
static int
join_thing(char **there, const char *value, size_t len)
{
	size_t n = strlen(*there);
	char *text = realloc(*there, n + len + 2);

	if (text == NULL)
		return -1;
	*there = text;
	text[n] = ',';
	memcpy(text + n + 1, value, len);
	text[n + 1 + len] = '\0';
	return 0;
}

int
things_put(struct things *t, char *text)
{
	char **there, **var;

	if (text == NULL)
		return -1;
	there = find_thing(t, text, strcspn(text, "=") + 1);
	if (there != NULL) {
		free(*there);
		*there = text;
		return 0;
	}
	var = realloc(t->var, (t->count + 2) * sizeof *var);
	if (var == NULL) {
		free(text);
		return -1;
	}
	t->var = var;
	var[t->count++] = text;
	var[t->count] = NULL;
	return 0;
}

static int
add_thing(struct things *t, const char *text, size_t len)
{
	size_t name = (size_t)((const char *)memchr(text, '=', len) - text) + 1;
	char **there = find_thing(t, text, name);

	return there != NULL ? join_thing(there, text + name, len - name) :
	    things_put(t, strndup(text, len));
}

int
things_add(struct things *t, const char *line)
{
	const char *end = line + strlen(line), *p, *q;

	for (p = line + things_name(line); p < end; p = q) {
		q = piece_end(++p, end);
		if (add_thing(t, p, (size_t)(q - p)) != 0)
			return -1;
	}
	return 0;
}

void
things_release(struct things *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		free(t->var[i]);
	free(t->var);
	t->var = NULL;
	t->count = 0;
}
