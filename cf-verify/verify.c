/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict: the candidate's files are laid over the tree, the target's calls run again, and what
 * they do is held against what the original does. Everything that is not shown to be equal counts
 * against the candidate, or is counted as not compared.
 */
#include "cf-verify/verify.h"
#include "cf-verify/strength.h"
#include "cf-verify/tests.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"
#include "lib/source.h"

struct verdict {
	const struct verify_opts *o;
	bool brief; /* nobody will read how it differs */
	const char *answer;
	json_t *skipped, *difference, *notes;
	int compared[INPUT_SOURCES], unstable, order, runtime_errors;
	json_t *tests; /* what became of those that reach its targets; NULL: there are none */
	bool truncated;
	const char *underived; /* see struct original */
	char *reason;
	enum sandbox_kind kind;
	enum cf_exit status;
};

const char *const input_source_names[] = {[FROM_REPLAY] = "replay", [FROM_TESTS] = "tests", [FROM_DERIVED] = "derived"};

static void __attribute__((format(printf, 2, 3))) note(struct verdict *v, const char *fmt, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	json_array_append_new(v->notes, json_string(text));
	free(text);
}

static int __attribute__((format(printf, 3, 4))) decide(
	struct verdict *v, const char *answer, const char *fmt, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	free(v->reason);
	v->reason = text;
	v->answer = answer;
	return -1;
}

static void skip(struct verdict *v, const char *reason)
{
	json_t *text = cf_json_text(reason, strlen(reason));
	const char *key = json_string_value(text);

	json_object_set_new(v->skipped, key, json_integer(cf_json_int(v->skipped, key, 0) + 1));
	json_decref(text);
}

/* --- one call ------------------------------------------------------------------------------------ */

/* A target's run of the candidate. */
struct side {
	struct verdict *v;
	struct original *of;
	struct judged **which; /* the inputs that take part */
	int n;
};

/* What the original did on the call in the k-th run under another seed. Returns new, or NULL. */
static struct value *under_other_seed(struct side *s, int i, int k)
{
	return original_other(s->v->o, s->of, s->which, s->n, i, k);
}

/* Equal where `mask` is not, and the same elements whatever their order everywhere. */
static enum value_answer same_elements(const struct value *original, const struct value *candidate,
	struct value_rules rules, const json_t *mask)
{
	enum value_answer answer = value_compare(original, candidate, &rules, mask, NULL);

	if (answer != VALUE_EQUAL)
		return answer;
	rules.any_order = true;
	return value_compare(original, candidate, &rules, NULL, NULL);
}

/*
 * The seed decides the order in which sets of text are walked. Where the original gives the same
 * elements in another order under other seeds, a candidate may give them in any: what stays in its
 * place under all of them stays there.
 */
static enum value_answer hash_order(struct side *s, int i, const struct value *original,
	const struct value *candidate, const struct value_rules *rules, json_t *always)
{
	const struct judged *j = s->which[i];
	struct value_rules exact = {.float_rel = 0}, unordered = {.float_rel = 0, .any_order = true};
	struct value_rules any = *rules;
	json_auto_t *mask = json_array();
	enum value_answer answer = VALUE_DIFFERENT;
	bool moves = false, only_order = true;

	any.any_order = true;
	if (value_compare(original, candidate, &any, always, NULL) != VALUE_EQUAL)
		return VALUE_DIFFERENT;
	json_array_extend(mask, always);
	for (int k = -1; k < OTHER_RUNS && only_order && answer != VALUE_EQUAL; k++) {
		struct value *run = k < 0 ? NULL : under_other_seed(s, i, k);
		const struct value *other = k < 0 ? j->outcome : run;

		if (other) {
			json_auto_t *moved = value_differences(original, other, &exact, 1000000);

			only_order = value_compare(original, other, &unordered, NULL, NULL) ==
				VALUE_EQUAL;
			moves |= json_array_size(moved) > 0;
			json_array_extend(mask, moved);
		}
		if (moves && only_order)
			answer = value_compare(original, candidate, rules, mask, NULL);
		value_free(run);
		if (!moves && k >= OTHER_RUNS / 2) /* under so many: it stands still */
			break;
	}
	return answer;
}

/* Not a raise of the project's own: it only tripped. */
static bool raised_by_runtime(const struct value *outcome)
{
	const char *raised_by = value_outcome_text(outcome, "raised_by");

	return raised_by && !strcmp(raised_by, "runtime");
}

/*
 * Changed values cancel out where recorded ones do not, and what is left then is rounding: of a derived
 * input's floats the tolerance is relative to the largest of them, and no less than to this.
 */
#define LEAST_SCALE 1e-3

static double tolerance(const struct side *s, const struct judged *j, const struct value *original)
{
	return j->source == FROM_DERIVED ? s->v->o->float_rel * fmax(value_scale(original), LEAST_SCALE) : 0;
}

/* `original` is what the original does on j. */
static struct value_rules rules_of(
	const struct side *s, const struct judged *j, const struct value *original)
{
	return (struct value_rules){.float_rel = s->v->o->float_rel, .float_abs = tolerance(s, j, original),
		.error_type_only = raised_by_runtime(original), .derived = j->source == FROM_DERIVED};
}

static enum value_answer compare_call(
	struct side *s, int i, const struct value *candidate, struct value_diff *diff)
{
	const struct judged *j = s->which[i];
	struct value_rules rules = rules_of(s, j, j->outcome);
	enum value_answer answer = value_compare(j->outcome, candidate, &rules, j->mask, diff);
	bool by_order = j->any_order;

	if (by_order) {
		answer = same_elements(j->outcome, candidate, rules, j->mask);
	} else if (answer == VALUE_DIFFERENT) {
		answer = hash_order(s, i, j->outcome, candidate, &rules, j->mask);
		by_order = answer != VALUE_DIFFERENT;
	}
	if (answer == VALUE_EQUAL) {
		s->v->order += by_order;
		s->v->unstable += j->mask && !j->any_order;
		s->v->runtime_errors += rules.error_type_only;
		s->v->truncated |= value_truncated(candidate);
	}
	return answer;
}

/* The same under the other seed; `original` is what the original does there. */
static enum value_answer compare_other(struct side *s, int i, const struct value *original,
	const struct value *candidate, struct value_diff *diff)
{
	const struct judged *j = s->which[i];
	struct value_rules rules = rules_of(s, j, original), exact = {.float_rel = 0};
	enum value_answer answer;
	struct value *again;

	rules.any_order = j->any_order;
	answer = value_compare(original, candidate, &rules, j->mask, diff);
	if (answer == VALUE_DIFFERENT && !j->any_order)
		answer = hash_order(s, i, original, candidate, &rules, j->mask);
	/* what changes from run to run may be elsewhere under this seed */
	if (answer == VALUE_DIFFERENT && (again = under_other_seed(s, i, 1))) {
		json_auto_t *mask = value_differences(original, again, &exact, 1000000);

		json_array_extend(mask, j->mask);
		value_diff_release(diff);
		answer = value_compare(original, candidate, &rules, mask, diff);
		value_free(again);
	}
	return answer;
}

static json_t *text_of(const char *s)
{
	return s ? cf_json_text(s, strlen(s)) : json_null();
}

static int differs(struct side *s, int i, struct value_diff *d)
{
	const struct judged *j = s->which[i];
	struct verdict *v = s->v;

	/* in any order the first difference in order says nothing */
	if (!d->original) {
		value_diff_release(d);
		*d = (struct value_diff){cf_strdup(value_outcome(j->outcome)), cf_strdup("some elements"),
			cf_strdup("others")};
	}
	v->difference = json_object();
	json_object_set_new(v->difference, "path", text_of(d->path));
	json_object_set_new(v->difference, "original", text_of(d->original));
	json_object_set_new(v->difference, "candidate", text_of(d->candidate));
	json_object_set_new(v->difference, "input", text_of(j->input));
	json_object_set_new(v->difference, "source", json_string(input_source_names[j->source]));
	json_object_set_new(v->difference, "call", json_integer((json_int_t)j->call->id));
	return decide(v, "different", "%s: %s != %s on %s%s", d->path, d->original, d->candidate,
		j->source == FROM_DERIVED ? "derived " : "", j->input ? j->input : "input");
}

/*
 * Beyond what was recorded the original's stumbling asks no more of a candidate than to fail as well.
 * `original` is what the original does on j.
 */
static bool both_fail(
	const struct judged *j, const struct value *original, const struct value *candidate)
{
	return j->source == FROM_DERIVED && raised_by_runtime(original) &&
	       !strcmp(value_outcome(candidate), "raise");
}

/* The candidate's outcome of a call. Returns new, or NULL with the verdict decided. */
static struct value *outcome_of(
	struct side *s, int i, const struct worker_outcome *w, enum worker_end end)
{
	const struct judged *j = s->which[i];
	const char *why = NULL, *input = j->input ? j->input : "an input";
	struct value *candidate;

	if (!w->data) {
		decide(s->v, end == WORKER_TIMEOUT ? "timeout" : "error", "%s on %s",
			w->why ? w->why : "no outcome", input);
		return NULL;
	}
	candidate = value_decode(w->data, w->n, &why);
	if (!candidate || !value_outcome(candidate))
		decide(s->v, "error", "its outcome cannot be read: %s on %s", why ? why : "it is none",
			input);
	else if (!strcmp(value_outcome(candidate), "skip"))
		decide(s->v, "error", "it cannot be judged where the original can: %s on %s",
			value_outcome_text(candidate, "reason"), input);
	else
		return candidate;
	value_free(candidate);
	return NULL;
}

static int judge_call(struct side *s, int i, const struct worker_outcome *w, enum worker_end end)
{
	const struct judged *j = s->which[i];
	struct value *candidate = outcome_of(s, i, w, end);
	struct value_diff diff = {0};
	int r = 0;

	if (!candidate)
		return -1;
	if (both_fail(j, j->outcome, candidate)) {
		skip(s->v, "derived input on which the original fails too");
		value_free(candidate);
		return 0;
	}
	switch (compare_call(s, i, candidate, &diff)) {
	case VALUE_EQUAL:
		/* that both fail says little: in the run it may not have failed, and gone on */
		if (raised_by_runtime(j->outcome))
			skip(s->v, "the original fails on it too");
		else
			s->v->compared[j->source]++;
		break;
	case VALUE_DIFFERENT:
		r = differs(s, i, &diff);
		break;
	case VALUE_UNKNOWN: {
		cf_autofree char *opaque = value_opaque(j->outcome);
		cf_autofree char *text = cf_asprintf("opaque: %s", opaque ? opaque : "too much to compare");

		skip(s->v, text);
		break;
	}
	}
	value_diff_release(&diff);
	value_free(candidate);
	return r;
}

/*
 * What takes the first of a set, or draws its luck from elsewhere, can be right by chance: under
 * another seed it must do what the original does under that, on the recorded inputs.
 */
static int judge_luck(const struct side *all, const struct candidate_files *files)
{
	cf_autofree struct judged **which = cf_calloc((size_t)all->n + 1, sizeof(*which));
	struct side recorded = {.v = all->v, .of = all->of, .which = which}, *s = &recorded;
	struct worker_result r;
	int bad = 0, held = 0;

	for (int i = 0; i < all->n; i++)
		if (!all->which[i]->spec)
			which[s->n++] = all->which[i];
	if (original_run(s->v->o, s->of, s->which, s->n, (struct run_with){.files = files}, SEED_B, &r) < 0) {
		s->v->status = CF_PROGRAM;
		return decide(s->v, "unverified", "it could not be run under another seed");
	}
	for (int i = 0; i < s->n && !bad; i++) {
		struct value *original = under_other_seed(s, i, 0), *candidate = NULL;
		struct value_diff diff = {0};

		held += original != NULL;
		if (original && strcmp(value_outcome(original), "skip")) {
			candidate = outcome_of(s, i, &r.outcomes[i], r.end);
			if (!candidate)
				bad = -1;
			else if (!both_fail(s->which[i], original, candidate) &&
				compare_other(s, i, original, candidate, &diff) == VALUE_DIFFERENT)
				bad = differs(s, i, &diff);
		}
		value_diff_release(&diff);
		value_free(original);
		value_free(candidate);
	}
	if (!bad && !held)
		bad = decide(s->v, "unverified", "the original could not be run under another seed");
	if (bad && s->v->difference)
		json_array_append_new(s->v->notes,
			json_string("it differs under another seed of hashing and chance"));
	worker_result_release(&r);
	return bad;
}

/* What derived inputs show is not what the workflow does: alone they prove nothing. */
static int recorded_compared(const struct verdict *v)
{
	int n = 0;

	for (int i = 0; i < INPUT_SOURCES; i++)
		n += i == FROM_DERIVED ? 0 : v->compared[i];
	return n;
}

/* --- one target ------------------------------------------------------------------------------------- */

/* Whether an outcome looks different, whatever the order of things in it. */
static bool looks_different(void *arg, int i, const struct worker_outcome *w)
{
	const struct side *s = arg;
	const struct judged *j = s->which[i];
	struct value_rules rules = rules_of(s, j, j->outcome);
	struct value *candidate = value_decode(w->data, w->n, NULL);
	bool different = candidate && value_outcome(candidate) && !both_fail(j, j->outcome, candidate);

	rules.any_order = true;
	different = different && value_compare(j->outcome, candidate, &rules, j->mask, NULL) == VALUE_DIFFERENT;
	value_free(candidate);
	return different;
}

/* Judges the candidate on s->which until it fails. *at is then the input it failed on. */
static int judge_inputs(struct side *s, const struct candidate_files *files, int *at)
{
	struct verdict *v = s->v;
	/* most mutants differ soon: there is no need to run them to their end */
	struct run_with with = {.files = files, .enough = v->brief ? looks_different : NULL, .enough_arg = s};
	struct worker_result r = {0};
	int bad = 0;

	for (*at = 0; *at < s->n && !bad; *at += !bad) {
		if (!*at || (r.stopped && !r.outcomes[*at].data)) { /* not run yet, or cut short in vain */
			worker_result_release(&r);
			if (original_run(v->o, s->of, s->which, s->n, with, SEED_A, &r) < 0) {
				v->status = CF_PROGRAM;
				return decide(v, "unverified", "it could not be run");
			}
			with.enough = NULL;
			v->kind = r.kind > s->of->kind ? r.kind : s->of->kind;
		}
		bad = judge_call(s, *at, &r.outcomes[*at], r.end);
	}
	worker_result_release(&r);
	return bad;
}

/* Processor time of what was run so far. */
static double spent_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Rounds of smaller inputs, and when to stop looking for them: in processor time, and by the clock. */
#define ROUNDS 6
#define ROUNDS_CPU_S 3.0
#define ROUNDS_NS 20000000000u

/*
 * The candidate differs on a derived input: looks for the smallest that shows it, and puts that into
 * the verdict. run_s is what a run of the candidate took.
 */
static void shrink(struct verdict *v, struct original *of, const struct candidate_files *files,
	const struct judged *j, double run_s)
{
	uint64_t until = cf_now_ns() + ROUNDS_NS;
	double end = spent_s() + ROUNDS_CPU_S, took = 3 * run_s;
	struct judged *kept = NULL; /* the round that j is of */
	int nkept = 0;

	for (int round = 0; round < ROUNDS && spent_s() + took < end && cf_now_ns() < until; round++) {
		struct verdict tried = {.o = v->o, .answer = "unverified", .skipped = json_object()};
		struct side s = {.v = &tried, .of = of};
		double start = spent_s();
		int n, at = 0;
		struct judged *smaller = derived_smaller(v->o, of, j, &n);

		s.which = cf_calloc((size_t)of->ncalls + (size_t)n + 1, sizeof(*s.which));
		s.n = original_recorded(of, s.which);
		for (int i = 0; i < n; i++)
			if (smaller[i].outcome)
				s.which[s.n++] = &smaller[i];
		if (n && judge_inputs(&s, files, &at) && tried.difference && s.which[at]->spec) {
			j = s.which[at];
			json_decref(v->difference);
			v->difference = json_incref(tried.difference);
			free(v->reason);
			v->reason = cf_steal(&tried.reason);
			derived_free(kept, nkept);
			kept = smaller;
			nkept = n;
		} else {
			derived_free(smaller, n);
			round = ROUNDS;
		}
		took = spent_s() - start;
		free(s.which);
		free(tried.reason);
		json_decref(tried.difference);
		json_decref(tried.skipped);
	}
	derived_free(kept, nkept);
}

static int judge_target(struct verdict *v, struct original *of, const struct candidate_files *files)
{
	cf_autofree struct judged **which = cf_calloc((size_t)of->njudged + 1, sizeof(*which));
	struct side s = {.v = v, .of = of, .which = which};
	int bad, at = 0, before = recorded_compared(v);
	double start;

	if (of->why) {
		v->status = of->status;
		return decide(v, "unverified", "%s", of->why);
	}
	for (int i = 0; i < of->ncalls; i++)
		if (!of->judged[i].outcome)
			skip(v, of->judged[i].skip);
	s.n = original_recorded(of, which);
	if (!s.n) {
		const char *why = json_object_iter_key(json_object_iter(v->skipped));

		decide(v, "unverified", "no call of %s can be compared: %s", of->function.qualname,
			of->ncalls ? why : "none was recorded");
		return 1;
	}
	for (int i = of->ncalls; i < of->njudged; i++)
		if (of->judged[i].outcome)
			which[s.n++] = &of->judged[i];
	v->underived = of->underived;
	start = spent_s();
	bad = judge_inputs(&s, files, &at);
	if (bad && v->difference && which[at]->spec && !v->brief)
		shrink(v, of, files, which[at], spent_s() - start);
	if (!bad)
		bad = judge_luck(&s, files);
	if (bad || recorded_compared(v) > before)
		return bad;
	decide(v, "unverified", "no call of %s could be compared: %s", of->function.qualname,
		json_object_iter_key(json_object_iter(v->skipped)));
	return 1;
}

/*
 * The calls that the project's tests make of a target; `before` is what judge_target came to over the
 * recorded ones. They are evidence like these, and alone too, which a note says then.
 */
static int judge_tests_calls(
	struct verdict *v, const json_t *tests, const struct candidate_files *files, int before)
{
	struct original *of = original_of(v->o, tests);
	cf_autofree char *reason = v->reason ? cf_strdup(v->reason) : NULL;
	int after;

	if (of->why) {
		skip(v, of->why);
		return before;
	}
	for (int i = 0; i < of->ncalls; i++)
		of->judged[i].source = FROM_TESTS;
	after = judge_target(v, of, files);
	if (after < 0)
		return -1;
	if (before == 1 && after == 1)
		return decide(v, "unverified", "%s", reason);
	if (before == 1)
		note(v, "%s; those of the project's tests could", reason);
	return 0;
}

/* One target by the calls there are of it. What is to be known of its tests is added to with_tests. */
static int judge_calls(struct verdict *v, const json_t *target, const struct candidate_files *files,
	json_t *with_tests)
{
	struct original *of = original_of(v->o, target);
	json_auto_t *tests = tests_target(of, target);
	int said = judge_target(v, of, files);

	if (said >= 0 && tests && strcmp(cf_json_str(tests, "trace"), cf_json_str(target, "trace")))
		said = judge_tests_calls(v, tests, files, said);
	if (tests)
		json_array_append(with_tests, tests);
	return said ? -1 : 0;
}

/* Whether the tests that reach the targets end as they do with the original. */
static int judge_tests(
	struct verdict *v, const json_t *with_tests, const struct candidate_files *files)
{
	struct tests_answer a;
	int bad = 0;

	if (!json_array_size(with_tests))
		return 0;
	tests_judge(v->o, with_tests, files, &a);
	v->tests = json_pack("{s:i, s:i, s:i}", "compared", a.compared, "unstable", a.unstable, "not_run",
		a.not_run);
	json_array_extend(v->notes, a.notes);
	if (a.ran && a.kind > v->kind)
		v->kind = a.kind;
	if (a.answer)
		bad = decide(v, a.answer, "%s", a.reason);
	if (a.name)
		v->difference = json_pack("{s:o, s:o, s:o, s:n, s:s}", "path",
			json_sprintf("test %s", a.name), "original", text_of(a.original), "candidate",
			text_of(a.candidate), "input", "source", input_source_names[FROM_TESTS]);
	tests_answer_release(&a);
	return bad;
}

/* --- a candidate --------------------------------------------------------------------------------------- */

json_t *candidate_targets(const json_t *candidate)
{
	json_t *targets = json_object_get(candidate, "targets");
	json_t *target = json_object_get(candidate, "target");

	if (json_array_size(targets))
		return json_incref(targets);
	targets = json_array();
	if (json_is_object(target))
		json_array_append(targets, target);
	return targets;
}

static bool of_language(const struct cf_plugin *plugin, const char *path)
{
	const json_t *extensions = json_object_get(plugin->manifest, "extensions");
	json_t *extension;
	size_t i, n = strlen(path);

	json_array_foreach (extensions, i, extension) {
		const char *text = json_string_value(extension);
		size_t m = text ? strlen(text) : 0;

		if (m && n > m && !strcmp(path + n - m, text))
			return true;
	}
	return false;
}

/* Whether every file that the candidate edits is still a program. */
static int parses(struct verdict *v, const struct original *of, const struct candidate_files *files)
{
	for (int i = 0; i < files->n; i++) {
		const struct overlay_file *f = &files->v[i];
		struct source source;
		int ok;

		if (!of->plugin.language || !of_language(&of->plugin, f->path))
			continue;
		if (source_parse(&source, f->path, f->data, f->n, of->plugin.language) < 0)
			return decide(v, "error", "%s cannot be parsed", f->path);
		ok = source_ok(&source);
		source_release(&source);
		if (!ok)
			return decide(v, "error", "%s has a syntax error with it", f->path);
	}
	return 0;
}

/* --- beside the function ----------------------------------------------------------------------------- */

struct wanted {
	const char *file, *qualname;
	int64_t id;
};

static int find_function(const struct trace_function *f, void *arg)
{
	struct wanted *w = arg;

	if (strcmp(f->file, w->file) || strcmp(f->qualname, w->qualname))
		return 0;
	w->id = f->id;
	return 1;
}

/* The target record of another function of the same trace; NULL when none was recorded. Returns new. */
static json_t *target_of(struct original *of, const json_t *target, const json_t *function)
{
	struct wanted w = {cf_json_str(function, "file"), cf_json_str(function, "qualname"), -1};
	json_t *other;

	if (!w.file || !w.qualname || trace_functions(&of->trace, find_function, &w) != 1)
		return NULL;
	other = json_copy((json_t *)target);
	json_object_set_new(other, "function", json_integer((json_int_t)w.id));
	json_object_set_new(other, "file", json_string(w.file));
	json_object_set_new(other, "name", json_string(w.qualname));
	return other;
}

static json_t *scope_request(
	const json_t *targets, const char *root, const struct candidate_files *files)
{
	json_t *request = json_pack("{s:[], s:[]}", "targets", "files"), *target;
	size_t i;

	json_array_foreach(targets, i, target)
		json_array_append_new(json_object_get(request, "targets"),
			json_pack("{s:O?, s:O?}", "file", json_object_get(target, "file"), "qualname",
				json_object_get(target, "name")));
	for (int k = 0; k < files->n; k++) {
		cf_autobuf struct cf_buf before = CF_BUF_INIT;
		json_t *after = json_stringn(files->v[k].data, files->v[k].n), *was = NULL;

		if (after && edits_file(root, files->v[k].path, &before) == 0)
			was = json_stringn(before.data ? before.data : "", before.len);
		if (!was) { /* no UTF-8, or gone */
			json_decref(after);
			json_decref(request);
			return NULL;
		}
		json_array_append_new(json_object_get(request, "files"),
			json_pack("{s:s, s:o, s:o}", "path", files->v[k].path, "before", was, "after",
				after));
	}
	return request;
}

/*
 * What the candidate changes beside its targets: other functions join them, so that their calls are
 * replayed too; what no call can show is refused.
 */
static int widen(struct verdict *v, struct original *of, json_t *targets, const char *root,
	struct candidate_files *files)
{
	json_auto_t *request = scope_request(targets, root, files), *answer = NULL;
	const char *refused;
	json_t *function;
	size_t i;

	if (!request)
		return decide(v, "unverified", "one of its files cannot be read as UTF-8 text");
	if (cf_plugin_call(&of->plugin, "scope", of->trace.runtime, request, &answer) != CF_OK)
		return decide(v, "unverified", "what else it changes cannot be told");
	if ((refused = cf_json_str(answer, "refused")))
		return decide(v, "unverified", "%s", refused);
	files->new_names = json_incref(json_object_get(answer, "names"));
	json_array_foreach(json_object_get(answer, "functions"), i, function) {
		json_t *other = target_of(of, json_array_get(targets, 0), function);
		const char *name = cf_json_str(function, "qualname");

		if (!other)
			return decide(v, "unverified", "it also changes %s, of which no call was recorded",
				name ? name : "a function");
		json_array_append_new(targets, other);
	}
	return 0;
}

static int judge(struct verdict *v, const json_t *candidate)
{
	const json_t *edits = json_object_get(candidate, "edits");
	const char *id = cf_json_str(candidate, "id");
	json_auto_t *served = candidate_targets(candidate), *targets = json_copy(served), *texts = NULL;
	json_auto_t *with_tests = json_array();
	const char *root = cf_json_str(json_array_get(targets, 0), "project_root");
	struct candidate_files files = {0};
	cf_autofree char *why = NULL;
	json_t *text;
	int bad = 0;
	size_t i;

	if (!root || root[0] != '/' || !json_array_size(edits)) {
		v->status = CF_USAGE;
		cf_error("candidate %s: no %s", id ? id : "without id",
			root ? "edits" : "target with an absolute project_root");
		return decide(v, "error", "the record is not complete");
	}
	if (edits_check(edits, root, &why) < 0) {
		v->status = CF_USAGE;
		cf_error("candidate %s: %s", id ? id : "without id", why);
		return decide(v, "error", "%s", why);
	}
	texts = edits_apply(edits, root);
	if (!texts) {
		v->status = CF_USAGE;
		return decide(v, "error", "its edits cannot be applied");
	}
	files.v = cf_calloc(json_array_size(texts) + 1, sizeof(*files.v));
	json_array_foreach (texts, i, text) {
		json_t *data = json_object_get(text, "text");

		files.v[files.n++] = (struct overlay_file){
			cf_json_str(text, "path"), json_string_value(data), json_string_length(data)};
	}
	/* targets grows in widen() */
	for (i = 0; i < json_array_size(targets) && !bad; i++) {
		struct original *of = original_of(v->o, json_array_get(targets, i));

		if (!i && !of->why)
			bad = parses(v, of, &files) || widen(v, of, targets, root, &files);
		if (!bad)
			bad = judge_calls(v, json_array_get(targets, i), &files, with_tests);
	}
	if (!bad)
		bad = judge_tests(v, with_tests, &files);
	free(files.v);
	json_decref(files.new_names);
	if (bad)
		return -1;
	v->answer = "equivalent";
	return 0;
}

json_t *verify_candidate(const struct verify_opts *o, const json_t *candidate, enum cf_exit *status)
{
	struct verdict v = {.o = o, .brief = is_mutant(candidate), .answer = "unverified",
		.skipped = json_object(), .notes = json_array(), .kind = o->no_sandbox ? SANDBOX_NONE : SANDBOX_OVERLAY};
	json_t *record, *compared = json_object();

	judge(&v, candidate);
	if (v.order)
		note(&v, "%d calls give their elements in an order that hangs on hashing: compared in any",
			v.order);
	if (v.runtime_errors)
		note(&v, "%d calls end in an error that the runtime raised: compared by its type",
			v.runtime_errors);
	if (v.truncated)
		note(&v, "iterators were compared over their first items only");
	if (v.underived)
		note(&v, "%s", v.underived);
	if (v.kind == SANDBOX_COPY)
		note(&v, "no namespaces here: it ran in a copy of the tree");
	if (v.kind == SANDBOX_NONE)
		note(&v, "it ran without a sandbox");
	for (int i = 0; i < INPUT_SOURCES; i++)
		if (i == FROM_REPLAY || v.compared[i])
			json_object_set_new(compared, input_source_names[i], json_integer(v.compared[i]));
	record = json_pack("{s:s,s:o,s:o,s:i,s:o,s:o,s:o,s:o,s:n,s:s}", "answer", v.answer, "compared",
		compared, "tests", v.tests ? v.tests : json_null(), "unstable", v.unstable, "skipped",
		v.skipped, "reason",
		text_of(strcmp(v.answer, "equivalent") ? v.reason : NULL), "difference",
		v.difference ? v.difference : json_null(), "notes", v.notes, "strength", "sandbox",
		sandbox_name(v.kind));
	if (!record)
		CF_BUG("a verdict that cannot be written");
	free(v.reason);
	if (v.status != CF_OK)
		*status = v.status;
	return record;
}

void verify_report(const json_t *candidate)
{
	const json_t *verdict = json_object_get(candidate, "verdict");
	const json_t *compared = json_object_get(verdict, "compared");
	const char *name = cf_json_str(json_object_get(candidate, "target"), "name");
	const char *origin = cf_json_str(candidate, "origin"), *answer = cf_json_str(verdict, "answer");
	const char *reason = cf_json_str(verdict, "reason");
	const json_t *strength = json_object_get(verdict, "strength");
	int64_t n = cf_json_int(compared, "replay", 0), derived = cf_json_int(compared, "derived", 0);
	int64_t theirs = cf_json_int(compared, "tests", 0);
	int64_t ran = cf_json_int(json_object_get(verdict, "tests"), "compared", 0);
	int64_t skipped = 0;
	const char *key;
	json_t *count;

	fprintf(stderr, "%s: %s: %s", name ? name : "?", origin ? origin : "?", answer);
	if (strcmp(answer, "equivalent")) {
		fprintf(stderr, ": %s\n", reason ? reason : "");
		return;
	}
	json_object_foreach (json_object_get(verdict, "skipped"), key, count)
		skipped += json_integer_value(count);
	fprintf(stderr, ", %lld call%s", (long long)n, n == 1 ? "" : "s");
	if (theirs || ran)
		fprintf(stderr, ", %lld of tests, %lld test%s alike", (long long)theirs, (long long)ran,
			ran == 1 ? "" : "s");
	if (derived)
		fprintf(stderr, " and %lld derived input%s", (long long)derived, derived == 1 ? "" : "s");
	if (skipped)
		fprintf(stderr, " (%lld not compared)", (long long)skipped);
	if (json_is_object(strength))
		fprintf(stderr, "; %lld of %lld mutants told apart",
			(long long)cf_json_int(strength, "killed", 0),
			(long long)cf_json_int(strength, "of", 0));
	fputc('\n', stderr);
}
