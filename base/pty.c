/*
 * pty.c - pseudo-terminals for what programs write
 *
 * SPDX-License-Identifier: ISC
 */
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* How often a reader finds the end of its input. */
enum { ENDS = 64, END_OF_INPUT = 4 };

/* Not every system takes O_CLOEXEC here. */
static int
open_ours(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == EINVAL) {
		fd = posix_openpt(O_RDWR | O_NOCTTY);
		if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
			close(fd);
			fd = -1;
		}
	}
	return fd;
}

static int
open_theirs(int ours)
{
	const char *name;

	if (grantpt(ours) != 0 || unlockpt(ours) != 0 ||
	    (name = ptsname(ours)) == NULL)
		return -1;
	return open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* What is written comes out as it is: the terminal that it ends at does the
 * rest. */
static int
without_keyboard(const int fd[2])
{
	char ends[ENDS];
	struct termios t;

	if (tcgetattr(fd[1], &t) != 0)
		return -1;
	t.c_iflag = 0;
	t.c_oflag &= (tcflag_t)~OPOST;
	t.c_lflag = ICANON;
	t.c_cc[VEOF] = END_OF_INPUT;
	if (tcsetattr(fd[1], TCSANOW, &t) != 0)
		return -1;
	memset(ends, END_OF_INPUT, sizeof ends);
	return write(fd[0], ends, sizeof ends) < 0 ? -1 : 0;
}

int
wk_pty_open(int fd[2], const struct winsize *size)
{
	int e;

	fd[0] = open_ours();
	if (fd[0] < 0)
		return -1;
	fd[1] = open_theirs(fd[0]);
	if (fd[1] >= 0 && without_keyboard(fd) == 0) {
		if (size != NULL)
			wk_pty_resize(fd[0], size);
		return 0;
	}
	e = errno;
	close(fd[0]);
	if (fd[1] >= 0)
		close(fd[1]);
	errno = e;
	return -1;
}

void
wk_pty_resize(int fd, const struct winsize *size)
{
	if (fd >= 0)
		ioctl(fd, TIOCSWINSZ, size);
}
