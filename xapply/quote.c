/*
 * quote.c - what quotes mean to a shell, and how to put text between them
 *
 * Outside of all quotes $( and ) change nothing: quotes in a command
 * substitution are those of any command.  So levels count only from "$( on,
 * where ) leads back into the double quotes.  All that could make ) or a quote
 * mean something else (case in there, comments in parentheses), and all that
 * has rules of its own (a here-document, $'...', quotes within ` ` or ${ }),
 * leads to LOST, for the rest of the command.  When in doubt, be LOST: that is
 * the only safe mistake.  tests/expand.c compares with real shells.
 *
 * SPDX-License-Identifier: ISC
 */
#include "quote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum mode { PLAIN, SINGLE, DOUBLE, COMMENT, BRACE, TICK, ARITHMETIC, LOST };
enum start { YES, NO, MAYBE };  /* of a word: may # begin a comment? */

/* --- following a command --- */

static void
enter(struct quote_state *s, enum mode mode, enum mode back)
{
	s->mode = (unsigned char)mode;
	s->back = (unsigned char)back;
	s->start = NO;
	s->last = s->cased = 0;
}

static void
lose(struct quote_state *s)
{
	enter(s, LOST, LOST);
}

/* Where ) is counted, "case" is watched for: its patterns end in a ) that no (
 * has opened. */
static void
watch_case(struct quote_state *s, char c)
{
	static const char word[] = "case";

	if (c == word[s->cased])
		s->cased++;
	else
		s->cased = c == word[0];
	if (s->cased == sizeof word - 1)
		lose(s);
}

/* The second ( of a pair.  In arithmetic a single quote does not quote.  Two
 * subshells, which look the same, end at the same place. */
static void
open_arithmetic(struct quote_state *s)
{
	enum mode back = PLAIN;

	if (s->parens[s->level] > 0) {
		s->parens[s->level]--;
	} else {
		s->level--;     /* the first ( was that of "$( */
		back = DOUBLE;
	}
	if (s->level == QUOTE_LEVELS) {
		lose(s);
		return;
	}
	enter(s, ARITHMETIC, back);
	s->parens[s->level + 1] = 2;    /* the next level is not in use */
}

static void
open_paren(struct quote_state *s, char before)
{
	if (before == '(') {
		open_arithmetic(s);
		return;
	}
	if (++s->parens[s->level] == (unsigned short)-1) {
		lose(s);
		return;
	}
	s->last = '(';
	s->start = YES;
}

/* Behind ) the word may go on: $(a)#b has no comment. */
static void
close_paren(struct quote_state *s)
{
	s->start = MAYBE;
	if (s->parens[s->level] > 0) {
		s->parens[s->level]--;
	} else if (s->level > 0) {
		s->level--;
		enter(s, DOUBLE, PLAIN);
	}
}

/* "$( within double quotes: a command of its own begins. */
static void
open_level(struct quote_state *s)
{
	if (s->level == QUOTE_LEVELS) {
		lose(s);
		return;
	}
	s->parens[++s->level] = 0;
	enter(s, PLAIN, PLAIN);
	s->last = '(';
	s->start = YES;
}

/* A dollar with c behind it, where that means the same within double quotes and
 * outside.  1 if nothing else is to be done about c. */
static int
behind_dollar(struct quote_state *s, char c)
{
	if (c == '{')
		enter(s, BRACE, s->mode);
	else if (c == '[' || (c == '\'' && s->mode == PLAIN))
		lose(s);
	else if (c == '$')
		s->start = NO;  /* $$ is complete */
	else
		return 0;
	return 1;
}

/* Whether a word may begin behind c.  In some locales other characters are
 * blanks, too. */
static enum start
start_behind(char c)
{
	if (c == ' ' || c == '\t' || c == '\n' || c == ';' || c == '&' ||
	    c == '|' || c == '<' || c == '>')
		return YES;
	return c > ' ' && c < 0x7f ? NO : MAYBE;
}

/* # begins a comment; but perhaps not in parentheses, which may be a pattern of
 * zsh. */
static void
comment(struct quote_state *s)
{
	if (s->start == NO)
		return;
	if (s->start == MAYBE || s->level > 0 || s->parens[0] > 0)
		lose(s);
	else
		enter(s, COMMENT, PLAIN);
}

static void
follow_plain(struct quote_state *s, char c, char before)
{
	switch (c) {
	case '\'':
		enter(s, SINGLE, PLAIN);
		return;
	case '"':
		enter(s, DOUBLE, PLAIN);
		return;
	case '`':
		enter(s, TICK, PLAIN);
		return;
	case '(':
		open_paren(s, before);
		return;
	case ')':
		close_paren(s);
		return;
	case '#':
		comment(s);
		return;
	case '<':
		if (before == '<') {
			lose(s);
			return;
		}
		/* fall through */
	case '$':
		s->last = (unsigned char)c;
		break;
	}
	s->start = (unsigned char)start_behind(c);
	if (s->level > 0)
		watch_case(s, c);
}

static void
follow_double(struct quote_state *s, char c, char before)
{
	if (c == '"')
		enter(s, PLAIN, PLAIN);
	else if (c == '`')
		enter(s, TICK, DOUBLE);
	else if (c == '(' && before == '$')
		open_level(s);
	else if (c == '$')
		s->last = '$';
}

/* Digits, names and operators are followed; more than that is not. */
static void
follow_arithmetic(struct quote_state *s, char c, char before)
{
	unsigned short *open = &s->parens[s->level + 1];

	if (strchr("\\'\"`#{[", c) != NULL || (c == '<' && before == '<') ||
	    *open == (unsigned short)-1) {
		lose(s);
		return;
	}
	if (c == '<')
		s->last = '<';
	*open += c == '(';
	*open -= c == ')';
	watch_case(s, c);
	if (*open == 0) {
		enter(s, s->back, PLAIN);
		s->start = MAYBE;
	}
}

static void
follow_inside(struct quote_state *s, char c)
{
	static const char strange[] = "\\'\"$`{ \t\n(|;&<>";

	if (s->mode == BRACE && c == '}')
		enter(s, s->back, PLAIN);
	else if (s->mode == TICK && c == '`')
		enter(s, s->back, PLAIN);
	else if (strchr(s->mode == BRACE ? strange : "\\'\"", c) != NULL)
		lose(s);
}

static void
follow_command(struct quote_state *s, char c)
{
	char before = (char)s->last;

	if (s->escaped) {
		s->escaped = 0;
		if (c == '\n')  /* the shell removes both */
			return;
		s->last = s->cased = 0;
		s->start = NO;
		return;
	}
	if (c == '\\') {
		s->escaped = 1;
		return;
	}
	s->last = 0;
	if (before == '$' && behind_dollar(s, c))
		return;
	if (s->mode == PLAIN)
		follow_plain(s, c, before);
	else
		follow_double(s, c, before);
}

static void
follow_one(struct quote_state *s, char c)
{
	char before = (char)s->last;

	switch (s->mode) {
	case PLAIN:
	case DOUBLE:
		follow_command(s, c);
		return;
	case SINGLE:
		if (c == '\'')
			enter(s, PLAIN, PLAIN);
		return;
	case COMMENT:
		if (c == '\n') {
			enter(s, PLAIN, PLAIN);
			s->start = YES;
		}
		return;
	case ARITHMETIC:
		s->last = 0;
		follow_arithmetic(s, c, before);
		return;
	case BRACE:
	case TICK:
		follow_inside(s, c);
		return;
	}
}

/* strchr above would find a NUL in every string; no command has one. */
void
quote_follow(struct quote_state *s, const char *text, size_t len)
{
	for (; len > 0 && s->mode != LOST; text++, len--)
		if (*text != '\0')
			follow_one(s, *text);
		else
			lose(s);
}

/* What is inserted may be empty: then what stood before it is in front of what
 * comes next. */
void
quote_inserted(struct quote_state *s, int command)
{
	if (command || s->start == YES)
		s->start = MAYBE;
}

const char *
quote_reason(const struct quote_state *s)
{
	static const char *const reasons[LOST + 1] = {
		[COMMENT] = "in a comment", [BRACE] = "within ${ }",
		[TICK] = "within backquotes",
		[ARITHMETIC] = "in arithmetic",
		[LOST] = "behind constructs that are too involved",
	};

	if (s->escaped)
		return "behind a backslash";
	if (s->last == '$')
		return "behind a $";
	return reasons[s->mode];
}

enum quote_kind
quote_here(const struct quote_state *s)
{
	/* all others are 0, which is QUOTE_NEVER */
	static const enum quote_kind kinds[LOST + 1] = {
		[PLAIN] = QUOTE_WORD, [SINGLE] = QUOTE_SINGLE,
		[DOUBLE] = QUOTE_DOUBLE,
	};

	return s->escaped || s->last == '$' ? QUOTE_NEVER : kinds[s->mode];
}

int
quote_same(const struct quote_state *a, const struct quote_state *b)
{
	size_t i;

	for (i = 0; i <= a->level; i++)
		if (a->parens[i] != b->parens[i])
			return 0;
	return a->mode == b->mode && a->back == b->back &&
	    a->level == b->level && !b->escaped &&
	    (b->last == 0 || b->last == a->last) &&
	    (b->cased == 0 || b->cased == a->cased);
}

/* --- quoting --- */

static int
needs_backslash(char c)
{
	return c == '"' || c == '\\' || c == '`' || c == '$';
}

size_t
quote_growth(const char *text, size_t len, enum quote_kind kind)
{
	const char *end = len > 0 ? text + len : text;  /* it may be NULL */
	size_t n = 0;

	if (kind <= QUOTE_NOT)
		return 0;
	if (kind == QUOTE_ESCAPE) {
		for (; text < end; text++)
			n += needs_backslash(*text);
		return n;
	}
	for (; text < end; text++)
		n += *text == '\'';
	return 3 * n + (kind == QUOTE_WORD ? 2 : kind == QUOTE_DOUBLE ? 4 : 0);
}

static char *
quote_append(char *to, const char *text)
{
	size_t n = strlen(text);

	memcpy(to, text, n);
	return to + n;
}

/* text may be the end of to.  Each byte is read before its result is written,
 * and the result never reaches the next byte: between the two lies all the
 * growth that is still to come. */
char *
quote_put(char *to, const char *text, size_t len, enum quote_kind kind)
{
	const char *end = len > 0 ? text + len : text;

	if (kind <= QUOTE_NOT) {
		memmove(to, text, len);
		return to + len;
	}
	if (kind == QUOTE_DOUBLE || kind == QUOTE_WORD)
		to = quote_append(to, kind == QUOTE_WORD ? "'" : "\"'");
	for (; text < end; text++) {
		char c = *text;

		if (kind == QUOTE_ESCAPE && needs_backslash(c))
			*to++ = '\\';
		if (kind != QUOTE_ESCAPE && c == '\'')
			to = quote_append(to, "'\\'");
		*to++ = c;
	}
	if (kind == QUOTE_DOUBLE || kind == QUOTE_WORD)
		to = quote_append(to, kind == QUOTE_WORD ? "'" : "'\"");
	return to;
}

/* --- words without a shell --- */

/* Words that a shell handles itself, or not as the program of that name does;
 * in the order of strcmp. */
static const char *const builtin[] = {
	"!", ".", ":", "[", "[[", "alias", "autoload", "bg", "bind", "break",
	"builtin", "caller", "case", "cd", "chdir", "command", "compgen",
	"complete", "continue", "coproc", "declare", "dirs", "disown", "do",
	"done", "echo", "elif", "else", "enable", "esac", "eval", "exec",
	"exit", "export", "false", "fc", "fg", "fi", "for", "foreach",
	"function", "getopts", "hash", "help", "history", "if", "in", "jobs",
	"kill", "let", "limit", "local", "logout", "mapfile", "namespace",
	"nocorrect", "noglob", "popd", "print", "printf", "pushd", "pwd",
	"read", "readarray", "readonly", "rehash", "repeat", "return",
	"select", "set", "setopt", "shift", "shopt", "source", "suspend",
	"test", "then", "time", "times", "trap", "true", "type", "typeset",
	"ulimit", "umask", "unalias", "unlimit", "unset", "until", "wait",
	"whence", "where", "which", "while", "{", "}",
};

static int
compare(const void *key, const void *entry)
{
	const char *const *e = entry;

	return strcmp(key, *e);
}

/* Bytes beyond ASCII are blanks in no locale in which shells are used. */
static int
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    text_is_digit(c) || (unsigned char)c >= 0x80 ||
	    (c != '\0' && strchr("_-./:,+@%=", c) != NULL);
}

/* Go on behind plain characters.  A batch has millions of them, so what they
 * are is asked once. */
static const char *
skip_plain(const char *at, const char *end)
{
	static char known, plain[256];
	size_t i;

	for (i = 0; !known && i < sizeof plain; i++)
		plain[i] = (char)is_plain((char)i);
	known = 1;
	while (at < end && plain[(unsigned char)*at])
		at++;
	return at;
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A command on its way into words. */
struct reader {
	const char *at, *end;
	char *to;               /* NULL: only count */
	size_t words, bytes;
};

static void
quote_give(struct reader *r, const char *data, size_t n)
{
	if (r->to != NULL)
		memcpy(r->to + r->bytes, data, n);
	r->bytes += n;
}

static int
read_single(struct reader *r)
{
	const char *close = memchr(r->at, '\'', (size_t)(r->end - r->at));

	if (close == NULL)
		return -1;
	quote_give(r, r->at, (size_t)(close - r->at));
	r->at = close + 1;
	return 0;
}

static int
quote_read_double(struct reader *r)
{
	for (; r->at < r->end && *r->at != '"'; r->at++) {
		if (*r->at == '$' || *r->at == '`')
			return -1;
		if (*r->at == '\\') {
			if (r->end - r->at < 2 || r->at[1] == '\n')
				return -1;
			if (needs_backslash(r->at[1]))
				r->at++;
			else
				quote_give(r, r->at++, 1);
		}
		quote_give(r, r->at, 1);
	}
	return r->at++ < r->end ? 0 : -1;
}

static int
read_escaped(struct reader *r)
{
	if (r->at == r->end || *r->at == '\n')
		return -1;
	quote_give(r, r->at++, 1);
	return 0;
}

static int
read_word(struct reader *r)
{
	const char *from;
	int bad = 0;

	while (!bad && r->at < r->end && !is_blank(*r->at)) {
		if (*r->at == '=')      /* zsh: =ls is the path of ls */
			return -1;
		from = r->at;
		r->at = skip_plain(from, r->end);
		if (r->at > from) {
			quote_give(r, from, (size_t)(r->at - from));
			continue;
		}
		switch (*r->at++) {
		case '\'':
			bad = read_single(r);
			break;
		case '"':
			bad = quote_read_double(r);
			break;
		case '\\':
			bad = read_escaped(r);
			break;
		default:
			return -1;
		}
	}
	quote_give(r, "", 1);
	return bad;
}

/* Write all words to to, one behind the other, each with a NUL, or with NULL
 * count their bytes. */
static int
read_words(struct reader *r, const char *text, size_t len, char *to)
{
	r->at = text;
	r->end = text + len;
	r->to = to;
	r->words = r->bytes = 0;
	for (;;) {
		while (r->at < r->end && is_blank(*r->at))
			r->at++;
		if (r->at == r->end)
			return r->words > 0 ? 0 : -1;
		r->words++;
		if (read_word(r) != 0)
			return -1;
	}
}

static int
is_program(const char *word, int builtins)
{
	if (*word == '\0' || strchr(word, '=') != NULL)
		return 0;
	return builtins || bsearch(word, builtin,
	    sizeof builtin / sizeof *builtin, sizeof *builtin,
	    compare) == NULL;
}

char **
quote_words(const char *text, size_t len, int builtins)
{
	struct reader r;
	char **argv, *p;
	size_t i;

	if (read_words(&r, text, len, NULL) != 0)
		goto none;
	argv = malloc((r.words + 1) * sizeof *argv + r.bytes);
	if (argv == NULL)
		return NULL;
	p = (char *)(argv + r.words + 1);
	read_words(&r, text, len, p);
	for (i = 0; i < r.words; i++, p += strlen(p) + 1)
		argv[i] = p;
	argv[i] = NULL;
	if (is_program(argv[0], builtins))
		return argv;
	free(argv);
none:
	errno = EINVAL;
	return NULL;
}
