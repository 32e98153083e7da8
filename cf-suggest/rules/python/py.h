/* SPDX-License-Identifier: Apache-2.0 */
/* What rules need to know about Python: names and scopes, how a value is used, purity, imports. */
#ifndef CF_PY_H
#define CF_PY_H

#include "cf-suggest/rules/rule.h"

#define PY_LOOPS "for_statement while_statement"
#define PY_COMPREHENSIONS                                                                            \
	"list_comprehension set_comprehension dictionary_comprehension generator_expression"
#define PY_SCOPES "function_definition class_definition lambda module"

/* ---- names ---- */

enum py_role {
	PY_NO_NAME, /* an attribute, a keyword, part of an import path, a type */
	PY_READ,
	PY_BIND, /* assigned, looped over, imported, a parameter, a def or class, a pattern's capture */
	PY_DELETE,
	PY_DECLARE, /* global, nonlocal */
};
enum py_role py_role(const struct rule_ctx *c, int identifier);

/* The next node in region, from node `from` on, that reads or binds the name; 0 when there is none. */
int py_next_use(const struct rule_ctx *c, int region, const char *name, int from);
#define PY_EACH_USE(c, region, name, use)                                                            \
	for (int use = py_next_use((c), (region), (name), (region)); use;                             \
		use = py_next_use((c), (region), (name), use + 1))
int py_uses(const struct rule_ctx *c, int region, const char *name);
/* How many of them bind or delete it. */
int py_bindings(const struct rule_ctx *c, int region, const char *name);

/* Reads (not rebindings) of the name in the function outside region. */
int py_reads_outside(const struct rule_ctx *c, int region, const char *name);
/* The expression's text with one name spelled otherwise. Returns new. */
char *py_renamed(const struct rule_ctx *c, int expression, const char *name, const char *to);

/* The function's own: a parameter or bound in its body, and not declared global or nonlocal. */
bool py_is_local(const struct rule_ctx *c, const char *name);
bool py_is_parameter(const struct rule_ctx *c, const char *name);
/* True when the name, read in the function, is Python's own: nobody in reach rebinds it. */
bool py_is_builtin(const struct rule_ctx *c, const char *name);
/* True when n is one of the (space-separated) builtins by name, and not rebound. */
bool py_is_builtin_node(const struct rule_ctx *c, int n, const char *names);

/* n's text when it is a name, else NULL. Returns new. */
char *py_name(const struct rule_ctx *c, int n);
/* A name to build others from: items of `items`, self.items and get_items(); base where none. Returns new. */
char *py_base_name(const struct rule_ctx *c, int n, const char *base);
/* n is a name or a chain of attributes of one: seen, self.seen. */
bool py_is_path(const struct rule_ctx *c, int n);

/*
 * What the file shows a path to hold where the function reads it: by annotation, by what is
 * assigned to it (in the function, the class for self.x, the module), by the methods called on it.
 */
enum py_type { PY_UNKNOWN, PY_LIST, PY_TUPLE, PY_STR, PY_DICT, PY_SET, PY_NUMBER, PY_OTHER };
enum py_type py_type_of(const struct rule_ctx *c, int path);
/* The same for an expression by its form alone: a display, a call of list(), s.split(), …. */
enum py_type py_expression_type(const struct rule_ctx *c, int expression);

/* Of rows: list[list[int]] the second type named, of a display its first item's: what a row is. */
enum py_type py_element_type(const struct rule_ctx *c, int path);
/* In `a, b = x, y` the value that the target n gets; 0 when it is not so plain. */
int py_unpacked(const struct rule_ctx *c, int n);
/* By its name alone, more likely a string than a list of things. */
bool py_named_as_string(const struct rule_ctx *c, int n);
/* len(list), or a name that was last assigned that. */
bool py_is_length(const struct rule_ctx *c, int n, int list);
/* The name at n is bound by a loop round it over the list, a set or copy of it, or what the list is
 * a copy of: so it is one of its elements. */
bool py_is_element(const struct rule_ctx *c, int n, int list);
/* Stands behind `if n in list`, or under a comprehension's. */
bool py_is_guarded(const struct rule_ctx *c, int n, int list);
/* As far as the file shows, a list, dict or set: no member of a set, no key. */
bool py_unhashable(const struct rule_ctx *c, int expression);

/* ---- how a value is used ---- */

enum py_use {
	PY_USE_BIND,   /* x = …, x += …, for x in …, del x */
	PY_USE_STORE,  /* x[i] = …, x.a = …, del x[i] */
	PY_USE_METHOD, /* x.m(…); see py_method */
	PY_USE_ATTR,   /* x.a */
	PY_USE_INDEX,  /* x[i] */
	PY_USE_ITER,   /* for … in x */
	PY_USE_MEMBER, /* … in x, … not in x */
	PY_USE_ARG,    /* f(x), f(*x); see py_callee */
	PY_USE_TEST,   /* if x, not x, x == y, x and … where only its truth counts */
	PY_USE_RETURN,
	PY_USE_INDEXING, /* y[x] */
	PY_USE_OTHER,
};
enum py_use py_use(const struct rule_ctx *c, int n);
/* For x in x.m(…): the node of m. For x in f(x): the node of f. */
int py_method(const struct rule_ctx *c, int n);
int py_callee(const struct rule_ctx *c, int n);

/* No side effect, and the same answer for the same names: literals, operators, well-known calls. */
bool py_pure(const struct rule_ctx *c, int expression);
/* The call itself, its arguments aside. */
bool py_pure_call(const struct rule_ctx *c, int call);
/* A call of a function in Python's library, by whatever import, whose answer hangs on its arguments
 * alone. PY_MAKES: a new value each time, whose parts can be changed. */
enum py_library { PY_NO_LIBRARY, PY_GIVES, PY_MAKES };
enum py_library py_library_call(const struct rule_ctx *c, int call);
/* The same, following calls of functions in this file; reads of names are not looked at. */
bool py_pure_deep(const struct rule_ctx *c, int expression);
/* The def as a whole: same arguments, same answer, and no effect. */
bool py_pure_function(const struct rule_ctx *c, int def);
/* The name of such a def of the module's own. */
bool py_is_pure_def(const struct rule_ctx *c, int name);
/* The call is of the def itself: f(…) in f, self.f(…) in the method f. */
bool py_is_recursion(const struct rule_ctx *c, int def, int call);
/* True when something in region may rebind or change the value of a path (seen, self.seen). */
bool py_changes(const struct rule_ctx *c, int path, int region);
/* Pure, and nothing that it reads changes in region: may be computed once before it. */
bool py_invariant(const struct rule_ctx *c, int expression, int region);
/* Weaker: nothing that the expression reads is visibly assigned or changed in region by its name. */
bool py_steady(const struct rule_ctx *c, int expression, int region);
/* The use stores to something that the key, read from the same name, may read. */
bool py_stores_key(const struct rule_ctx *c, int use, int key);
/* Certainly a str, number, bytes, tuple of such or None, as far as the text shows. */
bool py_hashable(const struct rule_ctx *c, int expression);

/* ---- places ---- */

/* The statement that n is, or is part of. */
int py_statement(const struct rule_ctx *c, int n);
/* The innermost for, while or comprehension round n in the function itself; 0 when there is none.
 * What a for loop iterates over, being evaluated once, is not inside it; so for the first clause
 * of a comprehension. */
int py_loop(const struct rule_ctx *c, int n);
/* Belongs to the function itself: not to a def, class or lambda inside it. */
bool py_own(const struct rule_ctx *c, int n);
/* Runs on every pass: directly in the block, not under an if, try or loop within it. */
bool py_directly_in(const struct rule_ctx *c, int n, int block);
/* The statement's last assignment before n in an enclosing block of `name = …`; 0 when unclear. */
int py_assigned_before(const struct rule_ctx *c, const char *name, int n);
/* The outermost loop round n (a loop itself counts) of which `holds` is true for it and for all
 * loops inside it that are round n; 0 when it is not for the innermost. */
int py_outermost_loop(const struct rule_ctx *c, int n,
	bool (*holds)(const struct rule_ctx *c, int loop, const void *arg), const void *arg);
/* Is a generator (yields itself), is async. */
bool py_is_generator(const struct rule_ctx *c);
bool py_is_async(const struct rule_ctx *c);

/*
 * How to name what `from module import name` gives: as the file imports it already, else with that
 * import added after the file's last one at its top. NULL when the name is taken (fails the open
 * proposal). Borrowed from c.
 */
const char *py_import(struct rule_ctx *c, const char *module, const char *name);

#define PY_NODES(c, n) \
	for (int n = (c)->body; n < (c)->tree->v[(c)->body].after; n++)

#endif
