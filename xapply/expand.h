/*
 * expand.h - templates of commands: the dicer and the mixer
 *
 * A template is text in which parameters are mentioned.  It is compiled once,
 * which finds all mistakes that do not depend on the parameters, and expanded
 * for each task.  ESC stands for the escape character, % as a rule:
 *
 *	template  { text | ESC ESC | ESC [ q ] what }
 *	what      + | plain | "(" plain mixer ")"
 *	plain     [ h | n | m | r | e ] [ f | t ] selector
 *	selector  short | "{" name "}" | "[" name { step } "]"
 *	short     digit | * | $ | u | U | # | t | T
 *	name      digit { digit } | * | $ | u | U | # | t | T | a column's
 *	step      separator ( @ | [ - ] [ $ | digit { digit } ] )
 *	separator \ any character | blank | any other one but ] and \
 *	mixer     { , | blank | tab | literal | range | "(" mixer ")" }
 *	literal   " { not " } " | ` { balanced ` and ' } '
 *	range     [ ~ ] ( * | position [ - [ ~ ] ( position | * ) ] )
 *	position  digit { digit } | $
 *
 * All is done in bytes, which may be any but NUL.  What is inserted is not
 * looked at for markup again.
 *
 * plain: %1 is a parameter, %$ the last, %* all with blanks in between, %0
 * nothing.  %f1 is the name of the file that parameter 1 comes from, %t1 a
 * token.  %u is the number of the task, %fu (%tu) where numbers come from,
 * %ft (%tt, %T, %{t}) where tokens come from.  f and t always are prefixes
 * outside of brackets, so that %t alone is a mistake.  %# is the number from 1.
 * A name that the rules give stands for the parameter in its place.
 *
 * Names of files: %h1 is the directory ("." if there is none), %n1 the last
 * component, %r1 all but the suffix, %e1 the suffix with its dot, %m1 the last
 * component without it.  Dots that begin the component begin no suffix, and
 * slashes at the end do not count.  Of %* it is that of each parameter; behind
 * the steps of a dicer, of what these have left.
 *
 * Tail: a template that mentions no parameter, not even %0, gets all of them
 * appended, behind a blank unless it is empty or ends in white space.
 *
 * %q: in what is inserted a backslash is put before each " \ ` and $.
 *
 * Dicer: each step splits the value at a separator and replaces it by one of
 * its fields: 1 (also if there is no number, or 0), 2, ... $ the last; a field
 * that does not exist is empty.  A blank as the separator stands for any run of
 * white space, and white space at the end separates nothing.  - takes the field
 * out instead, with one separator; an only field stays.  @ applies all further
 * steps to each field, and joins the results.
 *
 * Mixer: characters of the value in the order in which their positions are
 * listed, 4-2 backwards, ~ counting from the end (~* is all, backwards); text
 * in quotes; all of the value for an empty list.  A group in parentheses is
 * the value for what follows, up to the next separator or to the next group
 * behind a selection; if nothing is selected from it, it is part of the result.
 *
 * %+: parameter 1 is a template for the remaining ones, which become 1, 2 ...
 * File names and tokens are renumbered with them.  Its tail is appended if no
 * parameter has been mentioned so far, in any of the templates; there is none
 * behind %+.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_EXPAND_H
#define XAPPLY_EXPAND_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the caller's, which need no NUL; data is not NULL even if len
 * is 0. */
struct expand_text {
	const char *data;
	size_t len;
};

/* What is known of the values before the first task. */
struct expand_rules {
	char escape;             /* '\0': there is no markup */
	int tail;                /* append parameters that are not mentioned */
	int quote;               /* all that is inserted, for the shell */
	size_t params;           /* of each task; SIZE_MAX: not known yet */
	int files;               /* parameters come from files with names */
	size_t tokens;           /* of each task; SIZE_MAX: not known yet */
	int token_source;        /* tokens come from a source with a name */
	int fewer;               /* a task may have fewer parameters: what is
	                            not there is nothing, like %0 */
	const struct expand_text *name;   /* of parameters, from 1 */
	size_t names;
};

/* The values of one task; nothing here is freed or kept. */
struct expand_values {
	const struct expand_text *param;
	size_t params;
	const struct expand_text *file;   /* one for each parameter, or NULL */
	const struct expand_text *token;
	size_t tokens;
	uintmax_t number;        /* of the task */
	struct expand_text number_source;
	struct expand_text token_source;  /* data NULL: none */
};

/* Where results go: all zero at first; the caller frees data at last.
 * Intermediate results are made here as well, and max counts them. */
struct expand_buffer {
	char *data;
	size_t len, size;        /* bytes used, and allocated */
	size_t max;              /* bytes, 0: as many as there is memory for */
};

/* What can be wrong with a template, or with what it makes of its values. */
enum expand_fault {
	EXPAND_NO_MEMORY,
	EXPAND_UNKNOWN,          /* an escape that does not exist */
	EXPAND_NO_COLUMN,        /* of that name */
	EXPAND_UNCLOSED,         /* a bracket or a quote */
	EXPAND_NO_ITEM,          /* of a mixer */
	EXPAND_NO_POSITION,      /* behind ~ or - of a mixer */
	EXPAND_TOO_DEEP,         /* groups of mixers, or @ of dicers */
	EXPAND_UNQUOTABLE,       /* what is inserted, where it stands */
	EXPAND_TAIL_UNQUOTABLE,
	EXPAND_OTHER_QUOTES,     /* %+ does not end in those it began in */
	EXPAND_OUT_OF_RANGE,     /* a number that no value has */
	EXPAND_NO_FILES,
	EXPAND_NO_SOURCE,        /* of tokens */
	EXPAND_NO_VALUE,         /* though the rules promised it */
	EXPAND_NO_TEMPLATE,      /* no parameter is left for %+ */
	EXPAND_TOO_MANY,         /* %+ in one expansion */
	EXPAND_TOO_LONG          /* more than the buffer's max */
};

/*
 * What was wrong, and where: the markup begins at position from of text and
 * stops making sense at position at, which may be len.  text is the template,
 * the caller's, or, when param is not 0, the parameter with that number, which
 * %+ took as a template.
 */
struct expand_error {
	enum expand_fault kind;  /* for programs */
	char reason[100];        /* for people; no newline, only ASCII */
	const char *text;
	size_t len;
	size_t from, at;
	size_t param;
};

/* What a template mentions itself, not counting parameters that it uses as
 * templates. */
struct expand_uses {
	size_t param, token;     /* the highest number of one */
	int params;              /* a parameter, or %0, %$, %* */
	int all;                 /* %* */
	int last;                /* %$ */
	int files;
	int tokens;
	int number;
	int sources;             /* where numbers or tokens come from */
	int inner;               /* %+ */
	int tail;                /* parameters will be appended */
};

/* A compiled template. */
struct expand;

/*
 * Compile a template of len bytes, which is copied.  Returns what expand_free
 * frees; NULL with errno and *err: EINVAL it is malformed, or something that it
 * inserts cannot be quoted where it stands (see quote.h), ERANGE it mentions
 * what is not there, ENOMEM.
 */
struct expand *expand_compile(const char *text, size_t len,
    const struct expand_rules *rules, struct expand_error *err);

/* Free a compiled template, or nothing (NULL).  Keeps errno. */
void expand_free(struct expand *e);

/* What a template mentions; lives as long as the template. */
const struct expand_uses *expand_uses(const struct expand *e);

/* By how many bytes one more parameter, of this file, makes the result longer,
 * unless dicers and mixers make it other than it is, or it is a template. */
size_t expand_growth(const struct expand *e, const struct expand_text *param,
    const struct expand_text *file);

/*
 * Expand a template for one task: append the result to what is in out, with a
 * NUL behind it that does not count.  0; or -1 with errno and *err, and out as
 * it was: EINVAL and ERANGE as above, now also for what %+ takes as a template
 * and for values that the rules promised, E2BIG more than out->max or too many
 * %+, ENOMEM.
 *
 * With rules->quote a shell sees each inserted text as data, within quotes,
 * too.  Outside of quotes each element of %*, %f*, %t* and of the tail becomes
 * a word of its own; %0, and %$ of no parameters, become nothing at all.  %q
 * has no effect of its own then.  A number (%u) may stand even where nothing
 * can be quoted: it needs no quotes.  What %+ inserts is not data but a part of
 * the command, in which parameters are quoted; it must end within the same
 * quotes that it begins in.  %q+ is such a command as one text, quoted.
 */
int expand_run(const struct expand *e, const struct expand_values *v,
    struct expand_buffer *out, struct expand_error *err);

#endif
