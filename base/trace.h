/*
 * trace.h - requests and answers in readable form, a line for each
 *
 * A line is "PROGRAM[PID] CLIENT WHAT", appended in one piece, so that several
 * masters may share a file.  All but printable ASCII is escaped in the way of
 * C.  A master is never held up: a line that cannot be written at once is lost.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_TRACE_H
#define WK_TRACE_H

#include <stddef.h>

/* True if there is a trace at all.  To be asked before the functions below. */
extern int wk_tracing;

/*
 * Trace from now on: to the file at path (NULL: to none), and to standard error
 * if to_stderr is set; program is the name in front of each line.  -1 with
 * errno when the file cannot be opened for appending.
 */
int wk_trace_begin(const char *program, const char *path, int to_stderr);

/*
 * Write a line: the number of a client, what happens ("<", ">", a word), and
 * len bytes of data, of which the first are shown.  A newline or a NUL at their
 * end is left out.  with_fd: a descriptor goes with them.
 */
void wk_trace(unsigned long client, const char *what, const void *data,
    size_t len, int with_fd);

#endif
