/*
 * divconnect.c - the diversion stack: environment, sockets, descriptors
 *
 * See divconnect.h for what each function promises, and PROTOCOL for what
 * goes over the wire when a path leads through wrapw.  The first part has
 * what systems do differently about sockets and close-on-exec.
 *
 * SPDX-License-Identifier: ISC
 */
#include "divconnect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0           /* macOS: SO_NOSIGPIPE instead */
#endif
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

enum {
	NAMES_TRIED = 10000,     /* numbered sockets in one directory */
	HIDDEN_TRIED = 100,
	LOCK_TRIES = 100,        /* for a second in all */
	LOCK_WAIT_MS = 10,
	WAIT_MAX_MS = 1000,      /* of one wait */
	WAIT_LATE_MS = 250       /* a wait later than that: we were stopped */
};

/* --- what systems do differently --- */

void
div_close(int fd)
{
	int e = errno;

	close(fd);
	errno = e;
}

/* flags: 0 or O_NONBLOCK */
static int
new_socket(int flags)
{
	int fd;
#ifdef SOCK_CLOEXEC
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
	    (flags ? SOCK_NONBLOCK : 0), 0);
#else
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd >= 0) {
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fcntl(fd, F_SETFL, flags);
	}
#endif
#ifdef SO_NOSIGPIPE
	if (fd >= 0) {
		int on = 1;

		setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
	}
#endif
	return fd;
}

int
div_accept(int sock)
{
#ifdef SOCK_CLOEXEC
	return accept4(sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
	int fd = accept(sock, NULL, NULL);

	if (fd >= 0) {
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fcntl(fd, F_SETFL, O_NONBLOCK);
	}
	return fd;
#endif
}

int
div_pipe(int fd[2])
{
#ifdef SOCK_CLOEXEC
	return pipe2(fd, O_CLOEXEC);
#else
	if (pipe(fd) != 0)
		return -1;
	fcntl(fd[0], F_SETFD, FD_CLOEXEC);
	fcntl(fd[1], F_SETFD, FD_CLOEXEC);
	return 0;
#endif
}

int
div_peer_uid(int sock, uid_t *uid)
{
#ifdef __linux__
	struct ucred u;
	socklen_t n = sizeof u;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &u, &n) != 0)
		return -1;
	*uid = u.uid;
	return 0;
#else
	gid_t gid;

	return getpeereid(sock, uid, &gid);
#endif
}

int
div_peer_pid(int sock, pid_t *pid)
{
#if defined(__linux__)
	struct ucred u;
	socklen_t n = sizeof u;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &u, &n) != 0)
		return -1;
	*pid = u.pid;
	return 0;
#elif defined(LOCAL_PEERPID)
	socklen_t n = sizeof *pid;

	return getsockopt(sock, SOL_LOCAL, LOCAL_PEERPID, pid, &n);
#else
	(void)sock;
	*pid = 0;
	errno = ENOSYS;
	return -1;
#endif
}

/* --- the stack in the environment --- */

/* A level as the environment writes it: 0 to DIV_LEVEL_MAX, or -1. */
static int
parse_level(const char *s)
{
	int n = 0;

	if (*s == '\0')
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		n = n * 10 + (*s - '0');
		if (n > DIV_LEVEL_MAX)
			return -1;
	}
	return n;
}

int
div_name(const char *name, size_t len, size_t *prefix)
{
	char tag[8];
	size_t i, n;
	int level;

	for (n = len; n > 0 && name[n - 1] != '_'; n--)
		;
	*prefix = n > 0 ? n - 1 : 0;
	errno = EINVAL;
	if (*prefix == 0 || *prefix + sizeof "_link" + 8 > DIV_VARIABLE_MAX ||
	    len - n >= sizeof tag || (name[0] | 32) < 'a' ||
	    (name[0] | 32) > 'z')
		return -1;
	for (i = 1; i < *prefix; i++)
		if (name[i] != '_' && (name[i] < '0' || name[i] > '9') &&
		    ((name[i] | 32) < 'a' || (name[i] | 32) > 'z'))
			return -1;
	memcpy(tag, name + n, len - n);
	tag[len - n] = '\0';
	if (strcmp(tag, "link") == 0)
		return DIV_NAME_LINK;
	if (strcmp(tag, "list") == 0)
		return DIV_NAME_LIST;
	if (strcmp(tag, "d") == 0)
		return DIV_NAME_DETACHED;
	level = tag[0] == '0' && tag[1] != '\0' ? -1 : parse_level(tag);
	if (level < 0)
		errno = EINVAL;
	return level;
}

/* Put the name <prefix>_<tag> into name. */
static int
divconnect_variable(char name[DIV_VARIABLE_MAX], const char *prefix,
    const char *tag)
{
	int n = snprintf(name, DIV_VARIABLE_MAX, "%s_%s", prefix, tag);

	if (n < 0 || n >= DIV_VARIABLE_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static int
level_variable(char name[DIV_VARIABLE_MAX], const char *prefix, int level)
{
	char tag[16];

	snprintf(tag, sizeof tag, "%d", level);
	return divconnect_variable(name, prefix, tag);
}

const char *
div_level_path(const char *prefix, int level)
{
	char name[DIV_VARIABLE_MAX];

	return level_variable(name, prefix, level) == 0 ? getenv(name) : NULL;
}

int
div_levels(const char *prefix)
{
	char name[DIV_VARIABLE_MAX];
	const char *link;
	int n;

	if (divconnect_variable(name, prefix, "link") != 0)
		return -1;
	link = getenv(name);
	if (link == NULL || strcmp(link, "d") == 0)
		return 0;
	n = parse_level(link);
	if (n < 0)
		errno = EINVAL;
	return n;
}

static int
divconnect_choose(struct div_choice *c, int error, const char *path, int level)
{
	c->path = path;
	c->level = level;
	if (path != NULL)
		return 0;
	errno = error;
	return -1;
}

int
div_select(struct div_choice *c, const char *prefix, int depth,
    const char *direct)
{
	memset(c, 0, sizeof *c);
	if (divconnect_variable(c->variable, prefix, "link") != 0)
		return -1;
	c->value = getenv(c->variable);
	c->levels = div_levels(prefix);
	if (direct != NULL && strcmp(direct, "-") != 0)
		return divconnect_choose(c, 0, direct, 0);
	if (c->value == NULL)
		return divconnect_choose(c, ENOENT, NULL, 0);
	if (strcmp(c->value, "d") == 0) {
		divconnect_variable(c->variable, prefix, "d");
		c->value = getenv(c->variable);
		return divconnect_choose(c, ENXIO, c->value, -1);
	}
	if (c->levels < 0)
		return divconnect_choose(c, EINVAL, NULL, 0);
	if (depth < 0 || depth >= c->levels)
		return divconnect_choose(c, ERANGE, NULL, 0);
	level_variable(c->variable, prefix, c->levels - depth);
	c->value = getenv(c->variable);
	return divconnect_choose(c, ENXIO, c->value, c->levels - depth);
}

int
div_push(const char *prefix, const char *path)
{
	char name[DIV_VARIABLE_MAX], number[16];
	int n = div_levels(prefix);

	if (n < 0)
		return -1;
	n++;
	snprintf(number, sizeof number, "%d", n);
	if (divconnect_variable(name, prefix, number) != 0 ||
	    setenv(name, path, 1) != 0)
		return -1;
	if (divconnect_variable(name, prefix, "link") != 0 ||
	    setenv(name, number, 1) != 0)
		return -1;
	return n;
}

int
div_detach(const char *prefix, const char *path)
{
	char name[DIV_VARIABLE_MAX];

	if (divconnect_variable(name, prefix, "d") != 0)
		return -1;
	return setenv(name, path, 1);
}

/* The value of name (n bytes) in env, or NULL. */
static const char *
env_value(char *const env[], const char *name, size_t n)
{
	for (; *env != NULL; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

/* The value of <prefix>_link in env, or NULL; the prefix has n bytes. */
static const char *
env_link(char *const env[], const char *prefix, size_t n)
{
	char link[DIV_VARIABLE_MAX + sizeof "_link"];

	memcpy(link, prefix, n);
	memcpy(link + n, "_link", sizeof "_link");
	return env_value(env, link, strlen(link));
}

/*
 * The length of the prefix if "NAME=value" names a diversion, with its level
 * (0: detached) in *level; else 0.  Any program may own a variable that ends in
 * _d: without a stack of its prefix it counts only if a socket stands there.
 */
static size_t
diversion_variable(const char *entry, char *const env[], int *level)
{
	const char *eq = strchr(entry, '='), *link;
	int kind, levels;
	size_t n;

	if (eq == NULL || eq[1] != '/')
		return 0;
	kind = div_name(entry, (size_t)(eq - entry), &n);
	if (kind < 1 && kind != DIV_NAME_DETACHED)
		return 0;
	link = env_link(env, entry, n);
	levels = link != NULL ? parse_level(link) : -1;
	*level = kind > 0 ? kind : 0;
	if (kind > 0)
		return kind <= levels ? n : 0;
	return levels > 0 || (link != NULL && strcmp(link, "d") == 0) ||
	    div_exists(eq + 1) ? n : 0;
}

static int
divconnect_by_prefix_then_level(const void *a, const void *b)
{
	const struct div_entry *x = a, *y = b;
	int order = strcmp(x->prefix, y->prefix);

	if (order != 0)
		return order;
	/* as unsigned, the detached one's level 0 less 1 is the largest */
	return (unsigned)x->level - 1 < (unsigned)y->level - 1 ? -1 : 1;
}

static int
list_add(struct div_list *l, const char *entry, size_t prefix, int level)
{
	const char *eq = strchr(entry, '=');
	struct div_entry *e;

	e = realloc(l->entry, (l->count + 1) * sizeof *e);
	if (e == NULL)
		return -1;
	l->entry = e;
	e += l->count++;
	e->prefix = strndup(entry, prefix);
	e->variable = strndup(entry, (size_t)(eq - entry));
	e->path = strdup(eq + 1);
	e->level = level;
	return e->prefix && e->variable && e->path ? 0 : -1;
}

int
div_list(struct div_list *l, char *const envp[])
{
	char *const *e;
	size_t n;
	int level;

	l->entry = NULL;
	l->count = 0;
	for (e = envp; *e != NULL; e++) {
		n = diversion_variable(*e, envp, &level);
		if (n > 0 && list_add(l, *e, n, level) != 0) {
			div_list_free(l);
			errno = ENOMEM;
			return -1;
		}
	}
	if (l->count > 0)
		qsort(l->entry, l->count, sizeof *l->entry,
		    divconnect_by_prefix_then_level);
	return 0;
}

void
div_list_free(struct div_list *l)
{
	size_t i;

	for (i = 0; i < l->count; i++) {
		free(l->entry[i].prefix);
		free(l->entry[i].variable);
		free(l->entry[i].path);
	}
	free(l->entry);
	l->entry = NULL;
	l->count = 0;
}

/* --- a master's socket --- */

size_t
div_path_max(void)
{
	struct sockaddr_un sun;

	return sizeof sun.sun_path - 1;
}

static int
address(struct sockaddr_un *sun, const char *path)
{
	memset(sun, 0, sizeof *sun);
	sun->sun_family = AF_UNIX;
	if (strlen(path) > div_path_max()) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun->sun_path, path, strlen(path) + 1);
	return 0;
}

static char *
divconnect_join(const char *dir, const char *name)
{
	size_t n = strlen(dir) + strlen(name) + 2;
	char *s = malloc(n);

	if (s != NULL)
		snprintf(s, n, "%s/%s", dir, name);
	return s;
}

/* The directory part of a path that has a slash; the caller's to free. */
static char *
directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return NULL;
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Make s a listening socket at path, which becomes its own. */
static int
bind_at(struct div_socket *s, char *path)
{
	struct sockaddr_un sun;
	struct stat st;
	int e;

	free(s->path);
	s->path = path;
	if (path == NULL || address(&sun, path) != 0)
		return -1;
	s->fd = new_socket(0);
	if (s->fd < 0)
		return -1;
	if (bind(s->fd, (struct sockaddr *)&sun, sizeof sun) != 0)
		goto err0;
	/* what Linux allows, which SOMAXCONN need not say; systems with a
	 * lower limit cut it */
	if (lstat(path, &st) != 0 || listen(s->fd, 4096) != 0)
		goto err1;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return 0;
err1:
	e = errno;
	unlink(path);
	errno = e;
err0:
	div_close(s->fd);
	s->fd = -1;
	return -1;
}

/*
 * Remove a socket that stands in our way if its master is dead.  Only a
 * refused connection means that, as a name appears only when its socket
 * listens.  The caller holds the lock of the directory, so that no other
 * master puts a live socket there between the look and the removal.
 */
static int
remove_dead(const char *path)
{
	struct sockaddr_un sun;
	struct stat st;
	int fd, r, e;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode)) {
		errno = ENOTSOCK;
		return -1;
	}
	if (address(&sun, path) != 0 || (fd = new_socket(O_NONBLOCK)) < 0)
		return -1;
	r = connect(fd, (struct sockaddr *)&sun, sizeof sun);
	e = errno;
	close(fd);
	if (r == 0 || e != ECONNREFUSED) {
		errno = EADDRINUSE;
		return -1;
	}
	if (st.st_uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	return unlink(path);
}

/* Wait for a lock, but not for ever: any process may hold it. */
static int
try_lock(int fd, int how)
{
	int i;

	for (i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, how | LOCK_NB) == 0)
			return 0;
		poll(NULL, 0, LOCK_WAIT_MS);
	}
	return -1;
}

/*
 * Lock the names of a directory, so that of several masters that replace a dead
 * socket in it none removes the live one of another.  The lock is a file, since
 * masters have a lock on the directory itself as long as they live (see
 * hold_directory).  Who had it removes it, so it counts only while it has its
 * name.  Somebody else's may be there: without a lock we go on.  Returns the
 * descriptor to close, or -1.
 */
static int
lock_names(const char *lock)
{
	struct stat st, named;
	int fd, i;

	for (i = 0; i < LOCK_TRIES; i++) {
		fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC, 0600);
		if (fd < 0)
			return -1;
		if (try_lock(fd, LOCK_EX) == 0 && fstat(fd, &st) == 0 &&
		    lstat(lock, &named) == 0 && st.st_ino == named.st_ino &&
		    st.st_dev == named.st_dev)
			return fd;
		close(fd);
	}
	return -1;
}

/* Give the socket at from the name path, if need be in the place of a dead
 * one. */
static int
link_to(const char *from, const char *path, const char *dir)
{
	char *lock;
	int fd, r, e;

	if (link(from, path) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	lock = divconnect_join(dir, ".wk.lock");
	if (lock == NULL)
		return -1;
	fd = lock_names(lock);
	r = remove_dead(path);
	if (r == 0)
		r = link(from, path);
	e = r != 0 && errno == EEXIST ? EADDRINUSE : errno;
	if (fd >= 0) {
		unlink(lock);
		close(fd);
	}
	free(lock);
	errno = e;
	return r;
}

/* Bind under a name in dir that no client looks for. */
static int
bind_hidden(struct div_socket *s, const char *dir)
{
	char name[48];
	int i;

	for (i = 0; i < HIDDEN_TRIED; i++) {
		snprintf(name, sizeof name, ".wk%ld.%d", (long)getpid(), i);
		if (bind_at(s, divconnect_join(dir, name)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -1;
	}
	return -1;
}

/*
 * After linking a hidden socket to path, with the result r of that: drop the
 * hidden name and, if r is -1, the socket.  path becomes the struct's.
 * Returns r, with errno as it was, or -1 if the hidden name stays.
 */
static int
unhide(struct div_socket *s, char *path, int r)
{
	int e = errno;

	/* twice, as what a signal or a file server spoiled once may do then */
	if (unlink(s->path) != 0 && unlink(s->path) != 0 && r == 0) {
		e = errno;
		unlink(path);
		r = -1;
	}
	free(s->path);
	s->path = path;
	if (r != 0) {
		close(s->fd);
		s->fd = -1;
	}
	errno = e;
	return r;
}

/*
 * Bind at just this path.  A socket that does not listen yet looks dead, so it
 * is bound under a hidden name and linked to the path when it listens; unless
 * the hidden name is too long, or the file system has no links.
 */
static int
bind_fixed(struct div_socket *s, char *path)
{
	char *dir = path ? directory(path) : NULL;
	struct stat st;
	int r, e;

	if (dir == NULL || strlen(path) > div_path_max()) {
		free(dir);
		return bind_at(s, path);        /* tells what is wrong */
	}
	r = bind_hidden(s, dir);
	if (r == 0)
		r = unhide(s, path, link_to(s->path, path, dir));
	e = errno;
	free(dir);
	if (r != 0 && lstat(path, &st) != 0) {
		if (s->path == path)
			s->path = NULL;
		return bind_at(s, path);
	}
	if (s->path != path)
		free(s->path);
	s->path = path;
	errno = e;
	return r;
}

static char *
numbered(const char *dir, const struct div_place *where, unsigned i)
{
	char name[64];

	snprintf(name, sizeof name, "%s%u", where->stem, where->first + i);
	return divconnect_join(dir, name);
}

/* Take the first free of dir/stem<first>, dir/stem<first+1>, ... */
static int
bind_numbered(struct div_socket *s, const char *dir,
    const struct div_place *where)
{
	unsigned i = 0;
	char *path;
	int r, e;

	if (bind_hidden(s, dir) != 0)
		return -1;
	do {
		path = numbered(dir, where, i);
		r = path ? link(s->path, path) : -1;
		if (r != 0) {
			e = errno;
			free(path);
			path = NULL;
			errno = e;
		}
	} while (r != 0 && errno == EEXIST && ++i < NAMES_TRIED);
	return unhide(s, path, r);
}

/* --- places that are nobody else's --- */

/*
 * Whether nobody but us and root decides what the names in a directory stand
 * for.  Whoever owns the root directory counts as root: where users have other
 * numbers, as in a container, root itself may have none.  In a sticky directory
 * others cannot touch what they do not own.
 */
static int
is_trusted(const char *dir, uid_t root)
{
	struct stat st;

	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) &&
	    (st.st_uid == geteuid() || st.st_uid == 0 || st.st_uid == root) &&
	    ((st.st_mode & (S_IWGRP | S_IWOTH)) == 0 ||
	    (st.st_mode & S_ISVTX) != 0);
}

/*
 * Whether a file of ours in a directory stays where it is, unless we or root
 * move it: all directories on the way to it have to be trusted, too.  real is
 * a path without symbolic links.
 */
static int
is_safe(const char *real)
{
	char *dir = strdup(real), *above;
	struct stat root;
	int safe = lstat("/", &root) == 0;

	while (dir != NULL && safe && strcmp(dir, "/") != 0) {
		safe = is_trusted(dir, root.st_uid);
		above = directory(dir);
		free(dir);
		dir = above;
	}
	safe = safe && dir != NULL && is_trusted(dir, root.st_uid);
	free(dir);
	return safe;
}

/* A safe directory that is ours, and that nobody else may write, not even if
 * it is sticky: others have no business there. */
static int
only_ours(const char *real)
{
	struct stat st;

	return lstat(real, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 && is_safe(real);
}

/* The directory of a path, without symbolic links, if it is our own; else
 * NULL.  The caller frees it. */
static char *
own_directory(const char *path)
{
	char *dir = directory(path);
	char *real = dir != NULL ? realpath(dir, NULL) : NULL;

	free(dir);
	if (real != NULL && !only_ours(real)) {
		free(real);
		real = NULL;
	}
	return real;
}

/*
 * The directory of the diversion that encloses us, if it is our own and the
 * socket is a file there, not reached through wrapw (*shared is 1 then); else
 * the directory that <prefix>_0 asks for, by the same rule; else NULL.  The
 * caller frees it.
 */
static char *
enclosing_directory(const char *prefix, int *shared)
{
	struct div_choice c;
	struct stat st;
	const char *zero;
	char *dir;

	*shared = 1;
	if (prefix == NULL)
		return NULL;
	if (div_select(&c, prefix, 0, NULL) == 0 && c.path[0] == '/' &&
	    stat(c.path, &st) == 0 && S_ISSOCK(st.st_mode)) {
		dir = own_directory(c.path);
		if (dir != NULL)
			return dir;
	}
	*shared = 0;
	zero = div_level_path(prefix, 0);
	return zero != NULL && zero[0] == '/' ? own_directory(zero) : NULL;
}

/* A name that was asked for and is taken is no reason to bind it elsewhere. */
static int
taken(int error)
{
	return error == EADDRINUSE || error == ENOTSOCK || error == EPERM;
}

/* At the name path in dir, which may have directories of its own. */
static int
bind_inside(struct div_socket *s, const char *dir, const char *path)
{
	char *full = divconnect_join(dir, path);
	char *real = full != NULL ? own_directory(full) : NULL;

	if (real == NULL) {
		free(full);
		errno = ENOENT;
		return -1;
	}
	free(real);
	return bind_fixed(s, full);
}

/*
 * As long as there is a lock on a directory, cleaners such as systemd-tmpfiles
 * leave it and what is in it alone.  They cannot always tell that a socket is
 * in use: not in another name space of networks, and not by another path.
 * Returns the descriptor that has the lock, or -1.
 */
static int
hold_directory(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && try_lock(fd, LOCK_SH) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The same in the directory of another master, if that holds it: then it is a
 * private one.  In any other, a lock is not ours to take. */
static int
hold_shared(const char *path)
{
	char *dir = directory(path);
	int fd = dir != NULL ?
	    open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free(dir);
	if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) == 0 ||
	    flock(fd, LOCK_SH | LOCK_NB) != 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int
bind_shared(struct div_socket *s, const struct div_place *where)
{
	const char *prefix[] = { where->prefix, where->also };
	char *dir;
	int i, r;

	for (i = 0; i < 2; i++) {
		dir = enclosing_directory(prefix[i], &s->shared);
		if (dir == NULL)
			continue;
		r = where->path ? bind_inside(s, dir, where->path) :
		    bind_numbered(s, dir, where);
		free(dir);
		if (r == 0 && s->shared)
			s->lock = hold_shared(s->path);
		if (r == 0 || (where->path && taken(errno)))
			return r;
	}
	s->shared = 0;
	errno = ENOENT;
	return -1;
}

static char *
resolved(const char *path)
{
	char *real = realpath(path, NULL);

	return real != NULL ? real : strdup(path);
}

/*
 * $TMPDIR, without symbolic links: by the same path the kernel names the socket
 * to cleaners, which leave alone what is in use.  /tmp if it is not set, if it
 * has no room for the socket's name, or if others could put another directory
 * in the place of ours there.
 */
static char *
temporary_directory(const struct div_place *where)
{
	const char *tmp = getenv("TMPDIR");
	size_t room = strlen(where->template) + 8 +
	    strlen(where->path ? where->path : where->stem);
	char *real;

	real = resolved(tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	/* of one that is not there mkdtemp says what is wrong */
	if (real == NULL || (strlen(real) + room <= div_path_max() &&
	    (access(real, F_OK) != 0 || is_safe(real))))
		return real;
	free(real);
	return resolved("/tmp");
}

static void
let_go(struct div_socket *s)
{
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}

static int
bind_private(struct div_socket *s, const struct div_place *where)
{
	char *tmp = temporary_directory(where);
	int r, e;

	free(s->path);
	s->path = tmp ? divconnect_join(tmp, where->template) : NULL;
	free(tmp);
	if (s->path == NULL || mkdtemp(s->path) == NULL)
		return -1;
	s->dir = s->path;
	s->path = NULL;
	s->lock = hold_directory(s->dir);
	/* nobody else is here, and nobody knows the name yet */
	r = bind_at(s, where->path ? divconnect_join(s->dir, where->path) :
	    numbered(s->dir, where, 0));
	if (r != 0) {
		e = errno;
		rmdir(s->dir);
		free(s->dir);
		s->dir = NULL;
		let_go(s);
		errno = e;
	}
	return r;
}

/* True if a relative path has a ".." in it. */
static int
leads_out(const char *path)
{
	size_t n;

	for (; *path != '\0'; path += n + (path[n] == '/')) {
		n = strcspn(path, "/");
		if (n == 2 && path[0] == '.' && path[1] == '.')
			return 1;
	}
	return 0;
}

int
div_listen(struct div_socket *s, const struct div_place *where)
{
	memset(s, 0, sizeof *s);
	s->fd = s->lock = -1;
	if (where->path != NULL && where->path[0] == '/')
		return bind_fixed(s, strdup(where->path));
	if (where->path != NULL && leads_out(where->path)) {
		s->path = strdup(where->path);
		errno = EINVAL;
		return -1;
	}
	if (bind_shared(s, where) == 0)
		return 0;
	if (where->path != NULL && taken(errno))
		return -1;
	return bind_private(s, where);
}

/*
 * The master that made a directory removes it.  While other masters still have
 * sockets in it that cannot be done: then a mode that has no other use for a
 * private directory tells them that the last of them is to remove it.
 */
enum { ABANDONED = S_ISVTX | S_ISGID | S_IRWXU };

/* Returns what keeps it from being removed, an errno. */
static int
leave_directory(const char *dir)
{
	if (rmdir(dir) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return errno;
	chmod(dir, ABANDONED);
	rmdir(dir);     /* the last may have gone before it saw the mode */
	return 0;
}

static void
leave_shared_directory(const char *path)
{
	char *dir = directory(path);
	struct stat st;

	if (dir && stat(dir, &st) == 0 && (st.st_mode & 07777) == ABANDONED)
		rmdir(dir);
	free(dir);
}

int
div_named(const struct div_socket *s)
{
	struct stat st;

	if (lstat(s->path, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	if (st.st_dev == s->dev && st.st_ino == s->ino)
		return 1;
	errno = EEXIST;
	return -1;
}

/* Make the private directory of a socket again, also for the master that made
 * it: then it is as if that had ended. */
static int
renew_directory(const struct div_socket *s)
{
	char *dir, *real;
	int r = 0;

	if (s->dir == NULL && s->lock < 0)
		return 0;
	dir = directory(s->path);
	if (dir == NULL)
		return -1;
	if (mkdir(dir, 0700) == 0) {
		if (s->dir == NULL)
			r = chmod(dir, ABANDONED);
	} else if (errno != EEXIST) {
		r = -1;
	}
	free(dir);
	if (r != 0)
		return -1;
	real = own_directory(s->path);
	free(real);
	errno = EPERM;
	return real != NULL ? 0 : -1;
}

/* The directory may be another one now. */
static void
hold_again(struct div_socket *s)
{
	char *dir;

	if (s->dir == NULL && s->lock < 0)
		return;
	let_go(s);
	dir = directory(s->path);
	s->lock = dir != NULL ? hold_directory(dir) : -1;
	free(dir);
}

int
div_renew(struct div_socket *s)
{
	struct div_socket new = { .fd = -1, .lock = -1 };
	int r, e;

	if (renew_directory(s) != 0)
		return -1;
	r = bind_fixed(&new, strdup(s->path));
	e = errno;
	free(new.path);
	if (r == 0) {
		close(s->fd);
		s->fd = new.fd;
		s->dev = new.dev;
		s->ino = new.ino;
		hold_again(s);
	}
	errno = e;
	return r;
}

/* Remove the names.  Returns what keeps one from being removed, an errno, with
 * that one in s->path. */
static int
remove_names(struct div_socket *s)
{
	int error = 0, left;

	if (div_named(s) == 1 && unlink(s->path) != 0 && errno != ENOENT)
		error = errno;
	/* closed last: while it listens no other master takes the name, so
	 * what is removed is our own socket */
	close(s->fd);
	s->fd = -1;
	if (s->dir == NULL) {
		if (s->shared)
			leave_shared_directory(s->path);
		return error;
	}
	left = leave_directory(s->dir);
	if (error == 0 && left != 0) {
		free(s->path);
		s->path = s->dir;
		s->dir = NULL;
		error = left;
	}
	return error;
}

int
div_unlisten(struct div_socket *s)
{
	int e = errno, error = 0;

	if (s->fd >= 0)
		error = remove_names(s);
	let_go(s);
	if (error == 0) {
		free(s->path);
		s->path = NULL;
	}
	free(s->dir);
	s->dir = NULL;
	errno = e;
	return error;
}

/* --- descriptors over a socket --- */

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int) * DIV_FDS_MAX)];
};

static ssize_t
send_message(int sock, const void *data, size_t len, const int *fds,
    size_t count, int flags)
{
	struct iovec iov = { (void *)data, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;
	size_t size = count * sizeof *fds;
	struct cmsghdr *c;
	ssize_t n;

	if (count > 0) {
		memset(&control, 0, sizeof control);
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(size);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(c), fds, size);
	}
	do
		n = sendmsg(sock, &m, MSG_NOSIGNAL | flags);
	while (n < 0 && errno == EINTR);
	return n;
}

ssize_t
div_send(int sock, const void *data, size_t len, int fd)
{
	return send_message(sock, data, len, &fd, fd >= 0, 0);
}

ssize_t
div_send_now(int sock, const void *data, size_t len, const int *fds,
    size_t count)
{
	if (count > DIV_FDS_MAX) {
		errno = EINVAL;
		return -1;
	}
	return send_message(sock, data, len, fds, count, MSG_DONTWAIT);
}

/* Hand the descriptors of a message to the caller, close the surplus. */
static size_t
take_fds(struct msghdr *m, int *fds, size_t max)
{
	struct cmsghdr *c;
	size_t got = 0, i, n;
	int fd;

	for (c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (got < max) {
				if (MSG_CMSG_CLOEXEC == 0)
					fcntl(fd, F_SETFD, FD_CLOEXEC);
				fds[got++] = fd;
			} else {
				close(fd);
			}
		}
	}
	return got;
}

ssize_t
div_recv(int sock, void *data, size_t len, int *fds, size_t max,
    size_t *count)
{
	struct iovec iov = { data, len };
	union control control;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	*count = 0;
	m.msg_control = &control;
	m.msg_controllen = sizeof control.space;
	do
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	*count = take_fds(&m, fds, max);
	if (m.msg_flags & MSG_CTRUNC) {
		while (*count > 0)
			close(fds[--*count]);
		errno = EMSGSIZE;
		return -1;
	}
	return n;
}

/* --- time --- */

static int64_t stood_still;      /* milliseconds, of this process */
static struct {
	int64_t from;
	int ms;                  /* asked for; -1: without a deadline */
} waiting;

int64_t
div_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
div_awake(void)
{
	return div_now() - stood_still;
}

int
div_wait(int64_t deadline)
{
	int64_t ms;

	waiting.ms = -1;
	if (deadline >= 0) {
		waiting.from = div_now();
		ms = deadline - (waiting.from - stood_still);
		waiting.ms = ms < 0 ? 0 : ms < WAIT_MAX_MS ? (int)ms :
		    WAIT_MAX_MS;
	}
	return waiting.ms;
}

/*
 * A wait much longer than asked for means that we were stopped: only half of
 * what was asked for counts.  If that happens twice within a second, at least
 * WAIT_LATE_MS count, or a slow machine would never reach a deadline.
 */
void
div_waited(void)
{
	static int64_t late = -WAIT_MAX_MS;     /* div_awake of the last one */
	int64_t took, counts;

	if (waiting.ms < 0)
		return;
	took = div_now() - waiting.from;
	if (took <= waiting.ms + WAIT_LATE_MS)
		return;
	counts = (waiting.ms + 1) / 2;
	if (waiting.from - stood_still < late + WAIT_MAX_MS &&
	    counts < WAIT_LATE_MS)
		counts = WAIT_LATE_MS;
	stood_still += took - counts;
	late = div_awake();
}

int
div_readable(int fd, int64_t deadline)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int ms, r;

	do {
		ms = div_wait(deadline);
		r = poll(&p, 1, ms);
		div_waited();
	} while (r < 0 ? errno == EINTR : r == 0 && ms > 0);
	return r;
}

ssize_t
div_read(int fd, void *data, size_t len, int64_t deadline)
{
	/* without a deadline the read itself can wait */
	int r = deadline < 0 ? 1 : div_readable(fd, deadline);
	ssize_t n;

	if (r == 0)
		errno = ETIMEDOUT;
	if (r <= 0)
		return -1;
	do
		n = read(fd, data, len);
	while (n < 0 && errno == EINTR);
	return n;
}

/* --- connecting --- */

static size_t
without_slashes(const char *path, size_t n)
{
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

int
div_exists(const char *path)
{
	char *base = strdup(path), *slash;
	struct stat st;
	int found = 0;

	while (base != NULL && *base != '\0' && !found) {
		found = stat(base, &st) == 0 && S_ISSOCK(st.st_mode);
		slash = strrchr(base, '/');
		if (slash == NULL)
			break;
		*slash = '\0';
	}
	free(base);
	return found;
}

/*
 * Find the socket of a path.  What stands behind it are cookies: each is cut
 * off with a NUL in the place of its slash, d->cookie is the first of them.
 */
static int
split_path(struct div_dial *d)
{
	struct stat st;
	char *slash;

	for (d->cookies = 0; ; d->cookies++) {
		d->path[without_slashes(d->path, strlen(d->path))] = '\0';
		if (stat(d->path, &st) == 0) {
			errno = ENOTSOCK;
			return S_ISSOCK(st.st_mode) ? 0 : -1;
		}
		if (errno != ENOTDIR &&
		    (errno != ENOENT || !div_exists(d->path)))
			return -1;
		slash = strrchr(d->path, '/');
		if (slash == NULL || slash == d->path) {
			errno = ENOENT;
			return -1;
		}
		if (d->cookies == DIV_CHAIN_MAX ||
		    strlen(slash + 1) > DIV_COOKIE_MAX) {
			errno = d->cookies == DIV_CHAIN_MAX ? ELOOP :
			    ENAMETOOLONG;
			return -1;
		}
		*slash = '\0';
		d->cookie = slash + 1;
	}
}

/* What a dial does next. */
enum { CONNECT, ASK, GREETING, ANSWER, DESCRIPTOR, CONFINED, END, DONE };

/* What masters of wrapw are told about a connection that may change nothing,
 * and what they answer. */
static const char confinement[] = "\0confine\n";
static const char confined[] = "++ 0\n";
enum { CONFINEMENT = sizeof confinement - 1 };

/* The system is short of something for now. */
static int
divconnect_no_room(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM;
}

/* Wait in connect, which only a time-out for sending bounds. */
static int
wait_connect(int fd, const struct sockaddr_un *sun, int64_t deadline)
{
	struct timeval wait = { 0, 0 };
	int ms, r;

	fcntl(fd, F_SETFL, 0);
	do {
		ms = div_wait(deadline);
		wait.tv_sec = ms / 1000;
		wait.tv_usec = ms > 0 ? ms % 1000 * 1000 : 1; /* 0: for ever */
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
		r = connect(fd, (const struct sockaddr *)sun, sizeof *sun);
		div_waited();
	} while (r != 0 && (errno == EINTR || (errno == EAGAIN && ms > 0)));
	if (r != 0 && errno == EAGAIN)
		errno = ETIMEDOUT;
	memset(&wait, 0, sizeof wait);
	if (r == 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return r;
}

/*
 * Nothing tells when a full backlog has room again: Linux refuses with EAGAIN,
 * and there is no descriptor to watch.  With a deadline we wait in connect,
 * which is fair among those that wait; without one the caller tries again.
 */
static int
dial_connect(struct div_dial *d)
{
	struct sockaddr_un sun;
	int r;

	if (address(&sun, d->path) != 0)
		return -1;
	d->fd = new_socket(O_NONBLOCK);
	if (d->fd < 0) {
		d->later = d->deadline == 0 && divconnect_no_room(errno);
		return d->later ? 0 : -1;
	}
	do
		r = connect(d->fd, (struct sockaddr *)&sun, sizeof sun);
	while (r != 0 && errno == EINTR);
	if (r != 0 && errno == EAGAIN && d->deadline != 0)
		r = wait_connect(d->fd, &sun, d->deadline);
	d->later = r != 0 && errno == EAGAIN;
	if (d->later) {         /* no descriptor is needed until then */
		close(d->fd);
		d->fd = -1;
	}
	if (r != 0)
		return d->later ? 0 : -1;
	d->state = d->cookies > 0 ? ASK : END;
	return 1;
}

/* A cookie must not end the line that it stands in, and begin another.  (It is
 * the rule of text_is_clean, in base, which this file does not know.) */
static int
is_one_line(const char *cookie)
{
	for (; *cookie != '\0'; cookie++)
		if ((unsigned char)*cookie < ' ' || *cookie == '\177')
			return 0;
	return 1;
}

static int
dial_ask(struct div_dial *d)
{
	char text[CONFINEMENT + DIV_COOKIE_MAX + 40], *cookie = text;
	size_t n;

	if (d->hops > 0 && !is_one_line(d->cookie)) {
		errno = ENOENT;
		return -1;
	}
	if (d->confine & DIV_CONFINE_WAY) {
		memcpy(text, confinement, CONFINEMENT);
		cookie += CONFINEMENT;
	}
	n = sizeof text - (size_t)(cookie - text);
	if (d->hops == 0)
		n = (size_t)snprintf(cookie, n, "%s", d->cookie) + 1;
	else
		n = (size_t)snprintf(cookie, n, "%cconnect %d %s\n", '\0',
		    d->hops, d->cookie);
	n += (size_t)(cookie - text);
	if (div_send(d->fd, text, n, -1) != (ssize_t)n)
		return -1;
	d->then = d->hops == 0 ? ANSWER : GREETING;
	d->state = cookie != text ? CONFINED : d->then;
	d->said = 0;
	return 0;
}

/* The way ends here; who is here may have to be told. */
static int
dial_end(struct div_dial *d)
{
	d->state = d->then = DONE;
	if (!(d->confine & DIV_CONFINE_END))
		return 1;
	if (div_send(d->fd, confinement, CONFINEMENT, -1) != CONFINEMENT)
		return -1;
	d->state = CONFINED;
	d->said = 0;
	return 0;
}

/* Read no more than the answer to that: a descriptor may be behind it. */
static int
dial_confined(struct div_dial *d)
{
	char text[sizeof confined];
	size_t count;
	int fd;
	ssize_t n = div_recv(d->fd, text, strlen(confined + d->said), &fd, 1,
	    &count);

	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	if (count > 0)
		close(fd);
	if (n == 0 || count > 0 ||
	    memcmp(text, confined + d->said, (size_t)n) != 0) {
		errno = ENOTSUP;
		return -1;
	}
	d->said += (unsigned)n;
	if (confined[d->said] == '\0')
		d->state = d->then;
	return 1;
}

/* A master that does not speak the control protocol is asked again, without
 * it. */
static int
dial_plainly(struct div_dial *d)
{
	close(d->fd);
	d->fd = -1;
	d->hops = 0;
	d->cookie = d->first;
	d->cookies = d->all;
	d->state = CONNECT;
	return 1;
}

/* A cookie was answered: fd leads to the next one, or to the service. */
static int
dial_next(struct div_dial *d, int fd)
{
	if (fd != d->fd) {
		close(d->fd);
		d->fd = fd;
	}
	d->state = --d->cookies > 0 ? ASK : END;
	if (d->cookies > 0) {
		d->cookie += strlen(d->cookie);
		while (*d->cookie == '\0' || *d->cookie == '/')
			d->cookie++;
	}
	/* from others it may come blocking */
	if (d->cookies > 0 || d->confine)
		fcntl(d->fd, F_SETFL, O_NONBLOCK);
	return 1;
}

/*
 * Only one byte of the answer is read: the descriptor comes with the message
 * after it, though a system may deliver both at once.
 */
static int
dial_answer(struct div_dial *d)
{
	size_t count;
	int fd = -1;
	char c = '-';
	ssize_t n = div_recv(d->fd, &c, 1, &fd, 1, &count);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (d->state == GREETING && (n <= 0 || c != '+')) {
		if (fd >= 0)
			close(fd);
		return dial_plainly(d);
	}
	if (n < 0)
		return -1;
	if (n == 0 || c == '-' || (c == '+' && fd >= 0)) {
		errno = n == 0 ? ECONNRESET : c == '-' ? ENOENT : EPROTO;
		if (fd >= 0)
			div_close(fd);
		return -1;
	}
	if (d->state == GREETING)
		d->state = ANSWER;
	else if (c == '+')
		return dial_next(d, d->fd);
	else if (fd >= 0)
		return dial_next(d, fd);
	else
		d->state = DESCRIPTOR;
	return 1;       /* most often the descriptor has come, too */
}

static int
dial_descriptor(struct div_dial *d)
{
	char text[DIV_COOKIE_MAX + 1];
	size_t count;
	int fd = -1;
	ssize_t n = div_recv(d->fd, text, sizeof text, &fd, 1, &count);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n > 0 && fd >= 0)
		return dial_next(d, fd);
	if (n >= 0)
		errno = n == 0 ? ECONNRESET : EPROTO;
	return -1;
}

void
div_dial_end(struct div_dial *d)
{
	if (d->fd >= 0)
		div_close(d->fd);
	free(d->path);
	d->fd = -1;
	d->path = NULL;
}

int
div_dial_on(struct div_dial *d)
{
	int r = 1, e;

	d->later = 0;
	while (r == 1 && d->state != DONE)
		switch (d->state) {
		case CONNECT: r = dial_connect(d); break;
		case ASK: r = dial_ask(d); break;
		case DESCRIPTOR: r = dial_descriptor(d); break;
		case CONFINED: r = dial_confined(d); break;
		case END: r = dial_end(d); break;
		default: r = dial_answer(d); break;
		}
	if (r == 0)
		return 0;
	e = errno;
	if (r == 1) {
		/* the service at the other end may have set it as well */
		e = fcntl(d->fd, F_GETFL);
		if (e & O_NONBLOCK)
			fcntl(d->fd, F_SETFL, e & ~O_NONBLOCK);
		free(d->path);
		d->path = NULL;
	} else {
		div_dial_end(d);
	}
	errno = e;
	return r;
}

/* With a deadline (not 0), connecting waits for room in a full backlog. */
static int
dial(struct div_dial *d, const char *path, int hops, int confine,
    int64_t deadline)
{
	memset(d, 0, sizeof *d);
	d->fd = -1;
	d->hops = hops;
	d->confine = confine;
	d->deadline = deadline;
	d->path = strdup(path);
	if (d->path == NULL)
		return -1;
	if (split_path(d) != 0) {
		div_dial_end(d);
		return -1;
	}
	d->first = d->cookie;
	d->all = d->cookies;
	return div_dial_on(d);
}

int
div_dial(struct div_dial *d, const char *path, int hops)
{
	return dial(d, path, hops, 0, 0);
}

int
div_dial_confined(struct div_dial *d, const char *path, int hops, int confine)
{
	return dial(d, path, hops, confine, 0);
}

int
div_connect(const char *path)
{
	int64_t deadline = div_awake() + DIV_CONNECT_MS;
	struct div_dial d;
	int r;

	r = dial(&d, path, 0, 0, deadline);
	while (r == 0) {
		r = div_readable(d.fd, deadline);
		if (r == 0)
			errno = ETIMEDOUT;
		if (r <= 0) {
			div_dial_end(&d);
			return -1;
		}
		r = div_dial_on(&d);
	}
	return r == 1 ? d.fd : -1;
}
