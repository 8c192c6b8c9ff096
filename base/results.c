/*
 * results.c - a directory with a file for each section, which has its output
 *
 * SPDX-License-Identifier: ISC
 */
#include "results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { XID_MAX = 255 };

/* --- which names have come already --- */

/* FNV-1a, never 0.  After a collision, a file is appended to that should be
 * begun anew. */
static uint64_t
hash_of(const char *s)
{
	uint64_t h = 14695981039346656037u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h != 0 ? h : 1;
}

/* Where in the table the hash is, or would be. */
static uint64_t *
place_of(uint64_t *table, size_t room, uint64_t h)
{
	size_t i = (size_t)h & (room - 1);

	while (table[i] != 0 && table[i] != h)
		i = (i + 1) & (room - 1);
	return &table[i];
}

/* -1 when there is no memory. */
static int
make_room(struct results *r)
{
	size_t room = r->room ? 2 * r->room : 256, i;
	uint64_t *table;

	if (2 * r->count < r->room)
		return 0;
	table = calloc(room, sizeof *table);
	if (table == NULL)
		return -1;
	for (i = 0; i < r->room; i++)
		if (r->seen[i] != 0)
			*place_of(table, room, r->seen[i]) = r->seen[i];
	free(r->seen);
	r->seen = table;
	r->room = room;
	return 0;
}

/* 1 if this is the first result of that name in this run; -1 without memory. */
static int
first_of_name(struct results *r, const char *name)
{
	uint64_t h = hash_of(name), *p;

	if (make_room(r) != 0)
		return -1;
	p = place_of(r->seen, r->room, h);
	if (*p == h)
		return 0;
	*p = h;
	r->count++;
	return 1;
}

/* --- files --- */

size_t
results_name(char *text, const char *xid)
{
	size_t len = strnlen(xid, XID_MAX), n = 0, i;
	unsigned char c;

	if (len == 0)
		text[n++] = '%';
	for (i = 0; i < len; i++) {
		c = (unsigned char)xid[i];
		if (c < ' ' || c > '~' || c == '/' || c == '%' ||
		    (c == '.' && i == 0))
			n += (size_t)sprintf(text + n, "%%%02X", c);
		else
			text[n++] = (char)c;
	}
	text[n] = '\0';
	return n;
}

/*
 * A file of that name in dir that is ours alone: what somebody else has put
 * there, or another name of a file, is not written to, but replaced.  -1 with
 * errno; EEXIST for what is no file, as we might have to wait for it.
 */
static int
own_file(int dir, const char *name, int how)
{
	struct stat st;
	int fd;

	how |= O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW |
	    O_NONBLOCK;
	fd = openat(dir, name, how, 0666);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		if (st.st_uid == geteuid() && st.st_nlink == 1)
			return fd;
		close(fd);
		return unlinkat(dir, name, 0) != 0 ? -1 :
		    openat(dir, name, how | O_EXCL, 0666);
	}
	close(fd);
	errno = EEXIST;
	return -1;
}

/* Where names may get this suffix, one of n bytes that has it already has its
 * dot escaped, so that each suffix is ours. */
static void
keep_apart(char *name, size_t n, const char *suffix)
{
	size_t len = strlen(suffix);
	char *dot = name + n - len;

	if (n < len || strcmp(dot, suffix) != 0)
		return;
	memmove(dot + 3, dot + 1, len);
	memcpy(dot, "%2E", 3);
}

int
results_file(struct results *r, const char *xid, const char *suffix)
{
	char name[RESULTS_NAME_MAX + 2 + 16];
	int first, fd, e;
	size_t n;

	n = results_name(name, xid);
	if (r->suffix != NULL)
		keep_apart(name, n, r->suffix);
	strncat(name, suffix, 15);
	first = first_of_name(r, name);
	if (first < 0) {
		errno = ENOMEM;
		return -1;
	}
	fd = own_file(r->dir, name, first ? 0 : O_APPEND);
	/* not before it is known to be ours */
	if (fd >= 0 && first && ftruncate(fd, 0) != 0) {
		e = errno;
		close(fd);
		errno = e;
		return -1;
	}
	return fd;
}

/* Where everybody may make a directory, one of somebody else's is a trap. */
static int
planted(int dir)
{
	struct stat st, above;

	return fstat(dir, &st) != 0 || fstatat(dir, "..", &above, 0) != 0 ||
	    (st.st_uid != geteuid() && st.st_uid != 0 &&
	    (above.st_mode & (S_IWGRP | S_IWOTH)) != 0);
}

const char *
results_open(struct results *r, const char *path)
{
	r->path = path;
	r->dir = -1;
	if (mkdir(path, 0777) == 0 || errno == EEXIST)
		r->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0)
		return strerror(errno);
	return planted(r->dir) ? "it belongs to somebody else" : NULL;
}
