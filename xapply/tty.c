/*
 * tty.c - the terminal, lent to one task at a time
 *
 * The system stops a task that has its own process group when it reads the
 * terminal, or asks for a password there.  So we do what a shell does for its
 * jobs: while we are in the foreground, the task is put there in our place, and
 * we take the terminal back when it has ended.
 *
 * If the user stops that task, the whole run stops.  The terminal's signal
 * reaches none of the other groups, so tty_stop sends it to them.
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

/* Not every shell sends SIGCONT to a job that goes on in its foreground. */
enum { LOOK_MS = 200 };
static void tty_look(struct wk_timer *t);

static struct {
	struct task *holder;      /* the task that has the terminal; NULL: we
	                             have it, or another job of the shell */
	struct task *queue;       /* tasks that wait for it, stopped */
	struct wk_timer look;     /* check whether we have it again */
} tty = { .look = { .expired = tty_look } };

static void
tty_give(struct task *t)
{
	tty.holder = t;
	/* from now on our messages come from the background */
	wk_spawn_signal(SIGTTOU, SIG_IGN);
	wk_terminal_give(t->child.pid);
	kill(-t->child.pid, SIGCONT);
}

/* From the group that the holder has or had.  When another group is in the
 * foreground, a shell has put us into the background: then it stays there. */
static void
take_back(pid_t group)
{
	pid_t now = wk_terminal_group();

	tty.holder = NULL;
	if (now == group ||
	    (now > 0 && kill(-now, 0) != 0 && errno == ESRCH))
		wk_terminal_give(getpgrp());
}

/* The link of the queue that points to the task, or the last one. */
static struct task **
place(const struct task *t)
{
	struct task **p;

	for (p = &tty.queue; *p != NULL && *p != t; p = &(*p)->tty_next)
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
	struct task *t = tty.queue;
	pid_t group;

	if (tty.holder != NULL || t == NULL)
		return;
	group = wk_terminal_group();
	/* the task may have the terminal already, handed back by a group that
	 * it had made and put into the foreground */
	if (group != getpgrp() && group != t->child.pid) {
		wk_timer_set(&tty.look, LOOK_MS);
		return;
	}
	tty.queue = t->tty_next;
	tty_give(t);
}

/* Tasks whose terminal is gone are continued, to fail as they would without
 * us. */
static void
tty_look(struct wk_timer *timer)
{
	struct task *t;

	(void)timer;
	if (wk_terminal_group() < 0)
		for (t = tty.queue; t != NULL; t = t->tty_next)
			kill(-t->child.pid, SIGCONT);
	give_next();
}

/* The user has stopped the task that has the terminal, and means the run.  When
 * we go on, the task is the first to have the terminal again. */
static void
stop_with(struct task *t)
{
	take_back(t->child.pid);
	enqueue(t, &tty.queue);
	kill(0, SIGTSTP);
	/* in case we are not stopped: TSTP may be ignored */
	wk_timer_set(&tty.look, LOOK_MS);
}

void
tty_stopped(struct task *t, int sig)
{
	int asks_for_tty = sig == SIGTTIN || sig == SIGTTOU;

	if (!t->grouped) {
		/* a task of our own group that was stopped alone just stays
		 * so; a group that it has made itself may be the foreground */
		if (getpgid(t->child.pid) != getpgrp())
			wk_terminal_child_stopped(t->child.pid, sig,
			    wk_end_pending);
		return;
	}
	if (!asks_for_tty) {
		if (tty.holder == t)
			stop_with(t);
		else if (t->stopped_by_us && sig == SIGTSTP)
			/* tty_continue came before its stop */
			kill(-t->child.pid, SIGCONT);
		t->stopped_by_us = 0;
		return;
	}
	/* the holder asks again: it lost the terminal while we were stopped */
	if (tty.holder == t)
		tty.holder = NULL;
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
	if (tty.holder != t)
		return;
	take_back(t->left);
	if (WIFSIGNALED(s) && (WTERMSIG(s) == SIGINT || WTERMSIG(s) == SIGQUIT))
		t->setup->terminal_signal(WTERMSIG(s));
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
tty_foreground(int sig)
{
	(void)sig;
	if (tty.holder != NULL && wk_terminal_is_ours())
		tty_give(tty.holder);
	give_next();
}
