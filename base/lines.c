/*
 * lines.c - what may be done to the lines of a section on their way
 *
 * While a line has not begun (nothing of it was given on) and may still be a
 * mark, it is collected in held; a whole mark is taken off, and what follows
 * is looked at again in the same way, so no line that is given on begins with
 * a mark.  A mark is at most LINES_HELD_MAX bytes long, also when it does not
 * arrive in pieces: the pieces must not matter.
 *
 * GitHub's runner obeys a line that, behind blanks, begins with ::group:: or
 * ::endgroup::, in letters of any case, and perhaps with a blank and properties
 * in front of the second ::.  It obeys ##[group] and ##[endgroup] anywhere in a
 * line, when there is no other ##[ in front.  What it obeys has no effect on
 * the rest of the line, and a carriage return ends a line as well.  So within a
 * line, where nothing can be taken off as what is left might be a mark, a blank
 * makes one plain: # #[group].
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

/* Text as it is; with a tag, it is no longer than to its line's end. */
static void
put_plain(struct lines *l, struct out *o, const char *data, size_t len)
{
	if (tagged(l) && !l->inside) {
		lines_put(o, l->tag, l->tag_len);
		lines_put(o, l->colour.text, l->colour.len);
	}
	if (l->tag_coloured)
		wk_colour_keep(&l->colour, data, len);
	lines_put(o, data, len);
	l->inside = data[len - 1] != '\n';
	l->skipping = 0;
}

/* --- marks of GitHub within a line --- */

static char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether c goes on with what may become one. */
static int
is_more(const struct lines *l, char c)
{
	static const char *const marks[] = { "##[group", "##[endgroup" };
	size_t i;

	for (i = 0; i < 2; i++)
		if (l->sharp_len < strlen(marks[i]) &&
		    marks[i][l->sharp_len] == ascii_lower(c) &&
		    (l->sharp_len < 4 ||
		    ascii_lower(l->sharp[3]) == marks[i][3]))
			return 1;
	return 0;
}

static int
is_name_over(const struct lines *l, char c)
{
	size_t n = l->sharp_len;

	return (c == ']' || c == ' ') && n > 3 &&
	    n == (ascii_lower(l->sharp[3]) == 'g' ? 8 : 11);
}

static void
lines_let_go(struct lines *l, struct out *o, size_t n)
{
	if (n > 0)
		put_plain(l, o, l->sharp, n);
	l->sharp_len -= n;
}

/* One byte that may belong to a mark. */
static void
put_sharp(struct lines *l, struct out *o, char c)
{
	if (is_more(l, c)) {
		l->sharp[l->sharp_len++] = c;
		return;
	}
	if (is_name_over(l, c)) {
		put_plain(l, o, "# ", 2);
		put_plain(l, o, l->sharp + 1, l->sharp_len - 1);
		l->sharp_len = 0;
	}
	/* of ### the last two may begin one, of ##[# the last one */
	lines_let_go(l, o, c == '#' && l->sharp_len == 2 ? 1 : l->sharp_len);
	if (c == '#')
		l->sharp[l->sharp_len++] = c;
	else
		put_plain(l, o, &c, 1);
}

static void
put_github(struct lines *l, struct out *o, const char *data, size_t len)
{
	const char *end = data + len, *p;

	l->worded = end[-1] != '\n' && end[-1] != '\r';
	l->skipping = 0;
	while (data < end) {
		for (; data < end && l->sharp_len > 0; data++)
			put_sharp(l, o, *data);
		p = data < end ? memchr(data, '#', (size_t)(end - data)) : NULL;
		if (p == NULL)
			p = end;
		if (p > data)
			put_plain(l, o, data, (size_t)(p - data));
		data = p;
		if (data < end)
			put_sharp(l, o, *data++);
	}
}

static void
lines_put_text(struct lines *l, struct out *o, const char *data, size_t len)
{
	if (l->flatten == LINES_GITHUB)
		put_github(l, o, data, len);
	else
		put_plain(l, o, data, len);
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

/* How many bytes a blank has that is none of ASCII, by its first one. */
static size_t
wide_length(char c)
{
	return c == '\302' ? 2 :
	    c == '\341' || c == '\342' || c == '\343' ? 3 : 0;
}

/* What .NET takes for white space; p has as many bytes as it needs. */
static int
is_wide_blank(const char *p)
{
	unsigned char c = (unsigned char)p[2 - (wide_length(*p) == 2)];

	switch (*p) {
	case '\302':
		return c == 0x85 || c == 0xa0;
	case '\341':
		return p[1] == '\232' && c == 0x80;
	case '\342':
		if (p[1] == '\201')
			return c == 0x9f;
		return p[1] == '\200' && ((c >= 0x80 && c <= 0x8a) ||
		    c == 0xa8 || c == 0xa9 || c == 0xaf);
	default:
		return p[1] == '\200' && c == 0x80;
	}
}

/* 1 if these bytes go on with a character of UTF-8.  A line's end does not, and
 * must not be held back as part of one. */
static int
is_continued(const char *p, const char *end)
{
	while (p < end && ((unsigned char)*p & 0xc0) == 0x80)
		p++;
	return p == end;
}

/* Pass over blanks.  MAYBE: there is nothing else so far. */
static enum answer
look_blanks(struct look *k)
{
	size_t n;

	for (;;) {
		while (within(k, " \t\v\f"))
			k->at++;
		if (k->at == k->end)
			return MAYBE;
		n = wide_length(*k->at);
		if (n == 0)
			return YES;
		if (n > (size_t)(k->end - k->at))
			return is_continued(k->at + 1, k->end) ? MAYBE : YES;
		if (!is_wide_blank(k->at))
			return YES;
		k->at += n;
	}
}

/* A word in letters of any case. */
static enum answer
look_name(struct look *k, const char *word)
{
	const char *p = k->at;

	for (; *word != '\0' && p < k->end; word++, p++)
		if (ascii_lower(*p) != *word)
			return NO;
	if (*word != '\0')
		return MAYBE;
	k->at = p;
	return YES;
}

/* The properties, if there are any, and the second :: */
static enum answer
look_properties(struct look *k)
{
	if (within(k, " "))
		while (k->at < k->end && !within(k, "\r\n") &&
		    (*k->at != ':' ||
		    (k->at + 1 < k->end && k->at[1] != ':')))
			k->at++;
	return look_word(k, "::");
}

static enum answer
look_github(struct look *k)
{
	enum answer a = look_blanks(k);
	int old;                /* the form with ##[ */

	if (a != YES)
		return a;
	old = within(k, "#");
	a = look_word(k, old ? "##[" : "::");
	if (a != YES)
		return a;
	k->last = within(k, "eE");
	a = look_name(k, k->last ? "endgroup" : "group");
	if (a != YES)
		return a;
	return old ? look_word(k, "]") : look_properties(k);
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
	k->at = l->held;
	k->end = l->held + len;
	k->last = 0;
	return l->flatten == LINES_GITHUB ? look_github(k) : look_gitlab(k);
}

/* A quick look, which shows of most lines that they are no marks. */
static int
may_begin(const struct lines *l, char c)
{
	if (l->flatten == LINES_GITHUB)
		return c == ':' || c == '#' || c == ' ' || c == '\t' ||
		    c == '\v' || c == '\f' || wide_length(c) > 0;
	return c == '\033' || c == 's';
}

/*
 * GitHub: what is held could be the start of a mark that is too long.  The
 * blanks in front of it can go as they are; without any, a blank in the midst
 * of its :: makes it none.
 */
static void
mark_too_long(struct lines *l, struct out *o, size_t len)
{
	struct look k = { l->held, l->held + len, 0 };
	size_t n;

	look_blanks(&k);
	n = (size_t)(k.at - l->held);
	if (n > 0) {
		lines_put_text(l, o, l->held, n);
		l->held_len = len - n;
		memmove(l->held, k.at, l->held_len);
		l->worded = 0;
	} else {
		lines_put_text(l, o, l->held, 1);
		lines_put_text(l, o, " ", 1);
		lines_put_text(l, o, l->held + 1, len - 1);
	}
}

/* What is left of the line of a mark that was taken off: 1 when this byte of it
 * goes, too. */
static int
skip(struct lines *l, char c)
{
	if (c != '\n' && l->flatten == LINES_GITHUB && (c == ' ' || c == '\t' ||
	    c == '\r'))
		return 1;
	if (c == '\n')
		l->skipping = 0;
	return c == '\n';
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

	if (had == 0 && l->skipping && skip(l, *data))
		return 1;
	if (had == 0 && !may_begin(l, *data))
		return 0;
	memcpy(l->held + had, data, n);
	a = look_held(l, had + n, &k);
	if (a == MAYBE && had + n < sizeof l->held) {
		l->held_len = had + n;
		return n;
	}
	l->held_len = 0;
	if (a == MAYBE && l->flatten == LINES_GITHUB) {
		mark_too_long(l, o, had + n);
		return n;
	}
	if (a != YES && had > 0)
		lines_put_text(l, o, l->held, had);
	if (a != YES)
		return 0;
	/* the newline, if it comes next */
	l->skipping |= k.last && !l->inside;
	return (size_t)(k.at - l->held) - had;
}

/* --- text --- */

/* The end of a line, as those have it who look for marks; or NULL. */
static const char *
line_end(const struct lines *l, const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p)), *cr = NULL;

	if (l->flatten == LINES_GITHUB)
		cr = memchr(p, '\r', (size_t)((lf != NULL ? lf : end) - p));
	return cr != NULL ? cr : lf;
}

/* How many bytes need no change: to the end of the line or, without a tag, up
 * to the next line that may begin with a mark. */
static size_t
unchanged(const struct lines *l, const char *data, size_t len)
{
	const char *p = data, *end = data + len;

	do {
		p = line_end(l, p, end);
		if (p == NULL)
			return len;
		p++;
	} while (!tagged(l) && p < end && !may_begin(l, *p));
	return (size_t)(p - data);
}

/* Is this the start of a line, or behind the blanks there? */
static int
at_start(const struct lines *l)
{
	return l->flatten == LINES_GITHUB ? !l->worded : !l->inside;
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
		if (l->flatten != LINES_AS_IS && at_start(l))
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
	lines_let_go(l, &o, l->sharp_len);
	if (l->newline && l->inside)
		lines_put(&o, "\n", 1);
	lines_flush(&o);
	l->inside = l->skipping = l->worded = 0;
	l->held_len = 0;
}
