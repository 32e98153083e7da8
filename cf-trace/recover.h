/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a run of which the program, cf-trace and its collector were killed together. */
#ifndef CF_TRACE_RECOVER_H
#define CF_TRACE_RECOVER_H

#include "cf-trace/output.h"

/*
 * Makes it into a trace, in the place that output_commit chooses, and removes it. *path (new) says
 * where. 0, or -1 after cf_error, when there is none, too.
 */
int recover(const struct output *o, char **path);

/* The same before a new run, which is to have the name: aside, with a line for each. */
void recover_for_next(const struct output *o);

#endif
