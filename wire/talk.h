/*
 * talk.h - one connection to an xclate master, as its client
 *
 * A client gives its name, asks what it has to know, and asks for the turn at
 * the master's output as soon as it has something for it (PROTOCOL, 3).  What
 * is written during the turn is not this module's business.
 *
 * Nothing here waits but talk_open (see div_connect); all else happens in the
 * rounds of the loop (event.h) and is reported by the four calls back.  They
 * may do anything with the connection, closing it included, but not free it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_TALK_H
#define WIRE_TALK_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/event.h"

enum {
	TALK_XID_MAX = 63          /* bytes of an xid */
};

enum talk_state {
	TALK_NONE,                 /* never opened, or closed by talk_close */
	TALK_GREETING,             /* the master's version is to come, */
	TALK_NUMBER,               /* and our number: no commands before that */
	TALK_ASKING,               /* answers are to come */
	TALK_READY,                /* all questions are answered */
	TALK_CONFIRMING,           /* what was written is to arrive first */
	TALK_LEAVING,              /* the last words are on their way out */
	TALK_GONE                  /* hung up, by the master or by us */
};

/* The questions to a master; bits. */
enum {
	TALK_TITLE = 1,            /* for sections without one of their own */
	TALK_RULE = 2,             /* likewise */
	TALK_CAP = 4,              /* bytes that a section may hold in memory */
	TALK_SQUEEZE = 8,          /* whether empty sections are left out */
	TALK_QUICK = 16,           /* also those without title and rule */
	TALK_VERSION = 32          /* whether it knows more than one of 2010 */
};

/* What a master has answered.  All zero: nothing yet. */
struct talk_answers {
	unsigned answered;         /* questions, bits */
	char *title, *rule;        /* with escapes, "" for none; or NULL */
	size_t cap;                /* 0: the master was given none */
	unsigned squeezes : 1, quick : 1;
	unsigned yields : 1;       /* a turn may end before the connection */
	unsigned shares : 1;       /* a turn may be for many sections */
	unsigned terminal : 1;     /* the output is one */
};

/* Descriptors that a master sends, in the order in which they are asked for:
 * the first two at once, the others with the turn. */
enum talk_fd {
	TALK_DIR, TALK_WIDOW, TALK_IN, TALK_ERR, TALK_OUT, TALK_FDS
};

/* How far a section is: bits, in the order of the words for them. */
enum {
	TALK_RUNS = 1,             /* it wants to run a command */
	TALK_DATA = 2,             /* it has some data */
	TALK_FULL = 4,             /* it holds as much as it may */
	TALK_INPUT = 8,            /* it has all of its input */
	TALK_FINAL = 16            /* it has all of its output, and its code */
};

/* Why a connection has ended. */
enum talk_end {
	TALK_LEFT,                 /* talk_leave: all that was said has left */
	TALK_LOST,                 /* the master hung up */
	TALK_UNCONFIRMED,          /* so it did, and what was written may be
	                              lost */
	TALK_UNWRITTEN,            /* the master could not write all of it, */
	TALK_UNREAD,               /* as its reader has left */
	TALK_UNSENT,               /* the system had no room for what we said,
	                              see error */
	TALK_SILENT,               /* it did not say who it is */
	TALK_NONSENSE              /* the master's answer makes no sense */
};

struct talk {
	/* The owner's, set before talk_open; all else zero. */
	const char *xid;           /* good for talk_check_xid; it stays */
	unsigned ask;              /* the questions */
	struct talk_answers *answers;       /* to these; they stay */
	unsigned wants;            /* bits 1 << TALK_DIR to 1 << TALK_ERR */
	unsigned keeps : 1;        /* keep the turn for many sections */
	void (*answered)(struct talk *t);   /* all questions; once more after a
	                              connection anew (talk_yield).  Or NULL */
	void (*granted)(struct talk *t); /* the turn is here; after answered */
	void (*wanted)(struct talk *t);     /* keeps: another client waits for
	                              the turn */
	void (*ended)(struct talk *t, enum talk_end why); /* descriptors stay */

	/* To be read. */
	enum talk_state state;
	unsigned long sequence;    /* the number of the section */
	int met;                   /* the master has given one */
	int error;                 /* TALK_UNSENT: an errno */

	/* Private. */
	const char *path;
	struct wk_io io;
	struct wk_timer again;     /* what the system had no room for */
	int tries;                 /* so often it had none */
	struct wk_timer silence;
	struct buffer rx;          /* what the master has said */
	int queue[TALK_FDS];       /* descriptors whose tags did not come yet */
	size_t queued;
	char tx[256];              /* what it does not know yet */
	size_t tx_len;
	unsigned awaited;          /* answers to come, in order of the bits */
	int fd[TALK_FDS];          /* -1: not here */
	unsigned came;             /* descriptors that are here for this turn */
	enum { TALK_IDLE, TALK_ASKED, TALK_GRANTED } turn;
	unsigned words, sent;      /* how far it is; those that were sent */
	int code;                  /* that was reported, or -1 */
	unsigned indirect : 1,     /* the output may be on another host, */
	    confirms : 1,          /* or the master says when all is written; */
	    used : 1,              /* and there was a turn, */
	    confirmed : 1;         /* after which the master has spoken */
	enum talk_end outcome;     /* and this is what it said */
	int back;                  /* another client waits */
};

/*
 * Connect to the master at path, which stays, and say the xid.  -1 with errno,
 * those of div_connect or ENOMEM.
 */
int talk_open(struct talk *t, const char *path);

/* Ask for the turn, unless it is here, with words on how far the section is:
 * of two clients the master prefers the one that is further. */
void talk_ask(struct talk *t, unsigned words);

/* Those words as the protocol's one number (PROTOCOL, 3.4). */
int talk_value(unsigned words);

/* True while the connection has the turn. */
int talk_has_turn(const struct talk *t);

/* Is the output of the master at path perhaps on another host? */
int talk_is_stand_in(const char *path);

int talk_is_behind_link(const struct talk *t);

/* Was there a turn at an output that is a stand-in for the real one?  Then all
 * that was written has arrived when talk_leave says so. */
int talk_is_indirect(const struct talk *t);

/* A descriptor that has come, or -1; take: it is the caller's from now on. */
int talk_fd(const struct talk *t, enum talk_fd which);
int talk_take(struct talk *t, enum talk_fd which);

/*
 * Give the turn back, so that it can be asked for once more.  A master of
 * 2010 needs a connection anew for that, whose questions are answered first.
 * -1 when there is no master any more; ended is not called for it.
 */
int talk_yield(struct talk *t);

/* Report the exit code of the section, if it is another than before. */
void talk_report(struct talk *t, int code);

/* The code that was reported last; -1: none. */
int talk_reported(const struct talk *t);

/* Ask the master to end when its clients have. */
void talk_quit(struct talk *t);

/* True if the master has hung up, or does within so many milliseconds. */
int talk_is_lost(const struct talk *t, int ms);

/* Hang up when all has left that was said, and all that was written during a
 * turn has arrived.  1: that has been done already; 0: ended will be called. */
int talk_leave(struct talk *t);

/* Hang up at once, and close all descriptors that were not taken.  A talk that
 * was never opened may be closed. */
void talk_close(struct talk *t);

/* Free the texts. */
void talk_forget(struct talk_answers *a);

/* 0 if the text is good as an xid: short enough, and without control characters
 * but TAB, which does no harm; or EINVAL, ENAMETOOLONG.  And make it good, with
 * question marks, as far as it is not too long. */
int talk_check_xid(const char *xid);
void talk_clean_xid(char *xid);

#endif
