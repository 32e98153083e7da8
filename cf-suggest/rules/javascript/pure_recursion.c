/* SPDX-License-Identifier: Apache-2.0 */
/* A function of one value that calls itself at two places or more, and does nothing else. */
#include "cf-suggest/rules/javascript/js.h"

#include <string.h>
#include "lib/mem.h"

/* The name by which the function calls itself; NULL for a method and what has none. Returns new. */
static char *own_name(const struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	int up = tree_parent(t, c->function);

	if (tree_is(t, c->function, "function_declaration"))
		return tree_text(t, tree_field(t, c->function, "name"));
	if (tree_is(t, up, "variable_declarator") &&
		tree_is(t, tree_parent(t, up), "lexical_declaration"))
		return js_name(c, tree_field(t, up, "name"));
	return NULL;
}

static bool is_recursion(const struct rule_ctx *c, int n, const char *name)
{
	const struct tree *t = c->tree;
	int function = tree_is(t, n, "call_expression") ? tree_field(t, n, "function") : 0;

	return tree_is(t, function, "identifier") && tree_text_is(t, function, name);
}

/* Same argument, same answer, as far as the text shows: it reads its own names and constants only.
 */
static bool is_pure_body(const struct rule_ctx *c, const char *name)
{
	const struct tree *t = c->tree;

	JS_NODES (c, n) {
		if (tree_is_any(t, n,
			    "this await_expression yield_expression new_expression object array template_substitution throw_statement try_statement super " JS_FUNCTIONS) ||
			tree_text_is(t, n, "arguments"))
			return false;
		if (tree_is_any(t, n,
			    "assignment_expression augmented_assignment_expression update_expression")) {
			cf_autofree char *target = js_name(c, tree_first(t, n));

			if (!target || !js_is_local(c, target) || js_is_parameter(c, target))
				return false;
		}
		if (tree_is(t, n, "call_expression") && !is_recursion(c, n, name)) {
			int object = tree_is(t, tree_field(t, n, "function"), "member_expression")
					     ? tree_field(t, tree_field(t, n, "function"), "object")
					     : 0;

			if (!object || !js_is_global(c, object, "Math") ||
				tree_text_is(t,
					tree_field(t, tree_field(t, n, "function"), "property"),
					"random"))
				return false;
		}
		if (tree_is(t, n, "identifier")) {
			cf_autofree char *text = tree_text(t, n);
			bool constant = false;

			/* a constant of the module's, a global that is no variable */
			for (int use = js_next_use(c, 0, text, 0); use;
				use = js_next_use(c, 0, text, use + 1)) {
				int up = tree_parent(t, use);

				if (js_binds(c, use))
					constant = tree_is(t, up, "variable_declarator") &&
						   tree_is_any(t,
							   js_bare(c, tree_field(t, up, "value")),
							   "number string") &&
						   t->text[t->v[tree_parent(t, up)].start] == 'c';
			}
			if (strcmp(text, name) && !js_is_local(c, text) && !constant &&
				strcmp(text, "Math") && strcmp(text, "undefined"))
				return false;
		}
	}
	return true;
}

static bool is_arithmetic(const struct rule_ctx *c, int argument, const char *parameter)
{
	const struct tree *t = c->tree;
	bool computed = false;

	for (int n = argument; n < t->v[argument].after; n++) {
		if (tree_is_any(t, n, "string subscript_expression") ||
			(tree_is(t, n, "member_expression") &&
				!tree_text_is(t, tree_field(t, n, "object"), "Math")))
			return false;
		computed = computed ||
			   (tree_is(t, n, "binary_expression") && js_reads(c, n, parameter));
	}
	return computed;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	cf_autofree char *name = own_name(c), *parameter = js_parameter_count(c, c->function) == 1
								   ? js_parameter(c, c->function, 0)
								   : NULL;
	int first = tree_is(t, c->body, "statement_block") ? tree_first(t, c->body) : 0, calls = 0;

	if (!name || !parameter || !first ||
		!strncmp(t->text + t->v[c->function].start, "async", 5) || !is_pure_body(c, name))
		return;
	JS_NODES (c, n) {
		int count,
			argument = is_recursion(c, n, name)
					   ? js_argument(c, tree_field(t, n, "arguments"), &count)
					   : 0;

		if (is_recursion(c, n, name)) {
			/* of numbers: f(n - 1); a walk through what objects hold comes to each once
			 */
			if (!argument || count != 1 || !is_arithmetic(c, argument, parameter))
				return;
			calls++;
		}
	}
	if (calls < 2)
		return;
	/* a rebound name would be another function */
	JS_EACH_USE (c, 0, name, use)
	if (js_binds(c, use) &&
		tree_is_any(t, tree_parent(t, use), "assignment_expression update_expression"))
		return;
	const char *known = rule_fresh_name(c, "known"), *value = rule_fresh_name(c, "compute"),
		   *at = rule_fresh_name(c, "%sOf", name);
	const char *semicolon = js_semicolon(c);
	int last = tree_last(t, c->body);

	rule_begin(c, c->body);
	rule_wrap(c, first, last, NULL, "const %s = new Map()%s\nconst %s = (%s) => {", known,
		semicolon, value, parameter);
	rule_insert_after(c, last, NULL,
		"}%s\nconst %s = (%s) => {\n\tif (!%s.has(%s)) %s.set(%s, %s(%s))%s\n\treturn %s.get(%s)%s\n}%s\nreturn %s(%s)%s",
		semicolon, at, parameter, known, parameter, known, parameter, value, parameter,
		semicolon, known, parameter, semicolon, semicolon, value, parameter, semicolon);
	JS_NODES (c, n)
	if (is_recursion(c, n, name))
		rule_replace(c, tree_field(t, n, "function"), NULL, "%s", at);
	rule_end(c,
		"`%s` was worked out for the same values again and again; within a call each is worked out once.",
		name);
}

const struct rule rule_pure_recursion = {
	.name = "pure-recursion",
	.summary = "a function of one value that branches into itself remembers what it worked out",
	.why = "A function that calls itself twice for smaller values works out the same ones "
	       "again and again: their number doubles "
	       "with each level. A Map that lives as long as the call holds each answer once.",
	.find = find,
	.examples =
		(const struct rule_example[]){
			{"function f(n) {\n"
			 "  if (n < 2) return n;\n"
			 "  // both of them\n"
			 "  return f(n - 1) + f(n - 2);\n"
			 "}\n",
				"function f(n) {\n"
				"  const known = new Map();\n"
				"  const compute = (n) => {\n"
				"    if (n < 2) return n;\n"
				"    // both of them\n"
				"    return fOf(n - 1) + fOf(n - 2);\n"
				"  };\n"
				"  const fOf = (n) => {\n"
				"    if (!known.has(n)) known.set(n, compute(n));\n"
				"    return known.get(n);\n"
				"  };\n"
				"  return compute(n);\n"
				"}\n",
				"f(15)\n"
				"f(0)"},
			{0},
		},
	.near_misses =
		(const char *const[]){
			"let calls = 0;\n"
			"function f(n) {\n"
			"  calls++;\n"
			"  return n < 2 ? n : f(n - 1) + f(n - 2);\n"
			"}\n",
			"function f(n) {\n"
			"  return n < 1 ? 0 : 1 + f(n - 1);\n"
			"}\n",
			"function f(node) {\n"
			"  if (!node) return [];\n"
			"  return [f(node.left), f(node.right)];\n"
			"}\n",
			"function f(node) {\n"
			"  return node.done || (node.next && f(node.next)) || f(node.other);\n"
			"}\n",
			"function f(n) {\n"
			"  if (n < 2) return Math.random();\n"
			"  return f(n - 1) + f(n - 2);\n"
			"}\n",
			NULL,
		},
};
