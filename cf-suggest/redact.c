/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in what is sent: hidden behind placeholders, which an answer that repeats them gives
 * back. */
#include <stdlib.h>
#include <string.h>
#include "cf-suggest/model.h"
#include "lib/error.h"
#include "lib/mem.h"

/* What keys, tokens and passwords look like, and which group of it is hidden. */
static const struct {
	const char *pattern;
	int group;
} usual[] = {
	{"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----", 0},
	{"(AKIA|ASIA)[0-9A-Z]{16}", 0},
	{"[srp]k[-_][A-Za-z0-9_-]{20,}", 0},
	{"gh[pousr]_[A-Za-z0-9]{30,}", 0},
	{"github_pat_[A-Za-z0-9_]{30,}", 0},
	{"glpat-[A-Za-z0-9_-]{18,}", 0},
	{"xox[abposr]-[A-Za-z0-9-]{10,}", 0},
	{"AIza[0-9A-Za-z_-]{35}", 0},
	{"eyJ[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]+", 0},
	{"://[^/@[:space:]:]+:([^/@[:space:]]+)@", 1},
	{"(password|passwd|pwd|secret|token|api_?key|access_?key|private_?key)[\"']?[[:space:]]*[:="
	 "][[:space:]]*"
	 "[\"']([^\"'[:space:]]{6,})[\"']",
		2},
};
#define NUSUAL (sizeof usual / sizeof *usual)

int redactor_init(struct redactor *r, const struct cf_strings *patterns)
{
	*r = (struct redactor){
		.patterns = cf_calloc(NUSUAL + (size_t)patterns->n, sizeof(regex_t))};
	for (size_t i = 0; i < NUSUAL; i++)
		if (regcomp(&r->patterns[r->n++], usual[i].pattern, REG_EXTENDED | REG_ICASE))
			CF_BUG("pattern %zu of secrets is none", i);
	for (int i = 0; i < patterns->n; i++) {
		char why[200];
		int bad = regcomp(&r->patterns[r->n], patterns->v[i], REG_EXTENDED);

		if (bad) {
			regerror(bad, &r->patterns[r->n], why, sizeof why);
			return cf_error(
				"--redact %s: no regular expression: %s", patterns->v[i], why);
		}
		r->n++;
	}
	return 0;
}

void redactor_release(struct redactor *r)
{
	for (int i = 0; i < r->n; i++)
		regfree(&r->patterns[i]);
	free(r->patterns);
	*r = (struct redactor){0};
}

/* The placeholder of a secret, the same wherever it stands. */
static void add_placeholder(struct cf_buf *b, json_t *hidden, const char *secret, size_t n)
{
	const char *found;
	json_t *text;

	json_object_foreach(hidden, found, text) if (json_string_length(text) == n &&
						     !memcmp(json_string_value(text), secret, n))
	{
		cf_buf_adds(b, found);
		return;
	}
	cf_autofree char *name = cf_asprintf("REDACTED_%zu", json_object_size(hidden) + 1);

	json_object_set_new(hidden, name, json_stringn_nocheck(secret, n));
	cf_buf_adds(b, name);
}

static char *hide(const regex_t *pattern, size_t group, const char *text, json_t *hidden)
{
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	regmatch_t m[4];

	cf_buf_reserve(&b, strlen(text));
	while (*text && !regexec(pattern, text, 4, m, 0) && m[group].rm_eo > m[group].rm_so) {
		cf_buf_add(&b, text, (size_t)m[group].rm_so);
		add_placeholder(&b, hidden, text + m[group].rm_so,
			(size_t)(m[group].rm_eo - m[group].rm_so));
		text += m[group].rm_eo;
	}
	cf_buf_adds(&b, text);
	return cf_buf_detach(&b, NULL);
}

char *redact(const struct redactor *r, const char *text, json_t *hidden)
{
	char *now = cf_strdup(text);

	for (int i = 0; i < r->n; i++) {
		size_t group = (size_t)i < NUSUAL ? (size_t)usual[i].group : 0;
		char *next = hide(&r->patterns[i], group, now, hidden);

		free(now);
		now = next;
	}
	return now;
}

char *unredact(const json_t *hidden, const char *text)
{
	cf_autobuf struct cf_buf b = CF_BUF_INIT;

	cf_buf_reserve(&b, strlen(text));
	while (*text) {
		size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
		cf_autofree char *word = cf_strndup(text, n);
		const json_t *secret = n ? json_object_get(hidden, word) : NULL;

		if (secret)
			cf_buf_add(&b, json_string_value(secret), json_string_length(secret));
		else
			cf_buf_add(&b, text, n ? n : 1);
		text += n ? n : 1;
	}
	return cf_buf_detach(&b, NULL);
}
