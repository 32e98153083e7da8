/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One candidate: groups of three fresh processes (the original twice, the candidate once) answer
 * rounds in random order. What the times mean is lib/stats.c's to say.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cf-bench/bench.h"
#include "cf-bench/check.h"
#include "cf-bench/worker.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/plugin.h"
#include "lib/process.h"
#include "lib/source.h"
#include "lib/trace.h"

/* Where first executions are what counts; else one round a process. */
#define MAX_ROUNDS 5
#define MIN_PASSES 8
#define MAX_PASSES 20
#define MAX_INNER 50
#define CALIBRATION_TIMEOUT_S 60.0
/* In two orders of a few elements one may by chance be in the same place. */
#define OTHER_SEEDS 4
/* Of processes that run inputs like the recorded ones; after a gain of so much, as knowing the answers
 * makes: of less they are too few to tell, and the time is better spent on the gain itself. */
#define OTHER_GROUPS 4
#define OTHER_FROM 1.1
/* More than a sandbox's usual limit: with the stack's limit that machine.c draws, every thread of the
 * code under test reserves 128 MB of it. */
#define ADDRESS_SPACE ((size_t)24 << 30)

/* How the candidate fares on inputs like the recorded ones. */
struct other {
	bool looked;
	int groups, inputs, variant; /* done; inputs with a part to change; numbers given out */
	double recorded[OTHER_GROUPS], changed[OTHER_GROUPS]; /* logs of ratios */
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

static int fail(struct measure *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(struct measure *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(m->why, sizeof(m->why), fmt, args);
	va_end(args);
	return -1;
}

static int64_t call_id(const struct measure *m, int input)
{
	return m->job[0].calls[m->input[input]].id;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static const char *side_name(int side)
{
	return side == STATS_CANDIDATE ? "candidate" : "original";
}

/* The operation that runs these inputs once, in this order. Returns new. */
static json_t *pass_over(const struct measure *m, const int *order, int n, int inner)
{
	json_t *ids = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(ids, json_integer(call_id(m, order[i])));
	return json_pack("{s:s, s:o, s:i}", "op", "pass", "order", ids, "inner", inner);
}

/* How long a pass may take before its worker is given up. */
static double pass_timeout(const struct measure *m, int n, int inner)
{
	return CALIBRATION_TIMEOUT_S + 20 * m->call_s * n * inner;
}

/* Sends one operation and waits. -1 with m->why; *call says at which call, or -1. */
static int ask(struct measure *m, struct bench_worker *w, int side, const json_t *op, double timeout,
	json_t **answer, int64_t *call)
{
	*call = -1;
	if (bench_worker_ask(w, op) || bench_worker_answer(w, timeout, answer, call))
		return fail(m, "the %s: %s", side_name(side), w->why);
	return 0;
}

static int begin_round(struct measure *m, struct bench_worker *w, int side)
{
	json_auto_t *op = json_pack("{s:s}", "op", "begin"), *answer = NULL;
	int64_t call;

	return ask(m, w, side, op, CALIBRATION_TIMEOUT_S, &answer, &call);
}

static int end_round(struct measure *m, struct bench_worker *w, int side, json_t **answer)
{
	json_auto_t *op = json_pack("{s:s}", "op", "end");
	int64_t call;

	return ask(m, w, side, op, CALIBRATION_TIMEOUT_S, answer, &call);
}

/* --- calibration ------------------------------------------------------------------------------ */

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

static void drop_skipped(struct measure *m)
{
	int n = 0;

	for (int i = 0; i < m->n; i++)
		if (!is_skipped(m, call_id(m, i)))
			m->input[n++] = m->input[i];
	m->n = n;
}

static void note_skipped(struct measure *m, const json_t *answer)
{
	const char *key;
	json_t *reason;

	json_object_foreach(json_object_get(answer, "skipped"), key, reason)
		json_object_set(m->skipped, key, reason);
}

static int begin_both(struct measure *m, struct bench_worker *w)
{
	return begin_round(m, &w[0], STATS_ORIGINAL) || begin_round(m, &w[1], STATS_CANDIDATE) ? -1 : 0;
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
	json_auto_t *op = pass_over(m, order, n, 1);

	for (int c = 0; c < 2; c++) {
		json_auto_t *answer = NULL;
		const char *key;
		json_t *time;
		int64_t call;

		if (ask(m, &w[c], c ? STATS_CANDIDATE : STATS_ORIGINAL, op, pass_timeout(m, n, 1), &answer,
			    &call)) {
			if (call < 0 || c)
				return -1;
			skip(m, call, w[c].why);
			w[c].why[0] = '\0';
			return begin_both(m, w);
		}
		note_skipped(m, answer);
		json_object_foreach(json_object_get(answer, "ns"), key, time) {
			double s = json_number_value(time) / 1e9;

			spent[c] += s;
			if (s > m->call_s)
				m->call_s = s;
		}
	}
	return json_object_size(m->skipped) == skipped;
}

/* Waits until a worker can take operations. */
static int await_ready(struct measure *m, struct bench_worker *w, int side, int64_t *import_ns)
{
	json_auto_t *answer = NULL;
	int64_t call;

	if (bench_worker_answer(w, CALIBRATION_TIMEOUT_S, &answer, &call))
		return fail(m, "the %s: %s", side_name(side), w->why);
	if (import_ns)
		*import_ns = cf_json_int(answer, "import_ns", 0);
	note_skipped(m, answer);
	return 0;
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
	op = pass_over(m, order, m->n, 1);
	if (begin_both(m, w))
		return -1;
	*around = (double)(cf_now_ns() - t0) / 1e9;
	for (int i = 0; i < 4; i++) {
		t1 = cf_now_ns();
		for (int c = 0; c < 2; c++) {
			json_auto_t *answer = NULL;

			if (ask(m, &w[c], c ? STATS_CANDIDATE : STATS_ORIGINAL, op,
				    pass_timeout(m, m->n, 1), &answer, &call))
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
			drop_skipped(m);
			if (m->n == all)
				return fail(m, "the original's worker failed at a call it was not given");
			n = 1;
			continue;
		}
		tried += n;
		if ((spent[0] + spent[1]) / 2 * (tried + 2 * n) / tried > most)
			break;
	}
	m->n = tried;
	if (!m->n)
		return fail(m, "no recorded call of it can be run: %s",
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
static int plan(struct measure *m, struct bench_worker *w, double starting)
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
		return fail(m, "one call takes %.1f s: raise --budget to %.0f or more", m->call_s,
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

/* --- groups ----------------------------------------------------------------------------------- */

static double elapsed(void *arg)
{
	const struct measure *m = arg;

	return (double)(cf_now_ns() - m->start_ns) / 1e9;
}

/* The times of a group as they come: [((side * rounds + round) * passes + pass) * inputs + input]. */
static double *times_of(const struct measure *m, double *times, int side, int round, int pass)
{
	return &times[(((size_t)side * m->rounds + round) * m->passes + pass) * m->n];
}

struct call_key {
	char text[24];
};

static struct call_key key_of(const struct measure *m, int input)
{
	struct call_key key;

	snprintf(key.text, sizeof(key.text), "%lld", (long long)call_id(m, input));
	return key;
}

/* ns of an input in an answer; -1 when it is missing. */
static double time_of(const json_t *ns, const struct call_key *key)
{
	double t = cf_json_real(ns, key->text, -1);

	return !(t >= 0) ? -1 : t < 1 ? 1 : t; /* a clock that did not move */
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
		struct call_key key = key_of(m, i);

		times[i] = time_of(p->ns, &key);
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

static void write_csv(const struct measure *m, const double *times, int phase, int group, int round,
	int pass, int side, int position, int inner)
{
	static const char *const names[] = {"original", "original again", "candidate"};

	for (int i = 0; i < m->n; i++)
		if (times[i] >= 0)
			fprintf(m->o->csv, "%s,%d,%d,%d,%d,%s,%d,%lld,%.0f,%.0f,%d,%.2f\n", m->id, phase,
				group, round, pass, names[side], position, (long long)call_id(m, i),
				m->weight[i], m->fresh[i], inner, times[i]);
}

/* Times some of a pass's inputs on one side. */
static int part_of_pass(struct measure *m, struct bench_worker *w, int side, const int *order, int n,
	int inner, struct pass_times *times)
{
	json_auto_t *op = pass_over(m, order, n, inner), *answer = NULL;
	int64_t call;

	if (!n)
		return 0;
	if (ask(m, w, side, op, pass_timeout(m, n, inner), &answer, &call))
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

	if (ask(m, w, side, op, CALIBRATION_TIMEOUT_S + 20 * m->call_s, &answer, &call))
		return NULL;
	if (cf_json_int(answer, "call", -1) != call_id(m, input)) {
		fail(m, "the %s's worker told of another call than was asked for", side_name(side));
		return NULL;
	}
	if (!(v = check_decode(answer, &why)))
		fail(m, "the %s's result cannot be read: %s", side_name(side), why);
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
		fail(m, "%s", w.why);
	else if (!await_ready(m, &w, STATS_ORIGINAL, NULL) && !begin_round(m, &w, STATS_ORIGINAL) &&
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
		return fail(m, "in the bench it did something else: %s on call %lld", why,
			(long long)call_id(m, input));
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
			bad = fail(m, "the %s's worker left out a time", side_name(side));
		else if (m->o->csv)
			write_csv(m, mine, phase, m->groups, round, pass, side, k, inner);
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
		if (begin_round(m, &w[side], side))
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

		if (end_round(m, &w[side], side, &answer))
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

/* Starts the three workers of a group under one set of conditions and waits until they can work. */
static int start_group(struct measure *m, struct bench_worker *w, int64_t *import_ns)
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
			return fail(m, "%s", w[start[k]].why);
	}
	for (int side = 0; side < STATS_SIDES; side++)
		if (await_ready(m, &w[side], side, import_ns ? &import_ns[side] : NULL))
			return -1;
	return 0;
}

static void end_group(struct bench_worker *w)
{
	for (int side = 0; side < STATS_SIDES; side++)
		bench_worker_end(&w[side]);
	bench_any_machine();
}

static int measure_group(void *arg, int phase, bool remembered, struct stats_group *g)
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
	int bad = start_group(m, w, g->import_ns);

	for (int r = 0; r < m->rounds && !bad; r++)
		bad = run_round(m, w, phase, g, times, r);
	if (!bad)
		fill_costs(m, times, g);
	end_group(w);
	return bad;
}

/* --- inputs like the recorded ones ------------------------------------------------------------- */

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
	json_auto_t *op = pass_over(m, order, m->n, 1);
	bool lost[STATS_SIDES] = {false};

	if (variant)
		json_object_set_new(op, "variant", json_integer(variant));
	stats_shuffle(&m->rng, sides, STATS_SIDES);
	for (int k = 0; k < STATS_SIDES; k++) {
		int side = sides[k];
		json_auto_t *answer = NULL;
		int64_t call;

		/* the others are asked all the same: whose fault it is, they show */
		lost[side] = ask(m, &w[side], side, op, pass_timeout(m, m->n, 1), &answer, &call) < 0;
		for (int i = 0; i < m->n; i++) {
			struct call_key key = key_of(m, i);
			bool had = !variant ||
				json_is_true(json_object_get(json_object_get(answer, "changed"), key.text));

			times[side][i] = had ? time_of(json_object_get(answer, "ns"), &key) : -1;
		}
		if (m->o->csv)
			write_csv(m, times[side], 3, m->groups + m->other.groups, round, variant, side, k,
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
		if (begin_round(m, &w[side], side))
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

		if (end_round(m, &w[side], side, &answer))
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
	int had = start_group(m, w, NULL) ? 0 : 1;

	for (int r = 0; r < rounds && had > 0; r++)
		had = other_round(m, w, &t, r);
	end_group(w);
	if (had > 0 && !other_ratios(m, &t, &m->other.recorded[m->other.groups],
			       &m->other.changed[m->other.groups])) {
		fail(m, "no input has a part that can be changed");
		had = 0;
	}
	m->other.groups += had > 0;
	return had;
}

/*
 * A candidate that knows the recorded inputs, or has done their work beforehand, is faster on them
 * only. -1 with m->why when it cannot run at all on inputs like them.
 */
static int check_others(struct measure *m, struct stats_result *r)
{
	struct other *o = &m->other;

	while (o->groups < OTHER_GROUPS) {
		int had = other_group(m);

		if (had < 0) {
			cf_autofree char *why = cf_strdup(m->why);

			return fail(m, "on an input like the recorded ones: %.400s", why);
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

/* --- the record ------------------------------------------------------------------------------- */

static json_t *unmeasured(const char *why)
{
	json_t *m = json_object();

	json_object_set_new(m, "decision", json_string("unmeasured"));
	json_object_set_new(m, "reason", cf_json_text(why, strlen(why)));
	return m;
}

/* JSON has no infinity: what is not known is null. */
static json_t *number(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

static json_t *fresh_json(const struct other *o)
{
	const struct stats_fresh *f = &o->result;
	json_t *out = json_pack("{s:i, s:o, s:o, s:o, s:o}", "inputs", o->inputs, "recorded",
		number(f->recorded.estimate), "speedup", number(f->fresh.estimate), "low",
		number(f->fresh.low), "high", number(f->fresh.high));

	if (o->why[0])
		json_object_set_new(out, "reason", cf_json_text(o->why, strlen(o->why)));
	return out;
}

static json_t *result_json(const struct measure *m, const struct stats_result *r)
{
	json_t *out = json_object(), *inputs = json_array(), *groups = json_array();

	json_object_set_new(out, "decision", json_string(stats_decision_name(r->decision)));
	json_object_set_new(out, "speedup", number(r->speedup.estimate));
	json_object_set_new(out, "low", number(r->speedup.low));
	json_object_set_new(out, "high", number(r->speedup.high));
	json_object_set_new(out, "confidence", json_real(m->o->confidence));
	json_object_set_new(out, "alpha", json_real(r->alpha));
	json_object_set_new(out, "floor",
		json_pack("{s:o, s:o}", "low", number(r->floor.low), "high", number(r->floor.high)));
	json_object_set_new(out, "pairs", json_integer(m->pairs));
	json_object_set_new(out, "processes", json_integer(m->groups));
	json_object_set_new(out, "original_ns", json_integer(llround(r->original)));
	json_object_set_new(out, "candidate_ns", json_integer(llround(r->candidate)));
	for (int i = 0; i < m->n; i++) {
		const struct stats_input *in = &r->input[i];

		json_array_append_new(inputs,
			json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "call", (json_int_t)call_id(m, i),
				"weight", (json_int_t)m->weight[i], "original_ns",
				(json_int_t)llround(in->original), "candidate_ns",
				(json_int_t)llround(in->candidate), "speedup",
				number(in->ratio.estimate), "low", number(in->ratio.low), "high",
				number(in->ratio.high)));
	}
	json_object_set_new(out, "per_input", inputs);
	json_object_set_new(out, "inputs",
		json_pack("{s:i, s:i}", "measured", m->n, "recorded", m->of));
	if (json_object_size(m->skipped))
		json_object_set(out, "skipped", m->skipped);
	json_object_set_new(out, "checked",
		json_pack("{s:i, s:O}", "compared", m->checked, "not_compared", m->unchecked));
	json_object_set_new(out, "memory",
		json_pack("{s:I, s:I}", "original_bytes", (json_int_t)r->peak[0], "candidate_bytes",
			(json_int_t)r->peak[1]));
	json_object_set_new(out, "import",
		json_pack("{s:I, s:I}", "original_ns", (json_int_t)r->import_ns[0], "candidate_ns",
			(json_int_t)r->import_ns[1]));
	json_object_set_new(out, "caching", json_boolean(r->caching));
	json_object_set_new(out, "remembered", json_boolean(r->remembered));
	if (m->other.looked)
		json_object_set_new(out, "fresh", fresh_json(&m->other));
	json_object_set_new(out, "reason",
		r->reason[0] ? cf_json_text(r->reason, strlen(r->reason)) : json_null());
	json_object_set_new(out, "seed", json_integer(m->o->seed));
	json_object_set_new(out, "plan",
		json_pack("{s:i, s:i, s:i}", "rounds", m->plan_rounds, "passes",
			m->plan_passes, "inner", m->plan_inner));
	/* the interval is over these: a group's log ratios of original to candidate and to itself */
	for (int k = 0; k < r->data.n; k++) {
		const struct stats_effect *e = &r->effects[k];

		json_array_append_new(groups,
			json_pack("[b, f, f]", k >= r->first && k < r->first + r->groups, e->speedup,
				e->floor));
	}
	json_object_set_new(out, "groups", groups);
	json_object_set(out, "raw", m->raw);
	return out;
}

/* --- opening what a candidate names ------------------------------------------------------------ */

int bench_files_open(struct bench_files *f, const json_t *candidate, const char *root, char **why)
{
	const json_t *edits = json_object_get(candidate, "edits");

	*f = (struct bench_files){0};
	*why = NULL;
	if (edits_check(edits, root, why))
		return -1;
	f->texts = edits_apply(edits, root);
	if (!f->texts) {
		*why = cf_strdup("its edits cannot be applied");
		return -1;
	}
	size_t n = json_array_size(f->texts);

	f->original = cf_calloc(n ? n : 1, sizeof(*f->original));
	f->candidate = cf_calloc(n ? n : 1, sizeof(*f->candidate));
	for (size_t i = 0; i < n; i++) {
		json_t *text = json_array_get(f->texts, i), *body = json_object_get(text, "text");
		const char *path = cf_json_str(text, "path");
		cf_autobuf struct cf_buf now = CF_BUF_INIT;

		f->candidate[i] = (struct overlay_file){
			path, json_string_value(body), json_string_length(body)};
		/* the original's file is laid over too: both sides then find no compiled copy of it */
		if (edits_file(root, path, &now)) {
			*why = cf_asprintf("cannot read %s", path);
			bench_files_release(f);
			return -1;
		}
		f->original[i] = (struct overlay_file){path, NULL, now.len};
		f->original[i].data = cf_buf_detach(&now, NULL);
		f->n++;
	}
	return 0;
}

void bench_files_release(struct bench_files *f)
{
	for (int i = 0; i < f->n; i++)
		free((char *)f->original[i].data);
	free(f->original);
	free(f->candidate);
	json_decref(f->texts);
	*f = (struct bench_files){0};
}

/* The calls in random order, so that those that fit the budget are a fair choice. */
static void choose(struct measure *m, int n)
{
	m->n = m->of = n;
	m->input = cf_calloc((size_t)(n ? n : 1), sizeof(int));
	m->weight = cf_calloc((size_t)(n ? n : 1), sizeof(double));
	m->fresh = cf_calloc((size_t)(n ? n : 1), sizeof(double));
	m->cost = cf_calloc((size_t)(n ? n : 1), sizeof(double));
	m->known = cf_calloc((size_t)(n ? n : 1), sizeof(*m->known));
	for (int i = 0; i < n; i++)
		m->input[i] = i;
	stats_shuffle(&m->rng, m->input, n);
}

static double total_weight(const struct measure *m)
{
	double sum = 0;

	for (int i = 0; i < m->of; i++)
		sum += m->job[0].calls[i].weight > 0 ? (double)m->job[0].calls[i].weight : 1;
	return sum;
}

static json_t *measure(struct measure *m)
{
	struct bench_worker w[2] = {BENCH_WORKER_INIT, BENCH_WORKER_INIT};
	struct stats_result r = {0};
	int bad = 0;

	m->start_ns = cf_now_ns();
	for (int side = 0; side < 2 && !bad; side++) {
		struct worker_job job = m->job[side];

		job.call_timeout_s = CALIBRATION_TIMEOUT_S;
		if ((bad = bench_worker_start(&w[side], &job)))
			fail(m, "%s", w[side].why);
	}
	for (int side = 0; side < 2 && !bad; side++) {
		bad = await_ready(m, &w[side], side ? STATS_CANDIDATE : STATS_ORIGINAL, NULL);
		m->original_fails = bad && side == 0;
	}
	double starting = elapsed(m) * 1.5;

	if (!bad) {
		drop_skipped(m);
		bad = plan(m, w, starting);
	}
	for (int side = 0; side < 2; side++)
		bench_worker_end(&w[side]);
	if (!bad) {
		double calls = (double)m->job[0].function->calls, sampled = total_weight(m);
		struct stats_rules rules = {
			.confidence = m->o->confidence,
			.min_speedup = m->o->min_speedup,
			.budget_s = m->o->budget,
			.scale = calls > sampled ? calls / sampled : 1,
		};
		struct stats_source source = {measure_group, elapsed, m};

		bad = stats_measure(&rules, &source, m->n, m->weight, m->fresh, &r);
	}
	if (!bad && r.decision == STATS_FASTER && r.speedup.estimate >= OTHER_FROM)
		bad = check_others(m, &r);
	if (!bad && r.decision == STATS_FASTER && !m->checked) {
		const char *why = json_object_iter_key(json_object_iter(m->unchecked));

		bad = fail(m, "no result of a timed call could be compared: %s", why ? why : "none came");
	}
	json_t *out = bad ? unmeasured(m->why) : result_json(m, &r);

	stats_result_release(&r);
	return out;
}

json_t *bench_candidate(struct bench_opts *o, const json_t *candidate, enum cf_exit *status)
{
	const json_t *target = json_object_get(candidate, "target");
	const char *root = cf_json_str(target, "project_root");
	const char *trace_path = cf_json_str(target, "trace");
	const char *language = cf_json_str(target, "language");
	const char *known = cf_json_str(candidate, "id"), *label = known ? known : "?";
	int64_t id = cf_json_int(target, "function", -1);
	struct trace trace = {0};
	struct trace_function function = {0};
	struct trace_call *calls = NULL;
	struct bench_files files = {0};
	struct cf_plugin plugin = {0};
	json_t *out = NULL;
	cf_autofree char *why = NULL;
	int n = 0;

	*status = CF_USAGE; /* for what is wrong with the record; below it is put right again */
	if (!root || !trace_path || !language || id < 0) {
		cf_error("candidate %s: its target is not complete", label);
		return unmeasured("its target does not name project_root, trace, language and function");
	}
	cf_autofree char *path = cf_path_join(root, trace_path);
	struct measure m = {.o = o, .rng = {(uint64_t)o->seed}};

	m.id = label;
	if (trace_open(&trace, path, false))
		return unmeasured("its trace cannot be read");
	if (trace_function_get(&trace, id, &function) != 1) {
		cf_error("%s: has no function %lld", path, (long long)id);
		out = unmeasured("its trace has no such function");
	} else if (cf_plugin_find(&plugin, language)) {
		*status = CF_MISSING;
		out = unmeasured("no plugin for its language is installed");
	} else if (bench_files_open(&files, candidate, root, &why)) {
		cf_error("candidate %s: %s", label, why);
		out = unmeasured(why);
	} else if (trace_calls(&trace, id, (int)o->max_calls, &calls, &n)) {
		out = unmeasured("the calls in its trace cannot be read");
	}
	if (!out) {
		*status = CF_OK;
		const char *const hide[] = {trace.path, NULL};

		for (int side = 0; side < 2; side++)
			m.job[side] = (struct worker_job){.trace = &trace, .plugin = &plugin,
				.function = &function, .calls = calls, .ncalls = n,
				.seed = (unsigned)o->seed, .call_timeout_s = CALIBRATION_TIMEOUT_S,
				.box = {.project_root = root, .nfiles = files.n,
					.files = side ? files.candidate : files.original, .hide = hide,
					.allow_network = o->allow_network, .none = o->no_sandbox,
					.cpu_s = 3600, .memory_max = ADDRESS_SPACE}};
		m.skipped = json_object();
		m.raw = json_array();
		m.unchecked = json_object();
		choose(&m, n);
		out = measure(&m);
		if (m.original_fails) {
			cf_error("%s: %s", cf_json_str(target, "name") ? cf_json_str(target, "name") : label,
				m.why);
			*status = CF_PROGRAM;
		}
		free(m.input);
		free(m.weight);
		free(m.fresh);
		free(m.cost);
		for (int i = 0; i < n; i++)
			check_input_release(&m.known[i]);
		free(m.known);
		json_decref(m.unchecked);
		json_decref(m.skipped);
		json_decref(m.raw);
	}
	trace_calls_free(calls, n);
	bench_files_release(&files);
	cf_plugin_release(&plugin);
	trace_function_release(&function);
	trace_release(&trace);
	return out;
}
