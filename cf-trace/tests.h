/* SPDX-License-Identifier: Apache-2.0 */
/* --tests: the project's own tests recorded, as a further source of calls. */
#ifndef CF_TRACE_TESTS_H
#define CF_TRACE_TESTS_H

#include <stdbool.h>
#include "lib/error.h"

struct tests_opts {
	double timeout_s; /* of the run of the tests */
	bool quiet;
};

/*
 * Passes the stream through; before the first target or candidate of each project comes a record
 * cf/tests/1, where the project has tests. Tests that cannot be run are a warning, no error.
 */
enum cf_exit tests_stream(char *const *argv, const struct tests_opts *o);

#endif
