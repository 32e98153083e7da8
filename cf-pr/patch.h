/* SPDX-License-Identifier: Apache-2.0 */
/* Patch files in the project's state folder, and changing the user's own files. */
#ifndef CF_PR_PATCH_H
#define CF_PR_PATCH_H

#include <jansson.h>

/* The commit message of one candidate: subject, explanation, numbers. Returns new. */
char *member_message(const json_t *member);

/*
 * Writes one patch a member and all.patch under .codeflash/patches/, in place of those of an earlier
 * run. Paths in them are relative to `top` (the git work tree's top, or the project) and begin with
 * `prefix` there. *patches is new: the paths of the single ones, relative to project_root. Returns
 * the path of all.patch, new; NULL after cf_error.
 */
char *patches_write(const char *project_root, const char *top, const char *prefix,
	const json_t *members, const json_t *combined_edits, json_t **patches);

/*
 * Puts the edits into the user's files: all of them or, where one cannot be written, none. Only
 * while every file is still what the edits were made for. 0, or -1 after cf_error.
 */
int edits_install(const json_t *edits, const char *project_root);

#endif
