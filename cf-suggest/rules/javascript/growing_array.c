/* SPDX-License-Identifier: Apache-2.0 */
/* `if (!out.includes(x)) out.push(x)`: membership of an array that only grows in the loop. */
#include "cf-suggest/rules/javascript/js.h"

#include <string.h>
#include "lib/mem.h"

/* Nothing happens to the list in the loop but tests, and pushes of something simple. */
static bool only_grows(const struct rule_ctx *c, int list, int loop)
{
	const struct tree *t = c->tree;
	cf_autofree char *name = js_name(c, list);
	int pushes = 0;

	JS_EACH_USE (c, loop, name, use) {
		int statement = tree_up(t, use, "expression_statement"),
		    item = js_push(c, statement, list);

		if (item && tree_inside(t, use, statement) && !tree_inside(t, use, item)) {
			if (!js_is_simple(c, item))
				return false;
			pushes++;
		} else if (js_binds(c, use) || js_is_alias(c, use)) {
			return false;
		}
	}
	return pushes > 0;
}

/* The statement right before is `const list = []`. */
static bool begins_empty(const struct rule_ctx *c, const char *name, int loop)
{
	const struct tree *t = c->tree;
	int declared = js_declarator(c, name),
	    value = declared ? js_bare(c, tree_field(t, declared, "value")) : 0;
	int statement = js_statement(c, loop);

	return tree_is(t, value, "array") && !tree_count(t, value) && statement &&
	       tree_next(t, tree_parent(t, declared)) == statement;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	int done_loop = 0, done_list = 0;

	JS_NODES (c, n) {
		struct js_test test, other;

		if (!js_is_test(c, n, &test) || !js_own(c, n) || js_is_fresh(c, test.item))
			continue;
		cf_autofree char *name = js_name(c, test.list);
		int loop = 0;

		if (!name || js_kind(c, test.list) == JS_STRING ||
			js_kind(c, test.list) == JS_OTHER)
			continue;
		for (int up = js_loop(c, n); up && only_grows(c, test.list, up);
			up = js_loop(c, up))
			loop = up;
		if (!loop || (done_loop && tree_inside(t, n, done_loop) &&
				     tree_equal(t, test.list, done_list)))
			continue;
		done_loop = loop;
		done_list = test.list;

		const char *set = rule_fresh_name(c, "%sSet", name), *semicolon = js_semicolon(c);

		rule_begin(c, loop);
		if (begins_empty(c, name, loop))
			js_insert_before(c, loop, "const %s = new Set()", set);
		else
			js_insert_before(c, loop, "const %s = new Set(%s)", set, name);
		for (int i = loop; i < t->v[loop].after; i++) {
			int item = js_push(c, i, test.list);

			if (js_is_test(c, i, &other) && tree_equal(t, other.list, test.list)) {
				rule_replace(c, other.node, NULL,
					other.absent ? "!%s.has(%n)" : "%s.has(%n)", set,
					other.item);
				i = t->v[i].after - 1;
			} else if (item && tree_is(t, tree_parent(t, i), "statement_block")) {
				rule_insert_after(c, i, NULL, "%s.add(%n)%s", set, item, semicolon);
			} else if (item) {
				rule_replace(c, i, NULL, "{\n\t%s.push(%n)%s\n\t%s.add(%n)%s\n}",
					name, item, semicolon, set, item, semicolon);
				i = t->v[i].after - 1;
			}
		}
		rule_end(c, "Each test walks all of `%s`; a Set kept beside it answers by hash.",
			name);
	}
}

const struct rule rule_growing_array = {
	.name = "growing-array",
	.summary = "membership tests of an array that grows in the loop ask a Set",
	.why = "Asking an array of what was seen costs its length each time, and it grows as the "
	       "loop goes on: the square in "
	       "all. A Set beside it finds an element by hash; the array keeps the order.",
	.find = find,
	.examples =
		(const struct rule_example[]){
			{"function f(xs) {\n"
			 "  const out = [];\n"
			 "  for (const x of xs) {\n"
			 "    if (!out.includes(x)) {\n"
			 "      out.push(x);\n"
			 "    }\n"
			 "  }\n"
			 "  return out;\n"
			 "}\n",
				"function f(xs) {\n"
				"  const out = [];\n"
				"  const outSet = new Set();\n"
				"  for (const x of xs) {\n"
				"    if (!outSet.has(x)) {\n"
				"      out.push(x);\n"
				"      outSet.add(x);\n"
				"    }\n"
				"  }\n"
				"  return out;\n"
				"}\n",
				"f([1, 2, 1, NaN, NaN, '1'])\n"
				"f([])"},
			{"function f(rows, known) {\n"
			 "    rows.forEach(row => {\n"
			 "        if (known.indexOf(row.id) < 0) known.push(row.id)\n"
			 "    })\n"
			 "    return known\n"
			 "}\n",
				"function f(rows, known) {\n"
				"    const knownSet = new Set(known)\n"
				"    rows.forEach(row => {\n"
				"        if (!knownSet.has(row.id)) {\n"
				"            known.push(row.id)\n"
				"            knownSet.add(row.id)\n"
				"        }\n"
				"    })\n"
				"    return known\n"
				"}\n",
				"f([{id: 1}, {id: 2}, {id: 1}], [2])"},
			{0},
		},
	.near_misses =
		(const char *const[]){
			"function f(xs) {\n"
			"  const out = [];\n"
			"  for (const x of xs) {\n"
			"    if (out.includes(x)) out.splice(out.indexOf(x), 1);\n"
			"    out.push(x);\n"
			"  }\n"
			"  return out;\n"
			"}\n",
			"function f(xs, keep) {\n"
			"  const out = [];\n"
			"  for (const x of xs) {\n"
			"    if (!out.includes(x)) out.push(x);\n"
			"    keep(out);\n"
			"  }\n"
			"  return out;\n"
			"}\n",
			NULL,
		},
};
