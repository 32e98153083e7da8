/* SPDX-License-Identifier: Apache-2.0 */
/* Files, paths, hashes, and temporary directories that go away with the process. */
#include "lib/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sha2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/error.h"
#include "lib/mem.h"

#ifndef CF_LIBEXECDIR
#define CF_LIBEXECDIR "/usr/local/libexec/codeflash"
#endif

int cf_read_fd(int fd, const char *name, struct cf_buf *b)
{
	cf_buf_reset(b);
	for (;;) {
		ssize_t n;

		cf_buf_reserve(b, 65536);
		n = read(fd, b->data + b->len, b->cap - b->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cf_error("cannot read %s: %s", name, strerror(errno));
		if (n == 0)
			break;
		b->len += (size_t)n;
	}
	b->data[b->len] = '\0';
	return 0;
}

int cf_read_file(const char *path, struct cf_buf *b)
{
	cf_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return cf_error("cannot read %s: %s", path, strerror(errno));
	return cf_read_fd(fd, path, b);
}

int cf_write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int cf_write_file(const char *path, const void *data, size_t n)
{
	cf_autofree char *tmp = cf_asprintf("%s.XXXXXX", path);
	mode_t mask = umask(0);
	int fd, saved;

	umask(mask);
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return cf_error("cannot write %s: %s", path, strerror(errno));
	if (cf_write_all(fd, data, n) < 0 || fchmod(fd, 0666 & ~mask) < 0 || fsync(fd) < 0) {
		saved = errno;
		close(fd);
		unlink(tmp);
		return cf_error("cannot write %s: %s", path, strerror(saved));
	}
	if (close(fd) < 0 || rename(tmp, path) < 0) {
		saved = errno;
		unlink(tmp);
		return cf_error("cannot write %s: %s", path, strerror(saved));
	}
	return 0;
}

int cf_mkdirs(const char *path)
{
	cf_autofree char *p = cf_strdup(path);
	struct stat st;

	for (char *s = p + 1; *s; s++) {
		if (*s != '/')
			continue;
		*s = '\0';
		if (mkdir(p, 0777) < 0 && errno != EEXIST && errno != EROFS)
			return cf_error("cannot create %s: %s", p, strerror(errno));
		*s = '/';
	}
	if (mkdir(p, 0777) < 0) {
		int saved = errno;

		if (saved == EEXIST && stat(p, &st) == 0 && S_ISDIR(st.st_mode))
			return 0;
		return cf_error("cannot create %s: %s", path, strerror(saved));
	}
	return 0;
}

static void remove_at(int dirfd, const char *name, dev_t dev)
{
	struct stat st;
	struct dirent *e;
	DIR *d;
	int fd;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (!S_ISDIR(st.st_mode)) {
		unlinkat(dirfd, name, 0);
		return;
	}
	if (st.st_dev != dev)
		return;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && (d = fdopendir(fd))) {
		fchmod(fd, 0700);
		while ((e = readdir(d)))
			if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
				remove_at(fd, e->d_name, dev);
		closedir(d);
	} else if (fd >= 0) {
		close(fd);
	}
	unlinkat(dirfd, name, AT_REMOVEDIR);
}

void cf_remove_tree(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		remove_at(AT_FDCWD, path, st.st_dev);
}

char *cf_path_join(const char *a, const char *b)
{
	size_t n = strlen(a);

	if (b[0] == '/' || !n)
		return cf_strdup(b);
	return cf_asprintf("%s%s%s", a, a[n - 1] == '/' ? "" : "/", b);
}

char *cf_path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return cf_strdup(".");
	return slash == path ? cf_strdup("/") : cf_strndup(path, (size_t)(slash - path));
}

char *cf_path_abs(const char *path)
{
	struct cf_buf b cf_autobuf = CF_BUF_INIT;
	cf_autofree char *whole = NULL, *cwd = NULL;

	if (path[0] != '/') {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			cf_die(CF_USAGE, "the current directory is gone: %s", strerror(errno));
		whole = cf_path_join(cwd, path);
		path = whole;
	}
	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (b.len && b.data[b.len - 1] != '/')
				b.len--;
			if (b.len)
				b.len--;
		} else if (n && !(n == 1 && path[0] == '.')) {
			cf_buf_addc(&b, '/');
			cf_buf_add(&b, path, n);
		}
		path += n;
	}
	if (!b.len)
		cf_buf_addc(&b, '/');
	b.data[b.len] = '\0';
	return cf_buf_detach(&b, NULL);
}

bool cf_path_below(const char *path, const char *root)
{
	size_t n = strlen(root);

	if (n && root[n - 1] == '/')
		n--;
	return !strncmp(path, root, n) && (path[n] == '/' || path[n] == '\0');
}

char *cf_path_relative(const char *path, const char *root)
{
	size_t n = strlen(root);

	if (!cf_path_below(path, root))
		return cf_strdup(path);
	if (n && root[n - 1] == '/')
		n--;
	path += n;
	while (*path == '/')
		path++;
	return cf_strdup(*path ? path : ".");
}

char *cf_state_dir(const char *project_root)
{
	cf_autofree char *dir = cf_path_join(project_root, ".codeflash");
	cf_autofree char *ignore = cf_path_join(dir, ".gitignore");
	struct stat st;

	if (lstat(dir, &st) == 0 && !S_ISDIR(st.st_mode)) {
		cf_error("%s is not a folder%s; move it away", dir,
			S_ISLNK(st.st_mode) ? " but a link, which is not followed" : "");
		return NULL;
	}
	if (cf_mkdirs(dir) < 0)
		return NULL;
	if (access(ignore, F_OK) != 0 && cf_write_file(ignore, "*\n", 2) < 0)
		return NULL;
	return cf_steal(&dir);
}

void cf_sha256_hex(const void *data, size_t n, char out[65])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX c;

	SHA256Init(&c);
	SHA256Update(&c, data, n);
	SHA256Final(digest, &c);
	for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
		sprintf(out + 2 * i, "%02x", digest[i]);
}

const char *cf_libexec(void)
{
	static char *found;
	const char *env = getenv("CODEFLASH_LIBEXEC");
	char exe[PATH_MAX];
	ssize_t n;

	if (env && *env)
		return env;
	if (found)
		return found;
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 0) {
		static const char *const beside[] = {"../libexec", "../libexec/codeflash"};
		cf_autofree char *dir = NULL;

		exe[n] = '\0';
		dir = cf_path_dir(exe);
		for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
			cf_autofree char *joined = cf_path_join(dir, beside[i]);
			cf_autofree char *root = cf_path_abs(joined);
			cf_autofree char *plugins = cf_path_join(root, "plugins");

			if (access(plugins, X_OK) == 0)
				return found = cf_steal(&root);
		}
	}
	return found = cf_strdup(CF_LIBEXECDIR);
}

/* Temporary directories: a fixed table, so that the signal handler can walk it. */
#define MAX_TEMPDIRS 64
static char *volatile tempdirs[MAX_TEMPDIRS];
static pid_t tempdirs_owner;

static void remove_tempdirs(void)
{
	if (getpid() != tempdirs_owner)
		return;
	for (int i = 0; i < MAX_TEMPDIRS; i++) {
		char *dir = tempdirs[i];

		tempdirs[i] = NULL;
		if (dir)
			cf_remove_tree(dir);
	}
}

static void on_signal(int sig)
{
	/*
	 * Not async-signal-safe to the letter (readdir allocates); the process is about to end and
	 * leaving the directory behind is the alternative.
	 */
	remove_tempdirs();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void catch_signals(void)
{
	static const int sigs[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE};
	struct sigaction old, act = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(sigs) / sizeof(*sigs); i++)
		if (sigaction(sigs[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(sigs[i], &act, NULL);
	atexit(remove_tempdirs);
	tempdirs_owner = getpid();
}

char *cf_tempdir(const char *prefix)
{
	const char *base = getenv("TMPDIR");
	cf_autofree char *dir = NULL;

	if (!base || !*base)
		base = "/tmp";
	dir = cf_asprintf("%s/%s-XXXXXX", base, prefix);
	if (tempdirs_owner != getpid())
		catch_signals();
	if (!mkdtemp(dir)) {
		cf_error("cannot create a temporary directory in %s: %s; set TMPDIR", base,
			strerror(errno));
		return NULL;
	}
	for (int i = 0; i < MAX_TEMPDIRS; i++)
		if (!tempdirs[i])
			return tempdirs[i] = cf_steal(&dir);
	CF_BUG("more than %d temporary directories", MAX_TEMPDIRS);
}

void cf_tempdir_done(char *dir)
{
	if (!dir)
		return;
	for (int i = 0; i < MAX_TEMPDIRS; i++)
		if (tempdirs[i] == dir)
			tempdirs[i] = NULL;
	cf_remove_tree(dir);
	free(dir);
}
