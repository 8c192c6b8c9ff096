/*
 * redirect.h - streams named on the command line: >file, >&3, |cmd, a socket
 *
 * Nothing here prints or exits.  On error -1 is returned and errno is set;
 * code of the struct is the exit code for it (of base/codes.h), reason a text
 * for people.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XCLATE_REDIRECT_H
#define XCLATE_REDIRECT_H

#include "base/event.h"

enum { REDIRECT_REASON_MAX = 512 };

/* A stream that was opened; the caller closes fd. */
struct redirect {
	int fd;                    /* close-on-exec, above 2; or -1: none */
	struct wk_child child;     /* |cmd while it runs, else pid 0; its end is
	                              watched here */
	int same;                  /* the spec says "leave it as it is" */
	/* on error */
	int code;
	char reason[REDIRECT_REASON_MAX];
};

/* Open an output: >file >>file file >&N >&- |cmd, a socket.  guard: what
 * $XCLATE is for |cmd, or NULL to leave that as it is.  0 or -1. */
int redirect_output(struct redirect *r, const char *spec, const char *guard);

/* Open an input: <file file <>file <&N <&- |cmd, a socket, "-" for /dev/null,
 * "" for the same as before.  0 or -1. */
int redirect_input(struct redirect *r, const char *spec);

/* What redirect_output would do, or with input redirect_input, in words for -v
 * and -n: "open FILE, truncated".  Valid until the next call. */
const char *redirect_describe(const char *spec, int input);

#endif
