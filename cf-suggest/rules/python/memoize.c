/* SPDX-License-Identifier: Apache-2.0 */
/* A pure function that is asked the same again: recursion, or repeated inputs in the trace. */
#include "cf-suggest/rules/python/py.h"

#include <string.h>
#include "lib/mem.h"

#define DEPTH 4 /* how far calls of the module's other functions are followed, as for purity */

/* Somewhere a value is made whose parts can be changed, which type by form alone does not tell. */
static bool makes_parts(const struct rule_ctx *c, int region, int depth)
{
	const struct tree *t = c->tree;
	for (int n = region; n < t->v[region].after; n++) {
		if (!tree_is(t, n, "call"))
			continue;
		int f = tree_field(t, n, "function");
		if (py_library_call(c, n) == PY_MAKES || MATCH(t, n, &(struct match){0}, "$_.findall($_)"))
			return true;
		for (int def = 1; depth && tree_is(t, f, "identifier") && def < t->n; def++)
			if (tree_is(t, def, "function_definition") && def != c->function &&
				tree_equal(t, tree_field(t, def, "name"), f) &&
				makes_parts(c, tree_field(t, def, "body"), depth - 1))
				return true;
	}
	return false;
}

/* What is returned is shared between callers, so it must not be something that they may change. */
static bool returns_values(const struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	bool some = false;
	if (makes_parts(c, c->body, DEPTH))
		return false;
	PY_NODES (c, n) {
		if (!tree_is(t, n, "return_statement") || !py_own(c, n))
			continue;
		int value = tree_first(t, n);
		if (!value)
			continue;
		enum py_type type = py_type_of(c, value);
		if (type == PY_LIST || type == PY_DICT || type == PY_SET || type == PY_OTHER)
			return false;
		/* A list, dict or set anywhere in it but where it is only looked into. */
		for (int i = value; i < t->v[value].after; i++) {
			int inside = tree_up(t, i, "call subscript comparison_operator return_statement");
			type = tree_is_any(t, i, "list tuple dictionary set identifier " PY_COMPREHENSIONS)
				       ? py_type_of(c, i)
				       : PY_UNKNOWN;
			if (tree_is(t, inside, "return_statement") &&
				(type == PY_LIST || type == PY_DICT || type == PY_SET || type == PY_OTHER))
				return false;
		}
		some = true;
	}
	return some;
}

/* ---- parameters that every recursive call passes on as they are ---- */

static int parameter_name(const struct tree *t, int parameter)
{
	if (tree_is(t, parameter, "identifier"))
		return parameter;
	if (tree_is(t, parameter, "typed_parameter"))
		return tree_is(t, tree_first(t, parameter), "identifier") ? tree_first(t, parameter) : 0;
	return tree_is_any(t, parameter, "default_parameter typed_default_parameter")
		       ? tree_field(t, parameter, "name")
		       : 0;
}

#define MAX_PARAMETERS 16

struct parameters {
	int v[MAX_PARAMETERS], n; /* the parameter nodes */
	bool passed_on[MAX_PARAMETERS];
};

/* False when the calls or parameters are of a kind that cannot be taken apart. */
static bool read_parameters(
	const struct rule_ctx *c, struct parameters *p, const int *calls, int ncalls, bool method)
{
	const struct tree *t = c->tree;
	int list = tree_field(t, c->function, "parameters");
	p->n = 0;
	/* A method's self is not among the arguments. */
	for (int i = method ? tree_next(t, tree_first(t, list)) : tree_first(t, list); i;
		i = tree_next(t, i)) {
		if (!parameter_name(t, i) || p->n == MAX_PARAMETERS)
			return false;
		p->passed_on[p->n] = true;
		p->v[p->n++] = i;
	}
	for (int i = 0; i < p->n; i++) {
		cf_autofree char *name = tree_text(t, parameter_name(t, p->v[i]));
		if (py_bindings(c, c->body, name))
			p->passed_on[i] = false;
	}
	for (int k = 0; k < ncalls; k++) {
		int arguments = tree_field(t, calls[k], "arguments"), i = 0;
		if (!tree_is(t, arguments, "argument_list"))
			return false;
		for (int a = tree_first(t, arguments); a; a = tree_next(t, a), i++) {
			if (i >= p->n || tree_is_any(t, a, "keyword_argument list_splat dictionary_splat"))
				return false;
			cf_autofree char *name = tree_text(t, parameter_name(t, p->v[i]));
			if (!tree_text_is(t, a, name))
				p->passed_on[i] = false;
		}
		for (; i < p->n; i++)
			p->passed_on[i] = false; /* left to its default */
	}
	return true;
}

/* Used as a container: it may be a list, which is no key for a cache. */
static bool is_container(const struct rule_ctx *c, const char *name)
{
	PY_EACH_USE (c, c->body, name, n) {
		enum py_use use = py_use(c, n);
		if (use == PY_USE_INDEX || use == PY_USE_ITER || use == PY_USE_MEMBER ||
			use == PY_USE_METHOD ||
			(use == PY_USE_ARG && tree_text_is(c->tree, py_callee(c, n), "len")))
			return true;
	}
	return false;
}

/* The recursion goes on in an inner function of what changes; the cache ends with the call. */
static bool inner(struct rule_ctx *c, const int *calls, int ncalls, bool method)
{
	const struct tree *t = c->tree;
	struct parameters p;
	cf_autobuf struct cf_buf names = CF_BUF_INIT, declared = CF_BUF_INIT;
	bool container = method;

	if (!read_parameters(c, &p, calls, ncalls, method))
		return false;
	for (int i = 0; i < p.n; i++) {
		cf_autofree char *name = tree_text(t, parameter_name(t, p.v[i]));
		if (p.passed_on[i]) {
			container |= is_container(c, name);
			continue;
		}
		cf_autofree char *text = tree_text(t, p.v[i]);
		cf_buf_addf(&names, "%s%s", names.len ? ", " : "", name);
		cf_buf_addf(&declared, "%s%s", declared.len ? ", " : "", text);
	}
	int first = tree_first(t, c->body), last = tree_last(t, c->body);
	if (tree_is(t, tree_first(t, first), "string"))
		first = tree_next(t, first);
	if (!container || !names.len || !first)
		return false;

	const char *solve = rule_fresh_name(c, "solve");
	rule_begin(c, c->function);
	const char *cache = py_import(c, "functools", "lru_cache");
	rule_wrap(c, first, last, NULL, "@%s(maxsize=None)\ndef %s(%s):", cache, solve, declared.data);
	for (int k = 0; k < ncalls; k++) {
		cf_autobuf struct cf_buf arguments = CF_BUF_INIT;
		int i = 0;
		for (int a = tree_first(t, tree_field(t, calls[k], "arguments")); a; a = tree_next(t, a))
			if (!p.passed_on[i++]) {
				for (int call = a; call < t->v[a].after; call++)
					for (int other = 0; other < ncalls; other++)
						if (call == calls[other])
							rule_fail(c); /* f(f(x)): edits within edits */
				cf_autofree char *text = tree_text(t, a);
				cf_buf_addf(&arguments, "%s%s", arguments.len ? ", " : "", text);
			}
		rule_replace(c, calls[k], NULL, "%s(%s)", solve, arguments.data ? arguments.data : "");
	}
	rule_insert_after(c, last, NULL, "return %s(%s)", solve, names.data);
	return rule_end(c, "The recursion meets the same arguments again; each is now solved once a call. "
			   "What never changes stays outside, so nothing outlives the call.");
}

/*
 * Every call goes into a part of what it was given, node.left or one of its items: each part comes
 * once, and may be a list or a dict.
 */
static bool walks_parts(const struct rule_ctx *c, const int *calls, int ncalls, bool method)
{
	const struct tree *t = c->tree;
	int list = tree_field(t, c->function, "parameters"), first = tree_first(t, list);
	int parameter = method ? tree_next(t, first) : first;
	cf_autofree char *name = parameter_name(t, parameter)
					 ? tree_text(t, parameter_name(t, parameter))
					 : NULL;
	for (int k = 0; k < ncalls; k++) {
		int given = tree_first(t, tree_field(t, calls[k], "arguments")), part = given;
		if (tree_is(t, tree_field(t, calls[k], "arguments"), "generator_expression"))
			return false;
		while (tree_is_any(t, part, "attribute subscript") &&
			!tree_is(t, tree_field(t, part, "subscript"), "slice"))
			part = tree_first(t, part);
		bool of = name && part != given && tree_text_is(t, part, name);
		/* for child in node.children: f(child) */
		cf_autofree char *item = py_name(c, given);
		for (int up = item && !of ? calls[k] : 0; up > c->body && !of; up = tree_parent(t, up))
			for (int i = tree_first(t, tree_parent(t, up)); i && !of;
				i = tree_next(t, i)) {
				int clause = tree_is(t, i, "for_in_clause") ? i : tree_parent(t, i);
				int right = tree_field(t, clause, "right");
				of = tree_is_any(t, clause, "for_in_clause for_statement") && name &&
				     py_bindings(c, tree_field(t, clause, "left"), item) &&
				     !tree_is(t, right, "call") && py_uses(c, right, name);
			}
		if (!of)
			return false;
	}
	return ncalls > 0;
}

/* Some parameter is, as far as anything shows, a list, dict or set, which is no key for a cache. */
static bool has_unhashable_parameter(const struct rule_ctx *c, const int *calls, int ncalls)
{
	const struct tree *t = c->tree;
	int list = tree_field(t, c->function, "parameters");
	for (int p = tree_first(t, list); p; p = tree_next(t, p)) {
		int node = parameter_name(t, p);
		cf_autofree char *name = node ? tree_text(t, node) : NULL;
		if (!name || py_unhashable(c, node))
			return true;
		enum py_type type = py_type_of(c, node);
		size_t len = strlen(name);
		bool plural = len > 2 && name[len - 1] == 's' && name[len - 2] != 's';
		plural |= strstr(name, "list") || strstr(name, "arr") || strstr(name, "grid") ||
			  strstr(name, "matrix");
		if (plural && type == PY_UNKNOWN && !py_named_as_string(c, node) &&
			is_container(c, name))
			return true;
		PY_EACH_USE (c, c->body, name, use) {
			struct match m = {0};
			int up = tree_parent(t, use), call = tree_up(t, use, "call");
			int key = tree_field(t, up, "subscript");
			if (py_use(c, use) == PY_USE_INDEX && tree_is(t, key, "string"))
				return true;
			if (MATCH(t, call, &m, "isinstance($X, $T)") && tree_equal(t, got(&m, 'X'), use))
				for (int i = got(&m, 'T'); i < t->v[got(&m, 'T')].after; i++)
					if (tree_text_is(t, i, "list") || tree_text_is(t, i, "dict") ||
						tree_text_is(t, i, "set"))
						return true;
		}
	}
	for (int k = 0; k < ncalls; k++)
		for (int a = tree_first(t, tree_field(t, calls[k], "arguments")); a; a = tree_next(t, a))
			if (py_unhashable(c, a))
				return true;
	return false;
}

static void memoize(struct rule_ctx *c, bool traced)
{
	const struct tree *t = c->tree;
	int calls[64], ncalls = 0;
	bool in_loop = false, loops = false;
	int parameters = tree_field(t, c->function, "parameters");
	bool method = tree_is(t, tree_up(t, c->function, "class_definition function_definition"),
		"class_definition");
	cf_autofree char *name = tree_text(t, tree_field(t, c->function, "name"));

	if (py_is_async(c) || py_is_generator(c) || tree_count(t, parameters) < (method ? 2 : 1) ||
		tree_is(t, tree_parent(t, c->function), "decorated_definition"))
		return;
	PY_NODES (c, n) {
		loops |= tree_is_any(t, n, PY_LOOPS " " PY_COMPREHENSIONS);
		if (!tree_is(t, n, "call") || !py_is_recursion(c, c->function, n))
			continue;
		if (ncalls == 64 || (!method && py_is_local(c, name)))
			return;
		calls[ncalls++] = n;
		in_loop |= py_loop(c, n) != 0;
	}
	double repetition = traced ? rule_repetition(c) : -1;
	bool recursion = ncalls >= 2 || in_loop;
	/* What no call has repeated, a cache cannot answer; what repeats should be worth keeping. */
	if (repetition >= 0 && repetition < 0.02 && c->target)
		return;
	if (!recursion && !(repetition >= 0.5 && (loops || ncalls)))
		return;
	if (!returns_values(c) || !py_pure_function(c, c->function) ||
		(recursion && walks_parts(c, calls, ncalls, method)))
		return;

	/* A cache on a method would keep every self, and need it to be hashable. */
	if ((recursion && inner(c, calls, ncalls, method)) || method)
		return;
	if (has_unhashable_parameter(c, calls, ncalls))
		return;
	rule_begin(c, c->function);
	const char *cache = py_import(c, "functools", "lru_cache");
	rule_insert_before(c, c->function, NULL, "@%s(maxsize=None)", cache);
	rule_end(c, recursion ? "The recursion meets the same arguments again and again; each is now "
				"computed once."
			      : "The function is pure and mostly called with inputs it has seen.");
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	int function = c->function, body = c->body;

	memoize(c, true);
	/* A helper's cache ends with the call that defines it. */
	for (int n = body; n < t->v[body].after; n++) {
		if (!tree_is(t, n, "function_definition") ||
			tree_up(t, n, "function_definition class_definition lambda") != function)
			continue;
		c->function = n;
		c->body = tree_field(t, n, "body");
		memoize(c, false);
		c->function = function;
		c->body = body;
	}
}

const struct rule rule_memoize = {
	.name = "memoize",
	.summary = "a pure function called again with the same arguments keeps its answers",
	.why = "Naive recursion over overlapping subproblems is exponential; with the answers kept it costs "
	       "the number of different arguments. Only functions that read nothing that changes, change "
	       "nothing, and return nothing that a caller might change are taken.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(n):\n"
		 "    if n < 2:\n"
		 "        return n\n"
		 "    return f(n - 1) + f(n - 2)\n",
		 "from functools import lru_cache\n"
		 "\n"
		 "@lru_cache(maxsize=None)\n"
		 "def f(n):\n"
		 "    if n < 2:\n"
		 "        return n\n"
		 "    return f(n - 1) + f(n - 2)\n",
		 "f(20)"},
		{"import functools\n"
		 "\n"
		 "LIMIT = 3\n"
		 "\n"
		 "def cost(x):\n"
		 "    return abs(x) % LIMIT\n"
		 "\n"
		 "def f(a, b, i, j):\n"
		 "    '''How far apart.'''\n"
		 "    # done\n"
		 "    if i == len(a) or j == len(b):\n"
		 "        return len(a) - i + len(b) - j\n"
		 "    if a[i] == b[j]:\n"
		 "        return f(a, b, i + 1, j + 1) + cost(i - i)\n"
		 "\n"
		 "    text = '''x\n"
		 "y'''\n"
		 "    best = min(f(a, b, i + 1, j), f(a, b, i, j + 1))\n"
		 "    return 1 + best\n",
		 "import functools\n"
		 "\n"
		 "LIMIT = 3\n"
		 "\n"
		 "def cost(x):\n"
		 "    return abs(x) % LIMIT\n"
		 "\n"
		 "def f(a, b, i, j):\n"
		 "    '''How far apart.'''\n"
		 "    @functools.lru_cache(maxsize=None)\n"
		 "    def solve(i, j):\n"
		 "        # done\n"
		 "        if i == len(a) or j == len(b):\n"
		 "            return len(a) - i + len(b) - j\n"
		 "        if a[i] == b[j]:\n"
		 "            return solve(i + 1, j + 1) + cost(i - i)\n"
		 "\n"
		 "        text = '''x\n"
		 "y'''\n"
		 "        best = min(solve(i + 1, j), solve(i, j + 1))\n"
		 "        return 1 + best\n"
		 "    return solve(i, j)\n",
		 "f([1, 2, 3], 'ab', 0, 0)\n"
		 "f('kitten', 'sitting', 0, 0)"},
		{"class C:\n"
		 "    coins = [1, 2, 5]\n"
		 "    def f(self, n, i):\n"
		 "        if n <= 0 or i == len(self.coins):\n"
		 "            return int(n == 0)\n"
		 "        return self.f(n - self.coins[i], i) + self.f(n, i + 1)\n",
		 "from functools import lru_cache\n"
		 "\n"
		 "class C:\n"
		 "    coins = [1, 2, 5]\n"
		 "    def f(self, n, i):\n"
		 "        @lru_cache(maxsize=None)\n"
		 "        def solve(n, i):\n"
		 "            if n <= 0 or i == len(self.coins):\n"
		 "                return int(n == 0)\n"
		 "            return solve(n - self.coins[i], i) + solve(n, i + 1)\n"
		 "        return solve(n, i)\n",
		 "C().f(30, 0)"},
		{"def f(nums, target):\n"
		 "    def count(i, left):\n"
		 "        if left == 0:\n"
		 "            return 1\n"
		 "        if i == len(nums) or left < 0:\n"
		 "            return 0\n"
		 "        return count(i + 1, left) + count(i + 1, left - nums[i])\n"
		 "    return count(0, target)\n",
		 "from functools import lru_cache\n"
		 "\n"
		 "def f(nums, target):\n"
		 "    @lru_cache(maxsize=None)\n"
		 "    def count(i, left):\n"
		 "        if left == 0:\n"
		 "            return 1\n"
		 "        if i == len(nums) or left < 0:\n"
		 "            return 0\n"
		 "        return count(i + 1, left) + count(i + 1, left - nums[i])\n"
		 "    return count(0, target)\n",
		 "f([1, 2, 3], 3)\n"
		 "f([], 0)"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* Each part of a tree comes once; lists and dicts are no keys. */
		"def f(node):\n"
		"    if node is None:\n"
		"        return 0\n"
		"    return 1 + max(f(node.left), f(node.right))\n",
		"def f(node):\n"
		"    total = node.size\n"
		"    for child in node.children:\n"
		"        total += f(child)\n"
		"    return total\n",
		"def f(nums):\n"
		"    if not nums:\n"
		"        return 0\n"
		"    return max(nums[0] + f(nums[2:]), f(nums[1:]))\n",
		/* An effect; a list handed out; state; one call; a cache of its own. */
		"def f(n):\n"
		"    print(n)\n"
		"    return f(n - 1) + f(n - 2) if n > 1 else n\n",
		"def f(n):\n"
		"    return f(n - 1) + f(n - 2) + [n] if n > 1 else [n]\n",
		"count = 0\n"
		"def f(n):\n"
		"    global count\n"
		"    count += 1\n"
		"    return f(n - 1) + f(n - 2) if n > 1 else n\n",
		"def f(n):\n"
		"    return f(n - 1) * n if n > 1 else 1\n",
		"def f(n, memo={}):\n"
		"    if n not in memo:\n"
		"        memo[n] = f(n - 1) + f(n - 2) if n > 1 else n\n"
		"    return memo[n]\n",
		"def f(node):\n"
		"    node.seen = True\n"
		"    return sum(f(n) for n in node.children)\n",
		NULL,
	},
};
