/* SPDX-License-Identifier: Apache-2.0 */
/* What rules need to know about JavaScript and TypeScript: names, loops, what may change an array.
 */
#ifndef CF_JS_H
#define CF_JS_H

#include "cf-suggest/rules/rule.h"

#define JS_FUNCTIONS                                                                               \
	"function_declaration generator_function_declaration method_definition arrow_function "    \
	"function_expression "                                                                     \
	"generator_function function"
#define JS_LOOPS "for_statement for_in_statement while_statement do_statement"
#define JS_DECLARATIONS "lexical_declaration variable_declaration"

#define JS_NODES(c, n) for (int n = (c)->body; n < (c)->tree->v[(c)->body].after; n++)

/* ";" where the file ends its statements so, else "". */
const char *js_semicolon(const struct rule_ctx *c);

/* ---- names ---- */

/* The next node in region, from node `from` on, that reads or binds the name as a variable; 0:
 * none. */
int js_next_use(const struct rule_ctx *c, int region, const char *name, int from);
#define JS_EACH_USE(c, region, name, use)                                                          \
	for (int use = js_next_use((c), (region), (name), (region)); use;                          \
		use = js_next_use((c), (region), (name), use + 1))
int js_uses(const struct rule_ctx *c, int region, const char *name);
/* Assigned there, declared, looped over, a parameter: not read alone. */
bool js_binds(const struct rule_ctx *c, int identifier);
/* A variable of the function's own, parameters among them. */
bool js_is_local(const struct rule_ctx *c, const char *name);
bool js_is_parameter(const struct rule_ctx *c, const char *name);
/* Only the name of a global: nobody in the file has a variable of that name. */
bool js_is_global(const struct rule_ctx *c, int n, const char *name);
/* n's text when it is a name, else NULL. Returns new. */
char *js_name(const struct rule_ctx *c, int n);
/* A name, this, or a chain of properties of one: seen, this.seen, a.b.c. */
bool js_is_path(const struct rule_ctx *c, int n);
/* The last name of a path: seen of this.seen. Returns new. */
char *js_last_name(const struct rule_ctx *c, int path);
/* The declarator `name = …` that is in the function, alone of its name; 0. */
int js_declarator(const struct rule_ctx *c, const char *name);

/* ---- expressions ---- */

/* Without parentheses, casts and `!`s of TypeScript's. */
int js_bare(const struct rule_ctx *c, int n);
/* n is `object.method(…)`: its object and arguments; false when not. */
bool js_call(const struct rule_ctx *c, int n, const char *method, int *object, int *arguments);
/* The first argument and how many there are. */
int js_argument(const struct rule_ctx *c, int arguments, int *count);
/* n is `left operator right` with that operator. */
bool js_has_operator(const struct rule_ctx *c, int n, const char *operator);
/* Whether a literal number, as it is written. */
bool js_is_number(const struct rule_ctx *c, int n, const char *text);
/* An arrow or function expression that takes the parameter number i as a plain name: that name
 * (new), else NULL; and what it answers when that is one expression, else 0. */
char *js_parameter(const struct rule_ctx *c, int function, int i);
int js_answer(const struct rule_ctx *c, int function);
int js_parameter_count(const struct rule_ctx *c, int function);
/* No side effect and no call that could have one, as far as the text shows. */
bool js_pure(const struct rule_ctx *c, int expression);
/* The expression reads the name. */
bool js_reads(const struct rule_ctx *c, int expression, const char *name);

/* `xs.includes(x)`, `xs.indexOf(x) !== -1` and the like. */
struct js_test {
	int node; /* what is replaced: the call, or the comparison that it is a side of */
	int list, item;
	bool absent; /* it asks whether it is not there */
};
bool js_is_test(const struct rule_ctx *c, int n, struct js_test *found);

/* ---- places ---- */

/* The statement that n is, or is part of, in a block; 0 in a function that is an expression. */
int js_statement(const struct rule_ctx *c, int n);
/* The innermost loop round n within the function: a statement, or a call such as xs.map(f) whose
 * callback n is in; 0. What is evaluated once, before the first pass, is not inside it. */
int js_loop(const struct rule_ctx *c, int n);
/* Not in a function inside the function, other than callbacks of such calls. */
bool js_own(const struct rule_ctx *c, int n);
/* The outermost loop round n in which the path, and what it holds, does not change; 0. */
int js_steady_loop(const struct rule_ctx *c, int path, int n);
/* Something in region may rebind the path, or change the array that it holds. */
bool js_changes(const struct rule_ctx *c, int path, int region);
/* All that the expression reads stays as it is in region. */
bool js_invariant(const struct rule_ctx *c, int expression, int region);

/*
 * A statement before the one that `loop` is, or is in; in a function that is an expression alone,
 * which then gets a body of statements. The template has no semicolon at its end.
 */
void js_insert_before(struct rule_ctx *c, int loop, const char *template, ...)
	__attribute__((format(printf, 3, 4)));

/* The text in the place of n; its lines have the indentation of n's, and a step more for each tab.
 */
void js_replace(struct rule_ctx *c, int n, const char *text);

/* ---- arrays that grow ---- */

/* What the statement n pushes onto the list, one item; 0 when it is no such statement. */
int js_push(const struct rule_ctx *c, int n, int list);
/* Cheap and safe to write twice: a path, an element by a simple index, a literal. */
bool js_is_simple(const struct rule_ctx *c, int n);
/* A use of a variable that neither binds it nor only looks: it may change what it holds, or keep
 * it. */
bool js_is_alias(const struct rule_ctx *c, int use);

/* ---- kinds ---- */

enum js_kind { JS_UNKNOWN, JS_ARRAY, JS_STRING, JS_OTHER };
/* What the file shows a path to hold: by its declaration, its type, the methods called on it. */
enum js_kind js_kind(const struct rule_ctx *c, int path);
/* An array, as far as is shown, or what a name says where nothing is. */
bool js_likely_array(const struct rule_ctx *c, int path);
/* A fresh object, array or function by its form: no two of them are the same. */
bool js_is_fresh(const struct rule_ctx *c, int expression);

#endif
