/*
 * batch.c - batches of several rows: as many as fit
 *
 * As many rows are read ahead as all shares of a list may have, if they come at
 * once.  So when the list is at an end before that, what there is becomes
 * shares of the same size, and each processor has one.  A list that comes
 * slowly is waited for only a moment, which the end of a pipe needs to be seen:
 * then its first full batch is used.
 *
 * SPDX-License-Identifier: ISC
 */
#include "batch.h"

#include <stddef.h>

enum { PATIENCE_MS = 100 };

static size_t
rows_held(const struct input *in)
{
	return hold_count(&in->hold) / in->each;
}

/* 1 if what is held is enough for a batch that cannot have more. */
static int
has_batch(const struct input *in)
{
	return rows_held(in) >= in->max_rows || in->cost_held > in->max_cost;
}

/* 1 if it is more than all shares could have.  (Divided, as the limits times
 * the shares may be more than there are numbers.) */
static int
has_more(const struct input *in)
{
	size_t rows = rows_held(in);

	if (in->shares <= 1)
		return has_batch(in);
	return (rows > 0 && (rows - 1) / in->shares >= in->max_rows) ||
	    (in->cost_held > 0 &&
	    (in->cost_held - 1) / in->shares >= in->max_cost);
}

/* Note what the row that was added last costs. */
static void
measure_row(struct input *in)
{
	size_t i = hold_count(&in->hold) - in->each;
	struct expand_text t;
	struct held *h;

	for (; i < hold_count(&in->hold); i++) {
		h = hold_at(&in->hold, i);
		t = hold_text(&in->hold, i);
		h->cost = in->cost(&t, &h->file);
		in->cost_held += h->cost;
	}
}

static size_t
row_cost(struct input *in, size_t row)
{
	size_t i, cost = 0;

	for (i = row * in->each; i < (row + 1) * in->each; i++)
		cost += hold_at(&in->hold, i)->cost;
	return cost;
}

/* How many rows the next batch has: an even share of the end of the list, as
 * far as it fits. */
static size_t
choose_rows(struct input *in)
{
	size_t rows = rows_held(in), wanted = in->max_rows, n, cost = 0;

	if (in->over && in->shares > 1) {
		wanted = (rows + in->shares - 1) / in->shares;
		in->shares--;
	}
	if (wanted > in->max_rows)
		wanted = in->max_rows;
	if (wanted > rows)
		wanted = rows;
	for (n = 0; n < wanted; n++) {
		cost += row_cost(in, n);
		if (cost > in->max_cost)
			break;
	}
	return n > 0 ? n : 1;
}

static void
out_of_patience(struct wk_timer *t)
{
	struct input *in = (struct input *)((char *)t -
	    offsetof(struct input, patience));

	in->waited = 1;
	in->ready();
}

/* 1 if a batch is there, and more has not come in time. */
static int
is_enough(struct input *in)
{
	if (!has_batch(in))
		return 0;
	if (!in->waited && !in->patience.set) {
		in->patience.expired = out_of_patience;
		wk_timer_set(&in->patience, PATIENCE_MS);
	}
	return in->waited;
}

enum input_result
batch_next(struct input *in, enum input_result (*row)(struct input *in))
{
	enum input_result r = INPUT_BATCH;

	while (!in->over && !has_more(in)) {
		r = row(in);
		if (r == INPUT_BATCH)
			measure_row(in);
		else if (r == INPUT_END)
			in->over = 1;
		else if (r == INPUT_FAILED || !is_enough(in))
			return r;
		else
			break;
	}
	wk_timer_stop(&in->patience);
	in->waited = 0;
	if (rows_held(in) == 0)
		return INPUT_END;
	in->params = choose_rows(in) * in->each;
	return INPUT_BATCH;
}
