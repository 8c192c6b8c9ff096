/*
 * old.c - a ptbw master as the one of 2010 is, with its faults
 *
 *	old path count [file]
 *
 * Its tokens are called 0, 1, ...; it writes its pid to the file, if there is
 * one, and serves until it is killed.  What programs have to live with:
 *
 *	P	spins for ever, and nobody is served any more.  (With
 *		$OLD_POLL=abort it ends at once, so that a test need not wait.)
 *	G	of those who wait the one that asks for most is served first,
 *		and it is written to without a look whether it is still there:
 *		SIGPIPE ends the master, as it would end any program
 *	locks	belong to the number in the first line
 *	replies	are written as each request is read, and one that is not read
 *		holds all up
 *	I A W B L K Y and the like are answered "-No"
 *
 * SPDX-License-Identifier: ISC
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CLIENTS = 200, TOKENS = 1000 };

static struct {
	int fd;                    /* 0: none */
	long pid;
	int known;
	long number;
	int want;                  /* tokens waited for */
	char rest[4096];           /* read, to be looked at when it has them */
	size_t len;
} client[CLIENTS];
static long lock[TOKENS];
static int tokens, cursor;

static void
say(int k, const char *text)
{
	if (write(client[k].fd, text, strlen(text)) < 0)
		perror("old: write");
}

static void
say_number(int k, long n)
{
	char text[32];

	snprintf(text, sizeof text, "%ld\n", n);
	say(k, text);
}

static int
count_free(void)
{
	int i, n = 0;

	for (i = 0; i < tokens; i++)
		n += lock[i] == 0;
	return n;
}

static void
grant(int k, int n)
{
	char text[8 * TOKENS] = "";
	size_t len = 0;

	for (; n > 0; cursor++)
		if (lock[cursor % tokens] == 0) {
			lock[cursor % tokens] = client[k].pid;
			len += (size_t)sprintf(text + len, "%d%c",
			    cursor % tokens, --n > 0 ? ',' : '\n');
		}
	client[k].want = 0;
	say(k, text);
}

/* The largest request that fits goes first. */
static void
serve_waiting(void)
{
	int k, best;

	do {
		best = -1;
		for (k = 0; k < CLIENTS; k++)
			if (client[k].want > 0 &&
			    client[k].want <= count_free() &&
			    (best < 0 || client[k].want > client[best].want))
				best = k;
		if (best >= 0)
			grant(best, client[best].want);
	} while (best >= 0);
}

static long
give_all(long pid)
{
	long i, n = 0;

	for (i = 0; i < tokens; i++)
		if (lock[i] == pid) {
			lock[i] = 0;
			n++;
		}
	return n;
}

static void
spin(void)
{
	const char *how = getenv("OLD_POLL");

	fprintf(stderr, "old: P: spinning\n");
	if (how != NULL && strcmp(how, "abort") == 0)
		exit(99);
	for (;;)
		;
}

/* Waiting ones are not looked for: their place stays. */
static void
drop(int k)
{
	if (client[k].known)
		give_all(client[k].pid);
	if (client[k].want == 0) {
		close(client[k].fd);
		memset(&client[k], 0, sizeof client[k]);
	}
	serve_waiting();
}

static void
take(int k, long n)
{
	if (n > tokens)
		say(k, "-1\n");
	else if (n <= count_free())
		grant(k, (int)n);
	else
		client[k].want = (int)n;
}

static void
tableau(int k)
{
	char text[8 * TOKENS];
	size_t len = 0;
	int i;

	for (i = 0; i < tokens; i++)
		len += (size_t)sprintf(text + len, "%d", i) + 1;
	if (write(client[k].fd, text, len) < 0)
		perror("old: write");
}

static void
size(int k)
{
	char text[64];
	int i, space = 0;

	for (i = 0; i < tokens; i++)
		space += snprintf(NULL, 0, "%d", i) + 1;
	snprintf(text, sizeof text, "%d,%d\n", tokens, space);
	say(k, text);
}

/* A request with its number, -1 for none. */
static void
obey(int k, char c, long n)
{
	int good = n >= 0 && n < tokens;
	char text[32];

	switch (c) {
	case 'G': take(k, n < 0 ? 1 : n); break;
	case 'P': spin(); break;
	case 'D':
		good = good && lock[n] == client[k].pid;
		if (good)
			lock[n] = 0;
		say(k, good ? "1\n" : "0\n");
		serve_waiting();
		break;
	case 'F':
		say_number(k, give_all(client[k].pid));
		serve_waiting();
		break;
	case 'N':
		snprintf(text, sizeof text, "+%ld\n", n);
		say(k, good ? text : "-No\n");
		break;
	case 'O': say_number(k, good ? lock[n] : -1); break;
	case 'S': size(k); break;
	case 'T': tableau(k); break;
	case 'J': say(k, "1\n"); break;
	case 'R': say(k, "1\n"); break;
	case 'U':
		if (write(client[k].fd, "=iota", 6) < 0)
			perror("old: write");
		break;
	case 'C': say(k, "0\n"); break;
	case 'V': say(k, "0.4\n"); break;
	case 'H': say(k, "-Not yet\n"); break;
	default: say(k, "-No\n"); break;
	}
}

/* Returns 0 when the client has ended. */
static int
understand(int k, char c)
{
	if (!client[k].known) {
		if (c == '\n')
			client[k].known = 1;
		else if (c >= '0' && c <= '9')
			client[k].pid = client[k].pid * 10 + c - '0';
		client[k].number = -1;
	} else if (c >= '0' && c <= '9') {
		if (client[k].number < 0)
			client[k].number = 0;
		client[k].number = client[k].number * 10 + c - '0';
	} else {
		if (c == '.')
			return 0;
		if (c != '\n')
			obey(k, c, client[k].number);
		client[k].number = -1;
	}
	return 1;
}

/* What it has said, as far as it does not wait. */
static void
understand_all(int k)
{
	size_t i = 0;

	while (i < client[k].len && client[k].want == 0)
		if (!understand(k, client[k].rest[i++])) {
			drop(k);
			return;
		}
	client[k].len -= i;
	memmove(client[k].rest, client[k].rest + i, client[k].len);
}

static void
hear(int k)
{
	ssize_t n = read(client[k].fd, client[k].rest + client[k].len,
	    sizeof client[k].rest - client[k].len);

	if (n <= 0) {
		drop(k);
		return;
	}
	client[k].len += (size_t)n;
	understand_all(k);
}

static void
welcome(int listener)
{
	int k = 0, fd = accept(listener, NULL, NULL);

	while (k < CLIENTS && client[k].fd != 0)
		k++;
	if (fd < 0 || k == CLIENTS)
		exit(2);
	client[k].fd = fd;
	client[k].number = -1;
}

/* One who waits is not read from. */
static void
serve(int listener)
{
	struct pollfd p[CLIENTS + 1];
	int k;

	p[CLIENTS] = (struct pollfd){ listener, POLLIN, 0 };
	for (k = 0; k < CLIENTS; k++)
		p[k] = (struct pollfd){ client[k].fd != 0 &&
		    client[k].want == 0 ? client[k].fd : -1, POLLIN, 0 };
	if (poll(p, CLIENTS + 1, -1) < 0)
		return;
	for (k = 0; k < CLIENTS; k++)
		if (p[k].revents != 0 && client[k].want == 0)
			hear(k);
	for (k = 0; k < CLIENTS; k++)
		if (client[k].fd != 0 && client[k].want == 0)
			understand_all(k);
	if (p[CLIENTS].revents != 0)
		welcome(listener);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un sun;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	FILE *f;

	if (argc < 3 || fd < 3)
		return 64;
	tokens = atoi(argv[2]);
	memset(&sun, 0, sizeof sun);
	sun.sun_family = AF_UNIX;
	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", argv[1]);
	if (tokens < 1 || tokens > TOKENS ||
	    bind(fd, (struct sockaddr *)&sun, sizeof sun) != 0 ||
	    listen(fd, 50) != 0)
		return 71;
	if (argc > 3 && (f = fopen(argv[3], "w")) != NULL) {
		fprintf(f, "%ld\n", (long)getpid());
		fclose(f);
	}
	for (;;)
		serve(fd);
}
