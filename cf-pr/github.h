/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pull requests on GitHub and GitHub Enterprise through its REST API (version 2022-11-28). The
 * token comes from the environment and is nowhere else: not in argv, not in a message, not in what
 * is written.
 */
#ifndef CF_PR_GITHUB_H
#define CF_PR_GITHUB_H

#include <stdbool.h>
#include "lib/opt.h"

struct github {
	char *host, *owner, *name; /* of the repository */
	char *api;		   /* address of the API, without a slash at its end */
	const char *token;	   /* borrowed from the environment; NULL: none */
};

struct pull_request {
	const char *branch, *base; /* base NULL: the repository's default branch */
	const char *title, *body;
	bool draft;
	const struct cf_strings *labels;
};

/* The repository that a remote's address names, and the token for its host. False with *why (new).
 */
bool github_find(struct github *g, const char *remote, char **why);
void github_release(struct github *g);

/* What a body holds so that its pull request is found again. Returns new. */
char *github_marker(const char *branch);

/*
 * Opens the pull request, or brings the one up to date that is open for the branch with our marker;
 * never a second. Returns its address, new; NULL with *why (new).
 */
char *github_publish(const struct github *g, const struct pull_request *p, char **why);

/* Whether an open pull request for the branch is ours; false also where that cannot be found out.
 */
bool github_is_ours(const struct github *g, const char *branch);

/* The requests that this would make, on stderr: a line with method and path, then the body as JSON,
 * as `gh api --input` and curl take it. */
void github_show(const struct github *g, const struct pull_request *p);

#endif
