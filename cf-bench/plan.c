/* SPDX-License-Identifier: Apache-2.0 */
/* Calibration: which inputs take part, and how often. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cf-bench/measure.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"

#define MAX_PASSES 20
#define MAX_INNER 50

static void skip(struct measure *m, int64_t call, const char *why)
{
	cf_autofree char *key = cf_asprintf("%lld", (long long)call);

	json_object_set_new(m->skipped, key, cf_json_text(why, strlen(why)));
}

static bool is_skipped(const struct measure *m, int64_t call)
{
	cf_autofree char *key = cf_asprintf("%lld", (long long)call);

	return json_object_get(m->skipped, key) != NULL;
}

void measure_drop_skipped(struct measure *m)
{
	int n = 0;

	for (int i = 0; i < m->n; i++)
		if (!is_skipped(m, measure_call_id(m, i)))
			m->input[n++] = m->input[i];
	m->n = n;
}

static int begin_both(struct measure *m, struct bench_worker *w)
{
	return measure_begin_round(m, &w[0], STATS_ORIGINAL) || measure_begin_round(m, &w[1], STATS_CANDIDATE) ? -1 : 0;
}

/*
 * Inputs [first, first + n) once on both sides: seconds of their calls in spent[side]. 1 when they
 * ran, 0 when the original could not run one of them, which is skipped from now on (and the rounds
 * begun anew); -1 when only the candidate could not.
 */
static int try_inputs(struct measure *m, struct bench_worker *w, int first, int n, double *spent)
{
	cf_autofree int *order = cf_calloc((size_t)n, sizeof(int));
	size_t skipped = json_object_size(m->skipped);

	for (int i = 0; i < n; i++)
		order[i] = first + i;
	json_auto_t *op = measure_pass_over(m, order, n, 1);

	for (int c = 0; c < 2; c++) {
		json_auto_t *answer = NULL;
		const char *key;
		json_t *time;
		int64_t call;

		if (measure_ask(m, &w[c], c ? STATS_CANDIDATE : STATS_ORIGINAL, op, measure_pass_timeout(m, n, 1), &answer,
			    &call)) {
			if (call < 0 || c)
				return -1;
			skip(m, call, w[c].why);
			w[c].why[0] = '\0';
			return begin_both(m, w);
		}
		measure_note_skipped(m, answer);
		json_object_foreach(json_object_get(answer, "ns"), key, time) {
			double s = json_number_value(time) / 1e9;

			spent[c] += s;
			if (s > m->call_s)
				m->call_s = s;
		}
	}
	return json_object_size(m->skipped) == skipped;
}

/* How long a pass, or what surrounds it, takes on both sides: in seconds, of the wall. */
static int time_pass(struct measure *m, struct bench_worker *w, double *pass, double *around)
{
	cf_autofree int *order = cf_calloc((size_t)m->n, sizeof(int));
	json_auto_t *op = NULL;
	uint64_t t0 = cf_now_ns(), t1;
	int64_t call;

	for (int i = 0; i < m->n; i++)
		order[i] = i;
	op = measure_pass_over(m, order, m->n, 1);
	if (begin_both(m, w))
		return -1;
	*around = (double)(cf_now_ns() - t0) / 1e9;
	for (int i = 0; i < 4; i++) {
		t1 = cf_now_ns();
		for (int c = 0; c < 2; c++) {
			json_auto_t *answer = NULL;

			if (measure_ask(m, &w[c], c ? STATS_CANDIDATE : STATS_ORIGINAL, op,
				    measure_pass_timeout(m, m->n, 1), &answer, &call))
				return -1;
		}
		double s = (double)(cf_now_ns() - t1) / 1e9;

		/* the first one meets the inputs for the first time */
		if (i == 1 || (i > 1 && s < *pass))
			*pass = s;
	}
	return 0;
}

/* The inputs to measure: all that can be run, or as many as one pass has time for. */
static int find_inputs(struct measure *m, struct bench_worker *w, double *spent)
{
	double most = m->o->budget / 30; /* for one pass over them on both sides */
	int tried = 0;

	if (begin_both(m, w))
		return -1;
	for (int n = 1; tried < m->n; n *= 2) {
		int all = m->n;

		if (n > m->n - tried)
			n = m->n - tried;
		int did = try_inputs(m, w, tried, n, spent);

		if (did < 0)
			return -1;
		if (!did) {
			measure_drop_skipped(m);
			if (m->n == all)
				return measure_fail(m, "the original's worker failed at a call it was not given");
			n = 1;
			continue;
		}
		tried += n;
		if ((spent[0] + spent[1]) / 2 * (tried + 2 * n) / tried > most)
			break;
	}
	m->n = tried;
	if (!m->n)
		return measure_fail(m, "no recorded call of it can be run: %s",
			json_object_size(m->skipped)
				? json_string_value(json_object_iter_value(json_object_iter(m->skipped)))
				: "the trace has none");
	return 0;
}

/*
 * How many passes: a group is to take a twentieth of the budget, so that both phases get
 * enough processes, and each round enough passes to meet an undisturbed moment. What runs for long
 * is measured less often, down to one round of one pass, and on fewer inputs.
 */
int measure_plan(struct measure *m, struct bench_worker *w, double starting)
{
	double spent[2] = {0}, pass = 0, around = 0, repeated = 0;

	if (find_inputs(m, w, spent))
		return -1;
	for (int i = 0; i < m->n; i++) {
		const struct trace_call *c = &m->job[0].calls[m->input[i]];

		m->weight[i] = c->weight > 0 ? (double)c->weight : 1;
		m->fresh[i] = c->fresh > 0 && c->fresh < c->weight ? (double)c->fresh : m->weight[i];
		repeated += m->weight[i] - m->fresh[i];
	}
	double once = 2 * spent[0] + spent[1];

	if (once * 6 > fmax(3 * m->o->budget, 60))
		return measure_fail(m, "one call takes %.1f s: raise --budget to %.0f or more", m->call_s,
			ceil(once * 2));
	m->plan_rounds = m->plan_passes = m->plan_inner = 1;
	/* the first execution of a long call is all there is to know, and nothing blurs it */
	if (once > m->o->budget / 100 && spent[0] > 0.05 && !repeated) {
		m->plan_rounds = (int)fmin(MAX_ROUNDS, m->o->budget / 20 / once);
		if (m->plan_rounds < 1)
			m->plan_rounds = 1;
		return 0;
	}
	if (time_pass(m, w, &pass, &around))
		return -1;
	/* three sides are measured, two were timed */
	pass *= 1.5;
	around *= 1.5;
	double room = fmax(m->o->budget / 20 - starting, m->o->budget / 40);

	double passes = (room - around) / pass;

	/* a busy machine makes everything around the calls slow: no reason to spare the calls */
	if (passes < MIN_PASSES && pass * MIN_PASSES < room)
		passes = MIN_PASSES;
	m->plan_passes = passes < 2 ? 2 : passes > MAX_PASSES ? MAX_PASSES : (int)passes;
	if (passes > 2 * MAX_PASSES)
		m->plan_inner = (int)fmin(MAX_INNER, passes / MAX_PASSES);
	return 0;
}
