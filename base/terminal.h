/*
 * terminal.h - job control between a shell and a program that we start
 *
 * A program that puts a process group of its own into the foreground, as every
 * interactive shell does, is out of reach for the job control of the shell
 * outside, which knows our group alone.  So a program that starts such ones
 * has to stop when they stop, and to give them the terminal back when it goes
 * on.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_TERMINAL_H
#define WK_TERMINAL_H

#include <sys/types.h>

/* The process group in the foreground of our terminal, or -1. */
pid_t wk_terminal_group(void);

/* True if that is our own group. */
int wk_terminal_is_ours(void);

/* Put a group of our session into the foreground, also when we are in the
 * background. */
void wk_terminal_give(pid_t group);

/*
 * Stop by a signal of job control: this process (whom is getpid()), or all of
 * its process group (0).  Returns 1 when we go on; 0 at once when the signal
 * does not stop us, because it is ignored or no shell is left that could
 * continue us.  The clock of deadlines (div_awake) does not count the time
 * between.
 */
int wk_terminal_stop(pid_t whom, int sig);

/*
 * A child of ours was stopped by sig.  If it had the foreground, stop as well,
 * so that the process that waits for us hears of it; and when we go on, give
 * the child the foreground, if we have it, and continue it.  No further stop
 * happens once pending returns 1: a signal has been caught that is to be passed
 * on at once.
 */
void wk_terminal_child_stopped(pid_t pid, int sig, int (*pending)(void));

/* The child has ended.  If it had gone on in the background, the shell may now
 * give us a foreground that belongs to another group: hand it back. */
void wk_terminal_child_ended(void);

/*
 * A signal to end has come, from that process, 0 for the system.  When a
 * terminal is gone, the system tells the leader of its session alone, and the
 * others when that ends; a leader that waits for them tells its process group
 * here, itself included.
 */
void wk_terminal_hangup(int sig, pid_t sender);

#endif
