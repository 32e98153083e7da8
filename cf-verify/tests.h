/* SPDX-License-Identifier: Apache-2.0 */
/* The project's tests as a source of evidence: their calls of a target, and whether they pass. */
#ifndef CF_VERIFY_TESTS_H
#define CF_VERIFY_TESTS_H

#include "cf-verify/verify.h"

/* A record cf/tests/1 that goes by: where the trace of a project's tests is. */
void tests_note(const json_t *record);
/* --tests FILE: the same for a trace that somebody else has made. 0, or -1 after cf_error. */
int tests_use(const char *path);
void tests_release(void);

/*
 * The record of the same function, of the same source, in the trace of its project's tests, as
 * original_of takes it. NULL where there is none. Returns new.
 */
json_t *tests_target(const struct original *of, const json_t *target);

/* What became of the tests that reach some targets. */
struct tests_answer {
	int compared, unstable, not_run;
	json_t *notes;          /* array of texts */
	const char *answer;     /* NULL: nothing against it; else that of the verdict, */
	char *reason;           /* with the reason, */
	char *name, *original, *candidate; /* and the test, where one ends differently */
	enum sandbox_kind kind; /* where they ran, if any did */
	bool ran;
};
void tests_answer_release(struct tests_answer *a);

/* Runs the tests that reach a tests_target() with the original, twice, unless that has been done. */
void tests_prepare(const struct verify_opts *o, const json_t *target);
/* The same tests with the candidate's files; `targets` is an array of what tests_target() gave. */
void tests_judge(const struct verify_opts *o, const json_t *targets,
	const struct candidate_files *files, struct tests_answer *a);

#endif
