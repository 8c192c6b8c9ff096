/*
 * pool.h - tokens, their holders, and the queue for them
 *
 * No input or output happens here.  A token is free or has one holder; a
 * holder that cannot have all of what it asks for waits in a queue.  Taking and
 * giving back cost the same whatever the size of the pool.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PTBW_POOL_H
#define PTBW_POOL_H

#include <stddef.h>
#include <stdint.h>

enum { POOL_MAX = 16000000, POOL_LEVELS = 5 };

/* How one stands that is in the queue. */
enum pool_place {
	POOL_WAITS,
	POOL_OFFERED,                       /* its tokens are kept for it */
	POOL_PASSED                         /* it did not take them: it has its
	                                       place, and holds up nobody */
};

/* It holds tokens, or waits for them; embedded, all zero at first. */
struct pool_holder {
	size_t held;                        /* tokens */
	size_t withdrawn;                   /* of them that are not in the pool
	                                       any more */
	uint32_t first;                     /* one of them, plus 1 */
	size_t want;                        /* tokens waited for, or 0: it is
	                                       not in the queue */
	enum pool_place place;
	uint64_t turn;                      /* of two in the queue the older has
	                                       the lower one */
	uint32_t since;                     /* second the wait began */
	struct pool_holder *prev, *next;    /* in the queue */
};

struct pool_token {
	struct pool_holder *holder;         /* NULL: free */
	uint32_t prev, next;                /* of the same holder, plus 1 */
	uint32_t since;                     /* second it was taken */
};

struct pool {
	size_t count;                       /* places for tokens */
	size_t live;                        /* those that have one now */
	unsigned char *out;                 /* 1: the token of a place is not in
	                                       the pool any more; NULL: all
	                                       are */
	size_t free;                        /* neither held nor offered */
	size_t cursor;                      /* where to look for the next */
	struct pool_token *token;
	uint64_t *map[POOL_LEVELS];         /* bits: free tokens; words of the
	                                       map below that have a bit */
	size_t words[POOL_LEVELS];
	int levels;
	struct pool_holder *first, *last;   /* the queue */
	struct pool_holder *up;             /* the oldest that POOL_WAITS */
	size_t waiting;                     /* in the queue */
	uint64_t turns;                     /* given out */
};

/* A pool of count free tokens; -1 with ENOMEM. */
int pool_init(struct pool *p, size_t count);

/*
 * Take n tokens, all or none: their indexes, in order of taking, go to out.
 * Each is the first free one at or after the cursor, which then moves past
 * it.  Returns 1, or 0 when fewer than n are free.
 */
int pool_take(struct pool *p, struct pool_holder *h, size_t n, uint32_t *out,
    uint32_t now);

/* Move the cursor to n free tokens in a row, the next or else the first ones;
 * not at all if there are none, or they are not soon found. */
void pool_seek_row(struct pool *p, size_t n);

/* Give back token i; 0 when h does not hold it, else 1. */
int pool_give(struct pool *p, struct pool_holder *h, size_t i);

/* Give back everything; returns how many. */
size_t pool_give_all(struct pool *p, struct pool_holder *h);

/*
 * From now on there are count places, and those have a token whose byte in out
 * is 0; the bytes are the pool's then, and were allocated.  A place that is
 * held stays, so count must be above it: a token that is taken out is withdrawn
 * when it is given back.  Nothing may be offered.  -1 with ENOMEM: nothing has
 * changed.
 */
int pool_change(struct pool *p, size_t count, unsigned char *out);

/* Places behind the last one that has a token, or is held. */
size_t pool_spare_places(const struct pool *p);

/* The most that h may ever hold. */
size_t pool_most(const struct pool *p, const struct pool_holder *h);

/* Join the end of the queue for n tokens; leave it, if in it. */
void pool_wait(struct pool *p, struct pool_holder *h, size_t n, uint32_t now);
void pool_leave(struct pool *p, struct pool_holder *h);

/*
 * Keep what it waits for, which is free, for one in the queue, without saying
 * which tokens they are.  To take them, it leaves the queue first.  Or it is
 * passed over, and waits again later, at the place that it had.
 */
void pool_offer(struct pool *p, struct pool_holder *h);
void pool_pass(struct pool *p, struct pool_holder *h);
void pool_wait_again(struct pool *p, struct pool_holder *h);

/* The oldest waiting holder if its tokens are free now, else NULL. */
struct pool_holder *pool_ready(const struct pool *p);

#endif
