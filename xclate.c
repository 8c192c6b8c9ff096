/*
 * xclate.c - collate the output of parallel tasks
 *
 *	xclate -m [options] [utility [args]]
 *	xclate [options] [xid [--] [command [args]]]
 *	xclate -h | -V
 *
 * A master owns an output; each client is given it when it is its turn,
 * writes its section, and ends the turn by hanging up.  Here is the command
 * line; xmaster.c has the master, xclient.c the client.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "wire/collate.h"
#include "divconnect.h"
#include "wire/title.h"
#include "xclate/xclate.h"

enum { PROBE_MS = 1000 };        /* for what a master says first */

/* Options that have a long name alone. */
enum {
	O_ORDER_FROM = 256, O_TAG, O_TAGSTRING, O_STDERR_LAST, O_NEWLINE,
	O_FAIL, O_HALT, O_RESULTS, O_JOBLOG, O_JSON, O_BAR, O_CI, O_TURN_TIMEOUT
};

static const struct wk_option options[] = {
	{ 'm', "master", NULL, "be a master and run the utility" },
	{ '0', "depth", "n", "so many diversions further out (-1, -2, ...)" },
	{ 'u', "socket", "path", "the socket: to make, or to connect to" },
	{ 'T', "title", "text", "title of sections" },
	{ 'H', "rule", "text", "what ends a section" },
	{ 'a', "escape", "char", "the escape character in these (%)" },
	{ 'L', "cap", "size", "bytes held in memory for a section (64k)" },
	{ 's', "squeeze", NULL, "sections without data vanish" },
	{ 'q', "quick", NULL, "those without title and rule, too" },
	{ 'Q', "quit", NULL, "client: ask the persistent master to quit" },
	{ 'd', "detached", NULL, "master: publish in xcl_d alone" },
	{ 'O', "output", "spec", "master: the collated output" },
	{ 'W', "widow", "spec", "master: what the utility itself prints (stderr)" },
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
	  "master: never; soon or now, at the first failure (,fail=N)" },
	{ O_RESULTS, "results", "dir", "master: each section in dir/xid too" },
	{ O_JOBLOG, "joblog", "file", "master: a line for each section" },
	{ O_JSON, "json", NULL, "master: records are lines of JSON" },
	{ O_BAR, "bar", NULL, "master: a line of progress on stderr" },
	{ O_CI, "ci", "dialect", "master: sections fold: github, gitlab" },
	{ O_TURN_TIMEOUT, "turn-timeout", "seconds",
	  "master: no turn lasts longer" },
	{ O_TAG, "tag", NULL, "the xid in front of each line" },
	{ O_TAGSTRING, "tagstring", "text", "text in front of each line" },
	{ O_NEWLINE, "newline", NULL, "sections end with a newline" },
	{ 'g', "group", NULL, "client: no turn before all is there" },
	{ 'l', "line-buffer", NULL, "client: a turn for each batch of lines" },
	{ 'b', "block", NULL, "client: hold no more than the cap" },
	{ 'w', "to-widow", NULL, "client: write to the widow output, at once" },
	{ 'I', "master-stdin", NULL, "client: the command has the master's stdin" },
	{ 'E', "master-stderr", NULL, "client: ... the master's stderr" },
	{ 'D', "master-directory", NULL, "client: ... the master's directory" },
	{ 'Y', "session", NULL, "client: ... a session of its own" },
	{ 'c', "no-stdin", NULL, "client: the command's stdin is /dev/null" },
	{ 'e', "stderr", NULL, "client: the command's stderr is in the section" },
	{ O_STDERR_LAST, "stderr-last", NULL, "client: ... behind its stdout" },
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

struct xclate_options want = { .escape = '%' };

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

	if (!want.verbose && !want.dry)
		return;
	for (; *argv != NULL && n < sizeof text; argv++)
		n += (size_t)snprintf(text + n, sizeof text - n, " %s", *argv);
	wk_warn("%s:%s", what, text);
}

/* What the master at path says first, for -V. */
static const char *
probe(const char *path)
{
	static char text[64];
	int fd = div_connect(path);
	char said[32];
	ssize_t n = -1;

	if (fd < 0)
		return NULL;
	if (div_readable(fd, div_awake() + PROBE_MS) == 1)
		n = read(fd, said, sizeof said - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	said[n] = '\0';
	strcpy(text, " (protocol ");
	wk_visible(text + strlen(text), 40, said);
	strcat(text, ")");
	return text;
}

static size_t
evaluate_cap(const char *text)
{
	char *rest = strdup(text), *p;
	const char *at = NULL;
	size_t n = COLLATE_CAP;

	if (rest == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	for (p = rest; (p = strchr(p, '?')) != NULL; )
		memmove(p, p + 1, strlen(p));
	if (strlen(rest) != strlen(text)) {
		fputs(size_units, stdout);
		wk_flush();
	}
	if (strlen(rest) == strlen(text) || *rest != '\0')
		if (size_evaluate(rest, &n, &at) != 0)
			wk_die(WK_DATA, "-L %s: %s", text,
			    size_reason(errno));
	free(rest);
	return n;
}

static void
set_client_option(int letter)
{
	switch (letter) {
	case 'w': want.to_widow = 1; break;
	case 'I': want.use_stdin = 1; break;
	case 'E': want.use_stderr = 1; break;
	case 'D': want.use_dir = 1; break;
	case 'Y': want.session = 1; break;
	case 'c': want.no_stdin = 1; break;
	case 'e': want.with_stderr = 1; break;
	case O_STDERR_LAST: want.stderr_last = 1; break;
	case 'g': want.group = 1; break;
	case 'l': want.lines = 1; break;
	case 'b': want.block = 1; break;
	case 'S': want.shell = 1; break;
	}
}

static void
set_master_option(int letter, const char *arg)
{
	switch (letter) {
	case 'd': want.detached = 1; break;
	case 'A': want.announce = 1; break;
	case 'r': want.report = 1; break;
	case 'k': want.keep_order = 1; break;
	case 'O': want.output = arg; break;
	case 'W': want.widow = arg; break;
	case 'N': want.notify = arg; break;
	case 'i': want.input = arg; break;
	case 'p': want.pid = wk_number('p', arg, 1, 0x7fffffff); break;
	case O_ORDER_FROM:
		want.ordered = 1;
		want.order_from = (unsigned long)wk_number(letter, arg, 0,
		    0x7fffffff);
		break;
	case O_FAIL: want.fail = 1; break;
	case O_HALT:
		want.halt = (enum halt)wk_halt(arg, &want.halt_at, NULL);
		break;
	case O_RESULTS: want.results = arg; break;
	case O_JOBLOG: want.joblog = arg; break;
	case O_JSON: want.json = 1; break;
	case O_BAR: want.bar = 1; break;
	case O_CI:
		if (strcmp(arg, "github") != 0 && strcmp(arg, "gitlab") != 0)
			wk_usage("--ci: %s is neither github nor gitlab", arg);
		want.fold = strcmp(arg, "github") == 0 ? LINES_GITHUB :
		    LINES_GITLAB;
		break;
	case O_TURN_TIMEOUT:
		want.turn_ms = wk_milliseconds(letter, arg);
		break;
	}
}

static void
set_escape(const char *arg)
{
	int c = title_escape(arg);

	if (c < 0)
		wk_usage("-a: '%s' is not one character", arg);
	want.escape = (char)c;
}

/* The value of --tagstring, with the TAB that ends it. */
static const char *
tag_of(const char *text)
{
	char *tag = wk_alloc(strlen(text) + 2, 1);

	sprintf(tag, "%s\t", text);
	return tag;
}

static void
set_option(int letter, const char *arg)
{
	switch (letter) {
	case 'm':
		if (want.master++)
			wk_usage("-m was given twice");
		break;
	case '0':
		if (want.depth_given++)
			wk_usage("-depth was given twice");
		want.depth = (int)wk_number('0', arg, 0, DIV_LEVEL_MAX);
		break;
	case 'u': want.socket = arg; break;
	case 'T': want.title = arg; break;
	case 'H': want.rule = arg; break;
	case 'a': set_escape(arg); break;
	case 'L':
		want.has_cap = 1;
		want.cap = evaluate_cap(arg);
		break;
	case 's': want.squeeze = 1; break;
	case 'q': want.quick = 1; break;
	case 'Q': want.quit = 1; break;
	case 'n': want.dry = 1; break;
	case 'v': want.verbose = 1; break;
	case 'Z': want.recursion = 1; break;
	case O_TAG:
	case O_TAGSTRING:
		/* or the next tag would not be in front of a line */
		want.newline = 1;
		want.tag = tag_of(letter == O_TAG ? "%x" : arg);
		break;
	case O_NEWLINE: want.newline = 1; break;
	default:
		set_client_option(letter);
		set_master_option(letter, arg);
	}
}

/* Refuse what only one of master and client knows. */
static void
check_mode(void)
{
	const char *clients = want.to_widow ? "-w" : want.use_stdin ? "-I" :
	    want.use_stderr ? "-E" : want.use_dir ? "-D" :
	    want.session ? "-Y" : want.no_stdin ? "-c" :
	    want.with_stderr ? "-e" : want.stderr_last ? "--stderr-last" :
	    want.group ? "-g" : want.lines ? "-l" : want.block ? "-b" :
	    want.shell ? "-S" : NULL;
	const char *masters = want.detached ? "-d" : want.announce ? "-A" :
	    want.report ? "-r" : want.keep_order ? "-k" : want.output ? "-O" :
	    want.widow ? "-W" : want.notify ? "-N" : want.input ? "-i" :
	    want.pid ? "-p" : want.ordered ? "--order-from" :
	    want.fail ? "--fail" : want.halt ? "--halt" :
	    want.results ? "--results" : want.joblog ? "--joblog" :
	    want.json ? "--json" : want.bar ? "--bar" : want.fold ? "--ci" :
	    want.turn_ms ? "--turn-timeout" : NULL;

	if (want.master && clients != NULL)
		wk_usage("%s does not go with -m (options for all clients: "
		    "$XCLATE_%d)", clients, div_levels(xclate.prefix) + 1);
	if (!want.master && masters != NULL)
		wk_usage("%s goes with -m only", masters);
	if (want.keep_order && want.ordered)
		wk_usage("-k does not go with --order-from");
	if (want.use_stderr && (want.with_stderr || want.stderr_last))
		wk_usage("-E does not go with -e and --stderr-last");
	if (want.with_stderr && want.stderr_last)
		wk_usage("-e does not go with --stderr-last");
	if (want.use_stdin && want.no_stdin)
		wk_usage("-I does not go with -c");
	if (want.group && want.lines)
		wk_usage("-g does not go with -l");
	if (want.socket != NULL && *want.socket == '\0')
		wk_usage("-u: the name is empty");
}

int
main(int argc, char **argv)
{
	struct wk_called called;
	const char *arg;
	int letter;

	wk_begin(&xclate, argc, argv, &called);
	while ((letter = wk_option(&arg)) != -1) {
		if (letter == 'h' || letter == 'V') {
			if (letter == 'h')
				wk_help();
			else
				wk_version(want.depth, want.master ? NULL :
				    want.socket, want.verbose);
			return 0;
		}
		set_option(letter, arg);
	}
	check_mode();
	if (want.master)
		return xclate_master(wk_operands(), &called);
	if (want.recursion)
		return xclate_cat();
	return xclate_client(wk_operands(), &called);
}
