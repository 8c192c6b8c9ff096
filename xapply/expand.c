/*
 * expand.c - templates of commands: the dicer and the mixer
 *
 * A template becomes a list of nodes: text, values and inner templates.  The
 * steps of all dicers stand in one list, the picks of all mixers in another,
 * where a group is followed by as many picks as are inside of it.
 *
 * Values are worked on at the end of the buffer that the result goes to.  A
 * dicer only ever makes a value shorter, so it works in place; a mixer appends
 * its result to the value and then takes the value out.  So no other memory is
 * needed, and nothing has a limit but the depth of recursion.  %+ may be as
 * deep as there are parameters, so it has a stack of frames instead.
 *
 * SPDX-License-Identifier: ISC
 */
#include "expand.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "quote.h"

enum {
	DEPTH_MAX = 200,        /* ( in mixers, @ in dicers */
	INNER_MAX = 1000000,    /* %+ in one expansion; some double each time */
	END = -1                /* of a template: no character */
};

enum vector { PARAMS, FILES, TOKENS };
enum choice { NOTHING, ONE, LAST, ALL, NUMBER, ORDINAL, NUMBER_SOURCE,
    TOKEN_SOURCE };

struct step {
	char separator;
	char white;             /* split at any white space instead */
	char each, drop, last;  /* @, -, $ */
	size_t field;           /* its number; 0 means 1 */
};

/* One end of a range, or a single position. */
struct position {
	size_t n;               /* from 1; 0 means 1 */
	char last, back;        /* $ or *; ~, so counted from the end */
};

struct pick {
	enum { RANGE, LITERAL, GROUP } kind;
	int fresh;              /* picks from the whole value again */
	int source;             /* a group that later picks select from */
	int single;             /* a range of position a alone */
	struct position a, b;
	size_t at, len;         /* a literal in the template; a group's len:
	                           how many picks are inside of it */
};

struct node {
	enum { TEXT, VALUE, INNER } kind;
	enum vector vector;
	enum choice choice;
	char part;              /* of the name of a file: its letter, or NUL */
	enum quote_kind quote;
	int escaped;            /* %q */
	int mixed;              /* it has a mixer, perhaps an empty one */
	size_t index;           /* ONE: from 1 */
	size_t from, len;       /* where it stands in the template */
	size_t step, steps;     /* its part of the list */
	size_t pick, picks;     /* likewise */
	struct quote_state state;       /* INNER: where it begins */
};

struct expand {
	char *copy;             /* what is freed: text, or NULL */
	const char *text;
	size_t len;
	struct expand_rules rules;
	struct expand_uses uses;
	enum quote_kind tail;   /* how parameters are appended */
	struct node *node;
	size_t nodes;
	struct step *step;
	size_t steps;
	struct pick *pick;
	size_t picks;
};

/* --- mistakes --- */

/* The errno of each kind, and its text. */
static const struct {
	int error;
	const char *format;
} faults[] = {
	[EXPAND_NO_MEMORY] = { ENOMEM, "out of memory" },
	[EXPAND_UNKNOWN] = { EINVAL, "unknown escape" },
	[EXPAND_NO_COLUMN] = { EINVAL, "no column has this name" },
	[EXPAND_UNCLOSED] = { EINVAL, "missing %c" },
	[EXPAND_NO_ITEM] = { EINVAL, "no mixer item" },
	[EXPAND_NO_POSITION] = { EINVAL, "no position behind %c" },
	[EXPAND_TOO_DEEP] = { EINVAL, "more than %d %c" },
	[EXPAND_UNQUOTABLE] = { EINVAL, "cannot be quoted %s" },
	[EXPAND_TAIL_UNQUOTABLE] = { EINVAL,
	    "parameters cannot be appended %s" },
	[EXPAND_OTHER_QUOTES] = { EINVAL,
	    "it ends in other quotes than it begins in" },
	[EXPAND_OUT_OF_RANGE] = { ERANGE,
	    "%s %zu is out of range, the limit is %zu" },
	[EXPAND_NO_FILES] = { ERANGE, "parameters come from no files" },
	[EXPAND_NO_SOURCE] = { ERANGE, "the tokens' source has no name" },
	[EXPAND_NO_VALUE] = { ERANGE, "there is no such value" },
	[EXPAND_NO_TEMPLATE] = { ERANGE,
	    "there is no parameter to be a template" },
	[EXPAND_TOO_MANY] = { E2BIG, "more than %d templates in templates" },
	[EXPAND_TOO_LONG] = { E2BIG, "it becomes longer than %zu bytes" }
};

/* Fill in kind and reason, with what the text of that kind takes, and set
 * errno.  Returns -1. */
static int
expand_fail(struct expand_error *err, enum expand_fault kind, ...)
{
	va_list ap;

	err->kind = kind;
	va_start(ap, kind);
	vsnprintf(err->reason, sizeof err->reason, faults[kind].format, ap);
	va_end(ap);
	errno = faults[kind].error;
	return -1;
}

static void
locate(struct expand_error *err, const struct expand *e, size_t from,
    size_t at, size_t param)
{
	err->text = e->text;
	err->len = e->len;
	err->from = from;
	err->at = at;
	err->param = param;
}

/* --- compiling --- */

struct parser {
	struct expand *e;
	struct expand_error *err;
	struct quote_state state;
	size_t from;            /* where the present markup begins */
	size_t at;              /* the next character */
	int depth;              /* of mixers in mixers */
};

static int
peek(const struct parser *p)
{
	return p->at < p->e->len ? (unsigned char)p->e->text[p->at] : END;
}

static int
expand_take(struct parser *p, char c)
{
	if (peek(p) != (unsigned char)c)
		return 0;
	p->at++;
	return 1;
}

/* What comes next makes no sense.  c: for the text of those kinds that name a
 * character. */
static int
unexpected(struct parser *p, enum expand_fault kind, char c)
{
	struct expand_error *err = p->err;
	int next = peek(p);
	size_t n;

	expand_fail(err, kind, c);
	n = strlen(err->reason);
	if (next == END)
		snprintf(err->reason + n, sizeof err->reason - n,
		    " at the end");
	else
		snprintf(err->reason + n, sizeof err->reason - n,
		    next < ' ' || next > '~' ? " at '\\%03o'" : " at '%c'",
		    (unsigned)next);
	return -1;
}

/* A number that is too large for size_t is read as SIZE_MAX. */
static size_t
expand_read_number(struct parser *p)
{
	size_t n = 0;
	int c;

	for (; text_is_digit(c = peek(p)); p->at++) {
		size_t d = (size_t)(c - '0');

		n = n > (SIZE_MAX - d) / 10 ? SIZE_MAX : n * 10 + d;
	}
	return n;
}

/* Make room for one more in a list of n elements, each of so many bytes.
 * Returns the list, perhaps moved; NULL when there is no memory. */
static void *
expand_more(struct expand_error *err, void *list, size_t n, size_t each)
{
	void *p = list;

	if ((n & (n - 1)) == 0) {       /* a full list has 2^i elements */
		p = NULL;
		if (n <= SIZE_MAX / 2 / each)
			p = realloc(list, (n == 0 ? 1 : 2 * n) * each);
		if (p == NULL)
			expand_fail(err, EXPAND_NO_MEMORY);
	}
	return p;
}

static struct node *
add_node(struct parser *p)
{
	struct expand *e = p->e;
	struct node *n = expand_more(p->err, e->node, e->nodes, sizeof *n);

	if (n == NULL)
		return NULL;
	e->node = n;
	n += e->nodes++;
	memset(n, 0, sizeof *n);
	n->from = p->from;
	n->quote = QUOTE_NOT;
	return n;
}

static int
add_text(struct parser *p, size_t from, size_t to)
{
	struct node *n;

	if (from == to)
		return 0;
	n = add_node(p);
	if (n == NULL)
		return -1;
	n->from = from;
	n->len = to - from;
	if (p->e->rules.quote)
		quote_follow(&p->state, p->e->text + from, n->len);
	return 0;
}

/* %0 is nothing, all other numbers are of one value. */
static void
choose_index(struct node *n, size_t index)
{
	n->index = index;
	n->choice = index == 0 ? NOTHING : ONE;
}

static int
choose_letter(struct parser *p, struct node *n)
{
	switch (peek(p)) {
	case '*':
		n->choice = ALL;
		break;
	case '$':
		n->choice = LAST;
		break;
	case 'u':
	case 'U':
		n->choice = n->vector == PARAMS ? NUMBER : NUMBER_SOURCE;
		break;
	case '#':
		n->choice = n->vector == PARAMS ? ORDINAL : NUMBER_SOURCE;
		break;
	case 't':
	case 'T':
		n->choice = TOKEN_SOURCE;
		break;
	default:
		return unexpected(p, EXPAND_UNKNOWN, 0);
	}
	p->at++;
	return 0;
}

static int
read_short(struct parser *p, struct node *n)
{
	int c = peek(p);

	if (!text_is_digit(c))
		return choose_letter(p, n);
	choose_index(n, (size_t)(c - '0'));
	p->at++;
	return 0;
}

/* Take the longest name of a column that stands here, in braces the only
 * one. */
static int
take_column(struct parser *p, struct node *n, char close)
{
	const struct expand_rules *r = &p->e->rules;
	const char *at = p->e->text + p->at;
	size_t left = p->e->len - p->at, len, best = 0, i;

	for (i = 0; i < r->names; i++) {
		len = r->name[i].len;
		if (len <= best || len >= left ||
		    memcmp(r->name[i].data, at, len) != 0 ||
		    (close == '}' && at[len] != close))
			continue;
		best = len;
		choose_index(n, i + 1);
	}
	p->at += best;
	return best > 0;
}

/* 1 if what stands in braces can be nothing but the name of a column. */
static int
is_column(const struct parser *p, char close)
{
	const struct expand *e = p->e;
	const char *at = e->text + p->at;

	return e->rules.names > 0 && close == '}' && e->len - p->at > 1 &&
	    !text_is_digit(*at) && (at[1] != close ||
	    memchr("*$uUtT#", *at, 7) == NULL);
}

static int
read_name(struct parser *p, struct node *n, char close)
{
	if (take_column(p, n, close))
		return 0;
	if (is_column(p, close))
		return expand_fail(p->err, EXPAND_NO_COLUMN);
	if (!text_is_digit(peek(p)))
		return choose_letter(p, n);
	choose_index(n, expand_read_number(p));
	return 0;
}

static struct step *
add_step(struct parser *p)
{
	struct expand *e = p->e;
	struct step *s = expand_more(p->err, e->step, e->steps, sizeof *s);

	if (s == NULL)
		return NULL;
	e->step = s;
	s += e->steps++;
	memset(s, 0, sizeof *s);
	s->field = 1;
	return s;
}

static int
read_separator(struct parser *p, struct step *s)
{
	int escaped = expand_take(p, '\\');
	int c = peek(p);

	if (c == END)
		return unexpected(p, EXPAND_UNCLOSED, ']');
	s->separator = (char)c;
	s->white = !escaped && c == ' ';
	p->at++;
	return 0;
}

static int
read_step(struct parser *p, int *depth)
{
	struct step *s = add_step(p);

	if (s == NULL || read_separator(p, s) != 0)
		return -1;
	s->each = (char)expand_take(p, '@');
	if (s->each)
		return ++*depth <= DEPTH_MAX ? 0 :
		    expand_fail(p->err, EXPAND_TOO_DEEP, DEPTH_MAX, '@');
	s->drop = (char)expand_take(p, '-');
	s->last = (char)expand_take(p, '$');
	if (!s->last && text_is_digit(peek(p)))
		s->field = expand_read_number(p);
	return 0;
}

static int
read_steps(struct parser *p, struct node *n)
{
	int depth = 0;

	n->step = p->e->steps;
	while (!expand_take(p, ']'))
		if (read_step(p, &depth) != 0)
			return -1;
	n->steps = p->e->steps - n->step;
	return 0;
}

static int
read_selector(struct parser *p, struct node *n)
{
	if (expand_take(p, '[')) {
		if (read_name(p, n, ']') != 0)
			return -1;
		return read_steps(p, n);
	}
	if (!expand_take(p, '{'))
		return read_short(p, n);
	if (read_name(p, n, '}') != 0)
		return -1;
	return expand_take(p, '}') ? 0 : unexpected(p, EXPAND_UNCLOSED, '}');
}

/* Fail if the rules say that the value of the node will not be there. */
static int
check_value(struct parser *p, const struct node *n)
{
	static const char *const kinds[] = { "parameter", "file", "token" };
	const struct expand_rules *r = &p->e->rules;
	size_t limit = n->vector == TOKENS ? r->tokens : r->params;

	if (n->choice == TOKEN_SOURCE && !r->token_source)
		return expand_fail(p->err, EXPAND_NO_SOURCE);
	if (n->choice > ALL)
		return 0;
	if (n->vector == FILES && !r->files)
		return expand_fail(p->err, EXPAND_NO_FILES);
	if (n->choice == ONE && n->index > limit)
		return expand_fail(p->err, EXPAND_OUT_OF_RANGE,
		    kinds[n->vector], n->index, limit);
	return 0;
}

static void
raise_to(size_t *highest, size_t n)
{
	if (n > *highest)
		*highest = n;
}

static void
note_use(struct expand_uses *u, const struct node *n)
{
	if (n->choice == NUMBER || n->choice == ORDINAL)
		u->number = 1;
	else if (n->choice > ALL)
		u->sources = 1;
	else if (n->vector == FILES)
		u->files = 1;
	else if (n->vector == TOKENS)
		u->tokens = 1;
	else
		u->params = 1;
	u->all |= n->choice == ALL && n->vector == PARAMS;
	u->last |= n->choice == LAST && n->vector == PARAMS;
	if (n->choice == ONE && n->vector == PARAMS)
		raise_to(&u->param, n->index);
	if (n->choice == ONE && n->vector == TOKENS)
		raise_to(&u->token, n->index);
}

/* The letter of a part of a name of a file. */
static char
read_file_part(struct parser *p)
{
	static const char parts[] = "hnmre";
	const char *c;

	for (c = parts; *c != '\0'; c++)
		if (expand_take(p, *c))
			return *c;
	return '\0';
}

static int
read_plain(struct parser *p, struct node *n)
{
	size_t at;

	n->part = read_file_part(p);
	if (expand_take(p, 'f'))
		n->vector = FILES;
	else if (expand_take(p, 't'))
		n->vector = TOKENS;
	at = p->at;
	if (read_selector(p, n) != 0)
		return -1;
	if (check_value(p, n) != 0) {
		p->at = at;
		return -1;
	}
	note_use(&p->e->uses, n);
	return 0;
}

/* --- compiling mixers --- */

/* An item of a mixer: what stands between two separators. */
struct items {
	size_t group;           /* the pick that is its group, or none */
	int selected;           /* something was, since the group if any */
	int fresh;              /* the next pick begins another item */
};

static const size_t none = SIZE_MAX;

static struct pick *
add_pick(struct parser *p, struct items *i)
{
	struct expand *e = p->e;
	struct pick *k = expand_more(p->err, e->pick, e->picks, sizeof *k);

	if (k == NULL)
		return NULL;
	e->pick = k;
	k += e->picks++;
	memset(k, 0, sizeof *k);
	k->fresh = i->fresh;
	i->fresh = 0;
	return k;
}

static void
end_item(struct items *i)
{
	i->group = none;
	i->selected = 0;
	i->fresh = 1;
}

/* What comes is picked from the item's group, if it has one. */
static void
use_group(struct parser *p, const struct items *i)
{
	if (i->group != none)
		p->e->pick[i->group].source = 1;
}

/* before: what it has to stand behind, NUL for nothing. */
static int
read_position(struct parser *p, struct position *q, char before)
{
	q->last = (char)expand_take(p, '$');
	if (q->last)
		return 0;
	if (!text_is_digit(peek(p)))
		return before == '\0' ? unexpected(p, EXPAND_NO_ITEM, 0) :
		    unexpected(p, EXPAND_NO_POSITION, before);
	q->n = expand_read_number(p);
	return 0;
}

static int
read_range_end(struct parser *p, struct position *q)
{
	q->back = (char)expand_take(p, '~');
	q->last = (char)expand_take(p, '*');
	return q->last ? 0 : read_position(p, q, '-');
}

static int
read_range(struct parser *p, struct items *i)
{
	struct pick *k;

	use_group(p, i);
	i->selected = 1;
	k = add_pick(p, i);
	if (k == NULL)
		return -1;
	k->kind = RANGE;
	k->a.back = (char)expand_take(p, '~');
	if (expand_take(p, '*')) {
		k->a.n = 1;
		k->b.back = k->a.back;
		k->b.last = 1;
		return 0;
	}
	if (read_position(p, &k->a, k->a.back ? '~' : '\0') != 0)
		return -1;
	k->single = !expand_take(p, '-');
	return k->single ? 0 : read_range_end(p, &k->b);
}

static int
expand_read_double(struct parser *p, struct pick *k)
{
	k->at = ++p->at;
	for (; peek(p) != '"'; p->at++)
		if (peek(p) == END)
			return unexpected(p, EXPAND_UNCLOSED, '"');
	k->len = p->at++ - k->at;
	return 0;
}

static int
expand_read_nested(struct parser *p, struct pick *k)
{
	size_t depth = 1;
	int c;

	k->at = ++p->at;
	for (;; p->at++) {
		c = peek(p);
		if (c == END)
			return unexpected(p, EXPAND_UNCLOSED, '\'');
		depth += c == '`';
		depth -= c == '\'';
		if (depth == 0)
			break;
	}
	k->len = p->at++ - k->at;
	return 0;
}

static int
read_literal(struct parser *p, struct items *i)
{
	struct pick *k = add_pick(p, i);

	if (k == NULL)
		return -1;
	k->kind = LITERAL;
	return peek(p) == '"' ? expand_read_double(p, k) :
	    expand_read_nested(p, k);
}

static int read_mixer(struct parser *p);

static int
read_group(struct parser *p, struct items *i)
{
	size_t index = p->e->picks;
	struct pick *k;

	if (i->selected)
		end_item(i);
	use_group(p, i);
	i->group = index;
	k = add_pick(p, i);
	if (k == NULL)
		return -1;
	k->kind = GROUP;
	if (++p->depth > DEPTH_MAX)
		return expand_fail(p->err, EXPAND_TOO_DEEP, DEPTH_MAX, '(');
	p->at++;
	if (read_mixer(p) != 0)
		return -1;
	p->depth--;
	p->e->pick[index].len = p->e->picks - index - 1;
	return 0;
}

static int
read_item(struct parser *p, struct items *i)
{
	switch (peek(p)) {
	case END:
		return unexpected(p, EXPAND_UNCLOSED, ')');
	case ',':
	case ' ':
	case '\t':
		p->at++;
		end_item(i);
		return 0;
	case '"':
	case '`':
		return read_literal(p, i);
	case '(':
		return read_group(p, i);
	default:
		return read_range(p, i);
	}
}

/* The rest of a mixer, with the ) at its end. */
static int
read_mixer(struct parser *p)
{
	struct items i;

	end_item(&i);
	while (!expand_take(p, ')'))
		if (read_item(p, &i) != 0)
			return -1;
	return 0;
}

static int
read_mixed(struct parser *p, struct node *n)
{
	if (read_plain(p, n) != 0)
		return -1;
	n->mixed = 1;
	n->pick = p->e->picks;
	if (read_mixer(p) != 0)
		return -1;
	n->picks = p->e->picks - n->pick;
	return 0;
}

/* --- compiling the whole --- */

/* 1 if the node is a number without any change: digits need no quotes, wherever
 * they stand. */
static int
is_plain_number(const struct node *n)
{
	return n->kind == VALUE && n->steps == 0 && !n->mixed && !n->part &&
	    (n->choice == NUMBER || n->choice == ORDINAL);
}

/* Find out how the value of a node is to be quoted. */
static int
choose_quotes(struct parser *p, struct node *n)
{
	if (!p->e->rules.quote) {
		n->quote = n->escaped ? QUOTE_ESCAPE : QUOTE_NOT;
		return 0;
	}
	if (n->kind == VALUE && n->choice == NOTHING && !n->mixed)
		return 0;
	n->quote = quote_here(&p->state);
	if (n->quote == QUOTE_NEVER && is_plain_number(n)) {
		n->quote = QUOTE_NOT;
		/* a digit completes what may have been half of a pair */
		quote_follow(&p->state, "0", 1);
		return 0;
	}
	if (n->quote == QUOTE_NEVER)
		return expand_fail(p->err, EXPAND_UNQUOTABLE,
		    quote_reason(&p->state));
	n->state = p->state;
	quote_inserted(&p->state, n->kind == INNER && !n->escaped);
	return 0;
}

static int
read_inner(struct parser *p, struct node *n)
{
	n->kind = INNER;
	p->e->uses.inner = 1;
	if (p->e->rules.params == 0) {
		p->at--;
		return expand_fail(p->err, EXPAND_NO_TEMPLATE);
	}
	return 0;
}

static int
read_escape(struct parser *p)
{
	struct node *n = add_node(p);
	int bad;

	if (n == NULL)
		return -1;
	n->kind = VALUE;
	n->escaped = expand_take(p, 'q');
	if (expand_take(p, '+'))
		bad = read_inner(p, n);
	else
		bad = expand_take(p, '(') ? read_mixed(p, n) : read_plain(p, n);
	if (bad)
		return -1;
	n->len = p->at - n->from;
	return choose_quotes(p, n);
}

static int
read_template(struct parser *p)
{
	const struct expand *e = p->e;
	int escape = (unsigned char)e->rules.escape;
	const char *found;
	size_t at;

	while (p->at < e->len) {
		at = p->at;
		found = escape == '\0' ? NULL :
		    memchr(e->text + at, escape, e->len - at);
		if (found == NULL) {
			p->at = e->len;
			return add_text(p, at, e->len);
		}
		p->from = (size_t)(found - e->text);
		p->at = p->from + 1;
		if (expand_take(p, e->rules.escape)) {
			if (add_text(p, at, p->from + 1) != 0)
				return -1;
		} else if (add_text(p, at, p->from) != 0 ||
		    read_escape(p) != 0) {
			return -1;
		}
	}
	return 0;
}

/* After the last node.  seen: a parameter was mentioned before this template.
 * start: the quotes that a template in a template begins in (NULL: it is none),
 * and in which it must end. */
static int
finish_template(struct parser *p, int seen, const struct quote_state *start)
{
	struct expand *e = p->e;

	p->from = p->at;
	e->uses.tail = e->rules.tail && e->rules.params > 0 && !seen &&
	    !e->uses.params && !e->uses.inner;
	e->tail = QUOTE_NOT;
	if (!e->rules.quote)
		return 0;
	if (e->uses.tail) {
		e->tail = quote_here(&p->state);
		if (e->tail == QUOTE_NEVER)
			return expand_fail(p->err, EXPAND_TAIL_UNQUOTABLE,
			    quote_reason(&p->state));
	}
	if (start != NULL && !quote_same(start, &p->state))
		return expand_fail(p->err, EXPAND_OTHER_QUOTES);
	return 0;
}

/* Compile text, which is not copied.  seen and start are for finish_template;
 * param is for *err: the number of the parameter that text is, or 0. */
static struct expand *
expand_parse(const char *text, size_t len, const struct expand_rules *rules,
    int seen, const struct quote_state *start, struct expand_error *err,
    size_t param)
{
	struct expand *e = calloc(1, sizeof *e);
	struct parser p;

	memset(&p, 0, sizeof p);
	p.e = e;
	p.err = err;
	if (start != NULL)
		p.state = *start;
	if (e == NULL) {
		expand_fail(err, EXPAND_NO_MEMORY);
		return NULL;
	}
	e->text = text;
	e->len = len;
	e->rules = *rules;
	if (read_template(&p) == 0 && finish_template(&p, seen, start) == 0)
		return e;
	locate(err, e, p.from, p.at, param);
	expand_free(e);
	return NULL;
}

struct expand *
expand_compile(const char *text, size_t len, const struct expand_rules *rules,
    struct expand_error *err)
{
	char *copy = malloc(len + 1);
	struct expand *e = NULL;
	int error;

	memset(err, 0, sizeof *err);
	if (copy == NULL) {
		expand_fail(err, EXPAND_NO_MEMORY);
	} else {
		memcpy(copy, text, len);
		e = expand_parse(copy, len, rules, 0, NULL, err, 0);
	}
	if (e != NULL) {
		e->copy = copy;
		return e;
	}
	error = errno;
	free(copy);
	err->text = text;
	err->len = len;
	errno = error;
	return NULL;
}

void
expand_free(struct expand *e)
{
	int error = errno;

	if (e != NULL) {
		free(e->node);
		free(e->step);
		free(e->pick);
		free(e->copy);
		free(e);
	}
	errno = error;
}

const struct expand_uses *
expand_uses(const struct expand *e)
{
	return &e->uses;
}

/* --- dicing --- */

struct span {
	char *p;
	size_t n;
};

/* A field of a span. */
struct field {
	size_t start, end;
	int last;               /* no other follows */
};

/* The white space of the C locale, whatever the locale is. */
static int
is_white(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int
is_separator(const struct step *s, char c)
{
	return s->white ? is_white(c) : c == s->separator;
}

static size_t
skip_white(const struct span *v, size_t at)
{
	while (at < v->n && is_white(v->p[at]))
		at++;
	return at;
}

/* The field that begins at start. */
static void
field_at(const struct span *v, const struct step *s, size_t start,
    struct field *f)
{
	const char *end;

	f->start = f->end = start;
	if (s->white) {
		while (f->end < v->n && !is_white(v->p[f->end]))
			f->end++;
		f->last = skip_white(v, f->end) == v->n;
		return;
	}
	end = start < v->n ?
	    memchr(v->p + start, s->separator, v->n - start) : NULL;
	f->end = end != NULL ? (size_t)(end - v->p) : v->n;
	f->last = end == NULL;
}

/* The field behind f, which is not the last. */
static void
field_next(const struct span *v, const struct step *s, struct field *f)
{
	field_at(v, s, s->white ? skip_white(v, f->end) : f->end + 1, f);
}

static void
field_last(const struct span *v, const struct step *s, struct field *f)
{
	f->end = v->n;
	if (s->white)
		while (f->end > 0 && is_white(v->p[f->end - 1]))
			f->end--;
	f->start = f->end;
	while (f->start > 0 && !is_separator(s, v->p[f->start - 1]))
		f->start--;
	f->last = 1;
}

/* The field that a step names; 0 if there is none. */
static int
find_field(const struct span *v, const struct step *s, struct field *f)
{
	size_t k;

	if (s->last) {
		field_last(v, s, f);
		return 1;
	}
	field_at(v, s, 0, f);
	for (k = 1; k < s->field; k++) {
		if (f->last)
			return 0;
		field_next(v, s, f);
	}
	return 1;
}

/* Take out the field and the separator behind it, or of the last field the one
 * in front of it. */
static void
drop_field(struct span *v, const struct field *f)
{
	size_t from = f->start, to = f->end;

	if (f->last && from == 0)
		return;         /* an only field stays */
	if (f->last)
		from--;
	if (to < v->n)
		to++;
	if (from == 0) {
		v->p += to;
	} else {
		memmove(v->p + from, v->p + to, v->n - to);
	}
	v->n -= to - from;
}

static void
dice(struct span *v, const struct step *s, size_t steps);

/* Results are joined in place: no field becomes longer, so none is written over
 * before it is read. */
static void
dice_each(struct span *v, const struct step *s, size_t steps)
{
	struct field f;
	struct span one;
	size_t len = 0;

	for (field_at(v, s, 0, &f);; field_next(v, s, &f)) {
		one.p = v->p + f.start;
		one.n = f.end - f.start;
		dice(&one, s + 1, steps - 1);
		memmove(v->p + len, one.p, one.n);
		len += one.n;
		if (f.last)
			break;
		v->p[len++] = s->separator;     /* at most where it was */
	}
	v->n = len;
}

static void
dice(struct span *v, const struct step *s, size_t steps)
{
	struct field f;

	for (; steps > 0; s++, steps--) {
		if (s->each) {
			dice_each(v, s, steps);
			return;
		}
		if (!find_field(v, s, &f)) {
			v->n = s->drop ? v->n : 0;
		} else if (s->drop) {
			drop_field(v, &f);
		} else {
			v->p += f.start;
			v->n = f.end - f.start;
		}
	}
}

/* --- names of files --- */

/* Where the suffix of the component from start to end begins; end: it has
 * none. */
static size_t
find_suffix(const char *p, size_t start, size_t end)
{
	size_t at = end;

	while (start < end && p[start] == '.')
		start++;
	while (at > start)
		if (p[--at] == '.')
			return at;
	return end;
}

/* The directory, which is in front of the component that begins at start. */
static struct expand_text
directory_of(const char *p, size_t start)
{
	size_t n = start;

	if (n == 0)
		return (struct expand_text){ ".", 1 };
	while (n > 1 && p[n - 1] == '/')
		n--;
	return (struct expand_text){ p, n };
}

/* What a letter takes of the name of a file; all of it for none. */
static struct expand_text
part_of(char letter, struct expand_text t)
{
	const char *p = t.len > 0 ? t.data : "";  /* it may be NULL */
	size_t end = t.len, start, suffix;

	if (letter == '\0')
		return t;
	while (end > 1 && p[end - 1] == '/')
		end--;
	for (start = end; start > 0 && p[start - 1] != '/'; )
		start--;
	if (start == end && end > 0)            /* / alone */
		return letter == 'e' ? (struct expand_text){ "", 0 } :
		    (struct expand_text){ p, end };
	suffix = find_suffix(p, start, end);
	switch (letter) {
	case 'h':
		return directory_of(p, start);
	case 'n':
		return (struct expand_text){ p + start, end - start };
	case 'm':
		return (struct expand_text){ p + start, suffix - start };
	case 'r':
		return (struct expand_text){ p, suffix };
	default:
		return (struct expand_text){ p + suffix, end - suffix };
	}
}

/* --- running --- */

/* A template that is being expanded. */
struct frame {
	const struct expand *e;
	struct expand *inner;           /* e, if it is freed with the frame */
	const struct node *outer;       /* the %+ that it stands for, or NULL */
	size_t next;                    /* node to be expanded */
	size_t start;                   /* of its result in the buffer */
	size_t shift;                   /* parameters used up as templates */
};

struct run {
	const struct expand_values *v;
	struct expand_buffer *out;
	struct expand_error *err;
	struct frame *frame;
	size_t frames;
	size_t inners;                  /* %+ so far */
	int seen;                       /* a parameter was mentioned */
	char digits[3 * sizeof(uintmax_t)];
};

/* Make room for n bytes more, and a NUL. */
static int
reserve(struct run *r, size_t n)
{
	struct expand_buffer *b = r->out;
	size_t max = b->max != 0 ? b->max : SIZE_MAX / 4, size;
	char *p;

	if (b->len > max || n > max - b->len) {
		if (b->max == 0)
			return expand_fail(r->err, EXPAND_NO_MEMORY);
		return expand_fail(r->err, EXPAND_TOO_LONG, b->max);
	}
	if (b->len + n < b->size)
		return 0;
	size = (b->len + n + 128) + b->size / 2;
	p = realloc(b->data, size);
	if (p == NULL)
		return expand_fail(r->err, EXPAND_NO_MEMORY);
	b->data = p;
	b->size = size;
	return 0;
}

static int
append(struct run *r, const char *data, size_t n)
{
	if (reserve(r, n) != 0)
		return -1;
	if (n > 0)
		memcpy(r->out->data + r->out->len, data, n);
	r->out->len += n;
	return 0;
}

static int
append_quoted(struct run *r, const struct expand_text *t, enum quote_kind kind)
{
	struct expand_buffer *b = r->out;
	size_t n = t->len + quote_growth(t->data, t->len, kind);

	if (kind == QUOTE_NOT)
		return append(r, t->data, t->len);
	if (reserve(r, n) != 0)
		return -1;
	quote_put(b->data + b->len, t->data, t->len, kind);
	b->len += n;
	return 0;
}

/* Quote all of the buffer from start on. */
static int
quote_from(struct run *r, size_t start, enum quote_kind kind)
{
	struct expand_buffer *b = r->out;
	size_t n = b->len - start, growth;

	if (kind == QUOTE_NOT)
		return 0;
	growth = quote_growth(b->data + start, n, kind);
	if (reserve(r, growth) != 0)
		return -1;
	memmove(b->data + start + growth, b->data + start, n);
	quote_put(b->data + start, b->data + start + growth, n, kind);
	b->len += growth;
	return 0;
}

/* Take n bytes out of the buffer. */
static void
cut(struct expand_buffer *b, size_t from, size_t n)
{
	memmove(b->data + from, b->data + from + n, b->len - from - n);
	b->len -= n;
}

/* --- mixing --- */

/* Part of the buffer. */
struct region {
	size_t at, len;
};

/* A position counted from 1; it may be beyond the end of the len characters. */
static size_t
locate_position(const struct position *p, size_t len)
{
	size_t n = p->last ? len : p->n > 0 ? p->n : 1;

	if (p->back)
		n = n < len ? len + 1 - n : 1;
	return n;
}

static int
append_range(struct run *r, const struct region *v, const struct pick *k)
{
	size_t a, b, n;
	const char *from;
	char *to;

	a = locate_position(&k->a, v->len);
	b = k->single ? a : locate_position(&k->b, v->len);
	if (v->len == 0 || (a > v->len && b > v->len))
		return 0;
	a = a > v->len ? v->len : a;
	b = b > v->len ? v->len : b;
	n = (a < b ? b - a : a - b) + 1;
	if (reserve(r, n) != 0)
		return -1;
	from = r->out->data + v->at + a - 1;
	to = r->out->data + r->out->len;
	r->out->len += n;
	if (a <= b)
		memcpy(to, from, n);
	else
		while (n-- > 0)
			*to++ = *from--;
	return 0;
}

/* Append a copy of a part of the buffer.  Room is made first, as that may move
 * the buffer. */
static int
append_region(struct run *r, const struct region *v)
{
	if (reserve(r, v->len) != 0)
		return -1;
	return append(r, r->out->data + v->at, v->len);
}

/*
 * now is what is picked from at the moment: the whole value, or a group, which
 * stands in the buffer behind the results so far and is taken out when the next
 * picks are not from it.
 */
static int
is_group(const struct region *whole, const struct region *now)
{
	return now->at != whole->at || now->len != whole->len;
}

static void
drop_group(struct run *r, const struct region *whole, struct region *now)
{
	if (is_group(whole, now))
		cut(r->out, now->at, now->len);
	*now = *whole;
}

static int mix(struct run *r, const struct expand *e,
    const struct region *whole, const struct pick *k, size_t picks);

static int
mix_group(struct run *r, const struct expand *e, const struct region *whole,
    struct region *now, const struct pick *k)
{
	struct region group;

	group.at = r->out->len;
	if (mix(r, e, now, k + 1, k->len) != 0)
		return -1;
	group.len = r->out->len - group.at;
	if (!k->source)
		return 0;
	if (is_group(whole, now))
		group.at -= now->len;
	drop_group(r, whole, now);
	*now = group;
	return 0;
}

/* Append what the picks make of the value in whole. */
static int
mix(struct run *r, const struct expand *e, const struct region *whole,
    const struct pick *k, size_t picks)
{
	const struct pick *end;
	struct region now = *whole;
	int bad = 0;

	if (picks == 0)
		return append_region(r, whole);
	end = k + picks;
	for (; k < end && !bad; k += k->kind == GROUP ? k->len + 1 : 1) {
		if (k->fresh)
			drop_group(r, whole, &now);
		if (k->kind == RANGE)
			bad = append_range(r, &now, k);
		else if (k->kind == LITERAL)
			bad = append(r, e->text + k->at, k->len);
		else
			bad = mix_group(r, e, whole, &now, k);
	}
	drop_group(r, whole, &now);
	return bad;
}

/* --- values --- */

/* The texts that a node can choose from, without those used up as
 * templates. */
static const struct expand_text *
vector(const struct run *r, size_t shift, const struct node *n, size_t *count)
{
	const struct expand_values *v = r->v;
	const struct expand_text *list = n->vector == PARAMS ? v->param :
	    n->vector == FILES ? v->file : v->token;
	size_t all = n->vector == TOKENS ? v->tokens : v->params;

	*count = all > shift ? all - shift : 0;
	return *count > 0 ? list + shift : NULL;
}

/* 1 if the value is not there, though the rules promised it. */
static int
is_missing(const struct run *r, size_t shift, const struct node *n)
{
	size_t count;

	if (n->choice == TOKEN_SOURCE)
		return r->v->token_source.data == NULL;
	if (n->choice > ALL)
		return 0;
	if (n->vector == FILES && r->v->file == NULL)
		return 1;
	if (n->choice != ONE)
		return 0;
	vector(r, shift, n, &count);
	return n->index > count;
}

/* first: the number of the first task. */
static void
spell_number(struct run *r, unsigned first, struct expand_text *t)
{
	char *end = r->digits + sizeof r->digits, *p = end;
	uintmax_t n = r->v->number + first;

	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	t->data = p;
	t->len = (size_t)(end - p);
}

/* The single text that a node chooses; 1 if there is none: it is %0, or %$ of
 * nothing. */
static int
expand_choose(struct run *r, size_t shift, const struct node *n,
    struct expand_text *t)
{
	const struct expand_text *list;
	size_t count;

	t->data = "";
	t->len = 0;
	switch (n->choice) {
	case NUMBER:
	case ORDINAL:
		spell_number(r, n->choice == ORDINAL, t);
		return 0;
	case NUMBER_SOURCE:
		*t = r->v->number_source;
		return 0;
	case TOKEN_SOURCE:
		*t = r->v->token_source;
		return 0;
	default:
		break;
	}
	list = vector(r, shift, n, &count);
	if (n->choice == NOTHING || (n->choice == LAST && count == 0))
		return 1;
	*t = list[n->choice == LAST ? count - 1 : n->index - 1];
	return 0;
}

/* Append all texts with blanks in between.  Each text is quoted by itself, so
 * the blanks separate words unless the template has them in its own quotes. */
static int
append_all(struct run *r, const struct expand_text *list, size_t count,
    char part, enum quote_kind kind)
{
	struct expand_text t;
	size_t i;

	for (i = 0; i < count; i++) {
		if (i > 0 && append(r, " ", 1) != 0)
			return -1;
		t = part_of(part, list[i]);
		if (append_quoted(r, &t, kind) != 0)
			return -1;
	}
	return 0;
}

/* The value that the dicer and the mixer start from. */
static int
append_value(struct run *r, size_t shift, const struct node *n,
    enum quote_kind kind)
{
	const struct expand_text *list;
	struct expand_text t;
	char part = n->steps == 0 ? n->part : '\0';
	size_t count;

	if (n->choice == ALL) {
		list = vector(r, shift, n, &count);
		return append_all(r, list, count, part, kind);
	}
	if (expand_choose(r, shift, n, &t))
		return 0;
	t = part_of(part, t);
	return append_quoted(r, &t, kind);
}

/* Room is there for the one byte that no directory becomes. */
static void
dice_from(struct run *r, size_t start, const struct step *s,
    const struct node *n)
{
	struct expand_buffer *b = r->out;
	struct expand_text t;
	struct span v;

	v.p = b->data + start;
	v.n = b->len - start;
	dice(&v, s, n->steps);
	t = part_of(n->part, (struct expand_text){ v.p, v.n });
	memmove(b->data + start, t.data, t.len);
	b->len = start + t.len;
}

/* 1 if the node chooses a parameter that this task need not have. */
static int
is_absent(const struct run *r, const struct frame *f, const struct node *n)
{
	size_t count;

	if (!f->e->rules.fewer || n->choice != ONE || n->vector == TOKENS ||
	    (n->vector == FILES && r->v->file == NULL))
		return 0;
	vector(r, f->shift, n, &count);
	return n->index > count;
}

/* 1 if the node chooses no text at all, not even an empty one to be quoted. */
static int
is_nothing(const struct run *r, size_t shift, const struct node *n)
{
	size_t count;

	if (n->mixed || n->choice > ALL || n->choice == ONE)
		return 0;
	vector(r, shift, n, &count);
	return n->choice == NOTHING || count == 0;
}

static int
expand_value(struct run *r, const struct frame *f, const struct node *n)
{
	const struct expand *e = f->e;
	struct region v;

	if (n->vector == PARAMS && n->choice <= ALL)
		r->seen = 1;
	if (is_absent(r, f, n))
		return 0;
	if (is_missing(r, f->shift, n))
		return expand_fail(r->err, EXPAND_NO_VALUE);
	if (n->steps == 0 && !n->mixed)
		return append_value(r, f->shift, n, n->quote);
	if (is_nothing(r, f->shift, n))
		return 0;
	v.at = r->out->len;
	if (reserve(r, 1) != 0 ||
	    append_value(r, f->shift, n, QUOTE_NOT) != 0)
		return -1;
	if (n->steps > 0)
		dice_from(r, v.at, e->step + n->step, n);
	if (n->mixed) {
		v.len = r->out->len - v.at;
		if (mix(r, e, &v, n->picks > 0 ? e->pick + n->pick : NULL,
		    n->picks) != 0)
			return -1;
		cut(r->out, v.at, v.len);
	}
	return quote_from(r, v.at, n->quote);
}

/* --- frames --- */

static int
expand_push(struct run *r, const struct expand *e, size_t shift)
{
	struct frame *f = expand_more(r->err, r->frame, r->frames, sizeof *f);

	if (f == NULL)
		return -1;
	r->frame = f;
	f += r->frames++;
	memset(f, 0, sizeof *f);
	f->e = e;
	f->start = r->out->len;
	f->shift = shift;
	return 0;
}

/* The rules for a template in a template, which has one parameter less. */
static void
derive_rules(const struct run *r, const struct frame *f,
    struct expand_rules *rules)
{
	*rules = f->e->rules;
	rules->params = r->v->params - f->shift - 1;
	rules->files = r->v->file != NULL;
	rules->tokens = r->v->tokens > f->shift + 1 ?
	    r->v->tokens - f->shift - 1 : 0;
	rules->token_source = r->v->token_source.data != NULL;
	rules->names = 0;       /* they are of the outer ones */
}

/* Begin %+: the parameter is a template.  Behind %q it is a command of its own,
 * else it begins in the quotes of the outer template. */
static int
begin_inner(struct run *r, const struct node *n)
{
	struct frame *f = &r->frame[r->frames - 1];
	const struct expand_text *t;
	struct expand_rules rules;
	struct expand *e;

	if (f->shift >= r->v->params)
		return expand_fail(r->err, EXPAND_NO_TEMPLATE);
	if (r->inners++ == INNER_MAX)
		return expand_fail(r->err, EXPAND_TOO_MANY, INNER_MAX);
	t = r->v->param + f->shift;
	derive_rules(r, f, &rules);
	e = expand_parse(t->data, t->len, &rules, r->seen,
	    n->escaped ? NULL : &n->state, r->err, f->shift + 1);
	if (e == NULL)
		return -1;
	if (expand_push(r, e, f->shift + 1) != 0) {
		expand_free(e);
		return -1;
	}
	f = &r->frame[r->frames - 1];
	f->inner = e;
	f->outer = n;
	return 0;
}

static int
append_tail(struct run *r, const struct frame *f)
{
	struct expand_buffer *b = r->out;
	size_t count = r->v->params - f->shift;

	if (!f->e->uses.tail || count == 0)
		return 0;
	if (b->len > f->start && !is_white(b->data[b->len - 1]) &&
	    append(r, " ", 1) != 0)
		return -1;
	return append_all(r, r->v->param + f->shift, count, '\0', f->e->tail);
}

static int
end_frame(struct run *r)
{
	struct frame *f = &r->frame[r->frames - 1];

	if (append_tail(r, f) != 0)
		return -1;
	if (f->outer != NULL && f->outer->escaped &&
	    quote_from(r, f->start, f->outer->quote) != 0)
		return -1;
	expand_free(f->inner);
	r->frames--;
	return 0;
}

static int
expand_node(struct run *r, struct frame *f, const struct node *n)
{
	switch (n->kind) {
	case TEXT:
		return append(r, f->e->text + n->from, n->len);
	case VALUE:
		return expand_value(r, f, n);
	case INNER:
		break;
	}
	return begin_inner(r, n);
}

/* Note for the error where it happened, unless expand_parse has done so. */
static void
locate_node(struct run *r, const struct frame *f)
{
	const struct expand *e = f->e;
	const struct node *n;

	if (r->err->text != NULL)
		return;
	if (f->next > e->nodes) {       /* in the tail */
		locate(r->err, e, e->len, e->len, f->shift);
		return;
	}
	n = e->node + f->next - 1;
	locate(r->err, e, n->from, n->from + n->len, f->shift);
}

static int
expand_frames(struct run *r)
{
	struct frame *f;
	int bad = 0;

	while (!bad && r->frames > 0) {
		f = &r->frame[r->frames - 1];
		if (f->next++ < f->e->nodes)
			bad = expand_node(r, f, f->e->node + f->next - 1);
		else
			bad = end_frame(r);
	}
	if (bad)
		locate_node(r, &r->frame[r->frames - 1]);
	return bad;
}

int
expand_run(const struct expand *e, const struct expand_values *v,
    struct expand_buffer *out, struct expand_error *err)
{
	size_t len = out->len;
	struct run r;
	int bad, error;

	memset(&r, 0, sizeof r);
	r.v = v;
	r.out = out;
	r.err = err;
	err->text = NULL;
	bad = expand_push(&r, e, 0) != 0 || reserve(&r, 0) != 0 ||
	    expand_frames(&r) != 0;
	error = errno;
	if (bad && err->text == NULL)
		locate(err, e, 0, 0, 0);
	while (r.frames > 0)
		expand_free(r.frame[--r.frames].inner);
	free(r.frame);
	if (bad)
		out->len = len;
	if (out->size > out->len)
		out->data[out->len] = '\0';
	errno = error;
	return bad ? -1 : 0;
}

/* --- how long it will be --- */

static size_t
growth_of(const struct expand_text *t, char part, enum quote_kind kind)
{
	struct expand_text p = part_of(part, *t);

	return 1 + p.len + (kind == QUOTE_NOT ? 0 :
	    quote_growth(p.data, p.len, kind));
}

size_t
expand_growth(const struct expand *e, const struct expand_text *param,
    const struct expand_text *file)
{
	const struct node *n;
	size_t sum = 0;

	for (n = e->node; n < e->node + e->nodes; n++) {
		if (n->kind == VALUE && n->choice == ALL &&
		    n->vector != TOKENS)
			sum += growth_of(n->vector == PARAMS ? param : file,
			    n->part, n->quote);
		else if (n->kind == INNER)
			sum += growth_of(param, '\0', QUOTE_NOT);
	}
	return sum + (e->uses.tail ? growth_of(param, '\0', e->tail) : 0);
}
