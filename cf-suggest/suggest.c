/* SPDX-License-Identifier: Apache-2.0 */
/* Reads targets, asks the backends, writes candidates. What a backend does is its own file's. */
#include "cf-suggest/suggest.h"

#include <string.h>
#include "cf-suggest/model.h"
#include "lib/candidate.h"
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
	if (o->repair && o->refine)
		return cf_error("--repair and --refine: one of them at a time");
	for (int i = 0; i < o->from.n; i++) {
		const char *from = o->from.v[i];

		if (protocol_find(from) ? suggest_model_check(o, from) : strcmp(from, "rules") && !is_exec(from))
			return protocol_find(from)
				       ? -1
				       : cf_error("--from %s: no such backend; there are rules, openai, anthropic and exec:CMD", from);
	}
	for (int i = 0; i < o->rules.n; i++)
		if (!rule_find(o->rules.v[i]))
			return cf_error("--rule %s: no such rule; see cf-suggest --list-rules", o->rules.v[i]);
	return 0;
}

bool suggest_write(struct suggest_target *t, const char *name, const char *origin,
	const char *explanation, json_t *edits_, const json_t *cost)
{
	json_auto_t *edits = edits_;
	json_auto_t *record = candidate_new(t->record, name, origin, explanation, edits, cost);
	const char *id = cf_json_str(record, "id");

	if (!record || json_object_get(t->seen, id))
		return false;
	json_object_set_new(t->seen, id, json_true());
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

	if ((o->repair || o->refine) && !strcmp(record->kind, "candidate")) {
		enum cf_exit said;

		if (!o->show_prompt)
			cf_stream_pass(record);
		said = suggest_again(o, record->json);
		if (said > *status)
			*status = said;
		return 1;
	}
	if (strcmp(record->kind, "target") || o->repair || o->refine)
		return o->show_prompt; /* which is no stream */
	if (!id || !t.project_root || *t.project_root != '/' || !t.file || !t.name || !t.language)
		return cf_error("%s:%zu: a target needs id, project_root, file, name and language",
			record->source, record->number);
	if (!cf_shard_owns(o->shard, id))
		return 0;
	if (!o->show_prompt)
		cf_stream_pass(record);

	json_auto_t *seen = json_object();
	t.seen = seen;
	o->targets++;
	for (int i = 0; i < (o->from.n ? o->from.n : 1); i++) {
		const char *from = o->from.n ? o->from.v[i] : "rules";
		enum cf_exit said = is_exec(from)	  ? suggest_exec(&t, from + 5)
				    : protocol_find(from) ? suggest_model(&t, from)
							  : suggest_rules(&t);
		if (said > *status)
			*status = said;
	}
	return 1;
}
