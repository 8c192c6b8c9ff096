/*
 * redirect.c - streams named on the command line: >file, >&3, |cmd, a socket
 *
 * A spec is parsed first, the same way whether it is then opened or only
 * described.
 *
 * SPDX-License-Identifier: ISC
 */
#include "redirect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "divconnect.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/wrapper.h"

enum kind {
	EMPTY, SAME, CLOSED, NOTHING, DESCRIPTOR, NOT_NUMBER, HERE, COMMAND,
	ONLY_FILE, FILE_OR_SOCKET
};

/* What a spec is by its start; the first form that fits counts. */
struct form {
	const char *start;
	enum kind kind;
	int flags;               /* of open */
	const char *how;         /* in words, for redirect_describe */
};

static const struct form outputs[] = {
	{ ">&", DESCRIPTOR, O_WRONLY, "write to" },
	{ ">>", ONLY_FILE, O_WRONLY | O_CREAT | O_APPEND, "appended to" },
	{ ">", FILE_OR_SOCKET, O_WRONLY | O_CREAT | O_TRUNC, "truncated" },
	{ "|", COMMAND, O_WRONLY, "and write to it" },
	{ "", FILE_OR_SOCKET, O_WRONLY | O_CREAT, "not truncated" }
};

static const struct form inputs[] = {
	{ "<&", DESCRIPTOR, O_RDONLY, "read from" },
	{ "<<", HERE, O_RDONLY, NULL },
	{ "<>", FILE_OR_SOCKET, O_RDWR, "to read and write" },
	{ "<", FILE_OR_SOCKET, O_RDONLY, "to read" },
	{ "|", COMMAND, O_RDONLY, "and read from it" },
	{ "", FILE_OR_SOCKET, O_RDONLY, "to read" }
};

/* A spec taken apart. */
struct stream {
	enum kind kind;
	int flags;
	const char *how;
	const char *name;        /* what stands behind the start */
	int number;              /* of a descriptor */
};

/* Descriptors that we were started with and have made close-on-exec.  All
 * other descriptors with that flag were opened by this program. */
enum { HIDDEN_MAX = 8 };
static int hidden[HIDDEN_MAX];
static size_t hidden_count;

/* --- what a spec means --- */

/* Text that is a number and nothing else; or -1. */
static int
descriptor(const char *s)
{
	int n = 0;

	if (*s == '\0')
		return -1;
	for (; *s != '\0'; s++) {
		if (!text_is_digit(*s) || n > (INT_MAX - (*s - '0')) / 10)
			return -1;
		n = n * 10 + (*s - '0');
	}
	return n;
}

static struct stream
parse_form(const struct form *f, const char *spec)
{
	struct stream s;

	while (!text_begins(spec, f->start))
		f++;
	s.kind = f->kind;
	s.flags = f->flags;
	s.how = f->how;
	s.name = spec + strlen(f->start);
	s.number = -1;
	if (s.kind == DESCRIPTOR) {
		s.number = descriptor(s.name);
		if (s.number < 0)
			s.kind = NOT_NUMBER;
	}
	return s;
}

static struct stream
parse_output(const char *spec)
{
	struct stream s = parse_form(outputs, spec);

	if (*spec == '\0')
		s.kind = EMPTY;
	else if (strcmp(spec, ">&-") == 0)
		s.kind = NOTHING;
	return s;
}

static struct stream
parse_input(const char *spec)
{
	struct stream s = parse_form(inputs, spec);

	if (*spec == '\0') {
		s.kind = SAME;
	} else if (strcmp(spec, "-") == 0) {
		s.kind = NOTHING;
	} else if (strcmp(spec, "<&-") == 0) {
		s.kind = CLOSED;
	} else if (strcmp(spec, "<&") == 0) {
		s.kind = DESCRIPTOR;
		s.number = 0;
	}
	return s;
}

/* --- opening --- */

/* reason: NULL when the errno says it all. */
static int
redirect_fail(struct redirect *r, int code, int error, const char *reason)
{
	r->code = code;
	snprintf(r->reason, sizeof r->reason, "%s",
	    reason != NULL ? reason : strerror(error));
	errno = error;
	return -1;
}

/* The descriptor, moved if it is one of the first three; -1 stays -1. */
static int
above(int fd)
{
	int moved;

	if (fd < 0 || fd > 2)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	div_close(fd);
	return moved;
}

static int
redirect_open_file(struct redirect *r, const char *path, int flags,
    int may_connect)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666), e = errno;

	if (fd < 0 && may_connect && div_exists(path)) {
		fd = div_connect(path);
		e = errno;
	}
	r->fd = above(fd);
	if (r->fd < 0)
		return fd < 0 ? redirect_fail(r, WK_NOINPUT, e, NULL) :
		    redirect_fail(r, WK_SYSTEM, errno, NULL);
	return r->fd >= 0 ? 0 : redirect_fail(r, WK_SYSTEM, errno, NULL);
}

/* 1 if the descriptor was open when this program was started. */
static int
is_users(int fd)
{
	int flags = fcntl(fd, F_GETFD);
	size_t i;

	if (flags < 0 || !(flags & FD_CLOEXEC))
		return flags >= 0;
	for (i = 0; i < hidden_count; i++)
		if (hidden[i] == fd)
			return 1;
	return 0;
}

/* Keep an output of the user's from the programs that are started from now on:
 * its reader would wait for the end of all of them. */
static void
hide(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (fd <= 2 || flags & FD_CLOEXEC)
		return;
	if (hidden_count < HIDDEN_MAX)
		hidden[hidden_count++] = fd;
	fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

static int
copy_descriptor(struct redirect *r, const struct stream *s)
{
	if (!is_users(s->number))
		return redirect_fail(r, WK_SYSTEM, EBADF,
		    "this descriptor is not open");
	r->fd = fcntl(s->number, F_DUPFD_CLOEXEC, 3);
	if (r->fd < 0)
		return redirect_fail(r, WK_SYSTEM, errno, NULL);
	if (s->flags == O_WRONLY)
		hide(s->number);
	return 0;
}

static const char *
shell(void)
{
	const char *s = getenv("SHELL");

	return s != NULL && *s != '\0' ? s : "/bin/sh";
}

/*
 * The arguments of the shell for a command.  A command that begins with - would
 * be taken for options, so -- goes before it; perl as $SHELL takes anything
 * behind its -e.
 */
static void
shell_arguments(const char *argv[5], const char *command)
{
	int perl = strcmp(text_base_name(shell()), "perl") == 0;
	size_t n = 0;

	argv[n++] = text_base_name(shell());
	argv[n++] = perl ? "-e" : "-c";
	if (*command == '-' && !perl)
		argv[n++] = "--";
	argv[n++] = command;
	argv[n] = NULL;
}

/* wk_spawn, with $XCLATE set to guard. */
static pid_t
spawn_guarded(const struct wk_spawn *s, const char *guard)
{
	const char *value = getenv("XCLATE");
	char *former = value ? strdup(value) : NULL;
	pid_t pid = -1;
	int e;

	if (value == NULL || former != NULL)
		if (setenv("XCLATE", guard, 1) == 0)
			pid = wk_spawn(s);
	e = errno;
	if (former != NULL)
		setenv("XCLATE", former, 1);
	else if (value == NULL)
		unsetenv("XCLATE");
	free(former);
	errno = e;
	return pid;
}

static void
ended(struct wk_child *c, int status)
{
	(void)status;
	c->pid = 0;
}

/* Start the command with fd as its stdin, or stdout. */
static int
start(struct redirect *r, const struct stream *s, int fd, const char *guard)
{
	int output = s->flags == O_WRONLY;
	const int fds[3] = { output ? fd : -1, output ? -1 : fd, -1 };
	char reason[REDIRECT_REASON_MAX];
	const char *argv[5];
	struct wk_spawn what = wk_spawn_plain(shell(), (char *const *)argv);
	pid_t pid;
	int e;

	what.fd = fds;
	shell_arguments(argv, s->name);
	pid = guard ? spawn_guarded(&what, guard) : wk_spawn(&what);
	if (pid < 0) {
		e = errno;
		snprintf(reason, sizeof reason, "%s: %s", shell(),
		    strerror(e));
		return redirect_fail(r, wk_spawn_error_code(e), e, reason);
	}
	r->child.pid = pid;
	r->child.ended = ended;
	wk_child_watch(&r->child);
	return 0;
}

static int
pipe_above(int ends[2])
{
	int e;

	if (div_pipe(ends) != 0)
		return -1;
	ends[0] = above(ends[0]);
	e = errno;
	ends[1] = above(ends[1]);
	if (ends[0] >= 0 && ends[1] >= 0)
		return 0;
	if (ends[0] < 0)
		errno = e;
	if (ends[0] >= 0 || ends[1] >= 0)
		div_close(ends[ends[0] < 0]);
	return -1;
}

static int
open_command(struct redirect *r, const struct stream *s, const char *guard)
{
	int mine = s->flags == O_WRONLY, ends[2], status;

	if (pipe_above(ends) != 0)
		return redirect_fail(r, WK_SYSTEM, errno, NULL);
	status = start(r, s, ends[!mine], guard);
	div_close(ends[!mine]);
	if (status == 0)
		r->fd = ends[mine];
	else
		div_close(ends[mine]);
	return status;
}

static int
open_stream(struct redirect *r, const struct stream *s, const char *guard)
{
	memset(r, 0, sizeof *r);
	r->fd = -1;
	switch (s->kind) {
	case SAME:
		r->same = 1;
		return 0;
	case CLOSED:
		return 0;
	case NOTHING:
		return redirect_open_file(r, "/dev/null",
		    s->flags & O_ACCMODE, 0);
	case DESCRIPTOR:
		return copy_descriptor(r, s);
	case COMMAND:
		return open_command(r, s, guard);
	case ONLY_FILE:
	case FILE_OR_SOCKET:
		return redirect_open_file(r, s->name, s->flags,
		    s->kind == FILE_OR_SOCKET);
	case HERE:
		return redirect_fail(r, WK_UNAVAILABLE, ENOTSUP,
		    "there are no here-documents");
	case NOT_NUMBER:
		return redirect_fail(r, WK_DATA, EINVAL,
		    "this is no descriptor's number");
	default:
		return redirect_fail(r, WK_DATA, EINVAL, "an empty name");
	}
}

int
redirect_output(struct redirect *r, const char *spec, const char *guard)
{
	struct stream s = parse_output(spec);

	return open_stream(r, &s, guard);
}

int
redirect_input(struct redirect *r, const char *spec)
{
	struct stream s = parse_input(spec);

	return open_stream(r, &s, NULL);
}

/* --- in words --- */

static void
describe_command(char *text, size_t room, const struct stream *s)
{
	const char *argv[5];
	size_t i, n;

	shell_arguments(argv, s->name);
	n = (size_t)snprintf(text, room, "run %s", shell());
	for (i = 1; argv[i] != NULL && n < room; i++)
		n += (size_t)snprintf(text + n, room - n, " %s", argv[i]);
	if (n < room)
		snprintf(text + n, room - n, ", %s", s->how);
}

static void
describe_file(char *text, size_t room, const struct stream *s)
{
	if (s->kind == FILE_OR_SOCKET && div_exists(s->name))
		snprintf(text, room, "connect to %s", s->name);
	else
		snprintf(text, room, "open %s, %s", s->name, s->how);
}

const char *
redirect_describe(const char *spec, int input)
{
	struct stream s = input ? parse_input(spec) : parse_output(spec);
	static char text[4096];

	switch (s.kind) {
	case SAME:
		return "leave it as it is";
	case CLOSED:
		return "close it";
	case NOTHING:
		return "open /dev/null";
	case DESCRIPTOR:
		snprintf(text, sizeof text, "%s descriptor %d", s.how,
		    s.number);
		break;
	case COMMAND:
		describe_command(text, sizeof text, &s);
		break;
	case ONLY_FILE:
	case FILE_OR_SOCKET:
		describe_file(text, sizeof text, &s);
		break;
	default:
		snprintf(text, sizeof text, "refuse \"%s\"", spec);
	}
	return text;
}
