/*
 * share.h - one connection for many sections of a process
 *
 * A run has thousands of short sections, and for each a connection and a
 * dialogue would cost as much as a process.  Where the master does not care
 * which of them is which (PROTOCOL, 3.6), they have one connection.  It keeps
 * the turn from one section to the next, until the master says that another
 * client waits; among themselves they go by the master's order.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_SHARE_H
#define WIRE_SHARE_H

#include "base/flow.h"
#include "talk.h"
#include "turn.h"

/* What takes part, embedded in a section. */
struct share_member {
	/* The owner's, set before share_enter; all else zero. */
	const char *xid;           /* its place among the others; it stays */
	/* The turn is here, until share_leave: write to the sink of this flow
	 * (flow_borrow). */
	void (*granted)(struct share_member *m, const struct flow *output);
	/* The master is gone.  A member that has the turn keeps it, as nobody
	 * else gets it now; any other never will have it. */
	void (*lost)(struct share_member *m);

	/* Private. */
	struct turn turn;
	unsigned words;
	struct share_member *next, **at;
};

struct share {
	/* The owner's, set before the first member; all else zero. */
	const char *xid;           /* of the connection; it stays */

	/* Private. */
	struct talk talk;
	struct flow output;        /* the sink alone, lent to the holder */
	struct share_member *members;
	struct turn_queue queue;   /* of members that want the turn */
	struct share_member *holder;        /* it has the turn, or NULL */
	unsigned long count;       /* of members, ever */
	int wanted;                /* another client waits for the turn */
	int used;                  /* a member has had the turn that is here */
};

/*
 * Take part.  The connection is opened when there is none: to the master at
 * path, which has answered so.  Both stay.  -1 with errno when it cannot be
 * reached.
 */
int share_enter(struct share *s, struct share_member *m, const char *path,
    struct talk_answers *answers);

/* Ask for the turn, with words of talk.h.  granted or lost is called, perhaps
 * at once. */
void share_ask(struct share *s, struct share_member *m, unsigned words);

/* Take part no more, and give up the turn; a second time does nothing. */
void share_leave(struct share *s, struct share_member *m);

#endif
