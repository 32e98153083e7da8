/* SPDX-License-Identifier: Apache-2.0 */
/* Loops that do nothing but count into a dict of their own. */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
#include "lib/mem.h"

static bool adds_one(const struct tree *t, int statement, struct match *m)
{
	return MATCH(t, statement, m, "$D[$K] += 1", "$D[$K] = $D[$K] + 1", "$D[$K] = 1 + $D[$K]",
		"$D[$K] = $D.get($K) + 1", "$D[$K] = $D.get($K, 0) + 1", "$D.update({$K: $D[$K] + 1})");
}

/* if …: one more, else: the first; or the other way round. */
static bool either(const struct tree *t, int n, struct match *m)
{
	int condition = tree_field(t, n, "condition"), then = tree_field(t, n, "consequence");
	int otherwise = tree_field(t, n, "alternative");
	int other = tree_is(t, otherwise, "else_clause") ? tree_field(t, otherwise, "body") : 0;

	if (tree_count(t, then) != 1 || !other || tree_count(t, other) != 1)
		return false;
	bool known = MATCH(t, condition, m, "$K in $D.keys()", "$K in list($D.keys())", "$K in $D",
		"$D.get($K)", "$D.get($K) is not None", "$D.get($K, 0) > 0");
	if (!known && !MATCH(t, condition, m, "$K not in $D.keys()", "not $K in $D.keys()",
			      "$K not in list($D.keys())", "$K not in $D", "not $K in $D",
			      "not $D.get($K)", "$D.get($K) is None"))
		return false;
	return adds_one(t, tree_first(t, known ? then : other), m) &&
	       MATCH(t, tree_first(t, known ? other : then), m, "$D[$K] = 1", "$D.update({$K: 1})");
}

/* The statements first..last count $K in $D. */
static bool counts(const struct rule_ctx *c, int first, int last, struct match *m)
{
	const struct tree *t = c->tree;
	struct match more = *m;

	if (first == last && tree_is(t, first, "if_statement")) {
		if (either(t, first, &more))
			*m = more;
		return got(m, 'D');
	}
	if (first == last)
		return MATCH(t, first, m, "$D[$K] = $D.get($K, 0) + 1", "$D[$K] = 1 + $D.get($K, 0)",
			"try:\n\t$D[$K] += 1\nexcept KeyError:\n\t$D[$K] = 1",
			"try:\n\t$D[$K] = $D[$K] + 1\nexcept KeyError:\n\t$D[$K] = 1",
			"$D[$K] = $D[$K] + 1 if $K in $D else 1",
			"$D[$K] = 1 if $K not in $D else $D[$K] + 1",
			"$D[$K] = $D.setdefault($K, 0) + 1", "$D.update({$K: $D.get($K, 0) + 1})");
	if (tree_next(t, first) != last)
		return false;
	more = *m;
	if (!MATCH(t, first, &more, "if $K not in $D:\n\t$D[$K] = 0",
		    "if not $K in $D:\n\t$D[$K] = 0", "if $K not in $D.keys():\n\t$D[$K] = 0",
		    "$D.setdefault($K, 0)") ||
		!adds_one(t, last, &more))
		return false;
	*m = more;
	return true;
}

/* Iterating over it gives the items that Counter would count: not a mapping, as far as is known. A
 * mapping's keys come once each, so that nobody counts them; what is called one may be one. */
static bool never_mapping(const struct rule_ctx *c, int n)
{
	enum py_type type = py_type_of(c, n);
	if (type == PY_UNKNOWN && py_is_path(c, n)) {
		cf_autofree char *text = tree_text(c->tree, n);
		return !strstr(text, "dict") && !strstr(text, "map") && !strstr(text, "count") &&
		       !strstr(text, "_by_") && !strstr(text, "index") && !strstr(text, "table") &&
		       strlen(text) > 1 && strcmp(text, "data");
	}
	return type == PY_LIST || type == PY_TUPLE || type == PY_STR || type == PY_SET ||
	       tree_is_any(c->tree, n, "generator_expression list_comprehension") ||
	       MATCH(c->tree, n, &(struct match){0}, "$_.values()", "$_.items()", "$_.keys()",
		       "range($$$A)", "zip($$$A)", "map($$$A)", "filter($$$A)");
}

/* What d starts from: how the counts become that type again. */
static bool shell(const struct rule_ctx *c, int value, const char **before, const char **after)
{
	const struct tree *t = c->tree;
	if (MATCH(t, value, &(struct match){0}, "{}", "dict()")) {
		*before = "dict(%s(";
		*after = "))";
	} else if (MATCH(t, value, &(struct match){0}, "Counter()", "collections.Counter()")) {
		*before = "%s(";
		*after = ")";
	} else if (MATCH(t, value, &(struct match){0}, "defaultdict(int)")) {
		*before = "defaultdict(int, %s(";
		*after = "))";
	} else if (MATCH(t, value, &(struct match){0}, "collections.defaultdict(int)")) {
		*before = "collections.defaultdict(int, %s(";
		*after = "))";
	} else {
		return false;
	}
	return tree_is(t, value, "dictionary") || *before[0] != 'd' || py_is_builtin(c, "dict");
}

/* The statement before the loop that makes d empty, nothing between using it. */
static int start_of(const struct rule_ctx *c, const char *name, int loop)
{
	const struct tree *t = c->tree;
	for (int p = tree_prev(t, loop); p; p = tree_prev(t, p))
		if (py_uses(c, p, name))
			return local_value(c, p) && py_uses(c, p, name) == 1 &&
					       tree_text_is(t,
						       tree_field(t, tree_first(t, p), "left"),
						       name)
				       ? p
				       : 0;
	return 0;
}

static void loop(struct rule_ctx *c, int loop)
{
	const struct tree *t = c->tree;
	struct clauses p;
	struct match m = {0};
	const char *before, *after;

	if (!clauses_of(c, loop, &p))
		return;
	bool plain = MATCH(t, p.first, &m, "$D[$K] += 1") && p.first == p.last;
	if (!plain && !counts(c, p.first, p.last, &m))
		return;
	cf_autofree char *dict = py_name(c, got(&m, 'D'));
	int key = got(&m, 'K'), start = dict && py_is_local(c, dict) ? start_of(c, dict, loop) : 0;
	if (!start || !shell(c, local_value(c, start), &before, &after))
		return;
	/* A plain dict would have raised KeyError. */
	if (plain && !strncmp(before, "dict(", 5))
		return;
	if ((!plain && !py_pure(c, key)) || py_uses(c, key, dict) || clauses_use(c, &p, dict) ||
		!clauses_dead_outside(c, &p, loop) || local_seen_after_error(c, loop, dict))
		return;

	/* word = line.strip(); d[word] += 1 */
	cf_autofree char *name = py_name(c, key), *bound = p.name ? tree_text(t, p.name) : NULL;
	if (p.name && name && !strcmp(name, bound))
		key = p.name_value;
	else if (p.name)
		return;
	if (tree_has_comment(t, t->v[key].start, t->v[key].end))
		return;

	rule_begin(c, loop);
	const char *counter = py_import(c, "collections", "Counter");
	bool adjacent = tree_next(t, start) == loop;
	int annotation = tree_field(t, tree_first(t, start), "type");
	cf_autobuf struct cf_buf open = CF_BUF_INIT, close = CF_BUF_INIT;
	cf_buf_adds(&open, dict);
	if (annotation) {
		cf_autofree char *text = tree_text(t, annotation);
		cf_buf_addf(&open, ": %s", text);
	}
	cf_buf_adds(&open, " = ");
	for (const char *s = before; *s; s++)
		if (*s == '%') {
			cf_buf_adds(&open, counter ? counter : "");
			s++;
		} else {
			cf_buf_addc(&open, *s);
		}
	int over = p.v[0].value;
	cf_autofree char *item = tree_text(t, key);
	if (!adjacent)
		rule_delete(c, start);
	if (p.n == 1 && !p.name && tree_text_is(t, p.v[0].target, item)) {
		bool sure = never_mapping(c, over);
		rule_replace_run(c, adjacent ? start : loop, loop, NULL, "%s%s%n%s%s", open.data,
			sure ? "" : "iter(", over, sure ? "" : ")", after);
	} else {
		cf_buf_addc(&open, '[');
		cf_buf_addf(&close, "]%s", after);
		clauses_write(c, adjacent ? start : loop, loop, &p, open.data, item, close.data);
	}
	rule_end(c,
		"Counter counts in C, one look-up an item; keys keep the order in which they first "
		"came.");
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES(c, n)
	{
		int outer = tree_is(t, n, "for_statement") && py_own(c, n) ? n : 0;
		if (outer)
			loop(c, outer);
	}
}

const struct rule rule_hand_counting = {
	.name = "hand-counting",
	.summary = "loops that count into a dict become collections.Counter",
	.why = "Counting by hand looks each key up two or three times and runs several bytecodes an item. "
	       "collections.Counter does the same loop in C. dict() around it gives the plain dict back, "
	       "its keys in the same order.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"import os\n"
		 "\n"
		 "def f(text):\n"
		 "    counts = {}\n"
		 "    for word in text.split():\n"
		 "        # new or known\n"
		 "        if word in counts:\n"
		 "            counts[word] += 1\n"
		 "        else:\n"
		 "            counts[word] = 1\n"
		 "    return counts\n",
		 "import os\n"
		 "from collections import Counter\n"
		 "\n"
		 "def f(text):\n"
		 "    # new or known\n"
		 "    counts = dict(Counter(text.split()))\n"
		 "    return counts\n",
		 "f('a b a c b a')\n"
		 "f('')"},
		{"from collections import Counter\n"
		 "\n"
		 "def f(rows):\n"
		 "    counts: dict = dict()\n"
		 "    total = 0\n"
		 "    for row in rows:\n"
		 "        if not row:\n"
		 "            continue\n"
		 "        key = row['k'].lower()\n"
		 "        counts[key] = counts.get(key, 0) + 1\n"
		 "    return counts, total\n",
		 "from collections import Counter\n"
		 "\n"
		 "def f(rows):\n"
		 "    total = 0\n"
		 "    counts: dict = dict(Counter([row['k'].lower() for row in rows if row]))\n"
		 "    return counts, total\n",
		 "f([{'k': 'B'}, {}, {'k': 'a'}, {'k': 'b'}])\n"
		 "f([])"},
		{"from collections import defaultdict, Counter\n"
		 "\n"
		 "def f(xs, rows, table):\n"
		 "    a = defaultdict(int)\n"
		 "    for x in table:\n"
		 "        a[x] += 1\n"
		 "    b = {}\n"
		 "    for row in rows:\n"
		 "        for x in row:\n"
		 "            if x > 1:\n"
		 "                try:\n"
		 "                    b[x] += 1\n"
		 "                except KeyError:\n"
		 "                    b[x] = 1\n"
		 "    d = {}\n"
		 "    for x in xs:\n"
		 "        if x not in d:\n"
		 "            d[x] = 0\n"
		 "        d[x] += 1\n"
		 "    return a, b, d\n",
		 "from collections import defaultdict, Counter\n"
		 "\n"
		 "def f(xs, rows, table):\n"
		 "    a = defaultdict(int, Counter(iter(table)))\n"
		 "    b = dict(Counter([x for row in rows for x in row if x > 1]))\n"
		 "    d = dict(Counter(xs))\n"
		 "    return a, b, d\n",
		 "f([1, 2, 1], [[1, 2], [3, 3]], [2])\n"
		 "f([], [], {'a': 5})"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* More in the loop; not empty before; another step; a plain dict that must have the key;
		   the item is read afterwards; the caller's dict. */
		"def f(xs):\n"
		"    d = {}\n"
		"    for x in xs:\n"
		"        d[x] = d.get(x, 0) + 1\n"
		"        print(x)\n"
		"    return d\n",
		"def f(xs, d):\n"
		"    for x in xs:\n"
		"        d[x] = d.get(x, 0) + 1\n"
		"    return d\n",
		"def f(xs):\n"
		"    d = {}\n"
		"    for x in xs:\n"
		"        d[x] = d.get(x, 0) + 2\n"
		"    return d\n",
		"def f(xs):\n"
		"    d = {}\n"
		"    for x in xs:\n"
		"        d[x] += 1\n"
		"    return d\n",
		"def f(xs):\n"
		"    d = {}\n"
		"    for x in xs:\n"
		"        d[x] = d.get(x, 0) + 1\n"
		"    return d, x\n",
		"def f(xs, key):\n"
		"    d = {'a': 1}\n"
		"    e = {}\n"
		"    for x in xs:\n"
		"        d[x] = d.get(x, 0) + 1\n"
		"    for x in xs:\n"
		"        e[key(x)] = e.get(key(x), 0) + 1\n"
		"    return d, e\n",
		NULL,
	},
};
