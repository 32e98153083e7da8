/* SPDX-License-Identifier: Apache-2.0 */
/* `xs.filter(p)[0]` and `xs.filter(p).length > 0` look at every element where the first that fits
 * would do. */
#include "cf-suggest/rules/javascript/js.h"

#include <string.h>
#include "lib/mem.h"

/* n is a filter whose test changes nothing: its array and callback. */
static bool is_filter(const struct rule_ctx *c, int n, int *list, int *callback)
{
	int arguments, count, answer;

	n = js_bare(c, n);
	if (!tree_is(c->tree, n, "call_expression") || !js_call(c, n, "filter", list, &arguments))
		return false;
	*callback = js_argument(c, arguments, &count);
	answer = *callback ? js_answer(c, *callback) : 0;
	return count == 1 && answer && js_pure(c, answer);
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	static const struct {
		const char *operator, * number;
		bool none;
	} forms[] = {{">", "0", false}, {"!==", "0", false}, {"!=", "0", false}, {">=", "1", false},
		{"===", "0", true}, {"==", "0", true}, {"<", "1", true}};

	JS_NODES (c, n) {
		int list, callback;

		if (tree_is(t, n, "subscript_expression") &&
			js_is_number(c, tree_field(t, n, "index"), "0") &&
			is_filter(c, tree_field(t, n, "object"), &list, &callback)) {
			rule_begin(c, n);
			rule_replace(c, n, NULL, "%p.find(%n)", list, callback);
			rule_end(c, "All elements were tested, and an array made, for the first one; `find` ends there.");
			continue;
		}
		int left = tree_is(t, n, "binary_expression") ? js_bare(c, tree_field(t, n, "left"))
							      : 0;

		if (!tree_is(t, left, "member_expression") ||
			!tree_text_is(t, tree_field(t, left, "property"), "length") ||
			!is_filter(c, tree_field(t, left, "object"), &list, &callback))
			continue;
		for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
			if (!js_has_operator(c, n, forms[i].operator) ||
				!js_is_number(c, tree_field(t, n, "right"), forms[i].number))
				continue;
			rule_begin(c, n);
			rule_replace(c, n, NULL, forms[i].none ? "!%p.some(%n)" : "%p.some(%n)",
				list, callback);
			rule_end(c, "All elements were tested, and an array made, to know whether there is one; `some` ends at the first.");
			break;
		}
	}
}

const struct rule rule_filter_first = {
	.name = "filter-first",
	.summary = "filter for the first element, or to see whether there is one, becomes find or some",
	.why = "`filter` tests every element and makes an array of those that fit. Where only the "
	       "first counts, or whether there is "
	       "one, `find` and `some` end as soon as that is known.",
	.find = find,
	.examples =
		(const struct rule_example[]){
			{"function f(rows, id) {\n"
			 "  return rows.filter((row) => row.id === id)[0];\n"
			 "}\n",
				"function f(rows, id) {\n"
				"  return rows.find((row) => row.id === id);\n"
				"}\n",
				"f([{id: 1}, {id: 2}], 2)\n"
				"f([], 2)"},
			{"const f = (rows) => rows.filter(r => r.bad).length > 0 || rows.filter(r => r.ok).length === 0\n",
				"const f = (rows) => rows.some(r => r.bad) || !rows.some(r => r.ok)\n",
				"f([{ok: 1}])\n"
				"f([{bad: 1}])\n"
				"f([])"},
			{0},
		},
	.near_misses =
		(const char *const[]){
			"function f(rows) {\n"
			"  let n = 0;\n"
			"  const first = rows.filter((row) => n++ > 3)[0];\n"
			"  return [first, n, rows.filter((r) => r.ok).length > 1, rows.filter((r) => r.ok)[1]];\n"
			"}\n",
			NULL,
		},
};
