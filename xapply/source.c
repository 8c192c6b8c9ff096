/*
 * source.c - where parameters come from: what went wrong there
 *
 * SPDX-License-Identifier: ISC
 */
#include "source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/codes.h"

enum input_result
input_fail(struct input *in, int code, const char *what, const char *format,
    ...)
{
	va_list ap;

	in->code = code;
	in->what = what;
	va_start(ap, format);
	vsnprintf(in->reason, sizeof in->reason, format, ap);
	va_end(ap);
	return INPUT_FAILED;
}

enum input_result
input_fail_errno(struct input *in, int code, const char *what, int error)
{
	return input_fail(in, code, what, "%s", strerror(error));
}

enum input_result
input_no_memory(struct input *in)
{
	return input_fail_errno(in, WK_SYSTEM, "input", ENOMEM);
}
