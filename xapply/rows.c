/*
 * rows.c - rows of parameters: operands, or lines of files side by side
 *
 * Files are taken as many at a time as a row has parameters, and opened when
 * they are the next.
 *
 * SPDX-License-Identifier: ISC
 */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "columns.h"
#include "stream.h"

int
rows_is_stdin(const char *operand)
{
	return strcmp(operand, "-") == 0;
}

/* --- texts --- */

static enum input_result
rows_keep(struct input *in, struct hold *h, struct expand_text t,
    struct expand_text file)
{
	return hold_add(h, t.data, t.len, file) == 0 ? INPUT_BATCH :
	    input_no_memory(in);
}

enum input_result
rows_take_apart(struct input *in, struct hold *h, struct expand_text t,
    const char *operand, const struct input_stream *s)
{
	struct expand_text column, file = { operand, strlen(operand) };
	const char *what = s != NULL ? s->name : operand;
	struct columns_scan scan = { .at = 0 };
	char *at, *end;

	in->line.from = in->line.to = 0;
	if (buffer_reserve(&in->line, t.len + 1) != 0)
		return input_no_memory(in);
	at = memcpy(in->line.data, t.data, t.len);
	end = at + t.len;
	if (in->columns->kind == COLUMNS_CSV &&
	    columns_open(in->columns, at, t.len, &scan))
		return input_fail(in, WK_DATA, what, "a quote is left open");
	while (at != NULL) {
		if (columns_next(in->columns, &at, end, &column) != 0)
			return input_fail(in, WK_DATA, what, s != NULL ?
			    "line %zu: text behind a quoted column" :
			    "text behind a quoted column",
			    s != NULL ? s->line : 0);
		if (rows_keep(in, h, column, file) != INPUT_BATCH)
			return INPUT_FAILED;
	}
	return INPUT_BATCH;
}

/* A row that has fewer columns than the header gets empty ones; one that has
 * more is not what the header says. */
static enum input_result
match_header(struct input *in, size_t slot, size_t n, const char *operand)
{
	struct expand_text empty = { "", 0 };
	struct expand_text file = { operand, strlen(operand) };
	const struct input_stream *s = in->slot[slot];
	size_t wanted = in->columns_of[slot];

	if (n > wanted)
		return s != NULL ? input_fail(in, WK_DATA, s->name,
		    "line %zu has %zu columns, the header %zu", s->line, n,
		    wanted) : input_fail(in, WK_DATA, operand,
		    "it has %zu columns, the header %zu", n, wanted);
	for (; n < wanted; n++)
		if (rows_keep(in, &in->hold, empty, file) != INPUT_BATCH)
			return INPUT_FAILED;
	return INPUT_BATCH;
}

enum input_result
input_add(struct input *in, size_t slot, struct expand_text t,
    const char *file)
{
	size_t before = hold_count(&in->hold);
	enum input_result r;

	if (in->columns == NULL)
		return rows_keep(in, &in->hold, t, (struct expand_text){ file,
		    strlen(file) });
	r = rows_take_apart(in, &in->hold, t, file, in->slot[slot]);
	if (r == INPUT_BATCH && in->header)
		r = match_header(in, slot, hold_count(&in->hold) - before,
		    file);
	return r;
}

/* --- headers --- */

/* The names behind the first n are new: none may be there twice. */
static enum input_result
check_names(struct input *in, size_t n, const char *what)
{
	struct expand_text a, b;
	size_t i, j;

	for (i = n; i < hold_count(&in->names_held); i++) {
		a = hold_text(&in->names_held, i);
		for (j = 0; j < i && a.len > 0; j++) {
			b = hold_text(&in->names_held, j);
			if (a.len == b.len &&
			    memcmp(a.data, b.data, a.len) == 0)
				return input_fail(in, WK_DATA, what,
				    "the header has '%.*s' twice",
				    (int)(a.len < 60 ? a.len : 60), a.data);
		}
	}
	return INPUT_BATCH;
}

enum input_result
input_take_header(struct input *in, size_t slot, const char *what,
    struct expand_text t)
{
	size_t n = hold_count(&in->names_held);
	struct expand_text first, file = { what, strlen(what) };
	enum input_result r;

	if (slot < hold_count(&in->heading)) {
		first = hold_text(&in->heading, slot);
		if (first.len == t.len &&
		    memcmp(first.data, t.data, t.len) == 0)
			return INPUT_BATCH;
		return input_fail(in, WK_DATA, what,
		    "its header is not that of %s",
		    hold_at(&in->heading, slot)->file.data);
	}
	r = rows_keep(in, &in->heading, t, file);
	if (r != INPUT_BATCH)
		return r;
	r = in->columns == NULL ? rows_keep(in, &in->names_held, t, file) :
	    rows_take_apart(in, &in->names_held, t, what,
	    in->slot[slot]);
	if (r != INPUT_BATCH)
		return r;
	in->columns_of[slot] = hold_count(&in->names_held) - n;
	return check_names(in, n, what);
}

enum input_result
slot_header(struct input *in, size_t slot)
{
	struct input_stream *s = in->slot[slot];
	struct expand_text t = { "", 0 };
	enum input_result r = INPUT_BATCH;

	if (!in->header)
		return r;
	if (!s->headed)
		r = stream_line(s, &t);
	/* a file that is empty, or whose header another slot has taken */
	else if (slot < hold_count(&in->heading))
		return r;
	if (r == INPUT_WAIT || r == INPUT_FAILED)
		return r;
	s->headed = 1;
	in->headed |= r != INPUT_END;
	if (r == INPUT_END && slot < hold_count(&in->heading))
		return INPUT_BATCH;
	return input_take_header(in, slot, s->name, t);
}

/* Of operands. */
static enum input_result
header_of_operands(struct input *in)
{
	enum input_result r = INPUT_BATCH;
	const char *word;
	size_t i;

	for (i = 0; i < in->each && r == INPUT_BATCH; i++) {
		word = in->operand[in->at + i];
		r = input_take_header(in, i, word,
		    (struct expand_text){ word, strlen(word) });
	}
	in->at += in->each;
	return r;
}

/* --- files, a set at a time --- */

enum input_result
slot_open(struct input *in, size_t slot, size_t i)
{
	const char *name = in->operand[i];

	in->slot[slot] = rows_is_stdin(name) ? in->standard :
	    stream_open(in, name);
	if (in->slot[slot] == NULL)
		return input_fail_errno(in, WK_NOINPUT, name, errno);
	return INPUT_BATCH;
}

void
slot_close(struct input *in, size_t slot)
{
	if (in->slot[slot] != in->standard)
		stream_close(in->slot[slot]);
	in->slot[slot] = NULL;
}

enum input_result
slot_line(struct input *in, size_t slot, struct expand_text *t)
{
	enum input_result r = slot_header(in, slot);

	return r == INPUT_BATCH ? stream_line(in->slot[slot], t) : r;
}

static enum input_result
open_set(struct input *in)
{
	size_t i;

	for (i = 0; i < in->each; i++)
		if (slot_open(in, i, in->at + i) != INPUT_BATCH)
			return INPUT_FAILED;
	in->opened = 1;
	return INPUT_BATCH;
}

static void
close_set(struct input *in)
{
	size_t i;

	for (i = 0; i < in->each; i++)
		slot_close(in, i);
	in->opened = 0;
}

static enum input_result
header_of_set(struct input *in)
{
	enum input_result r = in->opened ? INPUT_BATCH : open_set(in);
	size_t i;

	for (i = 0; i < in->each && r == INPUT_BATCH; i++)
		r = slot_header(in, i);
	return r;
}

/* Read a line for each slot that has none yet; a file that has ended gives the
 * padding. */
static enum input_result
fill_slots(struct input *in)
{
	enum input_result r;
	struct expand_text t = { "", 0 };

	for (; in->filled < in->each; in->filled++) {
		r = slot_line(in, in->filled, &t);
		if (r == INPUT_WAIT || r == INPUT_FAILED)
			return r;
		in->some |= r == INPUT_BATCH;
		if (r == INPUT_END)
			t = (struct expand_text){ in->pad, strlen(in->pad) };
		r = input_add(in, in->filled, t,
		    in->operand[in->at + in->filled]);
		if (r != INPUT_BATCH)
			return r;
	}
	return INPUT_BATCH;
}

static enum input_result
row_of_files(struct input *in)
{
	enum input_result r = INPUT_BATCH;

	while (in->at < in->operands) {
		if (!in->opened && (r = open_set(in)) != INPUT_BATCH)
			return r;
		if (in->filled == 0) {
			in->some = 0;
			in->row = hold_count(&in->hold);
		}
		r = fill_slots(in);
		if (r != INPUT_BATCH)
			return r;
		in->filled = 0;
		if (in->some)
			return INPUT_BATCH;
		/* all its files have ended: what was added is padding */
		hold_keep(&in->hold, in->row);
		close_set(in);
		in->at += in->each;
	}
	return INPUT_END;
}

static enum input_result
row_of_operands(struct input *in)
{
	enum input_result r = INPUT_BATCH;
	const char *word;
	size_t i;

	if (in->at >= in->operands)
		return INPUT_END;
	for (i = 0; i < in->each && r == INPUT_BATCH; i++) {
		word = in->operand[in->at + i];
		r = input_add(in, i, (struct expand_text){ word,
		    strlen(word) }, word);
	}
	in->at += in->each;
	return r;
}

enum input_result
rows_header(struct input *in)
{
	return in->files ? header_of_set(in) : header_of_operands(in);
}

enum input_result
rows_next(struct input *in)
{
	return in->files ? row_of_files(in) : row_of_operands(in);
}

void
rows_end(struct input *in)
{
	if (in->opened)
		close_set(in);
	in->at = in->operands;
}
