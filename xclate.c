/*
 * xclate.c - collate the output of parallel tasks
 *
 *	xclate -m [options] [utility [args]]
 *	xclate [options] [xid [--] [command [args]]]
 *	xclate -h | -V
 *
 * A master owns an output; each client is given it when it is its turn,
 * writes its section, and ends the turn by hanging up.  The bytes of a
 * section do not pass through the master, unless it is to look at them
 * (--results, --ci, --tag, ...): then the client is given a pipe in the
 * place of the output (struct section).
 *
 * serve.c has the master's life, turn.c who is next, collate.c the client's
 * side of the protocol, which is written down in PROTOCOL.  Here are the
 * master's side of it (commands[]) and what both make of their options.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cap.h"
#include "collate.h"
#include "divconnect.h"
#include "event.h"
#include "flow.h"
#include "record.h"
#include "redirect.h"
#include "serve.h"
#include "spawn.h"
#include "title.h"
#include "turn.h"
#include "wrapper.h"

#define XCLATE_PROTOCOL "0.8"

enum {
	OUTPUT_LOST = 74          /* exit code: an output could not be written */
};

/* Options that have a long name alone. */
enum {
	O_ORDER_FROM = 256, O_TAG, O_TAGSTRING, O_STDERR_LAST, O_NEWLINE,
	O_FAIL, O_HALT, O_RESULTS, O_JOBLOG, O_JSON, O_BAR, O_CI, O_TURN_TIMEOUT
};

static const struct wr_option options[] = {
	{ 'm', "master", NULL, "be a master and run the utility" },
	{ '0', "depth", "n", "so many diversions further out (-1, -2, ...)" },
	{ 'u', "socket", "path", "the socket: to make, or to connect to" },
	{ 'T', "title", "text", "title of sections" },
	{ 'H', "rule", "text", "what ends a section" },
	{ 'a', "escape", "char", "the escape character in these (%)" },
	{ 'L', "cap", "size", "bytes held in memory for a section (64k)" },
	{ 's', "squeeze", NULL, "sections without data vanish" },
	{ 'q', "quick", NULL, "those without title and rule, too" },
	{ 'Q', "quit", NULL, "client: ask the persistent master to quit" },
	{ 'd', "detached", NULL, "master: publish in xcl_d alone" },
	{ 'O', "output", "spec", "master: the collated output" },
	{ 'W', "widow", "spec", "master: what the utility itself prints (stderr)" },
	{ 'N', "notify", "spec", "master: records of sections that ended" },
	{ 'i', "input", "spec", "master: the utility's standard input" },
	{ 'A', "announce", NULL, "master: first record is the socket's path" },
	{ 'r', "report", NULL, "master: exit codes in the records" },
	{ 'p', "pid", "pid", "master: an inherited child is the utility" },
	{ 'k', "keep-order", NULL, "master: turns in the order of arrival" },
	{ O_ORDER_FROM, "order-from", "n",
	  "master: turns by numeric xid, beginning with n" },
	{ O_FAIL, "fail", NULL,
	  "master: exit with the code of the first section that failed" },
	{ O_HALT, "halt", "when",
	  "master: never; soon or now, at the first failure (,fail=N)" },
	{ O_RESULTS, "results", "dir", "master: each section in dir/xid too" },
	{ O_JOBLOG, "joblog", "file", "master: a line for each section" },
	{ O_JSON, "json", NULL, "master: records are lines of JSON" },
	{ O_BAR, "bar", NULL, "master: a line of progress on stderr" },
	{ O_CI, "ci", "dialect", "master: sections fold: github, gitlab" },
	{ O_TURN_TIMEOUT, "turn-timeout", "seconds",
	  "master: no turn lasts longer" },
	{ O_TAG, "tag", NULL, "the xid in front of each line" },
	{ O_TAGSTRING, "tagstring", "text", "text in front of each line" },
	{ O_NEWLINE, "newline", NULL, "sections end with a newline" },
	{ 'g', "group", NULL, "client: no turn before all is there" },
	{ 'l', "line-buffer", NULL, "client: a turn for each batch of lines" },
	{ 'b', "block", NULL, "client: hold no more than the cap" },
	{ 'w', "to-widow", NULL, "client: write to the widow output, at once" },
	{ 'I', "master-stdin", NULL, "client: the command has the master's stdin" },
	{ 'E', "master-stderr", NULL, "client: ... the master's stderr" },
	{ 'D', "master-directory", NULL, "client: ... the master's directory" },
	{ 'Y', "session", NULL, "client: ... a session of its own" },
	{ 'c', "no-stdin", NULL, "client: the command's stdin is /dev/null" },
	{ 'e', "stderr", NULL, "client: the command's stderr is in the section" },
	{ O_STDERR_LAST, "stderr-last", NULL, "client: ... behind its stdout" },
	{ 'S', "shell", "path", "ignored" },
	{ 'Z', "recursion", NULL, "be cat, with a warning (see |cmd)" },
	{ 'n', "dry-run", NULL, "say what would be done" },
	{ 'v', "verbose", NULL, "say more" },
	{ 'V', "version", NULL, "print the version and the stack" },
	{ 'h', "help", NULL, "print this" },
	{ 0, NULL, NULL, NULL }
};

static const char *probe(const char *path);

static const struct wr_program xclate = {
	.name = "xclate",
	.prefix = "xcl",
	.variable = "XCLATE",
	.protocol = XCLATE_PROTOCOL,
	.template = "xclXXXXXX",
	.direct = 'u',
	.probe = probe,
	.synopsis =
	    "-m [-AdknqQrsv] [-depth] [-a char] [-H rule] [-i spec] [-L size] "
	    "[-N spec] [-O spec] [-p pid] [-T title] [-u path] [-W spec] "
	    "[--long-option ...] [utility [args]]\n"
	    "[-bcDeEgIlnqQsvwY] [-depth] [-a char] [-H rule] [-L size] "
	    "[-T title] [-u path] [--long-option ...] "
	    "[xid [--] [command [args]]]\n"
	    "-h | -V",
	.options = options
};

enum { NEVER, SOON, NOW };

/* What the command line asks for. */
static struct {
	int master, depth_given, depth;
	const char *socket, *title, *rule, *tag;
	char escape;
	int has_cap;
	size_t cap;
	int squeeze, quick, quit, dry, verbose, recursion, newline;
	/* masters */
	int detached, announce, report, keep_order, fail, json, bar;
	const char *output, *widow, *notify, *input, *results, *joblog, *ci;
	long pid;
	int ordered;               /* --order-from was given */
	unsigned long order_from;
	int halt;
	unsigned long halt_at;
	int turn_ms;               /* 0: no limit */
	/* clients */
	int to_widow, use_stdin, use_stderr, use_dir, session;
	int group, lines, block, no_stdin, with_stderr, stderr_last, shell;
} want = { .escape = '%' };

static int64_t
wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
above_2(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static void
variable_unset(const char *name)
{
	wr_warn("%s: the variable is not set", name);
}

/* ===== the master ===== */

struct client {
	struct serve_client c;     /* first */
	struct turn turn;
	struct client *before, *after; /* in the order of arrival */
	int64_t start, turn_at;    /* milliseconds since 1970 */
	uint64_t bytes;
	unsigned long sequence;
	short code;
	unsigned char xid_len;
	unsigned named : 1, after_cr : 1, o1 : 1, o2 : 1, o0 : 1, status : 4,
	    widow : 1;             /* it writes to the widow output */
	char xid[COLLATE_XID_MAX + 1];
};

/* What a client writes during its turn, when we are to see it. */
struct section {
	struct flow flow;
	struct lines change;
	char *tag;
	char *end;                 /* what ends its fold */
	size_t end_len;
	int late;                  /* its source once more, for what comes after */
	int results;               /* file, or -1 */
	int active, leaving;       /* leaving: the client has hung up */
	int out;                   /* not yet the flow's, or -1 */
	char *title;
	size_t title_len;
};

/* What is written by somebody who had the turn and has hung up. */
struct late {
	struct flow flow;
};

static struct {
	int out, err, in, dir;     /* served descriptors */
	char dir_tag;
	int widow;
	struct redirect output, widowed, notified, input;
	struct turn_queue queue;
	struct client *first, *last; /* who has not had its turn */
	struct client *holder;
	struct client ghost;       /* the holder, when it has hung up and what
	                              it wrote is still on its way */
	unsigned long sequence;
	unsigned long next;        /* --order-from: the number to come */
	unsigned long *passed;     /* those beyond it that will not */
	size_t passed_count;
	struct section section;
	int looks;                 /* sections go through us */
	struct flow widow_flow, notify_flow, joblog_flow;
	int notify_on, joblog_on, widow_on, same_notify;
	int notify_tty;
	unsigned long done, failed;
	int first_code;            /* of the first section that failed */
	int lost;                  /* some output could not be written */
	int halted, quit_asked;
	struct ev_timer bar, turn_limit, again;
	int64_t begun;
	uint64_t *seen;            /* hashes of the names of results */
	size_t seen_count, seen_room;
	int results_dir;
	struct collate outer;      /* -O - */
	int outer_open, outer_over;
	char *title;               /* the text for ?T, as it is sent */
	char *rule;
} m = { .holder = NULL };

static void grant_next(void);

static void
output_lost(const char *what, int error)
{
	if (!m.lost || want.verbose)
		wr_note("%s: %s", what, strerror(error));
	m.lost = 1;
}

/* --- records of sections that have ended --- */

static void
notify_says(struct flow *f, int what)
{
	if (what & FLOW_FAILED)
		output_lost("notify stream", f->error);
	if (what & (FLOW_EMPTY | FLOW_FAILED))
		grant_next();
}

static void
joblog_says(struct flow *f, int what)
{
	if (what & FLOW_FAILED)
		output_lost(want.joblog, f->error);
}

static void
notify(const char *text, size_t len, int end)
{
	if (!m.notify_on)
		return;
	flow_put(&m.notify_flow, text, len);
	if (end >= 0)
		flow_put(&m.notify_flow, (char[1]){ (char)end }, 1);
}

static char
record_end(void)
{
	return m.notify_tty ? '\n' : '\0';
}

/* One line that replaces itself on a terminal. */
static void
show_progress(struct ev_timer *t)
{
	struct pollfd p = { 2, POLLOUT, 0 };
	long seconds = (long)((div_now() - m.begun) / 1000);
	char text[200], name[80];
	int n;

	(void)t;
	if (!isatty(2))
		return;         /* the summary is enough there */
	wr_visible(name, sizeof name, m.holder != NULL ? m.holder->xid : "");
	n = snprintf(text, sizeof text, "\r\033[Kxclate: %lu done, %lu failed, "
	    "%zu waiting%s%.60s, %ld:%02ld", m.done, m.failed, m.queue.count,
	    m.holder != NULL ? ", now " : "", name,
	    seconds / 60, seconds % 60);
	if (poll(&p, 1, 0) == 1 && write(2, text, (size_t)n) < 0)
		want.bar = 0;
}

static void
progress(void)
{
	if (want.bar && !m.bar.set)
		ev_timer_set(&m.bar, 100);
}

static void
end_progress(void)
{
	char text[100];
	int n;

	if (!want.bar)
		return;
	ev_timer_stop(&m.bar);
	n = snprintf(text, sizeof text, "%sxclate: %lu done, %lu failed\n",
	    isatty(2) ? "\r\033[K" : "", m.done, m.failed);
	if (write(2, text, (size_t)n) < 0)
		want.bar = 0;
}

static void
halt(void)
{
	struct client *k, *next;

	if (want.halt == NEVER || m.halted || m.failed < want.halt_at)
		return;
	m.halted = 1;
	wr_note("halt: %lu section%s failed", m.failed,
	    m.failed == 1 ? "" : "s");
	serve_refuse();
	if (want.halt == NOW)
		for (k = m.first; k != NULL; k = next) {
			next = k->after;
			serve_drop(&k->c, NULL);
		}
	if (serve_quit() < 0 && want.halt == NOW && serve_pid() > 0)
		kill((pid_t)serve_pid(), SIGTERM);
}

/* A client that said who it is has ended. */
static void
record(struct client *k)
{
	struct record r = {
		.xid = k->xid,
		.sequence = k->sequence,
		.start = k->start,
		.turn = k->turn_at,
		.end = wall_ms(),
		.bytes = k->bytes,
		.code = k->code
	};
	char text[RECORD_MAX];

	if (want.json) {
		notify(text, record_json(text, &r), -1);
	} else {
		if (want.report)
			notify(text, (size_t)sprintf(text, "%d,", k->code), -1);
		notify(k->xid, strlen(k->xid), record_end());
	}
	/* as far as its reader takes it, a record comes before the next turn */
	if (m.notify_on)
		flow_push(&m.notify_flow);
	if (m.joblog_on)
		flow_put(&m.joblog_flow, text, record_joblog(text, &r));
	m.done++;
	if (k->code != 0) {
		m.failed++;
		if (m.first_code == 0)
			m.first_code = k->code;
		halt();
	}
	progress();
}

/* --- sections that go through us --- */

/* FNV-1a; a collision would append to a file in the place of beginning it
 * anew. */
static uint64_t
hash(const char *s)
{
	uint64_t h = 14695981039346656037u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h;
}

/* Is it the first time that a result of that name is written? */
static int
first_of_name(const char *name)
{
	uint64_t h = hash(name), *p;
	size_t i;

	for (i = 0; i < m.seen_count; i++)
		if (m.seen[i] == h)
			return 0;
	if (m.seen_count == m.seen_room) {
		m.seen_room = m.seen_room ? 2 * m.seen_room : 64;
		p = realloc(m.seen, m.seen_room * sizeof *p);
		if (p == NULL)
			return 0;
		m.seen = p;
	}
	m.seen[m.seen_count++] = h;
	return 1;
}

static void
open_results(struct section *s, const struct client *k)
{
	char name[RECORD_MAX];
	struct stat st;

	s->results = -1;
	if (want.results == NULL)
		return;
	record_file(name, k->xid);
	s->results = openat(m.results_dir, name, O_WRONLY | O_CREAT |
	    O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK |
	    (first_of_name(name) ? O_TRUNC : O_APPEND), 0666);
	if (s->results < 0) {
		output_lost(want.results, errno);
	} else if (fstat(s->results, &st) != 0 || !S_ISREG(st.st_mode)) {
		/* writing to it might wait */
		close(s->results);
		s->results = -1;
		output_lost(want.results, EEXIST);
	} else {
		s->flow.copy = &s->results;
	}
}

static char *
expand(const struct client *k, const char *text, int newline, size_t *len)
{
	struct title_values v = {
		.escape = want.escape,
		.xid = k->xid,
		.sequence = k->sequence,
		.unset = variable_unset
	};
	char *s = title_expand(text, &v, newline, len);

	if (s == NULL)
		*len = 0;
	return s;
}

/* The marks between which a CI log folds. */
static void
fold(struct section *s, const struct client *k)
{
	size_t len;
	char *text = expand(k, want.title && *want.title ? want.title : "%x",
	    0, &len), name[RECORD_MAX];
	long now = (long)time(NULL);
	size_t room = len + sizeof name + 128;

	s->title = malloc(room);
	s->end = malloc(room);
	if (text == NULL || s->title == NULL || s->end == NULL) {
		free(text);
		return;
	}
	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = ' ';
	if (strcmp(want.ci, "github") == 0) {
		s->title_len = (size_t)sprintf(s->title, "::group::%s\n", text);
		s->end_len = (size_t)sprintf(s->end, "::endgroup::\n");
	} else {
		record_file(name, k->xid);
		for (char *p = name; (p = strpbrk(p, "%~+@")) != NULL; p++)
			*p = '_';
		s->title_len = (size_t)sprintf(s->title, "\033[0Ksection_start:"
		    "%ld:s%lu_%.200s[collapsed=true]\r\033[0K%s\n", now,
		    k->sequence, name, text);
		s->end_len = (size_t)sprintf(s->end, "\033[0Ksection_end:"
		    "%ld:s%lu_%.200s\r\033[0K\n", now, k->sequence, name);
	}
	free(text);
}

/* Write, now that it is known that there is something to write. */
static void
begin_section(struct section *s)
{
	if (s->out < 0)
		return;
	flow_front(&s->flow, s->title, s->title_len);
	flow_sink(&s->flow, s->out);
	s->out = -1;
}

static void
late_says(struct flow *f, int what)
{
	if (what & FLOW_FAILED)
		output_lost("widow output", f->error);
	if (!(what & (FLOW_FAILED | FLOW_EMPTY)) || !f->ended)
		if (!(what & FLOW_FAILED))
			return;
	flow_close(f);
	free(f);
	serve_stay(-1);
}

/*
 * Somebody whom the client has left behind still has the pipe open.  What
 * he writes is nobody's section: it goes where the utility's own output goes.
 */
static void
keep_late(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	struct late *l = NULL;
	int sink;

	if (poll(&p, 1, 0) < 0 || !(p.revents & POLLHUP) ||
	    (p.revents & POLLIN))
		l = calloc(1, sizeof *l);
	sink = l != NULL ? above_2(m.widow) : -1;
	if (sink < 0) {
		free(l);
		close(fd);
		return;
	}
	l->flow.event = late_says;
	flow_source(&l->flow, fd, 1);
	flow_sink(&l->flow, sink);
	serve_stay(1);
}

static void
section_done(struct section *s)
{
	struct client *k = m.holder;

	k->bytes += s->flow.total;
	if (s->flow.failed && k->code == 0)
		k->code = OUTPUT_LOST;
	if (s->flow.copy != NULL && s->results < 0)
		output_lost(want.results, s->flow.copy_error);
	if (s->results >= 0)
		close(s->results);
	flow_close(&s->flow);
	if (s->late >= 0)
		keep_late(s->late);
	if (s->out >= 0)
		close(s->out);
	free(s->tag);
	free(s->title);
	free(s->end);
	memset(s, 0, sizeof *s);
}

static void end_turn(struct client *k);

static void
section_says(struct flow *f, int what)
{
	struct section *s = &m.section;

	if (what & FLOW_FAILED)
		output_lost("collated output", f->error);
	if (what & FLOW_DATA)
		begin_section(s);
	if ((what & FLOW_END) && !f->failed) {
		if (!want.squeeze || f->total > 0) {
			begin_section(s);
			flow_put(f, s->end, s->end_len);
		}
	}
	if (s->leaving && (f->failed || (f->ended && flow_idle(f))))
		end_turn(m.holder);
}

/* The client, whose turn it is, has hung up or given the turn back: what it
 * wrote is still in the pipe. */
static void
leave_section(struct section *s)
{
	s->leaving = 1;
	if (s->flow.has_in)
		s->late = above_2(s->flow.in.fd);
	if (s->flow.has_in || (!s->flow.failed && !flow_idle(&s->flow)))
		flow_finish(&s->flow);
	else
		end_turn(m.holder);
}

/* A pipe in the place of the output; -1 when there is none to be had. */
static int
open_section(struct client *k)
{
	struct section *s = &m.section;
	int fd[2];

	memset(s, 0, sizeof *s);
	s->late = -1;
	s->out = above_2(m.out);
	if (s->out < 0 || div_pipe(fd) != 0) {
		if (s->out >= 0)
			close(s->out);
		return -1;
	}
	s->active = 1;
	s->flow.event = section_says;
	s->flow.cap = 65536;
	open_results(s, k);
	if (want.ci != NULL) {
		fold(s, k);
		s->change.flatten = strcmp(want.ci, "github") == 0 ?
		    LINES_GITHUB : LINES_GITLAB;
	}
	if (want.tag != NULL) {
		s->tag = expand(k, want.tag, 0, &s->change.tag_len);
		s->change.tag = s->tag;
	}
	s->change.newline = want.newline || want.ci != NULL;
	if (s->change.newline || want.tag != NULL)
		s->flow.lines = &s->change;
	flow_source(&s->flow, fd[0], 1);
	if (!want.squeeze)
		begin_section(s);
	return fd[1];
}

/* --- whose turn it is --- */

static struct client *
client_of(struct turn *t)
{
	return (struct client *)((char *)t - offsetof(struct client, turn));
}

/* The first of those that may want a turn. */
static const struct client *
first_in_order(void)
{
	const struct client *k = m.first;

	while (k != NULL && k->widow && !k->o1)
		k = k->after;
	return k;
}

/* May the first in the queue have its turn, in the order that was asked for? */
static int
may_go(const struct client *k)
{
	unsigned long n;

	if (want.keep_order)
		return k == first_in_order();
	if (!want.ordered || !turn_number(k->xid, &n) || n <= m.next)
		return 1;
	/* those in front will not come any more */
	return serve_ending() && m.queue.count == serve_clients();
}

/* A number has had its turn, or will not want one. */
static void
pass(unsigned long n)
{
	unsigned long *p;
	size_t i;

	if (n < m.next)
		return;
	p = realloc(m.passed, (m.passed_count + 1) * sizeof *p);
	if (p == NULL)
		return;
	m.passed = p;
	m.passed[m.passed_count++] = n;
	for (i = 0; i < m.passed_count; i++)
		if (m.passed[i] <= m.next) {
			m.next += m.passed[i] == m.next;
			m.passed[i] = m.passed[--m.passed_count];
			i = (size_t)-1;         /* from the beginning */
		}
}

static void
too_long(struct ev_timer *t)
{
	(void)t;
	if (m.holder == NULL || m.holder == &m.ghost)
		return;
	wr_note("section %s: its turn lasted longer than %d.%03d s",
	    m.holder->xid, want.turn_ms / 1000, want.turn_ms % 1000);
	m.holder->code = WR_TIMEOUT;
	serve_drop(&m.holder->c, NULL);
}

static void
try_again(struct ev_timer *t)
{
	(void)t;
	grant_next();
}

/* Give the turn; 0 when there is no descriptor for it now. */
static int
grant(struct client *k)
{
	int fd = -1;

	m.holder = k;
	if (m.looks) {
		fd = open_section(k);
		if (fd < 0) {
			m.holder = NULL;
			m.again.expired = try_again;
			ev_timer_set(&m.again, 100);
			return 0;
		}
		serve_give_fd(&k->c, "out", 4, fd);
	} else {
		serve_send_fd(&k->c, "out", 4, m.out);
	}
	turn_take(&m.queue, &k->turn);
	if (k->turn_at == 0)
		k->turn_at = wall_ms();
	k->o1 = 0;
	k->status = 0;
	if (k->o2)
		serve_send_fd(&k->c, "err\n", 5, m.err);
	if (k->o0)
		serve_send_fd(&k->c, "in\n", 4, m.in);
	if (want.turn_ms > 0)
		ev_timer_set(&m.turn_limit, want.turn_ms);
	return 1;
}

/*
 * Records of a section come before the next section.  When both go to the
 * same reader, that one is waited for; another who does not read his records
 * holds nobody up.
 */
static void
grant_next(void)
{
	struct turn *t;

	while (m.holder == NULL && (t = turn_next(&m.queue)) != NULL) {
		if (m.same_notify && !m.notify_flow.failed &&
		    !flow_idle(&m.notify_flow))
			return;
		if (!may_go(client_of(t)) || !grant(client_of(t)))
			return;
	}
}

/* All that the holder wrote is where it belongs. */
static void
end_turn(struct client *k)
{
	ev_timer_stop(&m.turn_limit);
	if (m.section.active)
		section_done(&m.section);
	m.holder = NULL;
	if (k == &m.ghost) {
		serve_stay(-1);
		record(k);
	}
	grant_next();
}

/* Put a client in the queue when it has said enough for that. */
static void
wants_turn(struct client *k)
{
	int value = k->status & 8 ? 8 : k->status;

	if (!k->o1 || k->status == 0 || (m.holder == k && !m.section.leaving))
		return;
	k->turn.name = k->xid;
	k->turn.arrival = k->sequence;
	k->turn.status = value;
	if (turn_put(&m.queue, &k->turn) != 0)
		serve_drop(&k->c, "out of memory");
	grant_next();
	progress();
}

/* --- what clients say: two letters, a space, NUL --- */

static void
say_text(struct client *k, const char *text)
{
	if (text == NULL)
		serve_send(&k->c, ".", 1);
	else
		serve_send(&k->c, text, strlen(text) + 1);
}

static void
ask_title(struct client *k)
{
	say_text(k, want.ci != NULL ? NULL : m.title);
}

static void
ask_rule(struct client *k)
{
	say_text(k, m.rule);
}

static void
ask_cap(struct client *k)
{
	if (want.has_cap)
		serve_printf(&k->c, "%zu\n", (want.cap | 1023) + 1);
	else
		serve_send(&k->c, ".", 1);
}

static void
say_flag(struct client *k, int flag, char letter)
{
	char text[2] = { flag ? letter : '-', '\0' };

	serve_send(&k->c, text, 2);
}

static void
ask_squeeze(struct client *k)
{
	say_flag(k, want.squeeze, 's');
}

static void
ask_quick(struct client *k)
{
	say_flag(k, want.quick || want.squeeze, 'q');
}

static void
ask_published(struct client *k)
{
	say_flag(k, !want.detached, 'd');
}

static void
ask_persistent(struct client *k)
{
	int persistent = serve_pid() == (long)getpid();

	if (serve_ending() || m.quit_asked)
		say_flag(k, 1, 'Q');
	else
		say_flag(k, persistent, ':');
}

static void
ask_directory(struct client *k)
{
	char tag[3] = { m.dir_tag, '\n', '\0' };

	serve_send_fd(&k->c, tag, sizeof tag, m.dir);
}

static void
ask_widow(struct client *k)
{
	serve_send_fd(&k->c, "widow\n", 7, m.widow);
	k->widow = 1;
	grant_next();
}

static void
want_output(struct client *k)
{
	k->o1 = 1;
	wants_turn(k);
}

static void
want_error(struct client *k)
{
	k->o2 = 1;
}

static void
want_input(struct client *k)
{
	k->o0 = 1;
}

/* After "all is there" nothing else counts. */
static void
add_status(struct client *k, unsigned bit)
{
	if (k->status & 8)
		return;
	k->status |= bit & 15;
	wants_turn(k);
}

static void
status_ready(struct client *k)
{
	add_status(k, 1);
}

static void
status_data(struct client *k)
{
	add_status(k, 2);
}

static void
status_full(struct client *k)
{
	add_status(k, 4);
}

static void
status_complete(struct client *k)
{
	add_status(k, 8);
}

static void
quit(struct client *k)
{
	(void)k;
	m.quit_asked = 1;
	serve_quit();
}

static void
abort_client(struct client *k)
{
	serve_finish(&k->c);
}

/* Ours alone: the turn is given back, the connection stays. */
static void
yield_turn(struct client *k)
{
	if (m.holder != k || m.section.leaving)
		return;
	if (m.section.active)
		leave_section(&m.section);
	else
		end_turn(k);
}

static const struct {
	char two[3];
	void (*act)(struct client *k);
} commands[] = {
	{ "?T", ask_title }, { "?H", ask_rule }, { "?L", ask_cap },
	{ "?s", ask_squeeze }, { "?q", ask_quick }, { "?d", ask_published },
	{ "?:", ask_persistent }, { "od", ask_directory }, { "ow", ask_widow },
	{ "o1", want_output }, { "o2", want_error }, { "o0", want_input },
	{ "ex", status_ready }, { "hd", status_data }, { "bx", status_full },
	{ "rf", status_full }, { "qm", status_complete }, { "Q!", quit },
	{ "cq", abort_client }, { "yt", yield_turn }
};

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void
command(struct client *k, const char *four)
{
	size_t i;

	if (is_digit(four[0]) && is_digit(four[1]) && is_digit(four[2])) {
		k->code = (short)(100 * (four[0] - '0') +
		    10 * (four[1] - '0') + four[2] - '0');
		return;
	}
	if (four[2] != ' ') {
		if (serve_verbose != NULL)
			serve_verbose("section %s: nonsense", k->xid);
		serve_finish(&k->c);
		return;
	}
	if (four[0] == '-' && four[1] == 'V') {
		/* who asks with a "+" hears that we know more than 0.8 */
		if (four[3] == '+')
			serve_send(&k->c, XCLATE_PROTOCOL "+", 5);
		else
			serve_send(&k->c, XCLATE_PROTOCOL, 4);
		return;
	}
	for (i = 0; i < sizeof commands / sizeof *commands; i++)
		if (memcmp(commands[i].two, four, 2) == 0) {
			commands[i].act(k);
			return;
		}
	if (serve_verbose != NULL)
		serve_verbose("section %s: unknown request %.2s", k->xid, four);
}

static void
named(struct client *k)
{
	k->named = 1;
	k->sequence = m.sequence++;
	k->before = m.last;
	if (m.last != NULL)
		m.last->after = k;
	else
		m.first = k;
	m.last = k;
	serve_known(&k->c);
	serve_printf(&k->c, "%lu\n", k->sequence);
	progress();
}

/* The xid, up to a NUL, LF or CR; what is too long of it is cut off. */
static size_t
take_name(struct client *k, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (data[i] == '\0' || data[i] == '\n' || data[i] == '\r') {
			k->after_cr = data[i] == '\r';
			named(k);
			return i + 1;
		}
		if (k->xid_len < COLLATE_XID_MAX)
			k->xid[k->xid_len++] = data[i];
	}
	return len;
}

static size_t
input(struct serve_client *c, const char *data, size_t len)
{
	struct client *k = (struct client *)c;
	size_t used = 0;

	if (!k->named)
		used = take_name(k, data, len);
	if (k->after_cr && used < len) {
		k->after_cr = 0;
		used += data[used] == '\n';
	}
	while (k->named && len - used >= 4 && serve_taking(c)) {
		command(k, data + used);
		used += 4;
	}
	return used;
}

static void
connected(struct serve_client *c)
{
	struct client *k = (struct client *)c;

	k->start = wall_ms();
	serve_send(c, XCLATE_PROTOCOL, 4);
}

static void
leave_order(struct client *k)
{
	unsigned long n;

	if (k->before != NULL)
		k->before->after = k->after;
	else
		m.first = k->after;
	if (k->after != NULL)
		k->after->before = k->before;
	else
		m.last = k->before;
	if (want.ordered && turn_number(k->xid, &n))
		pass(n);
}

static void
gone(struct serve_client *c)
{
	struct client *k = (struct client *)c;

	if (!k->named)
		return;
	turn_take(&m.queue, &k->turn);
	leave_order(k);
	if (m.holder == k && m.section.active) {
		m.ghost = *k;
		m.holder = &m.ghost;
		serve_stay(1);
		if (!m.section.leaving)
			leave_section(&m.section);
		return;
	}
	if (m.holder == k) {
		ev_timer_stop(&m.turn_limit);
		m.holder = NULL;
	}
	record(k);
	grant_next();
}

/*
 * Nobody new comes.  After --halt now those whom the utility has left behind
 * are not waited for either: what they print further is lost to them.
 */
static void
ending(void)
{
	if (m.halted && want.halt == NOW && m.widow_on)
		flow_finish(&m.widow_flow);
	grant_next();
}

static const struct serve_ops ops = {
	.client_size = sizeof(struct client),
	.request_max = 4,
	.reserve = 8,              /* for the pipe of a section, results, ... */
	.keeps_going = 1,
	.connected = connected,
	.input = input,
	.ending = ending,
	.gone = gone
};

/* --- streams --- */

static void
trace(const char *what, const char *spec, int is_input)
{
	if (want.verbose || want.dry)
		wr_warn("%s: %s", what, redirect_describe(spec, is_input));
}

static void
trace_command(const char *what, char *const *argv)
{
	char text[4096];
	size_t n = 0;

	if (!want.verbose && !want.dry)
		return;
	for (; *argv != NULL && n < sizeof text; argv++)
		n += (size_t)snprintf(text + n, sizeof text - n, " %s", *argv);
	wr_warn("%s:%s", what, text);
}

static struct div_socket master_socket;

_Noreturn static void
cannot_open(const char *option, const char *spec, const struct redirect *r)
{
	int e = errno;

	div_unlisten(&master_socket);
	wr_die(r->code, "%s %s: %s", option, spec,
	    r->reason != NULL ? r->reason : strerror(e));
}

static void
open_output(struct redirect *r, const char *option, const char *spec,
    const char *guard)
{
	trace(option, spec, 0);
	if (redirect_output(r, spec, guard) != 0)
		cannot_open(option, spec, r);
}

static int
same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void
open_notify(void)
{
	int fd;

	if (want.notify == NULL)
		return;
	if (strcmp(want.notify, "-") == 0) {
		fd = open("/dev/tty", O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return;
		m.notified.fd = fd;
	} else {
		open_output(&m.notified, "-N", want.notify, "-Z");
	}
	m.notify_tty = isatty(m.notified.fd);
	m.notify_on = 1;
}

static void
open_widow(void)
{
	if (want.widow == NULL || strcmp(want.widow, "-") == 0)
		m.widow = above_2(2);
	else {
		open_output(&m.widowed, "-W", want.widow, "-Z");
		m.widow = m.widowed.fd;
	}
}

static void
open_collated(void)
{
	if (m.outer_open)
		m.out = collate_output(&m.outer);
	else if (want.output == NULL)
		m.out = above_2(1);
	else {
		open_output(&m.output, "-O", want.output, NULL);
		m.out = m.output.fd;
	}
	flow_widen(m.out);
}

static void
open_joblog(void)
{
	int fd;

	if (want.joblog == NULL)
		return;
	fd = open(want.joblog, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOCTTY, 0666);
	if (fd < 0) {
		div_unlisten(&master_socket);
		wr_die(WR_CANTCREATE, "--joblog %s: %s", want.joblog,
		    strerror(errno));
	}
	m.joblog_on = 1;
	m.joblog_flow.event = joblog_says;
	flow_sink(&m.joblog_flow, fd);
	flow_put(&m.joblog_flow, record_joblog_head,
	    strlen(record_joblog_head));
}

static void
open_results_dir(void)
{
	if (want.results == NULL)
		return;
	if (mkdir(want.results, 0777) != 0 && errno != EEXIST)
		m.results_dir = -1;
	else
		m.results_dir = open(want.results, O_RDONLY | O_DIRECTORY |
		    O_CLOEXEC);
	if (m.results_dir < 0) {
		div_unlisten(&master_socket);
		wr_die(WR_CANTCREATE, "--results %s: %s", want.results,
		    strerror(errno));
	}
}

/* The first record. */
static void
announce(void)
{
	char text[RECORD_MAX];

	if (want.json)
		notify(text, record_socket(text, master_socket.path), -1);
	else
		notify(master_socket.path, strlen(master_socket.path),
		    record_end());
}

static void
open_streams(int has_utility)
{
	open_notify();
	open_widow();
	open_collated();
	open_joblog();
	open_results_dir();
	if (m.notify_on) {
		m.same_notify = same_file(m.notified.fd, m.out);
		m.notify_flow.event = notify_says;
		flow_sink(&m.notify_flow, m.notified.fd);
		m.notified.fd = -1;
	}
	if (want.announce)
		announce();
	if (want.input != NULL && has_utility) {
		trace("-i", want.input, 1);
		if (redirect_input(&m.input, want.input) != 0)
			cannot_open("-i", want.input, &m.input);
	} else {
		m.input.same = 1;
		m.input.fd = -1;
	}
}

/* What clients may ask for, kept from the start. */
static void
keep_streams(void)
{
	m.in = above_2(0);
	m.err = above_2(2);
	m.dir_tag = '.';
	m.dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m.dir < 0) {
		m.dir_tag = '/';
		m.dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (m.in < 0 || m.err < 0 || m.dir < 0)
		wr_die(WR_SYSTEM, "descriptors: %s", strerror(errno));
}

static void
widow_says(struct flow *f, int what)
{
	if (what & FLOW_FAILED)
		output_lost("widow output", f->error);
	if (m.widow_on && (f->failed || (f->ended && flow_idle(f)))) {
		m.widow_on = 0;
		serve_stay(-1);
	}
}

/* --- -O -: our output is a section of an enclosing master --- */

static void
outer_granted(struct collate *c)
{
	(void)c;
	m.outer_open = 1;
}

static void
outer_ended(struct collate *c)
{
	(void)c;
	m.outer_over = 1;
}

static int
outer_waits(void)
{
	return !m.outer_open && !m.outer_over;
}

static int
outer_busy(void)
{
	return !m.outer_over;
}

static void
open_outer(void)
{
	static char xid[24];
	const char *path = wr_target(want.depth, NULL);
	int code = 0;

	snprintf(xid, sizeof xid, "%ld", (long)getpid());
	m.outer.xid = xid;
	m.outer.direct = m.outer.at_once = 1;
	m.outer.quit = want.quit != 0;
	m.outer.granted = outer_granted;
	m.outer.ended = outer_ended;
	m.outer.unset = variable_unset;
	if (collate_open(&m.outer, path) != 0)
		wr_die_connect(path);
	serve_linger(outer_waits, &code);
	if (serve_stopped())
		exit(code);
	if (!m.outer_open)
		wr_die(m.outer.fault == COLLATE_OUTPUT ? OUTPUT_LOST :
		    WR_PROTOCOL, "%s: no turn was to be had there", path);
}

static int
close_outer(int code)
{
	int ignored = 0;

	if (!m.outer_open)
		return code;
	collate_code(&m.outer, code);
	collate_end(&m.outer);
	serve_linger(outer_busy, &ignored);
	if (m.outer.fault == COLLATE_OUTPUT)
		output_lost("collated output", m.outer.flow.error);
	else if (m.outer.fault != COLLATE_GOOD)
		wr_note("the enclosing master is gone");
	collate_close(&m.outer);
	return code;
}

/* --- from the beginning to the end --- */

static int
records_wait(void)
{
	return (m.notify_on && !m.notify_flow.failed &&
	    !flow_idle(&m.notify_flow)) ||
	    (m.joblog_on && !m.joblog_flow.failed &&
	    !flow_idle(&m.joblog_flow));
}

static pid_t
start_utility(struct spawn *utility)
{
	int pipe_fds[2] = { -1, -1 }, fd[3] = { -1, -1, -1 }, e;
	pid_t pid;

	if (utility->argv == NULL)
		return (pid_t)want.pid;
	if (div_pipe(pipe_fds) != 0)
		return -1;
	fd[0] = m.input.same ? -1 :
	    m.input.fd < 0 ? SPAWN_CLOSED : m.input.fd;
	fd[1] = pipe_fds[1];
	utility->fd = fd;
	trace_command("utility", utility->argv);
	pid = spawn(utility);
	e = errno;
	close(pipe_fds[1]);
	if (m.input.fd >= 0)
		close(m.input.fd);
	if (pid < 0) {
		close(pipe_fds[0]);
		errno = e;
		return -1;
	}
	m.widow_on = 1;
	m.widow_flow.event = widow_says;
	m.widow_flow.cap = 65536;
	serve_stay(1);
	flow_source(&m.widow_flow, pipe_fds[0], 1);
	flow_sink(&m.widow_flow, above_2(m.widow));
	return pid;
}

/* Close what |cmd reads, and see them end. */
static void
close_streams(int *code)
{
	div_unlisten(&master_socket);
	serve_linger(records_wait, code);
	flow_close(&m.notify_flow);
	flow_close(&m.joblog_flow);
	flow_close(&m.widow_flow);
	if (!m.outer_open)
		close(m.out);
	close(m.widow);
	end_progress();
	serve_linger(ev_children, code);
}

static int
final_code(int code)
{
	if (m.halted || (want.fail && code == 0))
		code = m.first_code;
	return code == 0 && m.lost ? OUTPUT_LOST : code;
}

/* "LEN:TEXT" for the answer to a question. */
static char *
as_answer(const char *text)
{
	char *s;

	if (text == NULL)
		return NULL;
	s = wr_alloc(strlen(text) + 32, 1);
	sprintf(s, "%zu:%s", strlen(text) + 1, text);
	return s;
}

static void
prepare_master(void)
{
	m.title = as_answer(want.title);
	m.rule = as_answer(want.rule);
	m.looks = want.results != NULL || want.ci != NULL ||
	    want.tag != NULL || want.joblog != NULL || want.json ||
	    want.newline || want.turn_ms > 0;
	m.queue.order = want.keep_order ? TURN_ARRIVAL :
	    want.ordered ? TURN_NUMBER : TURN_READY;
	m.next = want.order_from;
	m.turn_limit.expired = too_long;
	m.bar.expired = show_progress;
	m.begun = div_now();
}

/* A relative path stays the same socket after "cd". */
static char *
absolute(const char *path)
{
	char *dir, *all;

	if (path == NULL || *path == '/')
		return (char *)path;
	dir = realpath(".", NULL);
	if (dir == NULL)
		wr_die(WR_SYSTEM, "working directory: %s", strerror(errno));
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	all = wr_alloc(strlen(dir) + strlen(path) + 2, 1);
	sprintf(all, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, path);
	free(dir);
	return all;
}

static void
open_socket(void)
{
	char stem[24] = "";
	int level = div_levels(xclate.prefix) + 1;
	struct div_place place = {
		.prefix = xclate.prefix,
		.template = xclate.template,
		.stem = stem,
		.first = want.detached ? 0 : (unsigned)level
	};

	place.path = absolute(want.socket);
	if (want.detached)
		snprintf(stem, sizeof stem, "%d_", level);
	wr_listen(&master_socket, &place);
}

static int
dry_run(char *const *argv)
{
	if (want.notify != NULL)
		trace("-N", want.notify, 0);
	if (want.widow != NULL)
		trace("-W", want.widow, 0);
	if (want.output != NULL)
		trace("-O", want.output, 0);
	if (want.input != NULL)
		trace("-i", want.input, 1);
	if (argv != NULL)
		trace_command("utility", argv);
	return 0;
}

/* -p: the child was ours before we became xclate. */
static void
check_child(const char **file)
{
	siginfo_t info;

	if (want.pid == 0)
		return;
	if (*file != NULL)
		wr_usage("-p goes with the utility : only");
	if (waitid(P_PID, (id_t)want.pid, &info,
	    WEXITED | WNOHANG | WNOWAIT) != 0)
		wr_die(WR_DATA, "-p %ld: not a child of this process",
		    want.pid);
}

static int
master(char **operands, const struct wr_called *called)
{
	struct spawn utility = { .keep = -1 };
	int code, e, r;
	pid_t pid;

	utility.argv = wr_utility(operands, called, &utility.file);
	check_child(&utility.file);
	if (want.dry)
		return dry_run(utility.argv);
	if (utility.argv != NULL && (e = spawn_find(utility.file)) != 0)
		wr_die(spawn_error_code(e), "%s: %s", utility.file,
		    strerror(e));
	if (want.verbose)
		serve_verbose = wr_note;
	prepare_master();
	if (serve_begin() != 0)
		wr_die(WR_SYSTEM, "cannot serve: %s", strerror(errno));
	if (want.pid != 0)
		serve_utility((pid_t)want.pid);
	keep_streams();
	if (want.output != NULL && strcmp(want.output, "-") == 0)
		open_outer();
	open_socket();
	if (wr_pass_variable(want.detached) != 0)
		wr_die(WR_SYSTEM, "environment: %s", strerror(errno));
	open_streams(utility.argv != NULL);
	wr_publish(&master_socket, want.detached);
	pid = start_utility(&utility);
	if (pid < 0) {
		e = errno;
		code = spawn_error_code(e);
		wr_warn("%s: %s", utility.file, strerror(e));
	} else {
		if (want.pid == 0)
			serve_utility(pid);
		r = serve_run(&ops, &master_socket, &code);
		if (r != 0)
			wr_note("cannot serve: %s", strerror(errno));
		code = r != 0 ? WR_SYSTEM : final_code(code);
	}
	close_streams(&code);
	code = close_outer(code);
	return code == 0 && m.lost ? OUTPUT_LOST : code;
}

/* ===== the client ===== */

static struct {
	struct collate section;
	struct flow input;         /* stdin, to the command */
	struct ev_child child;
	const char *path, *file;
	char **argv;               /* the command, or NULL */
	int capture;               /* its output comes to us first */
	int stdin_used;            /* by us: then it is the flow's */
	int input_ready;           /* the command has what it waits for */
	int turn_here;
	int started, over;
	int inherited;             /* children that were there before */
	int input_error;           /* stdin could not be read */
	int code;
} me;

/* A signal ends the command, if it runs; else us. */
static void
pass_on(int sig)
{
	if (me.child.pid > 0)
		kill(me.child.pid, sig);
	else
		exit(128 + sig);
}

static void
all_children_ended(void)
{
	if (me.section.direct)
		flow_close(&me.input);
	collate_code(&me.section, me.code);
	if (me.section.direct)
		collate_end(&me.section);
}

/* The turn lasts until no child is left, also of those that were here before
 * this was xclate. */
static void
child_ended(struct ev_child *c, int status)
{
	c->pid = 0;
	me.code = spawn_code(status);
}

static void
other_ended(int status)
{
	if (me.argv == NULL)
		me.code = spawn_code(status);
}

static int
running(void)
{
	return me.child.pid > 0 || me.inherited;
}

/* Look whether children have ended; 1 when the last one just has. */
static void
look_after_children(void)
{
	if (!running() || me.child.pid > 0)
		return;
	me.inherited = ev_children();
	if (!me.inherited)
		all_children_ended();
}

static void
command_failed(int error)
{
	me.code = spawn_error_code(error);
	wr_warn("%s: %s", me.file, strerror(error));
	if (!me.section.direct) {
		/* no source: an empty one */
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		flow_source(&me.section.flow, null, 0);
	}
	all_children_ended();
}

/* What becomes the command's stdin.  *other: our end of a pipe. */
static int
command_stdin(int *other)
{
	int fd[2];

	if (want.use_stdin)
		return me.section.in;
	if (want.no_stdin || (me.stdin_used && me.input.ended &&
	    me.input.total == 0))
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!me.stdin_used)
		return -1;      /* it has ours */
	if (div_pipe(fd) != 0)
		return -1;
	*other = fd[1];
	return fd[0];
}

static void
watch_command(pid_t pid)
{
	me.child.pid = pid;
	me.child.ended = child_ended;
	ev_child_watch(&me.child);
	me.inherited = 1;
}

static void
prepare_signals(void)
{
	if (ev_signal(SIGTERM, pass_on) != 0 ||
	    ev_signal(SIGHUP, pass_on) != 0 ||
	    spawn_signal(SIGINT, SIG_IGN) != 0 ||
	    spawn_signal(SIGQUIT, SIG_IGN) != 0)
		wr_die(WR_SYSTEM, "signals: %s", strerror(errno));
}

static int
command_stderr(int out)
{
	if (want.use_stderr)
		return me.section.err;
	if (want.with_stderr)
		return out;
	if (!want.stderr_last)
		return -1;
	me.section.more = flow_file();
	if (me.section.more < 0)
		wr_die(WR_SYSTEM, "a temporary file: %s", strerror(errno));
	return me.section.more;
}

static void
start_command(void)
{
	struct spawn s = { .file = me.file, .argv = me.argv, .keep = -1 };
	int fd[3] = { -1, -1, -1 }, out[2] = { -1, -1 }, feed = -1, e;
	pid_t pid;

	me.started = 1;
	if (me.capture && div_pipe(out) != 0)
		wr_die(WR_SYSTEM, "pipe: %s", strerror(errno));
	fd[0] = command_stdin(&feed);
	fd[1] = me.capture ? out[1] : collate_output(&me.section);
	fd[2] = command_stderr(fd[1]);
	s.fd = fd;
	s.dir = want.use_dir ? me.section.dir : 0;
	s.session = want.session;
	prepare_signals();
	trace_command("command", me.argv);
	pid = spawn(&s);
	e = errno;
	if (fd[0] >= 0 && !want.use_stdin)
		close(fd[0]);
	if (me.capture)
		close(out[1]);
	if (pid < 0) {
		close(out[0]);
		close(feed);
		command_failed(e);
		return;
	}
	watch_command(pid);
	if (me.capture)
		flow_source(&me.section.flow, out[0], 1);
	if (feed >= 0)
		flow_sink(&me.input, feed);
}

static void
maybe_start(void)
{
	if (!me.started && me.turn_here && me.input_ready)
		start_command();
}

static void
input_failed(int error)
{
	me.input_error = 1;
	wr_warn("standard input: %s", strerror(error));
}

/* The data for the command: it starts when all is there, or much. */
static void
input_says(struct flow *f, int what)
{
	if (what & FLOW_UNREADABLE)
		input_failed(f->error);
	if (what & FLOW_FAILED) {
		flow_close(f);  /* the command wants no more of it */
		return;
	}
	if (what & (FLOW_END | FLOW_FULL)) {
		me.input_ready = 1;
		if (what & FLOW_END)
			collate_ask(&me.section);
		else
			collate_ask_full(&me.section);
		maybe_start();
	}
	if ((what & FLOW_EMPTY) && f->ended)
		flow_close(f);
}

/* Our stdin, for a flow to read and to close: whoever feeds it is to notice
 * when nobody reads it any more. */
static int
take_stdin(void)
{
	int fd = above_2(0), null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || null < 0 || dup2(null, 0) < 0)
		wr_die(WR_SYSTEM, "standard input: %s", strerror(errno));
	close(null);
	me.stdin_used = 1;
	return fd;
}

static void
section_granted(struct collate *c)
{
	(void)c;
	me.turn_here = 1;
	if (me.argv != NULL)
		maybe_start();
}

static void
section_ended(struct collate *c)
{
	(void)c;
	me.over = 1;
}

/* A command whose output comes to us first. */
static void
begin_capture(struct collate *c)
{
	me.capture = 1;
	c->direct = 0;
	c->reports = 1;
	me.input_ready = 1;
	if (want.use_stdin || want.use_stderr)
		collate_ask(c);
	else
		start_command();
}

static void
begin_direct(struct collate *c)
{
	if (want.use_stdin || want.no_stdin) {
		me.input_ready = 1;
		collate_ask(c);
		return;
	}
	me.input.cap = c->flow.cap;
	me.input.spill = c->flow.spill;
	me.input.event = input_says;
	flow_source(&me.input, take_stdin(), 0);
}

/* The master has answered: now it is known how we are to work. */
static void
section_ready(struct collate *c)
{
	if (me.argv == NULL) {
		if (c->tag != NULL)
			flow_source(&c->flow, take_stdin(), 0);
	} else if (c->squeeze || c->whole || c->lines || c->tag != NULL ||
	    c->newline || want.stderr_last) {
		begin_capture(c);
	} else {
		begin_direct(c);
	}
}

static void
describe_section(const char *xid)
{
	struct collate *c = &me.section;

	c->xid = xid;
	c->title = want.title;
	c->rule = want.rule;
	c->escape = want.escape;
	c->has_cap = want.has_cap != 0;
	c->cap = want.cap;
	c->block = want.block != 0;
	c->squeeze = want.squeeze != 0;
	c->quick = want.quick != 0;
	c->whole = want.group != 0;
	c->lines = want.lines && !want.to_widow;
	c->newline = want.newline != 0;
	c->tag = want.tag;
	c->widow = want.to_widow != 0;
	c->quit = want.quit != 0;
	c->direct = me.argv != NULL;
	c->at_once = me.argv != NULL && want.use_stdin;
	c->want_in = me.argv != NULL && want.use_stdin;
	c->want_err = me.argv != NULL && want.use_stderr;
	c->want_dir = me.argv != NULL && want.use_dir;
	c->ready = section_ready;
	c->granted = section_granted;
	c->ended = section_ended;
	c->unset = variable_unset;
	c->unreadable = input_failed;
}

/* A reader that is gone ends us as it ends any program. */
static int
output_failed(int error)
{
	if (error == EPIPE && !spawn_ignored(SIGPIPE)) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	wr_warn("section %s: output: %s", me.section.xid, strerror(error));
	return me.code != 0 ? me.code : OUTPUT_LOST;
}

static int
result(void)
{
	struct collate *c = &me.section;

	switch (c->fault) {
	case COLLATE_GOOD:
		break;
	case COLLATE_OUTPUT:
		return output_failed(c->flow.error);
	case COLLATE_NONSENSE:
		wr_warn("%s: the master's answer makes no sense", me.path);
		return WR_PROTOCOL;
	case COLLATE_GONE:
		if (c->finishing)
			wr_warn("%s: the master is gone", me.path);
		else
			wr_warn("%s: the master is gone, section %s was not "
			    "written (%llu bytes)", me.path, c->xid,
			    (unsigned long long)c->lost);
		return me.argv != NULL && c->finishing && me.code != 0 ?
		    me.code : WR_PROTOCOL;
	}
	if (me.input_error)
		return OUTPUT_LOST;
	return me.argv != NULL ? me.code : 0;
}

/* After the section: who still runs is waited for, as by any shell. */
static int
wait_for_command(void)
{
	while (me.child.pid > 0)
		if (ev_turn(1) != 0)
			break;
	return result();
}

static int
serve_section(void)
{
	if (ev_init() != 0 || spawn_signal(SIGPIPE, SIG_IGN) != 0)
		wr_die(WR_SYSTEM, "cannot wait: %s", strerror(errno));
	ev_child_other(other_ended);
	me.inherited = me.argv == NULL && ev_children();
	me.section.reports = me.inherited != 0;
	if (collate_open(&me.section, me.path) != 0)
		wr_die_connect(me.path);
	if (me.argv == NULL && want.tag == NULL)
		flow_source(&me.section.flow, take_stdin(), 0);
	while (!me.over) {
		if (ev_turn(1) != 0)
			wr_die(WR_SYSTEM, "cannot wait: %s", strerror(errno));
		look_after_children();
	}
	return wait_for_command();
}

static char *
default_xid(void)
{
	static char text[24];

	snprintf(text, sizeof text, "%ld", (long)getpid());
	return text;
}

/* [xid [--] [command [args]]], where xid -- stands for the default. */
static const char *
client_words(char **words)
{
	const char *xid = words[0];

	if (xid == NULL)
		return default_xid();
	words++;
	if (strcmp(xid, "--") == 0)
		xid = default_xid();
	else if (words[0] != NULL && strcmp(words[0], "--") == 0)
		words++;
	if (words[0] != NULL)
		me.argv = words;
	return xid;
}

static void
check_section(const char *xid)
{
	int e = collate_check_xid(xid);

	if (e == ENAMETOOLONG)
		wr_die(WR_CANTCREATE, "%s: an xid may have %d bytes at most",
		    xid, COLLATE_XID_MAX);
	if (e != 0)
		wr_die(WR_DATA, "%s: an xid may not contain control "
		    "characters", xid);
	if (me.argv == NULL) {
		if (want.use_stdin || want.use_stderr || want.use_dir)
			wr_warn("-I, -E and -D mean nothing without a "
			    "command");
		if (want.session)
			setsid();
		return;
	}
	e = spawn_find(me.file);
	if (e != 0)
		wr_die(spawn_error_code(e), "%s: %s", me.file, strerror(e));
}

static int
client(char **words, const struct wr_called *called)
{
	const char *xid = client_words(words);

	if (me.argv != NULL) {
		me.file = me.argv[0];
		if (called->utility != NULL)
			me.argv[0] = (char *)called->utility;
	}
	if (want.dry) {
		if (me.argv != NULL)
			trace_command("command", me.argv);
		else
			wr_warn("section %s: standard input", xid);
		return 0;
	}
	check_section(xid);
	me.path = wr_target(want.depth, want.socket);
	describe_section(xid);
	return serve_section();
}

/* --- -Z: a client that would wait for the master that waits for it --- */

static int cat_over;

static void
cat_says(struct flow *f, int what)
{
	if (what & FLOW_FAILED)
		wr_warn("standard output: %s", strerror(f->error));
	cat_over = f->failed || (f->ended && flow_idle(f));
}

static int
cat(void)
{
	static struct flow f = { .cap = 65536, .event = cat_says };

	wr_warn("a redirection of a master's cannot be its client: "
	    "copying as cat does");
	if (ev_init() != 0)
		wr_die(WR_SYSTEM, "cannot wait: %s", strerror(errno));
	flow_source(&f, take_stdin(), 0);
	flow_sink(&f, above_2(1));
	while (!cat_over)
		if (ev_turn(1) != 0)
			return WR_SYSTEM;
	return f.failed ? OUTPUT_LOST : 0;
}

/* ===== the command line ===== */

/* What the master at path says first, for -V. */
static const char *
probe(const char *path)
{
	static char text[64];
	struct pollfd p = { div_connect(path), POLLIN, 0 };
	char said[32];
	ssize_t n = -1;

	if (p.fd < 0)
		return NULL;
	if (poll(&p, 1, 1000) == 1)
		n = read(p.fd, said, sizeof said - 1);
	close(p.fd);
	if (n <= 0)
		return NULL;
	said[n] = '\0';
	strcpy(text, " (protocol ");
	wr_visible(text + strlen(text), 40, said);
	strcat(text, ")");
	return text;
}

static size_t
evaluate_cap(const char *text)
{
	char *rest = strdup(text), *p;
	const char *at = NULL;
	size_t n = COLLATE_CAP;

	if (rest == NULL)
		wr_die(WR_SYSTEM, "out of memory");
	for (p = rest; (p = strchr(p, '?')) != NULL; )
		memmove(p, p + 1, strlen(p));
	if (strlen(rest) != strlen(text)) {
		fputs(cap_units, stdout);
		wr_flush();
	}
	if (strlen(rest) == strlen(text) || *rest != '\0')
		if (cap_evaluate(rest, &n, &at) != 0)
			wr_die(WR_DATA, "-L %s: %s", text,
			    errno == EDOM ? "a division by zero" :
			    errno == ERANGE ? "negative or too large" :
			    "not a size");
	free(rest);
	return n;
}

static void
set_halt(const char *text)
{
	static const char *const words[] = { "never", "soon", "now" };
	const char *comma = text + strcspn(text, ",");
	size_t n = (size_t)(comma - text), i;
	char *end;

	want.halt_at = 1;
	for (i = 0; i < 3; i++)
		if (strlen(words[i]) == n && memcmp(words[i], text, n) == 0)
			break;
	want.halt = (int)i;
	if (i < 3 && *comma == '\0')
		return;
	if (i < 3 && strncmp(comma, ",fail=", 6) == 0 && comma[6] >= '1' &&
	    comma[6] <= '9') {
		want.halt_at = strtoul(comma + 6, &end, 10);
		if (*end == '\0')
			return;
	}
	wr_usage("--halt: %s is not never, soon or now[,fail=N]", text);
}

static void
set_client_option(int letter)
{
	switch (letter) {
	case 'w': want.to_widow = 1; break;
	case 'I': want.use_stdin = 1; break;
	case 'E': want.use_stderr = 1; break;
	case 'D': want.use_dir = 1; break;
	case 'Y': want.session = 1; break;
	case 'c': want.no_stdin = 1; break;
	case 'e': want.with_stderr = 1; break;
	case O_STDERR_LAST: want.stderr_last = 1; break;
	case 'g': want.group = 1; break;
	case 'l': want.lines = 1; break;
	case 'b': want.block = 1; break;
	case 'S': want.shell = 1; break;
	}
}

static void
set_master_option(int letter, const char *arg)
{
	switch (letter) {
	case 'd': want.detached = 1; break;
	case 'A': want.announce = 1; break;
	case 'r': want.report = 1; break;
	case 'k': want.keep_order = 1; break;
	case 'O': want.output = arg; break;
	case 'W': want.widow = arg; break;
	case 'N': want.notify = arg; break;
	case 'i': want.input = arg; break;
	case 'p': want.pid = wr_number('p', arg, 1, 0x7fffffff); break;
	case O_ORDER_FROM:
		want.ordered = 1;
		want.order_from = (unsigned long)wr_number(letter, arg, 0,
		    0x7fffffff);
		break;
	case O_FAIL: want.fail = 1; break;
	case O_HALT: set_halt(arg); break;
	case O_RESULTS: want.results = arg; break;
	case O_JOBLOG: want.joblog = arg; break;
	case O_JSON: want.json = 1; break;
	case O_BAR: want.bar = 1; break;
	case O_CI:
		want.ci = arg;
		if (strcmp(arg, "github") != 0 && strcmp(arg, "gitlab") != 0)
			wr_usage("--ci: %s is neither github nor gitlab", arg);
		break;
	case O_TURN_TIMEOUT:
		want.turn_ms = wr_milliseconds(letter, arg);
		break;
	}
}

static void
set_escape(const char *arg)
{
	int c = title_escape(arg);

	if (c < 0)
		wr_usage("-a: %s is not one character", arg);
	want.escape = (char)c;
}

/* The value of --tagstring, with the TAB that ends it. */
static const char *
tag_of(const char *text)
{
	char *tag = wr_alloc(strlen(text) + 2, 1);

	sprintf(tag, "%s\t", text);
	return tag;
}

static void
set_option(int letter, const char *arg)
{
	switch (letter) {
	case 'm':
		if (want.master++)
			wr_usage("-m was given twice");
		break;
	case '0':
		if (want.depth_given++)
			wr_usage("-depth was given twice");
		want.depth = (int)wr_number('0', arg, 0, DIV_LEVEL_MAX);
		break;
	case 'u': want.socket = arg; break;
	case 'T': want.title = arg; break;
	case 'H': want.rule = arg; break;
	case 'a': set_escape(arg); break;
	case 'L':
		want.has_cap = 1;
		want.cap = evaluate_cap(arg);
		break;
	case 's': want.squeeze = 1; break;
	case 'q': want.quick = 1; break;
	case 'Q': want.quit = 1; break;
	case 'n': want.dry = 1; break;
	case 'v': want.verbose = 1; break;
	case 'Z': want.recursion = 1; break;
	case O_TAG:
	case O_TAGSTRING:
		/* or the next tag would not be in front of a line */
		want.newline = 1;
		want.tag = tag_of(letter == O_TAG ? "%x" : arg);
		break;
	case O_NEWLINE: want.newline = 1; break;
	default:
		set_client_option(letter);
		set_master_option(letter, arg);
	}
}

/* Refuse what only one of master and client knows. */
static void
check_mode(void)
{
	const char *clients = want.to_widow ? "-w" : want.use_stdin ? "-I" :
	    want.use_stderr ? "-E" : want.use_dir ? "-D" :
	    want.session ? "-Y" : want.no_stdin ? "-c" :
	    want.with_stderr ? "-e" : want.stderr_last ? "--stderr-last" :
	    want.group ? "-g" : want.lines ? "-l" : want.block ? "-b" :
	    want.shell ? "-S" : NULL;
	const char *masters = want.detached ? "-d" : want.announce ? "-A" :
	    want.report ? "-r" : want.keep_order ? "-k" : want.output ? "-O" :
	    want.widow ? "-W" : want.notify ? "-N" : want.input ? "-i" :
	    want.pid ? "-p" : want.ordered ? "--order-from" :
	    want.fail ? "--fail" : want.halt ? "--halt" :
	    want.results ? "--results" : want.joblog ? "--joblog" :
	    want.json ? "--json" : want.bar ? "--bar" : want.ci ? "--ci" :
	    want.turn_ms ? "--turn-timeout" : NULL;

	if (want.master && clients != NULL)
		wr_usage("%s does not go with -m (options for all clients: "
		    "$XCLATE_%d)", clients, div_levels(xclate.prefix) + 1);
	if (!want.master && masters != NULL)
		wr_usage("%s goes with -m only", masters);
	if (want.keep_order && want.ordered)
		wr_usage("-k does not go with --order-from");
	if (want.use_stderr && (want.with_stderr || want.stderr_last))
		wr_usage("-E does not go with -e and --stderr-last");
	if (want.with_stderr && want.stderr_last)
		wr_usage("-e does not go with --stderr-last");
	if (want.use_stdin && want.no_stdin)
		wr_usage("-I does not go with -c");
	if (want.group && want.lines)
		wr_usage("-g does not go with -l");
	if (want.socket != NULL && *want.socket == '\0')
		wr_usage("-u: the name is empty");
}

int
main(int argc, char **argv)
{
	struct wr_called called;
	const char *arg;
	int letter;

	wr_begin(&xclate, argc, argv, &called);
	while ((letter = wr_option(&arg)) != -1) {
		if (letter == 'h' || letter == 'V') {
			if (letter == 'h')
				wr_help();
			else
				wr_version(want.depth, want.master ? NULL :
				    want.socket, want.verbose);
			return 0;
		}
		set_option(letter, arg);
	}
	check_mode();
	if (want.master)
		return master(wr_operands(), &called);
	if (want.recursion)
		return cat();
	return client(wr_operands(), &called);
}
