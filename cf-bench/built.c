/* SPDX-License-Identifier: Apache-2.0 */
/* What a program is run from where that is not its source: a plugin's verb `build` makes it. */
#include <string.h>
#include "cf-bench/bench.h"
#include "lib/buf.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/plugin.h"
#include "lib/trace.h"

static json_t *text(const char *s)
{
	return s ? cf_json_text(s, strlen(s)) : json_null();
}

static json_t *request(const struct trace *t, const json_t *texts, const char *scratch)
{
	json_t *o = json_object();

	json_object_set(o, "command", t->command);
	json_object_set_new(o, "cwd", text(t->cwd));
	json_object_set_new(o, "runtime", text(t->runtime));
	json_object_set_new(o, "project_root", text(t->project_root));
	json_object_set_new(o, "module_root", text(t->module_root));
	json_object_set_new(o, "tests_root", text(t->tests_root));
	json_object_set_new(o, "scratch", text(scratch));
	json_object_set(o, "files", (json_t *)texts);
	return o;
}

/* Adds a file of the answer's to the candidate's. -1 with the reason in *why. */
static int add(struct bench_files *f, const json_t *file, char **why)
{
	const char *path = cf_json_str(file, "path"), *from = cf_json_str(file, "from");
	cf_autobuf struct cf_buf data = CF_BUF_INIT;

	if (!path || !from || cf_read_file(from, &data)) {
		*why = cf_strdup("what was built cannot be read");
		return -1;
	}
	f->built = cf_realloc(f->built, (size_t)f->nbuilt + 1, sizeof(*f->built));
	f->built[f->nbuilt] = (struct overlay_file){cf_strdup(path), NULL, data.len};
	f->built[f->nbuilt++].data = cf_buf_detach(&data, NULL);
	return 0;
}

int bench_files_build(struct bench_files *f, const struct trace *t, char **why)
{
	cf_autoplugin struct cf_plugin plugin = {0};
	json_auto_t *answer = NULL, *asked = NULL;
	char *scratch = NULL;
	json_t *file;
	int bad = -1;
	size_t i;

	*why = NULL;
	if (!t->language || cf_plugin_find(&plugin, t->language) < 0) {
		*why = cf_strdup("the language's plugin is gone");
		return -1;
	}
	if (!json_object_get(json_object_get(plugin.manifest, "verbs"), "build"))
		return 0;
	if (!(scratch = cf_tempdir("cf-built"))) {
		*why = cf_strdup("no place to build it in");
		return -1;
	}
	asked = request(t, f->texts, scratch);
	if (cf_plugin_call(&plugin, "build", t->runtime, asked, &answer) != CF_OK)
		*why = cf_strdup("it cannot be built");
	else if (cf_json_str(answer, "error"))
		*why = cf_strdup(cf_json_str(answer, "error"));
	else
		bad = 0;
	json_array_foreach(json_object_get(answer, "files"), i, file)
		if (!bad)
			bad = add(f, file, why);
	/* one list for the sandbox: sources, then what they came to */
	if (!bad) {
		f->candidate = cf_realloc(
			f->candidate, (size_t)(f->n + f->nbuilt) + 1, sizeof(*f->candidate));
		if (f->nbuilt)
			memcpy(f->candidate + f->n, f->built, (size_t)f->nbuilt * sizeof(*f->built));
	}
	cf_tempdir_done(scratch);
	return bad;
}
