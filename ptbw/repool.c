/*
 * repool.c - ptbw's client that changes a pool: --resize and --retag
 *
 * change.c is the master's side.
 *
 * SPDX-License-Identifier: ISC
 */
#include "ptbw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "source.h"
#include "tableau.h"
#include "wire/broker.h"

/* What a master says that does not change its pool. */
static const struct refusal {
	const char *word;
	int code;
	const char *text;
} refusals[] = {
	{ "-No", WK_UNAVAILABLE, "the master is too old for that" },
	{ "-owner", WK_UNAVAILABLE, "only its owner may change the pool" },
	{ "-borrowed", WK_DATA, "its tokens are borrowed from another pool" },
	{ "-names", WK_DATA, "its tokens have names, --retag changes those" },
	{ "-many", WK_DATA, "the pool would be too large" },
	{ "-memory", WK_SYSTEM, "the master is out of memory" },
	{ NULL, 0, NULL }
};

/* The answer of a master: it goes on, or it is over. */
static void
repool_answer(const char *answer, const char *path)
{
	const struct refusal *r = refusals;

	if (answer == NULL)
		ptbw_broker_failed(path);
	while (r->word != NULL && strcmp(r->word, answer) != 0)
		r++;
	if (r->word != NULL)
		wk_die(r->code, "%s: %s", path, r->text);
	if (answer[0] != '+') {
		errno = EPROTO;
		ptbw_broker_failed(path);
	}
}

static void
repool_send(struct broker *b, const char *path)
{
	struct tableau t;
	char *text, *source;
	size_t len;

	source_read_file(&t, ptbw_opt.retag);
	source = wk_absolute(ptbw_opt.retag);
	free(t.source);
	t.source = source;
	text = change_text(&t, &len);
	if (text == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	repool_answer(broker_announce(b, len), path);
	repool_answer(broker_retag(b, text, len), path);
	free(text);
}

int
ptbw_repool(void)
{
	const char *path = wk_target(ptbw_opt.depth, ptbw_opt.tags);
	struct broker b;

	ptbw_connect(&b, path);
	b.patience = BROKER_ANSWER_MS;
	if (ptbw_opt.retag != NULL)
		repool_send(&b, path);
	else
		repool_answer(broker_resize(&b, (size_t)ptbw_opt.resize), path);
	if (broker_return(&b) != 0)
		ptbw_broker_failed(path);
	return 0;
}
