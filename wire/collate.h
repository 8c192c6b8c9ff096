/*
 * collate.h - the client side of xclate's protocol (version 0.8)
 *
 * A section is what one client writes while it has the turn at a master's
 * output.  Any number of them can be under way in one process: nothing here
 * waits but collate_open (for the connection, see div_connect); all else
 * happens in the turns of the loop (event.h) and is told by calls back: of
 * which ended() alone may close or free the section.  Nothing is printed.
 *
 * A section gets its bytes in one of two ways:
 *  - from a source (flow_source(&c->flow, ...)): they are held until the
 *    turn comes.  It is asked for at the first byte, or when all is there
 *    (whole), or for each batch of lines (lines).  The source may be given
 *    at once; with a tag from ready() on.
 *  - direct: somebody else, a command, writes to the output itself during
 *    the turn, which collate_ask asks for.
 * Title and rule are written here in both cases.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_COLLATE_H
#define WIRE_COLLATE_H

#include <stddef.h>

#include "base/event.h"
#include "base/flow.h"
#include "base/lines.h"
#include "turn.h"

enum {
	COLLATE_XID_MAX = 63,     /* bytes of an xid */
	COLLATE_CAP = 65536,      /* the cap when nobody says otherwise */
	COLLATE_FDS = 8
};

/* What went wrong. */
enum collate_fault {
	COLLATE_GOOD,
	COLLATE_GONE,             /* the master hung up */
	COLLATE_NONSENSE,         /* the master's answer makes no sense */
	COLLATE_OUTPUT            /* the output failed, see flow.error */
};

/*
 * What a master has told the first of many sections that are alike and have
 * the same master: it need not be asked again.  Zero at first; it stays
 * allocated.
 */
struct collate_known {
	int filled, has_cap;
	char *title, *rule;       /* as the master has them; NULL: none */
	size_t cap;
	unsigned squeezes, quick;
	unsigned shares;          /* a turn can be for many sections */
};

struct share;

struct collate {
	/* The caller's, set before collate_open; all else zero. */
	const char *xid;
	const char *title, *rule; /* NULL: the master's; "": none */
	const char *tag;          /* text in front of each line, or NULL */
	char escape;              /* of these three */
	size_t cap;               /* bytes held in memory */
	unsigned has_cap : 1;     /* else it is the master's, or COLLATE_CAP */
	unsigned block : 1;       /* hold no more than the cap */
	unsigned squeeze : 1;     /* no title, no turn when there is nothing;
	                             at ready(): by the master's will, too */
	unsigned quick : 1;       /* squeeze if there is no title and no rule */
	unsigned whole : 1, lines : 1, direct : 1;
	unsigned newline : 1;     /* end a section with one */
	unsigned widow : 1;       /* write to the widow output, at once */
	unsigned at_once : 1;     /* ask for the turn in the first breath */
	unsigned reports : 1;     /* collate_code will be called, and the section
	                             is not over before */
	unsigned want_err : 1, want_in : 1; /* with the turn */
	unsigned want_dir : 1;
	unsigned quit : 1;        /* ask the master to finish */
	unsigned keeps : 1;       /* hear who else wants the turn: wanted() */
	struct collate_known *known;        /* or NULL */
	struct share *share;      /* with known: share the turn with others of
	                             ours if possible, see share.h; or NULL */
	void (*ready)(struct collate *c);   /* settings are known; or NULL */
	void (*granted)(struct collate *c); /* the turn is here; or NULL */
	void (*wanted)(struct collate *c);  /* somebody waits for our turn, or
	                                       there is no master any more */
	void (*ended)(struct collate *c);   /* all is done, see fault */
	void (*unreadable)(int error);      /* the source failed; or NULL */
	int (*more)(void);        /* the source has ended and the code is known:
	                             what to read as well, the section's from
	                             now on; -1: nothing.  Or NULL */
	const char *(*value)(void *c, const char *name); /* see title.h; of is c */
	void (*unset)(const char *name);

	/* To be read. */
	unsigned long sequence;
	enum collate_fault fault;
	int err, in, dir;         /* descriptors, closed by collate_close; -1 */
	int code;
	uint64_t lost;            /* bytes held when the master went away */
	struct flow flow;

	/* Ours. */
	struct wk_io io;
	struct wk_timer last;
	char *path;
	char *rx;                 /* replies */
	size_t rx_len, rx_room;
	int fds[COLLATE_FDS];     /* that came, their tags did not yet */
	size_t fd_count;
	char tx[256];
	size_t tx_len;
	char expect[16];          /* replies to come, in order */
	size_t expect_len;
	char *title_text, *rule_text, *tag_text;
	size_t title_len, rule_len;
	struct lines change;
	struct turn turn;         /* among those that share, share.c's */
	struct collate *member_next, **member_at;
	const struct collate *carrier; /* they write to its output */
	int out, widow_fd;
	int status, sent;         /* bits to tell, bits told */
	int told_code;
	unsigned named : 1, settled : 1, asked : 1, has_turn : 1, titled : 1,
	    err_came : 1, in_came : 1,
	    ruled : 1, has_code : 1, over : 1, finishing : 1, done : 1,
	    master_squeezes : 1, master_quick : 1, master_shares : 1,
	    shared : 1, yields : 1, told_grant : 1,
	    told_ready : 1, told : 1;
};

/*
 * Connect to the master at path and say who we are.  -1 with errno: those
 * of div_connect, or EINVAL, ENAMETOOLONG for the xid.
 */
int collate_open(struct collate *c, const char *path);

/* Ask for the turn now, though there is no data (direct, or a source that
 * begins with the turn). */
void collate_ask(struct collate *c);
/* The same with a status that lets others in front who have less. */
void collate_ask_full(struct collate *c);

/* As far as the other one is. */
void collate_ask_like(struct collate *c, const struct collate *other);

/* Give the turn back; collate_ask may be called once more. */
void collate_yield(struct collate *c);

/* For share.c: the turn is here, at the carrier's output; or never will be. */
void collate_grant(struct collate *c, const struct collate *carrier);
void collate_lost(struct collate *c);

/* The exit code for the section is known. */
void collate_code(struct collate *c, int code);

/* The output of a direct section, for a command. */
int collate_output(const struct collate *c);

/* A direct section is over. */
void collate_end(struct collate *c);

/* Release all; what was not written is lost. */
void collate_close(struct collate *c);

/* Is the text good as an xid?  0, or EINVAL, ENAMETOOLONG. */
int collate_check_xid(const char *xid);

#endif
