/*
 * broker.c - the client side of ptbw's protocol (version 0.4)
 *
 * The protocol is written down in PROTOCOL.  Requests go out in windows, so
 * that neither side ever has to buffer much: an old master answers each
 * request as it reads it, and would block when its client only writes.
 *
 * SPDX-License-Identifier: ISC
 */
#include "broker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/high.h"
#include "base/text.h"
#include "divconnect.h"
#include "door.h"

enum {
	REPLY_MAX = 1 << 29,      /* bytes of one reply */
	WINDOW = 128,             /* requests under way */
	AT_ONCE_MS = 1000,        /* for what is there without any wait */
	OWNERS = 4096,            /* asked for at once */
	FDS_MAX = 4096            /* that were perhaps inherited */
};

/* When a reply that does not depend on others must have come; -1: never. */
static int64_t
answer_by(const struct broker *b)
{
	return b->patience < 0 ? -1 : div_awake() + b->patience;
}

/* Wait until something can be read; deadline -1 is never. */
static int
wait_readable(struct broker *b, int64_t deadline)
{
	int r;

	if (deadline < 0)
		return 0;
	r = div_readable(b->fd, deadline);
	if (r == 0) {
		b->late = 1;
		errno = ETIMEDOUT;
	}
	return r > 0 ? 0 : -1;
}

/*
 * The first answer comes soon, or it is no ptbw: all that is asked first can be
 * answered without any wait.
 */
static int
await_first(struct broker *b, int64_t deadline)
{
	int64_t soon;
	int closed;

	do {
		soon = div_awake() + DOOR_MS;
		if (deadline >= 0 && deadline < soon)
			soon = deadline;
		if (wait_readable(b, soon) == 0) {
			b->met = 1;
			b->late = 0;
			return 0;
		}
		if (errno != ETIMEDOUT)
			return -1;
		closed = soon != deadline && door_is_closed(b->fd, b->path);
	} while (closed);
	errno = ETIMEDOUT;
	return -1;
}

/* Read more behind what is there. */
static int
fill(struct broker *b, int64_t deadline)
{
	struct buffer *in = &b->in;
	ssize_t n;

	if (buffer_length(in) >= REPLY_MAX) {
		errno = EPROTO;
		return -1;
	}
	if (buffer_reserve(in, 1) != 0 ||
	    (!b->met && await_first(b, deadline) != 0))
		return -1;
	n = div_read(b->fd, in->data + in->to, in->room - in->to, deadline);
	if (n < 0 && errno == ETIMEDOUT)
		b->late = 1;
	if (n == 0)
		errno = ECONNRESET;
	if (n <= 0)
		return -1;
	in->to += (size_t)n;
	return 0;
}

/* The next n bytes, or NULL; they are valid until the next call. */
static char *
get_bytes(struct broker *b, size_t n)
{
	char *p;

	while (buffer_length(&b->in) < n)
		if (fill(b, answer_by(b)) != 0)
			return NULL;
	p = b->in.data + b->in.from;
	b->in.from += n;
	return p;
}

/* The next bytes up to end, which is turned into a NUL. */
static char *
get_until(struct broker *b, char end, size_t *len, int64_t deadline)
{
	size_t seen = 0, have;
	char *p, *q;

	for (;;) {
		have = buffer_length(&b->in);
		p = b->in.data + b->in.from;
		q = have > seen ? memchr(p + seen, end, have - seen) : NULL;
		if (q != NULL)
			break;
		seen = have;
		if (fill(b, deadline) != 0)
			return NULL;
	}
	*q = '\0';
	*len = (size_t)(q - p);
	b->in.from += *len + 1;
	return p;
}

/* The next answer that is a line.  In front of any, the master may tell that
 * another client wants tokens (Z). */
static char *
get_answer(struct broker *b, size_t *len, int64_t deadline)
{
	char *line;

	while ((line = get_until(b, '\n', len, deadline)) != NULL &&
	    b->alone != ALONE_UNASKED && strcmp(line, "!") == 0)
		b->alone = ALONE_NOT;
	return line;
}

static char *
get_line(struct broker *b)
{
	size_t len;

	return get_answer(b, &len, answer_by(b));
}

static int
protocol_error(void)
{
	errno = EPROTO;
	return -1;
}

/* A number and what follows it; *end is the rest of the text. */
static int
number(char *text, char **end, long *n)
{
	errno = 0;
	*n = strtol(text, end, 10);
	return *end == text || errno != 0 ? protocol_error() : 0;
}

static int
get_number(struct broker *b, long *n)
{
	char *line = get_line(b), *end;

	if (line == NULL || number(line, &end, n) != 0)
		return -1;
	return *end == '\0' ? 0 : protocol_error();
}

static int
broker_put(struct broker *b, const char *text, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = div_send(b->fd, text, len, -1);
		if (n < 0) {
			if (errno == EPIPE)
				errno = ECONNRESET;
			return -1;
		}
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
broker_put_text(struct broker *b, const char *text)
{
	return broker_put(b, text, strlen(text));
}

/*
 * Send "<argument><letter>" for n arguments and have take look at each
 * reply, never more than a window ahead.  The request last goes out together
 * with the last of them.
 */
static int
ask_each(struct broker *b, char letter, const uint32_t *argument,
    size_t first, size_t n, const char *last,
    int (*take)(void *, size_t, char *), void *to)
{
	char text[WINDOW * 16 + 8], *line;
	size_t i, k, len;

	for (i = 0; i < n; i = k) {
		len = 0;
		for (k = i; k < n && k < i + WINDOW; k++)
			len += (size_t)snprintf(text + len, 16, "%lu%c",
			    (unsigned long)(argument ? argument[k] : first + k),
			    letter);
		if (k == n)
			len += (size_t)snprintf(text + len, 8, "%s", last);
		if (broker_put(b, text, len) != 0)
			return -1;
		for (k = i; k < n && k < i + WINDOW; k++) {
			line = get_line(b);
			if (line == NULL || take(to, k, line) != 0)
				return -1;
		}
	}
	return 0;
}

int
broker_open(struct broker *b, const char *path)
{
	char text[32];

	memset(b, 0, sizeof *b);
	b->patience = -1;
	b->path = path;
	b->fd = high_fd(div_connect(path));
	if (b->fd < 0)
		return -1;
	snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (broker_put_text(b, text) != 0) {
		broker_close(b);
		return -1;
	}
	return 0;
}

void
broker_close(struct broker *b)
{
	int e = errno;

	if (b->fd >= 0)
		close(b->fd);
	b->fd = -1;
	buffer_release(&b->in);
	errno = e;
}

/* "i,j,k" into token[]; -1 with the errno none when it was "-1". */
static int
parse_tokens(char *line, size_t n, uint32_t *token, int none)
{
	size_t i;
	long t;

	for (i = 0; i < n; i++) {
		if (number(line, &line, &t) != 0 || t < -1 || t > UINT32_MAX)
			return protocol_error();
		if (i == 0 && t == -1 && *line == '\0') {
			errno = none;
			return -1;
		}
		if (t < 0 || *line != (i + 1 < n ? ',' : '\0'))
			return protocol_error();
		token[i] = (uint32_t)t;
		line++;
	}
	return 0;
}

static int
broker_take_one(void *to, size_t i, char *line)
{
	(void)to;
	(void)i;
	return strcmp(line, "1") == 0 ? 0 : protocol_error();
}

int
broker_give(struct broker *b, const uint32_t *token, size_t n)
{
	return ask_each(b, 'D', token, 0, n, "", broker_take_one, NULL);
}

static int
take_number(void *to, size_t i, char *line)
{
	long *answer = to;
	char *end;

	if (strcmp(line, "-No") == 0) {
		answer[i] = -2;
		return 0;
	}
	if (number(line, &end, &answer[i]) != 0)
		return -1;
	return *end == '\0' ? 0 : protocol_error();
}

int
broker_holders(struct broker *b, char what, size_t first, size_t n,
    long *answer)
{
	return ask_each(b, what, NULL, first, n, "", take_number, answer);
}

/* The answer to Z.  A master that does not know it is not asked again. */
static int
get_alone(struct broker *b)
{
	char *line;

	/* from now on the master may tell */
	b->alone = ALONE_NOT;
	if ((line = get_line(b)) == NULL)
		return -1;
	if (strcmp(line, "-No") == 0)
		b->alone = ALONE_UNKNOWN;
	else if (strcmp(line, "1") == 0)
		b->alone = ALONE;
	else if (strcmp(line, "0") != 0)
		return protocol_error();
	return 0;
}

int
broker_is_alone(struct broker *b)
{
	/* what can be read is that somebody wants some, or the end */
	if (b->alone == ALONE && (buffer_length(&b->in) > 0 ||
	    div_readable(b->fd, 0) != 0))
		b->alone = ALONE_NOT;
	return b->alone == ALONE;
}

/* More tokens than the pool has can never be had: S, which old masters know,
 * tells how many there are. */
int
broker_take_now(struct broker *b, size_t n, uint32_t *token)
{
	int asks = b->reuses &&
	    (b->alone == ALONE_UNASKED || b->alone == ALONE_NOT);
	char text[48], *line, *end;
	long count;

	if (b->old) {
		errno = ENOTSUP;
		return -1;
	}
	snprintf(text, sizeof text, "%sS%zuI", asks ? "Z" : "", n);
	if (broker_put_text(b, text) != 0 ||
	    (asks && get_alone(b) != 0) || (line = get_line(b)) == NULL ||
	    number(line, &end, &count) != 0)
		return -1;
	if (*end != ',')
		return protocol_error();
	if (strchr(end + 1, ',') != NULL)
		count = strtol(strchr(end + 1, ',') + 1, NULL, 10);
	if ((line = get_line(b)) == NULL)
		return -1;
	if (count < 0 || n > (size_t)count) {
		errno = ENOSPC;
		return -1;
	}
	b->count = (size_t)count;
	if (strcmp(line, "-No") == 0) {
		b->old = 1;
		errno = ENOTSUP;
		return -1;
	}
	return parse_tokens(line, n, token, ETIMEDOUT);
}

int
broker_has_free(struct broker *b, size_t n)
{
	static long holder[OWNERS];
	size_t i, k, step, free = 0;

	for (i = 0; i < b->count && free < n; i += step) {
		step = b->count - i < OWNERS ? b->count - i : OWNERS;
		if (broker_holders(b, 'O', i, step, holder) != 0)
			return -1;
		for (k = 0; k < step; k++)
			free += holder[k] == 0;
	}
	return free >= n;
}

/* Ask for n tokens, behind another request.  Those that have to be waited for
 * are to be offered first (E). */
static int
ask_behind(struct broker *b, const char *first, size_t n)
{
	int unasked = b->offers == OFFERS_UNASKED && !b->old;
	char text[48];

	snprintf(text, sizeof text, "%s%s%zuG", first, unasked ? "E" : "", n);
	if (broker_put_text(b, text) != 0)
		return -1;
	if (unasked)
		b->offers = OFFERS_ASKED;
	b->wanted = n;
	b->queued = 1;
	return 0;
}

int
broker_ask(struct broker *b, size_t n)
{
	return ask_behind(b, "", n);
}

/*
 * Wait for the answer to nG, which stays where it is.  What is offered is asked
 * for once more, and is not ours before the answer to that, which comes soon as
 * a rule: there are grace_ms for it, once, even if the deadline is near.
 */
static int
await_tokens(struct broker *b, int64_t deadline, int grace_ms)
{
	int64_t least;
	size_t len;
	char *line;

	while ((line = get_answer(b, &len, deadline)) != NULL) {
		if (b->offers == OFFERS_ASKED) {
			b->offers = strcmp(line, "1") == 0 ?
			    OFFERS_MADE : OFFERS_NONE;
			continue;
		}
		if (b->offers != OFFERS_MADE || strcmp(line, "+") != 0) {
			line[len] = '\n';
			b->in.from -= len + 1;
			return 0;
		}
		if (broker_ask(b, b->wanted) != 0)
			return -1;
		least = div_awake() + grace_ms;
		if (deadline >= 0 && deadline < least)
			deadline = least;
		grace_ms = 0;
	}
	return -1;
}

/* The answer to nG, which may take until the deadline. */
static int
broker_granted(struct broker *b, size_t n, int64_t deadline, uint32_t *token)
{
	size_t len;
	char *line = await_tokens(b, deadline, AT_ONCE_MS) == 0 ?
	    get_until(b, '\n', &len, deadline) : NULL;

	if (line == NULL)
		return -1;
	b->queued = 0;
	return parse_tokens(line, n, token, ENOSPC);
}

int
broker_answer(struct broker *b, size_t n, uint32_t *token)
{
	if (await_tokens(b, div_awake(), 0) != 0) {
		if (errno != ETIMEDOUT)
			return -1;
		b->late = 0;
		return 1;
	}
	return broker_granted(b, n, -1, token);
}

/*
 * An old master's P spins for ever, so what is free there is found out by who
 * holds what.  Others may be faster between that and our request, which then
 * waits.
 */
static int
take_of_old(struct broker *b, size_t n, uint32_t *token)
{
	int r = broker_has_free(b, n);

	if (r == 0)
		errno = ETIMEDOUT;
	return r > 0 && broker_ask(b, n) == 0 ?
	    broker_granted(b, n, div_awake() + AT_ONCE_MS, token) : -1;
}

/* The answer to "0I": that tells old masters from others, and both from what is
 * no ptbw at all. */
static int
broker_greet(struct broker *b)
{
	char *line = b->greeted ? NULL : get_line(b);

	if (b->greeted)
		return b->greeted > 0 ? 0 : protocol_error();
	if (line == NULL)
		return -1;
	b->old = strcmp(line, "-No") == 0;
	b->greeted = b->old || *line == '\0' ? 1 : -1;
	return broker_greet(b);
}

int
broker_begin(struct broker *b, size_t n)
{
	b->greeted = 0;
	return ask_behind(b, "0I", n);
}

int
broker_answered(struct broker *b, int ms)
{
	int64_t deadline = div_awake() + ms;

	if (div_readable(b->fd, deadline) <= 0)
		return 0;
	if (broker_greet(b) != 0 || await_tokens(b, deadline, 0) == 0 ||
	    errno != ETIMEDOUT)
		return 1;
	b->late = 0;
	return 0;
}

int
broker_finish(struct broker *b, size_t n, int64_t deadline, uint32_t *token)
{
	return broker_greet(b) != 0 ? -1 :
	    broker_granted(b, n, deadline, token);
}

int
broker_take_at_once(struct broker *b, size_t n, uint32_t *token)
{
	b->patience = BROKER_ANSWER_MS;
	if (broker_take_now(b, n, token) == 0)
		return 0;
	return errno == ENOTSUP ? take_of_old(b, n, token) : -1;
}

/* In a process that has nothing but the connection. */
_Noreturn static void
wait_in_queue(struct broker *b)
{
	static const int sigs[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD };
	long most = sysconf(_SC_OPEN_MAX), fd;
	sigset_t none;
	size_t i;

	setsid();
	for (i = 0; i < sizeof sigs / sizeof *sigs; i++)
		signal(sigs[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (most < 0 || most > FDS_MAX)
		most = FDS_MAX;
	for (fd = 0; fd < most; fd++)
		if (fd != b->fd)
			close((int)fd);
	b->patience = -1;
	if (chdir("/") == 0 && await_tokens(b, -1, 0) == 0)
		broker_return(b);
	_exit(0);
}

int
broker_leave(struct broker *b)
{
	pid_t pid = 1;
	int e = errno;

	if (b->queued && b->old)
		pid = fork();
	if (pid == 0)
		wait_in_queue(b);
	/* processes that we have left behind may have it, too */
	if (!b->queued || !b->old)
		shutdown(b->fd, SHUT_RDWR);
	broker_close(b);
	errno = e;
	return pid > 0 ? 0 : -1;
}

static int
broker_take_name(void *to, size_t i, char *line)
{
	struct buffer *names = to;

	if (line[0] != '+')
		return protocol_error();
	if (i > 0 && buffer_append(names, "\n", 1) != 0)
		return -1;
	return buffer_append(names, line + 1, strlen(line + 1));
}

char *
broker_names(struct broker *b, const uint32_t *token, size_t n,
    int *borrowed)
{
	struct buffer names = { 0 };
	char *line;

	if (ask_each(b, 'N', token, 0, n, "B", broker_take_name, &names) != 0 ||
	    buffer_append(&names, "", 1) != 0 || (line = get_line(b)) == NULL) {
		buffer_release(&names);
		return NULL;
	}
	*borrowed = atoi(line) > 0 ? atoi(line) : 0;    /* an old one: -No */
	return names.data;
}

int
broker_tie(struct broker *b)
{
	ssize_t n;
	char c;

	if (broker_put_text(b, "L") != 0 || wait_readable(b, answer_by(b)) != 0)
		return -1;
	do
		n = recv(b->fd, &c, 1, MSG_PEEK);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ECONNRESET;
	if (n <= 0)
		return -1;
	return c == DIV_TIE[0] ? 0 : protocol_error();
}

int
broker_take_tie(struct broker *b, int *fd)
{
	char text[8];
	size_t count;
	ssize_t n;

	*fd = -1;
	if (broker_put_text(b, "L") != 0 || wait_readable(b, answer_by(b)) != 0)
		return -1;
	n = div_recv(b->fd, text, sizeof text, fd, 1, &count);
	if (n == 0)
		errno = ECONNRESET;
	if (n <= 0)
		return -1;
	*fd = high_fd(*fd);
	/* or "-No": there is none */
	return text[n - 1] == '\n' ? 0 : protocol_error();
}

/*
 * Read until the master has closed its end.  It has done what was asked if the
 * number that answers F has come, perhaps behind what broker_tie left.
 */
static int
wait_closed(struct broker *b)
{
	int64_t deadline = div_awake() + BROKER_ANSWER_MS;
	int answered = 0;
	size_t i;

	do {
		for (i = b->in.from; i < b->in.to; i++)
			answered |= text_is_digit(b->in.data[i]);
		b->in.from = b->in.to = 0;
	} while (fill(b, deadline) == 0);
	return answered && errno == ECONNRESET ? 0 : -1;
}

int
broker_return(struct broker *b)
{
	int r = broker_put_text(b, "F.");

	if (r == 0)
		r = wait_closed(b);
	broker_close(b);
	return r;
}

int
broker_quit(struct broker *b)
{
	return broker_put_text(b, "Q");
}

/* "S": "count,space", or "count,space,live". */
static int
get_size(struct broker *b, struct broker_pool *p)
{
	char *line = get_line(b), *end;
	long count, space, live;

	if (line == NULL || number(line, &end, &count) != 0)
		return -1;
	live = count;
	if (*end != ',' || number(end + 1, &end, &space) != 0 ||
	    (*end == ',' && number(end + 1, &end, &live) != 0) ||
	    count < 0 || live < 0 || live > count ||
	    count > REPLY_MAX || space < 0 || space > REPLY_MAX)
		return protocol_error();
	p->count = (size_t)count;
	p->space = (size_t)space;
	p->live = (size_t)live;
	return 0;
}

int
broker_describe(struct broker *b, struct broker_pool *p)
{
	long longest, group;
	char *type, *source;
	size_t len;

	if (broker_put_text(b, "SJRU") != 0 || get_size(b, p) != 0 ||
	    get_number(b, &longest) != 0 || get_number(b, &group) != 0 ||
	    (type = get_bytes(b, 1)) == NULL)
		return -1;
	p->type = *type;
	if ((source = get_until(b, '\0', &len, answer_by(b))) == NULL)
		return -1;
	p->longest = longest > 0 ? (size_t)longest : 0;
	p->group = group > 0 ? (size_t)group : 0;
	p->source = strdup(source);
	return p->source != NULL ? 0 : -1;
}

/* Ask for a change of the pool. */
static const char *
ask_change(struct broker *b, size_t n, char letter)
{
	char text[32];

	snprintf(text, sizeof text, "%zu%c", n, letter);
	return broker_put_text(b, text) == 0 ? get_line(b) : NULL;
}

const char *
broker_resize(struct broker *b, size_t n)
{
	return ask_change(b, n, 'r');
}

const char *
broker_announce(struct broker *b, size_t len)
{
	return ask_change(b, len, 't');
}

const char *
broker_retag(struct broker *b, const char *text, size_t len)
{
	return broker_put(b, text, len) == 0 ? get_line(b) : NULL;
}

char *
broker_tableau(struct broker *b, size_t space)
{
	char *p, *copy;

	if (broker_put_text(b, "T") != 0 || (p = get_bytes(b, space)) == NULL)
		return NULL;
	if (space > 0 && p[space - 1] != '\0') {
		errno = EPROTO;
		return NULL;
	}
	copy = malloc(space + 1);
	if (copy != NULL)
		memcpy(copy, p, space);
	return copy;
}

/* "n", newline, n bytes; NULL with *len 0 for "-No". */
static char *
counted(struct broker *b, const char *request, size_t *len)
{
	char *p, *copy;
	long n;

	*len = 0;
	if (broker_put_text(b, request) != 0 || (p = get_line(b)) == NULL)
		return NULL;
	if (p[0] == '-')
		return NULL;
	if (number(p, &p, &n) != 0 || *p != '\0' || n < 0 || n > REPLY_MAX) {
		errno = EPROTO;
		return NULL;
	}
	if ((p = get_bytes(b, (size_t)n)) == NULL)
		return NULL;
	copy = malloc((size_t)n + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, p, (size_t)n);
	copy[n] = '\0';
	*len = (size_t)n;
	return copy;
}

char *
broker_comments(struct broker *b, size_t *len)
{
	return counted(b, "C", len);
}

char *
broker_waiting(struct broker *b, size_t *len)
{
	return counted(b, "W", len);
}

static int
broker_take_peer(void *to, size_t i, char *line)
{
	struct broker_peer *p = (struct broker_peer *)to + i;
	int n = sscanf(line, "%ld %lu %ld", &p->pid, &p->socket, &p->claim);

	p->held = n == 3;
	if (n != 3)
		p->claim = 0;
	/* "0": it has come back meanwhile; "-1": it is no more */
	return n == 3 || strcmp(line, "0") == 0 || strcmp(line, "-1") == 0 ?
	    0 : protocol_error();
}

int
broker_peers(struct broker *b, const uint32_t *token, size_t n,
    struct broker_peer *p)
{
	return ask_each(b, 'K', token, 0, n, "", broker_take_peer, p);
}

char *
broker_queue(struct broker *b, size_t *len)
{
	char *text = counted(b, "Y", len);

	if (text != NULL && (strlen(text) != *len ||
	    memchr(text, '\n', *len) == NULL)) {
		free(text);
		errno = EPROTO;
		return NULL;
	}
	return text;
}
