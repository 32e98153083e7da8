/* SPDX-License-Identifier: Apache-2.0 */
/* The local branch: temporary index, hash-object, write-tree, commit-tree, update-ref. */
#include "cf-pr/branch.h"

#include <stdlib.h>
#include <string.h>
#include "cf-pr/patch.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"
#include "lib/source.h"

/* Runs git in the project; true when it ended well. Its output, less the last newline, in *out. */
static bool git(struct repo *r, const char *const *args, const struct cf_buf *input, char **out)
{
	/* nothing of the repository's runs: no hook, and no program that watches files */
	const char *argv[24] = {"git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",
		"-C", r->project_root};
	struct cf_run how = {.argv = argv};
	struct cf_ran ran;
	size_t n = 7;
	bool good;

	while (*args)
		argv[n++] = *args++;
	argv[n] = NULL;
	if (input) {
		how.input = input->data ? input->data : "";
		how.input_len = input->len;
	}
	cf_buf_reset(&r->err);
	if (cf_run(&how, &ran) < 0) {
		cf_buf_adds(&r->err, "git could not be started");
		return false;
	}
	good = !ran.not_found && ran.status == 0;
	if (ran.not_found)
		cf_buf_adds(&r->err, "git is not installed");
	else if (!good)
		cf_buf_add(&r->err, ran.err.data ? ran.err.data : "",
			ran.err.data ? strcspn(ran.err.data, "\n") : 0);
	if (good && out) {
		size_t len = ran.out.len;

		if (len && ran.out.data[len - 1] == '\n')
			len--;
		*out = cf_strndup(ran.out.data ? ran.out.data : "", len);
	}
	cf_ran_release(&ran);
	return good;
}
#define GIT(r, out, input, ...) git((r), (const char *const[]){__VA_ARGS__, NULL}, (input), (out))

static char *complaint(const struct repo *r, const char *doing)
{
	return cf_asprintf("%s: %s", doing, r->err.len ? r->err.data : "git failed");
}

int branch_check(const char *name)
{
	struct repo here = {.project_root = (char *)".", .err = CF_BUF_INIT};
	int bad = GIT(&here, NULL, NULL, "--version") &&
		  !GIT(&here, NULL, NULL, "check-ref-format", "--branch", name);

	cf_buf_release(&here.err);
	return bad ? cf_error("--branch %s: not a name git takes for a branch", name) : 0;
}

bool repo_open(struct repo *r, const char *project_root, char **why)
{
	cf_autofree char *inside = NULL;

	*r = (struct repo){.project_root = cf_strdup(project_root), .err = CF_BUF_INIT};
	setenv("GIT_LITERAL_PATHSPECS", "1", 1);
	setenv("LC_ALL", "C", 1);
	if (!GIT(r, &inside, NULL, "rev-parse", "--is-inside-work-tree") || strcmp(inside, "true")) {
		if (r->err.len && !strstr(r->err.data, "not a git repository"))
			*why = complaint(r, "no branch");
		else
			*why = cf_strdup("no branch: the project is not in a git work tree");
		return false;
	}
	if (!GIT(r, &r->top, NULL, "rev-parse", "--show-toplevel") ||
		!GIT(r, &r->prefix, NULL, "rev-parse", "--show-prefix")) {
		*why = complaint(r, "no branch");
		return false;
	}
	if (!GIT(r, &r->head, NULL, "rev-parse", "--verify", "-q", "HEAD^{commit}")) {
		*why = cf_strdup("no branch: the repository has no commit yet");
		return false;
	}
	return true;
}

void repo_release(struct repo *r)
{
	free(r->project_root);
	free(r->top);
	free(r->prefix);
	free(r->head);
	free(r->index);
	cf_tempdir_done(r->tempdir);
	cf_buf_release(&r->err);
}

/* Mode and blob of a file of HEAD; false when HEAD has no such regular file. */
static bool head_entry(struct repo *r, const char *path, char mode[8], char **oid)
{
	cf_autofree char *whole = cf_asprintf("%s%s", r->prefix, path), *entry = NULL;
	size_t n;

	if (!GIT(r, &entry, NULL, "ls-tree", "-z", "--full-tree", r->head, "--", whole))
		return false;
	/* "100644 blob <oid>\t<path>" */
	if (strncmp(entry, "100644 blob ", 12) && strncmp(entry, "100755 blob ", 12))
		return false;
	memcpy(mode, entry, 6);
	mode[6] = '\0';
	n = strcspn(entry + 12, "\t");
	*oid = cf_strndup(entry + 12, n);
	return true;
}

static bool same_as_head(struct repo *r, const char *path, char **why)
{
	cf_autofree char *file = cf_path_join(r->project_root, path), *oid = NULL, *now = NULL;
	struct cf_buf text cf_autobuf = CF_BUF_INIT;
	char mode[8];

	if (!head_entry(r, path, mode, &oid)) {
		*why = cf_asprintf("no branch: %s is not a file of HEAD; commit it first", path);
		return false;
	}
	if (cf_read_file(file, &text) < 0) {
		*why = cf_asprintf("no branch: %s cannot be read", path);
		return false;
	}
	if (!GIT(r, &now, &text, "hash-object", "--stdin")) {
		*why = complaint(r, "no branch");
		return false;
	}
	if (strcmp(now, oid)) {
		*why = cf_asprintf("no branch: %s differs from HEAD; commit it first", path);
		return false;
	}
	return true;
}

bool repo_is_clean(struct repo *r, const json_t *edits, char **why)
{
	const char *last = NULL;
	const json_t *edit;
	size_t i;

	json_array_foreach (edits, i, edit) {
		const char *path = cf_json_str(edit, "path");

		if (path && (!last || strcmp(path, last)) && !same_as_head(r, path, why))
			return false;
		last = path;
	}
	return true;
}

/* Somebody who never told git a name can still have a branch. */
static void ensure_identity(struct repo *r)
{
	if (GIT(r, NULL, NULL, "var", "GIT_COMMITTER_IDENT") &&
		GIT(r, NULL, NULL, "var", "GIT_AUTHOR_IDENT"))
		return;
	setenv("GIT_AUTHOR_NAME", "codeflash", 0);
	setenv("GIT_AUTHOR_EMAIL", "codeflash@localhost", 0);
	setenv("GIT_COMMITTER_NAME", "codeflash", 0);
	setenv("GIT_COMMITTER_EMAIL", "codeflash@localhost", 0);
}

static bool add_file(struct repo *r, const json_t *file, struct cf_buf *index)
{
	const char *path = cf_json_str(file, "path");
	const json_t *text = json_object_get(file, "text");
	struct cf_buf input = {(char *)json_string_value(text), json_string_length(text), 0};
	cf_autofree char *oid = NULL, *old = NULL;
	char mode[8];

	if (!head_entry(r, path, mode, &old) || !GIT(r, &oid, &input, "hash-object", "-w", "--stdin"))
		return false;
	cf_buf_addf(index, "%s %s\t%s%s", mode, oid, r->prefix, path);
	cf_buf_addc(index, '\0');
	return true;
}

/* One commit whose tree is HEAD's with all edits so far; its id in *commit. */
static bool add_commit(
	struct repo *r, const json_t *edits, const json_t *member, const char *parent, char **commit)
{
	json_auto_t *files = edits_apply(edits, r->project_root);
	json_t *file;
	struct cf_buf index cf_autobuf = CF_BUF_INIT;
	struct cf_buf message cf_autobuf = CF_BUF_INIT;
	cf_autofree char *tree = NULL;
	size_t i;

	if (!files)
		return false;
	json_array_foreach (files, i, file)
		if (!add_file(r, file, &index))
			return false;
	message.data = member_message(member);
	message.len = strlen(message.data);
	return GIT(r, NULL, &index, "update-index", "-z", "--index-info") &&
	       GIT(r, &tree, NULL, "write-tree") &&
	       GIT(r, commit, &message, "commit-tree", tree, "-p", parent, "-F", "-");
}

static char *build_commits(struct repo *r, const json_t *members)
{
	json_auto_t *edits = json_array();
	cf_autofree char *tip = cf_strdup(r->head);
	const json_t *member;
	size_t i;

	json_array_foreach (members, i, member) {
		json_t *merged = edits_merge(edits, json_object_get(member, "edits"));
		char *next = NULL;

		if (!merged)
			return NULL;
		json_decref(edits);
		edits = merged;
		if (!add_commit(r, edits, member, tip, &next))
			return NULL;
		free(tip);
		tip = next;
	}
	return cf_steal(&tip);
}

/* The commit that refs/heads/<name> points at; NULL when there is no such branch. Returns new. */
static char *branch_tip(struct repo *r, const char *name)
{
	cf_autofree char *ref = cf_asprintf("refs/heads/%s^{commit}", name);
	char *tip = NULL;

	GIT(r, &tip, NULL, "rev-parse", "--verify", "-q", ref);
	return tip;
}

/* Both commits lead from the same HEAD to the same tree. */
static bool same_work(struct repo *r, const char *a, const char *b)
{
	cf_autofree char *ta = NULL, *tb = NULL;
	cf_autofree char *a_tree = cf_asprintf("%s^{tree}", a), *b_tree = cf_asprintf("%s^{tree}", b);

	return GIT(r, &ta, NULL, "rev-parse", a_tree) && GIT(r, &tb, NULL, "rev-parse", b_tree) &&
	       !strcmp(ta, tb) && GIT(r, NULL, NULL, "merge-base", "--is-ancestor", r->head, a);
}

static char *place(struct repo *r, const char *name, const char *tip, char **why)
{
	cf_autofree char *ref = cf_asprintf("refs/heads/%s", name);

	/* the empty old value: only while there is no such branch */
	if (!GIT(r, NULL, NULL, "update-ref", "-m", "codeflash", ref, tip, "")) {
		*why = complaint(r, "no branch");
		return NULL;
	}
	return cf_strdup(name);
}

char *repo_branch(
	struct repo *r, const char *name, const char *stem, const json_t *members, char **why)
{
	cf_autofree char *tip = NULL;

	if (name) {
		cf_autofree char *taken = branch_tip(r, name);

		if (taken) {
			*why = cf_asprintf("no branch: %s exists; name another with --branch", name);
			return NULL;
		}
	}
	ensure_identity(r);
	r->tempdir = cf_tempdir("codeflash-git");
	if (!r->tempdir) {
		*why = cf_strdup("no branch: no temporary directory");
		return NULL;
	}
	r->index = cf_path_join(r->tempdir, "index");
	setenv("GIT_INDEX_FILE", r->index, 1);
	if (GIT(r, NULL, NULL, "read-tree", r->head))
		tip = build_commits(r, members);
	unsetenv("GIT_INDEX_FILE");
	if (!tip) {
		*why = complaint(r, "no branch");
		return NULL;
	}
	if (name)
		return place(r, name, tip, why);
	for (int i = 1;; i++) {
		cf_autofree char *try = i == 1 ? cf_asprintf("codeflash/%s", stem)
					       : cf_asprintf("codeflash/%s-%d", stem, i);
		cf_autofree char *taken = branch_tip(r, try);

		if (!taken)
			return place(r, try, tip, why);
		if (same_work(r, taken, tip))
			return cf_steal(&try);
	}
}

char *repo_remote(struct repo *r, const char *remote, char **why)
{
	char *url = NULL;

	if (!GIT(r, &url, NULL, "remote", "get-url", remote)) {
		*why = cf_asprintf("no pull request: the repository has no remote %s; --remote names another", remote);
		return NULL;
	}
	return url;
}

/* RFC 4648. Returns new. */
static char *base64(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(text);
	cf_autobuf struct cf_buf b = CF_BUF_INIT;

	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)(unsigned char)text[i] << 16;

		if (i + 1 < n)
			v |= (unsigned)(unsigned char)text[i + 1] << 8;
		if (i + 2 < n)
			v |= (unsigned char)text[i + 2];
		cf_buf_addc(&b, digits[v >> 18 & 63]);
		cf_buf_addc(&b, digits[v >> 12 & 63]);
		cf_buf_addc(&b, i + 1 < n ? digits[v >> 6 & 63] : '=');
		cf_buf_addc(&b, i + 2 < n ? digits[v & 63] : '=');
	}
	return cf_buf_detach(&b, NULL);
}

bool repo_push(struct repo *r, const char *remote, const char *branch, const char *token, bool force, char **why)
{
	cf_autofree char *spec = cf_asprintf("%srefs/heads/%s:refs/heads/%s", force ? "+" : "", branch, branch);
	cf_autofree char *url = repo_remote(r, remote, why);
	bool good;

	if (!url)
		return false;
	/* nobody is there to be asked */
	setenv("GIT_TERMINAL_PROMPT", "0", 1);
	setenv("GIT_SSH_COMMAND", "ssh -oBatchMode=yes", 0);
	if (token && !strncmp(url, "https://", 8)) {
		cf_autofree char *pair = cf_asprintf("x-access-token:%s", token), *coded = base64(pair);
		cf_autofree char *header = cf_asprintf("Authorization: Basic %s", coded);

		/* for that server alone */
		cf_autofree char *key = cf_asprintf("http.%.*s/.extraHeader", (int)(8 + strcspn(url + 8, "/")), url);

		setenv("GIT_CONFIG_COUNT", "1", 1);
		setenv("GIT_CONFIG_KEY_0", key, 1);
		setenv("GIT_CONFIG_VALUE_0", header, 1);
	}
	good = GIT(r, NULL, NULL, "push", "--quiet", "--no-verify", remote, spec);
	unsetenv("GIT_CONFIG_COUNT");
	unsetenv("GIT_CONFIG_KEY_0");
	unsetenv("GIT_CONFIG_VALUE_0");
	if (!good)
		*why = cf_asprintf("not pushed: %s", r->err.len ? r->err.data : "git failed");
	return good;
}
