/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a function's recorded calls the trace keeps, and what they say of all its calls. */
#ifndef CF_TRACE_SELECT_H
#define CF_TRACE_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/sizes.h"
#include "lib/spool.h"

struct sample {
	int64_t process, thread, seq, time_ns, duration_ns /* -1: not known */, value, size;
	int64_t calls;    /* counted where seq was; 0: not known */
	int64_t weight;   /* set by select_inputs: calls of the run that this one stands for */
	uint64_t order;   /* when in the run, all processes on one scale */
	uint32_t counter; /* which of its process's counters gave seq */
	uint32_t input;   /* set by select_inputs */
	enum cf_why why;
};

struct input {
	const struct sample *call; /* the earliest that had it */
	int64_t weight;            /* calls of the run that it stands for */
	int64_t seen;              /* samples that had it */
	int64_t duration_ns;       /* the longest that is known, or -1 */
	enum cf_why why;
	bool keep;
};

struct distribution {
	int64_t sampled, inputs;
	int64_t repeated; /* of all its calls, those whose input came before: at least so many */
	struct cf_sizes sizes; /* of all its calls' inputs */
};

/*
 * Weighs the samples, so that their weights add up to the function's calls (or to what the samples
 * show that there were), and makes one input of those with the same value. At most `quota` inputs
 * are marked to keep: a tenth each for the first, the commonest, the slowest and the largest, then
 * the smallest; the others are spread evenly over the calls. Sorts v, which the inputs point into;
 * they are in the order of the run. Returns new in *inputs, how many there are.
 */
size_t select_inputs(struct sample *v, size_t n, int64_t calls, size_t quota, struct input **inputs,
	struct distribution *d);

#endif
