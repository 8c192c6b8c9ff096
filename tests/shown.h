/*
 * shown.h - any bytes, in what the programs that test texts print
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>

/* One line of what was wanted and what came instead. */
static void
show(const char *what, const char *data, size_t len)
{
	printf("# %s (%zu): ", what, len);
	for (; len > 0; len--, data++)
		if (*data < ' ' || *data > '~' || *data == '\\')
			printf("\\%03o", (unsigned char)*data);
		else
			putchar(*data);
	putchar('\n');
}

/* A test's name that has the text in it, cut where it is long. */
static const char *
named(const char *what, const char *text)
{
	static char name[100];
	size_t n = (size_t)snprintf(name, 40, "%s: ", what);

	for (; *text != '\0' && n < sizeof name - 8; text++)
		if (*text < ' ' || *text > '~' || *text == '\\' || *text == '#')
			n += (size_t)sprintf(name + n, "\\%03o",
			    (unsigned char)*text);
		else
			name[n++] = *text;
	name[n] = '\0';
	return name;
}
