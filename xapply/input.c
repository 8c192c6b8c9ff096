/*
 * input.c - the batches of parameters that a run is made of
 *
 * SPDX-License-Identifier: ISC
 */
#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"
#include "batch.h"
#include "columns.h"
#include "rows.h"
#include "sides.h"
#include "stream.h"

static int
input_is_separator(const struct input *in, const char *operand)
{
	return in->separator != NULL && strcmp(operand, in->separator) == 0;
}

int
input_uses_stdin(const struct input *in)
{
	size_t i;

	for (i = 0; in->files && in->operand[i] != NULL; i++)
		if (rows_is_stdin(in->operand[i]))
			return 1;
	return 0;
}

int
input_is_plain(const struct input *in)
{
	return !in->files && !in->batched && !in->header &&
	    in->columns == NULL && in->lists == INPUT_ONE_LIST;
}

size_t
input_total(const struct input *in)
{
	if (in->blocks > 0)
		return in->blocks;
	if (in->files || in->batched)
		return 0;
	if (in->lists != INPUT_ONE_LIST)
		return sides_total(in);
	return in->operands / in->each - (in->header != 0);
}

/* --- batches --- */

static enum input_result
row(struct input *in)
{
	return in->lists != INPUT_ONE_LIST ? sides_row(in) : rows_next(in);
}

/* The first params texts that are held are the batch. */
static enum input_result
show_batch(struct input *in)
{
	struct expand_text *param = in->param, *file = in->file;
	size_t i, room = in->params + in->params / 2;

	if (in->params > in->room) {
		param = realloc(in->param, room * sizeof *param);
		in->param = param != NULL ? param : in->param;
		file = realloc(in->file, room * sizeof *file);
		in->file = file != NULL ? file : in->file;
		if (param == NULL || file == NULL)
			return input_no_memory(in);
		in->room = room;
	}
	for (i = 0; i < in->params; i++) {
		param[i] = hold_text(&in->hold, i);
		file[i] = hold_at(&in->hold, i)->file;
	}
	in->count++;
	return INPUT_BATCH;
}

/* Drop the batch that has been used. */
static void
drop_batch(struct input *in)
{
	size_t i;

	for (i = 0; in->batched && i < in->params; i++)
		in->cost_held -= hold_at(&in->hold, i)->cost;
	hold_drop(&in->hold, in->params);
	in->params = 0;
}

enum input_result
input_next(struct input *in)
{
	enum input_result r;

	if (in->params > 0)
		drop_batch(in);
	if (in->batched) {
		r = batch_next(in, row);
	} else {
		r = row(in);
		in->params = r == INPUT_BATCH ? hold_count(&in->hold) : 0;
	}
	return r == INPUT_BATCH ? show_batch(in) : r;
}

void
input_shrink(struct input *in, size_t rows)
{
	in->params = rows * in->each;
}

/* --- the beginning and the end --- */

/* Find out whether a table is well-formed, before anything is done with the
 * half of it that is.  What is no plain file is only found out as it comes. */
static enum input_result
look_through(struct input *in, const char *name)
{
	struct input_stream *s = stream_open(in, name);
	struct hold columns = { .first = 0 };
	enum input_result r = INPUT_BATCH;
	struct expand_text t;

	if (s == NULL)
		return input_fail_errno(in, WK_NOINPUT, name, errno);
	while (r == INPUT_BATCH && s->always) {
		r = stream_line(s, &t);
		hold_keep(&columns, 0);
		if (r == INPUT_BATCH)
			r = rows_take_apart(in, &columns, t, name, s);
	}
	stream_close(s);
	hold_free(&columns);
	return r == INPUT_FAILED ? r : INPUT_BATCH;
}

/* A file that is missing is found before anything starts, though files are
 * opened as they come to be read. */
static enum input_result
check_files(struct input *in)
{
	struct stat st;
	size_t i;
	const char *name;

	for (i = 0; i < in->operands; i++) {
		name = in->operand[i];
		if (rows_is_stdin(name) || input_is_separator(in, name))
			continue;
		if (stat(name, &st) != 0 || access(name, R_OK) != 0)
			return input_fail_errno(in, WK_NOINPUT, name, errno);
		if (S_ISDIR(st.st_mode))
			return input_fail_errno(in, WK_NOINPUT, name, EISDIR);
		if (in->columns != NULL && S_ISREG(st.st_mode) &&
		    in->columns->kind == COLUMNS_CSV &&
		    look_through(in, name) != INPUT_BATCH)
			return INPUT_FAILED;
	}
	return INPUT_BATCH;
}

static enum input_result
check_operands(struct input *in)
{
	for (in->operands = 0; in->operand[in->operands] != NULL; )
		in->operands++;
	if (in->lists == INPUT_ONE_LIST && in->operands % in->each != 0)
		return input_fail(in, WK_DATA,
		    in->files ? "files" : "parameters",
		    "%zu are no multiple of %zu", in->operands, in->each);
	return in->files ? check_files(in) : INPUT_BATCH;
}

enum input_result
input_begin(struct input *in)
{
	enum input_result r = check_operands(in);

	if (r != INPUT_BATCH)
		return r;
	in->slot = calloc(in->each, sizeof *in->slot);
	in->columns_of = calloc(in->each, sizeof *in->columns_of);
	if (in->slot == NULL || in->columns_of == NULL)
		return input_no_memory(in);
	if (in->lists != INPUT_ONE_LIST)
		r = sides_begin(in);
	if (r == INPUT_BATCH && input_uses_stdin(in)) {
		in->standard = stream_standard(in);
		if (in->standard == NULL)
			r = input_fail_errno(in, WK_SYSTEM, "standard input",
			    errno);
	}
	return r;
}

enum input_result
input_header(struct input *in)
{
	enum input_result r = INPUT_BATCH;
	size_t i;

	if (!in->header || in->operands == 0)
		return r;
	r = in->lists != INPUT_ONE_LIST ? sides_header(in) : rows_header(in);
	if (r != INPUT_BATCH)
		return r;
	in->names = hold_count(&in->names_held);
	in->name = calloc(in->names + 1, sizeof *in->name);
	if (in->name == NULL)
		return input_no_memory(in);
	for (i = 0; i < in->names; i++)
		in->name[i] = hold_text(&in->names_held, i);
	return r;
}

void
input_end(struct input *in)
{
	wk_timer_stop(&in->patience);
	rows_end(in);
	if (in->side != NULL)
		sides_end(in);
	stream_close(in->standard);
	in->standard = NULL;
}
