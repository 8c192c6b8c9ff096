/*
 * source.c - where the tokens of a pool come from
 *
 * SPDX-License-Identifier: ISC
 */
#include "source.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/wrapper.h"
#include "tableau.h"

void
source_failed(const char *what)
{
	wk_die(errno == EFBIG ? WK_DATA : WK_SYSTEM, "%s: %s", what,
	    errno == EFBIG ? "too many tokens" : strerror(errno));
}

_Noreturn static void
bad_variable(const struct tableau *t, const char *path, size_t line)
{
	char text[200];

	wk_visible(text, sizeof text, t->bad);
	wk_die(WK_DATA, "%s: line %zu: '%s' is not the name of a variable",
	    path, line, text);
}

void
source_read_file(struct tableau *t, const char *path)
{
	size_t line;

	if (tableau_init(t, TABLEAU_FILE, path) != 0)
		source_failed(path);
	if (tableau_read(t, path, &line) != 0) {
		if (t->bad != NULL)
			bad_variable(t, path, line);
		if (errno == EINVAL)
			wk_die(WK_DATA, "%s: line %zu holds a NUL byte", path,
			    line);
		if (errno == EFBIG || errno == ENOMEM)
			source_failed(path);
		wk_die(WK_NOINPUT, "%s: %s", path, strerror(errno));
	}
	if (t->count == 0)
		wk_die(WK_DATA, "%s: no tokens, %s", path,
		    t->comments_len > 0 ? "only comments" :
		    "the file is empty");
}
