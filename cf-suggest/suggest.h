/* SPDX-License-Identifier: Apache-2.0 */
/* From a target record to candidate records: what every backend shares. */
#ifndef CF_SUGGEST_H
#define CF_SUGGEST_H

#include <jansson.h>
#include <stdbool.h>
#include "lib/opt.h"
#include "lib/stream.h"

/* Without --candidates: of a rule or a command at most, of a model in all. */
#define SUGGEST_MOST 16
#define SUGGEST_MODEL_CANDIDATES 4

struct suggest {
	struct cf_strings from;	 /* "rules", "exec:CMD", "openai", "anthropic"; empty: rules */
	struct cf_strings rules; /* --rule; empty: all */
	int64_t candidates;	 /* at most so many a target and backend; 0: as usual */
	double timeout;		 /* seconds, for one run of a command or one request */

	/* of models */
	const char *model;
	struct cf_strings redact;
	bool show_prompt;
	bool repair, refine; /* ask about candidates of the stream, not about targets */
	int64_t output_tokens, at_once;
	int64_t max_tokens;	       /* in all; 0: no limit */
	double max_money, price[2];    /* of a million tokens in, out; 0: not given */
	int64_t spent[2], reserved[2]; /* tokens in, out */
	int64_t requests, remembered, refused, unasked;
	struct suggest_models *models; /* what is still to be asked; NULL: nothing */

	const char *shard;
	bool quiet, verbose;
	int64_t targets, written; /* counted */
};

/* 0, or -1 after cf_error when --from or --rule names what is not there. */
int suggest_check(const struct suggest *o);

/* A cf_stream_fn: passes a target on and writes its candidates behind it. */
int suggest_record(const struct cf_record *record, void *suggest, enum cf_exit *status);

static inline int64_t suggest_most(const struct suggest *o)
{
	return o->candidates ? o->candidates : SUGGEST_MOST;
}

struct suggest_target {
	struct suggest *options;
	const json_t *record; /* the cf/target/1 record */
	const char *line;     /* its line */
	size_t len;
	const char *project_root, *file, *name, *language;
	json_t *seen; /* ids written */
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
/* Gathers what to ask a model; suggest_models_finish asks, when all targets are known. */
enum cf_exit suggest_model(struct suggest_target *t, const char *protocol);
enum cf_exit suggest_models_finish(struct suggest *o);
/* Gathers what to ask about a candidate that a model made: --repair of one that is refused,
 * --refine of one that is faster; nothing of others. */
enum cf_exit suggest_again(struct suggest *o, const json_t *candidate);
/* 0, or -1 after cf_error when a protocol lacks a model or a key. */
int suggest_model_check(const struct suggest *o, const char *protocol);

/* For --list-rules and --explain. -1 after cf_error when there is no such rule. */
void suggest_list_rules(void);
int suggest_explain(const char *rule);

#endif
