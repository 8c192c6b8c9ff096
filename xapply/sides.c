/*
 * sides.c - several lists: each parameter with each, or side by side
 *
 * The first list of a product is read as it comes.  The others are kept, as
 * each of their texts is needed again and again.
 *
 * SPDX-License-Identifier: ISC
 */
#include "sides.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "rows.h"
#include "stream.h"

/* A list: operands, or the lines of the files that they name. */
struct side {
	size_t first, at, end;     /* operands: the first, the present one, and
	                              the one behind the last */
	struct hold kept;          /* of the first list: its present text */
	size_t now;                /* the one of them that is next in a row */
	int loaded;                /* all are there */
};

static int
sides_separator(const struct input *in, size_t i)
{
	return in->separator != NULL &&
	    strcmp(in->operand[i], in->separator) == 0;
}

enum input_result
sides_begin(struct input *in)
{
	struct side *s = calloc(in->each, sizeof *s);
	size_t i, n = 0;

	if (s == NULL)
		return input_no_memory(in);
	in->side = s;
	for (i = 0; i < in->operands; i++) {
		if (sides_separator(in, i)) {
			n++;
			s[n].first = s[n].end = i + 1;
		} else if (in->separator == NULL) {
			s[i].first = i;
			s[i].end = i + 1;
		} else {
			s[n].end = i + 1;
		}
	}
	for (i = 0; i < in->each; i++)
		s[i].at = s[i].first;
	return INPUT_BATCH;
}

static enum input_result
no_product(struct input *in, size_t i)
{
	const struct side *s = &in->side[i];

	if (in->files && s->end == s->first + 1)
		return input_fail(in, WK_DATA, in->operand[s->first],
		    "no line, so there is no product");
	return input_fail(in, WK_DATA, "--product",
	    "list %zu is empty, so there is no product", i + 1);
}

/* Have the present file of a list open; INPUT_END: there is none. */
static enum input_result
have_open(struct input *in, size_t i)
{
	struct side *s = &in->side[i];

	if (s->at == s->end)
		return INPUT_END;
	return in->slot[i] != NULL ? INPUT_BATCH : slot_open(in, i, s->at);
}

static enum input_result
header_of_side(struct input *in, size_t i)
{
	struct side *s = &in->side[i];
	const char *word = s->at < s->end ? in->operand[s->at] : "";
	enum input_result r;

	if (!in->files) {
		s->at += s->at < s->end;
		return input_take_header(in, i, word,
		    (struct expand_text){ word, strlen(word) });
	}
	r = have_open(in, i);
	if (r == INPUT_END)
		return input_take_header(in, i, "--sep",
		    (struct expand_text){ "", 0 });
	return r == INPUT_BATCH ? slot_header(in, i) : r;
}

enum input_result
sides_header(struct input *in)
{
	enum input_result r = INPUT_BATCH;

	for (; in->filled < in->each; in->filled++) {
		r = header_of_side(in, in->filled);
		if (r != INPUT_BATCH)
			return r;
	}
	in->filled = 0;
	return r;
}

/* The next text of a list, and the operand that it comes from. */
static enum input_result
side_text(struct input *in, size_t i, struct expand_text *t,
    const char **operand)
{
	struct side *s = &in->side[i];
	enum input_result r;

	for (;;) {
		if (s->at == s->end)
			return INPUT_END;
		*operand = in->operand[s->at];
		if (!in->files) {
			*t = (struct expand_text){ *operand,
			    strlen(*operand) };
			s->at++;
			return INPUT_BATCH;
		}
		r = have_open(in, i);
		if (r == INPUT_BATCH)
			r = slot_line(in, i, t);
		if (r != INPUT_END)
			return r;
		slot_close(in, i);
		s->at++;
	}
}

/* --- side by side --- */

static enum input_result
row_of_zip(struct input *in)
{
	enum input_result r;
	struct expand_text t = { "", 0 };
	const char *operand = "";

	if (in->filled == 0) {
		in->some = 0;
		in->row = hold_count(&in->hold);
	}
	for (; in->filled < in->each; in->filled++) {
		operand = "";
		r = side_text(in, in->filled, &t, &operand);
		if (r == INPUT_WAIT || r == INPUT_FAILED)
			return r;
		in->some |= r == INPUT_BATCH;
		if (r == INPUT_END)
			t = (struct expand_text){ in->pad, strlen(in->pad) };
		r = input_add(in, in->filled, t, operand);
		if (r != INPUT_BATCH)
			return r;
	}
	in->filled = 0;
	if (in->some)
		return INPUT_BATCH;
	hold_keep(&in->hold, in->row);
	return INPUT_END;
}

/* --- a product --- */

static enum input_result
keep_next(struct input *in, size_t i)
{
	struct expand_text t;
	const char *operand;
	enum input_result r = side_text(in, i, &t, &operand);

	if (r == INPUT_BATCH && hold_add(&in->side[i].kept, t.data, t.len,
	    (struct expand_text){ operand, strlen(operand) }) != 0)
		return input_no_memory(in);
	return r;
}

static enum input_result
load_side(struct input *in, size_t i)
{
	struct side *s = &in->side[i];
	enum input_result r = INPUT_BATCH;

	while (r == INPUT_BATCH && !s->loaded) {
		r = keep_next(in, i);
		s->loaded = r == INPUT_END;
	}
	if (s->loaded)
		return hold_count(&s->kept) > 0 ? INPUT_BATCH :
		    no_product(in, i);
	return r;
}

/* Have all lists but the first, and of that the present text. */
static enum input_result
have_all(struct input *in)
{
	struct side *first = &in->side[0];
	enum input_result r;
	size_t i;

	for (i = 1; i < in->each; i++) {
		r = load_side(in, i);
		if (r != INPUT_BATCH)
			return r;
	}
	if (hold_count(&first->kept) > 0)
		return INPUT_BATCH;
	r = keep_next(in, 0);
	in->some |= r == INPUT_BATCH;
	return r == INPUT_END && !in->some ? no_product(in, 0) : r;
}

static void
next_of_product(struct input *in)
{
	struct side *s;
	size_t i;

	for (i = in->each; i-- > 1; ) {
		s = &in->side[i];
		if (++s->now < hold_count(&s->kept))
			return;
		s->now = 0;
	}
	hold_keep(&in->side[0].kept, 0);
}

static enum input_result
row_of_product(struct input *in)
{
	enum input_result r = have_all(in);
	const struct side *s;
	size_t i;

	for (i = 0; i < in->each && r == INPUT_BATCH; i++) {
		s = &in->side[i];
		r = input_add(in, i, hold_text(&s->kept, s->now),
		    hold_at((struct hold *)&s->kept, s->now)->file.data);
	}
	if (r == INPUT_BATCH)
		next_of_product(in);
	return r;
}

enum input_result
sides_row(struct input *in)
{
	return in->lists == INPUT_ZIP ? row_of_zip(in) : row_of_product(in);
}

/* --- */

size_t
sides_total(const struct input *in)
{
	size_t i, n, longest = 0, product = 1;
	const struct side *s;

	for (i = 0; i < in->each; i++) {
		s = &in->side[i];
		n = s->end - s->first;
		n -= in->header && n > 0;
		longest = n > longest ? n : longest;
		product = n > 0 && product > SIZE_MAX / n ? 0 : product * n;
	}
	return in->lists == INPUT_ZIP ? longest : product;
}

void
sides_end(struct input *in)
{
	size_t i;

	for (i = 0; i < in->each; i++) {
		slot_close(in, i);
		hold_free(&in->side[i].kept);
		in->side[i].at = in->side[i].end;
	}
}
