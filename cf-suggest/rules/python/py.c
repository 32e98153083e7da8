/* SPDX-License-Identifier: Apache-2.0 */
/* Names, scopes, uses and imports in a Python function. */
#include "cf-suggest/rules/python/py.h"

#include <string.h>
#include "lib/error.h"
#include "lib/mem.h"

#define IS(n, type) tree_is(t, (n), (type))

/* Pure for arguments of Python's own types. */
#define PURE_BUILTINS                                                                                \
	"abs all any ascii bin bool bytes chr complex dict divmod enumerate float format frozenset "  \
	"hash hex id int isinstance issubclass len list max min oct ord pow range repr reversed "     \
	"round set slice sorted str sum tuple type zip"
/* What they are given they leave as it is, though their own answer changes. */
#define READERS PURE_BUILTINS " filter iter map print"
/* Do not change what they are called on, on Python's own types. */
#define PURE_METHODS                                                                                 \
	"bit_length capitalize casefold center copy count date decode difference encode endswith "    \
	"find format get index intersection isalnum isalpha isdecimal isdigit isdisjoint "            \
	"isidentifier islower isnumeric isoformat isspace issubset issuperset istitle isupper items " \
	"join keys ljust lower lstrip most_common partition replace rfind rindex rjust rpartition "   \
	"rsplit rstrip split splitlines startswith strip swapcase symmetric_difference timestamp "    \
	"title total_seconds translate union upper values zfill"

static bool word_in(const char *words, const char *word, size_t len)
{
	for (const char *p = words; (p = strchr(p, *word)); p++)
		if ((p == words || p[-1] == ' ') && !strncmp(p, word, len) &&
			(p[len] == '\0' || p[len] == ' '))
			return true;
	return false;
}

static bool text_in(const struct tree *t, int n, const char *words)
{
	return n && word_in(words, t->text + t->v[n].start, t->v[n].end - t->v[n].start);
}

static bool field_is(const struct tree *t, int n, const char *field)
{
	return t->v[n].field && !strcmp(t->v[n].field, field);
}

/* ---- names ---- */

/* Climbs from a name through what may stand round it in a target: (a, *b), [a, b]. */
static int target_top(const struct tree *t, int n)
{
	while (tree_is_any(t, tree_parent(t, n),
		"pattern_list tuple_pattern list_pattern list_splat_pattern tuple list expression_list "
		"parenthesized_expression list_splat"))
		n = tree_parent(t, n);
	return n;
}

enum py_role py_role(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int parent = tree_parent(t, n);

	if (!IS(n, "identifier"))
		return PY_NO_NAME;
	if (IS(parent, "attribute") && field_is(t, n, "attribute"))
		return PY_NO_NAME;
	if (IS(parent, "keyword_argument") && field_is(t, n, "name"))
		return PY_NO_NAME;
	if (tree_is_any(t, parent, "global_statement nonlocal_statement"))
		return PY_DECLARE;
	if (IS(parent, "aliased_import"))
		return PY_BIND;
	if (tree_is_any(t, parent, "class_definition function_definition"))
		return field_is(t, n, "name") ? PY_BIND : PY_READ;
	if (IS(parent, "dotted_name")) {
		int up = tree_parent(t, parent);
		if (tree_up(t, n, "case_pattern"))
			/* A bare name captures; a dotted one or a class is read. */
			return IS(up, "case_pattern") && tree_count(t, parent) == 1 ? PY_BIND : PY_READ;
		if (IS(up, "aliased_import") || field_is(t, parent, "module_name") || IS(up, "relative_import"))
			return PY_NO_NAME;
		if (tree_is_any(t, up, "import_statement import_from_statement future_import_statement"))
			return n == tree_first(t, parent) ? PY_BIND : PY_NO_NAME;
		return PY_READ;
	}
	if (tree_is_any(t, parent, "splat_pattern keyword_pattern"))
		return IS(parent, "keyword_pattern") ? PY_NO_NAME : PY_BIND;
	if (tree_is_any(t, parent, "parameters lambda_parameters typed_parameter"))
		return PY_BIND;
	if (tree_is_any(t, parent, "default_parameter typed_default_parameter"))
		return field_is(t, n, "name") ? PY_BIND : PY_READ;
	if (tree_is_any(t, parent, "list_splat_pattern dictionary_splat_pattern") &&
		tree_is_any(t, tree_parent(t, parent), "parameters lambda_parameters typed_parameter"))
		return PY_BIND;

	int top = target_top(t, n), up = tree_parent(t, top);
	if (tree_is_any(t, up, "assignment augmented_assignment for_statement for_in_clause"))
		return field_is(t, top, "left") ? PY_BIND : PY_READ;
	if (IS(up, "named_expression"))
		return field_is(t, top, "name") ? PY_BIND : PY_READ;
	if (IS(up, "as_pattern_target"))
		return PY_BIND;
	if (IS(up, "delete_statement"))
		return PY_DELETE;
	return PY_READ;
}

int py_next_use(const struct rule_ctx *c, int region, const char *name, int from)
{
	const struct tree *t = c->tree;
	for (int n = from; n < t->v[region].after; n++)
		if (IS(n, "identifier") && tree_text_is(t, n, name) &&
			py_role(c, n) != PY_NO_NAME)
			return n;
	return 0;
}

int py_uses(const struct rule_ctx *c, int region, const char *name)
{
	int count = 0;
	PY_EACH_USE (c, region, name, n)
		count++;
	return count;
}

int py_bindings(const struct rule_ctx *c, int region, const char *name)
{
	int count = 0;
	PY_EACH_USE (c, region, name, n)
		count += py_role(c, n) == PY_BIND || py_role(c, n) == PY_DELETE;
	return count;
}

/* n's name is bound by a comprehension round n: not the function's variable of that name. */
static bool comprehension_scoped(const struct rule_ctx *c, int n, const char *name)
{
	const struct tree *t = c->tree;
	for (int up; (up = tree_up(t, n, PY_COMPREHENSIONS)) && up > c->function; n = up)
		for (int clause = tree_first(t, up); clause; clause = tree_next(t, clause))
			if (IS(clause, "for_in_clause") &&
				py_bindings(c, tree_field(t, clause, "left"), name))
				return true;
	return false;
}

/* n is in the body of a for loop over that name which region is not in: it is bound anew there. */
static bool bound_by_loop(const struct rule_ctx *c, int n, int region, const char *name)
{
	const struct tree *t = c->tree;
	int inside = n;
	for (int up; (up = tree_up(t, n, "for_statement")) && up > c->function; n = up)
		if (!tree_inside(t, region, up) && py_bindings(c, tree_field(t, up, "left"), name) &&
			tree_inside(t, inside, tree_field(t, up, "body")))
			return true;
	return false;
}

int py_reads_outside(const struct rule_ctx *c, int region, const char *name)
{
	int count = 0;
	PY_EACH_USE (c, c->function, name, n)
		count += py_role(c, n) == PY_READ && !tree_inside(c->tree, n, region) &&
			 !comprehension_scoped(c, n, name) && !bound_by_loop(c, n, region, name);
	return count;
}

char *py_renamed(const struct rule_ctx *c, int expression, const char *name, const char *to)
{
	const struct tree *t = c->tree;
	struct cf_buf out = CF_BUF_INIT;
	uint32_t at = t->v[expression].start;
	PY_EACH_USE (c, expression, name, n) {
		cf_buf_add(&out, t->text + at, t->v[n].start - at);
		cf_buf_adds(&out, to);
		at = t->v[n].end;
	}
	cf_buf_add(&out, t->text + at, t->v[expression].end - at);
	return cf_buf_detach(&out, NULL);
}

/* The def, class, lambda or module (0) whose names a node's name belongs to. */
static int scope_of(const struct tree *t, int n)
{
	int up = tree_parent(t, n);
	if (tree_is_any(t, up, "function_definition class_definition") && field_is(t, n, "name"))
		n = up;
	return tree_up(t, n, "function_definition class_definition lambda");
}

bool py_is_local(const struct rule_ctx *c, const char *name)
{
	bool bound = false;
	PY_EACH_USE (c, c->function, name, n) {
		if (scope_of(c->tree, n) != c->function)
			continue;
		enum py_role role = py_role(c, n);
		if (role == PY_DECLARE)
			return false;
		bound |= role == PY_BIND;
	}
	return bound;
}

bool py_is_parameter(const struct rule_ctx *c, const char *name)
{
	int parameters = tree_field(c->tree, c->function, "parameters");
	return parameters && py_bindings(c, parameters, name);
}

bool py_is_builtin(const struct rule_ctx *c, const char *name)
{
	const struct tree *t = c->tree;
	for (int n = py_next_use(c, 0, name, 1); n; n = py_next_use(c, 0, name, n + 1)) {
		if (py_role(c, n) != PY_BIND)
			continue;
		int scope = scope_of(t, n);
		if (!scope || (!IS(scope, "class_definition") && tree_inside(t, c->function, scope)) ||
			tree_inside(t, n, c->function))
			return false;
	}
	return true;
}

bool py_is_builtin_node(const struct rule_ctx *c, int n, const char *names)
{
	if (!tree_is(c->tree, n, "identifier") || !text_in(c->tree, n, names))
		return false;
	cf_autofree char *name = tree_text(c->tree, n);
	return py_is_builtin(c, name);
}

char *py_name(const struct rule_ctx *c, int n)
{
	return tree_is(c->tree, n, "identifier") ? tree_text(c->tree, n) : NULL;
}

char *py_base_name(const struct rule_ctx *c, int n, const char *base)
{
	const struct tree *t = c->tree;
	if (IS(n, "call"))
		n = tree_field(t, n, "function");
	if (IS(n, "attribute"))
		n = tree_field(t, n, "attribute");
	if (!IS(n, "identifier"))
		return cf_strdup(base);
	cf_autofree char *text = tree_text(t, n);
	const char *name = text;
	while (*name == '_')
		name++;
	if (!strncmp(name, "get_", 4))
		name += 4;
	return cf_strdup(*name ? name : base);
}

bool py_is_path(const struct rule_ctx *c, int n)
{
	while (tree_is(c->tree, n, "attribute"))
		n = tree_field(c->tree, n, "object");
	return tree_is(c->tree, n, "identifier");
}

/* ---- types ---- */

static const struct {
	enum py_type type;
	const char *names, *methods;
} types[] = {
	{PY_LIST, "list List Sequence MutableSequence", "append extend insert sort reverse"},
	{PY_DICT, "dict Dict Mapping MutableMapping defaultdict OrderedDict Counter DefaultDict",
		"items keys values get setdefault popitem most_common fromkeys"},
	{PY_SET, "set Set frozenset FrozenSet AbstractSet MutableSet",
		"add discard union intersection difference issubset issuperset "
		"difference_update intersection_update"},
	{PY_TUPLE, "tuple Tuple", ""},
	{PY_STR, "str bytes",
		"lower upper strip lstrip rstrip split rsplit startswith endswith replace splitlines "
		"encode decode title format join isdigit isalpha zfill"},
	{PY_NUMBER, "int float bool complex", "bit_length is_integer"},
	{PY_OTHER, "range deque Iterator Generator AsyncIterator DataFrame Series ndarray", ""},
};

static enum py_type type_named(const struct tree *t, int n)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (text_in(t, n, types[i].names))
			return types[i].type;
	return PY_UNKNOWN;
}

enum py_type py_expression_type(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	while (IS(n, "parenthesized_expression"))
		n = tree_first(t, n);
	if (tree_is_any(t, n, "list list_comprehension"))
		return PY_LIST;
	if (IS(n, "tuple") || IS(n, "expression_list"))
		return PY_TUPLE;
	if (tree_is_any(t, n, "dictionary dictionary_comprehension"))
		return PY_DICT;
	if (tree_is_any(t, n, "set set_comprehension"))
		return PY_SET;
	if (tree_is_any(t, n, "string concatenated_string"))
		return PY_STR;
	if (tree_is_any(t, n, "integer float true false"))
		return PY_NUMBER;
	if (tree_is_any(t, n, "lambda generator_expression"))
		return PY_OTHER;
	if (IS(n, "binary_operator")) {
		enum py_type left = py_expression_type(c, tree_field(t, n, "left"));
		enum py_type right = py_expression_type(c, tree_field(t, n, "right"));
		/* [0] * n, n * [0], "%s" % x, x + "\n" */
		return left == PY_NUMBER || (!left && right == PY_STR) ? right : left;
	}
	if (IS(n, "call")) {
		int f = tree_field(t, n, "function");
		if (IS(f, "identifier"))
			return text_in(t, f, "sorted list") ? PY_LIST
			       : text_in(t, f, "len sum abs round ord hash") ? PY_NUMBER
			       : text_in(t, f, "repr chr input") ? PY_STR
			       : text_in(t, f, "deque iter zip map filter enumerate reversed range open")
				       ? PY_OTHER
				       : type_named(t, f);
		int method = tree_field(t, f, "attribute");
		if (text_in(t, method, "split rsplit splitlines readlines most_common findall tolist"))
			return PY_LIST;
		if (text_in(t, method, "keys"))
			return PY_SET;
		if (text_in(t, method, "lower upper strip lstrip rstrip replace join format title read "
				       "readline decode zfill"))
			return PY_STR;
		if (text_in(t, method, "index count find"))
			return PY_NUMBER;
		return IS(f, "attribute") ? type_named(t, method) : PY_UNKNOWN;
	}
	return PY_UNKNOWN;
}

/* list[int], Optional[List[str]], list | None, "List[int]": the first type named that says something. */
static enum py_type annotated_type(const struct tree *t, int annotation)
{
	for (int n = annotation; n < t->v[annotation].after; n++) {
		enum py_type type = IS(n, "identifier") ? type_named(t, n) : PY_UNKNOWN;
		if (type)
			return type;
	}
	return PY_UNKNOWN;
}

/* Where assignments to the path count: the module for a global, the class for self.x. */
static int home_of(const struct rule_ctx *c, int path)
{
	const struct tree *t = c->tree;
	if (IS(path, "attribute"))
		return tree_up(t, c->function, "class_definition");
	cf_autofree char *name = tree_text(t, path);
	return py_is_local(c, name) ? c->function : 0;
}

enum py_type py_element_type(const struct rule_ctx *c, int path)
{
	const struct tree *t = c->tree;
	int home = py_is_path(c, path) ? home_of(c, path) : 0;

	for (int n = home + 1; home && n < t->v[home].after; n++) {
		int up = tree_parent(t, n), type = tree_field(t, up, "type"), value;
		if (!tree_is_any(t, n, "identifier attribute") || !tree_equal(t, n, path))
			continue;
		if (IS(up, "typed_parameter") ||
			((IS(up, "typed_default_parameter") && field_is(t, n, "name")) ||
				(IS(up, "assignment") && field_is(t, n, "left") && type))) {
			bool outer = false;
			for (int i = type; i < t->v[type].after; i++) {
				enum py_type named = IS(i, "identifier") ? type_named(t, i) : PY_UNKNOWN;
				if (named && outer)
					return named;
				outer |= named == PY_LIST || named == PY_TUPLE;
				if (named && !outer)
					break;
			}
		}
		value = IS(up, "assignment") && field_is(t, n, "left") ? tree_field(t, up, "right") : 0;
		if (IS(value, "list") && tree_count(t, value))
			return py_expression_type(c, tree_first(t, value));
		if (IS(value, "list_comprehension"))
			return py_expression_type(c, tree_field(t, value, "body"));
	}
	return PY_UNKNOWN;
}

int py_unpacked(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int pattern = tree_parent(t, n), up = tree_parent(t, pattern);
	int values = IS(up, "assignment") ? tree_field(t, up, "right") : 0;
	int value = IS(values, "expression_list") && tree_count(t, values) == tree_count(t, pattern)
			    ? tree_first(t, values)
			    : 0;
	for (int i = tree_first(t, pattern); value && i != n; i = tree_next(t, i))
		value = tree_next(t, value);
	return value;
}

enum py_type py_type_of(const struct rule_ctx *c, int path)
{
	const struct tree *t = c->tree;
	enum py_type by_value = PY_UNKNOWN, by_method = PY_UNKNOWN;
	bool conflict = false;

	if (!py_is_path(c, path))
		return py_expression_type(c, path);
	int home = home_of(c, path);
	for (int n = home + 1; n < t->v[home].after; n++) {
		int up = tree_parent(t, n);
		/* The class's own `items = []` is self.items too. */
		bool own = IS(path, "attribute") && IS(n, "identifier") && scope_of(t, n) == home &&
		           tree_equal(t, n, tree_field(t, path, "attribute"));
		if (!own && (!tree_is_any(t, n, "identifier attribute") || !tree_equal(t, n, path)))
			continue;
		if (IS(n, "identifier") && py_role(c, n) == PY_NO_NAME)
			continue;
		enum py_type type = PY_UNKNOWN;
		if (IS(n, "identifier") && scope_of(t, n) != home)
			continue;
		if (IS(up, "typed_parameter") || (field_is(t, n, "name") && IS(up, "typed_default_parameter")) ||
			(IS(up, "assignment") && field_is(t, n, "left") && tree_field(t, up, "type")))
			type = annotated_type(t, tree_field(t, up, "type"));
		if (type)
			return type;
		if (field_is(t, n, "name") && IS(up, "default_parameter"))
			type = py_expression_type(c, tree_field(t, up, "value"));
		else if (field_is(t, n, "left") && IS(up, "assignment"))
			type = py_expression_type(c, tree_field(t, up, "right"));
		else if (IS(up, "pattern_list") && IS(tree_parent(t, up), "assignment"))
			type = py_expression_type(c, py_unpacked(c, n));
		else if (py_use(c, n) == PY_USE_METHOD) {
			int method = py_method(c, n);
			for (size_t i = 0; i < sizeof types / sizeof *types; i++)
				if (*types[i].methods && text_in(t, method, types[i].methods))
					by_method = types[i].type;
			continue;
		} else if (tree_is_any(t, tree_parent(t, target_top(t, n)), "for_statement for_in_clause") &&
			   py_use(c, n) == PY_USE_BIND) {
			type = field_is(t, n, "left") ? py_element_type(c, tree_field(t, up, "right"))
						      : PY_UNKNOWN;
			conflict |= !type; /* an element of something */
			if (!type)
				continue;
		} else
			continue;
		conflict |= by_value && type && type != by_value;
		by_value = type ? type : by_value;
	}
	if (conflict)
		return by_method;
	return by_value ? by_value : by_method;
}

/* People say in a name when it is a string. */
bool py_named_as_string(const struct rule_ctx *c, int n)
{
	static const char *const parts[] = {"str", "text", "line", "word", "name", "path", "url",
		"sentence", "content", "message", "html", "phrase", "pattern", "buffer", "char"};
	cf_autofree char *name = py_name(c, tree_is(c->tree, n, "attribute") ? tree_field(c->tree, n, "attribute") : n);

	if (!name)
		return false;
	if (word_in("s t s1 s2 st doc body msg line key dna haystack alphabet", name, strlen(name)))
		return true;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const char *at = strstr(name, parts[i]);
		/* A plural (names, lines) is a collection again. */
		if (at && at[strlen(parts[i])] != 's')
			return true;
	}
	return false;
}

bool py_is_length(const struct rule_ctx *c, int n, int list)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	cf_autofree char *name = py_name(c, n);
	int assigned = name ? py_assigned_before(c, name, n) : 0;

	bind(&m, 'L', list);
	return MATCH(t, n, &m, "len($L)") || (assigned && MATCH(t, assigned, &m, "$_ = len($L)"));
}

/* What has the same elements: xs of sorted(set(xs)). */
static int same_elements(const struct tree *t, int n)
{
	for (struct match m = {0}; MATCH(t, n, &m, "set($A)", "list($A)", "sorted($A)", "tuple($A)",
		     "sorted($A, $$$B)", "enumerate($A)", "reversed($A)", "$A[:]", "$A.copy()",
		     "dict.fromkeys($A)", "frozenset($A)");
		m = (struct match){0})
		n = got(&m, 'A');
	return n;
}

bool py_is_element(const struct rule_ctx *c, int n, int list)
{
	const struct tree *t = c->tree;
	cf_autofree char *name = py_name(c, n), *of = py_name(c, list);
	int made = of ? py_assigned_before(c, of, py_statement(c, n)) : 0;
	int origin = made ? same_elements(t, tree_field(t, tree_first(t, made), "right")) : 0;

	for (int at = n, up; name && at > c->body; at = up) {
		int clause = 0;
		up = tree_parent(t, at);
		if (tree_is(t, up, "for_statement") && at == tree_field(t, up, "body"))
			clause = up;
		for (int i = tree_is_any(t, up, PY_COMPREHENSIONS) ? tree_first(t, up) : 0; i;
			i = tree_next(t, i))
			if (tree_is(t, i, "for_in_clause") && i != at &&
				py_bindings(c, tree_field(t, i, "left"), name))
				clause = i;
		int left = tree_field(t, clause, "left"), right = tree_field(t, clause, "right");
		if (!clause || !py_bindings(c, left, name))
			continue;
		bool counted = MATCH(t, right, &(struct match){0}, "enumerate($_)") != 0;
		int over = same_elements(t, right);
		return tree_equal(t, counted ? tree_last(t, left) : left, n) &&
		       (tree_equal(t, over, list) || (origin && tree_equal(t, over, origin))) &&
		       py_bindings(c, up, name) == 1;
	}
	return false;
}

bool py_is_guarded(const struct rule_ctx *c, int n, int list)
{
	const struct tree *t = c->tree;
	struct match m = {0};

	bind(&m, 'X', n);
	bind(&m, 'L', list);
	for (int at = n, up; at > c->body; at = up) {
		up = tree_parent(t, at);
		if (tree_is_any(t, up, "if_statement elif_clause") && at == tree_field(t, up, "consequence") &&
			MATCH(t, tree_field(t, up, "condition"), &m, "$X in $L", "$X in $L and $_"))
			return true;
		if (tree_is(t, up, "conditional_expression") && at == tree_first(t, up) &&
			MATCH(t, tree_next(t, at), &m, "$X in $L"))
			return true;
		for (int i = tree_is_any(t, up, PY_COMPREHENSIONS) ? tree_first(t, up) : 0; i;
			i = tree_next(t, i))
			if (tree_is(t, i, "if_clause") && i != at && MATCH(t, tree_first(t, i), &m, "$X in $L"))
				return true;
	}
	return false;
}

bool py_unhashable(const struct rule_ctx *c, int expression)
{
	enum py_type type = py_type_of(c, expression);
	/* d.keys() and frozenset() count as sets here; a name rarely holds either as an element. */
	return type == PY_LIST || type == PY_DICT || type == PY_SET;
}

/* ---- uses ---- */

static int skip_parens(const struct tree *t, int n)
{
	while (IS(tree_parent(t, n), "parenthesized_expression"))
		n = tree_parent(t, n);
	return n;
}

static bool is_store(const struct tree *t, int n)
{
	int top = target_top(t, n), up = tree_parent(t, top);
	if (IS(up, "delete_statement"))
		return true;
	return tree_is_any(t, up, "assignment augmented_assignment for_statement for_in_clause") &&
	       field_is(t, top, "left");
}

enum py_use py_use(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	if (is_store(t, n) || (IS(n, "identifier") && py_role(c, n) != PY_READ))
		return PY_USE_BIND;
	n = skip_parens(t, n);
	int up = tree_parent(t, n), over = skip_parens(t, up);

	if (IS(up, "attribute") && field_is(t, n, "object")) {
		if (is_store(t, up))
			return PY_USE_STORE;
		if (IS(tree_parent(t, up), "call") && field_is(t, up, "function"))
			return PY_USE_METHOD;
		return PY_USE_ATTR;
	}
	if (IS(up, "subscript")) {
		if (!field_is(t, n, "value"))
			return PY_USE_INDEXING;
		return is_store(t, up) ? PY_USE_STORE : PY_USE_INDEX;
	}
	if (tree_is_any(t, up, "for_statement for_in_clause") && field_is(t, n, "right"))
		return PY_USE_ITER;
	if (tree_is_any(t, up, "argument_list list_splat dictionary_splat keyword_argument")) {
		while (!IS(up, "argument_list") &&
			tree_is_any(t, up, "list_splat dictionary_splat keyword_argument"))
			up = tree_parent(t, up);
		return IS(up, "argument_list") && IS(tree_parent(t, up), "call") ? PY_USE_ARG
		                                                                  : PY_USE_OTHER;
	}
	if (IS(up, "comparison_operator")) {
		int operator = 0;
		for (int i = up + 1; i < n; i = t->v[i].after)
			operator = i;
		if (tree_is_any(t, operator, "in") || (operator && !strcmp(t->v[operator].type, "not in")))
			return tree_next(t, n) ? PY_USE_TEST : PY_USE_MEMBER;
		return PY_USE_TEST;
	}
	if (tree_is_any(t, up, "not_operator") ||
		(tree_is_any(t, up,
			 "if_statement while_statement elif_clause conditional_expression if_clause "
			 "assert_statement") &&
			(field_is(t, n, "condition") || IS(up, "if_clause") || IS(up, "assert_statement"))))
		return PY_USE_TEST;
	if (IS(up, "boolean_operator")) {
		while (IS(tree_parent(t, over), "boolean_operator"))
			over = skip_parens(t, tree_parent(t, over));
		int test = tree_parent(t, over);
		if (IS(test, "not_operator") ||
			(tree_is_any(t, test, "if_statement while_statement elif_clause") &&
				field_is(t, over, "condition")) ||
			IS(test, "if_clause"))
			return PY_USE_TEST;
		return PY_USE_OTHER;
	}
	if (IS(up, "conditional_expression")) /* value, condition, value: no fields */
		return tree_prev(t, n) && tree_next(t, n) ? PY_USE_TEST : PY_USE_OTHER;
	if (IS(up, "return_statement"))
		return PY_USE_RETURN;
	return PY_USE_OTHER;
}

int py_method(const struct rule_ctx *c, int n)
{
	return tree_field(c->tree, tree_parent(c->tree, skip_parens(c->tree, n)), "attribute");
}

int py_callee(const struct rule_ctx *c, int n)
{
	int call = tree_up(c->tree, n, "call");
	return call ? tree_field(c->tree, call, "function") : 0;
}

/* With plain values for arguments; no hooks. */
#define LIBRARY                                                                                      \
	"ast.literal_eval base64.b64decode base64.b64encode bisect.bisect bisect.bisect_left "        \
	"bisect.bisect_right calendar.monthrange datetime.date datetime.date.fromisoformat "          \
	"datetime.datetime datetime.datetime.combine datetime.datetime.fromisoformat "                \
	"datetime.datetime.strptime datetime.time datetime.time.fromisoformat datetime.timedelta "    \
	"decimal.Decimal difflib.get_close_matches fnmatch.fnmatch fnmatch.fnmatchcase "              \
	"fractions.Fraction html.escape html.unescape ipaddress.ip_address ipaddress.ip_network "     \
	"json.dumps json.loads os.path.basename os.path.dirname os.path.join os.path.normpath "       \
	"os.path.split os.path.splitext re.escape re.findall re.fullmatch re.match "       \
	"re.search re.split shlex.quote shlex.split statistics.fmean statistics.mean "                \
	"statistics.median statistics.mode statistics.pstdev statistics.pvariance statistics.stdev "  \
	"statistics.variance string.capwords textwrap.dedent textwrap.fill textwrap.shorten "         \
	"textwrap.wrap time.strptime unicodedata.normalize urllib.parse.parse_qs "                    \
	"urllib.parse.parse_qsl urllib.parse.quote urllib.parse.quote_plus urllib.parse.unquote "     \
	"urllib.parse.urljoin urllib.parse.urlparse urllib.parse.urlsplit zlib.adler32 zlib.crc32"
#define LIBRARY_MAKES                                                                                \
	"ast.literal_eval difflib.get_close_matches json.loads re.findall re.split shlex.split "      \
	"textwrap.wrap urllib.parse.parse_qs urllib.parse.parse_qsl"

/* The full name of what an import binds to the name; NULL unless one import does, and nothing else
 * binds it. Returns new. */
static char *imported(const struct rule_ctx *c, const char *name)
{
	const struct tree *t = c->tree;
	cf_autofree char *full = NULL;

	for (int n = py_next_use(c, 0, name, 1); n; n = py_next_use(c, 0, name, n + 1)) {
		if (py_role(c, n) == PY_READ)
			continue;
		int import = tree_up(t, n, "import_statement import_from_statement");
		int part = n;
		while (import && tree_parent(t, part) != import)
			part = tree_parent(t, part);
		int what = IS(part, "aliased_import") ? tree_field(t, part, "name") : part;
		int module = tree_field(t, import, "module_name");
		if (!import || IS(module, "relative_import"))
			return NULL;
		/* `import a.b` binds a. */
		cf_autofree char *said = IS(import, "import_statement") && what == part
						 ? cf_strdup(name)
						 : tree_text(t, what);
		cf_autofree char *from = module ? tree_text(t, module) : NULL;
		cf_autofree char *is = from ? cf_asprintf("%s.%s", from, said) : cf_strdup(said);
		if (full && strcmp(full, is))
			return NULL;
		free(full);
		full = cf_steal(&is);
	}
	return cf_steal(&full);
}

enum py_library py_library_call(const struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	int f = tree_field(t, call, "function"), base = f;

	if (!IS(call, "call") || !py_is_path(c, f))
		return PY_NO_LIBRARY;
	while (IS(base, "attribute"))
		base = tree_field(t, base, "object");
	/* Most calls are of none of these, which is seen at once. */
	int last = IS(f, "attribute") ? tree_field(t, f, "attribute") : f;
	cf_autofree char *ending = cf_asprintf(
		".%.*s ", (int)(t->v[last].end - t->v[last].start), t->text + t->v[last].start);
	if (!strstr(LIBRARY " ", ending))
		return PY_NO_LIBRARY;
	cf_autofree char *name = tree_text(t, base), *full = imported(c, name);
	if (!full)
		return PY_NO_LIBRARY;
	cf_autofree char *path = cf_asprintf("%s%.*s", full, (int)(t->v[f].end - t->v[base].end),
		t->text + t->v[base].end);
	/* default=, object_hook=, cls=: somebody's own code. */
	int args = tree_field(t, call, "arguments");
	if (!strncmp(path, "json.", 5) && tree_count(t, args) != 1)
		return PY_NO_LIBRARY;
	if (word_in(LIBRARY_MAKES, path, strlen(path)))
		return PY_MAKES;
	return word_in(LIBRARY, path, strlen(path)) ? PY_GIVES : PY_NO_LIBRARY;
}

bool py_pure_call(const struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	int f = tree_field(t, call, "function");
	bool math = IS(f, "attribute") && tree_text_is(t, tree_field(t, f, "object"), "math");
	return py_is_builtin_node(c, f, PURE_BUILTINS) || math ||
	       (IS(f, "attribute") && text_in(t, tree_field(t, f, "attribute"), PURE_METHODS)) ||
	       py_library_call(c, call);
}

bool py_pure(const struct rule_ctx *c, int expression)
{
	const struct tree *t = c->tree;
	for (int n = expression; n < t->v[expression].after; n++)
		if (tree_is_any(t, n, "yield await named_expression assignment augmented_assignment") ||
			(IS(n, "call") && !py_pure_call(c, n)))
			return false;
	return true;
}

/* Called with it as an argument, f leaves a path as it is. */
static bool only_reads(const struct rule_ctx *c, int f)
{
	const struct tree *t = c->tree;
	return py_is_builtin_node(c, f, READERS) || text_in(t, tree_field(t, f, "attribute"), PURE_METHODS) ||
	       py_library_call(c, tree_parent(t, f)) ||
	       (IS(f, "attribute") && tree_text_is(t, tree_field(t, f, "object"), "math")) ||
	       py_is_pure_def(c, f);
}

static bool changes_by_name(const struct rule_ctx *c, int path, int region)
{
	const struct tree *t = c->tree;
	int base = path;
	while (IS(base, "attribute"))
		base = tree_field(t, base, "object");
	if (!IS(base, "identifier"))
		return true;

	cf_autofree char *name = tree_text(t, base);
	PY_EACH_USE (c, region, name, use) {
		/* The longest attribute chain here that is still part of the path. */
		int n = use;
		while (IS(tree_parent(t, n), "attribute") && field_is(t, n, "object") &&
			!tree_equal(t, n, path))
			n = tree_parent(t, n);
		if (!tree_equal(t, n, path)) {
			/* Another attribute, or the base alone. */
			if (py_use(c, use) == PY_USE_BIND)
				return true;
			enum py_use how = py_use(c, use);
			if (how == PY_USE_METHOD || how == PY_USE_OTHER)
				return true;
			if (how == PY_USE_ARG && !only_reads(c, py_callee(c, use)))
				return true;
			continue;
		}
		switch (py_use(c, n)) {
		case PY_USE_BIND:
		case PY_USE_STORE:
			return true;
		case PY_USE_METHOD:
			if (!text_in(t, py_method(c, n), PURE_METHODS))
				return true;
			break;
		case PY_USE_ARG:
			if (!only_reads(c, py_callee(c, n)))
				return true;
			break;
		case PY_USE_OTHER:
			/* In arithmetic, a string or a slice it is only read; else it gets another name. */
			if (!tree_is_any(t, tree_parent(t, skip_parens(t, n)),
				    "binary_operator unary_operator interpolation slice "
				    "expression_statement"))
				return true;
			break;
		default:
			break;
		}
	}
	return false;
}

bool py_changes(const struct rule_ctx *c, int path, int region)
{
	const struct tree *t = c->tree;

	if (changes_by_name(c, path, region))
		return true;
	/* other = path and path = other are two names for one object; inner defs may be called. */
	PY_NODES (c, n) {
		int up = tree_parent(t, n), other = 0;
		if (IS(n, "function_definition") && !tree_inside(t, n, region)) {
			cf_autofree char *def = tree_text(t, tree_field(t, n, "name"));
			if (py_uses(c, region, def) && changes_by_name(c, path, n))
				return true;
		}
		if (!IS(up, "assignment") || !tree_is_any(t, n, "identifier attribute") ||
			!tree_equal(t, n, path))
			continue;
		other = tree_field(t, up, field_is(t, n, "left") ? "right" : "left");
		if (tree_is_any(t, other, "identifier attribute") && py_is_path(c, other) &&
			!tree_equal(t, other, path) && !tree_inside(t, up, region) &&
			changes_by_name(c, other, region))
			return true;
	}
	return false;
}

bool py_invariant(const struct rule_ctx *c, int expression, int region)
{
	const struct tree *t = c->tree;
	if (!py_pure(c, expression))
		return false;
	for (int n = expression; n < t->v[expression].after; n++) {
		if (py_role(c, n) != PY_READ)
			continue;
		cf_autofree char *name = tree_text(t, n);
		/* A comprehension's own names are not what stands outside. */
		if (py_is_builtin(c, name) || py_bindings(c, expression, name))
			continue;
		int path = n;
		while (IS(tree_parent(t, path), "attribute") && field_is(t, path, "object") &&
			!(IS(tree_parent(t, tree_parent(t, path)), "call") &&
				field_is(t, tree_parent(t, path), "function")) &&
			tree_inside(t, tree_parent(t, path), expression))
			path = tree_parent(t, path);
		if (py_changes(c, path, region))
			return false;
	}
	return true;
}

/* The use stores to a field of the name's, of which the expression reads only others. */
static bool stores_other_field(const struct rule_ctx *c, int use, int expression)
{
	const struct tree *t = c->tree;
	cf_autofree char *name = tree_text(t, use);
	int stored = tree_parent(t, use);

	if (!IS(stored, "attribute") && !IS(tree_field(t, stored, "subscript"), "string"))
		return false;
	PY_EACH_USE (c, expression, name, read) {
		int up = tree_parent(t, read);
		if (strcmp(t->v[up].type, t->v[stored].type) || tree_first(t, up) != read ||
			tree_equal(t, up, stored) ||
			(IS(up, "subscript") && !IS(tree_field(t, up, "subscript"), "string")))
			return false;
	}
	return true;
}

bool py_stores_key(const struct rule_ctx *c, int use, int key)
{
	return py_use(c, use) == PY_USE_STORE && !stores_other_field(c, use, key);
}

bool py_steady(const struct rule_ctx *c, int expression, int region)
{
	const struct tree *t = c->tree;
	for (int n = expression; n < t->v[expression].after; n++) {
		if (py_role(c, n) != PY_READ)
			continue;
		cf_autofree char *name = tree_text(t, n);
		/* A comprehension's own names are as steady as what it goes through. */
		PY_EACH_USE (c, region, name, use) {
			if (tree_inside(t, use, expression))
				continue;
			if (py_use(c, use) == PY_USE_STORE && stores_other_field(c, use, expression))
				continue;
			int path = use;
			while (IS(tree_parent(t, path), "attribute") && field_is(t, path, "object"))
				path = tree_parent(t, path);
			enum py_use how = py_use(c, use);
			if (how == PY_USE_BIND || how == PY_USE_STORE || py_use(c, path) == PY_USE_BIND ||
				py_use(c, path) == PY_USE_STORE)
				return false;
			if (how == PY_USE_METHOD && !text_in(t, py_method(c, use), PURE_METHODS) &&
				py_type_of(c, use) != PY_UNKNOWN)
				return false;
		}
	}
	return true;
}

bool py_hashable(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	while (IS(n, "parenthesized_expression"))
		n = tree_first(t, n);
	if (IS(n, "tuple")) {
		for (int i = tree_first(t, n); i; i = tree_next(t, i))
			if (!py_hashable(c, i))
				return false;
		return true;
	}
	if (IS(n, "call"))
		return py_is_builtin_node(c, tree_field(t, n, "function"), "str int float len ord chr repr hash id bool") ||
		       (IS(tree_field(t, n, "function"), "attribute") &&
			       text_in(t, tree_field(t, tree_field(t, n, "function"), "attribute"),
				       "lower upper strip lstrip rstrip title casefold capitalize join replace"));
	if (IS(n, "unary_operator"))
		return py_hashable(c, tree_field(t, n, "argument"));
	return tree_is_any(t, n, "string concatenated_string integer float true false none "
				 "comparison_operator not_operator");
}

/* ---- places ---- */

int py_statement(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	while (n && tree_parent(t, n) && !IS(tree_parent(t, n), "block"))
		n = tree_parent(t, n);
	return n;
}

bool py_own(const struct rule_ctx *c, int n)
{
	return tree_inside(c->tree, n, c->body) && scope_of(c->tree, n) == c->function;
}

int py_loop(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	for (; n > c->body; n = tree_parent(t, n)) {
		int up = tree_parent(t, n);
		if (tree_is_any(t, up, PY_LOOPS) && !field_is(t, n, "right") &&
			!field_is(t, n, "alternative") && !field_is(t, n, "left"))
			return up;
		if (tree_is_any(t, up, PY_COMPREHENSIONS)) {
			int first = tree_next(t, tree_first(t, up));
			if (n != first)
				return up;
		}
		if (tree_is_any(t, up, "function_definition class_definition lambda"))
			return 0;
	}
	return 0;
}

bool py_directly_in(const struct rule_ctx *c, int n, int block)
{
	return tree_parent(c->tree, py_statement(c, n)) == block;
}

int py_assigned_before(const struct rule_ctx *c, const char *name, int n)
{
	const struct tree *t = c->tree;
	for (int s = py_statement(c, n); s && tree_inside(t, s, c->body); s = py_statement(c, tree_parent(t, tree_parent(t, s)))) {
		for (int p = tree_prev(t, s); p; p = tree_prev(t, p)) {
			if (!py_bindings(c, p, name))
				continue;
			int a = IS(p, "expression_statement") ? tree_first(t, p) : 0;
			if (IS(a, "assignment") && tree_text_is(t, tree_field(t, a, "left"), name))
				return p;
			return 0;
		}
		/* What binds it in a loop round us binds it before us, too. */
		int up = tree_parent(t, tree_parent(t, s));
		if (tree_is_any(t, up, PY_LOOPS) && py_bindings(c, up, name))
			return 0;
		if (tree_parent(t, s) == c->body)
			break;
	}
	return 0;
}

int py_outermost_loop(const struct rule_ctx *c, int n,
	bool (*holds)(const struct rule_ctx *c, int loop, const void *arg), const void *arg)
{
	int found = 0;
	for (int loop = py_loop(c, n); loop && holds(c, loop, arg); loop = py_loop(c, loop))
		found = loop;
	return found;
}

bool py_is_generator(const struct rule_ctx *c)
{
	PY_NODES (c, n)
		if (tree_is(c->tree, n, "yield") && c->tree->v[n].named && py_own(c, n))
			return true;
	return false;
}

bool py_is_async(const struct rule_ctx *c)
{
	return !strcmp(c->tree->v[c->function + 1].type, "async");
}

/* ---- imports ---- */

/* Keeps text until c goes. */
static const char *lend(struct rule_ctx *c, char *text)
{
	cf_grow(&c->taken, &c->taken_cap, c->ntaken + 1, sizeof *c->taken);
	return c->taken[c->ntaken++] = text;
}

/* What the statement calls module.name: new text, or NULL. */
static char *imported_as(const struct tree *t, int statement, const char *module, const char *name)
{
	bool from = IS(statement, "import_from_statement");
	int of = tree_field(t, statement, "module_name");

	if (from && !tree_text_is(t, of, module))
		return NULL;
	if (!from && !IS(statement, "import_statement"))
		return NULL;
	for (int i = tree_first(t, statement); i; i = tree_next(t, i)) {
		if (i == of)
			continue;
		bool aliased = IS(i, "aliased_import");
		int what = aliased ? tree_field(t, i, "name") : i;
		if (!tree_text_is(t, what, from ? name : module))
			continue;
		cf_autofree char *as = tree_text(t, aliased ? tree_field(t, i, "alias") : what);
		return from ? cf_steal(&as) : cf_asprintf("%s.%s", as, name);
	}
	return NULL;
}

const char *py_import(struct rule_ctx *c, const char *module, const char *name)
{
	const struct tree *t = c->tree;
	int after = 0, first = tree_first(t, 0);
	bool head = true;

	for (int s = first; s; s = tree_next(t, s)) {
		char *as = s < c->function ? imported_as(t, s, module, name) : NULL;
		if (as) {
			cf_autofree char *word = cf_strndup(as, strcspn(as, "."));
			/* Good unless the function has that name for something else. */
			if (!py_is_local(c, word))
				return lend(c, as);
			free(as);
		}
		bool import = tree_is_any(
			t, s, "import_statement import_from_statement future_import_statement");
		bool docstring = s == first && IS(s, "expression_statement") &&
		                 IS(tree_first(t, s), "string");
		head = head && (import || docstring);
		if (head)
			after = s;
	}

	/* A name that the file uses for anything is left to it: then by way of the module. */
	bool taken = py_next_use(c, 0, name, 1);
	if (taken && py_next_use(c, 0, module, 1))
		rule_fail(c);
	cf_autofree char *line = taken ? cf_asprintf("import %s", module)
	                               : cf_asprintf("from %s import %s", module, name);
	if (after)
		rule_insert_after(c, after, NULL, "%s", line);
	else if (first)
		rule_insert_before(c, first, NULL, "%s\n", line);
	return lend(c, taken ? cf_asprintf("%s.%s", module, name) : cf_strdup(name));
}
