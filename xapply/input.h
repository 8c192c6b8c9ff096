/*
 * input.h - the batches of parameters that a run is made of
 *
 * Parameters are operands, or lines of the files that the operands name.  Rows
 * of them come from operands or files side by side (rows.c), or from several
 * lists (sides.c); a line may be taken apart into columns (columns.c).  A
 * batch is one row, or as many as fit (batch.c).  Nothing here waits: when a
 * pipe or a terminal has nothing yet, the loop of base/event.h calls ready() as
 * soon as it has.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_INPUT_H
#define XAPPLY_INPUT_H

#include "source.h"

/*
 * Check all operands before anything starts.  INPUT_BATCH when all is well, or
 * INPUT_FAILED.  If an operand is "-", takes a copy of standard input, from
 * which the caller must keep its tasks away.
 */
enum input_result input_begin(struct input *in);

/* Read the headers, before the first batch: INPUT_BATCH once all are there.
 * Without header there is nothing to do. */
enum input_result input_header(struct input *in);

/* 1 if standard input is one of the files. */
int input_uses_stdin(const struct input *in);

/* Read the next batch, into param and file. */
enum input_result input_next(struct input *in);

/* The present batch is to have that many rows alone; the others come again. */
void input_shrink(struct input *in, size_t rows);

/* How many batches there will be in all; 0 when that is not known. */
size_t input_total(const struct input *in);

/* 1 if batch i (from 0) has the operands from i * each on. */
int input_is_plain(const struct input *in);

/* Close the files: no more batches are wanted.  The present one stays. */
void input_end(struct input *in);

#endif
