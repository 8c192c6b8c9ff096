/*
 * tap.h - what the programs that test functions share
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>

static int count, failed;
static unsigned long long seed;

static void
ok(int good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++count, name);
	failed += !good;
}

/* A number below n, the same ones for the same seed. */
static unsigned
dice(unsigned n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(seed >> 33) % n;
}
