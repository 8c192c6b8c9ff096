/*
 * tableau.h - the names of a pool's tokens and where they come from
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PTBW_TABLEAU_H
#define PTBW_TABLEAU_H

#include <stddef.h>
#include <stdint.h>

enum {
	TABLEAU_SPACE_MAX = 1 << 28,  /* bytes of all names */
	TABLEAU_FUNCTION = '=',       /* source types, as the protocol has */
	TABLEAU_FILE = '+'            /* them */
};

struct tableau {
	char *names;               /* each followed by a NUL */
	size_t space, room;        /* bytes of names, and allocated */
	uint32_t *offset;          /* of each name, and of the end */
	size_t count, offset_room;
	size_t longest;
	char type;                 /* of the source */
	char *source;              /* its name */
	char *comments;            /* lines of it that begin with # */
	size_t comments_len, comments_room;
	char *bad;                 /* what is no variable, of a line that was
	                              refused; NULL: nothing */
};

/* An empty tableau with a source; -1 with ENOMEM.  And free all of one, which
 * is all zero then. */
int tableau_init(struct tableau *t, char type, const char *source);
void tableau_release(struct tableau *t);

/* Add a token, or a comment line (with its newline).  EFBIG: too many. */
int tableau_add(struct tableau *t, const char *name, size_t len);
int tableau_comment(struct tableau *t, const char *line, size_t len);

/* Add the decimal numbers 0 to n-1; or the lines of a file.  EINVAL: the
 * file holds a NUL, in line *line; or, if bad is there, a variable whose name
 * is none. */
int tableau_iota(struct tableau *t, size_t n);
int tableau_read(struct tableau *t, const char *path, size_t *line);

/* One line of such a file, with its newline, if it has one; there is room for
 * one.  The errors are the same. */
int tableau_line(struct tableau *t, char *text, size_t len);

/* A name and its length. */
const char *tableau_name(const struct tableau *t, size_t i, size_t *len);

#endif
