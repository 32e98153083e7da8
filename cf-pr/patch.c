/* SPDX-License-Identifier: Apache-2.0 */
/* Patch files, and the user's own files where asked for; git is branch.c's. */
#include "cf-pr/patch.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cf-pr/result.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/source.h"

char *member_message(const json_t *member)
{
	const json_t *target = json_object_get(member, "target");
	const json_t *m = json_object_get(member, "measurement");
	const json_t *verdict = json_object_get(member, "verdict");
	const char *explanation = cf_json_str(member, "explanation");
	const char *module = cf_json_str(target, "module"), *name = cf_json_str(target, "name");
	const json_t *strength = json_object_get(verdict, "strength");
	int64_t calls = cf_json_int(json_object_get(verdict, "compared"), "replay", 0);
	int64_t of_tests = cf_json_int(json_object_get(verdict, "compared"), "tests", 0);
	int64_t tests = cf_json_int(json_object_get(verdict, "tests"), "compared", 0);
	struct cf_buf b cf_autobuf = CF_BUF_INIT;
	char mid[16], low[16], high[16];

	cf_buf_addf(&b, "perf(%s): %s %s faster\n\n", module ? module : "project", name ? name : "?",
		result_ratio(cf_json_real(m, "speedup", 1), mid));
	if (explanation && *explanation) {
		result_fold(&b, explanation, "", 72);
		cf_buf_addc(&b, '\n');
	}
	cf_buf_addf(&b, "Measured on the recorded inputs: %s (%.0f %% interval %s to %s), %lld pairs.\n",
		mid, 100 * cf_json_real(m, "confidence", 0.95),
		result_ratio(cf_json_real(m, "low", 1), low),
		result_ratio(cf_json_real(m, "high", 1), high), (long long)cf_json_int(m, "pairs", 0));
	if (cf_json_bool(m, "caching", 0))
		cf_buf_adds(&b, "Part of the gain is remembering results across calls.\n");
	cf_buf_addf(&b, "Verified: the same on %lld recorded call%s", (long long)calls,
		calls == 1 ? "" : "s");
	if (json_is_object(strength))
		cf_buf_addf(&b, ", which told %lld of %lld\nmutants of the original apart from it",
			(long long)cf_json_int(strength, "killed", 0),
			(long long)cf_json_int(strength, "of", 0));
	cf_buf_adds(&b, ".\n");
	if (of_tests || tests)
		cf_buf_addf(&b, "The project's tests: the same on %lld of their calls, %lld end as before.\n",
			(long long)of_tests, (long long)tests);
	cf_buf_addf(&b, "\nCodeflash-Candidate: %s %s\n", cf_json_str(member, "id"),
		cf_json_str(member, "origin") ? cf_json_str(member, "origin") : "");
	return cf_buf_detach(&b, NULL);
}

static json_t *with_prefix(const json_t *edits, const char *prefix)
{
	json_t *out = json_array(), *edit;
	size_t i;

	json_array_foreach ((json_t *)edits, i, edit) {
		json_t *copy = json_copy(edit);

		json_object_set_new(
			copy, "path", json_sprintf("%s%s", prefix, cf_json_str(edit, "path")));
		json_array_append_new(out, copy);
	}
	return out;
}

/* The message's lines are marked, so that nothing in them is taken for part of the diff. */
static void add_marked(struct cf_buf *b, const char *message)
{
	while (*message) {
		size_t n = strcspn(message, "\n");

		cf_buf_addc(b, '#');
		if (n)
			cf_buf_addc(b, ' ');
		cf_buf_add(b, message, n);
		cf_buf_addc(b, '\n');
		message += n + (message[n] == '\n');
	}
}

static int write_patch(const char *path, const char *message, const json_t *edits, const char *top,
	const char *prefix)
{
	json_auto_t *prefixed = with_prefix(edits, prefix);
	cf_autofree char *diff = edits_diff(prefixed, top);
	struct cf_buf b cf_autobuf = CF_BUF_INIT;

	if (!diff)
		return -1;
	add_marked(&b, message);
	cf_buf_adds(&b, diff);
	return cf_write_file(path, b.data, b.len);
}

static int is_ours(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && !strcmp(dot, ".patch") &&
	       (!strcmp(name, "all.patch") || (strspn(name, "0123456789") == 4 && name[4] == '-'));
}

static void remove_old(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (is_ours(e->d_name))
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

static char *patch_name(size_t number, const json_t *member)
{
	const char *name = cf_json_str(json_object_get(member, "target"), "name");
	char *file = cf_asprintf("%04zu-%.60s.patch", number, name ? name : "candidate");

	for (char *p = file; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			*p = '_';
	return file;
}

char *patches_write(const char *project_root, const char *top, const char *prefix,
	const json_t *members, const json_t *combined_edits, json_t **patches)
{
	cf_autofree char *state = cf_state_dir(project_root), *dir = NULL, *all = NULL;
	struct cf_buf messages cf_autobuf = CF_BUF_INIT;
	json_auto_t *written = json_array();
	const json_t *member;
	size_t i;

	if (!state)
		return NULL;
	dir = cf_path_join(state, "patches");
	if (cf_mkdirs(dir) < 0)
		return NULL;
	remove_old(dir);
	json_array_foreach (members, i, member) {
		cf_autofree char *message = member_message(member);
		cf_autofree char *name = patch_name(i + 1, member);
		cf_autofree char *path = cf_path_join(dir, name);

		if (write_patch(path, message, json_object_get(member, "edits"), top, prefix) < 0)
			return NULL;
		cf_buf_addf(&messages, "%.*s\n", (int)strcspn(message, "\n"), message);
		json_array_append_new(written, json_sprintf(".codeflash/patches/%s", name));
	}
	all = cf_path_join(dir, "all.patch");
	if (write_patch(all, messages.data ? messages.data : "", combined_edits, top, prefix) < 0)
		return NULL;
	*patches = cf_steal(&written);
	return cf_strdup(".codeflash/patches/all.patch");
}

struct install {
	char *path; /* where the text really lives */
	struct cf_buf before;
	mode_t mode;
	const char *text;
	size_t n;
};

static int install_open(struct install *f, const char *project_root, const json_t *file)
{
	cf_autofree char *joined = cf_path_join(project_root, cf_json_str(file, "path"));
	const json_t *text = json_object_get(file, "text");
	struct stat st;

	f->path = realpath(joined, NULL);
	if (!f->path || stat(f->path, &st) < 0)
		return cf_error("cannot read %s: %s", joined, strerror(errno));
	f->mode = st.st_mode & 07777;
	f->text = json_string_value(text);
	f->n = json_string_length(text);
	return cf_read_file(f->path, &f->before);
}

static int install_write(const struct install *f, const char *data, size_t n)
{
	if (cf_write_file(f->path, data, n) < 0)
		return -1;
	if (chmod(f->path, f->mode) < 0)
		return cf_error("cannot set the mode of %s: %s", f->path, strerror(errno));
	return 0;
}

int edits_install(const json_t *edits, const char *project_root)
{
	json_auto_t *files = NULL;
	cf_autofree char *why = NULL;
	struct install *f;
	size_t n, i, done = 0;
	int failed = 0;

	if (edits_check(edits, project_root, &why) < 0)
		return cf_error("not applied: %s", why);
	files = edits_apply(edits, project_root);
	if (!files)
		return -1;
	n = json_array_size(files);
	f = cf_calloc(n ? n : 1, sizeof(*f));
	for (i = 0; i < n && !failed; i++)
		failed = install_open(&f[i], project_root, json_array_get(files, i)) < 0;
	while (done < n && !failed) {
		failed = install_write(&f[done], f[done].text, f[done].n) < 0;
		done += !failed;
	}
	if (failed)
		while (done-- > 0)
			install_write(&f[done], f[done].before.data, f[done].before.len);
	for (i = 0; i < n; i++) {
		free(f[i].path);
		cf_buf_release(&f[i].before);
	}
	free(f);
	return failed ? -1 : 0;
}
