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
 * cookie behind its one socket: a client that asks for the cookie is handed a
 * connection to the service itself.  The targets of a name can be changed
 * while the master runs.
 *
 * Here is the command line.  In the folder wrapw, master.c is the master and
 * space.c the names that it presents; client.c is the client and record.c what
 * it does to the environment.  relay.c has the two ends of a link to another
 * host, carry.c what goes over it.
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

/* An option of clients alone that was given, or NULL; -t is not among them. */
static const char *
client_option(const struct wrapw_options *o)
{
	return o->include ? "-I" : o->without ? "-W" : o->record ? "-R" :
	    o->list ? "-n" : o->bind ? "-b" : o->mode ? "-a, -B, -c" :
	    o->unbind ? "-u" : o->quit ? "-Q" : NULL;
}

/* Refuse what only one of master and client knows. */
static void
check_master(const struct wrapw_options *o)
{
	const char *clients = client_option(o);
	const char *masters = o->everything ? "-E" : o->open ? "-o" : NULL;
	int link = o->export || o->project != NULL;

	if (clients == NULL && o->wrap != NULL)
		clients = "-t";
	if (o->master && clients != NULL)
		wk_usage("%s does not go with -m", clients);
	if (!o->master && masters != NULL)
		wk_usage("%s goes with -m only", masters);
	if (!o->master && o->detached && o->project == NULL)
		wk_usage("-d goes with -m or -P only");
	if (!o->master && !link && o->socket != NULL)
		wk_usage("-N goes with -m, -X or -P only");
	if (!o->export && o->allow_bind)
		wk_usage("--allow-bind goes with -X only");
	if (o->socket != NULL && *o->socket == '\0')
		wk_usage("-N: the name is empty");
}

/* An end of a link is no client, and not both ends. */
static void
check_link(const struct wrapw_options *o)
{
	const char *other = client_option(o);

	if (other == NULL)
		other = o->master ? "-m" : o->export && o->project ? "-P" :
		    o->project && o->wrap ? "-t" : NULL;
	if (other != NULL)
		wk_usage("%s does not go with %s", other,
		    o->export ? "-X" : "-P");
}

/* Refuse another number of words than the action of a client takes. */
static void
check_words(const struct wrapw_options *o, const char *action, char **words)
{
	int most = o->bind ? 2 : o->record || o->unbind ? 1 : 0;
	int least = o->record ? 0 : most, n = 0;

	while (words[n] != NULL)
		n++;
	if (n < least || n > most)
		wk_usage("%s takes %s", action, o->bind ?
		    "a target and a name" : o->unbind ? "a name" :
		    o->record ? "one file" : "no words");
}

/* A client does one thing. */
static void
check_client(const struct wrapw_options *o, char **words)
{
	const char *action = o->record ? "-R" : o->list ? "-n" :
	    o->bind ? "-b" : o->unbind ? "-u" : NULL;

	if (o->record + o->list + o->bind + o->unbind > 1)
		wk_usage("-R, -n, -b and -u do not go together");
	if (o->mode && !o->bind)
		wk_usage("-a, -B and -c go with -b only");
	if (o->wrap != NULL && *o->wrap == '\0')
		wk_usage("-t: the name is empty");
	if (action == NULL)
		return;
	if (o->quit)
		wk_usage("-Q does not go with %s", action);
	if (o->include || (o->without && !o->record))
		wk_usage("%s does not go with %s", o->include ? "-I" : "-W",
		    action);
	check_words(o, action, words);
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
		wk_version(wrapw_opt.depth,
		    wrapw_opt.master ? NULL : wrapw_opt.wrap,
		    wrapw_opt.verbose);
	if (show)
		return 0;
	check_master(&wrapw_opt);
	if (wrapw_opt.export || wrapw_opt.project != NULL) {
		check_link(&wrapw_opt);
		return (wrapw_opt.export ? relay_export : relay_project)
		    (wk_operands(), &called);
	}
	if (wrapw_opt.master)
		return wrapw_master(wk_operands(), &called);
	check_client(&wrapw_opt, wk_operands());
	return wrapw_client(wk_operands(), &called);
}
