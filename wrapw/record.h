/*
 * record.h - a record of diversions, checked, and put in the environment
 *
 * A record is data that anybody may have written: what is no variable of a
 * diversion never gets into an environment.  PROTOCOL has its format.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WRAPW_RECORD_H
#define WRAPW_RECORD_H

#include <stddef.h>

enum { RECORD_MAX = 1 << 20 };   /* bytes of a record */

struct record {
	char *data;               /* the record; the struct's */
	const char *own;          /* in it: the path of the master's socket */
	char **variable;          /* "NAME=VALUE", in their order */
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
 * Have the values lead through path where they led through r->own, and that
 * be path.  -1 with errno; path stays the caller's, for as long as r.
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
