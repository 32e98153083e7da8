/* SPDX-License-Identifier: Apache-2.0 */
/* Calls and look-ups that give the same on every pass of a loop, computed once before it. */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
#include "lib/mem.h"

#define SAME 20 /* occurrences of one expression in one loop */
#define HOT 0.1 /* share of the function's time: what is not computed on each pass is worth it */

/* Cost more than the name that replaces them. */
#define COSTLY "sorted set frozenset list tuple dict sum min max any all str repr int float round"
#define COSTLY_METHODS                                                                             \
	"lower upper casefold title capitalize split rsplit splitlines strip lstrip rstrip "       \
	"replace "                                                                                 \
	"join count index union intersection difference symmetric_difference encode decode "       \
	"get partition rpartition translate format total_seconds most_common isoformat timestamp"
/* Give something that can be walked over only once, or that shows later changes. */
#define ONE_SHOT "enumerate zip reversed iter map filter range open"
#define VIEWS "items keys values"
/* Reading from a container does not change it. */
#define READING_METHODS                                                                            \
	"count index get union intersection difference symmetric_difference issubset issuperset "  \
	"isdisjoint copy items keys values"
#define READERS                                                                                    \
	"len sum sorted list tuple set frozenset dict max min any all enumerate zip reversed str " \
	"repr bool isinstance map filter iter"

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

static int method_of(const struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	int f = tree_is(t, call, "call") ? tree_field(t, call, "function") : 0;
	return tree_is(t, f, "attribute") ? tree_field(t, f, "attribute") : 0;
}

static bool is_math(const struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	return method_of(c, call) &&
	       tree_text_is(t, tree_field(t, tree_field(t, call, "function"), "object"), "math");
}

static bool calls_builtin(const struct rule_ctx *c, int n, const char *names)
{
	return tree_is(c->tree, n, "call") &&
	       py_is_builtin_node(c, tree_field(c->tree, n, "function"), names);
}

/* ---- what it is ---- */

static bool in_while_condition(const struct rule_ctx *c, int n, int loop)
{
	const struct tree *t = c->tree;
	return tree_is(t, loop, "while_statement") &&
	       tree_inside(t, n, tree_field(t, loop, "condition"));
}

/* Holds work that is worth a name. */
static bool is_worth(const struct rule_ctx *c, int n, int loop)
{
	const struct tree *t = c->tree;
	for (int i = n; i < t->v[n].after; i++) {
		if (calls_builtin(c, i, COSTLY) && tree_count(t, tree_field(t, i, "arguments")))
			return true;
		if (tree_is(t, i, "call") &&
			(is_math(c, i) || word_in(t, method_of(c, i), COSTLY_METHODS) ||
				py_library_call(c, i) ||
				py_is_pure_def(c, tree_field(t, i, "function"))))
			return true;
		if (calls_builtin(c, i, "len") && in_while_condition(c, n, loop))
			return true;
		if (tree_is(t, i, "slice"))
			return true;
	}
	return false;
}

/* The call of which n is a part that may itself be changed: json.loads(text), parse(text)["rows"]; 0
 * when there is none. */
static int maker(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	while (tree_is(t, n, "subscript"))
		n = tree_field(t, n, "value");
	return tree_is(t, n, "call") && (py_library_call(c, n) == PY_MAKES ||
						py_is_pure_def(c, tree_field(t, n, "function")))
		       ? n
		       : 0;
}

/* A new container each time: only one that nobody changes or keeps may be shared by all passes. */
static bool is_container(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	enum py_type type = py_expression_type(c, n);

	if (maker(c, n))
		return true;
	if (tree_is(t, n, "subscript"))
		return tree_is(t, tree_field(t, n, "subscript"), "slice");
	if (py_library_call(c, n))
		return false;
	if (calls_builtin(c, n, "sum min max any all len str repr int float round abs"))
		return false;
	if (is_math(c, n) ||
		word_in(t, method_of(c, n), "index count find total_seconds timestamp"))
		return false;
	return type != PY_STR && type != PY_NUMBER && type != PY_TUPLE;
}

static bool only_read(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	switch (py_use(c, n)) {
	case PY_USE_ITER:
	case PY_USE_MEMBER:
	case PY_USE_TEST:
	case PY_USE_INDEX:
		return true;
	case PY_USE_METHOD:
		return word_in(t, py_method(c, n), READING_METHODS);
	case PY_USE_ARG:
		return py_is_builtin_node(c, py_callee(c, n), READERS);
	case PY_USE_OTHER:
		return tree_is(t, tree_parent(t, n), "binary_operator");
	default:
		return false;
	}
}

/* An argument that the call only reads or keeps. */
static bool is_looked_at(const struct rule_ctx *c, int n)
{
	int f = py_callee(c, n);
	return py_is_builtin_node(c, f, READERS " print int float") ||
	       tree_text_is(c->tree, tree_field(c->tree, f, "attribute"), "append");
}

static bool name_only_read(const struct rule_ctx *c, int n)
{
	cf_autofree char *name = py_name(c, n);
	if (!name || !py_is_local(c, name))
		return false;
	PY_EACH_USE (c, c->function, name, use)
		if (use != n && py_use(c, use) != PY_USE_INDEXING && !only_read(c, use) &&
			!(py_use(c, use) == PY_USE_ARG && is_looked_at(c, use)))
			return false;
	return true;
}

/* What stands in n, a part of something that all passes would share, is not changed by its use. A
 * part that is kept for its value is taken for a plain one. */
static bool part_only_read(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	while (py_use(c, n) == PY_USE_INDEX)
		n = tree_up(t, n, "subscript");
	int up = tree_parent(t, n), over, left;
	switch (py_use(c, n)) {
	case PY_USE_BIND:
	case PY_USE_STORE:
	case PY_USE_ATTR:
		return false;
	case PY_USE_METHOD:
		return py_pure_call(c, tree_parent(t, up));
	case PY_USE_ARG:
		return is_looked_at(c, n);
	case PY_USE_ITER:
		left = tree_field(t, up, "left");
		over = tree_is(t, up, "for_statement") ? tree_field(t, up, "body")
						       : tree_first(t, tree_parent(t, up));
		return tree_is(t, left, "identifier") && !py_changes(c, left, over);
	case PY_USE_OTHER:
		left = tree_is(t, up, "assignment") ? tree_field(t, up, "left") : 0;
		if (!left)
			return tree_is_any(t, up, "binary_operator interpolation augmented_assignment pair "
						  "list tuple expression_list " PY_COMPREHENSIONS);
		return name_only_read(c, left);
	default:
		return true;
	}
}

/* The name at i is that of a library's module, or what is imported from it, in a call of it. */
static bool names_library(const struct rule_ctx *c, int i)
{
	const struct tree *t = c->tree;
	while (tree_is(t, tree_parent(t, i), "attribute"))
		i = tree_parent(t, i);
	int call = tree_parent(t, i);
	return tree_field(t, call, "function") == i && py_library_call(c, call);
}

/* py_changes() of all of the region but one node. */
static bool changes_elsewhere(const struct rule_ctx *c, int path, int region, int except)
{
	const struct tree *t = c->tree;
	for (int n = region, next = 0; n != except; n = next)
		for (int i = n + 1; i < t->v[n].after; i = t->v[i].after) {
			if (tree_inside(t, except, i))
				next = i;
			else if (py_changes(c, path, i))
				return true;
		}
	return false;
}

/* A name that no call can rebind behind our back: a local, a builtin, an import, a def, a CONSTANT.
 */
static bool is_settled(const struct rule_ctx *c, const char *name)
{
	const struct tree *t = c->tree;
	bool found = false;

	if (py_is_local(c, name)) {
		PY_EACH_USE(c, c->function, name, use)
		if (py_role(c, use) == PY_DECLARE)
			return false;
		return true;
	}
	for (int i = py_next_use(c, 0, name, 1); i; i = py_next_use(c, 0, name, i + 1)) {
		if (py_role(c, i) == PY_READ || tree_inside(t, i, c->function))
			continue;
		found = true;
		if (py_role(c, i) == PY_DECLARE ||
			(strcspn(name, "abcdefghijklmnopqrstuvwxyz") != strlen(name) &&
				!tree_is_any(t, tree_parent(t, i),
					"dotted_name aliased_import function_definition "
					"class_definition")))
			return false;
	}
	return found || py_is_builtin(c, name);
}

/* itertools.count() is not the pure method count(); os.path.join is as good as str.join. */
static bool calls_module(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int base = method_of(c, n) ? tree_field(t, n, "function") : 0;
	bool os_path = MATCH(t, n, &(struct match){0}, "os.path.$_($$$A)");

	while (tree_is(t, base, "attribute"))
		base = tree_field(t, base, "object");
	cf_autofree char *name = py_name(c, base);
	if (!name || py_is_local(c, name) || is_math(c, n) || os_path || py_library_call(c, n))
		return false;
	for (int i = py_next_use(c, 0, name, 1); i; i = py_next_use(c, 0, name, i + 1))
		if (tree_is_any(
			    t, tree_parent(t, i), "dotted_name aliased_import class_definition"))
			return true;
	return false;
}

/* py_pure(), and calls of the module's own pure functions. */
static bool is_pure(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	for (int i = n; i < t->v[n].after; i++)
		if (tree_is_any(t, i, "yield await named_expression") ||
			(tree_is(t, i, "call") && !py_pure_call(c, i) &&
				!py_is_pure_def(c, tree_field(t, i, "function"))))
			return false;
	return true;
}

/* Pure, and the same whenever it is computed in or right before the region. */
static bool is_invariant(const struct rule_ctx *c, int n, int region)
{
	const struct tree *t = c->tree;
	bool out = local_calls_out(c, region, n);

	if (!is_pure(c, n))
		return false;
	for (int i = n; i < t->v[n].after; i++)
		if (calls_module(c, i))
			return false;
	for (int i = n; i < t->v[n].after; i++) {
		if (py_role(c, i) != PY_READ)
			continue;
		cf_autofree char *name = tree_text(t, i);
		if (py_bindings(c, n, name)) /* by a comprehension in it */
			continue;
		int path = i;
		while (tree_is(t, tree_parent(t, path), "attribute") &&
			tree_inside(t, tree_parent(t, path), n) &&
			!(tree_is(t, tree_parent(t, tree_parent(t, path)), "call") &&
				tree_field(t, tree_parent(t, tree_parent(t, path)), "function") ==
					tree_parent(t, path)))
			path = tree_parent(t, path);
		if (!is_settled(c, name))
			return false;
		if (tree_is(t, tree_parent(t, i), "call") &&
			tree_field(t, tree_parent(t, i), "function") == i)
			continue;
		if ((is_math(c, tree_parent(t, tree_parent(t, i))) && tree_text_is(t, i, "math")) ||
			names_library(c, i))
			continue;
		if (out && local_shared(c, path) && !calls_module(c, tree_parent(t, path)) &&
			!is_math(c, tree_parent(t, path)))
			return false;
		if (changes_elsewhere(c, path, region, n))
			return false;
	}
	return true;
}

/* ---- may it be computed earlier? ---- */

static bool may_raise(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	for (int i = n; i < t->v[n].after; i++) {
		if (tree_is(t, i, "subscript") &&
			!tree_is(t, tree_field(t, i, "subscript"), "slice"))
			return true;
		if (calls_builtin(c, i, "int float ord pow divmod chr"))
			return true;
		if (calls_builtin(c, i, "min max") &&
			!MATCH(t, i, &(struct match){0}, "$_($_, default=$_)",
				"$_($_, key=$_, default=$_)"))
			return true;
		if (is_math(c, i) || py_library_call(c, i) || py_is_pure_def(c, i) ||
			(tree_is(t, i, "call") &&
				word_in(t, method_of(c, i), "index decode encode format")))
			return true;
		if (tree_is(t, i, "binary_operator")) {
			int right = tree_field(t, i, "right");
			if (MATCH(t, i, &(struct match){0}, "$_ / $_", "$_ // $_", "$_ % $_") &&
				!tree_is_any(t, right, "integer float"))
				return true;
		}
	}
	return local_may_be_none(c, n, 0);
}

/* Some statement of the block before s may leave the pass. */
static bool leaves_before(const struct rule_ctx *c, int s)
{
	const struct tree *t = c->tree;
	for (int p = tree_prev(t, s); p; p = tree_prev(t, p))
		for (int n = p; n < t->v[p].after; n++)
			if (tree_is_any(t, n,
				    "continue_statement break_statement return_statement "
				    "raise_statement"))
				return true;
	return false;
}

/* The first pass through `region` computes n, if there is a pass. */
static bool on_every_pass(const struct rule_ctx *c, int n, int region)
{
	const struct tree *t = c->tree;
	for (int up; n != region; n = up) {
		up = tree_parent(t, n);
		const char *field = t->v[n].field ? t->v[n].field : "";
		if (tree_is(t, up, "conditional_expression") &&
			n != tree_next(t, tree_first(t, up)))
			return false;
		if (tree_is(t, up, "boolean_operator") && !strcmp(field, "right"))
			return false;
		if (tree_is_any(t, up,
			    "elif_clause else_clause except_clause finally_clause try_statement "
			    "with_statement match_statement lambda"))
			return false;
		if (tree_is(t, up, "if_statement") && strcmp(field, "condition"))
			return false;
		if (up != region && tree_is(t, up, "for_statement") && strcmp(field, "right"))
			return false;
		if (up != region && tree_is(t, up, "while_statement") && strcmp(field, "condition"))
			return false;
		if (tree_is(t, up, "block") && leaves_before(c, n))
			return false;
		if (tree_is_any(t, up, PY_COMPREHENSIONS)) {
			/* Behind an `if` or a second `for`, and in the element then, too. */
			int clauses = 0;
			for (int i = tree_next(t, tree_first(t, up));
				i && (i < n || n == tree_first(t, up)); i = tree_next(t, i))
				clauses++;
			if (clauses > 1)
				return false;
		}
	}
	return true;
}

/* What has items exactly when the loop has a pass: xs of `for x in xs`, enumerate(xs), xs.items().
 */
static int passes_over(const struct rule_ctx *c, int loop)
{
	const struct tree *t = c->tree;
	int clause =
		tree_is_any(t, loop, PY_COMPREHENSIONS) ? tree_next(t, tree_first(t, loop)) : loop;
	int over = tree_field(t, clause, "right");
	struct match m = {0};

	if (MATCH(t, over, &m, "enumerate($A)", "enumerate($A, $_)", "reversed($A)", "sorted($A)",
		    "$A.items()", "$A.values()", "$A.keys()", "range(len($A))", "range(0, len($A))",
		    "list($A)"))
		over = got(&m, 'A');
	return over && py_is_path(c, over) && py_type_of(c, over) != PY_OTHER &&
			       py_type_of(c, over) != PY_NUMBER
		       ? over
		       : 0;
}

struct place {
	int before; /* the statement before which it is computed; 0: nowhere */
	int guard;  /* only when this has items; 0: always */
};

static struct place place_for(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	struct place best = {0};
	bool raises = may_raise(c, n);
	int from = n;

	for (int loop = py_loop(c, n); loop; loop = py_loop(c, loop)) {
		int statement = py_statement(c, loop);
		bool alone = statement == loop ||
			     (tree_is_any(t, statement,
				      "expression_statement return_statement for_statement "
				      "if_statement") &&
				     on_every_pass(c, loop, statement));
		/* The pieces of a with or try, a decorator: not where the statement starts. */
		if (!alone || !is_invariant(c, n, statement))
			break;
		bool every = on_every_pass(c, from, loop);
		bool asked = in_while_condition(c, from, loop) && every;
		/* On some passes, perhaps none: worth it only where the trace shows that they are
		 * many. */
		if (!every && rule_heat(c, n) < HOT)
			break;
		if (raises && !asked) {
			int guard = every && !best.before ? passes_over(c, loop) : 0;
			if (guard)
				best = (struct place){statement, guard};
			break;
		}
		if (!every && !asked && local_may_be_none(c, n, 0))
			break;
		best.before = statement;
		from = statement;
	}
	return best;
}

/* ---- writing it ---- */

/* What it is about: the last part of the first path in it that is no function. Returns new. */
static char *subject_of(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	for (int i = n; i < t->v[n].after; i++) {
		int path = i, up = tree_parent(t, i);
		if (py_role(c, i) != PY_READ ||
			(tree_is(t, up, "call") && tree_field(t, up, "function") == i) ||
			(method_of(c, tree_parent(t, up)) && is_math(c, tree_parent(t, up))) ||
			names_library(c, i))
			continue;
		while (tree_is(t, tree_parent(t, path), "attribute") &&
			!method_of(c, tree_parent(t, tree_parent(t, path))))
			path = tree_parent(t, path);
		cf_autofree char *base = py_base_name(c, path, "value");
		for (size_t len = strlen(base); len > 1 && base[len - 1] == '_'; len--)
			base[len - 1] = '\0';
		return cf_steal(&base);
	}
	return cf_strdup("value");
}

/* sorted_items, word_lower, joined_parts, mean_rows: what it is called. Returns new. */
static char *name_for(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	cf_autofree char *subject = subject_of(c, n);
	int method = method_of(c, n);

	if (MATCH(t, n, &(struct match){0}, "sum($A) / len($A)"))
		return cf_asprintf("mean_%s", subject);
	if (MATCH(t, n, &(struct match){0}, "len($_) - $_", "len($_) + $_", "len($_) // $_",
		    "$_ - len($_)"))
		return cf_asprintf("%s_end", subject);
	if (tree_is(t, n, "subscript")) {
		int word = tree_next(t, tree_first(t, tree_field(t, n, "subscript")));
		cf_autofree char *key = tree_is(t, word, "string_content") ? tree_text(t, word) : NULL;
		bool good = key && strspn(key, "abcdefghijklmnopqrstuvwxyz_") == strlen(key);
		return cf_asprintf("%s_%s", subject, good ? key : "part");
	}
	if (py_library_call(c, n) && MATCH(t, n, &(struct match){0}, "$_.loads($$$A)",
					     "$_.strptime($$$A)", "$_.fromisoformat($_)", "loads($_)"))
		return cf_asprintf("%s_parsed", subject);
	if (!tree_is(t, n, "call"))
		return cf_asprintf("%s_term", subject);
	if (tree_text_is(t, method, "join"))
		return cf_asprintf("joined_%s", subject);
	cf_autofree char *what = tree_text(t, method ? method : tree_field(t, n, "function"));
	if (method && !is_math(c, n))
		return cf_asprintf("%s_%s", subject, what);
	return cf_asprintf("%s_%s", what, subject);
}

static void write_before(struct rule_ctx *c, struct place place, const char *name, int value)
{
	const struct tree *t = c->tree;
	const char *open = tree_is_any(t, value, "conditional_expression lambda") ? "(" : "";
	if (tree_has_comment(t, t->v[value].start, t->v[value].end))
		rule_fail(c);
	if (place.guard)
		rule_insert_before(c, place.before, NULL, "%s = %s%n%s if %n else None", name, open,
			value, *open ? ")" : "", place.guard);
	else
		rule_insert_before(c, place.before, NULL, "%s = %n", name, value);
}

/* `x = <invariant>` directly in the loop: the whole statement moves. */
static bool move(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int statement = py_statement(c, n), loop = py_loop(c, n);
	cf_autofree char *name = NULL;

	if (local_value(c, statement) != n || tree_field(t, tree_first(t, statement), "type") ||
		!tree_is_any(t, loop, PY_LOOPS) ||
		tree_parent(t, tree_parent(t, statement)) != loop)
		return false;
	name = py_name(c, tree_field(t, tree_first(t, statement), "left"));
	if (!name || !py_is_local(c, name) || py_bindings(c, c->function, name) != 1 ||
		py_uses(c, c->function, name) != py_uses(c, loop, name) ||
		py_next_use(c, loop, name, loop) < statement)
		return false;
	struct place place = place_for(c, n);
	int left = tree_field(t, tree_first(t, statement), "left");
	if (!place.before)
		return false;
	if (is_container(c, n) && changes_elsewhere(c, left, place.before, statement))
		return false;
	PY_EACH_USE (c, loop, name, use)
		if (maker(c, n) && use != left && !(only_read(c, use) && part_only_read(c, use)))
			return false;
	rule_begin(c, n);
	rule_delete(c, statement);
	write_before(c, place, name, n);
	rule_end(c, "`%s` is the same on every pass; it is computed once, before the loop.", name);
	return true;
}

static bool is_row(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	/* m[i] of m[i][j]: with another index behind it. */
	int up = tree_parent(t, n), index = tree_field(t, n, "subscript");
	return tree_is(t, n, "subscript") && py_is_path(c, tree_field(t, n, "value")) &&
	       tree_is(t, up, "subscript") && tree_field(t, up, "value") == n &&
	       tree_is(t, index, "identifier") &&
	       py_type_of(c, tree_field(t, n, "value")) != PY_STR &&
	       !tree_is(t, tree_field(t, up, "subscript"), "slice");
}

/* m[i][j] in a loop over j: the row is fetched before it. The passes of the loops round it use it
 * anyway, so that an index out of range is an error either way. */
static struct place place_for_row(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int loop = py_loop(c, n);
	struct place none = {0};

	if (!tree_is(t, loop, "for_statement") || !py_loop(c, loop) || !on_every_pass(c, n, loop) ||
		!is_invariant(c, n, loop))
		return none;
	/* The index is that of a loop round this one; the row is the same in those between. */
	cf_autofree char *index = tree_text(t, tree_field(t, n, "subscript"));
	int before = loop;
	bool same = true;
	for (int up = py_loop(c, loop); up; up = py_loop(c, up)) {
		int left = tree_is(t, up, "for_statement") ? tree_field(t, up, "left") : 0;
		if (left && py_bindings(c, left, index))
			return (struct place){.before = before};
		same = same && left && on_every_pass(c, before, up) && is_invariant(c, n, up);
		if (same)
			before = up;
	}
	return none;
}

/* len(text.split()), where the loop asks text.split() for more: that one is to be named. */
static bool is_length_of_more(const struct rule_ctx *c, int n, int loop)
{
	const struct tree *t = c->tree;
	int of = calls_builtin(c, n, "len") ? tree_first(t, tree_field(t, n, "arguments")) : 0, count = 0;
	for (int i = loop; tree_is(t, of, "call") && i < t->v[loop].after; i++)
		count += tree_is(t, i, "call") && tree_equal(t, i, of);
	return count > 1;
}

static bool hoist(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int same[SAME], count = 0, innermost = py_loop(c, n);
	bool row = is_row(c, n);

	if (!innermost || is_length_of_more(c, n, innermost) || (!row && !is_worth(c, n, innermost)) ||
		tree_is(t, tree_parent(t, n), "expression_statement"))
		return false;
	if (!row && (calls_builtin(c, n, ONE_SHOT) || word_in(t, method_of(c, n), VIEWS) ||
			    tree_is(t, n, "generator_expression")))
		return false;
	if (!row && move(c, n))
		return true;
	bool container = !row && is_container(c, n);
	struct place place = row ? place_for_row(c, n) : place_for(c, n);
	if (!place.before)
		return false;

	for (int i = place.before; i < t->v[place.before].after; i++) {
		if (t->v[i].end - t->v[i].start != t->v[n].end - t->v[n].start ||
			!tree_equal(t, i, n) || strcmp(t->v[i].type, t->v[n].type))
			continue;
		if (count == SAME || !py_own(c, i) || py_use(c, i) == PY_USE_BIND ||
			(container && !only_read(c, i)) || (maker(c, n) && !part_only_read(c, i)))
			return false;
		same[count++] = i;
	}
	cf_autofree char *base = row ? subject_of(c, n) : name_for(c, n);
	const char *name = local_fresh_name(c, row ? "%s_row" : "%s", base);
	rule_begin(c, n);
	write_before(c, place, name, n);
	for (int i = 0; i < count; i++)
		rule_replace(c, same[i], NULL, "%s", name);
	cf_autofree char *text = tree_text(t, n);
	if (strlen(text) > 60 || strchr(text, '\n'))
		rule_end(c,
			"`%s` holds what is the same on every pass; it is computed once, before "
			"the loop.",
			name);
	else
		rule_end(c, "`%s` is the same on every pass; it is computed once, before the loop.",
			text);
	return true;
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	bool done = false;

	/* Between two items of a generator, anybody may change anything. */
	if (py_is_generator(c) || py_is_async(c) || local_is_frame_code(c, c->body))
		return;
	PY_NODES(c, n)
	{
		done = false;
		if (!py_own(c, n) || !tree_is_any(t, n, "call binary_operator subscript conditional_expression"))
			continue;
		/* Every occurrence went into the first one's proposal. */
		for (size_t i = 0; i < c->n && !done; i++)
			for (size_t e = 0; e < c->proposals[i].n && !done; e++)
				done = c->proposals[i].rule == c->rule &&
				       c->proposals[i].edits[e].start <= t->v[n].start &&
				       c->proposals[i].edits[e].end >= t->v[n].end;
		if (!done)
			hoist(c, n);
	}
}

const struct rule rule_loop_invariants = {
	.name = "loop-invariants",
	.summary = "calls and look-ups that give the same on every pass are made before the loop",
	.why = "An expression over names that a loop does not change gives the same each time; computing "
	       "it once before the loop costs one pass's work instead of every pass's.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(text, words):\n"
		 "    hits = 0\n"
		 "    i = 0\n"
		 "    while i < len(words):\n"
		 "        if words[i] in text.lower().split():\n"
		 "            hits += 1\n"
		 "        i += 1\n"
		 "    return hits\n",
		 "def f(text, words):\n"
		 "    hits = 0\n"
		 "    i = 0\n"
		 "    len_words = len(words)\n"
		 "    text_split = text.lower().split()\n"
		 "    while i < len_words:\n"
		 "        if words[i] in text_split:\n"
		 "            hits += 1\n"
		 "        i += 1\n"
		 "    return hits\n",
		 "f('A b c', ['a', 'x', 'c'])\n"
		 "f('', [])"},
		{"def f(values, limit):\n"
		 "    # shares of the largest\n"
		 "    return [v / max(values) for v in values], [v for v in values if v < sum(values) / 2]\n",
		 "def f(values, limit):\n"
		 "    # shares of the largest\n"
		 "    max_values = max(values) if values else None\n"
		 "    values_term = sum(values) / 2\n"
		 "    return [v / max_values for v in values], [v for v in values if v < values_term]\n",
		 "f([1, 2, 4], 3)\n"
		 "f([], 3)"},
		{"def f(names, table, n):\n"
		 "    out = []\n"
		 "    for name in names:\n"
		 "        order = sorted(table)\n"
		 "        for key in sorted(table.items()):\n"
		 "            out.append((name, key, order[0]))\n"
		 "    return out\n",
		 "def f(names, table, n):\n"
		 "    out = []\n"
		 "    order = sorted(table)\n"
		 "    sorted_table = sorted(table.items())\n"
		 "    for name in names:\n"
		 "        for key in sorted_table:\n"
		 "            out.append((name, key, order[0]))\n"
		 "    return out\n",
		 "f(['a', 'b'], {'y': 1, 'x': 2}, 1)\n"
		 "f([], {}, 1)"},
		{"def f(a, b):\n"
		 "    n = len(a)\n"
		 "    out = [[0] * n for _ in range(n)]\n"
		 "    for i in range(n):\n"
		 "        for j in range(n):\n"
		 "            for k in range(n):\n"
		 "                out[i][j] += a[i][k] * b[k][j]\n"
		 "    return out\n",
		 "def f(a, b):\n"
		 "    n = len(a)\n"
		 "    out = [[0] * n for _ in range(n)]\n"
		 "    for i in range(n):\n"
		 "        a_row = a[i]\n"
		 "        out_row = out[i]\n"
		 "        for j in range(n):\n"
		 "            for k in range(n):\n"
		 "                out_row[j] += a_row[k] * b[k][j]\n"
		 "    return out\n",
		 "f([[1, 2], [3, 4]], [[5, 6], [7, 8]])\n"
		 "f([], [])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* Changed in the loop; kept by somebody; only under a condition and may raise; a global that
		   a call may change; a generator. */
		"def f(todo, seen):\n"
		"    while len(todo) > 1:\n"
		"        seen.append(sorted(todo))\n"
		"        todo.pop()\n",
		"def f(rows, keys):\n"
		"    for row in rows:\n"
		"        row['keys'] = list(keys)\n",
		"def f(rows, limit=None):\n"
		"    for row in rows:\n"
		"        if limit is not None and row > max(limit):\n"
		"            return row\n",
		"def g():\n"
		"    global state\n"
		"    state = []\n"
		"state = [1]\n"
		"def f(rows):\n"
		"    while len(state) > 1:\n"
		"        g()\n",
		"def f(rows, keys):\n"
		"    for row in rows:\n"
		"        yield row, sum(keys)\n",
		"def f(rows, order):\n"
		"    for row in rows:\n"
		"        row.update(order)\n"
		"        order = row.get('next', order)\n"
		"        print(sum(order), next(row), row.pop())\n",
		"def f(df):\n"
		"    for i, row in df.iterrows():\n"
		"        print(row['a'] / sum(df['a']))\n",
		NULL,
	},
};
