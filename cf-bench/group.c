/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group of three fresh processes, the original twice and the candidate once, which answer rounds in
 * random order; and whether what they do there is the same.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cf-bench/measure.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"

/* In two orders of a few elements one may by chance be in the same place. */
#define OTHER_SEEDS 4

/* --- times ------------------------------------------------------------------------------------ */

/* The times of a group as they come: [((side * rounds + round) * passes + pass) * inputs + input]. */
static double *times_of(const struct measure *m, double *times, int side, int round, int pass)
{
	return &times[(((size_t)side * m->rounds + round) * m->passes + pass) * m->n];
}

/* What the workers answered to a pass, on one side. */
struct pass_times {
	json_t *ns, *lazy; /* {call: ns}; how much of it went into what came back lazily */
};

/* Fills times[inputs]; the weighted sum, or -1 when one is missing. */
static double take_pass(struct measure *m, const struct pass_times *p, int side, double *times)
{
	double sum = 0;

	for (int i = 0; i < m->n; i++) {
		struct call_key key = measure_key_of(m, i);

		times[i] = measure_time_of(p->ns, &key);
		if (times[i] < 0)
			return -1;
		sum += m->weight[i] * times[i];
		m->lazy[side] += m->weight[i] * cf_json_real(p->lazy, key.text, 0);
	}
	m->all[side] += sum;
	return sum;
}

/* Whether what a side remembers outlives its rounds, on a disk or in another process: then only the
 * first of them had first executions. */
static bool outlives(const struct measure *m, double *times, int side)
{
	cf_autofree double *later = cf_calloc((size_t)m->rounds, sizeof(double));
	double once = 0, again = 0;

	for (int i = 0; i < m->n && m->rounds > 1; i++) {
		for (int r = 1; r < m->rounds; r++)
			later[r - 1] = times_of(m, times, side, r, 0)[i];
		once += m->weight[i] * times_of(m, times, side, 0, 0)[i];
		again += m->weight[i] * stats_cost(later, m->rounds - 1, NULL, 0).cold;
	}
	return once > 1.5 * again;
}

/* What the times say of every input on every side. */
static void fill_costs(const struct measure *m, double *times, struct stats_group *g)
{
	bool stale = outlives(m, times, STATS_CANDIDATE) && !outlives(m, times, STATS_ORIGINAL);
	cf_autofree double *first = cf_calloc((size_t)m->rounds, sizeof(double));
	cf_autofree double *later = cf_calloc((size_t)m->rounds * m->passes, sizeof(double));

	for (int side = 0; side < STATS_SIDES; side++)
		for (int i = 0; i < m->n; i++) {
			int n = 0;

			for (int r = 0; r < m->rounds; r++) {
				first[r] = times_of(m, times, side, r, 0)[i];
				for (int p = r && stale ? 0 : 1; p < m->passes; p++)
					later[n++] = times_of(m, times, side, r, p)[i];
			}
			g->cost[side * m->n + i] = stats_cost(first, stale ? 1 : m->rounds, later, n);
		}
	for (int side = 0; side < STATS_SIDES; side++)
		g->lazy[side] = m->all[side] > 0 ? m->lazy[side] / m->all[side] : 0;
}

void measure_write_csv(const struct measure *m, const double *times, int phase, int group, int round,
	int pass, int side, int position, int inner)
{
	static const char *const names[] = {"original", "original again", "candidate"};

	for (int i = 0; i < m->n; i++)
		if (times[i] >= 0)
			fprintf(m->o->csv, "%s,%d,%d,%d,%d,%s,%d,%lld,%.0f,%.0f,%d,%.2f\n", m->id, phase,
				group, round, pass, names[side], position, (long long)measure_call_id(m, i),
				m->weight[i], m->fresh[i], inner, times[i]);
}

/* Times some of a pass's inputs on one side. */
static int part_of_pass(struct measure *m, struct bench_worker *w, int side, const int *order, int n,
	int inner, struct pass_times *times)
{
	json_auto_t *op = measure_pass_over(m, order, n, inner), *answer = NULL;
	int64_t call;

	if (!n)
		return 0;
	if (measure_ask(m, w, side, op, measure_pass_timeout(m, n, inner), &answer, &call))
		return -1;
	json_object_update(times->ns, json_object_get(answer, "ns"));
	json_object_update(times->lazy, json_object_get(answer, "lazy_ns"));
	return 0;
}

/* --- results ---------------------------------------------------------------------------------- */

/* An execution whose result is to be compared. */
struct sample {
	int at;    /* place in the pass's order; -1: none of this pass */
	int which; /* of the executions of that input */
};

/*
 * Any execution may be the one, and the worker learns which only when all that it can change about
 * it is over. Half of them are drawn by what they count for, so that what matters is looked at most,
 * however many inputs there are.
 */
static struct sample draw(struct measure *m, const int *order, int inner)
{
	bool by_cost = stats_below(&m->rng, 2);
	double u = stats_unit(&m->rng), sum = 0;
	struct sample s = {.at = (int)(u * m->n), .which = stats_below(&m->rng, inner)};

	for (int i = 0; i < m->n; i++)
		sum += m->weight[i] * m->cost[i];
	if (by_cost && sum > 0) {
		u *= sum;
		for (s.at = 0; s.at < m->n - 1; s.at++)
			if ((u -= m->weight[order[s.at]] * m->cost[order[s.at]]) < 0)
				break;
	}
	return s;
}

/* Results are compared in every group, unless they are so large that it would take the budget; and as
 * often as a tenth of the time allows. */
static bool check_is_due(const struct measure *m, int pass_of_group)
{
	double all = (double)(cf_now_ns() - m->start_ns) / 1e9;

	if (pass_of_group == m->check_at)
		return !m->checked || m->check_s < m->o->budget / 2;
	return m->check_s < 0.1 * all;
}

/* What an execution of the latest pass's last input came to. Returns new; NULL with m->why. */
static struct value *result_of(struct measure *m, struct bench_worker *w, int side, int input, int which)
{
	json_auto_t *op = json_pack("{s:s, s:i}", "op", "results", "which", which), *answer = NULL;
	const char *why = NULL;
	struct value *v;
	int64_t call;

	if (measure_ask(m, w, side, op, CALIBRATION_TIMEOUT_S + 20 * m->call_s, &answer, &call))
		return NULL;
	if (cf_json_int(answer, "call", -1) != measure_call_id(m, input)) {
		measure_fail(m, "the %s's worker told of another call than was asked for", measure_side_name(side));
		return NULL;
	}
	if (!(v = check_decode(answer, &why)))
		measure_fail(m, "the %s's result cannot be read: %s", measure_side_name(side), why);
	return v;
}

/* The original's result in a process of its own. Returns new; NULL with m->why. */
static struct value *elsewhere(struct measure *m, int input, int inner, int which, unsigned seed)
{
	struct bench_worker w = BENCH_WORKER_INIT;
	struct worker_job job = m->job[0];
	json_auto_t *ns = json_object(), *lazy = json_object();
	struct pass_times unused = {ns, lazy};
	struct value *v = NULL;

	job.seed = seed;
	job.call_timeout_s = 10 + 20 * m->call_s;
	if (bench_worker_start(&w, &job))
		measure_fail(m, "%s", w.why);
	else if (!measure_await_ready(m, &w, STATS_ORIGINAL, NULL) && !measure_begin_round(m, &w, STATS_ORIGINAL) &&
		!part_of_pass(m, &w, STATS_ORIGINAL, &input, 1, inner, &unused))
		v = result_of(m, &w, STATS_ORIGINAL, input, which);
	bench_worker_end(&w);
	return v;
}

/* Before a difference counts: the original under other seeds, and at another time, where a clock of
 * seconds has moved on, with other addresses. */
static enum check_answer second_opinion(struct measure *m, int input, int inner, int which,
	struct value *const side[STATS_SIDES], char *why, size_t size)
{
	struct check_input *in = &m->known[m->input[input]];
	struct timespec pause = {1, 100000000};
	unsigned seed = (unsigned)(m->o->seed + m->groups);
	enum check_answer answer = CHECK_DIFFERENT;
	struct value *other[OTHER_SEEDS], *later;
	int n = 0;
	bool same;

	bench_any_machine();
	while (n < OTHER_SEEDS &&
		(other[n] = elsewhere(m, input, inner, which, seed + 1 + (unsigned)n)))
		n++;
	same = n == OTHER_SEEDS && check_order(in, side, other, n, m->o->float_rel);
	while (n)
		value_free(other[--n]);
	if (same)
		return CHECK_SAME;
	nanosleep(&pause, NULL);
	later = elsewhere(m, input, inner, which, seed);
	if (later)
		answer = check_later(in, side, later, m->o->float_rel, why, size);
	value_free(later);
	return answer;
}

/* -1 with m->why when the candidate did something else. */
static int compare_results(
	struct measure *m, int input, int inner, int which, struct value *const side[STATS_SIDES])
{
	char why[300] = "";
	enum check_answer answer = check_results(
		&m->known[m->input[input]], side, m->o->float_rel, why, sizeof(why));

	if (answer == CHECK_DIFFERENT)
		answer = second_opinion(m, input, inner, which, side, why, sizeof(why));
	if (answer == CHECK_DIFFERENT)
		return measure_fail(m, "in the bench it did something else: %s on call %lld", why,
			(long long)measure_call_id(m, input));
	if (answer == CHECK_CANNOT) {
		json_t *text = cf_json_text(why, strlen(why));
		const char *key = json_string_value(text);

		json_object_set_new(
			m->unchecked, key, json_integer(cf_json_int(m->unchecked, key, 0) + 1));
		json_decref(text);
	}
	m->checked += answer == CHECK_SAME;
	return 0;
}

/* --- a group ---------------------------------------------------------------------------------- */

static int run_pass(struct measure *m, struct bench_worker *w, int phase, double *times, int round,
	int pass, const int *order)
{
	int sides[STATS_SIDES] = {STATS_ORIGINAL, STATS_AGAIN, STATS_CANDIDATE};
	int inner = pass ? m->inner : 1; /* an input is new only once */
	double sum[STATS_SIDES];
	struct value *result[STATS_SIDES] = {NULL};
	struct sample s = draw(m, order, inner);
	bool check = check_is_due(m, round * m->passes + pass);
	/* a worker can tell of the last input it was given: there the pass is cut in two */
	int first = check ? s.at + 1 : m->n, bad = 0;

	stats_shuffle(&m->rng, sides, STATS_SIDES);
	for (int k = 0; k < STATS_SIDES && !bad; k++) {
		int side = sides[k];
		json_auto_t *ns = json_object(), *lazy = json_object();
		struct pass_times said = {ns, lazy};
		double *mine = times_of(m, times, side, round, pass);

		bad = part_of_pass(m, &w[side], side, order, first, inner, &said);
		if (check && !bad) {
			uint64_t start = cf_now_ns();

			result[side] = result_of(m, &w[side], side, order[s.at], s.which);
			bad = result[side] ? 0 : -1;
			m->check_s += (double)(cf_now_ns() - start) / 1e9;
		}
		if (!bad)
			bad = part_of_pass(
				m, &w[side], side, order + first, m->n - first, inner, &said);
		if (bad)
			break;
		sum[side] = take_pass(m, &said, side, mine);
		if (sum[side] < 0)
			bad = measure_fail(m, "the %s's worker left out a time", measure_side_name(side));
		else if (m->o->csv)
			measure_write_csv(m, mine, phase, m->groups, round, pass, side, k, inner);
		for (int i = 0; i < m->n && side == STATS_ORIGINAL; i++)
			m->cost[i] = mine[i];
	}
	if (check && !bad) {
		uint64_t start = cf_now_ns();

		bad = compare_results(m, order[s.at], inner, s.which, result);
		m->check_s += (double)(cf_now_ns() - start) / 1e9;
	}
	for (int side = 0; side < STATS_SIDES; side++)
		value_free(result[side]);
	if (bad)
		return -1;
	json_array_append_new(m->raw,
		json_pack("[i, i, i, i, I, I, I]", phase, m->groups, round, pass,
			(json_int_t)llround(sum[STATS_ORIGINAL]), (json_int_t)llround(sum[STATS_AGAIN]),
			(json_int_t)llround(sum[STATS_CANDIDATE])));
	m->pairs++;
	return 0;
}

static int run_round(struct measure *m, struct bench_worker *w, int phase, struct stats_group *g,
	double *times, int round)
{
	cf_autofree int *order = cf_calloc((size_t)m->n, sizeof(int));

	for (int side = 0; side < STATS_SIDES; side++)
		if (measure_begin_round(m, &w[side], side))
			return -1;
	for (int i = 0; i < m->n; i++)
		order[i] = i;
	for (int pass = 0; pass < m->passes; pass++) {
		/* the same order for all three: an input's place in it has a price */
		stats_shuffle(&m->rng, order, m->n);
		if (run_pass(m, w, phase, times, round, pass, order))
			return -1;
	}
	for (int side = 0; side < STATS_SIDES; side++) {
		json_auto_t *answer = NULL;

		if (measure_end_round(m, &w[side], side, &answer))
			return -1;
		int64_t peak = cf_json_int(answer, "peak_bytes", 0);
		int threads = (int)cf_json_int(answer, "threads", 0);

		if (peak > g->peak[side])
			g->peak[side] = peak;
		if (threads > g->threads[side])
			g->threads[side] = threads;
	}
	return 0;
}

/* Where something remembers, first executions are wanted, and there is one a round. */
static void choose_runs(struct measure *m, bool remembered)
{
	m->rounds = m->plan_rounds;
	m->passes = m->plan_passes;
	m->inner = m->plan_inner;
	if (remembered && m->passes > 2) {
		m->rounds = MAX_ROUNDS;
		m->passes = 2;
		m->inner = 1;
	}
}

int measure_start_group(struct measure *m, struct bench_worker *w, int64_t *import_ns)
{
	int start[STATS_SIDES] = {STATS_ORIGINAL, STATS_AGAIN, STATS_CANDIDATE};

	stats_shuffle(&m->rng, start, STATS_SIDES);
	bench_same_machine(&m->rng);
	for (int k = 0; k < STATS_SIDES; k++) {
		struct worker_job job = m->job[start[k] == STATS_CANDIDATE];

		/* a group shares its hash seed, so that the order of sets is no difference */
		job.seed = (unsigned)(m->o->seed + m->groups + m->other.groups);
		job.call_timeout_s = 10 + 20 * m->call_s;
		if (bench_worker_start(&w[start[k]], &job))
			return measure_fail(m, "%s", w[start[k]].why);
	}
	for (int side = 0; side < STATS_SIDES; side++)
		if (measure_await_ready(m, &w[side], side, import_ns ? &import_ns[side] : NULL))
			return -1;
	return 0;
}

void measure_end_group(struct bench_worker *w)
{
	for (int side = 0; side < STATS_SIDES; side++)
		bench_worker_end(&w[side]);
	bench_any_machine();
}

int measure_group(void *arg, int phase, bool remembered, struct stats_group *g)
{
	struct measure *m = arg;

	choose_runs(m, remembered);
	struct bench_worker w[STATS_SIDES] = {
		BENCH_WORKER_INIT, BENCH_WORKER_INIT, BENCH_WORKER_INIT};
	size_t runs = (size_t)STATS_SIDES * m->rounds * m->passes;
	cf_autofree double *times = cf_calloc(runs * m->n, sizeof(*times));

	g->cost = cf_calloc((size_t)STATS_SIDES * m->n, sizeof(*g->cost));
	for (int side = 0; side < STATS_SIDES; side++)
		m->lazy[side] = m->all[side] = 0;
	m->groups++;
	m->check_at = stats_below(&m->rng, m->rounds * m->passes);
	int bad = measure_start_group(m, w, g->import_ns);

	for (int r = 0; r < m->rounds && !bad; r++)
		bad = run_round(m, w, phase, g, times, r);
	if (!bad)
		fill_costs(m, times, g);
	measure_end_group(w);
	return bad;
}
