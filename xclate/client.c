/*
 * client.c - xclate's client: a filter, or the runner of a command
 *
 * wire/section.c has the section, and wire/talk.c the protocol.  What is
 * decided here is where the section's bytes come from: from our stdin (a
 * filter), from a command that writes to the output itself during the turn, or
 * from one that writes to us (capture).
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire/late.h"
#include "wire/section.h"
#include "divconnect.h"
#include "base/event.h"
#include "base/flow.h"
#include "base/kin.h"
#include "base/pty.h"
#include "base/spawn.h"
#include "base/terminal.h"
#include "base/window.h"
#include "xclate.h"

enum {
	INHERITED_MS = 1000        /* for the writer of stdin to end */
};

static struct {
	struct section section;
	struct flow input;         /* stdin, to the command */
	struct flow late;          /* stderr, held until stdout is over */
	struct wk_io rest;         /* stderr that there was no room to hold, */
	int late_lost;             /* which is read and lost */
	struct wk_child child;
	const char *path, *file;
	struct tags tags;          /* of our own alone */
	char **argv;               /* the command, or NULL */
	int capture;               /* its output comes to us first */
	int stdin_used;            /* one of these flows reads it */
	int input_ready;           /* enough to start the command */
	int turn_here;
	int started, over;
	int inherited;             /* a filter's children from before: the
	                              writer of stdin, perhaps, and others */
	struct wk_timer patience;  /* with these, once stdin has ended */
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
		exit(WK_SIGNAL + sig);
}

/* Another size of our terminal: the command's is to have it as well.  Who is in
 * our group has been told too early. */
static void
xclient_resized(struct wk_window *w)
{
	if (!w->changed || me.child.pid <= 0)
		return;
	wk_pty_resize(flow_source_fd(&me.section.flow), &w->size);
	wk_pty_resize(flow_source_fd(&me.late), &w->size);
	kill(xclate_opt.session ? -me.child.pid : 0, SIGWINCH);
}

static void
xclient_command_ended(void)
{
	if (me.section.direct)
		flow_close(&me.input);
	flow_linger(&me.late, xclate_opt.linger_ms);
	section_code(&me.section, me.code);
	if (me.section.direct)
		section_end(&me.section);
}

static void
xclient_child_ended(struct wk_child *c, int status)
{
	c->pid = 0;
	wk_terminal_child_ended();
	me.code = wk_spawn_code(status);
	if (me.late_lost && me.code == 0)
		me.code = WK_OUTPUT;
	if (!me.over)
		xclient_command_ended();
}

static void
xclient_child_stopped(struct wk_child *c, int sig)
{
	wk_terminal_child_stopped(c->pid, sig, wk_end_pending);
}

static void
other_ended(int status)
{
	if (me.argv == NULL)
		me.code = wk_spawn_code(status);
}

static void
inherited_ended(void)
{
	wk_timer_stop(&me.patience);
	me.inherited = 0;
	xclient_command_ended();
}

static void
inherited_stay(struct wk_timer *t)
{
	(void)t;
	inherited_ended();
}

/* A filter's code is that of a child which the process had before it became
 * xclate, but that may also be one that has nothing to do with it. */
static void
look_after_inherited(void)
{
	if (!me.inherited)
		return;
	if (!wk_reap()) {
		inherited_ended();
	} else if (flow_ended(&me.section.flow) && !me.patience.set) {
		me.patience.expired = inherited_stay;
		wk_timer_set(&me.patience, INHERITED_MS);
	}
}

static void
command_failed(int error)
{
	me.code = wk_spawn_error_code(error);
	wk_warn("%s: %s", me.file, strerror(error));
	if (!me.section.direct) {
		/* no source: an empty one */
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		flow_source(&me.section.flow, null, 0);
	}
	xclient_command_ended();
}

/* What becomes the command's stdin, or -1: ours.  *feed: our end of it, when
 * it is a pipe. */
static int
command_stdin(int *feed)
{
	int fd[2];

	if (xclate_opt.use_stdin)
		return section_fd(&me.section, TALK_IN);
	if (xclate_opt.no_stdin || (me.stdin_used && flow_ended(&me.input) &&
	    me.input.total == 0)) {
		fd[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fd[0] < 0)
			wk_die(WK_SYSTEM, "/dev/null: %s", strerror(errno));
		return fd[0];
	}
	if (!me.stdin_used)
		return -1;      /* it has ours */
	if (div_pipe(fd) != 0)
		wk_die(WK_SYSTEM, "pipe: %s", strerror(errno));
	*feed = fd[1];
	return fd[0];
}

static void
watch_command(pid_t pid)
{
	me.child.pid = pid;
	me.child.ended = xclient_child_ended;
	me.child.stopped = xclient_child_stopped;
	wk_child_watch(&me.child);
}

static void
prepare_signals(void)
{
	if (wk_signal(SIGTERM, pass_on) != 0 ||
	    wk_signal(SIGHUP, pass_on) != 0 ||
	    wk_spawn_signal(SIGINT, SIG_IGN) != 0 ||
	    wk_spawn_signal(SIGQUIT, SIG_IGN) != 0)
		wk_die(WK_SYSTEM, "signals: %s", strerror(errno));
}

/* A command whose stderr is not read would wait for ever, and we for its
 * end. */
static void
read_rest(struct wk_io *io, int what)
{
	char bytes[4096];
	ssize_t n;

	(void)what;
	do
		n = read(io->fd, bytes, sizeof bytes);
	while (n > 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	wk_forget(io);
	close(io->fd);
}

static void
lose_rest(void)
{
	me.late_lost = 1;
	wk_warn("section %s: no room for its standard error, which is lost "
	    "from there on (TMPDIR names a directory for it)", me.section.xid);
	me.rest.fd = fcntl(flow_source_fd(&me.late), F_DUPFD_CLOEXEC, 3);
	me.rest.ready = read_rest;
	flow_cut(&me.late);
	if (me.rest.fd >= 0 && wk_watch(&me.rest, WK_READ) != 0)
		close(me.rest.fd);      /* then nothing waits for a reader */
	if (me.child.pid == 0 && me.code == 0) {
		me.code = WK_OUTPUT;
		section_code(&me.section, me.code);
	}
}

static void
xclient_input_failed(int error)
{
	me.input_error = 1;
	if (me.capture)
		wk_warn("section %s: what it wrote cannot be read: %s",
		    me.section.xid, strerror(error));
	else
		wk_warn("standard input: %s", strerror(error));
}

static void
xclient_late_says(struct flow *f, int what)
{
	if (what & FLOW_STUCK)
		lose_rest();
	if ((what & FLOW_UNREADABLE) ||
	    ((what & FLOW_FAILED) && f->error != EPIPE))
		xclient_input_failed(f->error);
	if (f->late >= 0 && (what & FLOW_END)) {
		late_copy(f->late);
		f->late = -1;
	}
	if ((what & FLOW_FAILED) ||
	    ((what & FLOW_EMPTY) && (flow_ended(f) || me.late_lost)))
		flow_close(f);
}

/* The section has all of stdout: stderr is what it reads next. */
static int
late_stderr(void)
{
	int fd[2];

	if (me.late.failed)
		return -1;
	if (div_pipe(fd) != 0)
		wk_die(WK_SYSTEM, "pipe: %s", strerror(errno));
	flow_sink(&me.late, fd[1]);
	return fd[0];
}

/* The way of what the command writes to us: fd[0] is ours. */
static void
open_capture(int fd[2])
{
	static struct wk_window window = { .resized = xclient_resized };
	struct winsize size;

	if (!xclate_opt.pty) {
		if (div_pipe(fd) != 0)
			wk_die(WK_SYSTEM, "pipe: %s", strerror(errno));
		return;
	}
	wk_window_size(&size);
	if (wk_pty_open(fd, &size) != 0)
		wk_die(WK_SYSTEM, "--pty: a terminal cannot be made "
		    "(/dev/ptmx, /dev/pts): %s", strerror(errno));
	if (window.size.ws_col == 0 && wk_window_watch(&window) != 0)
		wk_die(WK_SYSTEM, "signals: %s", strerror(errno));
}

/* What becomes the command's stderr, or -1: ours.  *late: our end of it, when
 * it is held. */
static int
command_stderr(int out, int *late)
{
	int fd[2];

	if (xclate_opt.use_stderr)
		return section_fd(&me.section, TALK_ERR);
	if (xclate_opt.with_stderr)
		return out;
	if (!xclate_opt.stderr_last)
		return -1;
	open_capture(fd);
	*late = fd[0];
	return fd[1];
}

static void
hold_stderr(int fd)
{
	me.late.cap = me.section.flow.cap;
	me.late.spill = me.late.keep_late = 1;
	flow_begin(&me.late, xclient_late_says);
	flow_source(&me.late, fd, 1);
	me.section.more = late_stderr;
}

/* What the command has for its 0, 1 and 2 (-1: what we have); and our ends of
 * the pipes among them, or -1. */
struct ends {
	int fd[3];
	int feed, out, late;
};

static void
open_ends(struct ends *e)
{
	int out[2] = { -1, -1 };

	e->feed = e->late = -1;
	if (me.capture)
		open_capture(out);
	e->out = out[0];
	e->fd[0] = command_stdin(&e->feed);
	e->fd[1] = me.capture ? out[1] : section_output(&me.section);
	e->fd[2] = command_stderr(e->fd[1], &e->late);
}

/* The command has its ends, or never will. */
static void
close_its_ends(const struct ends *e)
{
	if (e->fd[0] >= 0 && !xclate_opt.use_stdin)
		close(e->fd[0]);
	if (me.capture)
		close(e->fd[1]);
	if (e->late >= 0)
		close(e->fd[2]);
}

static void
close_our_ends(const struct ends *e)
{
	const int fd[] = { e->feed, e->out, e->late };
	size_t i;

	for (i = 0; i < sizeof fd / sizeof *fd; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

static void
use_our_ends(const struct ends *e)
{
	if (e->out >= 0)
		section_source(&me.section, e->out, 1);
	if (e->late >= 0)
		hold_stderr(e->late);
	if (e->feed >= 0)
		flow_sink(&me.input, e->feed);
}

static void
start_command(void)
{
	struct wk_spawn s = wk_spawn_plain(me.file, me.argv);
	struct ends ends;
	int e;
	pid_t pid;

	me.started = 1;
	open_ends(&ends);
	s.fd = ends.fd;
	s.dir = xclate_opt.use_dir ? section_fd(&me.section, TALK_DIR) : -1;
	s.session = xclate_opt.session;
	prepare_signals();
	trace_command("command", me.argv);
	wk_spawn_blocking_streams(ends.fd);
	pid = wk_spawn(&s);
	e = errno;
	close_its_ends(&ends);
	if (pid < 0) {
		close_our_ends(&ends);
		command_failed(e);
		return;
	}
	watch_command(pid);
	use_our_ends(&ends);
}

static void
maybe_start(void)
{
	if (!me.started && me.turn_here && me.input_ready)
		start_command();
}

/* The command starts when all of its input is here, or as much as may be
 * held. */
static void
input_says(struct flow *f, int what)
{
	if (what & FLOW_UNREADABLE)
		xclient_input_failed(f->error);
	if ((what & FLOW_FAILED) && !me.started)
		wk_die(WK_SYSTEM, "standard input: %s", strerror(f->error));
	if (what & FLOW_FAILED) {
		flow_close(f);  /* the command wants no more of it */
		return;
	}
	if (what & (FLOW_END | FLOW_FULL)) {
		me.input_ready = 1;
		if (what & FLOW_END)
			section_ask(&me.section);
		else
			section_ask_full(&me.section);
		maybe_start();
	}
	if ((what & FLOW_EMPTY) && flow_ended(f))
		flow_close(f);
}

/* Our stdin, for a flow to read and to close: its writer is to notice when it
 * is read no more. */
static int
xclient_take_stdin(void)
{
	int fd = above_2(0), null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || null < 0 || dup2(null, 0) < 0)
		wk_die(WK_SYSTEM, "standard input: %s", strerror(errno));
	close(null);
	me.stdin_used = 1;
	return fd;
}

static void
xclient_granted(struct section *s)
{
	(void)s;
	me.turn_here = 1;
	if (me.argv != NULL)
		maybe_start();
}

static void
xclient_ended(struct section *s)
{
	me.over = 1;
	/* a pipe without a reader would end it; at a terminal that is gone,
	 * programs are told */
	if (xclate_opt.pty && s->fault != SECTION_GOOD && me.child.pid > 0)
		kill(xclate_opt.session ? -me.child.pid : me.child.pid,
		    SIGHUP);
}

/* A command whose output comes to us first. */
static void
begin_capture(struct section *s)
{
	me.capture = 1;
	s->direct = 0;
	s->reports = s->follows = 1;
	me.input_ready = 1;
	if (xclate_opt.use_stdin || xclate_opt.use_stderr)
		section_ask(s);
	else
		start_command();
}

static void
begin_direct(struct section *s)
{
	if (xclate_opt.use_stdin || xclate_opt.no_stdin) {
		me.input_ready = 1;
		section_ask(s);
		return;
	}
	me.input.cap = s->flow.cap;
	me.input.spill = s->flow.spill;
	flow_begin(&me.input, input_says);
	flow_source(&me.input, xclient_take_stdin(), 0);
}

/* The master has answered: now it is known which way the bytes go. */
static void
xclient_ready(struct section *s)
{
	if (me.argv == NULL) {
		if (s->tag != NULL)
			flow_source(&s->flow, xclient_take_stdin(), 0);
	} else if (s->squeeze || s->whole || s->lines || s->tag != NULL ||
	    s->newline || xclate_opt.stderr_last || xclate_opt.pty) {
		begin_capture(s);
	} else {
		begin_direct(s);
	}
}

static void
describe_section(const char *xid)
{
	struct section *s = &me.section;

	s->xid = xid;
	s->title = xclate_opt.style.title;
	s->rule = xclate_opt.style.rule;
	s->escape = xclate_opt.style.escape;
	s->has_cap = xclate_opt.style.has_cap != 0;
	s->cap = xclate_opt.style.cap;
	s->block = xclate_opt.style.block != 0;
	s->squeeze = xclate_opt.style.squeeze != 0;
	s->quick = xclate_opt.style.quick != 0;
	s->whole = xclate_opt.style.whole != 0;
	s->lines = xclate_opt.style.lines && !xclate_opt.to_widow;
	s->newline = xclate_opt.style.newline != 0;
	s->tag = xclate_opt.style.tag;
	s->tags = xclate_opt.style.tag_colour ? &me.tags : NULL;
	s->widow = xclate_opt.to_widow != 0;
	s->quit = xclate_opt.quit != 0;
	s->direct = me.argv != NULL;
	s->want_in = me.argv != NULL && xclate_opt.use_stdin;
	s->want_err = me.argv != NULL && xclate_opt.use_stderr;
	s->want_dir = me.argv != NULL && xclate_opt.use_dir;
	s->ready = xclient_ready;
	s->granted = xclient_granted;
	s->ended = xclient_ended;
	s->unset = variable_unset;
	s->left = late_copy;
	s->linger_ms = xclate_opt.linger_ms;
	s->unreadable = xclient_input_failed;
}

/* A reader that is gone ends us as it ends any program. */
static int
xclient_output_failed(int error)
{
	if (error == EPIPE && !wk_spawn_ignored(SIGPIPE)) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	wk_warn("section %s: output: %s", me.section.xid, strerror(error));
	return me.code != 0 ? me.code : WK_OUTPUT;
}

static int
xclient_result(void)
{
	struct section *s = &me.section;
	char who[4096];

	if (section_is_elsewhere(s, me.path, who, sizeof who)) {
		wk_warn("%s: %s", me.path, who);
		return WK_PROTOCOL;
	}
	switch (s->fault) {
	case SECTION_GOOD:
	case SECTION_SOURCE:            /* xclient_input_failed has told it */
		break;
	case SECTION_OUTPUT:
		return xclient_output_failed(s->flow.error);
	case SECTION_UNCONFIRMED:
		wk_warn("%s: the master is gone, section %s may be lost",
		    me.path, s->xid);
		return me.code != 0 ? me.code : WK_PROTOCOL;
	case SECTION_CUT_OFF:
		wk_warn("%s: the link to the master, or the master, is gone, "
		    "section %s may be lost", me.path, s->xid);
		return me.code != 0 ? me.code : WK_OUTPUT;
	case SECTION_UNWRITTEN:
		wk_warn("section %s: the master could not write all of it",
		    s->xid);
		return me.code != 0 ? me.code : WK_OUTPUT;
	case SECTION_UNSENT:
		wk_warn("%s: %s", me.path, strerror(s->talk_error));
		return WK_SYSTEM;
	case SECTION_NO_MEMORY:
		wk_warn("out of memory");
		return WK_SYSTEM;
	case SECTION_NONSENSE:
		wk_warn("%s: the master's answer makes no sense", me.path);
		return WK_PROTOCOL;
	case SECTION_SILENT:
		wk_warn("%s: the master does not answer", me.path);
		return WK_TIMEOUT;
	case SECTION_GONE:
		if (s->written)
			wk_warn("%s: the master is gone", me.path);
		else
			wk_warn("%s: the master is gone, section %s was not "
			    "written (%llu bytes)", me.path, s->xid,
			    (unsigned long long)(s->lost + me.late.held));
		return me.argv != NULL && s->written && me.code != 0 ?
		    me.code : WK_PROTOCOL;
	}
	if (me.input_error)
		return WK_OUTPUT;
	return me.argv != NULL ? me.code : 0;
}

/* A command may outlive its section; then it is waited for, as a shell does. */
static int
wait_for_command(void)
{
	int code;

	while (me.child.pid > 0)
		if (wk_round(1) != 0)
			break;
	if (me.argv != NULL)
		wk_spawn_blocking_streams(NULL);
	if (late_lost())
		wk_warn("section %s: what was written after its command's end "
		    "is lost (see --linger)", me.section.xid);
	code = xclient_result();
	wk_kin_part();
	return code;
}

static int
serve_section(void)
{
	if (wk_init() != 0 || wk_spawn_write_errors() != 0)
		wk_die(WK_SYSTEM, "cannot wait: %s", strerror(errno));
	wk_kin_note();
	wk_child_unwatched(other_ended);
	me.inherited = me.argv == NULL && wk_reap();
	me.section.reports = me.inherited != 0;
	if (section_open(&me.section, me.path) != 0)
		wk_die_connect(me.path);
	if (me.argv != NULL && xclate_opt.use_stdin)
		section_ask(&me.section);       /* one round trip less */
	if (me.argv == NULL && !me.inherited)
		section_code(&me.section, me.code);     /* one may be over */
	if (me.argv == NULL && xclate_opt.style.tag == NULL)
		flow_source(&me.section.flow, xclient_take_stdin(), 0);
	while (!me.over) {
		if (wk_round(1) != 0)
			wk_die(WK_SYSTEM, "cannot wait: %s", strerror(errno));
		look_after_inherited();
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

/* Take xid and command out of [xid [--] [command [args]]], where xid --
 * stands for the default; returns the xid. */
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
	int e = talk_check_xid(xid);

	if (e == ENAMETOOLONG)
		wk_die(WK_CANTCREATE, "%s: an xid may have %d bytes at most",
		    xid, TALK_XID_MAX);
	if (e != 0)
		wk_die(WK_DATA, "%s: an xid may not contain control "
		    "characters", xid);
	if (me.argv == NULL) {
		if (xclate_opt.use_stdin || xclate_opt.use_stderr ||
		    xclate_opt.use_dir)
			wk_warn("-I, -E and -D mean nothing without a "
			    "command");
		if (xclate_opt.session)
			setsid();
		return;
	}
	e = wk_spawn_find(me.file, NULL);
	if (e != 0)
		wk_die(wk_spawn_error_code(e), "%s: %s (in section %s)",
		    wk_command_name(me.file), strerror(e), xid);
}

int
xclate_client(char **words, const struct wk_called *called)
{
	const char *xid = client_words(words);

	if (me.argv != NULL) {
		me.file = me.argv[0];
		if (called->utility != NULL)
			me.argv[0] = (char *)called->utility;
	}
	if (xclate_opt.dry) {
		if (me.argv != NULL)
			trace_command("command", me.argv);
		else
			wk_warn("section %s: standard input", xid);
		return 0;
	}
	check_section(xid);
	me.path = wk_target(xclate_opt.depth, xclate_opt.socket);
	describe_section(xid);
	return serve_section();
}

/* --- -Z: a client that would wait for the master that waits for it --- */

static int cat_over;

static void
cat_says(struct flow *f, int what)
{
	if (what & FLOW_FAILED)
		wk_warn("standard output: %s", strerror(f->error));
	if (what & FLOW_UNREADABLE)
		xclient_input_failed(f->error);
	cat_over = f->failed || (flow_ended(f) && flow_idle(f));
}

int
xclate_cat(void)
{
	static struct flow f = { .cap = 65536 };
	int out = above_2(1);

	if (out < 0)
		wk_die(WK_SYSTEM, "descriptors: %s", strerror(errno));
	flow_begin(&f, cat_says);
	wk_warn("a redirection of a master's cannot be its client: "
	    "copying as cat does");
	if (wk_init() != 0)
		wk_die(WK_SYSTEM, "cannot wait: %s", strerror(errno));
	flow_source(&f, xclient_take_stdin(), 0);
	flow_sink(&f, out);
	while (!cat_over)
		if (wk_round(1) != 0)
			return WK_SYSTEM;
	return f.failed || me.input_error ? WK_OUTPUT : 0;
}
