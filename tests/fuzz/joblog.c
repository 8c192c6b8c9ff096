/*
 * joblog.c - any text as a joblog, with a line of ours behind it, whose task is
 * then known as done
 *
 * SPDX-License-Identifier: ISC
 */
#include "xapply/joblog.c"

struct xapply_options xapply_opt;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Lines that begin with other things are those of another file: that ends the
 * program. */
static void
become_lines(char *text, size_t len)
{
	size_t i;
	int begins = 1;

	for (i = 0; i < len; i++) {
		if (begins && !text_is_digit(text[i]))
			text[i] = (char)('0' + (unsigned char)text[i] % 10);
		begins = text[i] == '\n';
	}
}

static int
is_of_this_run(uintmax_t number, uint64_t hash)
{
	return number + hash == 0;
}

/* The heading, the text, and a line of the task; the caller's to free. */
static char *
log_of(const char *text, size_t len, const struct task *t, size_t *size)
{
	struct joblog_line *line;
	char *log = NULL, numbers[JOBLINE_NUMBERS_MAX];
	FILE *f = open_memstream(&log, size);

	if (f == NULL)
		abort();
	joblog.file = f;        /* that there is one makes lines of tasks */
	line = joblog_line(t);
	joblog.file = NULL;
	fputs(jobline_heading[joblog.form], f);
	fwrite(text, 1, len, f);
	if (len > 0 && text[len - 1] != '\n')
		putc('\n', f);
	jobline_numbers(numbers, joblog.form, &line->numbers);
	fprintf(f, "%s%s", numbers, line->text);
	free(line);
	if (fclose(f) != 0)
		abort();
	return log;
}

static void
read_back(char *log, size_t size)
{
	FILE *f = fmemopen(log, size, "r");

	if (f == NULL)
		abort();
	read_log(f, 2);
	fclose(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct task t;
	struct expand_text param;
	char *text = malloc(len + 1), *log;
	size_t size;

	if (text == NULL)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	memset(&t, 0, sizeof t);
	t.xid = text;
	t.command = text;
	t.command_len = strlen(text);   /* it cannot hold a NUL */
	param = (struct expand_text){ text, strlen(text) };
	t.hash = joblog_hash(&param, 1);
	t.number = len % 7;
	become_lines(text, len);
	joblog.path = "log";
	joblog.form = len % 2 ? JOBLINE_SHORT : JOBLINE_PARALLEL;
	log = log_of(text, len, &t, &size);
	read_back(log, size);
	free(log);
	if (!joblog_done(t.number, t.hash, t.xid, is_of_this_run))
		abort();
	free(joblog.entry);
	memset(&joblog, 0, sizeof joblog);
	free(text);
	return 0;
}
