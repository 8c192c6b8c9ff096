/*
 * quote.h - what quotes mean to a shell, and how to put text between them
 *
 * For any POSIX shell, dash, bash, ksh, mksh and zsh among them; not for csh.
 * To insert a text into a command so that it stays one piece of data, one must
 * know what the shell is in the midst of at that place: inside double quotes
 * a word in single quotes is not quoted at all.  So the text of the command
 * is followed from its beginning.  That is no parser of the shell's language;
 * where it cannot be sure it says so, and then nothing must be inserted.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_QUOTE_H
#define XAPPLY_QUOTE_H

#include <stddef.h>

enum { QUOTE_LEVELS = 8 };      /* "$( in "$( */

/* Where a text comes to stand, or how it is changed. */
enum quote_kind {
	QUOTE_NEVER,    /* nowhere: it could not be quoted */
	QUOTE_NOT,      /* as it is */
	QUOTE_WORD,     /* outside of quotes: 'it' is a word or a part of one */
	QUOTE_SINGLE,   /* within single quotes */
	QUOTE_DOUBLE,   /* within double quotes, which are interrupted */
	QUOTE_ESCAPE    /* a backslash in front of " \ ` and $ */
};

/* What the shell is in the midst of.  Private; zero at the start. */
struct quote_state {
	unsigned char mode, back;
	unsigned char start;            /* may a word, or a comment, begin */
	unsigned char escaped;          /* the last one was a backslash */
	unsigned char last;             /* half of a pair: $ < ( */
	unsigned char cased;            /* letters of "case" seen */
	unsigned char level;            /* of "$( */
	unsigned short parens[QUOTE_LEVELS + 1];
};

/* This text of the command goes by. */
void quote_follow(struct quote_state *s, const char *text, size_t len);

/* Something quoted, perhaps nothing, will be inserted here, or a part of a
 * command that by itself is quote_same. */
void quote_inserted(struct quote_state *s, int command);

/* How a text must be quoted here. */
enum quote_kind quote_here(const struct quote_state *s);

/* Where "here" is when that was QUOTE_NEVER, for messages: "behind a
 * backslash".  NULL when a text can be quoted here. */
const char *quote_reason(const struct quote_state *s);

/* Are both inside of the same quotes, so that what follows a may follow b? */
int quote_same(const struct quote_state *a, const struct quote_state *b);

/* How many bytes longer a text gets when it is quoted. */
size_t quote_growth(const char *text, size_t len, enum quote_kind kind);

/* Write text quoted to a place of len + quote_growth bytes, whose last len
 * bytes may be the text itself.  Returns the end of what was written. */
char *quote_put(char *to, const char *text, size_t len, enum quote_kind kind);

/*
 * The words of a command that needs no shell: nothing in it but words,
 * blanks, quotes and backslashes, and the first word is a program's name, not
 * an assignment.  Nor may it be something that shells do themselves (cd, if,
 * also echo), unless builtins is not 0, for commands that are to have no
 * shell whatever it would do.  Returns a vector ended by NULL, which is to be
 * freed, its words with it; NULL with errno: EINVAL a shell is needed (or
 * there is no word at all), ENOMEM.
 */
char **quote_words(const char *text, size_t len, int builtins);

#endif
