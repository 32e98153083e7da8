/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a loop nest on small lists. What to write instead is hand_sort.c's. */
#include "cf-suggest/rules/python/trial.h"

#include <string.h>
#include "lib/mem.h"

#define ELEMENTS 12
#define NAMES 16
#define DEPTH 16    /* of blocks and expressions; deeper is no sort that a person wrote */
#define STEPS 4000  /* in one run */
#define LITERAL 2   /* of more than this a bound is not the list's */

struct value {
	enum { NOTHING, NUMBER, ELEMENT } kind;
	int v; /* a number; an element's place in the list at first */
};

struct list {
	int path, v[ELEMENTS], n;
};

enum flow { ON, BREAK, CONTINUE, FAILED };

struct run {
	const struct rule_ctx *c;
	struct trial *trial;
	struct list a, b;
	int keys[ELEMENTS];
	struct {
		int name; /* a node that spells it */
		struct value value;
	} names[NAMES];
	int n, steps, flag;
	bool plain;  /* elements are compared as they are, or for being equal */
	char **key;  /* how an element is looked at in comparisons, as text */
};

char *trial_key(const struct tree *t, int n, int element)
{
	struct cf_buf out = CF_BUF_INIT;
	uint32_t at = t->v[n].start;
	for (int i = n; i < t->v[n].after; i++) {
		if (strcmp(t->v[i].type, t->v[element].type) || !tree_equal(t, i, element))
			continue;
		cf_buf_add(&out, t->text + at, t->v[i].start - at);
		cf_buf_adds(&out, "item");
		at = t->v[i].end;
		i = t->v[i].after - 1;
	}
	cf_buf_add(&out, t->text + at, t->v[n].end - at);
	return cf_buf_detach(&out, NULL);
}

static const struct value nothing;

/* The token between the left side and the right. */
static int operator_of(const struct tree *t, int n)
{
	return t->v[tree_field(t, n, "left")].after;
}

static struct value number(int v)
{
	return (struct value){NUMBER, v};
}

static int unwrap(const struct tree *t, int n)
{
	while (tree_is(t, n, "parenthesized_expression"))
		n = tree_first(t, n);
	return n;
}

static struct list *list_at(struct run *r, int n)
{
	const struct tree *t = r->c->tree;
	if (!tree_is_any(t, n, "identifier attribute"))
		return NULL;
	if (tree_equal(t, n, r->a.path))
		return &r->a;
	return r->b.path && tree_equal(t, n, r->b.path) ? &r->b : NULL;
}

static struct value *name_at(struct run *r, int n, bool make)
{
	const struct tree *t = r->c->tree;
	for (int i = 0; i < r->n; i++)
		if (tree_equal(t, r->names[i].name, n))
			return &r->names[i].value;
	if (!make || r->n == NAMES)
		return NULL;
	r->names[r->n].name = n;
	r->names[r->n].value = nothing;
	return &r->names[r->n++].value;
}

static struct value eval(struct run *r, int n, int depth);

/* A place in the list as Python counts it: -1 is the last. */
static bool place(struct run *r, const struct list *l, int index, int depth, int *at)
{
	struct value i = eval(r, index, depth);
	*at = i.v < 0 ? i.v + l->n : i.v;
	return i.kind == NUMBER && *at >= 0 && *at < l->n;
}

static void take_out(struct list *l, int at)
{
	l->n--;
	memmove(l->v + at, l->v + at + 1, (size_t)(l->n - at) * sizeof *l->v);
}

static bool put_in(struct list *l, int at, int element)
{
	if (l->n == ELEMENTS || at < 0)
		return false;
	at = at > l->n ? l->n : at;
	memmove(l->v + at + 1, l->v + at, (size_t)(l->n - at) * sizeof *l->v);
	l->v[at] = element;
	l->n++;
	return true;
}

/* The list's first least or greatest element, or its first one equal to `like`. */
static int look(const struct run *r, const struct list *l, bool greatest, const struct value *like)
{
	int found = -1;
	for (int i = 0; i < l->n; i++) {
		int key = r->keys[l->v[i]];
		if (like ? key == r->keys[like->v] && found < 0
			 : found < 0 || (greatest ? key > r->keys[l->v[found]]
						  : key < r->keys[l->v[found]]))
			found = i;
	}
	return found;
}

static struct value call(struct run *r, int n, int depth)
{
	const struct tree *t = r->c->tree;
	int f = tree_field(t, n, "function"), args = tree_field(t, n, "arguments");
	int first = tree_first(t, args), second = tree_next(t, first), at;
	bool method = tree_is(t, f, "attribute");
	struct list *l = list_at(r, method ? tree_field(t, f, "object") : first);
	int name = method ? tree_field(t, f, "attribute") : 0;

	if (!l || tree_count(t, args) > 2)
		return nothing;
	if (!method && !second) {
		if (py_is_builtin_node(r->c, f, "len"))
			return number(l->n);
		at = py_is_builtin_node(r->c, f, "min max")
			     ? look(r, l, tree_text_is(t, f, "max"), NULL)
			     : -1;
		r->plain |= at >= 0;
		return at < 0 ? nothing : (struct value){ELEMENT, l->v[at]};
	}
	struct value x = second ? eval(r, second, depth) : first ? eval(r, first, depth) : nothing;
	if (tree_text_is(t, name, "append") && !second && x.kind == ELEMENT)
		return put_in(l, l->n, x.v) ? number(0) : nothing;
	if (tree_text_is(t, name, "insert") && second && x.kind == ELEMENT) {
		struct value i = eval(r, first, depth);
		return i.kind == NUMBER && put_in(l, i.v, x.v) ? number(0) : nothing;
	}
	if (tree_text_is(t, name, "pop") && !second && l->n) {
		at = l->n - 1;
		if (first && !place(r, l, first, depth, &at))
			return nothing;
		x = (struct value){ELEMENT, l->v[at]};
		take_out(l, at);
		return x;
	}
	if ((tree_text_is(t, name, "remove") || tree_text_is(t, name, "index")) && !second &&
		x.kind == ELEMENT) {
		at = look(r, l, false, &x);
		r->plain = true;
		if (at >= 0 && tree_text_is(t, name, "remove"))
			take_out(l, at);
		return at < 0 ? nothing : number(at);
	}
	return nothing;
}

/* The element in one side of a comparison: a[j], a name that holds one; 0 when there is none. */
static int element_in(struct run *r, int n)
{
	const struct tree *t = r->c->tree;
	for (int i = n; i < t->v[n].after; i++) {
		if (tree_is(t, i, "subscript") && list_at(r, tree_field(t, i, "value")))
			return i;
		struct value *held = py_role(r->c, i) == PY_READ ? name_at(r, i, false) : NULL;
		if (held && held->kind == ELEMENT)
			return i;
	}
	return 0;
}

/* All comparisons look at elements in the same way, which does not move with the loops. */
static bool same_key(struct run *r, int side, int element)
{
	const struct tree *t = r->c->tree;
	cf_autofree char *text = trial_key(t, unwrap(t, side), element);
	if (*r->key)
		return !strcmp(*r->key, text);
	for (int n = side; n < t->v[side].after; n++) {
		if (!strcmp(t->v[n].type, t->v[element].type) && tree_equal(t, n, element)) {
			n = t->v[n].after - 1;
			continue;
		}
		cf_autofree char *name = py_role(r->c, n) == PY_READ ? tree_text(t, n) : NULL;
		if ((name && py_bindings(r->c, r->trial->loop, name)) ||
			tree_is_any(t, n, "await yield named_expression lambda"))
			return false;
	}
	r->trial->side = unwrap(t, side);
	r->trial->element = element;
	*r->key = cf_steal(&text);
	return true;
}

static bool compare(int a, const char *operator, int b, bool *answer)
{
	static const char *const operators[] = {"<", ">", "<=", ">=", "==", "!="};
	const bool answers[] = {a < b, a > b, a <= b, a >= b, a == b, a != b};
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
		if (!strcmp(operator, operators[i])) {
			*answer = answers[i];
			return true;
		}
	return false;
}

static struct value comparison(struct run *r, int n, int depth)
{
	const struct tree *t = r->c->tree;
	int left = tree_first(t, n);
	for (int right; (right = tree_next(t, left)); left = right) {
		int operator = t->v[left].after;
		int p = element_in(r, left), q = element_in(r, right);
		struct value a = eval(r, p ? p : left, depth), b = eval(r, q ? q : right, depth);
		bool answer, equality = strchr("=!", *t->v[operator].type) != NULL;
		if (a.kind == NOTHING || a.kind != b.kind || t->v[operator].named ||
			(p && (!same_key(r, left, p) || !same_key(r, right, q))))
			return nothing;
		r->plain |= p && equality;
		if (p)
			a.v = r->keys[a.v], b.v = r->keys[b.v];
		if (!compare(a.v, t->v[operator].type, b.v, &answer))
			return nothing;
		if (!answer)
			return number(0);
	}
	return number(1);
}

static struct value arithmetic(struct run *r, int n, int depth)
{
	const struct tree *t = r->c->tree;
	struct value a = eval(r, tree_field(t, n, "left"), depth);
	struct value b = eval(r, tree_field(t, n, "right"), depth);
	int operator = operator_of(t, n);
	if (a.kind != NUMBER || b.kind != NUMBER)
		return nothing;
	if (tree_is(t, operator, "+"))
		return number(a.v + b.v);
	if (tree_is(t, operator, "-"))
		return number(a.v - b.v);
	if (tree_is(t, operator, "//") && a.v >= 0 && b.v > 0)
		return number(a.v / b.v);
	return nothing;
}

static struct value eval(struct run *r, int n, int depth)
{
	const struct tree *t = r->c->tree;
	n = unwrap(t, n);
	if (!n || depth > DEPTH || r->steps-- <= 0)
		return nothing;
	depth++;
	if (tree_is_any(t, n, "true false"))
		return number(tree_is(t, n, "true"));
	if (tree_is(t, n, "integer")) {
		int v = t->v[n].end - t->v[n].start == 1 ? t->text[t->v[n].start] - '0' : LITERAL + 1;
		return v <= LITERAL ? number(v) : nothing;
	}
	if (tree_is(t, n, "identifier") || list_at(r, n)) {
		struct list *l = list_at(r, n);
		struct value *held = l ? NULL : name_at(r, n, false);
		if (l)
			return number(l->n != 0); /* for its truth */
		if (held)
			return *held;
		/* One name of the caller's may say which way. */
		cf_autofree char *name = tree_text(t, n);
		if (!py_is_parameter(r->c, name) || py_bindings(r->c, r->c->body, name) ||
			(r->trial->flag && !tree_equal(t, r->trial->flag, n)))
			return nothing;
		r->trial->flag = n;
		return number(r->flag);
	}
	if (tree_is(t, n, "subscript")) {
		struct list *l = list_at(r, tree_field(t, n, "value"));
		int at;
		return l && place(r, l, tree_field(t, n, "subscript"), depth, &at)
			       ? (struct value){ELEMENT, l->v[at]}
			       : nothing;
	}
	if (tree_is(t, n, "call"))
		return call(r, n, depth);
	if (tree_is(t, n, "comparison_operator"))
		return comparison(r, n, depth);
	if (tree_is(t, n, "binary_operator"))
		return arithmetic(r, n, depth);
	if (tree_is(t, n, "unary_operator") && tree_is(t, n + 1, "-")) {
		struct value a = eval(r, tree_field(t, n, "argument"), depth);
		return a.kind == NUMBER ? number(-a.v) : nothing;
	}
	if (tree_is(t, n, "not_operator")) {
		struct value a = eval(r, tree_field(t, n, "argument"), depth);
		return a.kind == NUMBER ? number(!a.v) : nothing;
	}
	if (tree_is(t, n, "boolean_operator")) {
		struct value a = eval(r, tree_field(t, n, "left"), depth);
		bool both = tree_is(t, operator_of(t, n), "and");
		return a.kind == NUMBER && (a.v != 0) != both ? a
		       : a.kind == NUMBER                ? eval(r, tree_field(t, n, "right"), depth)
							 : nothing;
	}
	if (tree_is(t, n, "conditional_expression")) {
		int yes = tree_first(t, n), test = tree_next(t, yes);
		struct value a = eval(r, test, depth);
		return a.kind == NUMBER ? eval(r, a.v ? yes : tree_next(t, test), depth) : nothing;
	}
	return nothing;
}

static bool store(struct run *r, int target, struct value v)
{
	const struct tree *t = r->c->tree;
	if (v.kind == NOTHING)
		return false;
	if (tree_is(t, target, "identifier") && !list_at(r, target)) {
		struct value *held = name_at(r, target, true);
		if (held)
			*held = v;
		return held;
	}
	struct list *l = tree_is(t, target, "subscript") ? list_at(r, tree_field(t, target, "value")) : NULL;
	int at;
	if (!l || v.kind != ELEMENT || !place(r, l, tree_field(t, target, "subscript"), 0, &at))
		return false;
	l->v[at] = v.v;
	return true;
}

static bool assign(struct run *r, int n)
{
	const struct tree *t = r->c->tree;
	int left = tree_field(t, n, "left"), right = tree_field(t, n, "right");
	struct value v[4];

	if (tree_is(t, n, "augmented_assignment")) {
		struct value a = eval(r, left, 0), b = eval(r, right, 0);
		int operator = operator_of(t, n);
		if (a.kind != NUMBER || b.kind != NUMBER)
			return false;
		if (tree_is(t, operator, "//="))
			return a.v >= 0 && b.v > 0 && store(r, left, number(a.v / b.v));
		return tree_is_any(t, operator, "+= -=") &&
		       store(r, left, number(tree_is(t, operator, "+=") ? a.v + b.v : a.v - b.v));
	}
	if (!tree_is_any(t, left, "pattern_list tuple_pattern"))
		return store(r, left, eval(r, right, 0));
	int n_values = 0;
	right = unwrap(t, right);
	if (!tree_is_any(t, right, "expression_list tuple") || tree_count(t, right) > 4 ||
		tree_count(t, right) != tree_count(t, left))
		return false;
	for (int i = tree_first(t, right); i; i = tree_next(t, i))
		v[n_values++] = eval(r, i, 0);
	n_values = 0;
	for (int i = tree_first(t, left); i; i = tree_next(t, i))
		if (!store(r, i, v[n_values++]))
			return false;
	return true;
}

static enum flow block(struct run *r, int n, int depth);

static enum flow for_loop(struct run *r, int n, int depth)
{
	const struct tree *t = r->c->tree;
	int left = tree_field(t, n, "left"), right = unwrap(t, tree_field(t, n, "right"));
	int args = tree_field(t, right, "arguments"), f = tree_field(t, right, "function");
	struct list *l = list_at(r, right);
	bool pairs = false;
	int at = 0, end = 0, step = 1;

	if (!l && tree_is(t, right, "call") && py_is_builtin_node(r->c, f, "enumerate") &&
		tree_count(t, args) == 1 && tree_count(t, left) == 2) {
		l = list_at(r, tree_first(t, args));
		pairs = true;
	}
	if (!l) {
		struct value v[3];
		int count = 0;
		if (!tree_is(t, right, "call") || !py_is_builtin_node(r->c, f, "range") ||
			tree_count(t, args) > 3)
			return FAILED;
		for (int i = tree_first(t, args); i; i = tree_next(t, i)) {
			v[count] = eval(r, i, 0);
			if (v[count++].kind != NUMBER)
				return FAILED;
		}
		if (!count)
			return FAILED;
		at = count > 1 ? v[0].v : 0;
		end = v[count > 1].v;
		step = count > 2 ? v[2].v : 1;
		if (!step)
			return FAILED;
	}
	for (; l ? at < l->n : step > 0 ? at < end : at > end; at += step) {
		struct value item = l ? (struct value){ELEMENT, l->v[at]} : number(at);
		if (r->steps-- <= 0)
			return FAILED;
		if (pairs ? !store(r, tree_first(t, left), number(at)) ||
				    !store(r, tree_last(t, left), item)
			  : !tree_is(t, left, "identifier") || !store(r, left, item))
			return FAILED;
		enum flow flow = block(r, tree_field(t, n, "body"), depth);
		if (flow == FAILED)
			return flow;
		if (flow == BREAK)
			return ON;
	}
	int otherwise = tree_field(t, n, "alternative");
	return otherwise ? block(r, tree_field(t, otherwise, "body"), depth) : ON;
}

static enum flow while_loop(struct run *r, int n, int depth)
{
	const struct tree *t = r->c->tree;
	for (;;) {
		struct value test = eval(r, tree_field(t, n, "condition"), 0);
		if (test.kind != NUMBER)
			return FAILED;
		if (!test.v)
			return ON;
		enum flow flow = block(r, tree_field(t, n, "body"), depth);
		if (flow == FAILED)
			return flow;
		if (flow == BREAK)
			return ON;
	}
}

static enum flow statement(struct run *r, int n, int depth)
{
	const struct tree *t = r->c->tree;
	if (r->steps-- <= 0)
		return FAILED;
	if (tree_is(t, n, "for_statement"))
		return for_loop(r, n, depth);
	if (tree_is(t, n, "while_statement"))
		return while_loop(r, n, depth);
	if (tree_is(t, n, "break_statement"))
		return BREAK;
	if (tree_is(t, n, "continue_statement"))
		return CONTINUE;
	if (tree_is(t, n, "pass_statement"))
		return ON;
	if (tree_is(t, n, "if_statement")) {
		for (int part = n; part;
			part = part == n ? tree_field(t, n, "alternative") : tree_next(t, part)) {
			if (tree_is(t, part, "else_clause"))
				return block(r, tree_field(t, part, "body"), depth);
			struct value test = eval(r, tree_field(t, part, "condition"), 0);
			if (test.kind != NUMBER)
				return FAILED;
			if (test.v)
				return block(r, tree_field(t, part, "consequence"), depth);
		}
		return ON;
	}
	if (tree_is(t, n, "delete_statement")) {
		int what = tree_first(t, n), at;
		struct list *l =
			tree_is(t, what, "subscript") ? list_at(r, tree_field(t, what, "value")) : NULL;
		if (!l || !place(r, l, tree_field(t, what, "subscript"), 0, &at))
			return FAILED;
		take_out(l, at);
		return ON;
	}
	int e = tree_is(t, n, "expression_statement") ? tree_first(t, n) : 0;
	if (tree_is_any(t, e, "assignment augmented_assignment"))
		return assign(r, e) ? ON : FAILED;
	return tree_is(t, e, "call") && call(r, e, 0).kind != NOTHING ? ON : FAILED;

}

/* Recursion goes as deep as blocks do, which DEPTH bounds. */
static enum flow block(struct run *r, int n, int depth)
{
	if (depth > DEPTH)
		return FAILED;
	for (int s = tree_first(r->c->tree, n); s; s = tree_next(r->c->tree, s)) {
		enum flow flow = statement(r, s, depth + 1);
		if (flow != ON)
			return flow;
	}
	return ON;
}

/* ---- what is tried ---- */

/* Only what a run understands stands in the nest, also where no run may come by. */
static bool is_understood(const struct rule_ctx *c, int loop)
{
	const struct tree *t = c->tree;
	for (int n = loop; n < t->v[loop].after; n++) {
		if (tree_is_any(t, n, "return_statement raise_statement yield await with_statement "
				      "try_statement assert_statement named_expression lambda async "
				      "function_definition class_definition import_statement "
				      "import_from_statement global_statement nonlocal_statement "
				      "match_statement list_splat dictionary_splat "
				      "keyword_argument " PY_COMPREHENSIONS))
			return false;
		int e = tree_is(t, n, "expression_statement") ? tree_first(t, n) : 0;
		if (e && !tree_is_any(t, e, "assignment augmented_assignment call"))
			return false;
		int f = e && tree_is(t, e, "call") ? tree_field(t, e, "function") : 0;
		if (f && !(tree_is(t, f, "attribute") &&
				 tree_is_any(t, tree_field(t, f, "object"), "identifier attribute")))
			return false;
	}
	return true;
}

/* The lists: what is subscripted in a store, added to or taken from. False when there are three. */
static bool find_lists(const struct rule_ctx *c, struct trial *trial)
{
	const struct tree *t = c->tree;
	int loop = trial->loop, comparisons = 0;

	for (int n = loop; n < t->v[loop].after; n++) {
		int up = tree_parent(t, n), path = 0;
		struct match m = {0};
		bool grows = false;
		comparisons += tree_is(t, n, "comparison_operator") ||
			       (tree_is(t, n, "call") && MATCH(t, n, &m, "min($_)", "max($_)"));
		if (tree_is(t, n, "subscript") && (tree_is(t, up, "pattern_list") ||
							  (tree_is(t, up, "assignment") &&
								  tree_field(t, up, "left") == n)))
			path = tree_field(t, n, "value");
		else if (tree_is(t, n, "call") && MATCH(t, n, &m, "$A.append($_)", "$A.insert($_, $_)"))
			path = got(&m, 'A'), grows = true;
		else if (tree_is(t, n, "call") && MATCH(t, n, &m, "$A.pop($$$B)", "$A.remove($_)"))
			path = got(&m, 'A');
		else if (tree_is(t, n, "for_statement") &&
			 tree_is_any(t, tree_field(t, n, "right"), "identifier attribute"))
			path = tree_field(t, n, "right");
		if (!path)
			continue;
		if (!py_is_path(c, path))
			return false;
		int *of = grows ? &trial->into : &trial->list;
		if (!grows && trial->into && tree_equal(t, path, trial->into))
			of = &trial->into;
		if (*of && !tree_equal(t, *of, path))
			return false;
		*of = *of ? *of : path;
	}
	if (trial->into && trial->list && tree_equal(t, trial->into, trial->list))
		trial->into = 0; /* taken out and put in again */
	return trial->list && comparisons;
}

/* What names stand for when the nest begins. */
static void set_names(struct run *r)
{
	const struct rule_ctx *c = r->c;
	const struct tree *t = c->tree;
	for (int n = r->trial->loop; n < t->v[r->trial->loop].after; n++) {
		if (py_role(c, n) != PY_READ || list_at(r, n) || name_at(r, n, false))
			continue;
		cf_autofree char *name = tree_text(t, n);
		int assigned = py_assigned_before(c, name, r->trial->loop);
		int value = assigned ? tree_field(t, tree_first(t, assigned), "right") : 0;
		struct match m = {0}, copy = {0};
		struct value v = nothing;
		if (MATCH(t, value, &m, "len($S)", "len($S) - 1") && !list_at(r, got(&m, 'S'))) {
			/* Of what the list is a copy of. */
			cf_autofree char *list = py_name(c, r->a.path);
			int made = list ? py_assigned_before(c, list, r->trial->loop) : 0;
			bind(&copy, 'S', got(&m, 'S'));
			if (MATCH(t, made, &copy, "$_ = list($S)", "$_ = $S[:]", "$_ = $S.copy()"))
				v = number(MATCH(t, value, &m, "len($S)") ? r->a.n : r->a.n - 1);
		} else if (value) {
			v = eval(r, value, 0);
		}
		if (v.kind == NUMBER && name_at(r, n, true))
			*name_at(r, n, false) = v;
	}
}

/* Sorted as a stable sort would; by keys alone where equal elements are the same to anyone. */
static bool is_sorted(const struct run *r, const struct list *l, bool ascending, bool stable)
{
	for (int i = 1; i < l->n; i++) {
		int a = l->v[i - 1], b = l->v[i];
		int order = r->keys[a] - r->keys[b];
		if (ascending ? order > 0 : order < 0)
			return false;
		if (!order && stable && a > b)
			return false;
	}
	return true;
}

/* The elements of the list at first, each once. */
static bool is_whole(const struct list *l, int n)
{
	bool seen[ELEMENTS] = {0};
	for (int i = 0; i < l->n; i++) {
		if (seen[l->v[i]])
			return false;
		seen[l->v[i]] = true;
	}
	return l->n == n;
}

struct verdict {
	bool ascending, descending, empties, keeps, stable_up, stable_down, plain;
};

static bool try_one(const struct rule_ctx *c, struct trial *trial, char **key, const int *keys, int n,
	int flag, struct verdict *v)
{
	struct run r = {.c = c, .trial = trial, .key = key, .steps = STEPS, .flag = flag};
	r.a.path = trial->list;
	r.b.path = trial->into;
	r.a.n = n;
	for (int i = 0; i < n; i++) {
		r.a.v[i] = i;
		r.keys[i] = keys[i];
	}
	set_names(&r);
	if (statement(&r, trial->loop, 0) != ON)
		return false;
	const struct list *out = trial->into ? &r.b : &r.a;
	if (!is_whole(out, n))
		return false;
	bool same = r.a.n == n;
	for (int i = 0; i < r.a.n; i++)
		same &= r.a.v[i] == i;
	v->empties &= r.a.n == 0;
	v->keeps &= same;
	v->ascending &= is_sorted(&r, out, true, false);
	v->descending &= is_sorted(&r, out, false, false);
	v->stable_up &= is_sorted(&r, out, true, true);
	v->stable_down &= is_sorted(&r, out, false, true);
	v->plain |= r.plain;
	return v->ascending || v->descending;
}

/* All short lists of three keys, and some longer ones. */
static bool try_all(const struct rule_ctx *c, struct trial *trial, char **key, int flag,
	struct verdict *v)
{
	int keys[ELEMENTS];
	*v = (struct verdict){true, true, true, true, true, true, false};
	for (int n = 4, lists = 81; n >= 0; n--, lists /= 3)
		for (int i = 0; i < lists; i++) {
			for (int k = 0, rest = i; k < n; k++, rest /= 3)
				keys[k] = rest % 3;
			if (!try_one(c, trial, key, keys, n, flag, v))
				return false;
		}
	for (int i = 0; i < 24; i++) {
		unsigned seed = (unsigned)i;
		for (int k = 0; k < 9; k++) {
			seed = seed * 1103515245u + 12345u;
			keys[k] = i == 0 ? k : i == 1 ? 9 - k : (int)(seed >> 16) % 9;
		}
		if (!try_one(c, trial, key, keys, 5 + i % 5, flag, v))
			return false;
	}
	return true;
}

bool trial_sorts(const struct rule_ctx *c, struct trial *trial)
{
	struct verdict off, on;
	cf_autofree char *key = NULL;

	if (!is_understood(c, trial->loop) || !find_lists(c, trial) ||
		!try_all(c, trial, &key, 0, &off))
		return false;
	on = off;
	if (trial->flag && (!try_all(c, trial, &key, 1, &on) || on.ascending == off.ascending))
		return false;
	trial->ascending = on.ascending;
	trial->empties = trial->into && off.empties;
	if (trial->into && !off.empties && !off.keeps)
		return false;
	/* Elements that a key makes equal can be told apart. */
	if (!key || !strcmp(key, "item"))
		return true;
	return !off.plain && (off.ascending ? off.stable_up : off.stable_down) &&
	       (on.ascending ? on.stable_up : on.stable_down);
}
