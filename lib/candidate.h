/* SPDX-License-Identifier: Apache-2.0 */
/* Candidate records (cf-json.5), made the same way by whoever makes them. */
#ifndef CF_CANDIDATE_H
#define CF_CANDIDATE_H

#include <jansson.h>
#include "lib/trace.h"

/* The id of the target that a function is: a hash of file, name and source. */
void candidate_target_id(const struct trace_function *f, char id[65]);

/*
 * A candidate for the target record, which goes into it without its schema. Its id is a hash of the
 * target and the edits: the same edits are the same candidate, whoever proposed them. Borrows all;
 * cost may be NULL. Returns new; NULL after cf_error.
 */
json_t *candidate_new(const json_t *target, const char *name, const char *origin,
	const char *explanation, json_t *edits, const json_t *cost);

#endif
