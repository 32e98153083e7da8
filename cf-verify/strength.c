/* SPDX-License-Identifier: Apache-2.0 */
/* Which mutants of a target are judged, and what came of them; queue.c sets the processes to work. */
#include "cf-verify/strength.h"

#include <stdlib.h>
#include <string.h>
#include "cf-verify/mutate.h"
#include "lib/candidate.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"
#include "lib/source.h"

#define ORIGIN "mutant/"

enum fate { OPEN, KILLED, SURVIVED };

struct strength {
	struct strength *next;
	char *key;              /* the original's */
	json_t *target;
	char sha256[65];        /* of the file that the mutants are of */
	struct mutants mutants;
	enum fate *fates;       /* one a mutant */
	size_t begun, judged;
	uint64_t until;         /* 0: none begun */
};

static struct strength *all;

/* ---- mutants of a target ---- */

struct lines {
	int *v;
	size_t n, cap;
};

static int line_row(sqlite3_stmt *row, void *arg)
{
	struct lines *l = arg;

	cf_grow(&l->v, &l->cap, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = sqlite3_column_int(row, 0);
	return 0;
}

static bool is_utf8(const struct source *s)
{
	json_auto_t *text = json_stringn(s->text, s->len);

	return text != NULL;
}

/* None where the function cannot be found in its file as it was recorded. -1 after cf_error. */
static int find_mutants(
	struct original *of, const char *seed, int64_t max, struct mutants *m, char sha256[65])
{
	const struct trace_function *f = &of->function;
	struct lines lines = {0};
	struct source s;
	char sql[100];
	int bad = 0;

	if (!mutate_language(of->trace.language))
		return 0;
	if (source_open(&s, of->project_root, f->file, of->trace.language) < 0)
		return -1;
	memcpy(sha256, s.sha256, sizeof(s.sha256));
	snprintf(sql, sizeof(sql), "SELECT line FROM line WHERE function = %lld", (long long)f->id);
	if (is_utf8(&s) && f->source_sha256 &&
		source_lines_are(&s, f->line, f->end_line, f->source_sha256) &&
		!(bad = trace_query(&of->trace, sql, line_row, &lines))) {
		const struct mutate_choice choice = {lines.v, lines.n, seed, max};

		mutants_make(m, &s, source_function(&s, f->qualname, f->line), &choice);
	}
	free(lines.v);
	source_release(&s);
	return bad;
}

static json_t *record_of(const json_t *target, const char *sha256, const struct mutant *k)
{
	json_auto_t *edits = json_pack("[{s:s, s:s, s:I, s:I, s:s}]", "path", cf_json_str(target, "file"),
		"sha256_before", sha256, "start", (json_int_t)k->start, "end", (json_int_t)k->end, "text",
		k->text);
	cf_autofree char *origin = cf_asprintf(ORIGIN "%s", k->operator);
	cf_autofree char *explanation =
		cf_asprintf(*k->now ? "line %d: %s became %s" : "line %d: without %s%s", k->line, k->was,
			k->now);

	return candidate_new(target, k->operator, origin, explanation, edits, NULL);
}

bool is_mutant(const json_t *candidate)
{
	const char *origin = cf_json_str(candidate, "origin");

	return origin && !strncmp(origin, ORIGIN, strlen(ORIGIN));
}

/* ---- strength ---- */

struct strength *strength_of(const struct verify_opts *o, const json_t *target)
{
	struct original *of = original_of(o, target);
	const char *id = cf_json_str(target, "id");
	struct strength *s;

	for (s = all; s; s = s->next)
		if (!strcmp(s->key, of->key))
			return s;
	s = cf_calloc(1, sizeof(*s));
	s->key = cf_strdup(of->key);
	s->target = json_incref((json_t *)target);
	/* where the original takes that long, its mutants would be waited for in vain */
	if (!of->why && (double)of->run_ns / 1e9 < o->mutants_time_s)
		find_mutants(of, id ? id : "", o->mutants, &s->mutants, s->sha256);
	s->fates = cf_calloc(s->mutants.n + 1, sizeof(*s->fates));
	s->next = all;
	all = s;
	return s;
}

bool strength_is_settled(const struct strength *s)
{
	return s->begun == s->mutants.n && s->judged == s->begun;
}

json_t *strength_next(const struct verify_opts *o, struct strength **of, size_t *which)
{
	for (struct strength *s = all; s; s = s->next) {
		uint64_t now = cf_now_ns();

		if (s->begun == s->mutants.n)
			continue;
		if (s->until && now >= s->until) { /* those begun are what there is */
			for (size_t i = s->begun; i < s->mutants.n; i++)
				strength_take(s, i, NULL);
			s->begun = s->mutants.n;
			continue;
		}
		if (!s->until)
			s->until = now + (uint64_t)(o->mutants_time_s * 1e9);
		*of = s;
		*which = s->begun++;
		return record_of(s->target, s->sha256, &s->mutants.v[*which]);
	}
	return NULL;
}

void strength_take(struct strength *s, size_t which, const char *answer)
{
	s->judged++;
	if (answer && strcmp(answer, "unverified"))
		s->fates[which] = strcmp(answer, "equivalent") ? KILLED : SURVIVED;
}

json_t *strength_json(const struct strength *s)
{
	json_t *survivors = json_array();
	int killed = 0, of = 0;

	for (size_t i = 0; i < s->mutants.n; i++) {
		const struct mutant *k = &s->mutants.v[i];

		of += s->fates[i] != OPEN;
		killed += s->fates[i] == KILLED;
		if (s->fates[i] == SURVIVED)
			json_array_append_new(survivors,
				json_pack("{s:s, s:i, s:s, s:s, s:s}", "file",
					cf_json_str(s->target, "file"), "line", k->line, "operator",
					k->operator, "was", k->was, "now", k->now));
	}
	if (of)
		return json_pack("{s:i, s:i, s:o}", "killed", killed, "of", of, "survivors", survivors);
	json_decref(survivors);
	return json_null();
}

static void add_count(json_t *sum, const json_t *part, const char *key)
{
	json_object_set_new(sum, key, json_integer(cf_json_int(sum, key, 0) + cf_json_int(part, key, 0)));
}

json_t *strength_sum(json_t *sum, json_t *part)
{
	json_t *both;

	if (!sum)
		return part;
	if (json_is_null(sum) || json_is_null(part)) {
		both = json_null();
	} else {
		both = json_deep_copy(sum);
		add_count(both, part, "killed");
		add_count(both, part, "of");
		json_array_extend(json_object_get(both, "survivors"), json_object_get(part, "survivors"));
	}
	json_decref(sum);
	json_decref(part);
	return both;
}

void strengths_release(void)
{
	while (all) {
		struct strength *s = all;

		all = s->next;
		mutants_release(&s->mutants);
		json_decref(s->target);
		free(s->fates);
		free(s->key);
		free(s);
	}
}

/* ---- --list-mutants ---- */

int strength_list(const struct cf_record *record, void *opts, enum cf_exit *status)
{
	const struct verify_opts *o = opts;
	const char *id = cf_json_str(record->json, "id");
	struct mutants m = {0};
	struct original *of;
	char sha256[65];
	int done = 1;

	if (strcmp(record->kind, "target") || !cf_shard_owns(o->shard, id ? id : ""))
		return 0;
	of = original_open(o, record->json);
	if (of->why || find_mutants(of, id ? id : "", o->mutants, &m, sha256) < 0) {
		*status = of->why ? of->status : CF_USAGE;
		done = -1;
	} else {
		cf_stream_pass(record);
	}
	for (size_t i = 0; i < m.n && done > 0; i++) {
		json_auto_t *mutant = record_of(record->json, sha256, &m.v[i]);
		cf_autofree char *diff = edits_diff(json_object_get(mutant, "edits"), of->project_root);

		if (!diff) {
			*status = CF_USAGE;
			break;
		}
		json_object_set_new(mutant, "diff", json_string(diff));
		cf_stream_write(mutant);
	}
	mutants_release(&m);
	original_free(of);
	return done;
}
