/*
 * link.c - how the projecting end gets wires to the exporting one
 *
 * SPDX-License-Identifier: ISC
 */
#include "link.h"

#include <errno.h>
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

static int
is_ours(uid_t uid)
{
	return uid == geteuid() || uid == 0;
}

/*
 * The link may stand in a directory of everybody's, and nobody else is to get
 * what we send there, or to lead us elsewhere by a symbolic link.  So it has to
 * be our own, or root's, as a name is; and so has who listens at the other end
 * of fd, unless that is -1.  -1 with errno: EPERM it is not.
 */
static int
link_check(int fd)
{
	struct stat st;
	uid_t uid;

	if (lstat(wrapw_opt.project, &st) != 0)
		return -1;
	errno = S_ISSOCK(st.st_mode) ? EPERM : ENOTSOCK;
	if (!S_ISSOCK(st.st_mode) || !is_ours(st.st_uid))
		return -1;
	if (fd < 0)
		return 0;
	if (div_peer_uid(fd, &uid) != 0)
		return -1;
	errno = EPERM;
	return is_ours(uid) ? 0 : -1;
}

int
link_connect(void)
{
	int fd = link_check(-1) == 0 ? div_connect(wrapw_opt.project) : -1;

	if (fd < 0 || link_check(fd) == 0)
		return fd;
	div_close(fd);
	return -1;
}

static void
link_dialed(struct dial *d, int fd)
{
	struct link *l = (struct link *)d;

	if (fd >= 0 && (link_check(fd) != 0 ||
	    link_say(fd, l->word, l->argument) != 0)) {
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
	if (link_check(-1) == 0)
		dial_start(&l->dial, wrapw_opt.project, 0, 0, DIV_CONNECT_MS,
		    link_dialed);
	else
		done(l, -1);
}

void
link_cancel(struct link *l)
{
	dial_cancel(&l->dial);
}

void
link_remove(void)
{
	if (link_check(-1) == 0)
		unlink(wrapw_opt.project);
}
