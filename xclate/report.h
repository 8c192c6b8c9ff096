/*
 * report.h - what is written about a section that has ended
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XCLATE_REPORT_H
#define XCLATE_REPORT_H

#include <stddef.h>
#include <stdint.h>

struct report {
	const char *xid;           /* any bytes but NUL */
	unsigned long sequence;
	int64_t start, turn, end;  /* milliseconds since 1970; turn 0: the
	                              section had no turn */
	uint64_t bytes;            /* of the section */
	int code;                  /* exit code, 128 + N for signal N */
};

/*
 * Each function puts its result in text, which has REPORT_MAX bytes, with a NUL
 * behind it, and returns the length.  There is room for 255 bytes of an xid;
 * more are cut off.
 */
enum { REPORT_MAX = 2048 };

/* A line of JSON: {"xid":"a","seq":0,"start":1.234,"turn":1.300,"end":2.000,
 * "bytes":12,"status":0} and a newline, times in seconds, turn null when there
 * was none.  In the xid, bytes that are not UTF-8 become U+FFFD, and control
 * characters are escaped. */
size_t report_json(char *text, const struct report *r);

/* A line of JSON with the path of the master's socket: {"socket":"..."}. */
size_t report_socket(char *text, const char *path);

/* A line of a job log of the form JOBLINE_PARALLEL: Receive is the bytes,
 * Command the xid.  A code from 129 to 192 is a signal, with Exitval 0. */
size_t report_joblog(char *text, const struct report *r);

#endif
