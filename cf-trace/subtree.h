/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and signalling every process of the program under trace. */
#ifndef CF_TRACE_SUBTREE_H
#define CF_TRACE_SUBTREE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Sends sig (0: none) to every live process whose starting environment holds `marker`, and to all
 * their descendants; returns how many there were. Where there is no /proc it is `root` alone (0:
 * nobody), which must not have been reaped.
 */
int subtree_signal(const char *marker, pid_t root, int sig);

/* Whether there are any, those included that are just starting another program. */
bool subtree_lives(const char *marker);

/* SIGTERM to all of it, SIGKILL to what is left after the grace; returns when none is left. */
void subtree_end(const char *marker, pid_t root, double grace_s);

#endif
