/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A branch in the user's repository, made with git's plumbing: objects and one ref are added, and
 * neither the work tree nor the index nor HEAD is touched. No hook runs.
 */
#ifndef CF_PR_BRANCH_H
#define CF_PR_BRANCH_H

#include <jansson.h>
#include <stdbool.h>
#include "lib/buf.h"

struct repo {
	char *project_root;
	char *top;    /* of the work tree, absolute */
	char *prefix; /* project_root as seen from top: "" or "sub/dir/" */
	char *head;   /* commit id */
	char *index;  /* a temporary index file, once needed */
	char *tempdir;
	struct cf_buf err; /* the first line of what git last complained of */
};

/* 0 if git takes the name for a branch, or is not there to ask; else -1 after cf_error. */
int branch_check(const char *name);

/*
 * Finds the repository that project_root lies in. False where there is none, or none with a commit;
 * *why is new and says which.
 */
bool repo_open(struct repo *r, const char *project_root, char **why);
void repo_release(struct repo *r);

/*
 * Whether every edited file is in HEAD just as it is in the work tree. False with *why (new): a
 * branch made from HEAD would then hold something that was never verified.
 */
bool repo_is_clean(struct repo *r, const json_t *edits, char **why);

/*
 * Makes the branch on top of HEAD, one commit a member. `name` NULL: codeflash/<stem>, or the next
 * free codeflash/<stem>-N; one that already ends in the same tree is taken as it is. Returns the
 * branch's name, new; NULL with *why (new).
 */
char *repo_branch(
	struct repo *r, const char *name, const char *stem, const json_t *members, char **why);

/* The address of a remote; NULL with *why (new). Returns new. */
char *repo_remote(struct repo *r, const char *remote, char **why);

/*
 * Pushes the branch as it is here, in place of one of that name there that is ours (a codeflash branch that
 * `force` says may be replaced). The token goes to git by its environment. False with *why (new).
 */
bool repo_push(struct repo *r, const char *remote, const char *branch, const char *token, bool force, char **why);

#endif
