/*
 * flow.c - bytes on their way from a source to a sink, without ever waiting
 *
 * A sink is usually shared: the terminal, the pipe behind a whole pipeline.
 * O_NONBLOCK belongs to the open file, so setting it would change the ground
 * under everybody else.  Instead we open the same file once more where the
 * system lets us (/proc), send without waiting where it is a socket, and
 * otherwise look whether there is room and then write no more than a pipe
 * with room always takes.
 *
 * Events are delivered as the last thing that happens in a function, so that
 * the owner may do anything then, closing the flow included.
 *
 * SPDX-License-Identifier: ISC
 */
#include "flow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "divconnect.h"

#ifndef PIPE_BUF
#define PIPE_BUF 512
#endif

enum {
	CHUNK = 131072,           /* bytes moved at a time */
	WIDE = 262144,            /* of a pipe: measured, more is no faster */
	LINES_CHUNK = 16384,      /* where tags may make several times that */
	READ_MIN = 16384,
	ROUNDS = 32,              /* before the loop goes on to others */
	UNWATCHED_MS = 50,        /* between looks at what is not watched */
	HESITATE_MS = 100,        /* for a sink, before a file is begun */
	HESITATE_LEAST_MS = 20,   /* where that was in vain before */
	TERMINAL_MAX = 131072     /* bytes that a terminal may hold unread */
};

void (*flow_at_terminal)(int last);

static char chunk[CHUNK];         /* on its way, never across a wait */
static int hesitate_ms = HESITATE_MS;

static void pump(struct flow *f);
static void later(struct flow *f);
static void flow_soon(struct wk_timer *t);

static int
has_source(const struct flow *f)
{
	return f->in_state == FLOW_IN_READY || f->in_state == FLOW_IN_WAITS;
}

/* Something may be there by now: look again. */
static void
source_ready(struct flow *f)
{
	if (has_source(f))
		f->in_state = FLOW_IN_READY;
}

/* Report an event that is reported once. */
static void
happened_once(struct flow *f, int what)
{
	if (!(f->reported & what))
		f->happened |= what;
	f->reported |= what;
}

/* --- what systems do differently --- */

#ifdef __linux__
/* Open the same pipe or terminal once more, for ourselves. */
static int
reopen(int fd)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Move bytes inside the kernel; -1 with EINVAL where it cannot. */
static ssize_t
move(int from, off_t *offset, int to, off_t *to_offset, size_t len)
{
	return splice(from, offset, to, to_offset, len,
	    SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
}

void
flow_widen(int fd)
{
	int size = fcntl(fd, F_GETPIPE_SZ);

	if (size > 0 && size < WIDE)
		fcntl(fd, F_SETPIPE_SZ, WIDE);
}
#else
void
flow_widen(int fd)
{
	(void)fd;
}

static int
reopen(int fd)
{
	(void)fd;
	errno = ENOSYS;
	return -1;
}

static ssize_t
move(int from, off_t *offset, int to, off_t *to_offset, size_t len)
{
	(void)from, (void)offset, (void)to, (void)to_offset, (void)len;
	errno = EINVAL;
	return -1;
}
#endif

/* A file without a name, or one that loses it before a signal can end us. */
int
flow_file(void)
{
	const char *dir = getenv("TMPDIR");
	char path[PATH_MAX];
	sigset_t all, mask;
	int fd;

	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
#ifdef O_TMPFILE
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
#endif
	if ((size_t)snprintf(path, sizeof path, "%s/wrapXXXXXX", dir) >=
	    sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	fd = mkstemp(path);
	if (fd >= 0 && unlink(path) != 0) {
		div_close(fd);          /* it would stay for ever */
		fd = -1;
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (fd >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

static int
is_ready(int fd, short events)
{
	return wk_look(fd, events, 0) != 0;
}

/* --- holding --- */

/* The sink is of no use any more: what we have is lost, and the writer at the
 * other end of the source is to notice. */
static void
flow_fail(struct flow *f, int error)
{
	f->error = error;
	f->failed = 1;
	f->held = f->whole = 0;
	f->front.from = f->front.to = f->mem.from = f->mem.to = 0;
	f->rest.from = f->rest.to = 0;
	f->file_from = f->file_to;
	flow_leave(f);
	flow_cut(f);
	f->happened |= FLOW_FAILED;
}

static void
flow_add(struct buffer *b, const char *data, size_t len, struct flow *f)
{
	if (buffer_append(b, data, len) != 0)
		flow_fail(f, ENOMEM);
}

static void
count_held(struct flow *f, const char *data, size_t len)
{
	const char *p;

	if (f->whole_lines) {
		for (p = data + len; p > data && p[-1] != '\n'; p--)
			;
		if (p > data)
			f->whole = f->held + (uint64_t)(p - data);
	}
	f->held += len;
}

static int
flow_open_file(struct flow *f)
{
	if (f->file < 0)
		f->file = flow_file();
	if (f->file < 0)
		f->spill = 0;
	return f->file < 0 ? -1 : 0;
}

/* Append to the file.  Returns how many bytes did not fit. */
static size_t
add_to_file(struct flow *f, const char *data, size_t len)
{
	ssize_t n;

	while (len > 0 && f->spill) {
		n = pwrite(f->file, data, len, f->file_to);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			f->spill = 0;   /* the disk is full */
			break;
		}
		f->file_to += n;
		data += n;
		len -= (size_t)n;
	}
	return len;
}

/* Hold bytes behind all others, in the first place with room. */
static void
flow_hold(struct flow *f, const char *data, size_t len)
{
	size_t left = len;
	int in_file = f->file_from < f->file_to;

	if (f->failed || len == 0)
		return;
	count_held(f, data, len);
	if (buffer_length(&f->rest) == 0) {
		if (!in_file && buffer_length(&f->mem) + len <=
		    (flow_has_sink(f) ? (size_t)CHUNK : f->cap)) {
			flow_add(&f->mem, data, len, f);
			return;
		}
		if (f->spill && flow_open_file(f) == 0)
			left = add_to_file(f, data, len);
		else if (!in_file) {
			flow_add(&f->mem, data, len, f);
			return;
		}
	}
	if (left > 0)
		flow_add(&f->rest, data + (len - left), left, f);
}

static void
emit(void *to, const char *data, size_t len)
{
	flow_hold(to, data, len);
}

/* --- the sink --- */

static ssize_t
write_shared(struct flow *f, const struct iovec *v)
{
	size_t len = v->iov_len < PIPE_BUF ? v->iov_len : PIPE_BUF;

	if (!is_ready(f->sink, POLLOUT)) {
		errno = EAGAIN;
		return -1;
	}
	return write(f->sink, v->iov_base, len);
}

static ssize_t
write_once(struct flow *f, struct iovec *v, int count)
{
	struct msghdr m;
	ssize_t n;

	do
		switch (f->kind) {
		case FLOW_TO_SOCKET:
			memset(&m, 0, sizeof m);
			m.msg_iov = v;
			m.msg_iovlen = count;
			n = sendmsg(f->sink, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
			break;
		case FLOW_TO_SHARED:
			n = write_shared(f, v);
			break;
		default:
			n = writev(f->out.fd, v, count);
		}
	while (n < 0 && errno == EINTR);
	return n;
}

/* The first n bytes of these have been written to a terminal. */
static void
note_written(struct flow *f, const struct iovec *v, size_t n)
{
	int last = -1;
	size_t len;

	for (; n > 0; v++, n -= len) {
		len = v->iov_len < n ? v->iov_len : n;
		wk_colour_feed(&f->colour, v->iov_base, len);
		if (len > 0)
			last = ((const unsigned char *)v->iov_base)[len - 1];
	}
	if (flow_at_terminal != NULL && last >= 0)
		flow_at_terminal(last);
}

static ssize_t
write_sink(struct flow *f, struct iovec *v, int count)
{
	ssize_t n;

	if (f->terminal && flow_at_terminal != NULL)
		flow_at_terminal(-1);
	n = write_once(f, v, count);
	if (f->terminal && n > 0)
		note_written(f, v, (size_t)n);
	return n;
}

/* A signal came before any byte did.  It may be one that ends us, so the loop
 * looks at it before the same is tried again. */
static int
flow_interrupted(struct flow *f)
{
	if (errno != EINTR)
		return 0;
	later(f);
	return 1;
}

/* Look at what a write has returned: 1 to go on, 0 when nothing was taken. */
static int
sink_result(struct flow *f, ssize_t n)
{
	if (n >= 0)
		return 1;
	if (flow_interrupted(f))
		return 0;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		f->out_state = FLOW_OUT_WAITS;
	else
		flow_fail(f, errno);
	return 0;
}

/* Bytes that may be written now, without what is in front. */
static uint64_t
writable(const struct flow *f)
{
	return f->whole_lines && !flow_ended(f) ? f->whole : f->held;
}

static void
written(struct flow *f, size_t n)
{
	f->held -= n;
	f->whole -= f->whole < n ? f->whole : n;
}

/*
 * Does a move that returned n leave it to reading and writing to do the same?
 * Only they tell which of the two sides an error belongs to, and some of the
 * errors are of moving alone.
 */
static int
cannot_move(ssize_t n)
{
	return n < 0 && errno != EAGAIN && errno != EWOULDBLOCK &&
	    errno != EINTR;
}

static int
write_file(struct flow *f, size_t len)
{
	off_t from = f->file_from;
	struct iovec v;
	ssize_t n = -1;

	if ((off_t)len > f->file_to - from)
		len = (size_t)(f->file_to - from);
	if (f->kind == FLOW_TO_OWN && !f->no_splice) {
		n = move(f->file, &from, f->sink, NULL, len);
		if (n == 0 || cannot_move(n))
			f->no_splice = 1;
	}
	if (f->kind != FLOW_TO_OWN || f->no_splice) {
		n = pread(f->file, chunk, len < CHUNK ? len : CHUNK, from);
		if (n < 0 && flow_interrupted(f))
			return 0;
		if (n <= 0) {
			flow_fail(f, n < 0 ? errno : EIO);
			return 0;
		}
		v.iov_base = chunk;
		v.iov_len = (size_t)n;
		n = write_sink(f, &v, 1);
	}
	if (!sink_result(f, n))
		return 0;
	f->file_from += n;
	written(f, (size_t)n);
	if (f->file_from == f->file_to && ftruncate(f->file, 0) == 0)
		f->file_from = f->file_to = 0;
	return 1;
}

static int
write_memory(struct flow *f, struct buffer *b, size_t len)
{
	struct iovec v[2];
	int count = 0;
	size_t front = buffer_length(&f->front), n;
	ssize_t r;

	if (front > 0) {
		v[count].iov_base = f->front.data + f->front.from;
		v[count++].iov_len = front;
	}
	if (len > buffer_length(b))
		len = buffer_length(b);
	if (len > 0) {
		v[count].iov_base = b->data + b->from;
		v[count++].iov_len = len;
	}
	r = write_sink(f, v, count);
	if (!sink_result(f, r))
		return 0;
	n = (size_t)r < front ? (size_t)r : front;
	f->front.from += n;
	n = (size_t)r - n;
	b->from += n;
	written(f, n);
	return 1;
}

/* Write some of what is held; 0 when the sink takes no more. */
static int
write_held(struct flow *f)
{
	uint64_t may = writable(f);
	size_t len = may < SIZE_MAX / 2 ? (size_t)may : SIZE_MAX / 2;

	if (buffer_length(&f->front) > 0 || buffer_length(&f->mem) > 0)
		return write_memory(f, &f->mem, len);
	if (f->file_from < f->file_to)
		return write_file(f, len);
	return write_memory(f, &f->rest, len);
}

/* --- the source --- */

static void
is_dry(struct flow *f)
{
	if (f->dry_asked)
		f->happened |= FLOW_DRY;
	f->dry_asked = 0;
}

static void
source_ended(struct flow *f, int error)
{
	if (error != 0) {
		f->error = error;
		f->happened |= FLOW_UNREADABLE;
	}
	if (f->lines != NULL)
		lines_end(f->lines, emit, f);
	f->happened |= FLOW_END;
	is_dry(f);
	flow_cut(f);
	f->in_state = FLOW_IN_ENDED;
}

/* What can be read now, in bytes; -1: nobody tells. */
static int
bytes_to_read(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 ? n : -1;
}

int
flow_has_writer(int pipe)
{
	return !(wk_look(pipe, POLLIN, 0) & POLLHUP);
}

/* Of what a pseudo-terminal holds FIONREAD may not know yet, poll does. */
int
flow_has_bytes(int pipe)
{
	return bytes_to_read(pipe) > 0 ||
	    (isatty(pipe) && (wk_look(pipe, POLLIN, 0) & POLLIN));
}

/* The source has nothing now.  When this is all that is asked of it, it is
 * asked twice: who promised to read what there is takes no hasty word for
 * it. */
static void
no_more_yet(struct flow *f)
{
	if (f->finishing && bytes_to_read(f->in.fd) > 0)
		later(f);
	else if (f->finishing)
		source_ended(f, 0);
	else {
		f->in_state = FLOW_IN_WAITS;
		is_dry(f);
	}
}

/* Reading fails with EIO at the end of a pseudo-terminal, when nobody has its
 * other side open any more, and nothing is left. */
static int
other_side_gone(const struct flow *f)
{
	int e = errno, gone = e == EIO && isatty(f->in.fd) &&
	    (wk_look(f->in.fd, POLLIN, 0) & (POLLIN | POLLHUP)) == POLLHUP;

	errno = e;
	return gone;
}

/* What a read or a move from the source returned; 1 when bytes came. */
static int
source_result(struct flow *f, ssize_t n)
{
	if (n > 0) {
		f->total += (uint64_t)n;
		if (!f->whole_lines)
			happened_once(f, FLOW_DATA);
		return 1;
	}
	if (n == 0)
		source_ended(f, 0);
	else if (errno == EAGAIN || errno == EWOULDBLOCK)
		no_more_yet(f);
	else if (other_side_gone(f))
		source_ended(f, 0);
	else if (!flow_interrupted(f))
		source_ended(f, errno);
	return 0;
}

/* Read only what can be read without waiting (EAGAIN). */
static ssize_t
read_source(struct flow *f, char *to, size_t len)
{
	if (!f->ours && !is_ready(f->in.fd, POLLIN)) {
		errno = EAGAIN;
		return -1;
	}
	return read(f->in.fd, to, len);
}

static void
copy_to_file(struct flow *f, const char *data, size_t len)
{
	ssize_t n;

	while (f->copy != NULL && *f->copy >= 0 && len > 0) {
		n = write(*f->copy, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			f->copy_error = n < 0 ? errno : ENOSPC;
			close(*f->copy);
			*f->copy = -1;
			return;
		}
		data += n;
		len -= (size_t)n;
	}
}

/* Read bytes that are looked at on their way. */
static int
take_lines(struct flow *f)
{
	ssize_t n = read_source(f, chunk, LINES_CHUNK);

	if (!source_result(f, n))
		return 0;
	copy_to_file(f, chunk, (size_t)n);
	if (f->lines != NULL)
		lines_feed(f->lines, chunk, (size_t)n, emit, f);
	else
		flow_hold(f, chunk, (size_t)n);
	return 1;
}

static int
take_to_memory(struct flow *f, size_t room)
{
	size_t len = room < CHUNK ? room : CHUNK;
	char *to;
	ssize_t n;

	if (!flow_has_sink(f) && len > READ_MIN)
		len = buffer_length(&f->mem) > READ_MIN ?
		    buffer_length(&f->mem) : READ_MIN;
	if (len > room)
		len = room;
	if (buffer_reserve(&f->mem, len) != 0) {
		source_ended(f, ENOMEM);
		return 0;
	}
	to = f->mem.data + f->mem.to;
	n = read_source(f, to, len);
	if (!source_result(f, n))
		return 0;
	f->mem.to += (size_t)n;
	count_held(f, to, (size_t)n);
	return 1;
}

static int
take_to_file(struct flow *f)
{
	ssize_t n;

	if (flow_open_file(f) != 0)
		return 1;
	if (!f->whole_lines && !f->no_spill_splice) {
		n = move(f->in.fd, NULL, f->file, &f->file_to, CHUNK);
		if (cannot_move(n)) {
			f->no_spill_splice = 1;
		} else {
			if (!source_result(f, n))
				return 0;
			f->held += (uint64_t)n;
			return 1;
		}
	}
	n = read_source(f, chunk, CHUNK);
	if (!source_result(f, n))
		return 0;
	flow_hold(f, chunk, (size_t)n);
	return 1;
}

/*
 * From source to sink inside the kernel.  EAGAIN does not say which of the two
 * is to be waited for.
 */
static int
take_to_sink(struct flow *f)
{
	ssize_t n = move(f->in.fd, NULL, f->sink, NULL, 8 * CHUNK);

	if (n >= 0)
		return source_result(f, n);
	if (flow_interrupted(f))
		return 0;
	if (cannot_move(n)) {
		f->no_splice = 1;
		return 1;
	}
	if (!is_ready(f->in.fd, POLLIN))
		no_more_yet(f);
	else if (f->kind != FLOW_TO_FILE && !is_ready(f->sink, POLLOUT))
		f->out_state = FLOW_OUT_WAITS;
	else
		return 1;
	return 0;
}

/* Where sinks take long to come, other flows need not wait as long in vain:
 * their writers stand still meanwhile. */
static void
patience_over(struct wk_timer *t)
{
	hesitate_ms = hesitate_ms / 2 > HESITATE_LEAST_MS ?
	    hesitate_ms / 2 : HESITATE_LEAST_MS;
	pump((struct flow *)((char *)t - offsetof(struct flow, patience)));
}

/* The sink has come while it was waited for. */
static void
patience_pays(struct flow *f)
{
	if (!f->patience.set)
		return;
	wk_timer_stop(&f->patience);
	hesitate_ms = 2 * hesitate_ms < HESITATE_MS ?
	    2 * hesitate_ms : HESITATE_MS;
}

/* True while a sink is waited for before a file is begun: a little, once in a
 * flow, as after that the writer of the source is held up no more. */
static int
hesitates(struct flow *f)
{
	if (flow_has_sink(f) || f->finishing || !f->spill)
		return 0;
	if (!f->hesitated) {
		f->hesitated = 1;
		f->patience.expired = patience_over;
		wk_timer_set(&f->patience, hesitate_ms);
	}
	return f->patience.set;
}

/* There is no room in memory for more. */
static int
take_beyond(struct flow *f, int look)
{
	int in_file = f->file_from < f->file_to || buffer_length(&f->rest) > 0;
	/* with whole_lines, a line must be complete before it is written */
	int on = f->whole_lines && f->whole == 0;

	happened_once(f, FLOW_FULL);
	if (hesitates(f))
		return 0;
	if (f->spill && buffer_length(&f->rest) == 0)
		return look ? take_lines(f) : take_to_file(f);
	if (on)
		return look || in_file ? take_lines(f) :
		    take_to_memory(f, READ_MIN);
	if (!flow_has_sink(f))
		happened_once(f, FLOW_STUCK);
	return 0;
}

/* Take more from the source; 0 when there is none, or no room for it. */
static int
flow_take(struct flow *f)
{
	size_t have = buffer_length(&f->mem);
	size_t room = flow_has_sink(f) ? (size_t)CHUNK : f->cap;
	int look = f->lines != NULL || f->copy != NULL;

	if (f->finishing && f->total >= f->limit) {
		source_ended(f, 0);
		return 0;
	}
	if (flow_has_sink(f) && !look && !f->whole_lines && f->held == 0 &&
	    !f->no_splice)
		return take_to_sink(f);
	if (have >= room || f->file_from < f->file_to ||
	    buffer_length(&f->rest) > 0)
		return take_beyond(f, look);
	return look ? take_lines(f) : take_to_memory(f, room - have);
}

/* --- the rounds of the loop --- */

static int
has_to_write(const struct flow *f)
{
	return buffer_length(&f->front) > 0 || writable(f) > 0;
}

static int
flow_step(struct flow *f)
{
	if (f->out_state == FLOW_OUT_WAITS)
		return 0;
	if (f->out_state == FLOW_OUT_READY && has_to_write(f))
		return write_held(f);
	return f->in_state == FLOW_IN_READY ? flow_take(f) : 0;
}

/* For a while there may be no room to watch any more: then it is looked at
 * again and again. */
static void
flow_watch(struct flow *f, struct wk_io *io, int waits, int events)
{
	if (!waits)
		wk_forget(io);
	else if (wk_watch(io, events) != 0) {
		if (!wk_passes(errno)) {
			flow_fail(f, errno);
			return;
		}
		if (events == WK_READ)
			f->in_state = FLOW_IN_READY;
		else
			f->out_state = FLOW_OUT_READY;
		f->soon.expired = flow_soon;
		wk_timer_set(&f->soon, UNWATCHED_MS);
	}
}

static void
flow_deliver(struct flow *f)
{
	int what = f->happened;

	f->happened = 0;
	if (what != 0)
		f->tell(f, what);
}

static void
note_empty(struct flow *f)
{
	if (!flow_has_sink(f) || has_to_write(f)) {
		/* it was true a moment ago, and is not reported any more */
		f->reported &= ~FLOW_EMPTY;
		f->happened &= ~FLOW_EMPTY;
	} else if (!has_source(f) || f->whole_lines) {
		happened_once(f, FLOW_EMPTY);
	}
}

static void
pump(struct flow *f)
{
	/* without a sink: the owner, once it knows of bytes, may bring one */
	int i, rounds = flow_has_sink(f) ? ROUNDS : 1;

	note_empty(f);
	for (i = 0; i < rounds && flow_step(f); i++)
		;
	note_empty(f);
	if (f->mark > 0 && flow_written(f) >= f->mark) {
		f->mark = 0;
		f->happened |= FLOW_MARK;
	}
	if (f->whole_lines && !flow_has_sink(f) && writable(f) > 0)
		f->happened |= FLOW_DATA;
	if (has_source(f))
		flow_watch(f, &f->in, f->in_state == FLOW_IN_WAITS, WK_READ);
	if (flow_has_sink(f))
		flow_watch(f, &f->out, f->out_state == FLOW_OUT_WAITS,
		    WK_WRITE);
	if (i == rounds)
		wk_timer_set(&f->soon, 0);
	flow_deliver(f);
}

static struct flow *
flow_of(void *member, size_t offset)
{
	return (struct flow *)((char *)member - offset);
}

static void
in_ready(struct wk_io *io, int what)
{
	struct flow *f = flow_of(io, offsetof(struct flow, in));

	(void)what;
	source_ready(f);
	/* where much comes, our waking at its first bytes may have taken the
	 * processor from the writer: let it write some more */
	if (flow_has_sink(f) && f->total > WIDE)
		sched_yield();
	pump(f);
}

static void
out_ready(struct wk_io *io, int what)
{
	struct flow *f = flow_of(io, offsetof(struct flow, out));

	(void)what;
	f->out_state = FLOW_OUT_READY;
	pump(f);
}

static void
flow_soon(struct wk_timer *t)
{
	pump(flow_of(t, offsetof(struct flow, soon)));
}

/* Owners call us from within events.  What follows from a call is done in a
 * round of its own, so that no event is delivered within another. */
static void
later(struct flow *f)
{
	f->soon.expired = flow_soon;
	wk_timer_set(&f->soon, 0);
}

/* --- what owners call --- */

void
flow_begin(struct flow *f, void (*tell)(struct flow *f, int what))
{
	f->tell = tell;
	f->file = f->late = -1;
}

void
flow_source(struct flow *f, int fd, int ours)
{
	struct stat st;

	f->in.fd = fd;
	f->in.ready = in_ready;
	f->in_state = FLOW_IN_READY;
	f->finishing = f->was_late = 0;   /* that was another source */
	f->goal = 0;
	f->ours = ours != 0;
	if (ours)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	if (fstat(fd, &st) != 0)
		st.st_mode = 0;
	if (!S_ISFIFO(st.st_mode) && !S_ISREG(st.st_mode))
		f->no_splice = f->no_spill_splice = 1;
	else if (!S_ISFIFO(st.st_mode))
		f->no_spill_splice = 1;
	f->typed = S_ISCHR(st.st_mode) && isatty(fd);
	later(f);
}

int
flow_source_fd(const struct flow *f)
{
	return has_source(f) ? f->in.fd : -1;
}

void
flow_finish(struct flow *f)
{
	int n = has_source(f) ? bytes_to_read(f->in.fd) : -1;

	/* all that FIONREAD does not know of, but no more than can be there:
	 * somebody may go on writing */
	if (has_source(f) && f->typed)
		n = TERMINAL_MAX;
	f->limit = n >= 0 ? f->total + (uint64_t)n : UINT64_MAX;
	f->finishing = 1;
	source_ready(f);
	later(f);
}

/* If there was no room for all that was there at the start, the time begins
 * anew when it is here. */
static void
linger_over(struct wk_timer *t)
{
	struct flow *f = flow_of(t, offsetof(struct flow, linger));
	int is_here = f->total >= f->goal;

	if (f->linger_ms > 0 && (!is_here || f->was_late)) {
		f->was_late = !is_here;
		wk_timer_set(t, f->linger_ms);
		return;
	}
	if (f->keep_late && f->late < 0)
		f->late = fcntl(f->in.fd, F_DUPFD_CLOEXEC, 3);
	flow_finish(f);
}

void
flow_linger(struct flow *f, int64_t ms)
{
	int n;

	if (!has_source(f) || f->finishing || f->linger.set)
		return;
	n = bytes_to_read(f->in.fd);
	if (n > 0)
		f->goal = f->total + (uint64_t)n;
	f->linger_ms = ms;
	f->linger.expired = linger_over;
	wk_timer_set(&f->linger, ms);
}

void
flow_cut(struct flow *f)
{
	if (!has_source(f))
		return;
	wk_timer_stop(&f->linger);
	wk_forget(&f->in);
	close(f->in.fd);
	f->in_state = FLOW_IN_NONE;
	later(f);
}

/* What kind of sink fd is; out.fd becomes what is written to. */
static void
open_sink(struct flow *f, int fd)
{
	struct stat st;
	int waits;                /* it can keep a writer waiting */

	if (fstat(fd, &st) != 0)
		st.st_mode = 0;
	f->terminal = S_ISCHR(st.st_mode) && isatty(fd);
	waits = S_ISFIFO(st.st_mode) || f->terminal;
	f->out.fd = waits ? reopen(fd) : fd;
	if (S_ISSOCK(st.st_mode))
		f->kind = FLOW_TO_SOCKET;
	else if (!waits)
		f->kind = FLOW_TO_FILE;
	else
		f->kind = f->out.fd >= 0 ? FLOW_TO_OWN : FLOW_TO_SHARED;
	if (f->out.fd < 0)
		f->out.fd = fd;
	/* inside the kernel the writer waits there in spite of all flags */
	if (S_ISSOCK(st.st_mode) || f->terminal)
		f->no_splice = 1;
}

/* There is a sink. */
static void
sink_begins(struct flow *f)
{
	f->out.ready = out_ready;
	f->out_state = FLOW_OUT_READY;
	f->reported &= ~FLOW_EMPTY;
	patience_pays(f);
	if (has_source(f) && !f->no_splice)
		flow_widen(f->in.fd);
	later(f);
}

void
flow_sink(struct flow *f, int fd)
{
	f->sink = fd;
	sink_begins(f);
	open_sink(f, fd);
}

void
flow_borrow(struct flow *f, const struct flow *from)
{
	f->sink = from->sink;
	f->out.fd = from->out.fd;
	f->kind = from->kind;
	f->terminal = from->terminal;
	f->no_splice |= from->no_splice;
	f->borrowed = 1;
	sink_begins(f);
}

void
flow_leave(struct flow *f)
{
	if (!flow_has_sink(f))
		return;
	wk_forget(&f->out);
	if (!f->borrowed && f->out.fd != f->sink)
		close(f->out.fd);
	if (!f->borrowed)
		close(f->sink);
	f->borrowed = 0;
	f->out_state = FLOW_OUT_NONE;
}

void
flow_front(struct flow *f, const char *text, size_t len)
{
	if (f->failed || len == 0)
		return;
	flow_add(&f->front, text, len, f);
	later(f);
}

void
flow_put(struct flow *f, const char *text, size_t len)
{
	f->put += len;
	flow_hold(f, text, len);
	later(f);
}

int
flow_end_colour(struct flow *f)
{
	if (!f->terminal || !f->colour.on || f->failed)
		return 0;
	f->colour.on = 0;
	flow_put(f, WK_COLOUR_OFF, sizeof WK_COLOUR_OFF - 1);
	return 1;
}

void
flow_push(struct flow *f)
{
	int i;

	note_empty(f);
	for (i = 0; i < ROUNDS && flow_step(f); i++)
		;
	later(f);
}

int
flow_idle(const struct flow *f)
{
	return f->held == 0 && buffer_length(&f->front) == 0 &&
	    f->happened == 0;
}

uint64_t
flow_written(const struct flow *f)
{
	return f->total + f->put - f->held;
}

void
flow_ask_dry(struct flow *f)
{
	f->dry_asked = 1;
	source_ready(f);
	later(f);
}

void
flow_close(struct flow *f)
{
	if (f->tell == NULL)
		return;
	flow_leave(f);
	flow_cut(f);
	wk_timer_stop(&f->soon);
	wk_timer_stop(&f->patience);
	if (f->file >= 0)
		close(f->file);
	if (f->late >= 0)
		close(f->late);
	f->file = f->late = -1;
	buffer_release(&f->front);
	buffer_release(&f->mem);
	buffer_release(&f->rest);
	f->happened = 0;
}
