/*
 * look.c - how the section of a task looks, and which collator it goes to
 *
 * SPDX-License-Identifier: ISC
 */
#include "look.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/text.h"
#include "base/visible.h"
#include "wire/talk.h"
#include "wire/title.h"

extern char **environ;

static struct look of_run = { .style = STYLE_DEFAULT };
static struct tags tags;

/* --- what $XCLATE says --- */

/* Say why, with the exit code; -1. */
static int
look_fails(struct task_reason *why, int code, const char *format, ...)
{
	va_list ap;

	why->code = code;
	va_start(ap, format);
	vsnprintf(why->text, sizeof why->text, format, ap);
	va_end(ap);
	return -1;
}

static int
style_fails(struct task_reason *why, enum style_fault fault, const char *wrong)
{
	switch (fault) {
	case STYLE_GOOD:
		return 0;
	case STYLE_NEEDS_VALUE:
		return look_fails(why, WK_DATA,
		    "$XCLATE: %s needs an argument", wrong);
	case STYLE_BAD_ESCAPE:
		return look_fails(why, WK_DATA,
		    "$XCLATE: -a: '%s' is not one character", wrong);
	case STYLE_BAD_CAP:
		return look_fails(why, WK_DATA, "$XCLATE: -L %s: %s", wrong,
		    size_reason(errno));
	case STYLE_NO_MEMORY:
		return look_fails(why, WK_SYSTEM, "out of memory");
	default:
		return look_fails(why, WK_DATA, "$XCLATE: %s says nothing to "
		    "a section of ours", wrong);
	}
}

/* 0, or -1 with why. */
static int
read_style(struct look *l, struct task_reason *why)
{
	const char *value = getenv("XCLATE"), *wrong = NULL;
	enum style_fault fault;

	l->words = value != NULL ? wk_split_text(value) : NULL;
	if (value != NULL && l->words == NULL)
		return errno == ENOMEM ?
		    style_fails(why, STYLE_NO_MEMORY, NULL) :
		    look_fails(why, WK_DATA,
		    "$XCLATE: a quote is left open: %s", value);
	fault = style_read(&l->style, l->words, &wrong);
	if (fault == STYLE_GOOD && xapply_opt.tag != NULL)
		fault = style_set(&l->style, STYLE_TAGSTRING, xapply_opt.tag);
	if (fault == STYLE_GOOD && xapply_opt.tag_colour)
		fault = style_set(&l->style, STYLE_TAG_COLOUR, NULL);
	l->style.squeeze |= xapply_opt.squeeze;
	l->style.lines |= xapply_opt.lines;
	return style_fails(why, fault, wrong);
}

/* --- where it goes --- */

/* 0, or -1 with why. */
static int
find_path(struct look *l, struct task_reason *why)
{
	const char *path = xapply_collator;

	/* with -d the socket was given to the client on its command line */
	if (!xapply_opt.detached)
		why->code = wk_find_target(why->text, sizeof why->text, "xcl",
		    'u', l->style.depth, l->style.socket, &path);
	if (why->code != 0)
		return -1;
	l->own_path = strdup(path);
	if (l->own_path == NULL)
		return style_fails(why, STYLE_NO_MEMORY, NULL);
	l->path = l->own_path;
	return 0;
}

struct tags *
look_tags(void)
{
	return &tags;
}

char *
look_xid(const char *xid)
{
	char *copy = wk_alloc(TALK_XID_MAX + 1, 1);

	snprintf(copy, TALK_XID_MAX + 1, "%s", xid);
	talk_clean_xid(copy);
	if (xapply_opt.results != NULL)         /* a file's name now */
		wk_replace_controls(copy, '?');
	return copy;
}

static void
know_tag(const char *operand)
{
	char *xid = look_xid(operand), *text;
	const struct title_values v = { .escape = of_run.style.escape,
	    .xid = xid };
	size_t len;

	text = title_expand(of_run.style.tag, &v, 0, &len);
	if (text != NULL)
		tag_known(&tags, text);
	free(text);
	free(xid);
}

/* Where the operands are the parameters, one after the other, the xids of all
 * tasks are known, and so is the widest tag. */
static void
know_tags(char *const *operands)
{
	const struct xapply_options *o = &xapply_opt;
	size_t i;

	if (!of_run.style.tag_colour || o->number || o->files || o->pipe ||
	    o->fill || o->max_args > 0 || o->header || o->columns != NULL ||
	    o->lists != INPUT_ONE_LIST)
		return;
	for (i = 0; operands[i] != NULL; i++)
		if (i % o->each == 0)
			know_tag(operands[i]);
}

void
look_prepare(char *const *operands)
{
	struct task_reason why = { .code = 0 };

	of_run.path = xapply_collator;
	if (read_style(&of_run, &why) != 0 || ((of_run.style.socket != NULL ||
	    of_run.style.depth > 0) && find_path(&of_run, &why) != 0))
		wk_die(why.code, "%s", why.text);
	if (of_run.style.aside)
		wk_warn("$XCLATE: -I, -E and -D mean nothing to a section of "
		    "ours");
	if (xapply_opt.linger_ms < 0)
		xapply_opt.linger_ms = of_run.style.linger == NULL ?
		    STYLE_LINGER_MS :
		    wk_milliseconds(STYLE_LINGER, of_run.style.linger);
	know_tags(operands);
}

const struct look *
look_run(void)
{
	return &of_run;
}

/* --- that of one task --- */

/* True if one of the variables has a say in it. */
static int
matters(char *const *vars)
{
	for (; vars != NULL && *vars != NULL; vars++)
		if (text_begins(*vars, "XCLATE=") ||
		    (!xapply_opt.detached && text_begins(*vars, "xcl_")))
			return 1;
	return 0;
}

struct look *
look_of_task(char *const *vars, char **env, struct task_reason *why)
{
	char **ours = environ;
	struct look *l;

	why->code = 0;
	if (!matters(vars))
		return NULL;
	l = wk_alloc(1, sizeof *l);
	l->style = (struct style)STYLE_DEFAULT;
	/* the rules are those of the run, the environment that of the task */
	environ = env;
	if (read_style(l, why) == 0)
		(void)find_path(l, why);
	environ = ours;
	if (why->code == 0)
		return l;
	look_free(l);
	return NULL;
}

void
look_free(struct look *l)
{
	if (l == NULL)
		return;
	free(l->style.tag);
	free(l->words);
	free(l->own_path);
	free(l);
}
