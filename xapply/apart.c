/*
 * apart.c - what a task writes to stderr, as a section of its own
 *
 * SPDX-License-Identifier: ISC
 */
#include "apart.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "wire/late.h"

/* Nothing is written for what has no data. */
static void
apart_begin(struct apart *a)
{
	struct section_texts t = section_texts(a->like);
	int fd;

	if (!a->writing || flow_has_sink(&a->flow) || a->flow.failed ||
	    a->flow.total == 0)
		return;
	fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0) {
		a->flow.failed = 1;
		a->flow.error = errno;
		return;
	}
	flow_front(&a->flow, t.title, t.title_len);
	flow_sink(&a->flow, fd);
}

static void
apart_look(struct apart *a)
{
	struct section_texts t = section_texts(a->like);

	apart_begin(a);
	if (!a->writing || a->done)
		return;
	if (flow_ended(&a->flow) && a->flow.total > 0 && !a->ruled) {
		a->ruled = 1;
		flow_put(&a->flow, t.rule, t.rule_len);
	}
	a->done = a->flow.failed ||
	    (flow_ended(&a->flow) && flow_idle(&a->flow) &&
	    !flow_end_colour(&a->flow));
	if (!a->done)
		return;
	if (a->flow.late >= 0)
		late_copy_error(a->flow.late);
	a->flow.late = -1;
	a->over(a);
}

static void
apart_says(struct flow *f, int what)
{
	(void)what;
	apart_look((struct apart *)f);
}

static void
apart_soon(struct wk_timer *t)
{
	apart_look((struct apart *)((char *)t - offsetof(struct apart, soon)));
}

void
apart_open(struct apart *a, const struct section *like, int source)
{
	a->like = like;
	a->source = source;
	flow_begin(&a->flow, apart_says);
	a->flow.cap = like->has_cap ? like->cap : SECTION_CAP;
	a->flow.spill = a->flow.keep_late = 1;
	if (a->copy >= 0)
		a->flow.copy = &a->copy;
}

/* The task has ended, and the flow has the source. */
static void
apart_linger(struct apart *a)
{
	if (a->ended && a->source < 0 && !flow_ended(&a->flow))
		flow_linger(&a->flow, a->linger_ms);
}

void
apart_ready(struct apart *a)
{
	struct section_texts t = section_texts(a->like);

	if (a->source < 0)
		return;
	a->change.tag_coloured = t.coloured != NULL && isatty(STDERR_FILENO);
	a->change.tag = a->change.tag_coloured ? t.coloured : t.tag;
	a->change.tag_len = a->change.tag_coloured ? t.coloured_len :
	    t.tag_len;
	a->change.newline = a->like->newline;
	if (t.tag != NULL || a->like->newline)
		a->flow.lines = &a->change;
	flow_source(&a->flow, a->source, 1);
	a->source = -1;
	apart_linger(a);
}

void
apart_ended(struct apart *a, int64_t linger_ms)
{
	a->ended = 1;
	a->linger_ms = linger_ms;
	apart_linger(a);
}

int
apart_source(const struct apart *a)
{
	return a->source >= 0 ? a->source : flow_source_fd(&a->flow);
}

int
apart_has_data(const struct apart *a)
{
	int fd = apart_source(a);

	return a->flow.total > 0 || (fd >= 0 && flow_has_bytes(fd));
}

void
apart_write(struct apart *a)
{
	a->writing = 1;
	a->soon.expired = apart_soon;
	wk_timer_set(&a->soon, 0);
}

int
apart_error(const struct apart *a)
{
	return a->flow.failed ? a->flow.error : 0;
}

int
apart_is_done(const struct apart *a)
{
	return a->done;
}

void
apart_close(struct apart *a)
{
	wk_timer_stop(&a->soon);
	flow_close(&a->flow);
	if (a->source >= 0)
		close(a->source);
	if (a->copy >= 0)
		close(a->copy);
}
