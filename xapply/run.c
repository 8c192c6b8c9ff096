/*
 * run.c - the run of xapply: which task starts when, and what its end means
 *
 * Everything happens in the rounds of one loop: batches arrive, tokens come
 * free, tasks end, sections have had their turn, signals come, timers expire.
 * Each of these calls start_tasks(), which starts what can be started; when
 * nothing is left to come the loop ends.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "input.h"
#include "look.h"
#include "make.h"
#include "quote.h"
#include "termseq.h"
#include "base/event.h"
#include "base/failures.h"
#include "base/kin.h"
#include "base/progress.h"
#include "base/spawn.h"
#include "base/terminal.h"
#include "base/window.h"
#include "wire/door.h"
#include "wire/late.h"
#include "xapply.h"

/* What the stderr of a run is: for runs within its tasks. */
#define STDERR_OF_RUN "XAPPLY_STDERR"

enum {
	NO_ROOM_MS = 500,          /* after the system had no process for us */
	NO_ROOM_TRIES = 40,
	STRAIN_MS = 1000,          /* between two checks of load and memory */
	FEW_TASKS = 10,            /* no percentage of fewer halts the run */
	FAILED_MAX = 100           /* as an exit code */
};

/* Where batches come from. */
enum intake {
	INTAKE_OPEN,
	INTAKE_OVER,              /* the last batch has been read */
	INTAKE_STOPPED            /* and nothing is started any more */
};

static struct {
	struct input input;
	struct tokens tokens;
	struct task_setup setup;

	enum intake intake;
	int batch;                /* one has been read and has no task yet */

	/* A task is in one of these places, or about to move to one. */
	struct task *running, *waiting;  /* waiting: for its next attempt */
	size_t running_count, waiting_count;
	struct task *announced;   /* its line is being written, or NULL */

	int signal;               /* the first one that was to end us, or 0 */
	int signals;              /* how many have come */
	int64_t signaled;         /* when the last one came, of div_now */
	int code;                 /* exit code of the first thing gone wrong */
	int output_error;         /* errno, once output was lost */
	uintmax_t done, skipped;
	struct wk_failures failures;
	int last_told;            /* the last one had a line of its own */
	int told_by_outer;        /* how many failed, when we have */

	struct wk_timer soon;     /* start tasks in the next round */
	struct wk_timer delay;    /* no task starts before it expires */
	int no_room;              /* failures in a row to make a process */

	struct wk_window window;  /* its size, for --pty */
	struct wk_timer relief;   /* check load and memory again */
	int64_t strain_checked;   /* when that was done, of div_now; 0: never */
	int strained;             /* what came out */
} run;

static void start_tasks(void);
static void stop_signal(int sig);

/* --- lists of tasks --- */

static void
enlist(struct task **list, struct task *t)
{
	t->next = *list;
	if (t->next != NULL)
		t->next->at = &t->next;
	t->at = list;
	*list = t;
}

static void
delist(struct task *t)
{
	*t->at = t->next;
	if (t->next != NULL)
		t->next->at = t->at;
}

/* --- how far it is --- */

static void
run_progress(struct wk_progress *p)
{
	const struct task *t;

	p->total = input_total(&run.input);
	p->done = run.done;
	p->skipped = run.skipped;
	p->failed = run.failures.count;
	p->running = run.running_count;
	p->hidden = task_relays();
	/* of those that began together, the first is behind */
	for (t = run.running; t != NULL; t = t->next)
		if (p->longest == NULL || t->began <= p->since) {
			p->longest = t->xid;
			p->since = t->began;
		}
}

/* --- what ends a run early --- */

/*
 * The run that this is a task of has our failure in its own last line, and need
 * not be told the same by us, where both lines are for the same reader.
 */
static void
note_outer_run(void)
{
	const char *outer = getenv(STDERR_OF_RUN);
	char ours[64] = "";
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0)
		snprintf(ours, sizeof ours, "%ju.%ju", (uintmax_t)st.st_dev,
		    (uintmax_t)st.st_ino);
	run.told_by_outer = outer != NULL && strcmp(outer, ours) == 0;
	if (setenv(STDERR_OF_RUN, ours, 1) != 0)
		wk_die(WK_SYSTEM, "environment: %s", strerror(errno));
}

/* How a task has ended, in text[WK_FAILURE_HOW]. */
static void
run_how(char *text, const struct task *t)
{
	if (t->timed_out)
		snprintf(text, WK_FAILURE_HOW, "timed out");
	else
		wk_failure_how(text, t->status);
}

/* halts: it is named by the line of the halt. */
static void
note_failure(const struct task *t, int halts)
{
	char how[WK_FAILURE_HOW];

	run.last_told = halts || t->timed_out;
	if (run.last_told) {
		wk_failures_add_told(&run.failures);
		return;
	}
	run_how(how, t);
	wk_failures_add(&run.failures, t->xid, how);
}

/* The attempt before has failed, and there will not be another. */
static void
give_up(struct task *t)
{
	if (t->attempts > 0) {
		task_log(t);
		run.done++;
		note_failure(t, 0);
	}
	task_free(t);
}

/* Start nothing more.  code: the exit code for what went wrong, or 0; the
 * first one counts. */
static void
stop_starting(int code)
{
	struct task *t;

	if (run.code == 0)
		run.code = code;
	run.intake = INTAKE_STOPPED;
	run.batch = 0;
	input_end(&run.input);
	pipe_end();
	wk_timer_stop(&run.delay);
	wk_timer_stop(&run.relief);
	if (run.announced != NULL) {
		tokens_give(&run.tokens, run.announced->tokens);
		task_free(run.announced);
		run.announced = NULL;
	}
	while ((t = run.waiting) != NULL) {
		delist(t);
		run.waiting_count--;
		give_up(t);
	}
}

static void
signal_all(int sig)
{
	struct task *t;

	for (t = run.running; t != NULL; t = t->next)
		task_signal(t, sig);
}

/* Begin to end all tasks. */
static void
end_all(void)
{
	struct task *t;

	for (t = run.running; t != NULL; t = t->next)
		if (t->ending == TASK_LEFT_ALONE)
			termseq_next(t);
}

/* A signal that is sent to a whole process group comes twice: the wrapper
 * around this run, a process of the same group, passes it on to us. */
static int
is_same_signal(int sig)
{
	if (sig == run.signal && wk_spawn_same_signal(sig, run.signaled))
		return 1;
	run.signaled = div_now();
	return 0;
}

/* TERM and its like: the first is passed on to the tasks, the second leaves
 * them no choice. */
static void
end_signal(int sig)
{
	if (is_same_signal(sig))
		return;
	wk_terminal_hangup(sig, wk_signal_sender());
	run.signals++;
	if (run.signal == 0)
		run.signal = sig;
	stop_starting(0);
	/* the terminal has sent it to the tasks of our process group as well */
	if (run.signals > 1 || wk_signal_sender() != 0 || run.setup.grouped)
		signal_all(run.signals > 1 ? SIGKILL : sig);
}

/* Stop, unless a SIGCONT has come since the signal. */
static void
stop_self(int sig)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, &old);
	wk_progress_clear();
	wk_spawn_signal(sig, SIG_DFL);
	if (!wk_pending(SIGCONT))
		wk_terminal_stop(getpid(), sig);
	wk_signal(sig, stop_signal);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* TSTP: a terminal stops only our own process group, so the tasks that have
 * groups of their own are stopped here, and continued later. */
static void
stop_signal(int sig)
{
	struct task *t;

	for (t = run.running; t != NULL; t = t->next)
		tty_stop(t);
	stop_self(sig);
	for (t = run.running; t != NULL; t = t->next)
		tty_continue(t);
	tty_foreground(SIGCONT);
}

/* Who shares our group has been told before its terminal had the new size. */
static void
run_resized(struct wk_window *w)
{
	struct task *t;

	if (!w->changed)
		return;
	for (t = run.running; t != NULL; t = t->next)
		task_resize(t, &w->size);
	if (!run.setup.grouped)
		kill(0, SIGWINCH);
}

/* The collated output cannot be written: what tasks go on to write would be
 * lost.  error: the errno, 0 when it was the collator that failed. */
static void
run_output_failed(int error)
{
	if (run.output_error == 0)
		run.output_error = error != 0 ? error : ECONNRESET;
	stop_starting(error != 0 ? WK_OUTPUT : WK_PROTOCOL);
}

/* Nothing can be written to stdout any more. */
static void
lines_lost(int error)
{
	if (run.output_error == 0 && error != EPIPE)
		wk_warn("standard output: %s", strerror(error));
	if (run.output_error == 0)
		run.output_error = error;
	stop_starting(WK_OUTPUT);
}

/* --- a task is over --- */

/* A task whose time was up has failed, whatever its status. */
static int
has_failed(const struct task *t)
{
	return t->status != 0 || t->timed_out;
}

/* Of a task that has failed. */
static int
exit_code(const struct task *t)
{
	return t->status != 0 ? wk_spawn_code(t->status) :
	    WK_TIMED_OUT;
}

static void
retry_due(struct wk_timer *timer)
{
	struct task *t = (struct task *)((char *)timer -
	    offsetof(struct task, alarm));

	t->due = 1;
	start_tasks();
}

/* The tasks of the whole list, or as far as is known now: a percentage of very
 * few would make one failure too many. */
static uintmax_t
tasks_so_far(void)
{
	size_t total = input_total(&run.input);

	if (total > 0)
		return total;
	if (run.intake == INTAKE_OVER)
		return run.input.count;
	return run.done > FEW_TASKS ? run.done : FEW_TASKS;
}

static void
tell_halt(void)
{
	char text[WK_HALT_TEXT_MAX];

	wk_halt_tell(&xapply_opt.halt, text, "task");
	wk_warn("%s", text);
}

/* The length of a list from files is known at its end: then so many may have
 * been enough after all. */
static void
halt_at_end(void)
{
	struct wk_halt *h = &xapply_opt.halt;

	if (run.intake != INTAKE_OVER || !wk_halt_over(h, run.input.count))
		return;
	if (h->of == WK_HALT_FAIL && !run.last_told)
		wk_failures_told_last(&run.failures);
	tell_halt();
}

/* Those that a success has made superfluous have not failed. */
static int
is_superfluous(const struct task *t)
{
	return xapply_opt.halt.halted && xapply_opt.halt.of != WK_HALT_FAIL &&
	    !t->timed_out && t->ending != TASK_LEFT_ALONE;
}

/* A task has ended for good: that may be what the rest is to end for. */
static void
count_end(const struct task *t)
{
	char how[WK_FAILURE_HOW];
	struct wk_halt *h = &xapply_opt.halt;
	int code = has_failed(t) ? exit_code(t) : 0, halts;

	run_how(how, t);
	halts = wk_halt_ended(h, code, tasks_so_far(),
	    t->timed_out ? NULL : t->xid, how);
	if (code != 0 && !is_superfluous(t))
		note_failure(t, halts);
	if (!halts)
		return;
	tell_halt();
	stop_starting(0);
	if (h->when == WK_HALT_NOW)
		end_all();
}

/* 1 if the task died of SIGPIPE, itself or as its shell reports, and our stdout
 * has no reader: all further tasks would die the same way. */
static int
reader_gone(const struct task *t)
{
	return xapply_collator == NULL && t->status != 0 &&
	    wk_spawn_code(t->status) == WK_SIGNAL + SIGPIPE &&
	    (wk_look(STDOUT_FILENO, POLLOUT, 0) & (POLLERR | POLLHUP));
}

static int
is_tried_again(const struct task *t)
{
	return has_failed(t) && t->attempts < xapply_opt.retries &&
	    t->batch != NULL && run.intake != INTAKE_STOPPED;
}

static void
wait_to_retry(struct task *t)
{
	enlist(&run.waiting, t);
	run.waiting_count++;
	t->due = xapply_opt.retry_ms == 0;
	t->alarm.expired = retry_due;
	if (!t->due)
		wk_timer_set(&t->alarm, xapply_opt.retry_ms);
}

/* A task that a signal to us, or a halt, has cut short is not done: a resumed
 * run does it again. */
static int
was_cut_short(const struct task *t)
{
	return has_failed(t) && !t->timed_out &&
	    (run.signal != 0 || t->ending != TASK_LEFT_ALONE);
}

/* A task's process has ended, or could not be started: its tokens are free, its
 * section, if any, goes on by itself. */
static void
conclude(struct task *t)
{
	int gone = reader_gone(t);

	/* start_tasks comes next */
	tokens_pass(&run.tokens, t->tokens);
	t->tokens = NULL;
	t->ended = div_now();
	if (!gone && is_tried_again(t)) {
		wait_to_retry(t);
		return;
	}
	if (!was_cut_short(t))
		task_log(t);
	run.done++;
	count_end(t);
	if (gone)
		lines_lost(EPIPE);
	task_free(t);
}

static void
task_ended(struct task *t)
{
	delist(t);
	run.running_count--;
	run.no_room = 0;
	conclude(t);
	/* in the next round: short tasks that end and start within one would
	 * keep signals and timers waiting */
	wk_timer_set(&run.soon, 0);
}

/* The time of a task (-T) is up, or it has not ended after a signal. */
static void
time_is_up(struct wk_timer *timer)
{
	struct task *t = (struct task *)((char *)timer -
	    offsetof(struct task, alarm));

	if (t->ending == TASK_LEFT_ALONE) {
		t->timed_out = 1;
		wk_warn("task %ju (%s): its time is up", t->number + 1, t->xid);
	}
	termseq_next(t);
}

/* --- starting --- */

/* Write the lines of -v, -n and -x; -1 when stdout cannot be written. */
static int
run_announce(const struct task *t)
{
	return say_task(t, run.tokens.each);
}

/*
 * The task has no process.  With --argv its program is missing, and any command
 * may be too long: a failure like any.  Otherwise the shell is missing, which
 * ends the run with an exit code of its own.
 */
static void
run_not_started(const struct task *t, int error)
{
	char **words = NULL;

	if (xapply_opt.argv && error == EINVAL) {
		wk_warn("'%s': needs a shell, and --argv means none",
		    t->command);
		stop_starting(WK_DATA);
		return;
	}
	if (xapply_opt.argv && error != E2BIG)
		words = quote_words(t->command, t->command_len, 1);
	if (words != NULL)
		wk_warn("%s: %s", words[0], strerror(error));
	else
		wk_warn("task %ju (%s): %s", t->number + 1, t->xid,
		    strerror(error));
	free(words);
	if (run.code == 0 && !xapply_opt.argv && error != E2BIG)
		run.code = wk_spawn_error_code(error);
}

/*
 * The system has no room for another process now.  It may have when one of our
 * own tasks ends, or after a while; nothing else is tried before.  The
 * else-command, which has no batch, is not tried again.
 */
static void
run_no_room(struct task *t, int error)
{
	tokens_give(&run.tokens, t->tokens);
	if ((run.running_count == 0 && task_sections() == 0 &&
	    ++run.no_room > NO_ROOM_TRIES) || run.input.count == 0) {
		wk_warn("cannot start a task: %s", strerror(error));
		stop_starting(WK_SYSTEM);
		task_free(t);
		return;
	}
	make_keep(t);
	t->attempts--;
	wait_to_retry(t);
	wk_timer_stop(&t->alarm);
	t->due = 1;
	wk_timer_set(&run.delay, NO_ROOM_MS);
}

static void
no_section(struct task *t, const struct task_reason *why)
{
	wk_warn("%s", why->text);
	stop_starting(why->code);
	tokens_give(&run.tokens, t->tokens);
	task_free(t);
}

static void
run_started(struct task *t)
{
	enlist(&run.running, t);
	run.running_count++;
	t->alarm.expired = time_is_up;
	if (xapply_opt.timeout_ms > 0)
		wk_timer_set(&t->alarm, xapply_opt.timeout_ms);
}

static void
run_start(struct task *t)
{
	struct task_reason why;
	int status = task_start(&run.setup, t, &why);

	if (status == EAGAIN || status == ENOMEM) {
		run_no_room(t, status);
		return;
	}
	if (status < 0) {
		no_section(t, &why);
		return;
	}
	t->ending = TASK_LEFT_ALONE;
	t->steps = 0;
	t->timed_out = 0;
	if (xapply_opt.delay_ms > 0)
		wk_timer_set(&run.delay, xapply_opt.delay_ms);
	if (status == 0) {
		run_started(t);
	} else {
		run_not_started(t, status);
		conclude(t);
	}
}

/* Start a task whose line has been written, or wait until it is. */
static void
run_begin(struct task *t)
{
	if (xapply_opt.dry) {
		tokens_give(&run.tokens, t->tokens);
		run.done++;
		task_free(t);
	} else if (say_waits()) {
		run.announced = t;        /* lines_written() goes on with it */
	} else {
		run_start(t);
	}
}

/* Announce a task and start it; -1 when stdout cannot be written. */
static int
announce_and_begin(struct task *t)
{
	if (run_announce(t) == 0) {
		run_begin(t);
		return 0;
	}
	tokens_give(&run.tokens, t->tokens);
	task_free(t);
	return -1;
}

static int
any_due(void)
{
	const struct task *t;

	for (t = run.waiting; t != NULL; t = t->next)
		if (t->due)
			return 1;
	return 0;
}

/* A task whose next attempt is due, with these tokens; or NULL. */
static struct task *
due_task(struct token_set *set)
{
	struct task *t;

	for (t = run.waiting; t != NULL && !t->due; t = t->next)
		;
	if (t == NULL)
		return NULL;
	delist(t);
	run.waiting_count--;
	wk_timer_stop(&t->alarm);
	if (make_again(t, set) == 0)
		return t;
	task_free(t);
	stop_starting(WK_DATA);
	return NULL;
}

static void
run_input_failed(void)
{
	char what[200];

	wk_visible(what, sizeof what, run.input.what);
	wk_warn("%s: %s", what, run.input.reason);
	stop_starting(run.input.code);
}

/* A batch has been read. */
static void
take_batch(void)
{
	size_t total = input_total(&run.input);

	if (make_was_done())
		run.skipped++;
	else
		run.batch = 1;
	if (total > 0 && run.input.count == total)
		run.intake = INTAKE_OVER;
}

/* Blocks are held for tasks that run, that wait for their next attempt, and one
 * that is to start. */
static enum input_result
next_batch(void)
{
	return xapply_opt.pipe ?
	    pipe_next(&run.input, 2 * run.tokens.sets + 1) :
	    input_next(&run.input);
}

/* Read a batch, unless one is there that has no task yet; 1 if there is one
 * now.  This comes before tokens are taken: those should not be held while we
 * wait for input. */
static int
have_batch(void)
{
	while (!run.batch && run.intake == INTAKE_OPEN) {
		switch (next_batch()) {
		case INPUT_BATCH:
			take_batch();
			break;
		case INPUT_FAILED:
			run_input_failed();
			return 0;
		case INPUT_END:
			run.intake = INTAKE_OVER;
			break;
		case INPUT_WAIT:
			return 0;
		}
	}
	return run.batch;
}

/* Make a task of the present batch; NULL after a message. */
static struct task *
next_task(struct token_set *set)
{
	struct task *t = make_task(set);

	run.batch = 0;
	if (t != NULL && xapply_opt.pipe)
		t->block = pipe_take();
	if (t == NULL)
		stop_starting(WK_DATA);
	else if (xapply_opt.retries > 1)
		make_keep(t);
	return t;
}

/* Bytes that programs can still have; SIZE_MAX where the system has no
 * /proc/meminfo. */
static size_t
memory_free(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long long kilobytes;
	size_t bytes = SIZE_MAX;
	char line[128];

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "MemAvailable: %llu kB", &kilobytes) == 1)
			bytes = (size_t)kilobytes * 1024;
	if (f != NULL)
		fclose(f);
	return bytes;
}

/* 1 if the system is too busy for another task (--load, --memfree).  One task
 * may run in any case. */
static int
is_strained(void)
{
	double load = 0;

	if ((xapply_opt.load <= 0 && xapply_opt.memory == 0) ||
	    run.running_count == 0)
		return 0;
	if (run.strain_checked != 0 &&
	    div_now() < run.strain_checked + STRAIN_MS)
		return run.strained;
	run.strain_checked = div_now();
	run.strained = (xapply_opt.load > 0 && getloadavg(&load, 1) == 1 &&
	    load > xapply_opt.load) || memory_free() < xapply_opt.memory;
	if (run.strained)
		wk_timer_set(&run.relief, STRAIN_MS);
	return run.strained;
}

/* USR1: one task more at a time, USR2: one fewer, as with xargs. */
static void
change_jobs(int sig)
{
	size_t n = run.tokens.sets;

	if (sig == SIGUSR1)
		n++;
	else if (n > 1)
		n--;
	if (tokens_limit(&run.tokens, n) == 0)
		start_tasks();
}

/* With one task at a time, output is in the order of the tasks: the next one
 * does not start before what the last one wrote is out. */
static int
in_turn(void)
{
	return run.tokens.sets > 1 || task_sections() == 0;
}

static int
may_start(void)
{
	return run.intake != INTAKE_STOPPED &&
	    run.running_count < run.tokens.sets && in_turn() &&
	    run.announced == NULL && !say_waits() && !run.delay.set &&
	    task_room() && !is_strained() && (any_due() || have_batch());
}

/* The master of the pool is gone, or there is no memory for what it gives:
 * running tasks go on, no other starts. */
static void
pool_lost(void)
{
	if (run.tokens.error == ENOMEM) {
		wk_warn("out of memory");
		stop_starting(WK_SYSTEM);
		return;
	}
	wk_warn("%s: %s", xapply_pool, run.tokens.error == ECONNRESET ?
	    "the master is gone" : run.tokens.error == ETIMEDOUT ?
	    "the master does not answer" : strerror(run.tokens.error));
	stop_starting(run.tokens.error == EPROTO ? WK_PROTOCOL :
	    WK_UNAVAILABLE);
}

static void
start_what_may(void)
{
	struct token_set *set;
	struct task *t;

	while (may_start()) {
		set = tokens_take(&run.tokens);
		if (set == NULL) {
			if (run.tokens.error != 0)
				pool_lost();
			return;
		}
		t = due_task(set);
		if (t == NULL && run.batch)
			t = next_task(set);
		if (t == NULL) {
			tokens_unused(&run.tokens, set);
			return;
		}
		if (announce_and_begin(t) != 0)
			return;
	}
}

static void
start_tasks(void)
{
	start_what_may();
	tokens_settle(&run.tokens);
}

static void
lines_written(void)
{
	struct task *t = run.announced;

	run.announced = NULL;
	if (t != NULL)
		run_begin(t);
	start_tasks();
}

static void
time_to_start(struct wk_timer *t)
{
	(void)t;
	start_tasks();
}

/* --- the else-command --- */

/* A set for the only task of the run, waited for; NULL when there is none to
 * be had. */
static struct token_set *
only_set(void)
{
	struct token_set *set = tokens_take(&run.tokens);

	run.tokens.keep = 1;
	while (set == NULL && run.tokens.error == 0 &&
	    run.intake != INTAKE_STOPPED && wk_round(1) == 0)
		set = tokens_take(&run.tokens);
	return set;
}

static void
run_otherwise(char **operands)
{
	struct token_set *set = only_set();
	struct task *t;

	if (set == NULL) {
		if (run.tokens.error != 0)
			pool_lost();
		return;
	}
	t = make_otherwise(set, operands);
	if (t == NULL)
		stop_starting(WK_DATA);
	else
		announce_and_begin(t);
}

/* --- the run --- */

/* errno says how it could not be reached. */
_Noreturn static void
pool_failed(void)
{
	char who[4096];
	int e = errno;

	if ((e == EPROTO || e == ECONNRESET || e == ETIMEDOUT) &&
	    door_is_other(xapply_pool, "ptbw", who, sizeof who))
		wk_die(WK_PROTOCOL, "%s: %s", xapply_pool, who);
	if (e == ETIMEDOUT)
		wk_die(WK_TIMEOUT, "%s: the master does not answer",
		    xapply_pool);
	errno = e;
	wk_die_connect(xapply_pool);
}

/* --jobserver: as make does, one task at a time when it cannot be used. */
static void
join_jobserver(struct tokens *t)
{
	static struct jobs jobs;
	int r;

	jobs.ready = start_tasks;
	r = jobs_open(&jobs, getenv("MAKEFLAGS"));
	if (r > 0)
		t->jobs = &jobs;
	if (r >= 0)
		return;
	wk_warn("the jobserver of $MAKEFLAGS cannot be used: one task at a "
	    "time");
	t->sets = 1;
}

static void
open_tokens(void)
{
	struct tokens *t = &run.tokens;

	t->ready = start_tasks;
	t->sets = xapply_opt.jobs;
	t->each = xapply_opt.request >= 0 ? (size_t)xapply_opt.request : 1;
	t->lend = "XAPPLY_TOKENS";
	if (xapply_opt.jobserver)
		join_jobserver(t);
	if (xapply_pool == NULL || t->each == 0) {
		if (tokens_plain(t) != 0)
			wk_die(WK_SYSTEM, "out of memory");
		return;
	}
	if (tokens_open(t, xapply_pool) == 0) {
		if (t->untrusted)
			wk_warn("%s: the pool is another user's, its variables "
			    "are not set", xapply_pool);
		return;
	}
	if (errno == ENOSPC)
		wk_die(WK_DATA, "%s: cannot provide %zu tokens, the pool has "
		    "%zu", xapply_pool, t->each, t->pool);
	pool_failed();
}

_Noreturn static void
input_bad(void)
{
	char what[200];

	wk_visible(what, sizeof what, run.input.what);
	wk_die(run.input.code, "%s: %s", what, run.input.reason);
}

static void
not_yet(void)
{
}

/* The names in the header are needed for the templates, so it is waited for. */
static void
read_header(void)
{
	enum input_result r;

	run.input.ready = not_yet;
	while ((r = input_header(&run.input)) == INPUT_WAIT)
		if (wk_round(1) != 0)
			wk_die(WK_SYSTEM, "cannot wait: %s", strerror(errno));
	if (r == INPUT_FAILED)
		input_bad();
	run.input.ready = start_tasks;
}

static void
block_lost(const char *what, const char *reason)
{
	wk_warn("%s: %s", what, reason);
	stop_starting(WK_NOINPUT);
}

static void
run_open_input(char **operands)
{
	run.input = (struct input){ .operand = operands,
	    .each = xapply_opt.pipe ? 1 : xapply_opt.each,
	    .files = xapply_opt.files,
	    .end = xapply_opt.zero ? '\0' : '\n',
	    .crlf = xapply_opt.crlf, .skip_empty = xapply_opt.skip_empty,
	    .columns = xapply_opt.columns, .header = xapply_opt.header,
	    .lists = xapply_opt.lists, .separator = xapply_opt.separator,
	    .batched = xapply_opt.fill || xapply_opt.max_args > 0,
	    .pad = xapply_opt.pad != NULL ? xapply_opt.pad : "",
	    .ready = start_tasks };
	xapply_opt.pipe_how.lost = block_lost;
	xapply_opt.pipe_how.jobs = xapply_opt.jobs;
	if (input_begin(&run.input) != INPUT_BATCH || (xapply_opt.pipe &&
	    pipe_begin(&run.input, &xapply_opt.pipe_how) != INPUT_BATCH))
		input_bad();
	read_header();
	/* our input must not be read by the tasks */
	if ((input_uses_stdin(&run.input) || xapply_opt.pipe) &&
	    run.setup.in < 0) {
		run.setup.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (run.setup.in < 0)
			wk_die(WK_SYSTEM, "/dev/null: %s", strerror(errno));
		run.setup.grouped = 1;
	}
}

static void
catch_signal(int sig, void (*arrived)(int sig))
{
	if (wk_signal(sig, arrived) != 0)
		wk_die(WK_SYSTEM, "signals: %s", strerror(errno));
}

static void
catch_signals(void)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	size_t i;

	for (i = 0; i < sizeof ends / sizeof *ends; i++)
		catch_signal(ends[i], end_signal);
	catch_signal(SIGCONT, tty_foreground);
	/* one that shares our group needs no help to stop with us */
	if (run.setup.grouped)
		catch_signal(SIGTSTP, stop_signal);
	run.window.resized = run_resized;
	if (xapply_opt.pty && wk_window_watch(&run.window) != 0)
		wk_die(WK_SYSTEM, "signals: %s", strerror(errno));
	catch_signal(SIGUSR1, change_jobs);
	catch_signal(SIGUSR2, change_jobs);
}

static void
begin_run(const char *template, char **operands)
{
	wk_kin_note();
	if (wk_init() != 0 || wk_spawn_write_errors() != 0)
		wk_die(WK_SYSTEM, "cannot wait: %s", strerror(errno));
	run.setup = (struct task_setup){ .in = -1, .keep = -1,
	    .ended = task_ended, .section_over = start_tasks,
	    .output_failed = run_output_failed,
	    .terminal_signal = end_signal };
	task_prepare(&run.setup);
	run_open_input(operands);
	say_prepare(lines_written, lines_lost);
	open_tokens();
	run.setup.keep = run.tokens.fd;
	run.setup.also = run.tokens.also;
	make_prepare(&run.input, &run.tokens, template, operands,
	    run.setup.direct);
	if (xapply_collator != NULL)
		look_prepare(operands);
	if (xapply_opt.joblog != NULL)
		joblog_open(xapply_opt.joblog, xapply_opt.resume,
		    xapply_opt.dry);
	catch_signals();
	note_outer_run();
}

/* 1 while anything is still to come.  (A run that a signal ends does not wait
 * for the reader of its lines.) */
static int
is_busy(void)
{
	return run.intake == INTAKE_OPEN || run.batch ||
	    run.running_count > 0 || run.waiting_count > 0 ||
	    run.announced != NULL || task_sections() > 0 ||
	    (run.signal == 0 && say_busy());
}

static void
loop(void)
{
	while (is_busy() && !(run.signals > 1 && run.running_count == 0))
		if (wk_round(1) != 0)
			wk_die(WK_SYSTEM, "cannot wait: %s", strerror(errno));
}

/* Die of the signal, which is what our parent should see.  The first process of
 * a system, or of a container, cannot: it returns the exit code. */
static int
end_by(int sig)
{
	sigset_t set;

	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return WK_SIGNAL + sig;
}

static int
run_result(void)
{
	if (run.signal != 0)
		return end_by(run.signal);
	if (run.output_error == EPIPE && !wk_spawn_ignored(SIGPIPE))
		return end_by(SIGPIPE);
	if (run.code != 0)
		return run.code;
	if (xapply_opt.halt.halted)
		return xapply_opt.halt.code;
	if (!xapply_opt.fail)
		return 0;
	return run.failures.count < FAILED_MAX ? (int)run.failures.count :
	    FAILED_MAX;
}

/* 1 if the line of the halt has named all that failed. */
static int
halt_said_all(void)
{
	return xapply_opt.halt.halted && wk_failures_one_told(&run.failures);
}

/* The last lines: how much has been done, and what of it failed. */
static void
sum_up(void)
{
	int named = run.failures.count > 0 && run.signal == 0 &&
	    run.code == 0 && xapply_opt.fail && !run.told_by_outer;

	if (xapply_opt.progress)
		wk_progress_end(named ? &run.failures : NULL);
	else if (named && !halt_said_all())
		wk_failures_tell(&run.failures, run.done, "task");
}

static int
end_run(void)
{
	halt_at_end();
	if (joblog_close() != 0 && run.code == 0)
		run.code = WK_OUTPUT;
	if (tokens_close(&run.tokens) != 0)
		wk_warn("%s: the master is gone", xapply_pool);
	sum_up();
	if (run.signal == 0)
		wk_kin_part();
	wk_spawn_blocking_streams(NULL);
	if (late_lost())
		wk_warn("what was written after a task's end is lost (see "
		    "--linger)");
	return run_result();
}

int
xapply_run(const char *template, char **operands)
{
	begin_run(template, operands);
	run.delay.expired = run.relief.expired = time_to_start;
	run.soon.expired = time_to_start;
	if (xapply_opt.progress)
		wk_progress_begin("task", run_progress, 1);
	start_tasks();
	loop();
	if (xapply_opt.otherwise != NULL && run.input.count == 0 &&
	    run.intake != INTAKE_STOPPED) {
		run_otherwise(operands);
		loop();
	}
	return end_run();
}
