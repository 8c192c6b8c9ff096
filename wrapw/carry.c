/*
 * carry.c - connections and their descriptors, carried over a link
 *
 * A line is a connection and its wire.  A carried descriptor is known to both
 * ends by its token: at one end there is the real one, at the other we made a
 * stand-in.  Neither a line nor a descriptor ever waits for another one, but
 * for one case, on purpose: a frame that says how much was written to a
 * stand-in before the next bytes were sent holds those back until the real
 * descriptor has got as much.
 *
 * SPDX-License-Identifier: ISC
 */
#include "carry.h"

#include <errno.h>
#include <fcntl.h>
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
#include "base/serve.h"
#include "base/wrapper.h"

enum {
	HEAD = 5,                 /* bytes in front of a frame's payload */
	READ_MAX = 16384,         /* bytes of the connection in one frame */
	PAYLOAD_MAX = 65536,      /* of the other end */
	WIRE_MAX = 131072,        /* bytes for the wire; then nothing is read */
	WIRE_MS = 10000,          /* for a descriptor's wire to come */
	EARLY_MAX = 64,           /* wires that nobody has heard of yet */
	ROUNDS = 16,              /* before others get their turn */
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

/* A descriptor. */
struct carried {
	struct carried *next, *prev;
	char token[CARRY_TOKEN];
	int kind;                 /* 0: its wire came before word of it */
	int stand_in;             /* ours is not the real one */
	int fd;                   /* our end of it, or the real one; or -1 */
	int wire;                 /* early, or -1 */
	struct flow flow;         /* all but sockets */
	struct wk_io hangup;      /* of what we only write to */
	struct line *line;        /* a socket's own */
	struct line *owner;       /* the line that it was sent over */
	struct carried *of_owner; /* next of its owner */
	struct wk_timer patience; /* for the wire */
	int ended;                /* a stand-in that is closed: */
	uint64_t count;           /* so many bytes were written to it */
	uint64_t marked;          /* the other end was told of so many */
	struct line *waiters;     /* lines held back until it has more */
	struct buffer early;      /* what came on the wire meanwhile */
};

/* A connection. */
struct line {
	struct wk_io near, wire;
	struct wk_timer soon;
	struct buffer out;        /* for the wire */
	struct buffer in;         /* frames; the first may be half delivered */
	size_t delivered;         /* of its payload */
	int fds[DIV_FDS_MAX];     /* to go with the next data */
	size_t fds_count;
	struct carried *given;    /* stand-ins that our side holds */
	struct carried *lent;     /* real ones of our side */
	struct carried *socket;   /* that this is the line of, or NULL */
	int tie;                  /* kept open for the other side, or -1 */
	uint64_t taken, written;  /* bytes of near */
	struct carried *waits;    /* for this one to have */
	uint64_t until;           /* so much */
	struct line *next_waiter;
	size_t look;              /* to be read of near, now that */
	unsigned dry : 1;         /* terminals have nothing more */
	unsigned drying;          /* terminals that have not said so yet */
	/* what is waited for, and what is over */
	unsigned near_in : 1, near_out : 1, wire_in : 1, wire_out : 1;
	unsigned near_ended : 1, near_dead : 1, near_hup : 1, wire_ended : 1,
	    wire_eof : 1, wire_hup : 1, wire_dead : 1, refused : 1, broken : 1;
};

static struct carried *all;
static size_t early_count;
static void (*reach_other)(const char *token);
static char chunk[READ_MAX];

static void carry_run(struct line *l);
static struct line *new_line(int near, int wire);

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
put_frame(struct line *l, int type, const void *payload, size_t len)
{
	unsigned char head[HEAD] = { (unsigned char)type,
	    (unsigned char)(len >> 24), (unsigned char)(len >> 16),
	    (unsigned char)(len >> 8), (unsigned char)len };

	if (!l->wire_dead && (buffer_append(&l->out, head, sizeof head) != 0 ||
	    buffer_append(&l->out, payload, len) != 0))
		l->broken = 1;
}

static size_t
frame_length(const char *head)
{
	const unsigned char *h = (const unsigned char *)head;

	return (size_t)h[1] << 24 | (size_t)h[2] << 16 | (size_t)h[3] << 8 |
	    h[4];
}

/* The connection cannot go on: the other end is told why. */
static void
carry_refuse(struct line *l, const char *reason)
{
	if (l->refused)
		return;
	l->refused = l->near_ended = 1;
	put_frame(l, F_REFUSED, reason, strlen(reason));
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
new_carried(const char *token)
{
	struct carried *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	snprintf(c->token, sizeof c->token, "%s", token);
	c->fd = c->wire = -1;
	c->next = all;
	if (all != NULL)
		all->prev = c;
	all = c;
	wk_serve_stay(1);
	return c;
}

static struct carried **
list_of(struct line *l, const struct carried *c)
{
	return c->stand_in ? &l->given : &l->lent;
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
own(struct line *l, struct carried *c)
{
	struct carried **list = list_of(l, c);

	c->owner = l;
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
 * more has what it will ever get. */
static uint64_t
written_to(const struct carried *c)
{
	if (c->kind != K_SOCKET)
		return flow_written(&c->flow);
	if (c->line == NULL)
		return 0;
	return c->line->near_dead ? UINT64_MAX : c->line->written;
}

/* Lines whose turn has come go on a little later; they may end, and others
 * with them. */
static void
carry_wake(struct carried *c, int everybody)
{
	struct line **p = &c->waiters, *l;
	uint64_t have = written_to(c), least = 0;

	while ((l = *p) != NULL) {
		if (everybody || l->until <= have) {
			*p = l->next_waiter;
			l->waits = NULL;
			wk_timer_set(&l->soon, 0);
			continue;
		}
		if (least == 0 || l->until < least)
			least = l->until;
		p = &l->next_waiter;
	}
	c->flow.mark = least;
}

static void
dry(struct carried *c)
{
	struct line *l = c->owner;

	if (l != NULL && l->drying > 0 && --l->drying == 0) {
		l->dry = 1;
		wk_timer_set(&l->soon, 0);
	}
}

/* It is over.  Of a stand-in the count is kept for as long as its holder's
 * connection may still have to tell it. */
static void
end_carried(struct carried *c)
{
	if (c->ended)
		return;
	c->ended = 1;
	if (c->flow.dry_asked)
		dry(c);
	carry_wake(c, 1);
	if (c->kind == 0)
		early_count--;
	if (c->line != NULL) {
		c->count = c->line->taken;
		c->line->broken = 1;
		c->line->socket = NULL;
		wk_timer_set(&c->line->soon, 0);
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

/* How much its holder has written to a stand-in by now. */
static uint64_t
given_to(const struct carried *c)
{
	int waiting = 0, fd = c->fd;

	if (c->ended || c->kind == K_READ)
		return c->count;
	if (c->kind == K_SOCKET && c->line != NULL)
		fd = c->line->near_ended ? -1 : c->line->near.fd;
	else if (fd < 0)
		fd = flow_source_fd(&c->flow);
	if (c->kind == K_TERMINAL || fd < 0 ||
	    ioctl(fd, FIONREAD, &waiting) != 0)
		waiting = 0;
	return (c->kind != K_SOCKET ? c->flow.total :
	    c->line != NULL ? c->line->taken : 0) + (uint64_t)waiting;
}

/* Before anything is said on a connection: what was written before it. */
static void
put_marks(struct line *l)
{
	struct carried *c, *next;
	char text[CARRY_TOKEN + 24];
	uint64_t n;

	for (c = l->given; c != NULL; c = next) {
		next = c->of_owner;
		n = given_to(c);
		if (n != c->marked) {
			snprintf(text, sizeof text, "%s %" PRIu64, c->token, n);
			put_frame(l, F_WRITTEN, text, strlen(text));
			c->marked = n;
		}
		if (c->ended)
			unlink_carried(c);
	}
}

/* Do bytes go from our end to the wire? */
static int
outgoing(const struct carried *c)
{
	return c->stand_in ? c->kind != K_READ : c->kind == K_READ;
}

/*
 * A real descriptor does not take what was written to its stand-in.  Who says
 * that it was must not be believed: his connection ends.  (A reader that has
 * left is another thing: the writer gets SIGPIPE.)
 */
static void
not_written(struct carried *c, int error)
{
	char reason[REASON_MAX];
	struct line *l;

	snprintf(reason, sizeof reason, "what was written is lost: %s",
	    strerror(error));
	for (l = c->waiters; l != NULL; l = l->next_waiter)
		carry_refuse(l, reason);
	if (c->owner == NULL)
		return;
	carry_refuse(c->owner, reason);
	wk_timer_set(&c->owner->soon, 0);
}

static void
carry_flow_says(struct flow *f, int what)
{
	struct carried *c = (struct carried *)((char *)f -
	    offsetof(struct carried, flow));

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

/* Whoever only writes learns of the reader's end too late: meanwhile more
 * would be taken from the source, and be lost. */
static void
watch_hangup(struct carried *c, int sink)
{
	c->hangup.fd = fcntl(sink, F_DUPFD_CLOEXEC, 3);
	if (c->hangup.fd < 0)
		return;
	c->hangup.ready = hung_up;
	wk_watch(&c->hangup, 0);
}

/* There are both the descriptor and its wire. */
static void
carry_join(struct carried *c, int wire, const char *rest, size_t len)
{
	int fd = c->fd;

	wk_timer_stop(&c->patience);
	c->fd = c->wire = -1;
	if (c->kind == K_SOCKET) {
		c->line = new_line(fd, wire);
		if (c->line == NULL) {
			end_carried(c);
			return;
		}
		c->line->socket = c;
		if (buffer_append(&c->line->in, rest, len) != 0)
			c->line->broken = 1;
		wk_timer_set(&c->line->soon, 0);
	} else if (outgoing(c)) {
		watch_hangup(c, wire);
		flow_source(&c->flow, fd, c->stand_in);
		flow_sink(&c->flow, wire);
	} else {
		if (c->stand_in)
			watch_hangup(c, fd);
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

	/* for as long as the connection stands the link may be slow */
	if (c->owner != NULL) {
		wk_timer_set(t, WIRE_MS);
		return;
	}
	remark("a descriptor's connection is missing%s", "");
	end_carried(c);
}

/* The other end knows of it, or is about to: have it get its wire. */
static void
expect_wire(struct carried *c)
{
	flow_begin(&c->flow, carry_flow_says);
	c->patience.expired = no_wire;
	wk_timer_set(&c->patience, WIRE_MS);
	if (reach_other != NULL)
		reach_other(c->token);
}

void
carry_arrived(const char *token, int wire, const char *rest, size_t len)
{
	struct carried *c = find(token);

	if (c != NULL && c->fd >= 0 && c->wire < 0) {
		carry_join(c, wire, rest, len);
		return;
	}
	if (c != NULL || reach_other != NULL || early_count == EARLY_MAX ||
	    (c = new_carried(token)) == NULL) {
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

	if (c != NULL && !c->ended)
		end_carried(c);
}

/* --- sending a descriptor --- */

static int
is_null_device(const struct stat *st)
{
	struct stat null;

	return S_ISCHR(st->st_mode) && stat("/dev/null", &null) == 0 &&
	    st->st_rdev == null.st_rdev;
}

/* A socket's kind, or 0 and what it is. */
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

/* What stands in for a descriptor; 0 and what it is when nothing can. */
static int
carry_kind_of(int fd, const char **what)
{
	struct stat st;
	int mode = fcntl(fd, F_GETFL) & O_ACCMODE;

	*what = "a thing without a kind";
	if (fstat(fd, &st) != 0)
		return 0;
	if (S_ISSOCK(st.st_mode))
		return socket_kind(fd, what);
	if (is_null_device(&st))
		return K_NULL;
	*what = S_ISDIR(st.st_mode) ? "a directory" : "a block device";
	if (S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode))
		return 0;
	if (S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode) ||
	    S_ISCHR(st.st_mode)) {
		if (mode == O_WRONLY)
			return K_WRITE;
		if (mode == O_RDONLY)
			return K_READ;
		if (S_ISCHR(st.st_mode) && isatty(fd))
			return K_TERMINAL;
		*what = S_ISFIFO(st.st_mode) ? "a pipe open for both reading "
		    "and writing" : "a file open for both reading and writing";
	}
	return 0;
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
put_descriptor(struct line *l, int kind, const char *token, int fd)
{
	char text[CARRY_TOKEN + 32];
	struct winsize size;
	int n = snprintf(text, sizeof text, "%c %s", kind, token);

	if (kind == K_TERMINAL && ioctl(fd, TIOCGWINSZ, &size) == 0)
		n += snprintf(text + n, sizeof text - (size_t)n, " %u %u",
		    size.ws_row, size.ws_col);
	put_frame(l, F_DESCRIPTOR, text, (size_t)n);
}

/* Send a descriptor, which is ours from now on. */
static void
lend(struct line *l, int fd)
{
	char token[CARRY_TOKEN] = "-", reason[REASON_MAX];
	const char *what;
	int kind = carry_kind_of(fd, &what);
	struct carried *c;

	if (kind == 0) {
		snprintf(reason, sizeof reason, "a descriptor cannot be "
		    "carried to another host: %s", what);
		carry_refuse(l, reason);
	} else if (kind != K_NULL && new_token(token) != 0) {
		carry_refuse(l, "there are no random numbers");
	} else if (kind == K_NULL) {
		put_descriptor(l, kind, token, fd);
	} else if ((c = new_carried(token)) != NULL) {
		c->kind = kind;
		c->fd = fd;
		own(l, c);
		put_descriptor(l, kind, token, fd);
		expect_wire(c);
		return;
	} else {
		carry_refuse(l, "out of memory");
	}
	close(fd);
}

/* --- receiving one --- */

/*
 * A terminal for its holder to write to.  What it writes is to come out as it
 * is: the real terminal does the rest.  Input stays where it is, with whoever
 * has the keyboard; a reader finds the end of it, for as often as may be.
 */
static int
carry_open_terminal(int fd[2], unsigned rows, unsigned columns)
{
	static const char ends[64] = { 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	    4, 4, 4, 4 };
	struct winsize size = { (unsigned short)rows, (unsigned short)columns,
	    0, 0 };
	struct termios t;
	const char *name;

	fd[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd[0] < 0)
		return -1;
	fd[1] = -1;
	if (grantpt(fd[0]) == 0 && unlockpt(fd[0]) == 0 &&
	    (name = ptsname(fd[0])) != NULL)
		fd[1] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd[1] < 0 || tcgetattr(fd[1], &t) != 0)
		goto err;
	t.c_iflag = 0;
	t.c_oflag &= (tcflag_t)~OPOST;
	t.c_lflag = ICANON;
	t.c_cc[VEOF] = 4;
	if (tcsetattr(fd[1], TCSANOW, &t) != 0 ||
	    write(fd[0], ends, sizeof ends) < 0)
		goto err;
	if (rows > 0 && columns > 0)
		ioctl(fd[1], TIOCSWINSZ, &size);
	return 0;
err:
	close(fd[0]);
	if (fd[1] >= 0)
		close(fd[1]);
	return -1;
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

/* The other end has lent a descriptor; -1 for nonsense. */
static int
take_descriptor(struct line *l, const char *text)
{
	char kind, token[CARRY_TOKEN];
	unsigned rows = 0, columns = 0;
	struct carried *c;
	struct buffer early;
	int fd[2];

	if (sscanf(text, "%c %32s %5u %5u", &kind, token, &rows, &columns) < 2 ||
	    strchr("wrtsn", kind) == NULL || l->fds_count == DIV_FDS_MAX)
		return -1;
	c = kind != K_NULL ? find(token) : NULL;
	if (c != NULL && c->kind != 0)
		return -1;
	if (open_stand_in(kind, rows, columns, fd) != 0) {
		carry_refuse(l, strerror(errno));
		return 0;
	}
	l->fds[l->fds_count++] = fd[1];
	if (kind == K_NULL)
		return 0;
	if (c == NULL && (c = new_carried(token)) == NULL) {
		close(fd[0]);
		carry_refuse(l, "out of memory");
		return 0;
	}
	if (c->wire >= 0)
		early_count--;
	c->kind = kind;
	c->stand_in = 1;
	c->fd = fd[0];
	own(l, c);
	if (c->wire >= 0) {
		/* c may be gone then */
		early = c->early;
		memset(&c->early, 0, sizeof c->early);
		carry_join(c, c->wire, early.data, buffer_length(&early));
		buffer_release(&early);
	} else {
		expect_wire(c);
	}
	return 0;
}

/* --- from the connection to the wire --- */

/* See what can be read at once, and whether descriptors are among it. */
static ssize_t
look_at(int fd, size_t len, int *has_fds)
{
	struct iovec iov = { chunk, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do
		n = recvmsg(fd, &m, MSG_PEEK | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	/* without room for them they are cut off, which is told */
	*has_fds = n > 0 && (m.msg_flags & MSG_CTRUNC) != 0;
	return n;
}

/*
 * Read bytes without descriptors, or exactly one message with some: on the
 * other side it is to be one as well.  Linux puts bytes that were sent in
 * front of it into the same read, and in a look it even shows descriptors
 * that come right behind, hence the search: of the last byte in front only
 * taking it tells.
 */
static ssize_t
receive(struct line *l, size_t most, int *fds, size_t *count)
{
	int fd = l->near.fd, has_fds;
	ssize_t all_bytes = look_at(fd, most, &has_fds), n;
	size_t plain = 0, end, middle;

	*count = 0;
	if (all_bytes <= 0)
		return all_bytes;
	if (!has_fds)
		return recv(fd, chunk, (size_t)all_bytes, MSG_DONTWAIT);
	for (end = (size_t)all_bytes; end - plain > 1; ) {
		middle = plain + (end - plain) / 2;
		look_at(fd, middle, &has_fds);
		if (has_fds)
			end = middle;
		else
			plain = middle;
	}
	if (plain > 0)
		return recv(fd, chunk, plain, MSG_DONTWAIT);
	n = div_recv(fd, chunk, 1, fds, DIV_FDS_MAX, count);
	if (n == 1 && *count > 0 && all_bytes > 1) {
		n = recv(fd, chunk + 1, (size_t)all_bytes - 1, MSG_DONTWAIT);
		n = n > 0 ? n + 1 : 1;
	}
	return n;
}

static void
near_over(struct line *l)
{
	put_marks(l);
	l->near_ended = 1;
	put_frame(l, F_END, "", 0);
}

static int
carry_has_terminal(const struct line *l)
{
	const struct carried *c;

	for (c = l->given; c != NULL; c = c->of_owner)
		if (c->kind == K_TERMINAL && !c->ended)
			return 1;
	return 0;
}

/* What our side says comes after all that it wrote to stand-ins before.  A
 * terminal does not tell how much that is: it has to be read dry first. */
static int
terminals_dry(struct line *l)
{
	struct carried *c;
	int n = 0, has_fds;

	if (l->dry || l->drying > 0)
		return l->dry;
	if (!carry_has_terminal(l))
		return 1;
	if (look_at(l->near.fd, 1, &has_fds) < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK)) {
		l->near_in = 1;
		return 0;
	}
	for (c = l->given; c != NULL; c = c->of_owner)
		if (c->kind == K_TERMINAL && !c->ended) {
			l->drying++;
			flow_ask_dry(&c->flow);
		}
	/* what comes later has to wait for the next time */
	l->look = ioctl(l->near.fd, FIONREAD, &n) == 0 && n > 0 ?
	    (size_t)n : 0;
	return 0;
}

/*
 * A tie is to be open for as long as the connection is, no more: it is somebody
 * else's connection, which nobody may read from (PROTOCOL section 1.6).  Our own
 * end of the line lasts just as long.
 */
static int
is_tie(const struct line *l, const char *text, size_t n, size_t count)
{
	return count == 1 && l->tie < 0 && n == strlen(DIV_TIE) &&
	    memcmp(text, DIV_TIE, n) == 0;
}

/* Returns whether there may be more. */
static int
read_near(struct line *l)
{
	int fds[DIV_FDS_MAX];
	size_t count = 0, i, most = sizeof chunk;
	ssize_t n;

	if (!terminals_dry(l))
		return 0;
	if (l->dry && l->look > 0 && l->look < most)
		most = l->look;
	l->dry = 0;
	n = receive(l, most, fds, &count);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		l->near_in = 1;
		return 0;
	}
	if (n < 0 && errno == EMSGSIZE) {
		carry_refuse(l, "too many descriptors in one message");
		return 1;
	}
	if (n <= 0) {
		near_over(l);
		return 1;
	}
	l->taken += (uint64_t)n;
	put_marks(l);
	if (is_tie(l, chunk, (size_t)n, count))
		l->tie = fds[0];
	else
		for (i = 0; i < count; i++)
			lend(l, fds[i]);
	if (!l->refused)
		put_frame(l, F_DATA, chunk, (size_t)n);
	return 1;
}

static int
write_wire(struct line *l)
{
	ssize_t n = div_send_now(l->wire.fd, l->out.data + l->out.from,
	    buffer_length(&l->out), NULL, 0);

	if (n >= 0) {
		l->out.from += (size_t)n;
		if (buffer_length(&l->out) == 0)
			buffer_release(&l->out);
		return 1;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK) {
		l->wire_out = 1;
		return 0;
	}
	/* what the other end has said before it left is still to be read */
	l->wire_dead = 1;
	buffer_release(&l->out);
	return 1;
}

/* --- from the wire to the connection --- */

static void
close_fds(struct line *l)
{
	while (l->fds_count > 0)
		close(l->fds[--l->fds_count]);
}

/* Deliver a frame of data; 1 when all of it has been. */
static int
carry_deliver(struct line *l, const char *data, size_t len)
{
	ssize_t n;

	while (!l->near_dead && l->delivered < len) {
		n = div_send_now(l->near.fd, data + l->delivered,
		    len - l->delivered, l->fds, l->fds_count);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			l->near_out = 1;
			return 0;
		}
		if (n < 0) {
			l->near_dead = 1;
			break;
		}
		close_fds(l);
		l->delivered += (size_t)n;
		l->written += (uint64_t)n;
	}
	close_fds(l);
	l->delivered = 0;
	if (l->socket != NULL)
		carry_wake(l->socket, 0);
	return 1;
}

/* "TOKEN COUNT": 1 when the descriptor has got so much, or is over. */
static int
has_got(struct line *l, const char *text)
{
	char token[CARRY_TOKEN];
	uint64_t count;
	struct carried *c;

	if (sscanf(text, "%32s %" SCNu64, token, &count) != 2) {
		l->broken = 1;
		return 0;
	}
	c = find(token);
	if (c != NULL && c->kind == 0) {
		remark("the other end sends nonsense%s", "");
		l->broken = 1;
		return 0;
	}
	if (c == NULL || c->stand_in || c->ended || written_to(c) >= count)
		return 1;
	l->waits = c;
	l->until = count;
	l->next_waiter = c->waiters;
	c->waiters = l;
	if (c->flow.mark == 0 || count < c->flow.mark)
		c->flow.mark = count;
	return 0;
}

static void
other_refused(struct line *l, const char *reason)
{
	char text[REASON_MAX * 2];

	wk_visible(text, sizeof text, reason);
	wk_note("a connection was ended: %s", text);
	l->broken = 1;
}

/* A frame of words, which has its own end; 1 when it is done with. */
static int
carry_obey(struct line *l, int type, const char *data, size_t len)
{
	char text[REASON_MAX + 1];

	if (len > REASON_MAX) {
		l->broken = 1;
		return 0;
	}
	memcpy(text, data, len);
	text[len] = '\0';
	switch (type) {
	case F_DESCRIPTOR:
		if (take_descriptor(l, text) != 0)
			l->broken = 1;
		return 1;
	case F_WRITTEN:
		return has_got(l, text);
	case F_END:
		l->wire_ended = 1;
		shutdown(l->near.fd, SHUT_WR);
		return 1;
	case F_REFUSED:
		other_refused(l, text);
		return 1;
	}
	remark("the other end sends nonsense%s", "");
	l->broken = 1;
	return 0;
}

/* Is there a whole frame? */
static int
has_frame(const struct line *l)
{
	size_t have = buffer_length(&l->in);

	return have >= HEAD &&
	    have - HEAD >= frame_length(l->in.data + l->in.from);
}

/* Returns whether a frame is out of the way. */
static int
take_frame(struct line *l)
{
	const char *head = l->in.data + l->in.from;
	size_t len = frame_length(head);
	int done;

	if (*head == F_DATA)
		done = carry_deliver(l, head + HEAD, len);
	else
		done = carry_obey(l, *head, head + HEAD, len);
	if (!done)
		return 0;
	l->in.from += HEAD + len;
	if (buffer_length(&l->in) == 0)
		buffer_release(&l->in);
	return 1;
}

static int
read_wire(struct line *l)
{
	size_t wanted = READ_MAX;
	ssize_t n;

	if (buffer_length(&l->in) >= HEAD) {
		wanted = HEAD + frame_length(l->in.data + l->in.from);
		if (wanted > HEAD + PAYLOAD_MAX) {
			remark("the other end sends nonsense%s", "");
			l->broken = 1;
			return 0;
		}
		wanted -= buffer_length(&l->in);
	}
	if (buffer_reserve(&l->in, wanted) != 0) {
		l->broken = 1;
		return 0;
	}
	do
		n = recv(l->wire.fd, l->in.data + l->in.to,
		    l->in.room - l->in.to, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		l->in.to += (size_t)n;
		return 1;
	}
	if (buffer_length(&l->in) == 0)
		buffer_release(&l->in);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		l->wire_in = 1;
	else
		l->wire_eof = 1;
	return 0;
}

/* --- a line's life --- */

static int
may_read_near(const struct line *l)
{
	return !l->near_ended && !l->near_in && l->drying == 0 &&
	    buffer_length(&l->out) < WIRE_MAX;
}

static int
carry_step(struct line *l)
{
	int moved = 0;

	if (buffer_length(&l->out) > 0 && !l->wire_out)
		moved |= write_wire(l);
	if (may_read_near(l))
		moved |= read_near(l);
	if (l->waits != NULL || l->near_out || l->broken || l->refused)
		return moved;
	if (has_frame(l))
		moved |= take_frame(l);
	else if (!l->wire_in && !l->wire_eof)
		moved |= read_wire(l);
	return moved;
}

/* The other end, or the link, is gone, and all it said has been heard. */
static int
wire_over(const struct line *l)
{
	return l->wire_eof && !has_frame(l);
}

static int
carry_over(const struct line *l)
{
	if (l->broken || wire_over(l))
		return 1;
	if (buffer_length(&l->out) > 0)
		return 0;
	/* a tie is for those at the other end, whatever became of ours */
	return l->refused || (l->near_ended && (l->wire_ended ||
	    (l->near_hup && l->tie < 0)));
}

/* Nobody is to be surprised by bytes that come after their time: what a dead
 * link still had for descriptors of ours is dropped. */
static void
end_line(struct line *l)
{
	int dead = l->broken || (l->wire_eof && !l->wire_ended);
	struct line **p;
	struct carried *c;

	if (l->waits != NULL) {
		for (p = &l->waits->waiters; *p != l; p = &(*p)->next_waiter)
			;
		*p = l->next_waiter;
	}
	wk_forget(&l->near);
	wk_forget(&l->wire);
	wk_timer_stop(&l->soon);
	close_fds(l);
	while ((c = l->lent) != NULL) {
		disown(c);
		if (dead)
			end_carried(c);
	}
	while ((c = l->given) != NULL) {
		disown(c);
		if (c->ended)
			unlink_carried(c);
	}
	close(l->near.fd);
	close(l->wire.fd);
	if (l->tie >= 0)
		close(l->tie);
	buffer_release(&l->in);
	buffer_release(&l->out);
	if ((c = l->socket) != NULL) {
		c->count = l->taken;
		c->line = NULL;
	}
	free(l);
	if (c != NULL)
		end_carried(c);
	wk_serve_stay(-1);
}

static void
want(struct line *l, struct wk_io *io, int what)
{
	if (wk_watch(io, what) != 0)
		l->broken = 1;
}

static void
carry_watch(struct line *l)
{
	/* who has hung up would be reported again and again */
	if (!l->near_hup)
		want(l, &l->near, (l->near_in && !l->near_ended ? WK_READ : 0) |
		    (l->near_out ? WK_WRITE : 0));
	else
		wk_forget(&l->near);
	if (!l->wire_hup)
		want(l, &l->wire, (l->wire_in && l->waits == NULL &&
		    !l->near_out ? WK_READ : 0) |
		    (l->wire_out ? WK_WRITE : 0));
	else
		wk_forget(&l->wire);
}

static void
carry_run(struct line *l)
{
	int i, moved = 1;

	for (i = 0; i < ROUNDS && moved && !l->broken; i++)
		moved = carry_step(l);
	if (!carry_over(l))
		carry_watch(l);
	if (carry_over(l))
		end_line(l);
	else if (moved)
		wk_timer_set(&l->soon, 0);
}

static void
near_ready(struct wk_io *io, int what)
{
	struct line *l = (struct line *)((char *)io -
	    offsetof(struct line, near));

	l->near_in = l->near_out = 0;
	if (what & WK_HUP)
		l->near_hup = 1;
	carry_run(l);
}

static void
wire_ready(struct wk_io *io, int what)
{
	struct line *l = (struct line *)((char *)io -
	    offsetof(struct line, wire));

	l->wire_in = l->wire_out = 0;
	if (what & WK_HUP)
		l->wire_hup = 1;
	carry_run(l);
}

static void
carry_soon(struct wk_timer *t)
{
	carry_run((struct line *)((char *)t - offsetof(struct line, soon)));
}

static struct line *
new_line(int near, int wire)
{
	struct line *l = calloc(1, sizeof *l);

	if (l == NULL) {
		close(near);
		close(wire);
		return NULL;
	}
	l->near.fd = near;
	l->near.ready = near_ready;
	l->wire.fd = wire;
	l->wire.ready = wire_ready;
	l->soon.expired = carry_soon;
	l->tie = -1;
	wk_serve_stay(1);
	return l;
}

void
carry_line(int near, int wire, const struct carry_ahead *a)
{
	struct line *l = new_line(near, wire);

	if (l == NULL)
		return;
	if (buffer_append(&l->out, a->reply, strlen(a->reply)) != 0 ||
	    buffer_append(&l->in, a->frames, a->frames_len) != 0)
		l->broken = 1;
	if (a->bytes_len > 0)
		put_frame(l, F_DATA, a->bytes, a->bytes_len);
	wk_timer_set(&l->soon, 0);
}
