/* SPDX-License-Identifier: Apache-2.0 */
/* Making mutants: one walk over the function's body, then a choice among what it found. */
#include "cf-verify/mutate.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "lib/mem.h"
#include "lib/tree.h"

/* Of a change's readable text. */
#define READABLE 60

struct mutator {
	const struct source *source;
	const struct tree *t;
	const struct mutate_language *l;
	int body;
	struct mutants *found;
};

/* In this order each has its first before any has a second: the subtle ones first. */
static const char *const operators[] = {"relational", "boundary", "arithmetic", "logical", "constant",
	"return", "negation", "deletion", "argument", "text", "jump", "default"};
#define N_OPERATORS (sizeof(operators) / sizeof(*operators))

static bool is_any(const struct mutator *m, int n, const char *types)
{
	return types && tree_is_any(m->t, n, types);
}

static int line_of(const struct mutator *m, uint32_t at)
{
	int line = 1;

	for (const char *p = m->t->text, *end = p + at; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		line++;
	return line;
}

/* On one line, cut between characters. Returns new. */
static char *readable(const char *text, size_t n)
{
	struct cf_buf b = CF_BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		bool space = isspace((unsigned char)text[i]);

		if (b.len >= READABLE && ((unsigned char)text[i] & 0xc0) != 0x80) {
			cf_buf_adds(&b, "...");
			break;
		}
		if (!space)
			cf_buf_addc(&b, text[i]);
		else if (b.len && b.data[b.len - 1] != ' ')
			cf_buf_addc(&b, ' ');
	}
	while (b.len && b.data[b.len - 1] == ' ')
		b.data[--b.len] = '\0';
	return cf_buf_detach(&b, NULL);
}

static bool known(const struct mutator *m, uint32_t start, uint32_t end, const char *text)
{
	for (size_t i = 0; i < m->found->n; i++) {
		const struct mutant *k = &m->found->v[i];

		if (k->start == start && k->end == end && !strcmp(k->text, text))
			return true;
	}
	return false;
}

/*
 * Bytes [start, end) become text. What a reader is shown is [shown, end_shown) and `now`, the text
 * itself where that is NULL.
 */
static void add_shown(struct mutator *m, const char *operator, uint32_t start, uint32_t end,
	const char *text, uint32_t shown, uint32_t end_shown, const char *now)
{
	struct mutants *f = m->found;

	if (known(m, start, end, text))
		return;
	cf_grow(&f->v, &f->cap, f->n + 1, sizeof(*f->v));
	now = now ? now : text;
	f->v[f->n++] = (struct mutant){
		.operator = operator,
		.start = start,
		.end = end,
		.text = cf_strdup(text),
		.was = readable(m->t->text + shown, end_shown - shown),
		.now = readable(now, strlen(now)),
		.line = line_of(m, shown),
	};
}

static void add(struct mutator *m, const char *operator, int n, const char *text)
{
	const struct tree_node *v = &m->t->v[n];

	add_shown(m, operator, v->start, v->end, text, v->start, v->end, NULL);
}

/* The child of n that is meant by the place in the table, or 0. */
static int placed(const struct mutator *m, int n, const struct mutate_place *p)
{
	int c, i = 0;

	if (!tree_is(m->t, n, p->parent))
		return 0;
	if (p->field)
		return tree_field(m->t, n, p->field);
	for (c = tree_first(m->t, n); c && i < p->child; i++)
		c = tree_next(m->t, c);
	return c;
}

static bool stands_at(const struct mutator *m, int n, const struct mutate_place *places)
{
	for (const struct mutate_place *p = places; p->parent; p++)
		if (placed(m, tree_parent(m->t, n), p) == n)
			return true;
	return false;
}

/* ---- calls and ranges ---- */

/* Of a call whose function is one of the ranges by its last name, the first argument that bounds it. */
static int bounds_from(const struct mutator *m, int call)
{
	int function = tree_field(m->t, call, m->l->function), last = 0;

	for (int i = function; function && i < m->t->v[function].after; i++)
		last = i;
	for (const struct mutate_range *r = m->l->ranges; last && r->name; r++)
		if (tree_text_is(m->t, last, r->name))
			return r->first;
	return -1;
}

/* A positional argument's place among the arguments; -1 for another node. */
static int argument_index(const struct mutator *m, int n)
{
	int list = tree_parent(m->t, n), i = 0;

	if (!tree_is(m->t, list, m->l->argument_list) ||
		!tree_is(m->t, tree_parent(m->t, list), m->l->call) ||
		is_any(m, n, m->l->named_arguments))
		return -1;
	for (int c = tree_first(m->t, list); c && c != n; c = tree_next(m->t, c))
		i += !is_any(m, c, m->l->named_arguments);
	return i;
}

static bool is_bound(const struct mutator *m, int n)
{
	int index, from;

	if (is_any(m, tree_parent(m->t, n), m->l->slices))
		return m->t->v[n].named;
	index = argument_index(m, n);
	if (index < 0)
		return false;
	from = bounds_from(m, tree_parent(m->t, tree_parent(m->t, n)));
	return from >= 0 && index >= from;
}

static bool is_signed_number(const struct mutator *m, int n)
{
	return tree_is(m->t, n, m->l->sign) && is_any(m, tree_last(m->t, n), m->l->numbers);
}

/* Bounds that are no plain numbers: those are changed as numbers. */
static void mutate_bound(struct mutator *m, int n)
{
	cf_autofree char *was = NULL, *now = NULL;

	if (!m->t->v[n].named || is_any(m, n, m->l->numbers) || is_signed_number(m, n) || !is_bound(m, n))
		return;
	was = tree_text(m->t, n);
	now = is_any(m, n, m->l->tight) ? cf_asprintf("%s + 1", was) : cf_asprintf("(%s) + 1", was);
	add(m, "boundary", n, now);
}

static void swap_arguments(struct mutator *m, int a, int b)
{
	const struct tree_node *x = &m->t->v[a], *y = &m->t->v[b];
	cf_autofree char *first = tree_text(m->t, a), *second = tree_text(m->t, b);
	cf_autofree char *between = cf_strndup(m->t->text + x->end, y->start - x->end);
	cf_autofree char *text = cf_asprintf("%s%s%s", second, between, first);

	add_shown(m, "argument", x->start, y->end, text, x->start, y->end, NULL);
}

/* Together with the comma before it or, of the first, behind it. */
static void drop_argument(struct mutator *m, int n)
{
	int prev = tree_prev(m->t, n), next = tree_next(m->t, n);
	const struct tree_node *v = &m->t->v[n];
	uint32_t start = prev ? m->t->v[prev].end : v->start;
	uint32_t end = !prev && next ? m->t->v[next].start : v->end;

	add_shown(m, "argument", start, end, "", v->start, v->end, NULL);
}

static void mutate_arguments(struct mutator *m, int call)
{
	int list = tree_field(m->t, call, m->l->arguments), last = 0, positional = 0;

	if (!tree_is(m->t, call, m->l->call) || !tree_is(m->t, list, m->l->argument_list))
		return;
	for (int c = tree_first(m->t, list); c; c = tree_next(m->t, c)) {
		if (is_any(m, c, m->l->named_arguments)) {
			drop_argument(m, c);
			continue;
		}
		if (last)
			swap_arguments(m, last, c);
		last = c;
		positional++;
	}
	if (positional > 1)
		drop_argument(m, last);
}

/* ---- tokens and literals ---- */

static bool has_child(const struct mutator *m, int n, const char *types)
{
	for (int c = tree_first(m->t, n); c; c = tree_next(m->t, c))
		if (is_any(m, c, types))
			return true;
	return false;
}

static void mutate_token(struct mutator *m, int n)
{
	int parent = m->t->v[n].parent;

	if (m->t->v[n].named)
		return;
	for (const struct mutate_token *k = m->l->tokens; k->operator; k++) {
		if (strcmp(m->t->v[n].type, k->was) || !is_any(m, parent, k->parents))
			continue;
		if (!strcmp(k->operator, "arithmetic") && has_child(m, parent, m->l->no_numbers))
			continue;
		add(m, k->operator, n, k->now);
	}
}

/* What changing a literal is called where it stands. */
static const char *operator_at(const struct mutator *m, int n, const char *otherwise)
{
	if (tree_is(m->t, tree_parent(m->t, n), m->l->sign))
		n = tree_parent(m->t, n);
	if (stands_at(m, n, m->l->defaults))
		return "default";
	return is_bound(m, n) ? "boundary" : otherwise;
}

static void mutate_number(struct mutator *m, int n)
{
	cf_autofree char *was = tree_text(m->t, n);
	const char *operator = operator_at(m, n, "constant");
	size_t len = strlen(was);
	bool plain = len <= 15 && strspn(was, "0123456789") == len;

	for (int step = 1; step >= -1; step -= 2) {
		cf_autofree char *now =
			plain ? cf_asprintf("%lld", strtoll(was, NULL, 10) + step)
			      : cf_asprintf("(%s %c 1)", was, step > 0 ? '+' : '-');

		add(m, operator, n, now);
	}
}

static void mutate_text(struct mutator *m, int n)
{
	const struct tree_node *v = &m->t->v[n];
	int parent = m->t->v[n].parent, opening = n + 1;
	uint32_t at = m->t->v[opening].end;
	cf_autofree char *now = NULL;

	if (v->after == n + 1)
		return; /* of a form that we do not know */
	/* of several in a row, which are one, the first */
	if (is_any(m, parent, m->l->inert)) {
		if (tree_first(m->t, parent) != n)
			return;
		parent = m->t->v[parent].parent;
	}
	if (is_any(m, parent, m->l->deletable) && tree_count(m->t, parent) == 1 &&
		!is_any(m, parent, m->l->returns))
		return; /* documentation */
	now = cf_asprintf("%.*sX%.*s", (int)(at - v->start), m->t->text + v->start, (int)(v->end - at),
		m->t->text + at);
	add_shown(m, operator_at(m, n, "text"), at, at, "X", v->start, v->end, now);
}

static void mutate_literal(struct mutator *m, int n)
{
	for (const struct mutate_literal *k = m->l->literals; k->type; k++)
		if (tree_is(m->t, n, k->type) && m->t->v[n].named)
			add(m, operator_at(m, n, "constant"), n, k->now);
	if (is_any(m, n, m->l->numbers))
		mutate_number(m, n);
	if (is_any(m, n, m->l->texts))
		mutate_text(m, n);
}

/* ---- conditions, results, statements ---- */

static void mutate_condition(struct mutator *m, int n)
{
	for (const struct mutate_place *p = m->l->conditions; p->parent; p++) {
		int condition = placed(m, n, p), inner = condition;
		cf_autofree char *was = NULL, *now = NULL;

		while (is_any(m, inner, m->l->parentheses))
			inner = tree_first(m->t, inner);
		if (!inner || is_any(m, inner, m->l->negated))
			continue;
		was = tree_text(m->t, condition);
		now = cf_asprintf("%s(%s)", m->l->negation, was);
		add(m, "negation", condition, now);
	}
}

static void mutate_result(struct mutator *m, int n)
{
	for (const struct mutate_place *p = m->l->results; p->parent; p++) {
		int value = placed(m, n, p);

		/* directly behind its keyword: not that of `yield from` */
		if (!value || (!p->field && value != n + 2))
			continue;
		/* the other literal is the better mutant of one */
		for (const struct mutate_literal *k = m->l->literals; value && k->type; k++)
			if (tree_is(m->t, value, k->type))
				value = 0;
		if (value)
			add(m, "return", value, m->l->null);
	}
}

/* Whether anything of the function can run after statement n. */
static bool goes_on(const struct mutator *m, int n)
{
	for (int up; n != m->body && n > 0; n = up) {
		up = m->t->v[n].parent;
		if (is_any(m, up, m->l->functions))
			return false;
		if (is_any(m, n, m->l->loops) || (is_any(m, up, m->l->blocks) && tree_next(m->t, n)))
			return true;
	}
	return false;
}

static bool contains(const struct mutator *m, int n, const char *types)
{
	for (int i = n; i < m->t->v[n].after; i++)
		if (is_any(m, i, types))
			return true;
	return false;
}

/* Whether the function has come upon the name before; its parameters count. */
static bool has_name(const struct mutator *m, int name)
{
	cf_autofree char *text = tree_text(m->t, name);

	for (int i = m->t->v[m->body].parent; i < name; i++)
		if (is_any(m, i, m->l->name_node) && tree_text_is(m->t, i, text))
			return true;
	return false;
}

/* Without the first assignment to a name there is hardly a program left: that would prove nothing. */
static bool is_needed(const struct mutator *m, int n)
{
	int first = tree_first(m->t, n), target;

	if (!tree_is(m->t, first, m->l->assignment))
		return false;
	target = tree_field(m->t, first, m->l->target);
	if (!tree_field(m->t, first, m->l->value))
		return true; /* it only declares */
	if (is_any(m, target, m->l->name_node))
		return !has_name(m, target);
	for (int c = is_any(m, target, m->l->patterns) ? tree_first(m->t, target) : 0; c;
		c = tree_next(m->t, c))
		if (is_any(m, c, m->l->name_node) && !has_name(m, c))
			return true;
	return false;
}

static void mutate_statement(struct mutator *m, int n)
{
	const struct tree_node *v = &m->t->v[n];

	if (!is_any(m, n, m->l->deletable) || contains(m, n, m->l->yields))
		return;
	if (is_any(m, tree_first(m->t, n), m->l->inert) && !is_any(m, n, m->l->returns))
		return;
	if (is_any(m, n, m->l->returns) ? !goes_on(m, n) : is_needed(m, n))
		return;
	add_shown(m, "deletion", v->start, v->end, m->l->nothing, v->start, v->end, "");
}

static void find(struct mutator *m)
{
	for (int n = m->body + 1; n < m->t->v[m->body].after; n++) {
		if (is_any(m, n, m->l->skip)) {
			n = m->t->v[n].after - 1;
			continue;
		}
		mutate_token(m, n);
		mutate_literal(m, n);
		mutate_bound(m, n);
		mutate_arguments(m, n);
		mutate_condition(m, n);
		mutate_result(m, n);
		mutate_statement(m, n);
	}
}

/* ---- the choice ---- */

static void mutant_release(struct mutant *k)
{
	free(k->text);
	free(k->was);
	free(k->now);
}

/* It parses, and says something else. */
static bool is_program(const struct mutator *m, const struct mutant *k)
{
	const struct source *s = m->source;
	struct cf_buf text cf_autobuf = CF_BUF_INIT;
	struct source changed;
	bool good;

	cf_buf_add(&text, s->text, k->start);
	cf_buf_adds(&text, k->text);
	cf_buf_add(&text, s->text + k->end, s->len - k->end);
	if (source_parse(&changed, s->path, text.data, text.len, s->language) < 0)
		return false;
	good = source_ok(&changed);
	if (good) {
		struct tree t;

		tree_init(&t, &changed, s->language);
		good = !tree_same(m->t, 0, &t, 0);
		tree_release(&t);
	}
	source_release(&changed);
	return good;
}

/* A stable number for what is equal otherwise; what stands above the function has no part in it. */
static uint64_t lot(const struct mutator *m, const char *seed, const struct mutant *k)
{
	uint32_t from = m->t->v[m->body].start;
	cf_autofree char *key =
		cf_asprintf("%s %u %u %s", seed, k->start - from, k->end - from, k->text);
	uint64_t h = 14695981039346656037u;

	for (const char *p = key; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	h = (h ^ (h >> 31)) * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

struct option {
	struct mutant mutant;
	uint64_t lot;
	int price; /* how many were taken of its line, and one more where the line is not known to run */
	bool gone;
};

static bool is_better(const struct option *a, const struct option *b)
{
	return !b || a->price < b->price || (a->price == b->price && a->lot < b->lot);
}

static bool is_hot(const struct mutate_choice *c, int line)
{
	for (size_t i = 0; i < c->nlines; i++)
		if (c->lines[i] == line)
			return true;
	return false;
}

/* Takes the operator's best mutant that is a program. False when it has none left. */
static bool take(const struct mutator *m, struct option *o, size_t n, const char *operator,
	struct mutants *chosen)
{
	for (;;) {
		struct option *best = NULL;

		for (size_t i = 0; i < n; i++)
			if (!o[i].gone && !strcmp(o[i].mutant.operator, operator) && is_better(&o[i], best))
				best = &o[i];
		if (!best)
			return false;
		best->gone = true;
		if (!is_program(m, &best->mutant)) {
			mutant_release(&best->mutant);
			continue;
		}
		for (size_t i = 0; i < n; i++)
			o[i].price += o[i].mutant.line == best->mutant.line;
		cf_grow(&chosen->v, &chosen->cap, chosen->n + 1, sizeof(*chosen->v));
		chosen->v[chosen->n++] = best->mutant;
		return true;
	}
}

static void choose(const struct mutator *m, const struct mutate_choice *c, struct mutants *chosen)
{
	size_t n = m->found->n, max = c->max < 0 ? n : (size_t)c->max;
	cf_autofree struct option *o = cf_calloc(n + 1, sizeof(*o));
	bool more = true;

	for (size_t i = 0; i < n; i++)
		o[i] = (struct option){.mutant = m->found->v[i], .lot = lot(m, c->seed, &m->found->v[i]),
			.price = !is_hot(c, m->found->v[i].line)};
	max += chosen->n;
	while (more) {
		more = false;
		for (size_t k = 0; k < N_OPERATORS && chosen->n < max; k++)
			more |= take(m, o, n, operators[k], chosen);
	}
	for (size_t i = 0; i < n; i++)
		if (!o[i].gone)
			mutant_release(&o[i].mutant);
}

void mutants_make(
	struct mutants *chosen, const struct source *s, TSNode function, const struct mutate_choice *choice)
{
	struct mutants found = {0};
	struct tree t;
	struct mutator m = {.source = s, .t = &t, .l = mutate_language(s->language), .found = &found};

	if (!m.l || ts_node_is_null(function))
		return;
	tree_init(&t, s, s->language);
	m.body = tree_field(&t, tree_at(&t, function), "body");
	if (m.body) {
		find(&m);
		choose(&m, choice, chosen);
	}
	free(found.v);
	tree_release(&t);
}

void mutants_release(struct mutants *m)
{
	for (size_t i = 0; i < m->n; i++)
		mutant_release(&m->v[i]);
	free(m->v);
	*m = (struct mutants){0};
}
