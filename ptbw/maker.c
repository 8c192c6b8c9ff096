/*
 * maker.c - which form of a jobserver a make understands
 *
 * GNU make has the option --jobserver-style since it has fifos, so the file of
 * one that has them holds that text.  Looking for it takes a twentieth of the
 * time that "make --version" takes, and a ptbw -j may be started often.  What
 * holds neither that nor "jobserver", such as a script, is asked.
 *
 * SPDX-License-Identifier: ISC
 */
#include "maker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/high.h"
#include "base/spawn.h"
#include "base/text.h"
#include "divconnect.h"

enum { MAKER_MS = 2000, MAKER_SIZE_MAX = 16 << 20 };

#define MAKER_WORD "jobserver-"
enum { WORD_LENGTH = sizeof MAKER_WORD - 1 };

/* The next such word, or NULL: of most bytes in between, nine in ten are not
 * looked at. */
static const char *
next_match(const char *p, const char *end)
{
	unsigned char skip[256];
	size_t i;

	memset(skip, WORD_LENGTH, sizeof skip);
	for (i = 0; i < WORD_LENGTH - 1; i++)
		skip[(unsigned char)MAKER_WORD[i]] =
		    (unsigned char)(WORD_LENGTH - 1 - i);
	while (end - p >= WORD_LENGTH) {
		if (memcmp(p, MAKER_WORD, WORD_LENGTH) == 0)
			return p;
		p += skip[(unsigned char)p[WORD_LENGTH - 1]];
	}
	return NULL;
}

/* As file_is_old. */
static int
text_is_old(const char *p, size_t len)
{
	const char *end = p + len;
	int old = -1;

	for (; (p = next_match(p, end)) != NULL; p += WORD_LENGTH) {
		if (end - p < WORD_LENGTH + 5)
			break;
		if (memcmp(p + WORD_LENGTH, "style", 5) == 0)
			return 0;
		if (memcmp(p + WORD_LENGTH, "auth", 4) == 0)
			old = 1;
	}
	return old;
}

/* 1 it is old, 0 it is not, -1 the file does not tell. */
static int
file_is_old(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), old;
	struct stat st;
	char *data = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0 &&
	    st.st_size < MAKER_SIZE_MAX)
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
		    fd, 0);
	if (fd >= 0)
		close(fd);
	if (data == MAP_FAILED)
		return -1;
	old = text_is_old(data, (size_t)st.st_size);
	munmap(data, (size_t)st.st_size);
	return old;
}

/* The beginning of what "program --version" prints, within a time. */
static void
maker_ask(const char *program, char *text, size_t room)
{
	char *argv[] = { (char *)program, (char *)"--version", NULL };
	struct wk_spawn s = wk_spawn_plain(program, argv);
	int64_t deadline = div_awake() + MAKER_MS;
	int p[2], fd[3];
	size_t len = 0;
	ssize_t n = 1;
	pid_t pid;

	if (div_pipe(p) == 0) {
		p[1] = high_fd(p[1]);
		fd[0] = fd[2] = WK_SPAWN_CLOSED;
		fd[1] = p[1];
		s.fd = fd;
		pid = wk_spawn(&s);
		close(p[1]);
		while (pid > 0 && n > 0 && len + 1 < room) {
			n = div_read(p[0], text + len, room - 1 - len,
			    deadline);
			len += n > 0 ? (size_t)n : 0;
		}
		close(p[0]);
		if (pid > 0) {
			kill(pid, SIGKILL);
			while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
				;
		}
	}
	text[len] = '\0';
}

static int
version_is_old(const char *program)
{
	char text[64];
	const char *p;
	char *end;
	long major, minor = 0;

	maker_ask(program, text, sizeof text);
	p = text_after(text, "GNU Make ");
	if (p == NULL)
		return 0;
	major = strtol(p, &end, 10);
	if (*end == '.')
		minor = strtol(end + 1, NULL, 10);
	return major < 4 || (major == 4 && minor < 4);
}

int
maker_is_old(const char *program)
{
	char *path;
	int old;

	if (wk_spawn_find(program, &path) != 0)
		return 0;
	old = file_is_old(path);
	if (old < 0)
		old = version_is_old(path);
	free(path);
	return old;
}
