/* SPDX-License-Identifier: Apache-2.0 */
/* Membership tests against a list that the loop itself grows: visited, seen, done. */
#include "cf-suggest/rules/python/py.h"

#include "lib/mem.h"

/* Statements that add to $L, and what to say to a set instead. */
static int addition(const struct tree *t, int n, struct match *m)
{
	if (!tree_is(t, n, "expression_statement"))
		return 0;
	return MATCH(t, n, m, "$L.append($E)", "$L += [$E]", "$L.insert($_, $E)", "$L = $L + [$E]",
		"$L.extend($E)");
}
#define ADDS_MANY 5
#define REBINDS 4

static bool is_list(const struct tree *t, int n, int list)
{
	return tree_is_any(t, n, "identifier attribute") && tree_equal(t, n, list);
}

static bool is_test(const struct rule_ctx *c, int n, int list)
{
	return is_list(c->tree, n, list) && py_use(c, n) == PY_USE_MEMBER;
}

/* In the loop the list is only added to and asked; what is read otherwise does not matter. */
static bool only_grows(const struct rule_ctx *c, int loop, const void *arg)
{
	const struct tree *t = c->tree;
	int list = *(const int *)arg, added = 0;
	int base = list;

	while (tree_is(t, base, "attribute"))
		base = tree_field(t, base, "object");
	cf_autofree char *name = tree_text(t, base);
	PY_EACH_USE (c, loop, name, use) {
		int n = use;
		while (!tree_equal(t, n, list) && tree_is(t, tree_parent(t, n), "attribute"))
			n = tree_parent(t, n);
		if (!tree_equal(t, n, list)) {
			/* self.other() may change self.seen. */
			enum py_use how = py_use(c, use);
			if (how == PY_USE_BIND || how == PY_USE_METHOD || how == PY_USE_ARG)
				return false;
			continue;
		}
		struct match m = {0};
		bind(&m, 'L', list);
		int statement = py_statement(c, n), kind = addition(t, statement, &m);
		if (kind && !tree_inside(t, n, got(&m, 'E'))) {
			if (kind != ADDS_MANY && py_unhashable(c, got(&m, 'E')))
				return false;
			if (kind == REBINDS && !tree_is(t, list, "identifier"))
				return false;
			added++;
			continue;
		}
		switch (py_use(c, n)) {
		case PY_USE_MEMBER:
		case PY_USE_TEST:
		case PY_USE_INDEX:
		case PY_USE_ITER:
		case PY_USE_RETURN:
			break;
		case PY_USE_ARG:
			if (!py_is_builtin_node(c, py_callee(c, n), "len print sorted list tuple set sum max min"))
				return false;
			break;
		default:
			return false;
		}
	}
	return added > 0;
}

/* Cheap and safe to write twice. */
static bool is_simple(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	if (tree_is_any(t, n, "tuple subscript")) {
		for (int i = tree_first(t, n); i; i = tree_next(t, i))
			if (!is_simple(c, i))
				return false;
		return true;
	}
	return py_is_path(c, n) || tree_is_any(t, n, "string integer float none true false");
}

/* Every use of a local name is a test or an append, so the list may as well be a set. */
static bool is_only_asked(const struct rule_ctx *c, const char *name, int list, int init)
{
	const struct tree *t = c->tree;
	if (!init || py_is_parameter(c, name) || !py_is_local(c, name))
		return false;
	PY_EACH_USE (c, c->function, name, n) {
		struct match m = {0};
		bind(&m, 'L', list);
		if (py_statement(c, n) == init || is_test(c, n, list))
			continue;
		if (MATCH(t, py_statement(c, n), &m, "$L.append($E)") && !tree_inside(t, n, got(&m, 'E')))
			continue;
		return false;
	}
	return true;
}

static void as_set(struct rule_ctx *c, const char *name, int list, int init)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int assignment = tree_first(t, init), type = tree_field(t, assignment, "type");

	if (!MATCH(t, init, &m, "$L = []", "$L = list()", "$L = [$E]"))
		return;
	rule_begin(c, list);
	if (got(&m, 'E'))
		rule_replace(c, tree_field(t, assignment, "right"), &m, "{$E}");
	else
		rule_replace(c, tree_field(t, assignment, "right"), NULL, "set()");
	for (int n = type; type && n < t->v[type].after; n++)
		if (tree_text_is(t, n, "list") && tree_is(t, n, "identifier"))
			rule_replace(c, n, NULL, "set");
		else if (tree_text_is(t, n, "List") && tree_is(t, n, "identifier"))
			rule_fail(c);
	PY_EACH_USE (c, c->body, name, n)
		if (py_use(c, n) == PY_USE_METHOD)
			rule_replace(c, py_method(c, n), NULL, "add");
	rule_end(c, "`%s` is only added to and asked for members: a set answers by hash.", name);
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	int done_loop = 0, done_list = 0;

	PY_NODES (c, n) {
		struct match m = {0};
		if (!tree_is(t, n, "comparison_operator") || !py_own(c, n) ||
			!MATCH(t, n, &m, "$X in $L", "$X not in $L") || !py_is_path(c, got(&m, 'L')) ||
			py_unhashable(c, got(&m, 'X')))
			continue;
		int list = got(&m, 'L');
		int loop = py_outermost_loop(c, list, only_grows, &list);
		if (!loop || !tree_is_any(t, loop, PY_LOOPS))
			continue;
		if (done_loop && tree_inside(t, n, done_loop) && tree_equal(t, list, done_list))
			continue;
		done_loop = loop;
		done_list = list;
		enum py_type type = py_type_of(c, list);
		if (type != PY_LIST && type != PY_UNKNOWN)
			continue;

		cf_autofree char *name = py_name(c, list), *base = py_base_name(c, list, "items");
		int init = name ? py_assigned_before(c, name, loop) : 0;
		if (name && is_only_asked(c, name, list, init)) {
			as_set(c, name, list, init);
			continue;
		}

		/* A set beside the list, kept in step with it. */
		struct match empty = {0};
		bool is_new = init && MATCH(t, init, &empty, "$L = []", "$L = list()") &&
		              tree_next(t, init) == py_statement(c, loop);
		const char *set = rule_fresh_name(c, "%s_set", base);
		rule_begin(c, loop);
		if (is_new)
			rule_insert_before(c, loop, NULL, "%s = set()", set);
		else
			rule_insert_before(c, loop, NULL, "%s = set(%n)", set, list);
		for (int i = loop; i < t->v[loop].after; i++) {
			struct match a = {0};
			bind(&a, 'L', list);
			int kind = addition(t, i, &a);
			if (is_test(c, i, list)) {
				rule_replace(c, i, NULL, "%s", set);
			} else if (kind == ADDS_MANY) {
				if (!is_simple(c, got(&a, 'E')))
					rule_fail(c); /* an iterator would be used up */
				rule_insert_after(c, i, &a, "%s.update($E)", set);
			} else if (kind && is_simple(c, got(&a, 'E'))) {
				rule_insert_after(c, i, &a, "%s.add($E)", set);
			} else if (kind) {
				const char *value = rule_fresh_name(c, "%s_item", base);
				rule_insert_before(c, i, &a, "%s = $E", value);
				rule_replace(c, got(&a, 'E'), NULL, "%s", value);
				rule_insert_after(c, i, NULL, "%s.add(%s)", set, value);
			}
		}
		cf_autofree char *text = tree_text(t, list);
		rule_end(c, "Each test walks all of `%s`; a set kept beside it answers by hash.", text);
	}
}

const struct rule rule_growing_list = {
	.name = "growing-list",
	.summary = "membership tests against a list that grows in the loop ask a set",
	.why = "Asking a list of what was visited costs its length each time, and it grows as the loop "
	       "goes on: the square in all. A set, instead of the list or beside it where its order is "
	       "needed, finds an element by hash.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(graph, start):\n"
		 "    visited = []\n"
		 "    todo = [start]\n"
		 "    order = 0\n"
		 "    while todo:\n"
		 "        node = todo.pop()\n"
		 "        if node in visited:\n"
		 "            continue\n"
		 "        visited.append(node)\n"
		 "        order = order * 7 + node\n"
		 "        for other in graph[node]:\n"
		 "            if not (other in visited):\n"
		 "                todo.append(other)\n"
		 "    return order\n",
		 "def f(graph, start):\n"
		 "    visited = set()\n"
		 "    todo = [start]\n"
		 "    order = 0\n"
		 "    while todo:\n"
		 "        node = todo.pop()\n"
		 "        if node in visited:\n"
		 "            continue\n"
		 "        visited.add(node)\n"
		 "        order = order * 7 + node\n"
		 "        for other in graph[node]:\n"
		 "            if not (other in visited):\n"
		 "                todo.append(other)\n"
		 "    return order\n",
		 "f({0: [1, 2], 1: [0, 3], 2: [3], 3: []}, 0)"},
		{"def f(rows):\n"
		 "    names = []\n"
		 "    for row in rows:\n"
		 "        name = row.strip()\n"
		 "        if name and name not in names:\n"
		 "            names.append(name)  # new\n"
		 "        if len(names) > 99:\n"
		 "            break\n"
		 "    return names\n",
		 "def f(rows):\n"
		 "    names = []\n"
		 "    names_set = set()\n"
		 "    for row in rows:\n"
		 "        name = row.strip()\n"
		 "        if name and name not in names_set:\n"
		 "            names.append(name)  # new\n"
		 "            names_set.add(name)\n"
		 "        if len(names) > 99:\n"
		 "            break\n"
		 "    return names\n",
		 "f(['a', 'b ', ' a', ''])"},
		{"class C:\n"
		 "    def __init__(self):\n"
		 "        self.ids = []\n"
		 "\n"
		 "    def f(self, rows):\n"
		 "        for row in rows:\n"
		 "            if int(row) not in self.ids:\n"
		 "                self.ids.append(int(row))\n"
		 "        return self.ids\n",
		 "class C:\n"
		 "    def __init__(self):\n"
		 "        self.ids = []\n"
		 "\n"
		 "    def f(self, rows):\n"
		 "        ids_set = set(self.ids)\n"
		 "        for row in rows:\n"
		 "            if int(row) not in ids_set:\n"
		 "                ids_item = int(row)\n"
		 "                self.ids.append(ids_item)\n"
		 "                ids_set.add(ids_item)\n"
		 "        return self.ids\n",
		 "C().f(['1', '2', '1'])"},
		{"def f(items):\n"
		 "    out = []\n"
		 "    while items:\n"
		 "        x = items.pop()\n"
		 "        if x not in out: out.append(x)\n"
		 "    return out\n",
		 "def f(items):\n"
		 "    out = []\n"
		 "    out_set = set()\n"
		 "    while items:\n"
		 "        x = items.pop()\n"
		 "        if x not in out_set: out.append(x); out_set.add(x)\n"
		 "    return out\n",
		 "f([1, 2, 1])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* Something leaves the list; it is a set; others may change it. */
		"def f(a):\n"
		"    seen = []\n"
		"    for x in a:\n"
		"        if x in seen:\n"
		"            seen.remove(x)\n"
		"        seen.append(x)\n",
		"def f(a):\n"
		"    seen = set()\n"
		"    for x in a:\n"
		"        if x not in seen:\n"
		"            seen.add(x)\n",
		"def f(a, g):\n"
		"    seen = []\n"
		"    for x in a:\n"
		"        if x not in seen:\n"
		"            seen.append(x)\n"
		"            g(seen)\n",
		"def f(a):\n"
		"    seen = []\n"
		"    for x in a:\n"
		"        cut = {y for y in x}\n"
		"        if cut not in seen:\n"
		"            seen.append(cut)\n"
		"            print(cut)\n",
		NULL,
	},
};
