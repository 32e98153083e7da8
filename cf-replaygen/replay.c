/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a trace to replay tests: which functions can be replayed, what the original does on their
 * calls (run.c), the files that a plugin makes of that. Knows no language and no test framework.
 */
#include "cf-replaygen/replay.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cf-replaygen/files.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"

#define BATCH_CALLS 4000 /* of one request to the plugin: its size in memory */
#define NUMBERS 10000	 /* of replay tests in one folder */

struct item {
	struct trace_function f;
	struct run_result r;
	char *reason; /* why none of its calls is run; NULL: they are */
	int64_t lost; /* calls that were not even captured */
};

struct replay {
	struct trace *t;
	const struct replay_opts *o;
	struct cf_plugin plugin;
	char *tests_root; /* absolute */
	struct item *v;	  /* by file, then line */
	size_t n, cap;
	char **written; /* absolute paths, NULL-terminated */
	size_t nwritten, cap_written;
	size_t calls, functions, unstable;
	json_t *dropped; /* {reason: calls} over all */
};

static int by_place(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int c = strcmp(x->f.file, y->f.file);

	if (c)
		return c;
	return x->f.line != y->f.line ? (x->f.line < y->f.line ? -1 : 1)
	       : x->f.id < y->f.id    ? -1
				      : x->f.id > y->f.id;
}

static int id_row(sqlite3_stmt *row, void *arg)
{
	json_array_append_new(arg, json_integer(sqlite3_column_int64(row, 0)));
	return 0;
}

static int reason_row(sqlite3_stmt *row, void *arg)
{
	struct item *i = arg;
	const char *reason = (const char *)sqlite3_column_text(row, 0);

	if (!i->reason && reason)
		i->reason = cf_strdup(reason);
	i->lost += sqlite3_column_int64(row, 1);
	return 0;
}

static int captured_row(sqlite3_stmt *row, void *arg)
{
	*(int64_t *)arg = sqlite3_column_int64(row, 0);
	return 0;
}

/* Sets what keeps the function's calls from being run, if anything does. */
static int judge(struct replay *r, struct item *i)
{
	cf_autofree char *count =
		cf_asprintf("SELECT count(*) FROM call WHERE function = %lld", (long long)i->f.id);
	cf_autofree char *ledger =
		cf_asprintf("SELECT reason, n FROM ledger WHERE function = %lld ORDER BY n DESC",
			(long long)i->f.id);
	int64_t captured = 0;

	if (trace_query(r->t, count, captured_row, &captured) < 0)
		return -1;
	if (i->f.is_test)
		i->reason = cf_strdup("test code");
	else if (!i->f.replayable)
		i->reason = cf_strdup(i->f.reason ? i->f.reason : "cannot be replayed");
	else if (!captured && trace_query(r->t, ledger, reason_row, i) < 0)
		return -1;
	if (!captured && !i->reason)
		i->reason = cf_strdup(i->f.calls ? "no input was recorded" : "was not called");
	if (captured && i->reason)
		i->lost = captured;
	return 0;
}

static int load(struct replay *r)
{
	json_auto_t *ids = json_array();
	const json_t *id;
	size_t i;

	if (trace_query(r->t, "SELECT id FROM function WHERE kind <> 'module' ORDER BY id", id_row,
		    ids) < 0)
		return -1;
	json_array_foreach(ids, i, id)
	{
		struct item item = {.lost = 0};

		if (trace_function_get(r->t, json_integer_value(id), &item.f) <= 0)
			return -1;
		cf_grow(&r->v, &r->cap, r->n + 1, sizeof(*r->v));
		r->v[r->n++] = item;
		if (judge(r, &r->v[r->n - 1]) < 0)
			return -1;
	}
	if (r->n)
		qsort(r->v, r->n, sizeof(*r->v), by_place);
	return 0;
}

static void release(struct replay *r)
{
	for (size_t i = 0; i < r->n; i++) {
		trace_function_release(&r->v[i].f);
		run_result_release(&r->v[i].r);
		free(r->v[i].reason);
	}
	free(r->v);
	for (size_t i = 0; i < r->nwritten; i++)
		free(r->written[i]);
	free(r->written);
	free(r->tests_root);
	json_decref(r->dropped);
	cf_plugin_release(&r->plugin);
}

static void show_progress(size_t done, size_t of)
{
	static size_t shown = SIZE_MAX;

	if (done == shown)
		return;
	shown = done;
	fprintf(stderr, "\r%s: %zu of %zu functions\033[K\r", cf_progname(), done, of);
}

static int run(struct replay *r)
{
	cf_autofree int64_t *ids = cf_calloc(r->n, sizeof(*ids));
	cf_autofree struct run_result *results = cf_calloc(r->n, sizeof(*results));
	enum sandbox_kind kind = SANDBOX_OVERLAY;
	bool terminal = !r->o->quiet && isatty(STDERR_FILENO);
	size_t n = 0, k = 0;
	int ret;

	for (size_t i = 0; i < r->n; i++)
		if (!r->v[i].reason)
			ids[n++] = r->v[i].f.id;
	if (r->o->run.no_sandbox && n)
		cf_warn("--no-sandbox: the recorded calls are run again with no isolation at all");
	ret = n ? run_functions(r->t, &r->plugin, ids, n, &r->o->run,
			  terminal ? show_progress : NULL, results, &kind)
		: 0;
	if (terminal)
		fputs("\r\033[K", stderr);
	for (size_t i = 0; i < r->n; i++)
		if (!r->v[i].reason)
			r->v[i].r = results[k++];
	if (n && !r->o->run.no_sandbox && kind == SANDBOX_COPY)
		cf_warn("this machine gives no namespaces: the recorded calls were run in a copy "
			"of the"
			" project, with limits but without isolation");
	return ret;
}

/* --- the files
 * --------------------------------------------------------------------------------------- */

struct group {
	size_t first, n; /* items of one file */
	size_t calls;
};

struct inputs {
	json_t *calls; /* array to fill */
	const struct run_result *r;
	size_t at;
};

static int input_row(sqlite3_stmt *row, void *arg)
{
	struct inputs *in = arg;
	const struct run_call *c;

	if (in->at == in->r->n || in->r->calls[in->at].id != sqlite3_column_int64(row, 0))
		return 0;
	c = in->r->calls + in->at++;
	json_array_append_new(
		in->calls, json_pack("{s:I, s:o, s:b, s:s}", "id", (json_int_t)c->id, "input",
				   cf_json_text((const char *)sqlite3_column_text(row, 1),
					   (size_t)sqlite3_column_bytes(row, 1)),
				   "stable", c->stable, "outcome", c->raises ? "raise" : "return"));
	return 0;
}

/* One function of a request; NULL after cf_error. Returns new. */
static json_t *function_request(struct replay *r, const struct item *item)
{
	cf_autofree char *sql = cf_asprintf("SELECT o.call, o.input FROM outcome o JOIN call c ON"
					    " c.id = o.call WHERE c.function = %lld"
					    " ORDER BY c.seq, c.process, c.id",
		(long long)item->f.id);
	const struct trace_function *f = &item->f;
	struct inputs in = {json_array(), &item->r, 0};

	if (trace_query(r->t, sql, input_row, &in) < 0) {
		json_decref(in.calls);
		return NULL;
	}
	return json_pack("{s:I, s:o, s:s, s:o, s:b, s:o}", "id", (json_int_t)f->id, "qualname",
		cf_json_text(f->qualname, strlen(f->qualname)), "kind", f->kind, "class",
		f->class_name ? cf_json_text(f->class_name, strlen(f->class_name)) : json_null(),
		"main", f->main, "calls", in.calls);
}

static json_t *group_request(struct replay *r, const struct group *g)
{
	const struct item *first = r->v + g->first;
	json_t *functions = json_array();

	for (size_t i = 0; i < g->n; i++) {
		json_t *f;

		if (!first[i].r.n)
			continue;
		f = function_request(r, first + i);
		if (!f) {
			json_decref(functions);
			return NULL;
		}
		json_array_append_new(functions, f);
	}
	return json_pack("{s:o, s:o, s:o}", "file",
		cf_json_text(first->f.file, strlen(first->f.file)), "module",
		cf_json_text(first->f.module, strlen(first->f.module)), "functions", functions);
}

static json_t *text(const char *s)
{
	return cf_json_text(s, strlen(s));
}

/* The plugin's files for the groups; NULL after cf_error. Returns new. */
static json_t *ask(struct replay *r, const struct group *g, size_t n, int64_t number)
{
	json_auto_t *answer = NULL, *request = NULL;
	cf_autofree char *module_root =
		cf_path_join(r->t->project_root, r->t->module_root ? r->t->module_root : ".");
	json_t *groups = json_array(), *files;

	for (size_t i = 0; i < n; i++) {
		json_t *one = group_request(r, g + i);

		if (!one) {
			json_decref(groups);
			return NULL;
		}
		json_array_append_new(groups, one);
	}
	request = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "trace", text(r->t->path),
		"project_root", text(r->t->project_root), "tests_root", text(r->tests_root),
		"module_root", text(module_root), "libexec", text(r->plugin.dir), "groups", groups,
		"first_number", (json_int_t)number, "command",
		r->t->command ? json_incref(r->t->command) : json_array());
	if (cf_plugin_call(&r->plugin, "replaygen", r->t->runtime, request, &answer) != CF_OK)
		return NULL;
	files = json_object_get(answer, "files");
	if (json_array_size(files) != n) {
		cf_error("plugin %s: %zu files for %zu modules", r->plugin.name,
			json_array_size(files), n);
		return NULL;
	}
	return json_incref(files);
}

/* The number that stands last in the name of the file; -1 where there is none. */
static int64_t number_of(const char *path)
{
	const char *name = strrchr(path, '/'), *end, *p;

	name = name ? name + 1 : path;
	end = name + strlen(name);
	while (end > name && !isdigit((unsigned char)end[-1]))
		end--;
	for (p = end; p > name && isdigit((unsigned char)p[-1]);)
		p--;
	return p < end && end - p < 10 ? atoll(p) : -1;
}

/* Where a file of the answer goes, absolute; NULL when it is not below the tests. Returns new. */
static char *place(struct replay *r, const json_t *file)
{
	const char *path = cf_json_str(file, "path");
	cf_autofree char *joined = path ? cf_path_join(r->t->project_root, path) : NULL;
	cf_autofree char *abs = joined ? cf_path_abs(joined) : NULL;

	if (!abs || !cf_json_str(file, "text") || !cf_path_below(abs, r->tests_root) ||
		!strcmp(abs, r->tests_root)) {
		cf_error("plugin %s: a test file outside of %s", r->plugin.name, r->tests_root);
		return NULL;
	}
	return cf_steal(&abs);
}

/*
 * The first number past the files that are not ours to write: *number itself when there are none in
 * the way. -1 after cf_error.
 */
static int64_t next_free(struct replay *r, const json_t *files, int64_t number)
{
	int64_t next = number;
	const json_t *file;
	size_t i;

	json_array_foreach((json_t *)files, i, file)
	{
		cf_autofree char *path = place(r, file);
		int64_t own;

		if (!path)
			return -1;
		if (replay_may_write(path, r->t->path))
			continue;
		own = number_of(path);
		next = own >= next ? own + 1 : next + 1;
	}
	return next;
}

static int write_one(struct replay *r, const json_t *file)
{
	const char *content = cf_json_str(file, "text");
	cf_autofree char *path = place(r, file), *dir = NULL;

	if (!path)
		return -1;
	dir = cf_path_dir(path);
	if (cf_mkdirs(dir) < 0 || cf_write_file(path, content, strlen(content)) < 0)
		return -1;
	cf_grow(&r->written, &r->cap_written, r->nwritten + 2, sizeof(*r->written));
	r->written[r->nwritten++] = cf_steal(&path);
	r->written[r->nwritten] = NULL;
	return 0;
}

static json_t *function_record(const struct item *item)
{
	return json_pack("{s:I, s:o, s:I, s:I}", "function", (json_int_t)item->f.id, "name",
		text(item->f.qualname), "calls", (json_int_t)item->r.n, "stable",
		(json_int_t)(item->r.n - item->r.unstable));
}

static void add_dropped(json_t *list, const struct item *item, const char *reason, int64_t calls)
{
	json_array_append_new(list, json_pack("{s:I, s:o, s:o, s:I}", "function",
					    (json_int_t)item->f.id, "name", text(item->f.qualname),
					    "reason", text(reason), "calls", (json_int_t)calls));
}

/* path: of the test file; NULL: there is none, for no call of the module is replayed. */
static void emit(struct replay *r, const struct group *g, const char *path)
{
	json_auto_t *o = cf_stream_record("replay");
	json_t *functions = json_array(), *dropped = json_array(), *n;
	const struct item *first = r->v + g->first;
	cf_autofree char *file = path ? cf_path_relative(path, r->t->project_root) : NULL;
	const char *reason;

	for (size_t i = 0; i < g->n; i++) {
		if (first[i].r.n)
			json_array_append_new(functions, function_record(first + i));
		if (first[i].reason)
			add_dropped(dropped, first + i, first[i].reason, first[i].lost);
		json_object_foreach(first[i].r.dropped, reason, n)
			add_dropped(dropped, first + i, reason, json_integer_value(n));
	}
	json_object_set_new(o, "trace", text(r->t->path));
	json_object_set_new(o, "project_root", text(r->t->project_root));
	json_object_set_new(o, "file", file ? text(file) : json_null());
	json_object_set_new(o, "module", text(first->f.module));
	json_object_set_new(o, "source", text(first->f.file));
	json_object_set_new(o, "functions", functions);
	json_object_set_new(o, "dropped", dropped);
	cf_stream_write(o);
}

static int write_batch(struct replay *r, const struct group *g, size_t n, int64_t *number)
{
	json_auto_t *files = NULL;
	const json_t *file;
	size_t i;

	for (;;) {
		int64_t next;

		files = ask(r, g, n, *number);
		if (!files)
			return -1;
		next = next_free(r, files, *number);
		if (next == *number)
			break;
		json_decref(files);
		files = NULL;
		if (next < 0)
			return -1;
		if (next > NUMBERS)
			return cf_error("%s is full of replay tests of other traces; remove them",
				r->tests_root);
		*number = next;
	}
	json_array_foreach(files, i, file)
	{
		if (write_one(r, file) < 0)
			return -1;
		emit(r, g + i, r->written[r->nwritten - 1]);
	}
	*number += (int64_t)n;
	return 0;
}

/*
 * The modules that have calls to replay, in the order of their files; what was dropped of the others
 * is told here. Returns new.
 */
static struct group *make_groups(struct replay *r, size_t *n)
{
	struct group *groups = NULL;
	size_t cap = 0;

	*n = 0;
	for (size_t i = 0; i < r->n;) {
		struct group g = {.first = i};
		bool dropped = false;

		for (; i < r->n && !strcmp(r->v[i].f.file, r->v[g.first].f.file); i++, g.n++) {
			g.calls += r->v[i].r.n;
			dropped |= r->v[i].reason || json_object_size(r->v[i].r.dropped);
		}
		if (!g.calls) {
			if (dropped)
				emit(r, &g, NULL);
			continue;
		}
		cf_grow(&groups, &cap, *n + 1, sizeof(*groups));
		groups[(*n)++] = g;
	}
	return groups;
}

static int write_files(struct replay *r)
{
	size_t n;
	cf_autofree struct group *groups = make_groups(r, &n);
	int64_t number = 0;

	for (size_t i = 0; i < n;) {
		size_t first = i, calls = 0;

		while (i < n && (i == first || calls + groups[i].calls <= BATCH_CALLS))
			calls += groups[i++].calls;
		if (write_batch(r, groups + first, i - first, &number) < 0)
			return -1;
	}
	/* Only now that the new ones are there. */
	replay_remove_stale(
		r->tests_root, r->t->path, r->written ? r->written : (char *const[]){NULL});
	return 0;
}

/* --- the summary
 * ------------------------------------------------------------------------------------- */

static void add_reason(struct replay *r, const char *reason, int64_t n)
{
	json_int_t old = json_integer_value(json_object_get(r->dropped, reason));

	json_object_set_new(r->dropped, reason, json_integer(old + n));
}

static void count(struct replay *r)
{
	const char *reason;
	json_t *n;

	r->dropped = json_object();
	for (size_t i = 0; i < r->n; i++) {
		const struct item *item = r->v + i;

		r->calls += item->r.n;
		r->functions += item->r.n > 0;
		r->unstable += item->r.unstable;
		if (item->reason && item->lost) {
			json_auto_t *key = text(item->reason);

			add_reason(r, json_string_value(key), item->lost);
		}
		json_object_foreach(item->r.dropped, reason, n)
			add_reason(r, reason, json_integer_value(n));
	}
}

static void summary(const struct replay *r)
{
	const char *reason;
	json_t *n;
	int shown = 0;

	cf_warn("%zu call%s of %zu function%s replayed by %zu test file%s%s", r->calls,
		r->calls == 1 ? "" : "s", r->functions, r->functions == 1 ? "" : "s", r->nwritten,
		r->nwritten == 1 ? "" : "s", r->unstable ? ":" : "");
	if (r->unstable)
		cf_warn("%zu of them do not do the same each time; they need only end the same way",
			r->unstable);
	json_object_foreach(r->dropped, reason, n)
	{
		if (shown++ == 8) {
			cf_warn("... and %zu more reasons", json_object_size(r->dropped) - 8);
			break;
		}
		cf_warn("%lld call%s not replayed: %s", (long long)json_integer_value(n),
			json_integer_value(n) == 1 ? "" : "s", reason);
	}
}

static enum cf_exit replay_trace(struct replay *r)
{
	cf_autofree char *tests = NULL;

	if (cf_plugin_find(&r->plugin, r->t->language) < 0)
		return CF_MISSING;
	if (r->t->runtime && strchr(r->t->runtime, '/') && access(r->t->runtime, X_OK) < 0) {
		cf_error("%s: the interpreter it was recorded with is gone: %s; record it again",
			r->t->path, r->t->runtime);
		return CF_MISSING;
	}
	if (r->o->tests_root)
		tests = cf_strdup(r->o->tests_root);
	else
		tests = cf_path_join(
			r->t->project_root, r->t->tests_root ? r->t->tests_root : "tests");
	r->tests_root = cf_path_abs(tests);
	if (load(r) < 0)
		return CF_USAGE;
	if (run(r) < 0)
		return CF_PROGRAM;
	if (write_files(r) < 0)
		return CF_USAGE;
	count(r);
	if (!r->o->quiet)
		summary(r);
	if (!r->nwritten)
		cf_warn("%s: nothing in it can be replayed, so there is no test file", r->t->path);
	return CF_OK;
}

int replay_record(const struct cf_record *record, void *arg, enum cf_exit *status)
{
	struct replay_opts *o = arg;
	const char *path = cf_json_str(record->json, "trace");
	const char *root = cf_json_str(record->json, "project_root");
	cf_autofree char *joined = NULL;
	struct trace t;
	struct replay r = {.t = &t, .o = o};

	if (strcmp(record->kind, "trace"))
		return 0;
	if (!path)
		return cf_error(
			"%s:%zu: a trace record without its trace", record->source, record->number);
	joined = root ? cf_path_join(root, path) : cf_strdup(path);
	if (json_object_get(o->seen, joined))
		return 0;
	json_object_set_new(o->seen, joined, json_true());
	if (trace_open(&t, joined, true) < 0)
		return -1;
	cf_stream_pass(record);
	*status = replay_trace(&r);
	release(&r);
	trace_release(&t);
	return 1;
}
