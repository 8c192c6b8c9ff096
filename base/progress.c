/*
 * progress.c - how far a run is
 *
 * The cursor rests at the beginning of the line: when the terminal becomes
 * narrower, and breaks the line into several, all of it is below the cursor
 * still, and erased with it.  It is written with wrapping off, as we may hear
 * of the new width later than the terminal does.
 *
 * SPDX-License-Identifier: ISC
 */
#include "progress.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "divconnect.h"
#include "event.h"
#include "flow.h"
#include "visible.h"
#include "window.h"
#include "wrapper.h"

enum {
	TICK_MS = 200,
	LINES_MS = 1000,           /* between two lines on a dumb terminal */
	COLUMNS = 80,              /* of one that does not say */
	COLUMNS_MAX = 400,         /* of a line */
	BAR_COLUMNS = 72,          /* left to the text beside a bar */
	BAR_MIN = 8, BAR_MAX = 30,
	WIDE_FROM = 0x1100         /* some of them take two columns */
};

#define ERASE "\r\033[J"
#define NO_WRAP "\033[?7l"
#define WRAP "\033[?7h"

static struct {
	const char *what;
	void (*now)(struct wk_progress *p);
	int64_t began;             /* of div_now */
	struct wk_timer tick;
	enum { NOTHING, ONE_LINE, LINES } kind;
	int shown;                 /* the line is there */
	int within;                /* the terminal's last line has no end */
	uintmax_t told;            /* done, when the last of LINES was */
} progress;

/* --- what it says --- */

/* Milliseconds as "1:02:03" or "2:03". */
static void
duration(char *text, size_t room, double ms)
{
	long s = (long)(ms / 1000 + 0.5);

	if (s >= 3600)
		snprintf(text, room, "%ld:%02ld:%02ld", s / 3600,
		    s / 60 % 60, s % 60);
	else
		snprintf(text, room, "%ld:%02ld", s / 60, s % 60);
}

/* Append to a text; what there is no room for is cut off. */
static void
progress_add(char *text, size_t room, const char *before, const char *more)
{
	size_t n = strlen(text);

	snprintf(text + n, room - n, "%s%s", before, more);
}

static void
add_times(char *text, size_t room, const struct wk_progress *p)
{
	double ms = (double)(div_now() - progress.began);
	uintmax_t did = p->done + p->skipped;
	char time[32], name[256];

	snprintf(time, sizeof time, "%.1f/s",
	    ms > 0 ? (double)p->done * 1000 / ms : 0);
	progress_add(text, room, ", ", time);
	if (p->total > did && p->done > 0) {
		duration(time, sizeof time,
		    (double)(p->total - did) * ms / (double)p->done);
		progress_add(text, room, ", left ", time);
	}
	if (p->longest == NULL)
		return;
	duration(time, sizeof time, (double)(div_now() - p->since));
	wk_visible(name, sizeof name, p->longest);
	progress_add(text, room, ", longest ", time);
	progress_add(text, room, " ", name);
}

static void
progress_text(char *text, size_t room, const struct wk_progress *p)
{
	char number[64];

	snprintf(text, room, "done %ju", p->done + p->skipped);
	if (p->total > 0) {
		snprintf(number, sizeof number, "%ju", p->total);
		progress_add(text, room, " of ", number);
	}
	snprintf(number, sizeof number, "%zu", p->running);
	progress_add(text, room, ", running ", number);
	if (p->waiting > 0) {
		snprintf(number, sizeof number, "%zu", p->waiting);
		progress_add(text, room, ", waiting ", number);
	}
	snprintf(number, sizeof number, "%ju", p->failed);
	progress_add(text, room, ", failed ", number);
	add_times(text, room, p);
}

/* "[####......] ", where the whole is known and there is room for it. */
static void
bar_text(char *text, size_t room, const struct wk_progress *p, size_t columns)
{
	uintmax_t did = p->done + p->skipped;
	char bar[BAR_MAX + 1];
	size_t width, full;

	*text = '\0';
	if (p->total == 0 || columns < BAR_COLUMNS + BAR_MIN)
		return;
	if (did > p->total)
		did = p->total;
	width = columns - BAR_COLUMNS;
	if (width > BAR_MAX)
		width = BAR_MAX;
	full = (size_t)((double)did / (double)p->total * (double)width);
	memset(bar, '.', width);
	memset(bar, '#', full);
	snprintf(text, room, "[%.*s] ", (int)width, bar);
}

/* Cut a text where it would be wider than that; returns its bytes. */
static size_t
fit(const char *text, size_t columns)
{
	size_t n = 0, used = 0, len;
	unsigned long c = 0;

	for (; text[n] != '\0'; n += len) {
		len = wk_character(text + n, strlen(text + n), &c);
		used += len > 0 && c >= WIDE_FROM ? 2 : 1;
		if (used > columns)
			break;
		len += len == 0;
	}
	return n;
}

/* --- the terminal --- */

static size_t
terminal_columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col == 0)
		return COLUMNS;
	return w.ws_col < COLUMNS_MAX ? w.ws_col : COLUMNS_MAX;
}

/* Is it somebody else's, a task that asks for a password, or a shell? */
static int
is_lent(void)
{
	pid_t group = tcgetpgrp(STDERR_FILENO);

	return group > 0 && group != getpgrp();
}

/* A terminal that takes nothing, as after ^S, is not waited for. */
static void
progress_put(const char *text, size_t len)
{
	if (wk_look(STDERR_FILENO, POLLOUT, 0) != 0 &&
	    write(STDERR_FILENO, text, len) < 0)
		progress.kind = NOTHING;
}

static void
erase(void)
{
	if (progress.shown && !is_lent())
		progress_put(ERASE, sizeof ERASE - 1);
	progress.shown = 0;
}

static void
draw(void)
{
	static const char rest[] = "\r" WRAP;
	char line[4 * COLUMNS_MAX + 128] = ERASE NO_WRAP;
	struct wk_progress p = { .total = 0 };
	size_t columns = terminal_columns(), head = strlen(line);

	progress.now(&p);
	if (p.hidden || progress.within || columns < 2 || is_lent()) {
		erase();
		return;
	}
	bar_text(line + head, sizeof line - head, &p, columns);
	progress_text(line + strlen(line),
	    sizeof line - strlen(line) - sizeof rest, &p);
	head += fit(line + head, columns - 1);
	memcpy(line + head, rest, sizeof rest);
	progress_put(line, strlen(line));
	progress.shown = 1;
}

static void
tell_line(void)
{
	struct wk_progress p = { .total = 0 };
	char line[COLUMNS_MAX];

	progress.now(&p);
	if (p.done == progress.told || is_lent())
		return;
	progress.told = p.done;
	progress_text(line, sizeof line, &p);
	wk_warn("%s", line);
}

/* --- from the beginning to the end --- */

static void
progress_tick(struct wk_timer *t)
{
	if (progress.kind == ONE_LINE)
		draw();
	else if (progress.kind == LINES)
		tell_line();
	wk_timer_set(t, progress.kind == LINES ? LINES_MS : TICK_MS);
}

/* Its new width is known now, and what it has made of the line. */
static void
resized(struct wk_window *w)
{
	(void)w;
	if (progress.kind == ONE_LINE && progress.tick.set && progress.shown)
		draw();
}

/* last: see flow.h. */
static void
terminal_written(int last)
{
	if (last < 0)
		erase();
	else
		progress.within = last != '\n';
}

void
wk_progress_begin(const char *what, void (*now)(struct wk_progress *p),
    int line)
{
	static struct wk_window watch = { .resized = resized };
	const char *term = getenv("TERM");

	progress.what = what;
	progress.now = now;
	progress.began = div_now();
	if (!line || !isatty(STDERR_FILENO))
		return;
	progress.kind = term == NULL || *term == '\0' ||
	    strcmp(term, "dumb") == 0 ? LINES : ONE_LINE;
	progress.tick.expired = progress_tick;
	wk_timer_set(&progress.tick,
	    progress.kind == LINES ? LINES_MS : TICK_MS);
	if (progress.kind == LINES)
		return;
	wk_before_message = erase;
	flow_at_terminal = terminal_written;
	/* without it the next tick sees the new width */
	if (wk_window_watch(&watch) != 0)
		return;
}

void
wk_progress_clear(void)
{
	if (progress.kind != ONE_LINE)
		return;
	erase();
	if (progress.tick.set)
		wk_timer_set(&progress.tick, TICK_MS);
}

void
wk_progress_end(const struct wk_failures *f)
{
	char text[32], names[WK_FAILURES_TEXT] = "";
	struct wk_progress p = { .total = 0 };

	wk_timer_stop(&progress.tick);
	progress.now(&p);
	duration(text, sizeof text, (double)(div_now() - progress.began));
	if (f != NULL && f->count > 0)
		wk_failures_names(f, names);
	wk_warn("%ju %s%s done in %s, %ju failed%s%s", p.done, progress.what,
	    p.done == 1 ? "" : "s", text, p.failed,
	    *names != '\0' ? ": " : "", names);
}
