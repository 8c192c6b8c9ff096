/*
 * shared.c - pools that start themselves (--shared)
 *
 * SPDX-License-Identifier: ISC
 */
#include "shared.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"
#include "divconnect.h"
#include "ptbw.h"
#include "source.h"
#include "tableau.h"
#include "wire/broker.h"

enum {
	PATH_ROOM = 4096,
	LOOK_MS = 5,              /* while another one starts the master */
	TELL_MS = 1000,           /* then it takes long */
	FDS_CLOSED = 65536        /* of what the caller may have open */
};

/* --- where it is --- */

/* True if nobody else can put another directory in the place of one in it. */
static int
shared_is_safe(const char *dir)
{
	struct stat st;

	return stat(dir, &st) == 0 && S_ISDIR(st.st_mode) &&
	    (st.st_uid == geteuid() || st.st_uid == 0) &&
	    ((st.st_mode & 022) == 0 || (st.st_mode & S_ISVTX) != 0);
}

/* The private directory of this user, made if it is not there. */
static void
private_directory(char *dir)
{
	const char *run = getenv("XDG_RUNTIME_DIR"), *tmp = getenv("TMPDIR");
	struct stat st;

	if (tmp == NULL || *tmp != '/')
		tmp = "/tmp";
	if (run != NULL && *run == '/')
		snprintf(dir, PATH_ROOM, "%s/wrapkit", run);
	else
		snprintf(dir, PATH_ROOM, "%s/wrapkit-%lu", tmp,
		    (unsigned long)geteuid());
	if (!shared_is_safe(run != NULL && *run == '/' ? run : tmp))
		wk_die(WK_CANTCREATE, "%s: others may replace it", dir);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		wk_die(WK_CANTCREATE, "%s: %s", dir, strerror(errno));
	/* a master that ends may be removing it: it is made anew later */
	if (lstat(dir, &st) == 0 && (!S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid() || (st.st_mode & 077) != 0))
		wk_die(WK_CANTCREATE, "%s: it is no private directory of ours",
		    dir);
}

static char *
path_of_pool(void)
{
	char dir[PATH_ROOM], *path;

	if (strchr(ptbw_opt.shared, '/') != NULL)
		return wk_absolute(ptbw_opt.shared);
	private_directory(dir);
	path = wk_alloc(strlen(dir) + strlen(ptbw_opt.shared) + 2, 1);
	sprintf(path, "%s/%s", dir, ptbw_opt.shared);
	return path;
}

static char *
lock_name(const char *path)
{
	char *name = wk_alloc(strlen(path) + sizeof ".lock", 1);

	sprintf(name, "%s.lock", path);
	return name;
}

static int
is_file_of(int fd, const char *name)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && lstat(name, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* The lock, or -1 when somebody has it, or has just removed its file. */
static int
take_lock(const char *path)
{
	char *name = lock_name(path);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno != ENOENT)
		wk_die(WK_CANTCREATE, "%s: %s", name, strerror(errno));
	if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) != 0 ||
	    !is_file_of(fd, name))) {
		close(fd);
		fd = -1;
	}
	free(name);
	return fd;
}

/* --- starting the master --- */

/* This very program, not another one of that name. */
static char *
own_program(void)
{
	char *path = wk_alloc(PATH_ROOM, 1);
	ssize_t n = readlink("/proc/self/exe", path, PATH_ROOM - 1);

	if (n > 0 && access(path, X_OK) == 0)
		return path;
	free(path);
	if (wk_spawn_find("ptbw", &path) != 0)
		wk_die(WK_NOT_FOUND, "%s: %s", "ptbw", strerror(errno));
	return path;
}

/* In a process that is to have nothing of its caller. */
_Noreturn static void
become_master(const char *file, char **argv, int lock, int said)
{
	char *nothing[] = { NULL };
	struct sigaction sa;
	sigset_t none;
	int sig, fd, null = open("/dev/null", O_RDWR);

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = SIG_DFL;
	for (sig = 1; sig < NSIG; sig++)
		sigaction(sig, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(077);
	/* all three are above 2, as those are open */
	if (null >= 0 && dup2(lock, 0) == 0 && dup2(null, 1) == 1 &&
	    dup2(said, 2) == 2 && chdir("/") == 0) {
		for (fd = 3; fd < FDS_CLOSED; fd++)
			close(fd);
		execve(file, argv, nothing);
	}
	_exit(WK_CANNOT_RUN);
}

/* What the master says until it listens, or gives up. */
static void
relay(int fd)
{
	char text[512];
	ssize_t n;

	while ((n = div_read(fd, text, sizeof text, -1)) > 0)
		if (write(2, text, (size_t)n) != n)
			break;
	close(fd);
}

static void
shared_start(const char *path, int lock)
{
	char linger[24], jobs[24], *file = own_program();
	char *argv[] = { "ptbw", "-mq", "--shared", (char *)path, "--linger",
	    linger, NULL, NULL, NULL, NULL, NULL, NULL };
	size_t n = 6;
	int said[2];
	pid_t pid;

	if (ptbw_opt.linger < 0)
		strcpy(linger, "-");
	else
		snprintf(linger, sizeof linger, "%jd.%03d",
		    (intmax_t)(ptbw_opt.linger / 1000),
		    (int)(ptbw_opt.linger % 1000));
	snprintf(jobs, sizeof jobs, "%ld", ptbw_opt.jobs);
	if (ptbw_opt.jobs >= 0) {
		argv[n++] = "-J";
		argv[n++] = jobs;
	}
	if (ptbw_opt.tags != NULL) {
		argv[n++] = "-t";
		argv[n++] = wk_absolute(ptbw_opt.tags);
	}
	argv[n] = ":";
	if (div_pipe(said) != 0 || (pid = fork()) < 0)
		wk_die(WK_SYSTEM, "cannot start a master: %s", strerror(errno));
	if (pid == 0) {         /* not a child of whoever we become */
		if (setsid() < 0 || (pid = fork()) != 0)
			_exit(pid < 0);
		become_master(file, argv, lock, said[1]);
	}
	close(said[1]);
	close(lock);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	relay(said[0]);
	free(file);
}

/* --- the client --- */

/* Who comes later has the pool as it is. */
static void
shared_compare(const char *path, const struct broker_pool *p)
{
	char *source = ptbw_opt.tags != NULL ?
	    wk_absolute(ptbw_opt.tags) : NULL;

	if (ptbw_opt.quiet)
		return;
	if (source != NULL && strcmp(source, p->source) != 0)
		wk_warn("%s: the pool is there, with tokens from %s", path,
		    p->source);
	else if (ptbw_opt.jobs >= 0 && source == NULL &&
	    (size_t)ptbw_opt.jobs != p->live)
		wk_warn("%s: the pool is there, with %zu tokens", path,
		    p->live);
	free(source);
}

/*
 * 1 when the master has answered; 0 when there is none, or it was just about to
 * end.  While it begins, what is there may not be a socket yet.  One that has
 * removed its name serves who came before that, but nobody else would find it;
 * one that has answered and has its name does not end while we are there.
 */
static int
shared_reach(struct broker *b, const char *path, int patient)
{
	struct broker_pool p;

	if (b->fd < 0 && broker_open(b, path) != 0) {
		if (errno != ENOENT && errno != ECONNREFUSED &&
		    errno != ECONNRESET && errno != ENOTDIR &&
		    (errno != ENOTSOCK || !patient))
			wk_die_connect(path);
		return 0;
	}
	if (broker_describe(b, &p) == 0) {
		if (access(path, F_OK) == 0) {
			shared_compare(path, &p);
			free(p.source);
			return 1;
		}
		free(p.source);
	} else if (errno != ECONNRESET) {
		ptbw_broker_failed(path);
	}
	broker_close(b);
	return 0;
}

/* Start a master if we may: 1 when there is one, with the connection: with
 * --linger 0 it would end if that were closed again. */
static int
start_if_none(struct broker *b, const char *path)
{
	struct tableau t;
	int lock = take_lock(path);

	if (lock < 0)
		return 0;
	if (broker_open(b, path) == 0) {        /* another one was faster */
		close(lock);
		return 1;
	}
	if (ptbw_opt.tags != NULL) {    /* what is wrong is said here */
		source_read_file(&t, ptbw_opt.tags);
		tableau_release(&t);
	}
	shared_start(path, lock);
	if (broker_open(b, path) != 0)
		wk_die(WK_CANTCREATE, "%s: the master did not start", path);
	return 1;
}

const char *
shared_connect(struct broker *b)
{
	int64_t began = div_awake(), now;
	char *path = path_of_pool();
	int told = 0;

	b->fd = -1;
	while (!shared_reach(b, path, div_awake() - began < TELL_MS)) {
		if (start_if_none(b, path))
			continue;
		now = div_awake();
		if (ptbw_opt.wait >= 0 && now - began >= ptbw_opt.wait)
			wk_die(WK_TIMEOUT, "%s: timed out waiting for its "
			    "master", path);
		if (!told && now - began > TELL_MS) {
			wk_warn("%s: waiting for the commands that hold "
			    "tokens of a master that is gone", path);
			told = 1;
		}
		div_wait(now + LOOK_MS);
		free(path);             /* its directory may be gone */
		path = path_of_pool();
	}
	return path;
}

/* --- the master --- */

int
shared_lock(void)
{
	char *name = lock_name(ptbw_opt.shared);
	int fd = -1;

	if (is_file_of(0, name))
		fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		wk_usage("--shared does not go with -m");
	free(name);
	return fd;
}

void
shared_ready(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, 2);
		close(null);
	}
}

void
shared_remove(void)
{
	char *name = lock_name(ptbw_opt.shared), *slash;
	const char *dir;

	unlink(name);
	slash = strrchr(name, '/');
	if (slash != NULL)
		*slash = '\0';
	/* only what private_directory has made */
	dir = slash != NULL ? strrchr(name, '/') : NULL;
	if (dir != NULL && strncmp(dir, "/wrapkit", strlen("/wrapkit")) == 0)
		rmdir(name);
	free(name);
}
