/*
 * input.h - the batches of parameters that a run is made of
 *
 * Parameters are operands, or lines of the files that the operands name.
 * Nothing here waits: when a pipe or a terminal has nothing yet, the loop of
 * event.h tells when it has.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_INPUT_H
#define XAPPLY_INPUT_H

#include <stddef.h>

#include "expand.h"

enum { INPUT_RECORD_MAX = 256 << 20 };   /* bytes of a line */

enum input_result { INPUT_BATCH, INPUT_END, INPUT_WAIT, INPUT_FAILED };

struct input_stream;

struct input {
	/* The owner's, set before input_begin; all else zero. */
	char **operand;            /* ended by NULL */
	size_t each;               /* parameters in a batch */
	int files;                 /* operands name files */
	char end;                  /* of a record: '\n' or NUL */
	const char *pad;           /* instead of lines that are missing */
	void (*ready)(void);       /* after INPUT_WAIT: worth another try */

	/* A batch: valid until the next is asked for. */
	struct expand_text *param, *file;
	size_t count;              /* batches so far */

	/* After INPUT_FAILED: the exit code, and for people what could not be
	 * read (it stays as long as the operands), and the reason. */
	int code;                  /* WK_DATA, WK_NOINPUT, WK_SYSTEM */
	const char *what;
	char reason[128];

	/* Private. */
	size_t operands, at;
	struct input_stream **slot, *standard;
	size_t filled;
	int some, opened;
	char *hold;
	size_t hold_len, hold_room;
	size_t *from;
};

/*
 * Look at all operands before anything starts.  INPUT_BATCH when all is well,
 * or INPUT_FAILED.  Takes our standard input over if an operand is "-", for
 * which the caller sees to what tasks have instead.
 */
enum input_result input_begin(struct input *in);

/* Does an operand stand for our standard input? */
int input_uses_stdin(const struct input *in);

enum input_result input_next(struct input *in);

/* How many batches there will be in all; 0 when that is not known. */
size_t input_total(const struct input *in);

/* No more batches are wanted. */
void input_end(struct input *in);

#endif
