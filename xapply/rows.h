/*
 * rows.h - rows of parameters: operands, or lines of files side by side
 *
 * A slot is a place in a row; it has a file that lines are read from.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_ROWS_H
#define XAPPLY_ROWS_H

#include "source.h"

/* Add the next row to what is held. */
enum input_result rows_next(struct input *in);

/* Read the headers of the first row. */
enum input_result rows_header(struct input *in);

/* Close the files: there are no more rows. */
void rows_end(struct input *in);

/* 1 if this operand is standard input. */
int rows_is_stdin(const char *operand);

/* --- for other ways to make rows --- */

/* Open operand i for a slot, and close it. */
enum input_result slot_open(struct input *in, size_t slot, size_t i);
void slot_close(struct input *in, size_t slot);

/* The next line of a slot behind the header of its file.  slot_header reads
 * that alone, if it was not yet. */
enum input_result slot_line(struct input *in, size_t slot,
    struct expand_text *t);
enum input_result slot_header(struct input *in, size_t slot);

/* A slot has this header, of what. */
enum input_result input_take_header(struct input *in, size_t slot,
    const char *what, struct expand_text t);

/* Add a text to the present row, taken apart into columns if they are wanted.
 * file: the operand that it comes from. */
enum input_result input_add(struct input *in, size_t slot,
    struct expand_text t, const char *file);

/* Take a line apart, and add its columns to a hold.  It comes from an operand,
 * and from the stream of that unless this is NULL. */
enum input_result rows_take_apart(struct input *in, struct hold *h,
    struct expand_text t, const char *operand,
    const struct input_stream *s);

#endif
