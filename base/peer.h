/*
 * peer.h - which processes are at the other end of a connection, by the system
 *
 * What a client says of itself may be wrong, of another host, or of another
 * namespace of processes, in which the same number is a stranger.  The system
 * has a number for each socket, which is the same in all namespaces, and tells
 * which processes have it open.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_PEER_H
#define WK_PEER_H

#include <stddef.h>

/* Where numbers of processes and of sockets mean what they mean here. */
struct peer_place {
	char host[40];                  /* the running system; "-": unknown */
	unsigned long processes;        /* the namespace of pids; 0: unknown */
};
void peer_here(struct peer_place *p);

/* The number of the socket at the other end of a connected UNIX socket; 0 when
 * the system does not tell. */
unsigned long peer_socket(int sock);

/* A process that has a socket open. */
struct peer_holder {
	unsigned long socket;
	long pid;
};

/* All of which we may see that, by socket and pid; NULL without memory.  The
 * caller frees it. */
struct peer_holder *peer_holders(size_t *count);

/* The first process in such a table that has the socket open, or the one given
 * if that has it, too; 0: none. */
long peer_find(const struct peer_holder *table, size_t count,
    unsigned long socket, long preferred);

#endif
