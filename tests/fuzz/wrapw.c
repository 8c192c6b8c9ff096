/*
 * wrapw.c - any bytes of three clients of a wrapw: cookies and the control
 * protocol.  What is handed out is a socket where nobody answers.
 *
 * SPDX-License-Identifier: ISC
 */
#include <sys/un.h>

#include "base/serve.c"
#include "wrapw/master.c"
#include "clients.h"

#define HERE "/proc/self/cwd/"

struct wrapw_options wrapw_opt;
const struct wk_program wrapw = { .name = "wrapw", .prefix = "wrapw" };

static int fuzz_service;

static void
begin_service(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "s" };

	unlink(sun.sun_path);
	fuzz_service = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fuzz_service < 0 || bind(fuzz_service, (struct sockaddr *)&sun,
	    sizeof sun) != 0 || listen(fuzz_service, 100) != 0)
		abort();
}

static void
begin_space(void)
{
	static char *envp[] = { "ptbw_1=" HERE "s", "ptbw_link=1",
	    "wrapw_1=" HERE "s", "wrapw_link=1", "xcl_d=" HERE "s/0", NULL };

	space.own = HERE "own";
	if (space_collect(&space, envp, wrapw.prefix, 1) != 0)
		abort();
}

static void
end_space(void)
{
	size_t i;

	for (i = 0; i < space.count; i++) {
		space_release(space.entry[i]->targets);
		free(space.entry[i]->name);
		free(space.entry[i]);
	}
	free(space.entry);
	memset(&space, 0, sizeof space);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd;

	if (fuzz_begin(&ops))
		begin_service();
	begin_space();
	fuzz_clients(data, len);
	while ((fd = accept(fuzz_service, NULL, NULL)) >= 0)
		close(fd);
	end_space();
	return 0;
}
