/*
 * relay.h - the two ends of a link between hosts
 *
 * The exporting end has the services and listens on a socket.  Something
 * (ssh, say) makes connections to another socket, the link, arrive there.
 * The projecting end, at the link, is a wrapw master like any other to its
 * clients, and carries each of their connections over one of the link's.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WRAPW_RELAY_H
#define WRAPW_RELAY_H

#include "base/wrapper.h"

/* The variable that tells the exporting end's utility where it listens; it is
 * not set when there is nothing to export. */
#define RELAY_VARIABLE "WRAPW_EXPORT"

/* Each runs a utility and returns the exit code. */
int relay_export(char **operands, const struct wk_called *called);
int relay_project(char **operands, const struct wk_called *called);

#endif
