/* SPDX-License-Identifier: Apache-2.0 */
/* What a finished stream amounts to: which candidates stand, which do not and why, the result record. */
#ifndef CF_PR_RESULT_H
#define CF_PR_RESULT_H

#include <jansson.h>
#include "lib/buf.h"
#include "lib/stream.h"

struct result {
	json_t *trace;      /* the trace record; NULL: the stream has none */
	json_t *targets;    /* id -> true */
	json_t *candidates; /* id -> record, the latest of each id; without the combined one */
	json_t *combined;   /* the latest combined candidate; NULL: none */
	json_t *members;    /* the combined candidate's members that stand, in its order; may be empty */
	json_t *refused;    /* answer -> n */
	const char *why;    /* one line: why nothing is published; NULL: members are. Borrows */
	json_int_t equivalent, faster;
};

void result_init(struct result *r);
void result_release(struct result *r);

/* Whether any record of a run was read. */
bool result_has_records(const struct result *r);

/* Takes in one record of the stream; always 0, so that the line is passed through. */
cf_stream_fn result_read;

/*
 * Settles members, counts and `why`, once the stream has been read. -1 after cf_error when the stream
 * contradicts itself (a member that is not there, or edits that are not the members' edits).
 */
int result_settle(struct result *r);

const char *result_root(const struct result *r); /* project_root; NULL without a record that has it */

/*
 * The cf/result/1 record; patch, branch and url are NULL where there is none. `patches` is borrowed.
 * Returns new.
 */
json_t *result_record(const struct result *r, const char *patch, const json_t *patches, const char *branch, const char *url);

/* The same for people, on stderr, without what was published. */
void result_summary(const struct result *r);

/* "12.4x": three digits of a ratio, into out[16]. Returns out. */
const char *result_ratio(double ratio, char out[16]);

/* Adds the words of text in lines of at most `width` columns, each behind indent. */
void result_fold(struct cf_buf *b, const char *text, const char *indent, size_t width);

/* Quoted for a POSIX shell where it needs to be. Returns new. */
char *result_shell_word(const char *s);

#endif
