/*
 * riot.c - clients and masters of xclate are killed and stopped at random
 * moments; every section that comes out is looked at
 *
 *	riot rounds seed        in an empty directory, with xclate in $PATH
 *	riot write ID           print section ID (what the clients run)
 *
 * Section ID is "<ID ", a number of letters that follows from ID, and ">".
 * "<" stands nowhere else, so whatever comes out can be cut into sections:
 * each must be whole, once, and of a client that was not killed; or the
 * beginning of the section of one that was.  When the master was killed, a
 * section may be missing, but then its client said so (76).  Nothing may take
 * longer than ten seconds.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dice.h"

enum { CLIENTS = 8, SECTION_MAX = 40000, OUT_MAX = 1 << 20, LIMIT_MS = 10000 };

enum kind { FILTER, GROUP, CAPTURE, DIRECT, KINDS };

static struct client {
	pid_t pid;
	int id;
	enum kind kind;
	int killed, code, written;
} client[CLIENTS];

static char out[OUT_MAX + 1];
static size_t out_len;
static int master_killed, round_no;

_Noreturn static void
bad(const char *what, int id)
{
	int i;

	printf("round %d: %s %d\n", round_no, what, id);
	for (i = 0; i < CLIENTS; i++)
		printf("  client %d: kind %d%s code %d written %d\n",
		    client[i].id, client[i].kind,
		    client[i].killed ? " killed" : "", client[i].code,
		    client[i].written);
	printf("  master%s killed; %zu bytes\n", master_killed ? "" : " not",
	    out_len);
	kill(0, SIGTERM);
	exit(1);
}

static size_t
section(char *text, int id)
{
	size_t n = (size_t)sprintf(text, "<%d ", id), body, i;

	body = id % 5 == 0 ? (size_t)(id * 7919 % SECTION_MAX) :
	    (size_t)(id % 90);
	for (i = 0; i < body; i++)
		text[n++] = (char)('a' + (id + (int)(i / 1000)) % 26);
	text[n++] = '>';
	return n;
}

static void
nap(unsigned us)
{
	struct timespec t = { 0, (long)us * 1000 };

	nanosleep(&t, NULL);
}

/* Write a section in pieces. */
static void
write_section(int fd, int id)
{
	static char text[SECTION_MAX + 64];
	size_t n = section(text, id), at = 0, piece;
	ssize_t w;

	seed ^= (unsigned long)id * 977;
	while (at < n) {
		piece = 1 + dice(8000);
		w = write(fd, text + at, piece < n - at ? piece : n - at);
		if (w < 0)
			_exit(1);
		at += (size_t)w;
		if (dice(3) == 0)
			nap(dice(1000));
	}
}

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static pid_t
start_master(int to)
{
	pid_t pid = fork();

	if (pid == 0) {
		dup2(to, 1);
		execlp("xclate", "xclate", "-m", "-u", "s", ":", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void
become_client(const struct client *c)
{
	static const char *const option[] = { "-s", "-g", "-s", "-c" };
	char id[16];
	int fd[2];

	setpgid(0, 0);
	snprintf(id, sizeof id, "%d", c->id);
	if (c->kind == CAPTURE || c->kind == DIRECT) {
		execlp("xclate", "xclate", "-u", "s", option[c->kind], id,
		    "riot", "write", id, (char *)NULL);
		_exit(127);
	}
	if (pipe(fd) != 0)
		_exit(127);
	/* twice, so that the client has no child of ours to wait for */
	if (fork() == 0) {
		if (fork() == 0) {
			close(fd[0]);
			write_section(fd[1], c->id);
		}
		_exit(0);
	}
	wait(NULL);
	dup2(fd[0], 0);
	close(fd[0]);
	close(fd[1]);
	execlp("xclate", "xclate", "-u", "s", option[c->kind], id,
	    (char *)NULL);
	_exit(127);
}

static void
start_clients(int first)
{
	int i;

	for (i = 0; i < CLIENTS; i++) {
		struct client *c = &client[i];

		memset(c, 0, sizeof *c);
		c->id = first + i;
		c->kind = dice(KINDS);
		c->pid = fork();
		if (c->pid == 0)
			become_client(c);
	}
}

/* A command writes to the output itself: who kills its client alone gets a
 * mixture.  All other clients are killed alone. */
static void
harm(pid_t master)
{
	struct client *c = &client[dice(CLIENTS)];
	pid_t victim = c->kind == DIRECT ? -c->pid : c->pid;

	switch (dice(12)) {
	case 0:
		kill(master, SIGKILL);
		master_killed = 1;
		break;
	case 1:
		kill(master, SIGSTOP);
		nap(dice(5000));
		kill(master, SIGCONT);
		break;
	case 2:
	case 3:
		if (c->pid > 0) {
			kill(c->pid, SIGSTOP);
			nap(dice(5000));
			kill(c->pid, SIGCONT);
		}
		break;
	default:
		if (c->pid > 0 && kill(victim, SIGKILL) == 0)
			c->killed = 1;
	}
}

static void
take(int from)
{
	ssize_t n;

	while (out_len < OUT_MAX &&
	    (n = read(from, out + out_len, OUT_MAX - out_len)) > 0)
		out_len += (size_t)n;
}

static int
reap(void)
{
	int i, left = 0, status;

	for (i = 0; i < CLIENTS; i++) {
		struct client *c = &client[i];

		if (c->pid > 0 && waitpid(c->pid, &status, WNOHANG) == c->pid) {
			c->code = WIFSIGNALED(status) ?
			    128 + WTERMSIG(status) : WEXITSTATUS(status);
			c->pid = 0;
		}
		left += c->pid > 0;
	}
	return left;
}

static struct client *
find(int id)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		if (client[i].id == id)
			return &client[i];
	return NULL;
}

/* What stands between two "<". */
static void
check_piece(const char *p, size_t n)
{
	static char text[SECTION_MAX + 64];
	struct client *c = find(atoi(p + 1));
	size_t want;
	int i;

	if (c != NULL) {
		want = section(text, c->id);
		if (want == n && memcmp(text, p, n) == 0) {
			if (c->written++)
				bad("came twice:", c->id);
			return;
		}
	}
	for (i = 0; i < CLIENTS; i++) {
		want = section(text, client[i].id);
		if (client[i].killed && n < want && memcmp(text, p, n) == 0) {
			client[i].written = 1;
			return;
		}
	}
	fwrite(p, 1, n < 60 ? n : 60, stdout);
	bad("is no section, after", (int)(p - out));
}

static void
check(void)
{
	char *p = out, *end;
	int i;

	out[out_len] = '\0';
	if (out_len > 0 && *out != '<')
		bad("does not begin with a section", 0);
	while (*p != '\0') {
		end = strchr(p + 1, '<');
		if (end == NULL)
			end = out + out_len;
		check_piece(p, (size_t)(end - p));
		p = end;
	}
	for (i = 0; i < CLIENTS; i++) {
		struct client *c = &client[i];

		if (c->killed || (c->written && c->code == 0))
			continue;
		if (master_killed && (c->code == 76 || c->code == 69))
			continue;
		bad("exit code or section wrong:", c->id);
	}
}

static void
wait_for_socket(void)
{
	int64_t limit = now() + LIMIT_MS;

	while (access("s", F_OK) != 0) {
		if (now() > limit)
			bad("no master", 0);
		nap(200);
	}
}

static void
one_round(int first)
{
	int fd[2], status;
	pid_t master;
	int64_t limit = now() + LIMIT_MS;
	unsigned harms = 1 + dice(3);

	out_len = 0;
	master_killed = 0;
	if (pipe(fd) != 0)
		bad("pipe", errno);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	fcntl(fd[0], F_SETFD, FD_CLOEXEC);
	master = start_master(fd[1]);
	wait_for_socket();
	start_clients(first);
	close(fd[1]);
	while (reap() > 0) {
		if (now() > limit)
			bad("hangs", 0);
		nap(dice(4000));
		if (harms > 0) {
			harm(master);
			harms--;
		}
		take(fd[0]);
	}
	kill(master, SIGTERM);
	while (waitpid(master, &status, WNOHANG) == 0) {
		if (now() > limit)
			bad("the master hangs", 0);
		take(fd[0]);
		nap(200);
	}
	take(fd[0]);
	close(fd[0]);
	if (master_killed)
		unlink("s");
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		bad("the master's status", status);
	else if (access("s", F_OK) == 0)
		bad("the socket is left", 0);
	check();
}

int
main(int argc, char **argv)
{
	int rounds, killed = 0, i;

	if (argc == 3 && strcmp(argv[1], "write") == 0) {
		seed = (unsigned long)getpid();
		write_section(1, atoi(argv[2]));
		return 0;
	}
	rounds = argc > 1 ? atoi(argv[1]) : 10;
	seed = argc > 2 ? strtoul(argv[2], NULL, 10) :
	    (unsigned long)time(NULL);
	printf("# seed %llu\n", seed);
	setpgid(0, 0);
	signal(SIGPIPE, SIG_IGN);
	for (round_no = 0; round_no < rounds; round_no++) {
		one_round(1 + round_no * CLIENTS % 5000);
		for (i = 0; i < CLIENTS; i++)
			killed += client[i].killed;
		killed += master_killed;
	}
	printf("%d rounds, %d killed\n", rounds, killed);
	return 0;
}
