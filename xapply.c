/*
 * xapply.c - run a command over a list, in parallel
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
 * This file has the command line, and what this process becomes before the run.
 * The run itself is in xapply/, whose files say at their top what they have.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/size.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/visible.h"
#include "wire/door.h"
#include "wire/style.h"
#include "wire/title.h"
#include "xapply/hints.h"
#include "xapply/termseq.h"
#include "xapply/xapply.h"

/* The socket of a collator that keeps an order (-k), for runs within a task:
 * their stdout is one of its sections. */
#define SECTION "XAPPLY_SECTION"

enum {
	COUNT_MAX = 1000000,
	JOBS_MAX = 100000,
	DEFAULT_JOBS = 3,         /* of a bare -P */
	BLOCK_MAX = 1 << 30,      /* bytes */
	RECORD_END_MAX = 1000,
	ON_LINE = 2,              /* an option that was not in $XAPPLY alone */

	/* options that have a long name alone */
	O_TAG = 256, O_TAGSTRING, O_TAG_COLOUR, O_STDERR, O_STDERR_APART,
	O_RESULTS, O_JOBLOG, O_RESUME, O_RESUME_FAILED, O_RESUME_BY_ARGS,
	O_FAIL, O_NO_FAIL, O_HALT, O_TERMSEQ, O_PIPE, O_PIPE_PART, O_BLOCK,
	O_RECEND, O_RETRIES, O_RETRY_DELAY, O_DELAY, O_MAX_ARGS, O_PRODUCT,
	O_ZIP, O_SEP, O_COLUMNS, O_HEADER, O_SKIP_EMPTY, O_CRLF, O_PROGRESS,
	O_HELP, O_ARGV, O_SHOW, O_LOAD, O_MEMFREE, O_PTY, O_JOBSERVER
};

static const struct wk_option options[] = {
	{ '0', "count", "n", "parameters for each task (1)" },
	{ 'P', "jobs", "[jobs]",
	  "so many tasks at a time (1); 0: as there are CPUs; 50%: of them" },
	{ O_JOBSERVER, "jobserver", NULL,
	  "of these, as many as the jobserver of a make around allows" },
	{ 'f', "files", NULL, "parameters are the lines of files" },
	{ 'z', "null", NULL, "-f, --pipe: lines end in NUL" },
	{ O_COLUMNS, "columns", "sep",
	  "a line is columns: a character, tab, white or csv in between" },
	{ O_HEADER, "header", NULL, "the first line names columns: %{name}" },
	{ O_SKIP_EMPTY, "skip-empty", NULL, "-f: not for empty lines" },
	{ O_CRLF, "crlf", NULL, "-f: lines end in CR and LF" },
	{ 'X', "max-chars", "[chars]",
	  "as many parameters for each task as fit (in so many bytes)" },
	{ O_MAX_ARGS, "max-args", "n", "so many at most for each task" },
	{ O_PRODUCT, "product", NULL, "each of a list with each of others" },
	{ O_ZIP, "zip", NULL, "lists side by side" },
	{ O_SEP, "sep", "word", "the operand between two lists" },
	{ 'p', "pad", "text", "-f: for files that have fewer lines" },
	{ O_PIPE, "pipe", NULL, "blocks of standard input to that of tasks" },
	{ O_PIPE_PART, "pipe-part", "file", "the same with parts of a file" },
	{ O_BLOCK, "block", "size", "bytes of such a block at most (1m)" },
	{ O_RECEND, "recend", "text", "what ends a record of a block (\\n)" },
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
	{ O_TAG_COLOUR, "tag-colour", NULL,
	  "-m, with tags in colour at a terminal" },
	{ O_STDERR, "stderr", NULL, "-m, with what tasks write to stderr" },
	{ O_STDERR_APART, "stderr-apart", NULL,
	  "-m, each task's stderr behind its stdout, on stderr" },
	{ O_PTY, "pty", NULL, "-m, and each task writes to a terminal" },
	{ STYLE_LINGER, "linger", "seconds",
	  "-m: for who writes after a task's end (0.2)" },
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
	  "never, soon or now[,fail|success|done=N|N%]: end then" },
	{ O_TERMSEQ, "termseq", "list",
	  "what ends a task: signals and seconds (TERM,5,KILL)" },
	{ O_NO_FAIL, "no-fail", NULL, "exit with 0 when tasks failed" },
	{ O_FAIL, "fail", NULL, "with their number (this is so anyway)" },
	{ O_JOBLOG, "joblog", "file", "a line for each task that has ended" },
	{ O_RESUME, "resume", NULL, "do not run what is in the joblog" },
	{ O_RESUME_BY_ARGS, "resume-by-args", NULL,
	  "... with the same parameters" },
	{ O_RESUME_FAILED, "resume-failed", NULL, "... unless it failed" },
	{ O_PROGRESS, "progress", NULL,
	  "a line on stderr that tells how far it is" },
	{ O_PROGRESS, "bar", NULL, "the same" },
	{ 'n', "dry-run", NULL, "print the commands, run nothing" },
	{ O_SHOW, "show", NULL, "-n: with variables, xid and tokens" },
	{ 'v', "verbose", NULL, "print each command before it starts" },
	{ 'x', "trace", NULL, "the same on stderr" },
	{ 'g', "gtfw", NULL, "(numbers of a gtfw: not supported)" },
	{ 'V', "version", NULL, "print the version, and what is used" },
	{ 'h', "brief", NULL, "print the first steps" },
	{ O_HELP, "help", NULL, "print this" },
	{ 0, NULL, NULL, NULL }
};

static const char brief[] =
"usage: xapply [options] cmd [parameter ...]\n"
"       xapply -f [options] cmd [file ...]\n"
"Run cmd, a line for the shell, once for each parameter.  In it %1 is the\n"
"parameter, which stands at the end when nothing says where.\n"
"  -q          each parameter is one word to the shell: for names of files\n"
"  -P4         four at a time; -P0: as there are processors\n"
"  -f          parameters are the lines of files; - is standard input\n"
"  -2          two parameters for each task: %1 and %2\n"
"  -X          as many parameters as fit: one rm for a thousand files\n"
"  -m, -k      each task's output in one piece; -k: in the order of the list\n"
"  -n          print the commands, run nothing\n"
"  -v          print each command before it starts\n"
"  -T 10       end a task after 10 seconds\n"
"  -N cmd      to run when there is no parameter\n"
"  -t, -R, -J  tokens, so that tasks do not share what is scarce\n"
"  --halt now  end all at the first failure\n"
"  --joblog f  write what has been done to f; --resume goes on from there\n"
"Examples:\n"
"    xapply -q -P0 'gzip -9 %1' *.log\n"
"    find . -name '*.c' | xapply -qf -k 'wc -l %1' -\n"
"    xapply -q -n 'mv %1 %[1.-$].txt' *.text\n"
"All options: xapply --help.  More: man xapply\n";

const struct wk_program xapply = {
	.name = "xapply",
	.synopsis =
	    "[-fzAdklmnqsuvx] [-count] [-a char] [-e var[=expr]] [-i file] "
	    "[-J tasks] [-N cmd] [-p pad] [-P[jobs]] [-R req] [-S shell] "
	    "[-t tags] [-T seconds] [-X[chars]] [--long-option ...] "
	    "cmd [arg ...]\n"
	    "-h | -V",
	.variable = "XAPPLY",
	.brief = brief,
	.hint = hints_option,
	.options = options
};

struct xapply_options xapply_opt = { .each = 1, .escape = '%', .jobs = 1,
    .sets = -1, .request = -1, .retries = 1, .linger_ms = -1,
    .fail = 1 };

const char *xapply_collator, *xapply_pool;

static int bare_jobs;             /* the last -P had no number */
static int bare_fill;             /* the same of -X */
static int counted;               /* -count was given */
static struct export **last_export = &xapply_opt.exports;

/* --- values of options --- */

/* The jobs of a -P without a number. */
static size_t
default_jobs(void)
{
	const char *text = getenv("PARALLEL");
	size_t n;

	if (text == NULL || *text == '\0')
		return DEFAULT_JOBS;
	n = strspn(text, "0123456789");
	if (n < 6 && text[n] == '\0')
		return atol(text) > 0 ? (size_t)atol(text) : wk_cpus();
	wk_warn("$PARALLEL is not a plain number: %s", text);
	return DEFAULT_JOBS;
}

/* Jobs for a percentage of the processors, text of n bytes; at least 1. */
static size_t
percent_jobs(const char *text, size_t n)
{
	char *number = wk_alloc(n + 1, 1);
	size_t jobs;

	memcpy(number, text, n);
	jobs = (size_t)wk_number('P', number, 1, 100000) * wk_cpus() /
	    100;
	free(number);
	return jobs > 0 ? jobs : 1;
}

static void
set_jobs(const char *arg)
{
	size_t n = arg != NULL ? strlen(arg) : 0;

	bare_jobs = arg == NULL;
	if (arg == NULL)
		xapply_opt.jobs = default_jobs();
	else if (*arg == '+' || *arg == '-')
		wk_usage("-P: %s: jobs are a number, 0 for the processors, or "
		    "50%% of them", arg);
	else if (n > 1 && arg[n - 1] == '%')
		xapply_opt.jobs = percent_jobs(arg, n - 1);
	else
		xapply_opt.jobs = (size_t)wk_number('P', arg, 0, JOBS_MAX);
	if (xapply_opt.jobs == 0)
		xapply_opt.jobs = wk_cpus();
}

/* Here the character may also be spelled as an octal number. */
static void
xapply_set_escape(const char *arg)
{
	size_t n = strlen(arg);
	int c;

	if ((n == 2 || n == 3) && strspn(arg, "01234567") == n)
		c = (int)strtol(arg, NULL, 8);
	else
		c = title_escape(arg);
	if (c == 0 || strcmp(arg, "^@") == 0 || strcmp(arg, "\\000") == 0)
		wk_die(WK_NO_ESCAPE, "-a: NUL cannot be in a command");
	if (c < 0 || c > 255)
		wk_usage("-a: '%s' is not one character (files of parameters "
		    "are operands, with -f)", arg);
	xapply_opt.escape = (char)c;
}

static void
add_export(const char *arg)
{
	struct export *e = wk_alloc(1, sizeof *e);
	size_t n = strcspn(arg, "=");

	if (!text_is_name(arg, n))
		wk_usage("-e: %s is not the name of a variable", arg);
	e->name = strndup(arg, n);
	if (e->name == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	e->text = arg[n] == '=' ? arg + n + 1 : NULL;
	*last_export = e;
	last_export = &e->next;
}

/* "%{N}", for parameter N, which stays allocated. */
static char *
parameter_template(size_t n)
{
	char *text = wk_alloc(32, 1);

	snprintf(text, 32, "%%{%zu}", n);
	return text;
}

/* Variables without an expression are given the parameters, one after the
 * other, whatever the escape character is. */
static void
complete_exports(void)
{
	struct export *e;
	size_t bare = 0, all = xapply_opt.each;

	if (xapply_opt.max_args > 0)
		all = xapply_opt.max_args;
	else if (xapply_opt.columns != NULL || xapply_opt.fill)
		all = SIZE_MAX;         /* how many there are is not known */

	for (e = xapply_opt.exports; e != NULL; e = e->next) {
		e->escape = xapply_opt.escape;
		if (e->text != NULL)
			continue;
		e->text = parameter_template(xapply_opt.pipe ? 1 :
		    bare++ % all + 1);
		e->escape = '%';
	}
}

/* A load, or with % so many per cent of the processors. */
static void
set_load(const char *text)
{
	char *end;

	xapply_opt.load = strtod(text, &end);
	if (*end == '%' && end > text) {
		xapply_opt.load *= (double)wk_cpus() / 100;
		end++;
	}
	if (end == text || *end != '\0' || !(xapply_opt.load > 0) ||
	    xapply_opt.load > 1000000)
		wk_usage("--load: %s is not a load", text);
}

static void
set_memory(const char *text)
{
	const char *at;

	if (size_evaluate(text, &xapply_opt.memory, &at) != 0)
		wk_usage("--memfree: %s is not a size", text);
}

/* -X, with the bytes of a command or without. */
static void
set_fill(const char *arg)
{
	xapply_opt.fill = 1;
	bare_fill = arg == NULL;
	xapply_opt.max_chars = arg != NULL ?
	    (size_t)wk_number('X', arg, 1, INT_MAX) : 0;
}

static void
set_columns(const char *arg)
{
	static struct columns columns;

	if (columns_read(&columns, arg) != 0)
		wk_usage("--columns: '%s' is not a character, tab, white or "
		    "csv", arg);
	xapply_opt.columns = &columns;
}

static void
set_block(const char *text)
{
	const char *at;
	size_t size;

	if (size_evaluate(text, &size, &at) != 0)
		wk_usage("--block: %s is not a size", text);
	if (size == 0 || size > BLOCK_MAX)
		wk_usage("--block: %s is not between 1 and %d bytes", text,
		    BLOCK_MAX);
	xapply_opt.pipe_how.size = size;
}

/* Text with \n, \t, \\ and the like. */
static void
set_record_end(const char *text)
{
	static const char letters[] = "ntr0\\", meant[] = "\n\t\r\0\\";
	char *end = wk_alloc(strlen(text) + 1, 1);
	const char *p;
	size_t n = 0;

	for (; *text != '\0'; text++) {
		p = *text == '\\' && text[1] != '\0' ?
		    strchr(letters, text[1]) : NULL;
		end[n++] = p != NULL ? meant[p - letters] : *text;
		text += p != NULL;
	}
	if (n == 0 || n > RECORD_END_MAX)
		wk_usage("--recend: the text has 1 to %d bytes",
		    RECORD_END_MAX);
	xapply_opt.pipe_how.end = end;
	xapply_opt.pipe_how.end_len = n;
}

/* --- the command line --- */

static void
set_flag(int letter)
{
	switch (letter) {
	case 'A': xapply_opt.append = 1; break;
	case 'd': xapply_opt.detached = 1; break;
	case 'f':
		if (wk_option_on_line() && xapply_opt.files == ON_LINE)
			wk_usage("-f was given twice");
		xapply_opt.files = wk_option_on_line() ? ON_LINE : 1;
		break;
	case 'k': xapply_opt.keep_order = xapply_opt.collate = 1; break;
	case 'l': xapply_opt.lines = xapply_opt.collate = 1; break;
	case 'm': xapply_opt.collate = 1; break;
	case 'n': xapply_opt.dry = 1; break;
	case 'q': xapply_opt.quote = 1; break;
	case 's': xapply_opt.squeeze = 1; break;
	case 'u': xapply_opt.number = 1; break;
	case 'v': xapply_opt.verbose = 1; break;
	case 'x': xapply_opt.trace = 1; break;
	case 'z': xapply_opt.zero = 1; break;
	case O_TAG:
		xapply_opt.tag = "%x";
		xapply_opt.collate = 1;
		break;
	case O_TAG_COLOUR:
		xapply_opt.tag_colour = xapply_opt.collate = 1;
		break;
	case O_STDERR: xapply_opt.with_stderr = xapply_opt.collate = 1; break;
	case O_STDERR_APART:
		xapply_opt.stderr_apart = xapply_opt.collate = 1;
		break;
	case O_PTY: xapply_opt.pty = xapply_opt.collate = 1; break;
	case O_RESUME: xapply_opt.resume = 1; break;
	case O_RESUME_BY_ARGS:
		xapply_opt.resume_by_args = 1;
		if (xapply_opt.resume == 0)
			xapply_opt.resume = 1;
		break;
	case O_RESUME_FAILED: xapply_opt.resume = 2; break;
	case O_FAIL: xapply_opt.fail = 1; break;
	case O_PRODUCT: xapply_opt.lists = INPUT_PRODUCT; break;
	case O_ZIP: xapply_opt.lists = INPUT_ZIP; break;
	case O_HEADER: xapply_opt.header = 1; break;
	case O_JOBSERVER: xapply_opt.jobserver = 1; break;
	case O_SKIP_EMPTY: xapply_opt.skip_empty = 1; break;
	case O_CRLF: xapply_opt.crlf = 1; break;
	case O_NO_FAIL: xapply_opt.fail = 0; break;
	case O_PROGRESS: xapply_opt.progress = 1; break;
	case O_ARGV: xapply_opt.argv = xapply_opt.quote = 1; break;
	case O_SHOW: xapply_opt.show = 1; break;
	case O_PIPE: xapply_opt.pipe = 1; break;
	case 'g':
		wk_die(WK_UNAVAILABLE, "-g: gtfw is not supported");
	}
}

/* What says which parameters a task has. */
static void
set_input_value(int letter, const char *arg)
{
	switch (letter) {
	case '0':
		xapply_opt.each = (size_t)wk_number('0', arg, 1, COUNT_MAX);
		counted = 1;
		break;
	case 'X': set_fill(arg); break;
	case 'p': xapply_opt.pad = arg; break;
	case O_MAX_ARGS:
		xapply_opt.max_args = (size_t)wk_number(letter, arg, 1,
		    COUNT_MAX);
		break;
	case O_SEP: xapply_opt.separator = arg; break;
	case O_COLUMNS: set_columns(arg); break;
	}
}

static void
set_value(int letter, const char *arg)
{
	switch (letter) {
	case 'P': set_jobs(arg); break;
	case 'i': xapply_opt.input = arg; break;
	case 'N':
		if (*arg != '\0' && arg[strspn(arg, "0123456789")] == '\0')
			wk_usage("-N %s: so many parameters for each task are "
			    "-%s; -N is a command", arg, arg);
		xapply_opt.otherwise = arg;
		break;
	case 'e': add_export(arg); break;
	case 'a': xapply_set_escape(arg); break;
	case 'S': xapply_opt.shell = arg; break;
	case 't': xapply_opt.tags = arg; break;
	case 'R': xapply_opt.request = wk_number('R', arg, 0, COUNT_MAX); break;
	case 'J': xapply_opt.sets = wk_number('J', arg, 0, COUNT_MAX); break;
	case 'T': xapply_opt.timeout_ms = wk_milliseconds('T', arg); break;
	case O_TAGSTRING:
		xapply_opt.tag = arg;
		xapply_opt.collate = 1;
		break;
	case O_RESULTS:
		xapply_opt.results = arg;
		xapply_opt.collate = 1;
		break;
	case O_JOBLOG: xapply_opt.joblog = arg; break;
	case O_HALT:
		wk_halt_read(&xapply_opt.halt, arg, 1);
		break;
	case O_PIPE_PART:
		xapply_opt.pipe = 1;
		xapply_opt.pipe_how.file = arg;
		break;
	case O_BLOCK: set_block(arg); break;
	case O_RECEND: set_record_end(arg); break;
	case O_TERMSEQ: termseq_read(letter, arg); break;
	case O_RETRIES:
		xapply_opt.retries = (int)wk_number(letter, arg, 1, COUNT_MAX);
		break;
	case O_RETRY_DELAY:
		xapply_opt.retry_ms = wk_milliseconds(letter, arg);
		break;
	case STYLE_LINGER:
		xapply_opt.linger_ms = wk_milliseconds(letter, arg);
		break;
	case O_LOAD: set_load(arg); break;
	case O_MEMFREE: set_memory(arg); break;
	case O_DELAY: xapply_opt.delay_ms = wk_milliseconds(letter, arg); break;
	}
}

/* How many lists the operands are; each has a parameter in a task. */
static size_t
count_lists(char **operand)
{
	size_t words = 0, separators = 0;

	for (; *operand != NULL; operand++, words++)
		separators += xapply_opt.separator != NULL &&
		    strcmp(*operand, xapply_opt.separator) == 0;
	if (words == 0)
		return 1;
	return xapply_opt.separator != NULL ? separators + 1 : words;
}

static void
check_lists(char **operands)
{
	const char *name = xapply_opt.lists == INPUT_ZIP ? "--zip" :
	    "--product";

	if (xapply_opt.separator != NULL &&
	    xapply_opt.lists == INPUT_ONE_LIST)
		xapply_opt.lists = INPUT_PRODUCT;
	if (xapply_opt.lists == INPUT_ONE_LIST)
		return;
	if (xapply_opt.separator == NULL && !xapply_opt.files)
		wk_usage("%s needs files, -f, or lists, --sep", name);
	if (counted)
		wk_usage("-count does not go with %s", name);
	if (operands[0] == NULL)
		xapply_opt.lists = INPUT_ONE_LIST;
	xapply_opt.each = count_lists(operands);
}

static void
check_batches(const char *cmd)
{
	if (bare_fill && *cmd != '\0' && cmd[strspn(cmd, "0123456789")] == '\0')
		wk_usage("-X takes an attached number: -X%s", cmd);
	if (!xapply_opt.fill && xapply_opt.max_args == 0)
		return;
	if (xapply_opt.columns != NULL || xapply_opt.header)
		wk_usage("%s does not go with %s", xapply_opt.fill ? "-X" :
		    "--max-args", xapply_opt.header ? "--header" :
		    "--columns");
	if (xapply_opt.max_args > 0 && xapply_opt.max_args < xapply_opt.each)
		wk_usage("--max-args: %zu are fewer than the %zu that stay "
		    "together", xapply_opt.max_args, xapply_opt.each);
}

/* The option in use that is about parameters, of which --pipe has none. */
static const char *
about_parameters(void)
{
	return xapply_opt.files ? "-f" : xapply_opt.input != NULL ? "-i" :
	    xapply_opt.each != 1 ? "-count" : xapply_opt.fill ? "-X" :
	    xapply_opt.max_args > 0 ? "--max-args" :
	    xapply_opt.columns != NULL ? "--columns" :
	    xapply_opt.header ? "--header" :
	    xapply_opt.lists == INPUT_ZIP ? "--zip" :
	    xapply_opt.lists != INPUT_ONE_LIST ? "--product" :
	    xapply_opt.separator != NULL ? "--sep" : NULL;
}

static void
check_pipe(char **operands)
{
	struct pipe_how *how = &xapply_opt.pipe_how;

	if (!xapply_opt.pipe && (how->size > 0 || how->end != NULL))
		wk_usage("%s goes with --pipe only", how->size > 0 ?
		    "--block" : "--recend");
	if (!xapply_opt.pipe)
		return;
	if (operands[1] != NULL)
		wk_usage("--pipe: '%s': there are no parameters", operands[1]);
	if (about_parameters() != NULL)
		wk_usage("%s does not go with --pipe", about_parameters());
	if (how->end == NULL) {
		how->end = xapply_opt.zero ? "" : "\n";
		how->end_len = 1;
	}
	xapply_opt.each = 0;
}

static void
check_options(char **operands)
{
	const char *cmd = operands[0];

	if (cmd == NULL)
		wk_usage("there is no command");
	if (bare_jobs && text_is_digit(*cmd) &&
	    cmd[strspn(cmd, "0123456789%")] == '\0')
		wk_usage("-P takes an attached number: -P%s", cmd);
	if (xapply_opt.pad != NULL && !xapply_opt.files &&
	    xapply_opt.lists != INPUT_ZIP)
		wk_usage("-p goes with -f only");
	if (xapply_opt.skip_empty && !xapply_opt.files)
		wk_usage("--skip-empty goes with -f only");
	if (xapply_opt.crlf && !xapply_opt.files)
		wk_usage("--crlf goes with -f only");
	if (xapply_opt.zero && !xapply_opt.files && !xapply_opt.pipe)
		wk_usage("-z goes with -f only");
	check_pipe(operands);
	if (xapply_opt.resume && xapply_opt.joblog == NULL)
		wk_usage("--resume needs --joblog");
	if (xapply_opt.show && !xapply_opt.dry)
		wk_usage("--show goes with -n only");
	if (xapply_opt.with_stderr && xapply_opt.stderr_apart)
		wk_usage("--stderr does not go with --stderr-apart");
	if (xapply_opt.pty && !xapply_opt.stderr_apart)
		xapply_opt.with_stderr = 1;
	if (xapply_opt.argv && xapply_opt.shell != NULL)
		wk_usage("--argv does not go with -S");
	if (xapply_opt.argv && xapply_opt.append)
		wk_usage("--argv does not go with -A");
	if (xapply_opt.tags != NULL && *xapply_opt.tags == '\0')
		wk_usage("-t: the name is empty");
	if (xapply_opt.jobserver && (xapply_opt.tags != NULL ||
	    xapply_opt.sets >= 0))
		wk_usage("--jobserver does not go with %s",
		    xapply_opt.tags != NULL ? "-t" : "-J");
	check_lists(operands + 1);
	check_batches(cmd);
}

/* Nothing to do: where a list may have been meant to come in, that is wrong. */
static int
no_parameters(void)
{
	struct stat st;
	int meant = fstat(STDIN_FILENO, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode) ||
	    S_ISSOCK(st.st_mode));

	wk_warn("no parameters; `-` reads standard input, with -f");
	return meant ? WK_USAGE : 0;
}

/* --- what is put around the run --- */

/* 1 if our parent became a wrapper for the sake of this run: then the variable
 * has its pid.  It is removed, as it is not meant for the tasks. */
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

/* The words of the command line that this process becomes. */
struct words {
	char **word;
	size_t count;
};

static void
xapply_add(struct words *w, const char *word)
{
	char **p = realloc(w->word, (w->count + 2) * sizeof *p);

	if (p == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	w->word = p;
	w->word[w->count++] = (char *)word;
	w->word[w->count] = NULL;
}

static void
add_two(struct words *w, const char *option, const char *value)
{
	xapply_add(w, option);
	xapply_add(w, value);
}

static void
add_number(struct words *w, char letter, size_t n)
{
	char *text = wk_alloc(32, 1);

	snprintf(text, 32, "-%c%zu", letter, n);
	xapply_add(w, text);
}

/* The path of a program in the directory of another, which stays allocated. */
static const char *
beside(const char *path, const char *name)
{
	size_t n = (size_t)(text_base_name(path) - path);
	size_t room = n + strlen(name) + 1;
	char *text = wk_alloc(room, 1);

	snprintf(text, room, "%.*s%s", (int)n, path, name);
	return text;
}

/* Execute a program that is beside the file, which has a slash. */
static void
exec_beside(struct wk_spawn *s, const char *path)
{
	s->file = beside(path, s->argv[0]);
	wk_spawn_exec(s);
}

/* The same, beside the file that this program was started as, or beside the one
 * that this is a link to. */
static void
exec_beside_self(struct wk_spawn *s, const char *self)
{
	char *found = NULL, *real;

	if (strchr(self, '/') == NULL && wk_spawn_find(self, &found) == 0)
		self = found;
	if (strchr(self, '/') == NULL)
		return;
	exec_beside(s, self);
	real = errno == ENOENT ? realpath(self, NULL) : NULL;
	if (real != NULL)
		exec_beside(s, real);
	free(real);
	free(found);
}

/* Execute a wrapper that runs this command line again. */
_Noreturn static void
become(struct words *w, char **argv)
{
	const char *self = argv[0];
	struct wk_spawn s;

	xapply_add(w, "--");
	for (; *argv != NULL; argv++)
		xapply_add(w, *argv);
	s = wk_spawn_plain(w->word[0], w->word);
	if (xapply_opt.verbose && xapply_opt.collate && !xapply_opt.dry)
		wk_warn("becoming %s", s.file);
	if (wk_becoming() != 0)
		wk_die(WK_SYSTEM, "environment: %s", strerror(errno));
	wk_spawn_exec(&s);
	if (errno == ENOENT)
		exec_beside_self(&s, self);
	wk_die(wk_spawn_error_code(errno), "%s: %s", s.file, strerror(errno));
}

/*
 * 1 if we run inside a section of this collator, and it keeps an order.  (One
 * that is reached through a wrapw has another path here, so we cannot know
 * which it is, and take it for that one.)
 */
static int
is_in_section_of(const char *collator)
{
	const char *section = getenv(SECTION);
	struct stat st;

	return collator != NULL && section != NULL &&
	    (strcmp(section, collator) == 0 ||
	    (stat(collator, &st) != 0 && div_exists(collator)));
}

/* Become a collator.  nested: its output goes to the enclosing one, as a
 * section. */
_Noreturn static void
become_collator(char **argv, int nested)
{
	struct words w = { NULL, 0 };

	xapply_add(&w, "xclate");
	xapply_add(&w, xapply_opt.detached ? "-md" : "-m");
	if (xapply_opt.squeeze)
		xapply_add(&w, "-s");
	if (xapply_opt.verbose)
		add_two(&w, "-W", ">&1");
	if (xapply_opt.keep_order)
		xapply_add(&w, "-k");
	if (nested)
		add_two(&w, "-O", "-");
	mark("XAPPLY_COLLATE");
	become(&w, argv);
}

/*
 * Find the collator, or become one.  An enclosing one will do, unless one of
 * our options is its master's alone to have; or it keeps an order and we run
 * inside one of its sections: ours could be written only after that one, which
 * ends only when we do.  Returns 1 if our parent became the collator.
 */
static int
find_collator(char **argv)
{
	int own = is_our_own("XAPPLY_COLLATE");
	int special = xapply_opt.keep_order || xapply_opt.results != NULL;
	const char *found;
	struct div_choice c;
	int in_section;

	if (!xapply_opt.collate || xapply_opt.dry)
		return 0;
	found = xapply_opt.detached ? getenv("xcl_d") :
	    getenv("xcl_link") ? wk_target_of("xcl", 'u', 0, NULL) : NULL;
	in_section = !own && is_in_section_of(found);
	if (found != NULL && !in_section && (own || !special)) {
		xapply_collator = strdup(found);
		if (xapply_collator == NULL)
			wk_die(WK_SYSTEM, "out of memory");
		return own;
	}
	become_collator(argv, special && !xapply_opt.detached && !in_section &&
	    div_select(&c, "xcl", 0, NULL) == 0);
}

/* Become a ptbw with a pool. */
_Noreturn static void
become_pool(char **argv, int collated)
{
	struct words w = { NULL, 0 };

	xapply_add(&w, "ptbw");
	xapply_add(&w, xapply_opt.sets >= 0 ? "-m" : "-mq");
	if (xapply_opt.sets != 0)
		add_number(&w, 'J', xapply_opt.sets > 0 ?
		    (size_t)xapply_opt.sets : xapply_opt.jobs);
	if (xapply_opt.request > 0)
		add_number(&w, 'R', (size_t)xapply_opt.request);
	if (xapply_opt.tags != NULL)
		add_two(&w, "-t", xapply_opt.tags);
	mark("XAPPLY_WRAP");
	if (collated)
		mark("XAPPLY_COLLATE");
	become(&w, argv);
}

/* Find the pool, or become one, if the options need any.  collated: our parent
 * became the collator. */
static void
find_pool(char **argv, int collated)
{
	const char *tags = xapply_opt.tags;

	if (is_our_own("XAPPLY_WRAP")) {
		xapply_pool = wk_target_of("ptbw", 't', 0, NULL);
	} else if (tags != NULL &&
	    (strcmp(tags, "-") == 0 || div_exists(tags))) {
		xapply_pool = wk_target_of("ptbw", 't', 0, tags);
	} else if (tags != NULL || xapply_opt.sets >= 0 ||
	    xapply_opt.request > 0) {
		become_pool(argv, collated);
	}
}

static void
xapply_show_version(void)
{
	const char *shell = xapply_opt.shell != NULL ? xapply_opt.shell :
	    getenv("SHELL");

	printf("xapply: wrapkit %s\n", DIV_VERSION);
	printf("xapply: dicer and mixer of version 3\n");
	printf("xapply: shell: ");
	wk_put(stdout, shell != NULL ? shell : "/bin/sh");
	putchar('\n');
	printf("xapply: collator: xclate, pool: ptbw\n");
	printf("xapply: xid length limit: %d\n", TALK_XID_MAX + 1);
	printf("xapply: environment: \"xcl_d\", \"ptbw_link\"\n");
	printf("xapply: ptbw protocol version 0.4\n");
	wk_flush();
}

/* 1 for an option that shows something instead of a run. */
static int
show(int letter)
{
	switch (letter) {
	case 'h':
		fputs(brief, stdout);
		wk_flush();
		return 1;
	case O_HELP:
		wk_help();
		return 1;
	case 'V':
		xapply_show_version();
		return 1;
	default:
		return 0;
	}
}

int
main(int argc, char **argv)
{
	struct wk_called called;
	const char *arg;
	char **operands;
	int letter;

	wk_begin(&xapply, argc, argv, &called);
	door_when_closed(wk_warn_waiting);
	while ((letter = wk_option(&arg)) != -1) {
		if (show(letter))
			return 0;
		set_flag(letter);
		set_input_value(letter, arg);
		set_value(letter, arg);
	}
	operands = wk_operands();
	check_options(operands);
	if (xapply_opt.otherwise == NULL && operands[1] == NULL &&
	    !xapply_opt.pipe)
		return no_parameters();
	hints_check(operands);
	complete_exports();
	find_pool(argv, find_collator(argv));
	hints_warn(argv, operands);
	if (xapply_opt.keep_order && xapply_collator != NULL &&
	    setenv(SECTION, xapply_collator, 1) != 0)
		wk_die(WK_SYSTEM, "environment: %s", strerror(errno));
	/* not before: if we become a pool, the run below it needs it */
	if (xapply_opt.detached && xapply_collator != NULL)
		unsetenv("xcl_d");
	return xapply_run(operands[0], operands + 1);
}
