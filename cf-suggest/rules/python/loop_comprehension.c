/* SPDX-License-Identifier: Apache-2.0 */
/* Loops that only fill a list, set or dict of their own. */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
#include "lib/mem.h"

/* What a pass adds: $L, and $E, or $K and $V, or $E if $C else $F. */
static enum py_type added(const struct rule_ctx *c, const struct clauses *p, struct match *m)
{
	const struct tree *t = c->tree;
	if (p->first != p->last)
		return PY_UNKNOWN;
	if (MATCH(t, p->first, m, "$L.append($E)",
		    "if $C:\n\t$L.append($E)\nelse:\n\t$L.append($F)", "$L += [$E]"))
		return PY_LIST;
	if (MATCH(t, p->first, m, "$L.add($E)", "if $C:\n\t$L.add($E)\nelse:\n\t$L.add($F)"))
		return PY_SET;
	return MATCH(t, p->first, m, "$L[$K] = $V") ? PY_DICT : PY_UNKNOWN;
}

/* The expression's text, the name that the pass gave a value spelled out. Returns new, or NULL. */
static char *spelled(const struct rule_ctx *c, const struct clauses *p, int n)
{
	const struct tree *t = c->tree;
	cf_autofree char *name = p->name ? tree_text(t, p->name) : NULL;

	if (!name || !py_uses(c, n, name))
		return tree_text(t, n);
	if (tree_text_is(t, n, name))
		return tree_text(t, p->name_value);
	cf_autofree char *value = tree_text(t, p->name_value);
	if (py_uses(c, n, name) > 1 || !py_pure(c, n) || strchr(value, '\n'))
		return NULL;
	cf_autofree char *parens =
		tree_is_any(t, p->name_value, "call subscript attribute identifier")
			? cf_strdup(value)
			: cf_asprintf("(%s)", value);
	return py_renamed(c, n, name, parens);
}

static char *element_of(const struct rule_ctx *c, const struct clauses *p, const struct match *m)
{
	if (got(m, 'K')) {
		cf_autofree char *key = spelled(c, p, got(m, 'K'));
		cf_autofree char *value = spelled(c, p, got(m, 'V'));
		/* A name used in both would be computed twice. */
		cf_autofree char *name = p->name ? tree_text(c->tree, p->name) : NULL;
		if (!key || !value ||
			(name && py_uses(c, got(m, 'K'), name) && py_uses(c, got(m, 'V'), name)))
			return NULL;
		return cf_asprintf("%s: %s", key, value);
	}
	if (!got(m, 'C'))
		return spelled(c, p, got(m, 'E'));
	if (p->name)
		return NULL;
	cf_autofree char *condition = tree_text(c->tree, got(m, 'C'));
	cf_autofree char *then = tree_text(c->tree, got(m, 'E'));
	cf_autofree char *otherwise = tree_text(c->tree, got(m, 'F'));
	return tree_is_any(c->tree, got(m, 'E'), "conditional_expression lambda")
		       ? NULL
		       : cf_asprintf("%s if %s else %s", then, condition, otherwise);
}

/* Lambdas would see the comprehension's names, not the loop's; a comment would be lost or kept
 * inside. */
static bool plain(const struct rule_ctx *c, const struct clauses *p)
{
	const struct tree *t = c->tree;
	for (int n = p->first; n < t->v[p->last].after; n++)
		if (tree_is_any(
			    t, n, "lambda list_splat dictionary_splat function_definition comment"))
			return false;
	return !p->name_value || !tree_is_any(t, p->name_value, "lambda expression_list");
}

static void loop(struct rule_ctx *c, int loop)
{
	const struct tree *t = c->tree;
	struct clauses p;
	struct match m = {0};

	if (!clauses_of(c, loop, &p) || !plain(c, &p) || local_is_frame_code(c, loop))
		return;
	enum py_type type = added(c, &p, &m);
	cf_autofree char *name = type ? py_name(c, got(&m, 'L')) : NULL;
	if (!name || !py_is_local(c, name) || clauses_use(c, &p, name) ||
		py_uses(c, p.first, name) != (got(&m, 'C') ? 2 : 1) ||
		!clauses_dead_outside(c, &p, loop) || local_seen_after_error(c, loop, name))
		return;
	int start = local_empty_before(c, name, loop);
	bool empty = start && py_expression_type(c, local_value(c, start)) == type;
	if (!empty) {
		/* A list that has something already can still be extended at once. */
		start = type == PY_LIST ? py_assigned_before(c, name, loop) : 0;
		if (!start || !local_fresh(c, local_value(c, start)) || py_is_parameter(c, name) ||
			py_expression_type(c, local_value(c, start)) != PY_LIST)
			return;
	}
	cf_autofree char *element = element_of(c, &p, &m);
	if (!element)
		return;

	bool adjacent = empty && tree_next(t, start) == loop;
	int annotation = empty ? tree_field(t, tree_first(t, start), "type") : 0;
	cf_autofree char *hint = annotation ? tree_text(t, annotation) : NULL;
	cf_autofree char *left = cf_asprintf("%s%s%s", name, hint ? ": " : "", hint ? hint : "");
	/* for x in xs: items.append(x) */
	bool copy = p.n == 1 && type != PY_DICT && !p.name &&
		    tree_text_is(t, p.v[0].target, element) &&
		    tree_is(t, p.v[0].target, "identifier");
	int over = p.v[0].value, first = adjacent ? start : loop;
	const char *made = type == PY_LIST ? "list" : "set";

	if (copy && (tree_is(t, over, "expression_list") || (empty && !py_is_builtin(c, made))))
		return;
	rule_begin(c, loop);
	if (empty && !adjacent)
		rule_delete(c, start);
	/* sorted(xs) is a list of its own already. */
	bool fresh = copy && empty && local_fresh(c, over) && py_expression_type(c, over) == type;
	int back = fresh && adjacent ? local_returned(c, start, loop, name) : 0;
	if (back) {
		rule_replace_run(c, first, back, NULL, "return %n", over);
	} else if (fresh) {
		rule_replace_run(c, first, loop, NULL, "%s = %n", left, over);
	} else if (copy && empty) {
		rule_replace_run(c, first, loop, NULL, "%s = %s(%n)", left, made, over);
	} else if (copy) {
		rule_replace(c, loop, NULL, "%s.extend(%n)", name, over);
	} else {
		cf_autofree char *before =
			empty ? cf_asprintf("%s = %s", left, type == PY_LIST ? "[" : "{")
			      : cf_asprintf("%s += [", name);
		clauses_write(c, first, loop, &p, before, element, type == PY_LIST ? "]" : "}");
	}
	rule_end(c, "A comprehension does the same without a method call and a name look-up on "
		    "each pass.");
}

static void find(struct rule_ctx *c)
{
	PY_NODES(c, n)
	if (tree_is(c->tree, n, "for_statement") && py_own(c, n))
		loop(c, n);
}

const struct rule rule_loop_comprehension = {
	.name = "loop-comprehension",
	.summary = "loops that only append, add or set items become comprehensions",
	.why = "A loop that appends looks the list and its method up and makes a call on each pass. A "
	       "comprehension has one bytecode for that.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(rows):\n"
		 "    out = []\n"
		 "    for row in rows:\n"
		 "        if not row:\n"
		 "            continue\n"
		 "        # the value doubled\n"
		 "        value = row['v'] * 2\n"
		 "        out.append(value)\n"
		 "    return out\n",
		 "def f(rows):\n"
		 "    # the value doubled\n"
		 "    out = [row['v'] * 2 for row in rows if row]\n"
		 "    return out\n",
		 "f([{'v': 1}, {}, {'v': 3}])\n"
		 "f([])\n"
		 "f([{'w': 1}])"},
		{"def f(table):\n"
		 "    seen: set = set()\n"
		 "    names = {}\n"
		 "    pairs = list()\n"
		 "    for row in table:\n"
		 "        for cell in row:\n"
		 "            if cell != 2:\n"
		 "                seen.add(cell)\n"
		 "    for i, row in enumerate(table):\n"
		 "        names[str(i)] = len(row)\n"
		 "    for row in table:\n"
		 "        if row:\n"
		 "            pairs.append(row[0])\n"
		 "        else:\n"
		 "            pairs.append(None)\n"
		 "    return sorted(seen), names, pairs\n",
		 "def f(table):\n"
		 "    seen: set = {cell for row in table for cell in row if cell != 2}\n"
		 "    names = {str(i): len(row) for i, row in enumerate(table)}\n"
		 "    pairs = [row[0] if row else None for row in table]\n"
		 "    return sorted(seen), names, pairs\n",
		 "f([[1, 2], [3], []])\n"
		 "f([])"},
		{"def f(customers, wanted_countries, minimum_amount):\n"
		 "    selected = []\n"
		 "    for customer in customers:\n"
		 "        if customer['country'] in wanted_countries and customer['amount'] >= minimum_amount:\n"
		 "            selected.append((customer['name'], customer['amount']))\n"
		 "    extra = [1]\n"
		 "    for name, amount in selected:\n"
		 "        extra.append(amount)\n"
		 "    for name in customers:\n"
		 "        extra.append(name)\n"
		 "    return extra\n",
		 "def f(customers, wanted_countries, minimum_amount):\n"
		 "    selected = [\n"
		 "        (customer['name'], customer['amount'])\n"
		 "        for customer in customers\n"
		 "        if customer['country'] in wanted_countries and customer['amount'] >= minimum_amount\n"
		 "    ]\n"
		 "    extra = [1]\n"
		 "    extra += [amount for name, amount in selected]\n"
		 "    extra.extend(customers)\n"
		 "    return extra\n",
		 "f([{'country': 'x', 'amount': 3, 'name': 'n'}, {'country': 'y', 'amount': 1, 'name': 'm'}], 'x', 2)"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* More is done; the list is looked at; the item is read afterwards; it stops early; a row
		   loop over a DataFrame; something else's list; super() needs the function itself. */
		"def f(xs):\n"
		"    out = []\n"
		"    for x in xs:\n"
		"        out.append(x + 1)\n"
		"        print(x)\n"
		"    return out\n",
		"def f(xs):\n"
		"    out = []\n"
		"    for x in xs:\n"
		"        if x not in out:\n"
		"            out.append(x)\n"
		"    return out\n",
		"def f(xs):\n"
		"    out = []\n"
		"    for x in xs:\n"
		"        out.append(x + 1)\n"
		"    return out, x\n",
		"def f(xs):\n"
		"    out = []\n"
		"    for x in xs:\n"
		"        if x > 3:\n"
		"            break\n"
		"        out.append(x + 1)\n"
		"    return out\n",
		"def f(df):\n"
		"    out = []\n"
		"    for i, row in df.iterrows():\n"
		"        out.append(row['a'])\n"
		"    return out\n",
		"def f(xs, out):\n"
		"    for x in xs:\n"
		"        out.append(x + 1)\n",
		"class C:\n"
		"    def f(self, xs):\n"
		"        out = []\n"
		"        for x in xs:\n"
		"            out.append(super().f(x))\n"
		"        return out\n",
		"async def f(xs):\n"
		"    out = []\n"
		"    async for x in xs:\n"
		"        out.append(x)\n"
		"    return out\n",
		NULL,
	},
};
