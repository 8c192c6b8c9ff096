/*
 * wraptree.h - what the files of wraptree share
 *
 * process.c lists the processes, diversion.c finds the diversions that their
 * environments name, of which reach.c says who may be asked, ask.c asks the
 * masters of those, and what comes out of it becomes notes (note.c).  tree.c
 * draws processes and notes; wraptree.c has the command line, and decides which
 * processes are looked at.
 *
 * Whatever fails for lack of memory ends the program.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WRAPTREE_WRAPTREE_H
#define WRAPTREE_WRAPTREE_H

#include <stddef.h>
#include <sys/types.h>

/* What the command line asks for. */
struct wraptree_options {
	int everything;         /* -a */
	int in_full;            /* -l */
};
extern struct wraptree_options wraptree_opt;

/* Tokens of one holder that are shown without -l. */
enum { NAMES_SHOWN = 8 };

/* Room for one more of an array whose room is a power of two. */
void *list_one_more(void *array, size_t count, size_t size);
char *list_copy(const char *text);

/* --- processes --- */

struct process {
	long pid, parent;
	char *args;             /* the command with its arguments */
	int in_scope;           /* its environment counts, it is drawn */
	int drawn;
};

extern struct process *process;
extern size_t processes;

/* List all processes of the system; no list at all ends the program. */
void process_list(void);

struct process *process_of(long pid);

/* True if a process is root, or one of its descendants. */
int process_is_below(long pid, long root);

/* A file of /proc/PID, at most room - 1 bytes with a NUL behind them.  Returns
 * its length, 0 when there is none or we may not read it.  *owner (or NULL) is
 * the user whose process it is. */
size_t process_read(long pid, const char *name, char *text, size_t room,
    uid_t *owner);

/* --- sockets that environments name --- */

struct reach {
	int fd;                 /* holds the socket */
	char *path;             /* the way to it, with the cookies behind it */
	uid_t owner;            /* of the socket */
	int direct;             /* no cookies: who answers is who listens */
};

/*
 * Find the socket of a path that a process of user namer has in its
 * environment, so that r->path leads there and nowhere else until reach_close.
 * -1 with errno: EPERM it is somebody's (r->owner) whom that process does not
 * speak for, ENOTSOCK it is none.
 */
int reach_open(struct reach *r, const char *path, uid_t namer);
void reach_close(struct reach *r);

/* May we talk to owner because a process of namer says so? */
int reach_allowed(uid_t owner, uid_t namer);

/* --- diversions --- */

struct diversion {
	char *prefix, *variable, *path;
	long pid;               /* of its master; 0: none that we can see */
	int answers;
	uid_t namer;            /* the user of the process that names it */
};

extern struct diversion **diversion;
extern size_t diversions;

/* Add the diversions that an environment names: our own, or the one that a
 * process began with, if we may read it. */
void diversion_add_ours(void);
void diversion_add_all_of(long pid);

/* How many were not asked, as they belong to somebody else than who names
 * them; and notes about those that nobody else names either. */
extern size_t diversions_left_out;
void diversion_note_left_out(void);

/* Does this process serve one of them? */
int diversion_is_master(long pid);

/* --- notes about processes --- */

struct note {
	long pid;               /* 0: of a process that we cannot see */
	const struct diversion *about;
	char *text;
	size_t len, room;
	size_t names;           /* tokens that the process holds */
	int drawn;
};

extern struct note *note;
extern size_t notes;

/* The note about a process and a diversion whose text begins like this; a new
 * one, if there is none.  It is valid until the next call. */
struct note *note_of(long pid, const struct diversion *about,
    const char *beginning);

/* Add to the text of a note. */
void note_extend(struct note *n, const char *fmt, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* --- the rest --- */

/* Ask the master of a diversion, if it answers, and note what it says. */
void ask_master(const struct diversion *d);

/* Print the processes in scope from p on; then the notes about others. */
void tree_draw(struct process *p);
void tree_draw_rest(void);

#endif
