/*
 * ptbw.h - what the files of ptbw share
 *
 * The file ptbw.c at the root has the command line, master.c the master,
 * client.c the client, jobserver.c the one that is a jobserver, too.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PTBW_PTBW_H
#define PTBW_PTBW_H

#include <stddef.h>
#include <stdint.h>

#include "base/wrapper.h"

#define PTBW_PROTOCOL "0.4"

/* What the command line asks for. */
struct ptbw_options {
	int master, depth, quit, quiet, verbose;
	long request;              /* tokens in a group, -1: not given */
	const char *tags;
	/* masters */
	int detached;
	long jobs;                 /* groups, -1: not given */
	const char *socket;
	/* clients */
	int append, keep, exec, jobserver;
	const char *form;          /* of the jobserver: -J of a client */
	int64_t wait;              /* milliseconds, -1 for ever */
	long resize;               /* tokens, 0: not given */
	const char *retag;         /* file */
	const char *shared;        /* name of a pool; its path in a master */
	int64_t linger;            /* milliseconds, -1 for ever */
	int lingers;               /* that is given */
};
extern struct ptbw_options ptbw_opt;

extern const struct wk_program ptbw;

/* Each returns the exit code.  A client without operands reports. */
int ptbw_master(char **operands, const struct wk_called *called);
int ptbw_client(char **operands, const struct wk_called *called);
int ptbw_jobserver(char **operands, const struct wk_called *called);

/* --resize, --retag: likewise. */
int ptbw_repool(void);

struct broker;

/* Connect to the master at path, or end with a message. */
void ptbw_connect(struct broker *b, const char *path);

/*
 * Take n tokens of the connection to path, waiting at most ms milliseconds (-1:
 * for ever, 0: not at all).  -1 with the errno of broker.h.  One that is
 * stopped meanwhile leaves the queue, and asks anew on a new connection when it
 * goes on: nothing may be held through the old one.
 */
int ptbw_take(struct broker *b, const char *path, size_t n, int64_t ms,
    uint32_t *token);

/*
 * The same with -T, or the end with a message; their names are in $ptbw_list.
 * True if the pool is borrowed, and the master is to be asked for a tie.
 */
int ptbw_hold(struct broker *b, size_t n, const char *path, uint32_t *token);

/* Give all back, or, with keep, leave it to those who have the connection;
 * -Q goes in front. */
void ptbw_leave(struct broker *b, const char *path, int keep);

/* End because of the errno that a function of broker.h left; path is that of
 * the master that it talked to. */
_Noreturn void ptbw_broker_failed(const char *path);

#endif
