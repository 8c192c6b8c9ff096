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
end(const struct wk_master *m, struct div_socket *socket, int code)
{
	div_unlisten(socket);
	if (m->ended != NULL)
		m->ended();
	return code;
}

static int
failed(const struct wk_master *m, struct div_socket *socket, int code,
    const char *what)
{
	int e = errno;

	end(m, socket, code);
	wk_warn("%s: %s", what, strerror(e));
	return code;
}

int
wk_master_run(const struct wk_master *m, char **operands,
    const struct wk_called *called)
{
	struct div_socket socket;
	struct wk_spawn utility = wk_spawn_plain(NULL, NULL);
	pid_t pid = 0;
	int code;

	utility.group = m->group;
	utility.argv = wk_utility(operands, called, &utility.file);
	if (m->verbose)
		wk_serve_verbose = wk_note;
	if (wk_serve_begin() != 0)
		wk_die(WK_SYSTEM, "cannot serve: %s", strerror(errno));
	if (wk_became())
		wk_serve_for_utility();
	wk_listen(&socket, m->place);
	code = m->bound != NULL ? m->bound(&socket) : 0;
	if (code != 0)
		return end(m, &socket, code);
	if (!m->hidden)
		wk_publish(&socket, m->detached);
	if (utility.argv != NULL && (pid = wk_spawn(&utility)) < 0)
		return failed(m, &socket, wk_spawn_error_code(errno),
		    wk_command_name(utility.file));
	if (utility.argv == NULL && !m->hidden)
		wk_tell_socket(&socket, m->place);
	wk_serve_utility(pid);
	if (wk_serve_run(m->ops, &socket, &code) != 0)
		return failed(m, &socket, WK_SYSTEM, "cannot serve");
	return end(m, &socket, code);
}
