/* SPDX-License-Identifier: Apache-2.0 */
/* What rules make proposals with: templates, indentation, edits; and the running of a rule. */
#include "cf-suggest/rules/rule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "lib/error.h"
#include "lib/json.h"
#include "lib/mem.h"

#define ATOMS                                                                                       \
	"identifier attribute subscript call string integer float true false none list tuple dictionary " \
	"set list_comprehension dictionary_comprehension set_comprehension generator_expression "     \
	"parenthesized_expression ellipsis"
/* Text that may hold a newline wherever it stands. */
#define BRACKETED                                                                                    \
	"list tuple dictionary set list_comprehension dictionary_comprehension set_comprehension "    \
	"generator_expression parenthesized_expression string argument_list block"

static int count_errors(const struct tree *t)
{
	int n = 0;
	for (int i = 0; i < t->n; i++)
		n += t->v[i].error;
	return n;
}

static uint32_t line_start(const struct tree *t, uint32_t at)
{
	while (at && t->text[at - 1] != '\n')
		at--;
	return at;
}

/* Just behind the newline that ends the line of `at`, or the end of the file. */
static uint32_t line_after(const struct tree *t, uint32_t at)
{
	while (at < t->len && t->text[at] != '\n')
		at++;
	return at < t->len ? at + 1 : at;
}

/* Where the line of `at` ends, before its newline. */
static uint32_t line_end(const struct tree *t, uint32_t at)
{
	uint32_t end = line_after(t, at);
	while (end > at && strchr("\r\n", t->text[end - 1]))
		end--;
	return end;
}

static size_t blanks(const char *s, size_t n)
{
	size_t i = 0;
	while (i < n && (s[i] == ' ' || s[i] == '\t'))
		i++;
	return i;
}

/* Length of the white space that the line of `at` starts with. */
static size_t indent_of(const struct tree *t, uint32_t at)
{
	uint32_t start = line_start(t, at);
	return blanks(t->text + start, t->len - start);
}

static bool starts_line(const struct tree *t, int n)
{
	return line_start(t, t->v[n].start) + indent_of(t, t->v[n].start) == t->v[n].start;
}

/* True when only white space or a comment follows n on its last line. */
static bool ends_line(const struct tree *t, int n)
{
	uint32_t at = t->v[n].end;
	at += blanks(t->text + at, t->len - at);
	return at == t->len || strchr("#\r\n", t->text[at]) || !strncmp(t->text + at, "//", 2);
}

static bool in_block(const struct tree *t, int n)
{
	return tree_is_any(t, tree_parent(t, n), "block statement_block");
}

static int statement_of(const struct tree *t, int n)
{
	while (n && !in_block(t, n) && tree_parent(t, n))
		n = tree_parent(t, n);
	return n;
}

static int line_of(const struct tree *t, uint32_t at)
{
	int line = 1;
	for (uint32_t i = 0; i < at; i++)
		line += t->text[i] == '\n';
	return line;
}

void rule_ctx_init(struct rule_ctx *c, const struct source *s, const struct tree *t, int function,
	const json_t *target)
{
	*c = (struct rule_ctx){.source = s, .tree = t, .function = function, .target = target};
	c->body = tree_field(t, function, "body");
	c->errors = count_errors(t);
	const char *newline = memchr(s->text, '\n', s->len);
	c->eol = newline && newline > s->text && newline[-1] == '\r' ? "\r\n" : "\n";

	/* The function's own step: a two-space file stays one. */
	size_t outer = indent_of(t, t->v[function].start);
	int first = tree_first(t, c->body);
	size_t inner = first && starts_line(t, first) ? indent_of(t, t->v[first].start) : 0;
	size_t step = inner > outer ? inner - outer : 4;
	if (step >= sizeof c->unit)
		step = 4;
	if (inner > outer)
		memcpy(c->unit, t->text + t->v[first].start - step, step);
	else
		memset(c->unit, ' ', step);
	c->unit[step] = '\0';
}

void proposal_release(struct proposal *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->edits[i].text);
	free(p->edits);
	free(p->copied);
	free(p->explanation);
}

void rule_ctx_release(struct rule_ctx *c)
{
	for (size_t i = 0; i < c->n; i++)
		proposal_release(&c->proposals[i]);
	free(c->proposals);
	for (size_t i = 0; i < c->ntaken; i++)
		free(c->taken[i]);
	free(c->taken);
	*c = (struct rule_ctx){0};
}

/* ---- the trace's word ---- */

double rule_heat(const struct rule_ctx *c, int n)
{
	const json_t *lines = json_object_get(json_object_get(c->target, "why"), "hot_lines");
	int from = line_of(c->tree, c->tree->v[n].start), to = line_of(c->tree, c->tree->v[n].end);
	double sum = 0, here = 0;
	size_t i;
	const json_t *line;

	json_array_foreach(lines, i, line) {
		double ns = (double)cf_json_int(line, "ns", 0);
		int64_t at = cf_json_int(line, "line", 0);
		sum += ns;
		if (at >= from && at <= to)
			here += ns;
	}
	return sum > 0 ? here / sum : -1;
}

double rule_repetition(const struct rule_ctx *c)
{
	return cf_json_real(json_object_get(c->target, "why"), "repetition", -1);
}

int64_t rule_calls(const struct rule_ctx *c)
{
	return c->target ? cf_json_int(c->target, "calls", -1) : -1;
}

/* ---- templates ---- */

struct fill {
	struct rule_ctx *c;
	struct cf_buf *out;
	const struct match *m;
	const char *indent; /* of the place; borrowed from the source, indent_len bytes */
	size_t indent_len;
	uint32_t *kept; /* pairs: bytes of the source that were carried over */
	size_t nkept, cap;
};

static void keep(struct fill *f, uint32_t start, uint32_t end)
{
	cf_grow(&f->kept, &f->cap, f->nkept + 2, sizeof *f->kept);
	f->kept[f->nkept++] = start;
	f->kept[f->nkept++] = end;
}

/* An expression; in parentheses where its text would not stand alone. */
static void fill_expression(struct fill *f, int n, bool tight)
{
	const struct tree *t = f->c->tree;
	const char *s = t->text + t->v[n].start;
	size_t len = t->v[n].end - t->v[n].start;
	bool parens = (tight && !tree_is_any(t, n, ATOMS)) ||
	              (memchr(s, '\n', len) && !tree_is_any(t, n, BRACKETED) &&
				      !tree_is_any(t, n, "call subscript"));
	if (parens)
		cf_buf_addc(f->out, '(');
	cf_buf_add(f->out, s, len);
	if (parens)
		cf_buf_addc(f->out, ')');
	keep(f, t->v[n].start, t->v[n].end);
}

static bool in_string(const struct tree *t, int first, int last, uint32_t at)
{
	for (int i = first; i < t->v[last].after; i++)
		if (tree_is_any(t, i, "string template_string") && t->v[i].start < at && at < t->v[i].end)
			return true;
	return false;
}

/* The statements first..last with the comments among and behind them, at the output's indentation. */
static void fill_statements(struct fill *f, int first, int last)
{
	const struct tree *t = f->c->tree;
	uint32_t start = t->v[first].start, end = t->v[last].end;
	size_t old = indent_of(t, start);
	uint32_t tail = end + (uint32_t)blanks(t->text + end, t->len - end);
	if (tail < t->len && t->text[tail] == '#')
		for (end = tail; end < t->len && !strchr("\r\n", t->text[end]);)
			end++;

	size_t line = f->out->len;
	while (line && f->out->data[line - 1] != '\n')
		line--;
	size_t now = f->out->len ? blanks(f->out->data + line, f->out->len - line) : 0;
	cf_autofree char *indent = cf_strndup(f->out->len ? f->out->data + line : "", now);
	if (!line && f->out->len == now) {
		/* Still on the line that the place itself starts. */
		free(indent);
		indent = cf_strndup(f->indent, f->indent_len);
	}

	for (uint32_t at = start; at < end;) {
		uint32_t next = line_after(t, at);
		if (next > end)
			next = end;
		size_t lead = at == start ? 0 : blanks(t->text + at, next - at);
		bool bare = at != start && (at + lead == next || strchr("\r\n", t->text[at + lead]));
		if (at != start && !bare && !in_string(t, first, last, at)) {
			cf_buf_adds(f->out, indent);
			at += (uint32_t)(lead < old ? lead : old);
		}
		cf_buf_add(f->out, t->text + at, next - at);
		at = next;
	}
	keep(f, start, end);
}

static void fill_block(struct fill *f, int block)
{
	const struct tree *t = f->c->tree;
	int first = block + 1, last = block + 1;
	for (int n = first; n < t->v[block].after; n = t->v[n].after)
		last = n;
	if (first < t->v[block].after)
		fill_statements(f, first, last);
}

static bool is_statement(const struct tree *t, int n)
{
	return in_block(t, n) || tree_parent(t, n) == 0;
}

static void fill(struct fill *f, const char *template, va_list ap)
{
	const struct tree *t = f->c->tree;
	bool at_start = false;

	for (const char *p = template; *p; p++) {
		if (*p == '\n') {
			cf_buf_adds(f->out, f->c->eol);
			/* An empty line stays empty. */
			if (p[1] && p[1] != '\n')
				cf_buf_add(f->out, f->indent, f->indent_len);
			at_start = true;
			continue;
		}
		if (*p == '\t' && (at_start || p == template)) {
			cf_buf_adds(f->out, f->c->unit);
			at_start = true;
			continue;
		}
		at_start = false;
		if (!strncmp(p, "$$$", 3)) {
			int first = got(f->m, p[3]), last = f->m->last[p[3] - 'A'];
			if (first && is_statement(t, first)) {
				fill_statements(f, first, last);
			} else if (first) {
				cf_buf_add(f->out, t->text + t->v[first].start,
					t->v[last].end - t->v[first].start);
				keep(f, t->v[first].start, t->v[last].end);
			}
			p += 3;
		} else if (p[0] == '$' && p[1] == '(') {
			fill_expression(f, got(f->m, p[2]), true);
			p += 3;
		} else if (p[0] == '$') {
			int n = got(f->m, *++p);
			if (is_statement(t, n))
				fill_statements(f, n, n);
			else
				fill_expression(f, n, false);
		} else if (p[0] == '%') {
			switch (*++p) {
			case 's':
				cf_buf_adds(f->out, va_arg(ap, const char *));
				break;
			case 'n':
				fill_expression(f, va_arg(ap, int), false);
				break;
			case 'p':
				fill_expression(f, va_arg(ap, int), true);
				break;
			case 'b':
				fill_block(f, va_arg(ap, int));
				break;
			case '%':
				cf_buf_addc(f->out, '%');
				break;
			default:
				CF_BUG("%%%c in a template: %s", *p, template);
			}
		} else {
			cf_buf_addc(f->out, *p);
		}
	}
}

/* ---- edits ---- */

static struct proposal *current(struct rule_ctx *c)
{
	if (!c->open)
		CF_BUG("an edit outside rule_begin and rule_end");
	return &c->proposals[c->n];
}

static void add_edit(struct rule_ctx *c, uint32_t start, uint32_t end, struct cf_buf *text)
{
	struct proposal *p = current(c);
	cf_grow(&p->edits, &p->cap, p->n + 1, sizeof *p->edits);
	p->edits[p->n++] = (struct rule_edit){start, end, cf_buf_detach(text, NULL)};
}

/* What an insertion repeats of the source, but for mere names, is now said in two places. */
static void note_copies(struct rule_ctx *c, struct fill *f)
{
	struct proposal *p = current(c);
	const char *text = c->tree->text;
	for (size_t i = 0; i < f->nkept; i += 2) {
		uint32_t at = f->kept[i], end = f->kept[i + 1];
		while (at < end && (isalnum((unsigned char)text[at]) || text[at] == '_'))
			at++;
		if (at == end)
			continue;
		cf_grow(&p->copied, &p->copied_cap, p->ncopied + 2, sizeof *p->copied);
		p->copied[p->ncopied++] = f->kept[i];
		p->copied[p->ncopied++] = end;
	}
	free(f->kept);
}

static void drop(struct rule_ctx *c, const char *why)
{
	current(c);
	if (c->verbose && !c->failed)
		cf_warn("%s: line %d: rule %s: not proposed: %s", c->source->path,
			line_of(c->tree, c->tree->v[c->function].start), c->rule->name, why);
	c->failed = true;
}

void rule_fail(struct rule_ctx *c)
{
	drop(c, "its conditions do not hold");
}

/* Comments in [start, end) that f did not carry over, each on a line, into `lost`. */
static void lost_comments(const struct fill *f, uint32_t start, uint32_t end, struct cf_buf *lost)
{
	const struct tree *t = f->c->tree;
	for (int i = 1; i < t->n && t->v[i].start < end; i++) {
		bool kept = !tree_is(t, i, "comment") || t->v[i].start < start;
		for (size_t k = 0; k < f->nkept && !kept; k += 2)
			kept = t->v[i].start >= f->kept[k] && t->v[i].end <= f->kept[k + 1];
		if (kept)
			continue;
		uint32_t stop = t->v[i].end;
		while (t->text[stop - 1] == '\r')
			stop--;
		cf_buf_add(lost, t->text + t->v[i].start, stop - t->v[i].start);
		cf_buf_adds(lost, f->c->eol);
		cf_buf_add(lost, f->indent, f->indent_len);
	}
}

static void replace(struct rule_ctx *c, int first, int last, const struct match *m,
	const char *template, va_list ap)
{
	const struct tree *t = c->tree;
	cf_autobuf struct cf_buf out = CF_BUF_INIT, lost = CF_BUF_INIT;
	uint32_t start = t->v[first].start, end = t->v[last].end;
	struct fill f = {.c = c, .out = &out, .m = m};
	int statement = statement_of(t, first);

	f.indent_len = indent_of(t, t->v[statement].start);
	f.indent = t->text + line_start(t, t->v[statement].start);
	fill(&f, template, ap);
	if (strchr(template, '\n') && (!starts_line(t, statement) || !ends_line(t, last)))
		drop(c, "the statement shares its line");
	lost_comments(&f, start, end, &lost);
	free(f.kept);
	if (lost.len) {
		if (statement != first || !starts_line(t, first))
			drop(c, "a comment would be lost");
		cf_buf_add(&lost, out.data, out.len);
		add_edit(c, start, end, &lost);
	} else {
		if (!out.data)
			cf_buf_adds(&out, "");
		add_edit(c, start, end, &out);
	}
}

void rule_replace(struct rule_ctx *c, int n, const struct match *m, const char *template, ...)
{
	va_list ap;
	va_start(ap, template);
	replace(c, n, n, m, template, ap);
	va_end(ap);
}

void rule_replace_run(struct rule_ctx *c, int first, int last, const struct match *m,
	const char *template, ...)
{
	va_list ap;
	va_start(ap, template);
	replace(c, first, last, m, template, ap);
	va_end(ap);
}

/*
 * Lines of their own, indented as the statement is: before byte `at`, a line's start, or behind it,
 * a line's end. So "after this" and "before the next" are two places, and keep their order.
 */
static void insert(struct rule_ctx *c, int statement, uint32_t at, bool behind,
	const struct match *m, const char *template, va_list ap)
{
	const struct tree *t = c->tree;
	cf_autobuf struct cf_buf out = CF_BUF_INIT;
	struct fill f = {.c = c, .out = &out, .m = m};

	if (behind)
		cf_buf_adds(&out, c->eol);
	f.indent_len = indent_of(t, t->v[statement].start);
	f.indent = t->text + line_start(t, t->v[statement].start);
	cf_buf_add(&out, f.indent, f.indent_len);
	fill(&f, template, ap);
	if (!behind)
		cf_buf_adds(&out, c->eol);
	note_copies(c, &f);

	/* What one proposal puts at one place stays in the order in which it was said. */
	struct proposal *p = current(c);
	for (size_t i = 0; i < p->n; i++)
		if (p->edits[i].start == at && p->edits[i].end == at) {
			char *both = cf_asprintf("%s%s", p->edits[i].text, out.data);
			free(p->edits[i].text);
			p->edits[i].text = both;
			return;
		}
	add_edit(c, at, at, &out);
}

/* Where the lines of a statement begin: with the comment lines directly above it, but for those that
 * head the file. */
static uint32_t lines_start(const struct tree *t, int statement)
{
	uint32_t at = line_start(t, t->v[statement].start);
	for (int i = statement - 1; tree_parent(t, statement) && tree_is(t, i, "comment"); i--) {
		uint32_t above = line_start(t, t->v[i].start);
		if (!starts_line(t, i) || line_after(t, t->v[i].start) != at)
			break;
		at = above;
	}
	return at;
}

/* `if x: a.append(x)`: on the statement's own line, before or behind it. */
static void insert_inline(struct rule_ctx *c, int statement, bool behind, const struct match *m,
	const char *template, va_list ap)
{
	cf_autobuf struct cf_buf out = CF_BUF_INIT;
	struct fill f = {.c = c, .out = &out, .m = m};

	if (behind)
		cf_buf_adds(&out, "; ");
	fill(&f, template, ap);
	if (!behind)
		cf_buf_adds(&out, "; ");
	note_copies(c, &f);
	if (memchr(out.data, '\n', out.len))
		drop(c, "the statement shares its line");
	uint32_t at = behind ? c->tree->v[statement].end : c->tree->v[statement].start;
	add_edit(c, at, at, &out);
}

void rule_insert_before(
	struct rule_ctx *c, int statement, const struct match *m, const char *template, ...)
{
	const struct tree *t = c->tree;
	va_list ap;

	va_start(ap, template);
	if (starts_line(t, statement))
		insert(c, statement, lines_start(t, statement), false, m, template, ap);
	else
		insert_inline(c, statement, false, m, template, ap);
	va_end(ap);
}

void rule_wrap(struct rule_ctx *c, int first, int last, const struct match *m,
	const char *template, ...)
{
	const struct tree *t = c->tree;
	uint32_t start = lines_start(t, first);
	va_list ap;

	if (!starts_line(t, first) || !ends_line(t, last))
		drop(c, "the statement shares its line");
	va_start(ap, template);
	insert(c, first, start, false, m, template, ap);
	va_end(ap);
	/* The first line's step goes with what was just inserted at its place. */
	for (size_t i = 0; i < current(c)->n; i++) {
		struct rule_edit *head = &current(c)->edits[i];
		if (head->start != start || head->end != start)
			continue;
		char *text = cf_asprintf("%s%s", head->text, c->unit);
		free(head->text);
		head->text = text;
	}
	for (uint32_t at = line_after(t, start); at < t->v[last].end; at = line_after(t, at)) {
		cf_autobuf struct cf_buf step = CF_BUF_INIT;
		size_t lead = blanks(t->text + at, t->len - at);
		if (strchr("\r\n", t->text[at + lead]) || in_string(t, first, last, at))
			continue;
		cf_buf_adds(&step, c->unit);
		add_edit(c, at, at, &step);
	}
}

void rule_insert_after(
	struct rule_ctx *c, int statement, const struct match *m, const char *template, ...)
{
	const struct tree *t = c->tree;
	bool alone = ends_line(t, statement) && (!tree_parent(t, statement) || starts_line(t, statement));
	va_list ap;

	va_start(ap, template);
	if (alone)
		insert(c, statement, line_end(t, t->v[statement].end), true, m, template, ap);
	else
		insert_inline(c, statement, true, m, template, ap);
	va_end(ap);
}

void rule_enclose(struct rule_ctx *c, int n, const char *before, const char *behind)
{
	cf_autobuf struct cf_buf b = CF_BUF_INIT, e = CF_BUF_INIT;

	cf_buf_adds(&b, before);
	add_edit(c, c->tree->v[n].start, c->tree->v[n].start, &b);
	cf_buf_adds(&e, behind);
	add_edit(c, c->tree->v[n].end, c->tree->v[n].end, &e);
}

void rule_delete(struct rule_ctx *c, int statement)
{
	const struct tree *t = c->tree;
	uint32_t start = line_start(t, t->v[statement].start);
	cf_autobuf struct cf_buf out = CF_BUF_INIT;

	if (!starts_line(t, statement) || !ends_line(t, statement))
		drop(c, "the statement shares its line");
	if (tree_is(t, tree_parent(t, statement), "block") && tree_count(t, tree_parent(t, statement)) == 1) {
		cf_buf_adds(&out, "pass");
		add_edit(c, t->v[statement].start, t->v[statement].end, &out);
		return;
	}
	uint32_t end = line_after(t, t->v[statement].end);
	struct fill f = {.c = c, .out = &out};
	f.indent_len = indent_of(t, t->v[statement].start);
	f.indent = t->text + start;
	lost_comments(&f, start, end, &out);
	if (out.len) { /* its comments stay where they were, and the indentation before them */
		out.len -= f.indent_len;
		out.data[out.len] = '\0';
		start = t->v[statement].start;
	} else {
		cf_buf_adds(&out, "");
	}
	add_edit(c, start, end, &out);
}

const char *rule_fresh_name(struct rule_ctx *c, const char *base, ...)
{
	char want[200];
	va_list ap;
	va_start(ap, base);
	vsnprintf(want, sizeof want, base, ap);
	va_end(ap);

	cf_autofree char *name = cf_strdup(want);
	for (int i = 2;; i++) {
		bool used = false;
		for (size_t k = 0; k < c->ntaken && !used; k++)
			used = !strcmp(c->taken[k], name);
		for (int n = 1; n < c->tree->n && !used; n++)
			used = tree_is(c->tree, n, "identifier") && tree_text_is(c->tree, n, name);
		if (!used)
			break;
		free(name);
		name = cf_asprintf("%s_%d", want, i);
	}
	cf_grow(&c->taken, &c->taken_cap, c->ntaken + 1, sizeof *c->taken);
	c->taken[c->ntaken] = cf_steal(&name);
	return c->taken[c->ntaken++];
}

/* ---- proposals ---- */

void rule_begin(struct rule_ctx *c, int site)
{
	if (c->open)
		CF_BUG("rule %s begins a proposal within one", c->rule->name);
	cf_grow(&c->proposals, &c->cap, c->n + 1, sizeof *c->proposals);
	c->proposals[c->n] = (struct proposal){.rule = c->rule};
	double heat = rule_heat(c, site);
	c->proposals[c->n].heat = heat > 0 ? heat : 0;
	c->open = true;
	c->failed = false;
}

static int by_place(const void *a, const void *b)
{
	const struct rule_edit *x = a, *y = b;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return strcmp(x->text, y->text);
}

static bool same_edit(const struct rule_edit *a, const struct rule_edit *b)
{
	return !by_place(a, b);
}

/* Insertions at one place go together; anything else that shares a byte does not. */
static bool overlap(const struct rule_edit *a, const struct rule_edit *b)
{
	if (a->start == a->end && b->start == b->end)
		return false;
	return a->start < b->end && b->start < a->end;
}

bool rule_parses(const struct rule_ctx *c, const char *text, size_t n)
{
	struct source s;
	if (source_parse(&s, c->source->path, text, n, c->tree->language))
		return false;
	struct tree t;
	tree_init(&t, &s, c->tree->language);
	bool ok = count_errors(&t) <= c->errors;
	tree_release(&t);
	source_release(&s);
	return ok;
}

bool rule_end(struct rule_ctx *c, const char *explanation, ...)
{
	struct proposal *p = current(c);
	va_list ap;
	char line[1000];

	va_start(ap, explanation);
	vsnprintf(line, sizeof line, explanation, ap);
	va_end(ap);
	p->explanation = cf_strdup(line);

	if (p->n > 1)
		qsort(p->edits, p->n, sizeof *p->edits, by_place);
	for (size_t i = 1; i < p->n; i++)
		if (overlap(&p->edits[i - 1], &p->edits[i]))
			drop(c, "its edits overlap");
	if (!p->n)
		drop(c, "it changes nothing");
	if (!c->failed) {
		size_t len;
		cf_autofree char *now = rule_apply(c, p, &len);
		if (len == c->tree->len && !memcmp(now, c->tree->text, len))
			drop(c, "it changes nothing");
		else if (!rule_parses(c, now, len))
			drop(c, "the result does not parse");
	}
	c->open = false;
	if (c->failed) {
		proposal_release(p);
		return false;
	}
	c->n++;
	return true;
}

static int by_heat(const void *a, const void *b)
{
	const struct proposal *x = a, *y = b;
	if (x->heat != y->heat)
		return x->heat > y->heat ? -1 : 1;
	return by_place(&x->edits[0], &y->edits[0]);
}

void rule_run(struct rule_ctx *c, const struct rule *rule)
{
	size_t before = c->n;

	if (!c->body || tree_has_error(c->tree, c->function))
		return;
	c->rule = rule;
	rule->find(c);
	if (c->open)
		CF_BUG("rule %s left a proposal open", rule->name);
	if (c->n - before > 1)
		qsort(c->proposals + before, c->n - before, sizeof *c->proposals, by_heat);
}

/* The proposal repeats elsewhere what the edit, which is another's, changes. */
static bool copies(const struct proposal *p, const struct rule_edit *edit)
{
	for (size_t i = 0; i < p->ncopied; i += 2)
		if (edit->start < p->copied[i + 1] && p->copied[i] < edit->end)
			return true;
	return false;
}

size_t rule_combine(const struct proposal *const *p, size_t n, struct proposal *all)
{
	cf_autobuf struct cf_buf why = CF_BUF_INIT;
	size_t used = 0;
	bool *in = cf_calloc(n + 1, sizeof *in);

	*all = (struct proposal){0};
	for (size_t i = 0; i < n; i++) {
		size_t before = all->n;
		bool fits = true;
		for (size_t k = 0; k < before && fits; k++)
			fits = !copies(p[i], &all->edits[k]);
		for (size_t e = 0; e < p[i]->n && fits; e++) {
			const struct rule_edit *edit = &p[i]->edits[e];
			bool known = false;
			for (size_t k = 0; k < i && fits; k++)
				fits = !in[k] || !copies(p[k], edit);
			for (size_t k = 0; k < before && fits; k++) {
				known |= edit->start == edit->end && same_edit(&all->edits[k], edit);
				fits = !overlap(&all->edits[k], edit);
			}
			if (!fits || known)
				continue;
			cf_grow(&all->edits, &all->cap, all->n + 1, sizeof *all->edits);
			all->edits[all->n++] =
				(struct rule_edit){edit->start, edit->end, cf_strdup(edit->text)};
		}
		if ((in[i] = fits)) {
			used++;
			/* the same idiom twice is explained once */
			if (!why.data || !strstr(why.data, p[i]->explanation))
				cf_buf_addf(&why, "%s%s", why.len ? " " : "", p[i]->explanation);
		}
		while (!fits && all->n > before)
			free(all->edits[--all->n].text);
	}
	free(in);
	if (all->n > 1)
		qsort(all->edits, all->n, sizeof *all->edits, by_place);
	all->explanation = cf_buf_detach(&why, NULL);
	return used;
}

char *rule_apply(const struct rule_ctx *c, const struct proposal *p, size_t *len)
{
	struct cf_buf out = CF_BUF_INIT;
	uint32_t at = 0;
	for (size_t i = 0; i < p->n; i++) {
		cf_buf_add(&out, c->tree->text + at, p->edits[i].start - at);
		cf_buf_adds(&out, p->edits[i].text);
		at = p->edits[i].end;
	}
	cf_buf_add(&out, c->tree->text + at, c->tree->len - at);
	return cf_buf_detach(&out, len);
}
