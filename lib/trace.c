/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a trace. Writing one is cf-trace's affair; outcomes are added by cf-replaygen. */
#include "lib/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/stream.h"

#define HEADER 100 /* of an SQLite file */
#define SQLITE_PATH 500 /* the shortest of its limits; longer paths do where it takes them */
#define BLOB_MAX ((int64_t)1 << 30)
#define ZLIB_RATIO 1032 /* the most that a byte of a zlib stream unpacks to */

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* 1 with the header of a codeflash trace, 0 when the file is something else, -1 with errno. */
static int read_header(const char *path, unsigned char h[HEADER], off_t *size)
{
	cf_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	*size = st.st_size;
	return S_ISREG(st.st_mode) && pread(fd, h, HEADER, 0) == HEADER &&
	       !memcmp(h, "SQLite format 3", 16) && be32(h + 68) == CF_TRACE_APPLICATION_ID;
}

bool trace_is(const char *path)
{
	unsigned char h[HEADER];
	off_t size;

	return read_header(path, h, &size) > 0;
}

bool trace_is_cut(const char *path)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	bool cut = trace_is(path) && sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
		   sqlite3_prepare_v2(db, "SELECT 1 FROM complete", -1, &st, NULL) == SQLITE_OK &&
		   sqlite3_step(st) == SQLITE_DONE;

	sqlite3_finalize(st);
	sqlite3_close(db);
	return cut;
}

/* What can be said of the file before SQLite sees it, so that the message is a person's. */
static int check_header(const char *path)
{
	unsigned char h[HEADER];
	uint64_t page;
	off_t size;
	int found = read_header(path, h, &size);

	if (found < 0)
		return cf_error("cannot read %s: %s", path, strerror(errno));
	if (!found)
		return cf_error("%s is not a codeflash trace; record one with cf-trace", path);
	if (be32(h + 60) != CF_TRACE_VERSION)
		return cf_error("%s: schema %u, this build reads %d; record it again with cf-trace",
			path, be32(h + 60), CF_TRACE_VERSION);
	page = (uint64_t)h[16] << 8 | h[17];
	page = page == 1 ? 65536 : page;
	if ((uint64_t)size < page * be32(h + 28))
		return cf_error("%s is cut off: %lld bytes of %llu; record it again with cf-trace",
			path, (long long)size, (unsigned long long)(page * be32(h + 28)));
	return 0;
}

static int damaged(const struct trace *t)
{
	return cf_error("%s: %s; record it again with cf-trace", t->path, sqlite3_errmsg(t->db));
}

int trace_query(
	struct trace *t, const char *sql, int (*fn)(sqlite3_stmt *row, void *arg), void *arg)
{
	sqlite3_stmt *s;
	int rc, stop = 0;

	if (sqlite3_prepare_v2(t->db, sql, -1, &s, NULL) != SQLITE_OK)
		return damaged(t);
	while (!stop && (rc = sqlite3_step(s)) == SQLITE_ROW)
		stop = fn(s, arg);
	if (!stop && rc != SQLITE_DONE)
		damaged(t);
	sqlite3_finalize(s);
	return stop ? stop < 0 ? -1 : 0 : rc == SQLITE_DONE ? 0 : -1;
}

/* A column's text; NULL for NULL. Returns new. */
static char *text(sqlite3_stmt *row, int i)
{
	const unsigned char *s = sqlite3_column_text(row, i);

	return s ? cf_strdup((const char *)s) : NULL;
}

static int meta_row(sqlite3_stmt *row, void *arg)
{
	struct trace *t = arg;
	const struct {
		const char *key;
		char **to;
	} texts[] = {
		{"language", &t->language},
		{"plugin", &t->plugin},
		{"runtime", &t->runtime},
		{"runtime_version", &t->runtime_version},
		{"project_root", &t->project_root},
		{"module_root", &t->module_root},
		{"tests_root", &t->tests_root},
		{"cwd", &t->cwd},
	};
	const char *key = (const char *)sqlite3_column_text(row, 0);
	const char *json = (const char *)sqlite3_column_text(row, 1);
	json_auto_t *value = json ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;

	if (!key || !value)
		return 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(key, texts[i].key) && json_is_string(value) && !*texts[i].to)
			*texts[i].to = cf_strdup(json_string_value(value));
	if (!strcmp(key, "command") && json_is_array(value) && !t->command)
		t->command = json_incref(value);
	return 0;
}

static int complete_row(sqlite3_stmt *row, void *arg)
{
	(void)row;
	((struct trace *)arg)->complete = true;
	return 0;
}

/*
 * A trace is tables and indexes. A view in the place of a table answers without end if it likes to,
 * so it is refused before anything is read through it.
 */
static int foreign_row(sqlite3_stmt *row, void *arg)
{
	const char *type = (const char *)sqlite3_column_text(row, 0);
	cf_autofree char *name = text(row, 1);

	return cf_error("%s is damaged: it holds a %s, %s; record it again with cf-trace",
		((struct trace *)arg)->path, type ? type : "thing", name ? name : "without a name");
}

#define FOREIGN_SQL                                                                                \
	"SELECT iif(type = 'table', 'virtual table', type), name FROM sqlite_master"               \
	" WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%' LIMIT 1"

int trace_open(struct trace *t, const char *path, bool writable)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;

	*t = (struct trace){.path = cf_path_abs(path)};
	if (check_header(t->path) < 0)
		goto fail;
	/* A reader too must be able to roll back what a killed writer left half done. */
	if (!writable && access(t->path, W_OK) < 0)
		flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(t->path, &t->db, flags, NULL) != SQLITE_OK) {
		/* its header was read, so the file is there */
		cf_error("cannot open %s: %s", t->path,
			strlen(t->path) > SQLITE_PATH ? "its path is too long for SQLite; move it"
						      : sqlite3_errmsg(t->db));
		goto fail;
	}
	sqlite3_busy_timeout(t->db, 30000);
	sqlite3_db_config(t->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(t->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_exec(t->db, "PRAGMA cell_size_check=1; PRAGMA temp_store=MEMORY", NULL, NULL, NULL);
	if (!writable)
		sqlite3_exec(t->db, "PRAGMA query_only=1", NULL, NULL, NULL);
	if (writable && sqlite3_db_readonly(t->db, "main")) {
		cf_error("cannot write to %s: permission denied", t->path);
		goto fail;
	}
	if (trace_query(t, FOREIGN_SQL, foreign_row, t) < 0 ||
		trace_query(t, "SELECT key, value FROM meta", meta_row, t) < 0 ||
		trace_query(t, "SELECT 1 FROM complete LIMIT 1", complete_row, t) < 0)
		goto fail;
	if (!t->language || !t->project_root || t->project_root[0] != '/') {
		cf_error("%s does not say what it is a trace of; record it again with cf-trace",
			t->path);
		goto fail;
	}
	return 0;
fail:
	trace_release(t);
	return -1;
}

void trace_release(struct trace *t)
{
	sqlite3_close_v2(t->db);
	free(t->path);
	free(t->language);
	free(t->plugin);
	free(t->runtime);
	free(t->runtime_version);
	free(t->project_root);
	free(t->module_root);
	free(t->tests_root);
	free(t->cwd);
	json_decref(t->command);
	*t = (struct trace){0};
}

#define FUNCTION_SQL                                                                               \
	"SELECT id, file, module, qualname, class, kind, source_sha256, signature, reason, line,"  \
	" end_line, main, is_test, replayable, ifnull(p.calls, 0), ifnull(p.own_ns, 0),"           \
	" ifnull(p.total_ns, 0), ifnull(p.samples, 0)"                                             \
	" FROM function LEFT JOIN profile p ON p.function = id "

static char *text_or_empty(sqlite3_stmt *row, int i)
{
	char *s = text(row, i);

	return s ? s : cf_strdup("");
}

static void function_row(sqlite3_stmt *row, struct trace_function *f)
{
	*f = (struct trace_function){
		.id = sqlite3_column_int64(row, 0),
		.file = text_or_empty(row, 1),
		.module = text_or_empty(row, 2),
		.qualname = text_or_empty(row, 3),
		.class_name = text(row, 4),
		.kind = text_or_empty(row, 5),
		.source_sha256 = text(row, 6),
		.signature = text(row, 7),
		.reason = text(row, 8),
		.line = sqlite3_column_int(row, 9),
		.end_line = sqlite3_column_int(row, 10),
		.main = sqlite3_column_int(row, 11),
		.is_test = sqlite3_column_int(row, 12),
		.replayable = sqlite3_column_int(row, 13),
		.calls = sqlite3_column_int64(row, 14),
		.own_ns = sqlite3_column_int64(row, 15),
		.total_ns = sqlite3_column_int64(row, 16),
		.samples = sqlite3_column_int64(row, 17),
	};
}

int trace_function_get(struct trace *t, int64_t id, struct trace_function *f)
{
	sqlite3_stmt *s;
	int rc, found = -1;

	if (sqlite3_prepare_v2(t->db, FUNCTION_SQL "WHERE id = ?", -1, &s, NULL) != SQLITE_OK)
		return damaged(t);
	sqlite3_bind_int64(s, 1, id);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		function_row(s, f), found = 1;
	else if (rc == SQLITE_DONE)
		found = 0;
	else
		damaged(t);
	sqlite3_finalize(s);
	return found;
}

int64_t trace_function_find(
	struct trace *t, const char *file, const char *qualname, const char *source_sha256)
{
	sqlite3_stmt *s;
	int64_t id = 0;
	int rc;

	if (sqlite3_prepare_v2(t->db,
		    "SELECT id FROM function WHERE file = ? AND qualname = ? AND source_sha256 = ?"
		    " ORDER BY id",
		    -1, &s, NULL) != SQLITE_OK)
		return damaged(t);
	sqlite3_bind_text(s, 1, file, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, qualname, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, source_sha256, -1, SQLITE_STATIC);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		id = sqlite3_column_int64(s, 0);
	else if (rc != SQLITE_DONE)
		id = damaged(t);
	sqlite3_finalize(s);
	return id;
}

void trace_function_release(struct trace_function *f)
{
	free(f->file);
	free(f->module);
	free(f->qualname);
	free(f->class_name);
	free(f->kind);
	free(f->source_sha256);
	free(f->signature);
	free(f->reason);
	*f = (struct trace_function){0};
}

bool trace_function_is_named(const struct trace_function *f, const char *name)
{
	const char *colon = strrchr(name, ':'), *dot = strrchr(f->qualname, '.');

	if (colon)
		return strlen(f->file) == (size_t)(colon - name) &&
		       !strncmp(f->file, name, (size_t)(colon - name)) &&
		       !strcmp(f->qualname, colon + 1);
	return !strcmp(f->qualname, name) || (dot && !strcmp(dot + 1, name));
}

int trace_functions(struct trace *t, int (*fn)(const struct trace_function *, void *), void *arg)
{
	sqlite3_stmt *s;
	int rc, stop = 0;

	if (sqlite3_prepare_v2(t->db, FUNCTION_SQL "ORDER BY id", -1, &s, NULL) != SQLITE_OK)
		return damaged(t);
	while (!stop && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct trace_function f;

		function_row(s, &f);
		stop = fn(&f, arg);
		trace_function_release(&f);
	}
	if (!stop && rc != SQLITE_DONE)
		stop = damaged(t);
	sqlite3_finalize(s);
	return stop;
}

/* The blob of the row's columns size, packing, data; NULL when it is not what the row says. */
static char *unpack(sqlite3_stmt *row, int first)
{
	int64_t size = sqlite3_column_int64(row, first);
	int packing = sqlite3_column_int(row, first + 1);
	const void *data = sqlite3_column_blob(row, first + 2);
	int n = sqlite3_column_bytes(row, first + 2);
	cf_autofree char *blob = NULL;
	uLongf got;

	/* no memory is asked for that the data cannot fill */
	if (size < 0 || size > BLOB_MAX || (packing == 0 ? n != size : packing != 2 || size / ZLIB_RATIO > n))
		return NULL;
	blob = cf_malloc((size_t)size);
	got = (uLongf)size;
	if (packing == 0) {
		if (n)
			memcpy(blob, data, (size_t)n);
	} else if (!n || uncompress((Bytef *)blob, &got, data, (uLong)n) != Z_OK ||
		   got != (uLongf)size) {
		return NULL;
	}
	return cf_steal(&blob);
}

static int call_row(struct trace *t, sqlite3_stmt *s, int64_t id, struct trace_call *c)
{
	const char *codec;

	sqlite3_bind_int64(s, 1, id);
	switch (sqlite3_step(s)) {
	case SQLITE_ROW:
		break;
	case SQLITE_DONE:
		return cf_error("%s: the inputs of call %lld are missing; record it again with cf-trace",
			t->path, (long long)id);
	default:
		return damaged(t);
	}
	*c = (struct trace_call){
		.id = id,
		.function = sqlite3_column_int64(s, 0),
		.weight = sqlite3_column_int64(s, 1),
		.fresh = sqlite3_column_int64(s, 8),
		.seq = sqlite3_column_int64(s, 2),
		.duration_ns =
			sqlite3_column_type(s, 3) == SQLITE_NULL ? -1 : sqlite3_column_int64(s, 3),
		.size = sqlite3_column_int64(s, 5),
		.blob = unpack(s, 5),
	};
	codec = (const char *)sqlite3_column_text(s, 4);
	if (!c->blob || !codec || strlen(codec) >= sizeof(c->codec)) {
		free(c->blob);
		return cf_error(
			"%s: the inputs of call %lld are damaged; record it again with cf-trace",
			t->path, (long long)id);
	}
	strcpy(c->codec, codec);
	sqlite3_reset(s);
	return 0;
}

struct choice {
	int64_t id, known; /* calls that are known to have had it */
	bool take;
};

struct choices {
	struct choice *v;
	size_t n, cap;
};

static int choice_row(sqlite3_stmt *row, void *arg)
{
	struct choices *c = arg;

	cf_grow(&c->v, &c->cap, c->n + 1, sizeof(*c->v));
	c->v[c->n++] =
		(struct choice){sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1), false};
	return 0;
}

/* Reduces them to max: what most of the calls had, and of the others every so many. */
static void choose(struct choices *c, size_t max)
{
	size_t common = max / 10, want = max, rest = c->n, at = 0, given = 0, n = 0;

	for (size_t k = 0; k < (common ? common : 1); k++) {
		struct choice *best = NULL;

		for (struct choice *p = c->v; p < c->v + c->n; p++)
			if (!p->take && p->known > (best ? best->known : 1))
				best = p;
		if (!best)
			break;
		best->take = true;
		want--;
		rest--;
	}
	for (size_t i = 0; i < c->n; i++) {
		if (!c->v[i].take) {
			c->v[i].take = given < want && at == given * rest / want;
			given += c->v[i].take;
			at++;
		}
		if (c->v[i].take)
			c->v[n++] = c->v[i];
	}
	c->n = n;
}

int trace_calls(struct trace *t, int64_t function, int max, struct trace_call **calls, int *n)
{
	struct choices c = {0};
	char sql[160];
	sqlite3_stmt *s;
	int ret = 0;

	*calls = NULL;
	*n = 0;
	/* Ids first: sorting rows with their blobs would hold all of them at once. */
	snprintf(sql, sizeof(sql),
		"SELECT id, iif(seen > 1, weight, 1) FROM call WHERE function = %lld"
		" ORDER BY seq, process, id",
		(long long)function);
	if (trace_query(t, sql, choice_row, &c) < 0) {
		free(c.v);
		return -1;
	}
	if (sqlite3_prepare_v2(t->db,
		    "SELECT function, weight, seq, duration_ns, codec, size, packing, data,"
		    " iif(seen > 1, 1, weight)"
		    " FROM call JOIN value v ON v.id = value WHERE call.id = ?",
		    -1, &s, NULL) != SQLITE_OK) {
		free(c.v);
		return damaged(t);
	}
	if (max > 0 && (size_t)max < c.n)
		choose(&c, (size_t)max);
	*calls = cf_calloc(c.n, sizeof(**calls));
	for (size_t i = 0; i < c.n && ret == 0; i++) {
		ret = call_row(t, s, c.v[i].id, *calls + i);
		*n += ret == 0;
	}
	sqlite3_finalize(s);
	free(c.v);
	if (ret < 0) {
		trace_calls_free(*calls, *n);
		*calls = NULL;
		*n = 0;
	}
	return ret;
}

void trace_calls_free(struct trace_call *calls, int n)
{
	for (int i = 0; i < n; i++)
		free(calls[i].blob);
	free(calls);
}

static int end_row(sqlite3_stmt *row, void *arg)
{
	json_t *o = arg;

	for (int i = 0; i < 2; i++)
		if (sqlite3_column_type(row, i) != SQLITE_NULL)
			json_object_set_new(o, i ? "signal" : "exit_status",
				json_integer(sqlite3_column_int64(row, i)));
	json_object_set_new(o, "timed_out", json_boolean(sqlite3_column_int(row, 2)));
	json_object_set_new(o, "wall_ns", json_integer(sqlite3_column_int64(row, 3)));
	return 0;
}

static int sums_row(sqlite3_stmt *row, void *arg)
{
	static const char *const keys[] = {"functions", "calls", "captured"};

	for (int i = 0; i < 3; i++)
		json_object_set_new(arg, keys[i], json_integer(sqlite3_column_int64(row, i)));
	return 0;
}

static int lost_row(sqlite3_stmt *row, void *arg)
{
	const char *reason = (const char *)sqlite3_column_text(row, 0);

	if (reason)
		json_object_set_new(arg, reason, json_integer(sqlite3_column_int64(row, 1)));
	return 0;
}

bool trace_had_no_room(const json_t *record)
{
	const json_t *lost = json_object_get(record, "lost");

	return json_object_get(lost, "no space in the spool") || json_object_get(lost, "disk full");
}

/* The code of modules has times of its own in the trace, but it is nothing anybody calls. */
json_t *trace_record(struct trace *t)
{
	json_t *o = cf_stream_record("trace"), *lost = json_object();
	const struct {
		const char *key, *value;
	} texts[] = {
		{"trace", t->path},
		{"project_root", t->project_root},
		{"module_root", t->module_root},
		{"tests_root", t->tests_root},
		{"language", t->language},
		{"plugin", t->plugin},
		{"runtime", t->runtime},
		{"runtime_version", t->runtime_version},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		json_object_set_new(o, texts[i].key,
			texts[i].value ? cf_json_text(texts[i].value, strlen(texts[i].value))
				       : json_null());
	json_object_set_new(o, "command", t->command ? json_incref(t->command) : json_array());
	json_object_set_new(o, "cwd", t->cwd ? cf_json_text(t->cwd, strlen(t->cwd)) : json_null());
	json_object_set_new(o, "exit_status", json_null());
	json_object_set_new(o, "signal", json_null());
	json_object_set_new(o, "timed_out", json_false());
	json_object_set_new(o, "complete", json_boolean(t->complete));
	json_object_set_new(o, "wall_ns", json_integer(0));
	if (trace_query(t, "SELECT exit_status, signal, timed_out, wall_ns FROM complete", end_row,
		    o) < 0 ||
		trace_query(t,
			"SELECT (SELECT count(*) FROM profile p JOIN function f ON f.id = function"
			" WHERE kind <> 'module' AND calls > 0),"
			" (SELECT cast(total(calls) AS INTEGER) FROM profile JOIN function f ON f.id = "
			"function"
			" WHERE kind <> 'module'), (SELECT count(*) FROM call)",
			sums_row, o) < 0 ||
		trace_query(t,
			"SELECT l.reason, cast(total(n) AS INTEGER) FROM ledger l LEFT JOIN function f ON f.id = "
			"function"
			" WHERE ifnull(kind, '') <> 'module' GROUP BY 1 ORDER BY 2 DESC, 1",
			lost_row, lost) < 0) {
		json_decref(lost);
		json_decref(o);
		return NULL;
	}
	json_object_set_new(o, "lost", lost);
	if (trace_had_no_room(o))
		json_object_set_new(o, "complete", json_false());
	return o;
}

static int stdin_meta(sqlite3_stmt *row, void *arg)
{
	const char *text = (const char *)sqlite3_column_text(row, 0);

	*(json_t **)arg = text ? json_loads(text, 0, NULL) : NULL;
	return 0;
}

struct piped {
	struct cf_buf *b;
	bool kept;
};

static int stdin_row(sqlite3_stmt *row, void *arg)
{
	struct piped *in = arg;
	cf_autofree char *data =
		sqlite3_column_type(row, 2) == SQLITE_NULL ? NULL : unpack(row, 0);

	if (data)
		cf_buf_add(in->b, data, (size_t)sqlite3_column_int64(row, 0));
	in->kept = data;
	return 0;
}

static int read_stdin_file(const json_t *in, struct cf_buf *b, char **why)
{
	const char *path = cf_json_str(in, "path");
	int64_t offset = cf_json_int(in, "offset", 0);
	cf_autoclose int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		st.st_size != cf_json_int(in, "size", -1) ||
		(int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec !=
			cf_json_int(in, "mtime_ns", -1) ||
		lseek(fd, offset, SEEK_SET) != offset) {
		*why = cf_asprintf("%s, which was its standard input, has changed since",
			path ? path : "the file");
		return -1;
	}
	if (st.st_size > BLOB_MAX || cf_read_fd(fd, path, b)) {
		*why = cf_asprintf("%s, its standard input, cannot be read into memory", path);
		return -1;
	}
	return 0;
}

int trace_stdin(struct trace *t, struct cf_buf *b, char **why)
{
	struct piped piped = {b, false};
	json_auto_t *in = NULL;
	const char *kind;

	if (trace_query(t, "SELECT value FROM meta WHERE key = 'stdin'", stdin_meta, &in) < 0) {
		*why = cf_strdup("its trace cannot be read");
		return -1;
	}
	kind = cf_json_str(in, "kind");
	if (kind && !strcmp(kind, "file"))
		return read_stdin_file(in, b, why);
	if (!kind || strcmp(kind, "pipe"))
		return 0;
	if (trace_query(t, "SELECT size, packing, data FROM input", stdin_row, &piped) == 0 && piped.kept)
		return 0;
	*why = cf_strdup("what a pipe gave it on its standard input was not kept; record it again "
			 "with a file there: < file");
	return -1;
}

static enum cf_exit trace_operand(const char *path, cf_stream_fn *fn, void *arg)
{
	enum cf_exit status = CF_OK;
	struct cf_record r = {.kind = "trace", .source = path, .number = 1};
	cf_autofree char *line = NULL;
	json_auto_t *record = NULL;
	struct trace t;
	int done;

	if (trace_open(&t, path, false) < 0)
		return CF_USAGE;
	record = trace_record(&t);
	trace_release(&t);
	if (!record)
		return CF_USAGE;
	line = json_dumps(record, JSON_COMPACT);
	r.line = line;
	r.len = strlen(line);
	r.json = record;
	done = fn(&r, arg, &status);
	if (done <= 0)
		cf_stream_pass(&r);
	return done < 0 && status == CF_OK ? CF_USAGE : status;
}

enum cf_exit trace_stream(char *const *argv, cf_stream_fn *fn, void *arg)
{
	enum cf_exit status = CF_OK, one;

	if (!argv || !argv[0])
		return cf_stream_read(argv, fn, arg);
	for (; *argv; argv++) {
		char *const operand[] = {*argv, NULL};

		one = strcmp(*argv, "-") && trace_is(*argv) ? trace_operand(*argv, fn, arg)
							    : cf_stream_read(operand, fn, arg);
		status = one > status ? one : status;
	}
	return status;
}
