/* SPDX-License-Identifier: Apache-2.0 */
/* Opening what a candidate names. */
#include <stdlib.h>
#include "cf-bench/bench.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/source.h"

int bench_files_open(struct bench_files *f, const json_t *candidate, const char *root, char **why)
{
	const json_t *edits = json_object_get(candidate, "edits");

	*f = (struct bench_files){0};
	*why = NULL;
	if (edits_check(edits, root, why))
		return -1;
	f->texts = edits_apply(edits, root);
	if (!f->texts) {
		*why = cf_strdup("its edits cannot be applied");
		return -1;
	}
	size_t n = json_array_size(f->texts);

	f->original = cf_calloc(n ? n : 1, sizeof(*f->original));
	f->candidate = cf_calloc(n ? n : 1, sizeof(*f->candidate));
	for (size_t i = 0; i < n; i++) {
		json_t *text = json_array_get(f->texts, i), *body = json_object_get(text, "text");
		const char *path = cf_json_str(text, "path");
		cf_autobuf struct cf_buf now = CF_BUF_INIT;

		f->candidate[i] = (struct overlay_file){
			path, json_string_value(body), json_string_length(body)};
		/* the original's file is laid over too: both sides then find no compiled copy of it */
		if (edits_file(root, path, &now)) {
			*why = cf_asprintf("cannot read %s", path);
			bench_files_release(f);
			return -1;
		}
		f->original[i] = (struct overlay_file){path, NULL, now.len};
		f->original[i].data = cf_buf_detach(&now, NULL);
		f->n++;
	}
	return 0;
}

void bench_files_release(struct bench_files *f)
{
	for (int i = 0; i < f->n; i++)
		free((char *)f->original[i].data);
	for (int i = 0; i < f->nbuilt; i++) {
		free((char *)f->built[i].path);
		free((char *)f->built[i].data);
	}
	free(f->built);
	free(f->original);
	free(f->candidate);
	json_decref(f->texts);
	*f = (struct bench_files){0};
}
