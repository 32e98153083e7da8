/* SPDX-License-Identifier: Apache-2.0 */
/* Children with pipes and a deadline. */
#include "lib/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "lib/error.h"
#include "lib/mem.h"

extern char **environ;

uint64_t cf_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A fixed table, so that the signal handler can walk it. */
#define MAX_CHILDREN 256
static volatile pid_t children[MAX_CHILDREN];
static pid_t children_owner;

static void kill_children(void)
{
	if (getpid() != children_owner)
		return;
	for (int i = 0; i < MAX_CHILDREN; i++)
		if (children[i])
			kill(-children[i], SIGKILL);
}

static struct sigaction old_actions[NSIG];

static void on_signal(int sig)
{
	kill_children();
	/* whoever was there before (lib/fs.c's temp dirs) goes on from here and ends the process */
	sigaction(sig, &old_actions[sig], NULL);
	raise(sig);
}

void cf_child_add(pid_t pgid)
{
	if (children_owner != getpid()) {
		static const int sigs[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE};
		struct sigaction act = {.sa_handler = on_signal};

		children_owner = getpid();
		memset((void *)children, 0, sizeof(children));
		atexit(kill_children);
		for (size_t i = 0; i < sizeof(sigs) / sizeof(*sigs); i++)
			if (sigaction(sigs[i], NULL, &old_actions[sigs[i]]) == 0 &&
				old_actions[sigs[i]].sa_handler != SIG_IGN)
				sigaction(sigs[i], &act, NULL);
	}
	for (int i = 0; i < MAX_CHILDREN; i++)
		if (!children[i]) {
			children[i] = pgid;
			return;
		}
	CF_BUG("more than %d children", MAX_CHILDREN);
}

void cf_child_del(pid_t pgid)
{
	for (int i = 0; i < MAX_CHILDREN; i++)
		if (children[i] == pgid)
			children[i] = 0;
}

static int pipe_cloexec(int p[2])
{
	return pipe2(p, O_CLOEXEC);
}

/* In the child between fork and exec: only async-signal-safe calls. */
static void __attribute__((noreturn)) child(
	const struct cf_run *how, int in, int out, int err, int report)
{
	int saved;

	setpgid(0, 0);
	if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0 &&
		(!how->cwd || chdir(how->cwd) == 0)) {
		signal(SIGPIPE, SIG_DFL);
		if (how->env)
			environ = (char **)how->env;
		execvp(how->argv[0], (char *const *)how->argv);
	}
	saved = errno;
	if (write(report, &saved, sizeof(saved)) < 0) {
		/* the parent is gone */
	}
	_exit(127);
}

static int take(int fd, struct cf_buf *b)
{
	ssize_t n;

	cf_buf_reserve(b, 65536);
	do
		n = read(fd, b->data + b->len, b->cap - b->len - 1);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		b->len += (size_t)n;
		b->data[b->len] = '\0';
	}
	return n > 0;
}

/* Moves bytes both ways until both outputs are closed or the deadline has passed. */
static void pump(
	const struct cf_run *how, struct cf_ran *ran, size_t max, int in, int out, int err)
{
	uint64_t start = cf_now_ns();
	size_t sent = 0;
	struct pollfd p[3] = {{in, POLLOUT, 0}, {out, POLLIN, 0}, {err, POLLIN, 0}};

	fcntl(in, F_SETFL, O_NONBLOCK);
	while (p[1].fd >= 0 || p[2].fd >= 0) {
		int left = -1, n;

		if (sent == how->input_len && p[0].fd >= 0) {
			close(p[0].fd);
			p[0].fd = -1;
		}
		if (how->timeout_s > 0) {
			double gone = (double)(cf_now_ns() - start) / 1e9;

			if (gone >= how->timeout_s) {
				ran->timed_out = true;
				break;
			}
			left = (int)((how->timeout_s - gone) * 1000) + 1;
		}
		n = poll(p, 3, left);
		if (n <= 0)
			continue;
		if (p[0].fd >= 0 && p[0].revents) {
			ssize_t w = write(p[0].fd, (const char *)how->input + sent, how->input_len - sent);

			if (w > 0) {
				sent += (size_t)w;
			} else if (w < 0 && errno != EAGAIN && errno != EINTR) {
				close(p[0].fd);
				p[0].fd = -1;
			}
		}
		for (int i = 1; i < 3; i++) {
			struct cf_buf *b = i == 1 ? &ran->out : &ran->err;

			if (p[i].fd >= 0 && p[i].revents && !take(p[i].fd, b))
				p[i].fd = -1;
			if (b->len > max)
				p[1].fd = p[2].fd = -1;
		}
	}
	if (p[0].fd >= 0)
		close(p[0].fd);
}

/*
 * The child has closed its outputs (or is to be ended). It is waited for without being reaped, so
 * that the group's id stays taken while what it left behind is killed.
 */
static void reap(pid_t pid, bool now, int *st)
{
	siginfo_t info;

	if (now)
		kill(-pid, SIGKILL);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	kill(-pid, SIGKILL);
	while (waitpid(pid, st, 0) < 0 && errno == EINTR)
		;
}

int cf_run(const struct cf_run *how, struct cf_ran *ran)
{
	cf_autoclose int null = -1, out0 = -1, out1 = -1, err0 = -1, err1 = -1, rep0 = -1, rep1 = -1;
	cf_autoclose int in0 = -1;
	int in[2], out[2], err[2], rep[2], in1, failed = 0, st;
	size_t max = how->output_max ? how->output_max : (size_t)1 << 30;
	struct sigaction old_pipe, ignore = {.sa_handler = SIG_IGN};
	pid_t pid;

	*ran = (struct cf_ran){.out = CF_BUF_INIT, .err = CF_BUF_INIT};
	if (pipe_cloexec(in) < 0)
		return cf_error("cannot make a pipe: %s", strerror(errno));
	in0 = in[0], in1 = in[1];
	if (pipe_cloexec(out) < 0 || (out0 = out[0], out1 = out[1], pipe_cloexec(err) < 0) ||
		(err0 = err[0], err1 = err[1], pipe_cloexec(rep) < 0)) {
		close(in1);
		return cf_error("cannot make a pipe: %s", strerror(errno));
	}
	rep0 = rep[0], rep1 = rep[1];
	if (!how->input)
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid = fork();
	if (pid == 0)
		child(how, how->input ? in0 : null, out1, err1, rep1);
	if (pid < 0) {
		close(in1);
		return cf_error("cannot start %s: %s", how->argv[0], strerror(errno));
	}
	setpgid(pid, pid);
	cf_child_add(pid);
	cf_close_fd(&in0);
	cf_close_fd(&out1);
	cf_close_fd(&err1);
	cf_close_fd(&rep1);
	if (read(rep0, &failed, sizeof(failed)) == sizeof(failed)) {
		ran->not_found = true;
		cf_buf_adds(&ran->err, strerror(failed));
	}
	sigaction(SIGPIPE, &ignore, &old_pipe);
	pump(how, ran, max, in1, out0, err0);
	sigaction(SIGPIPE, &old_pipe, NULL);
	reap(pid, ran->timed_out || ran->out.len > max || ran->err.len > max, &st);
	cf_child_del(pid);
	ran->sig = WIFSIGNALED(st) ? WTERMSIG(st) : 0;
	ran->status = ran->sig ? 128 + ran->sig : WEXITSTATUS(st);
	return 0;
}

void cf_ran_release(struct cf_ran *ran)
{
	cf_buf_release(&ran->out);
	cf_buf_release(&ran->err);
}
