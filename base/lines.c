/*
 * lines.c - what may be done to the lines of a section on their way
 *
 * While a line has not begun (nothing of it was given on) and may still be a
 * mark, it is collected in held; a whole mark is taken off, and what follows
 * is looked at again in the same way, so no line that is given on begins with
 * a mark.  A mark is at most LINES_HELD_MAX bytes long, also when it does not
 * arrive in pieces: the pieces must not matter.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lines.h"

#include <string.h>

#define CLEAR "\033[0K"         /* the terminal's "clear to end of line" */

enum { GATHERED_MAX = 16384 };

/* Small pieces are gathered here to be given on together. */
struct out {
	lines_emit *emit;
	void *to;
	size_t len;
	char data[GATHERED_MAX];
};

/* Whether there is a mark at the front; MAYBE: more bytes will tell. */
enum answer { NO, MAYBE, YES };

struct look {
	const char *at;
	const char *end;
	int last;               /* GitLab: the mark ends a group */
};

static void
lines_flush(struct out *o)
{
	if (o->len > 0)
		o->emit(o->to, o->data, o->len);
	o->len = 0;
}

static void
lines_put(struct out *o, const char *data, size_t len)
{
	if (len > sizeof o->data - o->len)
		lines_flush(o);
	if (len > sizeof o->data) {
		o->emit(o->to, data, len);
	} else if (len > 0) {
		memcpy(o->data + o->len, data, len);
		o->len += len;
	}
}

static int
tagged(const struct lines *l)
{
	return l->tag != NULL && l->tag_len > 0;
}

/* Give text on as it is; with a tag, it is no longer than to its line's end. */
static void
lines_put_text(struct lines *l, struct out *o, const char *data, size_t len)
{
	if (tagged(l) && !l->inside)
		lines_put(o, l->tag, l->tag_len);
	lines_put(o, data, len);
	l->inside = data[len - 1] != '\n';
	l->skipping = 0;
}

/* --- marks --- */

static enum answer
look_word(struct look *k, const char *word)
{
	size_t n = strlen(word), have = (size_t)(k->end - k->at);

	if (memcmp(k->at, word, have < n ? have : n) != 0)
		return NO;
	if (have < n)
		return MAYBE;
	k->at += n;
	return YES;
}

static int
within(const struct look *k, const char *set)
{
	return k->at < k->end && *k->at != '\0' && strchr(set, *k->at) != NULL;
}

/* One or more characters of a set.  MAYBE at the end of the bytes, for more of
 * them may follow. */
static enum answer
look_some(struct look *k, const char *set)
{
	const char *from = k->at;

	while (within(k, set))
		k->at++;
	if (k->at == k->end)
		return MAYBE;
	return k->at > from ? YES : NO;
}

static enum answer
look_github(struct look *k)
{
	enum answer a = look_word(k, "::group::");

	if (a != NO)
		return a;
	a = look_word(k, "::endgroup::");
	if (a != YES)
		return a;
	while (within(k, " \t\r"))
		k->at++;
	return look_word(k, "\n");
}

/* [collapsed=true] and the like, if there are any. */
static enum answer
look_options(struct look *k)
{
	if (!within(k, "["))
		return YES;
	while (k->at < k->end && !within(k, "]\r\n"))
		k->at++;
	return look_word(k, "]");
}

/* After section_start: or section_end: */
static enum answer
look_section(struct look *k)
{
	enum answer a = look_some(k, "0123456789");

	if (a == YES)
		a = look_word(k, ":");
	if (a == YES)
		a = look_some(k, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
	if (a == YES && !k->last)
		a = look_options(k);
	if (a == YES)
		a = look_word(k, "\r" CLEAR);
	return a;
}

static enum answer
look_gitlab(struct look *k)
{
	enum answer a;

	do
		a = look_word(k, CLEAR);
	while (a == YES);
	if (a == NO)
		a = look_word(k, "section_start:");
	if (a == NO) {
		a = look_word(k, "section_end:");
		k->last = 1;
	}
	return a == YES ? look_section(k) : a;
}

static enum answer
look_held(const struct lines *l, size_t len, struct look *k)
{
	enum answer a;

	k->at = l->held;
	k->end = l->held + len;
	k->last = 0;
	a = l->flatten == LINES_GITHUB ? look_github(k) : look_gitlab(k);
	return a == MAYBE && len == sizeof l->held ? NO : a;
}

/* A quick look, which shows of most lines that they are no marks. */
static int
may_begin(const struct lines *l, char c)
{
	if (l->flatten == LINES_GITHUB)
		return c == ':';
	return c == '\033' || c == 's';
}

/* At the start of a line: take what is a mark or may become one.  Returns how
 * many bytes were taken; 0: text comes next, and what was held is text too. */
static size_t
take_mark(struct lines *l, struct out *o, const char *data, size_t len)
{
	size_t had = l->held_len, room = sizeof l->held - had;
	size_t n = len < room ? len : room;
	struct look k;
	enum answer a;

	if (had == 0 && l->skipping && *data == '\n') {
		l->skipping = 0;
		return 1;
	}
	if (had == 0 && !may_begin(l, *data))
		return 0;
	memcpy(l->held + had, data, n);
	a = look_held(l, had + n, &k);
	l->held_len = a == MAYBE ? had + n : 0;
	if (a == MAYBE)
		return n;
	if (a == NO && had > 0)
		lines_put_text(l, o, l->held, had);
	if (a == NO)
		return 0;
	l->skipping |= k.last;  /* the newline, if it comes next */
	return (size_t)(k.at - l->held) - had;
}

/* --- text --- */

/* How many bytes need no change: to the end of the line or, without a tag, up
 * to the next line that may begin with a mark. */
static size_t
unchanged(const struct lines *l, const char *data, size_t len)
{
	const char *p = data, *end = data + len;

	do {
		p = memchr(p, '\n', (size_t)(end - p));
		if (p == NULL)
			return len;
		p++;
	} while (!tagged(l) && p < end && !may_begin(l, *p));
	return (size_t)(p - data);
}

void
lines_feed(struct lines *l, const char *data, size_t len, lines_emit *emit,
    void *to)
{
	struct out o;
	size_t n;

	if (len > 0 && !tagged(l) && l->flatten == LINES_AS_IS) {
		emit(to, data, len);
		l->inside = data[len - 1] != '\n';
		return;
	}
	o.emit = emit;
	o.to = to;
	o.len = 0;
	for (; len > 0; data += n, len -= n) {
		n = 0;
		if (l->flatten != LINES_AS_IS && !l->inside)
			n = take_mark(l, &o, data, len);
		if (n == 0) {
			n = unchanged(l, data, len);
			lines_put_text(l, &o, data, n);
		}
	}
	lines_flush(&o);
}

/* A last line without a newline is judged as if it had one: ::endgroup::. */
void
lines_end(struct lines *l, lines_emit *emit, void *to)
{
	struct out o;
	struct look k;

	o.emit = emit;
	o.to = to;
	o.len = 0;
	if (l->held_len > 0) {
		l->held[l->held_len] = '\n';
		if (look_held(l, l->held_len + 1, &k) != YES)
			lines_put_text(l, &o, l->held, l->held_len);
	}
	if (l->newline && l->inside)
		lines_put(&o, "\n", 1);
	lines_flush(&o);
	l->inside = l->skipping = 0;
	l->held_len = 0;
}
