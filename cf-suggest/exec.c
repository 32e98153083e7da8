/* SPDX-License-Identifier: Apache-2.0 */
/* The exec backend: a command of the user's gets the target on stdin and answers whole files. */
#include "cf-suggest/suggest.h"

#include <string.h>
#include "lib/error.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"
#include "lib/source.h"

/* The answer's files as edits; NULL after cf_error. Returns new. */
static json_t *edits_of(const struct suggest_target *t, const json_t *files)
{
	json_t *edits = json_array();
	const char *extension = strrchr(t->file, '.'), *path;
	const json_t *text;

	json_object_foreach((json_t *)files, path, text) {
		const char *dot = strrchr(path, '.');
		struct source s;
		bool ok = true;

		if (!json_is_string(text)) {
			cf_error("exec: files[\"%s\"] is not a string", path);
			goto bad;
		}
		size_t n = json_string_length(text);
		if (extension && dot && !strcmp(dot, extension)) {
			if (source_parse(&s, path, json_string_value(text), n, t->language))
				goto bad;
			ok = source_ok(&s);
			source_release(&s);
		}
		if (!ok) {
			cf_error("exec: the new %s does not parse; candidate for %s dropped", path, t->name);
			goto bad;
		}
		json_auto_t *more = edits_from_text(t->project_root, path, json_string_value(text), n);
		if (!more)
			goto bad;
		json_array_extend(edits, more);
	}
	/* Sorted as all edits are. */
	json_auto_t *none = json_array();
	json_t *sorted = edits_merge(edits, none);
	json_decref(edits);
	return sorted;
bad:
	json_decref(edits);
	return NULL;
}

static int answer(struct suggest_target *t, const char *line, size_t n, const char *command)
{
	json_auto_t *json = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	const json_t *files = json_object_get(json, "files");
	const char *name = cf_json_str(json, "name"), *why = cf_json_str(json, "explanation");

	if (!json_is_object(files) || !json_object_size(files))
		return cf_error("exec:%s: answers with what is no {\"name\", \"explanation\", \"files\"} "
				"line; ignored", command);
	json_t *edits = edits_of(t, files);
	if (!edits)
		return -1;
	if (!json_array_size(edits)) {
		json_decref(edits);
		return 0; /* the file as it was: no change to propose */
	}
	cf_autofree char *origin = cf_asprintf("exec/%s", name ? name : "candidate");
	suggest_write(t, name ? name : "candidate", origin, why ? why : "", edits,
		json_object_get(json, "cost"));
	return 0;
}

int suggest_exec(struct suggest_target *t, const char *command)
{
	const char *argv[] = {"/bin/sh", "-c", command, NULL};
	cf_autofree char *input = cf_asprintf("%.*s\n", (int)t->len, t->line);
	struct cf_run run = {.argv = argv, .cwd = t->project_root, .input = input,
		.input_len = strlen(input), .timeout_s = t->options->timeout,
		.output_max = 256u << 20};
	struct cf_ran ran;
	int64_t left = t->options->candidates;
	bool garbage = false;

	if (cf_run(&run, &ran))
		return -1;
	/* Complete lines count even where the command failed later. */
	for (const char *p = ran.out.data, *end = p ? p + ran.out.len : p; p < end && left && !garbage;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = newline ? (size_t)(newline - p) : (size_t)(end - p);
		if (!newline && (ran.timed_out || ran.status))
			break;
		if (strspn(p, " \t\r") < n) {
			/* One line for a command that answers nonsense, not one for each of its lines. */
			garbage = answer(t, p, n, command) != 0;
			left--;
		}
		p += n + (newline ? 1 : 0);
	}
	int status = garbage ? -1 : 0;
	if (ran.timed_out)
		status = cf_error("exec:%s: no answer for %s within %g s", command, t->name,
			t->options->timeout);
	else if (ran.status && !garbage) {
		while (ran.err.len && strchr("\r\n", ran.err.data[ran.err.len - 1]))
			ran.err.data[--ran.err.len] = '\0';
		const char *said = ran.err.len ? strrchr(ran.err.data, '\n') : NULL;
		said = said ? said + 1 : ran.err.len ? ran.err.data : "nothing on stderr";
		status = cf_error("exec:%s: status %d for %s: %s", command, ran.status, t->name, said);
	}
	cf_ran_release(&ran);
	return status;
}
