/*
 * input.c - the batches of parameters that a run is made of
 *
 * Files are taken as many at a time as a batch has parameters, and opened when
 * they are the next.  A descriptor that other programs may share, as standard
 * input is, is never made non-blocking: it is read when poll says that there is
 * something.
 *
 * SPDX-License-Identifier: ISC
 */
#include "input.h"

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

enum { ROOM_FIRST = 65536 };       /* to read into; it doubles as needed */

/* A file that lines are read from. */
struct input_stream {
	struct wk_io io;
	struct input *in;
	const char *name;          /* for messages */
	struct buffer text;        /* read, and not yet used */
	size_t seen;               /* so many bytes of it have no end of a
	                              line */
	size_t line;               /* lines so far */
	int ended;
	int always;                /* a read never waits: it needs no poll */
};

static enum input_result
input_fail(struct input *in, int code, const char *what, const char *format,
    ...)
{
	va_list ap;

	in->code = code;
	in->what = what;
	va_start(ap, format);
	vsnprintf(in->reason, sizeof in->reason, format, ap);
	va_end(ap);
	return INPUT_FAILED;
}

/* A system call failed: error is the errno. */
static enum input_result
input_fail_errno(struct input *in, int code, const char *what, int error)
{
	return input_fail(in, code, what, "%s", strerror(error));
}

static int
input_is_stdin(const char *operand)
{
	return strcmp(operand, "-") == 0;
}

int
input_uses_stdin(const struct input *in)
{
	size_t i;

	for (i = 0; in->files && in->operand[i] != NULL; i++)
		if (input_is_stdin(in->operand[i]))
			return 1;
	return 0;
}

size_t
input_total(const struct input *in)
{
	return in->files ? 0 : in->blocks + in->operands / in->each;
}

/* --- streams --- */

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

static void
close_stream(struct input_stream *s)
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
	return INPUT_BATCH;
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
		if (*end != NULL || s->ended)
			break;
		s->seen = len;
		r = input_more(s);
	}
	return r;
}

/* The next line of a stream, valid until more is read; INPUT_END when there is
 * none. */
static enum input_result
input_line(struct input_stream *s, char newline, struct expand_text *t)
{
	char *end;
	struct buffer *b = &s->text;
	enum input_result r = find_end(s, newline, &end);

	if (r != INPUT_BATCH)
		return r;
	if (end == NULL && buffer_length(b) == 0)
		return INPUT_END;
	t->data = b->data + b->from;
	t->len = end != NULL ? (size_t)(end - t->data) : buffer_length(b);
	b->from += t->len + (end != NULL);
	s->seen = 0;
	s->line++;
	if (newline != '\0' && memchr(t->data, '\0', t->len) != NULL)
		return input_fail(s->in, WK_DATA, s->name,
		    "line %zu holds a NUL byte (see -z)", s->line);
	return INPUT_BATCH;
}

/* --- files, a set at a time --- */

/* A fifo is opened without waiting for a writer, and read when there is one. */
static struct input_stream *
input_open_file(struct input *in, const char *name)
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

static enum input_result
open_set(struct input *in)
{
	size_t i;
	const char *name;

	for (i = 0; i < in->each; i++) {
		name = in->operand[in->at + i];
		in->slot[i] = input_is_stdin(name) ? in->standard :
		    input_open_file(in, name);
		if (in->slot[i] == NULL)
			return input_fail_errno(in, WK_NOINPUT, name, errno);
	}
	in->opened = 1;
	return INPUT_BATCH;
}

static void
close_set(struct input *in)
{
	size_t i;

	for (i = 0; i < in->each; i++) {
		if (in->slot[i] != in->standard)
			close_stream(in->slot[i]);
		in->slot[i] = NULL;
	}
	in->opened = 0;
}

/* Keep a line until the batch has been used; -1 when there is no memory. */
static int
input_hold(struct input *in, size_t slot, const char *data, size_t len)
{
	/* an empty line, too, is somewhere */
	if (buffer_reserve(&in->hold, len + 1) != 0)
		return -1;
	in->from[slot] = in->hold.to;
	in->param[slot].len = len;
	memcpy(in->hold.data + in->hold.to, data, len);
	in->hold.to += len;
	return 0;
}

/* Read a line for each slot that has none yet; a file that has ended gives the
 * padding. */
static enum input_result
fill_slots(struct input *in)
{
	enum input_result r;
	struct expand_text t = { "", 0 };

	for (; in->filled < in->each; in->filled++) {
		r = input_line(in->slot[in->filled], in->end, &t);
		if (r == INPUT_WAIT || r == INPUT_FAILED)
			return r;
		in->some |= r == INPUT_BATCH;
		if (r == INPUT_END)
			t = (struct expand_text){ in->pad, strlen(in->pad) };
		if (input_hold(in, in->filled, t.data, t.len) != 0)
			return input_fail_errno(in, WK_SYSTEM, "input",
			    ENOMEM);
	}
	return INPUT_BATCH;
}

static enum input_result
next_of_files(struct input *in)
{
	enum input_result r = INPUT_BATCH;
	size_t i;
	const char *name;

	while (in->at < in->operands) {
		if (!in->opened && (r = open_set(in)) != INPUT_BATCH)
			return r;
		if (in->filled == 0) {
			in->some = 0;
			in->hold.to = 0;
		}
		r = fill_slots(in);
		if (r != INPUT_BATCH)
			return r;
		in->filled = 0;
		if (in->some)
			break;
		close_set(in);          /* all its files have ended */
		in->at += in->each;
	}
	if (in->at >= in->operands)
		return INPUT_END;
	for (i = 0; i < in->each; i++) {
		in->param[i].data = in->hold.data + in->from[i];
		name = in->operand[in->at + i];
		in->file[i] = (struct expand_text){ name, strlen(name) };
	}
	return INPUT_BATCH;
}

static enum input_result
next_of_operands(struct input *in)
{
	size_t i;

	if (in->at >= in->operands)
		return INPUT_END;
	for (i = 0; i < in->each; i++)
		in->param[i] = (struct expand_text){ in->operand[in->at + i],
		    strlen(in->operand[in->at + i]) };
	in->at += in->each;
	return INPUT_BATCH;
}

enum input_result
input_next(struct input *in)
{
	enum input_result r = in->files ? next_of_files(in) :
	    next_of_operands(in);

	in->count += r == INPUT_BATCH;
	return r;
}

/* A file that is missing is found before anything starts, though files are
 * opened as they come to be read. */
static enum input_result
check_files(struct input *in)
{
	struct stat st;
	size_t i;
	const char *name;

	for (i = 0; i < in->operands; i++) {
		name = in->operand[i];
		if (input_is_stdin(name))
			continue;
		if (stat(name, &st) != 0 || access(name, R_OK) != 0)
			return input_fail_errno(in, WK_NOINPUT, name, errno);
		if (S_ISDIR(st.st_mode))
			return input_fail_errno(in, WK_NOINPUT, name, EISDIR);
	}
	return INPUT_BATCH;
}

static enum input_result
input_take_stdin(struct input *in)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 3);

	if (fd >= 0)
		in->standard = new_stream(in, fd, "standard input");
	return in->standard != NULL ? INPUT_BATCH :
	    input_fail_errno(in, WK_SYSTEM, "standard input", errno);
}

enum input_result
input_begin(struct input *in)
{
	enum input_result r = INPUT_BATCH;

	for (in->operands = 0; in->operand[in->operands] != NULL; )
		in->operands++;
	if (in->operands % in->each != 0)
		return input_fail(in, WK_DATA,
		    in->files ? "files" : "parameters",
		    "%zu are no multiple of %zu", in->operands, in->each);
	in->param = calloc(in->each, sizeof *in->param);
	in->file = calloc(in->each, sizeof *in->file);
	in->from = calloc(in->each, sizeof *in->from);
	in->slot = calloc(in->each, sizeof *in->slot);
	if (!in->param || !in->file || !in->from || !in->slot)
		return input_fail_errno(in, WK_SYSTEM, "input", ENOMEM);
	if (in->files)
		r = check_files(in);
	if (r == INPUT_BATCH && input_uses_stdin(in))
		r = input_take_stdin(in);
	return r;
}

void
input_end(struct input *in)
{
	if (in->opened)
		close_set(in);
	close_stream(in->standard);
	in->standard = NULL;
	in->at = in->operands;
}
