/*
 * makeflags.c - the environment by which make and others find a jobserver
 *
 * MAKEFLAGS is a list of words with blanks between them, and backslashes in
 * front of what a word holds of these.  The first word may be letters without a
 * dash; behind "--" stand variables.  Of several options for a jobserver make
 * and ninja take the last one, and cargo the last --jobserver-auth.
 *
 * SPDX-License-Identifier: ISC
 */
#include "makeflags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static int
parts_words(char c)
{
	return c == ' ' || c == '\t';
}

/* Bytes of the word, its backslashes included. */
static size_t
word_length(const char *p)
{
	size_t n = 0;

	while (p[n] != '\0' && !parts_words(p[n]))
		n += p[n] == '\\' && p[n + 1] != '\0' ? 2 : 1;
	return n;
}

static int
is_number(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && text_is_digit(p[i]); i++)
		;
	return n > 0 && i == n;
}

/* The letters of a first word, "kj16" say, without those about jobs. */
static char *
copy_letters(char *to, const char *p, size_t n)
{
	size_t i = 0;

	while (i < n)
		if (p[i] == 'j')
			for (i++; i < n && text_is_digit(p[i]); i++)
				;
		else
			*to++ = p[i++];
	return to;
}

/* How much of p is an option about jobs: 0, or the bytes of its words. */
static size_t
about_jobs(const char *p, size_t n)
{
	size_t gap = n, next;

	if (strncmp(p, "-j", 2) != 0 && strncmp(p, "--jobs", 6) != 0 &&
	    strncmp(p, "--jobserver-", 12) != 0)
		return 0;
	if (n > 2 && (n != 6 || p[1] != '-'))
		return n;
	while (parts_words(p[gap]))        /* -j 4 */
		gap++;
	next = word_length(p + gap);
	return is_number(p + gap, next) ? gap + next : n;
}

char *
makeflags_with(const char *old, const char *options)
{
	const char *p = old != NULL ? old : "";
	char *all = malloc(strlen(p) + strlen(options) + 3), *to = all;
	size_t n;
	int first = 1;

	while (all != NULL) {
		while (parts_words(*p))
			p++;
		n = word_length(p);
		if (n == 0 || (n == 2 && strncmp(p, "--", 2) == 0))
			break;
		if (about_jobs(p, n) > 0) {
			p += about_jobs(p, n);
		} else {
			if (to > all || *p == '-')
				*to++ = ' ';
			if (first && *p != '-' && memchr(p, '=', n) == NULL) {
				to = copy_letters(to, p, n);
			} else {
				memcpy(to, p, n);
				to += n;
			}
			p += n;
		}
		first = 0;
	}
	if (all != NULL)
		sprintf(to, " %s%s%s", options, *p != '\0' ? " " : "", p);
	return all;
}

char *
makeflags_options(const char *fifo, int r, int w)
{
	size_t room = 2 * strlen(fifo) + 100;
	char *all = malloc(room), *to = all;

	if (all == NULL)
		return NULL;
	to += sprintf(to, "--jobserver-auth=fifo:");
	for (; *fifo != '\0'; fifo++) {
		if (parts_words(*fifo) || *fifo == '\\')
			*to++ = '\\';
		*to++ = *fifo;
	}
	*to = '\0';
	if (r >= 0)
		sprintf(to, " --jobserver-fds=%d,%d", r, w);
	return all;
}

const char *
makeflags_leaving(char *const *argv, const char **number)
{
	const char *p;

	for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
		p = text_after(*argv, "--jobs");
		if (p != NULL && (*p == '\0' || *p == '='))
			p += *p == '=';
		else
			p = text_after(*argv, "-j");
		if (p == NULL || (*p != '\0' && !is_number(p, strlen(p))))
			continue;
		*number = p;
		if (*p == '\0' && argv[1] != NULL &&
		    is_number(argv[1], strlen(argv[1])))
			*number = argv[1];
		return *argv;
	}
	return NULL;
}

int
makeflags_is_make(const char *command)
{
	const char *name = text_base_name(command);

	return strcmp(name, "make") == 0 || strcmp(name, "gmake") == 0;
}

int
makeflags_is_ninja(const char *command)
{
	return strcmp(text_base_name(command), "ninja") == 0;
}
