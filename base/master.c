/*
 * master.c - what a master does from its socket to its end
 *
 * SPDX-License-Identifier: ISC
 */
#include "master.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spawn.h"
#include "trace.h"

/* A file that cannot be had is no reason not to serve. */
static void
begin_trace(int to_stderr)
{
	const char *path = getenv("WRAPKIT_TRACE");

	if (path != NULL && *path == '\0')
		path = NULL;
	if (wk_trace_begin(wk_program_name(), path, to_stderr) != 0)
		wk_warn("$WRAPKIT_TRACE: %s: %s", path, strerror(errno));
}

/* From the first step to the socket that listens. */
static void
begin(const struct wk_master *m, const struct wk_spawn *utility,
    struct div_socket *socket)
{
	wk_serve_say = wk_note;
	if (m->verbose)
		wk_serve_verbose = wk_note;
	begin_trace(m->verbose > 1);
	if (wk_serve_begin() != 0)
		wk_die(WK_SYSTEM, "cannot serve: %s", strerror(errno));
	if (wk_became())
		wk_serve_for_utility();
	if (m->child != 0)
		wk_serve_utility(m->child);
	if (m->begun != NULL)
		m->begun(utility);
	wk_listen(socket, m->place);
}

/* Returns the utility's pid, 0 for none; -1 after a message, with *code. */
static pid_t
master_start(const struct wk_master *m, struct wk_spawn *utility, int *code)
{
	pid_t pid;

	if (m->child != 0)
		return m->child;
	if (utility->argv == NULL)
		return 0;
	pid = m->start != NULL ? m->start(utility) : wk_spawn(utility);
	if (pid < 0) {
		*code = wk_spawn_error_code(errno);
		wk_warn("%s: %s", wk_command_name(utility->file),
		    strerror(errno));
	}
	return pid;
}

/* From there to the exit code: 0 while all is well. */
static int
live(const struct wk_master *m, struct div_socket *socket,
    struct wk_spawn *utility)
{
	int code = m->bound != NULL ? m->bound(socket) : 0;
	pid_t pid;

	if (code != 0)
		return code;
	if (!m->hidden)
		wk_publish(socket, m->detached);
	pid = master_start(m, utility, &code);
	if (pid < 0)
		return code;
	if (m->child == 0)
		wk_serve_utility(pid);
	if (wk_serve_run(m->ops, socket, &code) == 0)
		return code;
	wk_note("cannot serve: %s", strerror(errno));
	return WK_SYSTEM;
}

int
wk_master_run(const struct wk_master *m, char **operands,
    const struct wk_called *called)
{
	struct wk_spawn utility = wk_spawn_plain(NULL, NULL);
	struct div_socket socket;
	int code;

	utility.group = m->group;
	utility.argv = wk_utility(operands, called, &utility.file);
	begin(m, &utility, &socket);
	if (utility.argv == NULL && m->child == 0 && !m->hidden)
		wk_tell_socket(&socket, m->place);
	code = live(m, &socket, &utility);
	wk_unlisten(&socket);
	return m->ended != NULL ? m->ended(code) : code;
}
