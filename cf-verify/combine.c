/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --combine: of the candidates that went by, the fastest verified one of each target, merged and
 * verified together. What does not go together is left out, the smaller saving first.
 */
#include "cf-verify/strength.h"
#include "cf-verify/verify.h"
#include "cf-verify/tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/source.h"

/* Of the function's own time: candidates that leave as much of it to within this are equally fast, and
 * the smaller change is the better one. Which of them is ahead by a hair is chance, and would be
 * another one tomorrow. */
#define EQUALLY_FAST 0.03

struct member {
	json_t *record;
	double left;    /* share of the original's time that it takes */
	double saving;  /* nanoseconds of the traced run */
	size_t change;  /* bytes of its diff */
};

static struct member *members;
static size_t n_members, cap_members;

static const json_t *target_of(const struct member *m)
{
	return json_object_get(m->record, "target");
}

static struct member member_of(json_t *record)
{
	double speedup = cf_json_real(json_object_get(record, "measurement"), "speedup", 1);
	double own = cf_json_real(json_object_get(record, "target"), "own_ns", 0);
	const char *diff = cf_json_str(record, "diff");
	double left = speedup > 0 ? 1 / speedup : 1;

	return (struct member){record, left, own * (1 - left), diff ? strlen(diff) : 0};
}

static bool won(const json_t *record)
{
	const char *answer = cf_json_str(json_object_get(record, "verdict"), "answer");
	const char *decision = cf_json_str(json_object_get(record, "measurement"), "decision");
	const char *origin = cf_json_str(record, "origin");

	return answer && !strcmp(answer, "equivalent") && decision && !strcmp(decision, "faster") &&
	       !(origin && !strcmp(origin, "combined")) && !is_mutant(record);
}

int combine_record(const struct cf_record *record, void *opts, enum cf_exit *status)
{
	(void)opts, (void)status;
	if (!strcmp(record->kind, "tests"))
		tests_note(record->json);
	if (strcmp(record->kind, "candidate") ||
		!cf_json_str(json_object_get(record->json, "target"), "id") || !won(record->json))
		return 0;
	cf_grow(&members, &cap_members, n_members + 1, sizeof(*members));
	json_incref(record->json);
	members[n_members++] = member_of(record->json);
	return 0;
}

static bool same_target(const struct member *a, const struct member *b)
{
	return !strcmp(cf_json_str(target_of(a), "id"), cf_json_str(target_of(b), "id"));
}

/* Whether m is the one of its target to take: nothing is faster by more than counts, nor as fast and
 * a smaller change, or as small and earlier in the stream. */
static bool is_best(const struct member *m)
{
	double least = m->left;

	for (size_t i = 0; i < n_members; i++)
		if (same_target(m, &members[i]) && members[i].left < least)
			least = members[i].left;
	if (m->left > least + EQUALLY_FAST)
		return false;
	for (size_t i = 0; i < n_members; i++) {
		const struct member *o = &members[i];

		if (o == m || !same_target(m, o) || o->left > least + EQUALLY_FAST)
			continue;
		if (o->change < m->change || (o->change == m->change && o < m))
			return false;
	}
	return true;
}

/* Leaves one member a target. */
static void choose(void)
{
	cf_autofree bool *best = cf_calloc(n_members + 1, sizeof(*best));
	size_t n = 0;

	for (size_t i = 0; i < n_members; i++)
		best[i] = is_best(&members[i]);
	for (size_t i = 0; i < n_members; i++) {
		if (best[i])
			members[n++] = members[i];
		else
			json_decref(members[i].record);
	}
	n_members = n;
}

static int by_saving(const void *pa, const void *pb)
{
	const struct member *a = pa, *b = pb;

	return a->saving < b->saving ? 1 : a->saving > b->saving ? -1 : 0;
}

/* The members that are in, as one candidate record. Returns new; NULL when their edits overlap. */
static json_t *merged(const struct member *const *in, size_t n)
{
	const char *root = cf_json_str(target_of(in[0]), "project_root");
	json_auto_t *ids = json_array(), *targets = json_array();
	json_t *edits = json_array(), *record;
	struct cf_buf why cf_autobuf = CF_BUF_INIT;
	cf_autofree char *diff = NULL;
	int64_t in_tokens = 0, out_tokens = 0;
	char id[65];

	for (size_t i = 0; i < n; i++) {
		const json_t *cost = json_object_get(in[i]->record, "cost");
		json_t *more = edits_merge(edits, json_object_get(in[i]->record, "edits"));
		const char *text = cf_json_str(in[i]->record, "explanation");
		const char *name = cf_json_str(target_of(in[i]), "name");

		json_decref(edits);
		edits = more;
		if (!edits)
			return NULL;
		json_array_append(ids, json_object_get(in[i]->record, "id"));
		json_array_append(targets, (json_t *)target_of(in[i]));
		cf_buf_addf(&why, "%s%s: %s", i ? "\n" : "", name ? name : "?", text ? text : "");
		in_tokens += cf_json_int(cost, "input_tokens", 0);
		out_tokens += cf_json_int(cost, "output_tokens", 0);
	}
	diff = edits_diff(edits, root);
	if (!diff) {
		json_decref(edits);
		return NULL;
	}
	edits_id(edits, "combined", id);
	record = cf_stream_record("candidate");
	json_object_set_new(record, "id", json_string(id));
	json_object_set_new(record, "name", json_string("combined"));
	json_object_set(record, "target", (json_t *)target_of(in[0]));
	json_object_set_new(record, "origin", json_string("combined"));
	json_object_set(record, "members", ids);
	json_object_set(record, "targets", targets);
	json_object_set_new(record, "edits", edits);
	json_object_set_new(record, "diff", cf_json_text(diff, strlen(diff)));
	json_object_set_new(record, "explanation", cf_json_text(why.data, why.len));
	json_object_set_new(record, "cost",
		json_pack("{s:I,s:I}", "input_tokens", (json_int_t)in_tokens, "output_tokens",
			(json_int_t)out_tokens));
	return record;
}

static bool verified(const struct verify_opts *o, json_t *record, enum cf_exit *status)
{
	json_t *verdict = verify_candidate(o, record, status);

	json_object_set_new(record, "verdict", verdict);
	return !strcmp(cf_json_str(verdict, "answer"), "equivalent");
}

static void left_out(const struct verify_opts *o, const struct member *m, const char *why)
{
	const char *name = cf_json_str(target_of(m), "name");

	if (!o->quiet)
		fprintf(stderr, "combined: without %s: %s\n", name ? name : "?", why);
}

/* The largest set that goes together, found by taking them one after another. Returns new. */
static json_t *one_by_one(const struct verify_opts *o, const struct member *const *all, size_t n,
	enum cf_exit *status)
{
	cf_autofree const struct member **in = cf_calloc(n + 1, sizeof(*in));
	json_t *best = NULL;
	size_t taken = 0;

	for (size_t i = 0; i < n; i++) {
		json_t *record;
		const json_t *verdict;

		in[taken] = all[i];
		record = merged(in, taken + 1);
		if (!record) {
			left_out(o, all[i], "its edits overlap with those of a larger saving");
			continue;
		}
		if (verified(o, record, status)) {
			json_decref(best);
			best = record;
			taken++;
			continue;
		}
		verdict = json_object_get(record, "verdict");
		left_out(o, all[i],
			cf_json_str(verdict, "reason") ? cf_json_str(verdict, "reason") : "not equivalent");
		json_decref(record);
	}
	return best;
}

static bool has_member(const json_t *record, const json_t *id)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(record, "members"), i, one)
		if (json_equal(one, id))
			return true;
	return false;
}

/* What its members' targets have each been found to be worth. Returns new. */
static json_t *strength_of_members(const json_t *record, const struct member *const *all, size_t n)
{
	json_t *sum = NULL;

	for (size_t i = 0; i < n; i++) {
		json_t *part = json_object_get(json_object_get(all[i]->record, "verdict"), "strength");

		if (has_member(record, json_object_get(all[i]->record, "id")))
			sum = strength_sum(sum, part ? json_incref(part) : json_null());
	}
	return sum;
}

/* Members of one project, in the order of their savings. */
static void combine_project(
	struct verify_opts *o, const struct member *const *all, size_t n, enum cf_exit *status)
{
	json_auto_t *record = merged(all, n);

	if (!record || !verified(o, record, status)) {
		json_decref(record);
		record = one_by_one(o, all, n, status);
	}
	if (!record)
		return;
	o->equivalent++;
	json_object_set_new(json_object_get(record, "verdict"), "strength",
		strength_of_members(record, all, n));
	if (!o->quiet)
		verify_report(record);
	cf_stream_write(record);
}

static const char *root_of(const struct member *m)
{
	const char *root = cf_json_str(target_of(m), "project_root");

	return root ? root : "";
}

void combine_finish(struct verify_opts *o, enum cf_exit *status)
{
	choose();
	cf_autofree const struct member **group = cf_calloc(n_members + 1, sizeof(*group));
	cf_autofree bool *done = cf_calloc(n_members + 1, sizeof(*done));

	if (n_members)
		qsort(members, n_members, sizeof(*members), by_saving);
	for (size_t i = 0; i < n_members; i++) {
		size_t n = 0;

		for (size_t j = i; j < n_members; j++)
			if (!done[j] && !strcmp(root_of(&members[j]), root_of(&members[i]))) {
				group[n++] = &members[j];
				done[j] = true;
			}
		if (n)
			combine_project(o, group, n, status);
	}
	for (size_t i = 0; i < n_members; i++)
		json_decref(members[i].record);
	free(members);
	members = NULL;
	n_members = 0;
}
