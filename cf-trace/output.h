/* SPDX-License-Identifier: Apache-2.0 */
/* Where the trace goes, and the directory beside it where it and the spools grow. */
#ifndef CF_TRACE_OUTPUT_H
#define CF_TRACE_OUTPUT_H

#include <stdbool.h>

struct output {
	char *path;  /* absolute; symbolic links resolved */
	char *dir;   /* holds the spools, trace.db and the lock that says its owner lives */
	char *meta;  /* the file in it that says what is recorded; gone once the trace is in place */
	char *spool; /* the directory for spools in it */
	char *input; /* the file in it for what a pipe gives the program */
	int lock;
	bool aside; /* a trace that was cut short does not take the name, see output_commit */
};

/*
 * Makes sure that a trace can be written there: refuses to replace a file that is not a codeflash
 * trace. 0, or -1 after cf_error.
 */
int output_name(struct output *o, const char *path);

/* Creates the directory, before anything runs. 0, or -1 after cf_error. */
int output_open(struct output *o);

/*
 * Calls fn for every directory that a run killed whole has left beside o's trace, oldest first. It
 * is locked meanwhile; fn may take it away.
 */
void output_left(const struct output *o, void (*fn)(struct output *left, void *arg), void *arg);

/*
 * Moves the finished trace from the directory to its name; one that was cut short to "<name>.cut"
 * if `aside` or where the name has a trace that was not, and path says so then. 0, or -1 after
 * cf_error.
 */
int output_commit(struct output *o, bool whole);

/* Leaves the directory to a later output_left. */
void output_keep(struct output *o);

/* Removes the directory with all that is in it. */
void output_remove(const struct output *o);
void output_release(struct output *o);

#endif
