/* SPDX-License-Identifier: Apache-2.0 */
/* cf-pr: publishes what stands at the end of the stream: patches, a branch, a pull request. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cf-pr/body.h"
#include "cf-pr/branch.h"
#include "cf-pr/github.h"
#include "cf-pr/patch.h"
#include "cf-pr/result.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/opt.h"
#include "lib/source.h"
#include "lib/trace.h"

struct pr_opts {
	bool dry_run, no_branch, apply, quiet, exit_code, state;
	const char *branch;

	bool pull, draft;
	const char *remote, *base;
	struct cf_strings labels;
};

/* What the branch is called after: the program's name, made fit for a ref. Returns new. */
static char *branch_stem(const struct result *r)
{
	const json_t *command = json_object_get(r->trace, "command"), *word;
	const char *name = NULL;
	char *stem, *dot;
	size_t i;

	/* the command is normalised: runtime first, then its flags, then the program */
	json_array_foreach (command, i, word) {
		const char *s = json_string_value(word);

		if (i && s && s[0] != '-' && s[0]) {
			name = strrchr(s, '/') ? strrchr(s, '/') + 1 : s;
			break;
		}
	}
	stem = cf_strdup(name && *name ? name : "run");
	dot = strrchr(stem, '.');
	if (dot && dot != stem)
		*dot = '\0';
	for (char *p = stem; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_", *p))
			*p = '-';
	return stem;
}

static void say_how(const char *root, const char *patch, const char *branch, size_t commits)
{
	cf_autofree char *cwd = cf_path_abs("."), *where = result_shell_word(root), *whole = NULL, *word = NULL;

	if (patch) {
		whole = cf_path_join(root, patch);
		word = result_shell_word(strcmp(cwd, root) ? whole : patch);
		fprintf(stderr, "patch:  %s\n        git %s%s%sapply %s\n", whole,
			strcmp(cwd, root) ? "-C " : "", strcmp(cwd, root) ? where : "",
			strcmp(cwd, root) ? " " : "", word);
	}
	if (branch)
		fprintf(stderr, "branch: %s (%zu commit%s on top of HEAD)\n        git diff HEAD %s\n",
			branch, commits, commits == 1 ? "" : "s", branch);
}

static int dry_run(const struct result *r, const char *branch)
{
	const char *root = result_root(r);
	const json_t *member;
	size_t i;

	fprintf(stderr, "would write %s/.codeflash/patches/all.patch and %zu single ones\n", root,
		json_array_size(r->members));
	if (branch)
		fprintf(stderr, "would make the branch %s with these commits\n", branch);
	json_array_foreach (r->members, i, member) {
		cf_autofree char *message = member_message(member);
		cf_autofree char *diff = edits_diff(json_object_get(member, "edits"), root);

		if (!diff)
			return -1;
		fprintf(stderr, "\n%s\n%s", message, diff);
	}
	return 0;
}

/*
 * The pull request for a branch that is there, or with --dry-run would be. Its address, new; NULL with *why
 * (new), or when it is only shown.
 */
static char *pull_request(const struct result *r, const struct pr_opts *o, struct repo *repo, const char *branch, char **why)
{
	cf_autofree char *remote = repo_remote(repo, o->remote, why), *title = body_title(r), *marker = github_marker(branch);
	cf_autofree char *body = body_text(r, marker), *url = NULL;
	struct pull_request p = {branch, o->base, title, body, o->draft, &o->labels};
	struct github g;

	if (!remote)
		return NULL;
	if (!github_find(&g, remote, why)) {
		/* why says it */
	} else if (o->dry_run) {
		github_show(&g, &p);
	} else if (!g.token) {
		*why = cf_asprintf("no pull request: no token for %s; set GITHUB_TOKEN", g.host);
	} else {
		bool pushed = repo_push(repo, o->remote, branch, g.token, false, why);

		/* an earlier run's branch, whose pull request is to show this one's work */
		if (!pushed && github_is_ours(&g, branch)) {
			free(*why);
			*why = NULL;
			pushed = repo_push(repo, o->remote, branch, g.token, true, why);
		}
		if (pushed && !(url = github_publish(&g, &p, why)) && *why) {
			cf_autofree char *first = *why;

			*why = cf_asprintf("%s is pushed, but there is no pull request: %s; run cf-pr on the stream again", branch, first);
		}
	}
	github_release(&g);
	return cf_steal(&url);
}

static enum cf_exit publish(struct result *r, const struct pr_opts *o)
{
	const json_t *edits = json_object_get(r->combined, "edits");
	const char *root = result_root(r);
	cf_autofree char *why = NULL, *patch = NULL, *branch = NULL, *stem = branch_stem(r), *url = NULL, *no_pull = NULL;
	json_auto_t *patches = NULL, *record = NULL;
	struct repo repo;
	bool in_git, branchable;
	enum cf_exit status = CF_OK;

	if (edits_check(edits, root, &why) < 0) {
		cf_error("not published: %s; run codeflash again", why);
		return CF_USAGE;
	}
	in_git = repo_open(&repo, root, &why);
	branchable = !o->no_branch && in_git && repo_is_clean(&repo, edits, &why);
	if (o->dry_run) {
		cf_autofree char *name = cf_asprintf("codeflash/%s", stem);

		if (dry_run(r, branchable ? o->branch ? o->branch : name : NULL) < 0)
			status = CF_USAGE;
		else if (o->pull && branchable)
			pull_request(r, o, &repo, o->branch ? o->branch : name, &no_pull);
	} else {
		patch = patches_write(root, in_git ? repo.top : root, in_git ? repo.prefix : "",
			r->members, edits, &patches);
		if (!patch)
			status = CF_USAGE;
		else if (branchable)
			branch = repo_branch(&repo, o->branch, stem, r->members, &why);
		if (branch && o->pull)
			url = pull_request(r, o, &repo, branch, &no_pull);
	}
	/* asked for, and not to be had */
	if (o->pull && (no_pull || why)) {
		cf_error("%s", no_pull ? no_pull : why);
		status = CF_PROGRAM;
	}
	/* asked for by name and not to be had is an error; otherwise the patches are there */
	if (o->pull && why) {
		/* said */
	} else if (o->branch && why) {
		cf_error("%s", why);
		status = CF_USAGE;
	} else if (why && !o->no_branch && !o->quiet) {
		cf_warn("%s", why);
	}
	repo_release(&repo);
	if (status == CF_OK && o->apply && !o->dry_run) {
		if (edits_install(edits, root) < 0)
			status = CF_USAGE;
		else if (!o->quiet)
			fprintf(stderr, "applied to the files in %s\n", root);
	}
	if (!o->quiet)
		say_how(root, o->apply ? NULL : patch, branch, json_array_size(r->members));
	if (!o->quiet && url)
		fprintf(stderr, "pull request: %s\n", url);
	record = result_record(r, patch, patches, branch, url);
	cf_stream_write(record);
	return status;
}

static enum cf_exit finish(struct result *r, const struct pr_opts *o)
{
	json_auto_t *record = NULL;

	if (result_settle(r) < 0)
		return CF_USAGE;
	if (!o->quiet)
		result_summary(r);
	if (!r->why)
		return publish(r, o);
	record = result_record(r, NULL, NULL, NULL, NULL);
	cf_stream_write(record);
	return o->exit_code ? CF_NO : CF_OK;
}

/* The same without passing the line through: stdout is for the path. */
static int state_read(const struct cf_record *record, void *arg, enum cf_exit *status)
{
	result_read(record, arg, status);
	return 1;
}

static enum cf_exit print_state_dir(const struct result *r)
{
	cf_autofree char *dir = NULL;

	if (!result_root(r)) {
		cf_error("--state-dir: the stream has no trace record");
		return CF_USAGE;
	}
	dir = cf_state_dir(result_root(r));
	if (!dir)
		return CF_USAGE;
	puts(dir);
	return CF_OK;
}

int main(int argc, char **argv)
{
	static struct pr_opts o = {.remote = "origin"};
	const struct cf_opt opts[] = {
		{0, "branch", "name", CF_STRING, &o.branch,
			"make the branch under this name (default codeflash/<program>)", 0},
		{0, "no-branch", NULL, CF_FLAG, &o.no_branch, "write patches only", 0},
		{0, "pull-request", NULL, CF_FLAG, &o.pull, "push the branch and open a pull request for it on GitHub, or bring that up to date", 0},
		{0, "draft", NULL, CF_FLAG, &o.draft, "open it as a draft", 0},
		{0, "base", "branch", CF_STRING, &o.base, "what it is to go into (default: what the repository says)", 0},
		{0, "label", "name", CF_LIST, &o.labels, "give it this label; repeatable", 0},
		{0, "remote", "name", CF_STRING, &o.remote, "where to push to (default origin)", 0},
		{0, "apply", NULL, CF_FLAG, &o.apply, "put the changes into the working files too", 0},
		{'n', "dry-run", NULL, CF_FLAG, &o.dry_run, "say what would be written, write nothing", 0},
		{'e', "exit-code", NULL, CF_FLAG, &o.exit_code, "exit 1 when nothing is accepted", 0},
		{'q', "quiet", NULL, CF_FLAG, &o.quiet, "no summary", 0},
		{0, "state-dir", NULL, CF_FLAG, &o.state,
			"make the project's .codeflash folder, print its path and stop", 0},
		{0},
	};
	struct result r;
	enum cf_exit status, said;

	argv = cf_getopt(&argc, argv, "cf-pr [options] [stream | trace ...]", opts);
	if (o.branch && branch_check(o.branch) < 0)
		return CF_USAGE;
	result_init(&r);
	status = trace_stream(argv, o.state ? state_read : result_read, &r);
	/* what could not be read at all has no result */
	if (status != CF_OK && !result_has_records(&r))
		said = status;
	else
		said = o.state ? print_state_dir(&r) : finish(&r, &o);
	result_release(&r);
	return said > status ? said : status;
}
