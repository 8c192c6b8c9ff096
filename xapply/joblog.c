/*
 * joblog.c - the log of the tasks that have ended, written and read back
 *
 * Its form is JOBLINE_SHORT with a field behind it, which the heading does not
 * name: a hash of all parameters of the task.  So programs that read seven
 * fields, older ones of this name among them, find what they expect.  Lines
 * without it are those of older runs; then number and xid say which task it
 * was.  Tasks are counted from 1; number 0 is the else-command, which in memory
 * has the greatest number there is.
 *
 * Runs that have one log at the same time append to it, a line with one write.
 * Locks on bytes of it, which need not exist, keep any of them from beginning
 * it anew, or from cutting off what looks like the rest of a run that was
 * killed, while another is there.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/jobline.h"
#include "base/text.h"
#include "xapply.h"

enum {
	NUMBER_MAX = 1000000000,
	HASH_DIGITS = 16,
	LOCK_BEGIN = 0,           /* the byte of who looks at the log */
	LOCK_RUNS = 1,            /* from there on each run has one */
	LOCK_TRIES = 100
};

/* What the log says of a task. */
struct entry {
	uint64_t key;             /* the hash, or that of the xid (old) */
	size_t number, line;
	unsigned old : 1, done : 1;
	unsigned taken : 1;       /* it was found to be one of this run's */
};

static struct {
	FILE *file;               /* read here, written by write; or NULL */
	const char *path;
	struct entry *entry;      /* sorted by order_of_entries */
	size_t count, room;
	int torn;                 /* a line was begun that has no end */
	int error;                /* errno of the first line lost, or 0 */
} joblog;

/* FNV-1a, each parameter with the NUL that it cannot hold behind it. */
uint64_t
joblog_hash(const struct expand_text *param, size_t params)
{
	uint64_t h = UINT64_C(14695981039346656037);
	size_t i, k;

	for (i = 0; i < params; i++)
		for (k = 0; k <= param[i].len; k++) {
			if (k < param[i].len)
				h ^= (unsigned char)param[i].data[k];
			h *= UINT64_C(1099511628211);
		}
	return h;
}

static uint64_t
hash_of_xid(const char *xid)
{
	const struct expand_text text = { xid, strlen(xid) };

	return joblog_hash(&text, 1);
}

/* --- reading --- */

static void
note(const struct entry *e)
{
	struct entry *p;

	if (joblog.count == joblog.room) {
		joblog.room = 2 * joblog.room + 64;
		p = realloc(joblog.entry, joblog.room * sizeof *p);
		if (p == NULL)
			wk_die(WK_SYSTEM, "out of memory");
		joblog.entry = p;
	}
	joblog.entry[joblog.count++] = *e;
}

/* Undo jobline_text, in place. */
static void
get_text(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++)
		if (*text != '\\' || text[1] == '\0')
			*to++ = *text;
		else
			*to++ = *++text == 'n' ? '\n' :
			    *text == 't' ? '\t' : *text;
	*to = '\0';
}

enum { NUMBER, START, RUNTIME, EXITVAL, SIGNAL, XID, COMMAND, HASH, FIELDS };

/* Returns the number of fields, of which there may be more than FIELDS. */
static size_t
split_line(char *field[FIELDS], char *text)
{
	size_t n = 0;

	text[strcspn(text, "\n")] = '\0';
	for (; text != NULL; n++) {
		if (n < FIELDS)
			field[n] = text;
		text = strchr(text, '\t');
		if (text != NULL)
			*text++ = '\0';
	}
	return n;
}

static int
joblog_number(const char *text, size_t *n)
{
	char *end;

	if (!text_is_digit(*text))
		return -1;
	*n = strtoul(text, &end, 10);
	return *end == '\0' && *n <= NUMBER_MAX ? 0 : -1;
}

static int
joblog_parse_hash(const char *text, uint64_t *hash)
{
	if (strlen(text) != HASH_DIGITS ||
	    strspn(text, "0123456789abcdef") != HASH_DIGITS)
		return -1;
	*hash = strtoull(text, NULL, 16);
	return 0;
}

/*
 * Lines that runs could not finish, because they were killed or the disk was
 * full, may be in the midst of a log, with the next one behind them.  They do
 * not count.  What is not even the beginning of a line is another file's.
 */
static void
read_line(char *text, size_t line, int resume)
{
	struct entry e = { .line = line };
	size_t code, sig, fields;
	char *field[FIELDS];

	if (!text_is_digit(*text))
		wk_die(WK_DATA, "%s: line %zu is not one of a joblog",
		    joblog.path, line);
	fields = split_line(field, text);
	if (fields < HASH || fields > FIELDS ||
	    joblog_number(field[NUMBER], &e.number) != 0 ||
	    joblog_number(field[EXITVAL], &code) != 0 ||
	    joblog_number(field[SIGNAL], &sig) != 0 ||
	    (fields == FIELDS && joblog_parse_hash(field[HASH], &e.key) != 0))
		return;
	if (e.number-- == 0)    /* the else-command is never left out */
		return;
	e.done = (code == 0 && sig == 0) || resume == 1;
	e.old = fields < FIELDS;
	if (e.old) {
		get_text(field[XID]);
		e.key = hash_of_xid(field[XID]);
	}
	note(&e);
}

static int
order_of_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->old != y->old)
		return x->old < y->old ? -1 : 1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->line < y->line ? -1 : 1;
}

static int
same_task(const struct entry *a, const struct entry *b)
{
	return a->old == b->old && a->key == b->key && a->number == b->number;
}

/* Of several lines of a task the last one counts. */
static void
sort_entries(void)
{
	size_t i, n = 0;

	if (joblog.count == 0)
		return;
	qsort(joblog.entry, joblog.count, sizeof *joblog.entry,
	    order_of_entries);
	for (i = 1; i < joblog.count; i++) {
		if (!same_task(&joblog.entry[n], &joblog.entry[i]))
			n++;
		joblog.entry[n] = joblog.entry[i];
	}
	joblog.count = n + 1;
}

/* Read a log; returns how many bytes its whole lines have.  (A run may have
 * ended within the heading.) */
static off_t
read_log(FILE *f, int resume)
{
	const char *heading = jobline_heading[JOBLINE_SHORT];
	char *text = NULL;
	size_t room = 0, line = 0;
	off_t whole = 0;
	ssize_t n;

	while (errno = 0, (n = getline(&text, &room, f)) > 0) {
		if (text[n - 1] != '\n' && (line > 0 ||
		    strncmp(text, heading, (size_t)n) == 0))
			continue;       /* it was not finished */
		if (++line == 1 && strcmp(text, heading) != 0)
			wk_die(WK_DATA, "%s: line 1 is not one of a joblog",
			    joblog.path);
		whole += n;
		if (line > 1)
			read_line(text, line, resume);
	}
	if (!feof(f))
		wk_die(WK_NOINPUT, "%s: %s", joblog.path,
		    strerror(errno != 0 ? errno : EIO));
	free(text);
	sort_entries();
	return whole;
}

static void
only_read_log(int resume)
{
	FILE *f = fopen(joblog.path, "re");

	if (f == NULL && errno == ENOENT)
		return;
	if (f == NULL)
		wk_die(WK_NOINPUT, "%s: %s", joblog.path, strerror(errno));
	read_log(f, resume);
	fclose(f);
}

/* --- which task is it? --- */

/* The first entry that is not in front of this one; NULL: none. */
static struct entry *
entry_from(const struct entry *e)
{
	size_t low = 0, high = joblog.count, i;

	while (low < high) {
		i = low + (high - low) / 2;
		if (order_of_entries(&joblog.entry[i], e) < 0)
			low = i + 1;
		else
			high = i;
	}
	return low < joblog.count ? &joblog.entry[low] : NULL;
}

static struct entry *
find_entry(int old, uint64_t key, size_t number)
{
	const struct entry e = { .key = key, .number = number,
	    .old = old != 0 };
	struct entry *p = entry_from(&e);

	return p != NULL && same_task(p, &e) ? p : NULL;
}

/* One that was done with these parameters and another number, which is not the
 * number of a task that has the same ones now. */
static struct entry *
find_moved(uint64_t hash, int (*is_same)(uintmax_t number, uint64_t hash))
{
	const struct entry e = { .key = hash };
	struct entry *p = entry_from(&e), *end = joblog.entry + joblog.count;

	for (; p != NULL && p < end && !p->old && p->key == hash; p++)
		if (p->done && !p->taken && !is_same(p->number, hash))
			return p;
	return NULL;
}

/* The last line of any task with that key. */
static const struct entry *
find_last(int old, uint64_t key)
{
	const struct entry e = { .key = key, .old = old != 0 };
	const struct entry *p = entry_from(&e), *last = NULL;
	const struct entry *end = joblog.entry + joblog.count;

	for (; p != NULL && p < end && p->old == e.old && p->key == key; p++)
		if (last == NULL || p->line > last->line)
			last = p;
	return last;
}

int
joblog_has_args(uint64_t hash, const char *xid)
{
	const struct entry *e = find_last(0, hash);

	if (e == NULL)
		e = find_last(1, hash_of_xid(xid));
	return e != NULL && e->done;
}

int
joblog_done(uintmax_t number, uint64_t hash, const char *xid,
    int (*is_same)(uintmax_t number, uint64_t hash))
{
	struct entry *e;

	if (joblog.count == 0 || number > NUMBER_MAX)
		return 0;
	e = find_entry(0, hash, (size_t)number);
	if (e == NULL)
		e = find_moved(hash, is_same);
	if (e == NULL)
		e = find_entry(1, hash_of_xid(xid), (size_t)number);
	if (e == NULL)
		return 0;
	e->taken = 1;
	return e->done;
}

/* --- writing --- */

/* A message for the first thing that goes wrong with the log. */
static void
joblog_lost(void)
{
	if (joblog.error != 0)
		return;
	joblog.error = errno;
	wk_warn("%s: %s", joblog.path, strerror(errno));
}

static void
put_text(const char *text, size_t len)
{
	size_t at = 0;
	ssize_t n = 0;

	while (at < len && (n >= 0 || errno == EINTR)) {
		n = write(fileno(joblog.file), text + at, len - at);
		at += n > 0 ? (size_t)n : 0;
	}
	if (at < len)
		joblog_lost();
	if (at > 0)
		joblog.torn = at < len;
}

void
joblog_write(const char *line)
{
	if (joblog.torn)
		put_text("\n", 1);
	if (!joblog.torn)
		put_text(line, strlen(line));
}

static struct jobline
numbers_of(const struct task *t)
{
	int s = t->status;

	return (struct jobline){ .number = t->number + 1,
	    .start = t->started, .runtime = t->ended - t->began,
	    .code = s == 0 && t->timed_out ? WK_TIMED_OUT :
	    WIFEXITED(s) ? WEXITSTATUS(s) : 0,
	    .signal = WIFSIGNALED(s) ? WTERMSIG(s) : 0 };
}

char *
joblog_line(const struct task *t)
{
	struct jobline j = numbers_of(t);
	size_t xid = strlen(t->xid), n;
	char *text;

	if (joblog.file == NULL)
		return NULL;
	text = wk_alloc(JOBLINE_NUMBERS_MAX + 2 * (xid + t->command_len) +
	    HASH_DIGITS + 4, 1);
	n = jobline_numbers(text, JOBLINE_SHORT, &j);
	n += jobline_text(text + n, JOBLINE_SHORT, t->xid, xid);
	text[n++] = '\t';
	n += jobline_text(text + n, JOBLINE_SHORT, t->command, t->command_len);
	snprintf(text + n, HASH_DIGITS + 3, "\t%016" PRIx64 "\n", t->hash);
	return text;
}

/* --- from the beginning to the end --- */

/* Does another run have the log open?  A file system that has no locks does not
 * tell. */
static int
is_shared(int fd)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = LOCK_RUNS };

	return fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

static void
lock_begin(int fd, short type)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET,
	    .l_start = LOCK_BEGIN, .l_len = 1 };

	while (fcntl(fd, F_SETLKW, &l) != 0 && errno == EINTR)
		;
}

/* Say that this run has the log, as long as this process has it open.  The pid
 * may be taken by a run in another name space, or on another host. */
static void
lock_run(int fd)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_len = 1 };
	int i;

	for (i = 0; i < LOCK_TRIES; i++) {
		l.l_start = LOCK_RUNS + (off_t)getpid() + i;
		if (fcntl(fd, F_SETLK, &l) == 0 ||
		    (errno != EAGAIN && errno != EACCES))
			break;
	}
}

/* Read what is there and is to be gone on from; nothing else stays, unless
 * another run writes it. */
static void
begin_file(int fd, int resume)
{
	off_t whole = 0;
	struct stat st;

	lock_begin(fd, F_WRLCK);
	if (resume) {
		rewind(joblog.file);
		whole = read_log(joblog.file, resume);
	}
	if (!is_shared(fd) && ftruncate(fd, whole) != 0)
		wk_die(WK_CANTCREATE, "%s: %s", joblog.path, strerror(errno));
	if (fstat(fd, &st) == 0 && st.st_size == 0)
		joblog_write(jobline_heading[JOBLINE_SHORT]);
	lock_run(fd);
	lock_begin(fd, F_UNLCK);
}

void
joblog_open(const char *path, int resume, int dry)
{
	struct stat st;
	int fd;

	joblog.path = path;
	if (dry) {
		if (resume)
			only_read_log(resume);
		return;
	}
	fd = open(path, (resume ? O_RDWR : O_WRONLY) | O_APPEND | O_CREAT |
	    O_CLOEXEC, 0666);
	if (fd < 0 && errno == EACCES && access(path, W_OK) == 0)
		wk_die(WK_NOINPUT, "%s: %s", path, strerror(EACCES));
	if (fd >= 0)
		joblog.file = fdopen(fd, resume ? "a+" : "a");
	if (joblog.file == NULL)
		wk_die(WK_CANTCREATE, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		begin_file(fd, resume);
	else
		joblog_write(jobline_heading[JOBLINE_SHORT]);
}

int
joblog_close(void)
{
	if (joblog.file != NULL && fclose(joblog.file) != 0)
		joblog_lost();
	joblog.file = NULL;
	return joblog.error != 0 ? -1 : 0;
}
