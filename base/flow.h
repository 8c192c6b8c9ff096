/*
 * flow.h - bytes on their way from a source to a sink, without ever waiting
 *
 * A flow reads its source as bytes come and writes them to its sink as that
 * takes them; neither is waited for, though both may be shared with other
 * programs (so nobody's O_NONBLOCK is touched).  As long as there is no
 * sink, the bytes are held: up to a cap in memory, beyond it in an unlinked
 * file (which is begun only when no sink comes for a while, as it costs more
 * than the way from source to sink), or, when that is not wanted or the disk
 * is full, in the source.  Where source and sink allow it, bytes do
 * not pass through this process.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_FLOW_H
#define WK_FLOW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"
#include "event.h"
#include "lines.h"

/* What has happened to a flow. */
enum {
	FLOW_DATA = 1,      /* the first bytes have come; with whole_lines:
	                       lines are there and no sink */
	FLOW_FULL = 2,      /* the cap was reached; told once */
	FLOW_END = 4,       /* the source has ended (and is closed) */
	FLOW_EMPTY = 8,     /* the sink has all that may be written for now */
	FLOW_FAILED = 16,   /* the sink: see error.  What is held is lost, the
	                       source is closed */
	FLOW_UNREADABLE = 32, /* with FLOW_END: reading failed, see error */
	FLOW_STUCK = 64,    /* the source is not read on before there is a sink,
	                       for want of room; told once */
	FLOW_MARK = 128,    /* the sink has been given as much as mark says */
	FLOW_DRY = 256      /* the source has nothing now, or has ended: the
	                       answer to flow_ask_dry */
};

struct flow {
	/* The owner's, set before the first call; all else zero. */
	size_t cap;                /* bytes held in memory without a sink */
	unsigned spill : 1;        /* hold more than that, in a file */
	unsigned whole_lines : 1;  /* write nothing of an unfinished line */
	struct lines *lines;       /* what is done to the lines, or NULL */
	int *copy;                 /* where else the bytes go, or NULL: a file's
	                              descriptor, set to -1 when it fails */
	uint64_t mark;             /* see FLOW_MARK, 0: none; it may be set at
	                              any time to more than was written */
	void (*event)(struct flow *f, int what);

	/* To be read. */
	uint64_t total;            /* bytes that the source gave */
	uint64_t put;              /* bytes of flow_put */
	int error, copy_error;     /* errno */
	unsigned ended : 1, failed : 1, tell_dry : 1;

	/* The flow's own. */
	struct wk_io in, out;
	struct wk_timer soon, patience;
	unsigned finishing : 1, has_in : 1, has_out : 1, ours : 1, in_waits : 1,
	    out_waits : 1, told_data : 1, told_full : 1, told_stuck : 1,
	    told_empty : 1, no_splice : 1, no_spill_splice : 1,
	    borrowed : 1, hesitated : 1;
	int sink, kind;
	int happened;
	struct buffer front, mem, rest;
	int file;                  /* 0: none */
	off_t file_from, file_to;
	uint64_t limit;            /* finishing: of total */
	uint64_t held, whole;      /* bytes; those of them in whole lines */
};

/*
 * Read from fd, which is the flow's from now on.  ours: nobody else has it
 * open, so it may be made non-blocking.
 */
void flow_source(struct flow *f, int fd, int ours);

/* The descriptor of the source, which stays the flow's; -1 without one. */
int flow_source_fd(const struct flow *f);

/* What the source has by now is all that is taken of it. */
void flow_finish(struct flow *f);

/* Stop reading: what the source has not given yet is left to others. */
void flow_cut(struct flow *f);

/* Write to fd, which is the flow's from now on (see flow_leave). */
void flow_sink(struct flow *f, int fd);

/* Write to the sink of another flow, which has it and does not use it. */
void flow_borrow(struct flow *f, const struct flow *from);

/* Close the sink; the flow holds again what comes. */
void flow_leave(struct flow *f);

/* Add text: in front of all that is held, or behind it. */
void flow_front(struct flow *f, const char *text, size_t len);
void flow_put(struct flow *f, const char *text, size_t len);

/* Write now what the sink takes, events follow a little later. */
void flow_push(struct flow *f);

/* Is all written that has come, and all told? */
int flow_idle(const struct flow *f);

/* Bytes that the sink has been given, but for those of flow_front. */
uint64_t flow_written(const struct flow *f);

/* Read all that the source has by now, and say so (FLOW_DRY). */
void flow_ask_dry(struct flow *f);

/*
 * Let a pipe hold more, if fd is one and the system allows it: writer and
 * reader then take turns less often.
 */
void flow_widen(int fd);

/* End a flow, close all that is its own.  Events stop. */
void flow_close(struct flow *f);

/* Make a descriptor of an unlinked file; -1 with errno. */
int flow_file(void);

#endif
