/* SPDX-License-Identifier: Apache-2.0 */
#include "cf-suggest/rules/javascript/js.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/mem.h"

#define NAMES "identifier shorthand_property_identifier shorthand_property_identifier_pattern"
#define PATTERNS                                                                                   \
	"object_pattern array_pattern pair_pattern rest_pattern assignment_pattern "               \
	"object_assignment_pattern required_parameter optional_parameter"

const char *js_semicolon(const struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	int with = 0, without = 0;

	for (int n = 1; n < t->n; n++)
		if (tree_is_any(t, n, "expression_statement return_statement " JS_DECLARATIONS)) {
			if (t->text[t->v[n].end - 1] == ';')
				with++;
			else
				without++;
		}
	return with >= without ? ";" : "";
}

/* ---- names ---- */

int js_next_use(const struct rule_ctx *c, int region, const char *name, int from)
{
	const struct tree *t = c->tree;

	for (int n = from; n < t->v[region].after; n++)
		if (tree_is_any(t, n, NAMES) && tree_text_is(t, n, name))
			return n;
	return 0;
}

int js_uses(const struct rule_ctx *c, int region, const char *name)
{
	int count = 0;

	JS_EACH_USE (c, region, name, n)
	count++;
	return count;
}

static bool is_field(const struct tree *t, int n, const char *field)
{
	return t->v[n].field && !strcmp(t->v[n].field, field);
}

bool js_binds(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int up = tree_parent(t, n);

	if (tree_is(t, n, "shorthand_property_identifier_pattern"))
		return true;
	for (; tree_is_any(t, up, PATTERNS) || tree_is(t, up, "formal_parameters");
		n = up, up = tree_parent(t, up)) {
		if (tree_is(t, up, "formal_parameters"))
			return true;
		/* what a default is made of, a computed key, a type */
		if (is_field(t, n, "right") ||
			is_field(t, n, "value") != tree_is(t, up, "pair_pattern") ||
			is_field(t, n, "type"))
			if (!is_field(t, n, "pattern") && !is_field(t, n, "left") &&
				!tree_is_any(t, up, "object_pattern array_pattern rest_pattern"))
				return false;
	}
	if (tree_is_any(t, up,
		    "assignment_expression augmented_assignment_expression for_in_statement"))
		return is_field(t, n, "left");
	if (tree_is(t, up, "update_expression"))
		return true;
	if (tree_is_any(t, up, "variable_declarator class_declaration " JS_FUNCTIONS))
		return is_field(t, n, "name") || is_field(t, n, "parameter");
	return tree_is(t, up, "catch_clause") && is_field(t, n, "parameter");
}

bool js_is_parameter(const struct rule_ctx *c, const char *name)
{
	int list = tree_field(c->tree, c->function, "parameters");

	if (!list)
		list = tree_field(c->tree, c->function, "parameter");
	JS_EACH_USE (c, list, name, n)
	if (list && js_binds(c, n))
		return true;
	return false;
}

bool js_is_local(const struct rule_ctx *c, const char *name)
{
	const struct tree *t = c->tree;

	if (js_is_parameter(c, name))
		return true;
	JS_EACH_USE (c, c->body, name, n) {
		int up = tree_parent(t, n);

		if (js_binds(c, n) && !tree_is_any(t, up,
					      "assignment_expression augmented_assignment_expression update_expression"))
			return true;
	}
	return false;
}

bool js_is_global(const struct rule_ctx *c, int n, const char *name)
{
	if (!tree_is(c->tree, n, "identifier") || !tree_text_is(c->tree, n, name))
		return false;
	JS_EACH_USE (c, 0, name, use)
	if (js_binds(c, use))
		return false;
	return true;
}

char *js_name(const struct rule_ctx *c, int n)
{
	n = js_bare(c, n);
	return tree_is(c->tree, n, "identifier") ? tree_text(c->tree, n) : NULL;
}

bool js_is_path(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;

	while (tree_is(t, n, "member_expression") &&
		!memchr(t->text + t->v[n].start, '?', t->v[n].end - t->v[n].start))
		n = tree_field(t, n, "object");
	return tree_is_any(t, n, "identifier this");
}

char *js_last_name(const struct rule_ctx *c, int n)
{
	int property = tree_field(c->tree, n, "property");
	char *name = tree_text(c->tree, property ? property : n);

	/* of a private field the mark is no part of a variable's name */
	if (*name == '#')
		memmove(name, name + 1, strlen(name));
	return name;
}

int js_declarator(const struct rule_ctx *c, const char *name)
{
	const struct tree *t = c->tree;
	int found = 0;

	JS_EACH_USE (c, c->body, name, n) {
		if (!js_binds(c, n))
			continue;
		if (found || !tree_is(t, tree_parent(t, n), "variable_declarator"))
			return 0;
		found = tree_parent(t, n);
	}
	return found;
}

/* ---- expressions ---- */

int js_bare(const struct rule_ctx *c, int n)
{
	while (tree_is_any(c->tree, n,
		"parenthesized_expression as_expression satisfies_expression non_null_expression type_assertion"))
		n = tree_is(c->tree, n, "type_assertion") ? tree_last(c->tree, n)
							  : tree_first(c->tree, n);
	return n;
}

bool js_call(const struct rule_ctx *c, int n, const char *method, int *object, int *arguments)
{
	const struct tree *t = c->tree;
	int function;

	n = js_bare(c, n);
	function = tree_is(t, n, "call_expression") ? tree_field(t, n, "function") : 0;
	if (!tree_is(t, function, "member_expression") ||
		!tree_text_is(t, tree_field(t, function, "property"), method))
		return false;
	*object = tree_field(t, function, "object");
	*arguments = tree_field(t, n, "arguments");
	/* `a?.b()` may be no call at all */
	for (uint32_t at = t->v[*object].end; at < t->v[*arguments].start; at++)
		if (t->text[at] == '?')
			return false;
	return tree_is(t, *arguments, "arguments");
}

int js_argument(const struct rule_ctx *c, int arguments, int *count)
{
	int first = tree_first(c->tree, arguments);

	*count = tree_count(c->tree, arguments);
	return tree_is(c->tree, first, "spread_element") ? 0 : first;
}

bool js_has_operator(const struct rule_ctx *c, int n, const char *operator)
{
	const struct tree *t = c->tree;

	for (int i = n + 1; tree_is(t, n, "binary_expression") && i < t->v[n].after; i = t->v[i].after)
		if (t->v[i].field && !strcmp(t->v[i].field, "operator"))
			return tree_text_is(t, i, operator);
	return false;
}

bool js_is_number(const struct rule_ctx *c, int n, const char *text)
{
	n = js_bare(c, n);
	if (*text == '-')
		return tree_is(c->tree, n, "unary_expression") && tree_text_is(c->tree, n, text);
	return tree_is(c->tree, n, "number") && tree_text_is(c->tree, n, text);
}

/* The node of parameter i; 0. */
static int parameter(const struct rule_ctx *c, int function, int i)
{
	const struct tree *t = c->tree;
	int one = tree_field(t, function, "parameter"),
	    list = tree_field(t, function, "parameters"), n;

	if (one)
		return i ? 0 : one;
	for (n = list ? tree_first(t, list) : 0; n && i; i--)
		n = tree_next(t, n);
	return n;
}

char *js_parameter(const struct rule_ctx *c, int function, int i)
{
	const struct tree *t = c->tree;
	int n = parameter(c, function, i);

	if (tree_is(t, n, "required_parameter") && !tree_field(t, n, "value"))
		n = tree_field(t, n, "pattern");
	return tree_is(t, n, "identifier") ? tree_text(t, n) : NULL;
}

int js_parameter_count(const struct rule_ctx *c, int function)
{
	int list = tree_field(c->tree, function, "parameters");

	return tree_field(c->tree, function, "parameter") ? 1
	       : list					  ? tree_count(c->tree, list)
							  : 0;
}

int js_answer(const struct rule_ctx *c, int function)
{
	const struct tree *t = c->tree;
	int body = tree_field(t, function, "body"), first;

	if (!tree_is_any(t, function, "arrow_function function_expression") ||
		memcmp(t->text + t->v[function].start, "async", 5) == 0)
		return 0;
	if (!tree_is(t, body, "statement_block"))
		return js_bare(c, body);
	first = tree_first(t, body);
	return tree_count(t, body) == 1 && tree_is(t, first, "return_statement")
		       ? js_bare(c, tree_first(t, first))
		       : 0;
}

/* Methods of strings, numbers and arrays that change nothing and call nobody. */
static bool is_harmless_method(const struct tree *t, int n)
{
	static const char *const names[] = {"toLowerCase", "toUpperCase", "trim", "trimStart",
		"trimEnd", "slice", "substring", "charAt", "charCodeAt", "codePointAt",
		"startsWith", "endsWith", "includes", "indexOf", "lastIndexOf", "toFixed", "join",
		"concat", "split", "padStart", "padEnd", "repeat", "toString", "has", "get",
		"getTime", "normalize", "at", NULL};

	for (int i = 0; names[i]; i++)
		if (tree_text_is(t, n, names[i]))
			return true;
	return false;
}

static bool is_harmless_global(const struct rule_ctx *c, int function)
{
	const struct tree *t = c->tree;
	static const char *const names[] = {
		"String", "Number", "Boolean", "parseInt", "parseFloat", "isNaN", NULL};
	int object =
		tree_is(t, function, "member_expression") ? tree_field(t, function, "object") : 0;

	for (int i = 0; names[i]; i++)
		if (js_is_global(c, function, names[i]))
			return true;
	return object && (js_is_global(c, object, "Math") || js_is_global(c, object, "Number")) &&
	       !tree_text_is(t, tree_field(t, function, "property"), "random");
}

bool js_pure(const struct rule_ctx *c, int e)
{
	const struct tree *t = c->tree;

	for (int n = e; n < t->v[e].after; n++) {
		if (tree_is_any(t, n,
			    "assignment_expression augmented_assignment_expression update_expression await_expression yield_expression new_expression " JS_FUNCTIONS) ||
			tree_is(t, n, "delete"))
			return false;
		if (!tree_is(t, n, "call_expression"))
			continue;
		int function = tree_field(t, n, "function");

		if (!is_harmless_global(c, function) &&
			!(tree_is(t, function, "member_expression") &&
				is_harmless_method(t, tree_field(t, function, "property"))))
			return false;
	}
	return true;
}

bool js_reads(const struct rule_ctx *c, int e, const char *name)
{
	return js_uses(c, e, name) > 0;
}

bool js_is_fresh(const struct rule_ctx *c, int e)
{
	return tree_is_any(
		c->tree, js_bare(c, e), "object array new_expression regex " JS_FUNCTIONS);
}

bool js_is_test(const struct rule_ctx *c, int n, struct js_test *found)
{
	static const struct {
		const char *operator, * number;
		bool absent;
	} forms[] = {{"!==", "-1", false}, {"!=", "-1", false}, {">", "-1", false},
		{">=", "0", false}, {"===", "-1", true}, {"==", "-1", true}, {"<", "0", true}};
	const struct tree *t = c->tree;
	int count, arguments;

	*found = (struct js_test){.node = n};
	if (tree_is(t, n, "call_expression") &&
		js_call(c, n, "includes", &found->list, &arguments)) {
		found->item = js_argument(c, arguments, &count);
		return found->item && count == 1;
	}
	if (!tree_is(t, n, "binary_expression") ||
		!js_call(c, tree_field(t, n, "left"), "indexOf", &found->list, &arguments))
		return false;
	found->item = js_argument(c, arguments, &count);
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (js_has_operator(c, n, forms[i].operator) &&
			js_is_number(c, tree_field(t, n, "right"), forms[i].number)) {
			found->absent = forms[i].absent;
			return found->item && count == 1;
		}
	return false;
}

/* ---- places ---- */

int js_statement(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;

	while (n > c->function && !tree_is(t, tree_parent(t, n), "statement_block"))
		n = tree_parent(t, n);
	return n > c->function ? n : 0;
}

/* The call `xs.map(f)` that f, a function node, is the first argument of, so that it runs for each;
 * 0. */
static int looping_call(const struct rule_ctx *c, int function)
{
	static const char *const names[] = {"map", "filter", "forEach", "some", "every", "find",
		"findIndex", "findLast", "flatMap", "reduce", "reduceRight", "sort", NULL};
	const struct tree *t = c->tree;
	int arguments = tree_parent(t, function), call = tree_parent(t, arguments), object, list;

	if (!tree_is_any(t, function, "arrow_function function_expression") ||
		!tree_is(t, arguments, "arguments") || tree_first(t, arguments) != function)
		return 0;
	for (int i = 0; names[i]; i++)
		if (js_call(c, call, names[i], &object, &list) && list == arguments)
			return call;
	return 0;
}

/* A part of a loop statement that is evaluated once. */
static bool once_in(const struct tree *t, int loop, int part)
{
	return is_field(t, part, "initializer") ||
	       (tree_is(t, loop, "for_in_statement") && is_field(t, part, "right"));
}

int js_loop(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;

	for (int up = tree_parent(t, n); n > c->function && up >= c->function;
		n = up, up = tree_parent(t, up)) {
		if (tree_is_any(t, up, JS_LOOPS) && !once_in(t, up, n))
			return up;
		if (n != c->function && tree_is_any(t, n, JS_FUNCTIONS))
			return looping_call(c, n);
		if (up == c->function)
			break;
	}
	return 0;
}

bool js_own(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;

	for (; n > c->function; n = tree_parent(t, n))
		if (tree_is_any(t, n, JS_FUNCTIONS) && !looping_call(c, n))
			return false;
	return true;
}

/* Reads of an array that leave it as it is. */
static bool is_reader(const struct tree *t, int property)
{
	static const char *const names[] = {"includes", "indexOf", "lastIndexOf", "map", "filter",
		"forEach", "find", "findIndex", "findLast", "some", "every", "join", "slice",
		"concat", "length", "reduce", "reduceRight", "entries", "keys", "values", "flat",
		"flatMap", "at", "size", "has", "get", "toString", NULL};

	for (int i = 0; names[i]; i++)
		if (tree_text_is(t, property, names[i]))
			return true;
	return false;
}

/* Functions of the language that only look at what they are given. */
static bool only_looks(const struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	int function = tree_field(
		t, call, tree_is(t, call, "new_expression") ? "constructor" : "function");
	int object =
		tree_is(t, function, "member_expression") ? tree_field(t, function, "object") : 0;
	static const char *const names[] = {"RegExp", "Set", "Map", "String", "Boolean", "isNaN", NULL};
	static const char *const objects[] = {
		"Object", "Array", "Math", "JSON", "console", "Number", NULL};

	for (int i = 0; names[i]; i++)
		if (js_is_global(c, function, names[i]))
			return true;
	if (tree_text_is(t, tree_field(t, function, "property"), "assign") ||
		tree_text_is(t, tree_field(t, function, "property"), "defineProperty"))
		return false;
	for (int i = 0; object && objects[i]; i++)
		if (js_is_global(c, object, objects[i]))
			return true;
	return false;
}

/* The path's use at n (its last node's outermost) leaves what it holds alone. */
static bool harmless(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int up = tree_parent(t, n);

	while (tree_is_any(t, up, "parenthesized_expression non_null_expression as_expression")) {
		n = up;
		up = tree_parent(t, up);
	}
	if (tree_is(t, up, "member_expression") && is_field(t, n, "object")) {
		int top = tree_parent(t, up);

		if (tree_is_any(t, top, "assignment_expression augmented_assignment_expression") &&
			is_field(t, up, "left"))
			return false;
		if (tree_is(t, top, "update_expression") ||
			(tree_is(t, top, "unary_expression") && t->text[t->v[top].start] == 'd'))
			return false;
		return is_reader(t, tree_field(t, up, "property")) ||
		       !tree_is(t, top, "call_expression") || !is_field(t, up, "function");
	}
	if (tree_is(t, up, "subscript_expression") && is_field(t, n, "object")) {
		int top = tree_parent(t, up);

		/* a[i] = x, and what changes an element changes no other that it is compared with
		 * by identity */
		return !(tree_is_any(
				 t, top, "assignment_expression augmented_assignment_expression") &&
			       is_field(t, up, "left")) &&
		       !tree_is(t, top, "update_expression") &&
		       !(tree_is(t, top, "unary_expression") && t->text[t->v[top].start] == 'd');
	}
	if (tree_is(t, up, "for_in_statement"))
		return is_field(t, n, "right");
	if (tree_is(t, up, "arguments"))
		return only_looks(c, tree_parent(t, up));
	return tree_is_any(t, up,
		"spread_element binary_expression unary_expression if_statement while_statement subscript_expression template_substitution ternary_expression return_statement");
}

bool js_changes(const struct rule_ctx *c, int path, int region)
{
	const struct tree *t = c->tree;
	int root = path;

	while (tree_is(t, root, "member_expression"))
		root = tree_field(t, root, "object");
	for (int n = region; n < t->v[region].after; n++) {
		if (tree_is_any(t, n, NAMES) && tree_is(t, root, "identifier") &&
			tree_same(t, n, t, root) && js_binds(c, n))
			return true;
		if (!tree_is(t, n, t->v[path].type) || !tree_equal(t, n, path) ||
			is_field(t, n, "property"))
			continue;
		if (tree_is(t, n, "member_expression") &&
			tree_is_any(t, tree_parent(t, n),
				"assignment_expression augmented_assignment_expression") &&
			is_field(t, n, "left"))
			return true;
		if (!js_binds(c, n) && !harmless(c, n))
			return true;
	}
	/* what hangs on this may be changed by any method that is called in the meantime */
	for (int n = region; root != path && n < t->v[region].after; n++) {
		int function = tree_is(t, n, "call_expression") ? tree_field(t, n, "function") : 0;
		int object = tree_is(t, function, "member_expression")
				     ? tree_field(t, function, "object")
				     : 0;

		if (object && tree_same(t, object, t, root))
			return true;
	}
	return false;
}

int js_steady_loop(const struct rule_ctx *c, int path, int n)
{
	int found = 0;

	for (int loop = js_loop(c, n); loop && !js_changes(c, path, loop); loop = js_loop(c, loop))
		found = loop;
	return found;
}

bool js_invariant(const struct rule_ctx *c, int e, int region)
{
	const struct tree *t = c->tree;

	if (!js_pure(c, e))
		return false;
	for (int n = e; n < t->v[e].after; n++) {
		if (!tree_is_any(t, n, NAMES) && !tree_is(t, n, "this"))
			continue;
		int path = n;

		while (tree_is(t, tree_parent(t, path), "member_expression") &&
			is_field(t, path, "object") && tree_parent(t, path) >= e &&
			!(tree_is(t, tree_parent(t, tree_parent(t, path)), "call_expression") &&
				is_field(t, tree_parent(t, path), "function")))
			path = tree_parent(t, path);
		if (js_changes(c, path, region))
			return false;
	}
	return true;
}

/* Lines with the indentation of the line of n, and one step more for each tab. Returns new. */
static char *indented(const struct rule_ctx *c, const char *text, int n, bool deeper)
{
	const struct tree *t = c->tree;
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	uint32_t at = t->v[n].start;

	while (at && t->text[at - 1] != '\n')
		at--;
	cf_autofree char *indent = cf_strndup(t->text + at, strspn(t->text + at, " \t"));

	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			cf_buf_addf(&b, "%s%s%s", c->eol, indent, deeper ? c->unit : "");
		else if (*p == '\t')
			cf_buf_adds(&b, c->unit);
		else
			cf_buf_addc(&b, *p);
	}
	return cf_buf_detach(&b, NULL);
}

void js_insert_before(struct rule_ctx *c, int loop, const char *template, ...)
{
	int statement = js_statement(c, loop);
	char text[2000];
	va_list ap;

	va_start(ap, template);
	int n = vsnprintf(text, sizeof text, template, ap);
	va_end(ap);
	if (n < 1 || (size_t)n >= sizeof text ||
		(!statement && !tree_is(c->tree, c->function, "arrow_function"))) {
		rule_fail(c);
		return;
	}
	const char *end = text[n - 1] == '}' ? "" : js_semicolon(c);

	if (statement) {
		cf_autofree char *lines = indented(c, text, statement, false);

		rule_insert_before(c, statement, NULL, "%s%s", lines, end);
		return;
	}
	/* (a, b) => a.filter(…) */
	cf_autofree char *begin = cf_asprintf("{\n%s%s\nreturn ", text, end),
			 *close = cf_asprintf("%s\n", js_semicolon(c));
	cf_autofree char *before = indented(c, begin, c->function, true),
			 *line = indented(c, close, c->function, false);
	cf_autofree char *behind = cf_asprintf("%s}", line);

	rule_enclose(c, c->body, before, behind);
}

void js_replace(struct rule_ctx *c, int n, const char *text)
{
	cf_autofree char *lines = indented(c, text, n, false);

	rule_replace(c, n, NULL, "%s", lines);
}

/* ---- kinds ---- */

static enum js_kind of_value(const struct rule_ctx *c, int e)
{
	static const char *const arrays[] = {"map", "filter", "split", "flat", "flatMap", NULL};
	static const char *const strings[] = {"toLowerCase", "toUpperCase", "trim", "join",
		"toString", "replace", "substring", "charAt", "padStart", NULL};
	const struct tree *t = c->tree;
	int object, arguments;

	e = js_bare(c, e);
	if (tree_is(t, e, "array"))
		return JS_ARRAY;
	if (tree_is_any(t, e, "string template_string"))
		return JS_STRING;
	if (tree_is_any(t, e, "new_expression"))
		return js_is_global(c, tree_field(t, e, "constructor"), "Array") ? JS_ARRAY
										 : JS_OTHER;
	if (tree_is_any(t, e, "object number regex true false arrow_function function_expression"))
		return JS_OTHER;
	for (int i = 0; arrays[i]; i++)
		if (js_call(c, e, arrays[i], &object, &arguments))
			return JS_ARRAY;
	for (int i = 0; strings[i]; i++)
		if (js_call(c, e, strings[i], &object, &arguments))
			return JS_STRING;
	if (js_call(c, e, "from", &object, &arguments) && js_is_global(c, object, "Array"))
		return JS_ARRAY;
	if ((js_call(c, e, "keys", &object, &arguments) ||
		    js_call(c, e, "values", &object, &arguments) ||
		    js_call(c, e, "entries", &object, &arguments)) &&
		js_is_global(c, object, "Object"))
		return JS_ARRAY;
	return JS_UNKNOWN;
}

/* By a type of TypeScript's. */
static enum js_kind of_type(const struct tree *t, int annotation)
{
	int type = tree_first(t, annotation);

	if (tree_is(t, type, "readonly_type"))
		type = tree_first(t, type);
	if (tree_is_any(t, type, "array_type tuple_type"))
		return JS_ARRAY;
	if (tree_is(t, type, "generic_type"))
		return tree_text_is(t, tree_first(t, type), "Array") ||
				       tree_text_is(t, tree_first(t, type), "ReadonlyArray")
			       ? JS_ARRAY
			       : JS_OTHER;
	if (tree_is(t, type, "predefined_type"))
		return tree_text_is(t, type, "string") ? JS_STRING
		       : tree_text_is(t, type, "any") || tree_text_is(t, type, "unknown")
			       ? JS_UNKNOWN
			       : JS_OTHER;
	return JS_UNKNOWN;
}

/* Methods that only arrays have. */
static bool is_array_method(const struct tree *t, int property)
{
	static const char *const names[] = {"push", "pop", "shift", "unshift", "splice", "map",
		"filter", "forEach", "find", "findIndex", "some", "every", "reduce", "join", "sort",
		"reverse", "flat", "flatMap", NULL};

	for (int i = 0; names[i]; i++)
		if (tree_text_is(t, property, names[i]))
			return true;
	return false;
}

enum js_kind js_kind(const struct rule_ctx *c, int path)
{
	const struct tree *t = c->tree;
	enum js_kind kind = JS_UNKNOWN;

	for (int n = 1; n < t->n; n++) {
		int up = tree_parent(t, n);

		if (!tree_is(t, n, t->v[path].type) || !tree_equal(t, n, path))
			continue;
		if (tree_is_any(t, up,
			    "variable_declarator required_parameter optional_parameter public_field_definition") &&
			(is_field(t, n, "name") || is_field(t, n, "pattern"))) {
			int type = tree_field(t, up, "type"), value = tree_field(t, up, "value");

			if (type && of_type(t, type) != JS_UNKNOWN)
				return of_type(t, type);
			if (value && of_value(c, value) != JS_UNKNOWN)
				kind = of_value(c, value);
		} else if (tree_is(t, up, "assignment_expression") && is_field(t, n, "left") &&
			   of_value(c, tree_field(t, up, "right")) != JS_UNKNOWN) {
			kind = of_value(c, tree_field(t, up, "right"));
		} else if (kind == JS_UNKNOWN && tree_is(t, up, "member_expression") &&
			   is_field(t, n, "object") &&
			   is_array_method(t, tree_field(t, up, "property"))) {
			kind = JS_ARRAY;
		}
	}
	return kind;
}

bool js_likely_array(const struct rule_ctx *c, int path)
{
	static const char *const texts[] = {"text", "str", "string", "s", "line", "word", "name",
		"path", "url", "html", "title", "content", "input", "message", "source", "code",
		"key", "prefix", "suffix", "alphabet", "chars", "letters", "haystack", NULL};
	static const char *const hashed[] = {"set", "Set", "map", "Map", NULL};
	enum js_kind kind = js_kind(c, path);
	cf_autofree char *name = js_last_name(c, path);

	if (kind != JS_UNKNOWN)
		return kind == JS_ARRAY;
	for (int i = 0; texts[i]; i++)
		if (!strcmp(name, texts[i]))
			return false;
	for (int i = 0; hashed[i]; i++)
		if (strlen(name) >= 3 && !strcmp(name + strlen(name) - 3, hashed[i]))
			return false;
	return true;
}

/* ---- arrays that grow ---- */

int js_push(const struct rule_ctx *c, int n, int list)
{
	int object, arguments, count;

	if (!tree_is(c->tree, n, "expression_statement") ||
		!js_call(c, tree_first(c->tree, n), "push", &object, &arguments) ||
		!tree_equal(c->tree, object, list))
		return 0;
	int item = js_argument(c, arguments, &count);

	return count == 1 ? item : 0;
}

bool js_is_simple(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;

	n = js_bare(c, n);
	if (tree_is(t, n, "subscript_expression"))
		return js_is_simple(c, tree_field(t, n, "object")) &&
		       js_is_simple(c, tree_field(t, n, "index"));
	return js_is_path(c, n) || tree_is_any(t, n, "string number true false null");
}

bool js_is_alias(const struct rule_ctx *c, int use)
{
	return !js_binds(c, use) && !harmless(c, use);
}
