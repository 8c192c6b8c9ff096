/*
 * ptbw.c - any bytes of three clients of a ptbw: in the end all tokens are free
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/serve.c"
#include "ptbw/master.c"
#include "clients.h"

struct ptbw_options ptbw_opt = { .jobs = 5, .request = -1, .wait = -1 };
const struct wk_program ptbw = { .name = "ptbw" };

/* No tokens are borrowed here. */
int
ptbw_take(struct broker *b, const char *path, size_t n, int64_t ms,
    uint32_t *token)
{
	(void)b, (void)path, (void)n, (void)ms, (void)token;
	abort();
}

void
ptbw_broker_failed(const char *path)
{
	(void)path;
	abort();
}

/* Nobody has a token that is free, and all are somewhere. */
static void
check_pool(void)
{
	struct wk_client *c;
	size_t held = 0, free_ones = 0, i;

	for (c = master.clients; c != NULL; c = c->next)
		held += ((struct client *)c)->holder.held;
	for (i = 0; i < pool.count; i++)
		free_ones += pool.token[i].holder == NULL;
	if (held + free_ones != pool.count)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (fuzz_begin(&ops))
		make_pool();
	fuzz_clients(data, len);
	check_pool();
	if (pool.waiting != 0 || pool.first != NULL)
		abort();
	return 0;
}
