/* SPDX-License-Identifier: Apache-2.0 */
/* What is made anew on each pass though nothing in it changes: formatters, patterns, lists of keys.
 */
#include "cf-suggest/rules/javascript/js.h"

#include <ctype.h>
#include <string.h>
#include "lib/mem.h"

/* The name to give to what the expression makes, NULL where it is no such thing. Returns new. */
static char *made(const struct rule_ctx *c, int n)
{
	static const char *const listing[] = {"keys", "values", "entries", NULL};
	const struct tree *t = c->tree;
	int object, arguments, count;

	if (tree_is(t, n, "new_expression")) {
		int constructor = tree_field(t, n, "constructor"),
		    list = tree_field(t, n, "arguments");

		if (tree_is(t, constructor, "member_expression") &&
			js_is_global(c, tree_field(t, constructor, "object"), "Intl")) {
			cf_autofree char *kind =
				tree_text(t, tree_field(t, constructor, "property"));

			*kind = (char)tolower((unsigned char)*kind);
			return cf_strdup(strstr(kind, "Format") ? "formatter" : kind);
		}
		if (!js_is_global(c, constructor, "RegExp") || !list)
			return NULL;
		/* one that is global or sticky keeps its place from one test to the next */
		int flags = tree_next(t, tree_first(t, list));

		for (int i = flags; flags && i < t->v[flags].after; i++)
			if (tree_is(t, i, "string_fragment") &&
				(memchr(t->text + t->v[i].start, 'g',
					 t->v[i].end - t->v[i].start) ||
					memchr(t->text + t->v[i].start, 'y',
						t->v[i].end - t->v[i].start)))
				return NULL;
		return flags && !tree_is(t, flags, "string") ? NULL : cf_strdup("pattern");
	}
	if (!tree_is(t, n, "call_expression"))
		return NULL;
	for (int i = 0; listing[i]; i++)
		if (js_call(c, n, listing[i], &object, &arguments) &&
			js_is_global(c, object, "Object")) {
			int of = js_argument(c, arguments, &count);

			return of && count == 1 && js_is_path(c, of) ? cf_strdup(listing[i]) : NULL;
		}
	return NULL;
}

/* What it is made of, and what is done with it, stays the same in the loop. */
static bool stays(const struct rule_ctx *c, int n, int loop)
{
	const struct tree *t = c->tree;
	int list = tree_field(t, n, "arguments"), up = tree_parent(t, n);

	if (!tree_is(t, n, "new_expression")) {
		/* of an object that anybody may add to: only where all that happens to it is
		 * reading */
		int of = tree_first(t, list);

		for (int i = loop; i < t->v[loop].after; i++)
			if (tree_is_any(t, i, "subscript_expression member_expression") &&
				tree_equal(t, tree_field(t, i, "object"), of) &&
				tree_is_any(t, tree_parent(t, i),
					"assignment_expression augmented_assignment_expression update_expression unary_expression"))
				return false;
		if (js_changes(c, of, loop))
			return false;
		/* the array is new each time: only for looking */
		return tree_is_any(t, up, "for_in_statement spread_element") ||
		       (tree_is(t, up, "member_expression") &&
			       !tree_text_is(t, tree_field(t, up, "property"), "sort") &&
			       !tree_text_is(t, tree_field(t, up, "property"), "reverse") &&
			       !tree_text_is(t, tree_field(t, up, "property"), "push") &&
			       !tree_text_is(t, tree_field(t, up, "property"), "shift") &&
			       !tree_text_is(t, tree_field(t, up, "property"), "pop") &&
			       !tree_text_is(t, tree_field(t, up, "property"), "splice"));
	}
	return !list || js_invariant(c, list, loop);
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;

	JS_NODES (c, n) {
		cf_autofree char *what = js_own(c, n) ? made(c, n) : NULL;
		int loop = 0;

		for (int up = what ? js_loop(c, n) : 0; up && stays(c, n, up); up = js_loop(c, up))
			loop = up;
		if (!loop)
			continue;
		cf_autofree char *text = tree_text(t, n);
		const char *name = rule_fresh_name(c, "%s", what);

		/* what is declared inside the loop cannot be read in front of it */
		bool inside = false;
		for (int i = n; i < t->v[n].after && !inside; i++)
			if (tree_is(t, i, "identifier")) {
				cf_autofree char *read = tree_text(t, i);
				JS_EACH_USE (c, loop, read, use)
				inside = inside || js_binds(c, use);
			}
		if (inside)
			continue;
		rule_begin(c, loop);
		js_insert_before(c, loop, "const %s = %s", name, text);
		if (tree_is(t, tree_parent(t, n), "parenthesized_expression"))
			rule_replace(c, tree_parent(t, n), NULL, "%s", name);
		else
			rule_replace(c, n, NULL, "%s", name);
		rule_end(c, "The same was made on each pass; once before the loop is enough.");
		n = t->v[n].after - 1;
	}
}

const struct rule rule_loop_construction = {
	.name = "loop-construction",
	.summary = "formatters, patterns and lists of keys that a loop makes anew are made once",
	.why = "To make an Intl formatter takes tens of microseconds, a RegExp from a text is "
	       "compiled each time, and a list of "
	       "keys is as long as its object. What does not change in a loop is made once before it.",
	.find = find,
	.examples =
		(const struct rule_example[]){
			{"function f(prices) {\n"
			 "  const out = [];\n"
			 "  for (const price of prices) {\n"
			 "    out.push(new Intl.NumberFormat('en-US', {style: 'currency', currency: 'USD'}).format(price));\n"
			 "  }\n"
			 "  return out;\n"
			 "}\n",
				"function f(prices) {\n"
				"  const out = [];\n"
				"  const formatter = new Intl.NumberFormat('en-US', {style: 'currency', currency: 'USD'});\n"
				"  for (const price of prices) {\n"
				"    out.push(formatter.format(price));\n"
				"  }\n"
				"  return out;\n"
				"}\n",
				"f([1, 2.5])"},
			{"const f = (words, prefix) => words.filter((w) => new RegExp('^' + prefix, 'i').test(w))\n",
				"const f = (words, prefix) => {\n"
				"    const pattern = new RegExp('^' + prefix, 'i')\n"
				"    return words.filter((w) => pattern.test(w))\n"
				"}\n",
				"f(['Abc', 'b'], 'a')"},
			{"function f(rows, fields) {\n"
			 "  return rows.map((row) => Object.keys(fields).map((key) => row[key]).join());\n"
			 "}\n",
				"function f(rows, fields) {\n"
				"  const keys = Object.keys(fields);\n"
				"  return rows.map((row) => keys.map((key) => row[key]).join());\n"
				"}\n",
				"f([{a: 1, b: 2}], {b: 1, a: 1})"},
			{0},
		},
	.near_misses =
		(const char *const[]){
			"function f(words, parts) {\n"
			"  return words.map((w) => parts.filter((p) => new RegExp(p, 'g').test(w)));\n"
			"}\n",
			"function f(rows, seen) {\n"
			"  for (const row of rows) {\n"
			"    if (Object.keys(seen).length > 3) break;\n"
			"    seen[row] = true;\n"
			"  }\n"
			"  return seen;\n"
			"}\n",
			"function f(rows) {\n"
			"  return rows.map((row) => Object.keys(row).length);\n"
			"}\n",
			NULL,
		},
};
