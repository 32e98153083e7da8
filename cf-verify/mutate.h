/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutants of a function: its source with one small thing changed that should matter. What runs them
 * is strength.c; what the operators look for in a language's trees is in mutate_languages.c.
 */
#ifndef CF_MUTATE_H
#define CF_MUTATE_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/source.h"

struct mutant {
	const char *operator; /* see cf-verify.1; static */
	uint32_t start, end;  /* these bytes of the file … */
	char *text;           /* … become these */
	char *was, *now;      /* the change, readable, on one line; now is "" for what is taken out */
	int line;             /* of the change, from 1 */
};

struct mutants {
	struct mutant *v;
	size_t n, cap;
};

struct mutate_choice {
	const int *lines; /* of the file, that are known to take time: preferred */
	size_t nlines;
	const char *seed; /* what decides between equals */
	int64_t max;      /* at most so many; -1: all there are */
};

/*
 * Adds to m the function's mutants in the order in which they tell most: one of every operator before
 * the second of any, over as many lines as there are. Each parses, and has other tokens than the
 * source. None where the language has no table.
 */
void mutants_make(
	struct mutants *m, const struct source *s, TSNode function, const struct mutate_choice *choice);
void mutants_release(struct mutants *m);

/* ---- what a language's table holds; lists of node types are separated by spaces ---- */

/* A token becomes another. */
struct mutate_token {
	const char *operator;
	const char *parents; /* nodes it is a child of */
	const char *was, *now;
};

/* A leaf is a name of the language for a value that has an opposite. */
struct mutate_literal {
	const char *type, *now;
};

/* A child by field or, where that is NULL, the child-th that counts. */
struct mutate_place {
	const char *parent, *field;
	int child;
};

/* A function whose arguments from `first` on are the bounds of a range. */
struct mutate_range {
	const char *name;
	int first;
};

/* Arrays end with an element of NULLs. */
struct mutate_language {
	const char *name;
	const char *skip;          /* in these nothing is changed: comments, types, decorators */
	const struct mutate_token *tokens;
	const char *no_numbers;    /* operands on which an arithmetic operator is something else */
	const struct mutate_literal *literals;
	const char *numbers;
	const char *texts;         /* literals whose first child is the opening quote */
	const char *inert;         /* expressions that do nothing as a statement: texts, … */
	const struct mutate_place *conditions;
	const char *negated;       /* conditions whose negation is another operator's */
	const char *negation;      /* "not ", before a condition in parentheses */
	const char *parentheses;
	const struct mutate_place *results; /* what is returned or yielded */
	const char *null;
	const char *functions;     /* with results of their own */
	const char *deletable;     /* statements */
	const char *returns, *yields;
	const char *nothing;       /* a statement that does nothing */
	const char *assignment, *target, *value; /* the node and its two fields */
	const char *name_node, *patterns; /* a name, and what holds several of them */
	const char *blocks, *loops;
	const char *slices;
	const char *sign;          /* of a number: "unary_operator" */
	const char *tight;         /* expressions that need no parentheses before "+ 1" */
	const struct mutate_range *ranges;
	const char *call, *function, *arguments, *argument_list; /* node, its two fields, node */
	const char *named_arguments; /* that can stand in any order */
	const struct mutate_place *defaults; /* of parameters */
};

/* The table of a language, or NULL. */
const struct mutate_language *mutate_language(const char *name);

#endif
