/*
 * size.c - sizes written as expressions
 *
 *	sum      product { + - product }
 *	product  signed { * / % signed }
 *	signed   { + - } side
 *	side     part { part }		multiplied: 2k, (1+1)k
 *	part     number | unit | ( sum )
 *
 * What stands side by side binds closest, so 1m/2k is 512.  Two numbers in
 * succession are malformed, or 08 and 1.5.5 would have a meaning.  All is
 * done in double, which is exact up to 2^53; no intermediate result may be
 * larger than ALL, so that neither infinity nor NaN appears.
 *
 * SPDX-License-Identifier: ISC
 */
#include "size.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define ALL 1e300

enum { DEPTH_MAX = 64 };        /* parentheses in parentheses */

struct reader {
	const char *at;
	int depth;
};

const char size_units[] =
    "w  2           a word\n"
    "l  4           a long word\n"
    "b  512         a block\n"
    "k  1024        a kilobyte\n"
    "m  1048576     a megabyte\n"
    "g  1073741824  a gigabyte\n";

static const struct unit {
	char letter;
	double bytes;
} units[] = {
	{ 'w', 2 }, { 'l', 4 }, { 'b', 512 },
	{ 'k', 1024 }, { 'm', 1048576 }, { 'g', 1073741824 },
};

static int read_sum(struct reader *r, double *v);

static int
size_fail(int error)
{
	errno = error;
	return -1;
}

static int
bounded(double v)
{
	return v >= -ALL && v <= ALL ? 0 : size_fail(ERANGE);
}

/* The character that comes next, behind blanks. */
static char
size_next(struct reader *r)
{
	r->at += strspn(r->at, " \t");
	return *r->at;
}

/* Not tolower(3), which depends on the locale. */
static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The value of a digit of this base, or -1. */
static int
digit(char c, int base)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = memchr(digits, lower(c), (size_t)base);

	return p != NULL ? (int)(p - digits) : -1;
}

static double
read_digits(struct reader *r, int base)
{
	double v = 0;
	int d;

	for (; (d = digit(*r->at, base)) >= 0; r->at++)
		if (v <= ALL)   /* beyond, any value says "too large" */
			v = v * base + d;
	return v;
}

/* The digits behind the point are joined to those before it and divided once,
 * which rounds best.  Those beyond the fifteenth have no weight. */
static double
read_fraction(struct reader *r, double v)
{
	double scale = 1;
	int d;

	for (; (d = digit(*r->at, 10)) >= 0; r->at++)
		if (scale < 1e15) {
			v = v * 10 + d;
			scale *= 10;
		}
	return v / scale;
}

static int
size_read_number(struct reader *r, double *v)
{
	const char *s = r->at;
	int base = 10;

	if (s[0] == '0' && lower(s[1]) == 'x' && digit(s[2], 16) >= 0) {
		base = 16;
		r->at += 2;
	} else if (s[0] == '0' && digit(s[1], 10) >= 0) {
		base = 8;
	}
	*v = read_digits(r, base);
	if (base == 10 && r->at[0] == '.' && digit(r->at[1], 10) >= 0) {
		r->at++;
		*v = read_fraction(r, *v);
	}
	return bounded(*v);
}

static int
size_read_nested(struct reader *r, double *v)
{
	if (r->depth == DEPTH_MAX)
		return size_fail(EINVAL);
	r->depth++;
	r->at++;
	if (read_sum(r, v) != 0)
		return -1;
	if (size_next(r) != ')')
		return size_fail(EINVAL);
	r->at++;
	r->depth--;
	return 0;
}

static int
read_unit(struct reader *r, double *v)
{
	size_t i;

	for (i = 0; i < sizeof units / sizeof *units; i++)
		if (units[i].letter == lower(*r->at)) {
			r->at++;
			*v = units[i].bytes;
			return 0;
		}
	return size_fail(EINVAL);
}

static int
begins_number(char c)
{
	return digit(c, 10) >= 0 || c == '.';
}

static int
read_part(struct reader *r, double *v)
{
	char c = size_next(r);

	if (c == '(')
		return size_read_nested(r, v);
	if (digit(c, 10) >= 0 || (c == '.' && digit(r->at[1], 10) >= 0))
		return size_read_number(r, v);
	return read_unit(r, v);
}

/* True if one more part has to follow.  read_part refuses what is none. */
static int
side_goes_on(char c)
{
	return c != '\0' && strchr("+-*/%)", c) == NULL;
}

static int
read_side(struct reader *r, double *v)
{
	int number = begins_number(size_next(r));
	double w;

	if (read_part(r, v) != 0)
		return -1;
	while (side_goes_on(size_next(r))) {
		if (number && begins_number(*r->at))
			return size_fail(EINVAL);
		number = begins_number(*r->at);
		if (read_part(r, &w) != 0)
			return -1;
		*v *= w;
		if (bounded(*v) != 0)
			return -1;
	}
	return 0;
}

static int
read_signed(struct reader *r, double *v)
{
	int negative = 0;

	for (; size_next(r) == '-' || *r->at == '+'; r->at++)
		negative ^= *r->at == '-';
	if (read_side(r, v) != 0)
		return -1;
	if (negative)
		*v = -*v;
	return 0;
}

/* What fmod(3) does, which is not in libc everywhere: long division, in
 * which each step is exact. */
static double
remainder_of(double v, double w)
{
	double rest = v < 0 ? -v : v, least = w < 0 ? -w : w, part = least;

	while (part <= rest / 2)
		part *= 2;
	for (; part >= least; part /= 2)
		if (rest >= part)
			rest -= part;
	return v < 0 ? -rest : rest;
}

static int
size_apply(char operator, double *v, double w)
{
	if (operator == '*') {
		*v *= w;
	} else if (w > 0 || w < 0) {
		*v = operator == '/' ? *v / w : remainder_of(*v, w);
	} else {
		return size_fail(EDOM);
	}
	return bounded(*v);
}

static int
read_product(struct reader *r, double *v)
{
	double w;
	char c;

	if (read_signed(r, v) != 0)
		return -1;
	while ((c = size_next(r)) == '*' || c == '/' || c == '%') {
		r->at++;
		if (read_signed(r, &w) != 0 || size_apply(c, v, w) != 0)
			return -1;
	}
	return 0;
}

static int
read_sum(struct reader *r, double *v)
{
	double w;
	char c;

	if (read_product(r, v) != 0)
		return -1;
	while ((c = size_next(r)) == '+' || c == '-') {
		r->at++;
		if (read_product(r, &w) != 0)
			return -1;
		*v += c == '+' ? w : -w;
		if (bounded(*v) != 0)
			return -1;
	}
	return 0;
}

/* Cut off the fraction.  A number a hair below a whole one got there by
 * rounding (1.15*100), and becomes that one. */
static int
whole(double v, size_t *bytes)
{
	uint64_t n;
	double fraction;

	if (!(v >= 0 && v < 0x1p63))
		return size_fail(ERANGE);
	n = (uint64_t)v;
	fraction = v - (double)n;
	if (fraction > 0.5 && 1 - fraction <= v * 0x1p-48)
		n++;
	if (n > SIZE_MAX / 2)
		return size_fail(ERANGE);
	*bytes = (size_t)n;
	return 0;
}

int
size_evaluate(const char *text, size_t *bytes, const char **at)
{
	struct reader r = { text, 0 };
	double v;
	int bad;

	bad = read_sum(&r, &v);
	*at = r.at;
	if (bad)
		return -1;
	return *r.at == '\0' ? whole(v, bytes) : size_fail(EINVAL);
}

const char *
size_reason(int error)
{
	return error == EDOM ? "a division by zero" :
	    error == ERANGE ? "negative or too large" : "not a size";
}
