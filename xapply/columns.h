/*
 * columns.h - a line taken apart into columns
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_COLUMNS_H
#define XAPPLY_COLUMNS_H

#include <stddef.h>

#include "expand.h"

/* How: at each separator, which is one character and may have several bytes; at
 * runs of white space; or at separators outside of the quotes of CSV. */
struct columns {
	enum { COLUMNS_PLAIN, COLUMNS_WHITE, COLUMNS_CSV } kind;
	const char *separator;
	size_t len;              /* its bytes */
};

/* How far a record of CSV has been looked at; all zero before its first
 * byte. */
struct columns_scan {
	size_t at;
	int inside;              /* of quotes */
	size_t quote;            /* where these begin */
	size_t closed;           /* behind the last ones, or 0 */
};

/* What text says: a character as it is or spelt like \t, "tab", "white", "csv",
 * or "csv" with a character behind it, which stays the caller's.  -1: nothing
 * of that. */
int columns_read(struct columns *c, const char *text);

/* 1 if the first len bytes of a record end within quotes, so that the record
 * goes on in the next line. */
int columns_open(const struct columns *c, const char *text, size_t len,
    struct columns_scan *s);

/*
 * The next column of what is between *at and end, which goes on behind it; *at
 * is NULL after the last.  Quotes are taken out, within the text.  -1 if
 * something else than a separator follows the quotes around a column.
 */
int columns_next(const struct columns *c, char **at, const char *end,
    struct expand_text *column);

#endif
