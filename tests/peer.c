/*
 * peer.c - the other side of a conversation, for the tests
 *
 *	peer [-1] connect path step...      be a client
 *	peer [-1] listen path step...       be a master with one client
 *	peer [-1] master path step...       be a master; step A takes a client
 *	peer many path count ready          open many connections, say who we
 *	                                    are on each, make the file ready,
 *	                                    stay until stdin ends
 *	peer crowd path count               begin so many connections to a
 *	                                    ptbw at once, then use each
 *	peer sequence path count [at once]  so many, one after another, get
 *	                                    the numbers 0, 1, 2, ...; 50 are
 *	                                    there at once
 *	peer strangers path count           so many that do not say who they are
 *	peer silent path count ready        so many that say nothing at all;
 *	                                    make the file ready, stay until
 *	                                    stdin ends
 *	peer fuzz path count seed           so many conversations of nonsense
 *	peer xfuzz path count seed          the same with an xclate
 *	peer wfuzz path count seed          the same with a wrapw, whose
 *	                                    requests are counted
 *	peer limit seconds command...       run a command, not longer than that
 *	peer name argv0 file args...        run a program under another name
 *	peer blocked command...             a command with all signals
 *	                                    blocked
 *	peer plug path command...           a command whose stdin is a
 *	                                    connection
 *	peer sid pid, peer pgid pid         its session, its process group
 *	peer state pid                      the letter of its state
 *	peer nonblock                       make its 0, 1 and 2 non-blocking
 *	peer flags                          which of them are: "012" if all
 *	peer lock file command...           hold a lock on file meanwhile; 99
 *	                                    when somebody else does
 *
 * Steps:  s:TEXT send   S:TEXT send, to one who may have hung up
 *         r:TEXT expect just this   e expect the end
 *         h end our direction   H the other one   c close
 *         x:N send a byte with N descriptors
 *         d:TEXT send TEXT with a descriptor: a connection on which the
 *                other end, ours, goes on with the next steps
 *         b:PATH send a byte with a descriptor: a connection to PATH
 *         D:N=TEXT send TEXT with a descriptor: N, which we were started with,
 *                or of a kind: event, epoll, pid, path (O_PATH), space
 *         w:FILE wait for the file   t:FILE make the file   p stay for ever
 *         n:N repeat the next step N times   l expect a line, whatever it says
 *         R:TEXT expect just this, of one read
 *         E expect the end, whatever comes before it
 *         F:FILE=TEXT the file holds just this now
 * Old sides of xclate's protocol.  A client's:
 *         f:TAG expect a message of just TAG, with one descriptor; keep that
 *         o:TEXT write TEXT to it   i:TEXT expect TEXT of it
 *         a:NAME there is such a file in it   C close it
 *         I expect the end of it   T it is a terminal   P its reader is gone
 *         m it is a connection, on which the next steps go on
 *         W:N write N bytes to it, and V:N expect N bytes on the connection
 * A master's:
 *         A wait for a client
 *         j:XID say hello, expect XID (or any) and then silence
 *         v:LTEXT the answer to question ?L is TEXT
 *         q:AB read commands, answer the questions, up to the command AB
 *                (no AB: up to the end)
 *         k:PATTERN what was read since the last k was this: "?T ?H o1 hd "
 *         g:TAG send TAG with a descriptor: o stdout, e stderr, i the file
 *                "in", w the file "widow", . and / a directory, q none of use
 * TEXT knows \n \0 \\ .  With -1 every byte is sent alone.  The first thing
 * that is not as expected is printed, and the exit code is 1.  Nothing takes
 * longer than a minute.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#endif

#include "dice.h"
#include "divconnect.h"

enum { PATIENCE = 60000 };

static int singly;
static int sock = -1;
static int listener = -1;
static int kept = -1;      /* the descriptor that f received */

static void
fail(const char *what, const char *detail)
{
	fprintf(stderr, "peer: %s: %s\n", what, detail);
	exit(1);
}

/* Resolve the escapes of TEXT. */
static char *
unescape(const char *s, size_t *len)
{
	char *r = malloc(strlen(s) + 1), *p = r;

	for (; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0') {
			s++;
			*p++ = *s == 'n' ? '\n' : *s == '0' ? '\0' : *s;
		} else {
			*p++ = *s;
		}
	}
	*len = (size_t)(p - r);
	return r;
}

static void
show(const char *what, const char *s, size_t n)
{
	size_t i;

	fprintf(stderr, "peer: %s ", what);
	for (i = 0; i < n; i++)
		if (s[i] >= ' ' && s[i] <= '~')
			putc(s[i], stderr);
		else
			fprintf(stderr, "\\%03o", (unsigned char)s[i]);
	putc('\n', stderr);
}

/* The name of errno: what strerror says differs from libc to libc. */
static const char *
error_name(void)
{
	static const struct { int number; const char *name; } known[] = {
		{ ENOENT, "ENOENT" }, { EPROTO, "EPROTO" }, { ELOOP, "ELOOP" },
		{ EMSGSIZE, "EMSGSIZE" }, { ECONNRESET, "ECONNRESET" },
		{ ETIMEDOUT, "ETIMEDOUT" }, { ENOTSOCK, "ENOTSOCK" },
		{ ENAMETOOLONG, "ENAMETOOLONG" },
		{ ECONNREFUSED, "ECONNREFUSED" }
	};
	size_t i;

	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].number == errno)
			return known[i].name;
	return strerror(errno);
}

static void
wait_for(short events)
{
	struct pollfd p = { sock, events, 0 };

	if (poll(&p, 1, PATIENCE) != 1)
		fail("nothing happens", "time is up");
}

static void
do_send(const char *text, int may_fail)
{
	size_t n, step;
	char *s = unescape(text, &n), *p = s;
	ssize_t k;

	for (; n > 0; p += k, n -= (size_t)k) {
		step = singly ? 1 : n;
		wait_for(POLLOUT);
		k = div_send(sock, p, step, -1);
		if (k < 0 && may_fail)
			break;
		if (k < 0)
			fail("send", strerror(errno));
	}
	free(s);
}

static void
do_expect(const char *text)
{
	size_t n, got = 0;
	char *s = unescape(text, &n), *buf = malloc(n + 1);
	ssize_t k = 1;

	/* what has begun otherwise is not waited for: it may be shorter */
	while (got < n && k > 0 && memcmp(s, buf, got) == 0) {
		wait_for(POLLIN);
		k = recv(sock, buf + got, n - got, 0);
		got += k > 0 ? (size_t)k : 0;
	}
	if (got != n || memcmp(s, buf, n) != 0) {
		show("wanted", s, n);
		show("got   ", buf, got);
		exit(1);
	}
	free(s);
	free(buf);
}

static void
do_end(void)
{
	char c;
	ssize_t n;

	wait_for(POLLIN);
	n = recv(sock, &c, 1, 0);
	if (n > 0)
		show("wanted the end, got", &c, 1);
	if (n > 0)
		exit(1);
}

static void
do_descriptors(int n)
{
	struct iovec iov = { "x", 1 };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * 64)];
	} control;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int i, fd = 0;

	memset(&control, 0, sizeof control);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n);
	for (i = 0; i < n; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof fd, &fd, sizeof fd);
	if (sendmsg(sock, &m, 0) != 1)
		fail("sendmsg", strerror(errno));
}

/* Hand over one end of a new connection and go on with the other. */
static void
do_hand_over(const char *text)
{
	int pair[2];
	size_t n;
	char *s = unescape(text, &n);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		fail("socketpair", strerror(errno));
	if (div_send(sock, s, n, pair[1]) != (ssize_t)n)
		fail("hand over", strerror(errno));
	close(pair[1]);
	sock = pair[0];
	free(s);
}

static void
do_bridge(const char *path)
{
	int fd = div_connect(path);

	if (fd < 0 || div_send(sock, "x", 1, fd) != 1)
		fail(path, strerror(errno));
	close(fd);
}

/* A descriptor of a kind that only Linux has. */
static int
special(const char *kind)
{
	int fd = -1;

#ifdef __linux__
	if (*kind == 'p' && kind[1] == 'i')
		fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	else if (*kind == 'p')
		fd = open("/dev/null", O_PATH);
	else if (*kind == 's')
		fd = open("/proc/self/ns/uts", O_RDONLY);
	else
		fd = kind[1] == 'v' ? eventfd(0, 0) : epoll_create1(0);
#endif
	if (fd < 0)
		fail(kind, strerror(errno));
	return fd;
}

/* "N=TEXT" */
static void
do_lend(const char *arg)
{
	char *end;
	int fd = (int)strtol(arg, &end, 10);
	size_t n;
	char *s;

	if (end == arg) {
		fd = special(arg);
		end = strchr(arg, '=');
	}
	s = unescape(end + 1, &n);

	if (div_send(sock, s, n, fd) != (ssize_t)n)
		fail(arg, strerror(errno));
	free(s);
}

static void
do_wait_file(const char *path)
{
	struct timespec t = { 0, 5000000 };
	int i;

	for (i = 0; access(path, F_OK) != 0; i++) {
		if (i > PATIENCE / 5)
			fail(path, "does not come");
		nanosleep(&t, NULL);
	}
}

static void
make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0666);

	if (fd < 0)
		fail(path, strerror(errno));
	close(fd);
}

static void
do_until(char end)
{
	char c;

	do {
		wait_for(POLLIN);
		if (recv(sock, &c, 1, 0) != 1)
			fail("wanted a line", "got the end");
	} while (c != end);
}

/* Old clients read once for each answer. */
static void
do_read_once(const char *text)
{
	size_t n;
	char *s = unescape(text, &n), *buf = malloc(n + 64);
	ssize_t k;

	wait_for(POLLIN);
	k = recv(sock, buf, n + 64, 0);
	if (k < 0 || (size_t)k != n || memcmp(s, buf, n) != 0) {
		show("wanted in one piece", s, n);
		show("got   ", buf, k > 0 ? (size_t)k : 0);
		exit(1);
	}
	free(s);
	free(buf);
}

static void
do_drain(void)
{
	char buf[65536];

	do
		wait_for(POLLIN);
	while (recv(sock, buf, sizeof buf, 0) > 0);
}

/* FILE=TEXT */
static void
do_file(const char *arg)
{
	size_t n;
	char *name = strdup(arg), *text = strchr(name, '='), *s, buf[1024];
	int fd;
	ssize_t k;

	*text = '\0';
	s = unescape(text + 1, &n);
	fd = open(name, O_RDONLY);
	k = read(fd, buf, sizeof buf);
	if (k < 0 || (size_t)k != n || memcmp(s, buf, n) != 0) {
		show("wanted", s, n);
		show("in the file", buf, k > 0 ? (size_t)k : 0);
		exit(1);
	}
	close(fd);
	free(name);
	free(s);
}

/* --- an old client of xclate's --- */

static void
do_keep(const char *text)
{
	size_t n, count;
	char *s = unescape(text, &n), buf[1024];
	int fds[8];
	ssize_t k;

	wait_for(POLLIN);
	k = div_recv(sock, buf, sizeof buf, fds, 8, &count);
	if (k < 0 || (size_t)k != n || memcmp(s, buf, n) != 0 || count != 1) {
		show("wanted, with a descriptor,", s, n);
		show("got   ", buf, k > 0 ? (size_t)k : 0);
		fprintf(stderr, "peer: with %zu descriptors\n", count);
		exit(1);
	}
	close(kept);
	kept = fds[0];
	free(s);
}

static void
do_write(const char *text)
{
	size_t n;
	char *s = unescape(text, &n);

	if (write(kept, s, n) != (ssize_t)n)
		fail("write", strerror(errno));
	free(s);
}

static void
do_read(const char *text)
{
	size_t n;
	char *s = unescape(text, &n), *buf = calloc(1, n + 1);

	if (read(kept, buf, n) != (ssize_t)n || memcmp(s, buf, n) != 0) {
		show("read of it", buf, n);
		exit(1);
	}
	free(s);
	free(buf);
}

static void
do_read_end(void)
{
	char byte;

	if (read(kept, &byte, 1) != 0)
		fail("read of it", "there is no end");
}

/* Its reader leaves, sooner or later. */
static void
do_broken_pipe(void)
{
	struct timespec t = { 0, 5000000 };
	int i;

	for (i = 0; write(kept, "x", 1) == 1; i++) {
		if (i > PATIENCE / 5)
			fail("write", "its reader is still there");
		nanosleep(&t, NULL);
	}
	if (errno != EPIPE)
		fail("write", strerror(errno));
}

static void
do_write_much(long n)
{
	static char many[65536];
	ssize_t k;

	memset(many, 'm', sizeof many);
	for (; n > 0; n -= k) {
		k = write(kept, many, n < 65536 ? (size_t)n : 65536);
		if (k <= 0)
			fail("write", strerror(errno));
	}
}

static void
do_read_much(long n)
{
	static char many[65536];
	ssize_t k;

	for (; n > 0; n -= k) {
		wait_for(POLLIN);
		k = recv(sock, many, n < 65536 ? (size_t)n : 65536, 0);
		if (k <= 0)
			fail("recv", "there is less");
	}
}

/* --- an old master of xclate's --- */

static const char *answers[128] = {
	['T'] = ".", ['H'] = ".", ['L'] = ".", ['s'] = "-\\0", ['q'] = "-\\0",
	['d'] = "d\\0", [':'] = "-\\0"
};
static char commands[4096];

static void
do_accept(void)
{
	struct pollfd p = { listener, POLLIN, 0 };

	if (sock >= 0)
		close(sock);
	if (poll(&p, 1, PATIENCE) != 1)
		fail("nobody connects", "time is up");
	sock = accept(listener, NULL, NULL);
}

/* What stands behind the xid would be thrown away. */
static void
do_hello(const char *xid)
{
	struct pollfd p;

	do_send("0.8\\0", 0);
	do_expect(xid);
	if (*xid == '\0')
		do_until('\0');
	else
		do_expect("\\0");
	p = (struct pollfd){ sock, POLLIN, 0 };
	if (poll(&p, 1, 20) != 0)
		fail(xid, "more was sent before the sequence number");
}

static void
do_give(const char *tag)
{
	size_t n, i, piece;
	char *s = unescape(tag, &n);
	int fd = *s == 'o' ? dup(1) : *s == 'e' ? dup(2) :
	    *s == 'i' ? open("in", O_RDONLY) :
	    *s == '.' ? open(".", O_RDONLY) : *s == '/' ? open("/", O_RDONLY) :
	    *s == 'w' ? open("widow", O_WRONLY | O_CREAT | O_APPEND, 0666) :
	    open("/dev/null", O_RDWR);

	piece = singly ? 1 : n;
	for (i = 0; i < n; i += piece)
		if (div_send(sock, s + i, piece, i == 0 ? fd : -1) < 0)
			break;          /* it may have hung up */
	close(fd);
	free(s);
}

static void
obey(const char *four)
{
	static const char *const known[] = { "o1", "o2", "o0", "ex", "hd",
	    "bx", "rf", "qm", "Q!", "cq" };
	size_t i;

	if (four[0] >= '0' && four[0] <= '9')
		return;
	if (four[2] != ' ')
		fail("nonsense from the client", four);
	if (four[0] == '?' && answers[four[1] & 127] != NULL)
		do_send(answers[four[1] & 127], 1);
	else if (memcmp(four, "-V", 2) == 0)
		do_send("0.8\\0", 1);
	else if (memcmp(four, "od", 2) == 0)
		do_give(".\n\\0");
	else if (memcmp(four, "ow", 2) == 0)
		do_give("widow\n\\0");
	else {
		for (i = 0; i < sizeof known / sizeof *known; i++)
			if (memcmp(four, known[i], 2) == 0)
				return;
		fail("an old master does not know", four);
	}
}

/* One read for each command, as old masters do: none may come in pieces. */
static void
do_serve(const char *last)
{
	char four[5] = "", text[8];
	ssize_t n;

	do {
		wait_for(POLLIN);
		n = recv(sock, four, 4, 0);
		if (n <= 0 && *last == '\0')
			return;
		if (n <= 0)
			fail(last, "the client has hung up before that");
		if (n != 4)
			fail(four, "a command in pieces");
		sprintf(text, "%.*s ", four[2] == ' ' ? 2 : 3, four);
		if (strlen(commands) + 8 < sizeof commands)
			strcat(commands, text);
		obey(four);
	} while (*last == '\0' || strncmp(four, last, strlen(last)) != 0);
}

static void
do_commands(const char *pattern)
{
	if (fnmatch(pattern, commands, 0) != 0) {
		fprintf(stderr, "peer: wanted commands %s\n", pattern);
		fail("they were", commands);
	}
	commands[0] = '\0';
}

static void
step(const char *s)
{
	const char *arg = s[1] == ':' ? s + 2 : "";

	switch (s[0]) {
	case 's': do_send(arg, 0); break;
	case 'S': do_send(arg, 1); break;
	case 'r': do_expect(arg); break;
	case 'e': do_end(); break;
	case 'h': shutdown(sock, SHUT_WR); break;
	case 'H': shutdown(sock, SHUT_RD); break;
	case 'c': close(sock); break;
	case 'x': do_descriptors(atoi(arg)); break;
	case 'd': do_hand_over(arg); break;
	case 'b': do_bridge(arg); break;
	case 'D': do_lend(arg); break;
	case 'I': do_read_end(); break;
	case 'T':
		if (!isatty(kept))
			fail("it", "is no terminal");
		break;
	case 'P': do_broken_pipe(); break;
	case 'm': sock = kept; kept = -1; break;
	case 'W': do_write_much(atol(arg)); break;
	case 'V': do_read_much(atol(arg)); break;
	case 'w': do_wait_file(arg); break;
	case 't': make_file(arg); break;
	case 'l': do_until('\n'); break;
	case 'R': do_read_once(arg); break;
	case 'E': do_drain(); break;
	case 'F': do_file(arg); break;
	case 'f': do_keep(arg); break;
	case 'B':
		if (fcntl(kept, F_GETFL) & O_NONBLOCK)
			fail("it", "does not wait");
		break;
	case 'o': do_write(arg); break;
	case 'i': do_read(arg); break;
	case 'a':
		if (faccessat(kept, arg, F_OK, 0) != 0)
			fail(arg, strerror(errno));
		break;
	case 'C': close(kept); kept = -1; break;
	case 'A': do_accept(); break;
	case 'j': do_hello(arg); break;
	case 'v': answers[arg[0] & 127] = arg + 1; break;
	case 'q': do_serve(arg); break;
	case 'k': do_commands(arg); break;
	case 'g': do_give(arg); break;
	case 'p': for (;;) pause();
	default: fail(s, "no such step");
	}
}

static void
steps(char **s)
{
	int n = 1;

	for (; *s != NULL; s++) {
		if ((*s)[0] == 'n') {
			n = atoi(*s + 2);
			continue;
		}
		for (; n > 0; n--)
			step(*s);
		n = 1;
	}
}

/* When the socket has its name, it listens. */
static int
listen_at(const char *path)
{
	struct sockaddr_un sun;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(&sun, 0, sizeof sun);
	sun.sun_family = AF_UNIX;
	snprintf(sun.sun_path, sizeof sun.sun_path, "%s-", path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof sun) != 0 ||
	    listen(fd, 5) != 0 || link(sun.sun_path, path) != 0 ||
	    unlink(sun.sun_path) != 0)
		fail(path, strerror(errno));
	return fd;
}

static int
many(const char *path, int count, const char *ready)
{
	int i, fd;
	char c;

	for (i = 0; i < count; i++) {
		fd = div_connect(path);
		if (fd < 0 || div_send(fd, "7\n", 2, -1) != 2)
			fail(path, strerror(errno));
		sock = fd;
	}
	step("s:V");            /* the last one is served: so are all */
	step("r:0.4\\n");
	make_file(ready);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

static int
silent(const char *path, int count, const char *ready)
{
	char c;

	for (; count > 0; count--)
		if (div_connect(path) < 0)
			fail(path, strerror(errno));
	make_file(ready);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

/* All have asked before the first looks for its answer. */
static int
crowd(const char *path, int count)
{
	struct div_dial *d = calloc((size_t)count, sizeof *d);
	int *r = calloc((size_t)count, sizeof *r), i;

	for (i = 0; i < count; i++) {
		r[i] = div_dial(&d[i], path, 0);
		if (r[i] < 0)
			fail(path, error_name());
	}
	for (i = 0; i < count; i++) {
		while (r[i] == 0) {
			sock = d[i].fd;
			if (d[i].later)
				poll(NULL, 0, DIV_RETRY_MS);
			else
				wait_for(POLLIN);
			r[i] = div_dial_on(&d[i]);
		}
		if (r[i] < 0)
			fail(path, error_name());
	}
	for (i = 0; i < count; i++) {
		sock = d[i].fd;
		step("s:7\\nV");
		step("r:0.4\\n");
	}
	return 0;
}

/* Each is dropped for what it says, and noticed. */
static int
strangers(const char *path, int count)
{
	for (; count > 0; count--) {
		sock = div_connect(path);
		if (sock < 0)
			fail(path, error_name());
		step("s:nobody\\n");
		step("e");
		close(sock);
	}
	return 0;
}

/* One connection after another, each with its name: an xclate that goes by who
 * came first gives them numbers in that order. */
static int
sequence(const char *path, int count, int at_once)
{
	enum { MOST = 50 };
	int fd[MOST], i, k;
	char number[16];

	if (at_once < 1 || at_once > MOST)
		fail("at once", "1 to 50");
	for (i = 0; i < count; i += at_once) {
		for (k = 0; k < at_once; k++) {
			sock = fd[k] = div_connect(path);
			if (sock < 0)
				fail(path, error_name());
			step("s:name\\0");
		}
		for (k = 0; k < at_once; k++) {
			sock = fd[k];
			snprintf(number, sizeof number, "r:%d\\n", i + k);
			step("r:0.8\\0");
			step(number);
			close(sock);
		}
	}
	return 0;
}

static int
nonblock(void)
{
	int fd, flags;

	for (fd = 0; fd < 3; fd++) {
		flags = fcntl(fd, F_GETFL);
		if (flags >= 0)
			fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	}
	return 0;
}

static int
flags(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFL) & O_NONBLOCK)
			printf("%d", fd);
	return printf(".\n") < 0;
}

/* What ps would say, where there may be none. */
static int
state_of(const char *pid)
{
	char path[64], stat[512], *end;
	FILE *f;

	if (access("/proc/self/stat", R_OK) != 0) {
		execlp("ps", "ps", "-o", "stat=", "-p", pid, (char *)NULL);
		fail("ps", strerror(errno));
	}
	snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
	f = fopen(path, "r");
	if (f == NULL || fgets(stat, sizeof stat, f) == NULL ||
	    (end = strrchr(stat, ')')) == NULL)
		return 1;
	printf("%c\n", end[2]);
	return fclose(f);
}

/* Say it in pieces, some with a descriptor, and end in one way or another. */
static void
babble(const char *text, size_t n)
{
	char reply[65536];
	size_t i = 0, piece;

	while (i < n) {
		piece = 1 + dice((unsigned)(n - i));
		/* the master may have had enough of us */
		if (div_send(sock, text + i, piece, dice(20) ? -1 : 0) < 0)
			break;
		i += piece;
		if (dice(2))
			recv(sock, reply, sizeof reply, MSG_DONTWAIT);
	}
	if (dice(3) == 0)
		shutdown(sock, SHUT_WR);
	if (dice(2))
		recv(sock, reply, sizeof reply, MSG_DONTWAIT);
	close(sock);
}

/*
 * Mostly what requests are made of, so that nonsense gets far; sometimes any
 * byte, a descriptor, a pause in the middle, an end without a word.
 */
static void
converse(const char *path)
{
	static const char alphabet[] = "GGPDNOFSTJRUCMVHIBLAW.~0123456789999\n";
	char text[400];
	size_t i, n = dice(sizeof text);

	sock = div_connect(path);
	if (sock < 0)
		fail(path, error_name());
	for (i = 0; i < n; i++)
		text[i] = dice(50) ? alphabet[dice(sizeof alphabet - 1)] :
		    (char)dice(256);
	if (dice(10))
		memcpy(text, "77\n", n < 3 ? n : 3);
	babble(text, n);
}

/* The same with an xclate, whose requests have four bytes each. */
static void
converse_xclate(const char *path)
{
	static const char *const words[] = { "?T ", "?H ", "?L ", "?s ", "?q ",
	    "?d ", "?: ", "-V ", "od ", "ow ", "o1 ", "o1 ", "o2 ", "o0 ",
	    "ex ", "hd ", "bx ", "rf ", "qm ", "Q! ", "cq ", "yt ", "003",
	    "zz " };
	char text[400];
	size_t i, n = 4 * dice(sizeof text / 4);

	sock = div_connect(path);
	if (sock < 0)
		fail(path, error_name());
	for (i = 0; i < n; i += 4)
		memcpy(text + i, words[dice(sizeof words / sizeof *words)], 4);
	for (i = 0; i < n; i++)
		if (dice(200) == 0)
			text[i] = (char)dice(256);
	if (n > 0 && dice(10))
		memcpy(text, "xyz", 4);
	babble(text, n);
}

/* The same with a wrapw: cookies, and requests of which some are mutated. */
static long
converse_wrapw(const char *path)
{
	static const char *const words[] = { "record\n", "ns\n", "version\n",
	    "quit\n", "bind /no/such ptbw_2\n", "bind -a /no/x ptbw_2\n",
	    "bind -b /no/y ptbw_3\n", "bind -c /no/z xcl_d\n",
	    "unbind ptbw_2\n", "unbind 1\n", "connect 1 ptbw_2\n",
	    "connect 33 0\n", "connect 7 0\n", "bind \n", "\n", "bind x y\n" };
	char text[2000];
	size_t n = 0;
	long lines = 0;

	sock = div_connect(path);
	if (sock < 0)
		fail(path, error_name());
	if (dice(8))
		text[n++] = '\0';
	for (; n < sizeof text - 64 && dice(60) != 0; lines++) {
		const char *w = words[dice(sizeof words / sizeof *words)];

		memcpy(text + n, w, strlen(w));
		n += strlen(w);
		if (dice(6) == 0)
			text[n - 1 - dice((unsigned)strlen(w))] =
			    (char)dice(256);
	}
	babble(text, n);
	return lines;
}

static int
fuzz_wrapw(const char *path, long count)
{
	long n = 0, i;

	for (i = 0; n < count; i++) {
		n += converse_wrapw(path);
		if (i % 20 == 0) {
			sock = div_connect(path);
			step("s:\\0version\\n");
			step("r:++ 4\\n1.0\\n");
			close(sock);
		}
	}
	return 0;
}

static int
fuzz_xclate(const char *path, long count)
{
	long i;

	for (i = 0; i < count; i++) {
		converse_xclate(path);
		if (i % 100 == 0) {
			sock = div_connect(path);
			step("s:ok\\0");
			step("r:0.8\\0");
			step("l");
			step("s:?d \\0");
			step("r:d\\0");
			close(sock);
		}
	}
	return 0;
}

static int
fuzz(const char *path, long count)
{
	long i;

	for (i = 0; i < count; i++) {
		converse(path);
		if (i % 100 == 0) {
			sock = div_connect(path);
			step("s:1\\nV");
			step("r:0.4\\n");
			close(sock);
		}
	}
	return 0;
}

static volatile sig_atomic_t child_pid;

static void
too_long(int sig)
{
	(void)sig;
	kill(-child_pid, SIGKILL);
}

static void
pass_on(int sig)
{
	kill(-child_pid, sig);
}

/* 124 when the time was up, as timeout(1) has it. */
static int
limit(int seconds, char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* a shell has its background commands ignore the first two,
		 * nohup the third, and what is ignored stays so */
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		setpgid(0, 0);
		execvp(argv[0], argv);
		fprintf(stderr, "peer: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	setpgid(pid, pid);
	child_pid = pid;
	signal(SIGALRM, too_long);
	signal(SIGTERM, pass_on);
	signal(SIGINT, pass_on);
	alarm((unsigned)seconds);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
	    alarm(0) == 0)
		return 124;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

/* A lock that the kernel ends with us, held while the command runs. */
static int
lock(const char *path, char **argv)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CREAT, 0666);

	if (fd < 0 || fcntl(fd, F_SETLK, &l) != 0)
		return 99;
	return limit(PATIENCE / 1000, argv);
}

int
main(int argc, char **argv)
{
	int fd;

	if (argc > 1 && strcmp(argv[1], "-1") == 0) {
		singly = 1;
		argv++;
		argc--;
	}
	if (argc > 3 && strcmp(argv[1], "limit") == 0)
		return limit(atoi(argv[2]), argv + 3);
	if (argc > 3 && strcmp(argv[1], "name") == 0) {
		const char *file = argv[3];

		argv[3] = argv[2];
		execvp(file, argv + 3);
		fail(file, strerror(errno));
	}
	if (argc > 2 && strcmp(argv[1], "blocked") == 0) {
		sigset_t all;

		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		execvp(argv[2], argv + 2);
		fail(argv[2], strerror(errno));
	}
	if (argc > 3 && strcmp(argv[1], "plug") == 0) {
		fd = div_connect(argv[2]);
		if (fd < 0 || dup2(fd, 0) < 0)
			fail(argv[2], error_name());
		execvp(argv[3], argv + 3);
		fail(argv[3], strerror(errno));
	}
	if (argc == 3 && strcmp(argv[1], "sid") == 0)
		return printf("%ld\n", (long)getsid(atoi(argv[2]))) < 0;
	if (argc == 3 && strcmp(argv[1], "pgid") == 0)
		return printf("%ld\n", (long)getpgid(atoi(argv[2]))) < 0;
	if (argc == 2 && strcmp(argv[1], "nonblock") == 0)
		return nonblock();
	if (argc == 2 && strcmp(argv[1], "flags") == 0)
		return flags();
	if (argc == 3 && strcmp(argv[1], "state") == 0)
		return state_of(argv[2]);
	if (argc > 3 && strcmp(argv[1], "lock") == 0)
		return lock(argv[2], argv + 3);
	signal(SIGPIPE, SIG_IGN);
	if (argc == 5 && strcmp(argv[1], "fuzz") == 0) {
		seed = strtoul(argv[4], NULL, 10);
		return fuzz(argv[2], atol(argv[3]));
	}
	if (argc == 5 && strcmp(argv[1], "xfuzz") == 0) {
		seed = strtoul(argv[4], NULL, 10);
		return fuzz_xclate(argv[2], atol(argv[3]));
	}
	if (argc == 5 && strcmp(argv[1], "wfuzz") == 0) {
		seed = strtoul(argv[4], NULL, 10);
		return fuzz_wrapw(argv[2], atol(argv[3]));
	}
	if (argc == 4 && strcmp(argv[1], "crowd") == 0)
		return crowd(argv[2], atoi(argv[3]));
	if ((argc == 4 || argc == 5) && strcmp(argv[1], "sequence") == 0)
		return sequence(argv[2], atoi(argv[3]),
		    argc == 5 ? atoi(argv[4]) : 50);
	if (argc == 4 && strcmp(argv[1], "strangers") == 0)
		return strangers(argv[2], atoi(argv[3]));
	if (argc == 5 && strcmp(argv[1], "silent") == 0)
		return silent(argv[2], atoi(argv[3]), argv[4]);
	if (argc == 5 && strcmp(argv[1], "many") == 0)
		return many(argv[2], atoi(argv[3]), argv[4]);
	if (argc < 3)
		fail("usage", "see peer.c");
	if (strcmp(argv[1], "connect") == 0) {
		sock = div_connect(argv[2]);
		if (sock < 0)
			fail(argv[2], error_name());
	} else if (strcmp(argv[1], "master") == 0) {
		listener = listen_at(argv[2]);
	} else {
		fd = listen_at(argv[2]);
		sock = fd;
		wait_for(POLLIN);
		sock = accept(fd, NULL, NULL);
		close(fd);
	}
	steps(argv + 3);
	return 0;
}
