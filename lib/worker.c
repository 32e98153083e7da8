/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded calls through a plugin's `run` verb. The worker is not trusted: its frames must answer
 * the calls that were asked, in their order, in bounded time and space, and what is missing then
 * stays missing.
 */
#include "lib/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "lib/cborread.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"

#define MAX_FRAME (256u << 20)
#define MAX_OUTCOMES (1ull << 30) /* of one function */
#define MAX_RESTARTS 10		  /* for one function's crashes */
#define MAX_SPEC 65536
/* What starting an interpreter and importing the module may take beyond the first call. */
#define STARTUP_S 60.0
/* A worker ends a call that is too slow itself; we only where it cannot. */
#define GRACE_S 2.0

static json_t *text_or_null(const char *s)
{
	return s ? cf_json_text(s, strlen(s)) : json_null();
}

static int program_row(sqlite3_stmt *row, void *request)
{
	json_object_set_new(
		request, "main_file", text_or_null((const char *)sqlite3_column_text(row, 0)));
	json_object_set_new(
		request, "main_module", text_or_null((const char *)sqlite3_column_text(row, 1)));
	return 1;
}

static int argv_row(sqlite3_stmt *row, void *request)
{
	const char *text = (const char *)sqlite3_column_text(row, 0);
	json_t *argv = text ? json_loads(text, 0, NULL) : NULL;

	if (json_is_array(argv))
		json_object_set(request, "process", argv);
	json_decref(argv);
	return 1;
}

/* What the process was started as that made the first call: it need not be the one of the command. */
static void add_process(json_t *o, const struct worker_job *job)
{
	char sql[160];

	if (!job->ncalls)
		return;
	snprintf(sql, sizeof(sql), "SELECT argv FROM call JOIN process ON process.id = call.process WHERE call.id = %lld",
		(long long)job->calls[0].id);
	trace_query(job->trace, sql, argv_row, o);
}

/* The function that a call is of. */
static const struct trace_function *function_of(const struct worker_job *job, int call)
{
	for (int i = 0; i < job->nfunctions; i++)
		if (job->function[i].id == job->calls[call].function)
			return job->function + i;
	return job->function;
}

/* The first call after `call` that is of another function. */
static int next_function(const struct worker_job *job, int call)
{
	const struct trace_function *f = function_of(job, call);

	do
		call++;
	while (call < job->ncalls && function_of(job, call) == f);
	return call;
}

static json_t *call_json(const struct trace_call *call)
{
	return json_pack("{s:I,s:I,s:s}", "id", (json_int_t)call->id, "size", (json_int_t)call->size,
		"codec", call->codec);
}

static const char *spec_of(const struct worker_job *job, int call)
{
	return job->specs ? job->specs[call] : NULL;
}

/* Whether the i-th of job->inputs is not sent as a call anyway. */
static bool sent_apart(const struct worker_job *job, int i)
{
	for (int k = 0; k < job->ncalls; k++)
		if (job->calls[k].id == job->inputs[i].id && !spec_of(job, k))
			return false;
	return true;
}

/* Puts a function and its calls, [from, to), into o. */
static void add_function(
	json_t *o, const struct worker_job *job, const struct trace_function *f, int from, int to)
{
	json_t *calls = json_array();

	json_object_set_new(o, "qualname", text_or_null(f->qualname));
	json_object_set_new(o, "class", text_or_null(f->class_name));
	json_object_set_new(o, "kind", text_or_null(f->kind));
	for (int i = from; i < to; i++)
		json_array_append_new(calls,
			spec_of(job, i) ? json_pack("{s:I,s:s}", "id", (json_int_t)job->calls[i].id,
						  "spec", spec_of(job, i))
					: call_json(&job->calls[i]));
	json_object_set_new(o, "calls", calls);
}

/* What derived calls are made of beside the calls, and the wish for more. */
static void add_derivation(json_t *o, const struct worker_job *job)
{
	const struct worker_derive *d = job->derive;
	json_t *inputs = json_array(), *wish;

	for (int i = 0; i < job->ninputs; i++)
		if (sent_apart(job, i))
			json_array_append_new(inputs, call_json(&job->inputs[i]));
	if (json_array_size(inputs))
		json_object_set(o, "inputs", inputs);
	json_decref(inputs);
	if (!d)
		return;
	wish = json_pack("{s:i,s:I,s:f,s:f,s:f}", "most", d->most, "seed", (json_int_t)d->seed,
		"call_timeout_s", d->call_timeout_s, "cpu_s", d->cpu_s, "timeout_s", d->timeout_s);
	if (d->spec)
		json_object_set_new(wish, "from",
			json_pack("{s:I,s:s}", "id", (json_int_t)d->call->id, "spec", d->spec));
	json_object_set_new(o, "derive", wish);
}

json_t *worker_request(const struct worker_job *job, const char *verb)
{
	const struct trace *t = job->trace;
	const struct trace_function *f = job->ncalls ? function_of(job, 0) : job->function;
	int at = job->ncalls ? next_function(job, 0) : 0;
	json_t *more = json_array(), *o = json_object();

	json_object_set_new(o, "verb", json_string(verb));
	json_object_set_new(o, "project_root", text_or_null(job->box.project_root));
	json_object_set_new(o, "cwd", text_or_null(job->box.cwd ? job->box.cwd : t->cwd));
	json_object_set_new(o, "module_root", text_or_null(t->module_root));
	json_object_set_new(o, "tests_root", text_or_null(t->tests_root));
	json_object_set_new(o, "file", text_or_null(f->file));
	json_object_set_new(o, "module", text_or_null(f->module));
	add_function(o, job, f, 0, at);
	json_object_set_new(o, "main", json_boolean(f->main));
	/* a function of another module may have been given objects of the program's own classes */
	trace_query(job->trace, "SELECT file, module FROM function WHERE main ORDER BY id LIMIT 1",
		program_row, o);
	json_object_set(o, "command", t->command ? t->command : json_null());
	add_process(o, job);
	json_object_set_new(o, "seed", json_integer(job->seed));
	json_object_set_new(o, "call_timeout_s", json_real(job->call_timeout_s));
	json_object_set_new(o, "allow_network", json_boolean(job->box.allow_network));
	if (job->again)
		json_object_set_new(o, "again", json_true());
	if (job->new_names)
		json_object_set(o, "new_names", (json_t *)job->new_names);
	add_derivation(o, job);
	while (at < job->ncalls) {
		int end = next_function(job, at);
		json_t *one = json_object();

		add_function(one, job, function_of(job, at), at, end);
		json_array_append_new(more, one);
		at = end;
	}
	if (json_array_size(more))
		json_object_set(o, "more", more);
	json_decref(more);
	if (job->more)
		json_object_update(o, (json_t *)job->more);
	return o;
}

/* "{seed}" and "{home}" in a manifest's environment value. Returns new. */
static char *expand(const char *text, const struct worker_job *job)
{
	struct cf_buf b cf_autobuf = CF_BUF_INIT;

	while (*text) {
		if (!strncmp(text, "{seed}", 6)) {
			cf_buf_addf(&b, "%u", job->seed);
			text += 6;
		} else if (!strncmp(text, "{home}", 6)) {
			cf_buf_adds(&b, getenv("HOME") ? getenv("HOME") : "");
			text += 6;
		} else {
			cf_buf_addc(&b, *text++);
		}
	}
	return cf_buf_detach(&b, NULL);
}

/* The manifest's "env": {verb: {name: template}} as "K=V". Returns new; cf_argv_free frees it. */
static char **environment(const struct worker_job *job, const char *verb)
{
	json_t *vars = json_object_get(json_object_get(job->plugin->manifest, "env"), verb), *value;
	char **env = cf_calloc(json_object_size(vars) + 1, sizeof(*env));
	const char *name;
	int n = 0;

	json_object_foreach (vars, name, value) {
		cf_autofree char *text = NULL;

		/* {home} is for what a scratch HOME would hide; what the user has set stays */
		if (!json_is_string(value) || (strstr(json_string_value(value), "{home}") &&
						      (getenv(name) || !getenv("HOME"))))
			continue;
		text = expand(json_string_value(value), job);
		env[n++] = cf_asprintf("%s=%s", name, text);
	}
	return env;
}

/* Starts the verb; its stdin's text in *feed. */
static int start(
	const struct worker_job *job, const char *verb, struct sandbox_child *c, struct cf_buf *feed)
{
	struct sandbox box = job->box;
	json_auto_t *request = worker_request(job, verb);
	const char *cwd = cf_json_str(request, "cwd");
	/* a runtime may set aside far more than it will ever use */
	int64_t space_gib = cf_json_int(job->plugin->manifest, "address_space_gib", 0);
	cf_autofree char *real = NULL, *line = NULL;
	const char **hide;
	char **argv, **env;
	struct stat st;
	int n = 0, bad;

	*c = (struct sandbox_child){.in = -1, .out = -1, .err = -1, .control = -1};
	argv = cf_plugin_argv(job->plugin, verb, job->trace->runtime);
	if (!argv)
		return -1;
	while (box.hide && box.hide[n])
		n++;
	hide = cf_calloc((size_t)n + 2, sizeof(*hide));
	for (int i = 0; i < n; i++)
		hide[i] = box.hide[i];
	hide[n] = job->trace->path;
	box.hide = hide;
	if (space_gib > 0 && space_gib <= 1 << 17 && box.memory_max < (size_t)space_gib << 30)
		box.memory_max = (size_t)space_gib << 30;
	if (!box.cwd && cwd && cwd[0] == '/' && stat(cwd, &st) == 0 && S_ISDIR(st.st_mode))
		box.cwd = cwd;
	env = environment(job, verb);
	bad = sandbox_start(&box, argv, env, c);
	cf_argv_free(argv);
	cf_argv_free(env);
	free(hide);
	if (bad)
		return -1;
	/* what is in the project lies elsewhere in a copy */
	real = sandbox_path(&box, c, box.cwd ? box.cwd : box.project_root);
	json_object_set_new(request, "cwd", text_or_null(real));
	json_object_set_new(request, "project_root", text_or_null(c->root));
	line = json_dumps(request, JSON_COMPACT);
	if (!line)
		CF_BUG("a request that cannot be written as JSON");
	cf_buf_addf(feed, "%s\n", line);
	for (int i = 0; i < job->ncalls; i++)
		if (!spec_of(job, i))
			cf_buf_add(feed, job->calls[i].blob, (size_t)job->calls[i].size);
	for (int i = 0; i < job->ninputs; i++)
		if (sent_apart(job, i))
			cf_buf_add(feed, job->inputs[i].blob, (size_t)job->inputs[i].size);
	fcntl(c->in, F_SETFL, fcntl(c->in, F_GETFL) | O_NONBLOCK);
	fcntl(c->err, F_SETFL, fcntl(c->err, F_GETFL) | O_NONBLOCK);
	return 0;
}

/* write() to a pipe whose reader may be gone, without the signal that this would be. */
static ssize_t quiet_write(int fd, const void *data, size_t n)
{
	struct timespec now = {0, 0};
	sigset_t broken, old;
	ssize_t w;
	int saved;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigprocmask(SIG_BLOCK, &broken, &old);
	do
		w = write(fd, data, n);
	while (w < 0 && errno == EINTR);
	saved = errno;
	if (w < 0 && saved == EPIPE)
		sigtimedwait(&broken, NULL, &now);
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return w;
}

/* Sends more of the feed. False once there is nothing more to send or nobody to send it to. */
static bool send_some(struct sandbox_child *c, const struct cf_buf *feed, size_t *sent)
{
	ssize_t w = *sent < feed->len ? quiet_write(c->in, feed->data + *sent, feed->len - *sent) : -1;

	if (w > 0)
		*sent += (size_t)w;
	else if (*sent >= feed->len || errno != EAGAIN)
		return false;
	return *sent < feed->len;
}

int worker_start(const struct worker_job *job, const char *verb, struct sandbox_child *c)
{
	struct cf_buf feed cf_autobuf = CF_BUF_INIT;
	size_t sent = 0;
	char block[4096];

	if (start(job, verb, c, &feed) < 0)
		return -1;
	while (send_some(c, &feed, &sent)) {
		struct pollfd fds[] = {{.fd = c->in, .events = POLLOUT}, {.fd = c->out, .events = POLLIN}};

		if (poll(fds, 2, 100) < 0 && errno != EINTR)
			return cf_error("cannot wait for the worker: %s", strerror(errno));
		if (fds[1].revents)
			break; /* it has said something before it had everything: what, is for the caller */
		/* a worker that is stuck on a full stderr would never read the rest */
		while (!fds[0].revents && read(c->err, block, sizeof(block)) > 0)
			;
	}
	fcntl(c->in, F_SETFL, fcntl(c->in, F_GETFL) & ~O_NONBLOCK);
	fcntl(c->err, F_SETFL, fcntl(c->err, F_GETFL) & ~O_NONBLOCK);
	return 0;
}

/* --- run ------------------------------------------------------------------------------------------ */

/* One process of the worker: from its start to its end. */
struct attempt {
	const struct worker_job *job; /* its calls only */
	struct worker_outcome *outcomes;
	struct worker_result *result; /* takes what is derived */
	struct cf_buf in, err;
	uint64_t call_until, total_until;
	size_t bytes; /* of the function's outcomes, those of earlier attempts too */
	int answered;
	int last;     /* end of the calls of the function that it is at */
	bool ended;           /* it said "end" */
	bool stopped;         /* nobody needs more of it */
	bool import_failed;   /* it said "error": another process would say the same */
	enum worker_end end;
	char *error;
};

static int __attribute__((format(printf, 3, 4))) trouble(
	struct attempt *a, enum worker_end end, const char *fmt, ...)
{
	va_list args;
	char text[1024];

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!a->error) {
		a->end = end;
		a->error = cf_strdup(text);
	}
	return -1;
}

static uint64_t after(double seconds)
{
	return cf_now_ns() + (uint64_t)(seconds * 1e9);
}

struct frame {
	int64_t call, end; /* -1: not there */
	bool timeout;
	struct cbor_item error, input, outcome, spec; /* data NULL: not there */
};

/* A flat map; keys we do not know are for a later version of us. */
static int read_frame(const char *data, size_t n, struct frame *f)
{
	struct cborread r = {(const unsigned char *)data, n, 0};
	struct cbor_item map, key, v;

	*f = (struct frame){.call = -1, .end = -1};
	if (cborread_next(&r, &map) != 1 || map.kind != CBOR_MAP || map.n > 16)
		return -1;
	for (size_t i = 0; i < map.n; i++) {
		if (cborread_next(&r, &key) != 1 || key.kind != CBOR_TEXT || cborread_next(&r, &v) != 1 ||
			v.kind == CBOR_ARRAY || v.kind == CBOR_MAP || v.kind == CBOR_TAG)
			return -1;
		if (cbor_is_text(&key, "call") && v.kind == CBOR_UINT && v.u <= INT64_MAX)
			f->call = (int64_t)v.u;
		else if (cbor_is_text(&key, "end") && v.kind == CBOR_UINT && v.u <= INT64_MAX)
			f->end = (int64_t)v.u;
		else if (cbor_is_text(&key, "timeout"))
			f->timeout = v.kind == CBOR_TRUE;
		else if (cbor_is_text(&key, "error") && v.kind == CBOR_TEXT)
			f->error = v;
		else if (cbor_is_text(&key, "input") && v.kind == CBOR_TEXT)
			f->input = v;
		else if (cbor_is_text(&key, "outcome") && v.kind == CBOR_BYTES)
			f->outcome = v;
		else if (cbor_is_text(&key, "spec") && v.kind == CBOR_TEXT)
			f->spec = v;
	}
	return r.at == r.n ? 0 : -1;
}

static void answered(struct attempt *a)
{
	a->answered++;
	a->call_until = after(a->job->call_timeout_s + GRACE_S);
	if (a->answered == a->last && a->answered < a->job->ncalls) {
		a->last = next_function(a->job, a->answered);
		a->total_until = after(a->job->total_timeout_s);
		a->bytes = 0;
	}
	/* it is silent while nothing that it derives is of use */
	if (a->answered == a->job->ncalls && a->job->derive)
		a->call_until = a->total_until = after(a->job->derive->timeout_s + GRACE_S);
}

static void keep_outcome(struct worker_outcome *o, const struct frame *f)
{
	o->data = cf_malloc(f->outcome.n + 1);
	memcpy(o->data, f->outcome.data, f->outcome.n);
	o->n = f->outcome.n;
	o->input = f->input.data ? cf_strndup(f->input.data, f->input.n) : NULL;
}

/* One that the worker derived. What cannot be sent back to it is as good as none. */
static int take_derived(struct attempt *a, const struct frame *f)
{
	const struct worker_derive *wish = a->job->derive;
	struct worker_result *r = a->result;
	json_auto_t *sendable = json_stringn(f->spec.data, f->spec.n);
	struct worker_outcome *o;

	if (!wish || a->answered < a->job->ncalls || !f->outcome.data || r->nderived >= wish->most)
		return trouble(a, WORKER_ERROR, "the worker answered what it was not asked");
	if (a->bytes + f->outcome.n > MAX_OUTCOMES || f->spec.n > MAX_SPEC || !sendable)
		return 0;
	a->bytes += f->outcome.n;
	if (!r->derived)
		r->derived = cf_calloc((size_t)wish->most, sizeof(*r->derived));
	o = &r->derived[r->nderived++];
	*o = (struct worker_outcome){.call = f->call, .spec = cf_strndup(f->spec.data, f->spec.n)};
	keep_outcome(o, f);
	return 0;
}

static int take_frame(struct attempt *a, const char *data, size_t n)
{
	struct worker_outcome *outcome;
	struct frame f;

	if (read_frame(data, n, &f) < 0)
		return trouble(a, WORKER_ERROR, "the worker sent what is not a frame");
	if (f.error.data && f.call < 0 && !a->answered) {
		a->import_failed = true;
		return trouble(a, WORKER_ERROR, "%.*s", (int)(f.error.n < 900 ? f.error.n : 900),
			f.error.data);
	}
	if (f.end >= 0) {
		a->ended = true;
		return f.end == a->answered ? 0
					    : trouble(a, WORKER_ERROR, "the worker miscounted its answers");
	}
	if (f.spec.data)
		return take_derived(a, &f);
	if (a->answered >= a->job->ncalls || f.call != a->job->calls[a->answered].id ||
		(!f.timeout && !f.outcome.data && !f.error.data))
		return trouble(a, WORKER_ERROR, "the worker answered what it was not asked");
	if (f.timeout)
		return trouble(a, WORKER_TIMEOUT, "did not return within %g s", a->job->call_timeout_s);
	if (f.error.data) {
		a->outcomes[a->answered].why =
			cf_strndup(f.error.data, f.error.n < 900 ? f.error.n : 900);
		answered(a);
		return 0;
	}
	a->bytes += f.outcome.n;
	if (a->bytes > MAX_OUTCOMES)
		return trouble(a, WORKER_ERROR, "outcomes of more than %llu MB", MAX_OUTCOMES >> 20);
	outcome = &a->outcomes[a->answered];
	keep_outcome(outcome, &f);
	answered(a);
	a->stopped = a->job->enough && a->job->enough(a->job->enough_arg,
		(int)(outcome - a->result->outcomes), outcome);
	return a->stopped ? -1 : 0;
}

int worker_frame(const struct cf_buf *b, size_t at, size_t max, size_t *n)
{
	const unsigned char *p;

	if (b->len - at < 4)
		return 0;
	p = (const unsigned char *)b->data + at;
	*n = p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
	return *n > max ? -1 : b->len - at - 4 >= *n;
}

/* Every whole frame in the buffer. -1 when no more are wanted. */
static int take_frames(struct attempt *a)
{
	size_t at = 0, n;
	int whole;

	while (!a->ended && (whole = worker_frame(&a->in, at, MAX_FRAME, &n))) {
		if (whole < 0)
			return trouble(a, WORKER_ERROR, "an outcome of more than %u MB", MAX_FRAME >> 20);
		if (take_frame(a, a->in.data + at + 4, n) < 0)
			return -1;
		at += 4 + n;
	}
	memmove(a->in.data, a->in.data + at, a->in.len - at);
	a->in.len -= at;
	if (a->ended)
		return a->in.len ? trouble(a, WORKER_ERROR, "the worker went on after its end") : -1;
	return 0;
}

static void died(struct attempt *a, int status)
{
	const char *line = cf_buf_last_line(&a->err);

	if (WIFSIGNALED(status))
		trouble(a, WORKER_ERROR, "killed by signal %d (%s)%s%.300s", WTERMSIG(status),
			strsignal(WTERMSIG(status)), *line ? ": " : "", line);
	else
		trouble(a, WORKER_ERROR, "the process ended with status %d%s%.300s", WEXITSTATUS(status),
			*line ? ": " : "", line);
}

static void converse(struct attempt *a, struct sandbox_child *c, const struct cf_buf *feed)
{
	struct pollfd fds[] = {
		{c->out, POLLIN, 0}, {c->err, POLLIN, 0}, {c->in, POLLOUT, 0}};
	size_t sent = 0;

	a->call_until = after(a->job->call_timeout_s + STARTUP_S);
	for (;;) {
		uint64_t now = cf_now_ns();
		uint64_t until = a->call_until < a->total_until ? a->call_until : a->total_until;

		if (now >= a->total_until) {
			trouble(a, WORKER_TIMEOUT, "did not finish within %g s", a->job->total_timeout_s);
			return;
		}
		if (now >= until) {
			trouble(a, WORKER_TIMEOUT, "did not return within %g s", a->job->call_timeout_s);
			return;
		}
		if (poll(fds, 3, (int)((until - now) / 1000000 + 1)) <= 0)
			continue;
		if (fds[2].revents && !send_some(c, feed, &sent))
			fds[2].fd = -1;
		if (fds[1].revents) {
			if (cf_buf_read(&a->err, c->err) == 0)
				fds[1].fd = -1;
			cf_buf_keep_tail(&a->err, 4096);
		}
		if (fds[0].revents) {
			ssize_t n = cf_buf_read(&a->in, c->out);

			if (n > 0 && take_frames(a) < 0)
				return;
			if (n <= 0) {
				while (cf_buf_read(&a->err, c->err) > 0)
					cf_buf_keep_tail(&a->err, 4096);
				return; /* without an end: the caller asks how it died */
			}
		}
	}
}

/* Between two functions: a worker may end there, and another one does the rest. */
static bool at_boundary(const struct attempt *a)
{
	return a->answered && next_function(a->job, a->answered - 1) == a->answered;
}

static int attempt(struct attempt *a, enum sandbox_kind *kind)
{
	struct cf_buf feed cf_autobuf = CF_BUF_INIT;
	struct sandbox_child c;
	int status;

	if (start(a->job, "run", &c, &feed) < 0)
		return -1;
	*kind = c.kind;
	converse(a, &c, &feed);
	status = sandbox_end(&c);
	if (!a->ended && !a->error && !a->stopped)
		died(a, status);
	else if (a->ended && a->answered < a->job->ncalls && !at_boundary(a))
		trouble(a, WORKER_ERROR, "the worker ended before its last call");
	cf_buf_release(&a->in);
	cf_buf_release(&a->err);
	return 0;
}

/* Blames the calls [from, to) on an error. */
static void blame(struct worker_result *r, int from, int to, const char *error)
{
	for (int i = from; i < to; i++)
		r->outcomes[i].why = cf_strdup(error);
}

int worker_run(const struct worker_job *job, struct worker_result *r)
{
	struct attempt a = {.total_until = after(job->total_timeout_s)};
	int done = 0, starts = 0;

	*r = (struct worker_result){.n = job->ncalls, .end = WORKER_DONE};
	r->outcomes = cf_calloc((size_t)job->ncalls + 1, sizeof(*r->outcomes));
	for (int i = 0; i < job->ncalls; i++)
		r->outcomes[i].call = job->calls[i].id;
	while (done < job->ncalls) {
		const struct trace_function *first = function_of(job, done);
		struct worker_job rest = *job;
		int end;

		rest.calls += done;
		rest.ncalls -= done;
		if (rest.specs)
			rest.specs += done;
		a = (struct attempt){.job = &rest, .outcomes = r->outcomes + done, .result = r,
			.total_until = a.total_until, .bytes = a.bytes,
			.last = next_function(&rest, 0)};
		if (attempt(&a, &r->kind) < 0) {
			worker_result_release(r);
			return -1;
		}
		done += a.answered;
		if (a.stopped) {
			r->stopped = true;
			return 0;
		}
		if (!a.error)
			continue;
		end = done < job->ncalls ? next_function(job, done) : done;
		if (done < job->ncalls && function_of(job, done) != first)
			starts = 0;
		if (done == job->ncalls) {
			; /* every call was answered all the same */
		} else if (a.import_failed || job->first_trouble_ends) {
			blame(r, done, job->ncalls, a.error);
			done = job->ncalls;
		} else if (cf_now_ns() >= a.total_until || a.bytes > MAX_OUTCOMES) {
			blame(r, done, end, a.error);
			done = end;
		} else { /* the call that it was in; those after it may do better in another process */
			blame(r, done, done + 1, a.error);
			done++;
			if (starts++ == MAX_RESTARTS) {
				blame(r, done, end, "not run: the calls before it crashed too often");
				done = end;
			}
		}
		if (done == end) {
			a.total_until = after(job->total_timeout_s);
			a.bytes = 0;
			starts = 0;
		}
		if (!r->error) {
			r->error = cf_steal(&a.error);
			r->end = a.end;
		}
		free(a.error);
	}
	return 0;
}

void worker_result_release(struct worker_result *r)
{
	for (int i = 0; i < r->n; i++) {
		free(r->outcomes[i].data);
		free(r->outcomes[i].input);
		free(r->outcomes[i].why);
	}
	for (int i = 0; i < r->nderived; i++) {
		free(r->derived[i].data);
		free(r->derived[i].input);
		free(r->derived[i].spec);
	}
	free(r->derived);
	free(r->outcomes);
	free(r->error);
	*r = (struct worker_result){0};
}
