/*
 * high.c - descriptors that commands inherit, out of the way of their own
 *
 * A script's "exec 3>file" would close a connection that has the number 3, and
 * give its tokens back while the script works; a make that inherits MAKEFLAGS
 * from another one would take it for the jobserver of that.
 *
 * SPDX-License-Identifier: ISC
 */
#include "high.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

#include "divconnect.h"

/* Move it to the first number that is free from there on. */
static int
move_up(int fd, int lowest)
{
	int e = errno, moved = fcntl(fd, F_DUPFD_CLOEXEC, lowest);

	if (moved >= 0)
		div_close(fd);
	errno = e;
	return moved;
}

int
high_fd(int fd)
{
	static const int lowest[] = { 60, 40, 20, 10 };
	size_t i;
	int moved;

	for (i = 0; fd >= 0 && i < sizeof lowest / sizeof *lowest; i++) {
		if (fd >= lowest[i])
			break;
		moved = move_up(fd, lowest[i]);
		if (moved >= 0)
			return moved;
	}
	return fd;
}

int
high_digit(int fd)
{
	int n = 9, e = errno, moved;

	while (n > 2 && fcntl(n, F_GETFD) >= 0)
		n--;
	errno = e;
	moved = n > 2 ? move_up(fd, n) : -1;
	return moved >= 0 ? moved : fd;
}
