/*
 * jobline.c - a line of a job log, which tells of a job that has ended
 *
 * SPDX-License-Identifier: ISC
 */
#include "jobline.h"

#include <inttypes.h>
#include <stdio.h>

#include "wall.h"

const char *const jobline_heading[] = {
	[JOBLINE_SHORT] = "Seq\tStart\tRuntime\tExitval\tSignal\tXid\t"
	    "Command\n",
	[JOBLINE_PARALLEL] = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\t"
	    "Exitval\tSignal\tCommand\n"
};

size_t
jobline_numbers(char *text, enum jobline_form form, const struct jobline *j)
{
	int parallel = form == JOBLINE_PARALLEL;
	char start[WALL_TEXT_MAX], run[WALL_TEXT_MAX], traffic[32] = "";

	if (parallel)
		snprintf(traffic, sizeof traffic, "0\t%" PRIu64 "\t",
		    j->received);
	return (size_t)snprintf(text, JOBLINE_NUMBERS_MAX,
	    "%ju\t%s%s\t%s\t%s%d\t%d\t", j->number, parallel ? ":\t" : "",
	    wall_seconds(start, j->start), wall_seconds(run, j->runtime),
	    traffic, j->code, j->signal);
}

/* What stands behind a backslash in the place of c, or NUL. */
static char
escaped(char c)
{
	return c == '\n' ? 'n' : c == '\t' ? 't' : c == '\\' ? c : '\0';
}

static int
is_control(unsigned char c)
{
	return c < ' ' || c == '\177';
}

size_t
jobline_text(char *to, enum jobline_form form, const char *text, size_t len)
{
	size_t n = 0, i;

	for (i = 0; i < len; i++)
		if (form == JOBLINE_PARALLEL) {
			to[n++] = is_control((unsigned char)text[i]) ? '?' :
			    text[i];
		} else if (escaped(text[i]) != '\0') {
			to[n++] = '\\';
			to[n++] = escaped(text[i]);
		} else {
			to[n++] = text[i];
		}
	return n;
}
