/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What optimising a function can save in this run: its own time, and what it causes in the
 * functions it calls by calling them often. A callee that is called k times for each call of the
 * function could be called once at best, so (1 - 1/k) of its time is the caller's doing. How to
 * save it is cf-suggest's affair.
 */
#include "cf-rank/rank.h"

#include <stdlib.h>
#include <string.h>
#include "lib/candidate.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/sizes.h"

#define FEW_SAMPLES 50
#define CALLEES 10

struct function {
	int64_t id, calls, own_ns, total_ns, samples;
	int64_t kept, middle_size;
	double timed_ns;
	int64_t sampled, distinct, repeated, covered; /* the last two in calls of the run */
	struct cf_sizes sizes;                        /* of its calls' inputs, if sampled */
	double caused_ns, potential_ns, share;
	int64_t in_ns; /* of all edges into it */
	bool is_test, replayable, is_module, recursive;
};

struct edge {
	size_t caller, callee; /* indices */
	int64_t ns;
	double per_call; /* calls of the callee per call of the caller; 0: not known */
	double caused_ns;
};

struct rank {
	struct trace *t;
	const struct rank_opts *o;
	struct function *f;
	size_t n, cap, modules;
	struct edge *e;
	size_t ne, cap_e;
	int64_t samples, profiled_ns;
	bool few; /* too few samples to leave anything out for its share */
};

/* A trace may hold any numbers; sums of them stop at the largest there is. */
static int64_t sum(int64_t a, int64_t b)
{
	int64_t both;

	if (__builtin_add_overflow(a, b, &both))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return both;
}

static int64_t whole(double x)
{
	return x >= 0x1p63 ? INT64_MAX : x > -0x1p63 ? (int64_t)x : INT64_MIN;
}

static int add_function(const struct trace_function *f, void *arg)
{
	struct rank *r = arg;

	cf_grow(&r->f, &r->cap, r->n + 1, sizeof(*r->f));
	r->f[r->n++] = (struct function){
		.id = f->id,
		.calls = f->calls,
		.own_ns = f->own_ns,
		.total_ns = f->total_ns,
		.samples = f->samples,
		.is_test = f->is_test,
		.replayable = f->replayable,
		.is_module = !strcmp(f->kind, "module"),
	};
	r->modules += r->f[r->n - 1].is_module;
	r->samples = sum(r->samples, f->samples);
	r->profiled_ns = sum(r->profiled_ns, f->own_ns);
	return 0;
}

/* Functions come by id, so the list is sorted. NULL where an edge names none. */
static struct function *find(struct rank *r, int64_t id)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->f[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < r->n && r->f[low].id == id ? r->f + low : NULL;
}

static int add_calls(sqlite3_stmt *row, void *arg)
{
	struct function *f = find(arg, sqlite3_column_int64(row, 0));

	if (!f)
		return 0;
	f->kept = sqlite3_column_int64(row, 1);
	f->covered = sqlite3_column_int64(row, 2);
	f->timed_ns = sqlite3_column_double(row, 3);
	f->middle_size = sqlite3_column_int64(row, 4);
	return 0;
}

static int add_distribution(sqlite3_stmt *row, void *arg)
{
	struct function *f = find(arg, sqlite3_column_int64(row, 0));

	if (!f)
		return 0;
	f->sampled = sqlite3_column_int64(row, 1);
	f->distinct = sqlite3_column_int64(row, 2);
	f->repeated = sqlite3_column_int64(row, 3);
	f->sizes = (struct cf_sizes){sqlite3_column_int64(row, 4), sqlite3_column_int64(row, 5),
		sqlite3_column_int64(row, 6), sqlite3_column_int64(row, 7)};
	return 0;
}

static int add_edge(sqlite3_stmt *row, void *arg)
{
	struct rank *r = arg;
	struct function *callee = find(r, sqlite3_column_int64(row, 1)), *caller;
	int64_t ns = sqlite3_column_int64(row, 2), calls = sqlite3_column_int64(row, 3);

	if (!callee)
		return 0;
	callee->in_ns = sum(callee->in_ns, ns);
	caller = sqlite3_column_type(row, 0) == SQLITE_NULL ? NULL
							    : find(r, sqlite3_column_int64(row, 0));
	if (caller == callee)
		callee->recursive = true;
	if (!caller || caller == callee)
		return 0;
	cf_grow(&r->e, &r->cap_e, r->ne + 1, sizeof(*r->e));
	r->e[r->ne++] = (struct edge){
		.caller = (size_t)(caller - r->f),
		.callee = (size_t)(callee - r->f),
		.ns = ns,
		.per_call = calls && caller->calls ? (double)calls / (double)caller->calls : 0,
	};
	return 0;
}

static void add_caused(struct rank *r)
{
	for (size_t i = 0; i < r->ne; i++) {
		struct edge *e = r->e + i;
		struct function *caller = r->f + e->caller;
		const struct function *callee = r->f + e->callee;

		/*
		 * Where calls of an edge were not counted they are shared out by the time. Not for
		 * a function that calls itself: most of its calls are its own.
		 */
		if (!e->per_call && !callee->recursive && caller->calls && callee->in_ns)
			e->per_call = (double)callee->calls *
				      ((double)e->ns / (double)callee->in_ns) /
				      (double)caller->calls;
		if (e->per_call > 1)
			e->caused_ns = (double)e->ns * (1 - 1 / e->per_call);
		caller->caused_ns += e->caused_ns;
	}
}

static void add_potential(struct rank *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct function *f = r->f + i;

		f->potential_ns = (double)f->own_ns + f->caused_ns;
		/* Edges are sampled too: no function saves more than the time it was on the stack.
		 */
		if (f->total_ns >= f->own_ns && f->potential_ns > (double)f->total_ns)
			f->potential_ns = (double)f->total_ns;
		if (r->profiled_ns)
			f->share = f->potential_ns / (double)r->profiled_ns;
		if (f->share > 1)
			f->share = 1;
		if (r->few && f->timed_ns > f->potential_ns)
			f->potential_ns = f->timed_ns;
	}
}

static int by_potential(const void *a, const void *b)
{
	const struct function *x = *(struct function *const *)a, *y = *(struct function *const *)b;
	double sx = (double)x->calls * (double)x->middle_size;
	double sy = (double)y->calls * (double)y->middle_size;

	if (x->potential_ns != y->potential_ns)
		return x->potential_ns > y->potential_ns ? -1 : 1;
	if (sx != sy)
		return sx > sy ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static int by_caused(const void *a, const void *b)
{
	const struct edge *x = *(struct edge *const *)a, *y = *(struct edge *const *)b;

	if (x->caused_ns != y->caused_ns)
		return x->caused_ns > y->caused_ns ? -1 : 1;
	return x->ns != y->ns ? (x->ns > y->ns ? -1 : 1) : x->callee < y->callee ? -1 : 1;
}

static int load(struct rank *r)
{
	if (trace_functions(r->t, add_function, r) != 0 ||
		trace_query(r->t,
			"SELECT function, count(*), cast(total(iif(seen > 1, weight, 1)) AS INTEGER),"
			/* of the calls whose time is known, which are the long ones */
			" total(1.0 * duration_ns * weight), cast(avg(size) AS INTEGER)"
			" FROM call JOIN value v ON v.id = value GROUP BY function",
			add_calls, r) < 0 ||
		trace_query(r->t,
			"SELECT function, sampled, inputs, repeated, size_min, size_median, size_p90,"
			" size_max FROM distribution",
			add_distribution, r) < 0 ||
		trace_query(r->t, "SELECT caller, callee, ns, calls FROM edge", add_edge, r) < 0)
		return -1;
	r->few = r->samples < FEW_SAMPLES || !r->profiled_ns;
	add_caused(r);
	add_potential(r);
	return 0;
}

static int line_row(sqlite3_stmt *row, void *arg)
{
	json_array_append_new(
		arg, json_pack("{s:I, s:I}", "line", (json_int_t)sqlite3_column_int64(row, 0), "ns",
			     (json_int_t)sqlite3_column_int64(row, 1)));
	return 0;
}

static int name_row(sqlite3_stmt *row, void *arg)
{
	const char *name = (const char *)sqlite3_column_text(row, 0);

	if (name)
		json_array_append_new(arg, cf_json_text(name, strlen(name)));
	return 0;
}

/* The rows of a query about one function as an array; NULL after cf_error. Returns new. */
static json_t *rows(
	struct trace *t, const char *sql, int64_t function, int (*fn)(sqlite3_stmt *, void *))
{
	cf_autofree char *text = cf_asprintf(sql, (long long)function);
	json_t *array = json_array();

	if (trace_query(t, text, fn, array) < 0) {
		json_decref(array);
		return NULL;
	}
	return array;
}

struct weighed {
	int64_t *size, *weight;
	size_t n, cap_size, cap_weight;
};

static int weighed_row(sqlite3_stmt *row, void *arg)
{
	struct weighed *w = arg;

	cf_grow(&w->size, &w->cap_size, w->n + 1, sizeof(*w->size));
	cf_grow(&w->weight, &w->cap_weight, w->n + 1, sizeof(*w->weight));
	w->size[w->n] = sqlite3_column_int64(row, 0);
	w->weight[w->n++] = sqlite3_column_int64(row, 1);
	return 0;
}

/* Of the inputs kept of a function that has some; -1 after cf_error. */
static int kept_sizes(struct rank *r, const struct function *f, struct cf_sizes *sizes)
{
	cf_autofree char *sql = cf_asprintf("SELECT size, weight FROM call JOIN value v ON v.id = value"
					    " WHERE function = %lld ORDER BY size",
		(long long)f->id);
	struct weighed w = {0};
	int ret = trace_query(r->t, sql, weighed_row, &w);

	if (ret == 0 && w.n)
		*sizes = cf_sizes_of(w.size, w.weight, w.n);
	free(w.size);
	free(w.weight);
	return ret;
}

static json_t *sizes_json(const struct cf_sizes *s)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "min", (json_int_t)s->min, "median",
		(json_int_t)s->median, "p90", (json_int_t)s->p90, "max", (json_int_t)s->max);
}

/* The function's callees by the time it causes in them. Returns new. */
static json_t *callees(
	struct rank *r, const struct function *f, char **first, double *first_per_call)
{
	json_t *array = json_array();
	cf_autofree const struct edge **v = cf_calloc(r->ne, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < r->ne; i++)
		if (r->f + r->e[i].caller == f)
			v[n++] = r->e + i;
	qsort(v, n, sizeof(*v), by_caused);
	for (size_t i = 0; i < n && i < CALLEES; i++) {
		struct trace_function callee;
		json_t *per_call = v[i]->per_call > 0 ? json_real(v[i]->per_call) : json_null();

		if (trace_function_get(r->t, r->f[v[i]->callee].id, &callee) <= 0) {
			json_decref(per_call);
			continue;
		}
		if (!i && v[i]->caused_ns > 0) {
			*first = cf_strdup(callee.qualname);
			*first_per_call = v[i]->per_call;
		}
		json_array_append_new(
			array, json_pack("{s:o, s:I, s:o}", "name",
				       cf_json_text(callee.qualname, strlen(callee.qualname)), "ns",
				       (json_int_t)v[i]->ns, "calls_per_call", per_call));
		trace_function_release(&callee);
	}
	return array;
}

static double seconds(double ns)
{
	return ns / 1e9;
}

/* n of the function's calls as a share of them. */
static double share_of_calls(const struct function *f, int64_t n)
{
	return n <= 0 || f->calls <= 0 ? 0 : n < f->calls ? (double)n / (double)f->calls : 1;
}

static json_t *sentence(
	const struct rank *r, const struct function *f, const char *callee, double per_call)
{
	struct cf_buf b cf_autobuf = CF_BUF_INIT;

	if (r->few)
		cf_buf_addf(&b, "The run was short (%lld samples), so its times are rough. ",
			(long long)r->samples);
	if (!f->own_ns && f->timed_ns > 0) {
		cf_buf_addf(&b, "%lld call%s, %.3f s of which is known",
			(long long)f->calls, f->calls == 1 ? "" : "s", seconds(f->timed_ns));
	} else if (!f->own_ns) {
		cf_buf_addf(&b, "%lld call%s, never seen running", (long long)f->calls,
			f->calls == 1 ? "" : "s");
	} else {
		cf_buf_addf(&b, "%.1f%% of the profiled time: %.3f s of its own in %lld call%s",
			100 * f->share, seconds((double)f->own_ns), (long long)f->calls,
			f->calls == 1 ? "" : "s");
	}
	if (callee)
		cf_buf_addf(&b, ", and %.3f s that it causes, most by calling %s %.1f times a call",
			seconds(f->caused_ns), callee, per_call);
	if (f->repeated > 0)
		cf_buf_addf(&b, "; %s%.1f%% of the calls had inputs that came before",
			f->sampled < f->calls ? "at least " : "",
			100 * share_of_calls(f, f->repeated));
	cf_buf_addc(&b, '.');
	return cf_json_text(b.data, b.len);
}

/* The function's part of the record that says why; NULL after cf_error. Returns new. */
static json_t *why(struct rank *r, const struct function *f, const struct cf_sizes *kept)
{
	json_auto_t *lines = rows(r->t,
		"SELECT line, ns FROM line WHERE function = %lld ORDER BY ns DESC, line LIMIT 10",
		f->id, line_row);
	cf_autofree char *first = NULL;
	double per_call = 0;
	json_t *o, *names;

	if (!lines)
		return NULL;
	names = callees(r, f, &first, &per_call);
	o = json_pack("{s:I, s:I, s:o, s:f, s:I, s:I, s:f, s:o, s:o, s:O, s:o}", "own_ns",
		(json_int_t)f->own_ns, "caused_ns", (json_int_t)whole(f->caused_ns), "callees", names,
		"repetition", share_of_calls(f, f->repeated), "distinct", (json_int_t)f->distinct,
		"sampled", (json_int_t)f->sampled, "covered", share_of_calls(f, f->covered), "sizes",
		f->sampled ? sizes_json(&f->sizes) : json_null(), "kept_sizes", sizes_json(kept),
		"hot_lines", lines, "text", sentence(r, f, first, per_call));
	if (r->few)
		json_object_set_new(o, "note", json_string("too few samples"));
	return o;
}

static json_t *nullable(const char *s)
{
	return s ? cf_json_text(s, strlen(s)) : json_null();
}

/* The target record; NULL after cf_error. Returns new. */
static json_t *target(
	struct rank *r, const struct function *f, const struct trace_function *tf, const char *id,
	const struct cf_sizes *kept)
{
	json_t *o = cf_stream_record("target"), *because = why(r, f, kept);
	json_t *tests = rows(r->t,
		"SELECT name FROM test JOIN test_function ON test = test.id WHERE function = %lld"
		" ORDER BY name LIMIT 100",
		f->id, name_row);
	const struct {
		const char *key;
		json_t *value;
	} fields[] = {
		{"id", json_string(id)},
		{"trace", nullable(r->t->path)},
		{"project_root", nullable(r->t->project_root)},
		{"language", nullable(r->t->language)},
		{"function", json_integer(f->id)},
		{"file", nullable(tf->file)},
		{"name", nullable(tf->qualname)},
		{"class", nullable(tf->class_name)},
		{"kind", nullable(tf->kind)},
		{"module", nullable(tf->module)},
		{"line", json_integer(tf->line)},
		{"end_line", json_integer(tf->end_line)},
		{"source_sha256", nullable(tf->source_sha256)},
		{"share", json_real(f->share)},
		{"own_ns", json_integer(f->own_ns)},
		{"total_ns", json_integer(f->total_ns)},
		{"calls", json_integer(f->calls)},
		{"potential_ns", json_integer((json_int_t)whole(f->potential_ns))},
		{"why", because},
		{"tests", tests},
		{"captured", json_integer(f->kept)},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		json_object_set_new(o, fields[i].key, fields[i].value);
	if (!because || !tests) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* Which functions are no targets, and why: for the line that says so. */
struct left_out {
	size_t tests, not_replayable, not_captured, small, beyond, other_name;
};

static void print_left_out(const struct rank *r, size_t emitted, const struct left_out *l)
{
	const struct {
		size_t n;
		const char *what;
	} parts[] = {
		{l->tests, "test code"},
		{l->not_replayable, "cannot be replayed"},
		{l->not_captured, "never captured"},
		{l->small, "below --min-share"},
		{l->beyond, "beyond --top or of another --shard"},
		{l->other_name, "not --function"},
	};
	size_t functions = r->n - r->modules;
	struct cf_buf b cf_autobuf = CF_BUF_INIT;

	cf_buf_addf(&b, "%zu target%s of %zu function%s", emitted, emitted == 1 ? "" : "s",
		functions, functions == 1 ? "" : "s");
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i].n)
			cf_buf_addf(&b, ", %zu %s", parts[i].n, parts[i].what);
	if (r->few && r->n)
		cf_buf_addf(&b,
			"; only %lld samples, so their order is rough and --min-share not applied",
			(long long)r->samples);
	cf_warn("%s", b.data);
}

static void print_name(const struct trace_function *tf)
{
	for (const char *names[] = {tf->file, ":", tf->qualname, NULL}, **s = names; *s; s++)
		for (const char *p = *s; *p; p++)
			fputc((unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p, stderr);
	fputc('\n', stderr);
}

static void print_row(const struct function *f, const struct trace_function *tf, size_t rank)
{
	if (rank == 1)
		fprintf(stderr,
			"   #   share      own      total        calls  repeats  function\n");
	fprintf(stderr, "%4zu  %5.1f%%  %6.3f s  %7.3f s  %11lld  %6.0f%%  ", rank, 100 * f->share,
		seconds((double)f->own_ns), seconds((double)f->total_ns), (long long)f->calls,
		100 * share_of_calls(f, f->repeated));
	print_name(tf);
}

static const char *short_size(int64_t bytes, char to[8])
{
	static const char unit[] = "BkMGTPE";
	double x = (double)bytes;
	size_t i = 0;

	for (; x >= 999.5 && unit[i + 1]; i++)
		x /= 1000;
	snprintf(to, 8, "%.*f%c", i && x < 9.95, x, unit[i]);
	return to;
}

static void print_sizes(const struct cf_sizes *s)
{
	char min[8], median[8], p90[8], max[8];

	fprintf(stderr, "  %4s %4s %4s %4s", short_size(s->min, min), short_size(s->median, median),
		short_size(s->p90, p90), short_size(s->max, max));
}

static void print_inputs(const struct function *f, const struct trace_function *tf,
	const struct cf_sizes *kept, size_t rank)
{
	if (rank == 1)
		fprintf(stderr,
			"%75s  %19s\n"
			"   #       calls  sampled  inputs repeats  kept  covers"
			"   min half  90%%  max   min half  90%%  max  function\n",
			"size in the run", "of those kept");
	fprintf(stderr, "%4zu %11lld %8lld %7lld %6.1f%% %5lld %6.1f%%", rank,
		(long long)f->calls, (long long)f->sampled, (long long)f->distinct,
		100 * share_of_calls(f, f->repeated), (long long)f->kept,
		100 * share_of_calls(f, f->covered));
	print_sizes(&f->sizes);
	print_sizes(kept);
	fputs("  ", stderr);
	print_name(tf);
}

/* 1 emitted, 0 not one of --shard or --function, -1 after cf_error. */
static int emit(struct rank *r, const struct function *f, size_t rank)
{
	struct trace_function tf;
	struct cf_sizes kept = {0};
	char id[65];
	int ret;

	if (kept_sizes(r, f, &kept) < 0 || trace_function_get(r->t, f->id, &tf) <= 0)
		return -1;
	candidate_target_id(&tf, id);
	ret = cf_shard_owns(r->o->shard, id);
	if (ret) {
		json_auto_t *o = target(r, f, &tf, id, &kept);

		ret = o ? 1 : -1;
		if (o)
			cf_stream_write(o);
		if (o && r->o->inputs)
			print_inputs(f, &tf, &kept, rank);
		else if (o && r->o->table)
			print_row(f, &tf, rank);
	}
	trace_function_release(&tf);
	return ret;
}

static int wanted(struct rank *r, const struct function *f, struct left_out *l)
{
	if (f->is_module) /* its time counts for its callees and for the whole; it is no function */
		return 0;
	if (r->o->function) {
		struct trace_function tf;
		bool named;

		if (trace_function_get(r->t, f->id, &tf) <= 0)
			return -1;
		named = trace_function_is_named(&tf, r->o->function);
		trace_function_release(&tf);
		if (!named)
			return l->other_name++, 0;
	}
	if (f->is_test)
		return l->tests++, 0;
	if (!f->replayable)
		return l->not_replayable++, 0;
	if (!f->kept)
		return l->not_captured++, 0;
	if (!r->few && !r->o->function && f->share < r->o->min_share)
		return l->small++, 0;
	return 1;
}

static int rank_trace(struct rank *r)
{
	struct left_out left = {0};
	cf_autofree struct function **v = NULL;
	size_t n = 0, emitted = 0;
	int ok = 0;

	if (load(r) < 0)
		return -1;
	v = cf_calloc(r->n, sizeof(*v));
	for (size_t i = 0; i < r->n && ok >= 0; i++) {
		ok = wanted(r, r->f + i, &left);
		if (ok > 0)
			v[n++] = r->f + i;
	}
	qsort(v, n, sizeof(*v), by_potential);
	for (size_t i = 0; i < n && i < (size_t)r->o->top && ok >= 0; i++) {
		ok = emit(r, v[i], i + 1);
		emitted += ok > 0;
	}
	if (ok < 0)
		return -1;
	left.beyond = n - emitted;
	if (!r->o->quiet)
		print_left_out(r, emitted, &left);
	return 0;
}

int rank_record(const struct cf_record *record, void *arg, enum cf_exit *status)
{
	struct rank_opts *o = arg;
	const char *path = cf_json_str(record->json, "trace");
	const char *root = cf_json_str(record->json, "project_root");
	cf_autofree char *abs = NULL;
	struct trace t;
	struct rank r = {.t = &t, .o = o};
	int ret;

	if (strcmp(record->kind, "trace"))
		return 0;
	if (!path)
		return cf_error(
			"%s:%zu: a trace record without its trace", record->source, record->number);
	abs = root ? cf_path_join(root, path) : cf_strdup(path);
	if (json_object_get(o->seen, abs))
		return 0;
	json_object_set_new(o->seen, abs, json_true());
	if (trace_open(&t, abs, false) < 0)
		return -1;
	/* The trace's own line comes first, and now: what follows may take a while. */
	cf_stream_pass(record);
	ret = rank_trace(&r);
	if (ret < 0)
		*status = CF_USAGE;
	trace_release(&t);
	free(r.f);
	free(r.e);
	return 1;
}
