/*
 * make.c - tasks made of batches: templates, variables, xids
 *
 * SPDX-License-Identifier: ISC
 */
#include "make.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/visible.h"
#include "base/wrapper.h"
#include "limit.h"
#include "quote.h"
#include "xapply.h"

enum { EXPANSION_MAX = 256 << 20 };  /* bytes of a command */

static struct {
	struct input *input;
	const struct tokens *tokens;
	struct expand_text *token;  /* the names of a set, for expand */
	struct expand_text *other;  /* room for the parameters of a task */
	struct expand *template, *otherwise;
	struct expand_buffer buffer;

	/* Of batches: */
	int direct;               /* their words are executed without a shell */
	size_t system, chars;     /* bytes of a command that the system takes,
	                             and those that are wanted */
	size_t pointer;           /* of that, for each word, or 0 */
} make;

/* --- expansion --- */

/* what: "" or the option with ": " behind it.  The position in the message is
 * where the markup stops making sense. */
static void
complain_of_markup(const char *what, const struct expand_error *e)
{
	char text[200], hint[32] = "";

	snprintf(text, sizeof text, "%.*s", (int)(e->len < 120 ? e->len : 120),
	    e->text);
	if (e->kind == EXPAND_UNKNOWN)
		snprintf(hint, sizeof hint, " (%c%c is a plain %c)",
		    xapply_opt.escape, xapply_opt.escape, xapply_opt.escape);
	wk_warn("%s'%s'%s: position %zu: %s%s", what, text,
	    e->param > 0 ? " (a parameter)" : "", e->at + 1, e->reason, hint);
}

static struct expand *
run_compile(const char *what, const char *text,
    const struct expand_rules *rules)
{
	struct expand_error error;
	struct expand *e = expand_compile(text, strlen(text), rules, &error);

	if (e != NULL)
		return e;
	if (errno == ENOMEM)
		wk_die(WK_SYSTEM, "out of memory");
	complain_of_markup(what, &error);
	exit(WK_DATA);
}

/* Expand a template for a task.  Returns text that the caller frees, with its
 * length in *len; NULL after a message. */
static char *
expanded(const char *what, const struct expand *e,
    const struct expand_values *v, size_t *len)
{
	struct expand_error error;
	char *text;

	make.buffer.len = 0;
	if (expand_run(e, v, &make.buffer, &error) != 0) {
		if (errno == ENOMEM)
			wk_die(WK_SYSTEM, "out of memory");
		complain_of_markup(what, &error);
		return NULL;
	}
	*len = make.buffer.len;
	text = wk_alloc(make.buffer.len + 1, 1);
	memcpy(text, make.buffer.data, make.buffer.len);
	return text;
}

/* Returns "NAME=VALUE", which the caller frees. */
static char *
variable(const char *name, const char *value)
{
	size_t n = strlen(name) + strlen(value) + 2;
	char *text = wk_alloc(n, 1);

	snprintf(text, n, "%s=%s", name, value);
	return text;
}

/* Those of -e, behind those that a client of ptbw has; -1 after a message. */
static int
make_variables(struct task *t, const struct expand_values *v)
{
	struct export *e;
	struct things held = { 0 };
	size_t n = 0, len;
	char *value, what[200];

	for (e = xapply_opt.exports; e != NULL; e = e->next)
		n++;
	if (tokens_variables(make.tokens, t->tokens, &held) != 0)
		wk_die(WK_SYSTEM, "out of memory");
	t->vars = wk_alloc(n + 1 + held.count, sizeof *t->vars);
	for (n = 0; n < held.count; n++)
		t->vars[n] = held.var[n];
	free(held.var);
	for (e = xapply_opt.exports; e != NULL; e = e->next) {
		snprintf(what, sizeof what, "-e %s: ", e->name);
		value = expanded(what, e->value, v, &len);
		if (value == NULL)
			return -1;
		t->vars[n++] = variable(e->name, value);
		free(value);
	}
	return 0;
}

/* The parameter that names a task, or all of them where several lists have
 * tasks with the same first one.  Returns their length, of which the text may
 * have no room for all. */
static size_t
named_by(const struct expand_values *v, char *text, size_t room)
{
	size_t n = v->params, len = 0, i, part;

	if (xapply_opt.lists == INPUT_ONE_LIST && n > 1)
		n = 1;
	for (i = 0; i < n; i++) {
		if (i > 0 && len < room - 1)
			text[len] = ' ';
		len += i > 0;
		part = v->param[i].len;
		if (len < room - 1 && part > 0)
			memcpy(text + len, v->param[i].data,
			    part < room - 1 - len ? part : room - 1 - len);
		len += part;
	}
	text[len < room ? len : room - 1] = '\0';
	return len;
}

/*
 * The xid: parameter 1, or the task's number.  A parameter that is too long for
 * an xid, or has control characters, is cut or changed on the wire, and two
 * tasks may then have the same.  For --results, where xids name files, such a
 * one has the number behind it.  The caller frees it; NULL: no memory.
 */
static char *
make_xid(const struct expand_values *v)
{
	char number[24], xid[TALK_XID_MAX + 2];
	size_t len = named_by(v, xid, sizeof xid), room;

	room = TALK_XID_MAX -
	    (size_t)snprintf(number, sizeof number, "~%ju", v->number);
	if (xapply_opt.number || (len == 0 && xapply_opt.results == NULL))
		return strdup(number + 1);
	/* talk_check_xid sees that it is too long by one byte more */
	if (xapply_opt.results != NULL &&
	    (len == 0 || talk_check_xid(xid) != 0 || strchr(xid, '\t')))
		strcpy(xid + (len < room ? len : room), number);
	xid[TALK_XID_MAX] = '\0';
	return strdup(xid);
}

/* What tells a task from others of its list: the parameters, or where its block
 * is. */
static uint64_t
identity_of(const struct expand_values *v)
{
	char text[64];
	struct expand_text place = { .data = text };

	if (!xapply_opt.pipe)
		return joblog_hash(v->param, v->params);
	place.len = pipe_place(text, sizeof text);
	return joblog_hash(&place, 1);
}

/* The names of a set's tokens, as expand takes them, until the next call. */
static const struct expand_text *
token_texts(const struct token_set *set)
{
	size_t i;

	for (i = 0; i < make.tokens->each && set->name != NULL; i++) {
		make.token[i].data = set->name[i];
		make.token[i].len = set->name[i] != NULL ?
		    strlen(set->name[i]) : 0;
	}
	return set->name != NULL ? make.token : NULL;
}

/* What the present batch, with these tokens, has for a template. */
static struct expand_values
values(const struct token_set *set)
{
	const char *source = make.tokens->source;

	return (struct expand_values){
		.param = make.input->param,
		.params = make.input->params,
		.file = xapply_opt.files ? make.input->file : NULL,
		.token = token_texts(set),
		.tokens = make.tokens->each,
		.number = make.input->count > 0 ? make.input->count - 1 : 0,
		.number_source = { ".", 1 },
		.token_source = { source, source != NULL ? strlen(source) : 0 }
	};
}

/* Make the task's command and variables; -1 after a message. */
static int
fill_task(struct task *t, const struct expand *e,
    const struct expand_values *v)
{
	t->command = expanded("", e, v, &t->command_len);
	return t->command != NULL && make_variables(t, v) == 0 ? 0 : -1;
}

/* A task with these tokens and values; NULL after a message. */
static struct task *
new_task(struct token_set *set, const struct expand *e,
    const struct expand_values *v)
{
	struct task *t = task_new();

	t->number = v->number;
	t->tokens = set;
	if (fill_task(t, e, v) != 0) {
		task_free(t);
		return NULL;
	}
	t->xid = make_xid(v);
	if (t->xid == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	if (xapply_opt.joblog != NULL)
		t->hash = identity_of(v);
	return t;
}

static char *
run_copy_text(struct expand_text *to, const struct expand_text *from, char *p)
{
	to->data = p;
	to->len = from->len;
	memcpy(p, from->data, from->len);
	return p + from->len;
}

void
make_keep(struct task *t)
{
	const struct input *in = make.input;
	size_t n = in->params, room = sizeof(struct batch), i;
	char *p;

	if (t->batch != NULL)
		return;
	for (i = 0; i < n; i++)
		room += 2 * sizeof *in->param + in->param[i].len +
		    (xapply_opt.files ? in->file[i].len : 0);
	t->batch = wk_alloc(room, 1);
	t->batch->param = (struct expand_text *)(t->batch + 1);
	t->batch->file = t->batch->param + n;
	t->batch->params = n;
	p = (char *)(t->batch->file + n);
	for (i = 0; i < n; i++) {
		p = run_copy_text(&t->batch->param[i], &in->param[i], p);
		if (xapply_opt.files)
			p = run_copy_text(&t->batch->file[i], &in->file[i], p);
	}
}

int
make_again(struct task *t, struct token_set *set)
{
	struct expand_values v = values(set);

	v.number = t->number;
	v.param = t->batch->param;
	v.params = t->batch->params;
	v.file = xapply_opt.files ? t->batch->file : NULL;
	t->tokens = set;
	task_forget(t);
	return fill_task(t, make.template, &v);
}

/* 1 if tasks with the same parameters may differ by their numbers. */
static int
numbers_matter(void)
{
	const struct expand_uses *uses = expand_uses(make.template);
	const struct export *e;
	int matter = uses->number || uses->inner;

	for (e = xapply_opt.exports; e != NULL; e = e->next)
		matter |= expand_uses(e->value)->number;
	return matter;
}

/*
 * 1 if the task with that number (from 0) has these parameters, so that what
 * the log has of it is its own.  Lines that are still to be read may be the
 * same; to run one of two such tasks is as good as the other, unless their
 * numbers matter.
 */
static int
has_parameters(uintmax_t number, uint64_t hash)
{
	size_t each = xapply_opt.each, i;
	char **operand;

	if (xapply_opt.pipe)    /* its own block */
		return 1;
	if (!input_is_plain(make.input))
		return number >= make.input->count && numbers_matter();
	if (number >= input_total(make.input))
		return 0;
	operand = make.input->operand + (size_t)number * each;
	for (i = 0; i < each; i++)
		make.other[i] = (struct expand_text){ operand[i],
		    strlen(operand[i]) };
	return joblog_hash(make.other, each) == hash;
}

/* The same command in a log that has nothing else: before there are tokens it
 * is known only when it has none. */
static int
command_was_done(const struct expand_values *v)
{
	const struct expand_uses *uses = expand_uses(make.template);
	char *command = NULL;
	size_t len = 0;
	int done;

	if (!uses->tokens && !uses->sources)
		command = expanded("", make.template, v, &len);
	done = joblog_has_command(command, len);
	free(command);
	return done;
}

/* A task is known by its parameters, in whatever log. */
static int
args_were_done(const struct expand_values *v, uint64_t hash, const char *xid)
{
	return joblog_has_args(hash, xid) ||
	    (joblog_names_commands() && command_was_done(v));
}

int
make_was_done(void)
{
	static const struct token_set none;
	struct expand_values v;
	uint64_t hash;
	char *xid;
	int done;

	if (!xapply_opt.resume)
		return 0;
	v = values(&none);
	xid = make_xid(&v);
	if (xid == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	hash = identity_of(&v);
	done = xapply_opt.resume_by_args ? args_were_done(&v, hash, xid) :
	    joblog_done(v.number, hash, xid, has_parameters);
	free(xid);
	return done;
}

/* --- batches of several rows --- */

/* What one parameter more costs of the limits of a batch. */
static size_t
cost(const struct expand_text *param, const struct expand_text *file)
{
	size_t most = expand_growth(make.template, param, file), n;
	const struct export *e;

	for (e = xapply_opt.exports; e != NULL; e = e->next) {
		n = expand_growth(e->value, param, file);
		most = n > most ? n : most;
	}
	most += make.pointer;
	/* even what nobody mentions has to be held */
	return most > 0 ? most : 1;
}

/* The parameters of the present batch that can each be a word; those behind
 * them cannot. */
static size_t
good_words(void)
{
	const struct input *in = make.input;
	size_t i;

	for (i = 0; make.direct && i < in->params; i++)
		if (in->param[i].len >= LIMIT_WORD)
			break;
	return make.direct ? i : in->params;
}

/* 1 if the system takes the variables. */
static int
variables_fit(const struct task *t)
{
	size_t i, len, sum = t->command_len + 1;

	for (i = 0; t->vars[i] != NULL; i++) {
		len = strlen(t->vars[i]) + 1;
		sum += len;
		if (len > LIMIT_WORD)
			return 0;
	}
	return sum <= limit_words();
}

/* How many rows of the present batch fit a command, when this is the task of
 * all of them. */
static size_t
rows_that_fit(const struct task *t)
{
	const struct input *in = make.input;
	size_t rows = in->params / in->each, good = good_words() / in->each;
	size_t size = t->command_len + 1, less = rows;
	size_t pointers = make.direct ? in->params * sizeof(char *) : 0;

	if (size > make.chars)
		less = make.chars * rows / size;
	else if (size + pointers > make.system || !variables_fit(t))
		less = rows / 2;
	return less < good ? less : good;
}

static void
batch_too_long(struct expand_text t)
{
	char start[41], shown[5 * sizeof start];

	snprintf(start, sizeof start, "%.*s", (int)(t.len < 40 ? t.len : 40),
	    t.data);
	wk_visible(shown, sizeof shown, start);
	wk_warn("a batch cannot hold even one parameter: '%s'%s makes more "
	    "than %zu bytes", shown, t.len > 40 ? "..." : "", make.chars);
}

struct task *
make_task(struct token_set *set)
{
	struct input *in = make.input;
	struct task *t;
	struct expand_values v;
	size_t rows;

	for (;;) {
		v = values(set);
		t = new_task(set, make.template, &v);
		if (t == NULL || !in->batched)
			return t;
		rows = rows_that_fit(t);
		if (rows * in->each == in->params)
			return t;
		if (rows == 0)
			batch_too_long(in->param[0]);
		task_free(t);
		if (rows == 0)
			return NULL;
		input_shrink(in, rows);
	}
}

static size_t
count_of(char **words)
{
	size_t n = 0;

	while (words[n] != NULL)
		n++;
	return n;
}

struct task *
make_otherwise(struct token_set *set, char **operands)
{
	size_t n = count_of(operands), i;
	struct expand_text *param = wk_alloc(n + 1, sizeof *param);
	struct expand_values v = values(set);
	struct task *t;

	for (i = 0; i < n; i++)
		param[i] = (struct expand_text){ operands[i],
		    strlen(operands[i]) };
	v.param = param;
	v.params = n;
	v.file = NULL;
	t = new_task(set, make.otherwise, &v);
	free(param);
	if (t == NULL)
		return NULL;
	t->number = UINTMAX_MAX;
	free(t->xid);
	t->xid = strdup("00");
	if (t->xid == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	return t;
}

/* The parameters that a task can have, as far as that is known. */
static size_t
most_parameters(void)
{
	const struct input *in = make.input;

	if (xapply_opt.pipe)
		return 0;
	if (in->batched)
		return xapply_opt.max_args > 0 ? xapply_opt.max_args :
		    SIZE_MAX;
	if (in->columns != NULL)
		return in->names > 0 ? in->names : SIZE_MAX;
	return in->each;
}

/* What is known of a template's values before the first task. */
static struct expand_rules
rules_of(int tail, char escape)
{
	return (struct expand_rules){ .escape = escape, .tail = tail,
	    .quote = xapply_opt.quote && tail, .params = most_parameters(),
	    .files = xapply_opt.files, .tokens = make.tokens->each,
	    .token_source = make.tokens->source != NULL,
	    .fewer = make.input->batched || make.input->columns != NULL,
	    .name = make.input->name, .names = make.input->names };
}

static void
compile_all(const char *template, size_t operands)
{
	/* a list that has not even a header is empty, so that there are no
	 * tasks: what columns they would have is not to be asked */
	const struct input *in = make.input;
	int empty = in->header && in->files && !in->headed &&
	    in->lists == INPUT_ONE_LIST;
	struct expand_rules rules = rules_of(1, empty ? '\0' :
	    xapply_opt.escape);
	struct export *e;
	char what[200];

	make.buffer.max = EXPANSION_MAX;
	make.template = run_compile("", template, &rules);
	for (e = xapply_opt.exports; e != NULL; e = e->next) {
		snprintf(what, sizeof what, "-e %s: ", e->name);
		rules = rules_of(0, empty ? '\0' : e->escape);
		e->value = run_compile(what, e->text, &rules);
	}
	if (xapply_opt.otherwise != NULL) {
		rules = rules_of(1, xapply_opt.escape);
		rules.params = operands;
		rules.files = 0;
		rules.names = 0;
		make.otherwise = run_compile("-N ", xapply_opt.otherwise,
		    &rules);
	}
	if (xapply_opt.dry && expand_uses(make.template)->tokens && !isatty(1))
		wk_warn("-n: the tokens shown are not held any more");
}

/* A command that mentions parameters, but not all that a batch may have, would
 * lose some. */
static void
check_all_used(void)
{
	const struct expand_uses *u = expand_uses(make.template);
	const struct export *e;
	int all = u->all || u->tail || u->inner;

	for (e = xapply_opt.exports; e != NULL; e = e->next)
		all |= expand_uses(e->value)->all;
	if (all || u->param >= most_parameters())
		return;
	if (u->param > 0)
		wk_usage("%c%zu is one parameter of a batch, all are %c*",
		    xapply_opt.escape, u->param, xapply_opt.escape);
	if (u->last)
		wk_usage("%c$ is one parameter of a batch, all are %c*",
		    xapply_opt.escape, xapply_opt.escape);
}

/* How long the command is without any parameter, if it can be said; and whether
 * the words of all batches can be executed without a shell. */
static size_t
measure_template(int direct)
{
	struct expand_text one = { "x", 1 }, *text;
	size_t n = make.input->each, i, less;
	struct expand_values v;
	struct expand_error error;
	char **words = NULL;

	text = wk_alloc(n + make.tokens->each, sizeof *text);
	for (i = 0; i < n + make.tokens->each; i++)
		text[i] = one;
	v = (struct expand_values){ .param = text, .params = n, .file = text,
	    .token = text + n, .tokens = make.tokens->each,
	    .number_source = one, .token_source = one };
	make.buffer.len = 0;
	if (expand_run(make.template, &v, &make.buffer, &error) == 0 &&
	    direct && xapply_opt.quote)
		words = quote_words(make.buffer.data, make.buffer.len,
		    xapply_opt.argv);
	make.direct = words != NULL;
	free(words);
	free(text);
	less = n * expand_growth(make.template, &one, &one);
	return make.buffer.len > less ? make.buffer.len - less : 0;
}

/* One parameter that is too long for any batch is found before the first task
 * if it is an operand. */
static void
check_lengths(const struct input *in)
{
	struct expand_text t, file = { "", 0 };
	size_t i, sum = 0;

	if (in->files || in->lists != INPUT_ONE_LIST)
		return;
	for (i = 0; in->operand[i] != NULL; i++) {
		t = (struct expand_text){ in->operand[i],
		    strlen(in->operand[i]) };
		sum = i % in->each == 0 ? 0 : sum;
		sum += cost(&t, &file);
		if (sum > in->max_cost || t.len >= LIMIT_WORD) {
			batch_too_long(t);
			exit(WK_DATA);
		}
	}
}

/* 1 if a place in a batch means something: then none is shared out, as the
 * second of two would become the first of another. */
static int
places_matter(void)
{
	const struct export *e;
	size_t highest = expand_uses(make.template)->param, n;

	for (e = xapply_opt.exports; e != NULL; e = e->next) {
		n = expand_uses(e->value)->param;
		highest = n > highest ? n : highest;
	}
	return highest > 1;
}

static void
prepare_batches(int direct)
{
	struct input *in = make.input;
	size_t fixed, most;

	check_all_used();
	fixed = measure_template(direct) + 1;
	make.system = limit_words();
	if (!make.direct && make.system > LIMIT_WORD)
		make.system = LIMIT_WORD;
	make.chars = xapply_opt.max_chars > 0 &&
	    xapply_opt.max_chars < make.system ? xapply_opt.max_chars :
	    make.system;
	make.pointer = make.direct && make.chars > make.system / 8 ?
	    sizeof(char *) : 0;
	most = LIMIT_AHEAD / xapply_opt.jobs;
	if (most < LIMIT_WORD)
		most = LIMIT_WORD;
	in->max_cost = make.chars > fixed ? make.chars - fixed : 0;
	in->max_cost = in->max_cost < most ? in->max_cost : most;
	in->max_rows = xapply_opt.max_args > 0 ?
	    xapply_opt.max_args / in->each : SIZE_MAX;
	in->shares = places_matter() ? 1 : xapply_opt.jobs;
	in->cost = cost;
	check_lengths(in);
}

void
make_prepare(struct input *input, const struct tokens *tokens,
    const char *template, char **operands, int direct)
{
	make.input = input;
	make.tokens = tokens;
	make.token = wk_alloc(tokens->each, sizeof *make.token);
	make.other = wk_alloc(xapply_opt.each, sizeof *make.other);
	compile_all(template, count_of(operands));
	if (input->batched)
		prepare_batches(direct);
}
