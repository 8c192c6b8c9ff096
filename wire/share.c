/*
 * share.c - sections of one process that share one turn
 *
 * SPDX-License-Identifier: ISC
 */
#include "share.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static void share_next(struct share *s);

static struct share *
share_of(struct collate *carrier)
{
	return (struct share *)((char *)carrier -
	    offsetof(struct share, carrier));
}

static struct collate *
first(const struct share *s)
{
	struct turn *t = turn_next(&s->queue);

	return t == NULL ? NULL : (struct collate *)((char *)t -
	    offsetof(struct collate, turn));
}

/* Those who wait first: then nobody is granted what another one leaves.  The
 * holder goes on, as nobody else gets the turn now. */
static void
lose_members(struct share *s)
{
	struct collate *c, *after;

	while ((c = first(s)) != NULL)
		collate_lost(c);
	for (c = s->members; c != NULL; c = after) {
		after = c->member_next;
		collate_lost(c);
	}
}

static void
carrier_ended(struct collate *carrier)
{
	struct share *s = share_of(carrier);

	collate_close(carrier);
	memset(carrier, 0, sizeof *carrier);
	s->open = s->granted = s->wanted = 0;
	lose_members(s);
}

static void
carrier_granted(struct collate *carrier)
{
	struct share *s = share_of(carrier);

	s->granted = 1;
	s->used = 0;
	share_next(s);
}

static void
carrier_wanted(struct collate *carrier)
{
	struct share *s = share_of(carrier);

	if (carrier->fault != COLLATE_GOOD)
		lose_members(s);
	s->wanted = 1;
	share_next(s);
}

static int
open_carrier(struct share *s, const struct collate *like, const char *path)
{
	struct collate *c = &s->carrier;

	c->xid = "xapply";
	c->title = c->rule = "";
	c->known = like->known;
	c->has_cap = c->direct = c->keeps = 1;
	c->granted = carrier_granted;
	c->ended = carrier_ended;
	c->wanted = carrier_wanted;
	if (collate_open(c, path) != 0) {
		int e = errno;

		collate_close(c);
		memset(c, 0, sizeof *c);
		errno = e;
		return -1;
	}
	s->open = 1;
	return 0;
}

/* Nobody of ours is writing: who is next?  One of ours has each turn that we
 * get, though somebody waits: else two that share would only pass it on. */
static void
share_next(struct share *s)
{
	struct collate *c;

	if (s->holder != NULL)
		return;
	if (s->wanted && s->granted && (s->used || first(s) == NULL)) {
		s->wanted = s->granted = 0;
		collate_yield(&s->carrier);
	}
	c = first(s);
	if (c == NULL)
		return;
	if (!s->granted) {
		collate_ask_like(&s->carrier, c);
		return;
	}
	turn_take(&s->queue, &c->turn);
	s->holder = c;
	s->used = 1;
	collate_grant(c, &s->carrier);
}

int
share_enter(struct share *s, struct collate *c, const char *path)
{
	if (!s->open && open_carrier(s, c, path) != 0)
		return -1;
	c->turn.name = c->xid;
	c->turn.arrival = s->count++;
	c->member_next = s->members;
	c->member_at = &s->members;
	if (s->members != NULL)
		s->members->member_at = &c->member_next;
	s->members = c;
	return 0;
}

void
share_ask(struct share *s, struct collate *c, int status)
{
	c->turn.status = status;
	if (turn_put(&s->queue, &c->turn) != 0)
		collate_lost(c);
	share_next(s);
}

void
share_leave(struct share *s, struct collate *c)
{
	if (c->member_at == NULL)
		return;
	turn_take(&s->queue, &c->turn);
	*c->member_at = c->member_next;
	if (c->member_next != NULL)
		c->member_next->member_at = c->member_at;
	c->member_at = NULL;
	if (s->holder != c)
		return;
	s->holder = NULL;
	share_next(s);
}
