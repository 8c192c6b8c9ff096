/*
 * halt.h - when what has become of many ends the rest: the rule of --halt
 *
 *	never, soon or now[,fail=N | ,success=N | ,done=N]
 *
 * with N% in the place of N where the number of all is known.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_HALT_H
#define WK_HALT_H

#include <stddef.h>
#include <stdint.h>

enum wk_halt_when {
	WK_HALT_NEVER,
	WK_HALT_SOON,             /* what is under way goes on */
	WK_HALT_NOW
};

enum wk_halt_of {                 /* which count */
	WK_HALT_FAIL,
	WK_HALT_SUCCESS,
	WK_HALT_DONE
};

enum {                            /* bytes, with the NUL */
	WK_HALT_NAMED_MAX = 160,
	WK_HALT_TEXT_MAX = 256
};

/* All zero is "never". */
struct wk_halt {
	/* To be read. */
	enum wk_halt_when when;
	enum wk_halt_of of;
	int halted;
	int code;                 /* then: the exit code of the one that did it,
	                             or for "soon,fail" of the last that failed
	                             since */

	/* Private. */
	unsigned long at;
	int percent;              /* at is of a hundred */
	uintmax_t count;          /* of those that count */
	int last;                 /* the code of the last of them */
	char named[WK_HALT_NAMED_MAX];  /* which that is, and how it ended */
};

/* Read a rule.  percent: N% is allowed.  Anything else ends the program with
 * WK_USAGE. */
void wk_halt_read(struct wk_halt *h, const char *text, int percent);

/*
 * One has ended with this exit code, 0 if well, of so many in all, or as far as
 * is known.  name and how ("exit 1") are copied; name is NULL if another line
 * has them.  1 if that halts the rest: it is so once.
 */
int wk_halt_ended(struct wk_halt *h, int code, uintmax_t all, const char *name,
    const char *how);

/* All have ended, which were so many: a percentage is looked at once more.
 * 1 if it is reached now, by the last that counted. */
int wk_halt_over(struct wk_halt *h, uintmax_t all);

/* For people, in text[WK_HALT_TEXT_MAX]: "halt: 2 tasks failed: NAME (HOW)",
 * or without the last two, what being "task". */
void wk_halt_tell(const struct wk_halt *h, char *text, const char *what);

#endif
