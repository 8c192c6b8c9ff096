/*
 * wraptree.c - the process tree with its diversions
 *
 *	wraptree [-al] [pid]
 *	wraptree -h | -V
 *
 * The diversions are those that the environments of the processes name, as far
 * as the system lets us read them, and our own anyway.  The masters of these
 * are asked.  Each finding becomes a note about a process; then the tree is
 * drawn.  The parts are in the folder wraptree, and wraptree/wraptree.h says
 * which is where.
 *
 * SPDX-License-Identifier: ISC
 */
#include "wraptree/wraptree.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/wrapper.h"
#include "divconnect.h"

struct wraptree_options wraptree_opt;

static const struct wk_option options[] = {
	{ 'a', "all", NULL, "all trees whose environment can be read" },
	{ 'l', "long", NULL, "whole commands, all tokens" },
	{ 'V', "version", NULL, "print the version, and what is used" },
	{ 'h', "help", NULL, "print this" },
	{ 0, NULL, NULL, NULL }
};

static const struct wk_program wraptree = {
	.name = "wraptree",
	.synopsis = "[-al] [pid]\n-h | -V",
	.options = options
};

static void
set_scope(long root)
{
	size_t i;

	for (i = 0; i < processes; i++)
		process[i].in_scope = process_is_below(process[i].pid, root);
}

/* The outermost of the masters that enclose us; without one, our parent, or
 * we ourselves where a namespace of processes hides the parent. */
static long
outermost(void)
{
	long root = (long)getppid();
	size_t i;

	if (process_of(root) == NULL)
		root = (long)getpid();
	if (process_of(root) == NULL)
		wk_die(WK_UNAVAILABLE, "ps: it does not list us");
	for (i = 0; i < diversions; i++)
		if (diversion[i]->pid > 0 &&
		    process_is_below(root, diversion[i]->pid))
			root = diversion[i]->pid;
	return root;
}

static long
chosen(const char *word)
{
	char *end;
	long pid = strtol(word, &end, 10);

	if (end == word || *end != '\0' || pid <= 0)
		wk_usage("%s: not a process id", word);
	if (process_of(pid) == NULL)
		wk_die(WK_NOINPUT, "%s: no such process", word);
	return pid;
}

/* True if one of its ancestors is a master. */
static int
is_enclosed(const struct process *p)
{
	size_t steps = 0;

	while ((p = process_of(p->parent)) != NULL && steps++ < processes)
		if (diversion_is_master(p->pid))
			return 1;
	return 0;
}

static void
draw_all(void)
{
	size_t i;

	for (i = 0; i < processes; i++)
		if (diversion_is_master(process[i].pid) &&
		    !is_enclosed(&process[i]))
			tree_draw(&process[i]);
}

/* Put into scope what the command line asks for; the root of it, or 0 when that
 * is everything. */
static long
choose(const char *word)
{
	long root;
	size_t i;

	if (wraptree_opt.everything) {
		for (i = 0; i < processes; i++)
			process[i].in_scope = 1;
		return 0;
	}
	if (word == NULL)
		diversion_add_ours();
	if (word == NULL && diversions + diversions_left_out == 0)
		wk_die(WK_NOINPUT,
		    "no enclosing diversion: no wrapper is around this (all "
		    "that can be seen: -a)");
	root = word != NULL ? chosen(word) : outermost();
	set_scope(root);
	return root;
}

static void
look_around(void)
{
	size_t i;

	for (i = 0; i < processes; i++)
		if (process[i].in_scope && process[i].pid == (long)getpid())
			diversion_add_ours();
		else if (process[i].in_scope)
			diversion_add_all_of(process[i].pid);
	for (i = 0; i < diversions; i++)
		ask_master(diversion[i]);
	diversion_note_left_out();
}

static void
wraptree_show(const char *word)
{
	long root;

	process_list();
	root = choose(word);
	look_around();
	if (root == 0)
		draw_all();
	else
		tree_draw(process_of(root));
	tree_draw_rest();
	wk_flush();
}

static void
wraptree_show_version(void)
{
	printf("wraptree: wrapkit %s\n", DIV_VERSION);
	printf("wraptree: environments of others: %s\n",
	    access("/proc/self/environ", R_OK) == 0 ? "/proc" :
	    "cannot be read here");
	wk_flush();
}

int
main(int argc, char **argv)
{
	struct wk_called called;
	int letter, ask_for = 0;
	const char *arg;
	char **words;

	wk_begin(&wraptree, argc, argv, &called);
	while ((letter = wk_option(&arg)) != -1) {
		if (letter == 'h' || letter == 'V')
			ask_for = letter;
		wraptree_opt.everything |= letter == 'a';
		wraptree_opt.in_full |= letter == 'l';
	}
	words = wk_operands();
	if (ask_for == 'h')
		wk_help();
	else if (ask_for == 'V')
		wraptree_show_version();
	if (ask_for)
		return 0;
	if (words[0] != NULL && (words[1] != NULL || wraptree_opt.everything))
		wk_usage(wraptree_opt.everything ? "-a takes no process id" :
		    "more than one process id");
	wraptree_show(words[0]);
	return 0;
}
