/*
 * wall.c - the time of day, for files and people
 *
 * SPDX-License-Identifier: ISC
 */
#include "wall.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

int64_t
wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What lies between two readings is negative if the clock was set back. */
const char *
wall_seconds(char text[WALL_TEXT_MAX], int64_t ms)
{
	uint64_t n = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;

	snprintf(text, WALL_TEXT_MAX, "%s%" PRIu64 ".%03u", ms < 0 ? "-" : "",
	    n / 1000, (unsigned)(n % 1000));
	return text;
}
