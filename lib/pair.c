/* SPDX-License-Identifier: Apache-2.0 */
/* A candidate record for two files: which recorded function they are of, and what differs in them. */
#include "lib/pair.h"

#include <stdlib.h>
#include <string.h>
#include "lib/buf.h"
#include "lib/candidate.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/source.h"
#include "lib/trace.h"

bool pair_wanted(const struct pair *p, int argc)
{
	if (p->cases && !p->function)
		cf_die(CF_USAGE, "--cases is for two files: original candidate --function name");
	if (p->function && argc != 2)
		cf_die(CF_USAGE, "--function takes two files: original candidate");
	return p->function;
}

/* The recorded function that is meant. */
struct search {
	const char *name, *path; /* path: in the project, NULL when the file lies elsewhere */
	struct source original;  /* its text only */
	int64_t id, calls;
	char *file, *other;      /* of the one found; of another that it could be as well */
	char *changed;           /* of one whose source is not in the file */
	bool here, no_source;
};

static int consider(const struct trace_function *f, void *arg)
{
	struct search *s = arg;
	bool here = s->path && !strcmp(s->path, f->file);

	if (!trace_function_is_named(f, s->name) || !strcmp(f->kind, "module"))
		return 0;
	if (!f->source_sha256) {
		s->no_source = true;
		return 0;
	}
	if (!source_lines_are(&s->original, f->line, f->end_line, f->source_sha256)) {
		if (!s->changed)
			s->changed = cf_asprintf("%s:%d", f->file, f->line);
		return 0;
	}
	/* the file itself before another that has the same lines */
	if (s->file && s->here && !here)
		return 0;
	if (s->file && s->here == here && strcmp(s->file, f->file)) {
		free(s->other);
		s->other = cf_strdup(f->file);
		return 0;
	}
	if (s->file && s->here == here && f->calls <= s->calls)
		return 0;
	if (here && !s->here)
		free(cf_steal(&s->other));
	free(s->file);
	s->file = cf_strdup(f->file);
	s->id = f->id;
	s->calls = f->calls;
	s->here = here;
	return 0;
}

static int find(struct trace *t, struct search *s, const char *original)
{
	if (trace_functions(t, consider, s) < 0)
		return -1;
	if (s->file && !s->other)
		return 0;
	if (s->file)
		return cf_error("%s: %s is in %s and in %s alike; say which: --function %s:%s", original,
			s->name, s->file, s->other, s->file, s->name);
	if (s->changed)
		return cf_error("%s: its %s is not the one that was recorded (%s); give the file as it "
				"was then, or record it again with cf-trace",
			original, s->name, s->changed);
	if (s->no_source)
		return cf_error("%s does not hold the source of %s, so that no file can be known for its",
			t->path, s->name);
	return cf_error("%s: has no function %s; see cf-rank --min-share 0 --table %s", t->path, s->name,
		t->path);
}

static json_t *text_or_null(const char *s)
{
	return s ? cf_json_text(s, strlen(s)) : json_null();
}

/* What a target record says of the function itself, without what only a ranking knows. Returns new. */
static json_t *target(const struct trace *t, const struct trace_function *f)
{
	json_t *o = json_object();
	char id[65];
	const struct {
		const char *key, *text;
	} texts[] = {
		{"id", id},
		{"trace", t->path},
		{"project_root", t->project_root},
		{"language", t->language},
		{"file", f->file},
		{"name", f->qualname},
		{"class", f->class_name},
		{"kind", f->kind},
		{"module", f->module},
		{"source_sha256", f->source_sha256},
	};
	const struct {
		const char *key;
		int64_t n;
	} numbers[] = {
		{"function", f->id},
		{"line", f->line},
		{"end_line", f->end_line},
		{"own_ns", f->own_ns},
		{"total_ns", f->total_ns},
		{"calls", f->calls},
	};

	candidate_target_id(f, id);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		json_object_set_new(o, texts[i].key, text_or_null(texts[i].text));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		json_object_set_new(o, numbers[i].key, json_integer(numbers[i].n));
	return o;
}

/* The edits; one that changes nothing where the files are the same. Returns new; NULL after cf_error. */
static json_t *edits(const char *root, const char *file, const struct cf_buf *before,
	const struct cf_buf *after)
{
	json_t *edits = edits_from_text(root, file, after->data, after->len);
	char sha256[65];

	if (!edits || json_array_size(edits))
		return edits;
	cf_sha256_hex(before->data, before->len, sha256);
	json_array_append_new(edits,
		json_pack("{s:s, s:s, s:i, s:i, s:s}", "path", file, "sha256_before", sha256, "start", 0,
			"end", 0, "text", ""));
	return edits;
}

static json_t *candidate(struct pair *p, struct trace *t, const struct trace_function *f,
	const struct cf_buf *before, const struct cf_buf *after, const char *path)
{
	cf_autofree char *own = cf_path_join(t->project_root, f->file);
	cf_autobuf struct cf_buf now = CF_BUF_INIT;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	cf_autofree char *origin = cf_asprintf("file/%s", name);
	json_auto_t *changes = NULL, *about = target(t, f);

	if (!f->replayable) {
		cf_error("%s cannot be replayed: %s", p->function, f->reason ? f->reason : "no reason given");
		return NULL;
	}
	if (cf_read_file(own, &now) < 0)
		return NULL;
	if (now.len != before->len || memcmp(now.data ? now.data : "", before->data, now.len)) {
		p->stand_in.path = cf_strdup(f->file);
		p->stand_in.data = memcpy(cf_malloc(before->len + 1), before->data, before->len);
		p->stand_in.n = before->len;
		edits_stand_in(f->file, before->data, before->len);
	}
	changes = edits(t->project_root, f->file, before, after);
	return changes ? candidate_new(about, name, origin, "", changes, NULL) : NULL;
}

json_t *pair_candidate(struct pair *p, char *const *argv)
{
	const char *cases = p->cases ? p->cases : "codeflash.trace";
	cf_autobuf struct cf_buf before = CF_BUF_INIT, after = CF_BUF_INIT;
	cf_autofree char *real = NULL, *root = NULL, *inside = NULL;
	struct search s = {.name = p->function};
	struct trace_function f = {0};
	struct trace t;
	json_t *record = NULL;

	if (cf_read_file(argv[0], &before) < 0 || cf_read_file(argv[1], &after) < 0 ||
		trace_open(&t, cases, false) < 0)
		return NULL;
	cf_buf_adds(&before, "");
	cf_buf_adds(&after, "");
	real = realpath(argv[0], NULL);
	root = realpath(t.project_root, NULL);
	if (real && root && cf_path_below(real, root))
		s.path = inside = cf_path_relative(real, root);
	s.original = (struct source){.text = before.data, .len = before.len};
	if (find(&t, &s, argv[0]) == 0 && trace_function_get(&t, s.id, &f) == 1)
		record = candidate(p, &t, &f, &before, &after, argv[1]);
	trace_function_release(&f);
	trace_release(&t);
	free(s.file);
	free(s.other);
	free(s.changed);
	return record;
}

void pair_release(struct pair *p)
{
	free((char *)p->stand_in.path);
	free((char *)p->stand_in.data);
	p->stand_in = (struct overlay_file){0};
}
