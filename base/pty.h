/*
 * pty.h - pseudo-terminals for what programs write
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_PTY_H
#define WK_PTY_H

#include <sys/ioctl.h>
#include <termios.h>

/*
 * Make a terminal for programs to write to: fd[0] is ours, and reads what they
 * write, byte for byte; fd[1] is theirs.  Both are close-on-exec, and it
 * controls no session.  There is no keyboard: who reads from fd[1] finds the
 * end of its input, and nothing is echoed.  size is that of the terminal;
 * NULL: it has none.  The end of what is written is EIO, once nobody has fd[1]
 * open any more; struct flow knows that.  0, or -1 with errno.
 */
int wk_pty_open(int fd[2], const struct winsize *size);

/* Give the terminal whose fd[0] that is, or -1, another size. */
void wk_pty_resize(int fd, const struct winsize *size);

#endif
