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

/* Is the process that answers at a path the wrapw in front of the master, and
 * not the master itself?  At the far end of a link it always is. */
static int
is_relayed(const char *path, long pid)
{
	char *front = list_copy(path), *slash = strrchr(front, '/');
	pid_t relay = 0;
	int fd = -1;

	if (slash != NULL && slash > front) {
		*slash = '\0';
		fd = div_exists(front) ? div_connect(front) : -1;
	}
	if (fd >= 0 && div_peer_pid(fd, &relay) != 0)
		relay = 0;
	if (fd >= 0)
		close(fd);
	free(front);
	return relay > 0 && (long)relay == pid;
}

static void
add(const struct div_entry *e)
{
	struct diversion d = { e->prefix, e->variable, e->path, 0, 0 };
	pid_t pid = 0;
	size_t i;
	int fd;

	for (i = 0; i < diversions; i++)
		if (strcmp(diversion[i]->path, d.path) == 0)
			return;
	fd = div_connect(d.path);
	if (fd >= 0 && div_peer_pid(fd, &pid) != 0)
		pid = 0;
	d.pid = (long)pid;
	d.answers = fd >= 0;
	if (fd >= 0)
		close(fd);
	for (i = 0; i < diversions; i++)   /* known by another path */
		if (pid > 0 && diversion[i]->pid == d.pid &&
		    !is_relayed(d.path, d.pid))
			return;
	diversion = list_one_more(diversion, diversions, sizeof *diversion);
	diversion[diversions] = wk_alloc(1, sizeof d);
	d.prefix = list_copy(d.prefix);
	d.variable = list_copy(d.variable);
	d.path = list_copy(d.path);
	*diversion[diversions++] = d;
	if (!d.answers)
		note_extend(note_of(0, diversion[diversions - 1], ""),
		    "%s: nobody answers", d.path);
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
