/*
 * record.c - any bytes as a record of diversions: what is taken is put in the
 * environment, and sets nothing but variables of diversions
 *
 * A regular expression looks at that, which knows nothing of how record.c does
 * it.  tests/fuzz.t runs this, too.
 *
 * SPDX-License-Identifier: ISC
 */
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wrapw/record.h"

extern char **environ;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int
is_of_diversion(const char *variable)
{
	static regex_t form;
	static int made;

	if (!made && regcomp(&form, "^[A-Za-z][A-Za-z0-9_]*_"
	    "(link=(d|[0-9]{1,6})$|list=|(d|[0-9]{1,6})=/)",
	    REG_EXTENDED | REG_NOSUB) != 0)
		abort();
	made = 1;
	return regexec(&form, variable, 0, NULL, 0) == 0;
}

static void
check_environment(void)
{
	char **e;

	for (e = environ; *e != NULL; e++)
		if (strcmp(*e, "PATH=/bin") != 0 && !is_of_diversion(*e))
			abort();
}

/* A record that was taken; how says what is done with it. */
static void
use(struct record *r, size_t how)
{
	static char *none[] = { NULL };
	char *fresh[] = { "PATH=/bin", "ptbw_1=/old", "ptbw_link=1", NULL };
	size_t i;

	for (i = 0; i < r->count; i++)
		if (!is_of_diversion(r->variable[i]))
			abort();
	environ = fresh;
	if (r->own != NULL && (how & 1) &&
	    record_rename(r, "/a/longer/name/than/it/had") != 0)
		abort();
	if (how & 2)
		record_without(r, "wrapw");
	if ((how & 4) && record_clear() != 0)
		abort();
	record_apply(r);
	check_environment();
	environ = none;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *copy = malloc(len + 1);
	struct record r;
	enum record_flaw flaw;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, len);
	flaw = record_read(&r, copy, len);
	if (flaw == RECORD_GOOD)
		use(&r, len);
	else if (*record_flaw_text(flaw) == '\0')
		abort();
	record_free(&r);
	return 0;
}
