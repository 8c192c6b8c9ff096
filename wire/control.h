/*
 * control.h - the client's side of wrapw's control protocol (version 1.0)
 *
 * PROTOCOL 4.2 has the requests.  Anything may listen where a master is
 * expected, so the length of an answer and the time for it have bounds.
 * Nothing is printed.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_CONTROL_H
#define WIRE_CONTROL_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of a request or of a refusal, with the newline. */
enum { CONTROL_LINE_MAX = 8192 };

enum control_result { CONTROL_DONE, CONTROL_REFUSED, CONTROL_FAILED };

/*
 * Ask one thing of the master at the other end of fd, a new connection (of
 * div_connect), which is closed afterwards.  The request is a line without its
 * newline.  Each step has some seconds; deadline (a time of div_awake, -1:
 * none) is for all of them.
 *
 * CONTROL_DONE: *text is the answer, of *len bytes and a NUL.
 * CONTROL_REFUSED: *text is the master's message, likewise.
 * Both are the caller's to free.
 * CONTROL_FAILED, with errno: EPROTO it is no master of wrapw, or of another
 * version; ECONNRESET it has hung up; ETIMEDOUT; EMSGSIZE the request is too
 * long; ENOMEM.  *text is NULL.
 */
enum control_result control_ask(int fd, const char *request, int64_t deadline,
    char **text, size_t *len);

#endif
