/*
 * chaos.c - held + free = pool, and a token never has two live holders,
 * whoever is killed, stopped or cut off, in whatever order
 *
 *	chaos directory kills seed
 *
 * In the directory it starts a persistent ptbw with a pool, and in it
 * brokers that borrow from it and from each other; clients of all of them run
 * holder (see there), with and without -x and -k.  At random, by the seed,
 * it kills, stops and continues clients, commands and brokers, and opens
 * connections that say nothing, half of something, or wait, and are cut.
 * From outside it watches: the locks of the holders (a violation is written
 * down by the holder that finds it), and that every token that is locked is
 * held in the outer master's eyes.  In the end everything is let run out, and
 * the pool must be whole: all tokens free, all to be had at once.
 *
 * Prints "ok" and exits 0, or says what was broken and exits 1.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dice.h"
#include "divconnect.h"

enum { POOL = 6, BROKERS = 3, SLOTS = 24, CUTS = 8, HOLD_MS = 30 };

/* A process that we started, and the commands below it. */
static struct slot {
	pid_t pid;
	int stopped;
} client[SLOTS], broker[BROKERS];
static pid_t outer;
static int cut[CUTS];
static long kills, stops, cuts, started;
static char root[3072], locks[4000], holder[4096];

static void
broken(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\nafter %ld kills\n", kills);
	kill(0, SIGKILL);
	exit(1);
}

static void
pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

static void
path_of(char path[4096], int b)
{
	if (b < 0)
		snprintf(path, 4096, "%s/outer", root);
	else
		snprintf(path, 4096, "%s/b%d", root, b);
}

static pid_t
start(char *const argv[])
{
	pid_t pid = fork();
	int null, i;

	if (pid != 0)
		return pid;
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	for (i = 3; i < 64; i++)
		close(i);
	execvp(argv[0], argv);
	_exit(127);
}

static void
start_broker(int b)
{
	char path[4096], from[4096], jobs[16];
	char *argv[] = { "ptbw", "-mq", "-N", path, "-t", from, jobs, ":",
	    NULL };

	path_of(path, b);
	path_of(from, b > 0 && dice(2) ? (int)dice((unsigned)b) : -1);
	snprintf(jobs, sizeof jobs, "-J%u", 1 + dice(2));
	broker[b].pid = start(argv);
	broker[b].stopped = 0;
}

static void
start_client(struct slot *s)
{
	char path[4096], ms[16], need[16], how[8] = "-q";
	char kid[] = "0";
	char *argv[] = { "ptbw", how, "-t", path, need, "-T5", holder, locks,
	    ms, kid, NULL };

	path_of(path, (int)dice(BROKERS + 2) - 2);
	if (strcmp(path + strlen(root), "/b-2") == 0)
		path_of(path, -1);
	snprintf(need, sizeof need, "-R%u", 1 + dice(2));
	snprintf(ms, sizeof ms, "%u", dice(HOLD_MS));
	/* a child that the command leaves holds on with -x and -k alone */
	if (dice(2)) {
		strcat(how, dice(2) ? "x" : "k");
		kid[0] = dice(4) ? '0' : '1';
	}
	s->pid = start(argv);
	s->stopped = 0;
	started++;
}

/* One of a process's children, or 0: commands below our clients. */
static pid_t
child_of(pid_t pid)
{
	char path[64], text[256];
	int fd;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)pid,
	    (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return (pid_t)atol(text);
}

static void
reap(void)
{
	pid_t pid;
	int i;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		for (i = 0; i < SLOTS; i++)
			if (client[i].pid == pid)
				client[i].pid = 0;
		for (i = 0; i < BROKERS; i++)
			if (broker[i].pid == pid)
				broker[i].pid = 0;
		if (pid == outer)
			broken("the outer master ended");
	}
}

static void
strike(struct slot *s)
{
	pid_t target = s->pid, below;

	if (target == 0)
		return;
	if (dice(4) == 0) {
		kill(target, s->stopped ? SIGCONT : SIGSTOP);
		s->stopped = !s->stopped;
		stops++;
		return;
	}
	below = dice(2) ? child_of(target) : 0;
	if (below > 0)
		target = below;
	if (kill(target, SIGKILL) == 0)
		kills++;
}

/* A connection that says little, and is cut some time later. */
static void
cut_one(void)
{
	static const char *const said[] = { "", "12", "12\n", "12\n2",
	    "12\nG", "12\n9G", "12\n2GN", "12\nGGGGGGG", "12\nTS", "12\nGL",
	    "12\nE", "12\nEG", "12\nE2GV", "12\nEGEG" };
	int *fd = &cut[dice(CUTS)];
	const char *s = said[dice(sizeof said / sizeof *said)];
	char path[4096];

	cuts++;
	if (*fd > 0) {
		close(*fd);
		*fd = 0;
		return;
	}
	path_of(path, -1);
	*fd = div_connect(path);
	if (*fd < 0)
		broken("the outer master does not answer: %s", strerror(errno));
	if (*s)
		div_send(*fd, s, strlen(s), -1);
}

/* Who holds the lock on a token, as pid, or 0. */
static pid_t
locker(int token)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[4096];
	int fd;

	snprintf(path, sizeof path, "%s/%d", locks, token);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || fcntl(fd, F_GETLK, &l) != 0)
		broken("%s: %s", path, strerror(errno));
	close(fd);
	return l.l_type == F_UNLCK ? 0 : l.l_pid;
}

static void
read_all(int fd, char *text, size_t room, int lines)
{
	size_t n = 0;
	ssize_t k;

	while (lines > 0) {
		k = read(fd, text + n, room - 1 - n);
		if (k <= 0)
			broken("the outer master hung up");
		for (; k > 0; k--)
			lines -= text[n++] == '\n';
	}
	text[n] = '\0';
}

/*
 * Every token that a live process had locked before we asked, and still has,
 * must be held.  (Locks come after the grant and go before the return.)
 */
static void
watch(int fd)
{
	pid_t before[POOL];
	char text[1024], *p = text, question[64] = "";
	long held[POOL];
	int i;

	for (i = 0; i < POOL; i++) {
		before[i] = locker(i);
		sprintf(question + strlen(question), "%dO", i);
	}
	div_send(fd, question, strlen(question), -1);
	read_all(fd, text, sizeof text, POOL);
	for (i = 0; i < POOL; i++, p++)
		held[i] = strtol(p, &p, 10);
	for (i = 0; i < POOL; i++)
		if (held[i] == 0 && before[i] != 0 && locker(i) == before[i])
			broken("token %d is free and yet %ld uses it", i,
			    (long)before[i]);
}

static void
no_violation(void)
{
	char path[4096], text[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "%s/violation", locks);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	broken("%s", text);
}

static void
until_gone(const struct slot *s, int n)
{
	while (n > 0) {
		reap();
		if (s[n - 1].pid == 0)
			n--;
		else
			pause_ms(2);
	}
}

/* Let everybody run out; brokers are told to end. */
static void
run_out(void)
{
	int i;

	for (i = 0; i < CUTS; i++)
		if (cut[i] > 0)
			close(cut[i]);
	for (i = 0; i < SLOTS; i++)
		if (client[i].pid)
			kill(client[i].pid, SIGCONT);
	for (i = 0; i < BROKERS; i++)
		if (broker[i].pid) {
			kill(broker[i].pid, SIGTERM);
			kill(broker[i].pid, SIGCONT);
		}
	until_gone(client, SLOTS);
	until_gone(broker, BROKERS);
}

/* In the end the whole pool can be had; an invariant that is never checked
 * against a full pool could hide a lost token. */
static void
whole(int fd)
{
	char text[256];

	div_send(fd, "6GF", 3, -1);
	alarm(20);              /* a lost token would have us wait for ever */
	read_all(fd, text, sizeof text, 2);
	alarm(0);
	if (strchr(text, '\n') == NULL || strcmp(strchr(text, '\n'), "\n6\n"))
		broken("the pool is not whole: %s", text);
}

static void
lost(int sig)
{
	(void)sig;
	if (write(1, "a token was lost\n", 17) < 0) {
	}
	kill(0, SIGKILL);
}

static void
round_of(int fd)
{
	int i;

	for (i = 0; i < BROKERS; i++)
		if (broker[i].pid == 0)
			start_broker(i);
	for (i = 0; i < SLOTS; i++)
		if (client[i].pid == 0)
			start_client(&client[i]);
	pause_ms(dice(6));
	for (i = 0; i < 6; i++)
		strike(&client[dice(SLOTS)]);
	if (dice(3) == 0)
		strike(&broker[dice(BROKERS)]);
	cut_one();
	watch(fd);
	no_violation();
	reap();
}

int
main(int argc, char **argv)
{
	char path[4096], *master[] = { "ptbw", "-m", "-N", path, "-J6", ":",
	    NULL };
	long want;
	int fd;

	if (argc != 4)
		return 64;
	setpgid(0, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, lost);
	snprintf(root, sizeof root, "%s", argv[1]);
	snprintf(locks, sizeof locks, "%s/locks", root);
	snprintf(holder, sizeof holder, "%s", getenv("HOLDER"));
	want = atol(argv[2]);
	seed = strtoul(argv[3], NULL, 10);
	path_of(path, -1);
	outer = start(master);
	while ((fd = div_connect(path)) < 0)
		pause_ms(2);
	div_send(fd, "1\n", 2, -1);
	while (kills < want)
		round_of(fd);
	run_out();
	watch(fd);
	whole(fd);
	no_violation();
	kill(outer, SIGKILL);
	unlink(path);
	printf("ok: %ld kills, %ld stops, %ld cuts, %ld clients\n", kills,
	    stops, cuts, started);
	return 0;
}
