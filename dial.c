/*
 * dial.c - connect to a diversion from within the loop
 *
 * div_dial does the work; here it is told when to go on.  Its descriptor may
 * be another one after each step, so it is forgotten before and watched anew
 * behind it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "dial.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static void
stop_watching(struct dial *l)
{
	ev_forget(&l->io);
	ev_timer_stop(&l->retry);
}

static void
finish(struct dial *l, int fd)
{
	int e = errno;

	stop_watching(l);
	ev_timer_stop(&l->deadline);
	l->active = 0;
	errno = e;
	l->done(l, fd);
}

/* What a step of div_dial returned. */
static void
stepped(struct dial *l, int r)
{
	if (r != 0) {
		finish(l, r == 1 ? l->d.fd : -1);
	} else if (l->d.later) {
		ev_timer_set(&l->retry, DIV_RETRY_MS);
	} else {
		l->io.fd = l->d.fd;
		if (ev_want(&l->io, EV_READ) != 0) {
			div_dial_end(&l->d);
			finish(l, -1);
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
readable(struct ev_io *io, int what)
{
	(void)what;
	go_on((struct dial *)((char *)io - offsetof(struct dial, io)));
}

static void
retry(struct ev_timer *t)
{
	go_on((struct dial *)((char *)t - offsetof(struct dial, retry)));
}

static void
too_late(struct ev_timer *t)
{
	struct dial *l = (struct dial *)((char *)t -
	    offsetof(struct dial, deadline));

	stop_watching(l);
	div_dial_end(&l->d);
	errno = ETIMEDOUT;
	finish(l, -1);
}

void
dial_start(struct dial *l, const char *path, int hops, int ms,
    void (*done)(struct dial *l, int fd))
{
	memset(l, 0, sizeof *l);
	l->io.ready = readable;
	l->retry.expired = retry;
	l->deadline.expired = too_late;
	l->done = done;
	l->active = 1;
	ev_timer_set(&l->deadline, ms);
	stepped(l, div_dial(&l->d, path, hops));
}

void
dial_cancel(struct dial *l)
{
	if (!l->active)
		return;
	l->active = 0;
	stop_watching(l);
	ev_timer_stop(&l->deadline);
	div_dial_end(&l->d);
}
