/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing source text and finding definitions in it. Edits and diffs are in edits.c. */
#include "lib/source.h"

#include <string.h>
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/mem.h"

const TSLanguage *tree_sitter_python(void);
const TSLanguage *tree_sitter_javascript(void);
const TSLanguage *tree_sitter_typescript(void);
const TSLanguage *tree_sitter_java(void);

/* A node that gives a name to what is its value. */
struct holder {
	const char *type, *name, *value; /* the node's type and its fields */
};

static const struct holder javascript_holders[] = {
	{"variable_declarator", "name", "value"},
	{"assignment_expression", "left", "right"},
	{"pair", "key", "value"},
	{"field_definition", "property", "value"},
	{"public_field_definition", "name", "value"},
	{NULL, NULL, NULL},
};

/* How a grammar spells definitions, and how the language's runtime qualifies their names. */
static const struct language {
	const char *name;
	const char *extensions; /* of files that this grammar is for, space-separated; NULL: all others */
	const TSLanguage *(*grammar)(void);
	const char *functions, *classes; /* node types, space-separated */
	const char *in_function;         /* what a function adds to the names inside it */
	const struct holder *holders;    /* NULL: definitions have their names themselves */
	const char *function_values, *class_values, *object_values; /* what a holder may name */
	const char *exports; /* left of a name, these say that the module gives it out */
} languages[] = {
	{"python", NULL, tree_sitter_python, "function_definition", "class_definition", ".<locals>", NULL,
		NULL, NULL, NULL, NULL},
#define JAVASCRIPT(extensions, grammar)                                                                   \
	{"javascript", extensions, grammar,                                                               \
		"function_declaration generator_function_declaration method_definition",                  \
		"class_declaration abstract_class_declaration", ".<locals>", javascript_holders,          \
		"arrow_function function_expression generator_function function", "class", "object",      \
		"module.exports exports"}
	JAVASCRIPT(".ts .mts .cts", tree_sitter_typescript),
	JAVASCRIPT(NULL, tree_sitter_javascript),
	{"java", NULL, tree_sitter_java,
		"method_declaration constructor_declaration compact_constructor_declaration",
		"class_declaration interface_declaration enum_declaration record_declaration "
		"annotation_type_declaration",
		".<locals>", NULL, NULL, NULL, NULL, NULL},
};

static const struct language *find_language(const char *name, const char *path)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
		const char *all = languages[i].extensions, *found = all && dot ? strstr(all, dot) : NULL;

		if (name && !strcmp(languages[i].name, name) &&
			(!all || (found && strchr(" ", found[strlen(dot)]))))
			return &languages[i];
	}
	return NULL;
}

int source_open(struct source *s, const char *project_root, const char *path, const char *language)
{
	cf_autofree char *full = cf_path_join(project_root, path);
	cf_autobuf struct cf_buf text = CF_BUF_INIT;

	*s = (struct source){0};
	if (cf_read_file(full, &text))
		return -1;
	return source_parse(s, path, text.data ? text.data : "", text.len, language);
}

int source_parse(
	struct source *s, const char *path, const char *text, size_t n, const char *language)
{
	const struct language *lang = find_language(language, path);

	*s = (struct source){0};
	if (!lang)
		return cf_error("%s: no grammar for language %s in this build", path,
			language ? language : "(none)");
	if (n > UINT32_MAX)
		return cf_error("%s: too large to parse", path);

	TSParser *parser = ts_parser_new();
	if (!ts_parser_set_language(parser, lang->grammar()))
		CF_BUG("the %s grammar does not fit libtree-sitter", language);
	s->path = cf_strdup(path);
	s->text = cf_malloc(n + 1);
	memcpy(s->text, text, n);
	s->text[n] = '\0';
	s->len = n;
	s->language = lang->name;
	cf_sha256_hex(text, n, s->sha256);
	s->tree = ts_parser_parse_string(parser, NULL, s->text, (uint32_t)n);
	s->root = ts_tree_root_node(s->tree);
	ts_parser_delete(parser);
	return 0;
}

void source_release(struct source *s)
{
	free(s->path);
	free(s->text);
	if (s->tree)
		ts_tree_delete(s->tree);
	*s = (struct source){0};
}

int source_ok(const struct source *s)
{
	return !ts_node_has_error(s->root);
}

static bool type_in(const char *types, TSNode node)
{
	const char *type = ts_node_type(node);
	size_t n = strlen(type);
	for (const char *p = types; (p = strstr(p, type)); p += n)
		if ((p == types || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
			return true;
	return false;
}

/* 1-based. The grammar's definition excludes decorators, a runtime's first line may not. */
static bool begins_at(TSNode definition, int line)
{
	TSNode up = ts_node_parent(definition);
	return !line || (int)ts_node_start_point(definition).row + 1 == line ||
	       (!ts_node_is_null(up) && !strcmp(ts_node_type(up), "decorated_definition") &&
		       (int)ts_node_start_point(up).row + 1 == line);
}

static TSNode field(TSNode node, const char *name)
{
	return ts_node_child_by_field_name(node, name, (uint32_t)strlen(name));
}

enum defines { NOTHING, FUNCTION, CLASS, OBJECT };

/* What a node defines, the node that has its name, and the node of the definition itself. */
static enum defines defined(const struct language *lang, TSNode node, TSNode *id, TSNode *definition)
{
	enum defines what = type_in(lang->functions, node) ? FUNCTION
			    : type_in(lang->classes, node) ? CLASS
							   : NOTHING;

	*definition = node;
	if (what != NOTHING) {
		*id = field(node, "name");
		return ts_node_is_null(*id) ? NOTHING : what;
	}
	for (const struct holder *h = lang->holders; h && h->type; h++) {
		TSNode value;

		if (strcmp(ts_node_type(node), h->type))
			continue;
		value = field(node, h->value);
		while (!ts_node_is_null(value) && !strcmp(ts_node_type(value), "parenthesized_expression"))
			value = ts_node_named_child(value, 0);
		*id = field(node, h->name);
		*definition = value;
		if (ts_node_is_null(value) || ts_node_is_null(*id))
			return NOTHING;
		return type_in(lang->function_values, value) ? FUNCTION
		       : type_in(lang->class_values, value)  ? CLASS
		       : type_in(lang->object_values, value) ? OBJECT
							     : NOTHING;
	}
	return NOTHING;
}

/* Adds the name, less what only says that it is given out: exports.f is f. */
static void add_name(struct cf_buf *name, const struct language *lang, const char *text, size_t n)
{
	for (const char *p = lang->exports; p && *p;) {
		size_t len = strcspn(p, " ");

		if (n >= len && !strncmp(text, p, len) && (n == len || text[len] == '.')) {
			if (n > len) {
				text += len + 1;
				n -= len + 1;
			} else {
				n = 0;
			}
			break;
		}
		p += len + strspn(p + len, " ");
	}
	if (name->len && n)
		cf_buf_addc(name, '.');
	cf_buf_add(name, text, n);
}

void source_definitions(const struct source *s, source_definition_fn *fn, void *arg)
{
	const struct language *lang = find_language(s->language, s->path);
	cf_autobuf struct cf_buf name = CF_BUF_INIT;
	TSTreeCursor cursor = ts_tree_cursor_new(s->root);
	size_t *lengths = NULL, depth = 0, cap = 0; /* of the name outside each node we are in */

	for (;;) {
		TSNode node = ts_tree_cursor_current_node(&cursor), id, definition;
		enum defines what = defined(lang, node, &id, &definition);
		cf_grow(&lengths, &cap, depth + 1, sizeof *lengths);
		lengths[depth] = name.len;
		if (what != NOTHING) {
			uint32_t start = ts_node_start_byte(id);
			size_t n = ts_node_end_byte(id) - start;

			add_name(&name, lang, s->text + start, n);
			/* what is given out by no name of its own goes by all of it */
			if (what == FUNCTION && name.len == lengths[depth])
				cf_buf_add(&name, s->text + start, n);
			struct source_definition d = {
				name.data ? name.data : "", what == CLASS, node, definition};

			if (what != OBJECT && !fn(&d, arg))
				break;
			if (what == FUNCTION)
				cf_buf_adds(&name, lang->in_function);
		}
		if (ts_tree_cursor_goto_first_child(&cursor)) {
			depth++;
			continue;
		}
		for (;;) {
			name.len = lengths[depth];
			if (name.data)
				name.data[name.len] = '\0';
			if (ts_tree_cursor_goto_next_sibling(&cursor))
				break;
			if (!depth || !ts_tree_cursor_goto_parent(&cursor))
				goto done;
			depth--;
		}
	}
done:
	free(lengths);
	ts_tree_cursor_delete(&cursor);
}

struct wanted {
	const char *qualname;
	int line;
	TSNode found;
};

static bool is_wanted(const struct source_definition *d, void *arg)
{
	struct wanted *w = arg;

	if (d->is_class || strcmp(d->qualname, w->qualname) || !begins_at(d->node, w->line))
		return true;
	w->found = d->definition;
	return false;
}

TSNode source_function(const struct source *s, const char *qualname, int line)
{
	struct wanted w = {qualname, line, {{0}, NULL, NULL}};

	source_definitions(s, is_wanted, &w);
	return w.found;
}

bool source_lines_are(const struct source *s, int line, int end_line, const char *sha256)
{
	const char *p = s->text, *end = s->text + s->len;
	int at = 1;

	if (line < 1 || end_line < line)
		return false;
	for (; at < line && (p = memchr(p, '\n', (size_t)(end - p))); at++)
		p++;
	if (!p)
		return false;
	const char *stop = p;
	for (; at <= end_line && stop < end; at++) {
		const char *newline = memchr(stop, '\n', (size_t)(end - stop));
		stop = newline ? newline + 1 : end;
	}
	if (at <= end_line)
		return false;

	cf_autobuf struct cf_buf text = CF_BUF_INIT;
	cf_buf_add(&text, p, (size_t)(stop - p));
	for (int unix_ends = 0; unix_ends < 2; unix_ends++) {
		char hash[65];
		if (unix_ends) {
			size_t to = 0;
			for (size_t i = 0; i < text.len; i++)
				if (text.data[i] != '\r' || text.data[i + 1] != '\n')
					text.data[to++] = text.data[i];
			text.len = to;
		}
		cf_sha256_hex(text.data, text.len, hash);
		if (!strcmp(hash, sha256))
			return true;
		size_t n = text.len;
		if (n && text.data[n - 1] == '\n')
			n -= n > 1 && text.data[n - 2] == '\r' ? 2 : 1;
		cf_sha256_hex(text.data, n, hash);
		if (!strcmp(hash, sha256))
			return true;
	}
	return false;
}
