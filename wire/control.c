/*
 * control.c - the client's side of wrapw's control protocol (version 1.0)
 *
 * SPDX-License-Identifier: ISC
 */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/text.h"
#include "divconnect.h"
#include "door.h"

enum {
	GREETING_MS = DOOR_MS,
	ANSWER_MS = 2 * DIV_CONNECT_MS,   /* a listing asks others first */
	ANSWER_MAX = 64 << 20             /* bytes of an answer */
};

static int
nonsense(void)
{
	errno = EPROTO;
	return -1;
}

/* Read up to n bytes within ms and before the deadline; -1 with errno. */
static ssize_t
read_some(int fd, char *to, size_t n, int ms, int64_t deadline)
{
	int64_t until = div_awake() + ms;
	ssize_t got = div_read(fd, to, n, deadline >= 0 && deadline < until ?
	    deadline : until);

	if (got == 0)
		errno = ECONNRESET;
	return got > 0 ? got : -1;
}

static int
control_put(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = div_send(fd, data, len, -1);
		if (n < 0) {
			if (errno == EPIPE)
				errno = ECONNRESET;
			return -1;
		}
	}
	return 0;
}

/* The empty cookie begins the conversation.  Other masters hang up for it, or
 * begin to speak. */
static int
control_greet(int fd, int64_t deadline)
{
	char byte;

	if (control_put(fd, "", 1) != 0 ||
	    read_some(fd, &byte, 1, GREETING_MS, deadline) < 0)
		return -1;
	return byte == '+' ? 0 : nonsense();
}

static int
send_request(int fd, const char *request)
{
	char line[CONTROL_LINE_MAX + 1];
	int n = snprintf(line, sizeof line, "%s\n", request);

	if (n < 0 || (size_t)n >= sizeof line) {
		errno = EMSGSIZE;
		return -1;
	}
	return control_put(fd, line, (size_t)n);
}

/* The first line of an answer, "+ TEXT" or "- TEXT": its sign in *sign. */
static int
read_head(int fd, int64_t deadline, char *sign, char text[CONTROL_LINE_MAX])
{
	size_t n;
	char byte;

	if (read_some(fd, sign, 1, ANSWER_MS, deadline) < 0)
		return -1;
	if ((*sign != '+' && *sign != '-') ||
	    read_some(fd, &byte, 1, ANSWER_MS, deadline) < 0 || byte != ' ')
		return nonsense();
	for (n = 0; n < CONTROL_LINE_MAX; n++) {
		if (read_some(fd, text + n, 1, ANSWER_MS, deadline) < 0)
			return -1;
		if (text[n] == '\n') {
			text[n] = '\0';
			return 0;
		}
	}
	return nonsense();
}

/* The bytes behind "+ SIZE". */
static char *
read_body(int fd, int64_t deadline, const char *head, size_t *len)
{
	char *text, *end;
	unsigned long size = strtoul(head, &end, 10);
	ssize_t n = 1;
	size_t have;

	if (!text_is_digit(*head) || *end != '\0' || size > ANSWER_MAX) {
		nonsense();
		return NULL;
	}
	text = malloc(size + 1);
	if (text == NULL)
		return NULL;
	for (have = 0; have < size; have += (size_t)n) {
		n = read_some(fd, text + have, size - have, ANSWER_MS,
		    deadline);
		if (n < 0) {
			free(text);
			return NULL;
		}
	}
	text[size] = '\0';
	*len = size;
	return text;
}

enum control_result
control_ask(int fd, const char *request, int64_t deadline, char **text,
    size_t *len)
{
	char head[CONTROL_LINE_MAX], sign = '+';

	*text = NULL;
	if (control_greet(fd, deadline) == 0 &&
	    send_request(fd, request) == 0 &&
	    read_head(fd, deadline, &sign, head) == 0) {
		*len = strlen(head);
		*text = sign == '-' ? strdup(head) :
		    read_body(fd, deadline, head, len);
	}
	div_close(fd);
	return *text == NULL ? CONTROL_FAILED :
	    sign == '-' ? CONTROL_REFUSED : CONTROL_DONE;
}
