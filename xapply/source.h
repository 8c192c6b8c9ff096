/*
 * source.h - where parameters come from: what is asked for, and how far it is
 *
 * Here is what the files share that make the batches of input.h.  From below:
 * hold, columns and stream; rows and sides, which make rows of them; batch; and
 * input.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_SOURCE_H
#define XAPPLY_SOURCE_H

#include <stddef.h>

#include "base/event.h"
#include "expand.h"
#include "hold.h"

enum { INPUT_LINE_MAX = 256 << 20 };     /* bytes of a line */

enum input_result {
	INPUT_BATCH,       /* there is one */
	INPUT_END,         /* there are no more */
	INPUT_WAIT,        /* there is none yet: try again after ready() */
	INPUT_FAILED       /* see code, what and reason */
};

/* How several lists become rows. */
enum input_lists {
	INPUT_ONE_LIST,
	INPUT_PRODUCT,     /* each with each, the last one fastest */
	INPUT_ZIP          /* side by side */
};

struct columns;
struct input_stream;
struct side;

struct input {
	/* Set by the caller before input_begin; all else zero. */
	char **operand;            /* ended by NULL; they stay until the end */
	size_t each;               /* operands, files or lists in a row */
	int files;                 /* operands name files */
	char end;                  /* of a line: '\n' or NUL */
	int crlf, skip_empty;      /* a CR belongs to that; no empty lines */
	const struct columns *columns;  /* or NULL */
	int header;                /* the first line of each file, or the first
	                              operand of each list, has names */
	enum input_lists lists;
	const char *separator;     /* the operand between two lists; NULL: each
	                              is a list */
	const char *pad;           /* in the place of lines that are missing */
	void (*ready)(void);       /* after INPUT_WAIT: worth another try */
	size_t blocks;             /* of pipe.h, where their number is known */

	/* Batches of several rows; set before the first input_next.  Rows are
	 * then not to be taken apart into columns. */
	int batched;
	size_t max_rows, max_cost; /* of a batch: it has one row at least */
	size_t shares;             /* the end of the list becomes so many */
	size_t (*cost)(const struct expand_text *param,
	    const struct expand_text *file);

	/* The batch: valid until the next call of input_next. */
	struct expand_text *param, *file;
	size_t params;
	size_t count;              /* batches so far, with this one */

	/* With header, after input_header: a name for each column. */
	struct expand_text *name;
	size_t names;

	/* After INPUT_FAILED: the exit code, and for people what could not be
	 * read (an operand, or a constant text) and the reason. */
	int code;                  /* WK_DATA, WK_NOINPUT, WK_SYSTEM */
	const char *what;
	char reason[128];

	/* Private. */
	size_t operands, at;       /* their number; the first of the row */
	struct input_stream **slot, *standard;
	struct side *side;         /* of several lists */
	size_t filled;             /* slots whose line has been read */
	size_t row;                /* texts held in front of the present row */
	int some, opened;          /* a slot had a line; the files are open */
	struct hold hold;          /* the batch, and rows that were read on */
	size_t room;               /* of param and file */
	struct buffer line;        /* while it is taken apart */
	struct hold heading;       /* the header of each slot as it stands */
	struct hold names_held;
	int headed;                /* a file had a header, be it empty */
	size_t *columns_of;        /* by the header of a slot */
	int over;                  /* of several rows: all have been read */
	size_t cost_held;
	struct wk_timer patience;  /* for rows behind a full batch */
	int waited;                /* it has expired */
};

/* Note what went wrong; all return INPUT_FAILED.  error is an errno. */
enum input_result input_fail(struct input *in, int code, const char *what,
    const char *format, ...);
enum input_result input_fail_errno(struct input *in, int code,
    const char *what, int error);
enum input_result input_no_memory(struct input *in);

#endif
