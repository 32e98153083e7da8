/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule finds one slow idiom in a function and proposes how to write it instead.
 *
 * To add one: a file of its own under rules/<language>/ that defines a `const struct rule`, and a
 * line in that language's table (rules/python/table.c). `find` looks through the function
 * (c->function, a node of c->tree; patterns with MATCH, names with py.h) and makes one proposal a
 * site:
 *
 *	rule_begin(c, site);
 *	rule_replace(c, site, &m, "%s.add($X)", name);
 *	rule_insert_before(c, loop, &m, "%s = set($L)", name);
 *	rule_end(c, "membership in a list is linear");
 *
 * A proposal is all or nothing: when one of its edits cannot be made (a statement shares its line
 * with another, a comment would be lost, an import's name is taken), rule_end drops it and says so
 * by returning false. Each proposal is parsed again before it leaves, and cf-verify decides whether
 * it behaves the same; a rule itself proposes only where its own conditions hold.
 *
 * Its examples are its test (tests/unit/rules_test.c, on the last function named f): `before` must
 * become `after` with all its proposals applied; `check`, Python expressions one a line, must give
 * the same under both; its near misses must draw no proposal.
 */
#ifndef CF_RULE_H
#define CF_RULE_H

#include "lib/tree.h"

struct rule_ctx;

struct rule_example {
	const char *before, *after, *check;
};

struct rule {
	const char *name;    /* "list-membership" */
	const char *summary; /* one line: what it finds and what it writes */
	const char *why;     /* why that pays, for --explain and for the reviewer */
	void (*find)(struct rule_ctx *c);
	const struct rule_example *examples; /* the last has before == NULL */
	const char *const *near_misses;      /* source that it must leave alone; NULL-terminated */
};

struct rule_edit {
	uint32_t start, end;
	char *text;
};

struct proposal {
	const struct rule *rule;
	char *explanation;
	struct rule_edit *edits; /* sorted, not overlapping */
	size_t n, cap;
	uint32_t *copied; /* pairs: bytes whose text its insertions repeat, so that nothing may change */
	size_t ncopied, copied_cap;
	double heat; /* share of the function's sampled line time that the site took, or 0 */
};

struct rule_ctx {
	const struct source *source;
	const struct tree *tree;
	const json_t *target; /* the target record; NULL in tests */
	int function;         /* the definition */
	int body;             /* its block */
	const char *eol;      /* "\n" or "\r\n", as the file has it */
	char unit[17];        /* one step of indentation, as the file has it */

	/* rule.c's own */
	const struct rule *rule;
	struct proposal *proposals;
	size_t n, cap;
	char **taken; /* names handed out by rule_fresh_name */
	size_t ntaken, taken_cap;
	bool open, failed, verbose; /* verbose: say on stderr which proposals were dropped, and why */
	int errors; /* ERROR nodes the file has already */
};

void rule_ctx_init(struct rule_ctx *c, const struct source *s, const struct tree *t, int function,
	const json_t *target);
void rule_ctx_release(struct rule_ctx *c);

/* ---- the trace's word on the site ---- */

/* Share (0..1) of the function's sampled line time spent on n's lines; -1 when not sampled. */
double rule_heat(const struct rule_ctx *c, int n);
/* Share of sampled calls whose input had been seen before; -1 when not known. */
double rule_repetition(const struct rule_ctx *c);
int64_t rule_calls(const struct rule_ctx *c); /* -1: not known */

/* ---- making a proposal ---- */

/* Opens a proposal about the site; what its lines cost orders the proposals. */
void rule_begin(struct rule_ctx *c, int site);
/* Closes it with one sentence for the reviewer. False when it was dropped. */
bool rule_end(struct rule_ctx *c, const char *explanation, ...)
	__attribute__((format(printf, 2, 3)));
/* Drops what is open: a condition failed half-way. */
void rule_fail(struct rule_ctx *c);

/*
 * Templates are source text with: $A the text that hole matched; $(A) the same in parentheses
 * unless it binds as tightly as a name does; $$$A the statements or arguments a $$$A matched; %s a
 * string; %n and %p the text of a node (int) as $A and $(A); %b the statements of a block (int); %%
 * a percent sign. Statements are indented anew for where they now stand. "\n" ends a line; the next
 * one starts with the indentation of the place, and each "\t" at its start adds a step. m may be
 * NULL. Comments in what is replaced that the template does not carry over end up on lines of their
 * own above the statement, or fail the proposal where an expression is replaced.
 */

/* The text of node n; of the run of siblings first..last. */
void rule_replace(struct rule_ctx *c, int n, const struct match *m, const char *template, ...);
void rule_replace_run(struct rule_ctx *c, int first, int last, const struct match *m,
	const char *template, ...);
/* Lines of their own before or after a statement (before also its comment lines directly above);
 * behind a semicolon where the statement shares its line. */
void rule_insert_before(
	struct rule_ctx *c, int statement, const struct match *m, const char *template, ...);
void rule_insert_after(
	struct rule_ctx *c, int statement, const struct match *m, const char *template, ...);
/* The statements first..last, one step further in, under the lines of the template. */
void rule_wrap(struct rule_ctx *c, int first, int last, const struct match *m,
	const char *template, ...);
/* Text in front of a node and behind it, as it is. */
void rule_enclose(struct rule_ctx *c, int n, const char *before, const char *behind);
/* A statement with its whole lines. In a block of its own it becomes `pass`. */
void rule_delete(struct rule_ctx *c, int statement);

/*
 * A name like `base` that nothing in the file uses, nor an earlier proposal for this function:
 * base, base_2, …. Borrowed from c.
 */
const char *rule_fresh_name(struct rule_ctx *c, const char *base, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- running ---- */

/* Runs the rule; its proposals are added to c->proposals, the hottest first among its own. */
void rule_run(struct rule_ctx *c, const struct rule *rule);
/*
 * The edits of as many of the proposals as do not overlap an earlier one, nor change what it copied
 * elsewhere, as one proposal in *all (to be released) with their explanations, which may then not
 * parse. Returns how many went in.
 */
size_t rule_combine(const struct proposal *const *p, size_t n, struct proposal *all);
void proposal_release(struct proposal *p);
/* The file's text with the proposal applied. Returns new. */
char *rule_apply(const struct rule_ctx *c, const struct proposal *p, size_t *len);
/* True when that has no more syntax errors than the file had. */
bool rule_parses(const struct rule_ctx *c, const char *text, size_t len);

/* The rules of a language, NULL-terminated; NULL when it has none. */
const struct rule *const *rules_for(const char *language);
extern const struct rule *const python_rules[], *const javascript_rules[];
/* The one of that name, of whatever language; NULL when there is none. */
const struct rule *rule_find(const char *name);
#endif
