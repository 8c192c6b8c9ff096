/*
 * say.c - what a run says of its tasks before they start
 *
 * Whoever reads these lines may be slow, or asleep.  The run goes on with what
 * it has meanwhile: nothing here waits, and nothing new starts before its line
 * is written.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/flow.h"
#include "xapply.h"

enum { HELD_MAX = 65536 };        /* bytes that wait, then no more are made */

static struct flow out, err;
static void (*all_written)(void);
static void (*is_lost)(int error);

static void
out_says(struct flow *f, int what)
{
	if (what & FLOW_FAILED)
		is_lost(f->error);
	if (what & (FLOW_EMPTY | FLOW_FAILED))
		all_written();
}

/* A trace that nobody can read is not missed. */
static void
err_says(struct flow *f, int what)
{
	(void)f;
	if (what & (FLOW_EMPTY | FLOW_FAILED))
		all_written();
}

static void
open_flow(struct flow *f, int fd, void (*event)(struct flow *f, int what))
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	f->cap = HELD_MAX;
	flow_begin(f, event);
	if (copy < 0)
		wk_die(WK_SYSTEM, "descriptors: %s", strerror(errno));
	flow_sink(f, copy);
}

void
say_prepare(void (*written)(void), void (*lost)(int error))
{
	all_written = written;
	is_lost = lost;
	if (xapply_opt.dry || xapply_opt.verbose)
		open_flow(&out, 1, out_says);
	if (xapply_opt.trace)
		open_flow(&err, 2, err_says);
}

static void
say_put_quoted(FILE *f, const char *text)
{
	putc('\'', f);
	for (; *text != '\0'; text++)
		if (*text == '\'')
			fputs("'\\''", f);
		else
			putc(*text, f);
	putc('\'', f);
}

/* -n --show: the variables in front, the rest behind as a comment. */
static void
say_put_all(FILE *f, const struct task *t, size_t tokens)
{
	const struct export *e;
	size_t i, n;

	for (n = 0; t->vars[n] != NULL; n++)
		;
	for (e = xapply_opt.exports; e != NULL; e = e->next)
		n--;
	/* in front of those of -e are what tells of tokens */
	for (i = n; t->vars[i] != NULL; i++) {
		n = strcspn(t->vars[i], "=") + 1;
		fprintf(f, "%.*s", (int)n, t->vars[i]);
		say_put_quoted(f, t->vars[i] + n);
		putc(' ', f);
	}
	fprintf(f, "%s  # xid=%s", t->command, t->xid);
	for (i = 0; i < tokens && t->tokens->name[i] != NULL; i++)
		fprintf(f, "%s%s", i > 0 ? "," : " tokens=",
		    t->tokens->name[i]);
	putc('\n', f);
}

static void
say_show(const struct task *t, size_t tokens)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (f != NULL) {
		say_put_all(f, t, tokens);
		fclose(f);
	}
	if (text == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	flow_put(&out, text, len);
	free(text);
}

static void
put_line(struct flow *f, const struct task *t)
{
	flow_put(f, t->command, strlen(t->command));
	flow_put(f, "\n", 1);
}

int
say_task(const struct task *t, size_t tokens)
{
	if (xapply_opt.trace) {
		put_line(&err, t);
		flow_push(&err);
	}
	if (xapply_opt.dry && xapply_opt.show)
		say_show(t, tokens);
	else if (xapply_opt.dry || xapply_opt.verbose)
		put_line(&out, t);
	/* together with others, if it is all that is done */
	if (xapply_opt.verbose && !xapply_opt.dry)
		flow_push(&out);
	return out.failed ? -1 : 0;
}

int
say_waits(void)
{
	size_t most = xapply_opt.dry ? HELD_MAX : 0;

	return out.held > most || err.held > 0;
}

int
say_busy(void)
{
	return !flow_idle(&out) || !flow_idle(&err);
}
