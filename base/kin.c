/*
 * kin.c - children that this process has not started
 *
 * Nobody can tell whether such a child will ever end, so the time is bounded.
 * Whether it reads a pipe of ours is known where there is a /proc.
 *
 * SPDX-License-Identifier: ISC
 */
#include "kin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "divconnect.h"
#include "event.h"

enum {
	KIN_MS = 1000,
	READER_MS = 10000,
	LOOK_MS = 20,
	LEAST = 256               /* descriptors that are closed one by one */
};

static int had_children;

void
wk_kin_note(void)
{
	siginfo_t info;

	had_children = waitid(P_ALL, 0, &info,
	    WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* The pipes that are 1 and 2 (or something else, with ino 0). */
static struct stat pipes[2];

static void
note_pipes(void)
{
	int i;

	for (i = 0; i < 2; i++)
		if (fstat(i + 1, &pipes[i]) != 0 || !S_ISFIFO(pipes[i].st_mode))
			pipes[i].st_ino = 0;
}

static int
is_pipe_of_ours(const struct stat *st)
{
	int i;

	for (i = 0; i < 2; i++)
		if (pipes[i].st_ino != 0 && pipes[i].st_ino == st->st_ino &&
		    pipes[i].st_dev == st->st_dev)
			return 1;
	return 0;
}

/* Has the process one of them open for reading?  The mode of the link, which is
 * in dir, says for what it is open. */
static int
reads_from_us(long pid)
{
	char path[40];
	struct dirent *e;
	struct stat st;
	int found = 0;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%ld/fd", pid);
	d = opendir(path);
	while (d != NULL && !found && (e = readdir(d)) != NULL)
		found = fstatat(dirfd(d), e->d_name, &st, 0) == 0 &&
		    is_pipe_of_ours(&st) && fstatat(dirfd(d), e->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_IRUSR);
	if (d != NULL)
		closedir(d);
	return found;
}

static int
has_readers(void)
{
	char path[64];
	int found = 0;
	long pid;
	FILE *f;

	snprintf(path, sizeof path, "/proc/self/task/%ld/children",
	    (long)getpid());
	f = fopen(path, "re");
	while (f != NULL && !found && fscanf(f, "%ld", &pid) == 1)
		found = reads_from_us(pid);
	if (f != NULL)
		fclose(f);
	return found;
}

/* What is written to 0, 1 and 2 from now on is lost; the others are closed. */
static void
kin_let_go(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fd;
	struct dirent *e;
	DIR *d;

	for (fd = 0; fd <= 2; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	d = opendir("/dev/fd");
	while (d != NULL && (e = readdir(d)) != NULL) {
		fd = atoi(e->d_name);
		if (fd > 2 && fd != dirfd(d))
			close(fd);
	}
	if (d != NULL)
		closedir(d);
	for (fd = 3; d == NULL && fd < LEAST; fd++)
		close(fd);
}

/* The end of a child interrupts it. */
static void
wait_a_little(void)
{
	const struct timespec t = { 0, LOOK_MS * 1000000L };

	nanosleep(&t, NULL);
}

void
wk_kin_part(void)
{
	int64_t began = div_now(), gone;
	pid_t pid;

	if (!had_children)
		return;
	fflush(NULL);
	note_pipes();
	kin_let_go();
	while (!wk_end_pending()) {
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		gone = div_now() - began;
		if (pid < 0 || gone > READER_MS ||
		    (gone > KIN_MS && !has_readers()))
			break;
		wait_a_little();
	}
}
