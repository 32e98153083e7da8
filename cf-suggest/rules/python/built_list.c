/* SPDX-License-Identifier: Apache-2.0 */
/* A list built only to be consumed at once: any([…]), set([…]), sum(list(x)). */
#include "cf-suggest/rules/python/py.h"

#include "lib/mem.h"

/* Inside the brackets of a comprehension. */
static char *inner(const struct tree *t, int comprehension)
{
	return cf_strndup(t->text + t->v[comprehension].start + 1,
		t->v[comprehension].end - t->v[comprehension].start - 2);
}

static bool is_bare_call(const struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	int arguments = tree_field(t, call, "arguments");
	return tree_is(t, arguments, "argument_list") && tree_count(t, arguments) == 1;
}

static void consumer(struct rule_ctx *c, int call, int list)
{
	const struct tree *t = c->tree;
	int f = tree_field(t, call, "function"), body = tree_field(t, list, "body");
	struct match m = {0};
	cf_autofree char *text = inner(t, list);

	if (py_is_builtin_node(c, f, "any all")) {
		/* It stops at the first answer, so what it skips must have no effect. */
		if (!py_pure_deep(c, list))
			return;
		rule_begin(c, call);
		/* any(x == y for x in items) asks what `in` does. */
		if (tree_text_is(t, f, "any") &&
			MATCH(t, list, &m, "[$X == $Y for $X in $A]", "[$Y == $X for $X in $A]") &&
			tree_is(t, got(&m, 'X'), "identifier")) {
			cf_autofree char *x = tree_text(t, got(&m, 'X'));
			enum py_type type = py_type_of(c, got(&m, 'A'));
			if ((type == PY_LIST || type == PY_TUPLE) && !py_uses(c, got(&m, 'Y'), x)) {
				rule_replace(c, call, &m,
					tree_is(t, tree_parent(t, call), "not_operator") ? "($(Y) in $(A))"
											 : "$(Y) in $(A)");
				rule_end(c, "`in` compares in C and stops at the first equal element.");
				return;
			}
		}
		rule_replace(c, tree_field(t, call, "arguments"), NULL, "(%s)", text);
		rule_end(c, "A generator lets %s() stop at the first answer; the list was made to the end.",
			tree_text_is(t, f, "any") ? "any" : "all");
	} else if (py_is_builtin_node(c, f, "set")) {
		rule_begin(c, call);
		rule_replace(c, call, NULL, "{%s}", text);
		rule_end(c, "The set is built directly, without a list first.");
	} else if (py_is_builtin_node(c, f, "dict") && tree_is(t, body, "tuple") &&
		   tree_count(t, body) == 2) {
		int key = tree_first(t, body), value = tree_next(t, key);
		uint32_t rest = t->v[body].end;
		cf_autofree char *clauses = cf_strndup(t->text + rest, t->v[list].end - 1 - rest);
		rule_begin(c, call);
		rule_replace(c, call, NULL, "{%n: %n%s}", key, value, clauses);
		rule_end(c, "The dict is built directly, without a list of pairs first.");
	} else if (py_is_builtin_node(c, f, "list")) {
		rule_begin(c, call);
		rule_replace(c, call, NULL, "%n", list);
		rule_end(c, "The comprehension is a new list already.");
	} else if (py_is_builtin_node(c, f, "sum") && tree_text_is(t, body, "1")) {
		return; /* counting by hand is another rule's */
	} else if (py_is_builtin_node(c, f, "sum min max frozenset")) {
		rule_begin(c, call);
		rule_replace(c, tree_field(t, call, "arguments"), NULL, "(%s)", text);
		rule_end(c, "The elements are consumed as they come; the list was only held in memory.");
	}
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		struct match m = {0};
		if (!tree_is(t, n, "call"))
			continue;
		int f = tree_field(t, n, "function");
		if (is_bare_call(c, n)) {
			int argument = tree_first(t, tree_field(t, n, "arguments"));
			while (tree_is(t, argument, "parenthesized_expression"))
				argument = tree_first(t, argument);
			if (tree_is(t, argument, "list_comprehension")) {
				consumer(c, n, argument);
				continue;
			}
		}
		if (MATCH(t, n, &m, "$F(list($A))", "$F(tuple($A))", "$F(list($A), $$$R)") &&
			py_is_builtin_node(c, f,
				"sum min max any all set frozenset tuple list sorted")) {
			int copy = tree_first(t, tree_field(t, n, "arguments"));
			if (tree_is(t, got(&m, 'A'), "generator_expression") ||
				tree_is(t, got(&m, 'A'), "list_splat") ||
				!py_is_builtin_node(c, tree_field(t, copy, "function"), "list tuple"))
				continue;
			if (py_is_builtin_node(c, f, "any all") && !py_pure(c, got(&m, 'A')))
				continue;
			rule_begin(c, n);
			rule_replace(c, copy, &m, "$A");
			rule_end(c, "The copy is consumed at once; what it was made of will do.");
		}
	}
}

const struct rule rule_built_list = {
	.name = "built-list",
	.summary = "a list built only to be consumed at once by any, all, sum, set, dict, …",
	.why = "any and all can stop early only when their elements come one at a time; a set or dict "
	       "made of a list makes everything twice.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(a, words: list, x):\n"
		 "    if any([w.startswith('a') for w in a]) and not all([len(w) for w in a]):\n"
		 "        return 1\n"
		 "    if any([w == x for w in words]):\n"
		 "        return set([w.lower() for w in a if w])\n"
		 "    return dict([(w, len(w)) for w in a]), sum(list(map(len, a)))\n",
		 "def f(a, words: list, x):\n"
		 "    if any(w.startswith('a') for w in a) and not all(len(w) for w in a):\n"
		 "        return 1\n"
		 "    if x in words:\n"
		 "        return {w.lower() for w in a if w}\n"
		 "    return {w: len(w) for w in a}, sum(map(len, a))\n",
		 "f(['ab', ''], [], 1)\n"
		 "f(['b', 'C'], [1], 1)\n"
		 "f(['b', 'cc'], [], 1)"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* The elements have effects; the name is another's; more than the list. */
		"def f(a, out):\n"
		"    return any([out.append(x) for x in a])\n",
		"def f(a, any):\n"
		"    return any([x for x in a])\n",
		"def f(a):\n"
		"    return sum([x for x in a], []), ', '.join([x for x in a])\n",
		NULL,
	},
};
