/*
 * peer.c - which processes are at the other end of a connection, by the system
 *
 * Linux tells by sock_diag(7) and in /proc; elsewhere nothing is known.
 *
 * SPDX-License-Identifier: ISC
 */
#include "peer.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void
peer_here(struct peer_place *p)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	struct stat st;

	if (f == NULL || fscanf(f, "%39[0-9a-f-]", p->host) != 1)
		strcpy(p->host, "-");
	if (f != NULL)
		fclose(f);
	p->processes = stat("/proc/self/ns/pid", &st) == 0 ?
	    (unsigned long)st.st_ino : 0;
}

/* --- the other end --- */

#ifdef __linux__
enum {                          /* as in headers that not every libc has */
	SOCK_DIAG = 4, BY_FAMILY = 20, REQUEST = 1, SHOW_PEER = 4, PEER = 2
};

/* What is said about a socket, and asked. */
struct diag_head {
	uint32_t len;
	uint16_t type, flags;
	uint32_t sequence, pid;
};

struct diag_question {
	struct diag_head head;
	uint8_t family, protocol;
	uint16_t pad;
	uint32_t states, socket, show, cookie[2];
};

struct diag_answer {
	struct diag_head head;
	uint8_t family, type, state, pad;
	uint32_t socket, cookie[2];
};

struct diag_attribute {
	uint16_t len, type;
	uint32_t value;
};

/* The peer among the attributes of an answer. */
static unsigned long
peer_in(const char *text, size_t len)
{
	struct diag_attribute a;
	struct diag_answer h;
	size_t at = sizeof h;

	if (len < sizeof h)
		return 0;
	memcpy(&h, text, sizeof h);
	if (h.head.type != BY_FAMILY)
		return 0;
	for (; at + sizeof a <= len; at += (a.len + 3u) & ~3u) {
		memcpy(&a, text + at, sizeof a);
		if (a.type == PEER && a.len == sizeof a)
			return a.value;
		if (a.len < 4)
			break;
	}
	return 0;
}

unsigned long
peer_socket(int sock)
{
	struct diag_question q = {
		.head = { sizeof q, BY_FAMILY, REQUEST, 1, 0 },
		.family = AF_UNIX, .states = UINT32_MAX, .show = SHOW_PEER,
		.cookie = { UINT32_MAX, UINT32_MAX }
	};
	struct stat st;
	char text[512];
	unsigned long found = 0;
	ssize_t n;
	int fd;

	if (fstat(sock, &st) != 0)
		return 0;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, SOCK_DIAG);
	if (fd < 0)
		return 0;
	q.socket = (uint32_t)st.st_ino;
	/* the kernel answers before send returns */
	if (send(fd, &q, sizeof q, MSG_DONTWAIT) == (ssize_t)sizeof q &&
	    (n = recv(fd, text, sizeof text, MSG_DONTWAIT)) > 0)
		found = peer_in(text, (size_t)n);
	close(fd);
	return found;
}
#else
unsigned long
peer_socket(int sock)
{
	(void)sock;
	return 0;
}
#endif

/* --- who has it open --- */

struct table {
	struct peer_holder *holder;
	size_t count, room;
};

static int
add_holder(struct table *t, unsigned long sock, long pid)
{
	struct peer_holder *more;
	size_t room = t->room > 0 ? 2 * t->room : 256;

	if (t->count == t->room) {
		more = realloc(t->holder, room * sizeof *more);
		if (more == NULL)
			return -1;
		t->holder = more;
		t->room = room;
	}
	t->holder[t->count++] = (struct peer_holder){ sock, pid };
	return 0;
}

/* The sockets among the descriptors of a process, if we may see them. */
static int
add_sockets_of(struct table *t, const char *process)
{
	char path[64], name[64];
	unsigned long sock;
	struct dirent *d;
	DIR *dir;
	ssize_t n;
	int r = 0;

	snprintf(path, sizeof path, "/proc/%.20s/fd", process);
	dir = opendir(path);
	while (dir != NULL && r == 0 && (d = readdir(dir)) != NULL) {
		n = readlinkat(dirfd(dir), d->d_name, name, sizeof name - 1);
		name[n > 0 ? n : 0] = '\0';
		if (sscanf(name, "socket:[%lu]", &sock) == 1)
			r = add_holder(t, sock, strtol(process, NULL, 10));
	}
	if (dir != NULL)
		closedir(dir);
	return r;
}

static int
by_socket(const void *a, const void *b)
{
	const struct peer_holder *x = a, *y = b;

	if (x->socket != y->socket)
		return x->socket < y->socket ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

struct peer_holder *
peer_holders(size_t *count)
{
	struct table t = { NULL, 0, 0 };
	DIR *dir = opendir("/proc");
	struct dirent *d;
	int r = add_holder(&t, 0, 0);   /* so that there is a table */

	while (dir != NULL && r == 0 && (d = readdir(dir)) != NULL)
		if (d->d_name[strspn(d->d_name, "0123456789")] == '\0')
			r = add_sockets_of(&t, d->d_name);
	if (dir != NULL)
		closedir(dir);
	if (r != 0) {
		free(t.holder);
		errno = ENOMEM;
		return NULL;
	}
	qsort(t.holder, t.count, sizeof *t.holder, by_socket);
	*count = t.count;
	return t.holder;
}

long
peer_find(const struct peer_holder *table, size_t count, unsigned long sock,
    long preferred)
{
	size_t low = 0, high = count, middle;
	long first;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (table[middle].socket < sock)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || table[low].socket != sock || sock == 0)
		return 0;
	first = table[low].pid;
	for (; low < count && table[low].socket == sock; low++)
		if (table[low].pid == preferred)
			return preferred;
	return first;
}
