/*
 * record.c - any bytes as a record of diversions: what is taken is put in the
 * environment, and sets nothing but variables of diversions
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wrapw/record.h"

extern char **environ;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* PREFIX_NUMBER, PREFIX_link, PREFIX_list or PREFIX_d, with an absolute path in
 * all but the second: here only that PATH stays and no name is odd. */
static void
check_environment(void)
{
	char **e;
	const char *p;

	for (e = environ; *e != NULL; e++) {
		if (strcmp(*e, "PATH=/bin") == 0)
			continue;
		p = strpbrk(*e, "_=");
		if (p == NULL || p == *e || *p == '=')
			abort();
		for (p = *e; *p != '='; p++)
			if (*p <= ' ' || *p > '~')
				abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char *fresh[] = { "PATH=/bin", NULL };
	char *copy = malloc(len + 1);
	struct record r;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, len);
	if (record_read(&r, copy, len) != RECORD_GOOD)
		return 0;
	environ = fresh;
	if (record_clear() != 0 || strcmp(getenv("PATH"), "/bin") != 0)
		abort();
	if (r.own != NULL && record_rename(&r, "/new") != 0)
		abort();
	record_apply(&r);
	check_environment();
	record_free(&r);
	clearenv();
	return 0;
}
