/* SPDX-License-Identifier: Apache-2.0 */
/* A list built only to be consumed at once: any([…]), set([…]), sum(list(x)). */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
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

/* Divided by what the comprehension goes through, which may be 0 further on. */
static bool may_divide_by_zero(const struct rule_ctx *c, int region)
{
	const struct tree *t = c->tree;
	for (int n = region; n < t->v[region].after; n++) {
		struct match m = {0};
		if (!tree_is(t, n, "binary_operator") || !MATCH(t, n, &m, "$_ / $D", "$_ // $D", "$_ % $D") ||
			tree_is(t, tree_field(t, n, "left"), "string"))
			continue;
		for (int i = got(&m, 'D'); i < t->v[got(&m, 'D')].after; i++) {
			cf_autofree char *name = py_role(c, i) == PY_READ ? tree_text(t, i) : NULL;
			struct match r = {0};
			int from = 0;
			if (!name || !py_bindings(c, region, name))
				continue;
			/* for d in range(2, n) never is. */
			for (int k = region; k < t->v[region].after && !from; k++)
				if (tree_is_any(t, k, "for_in_clause for_statement") &&
					tree_text_is(t, tree_field(t, k, "left"), name) &&
					MATCH(t, tree_field(t, k, "right"), &r, "range($A, $$$B)"))
					from = got(&r, 'A');
			if (i != got(&m, 'D') || !tree_is(t, from, "integer") || tree_text_is(t, from, "0"))
				return true;
		}
	}
	return false;
}

/* any and all stop at the first answer, so what they skip, pure as it is, must not raise, nor take
 * anything from an iterator. */
static bool may_stop_early(const struct rule_ctx *c, int region)
{
	const struct tree *t = c->tree;
	for (int n = region; n < t->v[region].after; n++) {
		int right = tree_is_any(t, n, "for_in_clause for_statement") ? tree_field(t, n, "right") : 0;
		if (tree_is(t, right, "identifier") && py_type_of(c, right) == PY_OTHER)
			return false;
	}
	return !may_divide_by_zero(c, region);
}

static void consumer(struct rule_ctx *c, int call, int list)
{
	const struct tree *t = c->tree;
	int f = tree_field(t, call, "function"), body = tree_field(t, list, "body");
	struct match m = {0};
	cf_autofree char *text = inner(t, list);

	if (py_is_builtin_node(c, f, "any all")) {
		if (!py_pure_deep(c, list) || !may_stop_early(c, list))
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

/* Nothing but what is pure comes before n in its statement, which runs as often as `before` does. */
static bool is_next(const struct rule_ctx *c, int n, int before)
{
	const struct tree *t = c->tree;
	int statement = py_statement(c, n);
	if (tree_next(t, before) != statement || !py_own(c, n) || py_loop(c, n) != py_loop(c, before))
		return false;
	for (int i = statement; i < n; i++)
		if (tree_is_any(t, i, "elif_clause conditional_expression boolean_operator") ||
			(tree_is(t, i, "call") && !tree_inside(t, n, i) && !py_pure(c, i)))
			return false;
	return true;
}

/* flags = [… for …], or the loop that appends as much; then any(flags), and nobody else asks. */
static void named(struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	int f = tree_field(t, call, "function"), argument = tree_first(t, tree_field(t, call, "arguments"));
	int before = tree_prev(t, py_statement(c, call)), list = local_value(c, before);
	cf_autofree char *name = py_name(c, argument), *text = NULL;
	struct clauses p;
	struct match m = {0};
	bool stops = py_is_builtin_node(c, f, "any all"), pure;

	if (!name || !before || (!stops && !py_is_builtin_node(c, f, "sum min max set")) ||
		!is_bare_call(c, call) || !py_is_local(c, name) || !is_next(c, call, before))
		return;
	int start = before, uses = 2;
	if (tree_is(t, list, "list_comprehension")) {
		if (!tree_text_is(t, tree_field(t, tree_first(t, before), "left"), name))
			return;
		text = inner(t, list);
		pure = py_pure_deep(c, list);
	} else {
		uses = 3;
		start = tree_is(t, before, "for_statement") ? local_empty_before(c, name, before) : 0;
		if (!start || py_expression_type(c, local_value(c, start)) != PY_LIST ||
			!clauses_of(c, before, &p) || p.name || p.first != p.last ||
			!MATCH(t, p.first, &m, "$L.append($E)") || clauses_use(c, &p, name) ||
			!tree_text_is(t, got(&m, 'L'), name) || !clauses_dead_outside(c, &p, before))
			return;
		text = tree_text(t, got(&m, 'E'));
		pure = py_pure_deep(c, got(&m, 'E'));
		for (int i = 0; i < p.n; i++) {
			cf_autofree char *clause = clause_text(c, &p, i), *all = text;
			text = cf_asprintf("%s %s", all, clause);
			pure &= py_pure_deep(c, p.v[i].value);
		}
	}
	if (py_uses(c, c->function, name) != uses || !pure ||
		tree_has_comment(t, t->v[before].start, t->v[before].end) || strchr(text, '\n') ||
		(stops && !may_stop_early(c, before)))
		return;
	rule_begin(c, call);
	if (start != before)
		rule_delete(c, start);
	rule_delete(c, before);
	if (tree_text_is(t, f, "set"))
		rule_replace(c, call, NULL, "{%s}", text);
	else
		rule_replace(c, tree_field(t, call, "arguments"), NULL, "(%s)", text);
	if (stops)
		rule_end(c, "A generator lets %s() stop at the first answer; the list was made to the end.",
			tree_text_is(t, f, "any") ? "any" : "all");
	else
		rule_end(c, "The elements are consumed as they come; the list was only held in memory.");
}

/* True in [x > 2 for x in xs] */
static bool truth_in(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int which = MATCH(t, n, &m, "True in $L", "False in $L", "False not in $L", "True not in $L");
	int list = got(&m, 'L'), body = tree_field(t, list, "body");
	const char *f = which == 1 || which == 4 ? "any" : "all";
	if (!which || !tree_is(t, list, "list_comprehension") || !py_is_builtin(c, f) ||
		!tree_is_any(t, body, "comparison_operator not_operator") || !py_pure_deep(c, list) ||
		!may_stop_early(c, list))
		return false;
	cf_autofree char *text = inner(t, list);
	rule_begin(c, n);
	rule_replace(c, n, NULL, which % 2 ? "%s(%s)" : "not %s(%s)", f, text);
	rule_end(c, "A generator lets %s() stop at the first answer; the list was made to the end.", f);
	return true;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		struct match m = {0};
		if (tree_is(t, n, "comparison_operator") && truth_in(c, n))
			continue;
		if (!tree_is(t, n, "call"))
			continue;
		named(c, n);
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
		/* max([…], key=…, default=…) */
		if (MATCH(t, n, &m, "max($L, $$$R)", "min($L, $$$R)") && py_is_builtin_node(c, f, "max min") &&
			tree_is(t, got(&m, 'L'), "list_comprehension") &&
			tree_is(t, got(&m, 'R'), "keyword_argument")) {
			cf_autofree char *text = inner(t, got(&m, 'L'));
			rule_begin(c, n);
			rule_replace(c, tree_first(t, tree_field(t, n, "arguments")), NULL, "(%s)", text);
			rule_end(c, "The elements are consumed as they come; the list was only held in memory.");
			continue;
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
		{"def f(xs, n):\n"
		 "    flags = [x > 4 for x in xs]\n"
		 "    if any(flags):\n"
		 "        return max([x for x in xs], default=None)\n"
		 "    squares = []\n"
		 "    for x in xs:\n"
		 "        if x % 2:\n"
		 "            squares.append(x * x)\n"
		 "    total = sum(squares)\n"
		 "    return total, True in [n % d == 0 for d in range(2, n)], False in [x < 3 for x in xs]\n",
		 "def f(xs, n):\n"
		 "    if any(x > 4 for x in xs):\n"
		 "        return max((x for x in xs), default=None)\n"
		 "    total = sum(x * x for x in xs if x % 2)\n"
		 "    return total, any(n % d == 0 for d in range(2, n)), not all(x < 3 for x in xs)\n",
		 "f([1, 3, 2], 9)\n"
		 "f([1, 5], 7)\n"
		 "f([], 2)"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* The elements have effects; the name is another's; more than the list. */
		"def f(a, out):\n"
		"    return any([out.append(x) for x in a])\n",
		"def f(a, b):\n"
		"    it = iter(a)\n"
		"    flags = [x > 1 for x in b]\n"
		"    if all([x < 4 for x in it]) or any([b // x > 1 for x in a]):\n"
		"        return list(it), any(flags), flags\n",
		"def f(a):\n"
		"    def say(x):\n"
		"        print(x)\n"
		"    return any([say(x) for x in a])\n",
		"def f(a, any):\n"
		"    return any([x for x in a])\n",
		"def f(a):\n"
		"    return sum([x for x in a], []), ', '.join([x for x in a])\n",
		NULL,
	},
};
