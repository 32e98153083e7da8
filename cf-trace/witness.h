/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a signal was sent to us alone or to our whole process group: a process beside us in the
 * group, which does nothing else, gets the latter too.
 */
#ifndef CF_TRACE_WITNESS_H
#define CF_TRACE_WITNESS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct witness {
	pid_t pid;           /* 0: there is none, and every signal counts as ours alone */
	unsigned *seen;      /* by signal number; shared with it */
	unsigned told[NSIG]; /* of those, how many witness_saw has told of */
};

/* Starts it, for the signals of a set that are blocked here. It ends with us. */
void witness_start(struct witness *w, const sigset_t *set);
/* Whether the signal, which we have just got, was sent to the group. Waits for some milliseconds. */
bool witness_saw(struct witness *w, int sig);
void witness_end(struct witness *w);

#endif
