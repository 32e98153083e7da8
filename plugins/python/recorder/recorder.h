/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder: one shared object for every CPython from 3.8. spool.c and sampler.c know nothing of
 * Python objects; frames.c and instance.c know the interpreter's layouts; probe.c and capture.c run
 * under the GIL.
 */
#ifndef CF_RECORDER_H
#define CF_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#pragma GCC visibility push(hidden)

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

pid_t thread_id(void); /* the calling thread's, as the kernel counts */

/* spool.c: this process's spool. Any thread may write; nothing is written when none is open. */
int spool_open(const char *dir); /* 0, or -1 with errno */
void spool_close(bool unmap); /* unmap: nobody counts in it any more */
uint64_t spool_start_ns(void);
/*
 * Room for a record of n bytes, or NULL (counted as lost) when there is none. What is not NULL must
 * be filled and ended soon: the spool is locked in between. Memory of CF_REC_COUNTS stays mapped.
 */
void *spool_begin(uint16_t type, size_t n);
void spool_end(void);
bool spool_write(uint16_t type, const void *data, size_t n);
bool spool_write2(uint16_t type, const void *a, size_t na, const void *b, size_t nb);
void spool_loss(uint32_t function, const char *reason, uint64_t n); /* CF_NO_FUNCTION: of none */
/* Round a fork: the child's view of the parent's file becomes a private, empty one. */
void spool_before_fork(void);
void spool_after_fork(bool child);

/* frames.c: the interpreter's stacks, read without the GIL and without ever faulting. */
struct frame {
	uintptr_t at, code;
	int offset; /* of the instruction, in bytes */
};
struct thread {
	uintptr_t tstate;
	pid_t tid;
};
bool frames_init(int hexversion); /* false: this interpreter's layout is not known */
/* Checked against a known frame, by its code, its first argument and the code that called it. */
bool frames_check(uintptr_t tstate, uintptr_t code, uintptr_t arg, uintptr_t caller);
void frames_begin(void); /* forgets what was read */
bool frames_fetch(void *to, uintptr_t from, size_t n); /* false: there is no such memory */
/*
 * The stack of a thread, innermost first. How many, at most max; -1 when it could not be read.
 * Where the walk ended tells whether it is whole.
 */
int frames_walk(uintptr_t tstate, struct frame *f, int max, uintptr_t *outermost);
/* The other threads of that interpreter, at most max. */
int frames_threads(uintptr_t main, struct thread *t, int max);
/* The local variables of the frame that runs on this thread; under the GIL, after frames_check. */
void **frames_locals(uintptr_t tstate);
/* Where that frame and its code are; false: not known. */
bool frames_current(uintptr_t tstate, uintptr_t *frame, uintptr_t *code);
void **frames_locals_of(void *frame); /* of a frame object, before 3.11 */
bool frames_known(void);
/* Too near the recursion limit to run into it: 3.8 and 3.9 would die of it a little later. */
bool frames_deep(uintptr_t tstate, int limit);
/*
 * Where the thread keeps which frame runs: with NULL there what it runs next is the first of its
 * stack. NULL when that is not known.
 */
void **frames_innermost(uintptr_t tstate);
uintptr_t frames_outermost(uintptr_t tstate); /* under the GIL, of this thread; 0: not known */
bool frames_is_under(uintptr_t tstate, uintptr_t frame); /* what runs was called by that frame */
/*
 * As if this thread were no deeper than at its start, until frames_sink(what it gave). by_c: what is
 * called next is no Python function.
 */
int frames_rise(uintptr_t tstate, bool by_c);
void frames_sink(uintptr_t tstate, int was);
/*
 * Until frames_unbound(what it gave) this thread's recursion in C ends before its stack does, whatever
 * limit the program has set; limit is that. Negative: there is no room at all.
 */
int frames_bound(uintptr_t tstate, int limit);
void frames_unbound(uintptr_t tstate, int levels);
/* Between hush and unhush what the thread does is not shown to tracers and profilers. */
void frames_hush(uintptr_t tstate);
void frames_unhush(uintptr_t tstate);
/* Called on two threads before frames_threads: finds where libc keeps a thread's number. */
void frames_find_tids(void);

/* sampler.c: where the time goes. */
extern int sampler_line_format; /* of the line tables: 8, 10 or 11, the version that brought it */
/* Code of a function; inner: a comprehension's or a class body's, which has no function of its own.
 * table is the line table of co_lnotab or co_linetable and must stay. */
void sampler_code(uintptr_t code, uint32_t function, bool inner, int first_line,
	const unsigned char *table, size_t n);
/*
 * by_cpu: the main thread's time counts only as far as it runs; else by the clock on the wall.
 * from_here: everything to come runs on top of the outermost frame there is now.
 */
bool sampler_start(uintptr_t main, bool by_cpu, bool from_here);
/* What is to be recorded now runs on a stack of its own, or no longer does; sampler_find_bottom is
 * called from it. */
void sampler_lose_bottom(void);
void sampler_find_bottom(uintptr_t tstate);
void sampler_stop(void);  /* what was measured is written */
void sampler_again(void); /* goes on after a stop */
void sampler_before_fork(void);
void sampler_after_fork(bool child);
void sampler_reset(void); /* forgets what was not written yet */
/* The thread works for us, not for the program. */
void sampler_pause(uintptr_t tstate);
void sampler_resume(uintptr_t tstate);

/* watch.c: how long captured calls take. */
/* The call that runs on this thread began then; count is its function's. Under the GIL. */
void watch_call(uintptr_t tstate, uint32_t function, const uint64_t *count, uint64_t start);
void watch_begin(void); /* by the sampler: before the stacks that it sees next, */
void watch_stack(uintptr_t tstate, const struct frame *f, int n, uint64_t now); /* and each of them */
void watch_forget(void); /* in the child of a fork */

#pragma GCC visibility pop

#endif
