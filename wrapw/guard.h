/*
 * guard.h - what the far end of a link says to a service of the near one
 *
 * A far end may change no name space of the near one's.  A master that it is
 * led to is told so (PROTOCOL: confine), but whether there is a master at the
 * end of an entry is no matter of the entry's name.  It shows in what is said:
 * to a wrapw the client speaks first, a cookie, or a NUL, which each wrapw
 * answers with "+" at once.  Other services have clients that begin with a NUL
 * as well, and say nothing before they have heard more; until they do, nothing
 * passes that would change anything if it were a wrapw after all.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WRAPW_GUARD_H
#define WRAPW_GUARD_H

#include <stddef.h>

/* A connection.  Zero: all may be said. */
struct guard {
	enum {
		GUARD_OPEN,               /* all may be said */
		GUARD_BEGIN,              /* nothing was said by either */
		GUARD_COOKIE,             /* this may be one */
		GUARD_ANSWER,             /* and it waits for its answer */
		GUARD_GREETED,            /* a NUL was said, and no more */
		GUARD_DOUBT,              /* with no answer: what changes
		                             nothing may follow */
		GUARD_ASKED               /* GUARD_QUESTION was said */
	} state;
	unsigned count;                   /* bytes of the cookie; of the
	                                     answer; of the first word of a
	                                     line */
	unsigned like;                    /* bits: requests that this word may
	                                     become */
	unsigned hands_out;               /* it is a wrapw: sockets that come
	                                     from there are guarded, too */
};

/* The NUL is the client's own, said once more. */
#define GUARD_QUESTION "confine\n\0"
enum { GUARD_QUESTION_LEN = sizeof GUARD_QUESTION - 1 };

/* How much of what the client says may be passed on now. */
size_t guard_allows(const struct guard *g, const char *data, size_t len);

/* So much of it was passed on. */
void guard_passed(struct guard *g, const char *data, size_t len);

/* The service has read the NUL, some time ago, and says nothing. */
void guard_hesitates(struct guard *g);

/* Something waits for an answer. */
int guard_waits(const struct guard *g);

enum guard_word {
	GUARD_FINE,
	GUARD_ASK,                 /* say GUARD_QUESTION to the service */
	GUARD_REFUSE               /* a wrapw that does not know of this, or too
	                              late: the client may not go on */
};

/* The service says this; *own: so much of it is not for the client. */
enum guard_word guard_heard(struct guard *g, const char *data, size_t len,
    size_t *own);

#endif
