/*
 * process.c - the processes of the system, by ps(1) or /proc
 *
 * SPDX-License-Identifier: ISC
 */
#include "wraptree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wrapper.h"

struct process *process;
size_t processes;

struct process *
process_of(long pid)
{
	size_t i;

	for (i = 0; i < processes; i++)
		if (process[i].pid == pid)
			return &process[i];
	return NULL;
}

int
process_is_below(long pid, long root)
{
	struct process *p;
	size_t steps = 0;       /* ps(1) may list a circle: it does not see all
	                           processes at one moment */

	for (; pid != root; pid = p->parent)
		if ((p = process_of(pid)) == NULL || ++steps > processes)
			return 0;
	return 1;
}

static void
add_process(long pid, long parent, const char *args)
{
	struct process p = { pid, parent, NULL, 0, 0 };

	p.args = list_copy(args);
	process = list_one_more(process, processes, sizeof *process);
	process[processes++] = p;
}

#define PS "ps -A -o pid= -o ppid= -o args="

static void
ask_ps(void)
{
	FILE *f = popen("command -v ps >/dev/null && exec " PS, "r");
	char *line = NULL;
	size_t room = 0;
	long pid, parent;
	int at;

	if (f == NULL)
		return;
	while (getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		at = 0;
		/* that ps is no part of the tree; any other child is one of a
		 * shell that has become this program */
		if (sscanf(line, "%ld %ld %n", &pid, &parent, &at) >= 2 &&
		    (parent != (long)getpid() ||
		    strstr(line + at, PS) == NULL))
			add_process(pid, parent, line + at);
	}
	free(line);
	/* half a list would be drawn as if it were all */
	if (pclose(f) != 0)
		processes = 0;
}

size_t
process_read(long pid, const char *name, char *text, size_t room,
    uid_t *owner)
{
	struct stat st;
	char path[64];
	size_t len = 0;
	ssize_t got;
	int fd;

	snprintf(path, sizeof path, "/proc/%ld/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && owner != NULL) {
		if (fstat(fd, &st) != 0) {
			close(fd);
			fd = -1;
		} else {
			*owner = st.st_uid;
		}
	}
	while (fd >= 0 && len < room - 1 &&
	    (got = read(fd, text + len, room - 1 - len)) > 0)
		len += (size_t)got;
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	return len;
}

/* Linux has the same in files. */
static void
ask_proc(void)
{
	char stat[512], args[4096], *name, *end;
	DIR *dir = opendir("/proc");
	struct dirent *d;
	long pid, parent;
	size_t i, n;

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		pid = strtol(d->d_name, &end, 10);
		/* a name may have anything in it, parentheses as well */
		if (*end != '\0' || process_read(pid, "stat", stat,
		    sizeof stat, NULL) == 0 ||
		    (name = strchr(stat, '(')) == NULL ||
		    (end = strrchr(stat, ')')) == NULL ||
		    sscanf(end, ") %*c %ld", &parent) != 1)
			continue;
		n = process_read(pid, "cmdline", args, sizeof args,
		    NULL);
		for (i = 0; i + 1 < n; i++)
			if (args[i] == '\0' || args[i] == '\n')
				args[i] = ' ';
		end[1] = '\0';
		add_process(pid, parent, n > 0 ? args : name);
	}
	if (dir != NULL)
		closedir(dir);
}

void
process_list(void)
{
	ask_ps();
	if (processes == 0)
		ask_proc();
	if (processes == 0)
		wk_die(WK_UNAVAILABLE,
		    "ps: it lists no processes; is it installed?");
}
