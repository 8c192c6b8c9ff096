/*
 * inspect.c - sections that a master looks at on their way
 *
 * SPDX-License-Identifier: ISC
 */
#include "inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "divconnect.h"
#include "base/results.h"
#include "base/serve.h"
#include "base/spawn.h"
#include "base/visible.h"
#include "wire/talk.h"
#include "wire/title.h"

enum { CAP = 65536 };             /* bytes that a flow holds */

/* --- a file for each section --- */

static void
lost_results(struct inspect *s, int error)
{
	char text[512];

	s->result = INSPECT_LOST;
	snprintf(text, sizeof text, "results of section %s in %s", s->xid,
	    s->how->results->path);
	s->how->lost(text, error);
}

static void
open_results(struct inspect *s)
{
	if (s->how->results == NULL)
		return;
	s->copy = results_file(s->how->results, s->xid, "");
	if (s->copy < 0)
		lost_results(s, errno);
	else
		s->flow.copy = &s->copy;
}

/* --- folds and tags --- */

/* The xid may be anybody's: it does nothing to a terminal. */
static char *
inspect_expand(const struct inspect *s, const char *text, const char *xid,
    unsigned long sequence, size_t *len)
{
	char *plain = strdup(xid), *expanded = NULL;
	struct title_values v = {
		.escape = s->how->escape,
		.xid = plain,
		.sequence = sequence,
		.unset = s->how->unset
	};

	*len = 0;
	if (plain != NULL) {
		talk_clean_xid(plain);
		expanded = title_expand(text, &v, 0, len);
	}
	if (expanded == NULL)
		*len = 0;
	free(plain);
	return expanded;
}

enum {
	GITLAB_NAME_MAX = 200,
	MARKS_MAX = 1024           /* of a mark, without its title */
};

/* The name of a GitLab section: the xid in characters that are allowed there.
 * name has RESULTS_NAME_MAX bytes. */
static void
gitlab_name(char *name, const char *xid)
{
	char *p = name;

	results_name(name, xid);
	for (; (p = strpbrk(p, "%~+@:[]=, ")) != NULL; p++)
		*p = '_';
	name[GITLAB_NAME_MAX] = '\0';
}

static void
gitlab_marks(struct inspect *s, const char *text, const char *xid,
    unsigned long sequence)
{
	long now = (long)time(NULL);
	char name[RESULTS_NAME_MAX];

	gitlab_name(name, xid);
	s->title_len = (size_t)sprintf(s->title, "\033[0Ksection_start:"
	    "%ld:s%lu_%s[collapsed=true]\r\033[0K%s\n", now, sequence, name,
	    text);
	s->end_len = (size_t)sprintf(s->end, "\033[0Ksection_end:"
	    "%ld:s%lu_%s\r\033[0K\n", now, sequence, name);
}

/* Make the marks between which a CI log folds; -1 without memory. */
static int
fold(struct inspect *s, const char *xid, unsigned long sequence)
{
	const char *title = s->how->title;
	size_t len, room;
	char *text;

	if (s->how->fold == LINES_AS_IS)
		return 0;
	s->change.flatten = s->how->fold;
	text = inspect_expand(s, title && *title ? title : "%x", xid, sequence,
	    &len);
	room = len + MARKS_MAX;
	s->title = malloc(room);
	s->end = malloc(room);
	if (text != NULL && s->title != NULL && s->end != NULL) {
		/* one of them would end the mark that the text stands in */
		wk_replace_controls(text, ' ');
		if (s->how->fold == LINES_GITLAB) {
			gitlab_marks(s, text, xid, sequence);
		} else {
			s->title_len = (size_t)sprintf(s->title,
			    "::group::%s\n", text);
			s->end_len = (size_t)sprintf(s->end,
			    "::endgroup::\n");
		}
	}
	free(text);
	return text != NULL && s->title != NULL && s->end != NULL ? 0 : -1;
}

/* --- what comes late --- */

static void
inspect_late_event(struct flow *f, int what)
{
	if (!f->failed && !(flow_ended(f) && (what & FLOW_EMPTY)))
		return;
	flow_close(f);
	free(f);
	wk_serve_stay(-1);
}

static int
still_open(int pipe)
{
	int what = wk_look(pipe, POLLIN, 0);

	return (what & POLLIN) || !(what & POLLHUP);
}

/* If a process that the client has left behind still has the pipe open, what it
 * writes goes where the utility's own output goes. */
static void
keep_late(const struct inspect_how *how, int pipe)
{
	int wanted = still_open(pipe);
	struct flow *f = wanted ? calloc(1, sizeof *f) : NULL;
	int sink = f != NULL ? fcntl(how->widow, F_DUPFD_CLOEXEC, 3) : -1;

	if (sink < 0) {
		if (wanted)
			how->lost("what comes late", errno);
		free(f);
		close(pipe);
		return;
	}
	flow_begin(f, inspect_late_event);
	f->cap = CAP;
	flow_source(f, pipe, 1);
	flow_sink(f, sink);
	wk_serve_stay(1);
}

/* --- from the first byte to the last --- */

/* Begin to write; with squeeze only now that there is something to write. */
static void
inspect_begin(struct inspect *s)
{
	if (s->out < 0 || !s->decided)
		return;
	flow_front(&s->flow, s->title, s->title_len);
	flow_sink(&s->flow, s->out);
	s->out = -1;
}

/* The source has ended, and it is known whether the section is to be seen. */
static void
inspect_end(struct inspect *s)
{
	if (s->how->squeeze && s->flow.total == 0)
		return;
	inspect_begin(s);
	flow_put(&s->flow, s->end, s->end_len);
}

static int
is_done(struct inspect *s)
{
	return s->leaving && flow_source_fd(&s->flow) < 0 &&
	    (s->flow.failed || (flow_idle(&s->flow) &&
	    !flow_end_colour(&s->flow)));
}

static void
inspect_flow_event(struct flow *f, int what)
{
	struct inspect *s = (struct inspect *)((char *)f -
	    offsetof(struct inspect, flow));
	char text[TALK_XID_MAX + sizeof "section "];

	if (what & FLOW_FAILED) {
		s->result = f->error == EPIPE ? INSPECT_UNREAD : INSPECT_LOST;
		/* who has read enough is told as by SIGPIPE: not a word */
		if (f->error != EPIPE || wk_spawn_ignored(SIGPIPE))
			s->how->lost("collated output", f->error);
	}
	if (what & FLOW_UNREADABLE) {
		s->result = INSPECT_LOST;
		snprintf(text, sizeof text, "section %s", s->xid);
		s->how->lost(text, f->error);
	}
	/* no room to hold it: better seen than waited for */
	if (what & FLOW_STUCK)
		inspect_decide(s, 1);
	if (what & FLOW_DATA)
		inspect_begin(s);
	if ((what & FLOW_END) && s->decided)
		inspect_end(s);
	if (is_done(s))
		s->done(s);
}

/* -1 without memory. */
static int
make_tag(struct inspect *s, const char *xid, unsigned long sequence)
{
	char *plain = inspect_expand(s, s->how->tag, xid, sequence,
	    &s->change.tag_len);

	s->tag = plain;
	if (plain != NULL && s->how->tags != NULL) {
		s->tag = tag_coloured(s->how->tags, plain, sequence,
		    &s->change.tag_len);
		s->change.tag_coloured = 1;
		free(plain);
	}
	s->change.tag = s->tag;
	return s->tag != NULL ? 0 : -1;
}

/* What is written beside the section's bytes; -1 without memory. */
static int
prepare(struct inspect *s, const char *xid, unsigned long sequence)
{
	if (fold(s, xid, sequence) != 0)
		return -1;
	if (s->how->tag != NULL && make_tag(s, xid, sequence) != 0)
		return -1;
	s->change.newline = s->how->newline || s->how->fold != LINES_AS_IS;
	if (s->change.newline || s->tag != NULL)
		s->flow.lines = &s->change;
	return 0;
}

static void
free_texts(struct inspect *s)
{
	free(s->tag);
	free(s->title);
	free(s->end);
}

int
inspect_open(struct inspect *s, struct inspect_how *how, const char *xid,
    unsigned long sequence, void (*done)(struct inspect *s))
{
	int fd[2], e;

	memset(s, 0, sizeof *s);
	s->how = how;
	s->xid = xid;
	s->done = done;
	s->late = s->copy = s->writer = -1;
	s->decided = !how->quiet;
	s->out = fcntl(how->out, F_DUPFD_CLOEXEC, 3);
	if (s->out < 0 || prepare(s, xid, sequence) != 0 || div_pipe(fd) != 0) {
		e = errno;
		if (s->out >= 0)
			close(s->out);
		free_texts(s);
		memset(s, 0, sizeof *s);
		errno = e;
		return -1;
	}
	s->active = 1;
	flow_begin(&s->flow, inspect_flow_event);
	s->flow.cap = CAP;
	s->flow.spill = how->quiet != 0;
	if (how->quiet)
		s->writer = fcntl(fd[1], F_DUPFD_CLOEXEC, 3);
	open_results(s);
	flow_source(&s->flow, fd[0], 1);
	if (!how->squeeze)
		inspect_begin(s);
	return fd[1];
}

int
inspect_again(struct inspect *s)
{
	return fcntl(s->writer, F_DUPFD_CLOEXEC, 3);
}

/* All of the section goes nowhere, as if that were the output. */
static void
throw_away(struct inspect *s)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere < 0)
		return;
	close(s->out);
	s->out = nowhere;
	s->title_len = s->end_len = 0;
}

void
inspect_decide(struct inspect *s, int seen)
{
	if (s->decided)
		return;
	s->decided = 1;
	if (!seen)
		throw_away(s);
	if (!s->how->squeeze || s->flow.total > 0)
		inspect_begin(s);
	if (flow_ended(&s->flow))
		inspect_end(s);
}

static void
close_writer(struct inspect *s)
{
	if (s->writer >= 0)
		close(s->writer);
	s->writer = -1;
}

void
inspect_leave(struct inspect *s)
{
	close_writer(s);
	s->leaving = 1;
	if (flow_source_fd(&s->flow) >= 0) {
		s->late = fcntl(flow_source_fd(&s->flow), F_DUPFD_CLOEXEC, 3);
		if (s->late < 0 && flow_has_writer(flow_source_fd(&s->flow)))
			s->how->lost("what comes late", EMFILE);
	}
	if (is_done(s))
		s->done(s);
	else if (flow_source_fd(&s->flow) >= 0)
		flow_finish(&s->flow);
}

enum inspect_result
inspect_close(struct inspect *s)
{
	enum inspect_result result;

	if (s->flow.copy != NULL && s->copy < 0)
		lost_results(s, s->flow.copy_error);
	if (s->copy >= 0)
		close(s->copy);
	flow_close(&s->flow);
	close_writer(s);
	if (s->late >= 0)
		keep_late(s->how, s->late);
	if (s->out >= 0)
		close(s->out);
	free_texts(s);
	result = s->result;
	memset(s, 0, sizeof *s);
	return result;
}
