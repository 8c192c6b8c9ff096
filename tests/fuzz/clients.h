/*
 * clients.h - the input of a fuzzer as what clients say to a master, which is
 * in this process: base/serve.c is part of the file that includes this one
 *
 * The input has pieces, with a byte of 255 in between.  The first byte of a
 * piece says which client it is of; the rest is what that one sends.  Nothing
 * more: it hangs up.  With 16 added to the first byte it leaves what it is sent
 * where it is.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef FUZZ_CLIENTS_H
#define FUZZ_CLIENTS_H

#include <stdint.h>

#include "take.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { CLIENTS = 3, BETWEEN = 255, LEAVES = 16, SETTLED = 1000 };

static int fuzz_client[CLIENTS] = { -1, -1, -1 };

/* A round in which nothing is waited for. */
static void
fuzz_round(void)
{
	master.to_accept = 1;
	if (serve_round() != 0)
		abort();
}

static int
fuzz_connect(void)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    fd) != 0)
		abort();
	add_client(fd[0]);
	return fd[1];
}

static void
fuzz_say(const uint8_t *data, size_t len)
{
	int *fd;

	if (len == 0)
		return;
	fd = &fuzz_client[data[0] % CLIENTS];
	if (*fd >= 0 && len == 1) {
		close(*fd);
		*fd = -1;
	} else {
		if (*fd < 0)
			*fd = fuzz_connect();
		if (len > 1)
			div_send_now(*fd, data + 1, len - 1, NULL, 0);
	}
	fuzz_round();
	if (*fd >= 0 && !(data[0] & LEAVES))
		fuzz_take(*fd);
	fuzz_round();
}

/* Before all else; 0 when that has been done. */
static int
fuzz_begin(const struct wk_ops *of)
{
	static struct div_socket none = { .fd = -1 };

	if (master.ops != NULL)
		return 0;
	if (wk_init() != 0 || serve_prepare(of, &none) != 0)
		abort();
	master.limit = RLIM_INFINITY;
	wk_serve_utility(0);
	return 1;
}

/* All pieces; and then all clients hang up, and nothing of them must stay. */
static void
fuzz_clients(const uint8_t *data, size_t len)
{
	const uint8_t *end;
	size_t i, n;

	for (; len > 0; data += n, len -= n) {
		end = memchr(data, BETWEEN, len);
		n = end != NULL ? (size_t)(end - data) : len;
		fuzz_say(data, n);
		n += end != NULL;
	}
	for (i = 0; i < CLIENTS; i++) {
		if (fuzz_client[i] >= 0)
			close(fuzz_client[i]);
		fuzz_client[i] = -1;
	}
	for (i = 0; master.count > 0 || master.stays > 0 ||
	    master.parked != NULL; i++) {
		if (i == SETTLED)
			abort();
		fuzz_round();
	}
	if (master.known != 0 || master.untaken != 0)
		abort();
	master.ended = master.refusing = 0;
}

#endif
