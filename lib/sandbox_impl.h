/* SPDX-License-Identifier: Apache-2.0 */
/* Between lib/sandbox.c, which is portable, and lib/sandbox_linux.c, which is not. */
#ifndef CF_SANDBOX_IMPL_H
#define CF_SANDBOX_IMPL_H

#include <time.h>
#include "lib/sandbox.h"

/*
 * All of these run in the child between fork and exec and may fail for reasons that only the copy
 * cures; they return -1 with the reason in why[] and leave errors unreported.
 */
#define SANDBOX_WHY 256

/* Leaves our namespaces: what is had afterwards, or -1. */
enum { SANDBOX_GOT_PID = 1, SANDBOX_GOT_NET = 2 };
int sandbox_os_unshare(const struct sandbox *s, char *why);

/* As pid 1 of the new pid namespace: mounts, the overlays with the candidate's files, devices. */
int sandbox_os_mount(const struct sandbox *s, char **home, char **tmp, char *why);

/* As pid 1 of a copy: what of the above can be had without owning the mounts. */
void sandbox_os_mount_least(void);

/*
 * Gives up every privilege for good. In a copy also what writing and network access can be given up
 * without namespaces: only below `scratch` may be written.
 */
int sandbox_os_drop(
	const struct sandbox *s, enum sandbox_kind kind, int got, const char *scratch, char *why);

/* Orphans come to this process; kills every process below this one. */
void sandbox_os_adopt(void);
void sandbox_os_kill_below(void);
/* How many processes live in this process's pid namespace; 0 where that cannot be told. */
int sandbox_os_processes(void);
/* This process is killed when its parent ends. */
void sandbox_os_die_with_parent(void);
/* Closes every fd from `first` on, or marks them to be closed on exec. */
void sandbox_os_close_from(int first, bool on_exec);

/*
 * The modification time of a candidate's file, made from its content: a language's compiled copy of
 * the original, which carries the original's time, is then never taken for the candidate's.
 */
time_t sandbox_mtime(const char *data, size_t n);

#endif
