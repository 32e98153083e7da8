/* SPDX-License-Identifier: Apache-2.0 */
/* cf-replaygen: writes replay tests from a trace. */
#include "cf-replaygen/replay.h"
#include "lib/opt.h"

int main(int argc, char **argv)
{
	struct replay_opts o = {.run.call_timeout_s = 10};
	const struct cf_opt opts[] = {
		{0, "tests-root", "dir", CF_STRING, &o.tests_root,
			"where the tests go [the trace's]", 0},
		{0, "max-calls", "n", CF_INT, &o.run.max_calls, "of each function [all]", 1},
		{0, "call-timeout", "seconds", CF_DOUBLE, &o.run.call_timeout_s,
			"a call that takes longer is dropped [10]", 0.001},
		{0, "budget", "seconds", CF_DOUBLE, &o.run.budget_s,
			"no function is begun after that, those of most time first [no limit]", 0},
		{'j', "jobs", "n", CF_INT, &o.run.jobs, "workers at a time [processors]", 1},
		{0, "allow-network", NULL, CF_FLAG, &o.run.allow_network,
			"the calls may use the network", 0},
		{0, "no-sandbox", NULL, CF_FLAG, &o.run.no_sandbox,
			"run the calls without any isolation", 0},
		{'q', "quiet", NULL, CF_FLAG, &o.quiet, "no progress, no summary", 0},
		{0},
	};
	enum cf_exit status;

	argv = cf_getopt(&argc, argv, "cf-replaygen [options] [stream | trace ...]", opts);
	o.seen = json_object();
	status = trace_stream(argv, replay_record, &o);
	json_decref(o.seen);
	return (int)status;
}
