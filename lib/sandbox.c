/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox's portable half: pipes, the process that watches over the program, limits, the copy
 * of the tree. What needs Linux is in lib/sandbox_linux.c.
 *
 * Between us and the program stands a monitor, which ends the program when our end of a control
 * pipe closes: on purpose, or because we died of whatever. It also removes a copied tree then. In a
 * pid namespace its child is pid 1, with which everything inside dies.
 */
#include "lib/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/fs.h>
#include <sys/prctl.h>
#endif
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/mem.h"
#include "lib/process.h"
#include "lib/sandbox_impl.h"

extern char **environ;

#define DEFAULT_MEMORY (8ull << 30)
#define DEFAULT_CPU_S 300
#define MAX_FILE_SIZE (1ull << 30)
#define MAX_PROCESSES 1024
/* Where the kernel counts all processes of the user, those outside too. */
#define MAX_USER_PROCESSES 4096
/* A tree larger than this is not copied for every run. */
#define MAX_COPY_BYTES (2ull << 30)
#define MAX_COPY_FILES 200000

#ifndef __linux__
int sandbox_os_unshare(const struct sandbox *s, char *why)
{
	(void)s;
	snprintf(why, SANDBOX_WHY, "no namespaces on this system");
	return -1;
}
int sandbox_os_mount(const struct sandbox *s, char **home, char **tmp, char *why)
{
	(void)s, (void)home, (void)tmp, (void)why;
	return -1;
}
void sandbox_os_mount_least(void)
{
}
int sandbox_os_drop(
	const struct sandbox *s, enum sandbox_kind kind, int got, const char *scratch, char *why)
{
	(void)kind, (void)got, (void)scratch;
	if (s->allow_network)
		return 0;
	snprintf(why, SANDBOX_WHY, "the network cannot be cut off here; use --allow-network");
	return -1;
}
void sandbox_os_adopt(void)
{
}
void sandbox_os_kill_below(void)
{
}
int sandbox_os_processes(void)
{
	return 0;
}
void sandbox_os_die_with_parent(void)
{
}
void sandbox_os_close_from(int first, bool on_exec)
{
	for (int fd = first; fd < 4096; fd++) {
		if (on_exec)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		else
			close(fd);
	}
}
#endif

const char *sandbox_name(enum sandbox_kind kind)
{
	static const char *const names[] = {"overlay", "copy", "none"};

	return names[kind];
}

time_t sandbox_mtime(const char *data, size_t n)
{
	char hex[65];

	cf_sha256_hex(data, n, hex);
	hex[7] = '\0';
	return 1000000000 + (time_t)strtol(hex, NULL, 16);
}

/* --- a copy of the tree --------------------------------------------------------------------------- */

static int copy_file(const char *from, const char *to, const struct stat *st)
{
	struct timespec times[2] = {st->st_atim, st->st_mtim};
	cf_autoclose int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), out = -1;
	char block[65536];
	ssize_t n;

	if (in < 0)
		return errno == EACCES ? 0 : -1; /* unreadable for us is so for the program */
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return -1;
#ifdef FICLONE
	if (ioctl(out, FICLONE, in) < 0)
#endif
		while ((n = read(in, block, sizeof(block))) != 0)
			if (n < 0 || cf_write_all(out, block, (size_t)n) < 0)
				return -1;
	if (fchmod(out, st->st_mode & 0777) < 0)
		return -1;
	return futimens(out, times);
}

static int copy_link(const char *from, const char *to)
{
	char target[PATH_MAX];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	return symlink(target, to);
}

struct copying {
	const char *from, *to;
	const char *skip; /* where the copy itself lies, should that be inside the tree */
	char **todo; /* directories, relative */
	size_t n, cap;
	uint64_t bytes, files;
};

static int copy_entry(struct copying *c, const char *rel)
{
	cf_autofree char *from = cf_path_join(c->from, rel), *to = cf_path_join(c->to, rel);
	struct stat st;

	if (lstat(from, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	if (S_ISDIR(st.st_mode)) {
		if (!strcmp(from, c->skip))
			return 0;
		if (mkdir(to, (st.st_mode & 0777) | 0700) < 0)
			return -1;
		cf_grow(&c->todo, &c->cap, c->n + 1, sizeof(*c->todo));
		c->todo[c->n++] = cf_strdup(rel);
		return 0;
	}
	if (++c->files > MAX_COPY_FILES || (c->bytes += (uint64_t)st.st_size) > MAX_COPY_BYTES) {
		errno = EFBIG;
		return -1;
	}
	if (S_ISLNK(st.st_mode))
		return copy_link(from, to);
	/* sockets, pipes and devices are nothing that a copy could serve */
	return S_ISREG(st.st_mode) ? copy_file(from, to, &st) : 0;
}

static int copy_dir(struct copying *c, const char *rel)
{
	cf_autofree char *from = cf_path_join(c->from, rel);
	struct dirent *e;
	DIR *d = opendir(from);
	int bad = 0;

	if (!d)
		return errno == EACCES ? 0 : -1;
	while (!bad && (e = readdir(d))) {
		cf_autofree char *sub = rel[0] ? cf_path_join(rel, e->d_name) : cf_strdup(e->d_name);

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (!rel[0] && (!strcmp(e->d_name, ".git") || !strcmp(e->d_name, ".codeflash")))
			continue;
		bad = copy_entry(c, sub);
	}
	closedir(d);
	return bad;
}

/* Writes a candidate's file into the copy, wherever symbolic links inside the tree may lead. */
static int write_into_copy(const char *copy, const struct overlay_file *f)
{
	cf_autofree char *path = cf_path_join(copy, f->path), *dir = cf_path_dir(path);
	cf_autofree char *real_copy = realpath(copy, NULL), *real = NULL;
	struct stat st = {.st_mode = 0644};
	struct timespec times[2] = {0};
	cf_autoclose int fd = -1;

	if (cf_mkdirs(dir) < 0)
		return -1;
	real = realpath(dir, NULL);
	if (!real || !real_copy || !cf_path_below(real, real_copy))
		return cf_error("%s: a link leads out of the project; it cannot be tried", f->path);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return cf_error("%s: not a regular file", f->path);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || cf_write_all(fd, f->data, f->n) < 0 || fchmod(fd, st.st_mode & 0777) < 0)
		return cf_error("cannot write %s: %s", path, strerror(errno));
	times[0].tv_sec = times[1].tv_sec = sandbox_mtime(f->data, f->n);
	futimens(fd, times);
	return 0;
}

static int copy_tree(const struct sandbox *s, const char *scratch, const char *to)
{
	struct copying c = {.from = s->project_root, .to = to, .skip = scratch};
	int bad = mkdir(to, 0700) < 0 ? -1 : copy_dir(&c, "");

	while (c.n && !bad) {
		cf_autofree char *rel = c.todo[--c.n];

		bad = copy_dir(&c, rel);
	}
	if (bad && errno == EFBIG)
		cf_error("%s is too large to be copied for every run; give a smaller project or a system "
			 "with user namespaces", s->project_root);
	else if (bad)
		cf_error("cannot copy %s to %s: %s", s->project_root, to, strerror(errno));
	while (c.n)
		free(c.todo[--c.n]);
	free(c.todo);
	for (const char *const *p = s->hide; p && *p && !bad; p++) {
		cf_autofree char *rel = cf_path_relative(*p, s->project_root);
		cf_autofree char *path = cf_path_join(to, rel);

		if (rel[0] != '/')
			cf_remove_tree(path);
	}
	for (int i = 0; i < s->nfiles && !bad; i++)
		bad = write_into_copy(to, &s->files[i]);
	return bad ? -1 : 0;
}

/* --- inside ---------------------------------------------------------------------------------------- */

/* How a start is tried; each next one asks less of the kernel. */
enum trial { TRY_OVERLAY, TRY_COPY_ISOLATED, TRY_COPY, TRY_NONE };

struct start {
	const struct sandbox *s;
	enum trial trial;
	char *const *argv;
	char *const *env;
	char *root, *scratch; /* as in sandbox_child */
	char *home, *tmp;     /* NULL: what the environment says */
};

static enum sandbox_kind kind_of(enum trial t)
{
	return t == TRY_OVERLAY ? SANDBOX_OVERLAY : t == TRY_NONE ? SANDBOX_NONE : SANDBOX_COPY;
}

/* The fds of the monitor and its child. */
enum { STATUS_FD = 3, CONTROL_FD = 4 };

static void __attribute__((noreturn)) give_up(char what, const char *why)
{
	char text[SANDBOX_WHY + 1];
	int n = snprintf(text, sizeof(text), "%c%s", what, why);

	if (write(STATUS_FD, text, (size_t)(n < (int)sizeof(text) ? n : (int)sizeof(text) - 1)) < 0)
		_exit(126); /* nobody to tell */
	_exit(127);
}

static void limit(int which, rlim_t value)
{
	struct rlimit old, r = {value, value};

	if (getrlimit(which, &old) == 0 && old.rlim_max != RLIM_INFINITY && old.rlim_max < value)
		r.rlim_cur = r.rlim_max = old.rlim_max;
	setrlimit(which, &r);
}

static void set_env(char ***env, size_t *n, const char *kv)
{
	size_t name = strcspn(kv, "=");
	size_t i = 0;

	while (i < *n && (strncmp((*env)[i], kv, name) || (*env)[i][name] != '='))
		i++;
	if (i == *n)
		(*n)++;
	(*env)[i] = (char *)kv;
}

static char **environment(const struct start *st, const char *cwd)
{
	size_t n = 0, more = 4;
	char **env;

	while (environ[n])
		n++;
	for (char *const *e = st->env; e && *e; e++)
		more++;
	env = cf_calloc(n + more, sizeof(*env));
	memcpy(env, environ, n * sizeof(*env));
	set_env(&env, &n, cf_asprintf("PWD=%s", cwd));
	if (st->home)
		set_env(&env, &n, cf_asprintf("HOME=%s", st->home));
	if (st->tmp)
		set_env(&env, &n, cf_asprintf("TMPDIR=%s", st->tmp));
	for (char *const *e = st->env; e && *e; e++)
		set_env(&env, &n, *e);
	return env;
}

static void __attribute__((noreturn)) program(struct start *st, int got)
{
	const struct sandbox *s = st->s;
	const char *at = s->cwd ? s->cwd : s->project_root;
	cf_autofree char *cwd = NULL;
	char why[SANDBOX_WHY];
	sigset_t none;

	if (st->root && cf_path_below(at, s->project_root))
		cwd = strlen(at) == strlen(s->project_root)
			? cf_strdup(st->root)
			: cf_asprintf("%s%s", st->root, at + strlen(s->project_root));
	else
		cwd = cf_strdup(at);
	setsid(); /* kill(0) must not reach the monitor */
	if (st->trial != TRY_NONE &&
		sandbox_os_drop(s, kind_of(st->trial), got, st->scratch, why) < 0)
		give_up('X', why);
	sandbox_os_die_with_parent();
	environ = environment(st, cwd); /* before there is a limit to what can be allocated */
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, s->cpu_s > 0 ? (rlim_t)s->cpu_s + 1 : DEFAULT_CPU_S);
	limit(RLIMIT_FSIZE, MAX_FILE_SIZE);
#ifdef RLIMIT_NPROC
	if (st->trial != TRY_NONE)
		limit(RLIMIT_NPROC, got & SANDBOX_GOT_PID ? MAX_PROCESSES : MAX_USER_PROCESSES);
#endif
	if (chdir(cwd) < 0) {
		snprintf(why, sizeof(why), "cannot change to %.200s: %s", cwd, strerror(errno));
		give_up('X', why);
	}
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	sandbox_os_close_from(3, true);
	limit(RLIMIT_AS, s->memory_max ? s->memory_max : DEFAULT_MEMORY);
	execvp(st->argv[0], st->argv);
	snprintf(why, sizeof(why), "cannot run %.200s: %s", st->argv[0], strerror(errno));
	give_up('X', why);
}

/* Waits for a child or for a signal's interruption; true when the child is gone. */
static bool reaped(pid_t pid, int *status, int flags)
{
	return waitpid(pid, status, flags) == pid;
}

/* As pid 1: everything inside dies with this process. */
static void __attribute__((noreturn)) init(struct start *st, int got, int report)
{
	char why[SANDBOX_WHY] = "";
	struct timespec tick = {0, 100000000};
	sigset_t chld;
	pid_t pid, gone;
	int status;

	sandbox_os_die_with_parent();
	if (st->trial == TRY_OVERLAY) {
		if (sandbox_os_mount(st->s, &st->home, &st->tmp, why) < 0)
			give_up('S', why);
	} else {
		sandbox_os_mount_least();
	}
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	pid = fork();
	if (pid == 0)
		program(st, got);
	close(STATUS_FD);
	close(CONTROL_FD);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
#ifdef __linux__
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* not to be looked into by the program */
#endif
	if (pid < 0)
		_exit(127);
	for (;;) {
		while ((gone = waitpid(-1, &status, WNOHANG)) > 0)
			if (gone == pid) {
				if (write(report, &status, sizeof(status)) < 0)
					_exit(126);
				_exit(0);
			}
		/* for root the kernel sets no limit to forking */
		if (geteuid() == 0) {
			sigtimedwait(&chld, NULL, &tick);
			if (sandbox_os_processes() > MAX_PROCESSES)
				_exit(125);
		} else {
			sigwaitinfo(&chld, NULL);
		}
	}
}

static void ignore(int sig)
{
	(void)sig;
}

/* Ends as the program ended. */
static void __attribute__((noreturn)) end_like(int status)
{
	struct rlimit none = {0, 0};

	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	setrlimit(RLIMIT_CORE, &none);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	_exit(127);
}

static void __attribute__((noreturn)) monitor(struct start *st)
{
	struct sigaction act = {.sa_handler = ignore};
	char why[SANDBOX_WHY] = "";
	sigset_t chld, old;
	int got = 0, status = SIGKILL, inner, report[2];
	bool ended = false;
	pid_t pid;

	setsid();
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGCHLD, &act, NULL);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &old);
	sigdelset(&old, SIGCHLD);
	sandbox_os_adopt();
	if (st->trial == TRY_OVERLAY || st->trial == TRY_COPY_ISOLATED)
		got = sandbox_os_unshare(st->s, why);
	if (got < 0 || pipe(report) < 0)
		give_up('S', why);
	pid = fork();
	if (pid == 0) {
		close(report[0]);
		if (got & SANDBOX_GOT_PID)
			init(st, got, report[1]);
		program(st, got);
	}
	close(report[1]);
	close(STATUS_FD);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	while (pid > 0 && !ended && !reaped(pid, &status, WNOHANG)) {
		struct pollfd control = {.fd = CONTROL_FD, .events = POLLIN};

		if (ppoll(&control, 1, NULL, &old) > 0) {
			ended = true;
			kill(pid, SIGKILL);
			reaped(pid, &status, 0);
			status = SIGKILL;
		}
	}
	if ((got & SANDBOX_GOT_PID) && !ended)
		status = read(report[0], &inner, sizeof(inner)) == sizeof(inner) ? inner : SIGKILL;
	sandbox_os_kill_below();
	if (st->scratch)
		cf_remove_tree(st->scratch);
	end_like(status);
}

/* --- outside --------------------------------------------------------------------------------------- */

/* Puts fds[i] at number i, all others closed. */
static void arrange(int *fds, int n)
{
	for (int i = 0; i < n; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD, n);
		if (fds[i] < 0)
			_exit(127);
	}
	for (int i = 0; i < n; i++)
		if (dup2(fds[i], i) < 0)
			_exit(127);
	sandbox_os_close_from(n, false);
}

static void close_pair(int p[2])
{
	for (int i = 0; i < 2; i++)
		if (p[i] >= 0)
			close(p[i]);
}

/* 0 running; 1 this trial is not possible here (why[]); -1 another would not help (why[]). */
static int try_start(struct start *st, struct sandbox_child *c, char *why)
{
	int p[5][2] = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
	int fds[5];
	size_t n = 0;
	ssize_t r;
	char said[SANDBOX_WHY + 1];

	for (int i = 0; i < 5; i++) {
		if (pipe2(p[i], O_CLOEXEC) == 0)
			continue;
		snprintf(why, SANDBOX_WHY, "no pipe: %s", strerror(errno));
		for (int j = 0; j < i; j++)
			close_pair(p[j]);
		return -1;
	}
	fflush(NULL);
	c->pid = fork();
	if (c->pid == 0) {
		fds[0] = p[0][0], fds[1] = p[1][1], fds[2] = p[2][1];
		fds[STATUS_FD] = p[3][1], fds[CONTROL_FD] = p[4][0];
		arrange(fds, 5);
		monitor(st);
	}
	c->in = p[0][1], c->out = p[1][0], c->err = p[2][0], c->control = p[4][1];
	close(p[0][0]), close(p[1][1]), close(p[2][1]), close(p[3][1]), close(p[4][0]);
	if (c->pid < 0) {
		snprintf(why, SANDBOX_WHY, "cannot fork: %s", strerror(errno));
		close(p[3][0]);
		sandbox_end(c);
		return -1;
	}
	while (n < sizeof(said) - 1 &&
		((r = read(p[3][0], said + n, sizeof(said) - 1 - n)) > 0 || (r < 0 && errno == EINTR)))
		n += r > 0 ? (size_t)r : 0;
	close(p[3][0]);
	said[n] = '\0';
	c->kind = kind_of(st->trial);
	if (!n) {
		c->root = cf_strdup(st->root ? st->root : st->s->project_root);
		c->scratch = cf_steal(&st->scratch);
		return 0;
	}
	snprintf(why, SANDBOX_WHY, "%s", said + 1);
	sandbox_end(c);
	return said[0] == 'S' ? 1 : -1;
}

/* The directories of a copy: root/<name> the tree, home, tmp. */
static int prepare_copy(struct start *st)
{
	const char *name = strrchr(st->s->project_root, '/') + 1;
	cf_autofree char *scratch = cf_tempdir("codeflash-tree");
	cf_autofree char *above = NULL;

	if (!scratch)
		return -1;
	st->scratch = cf_steal(&scratch);
	above = cf_path_join(st->scratch, "root");
	st->root = cf_path_join(above, name);
	st->tmp = cf_path_join(st->scratch, "tmp");
	if (st->trial != TRY_NONE)
		st->home = cf_path_join(st->scratch, "home");
	if (cf_mkdirs(above) < 0 || cf_mkdirs(st->tmp) < 0 || (st->home && cf_mkdirs(st->home) < 0))
		return -1;
	return copy_tree(st->s, st->scratch, st->root);
}

static void start_release(struct start *st)
{
	cf_tempdir_done(cf_steal(&st->scratch));
	free(cf_steal(&st->root));
	free(cf_steal(&st->home));
	free(cf_steal(&st->tmp));
}

static enum trial first_trial(const struct sandbox *s)
{
	/* for tests of what other machines do; names what to fall back to */
	const char *forced = getenv("CODEFLASH_SANDBOX");

	if (s->none)
		return TRY_NONE;
	if (forced && !strcmp(forced, "copy"))
		return TRY_COPY_ISOLATED;
	if (forced && !strcmp(forced, "bare-copy"))
		return TRY_COPY;
	return TRY_OVERLAY;
}

int sandbox_start(const struct sandbox *s, char *const *argv, char *const *env,
	struct sandbox_child *c)
{
	struct start st = {.s = s, .trial = first_trial(s), .argv = argv, .env = env};
	char why[SANDBOX_WHY] = "";
	int bad = 1;

	*c = (struct sandbox_child){.in = -1, .out = -1, .err = -1, .control = -1};
	if (s->project_root[0] != '/')
		return cf_error("the project's root is not an absolute path: %s", s->project_root);
	if (!strcmp(s->project_root, "/"))
		return cf_error("the project's root is /, which cannot be sandboxed; record with a project "
				"file (pyproject.toml, .git) nearer to the code");
	for (;;) {
		if (st.trial != TRY_OVERLAY && prepare_copy(&st) < 0) {
			start_release(&st);
			return -1;
		}
		bad = try_start(&st, c, why);
		start_release(&st);
		if (bad <= 0 || st.trial >= TRY_COPY)
			break;
		st.trial++;
	}
	return bad ? cf_error("%s", why) : 0;
}

enum sandbox_kind sandbox_available(void)
{
	static int known = -1;
	char *argv[] = {"true", NULL}, why[SANDBOX_WHY];
	cf_autofree char *dir = NULL;
	struct sandbox s = {0};
	struct start st = {.s = &s, .argv = argv};
	struct sandbox_child c = {0};

	if (known >= 0)
		return (enum sandbox_kind)known;
	if ((st.trial = first_trial(&s)) != TRY_OVERLAY)
		return (enum sandbox_kind)(known = SANDBOX_COPY);
	dir = cf_tempdir("codeflash-try");
	s.project_root = dir;
	known = dir && try_start(&st, &c, why) == 0 ? SANDBOX_OVERLAY : SANDBOX_COPY;
	if (known == SANDBOX_OVERLAY)
		sandbox_end(&c);
	cf_tempdir_done(cf_steal(&dir));
	return (enum sandbox_kind)known;
}

char *sandbox_path(const struct sandbox *s, const struct sandbox_child *c, const char *path)
{
	cf_autofree char *rel = NULL;

	if (!cf_path_below(path, s->project_root))
		return cf_strdup(path);
	rel = cf_path_relative(path, s->project_root);
	return strcmp(rel, ".") ? cf_path_join(c->root, rel) : cf_strdup(c->root);
}

/* A program that has closed its stdout is about to end by itself: how, is worth knowing. */
static void await_exit(struct sandbox_child *c)
{
	struct pollfd out = {.fd = c->out, .events = POLLIN};
	siginfo_t info = {0};

	if (c->pid < 0 || c->out < 0 || poll(&out, 1, 0) != 1 || out.revents != POLLHUP)
		return;
	for (int ms = 0; ms < 300; ms++) {
		if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid)
			return;
		usleep(1000);
	}
}

int sandbox_end(struct sandbox_child *c)
{
	int *fds[] = {&c->control, &c->in, &c->out, &c->err};
	int status = 0;

	if (c->pid == 0)
		return 0;
	await_exit(c);
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	while (c->pid > 0 && waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
	cf_tempdir_done(cf_steal(&c->scratch));
	free(cf_steal(&c->root));
	return status;
}
