/*
 * late.h - what is written to a command's output after its section is over
 *
 * A daemon that a command has started keeps its output open, perhaps for ever.
 * The section does not wait for it, and what it writes belongs to no section:
 * it goes to our standard output, which under an xclate master is the way to
 * the widow output, for as long as this process is there.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_LATE_H
#define WIRE_LATE_H

/* Copy what comes through the pipe, which is ours from now on.  Of too many
 * such pipes the last ones are closed. */
void late_copy(int pipe);

/* The same for standard error. */
void late_copy_error(int pipe);

/* At the end: is there something that nobody will write any more, or was
 * there? */
int late_lost(void);

#endif
