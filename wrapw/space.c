/*
 * space.c - the name space that a wrapw master presents
 *
 * Pure data: master.c decides which clients may change it, and connects to
 * the targets.
 *
 * SPDX-License-Identifier: ISC
 */
#include "space.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/visible.h"
#include "divconnect.h"

/* --- unions --- */

struct space_union *
space_hold(struct space_union *u)
{
	u->holders++;
	return u;
}

void
space_release(struct space_union *u)
{
	size_t i;

	if (u == NULL || --u->holders > 0)
		return;
	for (i = 0; i < u->count; i++)
		free(u->path[i]);
	free(u);
}

/* A new union: target, with the paths of old before or behind it. */
static struct space_union *
joined(const struct space_union *old, const char *target, enum space_mode mode)
{
	size_t n = old != NULL && (mode == SPACE_AFTER ||
	    mode == SPACE_BEFORE) ? old->count : 0, i;
	struct space_union *u = malloc(sizeof *u + (n + 1) * sizeof *u->path);
	size_t at = mode == SPACE_BEFORE ? 0 : n;
	int bad;

	if (u == NULL)
		return NULL;
	u->holders = 1;
	u->count = n + 1;
	u->path[at] = strdup(target);
	bad = u->path[at] == NULL;
	for (i = 0; i < n; i++) {
		u->path[i + (at == 0)] = strdup(old->path[i]);
		bad |= u->path[i + (at == 0)] == NULL;
	}
	if (!bad)
		return u;
	space_release(u);
	return NULL;
}

/* --- entries --- */

static struct space_entry *
add_entry(struct space *s, const char *name, size_t prefix, int level)
{
	struct space_entry *e = calloc(1, sizeof *e);
	void *p;

	if (e == NULL)
		return NULL;
	p = realloc(s->entry, (s->count + 1) * sizeof *s->entry);
	if (p != NULL)
		s->entry = p;
	e->name = p != NULL ? strdup(name) : NULL;
	if (e->name == NULL) {
		free(e);
		return NULL;
	}
	e->prefix = prefix;
	e->level = level;
	e->number = (unsigned)s->count;
	s->entry[s->count++] = e;
	return e;
}

/* True if <prefix>_link is "d". */
static int
links_to_detached(const char *prefix)
{
	char name[DIV_VARIABLE_MAX];
	const char *value;

	snprintf(name, sizeof name, "%s_link", prefix);
	value = getenv(name);
	return value != NULL && strcmp(value, "d") == 0;
}

int
space_collect(struct space *s, char *const envp[], const char *own_prefix,
    int everything)
{
	struct div_list l;
	const struct div_entry *d;
	struct space_entry *e;
	int r = 0;

	if (div_list(&l, envp) != 0)
		return -1;
	for (d = l.entry; d < l.entry + l.count && r == 0; d++) {
		/* a path with a newline could not be listed, nor asked for */
		if (!text_is_clean(d->path) ||
		    (!everything && strcmp(d->prefix, own_prefix) == 0))
			continue;
		if (s->count >= SPACE_ENTRIES_MAX) {
			r = -1;
			break;
		}
		e = add_entry(s, d->variable, strlen(d->prefix), d->level);
		if (e != NULL) {
			e->chosen = d->level == 0 &&
			    links_to_detached(d->prefix);
			e->targets = joined(NULL, d->path, SPACE_REPLACE);
		}
		if (e == NULL || e->targets == NULL)
			r = -1;
	}
	div_list_free(&l);
	errno = s->count >= SPACE_ENTRIES_MAX ? E2BIG : ENOMEM;
	return r;
}

int
space_divert(const struct space *s)
{
	size_t i, room = strlen(s->own) + 24;
	char *path = malloc(room);
	int r = path != NULL ? 0 : -1;

	for (i = 0; i < s->count && r == 0; i++) {
		snprintf(path, room, "%s/%zu", s->own, i);
		r = setenv(s->entry[i]->name, path, 1);
	}
	free(path);
	return r;
}

/* --- names --- */

static struct space_entry *
find_number(const struct space *s, const char *text)
{
	char *end;
	unsigned long n;

	if (!text_is_digit(*text) || strlen(text) > 9)
		return NULL;
	n = strtoul(text, &end, 10);
	if (*end != '\0' || n >= s->count ||
	    (text[0] == '0' && text[1] != '\0'))
		return NULL;
	return s->entry[n];
}

static struct space_entry *
find_name(const struct space *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (strcmp(s->entry[i]->name, name) == 0)
			return s->entry[i];
	return NULL;
}

/* The entry that a client with this prefix would use: where its link leads. */
static struct space_entry *
find_tightest(const struct space *s, const char *prefix)
{
	struct space_entry *e, *best = NULL;
	size_t i, n = strlen(prefix);

	for (i = 0; i < s->count; i++) {
		e = s->entry[i];
		if (e->targets == NULL || e->prefix != n ||
		    strncmp(e->name, prefix, n) != 0)
			continue;
		if (e->chosen)
			return e;
		if (best == NULL || e->level > best->level)
			best = e;
	}
	return best;
}

/* The entry of a cookie, bound or not. */
static struct space_entry *
find_any(const struct space *s, const char *name)
{
	struct space_entry *e = find_number(s, name);

	if (e == NULL)
		e = find_name(s, name);
	return e != NULL ? e : find_tightest(s, name);
}

struct space_entry *
space_find(const struct space *s, const char *cookie)
{
	struct space_entry *e = find_any(s, cookie);

	return e != NULL && e->targets != NULL ? e : NULL;
}

/* --- binding --- */

int
space_leads_to(const char *path, const char *own)
{
	char *base = strdup(path), *slash;
	struct stat a, b;
	int same = 0;

	while (base != NULL && *base != '\0') {
		if (stat(base, &a) == 0) {
			same = S_ISSOCK(a.st_mode) && stat(own, &b) == 0 &&
			    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
			break;
		}
		slash = strrchr(base, '/');
		if (slash == NULL)
			break;
		*slash = '\0';
	}
	free(base);
	return same;
}

/* True if this can be a target.  If not, *why says what is wrong with it. */
static int
is_target(const struct space *s, const char *target, enum space_reason *why)
{
	struct stat st;

	*why = SPACE_TARGET_RELATIVE;
	if (target[0] != '/')
		return 0;
	*why = SPACE_TARGET_CONTROL;
	if (!text_is_clean(target))
		return 0;
	*why = SPACE_TARGET_CIRCLE;
	if (space_leads_to(target, s->own))
		return 0;
	*why = SPACE_TARGET_NO_SOCKET;
	return stat(target, &st) != 0 || S_ISSOCK(st.st_mode);
}

/* A new entry for a name, or why there can be none. */
static struct space_entry *
create(struct space *s, const char *name, enum space_reason *why)
{
	size_t prefix;
	int level = div_name(name, strlen(name), &prefix);

	*why = SPACE_NAME_UNKNOWN;
	/* our own level comes above the last */
	if ((level < 1 || level == DIV_LEVEL_MAX) &&
	    level != DIV_NAME_DETACHED)
		return NULL;
	*why = SPACE_NAMES_FULL;
	if (s->count >= SPACE_ENTRIES_MAX)
		return NULL;
	*why = SPACE_NO_MEMORY;
	return add_entry(s, name, prefix, level > 0 ? level : 0);
}

struct space_entry *
space_bind(struct space *s, const char *target, const char *name,
    enum space_mode mode, enum space_reason *why)
{
	struct space_entry *e = find_any(s, name);
	struct space_union *u;

	if (!is_target(s, target, why))
		return NULL;
	if (e == NULL && (e = create(s, name, why)) == NULL)
		return NULL;
	*why = SPACE_NAME_BOUND;
	if (mode == SPACE_CREATE && e->targets != NULL)
		return NULL;
	*why = SPACE_NAME_FULL;
	if (e->targets != NULL && mode != SPACE_REPLACE &&
	    e->targets->count >= SPACE_TARGETS_MAX)
		return NULL;
	*why = SPACE_NO_MEMORY;
	u = joined(e->targets, target, mode);
	if (u == NULL)
		return NULL;
	space_release(e->targets);
	e->targets = u;
	return e;
}

const char *
space_reason_text(enum space_reason why)
{
	static const char *const text[] = {
		[SPACE_TARGET_RELATIVE] =
		    "the target is not an absolute path",
		[SPACE_TARGET_CONTROL] =
		    "the target holds control characters",
		[SPACE_TARGET_CIRCLE] =
		    "the target leads back to this socket",
		[SPACE_TARGET_NO_SOCKET] = "the target is not a socket",
		[SPACE_NAME_UNKNOWN] =
		    "no such entry; a new name is like ptbw_1 or ptbw_d",
		[SPACE_NAME_BOUND] = "the name is bound already",
		[SPACE_NAME_FULL] = "the name has too many targets",
		[SPACE_NAMES_FULL] = "too many names",
		[SPACE_NO_MEMORY] = "out of memory"
	};

	return text[why];
}

int
space_blames_target(enum space_reason why)
{
	return why <= SPACE_TARGET_NO_SOCKET;
}

int
space_unbind(struct space *s, const char *name)
{
	struct space_entry *e = space_find(s, name);

	if (e == NULL)
		return -1;
	space_release(e->targets);
	e->targets = NULL;
	return 0;
}

/* --- the record --- */

static int
space_by_prefix_then_level(const void *a, const void *b)
{
	const struct space_entry *x = *(struct space_entry *const *)a;
	const struct space_entry *y = *(struct space_entry *const *)b;
	size_t n = x->prefix < y->prefix ? x->prefix : y->prefix;
	int order = memcmp(x->name, y->name, n);

	if (order == 0 && x->prefix != y->prefix)
		order = x->prefix < y->prefix ? -1 : 1;
	if (order != 0)
		return order;
	/* as unsigned, the detached one's level 0 less 1 is the largest */
	return (unsigned)x->level - 1 < (unsigned)y->level - 1 ? -1 : 1;
}

static int
same_prefix(const struct space_entry *x, const struct space_entry *y)
{
	return x->prefix == y->prefix &&
	    memcmp(x->name, y->name, x->prefix) == 0;
}

/* The variables of e[0] to e[n-1], all of one prefix, with their link. */
static void
put_prefix(FILE *f, const struct space *s, struct space_entry **e, size_t n)
{
	int link = 0, chosen = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		chosen |= e[i]->chosen;
		if (e[i]->level > 0) {
			link = e[i]->level;
			fprintf(f, "%s=%s/%u%c", e[i]->name, s->own,
			    e[i]->number, '\0');
		}
	}
	if (chosen || link > 0)
		fprintf(f, "%.*s_link=", (int)e[0]->prefix, e[0]->name);
	if (chosen)
		fprintf(f, "d%c", '\0');
	else if (link > 0)
		fprintf(f, "%d%c", link, '\0');
	for (i = 0; i < n; i++)
		if (e[i]->level == 0)
			fprintf(f, "%s=%s/%u%c", e[i]->name, s->own,
			    e[i]->number, '\0');
}

/* Our own variables come first, with the link in front: for a client that
 * comes through our socket, that socket is the tightest wrapw. */
static void
put_own(FILE *f, const struct space *s, const char *prefix,
    struct space_entry **e, size_t n)
{
	size_t i;
	int level = 0;

	for (i = 0; i < n; i++)
		if (e[i]->level > level)
			level = e[i]->level;
	fprintf(f, "%s_link=%d%c", prefix, level + 1, '\0');
	for (i = 0; i < n; i++)
		fprintf(f, "%s=%s/%u%c", e[i]->name, s->own,
		    e[i]->number, '\0');
	fprintf(f, "%s_%d=%s%c", prefix, level + 1, s->own, '\0');
}

/* The bound entries, sorted: *count of them, the caller's to free. */
static struct space_entry **
space_bound(const struct space *s, size_t *count)
{
	struct space_entry **e = malloc((s->count + 1) * sizeof *e);
	size_t i, n = 0;

	for (i = 0; e != NULL && i < s->count; i++)
		if (s->entry[i]->targets != NULL)
			e[n++] = s->entry[i];
	if (n > 0)
		qsort(e, n, sizeof *e, space_by_prefix_then_level);
	*count = n;
	return e;
}

static void
space_put_all(FILE *f, const struct space *s, const char *own_prefix,
    struct space_entry **e, size_t n)
{
	size_t i, k, own = strlen(own_prefix), at = 0, many = 0;

	for (i = 0; i < n; i++)
		if (e[i]->prefix == own &&
		    memcmp(e[i]->name, own_prefix, own) == 0 && many++ == 0)
			at = i;
	fprintf(f, "%s%c", s->own, '\0');
	put_own(f, s, own_prefix, e + at, many);
	for (i = 0; i < n; i += k) {
		for (k = 1; i + k < n && same_prefix(e[i], e[i + k]); k++)
			;
		if (many == 0 || i != at)
			put_prefix(f, s, e + i, k);
	}
}

char *
space_record(const struct space *s, const char *own_prefix, size_t *len)
{
	char *text = NULL;
	size_t n;
	struct space_entry **e = space_bound(s, &n);
	FILE *f = e != NULL ? open_memstream(&text, len) : NULL;
	int bad;

	if (f == NULL) {
		free(e);
		return NULL;
	}
	space_put_all(f, s, own_prefix, e, n);
	free(e);
	bad = ferror(f);
	if (fclose(f) == 0 && !bad)
		return text;
	free(text);
	errno = ENOMEM;
	return NULL;
}

/* --- the listing --- */

/* An entry is one line, and does nothing to a terminal. */
static void
space_put_quoted(FILE *f, const char *path)
{
	char one[WK_SHOWN_MAX];
	int plain = path[strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_./,:=@%+-")] == '\0';

	if (!plain)
		putc('\'', f);
	while (*path != '\0') {
		path += wk_show(one, path);
		fputs(*one == '\'' ? "'\\''" : one, f);
	}
	if (!plain)
		putc('\'', f);
}

void
space_put_bind(FILE *f, int after, const char *path, const char *name)
{
	fputs(after ? "bind -a " : "bind ", f);
	space_put_quoted(f, path);
	fprintf(f, " %s\n", name);
}
