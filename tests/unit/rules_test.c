/* SPDX-License-Identifier: Apache-2.0 */
/* unit of: cf-suggest */
/*
 * Every rule against its own examples. With --json [language] it prints them with what the rules made of
 * them, for tests/cf-suggest.bats to run; with --rewrite [language] it does to sources of others
 * (tests/rules_corpus.py); with a file it runs every rule over every function there, which must not
 * crash and must parse.
 */
#include "cf-suggest/rules/rule.h"
#include "lib/mem.h"
#include "tests/unit/check.h"

static const struct language {
	const char *name, *file;
	const struct rule *const *rules;
} languages[] = {{"python", "all.py", python_rules}, {"javascript", "all.ts", javascript_rules}};
#define NLANGUAGES (sizeof languages / sizeof *languages)

struct last {
	TSNode definition;
	bool found;
};

static bool note_f(const struct source_definition *d, void *arg)
{
	struct last *l = arg;
	size_t n = strlen(d->qualname);

	if (!d->is_class && n && d->qualname[n - 1] == 'f' && (n == 1 || d->qualname[n - 2] == '.'))
		*l = (struct last){d->definition, true};
	return true;
}

/* The function an example is about: the last one named f. Every rule sees that alone. */
static int find_function(const struct source *s, const struct tree *t)
{
	struct last l = {.found = false};

	source_definitions(s, note_f, &l);
	return l.found ? tree_at(t, l.definition) : 0;
}

/* What a rule, or with NULL all of them together, make of the source. Returns new. */
static char *rewrite(const struct language *lang, const struct rule *rule, const char *before, bool verbose)
{
	struct source s;
	struct tree t;
	struct rule_ctx c;
	const struct proposal *all[50];
	size_t len, n = 0;

	if (source_parse(&s, lang->file, before, strlen(before), lang->name))
		return NULL;
	tree_init(&t, &s, lang->name);
	rule_ctx_init(&c, &s, &t, find_function(&s, &t), NULL);
	c.verbose = verbose;
	for (const struct rule *const *r = lang->rules; *r; r++)
		if (!rule || *r == rule)
			rule_run(&c, *r);
	for (size_t i = 0; i < c.n && n < 50; i++)
		all[n++] = &c.proposals[i];
	struct proposal together;
	rule_combine(all, n, &together);
	char *after = rule_apply(&c, &together, &len);
	proposal_release(&together);
	rule_ctx_release(&c);
	tree_release(&t);
	source_release(&s);
	return after;
}

/* CRLF files, files without a last newline and files indented by tabs must do as well. */
static char *spelled(const char *text, const char *eol, bool last)
{
	struct cf_buf b = CF_BUF_INIT;
	if (!text)
		return NULL;
	for (; *text; text++) {
		if (*text != '\n')
			cf_buf_addc(&b, *text);
		else if (text[1] || last)
			cf_buf_adds(&b, eol);
	}
	return cf_buf_detach(&b, NULL);
}

static void check_example(
	const struct language *lang, const struct rule *rule, const char *text, const char *expected, int number)
{
	for (int variant = 0; variant < 3; variant++) {
		const char *eol = variant == 1 ? "\r\n" : "\n";
		cf_autofree char *before = spelled(text, eol, variant != 2);
		cf_autofree char *want = spelled(expected, eol, variant != 2);
		cf_autofree char *after = rewrite(lang, rule, before, false);
		check_done++;
		if (after && !strcmp(after, want))
			continue;
		check_failed++;
		fprintf(stderr, "%s: example %d (variant %d) is\n%s\nnot\n%s\n", rule->name, number,
			variant, after ? after : "(null)", want);
		if (text != expected)
			free(rewrite(lang, rule, before, true));
		return;
	}
}

static void print_examples(const struct language *lang)
{
	json_t *all = json_array();
	for (const struct rule *const *r = lang->rules; *r; r++)
		for (const struct rule_example *e = (*r)->examples; e->before; e++)
			json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s?}", "rule",
				(*r)->name, "before", e->before, "after", e->after, "check", e->check));
	json_dumpf(all, stdout, JSON_INDENT(1));
	json_decref(all);
}

/* Of each source in the JSON array on stdin, what each rule that proposes something makes of it. */
static int rewrite_all(const struct language *lang)
{
	json_t *sources = json_loadf(stdin, 0, NULL), *all = json_array(), *source;
	size_t i;

	json_array_foreach (sources, i, source) {
		json_t *made = json_object();
		const char *before = json_string_value(source);
		for (const struct rule *const *r = lang->rules; before && *r; r++) {
			cf_autofree char *after = rewrite(lang, *r, before, false);
			if (after && strcmp(after, before))
				json_object_set_new(made, (*r)->name, json_string(after));
		}
		cf_autofree char *together = before ? rewrite(lang, NULL, before, false) : NULL;
		if (json_object_size(made) > 1)
			json_object_set_new(made, "all", json_string(together));
		json_array_append_new(all, made);
	}
	json_dumpf(all, stdout, 0);
	json_decref(all);
	json_decref(sources);
	return 0;
}

struct shown {
	const struct language *lang;
	const struct source *s;
	const struct tree *t;
	const char *path, *only;
};

/* Prints every proposal as a diff-like pair, for a person to look at. */
static bool show(const struct source_definition *d, void *arg)
{
	const struct shown *a = arg;
	struct rule_ctx c;

	if (d->is_class)
		return true;
	rule_ctx_init(&c, a->s, a->t, tree_at(a->t, d->definition), NULL);
	for (const struct rule *const *r = a->lang->rules; *r; r++)
		if (!a->only || !strcmp((*r)->name, a->only))
			rule_run(&c, *r);
	for (size_t i = 0; i < c.n; i++) {
		const struct proposal *p = &c.proposals[i];
		printf("=== %s %s %s: %s\n", a->path, d->qualname, p->rule->name, p->explanation);
		for (size_t e = 0; e < p->n; e++) {
			int line = 1;
			for (uint32_t at = 0; at < p->edits[e].start; at++)
				line += a->s->text[at] == '\n';
			printf("@@ %d\n- %.*s\n+ %s\n", line, (int)(p->edits[e].end - p->edits[e].start),
				a->s->text + p->edits[e].start, p->edits[e].text);
		}
	}
	rule_ctx_release(&c);
	return true;
}

static int run_file(const char *path, const char *only)
{
	const struct language *lang = &languages[!strstr(path, ".py")];
	struct source s;
	struct tree t;

	if (source_open(&s, ".", path, lang->name))
		return 1;
	tree_init(&t, &s, lang->name);
	struct shown a = {lang, &s, &t, path, only};
	source_definitions(&s, show, &a);
	tree_release(&t);
	source_release(&s);
	return 0;
}

static const struct language *language_named(const char *name)
{
	for (size_t i = 0; i < NLANGUAGES; i++)
		if (!strcmp(languages[i].name, name))
			return &languages[i];
	return &languages[0];
}

int main(int argc, char **argv)
{
	const struct language *named = language_named(argc > 2 ? argv[2] : "python");

	if (argc > 1 && !strcmp(argv[1], "--json")) {
		print_examples(named);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--rewrite"))
		return rewrite_all(named);
	if (argc > 1)
		return run_file(argv[1], argc > 2 ? argv[2] : NULL);
	for (const struct language *lang = languages; lang < languages + NLANGUAGES; lang++)
		for (const struct rule *const *r = lang->rules; *r; r++) {
			int number = 1;
			CHECK((*r)->name && (*r)->summary && (*r)->why && (*r)->examples[0].after);
			for (const struct rule_example *e = (*r)->examples; e->before; e++)
				check_example(lang, *r, e->before, e->after, number++);
			for (const char *const *near = (*r)->near_misses; near && *near; near++)
				check_example(lang, *r, *near, *near, number++);
		}
	return CHECK_END();
}
