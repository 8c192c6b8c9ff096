/*
 * hints.h - words of xargs and GNU parallel, and what they are called here
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_HINTS_H
#define XAPPLY_HINTS_H

/* What an option that we have not, "-x" or "--name=text", is here; or NULL. */
const char *hints_option(const char *option);

/* Words of other programs that cannot be right here end this one, with
 * WK_USAGE.  The operands begin with the command. */
void hints_check(char **operands);

/* Those that may be right, but are seldom meant, are told.  argv: all words of
 * the command line, of which operands are the last. */
void hints_warn(char **argv, char **operands);

#endif
