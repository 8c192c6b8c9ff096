/*
 * trace.c - requests and answers in readable form, a line for each
 *
 * SPDX-License-Identifier: ISC
 */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "event.h"

enum {
	SHOWN_MAX = 160,          /* bytes of data, each up to 4 in a line */
	TRACE_LINE_MAX = 1024     /* less than what a pipe takes whole */
};

int wk_tracing;

static char head[64];             /* "ptbw[123]" */
static int sink[2] = { -1, -1 };  /* the file, standard error */

int
wk_trace_begin(const char *program, const char *path, int to_stderr)
{
	snprintf(head, sizeof head, "%.40s[%ld]", program, (long)getpid());
	/* a fifo without a reader is an error, and not waited for */
	if (path != NULL)
		sink[0] = open(path, O_WRONLY | O_APPEND | O_CREAT |
		    O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	if (to_stderr)
		sink[1] = 2;
	wk_tracing = to_stderr || sink[0] >= 0;
	return path == NULL || sink[0] >= 0 ? 0 : -1;
}

/* When a disk is full or a reader gone, the trace ends there. */
static void
trace_put(int *fd, const char *line, size_t len)
{
	if (*fd >= 0 && wk_look(*fd, POLLOUT, 0) != 0 &&
	    write(*fd, line, len) < 0 && errno != EAGAIN && errno != EINTR)
		*fd = -1;
}

/* One byte as it is shown; returns how many bytes that are. */
static size_t
escape(char *to, unsigned char c)
{
	static const char plain[] = "\n\t\r\0\\", letter[] = "ntr0\\";
	const char *at = memchr(plain, c, sizeof plain - 1);

	if (at != NULL)
		return (size_t)sprintf(to, "\\%c", letter[at - plain]);
	if (c < ' ' || c > '~')
		return (size_t)sprintf(to, "\\x%02x", (unsigned)c);
	*to = (char)c;
	return 1;
}

void
wk_trace(unsigned long client, const char *what, const void *data,
    size_t len, int with_fd)
{
	const unsigned char *from = data;
	char line[TRACE_LINE_MAX];
	size_t n, i;

	n = (size_t)snprintf(line, sizeof line, "%s %lu %.100s", head, client,
	    what);
	if (len > 0 && (from[len - 1] == '\n' || from[len - 1] == '\0'))
		len--;
	if (len > 0)
		line[n++] = ' ';
	for (i = 0; i < len && i < SHOWN_MAX; i++)
		n += escape(line + n, from[i]);
	if (len > SHOWN_MAX)
		n += (size_t)snprintf(line + n, sizeof line - n,
		    "... (%zu bytes)", len);
	n += (size_t)snprintf(line + n, sizeof line - n, "%s\n",
	    with_fd ? " +fd" : "");
	trace_put(&sink[0], line, n);
	trace_put(&sink[1], line, n);
}
