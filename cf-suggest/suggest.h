/* SPDX-License-Identifier: Apache-2.0 */
/* From a target record to candidate records: what every backend shares. */
#ifndef CF_SUGGEST_H
#define CF_SUGGEST_H

#include <jansson.h>
#include <stdbool.h>
#include "lib/opt.h"
#include "lib/stream.h"

struct suggest {
	struct cf_strings from; /* "rules", "exec:CMD"; empty: rules */
	struct cf_strings rules; /* --rule; empty: all */
	int64_t candidates;      /* at most so many a target and backend */
	double timeout;          /* seconds, for exec */
	const char *shard;
	bool quiet, verbose;
	int64_t targets, written; /* counted */
};

/* 0, or -1 after cf_error when --from or --rule names what is not there. */
int suggest_check(const struct suggest *o);

/* A cf_stream_fn: passes a target on and writes its candidates behind it. */
int suggest_record(const struct cf_record *record, void *suggest, enum cf_exit *status);

struct suggest_target {
	struct suggest *options;
	const json_t *record;   /* the cf/target/1 record */
	const char *line;       /* its line */
	size_t len;
	const char *project_root, *file, *name, *language;
	json_t *seen;           /* ids written */
};
/*
 * Writes a candidate record on the stream. Steals edits. False when it could not be made (after
 * cf_error) or is the same as one this target has had (silently).
 */
bool suggest_write(struct suggest_target *t, const char *name, const char *origin,
	const char *explanation, json_t *edits, const json_t *cost);

/* The backends. CF_OK, or the status to leave with after cf_error; other targets go on. */
enum cf_exit suggest_rules(struct suggest_target *t);
enum cf_exit suggest_exec(struct suggest_target *t, const char *command);

/* For --list-rules and --explain. -1 after cf_error when there is no such rule. */
void suggest_list_rules(void);
int suggest_explain(const char *rule);

#endif
