/* SPDX-License-Identifier: Apache-2.0 */
/* while (queue.length) { const x = queue.shift(); … }: every shift moves all that is left. */
#include "cf-suggest/rules/javascript/js.h"

#include <string.h>
#include "lib/mem.h"

/* The condition asks whether the queue has anything: its use of the name, 0 when it is another. */
static int asks(const struct rule_ctx *c, int condition, const char *name)
{
	const struct tree *t = c->tree;
	int e = js_bare(c, condition);

	if (tree_is(t, e, "binary_expression")) {
		if (!js_is_number(c, tree_field(t, e, "right"), "0") ||
			!(js_has_operator(c, e, ">") || js_has_operator(c, e, "!==") ||
				js_has_operator(c, e, "!=")))
			return 0;
		e = js_bare(c, tree_field(t, e, "left"));
	}
	int object = tree_is(t, e, "member_expression") ? tree_field(t, e, "object") : 0;

	return object && tree_text_is(t, object, name) &&
			       tree_text_is(t, tree_field(t, e, "property"), "length")
		       ? object
		       : 0;
}

/* The queue is the function's own, and all that happens to it is the question, one shift, and
 * pushes. */
static bool only_queued(
	const struct rule_ctx *c, const char *name, int loop, int asked, int shifted)
{
	const struct tree *t = c->tree;
	int declared = js_declarator(c, name);

	if (!declared || tree_inside(t, declared, loop) ||
		!tree_is(t, js_bare(c, tree_field(t, declared, "value")), "array"))
		return false;
	JS_EACH_USE (c, c->body, name, use) {
		int up = tree_parent(t, use), call = tree_parent(t, up);

		if (tree_parent(t, use) == declared || use == asked || use == shifted)
			continue;
		if (!tree_is(t, up, "member_expression") ||
			!tree_text_is(t, tree_field(t, up, "property"), "push") ||
			!tree_is(t, call, "call_expression") ||
			tree_field(t, call, "function") != up || !js_own(c, use))
			return false;
	}
	return true;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;

	JS_NODES (c, n) {
		int object, arguments;

		if (!tree_is(t, n, "call_expression") ||
			!js_call(c, n, "shift", &object, &arguments) || tree_count(t, arguments) ||
			!js_own(c, n))
			continue;
		cf_autofree char *name = js_name(c, object);
		int statement = name ? js_statement(c, n) : 0, block = tree_parent(t, statement),
		    loop = tree_parent(t, block);
		int condition =
			tree_is(t, loop, "while_statement") ? tree_field(t, loop, "condition") : 0;
		int asked = condition ? asks(c, condition, name) : 0;

		/* first of all in each pass, so that there is one whenever it is taken */
		if (!asked || tree_first(t, block) != statement ||
			!tree_is_any(t, statement, JS_DECLARATIONS) ||
			!only_queued(c, name, loop, asked, object))
			continue;
		const char *head = rule_fresh_name(c, "%sHead", name);
		cf_autofree char *test = cf_asprintf("(%s < %s.length)", head, name);

		rule_begin(c, loop);
		js_insert_before(c, loop, "let %s = 0", head);
		rule_replace(c, condition, NULL, "%s", test);
		rule_replace(c, n, NULL, "%s[%s++]", name, head);
		rule_end(c,
			"Each shift moves all that is left in `%s`; an index of its head moves on instead.",
			name);
	}
}

const struct rule rule_array_queue = {
	.name = "array-queue",
	.summary = "a queue that is an array moves an index instead of its elements",
	.why = "`shift` takes the first element by moving all others down, so that a queue costs "
	       "the square of its length once it is "
	       "long. An index of the head does the same in constant time.",
	.find = find,
	.examples =
		(const struct rule_example[]){
			{"function f(graph, start) {\n"
			 "  const queue = [start];\n"
			 "  const seen = new Set([start]);\n"
			 "  const order = [];\n"
			 "  while (queue.length > 0) {\n"
			 "    const node = queue.shift();\n"
			 "    order.push(node);\n"
			 "    for (const next of graph[node]) {\n"
			 "      if (!seen.has(next)) {\n"
			 "        seen.add(next);\n"
			 "        queue.push(next);\n"
			 "      }\n"
			 "    }\n"
			 "  }\n"
			 "  return order;\n"
			 "}\n",
				"function f(graph, start) {\n"
				"  const queue = [start];\n"
				"  const seen = new Set([start]);\n"
				"  const order = [];\n"
				"  let queueHead = 0;\n"
				"  while (queueHead < queue.length) {\n"
				"    const node = queue[queueHead++];\n"
				"    order.push(node);\n"
				"    for (const next of graph[node]) {\n"
				"      if (!seen.has(next)) {\n"
				"        seen.add(next);\n"
				"        queue.push(next);\n"
				"      }\n"
				"    }\n"
				"  }\n"
				"  return order;\n"
				"}\n",
				"f({a: ['b', 'c'], b: ['c', 'd'], c: [], d: ['a']}, 'a')"},
			{0},
		},
	.near_misses =
		(const char *const[]){
			"function f(queue) {\n"
			"  while (queue.length) {\n"
			"    const x = queue.shift();\n"
			"    if (x > 1) queue.push(x - 1);\n"
			"  }\n"
			"  return queue;\n"
			"}\n",
			"function f() {\n"
			"  const queue = [1, 2];\n"
			"  while (queue.length) {\n"
			"    const x = queue.shift();\n"
			"    if (x === 1) queue.unshift(5);\n"
			"  }\n"
			"}\n",
			NULL,
		},
};
