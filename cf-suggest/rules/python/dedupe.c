/* SPDX-License-Identifier: Apache-2.0 */
/* Order-preserving de-duplication written with a list and `in`. */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
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

/* Every name that a target binds is read in the statement alone. */
static bool is_target_wanted_later(const struct rule_ctx *c, int s, int target)
{
	for (int n = target; n < c->tree->v[target].after; n++) {
		cf_autofree char *name = py_name(c, n);
		if (name && py_reads_outside(c, s, name))
			return true;
	}
	return false;
}

/* ---- is anything there twice? ---- */

/* What is done for the first equal pair, $R: an answer, or a flag that is set. */
#define PAIR(loops, equal)                                                                         \
	loops "if " equal ":\n\t\t\treturn $R", loops "if " equal ":\n\t\t\t$F = $R",                  \
		loops "if " equal ":\n\t\t\t$F = $R\n\t\t\tbreak"
#define PAIRS(loops)                                                                               \
	PAIR(loops, "$A[$I] == $A[$J]"), PAIR(loops, "$A[$J] == $A[$I]"),                              \
		PAIR(loops, "$I != $J and $A[$I] == $A[$J]"),                                          \
		PAIR(loops, "$A[$I] == $A[$J] and $I != $J")

static void any_twice(struct rule_ctx *c, int s)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	bool unequal = false;
	int which = MATCH(t, s, &m,
		PAIRS("for $I in range($N):\n\tfor $J in range($I + 1, $K):\n\t\t"),
		PAIRS("for $I in range($N):\n\tfor $J in range($I):\n\t\t"),
		PAIRS("for $I in range($N):\n\tfor $J in range($K):\n\t\t"));
	if (which) {
		int n = got(&m, 'N'), k = got(&m, 'K');
		struct match minus = {0};
		unequal = (which - 1) % 12 >= 6;
		/* All but the last one have one behind them. */
		if (which <= 12 && MATCH(t, n, &minus, "$N - 1"))
			n = got(&minus, 'N');
		if (!py_is_length(c, n, got(&m, 'A')) || (k && !py_is_length(c, k, got(&m, 'A'))) ||
			(which > 24) != unequal)
			return;
	} else if (!MATCH(t, s, &m,
			   PAIR("for $I, $X in enumerate($A):\n\tfor $J in $A[$I + 1:]:\n\t\t",
				   "$X == $J"),
			   PAIR("for $I, $X in enumerate($A):\n\tfor $J, $Y in enumerate($A):\n\t\t",
				   "$I != $J and $X == $Y"),
			   "for $I, $X in enumerate($A):\n\tif $X in $A[$I + 1:]:\n\t\treturn $R",
			   "for $I in range(len($A)):\n\tif $A[$I] in $A[$I + 1:]:\n\t\treturn $R",
			   "for $X in $A:\n\tif $A.count($X) > 1:\n\t\treturn $R",
			   "for $X in $A:\n\tif $A.count($X) >= 2:\n\t\treturn $R",
			   "for $X in $A:\n\tif $A.count($X) != 1:\n\t\treturn $R",
			   "for $I, $X in enumerate($A):\n\tif $X in $A[:$I]:\n\t\treturn $R",
			   "for $I in range(len($A)):\n\tif $A[$I] in $A[:$I]:\n\t\treturn $R")) {
		return;
	}
	if (!tree_is_any(t, got(&m, 'R'), "true false string integer none") ||
		is_wanted_later(c, s, &m, "IJXY") || py_type_of(c, got(&m, 'A')) == PY_STR)
		return;
	rule_begin(c, s);
	rule_replace(c, s, &m, got(&m, 'F') ? "if len(set($A)) != len($(A)):\n\t$F = $R"
					    : "if len(set($A)) != len($(A)):\n\treturn $R");
	rule_end(c, "A set has fewer elements than the list when any is there twice; every pair was "
		    "compared.");
}

/* ---- the first of equal ones ---- */

/* A pass over the items of a sequence, as for X in A, over its indices, or with both. */
struct pass {
	int statement, items;
	int target;     /* X, or 0 */
	int index;      /* I, or 0 */
	int first, last; /* what is done with each */
};

static bool is_pass(const struct rule_ctx *c, int s, struct pass *p)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int body = tree_field(t, s, "body"), left = tree_field(t, s, "left"),
	    right = tree_field(t, s, "right");

	*p = (struct pass){.statement = s, .items = right, .target = left,
		.first = tree_first(t, body), .last = tree_last(t, body)};
	if (tree_field(t, s, "alternative") || tree_has_comment(t, t->v[s].start, t->v[p->first].start))
		return false;
	if (tree_is(t, s, "while_statement")) {
		if (!MATCH(t, tree_field(t, s, "condition"), &m, "$I < $N") ||
			!MATCH(t, p->last, &m, "$I += 1", "$I = $I + 1") || p->first == p->last)
			return false;
		p->target = 0;
		p->index = got(&m, 'I');
		p->last = tree_prev(t, p->last);
		/* A continue would pass by the counting. */
		for (int n = s; n < t->v[s].after; n++)
			if (tree_is(t, n, "continue_statement"))
				return false;
		struct match start = {0};
		bind(&start, 'I', p->index);
		cf_autofree char *index = py_name(c, p->index);
		if (!index || !MATCH(t, tree_prev(t, s), &start, "$I = 0") ||
			py_bindings(c, s, index) != 1)
			return false;
		p->items = 0;
	} else if (!tree_is(t, s, "for_statement") || tree_is(t, s + 1, "async")) {
		return false;
	} else if (MATCH(t, right, &m, "range($N)", "range(0, $N)") && tree_is(t, left, "identifier")) {
		p->index = left;
		p->target = p->items = 0;
	} else if (MATCH(t, right, &m, "enumerate($A)") && tree_is(t, left, "pattern_list") &&
		   tree_count(t, left) == 2) {
		p->index = tree_first(t, left);
		p->target = tree_last(t, left);
		p->items = got(&m, 'A');
	}
	/* Over the indices of what? What is subscripted by them. */
	for (int n = p->first; !p->items && n < t->v[p->last].after; n++)
		if (tree_is(t, n, "subscript") && tree_equal(t, tree_field(t, n, "subscript"), p->index) &&
			py_is_length(c, got(&m, 'N'), tree_field(t, n, "value")))
			p->items = tree_field(t, n, "value");
	return p->items;
}

/* The item of the pass: its target, or items[index]. */
static bool is_item(const struct rule_ctx *c, int n, const struct pass *p)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	bind(&m, 'A', p->items);
	if (p->target && tree_is(t, p->target, "identifier") && tree_equal(t, n, p->target))
		return true;
	if (!p->index)
		return false;
	bind(&m, 'I', p->index);
	return MATCH(t, n, &m, "$A[$I]");
}

/* A loop that looks for $E in $L, or among the items before this one, and what it does then. */
static int scan(const struct rule_ctx *c, int loop, const struct pass *p, struct match *m)
{
	const struct tree *t = c->tree;
	struct match try = *m;
	int which, test = tree_first(t, tree_field(t, loop, "body"));

	if (!tree_is(t, loop, "for_statement") ||
		tree_count(t, tree_field(t, loop, "body")) != 1 ||
		!tree_is(t, test, "if_statement") || tree_field(t, test, "alternative"))
		return 0;
	int left = tree_field(t, loop, "left"), right = tree_field(t, loop, "right");
	int equal = tree_field(t, test, "condition");
	if (!tree_is(t, left, "identifier"))
		return 0;
	bind(&try, 'O', left);
	if (MATCH(t, right, &try, "range(len($L))", "range(0, len($L))"))
		which = MATCH(t, equal, &try, "$E == $L[$O]", "$L[$O] == $E");
	else if (p->index && !tree_equal(t, p->index, left) &&
		 MATCH(t, right, &(struct match){0}, "range($_)", "range(0, $_)") &&
		 tree_equal(t, tree_last(t, tree_field(t, right, "arguments")), p->index)) {
		bind(&try, 'A', p->items);
		which = MATCH(t, equal, &try, "$E == $A[$O]", "$A[$O] == $E");
		try.v['A' - 'A'] = m->v['A' - 'A'];
	} else if (MATCH(t, right, &try, "$L"))
		which = MATCH(t, equal, &try, "$E == $O", "$O == $E");
	else
		which = 0;
	if (!which)
		return 0;
	*m = try;
	return tree_field(t, test, "consequence");
}

/* Statements first..last append $E to $L where it is not there yet, or not among the items before
 * this one, of which the list holds the first of each. */
static bool appends_new(const struct rule_ctx *c, int first, int last, const struct pass *p,
	struct match *m)
{
	const struct tree *t = c->tree;
	int then = 0, second = tree_next(t, first), prefix = 0;
	int alternative = tree_field(t, first, "alternative");
	int consequence = tree_field(t, first, "consequence");
	int condition = tree_field(t, first, "condition");
	int only = tree_count(t, consequence) == 1 ? tree_first(t, consequence) : 0;
	int flagged = 0, absent = 0, present = 0;

	if (tree_is(t, first, "if_statement")) {
		absent = MATCH(t, condition, m, "$E not in $L", "not $E in $L", "$L.count($E) == 0",
			"not $L.count($E)", "$L.count($E) < 1", "not any($E == $O for $O in $L)",
			"not any($O == $E for $O in $L)", "all($E != $O for $O in $L)",
			"all($O != $E for $O in $L)", "not any([$E == $O for $O in $L])",
			"not any([$O == $E for $O in $L])");
		present = absent ? 0
				 : MATCH(t, condition, m, "$E in $L", "any($E == $O for $O in $L)",
					   "any($O == $E for $O in $L)", "$L.count($E) > 0");
		if (absent && first == last && !alternative)
			then = only;
		else if (present && first == last && tree_is(t, alternative, "else_clause") &&
			 tree_is_any(t, only, "pass_statement continue_statement"))
			then = tree_count(t, tree_field(t, alternative, "body")) == 1
				       ? tree_first(t, tree_field(t, alternative, "body"))
				       : 0;
		else if (present && !alternative && second == last && tree_is(t, only, "continue_statement"))
			then = second;
	} else if (tree_is(t, first, "for_statement") && first == last && alternative) {
		/* for …: if equal: break; else: append */
		int found = scan(c, first, p, m);
		int block = tree_field(t, alternative, "body");
		if (found && tree_count(t, found) == 1 && tree_count(t, block) == 1 &&
			tree_is(t, tree_first(t, found), "break_statement"))
			then = tree_first(t, block);
		prefix = then && !got(m, 'L');
	} else if (MATCH(t, first, m, "$F = False", "$F = True") && second) {
		/* A flag, a scan that turns it, and then what it says. */
		bool wanted = MATCH(t, first, m, "$F = True");
		int found = scan(c, second, p, m), test = tree_next(t, second), set, more;
		if (!found || tree_field(t, second, "alternative") || test != last ||
			!tree_is(t, test, "if_statement") || tree_field(t, test, "alternative"))
			return false;
		set = tree_first(t, found);
		more = tree_next(t, set);
		flagged = MATCH(t, set, m, wanted ? "$F = False" : "$F = True") &&
			  (!more || (tree_is(t, more, "break_statement") && !tree_next(t, more))) &&
			  (wanted ? MATCH(t, tree_field(t, test, "condition"), m, "$F", "$F == True",
					    "$F is True")
				  : MATCH(t, tree_field(t, test, "condition"), m, "not $F",
					    "$F == False", "$F is False"));
		if (flagged && tree_count(t, tree_field(t, test, "consequence")) == 1)
			then = tree_first(t, tree_field(t, test, "consequence"));
		prefix = then && !got(m, 'L');
	}
	if (!then)
		return false;
	/* What was looked for among A[:I] is not in the list by name. */
	struct match before = {0};
	if (p->index && got(m, 'L') && MATCH(t, got(m, 'L'), &before, "$A[:$I]", "$A[0:$I]")) {
		if (!tree_equal(t, got(&before, 'A'), p->items) ||
			!tree_equal(t, got(&before, 'I'), p->index))
			return false;
		m->v['L' - 'A'] = 0;
		prefix = 1;
	}
	if (prefix && !is_item(c, got(m, 'E'), p))
		return false;
	return MATCH(t, then, m, "$L.append($E)", "$L += [$E]", "$L = $L + [$E]");
}

static void loop(struct rule_ctx *c, int s)
{
	const struct tree *t = c->tree;
	struct match m = {0}, v = {0};
	struct pass p;

	if (!is_pass(c, s, &p))
		return;
	int first = p.first;
	/* value = …, then the rest in terms of it. */
	bool named = first != p.last && MATCH(t, first, &v, "$V = $E") &&
		     tree_is(t, got(&v, 'V'), "identifier") &&
		     !tree_is_any(t, got(&v, 'E'), "true false");
	if (named) {
		first = tree_next(t, first);
		bind(&m, 'E', got(&v, 'V'));
		if (p.index && is_item(c, got(&v, 'E'), &p) && !p.target)
			p.target = got(&v, 'V'); /* it is the item by another name */
	}
	if (!appends_new(c, first, p.last, &p, &m))
		return;
	int element = named ? got(&v, 'E') : got(&m, 'E');
	cf_autofree char *list = py_name(c, got(&m, 'L'));
	bool whole = is_item(c, element, &p);
	if (!list || py_uses(c, p.items, list) || py_uses(c, element, list) ||
		is_wanted_later(c, s, &m, "FO") || (named && is_wanted_later(c, s, &v, "V")) ||
		(p.target && is_target_wanted_later(c, s, p.target)))
		return;
	cf_autofree char *index = p.index ? py_name(c, p.index) : NULL;
	if (index && py_reads_outside(c, s, index))
		return;
	if (py_unhashable(c, element) || (!whole && !named && !py_pure(c, element)) ||
		(!whole && (!tree_is(t, s, "for_statement") ||
				   tree_has_comment(t, t->v[s].start, t->v[s].end))))
		return;
	for (int n = element; n < t->v[element].after; n++)
		if (tree_is_any(t, n, "await yield named_expression"))
			return;
	int empty = empty_list_before(c, list, s);
	if (!empty)
		return;

	rule_begin(c, s);
	if (tree_next(t, empty) == s && tree_is(t, s, "for_statement")) {
		int value = tree_field(t, tree_first(t, empty), "right");
		if (whole)
			rule_replace(c, value, NULL, "list(dict.fromkeys(%n))", p.items);
		else
			rule_replace(c, value, NULL, "list(dict.fromkeys(%p for %n in %p))", element,
				tree_field(t, s, "left"), tree_field(t, s, "right"));
		rule_delete(c, s);
	} else {
		if (tree_field(t, tree_first(t, empty), "type"))
			rule_fail(c);
		rule_delete(c, empty);
		if (tree_is(t, s, "while_statement"))
			rule_delete(c, tree_prev(t, s));
		if (whole)
			rule_replace(c, s, NULL, "%s = list(dict.fromkeys(%n))", list, p.items);
		else
			rule_replace(c, s, NULL, "%s = list(dict.fromkeys(%p for %n in %p))", list,
				element, tree_field(t, s, "left"), tree_field(t, s, "right"));
	}
	rule_end(c, "A dict keeps the first of equal items in order and finds them by hash; the loop "
		    "compared each item with all that were kept.");
}

/* ---- the first of those with equal keys ---- */

/* $E of each $O in the list is looked through for $K, in the condition or in a loop before it. */
static bool asks_for_key(const struct rule_ctx *c, int first, int test, struct match *m)
{
	const struct tree *t = c->tree;
	int condition = tree_field(t, test, "condition");
	if (first == test)
		return MATCH(t, condition, m, "not any($E == $K for $O in $L)",
			"not any($K == $E for $O in $L)", "all($E != $K for $O in $L)",
			"not any([$E == $K for $O in $L])", "not [$O for $O in $L if $E == $K]");
	int scan = tree_next(t, first);
	return tree_next(t, scan) == test && MATCH(t, first, m, "$F = False") &&
	       MATCH(t, scan, m, "for $O in $L:\n\tif $E == $K:\n\t\t$F = True\n\t\tbreak",
		       "for $O in $L:\n\tif $K == $E:\n\t\t$F = True\n\t\tbreak",
		       "for $O in $L:\n\tif $E == $K:\n\t\t$F = True",
		       "for $O in $L:\n\tif $K == $E:\n\t\t$F = True") &&
	       MATCH(t, condition, m, "not $F", "$F == False", "$F is False");
}

static void keyed(struct rule_ctx *c, int s)
{
	const struct tree *t = c->tree;
	int body = tree_field(t, s, "body"), first = tree_first(t, body), test = first;
	struct match m = {0};

	if (!tree_is(t, tree_field(t, s, "left"), "identifier") || tree_is(t, s + 1, "async"))
		return;
	if (!tree_is(t, first, "if_statement"))
		test = tree_next(t, tree_next(t, first));
	bind(&m, 'X', tree_field(t, s, "left"));
	if (!tree_is(t, test, "if_statement") || tree_field(t, test, "alternative") ||
		!asks_for_key(c, first, test, &m) || !tree_is(t, got(&m, 'O'), "identifier"))
		return;
	/* In the scan's words: the two keys are one, of this item and of those kept. */
	cf_autofree char *list = py_name(c, got(&m, 'L')), *item = py_name(c, got(&m, 'X')),
			 *kept = py_name(c, got(&m, 'O'));
	int append = 0, key = got(&m, 'K');
	if (py_uses(c, key, kept)) { /* $E == $K, the other way round */
		bind(&m, 'K', got(&m, 'E'));
		bind(&m, 'E', key);
		key = got(&m, 'K');
	}
	cf_autofree char *renamed = py_renamed(c, got(&m, 'E'), kept, item);
	cf_autofree char *text = tree_text(t, key);
	for (int i = tree_first(t, tree_field(t, test, "consequence")); i; i = tree_next(t, i))
		append = MATCH(t, i, &m, "$L.append($X)") ? i : append;
	if (!append || !list || strcmp(renamed, text) || !strcmp(text, item) || !py_pure(c, key) ||
		py_unhashable(c, key) || py_uses(c, s, list) != 2 || py_bindings(c, s, item) != 1 ||
		(first != test && is_wanted_later(c, s, &m, "FO")) || !empty_list_before(c, list, s))
		return;
	/* What was kept still has the key it was kept for. */
	PY_EACH_USE (c, s, item, use)
		if (py_stores_key(c, use, key))
			return;
	rule_begin(c, s);
	const char *keys = rule_fresh_name(c, "%s_keys", list);
	rule_insert_before(c, s, NULL, "%s = set()", keys);
	if (first != test) {
		rule_delete(c, first);
		rule_delete(c, tree_next(t, first));
	}
	rule_replace(c, tree_field(t, test, "condition"), NULL, "%n not in %s", key, keys);
	rule_insert_after(c, append, NULL, "%s.add(%n)", keys, key);
	rule_end(c, "A set of the keys of what was kept answers by hash; all of `%s` was gone through for "
		    "each item.", list);
}

/* Where the append is reached, the test has been made: it stands in an if, of which the append is
 * the consequence or behind which it comes. */
static bool is_tested(const struct rule_ctx *c, int test, int append, int loop)
{
	const struct tree *t = c->tree;
	/* Passed by, perhaps, when the condition as a whole is true; when it is false. */
	bool when_true = false, when_false = false;
	int n = test;

	for (int up; !tree_is(t, up = tree_parent(t, n), "if_statement"); n = up) {
		if (tree_is(t, up, "not_operator")) {
			bool swap = when_true;
			when_true = when_false;
			when_false = swap;
		} else if (tree_is(t, up, "boolean_operator") && tree_first(t, up) != n) {
			bool or = MATCH(t, up, &(struct match){0}, "$_ or $_");
			when_true |= or;
			when_false |= !or;
		} else if (!tree_is_any(t, up, "boolean_operator parenthesized_expression")) {
			return false;
		}
	}
	int statement = tree_parent(t, n), then = tree_field(t, statement, "consequence");
	if (tree_field(t, statement, "condition") != n ||
		tree_parent(t, statement) != tree_field(t, loop, "body"))
		return false;
	if (tree_inside(t, append, then))
		return !when_true;
	return !when_false && !tree_field(t, statement, "alternative") && append > statement &&
	       tree_count(t, then) == 1 && tree_is(t, tree_first(t, then), "continue_statement");
}

/* row["id"] [not] in [o["id"] for o in out], on its own or in a name, where the pass appends row. */
static void among_keys(struct rule_ctx *c, int test)
{
	const struct tree *t = c->tree;
	struct match m = {0}, keys = {0};
	int loop = py_loop(c, test), append = 0, named = 0;

	if (!tree_is(t, loop, "for_statement") || tree_is(t, loop + 1, "async") ||
		!MATCH(t, test, &m, "$K in $Y", "$K not in $Y"))
		return;
	int key = got(&m, 'K'), list = got(&m, 'Y'), made = list;
	if (tree_is(t, made, "identifier")) {
		/* Made on this pass, right before, for this test alone. */
		cf_autofree char *name = py_name(c, made);
		named = tree_prev(t, py_statement(c, test));
		made = local_value(c, named);
		if (!made || !tree_text_is(t, tree_field(t, tree_first(t, named), "left"), name) ||
			py_uses(c, c->function, name) != 2)
			return;
	}
	if (!MATCH(t, made, &keys, "[$E for $O in $L]", "{$E for $O in $L}", "($E for $O in $L)",
		    "set($E for $O in $L)", "set([$E for $O in $L])"))
		return;
	cf_autofree char *name = py_name(c, got(&keys, 'L')), *kept = py_name(c, got(&keys, 'O'));
	cf_autofree char *item = py_name(c, tree_field(t, loop, "left"));
	if (!name || !kept || !item || py_uses(c, loop, name) != 2 || py_bindings(c, loop, item) != 1)
		return;
	PY_EACH_USE (c, loop, name, use) {
		struct match added = {0};
		if (!tree_inside(t, use, made) && MATCH(t, py_statement(c, use), &added, "$L.append($X)") &&
			tree_text_is(t, got(&added, 'L'), name) && tree_text_is(t, got(&added, 'X'), item))
			append = py_statement(c, use);
	}
	cf_autofree char *renamed = py_renamed(c, got(&keys, 'E'), kept, item);
	cf_autofree char *text = tree_text(t, key);
	if (!append || strcmp(renamed, text) || !strcmp(text, item) || !py_pure(c, key) ||
		py_unhashable(c, key) || py_loop(c, append) != loop ||
		!is_tested(c, test, append, loop) || !empty_list_before(c, name, loop))
		return;
	/* What was kept still has the key it was kept for, made of nothing else that changes. */
	PY_EACH_USE (c, loop, item, use)
		if (py_stores_key(c, use, key))
			return;
	for (int n = key; n < t->v[key].after; n++) {
		cf_autofree char *other = py_name(c, n);
		if (other && py_role(c, n) == PY_READ && strcmp(other, item) && py_bindings(c, loop, other))
			return;
	}
	rule_begin(c, loop);
	const char *set = rule_fresh_name(c, "%s_keys", name);
	rule_insert_before(c, loop, NULL, "%s = set()", set);
	if (named)
		rule_delete(c, named);
	rule_replace(c, list, NULL, "%s", set);
	rule_insert_after(c, append, NULL, "%s.add(%n)", set, key);
	rule_end(c, "A set of the keys of what was kept answers by hash; a list of them was made of all of "
		    "`%s` for each item.", name);
}

#define LATER(equal, remove)                                                                       \
	"while $I < len($A):\n\t$J = $I + 1\n\twhile $J < len($A):\n\t\tif " equal ":\n\t\t\t" remove \
	"\n\t\telse:\n\t\t\t$J += 1\n\t$I += 1"

/* Each item's equals behind it are taken out of the list itself. */
static void in_place(struct rule_ctx *c, int s)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int start = tree_prev(t, s);
	if (!MATCH(t, s, &m, LATER("$A[$I] == $A[$J]", "$A.pop($J)"),
		    LATER("$A[$J] == $A[$I]", "$A.pop($J)"), LATER("$A[$I] == $A[$J]", "del $A[$J]"),
		    LATER("$A[$J] == $A[$I]", "del $A[$J]")) ||
		!MATCH(t, start, &m, "$I = 0") || is_wanted_later(c, s, &m, "J") ||
		!py_is_path(c, got(&m, 'A')))
		return;
	cf_autofree char *index = py_name(c, got(&m, 'I'));
	if (!index || py_uses(c, c->function, index) != py_uses(c, s, index) + 1)
		return;
	rule_begin(c, s);
	rule_delete(c, start);
	rule_replace(c, s, &m, "$A[:] = dict.fromkeys($A)");
	rule_end(c, "A dict keeps the first of equal items in order and finds them by hash; each was "
		    "compared with all behind it.");
}

/* [out.append(x) for x in xs if x not in out], for its effect alone. */
static void effect(struct rule_ctx *c, int s)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	if (!MATCH(t, s, &m, "[$L.append($X) for $X in $A if $X not in $L]",
		    "[$L.append($X) for $X in $A if not $X in $L]"))
		return;
	cf_autofree char *list = py_name(c, got(&m, 'L'));
	int empty = list && !py_uses(c, got(&m, 'A'), list) ? empty_list_before(c, list, s) : 0;
	if (!empty || tree_next(t, empty) != s || py_unhashable(c, got(&m, 'X')))
		return;
	rule_begin(c, s);
	rule_replace(c, tree_field(t, tree_first(t, empty), "right"), &m, "list(dict.fromkeys($A))");
	rule_delete(c, s);
	rule_end(c, "A dict keeps the first of equal items in order and finds them by hash; the list was "
		    "searched for each item.");
}

/* [x for x in xs if not (x in seen or seen.append(x))] */
static bool with_seen(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	if (!MATCH(t, n, &m, "[$X for $X in $A if not ($X in $S or $S.append($X))]",
		    "[$X for $X in $A if $X not in $S and not $S.append($X)]"))
		return false;
	cf_autofree char *seen = py_name(c, got(&m, 'S'));
	int empty = seen ? empty_list_before(c, seen, py_statement(c, n)) : 0;
	/* Nobody else may ask for what was seen. */
	if (!empty || py_uses(c, c->function, seen) != 3 || py_unhashable(c, got(&m, 'X')))
		return true;
	rule_begin(c, n);
	rule_delete(c, empty);
	rule_replace(c, n, &m, "list(dict.fromkeys($A))");
	rule_end(c, "A dict keeps the first of equal items in order and finds them by hash; the list of "
		    "what was seen was searched for each item.");
	return true;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		struct match m = {0};
		if (tree_is_any(t, n, PY_LOOPS))
			loop(c, n);
		if (tree_is(t, n, "for_statement"))
			any_twice(c, n), keyed(c, n);
		if (tree_is(t, n, "comparison_operator") && py_own(c, n))
			among_keys(c, n);
		if (tree_is(t, n, "while_statement"))
			in_place(c, n);
		if (tree_is(t, n, "expression_statement"))
			effect(c, n);
		if (tree_is(t, n, "list_comprehension") && !with_seen(c, n) &&
			MATCH(t, n, &m, "[$X for $I, $X in enumerate($A) if $X not in $A[:$I]]",
				"[$X for $I, $X in enumerate($A) if $A.index($X) == $I]",
				"[$A[$I] for $I in range(len($A)) if $A[$I] not in $A[:$I]]",
				"[$A[$I] for $I in range(len($A)) if $A.index($A[$I]) == $I]") &&
			py_type_of(c, got(&m, 'A')) != PY_STR) {
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
		{"def f(rows):\n"
		 "    out = []\n"
		 "    for row in rows:\n"
		 "        if not any(o['id'] == row['id'] for o in out):\n"
		 "            row['new'] = True\n"
		 "            out.append(row)\n"
		 "    return out\n",
		 "def f(rows):\n"
		 "    out = []\n"
		 "    out_keys = set()\n"
		 "    for row in rows:\n"
		 "        if row['id'] not in out_keys:\n"
		 "            row['new'] = True\n"
		 "            out.append(row)\n"
		 "            out_keys.add(row['id'])\n"
		 "    return out\n",
		 "f([{'id': 1}, {'id': 2}, {'id': 1}])\n"
		 "f([])"},
		{"def f(items):\n"
		 "    out = []\n"
		 "    i = 0\n"
		 "    while i < len(items):\n"
		 "        found = False\n"
		 "        for o in out:\n"
		 "            if o == items[i]:\n"
		 "                found = True\n"
		 "        if not found:\n"
		 "            out.append(items[i])\n"
		 "        i += 1\n"
		 "    n = len(out)\n"
		 "    twice = 0\n"
		 "    for a in range(n):\n"
		 "        for b in range(a):\n"
		 "            if out[a] == out[b]:\n"
		 "                twice = 1\n"
		 "    seen = []\n"
		 "    return twice, [x for x in items if not (x in seen or seen.append(x))]\n",
		 "def f(items):\n"
		 "    out = list(dict.fromkeys(items))\n"
		 "    n = len(out)\n"
		 "    twice = 0\n"
		 "    if len(set(out)) != len(out):\n"
		 "        twice = 1\n"
		 "    return twice, list(dict.fromkeys(items))\n",
		 "f([3, 1, 3, 2, 1])\n"
		 "f([])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* The key changes; not the same key; unhashable; the bounds leave one out. */
		"def f(rows):\n"
		"    out = []\n"
		"    for row in rows:\n"
		"        if not any(o['id'] == row['id'] for o in out):\n"
		"            row['id'] += 1\n"
		"            out.append(row)\n"
		"    return out\n",
		"def f(rows):\n"
		"    out = []\n"
		"    for row in rows:\n"
		"        if not any(o['id'] == row['parent'] for o in out):\n"
		"            out.append(row)\n"
		"    return out\n",
		"def f(rows: list[list[int]]):\n"
		"    out = []\n"
		"    for row in rows:\n"
		"        if row not in out:\n"
		"            out.append(row)\n"
		"    return out\n",
		"def f(a):\n"
		"    for i in range(1, len(a)):\n"
		"        for j in range(i + 1, len(a)):\n"
		"            if a[i] == a[j]:\n"
		"                return True\n",
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
