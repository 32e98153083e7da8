/* SPDX-License-Identifier: Apache-2.0 */
/* The trace while it is being written: rows as the spools give them, the selection at the end. */
#ifndef CF_TRACE_STORE_H
#define CF_TRACE_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "cf-trace/spool.h"

struct store;

/* How the run ended. */
struct store_end {
	int32_t complete;    /* false: cf-trace itself did not live to see it */
	int32_t exit_status; /* -1: none */
	int32_t signal;	     /* 0: none */
	int32_t timed_out;
	int64_t wall_ns;
};

/*
 * Creates dir/trace.db. meta's keys become rows; quota is the number of calls to keep a function.
 * Returns new, NULL after cf_error; store_close frees it.
 */
struct store *store_create(
	const char *dir, const json_t *meta, const char *project_root, int64_t quota);
void store_close(struct store *s);

/*
 * Everything between the two is kept or undone as one. Rows that need disk may fail when there is
 * none left: they return -1 and the caller rolls back, says store_disk_full and starts that stretch
 * again; from then on calls are counted in the ledger and nothing more is written till the end.
 */
int store_begin(struct store *s);
int store_commit(struct store *s);
void store_rollback(struct store *s);
void store_disk_full(struct store *s);
bool store_is_full(const struct store *s);

/* All return -1 when the row could not be stored, not yet reported. Function ids are the store's.
 */
int64_t store_process(struct store *s, int64_t pid, int64_t ppid, uint64_t start_ns);
int store_process_argv(struct store *s, int64_t process, const json_t *record);
int store_process_closed(struct store *s, int64_t process);
int64_t store_function(struct store *s, const json_t *record);
int store_value(struct store *s, const struct cf_rec_value *v, const void *data, size_t n);
int store_call(struct store *s, int64_t process, int64_t function, const struct cf_rec_call *c);
int store_duration(
	struct store *s, int64_t process, int64_t function, const struct cf_rec_duration *d);
/* counter: the function's number in the process's spool, as in a call's record. */
int store_counts(
	struct store *s, int64_t process, uint32_t counter, int64_t function, int64_t calls);
int store_profile(struct store *s, int64_t function, const struct cf_rec_profile *p);
int store_edge(struct store *s, int64_t caller, int64_t callee, int64_t ns);
int store_line(struct store *s, int64_t function, int64_t line, int64_t ns);
int store_loss(struct store *s, int64_t function, const char *reason, int64_t n); /* 0: none */
/* ns: how long it took; -1: not known. */
int64_t store_test(struct store *s, const char *name, const char *outcome, int64_t ns);
int store_test_function(struct store *s, int64_t test, int64_t function);

/* The file that holds what a pipe gave the program, if it is there. */
int store_input(struct store *s, const char *path);

int64_t store_captured(const struct store *s); /* calls stored so far, before the selection */

/*
 * Selects what is kept, completes the ledger, writes the rest. When there is no room for it,
 * make_room is called, unless NULL, and it is tried once more. 0, or -1 after cf_error.
 */
int store_finish(
	struct store *s, const struct store_end *end, void (*make_room)(void *arg), void *arg);

#endif
