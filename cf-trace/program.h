/* SPDX-License-Identifier: Apache-2.0 */
/* Running the user's program as if nobody were watching. */
#ifndef CF_TRACE_PROGRAM_H
#define CF_TRACE_PROGRAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct program {
	char **argv;
	const json_t *env;   /* {"K":"V"} added to ours, or NULL */
	const json_t *unset; /* ["K"] taken from it, or NULL */
	const char *marker;  /* a word of that environment by which its processes are known */
	bool stdout_to_stderr;
	int in; /* its stdin; -1: ours */
	double timeout_s; /* 0: none */
};

struct program_end {
	int exit_status; /* -1: none */
	int sig;	 /* 0: none */
	bool timed_out;
	int64_t wall_ns;
	int told_to_end; /* the signal that cf-trace got itself and has to end by; 0: none */
	int exec_errno;	 /* the program could not be started at all; 0: it was */
};

/* To be called first in main, before anything installs a handler: the program inherits what we did.
 */
void program_remember_signals(void);

/* From here on what is sent to us waits for program_run: there are things to clean up. */
void program_hold_signals(void);

/*
 * Runs it to its end in our process group, so that the terminal sees one job. Signals sent to us
 * are passed on; those the terminal sends reach it without us. They stay blocked on return: end the
 * stage soon. 0, or -1 after cf_error.
 */
int program_run(const struct program *p, struct program_end *end);

/* Ends this process by the signal, without a core file. */
void program_die_by(int sig) __attribute__((noreturn));

#endif
