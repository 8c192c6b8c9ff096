/*
 * records.c - mutated records of diversions: none sets anything else
 *
 *	records [seed [count]]
 *
 * Prints TAP.  The seed is printed.  What record.c takes is looked at with a
 * regular expression, which knows nothing of how record.c does it.
 *
 * SPDX-License-Identifier: ISC
 */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wrapw/record.h"
#include "tap.h"

enum { COUNT = 100000, ROOM = 4096 };

extern char **environ;

static regex_t variable;

/* --- records to begin with, and what is done to them --- */

#define R(text) { text, sizeof text - 1 }
static const struct {
	const char *text;
	size_t len;
} seeds[] = {
	R("/tmp/wrapwIepg39/ww0\0wrapw_link=1\0wrapw_1=/tmp/wrapwIepg39/ww0\0"
	    "ptbw_1=/tmp/wrapwIepg39/ww0/0\0ptbw_link=1\0"),
	R("/s\0xcl_1=/s/0\0xcl_2=/s/1\0xcl_link=2\0xcl_d=/s/2\0xcl_list=\0"),
	R("/a/b\0a_b_c_12=/a/b/3\0a_b_c_link=d\0a_b_c_d=/x\0ptbw_0=/y\0"),
	R("/\0Z9_999999=/\0Z9_link=999999\0"),
	R("/x\0"),
	R("")
};

static const char *const words[] = { "PATH=/evil", "LD_PRELOAD=/e.so", "_1=/x",
	"IFS=_d", "=", "_link=", "_list", "ptbw_", "_d=/x", "\n",
	"PATH=/x\n_1=/y", "999999999999", "-1", "00" };

static size_t
insert(char *to, size_t len, size_t at, const char *what, size_t n)
{
	if (len + n > ROOM)
		return len;
	memmove(to + at + n, to + at, len - at);
	memcpy(to + at, what, n);
	return len + n;
}

static size_t
mutate(char *to, size_t len)
{
	static char piece[ROOM];
	size_t at = len > 0 ? dice((unsigned)len) : 0, n;
	char c = dice(3) ? (char)dice(256) : "\0=/_d19"[dice(7)];
	const char *w = words[dice(sizeof words / sizeof *words)];

	if (len == 0)
		return insert(to, 0, 0, w, strlen(w));
	n = dice((unsigned)(len - at));
	switch (dice(7)) {
	case 0:
		to[at] ^= (char)(1 << dice(8));
		return len;
	case 1:
		to[at] = c;
		return len;
	case 2:
		return insert(to, len, at, &c, 1);
	case 3:                 /* a piece is gone */
		memmove(to + at, to + at + n, len - at - n);
		return len - n;
	case 4:                 /* a piece is there twice */
		memcpy(piece, to + at, n);
		return insert(to, len, at, piece, n);
	case 5:                 /* its end is gone */
		return at;
	default:
		return insert(to, len, at, w, strlen(w) + dice(2));
	}
}

/* --- what is looked at --- */

static int
all_are_diversions(const struct record *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (regexec(&variable, r->variable[i], 0, NULL, 0) != 0)
			return 0;
	return 1;
}

/* The environment holds nothing but such variables, and what it held. */
static int
is_clean(void)
{
	char **e;

	for (e = environ; *e != NULL; e++)
		if (regexec(&variable, *e, 0, NULL, 0) != 0 &&
		    strcmp(*e, "PATH=/bin") != 0 && strcmp(*e, "X=y") != 0)
			return 0;
	return 1;
}

static int
restores_well(struct record *r)
{
	static char *fresh[] = { "PATH=/bin", "X=y", "ptbw_1=/old",
	    "ptbw_link=1", NULL };
	int good;

	environ = fresh;
	if (dice(2) && record_rename(r, "/a/longer/name/than/it/had") != 0)
		return 0;
	if (dice(2))
		record_without(r, "wrapw");
	if (dice(2) && record_clear() != 0)
		return 0;
	good = record_apply(r) == 0 && is_clean();
	environ = fresh;
	return good && all_are_diversions(r);
}

static void
fuzz(long n)
{
	long i, taken = 0, bad = 0;
	char text[ROOM + 64], *data;
	enum record_flaw flaw;
	struct record r;
	size_t len, k, which;

	for (i = 0; i < n && bad == 0; i++) {
		which = dice(sizeof seeds / sizeof *seeds);
		len = seeds[which].len;
		memcpy(text, seeds[which].text, len);
		for (k = dice(5); k > 0; k--)
			len = mutate(text, len);
		data = malloc(len + 1);     /* so much: see who reads more */
		memcpy(data, text, len);
		flaw = record_read(&r, data, len);
		if (flaw == RECORD_GOOD) {
			taken++;
			bad += !all_are_diversions(&r) ||
			    (i % 8 == 0 && !restores_well(&r));
		} else {
			bad += *record_flaw_text(flaw) == '\0';
		}
		record_free(&r);
	}
	printf("# %ld records, %ld of them were taken\n", i, taken);
	ok(bad == 0, "a mutated record sets no other variable");
	ok(taken > n / 20 && taken < n - n / 20,
	    "some are taken, some are not");
}

int
main(int argc, char **argv)
{
	seed = argc > 1 ? strtoull(argv[1], NULL, 10) :
	    (unsigned long)time(NULL);
	printf("# seed %llu\n", seed);
	if (regcomp(&variable, "^[A-Za-z][A-Za-z0-9_]*_(link|list|d|[0-9]+)=",
	    REG_EXTENDED | REG_NOSUB) != 0)
		return 1;
	fuzz(argc > 2 ? atol(argv[2]) : COUNT);
	printf("1..%d\n", count);
	return failed != 0;
}
