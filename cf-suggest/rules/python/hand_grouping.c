/* SPDX-License-Identifier: Apache-2.0 */
/* Dicts of lists, sets or dicts whose missing entries a loop makes by hand. */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
#include "lib/mem.h"

#define SITES 8

struct site {
	int first, last; /* the statements, or the call of setdefault */
	struct match m;	 /* $D, $K, $V: what is added */
	enum { MAKE, APPEND, ADD, PLUS, SETDEFAULT } how;
	int use; /* of MAKE: where the entry is looked up first */
	const char *factory;
};

/* list, set or dict for an empty one, int or float for nothing; NULL for anything else. */
static const char *factory_of(const struct rule_ctx *c, int value)
{
	if (MATCH(c->tree, value, &(struct match){0}, "[]", "list()"))
		return py_is_builtin(c, "list") ? "list" : NULL;
	if (MATCH(c->tree, value, &(struct match){0}, "{}", "dict()"))
		return py_is_builtin(c, "dict") ? "dict" : NULL;
	if (MATCH(c->tree, value, &(struct match){0}, "set()"))
		return py_is_builtin(c, "set") ? "set" : NULL;
	if (MATCH(c->tree, value, &(struct match){0}, "0"))
		return py_is_builtin(c, "int") ? "int" : NULL;
	if (MATCH(c->tree, value, &(struct match){0}, "0.0"))
		return py_is_builtin(c, "float") ? "float" : NULL;
	return NULL;
}

/* Makes an entry of the same dict, too. */
static bool makes(const struct tree *t, int statement, const struct match *m)
{
	struct match same = {0};
	bind(&same, 'D', got(m, 'D'));
	return MATCH(t, statement, &same, "if $K not in $D:\n\t$D[$K] = $V",
		"if not $K in $D:\n\t$D[$K] = $V", "if $K not in $D.keys():\n\t$D[$K] = $V");
}

/* Where this or one of the next statements looks $D[$K] up, whatever happens; or 0. */
static int uses_entry(const struct rule_ctx *c, int statement, const struct match *m)
{
	const struct tree *t = c->tree;
	while (makes(t, statement, m))
		statement = tree_next(t, statement);
	int last = statement;
	while (tree_is(t, tree_next(t, last), "expression_statement"))
		last = tree_next(t, last);
	if (!tree_is(t, statement, "expression_statement"))
		return 0;
	for (int n = statement; n < t->v[last].after; n++) {
		struct match same = {0};
		bind(&same, 'D', got(m, 'D'));
		bind(&same, 'K', got(m, 'K'));
		if (tree_is_any(t, n,
			    "conditional_expression boolean_operator lambda " PY_COMPREHENSIONS))
			return 0;
		if (MATCH(t, n, &same, "$D[$K]")) {
			/* An entry to be replaced is not looked up. */
			int up = tree_parent(t, n);
			return tree_is(t, up, "assignment") && tree_field(t, up, "left") == n ? 0 : n;
		}
	}
	return 0;
}

static bool is_site(const struct rule_ctx *c, int n, struct site *s)
{
	const struct tree *t = c->tree;
	struct match *m = &s->m;
	int which;

	*s = (struct site){.first = n, .last = n};
	if (tree_is(t, n, "call") && MATCH(t, n, m, "$D.setdefault($K, $V)")) {
		bool bare = tree_is(t, tree_parent(t, n), "expression_statement");
		s->how = bare ? MAKE : SETDEFAULT;
		s->factory = factory_of(c, got(m, 'V'));
		if (bare) {
			s->first = tree_parent(t, n);
			s->use = uses_entry(c, tree_next(t, s->first), m);
			if (!s->use)
				s->factory = NULL;
		}
	} else if (tree_is(t, n, "if_statement") &&
		   MATCH(t, n, m, "if $K not in $D:\n\t$D[$K] = $V",
			   "if not $K in $D:\n\t$D[$K] = $V",
			   "if $K not in $D.keys():\n\t$D[$K] = $V",
			   "if not $D.get($K):\n\t$D[$K] = $V",
			   "if $D.get($K) is None:\n\t$D[$K] = $V") &&
		   (s->use = uses_entry(c, tree_next(t, n), m))) {
		s->how = MAKE;
		s->factory = factory_of(c, got(m, 'V'));
	} else if (tree_is_any(t, n, "if_statement try_statement")) {
		which = MATCH(t, n, m, "if $K in $D:\n\t$D[$K].append($V)\nelse:\n\t$D[$K] = [$V]",
			"if $K not in $D:\n\t$D[$K] = [$V]\nelse:\n\t$D[$K].append($V)",
			"if not $K in $D:\n\t$D[$K] = [$V]\nelse:\n\t$D[$K].append($V)",
			"if $K in $D.keys():\n\t$D[$K].append($V)\nelse:\n\t$D[$K] = [$V]",
			"try:\n\t$D[$K].append($V)\nexcept KeyError:\n\t$D[$K] = [$V]",
			"if $K not in $D:\n\t$D[$K] = "
			"[]\n\t$D[$K].append($V)\nelse:\n\t$D[$K].append($V)");
		s->how = APPEND;
		s->factory = which ? "list" : NULL;
		if (!which) {
			which = MATCH(t, n, m,
				"if $K in $D:\n\t$D[$K].add($V)\nelse:\n\t$D[$K] = {$V}",
				"if $K not in $D:\n\t$D[$K] = {$V}\nelse:\n\t$D[$K].add($V)",
				"if not $K in $D:\n\t$D[$K] = {$V}\nelse:\n\t$D[$K].add($V)",
				"try:\n\t$D[$K].add($V)\nexcept KeyError:\n\t$D[$K] = {$V}");
			s->how = ADD;
			s->factory = which ? "set" : NULL;
		}
	} else if (tree_is(t, n, "expression_statement") &&
		   (which = MATCH(t, n, m, "$D[$K] = $D.get($K, []) + [$V]", "$D[$K] = $D.get($K, $Z) + $V",
			    "$D[$K] = $V + $D.get($K, $Z)"))) {
		/* The list made anew each time is nobody else's; a sum has one value. */
		s->how = which == 1 ? APPEND : PLUS;
		s->factory = which == 1 ? "list" : factory_of(c, got(m, 'Z'));
		if (which > 1 && s->factory && strcmp(s->factory, "int") && strcmp(s->factory, "float"))
			s->factory = NULL;
	}
	return s->factory && tree_is(t, got(m, 'D'), "identifier") && py_own(c, n) && py_loop(c, n);
}

/* Reads that a defaultdict answers as a dict does, and that do not show which of the two it is. */
static bool typeless_use(const struct rule_ctx *c, int use)
{
	static const char *const methods[] = {"items", "keys", "values", "get", "pop"};
	const struct tree *t = c->tree;

	switch (py_use(c, use)) {
	case PY_USE_ITER:
	case PY_USE_MEMBER:
		return true;
	case PY_USE_TEST:
		return !tree_is(t, tree_parent(t, use), "comparison_operator");
	case PY_USE_ARG:
		return py_is_builtin_node(
			c, py_callee(c, use), "len sorted list set tuple max min sum any all");
	case PY_USE_METHOD:
		for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
			if (tree_text_is(t, py_method(c, use), methods[i]))
				return true;
		return false;
	default:
		return false;
	}
}

/* $D[$K] in the block of a site, behind it: the entry is there. */
static bool entry_behind(const struct rule_ctx *c, int use, const struct site *s)
{
	const struct tree *t = c->tree;
	struct match same = {0};
	int block = tree_parent(t, py_statement(c, s->first)), n = tree_parent(t, use);

	bind(&same, 'D', got(&s->m, 'D'));
	bind(&same, 'K', got(&s->m, 'K'));
	if (!MATCH(t, n, &same, "$D[$K]") || !tree_inside(t, n, block) || n < s->last)
		return false;
	for (int k = got(&s->m, 'K'); k < t->v[got(&s->m, 'K')].after; k++) {
		cf_autofree char *name = py_role(c, k) == PY_READ ? tree_text(t, k) : NULL;
		for (int i = s->last; name && i < n; i++)
			if (py_role(c, i) == PY_BIND && tree_text_is(t, i, name))
				return false;
	}
	return true;
}

static void group(struct rule_ctx *c, const char *name, int start, int loop)
{
	const struct tree *t = c->tree;
	struct site sites[SITES], s;
	size_t n = 0;
	bool dict = false;

	for (int i = loop; i < t->v[loop].after; i++)
		if (is_site(c, i, &s) && tree_text_is(t, got(&s.m, 'D'), name)) {
			int key = got(&s.m, 'K'), added = got(&s.m, 'V');
			if (n == SITES || (n && strcmp(s.factory, sites[0].factory)) ||
				!py_pure(c, key) || py_uses(c, key, name) ||
				(added && py_uses(c, added, name)) ||
				(s.how == SETDEFAULT && py_use(c, i) == PY_USE_BIND) ||
				/* The entries come in the order in which they are looked up. */
				(n && s.how == MAKE && sites[n - 1].how == MAKE &&
					s.use < sites[n - 1].use))
				return;
			sites[n++] = s;
		}
	if (!n || local_seen_after_error(c, loop, name))
		return;

	PY_EACH_USE(c, c->function, name, use)
	{
		bool known = use < t->v[start].after;
		for (size_t i = 0; i < n && !known; i++)
			known = tree_inside(t, use, sites[i].first) ||
				entry_behind(c, use, &sites[i]);
		if (known)
			continue;
		if (!tree_inside(t, use, loop)) {
			dict |= !py_own(c, use) || !typeless_use(c, use);
			continue;
		}
		if (!py_own(c, use) || !typeless_use(c, use))
			return;
	}

	rule_begin(c, loop);
	const char *type = py_import(c, "collections", "defaultdict");
	if (type)
		rule_replace(c, local_value(c, start), NULL, "%s(%s)", type, sites[0].factory);
	for (size_t i = 0; i < n; i++) {
		const struct site *at = &sites[i];
		if (at->how == MAKE)
			rule_delete(c, at->first);
		else if (at->how == SETDEFAULT)
			rule_replace(c, at->first, &at->m, "$D[$K]");
		else if (at->how == PLUS)
			rule_replace(c, at->first, &at->m, "$D[$K] += $V");
		else
			rule_replace(c, at->first, &at->m, "$D[$K].%s($V)",
				at->how == ADD ? "add" : "append");
	}
	if (dict)
		rule_insert_after(c, loop, NULL, "%s = dict(%s)", name, name);
	rule_end(c, "A defaultdict makes missing entries itself: one look-up of the key where "
		    "there were "
		    "two or three.");
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	struct site s;

	PY_NODES(c, n)
	{
		if (!is_site(c, n, &s))
			continue;
		cf_autofree char *name = py_name(c, got(&s.m, 'D'));
		int loop = 0, start = local_start(c, name, n, &loop), value = local_value(c, start);
		if (!start || !local_empty(c, value) || py_expression_type(c, value) != PY_DICT ||
			tree_parent(t, start) != tree_parent(t, loop) || !py_is_builtin(c, "dict"))
			continue;
		/* Only made here, and each dict once: at its first site. */
		struct site first;
		int at = loop;
		while (!is_site(c, at, &first) || !tree_text_is(t, got(&first.m, 'D'), name))
			at++;
		if (at == n && py_bindings(c, c->function, name) == 1 &&
			py_next_use(c, c->body, name, t->v[start].after) > loop)
			group(c, name, start, loop);
	}
}

const struct rule rule_hand_grouping = {
	.name = "hand-grouping",
	.summary = "grouping into a dict of lists, sets or dicts by hand uses a defaultdict",
	.why = "Asking whether a key is there, making its entry and fetching that hashes the key two or "
	       "three times an item; setdefault makes an empty list for each item to throw it away. A "
	       "defaultdict looks the key up once. Where the dict leaves the function it becomes a plain "
	       "dict again, its keys in the same order.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"from collections import defaultdict\n"
		 "\n"
		 "def f(rows):\n"
		 "    groups = {}\n"
		 "    for row in rows:\n"
		 "        if row['k'] not in groups:  # first of its kind\n"
		 "            groups[row['k']] = []\n"
		 "        groups[row['k']].append(row['v'])\n"
		 "    return groups\n",
		 "from collections import defaultdict\n"
		 "\n"
		 "def f(rows):\n"
		 "    groups = defaultdict(list)\n"
		 "    for row in rows:\n"
		 "        # first of its kind\n"
		 "        groups[row['k']].append(row['v'])\n"
		 "    groups = dict(groups)\n"
		 "    return groups\n",
		 "f([{'k': 1, 'v': 2}, {'k': 0, 'v': 2}, {'k': 1, 'v': 3}])\n"
		 "f([])"},
		{"import collections\n"
		 "\n"
		 "def f(pairs):\n"
		 "    seen = {}\n"
		 "    for a, b in pairs:\n"
		 "        if a == b:\n"
		 "            continue\n"
		 "        if a in seen:\n"
		 "            seen[a].add(b)\n"
		 "        else:\n"
		 "            seen[a] = {b}\n"
		 "        seen.setdefault(b, set()).add(a)\n"
		 "    for k, v in seen.items():\n"
		 "        print(k, len(v))\n",
		 "import collections\n"
		 "\n"
		 "def f(pairs):\n"
		 "    seen = collections.defaultdict(set)\n"
		 "    for a, b in pairs:\n"
		 "        if a == b:\n"
		 "            continue\n"
		 "        seen[a].add(b)\n"
		 "        seen[b].add(a)\n"
		 "    for k, v in seen.items():\n"
		 "        print(k, len(v))\n",
		 "f([(1, 2), (2, 3), (4, 4), (1, 3)])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* An entry that must be there is read in the loop; the dict came from elsewhere; different
		   entries; not a loop; one that leaves the loop early. */
		"def f(pairs):\n"
		"    d = {}\n"
		"    for a, b in pairs:\n"
		"        d.setdefault(a, []).append(b)\n"
		"        print(d[b])\n"
		"    return d\n",
		"def f(pairs, d):\n"
		"    for a, b in pairs:\n"
		"        d.setdefault(a, []).append(b)\n",
		"def f(pairs):\n"
		"    d = {}\n"
		"    for a, b in pairs:\n"
		"        d.setdefault(a, []).append(b)\n"
		"        d.setdefault(b, set()).add(a)\n"
		"    return d\n",
		"def f(a, b):\n"
		"    d = {}\n"
		"    d.setdefault(a, []).append(b)\n"
		"    return d\n",
		"def f(pairs):\n"
		"    d = {}\n"
		"    for a, b in pairs:\n"
		"        d.setdefault(a, []).append(b)\n"
		"        if len(d[a]) > 2:\n"
		"            return d\n"
		"    return None\n",
		NULL,
	},
};
