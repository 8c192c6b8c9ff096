/*
 * share.c - one connection for many sections of a process
 *
 * SPDX-License-Identifier: ISC
 */
#include "share.h"

#include <stddef.h>

static struct share *
share_of(struct talk *t)
{
	return (struct share *)((char *)t - offsetof(struct share, talk));
}

/* The member whose turn is next, or NULL. */
static struct share_member *
share_first(const struct share *s)
{
	struct turn *t = turn_next(&s->queue);

	return t == NULL ? NULL : (struct share_member *)((char *)t -
	    offsetof(struct share_member, turn));
}

/* End the connection's turn: the next client of the master may have it. */
static void
give_back(struct share *s)
{
	flow_leave(&s->output);
	s->wanted = 0;
	talk_yield(&s->talk);
}

/* No member is writing: the next one may.  A member has each turn that we get,
 * even if another client waits: two runs that share their connections would
 * otherwise only pass it to and fro. */
static void
share_next(struct share *s)
{
	struct share_member *m = share_first(s);

	if (s->wanted && talk_has_turn(&s->talk) && (s->used || m == NULL))
		give_back(s);
	if (m == NULL)
		return;
	if (!talk_has_turn(&s->talk)) {
		talk_ask(&s->talk, m->words);
		return;
	}
	turn_take(&s->queue, &m->turn);
	s->holder = m;
	s->used = 1;
	m->granted(m, &s->output);
}

/* --- what the connection reports --- */

/* All bytes go through the flows of the members. */
static void
share_output_says(struct flow *f, int what)
{
	(void)f, (void)what;
}

static void
share_granted(struct talk *t)
{
	struct share *s = share_of(t);

	s->used = 0;
	flow_sink(&s->output, talk_take(t, TALK_OUT));
	share_next(s);
}

static void
share_wanted(struct talk *t)
{
	struct share *s = share_of(t);

	s->wanted = 1;
	if (s->holder == NULL)
		share_next(s);
}

/* Those that wait come first: they are not to be granted what another one
 * leaves. */
static void
share_ended(struct talk *t, enum talk_end why)
{
	struct share *s = share_of(t);
	struct share_member *m, *after;

	(void)why;
	talk_close(t);
	s->wanted = 0;
	while ((m = share_first(s)) != NULL) {
		turn_take(&s->queue, &m->turn);
		m->lost(m);
	}
	for (m = s->members; m != NULL; m = after) {
		after = m->next;
		m->lost(m);
	}
	if (s->holder == NULL)
		flow_leave(&s->output);
}

/* --- members --- */

static int
share_open(struct share *s, const char *path, struct talk_answers *answers)
{
	flow_begin(&s->output, share_output_says);
	s->talk.xid = s->xid;
	s->talk.answers = answers;
	s->talk.keeps = 1;
	s->talk.granted = share_granted;
	s->talk.wanted = share_wanted;
	s->talk.ended = share_ended;
	return talk_open(&s->talk, path);
}

int
share_enter(struct share *s, struct share_member *m, const char *path,
    struct talk_answers *answers)
{
	/* an output of a master that is gone may still have its holder */
	if (s->talk.state == TALK_NONE && s->holder == NULL &&
	    share_open(s, path, answers) != 0)
		return -1;
	m->turn.name = m->xid;
	m->turn.arrival = s->count++;
	m->next = s->members;
	m->at = &s->members;
	if (s->members != NULL)
		s->members->at = &m->next;
	s->members = m;
	return 0;
}

void
share_ask(struct share *s, struct share_member *m, unsigned words)
{
	m->words |= words;
	m->turn.status = talk_value(m->words);
	if (s->talk.state == TALK_NONE || turn_put(&s->queue, &m->turn) != 0)
		m->lost(m);
	else if (s->holder == NULL)
		share_next(s);
}

void
share_leave(struct share *s, struct share_member *m)
{
	if (m->at == NULL)
		return;
	turn_take(&s->queue, &m->turn);
	*m->at = m->next;
	if (m->next != NULL)
		m->next->at = m->at;
	m->at = NULL;
	if (s->holder != m)
		return;
	s->holder = NULL;
	if (s->talk.state != TALK_NONE)
		share_next(s);
	else
		flow_leave(&s->output);
}
