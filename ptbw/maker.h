/*
 * maker.h - which form of a jobserver a make understands
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PTBW_MAKER_H
#define PTBW_MAKER_H

/*
 * True if the program is a GNU make that has no fifos, one before 4.4, and ends
 * when it is told of one.  Not so if there is no such program, or it does not
 * tell.
 */
int maker_is_old(const char *program);

#endif
