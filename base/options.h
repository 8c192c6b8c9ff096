/*
 * options.h - options, short and long, taken from a list of words
 *
 * The command line, an option variable and the words that one program reads
 * for another are all taken apart here.  getopt(3) is not used because it
 * knows no long options, nor where a word came from.  Nothing is printed.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_OPTIONS_H
#define WK_OPTIONS_H

#include <stddef.h>

/* One option.  Letter '0' stands for -depth, any digits; an option whose
 * letter is above 127 has a long name alone. */
struct wk_option {
	int letter;
	const char *name;     /* long name */
	const char *arg;      /* what its argument is called, or NULL; in
	                         brackets: the letter can do without, and takes
	                         what is attached alone */
	const char *help;
};

/* What wk_option_next returns when it is no letter. */
enum {
	WK_OPTION_END = -1,        /* there are no more */
	WK_OPTION_UNKNOWN = -2,    /* not in the table */
	WK_OPTION_NEEDS_ONE = -3,  /* its argument is missing */
	WK_OPTION_TAKES_NONE = -4, /* --name=text, and it has no argument */
	WK_OPTION_AMBIGUOUS = -5   /* --nam may be two */
};

/* A list of words, and how far its options have been taken. */
struct wk_options {
	/* Set by the caller; all else zero.  Both must stay. */
	const struct wk_option *table; /* ended by letter 0 */
	char **words;                  /* ended by NULL */

	/* To be read. */
	size_t at;            /* the word to come; after the end, the first
	                         operand */
	const char *word;     /* the word looked at last; after the end, the one
	                         that ended the options ("--" or an operand), or
	                         NULL */
	const char *option;   /* the option returned last, for messages: -x, or
	                         all of its word when it is long */

	/* Private. */
	const char *letters;  /* those of the word that are still to come */
	char text[3];         /* -x */
	char digits[16];
};

/*
 * Take the next option, whose long name may be cut short as long as it is like
 * that of no other: its letter, with *arg set to its argument (within
 * the words, or within o for -depth), or to NULL when it has none.  At the
 * end and after an error one of the values above.
 */
int wk_option_next(struct wk_options *o, const char **arg);

/* The long name of the table that differs least from that of "--name=text" or
 * "--name", where it may be meant; or NULL. */
const char *wk_option_like(const struct wk_option *table, const char *word);

#endif
