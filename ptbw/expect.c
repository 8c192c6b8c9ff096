/*
 * expect.c - one token more, for clients that go on meanwhile
 *
 * Who is served, and who is asked to give back, depends on what each holds.
 * That changes with every request, so it is looked for anew each time, among
 * those alone that have ever asked with nE.
 *
 * SPDX-License-Identifier: ISC
 */
#include "expect.h"

#include <stddef.h>

static struct expect *announced;
static uint64_t turns;
static size_t asking;

void
expect_announce(struct expect *e, struct pool_holder *h)
{
	if (e->holder != NULL)
		return;
	e->holder = h;
	e->prev = NULL;
	e->next = announced;
	if (announced != NULL)
		announced->prev = e;
	announced = e;
}

/* What it asks for is granted, or it does not ask any more. */
static void
expect_now(struct expect *e, int is)
{
	asking -= e->is == EXPECT_ASKED;
	e->is = is;
	asking += is == EXPECT_ASKED;
}

void
expect_end(struct expect *e)
{
	if (e->holder == NULL)
		return;
	expect_now(e, EXPECT_NOTHING);
	if (e->prev != NULL)
		e->prev->next = e->next;
	else
		announced = e->next;
	if (e->next != NULL)
		e->next->prev = e->prev;
	e->holder = NULL;
}

int
expect_ask(const struct pool *p, struct expect *e)
{
	if (e->is == EXPECT_ASKED || pool_most(p, e->holder) == 0)
		return 0;
	expect_now(e, EXPECT_ASKED);
	e->turn = ++turns;
	return 1;
}

int
expect_leave(struct expect *e)
{
	int granted = e->is == EXPECT_GRANTED;

	expect_now(e, EXPECT_NOTHING);
	return !granted;
}

int
expect_any(void)
{
	return asking > 0;
}

/* Who holds fewest, and of those the oldest. */
static struct expect *
first_asking(void)
{
	struct expect *e, *first = NULL;

	for (e = asking > 0 ? announced : NULL; e != NULL; e = e->next)
		if (e->is == EXPECT_ASKED && (first == NULL ||
		    e->holder->held < first->holder->held ||
		    (e->holder->held == first->holder->held &&
		    e->turn < first->turn)))
			first = e;
	return first;
}

struct expect *
expect_ready(const struct pool *p)
{
	struct expect *e = p->up == NULL && p->free > 0 ?
	    first_asking() : NULL;

	if (e != NULL)
		expect_now(e, EXPECT_GRANTED);
	return e;
}

void
expect_given(struct expect *e, size_t n)
{
	e->told -= n < e->told ? n : e->told;
}

/*
 * Who is to give tokens back for the first that waits, and how many in *n.  Of
 * two that expect one, the other must have more than the first would have then:
 * or they would ask each other for ever.  One in the queue does not go on until
 * it is served, and never asks back: the last token alone is left for it.
 */
static struct expect *
gives_back(const struct pool *p, size_t *n)
{
	struct expect *e, *most = NULL, *first = first_asking();
	const struct pool_holder *w = p->up != NULL ? p->up :
	    first != NULL ? first->holder : NULL;
	size_t want = p->up != NULL ? w->want : 1, least;

	if (w == NULL || want <= p->free)
		return NULL;
	*n = want - p->free;
	least = p->up != NULL ? 1 : w->held + want;
	for (e = announced; e != NULL; e = e->next)
		if (e->holder != w && (most == NULL ||
		    e->holder->held > most->holder->held))
			most = e;
	return most != NULL && most->holder->held > least ? most : NULL;
}

void
expect_ask_back(const struct pool *p,
    int (*tell)(struct expect *e, size_t n))
{
	size_t missing = 0, n;
	struct expect *e, *from = announced != NULL ?
	    gives_back(p, &missing) : NULL;

	for (e = announced; e != NULL; e = e->next) {
		n = e == from ? missing : 0;
		if (n < e->holder->withdrawn)   /* no tokens any more */
			n = e->holder->withdrawn;
		if (e->told != n && tell(e, n))
			e->told = n;
	}
}
