/*
 * xclate.h - what the files of xclate share
 *
 * xclate.c has the command line, master.c the master, client.c the client.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XCLATE_XCLATE_H
#define XCLATE_XCLATE_H

#include "base/halt.h"
#include "base/lines.h"
#include "base/wrapper.h"
#include "wire/style.h"

#define XCLATE_PROTOCOL "0.8"

/* What the command line asks for. */
struct xclate_options {
	int master, depth_given, depth;
	const char *socket;
	struct style style;        /* a client's: of its section; a master's:
	                              of all sections that have none */
	int quit, dry, verbose, recursion;
	/* masters */
	int detached, announce, report, keep_order, fail, json, progress,
	    quiet_success;
	const char *output, *widow, *notify, *input, *results, *joblog;
	enum lines_flatten fold;   /* --ci */
	long pid;
	int ordered;               /* --order-from was given */
	unsigned long order_from;
	struct wk_halt halt;
	int64_t turn_ms;           /* 0: no limit */
	/* clients */
	int to_widow, use_stdin, use_stderr, use_dir, session;
	int no_stdin, with_stderr, stderr_last, pty, shell;
	int64_t linger_ms;
};
extern struct xclate_options xclate_opt;

extern const struct wk_program xclate;

/* With -v or -n, print "what: word word..." */
void trace_command(const char *what, char *const *argv);

/* A duplicate above 2, close-on-exec; -1 with errno. */
int above_2(int fd);

/* Warn that a title names a variable that is not set. */
void variable_unset(const char *name);

/* Be a master or a client.  Both return the exit code. */
int xclate_master(char **operands, const struct wk_called *called);
int xclate_client(char **words, const struct wk_called *called);

/* Copy stdin to stdout (-Z): a client could not, as its master would wait for
 * it.  Returns the exit code. */
int xclate_cat(void);

#endif
