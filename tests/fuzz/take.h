/*
 * take.h - what a fuzzer does with what it is sent
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FUZZ_TAKE_H
#define FUZZ_TAKE_H

#include <errno.h>
#include <unistd.h>

#include "divconnect.h"

/* Take what there is, and use each descriptor as its receiver would. */
static void
fuzz_take(int sock)
{
	char text[4096];
	int fds[DIV_FDS_MAX];
	size_t count;

	while (div_recv(sock, text, sizeof text, fds, DIV_FDS_MAX,
	    &count) > 0)
		while (count > 0) {
			if (write(fds[--count], "text\n", 5) < 0)
				errno = 0;      /* it was for reading */
			close(fds[count]);
		}
}

#endif
