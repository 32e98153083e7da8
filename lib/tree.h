/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parsed file as a flat array of nodes in source order, and patterns over it. A node is an index;
 * 0 is the root, so 0 also says "no such node". A node's subtree is the run [n, v[n].after).
 */
#ifndef CF_TREE_H
#define CF_TREE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include "lib/buf.h"
#include "lib/source.h"

struct tree_node {
	const char *type;    /* "for_statement"; of a token its text: "(", "not in" */
	const char *field;   /* what the parent calls it: "left", "body"; NULL */
	uint32_t start, end; /* bytes */
	int parent, after;
	bool named, error;   /* error: an ERROR or MISSING node */
};

struct tree {
	const char *text; /* borrowed from the source, as it was at tree_init */
	size_t len;
	const char *language; /* for patterns; borrowed */
	struct tree_node *v;
	int n;
};

void tree_init(struct tree *t, const struct source *s, const char *language);
void tree_release(struct tree *t);
/* The index of tree-sitter's node, or 0. */
int tree_at(const struct tree *t, TSNode node);

bool tree_is(const struct tree *t, int n, const char *type);
/* True when n is one of the space-separated types. */
bool tree_is_any(const struct tree *t, int n, const char *types);
int tree_parent(const struct tree *t, int n);
int tree_field(const struct tree *t, int n, const char *field);
/* Children that are named and not comments: the first, and the one after a child. */
int tree_first(const struct tree *t, int n);
int tree_next(const struct tree *t, int child);
int tree_prev(const struct tree *t, int child);
int tree_last(const struct tree *t, int n);
int tree_count(const struct tree *t, int n);
/* The nearest ancestor of one of the types, or 0. */
int tree_up(const struct tree *t, int n, const char *types);
bool tree_inside(const struct tree *t, int n, int region); /* also when n == region */

bool tree_text_is(const struct tree *t, int n, const char *text);
char *tree_text(const struct tree *t, int n); /* returns new */
/* Same tokens, whatever the layout, comments and kind of quotes. */
bool tree_equal(const struct tree *t, int a, int b);
bool tree_same(const struct tree *t, int a, const struct tree *u, int b); /* of two trees */
bool tree_has_error(const struct tree *t, int n);
/* True when a comment lies in bytes [start, end). */
bool tree_has_comment(const struct tree *t, uint32_t start, uint32_t end);

/*
 * Patterns are source text with holes: $A to $Z match one expression or statement, the same tokens
 * wherever the letter recurs; $_ matches one and keeps nothing; $$$A matches any number of
 * statements in a block, or of arguments or items in brackets. Parentheses round an expression,
 * type annotations on an assignment, trailing commas and comments in the source do not matter.
 */
struct match {
	int v[26];    /* the node, or the first of a $$$ */
	int last[26]; /* the last node */
};

/*
 * Matches node n against each pattern in turn: 1 for the first, 2 for the second, …; 0 for none.
 * What *m holds already (set by an earlier match, or by bind) must be met; a match that fails
 * leaves *m as it was. Start from `struct match m = {0}`.
 */
int tree_match(const struct tree *t, int n, struct match *m, const char *const *patterns);
#define MATCH(t, n, m, ...) tree_match(t, n, m, (const char *const[]){__VA_ARGS__, NULL})

static inline int got(const struct match *m, char hole)
{
	return m->v[hole - 'A'];
}
static inline void bind(struct match *m, char hole, int n)
{
	m->v[hole - 'A'] = m->last[hole - 'A'] = n;
}

#endif
