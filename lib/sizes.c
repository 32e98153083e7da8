/* SPDX-License-Identifier: Apache-2.0 */
/* Quantiles of sizes, each size counted as often as calls had it. */
#include "lib/sizes.h"

/* The least size that a share of the calls does not exceed. */
static int64_t quantile(const int64_t *size, const int64_t *weight, size_t n, double share)
{
	double all = 0, upto = 0;

	for (size_t i = 0; i < n; i++)
		all += (double)weight[i];
	for (size_t i = 0; i < n; i++) {
		upto += (double)weight[i];
		if (upto >= share * all)
			return size[i];
	}
	return size[n - 1];
}

struct cf_sizes cf_sizes_of(const int64_t *size, const int64_t *weight, size_t n)
{
	return (struct cf_sizes){size[0], quantile(size, weight, n, 0.5),
		quantile(size, weight, n, 0.9), size[n - 1]};
}
