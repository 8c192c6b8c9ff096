/*
 * source.h - where the tokens of a pool come from
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PTBW_SOURCE_H
#define PTBW_SOURCE_H

struct tableau;

/* The tokens of a file, or the end of the program with a message. */
void source_read_file(struct tableau *t, const char *path);

/* End it because of errno, with what could not be had. */
_Noreturn void source_failed(const char *what);

#endif
