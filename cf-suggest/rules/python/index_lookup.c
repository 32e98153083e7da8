/* SPDX-License-Identifier: Apache-2.0 */
/* list.index and list.count asked again and again of the same list. */
#include "cf-suggest/rules/python/locals.h"

#include "lib/mem.h"

/* A list as far as anything shows; str has methods of the same names, which look for parts. */
static bool may_be_list(const struct rule_ctx *c, int list, int item)
{
	const struct tree *t = c->tree;
	enum py_type type = py_type_of(c, list), element = py_element_type(c, list);
	if (element == PY_LIST || element == PY_DICT || element == PY_SET || py_unhashable(c, item))
		return false;
	if (type == PY_LIST || type == PY_TUPLE)
		return true;
	return (type == PY_UNKNOWN || type == PY_STR) && py_is_path(c, list) &&
	       (py_is_element(c, item, list) ||
		       (type == PY_UNKNOWN && !tree_is(t, item, "string") && !py_named_as_string(c, list)));
}

static bool is_steady(const struct rule_ctx *c, int loop, const void *arg)
{
	return !py_changes(c, *(const int *)arg, loop);
}

/* Inserts before the outermost loop what maps the list's elements, and rewrites each call in it. */
static void propose(struct rule_ctx *c, int list, bool count)
{
	const struct tree *t = c->tree;
	int loop = py_outermost_loop(c, list, is_steady, &list);
	struct match m = {0};
	bind(&m, 'L', list);

	cf_autofree char *base = py_base_name(c, list, "items");
	bool none = local_may_be_none(c, list, loop);
	rule_begin(c, loop);
	if (count) {
		const char *counts = rule_fresh_name(c, "%s_counts", base);
		const char *counter = py_import(c, "collections", "Counter");
		rule_insert_before(c, py_statement(c, loop), &m, none ? "%s = %s($L or ())" : "%s = %s($L)", counts, counter);
		for (int n = loop; n < t->v[loop].after; n++) {
			struct match call = m;
			if (tree_is(t, n, "call") && MATCH(t, n, &call, "$L.count($X)"))
				rule_replace(c, n, &call, "%s[$X]", counts);
		}
		cf_autofree char *text = tree_text(t, list);
		rule_end(c, "`%s.count` walks the list each time; one Counter of it answers by hash.", text);
		return;
	}
	const char *positions = rule_fresh_name(c, "%s_positions", base);
	const char *i = rule_fresh_name(c, "position"), *item = rule_fresh_name(c, "%s_item", base);
	rule_insert_before(c, py_statement(c, loop), &m,
		"%s = {}\n"
		"for %s, %s in enumerate($L%s):\n"
		"\t%s.setdefault(%s, %s)",
		positions, i, item, none ? " or ()" : "", positions, item, i);
	for (int n = loop; n < t->v[loop].after; n++) {
		struct match call = m;
		if (!tree_is(t, n, "call") || !MATCH(t, n, &call, "$L.index($X)"))
			continue;
		/* What may not be there, the list is asked for: it says ValueError. */
		bool open = tree_is_any(t, tree_parent(t, n),
			"assignment return_statement argument_list expression_list list tuple");
		if (py_is_element(c, got(&call, 'X'), list) ||
			py_is_guarded(c, got(&call, 'X'), list))
			rule_replace(c, n, &call, "%s[$X]", positions);
		else
			rule_replace(c, n, &call, open ? "%s[$X] if $(X) in %s else $L.index($X)"
						       : "(%s[$X] if $(X) in %s else $L.index($X))",
				positions, positions);
	}
	cf_autofree char *text = tree_text(t, list);
	rule_end(c, "`%s.index` walks the list each time; a dict of first positions, made once, answers by "
		    "hash.", text);
}

/* max(xs, key=xs.count), sorted(set(xs), key=lambda x: xs.count(x)) */
static bool by_count(struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	int args = tree_field(t, call, "arguments"), key = 0;

	if (!py_is_builtin_node(c, tree_field(t, call, "function"), "max min sorted"))
		return false;
	for (int i = tree_first(t, args); i; i = tree_next(t, i))
		if (tree_is(t, i, "keyword_argument") && tree_text_is(t, tree_field(t, i, "name"), "key"))
			key = tree_field(t, i, "value");
	struct match m = {0};
	if (!key || !MATCH(t, key, &m, "$L.count", "lambda $X: $L.count($X)") ||
		!MATCH(t, tree_first(t, args), &m, "$L", "set($L)", "list(set($L))") ||
		!py_is_path(c, got(&m, 'L')))
		return false;
	rule_begin(c, call);
	const char *counter = py_import(c, "collections", "Counter");
	rule_replace(c, key, &m, "%s($L).get", counter);
	rule_end(c, "count() walked the list for every element; one Counter has every count.");
	return true;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		struct match m = {0};
		if (!tree_is(t, n, "call") || !py_own(c, n))
			continue;
		if (by_count(c, n))
			continue;
		int which = MATCH(t, n, &m, "$L.index($X)", "$L.count($X)");
		int list = got(&m, 'L');
		if (!which || !py_is_path(c, list) || !may_be_list(c, list, got(&m, 'X')) ||
			(which == 1 && !py_pure(c, got(&m, 'X'))))
			continue;
		int loop = py_outermost_loop(c, n, is_steady, &list);
		if (!loop)
			continue;
		/* The first call in the loop speaks for all. */
		bool first = true;
		for (int i = loop; i < n && first; i++) {
			struct match same = {0};
			bind(&same, 'L', list);
			first = !(tree_is(t, i, "call") &&
				  MATCH(t, i, &same, which == 1 ? "$L.index($_)" : "$L.count($_)"));
		}
		if (first)
			propose(c, list, which == 2);
	}
}

const struct rule rule_index_lookup = {
	.name = "index-lookup",
	.summary = "repeated list.index and list.count ask a dict or a Counter",
	.why = "index and count walk the list on every call. A dict of first positions, or a Counter, is one "
	       "walk for all of them.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(names: list, rows):\n"
		 "    out = []\n"
		 "    for row in rows:\n"
		 "        out.append((names.index(row), names.index(row) + 1))\n"
		 "    return out\n",
		 "def f(names: list, rows):\n"
		 "    out = []\n"
		 "    names_positions = {}\n"
		 "    for position, names_item in enumerate(names):\n"
		 "        names_positions.setdefault(names_item, position)\n"
		 "    for row in rows:\n"
		 "        out.append((names_positions[row] if row in names_positions else names.index(row), "
		 "(names_positions[row] if row in names_positions else names.index(row)) + 1))\n"
		 "    return out\n",
		 "f(['a', 'b', 'a'], ['b', 'a', 'a'])\n"
		 "f(['a'], ['a', 'b'])"},
		{"def f(text: str, xs):\n"
		 "    order = sorted(set(xs))\n"
		 "    ranks = [order.index(x) for x in xs]\n"
		 "    once = [c for c in text if text.count(c) == 1]\n"
		 "    return ranks, once, sorted(text, key=lambda c: text.count(c))\n",
		 "from collections import Counter\n"
		 "\n"
		 "def f(text: str, xs):\n"
		 "    order = sorted(set(xs))\n"
		 "    order_positions = {}\n"
		 "    for position, order_item in enumerate(order):\n"
		 "        order_positions.setdefault(order_item, position)\n"
		 "    ranks = [order_positions[x] for x in xs]\n"
		 "    text_counts = Counter(text)\n"
		 "    once = [c for c in text if text_counts[c] == 1]\n"
		 "    return ranks, once, sorted(text, key=Counter(text).get)\n",
		 "f('abca', [3, 1, 3])\n"
		 "f('', [])"},
		{"def f(a):\n"
		 "    return {x: a.count(x) for x in a}, max(set(a), key=a.count)\n",
		 "from collections import Counter\n"
		 "\n"
		 "def f(a):\n"
		 "    a_counts = Counter(a)\n"
		 "    return {x: a_counts[x] for x in a}, max(set(a), key=Counter(a).get)\n",
		 "f([1, 2, 2, 3])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* A string's; changed in the loop; by its name one; lists in it; asked once. */
		"def f(text: str, a):\n"
		"    return [text.count(x) + text.index(x) for x in a]\n",
		"def f(names, rows):\n"
		"    for row in rows:\n"
		"        names.pop(names.index(row))\n",
		"def f(line, words):\n"
		"    return [line.count(w) for w in words]\n",
		"def f(rows: list[list[int]], wanted):\n"
		"    return [rows.index(w) for w in wanted]\n",
		"def f(names, x):\n"
		"    return names.index(x)\n",
		NULL,
	},
};
