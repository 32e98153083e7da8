/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flock() on a file of the user's in $XDG_RUNTIME_DIR, in /run/user, or in /tmp where there is neither.
 * /tmp is everybody's: a file that somebody else put there, or could open, is passed over for the next
 * name, so that nobody else can hold the lock. Where no name is left the work goes on without one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/error.h"
#include "lib/lock.h"
#include "lib/mem.h"

#define NAMES 100 /* in /tmp: all runs of a user try them in the same order */

/* An fd of a lock file that only this user can open; -1 where the path is anything else. */
static int open_own(const char *path)
{
	cf_autoclose int fd =
		open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;
	int own = -1;

	/* a second link may be of a file that others can open */
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
		!(st.st_mode & 077) && st.st_nlink == 1) {
		own = fd;
		fd = -1;
	}
	return own;
}

static int open_in(const char *dir)
{
	cf_autofree char *path = cf_asprintf("%s/codeflash.lock", dir);
	struct stat st;

	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
		(st.st_mode & 022))
		return -1;
	return open_own(path);
}

static int open_lock(void)
{
	long uid = (long)geteuid();
	cf_autofree char *run = cf_asprintf("/run/user/%ld", uid);
	const char *dir = getenv("XDG_RUNTIME_DIR");
	int fd = dir ? open_in(dir) : -1;

	if (fd < 0)
		fd = open_in(run);
	/* not $TMPDIR: two shells with two of those would not see each other's */
	for (int i = 0; fd < 0 && i < NAMES; i++) {
		cf_autofree char *path = i ? cf_asprintf("/tmp/codeflash-%ld-%d.lock", uid, i)
					   : cf_asprintf("/tmp/codeflash-%ld.lock", uid);

		fd = open_own(path);
	}
	return fd;
}

int cf_lock(bool alone, void (*waiting)(void))
{
	static bool said;
	cf_autoclose int fd = open_lock();
	int how = alone ? LOCK_EX : LOCK_SH, locked;

	if (fd < 0) {
		if (!said)
			cf_warn("no lock file of our own in /tmp; going on without, so run nothing else "
				"beside it, or set XDG_RUNTIME_DIR");
		said = true;
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	if (flock(fd, how | LOCK_NB) < 0 && errno == EWOULDBLOCK && waiting)
		waiting();
	while (flock(fd, how) < 0)
		if (errno != EINTR)
			return cf_error("cannot lock a file for measuring: %s", strerror(errno));
	locked = fd;
	fd = -1;
	return locked;
}
