/*
 * expand.c - templates of commands, and the shell's quotes
 *
 * Tables of templates and what becomes of them; malformed ones with the
 * position of the mistake; then random ones, and real shells that must give
 * back what was quoted for them.
 *
 * Prints TAP.  The seed of the random part is printed: expand [seed [times]],
 * where times says how many times as long as usual it takes.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "xapply/expand.h"
#include "xapply/quote.h"
#include "shown.h"
#include "tap.h"

/* The tables leave out what is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define LOG "/opt/data/log.tar.gz"
#define NORTH "north.example.org"
#define USER "amy:x:7:7:Amy J Roe,Lab 3:/home/amy:/bin/sh"
#define TWELVE { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l" }

enum { ARGS = 13, LONG = 200000, MANY = 100000 };

static unsigned long times = 1;

static void *
memory(size_t n)
{
	void *p = malloc(n > 0 ? n : 1);

	if (p == NULL)
		exit(71);
	return p;
}

/* In memory of its own without a NUL, which the sanitizers watch. */
static char *
exactly(const char *data, size_t len)
{
	return memcpy(memory(len), data, len);
}

/* --- one template with what it needs --- */

struct input {
	struct expand_rules rules;
	struct expand_values values;
	struct expand_text text;
};

static struct expand_text *
copy_list(const struct expand_text *list, size_t n)
{
	struct expand_text *copy = memory(n * sizeof *copy);
	size_t i;

	for (i = 0; i < n; i++) {
		copy[i].data = exactly(list[i].data, list[i].len);
		copy[i].len = list[i].len;
	}
	return copy;
}

static void
free_list(struct expand_text *list, size_t n)
{
	while (n-- > 0)
		free((char *)(uintptr_t)list[n].data);
	free(list);
}

static int
in_text(const struct expand_error *err, const struct expand_text *t)
{
	return err->text == t->data && err->len == t->len;
}

/* An error must be a sensible one. */
static int
sensible(const struct expand_error *err, int error, const struct input *in)
{
	const char *p;

	for (p = err->reason; *p >= ' ' && *p <= '~'; p++)
		;
	if (err->reason[0] == '\0' || *p != '\0' || err->from > err->at ||
	    err->at > err->len || err->text == NULL)
		return 0;
	if (err->param == 0 ? err->len != in->text.len ||
	    memcmp(err->text, in->text.data, err->len) != 0 :
	    err->param > in->values.params ||
	    !in_text(err, in->values.param + err->param - 1))
		return 0;
	return error == EINVAL || error == ERANGE || error == E2BIG;
}

/* Compile and run: 0, or the error.  Each time the result goes behind what
 * is there, which must stay. */
static int
work(const struct input *in, struct expand_buffer *out,
    struct expand_error *err)
{
	char *copy = exactly(in->text.data, in->text.len);
	struct expand *e;
	size_t had = out->len;
	int error = 0;

	memset(err, 0, sizeof *err);
	errno = 0;
	e = expand_compile(copy, in->text.len, &in->rules, err);
	if (e == NULL)
		error = errno != 0 ? errno : -1;
	if (error != 0 && err->text != copy)
		error = -1;
	err->text = in->text.data;
	free(copy);
	if (e != NULL && expand_run(e, &in->values, out, err) != 0) {
		error = errno != 0 ? errno : -1;
		if (error > 0 && !sensible(err, error, in))
			error = -1;
		if (err->param == 0)    /* it was the template's copy */
			err->text = in->text.data;
	}
	expand_free(e);
	if (error != 0 ? out->len != had : out->data[out->len] != '\0')
		error = -1;
	if (error > 0 && !sensible(err, error, in))
		error = -1;
	return error;
}

/* --- the table --- */

struct row {
	const char *text;
	const char *args[ARGS];
	const char *want;
	unsigned number;
	char escape;            /* if not % */
	int no_tail, quote;
	const char *files[3];
	const char *tokens[3];
	const char *source;     /* of tokens */
};

/* E1 to E109 of the description that the expander was made from, in its
 * order, each as it was seen to work in the program of 2010. */
static const struct row rows[] = {
	{ "echo", { "a" }, "echo a" },
	{ "echo ", { "a" }, "echo a" },
	{ "", { "a" }, "a" },
	{ "echo %0", { "a" }, "echo " },
	{ "x%0y", { "a" }, "xy" },
	{ "diff", { "a", "b" }, "diff a b" },
	{ "%2-%1", { "a", "b" }, "b-a" },
	{ "%$ %*", { "a", "b" }, "b a b" },
	{ "%{*}", { "a", "b" }, "a b" },
	{ "%12", TWELVE, "a2" },
	{ "%{12}%{1}", TWELVE, "la" },
	{ "%{01}", { "a" }, "a" },
	{ "%%", { "a" }, "% a" },
	{ "%%1 %1", { "a" }, "%1 a" },
	{ "%1", { "%2" }, "%2" },
	{ "@1 %1 @@", { "x" }, "x %1 @", .escape = '@' },
	{ "it%u", { "a" }, "it0 a" },
	{ "it%u", { "b" }, "it1 b", .number = 1 },
	{ "%{u} %[u] %U", { "a" }, "0 0 0 a" },
	{ "%(u,$)", { "l" }, "1 l", .number = 11 },
	{ "%[u\\0$]", { "l" }, "11 l", .number = 11 },
	{ "%fu", { "a" }, ". a" },
	{ "%q1", { "a\"b\\c`d$e" }, "a\\\"b\\\\c\\`d\\$e" },
	{ "%q[1/2]", { "x/$y" }, "\\$y" },
	{ "%q(1,$-1)", { "ab$" }, "\\$ba" },
	{ "%q*", { "$y", "`z" }, "\\$y \\`z" },
	{ "%[1/2]", { LOG }, "opt" },
	{ "%[1/1]", { LOG }, "" },
	{ "%[1/$]", { LOG }, "log.tar.gz" },
	{ "%[1/$.1]", { LOG }, "log" },
	{ "%[1.1].%[1.2]", { LOG }, "/opt/data/log.tar" },
	{ "%[1/-1]", { LOG }, "opt/data/log.tar.gz" },
	{ "%[1/-2]", { LOG }, "/data/log.tar.gz" },
	{ "%[1/-$]", { LOG }, "/opt/data" },
	{ "%[1/-$/$]", { LOG }, "data" },
	{ "%[1.-$]", { LOG }, "/opt/data/log.tar" },
	{ "%[1/-1/-1]", { LOG }, "data/log.tar.gz" },
	{ "%[1/9]", { LOG }, "" },
	{ "%[1/-9]", { LOG }, LOG },
	{ "%[1/0]", { LOG }, "" },
	{ "%[1/]", { LOG }, "" },
	{ "%[1/-]", { LOG }, "opt/data/log.tar.gz" },
	{ "%[1:1]", { "solo" }, "solo" },
	{ "%[1:$]", { "solo" }, "solo" },
	{ "%[1:2]", { "solo" }, "" },
	{ "%[1:-1]", { "solo" }, "solo" },
	{ "%[1:-$]", { "solo" }, "solo" },
	{ "%[1:-2]", { "solo" }, "solo" },
	{ "%[1/2]", { "" }, "" },
	{ "%[1:-1]", { "" }, "" },
	{ "%[1:5,1 $]", { USER }, "Roe" },
	{ "%[1:$/$]", { USER }, "sh" },
	{ "%[1.-2.-2]", { "k1.k2.k3.k4" }, "k1.k4" },
	{ "%[1.-3.-2]", { "k1.k2.k3.k4" }, "k1.k4" },
	{ "%[1.-2]z", { "x..y" }, "x.yz" },
	{ "%[1.-$]", { "host.example.net." }, "host.example.net" },
	{ "%[1.$]", { "host.example.net." }, "" },
	{ "%[*/1]|%[$/1]", { "a/1", "b/2" }, "a|b" },
	{ "%[2/1]%[1/$]", { "a/b", "c/d" }, "cb" },
	{ "%[1 2]", { "a   b \t c" }, "b" },
	{ "%[1 1]", { "  lead" }, "" },
	{ "%[1 2]", { "  lead" }, "lead" },
	{ "%[1 $]", { "trail  " }, "trail" },
	{ "%[1 -2]", { "red green blue" }, "red blue" },
	{ "%[1 -2]", { "a   b   c" }, "a     c" },
	{ "%[1 -$]", { "red green blue" }, "red green" },
	{ "%[1\\ 2]", { "a  b" }, "" },
	{ "%[1\\ $]", { "trail  " }, "" },
	{ "%[1\\12]", { "a1b" }, "b" },
	{ "%[1\\]2]", { "a]b" }, "b" },
	{ "%[1\\\\2]", { "a\\b" }, "b" },
	{ "%[1--2]", { "a-b-c" }, "a-c" },
	{ "%[1@2]", { "a@b" }, "b" },
	{ "%[1,@.1]", { "a.x,b.y" }, "a,b" },
	{ "%[1/@.-$]", { "r.s.t/u.v/w" }, "r.s/u/w" },
	{ "%[1,@/@.1]", { "a.x/b.x,c.y/d.y" }, "a/b,c/d" },
	{ "%(1,3)", { NORTH }, "r" },
	{ "%(13)", { NORTH }, "r" },
	{ "%(1,12)", { NORTH }, "l" },
	{ "%(1,$)", { NORTH }, "g" },
	{ "%(1,~1)%(1,~$)", { NORTH }, "gn" },
	{ "%(1,$-1)", { "abc" }, "cba" },
	{ "%(1,2-4)", { NORTH }, "ort" },
	{ "%(1,4-2)", { NORTH }, "tro" },
	{ "%(1,~4-$)", { NORTH }, ".org" },
	{ "%(1,3-99)", { "abcde" }, "cde" },
	{ "%(1,99)", { "abc" }, "" },
	{ "%(1,99-2)", { "abc" }, "cb" },
	{ "%(1,4-5)", { "abc" }, "" },
	{ "%(1,5-3)", { "abc" }, "c" },
	{ "%(1,0-0)", { "abc" }, "a" },
	{ "%(1,~99)", { "abc" }, "a" },
	{ "%(1,*,*)", { "ab" }, "abab" },
	{ "%(1,2-$,1,\"ay\")", { "table" }, "abletay" },
	{ "%(1\"[\",*,\"]\")", { "ab" }, "[ab]" },
	{ "%(1,`a`b'c',$)", { "xyz" }, "a`b'cz" },
	{ "%(1,(2-4)($-1))", { NORTH }, "tro" },
	{ "%(1,(($-1)1-3)$-1)", { "abcdef" }, "def" },
	{ "%(1,(2-4)$,1)", { NORTH }, "tn" },
	{ "%([1.1],1)%([1.$],$-1)", { "tar.gz" }, "tzg" },
	{ "%(1 2 3)", { "abc" }, "bc" },
	{ "%(1)", { "abc" }, "abc" },
	{ "%(1,1-2)", { "" }, "" },
	{ "<%+>", { "see-%2", "p", "q", "r" }, "<see-q>" },
	{ "{ %+; }", { "wc %1 %1", "f" }, "{ wc f f; }" },
	{ "%+", { "cmd", "a", "b" }, "cmd a b" },
	{ "%1 %+", { "cmd", "a", "b" }, "cmd cmd" },
	{ "%+ x", { "cmd", "a", "b" }, "cmd a b x" },
	{ "%+", { "%+", "c %1", "b" }, "c b" },
	{ "%q+", { "\"%1\"", "a$" }, "\\\"a\\$\\\"" },
};

/* What is said there besides.  Which line comes from which file and which
 * tokens a task gets are matters of the program; here they are given.  So
 * are exit codes, what is read, and that -e settings have no tail. */
static const struct row more_rows[] = {
	{ "%f1:%1 %f[1.1]", { "x" }, "p.list:x p", .files = { "p.list" } },
	{ "%f1:%1 %f[1.1]", { "z" }, "q.list:z q", .files = { "q.list" } },
	{ "%1,%2 %f* %f$", { "x", "y" }, "x,y p.list q.list q.list",
	    .files = { "p.list", "q.list" } },
	{ "%1,%2 %f* %f$", { "", "z" }, ",z p.list q.list q.list",
	    .files = { "p.list", "q.list" } },
	{ "%ft %f[t/$] %t1 %t[1]", { "a" }, "tok tok A A a",
	    .tokens = { "A" }, .source = "tok" },
	{ "%ft %t1", { "a" }, "iota 0 a", .tokens = { "0" },
	    .source = "iota" },
	{ "%t*", { "a" }, "0 1 a", .tokens = { "0", "1" } },
	{ "%t*", { "a" }, "a" },
	{ "%t$", { "a" }, "1 a", .tokens = { "0", "1" } },
	{ "%t$%t{0}%t0", { "a" }, "a" },
	{ "%f{2}%f[1.1]%f{$}", { "a", "b" }, "ypy a b",
	    .files = { "p.q", "y" } },
	{ "%f0%f{0}%f[0/1]", { "a" }, "a", .files = { "p" } },
	{ "%t[1/$] %t{2} %t[2]", { "a" }, "z y y a",
	    .tokens = { "x/z", "y" } },
	{ "%tt%T%{t}%[t]%{T}%fT%tT%f{t}", { "a" }, "ssssssss a",
	    .source = "s" },
	{ "%tu%fU%f[u]%t{u}%f{U}", { "a" }, "..... a" },
	{ "%(t1,2)%(f1,1)%(T,$)", { "a" }, "ypk a", .tokens = { "xy" },
	    .files = { "pq" }, .source = "tok" },
	{ "%(f{1},1)%(t[1.2],1)", { "a" }, "py a", .tokens = { "x.y" },
	    .files = { "pq" } },
	/* what mentions a parameter, and what does not */
	{ "%u%%", { "a" }, "0% a" }, { "%(0,\"x\")", { "a" }, "x" },
	{ "%[0/1]", { "a" }, "" }, { "%{00}", { "a" }, "" },
	{ "%q0", { "a" }, "" }, { "%(u)", { "a" }, "0 a" },
	{ "%[$/1]", { "a" }, "a" }, { "%(*,1)", { "a", "b" }, "a" },
	{ "a\n", { "b" }, "a\nb" }, { "a\t", { "b" }, "a\tb" },
	{ "a\v", { "b" }, "a\vb" }, { "a\f", { "b" }, "a\fb" },
	{ "a\r", { "b" }, "a\rb" }, { "a\240", { "b" }, "a\240 b" },
	{ "a", { "", "" }, "a  " }, { "", { "", "" }, " " },
	{ "%u ", { "b" }, "0 b" }, { "a", { NULL }, "a" },
	{ "a", { "b" }, "a", .no_tail = 1 }, { "", { NULL }, "" },
	/* no parameters at all */
	{ "<%*>", { NULL }, "<>" }, { "<%$>", { NULL }, "<>" },
	{ "<%[$/1]%[*/1]%($,1)>", { NULL }, "<>" }, { "%0", { NULL }, "" },
	/* escape characters of all kinds */
	{ "%1 @@@@", { "a" }, "%1 @@ a", .escape = '@' },
	{ "\3771\377\377%1", { "a" }, "a\377%1", .escape = '\377' },
	{ "qqq1", { "a" }, "qa", .escape = 'q' },
	{ "((({1}", { "a" }, "(a", .escape = '(' },
	{ "111{1}", { "a" }, "1a", .escape = '1' },
	{ "ff1ft1fft1", { "a" }, "f1Aft1", .no_tail = 1, .escape = 'f',
	    .tokens = { "A" } },
	{ "+q+ ++", { "$", "a" }, "\\$ a +", .escape = '+' },
	/* dicer */
	{ "%[1]%[01]", { "a" }, "aa" }, { "%[2]", TWELVE, "b" },
	{ "%[12]", TWELVE, "l" }, { "%[12/1]", TWELVE, "l" },
	{ "%[1]]", { "a" }, "a]" }, { "%[1%2]", { "a%b" }, "b" },
	{ "%[1[2]", { "a[b" }, "b" }, { "%[1$2]", { "a$b" }, "b" },
	{ "%[1$$]", { "a$b" }, "b" }, { "%[1@@]", { "a@b" }, "a@b" },
	{ "%[1/$1]", { "a/x1y" }, "x" }, { "%[$1$]", { "x1y" }, "y" },
	{ "%[1\t2]", { "a\tb c" }, "b c" }, { "%[1\n2]", { "a\nb" }, "b" },
	{ "%[1\\/2]", { "a/b" }, "b" }, { "%[1\\-2]", { "a-b" }, "b" },
	{ "%[1\303\244]", { "a\303\244b" }, "a" },
	{ "%[1\3772]", { "a\377b" }, "b" },
	{ "%[1/00]", { "a/b" }, "a" }, { "%[1/002]", { "a/b" }, "b" },
	{ "%[1/99999999999999999999999999]", { "a/b" }, "" },
	{ "%[1/-99999999999999999999999999]", { "a/b" }, "a/b" },
	{ "%[1/18446744073709551617]", { "a/b" }, "" },
	{ "%[1/-0]", { "a/b" }, "b" }, { "%[1/-1]", { "/" }, "" },
	{ "%[1/-2]", { "/" }, "" }, { "%[1/-$]", { "/" }, "" },
	{ "%[1/-1]", { "//" }, "/" }, { "%[1/-2]", { "//" }, "/" },
	{ "%[1/-$]", { "//" }, "/" }, { "%[1/$]", { "/" }, "" },
	{ "%[1/-3]", { "a/b/c/d" }, "a/b/d" },
	{ "%[1/-2/-2/-2]", { "a/b/c/d" }, "a" },
	{ "%[1/-2/2]", { "a/b/c" }, "c" },
	{ "%[1/-2.1]", { "a/b/c.d" }, "a/c" },
	{ "%[1.-$]", { "Makefile" }, "Makefile" },
	{ "%[1.-1]", { "Makefile" }, "Makefile" },
	{ "%[1 1]", { "" }, "" }, { "%[1 2]", { "" }, "" },
	{ "%[1 $]", { "" }, "" }, { "%[1 1]", { "  " }, "" },
	{ "%[1 2]", { "  " }, "" }, { "%[1 $]", { "  " }, "" },
	{ "%[1 -1]", { "  " }, "  " }, { "%[1 -$]", { "  " }, "  " },
	{ "%[1 -1]", { "  lead" }, " lead" },
	{ "%[1 -2]", { "  lead" }, " " }, { "%[1 -$]", { "  lead" }, " " },
	{ "%[1 -1]", { "trail  " }, "trail  " },
	{ "%[1 -$]", { "trail  " }, "trail  " },
	{ "%[1 -1]", { "a  b" }, " b" }, { "%[1 -2]", { "a  b" }, "a " },
	{ "%[1 -2]", { "a b " }, "a" }, { "%[1 -$]", { "a b  " }, "a " },
	{ "%[1 $]", { "a b\n" }, "b" }, { "%[1 2]", { "a\v\f\r\tb c" }, "b" },
	{ "%[1 3]", { "a b " }, "" }, { "%[1 1]", { "a\240b" }, "a\240b" },
	{ "%[1,@.1]", { "" }, "" }, { "%[1,@.1]", { "a.x,b.y," }, "a,b," },
	{ "%[1,@.1]", { ",a.x" }, ",a" }, { "%[1,@.1]", { ",," }, ",," },
	{ "%[1,@.2]", { "a,b.c,d" }, ",c," }, { "%[1,@]", { "a,b" }, "a,b" },
	{ "%[1,@.-1]", { "a.b,c,d.e.f" }, "b,c,e.f" },
	{ "%[1,@.-2]", { "a.b.c,d,e.f" }, "a.c,d,e" },
	{ "%[1 @.1]", { "a.x b.y" }, "a b" },
	{ "%[1 @.1]", { "a.x\t\tb.y  c.z" }, "a b c" },
	{ "%[1 @.1]", { "a.x b.y " }, "a b" },
	{ "%[1 @.1]", { " a.x" }, " a" }, { "%[1 @.1]", { "   " }, "" },
	{ "%[1 @.1]", { "" }, "" }, { "%[1 @]", { "a  b" }, "a b" },
	{ "%[1\\ @.1]", { "a.x  b.y" }, "a  b" },
	{ "%[1/@/@/1]", { "a/b" }, "a/b" },
	{ "%[1/@,2]", { "a,b/c,d" }, "b/d" },
	{ "%[1:2,@ 2.1]", { "x:a b.c,d e.f:y" }, "b,e" },
	{ "%[*,@.1]", { "a.x,b.y", "c.z" }, "a,b" },
	/* mixer */
	{ "%(1,)%(1, \t,)", { "ab" }, "abab" }, { "%(1,())", { "ab" }, "ab" },
	{ "%(1,(),())", { "ab" }, "abab" }, { "%(1()())", { "ab" }, "ab" },
	{ "%(1,\"\")", { "ab" }, "" }, { "%(1,`')", { "ab" }, "" },
	{ "%(1\"%1\")", { "ab" }, "%1" }, { "%(1\")\")", { "ab" }, ")" },
	{ "%(1`)')", { "ab" }, ")" }, { "%(1`\"')", { "ab" }, "\"" },
	{ "%(1\"`\")", { "ab" }, "`" }, { "%(1,\"\\\")", { "ab" }, "\\" },
	{ "%(1,*)", { "ab" }, "ab" }, { "%(1,**)", { "ab" }, "abab" },
	{ "%(1,~*)", { "abc" }, "cba" }, { "%(1,2-*)", { "abc" }, "bc" },
	{ "%(1,2-~*)", { "abc" }, "ba" }, { "%(1,~2-*)", { "abc" }, "bc" },
	{ "%(1,1$)", { "abc" }, "ac" }, { "%(1,$1)", { "abc" }, "ca" },
	{ "%(1,~2-~1)", { "abc" }, "bc" }, { "%(1,1-~2)", { "abc" }, "ab" },
	{ "%(1,~$-~1)", { "abc" }, "abc" }, { "%(1,~1-~$)", { "abc" }, "cba" },
	{ "%(1,~0)", { "abc" }, "c" }, { "%(1,0)", { "abc" }, "a" },
	{ "%(1,2,0-1)", { "abc" }, "ba" }, { "%(1,3-~9)", { "abc" }, "cba" },
	{ "%(1,4-4)", { "abc" }, "" }, { "%(1,4-$)", { "abc" }, "c" },
	{ "%(1,99999999999999999999999999)", { "abc" }, "" },
	{ "%(1,~99999999999999999999999999)", { "abc" }, "a" },
	{ "%(1,1-99999999999999999999999999)", { "abc" }, "abc" },
	{ "%(1,$)%(1,~1)%(1,1)%(1,*)%(1,$-1)%(1)", { "" }, "" },
	{ "%(1,(\"ab\")2)", { "" }, "b" },
	{ "%(1(\"ab\")(2)(*))", { "" }, "b" },
	{ "%(1,\"x\"(\"ab\")2,*)", { "" }, "xb" },
	{ "%(1,(\"\")1)", { "ab" }, "" }, { "%(1,(\"\"),1)", { "ab" }, "a" },
	{ "%({2},3)", { "a", "xyz" }, "z" },
	{ "%([2],3)", { "a", "xyz" }, "z" },
	{ "%({12},1)", TWELVE, "l" }, { "%({$},1)", TWELVE, "l" },
	{ "%(1,(2-4),1)", { "north" }, "ortn" },
	{ "%(1,1,(2-4))", { "north" }, "nort" },
	{ "%(1,(2-4)1$)", { "north" }, "ot" },
	{ "%(1,(2-4)1$,1)", { "north" }, "otn" },
	{ "%(1,1(2-4))", { "north" }, "nort" },
	{ "%(1,1(2-4)$)", { "north" }, "nt" },
	{ "%(1,(2-4)1(1))", { "north" }, "on" },
	{ "%(1,(2-4)1(1)1)", { "north" }, "on" },
	{ "%(1,(2-4)(1))", { "north" }, "o" },
	{ "%(1,(2-4)(2-3)(2))", { "north" }, "t" },
	{ "%(1,\"<\"(2-4)\">\")", { "north" }, "<ort>" },
	{ "%(1,(2-4)\"-\"1)", { "north" }, "-o" },
	{ "%(1,(2-4)\"-\"(1))", { "north" }, "-o" },
	{ "%(1,(2-4)\"-\"(1)\"+\"1 *)", { "north" }, "-+onorth" },
	{ "%(1,(2-4 (1-2)$)$-1,1)", { "north" }, "otron" },
	{ "%(1,((2-4)),(((1))))", { "north" }, "ortn" },
	{ "%(1,(2-4)*\"x\"*,*)", { "north" }, "ortxortnorth" },
	{ "%(1\t2)", { "abc" }, "b" }, { "%(1(1)2(2)3)", { "abc" }, "" },
	{ "%(1,1)", { "\303\244" }, "\303" },
	{ "%q(1,\"$\"1)%q(1,`\"')", { "`" }, "\\$\\`\\\"" },
	{ "%q{1}%q[1]%qf1%qt1", { "$" }, "\\$\\$\\`\\\"", .files = { "`" },
	    .tokens = { "\"" } },
	{ "%q1", { "!\n'a" }, "!\n'a" }, { "%q1", { "$$" }, "\\$\\$" },
	/* templates in templates */
	{ "%+", { "a" }, "a" }, { "%+", { "" }, "" },
	{ "x%+", { "", "a" }, "xa" }, { "%+", { "a%%", "b" }, "a% b" },
	{ "%+%+", { "c", "a" }, "c ac a" }, { "%+ %1", { "c", "a" }, "c a c" },
	{ "%+%+", { "%1c", "a" }, "acac" }, { "%+ %+", { "c%0", "a" }, "c c" },
	{ "%+", { "x %+ y", "c", "d" }, "x c d y" },
	{ "%+", { "%1 %+", "c", "d" }, "c c" },
	{ "%+", { "%+%1", "%1", "d" }, "d%1" },
	{ "%+", { "%$%*", "d" }, "dd" }, { "%+", { "a%$%*" }, "a" },
	{ "%+", { "%f1%t1%u%ft", "b" }, "gT7s b", .number = 7,
	    .files = { "f", "g" }, .tokens = { "S", "T" }, .source = "s" },
	{ "%+", { "%f*%t*" }, "", .files = { "f" }, .tokens = { "S" } },
	{ "%+%t1", { "a", "b" }, "a bS", .tokens = { "S", "T" } },
	{ "%+", { "a", "b" }, "a", .no_tail = 1 },
	{ "%q+%q+", { "$", "`" }, "\\$ \\`\\$ \\`" },
	{ "%q+", { "%q1", "$" }, "\\\\\\$" },
	{ "%q+", { "%q+", "%1", "$" }, "\\\\\\$" },
	{ "@+", { "@1 %1", "a" }, "a %1", .escape = '@' },
};

/* Whatever is inserted, quoted for the shell. */
static const struct row quoted[] = {
	{ "echo", { "a", "b c" }, "echo 'a' 'b c'" },
	{ "echo %1", { "it's" }, "echo 'it'\\''s'" },
	{ "echo %1%2", { "", "$x" }, "echo '''$x'" },
	{ "echo \"%1\"", { "$x'" }, "echo \"\"'$x'\\'''\"\"" },
	{ "echo 'a%1'", { "b'c" }, "echo 'ab'\\''c'" },
	{ "%*|%[*/1]|%(*,*)", { "a", "b" }, "'a' 'b'|'a b'|'a b'" },
	{ "\"%*\" '%*'", { "a", "b" }, "\"\"'a'\" \"'b'\"\" 'a b'" },
	{ "x%0%{0}%[0]%(0)y", { "a" }, "x''y" },
	{ "x %$ %*", { NULL }, "x  " }, { "x%[$/1]", { NULL }, "x" },
	{ "%q1 %q[1/1]", { "$/" }, "'$/' '$'" }, { "%u", { "a" }, "'0' 'a'" },
	{ "%t* %t1 %ft %fu %f1", { "p" },
	    "'a b' 'c' 'a b' 's t' '.' 'f g' 'p'",
	    .tokens = { "a b", "c" }, .source = "s t", .files = { "f g" } },
	{ "%%%1", { "a" }, "%'a'" }, { "\\\\%1", { "a" }, "\\\\'a'" },
	{ "\\$%1", { "a" }, "\\$'a'" }, { "$$%1", { "a" }, "$$'a'" },
	{ "$((%u+1))", { NULL }, "$((7+1))", .number = 7 },
	{ "# %u\\%u$%u", { NULL }, "# 7\\7$7", .number = 7 },
	{ "# it's\n%1", { "a" }, "# it's\n'a'" },
	{ "a#b'%1'", { "a" }, "a#b'a'" }, { "$#'%1'", { "a" }, "$#'a'" },
	{ "\"#\"%1", { "a" }, "\"#\"'a'" }, { "'#'%1", { "a" }, "'#''a'" },
	{ "\\#\"%1\"", { "a" }, "\\#\"\"'a'\"\"" },
	{ "$(a %1)%1", { "x" }, "$(a 'x')'x'" },
	{ "\"$(a %1)%1\"", { "x" }, "\"$(a 'x')\"'x'\"\"" },
	{ "\"$(a \"%1\")\"%1", { "x" }, "\"$(a \"\"'x'\"\")\"'x'" },
	{ "\"$(a '%1' (%1))%1\"", { "x" },
	    "\"$(a 'x' ('x'))\"'x'\"\"" },
	{ "\"$(a \"$(b \"%1\" %1)%1\")\"", { "x" },
	    "\"$(a \"$(b \"\"'x'\"\" 'x')\"'x'\"\")\"" },
	{ "\"a(b%1\"", { "x" }, "\"a(b\"'x'\"\"" },
	{ "\"$$(b%1\"", { "x" }, "\"$$(b\"'x'\"\"" },
	{ "\"\\$(b%1\"", { "x" }, "\"\\$(b\"'x'\"\"" },
	{ "${x}%1\"${y%%.c}%1\"", { "a" }, "${x}'a'\"${y%.c}\"'a'\"\"" },
	{ "`a $b`%1\"`c`%1\"", { "a" }, "`a $b`'a'\"`c`\"'a'\"\"" },
	{ "$((1+(2)))%1\"$((3))%1\"", { "a" },
	    "$((1+(2)))'a'\"$((3))\"'a'\"\"" },
	{ "\"$(a $((1)) %1)%1\"", { "a" }, "\"$(a $((1)) 'a')\"'a'\"\"" },
	{ "(a) %1; (%1)", { "a" }, "(a) 'a'; ('a')" },
	{ "f() { a; } # it's\n%1", { "a" }, "f() { a; } # it's\n'a'" },
	{ "case %1 in %2) %3;; esac; \"%1\"", { "a", "b", "c" },
	    "case 'a' in 'b') 'c';; esac; \"\"'a'\"\"" },
	{ "cat <%1", { "a b" }, "cat <'a b'" }, { "a=%1", { "b" }, "a='b'" },
	{ "$\"%1\"", { "a" }, "$\"\"'a'\"\"" },
	{ "\"$'%1\"", { "a" }, "\"$'\"'a'\"\"" },
	/* templates in templates are commands */
	{ "%+; x", { "wc %1", "a b" }, "wc 'a b'; x" },
	{ "%+ x", { "wc", "a b" }, "wc 'a b' x" },
	{ "sh -c %q+", { "wc %1", "a b" }, "sh -c 'wc '\\''a b'\\'''" },
	{ "sh -c \"%q+\"", { "it's", "a" }, "sh -c \"\"'it'\\''s'\"\"",
	    .no_tail = 1 },
	{ "\"%+\" %1", { "a%1", "x" }, "\"a\"'x'\"\" 'a%1'" },
	{ "%+", { "%+ %1", "x '%1'", "y z" }, "x 'y z' 'x '\\''%1'\\'''" },
	{ "%+", { "# c\n", "y" }, "# c\n'y'" },
};

static struct expand_text
text_of(const char *s)
{
	struct expand_text t;

	t.data = s;
	t.len = s != NULL ? strlen(s) : 0;
	return t;
}

static size_t
list_of(const char *const *words, size_t most, struct expand_text *list)
{
	size_t n;

	for (n = 0; n < most && words[n] != NULL; n++)
		list[n] = text_of(words[n]);
	return n;
}

static void
test_row(const struct row *t, const char *what, int quote)
{
	static struct expand_text args[ARGS], files[ARGS], tokens[3];
	struct expand_buffer out = { NULL, 0, 0, 0 };
	struct expand_error err;
	struct input in;
	size_t n = strlen(t->want);
	int error;

	memset(&in, 0, sizeof in);
	in.values.params = in.rules.params = list_of(t->args, ARGS, args);
	in.values.tokens = in.rules.tokens = list_of(t->tokens, 3, tokens);
	in.rules.files = list_of(t->files, 3, files) > 0;
	in.values.param = copy_list(args, in.values.params);
	in.values.token = copy_list(tokens, in.values.tokens);
	in.values.file = in.rules.files ? files : NULL;
	in.values.token_source = text_of(t->source);
	in.rules.token_source = t->source != NULL;
	in.values.number_source = text_of(".");
	in.values.number = t->number;
	in.rules.escape = t->escape != '\0' ? t->escape : '%';
	in.rules.tail = !t->no_tail;
	in.rules.quote = quote;
	in.text = text_of(t->text);
	error = work(&in, &out, &err);
	ok(error == 0 && out.len == n && memcmp(out.data, t->want, n) == 0,
	    named(what, t->text));
	if (error != 0) {
		printf("# error %d: %s, from %zu to %zu of parameter %zu\n",
		    error, err.reason, err.from, err.at, err.param);
	} else if (out.len != n || memcmp(out.data, t->want, n) != 0) {
		show("wanted", t->want, n);
		show("got", out.data, out.len);
	}
	free_list((struct expand_text *)(uintptr_t)in.values.param,
	    in.values.params);
	free_list((struct expand_text *)(uintptr_t)in.values.token,
	    in.values.tokens);
	free(out.data);
}

static void
test_rows(void)
{
	char name[16];
	size_t i, n = 0;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		n += i == 0 || rows[i].number != 1;     /* E17 has two */
		snprintf(name, sizeof name, "E%zu", n);
		test_row(rows + i, name, 0);
	}
	ok(n == 109, "all examples");
	for (i = 0; i < sizeof more_rows / sizeof *more_rows; i++)
		test_row(more_rows + i, "template", 0);
	for (i = 0; i < sizeof quoted / sizeof *quoted; i++)
		test_row(quoted + i, "quoted", 1);
}

/* --- mistakes --- */

static const struct mistake {
	const char *text;
	int error;
	size_t from, at;
	const char *reason;     /* a part of it */
	int quote;
	size_t params;          /* if not 1 */
	const char *param;      /* instead of "a" */
	size_t in;              /* the parameter with the mistake */
} mistakes[] = {
	{ "%", EINVAL, 0, 1, "unknown escape at the end" },
	{ "a%", EINVAL, 1, 2, "unknown escape at the end" },
	{ "%%%", EINVAL, 2, 3, "unknown escape at the end" },
	{ "%q", EINVAL, 0, 2, "unknown escape at the end" },
	{ "%(", EINVAL, 0, 2, "unknown escape at the end" },
	{ "%q(", EINVAL, 0, 3, "unknown escape at the end" },
	{ "%f", EINVAL, 0, 2, "unknown escape at the end" },
	{ "%z", EINVAL, 0, 1, "unknown escape at 'z'" },
	{ "%1%z", EINVAL, 2, 3, "unknown escape at 'z'" },
	{ "% 1", EINVAL, 0, 1, "unknown escape at ' '" },
	{ "%\303\244", EINVAL, 0, 1, "unknown escape at '\\303'" },
	{ "%\n", EINVAL, 0, 1, "unknown escape at '\\012'" },
	{ "%{}", EINVAL, 0, 2, "unknown escape at '}'" },
	{ "%[]", EINVAL, 0, 2, "unknown escape at ']'" },
	{ "%[/1]", EINVAL, 0, 2, "unknown escape at '/'" },
	{ "%{x}", EINVAL, 0, 2, "unknown escape at 'x'" },
	{ "%{+}", EINVAL, 0, 2, "unknown escape at '+'" },
	{ "%[+]", EINVAL, 0, 2, "unknown escape at '+'" },
	{ "%(+,1)", EINVAL, 0, 2, "unknown escape at '+'" },
	{ "%(+)", EINVAL, 0, 2, "unknown escape at '+'" },
	{ "%()", EINVAL, 0, 2, "unknown escape at ')'" },
	{ "%(q1)", EINVAL, 0, 2, "unknown escape at 'q'" },
	{ "%{f1}", EINVAL, 0, 2, "unknown escape at 'f'" },
	{ "%[f1]", EINVAL, 0, 2, "unknown escape at 'f'" },
	{ "%{q1}", EINVAL, 0, 2, "unknown escape at 'q'" },
	{ "%t(1)", EINVAL, 0, 2, "unknown escape at '('" },
	{ "%f+", EINVAL, 0, 2, "unknown escape at '+'" },
	{ "%fq1", EINVAL, 0, 2, "unknown escape at 'q'" },
	{ "%q%", EINVAL, 0, 2, "unknown escape at '%'" },
	{ "%qq1", EINVAL, 0, 2, "unknown escape at 'q'" },
	{ "%t", EINVAL, 0, 2, "unknown escape at the end" },
	{ "%t x", EINVAL, 0, 2, "unknown escape at ' '" },
	{ "%(t,1)", EINVAL, 0, 3, "unknown escape at ','" },
	{ "%-1", EINVAL, 0, 1, "unknown escape at '-'" },
	/* what is not there */
	{ "%2", ERANGE, 0, 1, "parameter 2 is out of range, the limit is 1" },
	{ "%{2}", ERANGE, 0, 1, "parameter 2 is out of range" },
	{ "a %[2/1]", ERANGE, 2, 3, "parameter 2 is out of range" },
	{ "%q(2)", ERANGE, 0, 3, "parameter 2 is out of range" },
	{ "%{99999999999999999999999999}", ERANGE, 0, 1, "out of range" },
	{ "%{18446744073709551617}", ERANGE, 0, 1, "out of range" },
	{ "%1", ERANGE, 0, 1, "the limit is 0", .params = SIZE_MAX },
	{ "%t2", ERANGE, 0, 2, "token 2 is out of range, the limit is 1" },
	{ "%(t{3},1)", ERANGE, 0, 3, "token 3 is out of range" },
	{ "%f1", ERANGE, 0, 2, "parameters come from no files" },
	{ "%f0", ERANGE, 0, 2, "parameters come from no files" },
	{ "%f$", ERANGE, 0, 2, "parameters come from no files" },
	{ "%f*", ERANGE, 0, 2, "parameters come from no files" },
	{ "%ft", ERANGE, 0, 2, "the tokens' source has no name" },
	{ "%T", ERANGE, 0, 1, "the tokens' source has no name" },
	{ "%{t}", ERANGE, 0, 1, "the tokens' source has no name" },
	{ "%+", ERANGE, 0, 1, "no parameter to be a template",
	    .params = SIZE_MAX },
	{ "a%q+", ERANGE, 1, 3, "no parameter to be a template",
	    .params = SIZE_MAX },
	/* not closed */
	{ "%{1", EINVAL, 0, 3, "missing } at the end" },
	{ "%{", EINVAL, 0, 2, "unknown escape at the end" },
	{ "%{1]", EINVAL, 0, 3, "missing } at ']'" },
	{ "%{1x}", EINVAL, 0, 3, "missing } at 'x'" },
	{ "%{*1}", EINVAL, 0, 3, "missing } at '1'" },
	{ "%[1", EINVAL, 0, 3, "missing ] at the end" },
	{ "%[", EINVAL, 0, 2, "unknown escape at the end" },
	{ "%[1/", EINVAL, 0, 4, "missing ] at the end" },
	{ "%[1/2", EINVAL, 0, 5, "missing ] at the end" },
	{ "%[1/-", EINVAL, 0, 5, "missing ] at the end" },
	{ "%[1/$", EINVAL, 0, 5, "missing ] at the end" },
	{ "%[1,@", EINVAL, 0, 5, "missing ] at the end" },
	{ "x%[1/2}", EINVAL, 1, 7, "missing ] at the end" },
	{ "%[1\\", EINVAL, 0, 4, "missing ] at the end" },
	{ "%[1\\]", EINVAL, 0, 5, "missing ] at the end" },
	{ "%(1", EINVAL, 0, 3, "missing ) at the end" },
	{ "%(1,2", EINVAL, 0, 5, "missing ) at the end" },
	{ "%(1,2-3", EINVAL, 0, 7, "missing ) at the end" },
	{ "%(1,(2)", EINVAL, 0, 7, "missing ) at the end" },
	{ "%(1,\"u)", EINVAL, 0, 7, "missing \" at the end" },
	{ "%(1,\"", EINVAL, 0, 5, "missing \" at the end" },
	{ "%(1,`u)", EINVAL, 0, 7, "missing ' at the end" },
	{ "%(1,`u`')", EINVAL, 0, 9, "missing ' at the end" },
	{ "%(1,`", EINVAL, 0, 5, "missing ' at the end" },
	/* mixers */
	{ "%(1,x)", EINVAL, 0, 4, "no mixer item at 'x'" },
	{ "%(1x)", EINVAL, 0, 3, "no mixer item at 'x'" },
	{ "%(1,-2)", EINVAL, 0, 4, "no mixer item at '-'" },
	{ "%(1,2-)", EINVAL, 0, 6, "no position behind - at ')'" },
	{ "%(1,2-,3)", EINVAL, 0, 6, "no position behind - at ','" },
	{ "%(1,2-", EINVAL, 0, 6, "no position behind - at the end" },
	{ "%(1,2-~)", EINVAL, 0, 7, "no position behind - at ')'" },
	{ "%(1,2-(1))", EINVAL, 0, 6, "no position behind - at '('" },
	{ "%(1,1-2-3)", EINVAL, 0, 7, "no mixer item at '-'" },
	{ "%(1,*-2)", EINVAL, 0, 5, "no mixer item at '-'" },
	{ "%(1,~)", EINVAL, 0, 5, "no position behind ~ at ')'" },
	{ "%(1,~", EINVAL, 0, 5, "no position behind ~ at the end" },
	{ "%(1,~~1)", EINVAL, 0, 5, "no position behind ~ at '~'" },
	{ "%(1,1 - 2)", EINVAL, 0, 6, "no mixer item at '-'" },
	{ "%(1,')", EINVAL, 0, 4, "no mixer item at '''" },
	{ "%(1/2)", EINVAL, 0, 3, "no mixer item at '/'" },
	{ "%(1,\377)", EINVAL, 0, 4, "no mixer item at '\\377'" },
	/* templates in templates */
	{ "x%+", ERANGE, 1, 2, "parameter 1 is out of range, the limit is 0",
	    .param = "a%1", .in = 1 },
	{ "%+", EINVAL, 2, 3, "unknown escape at 'z'", .params = 2,
	    .param = "%1%z", .in = 1 },
	{ "%1%+", EINVAL, 1, 2, "unknown escape at the end", .params = 3,
	    .param = "a%", .in = 1 },
	{ "%+", ERANGE, 0, 1, "no parameter to be a template", .params = 3,
	    .param = "%+", .in = 3 },
	{ "%+", ERANGE, 0, 2, "parameters come from no files", .param = "%f1",
	    .in = 1 },
	{ "%+", ERANGE, 0, 2, "token 1 is out of range", .param = "%t1",
	    .in = 1 },
	/* where nothing can be quoted */
	{ "# %1", EINVAL, 2, 4, "quoted in a comment", 1 },
	{ "echo # x", EINVAL, 8, 8, "appended in a comment", 1 },
	{ "\\%1", EINVAL, 1, 3, "quoted behind a backslash", 1 },
	{ "\\", EINVAL, 1, 1, "appended behind a backslash", 1 },
	{ "\"\\%1\"", EINVAL, 2, 4, "quoted behind a backslash", 1 },
	{ "\"\\\\\\%1\"", EINVAL, 4, 6, "quoted behind a backslash", 1 },
	{ "$%1", EINVAL, 1, 3, "quoted behind a $", 1 },
	{ "$$$%1", EINVAL, 3, 5, "quoted behind a $", 1 },
	{ "\"$%[1/1]\"", EINVAL, 2, 8, "quoted behind a $", 1 },
	{ "$\\\n%1", EINVAL, 3, 5, "quoted behind a $", 1 },
	{ "${x%1}", EINVAL, 3, 5, "quoted within ${ }", 1 },
	{ "\"${x%1}\"", EINVAL, 4, 6, "quoted within ${ }", 1 },
	{ "`a %1`", EINVAL, 3, 5, "quoted within backquotes", 1 },
	{ "\"`a %1`\"", EINVAL, 4, 6, "quoted within backquotes", 1 },
	{ "$((%1))", EINVAL, 3, 5, "quoted in arithmetic", 1 },
	{ "\"$((%1))\"", EINVAL, 4, 6, "quoted in arithmetic", 1 },
	{ "\"$(a $((%1)))\"", EINVAL, 8, 10, "quoted in arithmetic", 1 },
	{ "((%1))", EINVAL, 2, 4, "quoted in arithmetic", 1 },
	{ "$\\\n((%1))", EINVAL, 5, 7, "quoted in arithmetic", 1 },
	{ "cat <<E\n%1", EINVAL, 8, 10, "too involved", 1 },
	{ "cat <\\\n<E\n%1", EINVAL, 10, 12, "too involved", 1 },
	{ "cat <<E", EINVAL, 7, 7, "too involved", 1 },
	{ "$'a' %1", EINVAL, 5, 7, "too involved", 1 },
	{ "$[1] %1", EINVAL, 5, 7, "too involved", 1 },
	{ "`a 'b'` %1", EINVAL, 8, 10, "too involved", 1 },
	{ "`\\`a\\`` %1", EINVAL, 8, 10, "too involved", 1 },
	{ "${x:-\"a\"} %1", EINVAL, 10, 12, "too involved", 1 },
	{ "${ a; } %1", EINVAL, 8, 10, "too involved", 1 },
	{ "$(( \"1\" )) %1", EINVAL, 11, 13, "too involved", 1 },
	{ "\"$(case a in a) b %1;; esac)\"", EINVAL, 18, 20, "too involved",
	    1 },
	{ "\"$(ca\\\nse a in a) b %1", EINVAL, 20, 22, "too involved", 1 },
	{ "\"$(a # )\n%1)\"", EINVAL, 9, 11, "too involved", 1 },
	{ "%*# '%1'", EINVAL, 5, 7, "too involved", 1 },
	{ "(a)# '%1'", EINVAL, 6, 8, "too involved", 1 },
	{ "<%1<%1", EINVAL, 4, 6, "too involved", 1 },
	{ "x%+#'%1'", EINVAL, 5, 7, "too involved", 1, .params = 2 },
	{ "\"$(\"$(\"$(\"$(\"$(\"$(\"$(\"$(\"$(a %1", EINVAL, 29, 31,
	    "too involved", 1 },
	{ "\"$(\"$(\"$(\"$(\"$(\"$(\"$(\"$(( (( %1", EINVAL, 29, 31,
	    "quoted in arithmetic", 1 },
	{ "(# '%1'", EINVAL, 4, 6, "too involved", 1 },
	{ "$(a (b)\n# '%1'", EINVAL, 11, 13, "too involved", 1 },
	{ "\"$(\"$(\"$(\"$(\"$(\"$(\"$(\"$( (( %1", EINVAL, 28, 30,
	    "too involved", 1 },
	{ "%+", EINVAL, 2, 2, "ends in other quotes", 1, .param = "a'",
	    .in = 1 },
	{ "'%+", EINVAL, 2, 2, "ends in other quotes", 1, .param = "a'",
	    .in = 1 },
	{ "%+", EINVAL, 2, 2, "ends in other quotes", 1, .param = "a\\",
	    .in = 1 },
	{ "%+", EINVAL, 3, 3, "ends in other quotes", 1, .param = "a #",
	    .in = 1 },
	{ "%+", EINVAL, 2, 4, "quoted in a comment", 1, .params = 2,
	    .param = "# %1", .in = 1 },
	{ "\"$(%+)\"", EINVAL, 1, 1, "ends in other quotes", 1, .param = ")",
	    .in = 1 },
};

static void
test_mistake(const struct mistake *m)
{
	struct expand_text args[3], token = { "T", 1 };
	struct expand_buffer out = { NULL, 0, 0, 0 };
	struct expand_error err;
	struct input in;
	size_t i;
	int error, good;

	for (i = 0; i < 3; i++)
		args[i] = text_of(m->param != NULL ? m->param : "a");
	memset(&in, 0, sizeof in);
	in.text = text_of(m->text);
	in.rules.escape = '%';
	in.rules.tail = 1;
	in.rules.quote = m->quote;
	in.rules.tokens = in.values.tokens = 1;
	in.rules.params = in.values.params = m->params == SIZE_MAX ? 0 :
	    m->params > 0 ? m->params : 1;
	in.values.param = args;
	in.values.token = &token;
	in.values.number_source = text_of(".");
	error = work(&in, &out, &err);
	good = error == m->error && err.from == m->from &&
	    err.at == m->at && err.param == m->in &&
	    strstr(err.reason, m->reason) != NULL;
	ok(good, named("mistake", m->text));
	if (error == 0)
		show("got", out.data, out.len);
	else if (!good)
		printf("# error %d: %s, from %zu to %zu of parameter %zu\n",
		    error, err.reason, err.from, err.at, err.param);
	free(out.data);
}

static void
test_mistakes(void)
{
	size_t i;

	for (i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
		test_mistake(mistakes + i);
}

/* --- large ones --- */

/* Expand text for some parameters and compare; or, with an error wanted,
 * compare the reason. */
struct job {
	const struct expand_text *param;
	size_t params;
	size_t max;
	int quote;
};

static int
gives(const struct job *j, const char *text, int wanted, const char *want,
    size_t len)
{
	struct expand_buffer out = { NULL, 0, 0, 0 };
	struct expand_error err;
	struct input in;
	int error, good;

	memset(&in, 0, sizeof in);
	in.text = text_of(text);
	in.rules.escape = '%';
	in.rules.tail = 1;
	in.rules.quote = j->quote;
	in.rules.params = in.values.params = j->params;
	in.values.param = j->param;
	in.values.number_source = text_of(".");
	out.max = j->max;
	error = work(&in, &out, &err);
	good = error == wanted && (error == 0 ? out.len == len &&
	    memcmp(out.data, want, len) == 0 :
	    strstr(err.reason, want) != NULL);
	if (!good && error == 0)
		show("got", out.data, out.len < 200 ? out.len : 200);
	else if (!good)
		printf("# error %d: %s\n", error, err.reason);
	free(out.data);
	return good;
}

static int
gives_text(const struct job *j, const char *text, const char *want)
{
	return gives(j, text, 0, want, strlen(want));
}

/* Allocated text: start, middle n times, end. */
static char *
repeat(const char *start, const char *middle, size_t n, const char *end)
{
	size_t a = strlen(start), b = strlen(middle), i;
	char *p = memory(a + n * b + strlen(end) + 1);

	memcpy(p, start, a);
	for (i = 0; i < n; i++)
		memcpy(p + a + i * b, middle, b);
	strcpy(p + a + n * b, end);
	return p;
}

static void
test_long_parameter(void)
{
	char *big = repeat("", "abcdefghi/", LONG / 10, "");
	char *twice = repeat("", big, 2, "");
	char *echo = repeat("echo ", big, 1, "");
	char *each = repeat("", "efghi/", LONG / 10, "");
	struct expand_text p = text_of(big);
	struct job j = { &p, 1, 0, 0 };

	ok(gives_text(&j, "echo %1", echo), "200 kB");
	ok(gives_text(&j, "echo", echo), "200 kB, the tail");
	ok(gives_text(&j, "%[1/20000]", "abcdefghi"), "200 kB, a field");
	ok(gives_text(&j, "%[1/-$/$]", "abcdefghi"), "200 kB, the last one");
	ok(gives_text(&j, "%[1/-2/-19999/19998c2]", "defghi"),
	    "200 kB, fields taken out");
	ok(gives_text(&j, "%[1/@d2]", each), "200 kB, fields of fields");
	ok(gives_text(&j, "%(1,199999-199990)", "ihgfedcba/"),
	    "200 kB, mixed");
	ok(gives_text(&j, "%(1,($-1)($-1)(*,*))", twice),
	    "200 kB, turned twice and doubled");
	free(big);
	free(twice);
	free(echo);
	free(each);
	big = repeat("", "'", LONG, "");
	twice = repeat("'", "'\\''", LONG, "'");
	p = text_of(big);
	j.quote = 1;
	ok(gives_text(&j, "%1", twice), "200 kB of quotes");
	free(big);
	free(twice);
}

static void
test_long_template(void)
{
	struct expand_text p = text_of("ab");
	struct job j = { &p, 1, 0, 0 };
	char *text, *want;

	text = repeat("%0", "a", LONG, "");
	ok(gives_text(&j, text, text + 2), "a template of 200 kB");
	free(text);
	text = repeat("%0", "%%", LONG / 2, "");
	want = repeat("", "%", LONG / 2, "");
	ok(gives_text(&j, text, want), "many escape characters");
	free(text);
	free(want);
	text = repeat("", "%1", LONG / 2, "");
	want = repeat("", "ab", LONG / 2, "");
	ok(gives_text(&j, text, want), "many values");
	free(text);
	text = repeat("%(1,", "*", LONG / 2, ")");
	ok(gives_text(&j, text, want), "many mixer items");
	free(text);
	free(want);
	text = repeat("%[1", "/1", LONG / 2, "]");
	ok(gives_text(&j, text, "ab"), "many steps");
	free(text);
	text = repeat("%(1,", "()", LONG / 2, "1)");
	ok(gives_text(&j, text, "a"), "many groups");
	free(text);
	text = repeat("%{", "0", LONG, "1}");
	ok(gives_text(&j, text, "ab"), "many zeros");
	free(text);
	text = repeat("%(1,`", "`", LONG, "'");
	ok(gives(&j, text, EINVAL, "missing '", 0), "many quotes");
	free(text);
}

static void
test_depth(void)
{
	struct expand_text p = text_of("ab");
	struct job j = { &p, 1, 0, 0 };
	char *start = repeat("%(1,", "(", 199, "");
	char *text = repeat(start, "$-1)", 200, "");

	ok(gives_text(&j, text, "ab"), "199 groups in groups");
	free(text);
	text = repeat("%(1,", "(", LONG, "");
	ok(gives(&j, text, EINVAL, "more than 200 (", 0), "too many");
	free(text);
	free(start);
	text = repeat("%[1", "/@", 200, "]");
	ok(gives_text(&j, text, "ab"), "fields of fields 200 times");
	free(text);
	text = repeat("%[1", "/@", LONG, "]");
	ok(gives(&j, text, EINVAL, "more than 200 @", 0), "too often");
	free(text);
}

static void
test_many_parameters(void)
{
	struct expand_text *p = memory(MANY * sizeof *p);
	struct job j = { p, MANY, 0, 0 };
	char *want = repeat("x", " x", MANY - 1, "");
	size_t i;

	for (i = 0; i < MANY; i++)
		p[i] = text_of("x");
	ok(gives_text(&j, "%*", want), "100000 parameters");
	ok(gives_text(&j, "%{100000}", "x"), "the last of them");
	ok(gives(&j, "%{100001}", ERANGE, "the limit is 100000", 0),
	    "there are no more");
	for (i = 0; i < MANY - 2; i++)
		p[i] = text_of("%+");
	ok(gives_text(&j, "%+", "x x"), "templates in templates, 99999 deep");
	ok(gives(&j, "%+%+", 0, "x xx x", 6), "and twice");
	free(want);
	for (i = 0; i < 12; i++)
		p[i] = text_of("%+%+");
	p[12] = text_of("%0x");
	want = repeat("", "x", 4096, "");
	ok(gives_text(&j, "%+", want), "4096 templates in templates");
	j.max = 4095;
	ok(gives(&j, "%+", E2BIG, "longer than 4095 bytes", 0),
	    "one too many");
	j.max = 0;
	for (i = 0; i < MANY; i++)
		p[i] = text_of("%+%+");
	ok(gives(&j, "%+", ERANGE, "no parameter to be a template", 0),
	    "none of 100000 comes to an end");
	j.params = 40;
	p[39] = text_of("%0");
	ok(times == 1 || gives(&j, "%+", E2BIG, "more than 1000000", 0),
	    "templates without end");
	free(p);
	free(want);
}

/* The limit is for all that is in the buffer. */
static void
test_limits(void)
{
	struct expand_text p = text_of("abcdefghij");
	struct job j = { &p, 1, 10, 0 };
	char *text = repeat("%(1,", "(**)", LONG / 4, ")");

	ok(gives_text(&j, "%1", "abcdefghij"), "as much as is allowed");
	ok(gives(&j, "%1x", E2BIG, "longer than 10 bytes", 0), "more");
	ok(gives(&j, "x%1", E2BIG, "longer than 10 bytes", 0), "another");
	ok(gives(&j, "x", E2BIG, "longer than 10 bytes", 0), "the tail");
	ok(gives(&j, "%(1)", E2BIG, "longer than 10 bytes", 0), "in between");
	ok(gives_text(&j, "%[1d1]", "abc"), "a part");
	ok(gives(&j, "%[1d1]%[1d1]", E2BIG, "longer than 10 bytes", 0),
	    "a second one");
	j.max = 1000000;
	ok(gives(&j, text, E2BIG, "longer than 1000000 bytes", 0),
	    "doubling without end");
	free(text);
}

/* --- the interface --- */

/* What was promised when compiling and is not there. */
static void
test_promises(void)
{
	static const char *const texts[] = {
		"a%2", "%{2}", "%t1", "%f1", "%f*", "%ft", "%(t1,1)", "%[2/1]",
	};
	struct expand_rules rules = { '%', 1, 0, SIZE_MAX, 1, SIZE_MAX, 1 };
	struct expand_text p = text_of("p");
	struct expand_values v = { &p, 1, NULL, NULL, 0, 0, { ".", 1 },
	    { NULL, 0 } };
	struct expand_buffer out = { NULL, 0, 0, 0 };
	struct expand_error err;
	struct expand *e;
	size_t i;

	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		e = expand_compile(texts[i], strlen(texts[i]), &rules, &err);
		errno = 0;
		ok(e != NULL && expand_run(e, &v, &out, &err) == -1 &&
		    errno == ERANGE && out.len == 0 && err.param == 0 &&
		    err.from == (i == 0) && err.at == strlen(texts[i]),
		    named("promised", texts[i]));
		expand_free(e);
	}
	v.param = NULL;
	v.params = 0;
	e = expand_compile("%+", 2, &rules, &err);
	ok(e != NULL && expand_run(e, &v, &out, &err) == -1 &&
	    errno == ERANGE && err.param == 0, "a template is not there");
	expand_free(e);
	e = expand_compile("a", 1, &rules, &err);
	ok(e != NULL && expand_run(e, &v, &out, &err) == 0 && out.len == 1,
	    "no tail without parameters");
	expand_free(e);
	free(out.data);
}

static void
test_buffer(void)
{
	struct expand_rules rules = { '%', 1, 0, 1, 0, 0, 0 };
	struct expand_text p = text_of("p");
	struct expand_values v = { &p, 1, NULL, NULL, 0, UINTMAX_MAX,
	    { ".", 1 }, { NULL, 0 } };
	struct expand_buffer out = { NULL, 0, 0, 0 };
	struct expand_error err;
	struct expand *e = expand_compile("", 0, &rules, &err);
	char number[40];

	ok(expand_run(e, &v, &out, &err) == 0 &&
	    expand_run(e, &v, &out, &err) == 0 &&
	    strcmp(out.data, "pp") == 0 && out.len == 2,
	    "results stand behind each other, each by itself");
	expand_free(e);
	e = expand_compile("-%u%0", 5, &rules, &err);
	snprintf(number, sizeof number, "pp-%ju", UINTMAX_MAX);
	ok(expand_run(e, &v, &out, &err) == 0 &&
	    strcmp(out.data, number) == 0, "the largest number");
	out.len = 0;
	v.number = 10;
	ok(expand_run(e, &v, &out, &err) == 0 &&
	    strcmp(out.data, "-10") == 0, "another one in the same place");
	expand_free(e);
	free(out.data);
	rules.escape = '\0';
	rules.tail = 0;
	memset(&out, 0, sizeof out);
	e = expand_compile("%1%", 3, &rules, &err);
	ok(e != NULL && expand_run(e, &v, &out, &err) == 0 &&
	    strcmp(out.data, "%1%") == 0, "no escape character");
	expand_free(e);
	expand_free(NULL);
	free(out.data);
}

static const struct use {
	const char *text;
	struct expand_uses want;
} uses[] = {
	{ "", { .tail = 1 } }, { "a%%", { .tail = 1 } },
	{ "%0", { .params = 1 } }, { "%*", { .params = 1,
	.all = 1 } },
	{ "%$", { .params = 1, .last = 1 } },
	{ "%1%{2}%1", { 2, .params = 1 } },
	{ "%([2/1],1)%t3", { 2, 3, 1, .tokens = 1 } },
	{ "%u", { .number = 1, .tail = 1 } },
	{ "%#", { .number = 1, .tail = 1 } },
	{ "%h2", { 2, .params = 1 } }, { "%n*", { .params = 1, .all = 1 } },
	{ "%t*", { .tokens = 1, .tail = 1 } },
	{ "%f1", { .files = 1, .tail = 1 } },
	{ "%fu", { .sources = 1, .tail = 1 } },
	{ "%tt", { .sources = 1, .tail = 1 } }, { "%q+", { .inner = 1 } },
};

static void
test_uses(void)
{
	struct expand_rules rules = { '%', 1, 0, 3, 1, 3, 1 };
	struct expand_error err;
	struct expand *e;
	size_t i;

	for (i = 0; i < sizeof uses / sizeof *uses; i++) {
		e = expand_compile(uses[i].text, strlen(uses[i].text), &rules,
		    &err);
		ok(e != NULL && memcmp(expand_uses(e), &uses[i].want,
		    sizeof uses[i].want) == 0, named("uses", uses[i].text));
		expand_free(e);
	}
	rules.tail = 0;
	e = expand_compile("", 0, &rules, &err);
	ok(expand_uses(e)->tail == 0, "no tail");
	expand_free(e);
	rules.tail = 1;
	rules.params = 0;
	e = expand_compile("", 0, &rules, &err);
	ok(expand_uses(e)->tail == 0, "no parameters");
	expand_free(e);
}

/* --- words --- */

static const struct command {
	const char *text;
	const char *words;      /* each with a bar behind it, or NULL */
	int builtins;
} commands[] = {
	{ "ls", "ls|" }, { "ls -l a", "ls|-l|a|" }, { " \tls\t ", "ls|" },
	{ "ls 'a b'", "ls|a b|" }, { "ls ''", "ls||" }, { "ls \"\"", "ls||" },
	{ "ls a'b'\"c\"\\d", "ls|abcd|" }, { "'l's", "ls|" },
	{ "ls \"a'b\"'c\"d'", "ls|a'bc\"d|" }, { "ls '$x' \\$x", "ls|$x|$x|" },
	{ "ls \"\\$\\`\\\"\\\\\\a\"", "ls|$`\"\\\\a|" },
	{ "ls '\n' \"\n\"", "ls|\n|\n|" }, { "ls '\\'", "ls|\\|" },
	{ "make CC=gcc -j2", "make|CC=gcc|-j2|" }, { "ls \\ ", "ls| |" },
	{ "ls \303\244", "ls|\303\244|" }, { "ls '*' \\*", "ls|*|*|" },
	{ "./a@b,c:d+e%f", "./a@b,c:d+e%f|" }, { "ls '\001'", "ls|\001|" },
	{ "echo a", "echo|a|", 1 }, { "cd a", "cd|a|", 1 }, { "if", "if|", 1 },
	{ "echo a", NULL }, { "cd a", NULL }, { "'cd' a", NULL },
	{ "if a", NULL }, { "! a", NULL }, { ". a", NULL }, { ":", NULL },
	{ "}", NULL }, { "while", NULL }, { "echox", "echox|" },
	{ "", NULL }, { " \t", NULL }, { "''", NULL }, { "'' a", NULL },
	{ "", NULL, 1 }, { "''", NULL, 1 }, { "a=b", NULL }, { "a=b c", NULL },
	{ "a=b c", NULL, 1 }, { "'a=b'", NULL }, { "ls $x", NULL },
	{ "ls \"$x\"", NULL }, { "ls `a`", NULL }, { "ls \"`a`\"", NULL },
	{ "ls *", NULL }, { "ls a?", NULL }, { "ls [a]", NULL },
	{ "ls ~", NULL }, { "ls {a,b}", NULL }, { "ls a;b", NULL },
	{ "ls&", NULL }, { "ls|a", NULL }, { "ls <a", NULL },
	{ "ls >a", NULL }, { "ls (a)", NULL }, { "ls # a", NULL },
	{ "ls a#b", NULL }, { "ls !a", NULL }, { "ls\na", NULL },
	{ "ls\n", NULL }, { "ls \\\na", NULL }, { "ls \"a\\\nb\"", NULL },
	{ "ls =a", NULL }, { "ls '='a a=", "ls|=a|a=|" }, { "=a", NULL, 1 },
	{ "ls ''=a", NULL },
	{ "ls \\", NULL }, { "ls 'a", NULL }, { "ls \"a", NULL },
	{ "ls \"a\\", NULL }, { "ls \"a\\\"", NULL }, { "ls a\001", NULL },
	{ "ls a\r", NULL }, { "ls a^b", NULL }, { "ls '", NULL },
	{ "ls \"", NULL },
};

/* The words of a command with what stands behind each; NULL if there are
 * none.  To be freed. */
static char *
words_of(const char *text, size_t len, int builtins, const char *behind)
{
	char *copy = exactly(text, len), **argv, *joined, *p;
	size_t i, n = 1;

	errno = 0;
	argv = quote_words(copy, len, builtins);
	free(copy);
	if (argv == NULL)
		return NULL;
	for (i = 0; argv[i] != NULL; i++)
		n += strlen(argv[i]) + strlen(behind);
	p = joined = memory(n);
	*p = '\0';
	for (i = 0; argv[i] != NULL; i++)
		p += sprintf(p, "%s%s", argv[i], behind);
	free(argv);
	return joined;
}

static void
test_command(const struct command *c)
{
	char *words = words_of(c->text, strlen(c->text), c->builtins, "|");
	int good;

	if (c->words == NULL)
		good = words == NULL && errno == EINVAL;
	else
		good = words != NULL && strcmp(words, c->words) == 0;
	ok(good, named("words", c->text));
	if (!good)
		printf("# got %s\n", words != NULL ? words : "none");
	free(words);
}

static void
test_commands(void)
{
	char *text = repeat("ls", " a", LONG / 2, "");
	char *want = repeat("ls|", "a|", LONG / 2, ""), *words;
	size_t i;

	for (i = 0; i < sizeof commands / sizeof *commands; i++)
		test_command(commands + i);
	words = words_of(text, strlen(text), 0, "|");
	ok(words != NULL && strcmp(words, want) == 0, "many words");
	free(words);
	free(text);
	free(want);
}

/* --- random ones --- */

static const char *
any(const char *const *list, size_t n)
{
	return list[dice((unsigned)n)];
}

#define ANY(list) any(list, sizeof (list) / sizeof *(list))

/* Text of up to most random pieces. */
struct made {
	char data[2000];
	size_t len;
};

static void
make(struct made *m, const char *piece)
{
	size_t n = strlen(piece);

	if (n < sizeof m->data - m->len) {
		memcpy(m->data + m->len, piece, n + 1);
		m->len += n;
	}
}

static const char *const anything[] = {
	"%", "%", "%", "%1", "%2", "%(1", "%(1,", "%[1", "%[1/", "%+", "%q+",
	"%*", "%$", "%u", "%f", "%t", "%ft", "%q", "%%", "%0", "%{", "%[1,@",
	")", "(", "[", "]", "{", "}", "q", "f", "t", "u", "U", "T", "$", "*",
	"+", "@", "-", "~", "/", " ", "\\", ",", "0", "1", "2", "9", "23",
	"99999999999999999999", "\"", "`", "'", "a", "b.c", "\t", "\n",
	"\377", "\303\244", "#", "<", "$(", "$((", "${", "case", ".",
};

static const char *const selectors[] = {
	"1", "2", "$", "*", "u", "{1}", "{2}", "{$}", "f1", "t1", "f{2}",
	"t{*}", "ft", "T", "fu", "f*", "t$",
};

static const char *const brackets[] = { "[1", "[2", "[*", "f[1", "t[$", "[u" };

static const char *const steps[] = {
	"/1", "/2", "/$", "/-1", "/-2", "/-$", "/@", " 1", " 2", " $", " -1",
	" -2", " -$", " @", "\\ 2", ".", "'2", "\\\\1", "\377@", "a-2", "a@",
	"/", "/-", "/9", "/-9", " -9", "\n2", "\"1", "$1",
};

static const char *const picks[] = {
	"*", "~*", "1", "2", "$", "~1", "~2", "1-2", "2-1", "$-1", "~1-~$",
	"2-*", "2-9", "9-2", "9", "0", ",", ",", " ", "\t", "(", "(", ")",
	"\"x\"", "`y`z''", "\"%1\"",
};

static void
make_noise(struct made *m, unsigned most)
{
	unsigned n = dice(most);

	for (m->len = 0; n > 0; n--)
		make(m, ANY(anything));
}

static void
make_bracket(struct made *m)
{
	unsigned n = dice(5);

	make(m, ANY(brackets));
	for (; n > 0; n--)
		make(m, ANY(steps));
	make(m, "]");
}

/* Markup that makes sense. */
static void
make_markup(struct made *m)
{
	unsigned n = dice(9), mixed = dice(2), open = 0;

	make(m, dice(4) == 0 ? "%q" : "%");
	make(m, mixed ? "(" : "");
	if (dice(2) == 0)
		make_bracket(m);
	else
		make(m, ANY(selectors));
	if (!mixed)
		return;
	for (make(m, ","); n > 0; n--) {
		const char *s = ANY(picks);

		if (*s == ')' && open == 0)
			continue;
		open += *s == '(';
		open -= *s == ')';
		make(m, s);
	}
	for (open++; open > 0; open--)
		make(m, ")");
}

static void
make_template(struct made *m)
{
	unsigned n = dice(4);

	if (dice(3) == 0) {
		make_noise(m, 25);
		return;
	}
	for (m->len = 0; n > 0; n--) {
		make(m, dice(3) == 0 ? "" : ANY(anything));
		make_markup(m);
		make(m, dice(8) == 0 ? "%+" : "");
	}
}

/* So many random texts. */
static struct expand_text *
make_list(size_t n)
{
	static const char *const plain[] = {
		"a/b/c", "x.y z", "/a'b\"c`d$e\\f", " ", "", "north", "/", ".",
		"a", "b ", "\377", "\n",
	};
	struct expand_text t[4];
	struct made m[4];
	size_t i, k;

	for (i = 0; i < n; i++) {
		if (dice(2) == 0)
			make_template(m + i);
		else
			for (m[i].len = 0, k = dice(6); k > 0; k--)
				make(m + i, ANY(plain));
		t[i].data = m[i].data;
		t[i].len = m[i].len;
	}
	return copy_list(t, n);
}

struct setting {
	struct input in;
	struct expand_text *param, *file, *token, *source;
	size_t params, tokens;
};

static void
set_up(struct setting *s, struct made *m)
{
	struct expand_values *v = &s->in.values;
	struct expand_rules *r = &s->in.rules;

	memset(s, 0, sizeof *s);
	s->params = dice(5);
	s->tokens = dice(4);
	v->param = s->param = make_list(s->params);
	v->file = s->file = make_list(s->params);
	v->token = s->token = make_list(s->tokens);
	s->source = make_list(2);
	v->number_source = s->source[0];
	v->token_source = s->source[1];
	v->params = r->params = s->params;
	v->tokens = r->tokens = s->tokens;
	v->number = dice(100000);
	r->files = r->token_source = 1;
	r->escape = dice(20) == 0 ? *ANY(anything) : '%';
	r->tail = dice(4) > 0;
	r->quote = dice(3) == 0;
	s->in.text.data = m->data;
	s->in.text.len = m->len;
}

static void
take_down(struct setting *s)
{
	free_list(s->param, s->params);
	free_list(s->file, s->params);
	free_list(s->token, s->tokens);
	free_list(s->source, 2);
}

/* Promise too much. */
static void
break_promises(struct setting *s)
{
	struct expand_values *v = &s->in.values;

	v->params = dice((unsigned)s->params + 1);
	v->tokens = dice((unsigned)s->tokens + 1);
	if (dice(2) == 0)
		v->file = NULL;
	if (dice(2) == 0)
		v->token_source.data = NULL;
}

/* Whatever the template, it ends in a result or in a sensible error, and
 * what was there stays; and the same each time. */
static int
survives(struct setting *s)
{
	struct expand_buffer out = { NULL, 0, 0, 0 }, again = out;
	struct expand_error err;
	int error, good;

	out.max = again.max = dice(10) == 0 ? dice(100) : 100000;
	error = work(&s->in, &out, &err);
	good = error >= 0;
	again.data = memcpy(memory(7), "before", 7);
	again.len = 6;
	again.size = 7;
	again.max += again.max != 0 ? 6 : 0;
	good = good && work(&s->in, &again, &err) == error &&
	    memcmp(again.data, "before", 6) == 0 &&
	    again.len == out.len + 6 &&
	    (error != 0 || memcmp(again.data + 6, out.data, out.len) == 0);
	if (!good)
		printf("# error %d: %s\n", error, err.reason);
	free(out.data);
	free(again.data);
	return good;
}

static void
test_noise(void)
{
	struct setting s;
	struct made m;
	unsigned long round;
	int good = 1;

	for (round = 0; good && round < 30000 * times; round++) {
		make_template(&m);
		set_up(&s, &m);
		if (dice(4) == 0)
			break_promises(&s);
		good = survives(&s);
		if (!good)
			show("of", m.data, m.len);
		take_down(&s);
	}
	ok(good, "random templates harm nobody");
}

/* What is quoted are words that are what it is without quotes: in front of
 * it, and behind it, stands what makes it a part of a command. */
static int
is_quoted(struct setting *s, const char *front, const char *back)
{
	struct expand_buffer raw = { NULL, 0, 0, 0 }, out = raw;
	struct expand_error err;
	struct made m;
	char *words = NULL;
	int good = 1;

	s->in.rules.tail = s->in.rules.quote = 0;
	if (work(&s->in, &raw, &err) != 0)
		return 1;
	m.len = 0;
	make(&m, front);
	memcpy(m.data + m.len, s->in.text.data, s->in.text.len);
	m.len += s->in.text.len;
	make(&m, back);
	s->in.text.data = m.data;
	s->in.text.len = m.len;
	s->in.rules.quote = 1;
	good = work(&s->in, &out, &err) == 0;
	if (good)
		words = words_of(out.data, out.len, 0, " ");
	/* all words have a blank behind them, with "x " in front */
	good = good && words != NULL && memcmp(words, "x ", 2) == 0 &&
	    (strcmp(words, "x ") == 0 ? raw.len == 0 :
	    strlen(words) == raw.len + 3 &&
	    memcmp(words + 2, raw.data, raw.len) == 0);
	if (!good) {
		show("of", s->in.text.data, s->in.text.len);
		show("without", raw.data, raw.len);
		show("quoted", out.data, out.len);
	}
	free(words);
	free(raw.data);
	free(out.data);
	return good;
}

static void
test_quotes(void)
{
	static const char *const fronts[] = { "x ", "x \"", "x '" };
	static const char *const backs[] = { "", "\"", "'" };
	struct setting s;
	struct made m;
	unsigned long round;
	int good = 1;

	for (round = 0; good && round < 15000 * times; round++) {
		m.len = 0;
		do
			make_markup(&m);
		while (m.data[1] == 'q' && (m.len = 0) == 0);
		set_up(&s, &m);
		s.in.rules.escape = '%';
		good = is_quoted(&s, fronts[round % 3], backs[round % 3]);
		take_down(&s);
	}
	ok(good, "what is quoted is one word");
}

/* --- real shells --- */

static char *directory;

/* What a shell says, on both outputs, to be freed.  It has ten seconds. */
static char *
ask_shell(const char *shell, const char *command, size_t *len)
{
	char *got = memory(1 << 20);
	ssize_t n;
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0)
		exit(71);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(10);
		if (chdir(directory) != 0 || dup2(fds[1], 1) < 0 ||
		    dup2(fds[1], 2) < 0)
			_exit(71);
		close(0);
		open("/dev/null", O_RDONLY);
		close(fds[0]);
		close(fds[1]);
		execlp(shell, shell, "-c", command, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	for (*len = 0; (n = read(fds[0], got + *len, (1 << 20) - *len)) > 0;)
		*len += (size_t)n;
	close(fds[0]);
	waitpid(pid, NULL, 0);
	return got;
}

/* Templates that print the parameter and nothing else, in each kind of place.
 * Those with %+ get a template in front of it. */
static const char *const printers[] = {
	"printf %%s", "printf %%s %1", "printf %%s \"%1\"", "printf %%s '%1'",
	"printf %%s \"\"%1''", "printf %%s \"`true`%1${z}\"$z",
	"y=%1; printf %%s \"$y\"", "y='%1'; printf %%s \"$y\"",
	"y=\"%1\"; printf %%s \"$y\"", "(printf %%s %1)",
	"{ printf %%s \"%1\"; }", "# it's\nprintf %%s %1 # it's",
	"case %1 in %1) printf %%s %1;; *) echo no;; esac",
	"y=\"$(printf %%s %1; echo x)\"; printf %%s \"${y%%x}\"",
	"y=\"$(printf %%s \"%1\"x)\"; printf %%s \"${y%%x}\"",
	"y=\"$(printf %%s '%1'x)\"; printf %%s \"${y%%x}\"",
	("y=\"$( (printf %%s \"$(printf %%s \"%1\"x)\"))\"\n"
	    "printf %%s \"${y%%x}\""),
	"y=$(printf %%s \"%1\"x); printf %%s \"${y%%x}\"",
	"printf %%s \"$((1))%1\" | tail -c +2", "sh -c %q+", "sh -c \"%q+\"",
	"sh -c '%q+'", "eval %q+", "%+", "{ %+; }",
	"y=\"$(%+; echo x)\"; printf %%s \"${y%%x}\"",
};

static void
make_parameter(struct made *m)
{
	static const char *const pieces[] = {
		"'", "\"", "\\", "$", "`", "$(", ")", "$z", " ", "\n", "\t",
		"a", "*", "~", "!", "#", ";", "&", "|", "<", ">", "{", "}",
		"-n", "=", "\377", "\303\244", "\001", "%1", "'\\''", "\"'\"",
		"\\n", "\r", "echo", "[a]", "$((1))", "${z}",
	};
	unsigned n = dice(12);

	for (m->len = 0; n > 0; n--)
		make(m, ANY(pieces));
}

/* What a template becomes with all quoted, or NULL if that cannot be done.
 * To be freed. */
static char *
quoted_command(const struct expand_text *t, const struct expand_text *p,
    size_t params)
{
	struct expand_buffer out = { NULL, 0, 0, 0 };
	struct expand_error err;
	struct input in;

	memset(&in, 0, sizeof in);
	in.rules.escape = '%';
	in.rules.tail = in.rules.quote = 1;
	in.rules.params = in.values.params = params;
	in.values.param = p;
	in.text = *t;
	if (work(&in, &out, &err) == 0)
		return out.data;
	free(out.data);
	return NULL;
}

static int
gives_back(const char *shell, const char *printer, const struct made *m)
{
	struct expand_text p[2] = { { "printf %%s %1", 13 },
	    { m->data, m->len } }, t = text_of(printer);
	size_t inner = strstr(printer, "%+") || strstr(printer, "%q+"), len;
	char *command = quoted_command(&t, p + 1 - inner, 1 + inner), *got;
	int good;

	if (command == NULL) {
		show("cannot be quoted", t.data, t.len);
		return 0;
	}
	got = ask_shell(shell, command, &len);
	good = len == m->len && memcmp(got, m->data, len) == 0;
	if (!good) {
		show("command", command, strlen(command));
		show("wanted", m->data, m->len);
		show("got", got, len);
	}
	free(got);
	free(command);
	return good;
}

static void
test_giving_back(const char *shell)
{
	struct made m;
	unsigned long round;
	int good = 1;

	for (round = 0; good && round < 100 * times; round++) {
		make_parameter(&m);
		good = gives_back(shell, printers[round %
		    (sizeof printers / sizeof *printers)], &m);
	}
	ok(good, named("gives back what was quoted", shell));
}

/* Commands of all kinds, some of which make sense, most with a parameter
 * somewhere. */
static void
make_command(struct made *m, int depth)
{
	static const char *const whole[] = {
		"%1", "%1", "'%1'", "\"%1\"", "x%1", "\"x$z%1\"", "$z", "${z}",
		"\"${z}\"", "`echo %1`", "`echo a`", "\"`echo a`\"", "$((1+1))",
		"\"$((1+1))\"", "$((%1))", "\"$((%1))\"", "\\%1", "$%1",
		"\"$%1\"", "\"\\%1\"", "# %1\n", "# it's\n", "\\\n", "$'%1'",
		"$\"%1\"", "<<E\n%1\nE\n", "<<'E'\n%1\nE\n", "<%1", "%0",
		"${z:-%1}", "\"${z:-%1}\"", "${z#'}'}", "((1))", "((%1))",
		"case a in a) echo %1;; esac", "$[1]", "%+", "%q+", "#", "a#",
		"[[ %1 ]]", "!", "if echo; then echo %1; fi", "%*", "\"%*\"",
		"\\", "'", "\"", "$", "`", "(", ")", "$(", "{", "}", "<", "[",
		"\"$(", ")\"", "))", "((", "$((", "\303\244",
	};
	unsigned n = dice(4);

	for (make(m, "echo "); n > 0; n--) {
		const char *s = dice(2) ? "" : dice(4) ? " " : "\n";

		if (depth < 4 && dice(4) == 0) {
			unsigned k = dice(5);

			make(m, k == 0 ? "$(" : k < 4 ? "\"$(" : "(");
			make_command(m, depth + 1);
			make(m, k == 0 ? ")" : k < 4 ? ")\"" : ")");
		} else {
			make(m, ANY(whole));
		}
		make(m, s);
	}
	make(m, dice(8) == 0 ? "\n" : "");
}

/* Whatever the command and wherever it takes the parameter in, the shell must
 * not do what the parameter says. */
static const char *const attacks[] = {
	"$(>broken)", "`>broken`", "\n>broken\n", ";>broken;", "'\n>broken\n'",
	"\"\n>broken\n\"", "')\n>broken\n", "\")\n>broken\n#", "}\n>broken\n",
	"`\n>broken\n`", "))\n>broken\n((", "a[$(>broken)]", "\\", "'", "\"",
	"E\n>broken\nE\n", "(>broken)", "{>broken;}", "'$(>broken)'",
	"\"$(>broken)\"", "\\'\n>broken\n", "\\\"$(>broken)", "\\$(>broken)",
	";;esac\n>broken\n", ")\n>broken\n", "'\"\n>broken\n\"'", "",
	"x\n>broken\n", "'$(>broken)", "\"'$(>broken)", " >broken ",
};

static const char *const inner_templates[] = {
	"%1", "'%1'", "\"%1\"", "echo", "echo %1\n", "\"$(echo %1)\"", "x",
	"# %1\n", "$z", "a \\", "'", ")", "#", "a ", "(", "<", "",
};

static int
is_safe(const char *shell, unsigned long *asked)
{
	struct expand_text p[3], t;
	struct made m;
	char *command, path[200];
	size_t len, inner;
	int broken;

	m.len = 0;
	make_command(&m, 0);
	t.data = m.data;
	t.len = m.len;
	/* () might be a function, which calls itself for ever */
	if (strstr(m.data, "()") != NULL)
		return 1;
	inner = strstr(m.data, "%+") || strstr(m.data, "%q+");
	p[0] = text_of(ANY(inner_templates));
	p[1] = text_of(ANY(attacks));
	p[2] = text_of(ANY(attacks));
	command = quoted_command(&t, p + 1 - inner, 2);
	if (command == NULL)
		return 1;
	++*asked;
	free(ask_shell(shell, command, &len));
	snprintf(path, sizeof path, "%s/broken", directory);
	broken = access(path, F_OK) == 0;
	if (broken) {
		show("template", m.data, m.len);
		show("first parameter", p[1 - inner].data, p[1 - inner].len);
		show("command", command, strlen(command));
		unlink(path);
	}
	free(command);
	return !broken;
}

static void
test_safety(const char *shell)
{
	unsigned long round, asked = 0;
	int good = 1;

	for (round = 0; good && asked < 100 * times; round++)
		good = is_safe(shell, &asked);
	ok(good, named("does not do what a parameter says", shell));
	printf("# of %lu templates %lu could be quoted\n", round, asked);
}

/* Where it is said that there is no need of a shell, the words are those that
 * a shell makes of it.  The first ones are "env printf [%s] x". */
static int
same_words(const char *shell, const struct made *m, unsigned long *asked)
{
	char **argv = quote_words(m->data, m->len, 0), *got, *want, *p;
	size_t len, i;
	int good;

	if (argv == NULL)
		return 1;
	++*asked;
	got = ask_shell(shell, m->data, &len);
	p = want = memory(3 * m->len);
	for (i = 3; argv[i] != NULL; i++)
		p += sprintf(p, "[%s]", argv[i]);
	free(argv);
	good = len == (size_t)(p - want) && memcmp(got, want, len) == 0;
	if (!good) {
		show("command", m->data, m->len);
		show("words", want, (size_t)(p - want));
		show("got", got, len);
	}
	free(got);
	free(want);
	return good;
}

static void
test_words(const char *shell)
{
	static const char *const pieces[] = {
		"a", "b", " ", "\t", "'", "'", "\"", "\"", "\\", "\\", "\n",
		"$", "`", "=", "~", "*", "#", "{", "}", "%", "\303\244", "''",
		"\"\"", "'a b'", "\"a b\"", "\\ ", "a", "/", ":", "^", "!",
	};
	unsigned long asked = 0;
	struct made m;
	unsigned n;
	int good = 1;

	while (good && asked < 40 * times) {
		m.len = 0;
		make(&m, "env printf '[%s]' x");
		for (n = dice(12); n > 0; n--)
			make(&m, ANY(pieces));
		good = same_words(shell, &m, &asked);
	}
	ok(good, named("words are the shell's", shell));
}

static void
test_shells(void)
{
	static const char *const shells[] = {
		"sh", "bash", "ksh", "mksh", "zsh", "dash",
	};      /* the last is often the first */
	size_t n = sizeof shells / sizeof *shells - (times == 1);
	const char *tmp = getenv("TMPDIR");
	char place[100], *got;
	size_t i, len;
	int there;

	if (tmp == NULL || strlen(tmp) > 80)
		tmp = "/tmp";
	snprintf(place, sizeof place, "%s/wkexXXXXXX", tmp);
	directory = mkdtemp(place);
	if (directory == NULL)
		exit(71);
	for (i = 0; i < n; i++) {
		got = ask_shell(shells[i], "echo here", &len);
		there = len == 5 && memcmp(got, "here\n", 5) == 0;
		free(got);
		if (!there)
			continue;
		test_giving_back(shells[i]);
		test_safety(shells[i]);
		test_words(shells[i]);
	}
	if (rmdir(directory) != 0)
		ok(0, "nothing is left behind");
}

int
main(int argc, char **argv)
{
	seed = argc > 1 ? strtoull(argv[1], NULL, 10) :
	    (unsigned long)time(NULL);
	if (argc > 2)
		times = strtoul(argv[2], NULL, 10);
	printf("# seed %llu\n", seed);
	test_rows();
	test_mistakes();
	test_long_parameter();
	test_long_template();
	test_depth();
	test_many_parameters();
	test_limits();
	test_promises();
	test_buffer();
	test_uses();
	test_commands();
	test_noise();
	test_quotes();
	test_shells();
	printf("1..%d\n", count);
	return failed != 0;
}
