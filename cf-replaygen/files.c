/* SPDX-License-Identifier: Apache-2.0 */
/* Replay tests on disk: ours are recognised, other people's are left alone. */
#include "cf-replaygen/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/fs.h"
#include "lib/mem.h"

#define HEAD 16384 /* holds two lines, one of them a path */

/* True if the file is a replay test of the trace. */
static bool is_ours(const char *path, const char *trace)
{
	static const char names[] = "trace: ";
	cf_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	cf_autofree char *head = cf_malloc(HEAD + 1), *dir = cf_path_dir(path);
	cf_autofree char *joined = NULL, *abs = NULL;
	char *second, *name;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	n = read(fd, head, HEAD);
	if (n <= 0)
		return false;
	head[n] = '\0';
	second = strchr(head, '\n');
	if (!second)
		return false;
	*second++ = '\0';
	second[strcspn(second, "\n")] = '\0';
	name = strstr(second, names);
	if (!strstr(head, REPLAY_MARKER) || !name)
		return false;
	joined = cf_path_join(dir, name + strlen(names));
	abs = cf_path_abs(joined);
	return !strcmp(abs, trace);
}

bool replay_may_write(const char *path, const char *trace)
{
	struct stat st;

	return lstat(path, &st) < 0 || is_ours(path, trace);
}

static bool listed(const char *path, char *const *list)
{
	for (; *list; list++)
		if (!strcmp(*list, path))
			return true;
	return false;
}

void replay_remove_stale(const char *dir, const char *trace, char *const *keep)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		cf_autofree char *path = cf_path_join(dir, e->d_name);

		if (!listed(path, keep) && is_ours(path, trace))
			unlink(path);
	}
	if (d)
		closedir(d);
}
