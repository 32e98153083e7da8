/* SPDX-License-Identifier: Apache-2.0 */
/* The rules backend: every rule over one function, offline. */
#include "cf-suggest/rules/rule.h"

#include <stdio.h>
#include <string.h>
#include "cf-suggest/suggest.h"
#include "lib/error.h"
#include "lib/json.h"
#include "lib/mem.h"

static const struct {
	const char *name;
	const struct rule *const *rules;
} languages[] = {{"python", python_rules}, {"javascript", javascript_rules}};
#define NLANGUAGES (sizeof languages / sizeof *languages)

const struct rule *const *rules_for(const char *language)
{
	for (size_t i = 0; i < NLANGUAGES; i++)
		if (language && !strcmp(languages[i].name, language))
			return languages[i].rules;
	return NULL;
}

const struct rule *rule_find(const char *name)
{
	for (size_t i = 0; i < NLANGUAGES; i++)
		for (const struct rule *const *r = languages[i].rules; *r; r++)
			if (!strcmp((*r)->name, name))
				return *r;
	return NULL;
}

void suggest_list_rules(void)
{
	for (size_t i = 0; i < NLANGUAGES; i++)
		for (const struct rule *const *r = languages[i].rules; *r; r++)
			printf("%-24s %s\n", (*r)->name, (*r)->summary);
}

int suggest_explain(const char *name)
{
	const struct rule *r = rule_find(name);

	if (!r)
		return cf_error("%s: no such rule; see cf-suggest --list-rules", name);
	printf("%s: %s.\n\n%s\n\nBefore:\n\n%s\nAfter:\n\n%s", name, r->summary, r->why, r->examples[0].before,
		r->examples[0].after);
	return 0;
}

static bool wanted(const struct suggest *o, const struct rule *rule)
{
	for (int i = 0; i < o->rules.n; i++)
		if (!strcmp(o->rules.v[i], rule->name))
			return true;
	return !o->rules.n;
}

/* The hottest first; else as the table has them. Insertion: few, and stable. */
static void order(const struct proposal **p, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && p[k]->heat > p[k - 1]->heat; k--) {
			const struct proposal *swap = p[k];
			p[k] = p[k - 1];
			p[k - 1] = swap;
		}
}

static json_t *edits_of(const struct rule_ctx *c, const struct proposal *p)
{
	json_t *edits = json_array();
	for (size_t i = 0; i < p->n; i++)
		json_array_append_new(edits,
			json_pack("{s:s, s:s, s:I, s:I, s:s}", "path", c->source->path, "sha256_before",
				c->source->sha256, "start", (json_int_t)p->edits[i].start, "end",
				(json_int_t)p->edits[i].end, "text", p->edits[i].text));
	return edits;
}

static void write_all(
	struct suggest_target *t, const struct rule_ctx *c, const struct proposal *const *p, size_t n)
{
	struct proposal all;
	size_t used = rule_combine(p, n, &all), len;
	cf_autofree char *text = rule_apply(c, &all, &len);

	if (used >= 2 && rule_parses(c, text, len)) {
		cf_autofree char *why =
			cf_asprintf("%zu changes together. %s", used, all.explanation);

		suggest_write(t, "rules/all", "rules/all", why, edits_of(c, &all), NULL);
	}
	proposal_release(&all);
}

static void propose(struct suggest_target *t, struct rule_ctx *c)
{
	const struct proposal **p = cf_calloc(c->n + 1, sizeof *p);
	size_t n = 0, left = (size_t)suggest_most(t->options);

	for (size_t i = 0; i < c->n; i++)
		p[n++] = &c->proposals[i];
	order(p, n);
	if (n >= 2) {
		write_all(t, c, p, n);
		left--;
	}
	for (size_t i = 0; i < n && left; i++, left--) {
		cf_autofree char *origin = cf_asprintf("rules/%s", p[i]->rule->name);
		suggest_write(t, p[i]->rule->name, origin, p[i]->explanation, edits_of(c, p[i]), NULL);
	}
	free(p);
}

/* Some runtimes end a line there; the source is read here, and its lines counted, as if none did. */
static bool has_lone_cr(const struct source *s)
{
	for (const char *p = s->text; (p = memchr(p, '\r', (size_t)(s->text + s->len - p))); p++)
		if (p[1] != '\n')
			return true;
	return false;
}

enum cf_exit suggest_rules(struct suggest_target *t)
{
	const struct rule *const *rules = rules_for(t->language);
	int64_t line = cf_json_int(t->record, "line", 0), end = cf_json_int(t->record, "end_line", 0);
	const char *hash = cf_json_str(t->record, "source_sha256"), *kind = cf_json_str(t->record, "kind");
	struct source s;
	enum cf_exit status = CF_OK;

	/* A module's own lines, and a lambda, are no definition to look into. */
	if (!rules || (kind && (!strcmp(kind, "module") || !strcmp(kind, "lambda")))) {
		if (t->options->verbose)
			cf_warn("%s: %s: no rules for a %s in %s", t->file, t->name, kind ? kind : "function",
				t->language);
		return CF_OK;
	}
	if (source_open(&s, t->project_root, t->file, t->language))
		return CF_USAGE;
	TSNode node = source_function(&s, t->name, (int)line);
	json_auto_t *text = json_stringn(s.text, s.len);
	bool same = !hash || source_lines_are(&s, (int)line, (int)end, hash);
	if (has_lone_cr(&s) && (!same || ts_node_is_null(node))) {
		cf_warn("%s: has lines that end in a carriage return alone; the rules leave %s alone",
			t->file, t->name);
	} else if (!same) {
		cf_error("%s: %s has changed since the trace; record it again with cf-trace", t->file,
			t->name);
		status = CF_USAGE;
	} else if (ts_node_is_null(node)) {
		cf_error("%s: no %s on line %d; record it again with cf-trace", t->file, t->name,
			(int)line);
		status = CF_USAGE;
	} else if (!text) {
		cf_warn("%s: not UTF-8; the rules leave it alone", t->file);
	} else {
		struct tree tree;
		struct rule_ctx c;
		tree_init(&tree, &s, t->language);
		rule_ctx_init(&c, &s, &tree, tree_at(&tree, node), t->record);
		c.verbose = t->options->verbose;
		for (; *rules; rules++)
			if (wanted(t->options, *rules))
				rule_run(&c, *rules);
		propose(t, &c);
		rule_ctx_release(&c);
		tree_release(&tree);
	}
	source_release(&s);
	return status;
}
