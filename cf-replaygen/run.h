/* SPDX-License-Identifier: Apache-2.0 */
/* Finding out what the original does on its recorded calls, several modules at a time. */
#ifndef CF_REPLAYGEN_RUN_H
#define CF_REPLAYGEN_RUN_H

#include "lib/plugin.h"
#include "lib/sandbox.h"
#include "lib/trace.h"

struct run_opts {
	double call_timeout_s;
	bool allow_network, no_sandbox;
	int64_t max_calls; /* of one function; 0: all */
	int64_t jobs;	   /* workers at a time; 0: as many as there are processors */
	double budget_s;   /* no function is begun after that; 0: no limit */
};

struct run_call {
	int64_t id;
	bool stable, raises;
};

/* What became of one function's calls. */
struct run_result {
	struct run_call *calls; /* those with an outcome, in the trace's order */
	size_t n, unstable;
	json_t *dropped; /* {reason: calls} */
};

/*
 * Runs every kept call of the n functions twice, each time in a fresh worker and with another seed
 * (functions of one module that stand side by side share the two), those first that took most of the
 * recorded run, and stores the outcomes in the trace, which must have been opened for writing. results
 * has n elements, zeroed; what is put there is the caller's to release. *kind: how it was isolated. 0,
 * or -1 after cf_error.
 */
int run_functions(struct trace *t, const struct cf_plugin *plugin, const int64_t *functions,
	size_t n, const struct run_opts *o, void (*progress)(size_t done, size_t of),
	struct run_result *results, enum sandbox_kind *kind);
void run_result_release(struct run_result *r);

#endif
