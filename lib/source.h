/* SPDX-License-Identifier: Apache-2.0 */
/* Source text: parsing with tree-sitter, finding a function, edits and the diff they make. */
#ifndef CF_SOURCE_H
#define CF_SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <tree_sitter/api.h>
#include "lib/buf.h"

struct source {
	char *path;     /* relative to project_root */
	char *text;
	size_t len;
	char sha256[65];
	TSTree *tree;
	TSNode root;
	const char *language; /* static */
};

/* Reads project_root/path and parses it as `language`. 0, or -1 after cf_error. */
int source_open(struct source *s, const char *project_root, const char *path, const char *language);
/* The same for text in memory; copies it. */
int source_parse(struct source *s, const char *path, const char *text, size_t n, const char *language);
void source_release(struct source *s);

/* The definition whose qualified name and first line match (line 0: any); null node when gone. */
TSNode source_function(const struct source *s, const char *qualname, int line);

struct source_definition {
	const char *qualname; /* as the runtime has it; borrowed for the call */
	bool is_class;
	TSNode node;          /* what holds the name: in `f = () => 1` the declarator */
	TSNode definition;    /* what it is a name of: there the arrow function */
};
/* Calls fn for every named function and class in source order, those inside others too, until it
 * returns false. */
typedef bool source_definition_fn(const struct source_definition *d, void *arg);
void source_definitions(const struct source *s, source_definition_fn *fn, void *arg);

/*
 * True when lines line..end_line (from 1) are what a target's source_sha256 was taken of: the whole
 * lines, with or without the last newline, CRLF as it is or read as LF.
 */
bool source_lines_are(const struct source *s, int line, int end_line, const char *sha256);

/* True if the text parses without an ERROR or MISSING node. */
int source_ok(const struct source *s);

/*
 * Edits are candidate records' [{path, sha256_before, start, end, text}]: byte ranges of the file as
 * it was, sorted, not overlapping; two insertions at one place with the same text count once, and
 * with different texts both stand, in the order of their texts.
 */
/* Checks every edit (inside the project, file's hash still the same, in range, no overlap).
 * 0, or -1 with the reason in *why (new). */
int edits_check(const json_t *edits, const char *project_root, char **why);
/* The whole new text of every file edited: [{path, text}] in path order. NULL after cf_error. */
json_t *edits_apply(const json_t *edits, const char *project_root);
/* Unified diff (git style, a/ b/) of the edits. Returns new; NULL after cf_error. */
char *edits_diff(const json_t *edits, const char *project_root);
/* Minimal edits that turn the file at project_root/path into text. Returns new; NULL after cf_error. */
json_t *edits_from_text(const char *project_root, const char *path, const char *text, size_t n);
/*
 * From now on the project's file at `path` counts as having this text, for all of the above: where
 * what a candidate is compared with is not what the user's tree has at the moment. Copies both.
 */
void edits_stand_in(const char *path, const char *text, size_t n);
/* What the file at project_root/path counts as: 0, or -1 after cf_error. */
int edits_file(const char *project_root, const char *path, struct cf_buf *text);
/* A candidate's id, 16 hexadecimal digits of a hash of what it is for and its edits. */
void edits_id(const json_t *edits, const char *of, char id[65]);
/* All edits of both, sorted; NULL when they overlap (not an error). Returns new. */
json_t *edits_merge(const json_t *a, const json_t *b);

#endif
