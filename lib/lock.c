/* SPDX-License-Identifier: Apache-2.0 */
/* flock() on a file of the user's in $XDG_RUNTIME_DIR, or in /tmp where there is none. */
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

int cf_lock(bool alone, void (*waiting)(void))
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	/* not $TMPDIR: two shells with two of those would not see each other's */
	cf_autofree char *path = dir && stat(dir, &st) == 0 && S_ISDIR(st.st_mode)
		? cf_asprintf("%s/codeflash.lock", dir)
		: cf_asprintf("/tmp/codeflash-%ld.lock", (long)geteuid());
	cf_autoclose int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int how = alone ? LOCK_EX : LOCK_SH;

	/* /tmp is everybody's: a file that somebody else put there is not ours to wait for */
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() || !S_ISREG(st.st_mode))
		return cf_error("cannot open the lock file %s: %s", path,
			fd < 0 ? strerror(errno) : "it belongs to somebody else; remove it");
	if (flock(fd, how | LOCK_NB) < 0 && errno == EWOULDBLOCK && waiting)
		waiting();
	while (flock(fd, how) < 0)
		if (errno != EINTR)
			return cf_error("cannot lock %s: %s", path, strerror(errno));
	int locked = fd;

	fd = -1;
	return locked;
}
