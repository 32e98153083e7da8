/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The project's own tests, recorded like any other program, but in the sandbox: nobody has asked for
 * them to be run, and tests write, send and delete. We run ourselves in there and get the trace on a
 * pipe. It is kept in the project's state folder under a hash of all that it can hang on, so that
 * tests run again only when something has changed.
 */
#include "cf-trace/tests.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/lock.h"
#include "lib/mem.h"
#include "lib/plugin.h"
#include "lib/process.h"
#include "lib/sandbox.h"
#include "lib/stream.h"
#include "lib/trace.h"

#ifndef CF_VERSION
#define CF_VERSION "unknown"
#endif

#define TRACE_MAX ((size_t)512 << 20)
/* Address space: the sandbox's default, but for a build of ours that is checked itself. */
#ifdef __SANITIZE_ADDRESS__
#define MEMORY_MAX SIZE_MAX
#else
#define MEMORY_MAX 0
#endif
/* A file larger than this is known by its size and time. */
#define HASHED_MAX ((off_t)16 << 20)
/* Traces kept of a project: branches are switched to and fro. */
#define KEPT 4
/* What starting and ending a recording may take beyond the tests themselves. */
#define AROUND_S 60

struct project {
	char *root;
	bool found;         /* it has tests */
	struct trace tests; /* their trace */
	bool own;           /* it is that of the targets, too */
	json_t *record;
	int64_t *functions; /* of the targets, in that trace */
	size_t n, cap;
};

static struct project *projects;
static size_t n_projects, cap_projects;
static const struct tests_opts *opts;

/* --- by content ----------------------------------------------------------------------------------- */

static void add_file(struct cf_buf *b, const char *root, const char *path)
{
	cf_autofree char *full = cf_path_join(root, path);
	cf_autoclose int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	cf_autobuf struct cf_buf data = CF_BUF_INIT;
	struct stat st;
	char hex[65] = "";

	cf_buf_add(b, path, strlen(path) + 1);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		cf_buf_adds(b, "none\n");
	} else if (st.st_size > HASHED_MAX || cf_read_fd(fd, full, &data) < 0) {
		cf_buf_addf(b, "%lld %lld.%09ld\n", (long long)st.st_size, (long long)st.st_mtim.tv_sec,
			st.st_mtim.tv_nsec);
	} else {
		cf_sha256_hex(data.data ? data.data : "", data.len, hex);
		cf_buf_addf(b, "%s\n", hex);
	}
}

/* The name that the trace of these tests has. Returns new. */
static char *key_of(const struct trace *t, const json_t *how)
{
	const char *runtime = t->runtime ? t->runtime : "";
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	cf_autofree char *command =
		json_dumps(json_object_get(how, "command"), JSON_COMPACT | JSON_ENCODE_ANY);
	json_t *file;
	struct stat st = {0};
	char hex[65];
	size_t i;

	if (stat(runtime, &st) < 0)
		st.st_size = -1;
	cf_buf_addf(&b, "%s %d\n%s %lld.%09ld\n%s\n%g\n%s\n%s\n", CF_VERSION, CF_TRACE_VERSION, runtime,
		(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, command, opts->timeout_s,
		t->module_root ? t->module_root : "", t->tests_root ? t->tests_root : "");
	json_array_foreach (json_object_get(how, "files"), i, file)
		if (json_is_string(file))
			add_file(&b, t->project_root, json_string_value(file));
	cf_sha256_hex(b.data, b.len, hex);
	hex[32] = '\0';
	return cf_strdup(hex);
}

struct aged {
	char *path;
	struct timespec at;
};

static int newest_first(const void *a, const void *b)
{
	const struct timespec *x = &((const struct aged *)a)->at, *y = &((const struct aged *)b)->at;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return x->tv_nsec < y->tv_nsec ? 1 : x->tv_nsec > y->tv_nsec ? -1 : 0;
}

static void forget_old(const char *dir)
{
	cf_autofree struct aged *v = NULL;
	size_t n = 0, cap = 0;
	DIR *d = opendir(dir);
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		cf_autofree char *path = cf_path_join(dir, e->d_name);

		if (e->d_name[0] == '.' || lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		cf_grow(&v, &cap, n + 1, sizeof(*v));
		v[n++] = (struct aged){cf_steal(&path), st.st_mtim};
	}
	if (d)
		closedir(d);
	if (n)
		qsort(v, n, sizeof(*v), newest_first);
	for (size_t i = 0; i < n; i++) {
		if (i >= KEPT)
			unlink(v[i].path);
		free(v[i].path);
	}
}

/* --- recording -------------------------------------------------------------------------------------- */

/* The trace comes out on stdout, which is nobody else's: cf-trace gives a program its stderr. */
static const char in_sandbox[] =
	"t=${TMPDIR:-/tmp}/codeflash-tests.trace; \"$0\" --output \"$t\" \"$@\" >/dev/null && exec cat \"$t\"";

static char **sandbox_argv(const struct trace *t, const json_t *command)
{
	size_t n = json_array_size(command), at = 0;
	char **argv = cf_calloc(n + 16, sizeof(*argv)), self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *const fixed[] = {"sh", "-c", in_sandbox, len > 0 ? self : "cf-trace", "--quiet",
		"--language", t->language, "--module-root", t->module_root ? t->module_root : ".",
		"--tests-root", t->tests_root ? t->tests_root : "tests", "--timeout"};

	self[len > 0 ? len : 0] = '\0';
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		argv[at++] = cf_strdup(fixed[i]);
	argv[at++] = cf_asprintf("%g", opts->timeout_s);
	argv[at++] = cf_strdup("--");
	for (size_t i = 0; i < n; i++)
		argv[at++] = cf_strdup(json_string_value(json_array_get(command, i)));
	return argv;
}

/* {"NAME": "value"} as "NAME=value". Returns new; cf_argv_free frees it. */
static char **environment(json_t *vars)
{
	char **env = cf_calloc(json_object_size(vars) + 1, sizeof(*env));
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach (vars, name, value)
		if (json_is_string(value))
			env[n++] = cf_asprintf("%s=%s", name, json_string_value(value));
	return env;
}

static void waiting(void)
{
	cf_warn("waiting for a measurement on this machine to end");
}

/* Runs them; the bytes of their trace in *trace. -1 after a warning or cf_error. */
static int run(const struct trace *t, const json_t *how, struct cf_buf *trace, enum sandbox_kind *kind)
{
	const char *const hide[] = {t->path, NULL};
	struct sandbox box = {.project_root = t->project_root, .hide = hide, .memory_max = MEMORY_MAX,
		.cpu_s = 64 * (opts->timeout_s + AROUND_S)}; /* of all its threads */
	uint64_t until = cf_now_ns() + (uint64_t)((opts->timeout_s + AROUND_S) * 1e9);
	/* loading the machine as it does, it must not be measured beside */
	cf_autoclose int lock = cf_lock(false, waiting);
	char **argv = sandbox_argv(t, json_object_get(how, "command"));
	char **env = environment(json_object_get(how, "env"));
	cf_autobuf struct cf_buf err = CF_BUF_INIT;
	struct sandbox_child c;
	const char *why;
	int bad = lock < 0 ? -1 : sandbox_start(&box, argv, env, &c), status;

	cf_argv_free(argv);
	cf_argv_free(env);
	if (bad)
		return -1;
	*kind = c.kind;
	cf_close_fd(&c.in);
	struct pollfd fds[] = {{.fd = c.out, .events = POLLIN}, {.fd = c.err, .events = POLLIN}};

	/* sandbox_end asks of an open stdout whether it is at its end */
	while (fds[0].fd >= 0 && trace->len <= TRACE_MAX && cf_now_ns() < until) {
		if (poll(fds, 2, 100) <= 0)
			continue;
		for (int i = 0; i < 2; i++)
			if (fds[i].revents && cf_buf_read(i ? &err : trace, fds[i].fd) <= 0)
				fds[i].fd = -1;
		cf_buf_keep_tail(&err, 8192);
	}
	bad = fds[0].fd >= 0;
	status = sandbox_end(&c);
	if (!bad && !status && trace->len)
		return 0;
	why = trace->len > TRACE_MAX ? "too much" : bad ? "they do not end" : cf_buf_last_line(&err);
	cf_warn("the project's tests were not recorded: %.400s", *why ? why : "the recorder was ended");
	return -1;
}

/* In a copy of the tree the project was elsewhere. */
static int says_where(struct trace *t, const char *key, const char *path)
{
	json_auto_t *value = json_string(path);
	cf_autofree char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
	sqlite3_stmt *s = NULL;
	int bad = !text || sqlite3_prepare_v2(t->db, "UPDATE meta SET value = ? WHERE key = ?", -1, &s, NULL) !=
				   SQLITE_OK;

	if (!bad) {
		sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
		sqlite3_bind_text(s, 2, key, -1, SQLITE_STATIC);
		bad = sqlite3_step(s) != SQLITE_DONE;
	}
	sqlite3_finalize(s);
	return bad ? cf_error("%s: %s", t->path, sqlite3_errmsg(t->db)) : 0;
}

/* Makes a trace of those bytes, under that name, all at once. 0, or -1 after cf_error. */
static int install(const struct cf_buf *trace, const char *root, const char *path)
{
	cf_autofree char *name = NULL;
	cf_autobuf struct cf_buf done = CF_BUF_INIT;
	char *dir = cf_tempdir("codeflash-tests");
	struct trace t;
	int bad;

	if (!dir)
		return -1;
	name = cf_path_join(dir, "tests.trace");
	bad = cf_write_file(name, trace->data, trace->len);
	if (!bad && (bad = trace_open(&t, name, true)) == 0) {
		bad = says_where(&t, "project_root", root) || says_where(&t, "cwd", root) ? -1 : 0;
		trace_release(&t);
	}
	if (!bad)
		bad = cf_read_file(name, &done);
	if (!bad)
		bad = cf_write_file(path, done.data, done.len);
	cf_tempdir_done(dir);
	return bad;
}

/* --- a project -------------------------------------------------------------------------------------- */

static int count_row(sqlite3_stmt *row, void *n)
{
	*(int64_t *)n = sqlite3_column_int64(row, 0);
	return 1;
}

static int64_t count(struct trace *t, const char *sql)
{
	int64_t n = 0;

	trace_query(t, sql, count_row, &n);
	return n;
}

static int64_t tests_in(struct trace *t)
{
	return count(t, "SELECT count(*) FROM test");
}

/* What the plugin says of the project's tests; NULL after what there is to say. Returns new. */
static json_t *ask(const struct trace *t, enum cf_exit *status)
{
	json_auto_t *request = json_pack("{s:s, s:s?, s:s?, s:s?}", "project_root", t->project_root,
		"module_root", t->module_root, "tests_root", t->tests_root, "runtime", t->runtime);
	struct cf_plugin plugin;
	json_t *answer = NULL;
	const char *why;

	if (cf_plugin_find(&plugin, t->language) < 0) {
		*status = CF_MISSING;
		return NULL;
	}
	if (json_object_get(json_object_get(plugin.manifest, "verbs"), "tests"))
		*status = cf_plugin_call(&plugin, "tests", t->runtime, request, &answer);
	if (answer && !json_array_size(json_object_get(answer, "command"))) {
		why = cf_json_str(answer, "why");
		if (!opts->quiet)
			fprintf(stderr, "tests: %s\n", why ? why : "the project has none");
		json_decref(answer);
		answer = NULL;
	}
	cf_plugin_release(&plugin);
	return answer;
}

static void tell(struct project *p, bool cached, json_t *sandbox)
{
	json_auto_t *of = trace_record(&p->tests);

	p->found = true;
	p->record = cf_stream_record("tests");
	json_object_set_new(p->record, "trace", json_string(p->tests.path));
	json_object_set_new(p->record, "project_root", json_string(p->root));
	json_object_set(p->record, "command", json_object_get(of, "command"));
	json_object_set_new(p->record, "tests", json_integer((json_int_t)tests_in(&p->tests)));
	json_object_set(p->record, "captured", json_object_get(of, "captured"));
	json_object_set(p->record, "timed_out", json_object_get(of, "timed_out"));
	json_object_set_new(p->record, "cached", json_boolean(cached));
	json_object_set_new(p->record, "sandbox", sandbox);
}

/* Finds the trace of the tests, or makes it. 0 also where there are none. */
static int find(struct project *p, struct trace *t, enum cf_exit *status)
{
	json_auto_t *how = ask(t, status);
	cf_autofree char *state = NULL, *dir = NULL, *key = NULL, *name = NULL, *path = NULL;
	cf_autobuf struct cf_buf trace = CF_BUF_INIT;
	enum sandbox_kind kind;

	if (!how)
		return *status == CF_OK ? 0 : -1;
	state = cf_state_dir(p->root);
	dir = state ? cf_path_join(state, "tests") : NULL;
	if (!dir || cf_mkdirs(dir) < 0)
		return -1;
	key = key_of(t, how);
	name = cf_asprintf("%s.trace", key);
	path = cf_path_join(dir, name);
	if (trace_is(path) && trace_open(&p->tests, path, false) == 0) {
		tell(p, true, json_null());
		return 0;
	}
	if (run(t, how, &trace, &kind) < 0)
		return 0; /* it has been said */
	if (install(&trace, p->root, path) < 0 || trace_open(&p->tests, path, false) < 0)
		return -1;
	forget_old(dir);
	tell(p, false, json_string(sandbox_name(kind)));
	return 0;
}

static struct project *project_of(const char *root)
{
	for (size_t i = 0; i < n_projects; i++)
		if (!strcmp(projects[i].root, root))
			return &projects[i];
	cf_grow(&projects, &cap_projects, n_projects + 1, sizeof(*projects));
	projects[n_projects] = (struct project){.root = cf_strdup(root)};
	return &projects[n_projects++];
}

static bool known(const char *root)
{
	for (size_t i = 0; i < n_projects; i++)
		if (!strcmp(projects[i].root, root))
			return true;
	return false;
}

static int begin(const char *root, const json_t *target, enum cf_exit *status)
{
	const char *name = cf_json_str(target, "trace");
	cf_autofree char *path = name ? cf_path_join(root, name) : NULL;
	struct project *p = project_of(root);
	struct trace t;
	int bad = 0;

	if (!path)
		return cf_error("a target without trace");
	if (trace_open(&t, path, false) < 0)
		return -1;
	if (tests_in(&t)) {
		/* the run was one of tests */
		p->own = true;
		p->tests = t;
		tell(p, true, json_null());
	} else {
		bad = find(p, &t, status);
		trace_release(&t);
	}
	if (p->record)
		cf_stream_write(p->record);
	return bad;
}

static void note_target(struct project *p, const json_t *target)
{
	const char *file = cf_json_str(target, "file"), *name = cf_json_str(target, "name");
	const char *source = cf_json_str(target, "source_sha256");
	int64_t id = p->found && file && name && source
		? trace_function_find(&p->tests, file, name, source)
		: 0;

	for (size_t i = 0; i < p->n; i++)
		if (p->functions[i] == id)
			return;
	if (id <= 0)
		return;
	cf_grow(&p->functions, &p->cap, p->n + 1, sizeof(*p->functions));
	p->functions[p->n++] = id;
}

static int on_record(const struct cf_record *record, void *arg, enum cf_exit *status)
{
	const json_t *target = record->json;
	const char *root;
	int bad = 0;

	(void)arg;
	if (!strcmp(record->kind, "candidate"))
		target = json_object_get(record->json, "target");
	else if (strcmp(record->kind, "target"))
		return 0;
	root = cf_json_str(target, "project_root");
	if (!root || root[0] != '/')
		return 0;
	if (!known(root))
		bad = begin(root, target, status);
	note_target(project_of(root), target);
	return bad ? -1 : 0;
}

/* "tests: 120 tests, 14 reach the targets, 380 calls" */
static void summary(struct project *p)
{
	cf_autobuf struct cf_buf ids = CF_BUF_INIT;
	cf_autofree char *reach = NULL, *calls = NULL;
	const char *sandbox = cf_json_str(p->record, "sandbox");
	long long tests = (long long)cf_json_int(p->record, "tests", 0), reaching;

	for (size_t i = 0; i < p->n; i++)
		cf_buf_addf(&ids, "%s%lld", i ? "," : "", (long long)p->functions[i]);
	cf_buf_adds(&ids, "");
	reach = cf_asprintf("SELECT count(DISTINCT test) FROM test_function WHERE function IN (%s)",
		ids.data);
	calls = cf_asprintf("SELECT count(*) FROM call WHERE function IN (%s)", ids.data);
	reaching = (long long)count(&p->tests, reach);
	fprintf(stderr, "tests: %lld test%s, %lld reach%s the targets", tests, tests == 1 ? "" : "s",
		reaching, reaching == 1 ? "es" : "");
	if (!p->own)
		fprintf(stderr, ", %lld calls", (long long)count(&p->tests, calls));
	if (cf_json_bool(p->record, "timed_out", 0) && !p->own)
		fprintf(stderr, "; ended after %g s", opts->timeout_s);
	if (sandbox && !strcmp(sandbox, "copy"))
		fputs("; no namespaces here, they ran in a copy of the tree", stderr);
	fputc('\n', stderr);
}

enum cf_exit tests_stream(char *const *argv, const struct tests_opts *o)
{
	enum cf_exit status;

	opts = o;
	status = cf_stream_read(argv, on_record, NULL);
	for (size_t i = 0; i < n_projects; i++) {
		struct project *p = &projects[i];

		if (p->found && !o->quiet)
			summary(p);
		if (p->found)
			trace_release(&p->tests);
		json_decref(p->record);
		free(p->functions);
		free(p->root);
	}
	free(projects);
	return status;
}
