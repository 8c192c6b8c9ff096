/*
 * spawn.c - start programs as if the wrapper were not there
 *
 * A child is made with vfork, so that starting one from a large process
 * costs no more than from a small one.  Until its exec it runs in our
 * memory: all signals are blocked, dispositions are put back in the child
 * alone, and it does little more than system calls.  When exec fails, the
 * child writes errno into that memory.  Some systems, and valgrind, have a
 * vfork that is a fork: so the first child also sends errno through a pipe,
 * which exec closes; whether it has written our memory, too, decides whether
 * later ones need a pipe.  For each task of a run a pipe would cost two more
 * switches between parent and child.
 *
 * SPDX-License-Identifier: ISC
 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codes.h"
#include "divconnect.h"
#include "terminal.h"
#include "text.h"

#define DEFAULT_PATH "/usr/local/bin:/bin:/usr/bin"

enum {
	SIGNALS = 65,
	SAME_MS = 200,            /* between a signal and itself */
	SAME_HUP_MS = 1000
};

static struct {
	struct sigaction action[SIGNALS]; /* as found */
	enum { SIGNAL_AS_FOUND, SIGNAL_CHANGED, SIGNAL_CAUGHT }
	    is[SIGNALS];             /* now */
	sigset_t mask;
	struct rlimit nofile;
	int limit_raised;
} found;

/* Written by a child before its exec, if it runs in our memory. */
static struct {
	volatile int ran;
	volatile int running;    /* still, if we are not stopped meanwhile */
	volatile int error;      /* errno of what failed */
	volatile int stop;       /* a signal that would have stopped it */
} from_child;
static int is_shared;            /* children do run in our memory */

int
wk_spawn_signal(int sig, void (*handler)(int))
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = handler;
	sa.sa_flags = SA_RESTART;
	sigfillset(&sa.sa_mask);
	return wk_spawn_remember(sig) != 0 ? -1 : sigaction(sig, &sa, NULL);
}

int
wk_spawn_remember(int sig)
{
	if (found.is[sig] == SIGNAL_AS_FOUND &&
	    sigaction(sig, NULL, &found.action[sig]) != 0)
		return -1;
	found.is[sig] = SIGNAL_CHANGED;
	return 0;
}

int
wk_spawn_caught(int sig)
{
	if (wk_spawn_remember(sig) != 0)
		return -1;
	if (found.action[sig].sa_handler == SIG_DFL)
		found.is[sig] = SIGNAL_CAUGHT;
	return 0;
}

int
wk_spawn_write_errors(void)
{
	return wk_spawn_signal(SIGPIPE, SIG_IGN) == 0 ?
	    wk_spawn_signal(SIGXFSZ, SIG_IGN) : -1;
}

/* When a terminal goes away, both it and its shell send HUP.  timeout(1) sends
 * its signal to its child, and then to the group. */
int
wk_spawn_same_signal(int sig, int64_t sent)
{
	return div_now() <= sent + (sig == SIGHUP ? SAME_HUP_MS : SAME_MS);
}

int
wk_spawn_ignored(int sig)
{
	struct sigaction sa;

	if (found.is[sig] != SIGNAL_AS_FOUND)
		return found.action[sig].sa_handler == SIG_IGN;
	return sigaction(sig, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN;
}

/* Ends as the signal would have ended any other process. */
static void
end_as_first(int sig)
{
	_exit(WK_SIGNAL + sig);
}

/* The first process of a container gets no signal but those that it catches. */
static void
hear_as_first(void)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	size_t i;

	for (i = 0; i < sizeof ends / sizeof *ends; i++)
		if (!wk_spawn_ignored(ends[i]))
			wk_spawn_signal(ends[i], end_as_first);
}

int
wk_spawn_init(void)
{
	int fd;

	sigprocmask(SIG_SETMASK, NULL, &found.mask);
	if (getpid() == 1)
		hear_as_first();
	for (fd = 0; fd <= 2; fd++)     /* open takes the lowest free one */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			return -1;
	return 0;
}

void
wk_spawn_raise_limit(void)
{
	struct rlimit r;

	if (found.limit_raised || getrlimit(RLIMIT_NOFILE, &found.nofile) != 0)
		return;
	r = found.nofile;
	r.rlim_cur = r.rlim_max;
	if (r.rlim_cur != found.nofile.rlim_cur &&
	    setrlimit(RLIMIT_NOFILE, &r) == 0)
		found.limit_raised = 1;
}

static int
install_fds(const int *fd)
{
	int i;

	for (i = 0; i < 3; i++)
		if (fd[i] == WK_SPAWN_CLOSED)
			close(i);
		else if (fd[i] >= 0 && dup2(fd[i], i) < 0)
			return -1;
	return 0;
}

/* A session of its own.  A terminal that controls another session stays with
 * that one. */
static void
new_session(void)
{
	int i;

	if (setsid() < 0)
		return;
	for (i = 0; i < 3; i++)
		if (isatty(i)) {
			ioctl(i, TIOCSCTTY, 0);
			return;
		}
}

static void
inherit(int fd)
{
	fcntl(fd, F_SETFD, 0);
}

/* all: no handler of ours is to run any more, or else, all that exec would not
 * do itself. */
static void
restore_signals(int all)
{
	int sig;

	for (sig = 1; sig < SIGNALS; sig++)
		if (found.is[sig] == SIGNAL_CHANGED ||
		    (all && found.is[sig] == SIGNAL_CAUGHT))
			sigaction(sig, &found.action[sig], NULL);
}

static int
spawn_restore(const struct wk_spawn *s)
{
	const int *fd;

	if (found.limit_raised)
		setrlimit(RLIMIT_NOFILE, &found.nofile);
	if (s->keep >= 0)
		inherit(s->keep);
	for (fd = s->also; fd != NULL && *fd >= 0; fd++)
		inherit(*fd);
	if (s->fd != NULL && install_fds(s->fd) != 0)
		return -1;
	if (s->dir >= 0 && fchdir(s->dir) != 0)
		return -1;
	if (s->group)
		setpgid(0, 0);
	if (s->session)
		new_session();
	return 0;
}

static void
note_stop(int sig)
{
	from_child.stop = sig;
}

/*
 * While a child of vfork has not called exec, its parent can neither be stopped
 * nor killed but by KILL, so the child must not stop.  exec puts the
 * dispositions of caught signals back, and the parent sends the signal again.
 */
static void
catch_stops(void)
{
	static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };
	struct sigaction sa, before;
	size_t i;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = note_stop;
	for (i = 0; i < sizeof stops / sizeof *stops; i++)
		if (found.is[stops[i]] != SIGNAL_CAUGHT &&
		    sigaction(stops[i], &sa, &before) == 0 &&
		    before.sa_handler != SIG_DFL)
			sigaction(stops[i], &before, NULL);
}

/* The signal is sent once more, and finds what the program would have found. */
int
wk_spawn_in_child(int sig)
{
	if (!from_child.running)
		return 0;
	if (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) {
		note_stop(sig);
	} else {
		sigaction(sig, &found.action[sig], NULL);
		kill(getpid(), sig);
	}
	return 1;
}

static void
unblock(void)
{
	sigprocmask(SIG_SETMASK, &found.mask, NULL);
}

static char *const *
spawn_environment(const struct wk_spawn *s)
{
	extern char **environ;

	return s->env != NULL ? s->env : environ;
}

/* $PATH of the program's environment, or NULL. */
static const char *
search_path(const struct wk_spawn *s)
{
	const char *path = NULL;
	char *const *e;

	if (s->env == NULL)
		return getenv("PATH");
	for (e = s->env; *e != NULL && path == NULL; e++)
		path = text_after(*e, "PATH=");
	return path;
}

/* True if a file has a NUL in its first line, so that no shell would read it.
 * errno stays as it is. */
static int
is_binary(const char *path)
{
	char text[256];
	int e = errno, fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : 0;
	const char *nul = n > 0 ? memchr(text, '\0', (size_t)n) : NULL;

	if (fd >= 0)
		close(fd);
	errno = e;
	return nul != NULL && memchr(text, '\n', (size_t)(nul - text)) == NULL;
}

/*
 * execve; for a file whose format the kernel does not know, a script without
 * #!, the shell, as POSIX wants it of execvp.  Returns errno.
 */
static int
execute(const char *path, void *of)
{
	const struct wk_spawn *s = of;
	char *const *env = spawn_environment(s);
	size_t argc = 0;

	execve(path, s->argv, env);
	if (errno != ENOEXEC || is_binary(path))
		return errno;
	while (s->argv[argc] != NULL)
		argc++;
	{
		char *argv[argc + 2];

		argv[0] = (char *)"sh";
		argv[1] = (char *)path;
		memcpy(argv + 2, s->argv + 1, argc * sizeof *argv);
		execve("/bin/sh", argv, env);
	}
	return errno;
}

/* What execve would say of a file: errno, or 0 with a copy of the path in *of,
 * unless that is NULL. */
static int
examine(const char *path, void *of)
{
	char **copy = of;
	struct stat st;

	if (stat(path, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode) || access(path, X_OK) != 0)
		return EACCES;
	if (copy != NULL && (*copy = strdup(path)) == NULL)
		return ENOMEM;
	return 0;
}

/* The file of that name in the first of the directories, which may be empty:
 * the current one.  -1: its path is too long. */
static int
join(char *path, size_t room, const char *dirs, const char *name)
{
	size_t n = strcspn(dirs, ":"), len = strlen(name);

	if (n == 0) {
		dirs = ".";
		n = 1;
	}
	if (n + len + 2 > room)
		return -1;
	memcpy(path, dirs, n);
	path[n] = '/';
	memcpy(path + n + 1, name, len + 1);
	return 0;
}

/*
 * Try all files that a name can stand for, in the order of the directories
 * (of $PATH; NULL: the usual ones), until one is good.  0, or errno.
 *
 * This is what execvp does, but the same with every libc (musl's does not run
 * scripts without #!), and without memory of its own, as a child of vfork
 * needs it.
 */
static int
search(const char *name, const char *dirs,
    int (*try)(const char *path, void *of), void *of)
{
	char path[PATH_MAX];
	int e, error = ENOENT;

	if (strchr(name, '/') != NULL)
		return try(name, of);
	if (dirs == NULL)
		dirs = DEFAULT_PATH;
	for (; *name != '\0'; dirs++) {
		if (join(path, sizeof path, dirs, name) == 0) {
			e = try(path, of);
			/* in a directory that we may not enter is nothing */
			if (e == EACCES && access(path, F_OK) == 0)
				error = EACCES;
			else if (e != EACCES && e != ENOENT && e != ENOTDIR)
				return e;
		}
		dirs += strcspn(dirs, ":");
		if (*dirs == '\0')
			break;
	}
	return error;
}

int
wk_spawn_find(const char *file, char **path)
{
	return search(file, getenv("PATH"), examine, path);
}

/* exec, in a process that is prepared for it.  Returns errno. */
static int
exec_program(const struct wk_spawn *s)
{
	return search(s->file, search_path(s), execute, (void *)s);
}

/* The child's side: never returns. */
static void
child(const struct wk_spawn *s, int report)
{
	int e;

	from_child.ran = from_child.running = 1;
	restore_signals(0);
	if (spawn_restore(s) == 0) {
		catch_stops();
		unblock();
		e = exec_program(s);
	} else {
		e = errno;
	}
	from_child.error = e;
	while (report >= 0 && write(report, &e, sizeof e) < 0 &&
	    errno == EINTR)
		;
	_exit(WK_NOT_FOUND);
}

/* The errno that the child has sent; 0 when its exec worked. */
static int
exec_error(int fd)
{
	int e = 0;
	ssize_t n;

	do
		n = read(fd, &e, sizeof e);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof e ? e : 0;
}

void
wk_spawn_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && (flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

void
wk_spawn_blocking_streams(const int *fd)
{
	int i;

	for (i = 0; i < 3; i++)
		if (fd == NULL || fd[i] != WK_SPAWN_CLOSED)
			wk_spawn_blocking(fd != NULL && fd[i] >= 0 ? fd[i] : i);
}

pid_t
wk_spawn(const struct wk_spawn *s)
{
	sigset_t all, mask;
	int report[2] = { -1, -1 }, e;
	pid_t pid;

	if (!is_shared && div_pipe(report) != 0)
		return -1;
	from_child.ran = from_child.error = from_child.stop = 0;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	pid = vfork();
	if (pid == 0)
		child(s, report[1]);
	e = errno;
	from_child.running = 0;
	if (pid > 0 && from_child.stop != 0)
		kill(s->group ? -pid : pid, from_child.stop);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (report[1] >= 0)
		close(report[1]);
	if (pid > 0)
		e = report[0] >= 0 ? exec_error(report[0]) : from_child.error;
	if (pid > 0 && e != 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		pid = -1;
	}
	if (report[0] >= 0)
		close(report[0]);
	is_shared |= from_child.ran;
	errno = e;
	return pid;
}

void
wk_spawn_exec(const struct wk_spawn *s)
{
	int e;

	restore_signals(1);
	if (spawn_restore(s) == 0) {
		unblock();
		e = exec_program(s);
	} else {
		e = errno;
	}
	if (s->keep >= 0)
		fcntl(s->keep, F_SETFD, FD_CLOEXEC);
	errno = e;
}

/* A handler for a signal that sigwait takes: never called. */
static void
never_called(int sig)
{
	(void)sig;
}

/* True if a signal is pending that is passed on to the child. */
static int
is_signalled(void)
{
	sigset_t set;

	return sigpending(&set) == 0 &&
	    (sigismember(&set, SIGTERM) || sigismember(&set, SIGHUP));
}

int
wk_spawn_wait(const struct wk_spawn *s, int *status)
{
	static const int passed[] = { SIGTERM, SIGHUP };
	sigset_t set, old;
	int sig, e;
	size_t i;
	pid_t pid, r;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (i = 0; i < sizeof passed / sizeof *passed; i++)
		if (!wk_spawn_ignored(passed[i]))
			sigaddset(&set, passed[i]);
	sigprocmask(SIG_BLOCK, &set, &old);
	wk_spawn_signal(SIGCHLD, never_called);
	wk_spawn_signal(SIGINT, SIG_IGN);
	wk_spawn_signal(SIGQUIT, SIG_IGN);
	*status = 0;
	pid = wk_spawn(s);
	e = errno;
	while (pid > 0 &&
	    ((r = waitpid(pid, status, WNOHANG | WUNTRACED)) == 0 ||
	    (r == pid && WIFSTOPPED(*status))))
		if (r == pid)
			wk_terminal_child_stopped(pid, WSTOPSIG(*status),
			    is_signalled);
		else if (sigwait(&set, &sig) == 0 && sig != SIGCHLD)
			kill(pid, sig);
	wk_terminal_child_ended();
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = e;
	return pid > 0 ? 0 : -1;
}

int
wk_spawn_code(int status)
{
	if (WIFSIGNALED(status))
		return WK_SIGNAL + WTERMSIG(status);
	return WEXITSTATUS(status);
}

int
wk_spawn_error_code(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return WK_NOT_FOUND;
	case EAGAIN:            /* the system's limits, not the program */
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return WK_SYSTEM;
	default:
		return WK_CANNOT_RUN;
	}
}
