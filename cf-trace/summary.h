/* SPDX-License-Identifier: Apache-2.0 */
/* What a finished trace holds, told to a person on stderr. */
#ifndef CF_TRACE_SUMMARY_H
#define CF_TRACE_SUMMARY_H

#include "lib/trace.h"

/* `record` is the trace's cf/trace/1 record. 0, or -1 after cf_error. */
int summary_print(struct trace *t, const json_t *record);

#endif
