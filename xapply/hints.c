/*
 * hints.c - words of xargs and GNU parallel, and what they are called here
 *
 * SPDX-License-Identifier: ISC
 */
#include "hints.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "base/wrapper.h"
#include "xapply.h"

static const char jobs[] = "so many tasks at a time are -P4";
static const char parameter[] = "the parameter is %1 in the command";
static const char lines[] =
    "so many lines for each task are -f -2, in %1 and %2";
static const char nothing[] =
    "without parameters nothing runs but what -N says";
static const char files[] = "parameters are the lines of files with -f";
static const char columns[] = "columns of a line are --columns, in %1, %2";
static const char batches[] =
    "so many parameters for each task are -2, or --max-args 2 at most";
static const char link_lists[] = "lists side by side are --zip --sep WORD";
static const char at_once[] =
    "output is not held back, unless -m, -k or -l says so";
static const char record_end[] =
    "the end of a file is the end of the list; records of --pipe are --recend";
static const char with_shell[] =
    "the command has it: 'cd dir && cmd', 'nice cmd'";
static const char hosts[] =
    "a command on another host is 'ssh host cmd', or sshw";

static const struct {
	const char *option, *here;
} others[] = {
	{ "-E", record_end },
	{ "-I", parameter },
	{ "-L", lines },
	{ "-j", jobs },
	{ "-o", "a task that reads the terminal gets it" },
	{ "-r", nothing },
	{ "--arg-file", files },
	{ "--arg-file-sep", files },
	{ "--arg-sep", "the word between two lists is --sep" },
	{ "--colsep", columns },
	{ "--delimiter", columns },
	{ "--dryrun", "-n, --dry-run" },
	{ "--env",
	  "variables of this process are those of tasks, more are -e" },
	{ "--eof", record_end },
	{ "--eta", "--progress has it" },
	{ "--exit", "--halt now ends all at the first failure" },
	{ "--group", "each task's output in one piece is -m" },
	{ "--halt-on-error", "--halt soon or --halt now" },
	{ "--interactive", "-n prints the commands and runs none" },
	{ "--line-buffered", "--line-buffer, -l" },
	{ "--link", link_lists },
	{ "--max-lines", lines },
	{ "--max-line-length-allowed", "-X takes as much as the system does" },
	{ "--max-procs", jobs },
	{ "--max-replace-args", batches },
	{ "--nice", with_shell },
	{ "--no-run-if-empty", nothing },
	{ "--open-tty", "a task that reads the terminal gets it" },
	{ "--pipepart", "--pipe-part file" },
	{ "--process-slot-var",
	  "a number that no other running task has is %t1" },
	{ "--replace", parameter },
	{ "--show-limits", "-X takes as much as the system does" },
	{ "--shuf", "the list can be shuffled before: shuf list | xapply -f" },
	{ "--sshlogin", hosts },
	{ "--sshloginfile", hosts },
	{ "--trim", columns },
	{ "--tty", "a task that reads the terminal gets it" },
	{ "--ungroup", at_once },
	{ "--wd", with_shell },
	{ "--will-cite", "it is not needed" },
	{ "--workdir", with_shell },
	{ "--xapply", link_lists },
	{ "--xargs", "as many parameters as fit are -X" }
};

const char *
hints_option(const char *option)
{
	size_t i, n = strcspn(option, "=");

	for (i = 0; i < sizeof others / sizeof *others; i++)
		if (strlen(others[i].option) == n &&
		    memcmp(option, others[i].option, n) == 0)
			return others[i].here;
	/* what is left of -d, and the like */
	if (option[0] == '-' && strchr(",;:\t|\\", option[1]) != NULL)
		return "-d is --detached; columns of a line are --columns";
	return NULL;
}

/* GNU parallel's marks of lists. */
static void
check_colons(char **operand)
{
	int i;

	for (i = 0; operand[i] != NULL; i++) {
		if (strncmp(operand[i], ":::", 3) != 0 ||
		    strspn(operand[i], ":+") != strlen(operand[i]))
			continue;
		if (i == 0)
			wk_usage("'%s': parameters stand right behind the "
			    "command, names of files of them with -f",
			    operand[i]);
		wk_usage("'%s' in front of another list: --sep %s combines "
		    "them", operand[i], operand[i]);
	}
}

void
hints_check(char **operands)
{
	const char *cmd = operands[0];

	if (xapply_opt.detached && (cmd[0] == '\\' || strlen(cmd) == 1))
		wk_usage("'%s' is no command: lines of files are -f, ended by "
		    "NUL with -z, fields %%[1,2]; -d is --detached", cmd);
	if (xapply_opt.header && !xapply_opt.files &&
	    xapply_opt.columns == NULL && xapply_opt.separator == NULL &&
	    strcmp(cmd, ":") == 0)
		wk_usage("'--header :' is --header alone");
	if (xapply_opt.separator == NULL)
		check_colons(operands + 1);
}

/* What parallel has for parameters and their parts, and we for the first. */
static const struct {
	const char *mark, *here;
} marks[] = {
	{ "{}", "1" }, { "{.}", "r1" }, { "{/}", "n1" }, { "{//}", "h1" },
	{ "{/.}", "m1" }, { "{#}", "#" }
};

/* {2}, {2.} and their like: 1 if the text begins with one, all of whose bytes
 * are set in *len. */
static int
is_numbered(const char *text, size_t *len)
{
	size_t digits = strspn(text + 1, "0123456789");
	size_t rest = strspn(text + 1 + digits, "./");

	*len = digits + rest + 2;
	return digits > 0 && rest < 3 && text[*len - 1] == '}';
}

/* The hint at a mark in the command; 1 if the text begins with one. */
static int
hint_at_mark(const char *text, int apart)
{
	size_t i, len;

	for (i = 0; i < sizeof marks / sizeof *marks; i++) {
		len = strlen(marks[i].mark);
		if (strncmp(text, marks[i].mark, len) != 0)
			continue;
		if (i == 0)
			wk_warn("{} is plain text, the parameter is %c1",
			    xapply_opt.escape);
		else
			wk_warn("%s is plain text, here it is %c%s",
			    marks[i].mark, xapply_opt.escape, marks[i].here);
		return 1;
	}
	/* a{2} is of a regular expression */
	if (!apart || !is_numbered(text, &len))
		return 0;
	wk_warn("%.*s is plain text, parameter 2 is %c2, its last component "
	    "%cn2", (int)len, text, xapply_opt.escape, xapply_opt.escape);
	return 1;
}

static void
hint_at_marks(const char *cmd)
{
	const char *at = cmd;

	/* one that has parameters of ours knows what it does */
	if (strchr(cmd, xapply_opt.escape) != NULL)
		return;
	while ((at = strchr(at, '{')) != NULL) {
		if (hint_at_mark(at, at == cmd || strchr(" \t\"'=",
		    at[-1]) != NULL))
			return;
		at++;
	}
}

void
hints_warn(char **argv, char **operands)
{
	const char *cmd = operands[0];

	/* one parameter is what each task has anyway */
	for (; argv < operands; argv++)
		if (strcmp(*argv, "-n1") == 0 || (strcmp(*argv, "-n") == 0 &&
		    argv + 1 == operands && text_is_digit(*cmd)))
			wk_warn("-n is a dry run; so many parameters for each "
			    "task are -1, -2, ...");
	hint_at_marks(cmd);
}
