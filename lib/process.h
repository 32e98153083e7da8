/* SPDX-License-Identifier: Apache-2.0 */
/* Children: started with pipes, watched with a deadline, ended with their whole group. */
#ifndef CF_PROCESS_H
#define CF_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "lib/buf.h"

uint64_t cf_now_ns(void); /* CLOCK_MONOTONIC */

struct cf_run {
	const char *const *argv; /* NULL-terminated; argv[0] searched in PATH */
	const char *cwd;         /* NULL: ours */
	char *const *env;        /* NULL: ours */
	const void *input;       /* stdin; NULL: /dev/null */
	size_t input_len;
	double timeout_s;        /* 0: none */
	size_t output_max;       /* 0: 1 GiB; more ends the child */
};
struct cf_ran {
	struct cf_buf out, err;
	int status;    /* exit status, or 128+signal */
	int sig;       /* signal, or 0 */
	bool timed_out, not_found; /* not_found: argv[0] could not be executed */
};

/* Runs to the end in a process group of its own. 0, or -1 after cf_error (could not fork, …). */
int cf_run(const struct cf_run *how, struct cf_ran *ran);
void cf_ran_release(struct cf_ran *ran);

/* Registers a process group to be killed (SIGKILL) when this process exits or is signalled. */
void cf_child_add(pid_t pgid);
void cf_child_del(pid_t pgid);

#endif
