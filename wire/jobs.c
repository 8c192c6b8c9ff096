/*
 * jobs.c - the client's side of make's jobserver
 *
 * Each byte goes back as it came, as jobservers may know them by their values.
 * Reading must not wait, when others were faster; O_NONBLOCK belongs to the
 * open file, which make shares with all that it starts, so that it is opened
 * once more where the system can.
 *
 * SPDX-License-Identifier: ISC
 */
#include "jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/high.h"
#include "divconnect.h"

/* What follows the last of that option, or NULL. */
static const char *
last_option(const char *flags, const char *name)
{
	const char *at = NULL;

	while ((flags = strstr(flags, name)) != NULL)
		at = flags += strlen(name);
	return at;
}

static void
jobs_ready(struct wk_io *io, int what)
{
	struct jobs *j = (struct jobs *)((char *)io -
	    offsetof(struct jobs, io));

	(void)what;
	wk_forget(io);
	j->ready();
}

static int
is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* A path with its backslashes removed, up to the blank behind it. */
static int
open_path(struct jobs *j, const char *p)
{
	char *path = malloc(strlen(p) + 1), *to = path;

	if (path == NULL)
		return -1;
	for (; *p != '\0' && *p != ' '; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		*to++ = *p;
	}
	*to = '\0';
	j->r = high_fd(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	j->w = j->r < 0 ? -1 :
	    high_fd(open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC));
	j->ours = 1;
	free(path);
	return j->w >= 0 && is_pipe(j->r) ? 0 : -1;
}

/* Two descriptors, which those that we start inherit as we do. */
static int
open_numbers(struct jobs *j, const char *p)
{
	char path[40];
	int r, w;

	errno = EINVAL;
	if (sscanf(p, "%d,%d", &r, &w) != 2)
		return -1;
	errno = EBADF;
	if (!is_pipe(r) || !is_pipe(w))
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", r);
	j->r = high_fd(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	if (j->r < 0) {
		j->r = r;
		if (fcntl(r, F_SETFL, fcntl(r, F_GETFL) | O_NONBLOCK) != 0)
			return -1;
	}
	j->w = w;
	return 0;
}

/* Both may be there, for clients that know but one: the fifo can be opened
 * where the descriptors were closed on the way. */
int
jobs_open(struct jobs *j, const char *flags)
{
	const char *auth = last_option(flags != NULL ? flags : "",
	    "--jobserver-auth="), *fds = last_option(flags != NULL ? flags :
	    "", "--jobserver-fds="), *fifo = NULL;

	j->r = j->w = -1;
	if (auth == NULL && fds == NULL)
		return 0;
	if (auth != NULL && strncmp(auth, "fifo:", 5) == 0)
		fifo = auth + 5;
	else if (auth != NULL)
		fds = auth;
	if ((fifo == NULL || open_path(j, fifo) != 0) &&
	    (fds == NULL || open_numbers(j, fds) != 0))
		return -1;
	j->io.fd = j->r;
	j->io.ready = jobs_ready;
	return 1;
}

int
jobs_take(struct jobs *j)
{
	ssize_t n;
	char c;

	do
		n = read(j->r, &c, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1 && buffer_append(&j->bytes, &c, 1) == 0)
		return 1;
	if (n == 1 && write(j->w, &c, 1) != 1)
		return -1;
	if (n == 0)             /* whoever had it is gone */
		errno = EPIPE;
	if (n != -1 || (errno != EAGAIN && errno != EWOULDBLOCK))
		return -1;
	return wk_watch(&j->io, WK_READ);
}

void
jobs_give(struct jobs *j)
{
	if (buffer_length(&j->bytes) == 0)
		return;
	j->bytes.to--;
	while (write(j->w, j->bytes.data + j->bytes.to, 1) < 0 &&
	    errno == EINTR)
		;
}

void
jobs_close(struct jobs *j)
{
	wk_forget(&j->io);
	while (buffer_length(&j->bytes) > 0)
		jobs_give(j);
	buffer_release(&j->bytes);
	if (j->r >= 0)
		div_close(j->r);
	if (j->ours && j->w >= 0)
		div_close(j->w);
	j->r = j->w = -1;
}
