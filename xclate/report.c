/*
 * report.c - what is written about a section that has ended
 *
 * Nothing here allocates.  No byte of an xid is written that could be taken for
 * the end of a report or, by a terminal, for a command.
 *
 * SPDX-License-Identifier: ISC
 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/jobline.h"
#include "base/visible.h"
#include "base/wall.h"

/* What REPORT_MAX has room for; more is cut off. */
enum { XID_MAX = 255 };

static size_t
xid_length(const char *xid)
{
	size_t n = 0;

	while (n < XID_MAX && xid[n] != '\0')
		n++;
	return n;
}

/* A string of JSON, with its quotes; no NUL. */
static size_t
json_string(char *to, const char *s)
{
	size_t left = xid_length(s), len, n = 0;
	unsigned long c = 0;

	to[n++] = '"';
	for (; left > 0; s += len, left -= len) {
		len = wk_character(s, left, &c);
		if (len == 0) {
			/* U+FFFD */
			n += (size_t)sprintf(to + n, "\357\277\275");
			len = 1;
		} else if (wk_is_control(c)) {
			n += (size_t)sprintf(to + n, "\\u%04lx", c);
		} else {
			if (c == '"' || c == '\\')
				to[n++] = '\\';
			memcpy(to + n, s, len);
			n += len;
		}
	}
	to[n++] = '"';
	return n;
}

size_t
report_json(char *text, const struct report *r)
{
	char start[WALL_TEXT_MAX], turn[WALL_TEXT_MAX], end[WALL_TEXT_MAX];
	size_t n = (size_t)sprintf(text, "{\"xid\":");

	n += json_string(text + n, r->xid);
	n += (size_t)snprintf(text + n, REPORT_MAX - n, ",\"seq\":%lu,"
	    "\"start\":%s,\"turn\":%s,\"end\":%s,\"bytes\":%" PRIu64
	    ",\"status\":%d}\n", r->sequence, wall_seconds(start, r->start),
	    r->turn != 0 ? wall_seconds(turn, r->turn) : "null",
	    wall_seconds(end, r->end), r->bytes, r->code);
	return n;
}

size_t
report_socket(char *text, const char *path)
{
	size_t n = (size_t)sprintf(text, "{\"socket\":");

	n += json_string(text + n, path);
	return n + (size_t)sprintf(text + n, "}\n");
}

size_t
report_joblog(char *text, const struct report *r)
{
	int killed = r->code > WK_SIGNAL && r->code <= WK_SIGNAL + 64;
	struct jobline j = { .number = r->sequence + 1, .start = r->start,
	    .runtime = r->end - r->start, .received = r->bytes,
	    .code = killed ? 0 : r->code,
	    .signal = killed ? r->code - WK_SIGNAL : 0 };
	size_t n = jobline_numbers(text, JOBLINE_PARALLEL, &j);

	n += jobline_text(text + n, JOBLINE_PARALLEL, r->xid,
	    xid_length(r->xid));
	text[n++] = '\n';
	text[n] = '\0';
	return n;
}
