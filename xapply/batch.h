/*
 * batch.h - batches of several rows: as many as fit
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_BATCH_H
#define XAPPLY_BATCH_H

#include "source.h"

/* Have the next batch at the beginning of what is held, and its length in
 * params.  row adds a row to what is held. */
enum input_result batch_next(struct input *in,
    enum input_result (*row)(struct input *in));

#endif
