/*
 * relay.c - the two ends of a link between hosts
 *
 * Both are masters.  What they say to each other before a connection is
 * carried (carry.c) is here: the projecting end makes a wire and says in a
 * first line what it is for (link.c), and the exporting end answers.  PROTOCOL
 * section 5.
 *
 * SPDX-License-Identifier: ISC
 */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "carry.h"
#include "base/dial.h"
#include "base/master.h"
#include "link.h"
#include "record.h"
#include "base/spawn.h"
#include "wrapw.h"

/* What a refusal for the version begins with. */
#define OTHER_VERSION "version "
/* What those hear who were looking for something else. */
#define NO_VISITOR "this is the end of a link of wrapw's"

enum {
	TARGET_MS = DIV_CONNECT_MS - 300, /* less than a client waits */
	LINK_MS = DIV_CONNECT_MS - 500, /* for the link to answer at first */
	LOOK_MS = 20,             /* between two looks whether there is room */
	RESERVE = 16,             /* descriptors that clients leave to us */
	/* At the exporting end: the same; and the percentages of all that may
	 * be in use when a circuit begins, or one more may wait for that. */
	LEAVE = 1, CIRCUIT_PERCENT = 60, WAIT_PERCENT = 75
};

/* True if a peer of this version speaks as we do: the number in front of the
 * dot is the same. */
static int
is_spoken(const char *version)
{
	size_t major = strcspn(LINK_PROTOCOL, ".") + 1;

	return strncmp(version, LINK_PROTOCOL, major) == 0;
}

/* The socket of either end may stand where others can see it: it is made with
 * a mask, and the old one is set again. */
static mode_t old_mask;

/* --- the exporting end --- */

/* A connection that comes over the link, until it is known what it is for. */
struct visitor {
	struct wk_client c;    /* first */
	enum { FIRST_LINE, WAITING, DIALING, GREETING, HOLDING } state;
	struct visitor *next;     /* of those that wait for room */
	char cookie[DIV_COOKIE_MAX + 1]; /* empty: the control protocol */
	struct dial dial;
	struct wk_io near;        /* the target */
	struct wk_timer patience;
	char said[8];             /* the target's greeting, so far */
	size_t said_len;
	const char *rest;         /* what came behind the first line */
	size_t rest_len;
};

static struct {
	const char *target;       /* the master whose name space it is */
	char *record;
	size_t record_len;
	struct record stack;      /* the same, taken apart */
	int old;                  /* the master does not know "confine" */
	/* New circuits begin only while descriptors remain for those that are
	 * there: their wires must always be accepted. */
	struct visitor *waiting, **waiting_end;
	struct wk_timer look;
} export;

/* A visitor no longer waits for room. */
static void
leave_queue(struct visitor *v)
{
	struct visitor **p;

	for (p = &export.waiting; *p != v; p = &(*p)->next)
		;
	*p = v->next;
	if (*p == NULL)
		export.waiting_end = p;
	v->next = NULL;
	v->state = FIRST_LINE;
	wk_timer_stop(&v->patience);
}

static void
turn_away(struct visitor *v, const char *reason)
{
	if (v->state == WAITING)
		leave_queue(v);
	if (wk_serve_verbose != NULL)
		wk_serve_verbose("a request was refused: %s", reason);
	wk_serve_printf(&v->c, "- %.300s\n", reason);
	wk_serve_finish(&v->c);
}

/* Both the wire and the connection to the target are there: carry. */
static void
let_in(struct visitor *v)
{
	unsigned strict = !wrapw_opt.allow_bind, named = *v->cookie != '\0';
	struct carry_ahead ahead = { .reply = "+ " LINK_PROTOCOL "\n",
	    .frames = v->c.in, .frames_len = v->c.in_len,
	    .guarded = strict && named, .hands_out = strict && !named };
	int near = v->near.fd;

	wk_timer_stop(&v->patience);
	wk_forget(&v->near);
	v->near.fd = -1;
	carry_circuit(near, wk_serve_release(&v->c), &ahead);
}

/* Whether the target is to be asked for readonly, for want of better. */
static int
asks_readonly(void)
{
	return export.old && !wrapw_opt.allow_bind;
}

static const char *
greeting(void)
{
	return asks_readonly() ? "++ 0\n" : "+";
}

/* The target answers the empty cookie, and perhaps the request readonly. */
static void
greeted(struct wk_io *io, int what)
{
	struct visitor *v = (struct visitor *)((char *)io -
	    offsetof(struct visitor, near));
	size_t all = strlen(greeting());
	ssize_t n = recv(io->fd, v->said + v->said_len, all - v->said_len,
	    MSG_DONTWAIT);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		v->said_len += (size_t)n;
	wk_forget(io);
	if (n <= 0 || strncmp(v->said, greeting(), v->said_len) != 0)
		turn_away(v, "the master here is of another version");
	else if (v->said_len == all)
		let_in(v);
	else if (wk_watch(io, WK_READ) != 0)
		turn_away(v, strerror(errno));
}

/* The target has not greeted in time, or there was no room. */
static void
waited_too_long(struct wk_timer *t)
{
	struct visitor *v = (struct visitor *)((char *)t -
	    offsetof(struct visitor, patience));

	turn_away(v, v->state == WAITING ? "too many connections" :
	    "the master does not answer");
}

static void
greet(struct visitor *v)
{
	static const char text[] = "\0readonly\n";
	size_t len = asks_readonly() ? sizeof text - 1 : 1;

	v->state = GREETING;
	v->near.ready = greeted;
	wk_timer_set(&v->patience, TARGET_MS);
	if (div_send(v->near.fd, text, len, -1) != (ssize_t)len ||
	    wk_watch(&v->near, WK_READ) != 0)
		turn_away(v, strerror(errno));
}

static void
target_dialed(struct dial *d, int fd)
{
	struct visitor *v = (struct visitor *)((char *)d -
	    offsetof(struct visitor, dial));

	if (fd < 0) {
		turn_away(v, errno == ENOENT ? "no such entry" :
		    strerror(errno));
		return;
	}
	v->near.fd = fd;
	if (*v->cookie == '\0')
		greet(v);
	else
		let_in(v);
}

/* Does the cookie stand for this variable of the record? */
static int
is_cookie_of(const char *variable, size_t prefix, const char *cookie)
{
	size_t name = strcspn(variable, "="), own = strlen(export.stack.own);
	const char *path = variable + name + 1;

	return (strlen(cookie) == name &&
	    strncmp(variable, cookie, name) == 0) ||
	    (strlen(cookie) == prefix &&
	    strncmp(variable, cookie, prefix) == 0) ||
	    (strncmp(path, export.stack.own, own) == 0 &&
	    path[own] == '/' && strcmp(path + own + 1, cookie) == 0);
}

/*
 * A master that does not know "confine" hands out other wrapws without a word
 * to them.  What may be asked of it: any service but those; itself only when
 * there are none.
 */
static int
is_harmless(const char *cookie)
{
	const struct record *r = &export.stack;
	size_t i, prefix, others = 0, found = 0;
	int kind, ours;

	for (i = 0; i < r->count; i++) {
		kind = div_name(r->variable[i], strcspn(r->variable[i], "="),
		    &prefix);
		if (kind < 0 && kind != DIV_NAME_DETACHED)
			continue;
		ours = prefix == strlen(wrapw.prefix) &&
		    strncmp(r->variable[i], wrapw.prefix, prefix) == 0;
		others += ours && strcmp(strchr(r->variable[i], '=') + 1,
		    r->own) != 0;
		found += !ours && is_cookie_of(r->variable[i], prefix, cookie);
	}
	return *cookie != '\0' ? found > 0 : others == 0;
}

static void
dial_target(struct visitor *v)
{
	char path[4096];
	int named = *v->cookie != '\0', confine = 0;

	v->state = DIALING;
	snprintf(path, sizeof path, "%s%s%s", export.target, named ? "/" : "",
	    v->cookie);
	if (!export.old && !wrapw_opt.allow_bind)
		confine = named ? DIV_CONFINE_WAY : DIV_CONFINE_END;
	/* the target answers, at the earliest, in the next round */
	if (!asks_readonly() || is_harmless(v->cookie))
		dial_start(&v->dial, path, 0, confine, TARGET_MS,
		    target_dialed);
	else
		turn_away(v, "the master here is too old to keep the far end "
		    "from changes");
}

/* The first that waits for room is let in, if there is some.  The next one is
 * looked at a round later, when this one has its descriptor. */
static void
look_for_room(struct wk_timer *t)
{
	struct visitor *v = export.waiting;

	if (v != NULL && !wk_serve_crowded(CIRCUIT_PERCENT)) {
		leave_queue(v);
		dial_target(v);
	}
	if (export.waiting != NULL)
		wk_timer_set(t, v != export.waiting ? 0 : LOOK_MS);
}

static void
wait_for_room(struct visitor *v)
{
	v->state = WAITING;
	*export.waiting_end = v;
	export.waiting_end = &v->next;
	wk_timer_set(&v->patience, TARGET_MS);
	if (!export.look.set)
		wk_timer_set(&export.look, LOOK_MS);
}

/* "line COOKIE": a circuit for a client of the other end. */
static void
wants_line(struct visitor *v, const char *cookie)
{
	if (strchr(cookie, '/') != NULL || strlen(cookie) > DIV_COOKIE_MAX) {
		turn_away(v, "no such entry");
		return;
	}
	strcpy(v->cookie, cookie);
	wk_serve_known(&v->c);
	wk_serve_pause(&v->c);
	if (export.waiting == NULL && !wk_serve_crowded(CIRCUIT_PERCENT))
		dial_target(v);
	else if (!wk_serve_crowded(WAIT_PERCENT))
		wait_for_room(v);
	else
		turn_away(v, "too many connections");
}

/* "hold": the other end itself; the wire stays open as long as it lives. */
static void
wants_hold(struct visitor *v, const char *argument)
{
	(void)argument;
	v->state = HOLDING;
	wk_serve_known(&v->c);
	wk_serve_printf(&v->c, "+ " LINK_PROTOCOL " %zu\n", export.record_len);
	wk_serve_send(&v->c, export.record, export.record_len);
}

/* "stream TOKEN": the bytes of a descriptor. */
static void
wants_stream(struct visitor *v, const char *token)
{
	/* what came behind the line is still in the caller's hands */
	carry_arrived(token, wk_serve_release(&v->c), v->rest, v->rest_len);
}

/* What a connection can be for.  None of them takes a descriptor. */
static const struct {
	const char *name;
	size_t argument;          /* bytes that it has; 0: any number */
	void (*serve)(struct visitor *v, const char *argument);
} requests[] = {
	{ "line", 0, wants_line },
	{ "hold", 0, wants_hold },
	{ "stream", CARRY_TOKEN - 1, wants_stream }
};

static void
relay_obey(struct visitor *v, const char *word, const char *argument)
{
	size_t i, n = sizeof requests / sizeof *requests;

	for (i = 0; i < n && strcmp(requests[i].name, word) != 0; i++)
		;
	if (i == n || (requests[i].argument != 0 &&
	    strlen(argument) != requests[i].argument))
		turn_away(v, "unknown request");
	else
		requests[i].serve(v, argument);
}

/* The first line of a new connection. */
static void
understand(struct visitor *v, const char *line)
{
	char version[16], word[16];
	int n = 0;

	wk_serve_asked(&v->c, "%s", line);
	if (sscanf(line, LINK_MAGIC " %15s %15s%n", version, word, &n) != 2 ||
	    !text_is_ascii(line))
		turn_away(v, NO_VISITOR);
	else if (!is_spoken(version))
		turn_away(v, OTHER_VERSION LINK_PROTOCOL);
	else
		relay_obey(v, word, line + n + (line[n] == ' '));
}

static size_t
visitor_input(struct wk_client *c, const char *data, size_t len)
{
	struct visitor *v = (struct visitor *)c;
	char line[LINK_LINE_MAX];
	long n;

	if (v->state != FIRST_LINE)
		return 0;
	n = wk_serve_line(data, len, line, sizeof line);
	if (n == 0 && text_ascii_length(data, len) != len) {
		turn_away(v, NO_VISITOR);
		return len;
	}
	if (n < 0) {
		turn_away(v, "a line is too long");
		return len;
	}
	if (n > 0) {
		v->rest = data + n;
		v->rest_len = len - (size_t)n;
		understand(v, line);
	}
	return (size_t)n;
}

static void
visitor_came(struct wk_client *c)
{
	struct visitor *v = (struct visitor *)c;

	v->near.fd = -1;
	v->patience.expired = waited_too_long;
}

static void
visitor_gone(struct wk_client *c)
{
	struct visitor *v = (struct visitor *)c;

	if (v->state == WAITING)
		leave_queue(v);
	dial_cancel(&v->dial);
	wk_timer_stop(&v->patience);
	if (v->near.fd < 0)
		return;
	wk_forget(&v->near);
	close(v->near.fd);
}

/* Fetch the record; whether it has more than the way to the master itself. */
static int
worth_it(void)
{
	struct record *r = &export.stack;
	size_t i, others = 0;
	enum record_flaw flaw;
	char *copy;

	export.record = wrapw_record(export.target, &export.record_len);
	copy = wk_alloc(export.record_len + 1, 1);
	memcpy(copy, export.record, export.record_len);
	flaw = record_read(r, copy, export.record_len);
	if (flaw != RECORD_GOOD)
		wk_die(WK_DATA, "%s: %s", export.target,
		    record_flaw_text(flaw));
	for (i = 0; i < r->count; i++)
		others += !text_begins(r->variable[i], "wrapw_link=") &&
		    strcmp(strchr(r->variable[i], '=') + 1, r->own) != 0;
	return others > 0;
}

static int
tell_utility(const struct div_socket *socket)
{
	umask(old_mask);
	carry_begin(NULL);
	export.waiting_end = &export.waiting;
	export.look.expired = look_for_room;
	if (setenv(RELAY_VARIABLE, socket->path, 1) == 0)
		return 0;
	wk_warn("environment: %s", strerror(errno));
	return WK_SYSTEM;
}

int
relay_export(char **operands, const struct wk_called *called)
{
	static const struct wk_ops ops = {
		.client_size = sizeof(struct visitor),
		.request_max = LINK_LINE_MAX,
		.stranger_ms = WK_STRANGER_MS,
		.reserve = LEAVE,       /* for others than circuits */
		.connected = visitor_came,
		.input = visitor_input,
		.gone = visitor_gone
	};
	const struct div_place place = wrapw_place("wx");
	const struct wk_master m = {
		.ops = &ops,
		.place = &place,
		.hidden = 1,
		.verbose = wrapw_opt.verbose,
		.bound = tell_utility
	};
	struct wk_spawn plain = wk_spawn_plain(NULL, NULL);

	export.target = wrapw_path();
	if (worth_it()) {
		export.old = !wrapw_knows(export.target, "confine");
		old_mask = umask(077);
		return wk_master_run(&m, operands, called);
	}
	if (wrapw_opt.verbose)
		wk_warn("there is nothing to export");
	unsetenv(RELAY_VARIABLE);
	plain.argv = wk_utility(operands, called, &plain.file);
	if (plain.argv == NULL)
		return 0;
	wk_spawn_exec(&plain);
	wk_die(wk_spawn_error_code(errno), "%s: %s",
	    wk_command_name(plain.file), strerror(errno));
}

/* --- the projecting end --- */

/* A client here, until its connection is carried. */
struct guest {
	struct wk_client c;    /* first */
	struct link link;
	struct wk_io wire;        /* to the other end */
	struct wk_timer patience;
	char cookie[DIV_COOKIE_MAX + 1];
	char said[LINK_LINE_MAX]; /* the other end's answer, so far */
	size_t said_len;
};

/* A wire for a descriptor, while it is made. */
struct reach {
	struct link link;         /* first */
	char token[CARRY_TOKEN];
};

static struct wk_io hold;         /* the first wire; it ends with the link */
static int grouped;               /* the utility has a process group */

static void
no_connection(struct guest *g, const char *reason)
{
	if (wk_serve_verbose != NULL)
		wk_serve_verbose("a request was refused: %s", reason);
	wk_timer_stop(&g->patience);
	wk_serve_puts(&g->c, "-");
	wk_serve_finish(&g->c);
}

static void
no_answer(struct wk_timer *t)
{
	no_connection((struct guest *)((char *)t -
	    offsetof(struct guest, patience)), "the link does not answer");
}

/* The other end has said yes: from now on there are frames. */
static void
begin_circuit(struct guest *g, const char *rest, size_t len)
{
	struct carry_ahead ahead = { .reply = "", .frames = rest,
	    .frames_len = len, .bytes = g->c.in, .bytes_len = g->c.in_len };
	int wire = g->wire.fd, near;

	wk_timer_stop(&g->patience);
	g->wire.fd = -1;
	near = wk_serve_release(&g->c);
	if (div_send(near, "+", 1, -1) != 1) {
		close(near);
		close(wire);
		return;
	}
	carry_circuit(near, wire, &ahead);
}

static void
answered(struct wk_io *io, int what)
{
	struct guest *g = (struct guest *)((char *)io -
	    offsetof(struct guest, wire));
	ssize_t n = recv(io->fd, g->said + g->said_len,
	    sizeof g->said - g->said_len, MSG_DONTWAIT);
	char *end;

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		g->said_len += (size_t)n;
	end = memchr(g->said, '\n', g->said_len);
	if (n > 0 && end == NULL && g->said_len < sizeof g->said)
		return;
	wk_forget(io);
	if (end == NULL || g->said[0] != '+') {
		no_connection(g, end != NULL ? "by the other end" :
		    "the link is gone");
		return;
	}
	end++;
	begin_circuit(g, end, g->said_len - (size_t)(end - g->said));
}

static void
guest_has_wire(struct link *l, int fd)
{
	struct guest *g = (struct guest *)((char *)l -
	    offsetof(struct guest, link));

	g->wire.fd = fd;
	g->wire.ready = answered;
	g->patience.expired = no_answer;
	if (fd < 0 || wk_watch(&g->wire, WK_READ) != 0)
		no_connection(g, strerror(errno));
	else
		wk_timer_set(&g->patience, DIV_CONNECT_MS);
}

/* A client's cookie, up to its NUL. */
static size_t
guest_input(struct wk_client *c, const char *data, size_t len)
{
	struct guest *g = (struct guest *)c;
	size_t most = sizeof g->cookie;
	const char *end = memchr(data, '\0', len < most ? len : most);

	/* (what is no cookie is refused without waiting for its end) */
	if (end == NULL && len < most && text_ascii_length(data, len) == len)
		return 0;
	wk_serve_known(c);
	wk_serve_asked(c, "cookie %.*s", (int)(len < most ? len : most), data);
	if (end == NULL || !text_is_ascii(data)) {
		no_connection(g, "a cookie makes no sense");
		return len;
	}
	memcpy(g->cookie, data, (size_t)(end - data) + 1);
	wk_serve_pause(c);
	/* the other end has to answer, so the rest of data is in c->in then */
	link_open(&g->link, "line", g->cookie, guest_has_wire);
	return (size_t)(end - data) + 1;
}

static void
guest_came(struct wk_client *c)
{
	((struct guest *)c)->wire.fd = -1;
}

static void
guest_gone(struct wk_client *c)
{
	struct guest *g = (struct guest *)c;

	link_cancel(&g->link);
	wk_timer_stop(&g->patience);
	if (g->wire.fd < 0)
		return;
	wk_forget(&g->wire);
	close(g->wire.fd);
}

static void
reached(struct link *l, int fd)
{
	struct reach *r = (struct reach *)l;

	if (fd >= 0)
		carry_arrived(r->token, fd, "", 0);
	else
		carry_lost(r->token);
	free(r);
}

static void
reach(const char *token)
{
	struct reach *r = calloc(1, sizeof *r);

	if (r == NULL) {
		carry_lost(token);
		return;
	}
	strcpy(r->token, token);
	link_open(&r->link, "stream", r->token, reached);
}

/* Whether a terminal would send the processes of a job a hang-up; without one
 * that is up to us. */
static int
has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/*
 * The link is gone, and with it what the utility could do here: it and its
 * children get the signal that a terminal sends when it hangs up.
 */
static void
link_lost(struct wk_io *io, int what)
{
	char byte;
	long pid = wk_serve_pid();

	(void)what;
	if (recv(io->fd, &byte, 1, MSG_DONTWAIT) < 0 &&
	    (errno == EAGAIN || errno == EINTR))
		return;
	wk_forget(io);
	close(io->fd);
	wk_note("the connection to the other host is gone");
	if (wk_serve_quit() < 0 && pid > 0)
		kill((pid_t)(grouped ? -pid : pid), SIGHUP);
}

/* The other end has said no, or something else; or nothing in time (errno). */
static int
mismatch(const char *line)
{
	const char *version = text_after(line, "- " OTHER_VERSION);

	if (errno == ETIMEDOUT) {
		wk_warn("%s: the other end does not answer",
		    wrapw_opt.project);
		return WK_UNAVAILABLE;
	}
	if (version != NULL)
		wk_warn("the link is of version %s here and of %.15s at the "
		    "other end", LINK_PROTOCOL, version);
	else
		wk_warn("%s: the other end is no exporting wrapw",
		    wrapw_opt.project);
	return WK_PROTOCOL;
}

/* Say hello; the record of the other end is the caller's to free.  0, or the
 * exit code. */
static int
fetch_record(char **record, size_t *len)
{
	int64_t deadline = div_awake() + LINK_MS;
	char line[64], version[16];
	size_t n, have;
	ssize_t r;

	errno = 0;
	if (link_say(hold.fd, "hold", "") != 0)
		return mismatch("");
	for (n = 0; n < sizeof line - 1; n++)
		if (div_read(hold.fd, line + n, 1, deadline) != 1 ||
		    line[n] == '\n' || line[n] == '\0')
			break;
	line[n] = '\0';
	if (sscanf(line, "+ %15s %zu", version, len) != 2 ||
	    *len > RECORD_MAX)
		return mismatch(line);
	if (!is_spoken(version))
		return mismatch("");
	*record = wk_alloc(*len + 1, 1);
	for (have = 0; have < *len; have += (size_t)r) {
		r = div_read(hold.fd, *record + have, *len - have, deadline);
		if (r <= 0)
			return mismatch("");
	}
	return 0;
}

/* The record ends with the level of its own master.  As for any master, that
 * level is put on top anew: remove it here. */
static int
pop_level(const char *own)
{
	int level = div_levels(wrapw.prefix);
	const char *path = level > 0 ?
	    div_level_path(wrapw.prefix, level) : NULL;
	char name[DIV_VARIABLE_MAX], value[16];

	if (path == NULL || strcmp(path, own) != 0)
		return 0;
	snprintf(name, sizeof name, "%s_%d", wrapw.prefix, level);
	snprintf(value, sizeof value, "%d", level - 1);
	if (unsetenv(name) != 0)
		return -1;
	snprintf(name, sizeof name, "%s_link", wrapw.prefix);
	return level > 1 ? setenv(name, value, 1) : unsetenv(name);
}

static int
use_record(char *record, size_t len, const char *own)
{
	struct record r;
	enum record_flaw flaw = record_read(&r, record, len);
	int bad;

	if (flaw != RECORD_GOOD) {
		wk_warn("%s: %s", wrapw_opt.project, record_flaw_text(flaw));
		return WK_DATA;
	}
	bad = record_rename(&r, own) != 0 || record_clear() != 0 ||
	    record_apply(&r) != 0 || pop_level(own) != 0;
	if (bad)
		wk_warn("environment: %s", strerror(errno));
	record_free(&r);
	return bad ? WK_SYSTEM : 0;
}

static const char *
why_no_link(int error)
{
	return error == EPERM ? "it belongs to somebody else" :
	    error == ENOTSOCK ? "it is not a socket" : strerror(error);
}

static int
linked(const struct div_socket *socket)
{
	char *record = NULL;
	size_t len;
	int code;

	umask(old_mask);
	carry_begin(reach);
	hold.fd = link_connect();
	if (hold.fd < 0) {
		wk_warn("%s: %s", wrapw_opt.project, why_no_link(errno));
		return WK_UNAVAILABLE;
	}
	code = fetch_record(&record, &len);
	if (code == 0)
		code = use_record(record, len, socket->path);
	if (code != 0)
		return code;
	hold.ready = link_lost;
	if (wk_watch(&hold, WK_READ) == 0)
		return 0;
	wk_warn("cannot serve: %s", strerror(errno));
	return WK_SYSTEM;
}

/* sshd leaves the link behind. */
static int
relay_ended(int code)
{
	link_remove();
	return code;
}

int
relay_project(char **operands, const struct wk_called *called)
{
	static const struct wk_ops ops = {
		.client_size = sizeof(struct guest),
		.request_max = DIV_COOKIE_MAX + 1,
		.stranger_ms = WK_STRANGER_MS,
		.reserve = RESERVE,
		.strangers_max = WRAPW_STRANGERS,
		.each = 3,
		.connected = guest_came,
		.input = guest_input,
		.gone = guest_gone
	};
	const struct div_place place = wrapw_place("ww");
	const struct wk_master m = {
		.ops = &ops,
		.place = &place,
		.detached = wrapw_opt.detached,
		.verbose = wrapw_opt.verbose,
		.group = !has_terminal(),
		.bound = linked,
		.ended = relay_ended
	};

	if (wrapw_opt.project[0] != '/')
		wk_usage("-P: the path of a link is absolute");
	grouped = m.group;
	old_mask = umask(077);
	return wk_master_run(&m, operands, called);
}
