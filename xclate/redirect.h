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

#include <sys/types.h>

#include "base/event.h"

enum { REDIRECT_REASON_MAX = 512 };

struct redirect {
	int fd;                    /* close-on-exec, above 2; or -1: nothing */
	struct wk_child child;     /* of |cmd; pid 0 when there is none; its
	                              end is watched, ended() does nothing but
	                              set pid to 0 */
	int same;                  /* spec says "leave it as it is" */
	/* on error */
	int code;
	char reason[REDIRECT_REASON_MAX];
};

/* An output: >file >>file file >&N >&- |cmd, a socket.  guard: text for
 * $XCLATE of |cmd, or NULL to leave that alone. */
int redirect_output(struct redirect *r, const char *spec, const char *guard);

/* An input: "-" /dev/null, "" same, <file file <>file <&N <&- |cmd, a socket. */
int redirect_input(struct redirect *r, const char *spec);

/* What redirect_output or redirect_input would do, in words, for -v and -n:
 * "open FILE, truncated".  Returns text in a static buffer. */
const char *redirect_describe(const char *spec, int xmaster_input);

#endif
