/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One candidate: calibrated, measured in groups of fresh processes until lib/stats.c has decided, and
 * a gain looked at once more on inputs like the recorded ones.
 */
#include <stdlib.h>
#include <string.h>
#include "cf-bench/measure.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/plugin.h"
#include "lib/process.h"
#include "lib/trace.h"

/* A gain that is looked at once more: knowing the answers makes as much at least. Of less a few groups
 * are too few to tell, and the time is better spent on the gain itself. */
#define FRESH_FROM 1.1
/* More than a sandbox's usual limit: with the stack's limit that machine.c draws, every thread of the
 * code under test reserves 128 MB of it. */
#define ADDRESS_SPACE ((size_t)24 << 30)

static double elapsed(void *arg)
{
	const struct measure *m = arg;

	return (double)(cf_now_ns() - m->start_ns) / 1e9;
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
			measure_fail(m, "%s", w[side].why);
	}
	for (int side = 0; side < 2 && !bad; side++) {
		bad = measure_await_ready(m, &w[side], side ? STATS_CANDIDATE : STATS_ORIGINAL, NULL);
		m->original_fails = bad && side == 0;
	}
	double starting = elapsed(m) * 1.5;

	if (!bad) {
		measure_drop_skipped(m);
		bad = measure_plan(m, w, starting);
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
	if (!bad && r.decision == STATS_FASTER && r.speedup.estimate >= FRESH_FROM)
		bad = measure_check_fresh(m, &r);
	if (!bad && r.decision == STATS_FASTER && !m->checked) {
		const char *why = json_object_iter_key(json_object_iter(m->unchecked));

		bad = measure_fail(m, "no result of a timed call could be compared: %s", why ? why : "none came");
	}
	json_t *out = bad ? measure_none(m->why) : measure_json(m, &r);

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
		return measure_none("its target does not name project_root, trace, language and function");
	}
	cf_autofree char *path = cf_path_join(root, trace_path);
	struct measure m = {.o = o, .rng = {(uint64_t)o->seed}};

	m.id = label;
	if (trace_open(&trace, path, false))
		return measure_none("its trace cannot be read");
	if (trace_function_get(&trace, id, &function) != 1) {
		cf_error("%s: has no function %lld", path, (long long)id);
		out = measure_none("its trace has no such function");
	} else if (cf_plugin_find(&plugin, language)) {
		*status = CF_MISSING;
		out = measure_none("no plugin for its language is installed");
	} else if (bench_files_open(&files, candidate, root, &why)) {
		cf_error("candidate %s: %s", label, why);
		out = measure_none(why);
	} else if (trace_calls(&trace, id, (int)o->max_calls, &calls, &n)) {
		out = measure_none("the calls in its trace cannot be read");
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
