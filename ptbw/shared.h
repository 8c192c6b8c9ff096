/*
 * shared.h - pools that start themselves (--shared)
 *
 * Beside the socket of such a pool is a file, PATH.lock, that its master holds
 * a lock on.  Every client that takes tokens has a tie to that lock, so it is
 * not free before the last command with a token has ended, should the master be
 * killed; and the next master begins when it has the lock.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PTBW_SHARED_H
#define PTBW_SHARED_H

struct broker;

/* Connect to the pool that --shared names, and start its master if there is
 * none; or end with a message.  Returns the path of its socket. */
const char *shared_connect(struct broker *b);

/* In such a master: take the lock over, which is standard input, or end the
 * program.  Returns its descriptor, for ties. */
int shared_lock(void);

/* It listens: who started it may go on, and hears nothing any more. */
void shared_ready(void);

/* It ends, and nobody holds a token. */
void shared_remove(void);

#endif
