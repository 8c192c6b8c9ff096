/*
 * title.c - any text as a title, an escape character, and a size
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "wire/title.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *
value(void *of, const char *name)
{
	(void)of;
	return name[0] == 'x' ? NULL : name;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct title_values v = { .escape = '%', .xid = "xid", .value = value };
	char *text = malloc(len + 1), *title;
	const char *at;
	size_t n, size;
	int e;

	if (text == NULL)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	e = title_escape(text);
	if (e > 255)
		abort();
	title = title_expand(text, &v, len & 1, &n);
	if (title != NULL && strlen(title) > n)
		abort();
	free(title);
	size_evaluate(text, &size, &at);
	free(text);
	return 0;
}
