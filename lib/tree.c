/* SPDX-License-Identifier: Apache-2.0 */
/* Flattens tree-sitter's tree and matches patterns; knows no rule and writes no edit. */
#include "lib/tree.h"

#include <ctype.h>
#include <string.h>
#include "lib/error.h"
#include "lib/mem.h"

/* What holes become in the pattern's text, so that the grammar reads them as names. */
#define HOLE "cf_hole_"
#define HOLES "cf_holes_"

void tree_init(struct tree *t, const struct source *s, const char *language)
{
	*t = (struct tree){.text = s->text, .len = s->len, .language = language};
	size_t cap = 0;
	int parent = -1;
	TSTreeCursor cursor = ts_tree_cursor_new(s->root);

	for (bool more = true; more;) {
		TSNode node = ts_tree_cursor_current_node(&cursor);
		cf_grow(&t->v, &cap, (size_t)t->n + 1, sizeof *t->v);
		t->v[t->n] = (struct tree_node){
			.type = ts_node_type(node),
			.field = ts_tree_cursor_current_field_name(&cursor),
			.start = ts_node_start_byte(node),
			.end = ts_node_end_byte(node),
			.parent = parent,
			.named = ts_node_is_named(node),
			.error = ts_node_is_missing(node) || !strcmp(ts_node_type(node), "ERROR"),
		};
		int here = t->n++;
		if (ts_tree_cursor_goto_first_child(&cursor)) {
			parent = here;
			continue;
		}
		t->v[here].after = t->n;
		while ((more = !ts_tree_cursor_goto_next_sibling(&cursor)) &&
			ts_tree_cursor_goto_parent(&cursor)) {
			t->v[parent].after = t->n;
			parent = t->v[parent].parent;
		}
		/* Either a sibling was found, or the root was left. */
		more = !more;
	}
	ts_tree_cursor_delete(&cursor);
}

void tree_release(struct tree *t)
{
	free(t->v);
	*t = (struct tree){0};
}

int tree_at(const struct tree *t, TSNode node)
{
	for (int n = 1; n < t->n; n++)
		if (t->v[n].start == ts_node_start_byte(node) && t->v[n].end == ts_node_end_byte(node) &&
			!strcmp(t->v[n].type, ts_node_type(node)))
			return n;
	return 0;
}

bool tree_is(const struct tree *t, int n, const char *type)
{
	return n > 0 && !strcmp(t->v[n].type, type);
}

bool tree_is_any(const struct tree *t, int n, const char *types)
{
	if (n <= 0)
		return false;
	size_t len = strlen(t->v[n].type);
	for (const char *p = types; (p = strstr(p, t->v[n].type)); p += len)
		if ((p == types || p[-1] == ' ') && (p[len] == '\0' || p[len] == ' '))
			return true;
	return false;
}

int tree_parent(const struct tree *t, int n)
{
	return n > 0 ? t->v[n].parent : 0;
}

int tree_field(const struct tree *t, int n, const char *field)
{
	for (int c = n + 1; c < t->v[n].after; c = t->v[c].after)
		if (t->v[c].field && !strcmp(t->v[c].field, field) && t->v[c].named)
			return c;
	return 0;
}

static bool counts(const struct tree *t, int n)
{
	return t->v[n].named && !tree_is(t, n, "comment") && !tree_is(t, n, "line_continuation");
}

int tree_first(const struct tree *t, int n)
{
	for (int c = n + 1; c < t->v[n].after; c = t->v[c].after)
		if (counts(t, c))
			return c;
	return 0;
}

int tree_next(const struct tree *t, int child)
{
	if (child <= 0)
		return 0;
	for (int c = t->v[child].after; c < t->v[t->v[child].parent].after; c = t->v[c].after)
		if (counts(t, c))
			return c;
	return 0;
}

int tree_prev(const struct tree *t, int child)
{
	int prev = 0;
	if (child > 0)
		for (int c = tree_first(t, t->v[child].parent); c && c != child; c = tree_next(t, c))
			prev = c;
	return prev;
}

int tree_last(const struct tree *t, int n)
{
	int last = 0;
	for (int c = tree_first(t, n); c; c = tree_next(t, c))
		last = c;
	return last;
}

int tree_count(const struct tree *t, int n)
{
	int count = 0;
	for (int c = tree_first(t, n); c; c = tree_next(t, c))
		count++;
	return count;
}

int tree_up(const struct tree *t, int n, const char *types)
{
	for (n = tree_parent(t, n); n > 0; n = t->v[n].parent)
		if (tree_is_any(t, n, types))
			return n;
	return 0;
}

bool tree_inside(const struct tree *t, int n, int region)
{
	return n >= region && n < t->v[region].after;
}

bool tree_text_is(const struct tree *t, int n, const char *text)
{
	size_t len = strlen(text);
	return n > 0 && t->v[n].end - t->v[n].start == len &&
	       !memcmp(t->text + t->v[n].start, text, len);
}

char *tree_text(const struct tree *t, int n)
{
	return cf_strndup(t->text + t->v[n].start, t->v[n].end - t->v[n].start);
}

bool tree_has_error(const struct tree *t, int n)
{
	for (int i = n; i < t->v[n].after; i++)
		if (t->v[i].error)
			return true;
	return false;
}

bool tree_has_comment(const struct tree *t, uint32_t start, uint32_t end)
{
	for (int i = 1; i < t->n && t->v[i].start < end; i++)
		if (t->v[i].start >= start && tree_is(t, i, "comment"))
			return true;
	return false;
}

static bool is_leaf(const struct tree *t, int n)
{
	return t->v[n].after == n + 1;
}

/* The next leaf token at or after i that counts, before end. */
static int token(const struct tree *t, int i, int end)
{
	for (; i < end; i++)
		if (is_leaf(t, i) && !tree_is(t, i, "comment") && !tree_is(t, i, "line_continuation"))
			return i;
	return end;
}

static bool same_leaf(const struct tree *a, int x, const struct tree *b, int y)
{
	const struct tree_node *p = &a->v[x], *q = &b->v[y];
	if (strcmp(p->type, q->type))
		return false;
	const char *s = a->text + p->start, *r = b->text + q->start;
	size_t n = p->end - p->start, m = q->end - q->start;
	if (!strcmp(p->type, "string_start") || !strcmp(p->type, "string_end")) {
		/* The kind of quotes is layout; a prefix (r, f, b) is not. */
		size_t i = 0, j = 0;
		while (i < n && isalpha((unsigned char)s[i]) && j < m &&
			tolower((unsigned char)s[i]) == tolower((unsigned char)r[j]))
			i++, j++;
		return (i == n || !isalpha((unsigned char)s[i])) &&
		       (j == m || !isalpha((unsigned char)r[j]));
	}
	return n == m && !memcmp(s, r, n);
}

bool tree_same(const struct tree *t, int a, const struct tree *u, int b)
{
	int x = token(t, a, t->v[a].after), y = token(u, b, u->v[b].after);
	while (x < t->v[a].after && y < u->v[b].after) {
		if (!same_leaf(t, x, u, y))
			return false;
		x = token(t, x + 1, t->v[a].after);
		y = token(u, y + 1, u->v[b].after);
	}
	return x == t->v[a].after && y == u->v[b].after;
}

bool tree_equal(const struct tree *t, int a, int b)
{
	return tree_same(t, a, t, b);
}

/* ---- patterns ---- */

struct pattern {
	const char *text; /* as written; the key */
	const char *language;
	struct source source;
	struct tree tree;
	int top;
};

/* Parsed once a process, however many functions are looked at; lives until exit. */
static const struct pattern *compile(const char *text, const char *language)
{
	static struct pattern **cache;
	static size_t n, cap;

	for (size_t i = 0; i < n; i++)
		if (cache[i]->text == text && cache[i]->language == language)
			return cache[i];

	cf_autobuf struct cf_buf code = CF_BUF_INIT;
	for (const char *p = text; *p;) {
		if (!strncmp(p, "$$$", 3) && p[3]) {
			cf_buf_addf(&code, HOLES "%c", p[3]);
			p += 4;
		} else if (*p == '$' && p[1]) {
			cf_buf_addf(&code, HOLE "%c", p[1]);
			p += 2;
		} else {
			cf_buf_addc(&code, *p++);
		}
	}
	cf_buf_addc(&code, '\n');

	struct pattern *pattern = cf_calloc(1, sizeof *pattern);
	pattern->text = text;
	pattern->language = language;
	if (source_parse(&pattern->source, "pattern", code.data, code.len, language) ||
		!source_ok(&pattern->source))
		CF_BUG("pattern does not parse: %s", text);
	tree_init(&pattern->tree, &pattern->source, language);
	pattern->top = tree_first(&pattern->tree, 0);
	if (tree_is(&pattern->tree, pattern->top, "expression_statement"))
		pattern->top = tree_first(&pattern->tree, pattern->top);
	cf_grow(&cache, &cap, n + 1, sizeof *cache);
	return cache[n++] = pattern;
}

/* The hole that pattern node p is ('A'…'Z' or '_'), or 0; *many for $$$. */
static char hole(const struct tree *p, int n, bool *many)
{
	if (tree_is(p, n, "expression_statement"))
		n = tree_first(p, n);
	if (!tree_is(p, n, "identifier"))
		return 0;
	const char *s = p->text + p->v[n].start;
	size_t len = p->v[n].end - p->v[n].start;
	*many = len == sizeof HOLES && !memcmp(s, HOLES, sizeof HOLES - 1);
	if (*many || (len == sizeof HOLE && !memcmp(s, HOLE, sizeof HOLE - 1)))
		return s[len - 1];
	return 0;
}

/* Layout that patterns do not speak of: comments, commas and semicolons, annotations. */
static bool is_noise(const struct tree *t, int n)
{
	if (tree_is_any(t, n, "comment line_continuation , ;"))
		return true;
	int parent = t->v[n].parent;
	if (!tree_is(t, parent, "assignment"))
		return false;
	return tree_is(t, n, ":") || (t->v[n].field && !strcmp(t->v[n].field, "type"));
}

static int child(const struct tree *t, int n, int i)
{
	for (; i < t->v[n].after; i = t->v[i].after)
		if (!is_noise(t, i))
			return i;
	return 0;
}

static bool match_node(
	const struct tree *p, int pn, const struct tree *t, int n, struct match *m);

static bool match_children(const struct tree *p, int pn, int pc, const struct tree *t, int n, int c,
	struct match *m)
{
	for (;; pc = child(p, pn, p->v[pc].after), c = child(t, n, t->v[c].after)) {
		if (!pc)
			return !c;
		bool many = false;
		char letter = hole(p, pc, &many);
		if (many) {
			int rest = child(p, pn, p->v[pc].after), last = 0;
			int first = c && t->v[c].named ? c : 0;
			/* Shortest first; what follows a $$$ decides where it ends. */
			for (;;) {
				struct match try = *m;
				if (letter != '_') {
					try.v[letter - 'A'] = last ? first : 0;
					try.last[letter - 'A'] = last;
				}
				if (match_children(p, pn, rest, t, n, c, &try)) {
					*m = try;
					return true;
				}
				if (!c || !t->v[c].named)
					return false;
				last = c;
				c = child(t, n, t->v[c].after);
			}
		}
		if (!c || !match_node(p, pc, t, c, m))
			return false;
	}
}

/* The depth is the pattern's, not the source's. */
static bool match_node(const struct tree *p, int pn, const struct tree *t, int n, struct match *m)
{
	bool many;
	char letter = hole(p, pn, &many);

	if (!tree_is(p, pn, "parenthesized_expression"))
		while (tree_is(t, n, "parenthesized_expression"))
			n = tree_first(t, n);
	if (!n)
		return false;
	if (letter) {
		if (!t->v[n].named)
			return false;
		/* An expression's hole where the source has an expression statement is that. */
		if (letter == '_')
			return true;
		int *v = &m->v[letter - 'A'];
		if (*v)
			return tree_equal(t, *v, n);
		*v = m->last[letter - 'A'] = n;
		return true;
	}
	if (strcmp(p->v[pn].type, t->v[n].type))
		return false;
	if (is_leaf(p, pn) || is_leaf(t, n))
		return is_leaf(p, pn) && is_leaf(t, n) && same_leaf(p, pn, t, n);
	return match_children(p, pn, child(p, pn, pn + 1), t, n, child(t, n, n + 1), m);
}

int tree_match(const struct tree *t, int n, struct match *m, const char *const *patterns)
{
	if (n <= 0)
		return 0;
	if (tree_is(t, n, "expression_statement") && tree_count(t, n) == 1)
		n = tree_first(t, n);
	for (int i = 0; patterns[i]; i++) {
		const struct pattern *pattern = compile(patterns[i], t->language);
		struct match try = *m;
		if (match_node(&pattern->tree, pattern->top, t, n, &try)) {
			*m = try;
			return i + 1;
		}
	}
	return 0;
}
