/*
 * carry.c - any frames of the other end of a link, for a connection whose client
 * may say anything, too, and send descriptors: in the end nothing of it stays
 *
 * The first byte says which end this is: that which makes wires, or the other;
 * and whether its client is a service that the other end may not say all to.
 * Then there are pieces, with a byte of 255 in between.  The first byte of a
 * piece says what it is:
 *
 *	d f w e x	a frame of this type, of the rest
 *	b		any bytes on the wire
 *	n		bytes of the client
 *	p q s t z	the same, with a descriptor
 *	a		the wire of a token, of 32 bytes, and bytes on it
 *	N W		the client, the other end hang up
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

/* So that the tokens of descriptors that are lent are known: 0000...01 */
static int fuzz_entropy(void *to, size_t len);
#define getentropy fuzz_entropy

#include "base/wrapper.h"
#define wk_note(...) ((void)0)

#include "base/serve.c"
#include "wrapw/carry.c"
#include "take.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { BETWEEN = 255, WIRES = 64, SETTLED = 1000, TOKEN = CARRY_TOKEN - 1 };

static int near_end, wire_end;
static int wires[WIRES];
static size_t wires_count;
static unsigned char lent;
static int guarded, near_spoke, near_heard;

static int
fuzz_entropy(void *to, size_t len)
{
	memset(to, 0, len);
	((unsigned char *)to)[len - 1] = ++lent;
	return 0;
}

static int
pair(int *other)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    fd) != 0)
		abort();
	*other = fd[1];
	return fd[0];
}

static void
arrive(const char *token, const void *rest, size_t len)
{
	int fd;

	if (wires_count == WIRES)
		return;
	fd = pair(&wires[wires_count++]);
	carry_arrived(token, fd, rest, len);
}

static void
reach(const char *token)
{
	arrive(token, "text\n", lent % 2 ? 5 : 0);
}

static void
send_frame(const uint8_t *data, size_t len)
{
	unsigned char head[HEAD] = { data[0] };

	len--;
	head[3] = (unsigned char)(len >> 8);
	head[4] = (unsigned char)len;
	div_send_now(wire_end, head, sizeof head, NULL, 0);
	div_send_now(wire_end, data + 1, len, NULL, 0);
}

/* A descriptor of the kind that the letter says, and what is to be closed with
 * it (or -1). */
static int
fuzz_open(int kind, int *other)
{
	int fd[2];

	*other = -1;
	if (kind == 't')
		return posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (kind == 'z')
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	if (kind == 's')
		return pair(other);
	if (div_pipe(fd) != 0)
		abort();
	*other = fd[kind == 'p'];
	return fd[kind != 'p'];
}

static void
send_descriptor(const uint8_t *data, size_t len)
{
	int other, fd = fuzz_open(data[0], &other);

	if (fd < 0)
		return;
	div_send_now(near_end, data + 1, len - 1, &fd, 1);
	close(fd);
	if (other >= 0 && wires_count < WIRES)
		wires[wires_count++] = other;
	else if (other >= 0)
		close(other);
}

static void
say_piece(const uint8_t *data, size_t len)
{
	char token[CARRY_TOKEN] = "";

	if (len == 0)
		return;
	if (strchr("npqstzN", data[0]) != NULL)
		near_spoke = 1;
	if (strchr("dfwex", data[0]) != NULL)
		send_frame(data, len);
	else if (data[0] == 'b')
		div_send_now(wire_end, data + 1, len - 1, NULL, 0);
	else if (data[0] == 'n' && len > 1)
		div_send_now(near_end, data + 1, len - 1, NULL, 0);
	else if (strchr("pqstz", data[0]) != NULL && len > 1)
		send_descriptor(data, len);
	else if (data[0] == 'N')
		shutdown(near_end, SHUT_RDWR);
	else if (data[0] == 'W')
		shutdown(wire_end, SHUT_RDWR);
	else if (data[0] == 'a' && len > TOKEN) {
		memcpy(token, data + 1, TOKEN);
		arrive(token, data + 1 + TOKEN, len - 1 - TOKEN);
	}
}

/* A service that hears a NUL before all else hears nothing more until it has
 * spoken (or was silent for longer than this takes). */
static void
check_guard(void)
{
	char text[2];
	ssize_t n;

	if (!guarded || near_spoke || near_heard)
		return;
	n = recv(near_end, text, sizeof text, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0)
		return;
	near_heard = 1;
	if (*text == '\0' && n > 1)
		abort();
}

static void
carry_rounds(void)
{
	int i;

	for (i = 0; i < 4; i++)
		if (wk_round(0) != 0)
			abort();
	check_guard();
	fuzz_take(near_end);
	fuzz_take(wire_end);
}

/* All hang up; nothing that has been carried stays. */
static void
end_all(void)
{
	int i;

	close(near_end);
	close(wire_end);
	while (wires_count > 0)
		close(wires[--wires_count]);
	for (i = 0; i < 8; i++)
		wk_round(0);
	while (all != NULL && i++ < SETTLED) {
		struct carried *c = all, *next;

		for (; c != NULL; c = next) {   /* they would wait for wires */
			next = c->next;
			end_carried(c);
		}
		wk_round(0);
	}
	for (i = 0; master.stays > 0; i++) {
		if (i == SETTLED)
			abort();
		wk_round(0);
	}
	if (master.stays != 0 || all != NULL || early_count != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct carry_ahead none = { .reply = "" };
	static int begun;
	const uint8_t *end;
	size_t n;
	int near, wire;

	if (len == 0)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	if (!begun && wk_init() != 0)
		abort();
	begun = 1;
	lent = 0;
	near_spoke = near_heard = 0;
	guarded = none.guarded = (data[0] & 2) != 0;
	carry_begin(data[0] & 1 ? reach : NULL);
	near = pair(&near_end);
	wire = pair(&wire_end);
	carry_circuit(near, wire, &none);
	for (data++, len--; len > 0; data += n, len -= n) {
		end = memchr(data, BETWEEN, len);
		n = end != NULL ? (size_t)(end - data) : len;
		say_piece(data, n);
		carry_rounds();
		n += end != NULL;
	}
	end_all();
	return 0;
}
