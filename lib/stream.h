/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream between stages: JSON Lines whose first key is "schema":"cf/<kind>/1" (cf-json.5).
 * A stage acts on the kinds it knows and passes every other line through byte for byte.
 */
#ifndef CF_STREAM_H
#define CF_STREAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "lib/error.h"

/* One line of input, as a stage's callback sees it. */
struct cf_record {
	const char *line;   /* the text without its newline; borrowed */
	size_t len;
	json_t *json;       /* the object; borrowed */
	const char *kind;   /* "trace", "target", …: between "cf/" and "/1"; borrowed */
	const char *source; /* operand name, or "stdin" */
	size_t number;      /* line number, from 1 */
};

/*
 * Returns 1 when the line was consumed (the stage wrote what should stand in its place), 0 to have
 * it passed through unchanged, -1 after cf_error: the stream goes on, the exit status becomes
 * CF_USAGE unless *status was set by the callback.
 */
typedef int cf_stream_fn(const struct cf_record *record, void *arg, enum cf_exit *status);

/*
 * Reads the operands (NULL-terminated argv; none or "-": stdin) and calls fn for every record
 * whose schema is known to be ours. A line that is not JSON, not an object, of an unknown major
 * version is reported once with its file and line number, passed through so that
 * nothing is lost, and makes the status CF_USAGE. One that is not UTF-8 is reported and left out; one with
 * a NUL ends the reading of that file, which is no stream. Empty lines are dropped. Returns the worst
 * status seen. stdout that cannot be written ends the process with CF_USAGE and one line;
 * SIGPIPE keeps its default.
 */
enum cf_exit cf_stream_read(char *const *argv, cf_stream_fn *fn, void *arg);

/* Writes one record as a line on stdout and flushes it. Borrows. "schema" must be the first key. */
void cf_stream_write(const json_t *record);

/* Writes the record's own line, byte for byte: for what stands before its answers. */
void cf_stream_pass(const struct cf_record *record);

/*
 * How a line is passed through: written at once. A stage that has several records in work puts its
 * own function here, which keeps the line until its place has come.
 */
extern void (*cf_stream_pass_line)(const char *line, size_t len);

/* A new record of the kind: {"schema":"cf/<kind>/1"}. Returns new. */
json_t *cf_stream_record(const char *kind);

/* True for the I/N of --shard that owns key (a stable hash of it); spec NULL owns everything. */
bool cf_shard_owns(const char *spec, const char *key);
/* 0 if spec is NULL or "I/N" with 1 <= I <= N; else -1 after cf_error. */
int cf_shard_check(const char *spec);

#endif
