/* SPDX-License-Identifier: Apache-2.0 */
/* sum(lists, []) and reduce(operator.add, lists, []): lists joined by copying, over and over. */
#include "cf-suggest/rules/python/py.h"

#include <string.h>
#include "lib/mem.h"

/* functools.reduce under any name; add, concat, iadd or lambda a, b: a + b as its function. */
static bool is_reduce_add(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	struct match m = {0};

	if (!MATCH(t, n, &m, "$R($F, $X, $Y)"))
		return false;
	int reduce = got(&m, 'R'), add = got(&m, 'F');
	if (tree_is(t, reduce, "attribute"))
		reduce = tree_field(t, reduce, "attribute");
	if (!tree_text_is(t, reduce, "reduce"))
		return false;
	if (MATCH(t, add, &(struct match){0}, "lambda $A, $B: $A + $B"))
		return true;
	if (tree_is(t, add, "attribute") &&
		!tree_text_is(t, tree_field(t, add, "object"), "operator"))
		return false;
	if (tree_is(t, add, "attribute"))
		add = tree_field(t, add, "attribute");
	return tree_text_is(t, add, "add") || tree_text_is(t, add, "concat") ||
	       tree_text_is(t, add, "iadd") || tree_text_is(t, add, "iconcat");
}

static bool awaits(const struct tree *t, int region)
{
	for (int n = region; n < t->v[region].after; n++)
		if (tree_is(t, n, "await") || tree_is(t, n, "async"))
			return true;
	return false;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;

	PY_NODES(c, n)
	{
		struct match m = {0};
		if (!tree_is(t, n, "call"))
			continue;
		bool sum = MATCH(t, n, &m, "sum($X, start=$Y)", "sum($X, $Y)") &&
			   py_is_builtin_node(c, tree_field(t, n, "function"), "sum");
		if (!sum && !(is_reduce_add(c, n) && MATCH(t, n, &m, "$R($F, $X, $Y)")))
			continue;
		int empty = got(&m, 'Y'), items = got(&m, 'X');
		bool list = MATCH(t, empty, &(struct match){0}, "[]", "list()") &&
			    py_is_builtin(c, "list");
		bool tuple = MATCH(t, empty, &(struct match){0}, "()", "tuple()") &&
			     py_is_builtin(c, "tuple");
		if (!list && !tuple)
			continue;

		rule_begin(c, n);
		const char *chain = py_import(c, "itertools", "chain");
		const char *type = list ? "list" : "tuple";
		if (chain && tree_is_any(t, items, "list_comprehension generator_expression") &&
			!awaits(t, items)) {
			/* The brackets go: a generator as a call's only argument needs none. */
			cf_autofree char *text = tree_text(t, items);
			text[strlen(text) - 1] = '\0';
			rule_replace(c, n, NULL, "%s(%s.from_iterable(%s))", type, chain, text + 1);
		} else if (chain) {
			rule_replace(c, n, &m, "%s(%s.from_iterable($X))", type, chain);
		}
		rule_end(c,
			"Each addition copies everything joined so far; chain walks through the "
			"%ss "
			"once.",
			type);
	}
}

const struct rule rule_list_flattening = {
	.name = "list-flattening",
	.summary = "sum(lists, []) and reduce(operator.add, lists, []) become itertools.chain",
	.why = "Adding lists one to another makes a new list for each and copies all that was joined "
	       "before, which costs the square of the result's length. chain.from_iterable yields the "
	       "same items in the same order and copies each once.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"\"\"\"Doc.\"\"\"\n"
		 "import re\n"
		 "\n"
		 "def f(rows):\n"
		 "    return sum(rows, []), sum([[r, 1] for r in rows], start=list())\n",
		 "\"\"\"Doc.\"\"\"\n"
		 "import re\n"
		 "from itertools import chain\n"
		 "\n"
		 "def f(rows):\n"
		 "    return list(chain.from_iterable(rows)), list(chain.from_iterable([r, 1] for r in rows))\n",
		 "f([[1, 2], [], [3]])\n"
		 "f([])"},
		{"import functools\n"
		 "import itertools\n"
		 "import operator\n"
		 "\n"
		 "def f(rows):\n"
		 "    a = functools.reduce(operator.add, rows, ())\n"
		 "    b = functools.reduce(lambda x, y: x + y, rows, ())\n"
		 "    return a, b\n",
		 "import functools\n"
		 "import itertools\n"
		 "import operator\n"
		 "\n"
		 "def f(rows):\n"
		 "    a = tuple(itertools.chain.from_iterable(rows))\n"
		 "    b = tuple(itertools.chain.from_iterable(rows))\n"
		 "    return a, b\n",
		 "f([(1, 2), (), (3,)])\n"
		 "f([])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* Numbers; a list that is not empty; sum of another kind; operator.mul. */
		"def f(xs):\n"
		"    return sum(xs), sum(xs, 0), sum(xs, [1])\n",
		"def sum(a, b):\n"
		"    return 1\n"
		"def f(xs):\n"
		"    return sum(xs, [])\n",
		"from functools import reduce\n"
		"import operator\n"
		"def f(xs):\n"
		"    return reduce(operator.mul, xs, []), reduce(operator.add, xs)\n",
		NULL,
	},
};
