/*
 * wrapw.c - the whole stack of diversions behind one socket
 *
 *	wrapw -m [-dEoqv] [-N path] [utility [args]]
 *	wrapw [-IqQW] [-depth] [-t wrap] [client [args]]
 *	wrapw [-qW] [-depth] [-t wrap] -R [record]
 *	wrapw [-q] [-depth] [-t wrap] -n
 *	wrapw [-q] [-depth] [-t wrap] -b [-aBc] target name
 *	wrapw [-q] [-depth] [-t wrap] -u name
 *	wrapw -X [-qv] [-depth] [-t wrap] [-N path] [--allow-bind]
 *	    [utility [args]]
 *	wrapw -P link [-dqv] [-N path] [utility [args]]
 *	wrapw -h | -V
 *
 * A master collects the diversions of its environment and presents each as a
 * cookie behind its one socket: who asks for it is handed a connection to the
 * service itself.  What a name leads to can be changed while it runs.
 *
 * Here is the command line.  wmaster.c is the master, space.c the names it
 * presents, dial.c its way to their targets; wclient.c is the client,
 * record.c what it does to the environment.  relay.c has the two ends of a
 * link to another host, carry.c what goes over it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "wrapw/wrapw.h"

#include <string.h>

#include "wrapw/relay.h"

enum { O_ALLOW_BIND = 256 };

static const struct wk_option options[] = {
	{ 'm', "master", NULL, "be a master and run the utility" },
	{ 'd', "detached", NULL, "-m, -P: publish in wrapw_d alone" },
	{ 'E', "everything", NULL, "master: collect wrapw diversions, too" },
	{ 'N', "socket", "path", "-m, -X, -P: the name of the socket" },
	{ 'o', "open", NULL, "master: everybody may change the name space" },
	{ '0', "depth", "n", "so many diversions further out (-1, -2, ...)" },
	{ 't', "wrap", "wrap",
	  "client: a wrapw's socket, a record, or /dev/null" },
	{ 'I', "include", NULL,
	  "client: on top of the diversions that are there" },
	{ 'W', "without", NULL, "client: without wrapw's own variables" },
	{ 'R', "record", NULL, "client: write the name space to a file" },
	{ 'n', "list", NULL, "client: print the name space" },
	{ 'b', "bind", NULL, "client: give a name a new target" },
	{ 'a', "after", NULL, "with -b: behind the targets it has" },
	{ 'B', "before", NULL, "with -b: in front of the targets it has" },
	{ 'c', "create", NULL, "with -b: only if it has none" },
	{ 'u', "unbind", NULL, "client: take a name's targets away" },
	{ 'X', "export", NULL, "be the near end of a link, run the utility" },
	{ O_ALLOW_BIND, "allow-bind", NULL,
	  "with -X: the far end may change the name space" },
	{ 'P', "project", "link", "be the far end of a link, run the utility" },
	{ 'Q', "quit", NULL, "then ask the persistent master to quit" },
	{ 'q', "quiet", NULL, "no remarks about sockets that are not there" },
	{ 'v', "verbose", NULL, "say more" },
	{ 'V', "version", NULL, "print the version and the stack" },
	{ 'h', "help", NULL, "print this" },
	{ 0, NULL, NULL, NULL }
};

const struct wk_program wrapw = {
	.name = "wrapw",
	.prefix = "wrapw",
	.variable = "WRAPW",
	.protocol = WRAPW_PROTOCOL,
	.template = "wrapwXXXXXX",
	.direct = 't',
	.probe = wrapw_probe,
	.synopsis =
	    "-m [-dEoqv] [-N path] [utility [args]]\n"
	    "[-IqQW] [-depth] [-t wrap] [client [args]]\n"
	    "[-qW] [-depth] [-t wrap] -R [record]\n"
	    "[-q] [-depth] [-t wrap] -n\n"
	    "[-q] [-depth] [-t wrap] -b [-aBc] target name\n"
	    "[-q] [-depth] [-t wrap] -u name\n"
	    "-X [-qv] [-depth] [-t wrap] [-N path] [--allow-bind] "
	    "[utility [args]]\n"
	    "-P link [-dqv] [-N path] [utility [args]]\n"
	    "-h | -V",
	.options = options
};

struct wrapw_options wrapw_opt;

static void
set_mode(enum space_mode mode)
{
	if (wrapw_opt.mode != SPACE_REPLACE && wrapw_opt.mode != mode)
		wk_usage("-a, -B and -c do not go together");
	wrapw_opt.mode = mode;
}

static void
wrapw_set_option(int letter, const char *arg)
{
	switch (letter) {
	case 'm': wrapw_opt.master = 1; break;
	case 'd': wrapw_opt.detached = 1; break;
	case 'E': wrapw_opt.everything = 1; break;
	case 'N': wrapw_opt.socket = arg; break;
	case 'o': wrapw_opt.open = 1; break;
	case '0':
		wrapw_opt.depth = (int)wk_number('0', arg, 0, DIV_LEVEL_MAX);
		break;
	case 't': wrapw_opt.wrap = arg; break;
	case 'I': wrapw_opt.include = 1; break;
	case 'W': wrapw_opt.without = 1; break;
	case 'R': wrapw_opt.record = 1; break;
	case 'n': wrapw_opt.list = 1; break;
	case 'b': wrapw_opt.bind = 1; break;
	case 'a': set_mode(SPACE_AFTER); break;
	case 'B': set_mode(SPACE_BEFORE); break;
	case 'c': set_mode(SPACE_CREATE); break;
	case 'u': wrapw_opt.unbind = 1; break;
	case 'X': wrapw_opt.export = 1; break;
	case O_ALLOW_BIND: wrapw_opt.allow_bind = 1; break;
	case 'P': wrapw_opt.project = arg; break;
	case 'Q': wrapw_opt.quit = 1; break;
	case 'q': wrapw_opt.quiet = 1; break;
	case 'v': wrapw_opt.verbose++; break;
	}
}

/* Refuse what only one of master and client knows. */
static void
check_master(void)
{
	const char *clients = wrapw_opt.include ? "-I" : wrapw_opt.without ? "-W" :
	    wrapw_opt.record ? "-R" : wrapw_opt.list ? "-n" : wrapw_opt.bind ? "-b" :
	    wrapw_opt.mode ? "-a, -B, -c" : wrapw_opt.unbind ? "-u" :
	    wrapw_opt.quit ? "-Q" : wrapw_opt.wrap ? "-t" : NULL;
	const char *masters = wrapw_opt.everything ? "-E" : wrapw_opt.open ? "-o" :
	    NULL;
	int link = wrapw_opt.export || wrapw_opt.project != NULL;

	if (wrapw_opt.master && clients != NULL)
		wk_usage("%s does not go with -m", clients);
	if (!wrapw_opt.master && masters != NULL)
		wk_usage("%s goes with -m only", masters);
	if (!wrapw_opt.master && wrapw_opt.detached && wrapw_opt.project == NULL)
		wk_usage("-d goes with -m or -P only");
	if (!wrapw_opt.master && !link && wrapw_opt.socket != NULL)
		wk_usage("-N goes with -m, -X or -P only");
	if (!wrapw_opt.export && wrapw_opt.allow_bind)
		wk_usage("--allow-bind goes with -X only");
	if (wrapw_opt.socket != NULL && *wrapw_opt.socket == '\0')
		wk_usage("-N: the name is empty");
}

/* Nor does a link's end do anything else. */
static void
check_link(void)
{
	const char *other = wrapw_opt.include ? "-I" : wrapw_opt.without ? "-W" :
	    wrapw_opt.record ? "-R" : wrapw_opt.list ? "-n" : wrapw_opt.bind ? "-b" :
	    wrapw_opt.mode ? "-a, -B, -c" : wrapw_opt.unbind ? "-u" :
	    wrapw_opt.quit ? "-Q" : wrapw_opt.master ? "-m" :
	    wrapw_opt.export && wrapw_opt.project ? "-P" :
	    wrapw_opt.project && wrapw_opt.wrap ? "-t" : NULL;

	if (other != NULL)
		wk_usage("%s does not go with %s", other,
		    wrapw_opt.export ? "-X" : "-P");
}

/* A client does one thing. */
static void
check_client(char **words)
{
	const char *action = wrapw_opt.record ? "-R" : wrapw_opt.list ? "-n" :
	    wrapw_opt.bind ? "-b" : wrapw_opt.unbind ? "-u" : NULL;
	int most = wrapw_opt.record ? 1 : wrapw_opt.bind ? 2 : wrapw_opt.unbind ? 1 : 0;
	int least = wrapw_opt.record ? 0 : most, n = 0;

	if (wrapw_opt.record + wrapw_opt.list + wrapw_opt.bind + wrapw_opt.unbind > 1)
		wk_usage("-R, -n, -b and -u do not go together");
	if (wrapw_opt.mode && !wrapw_opt.bind)
		wk_usage("-a, -B and -c go with -b only");
	if (wrapw_opt.wrap != NULL && *wrapw_opt.wrap == '\0')
		wk_usage("-t: the name is empty");
	if (action == NULL)
		return;
	if (wrapw_opt.quit)
		wk_usage("-Q does not go with %s", action);
	if (wrapw_opt.include || (wrapw_opt.without && !wrapw_opt.record))
		wk_usage("%s does not go with %s", wrapw_opt.include ? "-I" : "-W",
		    action);
	while (words[n] != NULL)
		n++;
	if (n < least || n > most)
		wk_usage("%s takes %s", action, wrapw_opt.bind ?
		    "a target and a name" : wrapw_opt.unbind ? "a name" :
		    wrapw_opt.record ? "one file" : "no words");
}

int
main(int argc, char **argv)
{
	struct wk_called called;
	int letter, show = 0;
	const char *arg;

	wk_begin(&wrapw, argc, argv, &called);
	while ((letter = wk_option(&arg)) != -1) {
		if (letter == 'h' || letter == 'V')
			show = letter;
		wrapw_set_option(letter, arg);
	}
	if (show == 'h')
		wk_help();
	else if (show == 'V')
		wk_version(wrapw_opt.depth, wrapw_opt.master ? NULL : wrapw_opt.wrap,
		    wrapw_opt.verbose);
	if (show)
		return 0;
	check_master();
	if (wrapw_opt.export || wrapw_opt.project != NULL) {
		check_link();
		return (wrapw_opt.export ? relay_export : relay_project)
		    (wk_operands(), &called);
	}
	if (wrapw_opt.master)
		return wrapw_master(wk_operands(), &called);
	check_client(wk_operands());
	return wrapw_client(wk_operands(), &called);
}
