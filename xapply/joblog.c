/*
 * joblog.c - the log of the tasks that have ended, written and read back
 *
 * Its form is JOBLINE_PARALLEL with a field behind it, which the heading does
 * not name: a hash of all parameters of the task, as a comment of the shell,
 * since GNU parallel runs again what stands there up to the end of the line.
 * A log of JOBLINE_SHORT, which older runs have written, goes on in its form,
 * with the hash alone behind it.
 *
 * Lines without a hash are those of yet older runs, where number and xid say
 * which task it was, or of GNU parallel, where the number does, or the text of
 * the command with --resume-by-args.  Tasks are counted from 1; number 0 is the
 * else-command, which in memory has the greatest number there is.
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
	HASH_MAX = HASH_DIGITS + 8, /* with what is around it */
	LOCK_BEGIN = 0,           /* the byte of who looks at the log */
	LOCK_RUNS = 1,            /* from there on each run has one */
	LOCK_TRIES = 100
};

/* What else than the number says which task it was. */
enum known_by { BY_HASH, BY_XID, BY_NUMBER, BY_COMMAND };

/* What the log says of a task. */
struct entry {
	uint64_t key;             /* the hash, that of the xid or the command,
	                             or 0 */
	size_t number, line;
	enum known_by by;
	unsigned done : 1;
	unsigned taken : 1;       /* it was found to be one of this run's */
};

static struct {
	FILE *file;               /* read here, written by write; or NULL */
	const char *path;
	enum jobline_form form;
	int hashed;               /* a line with a hash has been read */
	int by_command;           /* one that has only its command */
	struct entry *entry;      /* sorted by order_of_entries */
	size_t count, room;
	int missed;               /* a task that no command was like */
	int torn;                 /* a line was begun that has no end */
	int error;                /* errno of the first line lost, or 0 */
} joblog = { .form = JOBLINE_PARALLEL };

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

enum { FIELDS = 10 };             /* of the longest line */

/* Where in a line of each form the fields are; how many those are without the
 * hash, and what is in front of that. */
static const struct {
	size_t exitval, signal, xid, fields;
	const char *hash;
} layout[] = {
	[JOBLINE_SHORT] = { 3, 4, 5, 7, "" },
	[JOBLINE_PARALLEL] = { 6, 7, 8, 9, "# " }
};

/* Returns the number of fields, of which there may be more than FIELDS; the
 * last one is in *last. */
static size_t
split_line(char *field[FIELDS], char *text, char **last)
{
	size_t n = 0;

	text[strcspn(text, "\n")] = '\0';
	for (; text != NULL; n++) {
		*last = text;
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

/* GNU parallel has -1 for a job that it has ended itself. */
static int
exit_value(const char *text, int *failed)
{
	size_t code = 1;

	*failed = strcmp(text, "-1") == 0;
	if (*failed)
		return 0;
	if (joblog_number(text, &code) != 0)
		return -1;
	*failed = code != 0;
	return 0;
}

static int
joblog_parse_hash(const char *text, uint64_t *hash)
{
	text = text_after(text, layout[joblog.form].hash);
	if (text == NULL || strlen(text) != HASH_DIGITS ||
	    strspn(text, "0123456789abcdef") != HASH_DIGITS)
		return -1;
	*hash = strtoull(text, NULL, 16);
	return 0;
}

/* The command is the last field, in which tabs have become NULs. */
static uint64_t
hash_of_command(char *command, const char *last)
{
	struct expand_text text = { command, 0 };
	char *p;

	for (p = command; p < last; p++)
		if (*p == '\0')
			*p = '\t';
	text.len = (size_t)(last - command) + strlen(last);
	return joblog_hash(&text, 1);
}

/* Which task it is, behind the number; -1 when the line does not say. */
static int
read_identity(struct entry *e, char **field, size_t fields, const char *last)
{
	size_t bare = layout[joblog.form].fields;

	if (fields > bare && joblog_parse_hash(last, &e->key) == 0) {
		/* more fields: it stands behind the beginning of another */
		joblog.hashed = 1;
		e->by = BY_HASH;
		return fields == bare + 1 ? 0 : -1;
	}
	if (joblog.form == JOBLINE_PARALLEL) {
		/* a command of GNU parallel's may have tabs in it; once there
		 * are hashes this is what a killed run has left of a line */
		if (joblog.hashed)
			return -1;
		e->by = xapply_opt.resume_by_args ? BY_COMMAND : BY_NUMBER;
		if (e->by == BY_COMMAND) {
			e->key = hash_of_command(field[bare - 1], last);
			joblog.by_command = 1;
		}
		return 0;
	}
	e->by = BY_XID;
	get_text(field[layout[joblog.form].xid]);
	e->key = hash_of_xid(field[layout[joblog.form].xid]);
	return fields == bare ? 0 : -1;
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
	size_t sig, fields;
	char *field[FIELDS], *last;
	int failed;

	if (!text_is_digit(*text))
		wk_die(WK_DATA, "%s: line %zu is not one of a joblog",
		    joblog.path, line);
	fields = split_line(field, text, &last);
	if (fields < layout[joblog.form].fields ||
	    joblog_number(field[0], &e.number) != 0 ||
	    exit_value(field[layout[joblog.form].exitval], &failed) != 0 ||
	    joblog_number(field[layout[joblog.form].signal], &sig) != 0 ||
	    read_identity(&e, field, fields, last) != 0)
		return;
	if (e.number-- == 0)    /* the else-command is never left out */
		return;
	e.done = (!failed && sig == 0) || resume == 1;
	note(&e);
}

static int
order_of_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->by != y->by)
		return x->by < y->by ? -1 : 1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->line < y->line ? -1 : 1;
}

static int
same_task(const struct entry *a, const struct entry *b)
{
	return a->by == b->by && a->key == b->key && a->number == b->number;
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

/* Does the first line begin a log, of this form?  A run may have ended within
 * it: then there is no newline. */
static int
is_heading(const char *text, enum jobline_form form)
{
	size_t n = strlen(text);

	if (n == 0 || text[n - 1] != '\n')
		return strncmp(text, jobline_heading[form], n) == 0;
	return strcmp(text, jobline_heading[form]) == 0;
}

static void
read_heading(const char *text)
{
	if (is_heading(text, JOBLINE_SHORT))
		joblog.form = JOBLINE_SHORT;
	if (is_heading(text, JOBLINE_PARALLEL))
		joblog.form = JOBLINE_PARALLEL;
	else if (joblog.form != JOBLINE_SHORT)
		wk_die(WK_DATA, "%s: line 1 is not one of a joblog",
		    joblog.path);
}

/* Read a log; returns how many bytes its whole lines have. */
static off_t
read_log(FILE *f, int resume)
{
	char *text = NULL;
	size_t room = 0, line = 0;
	off_t whole = 0;
	ssize_t n;

	while (errno = 0, (n = getline(&text, &room, f)) > 0) {
		if (line == 0)
			read_heading(text);
		if (text[n - 1] != '\n')
			continue;       /* it was not finished */
		whole += n;
		if (++line > 1)
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
find_entry(enum known_by by, uint64_t key, size_t number)
{
	const struct entry e = { .key = key, .number = number, .by = by };
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

	for (; p != NULL && p < end && p->by == BY_HASH && p->key == hash; p++)
		if (p->done && !p->taken && !is_same(p->number, hash))
			return p;
	return NULL;
}

/* The last line of any task with that key. */
static const struct entry *
find_last(enum known_by by, uint64_t key)
{
	const struct entry e = { .key = key, .by = by };
	const struct entry *p = entry_from(&e), *last = NULL;
	const struct entry *end = joblog.entry + joblog.count;

	for (; p != NULL && p < end && p->by == by && p->key == key; p++)
		if (last == NULL || p->line > last->line)
			last = p;
	return last;
}

int
joblog_has_args(uint64_t hash, const char *xid)
{
	const struct entry *e = find_last(BY_HASH, hash);

	if (e == NULL)
		e = find_last(BY_XID, hash_of_xid(xid));
	return e != NULL && e->done;
}

int
joblog_names_commands(void)
{
	return joblog.by_command;
}

int
joblog_has_command(const char *command, size_t len)
{
	const struct expand_text text = { command, len };
	const struct entry *e = NULL;

	if (command != NULL)
		e = find_last(BY_COMMAND, joblog_hash(&text, 1));
	if (e == NULL && !joblog.missed)
		wk_warn("%s: without a hash a line names its task by the "
		    "command alone; a task with another one is run",
		    joblog.path);
	joblog.missed |= e == NULL;
	return e != NULL && e->done;
}

int
joblog_done(uintmax_t number, uint64_t hash, const char *xid,
    int (*is_same)(uintmax_t number, uint64_t hash))
{
	struct entry *e;

	if (joblog.count == 0 || number > NUMBER_MAX)
		return 0;
	e = find_entry(BY_HASH, hash, (size_t)number);
	if (e == NULL)
		e = find_moved(hash, is_same);
	if (e == NULL)
		e = find_entry(BY_XID, hash_of_xid(xid), (size_t)number);
	if (e == NULL)
		e = find_entry(BY_NUMBER, 0, (size_t)number);
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

static void
put_line_text(const char *line)
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
	    .received = t->received,
	    .start = t->started, .runtime = t->ended - t->began,
	    .code = s == 0 && t->timed_out ? WK_TIMED_OUT :
	    WIFEXITED(s) ? WEXITSTATUS(s) : 0,
	    .signal = WIFSIGNALED(s) ? WTERMSIG(s) : 0 };
}

struct joblog_line *
joblog_line(const struct task *t)
{
	size_t xid = strlen(t->xid), n = 0;
	struct joblog_line *l;
	char *p;

	if (joblog.file == NULL)
		return NULL;
	l = wk_alloc(1, sizeof *l + 2 * (xid + t->command_len) + HASH_MAX);
	l->numbers = numbers_of(t);
	p = l->text;
	if (joblog.form == JOBLINE_SHORT) {
		n = jobline_text(p, joblog.form, t->xid, xid);
		p[n++] = '\t';
	}
	n += jobline_text(p + n, joblog.form, t->command, t->command_len);
	snprintf(p + n, HASH_MAX, "\t%s%016" PRIx64 "\n",
	    layout[joblog.form].hash, t->hash);
	return l;
}

void
joblog_write(const struct joblog_line *l)
{
	size_t len = strlen(l->text), n;
	char *text = wk_alloc(JOBLINE_NUMBERS_MAX + len + 1, 1);

	n = jobline_numbers(text, joblog.form, &l->numbers);
	memcpy(text + n, l->text, len);
	put_line_text(text);
	free(text);
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
		put_line_text(jobline_heading[joblog.form]);
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
		put_line_text(jobline_heading[joblog.form]);
}

int
joblog_close(void)
{
	if (joblog.file != NULL && fclose(joblog.file) != 0)
		joblog_lost();
	joblog.file = NULL;
	return joblog.error != 0 ? -1 : 0;
}
