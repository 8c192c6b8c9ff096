/*
 * jobline.h - a line of a job log: one job that has ended
 *
 * A job log is a heading and such lines, whose fields have tabs in between.
 * Its form is GNU parallel's, or the one that xapply's logs had before:
 *
 *	Seq Host Starttime JobRuntime Send Receive Exitval Signal Command
 *	Seq Start Runtime Exitval Signal Xid Command
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_JOBLINE_H
#define WK_JOBLINE_H

#include <stddef.h>
#include <stdint.h>

enum jobline_form { JOBLINE_SHORT, JOBLINE_PARALLEL };

struct jobline {
	uintmax_t number;
	int64_t start;             /* milliseconds since 1970 */
	int64_t runtime;           /* milliseconds */
	uint64_t received;         /* bytes of output, 0: or not known;
	                              JOBLINE_PARALLEL alone */
	int code, signal;          /* how it ended: one of them is 0 */
};

/* The first line of a log, with its newline, for each form. */
extern const char *const jobline_heading[];

/*
 * The fields that are numbers, each with the tab behind it; Host is ":" and
 * Send 0.  text has JOBLINE_NUMBERS_MAX bytes.  Returns the length; a NUL is
 * behind it.
 */
enum { JOBLINE_NUMBERS_MAX = 192 };
size_t jobline_numbers(char *text, enum jobline_form form,
    const struct jobline *j);

/*
 * A field of len bytes of text, nothing behind it; to has twice as many bytes.
 * So that the field stays one, newline and tab are \n and \t; JOBLINE_SHORT has
 * \\ for a backslash, JOBLINE_PARALLEL a ? for any other control character.
 * Returns the length.
 */
size_t jobline_text(char *to, enum jobline_form form, const char *text,
    size_t len);

#endif
