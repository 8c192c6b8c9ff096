/*
 * inspect.h - sections that a master looks at on their way
 *
 * The client gets a pipe of the master's instead of the output.  So the bytes
 * of a section can be counted, tagged, folded for a CI log, and written to a
 * file as well, whatever kind of client it is; and what a process still writes
 * when the turn of its section is over goes where the utility's own output
 * goes, not into the section of another client.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XCLATE_INSPECT_H
#define XCLATE_INSPECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/flow.h"
#include "base/lines.h"
#include "base/results.h"
#include "wire/tag.h"

/* What is done to all sections of a master. */
struct inspect_how {
	int out;                   /* the collated output */
	int widow;                 /* for what comes after the turn */
	struct results *results;   /* or NULL */
	enum lines_flatten fold;   /* LINES_AS_IS: no folds */
	const char *title;         /* of a fold; NULL or "": the xid */
	const char *tag;           /* text in front of each line, or NULL */
	struct tags *tags;         /* it is in colour; or NULL */
	char escape;               /* the escape character of title and tag */
	int newline, squeeze;
	int quiet;                 /* nothing is written before inspect_decide
	                              says whether to */
	void (*lost)(const char *what, int error);   /* error: an errno */
	void (*unset)(const char *variable);         /* see title.h */
};

/* Is all of a section where it belongs? */
enum inspect_result {
	INSPECT_WRITTEN,
	INSPECT_UNREAD,            /* no: the reader of the output has left */
	INSPECT_LOST               /* no, for another reason */
};

/* A section; all its members are private but flow, to be read. */
struct inspect {
	struct flow flow;          /* flow.total: bytes so far; flow.failed */
	struct inspect_how *how;
	const char *xid;           /* the caller's */
	struct lines change;
	char *tag, *title, *end;   /* end: the mark at the end of a fold */
	size_t title_len, end_len;
	int out;                   /* until the flow has it; else -1 */
	int late;                  /* a duplicate of the flow's source, or -1 */
	int copy;                  /* a file of results, or -1 */
	int writer;                /* quiet: its other end, or -1 */
	int decided;               /* it is written, or thrown away */
	int active;                /* between inspect_open and inspect_close */
	int leaving;               /* inspect_leave was called */
	enum inspect_result result;
	void (*done)(struct inspect *s);
};

/*
 * Begin a section.  xid has to stay until inspect_close.  Returns the
 * descriptor for the client, the caller's to close; -1 with errno when there is
 * none to be had.  done() is called when all is written that came before
 * inspect_leave was called, perhaps by inspect_leave itself.
 */
int inspect_open(struct inspect *s, struct inspect_how *how,
    const char *xid, unsigned long sequence, void (*done)(struct inspect *s));

/* quiet: another descriptor for the client, as inspect_open returns it. */
int inspect_again(struct inspect *s);

/* quiet: is the section to be seen?  The first answer counts, and is due before
 * inspect_leave. */
void inspect_decide(struct inspect *s, int seen);

/* The client has hung up, or given its turn back: what is in the pipe now is
 * the rest of the section. */
void inspect_leave(struct inspect *s);

/* End a section and release all that it has. */
enum inspect_result inspect_close(struct inspect *s);

#endif
