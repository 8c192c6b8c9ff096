/*
 * diversion.c - the diversions that environments name, and their masters
 *
 * The system tells which process listens at a socket (div_peer_pid), so a
 * master is found whatever name it runs under, also behind a wrapw.
 *
 * SPDX-License-Identifier: ISC
 */
#include "wraptree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/wrapper.h"
#include "divconnect.h"

extern char **environ;

enum { ENVIRONMENT_MAX = 4 << 20 };     /* bytes of it that are looked at */

struct diversion **diversion;
size_t diversions;

/* What somebody else may yet name who is entitled to. */
static struct left_out {
	struct diversion *diversion;
	long pid;                       /* of the process that names it */
	uid_t owner;
} *left_out;
size_t diversions_left_out;

/* Who listens at a socket. */
struct listener {
	long pid;                       /* 0: the system does not tell */
	uid_t uid;
	int uid_known;
};

/* Connect to a path: does anything answer? */
static int
find_listener(const char *path, struct listener *l)
{
	int fd = div_connect(path);
	pid_t pid;

	memset(l, 0, sizeof *l);
	if (fd < 0)
		return 0;
	if (div_peer_pid(fd, &pid) == 0)
		l->pid = (long)pid;
	l->uid_known = div_peer_uid(fd, &l->uid) == 0;
	close(fd);
	return 1;
}

/* True if the process that answers at a path is the wrapw in front of the
 * master, not the master itself.  At the far end of a link it always is. */
static int
is_relayed(const char *path, long pid)
{
	char *front = list_copy(path), *slash = strrchr(front, '/');
	struct listener relay = { 0 };

	if (slash != NULL && slash > front) {
		*slash = '\0';
		if (div_exists(front))
			find_listener(front, &relay);
	}
	free(front);
	return relay.pid > 0 && relay.pid == pid;
}

static int
path_is_known(const char *path)
{
	size_t i;

	for (i = 0; i < diversions; i++)
		if (strcmp(diversion[i]->path, path) == 0)
			return 1;
	return 0;
}

static struct diversion *
new_diversion(const struct div_entry *e, uid_t namer)
{
	struct diversion *d = wk_alloc(1, sizeof *d);

	d->prefix = list_copy(e->prefix);
	d->variable = list_copy(e->variable);
	d->path = list_copy(e->path);
	d->namer = namer;
	return d;
}

static void
leave_out(const struct div_entry *e, long pid, uid_t namer, uid_t owner)
{
	size_t i;

	for (i = 0; i < diversions_left_out; i++)
		if (strcmp(left_out[i].diversion->path, e->path) == 0)
			return;
	left_out = list_one_more(left_out, diversions_left_out,
	    sizeof *left_out);
	left_out[diversions_left_out++] = (struct left_out){
	    new_diversion(e, namer), pid, owner };
}

/* Is there a socket at the path of an entry that we may talk to, and who is
 * there?  -1: we may not, *owner is its user. */
static int
try_entry(const struct div_entry *e, uid_t namer, struct listener *l,
    int *relayed, uid_t *owner)
{
	struct reach r = { .fd = -1 };
	int answers;

	memset(l, 0, sizeof *l);
	*relayed = 0;
	if (reach_open(&r, e->path, namer) != 0) {
		*owner = r.owner;
		return errno == EPERM ? -1 : 0;
	}
	answers = find_listener(r.path, l);
	*owner = l->uid;
	/* a file system may be anybody's, and say that all is root's */
	if (answers && r.direct && l->uid_known &&
	    !reach_allowed(l->uid, namer))
		answers = -1;
	else
		*relayed = l->pid > 0 && diversion_is_master(l->pid) &&
		    is_relayed(r.path, l->pid);
	reach_close(&r);
	return answers;
}

/* A process of the user namer has this entry in its environment. */
static void
add(const struct div_entry *e, long pid, uid_t namer)
{
	struct diversion *d;
	struct listener l;
	uid_t owner;
	int answers, relayed;

	if (path_is_known(e->path))
		return;
	answers = try_entry(e, namer, &l, &relayed, &owner);
	if (answers < 0) {
		leave_out(e, pid, namer, owner);
		return;
	}
	/* the same master, by another path */
	if (l.pid > 0 && diversion_is_master(l.pid) && !relayed)
		return;
	d = new_diversion(e, namer);
	d->pid = l.pid;
	d->answers = answers;
	diversion = list_one_more(diversion, diversions, sizeof *diversion);
	diversion[diversions++] = d;
	if (!answers)
		note_extend(note_of(0, d, ""), "%s: nobody answers", d->path);
}

void
diversion_note_left_out(void)
{
	const struct left_out *o;

	for (o = left_out; o < left_out + diversions_left_out; o++)
		if (!path_is_known(o->diversion->path))
			note_extend(note_of(o->pid, o->diversion, ""),
			    "%s: not asked, it belongs to user %lu",
			    o->diversion->path, (unsigned long)o->owner);
}

static void
add_all(char *const envp[], long pid, uid_t namer)
{
	struct div_list l;
	size_t i;

	if (div_list(&l, envp) != 0)
		wk_die(WK_SYSTEM, "out of memory");
	for (i = 0; i < l.count; i++)
		add(&l.entry[i], pid, namer);
	div_list_free(&l);
}

void
diversion_add_ours(void)
{
	add_all(environ, (long)getpid(), geteuid());
}

void
diversion_add_all_of(long pid)
{
	char *data = wk_alloc(ENVIRONMENT_MAX + 1, 1), *p, **envp;
	uid_t owner = 0;
	size_t len = process_read(pid, "environ", data, ENVIRONMENT_MAX + 1,
	    &owner);
	size_t n = 0;

	for (p = data; p < data + len; p += strlen(p) + 1)
		n++;
	envp = wk_alloc(n + 1, sizeof *envp);
	for (n = 0, p = data; p < data + len; p += strlen(p) + 1)
		envp[n++] = p;
	add_all(envp, pid, owner);
	free(envp);
	free(data);
}

int
diversion_is_master(long pid)
{
	size_t i;

	for (i = 0; i < diversions; i++)
		if (diversion[i]->pid == pid)
			return 1;
	return 0;
}
