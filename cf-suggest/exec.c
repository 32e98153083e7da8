/* SPDX-License-Identifier: Apache-2.0 */
/* The exec backend: a command of the user's gets the target on stdin and answers whole files. */
#include "cf-suggest/suggest.h"

#include <string.h>
#include "lib/error.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"
#include "lib/source.h"

/* One file of an answer as edits; NULL after cf_error. Returns new. */
static json_t *file_edits(
	const struct suggest_target *t, const char *command, const char *path, const json_t *text)
{
	const char *extension = strrchr(t->file, '.'), *dot = strrchr(path, '.');
	size_t n = json_string_length(text);
	struct source s;

	if (!json_is_string(text)) {
		cf_error("exec:%s: files[\"%s\"] is not a string; candidate for %s dropped", command,
			path, t->name);
		return NULL;
	}
	if (extension && dot && !strcmp(dot, extension)) {
		if (source_parse(&s, path, json_string_value(text), n, t->language))
			return NULL;
		bool ok = source_ok(&s);
		source_release(&s);
		if (!ok) {
			cf_error("exec:%s: the new %s does not parse; candidate for %s dropped",
				command, path, t->name);
			return NULL;
		}
	}
	return edits_from_text(t->project_root, path, json_string_value(text), n);
}

/* The answer's files as edits, sorted as all are; NULL after cf_error. Returns new. */
static json_t *answer_edits(
	const struct suggest_target *t, const char *command, const json_t *files)
{
	json_auto_t *all = json_array(), *none = json_array();
	const char *path;
	const json_t *text;

	json_object_foreach((json_t *)files, path, text) {
		json_auto_t *more = file_edits(t, command, path, text);
		if (!more)
			return NULL;
		json_array_extend(all, more);
	}
	return edits_merge(all, none);
}

/*
 * One line of the command's. A candidate that cannot be used is dropped, after cf_error; false when the
 * line is no candidate at all, which the caller says.
 */
static bool answer(struct suggest_target *t, const char *line, size_t n, const char *command)
{
	json_auto_t *json = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	const json_t *files = json_object_get(json, "files");
	const char *name = cf_json_str(json, "name"), *why = cf_json_str(json, "explanation");

	if (!json_is_object(files) || !json_object_size(files))
		return false;
	json_t *edits = answer_edits(t, command, files);
	if (!json_array_size(edits)) {
		json_decref(edits);
		return true; /* not usable, or the files as they were: nothing to propose */
	}
	cf_autofree char *origin = cf_asprintf("exec/%s", name ? name : "candidate");
	suggest_write(t, name ? name : "candidate", origin, why ? why : "", edits,
		json_object_get(json, "cost"));
	return true;
}

static enum cf_exit nonsense(const struct suggest_target *t, const char *command)
{
	cf_error("exec:%s: its answer for %s is no {\"name\", \"explanation\", \"files\"} line",
		command, t->name);
	return CF_PROGRAM;
}

enum cf_exit suggest_exec(struct suggest_target *t, const char *command)
{
	const char *argv[] = {"/bin/sh", "-c", command, NULL};
	cf_autofree char *input = cf_malloc(t->len + 1);
	memcpy(input, t->line, t->len);
	input[t->len] = '\n';
	struct cf_run run = {.argv = argv, .cwd = t->project_root, .input = input,
		.input_len = t->len + 1, .timeout_s = t->options->timeout, .output_max = 256u << 20};
	struct cf_ran ran;
	int64_t left = suggest_most(t->options);
	enum cf_exit status = CF_OK;

	if (cf_run(&run, &ran))
		return CF_PROGRAM;
	bool cut = ran.timed_out || ran.status;
	/* Complete lines count even where the command failed later. */
	for (const char *p = ran.out.data, *end = p ? p + ran.out.len : p; p < end && left;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = newline ? (size_t)(newline - p) : (size_t)(end - p);
		if (!newline && cut)
			break;
		if (strspn(p, " \t\r") < n) {
			/* One line for a command that answers nonsense, not one for each of its own. */
			if (!answer(t, p, n, command) && !status)
				status = nonsense(t, command);
			left--;
		}
		p += n + (newline ? 1 : 0);
	}
	if (ran.timed_out) {
		cf_error("exec:%s: no answer for %s within %g s", command, t->name, t->options->timeout);
		status = CF_PROGRAM;
	} else if (ran.status && !status) {
		while (ran.err.len && strchr("\r\n", ran.err.data[ran.err.len - 1]))
			ran.err.data[--ran.err.len] = '\0';
		const char *said = ran.err.len ? strrchr(ran.err.data, '\n') : NULL;
		said = said ? said + 1 : ran.err.len ? ran.err.data : "nothing on stderr";
		cf_error("exec:%s: status %d for %s: %s", command, ran.status, t->name, said);
		status = CF_PROGRAM;
	}
	cf_ran_release(&ran);
	return status;
}
