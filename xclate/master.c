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
#include <time.h>
#include <unistd.h>

#include "wire/collate.h"
#include "base/text.h"
#include "divconnect.h"
#include "base/event.h"
#include "base/flow.h"
#include "report.h"
#include "redirect.h"
#include "inspect.h"
#include "base/serve.h"
#include "base/spawn.h"
#include "wire/turn.h"
#include "xclate.h"

struct client {
	struct wk_client c;     /* first */
	struct turn turn;
	struct client *before, *after; /* in the order of arrival */
	int64_t start, turn_at;    /* milliseconds since 1970 */
	uint64_t bytes;
	unsigned long sequence;
	short code;
	unsigned char xid_len;
	unsigned keeps : 1,        /* wants to be told when others wait for its
	                              turn; */
	    told : 1,              /* and was */
	    named : 1, after_cr : 1, o1 : 1, o2 : 1, o0 : 1, status : 4,
	    widow : 1;             /* it writes to the widow output */
	char xid[COLLATE_XID_MAX + 1];
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
	struct inspect inspect;
	struct inspect_how how;
	int looks;                 /* sections go through us */
	struct flow widow_flow, notify_flow, joblog_flow;
	int notify_on, joblog_on, widow_on, same_notify;
	int notify_tty;
	unsigned long done, failed;
	int first_code;            /* of the first section that failed */
	int lost;                  /* some output could not be written */
	int halted, quit_asked;
	struct wk_timer bar, turn_limit, again;
	int64_t begun;
	struct collate outer;      /* -O - */
	int outer_open, outer_over;
	char *title;               /* the text for ?T, as it is sent */
	char *rule;
} m = { .holder = NULL };

static void grant_next(void);
static void end_turn(struct client *k);

static int64_t
wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
output_lost(const char *what, int error)
{
	if (!m.lost || xclate_opt.verbose)
		wk_note("%s: %s", what, strerror(error));
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
record_end(void)
{
	return m.notify_tty ? '\n' : '\0';
}

/* One line that replaces itself on a terminal. */
static void
xmaster_show_progress(struct wk_timer *t)
{
	struct pollfd p = { 2, POLLOUT, 0 };
	long seconds = (long)((div_now() - m.begun) / 1000);
	char text[200], name[80];
	int n;

	(void)t;
	if (!isatty(2))
		return;         /* the summary is enough there */
	wk_visible(name, sizeof name, m.holder != NULL ? m.holder->xid : "");
	n = snprintf(text, sizeof text, "\r\033[Kxclate: %lu done, %lu failed, "
	    "%zu waiting%s%.60s, %ld:%02ld", m.done, m.failed, m.queue.count,
	    m.holder != NULL ? ", now " : "", name,
	    seconds / 60, seconds % 60);
	if (poll(&p, 1, 0) == 1 && write(2, text, (size_t)n) < 0)
		xclate_opt.bar = 0;
}

static void
progress(void)
{
	if (xclate_opt.bar && !m.bar.set)
		wk_timer_set(&m.bar, 100);
}

static void
end_progress(void)
{
	char text[100];
	int n;

	if (!xclate_opt.bar)
		return;
	wk_timer_stop(&m.bar);
	n = snprintf(text, sizeof text, "%sxclate: %lu done, %lu failed\n",
	    isatty(2) ? "\r\033[K" : "", m.done, m.failed);
	if (write(2, text, (size_t)n) < 0)
		xclate_opt.bar = 0;
}

static void
halt(void)
{
	struct client *k, *next;

	if (xclate_opt.halt == WK_HALT_NEVER || m.halted || m.failed < xclate_opt.halt_at)
		return;
	m.halted = 1;
	wk_note("halt: %lu section%s failed", m.failed,
	    m.failed == 1 ? "" : "s");
	wk_serve_refuse();
	if (xclate_opt.halt == WK_HALT_NOW)
		for (k = m.first; k != NULL; k = next) {
			next = k->after;
			wk_serve_drop(&k->c, NULL);
		}
	if (wk_serve_quit() < 0 && xclate_opt.halt == WK_HALT_NOW && wk_serve_pid() > 0)
		kill((pid_t)wk_serve_pid(), SIGTERM);
}

/* A client that said who it is has ended. */
static void
xmaster_record(struct client *k)
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
		notify(k->xid, strlen(k->xid), record_end());
	}
	/* as far as its reader takes it, a record comes before the next turn */
	if (m.notify_on)
		flow_push(&m.notify_flow);
	if (m.joblog_on)
		flow_put(&m.joblog_flow, text, report_joblog(text, &r));
	m.done++;
	if (k->code != 0) {
		m.failed++;
		if (m.first_code == 0)
			m.first_code = k->code;
		halt();
	}
	progress();
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

/* May the first in the queue have its turn, in the order that was asked for? */
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
	wk_note("section %s: its turn lasted longer than %d.%03d s",
	    m.holder->xid, xclate_opt.turn_ms / 1000, xclate_opt.turn_ms % 1000);
	m.holder->code = WK_TIMEOUT;
	wk_serve_drop(&m.holder->c, NULL);
}

static void
xmaster_try_again(struct wk_timer *t)
{
	(void)t;
	grant_next();
}

static void
inspect_done(struct inspect *s)
{
	struct client *k = m.holder;

	k->bytes += s->flow.total;
	if (s->flow.failed && k->code == 0)
		k->code = WK_OUTPUT;
	inspect_close(s);
	end_turn(k);
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
		wk_serve_give_fd(&k->c, "out", 4, fd);
	} else {
		wk_serve_send_fd(&k->c, "out", 4, m.out);
	}
	turn_take(&m.queue, &k->turn);
	if (k->turn_at == 0)
		k->turn_at = wall_ms();
	k->o1 = 0;
	k->told = 0;
	k->status = 0;
	if (k->o2)
		wk_serve_send_fd(&k->c, "err\n", 5, m.err);
	if (k->o0)
		wk_serve_send_fd(&k->c, "in\n", 4, m.in);
	if (xclate_opt.turn_ms > 0)
		wk_timer_set(&m.turn_limit, xclate_opt.turn_ms);
	return 1;
}

/* Who keeps the turn for other sections of his hears that somebody waits. */
static void
ask_back(void)
{
	struct client *k = m.holder;

	if (k == NULL || k == &m.ghost || !k->keeps || k->told ||
	    m.queue.count == 0)
		return;
	k->told = 1;
	wk_serve_send(&k->c, "back", sizeof "back");
}

/*
 * Records of a section come before the next section.  When both go to the
 * same reader, that one is waited for; another who does not read his records
 * holds nobody up.
 */
static void
give_turns(void)
{
	struct turn *t;

	if (m.halted && xclate_opt.halt == WK_HALT_NOW)
		return;
	while (m.holder == NULL && (t = turn_next(&m.queue)) != NULL) {
		if (m.same_notify && !flow_idle(&m.notify_flow))
			return;
		if (!may_go(xmaster_client_of(t)) || !grant(xmaster_client_of(t)))
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
		xmaster_record(k);
	}
	grant_next();
}

/* Put a client in the queue when it has said enough for that. */
static void
wants_turn(struct client *k)
{
	int value = k->status & 8 ? 8 : k->status;

	if (!k->o1 || k->status == 0 || (m.holder == k && !m.inspect.leaving))
		return;
	k->turn.name = k->xid;
	k->turn.arrival = k->sequence;
	k->turn.status = value;
	if (turn_put(&m.queue, &k->turn) != 0)
		wk_serve_drop(&k->c, "out of memory");
	grant_next();
	progress();
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
		wk_serve_printf(&k->c, "%zu\n", (xclate_opt.style.cap | 1023) + 1);
	else
		wk_serve_puts(&k->c, ".");
}

static void
say_flag(struct client *k, int flag, char letter)
{
	char text[2] = { flag ? letter : '-', '\0' };

	wk_serve_send(&k->c, text, 2);
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
	wk_serve_send_fd(&k->c, "widow\n", 7, m.widow);
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

/* Ours alone: the turn is given back, the connection stays. */
static void
xmaster_yield_turn(struct client *k)
{
	if (m.holder != k || m.inspect.leaving)
		return;
	if (m.inspect.active)
		inspect_leave(&m.inspect);
	else
		end_turn(k);
}

/* Ours alone: it keeps the turn for other sections, until others wait. */
static void
keep_turn(struct client *k)
{
	k->keeps = 1;
	ask_back();
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
	{ "rf", status_full }, { "qm", status_complete }, { "Q!", xmaster_quit },
	{ "cq", abort_client }, { "yt", xmaster_yield_turn },
	{ "kt", keep_turn }
};

/* Is it all the same to us, and to those who look at our records, whether
 * many sections are one? */
static int
is_indifferent(void)
{
	return !m.looks && m.queue.order == TURN_READY && !m.notify_on &&
	    !xclate_opt.bar && !xclate_opt.fail && xclate_opt.halt == WK_HALT_NEVER && !xclate_opt.verbose;
}

/* Who asks with a "+" hears that we know more than 0.8. */
static void
say_version(struct client *k, int more)
{
	if (!more)
		wk_serve_send(&k->c, XCLATE_PROTOCOL, sizeof XCLATE_PROTOCOL);
	else if (is_indifferent())
		wk_serve_send(&k->c, XCLATE_PROTOCOL "+s",
		    sizeof XCLATE_PROTOCOL "+s");
	else
		wk_serve_send(&k->c, XCLATE_PROTOCOL "+",
		    sizeof XCLATE_PROTOCOL "+");
}

static void
xmaster_command(struct client *k, const char *four)
{
	size_t i;

	if (text_is_digit(four[0]) && text_is_digit(four[1]) && text_is_digit(four[2])) {
		k->code = (short)(100 * (four[0] - '0') +
		    10 * (four[1] - '0') + four[2] - '0');
		return;
	}
	if (four[2] != ' ') {
		if (wk_serve_verbose != NULL)
			wk_serve_verbose("section %s: nonsense", k->xid);
		wk_serve_finish(&k->c);
		return;
	}
	if (four[0] == '-' && four[1] == 'V') {
		say_version(k, four[3] == '+');
		return;
	}
	for (i = 0; i < sizeof commands / sizeof *commands; i++)
		if (memcmp(commands[i].two, four, 2) == 0) {
			commands[i].act(k);
			return;
		}
	if (wk_serve_verbose != NULL)
		wk_serve_verbose("section %s: unknown request %.2s", k->xid, four);
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
	wk_serve_known(&k->c);
	wk_serve_printf(&k->c, "%lu\n", k->sequence);
	progress();
}

/* The xid, up to a NUL, LF or CR; what is too long of it is cut off. */
static size_t
xmaster_take_name(struct client *k, const char *data, size_t len)
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
input(struct wk_client *c, const char *data, size_t len)
{
	struct client *k = (struct client *)c;
	size_t used = 0;

	if (!k->named)
		used = xmaster_take_name(k, data, len);
	if (k->after_cr && used < len) {
		k->after_cr = 0;
		used += data[used] == '\n';
	}
	while (k->named && len - used >= 4 && wk_serve_taking(c)) {
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
	wk_serve_send(c, XCLATE_PROTOCOL, sizeof XCLATE_PROTOCOL);
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
	if (xclate_opt.ordered && turn_number(k->xid, &n))
		pass(n);
}

static void
xmaster_gone(struct wk_client *c)
{
	struct client *k = (struct client *)c;

	if (!k->named)
		return;
	turn_take(&m.queue, &k->turn);
	leave_order(k);
	if (m.holder == k && m.inspect.active) {
		m.ghost = *k;
		m.holder = &m.ghost;
		m.inspect.xid = m.ghost.xid;
		wk_serve_stay(1);
		if (!m.inspect.leaving)
			inspect_leave(&m.inspect);
		return;
	}
	if (m.holder == k) {
		wk_timer_stop(&m.turn_limit);
		m.holder = NULL;
	}
	xmaster_record(k);
	grant_next();
}

/*
 * Nobody new comes.  After --halt now those whom the utility has left behind
 * are not waited for either: what they print further is lost to them.
 */
static void
ending(void)
{
	if (m.halted && xclate_opt.halt == WK_HALT_NOW && m.widow_on)
		flow_finish(&m.widow_flow);
	grant_next();
}

static struct wk_ops ops = {
	.client_size = sizeof(struct client),
	.request_max = 4,
	.reserve = 8,              /* for the pipe of a section, results, ... */
	.keeps_going = 1,
	.connected = xmaster_connected,
	.input = input,
	.ending = ending,
	.gone = xmaster_gone
};

/* --- streams --- */

static void
trace(const char *what, const char *spec, int is_input)
{
	if (xclate_opt.verbose || xclate_opt.dry)
		wk_warn("%s: %s", what, redirect_describe(spec, is_input));
}

static struct div_socket master_socket;

_Noreturn static void
cannot_open(const char *option, const char *spec, const struct redirect *r)
{
	int e = errno;

	div_unlisten(&master_socket);
	wk_die(r->code, "%s %s: %s", option, spec,
	    r->reason != NULL ? r->reason : strerror(e));
}

static void
xmaster_open_output(struct redirect *r, const char *option, const char *spec,
    const char *guard)
{
	trace(option, spec, 0);
	if (redirect_output(r, spec, guard) != 0)
		cannot_open(option, spec, r);
}

static int
xmaster_same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void
open_notify(void)
{
	int fd;

	if (xclate_opt.notify == NULL)
		return;
	if (strcmp(xclate_opt.notify, "-") == 0) {
		fd = open("/dev/tty", O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return;
		m.notified.fd = fd;
	} else {
		xmaster_open_output(&m.notified, "-N", xclate_opt.notify, "-Z");
	}
	m.notify_tty = isatty(m.notified.fd);
	m.notify_on = 1;
}

static void
open_widow(void)
{
	if (xclate_opt.widow == NULL || strcmp(xclate_opt.widow, "-") == 0)
		m.widow = above_2(2);
	else {
		xmaster_open_output(&m.widowed, "-W", xclate_opt.widow, "-Z");
		m.widow = m.widowed.fd;
	}
}

static void
open_collated(void)
{
	if (m.outer_open)
		m.out = collate_output(&m.outer);
	else if (xclate_opt.output == NULL)
		m.out = above_2(1);
	else {
		xmaster_open_output(&m.output, "-O", xclate_opt.output, NULL);
		m.out = m.output.fd;
	}
	flow_widen(m.out);
}

static void
open_joblog(void)
{
	int fd;

	if (xclate_opt.joblog == NULL)
		return;
	fd = open(xclate_opt.joblog, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOCTTY, 0666);
	if (fd < 0) {
		div_unlisten(&master_socket);
		wk_die(WK_CANTCREATE, "--joblog %s: %s", xclate_opt.joblog,
		    strerror(errno));
	}
	m.joblog_on = 1;
	flow_begin(&m.joblog_flow, joblog_says);
	m.joblog_flow.cap = COLLATE_CAP;
	m.joblog_flow.spill = 1;
	flow_sink(&m.joblog_flow, fd);
	flow_put(&m.joblog_flow, report_joblog_head,
	    strlen(report_joblog_head));
}

static void
open_results_dir(void)
{
	m.how.results = -1;
	if (xclate_opt.results == NULL)
		return;
	if (mkdir(xclate_opt.results, 0777) != 0 && errno != EEXIST)
		m.how.results = -1;
	else
		m.how.results = open(xclate_opt.results, O_RDONLY | O_DIRECTORY |
		    O_CLOEXEC);
	if (m.how.results < 0) {
		div_unlisten(&master_socket);
		wk_die(WK_CANTCREATE, "--results %s: %s", xclate_opt.results,
		    strerror(errno));
	}
}

static void
prepare_sections(void)
{
	open_results_dir();
	m.how.out = m.out;
	m.how.results_name = xclate_opt.results;
	m.how.widow = m.widow;
	m.how.fold = xclate_opt.fold;
	m.how.title = xclate_opt.style.title;
	m.how.tag = xclate_opt.style.tag;
	m.how.escape = xclate_opt.style.escape;
	m.how.newline = xclate_opt.style.newline;
	m.how.squeeze = xclate_opt.style.squeeze;
	m.how.lost = output_lost;
	m.how.unset = variable_unset;
}

/* The first record. */
static void
announce(void)
{
	char text[REPORT_MAX];

	if (xclate_opt.json)
		notify(text, report_socket(text, master_socket.path), -1);
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
	prepare_sections();
	if (m.notify_on) {
		m.same_notify = xmaster_same_file(m.notified.fd, m.out);
		flow_begin(&m.notify_flow, notify_says);
		m.notify_flow.cap = COLLATE_CAP;
		m.notify_flow.spill = 1;
		flow_sink(&m.notify_flow, m.notified.fd);
		m.notified.fd = -1;
	}
	if (xclate_opt.announce)
		announce();
	if (xclate_opt.input != NULL && has_utility) {
		trace("-i", xclate_opt.input, 1);
		if (redirect_input(&m.input, xclate_opt.input) != 0)
			cannot_open("-i", xclate_opt.input, &m.input);
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
		wk_die(WK_SYSTEM, "descriptors: %s", strerror(errno));
}

static void
widow_says(struct flow *f, int what)
{
	if (what & FLOW_FAILED)
		output_lost("widow output", f->error);
	if (m.widow_on && (f->failed || (flow_ended(f) && flow_idle(f)))) {
		m.widow_on = 0;
		wk_serve_stay(-1);
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
	const char *path = wk_target(xclate_opt.depth, NULL);
	int code = 0;

	snprintf(xid, sizeof xid, "%ld", (long)getpid());
	m.outer.xid = xid;
	m.outer.direct = m.outer.at_once = 1;
	m.outer.quit = xclate_opt.quit != 0;
	m.outer.granted = outer_granted;
	m.outer.ended = outer_ended;
	m.outer.unset = variable_unset;
	if (collate_open(&m.outer, path) != 0)
		wk_die_connect(path);
	wk_serve_linger(outer_waits, &code);
	if (wk_serve_stopped())
		exit(code);
	if (!m.outer_open)
		wk_die(m.outer.fault == COLLATE_OUTPUT ? WK_OUTPUT :
		    WK_PROTOCOL, "%s: no turn was to be had there", path);
}

static int
close_outer(int code)
{
	int ignored = 0;

	if (!m.outer_open)
		return code;
	collate_code(&m.outer, code);
	collate_end(&m.outer);
	wk_serve_linger(outer_busy, &ignored);
	if (m.outer.fault == COLLATE_OUTPUT)
		output_lost("collated output", m.outer.flow.error);
	else if (m.outer.fault != COLLATE_GOOD)
		wk_note("the enclosing master (of -O -) is gone");
	collate_close(&m.outer);
	return code;
}

/* --- from the beginning to the end --- */

static int
records_wait(void)
{
	return (m.notify_on && !flow_idle(&m.notify_flow)) ||
	    (m.joblog_on && !flow_idle(&m.joblog_flow));
}

static pid_t
start_utility(struct wk_spawn *utility)
{
	int pipe_fds[2] = { -1, -1 }, fd[3] = { -1, -1, -1 }, e;
	pid_t pid;

	if (utility->argv == NULL)
		return (pid_t)xclate_opt.pid;
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
	if (pid < 0) {
		close(pipe_fds[0]);
		errno = e;
		return -1;
	}
	m.widow_on = 1;
	flow_begin(&m.widow_flow, widow_says);
	m.widow_flow.cap = COLLATE_CAP;
	wk_serve_stay(1);
	flow_source(&m.widow_flow, pipe_fds[0], 1);
	flow_sink(&m.widow_flow, above_2(m.widow));
	return pid;
}

/* Close what |cmd reads, and see them end. */
static void
close_streams(int *code)
{
	div_unlisten(&master_socket);
	wk_serve_linger(records_wait, code);
	flow_close(&m.notify_flow);
	flow_close(&m.joblog_flow);
	flow_close(&m.widow_flow);
	if (!m.outer_open)
		close(m.out);
	close(m.widow);
	end_progress();
	wk_serve_linger(wk_reap, code);
}

static int
final_code(int code)
{
	if (m.halted || (xclate_opt.fail && code == 0))
		code = m.first_code;
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
	m.looks = xclate_opt.results != NULL || xclate_opt.fold != LINES_AS_IS ||
	    xclate_opt.style.tag != NULL || xclate_opt.joblog != NULL || xclate_opt.json ||
	    xclate_opt.style.newline || xclate_opt.turn_ms > 0;
	m.queue.order = xclate_opt.keep_order ? TURN_ARRIVAL :
	    xclate_opt.ordered ? TURN_NUMBER : TURN_READY;
	m.next = xclate_opt.order_from;
	ops.in_order = xclate_opt.keep_order;
	m.turn_limit.expired = too_long;
	m.bar.expired = xmaster_show_progress;
	m.begun = div_now();
}

static void
open_socket(int persistent)
{
	char stem[24] = "";
	int level = div_levels(xclate.prefix) + 1;
	struct div_place place = {
		.prefix = xclate.prefix,
		.template = xclate.template,
		.stem = stem,
		.first = xclate_opt.detached ? 0 : (unsigned)level
	};

	place.path = xclate_opt.socket == NULL ? NULL :
	    wk_absolute(xclate_opt.socket);
	if (xclate_opt.detached)
		snprintf(stem, sizeof stem, "%d_", level);
	wk_listen(&master_socket, &place);
	if (persistent)
		wk_tell_socket(&master_socket, &place);
}

static int
dry_run(char *const *argv)
{
	if (xclate_opt.notify != NULL)
		trace("-N", xclate_opt.notify, 0);
	if (xclate_opt.widow != NULL)
		trace("-W", xclate_opt.widow, 0);
	if (xclate_opt.output != NULL)
		trace("-O", xclate_opt.output, 0);
	if (xclate_opt.input != NULL)
		trace("-i", xclate_opt.input, 1);
	if (argv != NULL)
		trace_command("utility", argv);
	return 0;
}

/* -p: the child was ours before we became xclate. */
static void
check_child(const char **file)
{
	siginfo_t info;

	if (xclate_opt.pid == 0)
		return;
	if (*file != NULL)
		wk_usage("-p goes with the utility : only");
	if (waitid(P_PID, (id_t)xclate_opt.pid, &info,
	    WEXITED | WNOHANG | WNOWAIT) != 0)
		wk_die(WK_DATA, "-p %ld: not a child of this process",
		    xclate_opt.pid);
}

int
xclate_master(char **operands, const struct wk_called *called)
{
	struct wk_spawn utility = wk_spawn_plain(NULL, NULL);
	int code, e, r;
	pid_t pid;

	utility.argv = wk_utility(operands, called, &utility.file);
	check_child(&utility.file);
	if (xclate_opt.dry)
		return dry_run(utility.argv);
	if (utility.argv != NULL &&
	    (e = wk_spawn_find(utility.file, NULL)) != 0)
		wk_die(wk_spawn_error_code(e), "%s: %s",
		    wk_command_name(utility.file), strerror(e));
	if (xclate_opt.verbose)
		wk_serve_verbose = wk_note;
	prepare_master();
	if (wk_became())
		wk_serve_for_utility();
	if (wk_serve_begin() != 0)
		wk_die(WK_SYSTEM, "cannot serve: %s", strerror(errno));
	if (xclate_opt.pid != 0)
		wk_serve_utility((pid_t)xclate_opt.pid);
	keep_streams();
	if (xclate_opt.output != NULL && strcmp(xclate_opt.output, "-") == 0)
		open_outer();
	open_socket(utility.argv == NULL && xclate_opt.pid == 0);
	if (wk_pass_variable(xclate_opt.detached) != 0)
		wk_die(WK_SYSTEM, "environment: %s", strerror(errno));
	open_streams(utility.argv != NULL);
	wk_publish(&master_socket, xclate_opt.detached);
	pid = start_utility(&utility);
	if (pid < 0) {
		e = errno;
		code = wk_spawn_error_code(e);
		wk_warn("%s: %s", wk_command_name(utility.file),
		    strerror(e));
	} else {
		if (xclate_opt.pid == 0)
			wk_serve_utility(pid);
		r = wk_serve_run(&ops, &master_socket, &code);
		if (r != 0)
			wk_note("cannot serve: %s", strerror(errno));
		code = r != 0 ? WK_SYSTEM : final_code(code);
	}
	close_streams(&code);
	code = close_outer(code);
	return code == 0 && m.lost ? WK_OUTPUT : code;
}
