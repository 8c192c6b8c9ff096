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
	int64_t start, turn, end;  /* milliseconds since 1970; turn 0: it had
	                              none */
	uint64_t bytes;            /* of its section */
	int code;                  /* exit code, 128 + N for a signal */
};

/*
 * Each returns the length of what it put in text, NUL behind it; text has
 * REPORT_MAX bytes, which are enough for an xid of 255 bytes.
 */
enum { REPORT_MAX = 2048 };

/* A line of JSON: {"xid":"a","seq":0,"start":1.234,"turn":1.3,"end":2.000,
 * "bytes":12,"status":0} and a newline; turn null when it had none.  Times
 * in seconds.  Bytes of the xid that are not UTF-8 are written as U+FFFD,
 * control characters escaped. */
size_t report_json(char *text, const struct report *r);

/* A line of JSON with the path of the master's socket: {"socket":"..."}. */
size_t report_socket(char *text, const char *path);

/* A line of the job log of GNU parallel's form: Seq Host Starttime JobRuntime
 * Send Receive Exitval Signal Command, separated by TABs.  Host is ":", Send
 * 0, Receive the bytes, Command the xid with control characters as ?.  For a
 * code from 129 to 192: Exitval 0 and Signal code - 128. */
size_t report_joblog(char *text, const struct report *r);

/* The file name for an xid in a directory of results: what could lead out of
 * the directory or is no printable ASCII is written %XX (so "/", "%", a
 * leading ".", control characters, bytes above 126); an empty xid is "%". */
size_t report_file(char *text, const char *xid);

#endif
