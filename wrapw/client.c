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
#include "base/text.h"
#include "base/visible.h"
#include "wire/control.h"
#include "wire/door.h"
#include "wrapw.h"

extern char **environ;

enum { VERSION_MAX = 16 };        /* bytes of a master's version, with LF */

/* Where a name space comes from. */
struct source {
	const char *path;         /* of a master's socket, or NULL */
	struct record record;
};

/* --- what masters are asked --- */

/* The conversation with the master at a path has failed: errno says how. */
_Noreturn static void
wclient_failed(const char *path)
{
	char who[4096];
	int e = errno;

	if (e == ECONNRESET && door_is_other(path, wrapw.name, who, sizeof who))
		wk_die(WK_UNAVAILABLE, "%s: %s: it has hung up", path, who);
	errno = e;
	if (errno == ETIMEDOUT)
		wk_die(WK_TIMEOUT, "%s: the master does not answer", path);
	if (errno == EPROTO)
		wk_die(WK_PROTOCOL,
		    "%s: it is no wrapw master, or of another version", path);
	if (errno == ENOMEM)
		wk_die(WK_SYSTEM, "out of memory");
	wk_die(WK_UNAVAILABLE, "%s: %s", path, errno == ECONNRESET ?
	    "the master has hung up" : strerror(errno));
}

/* Ask the master at a path: CONTROL_DONE or CONTROL_REFUSED, and its answer,
 * the caller's to free. */
static enum control_result
inquire(const char *path, const char *request, char **text, size_t *len)
{
	int fd = div_connect(path);
	enum control_result r;

	if (fd < 0)
		wk_die_connect(path);
	r = control_ask(fd, request, -1, text, len);
	if (r == CONTROL_FAILED)
		wclient_failed(path);
	return r;
}

/* The same, but a refusal ends us, too. */
static char *
demand(const char *path, const char *request, size_t *len)
{
	char *text;

	if (inquire(path, request, &text, len) == CONTROL_REFUSED)
		wk_die(WK_UNAVAILABLE, "%s: %s", path, text);
	return text;
}

int
wrapw_knows(const char *path, const char *request)
{
	char *text;
	size_t len;
	enum control_result r = inquire(path, request, &text, &len);

	free(text);
	return r == CONTROL_DONE;
}

/* True if that is one short line, whose newline is cut off. */
static int
is_version(char *text, size_t len)
{
	if (len < 2 || len > VERSION_MAX || text[len - 1] != '\n')
		return 0;
	text[len - 1] = '\0';
	return text_is_ascii(text);
}

const char *
wrapw_probe(const char *path)
{
	static char said[64];
	int fd = div_connect(path), good;
	char *text = NULL;
	size_t len;

	good = fd >= 0 && control_ask(fd, "version", -1, &text, &len) ==
	    CONTROL_DONE && is_version(text, len);
	if (good)
		snprintf(said, sizeof said, " (protocol %s)", text);
	free(text);
	return good ? said : NULL;
}

/* --- where the name space comes from --- */

char *
wrapw_record(const char *path, size_t *len)
{
	return demand(path, "record", len);
}

/* True if -t is a record, and not the path of a master. */
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
		do
			n = read(fd, data + *len, RECORD_MAX + 1 - *len);
		while (n < 0 && errno == EINTR);
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
	char *end;

	for (; *text != '\0'; text = end + 1) {
		end = text + strcspn(text, "\n");
		if (*end == '\0')
			break;
		*end = '\0';
		wk_put(stdout, text);
		putchar('\n');
	}
}

/* A master's own listing, or what the environment would be. */
static void
wclient_show(const struct source *s)
{
	struct div_list l;
	size_t i, len;
	char *text;

	if (s == NULL) {
		text = demand(wrapw_path(), "ns", &len);
		wclient_put_listing(text);
		free(text);
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

/* A record that somebody looks at does nothing to the terminal. */
static void
put_entry(FILE *f, int tty, const char *text)
{
	if (tty)
		wk_put(f, text);
	else
		fputs(text, f);
	putc('\0', f);
}

static void
put_record(FILE *f, const struct source *s)
{
	int tty = isatty(fileno(f));
	size_t i;

	if (s->record.own == NULL)
		return;         /* the record of no diversions is empty */
	put_entry(f, tty, s->record.own);
	for (i = 0; i < s->record.count; i++)
		put_entry(f, tty, s->record.variable[i]);
}

/* Write the record to fd, which is closed; -1 with errno. */
static int
fill_file(const struct source *s, int fd)
{
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	int bad;

	if (f == NULL)
		return -1;
	put_record(f, s);
	bad = fflush(f) != 0 || ferror(f);
	return fclose(f) == 0 && !bad ? 0 : -1;
}

/* Nobody ever finds half a record: it is written beside the file, and then
 * takes its place. */
static int
replace_file(const struct source *s, const char *file, const struct stat *old)
{
	size_t n = strlen(file) + sizeof ".XXXXXX";
	char *temporary = wk_alloc(n, 1);
	int fd, r = -1, e;

	snprintf(temporary, n, "%s.XXXXXX", file);
	fd = mkstemp(temporary);
	if (fd >= 0) {
		if (old != NULL)
			fchmod(fd, old->st_mode & 0777);
		r = fill_file(s, fd);
		if (r == 0)
			r = rename(temporary, file);
		e = errno;
		if (r != 0 && unlink(temporary) != 0)
			wk_warn("%s: it cannot be removed: %s", temporary,
			    strerror(errno));
		errno = e;
	}
	free(temporary);
	return r;
}

/* A symbolic link that somebody else made, in a directory of everybody's,
 * leads to a file of ours that is not to be replaced. */
static int
leads_astray(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode) &&
	    st.st_uid != geteuid() && st.st_uid != 0;
}

/* What is no plain file is written to as it is. */
static void
write_record(const struct source *s, const char *path)
{
	char *real = realpath(path, NULL);
	const char *file = real != NULL ? real : path;
	struct stat st;
	int found = stat(file, &st) == 0, r;

	if (leads_astray(path))
		wk_die(WK_CANTCREATE, "%s: a symbolic link of somebody else's",
		    path);
	if (!found || S_ISREG(st.st_mode))
		r = replace_file(s, file, found ? &st : NULL);
	else
		r = fill_file(s, open(file, O_WRONLY | O_CLOEXEC));
	if (r != 0)
		wk_die(WK_CANTCREATE, "%s: %s", path, strerror(errno));
	free(real);
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
	char request[CONTROL_LINE_MAX], *target, *remark;
	static const char *const flags[] = {
		[SPACE_REPLACE] = "", [SPACE_AFTER] = "-a ",
		[SPACE_BEFORE] = "-b ", [SPACE_CREATE] = "-c "
	};
	size_t len;
	int n;

	if (strpbrk(words[wrapw_opt.bind], " \n") != NULL)
		wk_die(WK_DATA, "%s: a name has no blanks",
		    words[wrapw_opt.bind]);
	if (wrapw_opt.bind && strchr(words[0], '\n') != NULL)
		wk_die(WK_DATA, "%s: a target has no newlines", words[0]);
	if (wrapw_opt.bind) {
		target = wk_absolute(words[0]);
		n = snprintf(request, sizeof request, "bind %s%s %s",
		    flags[wrapw_opt.mode], target, words[1]);
	} else {
		n = snprintf(request, sizeof request, "unbind %s", words[0]);
	}
	if (n >= CONTROL_LINE_MAX - 1)
		wk_die(WK_DATA, "%.40s...: too long, target and name may "
		    "have %d bytes", words[0], CONTROL_LINE_MAX - 16);
	remark = demand(wrapw_path(), request, &len);
	if (len > 0 && remark[len - 1] == '\n')
		remark[len - 1] = '\0';
	target = strchr(remark, ' ');
	if (target != NULL && !wrapw_opt.quiet)
		wk_warn("%s", target + 1);
	free(remark);
	return 0;
}

/* Ask the master to quit; returns the exit code, which is another than code if
 * the master refuses.  One that is gone by now has done so already. */
static int
wclient_quit(const char *path, int code)
{
	int fd = div_connect(path);
	char *text;
	size_t len;

	if (fd < 0 && (errno == ENOENT || errno == ECONNREFUSED))
		return code;
	if (fd < 0) {
		wk_warn("%s: %s", path, strerror(errno));
		return code != 0 ? code : WK_UNAVAILABLE;
	}
	switch (control_ask(fd, "quit", -1, &text, &len)) {
	case CONTROL_FAILED:
		if (errno == ECONNRESET)
			return code;
		wclient_failed(path);
	case CONTROL_REFUSED:
		wk_warn("%s: %s", path, text);
		free(text);
		return code != 0 ? code : WK_UNAVAILABLE;
	case CONTROL_DONE:
		break;
	}
	if (len > 0 && wrapw_opt.verbose)
		wk_warn("%s: %.*s", path, (int)len - 1, text);
	free(text);
	return code;
}

static int
wclient_run(struct source *s, char **words, const struct wk_called *called)
{
	struct wk_spawn command = wk_spawn_plain(words[0], words);
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
	int live = !wrapw_opt.include && !wrapw_opt.without &&
	    !is_record(wrapw_opt.wrap);

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
