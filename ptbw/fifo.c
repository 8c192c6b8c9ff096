/*
 * fifo.c - the fifo of a jobserver: what is in it, and who has it
 *
 * Its name is that of our own descriptor, /proc/PID/fd/N: so the file can go at
 * once, nobody cleans it away, it has no blanks, and after our end, however
 * that came, it cannot be opened any more.  (A fifo that is there still, and
 * that nobody has open, would have a make wait for ever.)
 *
 * Linux tells what others do with it, by inotify.  It also tells what we do,
 * and equal events come as one, so an event says no more than "look".
 *
 * SPDX-License-Identifier: ISC
 */
#include "fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif

#include "base/high.h"
#include "divconnect.h"

#ifdef __linux__

/* What has been seen since the last call. */
static int
fifo_seen(struct fifo *f)
{
	union {
		struct inotify_event e;
		char bytes[4096];
	} u;
	const struct inotify_event *e;
	int seen = 0;
	ssize_t n, at;

	if (!f->told)
		return 0;
	while ((n = read(f->io.fd, u.bytes, sizeof u.bytes)) > 0)
		for (at = 0; at < n; at += (ssize_t)sizeof *e + e->len) {
			e = (const struct inotify_event *)
			    (const void *)(u.bytes + at);
			if (e->mask & IN_CLOSE)
				seen |= FIFO_CLOSED;
			if (e->mask & (IN_OPEN | IN_ACCESS))
				seen |= FIFO_TOUCHED;
		}
	return seen;
}

static void
fifo_ready(struct wk_io *io, int what)
{
	struct fifo *f = (struct fifo *)((char *)io -
	    offsetof(struct fifo, io));

	(void)what;
	f->changed(f, fifo_seen(f));
}

void
fifo_watch(struct fifo *f)
{
	f->io.fd = high_fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
	f->io.ready = fifo_ready;
	f->told = f->io.fd >= 0 && inotify_add_watch(f->io.fd, f->path,
	    IN_OPEN | IN_ACCESS | IN_MODIFY | IN_CLOSE) >= 0 &&
	    wk_watch(&f->io, WK_READ) == 0;
}

static char *
descriptor_path(int fd)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)getpid(), fd);
	return access(path, R_OK | W_OK) == 0 ? strdup(path) : NULL;
}

#else

static int
fifo_seen(struct fifo *f)
{
	(void)f;
	return 0;
}

void
fifo_watch(struct fifo *f)
{
	(void)f;
}

static char *
descriptor_path(int fd)
{
	(void)fd;
	return NULL;
}

#endif

static void
remove_file(struct fifo *f)
{
	if (f->file != NULL)
		unlink(f->file);
	if (f->dir != NULL)
		rmdir(f->dir);
	free(f->file);
	free(f->dir);
	f->file = f->dir = NULL;
}

/* A directory of our own, and the path of a file in it. */
static int
fifo_place(struct fifo *f)
{
	const char *tmp = getenv("TMPDIR");
	size_t room;

	if (tmp == NULL || *tmp != '/')
		tmp = "/tmp";
	room = strlen(tmp) + 32;
	f->dir = malloc(room);
	f->file = malloc(room);
	if (f->dir == NULL || f->file == NULL)
		return -1;
	snprintf(f->dir, room, "%s/ptbjXXXXXX", tmp);
	if (mkdtemp(f->dir) == NULL) {
		free(f->dir);
		f->dir = NULL;
		return -1;
	}
	snprintf(f->file, room, "%s/fifo", f->dir);
	return 0;
}

static int
open_end(const char *path, int flags)
{
	return high_fd(open(path, flags | O_NONBLOCK | O_CLOEXEC));
}

static int
fifo_fail(struct fifo *f)
{
	int e = errno;

	remove_file(f);
	div_close(f->r);
	div_close(f->w);
	errno = e;
	return -1;
}

int
fifo_make(struct fifo *f, const char *path)
{
	f->r = f->w = f->io.fd = -1;
	if (path != NULL ? (f->file = strdup(path)) == NULL :
	    fifo_place(f) != 0)
		return fifo_fail(f);
	if (mkfifo(f->file, 0600) != 0) {
		free(f->file);
		f->file = NULL;
		return fifo_fail(f);
	}
	f->r = open_end(f->file, O_RDONLY);
	f->w = f->r >= 0 ? open_end(f->file, O_WRONLY) : -1;
	if (f->w < 0)
		return fifo_fail(f);
	f->path = path == NULL ? descriptor_path(f->r) : NULL;
	if (f->path != NULL)
		remove_file(f);
	else
		f->path = strdup(f->file);
	return f->path != NULL ? 0 : fifo_fail(f);
}

size_t
fifo_bytes(const struct fifo *f)
{
	int n = 0;

	return ioctl(f->r, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

int
fifo_put(struct fifo *f)
{
	return write(f->w, "+", 1) == 1;
}

int
fifo_take(struct fifo *f, char *byte)
{
	return read(f->r, byte, 1) == 1;
}

int
fifo_open_again(const struct fifo *f, int write)
{
	int fd = open(f->path, (write ? O_WRONLY : O_RDONLY) | O_CLOEXEC);

	return high_fd(fd);
}

static int
nobody_writes(const struct fifo *f)
{
	return (wk_look(f->r, 0, 0) & POLLHUP) != 0;
}

/*
 * Who has it can write to it, or waits in open(2) until another does.  Between
 * two looks that find no writer nobody has come and gone with a byte, or the
 * system would have told.
 */
int
fifo_is_unused(struct fifo *f, size_t *bytes)
{
	int unused;

	fifo_seen(f);
	div_close(f->w);
	unused = nobody_writes(f);
	*bytes = fifo_bytes(f);
	unused = unused && nobody_writes(f);
	if (fifo_seen(f) & FIFO_TOUCHED)
		unused = 0;
	f->w = open_end(f->path, O_WRONLY);
	fifo_seen(f);                   /* what we have done ourselves */
	return unused && f->w >= 0;
}

int
fifo_wait_over(struct fifo *f, struct wk_io *over)
{
	wk_forget(&f->io);
	div_close(f->w);
	f->w = -1;
	over->fd = f->r;
	return wk_watch(over, 0);
}

void
fifo_end(struct fifo *f)
{
	wk_forget(&f->io);
	if (f->io.fd >= 0)
		close(f->io.fd);
	remove_file(f);
	div_close(f->r);
	div_close(f->w);
	free(f->path);
	f->path = NULL;
}
