/* SPDX-License-Identifier: Apache-2.0 */
/* What a model is told of a function: its code, what is round it, and what the run gave it to do.
 */
#include <string.h>
#include "cf-suggest/model.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/source.h"
#include "lib/trace.h"

#define NEIGHBOURS 6	   /* functions called, and callers, that are shown */
#define NEIGHBOUR_LINES 60 /* a longer one is shown up to there */
#define SAMPLES 6
#define SAMPLE_BYTES 400

const char prompt_system[] =
	"You make a function of somebody's program faster without changing what it does.\n"
	"\n"
	"The new function must return, raise, print, mutate and leave behind exactly what the old "
	"one does for every "
	"input, not only for the samples: the same types, order, errors and messages, laziness and "
	"aliasing. Keep its "
	"name, parameters, decorators and whether it is async or a generator. Look for better "
	"algorithms and data "
	"structures first: work that is repeated, lookups that are linear, copies that nobody "
	"needs. Add no "
	"dependency that the project does not have, no threads or processes, no caches that "
	"outlive a call unless "
	"what they hold stays small and right. Every answer is run against the original on "
	"recorded and derived "
	"inputs and then measured; what differs in anything or is not faster is thrown away.\n"
	"\n"
	"Answer with one or two sentences on what was slow and why the new code is equivalent, "
	"then with one fenced "
	"code block that holds the whole new function, helpers and imports that it needs beside "
	"it, and nothing "
	"that has not changed. A method stands in its class statement: `class C:` with that method "
	"alone. If you "
	"see nothing that pays, answer NONE.\n";

struct prompt {
	const struct suggest_target *t;
	struct source source;
	struct trace trace;
	bool has_trace;
	int64_t function;
	struct cf_buf text;
	size_t budget;
};

/* Adds a part whole, or not at all where it has no room. */
static void add_part(struct prompt *p, const char *title, const char *text, size_t n, bool code)
{
	if (!n || p->text.len + strlen(title) + n + 16 > p->budget)
		return;
	cf_buf_addf(&p->text, "\n%s\n%s%s%s", title, code ? "```" : "", code ? p->t->language : "",
		code ? "\n" : "");
	cf_buf_add(&p->text, text, n);
	if (text[n - 1] != '\n')
		cf_buf_addc(&p->text, '\n');
	if (code)
		cf_buf_adds(&p->text, "```\n");
}

/* Lines first to last of a text, from 1, whole: where they begin, and their size. */
static const char *lines_of(const char *text, size_t len, int first, int last, size_t *n)
{
	const char *end = text + len, *begin = text, *stop;

	for (int at = 1; at < first && begin < end; at++) {
		const char *newline = memchr(begin, '\n', (size_t)(end - begin));

		begin = newline ? newline + 1 : end;
	}
	stop = begin;
	for (int at = first; at <= last && stop < end; at++) {
		const char *newline = memchr(stop, '\n', (size_t)(end - stop));

		stop = newline ? newline + 1 : end;
	}
	*n = (size_t)(stop - begin);
	return begin;
}

static void add_function(struct prompt *p)
{
	int first = (int)cf_json_int(p->t->record, "line", 1),
	    last = (int)cf_json_int(p->t->record, "end_line", first);
	double share = cf_json_real(p->t->record, "share", 0);
	size_t n;
	const char *text = lines_of(p->source.text, p->source.len, first, last, &n);
	cf_autofree char *title = cf_asprintf(
		"Function %s in %s (%s), %lld calls, %.0f %% of the run's time:", p->t->name,
		p->t->file, p->t->language, (long long)cf_json_int(p->t->record, "calls", 0),
		share * 100);
	size_t budget = p->budget;

	p->budget = SIZE_MAX; /* without it there is nothing to ask */
	add_part(p, title, text, n, true);
	p->budget = budget;
}

/* One neighbour of the call graph, from its file. */
struct neighbours {
	struct prompt *p;
	const char *title;
};

static int add_neighbour(sqlite3_stmt *row, void *arg)
{
	struct neighbours *all = arg;
	const char *file = (const char *)sqlite3_column_text(row, 0),
		   *name = (const char *)sqlite3_column_text(row, 1);
	int first = sqlite3_column_int(row, 2), last = sqlite3_column_int(row, 3);
	cf_autobuf struct cf_buf text = CF_BUF_INIT;
	size_t n;

	if (edits_file(all->p->t->project_root, file, &text))
		return 0;
	if (last - first >= NEIGHBOUR_LINES)
		last = first + NEIGHBOUR_LINES - 1;
	cf_autofree char *title = cf_asprintf("%s: %s in %s", all->title, name, file);
	const char *lines = lines_of(text.data ? text.data : "", text.len, first, last, &n);

	add_part(all->p, title, lines, n, true);
	return 0;
}

static void add_neighbours(struct prompt *p, const char *mine, const char *other, const char *title)
{
	struct neighbours all = {p, title};
	cf_autofree char *sql = cf_asprintf(
		"SELECT f.file, f.qualname, f.line, f.end_line FROM edge e JOIN function f ON f.id "
		"= e.%s "
		"WHERE e.%s = %lld AND f.id <> %lld AND NOT f.is_test AND f.kind <> 'module' "
		"ORDER BY e.ns DESC, e.calls DESC LIMIT %d",
		other, mine, (long long)p->function, (long long)p->function, NEIGHBOURS);

	if (p->has_trace)
		trace_query(&p->trace, sql, add_neighbour, &all);
}

/* The class of a method: from its first line to the end of what makes an instance. */
struct of_class {
	const char *class_name;
	struct prompt *p;
	uint32_t start, end;
	bool found;
};

static bool class_extent(const struct source_definition *d, void *arg)
{
	struct of_class *c = arg;
	size_t n = strlen(c->class_name);

	if (d->is_class && !strcmp(d->qualname, c->class_name)) {
		c->found = true;
		c->start = ts_node_start_byte(d->node);
		c->end = ts_node_end_byte(d->node);
		return true;
	}
	if (!c->found || strncmp(d->qualname, c->class_name, n) || d->qualname[n] != '.')
		return true;
	if (strcmp(d->qualname + n + 1, "__init__") && strcmp(d->qualname + n + 1, "constructor")) {
		if (c->end > ts_node_start_byte(d->node))
			c->end = ts_node_start_byte(d->node);
		return false;
	}
	c->end = ts_node_end_byte(d->node);
	return false;
}

static void add_class(struct prompt *p)
{
	struct of_class c = {cf_json_str(p->t->record, "class"), p, 0, 0, false};

	if (!c.class_name)
		return;
	source_definitions(&p->source, class_extent, &c);
	if (c.found)
		add_part(p, "Its class begins:", p->source.text + c.start, c.end - c.start, true);
}

/* What the module has at its top beside functions and classes: imports, constants. */
static void add_globals(struct prompt *p)
{
	cf_autobuf struct cf_buf b = CF_BUF_INIT;

	for (uint32_t i = 0; i < ts_node_named_child_count(p->source.root); i++) {
		TSNode node = ts_node_named_child(p->source.root, i);
		uint32_t start = ts_node_start_byte(node), end = ts_node_end_byte(node);
		const char *type = ts_node_type(node);

		if (strstr(type, "import") ||
			(ts_node_end_point(node).row - ts_node_start_point(node).row < 8 &&
				(!strcmp(type, "expression_statement") ||
					strstr(type, "declaration")) &&
				!strstr(type, "class") && !strstr(type, "function"))) {
			cf_buf_add(&b, p->source.text + start, end - start);
			cf_buf_addc(&b, '\n');
		}
	}
	add_part(p, "Imports and names of the module:", b.data, b.len, true);
}

static void add_hot_lines(struct prompt *p)
{
	const json_t *lines = json_object_get(json_object_get(p->t->record, "why"), "hot_lines"),
		     *line;
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		int number = (int)cf_json_int(line, "line", 0);
		size_t n;
		const char *text = lines_of(p->source.text, p->source.len, number, number, &n);

		if (number > 0)
			cf_buf_addf(&b, "%.3f s in line %d: %.*s",
				(double)cf_json_int(line, "ns", 0) / 1e9, number, (int)n, text);
	}
	add_part(p, "Where its time goes:", b.data, b.len, false);
}

static int add_sample(sqlite3_stmt *row, void *arg)
{
	struct cf_buf *b = arg;
	const char *input = (const char *)sqlite3_column_text(row, 0);
	size_t n = strlen(input);

	if (n > SAMPLE_BYTES) /* not in the middle of a character */
		for (n = SAMPLE_BYTES; n && ((unsigned char)input[n] & 0xc0) == 0x80;)
			n--;
	cf_buf_addf(b, "%.*s%s  (%lld calls, %lld bytes)\n", (int)n, input, input[n] ? " …" : "",
		(long long)sqlite3_column_int64(row, 1), (long long)sqlite3_column_int64(row, 2));
	return 0;
}

static void add_inputs(struct prompt *p)
{
	const char *why = cf_json_str(json_object_get(p->t->record, "why"), "text");
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	cf_autofree char *sql = cf_asprintf(
		"SELECT o.input, c.weight, v.size FROM outcome o JOIN call c ON c.id = o.call "
		"JOIN value v ON v.id = c.value WHERE c.function = %lld ORDER BY c.weight DESC, "
		"v.size, c.id LIMIT %d",
		(long long)p->function, SAMPLES);

	if (why)
		cf_buf_addf(&b, "%s\n", why);
	if (p->has_trace)
		trace_query(&p->trace, sql, add_sample, &b);
	add_part(p, "What the run called it with:", b.data, b.len, false);
}

char *prompt_for(const struct suggest_target *t, size_t budget)
{
	struct prompt p = {
		.t = t, .function = cf_json_int(t->record, "function", -1), .budget = budget};
	const char *name = cf_json_str(t->record, "trace");

	if (source_open(&p.source, t->project_root, t->file, t->language))
		return NULL;
	if (name) {
		cf_autofree char *path = cf_path_join(t->project_root, name);

		p.has_trace = trace_is(path) && !trace_open(&p.trace, path, false);
	}
	add_function(&p);
	add_neighbours(&p, "caller", "callee", "It calls");
	add_class(&p);
	add_globals(&p);
	add_neighbours(&p, "callee", "caller", "It is called by");
	add_hot_lines(&p);
	add_inputs(&p);
	if (p.has_trace)
		trace_release(&p.trace);
	source_release(&p.source);
	return cf_buf_detach(&p.text, NULL);
}
