/*
 * master.c - the master of wrapw
 *
 * A client sends a cookie and is handed a connection to the service that the
 * cookie stands for; or it sends an empty cookie, and then speaks the control
 * protocol.  The loop connects to the targets (base/dial.c), so one that does
 * not answer holds up only the clients that asked for it.  PROTOCOL section 4
 * has what goes over the wire.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dial.h"
#include "base/master.h"
#include "base/text.h"
#include "space.h"
#include "wire/control.h"
#include "wrapw.h"

extern char **environ;

enum {
	/* a little less than a client waits, so that it gets the refusal */
	ANSWER_MS = DIV_CONNECT_MS - 500,
	COOKIE_MS = 10000,        /* for a client that begins anew */
	RESERVE = 16              /* descriptors kept free of clients */
};

struct client {
	struct wk_client c;    /* first */
	enum { COOKIE, CONTROL, SERVED, REFUSED } state; /* what it says
	                             next; REFUSED: the rest of nonsense */
	int readonly;             /* it may change nothing, neither here
	                             nor where it is handed on to */
	struct request *request;  /* a connection that is being made */
	struct survey *survey;    /* a listing that is being made */
	struct wk_timer patience; /* SERVED: until it has to hang up; COOKIE,
	                             anew: until it is there */
};

/* A connection to a target, for a client. */
struct request {
	struct dial dial;         /* first */
	struct client *client;
	struct space_entry *entry;
	struct space_union *targets;
	size_t at;                /* the target that is tried */
	int64_t until;            /* of div_awake: then it is refused */
	int hops;                 /* masters that have passed it on */
	char cookie[];
};

/* One target of a listing, and whether it answers. */
struct probe {
	struct dial dial;         /* first */
	struct survey *survey;
	const struct space_entry *entry;
	struct space_union *targets;
	size_t at;
	int answers;
};

struct survey {
	struct client *client;
	size_t waiting;           /* probes under way */
	size_t count;
	struct probe probe[];
};

static struct space space;

/* --- answers of the control protocol --- */

static void
yes(struct client *k, const char *text, size_t len)
{
	wk_serve_printf(&k->c, "+ %zu\n", len);
	wk_serve_send(&k->c, text, len);
}

static void
no(struct client *k, const char *fmt, ...)
{
	char text[512], line[1024] = "- ";
	size_t n = strlen(line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	n += wk_visible(line + n, sizeof line - n - 1, text);
	line[n++] = '\n';
	wk_serve_send(&k->c, line, n);
}

/* --- handing out connections --- */

static void
drop_request(struct client *k)
{
	struct request *r = k->request;

	if (r == NULL)
		return;
	space_release(r->targets);
	free(r);
	k->request = NULL;
}

/* The client gets no connection. */
static void
wmaster_refuse(struct client *k, const char *reason)
{
	drop_request(k);
	if (wk_serve_verbose != NULL)
		wk_serve_verbose("a request was refused: %s", reason);
	if (k->state == CONTROL) {
		no(k, "%s", reason);
		wk_serve_resume(&k->c);
	} else {
		wk_serve_puts(&k->c, "-");
		wk_serve_finish(&k->c);
	}
}

static void
served_too_long(struct wk_timer *t)
{
	struct client *k = (struct client *)((char *)t -
	    offsetof(struct client, patience));

	wk_serve_drop(&k->c, "it does not hang up");
}

static void try_target(struct request *r);

static void
wmaster_connected(struct dial *l, int fd)
{
	struct request *r = (struct request *)l;
	struct client *k = r->client;

	if (fd < 0) {
		if (wk_serve_verbose != NULL)
			wk_serve_verbose("%s: %s: %s", r->entry->name,
			    r->targets->path[r->at], strerror(errno));
		r->at++;
		try_target(r);
		return;
	}
	r->entry->connects++;
	/* apart, so that a client that reads one byte does not lose the
	 * descriptor */
	wk_serve_puts(&k->c, "@");
	wk_serve_give_fd(&k->c, r->cookie, strlen(r->cookie), fd);
	/* the client has to hang up first: if we closed the socket with the
	 * descriptor still on its way, Linux would look for garbage */
	k->state = SERVED;
	k->patience.expired = served_too_long;
	wk_timer_set(&k->patience, DIV_CONNECT_MS);
	wk_serve_resume(&k->c);
	drop_request(k);
}

/*
 * What a client may not change here it may not change elsewhere, so another
 * wrapw is told before the client is handed its connection; one that does not
 * know of that (it is of version 1.0) is none of the client's then.
 */
static int
confinement(const struct request *r)
{
	const struct space_entry *e = r->entry;

	return r->client->readonly && e->prefix == strlen(wrapw.prefix) &&
	    memcmp(e->name, wrapw.prefix, e->prefix) == 0 ?
	    DIV_CONFINE_END : 0;
}

/* Each of several targets gets its share of the time. */
static void
try_target(struct request *r)
{
	size_t left = r->targets->count - r->at;
	int64_t ms = r->until - div_awake();

	if (left == 0 || ms <= 0) {
		wmaster_refuse(r->client, "the target does not answer");
		return;
	}
	ms /= (int64_t)left;
	dial_start(&r->dial, r->targets->path[r->at], r->hops + 1,
	    confinement(r), ms > 0 ? (int)ms : 1, wmaster_connected);
}

static void
hand_over(struct client *k, const char *cookie, int hops)
{
	struct space_entry *e = space_find(&space, cookie);
	struct request *r;

	if (e == NULL || hops > DIV_CHAIN_MAX) {
		wmaster_refuse(k, e == NULL ? "no such entry" :
		    "too many masters in a row");
		return;
	}
	r = calloc(1, sizeof *r + strlen(cookie) + 1);
	if (r == NULL) {
		wmaster_refuse(k, "out of memory");
		return;
	}
	strcpy(r->cookie, cookie);
	r->client = k;
	r->entry = e;
	r->targets = space_hold(e->targets);
	r->until = div_awake() + ANSWER_MS;
	r->hops = hops;
	k->request = r;
	wk_serve_pause(&k->c);
	try_target(r);
}

/* --- the listing --- */

static void
drop_survey(struct client *k)
{
	struct survey *v = k->survey;
	size_t i;

	if (v == NULL)
		return;
	for (i = 0; i < v->count; i++)
		space_release(v->probe[i].targets);
	free(v);
	k->survey = NULL;
}

/* "target answers"; of several targets each, with its number. */
static void
put_answers(FILE *f, const struct probe *p)
{
	size_t i, n = p->targets->count;

	for (i = 0; i < n; i++) {
		fputs(", target ", f);
		if (n > 1)
			fprintf(f, "%zu ", i + 1);
		fputs(p[i].answers ? "answers" : "does not answer", f);
	}
	putc('\n', f);
}

static void
wmaster_put_listing(FILE *f, const struct survey *v)
{
	const struct probe *p, *end = v->probe + v->count;

	for (p = v->probe; p < end; p++)
		space_put_bind(f, p->at > 0, p->targets->path[p->at],
		    p->entry->name);
	for (p = v->probe; p < end; p += p->targets->count) {
		fprintf(f, "# entry %u %s: %lu connect%s", p->entry->number,
		    p->entry->name, p->entry->connects,
		    p->entry->connects == 1 ? "" : "s");
		put_answers(f, p);
	}
}

static void
end_survey(struct survey *v)
{
	struct client *k = v->client;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (f != NULL) {
		wmaster_put_listing(f, v);
		fclose(f);
	}
	if (text != NULL)
		yes(k, text, len);
	else
		no(k, "out of memory");
	free(text);
	drop_survey(k);
	wk_serve_resume(&k->c);
}

static void
probed(struct dial *l, int fd)
{
	struct probe *p = (struct probe *)l;
	struct survey *v = p->survey;

	p->answers = fd >= 0;
	if (fd >= 0)
		close(fd);
	if (--v->waiting == 0)
		end_survey(v);
}

/* One probe for each target of each entry that is bound. */
static struct survey *
new_survey(struct client *k)
{
	struct survey *v;
	struct space_entry *e;
	size_t i, at, n = 0;

	for (i = 0; i < space.count; i++)
		if (space.entry[i]->targets != NULL)
			n += space.entry[i]->targets->count;
	v = calloc(1, sizeof *v + n * sizeof *v->probe);
	if (v == NULL)
		return NULL;
	for (i = 0; i < space.count; i++) {
		e = space.entry[i];
		for (at = 0; e->targets && at < e->targets->count; at++)
			v->probe[v->count++] = (struct probe){ .survey = v,
			    .entry = e, .at = at,
			    .targets = space_hold(e->targets) };
	}
	v->client = k;
	return v;
}

/* --- the requests of the control protocol --- */

static void
req_ns(struct client *k, char *args)
{
	struct survey *v = new_survey(k);
	size_t i, n;

	(void)args;
	if (v == NULL) {
		no(k, "out of memory");
		return;
	}
	k->survey = v;
	wk_serve_pause(&k->c);
	/* one more than there are: a probe may end before the next begins,
	 * which is not the end of the survey */
	n = v->count;
	v->waiting = n + 1;
	for (i = 0; i < n; i++)
		dial_start(&v->probe[i].dial,
		    v->probe[i].targets->path[v->probe[i].at], 1, 0,
		    ANSWER_MS, probed);
	if (--v->waiting == 0)
		end_survey(v);
}

static void
req_record(struct client *k, char *args)
{
	size_t len;
	char *text = space_record(&space, wrapw.prefix, &len);

	(void)args;
	if (text == NULL)
		no(k, "%s", strerror(errno));
	else
		yes(k, text, len);
	free(text);
}

/* Take the flag off the front of a bind's words. */
static enum space_mode
bind_mode(char **args)
{
	char *p = *args;
	char flag = p[0] == '-' && p[1] != '\0' && p[2] == ' ' ? p[1] : '\0';

	if (flag != 'a' && flag != 'b' && flag != 'c')
		return SPACE_REPLACE;
	*args += 3;
	return flag == 'a' ? SPACE_AFTER :
	    flag == 'b' ? SPACE_BEFORE : SPACE_CREATE;
}

static void
req_bind(struct client *k, char *args)
{
	enum space_mode mode = bind_mode(&args);
	char *blank = strrchr(args, ' '), text[CONTROL_LINE_MAX + 64];
	enum space_reason why;
	struct space_entry *e;

	if (blank == NULL || blank == args || blank[1] == '\0') {
		no(k, "bind takes a target and a name");
		return;
	}
	*blank = '\0';
	e = space_bind(&space, args, blank + 1, mode, &why);
	if (e == NULL) {
		no(k, "%.300s: %s", space_blames_target(why) ? args :
		    blank + 1, space_reason_text(why));
		return;
	}
	/* the number, and a remark */
	snprintf(text, sizeof text, "%u%s%s%s\n", e->number,
	    div_exists(args) ? "" : " ", div_exists(args) ? "" : args,
	    div_exists(args) ? "" : ": no socket is there");
	yes(k, text, strlen(text));
}

static void
req_unbind(struct client *k, char *args)
{
	if (space_unbind(&space, args) == 0)
		yes(k, "", 0);
	else
		no(k, "%.300s: no such entry", args);
}

static void
wmaster_req_quit(struct client *k, char *args)
{
	static const char other[] = "this master ends with its utility\n";

	(void)args;
	if (wk_serve_quit() < 0)
		yes(k, other, sizeof other - 1);
	else
		yes(k, "", 0);
}

static void
req_readonly(struct client *k, char *args)
{
	(void)args;
	k->readonly = 1;
	yes(k, "", 0);
}

static void
begins_too_late(struct wk_timer *t)
{
	struct client *k = (struct client *)((char *)t -
	    offsetof(struct client, patience));

	wk_serve_drop(&k->c, "it says nothing");
}

/* The same, and the client begins anew: it need not know that it was said, for
 * who hands the connection on to it has said so. */
static void
req_confine(struct client *k, char *args)
{
	req_readonly(k, args);
	k->state = COOKIE;
	k->patience.expired = begins_too_late;
	wk_timer_set(&k->patience, COOKIE_MS);
}

static void
wmaster_req_version(struct client *k, char *args)
{
	(void)args;
	yes(k, WRAPW_PROTOCOL "\n", sizeof WRAPW_PROTOCOL);
}

/* "HOPS COOKIE", of another master. */
static void
req_connect(struct client *k, char *args)
{
	char *cookie;
	unsigned long hops = strtoul(args, &cookie, 10);

	if (!text_is_digit(*args) || *cookie != ' ' || cookie[1] == '\0')
		no(k, "connect takes a number and a cookie");
	else
		hand_over(k, cookie + 1, hops > DIV_CHAIN_MAX ?
		    DIV_CHAIN_MAX + 1 : (int)hops);
}

static const struct {
	const char *name;
	int changes;                      /* the name space, or the master */
	void (*serve)(struct client *k, char *args);
} requests[] = {
	{ "record", 0, req_record },
	{ "ns", 0, req_ns },
	{ "bind", 1, req_bind },
	{ "unbind", 1, req_unbind },
	{ "quit", 1, wmaster_req_quit },
	{ "version", 0, wmaster_req_version },
	{ "readonly", 0, req_readonly },
	{ "confine", 0, req_confine },
	{ "connect", 0, req_connect }
};

/* The permissions of the socket let clients use the services.  To change what
 * all others use, a client has to be the master's owner, or root. */
static int
may_change(const struct client *k)
{
	uid_t uid;

	return wrapw_opt.open || (div_peer_uid(k->c.io.fd, &uid) == 0 &&
	    (uid == geteuid() || uid == 0));
}

static void
wmaster_obey(struct client *k, char *line)
{
	size_t n = strcspn(line, " "), i;
	char *args = line + n + (line[n] == ' ');

	line[n] = '\0';
	for (i = 0; i < sizeof requests / sizeof *requests; i++)
		if (strcmp(requests[i].name, line) == 0)
			break;
	if (i == sizeof requests / sizeof *requests)
		no(k, "unknown request");
	else if (requests[i].changes && k->readonly)
		no(k, "%s: not over this connection", line);
	else if (requests[i].changes && !may_change(k))
		no(k, "%s: only the master's owner may do that", line);
	else
		requests[i].serve(k, args);
}

/* --- what clients send --- */

/* A line of the control protocol; returns its bytes, 0 when it is not here
 * yet (or is longer than .request_max, which ends the client). */
static size_t
take_line(struct client *k, const char *data, size_t len)
{
	char line[CONTROL_LINE_MAX];
	long n = wk_serve_line(data, len, line, sizeof line);

	if (n <= 0)
		return 0;
	wk_serve_asked(&k->c, "%s", line);
	if (strlen(line) != (size_t)n - 1)
		no(k, "unknown request");
	else
		wmaster_obey(k, line);
	return (size_t)n;
}

static void
said_enough(struct wk_timer *t)
{
	struct client *k = (struct client *)((char *)t -
	    offsetof(struct client, patience));

	wk_serve_finish(&k->c);
}

/* Refuse what cannot become a cookie.  The client may be about to send the
 * rest, which is let pass for a second, or it would not find our answer. */
static void
refuse_nonsense(struct client *k)
{
	if (wk_serve_verbose != NULL)
		wk_serve_verbose("a request was refused: %s",
		    "a cookie is not printable");
	wk_serve_puts(&k->c, "-");
	k->state = REFUSED;
	k->patience.expired = said_enough;
	wk_timer_set(&k->patience, WK_GRACE_MS);
}

/* The cookie that comes first.  Who begins with something else has come to the
 * wrong door, and is told so at once: it may wait for an answer. */
static size_t
take_cookie(struct client *k, const char *data, size_t len)
{
	size_t n = len <= DIV_COOKIE_MAX ? len : DIV_COOKIE_MAX + 1;
	const char *end = memchr(data, '\0', n);
	size_t size = end != NULL ? (size_t)(end - data) : n;
	int good = text_ascii_length(data, size) == size;

	if (end == NULL && good && len <= DIV_COOKIE_MAX)
		return 0;
	wk_serve_known(&k->c);
	wk_timer_stop(&k->patience);
	if (end == data)
		wk_serve_asked(&k->c, "control");
	else
		wk_serve_asked(&k->c, "cookie %.*s", (int)n, data);
	if (end == data) {
		k->state = CONTROL;
		wk_serve_puts(&k->c, "+");
	} else if (!good && end == NULL) {
		refuse_nonsense(k);
	} else if (!good) {
		wmaster_refuse(k, "a cookie is not printable");
	} else if (end == NULL) {
		wmaster_refuse(k, "a cookie is too long");
	} else {
		hand_over(k, data, 0);
	}
	return end != NULL ? (size_t)(end - data) + 1 : len;
}

static size_t
wmaster_input(struct wk_client *c, const char *data, size_t len)
{
	struct client *k = (struct client *)c;
	size_t used = 0, n = 1;

	if (k->state == REFUSED && memchr(data, '\0', len) != NULL)
		wk_serve_finish(c);
	while (wk_serve_taking(c) && used < len && n > 0 &&
	    k->state <= CONTROL) {
		n = k->state == CONTROL ?
		    take_line(k, data + used, len - used) :
		    take_cookie(k, data + used, len - used);
		used += n;
	}
	return c->state == WK_FINISHING || k->state > CONTROL ? len : used;
}

static void
wmaster_gone(struct wk_client *c)
{
	struct client *k = (struct client *)c;
	size_t i;

	wk_timer_stop(&k->patience);
	if (k->request != NULL)
		dial_cancel(&k->request->dial);
	drop_request(k);
	for (i = 0; k->survey != NULL && i < k->survey->count; i++)
		dial_cancel(&k->survey->probe[i].dial);
	drop_survey(k);
}

static const struct wk_ops ops = {
	.client_size = sizeof(struct client),
	.request_max = CONTROL_LINE_MAX,
	.reserve = RESERVE,
	.strangers_max = WRAPW_STRANGERS,
	.stranger_ms = WK_STRANGER_MS,
	.each = 1,              /* the way to its target */
	.input = wmaster_input,
	.gone = wmaster_gone
};

/* --- the beginning --- */

/* Present the diversions of the environment, and have it lead here. */
static int
wmaster_bound(const struct div_socket *socket)
{
	const char *target;
	size_t i;

	/* the socket's own path is freed with it, before its clients go */
	space.own = strdup(socket->path);
	if (space.own == NULL || space_collect(&space, environ, wrapw.prefix,
	    wrapw_opt.everything) != 0) {
		wk_warn("environment: %s", strerror(errno));
		return WK_SYSTEM;
	}
	for (i = 0; i < space.count; i++) {
		target = space.entry[i]->targets->path[0];
		if (space_leads_to(target, space.own)) {
			wk_warn("%s: %s leads back to this socket",
			    space.entry[i]->name, target);
			return WK_DATA;
		}
		if (!wrapw_opt.quiet && !div_exists(target))
			wk_warn("%s: %s: no socket is there",
			    space.entry[i]->name, target);
	}
	if (space_divert(&space) != 0) {
		wk_warn("environment: %s", strerror(errno));
		return WK_SYSTEM;
	}
	return 0;
}

int
wrapw_master(char **operands, const struct wk_called *called)
{
	const struct div_place place = wrapw_place("ww");
	const struct wk_master m = {
		.ops = &ops,
		.place = &place,
		.detached = wrapw_opt.detached,
		.verbose = wrapw_opt.verbose,
		.bound = wmaster_bound
	};

	return wk_master_run(&m, operands, called);
}
