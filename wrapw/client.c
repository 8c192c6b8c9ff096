/*
 * client.c - the client of wrapw
 *
 * Gets a name space from a master (over its control protocol) or from a
 * record, and gives it to a command, a file or a person; or asks the master
 * to change it.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record.h"
#include "base/spawn.h"
#include "wrapw.h"

extern char **environ;

enum {
	GREETING_MS = DIV_CONNECT_MS,
	ANSWER_MS = 2 * DIV_CONNECT_MS,   /* a listing asks others first */
	ANSWER_MAX = 64 << 20             /* bytes of an answer */
};

/* A conversation with a master. */
struct control {
	const char *path;         /* as it was given to us */
	int fd;
	int ends;                 /* all else is done: exit with this code, */
	int code;                 /* should the master be gone */
};

/* Where a name space comes from. */
struct source {
	const char *path;         /* of a master's socket, or NULL */
	struct record record;
};

/* --- the control protocol --- */

/* Read up to n bytes; how many, or 0 when nothing comes or it hangs up, and
 * errno says why. */
static size_t
read_some(const struct control *c, char *to, size_t n, int ms)
{
	ssize_t got = div_read(c->fd, to, n, div_awake() + ms);

	if (got == 0)
		errno = ECONNRESET;
	return got > 0 ? (size_t)got : 0;
}

static int
read_byte(const struct control *c, char *byte)
{
	return read_some(c, byte, 1, ANSWER_MS) == 1;
}

_Noreturn static void
nonsense(const struct control *c)
{
	wk_die(WK_PROTOCOL, "%s: it is no wrapw master, or of another version",
	    c->path);
}

_Noreturn static void
wclient_gone(const struct control *c)
{
	if (c->ends && errno == ECONNRESET)
		exit(c->code);
	wk_die(WK_UNAVAILABLE, "%s: %s", c->path, errno == ECONNRESET ?
	    "the master has hung up" : strerror(errno));
}

/* Begin a conversation on a new connection. */
static void
wclient_greet(const struct control *c)
{
	char byte;

	/* other masters hang up for that, or begin to speak */
	if (div_send(c->fd, "", 1, -1) != 1 ||
	    read_some(c, &byte, 1, GREETING_MS) == 0) {
		if (errno == EPIPE)
			errno = ECONNRESET;
		wclient_gone(c);
	}
	if (byte != '+')
		nonsense(c);
}

static struct control
control_open(const char *path)
{
	struct control c = { path, div_connect(path), 0, 0 };

	if (c.fd < 0)
		wk_die_connect(path);
	wclient_greet(&c);
	return c;
}

/* What stands between the first byte of an answer, which is *kind, and its
 * newline. */
static void
read_head(const struct control *c, char *kind, char text[WRAPW_LINE_MAX])
{
	size_t n = 0;
	char byte;

	if (!read_byte(c, kind))
		wclient_gone(c);
	if ((*kind != '+' && *kind != '-') || !read_byte(c, &byte) ||
	    byte != ' ')
		nonsense(c);
	for (;;) {
		if (!read_byte(c, &byte))
			wclient_gone(c);
		if (byte == '\n')
			break;
		if (n + 1 == WRAPW_LINE_MAX)
			nonsense(c);
		text[n++] = byte;
	}
	text[n] = '\0';
}

/*
 * Ask; *len bytes of answer, with a NUL behind them, are the caller's to
 * free.  NULL when the master refused, with the reason in why.
 */
static char *
wclient_ask(const struct control *c, const char *request, size_t *len,
    char why[WRAPW_LINE_MAX])
{
	size_t n = strlen(request), have = 0;
	char kind, *text, *end;
	unsigned long size;
	size_t k;

	if (div_send(c->fd, request, n, -1) != (ssize_t)n ||
	    div_send(c->fd, "\n", 1, -1) != 1) {
		if (errno == EPIPE)
			errno = ECONNRESET;
		wclient_gone(c);
	}
	read_head(c, &kind, why);
	if (kind == '-')
		return NULL;
	size = strtoul(why, &end, 10);
	if (end == why || *end != '\0' || size > ANSWER_MAX)
		nonsense(c);
	text = wk_alloc(size + 1, 1);
	while (have < size) {
		k = read_some(c, text + have, size - have, ANSWER_MS);
		if (k == 0)
			wclient_gone(c);
		have += k;
	}
	*len = size;
	return text;
}

/* The same, and a refusal ends us. */
static char *
demand(const struct control *c, const char *request, size_t *len)
{
	char why[WRAPW_LINE_MAX];
	char *text = wclient_ask(c, request, len, why);

	if (text == NULL)
		wk_die(WK_UNAVAILABLE, "%s: %s", c->path, why);
	return text;
}

const char *
wrapw_probe(const char *path)
{
	static char text[64];
	struct control c = { path, div_connect(path), 0, 0 };
	char said[32] = "";
	ssize_t n = 0;

	if (c.fd < 0)
		return NULL;
	/* "+" at once, "+ 4\n1.0\n" behind it */
	if (div_send(c.fd, "\0version\n", 9, -1) == 9)
		while (n < 8 && read_byte(&c, said + n))
			n++;
	close(c.fd);
	if (n < 8 || strncmp(said, "++ 4\n", 5) != 0)
		return NULL;
	snprintf(text, sizeof text, " (protocol %.3s)", said + 5);
	return text;
}

/* --- where the name space comes from --- */

char *
wrapw_record(const char *path, size_t *len)
{
	struct control c = control_open(path);
	char *data = demand(&c, "record", len);

	close(c.fd);
	return data;
}

/* Is -t a record, and not the path of a master? */
static int
is_record(const char *path)
{
	struct stat st;

	if (path == NULL || strcmp(path, "-") == 0)
		return 0;
	if (stat(path, &st) == 0)
		return !S_ISSOCK(st.st_mode);
	if (div_exists(path))
		return 0;
	wk_die(WK_NOINPUT, "%s: %s", path, strerror(errno));
}

const char *
wrapw_path(void)
{
	if (is_record(wrapw_opt.wrap))
		wk_die(WK_DATA, "%s: not a socket", wrapw_opt.wrap);
	return wk_target(wrapw_opt.depth, wrapw_opt.wrap);
}

static char *
read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data = wk_alloc(RECORD_MAX + 1, 1);
	ssize_t n = 1;

	if (fd < 0)
		wk_die(WK_NOINPUT, "%s: %s", path, strerror(errno));
	/* one byte more than allowed, so that it is noticed */
	for (*len = 0; n > 0 && *len < RECORD_MAX + 1; *len += (size_t)n) {
		n = read(fd, data + *len, RECORD_MAX + 1 - *len);
		if (n < 0)
			wk_die(WK_NOINPUT, "%s: %s", path, strerror(errno));
	}
	close(fd);
	return data;
}

static void
wclient_parse(struct record *r, char *data, size_t len, const char *path)
{
	enum record_flaw flaw = record_read(r, data, len);

	if (flaw != RECORD_GOOD)
		wk_die(flaw == RECORD_NO_MEMORY ? WK_SYSTEM : WK_DATA,
		    "%s: %s", path, record_flaw_text(flaw));
}

static void
load(struct source *s)
{
	size_t len;
	char *data;

	memset(s, 0, sizeof *s);
	if (is_record(wrapw_opt.wrap)) {
		data = read_file(wrapw_opt.wrap, &len);
		wclient_parse(&s->record, data, len, wrapw_opt.wrap);
		s->path = s->record.own;
	} else {
		s->path = wk_target(wrapw_opt.depth, wrapw_opt.wrap);
		data = wrapw_record(s->path, &len);
		wclient_parse(&s->record, data, len, s->path);
		/* the name that the socket has here need not be its own */
		if (record_rename(&s->record, wk_absolute(s->path)) != 0)
			wk_die(WK_SYSTEM, "out of memory");
	}
	if (wrapw_opt.without)
		record_without(&s->record, wrapw.prefix);
}

/* --- what is done with it --- */

static void
wclient_restore(const struct source *s)
{
	int r = wrapw_opt.include ? 0 : record_clear();

	if (r != 0 || record_apply(&s->record) != 0)
		wk_die(errno == ERANGE ? WK_DATA : WK_SYSTEM,
		    "environment: %s", errno == ERANGE ? "too many levels" :
		    strerror(errno));
}

/* Whatever a master answers, it does nothing to a terminal. */
static void
wclient_put_listing(char *text)
{
	char line[WRAPW_LINE_MAX], *end;

	for (; *text != '\0'; text = end + 1) {
		end = text + strcspn(text, "\n");
		if (*end == '\0')
			break;
		*end = '\0';
		wk_visible(line, sizeof line, text);
		puts(line);
	}
}

/* A master's own listing, or what the environment would be. */
static void
wclient_show(const struct source *s)
{
	struct div_list l;
	struct control c;
	size_t i, len;
	char *text;

	if (s == NULL) {
		c = control_open(wrapw_path());
		text = demand(&c, "ns", &len);
		wclient_put_listing(text);
		free(text);
		close(c.fd);
	} else {
		wclient_restore(s);
		if (div_list(&l, environ) != 0)
			wk_die(WK_SYSTEM, "out of memory");
		for (i = 0; i < l.count; i++)
			space_put_bind(stdout, 0, l.entry[i].path,
			    l.entry[i].variable);
		div_list_free(&l);
	}
	wk_flush();
}

static void
put_record(FILE *f, const struct source *s)
{
	size_t i;

	if (s->record.own == NULL)
		return;         /* the record of no diversions is empty */
	fwrite(s->record.own, 1, strlen(s->record.own) + 1, f);
	for (i = 0; i < s->record.count; i++)
		fwrite(s->record.variable[i], 1,
		    strlen(s->record.variable[i]) + 1, f);
}

/* Nobody ever finds half a record: it is written beside the file, and then
 * takes its place.  What is no plain file is written to as it is. */
static void
write_record(const struct source *s, const char *path)
{
	char *real = realpath(path, NULL), *temporary;
	const char *file = real != NULL ? real : path;
	size_t n = strlen(file) + 8;
	struct stat st;
	int fd, plain, e, found = stat(file, &st) == 0;
	FILE *f;

	plain = !found || S_ISREG(st.st_mode);
	temporary = wk_alloc(n, 1);
	snprintf(temporary, n, "%s.XXXXXX", file);
	fd = plain ? mkstemp(temporary) : open(file, O_WRONLY | O_CLOEXEC);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL)
		wk_die(WK_CANTCREATE, "%s: %s", path, strerror(errno));
	if (plain && found)
		fchmod(fd, st.st_mode & 0777);
	put_record(f, s);
	e = fflush(f) != 0 || ferror(f);
	if (fclose(f) == 0 && !e && (!plain || rename(temporary, file) == 0)) {
		free(temporary);
		free(real);
		return;
	}
	e = errno;
	if (plain)
		unlink(temporary);
	wk_die(WK_CANTCREATE, "%s: %s", path, strerror(e));
}

static int
record(const char *path)
{
	struct source s;

	load(&s);
	if (path == NULL || strcmp(path, "-") == 0) {
		put_record(stdout, &s);
		wk_flush();
	} else {
		write_record(&s, path);
	}
	return 0;
}

/* Ask the master to change something. */
static int
change(char **words)
{
	char request[WRAPW_LINE_MAX], *target, *remark;
	static const char *const flags[] = { "", "-a ", "-b ", "-c " };
	struct control c;
	size_t len;
	int n;

	if (strpbrk(words[wrapw_opt.bind], " \n") != NULL)
		wk_die(WK_DATA, "%s: a name has no blanks", words[wrapw_opt.bind]);
	if (wrapw_opt.bind && strchr(words[0], '\n') != NULL)
		wk_die(WK_DATA, "%s: a target has no newlines", words[0]);
	if (wrapw_opt.bind) {
		target = wk_absolute(words[0]);
		n = snprintf(request, sizeof request, "bind %s%s %s",
		    flags[wrapw_opt.mode], target, words[1]);
	} else {
		n = snprintf(request, sizeof request, "unbind %s", words[0]);
	}
	if (n >= WRAPW_LINE_MAX - 1)
		wk_die(WK_DATA, "%.40s...: too long, target and name may "
		    "have %d bytes", words[0], WRAPW_LINE_MAX - 16);
	c = control_open(wrapw_path());
	remark = demand(&c, request, &len);
	if (len > 0 && remark[len - 1] == '\n')
		remark[len - 1] = '\0';
	target = strchr(remark, ' ');
	if (target != NULL && !wrapw_opt.quiet)
		wk_warn("%s", target + 1);
	close(c.fd);
	return 0;
}

/* The exit code: another one when the master did not want to.  One that is
 * gone meanwhile has done so already. */
static int
wclient_quit(const char *path, int code)
{
	char why[WRAPW_LINE_MAX];
	struct control c = { path, div_connect(path), 1, code };
	size_t len;
	char *text;

	if (c.fd < 0 && (errno == ENOENT || errno == ECONNREFUSED))
		return code;
	if (c.fd < 0) {
		wk_warn("%s: %s", path, strerror(errno));
		return code != 0 ? code : WK_UNAVAILABLE;
	}
	wclient_greet(&c);
	text = wclient_ask(&c, "quit", &len, why);
	close(c.fd);
	if (text == NULL) {
		wk_warn("%s: %s", path, why);
		return code != 0 ? code : WK_UNAVAILABLE;
	}
	if (len > 0 && wrapw_opt.verbose)
		wk_warn("%s: %.*s", path, (int)len - 1, text);
	free(text);
	return code;
}

static int
wclient_run(struct source *s, char **words, const struct wk_called *called)
{
	struct wk_spawn command = { .file = words[0], .argv = words, .keep = -1 };
	int status;

	wclient_restore(s);
	if (called->utility != NULL)
		words[0] = (char *)called->utility;
	if (!wrapw_opt.quit)
		wk_spawn_exec(&command);
	else if (wk_spawn_wait(&command, &status) == 0)
		return wclient_quit(s->path, wk_spawn_code(status));
	wk_die(wk_spawn_error_code(errno), "%s: %s",
	    wk_command_name(command.file), strerror(errno));
}

int
wrapw_client(char **words, const struct wk_called *called)
{
	struct source s;
	int live = !wrapw_opt.include && !wrapw_opt.without && !is_record(wrapw_opt.wrap);

	if (wrapw_opt.bind || wrapw_opt.unbind)
		return change(words);
	if (wrapw_opt.record)
		return record(words[0]);
	if (words[0] == NULL && live) {
		wclient_show(NULL);
		return wrapw_opt.quit ? wclient_quit(wrapw_path(), 0) : 0;
	}
	load(&s);
	if (wrapw_opt.quit && s.path == NULL)
		wk_die(WK_NOINPUT, "%s: it names no master to quit",
		    wrapw_opt.wrap);
	if (words[0] != NULL)
		return wclient_run(&s, words, called);
	wclient_show(&s);
	return wrapw_opt.quit ? wclient_quit(s.path, 0) : 0;
}
