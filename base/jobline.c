/*
 * jobline.c - a line of a job log: one job that has ended
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

/* Write a character of a field; returns the bytes. */
static size_t
put_character(char *to, enum jobline_form form, char c)
{
	int control = (unsigned char)c < ' ' || c == '\177';

	if (c == '\n' || c == '\t' || (form == JOBLINE_SHORT && c == '\\')) {
		to[0] = '\\';
		to[1] = c == '\n' ? 'n' : c == '\t' ? 't' : c;
		return 2;
	}
	*to = control && form == JOBLINE_PARALLEL ? '?' : c;
	return 1;
}

size_t
jobline_text(char *to, enum jobline_form form, const char *text, size_t len)
{
	size_t n = 0, i;

	for (i = 0; i < len; i++)
		n += put_character(to + n, form, text[i]);
	return n;
}
