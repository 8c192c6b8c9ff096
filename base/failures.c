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

	f->count++;
	if (f->names < WK_FAILURES_NAMED)
		snprintf(f->named[f->names++], sizeof *f->named,
		    "%.*s%s (%.*s)", WK_FAILURE_NAME - (cut ? 3 : 0), name,
		    cut ? "..." : "", WK_FAILURE_HOW - 1, how);
}

void
wk_failures_add_told(struct wk_failures *f)
{
	f->count++;
	f->told++;
}

void
wk_failures_told_last(struct wk_failures *f)
{
	f->told++;
	/* else it is one of those that are more than can be named */
	if (f->names == f->count - (f->told - 1))
		f->names--;
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
	uintmax_t more = f->count - f->told - f->names;
	size_t n = 0, i;

	*text = '\0';
	for (i = 0; i < f->names; i++)
		n += (size_t)snprintf(text + n, WK_FAILURES_TEXT - n, "%s%s",
		    i > 0 ? ", " : "", f->named[i]);
	if (more > 0)
		n += (size_t)snprintf(text + n, WK_FAILURES_TEXT - n,
		    ", and %ju more", more);
	if (f->told > 0 && f->names > 0)
		snprintf(text + n, WK_FAILURES_TEXT - n,
		    ", and %ju named above", f->told);
}

int
wk_failures_one_told(const struct wk_failures *f)
{
	return f->count == 1 && f->told == 1;
}

void
wk_failures_tell(const struct wk_failures *f, uintmax_t all, const char *what)
{
	char names[WK_FAILURES_TEXT];

	wk_failures_names(f, names);
	wk_warn("%ju of %ju %ss failed%s%s", f->count, all, what,
	    *names != '\0' ? ": " : "", names);
}
