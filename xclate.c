/*
 * xclate.c - collate the output of parallel tasks
 *
 *	xclate -m [options] [utility [args]]
 *	xclate [options] [xid [--] [command [args]]]
 *	xclate -h | -V
 *
 * A master owns an output.  It passes that to one client after the other, each
 * of which writes its section and ends its turn by hanging up.  This file has
 * the command line, xclate/master.c the master, xclate/client.c the client.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "divconnect.h"
#include "wire/door.h"
#include "xclate/xclate.h"

enum { PROBE_MS = 1000 };        /* for a master's first line */

/* Options that have a long name alone. */
enum {
	O_ORDER_FROM = 256, O_STDERR_LAST, O_FAIL, O_HALT, O_RESULTS,
	O_JOBLOG, O_JSON, O_PROGRESS, O_CI, O_TURN_TIMEOUT, O_QUIET_SUCCESS,
	O_PTY
};

static const struct wk_option options[] = {
	{ 'm', "master", NULL, "be a master and run the utility" },
	{ '0', "depth", "n", "so many diversions further out (-1, -2, ...)" },
	{ 'u', "socket", "path", "the socket: to make, or to connect to" },
	STYLE_OPTIONS_TEXTS,
	{ 'Q', "quit", NULL, "client: ask the persistent master to quit" },
	{ 'd', "detached", NULL, "master: publish in xcl_d alone" },
	{ 'O', "output", "spec", "master: the collated output" },
	{ 'W', "widow", "spec",
	  "master: what the utility itself prints (stderr)" },
	{ 'N', "notify", "spec", "master: records of sections that ended" },
	{ 'i', "input", "spec", "master: the utility's standard input" },
	{ 'A', "announce", NULL, "master: first record is the socket's path" },
	{ 'r', "report", NULL, "master: exit codes in the records" },
	{ 'p', "pid", "pid", "master: an inherited child is the utility" },
	{ 'k', "keep-order", NULL, "master: turns in the order of arrival" },
	{ O_ORDER_FROM, "order-from", "n",
	  "master: turns by numeric xid, beginning with n" },
	{ O_FAIL, "fail", NULL,
	  "master: exit with the code of the first section that failed" },
	{ O_HALT, "halt", "when",
	  "master: never; soon or now[,fail|success|done=N]: end then" },
	{ O_RESULTS, "results", "dir", "master: each section in dir/xid too" },
	{ O_JOBLOG, "joblog", "file", "master: a line for each section" },
	{ O_JSON, "json", NULL, "master: records are lines of JSON" },
	{ O_PROGRESS, "progress", NULL,
	  "master: a line on stderr that tells how far it is" },
	{ O_PROGRESS, "bar", NULL, "master: the same" },
	{ O_QUIET_SUCCESS, "quiet-success", NULL,
	  "master: only sections that failed are shown" },
	{ O_CI, "ci", "dialect", "master: sections fold: github, gitlab" },
	{ O_TURN_TIMEOUT, "turn-timeout", "seconds",
	  "master: no turn lasts longer" },
	STYLE_OPTIONS_LINES,
	STYLE_OPTIONS_TURNS,
	{ 'w', "to-widow", NULL, "client: write to the widow output, at once" },
	{ 'I', "master-stdin", NULL,
	  "client: the command has the master's stdin" },
	{ 'E', "master-stderr", NULL, "client: ... the master's stderr" },
	{ 'D', "master-directory", NULL, "client: ... the master's directory" },
	{ 'Y', "session", NULL, "client: ... a session of its own" },
	{ 'c', "no-stdin", NULL, "client: the command's stdin is /dev/null" },
	{ 'e', "stderr", NULL,
	  "client: the command's stderr is in the section" },
	{ O_STDERR_LAST, "stderr-last", NULL, "client: ... behind its stdout" },
	{ O_PTY, "pty", NULL, "client: the command writes to a terminal" },
	{ 'S', "shell", "path", "ignored" },
	{ 'Z', "recursion", NULL, "be cat, with a warning (see |cmd)" },
	{ 'n', "dry-run", NULL, "say what would be done" },
	{ 'v', "verbose", NULL, "say more" },
	{ 'V', "version", NULL, "print the version and the stack" },
	{ 'h', "help", NULL, "print this" },
	{ 0, NULL, NULL, NULL }
};

static const char *probe(const char *path);

const struct wk_program xclate = {
	.name = "xclate",
	.prefix = "xcl",
	.variable = "XCLATE",
	.protocol = XCLATE_PROTOCOL,
	.template = "xclXXXXXX",
	.direct = 'u',
	.probe = probe,
	.synopsis =
	    "-m [-AdknqQrsv] [-depth] [-a char] [-H rule] [-i spec] [-L size] "
	    "[-N spec] [-O spec] [-p pid] [-T title] [-u path] [-W spec] "
	    "[--long-option ...] [utility [args]]\n"
	    "[-bcDeEgIlnqQsvwY] [-depth] [-a char] [-H rule] [-L size] "
	    "[-T title] [-u path] [--long-option ...] "
	    "[xid [--] [command [args]]]\n"
	    "-h | -V",
	.options = options
};

struct xclate_options xclate_opt = { .style = STYLE_DEFAULT,
    .linger_ms = STYLE_LINGER_MS };

int
above_2(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

void
variable_unset(const char *name)
{
	wk_warn("%%{%s}: the variable is not set", name);
}

void
trace_command(const char *what, char *const *argv)
{
	char text[4096];
	size_t n = 0;

	if (!xclate_opt.verbose && !xclate_opt.dry)
		return;
	for (; *argv != NULL && n < sizeof text; argv++)
		n += (size_t)snprintf(text + n, sizeof text - n, " %s", *argv);
	wk_warn("%s:%s", what, text);
}

/* The first line of the master at path, for -V. */
static const char *
probe(const char *path)
{
	static char text[64];
	int fd = div_connect(path);
	char said[32];
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = div_read(fd, said, sizeof said - 1, div_awake() + PROBE_MS);
	close(fd);
	if (n <= 0)
		return NULL;
	said[n] = '\0';
	strcpy(text, " (protocol ");
	wk_visible(text + strlen(text), 40, said);
	strcat(text, ")");
	return text;
}

static void
set_client_option(int letter)
{
	switch (letter) {
	case 'w': xclate_opt.to_widow = 1; break;
	case 'I': xclate_opt.use_stdin = 1; break;
	case 'E': xclate_opt.use_stderr = 1; break;
	case 'D': xclate_opt.use_dir = 1; break;
	case 'Y': xclate_opt.session = 1; break;
	case 'c': xclate_opt.no_stdin = 1; break;
	case 'e': xclate_opt.with_stderr = 1; break;
	case O_STDERR_LAST: xclate_opt.stderr_last = 1; break;
	case O_PTY: xclate_opt.pty = 1; break;
	case 'S': xclate_opt.shell = 1; break;
	}
}

static void
set_master_option(int letter, const char *arg)
{
	switch (letter) {
	case 'd': xclate_opt.detached = 1; break;
	case 'A': xclate_opt.announce = 1; break;
	case 'r': xclate_opt.report = 1; break;
	case 'k': xclate_opt.keep_order = 1; break;
	case 'O': xclate_opt.output = arg; break;
	case 'W': xclate_opt.widow = arg; break;
	case 'N': xclate_opt.notify = arg; break;
	case 'i': xclate_opt.input = arg; break;
	case 'p': xclate_opt.pid = wk_number('p', arg, 1, 0x7fffffff); break;
	case O_ORDER_FROM:
		xclate_opt.ordered = 1;
		xclate_opt.order_from = (unsigned long)wk_number(letter, arg, 0,
		    0x7fffffff);
		break;
	case O_FAIL: xclate_opt.fail = 1; break;
	case O_HALT:
		wk_halt_read(&xclate_opt.halt, arg, 0);
		break;
	case O_RESULTS: xclate_opt.results = arg; break;
	case O_JOBLOG: xclate_opt.joblog = arg; break;
	case O_JSON: xclate_opt.json = 1; break;
	case O_PROGRESS: xclate_opt.progress = 1; break;
	case O_QUIET_SUCCESS: xclate_opt.quiet_success = 1; break;
	case O_CI:
		if (strcmp(arg, "github") != 0 && strcmp(arg, "gitlab") != 0)
			wk_usage("--ci: %s is neither github nor gitlab", arg);
		xclate_opt.fold = strcmp(arg, "github") == 0 ? LINES_GITHUB :
		    LINES_GITLAB;
		break;
	case O_TURN_TIMEOUT:
		xclate_opt.turn_ms = wk_milliseconds(letter, arg);
		break;
	}
}

/* A question mark in the size asks for the units; with nothing else the cap is
 * the usual one. */
static const char *
answer_cap(const char *text)
{
	char *rest;
	size_t n = 0;

	if (strchr(text, '?') == NULL)
		return text;
	fputs(size_units, stdout);
	wk_flush();
	rest = wk_alloc(strlen(text) + 1, 1);
	for (; *text != '\0'; text++)
		if (*text != '?')
			rest[n++] = *text;
	return n > 0 ? rest : "64k";
}

/* -1: it is not an option of a section. */
static int
set_style(int letter, const char *arg)
{
	const char *value = letter == 'L' ? answer_cap(arg) : arg;

	switch (style_set(&xclate_opt.style, letter, value)) {
	case STYLE_GOOD:
		if (letter == STYLE_LINGER)
			xclate_opt.linger_ms = wk_milliseconds(letter, arg);
		return 0;
	case STYLE_BAD_ESCAPE:
		wk_usage("-a: '%s' is not one character", arg);
	case STYLE_BAD_CAP:
		wk_die(WK_DATA, "-L %s: %s", arg, size_reason(errno));
	case STYLE_NO_MEMORY:
		wk_die(WK_SYSTEM, "out of memory");
	default:
		return -1;
	}
}

static void
xclate_set_option(int letter, const char *arg)
{
	switch (letter) {
	case 'm':
		if (xclate_opt.master++)
			wk_usage("-m was given twice");
		break;
	case '0':
		if (xclate_opt.depth_given++)
			wk_usage("-depth was given twice");
		xclate_opt.depth = (int)wk_number('0', arg, 0, DIV_LEVEL_MAX);
		break;
	case 'u': xclate_opt.socket = arg; break;
	case 'Q': xclate_opt.quit = 1; break;
	case 'n': xclate_opt.dry = 1; break;
	case 'v': xclate_opt.verbose++; break;
	case 'Z': xclate_opt.recursion = 1; break;
	default:
		if (set_style(letter, arg) == 0)
			break;
		set_client_option(letter);
		set_master_option(letter, arg);
	}
}

/* An option given that clients alone have, or NULL. */
static const char *
clients_option(void)
{
	const struct xclate_options *o = &xclate_opt;

	return o->to_widow ? "-w" : o->use_stdin ? "-I" :
	    o->use_stderr ? "-E" : o->use_dir ? "-D" : o->session ? "-Y" :
	    o->no_stdin ? "-c" : o->with_stderr ? "-e" :
	    o->stderr_last ? "--stderr-last" : o->pty ? "--pty" :
	    o->style.whole ? "-g" :
	    o->style.lines ? "-l" : o->style.block ? "-b" :
	    o->style.linger != NULL ? "--linger" :
	    o->shell ? "-S" : NULL;
}

/* An option given that masters alone have, or NULL. */
static const char *
masters_option(void)
{
	const struct xclate_options *o = &xclate_opt;

	return o->detached ? "-d" : o->announce ? "-A" : o->report ? "-r" :
	    o->keep_order ? "-k" : o->output ? "-O" : o->widow ? "-W" :
	    o->notify ? "-N" : o->input ? "-i" : o->pid ? "-p" :
	    o->ordered ? "--order-from" : o->fail ? "--fail" :
	    o->halt.when ? "--halt" : o->results ? "--results" :
	    o->joblog ? "--joblog" : o->json ? "--json" :
	    o->progress ? "--progress" :
	    o->quiet_success ? "--quiet-success" : o->fold ? "--ci" :
	    o->turn_ms ? "--turn-timeout" : NULL;
}

static void
xclate_check_mode(void)
{
	const struct xclate_options *o = &xclate_opt;

	if (o->master && clients_option() != NULL)
		wk_usage("%s does not go with -m (options for all clients: "
		    "$XCLATE_%d)", clients_option(),
		    div_levels(xclate.prefix) + 1);
	if (!o->master && masters_option() != NULL)
		wk_usage("%s goes with -m only", masters_option());
	if (o->keep_order && o->ordered)
		wk_usage("-k does not go with --order-from");
	if (o->use_stderr && (o->with_stderr || o->stderr_last))
		wk_usage("-E does not go with -e and --stderr-last");
	if (o->with_stderr && o->stderr_last)
		wk_usage("-e does not go with --stderr-last");
	if (o->pty && !o->use_stderr && !o->stderr_last)
		xclate_opt.with_stderr = 1;
	if (o->use_stdin && o->no_stdin)
		wk_usage("-I does not go with -c");
	if (o->style.whole && o->style.lines)
		wk_usage("-g does not go with -l");
	if (o->socket != NULL && *o->socket == '\0')
		wk_usage("-u: the name is empty");
}

int
main(int argc, char **argv)
{
	struct wk_called called;
	const char *arg;
	int letter;

	wk_begin(&xclate, argc, argv, &called);
	door_when_closed(wk_warn_waiting);
	while ((letter = wk_option(&arg)) != -1) {
		if (letter == 'h' || letter == 'V') {
			if (letter == 'h')
				wk_help();
			else
				wk_version(xclate_opt.depth,
				    xclate_opt.master ? NULL :
				    xclate_opt.socket, xclate_opt.verbose);
			return 0;
		}
		xclate_set_option(letter, arg);
	}
	xclate_check_mode();
	if (xclate_opt.master)
		return xclate_master(wk_operands(), &called);
	if (xclate_opt.recursion)
		return xclate_cat();
	return xclate_client(wk_operands(), &called);
}
