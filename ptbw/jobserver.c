/*
 * jobserver.c - tokens of a pool for make, and all that speak its protocol
 *
 * The command is given a jobserver, a fifo with a byte for each token that we
 * hold beside the first one, which is the command's own.  So
 *
 *	tokens held = 1 + bytes in the fifo + bytes that are out
 *
 * and after each event all is said by the number of bytes in it: when there is
 * none left, one more token is asked for; those that nobody takes for a while
 * go back, and so do the first to be had while others wait for them.  What was
 * out when the last process that has the fifo is gone is lost, and goes back,
 * too.
 *
 * SPDX-License-Identifier: ISC
 */
#include "ptbw.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/event.h"
#include "base/high.h"
#include "base/spawn.h"
#include "base/terminal.h"
#include "base/text.h"
#include "divconnect.h"
#include "fifo.h"
#include "makeflags.h"
#include "maker.h"
#include "shared.h"
#include "wire/broker.h"
#include "wire/extra.h"

#define JOBSERVER "ptbw_js"       /* the form, the fifo, the pool */

enum {
	SPARE_MS = 10,            /* a byte that nobody takes for so long */
	LOOK_MS = 50,             /* where the system does not tell; and */
	LOOK_SOON_MS = 10,        /* while others wait */
	LOOK_FIRST_MS = 5,        /* commands that end sooner want no more */
	AGAIN_MS = 200            /* after the last one may have gone */
};

static struct {
	struct wk_child command;
	int status, ended, told;    /* told: to end, after the command */
	struct broker broker;
	struct extra extra;
	struct fifo fifo;
	uint32_t *token;            /* one for each byte */
	size_t tokens, max;
	int is_pipe;                /* the command has descriptors of it */
	size_t low;                 /* the fewest bytes while spare is set */
	struct wk_timer spare;      /* there are more than are needed */
	struct wk_timer look;       /* again */
	struct wk_timer gone;       /* the last one, perhaps */
	int said_many, said_strange;
} job;

/* --- the tokens and their bytes --- */

/* The first byte to be had goes back, with a token for it; 0: there is none. */
static int
byte_back(void)
{
	char c = '+';

	if (job.tokens == 0 || !fifo_take(&job.fifo, &c))
		return 0;
	if (c != '+' && !job.said_strange) {
		job.said_strange = 1;
		wk_warn("a byte that is not ours came back, and counts as one");
	}
	extra_give(&job.extra, job.token[--job.tokens]);
	return 1;
}

/* More bytes than tokens: somebody has written what it never took. */
static void
swallow(size_t n)
{
	size_t left = n;
	char c;

	if (!job.said_many)
		wk_warn("%zu byte%s too many in the jobserver", n,
		    n == 1 ? "" : "s");
	job.said_many = 1;
	while (left > 0 && fifo_take(&job.fifo, &c))
		left--;
}

static void
want_more(size_t bytes)
{
	if (bytes == 0 && job.tokens < job.max && !job.extra.asked &&
	    !job.extra.refused && job.extra.error == 0 && !job.ended)
		extra_ask(&job.extra);
}

/* Bytes that are spare have some time to be taken after all. */
static void
watch_spare(size_t bytes)
{
	if (bytes < 1 || (bytes < 2 && !job.extra.asked)) {
		wk_timer_stop(&job.spare);
	} else if (!job.spare.set) {
		job.low = bytes;
		wk_timer_set(&job.spare, SPARE_MS);
	} else if (bytes < job.low) {
		job.low = bytes;
	}
}

/* Whatever has happened: this is what follows from it. */
static void
balance(void)
{
	size_t bytes = fifo_bytes(&job.fifo);

	if (bytes > job.tokens) {
		swallow(bytes - job.tokens);
		bytes = job.tokens;
	}
	while (job.extra.back > 0 && bytes > 0 && byte_back())
		bytes--;
	want_more(bytes);
	watch_spare(bytes);
	if (!job.fifo.told && !job.look.set)
		wk_timer_set(&job.look, job.extra.back > 0 ? LOOK_SOON_MS :
		    LOOK_MS);
}

static void
spare_expired(struct wk_timer *t)
{
	size_t i;

	(void)t;
	if (job.extra.asked)
		extra_leave(&job.extra);
	for (i = job.low; i > 1 && byte_back(); i--)
		;
	balance();
}

static void
job_granted(struct extra *x, uint32_t token)
{
	job.token[job.tokens++] = token;
	if (fifo_put(&job.fifo))
		return;
	/* somebody has filled it */
	job.tokens--;
	extra_give(x, token);
	x->refused = 1;
}

static void
job_changed(struct extra *x)
{
	(void)x;
	balance();
}

/* --- who has the fifo --- */

/* Bytes that are out, when nobody is there who could bring them back. */
static void
look_for_lost(void)
{
	size_t bytes, lost;

	if (job.is_pipe || job.ended ||
	    fifo_bytes(&job.fifo) >= job.tokens ||
	    !fifo_is_unused(&job.fifo, &bytes) || bytes >= job.tokens)
		return;
	lost = job.tokens - bytes;
	if (ptbw_opt.verbose)
		wk_warn("%zu token%s came back from those that were killed",
		    lost, lost == 1 ? "" : "s");
	while (lost-- > 0)
		extra_give(&job.extra, job.token[--job.tokens]);
}

/* What happened while that was found out has not been seen: so it is looked for
 * once more. */
static void
fifo_changed(struct fifo *f, int seen)
{
	(void)f;
	if (seen & FIFO_CLOSED) {
		look_for_lost();
		if (fifo_bytes(&job.fifo) < job.tokens)
			wk_timer_set(&job.gone, AGAIN_MS);
	}
	balance();
}

static void
gone_expired(struct wk_timer *t)
{
	(void)t;
	look_for_lost();
	balance();
}

static void
look_expired(struct wk_timer *t)
{
	(void)t;
	look_for_lost();
	balance();
}

/* It has not ended at once: there will be something to see. */
static void
first_look(struct wk_timer *t)
{
	t->expired = look_expired;
	fifo_watch(&job.fifo);
	fifo_changed(&job.fifo, FIFO_CLOSED);   /* before that, perhaps */
}

/* --- the command --- */

static void
command_ended(struct wk_child *c, int status)
{
	(void)c;
	job.status = status;
	job.ended = 1;
}

static void
command_stopped(struct wk_child *c, int sig)
{
	extra_rest(&job.extra);
	wk_terminal_child_stopped(c->pid, sig, wk_end_pending);
	balance();
}

/* The terminal stops us, and the command as well. */
static void
job_stopped(int sig)
{
	struct sigaction as_found = { .sa_handler = SIG_DFL }, ours;

	extra_rest(&job.extra);
	sigaction(sig, &as_found, &ours);
	wk_terminal_stop(getpid(), sig);
	sigaction(sig, &ours, NULL);
	balance();
}

static void
job_pass_on(int sig)
{
	wk_terminal_hangup(sig, wk_signal_sender());
	if (job.ended)
		job.told = 1;
	else
		kill(job.command.pid, sig);
}

static void
set_variable(const char *name, const char *value)
{
	if ((value == NULL ? unsetenv(name) : setenv(name, value, 1)) != 0)
		wk_die(WK_SYSTEM, "environment: %s", strerror(errno));
}

/* What tells the command of the jobserver; r and w are -1, or its own
 * descriptors. */
static void
set_environment(const char *fifo, int r, int w)
{
	char *options = makeflags_options(fifo, r, w);
	char *all = options == NULL ? NULL :
	    makeflags_with(getenv("MAKEFLAGS"), options);

	if (all == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	set_variable("MAKEFLAGS", all);
	set_variable("MFLAGS", NULL);
	set_variable("CARGO_MAKEFLAGS", NULL);
	free(options);
	free(all);
}

static void
set_nested(const char *pool)
{
	char *path = wk_absolute(pool);
	size_t room = strlen(path) + strlen(job.fifo.path) + 16;
	char *text = wk_alloc(room, 1);

	snprintf(text, room, "%s\n%s\n%s", job.is_pipe ? "pipe" : "fifo",
	    job.fifo.path, path);
	set_variable(JOBSERVER, text);
	free(path);
	free(text);
}

/* A make that is too old for what it would be given, or NULL. */
static const char *
old_make(const char *command)
{
	const char *make = makeflags_is_make(command) ? command : "make";

	if (makeflags_is_ninja(command) ||
	    strcmp(text_base_name(command), "cargo") == 0)
		return NULL;
	return maker_is_old(make) ? make : NULL;
}

/* Which form, as -J says or as the make wants it; the path of the fifo, or NULL
 * for one of our own. */
static const char *
choose_form(char **operands)
{
	const char *form = ptbw_opt.form, *make = NULL;

	if (form != NULL && strcmp(form, "pipe") == 0) {
		job.is_pipe = 1;
		return NULL;
	}
	make = old_make(operands[0]);
	if (form == NULL) {
		job.is_pipe = make != NULL;
		return NULL;
	}
	if (make != NULL && makeflags_is_make(operands[0]))
		wk_warn("%s: it is older than 4.4, and ends when it is given a "
		    "fifo: -J pipe", make);
	return strcmp(form, "fifo") == 0 ? NULL : form;
}

static void
remark_on_jobs(char **operands)
{
	const char *number, *option;

	if (ptbw_opt.quiet || (!makeflags_is_make(operands[0]) &&
	    !makeflags_is_ninja(operands[0])))
		return;
	option = makeflags_leaving(operands + 1, &number);
	if (option != NULL && *number != '\0')
		wk_warn("%s: -j%s would leave the pool; use -R %s",
		    operands[0], number, number);
	else if (option != NULL)
		wk_warn("%s: %s would leave the pool; do without", operands[0],
		    option);
}

/* --- within a jobserver of the same pool --- */

/* True if both paths lead to one socket. */
static int
same_socket(const char *a, const char *b)
{
	struct stat x, y;

	return strcmp(a, b) == 0 || (stat(a, &x) == 0 && stat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/*
 * Become the command in the jobserver that is there already, which has its slot
 * from that one: another token might be waited for by all that hold one.
 * Returns if there is none.
 */
static void
join_enclosing(char **operands, const char *pool)
{
	struct wk_spawn command = wk_spawn_plain(operands[0], operands);
	char *text = getenv(JOBSERVER), *fifo, *path;
	int end[3] = { -1, -1, -1 };

	text = text != NULL ? strdup(text) : NULL;
	fifo = text != NULL ? strchr(text, '\n') : NULL;
	path = fifo != NULL ? strchr(fifo + 1, '\n') : NULL;
	if (path != NULL) {
		*fifo++ = *path++ = '\0';
		if (same_socket(path, pool))
			end[1] = high_fd(open(fifo, O_WRONLY | O_NONBLOCK |
			    O_CLOEXEC));
	}
	if (end[1] >= 0) {
		wk_spawn_blocking(end[1]);
		end[0] = high_fd(open(fifo, O_RDONLY | O_CLOEXEC));
		if (strcmp(text, "pipe") == 0 && end[0] >= 0) {
			command.also = end;
			set_environment(fifo, end[0], end[1]);
		} else {
			set_environment(fifo, -1, -1);
		}
		wk_spawn_exec(&command);
		wk_die(wk_spawn_error_code(errno), "%s: %s",
		    wk_command_name(command.file), strerror(errno));
	}
	free(text);
}

/* --- the run --- */

static void
start_loop(void)
{
	if (wk_init() != 0 || wk_signal(SIGTERM, job_pass_on) != 0 ||
	    wk_signal(SIGHUP, job_pass_on) != 0 ||
	    wk_signal(SIGTSTP, job_stopped) != 0 ||
	    wk_spawn_signal(SIGINT, SIG_IGN) != 0 ||
	    wk_spawn_signal(SIGQUIT, SIG_IGN) != 0)
		wk_die(WK_SYSTEM, "%s", strerror(errno));
}

/* The first token, by which all is held, and how to have more. */
static void
take_first_token(const char *path, int *tie)
{
	struct broker_pool pool;
	uint32_t first;
	size_t most = FIFO_BYTES_MAX;
	int borrowed;

	*tie = -1;
	if (ptbw_opt.shared == NULL)
		ptbw_connect(&job.broker, path);
	borrowed = ptbw_hold(&job.broker, 1, path, &first);
	job.broker.patience = BROKER_ANSWER_MS;
	if ((borrowed && broker_take_tie(&job.broker, tie) != 0) ||
	    broker_describe(&job.broker, &pool) != 0)
		ptbw_broker_failed(path);
	free(pool.source);
	if (most > pool.count - 1)
		most = pool.count - 1;
	if (ptbw_opt.request > 0 && most > (size_t)ptbw_opt.request - 1)
		most = (size_t)ptbw_opt.request - 1;
	job.max = most;
	job.token = wk_alloc(most + 1, sizeof *job.token);
	start_loop();
	job.extra.granted = job_granted;
	job.extra.changed = job_changed;
	if (extra_begin(&job.extra, &job.broker) == 0)
		return;
	if (errno == ENOTSUP)
		wk_die(WK_UNAVAILABLE, "%s: the master is too old for -j",
		    path);
	ptbw_broker_failed(path);
}

/* The command, with what it inherits: the connection, the tie, and in the pipe
 * form both ends. */
static void
job_start(char **operands, const struct wk_called *called, int tie)
{
	struct wk_spawn command = wk_spawn_plain(operands[0], operands);
	int also[4] = { -1, -1, -1, -1 }, n = 0;
	char number[16];

	if (job.is_pipe) {
		also[n++] = fifo_open_again(&job.fifo, 0);
		also[n++] = fifo_open_again(&job.fifo, 1);
		if (also[0] < 0 || also[1] < 0)
			wk_die(WK_SYSTEM, "%s: %s", job.fifo.path,
			    strerror(errno));
	}
	set_environment(job.fifo.path, also[0], also[1]);
	if (tie >= 0)
		also[n] = tie;
	command.keep = job.broker.fd;
	command.also = also;
	snprintf(number, sizeof number, "%d", job.broker.fd);
	set_variable("ptbw_fd", number);
	if (called->utility != NULL)
		operands[0] = (char *)called->utility;
	job.command.pid = wk_spawn(&command);
	if (job.command.pid < 0)
		wk_die(wk_spawn_error_code(errno), "%s: %s",
		    wk_command_name(command.file), strerror(errno));
	job.command.ended = command_ended;
	job.command.stopped = command_stopped;
	wk_child_watch(&job.command);
	for (; n > 0 && job.is_pipe; n--)
		if (also[n - 1] != tie)
			close(also[n - 1]);
}

static void
others_gone(struct wk_io *io, int what)
{
	(void)what;
	wk_forget(io);
}

/* -k: those that the command has left behind go on with what they have. */
static void
wait_for_others(void)
{
	struct wk_io over = { .ready = others_gone };

	wk_timer_stop(&job.spare);
	wk_timer_stop(&job.look);
	wk_timer_stop(&job.gone);
	extra_end(&job.extra);
	if (fifo_wait_over(&job.fifo, &over) != 0)
		wk_die(WK_SYSTEM, "%s", strerror(errno));
	while (over.watched && !job.told && wk_round(1) == 0)
		;
}

static void
make_fifo(const char *form)
{
	job.fifo.changed = fifo_changed;
	if (fifo_make(&job.fifo, form) == 0)
		return;
	wk_die(form != NULL ? WK_CANTCREATE : WK_SYSTEM, "%s: %s",
	    form != NULL ? form : "a fifo for -j", strerror(errno));
}

int
ptbw_jobserver(char **operands, const struct wk_called *called)
{
	const char *path, *form;
	int tie;

	path = ptbw_opt.shared != NULL ? shared_connect(&job.broker) :
	    wk_target(ptbw_opt.depth, ptbw_opt.tags);
	join_enclosing(operands, path);
	remark_on_jobs(operands);
	form = choose_form(operands);
	take_first_token(path, &tie);
	make_fifo(form);
	set_nested(path);
	job.spare.expired = spare_expired;
	job.look.expired = first_look;
	job.gone.expired = gone_expired;
	job_start(operands, called, tie);
	wk_timer_set(&job.look, LOOK_FIRST_MS);
	while (!job.ended && wk_round(1) == 0)
		;
	balance();                      /* what it did last */
	wk_terminal_child_ended();
	if (ptbw_opt.keep)
		wait_for_others();
	extra_end(&job.extra);
	ptbw_leave(&job.broker, path, 0);
	fifo_end(&job.fifo);
	return wk_spawn_code(job.status);
}
