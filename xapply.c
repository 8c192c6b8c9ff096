/*
 * xapply.c - run a command over a list, several at a time
 *
 *	xapply [options] cmd [arg ...]
 *	xapply -f [options] cmd [file ...]
 *	xapply -h | -V
 *
 * The command is a template (expand.h) that is expanded for each batch of
 * parameters.  Tasks may hold tokens of a ptbw, and their output may be
 * collated by an xclate: where there is none yet, this process becomes one,
 * which runs xapply again below itself.
 *
 * Here is the command line and that becoming.  input.c has the batches,
 * tokens.c the tokens, xtask.c a task and its section, xrun.c the run,
 * joblog.c the log.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "base/spawn.h"
#include "wire/title.h"
#include "xapply/xapply.h"

/* Tells tasks, and what they start, which collator keeps the order of our
 * sections, of which their stdout is one. */
#define SECTION "XAPPLY_SECTION"

enum {
	COUNT_MAX = 1000000,
	JOBS_MAX = 100000,
	DEFAULT_JOBS = 3,         /* of a bare -P */
	NO_ESCAPE = 78,           /* exit code, of old */

	/* options without a letter */
	O_TAG = 256, O_TAGSTRING, O_STDERR, O_RESULTS, O_JOBLOG, O_RESUME,
	O_RESUME_FAILED, O_FAIL, O_HALT, O_RETRIES, O_RETRY_DELAY, O_DELAY,
	O_PROGRESS, O_ARGV, O_SHOW, O_LOAD, O_MEMFREE
};

static const struct wk_option options[] = {
	{ '0', "count", "n", "parameters for each task (1)" },
	{ 'P', "jobs", "[jobs]",
	  "so many tasks at a time (1); 0: as there are CPUs; 50%: of them" },
	{ 'f', "files", NULL, "parameters are the lines of files" },
	{ 'z', "null", NULL, "-f: lines end in NUL" },
	{ 'p', "pad", "text", "-f: for files that have fewer lines" },
	{ 'i', "input", "file", "the standard input of all tasks" },
	{ 'N', "else", "cmd", "to run if there is no parameter" },
	{ 'e', "export", "var[=expr]", "a variable for each task" },
	{ 'a', "escape", "char", "the escape character (%)" },
	{ 'q', "quote", NULL, "each thing inserted is one word to the shell" },
	{ O_ARGV, "argv", NULL, "no shell: the words are the command" },
	{ 'S', "shell", "shell", "the shell of the tasks ($SHELL)" },
	{ 'm', "collate", NULL, "each task's output in one piece" },
	{ 'd', "detached", NULL, "-m: with a collator of our own" },
	{ 's', "squeeze", NULL, "-m: nothing for tasks that say nothing" },
	{ 'u', "number", NULL, "-m: sections are named by %u" },
	{ 'k', "keep-order", NULL, "-m, in the order of the input" },
	{ 'l', "line-buffer", NULL, "-m, line by line" },
	{ O_TAG, "tag", NULL, "-m, with the xid in front of each line" },
	{ O_TAGSTRING, "tagstring", "text", "-m, with this text" },
	{ O_STDERR, "stderr", NULL, "-m, with what tasks write to stderr" },
	{ O_RESULTS, "results", "dir", "-m, and each output in a file" },
	{ 't', "tags", "tags", "a file of tokens, a pool's socket, or -" },
	{ 'R', "request", "req", "tokens for each task (1)" },
	{ 'J', "sets", "tasks", "a pool for so many tasks (see -P)" },
	{ 'A', "append", NULL, "the tokens are $1, $2, ... of the task" },
	{ 'T', "timeout", "seconds", "tasks are ended after that" },
	{ O_RETRIES, "retries", "n", "failed tasks are run n times in all" },
	{ O_RETRY_DELAY, "retry-delay", "seconds", "before each of those" },
	{ O_DELAY, "delay", "seconds", "between the starts of two tasks" },
	{ O_LOAD, "load", "load", "start none while the system has more" },
	{ O_MEMFREE, "memfree", "size", "start none while less is free" },
	{ O_HALT, "halt", "when",
	  "never, soon or now[,fail=N|N%]: end when tasks fail" },
	{ O_FAIL, "fail", NULL, "the exit code says how many tasks failed" },
	{ O_JOBLOG, "joblog", "file", "a line for each task that has ended" },
	{ O_RESUME, "resume", NULL, "do not run what is in the joblog" },
	{ O_RESUME_FAILED, "resume-failed", NULL, "... unless it failed" },
	{ O_PROGRESS, "progress", NULL, "a line of progress on stderr" },
	{ 'n', "dry-run", NULL, "print the commands, run nothing" },
	{ O_SHOW, "show", NULL, "-n: with variables, xid and tokens" },
	{ 'v', "verbose", NULL, "print each command before it starts" },
	{ 'x', "trace", NULL, "the same on stderr" },
	{ 'g', "gtfw", NULL, "(numbers of a gtfw: not supported)" },
	{ 'V', "version", NULL, "print the version, and what is used" },
	{ 'h', "help", NULL, "print this" },
	{ 0, NULL, NULL, NULL }
};

const struct wk_program xapply = {
	.name = "xapply",
	.synopsis =
	    "[-fzAdklmnqsuvx] [-count] [-a char] [-e var[=expr]] [-i file] "
	    "[-J tasks] [-N cmd] [-p pad] [-P[jobs]] [-R req] [-S shell] "
	    "[-t tags] [-T seconds] [--long-option ...] cmd [arg ...]\n"
	    "-h | -V",
	.options = options
};

struct xapply_options want = { .each = 1, .escape = '%', .jobs = 1,
    .sets = -1, .request = -1, .retries = 1 };

const char *xapply_collator, *xapply_pool;
int xapply_wrapped;

static int bare_jobs;             /* the last -P had no number */
static struct export **last_export = &want.exports;
static size_t bare_exports;

/* --- values of options --- */

/* What a bare -P stands for. */
static size_t
default_jobs(void)
{
	const char *text = getenv("PARALLEL");
	size_t n;

	if (text == NULL || *text == '\0')
		return DEFAULT_JOBS;
	n = strspn(text, "0123456789");
	if (n < 6 && text[n] == '\0')
		return atol(text) > 0 ? (size_t)atol(text) : wk_spawn_cpus();
	wk_warn("$PARALLEL is not a plain number: %s", text);
	return DEFAULT_JOBS;
}

static void
set_jobs(const char *arg)
{
	size_t n;
	char *number;

	bare_jobs = arg == NULL;
	if (arg == NULL) {
		want.jobs = default_jobs();
		return;
	}
	n = strlen(arg);
	if (n > 1 && arg[n - 1] == '%') {
		number = wk_alloc(n, 1);
		memcpy(number, arg, n - 1);
		want.jobs = (size_t)wk_number('P', number, 1, 100000) *
		    wk_spawn_cpus() / 100;
		free(number);
		if (want.jobs == 0)
			want.jobs = 1;
		return;
	}
	want.jobs = (size_t)wk_number('P', arg, 0, JOBS_MAX);
	if (want.jobs == 0)
		want.jobs = wk_spawn_cpus();
}

/* An octal number is one more spelling of a character here. */
static void
set_escape(const char *arg)
{
	size_t n = strlen(arg);
	int c;

	if ((n == 2 || n == 3) && strspn(arg, "01234567") == n)
		c = (int)strtol(arg, NULL, 8);
	else
		c = title_escape(arg);
	if (c == 0 || strcmp(arg, "^@") == 0 || strcmp(arg, "\\000") == 0)
		wk_die(NO_ESCAPE, "-a: NUL cannot be in a command");
	if (c < 0 || c > 255)
		wk_usage("-a: '%s' is not one character", arg);
	want.escape = (char)c;
}

static int
is_name(const char *name, size_t n)
{
	size_t i;

	if (n == 0 || (name[0] >= '0' && name[0] <= '9'))
		return 0;
	for (i = 0; i < n; i++)
		if (name[i] != '_' && (name[i] < '0' || name[i] > '9') &&
		    ((name[i] | 32) < 'a' || (name[i] | 32) > 'z'))
			return 0;
	return 1;
}

static void
add_export(const char *arg)
{
	struct export *e = wk_alloc(1, sizeof *e);
	size_t n = strcspn(arg, "=");

	if (!is_name(arg, n))
		wk_usage("-e: %s is not the name of a variable", arg);
	e->name = strndup(arg, n);
	if (e->name == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	e->text = arg[n] == '=' ? arg + n + 1 : NULL;
	*last_export = e;
	last_export = &e->next;
}

/* Those without an expression are the parameters in turn, whatever the
 * escape character is. */
static void
complete_exports(void)
{
	struct export *e;
	char *text;

	for (e = want.exports; e != NULL; e = e->next) {
		e->escape = want.escape;
		if (e->text != NULL)
			continue;
		text = wk_alloc(32, 1);
		snprintf(text, 32, "%%{%zu}", bare_exports++ % want.each + 1);
		e->text = text;
		e->escape = '%';
	}
}

/* A number, or so many per cent of the processors. */
static void
set_load(const char *text)
{
	char *end;

	want.load = strtod(text, &end);
	if (*end == '%' && end > text) {
		want.load *= (double)wk_spawn_cpus() / 100;
		end++;
	}
	if (end == text || *end != '\0' || !(want.load > 0) ||
	    want.load > 1000000)
		wk_usage("--load: %s is not a load", text);
}

static void
set_memory(const char *text)
{
	const char *at;

	if (size_evaluate(text, &want.memory, &at) != 0)
		wk_usage("--memfree: %s is not a size", text);
}

/* --- the command line --- */

static void
set_flag(int letter)
{
	switch (letter) {
	case 'A': want.append = 1; break;
	case 'd': want.detached = 1; break;
	case 'f':
		if (want.files++)
			wk_usage("-f was given twice");
		break;
	case 'k': want.keep_order = want.collate = 1; break;
	case 'l': want.lines = want.collate = 1; break;
	case 'm': want.collate = 1; break;
	case 'n': want.dry = 1; break;
	case 'q': want.quote = 1; break;
	case 's': want.squeeze = 1; break;
	case 'u': want.number = 1; break;
	case 'v': want.verbose = 1; break;
	case 'x': want.trace = 1; break;
	case 'z': want.zero = 1; break;
	case O_TAG:
		want.tag = "%x";
		want.collate = 1;
		break;
	case O_STDERR: want.with_stderr = want.collate = 1; break;
	case O_RESUME: want.resume = 1; break;
	case O_RESUME_FAILED: want.resume = 2; break;
	case O_FAIL: want.fail = 1; break;
	case O_PROGRESS: want.progress = 1; break;
	case O_ARGV: want.argv = want.quote = 1; break;
	case O_SHOW: want.show = 1; break;
	case 'g':
		wk_die(WK_UNAVAILABLE, "-g: gtfw is not supported");
	}
}

static void
set_value(int letter, const char *arg)
{
	switch (letter) {
	case '0':
		want.each = (size_t)wk_number('0', arg, 1, COUNT_MAX);
		break;
	case 'P': set_jobs(arg); break;
	case 'p': want.pad = arg; break;
	case 'i': want.input = arg; break;
	case 'N': want.otherwise = arg; break;
	case 'e': add_export(arg); break;
	case 'a': set_escape(arg); break;
	case 'S': want.shell = arg; break;
	case 't': want.tags = arg; break;
	case 'R': want.request = wk_number('R', arg, 0, COUNT_MAX); break;
	case 'J': want.sets = wk_number('J', arg, 0, COUNT_MAX); break;
	case 'T': want.timeout_ms = wk_milliseconds('T', arg); break;
	case O_TAGSTRING:
		want.tag = arg;
		want.collate = 1;
		break;
	case O_RESULTS:
		want.results = arg;
		want.collate = 1;
		break;
	case O_JOBLOG: want.joblog = arg; break;
	case O_HALT:
		want.halt = (enum halt)wk_halt(arg, &want.halt_at,
		    &want.halt_percent);
		break;
	case O_RETRIES:
		want.retries = (int)wk_number(letter, arg, 1, COUNT_MAX);
		break;
	case O_RETRY_DELAY:
		want.retry_ms = wk_milliseconds(letter, arg);
		break;
	case O_LOAD: set_load(arg); break;
	case O_MEMFREE: set_memory(arg); break;
	case O_DELAY: want.delay_ms = wk_milliseconds(letter, arg); break;
	}
}

static void
check_options(char **operands)
{
	const char *cmd = operands[0];

	if (cmd == NULL)
		wk_usage("there is no command");
	if (bare_jobs && *cmd != '\0' && cmd[strspn(cmd, "0123456789")] == '\0')
		wk_usage("-P takes an attached number: -P%s", cmd);
	if (want.pad != NULL && !want.files)
		wk_usage("-p goes with -f only");
	if (want.zero && !want.files)
		wk_usage("-z goes with -f only");
	if (want.resume && want.joblog == NULL)
		wk_usage("--resume needs --joblog");
	if (want.show && !want.dry)
		wk_usage("--show goes with -n only");
	if (want.argv && want.shell != NULL)
		wk_usage("--argv does not go with -S");
	if (want.argv && want.append)
		wk_usage("--argv does not go with -A");
	if (want.tags != NULL && *want.tags == '\0')
		wk_usage("-t: the name is empty");
}

/* --- what is put around the run --- */

/* Does a variable hold the pid of our parent?  It is read once. */
static int
is_our_own(const char *variable)
{
	const char *text = getenv(variable);
	int own = text != NULL && strtol(text, NULL, 10) == (long)getppid();

	unsetenv(variable);
	return own;
}

static void
mark(const char *variable)
{
	char text[24];

	snprintf(text, sizeof text, "%ld", (long)getpid());
	if (setenv(variable, text, 1) != 0)
		wk_die(WK_SYSTEM, "environment: %s", strerror(errno));
}

/* Words for what this process becomes. */
struct words {
	char **word;
	size_t count;
};

static void
add(struct words *w, const char *word)
{
	char **p = realloc(w->word, (w->count + 2) * sizeof *p);

	if (p == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	w->word = p;
	w->word[w->count++] = (char *)word;
	w->word[w->count] = NULL;
}

static void
add_number(struct words *w, char letter, size_t n)
{
	char *text = wk_alloc(32, 1);

	snprintf(text, 32, "-%c%zu", letter, n);
	add(w, text);
}

/* Become a wrapper that runs us again, with all our words. */
_Noreturn static void
become(struct words *w, char **argv)
{
	struct wk_spawn s = { .keep = -1 };

	add(w, "--");
	for (; *argv != NULL; argv++)
		add(w, *argv);
	s.file = w->word[0];
	s.argv = w->word;
	if (want.verbose && want.collate && !want.dry)
		wk_warn("becoming %s", s.file);
	wk_spawn_exec(&s);
	wk_die(wk_spawn_error_code(errno), "%s: %s", s.file, strerror(errno));
}

/*
 * The collator.  An enclosing one will do, unless something is wanted of it
 * that only one of our own can be told; or we are in a section of it and it
 * keeps an order: then ours would wait for the end of that one, as it does for
 * us.  (Of one that is reached through a wrapw we do not know which it is.)
 */
static int
find_collator(char **argv)
{
	int own = is_our_own("XAPPLY_COLLATE");
	int special = want.keep_order || want.results != NULL;
	const char *section = getenv(SECTION);
	int in_section;
	struct words w = { NULL, 0 };
	struct div_choice c;
	struct stat st;

	if (!want.collate || want.dry)
		return 0;
	xapply_collator = want.detached ? getenv("xcl_d") :
	    getenv("xcl_link") ? wk_target_of("xcl", 'u', 0, NULL) : NULL;
	in_section = !own && xapply_collator != NULL && section != NULL &&
	    (strcmp(section, xapply_collator) == 0 ||
	    (stat(xapply_collator, &st) != 0 && div_exists(xapply_collator)));
	if (xapply_collator != NULL && !in_section && (own || !special)) {
		xapply_collator = strdup(xapply_collator);
		xapply_wrapped |= own;
		return own;
	}
	add(&w, "xclate");
	add(&w, want.detached ? "-md" : "-m");
	if (want.squeeze)
		add(&w, "-s");
	if (want.verbose) {
		add(&w, "-W");
		add(&w, ">&1");
	}
	if (want.keep_order)
		add(&w, "-k");
	if (want.results != NULL) {
		add(&w, "--results");
		add(&w, want.results);
	}
	/* one of our own is a section of one that encloses it, or is in one */
	if (special && !want.detached && !in_section &&
	    div_select(&c, "xcl", 0, NULL) == 0) {
		add(&w, "-O");
		add(&w, "-");
	}
	mark("XAPPLY_COLLATE");
	become(&w, argv);
}

/* The pool.  collated: the parent is a collator that we became. */
static void
find_pool(char **argv, int collated)
{
	int own = is_our_own("XAPPLY_WRAP");
	struct words w = { NULL, 0 };

	if (own) {
		xapply_wrapped = 1;
		xapply_pool = wk_target_of("ptbw", 't', 0, NULL);
		return;
	}
	if (want.tags != NULL && (strcmp(want.tags, "-") == 0 ||
	    div_exists(want.tags))) {
		xapply_pool = wk_target_of("ptbw", 't', 0, want.tags);
		return;
	}
	if (want.tags == NULL && want.sets < 0 && want.request <= 0)
		return;
	add(&w, "ptbw");
	add(&w, want.sets >= 0 ? "-m" : "-mq");
	if (want.sets != 0)
		add_number(&w, 'J', want.sets > 0 ? (size_t)want.sets :
		    want.jobs);
	if (want.request > 0)
		add_number(&w, 'R', (size_t)want.request);
	if (want.tags != NULL) {
		add(&w, "-t");
		add(&w, want.tags);
	}
	mark("XAPPLY_WRAP");
	if (collated)
		mark("XAPPLY_COLLATE");
	become(&w, argv);
}

static void
show_version(void)
{
	const char *shell = want.shell != NULL ? want.shell : getenv("SHELL");

	printf("xapply: wrapkit %s\n", WRAPKIT_VERSION);
	printf("xapply: dicer and mixer of version 3\n");
	printf("xapply: shell: %s\n", shell != NULL ? shell : "/bin/sh");
	printf("xapply: collator: xclate, pool: ptbw\n");
	printf("xapply: xid length limit: %d\n", COLLATE_XID_MAX + 1);
	printf("xapply: environment: \"xcl_d\", \"ptbw_link\"\n");
	printf("xapply: ptbw protocol version 0.4\n");
	wk_flush();
}

int
main(int argc, char **argv)
{
	struct wk_called called;
	const char *arg;
	char **operands;
	int letter;

	wk_begin(&xapply, argc, argv, &called);
	while ((letter = wk_option(&arg)) != -1) {
		if (letter == 'h' || letter == 'V') {
			if (letter == 'h')
				wk_help();
			else
				show_version();
			return 0;
		}
		set_flag(letter);
		set_value(letter, arg);
	}
	operands = wk_operands();
	check_options(operands);
	complete_exports();
	find_pool(argv, find_collator(argv));
	if (want.keep_order && xapply_collator != NULL &&
	    setenv(SECTION, xapply_collator, 1) != 0)
		wk_die(WK_SYSTEM, "environment: %s", strerror(errno));
	/* not before: as a pool we run ourselves once more */
	if (want.detached && xapply_collator != NULL)
		unsetenv("xcl_d");
	return xapply_run(operands[0], operands + 1);
}
