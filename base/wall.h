/*
 * wall.h - the time of day, for files and people
 *
 * For deadlines and durations there are div_now and div_awake, which nobody
 * sets back.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_WALL_H
#define WK_WALL_H

#include <stdint.h>

enum { WALL_TEXT_MAX = 32 };      /* bytes of any wall_seconds */

/* Milliseconds since 1970. */
int64_t wall_ms(void);

/* Milliseconds in seconds, with three decimals: "-1.500".  Returns text. */
const char *wall_seconds(char text[WALL_TEXT_MAX], int64_t ms);

#endif
