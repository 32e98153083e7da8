/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cf-bench: times the original against each candidate that was verified. Whether the two behave the
 * same is cf-verify's business; which language they are in, a plugin's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cf-bench/bench.h"
#include "lib/error.h"
#include "lib/json.h"
#include "lib/lock.h"
#include "lib/mem.h"
#include "lib/opt.h"
#include "lib/pair.h"
#include "lib/stream.h"

static bool wanted(const struct bench_opts *o, const json_t *candidate)
{
	const char *origin = cf_json_str(candidate, "origin"), *id = cf_json_str(candidate, "id");
	const char *answer = cf_json_str(json_object_get(candidate, "verdict"), "answer");
	bool combined = origin && !strcmp(origin, "combined");

	/* a combination is timed as the user runs it, a single change on the calls recorded of it */
	if (combined != o->workflow || !cf_shard_owns(o->shard, id ? id : ""))
		return false;
	if (o->only_new && json_object_get(candidate, o->workflow ? "workflow" : "measurement"))
		return false;
	return o->all || (answer && !strcmp(answer, "equivalent"));
}

static void waiting(void)
{
	static bool said;

	if (!said)
		cf_warn("waiting for another measurement on this machine to end");
	said = true;
}

static int measure(struct bench_opts *o, json_t *record, enum cf_exit *status)
{
	cf_autoclose int lock = cf_lock(true, waiting);

	if (lock < 0) {
		*status = CF_MISSING;
		return -1;
	}
	if (o->workflow) {
		bench_workflow(o, record);
		const json_t *w = json_object_get(record, "workflow");

		o->faster += cf_json_real(w, "low", 0) > 1;
		if (!o->quiet)
			bench_report_workflow(record);
	} else {
		json_t *measurement = bench_candidate(o, record, status);
		const char *decision = cf_json_str(measurement, "decision");

		o->faster += decision && !strcmp(decision, "faster");
		if (!o->quiet)
			bench_report(record, measurement);
		json_object_set_new(record, "measurement", measurement);
	}
	cf_stream_write(record);
	return 0;
}

static int bench_record(const struct cf_record *record, void *arg, enum cf_exit *status)
{
	struct bench_opts *o = arg;

	if (strcmp(record->kind, "candidate") || !wanted(o, record->json))
		return 0;
	return measure(o, record->json, status) < 0 ? -1 : 1;
}

static enum cf_exit bench_pair(struct bench_opts *o, struct pair *pair, char *const *argv)
{
	json_auto_t *record = pair_candidate(pair, argv);
	enum cf_exit status = CF_OK;

	if (!record)
		return CF_USAGE;
	measure(o, record, &status);
	return status;
}

int main(int argc, char **argv)
{
	struct bench_opts o = {.min_speedup = 0.03, .confidence = 0.95, .seed = 1, .max_calls = 100,
		.float_rel = 1e-9};
	struct pair pair = {0};
	const struct cf_opt opts[] = {
		PAIR_FUNCTION(&pair),
		PAIR_CASES(&pair),
		{0, "min-speedup", "x", CF_DOUBLE, &o.min_speedup,
			"gain below which nothing is faster (default 0.03)", 0},
		{0, "confidence", "p", CF_DOUBLE, &o.confidence, "of the intervals (default 0.95)", 0},
		{0, "budget", "s", CF_DOUBLE, &o.budget,
			"seconds for a candidate (default 10; for --workflow 60)", 0},
		{0, "float-rel", "x", CF_DOUBLE, &o.float_rel,
			"relative tolerance for floats in results (default 1e-9)", 0},
		{0, "cpus", "list", CF_STRING, &o.cpus, "run on these CPUs only, such as 0,2-3", 0},
		{0, "seed", "n", CF_INT, &o.seed, "of orders and draws (default 1)", 0},
		{0, "max-calls", "n", CF_INT, &o.max_calls,
			"at most so many recorded calls of a function (default 100)", 1},
		{0, "all", NULL, CF_FLAG, &o.all, "measure what is not verified as equivalent too", 0},
		{0, "new", NULL, CF_FLAG, &o.only_new, "only candidates that are not measured yet", 0},
		{0, "workflow", NULL, CF_FLAG, &o.workflow,
			"time the whole traced command on the combined candidate instead", 0},
		{0, "export-csv", "file", CF_STRING, &o.export_csv, "write every single time", 0},
		{'e', "exit-code", NULL, CF_FLAG, &o.exit_code, "exit 1 when nothing is faster", 0},
		{0, "shard", "i/n", CF_STRING, &o.shard, "measure only this part of the candidates", 0},
		{0, "allow-network", NULL, CF_FLAG, &o.allow_network,
			"let the code under test reach the network", 0},
		{0, "no-sandbox", NULL, CF_FLAG, &o.no_sandbox,
			"run the code under test without the sandbox", 0},
		{'q', "quiet", NULL, CF_FLAG, &o.quiet, "no tables on stderr", 0},
		{0},
	};
	cf_autofclose FILE *csv = NULL;

	argv = cf_getopt_anywhere(&argc, argv,
		"cf-bench [options] [stream ...] | original candidate --function name", opts);
	bool two_files = pair_wanted(&pair, argc);

	if (cf_shard_check(o.shard))
		return CF_USAGE;
	if (two_files && (o.workflow || o.shard))
		cf_die(CF_USAGE, "%s is for streams, not for two files", o.workflow ? "--workflow" : "--shard");
	if (!(o.confidence > 0.5 && o.confidence < 1))
		cf_die(CF_USAGE, "--confidence %g: must be above 0.5 and below 1", o.confidence);
	if (o.budget <= 0)
		o.budget = o.workflow ? 60 : 10;
	if (o.cpus && bench_pin(o.cpus))
		return CF_USAGE;
	if (o.no_sandbox)
		cf_warn("--no-sandbox: the code under test can write, send and delete what you can");
	if (o.export_csv) {
		o.csv = csv = fopen(o.export_csv, "we");
		if (!csv)
			cf_die(CF_USAGE, "--export-csv %s: %s", o.export_csv, strerror(errno));
		fputs("candidate,phase,group,round,pass,side,position,call,weight,fresh,runs,ns\n", csv);
	}
	enum cf_exit status = two_files ? bench_pair(&o, &pair, argv)
					: cf_stream_read(argv, bench_record, &o);

	pair_release(&pair);
	if (csv && (fflush(csv) || ferror(csv)))
		cf_die(CF_USAGE, "--export-csv %s: %s", o.export_csv, strerror(errno));
	if (status == CF_OK && o.exit_code && !o.faster)
		return CF_NO;
	return status;
}
