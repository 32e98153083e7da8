/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of cf-bench share. */
#ifndef BENCH_H
#define BENCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "lib/error.h"
#include "lib/sandbox.h"
#include "lib/stats.h"

struct bench_opts {
	double min_speedup, confidence, budget, float_rel;
	int64_t seed, max_calls;
	const char *cpus, *export_csv, *shard;
	bool all, only_new, workflow, exit_code, quiet, allow_network, no_sandbox;
	FILE *csv;
	int faster; /* candidates called so, of all records */
};

/* What a candidate's edits make of the files, and what the files are now. */
struct bench_files {
	struct overlay_file *original, *candidate;
	int n;
	struct overlay_file *built; /* behind the candidate's: what its program is run from */
	int nbuilt;
	json_t *texts; /* backs the candidate's */
};
/* 0, or -1 with the reason in *why (new): edits that no longer fit the files. */
int bench_files_open(struct bench_files *f, const json_t *candidate, const char *root, char **why);
/* Has what the program is run from made of the candidate, where that is not the source. As above. */
struct trace;
int bench_files_build(struct bench_files *f, const struct trace *t, char **why);
void bench_files_release(struct bench_files *f);

/* The candidate's measurement (cf-json.5). What could not be measured says why; *status is set where
 * that is for the user to mend. Returns new. */
json_t *bench_candidate(struct bench_opts *o, const json_t *candidate, enum cf_exit *status);

/* The combined candidate's workflow, timed whole: {"workflow":…} and on trouble "workflow_reason"
 * are set in the record. */
void bench_workflow(const struct bench_opts *o, json_t *candidate);

/* The measurement as people read it, on stderr. */
void bench_report(const json_t *candidate, const json_t *measurement);
void bench_report_workflow(const json_t *candidate);

/* Binds this process and what it starts to the CPUs of a list like "0,2-3". 0, or -1 after cf_error. */
int bench_pin(const char *list);
/* Draws the conditions that the processes started next have in common; and lets go of them. */
void bench_same_machine(struct stats_rng *rng);
void bench_any_machine(void);

#endif
