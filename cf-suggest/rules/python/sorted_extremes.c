/* SPDX-License-Identifier: Apache-2.0 */
/* Whole sorts of which only the ends are used. */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
#include "lib/mem.h"

#define MANY 1000 /* of more smallest items than this, sorting all is as fast */

struct sorting {
	int items; /* what is sorted */
	int key;   /* key=…, or 0 */
	bool reverse;
};

/* Which part of the sorted list a subscript takes. */
struct part {
	enum { NO_PART, FIRST, LAST, NTH, NTH_LAST, HEAD, TAIL } which;
	int count; /* items from that end it needs; 0: as many as the node `k` says */
	int k;
};

/* The call's arguments, as sorted() and list.sort() take them. */
static bool arguments(const struct rule_ctx *c, int call, struct sorting *s)
{
	const struct tree *t = c->tree;
	int args = tree_field(t, call, "arguments");

	if (tree_is(t, args, "generator_expression")) {
		s->items = args;
		return true;
	}
	for (int i = tree_first(t, args); i; i = tree_next(t, i)) {
		int name = tree_is(t, i, "keyword_argument") ? tree_field(t, i, "name") : 0;
		int value = name ? tree_field(t, i, "value") : 0;
		if (!name && !s->items && !tree_is_any(t, i, "list_splat dictionary_splat"))
			s->items = i;
		else if (tree_text_is(t, name, "key"))
			s->key = tree_is(t, value, "none") ? 0 : value;
		else if (tree_text_is(t, name, "reverse") && tree_is_any(t, value, "true false"))
			s->reverse ^= tree_is(t, value, "true");
		else
			return false;
	}
	return s->items;
}

/* sorted(…), also as list(sorted(…)) and turned round: ties then come in the other order, too. */
static bool is_sorted(const struct rule_ctx *c, int n, struct sorting *s)
{
	const struct tree *t = c->tree;
	bool turned = false, reverse = false;

	for (;;) {
		struct match m = {0};
		int which = MATCH(t, n, &m, "$S[::-1]", "list(reversed($S))", "list($S)");
		if (!which)
			break;
		turned |= which < 3;
		reverse ^= which < 3;
		n = got(&m, 'S');
	}
	*s = (struct sorting){.reverse = reverse};
	return tree_is(t, n, "call") &&
	       py_is_builtin_node(c, tree_field(t, n, "function"), "sorted") &&
	       arguments(c, n, s) && !(turned && s->key);
}

static int number(const struct tree *t, int n)
{
	cf_autofree char *text = tree_is(t, n, "integer") ? tree_text(t, n) : NULL;
	return text && strlen(text) < 6 && strspn(text, "0123456789") == strlen(text) ? atoi(text)
										      : -1;
}

static struct part part_of(const struct rule_ctx *c, int subscript)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	struct part p = {0};
	int which = tree_is(t, subscript, "subscript")
			    ? MATCH(t, subscript, &m, "$_[0]", "$_[-1]", "$_[:$K]", "$_[0:$K]",
				      "$_[-$K:]", "$_[-$K]", "$_[$K]")
			    : 0;
	int n = number(t, got(&m, 'K'));

	p.k = got(&m, 'K');
	switch (which) {
	case 1:
		p.which = FIRST;
		p.count = 1;
		break;
	case 2:
		p.which = LAST;
		p.count = 1;
		break;
	case 3:
	case 4:
		p.which = n > 0 || (n < 0 && py_is_path(c, p.k)) ? HEAD : NO_PART;
		p.count = n > 0 ? n : 0;
		break;
	case 5:
		p.which = n > 0 ? TAIL : NO_PART;
		p.count = n;
		break;
	case 6:
		p.which = n > 1 && n < 10 ? NTH_LAST : NO_PART;
		p.count = n;
		break;
	case 7:
		p.which = n > 0 && n < 10 ? NTH : NO_PART;
		p.count = n + 1;
		break;
	}
	if (p.count > MANY)
		p.which = NO_PART;
	return p;
}

/* ---- is it known to hold something? ---- */

/* What has to be empty for the items to be: of d.values(), list(x), [f(y) for y in x]. */
static int source_of(const struct rule_ctx *c, int items)
{
	const struct tree *t = c->tree;
	for (struct match m = {0}; MATCH(t, items, &m, "$A.items()", "$A.keys()", "$A.values()",
		     "list($A)", "set($A)", "tuple($A)", "enumerate($A)", "[$_ for $_ in $A]",
		     "($_ for $_ in $A)", "{$_ for $_ in $A}");
		m = (struct match){0})
		items = got(&m, 'A');
	return items;
}

/* A true (or with `when` false, a false) condition says that what m's $A holds has items. */
static bool says_filled(const struct rule_ctx *c, int condition, int what, bool when, int depth)
{
	const struct tree *t = c->tree;
	struct match m = {0};

	if (depth > 20)
		return false;
	while (tree_is(t, condition, "parenthesized_expression"))
		condition = tree_first(t, condition);
	if (tree_is(t, condition, "not_operator"))
		return says_filled(c, tree_field(t, condition, "argument"), what, !when, depth + 1);
	if (tree_is(t, condition, "boolean_operator")) {
		/* All of `and` hold when it is true, all of `or` fail when it is false. */
		bool all = MATCH(t, condition, &(struct match){0}, "$_ and $_") ? when : !when;
		return all &&
		       (says_filled(c, tree_field(t, condition, "left"), what, when, depth + 1) ||
			       says_filled(c, tree_field(t, condition, "right"), what, when,
				       depth + 1));
	}
	bind(&m, 'A', what);
	if (when)
		return MATCH(t, condition, &m, "$A", "len($A)", "len($A) > $_", "len($A) >= 1",
			"len($A) != 0", "len($A) == 1", "len($A) >= 2", "$A != []");
	return MATCH(t, condition, &m, "len($A) == 0", "len($A) < 1", "len($A) <= $_", "$A == []",
		"len($A) < 2");
}

static bool leaves(const struct tree *t, int block)
{
	return tree_is_any(t, tree_last(t, block),
		"return_statement raise_statement continue_statement break_statement");
}

static bool filled(const struct rule_ctx *c, int site, int items)
{
	const struct tree *t = c->tree;
	int what = source_of(c, items);

	if (tree_is_any(t, what, "list tuple") && tree_first(t, what) &&
		!tree_is(t, tree_first(t, what), "list_splat"))
		return true;
	if (!py_is_path(c, what))
		return false;
	for (int n = site, up; n > c->body; n = up) {
		up = tree_parent(t, n);
		if (tree_is(t, up, "block")) {
			for (int p = tree_prev(t, n); p; p = tree_prev(t, p)) {
				if (tree_is(t, p, "if_statement") &&
					!tree_field(t, p, "alternative") &&
					leaves(t, tree_field(t, p, "consequence")) &&
					says_filled(
						c, tree_field(t, p, "condition"), what, false, 0))
					return true;
				if (tree_is(t, p, "assert_statement") &&
					says_filled(c, tree_first(t, p), what, true, 0))
					return true;
				if (py_changes(c, what, p))
					return false;
			}
		} else if (tree_is_any(t, up, "if_statement elif_clause while_statement") &&
			   tree_field(t, up, "condition") != n) {
			bool then = tree_field(t, up, "consequence") == n ||
				    tree_field(t, up, "body") == n;
			if (says_filled(c, tree_field(t, up, "condition"), what, then, 0))
				return true;
		} else if (tree_is(t, up, "conditional_expression")) {
			int then = tree_first(t, up), condition = tree_next(t, then);
			if (n != condition && says_filled(c, condition, what, n == then, 0))
				return true;
		} else if (tree_is(t, up, "boolean_operator") && tree_field(t, up, "right") == n) {
			bool and = MATCH(t, up, &(struct match){0}, "$_ and $_");
			if (says_filled(c, tree_field(t, up, "left"), what, and, 0))
				return true;
		}
		if (tree_is_any(t, up, PY_LOOPS) && py_changes(c, what, up))
			return false;
	}
	return false;
}

/* ---- writing it ---- */

/* The subscript of what s sorts, written without the sort. */
static void write(struct rule_ctx *c, int subscript, const struct sorting *s, struct part p)
{
	const struct tree *t = c->tree;
	bool last = p.which == LAST || p.which == NTH_LAST || p.which == TAIL;
	bool biggest = s->reverse != last;
	const char *end = biggest ? "max" : "min";
	const char *few = biggest ? "nlargest" : "nsmallest";
	cf_autofree char *items = tree_text(t, s->items);
	cf_autofree char *key = s->key ? tree_text(t, s->key) : cf_strdup("");
	const char *comma = s->key ? ", key=" : "";
	bool generator = tree_is(t, s->items, "generator_expression");

	if (tree_has_comment(t, t->v[subscript].start, t->v[subscript].end))
		rule_fail(c);
	if (last && s->key) {
		/* The last of equal ones is the first from behind. */
		bool sequence =
			py_type_of(c, s->items) == PY_LIST || py_type_of(c, s->items) == PY_TUPLE;
		char *turned;
		if (generator) {
			items[strlen(items) - 1] = '\0';
			turned = cf_asprintf("reversed([%s])", items + 1);
		} else {
			turned = cf_asprintf(
				sequence ? "reversed(%s)" : "reversed(list(%s))", items);
		}
		free(items);
		items = turned;
	}
	if ((p.which == FIRST || p.which == LAST) && filled(c, subscript, s->items) &&
		py_is_builtin(c, end)) {
		if (generator && s->items && !s->key)
			rule_replace(c, subscript, NULL, "%s%s", end, items);
		else
			rule_replace(c, subscript, NULL, "%s(%s%s%s)", end, items, comma, key);
		return;
	}
	const char *f = py_import(c, "heapq", few);
	if (!f)
		return;
	if (p.which == HEAD && !p.count) {
		/* A negative k leaves items off the end instead. */
		const char *open =
			tree_is_any(t, tree_parent(t, subscript),
				"assignment return_statement for_statement argument_list")
				? ""
				: "(";
		cf_autofree char *whole = tree_text(t, subscript);
		if (tree_is(t, tree_field(t, subscript, "value"), "identifier")) {
			free(whole);
			whole = cf_asprintf("sorted(%s%s%s%s)[:%.*s]", items, comma, key,
				s->reverse ? ", reverse=True" : "",
				(int)(t->v[p.k].end - t->v[p.k].start), t->text + t->v[p.k].start);
		}
		rule_replace(c, subscript, NULL, "%s%s(%n, %s%s%s) if %n >= 0 else %s%s", open, f,
			p.k, items, comma, key, p.k, whole, *open ? ")" : "");
	} else if (p.which == HEAD || p.which == TAIL) {
		rule_replace(c, subscript, NULL, "%s(%n, %s%s%s)%s", f, p.k, items, comma, key,
			p.which == TAIL ? "[::-1]" : "");
	} else {
		rule_replace(c, subscript, NULL, "%s(%s, %s%s%s)[%s]", f,
			(const char *[]){
				"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}[p.count],
			items, comma, key,
			(const char *[]){
				"0", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}[p.count]);
	}
}

static bool end(struct rule_ctx *c, struct part p)
{
	if (p.which == HEAD || p.which == TAIL || p.which == NTH || p.which == NTH_LAST)
		return rule_end(c,
			"Only a few of the sorted items are used; a heap finds them in one pass, "
			"in the same order.");
	return rule_end(c, "Only one end of the sorted items is used; it is found in one pass.");
}

/* None as a count means all; then the sort stays. */
static bool may_be_none(const struct rule_ctx *c, int k)
{
	const struct tree *t = c->tree;
	int parameters = tree_field(t, c->function, "parameters");
	for (int n = parameters; n && n < t->v[parameters].after; n++)
		if (tree_is_any(t, n, "default_parameter typed_default_parameter") &&
			tree_equal(t, tree_field(t, n, "name"), k) &&
			tree_is(t, tree_field(t, n, "value"), "none"))
			return true;
	return false;
}

static struct part taken(const struct rule_ctx *c, int subscript, const struct sorting *s)
{
	struct part p = part_of(c, subscript);
	struct match m = {0};
	bind(&m, 'A', s->items);
	if (MATCH(c->tree, subscript, &m, "$_[len($A) - 1]"))
		p = (struct part){.which = LAST, .count = 1};
	bool last = p.which == NTH_LAST || p.which == TAIL;
	/* Of items that compare equal without a key, one is as good as the other. */
	if ((last && s->key) || (p.which == HEAD && !p.count && may_be_none(c, p.k)))
		p.which = NO_PART;
	return p;
}

/* ---- sorted under a name ---- */

#define MAX_PARTS 6

struct use {
	int subscript;
	struct part part;
};

/* The uses of name behind the statement, when each takes a part of it; 0 when one does not. */
static size_t parts(const struct rule_ctx *c, const char *name, int statement,
	const struct sorting *s, struct use *uses, bool *tested)
{
	const struct tree *t = c->tree;
	size_t n = 0;

	*tested = false;
	for (int use = py_next_use(c, c->body, name, t->v[statement].after); use;
		use = py_next_use(c, c->body, name, use + 1)) {
		int up = tree_parent(t, use);
		if (!py_own(c, use) || py_role(c, use) != PY_READ)
			return 0;
		if (py_use(c, use) == PY_USE_TEST && !tree_is(t, up, "comparison_operator")) {
			*tested = true;
			continue;
		}
		if (n == MAX_PARTS || py_use(c, use) != PY_USE_INDEX)
			return 0;
		uses[n] = (struct use){up, taken(c, up, s)};
		if (uses[n++].part.which == NO_PART)
			return 0;
	}
	return n;
}

/* The statement in the same block as `statement` that n is part of; 0 when n is elsewhere. */
static int beside(const struct tree *t, int statement, int n)
{
	while (n && tree_parent(t, n) != tree_parent(t, statement))
		n = tree_parent(t, n);
	return n;
}

static void named(struct rule_ctx *c, const char *name, int statement, int call,
	const struct sorting *s, bool in_place)
{
	const struct tree *t = c->tree;
	struct use uses[MAX_PARTS];
	bool tested, front = true, back = true, ends, near = true;
	size_t n = parts(c, name, statement, s, uses, &tested);
	int most = 0;

	if (!n)
		return;
	ends = !tested && n <= 4;
	for (size_t i = 0; i < n; i++) {
		struct part *p = &uses[i].part;
		int at = beside(t, statement, uses[i].subscript);
		front &= (p->which == FIRST || p->which == NTH || p->which == HEAD) && p->count;
		most = p->count > most ? p->count : most;
		back &= (p->which == LAST || p->which == NTH_LAST) && !s->key;
		ends &= p->which == FIRST || p->which == LAST || n == 1;
		/* Where the use stands, what was sorted must be as it was, and be asked as often.
		 */
		near &= at && py_loop(c, uses[i].subscript) == py_loop(c, statement);
		for (int between = near ? tree_next(t, statement) : 0; near && between != at;
			between = tree_next(t, between))
			near = py_is_path(c, s->items) && !py_changes(c, s->items, between);
	}
	if (n == 2 && uses[0].part.which == uses[1].part.which)
		ends = false;
	near &= py_is_path(c, s->items)
			? py_type_of(c, s->items) != PY_OTHER
			: n == 1 && py_pure(c, s->items) && (!s->key || py_pure(c, s->key));

	if (ends && near && n <= 2) {
		rule_begin(c, statement);
		rule_delete(c, statement);
		for (size_t i = 0; i < n; i++)
			write(c, uses[i].subscript, s, uses[i].part);
		end(c, uses[0].part);
	} else if (front || back) {
		const char *few = s->reverse != back ? "nlargest" : "nsmallest";
		rule_begin(c, statement);
		const char *f = py_import(c, "heapq", few);
		cf_autofree char *key = s->key ? tree_text(t, s->key) : cf_strdup("");
		cf_autofree char *count = cf_asprintf("%d", most);
		if (f && in_place)
			rule_replace(c, statement, NULL, "%s = %s(%s, %s%s%s)", name, f, count,
				name, s->key ? ", key=" : "", key);
		else if (f)
			rule_replace(c, call, NULL, "%s(%s, %n%s%s)", f, count, s->items,
				s->key ? ", key=" : "", key);
		/* From the other end, the last comes first. */
		for (size_t i = 0; back && i < n; i++)
			rule_replace(c, tree_field(t, uses[i].subscript, "subscript"), NULL, "%s",
				(const char *[]){"0", "0", "1", "2", "3", "4", "5", "6", "7", "8",
					"9"}[uses[i].part.count]);
		end(c, (struct part){.which = HEAD});
	}
}

/* items.sort() of a list of the function's own. */
static void sort_in_place(struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int statement = py_statement(c, call);

	if (!MATCH(t, call, &m, "$A.sort($$$X)") || tree_parent(t, call) != statement)
		return;
	cf_autofree char *name = py_name(c, got(&m, 'A'));
	if (!name || !py_is_local(c, name) ||
		py_bindings(c, c->function, name) != 1 + py_is_parameter(c, name))
		return;
	int start = py_assigned_before(c, name, statement);
	if (!start || !local_fresh(c, local_value(c, start)) ||
		py_loop(c, start) != py_loop(c, statement) ||
		(py_expression_type(c, local_value(c, start)) != PY_LIST &&
			!MATCH(t, local_value(c, start), &m, "$_[:]", "$_.copy()")))
		return;
	for (int use = py_next_use(c, c->body, name, t->v[start].after); use && use < statement;
		use = py_next_use(c, c->body, name, use + 1))
		if (!local_private_use(c, use))
			return;
	struct sorting s = {.items = got(&m, 'A')};
	if (arguments(c, call, &s) && s.items == got(&m, 'A'))
		named(c, name, statement, call, &s, true);
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	struct sorting s;

	PY_NODES(c, n)
	{
		struct match m = {0};
		if (!py_own(c, n))
			continue;
		if (tree_is(t, n, "subscript") && is_sorted(c, tree_field(t, n, "value"), &s)) {
			struct part p = taken(c, n, &s);
			if (p.which == NO_PART)
				continue;
			rule_begin(c, n);
			write(c, n, &s, p);
			end(c, p);
		} else if (tree_is(t, n, "call") && MATCH(t, n, &m, "min(sorted($A))", "max(sorted($A))") &&
			   py_is_builtin_node(c, tree_field(t, n, "function"), "min max") &&
			   is_sorted(c, tree_first(t, tree_field(t, n, "arguments")), &s)) {
			rule_begin(c, n);
			rule_replace(c, n, NULL, "%n(%n)", tree_field(t, n, "function"), s.items);
			rule_end(c, "min and max need no order; they look at each item once.");
		} else if (tree_is(t, n, "call")) {
			int statement = py_statement(c, n);
			cf_autofree char *name = NULL;
			if (local_value(c, statement) == n && is_sorted(c, n, &s))
				name = py_name(c, tree_field(t, tree_first(t, statement), "left"));
			/* xs = sorted(xs): what the caller gave is not asked for again. */
			int own = name && py_is_parameter(c, name) && tree_text_is(t, s.items, name);
			if (name && py_is_local(c, name) &&
				py_bindings(c, c->function, name) == 1 + own &&
				py_next_use(c, c->body, name, c->body) >= statement)
				named(c, name, statement, n, &s, false);
			else if (!name)
				sort_in_place(c, n);
		}
	}
}

const struct rule rule_sorted_extremes = {
	.name = "sorted-extremes",
	.summary = "sorted(x)[0], [-1] and [:k] find the ends without sorting all",
	.why = "Sorting orders every item to use a few of them. min and max take one pass; "
	       "heapq.nsmallest and nlargest one pass with a heap of k items, and give what the sort's "
	       "slice gives, ties in the same order, and an empty list for none.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(xs):\n"
		 "    if not xs:\n"
		 "        return None\n"
		 "    low = sorted(xs)[0]\n"
		 "    return low, sorted(xs, key=lambda x: -x)[0], sorted(xs, reverse=True)[0]\n",
		 "def f(xs):\n"
		 "    if not xs:\n"
		 "        return None\n"
		 "    low = min(xs)\n"
		 "    return low, min(xs, key=lambda x: -x), max(xs)\n",
		 "f([3, 1, 2])\n"
		 "f([])"},
		{"import os\n"
		 "\n"
		 "def f(xs):\n"
		 "    return sorted(xs)[0], sorted(xs)[-1]\n",
		 "import os\n"
		 "from heapq import nlargest\n"
		 "from heapq import nsmallest\n"
		 "\n"
		 "def f(xs):\n"
		 "    return nsmallest(1, xs)[0], nlargest(1, xs)[0]\n",
		 "f([3, 1, 2])\n"
		 "f([])"},
		{"import heapq\n"
		 "\n"
		 "def f(pairs, k=2):\n"
		 "    top = sorted(pairs, key=lambda p: p[1], reverse=True)[:3]\n"
		 "    for p in sorted(p[1] for p in pairs)[:k]:\n"
		 "        top.append(p)\n"
		 "    return top\n",
		 "import heapq\n"
		 "\n"
		 "def f(pairs, k=2):\n"
		 "    top = heapq.nlargest(3, pairs, key=lambda p: p[1])\n"
		 "    for p in heapq.nsmallest(k, (p[1] for p in pairs)) if k >= 0 else sorted(p[1] for p in pairs)[:k]:\n"
		 "        top.append(p)\n"
		 "    return top\n",
		 "f([('a', 1), ('b', 1), ('c', 2), ('d', 0), ('e', 1)])\n"
		 "f([('a', 1), ('b', 1), ('c', 2)], -1)\n"
		 "f([('a', 1)], 9)\n"
		 "f([])"},
		{"def f(rows):\n"
		 "    best = sorted(rows.items(), key=lambda r: r[1])[-1] if rows else None\n"
		 "    return best\n",
		 "def f(rows):\n"
		 "    best = max(reversed(list(rows.items())), key=lambda r: r[1]) if rows else None\n"
		 "    return best\n",
		 "f({'a': 1, 'b': 2, 'c': 2})\n"
		 "f({})"},
		{"import heapq\n"
		 "\n"
		 "def f(xs):\n"
		 "    ordered = sorted(xs)\n"
		 "    if not ordered:\n"
		 "        return None\n"
		 "    return ordered[0], ordered[1:2] and ordered[1], ordered[:2]\n",
		 "import heapq\n"
		 "\n"
		 "def f(xs):\n"
		 "    ordered = sorted(xs)\n"
		 "    if not ordered:\n"
		 "        return None\n"
		 "    return ordered[0], ordered[1:2] and ordered[1], ordered[:2]\n",
		 "f([3, 1, 2])"},
		{"import heapq\n"
		 "\n"
		 "def f(xs):\n"
		 "    # the two best\n"
		 "    ordered = sorted(xs, reverse=True)\n"
		 "    if not ordered:\n"
		 "        return None\n"
		 "    return ordered[0], ordered[:2]\n",
		 "import heapq\n"
		 "\n"
		 "def f(xs):\n"
		 "    # the two best\n"
		 "    ordered = heapq.nlargest(2, xs)\n"
		 "    if not ordered:\n"
		 "        return None\n"
		 "    return ordered[0], ordered[:2]\n",
		 "f([3, 1, 2])\n"
		 "f([])"},
		{"def f(xs):\n"
		 "    if len(xs) == 0:\n"
		 "        raise ValueError('none')\n"
		 "    s = sorted(xs)\n"
		 "    low, high = s[0], s[-1]\n"
		 "    return high - low\n",
		 "def f(xs):\n"
		 "    if len(xs) == 0:\n"
		 "        raise ValueError('none')\n"
		 "    low, high = min(xs), max(xs)\n"
		 "    return high - low\n",
		 "f([3, 1, 2])\n"
		 "f([])"},
		{"import heapq\n"
		 "\n"
		 "def f(rows):\n"
		 "    found = []\n"
		 "    for row in rows:\n"
		 "        found.append((row % 3, row))\n"
		 "    found.sort(key=lambda p: p[0])\n"
		 "    return found[:2]\n",
		 "import heapq\n"
		 "\n"
		 "def f(rows):\n"
		 "    found = []\n"
		 "    for row in rows:\n"
		 "        found.append((row % 3, row))\n"
		 "    return heapq.nsmallest(2, found, key=lambda p: p[0])\n",
		 "f([3, 1, 2, 7, 6, 9])\n"
		 "f([])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* The rest is used, too; the caller's list; not from the end; all. */
		"def f(xs):\n"
		"    s = sorted(xs)\n"
		"    return s[0], s[len(s) // 2]\n",
		"def f(xs):\n"
		"    xs.sort()\n"
		"    return xs[0]\n",
		"def f(xs, k):\n"
		"    return sorted(xs)[k:], sorted(xs)[:], sorted(xs)[1:3], sorted(xs)[k]\n",
		"def f(xs, k=None):\n"
		"    return sorted(xs)[:k], sorted(xs, key=str)[-2:]\n",
		"def f(xs):\n"
		"    out = list(xs)\n"
		"    out.sort()\n"
		"    return out[0], out\n",
		NULL,
	},
};
