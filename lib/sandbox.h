/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where code under test runs: the user's tree with candidate files laid over it, no network but its
 * own loopback, writes caught in a scratch layer, limits. On Linux a private mount, pid and network
 * namespace; elsewhere, or where the kernel refuses, a copy of the tree (no isolation then beyond
 * limits; `kind` says so and verdicts carry it).
 */
#ifndef CF_SANDBOX_H
#define CF_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum sandbox_kind { SANDBOX_OVERLAY, SANDBOX_COPY, SANDBOX_NONE };

struct overlay_file {
	const char *path; /* relative to project_root */
	const char *data;
	size_t n;
};

struct sandbox {
	const char *project_root;
	const char *cwd;               /* absolute; below project_root or NULL for project_root */
	const struct overlay_file *files;
	int nfiles;
	bool allow_network, none;      /* none: --no-sandbox (files then need SANDBOX_COPY) */
	size_t memory_max;             /* bytes of address space; 0: a default of 8 GiB */
	double cpu_s;                  /* 0: 300 */
};

struct sandbox_child {
	pid_t pid;       /* its own process group; killed with everything in it */
	int in, out;     /* our ends of its stdin and stdout */
	int err;         /* our end of its stderr, or -1 */
	enum sandbox_kind kind;
	char *scratch;   /* the copy to remove, or NULL */
};

/* What this machine gives, found out once by trying. */
enum sandbox_kind sandbox_available(void);
const char *sandbox_name(enum sandbox_kind kind); /* "overlay", "copy", "none" */

/*
 * Starts argv (NULL-terminated; argv[0] absolute or in PATH) with `env` additions ("K=V", NULL-
 * terminated, may be NULL). 0, or -1 after cf_error. The child dies with us, whatever kills us.
 */
int sandbox_start(const struct sandbox *s, char *const *argv, char *const *env,
	struct sandbox_child *c);

/* Kills what is left of it, reaps, closes, removes the scratch. Returns the wait status. */
int sandbox_end(struct sandbox_child *c);

#endif
