/* SPDX-License-Identifier: Apache-2.0 */
/* Loops over indexes or keys that look each element up: range(len(x)), d.keys(). */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
#include "lib/mem.h"

#define READS 40

struct walk {
	int region;	  /* the for statement or comprehension */
	int clause;	  /* what has `left` and `right` */
	int container;	  /* x or d */
	char *index;	  /* i or k; owned */
	bool keys;	  /* of a dict */
	int reads[READS]; /* x[i] in the region */
	int n;
	bool otherwise; /* i is used for more than that */
};

/* for i in range(len(x)), for k in d.keys(), for k in d. */
static bool walks(const struct rule_ctx *c, int clause, struct walk *w)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int right = tree_field(t, clause, "right");
	int which = MATCH(t, right, &m, "range(len($X))", "range(0, len($X))", "$X.keys()");

	if (!which && py_is_path(c, right) && py_type_of(c, right) == PY_DICT) {
		bind(&m, 'X', right);
		which = 3;
	}
	w->container = got(&m, 'X');
	w->keys = which >= 3;
	w->index = py_name(c, tree_field(t, clause, "left"));
	if (!which || !w->index || !py_is_path(c, w->container))
		return false;
	enum py_type type = py_type_of(c, w->container);
	/* A class that has keys() and its own items() may have made this that. */
	if (w->keys)
		return (type == PY_DICT || type == PY_UNKNOWN) &&
		       !tree_text_is(t, w->container, "self");
	return (type == PY_LIST || type == PY_TUPLE || type == PY_STR || type == PY_UNKNOWN) &&
	       py_is_builtin(c, "range") && py_is_builtin(c, "len") &&
	       py_is_builtin(c, "enumerate");
}

/* Collects x[i]; false when something there makes the element another one. */
static bool collect(const struct rule_ctx *c, struct walk *w)
{
	const struct tree *t = c->tree;
	int right = tree_field(t, w->clause, "right");

	PY_EACH_USE(c, w->region, w->index, use)
	{
		int up = tree_parent(t, use);
		if (use == tree_field(t, w->clause, "left"))
			continue;
		if (py_role(c, use) != PY_READ || !py_own(c, use))
			return false;
		if (tree_inside(t, use, right))
			return false;
		if (tree_is(t, up, "subscript") && tree_field(t, up, "subscript") == use &&
			tree_count(t, up) == 2 &&
			tree_equal(t, tree_field(t, up, "value"), w->container)) {
			if (w->n == READS || py_use(c, up) == PY_USE_BIND)
				return false;
			w->reads[w->n++] = up;
		} else {
			w->otherwise = true;
		}
	}
	/* What else is done with x must leave it as it is; x.keys() itself does. */
	if (local_shared(c, w->container) && local_calls_out(c, w->region, right))
		return false;
	for (int n = w->region + 1; n < t->v[w->region].after; n = t->v[n].after) {
		if (tree_inside(t, right, n)) {
			if (n != right && !tree_is(t, n, "for_in_clause"))
				return false;
			continue;
		}
		if (py_changes(c, w->container, n))
			return false;
	}
	return w->n > 0;
}

/* row of rows; "" where there is no telling. Returns new. */
static char *singular(const struct rule_ctx *c, int container)
{
	cf_autofree char *base = py_base_name(c, container, "");
	size_t len = strlen(base);
	if (len > 3 && base[len - 1] == 's' && base[len - 2] != 's' && base[len - 2] != 'u' &&
		base[len - 2] != 'i') {
		base[len - 1] = '\0';
		return cf_steal(&base);
	}
	return cf_strdup("");
}

/* The first statement is `name = x[i]`: that name will do, when it stays what it is. */
static int first_name(const struct rule_ctx *c, const struct walk *w, char **name)
{
	const struct tree *t = c->tree;
	int body = tree_is(t, w->region, "for_statement") ? tree_field(t, w->region, "body") : 0;
	int first = body ? tree_first(t, body) : 0, value = first ? local_value(c, first) : 0;

	*name = NULL;
	if (!value || value != w->reads[0] || tree_field(t, tree_first(t, first), "type"))
		return 0;
	*name = py_name(c, tree_field(t, tree_first(t, first), "left"));
	if (*name && py_is_local(c, *name) && py_bindings(c, w->region, *name) == 1 &&
		strcmp(*name, w->index) && !py_uses(c, tree_field(t, w->clause, "right"), *name))
		return first;
	free(*name);
	*name = NULL;
	return 0;
}

static void rewrite(struct rule_ctx *c, int clause, int region)
{
	const struct tree *t = c->tree;
	struct walk w = {.region = region, .clause = clause};
	cf_autofree char *own = NULL;

	if (!walks(c, clause, &w) || !collect(c, &w)) {
		free(w.index);
		return;
	}
	cf_autofree char *index = w.index;
	/* A comprehension's names are its own; a loop's are the function's. */
	bool alone = !w.otherwise && (tree_is_any(t, region, PY_COMPREHENSIONS) ||
					     local_dead_outside(c, region, index));
	int first = first_name(c, &w, &own);
	cf_autofree char *base = singular(c, w.container);
	const char *name = own ? own : NULL;
	if (!name && *base && !py_uses(c, c->function, base) && strcmp(base, index))
		name = local_fresh_name(c, "%s", base);
	if (!name)
		name = local_fresh_name(c, "%s", w.keys ? "value" : "item");

	rule_begin(c, region);
	int left = tree_field(t, clause, "left"), right = tree_field(t, clause, "right");
	if (alone)
		rule_replace(c, left, NULL, "%s", name);
	else
		rule_replace(c, left, NULL, "%s, %s", index, name);
	if (w.keys)
		rule_replace(c, right, NULL, "%n.%s()", w.container, alone ? "values" : "items");
	else
		rule_replace(c, right, NULL, alone ? "%n" : "enumerate(%n)", w.container);
	if (first)
		rule_delete(c, first);
	for (int i = first ? 1 : 0; i < w.n; i++)
		rule_replace(c, w.reads[i], NULL, "%s", name);
	if (w.keys)
		rule_end(c, "The dict gives each key with its value, without a look-up for each.");
	else
		rule_end(
			c, "The loop gets each element as it goes, without counting and indexing.");
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;

	/* Labels of a DataFrame are not positions; between a generator's items anybody may change
	 * x. */
	if (local_is_frame_code(c, c->body) || py_is_generator(c) || py_is_async(c))
		return;
	PY_NODES(c, n)
	{
		if (!py_own(c, n))
			continue;
		if (tree_is(t, n, "for_statement"))
			rewrite(c, n, n);
		else if (tree_is(t, n, "for_in_clause") &&
			 tree_prev(t, n) == tree_first(t, tree_parent(t, n)))
			rewrite(c, n, tree_parent(t, n));
	}
}

const struct rule rule_element_lookup = {
	.name = "element-lookup",
	.summary = "loops over range(len(x)) or d.keys() get the elements from the loop itself",
	.why = "Counting an index and looking x[i] up, or hashing a key again for d[k], is work that the "
	       "iteration over x or d.items() has already done.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(rows, weights):\n"
		 "    total = 0\n"
		 "    for i in range(len(rows)):\n"
		 "        if rows[i] > 1:  # enough\n"
		 "            total += rows[i] * weights[i]\n"
		 "    return total\n",
		 "def f(rows, weights):\n"
		 "    total = 0\n"
		 "    for i, row in enumerate(rows):\n"
		 "        if row > 1:  # enough\n"
		 "            total += row * weights[i]\n"
		 "    return total\n",
		 "f([1, 2, 3], [4, 5, 6])\n"
		 "f([], [])"},
		{"def f(text):\n"
		 "    n = 0\n"
		 "    for i in range(0, len(text)):\n"
		 "        ch = text[i]\n"
		 "        if ch == 'a' or text[i] == 'b':\n"
		 "            n += 1\n"
		 "    return n, [text[j] * 2 for j in range(len(text))]\n",
		 "def f(text):\n"
		 "    n = 0\n"
		 "    for ch in text:\n"
		 "        if ch == 'a' or ch == 'b':\n"
		 "            n += 1\n"
		 "    return n, [item * 2 for item in text]\n",
		 "f('abcb')\n"
		 "f('')"},
		{"def f(prices):\n"
		 "    out = []\n"
		 "    for name in prices.keys():\n"
		 "        if prices[name] > 1:\n"
		 "            out.append((name, prices[name]))\n"
		 "    return out, sum(prices[k] for k in prices.keys())\n",
		 "def f(prices):\n"
		 "    out = []\n"
		 "    for name, price in prices.items():\n"
		 "        if price > 1:\n"
		 "            out.append((name, price))\n"
		 "    return out, sum(price_2 for price_2 in prices.values())\n",
		 "f({'a': 1, 'b': 2})\n"
		 "f({})"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* Changed in the loop; another list; neighbours; a dict by number; pandas; deleted keys. */
		"def f(xs):\n"
		"    for i in range(len(xs)):\n"
		"        xs[i] = xs[i] + 1\n",
		"def f(xs, ys):\n"
		"    for i in range(len(xs)):\n"
		"        print(ys[i])\n",
		"def f(xs):\n"
		"    return [xs[i + 1] for i in range(len(xs) - 1)]\n",
		"def f(n):\n"
		"    d = {}\n"
		"    for i in range(n):\n"
		"        d[i] = i\n"
		"    for i in range(len(d)):\n"
		"        print(d[i])\n",
		"def f(df):\n"
		"    return [df.loc[i] for i in range(len(df)) if df[i]]\n",
		"def f(d):\n"
		"    for k in list(d.keys()):\n"
		"        if d[k]:\n"
		"            del d[k]\n",
		"def f(d):\n"
		"    for k in d.keys():\n"
		"        d[k] += 1\n",
		/* A call may change it: an inner function, or another method. */
		"def f(xs):\n"
		"    d = {x: [] for x in xs}\n"
		"    def change():\n"
		"        d['a'] = 1\n"
		"    for k in d:\n"
		"        change()\n"
		"        print(d[k])\n",
		"class C:\n"
		"    def f(self):\n"
		"        for i in range(len(self.items)):\n"
		"            self.update()\n"
		"            print(self.items[i])\n",
		NULL,
	},
};
