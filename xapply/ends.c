/*
 * ends.c - what captured tasks write to: pipes, or terminals (--pty)
 *
 * SPDX-License-Identifier: ISC
 */
#include "ends.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/pty.h"
#include "base/window.h"
#include "divconnect.h"

static int
ends_pair(int fd[2])
{
	struct winsize size;

	if (!xapply_opt.pty)
		return div_pipe(fd);
	wk_window_size(&size);
	return wk_pty_open(fd, &size);
}

void
ends_check(void)
{
	int fd[2];

	if (!xapply_opt.pty || xapply_opt.dry)
		return;
	if (ends_pair(fd) != 0)
		wk_die(WK_SYSTEM, "--pty: a terminal cannot be made "
		    "(/dev/ptmx, /dev/pts): %s", strerror(errno));
	ends_close(fd);
}

/* There was a terminal at the start: when too many are in use (ENOSPC, with
 * musl EAGAIN), there will be one again. */
static int
ends_failed(struct task_reason *why)
{
	int e = errno;

	if (!xapply_opt.pty || task_is_shortage(e) || e == ENOSPC)
		return EAGAIN;
	why->code = WK_SYSTEM;
	snprintf(why->text, sizeof why->text, "--pty: a terminal cannot be "
	    "made any more: %s", strerror(e));
	return -1;
}

int
ends_open(int out[2], int err[2], struct task_reason *why)
{
	int status;

	err[0] = err[1] = -1;
	if (ends_pair(out) != 0)
		return ends_failed(why);
	if (!xapply_opt.stderr_apart || ends_pair(err) == 0)
		return 0;
	status = ends_failed(why);
	ends_close(out);
	return status;
}

void
ends_close(const int fd[2])
{
	if (fd[0] >= 0) {
		close(fd[0]);
		close(fd[1]);
	}
}
