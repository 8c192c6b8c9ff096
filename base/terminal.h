/*
 * terminal.h - job control for who stands between a shell and a program
 *
 * A program that puts a process group of its own into the foreground, as every
 * interactive shell does, is out of reach for the job control of the shell
 * outside, which knows ours alone.  Who starts such programs has to be a link
 * of that chain: to stop when they stop, and to give the terminal back.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_TERMINAL_H
#define WK_TERMINAL_H

#include <sys/types.h>

/* The process group in the foreground of our terminal, or -1. */
pid_t wk_terminal_group(void);

/* Are we in it? */
int wk_terminal_is_ours(void);

/* Put a group of our session there.  From the background, too. */
void wk_terminal_give(pid_t group);

/*
 * Stop by a signal of job control: ourselves (getpid()), or all of our process
 * group (0).  Returns when we go on: 1; or 0 at once when that signal does not
 * stop us: it is ignored, or no shell is left that could continue us.
 * The clock of deadlines (div_awake) does not count the time between.
 */
int wk_terminal_stop(pid_t whom, int sig);

/*
 * A child of ours was stopped by that signal.  If it had the foreground stop
 * with it, so that whoever waits for us hears of it; when we are in the
 * foreground again it has that, too, and goes on.  told: has a signal come
 * meanwhile that is to be passed on, and not to be slept over?
 */
void wk_terminal_child_stopped(pid_t pid, int sig, int (*told)(void));

/* It has ended.  A shell puts us into the foreground then, as it found us; but
 * if it had to go on in the background that is somebody else's. */
void wk_terminal_child_ended(void);

#endif
