/* SPDX-License-Identifier: Apache-2.0 */
/* Reads targets, asks the backends, writes candidates. What a backend does is its own file's. */
#include "cf-suggest/suggest.h"

#include <string.h>
#include "lib/error.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/source.h"
#include "cf-suggest/rules/rule.h"

static bool is_exec(const char *from)
{
	return !strncmp(from, "exec:", 5) && from[5];
}

int suggest_check(const struct suggest *o)
{
	for (int i = 0; i < o->from.n; i++)
		if (strcmp(o->from.v[i], "rules") && !is_exec(o->from.v[i]))
			return cf_error("--from %s: no such backend; there are rules and exec:CMD",
				o->from.v[i]);
	for (int i = 0; i < o->rules.n; i++) {
		const struct rule *const *r = python_rules;
		while (*r && strcmp((*r)->name, o->rules.v[i]))
			r++;
		if (!*r)
			return cf_error("--rule %s: no such rule; see cf-suggest --list-rules",
				o->rules.v[i]);
	}
	return 0;
}

bool suggest_write(struct suggest_target *t, const char *name, const char *origin,
	const char *explanation, json_t *edits_, const json_t *cost)
{
	json_auto_t *edits = edits_;
	char id[65];

	/* The same edits are the same candidate, whoever proposed them. */
	edits_id(edits, cf_json_str(t->record, "id"), id);
	if (json_object_get(t->seen, id))
		return false;
	json_object_set_new(t->seen, id, json_true());

	cf_autofree char *diff = edits_diff(edits, t->project_root);
	if (!diff)
		return false;
	json_auto_t *target = json_copy((json_t *)t->record);
	json_object_del(target, "schema");
	json_auto_t *record = cf_stream_record("candidate");
	json_object_set_new(record, "id", json_string(id));
	json_object_set_new(record, "name", json_string(name));
	json_object_set(record, "target", target);
	json_object_set_new(record, "origin", json_string(origin));
	json_object_set(record, "edits", edits);
	json_object_set_new(record, "diff", json_string(diff));
	json_object_set_new(record, "explanation", json_string(explanation));
	json_object_set_new(record, "cost",
		json_pack("{s:I, s:I}", "input_tokens", (json_int_t)cf_json_int(cost, "input_tokens", 0),
			"output_tokens", (json_int_t)cf_json_int(cost, "output_tokens", 0)));
	cf_stream_write(record);
	t->options->written++;
	return true;
}

int suggest_record(const struct cf_record *record, void *arg, enum cf_exit *status)
{
	struct suggest *o = arg;
	const char *id = cf_json_str(record->json, "id");
	struct suggest_target t = {
		.options = o,
		.record = record->json,
		.line = record->line,
		.len = record->len,
		.project_root = cf_json_str(record->json, "project_root"),
		.file = cf_json_str(record->json, "file"),
		.name = cf_json_str(record->json, "name"),
		.language = cf_json_str(record->json, "language"),
	};

	if (strcmp(record->kind, "target"))
		return 0;
	if (!id || !t.project_root || *t.project_root != '/' || !t.file || !t.name || !t.language)
		return cf_error("%s:%zu: a target needs id, project_root, file, name and language",
			record->source, record->number);
	if (!cf_shard_owns(o->shard, id))
		return 0;
	cf_stream_pass(record);

	json_auto_t *seen = json_object();
	t.seen = seen;
	o->targets++;
	for (int i = 0; i < (o->from.n ? o->from.n : 1); i++) {
		const char *from = o->from.n ? o->from.v[i] : "rules";
		enum cf_exit said = is_exec(from) ? suggest_exec(&t, from + 5) : suggest_rules(&t);
		if (said > *status)
			*status = said;
	}
	return 1;
}
