/*
 * late.c - what is written to a command's output after its section is over
 *
 * SPDX-License-Identifier: ISC
 */
#include "late.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/flow.h"

enum {
	LATE_MAX = 64,            /* pipes, each of which costs descriptors */
	LATE_CAP = 65536
};

struct late {
	struct flow flow;         /* first */
	struct late *next;
};

static struct late *first;
static size_t count;
static int failed;

static void
late_end(struct late *l)
{
	struct late **at = &first;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	count--;
	flow_close(&l->flow);
	free(l);
}

static void
late_says(struct flow *f, int what)
{
	if (what & FLOW_FAILED)
		failed = 1;
	if ((what & FLOW_FAILED) || ((what & FLOW_EMPTY) && flow_ended(f)))
		late_end((struct late *)f);
}

static void
late_begin(int pipe, int to)
{
	struct late *l = count < LATE_MAX ? calloc(1, sizeof *l) : NULL;
	int sink = l != NULL ? fcntl(to, F_DUPFD_CLOEXEC, 3) : -1;

	if (sink < 0) {
		/* it is lost if anybody may still write it */
		failed |= flow_has_writer(pipe);
		free(l);
		close(pipe);
		return;
	}
	l->next = first;
	first = l;
	count++;
	flow_begin(&l->flow, late_says);
	l->flow.cap = LATE_CAP;
	flow_source(&l->flow, pipe, 1);
	flow_sink(&l->flow, sink);
}

void
late_copy(int pipe)
{
	late_begin(pipe, STDOUT_FILENO);
}

void
late_copy_error(int pipe)
{
	late_begin(pipe, STDERR_FILENO);
}

int
late_lost(void)
{
	struct late *l;

	for (l = first; l != NULL; l = l->next) {
		flow_push(&l->flow);
		if (l->flow.held > 0 || (flow_source_fd(&l->flow) >= 0 &&
		    flow_has_bytes(flow_source_fd(&l->flow))))
			failed = 1;
	}
	return failed;
}
