/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the finished stream and says what it amounts to; publishing is for patch.c and branch.c. */
#include "cf-pr/result.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/source.h"
#include "lib/trace.h"

void result_init(struct result *r)
{
	*r = (struct result){
		.targets = json_object(),
		.candidates = json_object(),
		.members = json_array(),
		.refused = json_object(),
	};
}

void result_release(struct result *r)
{
	json_decref(r->trace);
	json_decref(r->targets);
	json_decref(r->candidates);
	json_decref(r->combined);
	json_decref(r->members);
	json_decref(r->refused);
}

int result_read(const struct cf_record *record, void *arg, enum cf_exit *status)
{
	struct result *r = arg;
	const char *id = cf_json_str(record->json, "id");

	(void)status;
	if (!strcmp(record->kind, "trace")) {
		json_decref(r->trace);
		r->trace = json_incref(record->json);
	} else if (!strcmp(record->kind, "target") && id) {
		json_object_set_new(r->targets, id, json_true());
	} else if (!strcmp(record->kind, "candidate") && id) {
		const char *origin = cf_json_str(record->json, "origin");

		if (origin && !strcmp(origin, "combined")) {
			json_decref(r->combined);
			r->combined = json_incref(record->json);
		} else {
			json_object_set(r->candidates, id, record->json);
		}
	}
	return 0;
}

bool result_has_records(const struct result *r)
{
	return r->trace || r->combined || json_object_size(r->targets) ||
	       json_object_size(r->candidates);
}

static const char *answer_of(const json_t *candidate)
{
	const char *answer = cf_json_str(json_object_get(candidate, "verdict"), "answer");

	return answer ? answer : "unverified";
}

#define LEAST_GAIN 1.03

static const char *decision_of(const json_t *candidate)
{
	const json_t *m = json_object_get(candidate, "measurement");
	const char *decision = cf_json_str(m, "decision");

	/* neither a gain nor its absence is shown */
	if (decision && !strcmp(decision, "same") && cf_json_real(m, "low", 1) < 1 &&
		cf_json_real(m, "high", 1) > LEAST_GAIN)
		return "undecided";
	return decision ? decision : "unmeasured";
}

static int is_equivalent(const json_t *candidate)
{
	return !strcmp(answer_of(candidate), "equivalent");
}

static void refuse(struct result *r, const char *answer)
{
	json_object_set_new(
		r->refused, answer, json_integer(cf_json_int(r->refused, answer, 0) + 1));
}

/* Why nothing of this stream may be published; NULL when something may. */
static const char *nothing_to_publish(const struct result *r)
{
	const json_t *workflow = json_object_get(r->combined, "workflow");
	const char *failed = cf_json_str(r->combined, "workflow_reason");

	if (!r->combined) {
		if (r->faster)
			return "the faster candidates were not combined and verified together; "
			       "run cf-verify --combine";
		if (!json_object_size(r->targets) && trace_had_no_room(r->trace))
			return "the disk was full while the program was recorded; make room and "
			       "record it again";
		if (!json_object_size(r->candidates))
			return json_object_size(r->targets)
				       ? "no candidate was found for the functions of this run"
				       : "no function of the project could be optimized from this run";
		return r->equivalent ? "no candidate was measurably faster"
				     : "no candidate was shown to behave the same";
	}
	if (!is_equivalent(r->combined))
		return "together the candidates were not shown to behave the same";
	if (json_is_object(workflow)) {
		/* null: the original itself prints something else each time, and nothing can be told */
		if (!cf_json_bool(workflow, "output_identical",
			    json_is_null(json_object_get(workflow, "output_identical"))))
			return "with the candidates the whole program did not print the same";
		if (cf_json_real(workflow, "high", 1) < 1)
			return "with the candidates the whole program was slower";
	} else if (failed && !strncmp(failed, "optimized, ", 11)) {
		return failed;
	}
	return NULL;
}

static int collect_members(struct result *r)
{
	const json_t *ids = json_object_get(r->combined, "members"), *id;
	json_auto_t *edits = json_array(), *together = NULL, *apart = NULL;
	const char *root = result_root(r);
	size_t i;

	json_array_foreach (ids, i, id) {
		const char *name = json_string_value(id);
		json_t *member = name ? json_object_get(r->candidates, name) : NULL;
		json_t *merged;

		if (!member)
			return cf_error("the combined candidate names %s, which the stream does not hold",
				name ? name : "a member without an id");
		merged = edits_merge(edits, json_object_get(member, "edits"));
		if (!merged)
			return cf_error("the combined candidate's members overlap at %s", name);
		json_decref(edits);
		edits = merged;
		json_array_append(r->members, member);
	}
	if (!json_array_size(r->members))
		return cf_error("the combined candidate has no members");
	if (!root)
		return cf_error("the combined candidate has no project_root");
	together = edits_apply(json_object_get(r->combined, "edits"), root);
	apart = together ? edits_apply(edits, root) : NULL;
	if (!together || !apart)
		return -1;
	if (!json_equal(together, apart))
		return cf_error("the combined candidate is not what its members make together");
	return 0;
}

static bool is_member(const json_t *ids, const char *id)
{
	const json_t *one;
	size_t i;

	json_array_foreach (ids, i, one)
		if (json_string_value(one) && !strcmp(json_string_value(one), id))
			return true;
	return false;
}

static const char *target_id(const json_t *candidate)
{
	const char *id = cf_json_str(json_object_get(candidate, "target"), "id");

	return id ? id : "";
}

/* Whether another candidate of the same function was taken. */
static bool is_outdone(const struct result *r, const json_t *candidate)
{
	const json_t *member;
	size_t i;

	json_array_foreach (r->members, i, member)
		if (!strcmp(target_id(candidate), target_id(member)))
			return true;
	return false;
}

int result_settle(struct result *r)
{
	const json_t *candidate, *ids;
	const char *id;

	json_object_foreach (r->candidates, id, candidate) {
		if (!is_equivalent(candidate)) {
			refuse(r, answer_of(candidate));
			continue;
		}
		r->equivalent++;
		if (strcmp(decision_of(candidate), "faster"))
			refuse(r, decision_of(candidate));
		else
			r->faster++;
	}
	r->why = nothing_to_publish(r);
	if (r->why && !r->combined) {
		if (r->faster)
			json_object_set_new(r->refused, "not combined", json_integer(r->faster));
		return 0;
	}
	ids = json_object_get(r->combined, "members");
	if (r->why)
		ids = NULL;
	else if (collect_members(r) < 0)
		return -1;
	json_object_foreach (r->candidates, id, candidate)
		if (is_equivalent(candidate) && !strcmp(decision_of(candidate), "faster") &&
			!is_member(ids, id))
			refuse(r, is_outdone(r, candidate) ? "outdone" : "not combined");
	return 0;
}

const char *result_root(const struct result *r)
{
	const char *root = cf_json_str(r->trace, "project_root");

	return root ? root : cf_json_str(json_object_get(r->combined, "target"), "project_root");
}

json_t *result_record(const struct result *r, const char *patch, const json_t *patches, const char *branch, const char *url)
{
	static const char *const numbers[] = {"speedup", "low", "high"};
	json_t *record = cf_stream_record("result"), *accepted = json_array();
	const json_t *target = json_object_get(r->combined, "target"), *member;
	const json_t *trace = r->trace ? r->trace : target;
	const json_t *workflow = json_object_get(r->combined, "workflow");
	size_t i;

	json_array_foreach (r->members, i, member) {
		const json_t *of = json_object_get(member, "target");
		const json_t *measured = json_object_get(member, "measurement");
		json_t *one = json_pack("{s:s?,s:s?,s:s?,s:s?,s:s?}", "id", cf_json_str(member, "id"),
			"target", cf_json_str(of, "name"), "file", cf_json_str(of, "file"), "origin",
			cf_json_str(member, "origin"), "explanation",
			cf_json_str(member, "explanation"));

		for (size_t n = 0; n < sizeof(numbers) / sizeof(*numbers); n++)
			json_object_set_new(
				one, numbers[n], json_real(cf_json_real(measured, numbers[n], 1)));
		json_array_append_new(accepted, one);
	}
	json_object_set_new(record, "trace", json_pack("s?", cf_json_str(trace, "trace")));
	json_object_set_new(record, "project_root", json_pack("s?", result_root(r)));
	if (json_object_get(r->trace, "command"))
		json_object_set(record, "command", json_object_get(r->trace, "command"));
	json_object_set_new(record, "accepted", accepted);
	json_object_set_new(record, "workflow",
		json_is_object(workflow) ? json_incref((json_t *)workflow) : json_null());
	json_object_set_new(record, "reason", json_pack("s?", r->why));
	json_object_set_new(record, "patch", json_pack("s?", patch));
	json_object_set_new(
		record, "patches", patches ? json_incref((json_t *)patches) : json_array());
	json_object_set_new(record, "branch", json_pack("s?", branch));
	json_object_set_new(record, "url", json_pack("s?", url));
	json_object_set_new(record, "counts",
		json_pack("{s:i,s:i,s:I,s:I,s:O}", "targets", (int)json_object_size(r->targets),
			"candidates", (int)json_object_size(r->candidates), "equivalent", r->equivalent,
			"faster", r->faster, "refused", r->refused));
	return record;
}

const char *result_ratio(double ratio, char out[16])
{
	if (ratio >= 1000)
		snprintf(out, 16, "%.0fx", ratio < 1e9 ? ratio : 1e9);
	else if (ratio >= 100)
		snprintf(out, 16, "%.0fx", ratio);
	else if (ratio >= 10)
		snprintf(out, 16, "%.1fx", ratio);
	else
		snprintf(out, 16, "%.2fx", ratio);
	return out;
}

static bool is_word(char c)
{
	return c && !isspace((unsigned char)c) && !iscntrl((unsigned char)c);
}

void result_fold(struct cf_buf *b, const char *text, const char *indent, size_t width)
{
	size_t column = 0;

	for (;;) {
		size_t n = 0;

		while (*text && !is_word(*text))
			text++;
		while (is_word(text[n]))
			n++;
		if (!n)
			break;
		if (column && column + 1 + n > width) {
			cf_buf_addc(b, '\n');
			column = 0;
		}
		if (column)
			cf_buf_addc(b, ' ');
		else
			cf_buf_adds(b, indent);
		column += (column ? 1 : strlen(indent)) + n;
		cf_buf_add(b, text, n);
		text += n;
	}
	if (column)
		cf_buf_addc(b, '\n');
}

static const char *duration(double ns, char out[24])
{
	if (ns >= 1e9)
		snprintf(out, 24, "%.2f s", ns / 1e9);
	else if (ns >= 1e6)
		snprintf(out, 24, "%.1f ms", ns / 1e6);
	else
		snprintf(out, 24, "%.1f us", ns / 1e3);
	return out;
}

static void interval(const json_t *o, char out[64])
{
	char mid[16], low[16], high[16];

	double speedup = cf_json_real(o, "speedup", 1);

	snprintf(out, 64, speedup < 1 ? "not faster: %s (%s to %s)" : "%s faster (%s to %s)",
		result_ratio(speedup, mid), result_ratio(cf_json_real(o, "low", 1), low),
		result_ratio(cf_json_real(o, "high", 1), high));
}

static void print_workflow(const struct result *r)
{
	const json_t *w = json_object_get(r->combined, "workflow");
	char before[24], after[24], how[64];

	if (!json_is_object(w)) {
		const char *why = cf_json_str(r->combined, "workflow_reason");

		fprintf(stderr, "whole program: not timed: %s\n",
			why ? why : "cf-bench --workflow does that");
		return;
	}
	interval(w, how);
	fprintf(stderr, "whole program: %s -> %s, %s, %lld pairs, output %s\n",
		duration((double)cf_json_int(w, "original_ns", 0), before),
		duration((double)cf_json_int(w, "optimized_ns", 0), after), how,
		(long long)cf_json_int(w, "pairs", 0),
		cf_json_bool(w, "output_identical", 0) ? "identical" :
							 "not compared: it changes from run to run");
	if (cf_json_real(w, "low", 0) <= 1)
		fprintf(stderr, "               not told apart from no change: the gain is smaller "
				"than the noise\n");
}

static void print_members(const struct result *r)
{
	const json_t *member;
	size_t i;

	json_array_foreach (r->members, i, member) {
		const json_t *target = json_object_get(member, "target");
		const json_t *measured = json_object_get(member, "measurement");
		const char *explanation = cf_json_str(member, "explanation");
		struct cf_buf text cf_autobuf = CF_BUF_INIT;
		char how[64];

		interval(measured, how);
		fprintf(stderr, "  %s.%s: %s%s\n", cf_json_str(target, "module"),
			cf_json_str(target, "name"), how,
			cf_json_bool(measured, "caching", 0) ? ", by remembering across calls" : "");
		result_fold(&text, explanation ? explanation : "", "      ", 92);
		fputs(text.data ? text.data : "", stderr);
	}
}

/* Why a candidate is not among the accepted, for people. */
static const char *in_words(const char *answer)
{
	static const char *const words[][2] = {
		{"same", "not faster"},
		{"undecided", "undecided, for noise: a larger cf-bench --budget may tell"},
		{"regresses", "slower or dearer in part"},
		{"different", "behave differently"},
		{"outdone", "outdone by another for the same function"},
		{"not combined", "do not go together with the others"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(answer, words[i][0]))
			return words[i][1];
	return answer;
}

void result_summary(const struct result *r)
{
	size_t all = json_object_size(r->candidates), kept = json_array_size(r->members);
	const json_t *n;
	const char *answer, *sep = "";

	if (r->why)
		fprintf(stderr, "nothing to publish: %s\n", r->why);
	else
		print_workflow(r);
	fprintf(stderr, "%zu function%s, %zu candidate%s, %zu accepted%s\n",
		json_object_size(r->targets), json_object_size(r->targets) == 1 ? "" : "s", all,
		all == 1 ? "" : "s", kept, kept ? ":" : "");
	print_members(r);
	if (json_object_size(r->refused)) {
		fprintf(stderr, "not taken: ");
		json_object_foreach (r->refused, answer, n) {
			fprintf(stderr, "%s%lld %s", sep, (long long)json_integer_value(n), in_words(answer));
			sep = ", ";
		}
		fputc('\n', stderr);
	}
}

char *result_shell_word(const char *s)
{
	struct cf_buf b cf_autobuf = CF_BUF_INIT;

	if (*s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+=:@%,") ==
			  strlen(s))
		return cf_strdup(s);
	cf_buf_addc(&b, '\'');
	for (; *s; s++)
		if (*s == '\'')
			cf_buf_adds(&b, "'\\''");
		else
			cf_buf_addc(&b, *s);
	cf_buf_addc(&b, '\'');
	return cf_buf_detach(&b, NULL);
}
