/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's measuring lock: whoever times holds it alone, whoever only loads the machine (a
 * verification) shares it, so that benchmarks are disturbed by nothing of ours. One lock a user.
 */
#ifndef CF_LOCK_H
#define CF_LOCK_H

#include <stdbool.h>

/* Waits for the lock; `waiting` (may be NULL) is called once if it is not free. An fd to close, which
 * lets go; where another user keeps every lock file from us, of no lock, after a warning. -1 after
 * cf_error. Not inherited over exec, gone when the process ends. */
int cf_lock(bool alone, void (*waiting)(void));

#endif
