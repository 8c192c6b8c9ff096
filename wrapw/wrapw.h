/*
 * wrapw.h - what the files of wrapw share
 *
 * wrapw.c has the command line, master.c the master, client.c the client.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WRAPW_WRAPW_H
#define WRAPW_WRAPW_H

#include "space.h"
#include "base/wrapper.h"

#define WRAPW_PROTOCOL "1.0"

/* Clients of a master, or of a far end, whose cookie is not there yet.  (At a
 * near end they are as silent as the link is slow.) */
enum { WRAPW_STRANGERS = 64 };

/* What the command line asks for. */
struct wrapw_options {
	int master, depth, quit, quiet, verbose;
	/* masters */
	int detached, everything, open;
	const char *socket;
	/* clients */
	int include, without, record, list, bind, unbind;
	enum space_mode mode;
	const char *wrap;
	/* the ends of a link */
	int export, allow_bind;
	const char *project;
};
extern struct wrapw_options wrapw_opt;

extern const struct wk_program wrapw;

/* Where a master's socket is to be; stem is that of its number. */
static inline struct div_place
wrapw_place(const char *stem)
{
	return (struct div_place){
		.prefix = wrapw.prefix,
		.template = wrapw.template,
		.stem = stem,
		.path = wrapw_opt.socket
	};
}

/* Each returns the exit code. */
int wrapw_master(char **operands, const struct wk_called *called);
int wrapw_client(char **words, const struct wk_called *called);

/* The path of the enclosing master, or of -t; and the record of the master at a
 * path, *len bytes, the caller's to free.  Both end the program on failure. */
const char *wrapw_path(void);
char *wrapw_record(const char *path, size_t *len);

/* Whether the master at a path grants a request that it may not know; ends the
 * program as these do when it does not answer. */
int wrapw_knows(const char *path, const char *request);

/* What the master at a path says of itself, for -V; NULL: nothing. */
const char *wrapw_probe(const char *path);

#endif
