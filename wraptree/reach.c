/*
 * reach.c - sockets that somebody's environment names, and who may be meant
 *
 * Any process may have anything in its environment, so a name there is no
 * reason for us to talk to what is behind it: root would do so for everybody.
 * What belongs to the process's own user may be asked, and what is root's.
 *
 * SPDX-License-Identifier: ISC
 */
#include "wraptree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wrapper.h"

int
reach_allowed(uid_t owner, uid_t namer)
{
	/* what our own processes name we use without wraptree, too; but root
	 * may have the environment of somebody else, by sudo */
	return owner == namer || owner == 0 ||
	    (namer == geteuid() && namer != 0);
}

#ifdef O_PATH
static int
hold(const char *path, struct stat *st)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, st) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}
#else
static int
hold(const char *path, struct stat *st)
{
	return stat(path, st) == 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) :
	    -1;
}
#endif

/* The socket at the beginning of a path, held; -1 with errno.  *cookies is what
 * stands behind it. */
static int
hold_front(const char *path, struct stat *st, const char **cookies)
{
	char *front = list_copy(path), *slash = front + strlen(front);
	int fd, error;

	while ((fd = hold(front, st)) < 0 &&
	    (errno == ENOTDIR || errno == ENOENT)) {
		error = errno;
		slash = strrchr(front, '/');
		if (slash == NULL || slash == front) {
			slash = front + strlen(front);
			errno = error;
			break;
		}
		*slash = '\0';
	}
	*cookies = path + (slash - front);
	error = errno;
	free(front);
	errno = error;
	return fd;
}

/* A path that leads to the socket that is held, whoever puts another one there
 * meanwhile; the name itself where there is no such thing. */
static char *
held_path(int fd, const char *path, const char *cookies)
{
	size_t room = strlen(path) + 40;
	char *held = wk_alloc(room, 1);
	struct stat st;

	snprintf(held, room, "/proc/self/fd/%d", fd);
	if (stat(held, &st) == 0 && S_ISSOCK(st.st_mode))
		snprintf(held, room, "/proc/self/fd/%d%s", fd, cookies);
	else
		snprintf(held, room, "%s", path);
	return held;
}

int
reach_open(struct reach *r, const char *path, uid_t namer)
{
	struct stat st;
	const char *cookies;

	r->fd = hold_front(path, &st, &cookies);
	r->path = NULL;
	if (r->fd < 0)
		return -1;
	r->owner = st.st_uid;
	r->direct = cookies[strspn(cookies, "/")] == '\0';
	if (!S_ISSOCK(st.st_mode) || !reach_allowed(st.st_uid, namer)) {
		reach_close(r);
		errno = S_ISSOCK(st.st_mode) ? EPERM : ENOTSOCK;
		return -1;
	}
	r->path = held_path(r->fd, path, cookies);
	return 0;
}

void
reach_close(struct reach *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->path);
	r->fd = -1;
	r->path = NULL;
}
