/*
 * guard.h - what the far end of a link says to a service of the near one
 *
 * A far end may change no name space of the near one's.  A master that it is
 * led to is told so (PROTOCOL: confine), but whether there is a master at the
 * end of an entry is no matter of the entry's name.  It shows in what is said:
 * to a wrapw the client speaks first, a NUL (then it is told before the NUL
 * arrives), or a cookie.
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
		GUARD_ASKED               /* so does GUARD_QUESTION */
	} state;
	unsigned count;                   /* bytes of the cookie; of the
	                                     answer */
	unsigned hands_out;               /* it is a wrapw: sockets that come
	                                     from there are guarded, too */
};

#define GUARD_QUESTION "\0confine\n"
enum { GUARD_QUESTION_LEN = sizeof GUARD_QUESTION - 1 };

/* How much of what the client says may be passed on now. */
size_t guard_allows(const struct guard *g, const char *data, size_t len);

/* So much of it was passed on. */
void guard_passed(struct guard *g, const char *data, size_t len);

/* Whether GUARD_QUESTION has to be put in front of it; and that was done. */
int guard_must_ask(const struct guard *g, const char *data, size_t len);
void guard_asked(struct guard *g);

/* Something waits for an answer. */
int guard_waits(const struct guard *g);

/*
 * The service says this.  Returns how much of it is not for the client; -1 when
 * it is a wrapw that does not know of this, or something else: the client may
 * not go on.
 */
long guard_heard(struct guard *g, const char *data, size_t len);

#endif
