/* SPDX-License-Identifier: Apache-2.0 */
/* A list of keys, or of records with a key each, that a loop fills and searches on every pass. */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
#include "lib/mem.h"

/* The list starts empty before the loops round a site, of which *loop becomes the outermost, and
 * nothing before them uses it. */
static bool starts_empty(const struct rule_ctx *c, const char *name, int site, int *loop)
{
	int start = local_start(c, name, site, loop), value = start ? local_value_of(c, start, name) : 0;

	if (!value || !local_empty(c, value) || py_expression_type(c, value) != PY_LIST ||
		!tree_is_any(c->tree, *loop, PY_LOOPS))
		return false;
	PY_EACH_USE (c, c->function, name, use)
		if (!py_own(c, use) ||
			(use < *loop && (use < start || use >= c->tree->v[start].after)))
			return false;
	return true;
}

/* ---- pairs.index(pair) of what was appended where it was not there ---- */

/* `if $K not in $L:` holds what the statement is in, or `else` of the other. */
static bool is_absent(const struct rule_ctx *c, int statement, int key, int list)
{
	const struct tree *t = c->tree;
	int block = tree_parent(t, statement), up = tree_parent(t, block);
	struct match m = {0};

	if (tree_prev(t, statement)) /* which may bind the key's names again */
		return false;
	bind(&m, 'K', key);
	bind(&m, 'L', list);
	if (tree_is(t, up, "else_clause"))
		return MATCH(t, tree_field(t, tree_parent(t, up), "condition"), &m, "$K in $L") &&
		       tree_is(t, tree_parent(t, up), "if_statement") &&
		       tree_next(t, tree_field(t, tree_parent(t, up), "consequence")) == up;
	return tree_is(t, up, "if_statement") && tree_field(t, up, "consequence") == block &&
	       MATCH(t, tree_field(t, up, "condition"), &m, "$K not in $L", "not $K in $L");
}

/* Where the key was not found missing, or behind a statement that appends it if it is, nothing
 * between binding its names. */
static bool is_made_sure(const struct rule_ctx *c, int n, int key, int list)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	bind(&m, 'K', key);
	bind(&m, 'L', list);
	int up = tree_parent(t, tree_parent(t, py_statement(c, n)));
	int test = tree_is(t, up, "else_clause") ? tree_parent(t, up) : 0;
	if (test && tree_prev(t, up) == tree_field(t, test, "consequence") &&
		MATCH(t, tree_field(t, test, "condition"), &m, "$K not in $L", "not $K in $L"))
		return true;
	for (int s = tree_prev(t, py_statement(c, n)); s; s = tree_prev(t, s)) {
		if (MATCH(t, s, &m, "if $K not in $L:\n\t$$$A", "if not $K in $L:\n\t$$$A"))
			for (int i = tree_first(t, tree_field(t, s, "consequence")); i; i = tree_next(t, i))
				if (MATCH(t, i, &m, "$L.append($K)"))
					return true;
		for (int i = key; i < t->v[key].after; i++) {
			cf_autofree char *name = py_name(c, i);
			if (name && py_bindings(c, s, name))
				return false;
		}
	}
	return false;
}

static void positions(struct rule_ctx *c, int list)
{
	const struct tree *t = c->tree;
	cf_autofree char *name = py_name(c, list);
	int loop, asked = 0;

	if (!name || !starts_empty(c, name, list, &loop))
		return;
	PY_EACH_USE (c, loop, name, use) {
		struct match m = {0};
		int call = tree_parent(t, tree_parent(t, use));
		if (py_use(c, use) == PY_USE_INDEX ||
			(py_use(c, use) == PY_USE_ARG && py_is_builtin_node(c, py_callee(c, use), "len")))
			continue;
		if (py_use(c, use) == PY_USE_MEMBER) {
			int key = tree_prev(t, use);
			if (!tree_is(t, tree_parent(t, use), "comparison_operator") ||
				tree_count(t, tree_parent(t, use)) != 2 || py_unhashable(c, key))
				return;
			continue;
		}
		if (py_use(c, use) != PY_USE_METHOD)
			return;
		int which = MATCH(t, call, &m, "$L.append($E)", "$L.index($E)");
		int key = got(&m, 'E');
		if (!which || py_unhashable(c, key) || !py_pure(c, key) || py_uses(c, key, name) ||
			(which == 1 && !tree_is(t, tree_parent(t, call), "expression_statement")) ||
			(which == 2 && !py_is_guarded(c, key, use) && !is_made_sure(c, use, key, use)))
			return;
		asked += which == 2;
	}
	if (!asked)
		return;

	rule_begin(c, loop);
	const char *index = rule_fresh_name(c, "%s_positions", name);
	rule_insert_before(c, loop, NULL, "%s = {}", index);
	PY_EACH_USE (c, loop, name, use) {
		struct match m = {0};
		int call = tree_parent(t, tree_parent(t, use)), statement = py_statement(c, use);
		if (py_use(c, use) == PY_USE_MEMBER)
			rule_replace(c, use, NULL, "%s", index);
		else if (py_use(c, use) == PY_USE_METHOD && MATCH(t, call, &m, "$L.index($E)"))
			rule_replace(c, call, &m, "%s[$E]", index);
		else if (py_use(c, use) == PY_USE_METHOD && MATCH(t, call, &m, "$L.append($E)"))
			rule_insert_before(c, statement, &m,
				is_absent(c, statement, got(&m, 'E'), use)
					? "%s[$E] = len(%s)"
					: "%s.setdefault($E, len(%s))",
				index, name);
	}
	rule_end(c, "`in` and index() walk the list for each item; a dict of where each one stands answers "
		    "by hash.");
}

/* ---- for g in groups: if g[0] == key: …; break; else: groups.append([key, …]) ---- */

struct search {
	int scan;         /* the loop over the records */
	int first, last;  /* the statements to be replaced */
	int record, list; /* $G, $L */
	int field;        /* 0, "name": what a record is subscripted with for its key; 0: it is the key */
	int key;
	bool indexed;     /* $G is the record's index: $L[$G] */
	int then, then_last; /* what is done with the record */
	int otherwise;       /* the block that makes one */
	int append;          /* the statement that does */
};

static bool is_search(const struct rule_ctx *c, int scan, struct search *s)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int body = tree_field(t, scan, "body"), test = tree_first(t, body), last;

	*s = (struct search){.scan = scan, .first = scan, .last = scan,
		.record = tree_field(t, scan, "left"), .list = tree_field(t, scan, "right")};
	s->indexed = MATCH(t, s->list, &m, "range(len($L))", "range(0, len($L))");
	s->list = s->indexed ? got(&m, 'L') : s->list;
	if (!tree_is(t, s->record, "identifier") || !tree_is(t, s->list, "identifier") ||
		tree_count(t, body) != 1 || !tree_is(t, test, "if_statement") ||
		tree_field(t, test, "alternative") || tree_is(t, scan + 1, "async"))
		return false;
	bind(&m, 'G', s->record);
	bind(&m, 'L', s->list);
	int condition = tree_field(t, test, "condition");
	if (s->indexed ? !MATCH(t, condition, &m, "$L[$G][$I] == $K", "$K == $L[$G][$I]", "$L[$G] == $K",
				 "$K == $L[$G]")
		       : !MATCH(t, condition, &m, "$G[$I] == $K", "$K == $G[$I]"))
		return false;
	s->field = got(&m, 'I');
	s->key = got(&m, 'K');
	int block = tree_field(t, test, "consequence");
	s->then = tree_first(t, block);
	last = tree_last(t, block);
	s->then_last = tree_prev(t, last);
	int alternative = tree_field(t, scan, "alternative");
	if (!tree_is(t, last, "break_statement") || s->then == last)
		return false;
	for (int n = block; n < last; n++)
		if (tree_is_any(t, n, "break_statement continue_statement return_statement raise_statement "
				      "function_definition lambda yield await"))
			return false;
	if (alternative) {
		s->otherwise = tree_field(t, alternative, "body");
	} else {
		/* found = False, the scan, if not found: … */
		int flag = tree_prev(t, scan), asks = tree_next(t, scan);
		if (!MATCH(t, flag, &m, "$F = False") || s->then == s->then_last ||
			!tree_is(t, asks, "if_statement") || tree_field(t, asks, "alternative") ||
			!MATCH(t, tree_field(t, asks, "condition"), &m, "not $F", "$F == False",
				"$F is False"))
			return false;
		if (MATCH(t, s->then_last, &m, "$F = True"))
			s->then_last = tree_prev(t, s->then_last);
		else if (MATCH(t, s->then, &m, "$F = True"))
			s->then = tree_next(t, s->then);
		else
			return false;
		s->first = flag;
		s->last = asks;
		s->otherwise = tree_field(t, asks, "consequence");
		cf_autofree char *name = py_name(c, got(&m, 'F'));
		int uses = name ? py_uses(c, flag, name) + py_uses(c, scan, name) + py_uses(c, asks, name) : 0;
		if (uses != 3 || py_uses(c, c->function, name) != uses)
			return false;
	}
	for (s->append = tree_first(t, s->otherwise); s->append; s->append = tree_next(t, s->append))
		if (MATCH(t, s->append, &m, "$L.append($N)"))
			break;
	return s->append && (s->indexed || tree_count(t, s->otherwise) == 1) &&
	       (!s->field || tree_is_any(t, got(&m, 'N'), "list dictionary"));
}

/* What is appended has the key where the scan looks for it. */
static bool has_key(const struct rule_ctx *c, const struct search *s)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	MATCH(t, s->append, &m, "$_.append($N)");
	int made = got(&m, 'N'), item = tree_first(t, made);
	if (!s->field)
		return tree_equal(t, made, s->key);
	if (tree_is(t, made, "list"))
		return tree_text_is(t, s->field, "0") && item && tree_equal(t, item, s->key);
	for (bool found = false;; item = tree_next(t, item)) {
		if (!item)
			return found;
		if (!tree_is(t, item, "pair"))
			return false;
		if (!tree_equal(t, tree_field(t, item, "key"), s->field))
			continue;
		if (found || !tree_equal(t, tree_field(t, item, "value"), s->key))
			return false;
		found = true;
	}
}

/* The records' keys stay, and nobody else gets hold of a record in the loop. */
static bool keeps_keys(const struct rule_ctx *c, const struct search *s, int loop)
{
	const struct tree *t = c->tree;
	cf_autofree char *record = py_name(c, s->record), *list = py_name(c, s->list);

	/* Of the list: the scan, its test, the append. */
	if (!local_dead_outside(c, s->scan, record) || py_bindings(c, s->scan, record) != 1 ||
		py_uses(c, s->otherwise, record))
		return false;
	int block = tree_parent(t, s->then), others = s->indexed ? py_uses(c, block, list) : 0;
	if (py_uses(c, loop, list) != others + (s->indexed ? 3 : 2))
		return false;
	PY_EACH_USE (c, block, s->indexed ? list : record, use) {
		int n = s->indexed ? tree_parent(t, use) : use;
		int index = tree_field(t, tree_parent(t, n), "subscript");
		enum py_use how = py_use(c, n);
		if (s->indexed && (!s->field || !tree_is(t, n, "subscript") ||
					  !tree_equal(t, tree_field(t, n, "subscript"), s->record)))
			return false;
		if ((how != PY_USE_INDEX && how != PY_USE_STORE) ||
			!tree_is_any(t, index, "integer string") || tree_equal(t, index, s->field))
			return false;
	}
	return true;
}

static void records(struct rule_ctx *c, int scan)
{
	const struct tree *t = c->tree;
	struct search s;
	int loop;

	if (!is_search(c, scan, &s) || (s.field && !tree_is_any(t, s.field, "integer string")))
		return;
	cf_autofree char *record = py_name(c, s.record), *list = py_name(c, s.list);
	if (!starts_empty(c, list, scan, &loop) ||
		py_unhashable(c, s.key) || !py_pure(c, s.key) || py_uses(c, s.key, record) ||
		py_uses(c, s.key, list) || !has_key(c, &s) || !keeps_keys(c, &s, loop) ||
		tree_has_comment(t, t->v[s.first].start, t->v[s.last].end))
		return;
	/* The append is reached, with the key that was looked for. */
	for (int n = s.otherwise; n < t->v[s.otherwise].after; n++)
		if (tree_is_any(t, n, "break_statement continue_statement return_statement raise_statement"))
			return;
	if (!py_steady(c, s.key, s.otherwise))
		return;

	struct match m = {0};
	MATCH(t, s.append, &m, "$L.append($N)");
	bind(&m, 'T', s.then);
	m.last['T' - 'A'] = s.then_last;
	bind(&m, 'O', tree_first(t, s.otherwise));
	m.last['O' - 'A'] = tree_last(t, s.otherwise);
	rule_begin(c, scan);
	const char *index = rule_fresh_name(c, s.indexed ? "%s_positions" : "%s_by_key", list);
	rule_insert_before(c, loop, NULL, "%s = {}", index);
	if (s.indexed)
		rule_replace_run(c, s.first, s.last, &m,
			"%s = %s.get(%n)\nif %s is None:\n\t%s[%n] = len($L)\n\t$$$O\nelse:\n\t$$$T", record,
			index, s.key, record, index, s.key);
	else
		rule_replace_run(c, s.first, s.last, &m,
			"%s = %s.get(%n)\nif %s is None:\n\t%s = %s[%n] = $N\n\t$L.append(%s)\nelse:\n\t$$$T",
			record, index, s.key, record, record, index, s.key, record);
	rule_end(c, "All records were gone through to find the one with the key; a dict finds it by hash.");
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		struct match m = {0};
		if (!py_own(c, n))
			continue;
		if (tree_is(t, n, "for_statement"))
			records(c, n);
		if (!tree_is(t, n, "call") || !MATCH(t, n, &m, "$L.index($_)"))
			continue;
		/* All uses of the list go into its first one's proposal. */
		bool first = true;
		for (int i = c->body; i < n && first; i++) {
			struct match same = {0};
			bind(&same, 'L', got(&m, 'L'));
			first = !(tree_is(t, i, "call") && MATCH(t, i, &same, "$L.index($_)") && py_loop(c, i));
		}
		if (first)
			positions(c, got(&m, 'L'));
	}
}

const struct rule rule_list_search = {
	.name = "list-search",
	.summary = "a list that a loop fills and searches by key is found in by a dict beside it",
	.why = "Looking for a key among what has been collected so far costs more with each new one: n "
	       "keys cost n squared. A dict from key to place, or to record, finds it in constant time, "
	       "and the list stays as it is.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(rows):\n"
		 "    pairs = []\n"
		 "    counts = []\n"
		 "    for a, b in rows:\n"
		 "        pair = (a, b)\n"
		 "        if pair in pairs:\n"
		 "            counts[pairs.index(pair)] += 1\n"
		 "        else:\n"
		 "            pairs.append(pair)\n"
		 "            counts.append(1)\n"
		 "    return list(zip(pairs, counts))\n",
		 "def f(rows):\n"
		 "    pairs = []\n"
		 "    counts = []\n"
		 "    pairs_positions = {}\n"
		 "    for a, b in rows:\n"
		 "        pair = (a, b)\n"
		 "        if pair in pairs_positions:\n"
		 "            counts[pairs_positions[pair]] += 1\n"
		 "        else:\n"
		 "            pairs_positions[pair] = len(pairs)\n"
		 "            pairs.append(pair)\n"
		 "            counts.append(1)\n"
		 "    return list(zip(pairs, counts))\n",
		 "f([(1, 2), (2, 1), (1, 2)])\n"
		 "f([])"},
		{"def f(rows):\n"
		 "    groups = []\n"
		 "    for row in rows:\n"
		 "        for g in groups:\n"
		 "            if g[0] == row['k']:\n"
		 "                g[1] += row['v']\n"
		 "                break\n"
		 "        else:\n"
		 "            groups.append([row['k'], row['v']])\n"
		 "    return groups\n",
		 "def f(rows):\n"
		 "    groups = []\n"
		 "    groups_by_key = {}\n"
		 "    for row in rows:\n"
		 "        g = groups_by_key.get(row['k'])\n"
		 "        if g is None:\n"
		 "            g = groups_by_key[row['k']] = [row['k'], row['v']]\n"
		 "            groups.append(g)\n"
		 "        else:\n"
		 "            g[1] += row['v']\n"
		 "    return groups\n",
		 "f([{'k': 'a', 'v': 1}, {'k': None, 'v': 2}, {'k': 'a', 'v': 3}])\n"
		 "f([])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* Something before; taken from; not there perhaps; a key that changes; a record kept. */
		"def f(rows, pairs):\n"
		"    counts = []\n"
		"    for pair in rows:\n"
		"        if pair in pairs:\n"
		"            counts[pairs.index(pair)] += 1\n"
		"        else:\n"
		"            pairs.append(pair)\n",
		"def f(rows):\n"
		"    seen = []\n"
		"    for x in rows:\n"
		"        if x in seen:\n"
		"            seen.pop(seen.index(x))\n"
		"        else:\n"
		"            seen.append(x)\n"
		"    return seen\n",
		"def f(rows):\n"
		"    seen = []\n"
		"    for x in rows:\n"
		"        seen.append(x)\n"
		"        print(seen.index(x + 1))\n",
		"def f(rows):\n"
		"    groups = []\n"
		"    for k, v in rows:\n"
		"        for g in groups:\n"
		"            if g[0] == k:\n"
		"                g[0] += v\n"
		"                break\n"
		"        else:\n"
		"            groups.append([k, v])\n"
		"    return groups\n",
		"def f(rows):\n"
		"    groups = []\n"
		"    for k, v in rows:\n"
		"        for g in groups:\n"
		"            if g[0] == k:\n"
		"                g[1] += v\n"
		"                break\n"
		"        else:\n"
		"            groups.append([k, v])\n"
		"    return g\n",
		NULL,
	},
};
