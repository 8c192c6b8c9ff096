/*
 * faultlib.c - preloaded: makes one call of a program fail
 *
 *	FAULT=CALL:N:ERRNO	the N-th such call of all our programs together
 *				fails; ERRNO is a number
 *	FAULT=hangup		every second time that a program reads a
 *				socket whose other end is gone it hears EAGAIN
 *	FAULT_FILE=file		the counts of all of them, 4 KB that are zero
 *				before
 *	FAULT_LIST=1		print what can fail, a line "NUMBER CALL
 *				ERRNO..." for each, in the order of the counts
 *
 * Without FAULT calls are counted only.
 *
 * A call is not made at all when it is to fail, but for fclose, which has to
 * free.  vfork is fork, so that the child may count as well.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* The calls, and what of errno(3) is plausible for each. */
#define CALLS(X) \
	X(read, EINTR, EAGAIN, EIO) \
	X(recv, EINTR, EAGAIN, ENOMEM, ECONNRESET) \
	X(recvmsg, EINTR, EAGAIN, ENOMEM, ECONNRESET) \
	X(sendmsg, EINTR, EAGAIN, ENOBUFS, ENOMEM, ETOOMANYREFS) \
	X(write, EINTR, EIO, ENOSPC) \
	X(writev, EINTR, EAGAIN, EIO, ENOSPC) \
	X(pwrite, EINTR, EIO, ENOSPC) \
	X(pread, EINTR, EIO) \
	X(splice, EINTR, EIO, ENOMEM, EINVAL) \
	X(ftruncate, EINTR, EIO) \
	X(malloc, ENOMEM) \
	X(calloc, ENOMEM) \
	X(realloc, ENOMEM) \
	X(strdup, ENOMEM) \
	X(strndup, ENOMEM) \
	X(setenv, ENOMEM) \
	X(open, EMFILE, ENFILE, ENOMEM) \
	X(openat, EMFILE, ENOSPC) \
	X(fcntl, EMFILE, ENFILE) \
	X(dup2, EINTR, EBUSY) \
	X(pipe2, EMFILE, ENFILE) \
	X(posix_openpt, EMFILE, ENFILE) \
	X(socket, EMFILE, ENOBUFS) \
	X(socketpair, EMFILE) \
	X(bind, ENOSPC) \
	X(listen, ENOBUFS) \
	X(link, ENOSPC) \
	X(accept4, EINTR, EMFILE, ECONNABORTED, ENOBUFS, ENOMEM) \
	X(connect, EAGAIN, ENOMEM) \
	X(epoll_create1, EMFILE) \
	X(epoll_ctl, ENOMEM, ENOSPC) \
	X(epoll_wait, EINTR) \
	X(poll, EINTR) \
	X(vfork, EAGAIN, ENOMEM) \
	X(execve, ENOMEM, E2BIG) \
	X(waitpid, EINTR) \
	X(mkdir, ENOSPC) \
	X(fopen, EMFILE) \
	X(fdopen, ENOMEM) \
	X(open_memstream, ENOMEM) \
	X(fflush, ENOSPC) \
	X(fclose, ENOSPC)

enum {
#define X(name, ...) CALL_##name,
	CALLS(X)
#undef X
	COUNT
};

static const struct {
	const char *name;
	int errors[8];            /* up to the first 0 */
} calls[] = {
#define X(name, ...) { #name, { __VA_ARGS__ } },
	CALLS(X)
#undef X
};

static struct {
	int count[COUNT];
} nowhere, *shared = &nowhere;
static int which = -1, at, error, hangup;

/* Is this one of the programs that are looked at? */
static int
is_ours(void)
{
	static const char *const ours[] = { "ptbw", "wraptree", "wrapw",
	    "xapply", "xclate" };
	char path[4096];
	long n = syscall(SYS_readlink, "/proc/self/exe", path, sizeof path - 1);
	const char *name;
	size_t i;

	if (n <= 0)
		return 0;
	path[n] = '\0';
	name = strrchr(path, '/') + 1;
	for (i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strcmp(name, ours[i]) == 0)
			return 1;
	return 0;
}

/* "NUMBER CALL ERRNO...", and end the program that this is preloaded to. */
static void
list(void)
{
	int i, k;

	for (i = 0; i < COUNT; i++) {
		printf("%d %s", i + 1, calls[i].name);
		for (k = 0; calls[i].errors[k] != 0; k++)
			printf(" %d", calls[i].errors[k]);
		putchar('\n');
	}
	exit(0);
}

__attribute__((constructor)) static void
begin(void)
{
	const char *file = getenv("FAULT_FILE"), *fault = getenv("FAULT");
	char name[32];
	void *p;
	long fd;
	int i;

	if (getenv("FAULT_LIST") != NULL)
		list();
	if (file == NULL || !is_ours())
		return;
	fd = syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	p = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED,
	    (int)fd, 0);
	syscall(SYS_close, fd);
	if (p == MAP_FAILED)
		return;
	shared = p;
	hangup = fault != NULL && strcmp(fault, "hangup") == 0;
	if (fault == NULL ||
	    sscanf(fault, "%31[^:]:%d:%d", name, &at, &error) != 3)
		return;
	for (i = 0; i < COUNT; i++)
		if (strcmp(calls[i].name, name) == 0)
			which = i;
}

/* Is this the call that fails? */
static int
fails(int call)
{
	int n;

	if (shared == &nowhere)
		return 0;
	n = __atomic_add_fetch(&shared->count[call], 1, __ATOMIC_SEQ_CST);
	if (call != which || n != at)
		return 0;
	errno = error;
	return 1;
}

static void *
real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* The call of that name with its arguments; "bad" is what it returns when it
 * fails. */
#define WRAP(type, name, bad, params, args) \
type \
name params \
{ \
	static type (*call) params; \
	if (fails(CALL_##name)) \
		return bad; \
	if (call == NULL) \
		*(void **)&call = real(#name); \
	return call args; \
}

WRAP(ssize_t, read, -1, (int fd, void *p, size_t n), (fd, p, n))
WRAP(ssize_t, sendmsg, -1, (int fd, const struct msghdr *m, int f), (fd, m, f))
WRAP(ssize_t, pwrite, -1, (int fd, const void *p, size_t n, off_t o),
    (fd, p, n, o))
WRAP(ssize_t, pread, -1, (int fd, void *p, size_t n, off_t o), (fd, p, n, o))
WRAP(ssize_t, splice, -1, (int a, off64_t *ao, int b, off64_t *bo, size_t n,
    unsigned f), (a, ao, b, bo, n, f))
WRAP(int, ftruncate, -1, (int fd, off_t n), (fd, n))
WRAP(char *, strdup, NULL, (const char *s), (s))
WRAP(char *, strndup, NULL, (const char *s, size_t n), (s, n))
WRAP(int, setenv, -1, (const char *n, const char *v, int o), (n, v, o))
WRAP(int, dup2, -1, (int a, int b), (a, b))
WRAP(int, pipe2, -1, (int fd[2], int f), (fd, f))
WRAP(int, posix_openpt, -1, (int f), (f))
WRAP(int, socket, -1, (int d, int t, int p), (d, t, p))
WRAP(int, socketpair, -1, (int d, int t, int p, int fd[2]), (d, t, p, fd))
WRAP(int, bind, -1, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
WRAP(int, listen, -1, (int fd, int n), (fd, n))
WRAP(int, link, -1, (const char *a, const char *b), (a, b))
WRAP(int, accept4, -1, (int fd, struct sockaddr *a, socklen_t *n, int f),
    (fd, a, n, f))
WRAP(int, connect, -1, (int fd, const struct sockaddr *a, socklen_t n),
    (fd, a, n))
WRAP(int, epoll_create1, -1, (int f), (f))
WRAP(int, epoll_wait, -1, (int q, struct epoll_event *e, int n, int ms),
    (q, e, n, ms))
WRAP(int, poll, -1, (struct pollfd *p, nfds_t n, int ms), (p, n, ms))
WRAP(int, execve, -1, (const char *p, char *const *v, char *const *e),
    (p, v, e))
WRAP(pid_t, waitpid, -1, (pid_t p, int *s, int f), (p, s, f))
WRAP(int, mkdir, -1, (const char *p, mode_t m), (p, m))
WRAP(FILE *, fopen, NULL, (const char *p, const char *m), (p, m))
WRAP(FILE *, fdopen, NULL, (int fd, const char *m), (fd, m))
WRAP(FILE *, open_memstream, NULL, (char **p, size_t *n), (p, n))
WRAP(int, fflush, EOF, (FILE *f), (f))

/* The loop has told of the end by then, and will not again. */
static int
receive_fails(int call, int fd)
{
	static unsigned char reads[1024];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fails(call))
		return 1;
	if (!hangup || fd < 0 || fd >= (int)sizeof reads)
		return 0;
	if (syscall(SYS_poll, &p, 1, 0) != 1 || !(p.revents & POLLHUP)) {
		reads[fd] = 0;
		return 0;
	}
	errno = EAGAIN;
	return ++reads[fd] % 2 == 0;
}

ssize_t
recv(int fd, void *p, size_t n, int f)
{
	return receive_fails(CALL_recv, fd) ? -1 :
	    syscall(SYS_recvfrom, fd, p, n, f, NULL, NULL);
}

ssize_t
recvmsg(int fd, struct msghdr *m, int f)
{
	return receive_fails(CALL_recvmsg, fd) ? -1 :
	    syscall(SYS_recvmsg, fd, m, f);
}

/* A pipe has no disk that could be full or broken, and a file no reader that it
 * would wait for. */
static int
write_fails(int call, int fd)
{
	struct stat st;

	return fails(call) && (error == EINTR || fstat(fd, &st) != 0 ||
	    !S_ISFIFO(st.st_mode) == (error != EAGAIN));
}

ssize_t
write(int fd, const void *p, size_t n)
{
	return write_fails(CALL_write, fd) ? -1 : syscall(SYS_write, fd, p, n);
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	return write_fails(CALL_writev, fd) ? -1 :
	    syscall(SYS_writev, fd, v, n);
}

/* What is to be forgotten is. */
int
epoll_ctl(int q, int op, int fd, struct epoll_event *e)
{
	return op != EPOLL_CTL_DEL && fails(CALL_epoll_ctl) ? -1 :
	    (int)syscall(SYS_epoll_ctl, q, op, fd, e);
}

int
fclose(FILE *f)
{
	static int (*call)(FILE *);
	int bad = fails(CALL_fclose), r;

	if (call == NULL)
		*(void **)&call = real("fclose");
	r = call(f);
	if (bad)
		errno = error;
	return bad ? EOF : r;
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (fails(CALL_open))
		return -1;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int
openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (fails(CALL_openat))
		return -1;
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

/* Of all that fcntl does, only new descriptors fail. */
int
fcntl(int fd, int command, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, command);
	arg = va_arg(ap, void *);
	va_end(ap);
	if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) &&
	    fails(CALL_fcntl))
		return -1;
	return (int)syscall(SYS_fcntl, fd, command, arg);
}

pid_t
vfork(void)
{
	return fails(CALL_vfork) ? -1 : fork();
}

/* dlsym may want memory: these are what libc has for that. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t a, size_t b);
void *__libc_realloc(void *p, size_t n);

void *
malloc(size_t n)
{
	return fails(CALL_malloc) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t a, size_t b)
{
	return fails(CALL_calloc) ? NULL : __libc_calloc(a, b);
}

void *
realloc(void *p, size_t n)
{
	return fails(CALL_realloc) ? NULL : __libc_realloc(p, n);
}
