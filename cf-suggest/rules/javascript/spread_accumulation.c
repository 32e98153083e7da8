/* SPDX-License-Identifier: Apache-2.0 */
/* `[...all, x]`, `{...all, [k]: v}` and all.concat([x]) again and again: a copy of everything for
 * each element. */
#include "cf-suggest/rules/javascript/js.h"

#include <string.h>
#include "lib/mem.h"

/* What is added to what the name holds: the elements or pairs behind the spread; 0 when e is no
 * such thing. */
static int added(const struct rule_ctx *c, int e, const char *name)
{
	const struct tree *t = c->tree;
	int object, arguments, count, first;

	e = js_bare(c, e);
	if (js_call(c, e, "concat", &object, &arguments) && tree_is(t, object, "identifier") &&
		tree_text_is(t, object, name)) {
		first = js_argument(c, arguments, &count);
		return count == 1 && tree_is(t, first, "array") && tree_count(t, first)
			       ? tree_first(t, first)
			       : 0;
	}
	if (!tree_is_any(t, e, "array object"))
		return 0;
	first = tree_first(t, e);
	if (!tree_is(t, first, "spread_element") ||
		!tree_is(t, tree_first(t, first), "identifier") ||
		!tree_text_is(t, tree_first(t, first), name))
		return 0;
	return tree_next(t, first);
}

/* An element reads the accumulator itself only to look into it. */
static bool only_looks_at(const struct rule_ctx *c, int first, const char *name)
{
	for (int i = first; i; i = tree_next(c->tree, i))
		JS_EACH_USE (c, i, name, use)
	if (js_binds(c, use) || js_is_alias(c, use) ||
		!tree_is_any(c->tree, tree_parent(c->tree, use),
			"member_expression subscript_expression"))
		return false;
	return true;
}

/*
 * The statements that add it in place, one a line. Returns new; NULL where there is a pair that
 * cannot be written so.
 */
static char *additions(const struct rule_ctx *c, int first, const char *name, bool array)
{
	const struct tree *t = c->tree;
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	const char *semicolon = js_semicolon(c);

	if (array) {
		int last = first;

		while (tree_next(t, last))
			last = tree_next(t, last);
		cf_buf_addf(&b, "%s.push(%.*s)%s", name, (int)(t->v[last].end - t->v[first].start),
			t->text + t->v[first].start, semicolon);
		return cf_buf_detach(&b, NULL);
	}
	for (int i = first; i; i = tree_next(t, i)) {
		int key = tree_is(t, i, "pair") ? tree_field(t, i, "key") : 0,
		    value = key ? tree_field(t, i, "value") : 0;
		cf_autofree char *text = tree_text(t, value ? value : i);

		if (tree_text_is(t, key, "__proto__") ||
			(value && tree_is_any(t, value, JS_FUNCTIONS)))
			return NULL; /* sets the prototype; gets its name from the key */
		cf_autofree char *name_of =
			key ? tree_text(t, tree_is(t, key, "computed_property_name")
						   ? tree_first(t, key)
						   : key)
			    : NULL;

		if (b.len)
			cf_buf_addc(&b, '\n');
		if (tree_is(t, i, "shorthand_property_identifier"))
			cf_buf_addf(&b, "%s.%s = %s%s", name, text, text, semicolon);
		else if (tree_is(t, key, "property_identifier"))
			cf_buf_addf(&b, "%s.%s = %s%s", name, name_of, text, semicolon);
		else if (tree_is_any(t, key, "computed_property_name string number"))
			cf_buf_addf(&b, "%s[%s] = %s%s", name, name_of, text, semicolon);
		else
			return NULL;
	}
	return cf_buf_detach(&b, NULL);
}

/* xs.reduce((all, x) => [...all, f(x)], []) */
static void in_reduce(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int list, arguments, count;

	if (!tree_is(t, n, "call_expression") || !js_call(c, n, "reduce", &list, &arguments))
		return;
	int callback = js_argument(c, arguments, &count),
	    start = callback ? js_bare(c, tree_next(t, callback)) : 0;
	cf_autofree char *name =
		tree_is(t, callback, "arrow_function") ? js_parameter(c, callback, 0) : NULL;
	int answer = name && count == 2 && tree_is_any(t, start, "array object")
			     ? js_answer(c, callback)
			     : 0;
	int first = answer ? added(c, answer, name) : 0;
	bool array = tree_is(t, start, "array");
	int body = callback ? tree_field(t, callback, "body") : 0;

	if (!first || array == tree_is(t, answer, "object") || !only_looks_at(c, first, name))
		return;
	/* an element that spreads what may be the accumulator, or pairs that are one more spread,
	 * stay */
	cf_autofree char *lines = additions(c, first, name, array);

	if (!lines)
		return;
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	const char *semicolon = js_semicolon(c);

	cf_buf_adds(&b, "{\n\t");
	for (const char *p = lines; *p; p++) {
		cf_buf_addc(&b, *p);
		if (*p == '\n')
			cf_buf_addc(&b, '\t');
	}
	cf_buf_addf(&b, "\n\treturn %s%s\n}", name, semicolon);
	rule_begin(c, n);
	js_replace(c, body, b.data);
	rule_end(c,
		"Each step copied all that `%s` held so far; it is this call's own, so it can be added to.",
		name);
}

/* The end of the outermost loop round n. */
static int loops_end(const struct rule_ctx *c, int n)
{
	int end = n;

	for (int loop = js_loop(c, n); loop; loop = js_loop(c, loop))
		end = c->tree->v[loop].after;
	return end;
}

/* all = [...all, x] in a loop, of an array that nobody else has until the loops are over. */
static void in_loop(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int assignment = tree_is(t, n, "expression_statement") ? tree_first(t, n) : 0;
	cf_autofree char *name = tree_is(t, assignment, "assignment_expression")
					 ? js_name(c, tree_field(t, assignment, "left"))
					 : NULL;
	int first = name ? added(c, tree_field(t, assignment, "right"), name) : 0, declared = 0;
	int shared = 0, last = 0;

	if (!first || !js_loop(c, n) || js_is_parameter(c, name) || !only_looks_at(c, first, name))
		return;
	JS_EACH_USE (c, c->body, name, use) {
		int up = tree_parent(t, use);

		if (tree_is(t, up, "variable_declarator") && t->v[use].field &&
			!strcmp(t->v[use].field, "name")) {
			if (declared || !tree_is_any(t, js_bare(c, tree_field(t, up, "value")),
						"array object"))
				return;
			declared = up;
		} else if (tree_is(t, up, "assignment_expression")) {
			int more = added(c, tree_field(t, up, "right"), name);

			if (!more || !only_looks_at(c, more, name))
				return;
			if (loops_end(c, use) > last)
				last = loops_end(c, use);
		} else if (js_binds(c, use)) {
			return;
		} else if (js_is_alias(c, use) && !shared) {
			shared = use;
		}
	}
	if (shared && shared < last)
		return;
	bool array = declared && tree_is(t, js_bare(c, tree_field(t, declared, "value")), "array");
	cf_autofree char *lines = declared ? additions(c, first, name, array) : NULL;

	if (!lines ||
		array == tree_is(t, js_bare(c, tree_field(t, assignment, "right")), "object") ||
		!js_own(c, n))
		return;
	rule_begin(c, n);
	js_replace(c, n, lines);
	rule_end(c, "Each pass copied all of `%s`; nobody else has it, so it can be added to.",
		name);
}

static void find(struct rule_ctx *c)
{
	JS_NODES (c, n) {
		in_reduce(c, n);
		in_loop(c, n);
	}
}

const struct rule rule_spread_accumulation = {
	.name = "spread-accumulation",
	.summary = "arrays and objects that are copied to add an element are added to",
	.why = "`[...all, x]` and `{...all, [k]: v}` copy everything for each element, which costs "
	       "the square of their number in "
	       "all. What the loop or the call made itself can be changed in place.",
	.find = find,
	.examples =
		(const struct rule_example[]){
			{"function f(rows) {\n"
			 "  return rows.reduce((all, row) => ({...all, [row.id]: row.v, last: row.id}), {});\n"
			 "}\n",
				"function f(rows) {\n"
				"  return rows.reduce((all, row) => {\n"
				"    all[row.id] = row.v;\n"
				"    all.last = row.id;\n"
				"    return all;\n"
				"  }, {});\n"
				"}\n",
				"f([{id: 'a', v: 1}, {id: 'b', v: 2}, {id: 'a', v: 3}])\n"
				"f([])"},
			{"const f = (xs) => xs.reduce((acc, x) => [...acc, x * 2, acc.length], [])\n",
				"const f = (xs) => xs.reduce((acc, x) => {\n"
				"    acc.push(x * 2, acc.length)\n"
				"    return acc\n"
				"}, [])\n",
				"f([1, 2, 3])"},
			{"function f(xs) {\n"
			 "  let out = [];\n"
			 "  for (const x of xs) {\n"
			 "    if (x > 1) {\n"
			 "      out = [...out, x];\n"
			 "    } else {\n"
			 "      out = out.concat([x, -x]);\n"
			 "    }\n"
			 "  }\n"
			 "  return out;\n"
			 "}\n",
				"function f(xs) {\n"
				"  let out = [];\n"
				"  for (const x of xs) {\n"
				"    if (x > 1) {\n"
				"      out.push(x);\n"
				"    } else {\n"
				"      out.push(x, -x);\n"
				"    }\n"
				"  }\n"
				"  return out;\n"
				"}\n",
				"f([1, 2, 3])"},
			{0},
		},
	.near_misses =
		(const char *const[]){
			"function f(xs, start) {\n"
			"  return xs.reduce((acc, x) => [...acc, x], start);\n"
			"}\n",
			"function f(xs) {\n"
			"  let out = [];\n"
			"  const steps = [];\n"
			"  for (const x of xs) {\n"
			"    out = [...out, x];\n"
			"    steps.push(out);\n"
			"  }\n"
			"  return steps;\n"
			"}\n",
			"const f = (xs) => xs.reduce((acc, x) => [...acc, [x, acc]], []);\n",
			NULL,
		},
};
