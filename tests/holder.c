/*
 * holder.c - the command of a client in the chaos test: proves by locks of
 * the kernel that nobody else holds its tokens
 *
 *	holder directory milliseconds kid
 *
 * For each token of $ptbw_list it locks a file of that name; when one is
 * locked already, the token has two live holders, and the file "violation"
 * says so.  Then it stays for that long and ends.  With kid not 0 it leaves a
 * child that goes on holding (and has locks of its own) for as long again.
 *
 * The locks are fcntl's: at the end of a process the kernel lets go of those
 * while it closes descriptors, and of sockets only after that, so a token
 * cannot arrive anywhere before its lock is free.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void
stay(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

static void
violation(const char *dir, const char *token, const struct flock *l)
{
	char path[4096], text[256];
	int fd, n;

	snprintf(path, sizeof path, "%s/violation", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
	n = snprintf(text, sizeof text, "token %s: %ld has it, %ld got it\n",
	    token, (long)l->l_pid, (long)getpid());
	if (write(fd, text, (size_t)n) != n)
		abort();
	_exit(99);
}

/* Lock bytes start to end of all tokens' files. */
static void
lock_all(const char *dir, off_t start, off_t len)
{
	char path[4096], *list = strdup(getenv("ptbw_list")), *token;
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = start, .l_len = len };
	int fd;

	for (token = strtok(list, "\n"); token; token = strtok(NULL, "\n")) {
		snprintf(path, sizeof path, "%s/%s", dir, token);
		fd = open(path, O_RDWR | O_CREAT, 0666);
		if (fd < 0)
			_exit(98);
		if (fcntl(fd, F_SETLK, &l) != 0) {
			fcntl(fd, F_GETLK, &l);
			if (l.l_type != F_UNLCK)
				violation(dir, token, &l);
		}
	}
	free(list);
}

int
main(int argc, char **argv)
{
	int up[2];
	char c;

	if (argc != 4)
		return 64;
	/* byte 0 is ours, byte 1 the child's; whoever gets a token must find
	 * both free, and a child takes its own while we still have ours */
	lock_all(argv[1], 0, 1);
	if (atoi(argv[3]) == 0) {
		lock_all(argv[1], 1, 1);
		stay(atol(argv[2]));
		return 0;
	}
	if (pipe(up) != 0)
		return 98;
	if (fork() == 0) {
		lock_all(argv[1], 1, 1);
		close(up[0]);
		if (write(up[1], "x", 1) != 1)
			_exit(98);
		stay(2 * atol(argv[2]));
		_exit(0);
	}
	close(up[1]);
	if (read(up[0], &c, 1) != 1)
		return 97;
	stay(atol(argv[2]));
	return 0;
}
