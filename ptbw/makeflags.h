/*
 * makeflags.h - the environment by which make and others find a jobserver
 *
 * No input or output happens here.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PTBW_MAKEFLAGS_H
#define PTBW_MAKEFLAGS_H

/*
 * MAKEFLAGS with our options in place of those about jobs that old (or NULL)
 * has: what else is there stays.  The caller frees it; NULL: no memory.
 */
char *makeflags_with(const char *old, const char *options);

/* The options for a fifo, whose path may hold blanks; with r and w descriptors
 * as well, unless they are -1.  The caller frees it; NULL: no memory. */
char *makeflags_options(const char *fifo, int r, int w);

/*
 * The option of a command line that has make or ninja leave the jobserver (-j,
 * -j16, --jobs=16), or NULL; *number is the number of jobs it asks for, "" for
 * none, in the arguments.
 */
const char *makeflags_leaving(char *const *argv, const char **number);

/* True if it is a make, or a ninja, by the name that it is called by. */
int makeflags_is_make(const char *command);
int makeflags_is_ninja(const char *command);

#endif
