/* SPDX-License-Identifier: Apache-2.0 */
/* cf-suggest: candidate rewrites for the targets on the stream. */
#include "cf-suggest/suggest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/error.h"

/* "IN,OUT", both 0 or more. */
static int read_price(const char *text, struct suggest *o)
{
	char *end = NULL;

	if (!text)
		return 0;
	o->price[0] = strtod(text, &end);
	if (end == text || *end != ',')
		return cf_error("--price %s: not two numbers such as 2.50,10", text);
	const char *second = end + 1;

	o->price[1] = strtod(second, &end);
	if (end == second || *end || !(o->price[0] >= 0) || !(o->price[1] >= 0))
		return cf_error("--price %s: not two numbers such as 2.50,10", text);
	return 0;
}

/* Tokens, or money where it is marked as such. */
static int read_max_cost(const char *text, struct suggest *o)
{
	char *end = NULL;
	bool money = text && *text == '$';
	double x = text ? strtod(text + money, &end) : 0;

	if (!text)
		return 0;
	if (end == text + money || *end || !(x > 0) || x > 1e15)
		return cf_error(
			"--max-cost %s: not a number of tokens, nor an amount such as $1.50", text);
	if (money && !(o->price[0] + o->price[1] > 0))
		return cf_error("--max-cost %s: an amount of money needs --price", text);
	if (money)
		o->max_money = x;
	else
		o->max_tokens = (int64_t)x;
	return 0;
}

int main(int argc, char **argv)
{
	static struct suggest o = {.timeout = 120, .output_tokens = 8192, .at_once = 4};
	bool list = false;
	const char *explain = NULL, *max_cost = NULL, *price = NULL;
	const struct cf_opt opts[] = {
		{'f', "from", "NAME", CF_LIST, &o.from,
			"rules (default), openai, anthropic or exec:CMD; repeatable", 0},
		{'n', "candidates", "N", CF_INT, &o.candidates,
			"at most N a target and backend (16; 4 of a model)", 1},
		{0, "rule", "NAME", CF_LIST, &o.rules, "only this rule; repeatable", 0},
		{0, "list-rules", NULL, CF_FLAG, &list, "print the rules and exit", 0},
		{0, "explain", "NAME", CF_STRING, &explain,
			"print why a rule pays, with an example", 0},
		{'m', "model", "NAME", CF_STRING, &o.model,
			"of openai or anthropic: which model answers", 0},
		{0, "max-cost", "N|$X", CF_STRING, &max_cost,
			"ask a model until N tokens, or X of money with --price, are used", 0},
		{0, "price", "IN,OUT", CF_STRING, &price,
			"money for a million tokens that are sent, and answered", 0},
		{0, "max-output-tokens", "N", CF_INT, &o.output_tokens,
			"of one answer of a model (8192)", 1},
		{0, "jobs", "N", CF_INT, &o.at_once, "questions to a model at a time (4)", 1},
		{0, "redact", "PATTERN", CF_LIST, &o.redact,
			"send no text like this regular expression; repeatable", 0},
		{0, "repair", NULL, CF_FLAG, &o.repair,
			"ask models again about what cf-verify refused, with the difference", 0},
		{0, "refine", NULL, CF_FLAG, &o.refine,
			"ask models again about what cf-bench found faster", 0},
		{0, "show-prompt", NULL, CF_FLAG, &o.show_prompt,
			"print what a model would be sent, and send nothing", 0},
		{0, "timeout", "SECONDS", CF_DOUBLE, &o.timeout,
			"for one run of exec:CMD, one answer of a model (120)", 0.001},
		{0, "shard", "I/N", CF_STRING, &o.shard, "only the I-th of N parts of the targets",
			0},
		{'q', "quiet", NULL, CF_FLAG, &o.quiet, "no summary line on stderr", 0},
		{'v', "verbose", NULL, CF_FLAG, &o.verbose,
			"say which proposals were dropped, and why", 0},
		{0},
	};

	argv = cf_getopt(&argc, argv, "cf-suggest [options] [stream ...]", opts);
	if (list) {
		suggest_list_rules();
		return CF_OK;
	}
	if (explain)
		return suggest_explain(explain) ? CF_USAGE : CF_OK;
	if (read_price(price, &o) || read_max_cost(max_cost, &o) || suggest_check(&o) ||
		cf_shard_check(o.shard))
		return CF_USAGE;
	enum cf_exit status = cf_stream_read(argv, suggest_record, &o);
	enum cf_exit asked = suggest_models_finish(&o);

	if (asked > status)
		status = asked;
	if (!o.quiet && isatty(STDERR_FILENO))
		cf_warn("%" PRId64 " candidates for %" PRId64 " functions", o.written, o.targets);
	return (int)status;
}
