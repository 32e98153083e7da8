/* SPDX-License-Identifier: Apache-2.0 */
/* The measurement as JSON (cf-json.5). */
#include <math.h>
#include <string.h>
#include "cf-bench/measure.h"
#include "lib/json.h"

json_t *measure_none(const char *why)
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

json_t *measure_json(const struct measure *m, const struct stats_result *r)
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
			json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "call", (json_int_t)measure_call_id(m, i),
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
