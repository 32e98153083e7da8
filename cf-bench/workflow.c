/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The number the user came for: the whole traced command, original against optimized, in pairs of
 * random order. It gets the input that the traced run got, and its output must not change by a byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cf-bench/bench.h"
#include "lib/buf.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"
#include "lib/trace.h"

#define MIN_PAIRS 3
#define MAX_PAIRS 10
#define OUTPUT_MAX ((size_t)1 << 30)

/* One run to its end. */
struct run {
	uint64_t ns;
	int status; /* exit status or 128 + signal */
	size_t out_len;
	char out_sha256[65];
	char last[200]; /* the last line of stderr */
};

struct workflow {
	const struct bench_opts *o;
	struct trace trace;
	struct bench_files files;
	char **argv;
	struct cf_buf input; /* its standard input */
	int64_t status;  /* of the traced run */
	double limit_s;
	char why[500];
};

static int fail(struct workflow *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(struct workflow *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(w->why, sizeof(w->why), fmt, args);
	va_end(args);
	return -1;
}

/* How the traced run ended: only what ends the same way again can be compared. */
static int traced_end(sqlite3_stmt *row, void *arg)
{
	struct workflow *w = arg;

	if (sqlite3_column_int(row, 2))
		w->status = -2;
	else if (sqlite3_column_type(row, 1) != SQLITE_NULL && sqlite3_column_int(row, 1))
		w->status = 128 + sqlite3_column_int(row, 1);
	else if (sqlite3_column_type(row, 0) != SQLITE_NULL)
		w->status = sqlite3_column_int64(row, 0);
	else
		w->status = -3;
	w->limit_s = 60 + 10 * (double)sqlite3_column_int64(row, 3) / 1e9;
	return 0;
}

/* Where the tree is copied rather than overlaid, its absolute paths would lead back to the user's. */
static char *seen_from(const char *word, const char *root, const char *cwd)
{
	if (word[0] != '/' || sandbox_available() == SANDBOX_OVERLAY || !cf_path_below(word, root) ||
		!cf_path_below(cwd, root))
		return cf_strdup(word);
	cf_autofree char *up = cf_path_relative(cwd, root), *down = cf_path_relative(word, root);
	cf_autobuf struct cf_buf b = CF_BUF_INIT;

	if (strcmp(up, "."))
		for (const char *p = up; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
			cf_buf_adds(&b, "../");
	cf_buf_adds(&b, down);
	return cf_buf_detach(&b, NULL);
}

static int open_workflow(struct workflow *w, const json_t *candidate)
{
	const json_t *target = json_object_get(candidate, "target");
	const char *root = cf_json_str(target, "project_root");
	const char *trace = cf_json_str(target, "trace");
	cf_autofree char *why = NULL;

	if (!root || !trace)
		return fail(w, "its target does not name project_root and trace");
	cf_autofree char *path = cf_path_join(root, trace);

	if (trace_open(&w->trace, path, false))
		return fail(w, "its trace cannot be read");
	if (!json_array_size(w->trace.command) || !w->trace.cwd)
		return fail(w, "its trace does not name the command");
	w->status = -1;
	if (trace_query(&w->trace, "SELECT exit_status, signal, timed_out, wall_ns FROM complete",
		    traced_end, w))
		return fail(w, "its trace cannot be read");
	if (w->status < 0)
		return fail(w, w->status == -3	 ? "only a section of the program was recorded"
			       : w->status == -2 ? "the traced run was ended by its time limit"
						 : "the traced run was cut short");
	if (trace_stdin(&w->trace, &w->input, &why))
		return fail(w, "%s", why);
	if (bench_files_open(&w->files, candidate, root, &why))
		return fail(w, "%s", why);
	if (bench_files_build(&w->files, &w->trace, &why))
		return fail(w, "%s", why);
	size_t n = json_array_size(w->trace.command);

	w->argv = cf_calloc(n + 1, sizeof(*w->argv));
	for (size_t i = 0; i < n; i++) {
		const char *word = json_string_value(json_array_get(w->trace.command, i));

		w->argv[i] = seen_from(word ? word : "", root, w->trace.cwd);
	}
	return 0;
}

static void close_workflow(struct workflow *w)
{
	for (char **p = w->argv; p && *p; p++)
		free(*p);
	free(w->argv);
	cf_buf_release(&w->input);
	bench_files_release(&w->files);
	trace_release(&w->trace);
}

/* Reads what is there into b; closes the fd at its end. */
static void take(int *fd, struct cf_buf *b, size_t keep)
{
	char chunk[65536];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(*fd);
		*fd = -1;
		return;
	}
	cf_buf_add(b, chunk, (size_t)n);
	if (b->len > keep) {
		memmove(b->data, b->data + b->len - keep / 2, keep / 2 + 1);
		b->len = keep / 2;
	}
}

/* Writes what the pipe takes; closes the fd when that was all, or nobody reads it. */
static void give(int *fd, const struct cf_buf *b, size_t *given)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	ssize_t n = *given < b->len ? write(*fd, b->data + *given, b->len - *given) : 0;

	signal(SIGPIPE, before);
	if (n > 0)
		*given += (size_t)n;
	if (*given < b->len && (n > 0 || errno == EINTR || errno == EAGAIN))
		return;
	close(*fd);
	*fd = -1;
}

static bool ended(const struct sandbox_child *c)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid;
}

/* Runs the command once. -1 with w->why when it could not be started or did not end. */
static int run_once(struct workflow *w, bool candidate, struct run *run)
{
	const char *const hide[] = {w->trace.path, NULL};
	struct sandbox box = {
		.project_root = w->trace.project_root,
		.cwd = w->trace.cwd,
		.files = candidate ? w->files.candidate : w->files.original,
		.nfiles = w->files.n + (candidate ? w->files.nbuilt : 0),
		.hide = hide,
		.allow_network = w->o->allow_network,
		.none = w->o->no_sandbox,
		.cpu_s = w->limit_s * 64, /* of all its threads */
	};
	struct sandbox_child c = {.in = -1, .out = -1, .err = -1};
	/* replay tests are no part of a test suite that is the program */
	char whole[] = "CODEFLASH_WHOLE_PROGRAM=1", *env[] = {whole, NULL};
	cf_autobuf struct cf_buf out = CF_BUF_INIT, err = CF_BUF_INIT;
	size_t given = 0;
	bool late = false;

	if (sandbox_start(&box, w->argv, env, &c))
		return fail(w, "the command could not be started in the sandbox");
	uint64_t start = cf_now_ns(), until = start + (uint64_t)(w->limit_s * 1e9);

	fcntl(c.in, F_SETFL, O_NONBLOCK);
	give(&c.in, &w->input, &given);
	/* its pipes may close before it ends, so both must be over */
	while (c.out >= 0 || c.err >= 0 || !ended(&c)) {
		struct pollfd fds[] = {{.fd = c.out, .events = POLLIN},
			{.fd = c.err, .events = POLLIN}, {.fd = c.in, .events = POLLOUT}};

		if ((late = cf_now_ns() > until))
			break;
		if (poll(fds, 3, c.out < 0 && c.err < 0 ? 1 : 100) <= 0)
			continue;
		if (fds[0].revents)
			take(&c.out, &out, OUTPUT_MAX);
		if (fds[1].revents)
			take(&c.err, &err, 8192);
		if (fds[2].revents)
			give(&c.in, &w->input, &given);
	}
	run->ns = cf_now_ns() - start;
	int status = sandbox_end(&c);

	if (late)
		return fail(w, "%sthe command did not end within %.0f s",
			candidate ? "optimized, " : "", w->limit_s);
	run->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	run->out_len = out.len;
	cf_sha256_hex(out.data ? out.data : "", out.len, run->out_sha256);
	while (err.len && strchr("\r\n", err.data[err.len - 1]))
		err.data[--err.len] = '\0';
	const char *last = err.len ? strrchr(err.data, '\n') : NULL;

	snprintf(run->last, sizeof(run->last), "%s", last ? last + 1 : err.len ? err.data : "");
	return 0;
}

static bool same_output(const struct run *a, const struct run *b)
{
	return a->out_len == b->out_len && !strcmp(a->out_sha256, b->out_sha256);
}

/* Pairs until the budget is used. NULL with w->why when there is no number to give. Returns new. */
static json_t *time_workflow(struct workflow *w)
{
	double log_ratio[MAX_PAIRS], original[MAX_PAIRS], optimized[MAX_PAIRS];
	struct stats_rng rng = {(uint64_t)w->o->seed};
	uint64_t start = cf_now_ns();
	bool stable = true, same = true;
	struct run first, run[2];
	int pairs = 0;
	json_auto_t *raw = json_array();

	/* unmeasured: caches of the machine, and whether it runs here at all */
	if (run_once(w, false, &first))
		return NULL;
	if (first.status != w->status) {
		fail(w, "in the sandbox the command ends with status %d, traced it ended with %lld%s%s",
			first.status, (long long)w->status, first.last[0] ? ": " : "", first.last);
		return NULL;
	}
	if (run_once(w, true, &run[1]))
		return NULL;
	for (;;) {
		int order = stats_below(&rng, 2);

		if (run[1].status != first.status) {
			fail(w, "optimized, the command ends with status %d instead of %d%s%s",
				run[1].status, first.status, run[1].last[0] ? ": " : "", run[1].last);
			return NULL;
		}
		same = same && same_output(&first, &run[1]);
		double spent = (double)(cf_now_ns() - start) / 1e9;

		if (pairs == MAX_PAIRS ||
			(pairs >= MIN_PAIRS && spent + spent / (pairs + 1) > w->o->budget))
			break;
		for (int k = 0; k < 2; k++)
			if (run_once(w, k ^ order, &run[k ^ order]))
				return NULL;
		if (run[0].status != first.status) {
			fail(w, "the command does not always end with the same status: %d and %d",
				first.status, run[0].status);
			return NULL;
		}
		stable = stable && same_output(&first, &run[0]);
		original[pairs] = (double)run[0].ns;
		optimized[pairs] = (double)run[1].ns;
		log_ratio[pairs] = log(original[pairs] / optimized[pairs]);
		json_array_append_new(raw,
			json_pack("[I, I, i]", (json_int_t)run[0].ns, (json_int_t)run[1].ns, order));
		pairs++;
	}
	double sum[2] = {0};

	for (int i = 0; i < pairs; i++) {
		sum[0] += original[i] / pairs;
		sum[1] += optimized[i] / pairs;
	}
	struct stats_ratio r = stats_interval(log_ratio, pairs, 1 - w->o->confidence);

	/* output that changes from run to run anyway proves nothing either way */
	return json_pack("{s:I, s:I, s:f, s:f, s:f, s:i, s:o, s:i, s:f, s:O}", "original_ns",
		(json_int_t)llround(sum[0]), "optimized_ns", (json_int_t)llround(sum[1]), "speedup",
		r.estimate, "low", r.low, "high", r.high, "pairs", pairs, "output_identical",
		stable ? json_boolean(same) : json_null(), "exit_status", first.status, "confidence",
		w->o->confidence, "raw", raw);
}

void bench_workflow(const struct bench_opts *o, json_t *candidate)
{
	struct workflow w = {.o = o};
	json_t *result = open_workflow(&w, candidate) ? NULL : time_workflow(&w);

	json_object_del(candidate, "workflow_reason");
	if (!result)
		json_object_set_new(
			candidate, "workflow_reason", cf_json_text(w.why, strlen(w.why)));
	json_object_set_new(candidate, "workflow", result ? result : json_null());
	close_workflow(&w);
}
