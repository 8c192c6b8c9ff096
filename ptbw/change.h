/*
 * change.h - another pool in the place of one that is in use
 *
 * Tokens that stay keep their places, as clients know them by their numbers;
 * what is new gets places behind them.  A token that is held and not in the
 * new pool is withdrawn when it comes back (pool.h).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PTBW_CHANGE_H
#define PTBW_CHANGE_H

#include <stddef.h>

#include "pool.h"
#include "tableau.h"

/* The names and comments that clients are reading: they stay for as long as one
 * of those is there. */
struct change_texts;

/* A client is going to read those of t.  *mine is what it reads already, NULL
 * at first.  1 if the texts stay; 0 if they have to be copied for it. */
int change_reads(struct change_texts **mine, const struct tableau *t);

/* It is gone. */
void change_read(struct change_texts *mine);

/* The numbers from 0 to n - 1.  -1 with ENOMEM. */
int change_numbers(struct pool *p, struct tableau *t, size_t n);

/* The tokens of fresh, which is used up.  Only if nothing is known of the old
 * ones, because nobody is there, their places are used anew. */
int change_names(struct pool *p, struct tableau *t, struct tableau *fresh,
    int nobody);

/* Numbers at the end that are no tokens any more, and held by nobody: their
 * places are forgotten.  The names stay. */
void change_trim(struct pool *p, const struct tableau *t);

/* The text by which a new pool is sent: the name of its source, its comments,
 * its tokens, a line each.  The caller frees it; NULL with ENOMEM. */
char *change_text(const struct tableau *t, size_t *len);

/* The same read again: -1 with the errno of tableau_read, and *line. */
int change_parse(struct tableau *t, char *text, size_t len, size_t *line);

#endif
