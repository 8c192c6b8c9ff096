/*
 * terminal.c - job control for who stands between a shell and a program
 *
 * SPDX-License-Identifier: ISC
 */
#include "terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "divconnect.h"

static volatile sig_atomic_t went_on;

/* What is our terminal may change (setsid), so it is not kept open. */
static int
open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

pid_t
terminal_group(void)
{
	int tty = open_terminal();
	pid_t group = tty >= 0 ? tcgetpgrp(tty) : -1;

	if (tty >= 0)
		close(tty);
	return group;
}

int
terminal_is_ours(void)
{
	return terminal_group() == getpgrp();
}

void
terminal_give(pid_t group)
{
	sigset_t set, old;
	int tty = open_terminal();

	if (tty < 0)
		return;
	/* who does this in the background would be stopped for it */
	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, &old);
	tcsetpgrp(tty, group);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(tty);
}

static void
continued(int sig)
{
	(void)sig;
	went_on = 1;
}

int
terminal_stop(pid_t whom, int sig)
{
	struct sigaction sa, old;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = continued;
	sigemptyset(&sa.sa_mask);
	went_on = 0;
	sigaction(SIGCONT, &sa, &old);
	div_wait(0);
	kill(whom, sig);
	div_waited();
	sigaction(SIGCONT, &old, NULL);
	return went_on;
}

void
terminal_child_stopped(pid_t pid)
{
	pid_t group = getpgid(pid);
	int stopped;

	if (group <= 0 || group == getpgrp() || group != terminal_group())
		return;
	terminal_give(getpgrp());
	stopped = terminal_stop(0, SIGTSTP);
	/* a background job that wants the terminal */
	while (stopped && !terminal_is_ours())
		stopped = terminal_stop(0, SIGTTIN);
	if (terminal_is_ours())
		terminal_give(group);
	kill(-group, SIGCONT);
}
