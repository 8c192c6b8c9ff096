/*
 * wraptree.c - the process tree with its diversions
 *
 *	wraptree [-al] [pid]
 *	wraptree -h | -V
 *
 * ps(1) lists the processes.  The diversions are those that the environments
 * of the processes name, as far as the system lets us read them, and our own
 * anyway.  The system tells which process listens at a socket (div_peer_pid),
 * so a master is found however it is called, also behind a wrapw.  What a pool
 * says of itself is asked as ptbw -v does it; for a name space wrapw -n is run.
 * All that may be anybody's, and is made visible when it is printed.
 *
 * Each finding becomes a note about a process; then the tree is drawn.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire/broker.h"
#include "divconnect.h"
#include "base/wrapper.h"

enum {
	ARGS_SHOWN = 60,                /* bytes of a command, without -l */
	NAMES_SHOWN = 8,                /* tokens of one holder, without -l */
	PATIENCE_MS = 2000,             /* for each answer of a master */
	WINDOW = 4096,                  /* tokens asked for at once */
	ENVIRONMENT_MAX = 4 << 20       /* bytes of it that are looked at */
};

static const struct wk_option options[] = {
	{ 'a', "all", NULL, "all trees whose environment can be read" },
	{ 'l', "long", NULL, "whole commands, all tokens" },
	{ 'V', "version", NULL, "print the version, and what is used" },
	{ 'h', "help", NULL, "print this" },
	{ 0, NULL, NULL, NULL }
};

static const struct wk_program wraptree = {
	.name = "wraptree",
	.synopsis = "[-al] [pid]\n-h | -V",
	.options = options
};

struct process {
	long pid, parent;
	char *args;
	int in_scope;           /* its environment counts, it is drawn */
	int drawn;
};

/* A diversion. */
struct wk_master {
	char *prefix, *variable, *path;
	long pid;               /* 0: not one that we can see */
	int answers;
};

struct note {
	long pid;
	const struct wk_master *about;
	char *text;
	size_t len, room;
	size_t names;           /* tokens in it */
	int drawn;
};

static struct process *process;
static size_t processes;
static struct wk_master **master;
static size_t masters;
static struct note *note;
static size_t notes;
static int everything, in_full;

extern char **environ;

/* --- lists --- */

/* Room for one more of an array whose room is a power of two. */
static void *
one_more(void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	array = realloc(array, (count ? 2 * count : 1) * size);
	if (array == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	return array;
}

static char *
copy(const char *text)
{
	char *s = strdup(text);

	if (s == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	return s;
}

static void
extend(struct note *n, const char *fmt, ...)
{
	va_list ap;
	size_t more;

	va_start(ap, fmt);
	more = (size_t)vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n->len + more >= n->room) {
		n->room = 2 * (n->len + more + 1);
		n->text = realloc(n->text, n->room);
		if (n->text == NULL)
			wk_die(WK_SYSTEM, "out of memory");
	}
	va_start(ap, fmt);
	vsnprintf(n->text + n->len, more + 1, fmt, ap);
	va_end(ap);
	n->len += more;
}

static struct note *
note_of(long pid, const struct wk_master *about, const char *beginning)
{
	size_t i;

	for (i = 0; i < notes; i++)
		if (note[i].pid == pid && note[i].about == about &&
		    strncmp(note[i].text, beginning, strlen(beginning)) == 0)
			return &note[i];
	note = one_more(note, notes, sizeof *note);
	note[notes] = (struct note){ .pid = pid, .about = about };
	extend(&note[notes], "%s", beginning);
	return &note[notes++];
}

/* --- processes --- */

static struct process *
process_of(long pid)
{
	size_t i;

	for (i = 0; i < processes; i++)
		if (process[i].pid == pid)
			return &process[i];
	return NULL;
}

static int
is_below(long pid, long root)
{
	struct process *p;
	size_t steps = 0;       /* what ps saw need not be of one moment */

	for (; pid != root; pid = p->parent)
		if ((p = process_of(pid)) == NULL || ++steps > processes)
			return 0;
	return 1;
}

static void
add_process(long pid, long parent, const char *args)
{
	struct process p = { pid, parent, NULL, 0, 0 };

	p.args = copy(args);
	process = one_more(process, processes, sizeof *process);
	process[processes++] = p;
}

#define PS "ps -A -o pid= -o ppid= -o args="

static void
ask_ps(void)
{
	FILE *f = popen("command -v ps >/dev/null && exec " PS, "r");
	char *line = NULL;
	size_t room = 0;
	long pid, parent;
	int at;

	if (f == NULL)
		return;
	while (getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		at = 0;
		/* a child of ours may be that ps, or have been there before
		 * the shell that we were */
		if (sscanf(line, "%ld %ld %n", &pid, &parent, &at) >= 2 &&
		    (parent != (long)getpid() ||
		    strstr(line + at, PS) == NULL))
			add_process(pid, parent, line + at);
	}
	free(line);
	/* half a list would be drawn as if it were all */
	if (pclose(f) != 0)
		processes = 0;
}

/* A file of /proc, as much of it as there is room for, with a NUL behind it;
 * its length, 0 when there is nothing, or it is not for us. */
static size_t
read_proc(long pid, const char *name, char *text, size_t room)
{
	char path[64];
	size_t len = 0;
	ssize_t got;
	int fd;

	snprintf(path, sizeof path, "/proc/%ld/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && len < room - 1 &&
	    (got = read(fd, text + len, room - 1 - len)) > 0)
		len += (size_t)got;
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	return len;
}

/* Linux tells without ps. */
static void
ask_proc(void)
{
	char stat[512], args[4096], *name, *end;
	DIR *dir = opendir("/proc");
	struct dirent *d;
	long pid, parent;
	size_t i, n;

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		pid = strtol(d->d_name, &end, 10);
		/* a name may have anything in it, parentheses as well */
		if (*end != '\0' || read_proc(pid, "stat", stat,
		    sizeof stat) == 0 || (name = strchr(stat, '(')) == NULL ||
		    (end = strrchr(stat, ')')) == NULL ||
		    sscanf(end, ") %*c %ld", &parent) != 1)
			continue;
		n = read_proc(pid, "cmdline", args, sizeof args);
		for (i = 0; i + 1 < n; i++)
			if (args[i] == '\0' || args[i] == '\n')
				args[i] = ' ';
		end[1] = '\0';
		add_process(pid, parent, n > 0 ? args : name);
	}
	if (dir != NULL)
		closedir(dir);
}

static void
list_processes(void)
{
	ask_ps();
	if (processes == 0)
		ask_proc();
	if (processes == 0)
		wk_die(WK_UNAVAILABLE,
		    "ps: it lists no processes; is it installed?");
}

/* --- diversions --- */

/* Does whoever is behind the name that a wrapw has for a master speak through
 * that wrapw?  At the far end of a link all of them do. */
static int
is_relayed(const char *path, long pid)
{
	char *front = copy(path), *slash = strrchr(front, '/');
	pid_t relay = 0;
	int fd = -1;

	if (slash != NULL && slash > front) {
		*slash = '\0';
		fd = div_exists(front) ? div_connect(front) : -1;
	}
	if (fd >= 0 && div_peer_pid(fd, &relay) != 0)
		relay = 0;
	if (fd >= 0)
		close(fd);
	free(front);
	return relay > 0 && (long)relay == pid;
}

static void
add_master(const struct div_entry *e)
{
	struct wk_master m = { e->prefix, e->variable, e->path, 0, 0 };
	pid_t pid = 0;
	size_t i;
	int fd;

	for (i = 0; i < masters; i++)
		if (strcmp(master[i]->path, m.path) == 0)
			return;
	fd = div_connect(m.path);
	if (fd >= 0 && div_peer_pid(fd, &pid) != 0)
		pid = 0;
	m.pid = (long)pid;
	m.answers = fd >= 0;
	if (fd >= 0)
		close(fd);
	for (i = 0; i < masters; i++)   /* by another way to it */
		if (pid > 0 && master[i]->pid == m.pid &&
		    !is_relayed(m.path, m.pid))
			return;
	master = one_more(master, masters, sizeof *master);
	master[masters] = wk_alloc(1, sizeof m);
	m.prefix = copy(m.prefix);
	m.variable = copy(m.variable);
	m.path = copy(m.path);
	*master[masters++] = m;
	if (!m.answers)
		extend(note_of(0, master[masters - 1], ""), "%s: nobody "
		    "answers", m.path);
}

static void
add_environment(char *const envp[])
{
	struct div_list l;
	size_t i;

	if (div_list(&l, envp) != 0)
		wk_die(WK_SYSTEM, "out of memory");
	for (i = 0; i < l.count; i++)
		add_master(&l.entry[i]);
	div_list_free(&l);
}

/* The same with what a process began with, if we may read that. */
static void
add_environment_of(long pid)
{
	char *data = wk_alloc(ENVIRONMENT_MAX + 1, 1), *p, **envp;
	size_t len = read_proc(pid, "environ", data, ENVIRONMENT_MAX + 1);
	size_t n = 0;

	for (p = data; p < data + len; p += strlen(p) + 1)
		n++;
	envp = wk_alloc(n + 1, sizeof *envp);
	for (n = 0, p = data; p < data + len; p += strlen(p) + 1)
		envp[n++] = p;
	add_environment(envp);
	free(envp);
	free(data);
}

/* --- what masters say --- */

/* One more token of a holder's. */
static void
add_name(long pid, const struct wk_master *m, const char *name)
{
	struct note *n = note_of(pid, m, "holds");

	n->names++;
	if (in_full || n->names <= NAMES_SHOWN)
		extend(n, " %s", name);
}

static size_t
ask_holders(struct broker *b, const struct broker_pool *p,
    const struct wk_master *m)
{
	static long lock[WINDOW];
	char *names = broker_tableau(b, p->space), *name = names;
	size_t i, k, n, held = 0;

	if (names == NULL)
		return 0;
	names[p->space] = '\0';
	for (i = 0; i < p->count; i += n) {
		n = p->count - i < WINDOW ? p->count - i : WINDOW;
		if (broker_holders(b, 'O', i, n, lock) != 0)
			break;
		for (k = 0; k < n; k++) {
			if (lock[k] > 0) {
				held++;
				add_name(lock[k], m, name);
			}
			if (name < names + p->space)
				name += strlen(name) + 1;
		}
	}
	free(names);
	return held;
}

static size_t
ask_waiting(struct broker *b, const struct wk_master *m)
{
	size_t len, count = 0;
	char *text = broker_waiting(b, &len), *line, *end;
	unsigned long n, seconds;
	long pid;

	if (text == NULL)
		return 0;
	for (line = text; (end = memchr(line, '\n',
	    (size_t)(text + len - line))) != NULL; line = end + 1) {
		if (sscanf(line, "%ld %lu %lu", &pid, &n, &seconds) != 3)
			break;
		count++;
		extend(note_of(pid, m, "waits"), " for %lu, %lu s", n, seconds);
	}
	free(text);
	return count;
}

static void
ask_pool(const struct wk_master *m)
{
	struct note *n = note_of(m->pid, m, "");
	struct broker b;
	struct broker_pool p;
	size_t held, waiting, at = (size_t)(n - note);

	if (broker_open(&b, m->path) != 0)
		return;
	b.patience = PATIENCE_MS;
	if (broker_describe(&b, &p) == 0) {
		held = ask_holders(&b, &p, m);
		waiting = ask_waiting(&b, m);
		n = &note[at];          /* the array may have moved */
		extend(n, "%zu of %zu held", held, p.count);
		if (waiting > 0)
			extend(n, ", %zu waiting", waiting);
		free(p.source);
	}
	broker_close(&b);
}

/* The names that a wrapw presents: the listing has a line "# entry 0 ptbw_1:
 * 3 connects, target answers" for each. */
static void
ask_space(const struct wk_master *m)
{
	struct note *n = note_of(m->pid, m, "");
	char *line = NULL, name[DIV_VARIABLE_MAX];
	const char *first = "presents ";
	size_t room = 0;
	FILE *f;

	if (setenv("WRAPTREE_PATH", m->path, 1) != 0 ||
	    (f = popen("exec wrapw -q -n -t \"$WRAPTREE_PATH\" 2>/dev/null",
	    "r")) == NULL)
		return;
	while (getline(&line, &room, f) > 0) {
		if (sscanf(line, "# entry %*u %79[^:]", name) != 1)
			continue;
		extend(n, "%s%s%s", first, name, strstr(line, " answers") ? "" :
		    " (does not answer)");
		first = ", ";
	}
	free(line);
	pclose(f);
}

static void
wraptree_ask(const struct wk_master *m)
{
	if (!m->answers)
		return;         /* a wrapw -n would take a file for a record */
	if (strcmp(m->prefix, "ptbw") == 0)
		ask_pool(m);
	else if (strcmp(m->prefix, "wrapw") == 0)
		ask_space(m);
	else
		note_of(m->pid, m, "");
}

/* --- the tree --- */

/* Print a text with its control characters visible. */
static void
print(const char *text, size_t most)
{
	size_t room = 2 * strlen(text) + 3;
	char *visible = wk_alloc(room, 1);

	wk_visible(visible, room, text);
	if (most > 0 && strlen(visible) > most)
		strcpy(visible + most - 3, "...");
	fputs(visible, stdout);
	free(visible);
}

static void
draw_note(struct note *n)
{
	n->drawn = 1;
	printf(" [%s%s", n->about->variable, n->len > 0 ? ": " : "");
	print(n->text, 0);
	if (!in_full && n->names > NAMES_SHOWN)
		printf(" and %zu more", n->names - NAMES_SHOWN);
	putchar(']');
}

static void
draw_line(const struct process *p)
{
	size_t i;

	printf("%ld ", p->pid);
	print(p->args, in_full ? 0 : ARGS_SHOWN);
	for (i = 0; i < notes; i++)
		if (note[i].pid == p->pid)
			draw_note(&note[i]);
	putchar('\n');
}

/* The next child of a process that is to be drawn, from i on. */
static size_t
next_child(long pid, size_t i)
{
	while (i < processes && (process[i].parent != pid ||
	    !process[i].in_scope || process[i].drawn))
		i++;
	return i;
}

static void
draw(struct process *p, const char *lead)
{
	size_t i, next, n = strlen(lead);
	char *deeper = wk_alloc(n + 3, 1);

	p->drawn = 1;
	draw_line(p);
	for (i = next_child(p->pid, 0); i < processes; i = next) {
		process[i].drawn = 1;
		next = next_child(p->pid, i + 1);
		printf("%s%s", lead, next < processes ? "|-" : "`-");
		snprintf(deeper, n + 3, "%s%s", lead,
		    next < processes ? "| " : "  ");
		draw(&process[i], deeper);
	}
	free(deeper);
}

/* Masters and holders that are not in the tree. */
static void
draw_rest(void)
{
	struct process *p;
	size_t i;

	for (i = 0; i < notes; i++) {
		if (note[i].drawn)
			continue;
		printf("elsewhere: ");
		if ((p = process_of(note[i].pid)) != NULL) {
			draw_line(p);
			continue;
		}
		printf("a process that cannot be seen from here");
		draw_note(&note[i]);
		putchar('\n');
	}
}

/* --- what is drawn --- */

static void
set_scope(long root)
{
	size_t i;

	for (i = 0; i < processes; i++)
		process[i].in_scope = is_below(process[i].pid, root);
}

/* The outermost of the masters that enclose us.  (Who was put into a namespace
 * of processes does not see his parent.) */
static long
outermost(void)
{
	long root = (long)getppid();
	size_t i;

	if (process_of(root) == NULL)
		root = (long)getpid();
	if (process_of(root) == NULL)
		wk_die(WK_UNAVAILABLE, "ps: it does not list us");
	for (i = 0; i < masters; i++)
		if (master[i]->pid > 0 && is_below(root, master[i]->pid))
			root = master[i]->pid;
	return root;
}

static long
chosen(const char *word)
{
	char *end;
	long pid = strtol(word, &end, 10);

	if (end == word || *end != '\0' || pid <= 0)
		wk_usage("%s: not a process id", word);
	if (process_of(pid) == NULL)
		wk_die(WK_NOINPUT, "%s: no such process", word);
	return pid;
}

static int
is_master(long pid)
{
	size_t i;

	for (i = 0; i < masters; i++)
		if (master[i]->pid == pid)
			return 1;
	return 0;
}

/* Is one of its ancestors a master? */
static int
is_enclosed(const struct process *p)
{
	size_t steps = 0;

	while ((p = process_of(p->parent)) != NULL && steps++ < processes)
		if (is_master(p->pid))
			return 1;
	return 0;
}

static void
draw_all(void)
{
	size_t i;

	for (i = 0; i < processes; i++)
		if (is_master(process[i].pid) && !is_enclosed(&process[i]))
			draw(&process[i], "");
}

static void
wraptree_show(const char *word)
{
	long root = 0;
	size_t i;

	list_processes();
	if (everything) {
		for (i = 0; i < processes; i++)
			process[i].in_scope = 1;
	} else {
		if (word == NULL)
			add_environment(environ);
		if (word == NULL && masters == 0)
			wk_die(WK_NOINPUT, "no enclosing diversion (all that "
			    "can be seen: -a)");
		root = word != NULL ? chosen(word) : outermost();
		set_scope(root);
	}
	for (i = 0; i < processes; i++)
		if (process[i].in_scope && process[i].pid == (long)getpid())
			add_environment(environ);
		else if (process[i].in_scope)
			add_environment_of(process[i].pid);
	for (i = 0; i < masters; i++)
		wraptree_ask(master[i]);
	if (everything)
		draw_all();
	else
		draw(process_of(root), "");
	draw_rest();
	wk_flush();
}

static void
wraptree_show_version(void)
{
	printf("wraptree: wrapkit %s\n", DIV_VERSION);
	printf("wraptree: environments of others: %s\n",
	    access("/proc/self/environ", R_OK) == 0 ? "/proc" :
	    "cannot be read here");
	wk_flush();
}

int
main(int argc, char **argv)
{
	struct wk_called called;
	int letter, ask_for = 0;
	const char *arg;
	char **words;

	wk_begin(&wraptree, argc, argv, &called);
	while ((letter = wk_option(&arg)) != -1) {
		if (letter == 'h' || letter == 'V')
			ask_for = letter;
		everything |= letter == 'a';
		in_full |= letter == 'l';
	}
	words = wk_operands();
	if (ask_for == 'h')
		wk_help();
	else if (ask_for == 'V')
		wraptree_show_version();
	if (ask_for)
		return 0;
	if (words[0] != NULL && (words[1] != NULL || everything))
		wk_usage(everything ? "-a takes no process id" :
		    "more than one process id");
	wraptree_show(words[0]);
	return 0;
}
