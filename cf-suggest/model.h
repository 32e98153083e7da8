/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of asking a model: what is sent, how, and what an answer means. */
#ifndef CF_MODEL_H
#define CF_MODEL_H

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include "cf-suggest/suggest.h"
#include "lib/buf.h"

/* Secrets. ---------------------------------------------------------------------------------------
 */

/* What must not leave the machine. */
struct redactor {
	regex_t *patterns;
	int n;
};
/* The usual patterns and those (POSIX extended regular expressions). 0, or -1 after cf_error. */
int redactor_init(struct redactor *r, const struct cf_strings *patterns);
void redactor_release(struct redactor *r);
/* The text with placeholders in the places of secrets, which go into `hidden` under them. Returns
 * new. */
char *redact(const struct redactor *r, const char *text, json_t *hidden);
/* An answer with what the placeholders stand for. Returns new. */
char *unredact(const json_t *hidden, const char *text);

/* The prompt. ------------------------------------------------------------------------------------
 */

extern const char prompt_system[];
/* What the model is told of a target, at most about `budget` bytes of it: what is worth most comes
 * first, and what has no room is left out. NULL after cf_error. Returns new. */
char *prompt_for(const struct suggest_target *t, size_t budget);

/* Answers. ---------------------------------------------------------------------------------------
 */

/*
 * The edits that a model's answer makes to the target's file: functions and classes in its code
 * blocks take the places of those of the same name, new ones and imports are added, the rest of the
 * file stays as it is. NULL when the answer cannot be used, with the reason in *why (new). Returns
 * new.
 */
json_t *answer_edits(const struct suggest_target *t, const char *answer, char **why);
/* What the answer says beside its code, in at most a few lines; "" when nothing. Returns new. */
char *answer_explanation(const char *answer);
/* A hash of the edited file's tokens: the same code, however laid out, has the same. 0 after
 * cf_error. */
int answer_digest(const struct suggest_target *t, const json_t *edits, char digest[65]);

/* Protocols. -------------------------------------------------------------------------------------
 */

struct protocol {
	const char *name;	  /* "openai" */
	const char *key_variable; /* of the environment; the key itself is nowhere else */
	const char *base_variable, *base, *path;
	const char *key_header; /* a format for the key */
	const char *const *headers;
	/* The body of a request. Returns new. */
	json_t *(*body)(const char *model, const char *prompt, int64_t output_tokens);
	/* The text of an answer (new), NULL when it has none; tokens it counted, -1 where it does
	 * not say; whether it was cut off for its length. */
	char *(*text)(
		const json_t *answer, int64_t *input_tokens, int64_t *output_tokens, bool *cut);
};
/* NULL: no protocol of that name. */
const struct protocol *protocol_find(const char *name);

#endif
