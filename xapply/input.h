/*
 * input.h - the batches of parameters that a run is made of
 *
 * Parameters are operands, or lines of the files that the operands name.
 * Nothing here waits: when a pipe or a terminal has nothing yet, the loop of
 * base/event.h calls ready() as soon as it has.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_INPUT_H
#define XAPPLY_INPUT_H

#include <stddef.h>

#include "base/buffer.h"
#include "expand.h"

enum { INPUT_LINE_MAX = 256 << 20 };     /* bytes of a line */

enum input_result {
	INPUT_BATCH,       /* there is one */
	INPUT_END,         /* there are no more */
	INPUT_WAIT,        /* there is none yet: try again after ready() */
	INPUT_FAILED       /* see code, what and reason */
};

struct input_stream;

struct input {
	/* Set by the caller before input_begin; all else zero. */
	char **operand;            /* ended by NULL; they stay until the end */
	size_t each;               /* parameters in a batch */
	int files;                 /* operands name files */
	char end;                  /* of a line: '\n' or NUL */
	const char *pad;           /* in the place of lines that are missing */
	void (*ready)(void);       /* after INPUT_WAIT: worth another try */
	size_t blocks;             /* of pipe.h, where their number is known */

	/* The batch: valid until the next call of input_next. */
	struct expand_text *param, *file;
	size_t count;              /* batches so far, with this one */

	/* After INPUT_FAILED: the exit code, and for people what could not be
	 * read (an operand, or a constant text) and the reason. */
	int code;                  /* WK_DATA, WK_NOINPUT, WK_SYSTEM */
	const char *what;
	char reason[128];

	/* Private. */
	size_t operands, at;       /* their number; the first of the batch */
	struct input_stream **slot, *standard;
	size_t filled;             /* slots whose line has been read */
	int some, opened;          /* a slot had a line; the files are open */
	struct buffer hold;        /* the lines of the batch */
	size_t *from;              /* where in hold the line of a slot begins */
};

/*
 * Check all operands before anything starts.  INPUT_BATCH when all is well, or
 * INPUT_FAILED.  If an operand is "-", takes a copy of standard input, from
 * which the caller must keep its tasks away.
 */
enum input_result input_begin(struct input *in);

/* 1 if standard input is one of the files. */
int input_uses_stdin(const struct input *in);

/* Read the next batch, into param and file. */
enum input_result input_next(struct input *in);

/* How many batches there will be in all; 0 when that is not known. */
size_t input_total(const struct input *in);

/* Close the files: no more batches are wanted.  The present one stays. */
void input_end(struct input *in);

#endif
