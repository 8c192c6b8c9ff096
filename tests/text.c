/*
 * text.c - what is done to text: sizes, titles, and the lines of a section,
 * whole against byte by byte and in random pieces
 *
 * Prints TAP.  The seed of the random part is printed: text [seed].
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/size.h"
#include "base/lines.h"
#include "base/visible.h"
#include "base/wrapper.h"
#include "wire/title.h"
#include "shown.h"
#include "tap.h"

#define E "\033[0K"
#define S "section_start:1600000000:a_b-c.9"
#define N "section_end:1600000000:a_b-c.9"
#define A LINES_AS_IS
#define H LINES_GITHUB
#define L LINES_GITLAB

enum { LONG = 100000 };

/* --- sizes --- */

static const struct size {
	const char *text;
	size_t bytes;
} sizes[] = {
	{ "0", 0 }, { "1", 1 }, { "64k", 65536 }, { "2k", 2048 },
	{ "k", 1024 }, { "w", 2 }, { "l", 4 }, { "b", 512 },
	{ "m", 1048576 }, { "g", 1073741824 }, { "1K", 1024 },
	{ "W", 2 }, { "L", 4 }, { "B", 512 }, { "M", 1048576 },
	{ "G", 1073741824 }, { "(2+3)*2k", 10240 }, { "1.5k", 1536 },
	{ "1.5K", 1536 }, { ".5k", 512 }, { "0.25m", 262144 },
	{ "0x10", 16 }, { "0X1f", 31 }, { "0xFFk", 261120 },
	{ "0x1b", 27 }, { "010", 8 }, { "0777", 511 }, { "010k", 8192 },
	{ "0k", 0 }, { "1+2*3", 7 }, { "(1+2)*3", 9 }, { "10-2-3", 5 },
	{ "7/2", 3 }, { "7/2*2", 7 }, { "7%4", 3 }, { "1m%1000", 576 },
	{ "1m/2k", 512 }, { "5.5%2*10", 15 }, { "1g%7", 1 },
	{ "2kk", 2097152 }, { "2w*3", 12 }, { "(1+1)(2+2)", 8 },
	{ "(1+1)k", 2048 }, { "k(2)", 2048 }, { "k2", 2048 },
	{ " 2 k + 1 ", 2049 }, { "\t1", 1 }, { "3--1", 4 }, { "-1+2", 1 },
	{ "+5", 5 }, { "2*-1+3", 1 }, { "-2*-3", 6 }, { "(1-2)+3", 2 },
	{ "-7%4+4", 1 }, { "-4/-2", 2 }, { "1.15*100", 115 }, { "1/3*3", 1 },
	{ "0.1*3*10", 3 }, { "1.999", 1 }, { "0.999999", 0 },
	{ "1.00000000000000000000000000000000000001", 1 },
	{ "9007199254740991", 9007199254740991u },
	{ "1/49*49", 1 }, { "((((((((((1))))))))))", 1 },
	{ "3g*2", 6442450944u }, { "1g*1g/1g/1k", 1048576 },
};

static const struct mistake {
	const char *text;
	int error;
	int at;                 /* -1: anywhere */
} mistakes[] = {
	{ "", EINVAL, 0 }, { " ", EINVAL, 1 }, { "1k;", EINVAL, 2 },
	{ "2x", EINVAL, 1 }, { "x", EINVAL, 0 }, { "k;", EINVAL, 1 },
	{ "08", EINVAL, 1 }, { "1.", EINVAL, 1 }, { ".", EINVAL, 0 },
	{ "1.5.5", EINVAL, 3 }, { "1 2", EINVAL, 2 }, { "0x", EINVAL, 1 },
	{ "0xg", EINVAL, 1 }, { "0x1.8", EINVAL, 3 }, { "010.5", EINVAL, 3 },
	{ "1+", EINVAL, 2 }, { "1+*2", EINVAL, 2 }, { "*2", EINVAL, 0 },
	{ "/2", EINVAL, 0 }, { "2/", EINVAL, 2 }, { "2%", EINVAL, 2 },
	{ "()", EINVAL, 1 }, { "(1", EINVAL, 2 }, { "(", EINVAL, 1 },
	{ "1)", EINVAL, 1 }, { "(1))", EINVAL, 3 }, { ")", EINVAL, 0 },
	{ "1e3", EINVAL, 1 }, { "inf", EINVAL, 0 }, { "nan", EINVAL, 0 },
	{ "1,5k", EINVAL, 1 }, { "2k?", EINVAL, 2 }, { "-", EINVAL, 1 },
	{ "1\n", EINVAL, 1 }, { "\303\244", EINVAL, 0 }, { "1(k", EINVAL, 3 },
	{ "k1 2", EINVAL, 3 },
	{ "1/0", EDOM, -1 }, { "1%0", EDOM, -1 }, { "1/(1-1)", EDOM, -1 },
	{ "1k/0k", EDOM, -1 }, { "0/0", EDOM, -1 }, { "1/-0", EDOM, -1 },
	{ "5%0.0", EDOM, -1 },
	{ "-1", ERANGE, -1 }, { "1-2", ERANGE, -1 }, { "-0.5", ERANGE, -1 },
	{ "-7%4", ERANGE, -1 }, { "8g*1g", ERANGE, -1 },
	{ "ggggg", ERANGE, -1 }, { "18446744073709551616", ERANGE, -1 },
	{ "0xffffffffffffffff", ERANGE, -1 },
};

static void
test_mistake(const struct mistake *m, const char *name)
{
	const char *at = NULL;
	size_t bytes = 42;
	int r, e;

	errno = 0;
	r = size_evaluate(m->text, &bytes, &at);
	e = errno;
	ok(r == -1 && e == m->error && (m->at < 0 || at == m->text + m->at),
	    name);
	if (r == 0)
		printf("# got %zu\n", bytes);
	else
		printf("# %s, at %d\n", strerror(e), (int)(at - m->text));
}

/* One character, very often, in front of a text. */
static char *
often(char c, const char *text)
{
	static char much[LONG + 16];

	memset(much, c, LONG);
	strcpy(much + LONG, text);
	return much;
}

static void
test_long_sizes(void)
{
	static char pairs[3001];
	struct mistake m = { NULL, EINVAL, -1 };
	const char *at;
	size_t bytes = 0, n;

	m.text = often('(', "");
	test_mistake(&m, "many parentheses");
	m.error = ERANGE;
	m.text = often('9', "");
	test_mistake(&m, "many digits");
	m.text = often('9', ".5k");
	test_mistake(&m, "many digits, a fraction");
	m.text = often('9', "-1g%7");
	test_mistake(&m, "many digits, a remainder");
	m.text = often('k', "");
	test_mistake(&m, "many units");
	m.text = often('k', "%7");
	test_mistake(&m, "many units, a remainder");
	ok(size_evaluate(often('-', "5"), &bytes, &at) == 0 && bytes == 5,
	    "many signs");
	ok(size_evaluate(often('0', "17"), &bytes, &at) == 0 && bytes == 15,
	    "many zeros");
	ok(size_evaluate(often(' ', "5"), &bytes, &at) == 0 && bytes == 5,
	    "many blanks");
	for (n = 0; n < 3000; n += 3)
		memcpy(pairs + n, "(1)", 3);
	ok(size_evaluate(pairs, &bytes, &at) == 0 && bytes == 1,
	    "many parentheses side by side");
}

/* Each line of the table of units is what the letter means. */
static void
test_units(void)
{
	const char *line = size_units, *at;
	char letter[2] = "", *end;
	size_t bytes;
	int good = 1, n = 0;

	for (; good && *line != '\0'; n++) {
		letter[0] = *line;
		good = line[1] == ' ' &&
		    size_evaluate(letter, &bytes, &at) == 0 &&
		    strtoul(line + 1, &end, 10) == bytes && *end == ' ';
		line += strcspn(line, "\n");
		good = good && *line++ == '\n';
	}
	ok(good && n == 6, "the table of units");
}

static void
test_sizes(void)
{
	const char *at, *text;
	size_t bytes, i;
	int r;

	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		bytes = 42;
		text = sizes[i].text;
		r = size_evaluate(text, &bytes, &at);
		ok(r == 0 && bytes == sizes[i].bytes, named("size", text));
		if (r != 0 || bytes != sizes[i].bytes)
			printf("# wanted %zu, got %zu, code %d\n",
			    sizes[i].bytes, bytes, r);
	}
	for (i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
		test_mistake(mistakes + i,
		    named("no size", mistakes[i].text));
	test_long_sizes();
	test_units();
}

/* --- titles --- */

static const struct title {
	const char *text;
	char escape;
	const char *xid;
	const char *want;       /* without its newline */
	int newline;            /* should there be one */
} titles[] = {
	{ "[%x %s]", '%', "a", "[a 7]", 1 }, { "--", '%', "a", "--", 1 },
	{ "%x: %", '%', "a", "a: ", 0 }, { "100%%", '%', "a", "100%", 1 },
	{ "<%{TXT_SET}>%0", '%', "a", "<z>", 1 }, { "%x", '%', "", "?", 1 },
	{ "t%x", '%', "k", "tk", 1 }, { "%u%s", '%', "a", "77", 1 },
	{ "", '%', "a", "", 1 }, { "%", '%', "a", "", 0 },
	{ "%%", '%', "a", "%", 1 }, { "%%%", '%', "a", "%", 0 },
	{ "%0", '%', "a", "", 1 }, { "q%qr", '%', "a", "q%qr", 1 },
	{ "q%q%x%", '%', "a", "q%qa", 0 }, { "%X", '%', "a", "%X", 1 },
	{ "%\303\244", '%', "a", "%\303\244", 1 },
	{ "%{TXT_SET", '%', "a", "%{TXT_SET", 1 },
	{ "%{%x", '%', "a", "%{a", 1 }, { "%{", '%', "a", "%{", 1 },
	{ "%{TXT_SET}%{TXT_EMPTY}}", '%', "a", "z}", 1 },
	{ "%{TXT_ODD}", '%', "a", "%x\n", 1 },
	{ "a\\nb", '%', "a", "a\\nb", 1 },
	{ "%x", '%', "%s\t\001", "%s\t\001", 1 },
	{ "@x %x @@ 100% @", '@', "a", "a %x @ 100% ", 0 },
	{ "@{TXT_SET}@q%{TXT_SET}", '@', "a", "z@q%{TXT_SET}", 1 },
	{ "xxxs", 'x', "a", "x7", 1 }, { "{{{0", '{', "a", "{", 1 },
	{ "\377x%x", '\377', "a", "a%x", 1 }, { "00", '0', "a", "0", 1 },
	{ "}{TXT_SET}", '}', "a", "z", 1 }, { "%x", '\0', "a", "%x", 1 },
};

static char unset_name[64];
static int unset_calls;

static void
on_unset(const char *name)
{
	snprintf(unset_name, sizeof unset_name, "%s", name);
	unset_calls++;
}

static void
test_title(const struct title *t, int newline)
{
	struct title_values v = { .escape = t->escape, .xid = t->xid,
	    .sequence = 7, .unset = on_unset };
	size_t len = 0, n = strlen(t->want);
	char *p = title_expand(t->text, &v, newline, &len);
	int ends = newline && t->newline, good;

	good = p != NULL && len == n + (size_t)ends &&
	    memcmp(p, t->want, n) == 0 && (!ends || p[n] == '\n');
	ok(good, named(newline ? "title" : "tag", t->text));
	if (!good) {
		show("wanted", t->want, n);
		show("got", p, len);
	}
	free(p);
}

static void
test_unset(void)
{
	struct title_values v = { .escape = '%', .xid = "a",
	    .sequence = 0, .unset = on_unset };
	size_t len = 9;
	char *p;

	unset_calls = 0;
	p = title_expand("<%{TXT_UNSET}>", &v, 0, &len);
	ok(p != NULL && len == 2 && memcmp(p, "<>", 2) == 0 &&
	    unset_calls == 1 && strcmp(unset_name, "TXT_UNSET") == 0,
	    "a variable that is not set is reported, and empty");
	free(p);
	p = title_expand("%{}%{TXT_UNSET}", &v, 0, &len);
	ok(p != NULL && len == 0 && unset_calls == 3, "each of them");
	free(p);
	v.unset = NULL;
	p = title_expand("%{TXT_UNSET}x", &v, 0, &len);
	ok(p != NULL && len == 1 && *p == 'x', "nobody wants to know");
	free(p);
	v.sequence = (unsigned long)-1 / 2;
	v.xid = often('x', "y");
	p = title_expand("%x%x%x%s", &v, 0, &len);
	ok(p != NULL && len > 3 * (LONG + 1) && p[LONG] == 'y' &&
	    strtoul(p + 3 * (LONG + 1), NULL, 10) == v.sequence, "a long one");
	free(p);
}

/* The clock may tick in between. */
static void
test_time(void)
{
	struct title_values v = { .escape = '%', .xid = "a",
	    .sequence = 0 };
	char text[2][40];
	size_t len;
	time_t now;
	char *p;

	setenv("TZ", "TST-03:30", 1);
	now = time(NULL) + 12600;
	strftime(text[0], 40, "<%Y-%m-%dT%H:%M:%S>", gmtime(&now));
	p = title_expand("<%t>", &v, 0, &len);
	now = time(NULL) + 12600;
	strftime(text[1], 40, "<%Y-%m-%dT%H:%M:%S>", gmtime(&now));
	ok(p != NULL && len == 21 && memcmp(p, text[0], len) >= 0 &&
	    memcmp(p, text[1], len) <= 0, "the local time");
	if (p != NULL)
		show("got", p, len);
	free(p);
}

static const struct spelling {
	const char *text;
	int want;
} spellings[] = {
	{ "%", '%' }, { "@", '@' }, { "^", '^' }, { "\\", '\\' },
	{ "M", 'M' }, { " ", ' ' }, { "\001", 1 }, { "\344", 0344 },
	{ "^X", 030 }, { "^x", 030 }, { "^A", 1 }, { "^[", 033 },
	{ "^?", 0177 }, { "^_", 037 }, { "\\n", '\n' }, { "\\t", '\t' },
	{ "\\r", '\r' }, { "\\\\", '\\' }, { "\\7", 7 }, { "\\45", '%' },
	{ "\\045", '%' }, { "\\377", 0377 }, { "M-x", 'x' | 0200 },
	{ "M-^X", 0230 }, { "M-\\n", 0212 }, { "M-^@", 0200 }, { "M--", 0255 },
	{ "", -1 }, { "xy", -1 }, { "%%", -1 }, { "^XY", -1 }, { "^@", -1 },
	{ "^1", -1 }, { "^\344", -1 }, { "\\0", -1 }, { "\\000", -1 },
	{ "\\400", -1 }, { "\\0045", -1 }, { "\\8", -1 }, { "\\x", -1 },
	{ "\\n1", -1 }, { "\\45x", -1 }, { "M-", -1 }, { "M-xy", -1 },
	{ "M-M-x", -1 }, { "M-\344", -1 }, { "M-\\344", -1 }, { "Mx", -1 },
	{ "\303\244", -1 },
};

static void
test_titles(void)
{
	size_t i;
	int c;

	setenv("TXT_SET", "z", 1);
	setenv("TXT_EMPTY", "", 1);
	setenv("TXT_ODD", "%x\n", 1);
	unsetenv("TXT_UNSET");
	for (i = 0; i < sizeof titles / sizeof *titles; i++) {
		test_title(titles + i, 1);
		test_title(titles + i, 0);
	}
	ok(unset_calls == 0, "nothing was reported without reason");
	test_unset();
	test_time();
	for (i = 0; i < sizeof spellings / sizeof *spellings; i++) {
		c = title_escape(spellings[i].text);
		ok(c == spellings[i].want,
		    named("escape character", spellings[i].text));
		if (c != spellings[i].want)
			printf("# wanted %d, got %d\n", spellings[i].want, c);
	}
}

/* --- lines --- */

struct got {
	size_t len;
	size_t pieces;
	char data[400000];
};

static struct got whole, other;
static char input[LONG + 3000];

static void
on_piece(void *to, const char *data, size_t len)
{
	struct got *g = to;

	if (len == 0 || len > sizeof g->data - g->len) {
		printf("# a piece of %zu\n", len);
		failed++;
		return;
	}
	memcpy(g->data + g->len, data, len);
	g->len += len;
	g->pieces++;
}

/* Feed it in pieces of up to most bytes, or of just one if that is 1.  Each
 * comes in memory of its own, which the sanitizers watch. */
static void
feed(const struct lines *like, const char *data, size_t len, unsigned most,
    struct got *g)
{
	struct lines l = *like;
	char *copy;
	size_t n;

	g->len = g->pieces = 0;
	while (len > 0) {
		n = most == 0 ? len : dice(most) + 1;
		n = n < len ? n : len;
		copy = malloc(n);
		memcpy(copy, data, n);
		lines_feed(&l, copy, n, on_piece, g);
		free(copy);
		data += n;
		len -= n;
	}
	lines_feed(&l, data, 0, on_piece, g);
	lines_end(&l, on_piece, g);
}

static int
same(const struct got *a, const char *data, size_t len)
{
	return a->len == len && memcmp(a->data, data, len) == 0;
}

/* Whatever the pieces, the same comes out; whole has it. */
static int
any_split(const struct lines *l, const char *data, size_t len)
{
	static const unsigned most[] = { 1, 1, 2, 3, 9, 40, 600, 5000 };
	size_t i;

	feed(l, data, len, 0, &whole);
	for (i = 0; i < sizeof most / sizeof *most; i++) {
		feed(l, data, len, most[i], &other);
		if (!same(&other, whole.data, whole.len)) {
			printf("# with pieces of up to %u\n", most[i]);
			show("whole", whole.data, whole.len);
			show("split", other.data, other.len);
			return 0;
		}
	}
	return 1;
}

static const struct line {
	const char *text, *want;
	const char *tag;
	enum lines_flatten flatten;
	int newline;
} lines[] = {
	{ "", "", NULL, A, 0 }, { "", "", NULL, A, 1 },
	{ "a\nb", "a\nb", NULL, A, 0 }, { "a\nb", "a\nb\n", NULL, A, 1 },
	{ "a\n", "a\n", NULL, A, 1 }, { "\n", "\n", NULL, A, 1 },
	{ "::group::a\n" E S "\r" E "\n", "::group::a\n" E S "\r" E "\n",
	    NULL, A, 1 },
	/* tags */
	{ "", "", "t:", A, 1 }, { "a\nb", "t:a\nt:b", "t:", A, 0 },
	{ "a\nb\n", "t:a\nt:b\n", "t:", A, 0 }, { "\n", "t:\n", "t:", A, 0 },
	{ "\n\n", "t:\nt:\n", "t:", A, 1 }, { "a", "t:a\n", "t:", A, 1 },
	{ "a", "t:\na", "t:\n", A, 0 }, { "a\n", "a\n", "", A, 1 },
	/* GitHub */
	{ "::group::a b\nc\n::endgroup::\nd\n", "a b\nc\nd\n", NULL, H, 0 },
	{ "::group::a b\nc\n::endgroup::\nd\n", "t:a b\nt:c\nt:d\n", "t:", H,
	    0 },
	{ "::endgroup::\r\na", "a", NULL, H, 0 },
	{ "::endgroup:: \t\r\na", "a", NULL, H, 0 },
	{ "::endgroup::", "", "t:", H, 1 },
	{ "a\n::endgroup::\r", "a\n", NULL, H, 1 },
	{ "::endgroup::a\n", "a\n", NULL, H, 0 },
	{ "::endgroup:: a", "t:a\n", "t:", H, 1 },
	{ "::group::", "", "t:", H, 1 }, { "::group::\n", "\n", NULL, H, 1 },
	{ "::group::\n", "t:\n", "t:", H, 1 },
	{ "::group::a", "t:a\n", "t:", H, 1 },
	{ " ::group::a\n", "a\n", NULL, H, 0 },
	{ " \t\v\f\302\240\302\205\341\232\200\342\200\212\342\200\250"
	    "\342\200\257\342\201\237\343\200\200::group::a\n", "a\n", NULL,
	    H, 0 },
	{ "\342\200\213::group::a\n", "\342\200\213::group::a\n", NULL, H, 0 },
	{ "\303\240::group::a\n", "\303\240::group::a\n", NULL, H, 0 },
	{ "\302", "t:\302\n", "t:", H, 1 },
	{ "  \342\200", "  \342\200", NULL, H, 0 },
	/* a character that is cut short does not swallow the newline */
	{ "\342\200\n::group::a\nb\n", "\342\200\na\nb\n", NULL, H, 0 },
	{ "\341\r::group::a\n\341\r\341\n::group::b\n",
	    "\341\ra\n\341\r\341\nb\n", NULL, H, 0 },
	{ "a\n\342\200\n\342\200\307b", "t:a\nt:\342\200\nt:\342\200\307b",
	    "t:", H, 0 },
	{ "  a\n\n   b\n", "t:  a\nt:\nt:   b\n", "t:", H, 1 },
	{ "::group name=x,y=z::a\n", "a\n", NULL, H, 0 },
	{ "::group ::a::b\n", "a::b\n", NULL, H, 0 },
	{ "::group x:y::a\n", "a\n", NULL, H, 0 },
	{ "::group x:::a\n", ":a\n", NULL, H, 0 },
	{ "::group x:\n::\n", "::group x:\n::\n", NULL, H, 0 },
	{ "::group x\n", "::group x\n", NULL, H, 0 },
	{ "::group\tx::\n", "::group\tx::\n", NULL, H, 0 },
	{ "::groups::a\n", "::groups::a\n", NULL, H, 0 },
	{ "::endgroup x=y::\na\n", "a\n", NULL, H, 0 },
	{ "::debug::a\n::error file=x::b\n", "::debug::a\n::error file=x::b\n",
	    NULL, H, 0 },
	{ "##[group]a\nb\n##[endgroup]\nc\n", "a\nb\nc\n", NULL, H, 0 },
	{ "  ##[EndGroup] \nc\n", "c\n", NULL, H, 0 },
	{ "x ##[group]a\n", "x # #[group]a\n", NULL, H, 0 },
	{ "x##[endgroup]\n", "t:x# #[endgroup]\n", "t:", H, 0 },
	{ "x##[Group a=b;]\n", "x# #[Group a=b;]\n", NULL, H, 0 },
	{ "##[group a=b;]c\n", "# #[group a=b;]c\n", NULL, H, 0 },
	{ "x###[group]##[endgroup]\n", "x## #[group]# #[endgroup]\n",
	    NULL, H, 0 },
	{ "x##[gr##[group]oup]\n", "x##[gr# #[group]oup]\n", NULL, H, 0 },
	{ "x##[#[group]##[##[endgroup ", "x##[#[group]##[# #[endgroup ",
	    NULL, H, 0 },
	{ "::gr##[group]oup::\n", "::gr# #[group]oup::\n", NULL, H, 0 },
	{ "::group ##[group]a\n", "::group # #[group]a\n", NULL, H, 0 },
	{ "##[error]a\nx##[endgrou]\n##[groups]\n##", "##[error]a\n"
	    "x##[endgrou]\n##[groups]\n##", NULL, H, 0 },
	{ "x##[group", "t:x##[group\n", "t:", H, 1 },
	{ "##[group]##[group]::group::a\n", "a\n", NULL, H, 0 },
	{ "50%\r::group::a\r##[endgroup]\rb\n", "50%\ra\r\rb\n", NULL, H, 0 },
	{ "a\r ::endgroup::\nb\n", "t:a\r\nt:b\n", "t:", H, 0 },
	{ "a::group::a\n", "a::group::a\n", NULL, H, 0 },
	{ "::Group::a\n::ENDGROUP::\n", "a\n", NULL, H, 0 },
	{ "::group:a\n", "::group:a\n", NULL, H, 0 },
	{ "::group:", "::group:", NULL, H, 0 }, { ":", "t::\n", "t:", H, 1 },
	{ ":\n::\n:::\n", "t::\nt:::\nt::::\n", "t:", H, 1 },
	{ "::endgroup", "::endgroup\n", NULL, H, 1 },
	{ "::endgroup::\n\n::endgroup::\n", "\n", NULL, H, 1 },
	{ "::group::::group::a\n", "a\n", NULL, H, 0 },
	{ "::group::::endgroup::\na\n", "a\n", NULL, H, 0 },
	{ "x::endgroup::\n", "x::endgroup::\n", NULL, H, 0 },
	{ E S "\r" E "a\n", E S "\r" E "a\n", NULL, H, 0 },
	/* GitLab */
	{ E S "\r" E "a b\nc\n" E N "\r" E "\nd\n", "a b\nc\nd\n", NULL, L, 0 },
	{ E S "\r" E "a b\nc\n" E N "\r" E "\nd\n", "t:a b\nt:c\nt:d\n", "t:",
	    L, 0 },
	{ S "\r" E "a\n", "a\n", NULL, L, 0 },
	{ N "\r" E "\na", "a", NULL, L, 0 },
	{ S "[collapsed=true]\r" E "a\n", "a\n", NULL, L, 0 },
	{ E S "[a=b,c=d]\r" E "a\n", "t:a\n", "t:", L, 0 },
	{ E S "[]\r" E "a\n", "a\n", NULL, L, 0 },
	{ E E S "\r" E "a\n", "a\n", NULL, L, 0 },
	{ E N "\r" E E S "\r" E "a\n", "a\n", NULL, L, 0 },
	{ E N "\r" E S "\r" E "a\n", "a\n", NULL, L, 0 },
	{ E N "\r" E E N "\r" E "\na\n", "a\n", NULL, L, 0 },
	{ E S "\r" E E N "\r" E "\na\n", "a\n", NULL, L, 0 },
	{ E S "\r" E "\na\n", "\na\n", NULL, L, 0 },
	{ E N "\r" E "a\n\nb", "a\n\nb", NULL, L, 0 },
	{ E N "\r" E "\n\nb", "t:\nt:b", "t:", L, 0 },
	{ E N "\r" E " \n", " \n", NULL, L, 0 },
	{ E N "\r" E, "", "t:", L, 1 }, { E S "\r" E, "", "t:", L, 1 },
	{ "a\n" E N "\r" E, "a\n", NULL, L, 1 },
	{ E N "[a]\r" E "\n", E N "[a]\r" E "\n", NULL, L, 0 },
	{ E S "[a\r" E "a\n", E S "[a\r" E "a\n", NULL, L, 0 },
	{ E S "[a\rb]\r" E, E S "[a\rb]\r" E, NULL, L, 0 },
	{ E S "[a\nb]\r" E, E S "[a\nb]\r" E, NULL, L, 0 },
	{ E N "\r" E S "\r" E "\na\n", "a\n", NULL, L, 0 },
	{ E S "[a", E S "[a", NULL, L, 0 }, { E S "\r", E S "\r", NULL, L, 0 },
	{ E S "\n" E, E S "\n" E, NULL, L, 0 },
	{ E S "\r\na", E S "\r\na", NULL, L, 0 },
	{ E "section_start::n\r" E, E "section_start::n\r" E, NULL, L, 0 },
	{ E "section_start:1:\r" E, E "section_start:1:\r" E, NULL, L, 0 },
	{ E "section_start:x:n\r" E, E "section_start:x:n\r" E, NULL, L, 0 },
	{ E "section_start:1:n/\r" E, E "section_start:1:n/\r" E, NULL, L, 0 },
	{ E "section_stop:1:n\r" E, E "section_stop:1:n\r" E, NULL, L, 0 },
	{ "a" E S "\r" E "\n", "a" E S "\r" E "\n", NULL, L, 0 },
	{ E "a\n" E "\n" E, "t:" E "a\nt:" E "\nt:" E, "t:", L, 0 },
	{ "s\nse\n\033\n\033[\n", "s\nse\n\033\n\033[\n", NULL, L, 0 },
	{ "section", "t:section\n", "t:", L, 1 },
	{ "::group::a\n", "::group::a\n", NULL, L, 0 },
};

static void
set_up(struct lines *l, const char *tag, enum lines_flatten f, int newline)
{
	memset(l, 0, sizeof *l);
	l->tag = tag;
	l->tag_len = tag != NULL ? strlen(tag) : 0;
	l->flatten = f;
	l->newline = newline;
}

/* A tag that has a colour, and text that has its own. */
static const struct {
	const char *text, *want;
} coloured[] = {
	{ "a\nb\n", "t:a\nt:b\n" },
	{ "\033[1ma\nb\033[0m\nc\n",
	    "t:\033[1ma\nt:\033[1mb\033[0m\nt:c\n" },
	{ "\033[1m\033[31ma\nb\033[m\nc",
	    "t:\033[1m\033[31ma\nt:\033[1m\033[31mb\033[m\nt:c" },
	{ "\033[1m\033[00;32ma\nb",
	    "t:\033[1m\033[00;32ma\nt:\033[00;32mb" },
	{ "\033[44m\033[01;32ma\nb",
	    "t:\033[44m\033[01;32ma\nt:\033[44m\033[01;32mb" },
	{ "\033[2Ja\nb", "t:\033[2Ja\nt:b" },
	/* a sequence that is too long is not kept, of many the last one is */
	{ "\033[31;00000000000000000000000000001ma\nb",
	    "t:\033[31;00000000000000000000000000001ma\nt:b" },
	{ "\033[38;2;200;200;200;48;2;100m\033[38;2;200;200;200;48;2;101m"
	    "\033[38;2;200;200;200;48;2;102ma\nb",
	    "t:\033[38;2;200;200;200;48;2;100m\033[38;2;200;200;200;48;2;101m"
	    "\033[38;2;200;200;200;48;2;102ma\n"
	    "t:\033[38;2;200;200;200;48;2;102mb" },
};

static void
test_coloured(size_t i)
{
	struct lines l;
	int good;

	set_up(&l, "t:", A, 0);
	l.tag_coloured = 1;
	good = any_split(&l, coloured[i].text, strlen(coloured[i].text)) &&
	    same(&whole, coloured[i].want, strlen(coloured[i].want));
	if (!good)
		show("got", whole.data, whole.len);
	ok(good, named("a tag in colour", coloured[i].text));
}

static void
test_line(const struct line *t)
{
	struct lines l;
	int good;

	set_up(&l, t->tag, t->flatten, t->newline);
	good = any_split(&l, t->text, strlen(t->text));
	if (!same(&whole, t->want, strlen(t->want))) {
		show("wanted", t->want, strlen(t->want));
		show("got", whole.data, whole.len);
		good = 0;
	}
	ok(good, named(t->flatten == H ? "GitHub" : t->flatten == L ? "GitLab" :
	    t->tag != NULL ? "tag" : "lines", t->text));
}

/* A mark with so many bytes in all goes or stays. */
static void
test_long_mark(enum lines_flatten f, size_t len, int goes)
{
	const char *front = f == H ? "::endgroup::" : E "section_end:1:";
	const char *back = f == H ? "\n" : "\r" E, *rest = f == H ? "b" : "\nb";
	size_t head = strlen(front), tail = strlen(back);
	struct lines l;
	char name[64];

	memset(input, f == H ? ' ' : 'n', len);
	memcpy(input, front, head);
	memcpy(input + len - tail, back, tail);
	strcpy(input + len, rest);
	set_up(&l, NULL, f, 0);
	snprintf(name, sizeof name, "%s: a mark of %zu bytes %s",
	    f == H ? "GitHub" : "GitLab", len, goes ? "goes" : "stays");
	ok(any_split(&l, input, len + strlen(rest)) &&
	    (goes ? same(&whole, "b", 1) :
	    same(&whole, input, len + strlen(rest))), name);
}

/* At the end of the text blanks may be held, and nothing else follows. */
static void
test_long_end(size_t len)
{
	struct lines l;
	char name[64];

	memset(input, ' ', len);
	memcpy(input, "::endgroup::", 12);
	set_up(&l, NULL, H, 1);
	snprintf(name, sizeof name, "GitHub: %zu bytes at the end", len);
	ok(any_split(&l, input, len) && whole.len == 0, name);
}

/* However many blanks are in front of a mark, it is none any more. */
static void
test_long_start(size_t len)
{
	struct lines l;
	char name[64];

	memset(input, ' ', len);
	memcpy(input + len, "::group::a\n", 11);
	set_up(&l, NULL, H, 0);
	snprintf(name, sizeof name, "GitHub: %zu blanks and a mark", len);
	ok(any_split(&l, input, len + 11) && whole.len >= 2 &&
	    strspn(whole.data, " ") == whole.len - 2 &&
	    memcmp(whole.data + whole.len - 2, "a\n", 2) == 0, name);
}

/* Nor is one with so many bytes of properties. */
static void
test_long_properties(size_t len)
{
	static const char *const kinds[] = { "::group ", "##[group " };
	struct lines l;
	char name[64];
	size_t i;

	for (i = 0; i < 2; i++) {
		memset(input, 'x', len);
		memcpy(input, kinds[i], strlen(kinds[i]));
		memcpy(input + len, i == 0 ? "::a\n" : " ]a\n", 4);
		set_up(&l, NULL, H, 0);
		snprintf(name, sizeof name, "GitHub: %s with %zu bytes",
		    kinds[i], len);
		ok(any_split(&l, input, len + 4) &&
		    memcmp(whole.data, kinds[i], 2) != 0 &&
		    memcmp(whole.data + whole.len - 2, "a\n", 2) == 0, name);
	}
}

/* What GitHub's runner does with a line, in other words than ours: is it one
 * that begins or ends a group? */
static int
is_command(const char *name, const char *end)
{
	const char *blank = memchr(name, ' ', (size_t)(end - name));
	size_t n = (size_t)((blank != NULL ? blank : end) - name);

	return (n == 5 && strncasecmp(name, "group", n) == 0) ||
	    (n == 8 && strncasecmp(name, "endgroup", n) == 0);
}

static int
runner_obeys(const char *line, size_t len)
{
	char text[sizeof input * 4 + 1];
	const char *p = text, *end;

	memcpy(text, line, len);
	text[len] = '\0';
	while (strncmp(p, "\302\240", 2) == 0 || (*p != '\0' &&
	    strchr(" \t\v\f", *p) != NULL))
		p += *p == '\302' ? 2 : 1;
	if (strncmp(p, "::", 2) == 0 && (end = strstr(p + 2, "::")) != NULL &&
	    is_command(p + 2, end))
		return 1;
	p = strstr(text, "##[");
	end = p != NULL ? strchr(p, ']') : NULL;
	return end != NULL && is_command(p + 3, end);
}

static int
runner_obeys_any(const char *data, size_t len)
{
	const char *end = data + len, *p = data;

	for (; data < end; data = p + 1) {
		for (p = data; p < end && *p != '\n' && *p != '\r'; p++)
			;
		if (runner_obeys(data, (size_t)(p - data)))
			return 1;
	}
	return 0;
}

/* Random texts made of what matters: the pieces do not matter, and doing it
 * once more changes nothing. */
static void
test_random(enum lines_flatten f, const char *tag, const char *name)
{
	static const char *const words[] = {
		"\n", "\n", "\n", "::group::", "::endgroup::", ":", " ", "\r",
		E, S, N, "\r" E, "[a=b]", "\033", "text", "s", "section_",
		"\n" E S "\r" E, "\n" E N "\r" E, "n\n::endgroup::\n",
		"\n::group::", "##[group]", "##[endGroup]", "#", "##[",
		"::group ", "]", "\302\240", "\302",
	};
	static char once[sizeof input * 4];
	struct lines l, plain;
	size_t len, n, k;
	int round, good = 1;

	set_up(&l, tag, f, 0);
	set_up(&plain, NULL, f, 0);
	for (round = 0; good && round < 3000; round++) {
		for (len = 0, k = dice(40); k > 0; k--, len += n) {
			const char *w = words[dice(sizeof words /
			    sizeof *words)];

			n = strlen(w);
			memcpy(input + len, w, n);
		}
		l.newline = (int)dice(2);
		good = any_split(&l, input, len);
		feed(&plain, input, len, 0, &whole);
		n = whole.len;
		memcpy(once, whole.data, n);
		feed(&plain, once, n, 0, &other);
		good = good && same(&other, once, n) &&
		    !(f == H && runner_obeys_any(once, n));
	}
	if (!good)
		show("of", input, len);
	ok(good, name);
}

/* Few pieces: one where nothing is to be done, and not two a line. */
static void
test_pieces(void)
{
	struct lines l;
	size_t i;

	for (i = 0; i < LONG; i++)
		input[i] = i % 20 == 19 ? '\n' : 'x';
	set_up(&l, NULL, A, 1);
	feed(&l, input, LONG, 0, &whole);
	ok(whole.pieces == 1 && same(&whole, input, LONG), "one piece as is");
	set_up(&l, NULL, H, 1);
	feed(&l, input, LONG, 0, &whole);
	ok(whole.pieces == 1 && same(&whole, input, LONG),
	    "one piece without marks");
	set_up(&l, "tag: ", A, 1);
	feed(&l, input, LONG, 0, &whole);
	ok(whole.len == LONG + LONG / 20 * 5 && whole.pieces < 12,
	    "few pieces with tags");
	memset(input, 'x', LONG);
	feed(&l, input, LONG, 0, &whole);
	ok(whole.len == LONG + 6 && whole.pieces <= 3 &&
	    memcmp(whole.data, "tag: xx", 7) == 0, "a line longer than all");
}

/* What is no mark is not kept waiting, and NULs are bytes as others. */
static void
test_at_once(void)
{
	struct lines l;

	set_up(&l, "t:", H, 0);
	whole.len = whole.pieces = 0;
	lines_feed(&l, "", 0, on_piece, &whole);
	lines_feed(&l, "::", 2, on_piece, &whole);
	ok(whole.len == 0, "what may be a mark is held, and its tag");
	lines_feed(&l, "x", 1, on_piece, &whole);
	ok(same(&whole, "t:::x", 5), "and let go when it is none");
	lines_feed(&l, "::group::\n", 10, on_piece, &whole);
	lines_feed(&l, "y", 1, on_piece, &whole);
	ok(same(&whole, "t:::x::group::\nt:y", 18), "not within a line");
	lines_end(&l, on_piece, &whole);
	lines_feed(&l, "z", 1, on_piece, &whole);
	ok(same(&whole, "t:::x::group::\nt:yt:z", 21), "a new text");
	lines_feed(&l, "\n:", 2, on_piece, &whole);
	lines_end(&l, on_piece, &whole);
	lines_end(&l, on_piece, &whole);
	ok(same(&whole, "t:::x::group::\nt:yt:z\nt::", 25),
	    "what was held comes once");
	set_up(&l, NULL, L, 1);
	ok(any_split(&l, "\0s\0\ns\0\n\033\0", 9) &&
	    same(&whole, "\0s\0\ns\0\n\033\0\n", 10), "NULs");
	ok(any_split(&l, E S "\0\r" E "\n", sizeof (E S "0\r" E "\n") - 1) &&
	    whole.len == sizeof (E S "0\r" E "\n") - 1, "a NUL in a mark");
}

static void
test_lines(void)
{
	size_t i;

	for (i = 0; i < sizeof lines / sizeof *lines; i++)
		test_line(lines + i);
	for (i = 0; i < sizeof coloured / sizeof *coloured; i++)
		test_coloured(i);
	for (i = LINES_HELD_MAX - 2; i < LINES_HELD_MAX + 3; i++) {
		test_long_mark(H, i, 1);
		test_long_mark(L, i, i <= LINES_HELD_MAX);
		test_long_end(i);
		test_long_start(i);
		test_long_properties(i);
	}
	test_pieces();
	test_at_once();
	test_random(A, "t:", "random text, a tag");
	test_random(H, NULL, "random text, GitHub");
	test_random(H, "t:", "random text, GitHub and a tag");
	test_random(L, NULL, "random text, GitLab");
	test_random(L, "::group::", "random text, GitLab and a tag");
}

/* --- what may be shown --- */

static const struct {
	const char *text, *shown, *replaced;
} visible[] = {
	{ "", "", "" }, { "a b~", "a b~", "a b~" },
	{ "\001\t\n\033\037\177", "^A^I^J^[^_^?", "??????" },
	{ "\302\200\302\233\302\237", "M-^@M-^[M-^_", "??????" },
	{ "\200\233\237", "M-^@M-^[M-^_", "???" },
	{ "\302\240\303\233\304\233", "\302\240\303\233\304\233",
	    "\302\240\303\233\304\233" },
	{ "\342\202\254\360\237\230\200", "\342\202\254\360\237\230\200",
	    "\342\202\254\360\237\230\200" },
	{ "\351\377x", "M-iM-^?x", "\351\377x" },
	/* cut off, too long a form, half of a pair, beyond the last one */
	{ "\342\202", "M-bM-^B", "\342?" },
	{ "\300\233", "M-@M-^[", "\300?" },
	{ "\340\202\233", "M-`M-^BM-^[", "\340??" },
	{ "\355\240\200", "M-mM- M-^@", "\355\240?" },
	{ "\364\220\200\200", "M-tM-^PM-^@M-^@", "\364???" },
	/* the lead of one letter in front of another */
	{ "\302\302\233", "M-BM-^[", "\302??" },
	{ "\342\233\303\244", "M-bM-^[\303\244", "\342?\303\244" }
};

static void
test_visible(void)
{
	char text[64], copy[64];
	size_t i, n, len;
	int good;

	for (i = 0; i < sizeof visible / sizeof *visible; i++) {
		n = wk_visible(text, sizeof text, visible[i].text);
		strcpy(copy, visible[i].text);
		wk_replace_controls(copy, '?');
		ok(n == strlen(text) && strcmp(text, visible[i].shown) == 0 &&
		    strcmp(copy, visible[i].replaced) == 0 &&
		    (wk_find_control(visible[i].text) == NULL) ==
		    (strcmp(copy, visible[i].text) == 0),
		    "a text made visible");
		/* cut anywhere, it is the beginning, in whole characters */
		for (good = 1, len = 1; len <= n; len++) {
			memset(text, 'x', sizeof text);
			good &= wk_visible(text, len, visible[i].text) < len &&
			    strncmp(text, visible[i].shown,
			    strlen(text)) == 0 && text[len] == 'x' &&
			    (visible[i].shown[strlen(text)] & 0xc0) != 0x80;
		}
		ok(good, "and cut anywhere");
	}
}

static void
test_columns(void)
{
	static const struct {
		const char *text;
		size_t columns;
	} wide[] = {
		{ "", 0 }, { "a b", 3 }, { "\303\244", 1 },
		{ "a\314\210", 1 }, { "\346\274\242\345\255\227", 4 },
		{ "\360\237\230\200", 2 }, { "\342\202", 2 },
		{ "\377a", 2 }
	};
	size_t i;

	for (i = 0; i < sizeof wide / sizeof *wide; i++)
		ok(wk_columns(wide[i].text, strlen(wide[i].text)) ==
		    wide[i].columns, named("columns", wide[i].text));
	ok(wk_columns("\303\244", 1) == 1, "a letter that is cut off");
}

int
main(int argc, char **argv)
{
	seed = argc > 1 ? strtoull(argv[1], NULL, 10) :
	    (unsigned long)time(NULL);
	printf("# seed %llu\n", seed);
	test_sizes();
	test_titles();
	test_lines();
	test_visible();
	test_columns();
	printf("1..%d\n", count);
	return failed != 0;
}
