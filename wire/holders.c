/*
 * holders.c - who has the tokens of a ptbw, and who waits, by the system
 *
 * SPDX-License-Identifier: ISC
 */
#include "holders.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 4096 };           /* tokens asked for at once */

void
holders_begin(struct holders *h, struct broker *b)
{
	memset(h, 0, sizeof *h);
	h->broker = b;
}

void
holders_end(struct holders *h)
{
	free(h->table);
	h->table = NULL;
}

/* The first line of the answer to Y: where the master's numbers are of. */
static int
take_place(struct holders *h, const char *line)
{
	struct peer_place here, there;

	if (sscanf(line, "%39[0-9a-f-] %lu", there.host, &there.processes) !=
	    2) {
		errno = EPROTO;
		return -1;
	}
	peer_here(&here);
	h->same_host = strcmp(here.host, there.host) == 0;
	h->same_processes = h->same_host && here.processes == there.processes;
	return 0;
}

/* The answer to Y, the caller's to free; NULL with errno, or with 0: the master
 * does not know it. */
static char *
ask_queue(struct holders *h)
{
	size_t len;
	char *text;

	errno = 0;
	text = broker_queue(h->broker, &len);
	if (text == NULL) {
		if (errno == 0)
			h->state = HOLDERS_CLAIMED;
		return NULL;
	}
	if (h->state == HOLDERS_UNASKED && (take_place(h, text) != 0 ||
	    (h->table = peer_holders(&h->count)) == NULL)) {
		free(text);
		return NULL;
	}
	h->state = HOLDERS_KNOWN;
	return text;
}

/* May we see what a process has open? */
static int
is_open_to_us(long pid)
{
	char path[40];
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%ld/fd", pid);
	dir = opendir(path);
	if (dir != NULL)
		closedir(dir);
	return dir != NULL;
}

/* The process that connected, or one that has inherited the connection. */
static long
seen_pid(const struct holders *h, const struct broker_peer *p)
{
	long known = h->same_processes ? p->pid : 0, pid = 0;

	if (h->same_host)
		pid = peer_find(h->table, h->count, p->socket, known);
	if (pid > 0)
		return pid;
	/* of those that we cannot look into, we have to believe that they have
	 * it still; nor is it known where the system has no such numbers */
	if (known > 0 && (p->socket == 0 || !is_open_to_us(known)) &&
	    (kill((pid_t)known, 0) == 0 || errno == EPERM))
		return known;
	return HOLDER_UNSEEN;
}

/* Put the facts in the place of claims. */
static int
ask_peers(struct holders *h, const uint32_t *token, size_t n,
    struct holder *to[])
{
	struct broker_peer *p = malloc(n * sizeof *p);
	size_t i;

	if (p == NULL)
		return -1;
	if (broker_peers(h->broker, token, n, p) != 0) {
		free(p);
		return -1;
	}
	for (i = 0; i < n; i++) {
		to[i]->pid = p[i].held ? seen_pid(h, &p[i]) : 0;
		to[i]->claim = p[i].claim;
	}
	free(p);
	return 0;
}

static int
ask_window(struct holders *h, size_t first, size_t n, struct holder *to)
{
	static long lock[WINDOW];
	static uint32_t held[WINDOW];
	static struct holder *of[WINDOW];
	size_t i, count = 0;

	if (broker_holders(h->broker, 'O', first, n, lock) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		to[i].pid = to[i].claim = lock[i] > 0 ? lock[i] : 0;
		if (lock[i] > 0) {
			of[count] = &to[i];
			held[count++] = (uint32_t)(first + i);
		}
	}
	if (count > 0 && h->state == HOLDERS_UNASKED) {
		free(ask_queue(h));
		if (h->state == HOLDERS_UNASKED)
			return -1;
	}
	if (count == 0 || h->state == HOLDERS_CLAIMED)
		return 0;
	return ask_peers(h, held, count, of);
}

int
holders_ask(struct holders *h, size_t first, size_t n, struct holder *to)
{
	size_t i, more;

	for (i = 0; i < n; i += more) {
		more = n - i < WINDOW ? n - i : WINDOW;
		if (ask_window(h, first + i, more, to + i) != 0)
			return -1;
	}
	return 0;
}

/* --- who waits --- */

/* A line "PID SOCKET CLAIM tokens seconds", or as W has it. */
static int
take_waiting(const struct holders *h, const char *line, struct waiting *w)
{
	struct broker_peer p = { .held = 1 };

	if (h->state == HOLDERS_CLAIMED) {
		if (sscanf(line, "%ld %lu %lu", &p.claim, &w->tokens,
		    &w->seconds) != 3)
			return 0;
		w->who.pid = w->who.claim = p.claim;
		return 1;
	}
	if (sscanf(line, "%ld %lu %ld %lu %lu", &p.pid, &p.socket, &p.claim,
	    &w->tokens, &w->seconds) != 5)
		return 0;
	w->who.pid = seen_pid(h, &p);
	w->who.claim = p.claim;
	return 1;
}

static int
take_list(const struct holders *h, const char *text, struct waiting **list,
    size_t *count)
{
	const char *line, *end;
	size_t lines = 0;

	for (line = text; (end = strchr(line, '\n')) != NULL; line = end + 1)
		lines++;
	*list = malloc((lines + 1) * sizeof **list);
	if (*list == NULL)
		return -1;
	for (line = text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		if (!take_waiting(h, line, *list + *count))
			break;
		++*count;
	}
	return 1;
}

int
holders_waiting(struct holders *h, struct waiting **list, size_t *count)
{
	size_t len;
	char *text, *queue = NULL;
	int r;

	*list = NULL;
	*count = 0;
	errno = 0;
	text = broker_waiting(h->broker, &len);
	if (text == NULL)
		return errno != 0 ? -1 : 0;
	/* where nobody waits there is nothing to be found out */
	if (len > 0 && h->state != HOLDERS_CLAIMED) {
		queue = ask_queue(h);
		if (queue == NULL && h->state != HOLDERS_CLAIMED) {
			free(text);
			return -1;
		}
	}
	if (queue != NULL)
		r = take_list(h, queue + strcspn(queue, "\n") + 1, list, count);
	else
		r = take_list(h, text, list, count);
	free(queue);
	free(text);
	return r;
}
