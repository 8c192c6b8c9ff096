/*
 * space.h - the name space that a wrapw master presents
 *
 * Entries are numbered in the order in which they came; the number is a
 * cookie that stands in other processes' environments, so it is never used
 * for another name, not even when the entry has lost its targets.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WRAPW_SPACE_H
#define WRAPW_SPACE_H

#include <stddef.h>
#include <stdio.h>

/* Where a name leads: the paths that are tried, in order.  A union is never
 * changed: a new one takes its place, and a request that still uses the old
 * one holds it. */
struct space_union {
	unsigned holders;
	size_t count;
	char *path[];
};

struct space_entry {
	unsigned number;              /* its cookie */
	char *name;                   /* "ptbw_1", "ptbw_d" */
	size_t prefix;                /* bytes of the prefix, in name */
	int level;                    /* 0: detached */
	int chosen;                   /* <prefix>_link was "d" */
	struct space_union *targets;  /* NULL: unbound */
	unsigned long connects;
};

struct space {
	const char *own;              /* the path of our socket, the caller's */
	struct space_entry **entry;   /* an entry is never moved */
	size_t count;
};

enum space_mode { SPACE_REPLACE, SPACE_AFTER, SPACE_BEFORE, SPACE_CREATE };

/* So that no record is longer than its reader allows. */
enum { SPACE_TARGETS_MAX = 100, SPACE_ENTRIES_MAX = 4000 };

/*
 * Collect the diversions of an environment; those of our own prefix only with
 * everything.  -1 with errno: E2BIG more than SPACE_ENTRIES_MAX, ENOMEM.
 */
int space_collect(struct space *s, char *const envp[], const char *own_prefix,
    int everything);

/* Set the variable of each entry to own/NUMBER.  -1 with errno. */
int space_divert(const struct space *s);

/*
 * The entry that a cookie stands for: its number, its name, or its prefix
 * alone (then the tightest).  NULL when there is none.
 */
struct space_entry *space_find(const struct space *s, const char *cookie);

/* Why a name is not bound: what is wrong with the target, or else with the
 * name. */
enum space_reason {
	SPACE_TARGET_RELATIVE,
	SPACE_TARGET_CONTROL,
	SPACE_TARGET_CIRCLE,
	SPACE_TARGET_NO_SOCKET,
	SPACE_NAME_UNKNOWN,
	SPACE_NAME_BOUND,
	SPACE_NAME_FULL,
	SPACE_NAMES_FULL,
	SPACE_NO_MEMORY
};

/*
 * Bind a name to a target.  Returns the entry, which is the name space's; or
 * NULL, and the reason in *why.
 */
struct space_entry *space_bind(struct space *s, const char *target,
    const char *name, enum space_mode mode, enum space_reason *why);

/* The reason in words, for people; and whether it is the target's. */
const char *space_reason_text(enum space_reason why);
int space_blames_target(enum space_reason why);

/* Take a name's targets away; -1 when there is none. */
int space_unbind(struct space *s, const char *name);

/* Hold a union; release one, which may be NULL.  The last release frees it. */
struct space_union *space_hold(struct space_union *u);
void space_release(struct space_union *u);

/* True if a path leads through the socket at own, itself. */
int space_leads_to(const char *path, const char *own);

/*
 * The record of the name space, NUL-terminated entries (see PROTOCOL);
 * *len bytes, the caller's to free.  NULL with errno.
 */
char *space_record(const struct space *s, const char *own_prefix, size_t *len);

/* Print "bind path name", as a shell reads it; with -a when after, for all
 * but the first target of a name. */
void space_put_bind(FILE *f, int after, const char *path, const char *name);

#endif
