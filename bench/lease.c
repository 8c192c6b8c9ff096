/*
 * lease.c - what a token costs over an open connection
 *
 *	lease path rounds idle pid
 *	lease echo rounds
 *	lease run rounds command...
 *	lease waiting path count pid
 *	lease connect path rounds
 *	lease stream path bytes
 *	lease sink path
 *
 * Opens idle connections beside it that only say who they are, then takes a
 * token and gives it back, waiting for both answers, so many times.  Prints
 * nanoseconds for the pair, and bytes of memory that the master, whose pid
 * that is, took for each idle connection.  With echo: nanoseconds of one round
 * trip to a child that only sends back what it reads, which is what the
 * system takes for the same journey.  With run: nanoseconds of starting the
 * command and waiting for its end.  With waiting: bytes of memory that an
 * xclate master took for each of so many clients that wait for their turn.
 * With connect: nanoseconds from connecting to a ptbw to its first answer.
 * With stream: nanoseconds that so many bytes take through a connection to
 * path, sent to a sink, which only reads.
 *
 * SPDX-License-Identifier: ISC
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "divconnect.h"

static void
say(int fd, const char *text)
{
	if (div_send(fd, text, strlen(text), -1) != (ssize_t)strlen(text)) {
		perror("lease: send");
		exit(1);
	}
}

/* Read one line; it comes in one piece. */
static void
line(int fd, char text[64])
{
	ssize_t n = recv(fd, text, 63, 0);

	if (n <= 0 || text[n - 1] != '\n') {
		fprintf(stderr, "lease: the master is gone\n");
		exit(1);
	}
	text[n - 1] = '\0';
}

static long
resident(const char *pid)
{
	char path[64];
	long total, pages = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%s/statm", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%ld %ld", &total, &pages) != 2)
		pages = 0;
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static void
raise_limit(void)
{
	struct rlimit r;

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

static void
open_idle(const char *path, int n)
{
	char text[64];
	int fd = -1, i;

	raise_limit();
	for (i = 0; i < n; i++) {
		fd = div_connect(path);
		if (fd < 0) {
			perror(path);
			exit(1);
		}
		say(fd, "1\n");
	}
	if (n > 0) {            /* when the last is served, all are in */
		say(fd, "V");
		line(fd, text);
	}
}

static long
nanoseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000000000L + t.tv_nsec;
}

static int
echo(int rounds)
{
	char text[64];
	int pair[2], i;
	ssize_t n;
	long from;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 71;
	if (fork() == 0) {
		close(pair[0]);
		while ((n = recv(pair[1], text, sizeof text, 0)) > 0)
			if (send(pair[1], text, (size_t)n, 0) != n)
				break;
		_exit(0);
	}
	close(pair[1]);
	from = nanoseconds();
	for (i = 0; i < rounds; i++) {
		say(pair[0], "G\n");
		line(pair[0], text);
	}
	printf("%ld\n", (nanoseconds() - from) / rounds);
	return 0;
}

static int
run(int rounds, char **command)
{
	extern char **environ;
	long from = nanoseconds();
	int i, e, status;
	pid_t pid;

	for (i = 0; i < rounds; i++) {
		e = posix_spawnp(&pid, command[0], NULL, NULL, command,
		    environ);
		if (e != 0 || waitpid(pid, &status, 0) != pid || status != 0) {
			fprintf(stderr, "lease: %s failed\n", command[0]);
			return 1;
		}
	}
	printf("%ld\n", (nanoseconds() - from) / rounds);
	return 0;
}

/* Say what has to be said to wait for a turn; the answers stay unread. */
static int
waiting(const char *path, int count, const char *pid)
{
	static const char wants[] = "o1 \0hd \0?: ";
	long before = resident(pid);
	char text[64];
	int fd = -1, i;
	ssize_t n;

	raise_limit();
	for (i = 0; i < count; i++) {
		fd = div_connect(path);
		if (fd < 0) {
			perror(path);
			return 1;
		}
		say(fd, "some-name\n");
		do
			n = recv(fd, text, sizeof text, 0);
		while (n > 0 && text[n - 1] != '\n');
		if (div_send(fd, wants, sizeof wants, -1) < 0)
			return 1;
	}
	/* the last one is in the queue when its question is answered */
	while (recv(fd, text, sizeof text, 0) > 0 && text[0] != ':')
		;
	printf("%ld\n", (resident(pid) - before) / count);
	return 0;
}

static int
connects(const char *path, int rounds)
{
	long from = nanoseconds();
	char text[64];
	int i, fd;

	for (i = 0; i < rounds; i++) {
		fd = div_connect(path);
		if (fd < 0) {
			perror(path);
			return 1;
		}
		say(fd, "7\nV");
		line(fd, text);
		close(fd);
	}
	printf("%ld\n", (nanoseconds() - from) / rounds);
	return 0;
}

/* The time until the other side has read it all, and says so by its end. */
static int
stream(const char *path, long bytes)
{
	static char block[65536];
	int fd = div_connect(path);
	long from = nanoseconds(), left;
	ssize_t n;

	for (left = bytes; fd >= 0 && left > 0; left -= n) {
		n = send(fd, block, left < (long)sizeof block ? (size_t)left :
		    sizeof block, 0);
		if (n <= 0)
			break;
	}
	if (fd < 0 || left > 0 || shutdown(fd, SHUT_WR) != 0 ||
	    recv(fd, block, 1, 0) != 0) {
		perror(path);
		return 1;
	}
	printf("%ld\n", nanoseconds() - from);
	return 0;
}

static int
sink(const char *path)
{
	struct div_place where = { .path = path };
	struct div_socket s;
	static char block[65536];
	int fd;

	if (div_listen(&s, &where) != 0) {
		perror(path);
		return 1;
	}
	while ((fd = accept(s.fd, NULL, NULL)) >= 0) {
		while (recv(fd, block, sizeof block, 0) > 0)
			;
		close(fd);
	}
	return 1;
}

int
main(int argc, char **argv)
{
	char text[64], give[80];
	int fd, rounds, idle, i;
	long before, after, from;

	if (argc == 3 && strcmp(argv[1], "echo") == 0)
		return echo(atoi(argv[2]));
	if (argc > 3 && strcmp(argv[1], "run") == 0)
		return run(atoi(argv[2]), argv + 3);
	if (argc == 5 && strcmp(argv[1], "waiting") == 0)
		return waiting(argv[2], atoi(argv[3]), argv[4]);
	if (argc == 4 && strcmp(argv[1], "connect") == 0)
		return connects(argv[2], atoi(argv[3]));
	if (argc == 4 && strcmp(argv[1], "stream") == 0)
		return stream(argv[2], atol(argv[3]));
	if (argc == 3 && strcmp(argv[1], "sink") == 0)
		return sink(argv[2]);
	if (argc != 5)
		return 64;
	rounds = atoi(argv[2]);
	idle = atoi(argv[3]);
	before = resident(argv[4]);
	open_idle(argv[1], idle);
	after = resident(argv[4]);
	fd = div_connect(argv[1]);
	say(fd, "2\n");
	from = nanoseconds();
	for (i = 0; i < rounds; i++) {
		say(fd, "G");
		line(fd, text);
		snprintf(give, sizeof give, "%sD", text);
		say(fd, give);
		line(fd, text);
	}
	printf("%ld %ld\n", (nanoseconds() - from) / rounds,
	    idle > 0 ? (after - before) / idle : 0);
	return 0;
}
