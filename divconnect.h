/*
 * divconnect.h - the diversion stack of a process tree
 *
 * A wrapper runs a command and serves that command's process tree through a
 * UNIX-domain socket.  The environment says which: with the prefix "ptbw",
 * ptbw_link=2 means that two wrappers enclose us, ptbw_1 (outermost) and
 * ptbw_2 name their sockets, and ptbw_d names the latest detached one.
 * These functions read and extend that stack, make the socket of a new
 * wrapper, and connect to one, also through wrapw (see div_connect).
 *
 * All return -1 and set errno on error unless said otherwise, print nothing,
 * and make every descriptor close-on-exec.  They are for programs with one
 * thread: the environment is shared state.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef DIVCONNECT_H
#define DIVCONNECT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The version of these headers and their library; the number, which is
 * 10000 * MAJOR + 100 * MINOR + PATCH, is for comparisons in #if.
 */
#define DIV_VERSION "0.1"
#define DIV_VERSION_NUMBER 100

enum {
	DIV_VARIABLE_MAX = 80,   /* bytes of a variable's name, with its NUL */
	DIV_LEVEL_MAX = 999999,
	DIV_CONNECT_MS = 5000,   /* longest that div_connect takes */
	DIV_COOKIE_MAX = 255,    /* bytes of a cookie, without its NUL */
	DIV_CHAIN_MAX = 32,      /* cookies in one path; masters in a row */
	DIV_RETRY_MS = 10,       /* see div_dial */
	DIV_FDS_MAX = 16         /* descriptors looked at in one message */
};

/* --- the stack in the environment --- */

/*
 * The prefixes of the suite, to initialize an array of strings with.  A new
 * wrapper's prefix is added here, and nowhere else: wrapw then removes its
 * variables from an environment also when they make no sense.  Those of
 * other people's wrappers are recognized by a stack that does.
 */
#define DIV_PREFIXES "ptbw", "wrapw", "xcl"

/* Which diversion a client is to use, or why there is none. */
struct div_choice {
	char variable[DIV_VARIABLE_MAX]; /* which decided, or is at fault */
	const char *value;  /* of that variable, or NULL; the environment's */
	const char *path;   /* the socket; the environment's or the caller's */
	int level;          /* 1 outermost; 0 direct path; -1 detached */
	int levels;         /* how many levels the stack has */
};

/*
 * Choose a diversion: direct when given and not "-", else what the
 * environment names, depth levels outward from the tightest.
 * Errors: ENOENT no <prefix>_link; EINVAL it is neither a number nor "d";
 * ERANGE depth is more than the stack has; ENXIO the level's variable (or
 * <prefix>_d) is missing; ENAMETOOLONG the prefix.  On error c->variable
 * names the variable, c->value holds what it says and c->path is NULL.
 */
int div_select(struct div_choice *c, const char *prefix, int depth,
    const char *direct);

/*
 * What the name of a variable (len bytes) stands for in a stack: its level,
 * 0 or more, or one of these.  *prefix is the length of its prefix.
 * EINVAL: it is not of the form [A-Za-z][A-Za-z0-9_]*_(link|list|d|N), or
 * too long.
 */
enum { DIV_NAME_LINK = -2, DIV_NAME_LIST = -3, DIV_NAME_DETACHED = -4 };
int div_name(const char *name, size_t len, size_t *prefix);

/*
 * How many levels enclose us: 0 when <prefix>_link is missing or "d".
 * EINVAL when it is malformed.
 */
int div_levels(const char *prefix);

/*
 * Variable <prefix>_<level>; its value, or NULL.  The environment's.
 */
const char *div_level_path(const char *prefix, int level);

/*
 * Put a socket on top of the stack: sets <prefix>_N, then <prefix>_link=N.
 * Returns N.  EINVAL when <prefix>_link is malformed.
 */
int div_push(const char *prefix, const char *path);

/* Publish a detached socket: sets <prefix>_d alone. */
int div_detach(const char *prefix, const char *path);

/* One diversion found in an environment. */
struct div_entry {
	char *prefix;      /* "ptbw" */
	char *variable;    /* "ptbw_1" */
	char *path;
	int level;         /* 0 for a detached one */
};
struct div_list {
	struct div_entry *entry;
	size_t count;
};

/*
 * List the diversions of every prefix in an environment: prefixes in byte
 * order, levels ascending (those that are set, up to <prefix>_link), the
 * detached one last (without a stack only if there is a socket).  The strings
 * are the list's: free them with div_list_free.
 */
int div_list(struct div_list *l, char *const envp[]);
void div_list_free(struct div_list *l);

/* --- a master's socket --- */

/* Where a new master wants its socket. */
struct div_place {
	const char *prefix;    /* share the directory of its enclosing one */
	const char *also;      /* a second such prefix, or NULL */
	const char *template;  /* of a private directory, "ptbdXXXXXX" */
	const char *stem;      /* socket name before its number, "sta" */
	unsigned first;        /* the first number to try */
	const char *path;      /* a name that the user gave (-N), or NULL */
};
struct div_socket {
	int fd;                /* listening, or -1 */
	char *path;            /* absolute; this struct's */
	char *dir;             /* directory made for the socket, or NULL */
	int shared;            /* path is in the directory of another one */
	dev_t dev;             /* of the bound file: no other is removed */
	ino_t ino;
	int lock;              /* of the private directory, or -1 */
};

/*
 * Bind and listen.  Without a path: a numbered name in the directory of an
 * enclosing diversion (or of <prefix>_0) if it is our own (we own it, others
 * may not write there, and only we or root can replace it), else in a new
 * private one under $TMPDIR (/tmp if others could replace it there).  With an
 * absolute path: exactly there, in the place of a dead socket of our own if
 * there is one; with a relative one: that name in the directory found as above.
 * Errors: EADDRINUSE another process listens there; ENOTSOCK something else
 * stands there; EPERM a dead socket of another user; ENAMETOOLONG longer than
 * div_path_max() bytes; EINVAL a relative path with ".."; or what the system
 * said.  On error nothing is left behind, and s->path, unless it is NULL,
 * names what could not be made: release it with div_unlisten as after success.
 */
int div_listen(struct div_socket *s, const struct div_place *where);

/*
 * Has the socket its name still?  1 when it has; 0 when nothing is there, which
 * may happen where old files are removed; -1 when something else is (EEXIST),
 * or when that cannot be told.
 */
int div_named(const struct div_socket *s);

/*
 * Make a name again that is gone: path is the same, fd another one, and the
 * former is closed.  The private directory is made again, too.  On error all is
 * as before, and fd still listens, for nobody.
 */
int div_renew(struct div_socket *s);

/*
 * Close the socket, remove it if it is still the one we bound, and the
 * directory if we made it.  A directory that others still use is left to
 * them: the last one of them removes it.  Keeps errno.  Returns 0, or what kept
 * a file from being removed, an errno: then s->path names that, until the
 * next call.
 */
int div_unlisten(struct div_socket *s);

/* Bytes that the path of a socket may have, without the NUL. */
size_t div_path_max(void);

/* --- connecting --- */

/*
 * Connect to a diversion.  A path is a socket, or a socket followed by
 * "/cookie" parts that are not in the file system: those are asked for of
 * the master in front of them, which passes a descriptor or becomes the
 * service itself.  Returns a blocking descriptor, the caller's to close.
 * Errors: ENOTSOCK it is something else; ECONNREFUSED the master is dead;
 * ETIMEDOUT it did not answer within DIV_CONNECT_MS; ENOENT no such path, or
 * the cookie was refused; ELOOP more than DIV_CHAIN_MAX cookies; EPROTO the
 * answer made no sense; ECONNRESET it hung up; ENAMETOOLONG.
 */
int div_connect(const char *path);

/*
 * The same in steps, for a program with a loop of its own: nothing here
 * waits.  div_dial begins.  Call div_dial_on when fd is readable or, if later
 * is not 0, after DIV_RETRY_MS; fd may be another one after each step.
 * Both return 1 when the connection is made: fd is blocking then, and the
 * caller's; 0 when there is more to wait for (div_dial_end gives it up); -1
 * with the errno of div_connect, and nothing left to release.
 * hops is 0 in a client.  In a master it is how many masters have passed the
 * request on, with this one: beyond DIV_CHAIN_MAX it is refused.
 */
struct div_dial {
	int fd;              /* the last connection of the way, or -1 */
	int later;
	char *path;          /* of the socket; the cookies behind it */
	const char *cookie;  /* the next to ask for */
	const char *first;   /* of the cookies */
	unsigned cookies, all; /* cookies left to ask for, and in all */
	int hops, state;
	int confine;
	int then;            /* the state behind the answer to that */
	unsigned said;       /* bytes of it that have come */
	int64_t deadline;    /* div_connect: for a full backlog; else 0 */
};
int div_dial(struct div_dial *d, const char *path, int hops);
int div_dial_on(struct div_dial *d);
void div_dial_end(struct div_dial *d);

/*
 * As div_dial, for somebody who may change no name space of wrapw's (PROTOCOL
 * section 4.4).  confine says which masters are told so: those that are asked
 * for a cookie on the way, the one at its end, or both; 0 is none.  ENOTSUP:
 * one of them does not know of that.
 */
enum { DIV_CONFINE_WAY = 1, DIV_CONFINE_END = 2 };
int div_dial_confined(struct div_dial *d, const char *path, int hops,
    int confine);

/* 1 when a socket stands at path or at a leading part of it, else 0. */
int div_exists(const char *path);

/*
 * Send len bytes (at least one), with descriptor fd unless it is -1; fd
 * remains the caller's.  Never raises SIGPIPE.  Returns the bytes taken,
 * with the descriptor gone with the first of them.
 */
ssize_t div_send(int sock, const void *data, size_t len, int fd);

/*
 * The same with count descriptors, at most DIV_FDS_MAX (EINVAL), and without
 * waiting for room in the socket, blocking or not (EAGAIN).
 */
ssize_t div_send_now(int sock, const void *data, size_t len, const int *fds,
    size_t count);

/*
 * The text of a message whose one descriptor is to be held, not read: it stays
 * unread in the connection, which so keeps it open (PROTOCOL section 1.6).
 * Nothing else that a wrapper sends with a descriptor may be the same text.
 */
#define DIV_TIE "+tie\n"

/*
 * Receive bytes and up to max descriptors (the caller's to close); more
 * than that are closed.  *count is how many came.  Returns the bytes, 0 at
 * the end.  EMSGSIZE: more than DIV_FDS_MAX came, all were closed.
 */
ssize_t div_recv(int sock, void *data, size_t len, int *fds, size_t max,
    size_t *count);

/* The user whose process is at the other end; -1 with errno when the system
 * cannot tell. */
int div_peer_uid(int sock, uid_t *uid);

/*
 * The process that listened for the connection, to be shown to people: its
 * number may have passed to another process since.  0 when it is in a
 * namespace that we cannot see; -1 with errno (ENOSYS: the system does not
 * tell).
 */
int div_peer_pid(int sock, pid_t *pid);

/* --- time --- */

/* Milliseconds of a clock that only goes forward. */
int64_t div_now(void);

/*
 * The same without the time in which this process could not run, because it or
 * the whole machine was stopped, as far as the waits below have noticed.  It
 * is the clock of deadlines: a process that was stopped still gets time to
 * read the answers that came meanwhile.
 */
int64_t div_awake(void);

/* Wait until fd is readable or at its end.  Returns 1; 0 at the deadline (a
 * time of div_awake, -1: none); -1 with errno.  Signals do not end it. */
int div_readable(int fd, int64_t deadline);

/*
 * Read up to len bytes from fd, a blocking descriptor, as soon as there are
 * any.  Returns how many, or 0 at the end.  ETIMEDOUT: nothing came before the
 * deadline, a time of div_awake (-1: none).  Descriptors that come with the
 * bytes are lost (see div_recv).
 */
ssize_t div_read(int fd, void *data, size_t len, int64_t deadline);

/*
 * For a loop of your own.  div_wait gives the time-out for poll on the way to
 * a deadline (0: it has passed, -1: none); call div_waited after every such
 * poll, whatever has ended it.
 */
int div_wait(int64_t deadline);
void div_waited(void);

/* --- what systems do differently, close-on-exec from birth --- */

void div_close(int fd);          /* keeps errno */
int div_accept(int sock);        /* non-blocking */
int div_pipe(int fd[2]);

#endif
