/*
 * joblog.c - the log of the tasks that have ended, written and read back
 *
 * Its form is JOBLINE_SHORT.  Tasks are counted from 1; number 0 is the
 * else-command, which in memory has the greatest number there is.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/jobline.h"
#include "xapply.h"

enum { NUMBER_MAX = 1000000000 };

static struct {
	FILE *file;               /* NULL: nothing is written */
	const char *path;
	struct entry {
		char *xid;        /* NULL: no line had this number */
		int done;
	} *entry;                 /* by number, from 0 */
	size_t count;
	int error;                /* errno of the first line lost, or 0 */
} joblog;

_Noreturn static void
malformed(size_t line)
{
	wk_die(WK_DATA, "%s: line %zu is not one of a joblog", joblog.path,
	    line);
}

static void
joblog_make_room(size_t number)
{
	size_t n = number + number / 2 + 64;
	struct entry *p = wk_alloc(n, sizeof *p);

	if (joblog.count > 0)
		memcpy(p, joblog.entry, joblog.count * sizeof *p);
	free(joblog.entry);
	joblog.entry = p;
	joblog.count = n;
}

/* A later line counts in the place of an earlier one of the same number. */
static void
note(size_t number, const char *xid, int done)
{
	struct entry *p;

	if (number >= joblog.count)
		joblog_make_room(number);
	p = &joblog.entry[number];
	if (p->xid == NULL || strcmp(p->xid, xid) != 0) {
		free(p->xid);
		p->xid = strdup(xid);
		if (p->xid == NULL)
			wk_die(WK_SYSTEM, "out of memory");
	}
	p->done = done;
}

/* Undo jobline_text, in place. */
static void
get_text(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++)
		if (*text != '\\' || text[1] == '\0')
			*to++ = *text;
		else
			*to++ = *++text == 'n' ? '\n' :
			    *text == 't' ? '\t' : *text;
	*to = '\0';
}

/* The fields that are read; what is behind them, the command, is not. */
enum { NUMBER, START, RUNTIME, EXITVAL, SIGNAL, XID, FIELDS };

static void
split_line(char *field[FIELDS], char *text, size_t line)
{
	size_t i;

	for (i = 0; i < FIELDS; i++) {
		field[i] = text;
		text = strchr(text, '\t');
		if (text == NULL)
			malformed(line);
		*text++ = '\0';
	}
}

static void
read_line(char *text, size_t line, int resume)
{
	char *field[FIELDS], *end;
	unsigned long number;
	int failed;

	split_line(field, text, line);
	number = strtoul(field[NUMBER], &end, 10);
	if (*end != '\0' || number > NUMBER_MAX)
		malformed(line);
	if (number == 0)        /* the else-command is never left out */
		return;
	failed = strcmp(field[EXITVAL], "0") != 0 ||
	    strcmp(field[SIGNAL], "0") != 0;
	get_text(field[XID]);
	note(number - 1, field[XID], !failed || resume == 1);
}

/* Read the log; 1 if there is anything in it.  (A run may have ended within the
 * heading.) */
static int
read_log(int resume)
{
	const char *heading = jobline_heading[JOBLINE_SHORT];
	FILE *f = fopen(joblog.path, "re");
	char *text = NULL;
	size_t room = 0, line = 0;
	ssize_t n;

	if (f == NULL && errno == ENOENT)
		return 0;
	if (f == NULL)
		wk_die(WK_NOINPUT, "%s: %s", joblog.path, strerror(errno));
	while ((n = getline(&text, &room, f)) > 0) {
		line++;
		if (line == 1 && text[n - 1] != '\n' &&
		    strncmp(text, heading, (size_t)n) == 0)
			line = 0;       /* the heading, cut off */
		if (line == 1 && strcmp(text, heading) != 0)
			malformed(line);
		/* a line that was not finished does not count */
		if (line > 1 && text[n - 1] == '\n')
			read_line(text, line, resume);
	}
	free(text);
	fclose(f);
	return line > 0;
}

/* If the log was cut off within a line, the next one needs a newline first. */
static int
ends_in_newline(void)
{
	FILE *f = fopen(joblog.path, "re");
	int c = '\n';

	if (f == NULL)
		return 1;
	if (fseek(f, -1, SEEK_END) == 0)
		c = getc(f);
	fclose(f);
	return c == '\n';
}

void
joblog_open(const char *path, int resume, int dry)
{
	int whole;

	joblog.path = path;
	if (resume)
		resume = read_log(resume);
	if (dry)
		return;
	whole = !resume || ends_in_newline();
	joblog.file = fopen(path, resume ? "ae" : "we");
	if (joblog.file == NULL)
		wk_die(WK_CANTCREATE, "%s: %s", path, strerror(errno));
	if (!whole)
		putc('\n', joblog.file);
	/* a pipe has no position, and gets a heading */
	if (fseek(joblog.file, 0, SEEK_END) != 0 || ftell(joblog.file) == 0)
		fputs(jobline_heading[JOBLINE_SHORT], joblog.file);
	fflush(joblog.file);
}

int
joblog_done(uintmax_t number, const char *xid)
{
	const struct entry *p;

	if (number >= joblog.count)
		return 0;
	p = &joblog.entry[number];
	return p->done && strcmp(p->xid, xid) == 0;
}

/* A message for the first thing that goes wrong with the log. */
static void
joblog_lost(void)
{
	if (joblog.error != 0)
		return;
	joblog.error = errno;
	wk_warn("%s: %s", joblog.path, strerror(errno));
}

static struct jobline
joblog_line(const struct task *t)
{
	int s = t->status;

	return (struct jobline){ .number = t->number + 1,
	    .start = t->started, .runtime = t->ended - t->began,
	    .code = s == 0 && t->timed_out ? WK_TIMED_OUT :
	    WIFEXITED(s) ? WEXITSTATUS(s) : 0,
	    .signal = WIFSIGNALED(s) ? WTERMSIG(s) : 0 };
}

void
joblog_write(const struct task *t)
{
	struct jobline j = joblog_line(t);
	size_t xid = strlen(t->xid), n;
	char *text;

	if (joblog.file == NULL)
		return;
	text = wk_alloc(JOBLINE_NUMBERS_MAX + 2 * (xid + t->command_len) + 2,
	    1);
	n = jobline_numbers(text, JOBLINE_SHORT, &j);
	n += jobline_text(text + n, JOBLINE_SHORT, t->xid, xid);
	text[n++] = '\t';
	n += jobline_text(text + n, JOBLINE_SHORT, t->command, t->command_len);
	text[n++] = '\n';
	if (fwrite(text, 1, n, joblog.file) != n || fflush(joblog.file) != 0)
		joblog_lost();
	free(text);
}

int
joblog_close(void)
{
	if (joblog.file != NULL && fclose(joblog.file) != 0)
		joblog_lost();
	joblog.file = NULL;
	return joblog.error != 0 ? -1 : 0;
}
