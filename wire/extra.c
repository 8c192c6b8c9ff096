/*
 * extra.c - one token more at a time, in a loop that goes on meanwhile
 *
 * Requests are sent when there is a reason, and their answers are told apart by
 * their order.  Lines with a tilde in front answer nothing.
 *
 * SPDX-License-Identifier: ISC
 */
#include "extra.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "divconnect.h"

/* What is not answered yet: 1E, 0E, iD, and 2E, which tells an old master. */
enum { ASK = '1', LEAVE = '0', GIVE = 'D', PROBE = 'e' };

static void
extra_lost(struct extra *x, int error)
{
	x->error = error;
	x->asked = 0;
	x->back = 0;
	wk_forget(&x->io);
}

/* Send requests, and remember that they are to be answered. */
static void
request(struct extra *x, const char *what, const char *text)
{
	ssize_t n;

	if (x->error != 0)
		return;
	if (buffer_append(&x->requests, what, strlen(what)) != 0) {
		extra_lost(x, ENOMEM);
		return;
	}
	while (*text != '\0') {
		n = div_send(x->broker->fd, text, strlen(text), -1);
		if (n < 0) {
			extra_lost(x, errno == EPIPE ? ECONNRESET : errno);
			return;
		}
		text += n;
	}
}

void
extra_ask(struct extra *x)
{
	x->asked = 1;
	request(x, "1", "1E");
}

void
extra_leave(struct extra *x)
{
	x->asked = 0;
	request(x, "0", "0E");
}

void
extra_give(struct extra *x, uint32_t token)
{
	char text[16], *p = text + sizeof text;

	*--p = '\0';
	*--p = GIVE;
	do
		*--p = (char)('0' + token % 10);
	while ((token /= 10) > 0);
	if (x->back > 0)
		x->back--;
	x->refused = 0;
	request(x, "D", p);
}

/* "~+i", "~-n": 0 when it is neither. */
static int
unasked(struct extra *x, const char *text)
{
	char *end;
	unsigned long n;

	if (!text_is_digit(text[1]))
		return 0;
	errno = 0;
	n = strtoul(text + 1, &end, 10);
	if (*end != '\0' || errno != 0 || n > UINT32_MAX)
		return 0;
	if (*text == '+') {
		x->asked = 0;
		x->granted(x, (uint32_t)n);
	} else if (*text == '-') {
		x->back = n;
	}
	return *text == '+' || *text == '-';
}

/* The answer to the oldest request: 0 when it is none. */
static int
answer(struct extra *x, const char *line)
{
	char what;

	if (buffer_length(&x->requests) == 0)
		return 0;
	what = x->requests.data[x->requests.from++];
	if (strcmp(line, "-No") == 0 && (what == PROBE || what == LEAVE)) {
		x->error = ENOTSUP;
		return 1;
	}
	if (what == PROBE && strcmp(line, "1") == 0)
		x->error = ENOTSUP;     /* it takes E for another request */
	if (what == ASK && strcmp(line, "-1") == 0) {
		x->asked = 0;
		x->refused = 1;
	}
	return strcmp(line, "1") == 0 || strcmp(line, "0") == 0 ||
	    (strcmp(line, "-1") == 0 && (what == ASK || what == PROBE));
}

static void
take_bytes(struct extra *x, const char *data, size_t n)
{
	size_t i;
	int good = 1;

	for (i = 0; i < n && good && x->error == 0; i++) {
		if (data[i] != '\n') {
			good = x->len + 1 < sizeof x->line;
			if (good)
				x->line[x->len++] = data[i];
			continue;
		}
		x->line[x->len] = '\0';
		x->len = 0;
		good = x->line[0] == '~' ? unasked(x, x->line + 1) :
		    answer(x, x->line);
	}
	if (!good)
		extra_lost(x, EPROTO);
}

/* Read what is there. */
static void
extra_read(struct extra *x)
{
	char data[512];
	ssize_t n;

	/* who else has the connection may have it wait, or not */
	n = recv(x->broker->fd, data, sizeof data, MSG_DONTWAIT);
	if (n > 0)
		take_bytes(x, data, (size_t)n);
	else if (n == 0)
		extra_lost(x, ECONNRESET);
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		extra_lost(x, errno);
}

static void
extra_ready(struct wk_io *io, int what)
{
	struct extra *x = (struct extra *)((char *)io -
	    offsetof(struct extra, io));

	(void)what;
	extra_read(x);
	x->changed(x);
}

int
extra_begin(struct extra *x, struct broker *b)
{
	int64_t deadline = div_awake() + BROKER_ANSWER_MS;

	x->broker = b;
	x->io.fd = b->fd;
	x->io.ready = extra_ready;
	request(x, "0e", "0E2E");
	while (x->error == 0 && buffer_length(&x->requests) > 0) {
		if (div_readable(b->fd, deadline) > 0)
			extra_read(x);
		else
			x->error = ETIMEDOUT;
	}
	if (x->error == 0 && wk_watch(&x->io, WK_READ) != 0)
		x->error = errno;
	errno = x->error;
	return x->error == 0 ? 0 : -1;
}

void
extra_rest(struct extra *x)
{
	int64_t deadline = div_awake() + BROKER_ANSWER_MS;

	if (x->asked)
		extra_leave(x);
	while (x->error == 0 && buffer_length(&x->requests) > 0 &&
	    div_readable(x->broker->fd, deadline) > 0)
		extra_read(x);
}

void
extra_end(struct extra *x)
{
	wk_forget(&x->io);
	buffer_release(&x->requests);
	x->asked = 0;
}
