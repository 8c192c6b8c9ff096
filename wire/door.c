/*
 * door.c - who is it that does not answer, or answers nonsense?
 *
 * What tells them apart: an xclate speaks first.  A ptbw takes "-" for a client
 * without a pid, and answers V.  A wrapw takes the same bytes, up to a NUL, for
 * a cookie that cannot be, and refuses it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "door.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "divconnect.h"

enum {
	CONNECT_MS = 300,
	FIRST_MS = 100,           /* for one that speaks first */
	ANSWER_MS = 300,
	LOOKS = 5,
	LOOK_MS = 20
};

/* The path that a connection's other side was bound to; 0 when it has none. */
static int
bound_path(int fd, struct sockaddr_un *sun)
{
	socklen_t len = sizeof *sun;

	memset(sun, 0, sizeof *sun);
	return getpeername(fd, (struct sockaddr *)sun, &len) == 0 &&
	    sun->sun_family == AF_UNIX && sun->sun_path[0] != '\0';
}

/*
 * Linux shows a connection that was not accepted with the listener's path and
 * the state 02, connecting:
 * "0000000000000000: 00000002 00000000 00000000 0001 02     0 /tmp/s"
 */
static int
is_untaken(const char *line, const char *path, size_t max)
{
	unsigned state;
	int at = 0;

	return sscanf(line, "%*s %*s %*s %*s %*s %x %*s %n", &state,
	    &at) == 1 && at > 0 && state == 2 &&
	    strncmp(line + at, path, max) == 0;
}

static int
has_untaken(const struct sockaddr_un *sun)
{
	FILE *f = fopen("/proc/net/unix", "re");
	char line[512];
	int found = 0;

	if (f == NULL)
		return 0;
	while (!found && fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		found = is_untaken(line, sun->sun_path, sizeof sun->sun_path);
	}
	fclose(f);
	return found;
}

static void (*tell_closed)(const char *path);

void
door_when_closed(void (*tell)(const char *path))
{
	tell_closed = tell;
}

/* One that has just come is taken in a moment. */
int
door_is_closed(int fd, const char *path)
{
	struct sockaddr_un sun;
	int i;

	if (!bound_path(fd, &sun))
		return 0;
	for (i = 0; i < LOOKS; i++) {
		if (!has_untaken(&sun))
			return 0;
		poll(NULL, 0, LOOK_MS);
	}
	if (tell_closed != NULL)
		tell_closed(path);
	tell_closed = NULL;
	return 1;
}

/* Connect within a time that div_connect does not know. */
static int
knock(const char *path)
{
	int64_t deadline = div_awake() + CONNECT_MS;
	struct div_dial d;
	int r = div_dial(&d, path, 0);

	while (r == 0 && !d.later && div_readable(d.fd, deadline) == 1)
		r = div_dial_on(&d);
	if (r == 0)
		div_dial_end(&d);
	return r == 1 ? d.fd : -1;
}

/* Read what begins an answer. */
static size_t
door_hear(int fd, char *said, size_t room, int ms)
{
	int64_t deadline = div_awake() + ms;
	size_t have = 0;
	ssize_t n = 1;

	while (n > 0 && have < room && memchr(said, '\n', have) == NULL) {
		n = div_read(fd, said + have, room - have, deadline);
		if (n > 0)
			have += (size_t)n;
	}
	return have;
}

/* The name of the program that answers there, or NULL. */
static const char *
who_answers(const char *path)
{
	char said[64] = "";
	const char *name = NULL;
	int fd = knock(path);

	if (fd < 0)
		return NULL;
	if (door_hear(fd, said, sizeof said - 1, FIRST_MS) > 0)
		name = memchr(said, '\0', sizeof said - 1) != NULL &&
		    strncmp(said, "0.", 2) == 0 ? "xclate" : NULL;
	else if (div_send(fd, "-\nV", 4, -1) == 4 &&
	    door_hear(fd, said, sizeof said - 1, ANSWER_MS) > 0)
		name = strncmp(said, "0.4\n", 4) == 0 ? "ptbw" :
		    strcmp(said, "-") == 0 ? "wrapw" : NULL;
	div_close(fd);
	return name;
}

int
door_is_other(const char *path, const char *wanted, char *text, size_t room)
{
	const char *who = who_answers(path);

	if (who == NULL || strcmp(who, wanted) == 0)
		return 0;
	if (strcmp(who, "wrapw") == 0)
		snprintf(text, room, "it is a wrapw, not %s %s, which may be "
		    "at %s/%s", *wanted == 'x' ? "an" : "a", wanted, path,
		    *wanted == 'x' ? "xcl" : wanted);
	else
		snprintf(text, room, "it is %s %s, not %s %s",
		    *who == 'x' ? "an" : "a", who,
		    *wanted == 'x' ? "an" : "a", wanted);
	return 1;
}
