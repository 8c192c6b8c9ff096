/*
 * stream.h - the lines of a file of parameters
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef XAPPLY_STREAM_H
#define XAPPLY_STREAM_H

#include "base/buffer.h"
#include "base/event.h"
#include "columns.h"
#include "source.h"

/* A file that lines are read from. */
struct input_stream {
	struct wk_io io;
	struct input *in;
	const char *name;          /* for messages */
	struct buffer text;        /* read, and not yet used */
	size_t seen;               /* so many bytes of it have no end of a
	                              line */
	struct columns_scan scan;  /* of a record that may have several lines */
	size_t line;               /* lines so far */
	int begun, ended;
	int always;                /* a read never waits: it needs no poll */
	int headed;                /* its header has been read */
};

/* A file, or standard input; NULL with errno. */
struct input_stream *stream_open(struct input *in, const char *name);
struct input_stream *stream_standard(struct input *in);

/* Close it, or nothing (NULL). */
void stream_close(struct input_stream *s);

/* The next line, valid until more is read; INPUT_END when there is none. */
enum input_result stream_line(struct input_stream *s, struct expand_text *t);

#endif
