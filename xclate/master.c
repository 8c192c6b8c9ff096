/*
 * master.c - xclate's master: whose turn it is, and what becomes of it
 *
 * serve.c has the life of a master, turn.c the queue, inspect.c the sections
 * that the master looks at; others write to the output themselves and their
 * bytes do not pass through here.  The protocol is written down in PROTOCOL;
 * commands[] is the master's side of it.
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
#include <unistd.h>

#include "wire/section.h"
#include "base/text.h"
#include "divconnect.h"
#include "base/event.h"
#include "base/failures.h"
#include "base/flow.h"
#include "base/kin.h"
#include "base/jobline.h"
#include "base/master.h"
#include "base/progress.h"
#include "base/results.h"
#include "base/wall.h"
#include "report.h"
#include "redirect.h"
#include "inspect.h"
#include "base/serve.h"
#include "base/spawn.h"
#include "wire/turn.h"
#include "xclate.h"

/* The words on how far a client is, and the values that they have for turn.c:
 * each counts once, and the last one counts alone. */
enum { READY = 1, DATA = 2, FULL = 4, COMPLETE = 8 };

struct client {
	struct wk_client c;     /* first */
	struct turn turn;
	struct client *before, *after; /* in the order of arrival */
	int64_t start, turn_at;    /* milliseconds since 1970 */
	int64_t since;             /* of div_now */
	uint64_t bytes;
	unsigned long sequence;
	short code;
	unsigned char xid_len;
	unsigned char status;      /* how far it is: the words that it said */
	enum inspect_result result; /* of all its turns, the worst */
	enum { XID, XID_CR, COMMANDS } comes; /* what it says next; XID_CR: an
	                              LF that belongs to its xid, perhaps */
	enum { KEEPS_NOTHING, KEEPS, ASKED_BACK } keeping; /* the turn, for
	                              other sections of its own; ASKED_BACK:
	                              another client waits for it */
	unsigned o1 : 1, o2 : 1, o0 : 1, /* what it wants with its turn */
	    widow : 1,             /* it writes to the widow output */
	    yielded : 1,           /* its turn goes on without it, as it is
	                              not known yet whether to show it */
	    confirming : 1,        /* it is told that all is written, or not */
	    plus : 1;              /* its command ends with one */
	char xid[TALK_XID_MAX + 1];
};

static struct {
	int out, err, in, dir;     /* served descriptors */
	int terminal;              /* the first of them is one */
	struct tags tags;          /* in colour */
	char dir_tag;
	int widow;
	struct redirect output, widowed, notified, input;
	struct turn_queue queue;
	struct client *first, *last; /* clients, in the order of arrival */
	size_t clients;            /* how many those are */
	struct client *holder;
	struct client ghost;       /* the holder, when it has hung up and what
	                              it wrote is still on its way */
	unsigned long sequence;
	unsigned long next;        /* --order-from: the number to come */
	unsigned long *passed;     /* those beyond it that will not */
	size_t passed_count;
	struct inspect inspect;
	struct inspect_how how;
	struct results results;
	int looks;                 /* sections go through this process */
	struct flow widow_flow, notify_flow, joblog_flow;
	int notify_on, joblog_on, widow_on, same_notify;
	int notify_tty;
	unsigned long done;
	struct wk_failures failures;
	int first_code;            /* of the first section that failed */
	int lost;                  /* some output could not be written */
	int quit_asked;
	struct wk_timer turn_limit, again;
	int starts;                /* a utility; else there is none, or -p */
	int ready;                 /* all streams are open */
	struct section outer;      /* -O - */
	int outer_open, outer_over;
	char *title;               /* the text for ?T, as it is sent */
	char *rule;
} m = { .holder = NULL };

static void grant_next(void);
static void end_turn(struct client *k);

static void
output_lost(const char *what, int error)
{
	if (!m.lost || xclate_opt.verbose)
		wk_note("%s: %s", what, strerror(error));
	m.lost = 1;
}

static int
is_halted_now(void)
{
	return xclate_opt.halt.halted && xclate_opt.halt.when == WK_HALT_NOW;
}

/* --- reports of sections that have ended --- */

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
		output_lost(xclate_opt.joblog, f->error);
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
report_end(void)
{
	return m.notify_tty ? '\n' : '\0';
}

/* Programs get the xid as it is, and people see what it is. */
static void
notify_xid(const char *xid)
{
	char shown[4 * TALK_XID_MAX + 1];

	if (m.notify_tty) {
		wk_visible(shown, sizeof shown, xid);
		xid = shown;
	}
	notify(xid, strlen(xid), report_end());
}

/* How far it is, for the line of progress. */
static void
xmaster_progress(struct wk_progress *p)
{
	p->done = m.done;
	p->failed = m.failures.count;
	p->waiting = m.queue.count;
	p->running = m.clients - m.queue.count;
	if (m.first != NULL) {
		p->longest = m.first->xid;
		p->since = m.first->since;
	}
}

/* The section that has ended is what the rest is to end for. */
static void
halt(void)
{
	struct wk_halt *h = &xclate_opt.halt;
	char text[WK_HALT_TEXT_MAX];

	wk_halt_tell(h, text, "section");
	wk_note("%s", text);
	wk_serve_refuse();
	if (h->when == WK_HALT_NOW)
		wk_serve_drop_all();
	if (wk_serve_quit() < 0 && h->when == WK_HALT_NOW &&
	    wk_serve_pid() > 0)
		kill((pid_t)wk_serve_pid(), SIGTERM);
}

/* halts: it is named by the line of the halt. */
static void
xmaster_failed(const struct client *k, const char *how, int halts)
{
	if (halts)
		wk_failures_add_told(&m.failures);
	else
		wk_failures_add(&m.failures, k->xid, how);
	if (m.first_code == 0)
		m.first_code = k->code;
}

/* A section has ended: what becomes of the run with it. */
static void
xmaster_count(const struct client *k)
{
	char how[WK_FAILURE_HOW];
	int halts;

	m.done++;
	snprintf(how, sizeof how, "exit %d", k->code);
	halts = wk_halt_ended(&xclate_opt.halt, k->code, 0, k->xid, how);
	if (k->code != 0)
		xmaster_failed(k, how, halts);
	if (halts)
		halt();
}

/* A client that has an xid has ended. */
static void
xmaster_report(struct client *k)
{
	struct report r = {
		.xid = k->xid,
		.sequence = k->sequence,
		.start = k->start,
		.turn = k->turn_at,
		.end = wall_ms(),
		.bytes = k->bytes,
		.code = k->code
	};
	char text[REPORT_MAX];

	if (xclate_opt.json) {
		notify(text, report_json(text, &r), -1);
	} else {
		if (xclate_opt.report)
			notify(text, (size_t)sprintf(text, "%d,", k->code), -1);
		notify_xid(k->xid);
	}
	/* as far as its reader takes it, a report comes before the next turn */
	if (m.notify_on)
		flow_push(&m.notify_flow);
	if (m.joblog_on)
		flow_put(&m.joblog_flow, text, report_joblog(text, &r));
	xmaster_count(k);
}

/* --- whose turn it is --- */

static struct client *
xmaster_client_of(struct turn *t)
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

/* True if the first in the queue may have its turn, in the order that was asked
 * for. */
static int
may_go(const struct client *k)
{
	unsigned long n;

	if (xclate_opt.keep_order)
		return k == first_in_order();
	if (!xclate_opt.ordered || !turn_number(k->xid, &n) || n <= m.next)
		return 1;
	/* those in front will not come any more */
	return wk_serve_ending() && m.queue.count == wk_serve_clients();
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
too_long(struct wk_timer *t)
{
	(void)t;
	if (m.holder == NULL || m.holder == &m.ghost)
		return;
	wk_note("section %s: its turn lasted longer than %jd.%03d s",
	    m.holder->xid, (intmax_t)xclate_opt.turn_ms / 1000,
	    (int)(xclate_opt.turn_ms % 1000));
	m.holder->code = WK_TIMEOUT;
	wk_serve_drop(&m.holder->c, NULL);
}

static void
xmaster_try_again(struct wk_timer *t)
{
	(void)t;
	grant_next();
}

/* Its last: it has the turn until then. */
static void
say_written(struct client *k)
{
	static const char *const words[] = { "written", "gone", "lost" };
	const char *text = words[k->result];

	wk_serve_send(&k->c, text, strlen(text) + 1);
	wk_serve_finish(&k->c);
}

static void
inspect_done(struct inspect *s)
{
	struct client *k = m.holder;
	enum inspect_result result;

	k->bytes += s->flow.total;
	result = inspect_close(s);
	if (result > k->result)
		k->result = result;
	if (k->result != INSPECT_WRITTEN && k->code == 0)
		k->code = WK_OUTPUT;
	if (k->confirming && k != &m.ghost)
		say_written(k);
	else
		end_turn(k);
}

/* Send a stream that others share.  One of them may have left it so that
 * writing fails where it should wait. */
static void
share_stream(struct client *k, const char *tag, int fd)
{
	wk_spawn_blocking(fd);
	wk_serve_send_fd(&k->c, tag, strlen(tag) + 1, fd);
}

/* What else it has asked for with its turn. */
static void
share_others(struct client *k)
{
	if (k->o2)
		share_stream(k, "err\n", m.err);
	if (k->o0)
		share_stream(k, "in\n", m.in);
}

/* Give the turn; 0 when there is no descriptor for it now. */
static int
grant(struct client *k)
{
	int fd = -1;

	m.holder = k;
	if (m.looks) {
		fd = inspect_open(&m.inspect, &m.how, k->xid, k->sequence,
		    inspect_done);
		if (fd < 0) {
			m.holder = NULL;
			m.again.expired = xmaster_try_again;
			wk_timer_set(&m.again, 100);
			return 0;
		}
		wk_serve_give_fd(&k->c, "out+", sizeof "out+", fd);
	} else {
		share_stream(k, "out", m.out);
	}
	turn_take(&m.queue, &k->turn);
	if (k->turn_at == 0)
		k->turn_at = wall_ms();
	k->o1 = 0;
	if (k->keeping == ASKED_BACK)
		k->keeping = KEEPS;
	k->status = 0;
	share_others(k);
	if (xclate_opt.turn_ms > 0)
		wk_timer_set(&m.turn_limit, xclate_opt.turn_ms);
	return 1;
}

/* It wants the turn that it has given back, and that has gone on. */
static void
grant_again(struct client *k)
{
	int fd = inspect_again(&m.inspect);

	if (fd < 0) {
		wk_serve_drop(&k->c, strerror(errno));
		return;
	}
	wk_serve_give_fd(&k->c, "out+", sizeof "out+", fd);
	k->o1 = k->yielded = 0;
	k->status = 0;
	share_others(k);
}

/* A holder that keeps the turn for other sections of its own has to give it
 * back as soon as another client waits. */
static void
ask_back(void)
{
	struct client *k = m.holder;

	if (k == NULL || k == &m.ghost || k->keeping != KEEPS ||
	    m.queue.count == 0)
		return;
	k->keeping = ASKED_BACK;
	wk_serve_send(&k->c, "back", sizeof "back");
}

/*
 * The report of a section comes before the next section.  When both go to the
 * same reader, it is waited for; a reader of reports alone that does not read
 * them does not hold up the turns.
 */
static void
give_turns(void)
{
	struct turn *t;

	if (is_halted_now())
		return;
	while (m.holder == NULL && (t = turn_next(&m.queue)) != NULL) {
		if (m.same_notify && !flow_idle(&m.notify_flow))
			return;
		if (!may_go(xmaster_client_of(t)) ||
		    !grant(xmaster_client_of(t)))
			return;
	}
}

static void
grant_next(void)
{
	give_turns();
	ask_back();
}

/* All that the holder wrote is where it belongs. */
static void
end_turn(struct client *k)
{
	wk_timer_stop(&m.turn_limit);
	m.holder = NULL;
	if (k == &m.ghost) {
		wk_serve_stay(-1);
		xmaster_report(k);
	}
	grant_next();
}

static int
has_turn(const struct client *k)
{
	return m.holder == k && !m.inspect.leaving;
}

/* Put a client in the queue when it has said enough for that. */
static void
wants_turn(struct client *k)
{
	int value = k->status & COMPLETE ? COMPLETE : k->status;

	if (!k->o1 || k->status == 0)
		return;
	if (has_turn(k)) {
		if (k->yielded)
			grant_again(k);
		return;
	}
	k->turn.name = k->xid;
	k->turn.arrival = k->sequence;
	k->turn.status = value;
	if (turn_put(&m.queue, &k->turn) != 0)
		wk_serve_drop(&k->c, "out of memory");
	grant_next();
}

/* --- what clients say: two letters, a space, NUL --- */

static void
say_text(struct client *k, const char *text)
{
	if (text == NULL)
		wk_serve_puts(&k->c, ".");
	else
		wk_serve_send(&k->c, text, strlen(text) + 1);
}

static void
ask_title(struct client *k)
{
	say_text(k, xclate_opt.fold != LINES_AS_IS ? NULL : m.title);
}

static void
ask_rule(struct client *k)
{
	say_text(k, m.rule);
}

static void
ask_cap(struct client *k)
{
	if (xclate_opt.style.has_cap)
		wk_serve_printf(&k->c, "%zu\n",
		    (xclate_opt.style.cap | 1023) + 1);
	else
		wk_serve_puts(&k->c, ".");
}

static void
say_flag(struct client *k, int flag, char letter)
{
	char text[2] = { flag ? letter : '-', '\0' };

	wk_serve_send(&k->c, text, sizeof text);
}

static void
ask_squeeze(struct client *k)
{
	say_flag(k, xclate_opt.style.squeeze, 's');
}

static void
ask_quick(struct client *k)
{
	say_flag(k, xclate_opt.style.quick || xclate_opt.style.squeeze, 'q');
}

static void
ask_published(struct client *k)
{
	say_flag(k, !xclate_opt.detached, 'd');
}

static void
ask_persistent(struct client *k)
{
	int persistent = wk_serve_pid() == (long)getpid();

	if (wk_serve_ending() || m.quit_asked)
		say_flag(k, 1, 'Q');
	else
		say_flag(k, persistent, ':');
}

static void
ask_directory(struct client *k)
{
	char tag[3] = { m.dir_tag, '\n', '\0' };

	wk_serve_send_fd(&k->c, tag, sizeof tag, m.dir);
}

static void
ask_widow(struct client *k)
{
	share_stream(k, "widow\n", m.widow);
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

/* After COMPLETE nothing else counts. */
static void
add_status(struct client *k, unsigned char word)
{
	if (k->status & COMPLETE)
		return;
	k->status |= word;
	wants_turn(k);
}

static void
status_ready(struct client *k)
{
	add_status(k, READY);
}

static void
status_data(struct client *k)
{
	add_status(k, DATA);
}

static void
status_full(struct client *k)
{
	add_status(k, FULL);
}

static void
status_complete(struct client *k)
{
	add_status(k, COMPLETE);
}

static void
xmaster_quit(struct client *k)
{
	(void)k;
	m.quit_asked = 1;
	wk_serve_quit();
}

static void
abort_client(struct client *k)
{
	wk_serve_finish(&k->c);
}

/* All that the client has written is in the pipe, and its code is known. */
static void
leave_section(const struct client *k)
{
	inspect_decide(&m.inspect, k->code != 0);
	inspect_leave(&m.inspect);
}

/* Not of 2010: the turn is given back, the connection stays. */
static void
xmaster_yield_turn(struct client *k)
{
	if (xclate_opt.quiet_success)
		k->yielded = 1;
	else if (m.inspect.active)
		inspect_leave(&m.inspect);
	else
		end_turn(k);
}

/* Not of 2010: it waits until all that it wrote is written. */
static void
xmaster_confirm(struct client *k)
{
	if (m.holder != k || !m.inspect.active) {
		say_written(k);
		return;
	}
	k->confirming = 1;
	wk_timer_stop(&m.turn_limit);
	if (!m.inspect.leaving)
		leave_section(k);
}

/* Not of 2010: it keeps the turn for other sections, until a client waits. */
static void
keep_turn(struct client *k)
{
	if (k->keeping == KEEPS_NOTHING)
		k->keeping = KEEPS;
	ask_back();
}

/* True if it makes no difference, neither here nor to a reader of reports,
 * whether many sections are one. */
static int
is_indifferent(void)
{
	return !m.looks && m.queue.order == TURN_READY && !m.notify_on &&
	    !xclate_opt.progress && !xclate_opt.fail &&
	    xclate_opt.halt.when == WK_HALT_NEVER && !xclate_opt.verbose;
}

/* A client that asks with a "+" learns that this master knows more than 0.8,
 * and whether its output is a terminal. */
static void
ask_version(struct client *k)
{
	char text[16] = XCLATE_PROTOCOL;

	if (k->plus)
		strcat(text, is_indifferent() ? "+s" : "+");
	if (k->plus && m.terminal)
		strcat(text, "t");
	wk_serve_send(&k->c, text, strlen(text) + 1);
}

/*
 * The names are what a trace shows.  None of them takes a descriptor: one that
 * comes with a command is closed by the kernel, as only bytes are read.
 */
static const struct {
	char two[3];
	const char *name;
	int in_turn;              /* from others than the holder it means
	                             nothing */
	void (*act)(struct client *k);
} commands[] = {
	{ "?T", "title", 0, ask_title },
	{ "?H", "rule", 0, ask_rule },
	{ "?L", "cap", 0, ask_cap },
	{ "?s", "squeeze", 0, ask_squeeze },
	{ "?q", "quick", 0, ask_quick },
	{ "?d", "published", 0, ask_published },
	{ "?:", "persistent", 0, ask_persistent },
	{ "-V", "version", 0, ask_version },
	{ "od", "directory", 0, ask_directory },
	{ "ow", "widow", 0, ask_widow },
	{ "o1", "output", 0, want_output },
	{ "o2", "error", 0, want_error },
	{ "o0", "input", 0, want_input },
	{ "ex", "ready", 0, status_ready },
	{ "hd", "data", 0, status_data },
	{ "bx", "full", 0, status_full },
	{ "rf", "read", 0, status_full },
	{ "qm", "complete", 0, status_complete },
	{ "Q!", "quit", 0, xmaster_quit },
	{ "cq", "close", 0, abort_client },
	{ "yt", "yield", 1, xmaster_yield_turn },
	{ "wr", "written", 0, xmaster_confirm },
	{ "kt", "keep", 0, keep_turn }
};

static void
xmaster_obey(struct client *k, const char *four)
{
	size_t i;

	for (i = 0; i < sizeof commands / sizeof *commands; i++)
		if (memcmp(commands[i].two, four, 2) == 0)
			break;
	if (i == sizeof commands / sizeof *commands) {
		wk_serve_asked(&k->c, "unknown %.2s", four);
		if (wk_serve_verbose != NULL)
			wk_serve_verbose("section %s: unknown request %.2s",
			    k->xid, four);
		return;
	}
	k->plus = four[3] == '+';
	wk_serve_asked(&k->c, "%s%s", commands[i].name, k->plus ? " +" : "");
	if (!commands[i].in_turn || has_turn(k))
		commands[i].act(k);
}

/* "003": the status with which it is about to end. */
static void
take_code(struct client *k, const char *digits)
{
	k->code = (short)(100 * (digits[0] - '0') + 10 * (digits[1] - '0') +
	    digits[2] - '0');
	wk_serve_asked(&k->c, "status %d", k->code);
}

static void
xmaster_command(struct client *k, const char *four)
{
	if (text_is_digit(four[0]) && text_is_digit(four[1]) &&
	    text_is_digit(four[2]))
		take_code(k, four);
	else if (four[2] == ' ')
		xmaster_obey(k, four);
	else {
		wk_serve_asked(&k->c, "nonsense %.4s", four);
		if (wk_serve_verbose != NULL)
			wk_serve_verbose("section %s: nonsense", k->xid);
		wk_serve_finish(&k->c);
	}
}

static void
named(struct client *k)
{
	wk_serve_asked(&k->c, "xid %s", k->xid);
	k->sequence = m.sequence++;
	k->before = m.last;
	if (m.last != NULL)
		m.last->after = k;
	else
		m.first = k;
	m.last = k;
	m.clients++;
	wk_serve_known(&k->c);
	wk_serve_printf(&k->c, "%lu\n", k->sequence);
}

/* The xid, up to a NUL, LF or CR; what is too long of it is cut off. */
static size_t
xmaster_take_name(struct client *k, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (data[i] == '\0' || data[i] == '\n' || data[i] == '\r') {
			k->comes = data[i] == '\r' ? XID_CR : COMMANDS;
			named(k);
			return i + 1;
		}
		if (k->xid_len < TALK_XID_MAX)
			k->xid[k->xid_len++] = data[i];
	}
	return len;
}

static size_t
xmaster_input(struct wk_client *c, const char *data, size_t len)
{
	struct client *k = (struct client *)c;
	size_t used = 0;

	if (k->comes == XID)
		used = xmaster_take_name(k, data, len);
	if (k->comes == XID_CR && used < len) {
		k->comes = COMMANDS;
		used += data[used] == '\n';
	}
	while (k->comes != XID && len - used >= 4 && wk_serve_taking(c)) {
		xmaster_command(k, data + used);
		used += 4;
	}
	return used;
}

static void
xmaster_connected(struct wk_client *c)
{
	struct client *k = (struct client *)c;

	k->start = wall_ms();
	k->since = div_now();
	wk_serve_send(c, XCLATE_PROTOCOL, sizeof XCLATE_PROTOCOL);
}

static void
leave_order(struct client *k)
{
	unsigned long n;

	m.clients--;
	if (k->before != NULL)
		k->before->after = k->after;
	else
		m.first = k->after;
	if (k->after != NULL)
		k->after->before = k->before;
	else
		m.last = k->before;
	if (xclate_opt.ordered && turn_number(k->xid, &n))
		pass(n);
}

static void
xmaster_gone(struct wk_client *c)
{
	struct client *k = (struct client *)c;

	if (k->comes == XID)
		return;
	turn_take(&m.queue, &k->turn);
	leave_order(k);
	if (m.holder == k && m.inspect.active) {
		m.ghost = *k;
		m.holder = &m.ghost;
		m.inspect.xid = m.ghost.xid;
		wk_serve_stay(1);
		if (!m.inspect.leaving)
			leave_section(k);
		return;
	}
	if (m.holder == k) {
		wk_timer_stop(&m.turn_limit);
		m.holder = NULL;
	}
	xmaster_report(k);
	grant_next();
}

/*
 * No new clients come.  After --halt now, processes that the utility has left
 * behind are not waited for either: what they print from now on is lost.
 */
static void
ending(void)
{
	if (is_halted_now() && m.widow_on)
		flow_finish(&m.widow_flow);
	grant_next();
}

static struct wk_ops ops = {
	.client_size = sizeof(struct client),
	.request_max = 4,
	.stranger_ms = WK_STRANGER_MS,
	.reserve = 8,              /* for the pipe of a section, results, ... */
	.keeps_going = 1,
	.connected = xmaster_connected,
	.input = xmaster_input,
	.ending = ending,
	.gone = xmaster_gone
};

/* --- streams --- */

static void
say_stream(const char *what, const char *spec, int is_input)
{
	if (xclate_opt.verbose || xclate_opt.dry)
		wk_warn("%s: %s", what, redirect_describe(spec, is_input));
}

/* Each that opens something returns 0, or the exit code after a message. */
static int
cannot_open(const char *option, const char *spec, const struct redirect *r)
{
	wk_warn("%s %s: %s", option, spec, r->reason);
	return r->code;
}

static int
xmaster_open_output(struct redirect *r, const char *option, const char *spec,
    const char *guard)
{
	say_stream(option, spec, 0);
	return redirect_output(r, spec, guard) == 0 ? 0 :
	    cannot_open(option, spec, r);
}

static int
xmaster_same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int
open_notify(void)
{
	int fd, code;

	if (xclate_opt.notify == NULL)
		return 0;
	if (strcmp(xclate_opt.notify, "-") == 0) {
		fd = open("/dev/tty", O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return 0;
		m.notified.fd = fd;
	} else {
		code = xmaster_open_output(&m.notified, "-N",
		    xclate_opt.notify, "-Z");
		if (code != 0)
			return code;
	}
	m.notify_tty = isatty(m.notified.fd);
	m.notify_on = 1;
	return 0;
}

/* *copy is one of our own streams, from now on; returns an exit code. */
static int
copy_stream(int *copy, int stream)
{
	*copy = above_2(stream);
	if (*copy >= 0)
		return 0;
	wk_warn("descriptors: %s", strerror(errno));
	return WK_SYSTEM;
}

static int
open_widow(void)
{
	int code;

	if (xclate_opt.widow == NULL || strcmp(xclate_opt.widow, "-") == 0)
		return copy_stream(&m.widow, 2);
	code = xmaster_open_output(&m.widowed, "-W", xclate_opt.widow, "-Z");
	m.widow = m.widowed.fd;
	return code;
}

static int
open_collated(void)
{
	int code = 0;

	if (m.outer_open)
		m.out = section_output(&m.outer);
	else if (xclate_opt.output == NULL)
		code = copy_stream(&m.out, 1);
	else {
		code = xmaster_open_output(&m.output, "-O", xclate_opt.output,
		    NULL);
		m.out = m.output.fd;
	}
	if (code == 0)
		flow_widen(m.out);
	return code;
}

static int
open_joblog(void)
{
	int fd;

	if (xclate_opt.joblog == NULL)
		return 0;
	fd = open(xclate_opt.joblog, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOCTTY, 0666);
	if (fd < 0) {
		wk_warn("--joblog %s: %s", xclate_opt.joblog, strerror(errno));
		return WK_CANTCREATE;
	}
	m.joblog_on = 1;
	flow_begin(&m.joblog_flow, joblog_says);
	m.joblog_flow.cap = SECTION_CAP;
	m.joblog_flow.spill = 1;
	flow_sink(&m.joblog_flow, fd);
	flow_put(&m.joblog_flow, jobline_heading[JOBLINE_PARALLEL],
	    strlen(jobline_heading[JOBLINE_PARALLEL]));
	return 0;
}

static int
open_results_dir(void)
{
	const char *reason;

	if (xclate_opt.results == NULL)
		return 0;
	reason = results_open(&m.results, xclate_opt.results);
	if (reason == NULL)
		return 0;
	wk_warn("--results %s: %s", xclate_opt.results, reason);
	return WK_CANTCREATE;
}

static void
prepare_sections(void)
{
	m.how.out = m.out;
	m.terminal = isatty(m.out);
	m.how.results = xclate_opt.results != NULL ? &m.results : NULL;
	m.how.widow = m.widow;
	m.how.fold = xclate_opt.fold;
	m.how.title = xclate_opt.style.title;
	m.how.tag = xclate_opt.style.tag;
	m.how.tags = xclate_opt.style.tag_colour && m.terminal ? &m.tags :
	    NULL;
	m.how.escape = xclate_opt.style.escape;
	m.how.newline = xclate_opt.style.newline;
	m.how.squeeze = xclate_opt.style.squeeze;
	m.how.quiet = xclate_opt.quiet_success;
	m.how.lost = output_lost;
	m.how.unset = variable_unset;
}

/* The first report. */
static void
announce(const char *path)
{
	char text[REPORT_MAX];

	if (xclate_opt.json)
		notify(text, report_socket(text, path), -1);
	else
		notify(path, strlen(path), report_end());
}

static void
begin_notify(void)
{
	m.same_notify = xmaster_same_file(m.notified.fd, m.out);
	flow_begin(&m.notify_flow, notify_says);
	m.notify_flow.cap = SECTION_CAP;
	m.notify_flow.spill = 1;
	flow_sink(&m.notify_flow, m.notified.fd);
	m.notified.fd = -1;
}

static int
open_input(void)
{
	if (xclate_opt.input == NULL || !m.starts) {
		m.input.same = 1;
		m.input.fd = -1;
		return 0;
	}
	say_stream("-i", xclate_opt.input, 1);
	return redirect_input(&m.input, xclate_opt.input) == 0 ? 0 :
	    cannot_open("-i", xclate_opt.input, &m.input);
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
		wk_die(WK_SYSTEM, "descriptors: %s", strerror(errno));
}

static void
widow_says(struct flow *f, int what)
{
	if (what & (FLOW_FAILED | FLOW_UNREADABLE))
		output_lost("widow output", f->error);
	if (m.widow_on && (f->failed || (flow_ended(f) && flow_idle(f)))) {
		m.widow_on = 0;
		wk_serve_stay(-1);
	}
}

/* --- -O -: our output is a section of an enclosing master --- */

static void
outer_granted(struct section *s)
{
	(void)s;
	m.outer_open = 1;
}

static void
outer_ended(struct section *s)
{
	(void)s;
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
	const char *path = wk_target(xclate_opt.depth, NULL);
	char who[4096];
	int code = 0;

	snprintf(xid, sizeof xid, "%ld", (long)getpid());
	m.outer.xid = xid;
	m.outer.direct = 1;
	m.outer.quit = xclate_opt.quit != 0;
	m.outer.granted = outer_granted;
	m.outer.ended = outer_ended;
	m.outer.unset = variable_unset;
	if (section_open(&m.outer, path) != 0)
		wk_die_connect(path);
	section_ask(&m.outer);
	wk_serve_linger(outer_waits, &code);
	if (wk_serve_stopped())
		exit(code);
	if (!m.outer_open &&
	    section_is_elsewhere(&m.outer, path, who, sizeof who))
		wk_die(WK_PROTOCOL, "%s: %s", path, who);
	if (!m.outer_open)
		wk_die(m.outer.fault == SECTION_OUTPUT ? WK_OUTPUT :
		    WK_PROTOCOL, "%s: no turn was to be had there", path);
}

static int
close_outer(int code)
{
	int ignored = 0;

	if (!m.outer_open)
		return code;
	section_code(&m.outer, code);
	section_end(&m.outer);
	wk_serve_linger(outer_busy, &ignored);
	if (m.outer.fault == SECTION_OUTPUT)
		output_lost("collated output", m.outer.flow.error);
	else if (m.outer.fault == SECTION_UNWRITTEN)
		output_lost("collated output", EIO);
	else if (m.outer.fault != SECTION_GOOD)
		wk_note("the enclosing master (of -O -) is gone");
	section_close(&m.outer);
	return code;
}

/* --- from the beginning to the end --- */

static int
reports_wait(void)
{
	return (m.notify_on && !flow_idle(&m.notify_flow)) ||
	    (m.joblog_on && !flow_idle(&m.joblog_flow));
}

/* What the utility itself prints comes through this process, to the widow
 * output. */
static void
begin_widow(int fd)
{
	m.widow_on = 1;
	flow_begin(&m.widow_flow, widow_says);
	m.widow_flow.cap = SECTION_CAP;
	wk_serve_stay(1);
	flow_source(&m.widow_flow, fd, 1);
	flow_sink(&m.widow_flow, above_2(m.widow));
}

static pid_t
xmaster_start(struct wk_spawn *utility)
{
	int pipe_fds[2] = { -1, -1 }, fd[3] = { -1, -1, -1 }, e;
	pid_t pid;

	if (div_pipe(pipe_fds) != 0)
		return -1;
	fd[0] = m.input.same ? -1 :
	    m.input.fd < 0 ? WK_SPAWN_CLOSED : m.input.fd;
	fd[1] = pipe_fds[1];
	utility->fd = fd;
	trace_command("utility", utility->argv);
	pid = wk_spawn(utility);
	e = errno;
	close(pipe_fds[1]);
	if (m.input.fd >= 0)
		close(m.input.fd);
	if (pid >= 0)
		begin_widow(pipe_fds[0]);
	else
		close(pipe_fds[0]);
	errno = e;
	return pid;
}

/* Whatever clients did to them, who had the streams before has them as programs
 * expect them. */
static void
give_streams_back(void)
{
	wk_spawn_blocking(m.out);
	wk_spawn_blocking(m.widow);
	wk_spawn_blocking(m.err);
	wk_spawn_blocking(m.in);
}

/* The last lines: how much has been done, and what of it failed. */
static void
xmaster_sum_up(void)
{
	int quiet = xclate_opt.quiet_success, fail = xclate_opt.fail;

	if (xclate_opt.progress || quiet)
		wk_progress_end(fail || quiet ? &m.failures : NULL);
	else if (fail && m.failures.count > 0 &&
	    !wk_failures_one_told(&m.failures))
		wk_failures_tell(&m.failures, m.done, "section");
}

/* Close the outputs; each |cmd then ends, and is waited for. */
static void
close_streams(int *code)
{
	wk_serve_linger(reports_wait, code);
	flow_close(&m.notify_flow);
	flow_close(&m.joblog_flow);
	flow_close(&m.widow_flow);
	give_streams_back();
	if (!m.outer_open)
		close(m.out);
	close(m.widow);
	xmaster_sum_up();
	wk_serve_linger(wk_reap_watched, code);
}

static int
final_code(int code)
{
	/* a client may report 512, of which exit(2) would make 0 */
	if (xclate_opt.halt.halted && xclate_opt.halt.of != WK_HALT_FAIL)
		code = xclate_opt.halt.code;
	else if (xclate_opt.halt.halted || (xclate_opt.fail && code == 0))
		code = m.first_code < WK_CODE_MAX ? m.first_code : WK_CODE_MAX;
	return code == 0 && m.lost ? WK_OUTPUT : code;
}

/* "LEN:TEXT" for the answer to a question. */
static char *
as_answer(const char *text)
{
	char *s;

	if (text == NULL)
		return NULL;
	s = wk_alloc(strlen(text) + 32, 1);
	sprintf(s, "%zu:%s", strlen(text) + 1, text);
	return s;
}

static void
prepare_master(void)
{
	m.title = as_answer(xclate_opt.style.title);
	m.rule = as_answer(xclate_opt.style.rule);
	m.looks = xclate_opt.results != NULL ||
	    xclate_opt.fold != LINES_AS_IS || xclate_opt.style.tag != NULL ||
	    xclate_opt.joblog != NULL || xclate_opt.json ||
	    xclate_opt.style.newline || xclate_opt.turn_ms > 0 ||
	    xclate_opt.quiet_success;
	m.queue.order = xclate_opt.keep_order ? TURN_ARRIVAL :
	    xclate_opt.ordered ? TURN_NUMBER : TURN_READY;
	m.next = xclate_opt.order_from;
	ops.in_order = xclate_opt.keep_order;
	m.turn_limit.expired = too_long;
}

static int
dry_run(char *const *argv)
{
	if (xclate_opt.notify != NULL)
		say_stream("-N", xclate_opt.notify, 0);
	if (xclate_opt.widow != NULL)
		say_stream("-W", xclate_opt.widow, 0);
	if (xclate_opt.output != NULL)
		say_stream("-O", xclate_opt.output, 0);
	if (xclate_opt.input != NULL)
		say_stream("-i", xclate_opt.input, 1);
	if (argv != NULL)
		trace_command("utility", argv);
	return 0;
}

/* -p: this process had the child before it became xclate. */
static void
check_child(const char *file)
{
	siginfo_t info;

	if (xclate_opt.pid == 0)
		return;
	if (file != NULL)
		wk_usage("-p goes with the utility : only");
	if (waitid(P_PID, (id_t)xclate_opt.pid, &info,
	    WEXITED | WNOHANG | WNOWAIT) != 0)
		wk_die(WK_DATA, "-p %ld: not a child of this process",
		    xclate_opt.pid);
}

static void
find_utility(const char *file)
{
	int e = wk_spawn_find(file, NULL);

	if (e != 0)
		wk_die(wk_spawn_error_code(e), "%s: %s", wk_command_name(file),
		    strerror(e));
}

static void
xmaster_begun(const struct wk_spawn *utility)
{
	wk_kin_note();
	check_child(utility->file);
	if (xclate_opt.dry)
		exit(dry_run(utility->argv));
	m.starts = utility->argv != NULL;
	if (m.starts)
		find_utility(utility->file);
	prepare_master();
	keep_streams();
	if (xclate_opt.output != NULL && strcmp(xclate_opt.output, "-") == 0)
		open_outer();
}

/* What goes to the terminal has to go through us, who know of the line there:
 * also sections that we need not look at otherwise. */
static void
xmaster_begin_progress(void)
{
	m.looks |= isatty(STDERR_FILENO) && m.terminal;
	wk_progress_begin("section", xmaster_progress, xclate_opt.progress);
}

/* Open all streams, in the order in which their messages are expected. */
static int
xmaster_bound(const struct div_socket *socket)
{
	static int (*const open_stream[])(void) = { open_notify, open_widow,
	    open_collated, open_joblog, open_results_dir, open_input };
	size_t i;
	int code;

	/* what is started for a stream has the utility's $XCLATE, too */
	if (wk_pass_variable(xclate_opt.detached) != 0) {
		wk_warn("environment: %s", strerror(errno));
		return WK_SYSTEM;
	}
	for (i = 0; i < sizeof open_stream / sizeof *open_stream; i++) {
		code = open_stream[i]();
		if (code != 0)
			return code;
	}
	prepare_sections();
	if (m.notify_on)
		begin_notify();
	if (xclate_opt.progress || xclate_opt.quiet_success)
		xmaster_begin_progress();
	if (xclate_opt.announce)
		announce(socket->path);
	m.ready = 1;
	return 0;
}

static int
xmaster_ended(int code)
{
	if (!m.ready)
		return code;
	code = final_code(code);
	close_streams(&code);
	code = close_outer(code);
	if (!wk_serve_stopped())
		wk_kin_part();
	return code == 0 && m.lost ? WK_OUTPUT : code;
}

/* Where the socket is to be: beside those of the enclosing masters, with the
 * number of its level. */
static void
place_socket(struct div_place *place)
{
	static char stem[24] = "";
	int level = div_levels(xclate.prefix) + 1;

	if (xclate_opt.detached)
		snprintf(stem, sizeof stem, "%d_", level);
	*place = (struct div_place){
		.prefix = xclate.prefix,
		.template = xclate.template,
		.stem = stem,
		.first = xclate_opt.detached ? 0 : (unsigned)level,
		.path = xclate_opt.socket == NULL ? NULL :
		    wk_absolute(xclate_opt.socket)
	};
}

int
xclate_master(char **operands, const struct wk_called *called)
{
	struct div_place place;
	const struct wk_master life = {
		.ops = &ops,
		.place = &place,
		.detached = xclate_opt.detached,
		.verbose = xclate_opt.verbose,
		.child = (pid_t)xclate_opt.pid,
		.begun = xmaster_begun,
		.bound = xmaster_bound,
		.start = xmaster_start,
		.ended = xmaster_ended
	};

	place_socket(&place);
	return wk_master_run(&life, operands, called);
}
