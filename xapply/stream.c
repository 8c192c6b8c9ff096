/*
 * stream.c - the lines of a file of parameters
 *
 * A descriptor that other programs may share, as standard input is, is never
 * made non-blocking: it is read when poll says that there is something.
 *
 * SPDX-License-Identifier: ISC
 */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"

enum { ROOM_FIRST = 65536 };       /* to read into; it doubles as needed */

static void
input_readable(struct wk_io *io, int what)
{
	struct input_stream *s = (struct input_stream *)io;

	(void)what;
	wk_forget(io);
	s->in->ready();
}

/* A stream that has the descriptor from now on, or closes it: NULL when there
 * is no memory. */
static struct input_stream *
new_stream(struct input *in, int fd, const char *name)
{
	struct input_stream *s = calloc(1, sizeof *s);
	struct stat st;

	if (s == NULL) {
		close(fd);
		return NULL;
	}
	s->io.fd = fd;
	s->io.ready = input_readable;
	s->in = in;
	s->name = name;
	s->always = fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) ||
	    S_ISBLK(st.st_mode));
	return s;
}

void
stream_close(struct input_stream *s)
{
	if (s == NULL)
		return;
	wk_forget(&s->io);
	if (s->io.fd >= 0)
		close(s->io.fd);
	buffer_release(&s->text);
	free(s);
}

/* Have room behind what is not yet used, which may move. */
static enum input_result
input_grow(struct input_stream *s)
{
	if (buffer_length(&s->text) >= INPUT_LINE_MAX)
		return input_fail(s->in, WK_DATA, s->name,
		    "a line is too long");
	if (buffer_reserve(&s->text, s->text.room > 0 ? 1 : ROOM_FIRST) != 0)
		return input_fail_errno(s->in, WK_SYSTEM, s->name, ENOMEM);
	return INPUT_BATCH;
}

/* INPUT_WAIT if a read might wait; then ready() will be called. */
static enum input_result
input_look(struct input_stream *s)
{
	if (s->always || wk_look(s->io.fd, POLLIN, 0) != 0)
		return INPUT_BATCH;
	if (wk_watch(&s->io, WK_READ) == 0)
		return INPUT_WAIT;
	if (errno == ENOMEM || errno == ENOSPC)
		return input_fail_errno(s->in, WK_SYSTEM, s->name, errno);
	s->always = 1;          /* what cannot be watched never waits */
	return INPUT_BATCH;
}

/* What some programs put in front of a table to say that it is UTF-8 is no part
 * of its first column. */
static void
skip_mark(struct input_stream *s)
{
	struct buffer *b = &s->text;

	s->begun = 1;
	if (s->in->columns != NULL && buffer_length(b) >= 3 &&
	    memcmp(b->data + b->from, "\xef\xbb\xbf", 3) == 0)
		b->from += 3;
}

/* Read more bytes, or find that there are none; INPUT_BATCH: done. */
static enum input_result
input_more(struct input_stream *s)
{
	enum input_result r = input_look(s);
	struct buffer *b = &s->text;
	ssize_t n;

	if (r != INPUT_BATCH)
		return r;
	if (input_grow(s) != INPUT_BATCH)
		return INPUT_FAILED;
	do
		n = read(s->io.fd, b->data + b->to, b->room - b->to);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return input_more(s);
	if (n < 0)
		return input_fail_errno(s->in, WK_NOINPUT, s->name, errno);
	b->to += (size_t)n;
	s->ended = n == 0;
	if (!s->begun)
		skip_mark(s);
	return INPUT_BATCH;
}

/* 1 if the columns are those of CSV, whose records may have several lines. */
static int
is_csv(const struct input_stream *s)
{
	return s->in->columns != NULL && s->in->columns->kind == COLUMNS_CSV;
}

/* 1 if what is in front of end stops within quotes. */
static int
record_open(struct input_stream *s, const char *end)
{
	const char *from = s->text.data + s->text.from;

	return is_csv(s) && columns_open(s->in->columns, from,
	    (size_t)(end - from), &s->scan);
}

/* Have the next line in the buffer, *end at its end, or NULL when the stream
 * ends first. */
static enum input_result
find_end(struct input_stream *s, char newline, char **end)
{
	enum input_result r = INPUT_BATCH;
	struct buffer *b = &s->text;
	size_t len;

	*end = NULL;
	while (r == INPUT_BATCH) {
		len = buffer_length(b);
		if (len > s->seen)
			*end = memchr(b->data + b->from + s->seen, newline,
			    len - s->seen);
		if (*end != NULL && record_open(s, *end)) {
			s->seen = (size_t)(*end + 1 - b->data) - b->from;
			*end = NULL;
			continue;
		}
		if (*end != NULL || s->ended)
			break;
		s->seen = len;
		r = input_more(s);
	}
	return r;
}

/* The newlines in so many bytes. */
static size_t
newlines(const char *text, size_t len)
{
	const char *p, *end = text + len;
	size_t n = 0;

	for (p = text; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		n++;
	return n;
}

/* The line, which is behind from, without what does not belong to it. */
static enum input_result
trim(struct input_stream *s, struct expand_text *t)
{
	struct input *in = s->in;
	size_t first = s->line + 1;

	s->line++;
	if (is_csv(s)) {
		if (record_open(s, t->data + t->len))
			return input_fail(in, WK_DATA, s->name,
			    "line %zu: a quote is left open",
			    first + newlines(t->data, s->scan.quote));
		s->line += newlines(t->data, t->len);
	}
	if (in->end != '\0' && memchr(t->data, '\0', t->len) != NULL)
		return input_fail(in, WK_DATA, s->name,
		    "line %zu holds a NUL byte (see -z)", first);
	/* in CSV a line ends in CR and LF by rights */
	if ((in->crlf || is_csv(s)) && t->len > 0 &&
	    t->data[t->len - 1] == '\r')
		t->len--;
	return INPUT_BATCH;
}

static enum input_result
any_line(struct input_stream *s, struct expand_text *t)
{
	char *end;
	struct buffer *b = &s->text;
	enum input_result r = find_end(s, s->in->end, &end);

	if (r != INPUT_BATCH)
		return r;
	if (end == NULL && buffer_length(b) == 0)
		return INPUT_END;
	t->data = b->data + b->from;
	t->len = end != NULL ? (size_t)(end - t->data) : buffer_length(b);
	r = trim(s, t);
	b->from = (end != NULL ? (size_t)(end + 1 - b->data) : b->to);
	s->seen = 0;
	s->scan = (struct columns_scan){ .at = 0 };
	return r;
}

enum input_result
stream_line(struct input_stream *s, struct expand_text *t)
{
	enum input_result r;

	do
		r = any_line(s, t);
	while (r == INPUT_BATCH && t->len == 0 && s->in->skip_empty);
	return r;
}

/* --- files --- */

/* A fifo is opened without waiting for a writer, and read when there is one. */
struct input_stream *
stream_open(struct input *in, const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), e;
	struct input_stream *s;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		errno = EISDIR;
		return NULL;
	}
	s = new_stream(in, fd, name);
	e = errno;
	if (s != NULL && s->always)
		fcntl(fd, F_SETFL, 0);
	errno = e;
	return s;
}


struct input_stream *
stream_standard(struct input *in)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 3);

	return fd >= 0 ? new_stream(in, fd, "standard input") : NULL;
}
