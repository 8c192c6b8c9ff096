/*
 * pipe.c - records on standard input, in blocks for the tasks (--pipe)
 *
 * A stream is read as far as a block goes; what stands behind its last whole
 * record begins the next one.  A file is not read but at the borders, which are
 * looked for from the end of a block on backwards.
 *
 * SPDX-License-Identifier: ISC
 */
#include "pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/event.h"
#include "base/flow.h"
#include "divconnect.h"

enum {
	SIZE_LEAST = 1 << 20,     /* of a block, unless that is given */
	SIZE_MOST = 16 << 20,     /* of a block that is held in memory */
	SIZE_ALL = 128 << 20,     /* of all of them */
	SHARE = 32,               /* of what was before it, in a stream */
	SHARE_OF_FILE = 64,
	LOOK_FIRST = 4096,        /* bytes read to find a border; it doubles */
	LOOK_MOST = 65536,
	COPY = 65536              /* where the kernel does not do it */
};

struct block {
	struct block *next;       /* in the list of those to be used again */
	char *data;               /* NULL: it is in the file */
	off_t from;               /* in the input */
	size_t len;
	size_t at;                /* so many bytes were written */
	struct wk_io io;          /* the pipe's end that is written to */
	int feeding;
};

static struct {
	struct pipe_how how;
	struct input *in;
	const char *name;
	struct wk_io io;          /* the input; fd -1: it is closed */
	int is_file, always, ended;
	off_t begin, at, size;    /* of a file */
	uintmax_t taken;          /* bytes of a stream, in blocks */
	char *data;               /* of a stream, one byte more than a block */
	size_t room;              /* for a block */
	size_t len;
	struct block *present;    /* not yet taken, or NULL */
	struct block *spare;      /* with their memory */
	size_t held;              /* with memory, and in use */
} in_blocks = { .io.fd = -1 };

static enum input_result
pipe_fails(int code, const char *format, ...)
{
	struct input *in = in_blocks.in;
	va_list ap;

	in->code = code;
	in->what = in_blocks.name;
	va_start(ap, format);
	vsnprintf(in->reason, sizeof in->reason, format, ap);
	va_end(ap);
	return INPUT_FAILED;
}

/* The longest that a block of a stream may ever be. */
static size_t
size_at_most(void)
{
	size_t share = SIZE_ALL / (in_blocks.how.jobs + 1);

	if (in_blocks.how.size > 0)
		return in_blocks.how.size;
	return share > SIZE_MOST ? SIZE_MOST :
	    share < SIZE_LEAST ? SIZE_LEAST : share;
}

/* Bytes of the block that has so many in front of it.  A process for each MiB
 * costs more than the work that some of them do.  -P has no say in a file's:
 * a run that is resumed finds the same blocks. */
static size_t
size_behind(uintmax_t taken)
{
	uintmax_t size = in_blocks.is_file ?
	    (uintmax_t)(in_blocks.size - in_blocks.begin) / SHARE_OF_FILE :
	    taken / SHARE;

	if (in_blocks.how.size > 0)
		return in_blocks.how.size;
	if (size < SIZE_LEAST)
		return SIZE_LEAST;
	if (in_blocks.is_file || size < size_at_most())
		return size < SIZE_MAX / 2 ? (size_t)size : SIZE_MAX / 2;
	return size_at_most();
}

static enum input_result
record_too_long(uintmax_t at)
{
	return pipe_fails(WK_DATA, "the record at byte %ju is longer than a "
	    "block of %zu bytes (--block)", at + 1, size_behind(at));
}

/* How many of these bytes are whole records. */
static size_t
whole_records(const char *data, size_t len)
{
	const char *end = in_blocks.how.end;
	size_t n = in_blocks.how.end_len;

	for (; len >= n; len--)
		if (data[len - 1] == end[n - 1] &&
		    memcmp(data + len - n, end, n) == 0)
			return len;
	return 0;
}

/* --- a file --- */

/* 1 with the last border in *at, of those up to limit that are behind from; 0
 * when there is none, -1 with errno. */
static int
border_before(off_t from, off_t limit, off_t *at)
{
	static char text[LOOK_MOST];
	size_t look = LOOK_FIRST, n, more = in_blocks.how.end_len - 1;
	off_t low, high = limit;
	ssize_t r;

	while (high > from) {
		low = high - from > (off_t)look ? high - (off_t)look : from;
		/* one that begins here may end behind what was seen */
		n = (size_t)(limit - low < (off_t)(look + more) ? limit - low :
		    (off_t)(look + more));
		r = pread(in_blocks.io.fd, text, n, low);
		if (r != (ssize_t)n) {
			errno = r < 0 ? errno : EIO;
			return -1;
		}
		n = whole_records(text, n);
		if (n > 0) {
			*at = low + (off_t)n;
			return 1;
		}
		high = low;
		look = look * 2 + more <= LOOK_MOST ? look * 2 : look;
	}
	return 0;
}

/* Where the block ends that begins there; INPUT_BATCH, or INPUT_FAILED. */
static enum input_result
end_of_block(off_t from, off_t *end)
{
	uintmax_t before = (uintmax_t)(from - in_blocks.begin);
	off_t size = (off_t)size_behind(before);
	int r = 1;

	if (in_blocks.size - from <= size)
		*end = in_blocks.size;
	else
		r = border_before(from, from + size, end);
	if (r < 0)
		return pipe_fails(WK_NOINPUT, "%s", strerror(errno));
	return r == 0 ? record_too_long(before) : INPUT_BATCH;
}

/* Count the blocks, so that one that cannot be is known before anything
 * starts. */
static enum input_result
count_blocks(void)
{
	enum input_result r = INPUT_BATCH;
	off_t at = in_blocks.at;

	for (; at < in_blocks.size; in_blocks.in->blocks++) {
		r = end_of_block(at, &at);
		if (r != INPUT_BATCH)
			break;
	}
	return r;
}

static enum input_result
next_of_file(struct block **b)
{
	enum input_result r;
	off_t end;

	if (in_blocks.at >= in_blocks.size)
		return INPUT_END;
	r = end_of_block(in_blocks.at, &end);
	if (r != INPUT_BATCH)
		return r;
	*b = calloc(1, sizeof **b);
	if (*b == NULL)
		return pipe_fails(WK_SYSTEM, "%s", strerror(ENOMEM));
	(*b)->from = in_blocks.at;
	(*b)->len = (size_t)(end - in_blocks.at);
	in_blocks.at = end;
	return INPUT_BATCH;
}

/* --- a stream --- */

static void
pipe_readable(struct wk_io *io, int what)
{
	(void)what;
	wk_forget(io);
	in_blocks.in->ready();
}

/* INPUT_WAIT if a read might wait; then ready() will be called. */
static enum input_result
pipe_look(void)
{
	if (in_blocks.always || wk_look(in_blocks.io.fd, POLLIN, 0) != 0)
		return INPUT_BATCH;
	if (wk_watch(&in_blocks.io, WK_READ) == 0)
		return INPUT_WAIT;
	if (wk_passes(errno))
		return pipe_fails(WK_SYSTEM, "%s", strerror(errno));
	in_blocks.always = 1;   /* what cannot be watched never waits */
	return INPUT_BATCH;
}

/* Read until there is more than a block, or nothing more. */
static enum input_result
fill_block(void)
{
	size_t room = size_behind(in_blocks.taken) + 1;
	enum input_result r;
	ssize_t n;

	while (!in_blocks.ended && in_blocks.len < room) {
		r = pipe_look();
		if (r != INPUT_BATCH)
			return r;
		n = read(in_blocks.io.fd, in_blocks.data + in_blocks.len,
		    room - in_blocks.len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return pipe_fails(WK_NOINPUT, "%s", strerror(errno));
		in_blocks.ended = n == 0;
		in_blocks.len += n > 0 ? (size_t)n : 0;
	}
	return INPUT_BATCH;
}

/* A block with memory for one byte more than it may have; NULL: no memory. */
static struct block *
new_block(void)
{
	struct block *b = in_blocks.spare;

	if (b != NULL) {
		in_blocks.spare = b->next;
		return b;
	}
	b = calloc(1, sizeof *b);
	if (b != NULL)
		b->data = malloc(in_blocks.room + 1);
	if (b != NULL && b->data == NULL) {
		free(b);
		b = NULL;
	}
	return b;
}

static enum input_result
next_of_stream(struct block **b)
{
	enum input_result r = fill_block();
	size_t n = in_blocks.len, size = size_behind(in_blocks.taken), rest;
	char *data;

	if (r != INPUT_BATCH)
		return r;
	if (n == 0)
		return INPUT_END;
	if (n > size)
		n = whole_records(in_blocks.data, size);
	if (n == 0)
		return record_too_long(in_blocks.taken);
	*b = new_block();
	if (*b == NULL)
		return pipe_fails(WK_SYSTEM, "%s", strerror(ENOMEM));
	/* the bytes stay where they are, the block gives its memory for them */
	data = (*b)->data;
	(*b)->data = in_blocks.data;
	(*b)->len = n;
	rest = in_blocks.len - n;
	memcpy(data, in_blocks.data + n, rest);
	in_blocks.data = data;
	in_blocks.len = rest;
	(*b)->from = (off_t)in_blocks.taken;
	in_blocks.taken += n;
	in_blocks.held++;
	return INPUT_BATCH;
}

/* --- both --- */

enum input_result
pipe_next(struct input *in, size_t most)
{
	enum input_result r;

	block_free(in_blocks.present);
	in_blocks.present = NULL;
	if (in_blocks.io.fd < 0)
		return INPUT_END;
	if (in_blocks.held >= most)
		return INPUT_WAIT;      /* until one is freed */
	r = in_blocks.is_file ? next_of_file(&in_blocks.present) :
	    next_of_stream(&in_blocks.present);
	in->count += r == INPUT_BATCH;
	return r;
}

struct block *
pipe_take(void)
{
	struct block *b = in_blocks.present;

	in_blocks.present = NULL;
	return b;
}

size_t
pipe_place(char *text, size_t room)
{
	const struct block *b = in_blocks.present;

	return (size_t)snprintf(text, room, "%jd %zu",
	    (intmax_t)(b != NULL ? b->from : 0), b != NULL ? b->len : 0);
}

void
pipe_end(void)
{
	block_free(in_blocks.present);
	in_blocks.present = NULL;
	wk_forget(&in_blocks.io);
	/* tasks that run may still be given bytes of a file */
	if (in_blocks.io.fd >= 0 && !in_blocks.is_file) {
		close(in_blocks.io.fd);
		in_blocks.io.fd = -1;
	}
}

static int
open_source(void)
{
	const char *file = in_blocks.how.file;

	if (file == NULL)
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/* A file whose length is known has places; standard input that is one has been
 * read when we have begun. */
static enum input_result
begin_parts(off_t size)
{
	if (in_blocks.how.file == NULL) {
		in_blocks.at = lseek(in_blocks.io.fd, 0, SEEK_CUR);
		if (in_blocks.at < 0 || in_blocks.at > size)
			in_blocks.at = size;
		lseek(in_blocks.io.fd, size, SEEK_SET);
	}
	in_blocks.begin = in_blocks.at;
	in_blocks.size = size;
	in_blocks.is_file = 1;
	return count_blocks();
}

enum input_result
pipe_begin(struct input *in, const struct pipe_how *how)
{
	struct stat st;

	in_blocks.in = in;
	in_blocks.how = *how;
	in_blocks.name = how->file != NULL ? how->file : "standard input";
	in_blocks.io.fd = open_source();
	in_blocks.io.ready = pipe_readable;
	if (in_blocks.io.fd < 0 || fstat(in_blocks.io.fd, &st) != 0)
		return pipe_fails(WK_NOINPUT, "%s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return pipe_fails(WK_NOINPUT, "%s", strerror(EISDIR));
	/* files of /proc say that they are empty */
	if (S_ISREG(st.st_mode) && st.st_size > 0)
		return begin_parts(st.st_size);
	if (how->file != NULL && !S_ISREG(st.st_mode))
		return pipe_fails(WK_DATA, "not a file that has parts "
		    "(--pipe reads anything)");
	in_blocks.always = S_ISREG(st.st_mode);
	in_blocks.room = size_at_most();
	in_blocks.data = malloc(in_blocks.room + 1);
	if (in_blocks.data == NULL)
		return pipe_fails(WK_SYSTEM, "%s", strerror(ENOMEM));
	flow_widen(in_blocks.io.fd);
	return INPUT_BATCH;
}

/* --- a block on its way to its task --- */

/* Where the kernel does not move bytes from the file: through us. */
static ssize_t
copy_some(const struct block *b, size_t len)
{
	static char text[COPY];
	ssize_t n = pread(in_blocks.io.fd, text, len < COPY ? len : COPY,
	    b->from + (off_t)b->at);

	return n > 0 ? write(b->io.fd, text, (size_t)n) : n;
}

#ifdef __linux__
static ssize_t
move_some(const struct block *b, size_t len)
{
	off_t at = b->from + (off_t)b->at;
	ssize_t n = splice(in_blocks.io.fd, &at, b->io.fd, NULL, len,
	    SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

	return n < 0 && (errno == EINVAL || errno == ENOSYS) ?
	    copy_some(b, len) : n;
}
#else
#define move_some copy_some
#endif

/* Write what the pipe takes; 1 when there is no more to do. */
static int
feed_some(struct block *b)
{
	size_t left;
	ssize_t n = 0;

	while ((left = b->len - b->at) > 0) {
		n = b->data != NULL ? write(b->io.fd, b->data + b->at, left) :
		    move_some(b, left);
		if (n > 0)
			b->at += (size_t)n;
		else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		else if (n == 0 || errno != EINTR)
			break;
	}
	/* a task need not read all; but the file has to have it */
	if (left > 0 && (n == 0 || errno != EPIPE))
		in_blocks.how.lost(in_blocks.name, n == 0 ?
		    "it has become shorter" : strerror(errno));
	return 1;
}

static void
pipe_writable(struct wk_io *io, int what)
{
	struct block *b = (struct block *)((char *)io -
	    offsetof(struct block, io));

	(void)what;
	if (feed_some(b))
		block_stop(b);
}

int
block_feed(struct block *b)
{
	int fd[2], e;

	if (div_pipe(fd) != 0)
		return -1;
	b->io.fd = fd[1];
	b->io.ready = pipe_writable;
	b->at = 0;
	b->feeding = 1;
	flow_widen(fd[1]);
	if (fcntl(fd[1], F_SETFL, O_NONBLOCK) == 0 && feed_some(b)) {
		block_stop(b);
		return fd[0];
	}
	if (wk_watch(&b->io, WK_WRITE) == 0)
		return fd[0];
	e = errno;
	close(fd[0]);
	block_stop(b);
	errno = e;
	return -1;
}

void
block_stop(struct block *b)
{
	if (!b->feeding)
		return;
	wk_forget(&b->io);
	close(b->io.fd);
	b->feeding = 0;
}

void
block_free(struct block *b)
{
	if (b == NULL)
		return;
	block_stop(b);
	if (b->data == NULL) {
		free(b);
		return;
	}
	in_blocks.held--;
	b->next = in_blocks.spare;
	in_blocks.spare = b;
}
