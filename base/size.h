/*
 * size.h - sizes written as expressions: 64k, (2+3)*2k, 0x10, 1.5m
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_SIZE_H
#define WK_SIZE_H

#include <stddef.h>

/*
 * Evaluate text: + - * / % and parentheses over decimal, octal and hex
 * integers, decimal fractions, and unit letters of either case (w 2, l 4,
 * b 512, k, m, g), where what stands side by side is multiplied (2k, a bare
 * k).  0 with the bytes, fractions cut off; -1 with errno: EINVAL malformed
 * (*at is where it stops making sense), EDOM divided by zero, ERANGE
 * negative or more than half the address space.
 */
int size_evaluate(const char *text, size_t *bytes, const char **at);

/* What such an errno means, for messages. */
const char *size_reason(int error);

/* The unit letters, a line each, for people. */
extern const char size_units[];

#endif
