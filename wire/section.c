/*
 * section.c - a section of output, written when its turn has come
 *
 * The turn comes through a connection of the section's own (talk.h) or one
 * that it shares (share.h); what is written during the turn is the same.
 *
 * SPDX-License-Identifier: ISC
 */
#include "section.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codes.h"
#include "door.h"
#include "title.h"

enum {
	HANG_UP_MS = 2             /* between two hang-ups of a master's */
};

static void section_over(struct section *s);

static int
section_has_turn(const struct section *s)
{
	return s->state >= SECTION_TITLE && s->state <= SECTION_RULE;
}

static int
has_data(const struct section *s)
{
	return s->flow.total > 0 || s->head != NULL;
}

static int
is_finished(const struct section *s)
{
	return s->state >= SECTION_LEAVING;
}

/* --- the end --- */

static void
tell_end(struct wk_timer *t)
{
	struct section *s = (struct section *)((char *)t -
	    offsetof(struct section, last));

	s->ended(s);
}

/* The stand-in for an output on another host is broken when its reader has
 * left, and that is known when what was said last has been answered. */
static void
keep_stand_in(struct section *s)
{
	int fd = s->flow.sink;

	if (fd >= 0 && s->fault == SECTION_GOOD &&
	    talk_is_behind_link(&s->talk))
		s->kept = fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static void
look_at_stand_in(struct section *s)
{
	if (s->kept < 0)
		return;
	if (wk_look(s->kept, 0, 0) != 0 && s->fault == SECTION_GOOD) {
		s->fault = SECTION_OUTPUT;
		s->flow.error = EPIPE;
	}
	close(s->kept);
	s->kept = -1;
}

/* ended() is called when nothing of the section is on the stack any more: it
 * may free all. */
static void
section_finished(struct section *s)
{
	s->state = SECTION_DONE;
	look_at_stand_in(s);
	talk_close(&s->talk);
	flow_leave(&s->flow);
	if (s->shared)
		share_leave(s->share, &s->member);
	flow_cut(&s->flow);
	wk_timer_stop(&s->flow.soon);
	wk_timer_stop(&s->flow.patience);
	s->last.expired = tell_end;
	wk_timer_set(&s->last, 0);
}

/* A section without the turn will never have it; one that has it can still
 * write, as nobody else gets it now. */
static void
section_lost(struct section *s, enum section_fault fault)
{
	if (s->fault == SECTION_GOOD)
		s->fault = fault;
	if (section_has_turn(s))
		return;
	s->lost = s->flow.held;
	section_finished(s);
}

/* The last code counts, and none is as good as 0; but for a command whose
 * output came through us 0 is reported as well. */
static void
section_report(struct section *s)
{
	int captured = s->reports && !s->direct && s->flow.total > 0;

	if (s->code != 0 || captured || talk_reported(&s->talk) >= 0)
		talk_report(&s->talk, s->code);
}

static void
section_quit(struct section *s)
{
	if (s->quit)
		talk_quit(&s->talk);
	s->quit = 0;
}

/* What is reported when not all has been written, though the command ended
 * well. */
static int
fault_code(const struct section *s)
{
	if (s->fault != SECTION_OUTPUT && s->fault != SECTION_SOURCE)
		return 0;
	return s->fault == SECTION_OUTPUT && s->flow.error == EPIPE ?
	    WK_SIGNAL + SIGPIPE : WK_OUTPUT;
}

/* What was written is lost, or may be; the master has said so, or has hung up,
 * or the link for it. */
static void
section_doubt(struct section *s, enum section_fault fault)
{
	int broken = s->fault == SECTION_OUTPUT && s->flow.error == EPIPE;

	/* a stand-in that is broken does not say why */
	if (s->fault != SECTION_GOOD && s->fault != SECTION_GONE && !broken)
		return;
	s->fault = fault == SECTION_UNCONFIRMED && talk_is_behind_link(&s->talk)
	    ? SECTION_CUT_OFF : fault;
	if (s->code == 0)
		s->code = WK_OUTPUT;
}

/* Nothing is to be written any more: report, and hang up. */
static void
section_finish(struct section *s)
{
	s->state = SECTION_LEAVING;
	s->written = 1;
	keep_stand_in(s);
	flow_leave(&s->flow);
	if (s->code == 0)
		s->code = fault_code(s);
	if (s->fault == SECTION_GOOD && talk_is_lost(&s->talk, 0))
		s->fault = SECTION_GONE;
	if (s->fault == SECTION_GONE && talk_is_indirect(&s->talk))
		section_doubt(s, SECTION_UNCONFIRMED);
	section_report(s);
	section_quit(s);
	if (talk_leave(&s->talk))
		section_finished(s);
}

/* --- the turn --- */

static void
want_turn(struct section *s, unsigned words)
{
	if (s->state != SECTION_HELD && s->state != SECTION_COMPLETE)
		return;
	if (s->shared)
		share_ask(s->share, &s->member, words);
	else
		talk_ask(&s->talk, words);
}

int
section_is_known(const struct section *s)
{
	return s->settled || s->shared;
}

void
section_ask(struct section *s)
{
	want_turn(s, TALK_RUNS);
}

void
section_ask_full(struct section *s)
{
	want_turn(s, TALK_FULL);
}

int
section_fd(const struct section *s, enum talk_fd which)
{
	return talk_fd(&s->talk, which);
}

int
section_output(const struct section *s)
{
	return s->flow.sink;
}

int
section_is_relayed(const struct section *s)
{
	return !s->shared && s->talk.confirms && s->state >= SECTION_TITLE &&
	    s->state < SECTION_DONE;
}

/* Begin to write, unless it is to be seen first whether there is anything. */
static void
begin_output(struct section *s)
{
	if (!section_has_turn(s) || flow_has_sink(&s->flow))
		return;
	if (s->squeeze && !s->direct && !has_data(s))
		return;
	if (s->shared) {
		flow_borrow(&s->flow, s->output);
		return;
	}
	flow_front(&s->flow, s->title_text, s->title_len);
	flow_sink(&s->flow, talk_take(&s->talk,
	    s->widow ? TALK_WIDOW : TALK_OUT));
}

static void
section_granted(struct section *s)
{
	int complete = s->state == SECTION_COMPLETE;

	s->state = s->direct ? SECTION_TITLE : SECTION_WRITING;
	section_quit(s);
	begin_output(s);
	if (!s->direct && s->granted != NULL)
		s->granted(s);
	if (complete)
		section_over(s);
}

/* Lines: the turn is given up after each batch. */
static void
section_yield(struct section *s)
{
	flow_leave(&s->flow);
	s->state = SECTION_HELD;
	if (talk_yield(&s->talk) != 0)
		section_lost(s, SECTION_GONE);
}

/* --- nothing more will come --- */

/* True if there is nothing that would need a turn. */
static int
no_output(const struct section *s)
{
	if (s->lines)
		return s->flow.held == 0 && !flow_has_sink(&s->flow);
	return s->squeeze && !s->direct && !has_data(s);
}

/* Whether a section without data needs the turn depends on the answers, and no
 * code can be reported before them.  A section with data does not wait. */
static int
may_need_answers(const struct section *s)
{
	return !s->shared && s->talk.state != TALK_READY &&
	    (s->flow.total == 0 || s->reports || s->lines);
}

static void
section_complete(struct section *s)
{
	s->state = SECTION_COMPLETE;
	if (may_need_answers(s))
		return;                 /* until they are here */
	if (no_output(s)) {
		section_finish(s);
	} else if (!s->direct) {
		section_report(s);
		/* "quick" masters of 2010 would have a final section written
		 * into the connection */
		want_turn(s, s->reports && !s->answers->quick ?
		    TALK_FINAL : TALK_INPUT);
	}
}

static void
write_rest(struct section *s)
{
	if (s->state != SECTION_RULE)
		flow_put(&s->flow, s->rule_text, s->rule_len);
	s->state = SECTION_RULE;
	if (!flow_idle(&s->flow) || s->holds || flow_end_colour(&s->flow))
		return;
	s->holds = s->behind != NULL && s->behind(s);
	s->behind = NULL;
	if (!s->holds)
		section_finish(s);
}

/* It is called again when the code changes. */
static void
section_over(struct section *s)
{
	if (is_finished(s))
		return;
	if (!section_has_turn(s))
		section_complete(s);
	else if (no_output(s))
		section_finish(s);
	else
		write_rest(s);
}

void
section_end(struct section *s)
{
	s->holds = 0;
	section_over(s);
}

struct section_texts
section_texts(const struct section *s)
{
	return (struct section_texts){ .title = s->title_text,
	    .title_len = s->title_len, .rule = s->rule_text,
	    .rule_len = s->rule_len, .tag = s->tag_text,
	    .tag_len = s->tag_len, .coloured = s->tag_coloured,
	    .coloured_len = s->tag_coloured ? s->change.tag_len : 0 };
}

/* --- what the flow reports --- */

static void
section_output_failed(struct section *s)
{
	/* is the output a pipe to a master that is gone? */
	if (s->fault == SECTION_GOOD && s->flow.error == EPIPE &&
	    talk_is_lost(&s->talk, HANG_UP_MS))
		s->fault = SECTION_GONE;
	if (s->fault == SECTION_GOOD)
		s->fault = SECTION_OUTPUT;
	section_finish(s);
}

/* The output has all that there was for it. */
static void
section_emptied(struct section *s)
{
	if (s->state == SECTION_TITLE) {
		s->state = SECTION_WRITING;
		if (s->granted != NULL)
			s->granted(s);
	} else if (s->state == SECTION_RULE) {
		write_rest(s);
	} else if (s->state == SECTION_WRITING && s->lines) {
		/* the next lines may be another's */
		if (!flow_end_colour(&s->flow))
			section_yield(s);
	}
}

/* The section is over when its source is, and the code is known. */
static void
source_over(struct section *s)
{
	int fd;

	if (is_finished(s) || s->direct || (s->reports && !s->has_code))
		return;
	if (s->flow.late >= 0) {
		s->left(s->flow.late);
		s->flow.late = -1;
	}
	fd = s->more != NULL ? s->more() : -1;
	s->more = NULL;
	if (fd < 0) {
		section_over(s);
		return;
	}
	/* this one is the owner's, who ends it */
	s->follows = 0;
	flow_source(&s->flow, fd, 1);
}

/* What has come is written all the same. */
static void
section_unreadable(struct section *s)
{
	if (s->fault == SECTION_GOOD)
		s->fault = SECTION_SOURCE;
	if (s->unreadable != NULL)
		s->unreadable(s->flow.error);
}

static void
section_flow_says(struct flow *f, int what)
{
	struct section *s = (struct section *)((char *)f -
	    offsetof(struct section, flow));

	if (is_finished(s))
		return;
	if (what & FLOW_FAILED) {
		section_output_failed(s);
		return;
	}
	if (what & FLOW_DATA) {
		begin_output(s);
		if (!s->whole)
			want_turn(s, TALK_DATA);
	}
	if (((what & FLOW_FULL) && !s->whole) || (what & FLOW_STUCK))
		want_turn(s, TALK_FULL);
	if (what & FLOW_UNREADABLE)
		section_unreadable(s);
	if (what & FLOW_END)
		source_over(s);
	if (what & FLOW_EMPTY)
		section_emptied(s);
}

void
section_code(struct section *s, int code)
{
	s->has_code = 1;
	s->code = code;
	if (flow_ended(&s->flow))
		source_over(s);
	else if (s->follows)
		flow_linger(&s->flow, s->linger_ms);
}

void
section_source(struct section *s, int fd, int ours)
{
	flow_source(&s->flow, fd, ours);
	if (s->follows && s->has_code)
		flow_linger(&s->flow, s->linger_ms);
}

/* --- the master's answers --- */

/* What titles and tags of this section may stand for. */
static struct title_values
values_of(struct section *s)
{
	return (struct title_values){
		.escape = s->escape ? s->escape : '%',
		.xid = s->xid,
		.sequence = s->talk.sequence,
		.value = s->value,
		.of = s,
		.unset = s->unset
	};
}

/* Expand our own text or else the master's, either of which may be NULL. */
static int
section_expand(struct section *s, char **text, size_t *len, const char *own,
    const char *masters)
{
	const struct title_values v = values_of(s);
	const char *from = own != NULL ? own : masters;

	if (s->lines || from == NULL || *from == '\0')
		return 0;
	*text = title_expand(from, &v, 1, len);
	return *text != NULL ? 0 : -1;
}

/* The widow output may be another one than that which is known of. */
static int
is_coloured(const struct section *s)
{
	return s->tags != NULL && s->answers->terminal && !s->widow;
}

static int
colour_tag(struct section *s)
{
	s->tag_coloured = tag_coloured(s->tags, s->tag_text, s->talk.sequence,
	    &s->change.tag_len);
	s->change.tag = s->tag_coloured;
	s->change.tag_coloured = 1;
	return s->tag_coloured != NULL ? 0 : -1;
}

static int
expand_tag(struct section *s)
{
	const struct title_values v = values_of(s);

	if (s->tag == NULL)
		return 0;
	s->tag_text = title_expand(s->tag, &v, 0, &s->tag_len);
	if (s->tag_text == NULL)
		return -1;
	s->change.tag = s->tag_text;
	s->change.tag_len = s->tag_len;
	return is_coloured(s) ? colour_tag(s) : 0;
}

/* The master has answered all that this section has to know of it: make use of
 * that.  0, or -1 without memory. */
static int
section_settle(struct section *s)
{
	const struct talk_answers *a = s->answers;

	s->settled = 1;
	if (!s->has_cap && a->cap > 0)
		s->flow.cap = a->cap;
	if (section_expand(s, &s->title_text, &s->title_len, s->title,
	    a->title) != 0 || section_expand(s, &s->rule_text, &s->rule_len,
	    s->rule, a->rule) != 0 || expand_tag(s) != 0)
		return -1;
	if (a->squeezes || ((s->quick || a->quick) && s->title_len == 0 &&
	    s->rule_len == 0))
		s->squeeze = 1;
	if (s->ready != NULL)
		s->ready(s);
	return 0;
}

/* Keep what another section would ask, too. */
static void
remember(struct section *s)
{
	if (s->earlier == NULL || s->earlier->answered != 0 || s->lines)
		return;
	*s->earlier = s->own;
	s->own = (struct talk_answers){ 0 };
	s->answers = s->talk.answers = s->earlier;
}

/* --- its connection --- */

static struct section *
section_of_talk(struct talk *t)
{
	return (struct section *)((char *)t - offsetof(struct section, talk));
}

static void
section_answered(struct talk *t)
{
	struct section *s = section_of_talk(t);

	if (!s->settled) {
		remember(s);
		if (section_settle(s) != 0) {
			section_lost(s, SECTION_NO_MEMORY);
			return;
		}
	}
	if (s->state == SECTION_COMPLETE)
		section_complete(s);
}

static void
section_talk_granted(struct talk *t)
{
	section_granted(section_of_talk(t));
}

static void
section_talk_ended(struct talk *t, enum talk_end why)
{
	static const enum section_fault faults[] = {
		[TALK_LEFT] = SECTION_GOOD,
		[TALK_LOST] = SECTION_GONE,
		[TALK_UNCONFIRMED] = SECTION_UNCONFIRMED,
		[TALK_UNWRITTEN] = SECTION_UNWRITTEN,
		[TALK_UNREAD] = SECTION_OUTPUT,
		[TALK_UNSENT] = SECTION_UNSENT,
		[TALK_SILENT] = SECTION_SILENT,
		[TALK_NONSENSE] = SECTION_NONSENSE
	};
	struct section *s = section_of_talk(t);

	s->talk_error = t->error;
	if (why == TALK_UNREAD && s->fault == SECTION_GOOD)
		s->flow.error = EPIPE;
	if (why == TALK_UNCONFIRMED || why == TALK_UNWRITTEN ||
	    why == TALK_UNREAD)
		section_doubt(s, faults[why]);
	if (why == TALK_LEFT || why == TALK_UNCONFIRMED ||
	    why == TALK_UNWRITTEN || why == TALK_UNREAD)
		section_finished(s);
	else
		section_lost(s, faults[why]);
}

static struct section *
section_of_member(struct share_member *m)
{
	return (struct section *)((char *)m - offsetof(struct section, member));
}

static void
section_member_granted(struct share_member *m, const struct flow *output)
{
	struct section *s = section_of_member(m);

	s->output = output;
	section_granted(s);
}

static void
section_member_lost(struct share_member *m)
{
	struct section *s = section_of_member(m);

	s->talk_error = s->share->talk.error;
	section_lost(s, s->talk_error != 0 ? SECTION_UNSENT : SECTION_GONE);
}

/* --- the beginning --- */

/* What the master has to be asked, if nothing is known of it. */
static unsigned
questions_of(const struct section *s)
{
	unsigned ask = TALK_QUICK;

	if (!s->lines && s->title == NULL)
		ask |= TALK_TITLE;
	if (!s->lines && s->rule == NULL)
		ask |= TALK_RULE;
	if (!s->has_cap)
		ask |= TALK_CAP;
	if (!s->squeeze)
		ask |= TALK_SQUEEZE;
	if (s->lines || s->share != NULL || s->tags != NULL)
		ask |= TALK_VERSION;
	return ask;
}

/* True if the master has answered an earlier section all that this one would
 * ask.  (One of lines asks with each connection of its own.) */
static int
is_answered(const struct section *s)
{
	return s->earlier != NULL && !s->lines &&
	    !(questions_of(s) & ~s->earlier->answered);
}

/* True if the text, ours or else the master's, is missing or empty. */
static int
is_empty(const char *own, const char *masters)
{
	const char *text = own != NULL ? own : masters;

	return text == NULL || *text == '\0';
}

/* A section that shares has no number, which may stand in a title; and nobody
 * tells whether it has arrived behind a stand-in. */
static int
may_share(const struct section *s, const char *path)
{
	return s->share != NULL && is_answered(s) && s->earlier->shares &&
	    s->tag == NULL && is_empty(s->title, s->earlier->title) &&
	    is_empty(s->rule, s->earlier->rule) && !talk_is_stand_in(path);
}

static int
open_shared(struct section *s, const char *path)
{
	s->member.xid = s->xid;
	s->member.granted = section_member_granted;
	s->member.lost = section_member_lost;
	if (share_enter(s->share, &s->member, path, s->earlier) != 0)
		return -1;
	s->shared = 1;
	return section_settle(s);
}

static int
open_talk(struct section *s, const char *path)
{
	s->talk.xid = s->xid;
	s->talk.ask = is_answered(s) ? 0 : questions_of(s);
	s->talk.answers = s->answers;
	s->talk.wants = (unsigned)s->want_dir << TALK_DIR |
	    (unsigned)s->widow << TALK_WIDOW |
	    (unsigned)s->want_in << TALK_IN | (unsigned)s->want_err << TALK_ERR;
	s->talk.answered = section_answered;
	s->talk.granted = section_talk_granted;
	s->talk.ended = section_talk_ended;
	return talk_open(&s->talk, path);
}

static void
prepare_flow(struct section *s)
{
	flow_begin(&s->flow, section_flow_says);
	s->flow.cap = s->has_cap ? s->cap : SECTION_CAP;
	s->flow.spill = !s->block && s->flow.cap > 0;
	if (s->has_cap && s->cap == 0)
		s->flow.cap = 1;        /* to see whether there is anything */
	s->flow.whole_lines = s->lines;
	s->flow.keep_late = s->left != NULL;
	s->change.newline = s->newline;
	if (s->tag != NULL || s->newline)
		s->flow.lines = &s->change;
	if (s->head != NULL)
		flow_put(&s->flow, s->head, strlen(s->head));
}

int
section_open(struct section *s, const char *path)
{
	int e = talk_check_xid(s->xid);

	if (e != 0) {
		errno = e;
		return -1;
	}
	s->kept = -1;
	prepare_flow(s);
	s->answers = is_answered(s) ? s->earlier : &s->own;
	return may_share(s, path) ? open_shared(s, path) : open_talk(s, path);
}

void
section_close(struct section *s)
{
	wk_timer_stop(&s->last);
	if (s->kept >= 0)
		close(s->kept);
	s->kept = -1;
	talk_close(&s->talk);
	flow_close(&s->flow);
	if (s->shared)
		share_leave(s->share, &s->member);
	talk_forget(&s->own);
	free(s->title_text);
	free(s->rule_text);
	free(s->tag_text);
	free(s->tag_coloured);
	s->title_text = s->rule_text = s->tag_text = s->tag_coloured = NULL;
}

int
section_is_elsewhere(const struct section *s, const char *path, char *text,
    size_t room)
{
	return s->fault != SECTION_GOOD && s->fault != SECTION_OUTPUT &&
	    !s->talk.met && !s->shared &&
	    door_is_other(path, "xclate", text, room);
}
