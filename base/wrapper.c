/*
 * wrapper.c - what the command lines of all programs of the suite share
 *
 * The option table of a program is the one place that knows its options: the
 * parser, -h and the completions (from -h) read it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "wrapper.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event.h"
#include "spawn.h"
#include "visible.h"

/* The pid of a process that has become a master for its own run. */
#define BECAME "WRAPKIT_BECAME"

enum { TIME_MAX_DAYS = 3650 };     /* no deadline overflows */

static const struct wk_program *program;
static struct wk_options of_variable, of_line;
static struct wk_options *reading; /* one of these two */
static unsigned long notes_lost;

void (*wk_before_message)(void);

/* --- messages --- */

size_t
wk_visible(char *to, size_t room, const char *from)
{
	char one[WK_SHOWN_MAX];
	size_t n = 0, len;

	while (*from != '\0') {
		from += wk_show(one, from);
		len = strlen(one);
		if (n + len >= room)
			break;
		memcpy(to + n, one, len);
		n += len;
	}
	to[n] = '\0';
	return n;
}

/* Make a message one line, cut where it is absurdly long. */
static size_t
line_of(char *line, size_t room, const char *fmt, va_list ap)
{
	size_t n = (size_t)snprintf(line, room, "%s: ", program->name);
	char text[4096];

	vsnprintf(text, sizeof text, fmt, ap);
	n += wk_visible(line + n, room - n - 1, text);
	line[n] = '\n';
	return n + 1;
}

static void
before_message(void)
{
	if (wk_before_message != NULL)
		wk_before_message();
}

static void
wrapper_say(const char *fmt, va_list ap)
{
	char line[8192];
	size_t n = line_of(line, sizeof line, fmt, ap);

	fflush(stdout);
	before_message();
	fwrite(line, 1, n, stderr);
}

void
wk_note(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = line_of(line, sizeof line, fmt, ap);
	va_end(ap);
	before_message();
	if (wk_look(2, POLLOUT, 0) == 0 || write(2, line, n) < 0)
		notes_lost++;
	else if (notes_lost > 0) {
		n = (size_t)snprintf(line, sizeof line, "%s: %lu more lines "
		    "could not be written\n", program->name, notes_lost);
		notes_lost = 0;
		if (wk_look(2, POLLOUT, 0) == 0 || write(2, line, n) < 0)
			notes_lost++;
	}
}

void
wk_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	wrapper_say(fmt, ap);
	va_end(ap);
}

void
wk_die(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	wrapper_say(fmt, ap);
	va_end(ap);
	exit(code);
}

/* The synopsis, a line for each form. */
static void
print_usage(FILE *f)
{
	const char *line = program->synopsis, *end;
	const char *intro = "usage:";

	for (; *line != '\0'; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		fprintf(f, "%s %s %.*s\n", intro, program->name,
		    (int)(end - line), line);
		intro = "      ";
	}
}

void
wk_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	wrapper_say(fmt, ap);
	va_end(ap);
	fprintf(stderr, "%ssee %s -h\n", program->brief != NULL ? "" :
	    "usage: ", program->name);
	exit(WK_USAGE);
}

char *
wk_absolute(const char *path)
{
	char *dir, *all;
	size_t size;

	dir = path[0] == '/' ? strdup("") : getcwd(NULL, 0);
	if (dir == NULL)
		wk_die(WK_SYSTEM, "working directory: %s", strerror(errno));
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	size = strlen(dir) + strlen(path) + 2;
	all = wk_alloc(size, 1);
	snprintf(all, size, "%s%s%s", strcmp(dir, "/") == 0 ? "" : dir,
	    path[0] == '/' ? "" : "/", path);
	free(dir);
	return all;
}

void *
wk_alloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size);

	if (p == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	return p;
}

void
wk_flush(void)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		wk_die(WK_SYSTEM, "standard output: %s", strerror(errno));
}

/* --- argv[0], the option variable --- */

static void
name_called(char *argv0, struct wk_called *called)
{
	char *slash;

	called->utility = NULL;
	called->persistent = 0;
	if (argv0 == NULL)
		return;
	if (*argv0 == '-') {
		argv0++;
		if (setsid() < 0 && getsid(0) != getpid())
			wk_warn("cannot become a session leader: %s",
			    strerror(errno));
	}
	slash = strrchr(argv0, '/');
	if (slash != NULL)
		argv0 = slash + 1;
	if (strcmp(argv0, ":") == 0)
		called->persistent = 1;
	else if (*argv0 != '\0' && strcmp(argv0, program->name) != 0)
		called->utility = argv0;
}

/*
 * Take the first word off the text at *p: blanks end it, single and double
 * quotes and backslashes protect them.  The word is made shorter in place.
 * NULL at the end; *bad is set when a quote is left open.
 */
static char *
next_word(char **p, int *bad)
{
	char *from = *p, *to, *word, quote = '\0';

	from += strspn(from, " \t\n");
	if (*from == '\0')
		return NULL;
	for (word = to = from; *from != '\0'; from++) {
		if (quote == '\0' && strchr(" \t\n", *from) != NULL) {
			from++;
			break;
		}
		if (*from == quote)
			quote = '\0';
		else if (quote == '\0' && (*from == '"' || *from == '\''))
			quote = *from;
		else if (*from == '\\' && quote != '\'' && from[1] != '\0')
			*to++ = *++from;
		else
			*to++ = *from;
	}
	*bad = quote != '\0';
	*p = from;
	*to = '\0';
	return word;
}

char **
wk_split_text(const char *text)
{
	size_t len = strlen(text), most = len / 2 + 2, n = 0;
	char **list = malloc(most * sizeof *list + len + 1), *p;
	int bad = 0;

	if (list == NULL)
		return NULL;
	p = memcpy(list + most, text, len + 1);
	while ((list[n] = next_word(&p, &bad)) != NULL && !bad)
		n++;
	if (!bad)
		return list;
	free(list);
	errno = EINVAL;
	return NULL;
}

char **
wk_split(const char *variable)
{
	const char *value = getenv(variable);
	char **list = value != NULL ? wk_split_text(value) : NULL;

	if (value != NULL && list == NULL && errno == EINVAL)
		wk_die(WK_DATA, "$%s: a quote is left open: %s", variable,
		    value);
	if (value != NULL && list == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	return list;
}

void
wk_begin(const struct wk_program *p, int argc, char **argv,
    struct wk_called *called)
{
	program = p;
	if (wk_spawn_init() != 0)
		wk_die(WK_SYSTEM, "/dev/null: %s", strerror(errno));
	name_called(argc > 0 ? argv[0] : NULL, called);
	if (p->variable != NULL)
		of_variable.words = wk_split(p->variable);
	of_variable.table = of_line.table = p->options;
	of_line.words = argc > 0 ? argv + 1 : argv;
	reading = of_variable.words != NULL ? &of_variable : &of_line;
}

const char *
wk_program_name(void)
{
	return program->name;
}

/* --- options --- */

/* Where the option was found, for messages. */
static const char *
found_in(void)
{
	static char text[64];

	if (reading == &of_line)
		return "";
	snprintf(text, sizeof text, " in $%s", program->variable);
	return text;
}

/* At the end of the variable's options those of the command line come next: the
 * variable may have no operands in front of these. */
static int
begin_line(void)
{
	if (reading == &of_line || of_line.words[0] == NULL)
		return 0;
	if (reading->word != NULL)
		wk_die(WK_DATA, "$%s: %s is not an option",
		    program->variable, reading->word);
	reading = &of_line;
	return 1;
}

/* An option that there is not; what may have been meant is said. */
_Noreturn static void
unknown_option(void)
{
	const char *option = reading->option;
	const char *like = wk_option_like(program->options, option);
	const char *hint = program->hint != NULL ? program->hint(option) : NULL;

	if (hint != NULL)
		wk_usage("unknown option %s%s: %s", option, found_in(), hint);
	if (like != NULL)
		wk_usage("unknown option %s%s, did you mean --%s?", option,
		    found_in(), like);
	wk_usage("unknown option %s%s", option, found_in());
}

int
wk_option_on_line(void)
{
	return reading == &of_line;
}

int
wk_option(const char **arg)
{
	int letter;

	do
		letter = wk_option_next(reading, arg);
	while (letter == WK_OPTION_END && begin_line());
	switch (letter) {
	case WK_OPTION_UNKNOWN:
		unknown_option();
	case WK_OPTION_AMBIGUOUS:
		wk_usage("%s%s may be more than one option", reading->option,
		    found_in());
	case WK_OPTION_NEEDS_ONE:
		wk_usage("%s%s needs an argument", reading->option, found_in());
	case WK_OPTION_TAKES_NONE:
		wk_usage("%s%s takes no argument", reading->option, found_in());
	default:
		return letter;
	}
}

char **
wk_operands(void)
{
	return reading->words + reading->at;
}

static int
has_letter(const struct wk_option *o)
{
	return o->letter <= 127;
}

/* An option, for messages: -x, or --long. */
static const char *
option_name(int letter)
{
	static char text[40];
	const struct wk_option *o;

	for (o = program->options; o->letter != letter; o++)
		;
	if (letter == '0' || !has_letter(o))
		snprintf(text, sizeof text, "--%s", o->name);
	else
		snprintf(text, sizeof text, "-%c", letter);
	return text;
}

long
wk_number(int letter, const char *text, long min, long max)
{
	const char *option = option_name(letter);
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (end == text || *end != '\0')
		wk_usage("%s: %s is not a whole number", option, text);
	if (n > max && strcmp(option, "--depth") == 0)
		return max;      /* too deep for any stack: an error later */
	if (errno == 0 && n >= min && n <= max)
		return n;
	if (letter == '0')
		wk_usage("%s (or -%s): %s is not between %ld and %ld", option,
		    text, text, min, max);
	wk_usage("%s: %s is not between %ld and %ld", option, text, min, max);
}

/* Seconds in a unit of time; 0: there is none with that letter. */
static int
unit_seconds(const char *unit)
{
	if (*unit != '\0' && unit[1] != '\0')
		return 0;
	switch (*unit) {
	case '\0':
	case 's': return 1;
	case 'm': return 60;
	case 'h': return 60 * 60;
	case 'd': return 24 * 60 * 60;
	default: return 0;
	}
}

int64_t
wk_milliseconds(int letter, const char *text)
{
	size_t whole = strspn(text, "0123456789"), part = 0;
	int unit;
	double s;

	if (text[whole] == '.')
		part = 1 + strspn(text + whole + 1, "0123456789");
	unit = unit_seconds(text + whole + part);
	if (whole + part <= (part > 0) || unit == 0)
		wk_usage("%s: %s is not a time in seconds",
		    option_name(letter), text);
	s = strtod(text, NULL) * unit;
	if (s > TIME_MAX_DAYS * 24.0 * 60 * 60)
		wk_usage("%s: %s is more than %d days", option_name(letter),
		    text, TIME_MAX_DAYS);
	/* a tiny time must not become 0, which means none */
	return s > 0 && s < 0.001 ? 1 : (int64_t)(s * 1000);
}

/* Why div_select failed, in words; returns the exit code for it. */
static int
explain(char *text, size_t room, const struct div_choice *c, int error,
    int depth, const char *prefix, char letter)
{
	char name[DIV_VARIABLE_MAX];
	const char *d, *who;

	switch (error) {
	case ENOENT:
		snprintf(name, sizeof name, "%s_d", prefix);
		d = getenv(name);
		who = program->prefix != NULL && strcmp(prefix,
		    program->prefix) == 0 ? program->name : prefix;
		if (d == NULL)
			snprintf(text, room, "no enclosing diversion: no %s is "
			    "around this (%s -m command starts one, -%c names "
			    "one)", who, who, letter);
		else
			snprintf(text, room, "no enclosing diversion (a "
			    "detached one: -%c %s)", letter, d);
		return WK_NOINPUT;
	case EINVAL:
		snprintf(text, room, "%s: \"%s\" is neither a level nor d",
		    c->variable, c->value);
		return WK_DATA;
	case ERANGE:
		snprintf(text, room, "requested depth -%d is too great for "
		    "current stack of %d", depth, c->levels);
		return WK_DATA;
	default:
		snprintf(text, room, "%s: the variable is not set",
		    c->variable);
		return WK_DATA;
	}
}

/* --- -h and -V --- */

void
wk_help(void)
{
	const struct wk_option *o;
	char left[64];

	print_usage(stdout);
	for (o = program->options; o->letter != 0; o++) {
		if (o->letter == '0')
			snprintf(left, sizeof left, "-%s, --%s %s", o->name,
			    o->name, o->arg);
		else if (!has_letter(o))
			snprintf(left, sizeof left, "    --%s%s%s", o->name,
			    o->arg ? " " : "", o->arg ? o->arg : "");
		else
			snprintf(left, sizeof left, "-%c, --%s%s%s", o->letter,
			    o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		printf("  %-24s  %s\n", left, o->help);
	}
	wk_flush();
}

static void
print_level(const char *label, const char *path, int target, int verbose)
{
	const char *said = "";

	if (!div_exists(path))
		said = " (gone)";
	else if (verbose && program->probe != NULL) {
		said = program->probe(path);
		if (said == NULL)
			said = " (does not answer)";
	}
	printf("%s:%3s: ", program->name, label);
	wk_put(stdout, path);
	printf("%s%s\n", said, target ? " [target]" : "");
}

static void
print_stack(const struct div_choice *c, int verbose)
{
	char name[DIV_VARIABLE_MAX], label[16];
	const char *path;
	int i;

	snprintf(name, sizeof name, "%s_d", program->prefix);
	if ((path = getenv(name)) != NULL)
		print_level("d", path, c->level == -1 && c->path != NULL,
		    verbose);
	for (i = c->levels; i > 0; i--) {
		snprintf(label, sizeof label, "%d", i);
		path = div_level_path(program->prefix, i);
		if (path != NULL)
			print_level(label, path, c->level == i, verbose);
		else
			printf("%s:%3d: %s_%d is not set\n", program->name, i,
			    program->prefix, i);
	}
	if (c->levels <= 0 && path == NULL)
		printf("%s: no current diversions\n", program->name);
}

void
wk_version(int depth, const char *direct, int verbose)
{
	const char *p = program->name;
	struct div_choice c;
	char reason[256];
	int error = 0;

	if (div_select(&c, program->prefix, depth, direct) != 0)
		error = errno;
	printf("%s: wrapkit %s\n", p, DIV_VERSION);
	printf("%s: environment prefix \"%s\"\n", p, program->prefix);
	printf("%s: environment tags: \"link\", \"list\", \"d\", \"%d\"\n", p,
	    c.levels > 0 ? c.levels : 1);
	printf("%s: protocol version %s\n", p, program->protocol);
	printf("%s: safe directory template: %s\n", p, program->template);
	if (direct != NULL && c.level == 0 && c.path != NULL) {
		printf("%s: -%c: ", p, program->direct);
		wk_put(stdout, direct);
		printf("%s [target]\n", div_exists(direct) ? "" : " (gone)");
	}
	print_stack(&c, verbose);
	wk_flush();
	if (error != 0 && error != ENOENT) {
		explain(reason, sizeof reason, &c, error, depth,
		    program->prefix, program->direct);
		wk_warn("%s", reason);
	}
}

/* --- clients --- */

int
wk_find_target(char *reason, size_t room, const char *prefix, char letter,
    int depth, const char *direct, const char **path)
{
	struct div_choice c;

	if (div_select(&c, prefix, depth, direct) != 0)
		return explain(reason, room, &c, errno, depth, prefix, letter);
	*path = c.path;
	return 0;
}

const char *
wk_target_of(const char *prefix, char letter, int depth, const char *direct)
{
	const char *path = NULL;
	char reason[512];
	int code = wk_find_target(reason, sizeof reason, prefix, letter, depth,
	    direct, &path);

	if (code != 0)
		wk_die(code, "%s", reason);
	return path;
}

const char *
wk_target(int depth, const char *direct)
{
	return wk_target_of(program->prefix, program->direct, depth, direct);
}

void
wk_die_connect(const char *path)
{
	if (errno == ENOTSOCK)
		wk_die(WK_DATA, "%s: not a socket", path);
	wk_die(errno == EPROTO ? WK_PROTOCOL : WK_UNAVAILABLE, "%s: %s", path,
	    errno == ECONNREFUSED ? "the master is gone" : strerror(errno));
}

void
wk_warn_waiting(const char *path)
{
	wk_warn("%s: waiting: its master is stopped, or has too many clients",
	    path);
}

/* --- masters --- */

/* The socket of this process, while it listens. */
static struct {
	struct div_socket *socket;
	pid_t pid;                /* a child that exits leaves it alone */
} listening;

/* Whoever ends a master with wk_die leaves no name behind. */
static void
unlisten_at_exit(void)
{
	if (listening.socket != NULL && listening.pid == getpid())
		div_unlisten(listening.socket);
}

static void
remember_socket(struct div_socket *s)
{
	static int registered;

	if (!registered && atexit(unlisten_at_exit) != 0) {
		div_unlisten(s);
		wk_die(WK_SYSTEM, "out of memory");
	}
	registered = 1;
	listening.socket = s;
	listening.pid = getpid();
}

void
wk_listen(struct div_socket *s, const struct div_place *where)
{
	const char *reason;

	if (div_levels(where->prefix) < 0)
		wk_target(0, NULL);
	if (div_listen(s, where) == 0) {
		remember_socket(s);
		return;
	}
	reason = strerror(errno);
	switch (errno) {
	case EADDRINUSE:
		reason = "another master listens there";
		break;
	case ENOTSOCK:
		reason = "it exists and is not a socket";
		break;
	case EINVAL:
		reason = "a relative name may not lead out of its directory";
		break;
	case EPERM:
		reason = "a dead socket of somebody else's";
		break;
	case ENAMETOOLONG:
		wk_die(WK_CANTCREATE, "%s: a socket's path may have %zu bytes "
		    "at most", s->path ? s->path : "?", div_path_max());
	default:
		break;
	}
	wk_die(WK_CANTCREATE, "%s: %s", s->path ? s->path : "socket", reason);
}

void
wk_unlisten(struct div_socket *s)
{
	int error = div_unlisten(s), e = errno;

	listening.socket = NULL;
	if (error != 0)
		wk_note("%s: it cannot be removed: %s", s->path,
		    strerror(error));
	div_unlisten(s);
	errno = e;
}

void
wk_tell_socket(const struct div_socket *s, const struct div_place *where)
{
	if (where->path == NULL || access(where->path, F_OK) != 0)
		wk_warn("the socket is %s", s->path);
}

/* <VARIABLE>_N, the options of the utility, takes the place of <VARIABLE>. */
int
wk_pass_variable(int detached)
{
	static int passed;
	int level = div_levels(program->prefix) + 1;
	char name[DIV_VARIABLE_MAX];
	const char *value;

	if (passed || program->variable == NULL)
		return 0;
	passed = 1;
	snprintf(name, sizeof name, "%s_%d", program->variable, level);
	value = getenv(name);
	if (value == NULL)
		return unsetenv(program->variable);
	if (setenv(program->variable, value, 1) != 0)
		return -1;
	return detached ? 0 : unsetenv(name);
}

void
wk_publish(struct div_socket *s, int detached)
{
	int r = wk_pass_variable(detached);

	if (r == 0 && detached)
		r = div_detach(program->prefix, s->path);
	else if (r == 0)
		r = div_push(program->prefix, s->path) < 0 ? -1 : 0;
	if (r != 0) {
		wk_unlisten(s);
		wk_die(WK_SYSTEM, "environment: %s", strerror(errno));
	}
}

int
wk_becoming(void)
{
	char pid[24];

	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	return setenv(BECAME, pid, 1);
}

int
wk_became(void)
{
	const char *pid = getenv(BECAME);
	int became = pid != NULL && strtol(pid, NULL, 10) == (long)getpid();

	unsetenv(BECAME);
	return became;
}

static int of_shell;             /* the utility is what $SHELL says */

char **
wk_utility(char **operands, const struct wk_called *called,
    const char **file)
{
	static char *shell[2];
	char *slash;

	if (operands[0] == NULL && called->persistent)
		return NULL;
	if (operands[0] != NULL && strcmp(operands[0], ":") == 0 &&
	    operands[1] == NULL)
		return NULL;
	if (operands[0] == NULL) {
		shell[0] = getenv("SHELL");
		if (shell[0] == NULL || *shell[0] == '\0')
			shell[0] = (char *)"/bin/sh";
		else
			of_shell = 1;
		*file = shell[0];
		slash = strrchr(shell[0], '/');
		if (slash != NULL && slash[1] != '\0')
			shell[0] = slash + 1;
		operands = shell;
	} else {
		*file = operands[0];
	}
	if (called->utility != NULL)
		operands[0] = (char *)called->utility;
	return operands;
}

const char *
wk_command_name(const char *file)
{
	static char text[4096];

	if (!of_shell)
		return *file != '\0' ? file : "''";
	snprintf(text, sizeof text, "$SHELL: %s", file);
	return text;
}
