/*
 * master.h - what a master does from its socket to its end
 *
 * Bind, publish, start the utility, serve, clean up: the steps that all masters
 * have in common, with hooks for those that a program adds.  Prints and exits,
 * as wrapper.h does.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_MASTER_H
#define WK_MASTER_H

#include "serve.h"
#include "wrapper.h"

struct wk_spawn;                  /* of spawn.h, which is not installed */

struct wk_master {
	const struct wk_ops *ops;
	const struct div_place *place;
	int detached;
	int verbose;              /* more than 1: a trace on standard error */
	int hidden;               /* not published: it is no diversion */
	int group;                /* the utility gets a process group */
	pid_t child;              /* the utility runs already, a child of this
	                             process; 0: it is started */

	/* Hooks, in the order in which they are called; any may be NULL. */

	/* The loop is there, and no socket yet: the time to prepare, to wait
	 * for others, or to give up (exit).  utility->file is NULL when there
	 * is none to start. */
	void (*begun)(const struct wk_spawn *utility);

	/* The socket listens and is not published yet.  Returns 0, or the
	 * exit code, after a message. */
	int (*bound)(const struct div_socket *socket);

	/* Start the utility, in place of wk_spawn: its file and argv are
	 * there, the rest may be added.  Returns its pid, or -1 with errno.
	 * Only the suite's own programs have the header for it. */
	pid_t (*start)(struct wk_spawn *utility);

	/* The socket is gone, and the master's exit code is this, whatever the
	 * reason.  Called whenever bound was; returns the code to use. */
	int (*ended)(int code);
};

/* Live a master's life, with operands for the utility; returns its exit
 * code. */
int wk_master_run(const struct wk_master *m, char **operands,
    const struct wk_called *called);

#endif
