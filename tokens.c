/*
 * tokens.c - the sets of tokens that the tasks of a run hold
 *
 * One connection to the pool's master holds all sets, and all tasks inherit
 * it: so none of them is free before the last task is gone, should this
 * process be killed.  A connection that waits in the master's queue cannot
 * give anything back meanwhile; that is why only who holds nothing waits.
 *
 * SPDX-License-Identifier: ISC
 */
#include "tokens.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	AGAIN_MS = 50,            /* a pool says nothing when it has more */
	PATIENCE_MS = 10000       /* for answers that nobody holds up */
};

static int
make_sets(struct tokens *t)
{
	size_t i;

	t->fd = t->tie = -1;
	t->set = calloc(t->sets, sizeof *t->set);
	if (t->set == NULL)
		return -1;
	for (i = 0; i < t->sets; i++) {
		t->set[i].name = calloc(t->each + 1, sizeof *t->set->name);
		t->set[i].index = calloc(t->each + 1, sizeof *t->set->index);
		if (t->set[i].name == NULL || t->set[i].index == NULL)
			return -1;
	}
	return 0;
}

int
tokens_plain(struct tokens *t)
{
	char text[24];
	size_t i;

	if (make_sets(t) != 0)
		return -1;
	for (i = 0; i < t->sets && t->each > 0; i++) {
		t->set[i].name[0].len = (size_t)snprintf(text, sizeof text,
		    "%zu", i);
		t->set[i].name[0].data = strdup(text);
		if (t->set[i].name[0].data == NULL)
			return -1;
	}
	return 0;
}

/* --- a pool --- */

static void
wake(struct ev_timer *timer)
{
	struct tokens *t = (struct tokens *)((char *)timer -
	    offsetof(struct tokens, again));

	t->ready();
}

/* The answer to what was asked when nothing was held. */
static void
answered(struct ev_io *io, int what)
{
	struct tokens *t = (struct tokens *)((char *)io -
	    offsetof(struct tokens, io));

	(void)what;
	ev_forget(io);
	t->asked = 0;
	if (broker_answer(&t->broker, t->each, t->set[0].index) == 0)
		t->granted = 1;
	else
		t->error = errno;
	t->ready();
}

/* The names of all tokens, by their index. */
static int
read_names(struct tokens *t, size_t space)
{
	size_t i;
	char *p;

	t->names = broker_tableau(&t->broker, space);
	t->all = calloc(t->pool + 1, sizeof *t->all);
	if (t->names == NULL || t->all == NULL)
		return -1;
	t->names[space] = '\0';
	for (i = 0, p = t->names; i < t->pool; i++) {
		t->all[i].data = p;
		t->all[i].len = strlen(p);
		if (p < t->names + space)
			p += t->all[i].len + 1;
	}
	return 0;
}

int
tokens_open(struct tokens *t, const char *path)
{
	struct broker_pool p;

	if (make_sets(t) != 0 || broker_open(&t->broker, path) != 0)
		return -1;
	t->broker.patience = PATIENCE_MS;
	if (broker_describe(&t->broker, &p) != 0)
		return -1;
	t->pool = p.count;
	t->source_name = p.source;
	t->source = (struct expand_text){ p.source, strlen(p.source) };
	if (p.count < t->each) {
		errno = ENOSPC;
		return -1;
	}
	if (read_names(t, p.space) != 0 ||
	    broker_take_tie(&t->broker, &t->tie) != 0)
		return -1;
	t->fd = t->broker.fd;
	t->io.fd = t->fd;
	t->io.ready = answered;
	t->again.expired = wake;
	return 0;
}

static void
lost(struct tokens *t)
{
	t->error = errno;
}

/* Fill in a set whose indexes are there. */
static struct token_set *
hand_out(struct tokens *t, struct token_set *s)
{
	size_t i;

	for (i = 0; t->fd >= 0 && i < t->each; i++) {
		if (s->index[i] >= t->pool) {
			errno = EPROTO;
			lost(t);
			return NULL;
		}
		s->name[i] = t->all[s->index[i]];
	}
	s->held = 1;
	t->held++;
	return s;
}

static void
swap_indexes(struct token_set *a, struct token_set *b)
{
	uint32_t *p = a->index;

	a->index = b->index;
	b->index = p;
}

/* When nothing is held, what is asked for is waited for. */
static struct token_set *
take_first(struct tokens *t, struct token_set *s)
{
	if (t->granted) {
		t->granted = 0;
		swap_indexes(s, &t->set[0]);
		return hand_out(t, s);
	}
	if (!t->asked && broker_ask(&t->broker, t->each) != 0) {
		lost(t);
		return NULL;
	}
	t->asked = 1;
	ev_want(&t->io, EV_READ);
	return NULL;
}

static struct token_set *
take_of_pool(struct tokens *t, struct token_set *s)
{
	if (t->held == 0 && !t->asked && !t->granted &&
	    broker_take(&t->broker, t->each, 0, s->index) == 0)
		return hand_out(t, s);
	if (t->held == 0 || t->granted)
		return take_first(t, s);
	if (broker_take(&t->broker, t->each, 0, s->index) == 0)
		return hand_out(t, s);
	if (errno != ETIMEDOUT && errno != ENOSPC)
		lost(t);
	else if (!t->again.set)
		ev_timer_set(&t->again, AGAIN_MS);
	return NULL;
}

/* The next free one after the last that was used, in rotation. */
struct token_set *
tokens_take(struct tokens *t)
{
	size_t i, k;
	struct token_set *s = NULL;

	for (i = 0; i < t->sets && s == NULL; i++) {
		k = (t->at + i) % t->sets;
		if (!t->set[k].held)
			s = &t->set[k];
	}
	if (s == NULL || t->error != 0)
		return NULL;
	t->at = (size_t)(s - t->set) + 1;
	return t->fd >= 0 && t->each > 0 ? take_of_pool(t, s) :
	    hand_out(t, s);
}

void
tokens_give(struct tokens *t, struct token_set *s)
{
	s->held = 0;
	t->held--;
	if (t->fd >= 0 && t->each > 0 && t->error == 0 &&
	    broker_give(&t->broker, s->index, t->each) != 0)
		lost(t);
}

int
tokens_close(struct tokens *t)
{
	int r = 0;

	ev_timer_stop(&t->again);
	if (t->fd < 0)
		return 0;
	ev_forget(&t->io);
	if (t->asked || t->error != 0)
		broker_close(&t->broker);       /* that gives all back, too */
	else
		r = broker_return(&t->broker);
	if (t->tie >= 0)
		close(t->tie);
	t->fd = -1;
	return r;
}
