/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict: the candidate's files are laid over the tree, the target's calls run again, and what
 * they do is held against what the original does. Everything that is not shown to be equal counts
 * against the candidate, or is counted as not compared.
 */
#include "cf-verify/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/source.h"

struct verdict {
	const struct verify_opts *o;
	const char *answer;
	json_t *skipped, *difference, *notes;
	int compared[INPUT_SOURCES], unstable, order, runtime_errors;
	bool truncated;
	char *reason;
	enum sandbox_kind kind;
	enum cf_exit status;
};

const char *const input_source_names[] = {[FROM_REPLAY] = "replay"};

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

/* The second is for what differs from run to run. Two things come in the same order under every
 * other seed, and of more some stay in their places: so there are many. */
static const unsigned other_seeds[] = {SEED_B, SEED_B, 3, 4, 5, 6, 7, 8, 9, 10};
#define OTHERS (int)(sizeof(other_seeds) / sizeof(*other_seeds))

/* A target's run of the candidate. */
struct side {
	struct verdict *v;
	struct original *of;
	int *which;            /* the calls that take part */
	int n;
	struct worker_result other[OTHERS]; /* the original under other seeds; run when first wanted */
	int have_other[OTHERS];             /* -1: cannot be had */
};

/* What the original does under another seed, one of other_seeds. Returns new, or NULL. */
static struct value *under_other_seed(struct side *s, int i, int which)
{
	struct worker_result *r = &s->other[which];
	struct value *outcome;

	if (!s->have_other[which])
		s->have_other[which] = original_run(s->v->o, s->of, s->which, s->n, NULL,
					       other_seeds[which], r) < 0
			? -1
			: 1;
	if (s->have_other[which] < 0 || !r->outcomes[i].data)
		return NULL;
	outcome = value_decode(r->outcomes[i].data, r->outcomes[i].n, NULL);
	if (outcome && !value_outcome(outcome))
		value_free(cf_steal(&outcome));
	return outcome;
}

static void side_release(struct side *s)
{
	for (int i = 0; i < OTHERS; i++)
		if (s->have_other[i] > 0)
			worker_result_release(&s->other[i]);
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
	const struct judged *j = &s->of->judged[s->which[i]];
	struct value_rules exact = {.float_rel = 0}, unordered = {.float_rel = 0, .any_order = true};
	struct value_rules any = *rules;
	json_auto_t *mask = json_array();
	enum value_answer answer = VALUE_DIFFERENT;
	bool moves = false, only_order = true;

	any.any_order = true;
	if (value_compare(original, candidate, &any, always, NULL) != VALUE_EQUAL)
		return VALUE_DIFFERENT;
	json_array_extend(mask, always);
	for (int k = -1; k < OTHERS && only_order && answer != VALUE_EQUAL; k++) {
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
		if (!moves && k >= OTHERS / 2) /* under so many: it stands still */
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

static enum value_answer compare_call(
	struct side *s, int i, const struct value *candidate, struct value_diff *diff)
{
	const struct judged *j = &s->of->judged[s->which[i]];
	struct value_rules rules = {
		.float_rel = s->v->o->float_rel, .error_type_only = raised_by_runtime(j->outcome)};
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
	const struct judged *j = &s->of->judged[s->which[i]];
	struct value_rules rules = {.float_rel = s->v->o->float_rel,
		.error_type_only = raised_by_runtime(original), .any_order = j->any_order};
	struct value_rules exact = {.float_rel = 0};
	enum value_answer answer = value_compare(original, candidate, &rules, j->mask, diff);
	struct value *again;

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
	const struct judged *j = &s->of->judged[s->which[i]];
	struct verdict *v = s->v;

	/* in any order the first difference in order says nothing */
	if (!d->path)
		*d = (struct value_diff){cf_strdup(value_outcome(j->outcome)), cf_strdup("some elements"),
			cf_strdup("others")};
	v->difference = json_object();
	json_object_set_new(v->difference, "path", text_of(d->path));
	json_object_set_new(v->difference, "original", text_of(d->original));
	json_object_set_new(v->difference, "candidate", text_of(d->candidate));
	json_object_set_new(v->difference, "input", text_of(j->input));
	json_object_set_new(
		v->difference, "call", json_integer((json_int_t)s->of->calls[s->which[i]].id));
	return decide(v, "different", "%s: %s != %s on %s", d->path, d->original, d->candidate,
		j->input ? j->input : "a recorded call");
}

/* The candidate's outcome of a call. Returns new, or NULL with the verdict decided. */
static struct value *outcome_of(
	struct side *s, int i, const struct worker_outcome *w, enum worker_end end)
{
	const struct judged *j = &s->of->judged[s->which[i]];
	const char *why = NULL, *input = j->input ? j->input : "a recorded call";
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
	const struct judged *j = &s->of->judged[s->which[i]];
	struct value *candidate = outcome_of(s, i, w, end);
	struct value_diff diff = {0};
	int r = 0;

	if (!candidate)
		return -1;
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
 * another seed it must do what the original does under that.
 */
static int judge_luck(struct side *s, const struct candidate_files *files)
{
	struct worker_result r;
	int bad = 0;

	if (original_run(s->v->o, s->of, s->which, s->n, files, SEED_B, &r) < 0) {
		s->v->status = CF_PROGRAM;
		return decide(s->v, "unverified", "it could not be run under another seed");
	}
	for (int i = 0; i < s->n && !bad; i++) {
		struct value *original = under_other_seed(s, i, 0), *candidate = NULL;
		struct value_diff diff = {0};

		if (!original) {
			if (s->have_other[0] < 0)
				bad = decide(s->v, "unverified",
					"the original could not be run under another seed");
		} else if (strcmp(value_outcome(original), "skip")) {
			candidate = outcome_of(s, i, &r.outcomes[i], r.end);
			if (!candidate)
				bad = -1;
			else if (compare_other(s, i, original, candidate, &diff) == VALUE_DIFFERENT)
				bad = differs(s, i, &diff);
		}
		value_diff_release(&diff);
		value_free(original);
		value_free(candidate);
	}
	if (bad && s->v->difference)
		json_array_append_new(s->v->notes,
			json_string("it differs under another seed of hashing and chance"));
	worker_result_release(&r);
	return bad;
}

static int all_compared(const struct verdict *v)
{
	int n = 0;

	for (int i = 0; i < INPUT_SOURCES; i++)
		n += v->compared[i];
	return n;
}

/* --- one target ------------------------------------------------------------------------------------- */

static int judge_target(struct verdict *v, struct original *of, const struct candidate_files *files)
{
	cf_autofree int *which = cf_calloc((size_t)of->ncalls + 1, sizeof(*which));
	struct side s = {.v = v, .of = of, .which = which};
	struct worker_result r;
	int bad = 0, before = all_compared(v);

	if (of->why) {
		v->status = of->status;
		return decide(v, "unverified", "%s", of->why);
	}
	for (int i = 0; i < of->ncalls; i++) {
		if (of->judged[i].outcome)
			which[s.n++] = i;
		else
			skip(v, of->judged[i].skip);
	}
	if (!s.n) {
		const char *why = json_object_iter_key(json_object_iter(v->skipped));

		return decide(v, "unverified", "no call of %s can be compared: %s", of->function.qualname,
			of->ncalls ? why : "none was recorded");
	}
	if (original_run(v->o, of, which, s.n, files, SEED_A, &r) < 0) {
		v->status = CF_PROGRAM;
		return decide(v, "unverified", "it could not be run");
	}
	v->kind = r.kind > of->kind ? r.kind : of->kind;
	for (int i = 0; i < s.n && !bad; i++)
		bad = judge_call(&s, i, &r.outcomes[i], r.end);
	worker_result_release(&r);
	if (!bad)
		bad = judge_luck(&s, files);
	side_release(&s);
	if (!bad && all_compared(v) == before)
		bad = decide(v, "unverified", "no call of %s could be compared: %s", of->function.qualname,
			json_object_iter_key(json_object_iter(v->skipped)));
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
		cf_autofree char *path = cf_path_join(root, files->v[k].path);
		cf_autobuf struct cf_buf before = CF_BUF_INIT;
		json_t *after = json_stringn(files->v[k].data, files->v[k].n), *was = NULL;

		if (after && cf_read_file(path, &before) == 0)
			was = json_stringn(before.data, before.len);
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
			bad = judge_target(v, of, &files);
	}
	free(files.v);
	json_decref(files.new_names);
	if (bad)
		return -1;
	v->answer = "equivalent";
	return 0;
}

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

json_t *verify_candidate(const struct verify_opts *o, const json_t *candidate, enum cf_exit *status)
{
	struct verdict v = {.o = o, .answer = "unverified", .skipped = json_object(),
		.notes = json_array(), .kind = o->no_sandbox ? SANDBOX_NONE : SANDBOX_OVERLAY};
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
	if (v.kind == SANDBOX_COPY)
		note(&v, "no namespaces here: it ran in a copy of the tree");
	if (v.kind == SANDBOX_NONE)
		note(&v, "it ran without a sandbox");
	for (int i = 0; i < INPUT_SOURCES; i++)
		json_object_set_new(compared, input_source_names[i], json_integer(v.compared[i]));
	record = json_pack("{s:s,s:o,s:i,s:o,s:o,s:o,s:o,s:n,s:s}", "answer", v.answer, "compared",
		compared, "unstable", v.unstable, "skipped", v.skipped, "reason",
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
	const char *name = cf_json_str(json_object_get(candidate, "target"), "name");
	const char *origin = cf_json_str(candidate, "origin"), *answer = cf_json_str(verdict, "answer");
	const char *reason = cf_json_str(verdict, "reason");
	int n = (int)cf_json_int(json_object_get(verdict, "compared"), "replay", 0);
	int64_t skipped = 0;
	const char *key;
	json_t *count;

	json_object_foreach (json_object_get(verdict, "skipped"), key, count)
		skipped += json_integer_value(count);
	if (strcmp(answer, "equivalent"))
		fprintf(stderr, "%s: %s: %s: %s\n", name ? name : "?", origin ? origin : "?", answer,
			reason ? reason : "");
	else if (skipped)
		fprintf(stderr, "%s: %s: equivalent, %d calls (%lld not compared)\n", name ? name : "?",
			origin ? origin : "?", n, (long long)skipped);
	else
		fprintf(stderr, "%s: %s: equivalent, %d call%s\n", name ? name : "?",
			origin ? origin : "?", n, n == 1 ? "" : "s");
}
