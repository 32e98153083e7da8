/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trace while it is being written. Values go to the trace itself as they come; calls wait in a
 * scratch database beside it until it is known which of them to keep; what is only added up (times,
 * edges, losses) waits in memory, so that a full disk does not touch it.
 */
#include "cf-trace/store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "cf-trace/input.h"
#include "cf-trace/select.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/trace.h"

#define COMPRESS_FROM 256 /* bytes; below that it costs more than it saves */

enum statement {
	ADD_PROCESS,
	SET_ARGV,
	SET_CLOSED,
	ADD_FUNCTION,
	GET_FUNCTION,
	GET_VALUE,
	ADD_VALUE,
	ADD_SAMPLE,
	ADD_DURATION,
	ADD_COUNT,
	ADD_COUNTER,
	ADD_PROFILE,
	ADD_EDGE,
	ADD_LINE,
	ADD_LOSS,
	ADD_TEST,
	ADD_TEST_FUNCTION,
	ADD_CALL,
	ADD_DISTRIBUTION,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[ADD_PROCESS] = "INSERT INTO t_process (pid, ppid, start_ns) VALUES (?, ?, ?)",
	[SET_ARGV] = "UPDATE t_process SET argv = ?2 WHERE id = ?1",
	[SET_CLOSED] = "UPDATE t_process SET ended = 'exit' WHERE id = ?",
	[ADD_FUNCTION] =
		"INSERT OR IGNORE INTO t_function (file, module, qualname, class, kind, line,"
		" end_line, source_sha256, signature, main, is_test, replayable, reason)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[GET_FUNCTION] = "SELECT id FROM t_function WHERE file = ? AND qualname = ? AND line = ?",
	[GET_VALUE] = "SELECT id, size FROM value WHERE hash = ?",
	[ADD_VALUE] = "INSERT OR IGNORE INTO value (hash, codec, size, packing, data)"
		      " VALUES (?, ?, ?, ?, ?)",
	[ADD_SAMPLE] = "INSERT INTO s_call VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ADD_DURATION] = "INSERT OR IGNORE INTO s_duration VALUES (?, ?, ?, ?)",
	[ADD_COUNT] = "UPDATE t_function SET calls = calls + ?2 WHERE id = ?1",
	[ADD_COUNTER] = "INSERT INTO t_counter VALUES (?, ?, ?)"
			" ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
	[ADD_PROFILE] =
		"INSERT INTO t_profile VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET own_ns ="
		" own_ns + excluded.own_ns, total_ns = total_ns + excluded.total_ns,"
		" samples = samples + excluded.samples",
	[ADD_EDGE] = "INSERT INTO t_edge VALUES (?, ?, ?)"
		     " ON CONFLICT DO UPDATE SET ns = ns + excluded.ns",
	[ADD_LINE] = "INSERT INTO t_line VALUES (?, ?, ?)"
		     " ON CONFLICT DO UPDATE SET ns = ns + excluded.ns",
	[ADD_LOSS] = "INSERT INTO t_loss VALUES (?, ?, ?)"
		     " ON CONFLICT DO UPDATE SET n = n + excluded.n",
	[ADD_TEST] = "INSERT INTO t_test (name, outcome, duration_ns) VALUES (?, ?, ?)"
		     " ON CONFLICT DO UPDATE SET outcome = ifnull(excluded.outcome, outcome),"
		     " duration_ns = ifnull(excluded.duration_ns, duration_ns) RETURNING id",
	[ADD_TEST_FUNCTION] = "INSERT OR IGNORE INTO t_test_function VALUES (?, ?)",
	[ADD_CALL] =
		"INSERT INTO call (function, process, thread, seq, time_ns, duration_ns, weight,"
		" seen, why, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ADD_DISTRIBUTION] = "INSERT INTO distribution VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
};

/* Function 0 and caller 0 stand for none. */
static const char setup[] =
	"CREATE TABLE tally.t_process (id INTEGER PRIMARY KEY, pid, ppid, argv, start_ns, ended);"
	"CREATE TABLE tally.t_function (id INTEGER PRIMARY KEY, file, module, qualname, class, "
	"kind,"
	" line, end_line, source_sha256, signature, main, is_test, replayable, reason,"
	" calls DEFAULT 0, UNIQUE (file, qualname, line));"
	"CREATE TABLE tally.t_counter (process, counter, calls, PRIMARY KEY (process, counter))"
	" WITHOUT ROWID;"
	"CREATE TABLE tally.t_profile (function INTEGER PRIMARY KEY, own_ns, total_ns, samples);"
	"CREATE TABLE tally.t_edge (caller, callee, ns, PRIMARY KEY (caller, callee)) WITHOUT "
	"ROWID;"
	"CREATE TABLE tally.t_line (function, line, ns, PRIMARY KEY (function, line)) WITHOUT "
	"ROWID;"
	"CREATE TABLE tally.t_loss (function, reason, n, PRIMARY KEY (function, reason))"
	" WITHOUT ROWID;"
	"CREATE TABLE tally.t_test (id INTEGER PRIMARY KEY, name UNIQUE, outcome, duration_ns);"
	"CREATE TABLE tally.t_test_function (test, function, PRIMARY KEY (test, function))"
	" WITHOUT ROWID;"
	"CREATE TABLE stage.s_call (function, process, counter, thread, seq, time_ns, duration_ns,"
	" why, hash, value, size);"
	"CREATE TABLE stage.s_duration (function, process, seq, ns,"
	" PRIMARY KEY (function, process, seq)) WITHOUT ROWID";

/*
 * Calls counted against calls recorded: what neither the sample nor a loss accounts for is what the
 * quota left out, or, where it was not reached, the recorder. ?1 is the quota, ?2 how that is said.
 */
static const char finish_before[] =
	"INSERT INTO process SELECT id, pid, ppid, argv, start_ns, ifnull(ended, 'cut short')"
	" FROM t_process;"
	"INSERT INTO function SELECT id, file, module, qualname, class, kind, line, end_line,"
	" source_sha256, signature, main, is_test, replayable, reason FROM t_function;"
	"INSERT INTO edge SELECT nullif(caller, 0), callee, ns, NULL FROM t_edge;"
	"INSERT INTO line SELECT * FROM t_line;"
	"INSERT INTO test SELECT * FROM t_test;"
	"INSERT INTO test_function SELECT * FROM t_test_function;";
static const char finish_after[] =
	"CREATE TABLE tally.t_sum AS SELECT id, calls,"
	" ifnull((SELECT sum(seen) FROM call c WHERE c.function = f.id), 0) AS kept,"
	" ifnull((SELECT sum(n) FROM t_loss l WHERE l.function = f.id), 0) AS lost"
	" FROM t_function f;"
	"INSERT INTO t_loss SELECT id, CASE WHEN kept + lost >= ?1 THEN ?2 WHEN kept + lost THEN"
	" 'not sampled' ELSE 'no input was recorded' END, calls - kept - lost FROM t_sum WHERE "
	"calls > kept + lost"
	" ON CONFLICT DO UPDATE SET n = n + excluded.n;"
	"INSERT INTO ledger SELECT nullif(function, 0), reason, n FROM t_loss;"
	"INSERT INTO profile SELECT id, max(calls, kept + lost), ifnull(own_ns, 0),"
	" ifnull(total_ns, 0), ifnull(samples, 0) FROM t_sum LEFT JOIN t_profile ON function = id;"
	"DELETE FROM value WHERE id NOT IN (SELECT value FROM call)";

struct store {
	sqlite3 *db;
	sqlite3_stmt *st[STATEMENTS];
	char *root;
	int64_t quota, captured, captured_before;
	bool full;
	/* The value stored last: most calls come right after theirs. id 0: none. */
	struct {
		unsigned char hash[16];
		int64_t id, size;
	} last;
	z_stream z;
	bool z_ready;
	struct cf_buf packed;
};

/*
 * Binds and runs: i a whole number, u one that is NULL when negative, t text or NULL, b bytes and
 * their count. SQLITE_DONE or SQLITE_ROW (the statement is then left on its row), else an error
 * code.
 */
static int run(struct store *s, enum statement which, const char *types, ...)
{
	sqlite3_stmt *st = s->st[which];
	va_list ap;
	int64_t number;
	int rc;

	sqlite3_reset(st);
	va_start(ap, types);
	for (int i = 1; *types; types++, i++)
		switch (*types) {
		case 'i':
			sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
			break;
		case 't':
			sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
			break;
		case 'b': {
			const void *data = va_arg(ap, const void *);

			sqlite3_bind_blob64(st, i, data, va_arg(ap, size_t), SQLITE_STATIC);
			break;
		}
		default:
			number = va_arg(ap, int64_t);
			if (number < 0)
				sqlite3_bind_null(st, i);
			else
				sqlite3_bind_int64(st, i, number);
		}
	va_end(ap);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		sqlite3_reset(st);
	return rc;
}

static int done(int rc)
{
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}

static int exec(struct store *s, const char *text)
{
	return sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

static int failed(const struct store *s)
{
	return cf_error("cannot write the trace: %s; name another place with --output",
		sqlite3_errmsg(s->db));
}

static int add_meta(struct store *s, const json_t *meta)
{
	sqlite3_stmt *st;
	const char *key;
	json_t *value;
	int rc = SQLITE_DONE;

	if (sqlite3_prepare_v2(s->db, "INSERT INTO meta VALUES (?, ?)", -1, &st, NULL) != SQLITE_OK)
		return -1;
	json_object_foreach((json_t *)meta, key, value)
	{
		cf_autofree char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

		sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
		sqlite3_bind_text(st, 2, text, -1, SQLITE_STATIC);
		rc = sqlite3_step(st);
		sqlite3_reset(st);
		if (rc != SQLITE_DONE)
			break;
	}
	sqlite3_finalize(st);
	return done(rc);
}

static int attach(struct store *s, const char *path, const char *name)
{
	char *text = sqlite3_mprintf("ATTACH %Q AS %s", path, name);
	int rc = exec(s, text);

	sqlite3_free(text);
	return rc;
}

struct store *store_create(
	const char *dir, const json_t *meta, const char *project_root, int64_t quota)
{
	cf_autofree char *path = cf_path_join(dir, "trace.db"),
			 *stage = cf_path_join(dir, "stage.db");
	struct store *s = cf_calloc(1, sizeof(*s));
	char pragmas[512];

	s->root = cf_strdup(project_root);
	s->quota = quota;
	unlink(path);
	unlink(stage);
	/*
	 * Nobody else reads these files before they are whole, and a crash of the machine loses
	 * them anyway: no journal on disk, no syncing. auto_vacuum so that values over the quota
	 * can go.
	 */
	snprintf(pragmas, sizeof(pragmas),
		"PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=MEMORY; PRAGMA "
		"synchronous=OFF;"
		"PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-24000; PRAGMA application_id=%d;"
		"PRAGMA user_version=%d;",
		CF_TRACE_APPLICATION_ID, CF_TRACE_VERSION);
	if (sqlite3_open_v2(path, &s->db,
		    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
		    NULL) != SQLITE_OK ||
		exec(s, pragmas) < 0 || exec(s, cf_trace_schema) < 0 ||
		attach(s, ":memory:", "tally") < 0 || attach(s, stage, "stage") < 0 ||
		exec(s, "PRAGMA stage.journal_mode=MEMORY; PRAGMA stage.synchronous=OFF") < 0 ||
		exec(s, setup) < 0 || add_meta(s, meta) < 0)
		goto fail;
	for (int i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->st[i],
			    NULL) != SQLITE_OK)
			goto fail;
	return s;
fail:
	failed(s);
	store_close(s);
	return NULL;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->st[i]);
	sqlite3_close(s->db);
	if (s->z_ready)
		deflateEnd(&s->z);
	cf_buf_release(&s->packed);
	free(s->root);
	free(s);
}

int store_begin(struct store *s)
{
	s->captured_before = s->captured;
	return exec(s, "BEGIN");
}

int store_commit(struct store *s)
{
	return exec(s, "COMMIT");
}

void store_rollback(struct store *s)
{
	s->captured = s->captured_before;
	s->last.id = 0;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_reset(s->st[i]);
	if (!sqlite3_get_autocommit(s->db))
		exec(s, "ROLLBACK");
}

void store_disk_full(struct store *s)
{
	s->full = true;
}

bool store_is_full(const struct store *s)
{
	return s->full;
}

int64_t store_captured(const struct store *s)
{
	return s->captured;
}

int64_t store_process(struct store *s, int64_t pid, int64_t ppid, uint64_t start_ns)
{
	if (done(run(s, ADD_PROCESS, "iii", pid, ppid, (int64_t)start_ns)) < 0)
		return -1;
	return sqlite3_last_insert_rowid(s->db);
}

int store_process_argv(struct store *s, int64_t process, const json_t *record)
{
	cf_autofree char *argv = json_dumps(json_object_get(record, "argv"), JSON_COMPACT);

	return done(run(s, SET_ARGV, "it", process, argv));
}

int store_process_closed(struct store *s, int64_t process)
{
	return done(run(s, SET_CLOSED, "i", process));
}

static int64_t flag(const json_t *o, const char *key, bool fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) != 0 : cf_json_bool(o, key, fallback);
}

int64_t store_function(struct store *s, const json_t *o)
{
	cf_autofree char *file = cf_path_relative(cf_json_str(o, "file"), s->root);
	cf_autofree char *signature = NULL;
	const json_t *sig = json_object_get(o, "signature");
	const char *qualname = cf_json_str(o, "qualname");
	int64_t line = cf_json_int(o, "line", 0), id = -1;

	if (json_is_string(sig))
		signature = cf_strdup(json_string_value(sig));
	else if (sig && !json_is_null(sig))
		signature = json_dumps(sig, JSON_COMPACT | JSON_ENCODE_ANY);
	if (done(run(s, ADD_FUNCTION, "tttttiittiiit", file, cf_json_str(o, "module"), qualname,
		    cf_json_str(o, "class"), cf_json_str(o, "kind"), line,
		    cf_json_int(o, "end_line", 0), cf_json_str(o, "source_sha256"), signature,
		    flag(o, "main", false), flag(o, "is_test", false), flag(o, "replayable", true),
		    cf_json_str(o, "reason"))) < 0)
		return -1;
	if (run(s, GET_FUNCTION, "tti", file, qualname, line) == SQLITE_ROW)
		id = sqlite3_column_int64(s->st[GET_FUNCTION], 0);
	sqlite3_reset(s->st[GET_FUNCTION]);
	return id;
}

/* A zlib stream of the data in s->packed; false when that saves too little. */
static bool pack(struct store *s, const void *data, size_t n)
{
	if (!s->z_ready && deflateInit(&s->z, 1) != Z_OK)
		return false;
	s->z_ready = true;
	deflateReset(&s->z);
	cf_buf_reset(&s->packed);
	cf_buf_reserve(&s->packed, n - n / 8);
	s->z.next_in = (Bytef *)data;
	s->z.avail_in = (uInt)n;
	s->z.next_out = (Bytef *)s->packed.data;
	s->z.avail_out = (uInt)(n - n / 8);
	if (deflate(&s->z, Z_FINISH) != Z_STREAM_END)
		return false;
	s->packed.len = s->z.total_out;
	return true;
}

/* Finds the value of that hash and makes it the last one. 1 found, 0 not, -1 error. */
static int find_value(struct store *s, const unsigned char hash[16])
{
	int rc = run(s, GET_VALUE, "b", hash, sizeof(s->last.hash));

	if (rc == SQLITE_ROW) {
		memcpy(s->last.hash, hash, sizeof(s->last.hash));
		s->last.id = sqlite3_column_int64(s->st[GET_VALUE], 0);
		s->last.size = sqlite3_column_int64(s->st[GET_VALUE], 1);
	}
	sqlite3_reset(s->st[GET_VALUE]);
	return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : -1;
}

int store_value(struct store *s, const struct cf_rec_value *v, const void *data, size_t n)
{
	bool packed = false;
	int found;

	if (s->full)
		return 0;
	if (n >= COMPRESS_FROM) {
		found = find_value(s, v->hash);
		if (found)
			return found < 0 ? -1 : 0;
		packed = pack(s, data, n);
	}
	if (done(run(s, ADD_VALUE, "btiib", v->hash, sizeof(v->hash), v->codec, (int64_t)n,
		    (int64_t)(packed ? 2 : 0),
		    packed ? s->packed.data
		    : n	   ? data
			   : "",
		    packed ? s->packed.len : n)) < 0)
		return -1;
	if (!sqlite3_changes(s->db))
		return 0;
	memcpy(s->last.hash, v->hash, sizeof(s->last.hash));
	s->last.id = sqlite3_last_insert_rowid(s->db);
	s->last.size = (int64_t)n;
	return 0;
}

int store_call(struct store *s, int64_t process, int64_t function, const struct cf_rec_call *c)
{
	bool last = s->last.id && !memcmp(c->hash, s->last.hash, sizeof(c->hash));

	if (s->full)
		return store_loss(s, function, "disk full", 1);
	s->captured++;
	return done(run(s, ADD_SAMPLE, "iiiiiiuibui", function, process, (int64_t)c->function,
		(int64_t)c->thread, (int64_t)c->seq, (int64_t)c->time_ns,
		c->duration_ns > INT64_MAX ? (int64_t)-1 : (int64_t)c->duration_ns, (int64_t)c->why,
		c->hash, sizeof(c->hash), last ? s->last.id : (int64_t)-1, s->last.size));
}

int store_duration(
	struct store *s, int64_t process, int64_t function, const struct cf_rec_duration *d)
{
	return done(run(s, ADD_DURATION, "iiii", function, process, (int64_t)d->seq, (int64_t)d->ns));
}

int store_counts(
	struct store *s, int64_t process, uint32_t counter, int64_t function, int64_t calls)
{
	if (done(run(s, ADD_COUNTER, "iii", process, (int64_t)counter, calls)) < 0)
		return -1;
	return done(run(s, ADD_COUNT, "ii", function, calls));
}

int store_profile(struct store *s, int64_t function, const struct cf_rec_profile *p)
{
	return done(run(s, ADD_PROFILE, "iiii", function, (int64_t)p->own_ns, (int64_t)p->total_ns,
		(int64_t)p->samples));
}

int store_edge(struct store *s, int64_t caller, int64_t callee, int64_t ns)
{
	return done(run(s, ADD_EDGE, "iii", caller, callee, ns));
}

int store_line(struct store *s, int64_t function, int64_t line, int64_t ns)
{
	return done(run(s, ADD_LINE, "iii", function, line, ns));
}

int store_loss(struct store *s, int64_t function, const char *reason, int64_t n)
{
	return done(run(s, ADD_LOSS, "iti", function, reason, n));
}

int64_t store_test(struct store *s, const char *name, const char *outcome, int64_t ns)
{
	int64_t id = -1;

	if (run(s, ADD_TEST, "ttu", name, outcome, ns) == SQLITE_ROW)
		id = sqlite3_column_int64(s->st[ADD_TEST], 0);
	sqlite3_reset(s->st[ADD_TEST]);
	return id;
}

int store_test_function(struct store *s, int64_t test, int64_t function)
{
	return done(run(s, ADD_TEST_FUNCTION, "ii", test, function));
}

static int keep_call(struct store *s, int64_t function, const struct input *in)
{
	static const char *const why[] = {
		"first", "uniform", "slowest", "largest", "smallest", "commonest"};
	const struct sample *c = in->call;

	return done(run(s, ADD_CALL, "iiiiiuiiti", function, c->process, c->thread, c->seq,
		c->time_ns, in->duration_ns, in->weight, in->seen, why[in->why], c->value));
}

/* calls: of the function in the whole run, as far as they were counted. */
static int keep_calls(
	struct store *s, int64_t function, int64_t calls, struct sample *v, size_t n)
{
	struct distribution d;
	cf_autofree struct input *in = NULL;

	n = select_inputs(v, n, calls, (size_t)s->quota, &in, &d);
	for (size_t i = 0; i < n; i++)
		if (in[i].keep && keep_call(s, function, in + i) < 0)
			return -1;
	return done(run(s, ADD_DISTRIBUTION, "iiiiiiii", function, d.sampled, d.inputs, d.repeated,
		d.sizes.min, d.sizes.median, d.sizes.p90, d.sizes.max));
}

/* Goes through the samples function by function, keeping in memory those of one only. */
static int select_calls(struct store *s)
{
	sqlite3_stmt *st;
	cf_autofree struct sample *v = NULL;
	size_t n = 0, cap = 0;
	int64_t function = 0, calls = 0;
	int rc, ret = 0, found;

	if (sqlite3_prepare_v2(s->db,
		    "SELECT function, s.process, thread, seq, time_ns, ifnull(duration_ns, (SELECT ns"
		    " FROM s_duration d WHERE d.function = s.function AND d.process = s.process AND"
		    " d.seq = s.seq)), why, value, size, hash, p.start_ns, s.counter, k.calls, f.calls"
		    " FROM s_call s JOIN t_process p ON p.id = s.process"
		    " JOIN t_function f ON f.id = function"
		    " LEFT JOIN t_counter k ON k.process = s.process AND k.counter = s.counter"
		    " ORDER BY function",
		    -1, &st, NULL) != SQLITE_OK)
		return -1;
	while (ret == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(st, 0);

		if (id != function && n) {
			ret = keep_calls(s, function, calls, v, n);
			n = 0;
		}
		function = id;
		calls = sqlite3_column_int64(st, 13);
		cf_grow(&v, &cap, n + 1, sizeof(*v));
		v[n] = (struct sample){
			.process = sqlite3_column_int64(st, 1),
			.thread = sqlite3_column_int64(st, 2),
			.seq = sqlite3_column_int64(st, 3),
			.time_ns = sqlite3_column_int64(st, 4),
			.duration_ns = sqlite3_column_type(st, 5) == SQLITE_NULL
					       ? -1
					       : sqlite3_column_int64(st, 5),
			.why = (enum cf_why)sqlite3_column_int(st, 6),
			.value = sqlite3_column_int64(st, 7),
			.size = sqlite3_column_int64(st, 8),
			.counter = (uint32_t)sqlite3_column_int64(st, 11),
			.calls = sqlite3_column_int64(st, 12),
		};
		v[n].order = (uint64_t)sqlite3_column_int64(st, 10) + (uint64_t)v[n].time_ns;
		if (!v[n].value) {
			found = find_value(s, sqlite3_column_blob(st, 9));
			v[n].value = s->last.id;
			v[n].size = s->last.size;
			if (found <= 0) {
				ret |= found < 0 ? -1
						 : store_loss(s, id,
							   "its input never reached the spool", 1);
				continue;
			}
		}
		n++;
	}
	sqlite3_finalize(st);
	if (ret == 0 && n)
		ret = keep_calls(s, function, calls, v, n);
	return ret || rc != SQLITE_DONE ? -1 : 0;
}

/* Runs statements one after another with the quota as ?1 and the ledger's words for it as ?2. */
static int exec_with_quota(struct store *s, const char *text)
{
	char reason[64];

	snprintf(reason, sizeof(reason), "over the quota of %lld", (long long)s->quota);
	while (*text) {
		sqlite3_stmt *st;
		int rc;

		if (sqlite3_prepare_v2(s->db, text, -1, &st, &text) != SQLITE_OK)
			return -1;
		sqlite3_bind_int64(st, 1, s->quota);
		sqlite3_bind_text(st, 2, reason, -1, SQLITE_STATIC);
		rc = sqlite3_step(st);
		sqlite3_finalize(st);
		if (done(rc) < 0)
			return -1;
	}
	return 0;
}

int store_input(struct store *s, const char *path)
{
	cf_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct cf_buf text cf_autobuf = CF_BUF_INIT, packed cf_autobuf = CF_BUF_INIT;
	sqlite3_stmt *st;
	struct stat file;
	uLongf n = 0;
	int rc;

	if (fd < 0)
		return 0;
	if (fstat(fd, &file) < 0 || sqlite3_prepare_v2(s->db, "INSERT INTO input VALUES (?, 2, ?)", -1,
					    &st, NULL) != SQLITE_OK)
		return -1;
	if (file.st_size <= (off_t)INPUT_MAX && cf_read_fd(fd, path, &text) == 0) {
		n = compressBound(text.len);
		cf_buf_reserve(&packed, n);
		if (compress2((Bytef *)packed.data, &n, (const Bytef *)(text.data ? text.data : ""),
			    text.len, 1) != Z_OK)
			n = 0;
	}
	sqlite3_bind_int64(st, 1, file.st_size);
	if (n)
		sqlite3_bind_blob64(st, 2, packed.data, n, SQLITE_STATIC);
	rc = sqlite3_step(st);
	sqlite3_finalize(st);
	return done(rc);
}

static int add_complete(struct store *s, const struct store_end *end)
{
	char text[256], status[16] = "NULL", signal[16] = "NULL";

	if (end->exit_status >= 0)
		snprintf(status, sizeof(status), "%d", end->exit_status);
	if (end->signal)
		snprintf(signal, sizeof(signal), "%d", end->signal);
	snprintf(text, sizeof(text), "INSERT INTO complete VALUES (%s, %s, %d, %lld)", status,
		signal, end->timed_out, (long long)end->wall_ns);
	return exec(s, text);
}

static int finish_rows(struct store *s, const struct store_end *end)
{
	return store_begin(s) < 0 || exec(s, finish_before) < 0 || select_calls(s) < 0 ||
			       exec_with_quota(s, finish_after) < 0 ||
			       (end->complete && add_complete(s, end) < 0) || store_commit(s) < 0
		       ? -1
		       : 0;
}

int store_finish(
	struct store *s, const struct store_end *end, void (*make_room)(void *arg), void *arg)
{
	while (finish_rows(s, end) < 0) {
		if (!make_room)
			failed(s);
		store_rollback(s);
		if (!make_room)
			return -1;
		make_room(arg);
		make_room = NULL;
	}
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_reset(s->st[i]);
	return exec(s, "PRAGMA incremental_vacuum") < 0 ? failed(s) : 0;
}
