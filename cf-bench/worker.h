/* SPDX-License-Identifier: Apache-2.0 */
/* A process that answers the `bench` verb (cf-plugin.7), from our side. */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include <jansson.h>
#include "lib/buf.h"
#include "lib/worker.h"

struct bench_worker {
	struct sandbox_child child;
	struct cf_buf in;  /* read and not yet used */
	struct cf_buf err; /* the end of its stderr */
	uint64_t asked_ns;
	char why[400];     /* one line: what went wrong with it */
};
#define BENCH_WORKER_INIT {.child = {.in = -1, .out = -1, .err = -1, .control = -1}}

/* All return 0, or -1 with w->why set. */

/* Starts it; bench_worker_answer then waits for its "ready". */
int bench_worker_start(struct bench_worker *w, const struct worker_job *job);

/* Sends one operation. Borrows. */
int bench_worker_ask(struct bench_worker *w, const json_t *operation);

/* The next answer, within so many seconds. *answer is new. An "error" in it is -1 too, and then
 * *call is the call it was at, or -1. */
int bench_worker_answer(struct bench_worker *w, double timeout_s, json_t **answer, int64_t *call);

void bench_worker_end(struct bench_worker *w);

#endif
