/* SPDX-License-Identifier: Apache-2.0 */
/* Candidate records and the ids that tell them apart. */
#include "lib/candidate.h"

#include <string.h>
#include "lib/buf.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/source.h"
#include "lib/stream.h"

void candidate_target_id(const struct trace_function *f, char id[65])
{
	struct cf_buf b cf_autobuf = CF_BUF_INIT;

	cf_buf_add(&b, f->file, strlen(f->file) + 1);
	cf_buf_add(&b, f->qualname, strlen(f->qualname) + 1);
	cf_buf_adds(&b, f->source_sha256 ? f->source_sha256 : "");
	cf_sha256_hex(b.data, b.len, id);
	id[16] = '\0';
}

json_t *candidate_new(const json_t *target, const char *name, const char *origin,
	const char *explanation, json_t *edits, const json_t *cost)
{
	cf_autofree char *diff = edits_diff(edits, cf_json_str(target, "project_root"));
	const char *about = cf_json_str(target, "id");
	char id[65];

	if (!diff)
		return NULL;
	edits_id(edits, about ? about : "", id);
	json_t *record = cf_stream_record("candidate"), *mine = json_copy((json_t *)target);

	json_object_del(mine, "schema");
	json_object_set_new(record, "id", json_string(id));
	json_object_set_new(record, "name", json_string(name));
	json_object_set_new(record, "target", mine);
	json_object_set_new(record, "origin", json_string(origin));
	json_object_set(record, "edits", edits);
	json_object_set_new(record, "diff", json_string(diff));
	json_object_set_new(record, "explanation", json_string(explanation));
	json_object_set_new(record, "cost",
		json_pack("{s:I, s:I}", "input_tokens", (json_int_t)cf_json_int(cost, "input_tokens", 0),
			"output_tokens", (json_int_t)cf_json_int(cost, "output_tokens", 0)));
	return record;
}
