/*
 * tty.c - the terminal, lent to one task at a time
 *
 * A task in a process group of its own is stopped by the system when it reads
 * the terminal, or asks for a password there.  So we do what a shell does for
 * its jobs: as long as we are in the foreground it is put there in our place,
 * and we take the terminal back when it has ended.
 * A stop is one of all: of the tasks by us, whom the terminal does not reach.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"
#include "base/terminal.h"
#include "xapply.h"

static struct task *has_it;       /* or NULL: we do, if anybody of ours */
static struct task *waiting;      /* for it, stopped */

/* Not every shell tells a job that goes on in its foreground. */
enum { LOOK_MS = 200 };
static void look(struct wk_timer *t);
static struct wk_timer look_again = { .expired = look };

static void
tty_give(struct task *t)
{
	has_it = t;
	/* what we say from now on we say from the background */
	wk_spawn_signal(SIGTTOU, SIG_IGN);
	wk_terminal_give(t->child.pid);
	kill(-t->child.pid, SIGCONT);
}

/* From a group that has it, or that had it and is no more.  If we were put into
 * the background meanwhile it is somebody else's. */
static void
take_back(pid_t group)
{
	pid_t now = wk_terminal_group();

	has_it = NULL;
	if (now == group ||
	    (now > 0 && kill(-now, 0) != 0 && errno == ESRCH))
		wk_terminal_give(getpgrp());
}

/* Where in the queue it is, or the end of that. */
static struct task **
place(const struct task *t)
{
	struct task **p;

	for (p = &waiting; *p != NULL && *p != t; p = &(*p)->tty_next)
		;
	return p;
}

static void
dequeue(struct task *t)
{
	struct task **p = place(t);

	if (*p == t)
		*p = t->tty_next;
}

static void
enqueue(struct task *t, struct task **at)
{
	t->tty_next = *at;
	*at = t;
}

static void
give_next(void)
{
	struct task *t = waiting;
	pid_t group;

	if (has_it != NULL || t == NULL)
		return;
	group = wk_terminal_group();
	/* (it may have come back to it from a group that it made) */
	if (group != getpgrp() && group != t->child.pid) {
		wk_timer_set(&look_again, LOOK_MS);
		return;
	}
	waiting = t->tty_next;
	tty_give(t);
}

/* Where there is no terminal any more they hear of it when they go on. */
static void
look(struct wk_timer *timer)
{
	struct task *t;

	(void)timer;
	if (wk_terminal_group() < 0)
		for (t = waiting; t != NULL; t = t->tty_next)
			kill(-t->child.pid, SIGCONT);
	give_next();
}

/* Its user wants all of us to stop; when we go on, so does it. */
static void
stop_with(struct task *t)
{
	take_back(t->child.pid);
	enqueue(t, &waiting);
	kill(0, SIGTSTP);
	wk_timer_set(&look_again, LOOK_MS);      /* who ignores it */
}

void
tty_stopped(struct task *t, int sig)
{
	int asks = sig == SIGTTIN || sig == SIGTTOU;

	if (!t->grouped) {
		/* one that is stopped alone only keeps its place */
		if (getpgid(t->child.pid) != getpgrp())
			wk_terminal_child_stopped(t->child.pid, sig, wk_end_pending);
		return;
	}
	if (!asks) {
		if (has_it == t)
			stop_with(t);
		else if (t->stopped_by_us && sig == SIGTSTP)
			kill(-t->child.pid, SIGCONT);   /* late */
		t->stopped_by_us = 0;
		return;
	}
	/* while we were stopped it lost what it had */
	if (has_it == t)
		has_it = NULL;
	dequeue(t);
	enqueue(t, place(t));
	give_next();
}

void
tty_ended(struct task *t)
{
	int s = t->status;

	wk_terminal_child_ended();
	dequeue(t);
	if (has_it != t)
		return;
	take_back(t->left);
	/* what the terminal has sent it was meant for the run */
	if (WIFSIGNALED(s) && (WTERMSIG(s) == SIGINT || WTERMSIG(s) == SIGQUIT))
		t->setup->told(WTERMSIG(s));
	give_next();
}

void
tty_stop(struct task *t)
{
	if (!t->grouped || t->child.pid <= 0)
		return;
	t->stopped_by_us = 1;
	kill(-t->child.pid, SIGTSTP);
}

void
tty_continue(struct task *t)
{
	if (t->grouped && t->child.pid > 0 && *place(t) != t)
		kill(-t->child.pid, SIGCONT);
}

void
tty_again(int sig)
{
	(void)sig;
	if (has_it != NULL && wk_terminal_is_ours())
		tty_give(has_it);
	give_next();
}
