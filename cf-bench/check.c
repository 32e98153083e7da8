/* SPDX-License-Identifier: Apache-2.0 */
/* Results of timed calls compared; which of them, and how they are had, is group.c's. */
#include "cf-bench/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/json.h"
#include "lib/mem.h"

/* More paths than this say that the outcome as a whole is unstable. */
#define MAX_MASK 200

void check_input_release(struct check_input *in)
{
	json_decref(in->mask);
	*in = (struct check_input){0};
}

static int digit(char c)
{
	static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(all, c) : NULL;

	return p ? (int)(p - all) : -1;
}

struct value *check_decode(const json_t *answer, const char **why)
{
	const json_t *text = json_object_get(answer, "outcome");
	const char *s = json_string_value(text);
	size_t n = json_string_length(text), used = 0;
	unsigned bits = 0;

	*why = "it is not base64";
	if (!s || n % 4)
		return NULL;
	while (n && s[n - 1] == '=')
		n--;
	cf_autofree unsigned char *data = malloc(n * 3 / 4 + 1);

	if (!data)
		abort();
	for (size_t i = 0; i < n; i++) {
		int d = digit(s[i]);

		if (d < 0)
			return NULL;
		bits = (bits << 6 | (unsigned)d) & 0xffffff;
		if (i % 4)
			data[used++] = (unsigned char)(bits >> (6 - i % 4 * 2));
	}
	struct value *v = value_decode(data, used, why);

	if (v && !value_outcome(v)) {
		*why = "it is not an outcome";
		value_free(v);
		return NULL;
	}
	return v;
}

/* Another result of the original on the same input: where it differs, nothing is compared. */
static void settle(struct check_input *in, const struct value *original, const struct value *other)
{
	struct value_rules exact = {.float_rel = 0}, unordered = {.float_rel = 0, .any_order = true};
	json_auto_t *mask = value_differences(original, other, &exact, MAX_MASK);

	if (!json_array_size(mask))
		return;
	if (value_compare(original, other, &unordered, NULL, NULL) == VALUE_EQUAL)
		in->any_order = true;
	else if (value_masked(mask, "kind") || value_masked(mask, "return") || value_masked(mask, "raise"))
		in->unstable = true;
	else if (in->mask)
		json_array_extend(in->mask, mask);
	else
		in->mask = json_incref(mask);
}

static struct value_rules rules_of(const struct value *original, double float_rel)
{
	const char *by = value_outcome_text(original, "raised_by");

	return (struct value_rules){
		.float_rel = float_rel, .error_type_only = by && !strcmp(by, "runtime")};
}

static enum check_answer compare(const struct check_input *in, const struct value *original,
	const struct value *candidate, double float_rel, char *why, size_t size)
{
	struct value_rules rules = rules_of(original, float_rel);
	struct value_diff d = {0};
	enum check_answer answer = CHECK_SAME;

	if (in->unstable) {
		snprintf(why, size, "unstable: runs of the original differ");
		return CHECK_CANNOT;
	}
	rules.any_order = in->any_order;
	switch (value_compare(original, candidate, &rules, in->mask, &d)) {
	case VALUE_EQUAL:
		break;
	case VALUE_DIFFERENT:
		snprintf(why, size, "%s: %.100s != %.100s", d.path ? d.path : "its elements",
			d.original ? d.original : "some", d.candidate ? d.candidate : "others");
		answer = CHECK_DIFFERENT;
		break;
	case VALUE_UNKNOWN: {
		cf_autofree char *opaque = value_opaque(original);

		snprintf(why, size, "opaque: %s", opaque ? opaque : "too much to compare");
		answer = CHECK_CANNOT;
	}
	}
	value_diff_release(&d);
	return answer;
}

static bool skipped(const struct value *v)
{
	return !strcmp(value_outcome(v), "skip");
}

enum check_answer check_results(struct check_input *in, struct value *const side[STATS_SIDES],
	double float_rel, char *why, size_t size)
{
	const struct value *original = side[STATS_ORIGINAL], *again = side[STATS_AGAIN];
	const struct value *candidate = side[STATS_CANDIDATE];

	if (skipped(original) || skipped(again)) {
		const char *reason = value_outcome_text(skipped(original) ? original : again, "reason");

		snprintf(why, size, "%s", reason ? reason : "it cannot be judged");
		return CHECK_CANNOT;
	}
	if (skipped(candidate)) {
		const char *reason = value_outcome_text(candidate, "reason");

		snprintf(why, size, "it cannot be judged where the original can: %s",
			reason ? reason : "no reason given");
		return CHECK_DIFFERENT;
	}
	settle(in, original, again);
	return compare(in, original, candidate, float_rel, why, size);
}

/* As in cf-verify: a candidate may give the original's elements in any order where the original
 * itself does so under other seeds. What is in order under all of them must be here. */
bool check_order(struct check_input *in, struct value *const side[STATS_SIDES],
	struct value *const *reseeded, int n, double float_rel)
{
	const struct value *original = side[STATS_ORIGINAL], *candidate = side[STATS_CANDIDATE];
	struct value_rules exact = {.float_rel = 0}, unordered = {.float_rel = 0, .any_order = true};
	struct value_rules rules = rules_of(original, float_rel);
	json_auto_t *mask = json_array();
	bool hashed = false;

	if (skipped(candidate))
		return false;
	json_array_extend(mask, in->mask);
	for (int i = 0; i < n; i++) {
		if (value_compare(original, reseeded[i], &unordered, NULL, NULL) != VALUE_EQUAL)
			return false;
		json_auto_t *other = value_differences(original, reseeded[i], &exact, 1000000);

		hashed |= json_array_size(other) > 0;
		json_array_extend(mask, other);
	}
	if (!hashed || value_compare(original, candidate, &rules, mask, NULL) != VALUE_EQUAL)
		return false;
	rules.any_order = true;
	in->any_order = value_compare(original, candidate, &rules, in->mask, NULL) == VALUE_EQUAL;
	return in->any_order;
}

enum check_answer check_later(struct check_input *in, struct value *const side[STATS_SIDES],
	const struct value *later, double float_rel, char *why, size_t size)
{
	if (skipped(side[STATS_CANDIDATE]))
		return CHECK_DIFFERENT;
	settle(in, side[STATS_ORIGINAL], later);
	return compare(
		in, side[STATS_ORIGINAL], side[STATS_CANDIDATE], float_rel, why, size);
}
