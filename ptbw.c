/*
 * ptbw.c - parallel token broker
 *
 *	ptbw -m [-dqQv] [-depth] [-J jobs] [-N path] [-R req] [-t tags]
 *	    [utility [args]]
 *	ptbw [-AkqQvx] [-depth] [-R req] [-t path] [-T seconds]
 *	    [client [args]]
 *	ptbw -j [-kqQv] [-depth] [-J fifo|pipe|path] [-R max] [-t path]
 *	    [-T seconds] client [args]
 *	ptbw -h | -V
 *
 * A master owns a pool of named tokens; clients hold some of them while a
 * command runs.  Held and free tokens are always the whole pool, and a token
 * never has two live holders, whatever is killed: a token belongs to the
 * connection it was taken through, the command inherits that connection, and
 * the kernel tells the master when its last holder is gone.
 *
 * Here is the command line; the folder ptbw has the master and the clients.
 *
 * SPDX-License-Identifier: ISC
 */
#include "ptbw/ptbw.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "wire/door.h"

enum {
	COUNT_MAX = 1000000,      /* -J, -R */
	/* options that have a long name alone */
	O_RESIZE = 256,
	O_RETAG,
	O_SHARED,
	O_LINGER
};

static const struct wk_option options[] = {
	{ 'm', "master", NULL, "be a master and run the utility" },
	{ 'd', "detached", NULL, "master: publish in ptbw_d alone" },
	{ '0', "depth", "n", "so many diversions further out (-1, -2, ...)" },
	{ 'j', "jobserver", NULL,
	  "client: all that speaks make's jobserver protocol shares the pool" },
	{ 'J', "jobs", "jobs", "master: room for so many groups of tokens; "
	  "client with -j: its form, fifo or pipe, or the fifo's path" },
	{ 'N', "socket", "path", "master: the name of the socket" },
	{ 't', "tags", "tags",
	  "master: a file of tokens, a master's socket, or -; "
	  "client: the socket" },
	{ 'R', "request", "req",
	  "tokens in a group (1); with -j: tokens at most" },
	{ 'A', "append", NULL, "client: the tokens become arguments too" },
	{ 'k', "keep", NULL,
	  "client: hold the tokens until no process of the command is left" },
	{ 'x', "exec", NULL, "client: become the command, as with -k" },
	{ 'T', "timeout", "seconds", "client: wait no longer than that" },
	{ 'Q', "quit", NULL, "then ask the persistent master to quit" },
	{ O_SHARED, "shared", "name",
	  "a pool that starts itself; -J and -t are for that" },
	{ O_LINGER, "linger", "seconds",
	  "how long a shared pool stays unused (60)" },
	{ O_RESIZE, "resize", "n", "make the pool so many numbers" },
	{ O_RETAG, "retag", "file", "make the pool the tokens of a file" },
	{ 'q', "quiet", NULL, "no remarks about the size of the pool" },
	{ 'v', "verbose", NULL, "say and show more" },
	{ 'V', "version", NULL, "print the version and the stack" },
	{ 'h', "help", NULL, "print this" },
	{ 0, NULL, NULL, NULL }
};

const struct wk_program ptbw = {
	.name = "ptbw",
	.prefix = "ptbw",
	.variable = "PTBW",
	.protocol = PTBW_PROTOCOL,
	.template = "ptbdXXXXXX",
	.direct = 't',
	.synopsis =
	    "-m [-dqQv] [-depth] [-J jobs] [-N path] [-R req] [-t tags] "
	    "[utility [args]]\n"
	    "[-AkqQvx] [-depth] [-R req] [-t path] [-T seconds] "
	    "[client [args]]\n"
	    "-j [-kqQv] [-depth] [-J fifo|pipe|path] [-R max] [-t path] "
	    "[-T seconds] client [args]\n"
	    "--shared name [-AkqQvx] [--linger seconds] [-J jobs] [-R req] "
	    "[-t tags] [-T seconds] [client [args]]\n"
	    "[-v] [-depth] [-t path] --resize n | --retag file\n"
	    "-h | -V",
	.options = options
};

struct ptbw_options ptbw_opt = { .request = -1, .jobs = -1, .wait = -1,
    .linger = 60000 };
static const char *jobs;          /* -J: a master's number, or a form */

static void
ptbw_set_option(int letter, const char *arg)
{
	switch (letter) {
	case 'm': ptbw_opt.master = 1; break;
	case 'd': ptbw_opt.detached = 1; break;
	case 'A': ptbw_opt.append = 1; break;
	case 'k': ptbw_opt.keep = 1; break;
	case 'x': ptbw_opt.exec = 1; break;
	case 'Q': ptbw_opt.quit = 1; break;
	case 'q': ptbw_opt.quiet = 1; break;
	case 'v': ptbw_opt.verbose++; break;
	case 'N': ptbw_opt.socket = arg; break;
	case 't': ptbw_opt.tags = arg; break;
	case '0':
		ptbw_opt.depth = (int)wk_number('0', arg, 0, DIV_LEVEL_MAX);
		break;
	case 'j': ptbw_opt.jobserver = 1; break;
	case 'J': jobs = arg; break;
	case 'R':
		ptbw_opt.request = wk_number('R', arg, 0, COUNT_MAX);
		break;
	case O_RESIZE:
		ptbw_opt.resize = wk_number(O_RESIZE, arg, 1, COUNT_MAX);
		break;
	case O_SHARED: ptbw_opt.shared = arg; break;
	case O_LINGER:
		ptbw_opt.linger = strcmp(arg, "-") == 0 ? -1 :
		    wk_milliseconds(O_LINGER, arg);
		ptbw_opt.lingers = 1;
		break;
	case O_RETAG: ptbw_opt.retag = arg; break;
	case 'T':
		ptbw_opt.wait = wk_milliseconds('T', arg);
		break;
	}
}

/* -J is one thing for a master, also for one that --shared starts, and another
 * for a client with -j. */
static void
settle_jobs(void)
{
	if (jobs == NULL)
		return;
	if (ptbw_opt.jobserver && !ptbw_opt.master &&
	    (ptbw_opt.shared == NULL || !text_is_digit(*jobs))) {
		ptbw_opt.form = jobs;
		return;
	}
	ptbw_opt.jobs = wk_number('J', jobs, -COUNT_MAX, COUNT_MAX);
	if (ptbw_opt.jobs < 1)
		ptbw_opt.jobs = 1;
}

static void
check_jobserver(char **operands)
{
	const char *others = ptbw_opt.append ? "-A" : ptbw_opt.exec ? "-x" :
	    NULL;

	if (others != NULL)
		wk_usage("%s does not go with -j", others);
	if (ptbw_opt.request == 0)
		wk_usage("-R: with -j it is at least 1");
	if (ptbw_opt.form != NULL && *ptbw_opt.form == '\0')
		wk_usage("-J: the name is empty");
	if (operands[0] == NULL || strcmp(operands[0], "-") == 0)
		wk_usage("-j needs a command");
}

/* A change of the pool goes with nothing else. */
static void
ptbw_check_change(char **operands)
{
	const char *change = ptbw_opt.retag != NULL ? "--retag" : "--resize";

	if (ptbw_opt.master)
		wk_usage("%s does not go with -m", change);
	if (ptbw_opt.retag != NULL && ptbw_opt.resize > 0)
		wk_usage("--resize does not go with --retag");
	if (operands[0] != NULL)
		wk_usage("%s takes no command", change);
}

/* Refuse what only one of master and client knows. */
static void
ptbw_check_mode(void)
{
	const char *clients = ptbw_opt.jobserver ? "-j" :
	    ptbw_opt.append ? "-A" : ptbw_opt.keep ? "-k" :
	    ptbw_opt.exec ? "-x" : ptbw_opt.wait >= 0 ? "-T" : NULL;
	const char *masters = ptbw_opt.detached ? "-d" :
	    ptbw_opt.jobs >= 0 && ptbw_opt.shared == NULL ? "-J" :
	    ptbw_opt.socket ? "-N" : NULL;

	if (ptbw_opt.master && clients != NULL)
		wk_usage("%s does not go with -m", clients);
	if (!ptbw_opt.master && masters != NULL)
		wk_usage("%s goes with -m only", masters);
	if (ptbw_opt.lingers && ptbw_opt.shared == NULL)
		wk_usage("--linger goes with --shared only");
	if (ptbw_opt.shared != NULL && *ptbw_opt.shared == '\0')
		wk_usage("--shared: the name is empty");
	if (ptbw_opt.shared != NULL && ptbw_opt.tags != NULL &&
	    strcmp(ptbw_opt.tags, "-") == 0)
		wk_usage("-t - does not go with --shared");
	if (ptbw_opt.exec && ptbw_opt.quit)
		wk_usage("-Q does not go with -x: nobody waits for the end");
	if (ptbw_opt.tags != NULL && *ptbw_opt.tags == '\0')
		wk_usage("-t: the name is empty");
	if (ptbw_opt.socket != NULL && *ptbw_opt.socket == '\0')
		wk_usage("-N: the name is empty");
}

int
main(int argc, char **argv)
{
	struct wk_called called;
	int letter, show = 0;
	const char *arg;
	char **operands;

	wk_begin(&ptbw, argc, argv, &called);
	door_when_closed(wk_warn_waiting);
	while ((letter = wk_option(&arg)) != -1) {
		if (letter == 'h' || letter == 'V')
			show = letter;
		ptbw_set_option(letter, arg);
	}
	operands = wk_operands();
	if (show == 'h')
		wk_help();
	else if (show == 'V')
		wk_version(ptbw_opt.depth, ptbw_opt.master ? NULL :
		    ptbw_opt.tags, 0);
	if (show)
		return 0;
	settle_jobs();
	ptbw_check_mode();
	if (ptbw_opt.retag != NULL || ptbw_opt.resize > 0) {
		ptbw_check_change(operands);
		return ptbw_repool();
	}
	if (ptbw_opt.jobserver)
		check_jobserver(operands);
	return (ptbw_opt.master ? ptbw_master : ptbw_opt.jobserver ?
	    ptbw_jobserver : ptbw_client)(operands, &called);
}
