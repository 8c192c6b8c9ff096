/*
 * wait.c - take tokens, and do not stand in the queue while stopped
 *
 * One that is stopped (^Z) while it waits would be granted tokens, and hold
 * them without any use.  So it leaves the queue, stops, and asks anew when it
 * goes on.  What waits is a read, which a signal does not end.  Therefore the
 * handler puts something else in the place of the connection, where the read
 * finds its end at once; the connection itself is kept aside.
 *
 * SPDX-License-Identifier: ISC
 */
#include "ptbw.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"
#include "divconnect.h"
#include "wire/broker.h"

enum { QUICK_MS = 2 };            /* what is free is granted within that */

static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };
enum { STOPS = sizeof stops / sizeof *stops };

static struct {
	volatile sig_atomic_t sig;  /* that has come, or 0 */
	int fd, nothing, aside;     /* the connection, /dev/null, its copy */
	struct sigaction before[STOPS];
	int on;
} guard;

static void
wait_stopped(int sig)
{
	int e = errno;

	if (guard.sig == 0)
		dup2(guard.nothing, guard.fd);
	guard.sig = sig;
	errno = e;
}

/* Without descriptors for it a stop is what it was. */
static void
guard_begin(const struct broker *b)
{
	struct sigaction sa;
	int i;

	guard.fd = b->fd;
	guard.nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	guard.aside = fcntl(b->fd, F_DUPFD_CLOEXEC, 3);
	guard.on = guard.nothing >= 0 && guard.aside >= 0;
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = wait_stopped;
	sigfillset(&sa.sa_mask);
	for (i = 0; guard.on && i < STOPS; i++) {
		sigaction(stops[i], NULL, &guard.before[i]);
		if (guard.before[i].sa_handler == SIG_DFL)
			sigaction(stops[i], &sa, NULL);
	}
}

static void
guard_end(void)
{
	int i, e = errno;

	for (i = 0; guard.on && i < STOPS; i++)
		sigaction(stops[i], &guard.before[i], NULL);
	if (guard.sig != 0)
		dup2(guard.aside, guard.fd);
	if (guard.nothing >= 0)
		close(guard.nothing);
	if (guard.aside >= 0)
		close(guard.aside);
	guard.on = 0;
	errno = e;
}

/* Ask, and wait behind the guard, unless the answer comes at once. */
static int
ask_guarded(struct broker *b, size_t n, int64_t deadline, uint32_t *token)
{
	sigset_t set, old;
	int i, r, there;

	guard.sig = 0;
	sigemptyset(&set);
	for (i = 0; i < STOPS; i++)
		sigaddset(&set, stops[i]);
	sigprocmask(SIG_BLOCK, &set, &old);
	r = broker_begin(b, n);
	there = r == 0 && broker_answered(b, QUICK_MS);
	if (!there)
		guard_begin(b);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (r == 0)
		r = broker_finish(b, n, deadline, token);
	if (!there)
		guard_end();
	return r;
}

int
ptbw_take(struct broker *b, const char *path, size_t n, int64_t ms,
    uint32_t *token)
{
	int64_t deadline = ms < 0 ? -1 : div_awake() + ms;
	int r;

	if (ms == 0)
		return broker_take_at_once(b, n, token);
	for (;;) {
		if (ms > 0)
			b->patience = BROKER_ANSWER_MS;
		r = ask_guarded(b, n, deadline, token);
		if (guard.sig == 0)
			return r;
		broker_leave(b);
		wk_terminal_stop(getpid(), guard.sig);
		ptbw_connect(b, path);
	}
}
