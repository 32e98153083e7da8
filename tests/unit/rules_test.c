/* SPDX-License-Identifier: Apache-2.0 */
/* unit of: cf-suggest */
/*
 * Every rule against its own examples. With --json it prints them with what the rules made of
 * them, for tests/cf-suggest.bats to run under Python; with --rewrite it does to sources of others
 * (tests/rules_corpus.py); with a file it runs every rule over every function there, which must not
 * crash and must parse.
 */
#include "cf-suggest/rules/rule.h"
#include "lib/mem.h"
#include "tests/unit/check.h"

/* The function an example is about: the last one named f. Every rule sees that alone. */
static int find_function(const struct tree *t)
{
	int found = 0;
	for (int n = 1; n < t->n; n++)
		if (tree_is(t, n, "function_definition") && tree_text_is(t, tree_field(t, n, "name"), "f"))
			found = n;
	return found;
}

/* What a rule, or with NULL all of them together, make of the source. Returns new. */
static char *rewrite(const struct rule *rule, const char *before, bool verbose)
{
	struct source s;
	struct tree t;
	struct rule_ctx c;
	const struct proposal *all[50];
	size_t len, n = 0;

	if (source_parse(&s, rule ? rule->name : "all", before, strlen(before), "python"))
		return NULL;
	tree_init(&t, &s, "python");
	rule_ctx_init(&c, &s, &t, find_function(&t), NULL);
	c.verbose = verbose;
	for (const struct rule *const *r = python_rules; *r; r++)
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
	const struct rule *rule, const char *text, const char *expected, int number)
{
	for (int variant = 0; variant < 3; variant++) {
		const char *eol = variant == 1 ? "\r\n" : "\n";
		cf_autofree char *before = spelled(text, eol, variant != 2);
		cf_autofree char *want = spelled(expected, eol, variant != 2);
		cf_autofree char *after = rewrite(rule, before, false);
		check_done++;
		if (after && !strcmp(after, want))
			continue;
		check_failed++;
		fprintf(stderr, "%s: example %d (variant %d) is\n%s\nnot\n%s\n", rule->name, number,
			variant, after ? after : "(null)", want);
		if (text != expected)
			free(rewrite(rule, before, true));
		return;
	}
}

static void print_examples(void)
{
	json_t *all = json_array();
	for (const struct rule *const *r = python_rules; *r; r++)
		for (const struct rule_example *e = (*r)->examples; e->before; e++)
			json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s?}", "rule",
				(*r)->name, "before", e->before, "after", e->after, "check", e->check));
	json_dumpf(all, stdout, JSON_INDENT(1));
	json_decref(all);
}

/* Of each source in the JSON array on stdin, what each rule that proposes something makes of it. */
static int rewrite_all(void)
{
	json_t *sources = json_loadf(stdin, 0, NULL), *all = json_array(), *source;
	size_t i;

	json_array_foreach (sources, i, source) {
		json_t *made = json_object();
		const char *before = json_string_value(source);
		for (const struct rule *const *r = python_rules; before && *r; r++) {
			cf_autofree char *after = rewrite(*r, before, false);
			if (after && strcmp(after, before))
				json_object_set_new(made, (*r)->name, json_string(after));
		}
		cf_autofree char *together = before ? rewrite(NULL, before, false) : NULL;
		if (json_object_size(made) > 1)
			json_object_set_new(made, "all", json_string(together));
		json_array_append_new(all, made);
	}
	json_dumpf(all, stdout, 0);
	json_decref(all);
	json_decref(sources);
	return 0;
}

/* Prints every proposal as a diff-like pair, for a person to look at. */
static int run_file(const char *path, const char *only)
{
	struct source s;
	struct tree t;
	if (source_open(&s, ".", path, "python"))
		return 1;
	tree_init(&t, &s, "python");
	for (int n = 1; n < t.n; n++) {
		if (!tree_is(&t, n, "function_definition"))
			continue;
		struct rule_ctx c;
		rule_ctx_init(&c, &s, &t, n, NULL);
		for (const struct rule *const *r = python_rules; *r; r++)
			if (!only || !strcmp((*r)->name, only))
				rule_run(&c, *r);
		for (size_t i = 0; i < c.n; i++) {
			const struct proposal *p = &c.proposals[i];
			cf_autofree char *name = tree_text(&t, tree_field(&t, n, "name"));
			printf("=== %s %s %s: %s\n", path, name, p->rule->name, p->explanation);
			for (size_t e = 0; e < p->n; e++) {
				int line = 1;
				for (uint32_t at = 0; at < p->edits[e].start; at++)
					line += s.text[at] == '\n';
				printf("@@ %d\n- %.*s\n+ %s\n", line, (int)(p->edits[e].end - p->edits[e].start),
					s.text + p->edits[e].start, p->edits[e].text);
			}
		}
		rule_ctx_release(&c);
	}
	tree_release(&t);
	source_release(&s);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--json")) {
		print_examples();
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--rewrite"))
		return rewrite_all();
	if (argc > 1)
		return run_file(argv[1], argc > 2 ? argv[2] : NULL);
	for (const struct rule *const *r = python_rules; *r; r++) {
		int number = 1;
		CHECK((*r)->name && (*r)->summary && (*r)->why && (*r)->examples[0].after);
		for (const struct rule_example *e = (*r)->examples; e->before; e++)
			check_example(*r, e->before, e->after, number++);
		for (const char *const *near = (*r)->near_misses; near && *near; near++)
			check_example(*r, *near, *near, number++);
	}
	return CHECK_END();
}
