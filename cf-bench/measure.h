/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measurement of one candidate, and its parts: what is asked of the workers (ops.c), which inputs
 * and how often (plan.c), a group of processes (group.c), inputs like the recorded ones (fresh.c) and
 * the record (record.c). measure.c puts them together.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "cf-bench/bench.h"
#include "cf-bench/check.h"
#include "cf-bench/worker.h"
#include "lib/worker.h"

/* Where first executions are what counts; else one round a process. */
#define MAX_ROUNDS 5
#define MIN_PASSES 8
#define CALIBRATION_TIMEOUT_S 60.0
/* Of processes that run inputs like the recorded ones. */
#define FRESH_GROUPS 4

/* How the candidate fares on inputs like the recorded ones. */
struct other {
	bool looked;
	int groups, inputs, variant; /* done; inputs with a part to change; numbers given out */
	double recorded[FRESH_GROUPS], changed[FRESH_GROUPS]; /* logs of ratios */
	struct stats_fresh result;
	char why[300]; /* there are not more groups */
};

struct measure {
	struct bench_opts *o;
	const char *id;
	struct worker_job job[2]; /* original, candidate */
	struct stats_rng rng;
	uint64_t start_ns;
	/* the inputs that take part, and what they weigh */
	int *input; /* indices of job.calls */
	double *weight, *fresh;
	int n, of;
	json_t *skipped; /* {call: reason} */
	int rounds, passes, inner;            /* of the group at hand */
	int plan_rounds, plan_passes, plan_inner;
	double call_s; /* the longest call of the calibration */
	/* results that were compared */
	struct check_input *known; /* [of], by the index of job.calls */
	double *cost;              /* ns of the inputs in the original's latest pass */
	int checked;               /* executions that came to the same */
	json_t *unchecked;         /* {reason: executions that could not be compared} */
	double check_s;            /* what all that took */
	int check_at;              /* the pass of the group that is checked at all events */
	double lazy[STATS_SIDES], all[STATS_SIDES]; /* ns of the group at hand */
	json_t *raw;
	int groups;
	int pairs;
	struct other other;
	bool original_fails; /* before anything was measured: the user's code cannot be run */
	char why[500];
};

/* Puts a reason into m->why. -1. */
int measure_fail(struct measure *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ops.c */
/* The trace's id of an input that takes part. */
int64_t measure_call_id(const struct measure *m, int input);
const char *measure_side_name(int side);
/* The operation that runs these inputs once, in this order. Returns new. */
json_t *measure_pass_over(const struct measure *m, const int *order, int n, int inner);
/* Seconds that a pass may take before its worker is given up. */
double measure_pass_timeout(const struct measure *m, int n, int inner);
/* Sends one operation and waits. -1 with m->why; *call says at which call, or -1. */
int measure_ask(struct measure *m, struct bench_worker *w, int side, const json_t *op, double timeout,
	json_t **answer, int64_t *call);
int measure_begin_round(struct measure *m, struct bench_worker *w, int side);
int measure_end_round(struct measure *m, struct bench_worker *w, int side, json_t **answer);
/* Waits until a worker can take operations. *import_ns may be NULL. -1 with m->why. */
int measure_await_ready(struct measure *m, struct bench_worker *w, int side, int64_t *import_ns);
/* Takes over the calls that an answer says cannot be run. */
void measure_note_skipped(struct measure *m, const json_t *answer);
struct call_key {
	char text[24];
};
/* What answers call an input. */
struct call_key measure_key_of(const struct measure *m, int input);
/* ns of an input in an answer; -1 when it is missing. */
double measure_time_of(const json_t *ns, const struct call_key *key);

/* plan.c */
/* Leaves out the inputs that cannot be run. */
void measure_drop_skipped(struct measure *m);
/* Chooses inputs, rounds and passes by what they take on w[2], original and candidate, of which
 * starting took so many seconds. -1 with m->why. */
int measure_plan(struct measure *m, struct bench_worker *w, double starting);

/* group.c */
/* Starts the three workers of a group under one set of conditions and waits until they can work. */
int measure_start_group(struct measure *m, struct bench_worker *w, int64_t *import_ns);
void measure_end_group(struct bench_worker *w);
/* A stats_source of groups; arg is the measurement. */
int measure_group(void *arg, int phase, bool remembered, struct stats_group *g);
void measure_write_csv(const struct measure *m, const double *times, int phase, int group, int round,
	int pass, int side, int position, int inner);

/* fresh.c */
/*
 * A candidate that knows the recorded inputs, or has done their work beforehand, is faster on them
 * only: then *r is no gain any more. -1 with m->why when it cannot run at all on inputs like them.
 */
int measure_check_fresh(struct measure *m, struct stats_result *r);

/* record.c */
/* The measurement of what was not measured. Returns new, as the next. */
json_t *measure_none(const char *why);
json_t *measure_json(const struct measure *m, const struct stats_result *r);

#endif
