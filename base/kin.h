/*
 * kin.h - children that this process has not started
 *
 * A shell may execute a program of ours in a process that has children already:
 * "daemon & exec prog", or a process that reads what it prints, prog > >(tee
 * log).  And the first process of a container is given what others leave.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_KIN_H
#define WK_KIN_H

/* Are there any?  Called once, before a child is started. */
void wk_kin_note(void);

/*
 * All is done and said, and our own children have ended.  If there were
 * children before, close all descriptors, which some of them may wait for, and
 * give them a moment to end as well; one that reads what was written to
 * descriptor 1 or 2 gets more of it.  A signal to end that is caught
 * (wk_end_pending) ends the waiting.
 */
void wk_kin_part(void);

#endif
