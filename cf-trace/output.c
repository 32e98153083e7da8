/* SPDX-License-Identifier: Apache-2.0 */
/* The output file and the directory beside it, on the same file system so that a rename will do. */
#include "cf-trace/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/mem.h"
#include "lib/trace.h"

#define PATH_LONGEST 3500

/* ".<name>.spool-", cut so that a directory of that name fits where the file itself does. */
static char *dir_prefix(const char *path)
{
	const char *slash = strrchr(path, '/');

	return cf_asprintf(".%.200s.spool-", slash + 1);
}

/* True if no living run owns it; the lock is ours then. It appears under its name already locked. */
static bool is_stale(const char *dir, int *lock)
{
	cf_autofree char *path = cf_path_join(dir, "lock");
	struct stat st;

	*lock = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (*lock >= 0)
		return flock(*lock, LOCK_EX | LOCK_NB) == 0;
	return errno == ENOENT && lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_mtime + 60 < time(NULL);
}

static void name_parts(struct output *o)
{
	o->meta = cf_path_join(o->dir, "meta.json");
	o->spool = cf_path_join(o->dir, "spools");
	o->input = cf_path_join(o->dir, "stdin");
}

struct left {
	char *dir;
	struct timespec since;
};

static int by_age(const void *a, const void *b)
{
	const struct timespec *x = &((const struct left *)a)->since,
			      *y = &((const struct left *)b)->since;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

static void visit(const struct output *o, const char *dir,
	void (*fn)(struct output *left, void *arg), void *arg)
{
	struct output left = {.path = cf_strdup(o->path), .dir = cf_strdup(dir), .lock = -1};

	if (is_stale(dir, &left.lock)) {
		name_parts(&left);
		fn(&left, arg);
	}
	output_release(&left);
}

void output_left(const struct output *o, void (*fn)(struct output *left, void *arg), void *arg)
{
	cf_autofree char *parent = cf_path_dir(o->path), *prefix = dir_prefix(o->path);
	cf_autofree struct left *v = NULL;
	size_t n = 0, cap = 0;
	DIR *d = opendir(parent);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct stat st = {0};

		if (strncmp(e->d_name, prefix, strlen(prefix)))
			continue;
		cf_grow(&v, &cap, n + 1, sizeof(*v));
		v[n].dir = cf_path_join(parent, e->d_name);
		lstat(v[n].dir, &st);
		v[n++].since = st.st_mtim;
	}
	if (d)
		closedir(d);
	if (n)
		qsort(v, n, sizeof(*v), by_age);
	for (size_t i = 0; i < n; i++) {
		visit(o, v[i].dir, fn, arg);
		free(v[i].dir);
	}
}

static int check_existing(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : cf_error("cannot write %s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return cf_error(
			"cannot write %s: it is a directory; name a file with --output", path);
	if (S_ISREG(st.st_mode) && (st.st_size == 0 || trace_is(path)))
		return 0;
	return cf_error(
		"%s exists and is not a codeflash trace; name another file with --output", path);
}

static int take_lock(struct output *o)
{
	cf_autofree char *tmp = cf_path_join(o->dir, "lock.new"),
			 *name = cf_path_join(o->dir, "lock");

	o->lock = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (o->lock < 0 || flock(o->lock, LOCK_EX | LOCK_NB) < 0 || rename(tmp, name) < 0)
		return cf_error("cannot lock %s: %s", name, strerror(errno));
	return 0;
}

int output_name(struct output *o, const char *path)
{
	char *real = realpath(path, NULL);

	*o = (struct output){.path = real ? real : cf_path_abs(path), .lock = -1};
	if (!*path || path[strlen(path) - 1] == '/')
		return cf_error("--output needs the name of a file, not '%s'", path);
	if (check_existing(o->path) < 0)
		return -1;
	/* the database in the folder below has a longer one; SQLite's own message names no reason */
	if (strlen(o->path) > PATH_LONGEST)
		return cf_error("cannot write %.60s...: a path of %zu bytes is too long for SQLite; name "
				"another place with --output", o->path, strlen(o->path));
	return 0;
}

int output_open(struct output *o)
{
	cf_autofree char *parent = cf_path_dir(o->path), *prefix = dir_prefix(o->path);

	o->dir = cf_asprintf("%s/%sXXXXXX", strcmp(parent, "/") ? parent : "", prefix);
	if (!mkdtemp(o->dir)) {
		free(cf_steal(&o->dir));
		return cf_error("cannot write %s: %s; name another place with --output", o->path,
			strerror(errno));
	}
	name_parts(o);
	if (mkdir(o->spool, 0700) < 0)
		return cf_error("cannot create %s: %s", o->spool, strerror(errno));
	return take_lock(o);
}

/* A journal left beside an old trace would be played back into the new one. */
static void remove_journals(const char *path)
{
	static const char *const suffixes[] = {"-journal", "-wal", "-shm"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		cf_autofree char *name = cf_asprintf("%s%s", path, suffixes[i]);

		unlink(name);
	}
}

static bool may_be_replaced(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || st.st_size == 0 || trace_is_cut(path);
}

int output_commit(struct output *o, bool whole)
{
	cf_autofree char *db = cf_path_join(o->dir, "trace.db"), *parent = cf_path_dir(o->path);
	cf_autoclose int fd = open(db, O_RDONLY | O_CLOEXEC);
	cf_autoclose int dirfd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mode_t mask = umask(0);

	umask(mask);
	if (fd < 0 || fchmod(fd, 0666 & ~mask) < 0 || fsync(fd) < 0)
		return cf_error("cannot write %s: %s", o->path, strerror(errno));
	if (!whole && (o->aside || !may_be_replaced(o->path))) {
		cf_autofree char *name = o->path;

		o->path = cf_asprintf("%s.cut", name);
	}
	/* Somebody may have put a file there while the program ran. */
	if (check_existing(o->path) < 0)
		return -1;
	remove_journals(o->path);
	if (rename(db, o->path) < 0)
		return cf_error("cannot write %s: %s", o->path, strerror(errno));
	unlink(o->meta);
	if (dirfd >= 0)
		fsync(dirfd);
	return 0;
}

void output_keep(struct output *o)
{
	free(cf_steal(&o->dir));
}

void output_remove(const struct output *o)
{
	cf_autofree char *done = o->dir ? cf_path_join(o->dir, "done") : NULL;

	if (!o->dir)
		return;
	/* What outlives the program may start another process: its spool must not come in between. */
	if (rename(o->spool, done) < 0) {
		/* it was never made */
	}
	cf_remove_tree(o->dir);
}

void output_release(struct output *o)
{
	cf_close_fd(&o->lock);
	free(o->path);
	free(o->dir);
	free(o->meta);
	free(o->spool);
	free(o->input);
}
