/*
 * dice.h - chance that can be had once more, for what the tests try at random
 *
 * SPDX-License-Identifier: ISC
 */

static unsigned long long seed;

/* A number below n, the same ones for the same seed. */
static inline unsigned
dice(unsigned n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(seed >> 33) % n;
}
