/* SPDX-License-Identifier: Apache-2.0 */
/* How the values of a function's locals travel: fresh, private, dead. Proposes nothing itself. */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
#include "lib/mem.h"

#define IS(n, type) tree_is(c->tree, (n), (type))

/* Builtins that look at a container, or copy from it, and keep no hold on it. */
#define LOOKERS                                                                                    \
	"len sum sorted tuple set frozenset list dict max min any all str repr print bool "        \
	"isinstance"

static int unwrap(const struct rule_ctx *c, int n)
{
	while (IS(n, "parenthesized_expression"))
		n = tree_first(c->tree, n);
	return n;
}

bool local_fresh(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	struct match m = {0};

	n = unwrap(c, n);
	if (tree_is_any(t, n,
		    "list list_comprehension dictionary dictionary_comprehension set "
		    "set_comprehension tuple"))
		return true;
	if (IS(n, "call") &&
		py_is_builtin_node(c, tree_field(t, n, "function"), "list dict set sorted"))
		return true;
	if (MATCH(t, n, &m, "$_.split()", "$_.split($_)", "$_.split($_, $_)", "$_.splitlines()"))
		return true;
	if (MATCH(t, n, &m, "[$$$A] * $B", "[$$$A] + $B", "$_[:]", "$_.copy()"))
		return true;
	return false;
}

bool local_empty(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	n = unwrap(c, n);
	if (tree_is_any(t, n, "list dictionary tuple"))
		return tree_count(t, n) == 0;
	return IS(n, "call") &&
	       py_is_builtin_node(c, tree_field(t, n, "function"), "list dict set tuple") &&
	       tree_count(t, tree_field(t, n, "arguments")) == 0;
}

int local_value(const struct rule_ctx *c, int statement)
{
	const struct tree *t = c->tree;
	int a = IS(statement, "expression_statement") ? tree_first(t, statement) : 0;
	return IS(a, "assignment") ? tree_field(t, a, "right") : 0;
}

int local_value_of(const struct rule_ctx *c, int statement, const char *name)
{
	const struct tree *t = c->tree;
	int a = local_value(c, statement) ? tree_first(t, statement) : 0, left = tree_field(t, a, "left");
	if (tree_text_is(t, left, name))
		return tree_field(t, a, "right");
	for (int i = tree_is(t, left, "pattern_list") ? tree_first(t, left) : 0; i; i = tree_next(t, i))
		if (tree_text_is(t, i, name))
			return py_unpacked(c, i);
	return 0;
}

int local_start(const struct rule_ctx *c, const char *name, int site, int *loop)
{
	const struct tree *t = c->tree;

	*loop = py_loop(c, site);
	if (!*loop || !py_is_local(c, name))
		return 0;
	for (int s = py_statement(c, *loop);;) {
		for (int p = tree_prev(t, s); p; p = tree_prev(t, p)) {
			int value = local_value_of(c, p, name);
			if (value && !py_uses(c, value, name))
				return py_own(c, p) ? p : 0;
		}
		int up = tree_parent(t, tree_parent(t, s));
		if (tree_parent(t, s) == c->body || up <= c->body)
			return 0;
		if (tree_is_any(t, up, PY_LOOPS))
			*loop = up;
		s = py_statement(c, up);
	}
}

bool local_private_use(const struct rule_ctx *c, int use)
{
	const struct tree *t = c->tree;
	int up = tree_parent(t, use), f;

	if (!py_own(c, use))
		return false;
	switch (py_use(c, use)) {
	case PY_USE_STORE:
	case PY_USE_INDEX:
	case PY_USE_ITER:
	case PY_USE_MEMBER:
	case PY_USE_TEST:
	case PY_USE_RETURN:
		return true;
	case PY_USE_METHOD:
		/* Views and iterators see what is added later. */
		f = py_method(c, use);
		if (!tree_text_is(t, f, "keys") && !tree_text_is(t, f, "values") &&
			!tree_text_is(t, f, "items") && !tree_text_is(t, f, "__iter__"))
			return true;
		switch (py_use(c, tree_up(t, use, "call"))) {
		case PY_USE_ITER:
		case PY_USE_MEMBER:
			return true;
		case PY_USE_ARG:
			return py_is_builtin_node(
				c, py_callee(c, tree_up(t, use, "call")), LOOKERS);
		default:
			return false;
		}
	case PY_USE_ARG:
		return IS(up, "list_splat") || IS(up, "dictionary_splat") ||
		       py_is_builtin_node(c, py_callee(c, use), LOOKERS);
	case PY_USE_OTHER:
		return tree_is_any(
			t, up, "binary_operator interpolation slice list_splat dictionary_splat");
	default:
		return false;
	}
}

bool local_shared(const struct rule_ctx *c, int path)
{
	const struct tree *t = c->tree;
	enum py_type type = py_type_of(c, path);
	cf_autofree char *name = py_name(c, path);

	if (type == PY_STR || type == PY_NUMBER || type == PY_TUPLE)
		return false;
	if (!name)
		return true;
	if (!py_is_local(c, name))
		return false;
	PY_EACH_USE(c, c->body, name, use)
	{
		if (!py_own(c, use))
			return true;
		int value = py_role(c, use) == PY_BIND ? local_value(c, py_statement(c, use)) : 0;
		if (py_role(c, use) != PY_BIND || (value && local_fresh(c, value)))
			continue;
		if (!value || tree_is_any(t, value, "attribute subscript") ||
			(IS(value, "call") && IS(tree_field(t, value, "function"), "attribute")))
			return true;
	}
	return false;
}

int local_returned(const struct rule_ctx *c, int start, int statement, const char *name)
{
	const struct tree *t = c->tree;
	int next = tree_next(t, statement);
	if (!IS(next, "return_statement") || !tree_text_is(t, tree_first(t, next), name) ||
		py_is_parameter(c, name))
		return 0;
	PY_EACH_USE (c, c->function, name, use)
		if (!tree_inside(t, use, start) && !tree_inside(t, use, statement) &&
			!tree_inside(t, use, next))
			return 0;
	return next;
}

/* Change what they are called on, and nothing else. */
#define CONTAINER_METHODS                                                                          \
	"append add extend insert update setdefault discard remove pop appendleft popleft sort "   \
	"reverse write clear"

static bool word_in(const struct tree *t, int n, const char *words)
{
	size_t len = t->v[n].end - t->v[n].start;
	for (const char *p = words; n && *p; p += strspn(p, " ")) {
		size_t word = strcspn(p, " ");
		if (word == len && !memcmp(p, t->text + t->v[n].start, len))
			return true;
		p += word;
	}
	return false;
}

bool local_calls_out(const struct rule_ctx *c, int region, int except)
{
	const struct tree *t = c->tree;
	for (int n = region; n < t->v[region].after; n++) {
		int f = IS(n, "call") ? tree_field(t, n, "function") : 0;
		int method = IS(f, "attribute") ? tree_field(t, f, "attribute") : 0;
		if (f && !tree_inside(t, n, except) && !word_in(t, method, CONTAINER_METHODS) &&
			!py_is_builtin_node(c, f, "print") && !py_pure(c, n))
			return true;
	}
	return false;
}

/* A for, comprehension or lambda round the use, other than the loop, binds the name itself. */
static bool rebound_around(const struct rule_ctx *c, int use, int loop, const char *name)
{
	const struct tree *t = c->tree;
	for (int n = use; n > c->function; n = tree_parent(t, n)) {
		int up = tree_parent(t, n);
		if (up != loop && IS(up, "for_statement") && tree_field(t, up, "right") != n &&
			py_bindings(c, tree_field(t, up, "left"), name))
			return true;
		if (IS(up, "lambda") && tree_field(t, up, "body") == n &&
			py_bindings(c, tree_field(t, up, "parameters"), name))
			return true;
		if (!tree_is_any(t, up, PY_COMPREHENSIONS))
			continue;
		for (int i = tree_first(t, up); i; i = tree_next(t, i))
			if (IS(i, "for_in_clause") &&
				py_bindings(c, tree_field(t, i, "left"), name))
				return true;
	}
	return false;
}

bool local_dead_outside(const struct rule_ctx *c, int loop, const char *name)
{
	const struct tree *t = c->tree;
	PY_EACH_USE(c, c->function, name, use)
	{
		if (tree_inside(t, use, loop) || rebound_around(c, use, loop, name))
			continue;
		switch (py_role(c, use)) {
		case PY_BIND:
			/* += reads, too. */
			if (!IS(tree_parent(t, use), "augmented_assignment"))
				continue;
			break;
		case PY_READ:
			if (py_own(c, use) && py_assigned_before(c, name, use))
				continue;
			if (use < loop && py_own(c, use) && !py_loop(c, loop))
				continue;
			break;
		default:
			break;
		}
		return false;
	}
	return true;
}

bool local_targets_dead_outside(const struct rule_ctx *c, int loop, int target)
{
	const struct tree *t = c->tree;
	for (int n = target; n < t->v[target].after; n++) {
		cf_autofree char *name = py_name(c, n);
		if (!name)
			continue;
		if (py_role(c, n) != PY_BIND || !local_dead_outside(c, loop, name))
			return false;
	}
	return true;
}

const char *local_fresh_name(struct rule_ctx *c, const char *base, ...)
{
	char want[200];
	va_list ap;
	va_start(ap, base);
	vsnprintf(want, sizeof want, base, ap);
	va_end(ap);

	bool taken = py_uses(c, c->function, want);
	for (size_t i = 0; i < c->ntaken && !taken; i++)
		taken = !strcmp(c->taken[i], want);
	if (taken)
		return rule_fresh_name(c, "%s", want);
	cf_grow(&c->taken, &c->taken_cap, c->ntaken + 1, sizeof *c->taken);
	return c->taken[c->ntaken++] = cf_strdup(want);
}

bool local_is_frame_code(const struct rule_ctx *c, int region)
{
	const struct tree *t = c->tree;
	static const char *const words[] = {"iterrows", "itertuples", "iloc", "loc", "iat", "at",
		"apply", "groupby", "columns", "shape", "dtype", "dtypes"};
	for (int n = region; n < t->v[region].after; n++) {
		int name = IS(n, "attribute") ? tree_field(t, n, "attribute") : 0;
		for (size_t i = 0; name && i < sizeof words / sizeof *words; i++)
			if (tree_text_is(t, name, words[i]))
				return true;
	}
	return false;
}

int local_empty_before(const struct rule_ctx *c, const char *name, int loop)
{
	const struct tree *t = c->tree;

	if (!py_is_local(c, name))
		return 0;
	for (int p = tree_prev(t, loop); p; p = tree_prev(t, p)) {
		if (!py_uses(c, p, name))
			continue;
		int value = local_value(c, p);
		if (value && local_empty(c, value) &&
			tree_text_is(t, tree_field(t, tree_first(t, p), "left"), name))
			return p;
		return 0;
	}
	return 0;
}

bool local_seen_after_error(const struct rule_ctx *c, int loop, const char *name)
{
	const struct tree *t = c->tree;
	for (int up = tree_up(t, loop, "try_statement"); up && tree_inside(t, up, c->body);
		up = tree_up(t, up, "try_statement"))
		if (py_uses(c, c->body, name) != py_uses(c, tree_field(t, up, "body"), name))
			return true;
	return false;
}

bool local_walked_round(const struct rule_ctx *c, int site, const char *name)
{
	for (int up = py_loop(c, site); up; up = py_loop(c, up)) {
		int right = tree_field(c->tree, up, "right");
		if (right && py_uses(c, right, name))
			return true;
	}
	return false;
}

/* Before the place the function has left if the name is None, or given it something else. */
static bool is_none_handled(const struct rule_ctx *c, int use, int place)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	bind(&m, 'X', use);
	for (int s = py_statement(c, place); s && tree_inside(t, s, c->body);
		s = py_statement(c, tree_parent(t, tree_parent(t, s)))) {
		for (int p = tree_prev(t, s); p; p = tree_prev(t, p)) {
			int last = tree_last(t, tree_field(t, p, "consequence"));
			bool none = tree_is(t, p, "if_statement") &&
				    MATCH(t, tree_field(t, p, "condition"), &m, "$X is None", "not $X",
					    "$X is None or $_", "not $X or $_", "$X == None");
			if (none && (tree_is_any(t, last, "return_statement raise_statement "
							  "continue_statement break_statement") ||
					    MATCH(t, last, &m, "$X = $_")))
				return true;
			if (MATCH(t, p, &m, "$X = $X or $_", "$X = $_ if $X is None else $X"))
				return true;
		}
		if (tree_parent(t, s) == c->body)
			break;
		int up = tree_parent(t, tree_parent(t, s));
		if (tree_is(t, up, "if_statement") && tree_parent(t, s) == tree_field(t, up, "consequence") &&
			MATCH(t, tree_field(t, up, "condition"), &m, "$X", "$X is not None",
				"$X and $_", "$X is not None and $_"))
			return true;
	}
	return false;
}

bool local_may_be_none(const struct rule_ctx *c, int n, int place)
{
	const struct tree *t = c->tree;
	for (int i = n; i < t->v[n].after; i++) {
		if (py_role(c, i) != PY_READ)
			continue;
		cf_autofree char *name = tree_text(t, i);
		if (place && is_none_handled(c, i, place))
			continue;
		PY_EACH_USE(c, c->function, name, use)
		{
			int up = tree_parent(t, use);
			if (tree_is_any(t, up, "default_parameter typed_default_parameter") &&
				tree_is(t, tree_field(t, up, "value"), "none"))
				return true;
			if (MATCH(t, up, &(struct match){0}, "$_ is None", "$_ is not None",
				    "$_ == None"))
				return true;
			if (local_value(c, py_statement(c, use)) &&
				tree_is(t, local_value(c, py_statement(c, use)), "none"))
				return true;
		}
	}
	return false;
}

/* ---- loops as comprehensions ---- */

static bool add_clause(struct clauses *p, int kind, int target, int value)
{
	if (p->n == CLAUSES)
		return false;
	p->v[p->n].kind = kind;
	p->v[p->n].target = target;
	p->v[p->n++].value = value;
	return true;
}

/* Targets that a comprehension can bind, too: names, and tuples of names. */
static bool plain_target(const struct rule_ctx *c, int target)
{
	for (int n = target; n < c->tree->v[target].after; n++)
		if (tree_is_any(c->tree, n, "attribute subscript"))
			return false;
	return true;
}

bool clauses_of(const struct rule_ctx *c, int loop, struct clauses *p)
{
	const struct tree *t = c->tree;
	int s = loop;

	*p = (struct clauses){0};
	for (int n = loop; n < t->v[loop].after; n++)
		/* In the scope of its own that a comprehension is, these do something else. */
		if (tree_is_any(t, n,
			    "async yield await named_expression break_statement "
			    "return_statement") ||
			(IS(n, "identifier") &&
				(tree_text_is(t, n, "super") || tree_text_is(t, n, "locals") ||
					tree_text_is(t, n, "vars") || tree_text_is(t, n, "eval"))))
			return false;
	for (;;) {
		int block = tree_field(t, s, IS(s, "if_statement") ? "consequence" : "body");
		int only = tree_count(t, block) == 1 ? tree_first(t, block) : 0;
		int value = local_value(c, s);

		if (IS(s, "for_statement") && (s == loop || !tree_next(t, s))) {
			if (p->name || tree_field(t, s, "alternative") ||
				!plain_target(c, tree_field(t, s, "left")) ||
				!add_clause(p, CLAUSE_FOR, tree_field(t, s, "left"),
					tree_field(t, s, "right")))
				return false;
			s = tree_first(t, block);
		} else if (IS(s, "if_statement") && !tree_field(t, s, "alternative") &&
			   IS(only, "continue_statement") && tree_next(t, s)) {
			if (!add_clause(p, CLAUSE_IF_NOT, 0, tree_field(t, s, "condition")))
				return false;
			s = tree_next(t, s);
		} else if (IS(s, "if_statement") && !tree_field(t, s, "alternative") &&
			   !tree_next(t, s)) {
			if (!add_clause(p, CLAUSE_IF, 0, tree_field(t, s, "condition")))
				return false;
			s = tree_first(t, block);
		} else if (value && tree_next(t, s) && !p->name &&
			   IS(tree_field(t, tree_first(t, s), "left"), "identifier") &&
			   !IS(value, "assignment")) {
			p->name = tree_field(t, tree_first(t, s), "left");
			p->name_value = value;
			s = tree_next(t, s);
		} else {
			break;
		}
	}
	p->first = s;
	p->last = tree_last(t, tree_parent(t, s));
	/* A condition behind the name would have to compute it a second time. */
	cf_autofree char *name = p->name ? tree_text(t, p->name) : NULL;
	bool item = false;
	for (int i = 0; name && i < p->n; i++) {
		if (py_uses(c, p->v[i].value, name))
			return false;
		item |= p->v[i].target && py_uses(c, p->v[i].target, name);
	}
	/* What it was on the pass before, a comprehension does not know. */
	if (name && !item && py_uses(c, p->name_value, name))
		return false;
	for (int n = p->first; n < t->v[p->last].after; n++)
		if (IS(n, "continue_statement"))
			return false;
	return true;
}

bool clauses_use(const struct rule_ctx *c, const struct clauses *p, const char *name)
{
	for (int i = 0; i < p->n; i++)
		if (py_uses(c, p->v[i].value, name) ||
			(p->v[i].target && py_uses(c, p->v[i].target, name)))
			return true;
	return (p->name && tree_text_is(c->tree, p->name, name)) ||
	       (p->name_value && py_uses(c, p->name_value, name));
}

bool clauses_dead_outside(const struct rule_ctx *c, const struct clauses *p, int loop)
{
	for (int i = 0; i < p->n; i++)
		if (p->v[i].target && !local_targets_dead_outside(c, loop, p->v[i].target))
			return false;
	return !p->name || local_targets_dead_outside(c, loop, p->name);
}

/* The condition turned round, where that reads better than `not`. */
static char *negated(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	static const char *const operators[][2] = {
		{"==", "!="}, {"in", "not in"}, {"is", "is not"}};

	n = unwrap(c, n);
	if (IS(n, "not_operator"))
		return tree_text(t, unwrap(c, tree_field(t, n, "argument")));
	if (IS(n, "comparison_operator") && tree_count(t, n) == 2) {
		cf_autofree char *left = tree_text(t, tree_first(t, n));
		cf_autofree char *right = tree_text(t, tree_last(t, n));
		int operator= t->v[tree_first(t, n)].after;
		for (size_t i = 0; i < 3; i++)
			for (int k = 0; k < 2; k++)
				if (tree_text_is(t, operator, operators[i][k]))
					return cf_asprintf(
						"%s %s %s", left, operators[i][!k], right);
	}
	cf_autofree char *text = tree_text(t, n);
	return tree_is_any(t, n, "boolean_operator conditional_expression lambda")
		       ? cf_asprintf("not (%s)", text)
		       : cf_asprintf("not %s", text);
}

char *clause_text(const struct rule_ctx *c, const struct clauses *p, int i)
{
	const struct tree *t = c->tree;
	int value = p->v[i].value;
	if (p->v[i].kind == CLAUSE_IF_NOT) {
		cf_autofree char *not = negated(c, value);
		return cf_asprintf("if %s", not );
	}
	bool parens = tree_is_any(t, value, "expression_list conditional_expression lambda");
	if (p->v[i].kind == CLAUSE_IF && IS(value, "parenthesized_expression"))
		value = unwrap(c, value);
	cf_autofree char *text = tree_text(t, value);
	cf_autofree char *target = p->v[i].target ? tree_text(t, p->v[i].target) : cf_strdup("");
	return cf_asprintf("%s%s%s%s%s%s", p->v[i].kind == CLAUSE_FOR ? "for " : "if ", target,
		p->v[i].kind == CLAUSE_FOR ? " in " : "", parens ? "(" : "", text,
		parens ? ")" : "");
}

static size_t column_of(const struct tree *t, int n)
{
	size_t column = 0;
	for (uint32_t at = t->v[n].start; at && t->text[at - 1] != '\n'; at--)
		column += t->text[at - 1] == '\t' ? 8 : 1;
	return column;
}

void clauses_write(struct rule_ctx *c, int first, int last, const struct clauses *p,
	const char *before, const char *element, const char *after)
{
	const struct tree *t = c->tree;
	const char *part[CLAUSES + 3] = {before, element};
	char *text[CLAUSES] = {0};
	size_t width = column_of(t, first) + strlen(before) + strlen(element) + strlen(after);

	for (int i = 0; i < p->n; i++) {
		int from = p->v[i].target ? p->v[i].target : p->v[i].value;
		if (tree_has_comment(t, t->v[from].start, t->v[p->v[i].value].end))
			rule_fail(c);
		part[i + 2] = text[i] = clause_text(c, p, i);
		width += strlen(text[i]) + 1;
	}
	part[p->n + 2] = after;

	/* One %s for each part; the arguments behind the last are not looked at. */
	cf_autobuf struct cf_buf template = CF_BUF_INIT;
	for (int i = 0; i < p->n + 3; i++)
		cf_buf_adds(&template, width <= 88    ? i > 1 && i < p->n + 2 ? " %s" : "%s"
				       : i == 0	      ? "%s"
				       : i < p->n + 2 ? "\n\t%s"
						      : "\n%s");
	rule_replace_run(c, first, last, NULL, template.data, part[0], part[1], part[2], part[3],
		part[4], part[5], part[6], part[7], part[8]);
	for (int i = 0; i < p->n; i++)
		free(text[i]);
}
