/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the workers of a measurement, one operation at a time (cf-plugin.7). */
#include <stdarg.h>
#include <stdio.h>
#include "cf-bench/measure.h"
#include "lib/json.h"
#include "lib/mem.h"

int measure_fail(struct measure *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(m->why, sizeof(m->why), fmt, args);
	va_end(args);
	return -1;
}

int64_t measure_call_id(const struct measure *m, int input)
{
	return m->job[0].calls[m->input[input]].id;
}

const char *measure_side_name(int side)
{
	return side == STATS_CANDIDATE ? "candidate" : "original";
}

json_t *measure_pass_over(const struct measure *m, const int *order, int n, int inner)
{
	json_t *ids = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(ids, json_integer(measure_call_id(m, order[i])));
	return json_pack("{s:s, s:o, s:i}", "op", "pass", "order", ids, "inner", inner);
}

double measure_pass_timeout(const struct measure *m, int n, int inner)
{
	return CALIBRATION_TIMEOUT_S + 20 * m->call_s * n * inner;
}

int measure_ask(struct measure *m, struct bench_worker *w, int side, const json_t *op, double timeout,
	json_t **answer, int64_t *call)
{
	*call = -1;
	if (bench_worker_ask(w, op) || bench_worker_answer(w, timeout, answer, call))
		return measure_fail(m, "the %s: %s", measure_side_name(side), w->why);
	return 0;
}

int measure_begin_round(struct measure *m, struct bench_worker *w, int side)
{
	json_auto_t *op = json_pack("{s:s}", "op", "begin"), *answer = NULL;
	int64_t call;

	return measure_ask(m, w, side, op, CALIBRATION_TIMEOUT_S, &answer, &call);
}

int measure_end_round(struct measure *m, struct bench_worker *w, int side, json_t **answer)
{
	json_auto_t *op = json_pack("{s:s}", "op", "end");
	int64_t call;

	return measure_ask(m, w, side, op, CALIBRATION_TIMEOUT_S, answer, &call);
}

void measure_note_skipped(struct measure *m, const json_t *answer)
{
	const char *key;
	json_t *reason;

	json_object_foreach(json_object_get(answer, "skipped"), key, reason)
		json_object_set(m->skipped, key, reason);
}

int measure_await_ready(struct measure *m, struct bench_worker *w, int side, int64_t *import_ns)
{
	json_auto_t *answer = NULL;
	int64_t call;

	if (bench_worker_answer(w, CALIBRATION_TIMEOUT_S, &answer, &call))
		return measure_fail(m, "the %s: %s", measure_side_name(side), w->why);
	if (import_ns)
		*import_ns = cf_json_int(answer, "import_ns", 0);
	measure_note_skipped(m, answer);
	return 0;
}

struct call_key measure_key_of(const struct measure *m, int input)
{
	struct call_key key;

	snprintf(key.text, sizeof(key.text), "%lld", (long long)measure_call_id(m, input));
	return key;
}

double measure_time_of(const json_t *ns, const struct call_key *key)
{
	double t = cf_json_real(ns, key->text, -1);

	return !(t >= 0) ? -1 : t < 1 ? 1 : t; /* a clock that did not move */
}
