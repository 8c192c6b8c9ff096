/*
 * style.h - how a section is to look, and the options that say so
 *
 * xclate reads these options from its command line; a program that writes
 * sections of its own reads them from $XCLATE, as xclate's client would.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_STYLE_H
#define WIRE_STYLE_H

#include <stddef.h>

struct style {
	const char *title, *rule; /* NULL: the master's; "": none */
	char *tag;                /* in front of each line, with the TAB that
	                             ends it; allocated; NULL: none */
	int tag_colour;           /* it is in colour, at a terminal */
	char escape;              /* the escape character in these three */
	int has_cap;              /* else the master's cap counts */
	size_t cap;               /* bytes held in memory */
	int squeeze;              /* nothing is written for a section without
	                             data */
	int quick;                /* the same if it has no title and no rule */
	int newline;              /* it ends with a newline */
	int whole;                /* no turn before all is there */
	int lines;                /* a turn for each batch of lines */
	int block;                /* hold no more than the cap */
	const char *linger;       /* seconds, as the user wrote them; or NULL */

	/* Of $XCLATE alone; xclate itself has them elsewhere. */
	int widow;                /* write to the widow output, at once */
	int quit;                 /* ask the master to finish */
	int depth;                /* the master: so many levels further out, */
	const char *socket;       /* or this one; or NULL */
	int aside;                /* what only a command of a client's has */
};

enum { STYLE_LINGER_MS = 200 };   /* without that */

/* What a style is before any option. */
#define STYLE_DEFAULT { .escape = '%' }

/* Options that have a long name alone.  (Programs number theirs from 256.) */
enum { STYLE_TAG = 512, STYLE_TAGSTRING, STYLE_TAG_COLOUR, STYLE_NEWLINE,
	STYLE_LINGER };

/* The options, as entries of a table (struct wk_option): those that a master
 * may have for its clients, and those of clients. */
#define STYLE_OPTIONS_TEXTS \
	{ 'T', "title", "text", "title of sections" }, \
	{ 'H', "rule", "text", "what ends a section" }, \
	{ 'a', "escape", "char", "the escape character in these (%)" }, \
	{ 'L', "cap", "size", "bytes held in memory for a section (64k)" }, \
	{ 's', "squeeze", NULL, "sections without data vanish" }, \
	{ 'q', "quick", NULL, "those without title and rule, too" }
#define STYLE_OPTIONS_LINES \
	{ STYLE_TAG, "tag", NULL, "the xid in front of each line" }, \
	{ STYLE_TAGSTRING, "tagstring", "text", \
	  "text in front of each line" }, \
	{ STYLE_TAG_COLOUR, "tag-colour", NULL, \
	  "the same, in colour at a terminal" }, \
	{ STYLE_NEWLINE, "newline", NULL, "sections end with a newline" }
#define STYLE_OPTIONS_TURNS \
	{ 'g', "group", NULL, "client: no turn before all is there" }, \
	{ 'l', "line-buffer", NULL, \
	  "client: a turn for each batch of lines" }, \
	{ 'b', "block", NULL, "client: hold no more than the cap" }, \
	{ STYLE_LINGER, "linger", "seconds", \
	  "client: for who writes after the command's end (0.2)" }

enum style_fault {
	STYLE_GOOD,
	STYLE_UNKNOWN,            /* not an option of a section */
	STYLE_NEEDS_VALUE,        /* its argument is missing */
	STYLE_BAD_ESCAPE,         /* the value is not one character */
	STYLE_BAD_CAP,            /* the value is no size; errno is that of
	                             size_evaluate */
	STYLE_NO_MEMORY
};

/* Set what an option of a section says.  value is its argument, which must
 * stay, or NULL.  The style is unchanged unless that is good. */
enum style_fault style_set(struct style *s, int letter, const char *value);

/*
 * Set what a list of words says, ended by NULL, which must stay; NULL is an
 * empty list.  They may be all that a client takes.  Unless all of it is good,
 * *wrong is the value that is not, or the word in which the option stands.
 */
enum style_fault style_read(struct style *s, char **words,
    const char **wrong);

#endif
