/*
 * event.c - one wait for descriptors, signals, children and deadlines
 *
 * A signal handler sets a flag, writes a byte into a pipe to wake the loop, and
 * does nothing else.  Three ways to wait stand behind the four functions
 * wait_*, chosen when this is compiled.
 *
 * SPDX-License-Identifier: ISC
 */
#include "event.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "divconnect.h"
#include "spawn.h"

#if !defined EVENT_POLL && !defined EVENT_EPOLL && !defined EVENT_KQUEUE
#if defined __linux__
#define EVENT_EPOLL
#elif defined __FreeBSD__ || defined __OpenBSD__ || defined __NetBSD__ || \
    defined __DragonFly__ || defined __APPLE__
#define EVENT_KQUEUE
#else
#define EVENT_POLL
#endif
#endif

enum { BATCH = 64, SIGNALS = 65 };

static struct {
	struct wk_io *io;
	int what;
} batch[BATCH];                  /* the events of this round */
static int batch_count;

static struct wk_io signal_io;
static int signal_write = -1;
static void (*signal_arrived[SIGNALS])(int);
static volatile sig_atomic_t signal_pending[SIGNALS];
static volatile pid_t signal_pid[SIGNALS]; /* its sender; 0: several, or none */
static pid_t signal_from;        /* sender of the signal being reported */
static struct wk_timer *first_timer, *last_timer;
static struct wk_child *children;
static void (*unwatched_ended)(int status);
static int has_children;

static void
saw(struct wk_io *io, int what)
{
	batch[batch_count].io = io;
	batch[batch_count].what = what;
	batch_count++;
}

#if defined EVENT_EPOLL

#include <sys/epoll.h>

static int queue = -1;

static int
wait_init(void)
{
	queue = epoll_create1(EPOLL_CLOEXEC);
	return queue < 0 ? -1 : 0;
}

static int
wait_set(struct wk_io *io, int asked)
{
	struct epoll_event e;

	memset(&e, 0, sizeof e);
	e.events = (asked & WK_READ ? EPOLLIN : 0) |
	    (asked & WK_WRITE ? EPOLLOUT : 0);
	e.data.ptr = io;
	return epoll_ctl(queue, io->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
	    io->fd, &e);
}

static void
wait_forget(struct wk_io *io)
{
	struct epoll_event e;

	memset(&e, 0, sizeof e);
	epoll_ctl(queue, EPOLL_CTL_DEL, io->fd, &e);
}

static int
wait_events(int ms)
{
	struct epoll_event e[BATCH];
	int i, n;

	n = epoll_wait(queue, e, BATCH, ms);
	for (i = 0; i < n; i++)
		saw(e[i].data.ptr, (e[i].events & EPOLLIN ? WK_READ : 0) |
		    (e[i].events & EPOLLOUT ? WK_WRITE : 0) |
		    (e[i].events & (EPOLLHUP | EPOLLERR) ? WK_HUP : 0));
	return n;
}

#elif defined EVENT_KQUEUE

#include <sys/event.h>

static int queue = -1;

static int
wait_init(void)
{
	queue = kqueue();
	return queue < 0 ? -1 : fcntl(queue, F_SETFD, FD_CLOEXEC);
}

/*
 * One filter for each direction.  A peer that has shut down its sending side
 * alone looks here like one that is gone, which epoll and poll tell apart.
 * Where reading was not asked for, EV_CLEAR reports data once and no more, and
 * the end, which is all that wait_events looks for then, as soon as it comes.
 */
static int
wait_set(struct wk_io *io, int asked)
{
	struct kevent k[2];
	int had = io->watched ? io->asked : 0, n = 1;

	EV_SET(&k[0], io->fd, EVFILT_READ,
	    EV_ADD | (asked & WK_READ ? 0 : EV_CLEAR), 0, 0, io);
	if (io->watched && ((had ^ asked) & WK_READ)) {
		struct kevent gone;

		EV_SET(&gone, io->fd, EVFILT_READ, EV_DELETE, 0, 0, io);
		kevent(queue, &gone, 1, NULL, 0, NULL);
	}
	if ((had ^ asked) & WK_WRITE) {
		EV_SET(&k[1], io->fd, EVFILT_WRITE,
		    asked & WK_WRITE ? EV_ADD : EV_DELETE, 0, 0, io);
		n = 2;
	}
	return kevent(queue, k, n, NULL, 0, NULL);
}

static void
wait_forget(struct wk_io *io)
{
	struct kevent k;

	EV_SET(&k, io->fd, EVFILT_READ, EV_DELETE, 0, 0, io);
	kevent(queue, &k, 1, NULL, 0, NULL);
	EV_SET(&k, io->fd, EVFILT_WRITE, EV_DELETE, 0, 0, io);
	if (io->asked & WK_WRITE)
		kevent(queue, &k, 1, NULL, 0, NULL);
}

static int
wait_events(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
	struct kevent k[BATCH];
	struct wk_io *io;
	int i, n, what;

	n = kevent(queue, NULL, 0, k, BATCH, ms < 0 ? NULL : &t);
	for (i = 0; i < n; i++) {
		io = (struct wk_io *)k[i].udata;
		what = k[i].filter == EVFILT_WRITE ? WK_WRITE : WK_READ;
		if (k[i].filter == EVFILT_READ && !(io->asked & WK_READ))
			what = k[i].flags & EV_EOF ? WK_HUP : 0;
		if (what != 0)
			saw(io, what);
	}
	return n;
}

#else

static struct pollfd *table;
static struct wk_io **table_io;
static size_t table_count, table_room;

static int
wait_init(void)
{
	return 0;
}

static int
table_grow(void)
{
	size_t room = table_room ? 2 * table_room : 64;
	struct pollfd *p = realloc(table, room * sizeof *p);
	struct wk_io **q;

	if (p == NULL)
		return -1;
	table = p;
	q = realloc(table_io, room * sizeof *q);
	if (q == NULL)
		return -1;
	table_io = q;
	table_room = room;
	return 0;
}

static int
wait_set(struct wk_io *io, int asked)
{
	if (!io->watched) {
		if (table_count == table_room && table_grow() != 0)
			return -1;
		io->slot = table_count++;
		table[io->slot].fd = io->fd;
		table_io[io->slot] = io;
	}
	table[io->slot].events = (short)((asked & WK_READ ? POLLIN : 0) |
	    (asked & WK_WRITE ? POLLOUT : 0));
	table[io->slot].revents = 0;
	return 0;
}

static void
wait_forget(struct wk_io *io)
{
	table_count--;
	table[io->slot] = table[table_count];
	table_io[io->slot] = table_io[table_count];
	table_io[io->slot]->slot = io->slot;
}

static int
wait_events(int ms)
{
	static size_t from;      /* first to look at: a full batch leaves some
	                            for the next round */
	size_t i, at;
	int n = poll(table, (nfds_t)table_count, ms), e;

	for (i = 0; n > 0 && i < table_count && batch_count < BATCH; i++) {
		at = (from + i) % table_count;
		e = table[at].revents;
		if (e != 0)
			saw(table_io[at], (e & POLLIN ? WK_READ : 0) |
			    (e & POLLOUT ? WK_WRITE : 0) |
			    (e & (POLLHUP | POLLERR | POLLNVAL) ? WK_HUP : 0));
	}
	from = table_count > 0 ? (from + i) % table_count : 0;
	return n;
}

#endif

int
wk_watch(struct wk_io *io, int asked)
{
	if (io->watched && io->asked == asked)
		return 0;
	if (wait_set(io, asked) != 0)
		return -1;
	io->watched = 1;
	io->asked = asked;
	return 0;
}

void
wk_forget(struct wk_io *io)
{
	int i;

	if (!io->watched)
		return;
	wait_forget(io);
	io->watched = 0;
	for (i = 0; i < batch_count; i++)
		if (batch[i].io == io)
			batch[i].io = NULL;
}

int
wk_look(int fd, short events, int ms)
{
	struct pollfd p = { fd, events, 0 };
	int n;

	do
		n = poll(&p, 1, ms);
	while (n < 0 && errno == EINTR);
	return n > 0 ? p.revents : 0;
}

int
wk_passes(int error)
{
	return error == ENOBUFS || error == ENOMEM || error == ENOSPC ||
	    error == ETOOMANYREFS;
}

/* --- deadlines, in the order of their time --- */

void
wk_timer_stop(struct wk_timer *t)
{
	if (!t->set)
		return;
	t->set = 0;
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		first_timer = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	else
		last_timer = t->prev;
}

/* Most deadlines are later than all others: look for the place from the end. */
void
wk_timer_set(struct wk_timer *t, int64_t ms)
{
	struct wk_timer *p;

	wk_timer_stop(t);
	t->set = 1;
	t->when = div_awake() + ms;
	for (p = last_timer; p != NULL && p->when > t->when; p = p->prev)
		;
	t->prev = p;
	t->next = p != NULL ? p->next : first_timer;
	if (t->prev != NULL)
		t->prev->next = t;
	else
		first_timer = t;
	if (t->next != NULL)
		t->next->prev = t;
	else
		last_timer = t;
}

static void
run_timers(void)
{
	struct wk_timer *t;
	int64_t now;

	if (first_timer == NULL)
		return;
	now = div_awake();
	while ((t = first_timer) != NULL && t->when <= now) {
		wk_timer_stop(t);
		t->expired(t);
	}
}

/* --- signals and children --- */

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	int e = errno;
	pid_t pid = info != NULL && info->si_code <= 0 && info->si_pid > 0 ?
	    info->si_pid : 0;

	(void)context;
	if (wk_spawn_in_child(sig)) {
		errno = e;
		return;
	}
	if (!signal_pending[sig] || pid == 0)
		signal_pid[sig] = pid;
	signal_pending[sig] = 1;
	/* the system, too, drops a pending stop then */
	if (sig == SIGCONT)
		signal_pending[SIGTSTP] = 0;
	while (write(signal_write, "", 1) < 0 && errno == EINTR)
		;       /* a pipe that is full: the loop will wake as it is */
	errno = e;
}

/* As wk_spawn_signal, but with the sender. */
static int
catch(int sig)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_sigaction = on_signal;
	sa.sa_flags = SA_RESTART | SA_SIGINFO;
	sigfillset(&sa.sa_mask);
	return wk_spawn_caught(sig) != 0 ? -1 : sigaction(sig, &sa, NULL);
}

pid_t
wk_signal_sender(void)
{
	return signal_from;
}

int
wk_pending(int sig)
{
	return signal_pending[sig];
}

int
wk_end_pending(void)
{
	return wk_pending(SIGTERM) || wk_pending(SIGHUP) ||
	    wk_pending(SIGINT) || wk_pending(SIGQUIT);
}

int
wk_signal(int sig, void (*arrived)(int sig))
{
	sigset_t set;

	signal_arrived[sig] = arrived;
	if (sig != SIGCHLD && wk_spawn_ignored(sig))
		return 0;
	signal_pending[sig] = 0;
	if (catch(sig) != 0)
		return -1;
	/* the program that started us may have had it blocked */
	sigemptyset(&set);
	sigaddset(&set, sig);
	return sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void
wk_child_watch(struct wk_child *c)
{
	c->next = children;
	children = c;
}

void
wk_child_unwatched(void (*ended)(int status))
{
	unwatched_ended = ended;
}

/* The link to a child in the list, which is NULL if it is not watched. */
static struct wk_child **
child_link(pid_t pid)
{
	struct wk_child **p;

	for (p = &children; *p != NULL; p = &(*p)->next)
		if ((*p)->pid == pid)
			break;
	return p;
}

static void
reap_children(int sig)
{
	struct wk_child **p, *c;
	int status;
	pid_t pid;

	(void)sig;
	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0 ||
	    (pid < 0 && errno == EINTR)) {
		if (pid < 0)
			continue;
		p = child_link(pid);
		c = *p;
		if (WIFSTOPPED(status)) {
			if (c != NULL && c->stopped != NULL)
				c->stopped(c, WSTOPSIG(status));
		} else if (c != NULL) {
			*p = c->next;
			c->ended(c, status);
		} else if (unwatched_ended != NULL) {
			unwatched_ended(status);
		}
	}
	has_children = pid == 0;
}

int
wk_reap_watched(void)
{
	reap_children(SIGCHLD);
	return children != NULL;
}

int
wk_reap(void)
{
	reap_children(SIGCHLD);
	return has_children;
}

static void
read_signals(struct wk_io *io, int what)
{
	char bytes[64];
	int sig;

	(void)what;
	while (read(io->fd, bytes, sizeof bytes) == sizeof bytes)
		;
	for (sig = 1; sig < SIGNALS; sig++)
		if (signal_pending[sig]) {
			signal_from = signal_pid[sig];
			signal_pending[sig] = 0;
			signal_arrived[sig](sig);
		}
}

int
wk_init(void)
{
	int fd[2];

	if (wait_init() != 0 || div_pipe(fd) != 0)
		return -1;
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	signal_write = fd[1];
	signal_io.fd = fd[0];
	signal_io.ready = read_signals;
	if (wk_watch(&signal_io, WK_READ) != 0)
		return -1;
	return wk_signal(SIGCHLD, reap_children);
}

int
wk_round(int wait)
{
	struct wk_io *io;
	int i, n, ms = 0;

	batch_count = 0;
	if (wait)
		ms = div_wait(first_timer != NULL ? first_timer->when : -1);
	n = wait_events(ms);
	if (wait)
		div_waited();
	if (n < 0) {
		if (errno != EINTR)
			return -1;
		/* most likely a signal that we catch: its byte will come, but
		 * need not be waited for */
		read_signals(&signal_io, WK_READ);
	}
	for (i = 0; i < batch_count; i++) {
		io = batch[i].io;
		batch[i].io = NULL;
		if (io != NULL)
			io->ready(io, batch[i].what);
	}
	batch_count = 0;
	run_timers();
	return 0;
}
