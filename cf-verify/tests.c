/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The project's tests. Their trace has calls of a target that the recorded program did not make;
 * those are judged like all calls, in verify.c. And it says which tests reach the target: these run
 * again, with the original and with the candidate, and must end alike.
 */
#include "cf-verify/tests.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/cborread.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/lock.h"
#include "lib/mem.h"
#include "lib/process.h"

#define MAX_FRAME (1u << 20)
/* Of a test whose duration is not known. */
#define SOME_NS 1000000000
/* What starting the runtime and collecting the tests may take, and how much longer than with the
 * original they may take with a candidate before they are taken to hang. */
#define STARTUP_S 30
#define PATIENCE 10
/* Names in a note. */
#define NAMED 3

/* --- their trace ------------------------------------------------------------------------------------- */

struct suite {
	char *root, *path;
	struct trace trace;
	bool open, tried;
	bool said; /* on the command line, which wins */
};

static struct suite *suites;
static size_t n_suites, cap_suites;

static void remember(const char *root, const char *path, bool said)
{
	struct suite *s = NULL;

	for (size_t i = 0; i < n_suites && !s; i++)
		if (!strcmp(suites[i].root, root))
			s = &suites[i];
	if (s && ((s->said && !said) || !strcmp(s->path, path)))
		return;
	if (!s) {
		cf_grow(&suites, &cap_suites, n_suites + 1, sizeof(*suites));
		s = &suites[n_suites++];
		*s = (struct suite){.root = cf_strdup(root)};
	}
	if (s->open)
		trace_release(&s->trace);
	free(s->path);
	s->path = cf_strdup(path);
	s->open = s->tried = false;
	s->said = said;
}

void tests_note(const json_t *record)
{
	const char *root = cf_json_str(record, "project_root"), *path = cf_json_str(record, "trace");

	if (root && root[0] == '/' && path) {
		cf_autofree char *abs = cf_path_join(root, path);

		remember(root, abs, false);
	}
}

int tests_use(const char *path)
{
	struct trace t;

	if (trace_open(&t, path, false) < 0)
		return -1;
	remember(t.project_root, t.path, true);
	trace_release(&t);
	return 0;
}

static struct suite *suite_of(const char *root)
{
	for (size_t i = 0; i < n_suites; i++) {
		struct suite *s = &suites[i];

		if (strcmp(s->root, root))
			continue;
		if (!s->tried)
			s->open = trace_open(&s->trace, s->path, false) == 0;
		s->tried = true;
		return s->open ? s : NULL;
	}
	return NULL;
}

json_t *tests_target(const struct original *of, const json_t *target)
{
	const struct trace_function *f = &of->function;
	struct suite *s = of->project_root ? suite_of(of->project_root) : NULL;
	int64_t id = s && f->source_sha256
		? trace_function_find(&s->trace, f->file, f->qualname, f->source_sha256)
		: 0;
	json_t *other;

	if (id <= 0)
		return NULL;
	other = json_copy((json_t *)target);
	/* where the recorded run was one of the tests, it is the same function to the letter */
	if (!strcmp(s->trace.path, of->trace.path))
		return other;
	json_object_set_new(other, "trace", json_string(s->trace.path));
	json_object_set_new(other, "function", json_integer((json_int_t)id));
	return other;
}

/* --- running them -------------------------------------------------------------------------------------- */

/* One run of some tests: their outcomes in the order of the names, NULL for one that has none. */
struct tests_run {
	char nonce[33]; /* in every frame: what the code under test writes to descriptors lacks it */
	json_t *names; /* array of texts; borrowed */
	char **outcomes, **why;
	int running;   /* the one that had begun and not ended; -1: none */
	bool ended;    /* it came to its end, whatever of them did */
	bool timeout;
	char *error;   /* it did not, or could not begin */
	enum sandbox_kind kind;
	double took_s;
};

static void tests_run_release(struct tests_run *r)
{
	for (size_t i = 0; r->outcomes && i < json_array_size(r->names); i++) {
		free(r->outcomes[i]);
		free(r->why[i]);
	}
	free(r->outcomes);
	free(r->why);
	free(r->error);
	*r = (struct tests_run){0};
}

struct frame {
	bool end;
	struct cbor_item error, test, outcome, why, nonce; /* data NULL: not there */
};

static int read_frame(const char *data, size_t n, struct frame *f)
{
	struct cborread r = {(const unsigned char *)data, n, 0};
	struct cbor_item map, key, v;

	*f = (struct frame){0};
	if (cborread_next(&r, &map) != 1 || map.kind != CBOR_MAP || map.n > 16)
		return -1;
	for (size_t i = 0; i < map.n; i++) {
		if (cborread_next(&r, &key) != 1 || key.kind != CBOR_TEXT || cborread_next(&r, &v) != 1)
			return -1;
		if (cbor_is_text(&key, "end") && v.kind == CBOR_UINT)
			f->end = true;
		else if (v.kind != CBOR_TEXT)
			return -1;
		else if (cbor_is_text(&key, "error"))
			f->error = v;
		else if (cbor_is_text(&key, "test"))
			f->test = v;
		else if (cbor_is_text(&key, "outcome"))
			f->outcome = v;
		else if (cbor_is_text(&key, "why"))
			f->why = v;
		else if (cbor_is_text(&key, "nonce"))
			f->nonce = v;
	}
	return r.at == r.n ? 0 : -1;
}

static char *text_of(const struct cbor_item *item)
{
	return item->data ? cf_strndup(item->data, item->n < 300 ? item->n : 300) : NULL;
}

static int trouble(struct tests_run *r, char *text)
{
	free(r->error);
	r->error = text;
	return -1;
}

static int number_of(const struct tests_run *r, const struct cbor_item *name)
{
	json_t *one;
	size_t i;

	json_array_foreach (r->names, i, one)
		if (json_string_length(one) == name->n &&
			!memcmp(json_string_value(one), name->data, name->n))
			return (int)i;
	return -1;
}

/* -1 when no more are wanted. */
static int take_frame(struct tests_run *r, const char *data, size_t n)
{
	struct frame f;
	int i;

	if (read_frame(data, n, &f) < 0 || !f.nonce.data || !cbor_is_text(&f.nonce, r->nonce))
		return trouble(r, cf_strdup("the worker sent what is not a frame"));
	if (f.error.data)
		return trouble(r, text_of(&f.error));
	if (f.end) {
		r->ended = true;
		return -1;
	}
	i = f.test.data ? number_of(r, &f.test) : -1;
	if (i < 0)
		return trouble(r, cf_strdup("the worker told of a test that it was not asked for"));
	r->running = f.outcome.data ? -1 : i;
	if (!f.outcome.data)
		return 0;
	free(r->outcomes[i]);
	free(r->why[i]);
	r->outcomes[i] = text_of(&f.outcome);
	r->why[i] = text_of(&f.why);
	return 0;
}

static int take_frames(struct tests_run *r, struct cf_buf *b)
{
	size_t at = 0, n;
	int whole;

	while ((whole = worker_frame(b, at, MAX_FRAME, &n))) {
		if (whole < 0)
			return trouble(r, cf_strdup("the worker sent what is not a frame"));
		if (take_frame(r, b->data + at + 4, n) < 0)
			return -1;
		at += 4 + n;
	}
	memmove(b->data, b->data + at, b->len - at);
	b->len -= at;
	return 0;
}

static void converse(
	struct tests_run *r, struct sandbox_child *c, struct cf_buf *err, double limit_s)
{
	uint64_t until = cf_now_ns() + (uint64_t)(limit_s * 1e9), now;
	struct pollfd fds[] = {{c->out, POLLIN, 0}, {c->err, POLLIN, 0}};
	cf_autobuf struct cf_buf in = CF_BUF_INIT;

	while ((now = cf_now_ns()) < until) {
		if (poll(fds, 2, (int)((until - now) / 1000000 + 1)) <= 0)
			continue;
		if (fds[1].revents && cf_buf_read(err, c->err) <= 0)
			fds[1].fd = -1;
		cf_buf_keep_tail(err, 4096);
		if (fds[0].revents && (cf_buf_read(&in, c->out) <= 0 || take_frames(r, &in) < 0))
			return;
	}
	r->timeout = true;
	trouble(r, cf_asprintf("did not end within %.0f s", limit_s));
}

static void died(struct tests_run *r, int status, struct cf_buf *err)
{
	const char *line = cf_buf_last_line(err);

	if (WIFSIGNALED(status))
		trouble(r, cf_asprintf("killed by signal %d (%s)", WTERMSIG(status),
				   strsignal(WTERMSIG(status))));
	else
		trouble(r, cf_asprintf("the process ended with status %d%s%.300s", WEXITSTATUS(status),
				   *line ? ": " : "", line));
}

static int draw_nonce(char nonce[33])
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return cf_error("no random numbers: %s", strerror(errno));
	for (int i = 0; i < 16; i++)
		sprintf(nonce + 2 * i, "%02x", bytes[i]);
	return 0;
}

/* Runs the tests with those files, NULL: with the original. 0 also when they end badly; -1 after
 * cf_error. */
static int run(const struct verify_opts *o, struct original *of, json_t *names, json_t *modules,
	const struct candidate_files *files, unsigned seed, double limit_s, struct tests_run *r)
{
	cf_autoclose int lock = cf_lock(false, original_waiting);
	json_auto_t *more = NULL;
	cf_autobuf struct cf_buf err = CF_BUF_INIT;
	size_t n = json_array_size(names);
	uint64_t start = cf_now_ns();
	struct sandbox_child c;
	int status;
	struct worker_job job = {
		.trace = &of->trace,
		.plugin = &of->plugin,
		.function = &of->function,
		.seed = seed,
		.call_timeout_s = o->call_timeout_s,
		.box = {.project_root = of->project_root, .files = files ? files->v : NULL,
			.nfiles = files ? files->n : 0, .hide = original_traces(),
			.allow_network = o->allow_network, .none = o->no_sandbox,
			.memory_max = (size_t)o->memory, .cpu_s = 64 * limit_s},
	};

	*r = (struct tests_run){.names = names, .running = -1};
	if (lock < 0 || draw_nonce(r->nonce) < 0)
		return -1;
	job.more = more = json_pack(
		"{s:O, s:O, s:s}", "tests", names, "modules", modules, "nonce", r->nonce);
	if (worker_start(&job, "runtests", &c) < 0)
		return -1;
	r->outcomes = cf_calloc(n + 1, sizeof(*r->outcomes));
	r->why = cf_calloc(n + 1, sizeof(*r->why));
	r->kind = c.kind;
	converse(r, &c, &err, limit_s);
	status = sandbox_end(&c);
	if (!r->ended && !r->error)
		died(r, status, &err);
	r->took_s = (double)(cf_now_ns() - start) / 1e9;
	return 0;
}

/* --- with the original ----------------------------------------------------------------------------------- */

/* The tests that reach a function, and how they end with the original. */
struct baseline {
	struct baseline *next;
	char *key;
	json_t *modules;  /* {module: file}, the function's */
	json_t *stable;   /* {name: outcome}, in the order in which they ran in the trace */
	json_t *unstable; /* array: those that do not end, or not always the same way */
	json_t *left;     /* array: those that would take too long, or are not found again */
	char *why;        /* they could not be run */
	double took_s;
};

static struct baseline *baselines;

void tests_release(void)
{
	for (struct baseline *b = baselines, *next; b; b = next) {
		next = b->next;
		json_decref(b->modules);
		json_decref(b->stable);
		json_decref(b->unstable);
		json_decref(b->left);
		free(b->key);
		free(b->why);
		free(b);
	}
	baselines = NULL;
	for (size_t i = 0; i < n_suites; i++) {
		if (suites[i].open)
			trace_release(&suites[i].trace);
		free(suites[i].root);
		free(suites[i].path);
	}
	free(suites);
	suites = NULL;
	n_suites = cap_suites = 0;
}

struct choosing {
	json_t *chosen, *left; /* arrays of [id, name] and of names */
	int64_t ns;            /* that may still be spent */
};

static int test_row(sqlite3_stmt *row, void *arg)
{
	struct choosing *c = arg;
	const char *name = (const char *)sqlite3_column_text(row, 1);
	int64_t ns = sqlite3_column_int64(row, 2);

	if (!name)
		return 0;
	if (ns > c->ns) {
		json_array_append_new(c->left, cf_json_text(name, strlen(name)));
		return 0;
	}
	c->ns -= ns;
	json_array_append_new(c->chosen,
		json_pack("[I, o]", (json_int_t)sqlite3_column_int64(row, 0), cf_json_text(name, strlen(name))));
	return 0;
}

static int by_id(const void *a, const void *b)
{
	json_int_t x = json_integer_value(json_array_get(*(json_t *const *)a, 0));
	json_int_t y = json_integer_value(json_array_get(*(json_t *const *)b, 0));

	return x < y ? -1 : x > y;
}

/* The names of those that run: as many as the time allows, the fastest, in the order of the trace. */
static json_t *choose(const struct verify_opts *o, struct original *of, json_t *left)
{
	json_auto_t *chosen = json_array();
	json_t *names = json_array();
	struct choosing c = {chosen, left, (int64_t)(o->tests_s * 1e9)};
	cf_autofree char *sql = cf_asprintf(
		"SELECT id, name, ifnull(duration_ns, %d) FROM test JOIN test_function ON test = id"
		" WHERE function = %lld AND outcome IS NOT NULL ORDER BY 3, 1",
		SOME_NS, (long long)of->function.id);
	size_t n;

	trace_query(&of->trace, sql, test_row, &c);
	n = json_array_size(chosen);
	cf_autofree json_t **sorted = cf_calloc(n + 1, sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		sorted[i] = json_array_get(chosen, i);
	qsort(sorted, n, sizeof(*sorted), by_id);
	for (size_t i = 0; i < n; i++)
		json_array_append(names, json_array_get(sorted[i], 1));
	return names;
}

static void find_out(const struct verify_opts *o, struct original *of, struct baseline *b)
{
	json_auto_t *names = choose(o, of, b->left);
	double limit = STARTUP_S + 3 * o->tests_s;
	struct tests_run one = {0}, two = {0};
	json_t *name;
	size_t i;

	limit = limit < o->timeout_s ? limit : o->timeout_s;
	json_object_set_new(b->modules, of->function.module, json_string(of->function.file));
	if (!json_array_size(names))
		return;
	/* another seed, so that what hangs on hashing shows */
	if (run(o, of, names, b->modules, NULL, SEED_A, limit, &one) < 0 ||
		run(o, of, names, b->modules, NULL, SEED_B, limit, &two) < 0) {
		b->why = cf_strdup("they could not be run");
	} else if ((one.error && !one.timeout) || (two.error && !two.timeout)) {
		b->why = cf_strdup(one.error && !one.timeout ? one.error : two.error);
	} else {
		b->took_s = one.took_s > two.took_s ? one.took_s : two.took_s;
		json_array_foreach (names, i, name) {
			const char *first = one.outcomes[i], *second = two.outcomes[i];

			if ((!first && one.timeout) || (!second && two.timeout) ||
				(first && !strcmp(first, "not found")))
				json_array_append(b->left, name);
			else if (!first || !second || strcmp(first, second) || !strcmp(first, "not run"))
				json_array_append(b->unstable, name);
			else
				json_object_set_new(b->stable, json_string_value(name),
					cf_json_text(first, strlen(first)));
		}
	}
	tests_run_release(&one);
	tests_run_release(&two);
}

static struct baseline *baseline_of(const struct verify_opts *o, const json_t *target)
{
	const char *root = cf_json_str(target, "project_root"), *trace = cf_json_str(target, "trace");
	cf_autofree char *key =
		cf_asprintf("%lld\n%s\n%s", (long long)cf_json_int(target, "function", -1), root, trace);
	struct baseline *b = baselines;
	struct original *of;

	while (b && strcmp(b->key, key))
		b = b->next;
	if (b)
		return b;
	b = cf_calloc(1, sizeof(*b));
	*b = (struct baseline){.next = baselines, .key = cf_steal(&key),
		.modules = json_object(), .stable = json_object(), .unstable = json_array(), .left = json_array()};
	baselines = b;
	of = original_of(o, target);
	if (o->tests_s > 0 && !of->why &&
		json_object_get(json_object_get(of->plugin.manifest, "verbs"), "runtests"))
		find_out(o, of, b);
	return b;
}

void tests_prepare(const struct verify_opts *o, const json_t *target)
{
	baseline_of(o, target);
}

/* --- with a candidate ---------------------------------------------------------------------------------- */

void tests_answer_release(struct tests_answer *a)
{
	json_decref(a->notes);
	free(a->reason);
	free(a->name);
	free(a->original);
	free(a->candidate);
	*a = (struct tests_answer){0};
}

/* "3 tests <what>: a, b and 1 more" */
static void note_names(struct tests_answer *a, const json_t *names, const char *what)
{
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	size_t n = json_object_size(names), i = 0;
	const char *name;
	json_t *value;

	if (!n)
		return;
	cf_buf_addf(&b, "%zu test%s %s:", n, n == 1 ? "" : "s", what);
	json_object_foreach ((json_t *)names, name, value)
		if (i++ < NAMED)
			cf_buf_addf(&b, "%s %s", i > 1 ? "," : "", name);
	if (n > NAMED)
		cf_buf_addf(&b, " and %zu more", n - NAMED);
	json_array_append_new(a->notes, cf_json_text(b.data, b.len));
}

static void add_names(json_t *to, const json_t *names)
{
	json_t *name;
	size_t i;

	json_array_foreach ((json_t *)names, i, name)
		json_object_set_new(to, json_string_value(name), json_true());
}

/* A test that several targets have ends with the original as it ends with each of them. */
static void add_stable(json_t *expected, json_t *unstable, const json_t *stable)
{
	const char *name;
	json_t *outcome;

	json_object_foreach ((json_t *)stable, name, outcome) {
		json_t *had = json_object_get(expected, name);

		if (had && !json_equal(had, outcome))
			json_object_set_new(unstable, name, json_true());
		json_object_set(expected, name, outcome);
	}
}

static void __attribute__((format(printf, 3, 4))) refuse(
	struct tests_answer *a, const char *answer, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&a->reason, fmt, args) < 0)
		abort();
	va_end(args);
	a->answer = answer;
}

static void differs(struct tests_answer *a, const char *name, const char *original,
	const char *candidate, const char *why)
{
	a->name = cf_strdup(name);
	a->original = cf_strdup(original);
	a->candidate = cf_strdup(candidate);
	refuse(a, "different", "test %s: %s != %s%s%s%s", name, original, candidate, why ? " (" : "",
		why ? why : "", why ? ")" : "");
}

static void hold_against(struct tests_answer *a, const json_t *expected, const struct tests_run *r)
{
	const char *missing = NULL, *answer = r->timeout ? "timeout" : "error";
	json_t *one;
	size_t i;

	json_array_foreach (r->names, i, one) {
		const char *name = json_string_value(one), *was = cf_json_str(expected, name);

		if (!r->outcomes[i]) {
			/* the one that it was in, where that is known */
			missing = !missing || r->running == (int)i ? name : missing;
		} else if (strcmp(r->outcomes[i], was)) {
			differs(a, name, was, r->outcomes[i], r->why[i]);
			return;
		} else {
			a->compared++;
		}
	}
	if (missing && r->error)
		refuse(a, answer, "test %s: %s", missing, r->error);
	else if (missing)
		differs(a, missing, cf_json_str(expected, missing), "not run", NULL);
	else if (r->error)
		refuse(a, answer, "after the last test: %s", r->error);
}

void tests_judge(const struct verify_opts *o, const json_t *targets,
	const struct candidate_files *files, struct tests_answer *a)
{
	json_auto_t *expected = json_object(), *unstable = json_object(), *left = json_object();
	json_auto_t *names = json_array(), *modules = json_object();
	double took = 0, limit;
	const char *name;
	struct tests_run r;
	json_t *target, *value, *some = NULL; /* one that has tests: all have them from the same trace */
	size_t i;

	*a = (struct tests_answer){.notes = json_array()};
	json_array_foreach ((json_t *)targets, i, target) {
		const struct baseline *b = baseline_of(o, target);

		if (!some && json_object_size(b->stable))
			some = target;
		add_names(left, b->left);
		add_names(unstable, b->unstable);
		add_stable(expected, unstable, b->stable);
		took += b->took_s;
		json_object_update(modules, b->modules);
		if (b->why)
			json_array_append_new(a->notes,
				json_sprintf("the tests that reach %s were not run: %s",
					cf_json_str(target, "name"), b->why));
	}
	json_object_foreach (unstable, name, value)
		json_object_del(expected, name);
	json_object_foreach (expected, name, value)
		json_array_append_new(names, json_string(name));
	a->unstable = (int)json_object_size(unstable);
	a->not_run = (int)json_object_size(left);
	note_names(a, unstable, "that do not always end the same way were not compared");
	note_names(a, left, "that reach it were not run");
	if (!json_array_size(names))
		return;
	limit = STARTUP_S + PATIENCE * took;
	limit = limit < o->timeout_s ? limit : o->timeout_s;
	if (run(o, original_of(o, some), names, modules, files, SEED_A, limit, &r) < 0) {
		refuse(a, "unverified", "the tests that reach it could not be run with it");
		return;
	}
	a->ran = true;
	a->kind = r.kind;
	hold_against(a, expected, &r);
	tests_run_release(&r);
}
