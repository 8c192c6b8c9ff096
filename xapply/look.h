/*
 * look.h - how the section of a task looks, and which collator it goes to
 *
 * $XCLATE says so, as for a client of xclate, and the variables of its stack
 * where the section goes.  For most tasks these are those of the run; a task
 * that is given some of them with -e has a look of its own.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_LOOK_H
#define XAPPLY_LOOK_H

#include <stddef.h>

#include "wire/style.h"
#include "wire/tag.h"
#include "xapply.h"

struct look {
	struct style style;
	const char *path;         /* the collator's socket */

	/* Private. */
	char **words;             /* of $XCLATE, which the style is made of */
	char *own_path;
};

/* That of the run: read it once, before the first task, with the operands that
 * parameters come from.  Ends the program with a message if that fails. */
void look_prepare(char *const *operands);

/* What the tags of all sections have in common. */
struct tags *look_tags(void);

/* The xid of a task as talk.h allows it; the caller's to free. */
char *look_xid(const char *xid);

/*
 * That of a task with these variables ("NAME=VALUE", ended by NULL) and this
 * environment: NULL with code 0 when it is that of the run, which look_run
 * has; else one that the caller frees with look_free.  NULL with the exit code
 * in why and words for people when the variables make no sense.
 */
struct look *look_of_task(char *const *vars, char **env,
    struct task_reason *why);

const struct look *look_run(void);

/* NULL is nothing. */
void look_free(struct look *l);

#endif
