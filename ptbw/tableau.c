/*
 * tableau.c - the names of a pool's tokens and where they come from
 *
 * All names stand in one piece of memory, each followed by a NUL, which is
 * just what the protocol's T request returns.
 *
 * SPDX-License-Identifier: ISC
 */
#include "tableau.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "wire/things.h"

/* Make room for more bytes behind those in use. */
static int
tableau_grow(char **p, size_t *room, size_t used, size_t more)
{
	size_t n = *room ? *room : 256;
	char *q;

	if (used + more <= *room)
		return 0;
	if (used + more > TABLEAU_SPACE_MAX) {
		errno = EFBIG;
		return -1;
	}
	while (n < used + more)
		n *= 2;
	q = realloc(*p, n);
	if (q == NULL)
		return -1;
	*p = q;
	*room = n;
	return 0;
}

int
tableau_init(struct tableau *t, char type, const char *source)
{
	memset(t, 0, sizeof *t);
	t->type = type;
	t->source = strdup(source);
	return t->source != NULL ? 0 : -1;
}

void
tableau_release(struct tableau *t)
{
	free(t->names);
	free(t->comments);
	free(t->offset);
	free(t->source);
	free(t->bad);
	memset(t, 0, sizeof *t);
}

int
tableau_add(struct tableau *t, const char *name, size_t len)
{
	uint32_t *o;

	if (t->count >= POOL_MAX) {
		errno = EFBIG;
		return -1;
	}
	if (t->count + 2 > t->offset_room) {
		t->offset_room = t->offset_room ? 2 * t->offset_room : 64;
		o = realloc(t->offset, t->offset_room * sizeof *o);
		if (o == NULL)
			return -1;
		t->offset = o;
	}
	if (tableau_grow(&t->names, &t->room, t->space, len + 1) != 0)
		return -1;
	memcpy(t->names + t->space, name, len);
	t->names[t->space + len] = '\0';
	t->offset[t->count++] = (uint32_t)t->space;
	t->space += len + 1;
	t->offset[t->count] = (uint32_t)t->space;
	if (len > t->longest)
		t->longest = len;
	return 0;
}

int
tableau_comment(struct tableau *t, const char *line, size_t len)
{
	if (len == 0)
		return 0;       /* there may be no memory to copy from or to */
	if (tableau_grow(&t->comments, &t->comments_room, t->comments_len,
	    len) != 0)
		return -1;
	memcpy(t->comments + t->comments_len, line, len);
	t->comments_len += len;
	return 0;
}

int
tableau_iota(struct tableau *t, size_t n)
{
	char name[24];
	size_t i;
	int len;

	for (i = 0; i < n; i++) {
		len = snprintf(name, sizeof name, "%zu", i);
		if (tableau_add(t, name, (size_t)len) != 0)
			return -1;
	}
	return 0;
}

/* A line that is a name, or a name and variables. */
static int
tableau_add_thing(struct tableau *t, const char *text, size_t len)
{
	const char *bad;
	size_t name, bad_len;

	if (things_parse(text, len, &name, &bad, &bad_len) < 0) {
		t->bad = strndup(bad, bad_len);
		errno = t->bad != NULL ? EINVAL : ENOMEM;
		return -1;
	}
	return tableau_add(t, text, len);
}

int
tableau_line(struct tableau *t, char *text, size_t len)
{
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (memchr(text, '\0', len) != NULL) {
		errno = EINVAL;
		return -1;
	}
	if (len == 0 || text[0] != '#')
		return tableau_add_thing(t, text, len);
	text[len] = '\n';       /* over the newline, or getline's NUL */
	return tableau_comment(t, text, len + 1);
}

int
tableau_read(struct tableau *t, const char *path, size_t *line)
{
	/* the name may not be opened where it is a socket, or not be there */
	FILE *f = strcmp(path, "/dev/stdin") == 0 ? stdin : fopen(path, "re");
	size_t room = 0;
	char *text = NULL;
	ssize_t n;
	int r = 0, e;

	*line = 0;
	if (f == NULL)
		return -1;
	while (r == 0 && (n = getline(&text, &room, f)) > 0) {
		++*line;
		r = tableau_line(t, text, (size_t)n);
	}
	if (r == 0 && ferror(f))
		r = -1;
	e = errno;
	free(text);
	if (f != stdin)
		fclose(f);
	errno = e;
	return r;
}

const char *
tableau_name(const struct tableau *t, size_t i, size_t *len)
{
	*len = t->offset[i + 1] - t->offset[i] - 1;
	return t->names + t->offset[i];
}
