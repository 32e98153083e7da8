/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "original.py candidate.py --function f --cases trace": two files and a recording in the place of a
 * stream, for the stages that compare.
 */
#ifndef CF_PAIR_H
#define CF_PAIR_H

#include <jansson.h>
#include <stdbool.h>
#include "lib/opt.h"
#include "lib/sandbox.h"

struct pair {
	const char *function, *cases; /* NULL: operands are streams; codeflash.trace */
	/* the original where the project has another file in its place by now; path NULL: it has not */
	struct overlay_file stand_in;
};
/* Lines of the option table. */
#define PAIR_FUNCTION(p)                                                                           \
	{0, "function", "name", CF_STRING, &(p)->function,                                         \
		"operands are two files, original and candidate: compare this function", 0}
#define PAIR_CASES(p)                                                                              \
	{0, "cases", "trace", CF_STRING, &(p)->cases,                                              \
		"with --function: on the calls in this trace (default codeflash.trace)", 0}

/* Whether there are two files to compare; ends the process when the command line does not make sense. */
bool pair_wanted(const struct pair *p, int argc);
/*
 * The candidate record for the files at argv[0] and argv[1]. The first must have the function as it was
 * recorded. It stands in for the project's own file where that is another (edits_stand_in). Returns
 * new; NULL after cf_error.
 */
json_t *pair_candidate(struct pair *p, char *const *argv);
void pair_release(struct pair *p);

#endif
