/*
 * termseq.h - which signals end a task, and how long each is given
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_TERMSEQ_H
#define XAPPLY_TERMSEQ_H

#include "xapply.h"

/* Read "TERM,5,KILL": signals with seconds in between, the value of the option
 * of that letter.  Anything else ends the program with WK_USAGE. */
void termseq_read(int letter, const char *text);

/* Send a task the first of them, or if it has had that, the next.  Its alarm is
 * set for the one behind it. */
void termseq_next(struct task *t);

#endif
