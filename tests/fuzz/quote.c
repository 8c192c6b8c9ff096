/*
 * quote.c - any text, quoted, is that text again as a word of a command
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xapply/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct quote_state s;
	const char *text = (const char *)data;
	enum quote_kind kind;
	char *command, *end;
	char **words;

	if (memchr(text, '\0', len) != NULL)
		return 0;
	memset(&s, 0, sizeof s);
	quote_follow(&s, text, len);    /* as a command it may be nonsense */
	quote_here(&s);
	memset(&s, 0, sizeof s);
	quote_follow(&s, "prog ", 5);
	kind = quote_here(&s);
	command = malloc(len + quote_growth(text, len, kind) + 6);
	if (command == NULL)
		return 0;
	memcpy(command, "prog ", 5);
	end = quote_put(command + 5, text, len, kind);
	words = quote_words(command, (size_t)(end - command), 0);
	if (words != NULL && (words[1] == NULL ||
	    strlen(words[1]) != len || memcmp(words[1], text, len) != 0 ||
	    words[2] != NULL))
		abort();
	free(words);
	free(command);
	return 0;
}
