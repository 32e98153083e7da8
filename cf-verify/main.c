/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cf-verify: runs candidates on the calls recorded of their target and says whether they do what the
 * original does. How fast they are is cf-bench's business.
 */
#include <unistd.h>
#include "cf-verify/verify.h"
#include "lib/opt.h"

#define MAX_DERIVED 10000

static int64_t processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 8 ? 8 : n;
}

int main(int argc, char **argv)
{
	struct verify_opts o = {.float_rel = 1e-9, .call_timeout_s = 10, .timeout_s = 300,
		.memory = (int64_t)8 << 30, .jobs = processors(), .max_calls = 0,
		.derived = 100, .seed = 1};
	bool values = false;
	const char *mask = NULL;
	const struct cf_opt opts[] = {
		{'e', "exit-code", NULL, CF_FLAG, &o.exit_code, "exit 1 when nothing is equivalent", 0},
		{0, "combine", NULL, CF_FLAG, &o.combine,
			"verify nothing new: merge what is verified and faster, verify that", 0},
		{'j', "jobs", "n", CF_INT, &o.jobs, "candidates at once (default: one a processor)", 1},
		{0, "max-calls", "n", CF_INT, &o.max_calls,
			"at most so many recorded calls of a function (default 0: all)", 0},
		{0, "derived", "n", CF_INT, &o.derived,
			"inputs derived from recorded ones, of a function (default 100; 0: none)", 0},
		{0, "seed", "n", CF_INT, &o.seed, "what to derive is drawn with (default 1)", 0},
		{0, "float-rel", "x", CF_DOUBLE, &o.float_rel,
			"relative tolerance for floats (default 1e-9)", 0},
		{0, "call-timeout", "s", CF_DOUBLE, &o.call_timeout_s,
			"seconds that one call may take (default 10)", 0.001},
		{0, "timeout", "s", CF_DOUBLE, &o.timeout_s,
			"seconds that all calls of a function may take (default 300)", 0.001},
		{0, "memory", "bytes", CF_INT, &o.memory,
			"address space of the code under test (default 8 GiB)", 1 << 20},
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

	argv = cf_getopt(&argc, argv, "cf-verify [options] [stream ...]", opts);
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
	if (!o.combine)
		queue_begin();
	status = cf_stream_read(argv, o.combine ? combine_record : queue_record, &o);
	if (o.combine)
		combine_finish(&o, &late);
	else
		queue_finish(&o, &late);
	originals_release();
	if (late > status)
		status = late;
	if (status == CF_OK && o.exit_code && !o.equivalent)
		return CF_NO;
	return status;
}
