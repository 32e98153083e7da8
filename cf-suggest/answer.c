/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model's answer taken apart. Its code blocks are read by what they define, not by where they
 * stand: a function takes the place of that of the same name, what is new goes in front of it,
 * everything else in the file stays as it was. So it does not matter whether a block holds a
 * function or the whole file.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "cf-suggest/model.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/mem.h"
#include "lib/source.h"

#define EXPLANATION_BYTES 600

/* Blocks. ----------------------------------------------------------------------------------------
 */

struct block {
	const char *text;
	size_t n;
};

/* The length of a fence that the line begins with, at most three blanks in; 0: it is none. */
static size_t fence(const char *line, size_t n, char *mark)
{
	size_t blanks = 0, length = 0;

	while (blanks < n && blanks < 3 && line[blanks] == ' ')
		blanks++;
	*mark = blanks < n ? line[blanks] : '\0';
	if (*mark != '`' && *mark != '~')
		return 0;
	while (blanks + length < n && line[blanks + length] == *mark)
		length++;
	return length >= 3 ? length : 0;
}

/*
 * Fenced blocks (CommonMark 0.31 §4.5) in the order of the answer; one that is not closed goes to
 * its end. Returns new; with `prose`, what stands outside is added to it.
 */
static struct block *blocks_of(const char *answer, size_t *n, struct cf_buf *prose)
{
	struct block *all = NULL;
	size_t cap = 0, open = 0;
	char mark = '\0';

	*n = 0;
	for (const char *p = answer; *p;) {
		size_t len = strcspn(p, "\n");
		const char *next = p + len + (p[len] ? 1 : 0);
		char m;
		size_t length = fence(p, len, &m);

		if (!open && length) {
			cf_grow(&all, &cap, *n + 1, sizeof *all);
			all[(*n)++] = (struct block){next, 0};
			open = length;
			mark = m;
		} else if (open && length >= open && m == mark &&
			   strspn(p, " `~") >= strcspn(p, "\r\n")) {
			open = 0;
		} else if (open) {
			all[*n - 1].n = (size_t)(next - all[*n - 1].text);
		} else if (prose) {
			cf_buf_add(prose, p, (size_t)(next - p));
		}
		p = next;
	}
	return all;
}

char *answer_explanation(const char *answer)
{
	cf_autobuf struct cf_buf prose = CF_BUF_INIT, b = CF_BUF_INIT;
	size_t n;

	free(blocks_of(answer, &n, &prose));
	/* one paragraph of plain text: what else markup says is for eyes that see it */
	for (const char *p = prose.data ? prose.data : ""; *p && b.len < EXPLANATION_BYTES; p++) {
		if (isspace((unsigned char)*p)) {
			if (b.len && b.data[b.len - 1] != ' ')
				cf_buf_addc(&b, ' ');
		} else if ((unsigned char)*p >= ' ' && *p != 127 && !strchr("*#", *p)) {
			cf_buf_addc(&b, *p);
		}
	}
	while (b.len &&
		(b.data[b.len - 1] == ' ' || ((unsigned char)b.data[b.len - 1] & 0xc0) == 0x80))
		b.data[--b.len] = '\0';
	return cf_buf_detach(&b, NULL);
}

/* Definitions. -----------------------------------------------------------------------------------
 */

struct definition {
	char *name;
	bool is_class;
	TSNode definition,
		item; /* item: the whole statement in the class or at the top of the file */
};

struct code {
	struct source s;
	struct definition *v;
	size_t n, cap;
};

static bool is_body(TSNode node)
{
	const char *type = ts_node_type(node);

	return ts_node_is_null(ts_node_parent(node)) || strstr(type, "body") ||
	       !strcmp(type, "block");
}

static bool note_definition(const struct source_definition *d, void *arg)
{
	struct code *c = arg;
	TSNode item = d->node;

	if (strstr(d->qualname, ".<locals>"))
		return true;
	while (!is_body(ts_node_parent(item)))
		item = ts_node_parent(item);
	cf_grow(&c->v, &c->cap, c->n + 1, sizeof *c->v);
	c->v[c->n++] =
		(struct definition){cf_strdup(d->qualname), d->is_class, d->definition, item};
	return true;
}

static int code_parse(
	struct code *c, const char *path, const char *text, size_t n, const char *language)
{
	*c = (struct code){0};
	if (source_parse(&c->s, path, text, n, language))
		return -1;
	source_definitions(&c->s, note_definition, c);
	return 0;
}

static void code_release(struct code *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].name);
	free(c->v);
	source_release(&c->s);
}

static const struct definition *find(const struct code *c, const char *name, bool is_class)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].is_class == is_class && !strcmp(c->v[i].name, name))
			return &c->v[i];
	return NULL;
}

/* The tokens of a node, each behind a blank: the same whatever the layout. Comments do not count.
 */
static void add_tokens(struct cf_buf *b, const struct source *s, TSNode node)
{
	uint32_t n = ts_node_child_count(node), start = ts_node_start_byte(node),
		 end = ts_node_end_byte(node);

	if (strstr(ts_node_type(node), "comment"))
		return;
	/* the text of a string is one token, blanks and all */
	if (!n || !strcmp(ts_node_type(node), "string")) {
		cf_buf_addc(b, ' ');
		cf_buf_add(b, s->text + start, end - start);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		add_tokens(b, s, ts_node_child(node, i));
}

static bool same_tokens(const struct source *s, TSNode a, const struct source *u, TSNode b)
{
	cf_autobuf struct cf_buf x = CF_BUF_INIT, y = CF_BUF_INIT;

	add_tokens(&x, s, a);
	add_tokens(&y, u, b);
	return x.len == y.len && (!x.len || !memcmp(x.data, y.data, x.len));
}

static TSNode field(TSNode node, const char *name)
{
	return ts_node_child_by_field_name(node, name, (uint32_t)strlen(name));
}

/* Names of the parameters, with what marks them (*, **, …): annotations and defaults do not count.
 */
static void add_parameters(struct cf_buf *b, const struct source *s, TSNode definition)
{
	TSNode list = field(definition, "parameters");

	if (ts_node_is_null(list))
		list = field(definition, "parameter");
	for (uint32_t i = 0; !ts_node_is_null(list) && i < ts_node_named_child_count(list); i++) {
		TSNode p = ts_node_named_child(list, i), name = field(p, "name");

		if (strstr(ts_node_type(p), "comment"))
			continue;
		if (ts_node_is_null(name))
			name = field(p, "pattern");
		if (ts_node_is_null(name) && !strcmp(ts_node_type(p), "typed_parameter"))
			name = ts_node_named_child(p, 0);
		add_tokens(b, s, ts_node_is_null(name) ? p : name);
		cf_buf_addc(b, ',');
	}
	if (!ts_node_is_null(list) && !ts_node_named_child_count(list))
		add_tokens(b, s, list);
}

static bool same_parameters(const struct source *s, TSNode a, const struct source *u, TSNode b)
{
	cf_autobuf struct cf_buf x = CF_BUF_INIT, y = CF_BUF_INIT;

	add_parameters(&x, s, a);
	add_parameters(&y, u, b);
	return x.len == y.len && (!x.len || !memcmp(x.data, y.data, x.len));
}

/* Where the body begins: behind the colon where the language has one, so that comments come along.
 */
static uint32_t body_start(TSNode definition, TSNode body)
{
	uint32_t start = ts_node_start_byte(body);

	for (uint32_t i = 0; i < ts_node_child_count(definition); i++) {
		TSNode child = ts_node_child(definition, i);

		if (ts_node_start_byte(child) >= start)
			break;
		if (!strcmp(ts_node_type(child), ":"))
			return ts_node_end_byte(child);
	}
	return start;
}

/* Whether a body says nothing but that it was left out. */
static bool is_stub(const struct source *s, TSNode body)
{
	cf_autobuf struct cf_buf b = CF_BUF_INIT;

	add_tokens(&b, s, body);
	return !b.len || !strcmp(b.data, " ...") || !strcmp(b.data, " pass") ||
	       !strcmp(b.data, " { }") || !strcmp(b.data, " { ... }");
}

/* Text in its place. -----------------------------------------------------------------------------
 */

/* How far a line is indented. */
static size_t blanks_at(const char *text, uint32_t at, uint32_t *line)
{
	uint32_t start = at;
	size_t n;

	while (start && text[start - 1] != '\n')
		start--;
	n = strspn(text + start, " \t");
	*line = start;
	return n;
}

static bool in_string(const struct source *s, uint32_t at)
{
	TSNode node = ts_node_descendant_for_byte_range(s->root, at, at);

	for (; !ts_node_is_null(node); node = ts_node_parent(node))
		if ((strstr(ts_node_type(node), "string") ||
			    strstr(ts_node_type(node), "text_block")) &&
			ts_node_start_byte(node) < at && at < ts_node_end_byte(node))
			return true;
	return false;
}

struct indent {
	const char *from, *to; /* blanks that lines begin with there and here */
	size_t from_n, to_n;
	bool tabs; /* here a level is a tab, there it is `unit` blanks */
	size_t unit;
	bool crlf;
};

/* Bytes [start, end) of a block with the indentation and the line ends of the place they go to. */
static void add_moved(struct cf_buf *b, const struct source *s, uint32_t start, uint32_t end,
	const struct indent *in)
{
	for (uint32_t at = start; at < end;) {
		const char *newline = memchr(s->text + at, '\n', end - at);
		uint32_t stop = newline ? (uint32_t)(newline - s->text) : end;
		bool begins = at && s->text[at - 1] == '\n' && at != start;

		if (begins && !in_string(s, at)) {
			size_t n = strspn(s->text + at, " \t"),
			       cut = n < in->from_n ? n : in->from_n;
			bool blank = at + n >= stop || s->text[at + n] == '\r';

			if (!blank)
				cf_buf_add(b, in->to, in->to_n);
			at += (uint32_t)(blank ? n : cut);
			if (!blank && in->tabs && in->unit)
				for (n -= cut; n >= in->unit; n -= in->unit) {
					cf_buf_addc(b, '\t');
					at += (uint32_t)in->unit;
				}
		}
		uint32_t keep = stop;

		if (keep > at && s->text[keep - 1] == '\r')
			keep--;
		cf_buf_add(b, s->text + at, keep - at);
		if (newline)
			cf_buf_adds(b, in->crlf ? "\r\n" : "\n");
		at = newline ? stop + 1 : end;
	}
}

/* Edits. -----------------------------------------------------------------------------------------
 */

struct change {
	uint32_t start, end;
	char *text;
};

struct merge {
	const struct suggest_target *t;
	struct code old;
	const char *name; /* of the target */
	const struct definition *target;
	bool crlf, tabs;
	bool replaced, unread; /* the target has been; a block that may hold it does not parse */
	struct change *v;
	size_t n, cap;
	struct cf_buf imports, helpers, methods;
	json_t *added; /* names of helpers */
	char *why;
};

/* The later word on a place counts: a block before it may quote the original, or be a first try. */
static void change(struct merge *m, uint32_t start, uint32_t end, char *text)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].start < end && start < m->v[i].end) {
			free(m->v[i].text);
			m->v[i] = (struct change){start, end, text};
			return;
		}
	cf_grow(&m->v, &m->cap, m->n + 1, sizeof *m->v);
	m->v[m->n++] = (struct change){start, end, text};
}

static struct indent indent_between(const struct merge *m, const struct source *s,
	const struct definition *new, const struct definition *old)
{
	uint32_t from, to, first;
	struct indent in = {.crlf = m->crlf, .tabs = m->tabs};
	TSNode body = field(new->definition, "body");

	in.from_n = blanks_at(s->text, ts_node_start_byte(new->item), &from);
	in.to_n = blanks_at(m->old.s.text, ts_node_start_byte(old->item), &to);
	in.from = s->text + from;
	in.to = m->old.s.text + to;
	if (!ts_node_is_null(body)) {
		TSNode inside = ts_node_named_child(body, 0);
		size_t n = blanks_at(s->text,
			ts_node_start_byte(ts_node_is_null(inside) ? body : inside), &first);

		in.unit = n > in.from_n && s->text[first] == ' ' ? n - in.from_n : 0;
	}
	return in;
}

/* A function of the file as the block has it: its body where nothing else of it differs. */
static bool replace(struct merge *m, const struct definition *old, const struct source *s,
	const struct definition *new)
{
	TSNode was = field(old->definition, "body"), is = field(new->definition, "body");
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	bool target = old == m->target;

	if (!ts_node_is_null(is) && is_stub(s, is) && !ts_node_is_null(was) &&
		!is_stub(&m->old.s, was)) {
		if (target)
			m->why = cf_asprintf("it leaves out the body of %s", m->name);
		return !target;
	}
	if (same_tokens(&m->old.s, old->item, s, new->item)) {
		m->replaced = m->replaced || target;
		return true;
	}
	if (target && !same_parameters(&m->old.s, old->definition, s, new->definition)) {
		m->why = cf_asprintf("it changes the parameters of %s", m->name);
		return false;
	}
	bool plain = !ts_node_is_null(was) && !ts_node_is_null(is) &&
		     !strcmp(ts_node_type(was), ts_node_type(is)) &&
		     !strcmp(ts_node_type(old->definition), ts_node_type(new->definition)) &&
		     strcmp(ts_node_type(new->item), "decorated_definition");
	TSNode from = plain ? new->definition : new->item, to = plain ? old->definition : old->item;
	struct indent in = indent_between(m, s, new, old);
	uint32_t start = ts_node_start_byte(to), end = ts_node_end_byte(to);
	uint32_t begin = ts_node_start_byte(from), stop = ts_node_end_byte(from);

	if (plain) {
		start = body_start(old->definition, was);
		end = ts_node_end_byte(was);
		begin = body_start(new->definition, is);
		stop = ts_node_end_byte(is);
	} else if (!strcmp(ts_node_type(to), "export_statement") &&
		   strcmp(ts_node_type(from), "export_statement")) {
		to = field(to, "declaration");
		if (!ts_node_is_null(to)) {
			start = ts_node_start_byte(to);
			end = ts_node_end_byte(to);
		}
	}
	add_moved(&b, s, begin, stop, &in);
	change(m, start, end, cf_buf_detach(&b, NULL));
	m->replaced = m->replaced || target;
	return true;
}

/* Whether a statement of the file has the same tokens. */
static bool has_statement(const struct merge *m, const struct source *s, TSNode node)
{
	for (uint32_t i = 0; i < ts_node_named_child_count(m->old.s.root); i++)
		if (same_tokens(&m->old.s, ts_node_named_child(m->old.s.root, i), s, node))
			return true;
	return false;
}

static void add_text(struct merge *m, struct cf_buf *b, const struct source *s, TSNode node,
	const char *indent, size_t n)
{
	uint32_t line;
	struct indent in = {.to = indent, .to_n = n, .crlf = m->crlf};

	in.from_n = blanks_at(s->text, ts_node_start_byte(node), &line);
	in.from = s->text + line;
	cf_buf_add(b, indent, n);
	add_moved(b, s, ts_node_start_byte(node), ts_node_end_byte(node), &in);
	cf_buf_adds(b, m->crlf ? "\r\n" : "\n");
}

/* A blank line, or two as Python has them, behind what was added. */
static void add_gap(const struct merge *m, struct cf_buf *b, bool top)
{
	for (int i = 0; i < (top && !strcmp(m->t->language, "python") ? 2 : 1); i++)
		cf_buf_adds(b, m->crlf ? "\r\n" : "\n");
}

static const char *last_name(const char *qualname)
{
	const char *dot = strrchr(qualname, '.');

	return dot ? dot + 1 : qualname;
}

/* The name of the class that a method is in, as a length of its qualified name; 0: none. */
static size_t class_of(const char *qualname)
{
	const char *dot = strrchr(qualname, '.');

	return dot ? (size_t)(dot - qualname) : 0;
}

static bool merge_definition(struct merge *m, const struct code *c, const struct definition *d)
{
	const struct definition *old = find(&m->old, d->name, d->is_class);
	size_t of = class_of(d->name), mine = class_of(m->name);
	cf_autofree char *holder = cf_strndup(d->name, of);

	if (d->is_class && old)
		return true; /* by its methods */
	/* a method that was answered without its class */
	if (!old && !of && !d->is_class && mine && !strcmp(d->name, last_name(m->name)))
		old = m->target;
	if (old)
		return replace(m, old, &c->s, d);
	if (of && !find(&m->old, holder, true))
		return true; /* it came with its class */
	if (json_object_get(m->added, d->name))
		return true;
	json_object_set_new(m->added, d->name, json_true());
	if (of) {
		uint32_t line;
		size_t n = blanks_at(m->old.s.text, ts_node_start_byte(m->target->item), &line);

		if (of != mine || strncmp(d->name, m->name, of)) {
			m->why = cf_asprintf("it adds %s to another class", d->name);
			return false;
		}
		add_text(m, &m->methods, &c->s, d->item, m->old.s.text + line, n);
		add_gap(m, &m->methods, false);
		return true;
	}
	add_text(m, &m->helpers, &c->s, d->item, "", 0);
	add_gap(m, &m->helpers, true);
	return true;
}

/* Imports and constants; what else stands at the top of a block is an example of its use. */
static void merge_statement(struct merge *m, const struct source *s, TSNode node)
{
	const char *type = ts_node_type(node);
	TSNode first = ts_node_named_child(node, 0);
	bool assigns = (!strcmp(type, "expression_statement") && !ts_node_is_null(first) &&
			       strstr(ts_node_type(first), "assignment")) ||
		       !strcmp(type, "lexical_declaration") ||
		       !strcmp(type, "variable_declaration");

	if (has_statement(m, s, node))
		return;
	if (strstr(type, "import") ||
		(assigns && strstr(ts_node_type(node), "declaration") &&
			memmem(s->text + ts_node_start_byte(node),
				ts_node_end_byte(node) - ts_node_start_byte(node), "require(",
				8))) {
		add_text(m, &m->imports, s, node, "", 0);
	} else if (assigns) {
		add_text(m, &m->helpers, s, node, "", 0);
		add_gap(m, &m->helpers, true);
	}
}

/* A block as if its first line were not indented. Returns new. */
static char *dedented(const char *text, size_t n)
{
	size_t blanks = strspn(text, "\r\n"), first;
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	const char *end = text + n;

	text += blanks < n ? blanks : 0;
	first = strspn(text, " \t");
	cf_buf_reserve(&b, n + 1);
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline + 1 : end;
		size_t here = strspn(text, " \t"), cut = here < first ? here : first;

		cf_buf_add(&b, text + cut, (size_t)(stop - text) - cut);
		text = stop;
	}
	return cf_buf_detach(&b, NULL);
}

/* False with m->why when the answer cannot be used because of this block. */
static bool merge_block(struct merge *m, const char *block, size_t n)
{
	cf_autofree char *text = dedented(block, n);
	struct code c;
	bool good = true;

	if (code_parse(&c, m->t->file, text, strlen(text), m->t->language))
		return false;
	/* an example of its output, say: the function is to be in another */
	if (!source_ok(&c.s)) {
		m->unread = m->unread || strstr(text, last_name(m->name));
		code_release(&c);
		return true;
	}
	for (uint32_t i = 0; i < ts_node_named_child_count(c.s.root) && good; i++) {
		TSNode node = ts_node_named_child(c.s.root, i);
		bool defines = false;

		for (size_t k = 0; k < c.n && good; k++)
			if (ts_node_start_byte(node) <= ts_node_start_byte(c.v[k].item) &&
				ts_node_end_byte(c.v[k].item) <= ts_node_end_byte(node)) {
				defines = true;
				good = merge_definition(m, &c, &c.v[k]);
			}
		if (!defines)
			merge_statement(m, &c.s, node);
	}
	code_release(&c);
	return good;
}

/* The start of the line of an item, comments that stand right above it included. */
static uint32_t above(const struct source *s, TSNode item)
{
	TSNode before = ts_node_prev_sibling(item);
	uint32_t line;

	while (!ts_node_is_null(before) && strstr(ts_node_type(before), "comment") &&
		ts_node_end_point(before).row + 1 == ts_node_start_point(item).row &&
		(!blanks_at(s->text, ts_node_start_byte(before), &line) ||
			line + blanks_at(s->text, ts_node_start_byte(before), &line) ==
				ts_node_start_byte(before))) {
		item = before;
		before = ts_node_prev_sibling(item);
	}
	blanks_at(s->text, ts_node_start_byte(item), &line);
	return line;
}

/* Behind the last import at the top of the file; else in front of its first statement. */
static uint32_t place_of_imports(const struct source *s)
{
	uint32_t at = 0;
	bool found = false;

	for (uint32_t i = 0; i < ts_node_named_child_count(s->root); i++) {
		TSNode node = ts_node_named_child(s->root, i);
		bool import = strstr(ts_node_type(node), "import") != NULL;
		bool docs = !strcmp(ts_node_type(node), "expression_statement") &&
			    ts_node_named_child_count(node) == 1 &&
			    !strcmp(ts_node_type(ts_node_named_child(node, 0)), "string");

		if (import || (!found && (docs || strstr(ts_node_type(node), "comment") ||
						 strstr(ts_node_type(node), "hash_bang")))) {
			at = ts_node_end_byte(node);
			found = found || import;
		} else if (!found) {
			break;
		}
	}
	while (at && at < s->len && s->text[at - 1] != '\n')
		at++;
	return at;
}

static int by_place(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	return x->start != y->start ? (x->start > y->start) - (x->start < y->start)
				    : (x->end > y->end) - (x->end < y->end);
}

/* The file with the changes; NULL with m->why. Returns new. */
static char *merged(struct merge *m)
{
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	TSNode top = m->target->item;
	uint32_t at = 0;

	while (!ts_node_is_null(ts_node_parent(top)) &&
		!ts_node_is_null(ts_node_parent(ts_node_parent(top))))
		top = ts_node_parent(top);
	if (m->imports.len)
		change(m, place_of_imports(&m->old.s), place_of_imports(&m->old.s),
			cf_buf_detach(&m->imports, NULL));
	if (m->helpers.len)
		change(m, above(&m->old.s, top), above(&m->old.s, top),
			cf_buf_detach(&m->helpers, NULL));
	if (m->methods.len)
		change(m, above(&m->old.s, m->target->item), above(&m->old.s, m->target->item),
			cf_buf_detach(&m->methods, NULL));
	qsort(m->v, m->n, sizeof *m->v, by_place);
	for (size_t i = 0; i < m->n; i++) {
		if (m->v[i].start < at) {
			m->why = cf_strdup("it has the same function twice");
			return NULL;
		}
		cf_buf_add(&b, m->old.s.text + at, m->v[i].start - at);
		cf_buf_adds(&b, m->v[i].text);
		at = m->v[i].end;
	}
	cf_buf_add(&b, m->old.s.text + at, m->old.s.len - at);
	return cf_buf_detach(&b, NULL);
}

static void merge_release(struct merge *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->v[i].text);
	free(m->v);
	cf_buf_release(&m->imports);
	cf_buf_release(&m->helpers);
	cf_buf_release(&m->methods);
	json_decref(m->added);
	code_release(&m->old);
}

static bool merge_blocks(struct merge *m, const struct block *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!merge_block(m, all[i].text, all[i].n))
			return false;
	return true;
}

json_t *answer_edits(const struct suggest_target *t, const char *answer, char **why)
{
	cf_autobuf struct cf_buf old = CF_BUF_INIT;
	struct merge m = {.t = t, .name = t->name, .added = json_object()};
	json_t *edits = NULL;
	size_t n;

	*why = NULL;
	if (edits_file(t->project_root, t->file, &old) ||
		code_parse(&m.old, t->file, old.data ? old.data : "", old.len, t->language)) {
		*why = cf_asprintf("%s cannot be read", t->file);
		return NULL;
	}
	cf_autofree struct block *all = blocks_of(answer, &n, NULL);
	struct block whole = {answer, strlen(answer)};

	m.target = find(&m.old, t->name, false);
	m.crlf = memmem(m.old.s.text, m.old.s.len, "\r\n", 2) != NULL;
	m.tabs = memmem(m.old.s.text, m.old.s.len, "\n\t", 2) != NULL;
	if (!m.target) {
		m.why = cf_asprintf("%s has no %s by that name", t->file, t->name);
	} else if (merge_blocks(&m, n ? all : &whole, n ? n : 1)) {
		cf_autofree char *text = m.replaced ? merged(&m) : NULL;
		struct source s;

		if (!m.replaced) {
			m.why = m.unread ? cf_strdup("its code does not parse")
					 : cf_asprintf("its code has no function %s", t->name);
		} else if (text && !source_parse(&s, t->file, text, strlen(text), t->language)) {
			if (source_ok(&s) || !source_ok(&m.old.s))
				edits = edits_from_text(
					t->project_root, t->file, text, strlen(text));
			else
				m.why = cf_strdup("its code does not fit into the file");
			source_release(&s);
		}
	}
	if (m.why && !n) {
		free(m.why);
		m.why = cf_strdup("it has no code");
	}
	*why = m.why;
	if (!edits && !*why)
		*why = cf_strdup("it cannot be read");
	merge_release(&m);
	return edits;
}

int answer_digest(const struct suggest_target *t, const json_t *edits, char digest[65])
{
	json_auto_t *files = edits_apply(edits, t->project_root);
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	const json_t *file;
	size_t i;

	if (!files)
		return -1;
	json_array_foreach(files, i, file)
	{
		const json_t *text = json_object_get(file, "text");
		struct source s;

		if (source_parse(&s, json_string_value(json_object_get(file, "path")),
			    json_string_value(text), json_string_length(text), t->language))
			return -1;
		add_tokens(&b, &s, s.root);
		source_release(&s);
	}
	cf_sha256_hex(b.data ? b.data : "", b.len, digest);
	return 0;
}
