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
#include <unistd.h>

#include "base/flow.h"
#include "base/visible.h"
#include "xapply.h"

enum { HELD_MAX = 65536 };        /* bytes that -n is ahead of its reader */

static struct {
	struct flow out, err;
	int out_tty, err_tty;
	int verbose;              /* lines of -v are written here */
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
	say.verbose = xapply_opt.verbose && xapply_collator == NULL;
	if (xapply_opt.dry || say.verbose)
		open_flow(&say.out, 1, say_out_event);
	if (xapply_opt.trace)
		open_flow(&say.err, 2, say_err_event);
	say.out_tty = isatty(1);
	say.err_tty = isatty(2);
}

/*
 * Parameters may be anybody's words, as names of files are, so at a terminal
 * they are text alone.  A pipe gets the command as it is: a shell may read it.
 * With room for more bytes behind it; the caller frees it.
 */
static char *
as_seen(const char *text, int tty, size_t more)
{
	char *seen = wk_alloc((tty ? WK_SHOWN_MAX - 1 : 1) * strlen(text) +
	    WK_SHOWN_MAX + more, 1), *p = seen;
	size_t n;

	if (!tty)
		return strcpy(seen, text);
	for (; *text != '\0'; text += n) {
		n = strspn(text, "\n\t");
		if (n > 0)
			memcpy(p, text, n);
		else
			n = wk_show(p, text);
		p += strlen(p);
	}
	return seen;
}

static void
say_put(struct flow *f, int tty, const char *text)
{
	char *seen;

	if (!tty) {
		flow_put(f, text, strlen(text));
		return;
	}
	seen = as_seen(text, tty, 0);
	flow_put(f, seen, strlen(seen));
	free(seen);
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
	if (!bad && text != NULL)
		say_put(&say.out, say.out_tty, text);
	else
		wk_die(WK_SYSTEM, "out of memory");
	free(text);
}

static void
put_line(struct flow *f, int tty, const struct task *t)
{
	say_put(f, tty, t->command);
	flow_put(f, "\n", 1);
}

int
say_task(const struct task *t, size_t tokens)
{
	if (xapply_opt.trace) {
		put_line(&say.err, say.err_tty, t);
		flow_push(&say.err);
	}
	if (xapply_opt.dry && xapply_opt.show)
		say_show(t, tokens);
	else if (xapply_opt.dry || say.verbose)
		put_line(&say.out, say.out_tty, t);
	/* lines of -n are written many at a time */
	if (say.verbose && !xapply_opt.dry)
		flow_push(&say.out);
	return say.out.failed ? -1 : 0;
}

char *
say_line(const struct task *t)
{
	return strcat(as_seen(t->command, say.out_tty, 1), "\n");
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
