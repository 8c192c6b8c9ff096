/*
 * record.h - a record of diversions, checked, and put in the environment
 *
 * Anybody may have written a record: nothing but variables of diversions gets
 * from it into an environment.  PROTOCOL 4.3 has the format.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WRAPW_RECORD_H
#define WRAPW_RECORD_H

#include <stddef.h>

enum { RECORD_MAX = 1 << 20 };   /* bytes of a record */

struct record {
	char *data;               /* the record; this struct's */
	const char *own;          /* path of the master's socket, in data */
	char **variable;          /* "NAME=VALUE" in data, in that order */
	size_t count;
};

/* What can be wrong with a record. */
enum record_flaw {
	RECORD_GOOD,
	RECORD_NO_MEMORY,         /* nothing: it could not be looked at */
	RECORD_TOO_LONG,
	RECORD_NO_SOCKET,
	RECORD_NO_END,
	RECORD_NO_VARIABLE,
	RECORD_BAD_LINK,
	RECORD_RELATIVE,
	RECORD_TWICE
};

/*
 * Take a record of len bytes apart; data becomes the struct's, and is freed
 * when this returns anything but RECORD_GOOD.  A record of no bytes is good:
 * it has no diversions, and own is NULL.
 */
enum record_flaw record_read(struct record *r, char *data, size_t len);

/* The flaw in words, for people. */
const char *record_flaw_text(enum record_flaw flaw);

/*
 * Put path in the place of r->own, in the values that lead through it as well.
 * path stays the caller's, and has to live as long as r.  -1 with errno.
 */
int record_rename(struct record *r, const char *path);

/* Leave the variables of a prefix out. */
void record_without(struct record *r, const char *prefix);

/*
 * Remove the variables of all diversions of every prefix from the
 * environment.  -1 with errno.
 */
int record_clear(void);

/* Put the variables in the environment, on top of what is there.  -1 with
 * errno; ERANGE: more levels than there can be. */
int record_apply(const struct record *r);

void record_free(struct record *r);

#endif
