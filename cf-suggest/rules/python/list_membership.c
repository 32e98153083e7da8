/* SPDX-License-Identifier: Apache-2.0 */
/* `x in items` over a list, again and again. Lists that grow in the loop are growing_list's. */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
#include "lib/mem.h"

#define FEW 4  /* fewer elements than this are found as fast in a tuple */
#define MANY 8 /* from here on a set pays without a loop in sight */

static bool all_constant(const struct rule_ctx *c, int display)
{
	const struct tree *t = c->tree;
	for (int i = tree_first(t, display); i; i = tree_next(t, i))
		if (!py_hashable(c, i) || tree_is(t, i, "call"))
			return false;
	return true;
}

/* `x in [1, 2, 3, 4]`, `x in list(d)`, `x in d.keys()`: the operand alone is rewritten. */
static bool operand(struct rule_ctx *c, int list)
{
	const struct tree *t = c->tree;
	struct match m = {0};

	if (tree_is_any(t, list, "list tuple") && all_constant(c, list) &&
		tree_count(t, list) >= (py_loop(c, list) ? FEW : MANY)) {
		rule_begin(c, list);
		cf_autofree char *text = tree_text(t, list);
		text[strlen(text) - 1] = '\0';
		rule_replace(c, list, NULL, "{%s}", text + 1);
		rule_end(c, "A constant set is looked up by hash; a list or tuple is compared element by "
			    "element.");
		return true;
	}
	int which = MATCH(t, list, &m, "list($A)", "tuple($A)", "set($A)", "frozenset($A)", "$A.keys()");
	if (!which || !tree_is_any(t, got(&m, 'A'), "identifier attribute call"))
		return false;
	int inner = got(&m, 'A');
	if (tree_is(t, inner, "call") && !MATCH(t, inner, &m, "$_.keys()", "$_.values()"))
		return false;
	if (py_type_of(c, inner) == PY_STR || py_type_of(c, inner) == PY_OTHER)
		return false;
	rule_begin(c, list);
	rule_replace(c, list, &m, "$(A)");
	rule_end(c, "Membership is asked of the container itself; no copy or view is made for each test.");
	return true;
}

/* The module's assignment of a constant list that nothing in the file changes, or 0. */
static int constant_list(const struct rule_ctx *c, const char *name)
{
	const struct tree *t = c->tree;
	int found = 0;

	for (int n = py_next_use(c, 0, name, 1); n; n = py_next_use(c, 0, name, n + 1)) {
		int up = tree_parent(t, n);
		if (py_role(c, n) != PY_READ) {
			if (found || !tree_is(t, up, "assignment") || tree_parent(t, tree_parent(t, up)) != 0)
				return 0;
			int value = tree_field(t, up, "right");
			if (!tree_is_any(t, value, "list tuple") || !all_constant(c, value) ||
				tree_count(t, value) < FEW)
				return 0;
			found = tree_parent(t, up);
			continue;
		}
		enum py_use use = py_use(c, n);
		if (use == PY_USE_STORE || (use == PY_USE_METHOD &&
			!tree_text_is(t, py_method(c, n), "index") && !tree_text_is(t, py_method(c, n), "count")))
			return 0;
	}
	return found;
}

static bool is_test_of(const struct rule_ctx *c, int n, int list)
{
	return n != list && tree_is_any(c->tree, n, "identifier attribute") &&
	       tree_equal(c->tree, n, list) && py_use(c, n) == PY_USE_MEMBER;
}

static bool constant(struct rule_ctx *c, int list)
{
	cf_autofree char *name = py_name(c, list);
	int at = name && !py_is_local(c, name) ? constant_list(c, name) : 0;
	if (!at)
		return false;

	const char *set = strcspn(name, "abcdefghijklmnopqrstuvwxyz") == strlen(name)
				  ? rule_fresh_name(c, "%s_SET", name)
				  : rule_fresh_name(c, "%s_set", name);
	rule_begin(c, list);
	rule_insert_after(c, at, NULL, "%s = frozenset(%s)", set, name);
	PY_NODES (c, n)
		if (n == list || is_test_of(c, n, list))
			rule_replace(c, n, NULL, "%s", set);
	rule_end(c, "`%s` never changes, so one frozenset answers each test by hash instead of a scan.",
		name);
	return true;
}

/* People say in a name when it answers by hash already. */
static bool named_hashed(const char *name)
{
	static const char *const words[] = {
		"dict", "map", "set", "lookup", "index", "_by_", "table", "cache", "memo", "range"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

/* Looked up by what was asked for, or by a word: it is a dict. */
static bool is_mapping(const struct rule_ctx *c, int list, int item)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		int key = tree_is(t, n, "subscript") ? tree_field(t, n, "subscript") : 0;
		if (key && tree_equal(t, tree_field(t, n, "value"), list) &&
			(tree_is(t, key, "string") || tree_equal(t, key, item)))
			return true;
	}
	return false;
}

/* self.x, which the class takes from a parameter. */
static bool is_given(const struct rule_ctx *c, int path)
{
	const struct tree *t = c->tree;
	int class = tree_up(t, c->function, "class_definition");
	bool given = false;
	for (int n = class; class && n < t->v[class].after; n++) {
		int up = tree_parent(t, n);
		if (!tree_is(t, n, "attribute") || !tree_is(t, up, "assignment") ||
			tree_field(t, up, "left") != n || !tree_equal(t, n, path))
			continue;
		int def = tree_up(t, n, "function_definition");
		cf_autofree char *value = py_name(c, tree_field(t, up, "right"));
		if (!value || !py_bindings(c, tree_field(t, def, "parameters"), value))
			return false;
		given = true;
	}
	return given;
}

/* A list that the loop does not change: a set of it, made once before the loop. */
static void unchanged(struct rule_ctx *c, int list, int item)
{
	const struct tree *t = c->tree;
	int loop = py_loop(c, list), lambda = tree_up(t, list, "lambda");

	/* filter(lambda x: x in items, …) loops as well. */
	if (!loop && lambda && py_own(c, lambda) && tree_is(t, tree_parent(t, lambda), "argument_list")) {
		loop = tree_parent(t, tree_parent(t, lambda));
		if (!py_is_builtin_node(c, tree_field(t, loop, "function"), "filter map"))
			loop = 0;
	}
	if (!loop || !py_is_path(c, list) || py_changes(c, list, loop) || is_mapping(c, list, item))
		return;
	enum py_type type = py_type_of(c, list), element = py_element_type(c, list);
	cf_autofree char *name = py_name(c, list);
	if (element == PY_LIST || element == PY_DICT || element == PY_SET)
		return;
	/* What the caller gave: a list, as far as its name does not say otherwise. */
	bool given = name ? py_is_parameter(c, name) && !py_bindings(c, c->body, name)
			  : is_given(c, list);
	cf_autofree char *last =
		tree_text(c->tree, name ? list : tree_field(c->tree, list, "attribute"));
	if (type != PY_LIST && type != PY_TUPLE &&
		!(type == PY_UNKNOWN && given && !named_hashed(last) && !py_named_as_string(c, list)))
		return;
	int assigned = name ? py_assigned_before(c, name, loop) : 0;
	int value = assigned ? tree_field(t, tree_first(t, assigned), "right") : 0;
	if (tree_is_any(t, value, "list tuple") && tree_count(t, value) < FEW &&
		py_uses(c, c->body, name) == 2)
		return;

	for (int up; (up = py_loop(c, py_statement(c, loop))) && !py_changes(c, list, up);)
		loop = up;

	cf_autofree char *base = py_base_name(c, list, "items");
	const char *set = rule_fresh_name(c, "%s_set", base);
	rule_begin(c, loop);
	rule_insert_before(c, py_statement(c, loop), NULL,
		local_may_be_none(c, list, loop) ? "%s = set(%n or ())" : "%s = set(%n)", set, list);
	for (int n = loop; n < t->v[loop].after; n++)
		if (n == list || is_test_of(c, n, list))
			rule_replace(c, n, NULL, "%s", set);
	cf_autofree char *text = tree_text(t, list);
	rule_end(c, "Each membership test walks the list `%s`; a set of it, made once before the loop, "
		    "answers by hash.", text);
}

static bool is_invariant(const struct rule_ctx *c, int loop, const void *arg)
{
	return py_invariant(c, *(const int *)arg, loop);
}

/* `x in [y.id for y in ys]`, made anew for each x: a set made once before the loop. */
static bool made_each_time(struct rule_ctx *c, int list)
{
	const struct tree *t = c->tree;
	int body = tree_field(t, list, "body"), clause = body ? tree_next(t, body) : 0;
	int loop = tree_is(t, list, "list_comprehension") && !py_unhashable(c, body)
			   ? py_outermost_loop(c, list, is_invariant, &list)
			   : 0;
	if (!loop || !py_own(c, py_statement(c, loop)))
		return false;
	cf_autofree char *base = py_base_name(c, tree_field(t, clause, "right"), "items");
	cf_autofree char *text = tree_text(t, list);
	text[strlen(text) - 1] = '\0';
	rule_begin(c, loop);
	const char *set = rule_fresh_name(c, "%s_set", base);
	rule_insert_before(c, py_statement(c, loop), NULL, "%s = {%s}", set, text + 1);
	rule_replace(c, list, NULL, "%s", set);
	rule_end(c, "The list was built and searched on each pass; a set of the same, made once before the "
		    "loop, answers by hash.");
	return true;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		struct match m = {0};
		if (!tree_is(t, n, "comparison_operator") || !MATCH(t, n, &m, "$X in $L", "$X not in $L"))
			continue;
		int list = got(&m, 'L');
		if (py_unhashable(c, got(&m, 'X')))
			continue;
		/* Every test of one list in one loop goes into the first one's proposal. */
		bool seen = false;
		for (size_t i = 0; i < c->n && !seen; i++)
			for (size_t e = 0; e < c->proposals[i].n && !seen; e++)
				seen = c->proposals[i].rule == c->rule &&
				       c->proposals[i].edits[e].start == t->v[list].start;
		if (!seen && !operand(c, list) && !constant(c, list) && !made_each_time(c, list) &&
			(py_own(c, n) || py_own(c, tree_up(t, n, "lambda"))))
			unchanged(c, list, got(&m, 'X'));
	}
}

const struct rule rule_list_membership = {
	.name = "list-membership",
	.summary = "membership tests against a list in a loop ask a set instead",
	.why = "`x in items` compares x with the elements of a list one after another, so a loop of such "
	       "tests costs the product of both lengths. A set finds x by its hash in constant time.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(wanted: list, rows):\n"
		 "    # keep what was asked for\n"
		 "    out = []\n"
		 "    for row in rows:\n"
		 "        if row['id'] in wanted:\n"
		 "            out.append(row)\n"
		 "    return out\n",
		 "def f(wanted: list, rows):\n"
		 "    # keep what was asked for\n"
		 "    out = []\n"
		 "    wanted_set = set(wanted)\n"
		 "    for row in rows:\n"
		 "        if row['id'] in wanted_set:\n"
		 "            out.append(row)\n"
		 "    return out\n",
		 "f([1, 2], [{'id': 2}, {'id': 3}])\n"
		 "f([], [])"},
		{"def f(a, b):\n"
		 "  return [x for x in a if x not in b]\n",
		 "def f(a, b):\n"
		 "  b_set = set(b)\n"
		 "  return [x for x in a if x not in b_set]\n",
		 "f([1, 2, 3], [2])"},
		{"def f(a, b):\n"
		 "    return list(filter(lambda x: x in b, a))\n",
		 "def f(a, b):\n"
		 "    b_set = set(b)\n"
		 "    return list(filter(lambda x: x in b_set, a))\n",
		 "f([1, 2, 3], [2])"},
		{"class C:\n"
		 "    def __init__(self):\n"
		 "        self.stop = ['a', 'b']\n"
		 "\n"
		 "    def f(self, words):\n"
		 "        while words:\n"
		 "            for w in words.pop():\n"
		 "                if not (w in self.stop) and w:\n"
		 "                    return w\n",
		 "class C:\n"
		 "    def __init__(self):\n"
		 "        self.stop = ['a', 'b']\n"
		 "\n"
		 "    def f(self, words):\n"
		 "        stop_set = set(self.stop)\n"
		 "        while words:\n"
		 "            for w in words.pop():\n"
		 "                if not (w in stop_set) and w:\n"
		 "                    return w\n",
		 "C().f([['a', 'x'], ['b']])\n"
		 "C().f([])"},
		{"SKIP = ['a', 'an', 'the', 'of']\n"
		 "\n"
		 "def f(word):\n"
		 "    return word in SKIP\n",
		 "SKIP = ['a', 'an', 'the', 'of']\n"
		 "SKIP_SET = frozenset(SKIP)\n"
		 "\n"
		 "def f(word):\n"
		 "    return word in SKIP_SET\n",
		 "f('an')\n"
		 "f('x')"},
		{"def f(words, d):\n"
		 "    for word in words:\n"
		 "        if word in ('a', 'b', 'c', 'd') or word in d.keys():\n"
		 "            return word\n",
		 "def f(words, d):\n"
		 "    for word in words:\n"
		 "        if word in {'a', 'b', 'c', 'd'} or word in d:\n"
		 "            return word\n",
		 "f('xb', {})\n"
		 "f('z', {'z': 1})\n"
		 "f('y', {'z': 1})"},
		{"def f(a, b=None, c=None):\n"
		 "    if c is None:\n"
		 "        c = []\n"
		 "    return [x for x in a if b is None or x in b or x in c]\n",
		 "def f(a, b=None, c=None):\n"
		 "    if c is None:\n"
		 "        c = []\n"
		 "    b_set = set(b or ())\n"
		 "    c_set = set(c)\n"
		 "    return [x for x in a if b is None or x in b_set or x in c_set]\n",
		 "f([1, 2])\n"
		 "f([1, 2], [2])"},
		{"def f(a, b):\n"
		 "    return [x for x in a if x['id'] not in [y['id'] for y in b if y]]\n",
		 "def f(a, b):\n"
		 "    b_set = {y['id'] for y in b if y}\n"
		 "    return [x for x in a if x['id'] not in b_set]\n",
		 "f([{'id': 1}, {'id': 2}], [{'id': 2}, {}])\n"
		 "f([], [])"},
		{0},
	},
	.near_misses = (const char *const[]){
		"def f(a, b):\n"
		"    return [x for x in a if x in [y + x for y in b] or x in [[y] for y in b]]\n",
		"def f(a, b):\n"
		"    other = b\n"
		"    for x in a:\n"
		"        other.append(x + 1)\n"
		"        if x in b:\n"
		"            return x\n",
		/* Changed in the loop; not a list; tested once; not the same list each time. */
		"def f(todo: list):\n"
		"    for x in range(9):\n"
		"        if x in todo:\n"
		"            todo.remove(x)\n",
		"def f(text: str, d={}):\n"
		"    for x in 'abc':\n"
		"        if x in text or x in d:\n"
		"            return x\n",
		"def f(x, items, by_id_map):\n"
		"    if [y for y in x if y in by_id_map]:\n"
		"        return x in items or x in ('a', 'b', 'c', 'd')\n",
		"def f(items, x):\n"
		"    for item in (y for y in range(3) if x in items.get(y)):\n"
		"        pass\n",
		NULL,
	},
};
