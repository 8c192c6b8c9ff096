/*
 * termseq.c - which signals end a task, and how long each is given
 *
 * SPDX-License-Identifier: ISC
 */
#include "termseq.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { STEPS_MAX = 16 };

struct step {
	int sig;
	int64_t ms;               /* until the next one */
};

static struct step steps[STEPS_MAX] = { { SIGTERM, 5000 }, { SIGKILL, 0 } };
static size_t count = 2;

/* The signal of that name, with or without SIG, or number; 0: none. */
static int
signal_of(const char *text)
{
	static const struct { const char *name; int sig; } names[] = {
		{ "TERM", SIGTERM }, { "KILL", SIGKILL }, { "INT", SIGINT },
		{ "HUP", SIGHUP }, { "QUIT", SIGQUIT }, { "USR1", SIGUSR1 },
		{ "USR2", SIGUSR2 }, { "ABRT", SIGABRT }, { "ALRM", SIGALRM },
		{ "PIPE", SIGPIPE }, { "CONT", SIGCONT }
	};
	const char *name = text_after(text, "SIG");
	size_t i, n = strspn(text, "0123456789");

	if (n > 0 && n < 3 && text[n] == '\0')
		return atoi(text) <= 64 ? atoi(text) : 0;
	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i].name, name != NULL ? name : text) == 0)
			return names[i].sig;
	return 0;
}

/* The word up to the next comma, which becomes its end; *text moves behind
 * it, and is NULL behind the last. */
static char *
next_of(char **text)
{
	char *word = *text, *comma = strchr(word, ',');

	if (comma != NULL)
		*comma = '\0';
	*text = comma != NULL ? comma + 1 : NULL;
	return word;
}

void
termseq_read(int letter, const char *text)
{
	char *copy = strdup(text), *rest = copy, *word;

	if (copy == NULL)
		wk_die(WK_SYSTEM, "out of memory");
	for (count = 0; rest != NULL; count++) {
		word = next_of(&rest);
		if (count == STEPS_MAX)
			wk_usage("--termseq: more than %d signals", STEPS_MAX);
		steps[count] = (struct step){ .sig = signal_of(word) };
		if (steps[count].sig == 0)
			wk_usage("--termseq: %s is not a signal", word);
		if (rest != NULL)
			steps[count].ms = wk_milliseconds(letter,
			    next_of(&rest));
	}
	free(copy);
}

void
termseq_next(struct task *t)
{
	const struct step *s = &steps[t->steps];
	int last = t->steps + 1 >= count;

	if (t->steps >= count)
		return;
	t->steps++;
	t->ending = last ? TASK_LAST_SENT : TASK_TERM_SENT;
	task_signal(t, s->sig);
	if (!last)
		wk_timer_set(&t->alarm, s->ms);
}
