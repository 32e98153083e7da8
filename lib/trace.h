/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a trace (cf-trace.5): what every stage after cf-trace needs of it. */
#ifndef CF_TRACE_H
#define CF_TRACE_H

#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include "lib/buf.h"
#include "lib/stream.h"

#define CF_TRACE_APPLICATION_ID 0x63665452 /* "cfTR" */
#define CF_TRACE_VERSION 3

extern const char cf_trace_schema[]; /* lib/schema.sql, embedded at build time */

struct trace {
	sqlite3 *db;
	char *path;      /* absolute */
	bool complete;   /* false: cut short, still readable */
	/* from meta; NULL where the trace has none */
	char *language, *plugin, *runtime, *runtime_version;
	char *project_root, *module_root, *tests_root, *cwd; /* roots relative to project_root */
	json_t *command;
};

struct trace_function {
	int64_t id;
	char *file, *module, *qualname, *class_name, *kind, *source_sha256, *signature, *reason;
	int line, end_line;
	bool main, is_test, replayable;
	int64_t calls, own_ns, total_ns, samples; /* from profile, 0 where absent */
};

struct trace_call {
	int64_t id, function, seq, size;
	int64_t weight; /* calls of the run that it stands for */
	int64_t fresh;  /* those of them whose input is not known to have come before */
	int64_t duration_ns; /* -1: not known */
	char codec[16];
	char *blob; /* the plugin's serialisation, decompressed; size bytes */
};

/*
 * Opens read-only (or for writing outcomes). -1 after cf_error: no such file, not a trace, another
 * schema version ("schema 3, this build reads 2; record it again with cf-trace"), damaged.
 */
int trace_open(struct trace *t, const char *path, bool writable);
void trace_release(struct trace *t);

/* 1 found, 0 not, -1 after cf_error. The function is the caller's to release. */
int trace_function_get(struct trace *t, int64_t id, struct trace_function *f);
void trace_function_release(struct trace_function *f);

/* Whether a person may mean it by "name", "Class.name" or "file:name". */
bool trace_function_is_named(const struct trace_function *f, const char *name);

/*
 * The function of that file, qualified name and source (hex SHA-256 of its lines): its id; 0 when
 * there is none, -1 after cf_error.
 */
int64_t trace_function_find(
	struct trace *t, const char *file, const char *qualname, const char *source_sha256);

/* Calls fn for every function by id; stops when it returns non-zero and returns that. */
int trace_functions(struct trace *t, int (*fn)(const struct trace_function *, void *), void *arg);

/*
 * The kept calls of a function in seq order, at most max of them (0: all; else those whose inputs
 * most calls had, and the others evenly spread).
 * Returns new in *calls, *n of them; 0, or -1 after cf_error.
 */
int trace_calls(struct trace *t, int64_t function, int max, struct trace_call **calls, int *n);
void trace_calls_free(struct trace_call *calls, int n);

/*
 * What the program was given on its standard input: 0 with b filled (empty for a terminal or the
 * like); -1 with *why (new) when that cannot be had any more.
 */
int trace_stdin(struct trace *t, struct cf_buf *b, char **why);

/*
 * The cf/trace/1 record of an open trace: what cf-trace writes on the stream, and what a stage that
 * was given the trace itself as an operand works from. NULL after cf_error. Returns new.
 */
json_t *trace_record(struct trace *t);

/* True if that record says that the recording had no room for all it saw. */
bool trace_had_no_room(const json_t *record);

/* cf_stream_read, for which an operand that is itself a trace stands for its record. */
enum cf_exit trace_stream(char *const *argv, cf_stream_fn *fn, void *arg);

/* True for a file that says it is a codeflash trace, of whatever version and however damaged. */
bool trace_is(const char *path);

/* True for a trace that can be read and was cut short. */
bool trace_is_cut(const char *path);

/* A one-off query whose rows are handed to fn; 0, or -1 after cf_error. For reports and tools. */
int trace_query(
	struct trace *t, const char *sql, int (*fn)(sqlite3_stmt *row, void *arg), void *arg);

#endif
