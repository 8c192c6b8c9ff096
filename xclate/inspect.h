/*
 * inspect.h - sections that a master looks at on their way
 *
 * The client writes into a pipe of ours in the place of the output.  So its
 * bytes can be counted, tagged, folded for a CI log, and written to a file
 * as well, whatever kind of client it is; and who still writes when its turn
 * is over is heard as nobody's output, not as somebody else's.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XCLATE_INSPECT_H
#define XCLATE_INSPECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/flow.h"
#include "base/lines.h"

/* What is done to all sections of a master. */
struct inspect_how {
	int out;                   /* the collated output */
	int widow;                 /* where goes what is nobody's */
	int results;               /* a directory, or -1 */
	const char *results_name;  /* for messages */
	enum lines_flatten fold;   /* LINES_AS_IS: no folds */
	const char *title;         /* of a fold; NULL or "": the xid */
	const char *tag;           /* text in front of each line, or NULL */
	char escape;               /* of these two */
	int newline, squeeze;
	void (*lost)(const char *what, int error);
	void (*unset)(const char *variable);
	/* private; zero at the start */
	uint64_t *seen;            /* hashes of the names of results */
	size_t seen_count, seen_room;
};

struct inspect {
	struct flow flow;          /* flow.total bytes came, flow.failed */
	struct inspect_how *how;
	const char *xid;           /* the owner's */
	struct lines change;
	char *tag, *title, *end;
	size_t title_len, end_len;
	int out;                   /* not yet the flow's, or -1 */
	int late;                  /* its source once more */
	int copy;                  /* a file of results, or -1 */
	int active, leaving;       /* leaving: the client has hung up */
	void (*done)(struct inspect *s);
};

/*
 * Begin; xid has to stay until inspect_close.  Returns the descriptor that is
 * the client's; -1 with errno when there is none to be had.  done() is called
 * when all is written that came until inspect_leave was called, perhaps by
 * inspect_leave itself.
 */
int inspect_open(struct inspect *s, struct inspect_how *how,
    const char *xid, unsigned long sequence, void (*done)(struct inspect *s));

/* The client has hung up, or given its turn back: what is in the pipe now
 * is the rest. */
void inspect_leave(struct inspect *s);

/* Release all. */
void inspect_close(struct inspect *s);

#endif
