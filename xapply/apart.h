/*
 * apart.h - what a task writes to stderr, as a section of its own behind that
 * of its stdout
 *
 * It is held until the other section is written, and then goes to our stderr,
 * with title, rule and tag like that, if there is anything.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_APART_H
#define XAPPLY_APART_H

#include <stdint.h>

#include "base/flow.h"
#include "base/lines.h"
#include "wire/section.h"

/* All zero at first. */
struct apart {
	struct flow flow;          /* first; flow.total, to be read */
	void (*over)(struct apart *a); /* the caller's: all is written */
	int copy;                  /* the caller's: a file that has it as well,
	                              or -1 */
	/* private */
	const struct section *like;
	struct lines change;
	int source;                /* until the flow has it, or -1 */
	struct wk_timer soon;
	int ended;                 /* the task has */
	int64_t linger_ms;
	int writing, ruled, done;
};

/* Begin, with the end that is read of a pipe or a terminal,
 * which is its own from now on. */
void apart_open(struct apart *a, const struct section *like, int source);

/* The section is ready: its tag is known. */
void apart_ready(struct apart *a);

/* The task has ended; who has its stderr open is heard for so long. */
void apart_ended(struct apart *a, int64_t linger_ms);

/* The reading end, which stays its own; -1 when it is over. */
int apart_source(const struct apart *a);

/* Write it; over() is called when that is done, later. */
void apart_write(struct apart *a);

/* True if anything has come. */
int apart_has_data(const struct apart *a);

/* Why what has come cannot be written, an errno; 0: it can. */
int apart_error(const struct apart *a);

/* True when all is written, or cannot be. */
int apart_is_done(const struct apart *a);

/* Release all; what was not written is lost. */
void apart_close(struct apart *a);

#endif
