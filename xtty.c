/*
 * xtty.c - the terminal, lent to one task at a time
 *
 * A task in a process group of its own is stopped by the system when it reads
 * the terminal, or asks for a password there.  So we do what a shell does for
 * its jobs: as long as we are in the foreground it is put there in our place,
 * and we take the terminal back when it has ended.
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn.h"
#include "xapply.h"

static int tty = -1;
static struct task *has_it;       /* or NULL: we do, if anybody of ours */
static struct task *waiting;      /* for it, stopped */

/* Not every shell tells a job that goes on in its foreground. */
enum { LOOK_MS = 200 };
static void look(struct ev_timer *t);
static struct ev_timer look_again = { .expired = look };

static int
in_foreground(void)
{
	if (tty < 0)
		tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	return tty >= 0 && tcgetpgrp(tty) == getpgrp();
}

static void
give(struct task *t)
{
	has_it = t;
	tcsetpgrp(tty, t->child.pid);
	kill(-t->child.pid, SIGCONT);
}

/* From the background, where only who ignores this may do so. */
static void
take_back(void)
{
	has_it = NULL;
	spawn_signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(tty, getpgrp());
}

static void
dequeue(struct task *t)
{
	struct task **p;

	for (p = &waiting; *p != NULL; p = &(*p)->tty_next)
		if (*p == t) {
			*p = t->tty_next;
			break;
		}
}

static void
give_next(void)
{
	struct task *t = waiting;

	if (has_it != NULL || t == NULL)
		return;
	if (!in_foreground()) {
		ev_timer_set(&look_again, LOOK_MS);
		return;
	}
	waiting = t->tty_next;
	give(t);
}

static void
look(struct ev_timer *t)
{
	(void)t;
	give_next();
}

/* Its user wants all of us to stop; when we go on, so does it. */
static void
stop_all(struct task *t)
{
	take_back();
	kill(0, SIGTSTP);
	if (in_foreground())
		give(t);
	else
		tty_stopped(t, SIGTTIN);
}

void
tty_stopped(struct task *t, int sig)
{
	struct task **p;

	if (!t->grouped)
		return;
	if (sig == SIGTSTP && has_it == t) {
		stop_all(t);
		return;
	}
	if ((sig != SIGTTIN && sig != SIGTTOU) || has_it == t)
		return;
	dequeue(t);
	for (p = &waiting; *p != NULL; p = &(*p)->tty_next)
		;
	*p = t;
	t->tty_next = NULL;
	give_next();
}

void
tty_ended(struct task *t)
{
	int s = t->status;

	dequeue(t);
	if (has_it != t)
		return;
	take_back();
	/* what the terminal has sent it was meant for the run */
	if (WIFSIGNALED(s) && (WTERMSIG(s) == SIGINT || WTERMSIG(s) == SIGQUIT))
		t->setup->told(WTERMSIG(s));
	give_next();
}

void
tty_again(int sig)
{
	(void)sig;
	give_next();
}
