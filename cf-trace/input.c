/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input: what it is, and a copy of what a pipe gives. */
#include "cf-trace/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"

/* The path of the file behind fd 0, if it is still there under that name. Returns new, or NULL. */
static char *path_of_stdin(const struct stat *st)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/fd/0", path, sizeof(path) - 1);
	struct stat now;

	if (n <= 0 || n == sizeof(path) - 1)
		return NULL;
	path[n] = '\0';
	if (stat(path, &now) < 0 || now.st_dev != st->st_dev || now.st_ino != st->st_ino)
		return NULL;
	return cf_strdup(path);
}

json_t *input_describe(void)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st) == 0 && S_ISFIFO(st.st_mode))
		return json_pack("{s:s}", "kind", "pipe");
	if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode)) {
		cf_autofree char *path = path_of_stdin(&st);
		off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);

		if (path && at >= 0)
			return json_pack("{s:s, s:o, s:I, s:I, s:I}", "kind", "file", "path",
				cf_json_text(path, strlen(path)), "offset", (json_int_t)at, "size",
				(json_int_t)st.st_size, "mtime_ns",
				(json_int_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
	}
	return json_pack("{s:s}", "kind", "none");
}

/* Whatever else was open is not ours to hold: pipes whose other ends wait for our death. */
static void close_others(int a, int b)
{
	long most = sysconf(_SC_OPEN_MAX);

	for (int fd = STDERR_FILENO + 1; fd < (most > 0 && most < 65536 ? most : 65536); fd++)
		if (fd != a && fd != b)
			close(fd);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
}

static void __attribute__((noreturn)) copy(int out, int file)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE};
	static char chunk[65536];
	size_t kept = 0;

	/* what is typed at the terminal is meant for the program, which may go on reading */
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	close_others(out, file);
	for (;;) {
		struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = out}};
		ssize_t n;

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents) /* nobody reads any more */
			_exit(0);
		n = read(STDIN_FILENO, chunk, sizeof(chunk));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			_exit(0);
		/* one byte over the limit says that there was more */
		if (kept <= INPUT_MAX) {
			size_t room = INPUT_MAX + 1 - kept, part = (size_t)n < room ? (size_t)n : room;

			kept += part;
			if (cf_write_all(file, chunk, part) < 0) {
				kept = INPUT_MAX + 1;
				if (ftruncate(file, (off_t)kept) < 0)
					_exit(0); /* never: it takes no space */
			}
		}
		if (cf_write_all(out, chunk, (size_t)n) < 0)
			_exit(0);
	}
}

int input_copy(const char *file)
{
	struct stat st;
	int ends[2], kept;
	pid_t pid;

	if (fstat(STDIN_FILENO, &st) < 0 || !S_ISFIFO(st.st_mode) || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	kept = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	pid = kept < 0 ? -1 : fork();
	if (pid == 0) {
		close(ends[0]);
		copy(ends[1], kept);
	}
	close(ends[1]);
	cf_close_fd(&kept);
	if (pid > 0)
		return ends[0];
	close(ends[0]);
	return -1;
}
