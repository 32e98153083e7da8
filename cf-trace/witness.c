/* SPDX-License-Identifier: Apache-2.0 */
#include "cf-trace/witness.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The kernel sends to a whole group at once; then it has to come to run, on a busy machine as well. */
#define TRIES 30
#define TRY_NS 1000000

static void __attribute__((noreturn)) stand_by(unsigned *seen, const sigset_t *set, pid_t parent)
{
	int sig;

	prctl(PR_SET_NAME, "cf-witness");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	/* nobody is to wait for the end of a file because of us */
	closefrom(0);
	for (;;)
		if ((sig = sigwaitinfo(set, NULL)) > 0)
			__atomic_add_fetch(&seen[sig], 1, __ATOMIC_RELEASE);
}

void witness_start(struct witness *w, const sigset_t *set)
{
	pid_t parent = getpid();
	sigset_t own = *set;

	*w = (struct witness){0};
	sigdelset(&own, SIGCHLD);
	w->seen = mmap(NULL, NSIG * sizeof(*w->seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->seen == MAP_FAILED)
		return;
	w->pid = fork();
	if (w->pid == 0)
		stand_by(w->seen, &own, parent);
	if (w->pid < 0)
		w->pid = 0;
}

bool witness_saw(struct witness *w, int sig)
{
	struct timespec t = {0, TRY_NS};

	for (int i = 0; i < TRIES && w->pid; i++) {
		if (__atomic_load_n(&w->seen[sig], __ATOMIC_ACQUIRE) != w->told[sig]) {
			w->told[sig]++;
			return true;
		}
		nanosleep(&t, NULL);
	}
	return false;
}

void witness_end(struct witness *w)
{
	if (w->pid) {
		kill(w->pid, SIGKILL);
		while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (w->seen != MAP_FAILED)
		munmap(w->seen, NSIG * sizeof(*w->seen));
	*w = (struct witness){0};
}
