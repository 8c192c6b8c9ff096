/*
 * expect.h - one token more, for clients that go on meanwhile
 *
 * No input or output happens here.  A client that expects a token (nE) is not
 * in the queue of pool.h: it is served only when nobody waits there, and among
 * those who expect one it is who holds fewest.  When the first that waits
 * cannot be served, the one that holds most is asked to give some back.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PTBW_EXPECT_H
#define PTBW_EXPECT_H

#include "pool.h"

/* A client that reads unasked lines, or may yet; embedded, all zero at
 * first. */
struct expect {
	struct pool_holder *holder;     /* NULL: it has not announced itself */
	enum { EXPECT_NOTHING, EXPECT_ASKED, EXPECT_GRANTED } is;
	uint64_t turn;                  /* of two that ask the older has the
	                                   lower one */
	size_t told;                    /* tokens that it knows it is to give
	                                   back */
	struct expect *prev, *next;     /* of those that announced
	                                   themselves */
};

/* From now on it reads unasked lines; that is over. */
void expect_announce(struct expect *e, struct pool_holder *h);
void expect_end(struct expect *e);

/* It asks for one more: 0 when it does already, or can never have it. */
int expect_ask(const struct pool *p, struct expect *e);

/* It asks no more: 0 when what it asked for was granted before. */
int expect_leave(struct expect *e);

/* True if anybody asks who is not served yet. */
int expect_any(void);

/* The one that is to have a token now, or NULL.  Its ask is over with that. */
struct expect *expect_ready(const struct pool *p);

/* It gave n tokens back. */
void expect_given(struct expect *e, size_t n);

/*
 * Call tell for each whose number of tokens to give back is another one now; it
 * returns 0 when it could not tell, and is called again the next time.
 */
void expect_ask_back(const struct pool *p,
    int (*tell)(struct expect *e, size_t n));

#endif
