/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that are copied element by element, or copied for nothing. */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
#include "lib/mem.h"

/* A display of nothing but numbers, strings and tuples of such. */
static bool is_flat(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	if (!tree_is_any(t, n, "list dictionary set"))
		return false;
	for (int i = tree_first(t, n); i; i = tree_next(t, i)) {
		bool pair = tree_is(t, i, "pair");
		int value = pair ? tree_field(t, i, "value") : i;
		if (tree_is_any(t, value, "call") || !py_hashable(c, value) ||
			(pair && !py_hashable(c, tree_field(t, i, "key"))))
			return false;
	}
	return tree_count(t, n) > 0;
}

/* The module's name for a flat container into which nothing in the file puts anything. */
static bool is_flat_constant(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	cf_autofree char *name = py_name(c, n);
	bool found = false;

	if (!name || py_is_local(c, name))
		return false;
	for (int i = py_next_use(c, 0, name, 1); i; i = py_next_use(c, 0, name, i + 1)) {
		int up = tree_parent(t, i);
		if (py_role(c, i) == PY_READ) {
			enum py_use use = py_use(c, i);
			if (use == PY_USE_STORE || use == PY_USE_OTHER || use == PY_USE_RETURN ||
				(use == PY_USE_METHOD && !tree_text_is(t, py_method(c, i), "get") &&
					!tree_text_is(t, py_method(c, i), "items") &&
					!tree_text_is(t, py_method(c, i), "keys") &&
					!tree_text_is(t, py_method(c, i), "values") &&
					!tree_text_is(t, py_method(c, i), "copy") &&
					!tree_text_is(t, py_method(c, i), "index")))
				return false;
			continue;
		}
		if (found || !tree_is(t, up, "assignment") || tree_parent(t, tree_parent(t, up)) ||
			!is_flat(c, tree_field(t, up, "right")))
			return false;
		found = true;
	}
	return found;
}

static bool deep_copy(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	struct match m = {0};

	if (!MATCH(t, n, &m, "copy.deepcopy($A)", "deepcopy($A)"))
		return false;
	bool display = is_flat(c, got(&m, 'A'));
	if (!display && !is_flat_constant(c, got(&m, 'A')))
		return false;
	rule_begin(c, n);
	rule_replace(c, n, &m, display ? "$A" : "$A.copy()");
	rule_end(c, "It holds only values that never change, so a shallow copy is as deep as any.");
	return true;
}

/* [x for x in xs] */
static bool identity(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	const char *made = NULL;

	if (MATCH(t, n, &m, "[$X for $X in $A]"))
		made = "list";
	else if (MATCH(t, n, &m, "{$X for $X in $A}"))
		made = "set";
	else if (MATCH(t, n, &m, "{$K: $V for $K, $V in $A.items()}") &&
		 tree_is(t, got(&m, 'K'), "identifier") && tree_is(t, got(&m, 'V'), "identifier") &&
		 !tree_equal(t, got(&m, 'K'), got(&m, 'V')))
		made = "dict";
	if (!made || (got(&m, 'X') && !tree_is(t, got(&m, 'X'), "identifier")) ||
		!py_is_builtin(c, made))
		return false;
	for (int i = n; i < t->v[n].after; i++)
		if (tree_is(t, i, "async"))
			return false;
	/* Of items() only what is known to be a dict: dict() would ask another thing for keys(). */
	if (!strcmp(made, "dict") && py_type_of(c, got(&m, 'A')) != PY_DICT)
		return false;
	rule_begin(c, n);
	rule_replace(c, n, &m,
		tree_is(t, got(&m, 'A'), "conditional_expression") ? "%s(($A))" : "%s($A)", made);
	rule_end(c,
		"%s() copies in C; the comprehension runs bytecode for each item and changes none.",
		made);
	return true;
}

/* list(f(x) for x in xs) */
static bool generator(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int f = tree_field(t, n, "function"), args = tree_field(t, n, "arguments");
	int element = tree_first(t, args);
	bool list = py_is_builtin_node(c, f, "list"), set = py_is_builtin_node(c, f, "set");
	bool dict = py_is_builtin_node(c, f, "dict") && tree_is(t, element, "tuple") &&
		    tree_count(t, element) == 2;

	if (!tree_is(t, args, "generator_expression") || (!list && !set && !dict))
		return false;
	for (int i = args; i < t->v[args].after; i++)
		if (tree_is_any(t, i, "async await list_splat"))
			return false;
	/* The brackets change, the layout between them stays. */
	uint32_t open = t->v[args].start + 1;
	cf_autofree char *lead = cf_strndup(t->text + open, t->v[element].start - open);
	cf_autofree char *rest =
		cf_strndup(t->text + t->v[element].end, t->v[args].end - 1 - t->v[element].end);
	rule_begin(c, n);
	if (tree_has_comment(t, t->v[args].start, t->v[args].end))
		rule_fail(c);
	if (dict)
		rule_replace(c, n, NULL, "{%s%n: %n%s}", lead, tree_first(t, element),
			tree_next(t, tree_first(t, element)), rest);
	else
		rule_replace(c, n, NULL, list ? "[%s%n%s]" : "{%s%n%s}", lead, element, rest);
	rule_end(c, "A comprehension fills the container directly, without a generator to resume "
		    "for each "
		    "item.");
	return true;
}

/* len([x for x in xs if …]) > 0, or the list as a condition, asks only whether there is one. */
static bool emptiness(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	bool test = tree_is(t, n, "list_comprehension");
	int none = 0;

	if (test && (py_use(c, n) != PY_USE_TEST || !MATCH(t, n, &m, "[$X for $T in $A if $C]") ||
			    tree_is(t, tree_parent(t, n), "comparison_operator")))
		return false;
	if (!test) {
		none = MATCH(t, n, &m, "len([$X for $T in $A if $C]) == 0",
			"len([$X for $T in $A if $C]) < 1", "[$X for $T in $A if $C] == []");
		if (!none && !MATCH(t, n, &m, "len([$X for $T in $A if $C]) > 0",
				     "len([$X for $T in $A if $C]) != 0",
				     "len([$X for $T in $A if $C]) >= 1", "[$X for $T in $A if $C] != []"))
			return false;
	}
	if (!py_is_builtin(c, "len") || !py_is_builtin(c, "any") || !py_pure(c, got(&m, 'C')) ||
		!tree_is(t, got(&m, 'X'), "identifier"))
		return false;
	rule_begin(c, n);
	rule_replace(c, n, &m, none ? "not any($C for $T in $A)" : "any($C for $T in $A)");
	rule_end(c, "any() stops at the first that meets the condition; the list was made to the end to "
		    "be counted.");
	return true;
}

/* found = [x for x in xs if …], of which only `if found:` or its length is asked, and once. */
static bool named_emptiness(struct rule_ctx *c, int statement)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int value = local_value(c, statement), next = tree_next(t, statement);

	if (!MATCH(t, value, &m, "[$X for $T in $A if $C]") || !tree_is(t, next, "if_statement") ||
		!tree_is(t, got(&m, 'X'), "identifier") || !py_pure(c, got(&m, 'C')) ||
		!py_pure(c, got(&m, 'A')) || !py_is_builtin(c, "any"))
		return false;
	bind(&m, 'N', tree_field(t, tree_first(t, statement), "left"));
	cf_autofree char *name = py_name(c, got(&m, 'N'));
	int condition = tree_field(t, next, "condition");
	int some = MATCH(t, condition, &m, "$N", "len($N) > 0", "len($N) != 0", "len($N) >= 1", "$N != []");
	int none = some ? 0 : MATCH(t, condition, &m, "not $N", "len($N) == 0", "len($N) < 1", "$N == []");
	if (!name || (!some && !none) || !py_is_local(c, name) || py_uses(c, c->function, name) != 2)
		return false;
	rule_begin(c, statement);
	rule_delete(c, statement);
	rule_replace(c, condition, &m, none ? "not any($C for $T in $A)" : "any($C for $T in $A)");
	rule_end(c, "any() stops at the first that meets the condition; the list was made to the end to "
		    "be counted.");
	return true;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES(c, n)
	{
		if (tree_is(t, n, "call"))
			(void)(deep_copy(c, n) || generator(c, n));
		else if (tree_is_any(t, n,
				 "list_comprehension set_comprehension dictionary_comprehension"))
			(void)(emptiness(c, n) || identity(c, n));
		else if (tree_is(t, n, "expression_statement"))
			named_emptiness(c, n);
		else if (tree_is(t, n, "comparison_operator"))
			emptiness(c, n);
	}
}

const struct rule rule_needless_copy = {
	.name = "needless-copy",
	.summary = "deep copies of flat constants, element-wise copies, lists built to be counted",
	.why = "copy.deepcopy walks a container in Python where .copy() is one call in C; [x for x in xs] is "
	       "list(xs) in bytecode; list(generator) resumes a generator for each item; a list made only "
	       "to see whether it is empty is made to the end.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"import copy\n"
		 "\n"
		 "DEFAULTS = {'a': 1, 'b': (2, 'x')}\n"
		 "\n"
		 "def f(rows):\n"
		 "    out = []\n"
		 "    for row in rows:\n"
		 "        conf = copy.deepcopy(DEFAULTS)\n"
		 "        conf.update(row)\n"
		 "        out.append([v for v in conf])\n"
		 "    return list(len(o) for o in out), {k: v for k, v in conf.items()}\n",
		 "import copy\n"
		 "\n"
		 "DEFAULTS = {'a': 1, 'b': (2, 'x')}\n"
		 "\n"
		 "def f(rows):\n"
		 "    out = []\n"
		 "    for row in rows:\n"
		 "        conf = DEFAULTS.copy()\n"
		 "        conf.update(row)\n"
		 "        out.append(list(conf))\n"
		 "    return [len(o) for o in out], dict(conf)\n",
		 "f([{'c': 3}, {}])"},
		{"def f(xs):\n"
		 "    if len([x for x in xs if x > 2]) > 0:\n"
		 "        return dict((x, str(x)) for x in xs)\n"
		 "    return len([x for x in xs if x > 1]) == 0\n",
		 "def f(xs):\n"
		 "    if any(x > 2 for x in xs):\n"
		 "        return {x: str(x) for x in xs}\n"
		 "    return not any(x > 1 for x in xs)\n",
		 "f([1, 2, 3])\n"
		 "f([1, 2])\n"
		 "f([])"},
		{"def f(xs):\n"
		 "    big = [x for x in xs if x > 2]\n"
		 "    if len(big) > 0:\n"
		 "        return 1\n"
		 "    if not [x for x in xs if x == 1]:\n"
		 "        return 2\n"
		 "    return [x for x in xs if x == 2] != []\n",
		 "def f(xs):\n"
		 "    if any(x > 2 for x in xs):\n"
		 "        return 1\n"
		 "    if not any(x == 1 for x in xs):\n"
		 "        return 2\n"
		 "    return any(x == 2 for x in xs)\n",
		 "f([1, 2, 3])\n"
		 "f([1, 2])\n"
		 "f([])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* Nested, so that the depth matters; changed by the file; a condition; effects; not a dict. */
		"import copy\n"
		"NESTED = {'a': [1]}\n"
		"GROWN = [1]\n"
		"GROWN.append([])\n"
		"def f():\n"
		"    return copy.deepcopy(NESTED), copy.deepcopy(GROWN)\n",
		"def f(xs, check):\n"
		"    return [x for x in xs if x], [y for x in xs], len([x for x in xs if check(x)]) > 0\n",
		"def f(rows):\n"
		"    return {k: v for v, k in rows.items()}, [(k, v) for k, v in rows]\n",
		NULL,
	},
};
