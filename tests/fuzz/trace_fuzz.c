/* SPDX-License-Identifier: Apache-2.0 */
/* unit of: cf-rank */
/*
 * libFuzzer on the trace reader. SQLite's own pages are SQLite's affair: the input is rows, in tables
 * of the schema's names whose columns take a value of any kind, and all that the stages read of a
 * trace is read of them.
 *
 * The input is a byte of flags, then rows: the number of a table, and for each column a kind and what
 * it takes (column() below). seeds.py writes such files from real traces.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include "cf-rank/rank.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/stream.h"
#include "lib/trace.h"
#include "lib/worker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum flags {
	WITH_META = 1, /* what a trace is refused without */
	COMPLETE = 2,
};

/* The order is the encoding's; seeds.py has it too. */
static const struct {
	const char *name;
	int columns;
	const char *names;
} tables[] = {
	{"meta", 2, "key, value"},
	{"process", 6, "id, pid, ppid, argv, start_ns, ended"},
	{"function", 14,
		"id, file, module, qualname, class, kind, line, end_line, source_sha256, signature, main,"
		" is_test, replayable, reason"},
	{"value", 6, "id, hash, codec, size, packing, data"},
	{"call", 11,
		"id, function, process, thread, seq, time_ns, duration_ns, weight, seen, why, value"},
	{"distribution", 8,
		"function, sampled, inputs, repeated, size_min, size_median, size_p90, size_max"},
	{"profile", 5, "function, calls, own_ns, total_ns, samples"},
	{"edge", 4, "caller, callee, ns, calls"},
	{"line", 3, "function, line, ns"},
	{"test", 3, "id, name, outcome"},
	{"test_function", 2, "test, function"},
	{"ledger", 3, "function, reason, n"},
	{"outcome", 5, "call, stable, input, data, mask"},
	{"input", 3, "size, packing, data"},
	{"complete", 4, "exit_status, signal, timed_out, wall_ns"},
};
#define TABLES ((int)(sizeof(tables) / sizeof(*tables)))
#define ROWS 64

static const char meta[] =
	"INSERT INTO meta VALUES ('language', '\"python\"'), ('project_root', '\"/nowhere\"'),"
	" ('command', '[\"/bin/x\", \"y\"]')";

static char *dir, *path;
static unsigned char *blank; /* a trace without rows */
static sqlite3_int64 blank_size;

struct input {
	const uint8_t *p;
	size_t n;
};

static uint64_t number(struct input *in, size_t bytes)
{
	uint64_t x = 0;

	for (size_t i = 0; i < bytes && in->n; i++, in->p++, in->n--)
		x |= (uint64_t)*in->p << 8 * i;
	return x;
}

static const uint8_t *bytes(struct input *in, size_t *n)
{
	const uint8_t *p = in->p;

	*n = (size_t)number(in, 2);
	p = in->p;
	if (*n > in->n)
		*n = in->n;
	in->p += *n;
	in->n -= *n;
	return p;
}

/* A value of whatever kind the input says. */
static void column(struct input *in, sqlite3_stmt *s, int i)
{
	const uint8_t *p;
	size_t n;

	switch (number(in, 1) % 7) {
	case 0:
		sqlite3_bind_null(s, i);
		break;
	case 1:
		sqlite3_bind_int64(s, i, (int8_t)number(in, 1));
		break;
	case 2:
		sqlite3_bind_int64(s, i, (int64_t)number(in, 8));
		break;
	case 3: {
		uint64_t bits = number(in, 8);
		double x;

		memcpy(&x, &bits, sizeof(x));
		sqlite3_bind_double(s, i, x);
		break;
	}
	case 4:
		p = bytes(in, &n);
		sqlite3_bind_text(s, i, (const char *)p, (int)n, SQLITE_TRANSIENT);
		break;
	case 5:
		p = bytes(in, &n);
		sqlite3_bind_blob(s, i, p, (int)n, SQLITE_TRANSIENT);
		break;
	case 6: { /* a zlib stream of it: a fuzzer does not find one by itself */
		p = bytes(in, &n);
		uLongf size = compressBound((uLong)n);
		cf_autofree unsigned char *packed = cf_malloc(size);

		compress(packed, &size, p, (uLong)n);
		sqlite3_bind_blob(s, i, packed, (int)size, SQLITE_TRANSIENT);
	}
	}
}

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		abort();
}

static void remove_dir(void)
{
	cf_remove_tree(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char template[] = "/dev/shm/cf-fuzz-XXXXXX", plain[] = "/tmp/cf-fuzz-XXXXXX";
	sqlite3 *db;

	(void)argc;
	(void)argv;
	cf_set_progname("fuzz");
	dir = cf_strdup(mkdtemp(template) ? template : mkdtemp(plain) ? plain : "");
	if (!*dir)
		abort();
	atexit(remove_dir);
	path = cf_path_join(dir, "trace");
	if (sqlite3_open(path, &db) != SQLITE_OK)
		abort();
	cf_autofree char *pragmas =
		cf_asprintf("PRAGMA page_size = 1024; PRAGMA application_id = %d; PRAGMA user_version = %d",
			CF_TRACE_APPLICATION_ID, CF_TRACE_VERSION);

	run(db, pragmas);
	for (int t = 0; t < TABLES; t++) {
		cf_autofree char *sql =
			cf_asprintf("CREATE TABLE %s (%s)", tables[t].name, tables[t].names);

		run(db, sql);
	}
	blank = sqlite3_serialize(db, "main", &blank_size, 0);
	sqlite3_close(db);
	return blank ? 0 : 1;
}

/* The rows that the input stands for, in the file. */
static void write_trace(struct input *in)
{
	int flags = (int)number(in, 1), fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	sqlite3 *db;

	if (fd < 0 || cf_write_all(fd, blank, (size_t)blank_size) < 0 || close(fd) < 0 ||
		sqlite3_open(path, &db) != SQLITE_OK)
		abort();
	run(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN");
	if (flags & WITH_META)
		run(db, meta);
	if (flags & COMPLETE)
		run(db, "INSERT INTO complete VALUES (0, NULL, 0, 1000000000)");
	for (int row = 0; row < ROWS && in->n; row++) {
		int t = (int)number(in, 1) % TABLES;
		cf_autofree char *sql = cf_asprintf("INSERT INTO %s VALUES (?%.*s)", tables[t].name,
			2 * (tables[t].columns - 1), ",?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?");
		sqlite3_stmt *s;

		if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
			abort();
		for (int i = 1; i <= tables[t].columns; i++)
			column(in, s, i);
		if (sqlite3_step(s) != SQLITE_DONE)
			abort();
		sqlite3_finalize(s);
	}
	run(db, "COMMIT");
	sqlite3_close(db);
}

/* What a stage does with a function: its calls, and the request that they are run by. */
static int read_function(const struct trace_function *f, void *arg)
{
	struct trace *t = arg;
	struct trace_function again;
	const int most[] = {0, 3};

	if (trace_function_get(t, f->id, &again) > 0) {
		trace_function_is_named(&again, "a.py:f");
		trace_function_is_named(&again, f->qualname);
		trace_function_release(&again);
	}
	for (int k = 0; k < 2; k++) {
		struct trace_call *calls;
		int n;

		if (trace_calls(t, f->id, most[k], &calls, &n) < 0)
			continue;
		struct worker_job job = {
			.trace = t, .function = f, .calls = calls, .ncalls = n, .box.project_root = "/nowhere"};
		json_t *request = worker_request(&job, "run");
		char *line = json_dumps(request, JSON_COMPACT);

		if (!line)
			abort(); /* it is sent as a line */
		for (int i = 0; i < n; i++)
			for (int64_t at = 0; at < calls[i].size; at += 512)
				if (calls[i].blob[at] == 1)
					trace_is("/nowhere"); /* the bytes are there to be read */
		free(line);
		json_decref(request);
		trace_calls_free(calls, n);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = {data, n};
	struct trace t;

	write_trace(&in);
	trace_is(path);
	trace_is_cut(path);
	if (trace_open(&t, path, false) < 0)
		return 0;
	json_t *record = trace_record(&t);

	if (record) {
		char *line = json_dumps(record, JSON_COMPACT);
		enum cf_exit status = CF_OK;
		struct rank_opts o = {.top = 20, .min_share = 0.01, .table = true, .inputs = n % 2,
			.seen = json_object()};
		struct cf_record r = {.line = line, .len = line ? strlen(line) : 0, .json = record,
			.kind = "trace", .source = "fuzz", .number = 1};

		if (!line)
			abort();
		rank_record(&r, &o, &status);
		json_decref(o.seen);
		free(line);
	}
	json_decref(record);
	trace_functions(&t, read_function, &t);

	struct cf_buf b cf_autobuf = CF_BUF_INIT;
	char *why = NULL;

	if (trace_stdin(&t, &b, &why) < 0 && !why)
		abort(); /* a reason is promised */
	free(why);
	trace_release(&t);
	return 0;
}
