/* SPDX-License-Identifier: Apache-2.0 */
/* cf-suggest: candidate rewrites for the targets on the stream. */
#include "cf-suggest/suggest.h"

#include <inttypes.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static struct suggest o = {.candidates = 16, .timeout = 120};
	bool list = false;
	const char *explain = NULL;
	const struct cf_opt opts[] = {
		{'f', "from", "NAME", CF_LIST, &o.from, "rules (default) or exec:CMD; repeatable", 0},
		{'n', "candidates", "N", CF_INT, &o.candidates, "at most N a target and backend (16)", 1},
		{0, "rule", "NAME", CF_LIST, &o.rules, "only this rule; repeatable", 0},
		{0, "list-rules", NULL, CF_FLAG, &list, "print the rules and exit", 0},
		{0, "explain", "NAME", CF_STRING, &explain, "print why a rule pays, with an example", 0},
		{0, "timeout", "SECONDS", CF_DOUBLE, &o.timeout, "for one run of exec:CMD (120)", 0.001},
		{0, "shard", "I/N", CF_STRING, &o.shard, "only the I-th of N parts of the targets", 0},
		{'q', "quiet", NULL, CF_FLAG, &o.quiet, "no summary line on stderr", 0},
		{'v', "verbose", NULL, CF_FLAG, &o.verbose, "say which proposals were dropped, and why", 0},
		{0},
	};

	argv = cf_getopt(&argc, argv, "cf-suggest [options] [stream ...]", opts);
	if (list) {
		suggest_list_rules();
		return CF_OK;
	}
	if (explain)
		return suggest_explain(explain) ? CF_USAGE : CF_OK;
	if (suggest_check(&o) || cf_shard_check(o.shard))
		return CF_USAGE;
	enum cf_exit status = cf_stream_read(argv, suggest_record, &o);
	if (!o.quiet && isatty(STDERR_FILENO))
		cf_warn("%" PRId64 " candidates for %" PRId64 " functions", o.written, o.targets);
	return (int)status;
}
