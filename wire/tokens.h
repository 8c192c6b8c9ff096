/*
 * tokens.h - sets of tokens for the tasks of a run, taken in a loop
 *
 * The client of a ptbw's pool for a program that has a loop.  A set has so many
 * tokens of the pool, or, without a pool, one number that no other set which is
 * held has.  Only the first set is waited for: a run that holds one already is
 * given another when the pool has it free, so runs that share a pool, or are
 * nested, all get on.  While nobody else wants tokens, a set goes from a task
 * straight to the next one, and the master is not asked.
 *
 * A run within a task of another run on the same pool begins with the tokens of
 * that task: the task waits for it, and would otherwise hold what it needs.
 * Only one run of a task does so at a time, which a lock on a file of the outer
 * run's sees to.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_TOKENS_H
#define WIRE_TOKENS_H

#include <stddef.h>
#include <stdint.h>

#include "base/event.h"
#include "broker.h"
#include "jobs.h"
#include "things.h"

struct token_set {
	char **name;                /* of each token, ended by NULL */
	uint32_t *index;
	int held;
	int owed;                   /* to be given back when the connection
	                               does not wait any more */
	int kept;                   /* for the next task, or to be given back */
};

struct tokens {
	/* The owner's, set first; all else zero. */
	size_t sets, each;          /* at most so many, of so many tokens; see
	                               tokens_limit */
	const char *lend;           /* the variable by which runs within a task
	                               find its tokens */
	void (*ready)(void);        /* a set may be had now */
	int keep;                   /* a set that ready() does not take is kept
	                               for later, not given back */

	struct jobs *jobs;          /* without a pool: each set but the first
	                               needs a job of that jobserver; or NULL */

	/* To be read. */
	const char *source;         /* of the pool; NULL: none */
	size_t pool;                /* tokens that it has */
	int fd;                     /* for tasks to inherit, or -1 */
	const int *also;            /* more such, ended by -1 */
	int untrusted;              /* the tokens have variables, which are not
	                               set: the pool is another user's */
	int error;                  /* the master is lost: errno, or 0 */
	size_t held;                /* sets */

	/* Private. */
	struct token_set *set;
	size_t room;                /* of them */
	size_t sets_used;           /* those from there on never were */
	size_t at;
	size_t owed, kept;          /* sets */
	struct broker broker;
	struct wk_io io;
	struct wk_timer again;
	size_t pool_now;            /* tokens, as the master said last */
	int look;                   /* ask, although we have the whole pool */
	char *names;                /* of all tokens, each with its NUL */
	char **name;                /* where each begins */
	char **thing;               /* where its line begins again that has
	                               variables, or NULL; NULL: none has */
	enum { TOKENS_IDLE, TOKENS_ASKED, TOKENS_GRANTED } first_is;
	const char *path;
	int extra[4];               /* the tie, the file and the lock's, ended
	                               by -1 */
	int file;                   /* whose bytes are locked, or -1 */
	unsigned long device, inode; /* of that file */
	struct token_set first;     /* what was asked for and waited for */
	struct token_set given;     /* of the task that this process is in */
	int lent;                   /* the file in which to lock it, or -1 */
	int lent_again;             /* the same, opened once more, or -1 */
	long lent_at;
	int locked;
};


/* Begin with sets of plain numbers; with each 0, of nothing.  -1 with errno. */
int tokens_plain(struct tokens *t);

/*
 * Begin with sets of the pool at path, which stays the caller's.  -1 with
 * errno: those of broker_open; ENOSPC: the pool has less than one set.  The
 * loop must have begun.
 */
int tokens_open(struct tokens *t, const char *path);

/*
 * A set, or NULL when there is none now: ready is called when it is worth
 * trying again, unless error is set.
 */
struct token_set *tokens_take(struct tokens *t);

/* Give a set back. */
void tokens_give(struct tokens *t, struct token_set *s);

/*
 * The same for a set whose next user may be there already: it is kept for
 * tokens_take, if nobody else wants it, until tokens_settle, which gives back
 * what is still there.  That must be called before anything is waited for.
 */
void tokens_pass(struct tokens *t, struct token_set *s);
void tokens_settle(struct tokens *t);

/* The same for a set that was not used: it is the next one again. */
void tokens_unused(struct tokens *t, struct token_set *s);

/* The variables of its tokens, and those that tell a task what it holds, added
 * to *vars.  -1 with errno. */
int tokens_variables(const struct tokens *t, const struct token_set *s,
    struct things *vars);

/* From now on at most so many sets, for those that are to be handed out.  -1
 * with errno. */
int tokens_limit(struct tokens *t, size_t sets);

/* The run is over: all that is not held any more goes back.  -1 with errno
 * when the master is gone. */
int tokens_close(struct tokens *t);

#endif
