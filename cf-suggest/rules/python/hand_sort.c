/* SPDX-License-Identifier: Apache-2.0 */
/* Bubble, selection, exchange and insertion sorts written out, in place. */
#include "cf-suggest/rules/python/trial.h"

#include <string.h>
#include "cf-suggest/rules/python/locals.h"
#include "lib/mem.h"

/* `n = len(a)` and `swapped = True` that nobody needs any more. */
static void drop_unused(struct rule_ctx *c, int loop, int list, int into)
{
	const struct tree *t = c->tree;
	for (int s = tree_prev(t, loop); s; s = tree_prev(t, s)) {
		struct match m = {0};
		if (!MATCH(t, s, &m, "$N = $V") || !tree_is(t, got(&m, 'N'), "identifier"))
			break;
		cf_autofree char *name = tree_text(t, got(&m, 'N'));
		if (tree_equal(t, got(&m, 'N'), list) ||
			(into && tree_equal(t, got(&m, 'N'), into)) ||
			!py_uses(c, loop, name) || py_reads_outside(c, loop, name) ||
			!py_pure(c, got(&m, 'V')) || py_bindings(c, c->body, name) !=
							     1 + py_bindings(c, loop, name) ||
			!py_is_local(c, name) || tree_is_any(t, got(&m, 'V'), "identifier subscript"))
			break;
		rule_delete(c, s);
	}
}

/* Nothing that the loops bind is wanted later. */
static bool is_wanted_later(const struct rule_ctx *c, int loop)
{
	for (int n = loop; n < c->tree->v[loop].after; n++) {
		cf_autofree char *name = py_role(c, n) == PY_BIND ? tree_text(c->tree, n) : NULL;
		if (name && py_reads_outside(c, loop, name))
			return true;
	}
	return false;
}

/* key=…, reverse=…: what sort() is to be told. Returns new. */
static char *arguments(const struct rule_ctx *c, const struct trial *s)
{
	const struct tree *t = c->tree;
	struct match f = {0};
	cf_autofree char *flag = s->flag ? tree_text(t, s->flag) : NULL;
	cf_autofree char *reverse = flag ? cf_asprintf(s->ascending ? "reverse=not %s" : "reverse=bool(%s)", flag)
					 : cf_strdup(s->ascending ? "" : "reverse=True");
	cf_autofree char *key = NULL;

	if (!s->side || s->side == s->element)
		key = cf_strdup("");
	else if (MATCH(t, s->side, &f, "$F($X)") && tree_equal(t, got(&f, 'X'), s->element) &&
		 tree_is_any(t, got(&f, 'F'), "identifier attribute"))
		key = cf_asprintf("key=%.*s", (int)(t->v[got(&f, 'F')].end - t->v[got(&f, 'F')].start),
			t->text + t->v[got(&f, 'F')].start);
	else {
		cf_autofree char *text = trial_key(t, s->side, s->element);
		key = cf_asprintf("key=lambda item: %s", text);
	}
	return cf_asprintf("%s%s%s", key, *key && *reverse ? ", " : "", reverse);
}

static void propose(struct rule_ctx *c, const struct trial *s)
{
	const struct tree *t = c->tree;
	cf_autofree char *list = s->into ? py_name(c, s->into) : NULL;
	int start = list ? py_assigned_before(c, list, s->loop) : 0;

	/* Put in place among others, only an empty list ends up sorted. */
	if (s->into && !MATCH(t, start, &(struct match){0}, "$_ = []", "$_ = list()"))
		return;
	for (int n = start ? tree_next(t, start) : s->loop; n && n < s->loop; n = tree_next(t, n))
		if (py_uses(c, n, list))
			return;
	cf_autofree char *how = arguments(c, s);
	rule_begin(c, s->loop);
	drop_unused(c, s->loop, s->list, s->into);
	bool whole = s->into && tree_parent(t, start) == tree_parent(t, s->loop) && py_is_builtin(c, "sorted");
	int back = whole && !s->empties ? local_returned(c, start, s->loop, list) : 0;
	int type = start ? tree_field(t, tree_first(t, start), "type") : 0;
	cf_autofree char *hint = type ? tree_text(t, type) : NULL;
	if (whole)
		rule_delete(c, start);
	if (back)
		rule_replace_run(c, s->loop, back, NULL, "return sorted(%n%s%s)", s->list,
			*how ? ", " : "", how);
	else if (whole && s->empties)
		rule_replace(c, s->loop, NULL, "%n%s%s = sorted(%n%s%s)\n%n.clear()", s->into,
			hint ? ": " : "", hint ? hint : "", s->list, *how ? ", " : "", how, s->list);
	else if (whole)
		rule_replace(c, s->loop, NULL, "%n%s%s = sorted(%n%s%s)", s->into, hint ? ": " : "",
			hint ? hint : "", s->list, *how ? ", " : "", how);
	else if (s->into && s->empties)
		rule_replace(c, s->loop, NULL, "%n.extend(sorted(%n%s%s))\n%n.clear()", s->into, s->list,
			*how ? ", " : "", how, s->list);
	else if (s->into)
		rule_replace(c, s->loop, NULL, "%n.extend(sorted(%n%s%s))", s->into, s->list,
			*how ? ", " : "", how);
	else
		rule_replace(c, s->loop, NULL, "%n.sort(%s)", s->list, how);
	rule_end(c, "The loops sort in quadratic time; list.sort does it in n log n, in C, and stably.");
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		struct trial s = {.loop = n};
		if (!tree_is_any(t, n, PY_LOOPS) || !py_own(c, n) || is_wanted_later(c, n) ||
			!trial_sorts(c, &s))
			continue;
		propose(c, &s);
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
		 "        for j in range(len(a) - 1 - i):\n"
		 "            if key(a[j + 1]) < key(a[j]):\n"
		 "                a[j + 1], a[j] = a[j], a[j + 1]\n"
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
		 "    out = sorted(rest)\n"
		 "    rest.clear()\n"
		 "    return a, out\n",
		 "f([3, -1, 2, 1, -3], abs)"},
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
		 "    out = sorted(rows)\n"
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
		/* Not stable, which shows; stops short of the end. */
		"def f(rows):\n"
		"    for i in range(len(rows)):\n"
		"        for j in range(i + 1, len(rows)):\n"
		"            if rows[j]['k'] < rows[i]['k']:\n"
		"                rows[i], rows[j] = rows[j], rows[i]\n",
		"def f(a):\n"
		"    for i in range(len(a)):\n"
		"        for j in range(len(a) - 2 - i):\n"
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
