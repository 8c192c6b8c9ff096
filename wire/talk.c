/*
 * talk.c - one connection to an xclate master, as its client
 *
 * The questions go out together, with the first request for the turn behind
 * them if there is one already, so that a client works after two round trips:
 * one until the master has numbered it (a master of 2010 throws away what it
 * gets before that), and one for the rest.
 *
 * SPDX-License-Identifier: ISC
 */
#include "talk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/text.h"
#include "base/visible.h"
#include "divconnect.h"
#include "door.h"

enum {
	COMMAND = 4,               /* bytes of a command; the last is NUL */
	REPLY_MAX = 1 << 20,
	READ_MIN = 512,
	AGAIN_MS = 100,            /* to try anew what there was no room for, */
	TRIES = 100,               /* so often */
	WORD_MAX = 31              /* bytes of a greeting, a tag, a flag */
};

/* In the order of the bits.  A master of 2010 does not look at the plus. */
static const char questions[][COMMAND + 1] = { "?T ", "?H ", "?L ", "?s ",
    "?q ", "-V +" };
static const char words[][COMMAND] = { "ex ", "hd ", "bx ", "rf ", "qm " };

/* In the order of enum talk_fd. */
static const char requests[][COMMAND] = { "od ", "ow ", "o0 ", "o2 ", "o1 " };
static const char tags[] = "/wieo";
static const char done_writing[] = "wr ";

#define COUNT(table) (sizeof (table) / sizeof *(table))

int
talk_check_xid(const char *xid)
{
	if (strlen(xid) > TALK_XID_MAX)
		return ENAMETOOLONG;
	return wk_find_control_but(xid, '\t') == NULL ? 0 : EINVAL;
}

void
talk_clean_xid(char *xid)
{
	wk_replace_controls_but(xid, '?', '\t');
}

void
talk_forget(struct talk_answers *a)
{
	free(a->title);
	free(a->rule);
	memset(a, 0, sizeof *a);
}

/* --- the connection --- */

static int
is_open(const struct talk *t)
{
	return t->state != TALK_NONE && t->state != TALK_GONE;
}

/* What the master says still matters. */
static int
is_listening(const struct talk *t)
{
	return is_open(t) && t->state != TALK_LEAVING;
}

static void
talk_hang_up(struct talk *t)
{
	if (!is_open(t))
		return;
	wk_timer_stop(&t->silence);
	wk_forget(&t->io);
	wk_timer_stop(&t->again);
	close(t->io.fd);
	t->io.fd = -1;
	t->state = TALK_GONE;
	t->tx_len = 0;
}

static void
talk_end(struct talk *t, enum talk_end why)
{
	talk_hang_up(t);
	t->ended(t, t->error != 0 && why != TALK_LEFT ? TALK_UNSENT : why);
}

/*
 * There was no room in the system.  A master that did not get our words would
 * wait for them, and we for its answer: so either they come later, or the
 * connection ends, which its io reports.
 */
static void
try_again(struct talk *t)
{
	int e = errno;

	if (wk_passes(e) && t->tries++ < TRIES) {
		wk_timer_set(&t->again, AGAIN_MS);
		return;
	}
	t->error = e;
	t->tx_len = 0;
	shutdown(t->io.fd, SHUT_RDWR);
}

/* Send what the socket takes.  That the master is gone is noticed when its last
 * words have been read.  Returned is what to watch for: WK_WRITE, or 0. */
static int
send_words(struct talk *t)
{
	ssize_t n;

	while (t->tx_len > 0) {
		n = div_send(t->io.fd, t->tx, t->tx_len, -1);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return WK_WRITE;
		if (n < 0 && errno != EPIPE && errno != ECONNRESET) {
			try_again(t);
			return 0;
		}
		if (n < 0) {
			t->tx_len = 0;
			return 0;
		}
		t->tx_len -= (size_t)n;
		memmove(t->tx, t->tx + n, t->tx_len);
	}
	return 0;
}

static void
talk_push(struct talk *t)
{
	int listens = t->state != TALK_LEAVING ? WK_READ : 0;

	if (wk_watch(&t->io, send_words(t) | listens) != 0)
		try_again(t);
}

/* There is room: what a client may say between two answers is less. */
static void
talk_say(struct talk *t, const char *text, size_t len)
{
	if (len > sizeof t->tx - t->tx_len)
		return;
	memcpy(t->tx + t->tx_len, text, len);
	t->tx_len += len;
}

static void
talk_command(struct talk *t, const char *command)
{
	talk_say(t, command, COMMAND);
}

/* --- what is said --- */

int
talk_value(unsigned said)
{
	if (said & TALK_FINAL)
		return 8;
	return (int)(said & (TALK_RUNS | TALK_DATA)) |
	    (said & (TALK_FULL | TALK_INPUT) ? 4 : 0);
}

/* The widow output is written to without a turn, unless something is wanted
 * that comes with one. */
static int
needs_turn(const struct talk *t)
{
	const unsigned extra = 1 << TALK_IN | 1 << TALK_ERR;

	return !(t->wants & 1 << TALK_WIDOW) || (t->wants & extra);
}

/* Say how far the section is, once the master takes commands. */
static void
talk_tell(struct talk *t)
{
	size_t i;

	if (t->state < TALK_ASKING || t->words == 0 || !needs_turn(t))
		return;
	if (t->turn == TALK_IDLE) {
		t->turn = TALK_ASKED;
		talk_command(t, requests[TALK_OUT]);
	}
	for (i = 0; i < COUNT(words); i++)
		if (t->words & ~t->sent & 1u << i)
			talk_command(t, words[i]);
	t->sent = t->words;
}

/* The number is here: now the master takes commands. */
static void
talk_begin(struct talk *t)
{
	size_t i;

	t->state = TALK_ASKING;
	t->awaited = t->ask;
	for (i = 0; i < COUNT(questions); i++)
		if (t->ask & 1u << i)
			talk_command(t, questions[i]);
	for (i = 0; i < TALK_OUT; i++)
		if (t->wants & 1u << i)
			talk_command(t, requests[i]);
	if (t->keeps)
		talk_command(t, "kt ");
	talk_tell(t);
	talk_push(t);
}

void
talk_ask(struct talk *t, unsigned more)
{
	if (!is_listening(t) || t->turn == TALK_GRANTED)
		return;
	t->words |= more;
	talk_tell(t);
	talk_push(t);
}

void
talk_report(struct talk *t, int code)
{
	char text[8];

	if (t->state < TALK_ASKING || !is_listening(t) || code == t->code)
		return;
	t->code = code;
	snprintf(text, sizeof text, "%03d", code >= 0 && code < WK_CODE_MAX ?
	    code : WK_CODE_MAX);
	talk_command(t, text);
	talk_push(t);
}

int
talk_reported(const struct talk *t)
{
	return is_open(t) ? t->code : -1;
}

void
talk_quit(struct talk *t)
{
	if (t->state < TALK_ASKING || !is_listening(t))
		return;
	talk_command(t, "Q! ");
	talk_push(t);
}

/* --- answers --- */

/* Each parse_ function returns how many bytes it has used: 0 when there is
 * not enough yet, -1 for nonsense. */

/* Text up to a NUL. */
static long
parse_word(const char *data, size_t len)
{
	const char *end = memchr(data, '\0',
	    len <= WORD_MAX ? len : WORD_MAX + 1);

	if (end == NULL)
		return len <= WORD_MAX ? 0 : -1;
	return end + 1 - data;
}

/* A decimal number and LF. */
static long
parse_number(const char *data, size_t len, unsigned long *n)
{
	size_t i = 0;

	while (i < len && i < 20 && text_is_digit(data[i]))
		i++;
	if (i == len)
		return 0;
	if (i == 0 || data[i] != '\n')
		return -1;
	*n = strtoul(data, NULL, 10);
	return (long)i + 1;
}

/* Keep a text, with what was used of the answer for it. */
static long
keep_text(char **to, const char *data, size_t len, size_t used)
{
	free(*to);
	*to = strndup(data, len);
	return *to != NULL ? (long)used : -1;
}

/* "." or "LEN:TEXT\0", where LEN counts the NUL. */
static long
parse_text(char **to, const char *data, size_t len)
{
	size_t at = 0, n = 0;

	if (data[0] == '.')
		return keep_text(to, "", 0, 1);
	while (at < len && text_is_digit(data[at])) {
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
	return keep_text(to, data + at, n - 1, at + n);
}

static long
parse_cap(struct talk_answers *a, const char *data, size_t len)
{
	unsigned long n;
	long used;

	if (data[0] == '.')
		return 1;
	used = parse_number(data, len, &n);
	if (used > 0)
		a->cap = n;
	return used;
}

static long
parse_flag(struct talk_answers *a, unsigned question, const char *data,
    size_t len)
{
	long used = parse_word(data, len);
	const char *more;

	if (used <= 0)
		return used;
	if (question == TALK_SQUEEZE) {
		a->squeezes = data[0] == 's';
	} else if (question == TALK_QUICK) {
		a->quick = data[0] == 'q';
	} else {
		more = strchr(data, '+');
		a->yields = more != NULL;
		a->shares = more != NULL && more[1] == 's';
		a->terminal = more != NULL && strchr(more, 't') != NULL;
	}
	return used;
}

static long
parse_answer(struct talk *t, const char *data, size_t len)
{
	unsigned question = t->awaited & (0u - t->awaited); /* the lowest bit */
	struct talk_answers *a = t->answers;
	long used;

	switch (question) {
	case TALK_TITLE:
		used = parse_text(&a->title, data, len);
		break;
	case TALK_RULE:
		used = parse_text(&a->rule, data, len);
		break;
	case TALK_CAP:
		used = parse_cap(a, data, len);
		break;
	default:
		used = parse_flag(a, question, data, len);
	}
	if (used > 0) {
		t->awaited &= ~question;
		a->answered |= question;
	}
	return used;
}

/* --- descriptors --- */

/* True if such a descriptor was asked for, and may come now. */
static int
is_expected(const struct talk *t, enum talk_fd which)
{
	switch (which) {
	case TALK_OUT:
		return t->turn == TALK_ASKED && !(t->came & 1 << TALK_OUT);
	case TALK_DIR:
		return (t->wants & ~t->came & 1 << TALK_DIR) != 0;
	case TALK_WIDOW:
		return (t->wants & 1 << TALK_WIDOW) && t->turn != TALK_GRANTED;
	default:
		return (t->wants & 1u << which) != 0;
	}
}

static void
talk_receive(struct talk *t, enum talk_fd which)
{
	if (t->fd[which] >= 0)
		close(t->fd[which]);
	t->fd[which] = t->queue[0];
	t->came |= 1u << which;
	t->queued--;
	memmove(t->queue, t->queue + 1, t->queued * sizeof *t->queue);
}

/* The tag of a descriptor, which has come with its first byte; or the word
 * that another client waits, which has none. */
static long
parse_tag(struct talk *t, const char *data, size_t len)
{
	long used = parse_word(data, len);
	const char *tag;

	if (used <= 0)
		return used;
	if (data[0] == 'b' && t->keeps) {
		t->back = 1;
		return used;
	}
	tag = data[0] == '\0' ? NULL :
	    strchr(tags, data[0] == '.' ? '/' : data[0]);
	if (t->queued == 0 || tag == NULL ||
	    !is_expected(t, (enum talk_fd)(tag - tags)))
		return -1;
	talk_receive(t, (enum talk_fd)(tag - tags));
	t->confirms |= strcmp(data, "out+") == 0;
	return used;
}

/* All that was asked for with the turn makes a turn. */
static int
is_complete(const struct talk *t)
{
	unsigned need = t->wants & ~(1u << TALK_DIR);

	if (needs_turn(t))
		need |= 1 << TALK_OUT;
	return t->turn != TALK_GRANTED && !(need & ~t->came);
}

/* --- what the master says --- */

static long
talk_parse(struct talk *t, const char *data, size_t len)
{
	long used;

	switch (t->state) {
	case TALK_GREETING:
		used = parse_word(data, len);
		if (used > 0)
			t->state = TALK_NUMBER;
		return used;
	case TALK_NUMBER:
		used = parse_number(data, len, &t->sequence);
		if (used > 0) {
			t->met = 1;
			wk_timer_stop(&t->silence);
			talk_begin(t);
		}
		return used;
	case TALK_CONFIRMING:
		used = parse_word(data, len);
		t->confirmed = used > 0 && data[0] != 'b';
		t->outcome = used <= 0 ? TALK_LEFT :
		    data[0] == 'l' ? TALK_UNWRITTEN :
		    data[0] == 'g' ? TALK_UNREAD : TALK_LEFT;
		return used;
	default:
		return t->awaited != 0 ? parse_answer(t, data, len) :
		    parse_tag(t, data, len);
	}
}

/* Report what has come.  A call back may change all, so each is made for what
 * is true at that moment. */
static void
talk_deliver(struct talk *t)
{
	if (t->state == TALK_ASKING && t->awaited == 0 &&
	    !(t->wants & ~t->came & 1 << TALK_DIR)) {
		t->state = TALK_READY;
		if (t->answered != NULL)
			t->answered(t);
	}
	if (t->state == TALK_READY && is_complete(t)) {
		t->turn = TALK_GRANTED;
		t->used = 1;
		t->granted(t);
	}
	if (t->state == TALK_READY && t->back) {
		t->back = 0;
		t->wanted(t);
	}
	if (t->state == TALK_CONFIRMING && t->confirmed)
		talk_end(t, t->outcome);
}

/* Understand what there is; the rest waits for more. */
static void
talk_understand(struct talk *t)
{
	long used = 1;

	while (used > 0 && is_listening(t) && buffer_length(&t->rx) > 0) {
		used = talk_parse(t, t->rx.data + t->rx.from,
		    buffer_length(&t->rx));
		if (used > 0) {
			t->rx.from += (size_t)used;
			talk_deliver(t);
		}
	}
	if (is_listening(t) && (used < 0 || buffer_length(&t->rx) > REPLY_MAX))
		talk_end(t, TALK_NONSENSE);
}

static void
talk_hear(struct talk *t)
{
	size_t count = 0;
	ssize_t n;

	if (buffer_reserve(&t->rx, READ_MIN) != 0) {
		talk_end(t, TALK_LOST);
		return;
	}
	n = div_recv(t->io.fd, t->rx.data + t->rx.to, t->rx.room - t->rx.to,
	    t->queue + t->queued, COUNT(t->queue) - t->queued, &count);
	t->queued += count;
	if (n > 0) {
		t->rx.to += (size_t)n;
		talk_understand(t);
	} else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK &&
	    errno != EINTR)) {
		talk_end(t, t->state == TALK_CONFIRMING ? TALK_UNCONFIRMED :
		    TALK_LOST);
	}
}

static void
talk_io_ready(struct wk_io *io, int what)
{
	struct talk *t =
	    (struct talk *)((char *)io - offsetof(struct talk, io));

	if (what & WK_WRITE)
		talk_push(t);
	if (t->state != TALK_LEAVING) {
		if (what & (WK_READ | WK_HUP))
			talk_hear(t);
	} else if (t->tx_len == 0) {
		talk_end(t, TALK_LEFT);
	} else if (what & WK_HUP) {
		talk_end(t, TALK_LOST);
	}
}

static void
talk_push_again(struct wk_timer *timer)
{
	struct talk *t = (struct talk *)((char *)timer -
	    offsetof(struct talk, again));

	talk_io_ready(&t->io, WK_WRITE);
}

/* --- from the beginning to the end --- */

static void
drop_queue(struct talk *t)
{
	while (t->queued > 0)
		close(t->queue[--t->queued]);
}

/* Other services wait for us to speak, as we do for them. */
static void
talk_is_silent(struct wk_timer *timer)
{
	struct talk *t = (struct talk *)((char *)timer -
	    offsetof(struct talk, silence));

	if (door_is_closed(t->io.fd, t->path))
		wk_timer_set(&t->silence, DOOR_MS);
	else
		talk_end(t, TALK_SILENT);
}

static int
talk_connect(struct talk *t)
{
	int fd = div_connect(t->path);

	if (fd < 0)
		return -1;
	t->io.fd = fd;
	t->io.ready = talk_io_ready;
	t->again.expired = talk_push_again;
	t->tries = 0;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
	    wk_watch(&t->io, WK_READ) != 0) {
		div_close(fd);
		return -1;
	}
	t->state = TALK_GREETING;
	t->rx.from = t->rx.to = t->tx_len = 0;
	t->came = t->awaited = 0;
	t->back = 0;
	t->silence.expired = talk_is_silent;
	wk_timer_set(&t->silence, DOOR_MS);
	drop_queue(t);
	talk_say(t, t->xid, strlen(t->xid) + 1);
	talk_push(t);
	/* later is too late: masters may go by the order of the first words */
	if (t->again.set) {
		talk_hang_up(t);
		t->state = TALK_NONE;
		errno = ENOBUFS;
		return -1;
	}
	return 0;
}

/* A path that is no socket has a cookie at its end. */
int
talk_is_stand_in(const char *path)
{
	struct stat st;

	return stat(path, &st) != 0 || !S_ISSOCK(st.st_mode);
}

int
talk_open(struct talk *t, const char *path)
{
	size_t i;

	t->path = path;
	t->indirect = talk_is_stand_in(path) != 0;
	t->used = t->confirms = t->confirmed = 0;
	t->code = -1;
	t->error = 0;
	for (i = 0; i < TALK_FDS; i++)
		t->fd[i] = -1;
	return talk_connect(t);
}

int
talk_has_turn(const struct talk *t)
{
	return is_open(t) && t->turn == TALK_GRANTED;
}

int
talk_is_behind_link(const struct talk *t)
{
	return t->indirect;
}

int
talk_is_indirect(const struct talk *t)
{
	return t->used && (t->indirect || t->confirms);
}

int
talk_fd(const struct talk *t, enum talk_fd which)
{
	return t->state != TALK_NONE ? t->fd[which] : -1;
}

int
talk_take(struct talk *t, enum talk_fd which)
{
	int fd = talk_fd(t, which);

	if (fd >= 0)
		t->fd[which] = -1;
	return fd;
}

int
talk_yield(struct talk *t)
{
	if (!is_listening(t))
		return -1;
	t->turn = TALK_IDLE;
	t->words = t->sent = 0;
	t->came &= 1 << TALK_DIR;
	if (!t->answers->yields) {
		talk_hang_up(t);
		return talk_connect(t);
	}
	talk_command(t, "yt ");
	talk_push(t);
	return 0;
}

int
talk_is_lost(const struct talk *t, int ms)
{
	return is_open(t) && (wk_look(t->io.fd, POLLIN, ms) & POLLHUP);
}

/*
 * Behind a link between hosts the output is a stand-in, and so is the pipe of a
 * master that looks at sections; whether the real one takes what is written to
 * it is not known yet.  Such a master is asked for that.  Over a link, what is
 * said afterwards is heard after that was written, or never: to other masters,
 * any question will do.
 */
static int
is_to_confirm(const struct talk *t)
{
	return t->state == TALK_READY && talk_is_indirect(t);
}

int
talk_leave(struct talk *t)
{
	if (!is_open(t))
		return 1;
	if (is_to_confirm(t)) {
		t->state = TALK_CONFIRMING;
		talk_command(t, t->confirms ? done_writing :
		    questions[COUNT(questions) - 1]);
		talk_push(t);
		return 0;
	}
	t->state = TALK_LEAVING;
	talk_push(t);
	if (t->tx_len > 0)
		return 0;
	talk_hang_up(t);
	return 1;
}

void
talk_close(struct talk *t)
{
	size_t i;

	if (t->state == TALK_NONE)
		return;
	talk_hang_up(t);
	drop_queue(t);
	for (i = 0; i < TALK_FDS; i++)
		if (t->fd[i] >= 0)
			close(t->fd[i]);
	buffer_release(&t->rx);
	t->turn = TALK_IDLE;
	t->words = t->sent = 0;
	t->state = TALK_NONE;
}
