/*
 * jobclient.c - clients of a jobserver, as several programs are ones
 *
 *	jobclient KIND COUNT command...
 *			run the command so many times, at once as often as the
 *			jobserver allows; KIND is make43, make44, ninja or
 *			cargo: how it finds the jobserver, and what it does when
 *			a signal ends it.  Without a jobserver: 69.
 *	jobclient KIND -TEXT
 *			do each letter: t take a byte, r return one, x write
 *			an x, + write one that was never taken, f fill the fifo,
 *			e empty it, k KILL this process, p stay until there is
 *			a signal, w FILE (the next argument) make it, W FILE
 *			wait for it
 *	jobclient job FILE MS
 *			be one of those at work for so long; FILE has how many
 *			are now, how many were at most, and how many there were
 *	jobclient watches FILE OTHER
 *			have all inotify descriptors that a user may have, make
 *			FILE, and wait for OTHER
 *
 * What each kind does was seen in make 4.3 and 4.4, ninja 1.14, cargo 1.95.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif

enum { OUT_MAX = 4096 };

static int r = -1, w = -1;
static char out[OUT_MAX];             /* bytes taken */
static int outs, running;
static const char *kind;
static volatile sig_atomic_t told;

static int
is(const char *name)
{
	return strcmp(kind, name) == 0;
}

/* The last option of that name; make and ninja take -fds as well. */
static char *
last(char *flags, const char *name)
{
	char *at = NULL, *p = flags;

	while ((p = strstr(p, name)) != NULL)
		at = p += strlen(name);
	return at;
}

static void
open_fifo(const char *path)
{
	struct stat st;

	if (is("make43"))
		exit(2);        /* it knows no such thing */
	if (is("cargo")) {
		r = w = open(path, O_RDWR | O_CLOEXEC);
	} else if (is("ninja")) {
		r = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		w = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (r >= 0 && (fstat(r, &st) != 0 || !S_ISFIFO(st.st_mode)))
			exit(2);
	} else {
		r = open(path, O_RDONLY | O_CLOEXEC);
		w = open(path, O_WRONLY | O_CLOEXEC);
	}
}

static void
find(void)
{
	char *flags = getenv("MAKEFLAGS"), *auth, *fds;

	flags = strdup(flags != NULL ? flags : "");
	auth = last(flags, "--jobserver-auth=");
	fds = last(flags, "--jobserver-fds=");
	if (fds != NULL && (auth == NULL || (!is("cargo") && fds > auth)))
		auth = fds;
	if (auth != NULL)
		auth[strcspn(auth, " ")] = '\0';
	if (auth != NULL && strncmp(auth, "fifo:", 5) == 0)
		open_fifo(auth + 5);
	else if (auth != NULL && !is("ninja"))
		sscanf(auth, "%d,%d", &r, &w);
	if (r < 0 || w < 0 || fcntl(r, F_GETFD) < 0 || fcntl(w, F_GETFD) < 0)
		exit(69);
	fcntl(r, F_SETFL, fcntl(r, F_GETFL) | O_NONBLOCK);
}

static void
give(char c)
{
	while (write(w, &c, 1) < 0 && errno == EINTR)
		;
}

/* make writes a plus whatever it took. */
static void
give_back(void)
{
	if (outs > 0)
		give(is("make43") || is("make44") ? '+' : out[--outs]);
	outs -= outs > 0 && (is("make43") || is("make44"));
}

static int
take_one(void)
{
	return outs < OUT_MAX && read(r, &out[outs], 1) == 1 ? ++outs : 0;
}

static void
on_signal(int sig)
{
	if (sig != SIGCHLD)
		told = sig;
}

static void
end_by(int sig)
{
	int returns = is("make43") || (is("ninja") && sig != SIGHUP);

	while (returns && outs > 0)
		give_back();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
start(char **argv)
{
	sigset_t none;

	running++;
	if (fork() != 0)
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], argv);
	_exit(127);
}

static int
run(int count, char **argv, const sigset_t *old)
{
	/* make expands a recipe before it takes a byte for it */
	const struct timespec recipe = { 0, 100000 };
	struct pollfd p = { r, POLLIN, 0 };
	int bad = 0, status;

	while (count > 0 || running > 0) {
		while (count > 0 && (running == 0 || take_one())) {
			start(argv);
			count--;
		}
		p.fd = count > 0 ? r : -1;
		ppoll(&p, 1, NULL, old);
		if (told)
			end_by(told);
		for (; waitpid(-1, &status, WNOHANG) > 0; running--) {
			bad |= status;
			if (running > 1)
				give_back();
			nanosleep(&recipe, NULL);
		}
	}
	return bad != 0;
}

static void
wait_for(const char *file)
{
	struct timespec t = { 0, 2000000 };

	while (access(file, F_OK) != 0)
		nanosleep(&t, NULL);
}

static int
steps(const char *p, char **argv, const sigset_t *old)
{
	struct pollfd readable = { r, POLLIN, 0 };

	for (; *p != '\0'; p++)
		switch (*p) {
		case 't':
			while (!take_one())
				poll(&readable, 1, -1);
			break;
		case 'r': give_back(); break;
		case 'x': give('x'); break;
		case '+': give('+'); break;
		case 'f':
			fcntl(w, F_SETFL, fcntl(w, F_GETFL) | O_NONBLOCK);
			while (write(w, "+", 1) == 1)
				;
			break;
		case 'e':
			while (take_one())
				;
			break;
		case 'k': raise(SIGKILL); break;
		case 'w': close(creat(*argv++, 0600)); break;
		case 'W': wait_for(*argv++); break;
		case 'p':
			while (!told)
				sigsuspend(old);
			end_by(told);
		}
	return 0;
}

/* One more, or fewer, at work. */
static void
count_at_work(const char *file, int change)
{
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int now = 0, most = 0, all = 0;
	char text[64] = "";

	if (fd < 0 || fcntl(fd, F_SETLKW, &l) != 0 ||
	    pread(fd, text, sizeof text - 1, 0) < 0)
		exit(1);
	sscanf(text, "%d %d %d", &now, &most, &all);
	now += change;
	all += change > 0;
	most = now > most ? now : most;
	snprintf(text, sizeof text, "%d %d %d\n", now, most, all);
	if (pwrite(fd, text, strlen(text), 0) < 0)
		exit(1);
	close(fd);
}

static int
take_watches(const char *made, const char *awaited)
{
#ifdef __linux__
	while (inotify_init1(IN_CLOEXEC) >= 0)
		;
#endif
	close(creat(made, 0600));
	wait_for(awaited);
	return 0;
}

int
main(int argc, char **argv)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	struct sigaction sa = { .sa_handler = on_signal };
	struct timespec t;
	sigset_t set, old;
	size_t i;

	if (argc < 3)
		return 64;
	if (strcmp(argv[1], "job") == 0) {
		t.tv_sec = 0;
		t.tv_nsec = atol(argv[3]) * 1000000;
		count_at_work(argv[2], 1);
		nanosleep(&t, NULL);
		count_at_work(argv[2], -1);
		return 0;
	}
	if (strcmp(argv[1], "watches") == 0)
		return take_watches(argv[2], argv[3]);
	kind = argv[1];
	sigemptyset(&set);
	for (i = 0; i < sizeof sigs / sizeof *sigs; i++) {
		sigaddset(&set, sigs[i]);
		sigaction(sigs[i], &sa, NULL);
	}
	sigprocmask(SIG_BLOCK, &set, &old);
	find();
	if (argv[2][0] == '-')
		return steps(argv[2] + 1, argv + 3, &old);
	return run(atoi(argv[2]), argv + 3, &old);
}
