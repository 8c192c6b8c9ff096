/*
 * limit.h - how long a command may be
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_LIMIT_H
#define XAPPLY_LIMIT_H

#include <stddef.h>

enum {
	/* Bytes of one argument, with its NUL: what Linux has, and less than
	 * other systems. */
	LIMIT_WORD = 131072,
	/* Bytes of the batches that are read ahead, all together. */
	LIMIT_AHEAD = 8 << 20
};

/* So many bytes may the words of a program have, each with its NUL and a
 * pointer, beside the environment of this process. */
size_t limit_words(void);

#endif
