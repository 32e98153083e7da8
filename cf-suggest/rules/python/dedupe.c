/* SPDX-License-Identifier: Apache-2.0 */
/* Order-preserving de-duplication written with a list and `in`. */
#include "cf-suggest/rules/python/py.h"

#include "lib/mem.h"

/* The statement before s that makes $L an empty list; nothing between may use it. */
static int empty_list_before(const struct rule_ctx *c, const char *name, int s)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int assigned = py_assigned_before(c, name, s);

	if (!assigned || tree_parent(t, assigned) != tree_parent(t, s) ||
		!MATCH(t, assigned, &m, "$L = []", "$L = list()"))
		return 0;
	for (int p = tree_next(t, assigned); p && p != s; p = tree_next(t, p))
		if (py_uses(c, p, name))
			return 0;
	return assigned;
}

/* `in` written out. */
#define FLAG(equal)                                                                                  \
	"for $X in $A:\n\t$F = False\n\tfor $O in $L:\n\t\tif " equal ":\n\t\t\t$F = True\n"        \
	"\t\t\tbreak\n\tif not $F:\n\t\t$L.append($X)"

/* No name that the holes matched is wanted after the statement. */
static bool is_wanted_later(const struct rule_ctx *c, int s, const struct match *m, const char *holes)
{
	for (; *holes; holes++) {
		cf_autofree char *name = py_name(c, got(m, *holes));
		if (got(m, *holes) && (!name || py_reads_outside(c, s, name)))
			return true;
	}
	return false;
}

/* Is anything there twice? Every pair is compared. */
static void any_twice(struct rule_ctx *c, int s)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	if (!MATCH(t, s, &m,
		    "for $I in range(len($A)):\n\tfor $J in range($I + 1, len($A)):\n"
		    "\t\tif $A[$I] == $A[$J]:\n\t\t\treturn $R",
		    "for $I in range(len($A)):\n\tfor $J in range(len($A)):\n"
		    "\t\tif $I != $J and $A[$I] == $A[$J]:\n\t\t\treturn $R",
		    "for $I, $X in enumerate($A):\n\tfor $J in $A[$I + 1:]:\n"
		    "\t\tif $X == $J:\n\t\t\treturn $R",
		    "for $I, $X in enumerate($A):\n\tif $X in $A[$I + 1:]:\n\t\treturn $R",
		    "for $X in $A:\n\tif $A.count($X) > 1:\n\t\treturn $R",
		    "for $I, $X in enumerate($A):\n\tif $X in $A[:$I]:\n\t\treturn $R"))
		return;
	if (!tree_is_any(t, got(&m, 'R'), "true false string integer none") ||
		is_wanted_later(c, s, &m, "IJX") || py_type_of(c, got(&m, 'A')) == PY_STR)
		return;
	rule_begin(c, s);
	rule_replace(c, s, &m, "if len(set($A)) != len($(A)):\n\treturn $R");
	rule_end(c, "A set has fewer elements than the list when any is there twice; every pair was "
		    "compared.");
}

static void loop(struct rule_ctx *c, int s)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int which = MATCH(t, s, &m,
		"for $X in $A:\n\tif $X not in $L:\n\t\t$L.append($X)",
		"for $X in $A:\n\tif not $X in $L:\n\t\t$L.append($X)",
		"for $X in $A:\n\tif $X in $L:\n\t\tcontinue\n\t$L.append($X)",
		"for $X in $A:\n\tif $X in $L:\n\t\tpass\n\telse:\n\t\t$L.append($X)",
		"for $X in $A:\n\tif $X in $L:\n\t\tcontinue\n\telse:\n\t\t$L.append($X)",
		"for $X in $A:\n\tif $L.count($X) == 0:\n\t\t$L.append($X)",
		FLAG("$O == $X"), FLAG("$X == $O"),
		"[$L.append($X) for $X in $A if $X not in $L]",
		"for $I in range(len($A)):\n\tif $A[$I] not in $L:\n\t\t$L.append($A[$I])",
		"for $I in range(len($A)):\n\tif not $A[$I] in $L:\n\t\t$L.append($A[$I])",
		"for $I in range(len($A)):\n\tif $A[$I] in $L:\n\t\tcontinue\n\t$L.append($A[$I])",
		"for $I in range(0, len($A)):\n\tif $A[$I] not in $L:\n\t\t$L.append($A[$I])");
	if (!which)
		return;
	cf_autofree char *list = py_name(c, got(&m, 'L'));
	cf_autofree char *item = py_name(c, which <= 9 ? got(&m, 'X') : got(&m, 'I'));
	if (!list || !item || py_uses(c, got(&m, 'A'), list) || py_reads_outside(c, s, item) ||
		is_wanted_later(c, s, &m, "FO"))
		return;
	int empty = empty_list_before(c, list, s);
	if (!empty)
		return;

	rule_begin(c, s);
	if (tree_next(t, empty) == s) {
		rule_replace(c, tree_field(t, tree_first(t, empty), "right"), &m,
			"list(dict.fromkeys($A))");
		rule_delete(c, s);
	} else {
		if (tree_field(t, tree_first(t, empty), "type"))
			rule_fail(c);
		rule_delete(c, empty);
		rule_replace(c, s, &m, "$L = list(dict.fromkeys($A))");
	}
	rule_end(c, "A dict keeps the first of equal items in order and finds them by hash; the loop "
		    "compared each item with all that were kept.");
}

/* The same of something that each item has: `if row.key not in keys: keys.append(row.key)`. */
static void projection(struct rule_ctx *c, int s)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	if (!MATCH(t, s, &m, "for $X in $A:\n\tif $E not in $L:\n\t\t$L.append($E)",
		    "for $X in $A:\n\tif not $E in $L:\n\t\t$L.append($E)",
		    "for $X in $A:\n\tif $E in $L:\n\t\tcontinue\n\t$L.append($E)",
		    "for $X in $A:\n\t$V = $E\n\tif $V not in $L:\n\t\t$L.append($V)",
		    "for $X in $A:\n\t$V = $E\n\tif not $V in $L:\n\t\t$L.append($V)",
		    "for $X in $A:\n\t$V = $E\n\tif $V in $L:\n\t\tcontinue\n\t$L.append($V)"))
		return;
	cf_autofree char *list = py_name(c, got(&m, 'L')), *value = py_name(c, got(&m, 'V'));
	if (!list || py_uses(c, got(&m, 'A'), list) || py_uses(c, got(&m, 'E'), list) ||
		tree_equal(t, got(&m, 'E'), got(&m, 'X')) || tree_has_comment(t, t->v[s].start, t->v[s].end) ||
		(got(&m, 'V') && (!value || py_reads_outside(c, s, value))) ||
		(!got(&m, 'V') && !py_pure(c, got(&m, 'E'))))
		return;
	for (int n = got(&m, 'X'); n < t->v[got(&m, 'X')].after; n++) {
		cf_autofree char *name = py_name(c, n);
		if (name && py_reads_outside(c, s, name))
			return;
	}
	int empty = empty_list_before(c, list, s);
	if (!empty || tree_next(t, empty) != s)
		return;
	rule_begin(c, s);
	rule_replace(c, tree_field(t, tree_first(t, empty), "right"), &m,
		"list(dict.fromkeys($(E) for $X in $(A)))");
	rule_delete(c, s);
	rule_end(c, "A dict keeps the first of equal values in order and finds them by hash; the loop "
		    "compared each value with all that were kept.");
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		struct match m = {0};
		if (tree_is_any(t, n, "for_statement expression_statement"))
			loop(c, n);
		if (tree_is(t, n, "for_statement"))
			projection(c, n), any_twice(c, n);
		if (tree_is(t, n, "list_comprehension") &&
			MATCH(t, n, &m, "[$X for $I, $X in enumerate($A) if $X not in $A[:$I]]",
				"[$X for $I, $X in enumerate($A) if $A.index($X) == $I]",
				"[$A[$I] for $I in range(len($A)) if $A[$I] not in $A[:$I]]")) {
			rule_begin(c, n);
			rule_replace(c, n, &m, "list(dict.fromkeys($A))");
			rule_end(c, "A dict keeps the first of equal items in order and finds them by hash; "
				    "this searched the list anew for each item.");
		}
	}
}

const struct rule rule_dedupe = {
	.name = "dedupe",
	.summary = "quadratic order-preserving de-duplication becomes dict.fromkeys",
	.why = "Keeping the first of equal items by asking a list whether it has them costs the square of "
	       "the length. dict.fromkeys keeps the same items in the same order in one pass.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(items):\n"
		 "    seen = []\n"
		 "    for item in items:\n"
		 "        if item not in seen:\n"
		 "            seen.append(item)\n"
		 "    return seen\n",
		 "def f(items):\n"
		 "    seen = list(dict.fromkeys(items))\n"
		 "    return seen\n",
		 "f([3, 1, 3, 2, 1])\n"
		 "f([])\n"
		 "f('abca')"},
		{"def f(rows):\n"
		 "    keys: list[str] = list()\n"
		 "    # first come, first served\n"
		 "    for k in (r['k'] for r in rows):\n"
		 "        if (k in keys):\n"
		 "            continue  # had it\n"
		 "        keys.append(k)\n"
		 "    return keys\n",
		 "def f(rows):\n"
		 "    keys: list[str] = list(dict.fromkeys((r['k'] for r in rows)))\n"
		 "    # first come, first served\n"
		 "    # had it\n"
		 "    return keys\n",
		 "f([{'k': 1}, {'k': 2}, {'k': 1}])"},
		{"def f(a):\n"
		 "    out = []\n"
		 "    b = a + a\n"
		 "    for i in range(len(b)):\n"
		 "        if not b[i] in out:\n"
		 "            out.append(b[i])\n"
		 "    c = [x for i, x in enumerate(a) if x not in a[:i]]\n"
		 "    return out, c\n",
		 "def f(a):\n"
		 "    b = a + a\n"
		 "    out = list(dict.fromkeys(b))\n"
		 "    c = list(dict.fromkeys(a))\n"
		 "    return out, c\n",
		 "f([3, 1, 3, 2, 1])"},
		{"def f(rows):\n"
		 "    keys = []\n"
		 "    for i, row in enumerate(rows):\n"
		 "        key = row['k'].strip()\n"
		 "        if key not in keys:\n"
		 "            keys.append(key)\n"
		 "    return keys\n",
		 "def f(rows):\n"
		 "    keys = list(dict.fromkeys(row['k'].strip() for i, row in enumerate(rows)))\n"
		 "    return keys\n",
		 "f([{'k': ' b'}, {'k': 'a'}, {'k': 'b'}])"},
		{"def f(a):\n"
		 "    out = []\n"
		 "    for x in a:\n"
		 "        found = False\n"
		 "        for o in out:\n"
		 "            if x == o:\n"
		 "                found = True\n"
		 "                break\n"
		 "        if not found:\n"
		 "            out.append(x)\n"
		 "    for i in range(len(a)):\n"
		 "        for j in range(i + 1, len(a)):\n"
		 "            if a[i] == a[j]:\n"
		 "                return True\n"
		 "    return out\n",
		 "def f(a):\n"
		 "    out = list(dict.fromkeys(a))\n"
		 "    if len(set(a)) != len(a):\n"
		 "        return True\n"
		 "    return out\n",
		 "f([1, 2, 1])\n"
		 "f([2, 1])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* More happens in the loop; the list had something; the item is used later. */
		"def f(items):\n"
		"    seen = []\n"
		"    for item in items:\n"
		"        if item not in seen:\n"
		"            seen.append(item)\n"
		"            print(item)\n",
		"def f(items, seen):\n"
		"    for item in items:\n"
		"        if item not in seen:\n"
		"            seen.append(item)\n",
		"def f(items):\n"
		"    seen = []\n"
		"    for item in items:\n"
		"        if item not in seen:\n"
		"            seen.append(item)\n"
		"    return seen, item\n",
		NULL,
	},
};
