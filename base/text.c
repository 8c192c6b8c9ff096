/*
 * text.c - small questions about strings, asked alike everywhere
 *
 * SPDX-License-Identifier: ISC
 */
#include "text.h"

size_t
text_ascii_length(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && data[n] >= ' ' && data[n] <= '~')
		n++;
	return n;
}

int
text_is_ascii(const char *text)
{
	return text[text_ascii_length(text, strlen(text))] == '\0';
}

int
text_is_clean(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == '\177')
			return 0;
	return 1;
}

int
text_is_name(const char *name, size_t n)
{
	size_t i;

	if (n == 0 || text_is_digit(name[0]))
		return 0;
	for (i = 0; i < n; i++)
		if (name[i] != '_' && !text_is_digit(name[i]) &&
		    ((name[i] | 32) < 'a' || (name[i] | 32) > 'z'))
			return 0;
	return 1;
}

const char *
text_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}
