/*
 * broker.h - the client side of ptbw's protocol (version 0.4)
 *
 * A connection holds the tokens that were taken through it, for as long as
 * any process has it open.  All functions but broker_open work on an open
 * one and return -1 with errno on error: ECONNRESET the master is gone,
 * EPROTO it spoke nonsense, ETIMEDOUT (see patience; also when there is no
 * first answer), ENOMEM.  They
 * print nothing.  Only broker_finish may wait for other clients.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_BROKER_H
#define WIRE_BROKER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum { BROKER_ANSWER_MS = 5000 };  /* patience where a long wait will not do */

struct broker {
	int fd;
	int late;                 /* an answer has not come in time, and may yet
	                             come: of no further use */
	int patience;             /* milliseconds for each reply that other
	                             clients do not hold up; -1 at first: for
	                             ever */
	const char *path;         /* the caller's, which stays */
	int met;                  /* it has answered something */
	int greeted;              /* private: the answer to "0I" was seen */
	int old;                  /* a master of 2010, as far as is known */
	int queued;               /* tokens were asked for, and not answered */
	size_t wanted;            /* private: so many */
	enum { OFFERS_UNASKED, OFFERS_ASKED, OFFERS_NONE, OFFERS_MADE } offers;
	                          /* private: the answer to "E" */
	int reuses;               /* the caller's: it has a use for what it
	                             holds, and broker_take_now is to ask
	                             whether others want that */
	enum { ALONE_UNASKED, ALONE_UNKNOWN, ALONE_NOT, ALONE } alone;
	                          /* private: the answer to "Z" */
	size_t count;             /* tokens of the pool, once known */
	struct buffer in;         /* replies not yet looked at */
};

/* What a master says about its pool. */
struct broker_pool {
	size_t live;              /* tokens */
	size_t count, space;      /* places: some may have no token any more, or
	                             one that is withdrawn when it comes back;
	                             bytes of all names with their NULs */
	size_t longest, group;    /* longest name; tokens in a group (-R) */
	char type;                /* of the source: '=', '+' or '-' */
	char *source;             /* its name; the caller's to free */
};

/* Connect (see div_connect for the errors) and send the first line.  fd has a
 * number that commands do not use (high_fd). */
int broker_open(struct broker *b, const char *path);

/* Close without a word: the tokens stay with other holders of the
 * connection, if there are any. */
void broker_close(struct broker *b);

/*
 * Take n tokens in one step; their indexes go to token.  ENOSPC: more than the
 * pool has.  broker_begin asks for them, and broker_finish waits until the
 * deadline (of div_awake; -1: for ever).  broker_answered tells, in between,
 * whether the answer comes within ms milliseconds.  After an ETIMEDOUT of
 * broker_finish the connection is of no further use: see broker_leave.
 */
int broker_begin(struct broker *b, size_t n);
int broker_answered(struct broker *b, int ms);
int broker_finish(struct broker *b, size_t n, int64_t deadline,
    uint32_t *token);

/* Take n tokens if they are free, without a place in the queue; ETIMEDOUT:
 * they are not.  (At an old master see broker_leave.) */
int broker_take_at_once(struct broker *b, size_t n, uint32_t *token);

/*
 * The same in steps.  ETIMEDOUT: there are not so many.  ENOTSUP: the
 * master is an old one, which has no such request.  There a caller has to ask
 * whether so many are free (1, 0, or -1 with errno), and then for them; others
 * may be faster.
 */
int broker_take_now(struct broker *b, size_t n, uint32_t *token);
int broker_has_free(struct broker *b, size_t n);

/*
 * 1 if nobody else wants tokens, as far as the master has said until now: so
 * what is held may be used for something else without giving it back first.  0
 * if anybody does, when it is not known, and before reuses is set.  Nothing may
 * be under way.
 */
int broker_is_alone(struct broker *b);

/*
 * In two steps, for a caller that waits for b->fd to be readable in
 * between: ask for n tokens, then look at what the master answered.  1: the
 * answer is not there yet, wait again.  Between the two, nothing else may be
 * asked.
 */
int broker_ask(struct broker *b, size_t n);
int broker_answer(struct broker *b, size_t n, uint32_t *token);

/*
 * Close the connection although it waits for tokens.  An old master would end,
 * by SIGPIPE, when they come free and nobody is there: a process of ours stays
 * in its queue, and gives them back.  -1 when there can be none.
 */
int broker_leave(struct broker *b);

/* Give n tokens back, keep others. */
int broker_give(struct broker *b, const uint32_t *token, size_t n);

/* The names of tokens, joined by newlines; the caller's to free.  *borrowed
 * is how many masters the pool is away from its owner: when it is more than
 * 0, broker_tie is called for. */
char *broker_names(struct broker *b, const uint32_t *token, size_t n,
    int *borrowed);

/*
 * Have the connection keep open, for its own holders, the one through which
 * its master borrowed the pool: so those tokens are not handed to others
 * when that master is killed.  The descriptor stays unread in the connection.
 * To be called last before the connection is left to a command.
 */
int broker_tie(struct broker *b);

/*
 * The same for a caller that goes on with the connection: *fd is the tie, which
 * every process that inherits the connection has to inherit, too; -1 when the
 * pool is the master's own.  Nothing may be under way.
 */
int broker_take_tie(struct broker *b, int *fd);

/* Give everything back, see that it arrived, and close. */
int broker_return(struct broker *b);

/* Ask a persistent master to quit once it is left; others ignore that.  The
 * answer stays unread (broker_tie may have left something before it). */
int broker_quit(struct broker *b);

/* What the report and borrowers want to know. */
int broker_describe(struct broker *b, struct broker_pool *p);
char *broker_tableau(struct broker *b, size_t space);
char *broker_comments(struct broker *b, size_t *len);

/*
 * Ask "iO" (the holder of token i) or, with what 'A', "iA" (since how many
 * seconds; -1 not held, -2 the master does not know that request), or "iw" (1:
 * it is not in the pool any more), for n tokens from first on.
 */
int broker_holders(struct broker *b, char what, size_t first, size_t n,
    long *answer);

/* The connection through which a token was taken, as its master's system tells:
 * the process that connected, and the socket of its end; 0: not known. */
struct broker_peer {
	int held;                 /* or else it is free */
	long pid;
	unsigned long socket;
	long claim;               /* what the client says that it is */
};

/* Ask "iK" for n tokens.  A master that knows broker_queue knows it. */
int broker_peers(struct broker *b, const uint32_t *token, size_t n,
    struct broker_peer *p);

/* "HOST NAMESPACE" of the master in a line, then for each waiting client a line
 * "pid socket claim tokens seconds"; as broker_waiting. */
char *broker_queue(struct broker *b, size_t *len);

/*
 * Change the pool: to n numbers; or, when so many bytes have been announced, to
 * what a text says that begins with a line of its source, one token a line.
 * The answer, "+..." or "-WORD", "-No" from a master that cannot do that, stays
 * until the next call; NULL with errno.
 */
const char *broker_resize(struct broker *b, size_t n);
const char *broker_announce(struct broker *b, size_t len);
const char *broker_retag(struct broker *b, const char *text, size_t len);

/* Lines "pid tokens seconds", one for each waiting client, the caller's to
 * free; NULL with *len 0 when the master does not know that request. */
char *broker_waiting(struct broker *b, size_t *len);

#endif
