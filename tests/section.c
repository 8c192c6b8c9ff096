/*
 * section.c - what a section needs besides its bytes: whose turn it is, what
 * is written about it, and the streams that it goes to
 *
 *	section [seed]               the modules that need nothing else; TAP
 *	section output SPEC          copy stdin to what SPEC means
 *	section input SPEC           copy what SPEC means to stdout
 *	section guard TEXT SPEC      as output, TEXT being in $XCLATE of |cmd;
 *	                             then say what is in ours
 *	section words output|input SPEC   say what would be done
 *	section utility output|input SPEC command...
 *	                             open it, start a command as a master
 *	                             starts its utility
 *	section outputs SPEC...      open all, write the place of each to it
 *
 * Those with a SPEC wait for the |cmd, and end with the exit code that an
 * error has, or 99 when a descriptor was left open or an end was not seen.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/event.h"
#include "base/jobline.h"
#include "base/results.h"
#include "xclate/report.h"
#include "xclate/redirect.h"
#include "base/spawn.h"
#include "wire/turn.h"
#include "tap.h"

enum { BROKEN = 99, OUTPUTS = 8 };

/* --- names --- */

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

/* In ascending order; those of one line are equal. */
static const char *const ascending[][3] = {
	{ "" },
	{ " 1", " 01" },
	{ "-1" },
	{ "0", "00", "000" },
	{ "0a", "00a" },
	{ "1", "01" },
	{ "1.2" },
	{ "1.10", "01.010" },
	{ "1a" },
	{ "2", "0000000000000000000000000000000002" },
	{ "10" },
	{ "18446744073709551615", "018446744073709551615" },
	{ "18446744073709551616" },
	{ "99999999999999999999999999999999999999999999999999999999999998" },
	{ "99999999999999999999999999999999999999999999999999999999999999" },
	{ "100000000000000000000000000000000000000000000000000000000000000" },
	{ "app" },
	{ "app1" },
	{ "app2" },
	{ "app2b" },
	{ "app2b1" },
	{ "app10", "app010" },
	{ "appl" },
	{ "b" },
	{ "\303\244" },
	{ "\377" }
};

static void
test_compare(void)
{
	enum { N = sizeof ascending / sizeof *ascending };
	size_t i, j, a, b;
	int wrong = 0;

	for (i = 0; i < N; i++)
		for (j = 0; j < N; j++)
			for (a = 0; a < 3 && ascending[i][a] != NULL; a++)
				for (b = 0; b < 3 && ascending[j][b]; b++)
					wrong += sign(turn_compare(
					    ascending[i][a],
					    ascending[j][b])) !=
					    (i > j) - (i < j);
	ok(wrong == 0, "names are compared in natural order");
}

static void
test_number(void)
{
	static const struct {
		const char *name;
		int is;
		unsigned long value;
	} row[] = {
		{ "0", 1, 0 }, { "007", 1, 7 }, { "12", 1, 12 }, { "", 0, 0 },
		{ "1a", 0, 0 }, { "a1", 0, 0 }, { "-1", 0, 0 }, { "+1", 0, 0 },
		{ " 1", 0, 0 }, { "1 ", 0, 0 }, { "1.0", 0, 0 },
		{ "0x1", 0, 0 }, { "\331\241", 0, 0 },
		{ "100000000000000000000000000000", 0, 0 }
	};
	char text[64], name[96];
	unsigned long n;
	size_t i;
	int is;

	for (i = 0; i < sizeof row / sizeof *row; i++) {
		n = 0;
		is = turn_number(row[i].name, &n);
		snprintf(name, sizeof name, "\"%s\" is %s number", row[i].name,
		    row[i].is ? "a" : "no");
		ok(is == row[i].is && n == row[i].value, name);
	}
	snprintf(text, sizeof text, "00%lu", ULONG_MAX);
	ok(turn_number(text, &n) && n == ULONG_MAX, "the largest number");
	text[strlen(text) - 1]++;       /* its last digit is a 5 */
	ok(!turn_number(text, &n), "one more is no number");
	text[strlen(text) - 1] = '0';
	strcat(text, "0");
	ok(!turn_number(text, &n), "ten times as much is no number");
}

/* --- the queue --- */

/* What the order should be, by two names that are not compared by turn.c. */
struct model {
	struct turn turn;
	unsigned long number;    /* the name is this */
	int is_number;           /* else it is a letter with this behind it */
	char name[24];
};

enum { MEMBERS = 300, STEPS = 100000 };

static struct model member[MEMBERS];
static struct model *sorted[MEMBERS];
static size_t sorted_count;

static int
by_name(const struct model *a, const struct model *b)
{
	if (a->is_number != b->is_number)
		return b->is_number - a->is_number;
	return (a->number > b->number) - (a->number < b->number);
}

static int
model_before(enum turn_order order, const struct model *a,
    const struct model *b)
{
	int r = 0;

	if (order == TURN_NUMBER && a->is_number != b->is_number)
		return b->is_number;
	if (order == TURN_READY || (order == TURN_NUMBER && !a->is_number))
		r = b->turn.status - a->turn.status;
	if (r == 0 && order != TURN_ARRIVAL)
		r = by_name(a, b);
	return r != 0 ? r < 0 : a->turn.arrival < b->turn.arrival;
}

static void
model_take(const struct model *m)
{
	size_t i;

	for (i = 0; i < sorted_count && sorted[i] != m; i++)
		;
	if (i == sorted_count)
		return;
	sorted_count--;
	memmove(sorted + i, sorted + i + 1,
	    (sorted_count - i) * sizeof *sorted);
}

static void
model_put(enum turn_order order, struct model *m)
{
	size_t i;

	model_take(m);
	for (i = sorted_count; i > 0; i--) {
		if (!model_before(order, m, sorted[i - 1]))
			break;
		sorted[i] = sorted[i - 1];
	}
	sorted[i] = m;
	sorted_count++;
}

static void
make_member(struct model *m)
{
	static unsigned long arrivals;

	m->number = dice(40);
	m->is_number = dice(2) != 0;
	snprintf(m->name, sizeof m->name, "%s%0*lu", m->is_number ? "" : "x",
	    (int)dice(5), m->number);
	m->turn.name = m->name;
	m->turn.arrival = arrivals++ * 7919 % 1000003;  /* not ascending */
}

static int
is_sound(const struct turn_queue *q)
{
	struct model *first = sorted_count > 0 ? sorted[0] : NULL;

	return q->count == sorted_count &&
	    turn_next(q) == (first ? &first->turn : NULL);
}

static int
places_are_right(const struct turn_queue *q)
{
	size_t i, queued = 0;

	for (i = 0; i < q->count; i++)
		if (q->heap[i]->place != i + 1)
			return 0;
	for (i = 0; i < MEMBERS; i++)
		queued += member[i].turn.place != 0;
	return queued == q->count;
}

static void
one_step(struct turn_queue *q, unsigned tendency)
{
	struct model *m = member + dice(MEMBERS);

	if (dice(10) < tendency) {
		if (m->turn.place == 0)
			make_member(m);
		m->turn.status = (int)dice(4) * 4;
		turn_put(q, &m->turn);
		model_put(q->order, m);
	} else {
		if (dice(2) && q->count > 0)
			m = sorted[0];
		turn_take(q, &m->turn);
		model_take(m);
	}
}

static void
test_queue(enum turn_order order, const char *name)
{
	struct turn_queue q = { .order = order };
	char text[96];
	int step, good = 1;

	memset(member, 0, sizeof member);
	sorted_count = 0;
	for (step = 0; good && step < STEPS; step++) {
		/* it is nearly full and nearly empty in turns */
		one_step(&q, step / 5000 % 2 ? 3 : 7);
		good = is_sound(&q) &&
		    (step % 100 != 0 || places_are_right(&q));
	}
	while (good && q.count > 0) {
		turn_take(&q, turn_next(&q));
		model_take(sorted[0]);
		good = is_sound(&q);
	}
	snprintf(text, sizeof text, "%d steps of a queue %s", step, name);
	ok(good && places_are_right(&q), text);
	free(q.heap);
}

/* Every operation looks at few of the many: who looks at all does not come
 * to an end within the test's time. */
static void
test_many(void)
{
	enum { MANY = 1000000 };
	struct turn_queue q = { .order = TURN_READY };
	struct turn *t = calloc(MANY, sizeof *t);
	int i, good = t != NULL;

	for (i = 0; good && i < MANY; i++) {
		t[i].name = "same";
		t[i].arrival = (unsigned long)(MANY - i);
		good = turn_put(&q, &t[i]) == 0 && turn_next(&q) == &t[i];
	}
	for (i = 0; good && i < MANY; i += 2)
		turn_take(&q, &t[i]);
	for (i = MANY - 1; good && i > 0; i -= 2) {
		good = turn_next(&q) == &t[i];
		turn_take(&q, &t[i]);
	}
	ok(good && turn_next(&q) == NULL, "a million in the queue");
	free(q.heap);
	free(t);
}

static void
test_turns(void)
{
	struct turn_queue q = { .order = TURN_NUMBER };
	struct turn one = { .name = "01", .arrival = 2, .status = 1 };
	struct turn two = { .name = "1", .arrival = 1, .status = 0 };
	struct turn name = { .name = "a", .arrival = 3, .status = 0 };
	struct turn huge = { .arrival = 4,
	    .name = "100000000000000000000000000000" };

	ok(turn_next(&q) == NULL, "nobody is next in an empty queue");
	turn_take(&q, &one);
	turn_put(&q, &one);
	turn_put(&q, &two);
	ok(turn_next(&q) == &two, "equal numbers by arrival, whatever status");
	turn_put(&q, &name);
	ok(turn_next(&q) == &name, "names before numbers");
	turn_put(&q, &huge);
	ok(turn_next(&q) == &huge, "too large a number is a name");
	turn_take(&q, &huge);
	turn_take(&q, &huge);
	turn_put(&q, &name);
	ok(q.count == 3, "twice is once");
	free(q.heap);
}

/* --- records --- */

static void
test_json(void)
{
	static const struct {
		const char *xid, *json;
	} row[] = {
		{ "", "" }, { "a b", "a b" }, { "a\"b\\c/", "a\\\"b\\\\c/" },
		{ "\n\t\001\033\177", "\\u000a\\u0009\\u0001\\u001b\\u007f" },
		{ "\302\200\302\237\302\240", "\\u0080\\u009f\302\240" },
		{ "\303\244\342\202\254\360\237\230\200",
		    "\303\244\342\202\254\360\237\230\200" },
		{ "\377x", "\357\277\275x" },
		{ "\303", "\357\277\275" },
		{ "\342\202x", "\357\277\275\357\277\275x" },
		{ "\300\257", "\357\277\275\357\277\275" },
		{ "\340\200\257", "\357\277\275\357\277\275\357\277\275" },
		{ "\355\240\200", "\357\277\275\357\277\275\357\277\275" },
		{ "\364\217\277\277", "\364\217\277\277" },
		{ "\364\220\200\200",
		    "\357\277\275\357\277\275\357\277\275\357\277\275" },
		{ "\370\210", "\357\277\275\357\277\275" }
	};
	struct report r = { NULL, 7, 1234, 1300, 2000, 12, 3 };
	char text[REPORT_MAX], want[256], name[64];
	size_t i, n;

	for (i = 0; i < sizeof row / sizeof *row; i++) {
		r.xid = row[i].xid;
		n = report_json(text, &r);
		snprintf(want, sizeof want, "{\"xid\":\"%s\",\"seq\":7,"
		    "\"start\":1.234,\"turn\":1.300,\"end\":2.000,"
		    "\"bytes\":12,\"status\":3}\n", row[i].json);
		snprintf(name, sizeof name, "JSON: row %zu", i);
		ok(strcmp(text, want) == 0 && n == strlen(text), name);
	}
	r.turn = 0;
	report_json(text, &r);
	ok(strstr(text, ",\"turn\":null,") != NULL, "JSON: no turn");
}

static void
test_joblog(void)
{
	static const struct {
		struct report r;
		const char *line;
	} row[] = {
		{ { "a", 0, 1000, 0, 3005, 0, 0 },
		    "1\t:\t1.000\t2.005\t0\t0\t0\t0\ta\n" },
		{ { "a\tb\nc\177\303\244", 5, 1700000000007, 8, 1700000000007,
		    UINT64_MAX, 128 }, "6\t:\t1700000000.007\t0.000\t0\t"
		    "18446744073709551615\t128\t0\ta\\tb\\nc?\303\244\n" },
		{ { "", 1, 2000, 0, 1500, 1, 137 },
		    "2\t:\t2.000\t-0.500\t0\t1\t0\t9\t\n" },
		{ { "x", 2, 0, 0, 0, 1, 1 },
		    "3\t:\t0.000\t0.000\t0\t1\t1\t0\tx\n" }
	};
	char text[REPORT_MAX], name[64];
	size_t i, n;

	for (i = 0; i < sizeof row / sizeof *row; i++) {
		n = report_joblog(text, &row[i].r);
		snprintf(name, sizeof name, "job log: row %zu", i);
		ok(strcmp(text, row[i].line) == 0 && n == strlen(text), name);
	}
	ok(strcmp(jobline_heading[JOBLINE_PARALLEL],
	    "Seq\tHost\tStarttime\tJobRuntime\tSend"
	    "\tReceive\tExitval\tSignal\tCommand\n") == 0, "job log: head");
}

static void
test_file(void)
{
	static const char *const row[][2] = {
		{ "", "%" }, { "a b.c", "a b.c" }, { ".", "%2E" },
		{ "..", "%2E." }, { ".a", "%2Ea" }, { "/", "%2F" },
		{ "../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd" },
		{ "%2F", "%252F" }, { "\001\n\037 !~\177\200\377",
		    "%01%0A%1F !~%7F%80%FF" }
	};
	char text[REPORT_MAX], name[64];
	size_t i, n;

	for (i = 0; i < sizeof row / sizeof *row; i++) {
		n = results_name(text, row[i][0]);
		snprintf(name, sizeof name, "file name: %s", row[i][1]);
		ok(strcmp(text, row[i][1]) == 0 && n == strlen(text), name);
	}
}

/* The longest there are, and longer ones: they stay within REPORT_MAX. */
static void
test_longest(void)
{
	struct report r = { NULL, ULONG_MAX, INT64_MIN / 2, INT64_MAX,
	    INT64_MAX / 2, UINT64_MAX, INT_MIN };
	static const char byte[] = { '\001', '\377', '%', 'x' };
	char xid[5001], *text = malloc(REPORT_MAX), name[64];
	size_t i, j, n;

	for (i = 0; i < 2 * sizeof byte; i++) {
		n = i % 2 ? 5000 : 255;
		memset(xid, byte[i / 2], n);
		xid[n] = '\0';
		r.xid = xid;
		j = report_json(text, &r);
		snprintf(name, sizeof name, "%zu bytes %02x", n,
		    (unsigned)byte[i / 2] & 0xff);
		ok(j < REPORT_MAX && strlen(text) == j &&
		    (j = report_joblog(text, &r)) < REPORT_MAX &&
		    strlen(text) == j && (j = results_name(text, xid)) <
		    REPORT_MAX && strlen(text) == j && j >= 255, name);
	}
	memset(xid, 'x', 254);
	strcpy(xid + 254, "\303\244y");
	report_json(text, &r);
	ok(strstr(text, "x\357\277\275\",\"seq\"") != NULL,
	    "cut within a character");
	free(text);
}

/* --- streams --- */

static int
complain(const struct redirect *r, const char *spec)
{
	fprintf(stderr, "%s: %s\n", spec, r->reason);
	return r->fd == -1 && r->child.pid == 0 ? r->code : BROKEN;
}

static int
copy(int from, int to)
{
	char data[4096];
	ssize_t n, done, w;

	while ((n = read(from, data, sizeof data)) > 0)
		for (done = 0; done < n; done += w) {
			w = write(to, data + done, (size_t)(n - done));
			if (w < 0)
				return 1;
		}
	return n < 0;
}

/* Close the stream, wait for its command.  BROKEN when a descriptor was not
 * close-on-exec or too low, or one is left. */
static int
finish(struct redirect *r, int before)
{
	int good = r->fd < 0 || (r->fd > 2 &&
	    (fcntl(r->fd, F_GETFD) & FD_CLOEXEC));

	if (r->fd >= 0)
		close(r->fd);
	while (r->child.pid != 0 && wk_reap())
		wk_round(1);
	return good && r->child.pid == 0 && open_fds() == before ? 0 : BROKEN;
}

static int
output(const char *spec, const char *guard)
{
	struct redirect r;
	int before = open_fds(), code;

	if (redirect_output(&r, spec, guard) != 0)
		code = complain(&r, spec);
	else
		code = copy(0, r.fd);
	if (code == 0 || open_fds() != before)
		code = finish(&r, before);
	return code;
}

static int
input(const char *spec)
{
	struct redirect r;
	int before = open_fds(), code;

	if (redirect_input(&r, spec) != 0)
		code = complain(&r, spec);
	else if (r.fd < 0)
		code = printf(r.same ? "same\n" : "closed\n") < 0;
	else
		code = copy(r.fd, 1);
	if (code == 0 || open_fds() != before)
		code = finish(&r, before);
	return code;
}

static int
guarded(const char *guard, const char *spec)
{
	int code = output(spec, guard);
	const char *value = getenv("XCLATE");

	fprintf(stderr, "%s\n", value ? value : "none");
	return code;
}

static int utility_status;

static void
utility_ended(struct wk_child *c, int status)
{
	c->pid = 0;
	utility_status = status;
}

static int
utility(int in, const char *spec, char **argv)
{
	int fds[3] = { -1, -1, -1 }, before = open_fds();
	struct wk_spawn s = wk_spawn_plain(argv[0], argv);
	struct wk_child child = { .ended = utility_ended };
	struct redirect r;

	s.fd = fds;
	if ((in ? redirect_input(&r, spec) :
	    redirect_output(&r, spec, NULL)) != 0)
		return complain(&r, spec);
	if (in)
		fds[0] = r.fd;
	child.pid = wk_spawn(&s);
	if (child.pid < 0)
		return BROKEN;
	wk_child_watch(&child);
	while (child.pid != 0 && wk_reap())
		wk_round(1);
	return finish(&r, before) ? BROKEN : wk_spawn_code(utility_status);
}

static int
outputs(char **spec)
{
	struct redirect r[OUTPUTS];
	int i, n;

	for (n = 0; n < OUTPUTS && spec[n] != NULL; n++)
		if (redirect_output(&r[n], spec[n], NULL) != 0)
			return complain(&r[n], spec[n]);
	for (i = 0; i < n; i++)
		dprintf(r[i].fd, "%d\n", i);
	return 0;
}

static int
stream(int argc, char **argv)
{
	const char *mode = argv[1];
	int in = argc > 3 && strcmp(argv[2], "input") == 0;

	if (strcmp(mode, "output") == 0)
		return output(argv[2], NULL);
	if (strcmp(mode, "input") == 0)
		return input(argv[2]);
	if (strcmp(mode, "guard") == 0 && argc > 3)
		return guarded(argv[2], argv[3]);
	if (strcmp(mode, "words") == 0 && argc > 3)
		return puts(redirect_describe(argv[3], in)) < 0;
	if (strcmp(mode, "utility") == 0 && argc > 4)
		return utility(in, argv[3], argv + 4);
	if (strcmp(mode, "outputs") == 0)
		return outputs(argv + 2);
	return BROKEN;
}

int
main(int argc, char **argv)
{
	if (argc > 2) {
		if (wk_spawn_init() != 0 || wk_init() != 0)
			return BROKEN;
		return stream(argc, argv);
	}
	seed = argc > 1 ? strtoull(argv[1], NULL, 10) :
	    (unsigned long long)time(NULL);
	printf("# seed %llu\n", seed);
	test_compare();
	test_number();
	test_queue(TURN_READY, "by status");
	test_queue(TURN_ARRIVAL, "by arrival");
	test_queue(TURN_NUMBER, "by number");
	test_many();
	test_turns();
	test_json();
	test_joblog();
	test_file();
	test_longest();
	printf("1..%d\n", count);
	return failed != 0;
}
