/*
 * columns.c - any line taken apart: a record is closed at one place, however
 * its parts come, and its columns are not longer than it is
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xapply/columns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A closed record of CSV can only be malformed behind quotes. */
static void
take_apart(const struct columns *c, char *text, size_t len)
{
	struct expand_text column;
	char *at = text;
	size_t sum = 0;

	while (at != NULL) {
		if (columns_next(c, &at, text + len, &column) != 0) {
			if (c->kind != COLUMNS_CSV)
				abort();
			return;
		}
		if (column.data < text || column.data > text + len ||
		    column.len > (size_t)(text + len - column.data) ||
		    (at != NULL && (at <= column.data || at > text + len)))
			abort();
		sum += column.len + (at != NULL);
	}
	if (sum > len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const how[] = { ",", "tab", "white", "csv", "csv;",
	    "csv\303\244" };
	struct columns_scan whole = { .at = 0 }, parts = { .at = 0 };
	struct columns c;
	size_t half;
	char *text;

	if (len < 2 ||
	    columns_read(&c, how[data[0] % (sizeof how / sizeof *how)]) != 0)
		return 0;
	half = data[1] % len;
	len -= 2;
	text = malloc(len + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data + 2, len);
	if (c.kind == COLUMNS_CSV) {
		half = half < len ? half : len;
		columns_open(&c, text, half, &parts);
		if (columns_open(&c, text, len, &parts) !=
		    columns_open(&c, text, len, &whole) ||
		    whole.quote != parts.quote)
			abort();
	}
	take_apart(&c, text, len);
	free(text);
	return 0;
}
