/*
 * serve.h - the life of a master and of its clients
 *
 * A master listens on its socket, runs a utility and serves clients until
 * the utility has ended and all of them are gone (without a utility: until
 * it is asked to quit).  This is the one loop that does so; a program says
 * with a struct wk_ops what its clients' bytes mean.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_SERVE_H
#define WK_SERVE_H

#include <stddef.h>

#include "divconnect.h"
#include "event.h"

enum {
	/* With more bytes of replies than this, no further requests of a
	 * client are read; and it is dropped if it then takes none of them
	 * for so long. */
	WK_UNREAD_MAX = 1 << 20,
	WK_UNREAD_MS = 5000,
	/* For a client to say who it is: while the utility runs; and when the
	 * end has begun, or others wait for its place. */
	WK_STRANGER_MS = 10000,
	WK_GRACE_MS = 1000,
	/* So many descriptors may be on their way to a client; the next one
	 * waits until it has taken them. */
	WK_UNTAKEN_MAX = 5
};

struct wk_chunk;

/* How long a client has to live. */
enum wk_client_state {
	WK_STAYING,
	WK_FINISHING,              /* until its replies have left */
	WK_GONE                    /* until the end of the round */
};

/* A client; a program's own struct begins with one. */
struct wk_client {
	struct wk_io io;
	struct wk_client *prev, *next;
	struct wk_client *attend;         /* next that needs attention */
	struct wk_client *later;          /* next to be heard, in_order */
	struct wk_client *older, *newer;  /* stranger */
	unsigned untaken;                 /* descriptors sent to it that it may
	                                     not have taken */
	int64_t untaken_since;            /* of div_awake */
	struct wk_chunk *out, **out_end;  /* replies not yet taken */
	size_t out_bytes;
	char *in;                         /* bytes not yet understood */
	size_t in_len;
	int64_t since;                    /* connected, of div_awake */
	struct wk_timer unread;           /* it takes no replies */
	unsigned long number;             /* 1 for the first, and so on */
	enum wk_client_state state;
	unsigned stranger : 1,            /* it has not said who it is */
	    known : 1,                    /* it has */
	    paused : 1,                   /* its requests wait */
	    attended : 1,                 /* it is in that list */
	    listed : 1,                   /* it is to be heard, in_order */
	    blocked : 1;                  /* replies wait for the system to have
	                                     room */
};

/* What a program's clients are. */
struct wk_ops {
	size_t client_size;       /* of the program's struct */
	size_t request_max;       /* bytes of a request; more ends the client */
	unsigned reserve;         /* descriptors that clients have to leave */
	unsigned each;            /* descriptors that each client may need
	                             beside its own */
	int keeps_going;          /* a utility that is stopped is continued */
	int in_order;             /* of two clients whose first words are there,
	                             the one that connected first is heard
	                             first */
	int stranger_ms;          /* who has not said by then who it is, is
	                             dropped; 0: only at the end */
	unsigned strangers_max;   /* of more the one that is silent longest is
	                             dropped, and all after WK_GRACE_MS when
	                             there is no room; 0: any number */

	/* A client has connected (its memory is zero), or NULL. */
	void (*connected)(struct wk_client *c);

	/*
	 * Bytes have come; returns how many were used.  The rest is
	 * presented again, in front of what comes later.  Stop when
	 * wk_serve_taking(c) is 0.
	 */
	size_t (*input)(struct wk_client *c, const char *data, size_t len);

	/* In its place, where requests are lines: one has come.  A NUL stands
	 * for its newline.  It is in the trace already (see
	 * wk_serve_asked). */
	void (*line)(struct wk_client *c, const char *line);

	/* The end has begun (see wk_serve_ending), or NULL. */
	void (*ending)(void);

	/* The client is gone: take back all it holds; or NULL.  It is freed
	 * next. */
	void (*gone)(struct wk_client *c);
};

/* Prepare signals and the loop, before the socket is bound; -1 with errno. */
int wk_serve_begin(void);

/*
 * Serve while the utility and clients are there.  socket stays the caller's, to
 * be released with div_unlisten; if its name vanishes it is made again.
 * Standard input and output become /dev/null, the working directory that of the
 * socket.  *code is the master's exit code.  -1 with errno when the loop
 * failed.
 */
int wk_serve_run(const struct wk_ops *ops, struct div_socket *socket,
    int *code);

/* Before that: the utility, a child (0: none, the master is persistent). */
void wk_serve_utility(pid_t pid);

/* Count a thing other than a client that keeps the master alive: 1 to add one,
 * -1 to remove it. */
void wk_serve_stay(int change);

/* Before or after wk_serve_run: go on with the loop, without clients, while
 * busy() returns 1.  A signal ends that, and *code is its exit code then. */
void wk_serve_linger(int (*busy)(void), int *code);

/*
 * Forward every signal to the utility: this process was a program that became
 * the wrapper of its own run, and users signal its pid.
 */
void wk_serve_for_utility(void);

/* The client has said who it is: from now on the master stays for it. */
void wk_serve_known(struct wk_client *c);

/*
 * For the trace: the client has asked for this, in readable form, as a rule the
 * name of the request and its arguments.  To be called before the request is
 * served, with what the client sent; replies are traced as they are queued.
 */
void wk_serve_asked(struct wk_client *c, const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* Queue a reply.  It is copied and leaves after the round, whole. */
void wk_serve_send(struct wk_client *c, const void *data, size_t len);
void wk_serve_puts(struct wk_client *c, const char *text);
void wk_serve_printf(struct wk_client *c, const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* Queue bytes without copying them: they have to stay where they are as long as
 * the client is there. */
void wk_serve_send_static(struct wk_client *c, const void *data, size_t len);

/* Queue a message with a descriptor, which stays the caller's to keep open. */
void wk_serve_send_fd(struct wk_client *c, const void *data, size_t len,
    int fd);

/* The same with a descriptor that is the client's from now on. */
void wk_serve_give_fd(struct wk_client *c, const void *data, size_t len,
    int fd);

/*
 * End a client without closing its connection, which is the caller's from now
 * on.  All replies must have left.  Returns the non-blocking descriptor;
 * c->in and c->in_len are bytes read and not used, until the round is over.
 */
int wk_serve_release(struct wk_client *c);

/* True if further requests of the client may be taken now. */
int wk_serve_taking(const struct wk_client *c);

/*
 * For protocols of lines: the first one of data, its newline replaced by a NUL,
 * in line[size].  Returns how many bytes of data it is; 0 when its end has not
 * come yet; -1 when it does not fit.
 */
long wk_serve_line(const char *data, size_t len, char *line, size_t size);

/* True if so many percent of the descriptors that this process may have are in
 * use. */
int wk_serve_crowded(unsigned percent);

/* Leave a client's further requests unread for now; take them up again. */
void wk_serve_pause(struct wk_client *c);
void wk_serve_resume(struct wk_client *c);

/* End a client: when its replies have left; or at once, for a reason that
 * is printed when wk_serve_verbose is set (NULL: none). */
void wk_serve_finish(struct wk_client *c);
void wk_serve_drop(struct wk_client *c, const char *reason);

/* End a persistent master when its present clients have ended.  Returns how
 * many those are; or -1: there is a utility, and the master ends after that. */
long wk_serve_quit(void);

/* The utility's pid; our own when persistent; 0 when it has ended. */
long wk_serve_pid(void);

/* True when the end has begun: the utility has ended, or a quit was asked
 * for. */
int wk_serve_ending(void);

/* True if a signal ends the master at once. */
int wk_serve_stopped(void);

/* Close every connection that is made from now on. */
void wk_serve_refuse(void);

/* Drop all clients, also those that have not said who they are. */
void wk_serve_drop_all(void);

/* How many clients have said who they are and are still there. */
size_t wk_serve_clients(void);

/* Where to say why clients were dropped; NULL: nowhere. */
extern void (*wk_serve_verbose)(const char *fmt, ...);

/* Where to say what happened to the socket; NULL: nowhere. */
extern void (*wk_serve_say)(const char *fmt, ...);

#endif
