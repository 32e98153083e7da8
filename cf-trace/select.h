/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a function's recorded calls the trace keeps. */
#ifndef CF_TRACE_SELECT_H
#define CF_TRACE_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/spool.h"

struct sample {
	int64_t process, thread, seq, time_ns, duration_ns /* -1: not known */, value, size;
	int64_t weight;
	uint64_t order; /* when in the run, all processes on one scale */
	enum cf_why why;
	bool keep;
};

/*
 * Merges the samples with the same value (weights add up, the earliest stands for all) and marks at
 * most `quota` of the rest to keep: a tenth each for the first, the slowest and the largest, the
 * others spread evenly over the run. Returns how many distinct ones there are, at the front of v,
 * in order.
 */
size_t select_samples(struct sample *v, size_t n, size_t quota);

#endif
