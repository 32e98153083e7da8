/* SPDX-License-Identifier: Apache-2.0 */
/* `xs.filter((x, i) => xs.indexOf(x) === i)`: the distinct elements, by a search for each. */
#include "cf-suggest/rules/javascript/js.h"

#include <string.h>
#include "lib/mem.h"

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;

	JS_NODES (c, n) {
		int list, arguments, count, searched, inner;

		if (!tree_is(t, n, "call_expression") ||
			!js_call(c, n, "filter", &list, &arguments))
			continue;
		int callback = js_argument(c, arguments, &count),
		    answer = callback && count == 1 ? js_answer(c, callback) : 0;
		cf_autofree char *item = answer ? js_parameter(c, callback, 0) : NULL,
				 *index = answer ? js_parameter(c, callback, 1) : NULL;
		cf_autofree char *self = answer ? js_parameter(c, callback, 2) : NULL;
		int left = item && index && tree_is(t, answer, "binary_expression")
				   ? js_bare(c, tree_field(t, answer, "left"))
				   : 0;
		int right = left ? js_bare(c, tree_field(t, answer, "right")) : 0;

		if (tree_is(t, left, "identifier")) {
			int swap = left;

			left = right;
			right = swap;
		}
		if (!left || !tree_text_is(t, right, index) ||
			!js_call(c, left, "indexOf", &searched, &inner) ||
			!tree_text_is(t, js_argument(c, inner, &count), item) || count != 1)
			continue;
		if (!js_has_operator(c, answer, "===") && !js_has_operator(c, answer, "=="))
			continue;
		if (!(self && tree_text_is(t, searched, self)) &&
			!(js_is_path(c, list) && tree_equal(t, searched, list)))
			continue;
		rule_begin(c, n);
		rule_replace(c, n, NULL, "[...new Set(%n)]", list);
		rule_end(c, "Each element was searched for from the start; a Set keeps the first of each, in their order.");
	}
}

const struct rule rule_dedupe_filter = {
	.name = "dedupe-filter",
	.summary = "filter that keeps what indexOf finds first becomes a Set",
	.why = "To search the array for each of its elements costs the square of its length. A Set "
	       "keeps the first of equals and "
	       "the order in which they came.",
	.find = find,
	.examples =
		(const struct rule_example[]){
			{"function f(xs) {\n"
			 "  return xs.filter((x, i) => xs.indexOf(x) === i).length;\n"
			 "}\n",
				"function f(xs) {\n"
				"  return [...new Set(xs)].length;\n"
				"}\n",
				"f([1, 2, 1, '1'])\n"
				"f([])"},
			{"const f = (a, b) => a.concat(b).filter((v, at, all) => all.indexOf(v) == at).sort()\n",
				"const f = (a, b) => [...new Set(a.concat(b))].sort()\n",
				"f(['b', 'a'], ['a'])"},
			{0},
		},
	.near_misses =
		(const char *const[]){
			"const f = (xs, ys) => xs.filter((x, i) => ys.indexOf(x) === i)\n",
			"const f = (xs) => xs.filter((x, i) => xs.lastIndexOf(x) === i)\n",
			"const f = (xs) => xs.filter((x, i) => xs.indexOf(x) !== i)\n",
			NULL,
		},
};
