/*
 * say.c - the lines that announce tasks before they start
 *
 * The reader of these lines may be slow, or stopped.  Nothing here waits for
 * it: the tasks that run go on, and no task starts before its line is written.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/flow.h"
#include "xapply.h"

enum { HELD_MAX = 65536 };        /* bytes that -n is ahead of its reader */

static struct {
	struct flow out, err;
	void (*written)(void);
	void (*lost)(int error);
} say;

static void
say_out_event(struct flow *f, int what)
{
	if (what & FLOW_FAILED)
		say.lost(f->error);
	if (what & (FLOW_EMPTY | FLOW_FAILED))
		say.written();
}

/* A trace that cannot be written is no reason to end. */
static void
say_err_event(struct flow *f, int what)
{
	(void)f;
	if (what & (FLOW_EMPTY | FLOW_FAILED))
		say.written();
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
	say.written = written;
	say.lost = lost;
	if (xapply_opt.dry || xapply_opt.verbose)
		open_flow(&say.out, 1, say_out_event);
	if (xapply_opt.trace)
		open_flow(&say.err, 2, say_err_event);
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

/* -n --show: variables in front of the command, xid and tokens behind it as a
 * comment. */
static void
say_put_all(FILE *f, const struct task *t, size_t tokens)
{
	const struct export *e;
	size_t i, n;

	for (n = 0; t->vars[n] != NULL; n++)
		;
	for (e = xapply_opt.exports; e != NULL; e = e->next)
		n--;
	/* only those of -e, which are the last ones */
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
	int bad = f == NULL;

	if (f != NULL) {
		say_put_all(f, t, tokens);
		bad = ferror(f);
		bad |= fclose(f) != 0;
	}
	/* not every system reports that the text could not be kept */
	if (bad || text == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	flow_put(&say.out, text, len);
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
		put_line(&say.err, t);
		flow_push(&say.err);
	}
	if (xapply_opt.dry && xapply_opt.show)
		say_show(t, tokens);
	else if (xapply_opt.dry || xapply_opt.verbose)
		put_line(&say.out, t);
	/* lines of -n are written many at a time */
	if (xapply_opt.verbose && !xapply_opt.dry)
		flow_push(&say.out);
	return say.out.failed ? -1 : 0;
}

int
say_waits(void)
{
	size_t most = xapply_opt.dry ? HELD_MAX : 0;

	return say.out.held > most || say.err.held > 0;
}

int
say_busy(void)
{
	return !flow_idle(&say.out) || !flow_idle(&say.err);
}
