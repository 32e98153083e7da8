/* SPDX-License-Identifier: Apache-2.0 */
/* From a trace to replay tests. */
#ifndef CF_REPLAYGEN_REPLAY_H
#define CF_REPLAYGEN_REPLAY_H

#include "cf-replaygen/run.h"
#include "lib/stream.h"

struct replay_opts {
	struct run_opts run;
	const char *tests_root;
	bool quiet;
	json_t *seen; /* paths of the traces done already */
};

/* The stage's callback, arg is its struct replay_opts: passes a trace on, then names its tests. */
int replay_record(const struct cf_record *record, void *arg, enum cf_exit *status);

#endif
