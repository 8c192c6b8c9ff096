/*
 * driver.c - many sections of one process, driven through section.h
 *
 *	driver socket count
 *
 * Each section has a child that prints its lines in small pieces, so all of
 * them are under way at once, in one loop, with one thread.  Child i exits with
 * i % 3, and its section reports that.  The first section keeps the turn until
 * all other children have ended, so none of these may need a turn before it is
 * rid of its output.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/section.h"
#include "divconnect.h"
#include "base/event.h"
#include "base/spawn.h"

struct task {
	struct section s;          /* first */
	struct wk_child child;
	char xid[16];
};

static int count, ended, children, failed, first_granted;
static int go[2];                 /* the first child waits for its end */

_Noreturn static void
child(int out, int i)
{
	char line[64];
	int n, k;

	close(go[1]);
	for (k = 0; k < 50; k++) {
		n = snprintf(line, sizeof line, "%d line %d\n", i, k);
		if (write(out, line, (size_t)n) != n)
			_exit(9);
		if (i == 0 && k == 10 && read(go[0], line, 1) != 0)
			_exit(9);
	}
	_exit(i % 3);
}

static void
child_ended(struct wk_child *c, int status)
{
	struct task *t = (struct task *)((char *)c -
	    offsetof(struct task, child));

	section_code(&t->s, wk_spawn_code(status));
	if (++children == count - 1)
		close(go[1]);
}

static void
task_granted(struct section *s)
{
	(void)s;
	first_granted = 1;
}

static void
task_ended(struct section *s)
{
	if (s->fault != SECTION_GOOD) {
		fprintf(stderr, "driver: section %s: fault %d\n", s->xid,
		    s->fault);
		failed = 1;
	}
	if (children < count - 1 && strcmp(s->xid, "0") != 0) {
		fprintf(stderr, "driver: section %s was out of turn\n", s->xid);
		failed = 1;
	}
	section_close(s);
	free(s);
	ended++;
}

static void
start(const char *path, int i)
{
	struct task *t = calloc(1, sizeof *t);
	int fd[2];

	if (t == NULL || div_pipe(fd) != 0)
		exit(71);
	snprintf(t->xid, sizeof t->xid, "%d", i);
	t->s.xid = t->xid;
	t->s.reports = 1;
	t->s.granted = task_granted;
	t->s.ended = task_ended;
	if (section_open(&t->s, path) != 0) {
		perror(path);
		exit(69);
	}
	t->child.pid = fork();
	if (t->child.pid == 0)
		child(fd[1], i);
	close(fd[1]);
	t->child.ended = child_ended;
	wk_child_watch(&t->child);
	flow_source(&t->s.flow, fd[0], 1);
}

int
main(int argc, char **argv)
{
	int i;

	if (argc != 3 || wk_spawn_init() != 0 || wk_init() != 0 ||
	    div_pipe(go) != 0)
		return 71;
	signal(SIGPIPE, SIG_IGN);
	count = atoi(argv[2]);
	start(argv[1], 0);
	/* the first has to have the turn before others can want it */
	while (!first_granted)
		if (wk_round(1) != 0)
			return 71;
	for (i = 1; i < count; i++)
		start(argv[1], i);
	while (ended < count)
		if (wk_round(1) != 0)
			return 71;
	printf("%d sections\n", ended);
	return failed;
}
