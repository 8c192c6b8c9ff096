/*
 * joblog.c - a line for each task that has ended, and what they say later
 *
 * The columns, with tabs in between: number from 1 (0: the else-command, whose
 * number in memory is the greatest there is), start in seconds since the epoch,
 * duration in seconds, exit code, signal, xid, command.  In the
 * last two, newline, tab and backslash are written as \n, \t and \\.
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

static struct {
	FILE *file;
	const char *path;
	struct entry {
		char *xid;        /* NULL: nothing is known */
		int done;
	} *entry;                 /* by number */
	size_t count;
	int error;
} joblog;

_Noreturn static void
malformed(size_t line)
{
	wk_die(WK_DATA, "%s: line %zu is not one of a joblog", joblog.path,
	    line);
}

static void
note(size_t number, const char *xid, int done)
{
	struct entry *p;
	size_t n;

	if (number >= joblog.count) {
		n = number + number / 2 + 64;
		p = wk_alloc(n, sizeof *p);
		if (joblog.count > 0)
			memcpy(p, joblog.entry, joblog.count * sizeof *p);
		free(joblog.entry);
		joblog.entry = p;
		joblog.count = n;
	}
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

/* A later line of the same number counts for it. */
static void
read_line(char *text, size_t line, int resume)
{
	char *field[6], *p = text, *end;
	size_t i;
	unsigned long number;
	int failed;

	text[strcspn(text, "\n")] = '\0';
	for (i = 0; i < 6; i++) {
		field[i] = p;
		p = strchr(p, '\t');
		if (p != NULL)
			*p++ = '\0';
		else
			malformed(line);
	}
	number = strtoul(field[0], &end, 10);
	if (*end != '\0' || number > 1000000000)
		malformed(line);
	if (number == 0)        /* the else-command */
		return;
	failed = strcmp(field[3], "0") != 0 || strcmp(field[4], "0") != 0;
	get_text(field[5]);
	note(number - 1, field[5], !failed || resume == 1);
}

/* Whether there is anything in it: a run may have ended within the header. */
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
			line = 0;       /* and there is no other */
		if (line == 1 && strcmp(text, heading) != 0)
			malformed(line);
		/* a line without an end was not finished: nor is its task */
		if (line > 1 && text[n - 1] == '\n')
			read_line(text, line, resume);
	}
	free(text);
	fclose(f);
	return line > 0;
}

/* So that a line is one after a log that was cut off. */
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
	/* a pipe has nothing before it */
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

static void
joblog_lost(void)
{
	if (joblog.error != 0)
		return;
	joblog.error = errno;
	wk_warn("%s: %s", joblog.path, strerror(errno));
}

static struct jobline
line_of(const struct task *t)
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
	struct jobline j = line_of(t);
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
