/* SPDX-License-Identifier: Apache-2.0 */
/* The probe in a function's first statement, and what it knows of the function. */
#ifndef CF_PROBE_H
#define CF_PROBE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "plugins/python/recorder/recorder.h"

#pragma GCC visibility push(hidden)

/* What becomes of a function's first argument. */
enum first { FIRST_KEPT, FIRST_INSTANCE_DROPPED, FIRST_CLASS_DROPPED };

struct probe {
	PyObject_HEAD
	uint64_t *count; /* in the spool; private_count when there is none */
	uint64_t next;   /* the count at which to look closer */
	uint64_t private_count;
	uint32_t id;
	enum first first;
	bool ahead; /* it is the code's first instruction: arguments are not in their cells yet */
	PyObject *reason;  /* str: why its calls are not kept; NULL: they are */
	PyObject *owner;   /* (module, qualname) of the class whose method this is, or NULL */
	PyObject *code;    /* NULL until bound, or after `slots` are known */
	/* Where the arguments are in the frame: positional, keyword-only, *args, **kwargs. */
	int *slots;        /* < 0: the slot holds a cell, ~slot */
	PyObject *names;   /* tuple: of the arguments, in the frame's order */
	int npositional, nkeyword;
	bool varargs, varkw;
	/* Of its captures. */
	uint64_t reported; /* calls the ledger has, of a function whose calls are not kept */
	uint32_t tries, kept, failures;
	uint64_t cost_ns;              /* of one, on the average of late */
	uint64_t looked_ns, looked_at; /* when it was looked closer, and at which count */
	uint64_t bytes; /* of its values in the spool */
	bool fallback_failed, by_hooks;
};

extern PyObject *probe_type;
int probe_init(PyObject *module);
/* A generator or coroutine was made by the function. -1 with an exception for the program. */
int probe_made(struct probe *p, PyObject *made);
void probes_setup(unsigned max_calls, PyObject *cell);
void probes_again(void);  /* with a spool newly open: named anew, counted from 0 */
void probes_mute(void);   /* they count for nobody, until then */
void probes_report(void); /* calls of functions that are not kept, since they were last told */

/* capture.c: keeps the inputs of the call that runs. -1 with an exception the program must see. */
int capture(struct probe *p, PyObject *args, PyObject *kwargs, PyObject *through);
/* Whether the budget allows a capture for p now. */
bool capture_allowed(const struct probe *p);
bool capture_busy(void); /* this thread is in one */
int capture_init(void);
void capture_end(void); /* the interpreter is ending: nothing more is copied */
bool capture_ended(void);
/* Not where the exception that is set must reach the program: a handler of its signals raised it. */
bool capture_error_is_ours(void);
void capture_forget(void); /* with a spool newly open */
int capture_setup(PyObject *hash, PyObject *fallback, PyObject *signalled, uint64_t limit);
extern int captures; /* how many run, in all threads */

#pragma GCC visibility pop

#endif
