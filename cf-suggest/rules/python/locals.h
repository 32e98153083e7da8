/* SPDX-License-Identifier: Apache-2.0 */
/* What several rules ask about a function's locals: who else holds a value, what a loop leaves
 * behind. */
#ifndef CF_PY_LOCALS_H
#define CF_PY_LOCALS_H

#include "cf-suggest/rules/python/py.h"

/* The expression makes a new object of a builtin container type, which nothing else holds yet. */
bool local_fresh(const struct rule_ctx *c, int expression);
/* The same, and empty: [], list(), {}, dict(), set(), (), tuple(). */
bool local_empty(const struct rule_ctx *c, int expression);
/* The right side of an assignment statement. */
int local_value(const struct rule_ctx *c, int statement);
/* What it gives to one name: of `a, b = x, y` to b, y. */
int local_value_of(const struct rule_ctx *c, int statement, const char *name);

/*
 * The last `name = …` (or `name, … = …, …`) made from other things before the loops round a site,
 * in a block round them;
 * *loop becomes the outermost loop behind it. What stands between may bind the name again: look.
 */
int local_start(const struct rule_ctx *c, const char *name, int site, int *loop);

/* A read of a container that gives nobody else a hold on it, nor a view that would see it change.
 */
bool local_private_use(const struct rule_ctx *c, int use);

/*
 * Somebody else may hold what a path stands for, so that a call which is not given it may change
 * it: an attribute, a local that came out of an object, a name that an inner function uses, too.
 */
bool local_shared(const struct rule_ctx *c, int path);
/* A call in region, not within `except`, that may do anything: neither pure nor a container's. */
bool local_calls_out(const struct rule_ctx *c, int region, int except);

/* The `return name` right behind the statement, the name being used in it, in `start` and in the
 * statement alone; 0 for anything else. */
int local_returned(const struct rule_ctx *c, int start, int statement, const char *name);

/* No value that the loop binds to the name is read outside it. */
bool local_dead_outside(const struct rule_ctx *c, int loop, const char *name);
/* The same for every name in a target. */
bool local_targets_dead_outside(const struct rule_ctx *c, int loop, int target);

/*
 * A name for a local of the function's: like rule_fresh_name, but what only other functions use
 * will do. Borrowed from c.
 */
const char *local_fresh_name(struct rule_ctx *c, const char *base, ...)
	__attribute__((format(printf, 2, 3)));

/* Something here works on a DataFrame row by row or by label: not Python's own containers. */
bool local_is_frame_code(const struct rule_ctx *c, int region);

/*
 * The `name = <empty container>` that stands before the loop in its block, nothing between using
 * the name; 0 when there is none.
 */
int local_empty_before(const struct rule_ctx *c, const char *name, int loop);
/* A loop round the site walks over the name itself. */
bool local_walked_round(const struct rule_ctx *c, int site, const char *name);
/*
 * A name in n could stand for None, by a default or a test of it, where n would not be asked for.
 * With a place: unless the function has seen to that before it.
 */
bool local_may_be_none(const struct rule_ctx *c, int n, int place);
/* An error in the loop could be caught, and name be read thereafter. */
bool local_seen_after_error(const struct rule_ctx *c, int loop, const char *name);

/*
 * A loop read as the clauses of a comprehension: for T in I, if C, if not C (an early continue),
 * nested loops; and what is then done on each pass.
 */
#define CLAUSES 6
struct clauses {
	int n;
	struct {
		enum { CLAUSE_FOR, CLAUSE_IF, CLAUSE_IF_NOT } kind;
		int target, value; /* value: what is walked over, or the condition */
	} v[CLAUSES];
	int name, name_value; /* one `name = value` before what is done; 0 */
	int first, last;      /* the statements that do it */
};
/* False when the loop has another shape: else, async, a break or return, more than one name. */
bool clauses_of(const struct rule_ctx *c, int loop, struct clauses *p);
/* Any clause or the name's value reads the name. */
bool clauses_use(const struct rule_ctx *c, const struct clauses *p, const char *name);
/* What the clauses bind is read nowhere outside the loop. */
bool clauses_dead_outside(const struct rule_ctx *c, const struct clauses *p, int loop);
/* Clause i as text: "for x in xs", "if x not in seen". Returns new. */
char *clause_text(const struct rule_ctx *c, const struct clauses *p, int i);
/*
 * Replaces statements first..last by `<before><element> for … if …<after>`, on lines of its own
 * where it would pass column 88.
 */
void clauses_write(struct rule_ctx *c, int first, int last, const struct clauses *p,
	const char *before, const char *element, const char *after);

#endif
