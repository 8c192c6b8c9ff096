/*
 * unit.c - the modules that can be tried without a program: the pool against
 * a plain model of it, the stack functions, descriptors over sockets, the end
 * of a flow
 *
 * Prints TAP.  The seed of the random part is printed: unit [seed].
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/flow.h"
#include "divconnect.h"
#include "ptbw/pool.h"
#include "ptbw/tableau.h"
#include "tap.h"

/* --- the pool --- */

enum { HOLDERS = 5 };

/* What the pool should do, done the slow way. */
static size_t model_cursor;
static int model_holder[5000];

static int
model_take(size_t pool, int who, size_t n, uint32_t *out)
{
	size_t free = 0, i, k;

	for (i = 0; i < pool; i++)
		free += model_holder[i] == 0;
	if (n > free)
		return 0;
	for (k = 0; k < n; k++) {
		while (model_holder[model_cursor % pool] != 0)
			model_cursor++;
		i = model_cursor % pool;
		model_holder[i] = who;
		out[k] = (uint32_t)i;
		model_cursor = i + 1;
	}
	return 1;
}

static int
one_step(struct pool *p, struct pool_holder *h, uint32_t *a, uint32_t *b)
{
	int who = (int)dice(HOLDERS) + 1, mine, theirs;
	size_t n, i, k;

	if (dice(2)) {
		n = dice((unsigned)(p->count / 3 + 2));
		mine = pool_take(p, &h[who], n, a, 0);
		theirs = model_take(p->count, who, n, b);
		return mine == theirs &&
		    (!mine || memcmp(a, b, n * sizeof *a) == 0);
	}
	if (dice(3)) {
		for (k = 0; k < p->count / 4 + 1; k++) {
			i = dice((unsigned)p->count + 2);
			mine = pool_give(p, &h[who], i);
			theirs = i < p->count && model_holder[i] == who;
			if (mine != theirs)
				return 0;
			if (theirs)
				model_holder[i] = 0;
		}
		return 1;
	}
	n = 0;
	for (i = 0; i < p->count; i++)
		if (model_holder[i] == who) {
			model_holder[i] = 0;
			n++;
		}
	return pool_give_all(p, &h[who]) == n && h[who].held == 0;
}

static void
test_pool(size_t size)
{
	struct pool p;
	struct pool_holder h[HOLDERS + 1];
	uint32_t *a = malloc(size * sizeof *a), *b = malloc(size * sizeof *b);
	size_t held, i;
	char name[64];
	int good, step;

	memset(h, 0, sizeof h);
	memset(model_holder, 0, sizeof model_holder);
	model_cursor = 0;
	good = pool_init(&p, size) == 0;
	for (step = 0; good && step < 2000; step++) {
		good = one_step(&p, h, a, b);
		for (held = 0, i = 0; i <= HOLDERS; i++)
			held += h[i].held;
		good = good && held + p.free == p.count;
	}
	snprintf(name, sizeof name, "a pool of %zu does what the model does",
	    size);
	ok(good, name);
	for (i = 0; i < (size_t)p.levels; i++)
		free(p.map[i]);
	free(p.token);
	free(a);
	free(b);
}

/* Only the last token of many is free, and the cursor is behind it each time:
 * who scans for it does not come to an end within the test's time. */
static void
test_large(void)
{
	static uint32_t out[1000000];
	struct pool p;
	struct pool_holder h;
	int i, good;

	memset(&h, 0, sizeof h);
	good = pool_init(&p, 1000000) == 0 &&
	    pool_take(&p, &h, 1000000, out, 0) == 1;
	for (i = 0; good && i < 200000; i++)
		good = pool_give(&p, &h, 999999) &&
		    pool_take(&p, &h, 1, out, 0) && out[0] == 999999;
	ok(good, "200,000 grants from a pool of a million, all but one held");
	pool_give_all(&p, &h);
	ok(p.free == p.count, "and all come back");
}

static void
test_queue(void)
{
	struct pool p;
	struct pool_holder h[4];
	uint32_t out[4];

	memset(h, 0, sizeof h);
	pool_init(&p, 4);
	pool_take(&p, &h[0], 3, out, 0);
	pool_wait(&p, &h[1], 2, 0);
	pool_wait(&p, &h[2], 1, 0);
	pool_wait(&p, &h[3], 1, 0);
	ok(pool_ready(&p) == NULL, "a request that fits does not overtake");
	pool_leave(&p, &h[1]);
	ok(pool_ready(&p) == &h[2], "the next is ready when the first left");
	pool_leave(&p, &h[3]);
	pool_leave(&p, &h[3]);
	ok(p.waiting == 1 && p.last == &h[2], "leaving twice is once");
	pool_leave(&p, &h[2]);
	ok(p.first == NULL && p.last == NULL, "the queue is empty");
}

/* --- the stack --- */

static void
clear_stack(void)
{
	static const char *const names[] = { "t_link", "t_0", "t_1", "t_2",
	    "t_3", "t_d" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
}

static int
selects(int depth, const char *direct, int error, const char *path, int level)
{
	struct div_choice c;
	int r;

	errno = 0;
	r = div_select(&c, "t", depth, direct);
	if (error != 0)
		return r == -1 && errno == error && c.path == NULL;
	return r == 0 && strcmp(c.path, path) == 0 && c.level == level;
}

static void
test_select(void)
{
	clear_stack();
	ok(selects(0, NULL, ENOENT, NULL, 0), "select: no diversion");
	ok(selects(0, "/x", 0, "/x", 0), "select: a direct path needs none");
	ok(div_levels("t") == 0, "levels: none");
	ok(div_push("t", "/a") == 1 && div_push("t", "/b") == 2,
	    "push returns the level");
	ok(strcmp(getenv("t_link"), "2") == 0 &&
	    strcmp(getenv("t_2"), "/b") == 0, "push sets both variables");
	ok(selects(0, NULL, 0, "/b", 2), "select: the tightest");
	ok(selects(0, "-", 0, "/b", 2), "select: - is the tightest");
	ok(selects(1, NULL, 0, "/a", 1), "select: one further out");
	ok(selects(2, NULL, ERANGE, NULL, 0), "select: too deep");
	ok(selects(-1, NULL, ERANGE, NULL, 0), "select: a negative depth");
	ok(div_detach("t", "/d") == 0 && selects(0, NULL, 0, "/b", 2),
	    "detached: out of scope");
	setenv("t_link", "d", 1);
	ok(selects(0, NULL, 0, "/d", -1), "select: d");
	ok(div_levels("t") == 0, "levels: d has none");
	unsetenv("t_d");
	ok(selects(0, NULL, ENXIO, NULL, 0), "select: d without a path");
	setenv("t_link", "3", 1);
	ok(selects(0, NULL, ENXIO, NULL, 0), "select: a missing level");
	setenv("t_link", "1000000", 1);
	ok(selects(0, NULL, EINVAL, NULL, 0), "select: a level too large");
	setenv("t_link", "-1", 1);
	ok(selects(0, NULL, EINVAL, NULL, 0) && div_levels("t") == -1 &&
	    div_push("t", "/x") == -1, "a malformed link");
	errno = 0;
	ok(div_levels("a_prefix_that_is_longer_than_any_variable_may_be_"
	    "whatever_somebody_may_think_of_it") == -1 &&
	    errno == ENAMETOOLONG, "a prefix too long");
	clear_stack();
}

static void
test_list(void)
{
	char *const env[] = { "z_link=1", "z_1=/z1", "b_2=/b2", "b_link=3",
	    "b_1=/b1", "b_4=/b4", "b_d=/bd", "no_1=/x", "q_d=notapath",
	    "w_link=d", "w_1=/w1", "b_02=/x", "b_3=", "_1=/x", "noequals",
	    "a_b_link=1", "a_b_1=/ab", NULL };
	static const char *const want[] = { "a_b_1", "b_1", "b_2", "b_d",
	    "z_1" };
	struct div_list l;
	size_t i, n = sizeof want / sizeof *want;
	int good;

	good = div_list(&l, env) == 0 && l.count == n;
	for (i = 0; good && i < n; i++)
		good = strcmp(l.entry[i].variable, want[i]) == 0;
	ok(good, "list: by prefix, level, the detached last");
	ok(good && strcmp(l.entry[3].path, "/bd") == 0 &&
	    l.entry[3].level == 0 && strcmp(l.entry[0].prefix, "a_b") == 0,
	    "list: prefixes, levels and paths");
	div_list_free(&l);
	ok(l.count == 0 && l.entry == NULL, "list: freed");
}

/* --- descriptors --- */

static int
closed_on_exec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static void
test_descriptors(void)
{
	int pair[2], fds[2] = { -1, -1 }, both[2] = { 0, 1 }, before, i;
	char data[16];
	size_t n;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	before = open_fds();
	ok(div_send(pair[0], "ab", 2, 0) == 2 &&
	    div_recv(pair[1], data, sizeof data, fds, 1, &n) == 2 && n == 1,
	    "a descriptor arrives with its bytes");
	ok(closed_on_exec(fds[0]), "it is close-on-exec");
	close(fds[0]);
	div_send(pair[0], "x", 1, 0);
	ok(div_recv(pair[1], data, 1, NULL, 0, &n) == 1 && n == 0 &&
	    open_fds() == before, "one that is not wanted is closed");
	ok(div_send_now(pair[0], "ab", 2, both, 2) == 2 &&
	    div_recv(pair[1], data, sizeof data, fds, 2, &n) == 2 && n == 2 &&
	    open_fds() == before + 2, "two descriptors in one message");
	close(fds[0]);
	close(fds[1]);
	ok(div_send_now(pair[0], "x", 1, both, DIV_FDS_MAX + 1) == -1 &&
	    errno == EINVAL, "too many");
	while (div_send_now(pair[0], data, sizeof data, NULL, 0) > 0)
		;
	ok(errno == EAGAIN, "div_send_now does not wait");
	while (recv(pair[1], data, sizeof data, MSG_DONTWAIT) > 0)
		;
	errno = 0;
	ok(div_read(pair[1], data, 1, div_awake() + 10) == -1 &&
	    errno == ETIMEDOUT, "a read that comes to its deadline");
	div_send(pair[0], "yz", 2, -1);
	ok(div_read(pair[1], data, 1, div_awake() + 10) == 1 &&
	    *data == 'y', "one that does not");
	ok(div_read(pair[1], data, 2, -1) == 1 && *data == 'z',
	    "one without a deadline");
	div_send(pair[0], "y", 1, -1);
	ok(div_recv(pair[1], data, 1, fds, 1, &n) == 1 && n == 0,
	    "bytes alone");
	close(pair[0]);
	ok(div_recv(pair[1], data, 1, fds, 1, &n) == 0 && n == 0, "the end");
	ok(div_read(pair[1], data, 1, div_awake() + 10) == 0,
	    "the end, before a deadline");
	errno = 0;
	ok(div_send(pair[1], "z", 1, -1) == -1 && errno == EPIPE,
	    "no SIGPIPE");
	close(pair[1]);
	ok(div_pipe(pair) == 0 && closed_on_exec(pair[0]) &&
	    closed_on_exec(pair[1]), "a pipe is close-on-exec");
	for (i = 0; i < 2; i++)
		close(pair[i]);
}

static void
test_listen(void)
{
	struct div_place place = { .prefix = "t", .template = "unitXXXXXX",
	    .stem = "u" };
	struct div_socket s, second;
	char *path;
	int fd, served;

	ok(div_listen(&s, &place) == 0, "listen");
	path = strdup(s.path);
	ok(closed_on_exec(s.fd), "the socket is close-on-exec");
	fd = div_connect(path);
	served = div_accept(s.fd);
	ok(fd >= 0 && served >= 0 && closed_on_exec(fd) &&
	    closed_on_exec(served), "connect and accept, close-on-exec");
	ok((fcntl(served, F_GETFL) & O_NONBLOCK) &&
	    !(fcntl(fd, F_GETFL) & O_NONBLOCK),
	    "the master's end does not block, the client's does");
	close(fd);
	close(served);
	place.path = path;
	ok(div_listen(&second, &place) == -1 && errno == EADDRINUSE,
	    "a live socket is not replaced");
	div_unlisten(&second);
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	div_unlisten(&s);
	ok(access(path, F_OK) == 0, "what is not ours any more stays");
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	free(path);
}

/* Times are wide: the machine that tests this may stand still by itself. */
static void
test_time(void)
{
	int64_t deadline, left;
	int ms, n;

	ok(div_wait(-1) == -1, "no deadline: wait for ever");
	ok(div_wait(div_awake()) == 0, "a deadline that has come: no wait");
	ms = div_wait(div_awake() + 60000);
	ok(ms > 100 && ms <= 1000, "a wait is one of many, each of a second");
	deadline = div_awake() + 1000;
	div_wait(deadline);
	poll(NULL, 0, 1300);     /* as if this had stood still meanwhile */
	div_waited();
	left = deadline - div_awake();
	ok(left > 0 && left <= 500, "who wakes too late has some time left");
	while ((ms = div_wait(deadline)) > 0) {
		poll(NULL, 0, ms);
		div_waited();
	}
	ok(div_now() - deadline < 30000, "and not for ever");
	deadline = div_awake();
	for (n = 0; n < 4; n++) {
		div_wait(div_awake() + 20);
		poll(NULL, 0, 300);
		div_waited();
	}
	ok(div_awake() - deadline >= 700, "nor if it is late again and again");
}

/* A master that accepts nobody: its backlog fills, then connecting ends in
 * time (BSDs refuse at once). */
static void
test_busy(void)
{
	struct sockaddr_un sun;
	int64_t from;
	int fd, one = -1, i;

	memset(&sun, 0, sizeof sun);
	sun.sun_family = AF_UNIX;
	strcpy(sun.sun_path, "busy");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&sun, sizeof sun) != 0 ||
	    listen(fd, 0) != 0)
		ok(0, "a busy master");
	from = div_awake();
	for (i = 0; i < 8; i++)
		if ((one = div_connect("busy")) < 0)
			break;
	ok(one < 0 && (errno == ETIMEDOUT || errno == ECONNREFUSED) &&
	    div_awake() - from < DIV_CONNECT_MS + 2000,
	    "a full backlog ends in time");
	close(fd);
	errno = 0;
	ok(div_connect("busy") == -1 && errno == ECONNREFUSED,
	    "a dead master is told at once");
	unlink("busy");
}

static void
test_tableau(void)
{
	struct tableau t;
	size_t len;

	ok(tableau_init(&t, '=', "iota") == 0 && tableau_iota(&t, 1000) == 0,
	    "iota");
	ok(t.count == 1000 && t.space == 10 * 2 + 90 * 3 + 900 * 4 &&
	    t.longest == 3, "iota: its size");
	ok(strcmp(tableau_name(&t, 999, &len), "999") == 0 && len == 3,
	    "iota: the last name");
	free(t.names);
	free(t.offset);
	free(t.source);
}

/* --- the end of a flow's source --- */

static int flow_saw;

static void
saw(struct flow *f, int what)
{
	(void)f;
	flow_saw |= what;
}

/* Let bytes flow from source, which is not the flow's alone, to the end: what
 * was reported; *error and what came, up to size bytes with a NUL. */
static int
flow_all(int source, char *came, size_t size, int *error)
{
	struct flow f = { .cap = 100 };
	int p[2], rounds = 100;
	ssize_t n = -1;

	*came = '\0';
	flow_saw = 0;
	if (source < 0 || pipe(p) != 0)
		return 0;
	flow_begin(&f, saw);
	flow_source(&f, source, 0);
	flow_sink(&f, p[1]);
	while (!(flow_saw & FLOW_END) && rounds-- > 0)
		if (wk_round(1) != 0)
			break;
	*error = f.error;
	flow_close(&f);
	if (fcntl(p[0], F_SETFL, O_NONBLOCK) == 0)
		n = read(p[0], came, size - 1);
	came[n > 0 ? n : 0] = '\0';
	close(p[0]);
	return flow_saw;
}

/* The side that is left of a pseudo-terminal; the other one has written. */
static int
left_of_terminal(int master_is)
{
	int side[2] = { posix_openpt(O_RDWR | O_NOCTTY), -1 };
	const char *name;

	if (side[0] >= 0 && grantpt(side[0]) == 0 && unlockpt(side[0]) == 0 &&
	    (name = ptsname(side[0])) != NULL)
		side[1] = open(name, O_RDWR | O_NOCTTY);
	if (side[1] < 0 || write(side[master_is], "last\n", 5) != 5)
		return -1;
	close(side[master_is]);
	return side[!master_is];
}

static void
test_ends(void)
{
	char came[100];
	int error, what;

	if (wk_init() != 0)
		return;
	what = flow_all(left_of_terminal(1), came, sizeof came, &error);
	ok((what & FLOW_END) && !(what & FLOW_UNREADABLE),
	    "a terminal whose slave side is closed has ended");
	ok(strncmp(came, "last", 4) == 0, "what it held has come");
	what = flow_all(left_of_terminal(0), came, sizeof came, &error);
	ok((what & FLOW_END) && !(what & FLOW_UNREADABLE),
	    "so has one whose master side is closed");
	if (access("/proc/self/mem", R_OK) != 0)
		return;
	what = flow_all(open("/proc/self/mem", O_RDONLY), came, sizeof came,
	    &error);
	ok((what & FLOW_UNREADABLE) && error == EIO,
	    "another EIO is an error");
}

/* --- how long a flow waits for its sink, before it begins a file; the loop has
 * begun --- */

static void
saw_nothing(struct flow *f, int what)
{
	(void)f;
	(void)what;
}

/*
 * A flow that has more than it may hold in memory: the milliseconds that it
 * waits, between two bounds as far as time can be told here.  Then it is given
 * the sink; or not, to the end.
 */
static void
hesitate(int has_sink, long *least, long *most)
{
	static const char bytes[1000];
	struct flow f = { .cap = 100, .spill = 1 };
	int in[2], out[2];
	int64_t before = div_awake();

	*least = *most = 0;
	if (pipe(in) != 0 || pipe(out) != 0 ||
	    write(in[1], bytes, sizeof bytes) != sizeof bytes)
		return;
	flow_begin(&f, saw_nothing);
	flow_source(&f, in[0], 1);
	while (!f.patience.set && wk_round(1) == 0)
		;
	*least = (long)(f.patience.when - div_awake());
	*most = (long)(f.patience.when - before);
	if (has_sink)
		flow_sink(&f, out[1]);
	while ((has_sink ? f.held > 0 : f.file < 0) && wk_round(1) == 0)
		;
	flow_close(&f);
	close(in[1]);
	close(out[0]);
	if (!has_sink)
		close(out[1]);
}

/* Did one of a few wait that long, or no longer?  The system may keep us from
 * seeing it. */
static int
hesitates_so(int has_sink, long from, long to)
{
	long least, most;
	int tries = 20, seen = 0;

	while (!seen && tries-- > 0) {
		hesitate(has_sink, &least, &most);
		seen = least >= from && most <= to;
	}
	return seen;
}

static void
test_hesitation(void)
{
	ok(hesitates_so(1, 80, 120), "a sink is waited for before a file");
	ok(hesitates_so(1, 80, 120), "and if it came, the next one no less");
	ok(hesitates_so(0, 0, 60), "where it did not come, the next one less");
	ok(hesitates_so(0, 10, 30), "but never so little as to be no use");
	ok(hesitates_so(1, 80, 120), "and long again when sinks come again");
}

int
main(int argc, char **argv)
{
	static const size_t sizes[] = { 1, 2, 63, 64, 65, 300, 4095, 4097 };
	size_t i;

	seed = argc > 1 ? strtoull(argv[1], NULL, 10) :
	    (unsigned long)time(NULL);
	printf("# seed %llu\n", seed);
	for (i = 0; i < sizeof sizes / sizeof *sizes; i++)
		test_pool(sizes[i]);
	test_large();
	test_queue();
	test_tableau();
	test_select();
	test_list();
	test_descriptors();
	test_listen();
	test_time();
	test_busy();
	test_ends();
	test_hesitation();
	printf("1..%d\n", count);
	return failed != 0;
}
