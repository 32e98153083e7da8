/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a whole function is pure: reads nothing that changes, changes nothing of anybody else's. */
#include "cf-suggest/rules/python/py.h"

#include "lib/mem.h"

#define DEPTH 4 /* how far calls of the module's other functions are followed */

static bool pure_function(const struct rule_ctx *c, int def, int depth);

/* The def of that name that a call in the function means; 0 when it is not in this file. */
static int definition(const struct rule_ctx *c, const char *name)
{
	const struct tree *t = c->tree;
	int found = 0;
	for (int n = 1; n < t->n; n++) {
		if (!tree_is(t, n, "function_definition") ||
			!tree_text_is(t, tree_field(t, n, "name"), name))
			continue;
		int scope = tree_up(t, n, "function_definition class_definition");
		if (scope && !(tree_is(t, scope, "function_definition") && tree_inside(t, c->function, scope)))
			continue;
		if (found)
			return 0;
		found = n;
	}
	return found;
}

/* The def, lambda or module (0) whose variable the name at n is. */
static int home_of(const struct rule_ctx *c, int n, const char *name)
{
	const struct tree *t = c->tree;
	for (int scope = n; (scope = tree_up(t, scope, "function_definition lambda"));)
		PY_EACH_USE (c, scope, name, use)
			if (py_role(c, use) == PY_BIND && !tree_is(t, tree_parent(t, use), "class_definition") &&
				tree_up(t, use, "function_definition lambda") == scope &&
				!(tree_is(t, tree_parent(t, use), "function_definition") &&
					tree_parent(t, use) == scope))
				return scope;
	return 0;
}

/* The name at n comes from outside the def, is bound once there and never changed by its name. */
static bool is_constant(const struct rule_ctx *c, int at, const char *name)
{
	const struct tree *t = c->tree;
	int bound = 0, home = home_of(c, at, name);
	for (int n = py_next_use(c, 0, name, 1); n; n = py_next_use(c, 0, name, n + 1)) {
		if (py_role(c, n) == PY_DECLARE)
			return false;
		int own = n;
		/* A def's name belongs to what is round the def. */
		if (tree_is(t, tree_parent(t, n), "function_definition") && py_role(c, n) == PY_BIND &&
			tree_field(t, tree_parent(t, n), "name") == n)
			own = tree_parent(t, n);
		if (home_of(c, own, name) != home)
			continue;
		bound += py_role(c, n) == PY_BIND;
		if (py_role(c, n) != PY_READ)
			continue;
		if (py_use(c, n) == PY_USE_STORE)
			return false;
		if (py_use(c, n) == PY_USE_METHOD &&
			!py_pure(c, tree_parent(t, tree_parent(t, n))) && py_type_of(c, n) != PY_UNKNOWN)
			return false;
	}
	return bound <= 1;
}

/* Bound in the def itself, so that changing it is nobody else's affair. */
static bool is_own(const struct rule_ctx *c, int def, const char *name, bool *parameter)
{
	const struct tree *t = c->tree;
	int parameters = tree_field(t, def, "parameters"), body = tree_field(t, def, "body");
	*parameter = py_bindings(c, parameters, name);
	return *parameter || py_bindings(c, body, name);
}

/* WORD.findall(…), where the module has WORD = re.compile(…), once. */
static bool is_pattern_call(const struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	cf_autofree char *name = NULL;
	int made = 0;

	if (!MATCH(t, call, &m, "$P.findall($_)", "$P.match($_)", "$P.search($_)", "$P.fullmatch($_)",
		    "$P.split($_)") ||
		!(name = py_name(c, got(&m, 'P'))))
		return false;
	for (int n = py_next_use(c, 0, name, 1); n; n = py_next_use(c, 0, name, n + 1)) {
		int up = tree_parent(t, n);
		if (py_role(c, n) == PY_READ)
			continue;
		if (made || !tree_is(t, up, "assignment") || tree_parent(t, tree_parent(t, up)) ||
			!MATCH(t, tree_field(t, up, "right"), &(struct match){0}, "re.compile($$$A)"))
			return false;
		made = n;
	}
	return made;
}

/* seen: where defs within are looked at anyway. */
static bool pure_call(const struct rule_ctx *c, int def, int seen, int call, int depth)
{
	const struct tree *t = c->tree;
	int f = tree_field(t, call, "function");
	bool parameter;

	if (py_library_call(c, call) || is_pattern_call(c, call))
		return true;
	if (tree_is(t, f, "identifier")) {
		cf_autofree char *name = tree_text(t, f);
		if (py_is_recursion(c, def, call))
			return true;
		int other = definition(c, name);
		if (other && !is_own(c, def, name, &parameter))
			return (seen && tree_inside(t, other, seen)) || pure_function(c, other, depth - 1);
		/* The call alone, not its arguments, which are looked at for themselves. */
		return py_is_builtin_node(c, f,
			"abs all any bool chr complex dict divmod enumerate float frozenset hash int "
			"isinstance len list max min ord pow range repr reversed round set sorted str sum "
			"tuple zip ValueError TypeError KeyError IndexError RuntimeError AssertionError "
			"ZeroDivisionError");
	}
	if (!tree_is(t, f, "attribute"))
		return false;
	int object = tree_field(t, f, "object");
	if (tree_text_is(t, object, "math") || py_is_recursion(c, def, call))
		return true;
	cf_autofree char *name = py_name(c, object);
	struct match m = {0};
	/* What a def does to its own is nobody's affair; what an expression does, the def's. A method
	 * that we do not know is taken at its word: x.is_ready() asks. */
	if (name && is_own(c, def, name, &parameter) && !parameter &&
		(seen || !MATCH(t, call, &m, "$_.append($$$A)", "$_.add($$$A)", "$_.extend($$$A)",
				"$_.insert($$$A)", "$_.update($$$A)", "$_.setdefault($$$A)",
				"$_.discard($$$A)", "$_.remove($$$A)", "$_.pop($$$A)", "$_.popleft()",
				"$_.appendleft($$$A)", "$_.sort($$$A)", "$_.reverse()", "$_.clear()",
				"$_.write($$$A)", "$_.send($$$A)", "$_.close()", "$_.read($$$A)",
				"$_.readline()", "$_.put($$$A)")))
		return true;
	return MATCH(t, call, &m, "$_.index($$$A)", "$_.count($$$A)", "$_.get($$$A)", "$_.keys()",
		       "$_.values()", "$_.items()", "$_.startswith($$$A)", "$_.endswith($$$A)",
		       "$_.lower()", "$_.upper()", "$_.strip($$$A)", "$_.split($$$A)", "$_.join($$$A)",
		       "$_.isdigit()", "$_.isalpha()", "$_.replace($$$A)", "$_.bit_length()") != 0;
}

static bool pure_function(const struct rule_ctx *c, int def, int depth)
{
	const struct tree *t = c->tree;
	int body = tree_field(t, def, "body");
	bool parameter;

	if (depth <= 0 || !body)
		return false;
	for (int n = body; n < t->v[body].after; n++) {
		if (tree_is_any(t, n, "yield await with_statement global_statement nonlocal_statement "
				      "delete_statement import_statement import_from_statement exec_statement "
				      "print_statement class_definition"))
			return false;
		if (tree_is(t, n, "call") && !pure_call(c, def, c->function, n, depth))
			return false;
		if (py_role(c, n) != PY_READ)
			continue;
		cf_autofree char *name = tree_text(t, n);
		bool own = is_own(c, def, name, &parameter);
		if (!own && !py_is_builtin(c, name) && !is_constant(c, n, name))
			return false;
		enum py_use use = py_use(c, n);
		/* parameter.x or parameter[i] may be stored to further out: a[i][j] = … */
		int top = n;
		while (tree_is_any(t, tree_parent(t, top), "subscript attribute") &&
			tree_first(t, tree_parent(t, top)) == top)
			top = tree_parent(t, top);
		if ((use == PY_USE_STORE || (top != n && py_use(c, top) == PY_USE_BIND)) && (!own || parameter))
			return false;
	}
	return true;
}

bool py_is_recursion(const struct rule_ctx *c, int def, int call)
{
	const struct tree *t = c->tree;
	int f = tree_field(t, call, "function"), name = tree_field(t, def, "name");
	int class = tree_up(t, def, "class_definition function_definition");

	if (tree_is(t, f, "identifier"))
		return tree_equal(t, f, name) && !tree_is(t, class, "class_definition");
	return tree_is(t, f, "attribute") && tree_is(t, class, "class_definition") &&
	       tree_equal(t, tree_field(t, f, "attribute"), name) &&
	       tree_equal(t, tree_field(t, f, "object"), tree_first(t, tree_field(t, def, "parameters")));
}

bool py_is_pure_def(const struct rule_ctx *c, int name)
{
	cf_autofree char *text = py_name(c, name);
	int def = text && !py_is_local(c, text) ? definition(c, text) : 0;
	return def && def != c->function && pure_function(c, def, DEPTH);
}

bool py_pure_function(const struct rule_ctx *c, int def)
{
	return pure_function(c, def, DEPTH);
}

bool py_pure_deep(const struct rule_ctx *c, int expression)
{
	const struct tree *t = c->tree;
	for (int n = expression; n < t->v[expression].after; n++) {
		if (tree_is_any(t, n, "yield await named_expression"))
			return false;
		if (tree_is(t, n, "call") && !pure_call(c, c->function, 0, n, DEPTH))
			return false;
	}
	return true;
}
