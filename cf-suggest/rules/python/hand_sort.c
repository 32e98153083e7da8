/* SPDX-License-Identifier: Apache-2.0 */
/* Bubble, selection, exchange and insertion sorts written out, in place. */
#include "cf-suggest/rules/python/py.h"

#include <string.h>
#include "lib/mem.h"

/* What a loop nest that only sorts is made of. */
struct sort {
	int loop;       /* the outermost for or while */
	int list;       /* the list it permutes */
	int comparison; /* of two of its elements */
	int low, high;  /* the two elements, by their place in the list */
	bool ascending;
};

static bool is_element(const struct tree *t, int n, int list)
{
	return tree_is(t, n, "subscript") && tree_equal(t, tree_field(t, n, "value"), list);
}

static int index_of(const struct tree *t, int element)
{
	return tree_field(t, element, "subscript");
}

/* The for loop's variable when it is `for i in range(…)`. */
static int counter(const struct tree *t, int loop)
{
	struct match m = {0};
	if (!tree_is(t, loop, "for_statement") || !MATCH(t, tree_field(t, loop, "right"), &m, "range($$$R)"))
		return 0;
	return tree_is(t, tree_field(t, loop, "left"), "identifier") ? tree_field(t, loop, "left") : 0;
}

/* The list that the nest stores into; 0 when it stores into two, or none. */
static int only_list(const struct tree *t, int loop)
{
	int list = 0;
	for (int n = loop; n < t->v[loop].after; n++) {
		int up = tree_parent(t, n);
		if (!tree_is(t, n, "subscript") ||
			!(tree_is(t, up, "pattern_list") ||
				(tree_is(t, up, "assignment") && tree_field(t, up, "left") == n)))
			continue;
		int value = tree_field(t, n, "value");
		if (list && !tree_equal(t, list, value))
			return 0;
		list = list ? list : value;
	}
	return list;
}

/*
 * Every statement either moves elements within the list or keeps count: no other store, no call
 * but len and range and those that a comparison makes of an element, and no way out but break.
 */
static bool only_permutes(const struct rule_ctx *c, int loop, int list)
{
	const struct tree *t = c->tree;
	for (int n = loop; n < t->v[loop].after; n++) {
		int up = tree_parent(t, n);
		if (!t->v[n].named)
			continue;
		if (tree_is_any(t, n, "return_statement raise_statement yield await with_statement "
				      "try_statement delete_statement assert_statement named_expression "
				      "function_definition lambda import_statement "
				      "for_in_clause"))
			return false;
		if (tree_is(t, n, "expression_statement") &&
			!tree_is_any(t, tree_first(t, n), "assignment augmented_assignment"))
			return false;
		if (tree_is(t, n, "call") && !py_is_builtin_node(c, tree_field(t, n, "function"), "len range") &&
			!tree_up(t, n, "comparison_operator"))
			return false;
		bool target = (tree_is_any(t, up, "assignment augmented_assignment for_statement") &&
				      tree_field(t, up, "left") == n) ||
		              tree_is(t, up, "pattern_list");
		if (target && !tree_is_any(t, n, "identifier pattern_list") && !is_element(t, n, list))
			return false;
		/* What goes into the list comes out of it. */
		if (is_element(t, n, list) && tree_is(t, up, "assignment") && tree_field(t, up, "left") == n &&
			!is_element(t, tree_field(t, up, "right"), list) &&
			!tree_is(t, tree_field(t, up, "right"), "identifier"))
			return false;
		if (tree_is(t, up, "expression_list") && !is_element(t, n, list) &&
			!tree_is(t, n, "identifier"))
			return false;
	}
	return true;
}

/* Expression n with its element, wherever it stands in it, called `item`. Returns new. */
static char *key_of(const struct tree *t, int n, int element)
{
	struct cf_buf out = CF_BUF_INIT;
	uint32_t at = t->v[n].start;
	for (int i = n; i < t->v[n].after; i++) {
		if (strcmp(t->v[i].type, t->v[element].type) || !tree_equal(t, i, element))
			continue;
		cf_buf_add(&out, t->text + at, t->v[i].start - at);
		cf_buf_adds(&out, "item");
		at = t->v[i].end;
		i = t->v[i].after - 1;
	}
	cf_buf_add(&out, t->text + at, t->v[n].end - at);
	return cf_buf_detach(&out, NULL);
}

/* P and Q are the same but for the elements in them: a[j].key and a[j + 1].key. */
static bool same_key(const struct tree *t, int p, int p_element, int q, int q_element)
{
	cf_autofree char *of_p = key_of(t, p, p_element), *of_q = key_of(t, q, q_element);
	return !strcmp(of_p, of_q);
}

/* An element of the list in expression n, or the name that holds one (held), or 0. */
static int element_in(const struct rule_ctx *c, int n, int list, const char *held)
{
	const struct tree *t = c->tree;
	for (int i = n; i < t->v[n].after; i++)
		if (is_element(t, i, list) ||
			(held && py_role(c, i) == PY_READ && tree_text_is(t, i, held)))
			return i;
	return 0;
}

/* Which of two indices is the lower: -1 the first, 1 the second, 0 not known. */
static int lower(const struct tree *t, int a, int b, int loop)
{
	struct match m = {0};
	bind(&m, 'A', a);
	bind(&m, 'B', b);
	if (MATCH(t, b, &m, "$A + 1") || MATCH(t, a, &m, "$B - 1"))
		return -1;
	if (MATCH(t, a, &m, "$B + 1") || MATCH(t, b, &m, "$A - 1"))
		return 1;
	/* for j in range(i + 1, n): i is the lower one. */
	for (int n = loop; n < t->v[loop].after; n++) {
		struct match r = {0};
		if (!counter(t, n) || !MATCH(t, tree_field(t, n, "right"), &r, "range($I + 1, $_)",
					       "range($I, $_)"))
			continue;
		if (tree_equal(t, got(&r, 'I'), a) && tree_equal(t, counter(t, n), b))
			return -1;
		if (tree_equal(t, got(&r, 'I'), b) && tree_equal(t, counter(t, n), a))
			return 1;
	}
	return 0;
}

/* `held = a[…]` in the nest: an element on its way to another place. Returns new. */
static char *held_name(const struct tree *t, int loop, int list)
{
	for (int n = loop; n < t->v[loop].after; n++) {
		struct match m = {0};
		bind(&m, 'L', list);
		if (tree_is(t, n, "assignment") && MATCH(t, n, &m, "$V = $L[$_]") &&
			tree_is(t, got(&m, 'V'), "identifier"))
			return tree_text(t, got(&m, 'V'));
	}
	return NULL;
}

/* The if or while that the comparison is the condition of, alone or with bounds. */
static int guard(const struct tree *t, int comparison)
{
	int n = comparison;
	while (tree_is_any(t, tree_parent(t, n), "boolean_operator parenthesized_expression"))
		n = tree_parent(t, n);
	int up = tree_parent(t, n);
	return tree_is_any(t, up, "if_statement while_statement") ? up : 0;
}

static int swap_in(const struct tree *t, int region, int list)
{
	for (int n = region; n < t->v[region].after; n++) {
		struct match m = {0};
		bind(&m, 'L', list);
		if (tree_is(t, n, "assignment") && MATCH(t, n, &m, "$L[$I], $L[$J] = $L[$J], $L[$I]"))
			return n;
		struct match k = {0};
		bind(&k, 'L', list);
		if (tree_is(t, n, "block") &&
			(MATCH(t, n + 1, &k, "$T = $L[$I]") ||
				(tree_first(t, n) && MATCH(t, tree_first(t, n), &k, "$T = $L[$I]")))) {
			int second = tree_next(t, tree_first(t, n));
			if (MATCH(t, second, &k, "$L[$I] = $L[$J]") &&
				MATCH(t, tree_next(t, second), &k, "$L[$J] = $T"))
				return second;
		}
	}
	return 0;
}

/* Selection: `if a[j] < a[m]: m = j`, then a swap of a[i] and a[m] outside the inner loop. */
static bool is_selection(const struct tree *t, struct sort *s, int a, int b)
{
	int test = guard(t, s->comparison);
	struct match m = {0};
	bind(&m, 'J', index_of(t, a));
	bind(&m, 'M', index_of(t, b));
	int only = tree_first(t, tree_field(t, test, "consequence"));
	if (!tree_is(t, test, "if_statement") || !only)
		return false;
	bool first = MATCH(t, only, &m, "$M = $J");
	if (!first && !MATCH(t, only, &m, "$J = $M"))
		return false;
	/* The scan begins above the place to fill: for j in range(i + 1, n). */
	int inner = tree_up(t, test, "for_statement");
	struct match r = {0};
	if (!MATCH(t, tree_field(t, inner, "right"), &r, "range($I + 1, $_)", "range($I, $_)") ||
		!tree_equal(t, counter(t, inner), index_of(t, first ? a : b)))
		return false;
	int swap = swap_in(t, s->loop, s->list);
	if (!swap || tree_inside(t, swap, inner))
		return false;
	/* The scanned element replaces the chosen one when it is the smaller: ascending. */
	s->low = first ? a : b;
	s->high = first ? b : a;
	return true;
}

static bool read_comparison(const struct rule_ctx *c, struct sort *s, const char *held)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int which = MATCH(t, s->comparison, &m, "$P > $Q", "$P < $Q");
	if (!which)
		return false;
	int p = got(&m, 'P'), q = got(&m, 'Q');
	int a = element_in(c, p, s->list, held), b = element_in(c, q, s->list, held);
	int test = guard(t, s->comparison);
	if (!a || !b || !test || !same_key(t, p, a, q, b))
		return false;
	/* Nothing else in the key may move with the loops. */
	for (int n = p; n < t->v[p].after; n++)
		if (tree_equal(t, n, a) && !strcmp(t->v[n].type, t->v[a].type)) {
			n = t->v[n].after - 1;
		} else if (py_role(c, n) == PY_READ) {
			cf_autofree char *name = tree_text(t, n);
			if (py_bindings(c, s->loop, name))
				return false;
		}

	if (is_element(t, a, s->list) && is_element(t, b, s->list)) {
		if (is_selection(t, s, a, b)) {
			/* "low < high" replaces: ascending when the comparison says so. */
			s->ascending = (s->low == a) == (which == 2);
			return true;
		}
		int order = lower(t, index_of(t, a), index_of(t, b), s->loop);
		int swap = swap_in(t, tree_is(t, test, "if_statement") ? tree_field(t, test, "consequence")
								       : tree_field(t, test, "body"),
			s->list);
		if (!order || !swap || (tree_is(t, test, "if_statement") && tree_field(t, test, "alternative")))
			return false;
		s->low = order < 0 ? a : b;
		s->high = order < 0 ? b : a;
		/* Swapped when the lower place holds the greater. */
		s->ascending = (s->low == a) == (which == 1);
		return true;
	}
	/* Insertion: while j >= 0 and a[j] > held: a[j + 1] = a[j]. */
	int element = is_element(t, a, s->list) ? a : b;
	if ((is_element(t, a, s->list) && is_element(t, b, s->list)) || !is_element(t, element, s->list) ||
		!tree_is(t, test, "while_statement"))
		return false;
	struct match shift = {0};
	bind(&shift, 'L', s->list);
	int body = tree_field(t, test, "body"), shifted = 0;
	for (int n = tree_first(t, body); n; n = tree_next(t, n))
		if (MATCH(t, n, &shift, "$L[$J + 1] = $L[$J]", "$L[$K] = $L[$K - 1]"))
			shifted = n;
	if (!shifted)
		return false;
	s->low = element;
	s->high = element == a ? b : a;
	s->ascending = (element == a) == (which == 1);
	return true;
}

/* Somewhere the bounds of the nest come from the list's length. */
static bool spans_list(const struct rule_ctx *c, const struct sort *s)
{
	const struct tree *t = c->tree;
	for (int n = s->loop; n < t->v[s->loop].after; n++) {
		struct match m = {0};
		bind(&m, 'L', s->list);
		if (tree_is(t, n, "call") && MATCH(t, n, &m, "len($L)"))
			return true;
		if (py_role(c, n) != PY_READ)
			continue;
		cf_autofree char *name = tree_text(t, n);
		int assigned = py_assigned_before(c, name, s->loop);
		if (assigned && MATCH(t, tree_field(t, tree_first(t, assigned), "right"), &m, "len($L)",
					"len($L) - 1"))
			return true;
	}
	return false;
}

static bool read_sort(const struct rule_ctx *c, int loop, struct sort *s)
{
	const struct tree *t = c->tree;
	int loops = 0;

	*s = (struct sort){.loop = loop, .list = only_list(t, loop)};
	if (!s->list || !py_is_path(c, s->list) || tree_field(t, loop, "alternative") ||
		!only_permutes(c, loop, s->list))
		return false;
	for (int n = loop; n < t->v[loop].after; n++)
		loops += tree_is_any(t, n, PY_LOOPS);
	if (loops != 2 || !spans_list(c, s))
		return false;
	if (tree_is(t, loop, "for_statement")) {
		struct match m = {0};
		if (!MATCH(t, tree_field(t, loop, "right"), &m, "range($_)", "range(0, $_)",
			    "range(1, $_)", "range($_, 0, -1)", "range($_, -1, -1)"))
			return false;
	}
	/* Nothing that the loops bind is wanted later. */
	for (int n = loop; n < t->v[loop].after; n++)
		if (py_role(c, n) == PY_BIND) {
			cf_autofree char *name = tree_text(t, n);
			if (py_reads_outside(c, loop, name))
				return false;
		}
	cf_autofree char *held = held_name(t, loop, s->list);
	int found = 0;
	for (int n = loop; n < t->v[loop].after; n++) {
		if (!tree_is(t, n, "comparison_operator"))
			continue;
		struct sort try = *s;
		try.comparison = n;
		if (read_comparison(c, &try, held)) {
			*s = try;
			found++;
		} else if (element_in(c, n, s->list, held)) {
			return false;
		}
	}
	return found == 1;
}

/* `n = len(a)` and `swapped = True` that nobody needs any more. */
static void drop_unused(struct rule_ctx *c, int loop)
{
	const struct tree *t = c->tree;
	for (int s = tree_prev(t, loop); s; s = tree_prev(t, s)) {
		struct match m = {0};
		if (!MATCH(t, s, &m, "$N = $V") || !tree_is(t, got(&m, 'N'), "identifier"))
			break;
		cf_autofree char *name = tree_text(t, got(&m, 'N'));
		if (!py_uses(c, loop, name) || py_reads_outside(c, loop, name) ||
			!py_pure(c, got(&m, 'V')) || py_bindings(c, c->body, name) !=
							     1 + py_bindings(c, loop, name) ||
			!py_is_local(c, name) || tree_is_any(t, got(&m, 'V'), "identifier subscript"))
			break;
		rule_delete(c, s);
	}
}

/* Sorts that move the elements into another list: the least taken out each time, or each put in its
 * place. */
static bool into_another(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int taken = MATCH(t, n, &m, "while $A:\n\t$M = min($A)\n\t$A.remove($M)\n\t$B.append($M)",
		"while $A:\n\t$M = min($A)\n\t$B.append($M)\n\t$A.remove($M)",
		"while len($A) > 0:\n\t$M = min($A)\n\t$A.remove($M)\n\t$B.append($M)",
		"while len($A) > 0:\n\t$M = min($A)\n\t$B.append($M)\n\t$A.remove($M)",
		"while $A:\n\t$M = $A[0]\n\tfor $X in $A:\n\t\tif $X < $M:\n\t\t\t$M = $X\n"
		"\t$A.remove($M)\n\t$B.append($M)",
		"while $A:\n\t$M = $A[0]\n\tfor $X in $A:\n\t\tif $X < $M:\n\t\t\t$M = $X\n"
		"\t$B.append($M)\n\t$A.remove($M)");
	int placed = taken ? 0
			   : MATCH(t, n, &m,
				     "for $X in $A:\n\t$M = False\n\tfor $I in range(len($B)):\n"
				     "\t\tif $X < $B[$I]:\n\t\t\t$B.insert($I, $X)\n\t\t\t$M = True\n"
				     "\t\t\tbreak\n\tif not $M:\n\t\t$B.append($X)",
				     "for $X in $A:\n\tfor $I in range(len($B)):\n"
				     "\t\tif $X < $B[$I]:\n\t\t\t$B.insert($I, $X)\n\t\t\tbreak\n"
				     "\telse:\n\t\t$B.append($X)",
				     "for $X in $A:\n\t$I = 0\n\twhile $I < len($B) and $B[$I] <= $X:\n"
				     "\t\t$I += 1\n\t$B.insert($I, $X)");
	if (!taken && !placed)
		return false;
	for (const char *hole = "MXI"; *hole; hole++) {
		cf_autofree char *name = py_name(c, got(&m, *hole));
		if (got(&m, *hole) && (!name || py_reads_outside(c, n, name)))
			return false;
	}
	if (tree_equal(t, got(&m, 'A'), got(&m, 'B')))
		return false;
	/* Put in place among others, only an empty list ends up sorted. */
	cf_autofree char *into = py_name(c, got(&m, 'B'));
	int start = into ? py_assigned_before(c, into, n) : 0;
	if (placed && !MATCH(t, start, &m, "$B = []", "$B = list()"))
		return false;
	rule_begin(c, n);
	rule_replace(c, n, &m, taken ? "$B.extend(sorted($A))\n$A.clear()" : "$B.extend(sorted($A))");
	rule_end(c, taken ? "Taking the least element again and again is a sort."
			  : "Looking for each element's place is a sort.");
	return true;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		struct sort s;
		if (tree_is_any(t, n, PY_LOOPS) && py_own(c, n) && into_another(c, n))
			continue;
		if (!tree_is_any(t, n, PY_LOOPS) || !py_own(c, n) || !read_sort(c, n, &s))
			continue;

		cf_autobuf struct cf_buf key = CF_BUF_INIT;
		int side = s.low;
		while (tree_parent(t, side) != s.comparison)
			side = tree_parent(t, side);
		struct match f = {0};
		if (MATCH(t, side, &f, "$F($X)") && got(&f, 'X') == s.low)
			cf_buf_addf(&key, "key=%.*s", (int)(t->v[got(&f, 'F')].end - t->v[got(&f, 'F')].start),
				t->text + t->v[got(&f, 'F')].start);
		else if (side != s.low && !tree_is(t, side, "parenthesized_expression")) {
			cf_autofree char *text = key_of(t, side, s.low);
			cf_buf_addf(&key, "key=lambda item: %s", text);
		}
		if (!s.ascending)
			cf_buf_addf(&key, "%sreverse=True", key.len ? ", " : "");
		rule_begin(c, n);
		drop_unused(c, n);
		rule_replace(c, n, NULL, "%n.sort(%s)", s.list, key.data ? key.data : "");
		rule_end(c, "The loops sort in quadratic time; list.sort does it in n log n, in C, and stably.");
		n = t->v[n].after - 1;
	}
}

const struct rule rule_hand_sort = {
	.name = "hand-sort",
	.summary = "a hand-written sort becomes list.sort",
	.why = "Bubble, selection and insertion sorts compare every element with every other. list.sort "
	       "needs n log n comparisons, made in C, keeps equal elements in order and takes the same "
	       "key.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(items):\n"
		 "    a = list(items)\n"
		 "    n = len(a)\n"
		 "    for i in range(n):\n"
		 "        swapped = False\n"
		 "        for j in range(0, n - i - 1):\n"
		 "            if a[j] > a[j + 1]:\n"
		 "                a[j], a[j + 1] = a[j + 1], a[j]\n"
		 "                swapped = True\n"
		 "        if not swapped:\n"
		 "            break\n"
		 "    return a\n",
		 "def f(items):\n"
		 "    a = list(items)\n"
		 "    a.sort()\n"
		 "    return a\n",
		 "f([3, 1, 2, 3, 0])\n"
		 "f([])"},
		{"def f(rows):\n"
		 "    swapped = True\n"
		 "    while swapped:\n"
		 "        swapped = False\n"
		 "        for i in range(1, len(rows)):\n"
		 "            if rows[i - 1]['age'] < rows[i]['age']:\n"
		 "                temp = rows[i]\n"
		 "                rows[i] = rows[i - 1]\n"
		 "                rows[i - 1] = temp\n"
		 "                swapped = True\n",
		 "def f(rows):\n"
		 "    rows.sort(key=lambda item: item['age'], reverse=True)\n",
		 "f([{'age': 3, 'n': 1}, {'age': 5}, {'age': 3, 'n': 2}])"},
		{"def f(a):\n"
		 "    for i in range(len(a)):\n"
		 "        low = i\n"
		 "        for j in range(i + 1, len(a)):\n"
		 "            if a[j] < a[low]:\n"
		 "                low = j\n"
		 "        if low != i:\n"
		 "            a[i], a[low] = a[low], a[i]\n"
		 "    return a\n",
		 "def f(a):\n"
		 "    a.sort()\n"
		 "    return a\n",
		 "f([3, 1, 2])"},
		{"def f(a):\n"
		 "    for i in range(1, len(a)):\n"
		 "        value = a[i]\n"
		 "        j = i - 1\n"
		 "        while j >= 0 and a[j].lower() > value.lower():\n"
		 "            a[j + 1] = a[j]\n"
		 "            j -= 1\n"
		 "        a[j + 1] = value\n"
		 "    return a\n",
		 "def f(a):\n"
		 "    a.sort(key=lambda item: item.lower())\n"
		 "    return a\n",
		 "f(['b', 'A', 'a', 'B'])"},
		{"def f(a, key):\n"
		 "    for i in range(len(a) - 1):\n"
		 "        for j in range(i + 1, len(a)):\n"
		 "            if key(a[j]) < key(a[i]):\n"
		 "                a[i], a[j] = a[j], a[i]\n"
		 "    rest = list(a)\n"
		 "    out = []\n"
		 "    while rest:\n"
		 "        m = min(rest)\n"
		 "        rest.remove(m)\n"
		 "        out.append(m)\n"
		 "    return a, out\n",
		 "def f(a, key):\n"
		 "    a.sort(key=key)\n"
		 "    rest = list(a)\n"
		 "    out = []\n"
		 "    out.extend(sorted(rest))\n"
		 "    rest.clear()\n"
		 "    return a, out\n",
		 "f([3, -1, 2], abs)"},
		{"def f(rows):\n"
		 "    out = []\n"
		 "    for r in rows:\n"
		 "        placed = False\n"
		 "        for i in range(len(out)):\n"
		 "            if r < out[i]:\n"
		 "                out.insert(i, r)\n"
		 "                placed = True\n"
		 "                break\n"
		 "        if not placed:\n"
		 "            out.append(r)\n"
		 "    a = [(x, -x) for x in out]\n"
		 "    for i in range(1, len(a)):\n"
		 "        j = i\n"
		 "        while j > 0 and (a[j - 1][1], a[j - 1][0]) > (a[j][1], a[j][0]):\n"
		 "            a[j - 1], a[j] = a[j], a[j - 1]\n"
		 "            j -= 1\n"
		 "    return out, a\n",
		 "def f(rows):\n"
		 "    out = []\n"
		 "    out.extend(sorted(rows))\n"
		 "    a = [(x, -x) for x in out]\n"
		 "    a.sort(key=lambda item: (item[1], item[0]))\n"
		 "    return out, a\n",
		 "f([3, 1, 2, 1])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* It counts, too; a partial sort; another list goes along; reads i later. */
		"def f(a):\n"
		"    swaps = 0\n"
		"    for i in range(len(a)):\n"
		"        for j in range(len(a) - 1):\n"
		"            if a[j] > a[j + 1]:\n"
		"                a[j], a[j + 1] = a[j + 1], a[j]\n"
		"                swaps += 1\n"
		"    return swaps\n",
		"def f(a, k):\n"
		"    for i in range(k):\n"
		"        for j in range(k):\n"
		"            if a[j] > a[j + 1]:\n"
		"                a[j], a[j + 1] = a[j + 1], a[j]\n",
		"def f(a, b):\n"
		"    for i in range(len(a)):\n"
		"        for j in range(i + 1, len(a)):\n"
		"            if a[i] > a[j]:\n"
		"                a[i], a[j] = a[j], a[i]\n"
		"                b[i], b[j] = b[j], b[i]\n",
		NULL,
	},
};
