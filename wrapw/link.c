/*
 * link.c - how the projecting end gets wires to the exporting one
 *
 * SPDX-License-Identifier: ISC
 */
#include "link.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wrapw.h"

int
link_say(int fd, const char *word, const char *argument)
{
	char line[LINK_LINE_MAX];
	int n = snprintf(line, sizeof line, LINK_MAGIC " " LINK_PROTOCOL
	    " %s %s\n", word, argument);

	return div_send(fd, line, (size_t)n, -1) == n ? 0 : -1;
}

int
link_connect(void)
{
	return div_connect(wrapw_opt.project);
}

static void
link_dialed(struct dial *d, int fd)
{
	struct link *l = (struct link *)d;

	if (fd >= 0 && link_say(fd, l->word, l->argument) != 0) {
		div_close(fd);
		fd = -1;
	}
	l->done(l, fd);
}

void
link_open(struct link *l, const char *word, const char *argument,
    void (*done)(struct link *l, int fd))
{
	l->word = word;
	l->argument = argument;
	l->done = done;
	dial_start(&l->dial, wrapw_opt.project, 0, 0, DIV_CONNECT_MS,
	    link_dialed);
}

void
link_cancel(struct link *l)
{
	dial_cancel(&l->dial);
}

void
link_remove(void)
{
	struct stat st;

	if (lstat(wrapw_opt.project, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(wrapw_opt.project);
}
