/*
 * client.c - ptbw's client: tokens for a command, or a report
 *
 * broker.c has the client's side of the protocol.
 *
 * SPDX-License-Identifier: ISC
 */
#include "ptbw.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/high.h"
#include "base/spawn.h"
#include "base/visible.h"
#include "divconnect.h"
#include "shared.h"
#include "tableau.h"
#include "wire/broker.h"
#include "wire/door.h"
#include "wire/holders.h"
#include "wire/things.h"

void
ptbw_broker_failed(const char *path)
{
	char who[4096];
	int e = errno;

	if ((e == EPROTO || e == ECONNRESET || e == ETIMEDOUT) &&
	    door_is_other(path, ptbw.name, who, sizeof who))
		wk_die(WK_PROTOCOL, "%s: %s", path, who);
	errno = e;
	if (errno == EPROTO)
		wk_die(WK_PROTOCOL, "%s: the answer makes no sense", path);
	if (errno == ECONNRESET)
		wk_die(WK_UNAVAILABLE, "%s: the master is gone", path);
	if (errno == ETIMEDOUT)
		wk_die(WK_TIMEOUT, "%s: the master does not answer", path);
	wk_die(WK_SYSTEM, "%s: %s", path, strerror(errno));
}

void
ptbw_connect(struct broker *b, const char *path)
{
	if (broker_open(b, path) == 0)
		return;
	if (errno == ENOTSOCK)
		wk_die(WK_DATA, "%s: not a socket (a file of tokens is for a "
		    "master, -m)", path);
	wk_die_connect(path);
}

/* --- the report --- */

enum { REPORT_WINDOW = 4096 };

static void
print_since(long seconds)
{
	time_t t = time(NULL) - seconds;
	char text[32];

	if (seconds < 0)
		strcpy(text, "-");
	else
		strftime(text, sizeof text, "%H:%M:%S", localtime(&t));
	if (seconds < 0)
		printf("\t-\t-\n");
	else
		printf("\t%ld\t%s\n", seconds, text);
}

/* Scripts read the report, so names stay as they are there, except for people:
 * at a terminal, and with -v. */
static void
put_name(char *name)
{
	name[things_name(name)] = '\0';
	if (ptbw_opt.verbose || isatty(1))
		wk_put(stdout, name);
	else
		fputs(name, stdout);
}

/* Who has a token.  What clients say of themselves is no more than that. */
static void
print_holder(const struct holder *h)
{
	if (h->pid == HOLDER_UNSEEN)
		printf("?%ld", h->claim);
	else
		printf("%ld", h->pid);
}

/* -v asks the system who it is, the short report has what the client said. */
static int
ask_report(struct holders *h, size_t first, size_t n, struct holder *who,
    long *age)
{
	size_t i;

	if (ptbw_opt.verbose)
		return holders_ask(h, first, n, who) != 0 ||
		    broker_holders(h->broker, 'A', first, n, age) != 0;
	if (broker_holders(h->broker, 'O', first, n, age) != 0)
		return -1;
	for (i = 0; i < n; i++)
		who[i].pid = who[i].claim = age[i] > 0 ? age[i] : 0;
	return 0;
}

/* Which tokens are not in the pool any more: all zero if all are. */
static int
ask_withdrawn(struct holders *h, const struct broker_pool *p, size_t first,
    size_t n, long *out)
{
	memset(out, 0, n * sizeof *out);
	return p->live == p->count ? 0 :
	    broker_holders(h->broker, 'w', first, n, out);
}

static void
print_token(size_t i, const struct holder *who, char *name, long age,
    long withdrawn)
{
	printf("%6zu\t", i);
	print_holder(who);
	putchar('\t');
	put_name(name);
	if (withdrawn > 0)
		printf("\twithdrawn");
	if (ptbw_opt.verbose)
		print_since(age);
	else
		putchar('\n');
}

static void
print_tokens(struct holders *h, const struct broker_pool *p, const char *path)
{
	static struct holder who[REPORT_WINDOW];
	static long age[REPORT_WINDOW], out[REPORT_WINDOW];
	char *names = broker_tableau(h->broker, p->space), *name = names, *next;
	size_t i, k, n;

	if (names == NULL)
		ptbw_broker_failed(path);
	names[p->space] = '\0';
	for (i = 0; i < p->count; i += n) {
		n = p->count - i < REPORT_WINDOW ? p->count - i : REPORT_WINDOW;
		if (ask_report(h, i, n, who, age) != 0 ||
		    ask_withdrawn(h, p, i, n, out) != 0)
			ptbw_broker_failed(path);
		for (k = 0; k < n; k++) {
			next = name < names + p->space ?
			    name + strlen(name) + 1 : name;
			if (out[k] == 0 || who[k].pid != 0)
				print_token(i + k, &who[k], name, age[k],
				    out[k]);
			name = next;
		}
	}
	free(names);
}

static void
print_waiting(struct holders *h, const char *path)
{
	struct waiting *w;
	size_t count, i;
	int r = holders_waiting(h, &w, &count);

	if (r < 0)
		ptbw_broker_failed(path);
	if (r > 0)
		printf(" Waiting\tTokens\tSeconds\n");
	for (i = 0; i < count; i++) {
		if (w[i].who.pid == HOLDER_UNSEEN)
			printf("%*s?%ld", 5, "", w[i].who.claim);
		else
			printf("%6ld", w[i].who.pid);
		printf("\t%lu\t%lu\n", w[i].tokens, w[i].seconds);
	}
	free(w);
}

static int
report(const char *path)
{
	struct broker b;
	struct broker_pool p;
	struct holders h;
	char source[4096];

	if (path == NULL)
		path = shared_connect(&b);
	else
		ptbw_connect(&b, path);
	if (broker_describe(&b, &p) != 0)
		ptbw_broker_failed(path);
	wk_visible(source, sizeof source, p.source);
	printf("ptbw: master has %zu tokens, max length %zu "
	    "(total space %zu)\n", p.live, p.longest, p.space);
	printf(" Master tokens from %s: %s\n",
	    p.type == TABLEAU_FUNCTION ? "the internal function" :
	    p.type == TABLEAU_FILE ? "file" : "error", source);
	printf(" Index\tLock\tTokens (request in groups of %zu)%s\n", p.group,
	    ptbw_opt.verbose ? "\tSeconds\tSince" : "");
	holders_begin(&h, &b);
	print_tokens(&h, &p, path);
	if (ptbw_opt.verbose)
		print_waiting(&h, path);
	holders_end(&h);
	free(p.source);
	if (ptbw_opt.quit && broker_quit(&b) != 0)
		ptbw_broker_failed(path);
	broker_return(&b);
	wk_flush();
	return 0;
}

/* --- running a command --- */

/* The variables of the tokens, which are cut off their names. */
static void
set_things(struct broker *b, const char *path, char *names)
{
	struct things t = { 0 };
	char *line = strdup(names), *next;
	size_t i;
	int r = line != NULL ? 0 : -1;

	things_cut(names);
	for (next = line; r == 0 && next != NULL; ) {
		char *p = next;

		next = strchr(p, '\n');
		if (next != NULL)
			*next++ = '\0';
		r = things_add(&t, p);
	}
	if (r != 0)
		wk_die(WK_SYSTEM, "out of memory");
	if (t.count > 0 && !things_trusted(b->fd))
		wk_warn("%s: the pool is another user's, its variables are "
		    "not set", path);
	else
		for (i = 0; i < t.count; i++)   /* they stay */
			if (putenv(t.var[i]) != 0)
				wk_die(WK_SYSTEM, "environment: %s",
				    strerror(errno));
	free(line);
}

int
ptbw_hold(struct broker *b, size_t n, const char *path, uint32_t *token)
{
	struct broker_pool p;
	int borrowed;
	char *names;

	if (ptbw_take(b, path, n, ptbw_opt.wait, token) != 0) {
		if (errno == ETIMEDOUT && b->queued)
			broker_leave(b);
		if (errno == ETIMEDOUT && b->met)
			wk_die(WK_TIMEOUT, "%s: timed out waiting for %zu "
			    "token%s", path, n, n == 1 ? "" : "s");
		if (errno == ENOSPC && broker_describe(b, &p) == 0)
			wk_die(WK_CANTCREATE, "%s: cannot allocate %zu "
			    "tokens, the pool has %zu", path, n, p.live);
		ptbw_broker_failed(path);
	}
	names = broker_names(b, token, n, &borrowed);
	if (names == NULL)
		ptbw_broker_failed(path);
	else
		set_things(b, path, names);
	if (setenv("ptbw_list", names, 1) != 0)
		wk_die(WK_SYSTEM, "environment: %s", strerror(errno));
	free(names);
	return borrowed > 0;
}

static void
take(struct broker *b, size_t n, const char *path)
{
	uint32_t *token = wk_alloc(n, sizeof *token);

	if (ptbw_hold(b, n, path, token) && broker_tie(b) != 0)
		ptbw_broker_failed(path);
	free(token);
}

/* The command's arguments, with n token names behind them if so asked. */
static char **
with_tokens(char **argv, size_t n)
{
	char *names = getenv("ptbw_list"), **all;
	size_t argc = 0, i;

	while (argv[argc] != NULL)
		argc++;
	all = wk_alloc(argc + n + 1, sizeof *all);
	memcpy(all, argv, argc * sizeof *all);
	names = ptbw_opt.append && n > 0 ? strdup(names) : NULL;
	if (names == NULL && ptbw_opt.append && n > 0)
		wk_die(WK_SYSTEM, "out of memory");
	for (i = argc; names != NULL; i++) {
		all[i] = names;
		names = strchr(names, '\n');
		if (names != NULL)
			*names++ = '\0';
	}
	return all;
}

void
ptbw_leave(struct broker *b, const char *path, int keep)
{
	int r = ptbw_opt.quit ? broker_quit(b) : 0;

	if (keep)
		broker_close(b);
	else
		r |= broker_return(b);
	if (r != 0)
		wk_warn("%s: %s", path, errno == ETIMEDOUT ?
		    "the master does not answer" : "the master is gone");
}

static int
run(char **operands, const struct wk_called *called)
{
	struct broker b = { .fd = -1 };
	struct wk_spawn command = wk_spawn_plain(operands[0], operands);
	size_t n = ptbw_opt.request >= 0 ? (size_t)ptbw_opt.request : 1;
	const char *path = NULL;
	char number[16];
	int status;

	if (ptbw_opt.shared != NULL) {
		path = shared_connect(&b);
		/* one that takes none is there for those below */
		if (n == 0 && div_push(ptbw.prefix, path) < 0)
			wk_die(WK_SYSTEM, "environment: %s", strerror(errno));
	} else if (n > 0 || ptbw_opt.quit) {
		path = wk_target(ptbw_opt.depth, ptbw_opt.tags);
		ptbw_connect(&b, path);
	}
	if (n > 0) {
		take(&b, n, path);
		if (ptbw_opt.exec)      /* it is the command's to close */
			b.fd = high_digit(b.fd);
		command.keep = b.fd;
		snprintf(number, sizeof number, "%d", b.fd);
		if (setenv("ptbw_fd", number, 1) != 0)
			wk_die(WK_SYSTEM, "environment: %s", strerror(errno));
	} else {
		unsetenv("ptbw_list");
	}
	if (called->utility != NULL)
		operands[0] = (char *)called->utility;
	command.argv = with_tokens(operands, n);
	if (ptbw_opt.exec)
		wk_spawn_exec(&command);
	else if (wk_spawn_wait(&command, &status) == 0) {
		if (path != NULL)
			ptbw_leave(&b, path, ptbw_opt.keep);
		return wk_spawn_code(status);
	}
	wk_die(wk_spawn_error_code(errno), "%s: %s",
	    wk_command_name(command.file), strerror(errno));
	return 0;
}

int
ptbw_client(char **operands, const struct wk_called *called)
{
	if (operands[0] == NULL || strcmp(operands[0], "-") == 0)
		return report(ptbw_opt.shared != NULL ? NULL :
		    wk_target(ptbw_opt.depth, ptbw_opt.tags));
	return run(operands, called);
}
