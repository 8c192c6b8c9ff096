/*
 * holders.h - who has the tokens of a ptbw, and who waits, by the system
 *
 * A client says which process it is, and that may be wrong here: it need not be
 * of this host, nor of this namespace of processes, and it may be dead while
 * its command still has the connection.  So the master is asked for the
 * connections (requests K and Y), and the system for who has them open.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_HOLDERS_H
#define WIRE_HOLDERS_H

#include <stddef.h>

#include "base/peer.h"
#include "broker.h"

enum { HOLDER_UNSEEN = -1 };

struct holder {
	long pid;                 /* 0: nobody; HOLDER_UNSEEN: none that we can
	                             see from here */
	long claim;               /* what it says that it is */
};

struct waiting {
	struct holder who;
	unsigned long tokens, seconds;
};

struct holders {
	struct broker *broker;    /* stays the caller's */
	enum { HOLDERS_UNASKED, HOLDERS_KNOWN, HOLDERS_CLAIMED } state;
	int same_host, same_processes; /* numbers of the master mean ours */
	struct peer_holder *table;
	size_t count;
};

void holders_begin(struct holders *h, struct broker *b);
void holders_end(struct holders *h);

/*
 * Who has n tokens from first on.  A master that does not know K is believed
 * what clients said.  -1 with errno.
 */
int holders_ask(struct holders *h, size_t first, size_t n, struct holder *to);

/* Who waits, the oldest first; the caller frees *list.  1; 0: the master does
 * not know; -1 with errno. */
int holders_waiting(struct holders *h, struct waiting **list, size_t *count);

#endif
