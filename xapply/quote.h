/*
 * quote.h - what quotes mean to a shell, and how to put text between them
 *
 * For any POSIX shell, dash, bash, ksh, mksh and zsh among them; not for csh.
 * To insert a text into a command so that it stays one piece of data, one must
 * know what the shell is in the midst of at that place: inside double quotes
 * a word in single quotes is not quoted at all.  So the text of the command
 * is followed from its beginning.  This is no parser of the shell's language:
 * where it is not sure it says QUOTE_NEVER, and nothing must be inserted.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_QUOTE_H
#define XAPPLY_QUOTE_H

#include <stddef.h>

enum { QUOTE_LEVELS = 8 };      /* how deep "$( in "$( is followed */

/* How a text is quoted, which depends on where it is inserted. */
enum quote_kind {
	QUOTE_NEVER,    /* it cannot be quoted there */
	QUOTE_NOT,      /* not at all */
	QUOTE_WORD,     /* outside of quotes: 'text', a word or part of one */
	QUOTE_SINGLE,   /* within single quotes: its ' become '\'' */
	QUOTE_DOUBLE,   /* within double quotes: "'text'", which ends them first
	                   and begins them anew */
	QUOTE_ESCAPE    /* a backslash in front of " \ ` and $ */
};

/* What the shell is in the midst of.  Private; zero at the start. */
struct quote_state {
	unsigned char mode, back;       /* back: the mode it returns to */
	unsigned char start;            /* if a word, or a comment, may begin */
	unsigned char escaped;          /* a backslash comes before */
	unsigned char last;             /* first half of a pair, or 0: $ < ( */
	unsigned char cased;            /* letters of "case" so far */
	unsigned char level;            /* how deep in "$( */
	unsigned short parens[QUOTE_LEVELS + 1];  /* open ones, by level */
};

/* The command goes on with this text. */
void quote_follow(struct quote_state *s, const char *text, size_t len);

/* The command goes on with something unknown, perhaps nothing: a quoted text,
 * or, with command, a part of a command that ends in the quotes in which it
 * begins (see quote_same). */
void quote_inserted(struct quote_state *s, int command);

/* How a text must be quoted here. */
enum quote_kind quote_here(const struct quote_state *s);

/* Where "here" is when that was QUOTE_NEVER, for messages: "behind a
 * backslash".  NULL when a text can be quoted here. */
const char *quote_reason(const struct quote_state *s);

/* 1 if both are within the same quotes, so that text that may follow a may
 * follow b as well. */
int quote_same(const struct quote_state *a, const struct quote_state *b);

/* By how many bytes quoting makes a text longer. */
size_t quote_growth(const char *text, size_t len, enum quote_kind kind);

/* Write a text quoted.  to has len + quote_growth bytes, of which the last len
 * may be the text itself.  Returns the end of what was written. */
char *quote_put(char *to, const char *text, size_t len, enum quote_kind kind);

/*
 * The words of a command that needs no shell: it has nothing but words, blanks,
 * quotes and backslashes, and begins with the name of a program, not with an
 * assignment.  The name must not be one that shells implement themselves (cd,
 * if, also echo), unless builtins is not 0: then it is taken for a program's.
 * Returns a vector ended by NULL, one allocation with its words, which the
 * caller frees; NULL with errno: EINVAL a shell is needed (or there is no word
 * at all), ENOMEM.
 */
char **quote_words(const char *text, size_t len, int builtins);

#endif
