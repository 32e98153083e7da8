/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the services of models understand: OpenAI's chat completions, which Azure, vLLM, llama.cpp,
 * Ollama and OpenRouter speak as well, and Anthropic's messages.
 */
#include <string.h>
#include "cf-suggest/model.h"
#include "lib/json.h"
#include "lib/mem.h"

static json_t *openai_body(const char *model, const char *prompt, int64_t output_tokens)
{
	return json_pack("{s:s, s:[{s:s, s:s}, {s:s, s:s}], s:I}", "model", model, "messages",
		"role", "system", "content", prompt_system, "role", "user", "content", prompt,
		"max_tokens", (json_int_t)output_tokens);
}

/* Content is a text, or a list of parts of which some are texts. */
static void add_content(struct cf_buf *b, const json_t *content)
{
	size_t i;
	const json_t *part;

	if (json_is_string(content))
		cf_buf_add(b, json_string_value(content), json_string_length(content));
	json_array_foreach(content, i, part)
	{
		const char *text = cf_json_str(part, "text");

		if (text)
			cf_buf_adds(b, text);
	}
}

static char *openai_text(
	const json_t *answer, int64_t *input_tokens, int64_t *output_tokens, bool *cut)
{
	const json_t *usage = json_object_get(answer, "usage");
	const json_t *choice = json_array_get(json_object_get(answer, "choices"), 0);
	const char *finish = cf_json_str(choice, "finish_reason");
	cf_autobuf struct cf_buf b = CF_BUF_INIT;

	*input_tokens = cf_json_int(usage, "prompt_tokens", -1);
	*output_tokens = cf_json_int(usage, "completion_tokens", -1);
	*cut = finish && !strcmp(finish, "length");
	add_content(&b, json_object_get(json_object_get(choice, "message"), "content"));
	return b.len ? cf_buf_detach(&b, NULL) : NULL;
}

static json_t *anthropic_body(const char *model, const char *prompt, int64_t output_tokens)
{
	return json_pack("{s:s, s:I, s:s, s:[{s:s, s:s}]}", "model", model, "max_tokens",
		(json_int_t)output_tokens, "system", prompt_system, "messages", "role", "user",
		"content", prompt);
}

static char *anthropic_text(
	const json_t *answer, int64_t *input_tokens, int64_t *output_tokens, bool *cut)
{
	const json_t *usage = json_object_get(answer, "usage");
	const char *stop = cf_json_str(answer, "stop_reason");
	cf_autobuf struct cf_buf b = CF_BUF_INIT;

	*input_tokens = cf_json_int(usage, "input_tokens", -1);
	*output_tokens = cf_json_int(usage, "output_tokens", -1);
	*cut = stop && !strcmp(stop, "max_tokens");
	add_content(&b, json_object_get(answer, "content"));
	return b.len ? cf_buf_detach(&b, NULL) : NULL;
}

static const char *const none[] = {NULL};
static const char *const anthropic_headers[] = {"anthropic-version: 2023-06-01", NULL};

static const struct protocol protocols[] = {
	{"openai", "OPENAI_API_KEY", "OPENAI_BASE_URL", "https://api.openai.com/v1",
		"/chat/completions", "Authorization: Bearer %s", none, openai_body, openai_text},
	{"anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "https://api.anthropic.com",
		"/v1/messages", "x-api-key: %s", anthropic_headers, anthropic_body, anthropic_text},
};

const struct protocol *protocol_find(const char *name)
{
	for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
		if (!strcmp(protocols[i].name, name))
			return &protocols[i];
	return NULL;
}
