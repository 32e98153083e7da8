/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cf-verify: runs candidates on the calls recorded of their target and says whether they do what the
 * original does. How fast they are is cf-bench's business.
 */
#include <unistd.h>
#include "cf-verify/strength.h"
#include "cf-verify/tests.h"
#include "cf-verify/verify.h"
#include "lib/opt.h"
#include "lib/pair.h"

#define MUTANTS 8
#define MAX_DERIVED 10000

static int64_t processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 8 ? 8 : n;
}

/* The candidate that two files are, verified as one of a stream is. */
static enum cf_exit verify_pair(struct verify_opts *o, struct pair *pair, char *const *argv)
{
	json_auto_t *record = pair_candidate(pair, argv);
	struct cf_record r = {.json = record, .kind = "candidate", .source = argv[1], .number = 1};
	enum cf_exit status = CF_OK;

	if (!record)
		return CF_USAGE;
	o->original_file = &pair->stand_in;
	queue_record(&r, o, &status);
	return status;
}

int main(int argc, char **argv)
{
	struct verify_opts o = {.float_rel = 1e-9, .call_timeout_s = 10, .timeout_s = 300, .tests_s = 20,
		.memory = (int64_t)8 << 30, .jobs = processors(), .max_calls = 0, .mutants = -1,
		.mutants_time_s = 30, .derived = 50, .seed = 1};
	bool values = false;
	const char *mask = NULL, *tests = NULL;
	struct pair pair = {0};
	const struct cf_opt opts[] = {
		PAIR_FUNCTION(&pair),
		PAIR_CASES(&pair),
		{'e', "exit-code", NULL, CF_FLAG, &o.exit_code, "exit 1 when nothing is equivalent", 0},
		{0, "combine", NULL, CF_FLAG, &o.combine,
			"verify nothing new: merge what is verified and faster, verify that", 0},
		{0, "new", NULL, CF_FLAG, &o.only_new, "only candidates that have no verdict yet", 0},
		{'j', "jobs", "n", CF_INT, &o.jobs, "candidates at once (default: one a processor)", 1},
		{0, "max-calls", "n", CF_INT, &o.max_calls,
			"at most so many recorded calls of a function (default 0: all)", 0},
		{0, "derived", "n", CF_INT, &o.derived,
			"inputs derived from recorded ones, of a function (default 50; 0: none)", 0},
		{0, "seed", "n", CF_INT, &o.seed, "what to derive is drawn with (default 1)", 0},
		{0, "float-rel", "x", CF_DOUBLE, &o.float_rel,
			"relative tolerance for floats (default 1e-9)", 0},
		{0, "call-timeout", "s", CF_DOUBLE, &o.call_timeout_s,
			"seconds that one call may take (default 10)", 0.001},
		{0, "timeout", "s", CF_DOUBLE, &o.timeout_s,
			"seconds that all calls of a function may take (default 300)", 0.001},
		{0, "tests", "trace", CF_STRING, &tests,
			"a trace of the project's tests, in place of what the stream names", 0},
		{0, "tests-time", "s", CF_DOUBLE, &o.tests_s,
			"seconds to spend on the tests that reach a function (default 20; 0: run none)", 0},
		{0, "memory", "bytes", CF_INT, &o.memory,
			"address space of the code under test (default 8 GiB)", 1 << 20},
		{0, "mutants", "n", CF_INT, &o.mutants,
			"judge so many mutants of a function (default 8; 0: none)", 0},
		{0, "mutants-time", "s", CF_DOUBLE, &o.mutants_time_s,
			"seconds after which no more of them are begun (default 30)", 0},
		{0, "list-mutants", NULL, CF_FLAG, &o.list_mutants,
			"verify nothing: write the mutants of each target as candidates", 0},
		{0, "shard", "i/n", CF_STRING, &o.shard, "verify only this part of the candidates", 0},
		{0, "allow-network", NULL, CF_FLAG, &o.allow_network,
			"let the code under test reach the network", 0},
		{0, "no-sandbox", NULL, CF_FLAG, &o.no_sandbox,
			"run the code under test without the sandbox", 0},
		{0, "values", NULL, CF_FLAG, &values, "compare two files of encoded values", 0},
		{0, "mask", "file", CF_STRING, &mask,
			"with --values: JSON array of paths not to compare", 0},
		{'q', "quiet", NULL, CF_FLAG, &o.quiet, "no verdicts on stderr", 0},
		{0},
	};
	enum cf_exit status, late = CF_OK;

	argv = cf_getopt_anywhere(&argc, argv,
		"cf-verify [options] [stream ...] | original candidate --function name", opts);
	bool two_files = pair_wanted(&pair, argc);

	if (two_files && (o.combine || values || o.shard))
		cf_die(CF_USAGE, "%s and --function do not go together",
			o.combine ? "--combine" : values ? "--values" : "--shard");
	if (cf_shard_check(o.shard) < 0)
		return CF_USAGE;
	if (values) {
		if (argc != 2)
			cf_die(CF_USAGE, "--values takes two files: cf-verify --values A B");
		return verify_values(&o, argv[0], argv[1], mask);
	}
	if (mask)
		cf_die(CF_USAGE, "--mask is for --values");
	if (o.derived > MAX_DERIVED)
		cf_die(CF_USAGE, "--derived: %lld is too many, at most %d", (long long)o.derived, MAX_DERIVED);
	if (o.no_sandbox)
		cf_warn("--no-sandbox: the code under test can write, send and delete what you can");
	if (o.list_mutants)
		return cf_stream_read(argv, strength_list, &o);
	if (o.mutants < 0)
		o.mutants = MUTANTS;
	if (tests && tests_use(tests) < 0)
		return CF_USAGE;
	if (!o.combine)
		queue_begin();
	status = two_files ? verify_pair(&o, &pair, argv)
			   : cf_stream_read(argv, o.combine ? combine_record : queue_record, &o);
	if (o.combine)
		combine_finish(&o, &late);
	else
		queue_finish(&o, &late);
	strengths_release();
	tests_release();
	originals_release();
	pair_release(&pair);
	if (late > status)
		status = late;
	if (status == CF_OK && o.exit_code && !o.equivalent)
		return CF_NO;
	return status;
}
