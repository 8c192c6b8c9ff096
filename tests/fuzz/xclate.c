/*
 * xclate.c - any bytes of three clients of an xclate: in the end nobody has the
 * turn, or waits for it
 *
 * The first byte says what becomes of sections: the clients have the output
 * itself, or they come through the master.
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/serve.c"
#include "xclate/master.c"
#include "clients.h"

struct xclate_options xclate_opt = { .style = STYLE_DEFAULT };
const struct wk_program xclate = { .name = "xclate" };

int
above_2(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

void
variable_unset(const char *name)
{
	(void)name;
}

void
trace_command(const char *what, char *const *argv)
{
	(void)what, (void)argv;
}

static int
to_nowhere(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		abort();
	return fd;
}

static void
open_streams(void)
{
	xclate_opt.style.title = "%x";
	xclate_opt.report = 1;
	prepare_master();
	keep_streams();
	m.out = to_nowhere();
	m.widow = to_nowhere();
	m.in = to_nowhere();
	m.err = to_nowhere();
	m.how.results = -1;
	m.notify_on = 1;
	m.notified.fd = to_nowhere();
	begin_notify();
	prepare_sections();
}

/* What clients say for each of these options is the same. */
static void
choose(int how)
{
	m.looks = how & 1;
	m.how.tag = how & 2 ? "%x: " : NULL;
	m.how.fold = how & 4 ? LINES_GITHUB : LINES_AS_IS;
	m.how.newline = (how & 8) != 0;
	xclate_opt.keep_order = (how & 16) != 0;
	xclate_opt.ordered = (how & 48) == 32;
	m.queue.order = xclate_opt.keep_order ? TURN_ARRIVAL :
	    xclate_opt.ordered ? TURN_NUMBER : TURN_READY;
	ops.in_order = xclate_opt.keep_order;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (fuzz_begin(&ops))
		open_streams();
	choose(data[0]);
	fuzz_clients(data + 1, len - 1);
	if (m.holder != NULL || m.first != NULL || m.last != NULL ||
	    m.queue.count != 0 || m.inspect.active)
		abort();
	m.quit_asked = m.lost = 0;
	m.passed_count = m.next = m.done = 0;
	m.first_code = 0;
	memset(&m.failures, 0, sizeof m.failures);
	return 0;
}
