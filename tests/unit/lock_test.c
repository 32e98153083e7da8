/* SPDX-License-Identifier: Apache-2.0 */
/* The lock without $XDG_RUNTIME_DIR: what another user may have put into /tmp, as far as one can play it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/lock.h"

static int failed;
static bool waited;

static void check(bool ok, const char *what)
{
	if (!ok)
		printf("FAIL %s\n", what), failed++;
}

static void waiting(void)
{
	waited = true;
}

/* Where fd's file is. */
static const char *place(int fd, char path[4096])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, 4095);
	path[n < 0 ? 0 : n] = '\0';
	return path;
}

int main(void)
{
	char dir[] = "/tmp/cf-lock-XXXXXX", own[64], target[64], path[4096];
	struct stat st;
	int a, b;

	if (!mkdtemp(dir))
		return 1;
	snprintf(own, sizeof(own), "%s/codeflash.lock", dir);
	snprintf(target, sizeof(target), "%s/target", dir);

	setenv("XDG_RUNTIME_DIR", dir, 1);
	a = cf_lock(false, NULL);
	b = cf_lock(false, waiting);
	check(a >= 0 && b >= 0 && !waited, "two share it");
	check(!strcmp(place(a, path), own), "it is in XDG_RUNTIME_DIR");
	close(b);
	b = open(own, O_RDWR);
	check(flock(b, LOCK_EX | LOCK_NB) < 0, "a shared one keeps others from having it alone");
	close(b);
	close(a);

	/* a link is not followed, and a file that others could hold is not taken */
	unlink(own);
	check(symlink(target, own) == 0, "symlink");
	a = cf_lock(true, NULL);
	check(a >= 0 && strcmp(place(a, path), target) && lstat(target, &st) < 0, "no link is followed");
	close(a);
	unlink(own);
	close(open(own, O_RDWR | O_CREAT, 0600));
	check(chmod(own, 0644) == 0, "chmod");
	a = cf_lock(true, NULL);
	check(a >= 0 && strcmp(place(a, path), own), "a file that others can open is passed over");
	close(a);

	/* a folder that others can write to is nobody's runtime folder */
	unlink(own);
	check(chmod(dir, 0777) == 0, "chmod");
	a = cf_lock(true, NULL);
	check(a >= 0 && lstat(own, &st) < 0, "a folder of everybody's is passed over");
	close(a);

	rmdir(dir);
	if (!failed)
		printf("lock: ok\n");
	return failed != 0;
}
