/*
 * note.c - what was found out, as notes about processes
 *
 * SPDX-License-Identifier: ISC
 */
#include "wraptree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/wrapper.h"

struct note *note;
size_t notes;

void *
list_one_more(void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	array = realloc(array, (count ? 2 * count : 1) * size);
	if (array == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	return array;
}

char *
list_copy(const char *text)
{
	char *s = strdup(text);

	if (s == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	return s;
}

void
note_extend(struct note *n, const char *fmt, ...)
{
	va_list ap;
	size_t more;

	va_start(ap, fmt);
	more = (size_t)vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n->len + more >= n->room) {
		n->room = 2 * (n->len + more + 1);
		n->text = realloc(n->text, n->room);
		if (n->text == NULL)
			wk_die(WK_SYSTEM, "out of memory");
	}
	va_start(ap, fmt);
	vsnprintf(n->text + n->len, more + 1, fmt, ap);
	va_end(ap);
	n->len += more;
}

struct note *
note_of(long pid, const struct diversion *about, const char *beginning)
{
	size_t i;

	for (i = 0; i < notes; i++)
		if (note[i].pid == pid && note[i].about == about &&
		    text_begins(note[i].text, beginning))
			return &note[i];
	note = list_one_more(note, notes, sizeof *note);
	note[notes] = (struct note){ .pid = pid, .about = about };
	note_extend(&note[notes], "%s", beginning);
	return &note[notes++];
}
