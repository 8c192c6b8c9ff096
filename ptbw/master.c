/*
 * master.c - ptbw's master: its pool, and what clients ask of it
 *
 * tableau.c has the names of the tokens, pool.c their holders and the queue,
 * serve.c the life of a master.  The protocol is written down in PROTOCOL;
 * requests[] is the master's side of it.  A pool may be borrowed from another
 * master, of which this one is a client then (broker.c).
 *
 * SPDX-License-Identifier: ISC
 */
#include "ptbw.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/event.h"
#include "base/master.h"
#include "base/peer.h"
#include "base/serve.h"
#include "base/spawn.h"
#include "base/text.h"
#include "change.h"
#include "divconnect.h"
#include "expect.h"
#include "pool.h"
#include "shared.h"
#include "source.h"
#include "tableau.h"
#include "wire/broker.h"

enum {
	WHO_MAX = 300,           /* bytes of the line with the client's pid */
	DIGITS_MAX = 20,         /* of a request's number */
	OFFER_MS = 1000,         /* for a client to take what is offered */
	OFFER_DOUBLED = 4,       /* so often that is doubled at most */
	UNASKED_MAX = 4096,      /* bytes that a client leaves unread, and is
	                            told to give back all the same */
	RETAG_MAX = 1 << 24,     /* bytes of a new pool's names */
	UNASKED_MS = 100         /* until it is looked at again */
};

/* --- clients --- */

struct client {
	struct wk_client c;     /* first */
	struct pool_holder holder;
	long pid;                  /* shown to people, never used */
	size_t number;             /* argument of the request to come */
	short digits;              /* that it has */
	short who_len;             /* bytes of the line with the pid */
	enum { PID, HOST, NO_PID } who_state; /* what of that line is next */
	char tied;                 /* it has its tie */
	char offers;               /* what it waits for is offered to it */
	char passed;               /* so often it did not take that */
	struct wk_timer offer;     /* it has been offered something */
	struct client *told_next;  /* in the list of those to be told */
	struct client **told_at;   /* what points to it there; NULL: it is
	                              not in it */
	struct expect expect;      /* one token more, while it goes on */
	struct change_texts *reads; /* names that are on their way to it */
	char *text;                /* a new pool, of which it has sent so
	                              much; NULL: it does not send one */
	size_t text_len, text_end;
	size_t told_space;         /* bytes of names that S told it of */
	char looked;               /* the next two are known */
	pid_t connected;           /* the process that connected, 0: unseen */
	unsigned long socket;      /* the client's end of the connection */
};

static struct tableau tableau;
static struct pool pool;
static size_t group = 1;
static struct broker outer = { .fd = -1 };  /* the master borrowed from */
static const char *outer_path;
static int lock = -1;                       /* of a shared pool */
static struct wk_timer unused;
static int borrowed;                        /* masters to the pool's owner */
static char *reply;                         /* room for the longest reply */
static uint32_t *picked;
static struct wk_timer tell_again;          /* one does not read */
/* Clients to be told, once, when another one wants tokens (request Z). */
static struct client *to_be_told;

static uint32_t
now_seconds(void)
{
	return (uint32_t)(div_now() / 1000);
}

static struct client *
pmaster_client_of(struct pool_holder *h)
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
tell_no_more(struct client *k)
{
	if (k->told_at == NULL)
		return;
	*k->told_at = k->told_next;
	if (k->told_next != NULL)
		k->told_next->told_at = k->told_at;
	k->told_at = NULL;
}

static void
tell_later(struct client *k)
{
	if (k->told_at != NULL)
		return;
	k->told_next = to_be_told;
	if (k->told_next != NULL)
		k->told_next->told_at = &k->told_next;
	k->told_at = &to_be_told;
	to_be_told = k;
}

/* One could not have the tokens that it asked for: who holds some, and would
 * keep them for its next task, gives them back first. */
static void
tell_others(const struct client *wants)
{
	struct client *k, *next;

	for (k = to_be_told; k != NULL; k = next) {
		next = k->told_next;
		if (k == wants)
			continue;
		tell_no_more(k);
		wk_serve_puts(&k->c, "!\n");
	}
}

static void grant_waiting(void);
static void settle(void);

static void
pmaster_leave(struct client *k)
{
	wk_timer_stop(&k->offer);
	pool_leave(&pool, &k->holder);
}

/* What it waits for is free, or kept for it. */
static void
pmaster_grant(struct client *k)
{
	size_t n = k->holder.want;

	pmaster_leave(k);
	pool_take(&pool, &k->holder, n, picked, now_seconds());
	send_picked(k, n);
}

/* It may be stopped, and hold up all others. */
static void
offer_expired(struct wk_timer *t)
{
	struct client *k = (struct client *)((char *)t -
	    offsetof(struct client, offer));

	if (k->passed < OFFER_DOUBLED)
		k->passed++;
	pool_pass(&pool, &k->holder);
	grant_waiting();
	settle();
}

/* One that was too late is given longer the next time: its answers may take
 * that long to get here. */
static void
offer(struct client *k)
{
	pool_offer(&pool, &k->holder);
	k->offer.expired = offer_expired;
	wk_timer_set(&k->offer, OFFER_MS << k->passed);
	wk_serve_puts(&k->c, "+\n");
}

/* --- one more, for those that go on meanwhile (nE) --- */

static struct client *
expecting(struct expect *e)
{
	return (struct client *)((char *)e - offsetof(struct client, expect));
}

/* Those who do not read, because they are stopped, hear of it later. */
static int
tell_back(struct expect *e, size_t n)
{
	struct client *k = expecting(e);

	if (k->c.out_bytes > UNASKED_MAX) {
		if (!tell_again.set)
			wk_timer_set(&tell_again, UNASKED_MS);
		return 0;
	}
	wk_serve_printf(&k->c, "~-%zu\n", n);
	return 1;
}

/* What those who expect a token get, and who gives back for whom: to be called
 * when anything has changed in the pool or the queue. */
static void
settle(void)
{
	struct expect *e;

	while ((e = expect_ready(&pool)) != NULL) {
		pool_take(&pool, e->holder, 1, picked, now_seconds());
		wk_serve_printf(&expecting(e)->c, "~+%lu\n",
		    (unsigned long)picked[0]);
	}
	expect_ask_back(&pool, tell_back);
}

static void
settle_again(struct wk_timer *t)
{
	(void)t;
	settle();
}

static void
grant_waiting(void)
{
	struct pool_holder *h;
	struct client *k;

	change_trim(&pool, &tableau);
	while ((h = pool_ready(&pool)) != NULL) {
		k = pmaster_client_of(h);
		if (k->offers)
			offer(k);
		else
			pmaster_grant(k);
		wk_serve_resume(&k->c);
	}
}

/* --- requests; k->number is the argument, if there are digits --- */

/* How many tokens are asked for. */
static size_t
amount(const struct client *k)
{
	return k->digits > 0 ? k->number : 1;
}

static int
take_at_once(struct client *k, size_t n)
{
	if (pool.up != NULL ||
	    !pool_take(&pool, &k->holder, n, picked, now_seconds()))
		return 0;
	send_picked(k, n);
	return 1;
}

/* It asks for something else than what was offered to it. */
static void
give_place_up(struct client *k)
{
	pmaster_leave(k);
	k->passed = 0;
	grant_waiting();
}

/* It asks for what was offered to it, and is perhaps too late. */
static void
take_offered(struct client *k)
{
	struct pool_holder *h = &k->holder;

	if (h->place == POOL_PASSED)
		pool_wait_again(&pool, h);
	if (h->place == POOL_OFFERED || pool_ready(&pool) == h) {
		pmaster_grant(k);
	} else {
		wk_serve_pause(&k->c);
		tell_others(k);
	}
}

static void
req_take(struct client *k)
{
	size_t n = amount(k);

	if (n > 0 && n == k->holder.want && n <= pool_most(&pool,
	    &k->holder)) {
		take_offered(k);
		return;
	}
	give_place_up(k);
	if (n == 0)
		wk_serve_puts(&k->c, "\n");
	else if (n > pool_most(&pool, &k->holder))
		wk_serve_puts(&k->c, "-1\n");   /* never to be had */
	else if (!take_at_once(k, n)) {
		pool_wait(&pool, &k->holder, n, now_seconds());
		wk_serve_pause(&k->c);
		tell_others(k);
	}
}

/* What cannot be had at once: its client may ask again. */
static void
refuse(struct client *k)
{
	wk_serve_puts(&k->c, "-1\n");
	tell_others(k);
}

static void
req_take_now(struct client *k)
{
	size_t n = amount(k);

	give_place_up(k);
	if (pool.up == NULL)
		pool_seek_row(&pool, n);
	if (n == 0)
		wk_serve_puts(&k->c, "\n");
	else if (!take_at_once(k, n))
		refuse(k);
}

static void
req_poll(struct client *k)
{
	give_place_up(k);
	if (!take_at_once(k, 1))
		refuse(k);
}

/* Without a number: what it waits for is to be offered. */
static void
req_expect(struct client *k)
{
	if (k->digits == 0) {
		k->offers = 1;
		wk_serve_puts(&k->c, "1\n");
		return;
	}
	expect_announce(&k->expect, &k->holder);
	if (k->number == 0) {
		wk_serve_puts(&k->c, expect_leave(&k->expect) ? "1\n" : "0\n");
	} else if (k->number > 1 || !expect_ask(&pool, &k->expect)) {
		wk_serve_puts(&k->c, "-1\n");
	} else {
		wk_serve_puts(&k->c, "1\n");
		if (pool.free == 0)
			tell_others(k);
	}
}

static void
req_alone(struct client *k)
{
	int alone = pool.up == NULL && !expect_any() &&
	    k->holder.withdrawn == 0;

	if (alone)
		tell_later(k);
	wk_serve_puts(&k->c, alone ? "1\n" : "0\n");
}

static void
req_give(struct client *k)
{
	int given = pool_give(&pool, &k->holder, k->number);

	expect_given(&k->expect, (size_t)given);
	wk_serve_puts(&k->c, given ? "1\n" : "0\n");
	grant_waiting();
}

static void
req_give_all(struct client *k)
{
	size_t n = pool_give_all(&pool, &k->holder);

	expect_given(&k->expect, n);
	wk_serve_printf(&k->c, "%zu\n", n);
	grant_waiting();
}

static void
req_close(struct client *k)
{
	tell_no_more(k);
	expect_end(&k->expect);
	pmaster_leave(k);
	pool_give_all(&pool, &k->holder);
	grant_waiting();
	wk_serve_finish(&k->c);
}

static void
req_name(struct client *k)
{
	size_t len;
	const char *name = tableau_name(&tableau, k->number, &len);

	reply[0] = '+';
	memcpy(reply + 1, name, len);
	reply[len + 1] = '\n';
	wk_serve_send(&k->c, reply, len + 2);
}

static void
req_owner(struct client *k)
{
	struct pool_holder *h = pool.token[k->number].holder;

	wk_serve_printf(&k->c, "%ld\n",
	    h != NULL ? pmaster_client_of(h)->pid : 0);
}

/* What the system says of the client. */
static void
look_at_peer(struct client *k)
{
	if (k->looked)
		return;
	k->looked = 1;
	if (div_peer_pid(k->c.io.fd, &k->connected) != 0)
		k->connected = 0;
	k->socket = peer_socket(k->c.io.fd);
}

static void
req_holder(struct client *k)
{
	struct pool_holder *h = pool.token[k->number].holder;
	struct client *of;

	if (h == NULL) {
		wk_serve_puts(&k->c, "0\n");
		return;
	}
	of = pmaster_client_of(h);
	look_at_peer(of);
	wk_serve_printf(&k->c, "%ld %lu %ld\n", (long)of->connected,
	    of->socket, of->pid);
}

static void
req_queue(struct client *k)
{
	struct pool_holder *h;
	struct peer_place here;
	struct client *of;
	uint32_t now = now_seconds();
	size_t room = (pool.waiting + 1) * 128, len;
	char *text = malloc(room);

	if (text == NULL) {
		wk_serve_drop(&k->c, "out of memory");
		return;
	}
	peer_here(&here);
	len = (size_t)snprintf(text, room, "%s %lu\n", here.host,
	    here.processes);
	for (h = pool.first; h != NULL; h = h->next) {
		of = pmaster_client_of(h);
		look_at_peer(of);
		len += (size_t)snprintf(text + len, room - len,
		    "%ld %lu %ld %zu %lu\n", (long)of->connected, of->socket,
		    of->pid, h->want, (unsigned long)(now - h->since));
	}
	wk_serve_printf(&k->c, "%zu\n", len);
	wk_serve_send(&k->c, text, len);
	free(text);
}

static void
req_age(struct client *k)
{
	if (pool.token[k->number].holder == NULL)
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
		    pmaster_client_of(h)->pid, h->want,
		    (unsigned long)(now - h->since));
	wk_serve_printf(&k->c, "%zu\n", len);
	wk_serve_send(&k->c, text, len);
	free(text);
}

/* Clients may be reading names when there are others already. */
static void
send_text(struct client *k, const char *text, size_t len)
{
	if (change_reads(&k->reads, &tableau))
		wk_serve_send_static(&k->c, text, len);
	else
		wk_serve_send(&k->c, text, len);
}

/* As many names as it was told of, if it was: it counts the bytes. */
static void
req_tableau(struct client *k)
{
	send_text(k, tableau.names, k->told_space > 0 ? k->told_space :
	    tableau.offset[pool.count]);
}

static void
req_size(struct client *k)
{
	k->told_space = tableau.offset[pool.count];
	if (pool.live == pool.count)
		wk_serve_printf(&k->c, "%zu,%zu\n", pool.count,
		    k->told_space);
	else
		wk_serve_printf(&k->c, "%zu,%zu,%zu\n", pool.count,
		    k->told_space, pool.live);
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
	send_text(k, tableau.comments, tableau.comments_len);
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
pmaster_req_version(struct client *k)
{
	wk_serve_puts(&k->c, PTBW_PROTOCOL "\n");
}

static void
pmaster_req_quit(struct client *k)
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
		wk_serve_send_fd(&k->c, DIV_TIE, strlen(DIV_TIE),
		    lock >= 0 ? lock : outer.fd);
	k->tied = 1;
}

/* --- another pool --- */

/* Who was offered tokens asks again, and then waits anew. */
static void
retract(struct pool_holder *h)
{
	if (h->place == POOL_OFFERED) {
		wk_timer_stop(&pmaster_client_of(h)->offer);
		pool_pass(&pool, h);
	}
}

/* Who waits for what can never be had any more is told so; who is just asking
 * for what was offered to it, when it does. */
static void
refuse_never(struct pool_holder *h)
{
	struct client *k = pmaster_client_of(h);
	int waits = h->place == POOL_WAITS;

	if (h->want <= pool_most(&pool, h))
		return;
	pmaster_leave(k);
	if (waits) {
		wk_serve_puts(&k->c, "-1\n");
		wk_serve_resume(&k->c);
	}
}

/* Room for the longest reply. */
static int
room_for_replies(void)
{
	size_t n = tableau.count * 9 > tableau.longest ?
	    tableau.count * 9 : tableau.longest;
	uint32_t *more;
	char *text;

	if (n < strlen(tableau.source))
		n = strlen(tableau.source);
	text = realloc(reply, n + 16);
	if (text != NULL)
		reply = text;
	more = realloc(picked, (tableau.count + 1) * sizeof *picked);
	if (more != NULL)
		picked = more;
	return text != NULL && more != NULL ? 0 : -1;
}

/* True, or it is told why not. */
static int
may_change_pool(struct client *k)
{
	uid_t uid;

	if (div_peer_uid(k->c.io.fd, &uid) != 0 ||
	    (uid != 0 && uid != geteuid()))
		wk_serve_puts(&k->c, "-owner\n");
	else if (outer.fd >= 0)
		wk_serve_puts(&k->c, "-borrowed\n");
	else
		return 1;
	return 0;
}

static void
before_change(void)
{
	struct pool_holder *h;

	for (h = pool.first; h != NULL; h = h->next)
		retract(h);
}

static void
after_change(struct client *k, int r)
{
	struct pool_holder *h, *next;

	if (r == 0 && room_for_replies() != 0)
		wk_die(WK_SYSTEM, "out of memory");
	if (r != 0)
		wk_serve_puts(&k->c, errno == EFBIG ? "-many\n" :
		    "-memory\n");
	else
		wk_serve_printf(&k->c, "+%zu\n", pool.live);
	for (h = pool.first; h != NULL; h = next) {
		next = h->next;
		refuse_never(h);
	}
	tell_others(NULL);
	grant_waiting();
}

static void
req_resize(struct client *k)
{
	if (!may_change_pool(k))
		return;
	if (tableau.type != TABLEAU_FUNCTION) {
		wk_serve_puts(&k->c, "-names\n");
	} else if (k->number < 1 || k->number > POOL_MAX) {
		wk_serve_puts(&k->c, "-number\n");
	} else {
		before_change();
		after_change(k, change_numbers(&pool, &tableau, k->number));
	}
}

static void
req_retag(struct client *k)
{
	if (!may_change_pool(k))
		return;
	if (k->number < 1 || k->number > RETAG_MAX) {
		wk_serve_puts(&k->c, "-many\n");
		return;
	}
	k->text = malloc(k->number + 1);
	k->text_len = 0;
	k->text_end = k->number;
	wk_serve_puts(&k->c, k->text != NULL ? "+\n" : "-memory\n");
}

/* All of a new pool is there. */
static void
taken_text(struct client *k)
{
	struct tableau fresh = { 0 };
	size_t line;

	if (change_parse(&fresh, k->text, k->text_len, &line) != 0 ||
	    fresh.count == 0) {
		tableau_release(&fresh);
		wk_serve_puts(&k->c, "-lines\n");
	} else {
		before_change();
		after_change(k, change_names(&pool, &tableau, &fresh,
		    wk_serve_clients() == 1 && k->holder.held == 0));
	}
	free(k->text);
	k->text = NULL;
}

/* Some of it has come; returns how much was used. */
static size_t
take_text(struct client *k, const char *data, size_t len)
{
	size_t n = k->text_end - k->text_len;

	if (n > len)
		n = len;
	memcpy(k->text + k->text_len, data, n);
	k->text_len += n;
	if (k->text_len == k->text_end)
		taken_text(k);
	return n;
}

static void
req_withdrawn(struct client *k)
{
	wk_serve_puts(&k->c, pool.out != NULL && pool.out[k->number] ?
	    "1\n" : "0\n");
}

/*
 * The names are what a trace shows.  None of them takes a descriptor: one that
 * comes with a request is closed by the kernel, as only bytes are read.
 */
static const struct request {
	char letter;
	const char *name;
	const char *no_token;     /* the answer when its number is not that of a
	                             token; NULL: it need not be */
	void (*serve)(struct client *k);
} requests[] = {
	{ 'G', "take", NULL, req_take },
	{ 'P', "poll", NULL, req_poll },
	{ 'D', "give", "0\n", req_give },
	{ 'F', "give-all", NULL, req_give_all },
	{ 'N', "name", "-No\n", req_name },
	{ 'O', "owner", "-1\n", req_owner },
	{ 'S', "size", NULL, req_size },
	{ 'T', "tableau", NULL, req_tableau },
	{ 'J', "longest", NULL, req_longest },
	{ 'R', "group", NULL, req_group },
	{ 'U', "source", NULL, req_source },
	{ 'C', "comments", NULL, req_comments },
	{ 'M', "utility", NULL, req_utility },
	{ 'V', "version", NULL, pmaster_req_version },
	{ 'Q', "quit", NULL, pmaster_req_quit },
	{ 'H', "reserved", NULL, req_reserved },
	{ '.', "close", NULL, req_close },
	/* the program of 2010 answers -No to these */
	{ 'I', "take-now", NULL, req_take_now },
	{ 'A', "age", "-1\n", req_age },
	{ 'W', "waiting", NULL, req_waiting },
	{ 'K', "holder", "-1\n", req_holder },
	{ 'Y', "queue", NULL, req_queue },
	{ 'B', "borrowed", NULL, req_borrowed },
	{ 'L', "tie", NULL, req_tie },
	{ 'E', "expect", NULL, req_expect },
	{ 'Z', "alone", NULL, req_alone },
	{ 'r', "resize", NULL, req_resize },
	{ 't', "retag", NULL, req_retag },
	{ 'w', "withdrawn", "-1\n", req_withdrawn },
	{ '\0', "unknown", NULL, NULL }
};

/* One byte of the first line: "4711", "4711@host" or "-". */
static void
take_who(struct client *k, char c)
{
	int digit = text_is_digit(c);

	if (c == '\n' && k->who_len > 0) {
		/* 0 stands for no holder; a client without a pid is shown
		 * by that of this process */
		if (k->who_state == NO_PID || k->pid == 0)
			k->pid = (long)getpid();
		wk_serve_asked(&k->c, "pid %ld", k->pid);
		wk_serve_known(&k->c);
		return;
	}
	if (k->who_len == 0)
		k->who_state = c == '-' ? NO_PID : PID;
	else if (c == '@' && k->who_state == PID)
		k->who_state = HOST;
	k->who_len++;
	if (k->who_state == PID && digit && k->pid <= 99999999)
		k->pid = k->pid * 10 + (c - '0');
	else if (k->who_state == PID || k->who_len > WHO_MAX || c == '\n')
		wk_serve_drop(&k->c, "it did not begin with a process id");
}

static void
take_digit(struct client *k, char c)
{
	if (++k->digits > DIGITS_MAX)
		wk_serve_drop(&k->c, "a number is too long");
	else if (k->number <= POOL_MAX) /* greater ones are alike */
		k->number = k->number * 10 + (size_t)(c - '0');
}

static void
trace_request(struct client *k, const struct request *r, char c)
{
	if (r->serve == NULL)
		wk_serve_asked(&k->c, "%s %c", r->name, c);
	else if (k->digits > 0)
		wk_serve_asked(&k->c, "%s %zu", r->name, k->number);
	else
		wk_serve_asked(&k->c, "%s", r->name);
}

/* A letter: what stands in the table is true of it, or it is refused. */
static void
pmaster_obey(struct client *k, char c)
{
	const struct request *r = requests;

	while (r->serve != NULL && r->letter != c)
		r++;
	trace_request(k, r, c);
	if (r->serve == NULL)
		wk_serve_puts(&k->c, "-No\n");
	else if (r->no_token != NULL &&
	    (k->digits == 0 || k->number >= pool.count))
		wk_serve_puts(&k->c, r->no_token);
	else
		r->serve(k);
	settle();
}

static void
take_byte(struct client *k, char c)
{
	if (text_is_digit(c)) {
		take_digit(k, c);
		return;
	}
	if (c != '\n')
		pmaster_obey(k, c);
	k->number = 0;
	k->digits = 0;
}

static size_t
pmaster_input(struct wk_client *c, const char *data, size_t len)
{
	struct client *k = (struct client *)c;
	size_t i;

	for (i = 0; i < len && wk_serve_taking(c); ) {
		if (k->text != NULL)
			i += take_text(k, data + i, len - i);
		else if (c->known)
			take_byte(k, data[i++]);
		else
			take_who(k, data[i++]);
	}
	return c->state == WK_FINISHING ? len : i;
}

static void
pmaster_gone(struct wk_client *c)
{
	struct client *k = (struct client *)c;

	change_read(k->reads);
	free(k->text);
	tell_no_more(k);
	expect_end(&k->expect);
	pmaster_leave(k);
	pool_give_all(&pool, &k->holder);
	grant_waiting();
	settle();
	if (lock >= 0 && ptbw_opt.linger >= 0)
		wk_timer_set(&unused, ptbw_opt.linger);
}

static const struct wk_ops ops = {
	.client_size = sizeof(struct client),
	.request_max = 0,        /* every byte is used as it comes */
	.stranger_ms = WK_STRANGER_MS,
	.input = pmaster_input,
	.gone = pmaster_gone
};

/* --- the tableau --- */

/* How many tokens -J and -R ask for. */
static size_t
suggested(void)
{
	if (ptbw_opt.jobs >= 0 || ptbw_opt.request >= 0)
		return (ptbw_opt.jobs > 0 ? (size_t)ptbw_opt.jobs : 1) * group;
	return 1 + 7 * wk_cpus() / 4;
}

static void
from_function(void)
{
	size_t n = suggested();

	if (n > POOL_MAX)
		wk_usage("-J, -R: %zu tokens are more than %d", n, POOL_MAX);
	if (tableau_init(&tableau, TABLEAU_FUNCTION, "iota") != 0 ||
	    tableau_iota(&tableau, n) != 0)
		source_failed("iota");
}

_Noreturn static void
too_few(const char *source, size_t n)
{
	wk_die(WK_DATA, "%s: has %zu token%s, a group (-R) needs %zu", source,
	    n, n == 1 ? "" : "s", group);
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
			source_failed("borrowed tokens");
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
		ptbw_broker_failed(path);
	n = amount_of(p.live);
	if (n > p.live)
		too_few(path, p.live);
	token = wk_alloc(n, sizeof *token);
	if (tableau_init(&tableau, p.type, p.source) != 0)
		source_failed(path);
	text = broker_comments(&outer, &len);
	if (text != NULL && tableau_comment(&tableau, text, len) != 0)
		source_failed(path);
	free(text);
	if (ptbw_take(&outer, path, n, -1, token) != 0)
		ptbw_broker_failed(path);
	text = broker_names(&outer, token, n, &borrowed);
	if (text == NULL || (borrowed > 0 && broker_tie(&outer) != 0))
		ptbw_broker_failed(path);
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
	const char *t = ptbw_opt.tags;
	size_t n;

	if (ptbw_opt.request > 0)
		group = (size_t)ptbw_opt.request;
	if (t == NULL)
		from_function();
	else if (strcmp(t, "-") == 0)
		from_master(wk_target(ptbw_opt.depth, NULL));
	else if (strcmp(t, "/dev/stdin") != 0 &&
	    (stat(t, &st) == 0 ? S_ISSOCK(st.st_mode) : div_exists(t)))
		from_master(t);
	else
		source_read_file(&tableau, t);
	n = tableau.count;
	if (n < group)
		too_few(t, n);
	if (n < suggested() && !ptbw_opt.quiet &&
	    (ptbw_opt.jobs >= 0 || ptbw_opt.request >= 0))
		wk_warn("token count %zu less than suggested (%zu)", n,
		    suggested());
	if (room_for_replies() != 0 || pool_init(&pool, tableau.count) != 0)
		wk_die(WK_SYSTEM, "out of memory");
}

/*
 * Give back what was borrowed.  When clients are still there, because a signal
 * ended this master before them, the tokens stay with them, by their ties.
 */
static int
return_borrowed(int code)
{
	if (outer.fd < 0 || wk_serve_clients() > 0)
		return code;
	if (ptbw_opt.quit)
		broker_quit(&outer);
	if (broker_return(&outer) != 0)
		wk_warn("%s: the master that the tokens were borrowed from "
		    "is gone", outer_path);
	return code;
}

/* --- a shared pool --- */

enum { FIRST_MS = 10000 };        /* for the one that started it */

static void
unused_long(struct wk_timer *t)
{
	(void)t;
	if (wk_serve_clients() == 0)
		wk_serve_quit();
}

static int
shared_bound(const struct div_socket *socket)
{
	(void)socket;
	if (lock < 0)
		return 0;
	unused.expired = unused_long;
	if (ptbw_opt.linger >= 0)
		wk_timer_set(&unused, ptbw_opt.linger > FIRST_MS ?
		    ptbw_opt.linger : FIRST_MS);
	shared_ready();
	return 0;
}

/* What is held keeps the lock, by its tie. */
static int
pmaster_ended(int code)
{
	if (lock >= 0 && wk_serve_clients() == 0)
		shared_remove();
	return return_borrowed(code);
}

int
ptbw_master(char **operands, const struct wk_called *called)
{
	struct div_place place = {
		.prefix = ptbw.prefix,
		.also = "xcl",
		.template = ptbw.template,
		.stem = "sta",
		.path = ptbw_opt.socket
	};
	const struct wk_master m = {
		.ops = &ops,
		.place = &place,
		.detached = ptbw_opt.detached,
		.verbose = ptbw_opt.verbose,
		.bound = shared_bound,
		.ended = pmaster_ended
	};

	if (ptbw_opt.shared != NULL) {
		lock = shared_lock();
		borrowed = 1;           /* the lock, so to say: see B */
		place.path = ptbw_opt.shared;
	}
	make_pool();
	tell_again.expired = settle_again;
	return wk_master_run(&m, operands, called);
}
