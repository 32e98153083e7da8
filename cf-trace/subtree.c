/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's processes. It shares our process group, so that the terminal treats the two as one
 * job, and a child may leave a group or lose its parent: but not the environment it was started
 * with, in which the spool directory's name is unlike any other word on the machine.
 */
#include "cf-trace/subtree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/process.h"

struct process {
	pid_t pid, ppid;
	bool ours;
};

/* Reads /proc/PID/name; false if the process is gone or another user's. */
static bool read_proc(pid_t pid, const char *name, struct cf_buf *b)
{
	char path[64];
	cf_autoclose int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	cf_buf_reset(b);
	if (fd < 0)
		return false;
	do {
		cf_buf_reserve(b, 16384);
		n = read(fd, b->data + b->len, b->cap - b->len - 1);
		if (n > 0)
			b->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	b->data[b->len] = '\0';
	return n == 0;
}

/* The parent of a live process, 0 for a zombie or one that is gone. */
static pid_t parent_of(pid_t pid, struct cf_buf *b)
{
	const char *p;

	if (!read_proc(pid, "stat", b))
		return 0;
	p = strrchr(b->data, ')'); /* the name before it may hold anything */
	if (!p || strlen(p) < 5 || p[2] == 'Z' || p[2] == 'X')
		return 0;
	return (pid_t)atoi(p + 4);
}

static size_t list(const char *marker, pid_t root, struct process **v)
{
	struct cf_buf b cf_autobuf = CF_BUF_INIT;
	size_t n = 0, cap = 0;
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct process p = {0};

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		p.pid = (pid_t)atoi(e->d_name);
		p.ppid = parent_of(p.pid, &b);
		if (!p.ppid || p.pid == getpid())
			continue;
		p.ours = p.pid == root || (read_proc(p.pid, "environ", &b) &&
						  memmem(b.data, b.len, marker, strlen(marker)));
		cf_grow(v, &cap, n + 1, sizeof(**v));
		(*v)[n++] = p;
	}
	if (d)
		closedir(d);
	return n;
}

int subtree_signal(const char *marker, pid_t root, int sig)
{
	cf_autofree struct process *v = NULL;
	size_t n = list(marker, root, &v);
	int found = 0;
	bool more = true;

	if (!n)
		return root > 0 && kill(root, sig) == 0;
	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; !v[i].ours && j < n; j++)
				if (v[j].ours && v[j].pid == v[i].ppid)
					v[i].ours = more = true;
	}
	for (size_t i = 0; i < n; i++)
		if (v[i].ours && (!sig || kill(v[i].pid, sig) == 0))
			found++;
	return found;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* In the middle of an exec a process has no environment to be known by: so it is looked twice. */
static bool all_ended(const char *marker, pid_t root, int sig)
{
	if (subtree_signal(marker, root, sig))
		return false;
	pause_ms(20);
	return !subtree_signal(marker, root, sig);
}

bool subtree_lives(const char *marker)
{
	return !all_ended(marker, 0, 0);
}

void subtree_end(const char *marker, pid_t root, double grace_s)
{
	uint64_t end = cf_now_ns() + (uint64_t)(grace_s * 1e9);

	if (all_ended(marker, root, SIGTERM))
		return;
	/* A stopped process sees SIGTERM only when it goes on. */
	subtree_signal(marker, root, SIGCONT);
	while (!all_ended(marker, root, 0))
		if (cf_now_ns() < end) {
			pause_ms(20);
		} else {
			/* Again and again: it may be forking. A process in the kernel's hands is
			 * not ours to wait for. */
			for (int i = 0; i < 100 && !all_ended(marker, root, SIGKILL); i++)
				pause_ms(10);
			return;
		}
}
