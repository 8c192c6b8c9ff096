/*
 * model.c - the rules of ptbw's queue in all their interleavings
 *
 * Three clients share two tokens.  From the empty pool on, everything that can
 * happen next is tried in every state that is reached, until no new one is
 * found (breadth first).  The pool is the real one, ptbw/pool.c: for each step
 * it is made anew and brought into the state by calls of its own, as the master
 * does (grant_waiting, req_take and the like of ptbw/master.c, which are
 * repeated here, as they are bound to its sockets).
 *
 * What can happen, to any client that is not in the way of it:
 *
 *	ask N		one that does not wait asks for 1 or 2 (nG); one that
 *			is offered something, or was passed over, asks for the
 *			same once more, or for something else
 *	wish N		the same by one that wants offers (E, nG)
 *	now N		the same, but it would not wait (nI, P)
 *	give I		it gives one token back (iD)
 *	give all	it gives all back (F)
 *	withdraw	one in the queue leaves it, and keeps what it holds (the
 *			master's part in ^Z, and in the end of a client)
 *	die		its connection ends, in the queue or not
 *	expire		it has not taken what was offered to it: it is stopped,
 *			or its request comes too late
 *
 * One that is stopped is one that nothing else happens to: as all is tried in
 * every order, each client is stopped at every point, and for any time.
 *
 * What must be true in each state:
 *
 *	- a token is free or has one holder, and each holder knows its tokens:
 *	  none is lost, and none is there twice; and so many are kept as were
 *	  offered
 *	- who waits has its place in the queue, once, and nobody else has one
 *	- the first that waits does so for more than is free
 *	- places are kept: who came first is served first, unless it was passed
 *	  over; and then it is again, when it asks
 *	- from each state all that wait can be served, when the others give back
 *	  what they hold, and those that were offered something are stopped for
 *	  ever; and then these, too, when they go on.  (Those that wait while
 *	  they hold are the exception: they may wait for each other, which
 *	  PROTOCOL leaves to them.)
 *
 * Then it is done once more with each of some faults, which must be found.
 * Prints TAP.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptbw/pool.h"
#include "tap.h"

enum { CLIENTS = 3, TOKENS = 2, STATES = 100000, ORDERS = CLIENTS + 1,
	SLOTS = 1 << 18 };

/* All of a state, so that two of them can be compared as bytes. */
struct state {
	signed char holder[TOKENS];   /* -1: free */
	signed char want[CLIENTS];
	signed char place[CLIENTS];   /* of those that want */
	signed char offers[CLIENTS];  /* likewise: they want offers */
	signed char queue[ORDERS];    /* clients, ended by -1 */
	signed char cursor;
};

enum fault { NONE, OVERTAKES, LOSES, FORGETS, LEAVES, KEEPS, DOUBLES, BLOCKS,
	MOVES, FAULTS };
static const char *const faults[] = { "no fault",
    "a request that fits overtakes an older one",
    "a client that dies keeps its tokens",
    "those who wait are not looked at when tokens come back",
    "those behind one that leaves the queue are not looked at",
    "what was offered in vain is not free again",
    "one that is too late takes what was offered to it",
    "those behind one that was passed over are not looked at",
    "one that was passed over loses its place" };

static struct pool pool;
static struct pool_holder client[CLIENTS];
static int offers[CLIENTS];
static enum fault fault;
static struct state *seen;
static size_t slot[SLOTS];            /* of seen by their hash, plus 1 */
static size_t states, steps;
static const char *broken;            /* the rule, or NULL */

/* --- the pool and its state --- */

static void
drop_pool(void)
{
	int l;

	for (l = 0; l < pool.levels; l++)
		free(pool.map[l]);
	free(pool.token);
	memset(&pool, 0, sizeof pool);
}

static size_t
place_of(const struct pool_holder *h)
{
	return h != NULL ? (size_t)(h - client) : CLIENTS;
}

/* One more of the queue. */
static void
queue_up(const struct state *s, int k)
{
	pool_wait(&pool, &client[k], (size_t)s->want[k], 0);
	offers[k] = s->offers[k];
	if (s->place[k] != POOL_WAITS)
		pool_offer(&pool, &client[k]);
	if (s->place[k] == POOL_PASSED)
		pool_pass(&pool, &client[k]);
}

/*
 * Bring a new pool into a state: each token is taken by its holder with the
 * cursor in front of it, then those that are free are given back.
 */
static void
build(const struct state *s)
{
	static struct pool_holder nobody;
	struct pool_holder *h;
	uint32_t out[TOKENS];
	int i;

	drop_pool();
	memset(client, 0, sizeof client);
	memset(&nobody, 0, sizeof nobody);
	if (pool_init(&pool, TOKENS) != 0)
		abort();
	for (i = 0; i < TOKENS; i++) {
		h = s->holder[i] >= 0 ? &client[(int)s->holder[i]] : &nobody;
		pool.cursor = (size_t)i;
		if (!pool_take(&pool, h, 1, out, 0) || out[0] != (uint32_t)i)
			abort();
	}
	pool_give_all(&pool, &nobody);
	pool.cursor = (size_t)s->cursor;
	for (i = 0; s->queue[i] >= 0; i++)
		queue_up(s, s->queue[i]);
}

static void
read_state(struct state *s)
{
	struct pool_holder *h;
	int i, k = 0;

	memset(s, -1, sizeof *s);
	for (i = 0; i < TOKENS; i++)
		if (pool.token[i].holder != NULL)
			s->holder[i] = (signed char)
			    place_of(pool.token[i].holder);
	for (i = 0; i < CLIENTS; i++) {
		s->want[i] = (signed char)client[i].want;
		if (client[i].want > 0) {
			s->place[i] = (signed char)client[i].place;
			s->offers[i] = (signed char)offers[i];
		}
	}
	for (h = pool.first; h != NULL && k < CLIENTS; h = h->next)
		s->queue[k++] = (signed char)place_of(h);
	s->cursor = (signed char)pool.cursor;
}

/* --- the rules --- */

static void
rule(int good, const char *what)
{
	if (!good && broken == NULL)
		broken = what;
}

static void
check_tokens(void)
{
	size_t held = 0, kept = 0, mine, i, k;
	uint32_t t;

	for (k = 0; k < CLIENTS; k++) {
		mine = 0;
		for (t = client[k].first; t != 0 && mine <= TOKENS;
		    t = pool.token[t - 1].next, mine++)
			rule(pool.token[t - 1].holder == &client[k],
			    "a holder's list has a token of another");
		rule(mine == client[k].held, "a holder's count is wrong");
		held += mine;
		if (client[k].want > 0 && client[k].place == POOL_OFFERED)
			kept += client[k].want;
	}
	for (i = 0, mine = 0; i < TOKENS; i++)
		mine += pool.token[i].holder != NULL;
	rule(held == mine, "a token has two holders, or one that is not there");
	rule(pool.free + held + kept == TOKENS, "a token is lost");
}

static void
check_queue(void)
{
	struct pool_holder *h, *before = NULL, *up = NULL;
	size_t n = 0, waiting = 0, k;

	for (h = pool.first; h != NULL && n <= CLIENTS; h = h->next, n++) {
		rule(h->prev == before, "the queue's links are wrong");
		rule(h->want > 0, "one is in the queue that does not wait");
		rule(before == NULL || before->turn < h->turn,
		    "the queue is not in the order of coming");
		if (up == NULL && h->place == POOL_WAITS)
			up = h;
		before = h;
	}
	for (k = 0; k < CLIENTS; k++)
		waiting += client[k].want > 0;
	rule(n == waiting && n == pool.waiting && before == pool.last,
	    "who waits has not one place in the queue");
	rule(pool.up == up, "the first that waits is not known");
	rule(up == NULL || up->want > pool.free,
	    "the first waits for what is free");
}

/* True of one that was given tokens, or offered some, which it was not. */
static int
has_more(const struct state *was, int k)
{
	size_t i, before = 0;

	for (i = 0; i < TOKENS; i++)
		before += was->holder[i] == k;
	if (was->want[k] > 0 && was->place[k] == POOL_OFFERED)
		return 0;
	return client[k].held > before ||
	    (client[k].want > 0 && client[k].place == POOL_OFFERED);
}

/* Where in the queue it was; behind all when it was not in it, or is there anew
 * for something else. */
static int
place_was(const struct state *was, int k)
{
	int i = 0, anew = client[k].want > 0 &&
	    client[k].want != (size_t)was->want[k];

	while (was->queue[i] >= 0 && (anew || was->queue[i] != k))
		i++;
	return i;
}

/* Whoever got tokens in this step had no older one in front that still waits,
 * and those that wait still do so in their order. */
static void
check_order(const struct state *was)
{
	struct pool_holder *h;
	int k, older, at = -1;

	for (h = pool.first; h != NULL; h = h->next) {
		older = place_was(was, (int)place_of(h));
		rule(older >= at, "the order of the queue has changed");
		at = older;
		for (k = 0; k < CLIENTS && h->place == POOL_WAITS; k++)
			rule(!has_more(was, k) || place_was(was, k) < older ||
			    was->queue[older] < 0,
			    "one was served before an older one");
	}
}

/* --- what the master does --- */

static void
take(struct pool_holder *h, size_t n)
{
	uint32_t out[TOKENS];

	rule(pool_take(&pool, h, n, out, 0), "what is free cannot be taken");
}

static void
grant(struct pool_holder *h)
{
	size_t n = h->want;

	pool_leave(&pool, h);
	take(h, n);
}

static void
grant_waiting(void)
{
	struct pool_holder *h;

	while (fault != FORGETS && (h = pool_ready(&pool)) != NULL)
		if (offers[place_of(h)])
			pool_offer(&pool, h);
		else
			grant(h);
}

static int
take_at_once(struct pool_holder *h, size_t n)
{
	if ((pool.up != NULL && fault != OVERTAKES) || n > pool.free)
		return 0;
	take(h, n);
	return 1;
}

/* --- what can happen --- */

enum { ASK, WISH, NOW, GIVE, GIVE_ALL, WITHDRAW, DIE, EXPIRE, EVENTS };

static void
give_place_up(struct pool_holder *h)
{
	pool_leave(&pool, h);
	grant_waiting();
}

static void
take_offered(struct pool_holder *h)
{
	size_t n = h->want;

	if (h->place == POOL_PASSED && fault == MOVES) {
		pool_leave(&pool, h);
		pool_wait(&pool, h, n, 0);
	} else if (h->place == POOL_PASSED && fault == DOUBLES) {
		h->place = POOL_OFFERED;
	} else if (h->place == POOL_PASSED) {
		pool_wait_again(&pool, h);
	}
	if (h->place == POOL_OFFERED || pool_ready(&pool) == h)
		grant(h);
}

static int
ask(struct pool_holder *h, size_t n, int wish)
{
	if (h->want == n) {
		if (offers[place_of(h)] != wish)
			return 0;               /* E is for good */
		take_offered(h);
		return 1;
	}
	give_place_up(h);
	if (n > pool.count - h->held)
		return 1;                       /* refused */
	offers[place_of(h)] = wish;
	if (!take_at_once(h, n))
		pool_wait(&pool, h, n, 0);
	return 1;
}

static void
expire(struct pool_holder *h)
{
	pool_pass(&pool, h);
	if (fault == KEEPS)
		pool.free -= h->want;
	if (fault != BLOCKS)
		grant_waiting();
}

static void
withdraw(struct pool_holder *h)
{
	pool_leave(&pool, h);
	if (fault != LEAVES)
		grant_waiting();
}

static void
die(struct pool_holder *h)
{
	pool_leave(&pool, h);
	if (fault == LOSES)
		memset(h, 0, sizeof *h);
	else
		pool_give_all(&pool, h);
	grant_waiting();
}

/* Returns 0 when it cannot happen here. */
static int
happen(int event, struct pool_holder *h, int arg)
{
	/* while it waits, no further requests are read */
	if (h->want > 0 && h->place == POOL_WAITS &&
	    event != WITHDRAW && event != DIE)
		return 0;
	switch (event) {
	case ASK: return ask(h, (size_t)arg + 1, 0);
	case WISH: return ask(h, (size_t)arg + 1, 1);
	case NOW:
		give_place_up(h);
		take_at_once(h, (size_t)arg + 1);
		return 1;
	case GIVE:
		if (!pool_give(&pool, h, (size_t)arg))
			return 0;
		grant_waiting();
		return 1;
	case GIVE_ALL:
		pool_give_all(&pool, h);
		grant_waiting();
		return arg == 0;
	case WITHDRAW:
		if (h->want == 0 || arg != 0)
			return 0;
		withdraw(h);
		return 1;
	case EXPIRE:
		if (h->want == 0 || h->place != POOL_OFFERED || arg != 0)
			return 0;
		expire(h);
		return 1;
	default:
		die(h);
		return arg == 0;
	}
}

/* --- the search --- */

static void
remember(const struct state *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i, at = 5381;

	for (i = 0; i < sizeof *s; i++)
		at = at * 33 + p[i];
	for (at %= SLOTS; slot[at] != 0; at = (at + 1) % SLOTS)
		if (memcmp(&seen[slot[at] - 1], s, sizeof *s) == 0)
			return;
	if (states == STATES)
		abort();
	seen[states++] = *s;
	slot[at] = states;
}

/* Those that do not wait give all back, again and again; of those that are in
 * the queue the ones that are awake take what is offered to them, the others
 * are passed over. */
static void
get_on(const int *awake)
{
	struct pool_holder *h;
	size_t k;

	for (k = 0; k < 4 * CLIENTS; k++) {
		h = &client[k % CLIENTS];
		if (h->want == 0) {
			pool_give_all(&pool, h);
			grant_waiting();
		} else if (h->place == POOL_OFFERED && !awake[k % CLIENTS]) {
			expire(h);
		} else if (h->place != POOL_WAITS && awake[k % CLIENTS]) {
			take_offered(h);
		}
	}
}

/* All that wait are served while those that were offered something never go on;
 * and these when they do.  Unless those in the queue hold what is missing. */
static void
check_end(const struct state *s)
{
	int awake[CLIENTS];
	size_t kept = 0, k;

	build(s);
	for (k = 0; k < CLIENTS; k++) {
		if (client[k].want > 0)
			kept += client[k].held;
		awake[k] = client[k].want == 0 || client[k].place == POOL_WAITS;
	}
	get_on(awake);
	rule(pool.up == NULL || kept > 0, "one waits for ever");
	for (k = 0; k < CLIENTS; k++)
		awake[k] = 1;
	get_on(awake);
	rule(pool.first == NULL || kept > 0, "one that goes on waits for ever");
}

static void
try_all(const struct state *s)
{
	struct state next;
	int event, k, arg;

	for (event = 0; event < EVENTS; event++)
		for (k = 0; k < CLIENTS; k++)
			for (arg = 0; arg < TOKENS && broken == NULL; arg++) {
				build(s);
				if (!happen(event, &client[k], arg))
					continue;
				steps++;
				check_tokens();
				check_queue();
				check_order(s);
				read_state(&next);
				remember(&next);
			}
	if (broken == NULL)
		check_end(s);
}

static void
search(enum fault f)
{
	struct state empty = { .cursor = 0 };
	size_t i;

	fault = f;
	broken = NULL;
	states = steps = 0;
	memset(slot, 0, sizeof slot);
	memset(empty.holder, -1, sizeof empty.holder);
	memset(empty.place, -1, sizeof empty.place);
	memset(empty.offers, -1, sizeof empty.offers);
	memset(empty.queue, -1, sizeof empty.queue);
	remember(&empty);
	for (i = 0; i < states && broken == NULL; i++)
		try_all(&seen[i]);
	printf("# %s: %zu states, %zu steps%s%s\n", faults[f], states, steps,
	    broken != NULL ? ", broken: " : "",
	    broken != NULL ? broken : "");
}

int
main(void)
{
	char name[100];
	int f;

	seen = calloc(STATES, sizeof *seen);
	if (seen == NULL)
		return 1;
	search(NONE);
	ok(broken == NULL && states > 100, "the rules hold in every state");
	for (f = OVERTAKES; f < FAULTS; f++) {
		search((enum fault)f);
		snprintf(name, sizeof name, "found: %s", faults[f]);
		ok(broken != NULL, name);
	}
	free(seen);
	drop_pool();
	printf("1..%d\n", count);
	return failed != 0;
}
