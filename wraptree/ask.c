/*
 * ask.c - what masters say of themselves
 *
 * A ptbw is asked as ptbw -v asks it, a wrapw for its record; whether the
 * services behind the names of that answer is tried.  All that are asked may be
 * anything that listens at a socket: each has little time.
 *
 * SPDX-License-Identifier: ISC
 */
#include "wraptree.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/wrapper.h"
#include "divconnect.h"
#include "wire/broker.h"
#include "wire/control.h"
#include "wire/holders.h"
#include "wire/things.h"

enum {
	PATIENCE_MS = 2000,             /* for each answer of a master */
	WINDOW = 4096,                  /* tokens asked for at once */
	PRESENTED_MAX = 4000            /* names of one wrapw that are tried */
};

/* --- the pools of ptbw --- */

/*
 * The note about who holds or waits.  A process that cannot be seen has only
 * what it says of itself, which may be the number of another one here.
 */
static struct note *
note_about(const struct holder *who, const struct diversion *d,
    const char *what)
{
	char beginning[64];

	if (who->pid != HOLDER_UNSEEN)
		return note_of(who->pid, d, what);
	snprintf(beginning, sizeof beginning, "by its own word %ld, %s",
	    who->claim, what);
	return note_of(0, d, beginning);
}

/* One more token of a holder's. */
static void
add_name(const struct holder *who, const struct diversion *d,
    const char *name)
{
	struct note *n = note_about(who, d, "holds");

	n->names++;
	if (wraptree_opt.in_full || n->names <= NAMES_SHOWN)
		note_extend(n, " %.*s", (int)things_name(name), name);
}

static size_t
ask_holders(struct holders *h, const struct broker_pool *p,
    const struct diversion *d)
{
	static struct holder who[WINDOW];
	char *names = broker_tableau(h->broker, p->space), *name = names;
	size_t i, k, n, held = 0;

	if (names == NULL)
		return 0;
	names[p->space] = '\0';
	for (i = 0; i < p->count; i += n) {
		n = p->count - i < WINDOW ? p->count - i : WINDOW;
		if (holders_ask(h, i, n, who) != 0)
			break;
		for (k = 0; k < n; k++) {
			if (who[k].pid != 0) {
				held++;
				add_name(&who[k], d, name);
			}
			if (name < names + p->space)
				name += strlen(name) + 1;
		}
	}
	free(names);
	return held;
}

static size_t
ask_waiting(struct holders *h, const struct diversion *d)
{
	struct waiting *w;
	size_t count, i;

	holders_waiting(h, &w, &count);
	for (i = 0; i < count; i++)
		note_extend(note_about(&w[i].who, d, "waits"),
		    " for %lu, %lu s", w[i].tokens, w[i].seconds);
	free(w);
	return count;
}

static void
ask_pool(const struct diversion *d, const char *path)
{
	struct note *n = note_of(d->pid, d, "");
	struct broker b;
	struct broker_pool p;
	struct holders h;
	size_t held, waiting, at = (size_t)(n - note);

	if (broker_open(&b, path) != 0)
		return;
	b.patience = PATIENCE_MS;
	if (broker_describe(&b, &p) == 0) {
		holders_begin(&h, &b);
		held = ask_holders(&h, &p, d);
		waiting = ask_waiting(&h, d);
		holders_end(&h);
		n = &note[at];          /* the array may have moved */
		note_extend(n, "%zu of %zu held", held, p.count);
		if (waiting > 0)
			note_extend(n, ", %zu waiting", waiting);
		free(p.source);
	}
	broker_close(&b);
}

/* --- the name spaces of wrapw --- */

/* A name that a wrapw presents. */
struct presented {
	const char *name;               /* in the record, up to its "=" */
	const char *number;             /* of the entry, also there */
	struct div_dial dial;
	enum { DIALING, ANSWERED, SILENT } state;
};

static int
by_number(const void *a, const void *b)
{
	const struct presented *p = a, *q = b;
	int x = atoi(p->number), y = atoi(q->number);

	return x < y ? -1 : x > y;
}

/* True if that is "NAME=PATH/NUMBER", with the path of the master. */
static int
is_presented(const char *variable, const char *path, struct presented *p)
{
	const char *value = strchr(variable, '=');
	size_t n = strlen(path), prefix;
	int kind;

	if (value == NULL || !text_begins(value + 1, path) ||
	    value[1 + n] != '/')
		return 0;
	kind = div_name(variable, (size_t)(value - variable), &prefix);
	memset(p, 0, sizeof *p);
	p->name = variable;
	p->number = value + 1 + n + 1;
	n = strspn(p->number, "0123456789");
	return (kind > 0 || kind == DIV_NAME_DETACHED) && n > 0 && n < 9 &&
	    p->number[n] == '\0';
}

/* The names of a record (of len bytes and a NUL), in the order in which they
 * came; how many, to *count.  The caller frees them. */
static struct presented *
names_of(const char *record, size_t len, size_t *count)
{
	struct presented *all = wk_alloc(PRESENTED_MAX, sizeof *all);
	const char *p, *end = record + len;

	*count = 0;
	for (p = record; p < end && *count < PRESENTED_MAX;
	    p += strlen(p) + 1)
		if (is_presented(p, record, &all[*count]))
			++*count;
	qsort(all, *count, sizeof *all, by_number);
	return all;
}

/* What a step of div_dial has come to. */
static void
took_step(struct presented *p, int r)
{
	p->state = r == 0 ? DIALING : r == 1 ? ANSWERED : SILENT;
	if (r == 1)
		div_close(p->dial.fd);
}

/* Wait for those that are under way; 0 when there are none, or no time. */
static int
wait_for_names(const struct presented *all, struct pollfd *fds, size_t count,
    int64_t deadline)
{
	size_t i, dialing = 0, later = 0;
	int ms;

	for (i = 0; i < count; i++) {
		dialing += all[i].state == DIALING;
		later += all[i].state == DIALING && all[i].dial.later;
		fds[i].fd = all[i].state == DIALING && !all[i].dial.later ?
		    all[i].dial.fd : -1;
		fds[i].events = POLLIN;
	}
	ms = div_wait(deadline);
	if (dialing == 0 || ms == 0)
		return 0;
	if (poll(fds, (nfds_t)count, later > 0 && ms > DIV_RETRY_MS ?
	    DIV_RETRY_MS : ms) < 0)
		return 0;
	div_waited();
	return 1;
}

/* Connect to all at once, as the silent ones take all the time there is. */
static void
try_names(const char *path, struct presented *all, size_t count)
{
	int64_t deadline = div_awake() + DIV_CONNECT_MS;
	size_t i, room = strlen(path) + 16;
	struct pollfd *fds = wk_alloc(count + 1, sizeof *fds);
	char *name = wk_alloc(room, 1);

	for (i = 0; i < count; i++) {
		snprintf(name, room, "%s/%s", path, all[i].number);
		took_step(&all[i], div_dial(&all[i].dial, name, 0));
	}
	while (wait_for_names(all, fds, count, deadline))
		for (i = 0; i < count; i++)
			if (all[i].state == DIALING &&
			    (all[i].dial.later || fds[i].revents != 0))
				took_step(&all[i], div_dial_on(&all[i].dial));
	for (i = 0; i < count; i++)
		if (all[i].state == DIALING)
			div_dial_end(&all[i].dial);
	free(fds);
	free(name);
}

static void
note_names(const struct diversion *d, const char *path, const char *record,
    size_t len)
{
	struct note *n = note_of(d->pid, d, "");
	size_t count, i;
	struct presented *all = names_of(record, len, &count);

	try_names(path, all, count);
	for (i = 0; i < count; i++)
		note_extend(n, "%s%.*s%s", i == 0 ? "presents " : ", ",
		    (int)strcspn(all[i].name, "="), all[i].name,
		    all[i].state == ANSWERED ? "" : " (does not answer)");
	free(all);
}

static void
ask_space(const struct diversion *d, const char *path)
{
	int fd = div_connect(path);
	char *record = NULL;
	size_t len = 0;

	if (fd >= 0 && control_ask(fd, "record", div_awake() + PATIENCE_MS,
	    &record, &len) == CONTROL_DONE)
		note_names(d, path, record, len);
	else
		note_of(d->pid, d, "");
	free(record);
}

void
ask_master(const struct diversion *d)
{
	struct reach r;

	if (!d->answers)
		return;
	/* it is looked up once more, as holding each would take too many
	 * descriptors */
	if (reach_open(&r, d->path, d->namer) != 0)
		note_of(d->pid, d, "");
	else if (strcmp(d->prefix, "ptbw") == 0)
		ask_pool(d, r.path);
	else if (strcmp(d->prefix, "wrapw") == 0)
		ask_space(d, r.path);
	else
		note_of(d->pid, d, "");
	reach_close(&r);
}
