/* SPDX-License-Identifier: Apache-2.0 */
/* Running the user's program as if nobody were watching. */
#include "cf-trace/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cf-trace/subtree.h"
#include "cf-trace/witness.h"
#include "lib/error.h"
#include "lib/mem.h"
#include "lib/process.h"

#define GRACE_NS 2000000000ull
#define FOREVER_NS 3600000000000ull

/* What somebody may send us to have the program ended. */
static const int passed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
#define NPASSED (sizeof(passed_on) / sizeof(*passed_on))

static bool was_ignored[NSIG];
static sigset_t old_mask;

void program_remember_signals(void)
{
	struct sigaction act;

	for (int sig = 1; sig < NSIG; sig++)
		was_ignored[sig] = sigaction(sig, NULL, &act) == 0 && act.sa_handler == SIG_IGN;
	sigprocmask(SIG_BLOCK, NULL, &old_mask);
	/* An ignored SIGCHLD would have its children reaped by the kernel. */
	signal(SIGCHLD, SIG_DFL);
	/* A limit on the size of files is to be an error like a full disk, not our end. */
	signal(SIGXFSZ, SIG_IGN);
}

static sigset_t awaited(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < NPASSED; i++)
		if (!was_ignored[passed_on[i]])
			sigaddset(&set, passed_on[i]);
	return set;
}

void program_hold_signals(void)
{
	sigset_t set = awaited();

	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void set_environment(const struct program *p)
{
	const char *key;
	json_t *value;
	size_t i;

	json_array_foreach((json_t *)p->unset, i, value) if (json_is_string(value))
		unsetenv(json_string_value(value));
	json_object_foreach((json_t *)p->env, key, value) if (json_is_string(value))
		setenv(key, json_string_value(value), 1);
}

static void __attribute__((noreturn)) child(const struct program *p, int report)
{
	int failed;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, was_ignored[sig] ? SIG_IGN : SIG_DFL);
	set_environment(p);
	if ((p->in < 0 || dup2(p->in, STDIN_FILENO) >= 0) &&
		(!p->stdout_to_stderr || dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)) {
		sigprocmask(SIG_SETMASK, &old_mask, NULL);
		execvp(p->argv[0], p->argv);
	}
	failed = errno;
	if (write(report, &failed, sizeof(failed)) < 0) {
		/* the parent is gone */
	}
	_exit(127);
}

/* Blocks until a signal of the set or the deadline; its number, 0 at the deadline. */
static int await(const sigset_t *set, uint64_t deadline, siginfo_t *info)
{
	uint64_t now = cf_now_ns(), left = deadline > now ? deadline - now : 0;
	struct timespec t = {(time_t)(left / 1000000000), (long)(left % 1000000000)};
	int sig = sigtimedwait(set, info, &t);

	return sig > 0 ? sig : 0;
}

static bool reaped(pid_t pid, struct program_end *end)
{
	int st;
	pid_t got = waitpid(pid, &st, WNOHANG);

	if (got != pid)
		return false;
	if (WIFSIGNALED(st))
		end->sig = WTERMSIG(st);
	else
		end->exit_status = WEXITSTATUS(st);
	return true;
}

/* A second one from the same sender within this time is the same wish: timeout(1) tells us, then the group. */
#define AGAIN_NS 200000000ull

struct got {
	struct witness witness;
	int shared;     /* the latest signal that the program has without us; 0: none */
	int sig;        /* the latest at all, from whom and when */
	pid_t from;
	uint64_t at_ns;
};

/*
 * What is typed at the terminal, which is the kernel's to send, goes to the whole group, and so may
 * what another process sends: the program has it already, and whether it ends by it is the program's
 * affair. What is sent to us alone is passed on.
 */
static void take(struct got *got, pid_t pid, const siginfo_t *info, struct program_end *end)
{
	int sig = info->si_signo;
	uint64_t now = cf_now_ns();
	bool again = sig == got->sig && info->si_pid == got->from && now - got->at_ns < AGAIN_NS;

	got->sig = sig;
	got->from = info->si_code > 0 ? 0 : info->si_pid;
	got->at_ns = now;
	if (info->si_code > 0 || witness_saw(&got->witness, sig)) {
		got->shared = sig;
		return;
	}
	if (again)
		return;
	kill(pid, sig);
	if (sig != SIGUSR1 && sig != SIGUSR2)
		end->told_to_end = sig;
}

static void watch(const struct program *p, pid_t pid, uint64_t start, const sigset_t *set,
	struct got *got, struct program_end *end)
{
	int sig;
	siginfo_t info;
	uint64_t deadline = p->timeout_s > 0 ? start + (uint64_t)(p->timeout_s * 1e9) : UINT64_MAX;

	while (!reaped(pid, end)) {
		uint64_t now = cf_now_ns(), until = now + FOREVER_NS;

		if (now >= deadline) {
			/* SIGTERM first, SIGKILL at the second time round. */
			subtree_signal(p->marker, pid, end->timed_out ? SIGKILL : SIGTERM);
			subtree_signal(p->marker, pid, SIGCONT);
			deadline = now + (end->timed_out ? GRACE_NS / 100 : GRACE_NS);
			end->timed_out = true;
		}
		sig = await(set, deadline < until ? deadline : until, &info);
		if (sig && sig != SIGCHLD)
			take(got, pid, &info, end);
	}
	while ((sig = await(set, 0, &info)))
		if (sig != SIGCHLD && (info.si_code > 0 || witness_saw(&got->witness, sig)))
			got->shared = sig;
	if (got->shared && !end->told_to_end &&
		(end->sig == got->shared || end->exit_status == 128 + got->shared))
		end->told_to_end = got->shared;
}

int program_run(const struct program *p, struct program_end *end)
{
	int report[2];
	uint64_t start;
	sigset_t set = awaited();
	struct got got = {0};
	pid_t pid;

	*end = (struct program_end){.exit_status = -1};
	if (pipe2(report, O_CLOEXEC) < 0)
		return cf_error("cannot make a pipe: %s", strerror(errno));
	program_hold_signals();
	witness_start(&got.witness, &set);
	start = cf_now_ns();
	pid = fork();
	if (pid == 0)
		child(p, report[1]);
	close(report[1]);
	/* held by the program alone: its copier ends when nobody reads any more */
	if (p->in >= 0)
		close(p->in);
	if (pid < 0) {
		close(report[0]);
		witness_end(&got.witness);
		return cf_error("cannot start %s: %s", p->argv[0], strerror(errno));
	}
	if (read(report[0], &end->exec_errno, sizeof(end->exec_errno)) != sizeof(end->exec_errno))
		end->exec_errno = 0;
	close(report[0]);
	watch(p, pid, start, &set, &got, end);
	witness_end(&got.witness);
	end->wall_ns = (int64_t)(cf_now_ns() - start);
	/* Its children were to end with it; after an ordinary end they are its own affair. */
	if (end->timed_out)
		subtree_end(p->marker, 0, 1);
	return 0;
}

void program_die_by(int sig)
{
	sigset_t set;

	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + sig);
}
