/*
 * things.h - tokens that are things: variables behind a token's name
 *
 * A token's line may be its name and variables for the command that has it,
 * with a tab in front of each: "gpu0<TAB>CUDA_VISIBLE_DEVICES=0".  On the wire
 * the whole line is the name, so masters need not know of it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_THINGS_H
#define WIRE_THINGS_H

#include <stddef.h>

/*
 * Take a line apart: 1 if it has variables, and *name is the length of what
 * stands in front of their tab; 0 if it has none, and all of it is the name.
 * That is so when nothing behind a tab has an equals sign.  -1: there is one,
 * but *bad, of *bad_len bytes, is no variable.
 */
int things_parse(const char *line, size_t len, size_t *name,
    const char **bad, size_t *bad_len);

/* The bytes of the name: all of the line when it has no variables, or wrong
 * ones. */
size_t things_name(const char *line);

/* The names of lines, joined by newlines as the lines are, in their place. */
void things_cut(char *lines);

/* True if variables may be taken from the master at the other end: it is of
 * our own user, or root's. */
int things_trusted(int fd);

/* Variables, "NAME=VALUE", ended by NULL; all zero at first. */
struct things {
	char **var;
	size_t count;
};

/* Add those of a line.  Where a variable is there already, by another token,
 * its value gets the other one behind it, after a comma.  -1 with ENOMEM. */
int things_add(struct things *t, const char *line);

/* Add a variable, in the place of one with its name; the text is t's from now
 * on.  -1 if it is NULL. */
int things_put(struct things *t, char *text);

void things_release(struct things *t);

#endif
