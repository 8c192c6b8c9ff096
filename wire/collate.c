/*
 * collate.c - the client side of xclate's protocol (version 0.8)
 *
 * The protocol is written down in PROTOCOL.  The questions go out together,
 * with the first request for the turn behind them if there is one already,
 * so that a client works after two round trips: one until the master has
 * numbered us (before that it may not be told anything), one for the rest.
 *
 * SPDX-License-Identifier: ISC
 */
#include "collate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codes.h"
#include "divconnect.h"
#include "share.h"
#include "title.h"

enum {
	REPLY_MAX = 1 << 20,
	GREETING_MAX = 31
};

/* Bits of status, in the order in which they are told. */
enum { EX = 1, HD = 2, BX = 4, RF = 8, QM = 16 };

/* Replies that are not questions' letters. */
enum { GREETING = 'G', SEQUENCE = 'N' };

static void collate_over(struct collate *c);

int
collate_check_xid(const char *xid)
{
	const unsigned char *p;

	if (strlen(xid) > COLLATE_XID_MAX)
		return ENAMETOOLONG;
	for (p = (const unsigned char *)xid; *p != '\0'; p++)
		if (*p < ' ' || *p == 127)
			return EINVAL;
	return 0;
}

/* --- talking to the master --- */

static void
hang_up(struct collate *c)
{
	if (c->io.fd < 0)
		return;
	wk_forget(&c->io);
	close(c->io.fd);
	c->io.fd = -1;
	c->tx_len = 0;
}

static void
tell_end(struct wk_timer *t)
{
	struct collate *c = (struct collate *)((char *)t -
	    offsetof(struct collate, last));

	c->ended(c);
}

/* The caller is told when nothing of ours is on the stack any more: it may
 * free what we are part of. */
static void
collate_finished(struct collate *c)
{
	hang_up(c);
	c->done = 1;
	flow_leave(&c->flow);
	if (c->shared)
		share_leave(c->share, c);
	flow_cut(&c->flow);
	wk_timer_stop(&c->flow.soon);
	wk_timer_stop(&c->flow.patience);
	c->last.expired = tell_end;
	wk_timer_set(&c->last, 0);
}

/*
 * The master is of no use any more.  Who has the turn can still write, as
 * nobody else gets it now.
 */
static void
master_lost(struct collate *c, enum collate_fault fault)
{
	if (c->fault == COLLATE_GOOD)
		c->fault = fault;
	hang_up(c);
	if (c->has_turn && !c->finishing) {
		if (c->wanted != NULL)
			c->wanted(c);
		return;
	}
	c->lost = c->flow.held;
	collate_finished(c);
}

/* Send what the socket takes.  -1 when the master is gone: its replies that
 * are here already are looked at first. */
static void
collate_push(struct collate *c)
{
	ssize_t n;

	while (c->tx_len > 0 && c->io.fd >= 0) {
		n = div_send(c->io.fd, c->tx, c->tx_len, -1);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0) {
			c->tx_len = 0;
			break;
		}
		c->tx_len -= (size_t)n;
		memmove(c->tx, c->tx + n, c->tx_len);
	}
	if (c->io.fd >= 0)
		wk_watch(&c->io, WK_READ | (c->tx_len > 0 ? WK_WRITE : 0));
}

static void
collate_say(struct collate *c, const char *text, size_t len)
{
	if (c->io.fd < 0 || c->tx_len + len > sizeof c->tx)
		return;
	memcpy(c->tx + c->tx_len, text, len);
	c->tx_len += len;
}

/* A command of two letters; NUL is its fourth byte. */
static void
collate_command(struct collate *c, const char *two)
{
	char text[4] = { two[0], two[1], ' ', '\0' };

	collate_say(c, text, sizeof text);
}

static void
question(struct collate *c, char letter)
{
	char two[2] = { '?', letter };

	collate_command(c, two);
	c->expect[c->expect_len++] = letter;
}

/* The value of a status, as the master adds it up. */
static int
status_value(int status)
{
	if (status & QM)
		return 8;
	return (status & (EX | HD)) | (status & (BX | RF) ? 4 : 0);
}

/* Tell what we have, once all that is needed for it is known. */
static void
tell(struct collate *c)
{
	static const struct {
		int bit;
		const char *two;
	} words[] = {
		{ EX, "ex" }, { HD, "hd" }, { BX, "bx" }, { RF, "rf" },
		{ QM, "qm" }
	};
	size_t i;

	if (c->shared) {
		share_ask(c->share, c, status_value(c->status));
		return;
	}
	if (!c->named || (c->widow && !c->want_err && !c->want_in))
		return;
	if (c->status != 0 && !c->asked) {
		c->asked = 1;
		collate_command(c, "o1");
	}
	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (c->status & ~c->sent & words[i].bit)
			collate_command(c, words[i].two);
	c->sent |= c->status;
}

static void
want_turn(struct collate *c, int bit)
{
	if (c->has_turn || c->done)
		return;
	c->status |= bit;
	tell(c);
	collate_push(c);
}

void
collate_ask(struct collate *c)
{
	want_turn(c, EX);
}

void
collate_ask_full(struct collate *c)
{
	want_turn(c, BX);
}

void
collate_ask_like(struct collate *c, const struct collate *other)
{
	want_turn(c, other->status);
}

/* --- the turn --- */

int
collate_output(const struct collate *c)
{
	return c->flow.sink;
}

static void
write_title(struct collate *c)
{
	if (c->titled)
		return;
	c->titled = 1;
	flow_front(&c->flow, c->title_text, c->title_len);
}

/* Begin to write, unless it is to be seen first whether there is anything. */
static void
begin_output(struct collate *c)
{
	int fd = c->widow ? c->widow_fd : c->out;

	if (!c->has_turn || flow_has_sink(&c->flow) || (fd < 0 && !c->shared))
		return;
	if (c->squeeze && !c->direct && c->flow.total == 0)
		return;
	if (c->shared) {
		flow_borrow(&c->flow, &c->carrier->flow);
		return;
	}
	if (c->widow)
		c->widow_fd = -1;
	else
		c->out = -1;
	write_title(c);
	flow_sink(&c->flow, fd);
}

static void
collate_granted(struct collate *c)
{
	c->has_turn = 1;
	if (c->quit) {
		c->quit = 0;
		collate_command(c, "Q!");
		collate_push(c);
	}
	begin_output(c);
	if (!c->direct && !c->told_grant && c->granted != NULL) {
		c->told_grant = 1;
		c->granted(c);
	}
	if (c->over)
		collate_over(c);
}

void
collate_grant(struct collate *c, const struct collate *carrier)
{
	c->carrier = carrier;
	collate_granted(c);
}

void
collate_lost(struct collate *c)
{
	master_lost(c, COLLATE_GONE);
}

/* A descriptor has come with its tag; all that were asked for make a turn. */
static void
received(struct collate *c, char tag, int fd)
{
	int *to;

	switch (tag) {
	case 'o': to = &c->out; break;
	case 'e': to = &c->err; c->err_came = 1; break;
	case 'i': to = &c->in; c->in_came = 1; break;
	case 'w': to = &c->widow_fd; break;
	default: to = &c->dir; break;
	}
	if (*to >= 0)
		close(*to);
	*to = fd;
	if (tag == '.' || tag == '/' || c->has_turn)
		return;
	if ((c->widow && c->widow_fd < 0) ||
	    (c->asked && c->out < 0) || (c->want_err && !c->err_came) ||
	    (c->want_in && !c->in_came))
		return;
	collate_granted(c);
}

/* --- the end --- */

/* The last one counts.  None is as good as 0, but for a command whose output
 * came through us 0 is told as well. */
static void
collate_report(struct collate *c)
{
	int capture = c->reports && !c->direct && c->flow.total > 0;
	char text[8];

	if (c->told ? c->code == c->told_code : c->code == 0 && !capture)
		return;
	c->told = 1;
	c->told_code = c->code;
	snprintf(text, sizeof text, "%03d", c->code % 1000);
	collate_say(c, text, 4);
}

/* Has the master hung up, though we did not look lately? */
static int
master_gone(const struct collate *c, int ms)
{
	struct pollfd p = { c->io.fd, POLLIN, 0 };

	return c->io.fd >= 0 && poll(&p, 1, ms) == 1 && (p.revents & POLLHUP);
}

/* Report, and hang up when that has left. */
static void
collate_finish(struct collate *c)
{
	c->finishing = 1;
	flow_leave(&c->flow);
	if (c->fault == COLLATE_OUTPUT && c->code == 0)
		c->code = c->flow.error == EPIPE ?
		    WK_SIGNAL + SIGPIPE : WK_OUTPUT;
	if (c->fault == COLLATE_GOOD && master_gone(c, 0))
		c->fault = COLLATE_GONE;
	collate_report(c);
	if (c->quit)
		collate_command(c, "Q!");
	c->quit = 0;
	collate_push(c);
	if (c->tx_len == 0)
		collate_finished(c);
}

/* Is there nothing that would need a turn? */
static int
no_output(const struct collate *c)
{
	if (c->lines)
		return c->flow.held == 0 && !flow_has_sink(&c->flow);
	return c->squeeze && !c->direct && c->flow.total == 0;
}

/* Nothing more will come: the rule, when the title was written as well. */
static void
collate_over(struct collate *c)
{
	c->over = 1;
	if (c->fault == COLLATE_OUTPUT || c->finishing)
		return;
	if (!c->settled && (c->flow.total == 0 || c->reports || c->lines))
		return;                 /* it comes back here */
	if (no_output(c)) {
		collate_finish(c);
		return;
	}
	if (!c->has_turn) {
		if (c->direct)
			return;
		collate_report(c);
		want_turn(c, c->reports && !c->master_quick ? QM : RF);
		return;
	}
	if (!c->ruled)
		flow_put(&c->flow, c->rule_text, c->rule_len);
	c->ruled = 1;
	if (flow_idle(&c->flow))
		collate_finish(c);
}

/* --- lines: the turn is given up after each batch --- */

static int say_hello(struct collate *c);

/* A master of 2010 knows the end of a turn only as the end of a connection. */
static void
reconnect(struct collate *c)
{
	hang_up(c);
	free(c->title_text);
	free(c->rule_text);
	c->title_text = c->rule_text = NULL;
	if (say_hello(c) != 0) {
		c->fault = COLLATE_GONE;
		c->lost = c->flow.held;
		collate_finished(c);
	}
}

static void
collate_yield_turn(struct collate *c)
{
	flow_leave(&c->flow);
	c->has_turn = c->asked = c->told_grant = 0;
	c->err_came = c->in_came = 0;   /* they come with each turn */
	c->status = c->sent = 0;
	if (c->fault != COLLATE_GOOD) {
		collate_finished(c);    /* without a master there is no other turn */
		return;
	}
	if (!c->yields) {
		reconnect(c);
		return;
	}
	collate_command(c, "yt");
	collate_push(c);
}

void
collate_yield(struct collate *c)
{
	collate_yield_turn(c);
}

/* --- what the source says --- */

static void
collate_output_failed(struct collate *c)
{
	/* The output may be a pipe to the master: is it that that is gone?
	 * Its descriptors are closed one after the other. */
	if (c->fault == COLLATE_GOOD && c->flow.error == EPIPE &&
	    master_gone(c, 2))
		c->fault = COLLATE_GONE;
	if (c->fault == COLLATE_GOOD)
		c->fault = COLLATE_OUTPUT;
	collate_finish(c);
}

static void
emptied(struct collate *c)
{
	if (c->direct && !c->told_grant) {
		c->told_grant = 1;
		if (c->granted != NULL)
			c->granted(c);
	} else if (c->over && c->ruled) {
		if (flow_idle(&c->flow))
			collate_finish(c);
	} else if (c->lines && !c->over) {
		collate_yield_turn(c);
	}
}

/* The section is over when its source is, and the code is known. */
static void
source_over(struct collate *c)
{
	int fd;

	if (c->direct || (c->reports && !c->has_code))
		return;
	fd = c->more != NULL ? c->more() : -1;
	c->more = NULL;
	if (fd >= 0)
		flow_source(&c->flow, fd, 1);
	else
		collate_over(c);
}

static void
source_says(struct flow *f, int what)
{
	struct collate *c = (struct collate *)((char *)f -
	    offsetof(struct collate, flow));

	if (c->done || c->finishing)
		return;
	if (what & FLOW_FAILED) {
		collate_output_failed(c);
		return;
	}
	if (what & FLOW_DATA) {
		begin_output(c);
		if (!c->whole)
			want_turn(c, HD);
	}
	if (((what & FLOW_FULL) && !c->whole) || (what & FLOW_STUCK))
		want_turn(c, BX);
	if ((what & FLOW_UNREADABLE) && c->unreadable != NULL)
		c->unreadable(f->error);
	if (what & FLOW_END)
		source_over(c);
	if ((what & FLOW_EMPTY) && !c->finishing && !c->done)
		emptied(c);
}

void
collate_code(struct collate *c, int code)
{
	c->has_code = 1;
	c->code = code;
	if (flow_ended(&c->flow) && !c->finishing && !c->done)
		source_over(c);
}

void
collate_end(struct collate *c)
{
	if (!c->finishing && !c->done)
		collate_over(c);
}

/* --- what the master says --- */

/* Its texts become ours, where we have none of our own. */
static int
keep_text(struct collate *c, char letter, const char *data, size_t len)
{
	char *text = strndup(data, len);

	if (text == NULL)
		return -1;
	if (letter == 'T')
		c->title_text = text;
	else
		c->rule_text = text;
	return 0;
}

/* "." or "LEN:TEXT\0", where LEN counts the NUL. */
static long
parse_text(struct collate *c, char letter, const char *data, size_t len)
{
	size_t at = 0, n = 0;

	if (data[0] == '.')
		return keep_text(c, letter, "", 0) == 0 ? 1 : -1;
	while (at < len && data[at] >= '0' && data[at] <= '9') {
		n = n * 10 + (size_t)(data[at++] - '0');
		if (n > REPLY_MAX)
			return -1;
	}
	if (at == len)
		return 0;
	if (at == 0 || data[at] != ':' || n == 0)
		return -1;
	at++;
	if (len - at < n)
		return 0;
	if (memchr(data + at, '\0', n) != data + at + n - 1)
		return -1;
	if (keep_text(c, letter, data + at, n - 1) != 0)
		return -1;
	return (long)(at + n);
}

/* A decimal number and LF. */
static long
parse_number(const char *data, size_t len, unsigned long *n)
{
	size_t i = 0;

	while (i < len && i < 20 && data[i] >= '0' && data[i] <= '9')
		i++;
	if (i == len)
		return 0;
	if (i == 0 || data[i] != '\n')
		return -1;
	*n = strtoul(data, NULL, 10);
	return (long)i + 1;
}

static long
parse_cap(struct collate *c, const char *data, size_t len)
{
	unsigned long n;
	long used;

	if (data[0] == '.')
		return 1;
	used = parse_number(data, len, &n);
	if (used > 0)
		c->flow.cap = n;
	return used;
}

/* Text up to a NUL, not longer than a greeting may be. */
static long
parse_word(const char *data, size_t len)
{
	const char *end = memchr(data, '\0',
	    len <= GREETING_MAX ? len : GREETING_MAX + 1);

	if (end == NULL)
		return len <= GREETING_MAX ? 0 : -1;
	return end + 1 - data;
}

static long
parse_flag(struct collate *c, char letter, const char *data, size_t len)
{
	long used = parse_word(data, len);

	if (used <= 0)
		return used;
	if (letter == 's')
		c->master_squeezes = data[0] == 's';
	else if (letter == 'q')
		c->master_quick = data[0] == 'q';
	else if (letter == 'V') {
		c->yields = strchr(data, '+') != NULL;
		c->master_shares = strstr(data, "+s") != NULL;
	}
	return used;
}

/* Was such a descriptor asked for? */
static int
collate_wanted(const struct collate *c, char tag)
{
	switch (tag) {
	case 'o': return c->asked && !c->has_turn && c->out < 0;
	case 'e': return c->want_err;
	case 'i': return c->want_in;
	case 'w': return c->widow && !c->has_turn;
	case '.':
	case '/': return c->want_dir && c->dir < 0;
	default: return 0;
	}
}

/* A tag: its descriptor has come with its first byte. */
static long
parse_tag(struct collate *c, const char *data, size_t len)
{
	long used = parse_word(data, len);
	int fd;

	if (used <= 0)
		return used;
	if (data[0] == 'b' && c->keeps) {
		c->wanted(c);
		return used;
	}
	if (c->fd_count == 0 || !collate_wanted(c, data[0]))
		return -1;
	fd = c->fds[0];
	c->fd_count--;
	memmove(c->fds, c->fds + 1, c->fd_count * sizeof *c->fds);
	received(c, data[0], fd);
	return used;
}

static void ask_questions(struct collate *c);
static int settle(struct collate *c);

/* Is all here that was asked for, the directory too? */
static int
collate_answered(const struct collate *c)
{
	return c->expect_len == 0 && (!c->want_dir || c->dir >= 0);
}

static long
collate_parse(struct collate *c, const char *data, size_t len)
{
	char what = c->expect_len > 0 ? c->expect[0] : '\0';
	long used;

	switch (what) {
	case '\0':
		used = parse_tag(c, data, len);
		if (used > 0 && !c->settled && c->named && collate_answered(c) &&
		    settle(c) != 0)
			return -1;
		return used;
	case GREETING:
		used = parse_word(data, len);
		break;
	case SEQUENCE:
		used = parse_number(data, len, &c->sequence);
		break;
	case 'L':
		used = parse_cap(c, data, len);
		break;
	case 'T':
	case 'H':
		used = parse_text(c, what, data, len);
		break;
	default:
		used = parse_flag(c, what, data, len);
	}
	if (used <= 0)
		return used;
	c->expect_len--;
	memmove(c->expect, c->expect + 1, c->expect_len);
	if (what == SEQUENCE)
		ask_questions(c);
	if (collate_answered(c) && !c->settled && settle(c) != 0)
		return -1;
	return used;
}

/* Understand what there is; the rest waits for more. */
static void
parse_all(struct collate *c)
{
	size_t at = 0;
	long used = 0;

	while (!c->done && c->io.fd >= 0 && at < c->rx_len &&
	    (used = collate_parse(c, c->rx + at, c->rx_len - at)) > 0)
		at += (size_t)used;
	if (c->done)
		return;
	c->rx_len -= at;
	memmove(c->rx, c->rx + at, c->rx_len);
	if (used < 0 || c->rx_len > REPLY_MAX)
		master_lost(c, COLLATE_NONSENSE);
}

static int
room_for_reply(struct collate *c)
{
	size_t room = c->rx_room ? 2 * c->rx_room : 1024;
	char *p;

	if (c->rx_room - c->rx_len >= 512)
		return 0;
	p = realloc(c->rx, room);
	if (p == NULL)
		return -1;
	c->rx = p;
	c->rx_room = room;
	return 0;
}

static void
master_says(struct wk_io *io, int what)
{
	struct collate *c = (struct collate *)((char *)io -
	    offsetof(struct collate, io));
	size_t count = 0;
	ssize_t n;

	if (what & WK_WRITE)
		collate_push(c);
	if (c->finishing && c->tx_len == 0) {
		collate_finished(c);
		return;
	}
	if (!(what & (WK_READ | WK_HUP)))
		return;
	if (room_for_reply(c) != 0) {
		master_lost(c, COLLATE_GONE);
		return;
	}
	n = div_recv(c->io.fd, c->rx + c->rx_len, c->rx_room - c->rx_len,
	    c->fds + c->fd_count, COLLATE_FDS - c->fd_count, &count);
	c->fd_count += count;
	if (n > 0) {
		c->rx_len += (size_t)n;
		parse_all(c);
	} else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK &&
	    errno != EINTR)) {
		master_lost(c, COLLATE_GONE);
	}
}

/* --- the beginning --- */

/* -1 when there is no memory. */
static int
collate_copy_text(char **to, const char *from)
{
	if (from == NULL)
		return 0;
	free(*to);
	*to = strdup(from);
	return *to != NULL ? 0 : -1;
}

/* Has a section like this one been told all that this one would ask? */
static int
is_known(const struct collate *c)
{
	return c->known != NULL && c->known->filled && !c->lines &&
	    (c->has_cap || c->known->has_cap);
}

static int
recall(struct collate *c)
{
	const struct collate_known *k = c->known;

	if (!c->has_cap)
		c->flow.cap = k->cap;
	c->master_squeezes = k->squeezes;
	c->master_quick = k->quick;
	c->yields = c->master_shares = k->shares;
	return collate_copy_text(&c->title_text, k->title) == 0 &&
	    collate_copy_text(&c->rule_text, k->rule) == 0 ? 0 : -1;
}

static void
remember(struct collate *c)
{
	struct collate_known *k = c->known;

	if (k == NULL || k->filled || c->lines)
		return;
	k->has_cap = !c->has_cap;
	k->cap = c->flow.cap;
	k->squeezes = c->master_squeezes;
	k->quick = c->master_quick;
	k->shares = c->master_shares;
	k->filled = collate_copy_text(&k->title, c->title_text) == 0 &&
	    collate_copy_text(&k->rule, c->rule_text) == 0;
}

static void
ask_all(struct collate *c)
{
	if (!c->lines && c->title == NULL)
		question(c, 'T');
	if (!c->lines && c->rule == NULL)
		question(c, 'H');
	if (!c->has_cap)
		question(c, 'L');
	if (!c->squeeze)
		question(c, 's');
	question(c, 'q');
	if (c->lines || c->share != NULL) {
		/* the fourth byte tells a master of ours to say more */
		collate_say(c, "-V +", 4);
		c->expect[c->expect_len++] = 'V';
	}
}

/* The sequence number is here: now the master takes commands. */
static void
ask_questions(struct collate *c)
{
	c->named = 1;
	if (!is_known(c) || recall(c) != 0)
		ask_all(c);
	if (c->want_dir)
		collate_command(c, "od");
	if (c->widow)
		collate_command(c, "ow");
	if (c->want_in)
		collate_command(c, "o0");
	if (c->want_err)
		collate_command(c, "o2");
	if (c->keeps)
		collate_command(c, "kt");
	if (c->at_once)
		c->status |= EX;
	tell(c);
	collate_push(c);
}

/* What titles and tags of this section may stand for. */
static struct title_values
values_of(struct collate *c)
{
	return (struct title_values){
		.escape = c->escape ? c->escape : '%',
		.xid = c->xid,
		.sequence = c->sequence,
		.value = c->value,
		.of = c,
		.unset = c->unset
	};
}

static int
collate_expand(struct collate *c, char **text, const char *own, size_t *len)
{
	const struct title_values v = values_of(c);
	char *from = own != NULL ? strdup(own) : *text;

	if (own != NULL)
		free(*text);
	*text = NULL;
	*len = 0;
	if (from == NULL || *from == '\0') {
		free(from);
		return 0;
	}
	*text = title_expand(from, &v, 1, len);
	free(from);
	return *text != NULL ? 0 : -1;
}

static int
prepare_lines(struct collate *c)
{
	const struct title_values v = values_of(c);

	if (c->tag != NULL && c->tag_text == NULL) {
		c->tag_text = title_expand(c->tag, &v, 0, &c->change.tag_len);
		if (c->tag_text == NULL)
			return -1;
		c->change.tag = c->tag_text;
	}
	return 0;
}

/* All answers are here. */
static int
settle(struct collate *c)
{
	c->settled = 1;
	remember(c);
	if (collate_expand(c, &c->title_text, c->lines ? "" : c->title,
	    &c->title_len) != 0 ||
	    collate_expand(c, &c->rule_text, c->lines ? "" : c->rule,
	    &c->rule_len) != 0 || prepare_lines(c) != 0)
		return -1;
	c->squeeze |= c->master_squeezes;
	if ((c->quick || c->master_quick) && c->title_len == 0 &&
	    c->rule_len == 0)
		c->squeeze = 1;
	if (c->ready != NULL && !c->told_ready) {
		c->told_ready = 1;
		c->ready(c);
	}
	if (c->over)
		collate_over(c);
	else
		begin_output(c);
	return 0;
}

static int
say_hello(struct collate *c)
{
	int fd = div_connect(c->path);

	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	c->io.fd = fd;
	c->io.ready = master_says;
	c->rx_len = c->tx_len = 0;
	c->named = c->settled = 0;
	c->expect[0] = GREETING;
	c->expect[1] = SEQUENCE;
	c->expect_len = 2;
	collate_say(c, c->xid, strlen(c->xid) + 1);
	collate_push(c);
	return 0;
}

/* A text that is not there, or empty: ours, else the master's. */
static int
is_empty(const char *own, const char *masters)
{
	const char *text = own != NULL ? own : masters;

	return text == NULL || *text == '\0';
}

/* Who has no number cannot have it in a title. */
static int
may_share(const struct collate *c)
{
	return c->share != NULL && is_known(c) && c->known->shares &&
	    c->tag == NULL && is_empty(c->title, c->known->title) &&
	    is_empty(c->rule, c->known->rule);
}

static int
connect_or_share(struct collate *c)
{
	if (!may_share(c))
		return say_hello(c);
	if (share_enter(c->share, c, c->path) != 0)
		return -1;
	c->shared = c->named = 1;
	return 0;
}

int
collate_open(struct collate *c, const char *path)
{
	int e = collate_check_xid(c->xid);

	c->out = c->widow_fd = c->err = c->in = c->dir = c->io.fd = -1;
	if (e != 0) {
		errno = e;
		return -1;
	}
	c->path = strdup(path);
	if (c->path == NULL || connect_or_share(c) != 0)
		return -1;
	flow_begin(&c->flow, source_says);
	c->flow.cap = c->has_cap ? c->cap : COLLATE_CAP;
	c->flow.spill = !c->block && c->flow.cap > 0;
	if (c->has_cap && c->cap == 0)
		c->flow.cap = 1;        /* to see whether there is anything */
	c->flow.whole_lines = c->lines;
	c->change.newline = c->newline;
	if (c->tag != NULL || c->newline)
		c->flow.lines = &c->change;
	return c->shared && (recall(c) != 0 || settle(c) != 0) ? -1 : 0;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
collate_close(struct collate *c)
{
	size_t i;

	hang_up(c);
	wk_timer_stop(&c->last);
	flow_close(&c->flow);
	if (c->shared)
		share_leave(c->share, c);
	for (i = 0; i < c->fd_count; i++)
		close(c->fds[i]);
	c->fd_count = 0;
	close_fd(&c->out);
	close_fd(&c->widow_fd);
	close_fd(&c->err);
	close_fd(&c->in);
	close_fd(&c->dir);
	free(c->path);
	free(c->rx);
	free(c->title_text);
	free(c->rule_text);
	free(c->tag_text);
	c->path = c->rx = c->title_text = c->rule_text = c->tag_text = NULL;
}
