/* SPDX-License-Identifier: Apache-2.0 */
/* For each of these, all of those with the same key: a scan in a loop that a dict answers. */
#include "cf-suggest/rules/python/locals.h"

#include <ctype.h>
#include <string.h>
#include "lib/mem.h"

/* An inner pass over `iterable`, kept where `condition` (an `==`, one of all ands) holds. */
struct join {
	int before;           /* the loop whose iterable has to be made first; 0 */
	int target, iterable; /* for target in iterable */
	int inner;            /* the for statement or the comprehension */
	int all;              /* the whole condition that `equal` is a part of */
	int equal;            /* key of target == key of outer */
	int inner_key, outer_key;
};

static bool uses_target(const struct rule_ctx *c, int expression, int target)
{
	const struct tree *t = c->tree;
	for (int n = target; n < t->v[target].after; n++) {
		if (!tree_is(t, n, "identifier"))
			continue;
		cf_autofree char *name = tree_text(t, n);
		if (py_uses(c, expression, name))
			return true;
	}
	return false;
}

/* A name or a flat tuple of names. */
static bool is_plain_target(const struct tree *t, int target)
{
	if (tree_is(t, target, "identifier"))
		return true;
	if (!tree_is_any(t, target, "pattern_list tuple_pattern"))
		return false;
	for (int n = tree_first(t, target); n; n = tree_next(t, n))
		if (!tree_is(t, n, "identifier"))
			return false;
	return true;
}

/* A part of what may be a list, and then no key. */
static bool is_slice(const struct rule_ctx *c, int key)
{
	const struct tree *t = c->tree;
	int of = tree_is(t, key, "subscript") ? tree_field(t, key, "value") : 0;
	enum py_type type = of ? py_type_of(c, of) : PY_UNKNOWN;
	return of && tree_is(t, tree_field(t, key, "subscript"), "slice") && type != PY_STR &&
	       type != PY_TUPLE && !py_named_as_string(c, of);
}

/* Of `x.a == y.b [and …]`, the equation that ties the target to what is outside. */
static bool find_key(const struct rule_ctx *c, struct join *j, const char *operator)
{
	const struct tree *t = c->tree;
	for (int n = j->all; n < t->v[j->all].after; n++) {
		struct match m = {0};
		if (tree_is(t, n, "boolean_operator") && !MATCH(t, n, &m, "$_ and $_"))
			return false;
		if (!tree_is(t, n, "comparison_operator"))
			continue;
		for (int up = n; up != j->all; up = tree_parent(t, up))
			if (!tree_is_any(t, tree_parent(t, up), "boolean_operator parenthesized_expression"))
				goto next;
		if (MATCH(t, n, &m, operator)) {
			int p = got(&m, 'P'), q = got(&m, 'Q');
			bool in_p = uses_target(c, p, j->target), in_q = uses_target(c, q, j->target);
			if (in_p == in_q || !py_pure(c, p) || !py_pure(c, q))
				continue;
			j->equal = n;
			j->inner_key = in_p ? p : q;
			j->outer_key = in_p ? q : p;
			if (py_unhashable(c, p) || py_unhashable(c, q) || is_slice(c, p) ||
				is_slice(c, q))
				return false;
			/* A constant is looked for, not joined with. */
			return !tree_is_any(t, j->outer_key, "string integer float true false none");
		}
next:;
	}
	return false;
}

/* Neither the iterable nor the keys of its elements change in the loop (or a part of one). */
static bool is_steady(const struct rule_ctx *c, int loop, const void *arg)
{
	const struct tree *t = c->tree;
	const struct join *j = arg;

	if (!py_invariant(c, j->iterable, loop))
		return false;
	for (int n = j->inner_key; n < t->v[j->inner_key].after; n++) {
		if (py_role(c, n) != PY_READ)
			continue;
		if (!uses_target(c, n, j->target) && !py_steady(c, n, loop))
			return false;
	}
	for (int n = j->target; n < t->v[j->target].after; n++) {
		if (!tree_is(t, n, "identifier"))
			continue;
		cf_autofree char *name = tree_text(t, n);
		PY_EACH_USE (c, loop, name, use) {
			if (py_stores_key(c, use, j->inner_key))
				return false;
			/* Rebound by anything but its own loop. */
			if (py_use(c, use) == PY_USE_BIND && tree_inside(t, use, j->inner) &&
				!tree_inside(t, use, j->target))
				return false;
		}
	}
	return true;
}

/* The loop before which the index can be made. What a call that the loop goes over does with the
 * iterable, it may do first: then it is made before the index. */
static int place_for(const struct rule_ctx *c, int n, struct join *j)
{
	const struct tree *t = c->tree;
	int loop = py_outermost_loop(c, n, is_steady, j), up = py_loop(c, loop ? loop : n);

	if (loop || !tree_is(t, up, "for_statement") || tree_is(t, up + 1, "async") ||
		!tree_is(t, tree_field(t, up, "right"), "call") ||
		!tree_is(t, tree_field(t, up, "left"), "identifier") ||
		!is_steady(c, tree_field(t, up, "body"), j) || !is_steady(c, tree_field(t, up, "left"), j))
		return loop;
	j->before = up;
	return up;
}

/* customer_id of b.customer_id and b["customer_id"]; else key. Returns new. */
static char *key_word(const struct rule_ctx *c, int key)
{
	const struct tree *t = c->tree;
	int n = 0;
	if (tree_is(t, key, "attribute"))
		n = tree_field(t, key, "attribute");
	else if (tree_is(t, key, "identifier"))
		n = key;
	else if (tree_is(t, key, "subscript") && tree_is(t, tree_field(t, key, "subscript"), "string"))
		n = tree_first(t, tree_field(t, key, "subscript"));
	else if (tree_is(t, key, "call"))
		return py_base_name(c, key, "key");
	while (n && tree_is(t, n, "string_start"))
		n = tree_next(t, n);
	if (!n)
		return cf_strdup("key");
	char *word = tree_text(t, n);
	for (char *p = word; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_') {
			free(word);
			return cf_strdup("key");
		}
	return word;
}

static bool name_taken(const struct rule_ctx *c, const struct join *j, int target)
{
	const struct tree *t = c->tree;
	for (int n = target; n < t->v[target].after; n++) {
		if (!tree_is(t, n, "identifier"))
			continue;
		cf_autofree char *name = tree_text(t, n);
		if (py_uses(c, c->function, name) != py_uses(c, j->inner, name))
			return true;
	}
	return false;
}

/* The whole condition without the equation: "" when nothing is left. Returns new. */
static char *remaining(const struct rule_ctx *c, const struct join *j)
{
	const struct tree *t = c->tree;
	if (j->equal == j->all)
		return cf_strdup("");
	int n = j->equal;
	while (tree_is(t, tree_parent(t, n), "parenthesized_expression") && tree_parent(t, n) >= j->all)
		n = tree_parent(t, n);
	int up = tree_parent(t, n);
	if (n < j->all || !tree_is(t, up, "boolean_operator"))
		return cf_strdup("");
	int other = tree_field(t, up, "left") == n ? tree_field(t, up, "right") : tree_field(t, up, "left");
	return cf_asprintf("%.*s%.*s%.*s", (int)(t->v[up].start - t->v[j->all].start),
		t->text + t->v[j->all].start, (int)(t->v[other].end - t->v[other].start),
		t->text + t->v[other].start, (int)(t->v[j->all].end - t->v[up].end),
		t->text + t->v[up].end);
}

static void explain(struct rule_ctx *c, const struct join *j)
{
	cf_autofree char *key = tree_text(c->tree, j->inner_key);
	rule_end(c, "Every pass of the outer loop went through all elements to find those with the same "
		    "`%s`; a dict made once hands out just these, in their order.", key);
}

/* Puts the index before the loop; the name of what it maps to. */
static const char *insert_index(struct rule_ctx *c, const struct join *j, int loop)
{
	const struct tree *t = c->tree;
	/* Over the indices of a list it is named for the list. */
	struct match of = {0};
	bool indices = MATCH(t, j->iterable, &of, "range(len($L))", "range(0, len($L))");
	cf_autofree char *base = py_base_name(c, indices ? got(&of, 'L') : j->iterable, "items");
	cf_autofree char *word = key_word(c, j->inner_key);
	cf_autofree char *target = tree_text(t, j->target);
	bool tuple = tree_is(t, j->target, "pattern_list");
	const char *index = rule_fresh_name(c, "%s_by_%s", base, word);
	const char *item = target;
	cf_autofree char *key = tree_text(t, j->inner_key);

	if (tree_is_any(t, j->inner, PY_COMPREHENSIONS " lambda") && name_taken(c, j, j->target)) {
		/* A comprehension's names are its own; a loop's would be the function's. */
		if (!tree_is(t, j->target, "identifier")) {
			rule_fail(c);
			return index;
		}
		item = rule_fresh_name(c, "%s_item", base);
		free(key);
		key = py_renamed(c, j->inner_key, target, item);
	}
	if (j->before) {
		int over = tree_field(t, loop, "right");
		cf_autofree char *outer = tree_text(t, tree_field(t, loop, "left"));
		const char *made = local_fresh_name(c, "%ss", outer);
		rule_insert_before(c, loop, NULL, "%s = %n", made, over);
		rule_replace(c, over, NULL, "%s", made);
	}
	rule_insert_before(c, py_statement(c, loop), NULL,
		"%s = {}\n"
		"for %s in %n%s:\n"
		"\t%s.setdefault(%s, []).append(%s%s%s)",
		index, item, j->iterable,
		local_may_be_none(c, j->iterable, loop) ? " or ()" : "", index, key, tuple ? "(" : "", item, tuple ? ")" : "");
	return index;
}

static void for_statement(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	struct join j = {.inner = n, .target = tree_field(t, n, "left"), .iterable = tree_field(t, n, "right")};
	int body = tree_field(t, n, "body"), test = tree_first(t, body);
	bool skips = false;

	if (!tree_is(t, test, "if_statement") || tree_field(t, test, "alternative") ||
		!is_plain_target(t, j.target))
		return;
	j.all = tree_field(t, test, "condition");
	if (tree_count(t, body) == 1) {
		if (!find_key(c, &j, "$P == $Q"))
			return;
	} else {
		/* `if a.k != b.k: continue`, then the rest. */
		skips = true;
		struct match m = {0};
		int only = tree_first(t, tree_field(t, test, "consequence"));
		if (tree_count(t, tree_field(t, test, "consequence")) != 1 ||
			!tree_is(t, only, "continue_statement") ||
			!MATCH(t, j.all, &m, "$P != $Q", "not $P == $Q"))
			return;
		if (tree_is(t, j.all, "not_operator"))
			j.all = tree_field(t, j.all, "argument");
		while (tree_is(t, j.all, "parenthesized_expression"))
			j.all = tree_first(t, j.all);
		if (!find_key(c, &j, MATCH(t, j.all, &m, "$P != $Q") ? "$P != $Q" : "$P == $Q") ||
			j.equal != j.all)
			return;
	}
	for (int i = j.target; i < t->v[j.target].after; i++) {
		cf_autofree char *name = py_name(c, i);
		if (name && py_reads_outside(c, n, name) && name_taken(c, &j, j.target))
			return;
	}
	if (!py_steady(c, j.outer_key, n))
		return;
	int loop = place_for(c, n, &j);
	if (!loop)
		return;

	rule_begin(c, n);
	const char *index = insert_index(c, &j, loop);
	rule_replace(c, j.iterable, NULL, "%s.get(%n, ())", index, j.outer_key);
	cf_autofree char *rest = remaining(c, &j);
	if (skips)
		rule_delete(c, test);
	else if (*rest)
		rule_replace(c, j.all, NULL, "%s", rest);
	else
		rule_replace(c, test, NULL, "%b", tree_field(t, test, "consequence"));
	explain(c, &j);
}

static void comprehension_clause(struct rule_ctx *c, int clause)
{
	const struct tree *t = c->tree;
	struct join j = {.inner = tree_parent(t, clause), .target = tree_field(t, clause, "left"),
		.iterable = tree_field(t, clause, "right")};
	int filter = tree_next(t, clause);

	if (!tree_is(t, filter, "if_clause") || !is_plain_target(t, j.target))
		return;
	j.all = tree_first(t, filter);
	if (!find_key(c, &j, "$P == $Q"))
		return;
	/* For a later clause the comprehension itself is the outer loop. */
	bool first = tree_next(t, tree_first(t, j.inner)) == clause;
	int loop = place_for(c, first ? j.inner : clause, &j);
	if (!loop)
		return;

	rule_begin(c, clause);
	const char *index = insert_index(c, &j, loop);
	cf_autofree char *rest = remaining(c, &j);
	if (*rest) {
		rule_replace(c, j.iterable, NULL, "%s.get(%n, ())", index, j.outer_key);
		rule_replace(c, j.all, NULL, "%s", rest);
	} else if (tree_is(t, j.inner, "list_comprehension") && tree_count(t, j.inner) == 3 &&
		   tree_equal(t, tree_first(t, j.inner), j.target) && py_is_builtin(c, "list")) {
		rule_replace(c, j.inner, NULL, "list(%s.get(%n, ()))", index, j.outer_key);
	} else {
		rule_replace_run(c, clause, filter, NULL, "for %n in %s.get(%n, ())", j.target, index,
			j.outer_key);
	}
	explain(c, &j);
}

/* any(b.k == a.k for b in items): is a.k one of the keys? */
static void any_call(struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	if (!MATCH(t, call, &m, "any($E for $B in $Y)", "any([$E for $B in $Y])") ||
		!py_is_builtin_node(c, tree_field(t, call, "function"), "any"))
		return;
	int argument = tree_up(t, got(&m, 'E'), "generator_expression list_comprehension");
	struct join j = {.inner = argument, .target = got(&m, 'B'), .iterable = got(&m, 'Y'),
		.all = got(&m, 'E')};
	if (!is_plain_target(t, j.target) || !find_key(c, &j, "$P == $Q") || j.equal != j.all)
		return;
	int loop = py_outermost_loop(c, call, is_steady, &j);
	if (!loop)
		return;
	cf_autofree char *base = py_base_name(c, j.iterable, "items");
	cf_autofree char *word = key_word(c, j.inner_key);
	bool parens = tree_is_any(t, tree_parent(t, call),
		"not_operator comparison_operator binary_operator unary_operator attribute subscript");

	rule_begin(c, call);
	const char *keys = rule_fresh_name(c, "%s_%s_set", base, word);
	rule_insert_before(c, py_statement(c, loop), &m, local_may_be_none(c, j.iterable, loop) ? "%s = {%n for $B in $Y or ()}"
							 : "%s = {%n for $B in $Y}",
		keys, j.inner_key);
	rule_replace(c, call, NULL, parens ? "(%p in %s)" : "%p in %s", j.outer_key, keys);
	rule_end(c, "Every pass went through all elements to see whether one matches; a set of their keys "
		    "answers by hash.");
}

/* list(filter(lambda b: b.k == a.k, items)) */
static void filter_call(struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int lambda, parameters;
	if (!MATCH(t, call, &m, "filter($F, $Y)") ||
		!py_is_builtin_node(c, tree_field(t, call, "function"), "filter") ||
		!tree_is(t, lambda = got(&m, 'F'), "lambda") ||
		tree_count(t, parameters = tree_field(t, lambda, "parameters")) != 1)
		return;
	struct join j = {.inner = lambda, .target = tree_first(t, parameters),
		.iterable = got(&m, 'Y'), .all = tree_field(t, lambda, "body")};
	/* Only what goes through it once may have a list for an iterator. */
	bool once = py_use(c, call) == PY_USE_ITER ||
		    (py_use(c, call) == PY_USE_ARG &&
			    py_is_builtin_node(c, py_callee(c, call), "list tuple set sorted sum max min"));
	if (!once || !tree_is(t, j.target, "identifier") || !find_key(c, &j, "$P == $Q") ||
		j.equal != j.all || !py_steady(c, j.outer_key, call))
		return;
	int loop = py_outermost_loop(c, call, is_steady, &j);
	if (!loop)
		return;
	rule_begin(c, call);
	const char *index = insert_index(c, &j, loop);
	rule_replace(c, call, NULL, "%s.get(%n, ())", index, j.outer_key);
	explain(c, &j);
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		if (!py_own(c, n))
			continue;
		if (tree_is(t, n, "for_statement"))
			for_statement(c, n);
		else if (tree_is(t, n, "for_in_clause"))
			comprehension_clause(c, n);
		else if (tree_is(t, n, "call"))
			any_call(c, n), filter_call(c, n);
	}
}

const struct rule rule_nested_join = {
	.name = "nested-join",
	.summary = "nested loops that join on a key use a dict of the inner side",
	.why = "For every element of the one side, all of the other side is compared: the product of both "
	       "lengths. A dict from key to elements, made once, costs their sum, and hands the elements "
	       "out in the order in which the loop met them.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(users, orders):\n"
		 "    out = []\n"
		 "    for user in users:\n"
		 "        # their orders\n"
		 "        for order in orders:\n"
		 "            if order['user_id'] == user['id']:\n"
		 "                out.append((user['id'], order['n']))  # match\n"
		 "    return out\n",
		 "def f(users, orders):\n"
		 "    out = []\n"
		 "    orders_by_user_id = {}\n"
		 "    for order in orders:\n"
		 "        orders_by_user_id.setdefault(order['user_id'], []).append(order)\n"
		 "    for user in users:\n"
		 "        # their orders\n"
		 "        for order in orders_by_user_id.get(user['id'], ()):\n"
		 "            out.append((user['id'], order['n']))  # match\n"
		 "    return out\n",
		 "f([{'id': 1}, {'id': 2}], [{'user_id': 2, 'n': 1}, {'user_id': 1, 'n': 2}, {'user_id': 2, 'n': 3}])"},
		{"def f(a, b):\n"
		 "    out = []\n"
		 "    for i in range(len(a)):\n"
		 "        for k, v in b:\n"
		 "            if a[i] != k:\n"
		 "                continue\n"
		 "            out.append(v)\n"
		 "            break\n"
		 "        else:\n"
		 "            out.append(None)\n"
		 "    return out\n",
		 "def f(a, b):\n"
		 "    out = []\n"
		 "    b_by_k = {}\n"
		 "    for k, v in b:\n"
		 "        b_by_k.setdefault(k, []).append((k, v))\n"
		 "    for i in range(len(a)):\n"
		 "        for k, v in b_by_k.get(a[i], ()):\n"
		 "            out.append(v)\n"
		 "            break\n"
		 "        else:\n"
		 "            out.append(None)\n"
		 "    return out\n",
		 "f([1, 2, 3], [(2, 'x'), (1, 'y'), (2, 'z')])"},
		{"def f(rows, people):\n"
		 "    b = 1\n"
		 "    pairs = [(p, r) for p in people for r in rows if p == r[0] and r[1] > 0]\n"
		 "    for p in people:\n"
		 "        mine = [b for b in rows if b[0] == p]\n"
		 "        if not any(q[1] == p for q in rows):\n"
		 "            pairs.append(mine)\n"
		 "    return pairs, b\n",
		 "def f(rows, people):\n"
		 "    b = 1\n"
		 "    rows_by_key = {}\n"
		 "    for r in rows:\n"
		 "        rows_by_key.setdefault(r[0], []).append(r)\n"
		 "    pairs = [(p, r) for p in people for r in rows_by_key.get(p, ()) if r[1] > 0]\n"
		 "    rows_by_key_2 = {}\n"
		 "    for rows_item in rows:\n"
		 "        rows_by_key_2.setdefault(rows_item[0], []).append(rows_item)\n"
		 "    rows_key_set = {q[1] for q in rows}\n"
		 "    for p in people:\n"
		 "        mine = list(rows_by_key_2.get(p, ()))\n"
		 "        if not (p in rows_key_set):\n"
		 "            pairs.append(mine)\n"
		 "    return pairs, b\n",
		 "f([(1, 1), (2, 0), (1, 2)], [2, 1, 3])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* The other side changes; depends on the outer loop; a constant; an else. */
		"def f(a, b):\n"
		"    for x in a:\n"
		"        for y in b:\n"
		"            if y.k == x.k:\n"
		"                b.remove(y)\n",
		"def f(a):\n"
		"    for x in a:\n"
		"        for y in x.rows:\n"
		"            if y.k == x.k:\n"
		"                print(y)\n",
		"def f(a, b):\n"
		"    for x in a:\n"
		"        for y in b:\n"
		"            if y.k == 3:\n"
		"                print(y)\n",
		"def f(a, b):\n"
		"    for x in a:\n"
		"        for y in b:\n"
		"            if y.k == x.k:\n"
		"                print(y)\n"
		"            else:\n"
		"                print(x)\n",
		"def f(a, b):\n"
		"    for x in a:\n"
		"        for y in b:\n"
		"            if y.k == x.k or y.z:\n"
		"                print(y)\n",
		"def f(a, k):\n"
		"    return [y for y in a if y.k == k]\n",
		NULL,
	},
};
