/*
 * sides.h - several lists: each parameter with each, or side by side
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_SIDES_H
#define XAPPLY_SIDES_H

#include "source.h"

/* Find the lists among the operands.  INPUT_FAILED: no memory. */
enum input_result sides_begin(struct input *in);

/* Read the headers of all lists. */
enum input_result sides_header(struct input *in);

/* Add the next row to what is held. */
enum input_result sides_row(struct input *in);

/* How many rows lists of operands make. */
size_t sides_total(const struct input *in);

/* Close the files, and free what is kept: there are no more rows. */
void sides_end(struct input *in);

#endif
