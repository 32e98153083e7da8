/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The original side: a target's kept calls and what the original does on them, found out by running
 * it twice with the same seed. What differs between the two runs is of the clock, of addresses, of
 * the system's randomness: no candidate can be held to it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cf-verify/verify.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/lock.h"
#include "lib/mem.h"
#include "lib/process.h"

/* Streams come grouped by target; a few are enough. */
#define KEPT 16
/* More paths than this say that the outcome as a whole is unstable. */
#define MAX_MASK 200
/* A function whose calls took longer than this in the traced run has each run once only. */
#define AGAIN_NS 200000000

static struct original *kept[KEPT];
static int next_slot;

static const char **traces;
static size_t n_traces, cap_traces;

void original_free(struct original *of)
{
	if (!of)
		return;
	derived_free(of->judged, of->njudged);
	trace_calls_free(of->calls, of->ncalls);
	trace_function_release(&of->function);
	cf_plugin_release(&of->plugin);
	trace_release(&of->trace);
	free(of->key);
	free(of->project_root);
	free(of->why);
	free(of);
}

void originals_release(void)
{
	for (int i = 0; i < KEPT; i++) {
		original_free(kept[i]);
		kept[i] = NULL;
	}
	for (size_t i = 0; i < n_traces; i++)
		free((char *)traces[i]);
	free(traces);
	traces = NULL;
	n_traces = cap_traces = 0;
}

void original_waiting(void)
{
	static bool said;

	if (!said)
		cf_warn("waiting for a measurement on this machine to end");
	said = true;
}

/* Of what takes many times as long as the original it is not worth waiting for the end. */
static double total_timeout(const struct verify_opts *o, const struct original *of)
{
	double limit = o->times_original * (double)of->run_ns / 1e9 + 1;

	return o->times_original > 0 && limit < o->timeout_s ? limit : o->timeout_s;
}

int original_run(const struct verify_opts *o, struct original *of, struct judged *const *which, int n,
	struct run_with with, unsigned seed, struct worker_result *r)
{
	const struct candidate_files *files = with.files;
	const struct trace_function *f = &of->function;
	double total = total_timeout(o, of);
	/* held while it runs and no longer: who measures may be waiting for our output */
	cf_autoclose int lock = cf_lock(false, original_waiting);
	cf_autofree struct trace_call *calls = cf_calloc((size_t)n + 1, sizeof(*calls));
	const struct overlay_file *own = o->original_file && o->original_file->path ? o->original_file : NULL;
	cf_autofree const char **specs = cf_calloc((size_t)n + 1, sizeof(*specs));
	bool derived = with.wish != NULL;
	struct worker_job job = {
		.trace = &of->trace,
		.plugin = &of->plugin,
		.function = &of->function,
		.calls = calls,
		.ncalls = n,
		.derive = with.wish,
		.seed = seed,
		.call_timeout_s = o->call_timeout_s < total ? o->call_timeout_s : total,
		.total_timeout_s = total,
		.again = f->calls > 0 && f->total_ns / f->calls < AGAIN_NS,
		.new_names = files ? json_object_get(files->new_names, f->file) : NULL,
		.enough = with.enough,
		.enough_arg = with.enough_arg,
		.first_trouble_ends = files != NULL,
		.box = {.project_root = of->project_root, .files = files ? files->v : own,
			.nfiles = files ? files->n : own != NULL, .hide = traces,
			.allow_network = o->allow_network, .none = o->no_sandbox,
			.memory_max = (size_t)o->memory, .cpu_s = o->timeout_s},
	};

	uint64_t begun = cf_now_ns();
	int bad;

	if (lock < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		calls[i] = *which[i]->call; /* blobs are borrowed */
		specs[i] = which[i]->spec;
		derived |= specs[i] != NULL;
	}
	if (derived) {
		job.specs = specs;
		job.inputs = of->calls;
		job.ninputs = of->ncalls;
	}
	bad = worker_run(&job, r);
	if (!files && !with.wish && cf_now_ns() - begun > of->run_ns)
		of->run_ns = cf_now_ns() - begun;
	return bad;
}

static void opened(const char *path)
{
	for (size_t i = 0; i < n_traces; i++)
		if (!strcmp(traces[i], path))
			return;
	cf_grow(&traces, &cap_traces, n_traces + 2, sizeof(*traces));
	traces[n_traces++] = cf_strdup(path);
	traces[n_traces] = NULL;
}

const char *const *original_traces(void)
{
	return traces;
}

static int give_up(struct original *of, enum cf_exit status, const char *why)
{
	of->status = status;
	of->why = cf_strdup(why);
	return -1;
}

/* Opens the trace and finds the function that the target record means. */
static int open_target(const struct verify_opts *o, struct original *of, const json_t *target)
{
	const char *trace = cf_json_str(target, "trace"), *name = cf_json_str(target, "name");
	const char *root = cf_json_str(target, "project_root"), *file = cf_json_str(target, "file");
	cf_autofree char *path = NULL;

	if (!trace || !root || root[0] != '/' || !name || !file) {
		cf_error("a target without trace, project_root, file or name");
		return give_up(of, CF_USAGE, "the target record is not complete");
	}
	of->project_root = cf_path_abs(root);
	path = cf_path_join(of->project_root, trace);
	if (trace_open(&of->trace, path, false) < 0)
		return give_up(of, CF_USAGE, "its trace cannot be read");
	opened(of->trace.path);
	switch (trace_function_get(&of->trace, cf_json_int(target, "function", -1), &of->function)) {
	case 1:
		break;
	case 0:
		cf_error("%s: no function %s; the record is of another trace", path, name);
		/* fall through */
	default:
		return give_up(of, CF_USAGE, "its trace does not have the function");
	}
	if (strcmp(of->function.qualname, name) || strcmp(of->function.file, file)) {
		cf_error("%s: function %lld is %s in %s, not %s; the record is of another trace", path,
			(long long)of->function.id, of->function.qualname, of->function.file, name);
		return give_up(of, CF_USAGE, "its trace does not have the function");
	}
	if (cf_plugin_find(&of->plugin, of->trace.language ? of->trace.language : "") < 0)
		return give_up(of, CF_MISSING, "there is no plugin for its language");
	if (of->trace.runtime && of->trace.runtime[0] == '/' && access(of->trace.runtime, X_OK) < 0) {
		cf_error("%s is gone, with which %s was recorded; record it again", of->trace.runtime,
			path);
		return give_up(of, CF_MISSING, "the runtime it was recorded with is gone");
	}
	if (trace_calls(&of->trace, of->function.id, (int)o->max_calls, &of->calls, &of->ncalls) < 0)
		return give_up(of, CF_USAGE, "its trace cannot be read");
	return 0;
}

/* An outcome that can be held against a candidate's; else why not in *skip (new). Returns new. */
static struct value *usable(const struct worker_outcome *w, char **skip)
{
	const char *why = NULL;
	struct value *v = w->data ? value_decode(w->data, w->n, &why) : NULL;

	if (!w->data)
		*skip = cf_asprintf("the original: %s", w->why ? w->why : "no outcome");
	else if (!v)
		*skip = cf_asprintf("the original's outcome cannot be read: %s", why);
	else if (!strcmp(value_outcome(v) ? value_outcome(v) : "skip", "skip"))
		*skip = cf_strdup(value_outcome_text(v, "reason") ? value_outcome_text(v, "reason")
								      : "not an outcome");
	if (*skip) {
		value_free(v);
		return NULL;
	}
	return v;
}

void judged_first(struct judged *j, struct worker_outcome *w)
{
	j->outcome = usable(w, &j->skip);
	j->input = cf_steal(&w->input);
}

void judged_settle(struct judged *j, const struct worker_outcome *again)
{
	/* to the last bit: within a tolerance a clock stands still */
	struct value_rules rules = {.float_rel = 0}, unordered = {.float_rel = 0, .any_order = true};
	struct value *second = usable(again, &j->skip);
	json_t *mask;

	if (second) {
		mask = value_differences(j->outcome, second, &rules, MAX_MASK);
		if (value_masked(mask, "kind") || value_masked(mask, "return") || value_masked(mask, "raise"))
			j->skip = cf_strdup("unstable: two runs of the original differ");
		if (json_array_size(mask)) {
			j->mask = json_incref(mask);
			j->any_order = value_compare(j->outcome, second, &unordered, NULL, NULL) == VALUE_EQUAL;
		}
		json_decref(mask);
	}
	if (j->skip && j->any_order) { /* an order that changes is no reason to give up */
		free(cf_steal(&j->skip));
	}
	if (j->skip) {
		value_free(j->outcome);
		j->outcome = NULL;
	}
	value_free(second);
}

void judged_release(struct judged *j)
{
	for (int k = 0; k < OTHER_RUNS; k++) {
		if (!j->others[k])
			continue;
		free(j->others[k]->data);
		free(j->others[k]->input);
		free(j->others[k]->why);
		free(j->others[k]);
	}
	value_free(j->outcome);
	free(j->spec);
	free(j->skip);
	free(j->input);
	json_decref(j->mask);
}

int original_recorded(const struct original *of, struct judged **which)
{
	int n = 0;

	for (int i = 0; i < of->ncalls; i++)
		if (of->judged[i].outcome)
			which[n++] = &of->judged[i];
	return n;
}

static int run_twice(const struct verify_opts *o, struct original *of)
{
	cf_autofree struct judged **which = NULL;
	struct worker_derive wish;
	struct worker_result r;
	bool derives;
	int n = 0;

	of->njudged = of->ncalls;
	of->judged = cf_calloc((size_t)of->ncalls + 1, sizeof(*of->judged));
	which = cf_calloc((size_t)of->ncalls + (size_t)o->derived + 1, sizeof(*which));
	for (int i = 0; i < of->ncalls; i++) {
		of->judged[i].call = &of->calls[i];
		which[i] = &of->judged[i];
	}
	derives = derived_wish(o, of, &wish, &of->underived);
	if (original_run(o, of, which, of->ncalls, (struct run_with){.wish = derives ? &wish : NULL}, SEED_A,
		    &r) < 0)
		return give_up(of, CF_PROGRAM, "the original could not be run");
	of->kind = r.kind;
	for (int i = 0; i < of->ncalls; i++)
		judged_first(&of->judged[i], &r.outcomes[i]);
	of->njudged = derived_take(of, &r, &of->judged, of->ncalls);
	if (derives && of->njudged == of->ncalls)
		of->underived = "no derived inputs: the plugin found none that the original can be held to";
	worker_result_release(&r);
	for (int i = 0; i < of->njudged; i++)
		if (of->judged[i].outcome)
			which[n++] = &of->judged[i];
	if (!n)
		return 0;
	if (original_run(o, of, which, n, (struct run_with){0}, SEED_A, &r) < 0)
		return give_up(of, CF_PROGRAM, "the original could not be run");
	for (int i = 0; i < n; i++)
		judged_settle(which[i], &r.outcomes[i]);
	worker_result_release(&r);
	/* every candidate that does the same is asked for this, in a process of its own */
	n = original_recorded(of, which);
	if (n)
		value_free(original_other(o, of, which, n, 0, 0));
	return 0;
}

struct value *original_other(
	const struct verify_opts *o, struct original *of, struct judged *const *which, int n, int i, int k)
{
	static const unsigned seeds[OTHER_RUNS] = {SEED_B, SEED_B, 3, 4, 5, 6, 7, 8, 9, 10};
	struct worker_result r;
	struct value *outcome;

	if (!which[i]->others[k]) {
		bool ran = original_run(o, of, which, n, (struct run_with){0}, seeds[k], &r) == 0;

		for (int at = 0; at < n; at++) {
			struct worker_outcome **other = &which[at]->others[k];

			if (*other)
				continue;
			*other = cf_calloc(1, sizeof(**other));
			if (ran) {
				**other = r.outcomes[at];
				r.outcomes[at] = (struct worker_outcome){0};
			}
		}
		if (ran)
			worker_result_release(&r);
	}
	if (!which[i]->others[k]->data)
		return NULL;
	outcome = value_decode(which[i]->others[k]->data, which[i]->others[k]->n, NULL);
	if (outcome && !value_outcome(outcome))
		value_free(cf_steal(&outcome));
	return outcome;
}

struct original *original_open(const struct verify_opts *o, const json_t *target)
{
	struct original *of = cf_calloc(1, sizeof(*of));

	open_target(o, of, target);
	return of;
}

struct original *original_of(const struct verify_opts *o, const json_t *target)
{
	static const char *const parts[] = {"project_root", "trace", "file", "name"};
	cf_autofree char *key = cf_asprintf("%lld", (long long)cf_json_int(target, "function", -1));
	struct original *of;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const char *part = cf_json_str(target, parts[i]);
		char *longer = cf_asprintf("%s\n%s", key, part ? part : "");

		free(key);
		key = longer;
	}
	for (int i = 0; i < KEPT; i++)
		if (kept[i] && !strcmp(kept[i]->key, key))
			return kept[i];
	of = original_open(o, target);
	of->key = cf_steal(&key);
	if (!of->why)
		run_twice(o, of);
	original_free(kept[next_slot]);
	kept[next_slot] = of;
	next_slot = (next_slot + 1) % KEPT;
	return of;
}
