/*
 * failures.c - which of many have failed, for one line at the end
 *
 * SPDX-License-Identifier: ISC
 */
#include "failures.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "wrapper.h"

void
wk_failures_add(struct wk_failures *f, const char *name, const char *how)
{
	int cut = strlen(name) > WK_FAILURE_NAME;

	if (f->count++ < WK_FAILURES_NAMED)
		snprintf(f->named[f->count - 1], sizeof *f->named,
		    "%.*s%s (%.*s)", WK_FAILURE_NAME - (cut ? 3 : 0), name,
		    cut ? "..." : "", WK_FAILURE_HOW - 1, how);
}

void
wk_failure_how(char *text, int status)
{
	if (WIFSIGNALED(status))
		snprintf(text, WK_FAILURE_HOW, "signal %d", WTERMSIG(status));
	else
		snprintf(text, WK_FAILURE_HOW, "exit %d", WEXITSTATUS(status));
}

void
wk_failures_names(const struct wk_failures *f, char *text)
{
	size_t n = 0, i;

	*text = '\0';
	for (i = 0; i < f->count && i < WK_FAILURES_NAMED; i++)
		n += (size_t)snprintf(text + n, WK_FAILURES_TEXT - n, "%s%s",
		    i > 0 ? ", " : "", f->named[i]);
	if (f->count > WK_FAILURES_NAMED)
		snprintf(text + n, WK_FAILURES_TEXT - n, ", and %ju more",
		    f->count - WK_FAILURES_NAMED);
}

void
wk_failures_tell(const struct wk_failures *f, uintmax_t all, const char *what)
{
	char names[WK_FAILURES_TEXT];

	wk_failures_names(f, names);
	wk_warn("%ju of %ju %ss failed: %s", f->count, all, what, names);
}
