/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a candidate did on a call that was timed what the original did: the rules of cf-verify,
 * applied to the very executions that the measurement rests on.
 */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include "lib/stats.h"
#include "lib/value.h"

/* What has been found out of the original's results on one input. */
struct check_input {
	json_t *mask;   /* paths on which it does not always do the same; NULL: none so far */
	bool any_order; /* its elements come in an order that hangs on hashing */
	bool unstable;  /* nothing of it can be held against a candidate */
};
void check_input_release(struct check_input *in);

enum check_answer { CHECK_SAME, CHECK_DIFFERENT, CHECK_CANNOT };

/* The results of one execution on all sides. What is to be said of them, other than that they are
 * the same, in why. */
enum check_answer check_results(struct check_input *in, struct value *const side[STATS_SIDES],
	double float_rel, char *why, size_t size);

/*
 * Second opinions where check_results found a difference. Whether it is one of order only, as the
 * original's results under other seeds are; and the answer with regard to the original's result in
 * another process, at another time and in another layout.
 */
bool check_order(struct check_input *in, struct value *const side[STATS_SIDES],
	struct value *const *reseeded, int n, double float_rel);
enum check_answer check_later(struct check_input *in, struct value *const side[STATS_SIDES],
	const struct value *later, double float_rel, char *why, size_t size);

/* The outcome in a "results" answer. Returns new; NULL with the reason in *why (static or borrowed). */
struct value *check_decode(const json_t *answer, const char **why);

#endif
