/*
 * tokens.c - sets of tokens for the tasks of a run, taken in a loop
 *
 * One connection to the pool's master holds all sets, and all tasks inherit
 * it: so none of them is free before the last task is gone, should this
 * process be killed.  A connection that waits in the master's queue cannot
 * give anything back meanwhile; that is why only a run that holds nothing
 * waits (at an old master see old_has_enough).
 *
 * SPDX-License-Identifier: ISC
 */
#include "tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/flow.h"
#include "base/high.h"

enum {
	AGAIN_MS = 50,            /* a pool says nothing when it has more */
	PATIENCE_MS = 10000,      /* for answers that need no other client */
	GROWN_MS = 1000,          /* a pool that we have all of may grow */
	NUMBER_MAX = 24,          /* bytes of a set's number, with the NUL */
	MORE = 1000               /* sets that may be wanted later */
};

/* Room for the tokens of a set that is used for the first time. */
static int
make_set(struct tokens *t, struct token_set *s)
{
	int numbered = t->fd < 0 && t->each > 0;
	char **name, *number = NULL;

	if (s->name != NULL)
		return 0;
	name = calloc(t->each + 1, sizeof *name);
	s->index = calloc(t->each + 1, sizeof *s->index);
	if (numbered)
		number = malloc(NUMBER_MAX);
	if (name == NULL || s->index == NULL || (numbered && !number)) {
		free(name);
		free(s->index);
		free(number);
		errno = ENOMEM;
		return -1;
	}
	if (numbered)
		snprintf(number, NUMBER_MAX, "%zu", (size_t)(s - t->set));
	name[0] = number;
	s->name = name;
	return 0;
}

/* Tasks hold sets by their addresses, so that they cannot move: there is room
 * for more than are wanted at first. */
static int
tokens_begin(struct tokens *t)
{
	t->fd = t->file = t->lent = t->lent_again = -1;
	t->extra[0] = t->extra[1] = t->extra[2] = t->extra[3] = -1;
	t->also = t->extra;
	t->room = t->sets + MORE;
	t->set = calloc(t->room, sizeof *t->set);
	return t->set != NULL ? 0 : -1;
}

int
tokens_limit(struct tokens *t, size_t sets)
{
	errno = ERANGE;
	if (sets > t->room)
		return -1;
	t->sets = sets;
	return 0;
}

int
tokens_plain(struct tokens *t)
{
	return tokens_begin(t);
}

/* --- a pool --- */

static void
lost(struct tokens *t)
{
	t->error = errno;
}

static void
tokens_wake(struct wk_timer *timer)
{
	struct tokens *t = (struct tokens *)((char *)timer -
	    offsetof(struct tokens, again));

	t->look = 1;
	t->ready();
}

/* What was given back while an answer was waited for. */
static void
give_owed(struct tokens *t)
{
	size_t i;

	for (i = 0; i < t->sets_used && t->owed > 0; i++)
		if (t->set[i].owed) {
			t->set[i].owed = 0;
			t->owed--;
			if (t->error == 0 && broker_give(&t->broker,
			    t->set[i].index, t->each) != 0)
				lost(t);
		}
}

/* The answer to what was asked and waited for. */
static void
tokens_answered(struct wk_io *io, int what)
{
	struct tokens *t = (struct tokens *)((char *)io -
	    offsetof(struct tokens, io));
	int r = broker_answer(&t->broker, t->each, t->first.index);

	(void)what;
	if (r > 0)              /* there is more to come */
		return;
	if (r < 0)
		t->error = errno;
	wk_forget(io);
	t->first_is = r == 0 ? TOKENS_GRANTED : TOKENS_IDLE;
	give_owed(t);           /* ready may ask again */
	t->ready();
	/* what is not wanted any more is for other clients */
	if (t->first_is == TOKENS_GRANTED && !t->keep && t->error == 0) {
		t->first_is = TOKENS_IDLE;
		if (broker_give(&t->broker, t->first.index, t->each) != 0)
			lost(t);
	}
}

/* A line with variables is kept whole beside its name. */
static int
cut_names(struct tokens *t)
{
	size_t i, n;

	for (i = 0; i < t->pool && !t->untrusted; i++) {
		n = things_name(t->name[i]);
		if (t->name[i][n] == '\0')
			continue;
		if (!things_trusted(t->broker.fd))
			t->untrusted = 1;
		else if (t->thing == NULL)
			t->thing = calloc(t->pool, sizeof *t->thing);
		if (!t->untrusted && (t->thing == NULL ||
		    (t->thing[i] = strdup(t->name[i])) == NULL))
			return -1;
	}
	for (i = 0; i < t->pool; i++)
		t->name[i][things_name(t->name[i])] = '\0';
	return 0;
}

/* The names of all tokens, by their index. */
static int
read_names(struct tokens *t, size_t space)
{
	size_t i;
	char *p;

	t->names = broker_tableau(&t->broker, space);
	t->name = calloc(t->pool + 1, sizeof *t->name);
	if (t->names == NULL || t->name == NULL)
		return -1;
	t->names[space] = '\0';
	for (i = 0, p = t->names; i < t->pool; i++) {
		t->name[i] = p;
		if (p < t->names + space)
			p += strlen(p) + 1;
	}
	return cut_names(t);
}

/* --- the tokens of the task that this process is in --- */

#ifdef F_OFD_SETLK
/*
 * A lock that belongs to the open file: tasks inherit it, so that one that goes
 * on when this process is killed still keeps other runs away.
 */
static int
lock_for_tasks(struct tokens *t, struct flock *l)
{
	return fcntl(t->lent_again, F_OFD_SETLK, l);
}
#else
static int
lock_for_tasks(struct tokens *t, struct flock *l)
{
	return fcntl(t->lent, F_SETLK, l);
}
#endif

/* True if this run may use them: it has the lock, which it then keeps for as
 * long as it, or one of its tasks, lives. */
static int
may_use_lent(struct tokens *t)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = (off_t)t->lent_at, .l_len = 1 };

	if (t->lent >= 0 && !t->locked)
		t->locked = (t->lent_again >= 0 ? lock_for_tasks(t, &l) :
		    fcntl(t->lent, F_SETLK, &l)) == 0;
	return t->locked;
}

/* Take the names of a list with newlines for the set: 1 when it has enough, 0
 * when not, -1 without memory. */
static int
names_of_list(struct tokens *t, const char *list)
{
	size_t i, n;

	for (i = 0; i < t->each && list != NULL; i++) {
		n = strcspn(list, "\n");
		t->given.name[i] = strndup(list, n);
		if (t->given.name[i] == NULL)
			return -1;
		list = list[n] == '\n' ? list + n + 1 : NULL;
	}
	return i == t->each;
}

/* True if both paths lead to the same pool. */
static int
same_pool(const char *a, const char *b)
{
	struct stat x, y;

	return strcmp(a, b) == 0 || (stat(a, &x) == 0 && stat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* True if it is the file that was meant, and not another one with that
 * number. */
static int
tokens_same_file(int fd, unsigned long device, unsigned long inode)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (unsigned long)st.st_dev == device &&
	    (unsigned long)st.st_ino == inode;
}

/* Open the same file once more, where the system has a way. */
static int
open_again(int fd)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return high_fd(open(path, O_RDWR | O_CLOEXEC));
}

/*
 * What a run lends to runs within its tasks: the variable holds FD OFFSET
 * DEVICE INODE PATH, the byte to lock, in which file, and the pool.  The
 * variables may be from anywhere: one that is not as it should be is ignored.
 * -1 without memory: a run that waited for other tokens instead might wait for
 * those that its own task holds.
 */
static int
take_lent(struct tokens *t)
{
	const char *text = getenv(t->lend), *list = getenv("ptbw_list");
	unsigned long device, inode;
	int fd, at = 0, enough;
	long offset;

	if (text == NULL || list == NULL || t->each == 0 ||
	    sscanf(text, "%d %ld %lu %lu %n", &fd, &offset, &device, &inode,
	    &at) != 4 || at == 0 || fd < 3 || offset < 0 ||
	    !same_pool(text + at, t->path) ||
	    !tokens_same_file(fd, device, inode))
		return 0;
	t->given.name = calloc(t->each + 1, sizeof *t->given.name);
	enough = t->given.name != NULL ? names_of_list(t, list) : -1;
	if (enough <= 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return enough < 0 ? -1 : 0;
	t->lent = fd;
	t->lent_at = offset;
	t->lent_again = open_again(fd);
	return 0;
}

static char *
list_of_names(const struct tokens *t, const struct token_set *s)
{
	size_t n = sizeof "ptbw_list=", i;
	char *text, *p;

	for (i = 0; i < t->each; i++)
		n += strlen(s->name[i]) + 1;
	text = malloc(n);
	if (text == NULL)
		return NULL;
	p = text + sprintf(text, "ptbw_list=");
	for (i = 0; i < t->each; i++)
		p += sprintf(p, "%s%s", i > 0 ? "\n" : "", s->name[i]);
	return text;
}

/* By which runs within the task find its tokens. */
static char *
lent_to_task(const struct tokens *t, const struct token_set *s)
{
	/* four numbers */
	size_t room = strlen(t->lend) + strlen(t->path) + 120;
	char *text = malloc(room);

	if (text != NULL)
		snprintf(text, room, "%s=%d %zu %lu %lu %s", t->lend, t->file,
		    s == &t->given ? t->room : (size_t)(s - t->set),
		    t->device, t->inode, t->path);
	return text;
}

/* Those of its tokens.  What was lent has them in the environment already. */
static int
add_things(const struct tokens *t, const struct token_set *s,
    struct things *vars)
{
	size_t i;

	for (i = 0; t->thing != NULL && s != &t->given && i < t->each; i++)
		if (t->thing[s->index[i]] != NULL &&
		    things_add(vars, t->thing[s->index[i]]) != 0)
			return -1;
	return 0;
}

int
tokens_variables(const struct tokens *t, const struct token_set *s,
    struct things *vars)
{
	if (t->fd < 0 || t->each == 0)
		return 0;
	if (add_things(t, s, vars) != 0 ||
	    things_put(vars, list_of_names(t, s)) != 0)
		return -1;
	return t->file < 0 ? 0 : things_put(vars, lent_to_task(t, s));
}

/* --- opening --- */

/* A file of our own; -1 when there can be none. */
static int
tokens_make_file(struct tokens *t)
{
	int fd = high_fd(flow_file());
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) != 0) {
		close(fd);
		return -1;
	}
	if (fd >= 0) {
		t->device = (unsigned long)st.st_dev;
		t->inode = (unsigned long)st.st_ino;
	}
	return fd;
}

/* Have tasks inherit one more descriptor, unless it is -1. */
static void
inherited(struct tokens *t, int fd)
{
	size_t i = 0;

	while (t->extra[i] >= 0)
		i++;
	t->extra[i] = fd;
}

int
tokens_open(struct tokens *t, const char *path)
{
	struct broker_pool p;
	int tie;

	t->path = path;
	if (tokens_begin(t) != 0 || broker_open(&t->broker, path) != 0)
		return -1;
	t->broker.patience = PATIENCE_MS;
	if (broker_describe(&t->broker, &p) != 0)
		return -1;
	t->pool = p.count;
	t->pool_now = p.live;
	t->source = p.source;
	if (p.live < t->each) {
		errno = ENOSPC;
		return -1;
	}
	if (read_names(t, p.space) != 0 ||
	    broker_take_tie(&t->broker, &tie) != 0 || take_lent(t) != 0)
		return -1;
	/* without the file, runs within our tasks wait for tokens as others */
	t->file = tokens_make_file(t);
	inherited(t, t->file);
	inherited(t, tie);
	inherited(t, t->lent_again);
	t->fd = t->broker.fd;
	t->io.fd = t->fd;
	t->io.ready = tokens_answered;
	t->again.expired = tokens_wake;
	return 0;
}

/* The pool has got more tokens.  Those that were there have the same names, and
 * the old texts stay: sets point there. */
static int
learn_names(struct tokens *t, size_t index)
{
	struct broker_pool p;

	if (broker_describe(&t->broker, &p) != 0)
		return -1;
	free(p.source);
	t->pool = p.count;
	t->thing = NULL;
	if (index < p.count)
		return read_names(t, p.space);
	errno = EPROTO;
	return -1;
}

/* Fill in a set whose indexes are there. */
static struct token_set *
hand_out(struct tokens *t, struct token_set *s)
{
	size_t i;

	for (i = 0; t->fd >= 0 && i < t->each; i++) {
		if (s->index[i] >= t->pool &&
		    learn_names(t, s->index[i]) != 0) {
			lost(t);
			return NULL;
		}
		s->name[i] = t->name[s->index[i]];
	}
	s->held = 1;
	t->held++;
	return s;
}

static void
swap_indexes(struct token_set *a, struct token_set *b)
{
	uint32_t *p = a->index;

	a->index = b->index;
	b->index = p;
}

/* When nothing is held, what is asked for is waited for. */
static struct token_set *
take_first(struct tokens *t, struct token_set *s)
{
	if (t->first_is == TOKENS_GRANTED) {
		t->first_is = TOKENS_IDLE;
		swap_indexes(s, &t->first);
		return hand_out(t, s);
	}
	if (make_set(t, &t->first) != 0 ||
	    (t->first_is == TOKENS_IDLE &&
	    broker_ask(&t->broker, t->each) != 0)) {
		lost(t);
		return NULL;
	}
	t->first_is = TOKENS_ASKED;
	if (wk_watch(&t->io, WK_READ) != 0) {
		lost(t);
		return NULL;
	}
	if (t->lent >= 0)       /* another run of the same task may end first */
		wk_timer_set(&t->again, AGAIN_MS);
	return NULL;
}

/*
 * An old master has no request that does not wait: it is asked when it has
 * enough.  When others were faster, what our tasks give back meanwhile is owed
 * until the answer is here; those others hold tokens and wait for none, so
 * that it does come.
 */
static int
old_has_enough(struct tokens *t)
{
	int r;

	if (errno != ENOTSUP)
		return 0;
	r = broker_has_free(&t->broker, t->each);
	if (r == 0)
		errno = ETIMEDOUT;
	return r > 0;
}

static struct token_set *
take_of_pool(struct tokens *t, struct token_set *s)
{
	int r;

	if (t->first_is != TOKENS_IDLE)
		return take_first(t, s);
	r = broker_take_now(&t->broker, t->each, s->index);
	if (t->broker.count > 0)
		t->pool_now = t->broker.count;
	if (r == 0)
		return hand_out(t, s);
	if ((t->held == 0 && !t->given.held) || old_has_enough(t))
		return take_first(t, s);
	if ((errno != ETIMEDOUT && errno != ENOSPC) || t->broker.late)
		lost(t);
	else if (!t->again.set)
		wk_timer_set(&t->again, AGAIN_MS);
	return NULL;
}

/* A set that has just come free, the next one in rotation.  There is one. */
static struct token_set *
take_kept(struct tokens *t)
{
	size_t i = 0;
	struct token_set *s;

	do
		s = &t->set[(t->at + i++) % t->sets_used];
	while (!s->kept);
	s->kept = 0;
	t->kept--;
	t->at = (size_t)(s - t->set) + 1;
	return hand_out(t, s);
}

/* The next set in rotation that may be filled, or NULL. */
static struct token_set *
next_empty(struct tokens *t)
{
	struct token_set *s;
	size_t i;

	for (i = 0; i < t->sets; i++) {
		s = &t->set[(t->at + i) % t->sets];
		if (!s->held && !s->owed)
			return s;
	}
	return NULL;
}

/* True if the pool has nothing beside what our own tasks hold. */
static int
have_whole_pool(const struct tokens *t)
{
	return t->fd >= 0 && t->each > 0 &&
	    (t->held + 1) * t->each > t->pool_now;
}

/* What the task that this process is in holds comes first; then what is kept;
 * then the next free set after the last that was used, in rotation. */
struct token_set *
tokens_take(struct tokens *t)
{
	struct token_set *s;

	if (t->error == 0 && !t->given.held && may_use_lent(t)) {
		t->given.held = 1;
		return &t->given;
	}
	if (t->error == 0 && t->kept > 0)
		return take_kept(t);
	s = next_empty(t);
	if (s == NULL || t->error != 0)
		return NULL;
	if (have_whole_pool(t) && !t->look) {
		if (!t->again.set)
			wk_timer_set(&t->again, GROWN_MS);
		return NULL;
	}
	t->look = 0;
	if (make_set(t, s) != 0) {
		lost(t);
		return NULL;
	}
	t->at = (size_t)(s - t->set) + 1;
	if (t->sets_used < t->at)
		t->sets_used = t->at;
	if (t->jobs != NULL && t->held > 0 && jobs_take(t->jobs) != 1)
		return NULL;
	return t->fd >= 0 && t->each > 0 ? take_of_pool(t, s) :
	    hand_out(t, s);
}

void
tokens_give(struct tokens *t, struct token_set *s)
{
	s->held = 0;
	if (s == &t->given)
		return;
	t->held--;
	if (t->jobs != NULL)
		jobs_give(t->jobs);
	if (t->first_is == TOKENS_ASKED && t->fd >= 0 && t->each > 0) {
		s->owed = 1;
		t->owed++;
	} else if (t->fd >= 0 && t->each > 0 && t->error == 0 &&
	    broker_give(&t->broker, s->index, t->each) != 0)
		lost(t);
}

void
tokens_pass(struct tokens *t, struct token_set *s)
{
	t->broker.reuses = 1;
	if (s == &t->given || t->fd < 0 || t->error != 0 ||
	    t->first_is != TOKENS_IDLE || !broker_is_alone(&t->broker)) {
		tokens_give(t, s);
		return;
	}
	s->held = 0;
	t->held--;
	s->kept = 1;
	t->kept++;
}

void
tokens_settle(struct tokens *t)
{
	size_t i;

	for (i = 0; i < t->sets_used && t->kept > 0; i++)
		if (t->set[i].kept) {
			t->set[i].kept = 0;
			t->kept--;
			if (t->error == 0 && broker_give(&t->broker,
			    t->set[i].index, t->each) != 0)
				lost(t);
		}
}

void
tokens_unused(struct tokens *t, struct token_set *s)
{
	if (s != &t->given)
		t->at = (size_t)(s - t->set);
	tokens_give(t, s);
}

int
tokens_close(struct tokens *t)
{
	int r = 0, i;

	wk_timer_stop(&t->again);
	if (t->jobs != NULL)
		jobs_close(t->jobs);
	if (t->fd < 0)
		return 0;
	wk_forget(&t->io);
	if (t->first_is == TOKENS_ASKED)
		r = broker_leave(&t->broker);
	else if (t->error != 0)
		broker_close(&t->broker);       /* that gives all back, too */
	else
		r = broker_return(&t->broker);
	for (i = 0; t->extra[i] >= 0; i++)
		close(t->extra[i]);
	t->fd = -1;
	return r;
}
