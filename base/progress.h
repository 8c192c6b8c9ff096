/*
 * progress.h - how far a run is: a line at the bottom of the terminal, and one
 * at the end
 *
 * On a terminal that can do more than append, the line replaces itself, and is
 * taken off before this process writes there: a message (wrapper.h) or what a
 * flow carries.  On a dumb one it is a line now and then; where standard error
 * is no terminal only the summary is written.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_PROGRESS_H
#define WK_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "failures.h"

/* What a program knows of how far it is. */
struct wk_progress {
	uintmax_t total;           /* 0: not known */
	uintmax_t done, skipped;   /* skipped: of the total, not to be done */
	uintmax_t failed;          /* of those that are done */
	size_t running, waiting;
	const char *longest;       /* what runs the longest, any bytes; NULL:
	                              nothing does */
	int64_t since;             /* and since when, of div_now */
	int hidden;                /* others write to the terminal, on our
	                              behalf: no line now */
};

/*
 * Begin, after wk_init.  what is the noun for one of those that are counted,
 * now() fills in (all zero before) how far they are; it is called by the loop.
 * line: else there is the summary alone.
 */
void wk_progress_begin(const char *what, void (*now)(struct wk_progress *p),
    int line);

/* Something is about to be written that no flow of ours takes to the terminal:
 * take the line off, for a moment. */
void wk_progress_clear(void);

/* The run is over: the summary, which has the names of those that failed, or
 * with NULL not. */
void wk_progress_end(const struct wk_failures *f);

#endif
