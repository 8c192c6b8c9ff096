/*
 * pool.c - tokens, their holders, and the queue for them
 *
 * Free tokens are bits of a map; a second map has a bit for each word of the
 * first that is not zero, and so on up to one word, so the next free token
 * after any point is found in a step up and a step down for each factor of
 * 64.  A holder's tokens are a list through the tokens.
 *
 * SPDX-License-Identifier: ISC
 */
#include "pool.h"

#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX

enum { ROW_LOOKS = 4096 };        /* tokens beyond those that are wanted */

static unsigned
lowest_bit(uint64_t w)
{
	unsigned n = 0, step;

	for (step = 32; step > 0; step /= 2)
		if ((w & ((UINT64_C(1) << step) - 1)) == 0) {
			w >>= step;
			n += step;
		}
	return n;
}

static void
map_set(struct pool *p, size_t i)
{
	uint64_t before = 0;
	int l;

	for (l = 0; l < p->levels && before == 0; l++, i /= 64) {
		before = p->map[l][i / 64];
		p->map[l][i / 64] |= UINT64_C(1) << i % 64;
	}
}

static void
map_clear(struct pool *p, size_t i)
{
	int l;

	for (l = 0; l < p->levels; l++, i /= 64) {
		p->map[l][i / 64] &= ~(UINT64_C(1) << i % 64);
		if (p->map[l][i / 64] != 0)
			break;
	}
}

/* The first free token at or after i, or NONE. */
static size_t
map_next(const struct pool *p, size_t i)
{
	uint64_t bits;
	int l;

	for (l = 0; l < p->levels && i / 64 < p->words[l]; l++) {
		bits = p->map[l][i / 64] & (~UINT64_C(0) << i % 64);
		if (bits == 0) {
			i = i / 64 + 1;
			continue;
		}
		i = i / 64 * 64 + lowest_bit(bits);
		while (l-- > 0)
			i = i * 64 + lowest_bit(p->map[l][i]);
		return i;
	}
	return NONE;
}

static void
map_free(uint64_t **map)
{
	int l;

	for (l = 0; l < POOL_LEVELS; l++)
		free(map[l]);
}

/* Empty maps for count places, in the place of those that are there. */
static int
map_make(struct pool *p, size_t count)
{
	uint64_t *map[POOL_LEVELS] = { NULL };
	size_t words[POOL_LEVELS] = { 0 }, bits = count;
	int levels = 0;

	do {
		words[levels] = (bits + 63) / 64;
		map[levels] = calloc(bits / 64 + 1, sizeof(uint64_t));
		if (map[levels] == NULL) {
			map_free(map);
			return -1;
		}
		bits = words[levels++];
	} while (bits > 1);
	map_free(p->map);
	memcpy(p->map, map, sizeof map);
	memcpy(p->words, words, sizeof words);
	p->levels = levels;
	return 0;
}

int
pool_init(struct pool *p, size_t count)
{
	size_t i;

	memset(p, 0, sizeof *p);
	p->token = calloc(count ? count : 1, sizeof *p->token);
	if (p->token == NULL || map_make(p, count) != 0)
		return -1;
	p->count = p->live = p->free = count;
	for (i = 0; i < count; i++)
		map_set(p, i);
	return 0;
}

/* The tokens that are there now: which are free, and which are held. */
static void
count_tokens(struct pool *p)
{
	struct pool_token *t = p->token;
	size_t i;

	p->live = p->free = 0;
	for (i = 0; i < p->count; i++, t++) {
		if (t->holder != NULL)
			t->holder->withdrawn = 0;
		p->live += !p->out[i];
		if (!p->out[i] && t->holder == NULL) {
			p->free++;
			map_set(p, i);
		}
	}
	for (i = 0, t = p->token; i < p->count; i++, t++)
		if (t->holder != NULL)
			t->holder->withdrawn += p->out[i];
}

int
pool_change(struct pool *p, size_t count, unsigned char *out)
{
	size_t more = count > p->count ? count : p->count;
	struct pool_token *t = realloc(p->token, more * sizeof *t);

	if (t == NULL)
		return -1;
	p->token = t;
	memset(t + p->count, 0, (more - p->count) * sizeof *t);
	if (map_make(p, count) != 0)
		return -1;
	free(p->out);
	p->out = out;
	p->count = count;
	if (p->cursor >= count)
		p->cursor = 0;
	count_tokens(p);
	return 0;
}

size_t
pool_spare_places(const struct pool *p)
{
	size_t n = p->count;

	while (n > 0 && p->out != NULL && p->out[n - 1] &&
	    p->token[n - 1].holder == NULL)
		n--;
	return p->count - n;
}

size_t
pool_most(const struct pool *p, const struct pool_holder *h)
{
	size_t held = h->held - h->withdrawn;

	return p->live > held ? p->live - held : 0;
}

static void
pool_take_one(struct pool *p, struct pool_holder *h, size_t i, uint32_t now)
{
	struct pool_token *t = p->token + i;

	map_clear(p, i);
	t->holder = h;
	t->since = now;
	t->prev = 0;
	t->next = h->first;
	if (h->first != 0)
		p->token[h->first - 1].prev = (uint32_t)i + 1;
	h->first = (uint32_t)i + 1;
	h->held++;
	p->free--;
}

/* The first of n free tokens in a row, at from or behind it; NONE when there
 * are none among those that are looked at. */
static size_t
map_row(const struct pool *p, size_t from, size_t n)
{
	size_t first = map_next(p, from), last = first, looks, next;

	for (looks = 0; last < p->count && looks < n + ROW_LOOKS; looks++) {
		if (last - first + 1 == n)
			return first;
		next = map_next(p, last + 1);
		if (next != last + 1)
			first = next;
		last = next;
	}
	return NONE;
}

void
pool_seek_row(struct pool *p, size_t n)
{
	size_t i;

	if (n < 2 || n > p->free)
		return;
	i = map_row(p, p->cursor, n);
	if (i == NONE)
		i = map_row(p, 0, n);
	if (i != NONE)
		p->cursor = i;
}

int
pool_take(struct pool *p, struct pool_holder *h, size_t n, uint32_t *out,
    uint32_t now)
{
	size_t i, k;

	if (n > p->free)
		return 0;
	for (k = 0; k < n; k++) {
		i = map_next(p, p->cursor);
		if (i == NONE)
			i = map_next(p, 0);
		pool_take_one(p, h, i, now);
		out[k] = (uint32_t)i;
		p->cursor = i + 1;
	}
	return 1;
}

int
pool_give(struct pool *p, struct pool_holder *h, size_t i)
{
	struct pool_token *t = p->token + i;

	if (i >= p->count || t->holder != h)
		return 0;
	if (t->prev != 0)
		p->token[t->prev - 1].next = t->next;
	else
		h->first = t->next;
	if (t->next != 0)
		p->token[t->next - 1].prev = t->prev;
	t->holder = NULL;
	h->held--;
	if (p->out != NULL && p->out[i]) {
		h->withdrawn--;
	} else {
		map_set(p, i);
		p->free++;
	}
	return 1;
}

size_t
pool_give_all(struct pool *p, struct pool_holder *h)
{
	size_t n = h->held;

	while (h->first != 0)
		pool_give(p, h, h->first - 1);
	return n;
}

void
pool_wait(struct pool *p, struct pool_holder *h, size_t n, uint32_t now)
{
	h->want = n;
	h->place = POOL_WAITS;
	h->turn = ++p->turns;
	h->since = now;
	h->next = NULL;
	h->prev = p->last;
	if (p->last != NULL)
		p->last->next = h;
	else
		p->first = h;
	p->last = h;
	if (p->up == NULL)
		p->up = h;
	p->waiting++;
}

/* It does not wait any more; those behind it may be passed over. */
static void
pool_next_up(struct pool *p, const struct pool_holder *h)
{
	while (p->up == h || (p->up != NULL && p->up->place != POOL_WAITS))
		p->up = p->up->next;
}

void
pool_leave(struct pool *p, struct pool_holder *h)
{
	if (h->want == 0)
		return;
	if (h->place == POOL_OFFERED)
		p->free += h->want;
	h->want = 0;
	pool_next_up(p, h);
	if (h->prev != NULL)
		h->prev->next = h->next;
	else
		p->first = h->next;
	if (h->next != NULL)
		h->next->prev = h->prev;
	else
		p->last = h->prev;
	p->waiting--;
}

void
pool_offer(struct pool *p, struct pool_holder *h)
{
	p->free -= h->want;
	h->place = POOL_OFFERED;
	pool_next_up(p, h);
}

void
pool_pass(struct pool *p, struct pool_holder *h)
{
	p->free += h->want;
	h->place = POOL_PASSED;
}

void
pool_wait_again(struct pool *p, struct pool_holder *h)
{
	h->place = POOL_WAITS;
	if (p->up == NULL || h->turn < p->up->turn)
		p->up = h;
}

struct pool_holder *
pool_ready(const struct pool *p)
{
	return p->up != NULL && p->up->want <= p->free ? p->up : NULL;
}
