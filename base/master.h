/*
 * master.h - what a master does from its socket to its end
 *
 * For the programs whose master has nothing but clients and a utility: bind,
 * publish, start the utility, serve, clean up.  Prints and exits, as
 * wrapper.h does.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_MASTER_H
#define WK_MASTER_H

#include "serve.h"
#include "wrapper.h"

struct wk_master {
	const struct wk_ops *ops;
	const struct div_place *place;
	int detached, verbose;
	int hidden;               /* not published: it is no diversion */
	int group;                /* the utility gets a process group */

	/* The socket listens and is not published yet: 0, or the exit code,
	 * after a message.  NULL for nothing to do. */
	int (*bound)(const struct div_socket *socket);

	/* The socket is gone, whatever the reason.  NULL likewise. */
	void (*ended)(void);
};

/* Live a master's life, with operands for the utility; returns its exit
 * code. */
int wk_master_run(const struct wk_master *m, char **operands,
    const struct wk_called *called);

#endif
