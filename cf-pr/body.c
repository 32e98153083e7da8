/* SPDX-License-Identifier: Apache-2.0 */
#include "cf-pr/body.h"

#include <stdio.h>
#include <string.h>
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"

#define BODY_MAX 65000 /* GitHub takes 65 536 characters */
#define INPUTS 12      /* rows of a function's table */

/* The program of the traced command, without its folder. */
static const char *workflow_name(const struct result *r)
{
	const json_t *command = json_object_get(r->trace, "command"), *word;
	const char *name = NULL;
	size_t i;

	json_array_foreach(command, i, word)
	{
		const char *s = json_string_value(word);

		if (i && s && *s && *s != '-') {
			name = strrchr(s, '/') ? strrchr(s, '/') + 1 : s;
			break;
		}
	}
	return name && *name ? name : "the traced run";
}

char *body_title(const struct result *r)
{
	const json_t *first = json_array_get(r->members, 0),
		     *target = json_object_get(first, "target");
	const json_t *workflow = json_object_get(r->combined, "workflow");
	size_t n = json_array_size(r->members);
	const char *module = cf_json_str(target, "module");
	char ratio[16];

	if (n == 1)
		return cf_asprintf("perf(%s): %s %s faster on %s", module ? module : "project",
			cf_json_str(target, "name"),
			result_ratio(
				cf_json_real(json_object_get(first, "measurement"), "speedup", 1),
				ratio),
			workflow_name(r));
	if (json_is_object(workflow))
		return cf_asprintf("perf: %zu functions faster, %s in all on %s", n,
			result_ratio(cf_json_real(workflow, "speedup", 1), ratio),
			workflow_name(r));
	return cf_asprintf("perf: %zu functions faster on %s", n, workflow_name(r));
}

/* Text in a table or a line: no markup of its own, no line breaks, nobody addressed. */
static void add_plain(struct cf_buf *b, const char *text, size_t most)
{
	for (size_t i = 0; text && text[i] && i < most; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < ' ' || c == 127)
			cf_buf_addc(b, ' ');
		else if (strchr("|*_`<>[]\\", c))
			cf_buf_addf(b, "\\%c", c);
		else if (c == '@')
			cf_buf_adds(b, "@\u200b");
		else
			cf_buf_addc(b, (char)c);
	}
	if (text && strlen(text) > most)
		cf_buf_adds(b, " …");
}

static void add_interval(struct cf_buf *b, const json_t *m)
{
	char low[16], high[16];

	cf_buf_addf(b, "%s to %s", result_ratio(cf_json_real(m, "low", 1), low),
		result_ratio(cf_json_real(m, "high", 1), high));
}

static void add_time(struct cf_buf *b, double ns)
{
	if (ns >= 1e9)
		cf_buf_addf(b, "%.2f s", ns / 1e9);
	else if (ns >= 1e6)
		cf_buf_addf(b, "%.1f ms", ns / 1e6);
	else
		cf_buf_addf(b, "%.1f µs", ns / 1e3);
}

static void add_workflow(struct cf_buf *b, const struct result *r)
{
	const json_t *w = json_object_get(r->combined, "workflow");
	char ratio[16];

	if (!json_is_object(w)) {
		cf_buf_addf(b, "The whole program was not timed: %s.\n\n",
			cf_json_str(r->combined, "workflow_reason")
				? cf_json_str(r->combined, "workflow_reason")
				: "`cf-bench --workflow` does that");
		return;
	}
	cf_buf_adds(b, "**Whole program: ");
	add_time(b, (double)cf_json_int(w, "original_ns", 0));
	cf_buf_adds(b, " → ");
	add_time(b, (double)cf_json_int(w, "optimized_ns", 0));
	cf_buf_addf(b, ", %s", result_ratio(cf_json_real(w, "speedup", 1), ratio));
	cf_buf_adds(b, "** (");
	add_interval(b, w);
	cf_buf_addf(b, ", %lld pairs)%s; its output is %s.\n\n",
		(long long)cf_json_int(w, "pairs", 0),
		cf_json_real(w, "low", 0) <= 1 ? ", which is not told apart from no change" : "",
		cf_json_bool(w, "output_identical", 0)
			? "identical"
			: "not compared, as it changes from run to run");
}

static void add_table(struct cf_buf *b, const struct result *r)
{
	const json_t *member;
	size_t i;
	char ratio[16];

	cf_buf_adds(b, "| function | faster | interval | original against itself | compared "
		       "|\n|---|---:|---:|---:|---|\n");
	json_array_foreach(r->members, i, member)
	{
		const json_t *t = json_object_get(member, "target"),
			     *m = json_object_get(member, "measurement");
		const json_t *verdict = json_object_get(member, "verdict"),
			     *compared = json_object_get(verdict, "compared"), *n;
		const json_t *floor = json_object_get(m, "floor"),
			     *tests = json_object_get(verdict, "tests");
		const char *source, *sep = "";

		cf_buf_adds(b, "| ");
		add_plain(b, cf_json_str(t, "name"), 80);
		cf_buf_adds(b, " (");
		add_plain(b, cf_json_str(t, "file"), 100);
		cf_buf_addf(b, ") | %s | ", result_ratio(cf_json_real(m, "speedup", 1), ratio));
		add_interval(b, m);
		cf_buf_addf(b, " | %s to ", result_ratio(cf_json_real(floor, "low", 1), ratio));
		cf_buf_addf(b, "%s | ", result_ratio(cf_json_real(floor, "high", 1), ratio));
		json_object_foreach((json_t *)compared, source, n)
		{
			if (!json_integer_value(n))
				continue;
			cf_buf_addf(b, "%s%lld %s", sep, (long long)json_integer_value(n),
				!strcmp(source, "replay")  ? "recorded calls"
				: !strcmp(source, "tests") ? "calls of the tests"
							   : "derived inputs");
			sep = ", ";
		}
		if (cf_json_int(tests, "compared", 0))
			cf_buf_addf(b, ", %lld tests end as before",
				(long long)cf_json_int(tests, "compared", 0));
		cf_buf_adds(b, " |\n");
	}
	cf_buf_addc(b, '\n');
}

static void add_inputs(struct cf_buf *b, const json_t *m)
{
	const json_t *inputs = json_object_get(m, "per_input"), *in;
	size_t i;
	char ratio[16];

	if (!json_array_size(inputs))
		return;
	cf_buf_adds(b, "\n| call | runs for | original | candidate | faster | interval "
		       "|\n|---:|---:|---:|---:|---:|---:|\n");
	json_array_foreach(inputs, i, in)
	{
		if (i == INPUTS) {
			cf_buf_addf(b, "\n%zu more inputs.\n", json_array_size(inputs) - i);
			break;
		}
		cf_buf_addf(b, "| %lld | %lld calls | ", (long long)cf_json_int(in, "call", 0),
			(long long)cf_json_int(in, "weight", 1));
		add_time(b, (double)cf_json_int(in, "original_ns", 0));
		cf_buf_adds(b, " | ");
		add_time(b, (double)cf_json_int(in, "candidate_ns", 0));
		cf_buf_addf(b, " | %s | ", result_ratio(cf_json_real(in, "speedup", 1), ratio));
		add_interval(b, in);
		cf_buf_adds(b, " |\n");
	}
}

static void add_member(struct cf_buf *b, const json_t *member, bool tables)
{
	const json_t *t = json_object_get(member, "target"),
		     *m = json_object_get(member, "measurement");
	const json_t *verdict = json_object_get(member, "verdict"),
		     *strength = json_object_get(verdict, "strength"),
		     *memory = json_object_get(m, "memory");
	const json_t *notes = json_object_get(verdict, "notes"),
		     *skipped = json_object_get(verdict, "skipped"), *one;
	const char *why;
	size_t i;

	cf_buf_adds(b, "### ");
	add_plain(b, cf_json_str(t, "name"), 80);
	cf_buf_adds(b, "\n\n");
	add_plain(b, cf_json_str(member, "explanation"), 1000);
	cf_buf_addf(b, " From `%s`.\n",
		cf_json_str(member, "origin") ? cf_json_str(member, "origin") : "?");
	if (cf_json_bool(m, "caching", 0))
		cf_buf_adds(b, "Part of the gain is remembering results across calls.\n");
	if (json_is_object(strength))
		cf_buf_addf(b,
			"The same inputs told %lld of %lld mutants of the original apart from "
			"it.\n",
			(long long)cf_json_int(strength, "killed", 0),
			(long long)cf_json_int(strength, "of", 0));
	json_array_foreach(notes, i, one)
	{
		cf_buf_adds(b, "- ");
		add_plain(b, json_string_value(one), 300);
		cf_buf_addc(b, '\n');
	}
	json_object_foreach((json_t *)skipped, why, one)
	{
		cf_buf_addf(b, "- not compared: %lld calls, ", (long long)json_integer_value(one));
		add_plain(b, why, 200);
		cf_buf_addc(b, '\n');
	}
	if (!tables) {
		cf_buf_addc(b, '\n');
		return;
	}
	cf_buf_addf(b,
		"\n<details><summary>Inputs, %lld pairs in %lld processes, peak memory %.1f MB → "
		"%.1f MB</summary>\n",
		(long long)cf_json_int(m, "pairs", 0), (long long)cf_json_int(m, "processes", 0),
		(double)cf_json_int(memory, "original_bytes", 0) / 1e6,
		(double)cf_json_int(memory, "candidate_bytes", 0) / 1e6);
	add_inputs(b, m);
	cf_buf_adds(b, "\n</details>\n\n");
}

/* An option by whose name its value is one that should not be read by others. */
static bool is_secret(const char *word)
{
	static const char *const names[] = {"pass", "secret", "token", "key", "credential", "auth"};

	for (size_t i = 0; *word == '-' && i < sizeof names / sizeof *names; i++)
		if (strcasestr(word, names[i]))
			return true;
	return false;
}

/* How somebody else comes to the same. */
static void add_how(struct cf_buf *b, const struct result *r)
{
	const json_t *command = json_object_get(r->trace, "command"), *word;
	bool hide = false; /* what the word before says is nobody's business */
	size_t i;

	cf_buf_adds(b,
		"What was not looked at: inputs that neither the run, the tests nor what is "
		"derived from them have, and "
		"what `cf-value(5)` names.\n\nTo come to the same:\n\n```sh\ncodeflash optimize");
	json_array_foreach(command, i, word)
	{
		const char *s = json_string_value(word), *equals = s ? strchr(s, '=') : NULL;
		bool secret = s && is_secret(s);
		cf_autofree char *near = NULL, *text = NULL;

		/* a fence is ended by nothing that a command holds */
		if (!s || strstr(s, "```") || strpbrk(s, "\r\n"))
			continue;
		near = i ? cf_path_relative(s, result_root(r))
			 : cf_strdup(strrchr(s, '/') ? strrchr(s, '/') + 1 : s);
		text = result_shell_word(near);
		if (hide || (secret && equals))
			cf_buf_addf(b, " %.*s…", hide ? 0 : (int)(equals + 1 - s), s);
		else
			cf_buf_addf(b, " %s", text);
		hide = secret && !equals;
	}
	cf_buf_addf(b,
		"\n```\n\n<details><summary>Environment</summary>\n\n%s %s, codeflash "
		"%s\n\n</details>\n\n",
		cf_json_str(r->trace, "language") ? cf_json_str(r->trace, "language") : "",
		cf_json_str(r->trace, "runtime_version") ? cf_json_str(r->trace, "runtime_version")
							 : "",
		CF_VERSION);
}

static char *write_body(const struct result *r, const char *marker, bool tables)
{
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	const json_t *member;
	size_t i;

	add_workflow(&b, r);
	add_table(&b, r);
	json_array_foreach(r->members, i, member)
	{
		if (b.len > BODY_MAX - 3000) {
			cf_buf_addf(&b, "%zu more functions, see the commits.\n\n",
				json_array_size(r->members) - i);
			break;
		}
		add_member(&b, member, tables);
	}
	add_how(&b, r);
	cf_buf_addf(&b, "%s\n", marker);
	return cf_buf_detach(&b, NULL);
}

char *body_text(const struct result *r, const char *marker)
{
	char *whole = write_body(r, marker, true);

	if (strlen(whole) <= BODY_MAX)
		return whole;
	free(whole);
	return write_body(r, marker, false);
}
