/*
 * limit.c - how long a command may be
 *
 * Linux counts the pointers to the words as well, and has a quarter of the
 * stack for all; what sysconf says of that depends on the libc.
 *
 * SPDX-License-Identifier: ISC
 */
#include "limit.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

extern char **environ;

enum {
	SPARE = 4096,              /* for the program's name, and what the
	                              system adds */
	MOST = 2 << 20             /* more is no faster */
};

static size_t
limit_of_system(void)
{
#ifdef __linux__
	struct rlimit r;

	if (getrlimit(RLIMIT_STACK, &r) == 0 && r.rlim_cur / 4 < MOST)
		return r.rlim_cur / 4 > LIMIT_WORD ? r.rlim_cur / 4 :
		    LIMIT_WORD;
	return MOST;
#else
	long n = sysconf(_SC_ARG_MAX);

	return n < 0 || n > MOST ? MOST : (size_t)n;
#endif
}

size_t
limit_words(void)
{
	size_t used = SPARE, all = limit_of_system();
	char **e;

	for (e = environ; *e != NULL; e++)
		used += strlen(*e) + 1 + sizeof *e;
	return used < all ? all - used : 0;
}
