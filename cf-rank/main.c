/* SPDX-License-Identifier: Apache-2.0 */
/* cf-rank: orders the functions of a trace by what optimising them can save. */
#include <unistd.h>
#include "cf-rank/rank.h"
#include "lib/opt.h"

int main(int argc, char **argv)
{
	struct rank_opts o = {.top = 20, .min_share = 0.01};
	const struct cf_opt opts[] = {
		{'n', "top", "n", CF_INT, &o.top, "at most that many targets a trace [20]", 1},
		{0, "min-share", "x", CF_DOUBLE, &o.min_share,
			"leave out what can save less of the profiled time [0.01]", 0},
		{0, "function", "name", CF_STRING, &o.function,
			"this function only: name, Class.name or file:name", 0},
		{0, "shard", "I/N", CF_STRING, &o.shard, "the I-th of N parts of the targets", 0},
		{'t', "table", NULL, CF_FLAG, &o.table, "a table on stderr, terminal or not", 0},
		{0, "inputs", NULL, CF_FLAG, &o.inputs,
			"a table of how the kept inputs stand for the calls", 0},
		{'q', "quiet", NULL, CF_FLAG, &o.quiet, "nothing for people on stderr", 0},
		{0},
	};
	enum cf_exit status;

	argv = cf_getopt(&argc, argv, "cf-rank [options] [stream | trace ...]", opts);
	if (cf_shard_check(o.shard) < 0)
		return CF_USAGE;
	o.table = o.table || (!o.quiet && isatty(STDERR_FILENO));
	o.seen = json_object();
	status = trace_stream(argv, rank_record, &o);
	json_decref(o.seen);
	return (int)status;
}
