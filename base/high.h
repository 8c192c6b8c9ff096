/*
 * high.h - descriptors that commands inherit, out of the way of their own
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_HIGH_H
#define WK_HIGH_H

/*
 * Give fd a number that scripts, and programs that are told of descriptors by
 * number, do not use: 60 or above; with a lower limit of descriptors, one that
 * is as high as there is.  The old number is closed.  Returns the new one,
 * close-on-exec; or fd, when there is no other, or when it is -1.  errno stays.
 */
int high_fd(int fd);

/*
 * The opposite, for a command that is to close it: some shells know numbers of
 * one digit alone.  The greatest that is free, but not below 3; or fd.
 */
int high_digit(int fd);

#endif
