/*
 * share.h - sections of one process that share one turn
 *
 * A run has thousands of short sections, and for each a connection and a
 * dialogue would cost as much as a process.  Where the master does not care
 * which of them is which (PROTOCOL, 3.6), they have one connection.  It keeps
 * the turn from one section to the next, until the master says that somebody
 * else waits; among ourselves we go by the master's order.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_SHARE_H
#define WIRE_SHARE_H

#include "collate.h"
#include "turn.h"

/* Zero at first; it stays allocated. */
struct share {
	struct collate carrier;    /* who has the connection */
	struct collate *members;
	struct turn_queue queue;
	struct collate *holder;    /* of the turn, among ourselves */
	unsigned long count;
	int open, granted;         /* the carrier; its turn */
	int wanted;                /* by somebody else */
	int used;                  /* this turn, by one of ours */
};

/* A section takes part.  -1 with errno when the master cannot be reached. */
int share_enter(struct share *s, struct collate *c, const char *path);

/* It is this far (a status of PROTOCOL 3.4), and wants the turn: collate_grant
 * is called, perhaps at once; or collate_lost when the master is gone. */
void share_ask(struct share *s, struct collate *c, int status);

/* It writes no more, and is out of it. */
void share_leave(struct share *s, struct collate *c);

#endif
