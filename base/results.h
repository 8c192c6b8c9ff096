/*
 * results.h - a directory with a file for each section, which has its output
 *
 * What somebody else has put there is not written to, and no name leads out of
 * it.  A name that comes again in a run is gone on with.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_RESULTS_H
#define WK_RESULTS_H

#include <stddef.h>
#include <stdint.h>

/* All zero at first. */
struct results {
	const char *path;          /* the directory, for messages */
	const char *suffix;        /* some results have this one (".err"), or
	                              NULL; no other name ends so */
	/* private */
	int dir;
	uint64_t *seen;            /* a table of hashes of names */
	size_t count, room;
};

/* Open the directory, which is made if need be; path stays.  NULL, or the
 * reason why not. */
const char *results_open(struct results *r, const char *path);

/* A file for what has that xid, with a suffix to its name: empty, or behind
 * what this run has written there.  The caller closes it; -1 with errno. */
int results_file(struct results *r, const char *xid, const char *suffix);

/*
 * The file name of an xid: "/", "%", a leading ".", control characters and
 * bytes above 126 are written %XX; an empty xid is "%".  Of a longer one 255
 * bytes count.  text has RESULTS_NAME_MAX bytes.  Returns the length.
 */
enum { RESULTS_NAME_MAX = 3 * 255 + 1 };
size_t results_name(char *text, const char *xid);

#endif
