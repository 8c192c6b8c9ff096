/*
 * halt.c - when what has become of many ends the rest: the rule of --halt
 *
 * SPDX-License-Identifier: ISC
 */
#include "halt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wrapper.h"

/* Which of the words the n bytes are; SIZE_MAX: none. */
static size_t
which_word(const char *text, size_t n, const char *const *words,
    size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strlen(words[i]) == n && memcmp(words[i], text, n) == 0)
			return i;
	return SIZE_MAX;
}

/* "N" or "N%"; -1 when it is neither. */
static int
read_limit(struct wk_halt *h, const char *text, int percent)
{
	char *end;

	if (*text < '1' || *text > '9')
		return -1;
	h->at = strtoul(text, &end, 10);
	if (percent && *end == '%' && h->at <= 100) {
		h->percent = 1;
		end++;
	}
	return *end == '\0' ? 0 : -1;
}

static int
read_rule(struct wk_halt *h, const char *text, int percent)
{
	static const char *const when[] = { "never", "soon", "now" };
	static const char *const of[] = { "fail", "success", "done" };
	size_t n = strcspn(text, ","), i = which_word(text, n, when, 3);

	*h = (struct wk_halt){ .at = 1 };
	if (i == SIZE_MAX)
		return -1;
	h->when = (enum wk_halt_when)i;
	text += n;
	if (*text == '\0')
		return 0;
	n = strcspn(++text, "=");
	i = which_word(text, n, of, 3);
	if (i == SIZE_MAX || text[n] != '=')
		return -1;
	h->of = (enum wk_halt_of)i;
	return read_limit(h, text + n + 1, percent);
}

void
wk_halt_read(struct wk_halt *h, const char *text, int percent)
{
	if (read_rule(h, text, percent) != 0)
		wk_usage("--halt: %s is not never, soon or now[,fail=N%s], "
		    "nor that with success or done", text,
		    percent ? "|N%" : "");
}

static int
is_reached(const struct wk_halt *h, uintmax_t all)
{
	if (!h->percent)
		return h->count >= h->at;
	return h->count > 0 && h->count * 100 >= h->at * all;
}

int
wk_halt_ended(struct wk_halt *h, int code, uintmax_t all, const char *name,
    const char *how)
{
	if (h->when == WK_HALT_NEVER)
		return 0;
	if (h->of != WK_HALT_DONE && (code == 0) != (h->of == WK_HALT_SUCCESS))
		return 0;
	h->count++;
	h->last = code;
	if (!h->halted && name == NULL)
		h->named[0] = '\0';
	else if (!h->halted)
		snprintf(h->named, sizeof h->named, ": %s (%s)", name, how);
	if (h->halted && h->when == WK_HALT_SOON && h->of == WK_HALT_FAIL)
		h->code = code;
	if (h->halted || !is_reached(h, all))
		return 0;
	h->halted = 1;
	h->code = code;
	return 1;
}

int
wk_halt_over(struct wk_halt *h, uintmax_t all)
{
	if (h->when == WK_HALT_NEVER || h->halted || !h->percent ||
	    !is_reached(h, all))
		return 0;
	h->halted = 1;
	h->code = h->last;
	return 1;
}

void
wk_halt_tell(const struct wk_halt *h, char *text, const char *what)
{
	static const char *const words[] = { "failed", "succeeded", "done" };

	snprintf(text, WK_HALT_TEXT_MAX, "halt: %ju %s%s %s%s", h->count,
	    what, h->count == 1 ? "" : "s", words[h->of], h->named);
}
