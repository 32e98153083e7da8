/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the candidate faster than the original? Groups of fresh processes are measured one after
 * another; after a growing number of them the data is looked at, and the looks share the error that
 * --confidence allows, so that stopping early makes no false positive more likely. Knows nothing of
 * processes or clocks: a source hands in groups, which lets the tests hand in simulated ones.
 */
#ifndef CF_STATS_H
#define CF_STATS_H

#include <stdbool.h>
#include <stdint.h>

/* A small seeded generator (splitmix64): the same seed, the same decisions and orders. */
struct stats_rng {
	uint64_t s;
};
uint64_t stats_random(struct stats_rng *r);
double stats_unit(struct stats_rng *r); /* in [0, 1) */
int stats_below(struct stats_rng *r, int n); /* in [0, n) */
void stats_shuffle(struct stats_rng *r, int *order, int n);

/* The x with P(T > x) = p for Student's t with df degrees of freedom. */
double stats_t(double p, double df);

/* A ratio of times, original / candidate, and where it may lie. */
struct stats_ratio {
	double estimate, low, high;
};

/*
 * The trimmed mean of logs of ratios, one a process or pair, and its interval (Tukey and McLaughlin:
 * a fifth is cut off at either end, the spread is that of the winsorized values). Few values, some of
 * them from when the machine did something else: that is what a bench sees, and where a bootstrap is
 * too narrow for want of processes or too wide for one that was disturbed. NAN bounds below 2 values.
 */
struct stats_ratio stats_interval(const double *logs, int n, double alpha);

/* The original runs twice, in two processes: what differs between those is noise. */
enum stats_side { STATS_ORIGINAL, STATS_AGAIN, STATS_CANDIDATE, STATS_SIDES };

/* ns of one input on one side of a group. */
struct stats_cost {
	double cold; /* its first execution in a module as after import */
	double warm; /* later ones */
	double low;  /* any, undisturbed */
	double mean; /* later ones, disturbed or not */
};

/* The cost from first executions and later ones (none: every execution was a first one). Both are
 * sorted. Undisturbed is a low quantile, so that one lucky sample is not enough. */
struct stats_cost stats_cost(double *first, int nfirst, double *later, int nlater);

/* Fresh processes, one a side, that ran under the same conditions. */
struct stats_group {
	struct stats_cost *cost;        /* [side * inputs + input] */
	int64_t peak[STATS_SIDES];      /* bytes above what the process had before the calls */
	int64_t import_ns[STATS_SIDES];
	int threads[STATS_SIDES];       /* most threads and children a round left running */
	double lazy[STATS_SIDES];       /* share of the time that went into what came back lazily */
};

struct stats_data {
	int inputs;
	const double *weight; /* calls of the traced run that this input stands for */
	const double *fresh;  /* those of them whose input had not come before */
	struct stats_group *groups;
	int n;
};

enum stats_decision { STATS_FASTER, STATS_SAME, STATS_SLOWER, STATS_REGRESSES, STATS_UNMEASURED };
const char *stats_decision_name(enum stats_decision d);

struct stats_rules {
	double confidence;  /* of the interval, e.g. 0.95 */
	double min_speedup; /* 0.03: less is not worth a change */
	double budget_s;    /* for both phases together */
	double scale;       /* calls of the traced run for each call that the weights count */
};

/* Where groups come from. group fills *g (released by the caller); -1 ends the measurement. With
 * `remembered` first executions matter as much as later ones. */
struct stats_source {
	int (*group)(void *arg, int phase, bool remembered, struct stats_group *g);
	double (*elapsed)(void *arg); /* seconds since the measurement began */
	void *arg;
};

/* What one group of processes says: logs of ratios of time. */
struct stats_effect {
	double speedup; /* original over candidate */
	double floor;   /* original over itself */
	double mean;    /* original over candidate by means, which a rare slow call moves */
};

struct stats_input {
	double original, candidate; /* ns of one execution */
	struct stats_ratio ratio;
};

struct stats_result {
	enum stats_decision decision;
	char reason[200];
	struct stats_ratio speedup, floor;
	double alpha;              /* what the interval's look was allowed: 1 - its confidence */
	bool caching;              /* the candidate gains by remembering across calls */
	bool remembered;           /* it or the original does: first executions counted as such */
	double original, candidate; /* ns, weighted sum over the inputs */
	struct stats_input *input; /* [inputs] */
	int64_t peak[2];           /* original, candidate */
	int64_t import_ns[2];
	struct stats_effect *effects; /* [data.n] */
	int first, groups;         /* the interval rests on groups[first .. first + groups) */
	struct stats_data data;    /* everything measured, both phases */
};

/* Measures until decided or out of budget; see cf-bench(1). The result is the caller's to release,
 * also after -1 (the source failed: it has reported, decision is STATS_UNMEASURED). */
int stats_measure(const struct stats_rules *rules, const struct stats_source *source, int inputs,
	const double *weight, const double *fresh, struct stats_result *r);
void stats_result_release(struct stats_result *r);

/*
 * Whether a gain is one of the recorded inputs only. Of every group the log of the ratio original over
 * candidate on first executions of the recorded inputs, and on first executions of inputs like them.
 */
struct stats_fresh {
	struct stats_ratio recorded, fresh;
	bool vanishes; /* surely more than half of it */
};
struct stats_fresh stats_fresh(const double *recorded, const double *fresh, int n, double alpha);

#endif
