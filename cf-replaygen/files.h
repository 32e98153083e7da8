/* SPDX-License-Identifier: Apache-2.0 */
/* Replay tests on disk: ours are recognised, other people's are left alone. */
#ifndef CF_REPLAYGEN_FILES_H
#define CF_REPLAYGEN_FILES_H

#include <stdbool.h>

/* On the first line of every replay test; the second names the trace, relative to the file. */
#define REPLAY_MARKER "codeflash replay test"

/* True if path may be written: there is nothing, or a replay test of this trace. Both absolute. */
bool replay_may_write(const char *path, const char *trace);

/* Removes the replay tests of this trace in dir but those in keep (NULL-terminated, absolute). */
void replay_remove_stale(const char *dir, const char *trace, char *const *keep);

#endif
