/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs like the recorded ones, each with one of its parts changed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cf-bench/measure.h"
#include "lib/json.h"
#include "lib/mem.h"

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of a group that measures them, [side * runs * inputs + run * inputs + input]; -1: not had. */
struct other_times {
	double *changed, *recorded;
	int variants, rounds; /* runs of either */
};

/*
 * One execution of every input on all sides, with one of its parts changed a little (variant from 1)
 * or as it was recorded (0). 1 when it was had, 0 when the original cannot do it, -1 when only the
 * candidate cannot.
 */
static int other_pass(struct measure *m, struct bench_worker *w, const int *order, int round,
	int variant, double *const times[STATS_SIDES])
{
	int sides[STATS_SIDES] = {STATS_ORIGINAL, STATS_AGAIN, STATS_CANDIDATE};
	json_auto_t *op = measure_pass_over(m, order, m->n, 1);
	bool lost[STATS_SIDES] = {false};

	if (variant)
		json_object_set_new(op, "variant", json_integer(variant));
	stats_shuffle(&m->rng, sides, STATS_SIDES);
	for (int k = 0; k < STATS_SIDES; k++) {
		int side = sides[k];
		json_auto_t *answer = NULL;
		int64_t call;

		/* the others are asked all the same: whose fault it is, they show */
		lost[side] = measure_ask(m, &w[side], side, op, measure_pass_timeout(m, m->n, 1), &answer, &call) < 0;
		for (int i = 0; i < m->n; i++) {
			struct call_key key = measure_key_of(m, i);
			bool had = !variant ||
				json_is_true(json_object_get(json_object_get(answer, "changed"), key.text));

			times[side][i] = had ? measure_time_of(json_object_get(answer, "ns"), &key) : -1;
		}
		if (m->o->csv)
			measure_write_csv(m, times[side], 3, m->groups + m->other.groups, round, variant, side, k,
				1);
	}
	if (lost[STATS_ORIGINAL] || lost[STATS_AGAIN])
		return 0;
	return lost[STATS_CANDIDATE] ? -1 : 1;
}

static int other_round(struct measure *m, struct bench_worker *w, struct other_times *t, int round)
{
	cf_autofree int *order = cf_calloc((size_t)m->n, sizeof(int));
	int each = t->variants / t->rounds, had = 1;

	for (int i = 0; i < m->n; i++)
		order[i] = i;
	for (int side = 0; side < STATS_SIDES; side++)
		if (measure_begin_round(m, &w[side], side))
			return side == STATS_CANDIDATE ? -1 : 0;
	/* what was recorded comes among the others: new to the code, which is not new to the machine */
	for (int p = 0; p <= each && had > 0; p++) {
		double *times[STATS_SIDES];
		bool own = p == (each + 1) / 2;
		int run = round * each + (p > (each + 1) / 2 ? p - 1 : p);

		for (int side = 0; side < STATS_SIDES; side++)
			times[side] = own ? &t->recorded[((size_t)side * t->rounds + round) * m->n]
					  : &t->changed[((size_t)side * t->variants + run) * m->n];
		stats_shuffle(&m->rng, order, m->n);
		had = other_pass(m, w, order, round, own ? 0 : ++m->other.variant, times);
	}
	for (int side = 0; side < STATS_SIDES && had > 0; side++) {
		json_auto_t *answer = NULL;

		if (measure_end_round(m, &w[side], side, &answer))
			had = side == STATS_CANDIDATE ? -1 : 0;
	}
	return had;
}

/* The sums over the inputs that could be changed, as logs of ratios. False: there are none. */
static bool other_ratios(struct measure *m, const struct other_times *t, double *recorded,
	double *changed)
{
	cf_autofree double *x = cf_calloc((size_t)t->variants, sizeof(*x));
	double own[STATS_SIDES] = {0}, other[STATS_SIDES] = {0};
	int inputs = 0;

	for (int i = 0; i < m->n; i++) {
		double median[STATS_SIDES];
		int n = 1;

		for (int side = 0; side < STATS_SIDES && n; side++) {
			n = 0;
			for (int v = 0; v < t->variants; v++) {
				bool all = true;

				for (int k = 0; k < STATS_SIDES; k++)
					all &= t->changed[((size_t)k * t->variants + v) * m->n + i] >= 0;
				if (all)
					x[n++] = t->changed[((size_t)side * t->variants + v) * m->n + i];
			}
			qsort(x, (size_t)n, sizeof(*x), by_value);
			median[side] = n ? x[n / 2] : 0;
		}
		if (!n)
			continue;
		inputs++;
		for (int side = 0; side < STATS_SIDES; side++) {
			double low = INFINITY;

			for (int r = 0; r < t->rounds; r++)
				low = fmin(low, t->recorded[((size_t)side * t->rounds + r) * m->n + i]);
			own[side] += m->weight[i] * low;
			other[side] += m->weight[i] * median[side];
		}
	}
	if (inputs > m->other.inputs)
		m->other.inputs = inputs;
	if (!inputs)
		return false;
	*recorded = log(own[STATS_ORIGINAL] * own[STATS_AGAIN]) / 2 - log(own[STATS_CANDIDATE]);
	*changed = log(other[STATS_ORIGINAL] * other[STATS_AGAIN]) / 2 - log(other[STATS_CANDIDATE]);
	return true;
}

/* 1 measured, 0 it cannot be, -1 the candidate cannot do what the original can. */
static int other_group(struct measure *m)
{
	struct bench_worker w[STATS_SIDES] = {
		BENCH_WORKER_INIT, BENCH_WORKER_INIT, BENCH_WORKER_INIT};
	/* calls so long that they are timed once a process get a variant of each */
	int rounds = m->plan_passes > 1 ? 2 : 1, each = m->plan_passes >= MIN_PASSES ? 4 : rounds;
	struct other_times t = {.variants = rounds * each, .rounds = rounds};
	size_t n = (size_t)STATS_SIDES * m->n;
	cf_autofree double *changed = cf_calloc(n * t.variants, sizeof(double));
	cf_autofree double *recorded = cf_calloc(n * t.rounds, sizeof(double));

	t.changed = changed;
	t.recorded = recorded;
	int had = measure_start_group(m, w, NULL) ? 0 : 1;

	for (int r = 0; r < rounds && had > 0; r++)
		had = other_round(m, w, &t, r);
	measure_end_group(w);
	if (had > 0 && !other_ratios(m, &t, &m->other.recorded[m->other.groups],
			       &m->other.changed[m->other.groups])) {
		measure_fail(m, "no input has a part that can be changed");
		had = 0;
	}
	m->other.groups += had > 0;
	return had;
}

int measure_check_fresh(struct measure *m, struct stats_result *r)
{
	struct other *o = &m->other;

	while (o->groups < FRESH_GROUPS) {
		int had = other_group(m);

		if (had < 0) {
			cf_autofree char *why = cf_strdup(m->why);

			return measure_fail(m, "on an input like the recorded ones: %.400s", why);
		}
		if (!had) {
			snprintf(o->why, sizeof(o->why), "%.*s", (int)sizeof(o->why) - 1, m->why);
			m->why[0] = '\0';
			break;
		}
	}
	o->looked = true;
	o->result = stats_fresh(o->recorded, o->changed, o->groups, 1 - m->o->confidence);
	if (o->result.vanishes) {
		r->decision = STATS_SAME;
		snprintf(r->reason, sizeof(r->reason),
			"its gain vanishes with fresh inputs: %.3g times as fast on those recorded, %.3g on "
			"others like them",
			o->result.recorded.estimate, o->result.fresh.estimate);
	}
	return 0;
}
