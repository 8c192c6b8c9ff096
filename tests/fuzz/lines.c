/*
 * lines.c - any text with tags and folds: whole, and in pieces, it becomes the
 * same.  The first bytes say what is done, and how large the pieces are.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
keep(void *to, const char *data, size_t len)
{
	if (buffer_append(to, data, len) != 0)
		abort();
}

static void
prepare(struct lines *l, int how)
{
	memset(l, 0, sizeof *l);
	l->tag = how & 1 ? "tag: " : NULL;
	l->tag_len = l->tag != NULL ? strlen(l->tag) : 0;
	l->newline = (how & 2) != 0;
	l->flatten = how & 4 ? LINES_GITHUB : how & 8 ? LINES_GITLAB :
	    LINES_AS_IS;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buffer whole = { 0 }, pieces = { 0 };
	const char *text = (const char *)data + 2;
	struct lines l;
	size_t n, i;

	if (len < 2)
		return 0;
	len -= 2;
	prepare(&l, data[0]);
	lines_feed(&l, text, len, keep, &whole);
	lines_end(&l, keep, &whole);
	prepare(&l, data[0]);
	for (i = 0; i < len; i += n) {
		n = (size_t)data[1] % 64 + 1;
		if (n > len - i)
			n = len - i;
		lines_feed(&l, text + i, n, keep, &pieces);
	}
	lines_end(&l, keep, &pieces);
	n = buffer_length(&whole);
	if (n != buffer_length(&pieces) || (n > 0 && memcmp(whole.data +
	    whole.from, pieces.data + pieces.from, n) != 0))
		abort();
	buffer_release(&whole);
	buffer_release(&pieces);
	return 0;
}
