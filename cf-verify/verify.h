/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of cf-verify share. */
#ifndef CF_VERIFY_H
#define CF_VERIFY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "lib/error.h"
#include "lib/plugin.h"
#include "lib/sandbox.h"
#include "lib/stream.h"
#include "lib/trace.h"
#include "lib/value.h"
#include "lib/worker.h"

struct verify_opts {
	bool exit_code, combine, only_new, list_mutants, quiet, allow_network, no_sandbox;
	double float_rel, call_timeout_s, timeout_s, tests_s;
	double times_original; /* of the original's own time, that may be taken too; 0: as long as it likes */
	double mutants_time_s; /* after which no more of a target's are begun */
	int64_t memory, jobs, max_calls, derived, seed;
	int64_t mutants; /* -1 for all there are */
	const char *shard;
	const struct overlay_file *original_file; /* laid over the tree for the original, if its path is set */
	int equivalent; /* candidates found so */
};

/* Where an input comes from: a key of the verdict's "compared". */
enum input_source { FROM_REPLAY, FROM_TESTS, FROM_DERIVED, INPUT_SOURCES };
extern const char *const input_source_names[INPUT_SOURCES];

#define OTHER_RUNS 10

/* What the original did on one input, and how far that binds a candidate. */
struct judged {
	enum input_source source;
	const struct trace_call *call; /* recorded; borrowed from the original */
	char *spec;            /* how the input is derived from that call's; NULL: it is that call's */
	struct value *outcome; /* NULL: it binds to nothing, see skip */
	char *skip;            /* why the call is not compared */
	char *input;           /* readable; may be NULL */
	struct worker_outcome *others[OTHER_RUNS]; /* NULL: not run; see original_other */
	json_t *mask;          /* paths on which two runs with one seed differed; NULL: none */
	bool any_order;        /* they differed in order only */
};

/* A target's function, its kept calls and what the original does on them. */
struct original {
	char *key, *project_root;
	struct trace trace;
	struct cf_plugin plugin;
	struct trace_function function;
	struct trace_call *calls;
	int ncalls;
	struct judged *judged; /* one a call, in their order; after them the derived ones */
	int njudged;
	const char *underived; /* why there are no derived inputs where there could be; NULL: no reason */
	uint64_t run_ns;       /* what a run of all of them took */
	enum sandbox_kind kind;
	char *why;             /* it could not be run at all; reported */
	enum cf_exit status;   /* then the stage's */
};

/* Runs the original of a target record twice, or finds that it has. Borrows; never NULL. */
struct original *original_of(const struct verify_opts *o, const json_t *target);
/* The same without having run it, and the caller's. Returns new. */
struct original *original_open(const struct verify_opts *o, const json_t *target);
void original_free(struct original *of);
void originals_release(void);
/* Every trace that was opened: what runs may see none of them. NULL-terminated; borrows. */
const char *const *original_traces(void);
/* Says that a measurement is waited for. */
void original_waiting(void);

/* The files that a candidate changes, as it leaves them. */
struct candidate_files {
	struct overlay_file *v;
	int n;
	json_t *new_names; /* {path: [module-level names it adds]} */
};

/* What a run has beside its inputs; all may be NULL. */
struct run_with {
	const struct candidate_files *files; /* the candidate's; NULL: it is the original's run */
	const struct worker_derive *wish;
	bool (*enough)(void *arg, int call, const struct worker_outcome *outcome); /* see struct worker_job */
	void *enough_arg;
};

/*
 * One run of the target on these inputs. Its outcomes are in the order of the inputs. 0, or -1 after
 * cf_error.
 */
int original_run(const struct verify_opts *o, struct original *of, struct judged *const *which, int n,
	struct run_with with, unsigned seed, struct worker_result *r);
#define SEED_A 1
#define SEED_B 2
/* Takes over what the original did in its first run; its skip says why it binds to nothing. */
void judged_first(struct judged *j, struct worker_outcome *w);
/* Holds its second run against the first: what differs is masked, or it binds to nothing. */
void judged_settle(struct judged *j, const struct worker_outcome *again);
void judged_release(struct judged *j);
/* The recorded inputs that bind, put into `which`, which has room for all. How many. */
int original_recorded(const struct original *of, struct judged **which);

/* derived.c */
/* The wish for the first run of an original. False with *why (static) where there is to be none. */
bool derived_wish(const struct verify_opts *o, const struct original *of, struct worker_derive *wish,
	const char **why);
/* Adds what a run came up with to `judged`, n long, not settled yet. How many it has then. */
int derived_take(const struct original *of, struct worker_result *r, struct judged **judged, int n);
/*
 * Smaller inputs than j's, smallest first, with what the original does on them, settled; n of them.
 * NULL when there are none or they cannot be had. Returns new.
 */
struct judged *derived_smaller(
	const struct verify_opts *o, struct original *of, const struct judged *j, int *n);
void derived_free(struct judged *judged, int n);

/*
 * What it does on which[i] in the k-th run under another seed, which is made of all of them when first
 * asked for. NULL where it has no outcome there. Returns new. The first two runs have one seed, for
 * what differs from run to run; of two things that come in the same order under one seed, and of more
 * that keep their places, some move under others: so there are many.
 */
struct value *original_other(
	const struct verify_opts *o, struct original *of, struct judged *const *which, int n, int i, int k);

/*
 * The verdict on a candidate record over its target, or its "targets". Never NULL. *status is left
 * alone unless the record or the machine is at fault. Returns new.
 */
json_t *verify_candidate(
	const struct verify_opts *o, const json_t *candidate, enum cf_exit *status);
/* The target records that a candidate serves: an array. Returns new. */
json_t *candidate_targets(const json_t *candidate);
/* One line on stderr. */
void verify_report(const json_t *candidate);

/* The stream with up to o->jobs candidates at work, in the order of the input. */
void queue_begin(void);
int queue_record(const struct cf_record *record, void *opts, enum cf_exit *status);
void queue_finish(struct verify_opts *o, enum cf_exit *status);

/* --combine: keeps what is faster, then writes it merged. */
int combine_record(const struct cf_record *record, void *opts, enum cf_exit *status);
void combine_finish(struct verify_opts *o, enum cf_exit *status);

/* --values A B: compares two encoded files. The exit status. */
enum cf_exit verify_values(const struct verify_opts *o, const char *a, const char *b, const char *mask);

#endif
