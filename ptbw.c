/*
 * ptbw.c - parallel token broker
 *
 *	ptbw -m [-dqQv] [-depth] [-J jobs] [-N path] [-R req] [-t tags]
 *	    [utility [args]]
 *	ptbw [-AkqQvx] [-depth] [-R req] [-t path] [-T seconds]
 *	    [client [args]]
 *	ptbw -h | -V
 *
 * A master owns a pool of named tokens; clients hold some of them while a
 * command runs.  Held and free tokens are always the whole pool, and a token
 * never has two live holders, whoever is killed: a token belongs to the
 * connection it was taken through, the command inherits that connection, and
 * the kernel tells the master when its last holder is gone.
 *
 * tableau.c has the names, pool.c who holds what and who waits, serve.c the
 * master's life, broker.c the client's side of the protocol, which is
 * written down in PROTOCOL.  Here the master's side of it is (requests[]).
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "wire/broker.h"
#include "divconnect.h"
#include "base/event.h"
#include "base/master.h"
#include "ptbw/pool.h"
#include "base/serve.h"
#include "base/spawn.h"
#include "ptbw/tableau.h"
#include "base/wrapper.h"

#define PTBW_PROTOCOL "0.4"

enum {
	COUNT_MAX = 1000000,     /* -J, -R */
	WHO_MAX = 300,           /* bytes of the line with the client's pid */
	DIGITS_MAX = 20          /* of a request's number */
};

static const struct wk_option options[] = {
	{ 'm', "master", NULL, "be a master and run the utility" },
	{ 'd', "detached", NULL, "master: publish in ptbw_d alone" },
	{ '0', "depth", "n", "so many diversions further out (-1, -2, ...)" },
	{ 'J', "jobs", "jobs", "master: room for so many groups of tokens" },
	{ 'N', "socket", "path", "master: the name of the socket" },
	{ 't', "tags", "tags",
	  "master: a file of tokens, a master's socket, or -; "
	  "client: the socket" },
	{ 'R', "request", "req", "tokens in a group (1)" },
	{ 'A', "append", NULL, "client: the tokens become arguments too" },
	{ 'k', "keep", NULL,
	  "client: hold the tokens until no process of the command is left" },
	{ 'x', "exec", NULL, "client: become the command, as with -k" },
	{ 'T', "timeout", "seconds", "client: wait no longer than that" },
	{ 'Q', "quit", NULL, "then ask the persistent master to quit" },
	{ 'q', "quiet", NULL, "no remarks about the size of the pool" },
	{ 'v', "verbose", NULL, "say and show more" },
	{ 'V', "version", NULL, "print the version and the stack" },
	{ 'h', "help", NULL, "print this" },
	{ 0, NULL, NULL, NULL }
};

static const struct wk_program ptbw = {
	.name = "ptbw",
	.prefix = "ptbw",
	.variable = "PTBW",
	.protocol = PTBW_PROTOCOL,
	.template = "ptbdXXXXXX",
	.direct = 't',
	.synopsis =
	    "-m [-dqQv] [-depth] [-J jobs] [-N path] [-R req] [-t tags] "
	    "[utility [args]]\n"
	    "[-AkqQvx] [-depth] [-R req] [-t path] [-T seconds] "
	    "[client [args]]\n"
	    "-h | -V",
	.options = options
};

/* What the command line asks for. */
static struct {
	int master, detached, append, keep, exec, quit, quiet, verbose;
	int depth;
	long jobs, request;        /* -1: not given */
	int wait;                  /* milliseconds, -1 for ever */
	const char *socket, *tags;
} opt = { .jobs = -1, .request = -1, .wait = -1 };

/* --- the master: its clients --- */

struct client {
	struct wk_client c;     /* first */
	struct pool_holder holder;
	long pid;                  /* shown to people, never used */
	size_t number;             /* argument of the request to come */
	short digits;              /* that it has */
	short who_len;             /* bytes of the line with the pid */
	char who_state;            /* 'd' digits, 'h' host, '-' no pid */
	char tied;                 /* it has its tie */
};

static struct tableau tableau;
static struct pool pool;
static size_t group = 1;
static struct broker outer = { .fd = -1 };  /* whom we borrowed from */
static const char *outer_path;
static int borrowed;                        /* masters to the pool's owner */
static char *reply;                         /* room for the longest reply */
static uint32_t *picked;

static uint32_t
now_seconds(void)
{
	return (uint32_t)(div_now() / 1000);
}

static struct client *
ptbw_client_of(struct pool_holder *h)
{
	return (struct client *)((char *)h - offsetof(struct client, holder));
}

/* Tell a client which tokens it got: "i,j,k\n". */
static void
send_picked(struct client *k, size_t n)
{
	size_t i, len = 0;

	for (i = 0; i < n; i++)
		len += (size_t)sprintf(reply + len, "%lu%c",
		    (unsigned long)picked[i], i + 1 < n ? ',' : '\n');
	wk_serve_send(&k->c, reply, len);
}

static void
grant_waiting(void)
{
	struct pool_holder *h;
	size_t n;

	while ((h = pool_ready(&pool)) != NULL) {
		n = h->want;
		pool_leave(&pool, h);
		pool_take(&pool, h, n, picked, now_seconds());
		send_picked(ptbw_client_of(h), n);
		wk_serve_resume(&ptbw_client_of(h)->c);
	}
}

/* --- the master: requests; k->number is the argument, if there are digits --- */

/* Is the argument the number of a token? */
static int
names_token(const struct client *k)
{
	return k->digits > 0 && k->number < pool.count;
}

static int
take_at_once(struct client *k, size_t n)
{
	if (pool.waiting > 0 ||
	    !pool_take(&pool, &k->holder, n, picked, now_seconds()))
		return 0;
	send_picked(k, n);
	return 1;
}

static void
req_take(struct client *k)
{
	size_t n = k->digits > 0 ? k->number : 1;

	if (n == 0)
		wk_serve_puts(&k->c, "\n");
	else if (n > pool.count - k->holder.held)
		wk_serve_puts(&k->c, "-1\n");   /* never to be had */
	else if (!take_at_once(k, n)) {
		pool_wait(&pool, &k->holder, n, now_seconds());
		wk_serve_pause(&k->c);
	}
}

static void
req_take_now(struct client *k)
{
	size_t n = k->digits > 0 ? k->number : 1;

	if (n == 0)
		wk_serve_puts(&k->c, "\n");
	else if (!take_at_once(k, n))
		wk_serve_puts(&k->c, "-1\n");
}

static void
req_poll(struct client *k)
{
	if (!take_at_once(k, 1))
		wk_serve_puts(&k->c, "-1\n");
}

static void
req_give(struct client *k)
{
	int given_back = k->digits > 0 &&
	    pool_give(&pool, &k->holder, k->number);

	wk_serve_send(&k->c, given_back ? "1\n" : "0\n", 2);
	grant_waiting();
}

static void
req_give_all(struct client *k)
{
	wk_serve_printf(&k->c, "%zu\n", pool_give_all(&pool, &k->holder));
	grant_waiting();
}

static void
req_close(struct client *k)
{
	pool_give_all(&pool, &k->holder);
	grant_waiting();
	wk_serve_finish(&k->c);
}

static void
req_name(struct client *k)
{
	const char *name;
	size_t len;

	if (!names_token(k)) {
		wk_serve_puts(&k->c, "-No\n");
		return;
	}
	name = tableau_name(&tableau, k->number, &len);
	reply[0] = '+';
	memcpy(reply + 1, name, len);
	reply[len + 1] = '\n';
	wk_serve_send(&k->c, reply, len + 2);
}

static void
req_owner(struct client *k)
{
	struct pool_holder *h;

	if (!names_token(k)) {
		wk_serve_puts(&k->c, "-1\n");
		return;
	}
	h = pool.token[k->number].holder;
	wk_serve_printf(&k->c, "%ld\n", h != NULL ? ptbw_client_of(h)->pid : 0);
}

static void
req_age(struct client *k)
{
	if (!names_token(k) || pool.token[k->number].holder == NULL)
		wk_serve_puts(&k->c, "-1\n");
	else
		wk_serve_printf(&k->c, "%lu\n", (unsigned long)(now_seconds() -
		    pool.token[k->number].since));
}

static void
req_waiting(struct client *k)
{
	struct pool_holder *h;
	uint32_t now = now_seconds();
	char *text = malloc(pool.waiting * 64 + 1);
	size_t len = 0;

	if (text == NULL) {
		wk_serve_drop(&k->c, "out of memory");
		return;
	}
	for (h = pool.first; h != NULL; h = h->next)
		len += (size_t)snprintf(text + len, 64, "%ld %zu %lu\n",
		    ptbw_client_of(h)->pid, h->want,
		    (unsigned long)(now - h->since));
	wk_serve_printf(&k->c, "%zu\n", len);
	wk_serve_send(&k->c, text, len);
	free(text);
}

static void
req_tableau(struct client *k)
{
	wk_serve_send_static(&k->c, tableau.names, tableau.space);
}

static void
req_size(struct client *k)
{
	wk_serve_printf(&k->c, "%zu,%zu\n", tableau.count, tableau.space);
}

static void
req_longest(struct client *k)
{
	wk_serve_printf(&k->c, "%zu\n", tableau.longest);
}

static void
req_group(struct client *k)
{
	wk_serve_printf(&k->c, "%zu\n", group);
}

static void
req_source(struct client *k)
{
	size_t len = strlen(tableau.source);

	reply[0] = tableau.type;
	memcpy(reply + 1, tableau.source, len + 1);
	wk_serve_send(&k->c, reply, len + 2);
}

static void
req_comments(struct client *k)
{
	wk_serve_printf(&k->c, "%zu\n", tableau.comments_len);
	wk_serve_send_static(&k->c, tableau.comments, tableau.comments_len);
}

static void
req_utility(struct client *k)
{
	long pid = wk_serve_pid();

	if (pid > 0)
		wk_serve_printf(&k->c, "%ld\n", pid);
	else
		wk_serve_puts(&k->c, "-No\n");
}

static void
ptbw_req_version(struct client *k)
{
	wk_serve_send(&k->c, PTBW_PROTOCOL "\n", sizeof PTBW_PROTOCOL);
}

static void
ptbw_req_quit(struct client *k)
{
	long clients = wk_serve_quit();

	if (clients < 0)
		wk_serve_puts(&k->c, "-No\n");
	else
		wk_serve_printf(&k->c, "%ld\n", clients);
}

static void
req_reserved(struct client *k)
{
	wk_serve_puts(&k->c, "-Not yet\n");
}

static void
req_borrowed(struct client *k)
{
	wk_serve_printf(&k->c, "%d\n", borrowed);
}

static void
req_tie(struct client *k)
{
	/* one for each: there is a limit for all sockets together */
	if (borrowed == 0 || k->tied)
		wk_serve_puts(&k->c, "-No\n");
	else
		wk_serve_send_fd(&k->c, DIV_TIE, strlen(DIV_TIE), outer.fd);
	k->tied = 1;
}

static const struct request {
	char letter;
	void (*serve)(struct client *k);
} requests[] = {
	{ 'G', req_take },
	{ 'D', req_give },
	{ 'N', req_name },
	{ 'F', req_give_all },
	{ '.', req_close },
	{ 'P', req_poll },
	{ 'O', req_owner },
	{ 'S', req_size },
	{ 'T', req_tableau },
	{ 'J', req_longest },
	{ 'R', req_group },
	{ 'U', req_source },
	{ 'C', req_comments },
	{ 'M', req_utility },
	{ 'V', ptbw_req_version },
	{ 'Q', ptbw_req_quit },
	{ 'H', req_reserved },
	/* ours; an old master answers -No */
	{ 'I', req_take_now },
	{ 'B', req_borrowed },
	{ 'L', req_tie },
	{ 'A', req_age },
	{ 'W', req_waiting },
	{ 0, NULL }
};

/* One byte of the first line: "4711", "4711@host" or "-". */
static void
who(struct client *k, char c)
{
	int digit = c >= '0' && c <= '9';

	if (c == '\n' && k->who_len > 0) {
		/* 0 is what nobody holds; without a pid of its own, the
		 * client is shown by ours */
		if (k->who_state == '-' || k->pid == 0)
			k->pid = (long)getpid();
		wk_serve_known(&k->c);
		return;
	}
	if (k->who_len == 0)
		k->who_state = c == '-' ? '-' : 'd';
	else if (c == '@' && k->who_state == 'd')
		k->who_state = 'h';
	k->who_len++;
	if (k->who_state == 'd' && digit && k->pid <= 99999999)
		k->pid = k->pid * 10 + (c - '0');
	else if (k->who_state == 'd' || k->who_len > WHO_MAX || c == '\n')
		wk_serve_drop(&k->c, "it did not begin with a process id");
}

static void
request(struct client *k, char c)
{
	const struct request *r;

	if (c >= '0' && c <= '9') {
		if (++k->digits > DIGITS_MAX)
			wk_serve_drop(&k->c, "a number is too long");
		else if (k->number <= POOL_MAX) /* more need not be told apart */
			k->number = k->number * 10 + (size_t)(c - '0');
		return;
	}
	for (r = requests; r->letter != '\0' && r->letter != c; r++)
		;
	if (r->letter != '\0')
		r->serve(k);
	else if (c != '\n')
		wk_serve_puts(&k->c, "-No\n");
	k->number = 0;
	k->digits = 0;
}

static size_t
ptbw_input(struct wk_client *c, const char *data, size_t len)
{
	struct client *k = (struct client *)c;
	size_t i;

	for (i = 0; i < len && wk_serve_taking(c); i++) {
		if (c->known)
			request(k, data[i]);
		else
			who(k, data[i]);
	}
	return c->finishing ? len : i;
}

static void
ptbw_gone(struct wk_client *c)
{
	struct client *k = (struct client *)c;

	pool_leave(&pool, &k->holder);
	pool_give_all(&pool, &k->holder);
	grant_waiting();
}

static const struct wk_ops ops = {
	.client_size = sizeof(struct client),
	.request_max = 0,        /* every byte is used as it comes */
	.input = ptbw_input,
	.gone = ptbw_gone
};

/* --- the master: the tableau --- */

/* How many tokens -J and -R ask for. */
static size_t
suggested(void)
{
	if (opt.jobs >= 0 || opt.request >= 0)
		return (opt.jobs > 0 ? (size_t)opt.jobs : 1) * group;
	return wk_spawn_cpus();
}

_Noreturn static void
no_pool(const char *what)
{
	wk_die(errno == EFBIG ? WK_DATA : WK_SYSTEM, "%s: %s", what,
	    errno == EFBIG ? "too many tokens" : strerror(errno));
}

static void
from_function(void)
{
	size_t n = suggested();

	if (n > POOL_MAX)
		wk_usage("-J, -R: %zu tokens are more than %d", n, POOL_MAX);
	if (tableau_init(&tableau, TABLEAU_FUNCTION, "iota") != 0 ||
	    tableau_iota(&tableau, n) != 0)
		no_pool("iota");
}

static void
from_file(const char *path)
{
	size_t line;

	if (tableau_init(&tableau, TABLEAU_FILE, path) != 0)
		no_pool(path);
	if (tableau_read(&tableau, path, &line) != 0) {
		if (errno == EINVAL)
			wk_die(WK_DATA, "%s: line %zu holds a NUL byte", path,
			    line);
		if (errno == EFBIG || errno == ENOMEM)
			no_pool(path);
		wk_die(WK_NOINPUT, "%s: %s", path, strerror(errno));
	}
	if (tableau.count == 0)
		wk_die(WK_DATA, "%s: no tokens, %s", path,
		    tableau.comments_len > 0 ? "only comments" :
		    "the file is empty");
}

_Noreturn static void
too_few(const char *source, size_t n)
{
	wk_die(WK_DATA, "%s: has %zu token%s, a group (-R) needs %zu", source,
	    n, n == 1 ? "" : "s", group);
}

/* End because of what a broker function returned. */
_Noreturn static void
broker_failed(const char *path)
{
	if (errno == EPROTO)
		wk_die(WK_PROTOCOL, "%s: the answer makes no sense", path);
	if (errno == ECONNRESET)
		wk_die(WK_UNAVAILABLE, "%s: the master is gone", path);
	if (errno == ETIMEDOUT)
		wk_die(WK_TIMEOUT, "%s: the master does not answer", path);
	wk_die(WK_SYSTEM, "%s: %s", path, strerror(errno));
}

/* J*R tokens, or R fewer each time, down to R, of a pool of so many. */
static size_t
amount_of(size_t count)
{
	size_t n = suggested();

	if (n > count)
		n -= (n - count + group - 1) / group * group;
	return n > 0 ? n : group;
}

static void
add_borrowed(char *names)
{
	char *end;

	for (; names != NULL; names = end) {
		end = strchr(names, '\n');
		if (end != NULL)
			*end++ = '\0';
		if (tableau_add(&tableau, names, strlen(names)) != 0)
			no_pool("borrowed tokens");
	}
}

static void
from_master(const char *path)
{
	struct broker_pool p;
	uint32_t *token;
	char *text;
	size_t n, len;

	outer_path = path;
	if (broker_open(&outer, path) != 0)
		wk_die_connect(path);
	if (broker_describe(&outer, &p) != 0)
		broker_failed(path);
	n = amount_of(p.count);
	if (n > p.count)
		too_few(path, p.count);
	token = wk_alloc(n, sizeof *token);
	if (tableau_init(&tableau, p.type, p.source) != 0)
		no_pool(path);
	text = broker_comments(&outer, &len);
	if (text != NULL && tableau_comment(&tableau, text, len) != 0)
		no_pool(path);
	free(text);
	if (broker_take(&outer, n, -1, token) != 0)
		broker_failed(path);
	text = broker_names(&outer, token, n, &borrowed);
	if (text == NULL || (borrowed > 0 && broker_tie(&outer) != 0))
		broker_failed(path);
	borrowed++;
	add_borrowed(text);
	free(text);
	free(token);
	free(p.source);
}

static void
make_pool(void)
{
	struct stat st;
	const char *t = opt.tags;
	size_t n;

	if (opt.request > 0)
		group = (size_t)opt.request;
	if (t == NULL)
		from_function();
	else if (strcmp(t, "-") == 0)
		from_master(wk_target(opt.depth, NULL));
	else if (strcmp(t, "/dev/stdin") != 0 &&
	    (stat(t, &st) == 0 ? S_ISSOCK(st.st_mode) : div_exists(t)))
		from_master(t);
	else
		from_file(t);
	n = tableau.count;
	if (n < group)
		too_few(t, n);
	if (n < suggested() && !opt.quiet &&
	    (opt.jobs >= 0 || opt.request >= 0))
		wk_warn("token count %zu less than suggested (%zu)", n,
		    suggested());
	n = n * 9 > tableau.longest ? n * 9 : tableau.longest;
	if (n < strlen(tableau.source))
		n = strlen(tableau.source);
	reply = malloc(n + 16);
	picked = malloc(tableau.count * sizeof *picked);
	if (reply == NULL || picked == NULL ||
	    pool_init(&pool, tableau.count) != 0)
		wk_die(WK_SYSTEM, "out of memory");
}

/*
 * Give back what was borrowed.  When clients are still there, because a
 * signal ended us before them, the tokens stay with them, by their ties.
 */
static void
return_borrowed(void)
{
	if (outer.fd < 0 || wk_serve_clients() > 0)
		return;
	if (opt.quit)
		broker_quit(&outer);
	if (broker_return(&outer) != 0)
		wk_warn("%s: the master that the tokens were borrowed from "
		    "is gone", outer_path);
}

static int
master(char **operands, const struct wk_called *called)
{
	struct div_place place = {
		.prefix = ptbw.prefix,
		.also = "xcl",
		.template = ptbw.template,
		.stem = "sta",
		.path = opt.socket
	};
	const struct wk_master m = {
		.ops = &ops,
		.place = &place,
		.detached = opt.detached,
		.verbose = opt.verbose,
		.ended = return_borrowed
	};

	make_pool();
	return wk_master_run(&m, operands, called);
}

/* --- the client --- */

static void
connect_to(struct broker *b, const char *path)
{
	if (broker_open(b, path) == 0)
		return;
	if (errno == ENOTSOCK)
		wk_die(WK_DATA, "%s: not a socket (a file of tokens is for a "
		    "master, -m)", path);
	wk_die_connect(path);
}

/* --- the client: the report --- */

enum { REPORT_WINDOW = 4096 };

static void
print_since(long seconds)
{
	time_t t = time(NULL) - seconds;
	char text[32];

	if (seconds < 0)
		strcpy(text, "-");
	else
		strftime(text, sizeof text, "%H:%M:%S", localtime(&t));
	if (seconds < 0)
		printf("\t-\t-\n");
	else
		printf("\t%ld\t%s\n", seconds, text);
}

static void
print_tokens(struct broker *b, const struct broker_pool *p, const char *path)
{
	static long lock[REPORT_WINDOW], age[REPORT_WINDOW];
	char *names = broker_tableau(b, p->space), *name = names;
	size_t i, k, n;

	if (names == NULL)
		broker_failed(path);
	names[p->space] = '\0';
	for (i = 0; i < p->count; i += n) {
		n = p->count - i < REPORT_WINDOW ? p->count - i : REPORT_WINDOW;
		if (broker_holders(b, 'O', i, n, lock) != 0 ||
		    (opt.verbose && broker_holders(b, 'A', i, n, age) != 0))
			broker_failed(path);
		for (k = 0; k < n; k++) {
			printf("%6zu\t%ld\t%s", i + k, lock[k], name);
			if (opt.verbose)
				print_since(age[k]);
			else
				putchar('\n');
			if (name < names + p->space)
				name += strlen(name) + 1;
		}
	}
	free(names);
}

static void
print_waiting(struct broker *b, const char *path)
{
	size_t len;
	long pid;
	unsigned long n, seconds;
	char *text, *line;

	errno = 0;
	text = broker_waiting(b, &len);
	if (text == NULL && errno != 0)
		broker_failed(path);
	if (text == NULL)
		return;
	printf(" Waiting\tTokens\tSeconds\n");
	for (line = text; line < text + len; line = strchr(line, '\n') + 1)
		if (sscanf(line, "%ld %lu %lu", &pid, &n, &seconds) == 3)
			printf("%6ld\t%lu\t%lu\n", pid, n, seconds);
	free(text);
}

static int
ptbw_report(const char *path)
{
	struct broker b;
	struct broker_pool p;
	char source[4096];

	connect_to(&b, path);
	if (broker_describe(&b, &p) != 0)
		broker_failed(path);
	wk_visible(source, sizeof source, p.source);
	printf("ptbw: master has %zu tokens, max length %zu "
	    "(total space %zu)\n", p.count, p.longest, p.space);
	printf(" Master tokens from %s: %s\n",
	    p.type == TABLEAU_FUNCTION ? "the internal function" :
	    p.type == TABLEAU_FILE ? "file" : "error", source);
	printf(" Index\tLock\tTokens (request in groups of %zu)%s\n", p.group,
	    opt.verbose ? "\tSeconds\tSince" : "");
	print_tokens(&b, &p, path);
	if (opt.verbose)
		print_waiting(&b, path);
	free(p.source);
	if (opt.quit && broker_quit(&b) != 0)
		broker_failed(path);
	broker_return(&b);
	wk_flush();
	return 0;
}

/* --- the client: running a command --- */

static void
ptbw_take(struct broker *b, size_t n, const char *path)
{
	uint32_t *token = wk_alloc(n, sizeof *token);
	struct broker_pool p;
	int tied;
	char *names;

	if (broker_take(b, n, opt.wait, token) != 0) {
		if (errno == ETIMEDOUT)
			wk_die(WK_TIMEOUT, "%s: timed out waiting for %zu "
			    "token%s", path, n, n == 1 ? "" : "s");
		if (errno == ENOSPC && broker_describe(b, &p) == 0)
			wk_die(WK_CANTCREATE, "%s: cannot allocate %zu "
			    "tokens, the pool has %zu", path, n, p.count);
		broker_failed(path);
	}
	names = broker_names(b, token, n, &tied);
	if (names == NULL || (tied > 0 && broker_tie(b) != 0))
		broker_failed(path);
	if (setenv("ptbw_list", names, 1) != 0)
		wk_die(WK_SYSTEM, "environment: %s", strerror(errno));
	free(names);
	free(token);
}

/* The command's arguments, with n token names behind them if so asked. */
static char **
with_tokens(char **argv, size_t n)
{
	char *names = getenv("ptbw_list"), **all;
	size_t argc = 0, i;

	while (argv[argc] != NULL)
		argc++;
	all = wk_alloc(argc + n + 1, sizeof *all);
	memcpy(all, argv, argc * sizeof *all);
	names = opt.append && n > 0 ? strdup(names) : NULL;
	for (i = argc; names != NULL; i++) {
		all[i] = names;
		names = strchr(names, '\n');
		if (names != NULL)
			*names++ = '\0';
	}
	return all;
}

static void
leave(struct broker *b, const char *path)
{
	int r = opt.quit ? broker_quit(b) : 0;

	if (opt.keep)
		broker_close(b);
	else
		r |= broker_return(b);
	if (r != 0)
		wk_warn("%s: %s", path, errno == ETIMEDOUT ?
		    "the master does not answer" : "the master is gone");
}

static int
ptbw_run(char **operands, const struct wk_called *called)
{
	struct broker b = { .fd = -1 };
	struct wk_spawn command = wk_spawn_plain(operands[0], operands);
	size_t n = opt.request >= 0 ? (size_t)opt.request : 1;
	const char *path = NULL;
	char number[16];
	int status;

	if (n > 0 || opt.quit) {
		path = wk_target(opt.depth, opt.tags);
		connect_to(&b, path);
	}
	if (n > 0) {
		ptbw_take(&b, n, path);
		command.keep = b.fd;
		snprintf(number, sizeof number, "%d", b.fd);
		setenv("ptbw_fd", number, 1);
	} else {
		unsetenv("ptbw_list");
	}
	if (called->utility != NULL)
		operands[0] = (char *)called->utility;
	command.argv = with_tokens(operands, n);
	if (opt.exec)
		wk_spawn_exec(&command);
	else if (wk_spawn_wait(&command, &status) == 0) {
		if (path != NULL)
			leave(&b, path);
		return wk_spawn_code(status);
	}
	wk_die(wk_spawn_error_code(errno), "%s: %s",
	    wk_command_name(command.file), strerror(errno));
	return 0;
}

/* --- the command line --- */

static void
ptbw_set_option(int letter, const char *arg)
{
	switch (letter) {
	case 'm': opt.master = 1; break;
	case 'd': opt.detached = 1; break;
	case 'A': opt.append = 1; break;
	case 'k': opt.keep = 1; break;
	case 'x': opt.exec = 1; break;
	case 'Q': opt.quit = 1; break;
	case 'q': opt.quiet = 1; break;
	case 'v': opt.verbose = 1; break;
	case 'N': opt.socket = arg; break;
	case 't': opt.tags = arg; break;
	case '0':
		opt.depth = (int)wk_number('0', arg, 0, DIV_LEVEL_MAX);
		break;
	case 'J':
		opt.jobs = wk_number('J', arg, -COUNT_MAX, COUNT_MAX);
		if (opt.jobs < 1)
			opt.jobs = 1;
		break;
	case 'R':
		opt.request = wk_number('R', arg, 0, COUNT_MAX);
		break;
	case 'T':
		opt.wait = wk_milliseconds('T', arg);
		break;
	}
}

/* Refuse what only one of master and client knows. */
static void
ptbw_check_mode(void)
{
	const char *clients = opt.append ? "-A" : opt.keep ? "-k" :
	    opt.exec ? "-x" : opt.wait >= 0 ? "-T" : NULL;
	const char *masters = opt.detached ? "-d" : opt.jobs >= 0 ? "-J" :
	    opt.socket ? "-N" : NULL;

	if (opt.master && clients != NULL)
		wk_usage("%s does not go with -m", clients);
	if (!opt.master && masters != NULL)
		wk_usage("%s goes with -m only", masters);
	if (opt.exec && opt.quit)
		wk_usage("-Q does not go with -x: nobody waits for the end");
	if (opt.tags != NULL && *opt.tags == '\0')
		wk_usage("-t: the name is empty");
	if (opt.socket != NULL && *opt.socket == '\0')
		wk_usage("-N: the name is empty");
}

int
main(int argc, char **argv)
{
	struct wk_called called;
	int letter, show = 0;
	const char *arg;
	char **operands;

	wk_begin(&ptbw, argc, argv, &called);
	while ((letter = wk_option(&arg)) != -1) {
		if (letter == 'h' || letter == 'V')
			show = letter;
		ptbw_set_option(letter, arg);
	}
	operands = wk_operands();
	if (show == 'h')
		wk_help();
	else if (show == 'V')
		wk_version(opt.depth, opt.master ? NULL : opt.tags, 0);
	if (show)
		return 0;
	ptbw_check_mode();
	if (opt.master)
		return master(operands, &called);
	if (operands[0] == NULL || strcmp(operands[0], "-") == 0)
		return ptbw_report(wk_target(opt.depth, opt.tags));
	return ptbw_run(operands, &called);
}
