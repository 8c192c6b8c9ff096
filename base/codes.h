/*
 * codes.h - the exit codes of the suite, one table for all programs
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_CODES_H
#define WK_CODES_H

enum {
	/* after sysexits(3) */
	WK_USAGE = 64,        /* the command line */
	WK_DATA = 65,         /* a file, a variable, a depth */
	WK_NOINPUT = 66,      /* no diversion, no such file */
	WK_UNAVAILABLE = 69,  /* the master is gone or refused */
	WK_SYSTEM = 71,       /* a system call failed */
	WK_CANTCREATE = 73,   /* a socket; tokens that can never be had */
	WK_OUTPUT = 74,       /* an output could not be written */
	WK_TIMEOUT = 75,      /* not in time */
	WK_PROTOCOL = 76,     /* the other side spoke nonsense */
	WK_NO_ESCAPE = 78,    /* xapply: NUL as the escape character, of old */

	/* as shells and timeout(1) use them */
	WK_TIMED_OUT = 124,   /* a task was ended because its time was up */
	WK_CANNOT_RUN = 126,  /* the program is there and cannot be executed */
	WK_NOT_FOUND = 127,   /* no such program */
	WK_CODE_MAX = 255,    /* what exit(2) has room for */
	WK_SIGNAL = 128       /* plus the number of the signal that ended it */
};

#endif
