/*
 * dial.c - connect to a diversion from within the loop
 *
 * div_dial does the work, in steps that do not wait; here its descriptor is
 * watched between them.  That may be another one after each step, so it is
 * forgotten before a step and watched anew after it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "dial.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum { AT_ONCE = 100 };

/* Connections that the system has no room for now are tried again, AT_ONCE of
 * them at a time, the oldest first: so the cost of a target that accepts
 * nobody has a bound. */
static struct dial *waiting, **waiting_end = &waiting;

static void again(struct wk_timer *t);

static struct wk_timer retry = { .expired = again };

static void
dial_wait_for_room(struct dial *l)
{
	l->waits = 1;
	l->next = NULL;
	*waiting_end = l;
	waiting_end = &l->next;
	if (!retry.set)
		wk_timer_set(&retry, DIV_RETRY_MS);
}

/* Take a connection out of that list. */
static void
wait_no_more(struct dial *l)
{
	struct dial **p;

	for (p = &waiting; *p != l; p = &(*p)->next)
		;
	*p = l->next;
	if (*p == NULL)
		waiting_end = p;
	l->waits = 0;
}

static void
stop_watching(struct dial *l)
{
	wk_forget(&l->io);
	if (l->waits)
		wait_no_more(l);
}

static void
dial_finish(struct dial *l, int fd)
{
	int e = errno;

	stop_watching(l);
	wk_timer_stop(&l->deadline);
	l->active = 0;
	errno = e;
	l->done(l, fd);
}

/* What a step of div_dial returned. */
static void
stepped(struct dial *l, int r)
{
	if (r != 0) {
		dial_finish(l, r == 1 ? l->d.fd : -1);
	} else if (l->d.later) {
		dial_wait_for_room(l);
	} else {
		l->io.fd = l->d.fd;
		if (wk_watch(&l->io, WK_READ) != 0) {
			int e = errno;

			div_dial_end(&l->d);
			errno = e;
			dial_finish(l, -1);
		}
	}
}

static void
go_on(struct dial *l)
{
	stop_watching(l);
	stepped(l, div_dial_on(&l->d));
}

static void
dial_readable(struct wk_io *io, int what)
{
	(void)what;
	go_on((struct dial *)((char *)io - offsetof(struct dial, io)));
}

static void
again(struct wk_timer *t)
{
	struct dial *last = NULL, *l;
	int i;

	for (l = waiting; l != NULL; l = l->next)
		last = l;
	for (i = 0; i < AT_ONCE && (l = waiting) != NULL; i++) {
		go_on(l);
		if (l == last)          /* others came during this call */
			break;
	}
	if (waiting != NULL)
		wk_timer_set(t, DIV_RETRY_MS);
}

static void
too_late(struct wk_timer *t)
{
	struct dial *l = (struct dial *)((char *)t -
	    offsetof(struct dial, deadline));

	stop_watching(l);
	div_dial_end(&l->d);
	errno = ETIMEDOUT;
	dial_finish(l, -1);
}

void
dial_start(struct dial *l, const char *path, int hops, int confine, int ms,
    void (*done)(struct dial *l, int fd))
{
	memset(l, 0, sizeof *l);
	l->io.ready = dial_readable;
	l->deadline.expired = too_late;
	l->done = done;
	l->active = 1;
	wk_timer_set(&l->deadline, ms);
	stepped(l, div_dial_confined(&l->d, path, hops, confine));
}

void
dial_cancel(struct dial *l)
{
	if (!l->active)
		return;
	l->active = 0;
	stop_watching(l);
	wk_timer_stop(&l->deadline);
	div_dial_end(&l->d);
}
