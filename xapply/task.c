/*
 * task.c - one task of xapply's, and the section that has its output
 *
 * A task is one process: the shell with the command, or the command itself
 * when it is nothing but words.  When output is collated, this process is the
 * client of the collator for each task; the section goes on when the task has
 * ended, until it had its turn.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/progress.h"
#include "base/pty.h"
#include "base/text.h"
#include "base/visible.h"
#include "base/results.h"
#include "apart.h"
#include "ends.h"
#include "look.h"
#include "quote.h"
#include "wire/late.h"
#include "wire/section.h"
#include "base/spawn.h"
#include "base/wall.h"
#include "xapply.h"

extern char **environ;

enum {
	LOOK_MS = 50,              /* for processes that a task has left */
	LOOKS = 20,                /* after they were killed */
	SECTIONS_MAX = 1000,      /* under way */
	CROWD = 32,               /* from so many on each holds less */
	CROWD_CAP = 4096,
	DESCRIPTORS_EACH = 4,     /* connection, pipe, file, turn */
	DESCRIPTORS_APART = 3,    /* pipe, file, stderr */
	DESCRIPTORS_OURS = 12     /* inputs, the pool, a log, a task's start */
};

/* The output of a task on its way to the collator; it may outlive the task. */
struct output {
	struct section section;   /* first */
	const struct task_setup *setup;
	struct task *task;        /* as long as that wants to hear, or NULL */
	struct joblog_line *line; /* for the joblog, once all is written */
	char *xid;
	char *said;               /* the line of -v, or NULL */
	struct look *own;         /* or NULL: that of the run */
	char **vars;              /* for titles; "NAME=VALUE", ended by NULL */
	int source;               /* until it is given to the section, or -1 */
	struct apart *err;        /* what the task writes to stderr, if that is
	                              to be apart, or NULL */
	int ended;                /* the section has */
	int copy;                 /* its file of --results, or -1 */
	int copy_error;           /* errno, when there is none */
};

/* Sections of the same look have the same master, and one connection if it lets
 * them. */
static size_t sections, sections_max;
static struct talk_answers answers;
static struct share shared = { .xid = "xapply" };

static struct results results;

/* The section whose turn it is, or was last. */
static const struct output *latest;

/* The one that was opened last, or NULL. */
static const struct output *newest;

/* --- sections --- */

static const char *
output_variable(void *of, const char *name)
{
	const struct output *o = of;
	size_t n = strlen(name);
	char **v;

	for (v = o->vars; v != NULL && *v != NULL; v++)
		if (strncmp(*v, name, n) == 0 && (*v)[n] == '=')
			return *v + n + 1;
	return getenv(name);
}

static void
task_variable_unset(const char *name)
{
	wk_warn("%%{%s}: the variable is not set", name);
}

static void
free_vars(char **vars)
{
	size_t i;

	for (i = 0; vars != NULL && vars[i] != NULL; i++)
		free(vars[i]);
	free(vars);
}

static void
output_free(struct output *o)
{
	if (latest == o)
		latest = NULL;
	if (newest == o)
		newest = NULL;
	section_close(&o->section);
	if (o->task != NULL)
		o->task->output = NULL;
	if (o->source >= 0)
		close(o->source);
	if (o->copy >= 0)
		close(o->copy);
	if (o->err != NULL)
		apart_close(o->err);
	free(o->err);
	free(o->line);
	free(o->xid);
	free(o->said);
	look_free(o->own);
	free_vars(o->vars);
	free(o);
	sections--;
}

static const struct look *
look_of(const struct output *o)
{
	return o->own != NULL ? o->own : look_run();
}

static void
output_fault(const struct output *o)
{
	const struct section *s = &o->section;
	const char *path = look_of(o)->path;
	char who[4096];

	if (section_is_elsewhere(s, path, who, sizeof who)) {
		wk_warn("%s: %s", path, who);
		o->setup->output_failed(0);
		return;
	}
	switch (s->fault) {
	case SECTION_GOOD:
		return;
	case SECTION_OUTPUT:
		if (s->flow.error != EPIPE)
			wk_warn("section %s: output: %s", o->xid,
			    strerror(s->flow.error));
		o->setup->output_failed(s->flow.error);
		return;
	case SECTION_SOURCE:
		wk_warn("section %s: what its task wrote cannot be read: %s",
		    o->xid, strerror(s->flow.error));
		o->setup->output_failed(s->flow.error);
		return;
	case SECTION_UNCONFIRMED:
		wk_warn("%s: the master is gone, section %s may be lost",
		    path, o->xid);
		break;
	case SECTION_CUT_OFF:
		wk_warn("%s: the link to the master, or the master, is gone, "
		    "section %s may be lost", path, o->xid);
		o->setup->output_failed(EIO);
		return;
	case SECTION_UNWRITTEN:
		wk_warn("section %s: the master could not write all of it",
		    o->xid);
		o->setup->output_failed(EIO);
		return;
	case SECTION_UNSENT:
		wk_warn("%s: %s", path, strerror(s->talk_error));
		o->setup->output_failed(s->talk_error);
		return;
	case SECTION_NO_MEMORY:
		wk_warn("section %s: out of memory", o->xid);
		o->setup->output_failed(ENOMEM);
		return;
	case SECTION_NONSENSE:
		wk_warn("%s: the master's answer makes no sense",
		    path);
		break;
	case SECTION_SILENT:
		wk_warn("%s: the master does not answer", path);
		break;
	case SECTION_GONE:
		wk_warn("%s: the master is gone, section %s was not written",
		    path, o->xid);
		break;
	}
	o->setup->output_failed(0);
}

/* Has all that the task wrote reached its files of --results? */
static int
results_error(const struct output *o)
{
	const struct apart *a = o->err;

	if (o->copy_error != 0)
		return o->copy_error;
	if (o->section.flow.copy != NULL && o->copy < 0)
		return o->section.flow.copy_error;
	return a != NULL && a->flow.copy != NULL && a->copy < 0 ?
	    a->flow.copy_error : 0;
}

/* All of its output is where it belongs, or lost. */
static void
output_over(struct output *o)
{
	const struct section *s = &o->section;
	const struct task_setup *setup = o->setup;
	uint64_t bytes = s->flow.total +
	    (o->err != NULL ? o->err->flow.total : 0);
	int error = results_error(o), good = s->fault == SECTION_GOOD;

	output_fault(o);
	if (error != 0) {
		wk_warn("results of section %s in %s: %s", o->xid,
		    results.path, strerror(error));
		setup->output_failed(error == EPIPE ? EIO : error);
	}
	if (good && error == 0 && o->line != NULL) {
		o->line->numbers.received = bytes;
		joblog_write(o->line);
	}
	if (o->task != NULL) {
		o->task->lost = !good || error != 0;
		o->task->received = bytes;
	}
	output_free(o);
	setup->section_over();
}

/* A pipe without a reader ends who writes to it; at a terminal that is gone,
 * programs are told. */
static void
output_hang_up(struct output *o)
{
	if (xapply_opt.pty && o->task != NULL && o->task->child.pid > 0)
		task_signal(o->task, SIGHUP);
}

/* What has not been written within the turn, as it had none or another process
 * wrote the section, is written now. */
static void
output_ended(struct section *s)
{
	struct output *o = (struct output *)s;

	o->ended = 1;
	if (s->fault != SECTION_GOOD)
		output_hang_up(o);
	if (o->err == NULL || apart_is_done(o->err)) {
		output_over(o);
		return;
	}
	/* a section that has failed may have done so before its task ended */
	apart_ready(o->err);
	apart_write(o->err);
}

static void
apart_over(struct apart *a)
{
	struct output *o = (struct output *)a->like;
	int error = apart_error(a);

	if (error != 0 && error != EPIPE)
		wk_warn("section %s: standard error: %s", o->xid,
		    strerror(error));
	if (error != 0) {
		o->setup->output_failed(error);
		output_hang_up(o);
	}
	if (o->ended)
		output_over(o);
	else
		section_end(&o->section);
}

/* All of stdout is written, if no other process is to do that. */
static int
output_behind(struct section *s)
{
	struct output *o = (struct output *)s;

	if (o->err == NULL || section_is_relayed(s))
		return 0;
	apart_write(o->err);
	return 1;
}

static void
output_ready(struct section *s)
{
	struct output *o = (struct output *)s;

	if (o->source >= 0)
		section_source(s, o->source, 1);
	o->source = -1;
	if (o->err != NULL)
		apart_ready(o->err);
	if (xapply_opt.keep_order && o == newest)
		o->setup->section_over();       /* the next one may follow */
}

static void
output_granted(struct section *s)
{
	latest = (struct output *)s;
	if (section_is_relayed(s))
		wk_progress_clear();
}

int
task_relays(void)
{
	return latest != NULL && section_is_relayed(&latest->section);
}

static char **
copy_vars(char *const *vars)
{
	size_t n = 0, i;
	char **copy;

	while (vars != NULL && vars[n] != NULL)
		n++;
	copy = wk_alloc(n + 1, sizeof *copy);
	for (i = 0; i < n; i++) {
		copy[i] = strdup(vars[i]);
		if (copy[i] == NULL)
			wk_die(WK_SYSTEM, "out of memory");
	}
	return copy;
}

static void
output_describe(struct output *o)
{
	struct section *s = &o->section;
	const struct style *look = &look_of(o)->style;

	s->xid = o->xid;
	s->head = o->said;
	s->title = look->title;
	s->rule = look->rule;
	s->tag = look->tag;
	s->tags = look->tag_colour ? look_tags() : NULL;
	s->escape = look->escape;
	s->has_cap = look->has_cap != 0 || sections >= CROWD;
	s->cap = sections >= CROWD ? CROWD_CAP : look->cap;
	s->block = look->block != 0;
	s->squeeze = look->squeeze != 0;
	s->quick = look->quick != 0;
	s->whole = look->whole != 0;
	s->lines = look->lines != 0;
	s->newline = look->newline != 0;
	s->widow = look->widow != 0;
	s->quit = look->quit != 0;
	s->reports = s->follows = 1;
	s->left = late_copy;
	s->earlier = o->own == NULL ? &answers : NULL;
	s->share = o->own == NULL && !s->widow && !s->quit ? &shared : NULL;
	s->ready = output_ready;
	s->granted = output_granted;
	s->behind = output_behind;
	s->ended = output_ended;
	s->value = output_variable;
	s->unset = task_variable_unset;
}

/* A file of --results for what the task writes; without one, that is told at
 * its end. */
static int
open_copy(struct output *o, const char *suffix)
{
	int fd;

	if (xapply_opt.results == NULL)
		return -1;
	fd = results_file(&results, o->xid, suffix);
	if (fd < 0)
		o->copy_error = errno;
	return fd;
}

/* What the task writes to stderr comes from source, which becomes its own. */
static void
output_apart(struct output *o, int source)
{
	o->err = wk_alloc(1, sizeof *o->err);
	o->err->over = apart_over;
	o->err->copy = open_copy(o, ".err");
	apart_open(o->err, &o->section, source);
	if (o->section.tag == NULL)
		apart_ready(o->err);
}

/* A section for what comes from source, which becomes its own, as is the look.
 * NULL with errno, and both are the caller's. */
static struct output *
output_open(const struct task_setup *setup, struct task *t, struct look *own,
    int source)
{
	struct output *o = wk_alloc(1, sizeof *o);

	o->setup = setup;
	o->source = o->copy = -1;
	o->own = own;
	o->xid = look_xid(t->xid);
	o->said = xapply_opt.verbose ? say_line(t) : NULL;
	o->vars = copy_vars(t->vars);
	output_describe(o);
	sections++;
	if (section_open(&o->section, look_of(o)->path) != 0) {
		int e = errno;

		o->own = NULL;
		output_free(o);
		errno = e;
		return NULL;
	}
	o->task = t;
	newest = o;
	o->copy = open_copy(o, "");
	if (o->copy >= 0)
		o->section.flow.copy = &o->copy;
	if (o->section.tag == NULL)
		section_source(&o->section, source, 1);
	else
		o->source = source;
	return o;
}

size_t
task_sections(void)
{
	return sections;
}

/* The order that -k keeps is the one in which the master has heard of the
 * sections: the next one is said when it has answered the last one. */
static int
are_in_line(void)
{
	return !xapply_opt.keep_order || newest == NULL ||
	    section_is_known(&newest->section);
}

int
task_room(void)
{
	return sections < sections_max && are_in_line();
}

/* --- starting --- */

/* The path of the shell: in xapply's $PATH, which a task may change. */
static const char *
find_program(const char *name)
{
	char *path;
	int e = wk_spawn_find(name, &path);

	if (e != 0)
		wk_die(wk_spawn_error_code(e), "%s: %s", name, strerror(e));
	return path;
}

/* Shells whose quotes are those of POSIX; tests/expand.c asks them. */
static int
is_posix_shell(const char *path)
{
	static const char *const posix[] = { "sh", "dash", "bash", "ksh",
	    "ksh93", "mksh", "ash", "busybox", "yash", "posh", "zsh" };
	const char *name = text_base_name(path);
	size_t i;

	for (i = 0; i < sizeof posix / sizeof *posix; i++)
		if (strcmp(name, posix[i]) == 0)
			return 1;
	return 0;
}

/* True if words may mean something else to the shell: zsh reads a file for -c,
 * others do so where the environment says it. */
static int
is_configured(const char *shell)
{
	char **e;

	if (strcmp(text_base_name(shell), "zsh") == 0)
		return 1;
	for (e = environ; *e != NULL; e++)
		if (text_begins(*e, "BASH_ENV=") ||
		    text_begins(*e, "BASH_FUNC_") ||
		    text_begins(*e, "SHELLOPTS="))
			return 1;
	return 0;
}

/* Sections leave so many descriptors to the rest, beyond those that are open
 * already. */
static void
raise_limits(void)
{
	struct rlimit r;
	size_t each = DESCRIPTORS_EACH + (xapply_opt.results != NULL) +
	    (xapply_opt.stderr_apart ? DESCRIPTORS_APART +
	    (xapply_opt.results != NULL) : 0);
	size_t room = SECTIONS_MAX * each, used;
	int lowest = fcntl(0, F_DUPFD_CLOEXEC, 3);

	wk_spawn_raise_limit();
	if (lowest >= 0)
		close(lowest);
	used = (size_t)(lowest > 0 ? lowest : 3) + DESCRIPTORS_OURS;
	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur != RLIM_INFINITY)
		room = r.rlim_cur > used ? (size_t)r.rlim_cur - used : 0;
	sections_max = room / each;
	if (sections_max < 1)
		sections_max = 1;
	if (sections_max > SECTIONS_MAX)
		sections_max = SECTIONS_MAX;
}

static void
open_results_of_run(void)
{
	const char *reason;

	if (xapply_opt.results == NULL || xapply_collator == NULL)
		return;
	if (xapply_opt.stderr_apart)
		results.suffix = ".err";
	reason = results_open(&results, xapply_opt.results);
	if (reason != NULL)
		wk_die(WK_CANTCREATE, "--results %s: %s", xapply_opt.results,
		    reason);
}

void
task_prepare(struct task_setup *s)
{
	const char *shell = xapply_opt.shell;

	if (shell == NULL) {
		shell = getenv("SHELL");
		if (shell == NULL)
			shell = "/bin/sh";
	}
	if (*shell == '\0' && !xapply_opt.argv)
		wk_die(WK_UNAVAILABLE, "%s: the name of the shell is empty",
		    xapply_opt.shell != NULL ? "-S" : "$SHELL");
	if (!xapply_opt.argv)
		s->shell = find_program(shell);
	if (xapply_opt.quote && !xapply_opt.argv && !is_posix_shell(shell))
		wk_usage("-q: %s has quotes of its own (-S sh)", shell);
	s->direct = xapply_opt.argv || (xapply_opt.shell == NULL &&
	    !xapply_opt.append && is_posix_shell(shell) &&
	    !is_configured(shell));
	if (xapply_opt.input != NULL) {
		s->in = open(xapply_opt.input, O_RDONLY | O_CLOEXEC);
		if (s->in < 0)
			wk_die(WK_NOINPUT, "%s: %s", xapply_opt.input,
			    strerror(errno));
	}
	/* a task that reads the terminal belongs into our process group; but
	 * one that may have to be ended needs a group of its own */
	s->grouped = xapply_opt.timeout_ms > 0 ||
	    xapply_opt.halt.when == WK_HALT_NOW ||
	    !isatty(s->in >= 0 ? s->in : 0);
	ends_check();
	open_results_of_run();
	raise_limits();
}

/* True if the n bytes at p are this word. */
static int
is_word(const char *p, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(p, word, n) == 0;
}

/*
 * The words of a command that can do without a shell.  true and false are
 * programs as well, which differ from the shell's for options alone.
 */
static char **
direct_words(const struct task *t)
{
	const char *p = t->command;
	size_t n = strcspn(p, " ");
	int plain = (is_word(p, n, "true") || is_word(p, n, "false")) &&
	    strstr(p, " -") == NULL;

	return quote_words(t->command, t->command_len,
	    plain || xapply_opt.argv);
}

/* SHELL -c COMMAND SHELL, and the tokens. */
static char **
shell_words(const struct task_setup *s, const struct task *t)
{
	const char *base = text_base_name(s->shell);
	int perl = strstr(base, "perl") != NULL;
	size_t n = 0, i;
	size_t tokens = xapply_opt.request > 0 ? (size_t)xapply_opt.request : 1;
	char **argv = wk_alloc(6 + (xapply_opt.append ? tokens : 0),
	    sizeof *argv);

	argv[n++] = (char *)base;
	argv[n++] = (char *)(perl ? "-e" : "-c");
	argv[n++] = t->command;
	if (!perl && strstr(base, "csh") == NULL)
		argv[n++] = (char *)base;
	for (i = 0; xapply_opt.append && t->tokens->name[i] != NULL; i++)
		argv[n++] = t->tokens->name[i];
	return argv;
}

/* True if the variable (with its value behind) is one of those of the task. */
static int
overridden(const char *variable, char *const *vars)
{
	size_t n = strcspn(variable, "=") + 1;

	for (; *vars != NULL; vars++)
		if (strncmp(*vars, variable, n) == 0)
			return 1;
	return 0;
}

/*
 * As in shells, a program that was found is not looked for again: most tasks
 * run the same.  NULL: it was not found, or the task has a $PATH of its own.
 */
static const char *
remembered(const char *name, char *const *vars)
{
	static char *last, *path;

	if (strchr(name, '/') != NULL ||
	    (vars != NULL && overridden("PATH=", vars)))
		return NULL;
	if (last != NULL && strcmp(last, name) == 0)
		return path;
	free(last);
	free(path);
	path = NULL;
	last = strdup(name);
	if (last != NULL && wk_spawn_find(name, &path) != 0)
		path = NULL;
	return path;
}

/* Our environment with the task's variables; NULL: ours as it is.  Of two
 * with the same name the later counts. */
static char **
task_environment(const struct task *t)
{
	size_t n = 0, i, k = 0;
	char **env;

	if (t->vars == NULL || t->vars[0] == NULL)
		return NULL;
	while (environ[n] != NULL)
		n++;
	for (i = 0; t->vars[i] != NULL; i++)
		;
	env = wk_alloc(n + i + 1, sizeof *env);
	for (i = 0; i < n; i++)
		if (!overridden(environ[i], t->vars))
			env[k++] = environ[i];
	for (i = 0; t->vars[i] != NULL; i++)
		if (!overridden(t->vars[i], t->vars + i + 1))
			env[k++] = t->vars[i];
	return env;
}

/* How long those are heard whom the task has left behind: no longer than it
 * could have run itself. */
static int64_t
linger_of(const struct task *t)
{
	int64_t left = t->began + xapply_opt.timeout_ms - div_now();

	if (t->ending != TASK_LEFT_ALONE)
		return 0;
	if (xapply_opt.timeout_ms == 0 || left > xapply_opt.linger_ms)
		return xapply_opt.linger_ms;
	return left > 0 ? left : 0;
}

/* The task is done with its output; the section goes on by itself. */
static void
end_output(struct task *t)
{
	struct output *o = t->output;

	if (o == NULL)
		return;
	o->section.linger_ms = linger_of(t);
	if (o->err != NULL) {
		apart_ended(o->err, linger_of(t));
		/* it needs the turn for that, too */
		if (apart_has_data(o->err))
			o->section.squeeze = 0;
	}
	if (!o->ended)
		section_code(&o->section, wk_spawn_code(t->status));
}

/* What becomes of the section is of no interest to the task any more. */
static void
forget_output(struct task *t)
{
	if (t->output != NULL)
		t->output->task = NULL;
	t->output = NULL;
	t->lost = 0;
	t->received = 0;
}

void
task_log(struct task *t)
{
	struct joblog_line *line = t->lost ? NULL : joblog_line(t);

	if (line != NULL && t->output != NULL) {
		t->output->line = line;
	} else if (line != NULL) {
		joblog_write(line);
		free(line);
	}
}

static void
is_over(struct task *t)
{
	t->left = 0;
	wk_timer_stop(&t->alarm);
	if (t->block != NULL)
		block_stop(t->block);
	end_output(t);
	t->setup->ended(t);
}

/* Processes that the task has left behind may run until they obey TERM or are
 * killed.  (Dead ones that no parent collects are not waited for.) */
static void
look_for_others(struct wk_timer *timer)
{
	struct task *t = (struct task *)((char *)timer -
	    offsetof(struct task, look));

	if (kill(-t->left, 0) == 0 && t->looks < LOOKS) {
		t->looks += t->ending == TASK_LAST_SENT;
		wk_timer_set(timer, LOOK_MS);
	} else {
		is_over(t);
	}
}

static void
task_child_ended(struct wk_child *child, int status)
{
	struct task *t = (struct task *)((char *)child -
	    offsetof(struct task, child));

	t->left = child->pid;
	child->pid = 0;
	t->status = status;
	tty_ended(t);
	t->look.expired = look_for_others;
	t->looks = 0;
	if (t->ending != TASK_LEFT_ALONE && t->grouped)
		look_for_others(&t->look);
	else
		is_over(t);
}

static void
task_child_stopped(struct wk_child *child, int sig)
{
	tty_stopped((struct task *)((char *)child -
	    offsetof(struct task, child)), sig);
}

/* True for a lack of something that the end of a task or a section may free. */
int
task_is_shortage(int error)
{
	return error == EAGAIN || error == ENOMEM || error == EMFILE ||
	    error == ENFILE;
}

static int
spawn_words(struct task *t, struct wk_spawn *p, char **words)
{
	const char *path = remembered(words[0], t->vars);

	p->argv = words;
	p->file = path != NULL ? path : words[0];
	t->child.pid = wk_spawn(p);
	if (t->child.pid < 0 && path != NULL) {
		p->file = words[0];
		t->child.pid = wk_spawn(p);
	}
	return t->child.pid > 0 ? 0 : errno;
}

/* Start the words, or if they cannot be, the shell, which says why. */
static int
start_words(const struct task_setup *s, struct task *t, struct wk_spawn *p)
{
	char **words = s->direct ? direct_words(t) : NULL;
	int e;

	if (words == NULL && xapply_opt.argv)
		return errno == ENOMEM ? ENOMEM : EINVAL;
	if (words != NULL) {
		e = spawn_words(t, p, words);
		free(words);
		/* the shell says why, unless the system is at its limits */
		if (e == 0 || task_is_shortage(e) || e == E2BIG ||
		    xapply_opt.argv)
			return e;
	}
	p->file = s->shell;
	p->argv = shell_words(s, t);
	t->child.pid = wk_spawn(p);
	e = errno;
	free((void *)p->argv);
	return t->child.pid > 0 ? 0 : e;
}

/* Why a section cannot be opened: no way to the collator of this look. */
static void
say_unreachable(struct look *own, struct task_reason *why)
{
	const char *path = own != NULL ? own->path : look_run()->path;

	snprintf(why->text, sizeof why->text, "%s: %s", path, strerror(errno));
	why->code = errno == ENOTSOCK ? WK_DATA : WK_UNAVAILABLE;
}

/* fd[1] and perhaps fd[2] are the task's ends of the ways to a new section.  0,
 * or what task_start returns. */
static int
task_open_output(const struct task_setup *s, struct task *t, char **env,
    int *fd, struct task_reason *why)
{
	struct look *own = look_of_task(t->vars, env, why);
	int out[2], err[2], e;

	if (why->code != 0)
		return -1;
	e = ends_open(out, err, why);
	if (e != 0) {
		look_free(own);
		return e;
	}
	t->output = output_open(s, t, own, out[0]);
	if (t->output == NULL) {
		e = errno;
		say_unreachable(own, why);
		look_free(own);
		ends_close(out);
		ends_close(err);
		return task_is_shortage(e) ? EAGAIN : -1;
	}
	if (err[0] >= 0)
		output_apart(t->output, err[0]);
	fd[1] = out[1];
	fd[2] = err[1];
	return 0;
}

/* Nothing will be written to the task's section, whose pipe may be fd. */
static void
drop_output(struct task *t, int fd)
{
	if (fd >= 0)
		close(fd);
	if (t->output != NULL)
		output_free(t->output);
}

static void
task_not_started(struct task *t, int error)
{
	if (t->block != NULL)
		block_stop(t->block);
	if (task_is_shortage(error)) {
		drop_output(t, -1);
		return;
	}
	t->status = wk_spawn_error_code(error) << 8;
	end_output(t);
}

int
task_start(const struct task_setup *s, struct task *t,
    struct task_reason *why)
{
	int fd[3] = { s->in, -1, -1 }, e;
	char **env = task_environment(t);
	struct wk_spawn p = wk_spawn_plain(NULL, NULL);

	p.keep = s->keep;
	p.also = s->also;
	p.fd = fd;
	p.env = env;
	p.group = s->grouped;
	forget_output(t);
	t->setup = s;
	t->attempts++;
	e = xapply_collator == NULL ? 0 :
	    task_open_output(s, t, env, fd, why);
	if (e != 0) {
		free(env);
		return e;
	}
	if (t->block != NULL && (fd[0] = block_feed(t->block)) < 0) {
		drop_output(t, fd[1]);
		free(env);
		return EAGAIN;
	}
	if (xapply_opt.with_stderr)
		fd[2] = fd[1];
	t->started = wall_ms();
	t->began = div_now();
	t->grouped = s->grouped;
	/* another task may have left them otherwise */
	wk_spawn_blocking_streams(fd);
	e = start_words(s, t, &p);
	free(env);
	if (fd[2] >= 0 && fd[2] != fd[1])
		close(fd[2]);
	if (fd[1] >= 0)
		close(fd[1]);
	if (t->block != NULL)
		close(fd[0]);
	if (e != 0) {
		task_not_started(t, e);
		return task_is_shortage(e) ? EAGAIN : e;
	}
	t->child.ended = task_child_ended;
	t->child.stopped = task_child_stopped;
	wk_child_watch(&t->child);
	return 0;
}

void
task_signal(struct task *t, int sig)
{
	pid_t pid = t->child.pid > 0 ? t->child.pid : t->left;

	if (pid <= 0)
		return;
	if (sig == SIGKILL)
		t->ending = TASK_LAST_SENT;
	kill(t->grouped ? -pid : pid, sig);
	/* a stopped process would not get it before it is continued */
	if (sig != SIGKILL)
		kill(t->grouped ? -pid : pid, SIGCONT);
}

void
task_resize(struct task *t, const struct winsize *size)
{
	struct output *o = t->output;

	if (o == NULL)
		return;
	wk_pty_resize(o->source >= 0 ? o->source :
	    flow_source_fd(&o->section.flow), size);
	if (o->err != NULL)
		wk_pty_resize(apart_source(o->err), size);
	if (t->grouped && t->child.pid > 0)
		kill(-t->child.pid, SIGWINCH);
}

/* Where tasks come and go one at a time, an allocator may set up and take down
 * a whole group of slots for each of them; so one is kept. */
static struct task *spare;

struct task *
task_new(void)
{
	struct task *t = spare;

	if (t == NULL)
		return wk_alloc(1, sizeof *t);
	spare = NULL;
	memset(t, 0, sizeof *t);
	return t;
}

void
task_forget(struct task *t)
{
	free_vars(t->vars);
	free(t->command);
	t->vars = NULL;
	t->command = NULL;
}

void
task_free(struct task *t)
{
	wk_timer_stop(&t->alarm);
	forget_output(t);
	free_vars(t->vars);
	free(t->command);
	free(t->batch);
	block_free(t->block);
	free(t->xid);
	if (spare == NULL)
		spare = t;
	else
		free(t);
}
