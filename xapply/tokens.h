/*
 * tokens.h - the sets of tokens that the tasks of a run hold
 *
 * Each set has so many tokens of a ptbw's pool, or, without a ptbw, one
 * number that no other running task has.  Only the first set is waited for:
 * who holds one already is given another when the pool has it free, so runs
 * that share a pool, or are nested, all get on.
 *
 * A run within a task of another run on the same pool begins with the tokens
 * of that task: it waits for us, and would otherwise hold what we need.  Only
 * one run of a task does so at a time, which a lock on a file of the outer
 * run's sees to.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_TOKENS_H
#define XAPPLY_TOKENS_H

#include <stddef.h>
#include <stdint.h>

#include "wire/broker.h"
#include "base/event.h"
#include "expand.h"

struct token_set {
	struct expand_text *name;   /* of each token */
	uint32_t *index;
	int held;
};

struct tokens {
	/* The owner's, set first; all else zero. */
	size_t sets, each;          /* at most so many, of so many tokens; see
	                               tokens_limit */
	void (*ready)(void);        /* a set may be had now */
	int keep;                   /* one that ready() does not take is for
	                               later, and not for others */

	/* To be read. */
	struct expand_text source;  /* data NULL: none */
	int fd;                     /* for tasks to inherit, or -1 */
	const int *also;            /* more such, ended by -1 */
	int error;                  /* the master is lost: errno, or 0 */
	size_t held;                /* sets */

	/* Private. */
	struct token_set *set;
	size_t room;                /* of them */
	size_t at;
	struct broker broker;
	struct wk_io io;
	struct wk_timer again;
	char *source_name, *names;
	struct expand_text *all;    /* names of the pool's tokens */
	size_t pool;
	int asked, granted;
	const char *path;
	int extra[4];               /* the tie, the file and the lock's, ended by
	                               -1 */
	int file;                   /* whose bytes are locked, or -1 */
	struct token_set first;     /* what was asked for and waited for */
	struct token_set given;     /* of the task that we are in */
	int lent;                   /* the file in which to lock it, or -1 */
	int lent_again;             /* the same, opened once more, or -1 */
	long lent_at;
	int locked;
};

enum { TOKENS_VARIABLES = 2 };
#define TOKENS_FAILED ((size_t)-1)

/* Sets of plain numbers; with each 0, of nothing. -1 with errno. */
int tokens_plain(struct tokens *t);

/*
 * Sets of the pool at path.  -1 with errno: those of broker_open,
 * ENOSPC the pool has less than one set; the loop must have begun.
 */
int tokens_open(struct tokens *t, const char *path);

/*
 * A set, or NULL when there is none now: ready is called when it is worth
 * trying again, unless error is set.
 */
struct token_set *tokens_take(struct tokens *t);

void tokens_give(struct tokens *t, struct token_set *s);

/* The same of one that was not used: it is the next again. */
void tokens_unused(struct tokens *t, struct token_set *s);

/*
 * The variables that tell a task what it holds, "NAME=VALUE", allocated: at
 * most TOKENS_VARIABLES, their number is returned; TOKENS_FAILED with errno.
 */
size_t tokens_variables(const struct tokens *t, const struct token_set *s,
    char **vars);

/* From now on at most so many sets, for those that are to be handed out.  -1
 * with errno. */
int tokens_limit(struct tokens *t, size_t sets);

/* The run is over: all that is not held any more goes back.  -1 with errno
 * when the master is gone. */
int tokens_close(struct tokens *t);

#endif
