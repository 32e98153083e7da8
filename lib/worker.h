/* SPDX-License-Identifier: Apache-2.0 */
/* Running recorded calls through a plugin's `run` verb in the sandbox (cf-plugin.7). */
#ifndef CF_WORKER_H
#define CF_WORKER_H

#include <jansson.h>
#include <stdbool.h>
#include "lib/plugin.h"
#include "lib/sandbox.h"
#include "lib/trace.h"
#include "lib/value.h"

/* A wish for inputs derived from those of the job's calls (cf-plugin.7). */
struct worker_derive {
	int most;
	int64_t seed;
	double call_timeout_s;   /* one that takes longer is not answered */
	double cpu_s, timeout_s; /* all together: processor time, and by the clock */
	const struct trace_call *call;    /* with `spec`: smaller ones than this; NULL: any */
	const char *spec;
};

struct worker_outcome {
	int64_t call;
	char *spec;  /* of one that the worker derived; else NULL */
	char *data;  /* encoded outcome; NULL: missing */
	size_t n;
	char *input; /* readable inputs; NULL where missing */
	char *why;   /* of a missing one: "killed by signal 11", "did not return within 5 s" */
};

struct worker_job {
	struct trace *trace;
	const struct cf_plugin *plugin;
	const struct trace_function *function;
	int nfunctions; /* of one module, in `function`; 0: one */
	const struct trace_call *calls; /* with several functions theirs, in the same order */
	int ncalls;
	const char *const *specs; /* one a call: how it is derived, NULL as recorded; NULL: all are */
	const struct trace_call *inputs; /* what derived calls are made of; those of `calls` may be in it */
	int ninputs;
	const struct worker_derive *derive; /* after the calls; NULL: none */
	unsigned seed;       /* of the run: random state and hash seed */
	double call_timeout_s;
	double total_timeout_s; /* of each function */
	bool again;          /* run short calls twice, so that what the first leaves behind is seen */
	const json_t *new_names; /* names that the candidate added to the function's file */
	const json_t *more;  /* further keys of the request; NULL: none */
	/* Asked after each outcome of a call: true ends the run, the calls after it have none. NULL: never. */
	bool (*enough)(void *arg, int call, const struct worker_outcome *outcome);
	void *enough_arg;
	bool first_trouble_ends; /* else the calls after one that crashed or hung get a new process */
	struct sandbox box;  /* project_root and files set by the caller; the trace is always hidden */
};

enum worker_end { WORKER_DONE, WORKER_ERROR, WORKER_TIMEOUT };

struct worker_result {
	struct worker_outcome *outcomes; /* one a call of the job, in its order */
	int n;
	struct worker_outcome *derived; /* what the plugin came up with */
	int nderived;
	bool stopped;        /* by `enough` */
	enum worker_end end; /* how the first trouble ended it; WORKER_DONE: every call was answered */
	char *error;         /* one line: could not import, killed by signal 9, … */
	enum sandbox_kind kind;
};

/*
 * Runs the job to its end: several functions in as few processes as their calls allow. 
 * 0 even when the code under test failed (see result); -1 after cf_error.
 */
int worker_run(const struct worker_job *job, struct worker_result *r);
void worker_result_release(struct worker_result *r);

/*
 * The request line that opens a worker of either verb ("run", "bench"), with "calls" and their sizes;
 * the blobs follow it on the worker's stdin. Returns new.
 */
json_t *worker_request(const struct worker_job *job, const char *verb);
/*
 * Starts the verb in the sandbox and sends the request and the blobs. 0, or -1 after cf_error. A
 * worker that ends before it has read them is not an error yet: its stdout says why, or is at its
 * end. What it says on stderr meanwhile is dropped.
 */
int worker_start(const struct worker_job *job, const char *verb, struct sandbox_child *c);

/*
 * A frame of a worker's answer that begins at `at`: 1 with the size of its content, which begins 4
 * bytes behind; 0 it is not whole yet; -1 it is larger than max.
 */
int worker_frame(const struct cf_buf *b, size_t at, size_t max, size_t *n);

#endif
