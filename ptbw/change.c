/*
 * change.c - another pool in the place of one that is in use
 *
 * SPDX-License-Identifier: ISC
 */
#include "change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct change_texts {
	char *names, *comments;
	size_t users;
};

static struct change_texts *current;   /* NULL: nobody has read them */

int
change_reads(struct change_texts **mine, const struct tableau *t)
{
	if (*mine != NULL)
		return *mine == current;
	if (current == NULL)
		current = calloc(1, sizeof *current);
	if (current == NULL)
		return 0;
	current->names = t->names;
	current->comments = t->comments;
	current->users++;
	*mine = current;
	return 1;
}

static void
change_free_texts(struct change_texts *c)
{
	free(c->names);
	free(c->comments);
	free(c);
}

void
change_read(struct change_texts *mine)
{
	if (mine != NULL && --mine->users == 0 && mine != current)
		change_free_texts(mine);
}

/* The tableau in the place of the old one, whose texts may be in use. */
static void
replace(struct tableau *t, const struct tableau *fresh)
{
	if (current != NULL && current->users > 0) {
		current->names = t->names;
		current->comments = t->comments;
		t->names = t->comments = NULL;
	} else {
		free(current);
	}
	current = NULL;
	tableau_release(t);
	*t = *fresh;
}

/* Both change, or none; fresh and out are used up. */
static int
change_both(struct pool *p, struct tableau *t, struct tableau *fresh,
    size_t count, unsigned char *out)
{
	if (out == NULL || pool_change(p, count, out) != 0) {
		free(out);
		tableau_release(fresh);
		errno = ENOMEM;
		return -1;
	}
	replace(t, fresh);
	return 0;
}

int
change_numbers(struct pool *p, struct tableau *t, size_t n)
{
	struct tableau fresh;
	size_t count = p->count, i;
	unsigned char *out;

	while (count > n && p->token[count - 1].holder == NULL)
		count--;
	if (count < n)
		count = n;
	if (tableau_init(&fresh, t->type, t->source) != 0)
		return -1;
	/* clients may be about to read names that are no more */
	if (tableau_iota(&fresh, count > t->count ? count : t->count) != 0) {
		tableau_release(&fresh);
		return -1;
	}
	out = calloc(count, 1);
	for (i = n; out != NULL && i < count; i++)
		out[i] = 1;
	return change_both(p, t, &fresh, count, out);
}

void
change_trim(struct pool *p, const struct tableau *t)
{
	if (t->type == TABLEAU_FUNCTION && p->out != NULL)
		p->count -= pool_spare_places(p);
	if (p->cursor >= p->count)
		p->cursor = 0;
}

/* --- names --- */

struct named {
	const char *name;
	size_t at;
	int held;
};

static int
compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	if (c != 0)
		return c;
	/* of tokens with one name those stay that are held */
	if (x->held != y->held)
		return y->held - x->held;
	return x->at < y->at ? -1 : x->at > y->at;
}

static struct named *
places_by_name(const struct tableau *t, const struct pool *p)
{
	struct named *n = calloc(t->count + 1, sizeof *n);
	size_t i, len;

	for (i = 0; n != NULL && i < t->count; i++) {
		n[i].name = tableau_name(t, i, &len);
		n[i].at = i;
		n[i].held = p != NULL && i < p->count &&
		    p->token[i].holder != NULL;
	}
	if (n != NULL)
		qsort(n, t->count, sizeof *n, compare_named);
	return n;
}

/* Which old places have a name of the new pool (out is 0), and which new names
 * have an old place. */
static int
match(const struct pool *p, const struct tableau *t,
    const struct tableau *fresh, unsigned char *out, unsigned char *placed)
{
	struct named *a = places_by_name(t, p);
	struct named *b = places_by_name(fresh, NULL);
	size_t i = 0, j = 0;
	int c, r = a != NULL && b != NULL ? 0 : -1;

	memset(out, 1, t->count);
	while (r == 0 && i < t->count && j < fresh->count) {
		c = strcmp(a[i].name, b[j].name);
		if (c == 0) {
			out[a[i].at] = 0;
			placed[b[j].at] = 1;
		}
		i += c <= 0;
		j += c >= 0;
	}
	free(a);
	free(b);
	return r;
}

/* The old names at their places, and behind them the new ones that have
 * none. */
static int
merged(struct tableau *all, const struct tableau *t,
    const struct tableau *fresh, const unsigned char *placed)
{
	const char *name;
	size_t i, len;

	if (tableau_init(all, fresh->type, fresh->source) != 0 ||
	    tableau_comment(all, fresh->comments, fresh->comments_len) != 0)
		return -1;
	for (i = 0; i < t->count; i++) {
		name = tableau_name(t, i, &len);
		if (tableau_add(all, name, len) != 0)
			return -1;
	}
	for (i = 0; i < fresh->count; i++) {
		name = tableau_name(fresh, i, &len);
		if (!placed[i] && tableau_add(all, name, len) != 0)
			return -1;
	}
	return 0;
}

int
change_names(struct pool *p, struct tableau *t, struct tableau *fresh,
    int nobody)
{
	unsigned char *out = calloc(t->count + fresh->count, 1), *placed;
	struct tableau all = { 0 };
	int r;

	if (nobody)
		return change_both(p, t, fresh, fresh->count, out);
	placed = calloc(fresh->count, 1);
	r = out != NULL && placed != NULL ? 0 : -1;
	if (r == 0)
		r = match(p, t, fresh, out, placed);
	if (r == 0)
		r = merged(&all, t, fresh, placed);
	free(placed);
	tableau_release(fresh);
	if (r == 0)
		return change_both(p, t, &all, all.count, out);
	free(out);
	tableau_release(&all);
	return -1;
}

/* --- on the wire --- */

char *
change_text(const struct tableau *t, size_t *len)
{
	size_t source = strlen(t->source), i;
	char *text = malloc(source + 1 + t->comments_len + t->space + 1), *p;

	if (text == NULL)
		return NULL;
	memcpy(text, t->source, source);
	p = text + source;
	*p++ = '\n';
	if (t->comments_len > 0)
		memcpy(p, t->comments, t->comments_len);
	p += t->comments_len;
	memcpy(p, t->names, t->space);
	for (i = 0; i < t->space; i++)
		if (p[i] == '\0')
			p[i] = '\n';
	*len = (size_t)(p - text) + t->space;
	return text;
}

int
change_parse(struct tableau *t, char *text, size_t len, size_t *line)
{
	char *end = text + len, *p = memchr(text, '\n', len), *next;

	*line = 0;
	if (p == NULL || memchr(text, '\0', (size_t)(p - text)) != NULL) {
		errno = EINVAL;
		return -1;
	}
	*p++ = '\0';
	if (tableau_init(t, TABLEAU_FILE, text) != 0)
		return -1;
	for (; p < end; p = next) {
		++*line;
		next = memchr(p, '\n', (size_t)(end - p));
		if (next == NULL)
			next = end - 1; /* its newline is not there */
		next++;
		if (tableau_line(t, p, (size_t)(next - p)) != 0)
			return -1;
	}
	return 0;
}
