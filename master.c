/*
 * master.c - what a master does from its socket to its end
 *
 * SPDX-License-Identifier: ISC
 */
#include "master.h"

#include <errno.h>
#include <string.h>

#include "spawn.h"

static int
end(const struct master *m, struct div_socket *socket, int code)
{
	div_unlisten(socket);
	if (m->ended != NULL)
		m->ended();
	return code;
}

static int
failed(const struct master *m, struct div_socket *socket, int code,
    const char *what)
{
	int e = errno;

	end(m, socket, code);
	wr_warn("%s: %s", what, strerror(e));
	return code;
}

int
master_run(const struct master *m, char **operands,
    const struct wr_called *called)
{
	struct div_socket socket;
	struct spawn utility = { .keep = -1 };
	pid_t pid = 0;
	int code;

	utility.group = m->group;
	utility.argv = wr_utility(operands, called, &utility.file);
	if (m->verbose)
		serve_verbose = wr_note;
	if (serve_begin() != 0)
		wr_die(WR_SYSTEM, "cannot serve: %s", strerror(errno));
	if (wr_was_xapply())
		serve_for_utility();
	wr_listen(&socket, m->place);
	code = m->bound != NULL ? m->bound(&socket) : 0;
	if (code != 0)
		return end(m, &socket, code);
	if (!m->hidden)
		wr_publish(&socket, m->detached);
	if (utility.argv != NULL && (pid = spawn(&utility)) < 0)
		return failed(m, &socket, spawn_error_code(errno),
		    wr_command_name(utility.file));
	if (utility.argv == NULL && !m->hidden)
		wr_tell_socket(&socket, m->place);
	serve_utility(pid);
	if (serve_run(m->ops, &socket, &code) != 0)
		return failed(m, &socket, WR_SYSTEM, "cannot serve");
	return end(m, &socket, code);
}
