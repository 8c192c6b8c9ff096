/*
 * expand.c - any bytes as a template, with what follows a NUL as parameters
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xapply/expand.h"
#include "xapply/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { PARAMS = 4, OUT_MAX = 1 << 16 };

/* The parts between NULs: the template, then parameters; returns how many of
 * these there are. */
static size_t
split(struct expand_text *text, const char *data, size_t len)
{
	size_t n = 0;
	const char *end;

	while (n <= PARAMS) {
		end = memchr(data, '\0', len);
		text[n].data = data;
		text[n++].len = end != NULL ? (size_t)(end - data) : len;
		if (end == NULL)
			break;
		len -= (size_t)(end + 1 - data);
		data = end + 1;
	}
	return n - 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct expand_text text[PARAMS + 1];
	struct expand_rules rules = { .escape = '%', .tokens = 0 };
	struct expand_values v = { .number = 7 };
	struct expand_buffer out = { .max = OUT_MAX };
	struct expand_error err;
	struct expand *e;
	char **words;

	if (len < 1)
		return 0;
	rules.tail = data[0] & 1;
	rules.quote = (data[0] & 2) != 0;
	v.params = rules.params = split(text, (const char *)data + 1, len - 1);
	v.param = text + 1;
	e = expand_compile(text[0].data, text[0].len, &rules, &err);
	if (e == NULL)
		return 0;
	if (expand_run(e, &v, &out, &err) == 0) {
		if (out.len > OUT_MAX || out.data[out.len] != '\0')
			abort();
		words = quote_words(out.data, out.len, 0);
		free(words);
	} else if (strchr(err.reason, '\n') != NULL || err.at > err.len) {
		abort();
	}
	free(out.data);
	expand_free(e);
	return 0;
}
