/*
 * spck.c - a wrapper to learn from: a spelling service for a process tree
 *
 *	spck -m [-d] [-f file] [-N path] [utility [args]]
 *	spck [-lQ] [-depth] [-t path] [word ...]
 *	spck -h | -V
 *
 * A master keeps a dictionary in memory.  A client prints those of the words
 * (or of the text on its standard input) that no dictionary around it knows;
 * with -l it teaches them to the tightest one, or to one further out (-1), and
 * prints those which that one does not take.
 * So what a project calls things is learned by the project's master and
 * forgotten with it, and what is good for all goes to the outermost.
 *
 *	cc spck.c $(pkg-config --cflags --libs libdivconnect) -o spck
 *
 * Read it from the end.  The protocol is a letter, a word and a newline; each
 * is answered with one byte, + or -.  A master never asks another one, for
 * then one that hangs would hang all within it: the client goes from
 * dictionary to dictionary instead.  wrapper(3) has what is called here.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <divconnect.h>
#include <wrapkit/master.h>

enum { WORD_MAX = 100, LEVELS_MAX = 32, WORDS_MAX = 1000000 };

static const char *option[128]; /* by letter: the argument or "", or NULL */

/* --- the master: its dictionary --- */

static void *words;             /* of tsearch(3) */
static long count;

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
known(const char *word)
{
	return tfind(word, &words, compare) != NULL;
}

/* Clients are not to fill our memory: there is a bound.  Is it known now? */
static int
learn(const char *word)
{
	char *copy;

	if (known(word))
		return 1;
	copy = count < WORDS_MAX ? strdup(word) : NULL;
	if (copy == NULL || tsearch(copy, &words, compare) == NULL) {
		free(copy);
		return 0;
	}
	count++;
	return 1;
}

/* The next word of a file, in pieces where it is too long. */
static int
next_word(FILE *f, char word[WORD_MAX + 1])
{
	return fscanf(f, "%*[^A-Za-z]") != EOF &&
	    fscanf(f, "%100[A-Za-z]", word) == 1;
}

/* What a master knows from the start. */
static void
learn_file(const char *path)
{
	char word[WORD_MAX + 1];
	FILE *f = fopen(path, "r");

	if (f == NULL && path == option['f'])
		wk_die(WK_NOINPUT, "%s: %s", path, strerror(errno));
	while (f != NULL && next_word(f, word))
		learn(word);
	if (f != NULL && ferror(f))
		wk_die(WK_NOINPUT, "%s: %s", path, strerror(errno));
	if (f != NULL)
		fclose(f);
}

/* --- the master: what its clients' bytes mean --- */

static void
request(struct wk_client *c, const char *line)
{
	int yes;

	wk_serve_known(c);                 /* from now on we stay for it */
	if (line[0] == '?')
		yes = known(line + 1);
	else if (line[0] == '+')
		yes = learn(line + 1);
	else
		yes = line[0] == 'Q' && wk_serve_quit() >= 0;
	wk_serve_send(c, yes ? "+" : "-", 1);
}

static const struct wk_ops ops = {
	.client_size = sizeof(struct wk_client),     /* we add nothing */
	.request_max = WORD_MAX + 2,    /* a longer one ends its client */
	.line = request
};

static int
master(char **operands, const struct wk_called *called)
{
	const struct div_place place = {
		.prefix = "spck",       /* of spck_link, spck_1, ... */
		.template = "spckXXXXXX",
		.stem = "s",
		.path = option['N']
	};
	const struct wk_master m = { .ops = &ops, .place = &place,
	    .detached = option['d'] != NULL };

	if (option['f'] != NULL)
		learn_file(option['f']);
	else if (div_levels("spck") == 0)
		learn_file("/usr/share/dict/words");    /* the outermost */
	return wk_master_run(&m, operands, called);
}

/* --- the client --- */

static int dictionary[LEVELS_MAX];      /* connections, the tightest first */
static int dictionaries;

static void
connect_all(int depth, const char *direct)
{
	struct div_choice c;

	/* without one it ends with the suite's message and exit code */
	wk_target(depth, direct);
	while (dictionaries < LEVELS_MAX &&
	    div_select(&c, "spck", depth++, direct) == 0) {
		dictionary[dictionaries] = div_connect(c.path);
		if (dictionary[dictionaries++] < 0)
			wk_die_connect(c.path);
		/* one that was named is used alone, and only one is taught */
		if (c.level <= 1 || option['l'] != NULL)
			break;
	}
}

static int
ask(int fd, char letter, const char *word)
{
	char line[WORD_MAX + 3], answer;
	int n = snprintf(line, sizeof line, "%c%s\n", letter, word);

	if (div_send(fd, line, (size_t)n, -1) != n || read(fd, &answer, 1) != 1)
		wk_die(WK_UNAVAILABLE, "the master is gone");
	return answer == '+';
}

/* Print a word that nobody knows, and return 1. */
static int
unknown(const char *word)
{
	int i;

	if (strlen(word) > WORD_MAX || strpbrk(word, "\n") != NULL)
		wk_die(WK_DATA, "%.20s...: not a word of at most %d bytes",
		    word, WORD_MAX);
	for (i = 0; i < dictionaries; i++)
		if (ask(dictionary[i], option['l'] != NULL ? '+' : '?', word))
			return 0;
	puts(word);
	return 1;
}

static int
client(char **operands)
{
	char word[WORD_MAX + 1];
	int code = 0;

	connect_all(option['0'] != NULL ? (int)wk_number('0', option['0'], 0,
	    DIV_LEVEL_MAX) : 0, option['t']);
	if (operands[0] == NULL && option['Q'] == NULL)
		while (next_word(stdin, word))
			code |= unknown(word);
	if (ferror(stdin))
		wk_die(WK_NOINPUT, "standard input: %s", strerror(errno));
	for (; *operands != NULL; operands++)
		code |= unknown(*operands);
	if (option['Q'] != NULL)
		ask(dictionary[0], 'Q', "");
	wk_flush();
	return code;
}

/* --- the command line --- */

static const struct wk_option options[] = {
	{ 'm', "master", NULL, "be a master and run the utility" },
	{ 'd', "detached", NULL, "master: publish in spck_d alone" },
	{ 'f', "file", "file", "master: the words to begin with" },
	{ 'N', "socket", "path", "master: the name of the socket" },
	{ '0', "depth", "n", "so many diversions further out (-1, -2, ...)" },
	{ 't', "direct", "path", "client: the socket of the master" },
	{ 'l', "learn", NULL, "client: teach the words" },
	{ 'Q', "quit", NULL, "client: then have the persistent master quit" },
	{ 'V', "version", NULL, "print the version and the stack" },
	{ 'h', "help", NULL, "print this" },
	{ 0, NULL, NULL, NULL }
};

static const struct wk_program spck = {
	.name = "spck", .prefix = "spck", .variable = "SPCK",
	.protocol = "1", .template = "spckXXXXXX", .direct = 't',
	.synopsis = "-m [-d] [-f file] [-N path] [utility [args]]\n"
	    "[-lQ] [-depth] [-t path] [word ...]\n-h | -V",
	.options = options
};

int
main(int argc, char **argv)
{
	struct wk_called called;
	const char *arg;
	int letter;

	wk_begin(&spck, argc, argv, &called);
	while ((letter = wk_option(&arg)) != -1)
		option[letter] = arg != NULL ? arg : "";
	if (option['h'] != NULL)
		wk_help();
	else if (option['V'] != NULL)
		wk_version(0, option['t'], 0);
	else
		return option['m'] != NULL ? master(wk_operands(), &called) :
		    client(wk_operands());
	return 0;
}
