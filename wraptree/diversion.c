/*
 * diversion.c - the diversions that environments name, and their masters
 *
 * The system tells which process listens at a socket (div_peer_pid), so a
 * master is found whatever name it runs under, also behind a wrapw.
 *
 * SPDX-License-Identifier: ISC
 */
#include "wraptree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/wrapper.h"
#include "divconnect.h"

enum { ENVIRONMENT_MAX = 4 << 20 };     /* bytes of it that are looked at */

struct diversion **diversion;
size_t diversions;

/* Connect to a path; true if anything answers.  *pid is the process that
 * listens there, 0 when the system does not tell. */
static int
find_listener(const char *path, long *pid)
{
	int fd = div_connect(path);
	pid_t listener;

	*pid = 0;
	if (fd < 0)
		return 0;
	if (div_peer_pid(fd, &listener) == 0)
		*pid = (long)listener;
	close(fd);
	return 1;
}

/* True if the process that answers at a path is the wrapw in front of the
 * master, not the master itself.  At the far end of a link it always is. */
static int
is_relayed(const char *path, long pid)
{
	char *front = list_copy(path), *slash = strrchr(front, '/');
	long relay = 0;

	if (slash != NULL && slash > front) {
		*slash = '\0';
		if (div_exists(front))
			find_listener(front, &relay);
	}
	free(front);
	return relay > 0 && relay == pid;
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

static void
add(const struct div_entry *e)
{
	struct diversion *d;
	long pid;
	int answers;

	if (path_is_known(e->path))
		return;
	answers = find_listener(e->path, &pid);
	/* the same master, by another path */
	if (pid > 0 && diversion_is_master(pid) && !is_relayed(e->path, pid))
		return;
	d = wk_alloc(1, sizeof *d);
	*d = (struct diversion){ list_copy(e->prefix), list_copy(e->variable),
	    list_copy(e->path), pid, answers };
	diversion = list_one_more(diversion, diversions, sizeof *diversion);
	diversion[diversions++] = d;
	if (!answers)
		note_extend(note_of(0, d, ""), "%s: nobody answers", d->path);
}

void
diversion_add_all(char *const envp[])
{
	struct div_list l;
	size_t i;

	if (div_list(&l, envp) != 0)
		wk_die(WK_SYSTEM, "out of memory");
	for (i = 0; i < l.count; i++)
		add(&l.entry[i]);
	div_list_free(&l);
}

void
diversion_add_all_of(long pid)
{
	char *data = wk_alloc(ENVIRONMENT_MAX + 1, 1), *p, **envp;
	size_t len = process_read(pid, "environ", data, ENVIRONMENT_MAX + 1);
	size_t n = 0;

	for (p = data; p < data + len; p += strlen(p) + 1)
		n++;
	envp = wk_alloc(n + 1, sizeof *envp);
	for (n = 0, p = data; p < data + len; p += strlen(p) + 1)
		envp[n++] = p;
	diversion_add_all(envp);
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
