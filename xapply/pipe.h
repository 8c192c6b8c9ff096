/*
 * pipe.h - records on standard input, in blocks for the tasks (--pipe)
 *
 * A block is so many whole records as fit its size.  What comes from a stream
 * is held in memory, a block for each task; of a file only its place is kept,
 * and the bytes go to the task within the kernel where that can be.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_PIPE_H
#define XAPPLY_PIPE_H

#include <stddef.h>

#include "input.h"

struct block;

/* How to take the input apart; set before pipe_begin. */
struct pipe_how {
	size_t size;             /* bytes of a block at most; 0: 1 MiB, and
	                            more where the input is long */
	size_t jobs;             /* so many are held at a time, with size 0 */
	const char *file;        /* NULL: standard input */
	const char *end;         /* of a record */
	size_t end_len;          /* at least 1; it may hold a NUL */
	/* A file cannot be read to where it ended at first. */
	void (*lost)(const char *what, const char *reason);
};

/*
 * Open the input, and find the blocks of a file.  INPUT_BATCH when all is well,
 * or INPUT_FAILED, with code, what and reason in in, whose ready is called as
 * by input_next.
 */
enum input_result pipe_begin(struct input *in, const struct pipe_how *how);

/* As input_next, for a batch without parameters: the next block.  One that is
 * not taken is dropped.  No more than so many are held at a time. */
enum input_result pipe_next(struct input *in, size_t most);

/* The present block, the caller's from now on. */
struct block *pipe_take(void);

/* Where the block is that pipe_take is to return, and how long, as text;
 * returns its length. */
size_t pipe_place(char *text, size_t room);

/* No more blocks are wanted. */
void pipe_end(void);

/*
 * Begin to write a block into a new pipe, from its beginning: the end to read
 * from is the caller's.  -1 with errno.  And stop that: what was not read yet
 * is not wanted.
 */
int block_feed(struct block *b);
void block_stop(struct block *b);

/* NULL is nothing. */
void block_free(struct block *b);

#endif
