/* SPDX-License-Identifier: Apache-2.0 */
/* list.index and list.count asked again and again of the same list. */
#include "cf-suggest/rules/python/py.h"

#include "lib/mem.h"

/* A list as far as anything shows; str has methods of the same names with another meaning. */
static bool may_be_list(const struct rule_ctx *c, int list, int item)
{
	const struct tree *t = c->tree;
	enum py_type type = py_type_of(c, list);
	if (type == PY_LIST || type == PY_TUPLE)
		return true;
	return type == PY_UNKNOWN && py_is_path(c, list) && !tree_is(t, item, "string");
}

static bool caught(const struct rule_ctx *c, int n)
{
	int try = tree_up(c->tree, n, "try_statement");
	return try && tree_inside(c->tree, try, c->body);
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
	rule_begin(c, loop);
	if (count) {
		const char *counts = rule_fresh_name(c, "%s_counts", base);
		const char *counter = py_import(c, "collections", "Counter");
		rule_insert_before(c, py_statement(c, loop), &m, "%s = %s($L)", counts, counter);
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
		"for %s, %s in enumerate($L):\n"
		"\t%s.setdefault(%s, %s)",
		positions, i, item, positions, item, i);
	for (int n = loop; n < t->v[loop].after; n++) {
		struct match call = m;
		if (tree_is(t, n, "call") && MATCH(t, n, &call, "$L.index($X)"))
			rule_replace(c, n, &call, "%s[$X]", positions);
	}
	cf_autofree char *text = tree_text(t, list);
	rule_end(c, "`%s.index` walks the list each time; a dict of first positions, made once, answers by "
		    "hash.", text);
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		struct match m = {0};
		if (!tree_is(t, n, "call") || !py_own(c, n))
			continue;
		if (MATCH(t, n, &m, "max(set($L), key=$L.count)", "max($L, key=$L.count)",
			    "min(set($L), key=$L.count)", "min($L, key=$L.count)") &&
			py_is_path(c, got(&m, 'L')) && py_type_of(c, got(&m, 'L')) != PY_STR) {
			rule_begin(c, n);
			const char *counter = py_import(c, "collections", "Counter");
			int key = tree_field(t, tree_last(t, tree_field(t, n, "arguments")), "value");
			rule_replace(c, key, &m, "%s($L).get", counter);
			rule_end(c, "count() walked the list for every element; one Counter has every count.");
			continue;
		}
		int which = MATCH(t, n, &m, "$L.index($X)", "$L.count($X)");
		int list = got(&m, 'L');
		if (!which || !py_is_path(c, list) || py_unhashable(c, got(&m, 'X')) || !may_be_list(c, list, got(&m, 'X')))
			continue;
		int loop = py_outermost_loop(c, n, is_steady, &list);
		/* A list that is not found raises ValueError, a dict KeyError. */
		if (!loop || (which == 1 && caught(c, n)))
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
		 "        out.append((names_positions[row], names_positions[row] + 1))\n"
		 "    return out\n",
		 "f(['a', 'b', 'a'], ['b', 'a', 'a'])"},
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
		/* A string's; changed in the loop; a miss is expected; asked once. */
		"def f(text: str, a):\n"
		"    return [text.count(x) + text.index(x) for x in a]\n",
		"def f(names, rows):\n"
		"    for row in rows:\n"
		"        names.pop(names.index(row))\n",
		"def f(names, rows):\n"
		"    for row in rows:\n"
		"        try:\n"
		"            yield names.index(row)\n"
		"        except ValueError:\n"
		"            pass\n",
		"def f(names, x):\n"
		"    return names.index(x)\n",
		NULL,
	},
};
