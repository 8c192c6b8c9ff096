/*
 * failures.h - which of many have failed, for one line at the end
 *
 *	2 of 40 tasks failed: b.c (exit 1), d.c (signal 11)
 *
 * The first ten are named, but those that had a line of their own.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_FAILURES_H
#define WK_FAILURES_H

#include <stddef.h>
#include <stdint.h>

enum {
	WK_FAILURES_NAMED = 10,
	WK_FAILURE_NAME = 80,     /* bytes of a name that are shown */
	WK_FAILURE_HOW = 32,      /* and of what is said of its end */
	WK_FAILURES_TEXT = WK_FAILURES_NAMED *
	    (WK_FAILURE_NAME + WK_FAILURE_HOW + 6) + 96
};

/* All zero at first. */
struct wk_failures {
	uintmax_t count;
	uintmax_t told;           /* of them, by lines of their own */
	size_t names;             /* how many of named[] are set */
	char named[WK_FAILURES_NAMED][WK_FAILURE_NAME + WK_FAILURE_HOW + 4];
};

/* One more, and how it failed ("exit 1").  Both are copied, and cut where they
 * are too long. */
void wk_failures_add(struct wk_failures *f, const char *name, const char *how);

/* One more, which a line of its own has named already. */
void wk_failures_add_told(struct wk_failures *f);

/* Such a line names the last that has been added. */
void wk_failures_told_last(struct wk_failures *f);

/* "exit 1" or "signal 11", for a status of wait(2), in
 * text[WK_FAILURE_HOW]. */
void wk_failure_how(char *text, int status);

/* "b.c (exit 1), d.c (signal 11)", in text[WK_FAILURES_TEXT]; behind ten "and
 * so many more", and behind all "and so many named above".  It is empty when
 * each has been told by a line of its own. */
void wk_failures_names(const struct wk_failures *f, char *text);

/* 1 if one alone has failed, and a line of its own has said so. */
int wk_failures_one_told(const struct wk_failures *f);

/* Say it, by wk_warn: of so many, each of them a WHAT. */
void wk_failures_tell(const struct wk_failures *f, uintmax_t all,
    const char *what);

#endif
