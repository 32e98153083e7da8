/* SPDX-License-Identifier: Apache-2.0 */
/* cf-trace: records a run of the user's program into a trace. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cf-trace/collect.h"
#include "cf-trace/input.h"
#include "cf-trace/output.h"
#include "cf-trace/program.h"
#include "cf-trace/recover.h"
#include "cf-trace/summary.h"
#include "cf-trace/tests.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/opt.h"
#include "lib/plugin.h"
#include "lib/process.h"
#include "lib/stream.h"

#ifndef CF_VERSION
#define CF_VERSION "unknown"
#endif

#define TESTS_TIMEOUT_S 60

struct options {
	const char *output, *module_root, *tests_root, *language;
	struct cf_strings only_functions;
	int64_t quota;
	double timeout_s;
	bool collect, recover, tests, trace_only, exit_code, quiet;
};

/* What a plugin said of the command, and where the run is to leave its traces. */
struct run {
	struct cf_plugin plugin;
	json_t *detected, *meta;
	struct output out;
	char **argv;
	json_t *env, *unset;
};

static json_t *text(const char *s)
{
	return s ? cf_json_text(s, strlen(s)) : json_null();
}

/*
 * A word of the command as JSON. JSON holds no other bytes than UTF-8, so a word that is not is
 * stood for by another, which the plugin hands back untouched.
 */
static char *word_in_json(const char *word, int i)
{
	json_t *plain = json_string(word);

	json_decref(plain);
	return plain ? cf_strdup(word) : cf_asprintf("codeflash-argument-%d-is-not-utf-8", i);
}

static json_t *command_json(char *const *argv)
{
	json_t *command = json_array();

	for (int i = 0; argv[i]; i++) {
		cf_autofree char *word = word_in_json(argv[i], i);

		json_array_append_new(command, json_string(word));
	}
	return command;
}

static char *original_word(const char *word, char *const *argv)
{
	for (int i = 0; argv[i]; i++) {
		cf_autofree char *stand_in = word_in_json(argv[i], i);

		if (!strcmp(stand_in, word))
			return cf_strdup(argv[i]);
	}
	return cf_strdup(word);
}

/* "a,b" and repeated options alike. */
static json_t *only_functions(const struct options *o)
{
	json_t *names = json_array();

	for (int i = 0; i < o->only_functions.n; i++) {
		cf_autofree char *list = cf_strdup(o->only_functions.v[i]);
		char *rest = list, *name;

		while ((name = strsep(&rest, ",")))
			if (*name)
				json_array_append_new(names, cf_json_text(name, strlen(name)));
	}
	return names;
}

static enum cf_exit detect(struct run *r, const struct options *o, char *const *argv)
{
	cf_autofree char *cwd = cf_path_abs(".");
	json_auto_t *request =
		json_pack("{s:o, s:o, s:{s:o, s:o, s:o}}", "command", command_json(argv), "cwd",
			text(cwd), "options", "module_root", text(o->module_root), "tests_root",
			text(o->tests_root), "only_functions", only_functions(o));
	enum cf_exit status;

	/* for messages; the word in the command may be one that stands for it */
	json_object_set_new(request, "title", text(argv[0]));
	status = cf_plugin_detect(&r->plugin, request, o->language, &r->detected);

	if (status != CF_OK)
		return status;
	if (!cf_json_str(r->detected, "project_root") || !cf_json_str(r->detected, "runtime") ||
		!json_is_array(json_object_get(r->detected, "command"))) {
		cf_error("plugin %s: its answer to detect lacks project_root, runtime or command",
			r->plugin.name);
		return CF_MISSING;
	}
	return CF_OK;
}

static json_t *root(const struct run *r, const char *key)
{
	const char *project = cf_json_str(r->detected, "project_root");
	const char *path = cf_json_str(r->detected, key);
	cf_autofree char *joined = path ? cf_path_join(project, path) : NULL;
	cf_autofree char *abs = joined ? cf_path_abs(joined) : NULL;

	return text(abs ? abs : project);
}

static json_t *detected(const struct run *r, const char *key)
{
	json_t *value = json_object_get(r->detected, key);

	return value ? json_incref(value) : json_null();
}

/* Asks the plugin how the program is started under its recorder. */
static enum cf_exit ask_trace(struct run *r, const struct options *o, char *const *argv)
{
	cf_autofree char *cwd = cf_path_abs(".");
	json_auto_t *answer = NULL,
		    *request = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:{}}",
			    "command", detected(r, "command"), "cwd", text(cwd), "runtime",
			    detected(r, "runtime"), "project_root", detected(r, "project_root"),
			    "module_root", root(r, "module_root"), "tests_root",
			    root(r, "tests_root"), "spool", text(r->out.spool),
			    "max_function_count", (json_int_t)o->quota, "only_functions",
			    only_functions(o), "options");
	enum cf_exit status = cf_plugin_call(
		&r->plugin, "trace", cf_json_str(r->detected, "runtime"), request, &answer);
	const json_t *words, *word;
	size_t i;

	if (status != CF_OK)
		return status;
	words = json_object_get(answer, "argv");
	if (!json_array_size(words)) {
		cf_error("plugin %s: its answer to trace lacks argv", r->plugin.name);
		return CF_MISSING;
	}
	r->argv = cf_calloc(json_array_size(words) + 1, sizeof(*r->argv));
	json_array_foreach(words, i, word) r->argv[i] =
		original_word(json_is_string(word) ? json_string_value(word) : "", argv);
	r->env = json_is_object(json_object_get(answer, "env"))
			 ? json_incref(json_object_get(answer, "env"))
			 : json_object();
	r->unset = json_incref(json_object_get(answer, "unset"));
	/* The word by which the program's processes are known, should they have to be ended. */
	json_object_set_new(r->env, "CODEFLASH_SPOOL", text(r->out.spool));
	return CF_OK;
}

static void describe(struct run *r, const struct options *o)
{
	static const char *const same[] = {"runtime", "runtime_version", "project_root",
		"module_root", "tests_root", "command"};
	cf_autofree char *cwd = cf_path_abs(".");
	time_t now = time(NULL);
	struct tm tm;
	char started[32];

	strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	r->meta = json_pack("{s:s, s:s, s:o, s:s, s:s, s:{s:I, s:o, s:f}}", "language",
		r->plugin.language, "plugin", r->plugin.name, "cwd", text(cwd), "started_at",
		started, "tool_version", CF_VERSION, "options", "max_function_count",
		(json_int_t)o->quota, "only_functions", only_functions(o), "timeout_s",
		o->timeout_s);
	json_object_set_new(r->meta, "stdin",
		o->collect ? json_pack("{s:s}", "kind", "none") : input_describe());
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		json_object_set_new(r->meta, same[i], detected(r, same[i]));
}

struct named {
	const char *name;
	bool called;
};

static int is_named(const struct trace_function *f, void *arg)
{
	struct named *n = arg;
	const char *dot = strrchr(f->qualname, '.');

	n->called = n->called || !strcmp(f->qualname, n->name) || (dot && !strcmp(dot + 1, n->name)) ||
		    (f->class_name && !strcmp(f->class_name, n->name));
	return 0;
}

/* A name that nothing answers to is misspelt, or the run did not come that way. */
static void check_names(struct trace *t, const struct options *o)
{
	json_auto_t *names = only_functions(o);
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		struct named n = {json_string_value(name), false};

		if (trace_functions(t, is_named, &n) == 0 && !n.called)
			cf_warn("--only-functions %s: no such function was called", n.name);
	}
}

/* Tells of the finished trace: the stream's line and the summary. */
static enum cf_exit report(const char *path, const struct options *o)
{
	struct trace t;
	json_auto_t *record = NULL;

	if (trace_open(&t, path, false) < 0)
		return CF_USAGE;
	if (!o->quiet)
		check_names(&t, o);
	record = trace_record(&t);
	if (!record || (!o->quiet && summary_print(&t, record) < 0)) {
		trace_release(&t);
		return CF_USAGE;
	}
	trace_release(&t);
	if (!isatty(STDOUT_FILENO))
		cf_stream_write(record);
	return CF_OK;
}

static enum cf_exit record(struct run *r, const struct options *o)
{
	struct collector c = {
		.out = &r->out,
		.meta = r->meta,
		.progress = !o->quiet && isatty(STDERR_FILENO),
	};
	struct program p = {
		.argv = r->argv,
		.env = r->env,
		.unset = r->unset,
		.marker = r->out.spool,
		.stdout_to_stderr = !isatty(STDOUT_FILENO),
		.in = -1,
		.timeout_s = o->timeout_s,
	};
	struct program_end end;
	enum cf_exit status = CF_OK;

	if (collector_start(&c) < 0)
		return CF_USAGE;
	p.in = input_copy(r->out.input);
	if (program_run(&p, &end) < 0) {
		collector_cancel(&c);
		return CF_PROGRAM;
	}
	if (end.exec_errno) {
		collector_cancel(&c);
		cf_error("cannot run %s: %s", r->argv[0], strerror(end.exec_errno));
		return CF_MISSING;
	}
	if (collector_finish(&c, &(struct store_end){true, end.exit_status, end.sig, end.timed_out,
					 end.wall_ns}) < 0)
		status = CF_USAGE;
	if (c.killed)
		output_keep(&r->out);
	output_remove(&r->out);
	if (status == CF_OK)
		status = report(r->out.path, o);
	if (end.told_to_end)
		program_die_by(end.told_to_end);
	if (status == CF_OK && o->exit_code && !end.timed_out)
		return end.sig ? 128 + end.sig : end.exit_status;
	return status;
}

static enum cf_exit trace(struct run *r, struct options *o, char *const *argv)
{
	enum cf_exit status = detect(r, o, argv);

	if (status != CF_OK)
		return status;
	if (!o->quota)
		o->quota = cf_json_int(r->plugin.manifest, "max_function_count", 100);
	program_hold_signals();
	if (output_name(&r->out, o->output) < 0)
		return CF_USAGE;
	recover_for_next(&r->out);
	if (output_open(&r->out) < 0)
		return CF_USAGE;
	status = ask_trace(r, o, argv);
	if (status != CF_OK)
		return status;
	describe(r, o);
	return record(r, o);
}

static enum cf_exit recovered(struct run *r, const struct options *o)
{
	cf_autofree char *path = NULL;

	if (output_name(&r->out, o->output) < 0 || recover(&r->out, &path) < 0)
		return CF_USAGE;
	return report(path, o);
}

/*
 * Goes on in the background, as nobody's child: the program may wait for all that it has. Returns
 * there, with the descriptor on which to say that all is well; the process that was called ends by
 * that, or with the status of the one in the background. -1 after cf_error.
 */
static int go_on_behind(void)
{
	int ends[2], st = 0;
	char ready;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return cf_error("cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		return cf_error("cannot start a process: %s", strerror(errno));
	if (pid == 0) {
		close(ends[0]);
		return ends[1];
	}
	close(ends[1]);
	if (read(ends[0], &ready, 1) == 1)
		_exit(CF_OK);
	waitpid(pid, &st, 0);
	_exit(WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st));
}

/* The next line of stdin; NULL when there is none that is whole. Returns new. */
static json_t *read_object(void)
{
	cf_autofree char *line = NULL;
	size_t cap = 0;
	ssize_t n = getline(&line, &cap, stdin);
	json_t *o = n > 0 ? json_loadb(line, (size_t)n, 0, NULL) : NULL;

	if (json_is_object(o))
		return o;
	json_decref(o);
	return NULL;
}

/* Tells the program where its spools go; from here on it records itself. */
static int answer(const struct run *r, int ready)
{
	json_auto_t *o = json_pack("{s:o}", "spool", text(r->out.spool));

	if (json_dumpf(o, stdout, JSON_COMPACT) < 0 || putchar('\n') < 0 || fflush(stdout) < 0)
		return cf_error("cannot write to stdout: %s", strerror(errno));
	return write(ready, "r", 1) == 1 ? 0 : -1;
}

/* A program that runs already asks on stdin to have a section of it collected, see cf-plugin(7). */
static enum cf_exit collect(struct run *r, struct options *o)
{
	cf_autoclose int ready = go_on_behind();
	struct collector c = {.out = &r->out, .section = true};
	struct store_end end = {.exit_status = -1};
	enum cf_exit status = CF_OK;
	json_auto_t *last = NULL;
	uint64_t start;

	r->detected = ready < 0 ? NULL : read_object();
	if (!cf_json_str(r->detected, "project_root") || !cf_json_str(r->detected, "language")) {
		cf_error("--collect: the request on stdin lacks language or project_root");
		return CF_USAGE;
	}
	if (cf_plugin_find(&r->plugin, cf_json_str(r->detected, "language")) < 0)
		return CF_MISSING;
	if (!o->quota)
		o->quota = cf_json_int(r->plugin.manifest, "max_function_count", 100);
	if (output_name(&r->out, o->output) < 0)
		return CF_USAGE;
	recover_for_next(&r->out);
	if (output_open(&r->out) < 0)
		return CF_USAGE;
	describe(r, o);
	c.meta = r->meta;
	if (collector_start(&c) < 0)
		return CF_USAGE;
	start = cf_now_ns();
	if (answer(r, ready) < 0) {
		collector_cancel(&c);
		return CF_USAGE;
	}
	last = read_object();
	end.complete = last != NULL;
	end.timed_out = json_is_true(json_object_get(last, "timed_out"));
	end.wall_ns = (int64_t)(cf_now_ns() - start);
	if (collector_finish(&c, &end) < 0)
		status = CF_USAGE;
	if (c.killed)
		output_keep(&r->out);
	output_remove(&r->out);
	/* else nobody is left to be told */
	return status == CF_OK && last ? report(r->out.path, o) : status;
}

int main(int argc, char **argv)
{
	struct options o = {.output = "codeflash.trace"};
	struct run r = {.out.lock = -1};
	const struct cf_opt opts[] = {
		{'o', "output", "file", CF_STRING, &o.output, "the trace [codeflash.trace]", 0},
		{0, "timeout", "seconds", CF_DOUBLE, &o.timeout_s,
			"end the program after that long", 0},
		{0, "max-function-count", "n", CF_INT, &o.quota,
			"calls to keep of each function [the language's: 100]", 1},
		{0, "only-functions", "a,b", CF_LIST, &o.only_functions,
			"record these functions only", 0},
		{0, "module-root", "dir", CF_STRING, &o.module_root, "the code to record", 0},
		{0, "tests-root", "dir", CF_STRING, &o.tests_root, "where the tests are", 0},
		{0, "language", "name", CF_STRING, &o.language, "ask this language's plugin only",
			0},
		{0, "recover", NULL, CF_FLAG, &o.recover,
			"make a trace of what a killed run has left", 0},
		{0, "collect", NULL, CF_FLAG, &o.collect,
			"for a program that records a section of itself; asked on stdin", 0},
		{0, "tests", NULL, CF_FLAG, &o.tests,
			"record the tests of the projects in a stream, in the sandbox", 0},
		{0, "trace-only", NULL, CF_FLAG, &o.trace_only, "accepted; it never does more", 0},
		{'e', "exit-code", NULL, CF_FLAG, &o.exit_code,
			"exit with the program's own status", 0},
		{'q', "quiet", NULL, CF_FLAG, &o.quiet, "no progress, no summary", 0},
		{0},
	};
	enum cf_exit status;

	program_remember_signals();
	argv = cf_getopt(&argc, argv,
		"cf-trace [options] script.py args ... | -m module args ... |"
		" program args ... | --recover | --tests stream ...",
		opts);
	if (o.tests)
		return tests_stream(argv, &(struct tests_opts){o.timeout_s > 0 ? o.timeout_s : TESTS_TIMEOUT_S, o.quiet});
	if (o.recover && argc)
		cf_die(CF_USAGE, "--recover runs nothing: leave out %s", argv[0]);
	if (o.collect && argc)
		cf_die(CF_USAGE, "--collect takes no program: the one that asks runs already");
	if (!o.recover && !o.collect && argc < 1)
		cf_die(CF_USAGE, "name the program to record; see cf-trace --help");
	status = o.recover ? recovered(&r, &o) : o.collect ? collect(&r, &o) : trace(&r, &o, argv);
	output_remove(&r.out);
	output_release(&r.out);
	cf_plugin_release(&r.plugin);
	json_decref(r.detected);
	json_decref(r.meta);
	json_decref(r.env);
	json_decref(r.unset);
	cf_argv_free(r.argv);
	free(o.only_functions.v);
	return (int)status;
}
