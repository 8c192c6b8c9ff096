/*
 * make.h - tasks made of batches: templates, variables, xids
 *
 * A mistake in a template that depends on the parameters is told when the task
 * is made: then the result is NULL or -1, after a message.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_MAKE_H
#define XAPPLY_MAKE_H

#include "input.h"
#include "wire/tokens.h"

struct task;

/* Compile the template, that of -N, and those of -e, and say what batches of
 * several rows can have.  input and tokens stay the caller's, and are asked for
 * each task.  direct: plain words are executed without a shell.  Ends the
 * program with a message if a template is wrong. */
void make_prepare(struct input *input, const struct tokens *tokens,
    const char *template, char **operands, int direct);

/* A task of the present batch with these tokens, which become its own.  The
 * batch has fewer rows then if it was too long. */
struct task *make_task(struct token_set *set);

/* Copy the present batch for another attempt of its task: with other tokens the
 * command is another. */
void make_keep(struct task *t);

/* Expand a task that make_keep was called for again, with the tokens of its
 * next attempt. */
int make_again(struct task *t, struct token_set *set);

/* The else-command.  Its parameters are all operands: the names of files that
 * had no line, or none at all. */
struct task *make_otherwise(struct token_set *set, char **operands);

/* 1 if the joblog has the task that the present batch would become. */
int make_was_done(void);

#endif
