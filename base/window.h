/*
 * window.h - the size of our terminal
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_WINDOW_H
#define WK_WINDOW_H

#include <sys/ioctl.h>
#include <termios.h>

/* The size of the first terminal among standard error, output and input, else
 * of the one that controls us; without any $LINES and $COLUMNS, or 24 and
 * 80. */
void wk_window_size(struct winsize *size);

/* Who wants to hear of it.  Set resized; the others are to be read there. */
struct wk_window {
	void (*resized)(struct wk_window *w);
	struct winsize size;      /* the present one */
	int changed;              /* it is another one than before */
	struct wk_window *next;   /* private */
};

/* Call w->resized, from the loop, when a terminal says that it has another
 * size.  Any number may watch, for good.  -1 with errno. */
int wk_window_watch(struct wk_window *w);

#endif
