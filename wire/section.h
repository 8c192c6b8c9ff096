/*
 * section.h - a section of output, written when its turn has come
 *
 * A section is what one client of an xclate master writes while it has the
 * turn at the master's output.  Any number of them can be under way in one
 * process: nothing here waits but section_open (for the connection, see
 * div_connect); all else happens in the rounds of the loop (event.h) and is
 * reported by calls back, of which ended() alone may close or free the
 * section.  Nothing is printed.
 *
 * A section gets its bytes in one of two ways:
 *  - from a source (flow_source(&s->flow, ...)): they are held until the
 *    turn comes.  It is asked for at the first byte, or when all is there
 *    (whole), or for each batch of lines (lines).  The source may be given
 *    at once; with a tag from ready() on.
 *  - direct: a command writes to the output itself during the turn, which
 *    section_ask asks for.
 * Title and rule are written here in both cases.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WIRE_SECTION_H
#define WIRE_SECTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/event.h"
#include "base/flow.h"
#include "base/lines.h"
#include "share.h"
#include "tag.h"
#include "talk.h"

enum {
	SECTION_CAP = 65536        /* the cap when none is given */
};

enum section_state {
	SECTION_HELD,              /* without the turn; more may come */
	SECTION_COMPLETE,          /* without the turn; all is here */
	SECTION_TITLE,             /* with it; direct: the title is on its way,
	                              the command may not write yet */
	SECTION_WRITING,           /* with it; more may come */
	SECTION_RULE,              /* with it; the rest is on its way */
	SECTION_LEAVING,           /* the report to the master is on its way */
	SECTION_DONE               /* ended() has been called, or will be */
};

/* What went wrong. */
enum section_fault {
	SECTION_GOOD,
	SECTION_GONE,              /* the master hung up */
	SECTION_UNCONFIRMED,       /* so it did, and what was written may be
	                              lost */
	SECTION_CUT_OFF,           /* likewise, or the link to it is lost */
	SECTION_UNWRITTEN,         /* the master could not write all of it */
	SECTION_UNSENT,            /* the system had no room for what was said
	                              to the master, see talk_error */
	SECTION_SILENT,            /* it did not say who it is */
	SECTION_NONSENSE,          /* the master's answer makes no sense */
	SECTION_NO_MEMORY,         /* for what the answers make of its texts */
	SECTION_SOURCE,            /* the source failed, see flow.error; what
	                              there was has been written, and the master
	                              is told 74 for a code of 0 */
	SECTION_OUTPUT             /* the output failed, see flow.error */
};

struct section {
	/* The caller's, set before section_open; all else zero. */
	const char *xid;           /* it stays */
	const char *title, *rule;  /* NULL: the master's; "": none */
	const char *tag;           /* text in front of each line, or NULL */
	struct tags *tags;         /* at a terminal the tag is in colour, and as
	                              wide as others of these; or NULL */
	char escape;               /* of these three; 0: '%' */
	const char *head;          /* text in front of the data, which is data,
	                              too, but no reason to ask for the turn
	                              yet; or NULL */
	size_t cap;                /* bytes held in memory */
	unsigned has_cap : 1;      /* else it is the master's, or SECTION_CAP */
	unsigned block : 1;        /* hold no more than the cap */
	unsigned squeeze : 1;      /* no title, no turn when there is nothing;
	                              at ready(): by the master's will, too */
	unsigned quick : 1;        /* squeeze if it has no title and no rule */
	unsigned whole : 1, lines : 1, direct : 1;
	unsigned newline : 1;      /* end a section with one */
	unsigned follows : 1;      /* the source is the output of a command: it
	                              is over linger_ms after section_code */
	int64_t linger_ms;
	unsigned widow : 1;        /* write to the widow output, at once */
	unsigned reports : 1;      /* section_code will be called, and the
	                              section is not over before */
	unsigned want_err : 1, want_in : 1; /* with the turn */
	unsigned want_dir : 1;
	unsigned quit : 1;         /* ask the master to finish */
	struct talk_answers *earlier; /* what the master has answered the first
	                              of many sections that are alike; all
	                              zero at first; it stays.  Or NULL */
	struct share *share;       /* with earlier: share a connection with
	                              other sections where the master allows
	                              it; it stays.  Or NULL */
	void (*ready)(struct section *s);   /* settings are known; perhaps in
	                              section_open.  Or NULL */
	void (*granted)(struct section *s); /* the turn is here; or NULL */
	int (*behind)(struct section *s);   /* all is written, and the turn is
	                              here still: 1 to keep it until
	                              section_end is called; or NULL */
	void (*ended)(struct section *s);   /* all is done, see fault */
	void (*unreadable)(int error);      /* the source failed; NULL: that is
	                              a fault */
	int (*more)(void);         /* the source has ended and the code is
	                              known: what to read as well, the section's
	                              from now on; -1: nothing.  Or NULL */
	void (*left)(int fd);      /* follows: somebody may still write to the
	                              source, of which this is the end, the
	                              owner's from now on.  Or NULL */
	const char *(*value)(void *s, const char *name); /* see title.h */
	void (*unset)(const char *name);

	/* To be read. */
	enum section_fault fault;
	unsigned written : 1;      /* all that the output took, so that only the
	                              report is missing */
	uint64_t lost;             /* bytes held when the master went away */
	int talk_error;            /* SECTION_UNSENT: an errno */
	struct flow flow;

	/* Private. */
	enum section_state state;
	struct talk talk;          /* unless it is shared: */
	struct share_member member;
	const struct flow *output; /* shared: where the turn lets it write */
	struct talk_answers *answers, own;  /* these, or the earlier ones */
	struct wk_timer last;
	char *title_text, *rule_text, *tag_text, *tag_coloured;
	size_t title_len, rule_len, tag_len;
	struct lines change;
	int code;
	int kept;                  /* the stand-in that was written to, or -1 */
	unsigned shared : 1, settled : 1, has_code : 1;
	unsigned holds : 1;        /* behind has kept the turn */
};

/*
 * Connect to the master at path, which stays, or share a connection to it.
 * -1 with errno: those of div_connect, ENOMEM, or EINVAL and ENAMETOOLONG for
 * the xid; section_close is due then, too.
 */
int section_open(struct section *s, const char *path);

/* 1 when the master has answered, so that it knows of this section, and of each
 * that is opened from now on after it. */
int section_is_known(const struct section *s);

/* Ask for the turn now, though there is no data (direct, or a source that
 * begins with the turn).  It may be called as soon as the section is open. */
void section_ask(struct section *s);
/* The same for one that holds as much as it may: it goes in front of those
 * that have less. */
void section_ask_full(struct section *s);

/* Give it its source, as flow_source; it may be late, behind section_code. */
void section_source(struct section *s, int fd, int ours);

/* The exit code for the section is known. */
void section_code(struct section *s, int code);

/* What came with the turn, or with the answers; the section's, or -1. */
int section_fd(const struct section *s, enum talk_fd which);

/* The output of a direct section, for a command. */
int section_output(const struct section *s);

/* True from the turn until all is written, if it is the master that writes it
 * to the output. */
int section_is_relayed(const struct section *s);

/* A direct section is over, or one that behind has kept. */
void section_end(struct section *s);

/* Its texts, once it is ready, for what is to look like it: they stay until
 * section_close. */
struct section_texts {
	const char *title, *rule, *tag;  /* NULL: none */
	size_t title_len, rule_len, tag_len;
	const char *coloured;      /* the tag in colour, NULL: it has none */
	size_t coloured_len;
};
struct section_texts section_texts(const struct section *s);

/* Release all; what was not written is lost. */
void section_close(struct section *s);

/* Did the section fail because path leads to another of our programs?  See
 * door_is_other. */
int section_is_elsewhere(const struct section *s, const char *path, char *text,
    size_t room);

#endif
