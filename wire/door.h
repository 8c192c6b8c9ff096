/*
 * door.h - who is it that does not answer, or answers nonsense?
 *
 * A path may lead to another service than the one that is wanted.  Most of them
 * wait for their client to speak, as it waits for them.  So a client that has
 * heard nothing for DOOR_MS asks here.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_DOOR_H
#define WIRE_DOOR_H

#include <stddef.h>

enum { DOOR_MS = 4000 };   /* with all below within five seconds */

/*
 * Does what listens for the connection have connections that it has not taken
 * yet?  Then nobody has read what we said: a master that is stopped, or has no
 * descriptors left, and is to be waited for.  0 also when the system does not
 * tell.
 */
int door_is_closed(int fd, const char *path);

/* Who is told the path, the first time that door_is_closed says yes. */
void door_when_closed(void (*tell)(const char *path));

/*
 * Connect to path once more, in less than a second.  1 when what answers is
 * another of our programs than the wanted one, with a text behind the path:
 * "it is an xclate, not a ptbw".
 */
int door_is_other(const char *path, const char *wanted, char *text,
    size_t room);

#endif
