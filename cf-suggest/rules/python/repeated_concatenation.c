/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, tuples, dicts and sets that a loop copies to add to them. Strings are string_building's.
 */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
#include "lib/mem.h"

/* One statement that makes name anew from name and something more. */
struct site {
	int statement, operand; /* operand: the use of name that is copied */
	struct match m;		/* $X: items, $Y: another container, $K and $V: one entry */
	enum { ITEMS, CONTAINER, PREPENDED } how;
};

static bool list_or_tuple(const struct rule_ctx *c, struct site *s, enum py_type type)
{
	const struct tree *t = c->tree;
	struct match *m = &s->m;
	int items, other;

	if (type == PY_LIST) {
		items = MATCH(t, s->statement, m, "$A = $A + [$$$X]", "$A = [*$A, $$$X]",
			"$A = $A[:] + [$$$X]", "$A = list($A) + [$$$X]", "$A = $A.copy() + [$$$X]");
		other = items ? 0
			      : MATCH(t, s->statement, m, "$A = [$X] + $A", "$A = [$X, *$A]",
					"$A = $A + $Y", "$A = $A[:] + $Y", "$A = list($A) + $Y");
	} else {
		items = MATCH(t, s->statement, m, "$A = $A + ($$$X,)", "$A += ($$$X,)",
			"$A = (*$A, $$$X)", "$A = $A + tuple([$$$X])", "$A += tuple([$$$X])");
		other = items ? 0 : MATCH(t, s->statement, m, "$A = $A + $Y", "$A += $Y");
		other = other ? 3 : 0;
	}
	s->how = items ? ITEMS : other > 2 ? CONTAINER : PREPENDED;
	/* [*a, *b] is a container, whatever stands before it. */
	for (int i = got(m, 'X'); items && i; i = i == m->last['X' - 'A'] ? 0 : tree_next(t, i))
		if (tree_is(t, i, "list_splat") && i != m->last['X' - 'A'])
			return false;
	return (items && got(m, 'X')) || other;
}

static bool dict_or_set(const struct rule_ctx *c, struct site *s, enum py_type type)
{
	const struct tree *t = c->tree;
	struct match *m = &s->m;
	int which;

	if (type == PY_SET) {
		which = MATCH(t, s->statement, m, "$A = $A | {$$$X}", "$A = $A.union({$$$X})",
			"$A = $A.union([$X])", "$A = $A.union(($X,))", "$A = {*$A, $$$X}",
			"$A = set($A) | {$$$X}", "$A = $A | set([$X])");
		if (!which)
			which = MATCH(t, s->statement, m, "$A = $A | $Y", "$A = $A.union($Y)") ? 100
											       : 0;
		s->how = which < 100 ? ITEMS : CONTAINER;
		for (int i = got(m, 'X'); i; i = i == m->last['X' - 'A'] ? 0 : tree_next(t, i))
			if (tree_is(t, i, "list_splat"))
				return false;
		return which;
	}
	which = MATCH(t, s->statement, m, "$A = $A | {$K: $V}", "$A = $A | $Y",
		"$A = dict($A, **$Y)", "$A = dict($A, **{$K: $V})");
	if (which) {
		s->how = got(m, 'K') ? ITEMS : CONTAINER;
		return true;
	}
	/* {**d, k: v}: not a pattern, since its holes would have to be entries. */
	if (!MATCH(t, s->statement, m, "$A = $D") || !tree_is(t, got(m, 'D'), "dictionary"))
		return false;
	int copied = tree_first(t, got(m, 'D')), more = tree_next(t, copied);
	if (!tree_is(t, copied, "dictionary_splat") ||
		!tree_equal(t, tree_first(t, copied), got(m, 'A')) || !more || tree_next(t, more))
		return false;
	if (tree_is(t, more, "dictionary_splat")) {
		s->how = CONTAINER;
		bind(m, 'Y', tree_first(t, more));
	} else {
		s->how = ITEMS;
		bind(m, 'K', tree_field(t, more, "key"));
		bind(m, 'V', tree_field(t, more, "value"));
	}
	return true;
}

/* Is statement n such a site of name, which holds a container of the type? */
static bool is_site(
	const struct rule_ctx *c, int n, const char *name, enum py_type type, struct site *s)
{
	const struct tree *t = c->tree;
	int left;

	*s = (struct site){.statement = n};
	if (!tree_is_any(t, tree_first(t, n), "assignment augmented_assignment") || !py_own(c, n))
		return false;
	left = tree_field(t, tree_first(t, n), "left");
	if (!tree_text_is(t, left, name))
		return false;
	if (type == PY_LIST || type == PY_TUPLE ? !list_or_tuple(c, s, type)
						: !dict_or_set(c, s, type))
		return false;
	/* += reads its left side; else the first use on the right is the copied one, in [x] + a the
	 * last. */
	s->operand = left;
	if (tree_is(t, tree_first(t, n), "assignment")) {
		PY_EACH_USE(c, n, name, use)
		if (use != left && (s->operand == left || s->how == PREPENDED))
			s->operand = use;
	}
	return true;
}

/*
 * Every use of name from its start to the last statement's end: sites are collected; anything that
 * would give the container another holder, or another type, means no. Tuples and prepended lists
 * change their type or order meanwhile, so that only len() and truth may be asked of them.
 */
static size_t collect(const struct rule_ctx *c, const char *name, int start, int last,
	enum py_type type, struct site *sites, size_t max)
{
	const struct tree *t = c->tree;
	bool opaque = type == PY_TUPLE;
	size_t n = 0;
	struct site s;

	for (int i = t->v[start].after; i < t->v[last].after; i++)
		if (tree_is(t, i, "expression_statement") && is_site(c, i, name, type, &s)) {
			if (n == max || local_walked_round(c, i, name))
				return 0;
			opaque |= s.how == PREPENDED;
			sites[n++] = s;
		}
	for (size_t i = 1; i < n; i++)
		if ((sites[i].how == PREPENDED) != (sites[0].how == PREPENDED))
			return 0;

	for (int use = py_next_use(c, c->body, name, t->v[start].after);
		use && use < t->v[last].after; use = py_next_use(c, c->body, name, use + 1)) {
		bool known = false;
		for (size_t i = 0; i < n; i++)
			known |= use == sites[i].operand ||
				 use == tree_field(t, tree_first(t, sites[i].statement), "left");
		if (known)
			continue;
		int statement = py_statement(c, use), value = local_value(c, statement);
		/* += and |= add in place already. */
		if (type != PY_TUPLE && py_own(c, use) &&
			MATCH(t, statement, &(struct match){0}, "$_ += $_", "$_ |= $_") &&
			tree_field(t, tree_first(t, statement), "left") == use)
			continue;
		if (py_role(c, use) == PY_BIND) {
			/* Reset on each pass of an outer loop. */
			if (opaque || !value ||
				tree_field(t, tree_first(t, statement), "left") != use ||
				!local_fresh(c, value) || py_expression_type(c, value) != type)
				return 0;
			continue;
		}
		if (opaque && !(py_own(c, use) && py_use(c, use) == PY_USE_ARG &&
				      tree_text_is(t, py_callee(c, use), "len")))
			return 0;
		if (!local_private_use(c, use))
			return 0;
	}
	return n;
}

static void replace_site(
	struct rule_ctx *c, const struct site *s, enum py_type type, const char *name)
{
	const struct tree *t = c->tree;
	const struct match *m = &s->m;
	int x = got(m, 'X');
	bool one = x && x == m->last['X' - 'A'] && !tree_is(t, x, "list_splat");

	if (type == PY_DICT && s->how == ITEMS)
		rule_replace(c, s->statement, m, "%s[$K] = $V", name);
	else if (type == PY_DICT || (type == PY_SET && s->how == CONTAINER))
		rule_replace(c, s->statement, m, "%s.update($Y)", name);
	else if (type == PY_SET && one)
		rule_replace(c, s->statement, m, "%s.add($X)", name);
	else if (type == PY_SET)
		rule_replace(c, s->statement, m, "%s.update(($$$X))", name);
	else if (s->how == CONTAINER)
		rule_replace(c, s->statement, m, "%s += $Y", name);
	else if (one)
		rule_replace(c, s->statement, m, "%s.append($X)", name);
	else if (tree_is(t, x, "list_splat"))
		rule_replace(c, s->statement, m, "%s += %n", name, tree_first(t, x));
	else
		rule_replace(c, s->statement, m, "%s += [$$$X]", name);
}

/* A tuple is built as a list, under a name of its own, and made a tuple behind the loop. */
static bool tuple(struct rule_ctx *c, const char *name, int start, int loop,
	const struct site *sites, size_t n)
{
	const struct tree *t = c->tree;
	int assignment = tree_first(t, start), value = local_value(c, start);
	int annotation = tree_field(t, assignment, "type");

	if (tree_parent(t, start) != tree_parent(t, loop) || local_seen_after_error(c, loop, name))
		return false;
	for (int i = py_next_use(c, c->body, name, t->v[start].after); i && i < loop;
		i = py_next_use(c, c->body, name, i + 1))
		return false;

	const char *items = local_fresh_name(c, "%s_items", name);
	rule_begin(c, loop);
	if (local_empty(c, value))
		rule_replace(c, start, NULL, "%s = []", items);
	else
		rule_replace(c, start, NULL, "%s = list(%n)", items, value);
	for (int use = py_next_use(c, loop, name, loop); use;
		use = py_next_use(c, loop, name, use + 1)) {
		bool known = false;
		for (size_t i = 0; i < n; i++)
			known |= tree_inside(t, use, sites[i].statement);
		if (!known)
			rule_replace(c, use, NULL, "%s", items);
	}
	for (size_t i = 0; i < n; i++) {
		/* len(t) inside the site would be left behind. */
		if (py_uses(c, sites[i].statement, name) > 2)
			rule_fail(c);
		replace_site(c, &sites[i], PY_TUPLE, items);
	}
	if (annotation)
		rule_insert_after(c, loop, NULL, "%s: %n = tuple(%s)", name, annotation, items);
	else
		rule_insert_after(c, loop, NULL, "%s = tuple(%s)", name, items);
	rule_end(c,
		"Adding to the tuple `%s` copies all of it on each pass; a list grows in place and "
		"becomes the tuple once, after the loop.",
		name);
	return true;
}

/* [x] + items: appended, and turned round behind the loop. */
static bool prepended(struct rule_ctx *c, const char *name, int start, int loop,
	const struct site *sites, size_t n)
{
	const struct tree *t = c->tree;
	if (n != 1 || tree_parent(t, start) != tree_parent(t, loop) ||
		local_seen_after_error(c, loop, name) || !local_empty(c, local_value(c, start)) ||
		tree_is(t, got(&sites[0].m, 'X'), "list_splat"))
		return false;
	for (int i = py_next_use(c, c->body, name, t->v[start].after); i && i < loop;
		i = py_next_use(c, c->body, name, i + 1))
		return false;
	rule_begin(c, loop);
	rule_replace(c, sites[0].statement, &sites[0].m, "%s.append($X)", name);
	rule_insert_after(c, loop, NULL, "%s.reverse()", name);
	rule_end(c,
		"Adding in front copies the list `%s` on each pass; appending and reversing once "
		"after the loop gives the same list.",
		name);
	return true;
}

/* The last statement in the start's block that adds to name in a loop, or the loop. */
static int last_adder(
	const struct rule_ctx *c, const char *name, int start, int loop, enum py_type type)
{
	const struct tree *t = c->tree;
	int last = loop;
	struct site s;

	for (int i = tree_next(t, start); i; i = tree_next(t, i)) {
		int value = local_value(c, i);
		if (value && tree_text_is(t, tree_field(t, tree_first(t, i), "left"), name) &&
			!py_uses(c, value, name))
			break;
		for (int n = i > loop ? i : loop; n < t->v[i].after; n++)
			if (tree_is(t, n, "expression_statement") && py_loop(c, n) &&
				is_site(c, n, name, type, &s))
				last = i > loop ? i : last;
	}
	return last;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	static const char *const kinds[] = {
		[PY_LIST] = "list", [PY_DICT] = "dict", [PY_SET] = "set", [PY_TUPLE] = "tuple"};
	struct site sites[20];

	PY_NODES(c, n)
	{
		if (!tree_is_any(t, tree_first(t, n), "assignment augmented_assignment") ||
			!tree_is(t, n, "expression_statement"))
			continue;
		cf_autofree char *name = py_name(c, tree_field(t, tree_first(t, n), "left"));
		int loop = 0, start = name ? local_start(c, name, n, &loop) : 0;
		int value = start ? local_value_of(c, start, name) : 0;
		bool alone = value && value == local_value(c, start);
		if (!value || !local_fresh(c, value))
			if (!value || !MATCH(t, value, &(struct match){0}, "tuple()", "tuple($_)"))
				continue;
		enum py_type type = py_expression_type(c, value);
		if (type != PY_LIST && type != PY_TUPLE && type != PY_DICT && type != PY_SET)
			continue;
		int last = type == PY_TUPLE ? loop : last_adder(c, name, start, loop, type);
		size_t count = collect(c, name, start, last, type, sites, 20), first = 0;
		if (last != loop && (!count || sites[0].how == PREPENDED))
			count = collect(c, name, start, loop, type, sites, 20);
		/* Each container once, at its first site in a loop. */
		while (first < count && !py_loop(c, sites[first].statement))
			first++;
		if (first == count || sites[first].statement != n)
			continue;
		if (!alone && (type == PY_TUPLE || sites[0].how == PREPENDED))
			continue;
		if (type == PY_TUPLE) {
			tuple(c, name, start, loop, sites, count);
			continue;
		}
		if (sites[0].how == PREPENDED) {
			prepended(c, name, start, loop, sites, count);
			continue;
		}
		rule_begin(c, loop);
		for (size_t i = 0; i < count; i++)
			replace_site(c, &sites[i], type, name);
		rule_end(c,
			"Each pass copies the whole %s `%s` to add to it; nothing else holds it, "
			"so it can "
			"grow in place.",
			kinds[type], name);
	}
}

const struct rule rule_repeated_concatenation = {
	.name = "repeated-concatenation",
	.summary = "lists, tuples, dicts and sets that are copied to grow are changed in place",
	.why = "`x = x + [item]`, `d = {**d, k: v}` and `s = s | {item}` make a new container each time "
	       "and copy all that was there, so that a loop costs the square of its length. Where only "
	       "the function holds the container, append, item assignment and add do the same at once.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(rows):\n"
		 "    out = []\n"
		 "    for row in rows:\n"
		 "        if row % 2:\n"
		 "            continue\n"
		 "        out = out + [row * 2]  # keep it\n"
		 "    return out\n",
		 "def f(rows):\n"
		 "    out = []\n"
		 "    for row in rows:\n"
		 "        if row % 2:\n"
		 "            continue\n"
		 "        out.append(row * 2)  # keep it\n"
		 "    return out\n",
		 "f([1, 2, 4])\n"
		 "f([])"},
		{"def f(groups):\n"
		 "    flat: list = list()\n"
		 "    for group in groups:\n"
		 "        for part in group:\n"
		 "            flat = flat + part\n"
		 "        flat = [*flat, 0, len(flat)]\n"
		 "    return flat\n",
		 "def f(groups):\n"
		 "    flat: list = list()\n"
		 "    for group in groups:\n"
		 "        for part in group:\n"
		 "            flat += part\n"
		 "        flat += [0, len(flat)]\n"
		 "    return flat\n",
		 "f([[[1, 2], [3]], [[]], []])\n"
		 "f([])"},
		{"def f(n):\n"
		 "    path: tuple = ()\n"
		 "    while n:\n"
		 "        path += (n % 2,)\n"
		 "        n //= 2\n"
		 "    return path, len(path)\n",
		 "def f(n):\n"
		 "    path_items = []\n"
		 "    while n:\n"
		 "        path_items.append(n % 2)\n"
		 "        n //= 2\n"
		 "    path: tuple = tuple(path_items)\n"
		 "    return path, len(path)\n",
		 "f(10)\n"
		 "f(0)"},
		{"def f(start, parts):\n"
		 "    t = (start,)\n"
		 "    for p in parts:\n"
		 "        t = t + p\n"
		 "    return t\n",
		 "def f(start, parts):\n"
		 "    t_items = list((start,))\n"
		 "    for p in parts:\n"
		 "        t_items += p\n"
		 "    t = tuple(t_items)\n"
		 "    return t\n",
		 "f(1, [(2, 3), (), (4,)])\n"
		 "f(1, [])"},
		{"def f(n):\n"
		 "    digits = []\n"
		 "    while n:\n"
		 "        digits = [n % 10] + digits\n"
		 "        n //= 10\n"
		 "    return digits\n",
		 "def f(n):\n"
		 "    digits = []\n"
		 "    while n:\n"
		 "        digits.append(n % 10)\n"
		 "        n //= 10\n"
		 "    digits.reverse()\n"
		 "    return digits\n",
		 "f(1234)\n"
		 "f(0)"},
		{"def f(pairs, more):\n"
		 "    d = {}\n"
		 "    for k, v in pairs:\n"
		 "        d = {**d, k: d.get(k, 0) + v}\n"
		 "    for extra in more:\n"
		 "        d = {**d, **extra}\n"
		 "    return d\n",
		 "def f(pairs, more):\n"
		 "    d = {}\n"
		 "    for k, v in pairs:\n"
		 "        d[k] = d.get(k, 0) + v\n"
		 "    for extra in more:\n"
		 "        d.update(extra)\n"
		 "    return d\n",
		 "f([('a', 1), ('b', 2), ('a', 3)], [{'z': 1, 'a': 0}])\n"
		 "f([], [])"},
		{"def f(rows):\n"
		 "    seen = set()\n"
		 "    for row in rows:\n"
		 "        if row in seen:\n"
		 "            return row\n"
		 "        seen = seen | {row}\n"
		 "        seen = seen.union(range(row))\n"
		 "    return len(seen)\n",
		 "def f(rows):\n"
		 "    seen = set()\n"
		 "    for row in rows:\n"
		 "        if row in seen:\n"
		 "            return row\n"
		 "        seen.add(row)\n"
		 "        seen.update(range(row))\n"
		 "    return len(seen)\n",
		 "f([1, 3, 9])\n"
		 "f([4, 2])\n"
		 "f([])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* Every state of the list is kept: growing it in place would change them all. */
		"def f(n):\n"
		"    path = []\n"
		"    paths = []\n"
		"    for i in range(n):\n"
		"        path = path + [i]\n"
		"        paths.append(path)\n"
		"    return paths\n",
		"def f(n, visit):\n"
		"    path = []\n"
		"    for i in range(n):\n"
		"        path = path + [i]\n"
		"        visit(path)\n"
		"        yield path\n",
		/* The caller's own list. */
		"def f(acc, n):\n"
		"    for i in range(n):\n"
		"        acc = acc + [i]\n"
		"    return acc\n",
		/* Walked over while it grows; not in a loop; numbers; a fork of the list. */
		"def f():\n"
		"    xs = [1]\n"
		"    for x in xs:\n"
		"        xs = xs + [x]\n"
		"    return xs\n",
		"def f(x):\n"
		"    out = []\n"
		"    out = out + [x]\n"
		"    return out\n",
		"def f(xs):\n"
		"    total = 0\n"
		"    for x in xs:\n"
		"        total = total + x\n"
		"    return total\n",
		"def f(xs):\n"
		"    a = []\n"
		"    b = a\n"
		"    for x in xs:\n"
		"        a = a + [x]\n"
		"    return a, b\n",
		"def f(xs):\n"
		"    d = {}\n"
		"    keys = d.keys()\n"
		"    for x in xs:\n"
		"        d = {**d, x: 1}\n"
		"    return d, keys\n",
		NULL,
	},
};
