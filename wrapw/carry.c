/*
 * carry.c - connections and their descriptors, carried over a link
 *
 * A circuit is a connection and its wire.  A carried descriptor is known to
 * both ends by its token: one end has the real one, the other has made a
 * stand-in.  Neither a circuit nor a descriptor ever waits for another one,
 * but for one case, on purpose: a frame that says how much was written to a
 * stand-in before the next bytes were sent holds those back until the real
 * descriptor has got as much.
 *
 * SPDX-License-Identifier: ISC
 */
#include "carry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/buffer.h"
#include "divconnect.h"
#include "base/event.h"
#include "base/flow.h"
#include "base/pty.h"
#include "base/serve.h"
#include "base/text.h"
#include "base/wrapper.h"
#include "guard.h"

enum {
	HEAD = 5,                 /* bytes in front of a frame's payload */
	READ_MAX = 16384,         /* bytes of the connection in one frame */
	PAYLOAD_MAX = 65536,      /* of the other end */
	WIRE_MAX = 131072,        /* bytes for the wire; then nothing is read */
	WIRE_MS = 10000,          /* for a descriptor's wire to come */
	WAITED_MS = 5000,         /* the same, once all was written to it */
	SILENCE_MS = 200,         /* a wrapw would answer before */
	EARLY_MAX = 64,           /* wires whose frames have not come yet */
	ROUNDS = 16,              /* steps before the loop goes on to others */
	REASON_MAX = 200
};

/* Frames. */
enum {
	F_DATA = 'd',             /* bytes of the connection */
	F_DESCRIPTOR = 'f',       /* one goes with the next of them */
	F_WRITTEN = 'w',          /* so much was written to a stand-in */
	F_END = 'e',              /* no more bytes of the connection */
	F_REFUSED = 'x'           /* the connection ends for this reason */
};

/* What a stand-in is: the letters go over the wire. */
enum {
	K_WRITE = 'w',            /* a pipe, its holder writes */
	K_READ = 'r',             /* a pipe, its holder reads */
	K_TERMINAL = 't',         /* a pseudo-terminal, its holder writes */
	K_SOCKET = 's',           /* one end of a socket pair */
	K_NULL = 'n'              /* /dev/null: nothing to carry */
};

/*
 * A descriptor.  It begins with its frame (EXPECTED) or with its wire (EARLY),
 * is JOINED when both are there, and may be OVER at any time.
 */
struct carried {
	struct carried *next, *prev;
	char token[CARRY_TOKEN];
	enum {
		EARLY,            /* the wire, but no frame yet, so no kind */
		EXPECTED,         /* the descriptor, but no wire yet */
		JOINED,           /* bytes go from one to the other */
		OVER              /* closed; of a stand-in the count is kept */
	} state;
	int kind;
	int stand_in;             /* the other end has the real one */
	int guarded;              /* a real socket, of a wrapw at this end */
	int fd;                   /* EXPECTED: our end of it, or the real one */
	int wire;                 /* EARLY */
	struct buffer early;      /* EARLY: what came on the wire meanwhile */
	struct wk_timer patience; /* EARLY, EXPECTED: for the other half */
	struct flow flow;         /* JOINED, all but sockets */
	struct wk_io hangup;      /* of what the flow only writes to */
	struct circuit *circuit;  /* JOINED, a socket: its own */
	struct circuit *owner;    /* the circuit that it was sent over */
	struct carried *of_owner; /* next of its owner */
	uint64_t count;           /* OVER, a stand-in: bytes written to it */
	uint64_t marked;          /* so many the other end knows of */
	struct circuit *waiters;  /* circuits held back until it has more */
};

/*
 * One of the two sides of a circuit.  A direction that WAITS does so until the
 * loop reports the side's descriptor, and then is READY again.
 */
struct side {
	struct wk_io io;
	enum {
		READ_READY,       /* it may have bytes */
		READ_WAITS,       /* it had none */
		READ_OVER         /* it has no more, or no more is wanted */
	} reading;
	enum {
		WRITE_READY,      /* it may have room */
		WRITE_WAITS,      /* it had none */
		WRITE_OVER        /* it takes no more: the rest is dropped */
	} writing;
	/* A hang-up was reported, and would be in every round: it is watched
	 * no more.  Independent of the above: there may be bytes to read. */
	unsigned hung_up : 1;
};

/* A connection. */
struct circuit {
	struct side near;         /* our client, or a service */
	struct side wire;
	enum {
		OPEN,
		REFUSED,          /* F_REFUSED is on its way to the other end,
		                     after that it is over */
		BROKEN            /* over at once, whatever is on its way */
	} state;
	/* F_END has come: near is shut down for writing.  The wire goes on
	 * being read, for a reason may follow (F_REFUSED). */
	unsigned other_ended : 1;
	struct wk_timer soon;
	struct buffer to_wire;
	struct buffer from_wire;  /* frames; the first may be half delivered */
	size_t delivered;         /* of its payload */
	int fds[DIV_FDS_MAX];     /* to go with the next data */
	size_t fds_count;
	struct carried *given;    /* stand-ins that our side holds */
	struct carried *lent;     /* real ones of our side */
	struct carried *socket;   /* whose circuit this is, or NULL */
	int tie;                  /* kept open for the other side, or -1 */
	uint64_t taken, written;  /* bytes of near */
	struct guard guard;       /* of what the other end says */
	struct wk_timer silence;  /* of a service that was said a NUL */
	struct carried *waits;    /* nothing is delivered before this one */
	uint64_t until;           /* has got so much */
	struct circuit *next_waiter;
	/* Terminals among the stand-ins are read dry before near is read. */
	unsigned drying;          /* so many have not reported it yet */
	unsigned dry : 1;         /* all have: near may be read once */
	size_t look;              /* bytes that near had when that was asked */
};

static struct carried *all;
static size_t early_count;
static void (*reach_other)(const char *token);
static char chunk[READ_MAX];

static void carry_run(struct circuit *k);
static void carry_flow_says(struct flow *f, int what);
static struct circuit *new_circuit(int near, int wire);

void
carry_begin(void (*reach)(const char *token))
{
	reach_other = reach;
}

static void
remark(const char *fmt, const char *detail)
{
	if (wk_serve_verbose != NULL)
		wk_serve_verbose(fmt, detail);
}

/* --- frames for the wire --- */

static void
put_frame(struct circuit *k, int type, const void *payload, size_t len)
{
	unsigned char head[HEAD] = { (unsigned char)type,
	    (unsigned char)(len >> 24), (unsigned char)(len >> 16),
	    (unsigned char)(len >> 8), (unsigned char)len };

	if (k->wire.writing == WRITE_OVER)
		return;
	if (buffer_append(&k->to_wire, head, sizeof head) != 0 ||
	    buffer_append(&k->to_wire, payload, len) != 0)
		k->state = BROKEN;
}

static size_t
frame_length(const char *head)
{
	const unsigned char *h = (const unsigned char *)head;

	return (size_t)h[1] << 24 | (size_t)h[2] << 16 | (size_t)h[3] << 8 |
	    h[4];
}

/* The connection cannot go on: let the other end know why. */
static void
carry_refuse(struct circuit *k, const char *reason)
{
	if (k->state != OPEN)
		return;
	k->state = REFUSED;
	k->near.reading = READ_OVER;
	put_frame(k, F_REFUSED, reason, strlen(reason));
	wk_note("a connection was ended: %s", reason);
}

/* --- carried descriptors --- */

static struct carried *
find(const char *token)
{
	struct carried *c;

	for (c = all; c != NULL && strcmp(c->token, token) != 0; c = c->next)
		;
	return c;
}

static struct carried *
new_carried(const char *token, int state)
{
	struct carried *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	snprintf(c->token, sizeof c->token, "%s", token);
	c->state = state;
	c->fd = c->wire = -1;
	flow_begin(&c->flow, carry_flow_says);
	c->next = all;
	if (all != NULL)
		all->prev = c;
	all = c;
	wk_serve_stay(1);
	return c;
}

static struct carried **
list_of(struct circuit *k, const struct carried *c)
{
	return c->stand_in ? &k->given : &k->lent;
}

static void
disown(struct carried *c)
{
	struct carried **p;

	if (c->owner == NULL)
		return;
	for (p = list_of(c->owner, c); *p != c; p = &(*p)->of_owner)
		;
	*p = c->of_owner;
	c->owner = NULL;
}

static void
own(struct circuit *k, struct carried *c)
{
	struct carried **list = list_of(k, c);

	c->owner = k;
	c->of_owner = *list;
	*list = c;
}

static void
unlink_carried(struct carried *c)
{
	disown(c);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		all = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	free(c);
}

/* How many bytes a real descriptor was given so far.  A socket that takes no
 * more has all that it will ever get. */
static uint64_t
written_to(const struct carried *c)
{
	if (c->kind != K_SOCKET)
		return flow_written(&c->flow);
	if (c->circuit == NULL)
		return 0;
	return c->circuit->near.writing == WRITE_OVER ? UINT64_MAX :
	    c->circuit->written;
}

/* Circuits for which c has enough go on a little later: they may end then, and
 * others with them. */
static void
carry_wake(struct carried *c, int every)
{
	struct circuit **p = &c->waiters, *k;
	uint64_t have = written_to(c), least = 0;

	while ((k = *p) != NULL) {
		if (every || k->until <= have) {
			*p = k->next_waiter;
			k->waits = NULL;
			wk_timer_set(&k->soon, 0);
			continue;
		}
		if (least == 0 || k->until < least)
			least = k->until;
		p = &k->next_waiter;
	}
	c->flow.mark = least;
}

static void
dry(struct carried *c)
{
	struct circuit *k = c->owner;

	if (k != NULL && k->drying > 0 && --k->drying == 0) {
		k->dry = 1;
		wk_timer_set(&k->soon, 0);
	}
}

/* A descriptor is over.  Of a stand-in the count is kept for as long as the
 * circuit of its holder may still have to send it to the other end. */
static void
end_carried(struct carried *c)
{
	if (c->state == OVER)
		return;
	if (c->state == EARLY)
		early_count--;
	c->state = OVER;
	if (c->flow.dry_asked)
		dry(c);
	carry_wake(c, 1);
	if (c->circuit != NULL) {
		c->count = c->circuit->taken;
		c->circuit->state = BROKEN;
		c->circuit->socket = NULL;
		wk_timer_set(&c->circuit->soon, 0);
	} else if (c->kind == K_WRITE || c->kind == K_TERMINAL) {
		c->count = c->flow.total;
	}
	flow_close(&c->flow);
	wk_timer_stop(&c->patience);
	if (c->hangup.ready != NULL) {
		wk_forget(&c->hangup);
		close(c->hangup.fd);
	}
	if (c->fd >= 0)
		close(c->fd);
	if (c->wire >= 0)
		close(c->wire);
	buffer_release(&c->early);
	c->fd = c->wire = -1;
	wk_serve_stay(-1);
	if (!c->stand_in || c->owner == NULL || c->count == c->marked)
		unlink_carried(c);
}

/* How many bytes a stand-in has been given by its holder. */
static uint64_t
given_to(const struct carried *c)
{
	int waiting = 0, fd = c->fd;

	if (c->state == OVER || c->kind == K_READ)
		return c->count;
	if (c->kind == K_SOCKET && c->circuit != NULL)
		fd = c->circuit->near.reading == READ_OVER ? -1 :
		    c->circuit->near.io.fd;
	else if (fd < 0)
		fd = flow_source_fd(&c->flow);
	if (c->kind == K_TERMINAL || fd < 0 ||
	    ioctl(fd, FIONREAD, &waiting) != 0)
		waiting = 0;
	return (c->kind != K_SOCKET ? c->flow.total :
	    c->circuit != NULL ? c->circuit->taken : 0) + (uint64_t)waiting;
}

/* Before anything is said on a connection: what was written to stand-ins
 * before it. */
static void
put_marks(struct circuit *k)
{
	struct carried *c, *next;
	char text[CARRY_TOKEN + 24];
	uint64_t n;

	for (c = k->given; c != NULL; c = next) {
		next = c->of_owner;
		n = given_to(c);
		if (n != c->marked) {
			snprintf(text, sizeof text, "%s %" PRIu64, c->token, n);
			put_frame(k, F_WRITTEN, text, strlen(text));
			c->marked = n;
		}
		if (c->state == OVER)
			unlink_carried(c);
	}
}

/* Whether the bytes go from our end to the wire, or come from there. */
static int
outgoing(const struct carried *c)
{
	return c->stand_in ? c->kind != K_READ : c->kind == K_READ;
}

/*
 * A real descriptor does not take what was written to its stand-in.  A client
 * that says it was written must not be believed: its connection ends.  (When
 * only a reader has left that is not needed: the writer gets SIGPIPE.)
 */
static void
not_written(struct carried *c, int error)
{
	char reason[REASON_MAX];
	struct circuit *k;

	snprintf(reason, sizeof reason, "what was written is lost: %s",
	    strerror(error));
	for (k = c->waiters; k != NULL; k = k->next_waiter)
		carry_refuse(k, reason);
	if (c->owner == NULL)
		return;
	carry_refuse(c->owner, reason);
	wk_timer_set(&c->owner->soon, 0);
}

/* The end of what was read is not the end of what there is: nobody must take
 * it for that. */
static void
not_read(struct carried *c, int error)
{
	char reason[REASON_MAX];

	snprintf(reason, sizeof reason, "what is read is cut off: %s",
	    strerror(error));
	if (c->owner == NULL) {
		wk_note("%s", reason);
		return;
	}
	carry_refuse(c->owner, reason);
	wk_timer_set(&c->owner->soon, 0);
}

static void
carry_flow_says(struct flow *f, int what)
{
	struct carried *c = (struct carried *)((char *)f -
	    offsetof(struct carried, flow));

	if (what & FLOW_UNREADABLE) {
		if (!c->stand_in && !outgoing(c))
			not_written(c, f->error);
		else
			not_read(c, f->error);
	}
	if (what & FLOW_DRY)
		dry(c);
	if (what & FLOW_MARK)
		carry_wake(c, 0);
	if ((what & FLOW_FAILED) && !c->stand_in && !outgoing(c) &&
	    f->error != EPIPE)
		not_written(c, f->error);
	if ((what & FLOW_FAILED) || (flow_ended(f) && flow_idle(f)))
		end_carried(c);
}

static void
hung_up(struct wk_io *io, int what)
{
	if (what & WK_HUP)
		end_carried((struct carried *)((char *)io -
		    offsetof(struct carried, hangup)));
}

/* Writing alone notices too late that the reader has left: meanwhile more
 * would be taken from the source, and be lost.  -1 with errno. */
static int
watch_hangup(struct carried *c, int sink)
{
	c->hangup.fd = fcntl(sink, F_DUPFD_CLOEXEC, 3);
	if (c->hangup.fd < 0)
		return -1;
	c->hangup.ready = hung_up;
	return wk_watch(&c->hangup, 0);
}

/* Nothing of it will be carried: who counts on it has to know. */
static void
not_carried(struct carried *c, int error)
{
	char reason[REASON_MAX];

	snprintf(reason, sizeof reason, "a descriptor cannot be carried: %s",
	    strerror(error));
	if (c->owner != NULL) {
		carry_refuse(c->owner, reason);
		wk_timer_set(&c->owner->soon, 0);
	}
	end_carried(c);
}

/* Both the descriptor and its wire are there: let bytes go between them. */
static void
carry_join(struct carried *c, int wire, const char *rest, size_t len)
{
	int fd = c->fd;

	wk_timer_stop(&c->patience);
	c->state = JOINED;
	c->fd = c->wire = -1;
	if (c->kind == K_SOCKET) {
		c->circuit = new_circuit(fd, wire);
		if (c->circuit == NULL) {
			not_carried(c, ENOMEM);
			return;
		}
		c->circuit->socket = c;
		if (c->guarded)
			c->circuit->guard.state = GUARD_BEGIN;
		if (buffer_append(&c->circuit->from_wire, rest, len) != 0)
			c->circuit->state = BROKEN;
		wk_timer_set(&c->circuit->soon, 0);
	} else if ((outgoing(c) || c->stand_in) &&
	    watch_hangup(c, outgoing(c) ? wire : fd) != 0) {
		c->fd = fd;
		c->wire = wire;
		not_carried(c, errno);
	} else if (outgoing(c)) {
		flow_source(&c->flow, fd, c->stand_in);
		flow_sink(&c->flow, wire);
	} else {
		flow_put(&c->flow, rest, len);
		flow_source(&c->flow, wire, 1);
		flow_sink(&c->flow, fd);
	}
}

static void
no_wire(struct wk_timer *t)
{
	struct carried *c = (struct carried *)((char *)t -
	    offsetof(struct carried, patience));

	/* as long as its connection stands, the link may just be slow; but what
	 * says that all is written was sent behind the wire */
	if (c->owner != NULL && c->waiters == NULL) {
		wk_timer_set(t, WIRE_MS);
		return;
	}
	remark("a descriptor's connection is missing%s", "");
	not_carried(c, ENOTCONN);
}

/* The other end knows of the descriptor, or soon will: it is to get a wire. */
static void
expect_wire(struct carried *c)
{
	c->patience.expired = no_wire;
	wk_timer_set(&c->patience, WIRE_MS);
	if (reach_other != NULL)
		reach_other(c->token);
}

void
carry_arrived(const char *token, int wire, const char *rest, size_t len)
{
	struct carried *c = find(token);

	if (c != NULL && c->state == EXPECTED) {
		carry_join(c, wire, rest, len);
		return;
	}
	if (c != NULL || reach_other != NULL || early_count == EARLY_MAX ||
	    (c = new_carried(token, EARLY)) == NULL) {
		remark("nobody asked for a connection%s", "");
		close(wire);
		return;
	}
	early_count++;
	c->wire = wire;
	if (buffer_append(&c->early, rest, len) != 0)
		end_carried(c);
	else
		expect_wire(c);
}

void
carry_lost(const char *token)
{
	struct carried *c = find(token);

	if (c != NULL)
		not_carried(c, ENOTCONN);
}

/* --- sending a descriptor --- */

static int
is_null_device(const struct stat *st)
{
	struct stat null;

	return S_ISCHR(st->st_mode) && stat("/dev/null", &null) == 0 &&
	    st->st_rdev == null.st_rdev;
}

/* The kind for a socket; 0 when nothing can stand in, and *what it is. */
static int
socket_kind(int fd, const char **what)
{
	int type = 0, listens = 0;
	socklen_t len = sizeof type;

	*what = "a socket that is no stream";
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
	    type != SOCK_STREAM)
		return 0;
	*what = "a listening socket";
	len = sizeof listens;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	    listens)
		return 0;
	return K_SOCKET;
}

/*
 * What is no file, whatever the mode of its inode says: an eventfd, an epoll, a
 * pidfd, a name space.  Linux names them "anon_inode:[eventfd]" or
 * "pidfd:[99]"; all others are paths, pipes and sockets.  Returns NULL for
 * these.
 */
static const char *
special_kind(int fd)
{
	static char name[64];
	char path[40], *p;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof name - 1);
	if (n <= 0 || *name == '/')
		return NULL;
	name[n] = '\0';
	if (text_begins(name, "pipe:") || text_begins(name, "socket:") ||
	    (p = strchr(name, ':')) == NULL)
		return NULL;
	if (!text_begins(name, "anon_inode:")) {
		*p = '\0';
		return name;
	}
	p += 1 + (p[1] == '[');
	p[strcspn(p, "]")] = '\0';
	return p;
}

/* One that is open for both reading and writing: the kind, or 0. */
static int
kind_of_both(int fd, const struct stat *st, const char **what)
{
	if (S_ISCHR(st->st_mode) && isatty(fd))
		return K_TERMINAL;
	*what = S_ISFIFO(st->st_mode) ?
	    "a pipe open for both reading and writing" :
	    S_ISCHR(st->st_mode) ?
	    "a device open for both reading and writing" :
	    "a file open for both reading and writing";
	return 0;
}

/* The kind for a descriptor; 0 when nothing can stand in, and *what it is. */
static int
carry_kind_of(int fd, const char **what)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL), mode = flags & O_ACCMODE;

	*what = "a thing without a kind";
	if (flags < 0 || fstat(fd, &st) != 0)
		return 0;
#ifdef O_PATH
	*what = "a name without a file (O_PATH)";
	if (flags & O_PATH)
		return 0;
#endif
	if (S_ISSOCK(st.st_mode))
		return socket_kind(fd, what);
	if (is_null_device(&st))
		return K_NULL;
	*what = S_ISDIR(st.st_mode) ? "a directory" :
	    S_ISBLK(st.st_mode) ? "a block device" : special_kind(fd);
	if (*what != NULL)
		return 0;
	*what = "a thing without a kind";
	if (!S_ISFIFO(st.st_mode) && !S_ISREG(st.st_mode) &&
	    !S_ISCHR(st.st_mode))
		return 0;
	if (mode == O_RDWR)
		return kind_of_both(fd, &st, what);
	return mode == O_WRONLY ? K_WRITE : mode == O_RDONLY ? K_READ : 0;
}

static int
new_token(char token[CARRY_TOKEN])
{
	unsigned char random[(CARRY_TOKEN - 1) / 2];
	size_t i;

	if (getentropy(random, sizeof random) != 0)
		return -1;
	for (i = 0; i < sizeof random; i++)
		sprintf(token + 2 * i, "%02x", random[i]);
	return 0;
}

/* "KIND TOKEN", and for a terminal its size. */
static void
put_descriptor(struct circuit *k, int kind, const char *token, int fd)
{
	char text[CARRY_TOKEN + 32];
	struct winsize size;
	int n = snprintf(text, sizeof text, "%c %s", kind, token);

	if (kind == K_TERMINAL && ioctl(fd, TIOCGWINSZ, &size) == 0)
		n += snprintf(text + n, sizeof text - (size_t)n, " %u %u",
		    size.ws_row, size.ws_col);
	put_frame(k, F_DESCRIPTOR, text, (size_t)n);
}

/* Send a descriptor, which is ours from now on. */
static void
lend(struct circuit *k, int fd)
{
	char token[CARRY_TOKEN] = "-", reason[REASON_MAX];
	const char *what;
	int kind = carry_kind_of(fd, &what);
	struct carried *c;

	if (kind == 0) {
		snprintf(reason, sizeof reason, "a descriptor cannot be "
		    "carried to another host: %s", what);
		carry_refuse(k, reason);
	} else if (kind != K_NULL && new_token(token) != 0) {
		carry_refuse(k, "there are no random numbers");
	} else if (kind == K_NULL) {
		put_descriptor(k, kind, token, fd);
	} else if ((c = new_carried(token, EXPECTED)) != NULL) {
		c->kind = kind;
		c->fd = fd;
		c->guarded = kind == K_SOCKET && k->guard.hands_out != 0;
		own(k, c);
		put_descriptor(k, kind, token, fd);
		expect_wire(c);
		return;
	} else {
		carry_refuse(k, "out of memory");
	}
	close(fd);
}

/* --- receiving one --- */

/*
 * A terminal for its holder to write to: the real one does the rest.  Input
 * stays where the keyboard is.
 */
static int
carry_open_terminal(int fd[2], unsigned rows, unsigned columns)
{
	struct winsize size = { (unsigned short)rows, (unsigned short)columns,
	    0, 0 };

	return wk_pty_open(fd, rows > 0 && columns > 0 ? &size : NULL);
}

static int
open_pair(int fd[2])
{
	int type = SOCK_STREAM;

#ifdef SOCK_CLOEXEC
	type |= SOCK_CLOEXEC;
#endif
	if (socketpair(AF_UNIX, type, 0, fd) != 0)
		return -1;
	fcntl(fd[0], F_SETFD, FD_CLOEXEC);
	fcntl(fd[1], F_SETFD, FD_CLOEXEC);
	return 0;
}

/* Make a stand-in: fd[0] is for us, fd[1] for its holder. */
static int
open_stand_in(int kind, unsigned rows, unsigned columns, int fd[2])
{
	int swap;

	if (kind == K_TERMINAL)
		return carry_open_terminal(fd, rows, columns);
	if (kind == K_SOCKET)
		return open_pair(fd);
	if (kind == K_NULL) {
		fd[0] = -1;
		fd[1] = open("/dev/null", O_RDWR | O_CLOEXEC);
		return fd[1] < 0 ? -1 : 0;
	}
	if (div_pipe(fd) != 0)
		return -1;
	if (kind == K_READ) {
		swap = fd[0];
		fd[0] = fd[1];
		fd[1] = swap;
	}
	return 0;
}

/* Its wire is there already.  c may be gone afterwards. */
static void
join_early(struct carried *c)
{
	struct buffer early = c->early;

	early_count--;
	memset(&c->early, 0, sizeof c->early);
	carry_join(c, c->wire, early.data, buffer_length(&early));
	buffer_release(&early);
}

/* Our end of a new stand-in is to be carried: fd, which becomes c's own. */
static void
carry_stand_in(struct circuit *k, struct carried *c, int kind, int fd)
{
	c->kind = kind;
	c->stand_in = 1;
	c->fd = fd;
	own(k, c);
	if (c->state == EARLY)
		join_early(c);
	else
		expect_wire(c);
}

/* The other end has lent a descriptor; -1 for nonsense. */
static int
take_descriptor(struct circuit *k, const char *text)
{
	char kind, token[CARRY_TOKEN];
	unsigned rows = 0, columns = 0;
	struct carried *c;
	int fd[2];

	if (sscanf(text, "%c %32s %5u %5u", &kind, token, &rows,
	    &columns) < 2 ||
	    strchr("wrtsn", kind) == NULL || k->fds_count == DIV_FDS_MAX)
		return -1;
	c = kind != K_NULL ? find(token) : NULL;
	if (c != NULL && c->state != EARLY)
		return -1;
	if (open_stand_in(kind, rows, columns, fd) != 0) {
		carry_refuse(k, strerror(errno));
		return 0;
	}
	k->fds[k->fds_count++] = fd[1];
	if (kind == K_NULL)
		return 0;
	if (c == NULL)
		c = new_carried(token, EXPECTED);
	if (c != NULL) {
		carry_stand_in(k, c, kind, fd[0]);
	} else {
		close(fd[0]);
		carry_refuse(k, "out of memory");
	}
	return 0;
}

/* --- from the connection to the wire --- */

/* How many bytes can be read at once (as recvmsg returns it), and whether
 * there are descriptors among them. */
static ssize_t
look_at(int fd, size_t len, int *has_fds)
{
	struct iovec iov = { chunk, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do
		n = recvmsg(fd, &m, MSG_PEEK | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	/* no room is offered for them, so MSG_CTRUNC says that there are any */
	*has_fds = n > 0 && (m.msg_flags & MSG_CTRUNC) != 0;
	return n;
}

static ssize_t
receive_plain(int fd, char *data, size_t len)
{
	ssize_t n;

	do
		n = recv(fd, data, len, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n;
}

/*
 * Read bytes without descriptors, or exactly one message with some, which is
 * to be one message on the other side as well.  Linux puts bytes that were
 * sent before it into the same read, and a look even shows descriptors that
 * come right behind.  So the length of what is in front is searched for; only
 * for its last byte the look cannot tell, and it is taken alone.
 */
static ssize_t
receive(struct circuit *k, size_t most, int *fds, size_t *count)
{
	int fd = k->near.io.fd, has_fds;
	ssize_t all_bytes = look_at(fd, most, &has_fds), n;
	size_t plain = 0, end, middle;

	*count = 0;
	if (all_bytes <= 0)
		return all_bytes;
	if (!has_fds)
		return receive_plain(fd, chunk, (size_t)all_bytes);
	for (end = (size_t)all_bytes; end - plain > 1; ) {
		middle = plain + (end - plain) / 2;
		if (look_at(fd, middle, &has_fds) < 0)
			return -1;
		if (has_fds)
			end = middle;
		else
			plain = middle;
	}
	if (plain > 0)
		return receive_plain(fd, chunk, plain);
	n = div_recv(fd, chunk, 1, fds, DIV_FDS_MAX, count);
	if (n == 1 && *count > 0 && all_bytes > 1) {
		n = receive_plain(fd, chunk + 1, (size_t)all_bytes - 1);
		n = n > 0 ? n + 1 : 1;
	}
	return n;
}

static void
near_over(struct circuit *k)
{
	put_marks(k);
	k->near.reading = READ_OVER;
	put_frame(k, F_END, "", 0);
}

static int
carry_has_terminal(const struct circuit *k)
{
	const struct carried *c;

	for (c = k->given; c != NULL; c = c->of_owner)
		if (c->kind == K_TERMINAL && c->state != OVER)
			return 1;
	return 0;
}

/* What our side says comes after all that it wrote to stand-ins before.  How
 * much that is cannot be asked of a terminal: it is read dry first. */
static int
terminals_dry(struct circuit *k)
{
	struct carried *c;
	int n = 0, has_fds;

	if (k->dry || k->drying > 0)
		return k->dry;
	if (!carry_has_terminal(k))
		return 1;
	if (look_at(k->near.io.fd, 1, &has_fds) < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK)) {
		k->near.reading = READ_WAITS;
		return 0;
	}
	for (c = k->given; c != NULL; c = c->of_owner)
		if (c->kind == K_TERMINAL && c->state != OVER) {
			k->drying++;
			flow_ask_dry(&c->flow);
		}
	/* what near gets from now on is read next time */
	k->look = ioctl(k->near.io.fd, FIONREAD, &n) == 0 && n > 0 ?
	    (size_t)n : 0;
	return 0;
}

/*
 * A tie is to be open for as long as the connection, no more: nobody may read
 * from it (PROTOCOL section 1.6).  The circuit at our end lasts just as long.
 */
static int
is_tie(const struct circuit *k, const char *text, size_t n, size_t count)
{
	return count == 1 && k->tie < 0 && n == strlen(DIV_TIE) &&
	    memcmp(text, DIV_TIE, n) == 0;
}

/* The service is a wrapw: have it keep the other end from changes, before it
 * hears more from there. */
static void
put_question(struct circuit *k)
{
	ssize_t n = div_send_now(k->near.io.fd, GUARD_QUESTION,
	    GUARD_QUESTION_LEN, NULL, 0);

	if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
		k->near.writing = WRITE_OVER;
	else if (n != GUARD_QUESTION_LEN)       /* its second bytes */
		carry_refuse(k, strerror(n < 0 ? errno : EAGAIN));
}

/* Has the service read all that it was said?  Where the system does not tell,
 * it has. */
static int
has_read_all(const struct circuit *k)
{
	int n = 0;

	return ioctl(k->near.io.fd, TIOCOUTQ, &n) != 0 || n == 0;
}

/* A wrapw would have answered. */
static void
carry_silent(struct wk_timer *t)
{
	struct circuit *k = (struct circuit *)((char *)t -
	    offsetof(struct circuit, silence));

	if (!has_read_all(k)) {
		wk_timer_set(t, SILENCE_MS);
		return;
	}
	guard_hesitates(&k->guard);
	wk_timer_set(&k->soon, 0);
}

/* Our side says this, with descriptors, which are ours from now on. */
static void
say_to_other(struct circuit *k, const char *text, size_t n, const int *fds,
    size_t count)
{
	size_t own_bytes, i;

	switch (guard_heard(&k->guard, text, n, &own_bytes)) {
	case GUARD_ASK:
		put_question(k);
		break;
	case GUARD_REFUSE:
		carry_refuse(k, "the master here cannot keep the far end from "
		    "changes");
		break;
	case GUARD_FINE:
		break;
	}
	k->taken += (uint64_t)n;
	put_marks(k);
	if (is_tie(k, text, n, count))
		k->tie = fds[0];
	else
		for (i = 0; i < count; i++)
			lend(k, fds[i]);
	if (k->state != REFUSED && own_bytes < n)
		put_frame(k, F_DATA, text + own_bytes, n - own_bytes);
}

/* Read from our side, make frames of it; 1 when there may be more. */
static int
read_near(struct circuit *k)
{
	int fds[DIV_FDS_MAX];
	size_t count = 0, most = sizeof chunk;
	ssize_t n;

	if (!terminals_dry(k))
		return 0;
	if (k->dry && k->look > 0 && k->look < most)
		most = k->look;
	k->dry = 0;
	n = receive(k, most, fds, &count);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		k->near.reading = READ_WAITS;
		return 0;
	}
	if (n < 0 && errno != ECONNRESET) {
		carry_refuse(k, errno == EMSGSIZE ?
		    "too many descriptors in one message" : strerror(errno));
		return 1;
	}
	if (n <= 0) {
		near_over(k);
		return 1;
	}
	say_to_other(k, chunk, (size_t)n, fds, count);
	return 1;
}

static int
write_wire(struct circuit *k)
{
	struct buffer *b = &k->to_wire;
	ssize_t n = div_send_now(k->wire.io.fd, b->data + b->from,
	    buffer_length(b), NULL, 0);

	if (n >= 0) {
		b->from += (size_t)n;
		if (buffer_length(b) == 0)
			buffer_release(b);
		return 1;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK) {
		k->wire.writing = WRITE_WAITS;
		return 0;
	}
	/* what the other end said before it left can still be read; one that
	 * is there would wait for what it did not get */
	if (errno != EPIPE && errno != ECONNRESET) {
		wk_note("a connection was ended: %s", strerror(errno));
		k->state = BROKEN;
	}
	k->wire.writing = WRITE_OVER;
	buffer_release(b);
	return 1;
}

/* --- from the wire to the connection --- */

static void
close_fds(struct circuit *k)
{
	while (k->fds_count > 0)
		close(k->fds[--k->fds_count]);
}

/*
 * A stand-in whose real one is broken was ended by the other end before it said
 * what comes now.  Our side is to find it so when it hears that: then it knows
 * that not all that it wrote was read.
 */
static void
end_broken(struct circuit *k)
{
	struct carried *c, *next;

	for (c = k->given; c != NULL; c = next) {
		next = c->of_owner;
		if (c->state == JOINED && c->hangup.ready != NULL &&
		    (wk_look(c->hangup.fd, 0, 0) & (POLLHUP | POLLERR)))
			end_carried(c);
	}
}

/* Deliver a frame of data; 1 when all of it has been delivered. */
static int
carry_deliver(struct circuit *k, const char *data, size_t len)
{
	size_t most;
	ssize_t n;

	end_broken(k);
	while (k->near.writing != WRITE_OVER && k->delivered < len) {
		most = guard_allows(&k->guard, data + k->delivered,
		    len - k->delivered);
		if (most == 0)
			return 0;
		n = div_send_now(k->near.io.fd, data + k->delivered, most,
		    k->fds, k->fds_count);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			k->near.writing = WRITE_WAITS;
			return 0;
		}
		if (n < 0) {
			if (errno != EPIPE && errno != ECONNRESET)
				carry_refuse(k, strerror(errno));
			k->near.writing = WRITE_OVER;
			break;
		}
		close_fds(k);
		guard_passed(&k->guard, data + k->delivered, (size_t)n);
		if (k->guard.state == GUARD_GREETED)
			wk_timer_set(&k->silence, SILENCE_MS);
		k->delivered += (size_t)n;
		k->written += (uint64_t)n;
	}
	close_fds(k);
	k->delivered = 0;
	if (k->socket != NULL)
		carry_wake(k->socket, 0);
	return 1;
}

/* "TOKEN COUNT": 1 when the real descriptor has got so much, or is over;
 * else this circuit waits for that. */
static int
has_got(struct circuit *k, const char *text)
{
	char token[CARRY_TOKEN];
	uint64_t count;
	struct carried *c;

	if (sscanf(text, "%32s %" SCNu64, token, &count) != 2) {
		k->state = BROKEN;
		return 0;
	}
	c = find(token);
	if (c != NULL && c->state == EARLY) {
		remark("the other end sends nonsense%s", "");
		k->state = BROKEN;
		return 0;
	}
	if (c == NULL || c->stand_in || c->state == OVER ||
	    written_to(c) >= count)
		return 1;
	if (c->state == EXPECTED && c->waiters == NULL)
		wk_timer_set(&c->patience, WAITED_MS);
	k->waits = c;
	k->until = count;
	k->next_waiter = c->waiters;
	c->waiters = k;
	if (c->flow.mark == 0 || count < c->flow.mark)
		c->flow.mark = count;
	return 0;
}

static void
other_refused(struct circuit *k, const char *reason)
{
	char text[REASON_MAX * 2];

	wk_visible(text, sizeof text, reason);
	wk_note("a connection was ended: %s", text);
	k->state = BROKEN;
}

/* Obey a frame other than data; 1 when it is done with. */
static int
carry_obey(struct circuit *k, int type, const char *data, size_t len)
{
	char text[REASON_MAX + 1];

	if (len > REASON_MAX) {
		k->state = BROKEN;
		return 0;
	}
	memcpy(text, data, len);
	text[len] = '\0';
	switch (type) {
	case F_DESCRIPTOR:
		if (take_descriptor(k, text) != 0)
			k->state = BROKEN;
		return 1;
	case F_WRITTEN:
		return has_got(k, text);
	case F_END:
		k->other_ended = 1;
		shutdown(k->near.io.fd, SHUT_WR);
		return 1;
	case F_REFUSED:
		other_refused(k, text);
		return 1;
	}
	remark("the other end sends nonsense%s", "");
	k->state = BROKEN;
	return 0;
}

/* True if there is a whole frame. */
static int
has_frame(const struct circuit *k)
{
	size_t have = buffer_length(&k->from_wire);

	return have >= HEAD &&
	    have - HEAD >= frame_length(k->from_wire.data + k->from_wire.from);
}

/* Deal with the first frame; 1 when it is out of the way. */
static int
take_frame(struct circuit *k)
{
	const char *head = k->from_wire.data + k->from_wire.from;
	size_t len = frame_length(head);
	int done;

	if (*head == F_DATA)
		done = carry_deliver(k, head + HEAD, len);
	else
		done = carry_obey(k, *head, head + HEAD, len);
	if (!done)
		return 0;
	k->from_wire.from += HEAD + len;
	if (buffer_length(&k->from_wire) == 0)
		buffer_release(&k->from_wire);
	return 1;
}

/* How many bytes to make room for: a whole frame, if there is a head; 0 for
 * one that makes no sense. */
static size_t
wanted_of_wire(const struct circuit *k)
{
	size_t have = buffer_length(&k->from_wire), frame;

	if (have < HEAD)
		return READ_MAX;
	frame = HEAD + frame_length(k->from_wire.data + k->from_wire.from);
	return frame <= HEAD + PAYLOAD_MAX ? frame - have : 0;
}

static int
read_wire(struct circuit *k)
{
	struct buffer *b = &k->from_wire;
	size_t wanted = wanted_of_wire(k);
	ssize_t n;

	if (wanted == 0)
		remark("the other end sends nonsense%s", "");
	if (wanted == 0 || buffer_reserve(b, wanted) != 0) {
		k->state = BROKEN;
		return 0;
	}
	n = receive_plain(k->wire.io.fd, b->data + b->to, b->room - b->to);
	if (n > 0) {
		b->to += (size_t)n;
		return 1;
	}
	if (buffer_length(b) == 0)
		buffer_release(b);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		k->wire.reading = READ_WAITS;
	else
		k->wire.reading = READ_OVER;
	return 0;
}

/* --- the life of a circuit --- */

static int
may_read_near(const struct circuit *k)
{
	return k->near.reading == READ_READY && k->drying == 0 &&
	    buffer_length(&k->to_wire) < WIRE_MAX;
}

/* Whether near may get what comes on the wire; else that is held back. */
static int
may_deliver(const struct circuit *k)
{
	return k->waits == NULL && k->near.writing != WRITE_WAITS;
}

static int
carry_step(struct circuit *k)
{
	int moved = 0;

	if (buffer_length(&k->to_wire) > 0 && k->wire.writing == WRITE_READY)
		moved |= write_wire(k);
	if (may_read_near(k))
		moved |= read_near(k);
	if (!may_deliver(k) || k->state != OPEN)
		return moved;
	if (has_frame(k))
		moved |= take_frame(k);
	else if (k->wire.reading == READ_READY)
		moved |= read_wire(k);
	return moved;
}

/* The other end, or the link, is gone, and all its frames are dealt with. */
static int
wire_over(const struct circuit *k)
{
	return k->wire.reading == READ_OVER && !has_frame(k);
}

static int
carry_over(const struct circuit *k)
{
	if (k->state == BROKEN || wire_over(k))
		return 1;
	if (buffer_length(&k->to_wire) > 0)
		return 0;
	/* nobody is there to hear what the service answers */
	if (guard_waits(&k->guard) && k->wire.hung_up)
		return 1;
	/* a tie is for the holders at the other end: ours do not count */
	return k->state == REFUSED || (k->near.reading == READ_OVER &&
	    (k->other_ended || (k->near.hung_up && k->tie < 0)));
}

/* No frame of this circuit waits for a descriptor any more. */
static void
stop_waiting(struct circuit *k)
{
	struct circuit **p;

	if (k->waits == NULL)
		return;
	for (p = &k->waits->waiters; *p != k; p = &(*p)->next_waiter)
		;
	*p = k->next_waiter;
	k->waits = NULL;
}

/* Descriptors outlive the circuit that they were sent over, unless it was cut
 * off: then nothing more is written to the real ones at this end, or it would
 * appear among what others write later. */
static void
disown_all(struct circuit *k, int cut_off)
{
	struct carried *c;

	while ((c = k->lent) != NULL) {
		disown(c);
		if (cut_off)
			end_carried(c);
	}
	while ((c = k->given) != NULL) {
		disown(c);
		if (c->state == OVER)
			unlink_carried(c);
	}
}

static void
end_circuit(struct circuit *k)
{
	int cut_off = k->state == BROKEN ||
	    (k->wire.reading == READ_OVER && !k->other_ended);
	struct carried *c;

	stop_waiting(k);
	wk_forget(&k->near.io);
	wk_forget(&k->wire.io);
	wk_timer_stop(&k->soon);
	wk_timer_stop(&k->silence);
	close_fds(k);
	disown_all(k, cut_off);
	close(k->near.io.fd);
	close(k->wire.io.fd);
	if (k->tie >= 0)
		close(k->tie);
	buffer_release(&k->from_wire);
	buffer_release(&k->to_wire);
	c = k->socket;
	if (c != NULL) {
		c->count = k->taken;
		c->circuit = NULL;
	}
	free(k);
	if (c != NULL)
		end_carried(c);
	wk_serve_stay(-1);
}

/* Of a side that has hung up nothing new will be told, so that a call which
 * says that it might wait is not to be believed. */
static void
watch_no_more(struct circuit *k, struct side *side)
{
	wk_forget(&side->io);
	if (side->reading != READ_WAITS && side->writing != WRITE_WAITS)
		return;
	if (side->reading == READ_WAITS)
		side->reading = READ_READY;
	if (side->writing == WRITE_WAITS)
		side->writing = WRITE_READY;
	wk_timer_set(&k->soon, 0);
}

static void
watch_side(struct circuit *k, struct side *side, int may_read)
{
	int what = may_read && side->reading == READ_WAITS ? WK_READ : 0;

	if (side->writing == WRITE_WAITS)
		what |= WK_WRITE;
	if (side->hung_up)
		watch_no_more(k, side);
	else if (wk_watch(&side->io, what) != 0)
		k->state = BROKEN;
}

static void
carry_run(struct circuit *k)
{
	int i, moved = 1;

	for (i = 0; i < ROUNDS && moved && k->state != BROKEN; i++)
		moved = carry_step(k);
	if (!carry_over(k)) {
		watch_side(k, &k->near, 1);
		watch_side(k, &k->wire, may_deliver(k));
	}
	if (carry_over(k))
		end_circuit(k);
	else if (moved)
		wk_timer_set(&k->soon, 0);
}

static void
side_ready(struct circuit *k, struct side *side, int what)
{
	if (side->reading == READ_WAITS)
		side->reading = READ_READY;
	if (side->writing == WRITE_WAITS)
		side->writing = WRITE_READY;
	if (what & WK_HUP)
		side->hung_up = 1;
	carry_run(k);
}

static void
near_ready(struct wk_io *io, int what)
{
	struct circuit *k = (struct circuit *)((char *)io -
	    offsetof(struct circuit, near.io));

	side_ready(k, &k->near, what);
}

static void
wire_ready(struct wk_io *io, int what)
{
	struct circuit *k = (struct circuit *)((char *)io -
	    offsetof(struct circuit, wire.io));

	side_ready(k, &k->wire, what);
}

static void
carry_soon(struct wk_timer *t)
{
	carry_run((struct circuit *)((char *)t -
	    offsetof(struct circuit, soon)));
}

static struct circuit *
new_circuit(int near, int wire)
{
	struct circuit *k = calloc(1, sizeof *k);

	if (k == NULL) {
		close(near);
		close(wire);
		return NULL;
	}
	k->near.io.fd = near;
	k->near.io.ready = near_ready;
	k->wire.io.fd = wire;
	k->wire.io.ready = wire_ready;
	k->soon.expired = carry_soon;
	k->silence.expired = carry_silent;
	k->tie = -1;
	wk_serve_stay(1);
	return k;
}

void
carry_circuit(int near, int wire, const struct carry_ahead *a)
{
	struct circuit *k = new_circuit(near, wire);

	if (k == NULL)
		return;
	if (buffer_append(&k->to_wire, a->reply, strlen(a->reply)) != 0 ||
	    buffer_append(&k->from_wire, a->frames, a->frames_len) != 0)
		k->state = BROKEN;
	k->guard.state = a->guarded ? GUARD_BEGIN : GUARD_OPEN;
	k->guard.hands_out = a->hands_out;
	if (a->bytes_len > 0)
		put_frame(k, F_DATA, a->bytes, a->bytes_len);
	wk_timer_set(&k->soon, 0);
}
