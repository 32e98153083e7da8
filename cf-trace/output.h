/* SPDX-License-Identifier: Apache-2.0 */
/* Where the trace goes, and the directory beside it where it and the spools grow. */
#ifndef CF_TRACE_OUTPUT_H
#define CF_TRACE_OUTPUT_H

struct output {
	char *path;  /* absolute; symbolic links resolved */
	char *dir;   /* holds the spools, trace.db and the lock that says its owner lives */
	char *spool; /* the directory for spools in it */
	char *input; /* the file in it for what a pipe gives the program */
	int lock;
};

/*
 * Makes sure that the trace can be written before anything runs: refuses to replace a file that is
 * not a codeflash trace, clears what killed runs left beside it, creates the directory. 0, or -1
 * after cf_error.
 */
int output_open(struct output *o, const char *path);

/* Moves the finished trace from the directory to its name. 0, or -1 after cf_error. */
int output_commit(const struct output *o);

/* Removes the directory with all that is in it. */
void output_remove(const struct output *o);
void output_release(struct output *o);

#endif
