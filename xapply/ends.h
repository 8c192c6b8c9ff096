/*
 * ends.h - what captured tasks write to: pipes, or terminals (--pty)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_ENDS_H
#define XAPPLY_ENDS_H

#include "xapply.h"

/* Where there are no terminals to be had, end the program with a message. */
void ends_check(void);

/*
 * Open the ways for a task's stdout and, if that is to be apart, its stderr
 * (else both are -1); in each pair [0] is to be read, [1] is the task's.  0;
 * EAGAIN: there is no room for them now; -1: see why.
 */
int ends_open(int out[2], int err[2], struct task_reason *why);

/* Close both of a pair, if there is one. */
void ends_close(const int fd[2]);

#endif
