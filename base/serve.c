/*
 * serve.c - the life of a master and of its clients
 *
 * Nothing here waits but wk_round().  Whatever happens to a client in a round
 * (a reply to send, buffered requests to take up again, its end) is only
 * noted while events are reported: the client is put on a list, and is
 * attended to once, after the round.  So no function of a program ever sees
 * a client vanish under its hands, and a chain of events (one ends, its
 * tokens go to the next, which had already asked to give them back, ...)
 * is a loop here, not a recursion.
 *
 * SPDX-License-Identifier: ISC
 */
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "codes.h"
#include "spawn.h"
#include "terminal.h"
#include "trace.h"

enum {
	READ_SIZE = 16384,
	ACCEPT_MAX = 256,         /* in one round, so that others get theirs */
	STRANGERS_LEAST = 8,      /* see too_many_strangers */
	RETRY_MS = 1000,          /* after the system had no descriptor left */
	NAME_MS = 5000,           /* from one look at the socket's name to the
	                             next */
	UNTAKEN_MS = 50,          /* to look whether descriptors were taken */
	UNTAKEN_MORE = 256        /* see limit_untaken */
};

/* Bytes that wait for a client, sent together with fd unless it is -1. */
struct wk_chunk {
	struct wk_chunk *next;
	const char *data;
	size_t len, room;         /* room: of own[], 0 when data is elsewhere */
	int fd;
	int close_fd;             /* once it has left: -1, or the same */
	char own[];
};

/* The connection of a client that is gone, and that has left descriptors in
 * it: they are on their way until it closes its end. */
struct wk_parked {
	struct wk_io io;          /* first */
	struct wk_parked *next;
	unsigned untaken;
};

static struct {
	const struct wk_ops *ops;
	struct div_socket *socket;
	struct wk_io listener;
	int to_accept;            /* connections wait, perhaps */
	rlim_t limit;             /* of descriptors, with the reserve */
	struct wk_timer retry;    /* of what there was no room for */
	struct wk_timer look;     /* at the socket's name */
	int nameless;             /* and that was said */
	struct wk_client *clients;
	size_t count, known;
	struct wk_client *oldest, *newest; /* strangers */
	size_t strangers;
	struct wk_timer patience; /* with the oldest of them */
	unsigned long came;       /* clients, ever */
	char *buf;                /* to read into: a request and more */
	struct wk_client *attend, **attend_end;
	struct wk_client *heard;  /* in_order: strangers with words, the newest
	                             first */
	unsigned long hear_to;    /* of these, those up to this number */
	size_t untaken;           /* descriptors on their way, */
	size_t untaken_max;       /* so many at most, */
	size_t untaken_more;      /* and so many to clients that have one */
	int64_t counted_at;
	struct wk_timer taken;    /* to look whether they were taken */
	struct wk_parked *parked;
	struct wk_child utility;
	int persistent, ended;    /* ended: the utility, or quit was asked */
	int64_t ended_at;
	int last_round;
	int code;
	int stop;                 /* a signal ends the master at once */
	int stays;                /* things other than clients that keep it
	                             alive */
	int refusing;
	int for_utility;          /* signals are the utility's */
	int term_passed;          /* TERM or HUP, to the utility */
	int64_t passed_at;
} master;

void (*wk_serve_verbose)(const char *fmt, ...);
void (*wk_serve_say)(const char *fmt, ...);

/* --- requests and replies in the trace --- */

void
wk_serve_asked(struct wk_client *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	if (!wk_tracing)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n >= 0)
		wk_trace(c->number, "<", text, (size_t)n < sizeof text ?
		    (size_t)n : sizeof text - 1, 0);
}

/* What becomes of a client, with a reason. */
static void
trace_life(const struct wk_client *c, const char *what, const char *reason)
{
	if (wk_tracing)
		wk_trace(c->number, what, reason, strlen(reason), 0);
}

static void
trace_reply(const struct wk_client *c, const void *data, size_t len,
    int with_fd)
{
	if (wk_tracing)
		wk_trace(c->number, ">", data, len, with_fd);
}

/* Its end, and the bytes that were no request yet. */
static void
trace_end(const struct wk_client *c)
{
	trace_life(c, c->out != NULL ? "ended, with replies on the way" :
	    "ended", "");
	if (wk_tracing && c->in_len > 0)
		wk_trace(c->number, "left behind:", c->in, c->in_len, 0);
}

/* --- strangers: clients that have not said who they are --- */

/*
 * Each has stranger_ms for that, but a second only when the end has begun or
 * others wait for its place; and there may be so many of them.  They are in the
 * order in which they came, so whose time is over first is the oldest.
 */

static void
one_more_stranger(struct wk_client *c)
{
	c->stranger = 1;
	c->older = master.newest;
	*(c->older != NULL ? &c->older->newer : &master.oldest) = c;
	master.newest = c;
	master.strangers++;
}

/* It is one no more. */
static void
no_stranger(struct wk_client *c)
{
	if (!c->stranger)
		return;
	c->stranger = 0;
	*(c->older != NULL ? &c->older->newer : &master.oldest) = c->newer;
	*(c->newer != NULL ? &c->newer->older : &master.newest) = c->older;
	if (--master.strangers == 0)
		wk_timer_stop(&master.patience);
}

void
wk_serve_known(struct wk_client *c)
{
	if (!c->stranger)
		return;
	no_stranger(c);
	c->known = 1;
	master.known++;
}

static void
drop_stranger(struct wk_client *c)
{
	wk_serve_drop(c, "it did not say who it is");
}

/* Until when it may be one, of div_awake; INT64_MAX: for ever. */
static int64_t
stranger_until(const struct wk_client *c, int hurry)
{
	int64_t until = master.ops->stranger_ms > 0 ?
	    c->since + master.ops->stranger_ms : INT64_MAX, soon = c->since;

	if (master.ended && soon < master.ended_at)
		soon = master.ended_at;
	soon += WK_GRACE_MS;
	return (master.ended || hurry) && soon < until ? soon : until;
}

/* Drop those whose time is over, and look again when that of the next one
 * is. */
static void
look_at_strangers(int hurry)
{
	int64_t now = div_awake(), until;

	while (master.oldest != NULL &&
	    stranger_until(master.oldest, hurry) <= now)
		drop_stranger(master.oldest);
	if (master.oldest == NULL)
		return;
	until = stranger_until(master.oldest, 0);
	if (until != INT64_MAX)
		wk_timer_set(&master.patience, (int)(until - now));
}

static void
serve_patience_over(struct wk_timer *t)
{
	(void)t;
	look_at_strangers(0);
}

/* Few descriptors are for few strangers. */
static int
too_many_strangers(void)
{
	rlim_t most = master.limit / 16;

	if (most < STRANGERS_LEAST)
		most = STRANGERS_LEAST;
	if (most > master.ops->strangers_max)
		most = master.ops->strangers_max;
	return most > 0 && master.strangers > most;
}

/* True if there are bytes to read, or the end of them. */
static int
has_words(const struct wk_client *c)
{
	return wk_look(c->io.fd, POLLIN, 0) != 0;
}

/* There is one more now: if they are too many, the one that has been silent
 * longest goes. */
static void
bound_strangers(void)
{
	struct wk_client *c = too_many_strangers() ? master.oldest : NULL;

	while (c != NULL && (c->state != WK_STAYING || has_words(c)))
		c = c->newer;
	if (c != NULL)
		drop_stranger(c);
}

/* --- noting what a client needs --- */

static void
attend(struct wk_client *c)
{
	if (c->attended)
		return;
	c->attended = 1;
	c->attend = NULL;
	*master.attend_end = c;
	master.attend_end = &c->attend;
}

void
wk_serve_pause(struct wk_client *c)
{
	c->paused = 1;
	attend(c);
}

void
wk_serve_resume(struct wk_client *c)
{
	c->paused = 0;
	attend(c);
}

void
wk_serve_finish(struct wk_client *c)
{
	if (c->state == WK_STAYING)
		c->state = WK_FINISHING;
	attend(c);
}

void
wk_serve_drop(struct wk_client *c, const char *reason)
{
	if (c->state == WK_GONE)
		return;
	if (reason != NULL && wk_serve_verbose != NULL)
		wk_serve_verbose("a client was dropped: %s", reason);
	if (reason != NULL)
		trace_life(c, "dropped:", reason);
	c->state = WK_GONE;
	no_stranger(c);
	attend(c);
}

int
wk_serve_release(struct wk_client *c)
{
	int fd = c->io.fd;

	trace_life(c, "released", "");
	wk_forget(&c->io);
	c->io.fd = -1;
	wk_serve_drop(c, NULL);
	return fd;
}

int
wk_serve_taking(const struct wk_client *c)
{
	return !c->paused && c->state == WK_STAYING &&
	    c->out_bytes <= WK_UNREAD_MAX;
}

long
wk_serve_line(const char *data, size_t len, char *line, size_t size)
{
	const char *end = memchr(data, '\n', len);
	size_t n = end != NULL ? (size_t)(end - data) : len;

	if (n >= size)
		return -1;
	if (end == NULL)
		return 0;
	memcpy(line, data, n);
	line[n] = '\0';
	return (long)n + 1;
}

size_t
wk_serve_clients(void)
{
	return master.known;
}

/* --- replies --- */

static struct wk_chunk *
new_chunk(struct wk_client *c, size_t room)
{
	struct wk_chunk *k;

	k = malloc(sizeof *k + room);
	if (k == NULL) {
		wk_serve_drop(c, "out of memory");
		return NULL;
	}
	k->next = NULL;
	k->data = k->own;
	k->len = 0;
	k->room = room;
	k->fd = k->close_fd = -1;
	if (c->out == NULL)
		c->out_end = &c->out;
	*c->out_end = k;
	c->out_end = &k->next;
	c->out_bytes += sizeof *k;
	return k;
}

/* The last chunk, when there is one; out_end points at its next. */
static struct wk_chunk *
last_chunk(struct wk_client *c)
{
	if (c->out == NULL)
		return NULL;
	return (struct wk_chunk *)((char *)c->out_end -
	    offsetof(struct wk_chunk, next));
}

void
wk_serve_send(struct wk_client *c, const void *data, size_t len)
{
	struct wk_chunk *k = last_chunk(c);
	size_t room = c->out_bytes > 0 ? 4000 : 200;

	if (c->state == WK_GONE || len == 0)
		return;
	if (k == NULL || k->fd >= 0 || k->room < len ||
	    k->room - len < (size_t)(k->data - k->own) + k->len) {
		k = new_chunk(c, len > room ? len : room);
		if (k == NULL)
			return;
	}
	memcpy((char *)k->data + k->len, data, len);
	k->len += len;
	c->out_bytes += len;
	trace_reply(c, data, len, 0);
	attend(c);
}

void
wk_serve_printf(struct wk_client *c, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof text)
		wk_serve_drop(c, "a reply is too long");
	else
		wk_serve_send(c, text, (size_t)n);
}

void
wk_serve_puts(struct wk_client *c, const char *text)
{
	wk_serve_send(c, text, strlen(text));
}

void
wk_serve_send_static(struct wk_client *c, const void *data, size_t len)
{
	struct wk_chunk *k;

	if (c->state == WK_GONE || len == 0 || (k = new_chunk(c, 0)) == NULL)
		return;
	k->data = data;
	k->len = len;
	trace_reply(c, data, len, 0);
	attend(c);
}

static struct wk_chunk *
fd_chunk(struct wk_client *c, const void *data, size_t len, int fd)
{
	struct wk_chunk *k;

	if (c->state == WK_GONE || (k = new_chunk(c, len)) == NULL)
		return NULL;
	memcpy(k->own, data, len);
	k->len = len;
	k->fd = fd;
	c->out_bytes += len;
	trace_reply(c, data, len, 1);
	attend(c);
	return k;
}

void
wk_serve_send_fd(struct wk_client *c, const void *data, size_t len, int fd)
{
	fd_chunk(c, data, len, fd);
}

void
wk_serve_give_fd(struct wk_client *c, const void *data, size_t len, int fd)
{
	struct wk_chunk *k = fd_chunk(c, data, len, fd);

	if (k != NULL)
		k->close_fd = fd;
	else
		close(fd);
}

static void
free_chunk(struct wk_chunk *k)
{
	if (k->close_fd >= 0)
		close(k->close_fd);
	free(k);
}

/* --- descriptors on their way --- */

/*
 * The system lets the processes of a user have only so many descriptors on
 * their way in sockets, all of them together: clients that ask for some and
 * never take them would leave none to the user's other programs.  So a master
 * counts what it has sent and was not taken, for each client and in all.
 */

/* Has the other end left something of what was sent?  Where the system does
 * not tell, it has not. */
static int
leaves_some(int fd)
{
#ifdef __linux__
	int n = 0;

	/* SIOCOUTQ, as it is called for sockets */
	return ioctl(fd, TIOCOUTQ, &n) == 0 && n > 0;
#else
	(void)fd;
	return 0;
#endif
}

/* A tie is meant to stay where it is; a client has one at most. */
static int
is_to_stay(const struct wk_chunk *k)
{
	return k->len == strlen(DIV_TIE) &&
	    memcmp(k->data, DIV_TIE, k->len) == 0;
}

static void
all_taken(struct wk_client *c)
{
	master.untaken -= c->untaken;
	c->untaken = 0;
}

/* Its other end is closed, or all was taken. */
static void
unpark(struct wk_parked *p)
{
	struct wk_parked **at = &master.parked;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	master.untaken -= p->untaken;
	wk_forget(&p->io);
	close(p->io.fd);
	free(p);
}

static void
parked_ready(struct wk_io *io, int what)
{
	if (what & WK_HUP)
		unpark((struct wk_parked *)io);
}

/* Close the connection of a client that is gone; or, if there are descriptors
 * in it, say that there will be no more, and keep count of them. */
static void
hang_up(struct wk_client *c)
{
	struct wk_parked *p = NULL;

	if (c->untaken > 0 && c->io.fd >= 0 && leaves_some(c->io.fd))
		p = calloc(1, sizeof *p);
	if (p != NULL) {
		p->io.fd = c->io.fd;
		p->io.ready = parked_ready;
		shutdown(c->io.fd, SHUT_WR);
	}
	if (p == NULL || wk_watch(&p->io, 0) != 0) {
		free(p);
		all_taken(c);
		if (c->io.fd >= 0)
			close(c->io.fd);
		return;
	}
	p->untaken = c->untaken;
	p->next = master.parked;
	master.parked = p;
}

/* Count anew.  Who takes too long keeps others from getting theirs. */
static void
count_untaken(void)
{
	int64_t now = div_awake();
	struct wk_parked *p, *next;
	struct wk_client *c;

	if (now - master.counted_at < UNTAKEN_MS)
		return;
	master.counted_at = now;
	for (p = master.parked; p != NULL; p = next) {
		next = p->next;
		if (!leaves_some(p->io.fd))
			unpark(p);
	}
	for (c = master.clients; c != NULL; c = c->next) {
		if (c->untaken == 0 || c->io.fd < 0)
			continue;
		if (!leaves_some(c->io.fd))
			all_taken(c);
		else if (now - c->untaken_since >= WK_UNREAD_MS)
			wk_serve_drop(c, "it does not take its descriptors");
	}
}

static int
may_send_fd(struct wk_client *c, const struct wk_chunk *k)
{
	size_t most;

	if (k->fd < 0 || is_to_stay(k))
		return 1;
	if (c->untaken > 0 && !leaves_some(c->io.fd))
		all_taken(c);
	if (c->untaken >= WK_UNTAKEN_MAX)
		return 0;
	most = c->untaken > 0 ? master.untaken_more : master.untaken_max;
	if (master.untaken >= most)
		count_untaken();
	return master.untaken < most;
}

static void
fd_sent(struct wk_client *c, const struct wk_chunk *k)
{
	if (k->fd < 0 || is_to_stay(k))
		return;
	if (c->untaken++ == 0)
		c->untaken_since = div_awake();
	master.untaken++;
}

/* Those who had to wait for others, or to take what they have: first come,
 * first served. */
static void
look_again(struct wk_timer *t)
{
	struct wk_client *c = master.clients;

	(void)t;
	while (c != NULL && c->next != NULL)
		c = c->next;
	for (; c != NULL; c = c->prev)
		if (c->blocked)
			attend(c);
}

/* --- what leaves --- */

/* Send until the socket is full; 0 when it took nothing. */
static int
send_chunks(struct wk_client *c)
{
	struct wk_chunk *k;
	int some = 0;
	ssize_t n;

	c->blocked = 0;
	while ((k = c->out) != NULL) {
		if (!may_send_fd(c, k)) {
			c->blocked = 1;
			if (!master.taken.set)
				wk_timer_set(&master.taken, UNTAKEN_MS);
			return some;
		}
		n = div_send(c->io.fd, k->data, k->len, k->fd);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return some;
		if (n < 0 && wk_passes(errno)) {
			/* no memory, or too many descriptors of this process
			 * wait in sockets: this one has to wait until there
			 * are fewer */
			c->blocked = 1;
			wk_timer_set(&master.retry, RETRY_MS);
			return some;
		}
		if (n < 0) {
			wk_serve_drop(c, errno == EPIPE || errno == ECONNRESET ?
			    NULL : strerror(errno));
			return some;
		}
		some = 1;
		fd_sent(c, k);
		k->fd = -1;
		k->data += n;
		k->len -= (size_t)n;
		if (k->room > 0)
			c->out_bytes -= (size_t)n;
		if (k->len > 0)
			return some;
		c->out = k->next;
		c->out_bytes -= sizeof *k;
		free_chunk(k);
	}
	return some;
}

/*
 * Send what the socket takes.  A client that leaves too much and takes nothing
 * of it for a while is dropped; one that is merely slow is waited for.
 */
static void
serve_flush(struct wk_client *c)
{
	int some = send_chunks(c);

	if (c->out_bytes <= WK_UNREAD_MAX && !c->blocked)
		wk_timer_stop(&c->unread);
	else if (!c->unread.set || some)
		wk_timer_set(&c->unread, WK_UNREAD_MS);
}

static void
unread_too_long(struct wk_timer *t)
{
	struct wk_client *c = (struct wk_client *)((char *)t -
	    offsetof(struct wk_client, unread));

	wk_serve_drop(c, !c->blocked ? "it does not read its replies" :
	    c->out->fd >= 0 ? "a descriptor cannot be sent to it" :
	    "nothing can be sent to it");
}

/* --- requests --- */

/* Present the lines that are whole; how many bytes they are. */
static size_t
present_lines(struct wk_client *c, char *data, size_t len)
{
	char *end, *line = data;

	while (wk_serve_taking(c) && (end = memchr(line, '\n',
	    len - (size_t)(line - data))) != NULL &&
	    (size_t)(end - line) < master.ops->request_max) {
		*end = '\0';
		wk_serve_asked(c, "%s", line);
		master.ops->line(c, line);
		line = end + 1;
	}
	return (size_t)(line - data);
}

/* Present bytes to the program; what it leaves is kept for later. */
static void
present(struct wk_client *c, char *data, size_t len)
{
	size_t used = master.ops->line != NULL ? present_lines(c, data, len) :
	    master.ops->input(c, data, len), rest = len - used;
	char *keep = NULL;

	if (wk_serve_taking(c) && rest > master.ops->request_max) {
		wk_serve_drop(c, "a request is too long");
		rest = 0;
	}
	if (rest > 0 && (keep = malloc(rest)) == NULL) {
		wk_serve_drop(c, "out of memory");
		rest = 0;
	}
	if (rest > 0)
		memcpy(keep, data + used, rest);
	free(c->in);
	c->in = keep;
	c->in_len = rest;
}

/* Read once.  A client that has closed its end is finished.  One that cannot be
 * read for want of memory stays: it may have the turn, or tokens, and the loop
 * tells of it again. */
static void
read_client(struct wk_client *c)
{
	size_t have = c->in_len;
	char *buf = master.buf;
	ssize_t n;

	if (have > master.ops->request_max)
		return;         /* what is here already comes first */
	if (have > 0)
		memcpy(buf, c->in, have);
	do
		n = recv(c->io.fd, buf + have, READ_SIZE, 0);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		present(c, buf, have + (size_t)n);
	else if (n == 0)
		wk_serve_finish(c);
	else if (errno != EAGAIN && errno != EWOULDBLOCK && !wk_passes(errno))
		wk_serve_drop(c, errno == ECONNRESET ? NULL : strerror(errno));
}

static int
serve_wanted(const struct wk_client *c)
{
	return (wk_serve_taking(c) ? WK_READ : 0) |
	    (c->out != NULL && !c->blocked ? WK_WRITE : 0);
}

/* A client that has not said who it is has something to say: it is heard when
 * its turn is. */
static void
hear_later(struct wk_client *c)
{
	struct wk_client **at = &master.heard;

	if (c->listed)
		return;
	while (*at != NULL && (*at)->number > c->number)
		at = &(*at)->later;
	c->later = *at;
	*at = c;
	c->listed = 1;
}

static void
hear_never(struct wk_client *c)
{
	struct wk_client **at = &master.heard;

	if (!c->listed)
		return;
	while (*at != c)
		at = &(*at)->later;
	*at = c->later;
	c->listed = 0;
}

/*
 * Hear the clients that have not said who they are yet, in the order in which
 * they connected.  A program that opens several connections sends its first
 * word on one before it opens the next; but the system may tell of the second
 * one in this round and of the first one in the next, as words come while it
 * looks.  It has told of all that came before when it has looked once more.  So
 * each waits for the next round, and nobody looks at those that are silent.
 */
static void
hear_strangers(void)
{
	struct wk_client *c, *ready = NULL, **at = &master.heard;

	while (*at != NULL && (*at)->number > master.hear_to)
		at = &(*at)->later;
	while ((c = *at) != NULL) {
		*at = c->later;
		c->listed = 0;
		c->later = ready;
		ready = c;
	}
	master.hear_to = master.heard != NULL ? master.heard->number : 0;
	for (; ready != NULL; ready = ready->later)
		if (ready->state != WK_GONE) {
			read_client(ready);
			attend(ready);
		}
}

static void
client_ready(struct wk_io *io, int what)
{
	struct wk_client *c = (struct wk_client *)io;

	if (c->state == WK_GONE)
		return;
	if (master.ops->in_order && !c->known && (what & WK_READ)) {
		hear_later(c);
		return;
	}
	if ((what & (WK_READ | WK_HUP)) && (serve_wanted(c) & WK_READ))
		read_client(c);
	else if (what & WK_HUP)
		wk_serve_drop(c, NULL);    /* no reply could be read */
	attend(c);
}

/* --- clients come and go --- */

static void
add_client(int fd)
{
	struct wk_client *c = calloc(1, master.ops->client_size);

	if (c == NULL) {
		if (wk_serve_verbose != NULL)
			wk_serve_verbose("a client was dropped: %s",
			    strerror(ENOMEM));
		close(fd);
		return;
	}
	c->io.fd = fd;
	c->io.ready = client_ready;
	c->unread.expired = unread_too_long;
	c->since = div_awake();
	c->number = ++master.came;
	trace_life(c, "connected", "");
	c->next = master.clients;
	if (c->next != NULL)
		c->next->prev = c;
	master.clients = c;
	master.count++;
	one_more_stranger(c);
	if (!master.patience.set)
		look_at_strangers(0);
	attend(c);
	if (master.ops->connected != NULL)
		master.ops->connected(c);
	/* most have asked already, and some need no second look */
	if (!(serve_wanted(c) & WK_READ))
		return;
	if (!master.ops->in_order)
		read_client(c);
	else if (has_words(c))
		hear_later(c);
	bound_strangers();
}

/* What the system had no room for is tried once more. */
static void
serve_try_again(struct wk_timer *t)
{
	struct wk_client *c;

	(void)t;
	if (master.socket->fd >= 0) {
		if (wk_watch(&master.listener, WK_READ) != 0)
			wk_timer_set(&master.retry, RETRY_MS);
		master.to_accept = 1;
	}
	for (c = master.clients; c != NULL; c = c->next)
		if (c->blocked)
			attend(c);
}

/*
 * Out of descriptors: connections stay in the backlog until a client is gone,
 * or a while has passed, as the whole system may be short of them.
 */
static void
accept_later(void)
{
	if (wk_serve_verbose != NULL)
		wk_serve_verbose("connections wait: %s", strerror(errno));
	look_at_strangers(master.ops->strangers_max > 0);
	wk_watch(&master.listener, 0);
	wk_timer_set(&master.retry, RETRY_MS);
}

/* How many descriptors are in use, by the number that the next one gets. */
static rlim_t
in_use(void)
{
	int fd;

	if (master.limit == RLIM_INFINITY)
		return 0;
	fd = fcntl(master.socket->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return master.limit;
	close(fd);
	return (rlim_t)fd;
}

int
wk_serve_crowded(unsigned percent)
{
	return in_use() >= master.limit / 100 * percent +
	    master.limit % 100 * percent / 100;
}

/* True if one more client would leave too few descriptors for serving all of
 * them.  One alone is always served. */
static int
crowded(void)
{
	if (master.count == 0)
		return 0;
	errno = EMFILE;
	return in_use() * (1 + master.ops->each) + master.ops->reserve >=
	    master.limit;
}

static void
accept_some(void)
{
	int i, fd;

	master.to_accept = 0;
	for (i = 0; i < ACCEPT_MAX; i++) {
		if (crowded()) {
			accept_later();
			return;
		}
		fd = div_accept(master.socket->fd);
		if (fd >= 0 && master.refusing)
			close(fd);
		else if (fd >= 0)
			add_client(fd);
		else if (errno == EMFILE || errno == ENFILE ||
		    errno == ENOBUFS || errno == ENOMEM) {
			accept_later();
			return;
		} else if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
	master.to_accept = master.ended; /* at the end none is left out */
}

static void
listener_ready(struct wk_io *io, int what)
{
	(void)io;
	(void)what;
	master.to_accept = 1;
}

/* --- the socket's name --- */

/* Who has connected to the socket before it lost its name is let in first. */
static int
somebody_waits(void)
{
	struct pollfd p = { master.socket->fd, POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

static int
renew_name(void)
{
	int r, e;

	wk_forget(&master.listener);
	r = div_renew(master.socket);
	e = errno;
	if (r == 0) {
		fcntl(master.socket->fd, F_SETFL, O_NONBLOCK);
		master.listener.fd = master.socket->fd;
		if (wk_serve_say != NULL)
			wk_serve_say("%s: it was removed, and is there again",
			    master.socket->path);
		master.nameless = 0;
	}
	if (wk_watch(&master.listener, WK_READ) != 0)
		accept_later();
	errno = e;
	return r;
}

/* Said once, until there is a name again. */
static void
tell_nameless(void)
{
	if (!master.nameless && wk_serve_say != NULL)
		wk_serve_say("%s: nobody can connect any more: %s",
		    master.socket->path, strerror(errno));
	master.nameless = 1;
}

/*
 * Cleaners of temporary files remove what is old, and cannot always know that
 * somebody listens.  Nothing tells us, so we look.
 */
static void
look_at_name(struct wk_timer *t)
{
	int named;

	if (master.socket->fd < 0)
		return;
	wk_timer_set(t, NAME_MS);
	named = div_named(master.socket);
	if (named > 0) {
		master.nameless = 0;
		return;
	}
	if (named == 0 && somebody_waits()) {
		master.to_accept = 1;
		wk_timer_set(t, RETRY_MS);
		return;
	}
	if (named < 0 || renew_name() != 0)
		tell_nameless();
}

static void
serve_unlisten(void)
{
	int error;

	wk_forget(&master.listener);
	error = div_unlisten(master.socket);
	if (error != 0 && wk_serve_say != NULL)
		wk_serve_say("%s: it cannot be removed: %s",
		    master.socket->path, strerror(error));
}

static void
destroy(struct wk_client *c)
{
	struct wk_chunk *k;

	trace_end(c);
	if (c->known)
		master.known--;
	if (master.ops->gone != NULL)
		master.ops->gone(c);
	wk_forget(&c->io);
	wk_timer_stop(&c->unread);
	no_stranger(c);
	hear_never(c);
	hang_up(c);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		master.clients = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	master.count--;
	while ((k = c->out) != NULL) {
		c->out = k->next;
		free_chunk(k);
	}
	free(c->in);
	free(c);
	if (master.retry.set) {
		wk_timer_stop(&master.retry);
		serve_try_again(&master.retry);
	}
}

/* Present what is buffered; 0 when nothing of it was used. */
static int
take_up(struct wk_client *c)
{
	size_t before = c->in_len;
	char *in = c->in;

	if (in == NULL || !wk_serve_taking(c))
		return 0;
	c->in = NULL;
	present(c, in, before);
	free(in);
	return c->in_len < before;
}

static void
attend_client(struct wk_client *c)
{
	do
		if (c->state != WK_GONE)
			serve_flush(c);
	while (take_up(c));
	if (c->state == WK_FINISHING && c->out == NULL)
		wk_serve_drop(c, NULL);
	if (c->state != WK_GONE && wk_watch(&c->io, serve_wanted(c)) != 0)
		wk_serve_drop(c, strerror(errno));
}

static void
attend_all(void)
{
	struct wk_client *c;

	while ((c = master.attend) != NULL) {
		master.attend = c->attend;
		if (master.attend == NULL)
			master.attend_end = &master.attend;
		attend_client(c);
		if (c->state == WK_GONE)
			destroy(c);
		else
			c->attended = 0;
	}
}

/* --- the end --- */

static void
begin_end(void)
{
	master.ended = 1;
	master.ended_at = div_awake();
	look_at_strangers(0);    /* a second more, and they do not keep us */
	master.to_accept = 1;    /* some may have connected just before */
	if (master.ops != NULL && master.ops->ending != NULL)
		master.ops->ending();
}

static void
utility_ended(struct wk_child *child, int status)
{
	child->pid = 0;
	wk_terminal_child_ended();
	master.code = wk_spawn_code(status);
	begin_end();
}

long
wk_serve_quit(void)
{
	if (!master.persistent)
		return -1;
	if (!master.ended)
		begin_end();
	return (long)master.known;
}

long
wk_serve_pid(void)
{
	return master.persistent ? (long)getpid() : (long)master.utility.pid;
}

int
wk_serve_ending(void)
{
	return master.ended;
}

int
wk_serve_stopped(void)
{
	return master.stop;
}

void
wk_serve_refuse(void)
{
	master.refusing = 1;
}

void
wk_serve_drop_all(void)
{
	struct wk_client *c;

	for (c = master.clients; c != NULL; c = c->next)
		wk_serve_drop(c, NULL);
}

void
wk_serve_stay(int change)
{
	master.stays += change;
	if (change < 0 && master.retry.set)
		wk_timer_set(&master.retry, 0);
}

static void
stop(int code)
{
	master.stop = 1;
	master.code = code;
}

/*
 * TERM and HUP: forwarded to the utility, once; the second one ends the master.
 */
static void
serve_told_to_end(int sig)
{
	wk_terminal_hangup(sig, wk_signal_sender());
	if (master.for_utility && master.utility.pid > 0) {
		kill(master.utility.pid, sig);
	} else if (master.persistent) {
		stop(0);
	} else if (master.utility.pid > 0 && !master.term_passed) {
		master.term_passed = sig;
		master.passed_at = div_now();
		kill(master.utility.pid, sig);
	} else if (sig != master.term_passed ||
	    !wk_spawn_same_signal(sig, master.passed_at)) {
		stop(WK_SIGNAL + sig);
	}
}

/* Other signals would end the master before it cleans up: they are forwarded to
 * the utility, if there is one. */
static void
passed_on(int sig)
{
	if (master.utility.pid > 0)
		kill(master.utility.pid, sig);
	else
		stop(WK_SIGNAL + sig);
}

void
wk_serve_for_utility(void)
{
	master.for_utility = 1;
}

/* INT and QUIT: a terminal has sent them to the utility as well. */
static void
interrupted(int sig)
{
	if (master.for_utility && master.utility.pid > 0 &&
	    wk_signal_sender() != 0)
		kill(master.utility.pid, sig);
	else if (master.persistent)
		stop(0);
	else if (master.utility.pid == 0)
		stop(WK_SIGNAL + sig);
}

/*
 * When only strangers are left and their second is over, one that has just
 * connected still gets a round to say who it is; but strangers that come one
 * after the other do not keep the master alive.
 */
static int
serve_finished(void)
{
	if (master.stop)
		return 1;
	if (!master.ended || master.to_accept || master.heard != NULL)
		return 0;
	if (master.stays > 0) {
		master.last_round = 0;
		return 0;
	}
	if (master.count == 0)
		return 1;
	if (master.known > 0 ||
	    div_awake() < master.ended_at + WK_GRACE_MS) {
		master.last_round = 0;
		return 0;
	}
	if (master.last_round)
		return 1;
	master.last_round = 1;
	master.to_accept = 1;
	return 0;
}

/* --- the beginning --- */

int
wk_serve_begin(void)
{
	static const struct {
		int sig;
		void (*arrived)(int sig);
	} caught[] = {
		{ SIGTERM, serve_told_to_end }, { SIGHUP, serve_told_to_end },
		{ SIGINT, interrupted }, { SIGQUIT, interrupted },
		{ SIGUSR1, passed_on }, { SIGUSR2, passed_on },
		{ SIGALRM, passed_on }, { SIGVTALRM, passed_on },
		{ SIGPROF, passed_on }, { SIGXCPU, passed_on }
	};
	size_t i;

	wk_spawn_raise_limit();
	if (wk_init() != 0 || wk_spawn_write_errors() != 0)
		return -1;
	for (i = 0; i < sizeof caught / sizeof *caught; i++)
		if (wk_signal(caught[i].sig, caught[i].arrived) != 0)
			return -1;
	return 0;
}

/* Let go of what readers wait for, and of a file system to be unmounted. */
static void
release(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash > path ? strndup(path, (size_t)(slash - path)) : NULL;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (chdir(dir != NULL ? dir : "/") != 0 && wk_serve_verbose != NULL)
		wk_serve_verbose("%s: %s", path, strerror(errno));
	free(dir);
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
		close(null);
	}
}

/* A stopped utility would hold all clients up, and the master may be the only
 * process that knows of it. */
static void
utility_stopped(struct wk_child *child, int sig)
{
	if (master.ops->keeps_going)
		kill(child->pid, SIGCONT);
	else
		wk_terminal_child_stopped(child->pid, sig, wk_end_pending);
}

void
wk_serve_utility(pid_t pid)
{
	master.persistent = pid == 0;
	if (pid == 0)
		return;
	master.utility.pid = pid;
	master.utility.ended = utility_ended;
	master.utility.stopped = utility_stopped;
	wk_child_watch(&master.utility);
}

/* One round.  When the end was asked for, clients that connected before that
 * are still let in. */
static int
serve_round(void)
{
	if (wk_round(!master.to_accept && master.heard == NULL) != 0)
		return -1;
	if (master.socket->fd >= 0 && master.to_accept)
		accept_some();
	else
		master.to_accept = 0;
	hear_strangers();
	attend_all();
	if (master.ended && master.persistent && !master.to_accept &&
	    !master.retry.set && master.socket->fd >= 0) {
		serve_unlisten();
	}
	return 0;
}

/*
 * The system's limit is that of open files, for all of a user's processes.  A
 * program may open many connections at once and take one descriptor of each,
 * but few clients need more at a time.
 */
static void
limit_untaken(void)
{
	struct rlimit r;
	size_t all = SIZE_MAX / 2;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < all)
		all = (size_t)r.rlim_cur;
	master.untaken_max = all / 2 > WK_UNTAKEN_MAX ? all / 2 :
	    WK_UNTAKEN_MAX;
	master.untaken_more = all / 8 < UNTAKEN_MORE ? all / 8 : UNTAKEN_MORE;
	if (master.untaken_more < WK_UNTAKEN_MAX)
		master.untaken_more = WK_UNTAKEN_MAX;
}

/* All that is there before the first client.  -1 with errno. */
static int
serve_prepare(const struct wk_ops *ops, struct div_socket *socket)
{
	struct rlimit r;

	master.ops = ops;
	master.limit = ops->reserve > 0 &&
	    getrlimit(RLIMIT_NOFILE, &r) == 0 ? r.rlim_cur : RLIM_INFINITY;
	limit_untaken();
	master.socket = socket;
	master.attend_end = &master.attend;
	master.retry.expired = serve_try_again;
	master.taken.expired = look_again;
	master.patience.expired = serve_patience_over;
	master.look.expired = look_at_name;
	master.listener.fd = socket->fd;
	master.listener.ready = listener_ready;
	master.buf = malloc(READ_SIZE + ops->request_max);
	return master.buf != NULL ? 0 : -1;
}

int
wk_serve_run(const struct wk_ops *ops, struct div_socket *socket,
    int *code)
{
	struct wk_client *c;

	*code = 0;
	if (serve_prepare(ops, socket) != 0)
		return -1;
	fcntl(socket->fd, F_SETFL, O_NONBLOCK);
	if (wk_watch(&master.listener, WK_READ) != 0)
		return -1;
	wk_timer_set(&master.look, NAME_MS);
	release(socket->path);
	wk_reap();          /* it may have ended before there was a loop */
	while (!serve_finished())
		if (serve_round() != 0)
			return -1;
	/* clients that are left are not heard while the program cleans up */
	wk_forget(&master.listener);
	wk_timer_stop(&master.look);
	for (c = master.clients; c != NULL; c = c->next)
		wk_forget(&c->io);
	*code = master.code;
	return 0;
}

void
wk_serve_linger(int (*busy)(void), int *code)
{
	while (!master.stop && busy())
		if (wk_round(1) != 0)
			return;
	if (master.stop)
		*code = master.code;
}
