/* SPDX-License-Identifier: Apache-2.0 */
/* `xs.includes(x)` of an array that a loop does not change, again and again. */
#include "cf-suggest/rules/javascript/js.h"

#include <string.h>
#include "lib/mem.h"

#define FEW 4 /* fewer elements than this are found as fast in the array */

static bool few(const struct rule_ctx *c, int list)
{
	cf_autofree char *name = js_name(c, list);
	int declared = name ? js_declarator(c, name) : 0,
	    value = declared ? js_bare(c, tree_field(c->tree, declared, "value")) : 0;

	return tree_is(c->tree, value, "array") && tree_count(c->tree, value) > 0 &&
	       tree_count(c->tree, value) < FEW;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;

	JS_NODES (c, n) {
		struct js_test test, other;
		bool seen = false;

		if (!js_is_test(c, n, &test) || !js_is_path(c, test.list) || !js_own(c, n) ||
			js_is_fresh(c, test.item))
			continue;
		for (size_t i = 0; i < c->n && !seen; i++)
			for (size_t e = 0; e < c->proposals[i].n && !seen; e++)
				seen = c->proposals[i].rule == c->rule &&
				       c->proposals[i].edits[e].start <= t->v[test.node].start &&
				       t->v[test.node].end <= c->proposals[i].edits[e].end;
		int loop = seen ? 0 : js_steady_loop(c, test.list, n);

		if (!loop || !js_likely_array(c, test.list) || few(c, test.list))
			continue;
		cf_autofree char *base = js_last_name(c, test.list),
				 *list = tree_text(t, test.list);
		const char *set = rule_fresh_name(c, "%sSet", base);

		rule_begin(c, loop);
		js_insert_before(c, loop, "const %s = new Set(%s)", set, list);
		for (int i = loop; i < t->v[loop].after; i++)
			if (js_is_test(c, i, &other) && tree_equal(t, other.list, test.list) &&
				!js_is_fresh(c, other.item)) {
				rule_replace(c, other.node, NULL,
					other.absent ? "!%s.has(%n)" : "%s.has(%n)", set,
					other.item);
				i = t->v[i].after - 1;
			}
		rule_end(c,
			"Each test walks the array `%s`; a Set of it, made once before the loop, answers by hash.",
			list);
	}
}

const struct rule rule_array_membership = {
	.name = "array-membership",
	.summary = "includes and indexOf tests of an array in a loop ask a Set instead",
	.why = "`xs.includes(x)` compares x with the elements of an array one after another, so a "
	       "loop of such tests costs "
	       "the product of both lengths. A Set finds x by its hash in constant time.",
	.find = find,
	.examples =
		(const struct rule_example[]){
			{"function f(rows, wanted) {\n"
			 "  const out = [];\n"
			 "  // keep what was asked for\n"
			 "  for (const row of rows) {\n"
			 "    if (wanted.includes(row.id)) {\n"
			 "      out.push(row);\n"
			 "    }\n"
			 "  }\n"
			 "  return out;\n"
			 "}\n",
				"function f(rows, wanted) {\n"
				"  const out = [];\n"
				"  const wantedSet = new Set(wanted);\n"
				"  // keep what was asked for\n"
				"  for (const row of rows) {\n"
				"    if (wantedSet.has(row.id)) {\n"
				"      out.push(row);\n"
				"    }\n"
				"  }\n"
				"  return out;\n"
				"}\n",
				"f([{id: 1}, {id: 2}], [2, NaN])\n"
				"f([], [])"},
			{"const f = (a, b) => a.filter((x) => b.indexOf(x) === -1)\n",
				"const f = (a, b) => {\n"
				"    const bSet = new Set(b)\n"
				"    return a.filter((x) => !bSet.has(x))\n"
				"}\n",
				"f(['a', 'b'], ['b'])\n"
				"f([], [])"},
			{"var f = function (words, stop) {\n"
			 "\tvar n = 0, list = stop.slice();\n"
			 "\tfor (var i = 0; i < words.length; i++)\n"
			 "\t\tif (list.indexOf(words[i]) >= 0 || list.includes(words[i] + 's')) n++;\n"
			 "\treturn n;\n"
			 "};\n",
				"var f = function (words, stop) {\n"
				"\tvar n = 0, list = stop.slice();\n"
				"\tconst listSet = new Set(list);\n"
				"\tfor (var i = 0; i < words.length; i++)\n"
				"\t\tif (listSet.has(words[i]) || listSet.has(words[i] + 's')) n++;\n"
				"\treturn n;\n"
				"};\n",
				"f(['a', 'b', 'c'], ['b', 'cs'])"},
			{0},
		},
	.near_misses =
		(const char *const[]){
			"function f(rows, seen) {\n"
			"  for (const row of rows) {\n"
			"    if (!seen.includes(row)) seen.push(row);\n"
			"  }\n"
			"  return seen;\n"
			"}\n",
			"function f(words, text) {\n"
			"  return words.filter((w) => text.includes(w));\n"
			"}\n",
			"function f(x, items) {\n"
			"  return items.includes(x);\n"
			"}\n",
			"function f(rows, groups) {\n"
			"  return rows.filter((row) => groups[row.g].includes(row.id));\n"
			"}\n",
			NULL,
		},
};
