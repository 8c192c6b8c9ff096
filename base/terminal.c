/*
 * terminal.c - job control between a shell and a program that we start
 *
 * SPDX-License-Identifier: ISC
 */
#include "terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "divconnect.h"

enum { TOGETHER_MS = 50 };

static volatile sig_atomic_t went_on;
/* The group that had the foreground when our child went on without it; 0 when
 * the child went on with it. */
static pid_t foreground_left_to;

/* A setsid may change which terminal is ours, so it is not kept open. */
static int
terminal_open(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

pid_t
wk_terminal_group(void)
{
	int tty = terminal_open();
	pid_t group = tty >= 0 ? tcgetpgrp(tty) : -1;

	if (tty >= 0)
		close(tty);
	return group;
}

int
wk_terminal_is_ours(void)
{
	return wk_terminal_group() == getpgrp();
}

void
wk_terminal_give(pid_t group)
{
	sigset_t set, old;
	int tty = terminal_open();

	if (tty < 0)
		return;
	/* done in the background, it would stop us */
	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, &old);
	tcsetpgrp(tty, group);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(tty);
}

void
wk_terminal_hangup(int sig, pid_t sender)
{
	if (sig != SIGHUP || sender != 0 || getsid(0) != getpid())
		return;
	kill(0, SIGHUP);
	kill(0, SIGCONT);       /* for those that are stopped */
}

static void
continued(int sig)
{
	(void)sig;
	went_on = 1;
}

/* CONT is blocked meanwhile: a CONT that came before the stop would be lost,
 * and the stop last for ever. */
int
wk_terminal_stop(pid_t whom, int sig)
{
	struct sigaction sa, before;
	sigset_t set, old;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = continued;
	sigemptyset(&sa.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, &old);
	sigaction(SIGCONT, &sa, &before);
	went_on = 0;
	div_wait(0);
	if (sigpending(&set) == 0 && !sigismember(&set, SIGCONT))
		kill(whom, sig);
	div_waited();
	/* a CONT that came is delivered here */
	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigaction(SIGCONT, &before, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return went_on;
}

/* True if pid was continued as well.  We may be the first to run of several
 * that were continued together, so it has a moment. */
static int
goes_on(pid_t pid)
{
	siginfo_t info;

	memset(&info, 0, sizeof info);
	poll(NULL, 0, TOGETHER_MS);
	return waitid(P_PID, (id_t)pid, &info,
	    WCONTINUED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* True if the child, of that group, had the foreground when sig stopped it. */
static int
had_terminal(pid_t pid, pid_t group, int sig)
{
	pid_t now = wk_terminal_group();

	if (group <= 0 || now <= 0)
		return 0;
	/* a child that waits for the terminal is no reason for all of us to
	 * stop */
	if (sig == SIGTTIN || sig == SIGTTOU)
		return group == now && group != getpgrp();
	if (group == getpgrp())
		return group == now && !goes_on(pid);
	/* the child may be stopped by one of its own jobs, which had the
	 * foreground */
	return now != getpgrp() && now != getpgid(getppid());
}

void
wk_terminal_child_stopped(pid_t pid, int sig, int (*pending)(void))
{
	pid_t group = getpgid(pid);
	int stopped;

	if (!had_terminal(pid, group, sig))
		return;
	if (wk_terminal_group() == group)
		wk_terminal_give(getpgrp());
	stopped = wk_terminal_stop(0, SIGTSTP);
	/* continued in the background, while the child wants the terminal */
	while (stopped && !wk_terminal_is_ours() && !pending())
		stopped = wk_terminal_stop(0, SIGTTIN);
	foreground_left_to = wk_terminal_is_ours() ? 0 : wk_terminal_group();
	if (foreground_left_to == 0)
		wk_terminal_give(group);
	if (group == getpgrp())
		kill(pid, SIGCONT);
	else
		kill(-group, SIGCONT);
}

void
wk_terminal_child_ended(void)
{
	if (foreground_left_to > 0 && wk_terminal_is_ours())
		wk_terminal_give(foreground_left_to);
	foreground_left_to = 0;
}
