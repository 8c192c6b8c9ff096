/*
 * flow.h - bytes on their way from a source to a sink, without ever waiting
 *
 * A flow reads its source as bytes come and writes them to its sink as that
 * takes them.  It never waits for either, though both may be shared with other
 * programs (so O_NONBLOCK is left alone).  As long as there is no sink, the
 * bytes are held: up to a cap in memory, beyond it in an unlinked file (which
 * is begun only when no sink comes for a while, as a file costs more than the
 * way from source to sink).  When no file is wanted, or the disk is full, they
 * stay in the source.  Where source and sink allow it, bytes do not pass
 * through this process.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_FLOW_H
#define WK_FLOW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"
#include "colour.h"
#include "event.h"
#include "lines.h"

/* What has happened to a flow. */
enum {
	FLOW_DATA = 1,      /* the first bytes have come; with whole_lines:
	                       lines are there and no sink */
	FLOW_FULL = 2,      /* the cap was reached; reported once */
	FLOW_END = 4,       /* the source has ended (and is closed) */
	FLOW_EMPTY = 8,     /* the sink has all that may be written for now */
	FLOW_FAILED = 16,   /* the sink: see error.  What is held is lost, the
	                       source is closed */
	FLOW_UNREADABLE = 32, /* with FLOW_END: reading failed, see error.  (A
	                       terminal whose other side is gone has ended) */
	FLOW_STUCK = 64,    /* the source is not read on before there is a sink,
	                       for want of room; reported once */
	FLOW_MARK = 128,    /* the sink has been given as much as mark says */
	FLOW_DRY = 256      /* the source has nothing now, or has ended: the
	                       answer to flow_ask_dry */
};

struct flow {
	/* The owner's, set before there is a source or a sink.  All else
	 * is zero until flow_begin. */
	size_t cap;                /* bytes held in memory without a sink */
	unsigned spill : 1;        /* hold more than that, in a file */
	unsigned whole_lines : 1;  /* write nothing of an unfinished line */
	struct lines *lines;       /* what is done to the lines, or NULL */
	unsigned keep_late : 1;    /* see late */
	int *copy;                 /* where else the bytes go, or NULL: a file's
	                              descriptor, set to -1 when it fails */
	uint64_t mark;             /* see FLOW_MARK, 0: none; it may be set at
	                              any time to more than was written */

	/* To be read. */
	uint64_t total;            /* bytes that the source gave */
	uint64_t put;              /* bytes of flow_put */
	struct wk_colour colour;   /* of what was written to a terminal */
	int error, copy_error;     /* errno */
	int late;                  /* with keep_late, after flow_linger: the
	                              source once more, if it had not ended; the
	                              owner takes it (-1) or it is closed */
	unsigned terminal : 1;     /* the sink is one */
	unsigned failed : 1;       /* the sink was of no use (FLOW_FAILED): what
	                              comes from then on is dropped */

	/* The flow's own. */
	void (*tell)(struct flow *f, int what);
	struct wk_io in, out;      /* out: the sink, or our own opening of it */
	enum {
		FLOW_IN_NONE,      /* no source, or it was cut */
		FLOW_IN_READY,     /* it may have bytes */
		FLOW_IN_WAITS,     /* it had none: the loop says when it has */
		FLOW_IN_ENDED      /* it has ended, and is closed */
	} in_state;
	enum {
		FLOW_OUT_NONE,     /* no sink: what comes is held */
		FLOW_OUT_READY,    /* it may have room */
		FLOW_OUT_WAITS     /* it had none: the loop says when it has */
	} out_state;
	enum {
		FLOW_TO_FILE,      /* it never waits for anybody */
		FLOW_TO_OWN,       /* our own opening of it, non-blocking */
		FLOW_TO_SOCKET,    /* a socket can be asked not to wait */
		FLOW_TO_SHARED     /* look for room before each write */
	} kind;                    /* of sink */
	int sink;                  /* the descriptor */
	struct wk_timer soon;      /* what owners asked for is done then */
	struct wk_timer patience;  /* for a sink, before a file is begun */
	struct wk_timer linger;    /* see flow_linger */
	int64_t linger_ms;
	uint64_t goal;             /* the total that has to be here first */
	int happened;              /* events that are still to be reported */
	int reported;              /* of those that are reported once */
	/* Each of these is true of a flow in any state. */
	unsigned finishing : 1;    /* limit counts: flow_finish */
	unsigned typed : 1;        /* the source is a terminal */
	unsigned ours : 1;         /* the source is non-blocking: ours alone */
	unsigned borrowed : 1;     /* another flow closes the sink */
	unsigned no_splice : 1;    /* source to sink: not inside the kernel */
	unsigned no_spill_splice : 1; /* source to file: neither */
	unsigned hesitated : 1;    /* patience has been used up, or is set */
	unsigned was_late : 1;     /* the goal, when linger was over */
	unsigned dry_asked : 1;    /* FLOW_DRY is still to come */
	struct buffer front, mem, rest; /* written in this order, the file
	                              between mem and rest */
	int file;                  /* or -1 */
	off_t file_from, file_to;  /* bytes of it that are held */
	uint64_t limit;            /* the source is over at this total */
	uint64_t held, whole;      /* bytes; those of them in whole lines */
};

/* Called for every flow whose sink is a terminal, or NULL: with -1 before
 * something is written, and behind it with the last byte. */
extern void (*flow_at_terminal)(int last);

/*
 * Before all else: tell is called with what has happened (FLOW_...), always
 * from the event loop.  It may do anything, also close the flow.
 */
void flow_begin(struct flow *f, void (*tell)(struct flow *f, int what));

/*
 * Read from fd, which is the flow's from now on.  ours: nobody else has it
 * open, so it may be made non-blocking.
 */
void flow_source(struct flow *f, int fd, int ours);

/* The descriptor of the source, which stays the flow's; -1 without one. */
int flow_source_fd(const struct flow *f);

/* Take what the source has by now, and no more of it. */
void flow_finish(struct flow *f);

/*
 * The program whose output the source is has ended: take what is there, then
 * for so many milliseconds what others write, who may have the source open for
 * ever.  What is there at the end of that is still taken.
 */
void flow_linger(struct flow *f, int64_t ms);

/* Stop reading, and close the source: others may read what is still in it. */
void flow_cut(struct flow *f);

/* True when the source has come to its end.  One that was cut has not. */
static inline int
flow_ended(const struct flow *f)
{
	return f->in_state == FLOW_IN_ENDED;
}

/* Write to fd, which is the flow's from now on (see flow_leave). */
void flow_sink(struct flow *f, int fd);

/* Write to the sink of another flow, which does not use it meanwhile. */
void flow_borrow(struct flow *f, const struct flow *from);

/* Close the sink.  The flow holds what comes from now on. */
void flow_leave(struct flow *f);

static inline int
flow_has_sink(const struct flow *f)
{
	return f->out_state != FLOW_OUT_NONE;
}

/* Add a copy of text: in front of all that is held, or behind it. */
void flow_front(struct flow *f, const char *text, size_t len);
void flow_put(struct flow *f, const char *text, size_t len);

/* 1 while somebody has the other end of the pipe open to write. */
int flow_has_writer(int pipe);

/* 1 while a pipe, or a terminal, has bytes to be read. */
int flow_has_bytes(int pipe);

/* Take off the colour that the last text has left on a terminal: 1 if there is
 * one, and FLOW_EMPTY comes once more. */
int flow_end_colour(struct flow *f);

/* Write now what the sink takes.  Events are reported in a later round. */
void flow_push(struct flow *f);

/* True when all that came has been written, and all that happened reported. */
int flow_idle(const struct flow *f);

/* How many bytes the sink has been given, without those of flow_front. */
uint64_t flow_written(const struct flow *f);

/* Read all that the source has by now, then report FLOW_DRY. */
void flow_ask_dry(struct flow *f);

/*
 * Let a pipe hold more, if fd is one and the system allows it: writer and
 * reader then take turns less often.
 */
void flow_widen(int fd);

/*
 * End a flow, close all that is its own.  Events stop.  Nothing happens to
 * one that has never begun.
 */
void flow_close(struct flow *f);

/* Make a descriptor of an unlinked file; -1 with errno. */
int flow_file(void);

#endif
