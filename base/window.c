/*
 * window.c - the size of our terminal
 *
 * SPDX-License-Identifier: ISC
 */
#include "window.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "event.h"

enum { LINES = 24, COLUMNS = 80, SIZE_MAX_SHORT = 9999 };

static struct wk_window *watching;

/* Terminals that know of no size say 0. */
static int
ask_terminal(int fd, struct winsize *size)
{
	return fd >= 0 && ioctl(fd, TIOCGWINSZ, size) == 0 &&
	    size->ws_row > 0 && size->ws_col > 0;
}

static unsigned short
size_variable(const char *name, int otherwise)
{
	const char *text = getenv(name);
	char *end;
	long n = text != NULL ? strtol(text, &end, 10) : 0;

	return (unsigned short)(n > 0 && n <= SIZE_MAX_SHORT && *end == '\0' ?
	    n : otherwise);
}

void
wk_window_size(struct winsize *size)
{
	static const int own[] = { STDERR_FILENO, STDOUT_FILENO, STDIN_FILENO };
	size_t i;
	int tty, known;

	for (i = 0; i < sizeof own / sizeof *own; i++)
		if (ask_terminal(own[i], size))
			return;
	tty = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	known = ask_terminal(tty, size);
	if (tty >= 0)
		close(tty);
	if (known)
		return;
	memset(size, 0, sizeof *size);
	size->ws_row = size_variable("LINES", LINES);
	size->ws_col = size_variable("COLUMNS", COLUMNS);
}

static void
window_resized(int sig)
{
	struct winsize size;
	struct wk_window *w;

	(void)sig;
	wk_window_size(&size);
	for (w = watching; w != NULL; w = w->next) {
		w->changed = memcmp(&w->size, &size, sizeof size) != 0;
		w->size = size;
		w->resized(w);
	}
}

int
wk_window_watch(struct wk_window *w)
{
	wk_window_size(&w->size);
	w->next = watching;
	watching = w;
	return wk_signal(SIGWINCH, window_resized);
}
