/*
 * carry.h - connections and their descriptors, carried over a link
 *
 * The link gives us connections to the other end, which are called wires
 * here; they have bytes alone.  A local connection is carried over a wire of
 * its own, in frames: its bytes, and word of the descriptors that are sent
 * along.  The bytes of a descriptor go over one more wire.  The receiver gets
 * a stand-in (a pipe, a socket, a pseudo-terminal), and what it writes there
 * is written to the real one before anything that it says afterwards on the
 * connection is said.  PROTOCOL section 5 has the frames.
 *
 * Everything happens in the loop of event.h.  Each connection and descriptor
 * keeps the master of serve.h alive.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WRAPW_CARRY_H
#define WRAPW_CARRY_H

#include <stddef.h>

enum {
	CARRY_TOKEN = 33          /* bytes of a descriptor's token, with NUL */
};

/*
 * Before all else.  At the end that makes wires, reach makes one for the
 * descriptor with that token, and then calls carry_arrived or carry_lost,
 * perhaps at once.  At the other end, where wires arrive, it is NULL.
 */
void carry_begin(void (*reach)(const char *token));

/* Bytes that are there already when a connection begins to be carried. */
struct carry_ahead {
	const char *reply;        /* for the wire, in front of the frames */
	const char *frames;       /* from the wire */
	size_t frames_len;
	const char *bytes;        /* from the connection */
	size_t bytes_len;
	/* What the other end may say is bounded (guard.h): to what was asked
	 * for, or only to what that hands out, as it has been told already. */
	unsigned guarded : 1, hands_out : 1;
};

/* Carry the connection near over the wire: both are ours from now on.  The
 * bytes ahead are copied. */
void carry_circuit(int near, int wire, const struct carry_ahead *ahead);

/*
 * A wire for a descriptor is there, ours from now on, with the bytes that
 * were read behind its first line.  A wire with a token that has not been heard
 * of is kept a while, as the frame with that token may be under way.
 */
void carry_arrived(const char *token, int wire, const char *rest, size_t len);

/* No wire could be made for it. */
void carry_lost(const char *token);

#endif
