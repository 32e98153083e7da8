/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding out what the original does on its recorded calls. Helper processes take one group of
 * functions after another and send a message for each function; this process alone writes to the trace, and never
 * waits while it does, because the helpers read the same file.
 */
#include "cf-replaygen/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"
#include "lib/worker.h"

#define MASK_MAX 64
#define FLUSH_NS 1000000000ull
#define FLUSH_BYTES ((size_t)8 << 20)
/* Of one worker: functions, their calls, and bytes of their inputs, of which it holds several copies. */
#define GROUP_MAX 64
#define GROUP_CALLS 1000
#define GROUP_BYTES (4 << 20)

/* Two runs in which nothing that hangs on the seed is the same. */
static const unsigned seeds[2] = {1, 20011};

enum state { DROPPED, STABLE, UNSTABLE };

/* A message is this, then for each call a struct answer and its bytes. */
struct message {
	uint64_t size;	   /* of all of it */
	uint32_t function; /* index */
	uint32_t ncalls;
	int32_t kind;
	int32_t failed; /* the machinery, not the code under test: nothing else follows */
};

struct answer {
	int64_t call;
	uint32_t state, raises;
	uint32_t input, data, mask, reason; /* lengths of what follows, in this order */
};

/* Functions of one module, side by side in the caller's list: one worker runs them. */
struct run_group {
	size_t first, n;
	int64_t calls, bytes, own_ns; /* of all of them */
};

/* --- in a helper
 * ----------------------------------------------------------------------------------- */

struct helper {
	const struct trace *t; /* for its path only: a connection does not survive fork */
	const struct cf_plugin *plugin;
	const int64_t *functions;
	const struct run_group *groups;
	size_t ngroups;
	const struct run_opts *o;
	atomic_size_t *next; /* shared: the next group to be taken */
	uint64_t deadline; /* 0: none */
	int fd;
};

static void add_answer(struct cf_buf *b, struct answer a, const char *input, const char *data,
	const char *mask, const char *reason)
{
	a.input = input ? (uint32_t)strlen(input) : 0;
	a.mask = mask ? (uint32_t)strlen(mask) : 0;
	a.reason = reason ? (uint32_t)strlen(reason) : 0;
	cf_buf_add(b, &a, sizeof(a));
	cf_buf_add(b, input ? input : "", a.input);
	cf_buf_add(b, data ? data : "", a.data);
	cf_buf_add(b, mask ? mask : "", a.mask);
	cf_buf_add(b, reason ? reason : "", a.reason);
}

static void add_dropped(struct cf_buf *b, int64_t call, const char *reason)
{
	add_answer(b, (struct answer){.call = call, .state = DROPPED}, NULL, NULL, NULL, reason);
}

/* Compares two runs of a call that both have an outcome. Returns the mask, new, NULL if they agree.
 */
static json_t *differences(
	const struct worker_outcome *a, const struct worker_outcome *b, const struct value *va)
{
	const struct value_rules rules = VALUE_RULES_DEFAULT;
	const char *why;
	struct value *vb;
	json_t *mask = NULL;

	if (a->n == b->n && !memcmp(a->data, b->data, a->n))
		return NULL;
	vb = value_decode(b->data, b->n, &why);
	if (!vb)
		return json_pack("[s]", "");
	if (value_compare(va, vb, &rules, NULL, NULL) != VALUE_EQUAL)
		mask = value_differences(va, vb, &rules, MASK_MAX);
	value_free(vb);
	return mask;
}

static void add_outcome(struct cf_buf *b, const struct worker_outcome *first,
	const struct worker_outcome *second, const struct value *v)
{
	json_auto_t *mask = differences(first, second, v);
	cf_autofree char *text = mask ? json_dumps(mask, JSON_COMPACT) : NULL;
	uLongf n = compressBound(first->n);
	cf_autofree Bytef *packed = cf_malloc(n);

	if (compress2(packed, &n, (const Bytef *)first->data, first->n, 1) != Z_OK) {
		add_dropped(b, first->call, "its outcome is too large");
		return;
	}
	add_answer(b,
		(struct answer){
			.call = first->call,
			.state = mask ? UNSTABLE : STABLE,
			.raises = !strcmp(value_outcome(v), "raise"),
			.data = (uint32_t)n,
		},
		first->input, (const char *)packed, text, NULL);
}

static void add_call(
	struct cf_buf *b, const struct worker_outcome *first, const struct worker_outcome *second)
{
	const char *bad = NULL, *kind, *reason;
	struct value *v;

	if (!first->data || !second->data) {
		const struct worker_outcome *missing = first->data ? second : first;

		add_dropped(b, first->call, missing->why ? missing->why : "gave no outcome");
		return;
	}
	v = value_decode(first->data, first->n, &bad);
	kind = v ? value_outcome(v) : NULL;
	if (!kind) {
		cf_autofree char *text =
			cf_asprintf("its outcome cannot be read: %s", bad ? bad : "not one");

		add_dropped(b, first->call, text);
	} else if (!strcmp(kind, "skip")) {
		reason = value_outcome_text(v, "reason");
		add_dropped(b, first->call, reason ? reason : "cannot be judged");
	} else {
		add_outcome(b, first, second, v);
	}
	value_free(v);
}

/* The functions [first, first + n) with their calls: what one worker is given. */
struct batch {
	struct trace_function *functions;
	int *ncalls; /* of each */
	struct trace_call *calls;
	int n, total;
};

static void batch_release(struct batch *b)
{
	for (int i = 0; i < b->n; i++)
		trace_function_release(&b->functions[i]);
	trace_calls_free(b->calls, b->total);
	free(b->functions);
	free(b->ncalls);
}

static int batch_load(struct batch *b, const struct helper *h, struct trace *t,
	const struct run_group *g)
{
	size_t cap = 0;

	*b = (struct batch){.functions = cf_calloc(g->n, sizeof(*b->functions)),
		.ncalls = cf_calloc(g->n, sizeof(*b->ncalls))};
	for (size_t i = 0; i < g->n; i++) {
		struct trace_function *f = b->functions + b->n;
		struct trace_call *calls;

		if (trace_function_get(t, h->functions[g->first + i], f) <= 0)
			return -1;
		b->n++;
		if (trace_calls(t, f->id, (int)h->o->max_calls, &calls, &b->ncalls[i]) < 0)
			return -1;
		cf_grow(&b->calls, &cap, (size_t)(b->total + b->ncalls[i]) + 1, sizeof(*calls));
		if (b->ncalls[i])
			memcpy(b->calls + b->total, calls, (size_t)b->ncalls[i] * sizeof(*calls));
		b->total += b->ncalls[i];
		free(calls); /* the blobs are the batch's now */
	}
	return 0;
}

/* A message for each function, from two runs of all of them; r is NULL where there was no time for any. */
static void add_messages(struct cf_buf *out, const struct batch *b, size_t first,
	const struct worker_result *r)
{
	int at = 0;

	for (int i = 0; i < b->n; i++) {
		struct message m = {.function = (uint32_t)(first + (size_t)i),
			.ncalls = (uint32_t)b->ncalls[i],
			.kind = r ? (int32_t)r[0].kind : SANDBOX_OVERLAY};
		size_t start = out->len;

		cf_buf_add(out, &m, sizeof(m));
		for (int k = 0; k < b->ncalls[i]; k++, at++) {
			if (r)
				add_call(out, &r[0].outcomes[at], &r[1].outcomes[at]);
			else
				add_dropped(out, b->calls[at].id, "the budget was spent");
		}
		m.size = out->len - start;
		memcpy(out->data + start, &m, sizeof(m));
	}
}

static int run_group(
	const struct helper *h, struct trace *t, const struct run_group *g, struct cf_buf *out)
{
	struct worker_result r[2] = {{0}, {0}};
	bool late = h->deadline && cf_now_ns() > h->deadline;
	struct batch b;
	int ret = batch_load(&b, h, t, g);

	for (int i = 0; i < 2 && ret == 0 && !late; i++) {
		struct worker_job job = {
			.trace = t,
			.plugin = h->plugin,
			.function = b.functions,
			.nfunctions = b.n,
			.calls = b.calls,
			.ncalls = b.total,
			.seed = seeds[i],
			.call_timeout_s = h->o->call_timeout_s,
			.total_timeout_s = 60 + 6 * h->o->call_timeout_s,
			.box = {.project_root = t->project_root,
				.allow_network = h->o->allow_network,
				.none = h->o->no_sandbox},
		};

		ret = worker_run(&job, &r[i]);
	}
	if (ret == 0)
		add_messages(out, &b, g->first, late ? NULL : r);
	worker_result_release(&r[0]);
	worker_result_release(&r[1]);
	batch_release(&b);
	return ret;
}

static void __attribute__((noreturn)) helper(const struct helper *h)
{
	struct cf_buf b = CF_BUF_INIT;
	struct trace t;
	size_t i;

	if (trace_open(&t, h->t->path, false) < 0)
		_exit(CF_USAGE);
	while ((i = atomic_fetch_add(h->next, 1)) < h->ngroups) {
		struct message failed = {sizeof(failed), 0, 0, 0, 1};
		bool bad;

		cf_buf_reset(&b);
		bad = run_group(h, &t, h->groups + i, &b) < 0;
		if (bad) {
			cf_buf_reset(&b);
			cf_buf_add(&b, &failed, sizeof(failed));
		}
		if (cf_write_all(h->fd, b.data, b.len) < 0 || bad)
			break;
	}
	_exit(CF_OK);
}

/* --- in the process that writes
 * -------------------------------------------------------------------- */

struct child {
	pid_t pid;
	int fd; /* -1: closed */
	struct cf_buf in;
};

struct runner {
	struct trace *t;
	struct run_result *results;
	size_t n, done;
	enum sandbox_kind *kind;
	struct cf_buf pending; /* messages whose outcomes are not in the trace yet */
	uint64_t flushed;
	const int64_t *functions;
	sqlite3_stmt *clear, *insert;
};

static int start_helper(struct child *c, struct helper *h)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return cf_error("cannot make a pipe: %s", strerror(errno));
	c->pid = fork();
	if (c->pid == 0) {
		setpgid(0, 0);
		for (int sig = 1; sig < NSIG; sig++)
			signal(sig, SIG_DFL);
#ifdef __linux__
		prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
		close(p[0]);
		h->fd = p[1];
		helper(h);
	}
	close(p[1]);
	if (c->pid < 0) {
		close(p[0]);
		return cf_error("cannot start a helper: %s", strerror(errno));
	}
	setpgid(c->pid, c->pid);
	cf_child_add(c->pid);
	c->fd = p[0];
	return 0;
}

static void end_helper(struct child *c)
{
	if (c->pid <= 0)
		return;
	kill(-c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	cf_child_del(c->pid);
	cf_close_fd(&c->fd);
	cf_buf_release(&c->in);
	c->pid = 0;
}

static void drop(struct run_result *r, const char *reason, size_t n)
{
	json_t *key = cf_json_text(reason, n);
	json_int_t old;

	if (!r->dropped)
		r->dropped = json_object();
	old = json_integer_value(json_object_get(r->dropped, json_string_value(key)));
	json_object_set_new(r->dropped, json_string_value(key), json_integer(old + 1));
	json_decref(key);
}

static int store(struct runner *r, const struct answer *a, const char *p)
{
	const char *data = p + a->input, *mask = data + a->data;
	sqlite3_stmt *s = r->insert;

	sqlite3_bind_int64(s, 1, a->call);
	sqlite3_bind_int(s, 2, a->state == STABLE);
	sqlite3_bind_text(s, 3, p, (int)a->input, SQLITE_STATIC);
	sqlite3_bind_blob(s, 4, data, (int)a->data, SQLITE_STATIC);
	if (a->mask)
		sqlite3_bind_text(s, 5, mask, (int)a->mask, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, 5);
	sqlite3_step(s);
	return sqlite3_reset(s) == SQLITE_OK ? 0 : -1;
}

/* Puts one message's outcomes into the trace and into results. -1 with the database's error. */
static int take_message(struct runner *r, const char *p)
{
	struct run_result *result;
	struct message m;
	size_t cap = 0;

	memcpy(&m, p, sizeof(m));
	p += sizeof(m);
	result = r->results + m.function;
	if (*r->kind < (enum sandbox_kind)m.kind)
		*r->kind = (enum sandbox_kind)m.kind;
	sqlite3_bind_int64(r->clear, 1, r->functions[m.function]);
	sqlite3_step(r->clear);
	if (sqlite3_reset(r->clear) != SQLITE_OK)
		return -1;
	for (uint32_t i = 0; i < m.ncalls; i++) {
		struct answer a;

		memcpy(&a, p, sizeof(a));
		p += sizeof(a);
		if (a.state == DROPPED) {
			drop(result, p + a.input + a.data + a.mask, a.reason);
		} else if (store(r, &a, p) < 0) {
			return -1;
		} else {
			cf_grow(&result->calls, &cap, result->n + 1, sizeof(*result->calls));
			result->calls[result->n++] =
				(struct run_call){a.call, a.state == STABLE, a.raises != 0};
			result->unstable += a.state == UNSTABLE;
		}
		p += (size_t)a.input + a.data + a.mask + a.reason;
	}
	return 0;
}

static int flush(struct runner *r)
{
	size_t at = 0;
	int bad = sqlite3_exec(r->t->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK;

	while (!bad && at < r->pending.len) {
		struct message m;

		memcpy(&m, r->pending.data + at, sizeof(m));
		bad = take_message(r, r->pending.data + at) < 0;
		at += m.size;
	}
	bad = bad || sqlite3_exec(r->t->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK;
	if (bad) {
		cf_error("cannot write to %s: %s", r->t->path, sqlite3_errmsg(r->t->db));
		sqlite3_exec(r->t->db, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	cf_buf_reset(&r->pending);
	r->flushed = cf_now_ns();
	return 0;
}

/* Moves the whole messages that have come to the pending ones. -1 when a helper gave up. */
static int take_messages(struct runner *r, struct child *c)
{
	size_t at = 0;

	while (c->in.len - at >= sizeof(struct message)) {
		struct message m;

		memcpy(&m, c->in.data + at, sizeof(m));
		if (m.failed)
			return -1; /* the helper has said why */
		if (c->in.len - at < m.size)
			break;
		cf_buf_add(&r->pending, c->in.data + at, m.size);
		at += m.size;
		r->done++;
	}
	memmove(c->in.data, c->in.data + at, c->in.len - at);
	c->in.len -= at;
	return 0;
}

static int read_helper(struct runner *r, struct child *c)
{
	ssize_t n;

	cf_buf_reserve(&c->in, 1 << 16);
	do
		n = read(c->fd, c->in.data + c->in.len, 1 << 16);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		c->in.len += (size_t)n;
		return take_messages(r, c);
	}
	cf_close_fd(&c->fd);
	return c->in.len ? cf_error("a helper ended in the middle of its answer") : 0;
}

static int watch(
	struct runner *r, struct child *children, size_t n, void (*progress)(size_t, size_t))
{
	size_t open = n;

	while (open) {
		cf_autofree struct pollfd *fds = cf_calloc(n, sizeof(*fds));

		for (size_t i = 0; i < n; i++)
			fds[i] = (struct pollfd){children[i].fd, POLLIN, 0};
		poll(fds, (nfds_t)n, 1000);
		open = 0;
		for (size_t i = 0; i < n; i++) {
			if (fds[i].revents && read_helper(r, children + i) < 0)
				return -1;
			open += children[i].fd >= 0;
		}
		if (r->pending.len &&
			(r->pending.len > FLUSH_BYTES || cf_now_ns() > r->flushed + FLUSH_NS) &&
			flush(r) < 0)
			return -1;
		if (progress)
			progress(r->done, r->n);
	}
	if (r->done < r->n)
		return cf_error("a helper was killed; run cf-replaygen again");
	return flush(r);
}

static int prepare(struct runner *r)
{
	if (sqlite3_prepare_v2(r->t->db,
		    "DELETE FROM outcome WHERE call IN (SELECT id FROM call WHERE function = ?)",
		    -1, &r->clear, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(r->t->db, "INSERT INTO outcome VALUES (?, ?, ?, ?, ?)", -1,
			&r->insert, NULL) != SQLITE_OK)
		return cf_error("%s: %s; record it again with cf-trace", r->t->path,
			sqlite3_errmsg(r->t->db));
	return 0;
}

struct place {
	char *module; /* name and file: what one worker imports */
	struct run_group of;
};

static int place_row(sqlite3_stmt *row, void *arg)
{
	struct place *p = arg;

	p->module = cf_asprintf("%s\n%s", (const char *)sqlite3_column_text(row, 0),
		(const char *)sqlite3_column_text(row, 1));
	p->of.bytes = sqlite3_column_int64(row, 2);
	p->of.calls = sqlite3_column_int64(row, 3);
	p->of.own_ns = sqlite3_column_int64(row, 4);
	return 1;
}

static int by_time(const void *a, const void *b)
{
	const struct run_group *x = a, *y = b;

	if (x->own_ns != y->own_ns)
		return x->own_ns < y->own_ns ? 1 : -1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static bool has_room(const struct run_group *g, const struct run_group *more)
{
	return g->n < GROUP_MAX && g->calls + more->calls <= GROUP_CALLS &&
	       g->bytes + more->bytes <= GROUP_BYTES;
}

/* Neighbours of one module go together, up to what a process should hold. Returns new. */
static struct run_group *group(struct trace *t, const int64_t *functions, size_t n, size_t *ngroups)
{
	struct run_group *groups = cf_calloc(n, sizeof(*groups)), *last = NULL;
	cf_autofree char *module = NULL;

	*ngroups = 0;
	for (size_t i = 0; i < n; i++) {
		cf_autofree char *sql = cf_asprintf(
			"SELECT file, module, ifnull(sum(size), 0), count(v.id), (SELECT ifnull(sum(own_ns), 0)"
			" FROM profile p WHERE p.function = f.id) FROM function f"
			" LEFT JOIN call c ON c.function = f.id LEFT JOIN value v ON v.id = c.value"
			" WHERE f.id = %lld", (long long)functions[i]);
		struct place p = {.of = {.first = i, .n = 1}};

		if (trace_query(t, sql, place_row, &p) < 0) {
			free(groups);
			return NULL;
		}
		if (last && module && p.module && !strcmp(module, p.module) && has_room(last, &p.of)) {
			last->n++;
			last->bytes += p.of.bytes;
			last->calls += p.of.calls;
			last->own_ns += p.of.own_ns;
		} else {
			last = groups + (*ngroups)++;
			*last = p.of;
		}
		free(module);
		module = p.module;
	}
	qsort(groups, *ngroups, sizeof(*groups), by_time);
	return groups;
}

int run_functions(struct trace *t, const struct cf_plugin *plugin, const int64_t *functions,
	size_t n, const struct run_opts *o, void (*progress)(size_t done, size_t of),
	struct run_result *results, enum sandbox_kind *kind)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t jobs = o->jobs ? (size_t)o->jobs : cpus > 0 ? (size_t)cpus : 1;
	struct runner r = {
		.t = t, .results = results, .n = n, .kind = kind, .functions = functions};
	atomic_size_t *next = mmap(
		NULL, sizeof(*next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t ngroups = 0;
	cf_autofree struct run_group *groups = group(t, functions, n, &ngroups);
	uint64_t deadline = o->budget_s > 0 ? cf_now_ns() + (uint64_t)(o->budget_s * 1e9) : 0;
	struct helper h = {t, plugin, functions, groups, ngroups, o, next, deadline, -1};
	cf_autofree struct child *children = NULL;
	int ret = groups ? 0 : -1;

	if (next == MAP_FAILED)
		return cf_error("out of memory");
	jobs = jobs > ngroups ? ngroups : jobs > 32 ? 32 : jobs;
	children = cf_calloc(jobs + 1, sizeof(*children));
	if (ret == 0)
		ret = prepare(&r);
	for (size_t i = 0; i < jobs && ret == 0; i++)
		ret = start_helper(children + i, &h);
	r.flushed = cf_now_ns();
	if (ret == 0)
		ret = watch(&r, children, jobs, progress);
	for (size_t i = 0; i < jobs; i++)
		end_helper(children + i);
	sqlite3_finalize(r.clear);
	sqlite3_finalize(r.insert);
	cf_buf_release(&r.pending);
	munmap(next, sizeof(*next));
	return ret;
}

void run_result_release(struct run_result *r)
{
	free(r->calls);
	json_decref(r->dropped);
	*r = (struct run_result){0};
}
