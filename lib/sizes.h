/* SPDX-License-Identifier: Apache-2.0 */
/* How large the inputs of calls are, where one sample stands for many calls. */
#ifndef CF_SIZES_H
#define CF_SIZES_H

#include <stddef.h>
#include <stdint.h>

/* In bytes: half of the calls have at most `median`, nine in ten at most `p90`. */
struct cf_sizes {
	int64_t min, median, p90, max;
};

/* Of n (at least one) sizes in ascending order, the i-th that of weight[i] calls. */
struct cf_sizes cf_sizes_of(const int64_t *size, const int64_t *weight, size_t n);

#endif
