/* SPDX-License-Identifier: Apache-2.0 */
/* What optimising each function of a trace can save, and the targets that makes. */
#ifndef CF_RANK_H
#define CF_RANK_H

#include "lib/stream.h"
#include "lib/trace.h"

struct rank_opts {
	int64_t top;
	double min_share;
	const char *function, *shard;
	bool table, inputs, quiet;
	json_t *seen; /* paths of the traces ranked already */
};

/* The stage's callback, arg is its struct rank_opts: passes a trace on and adds its targets. */
int rank_record(const struct cf_record *record, void *arg, enum cf_exit *status);

#endif
