/*
 * tree.c - draws the processes and the notes about them
 *
 * Names, paths and commands may be anybody's: their control characters are
 * made visible.
 *
 * SPDX-License-Identifier: ISC
 */
#include "wraptree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wrapper.h"

enum { ARGS_SHOWN = 60 };               /* bytes of a command, without -l */

/* Print a text with its control characters visible, of that length at most; 0:
 * all of it. */
static void
print(const char *text, size_t most)
{
	size_t room = 4 * strlen(text) + 1, n;
	char *visible = wk_alloc(room, 1);

	n = wk_visible(visible, room, text);
	if (most > 0 && n > most) {
		/* not within a character */
		for (n = most - 3; n > 0 && (visible[n] & 0xc0) == 0x80; n--)
			;
		strcpy(visible + n, "...");
	}
	fputs(visible, stdout);
	free(visible);
}

static void
draw_note(struct note *n)
{
	n->drawn = 1;
	printf(" [%s%s", n->about->variable, n->len > 0 ? ": " : "");
	print(n->text, 0);
	if (!wraptree_opt.in_full && n->names > NAMES_SHOWN)
		printf(" and %zu more", n->names - NAMES_SHOWN);
	putchar(']');
}

static void
draw_line(const struct process *p)
{
	size_t i;

	printf("%ld ", p->pid);
	print(p->args, wraptree_opt.in_full ? 0 : ARGS_SHOWN);
	for (i = 0; i < notes; i++)
		if (note[i].pid == p->pid)
			draw_note(&note[i]);
	putchar('\n');
}

/* The next child of a process that is to be drawn, from i on. */
static size_t
next_child(long pid, size_t i)
{
	while (i < processes && (process[i].parent != pid ||
	    !process[i].in_scope || process[i].drawn))
		i++;
	return i;
}

static void
draw_below(struct process *p, const char *lead)
{
	size_t i, next, n = strlen(lead);
	char *deeper = wk_alloc(n + 3, 1);

	p->drawn = 1;
	draw_line(p);
	for (i = next_child(p->pid, 0); i < processes; i = next) {
		process[i].drawn = 1;
		next = next_child(p->pid, i + 1);
		printf("%s%s", lead, next < processes ? "|-" : "`-");
		snprintf(deeper, n + 3, "%s%s", lead,
		    next < processes ? "| " : "  ");
		draw_below(&process[i], deeper);
	}
	free(deeper);
}

void
tree_draw(struct process *p)
{
	draw_below(p, "");
}

/* Masters and holders that are not in the tree. */
void
tree_draw_rest(void)
{
	struct process *p;
	size_t i;

	for (i = 0; i < notes; i++) {
		if (note[i].drawn)
			continue;
		printf("elsewhere: ");
		if ((p = process_of(note[i].pid)) != NULL) {
			draw_line(p);
			continue;
		}
		printf("a process that cannot be seen from here");
		draw_note(&note[i]);
		putchar('\n');
	}
}
