/*
 * tag.h - tags in colour, and as wide as each other
 *
 * At a terminal the tags of sections may have one of a few colours, by turn,
 * and blanks behind them, so that the text begins in one column.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_TAG_H
#define WIRE_TAG_H

#include <stddef.h>

/* What the tags of many sections have in common; all zero at first. */
struct tags {
	size_t columns;            /* of the widest that is known */
};

/* 1 unless $NO_COLOR says that nothing is to have a colour. */
int tag_colours_wanted(void);

/* There is, or will be, such a tag: those that follow are as wide as that.  A
 * TAB at its end does not count. */
void tag_known(struct tags *t, const char *tag);

/*
 * A tag in the colour of the section with that number; the colour ends with it.
 * The blanks stand in front of a TAB at its end.  Returns allocated text, the
 * caller's to free, with its length in *len; NULL with ENOMEM.
 */
char *tag_coloured(struct tags *t, const char *tag, unsigned long number,
    size_t *len);

#endif
