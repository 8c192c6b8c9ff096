/*
 * link.h - how the projecting end gets wires to the exporting one
 *
 * Something (ssh, say) has made a link: a socket here, whose connections
 * arrive at the other end.  Only this file knows how a wire is made; each
 * begins with a line that says what it is for (PROTOCOL section 5.1).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WRAPW_LINK_H
#define WRAPW_LINK_H

#include "base/dial.h"

#define LINK_MAGIC "wrapw-relay"
#define LINK_PROTOCOL "1.0"

enum { LINK_LINE_MAX = 512 };     /* bytes of a first line, or its answer */

/* A wire that is being made.  Zero until link_open; nothing in it is the
 * caller's to change. */
struct link {
	struct dial dial;         /* first */
	const char *word, *argument;
	void (*done)(struct link *l, int fd);
};

/*
 * Make a wire from within the loop and say its first line, "word argument";
 * both strings must last until done is called.  That happens once, perhaps
 * before this returns: with a blocking descriptor that is the callee's, or
 * with -1 and errno.
 */
void link_open(struct link *l, const char *word, const char *argument,
    void (*done)(struct link *l, int fd));

/* Give one up; nothing happens when it is done, or was never opened. */
void link_cancel(struct link *l);

/* The same before there is a loop, in two steps; each may wait, and returns
 * -1 with errno on error: EPERM somebody else made the link or listens there,
 * ENOTSOCK. */
int link_connect(void);
int link_say(int fd, const char *word, const char *argument);

/* Remove what stands for the link here: the program that made it may leave it
 * behind. */
void link_remove(void);

#endif
