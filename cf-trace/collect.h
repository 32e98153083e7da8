/* SPDX-License-Identifier: Apache-2.0 */
/* The collector: a process of its own that follows the spools and writes the trace. */
#ifndef CF_TRACE_COLLECT_H
#define CF_TRACE_COLLECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "cf-trace/output.h"
#include "cf-trace/store.h"

struct collector {
	struct output *out;
	const json_t *meta; /* the trace's; kept in the directory too, for collector_recover */
	bool progress; /* a line about it on stderr */
	bool killed;   /* why collector_finish failed: the spools are as good as they were */
	bool section;  /* of a program that goes on, whatever becomes of us */
	pid_t pid;
	int fd; /* our end of the line to it */
};

/*
 * Forks the collector. It leaves our session, so that whatever ends us leaves it alive: when its
 * line breaks before it was told how the program ended, it ends the program (a section's not), keeps
 * what there is as a trace cut short, and leaves nothing else behind. 0, or -1 after cf_error.
 */
int collector_start(struct collector *c);

/*
 * Tells it that the program is over and waits until the trace is in its place. If it was killed
 * meanwhile, another one reads the spools from the start. 0, or -1 after cf_error.
 */
int collector_finish(struct collector *c, const struct store_end *end);

/*
 * Makes a trace that is cut short of what a run killed whole has left. 1 done, 0 there was nothing
 * to make one of, -1 after cf_error; the directory is the caller's to remove.
 */
int collector_recover(struct output *left);

/* Sends it away without a trace: the program could not be started. */
void collector_cancel(struct collector *c);

#endif
