/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where code under test runs: the user's tree with candidate files laid over it, no network but its
 * own loopback, writes caught in a scratch layer, limits. On Linux a private mount, pid and network
 * namespace; elsewhere, or where the kernel refuses, a copy of the tree with what isolation there
 * is to be had (`kind` says so and verdicts carry it).
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
	const char *project_root;      /* absolute */
	const char *cwd;               /* absolute; below project_root or NULL for project_root */
	const struct overlay_file *files;
	int nfiles;
	const char *const *hide;       /* absolute paths the code must not see; NULL-terminated or NULL.
	                                  project_root/.codeflash always is one */
	bool allow_network, none;      /* none: --no-sandbox; with files it runs in a copy of the tree */
	size_t memory_max;             /* bytes of address space; 0: a default of 8 GiB */
	double cpu_s;                  /* 0: 300 */
};

struct sandbox_child {
	pid_t pid;       /* watches over the program and everything the program started */
	int in, out;     /* our ends of its stdin and stdout */
	int err;         /* our end of its stderr; must be read or closed */
	enum sandbox_kind kind;
	char *root;      /* project_root as the program sees it: elsewhere in a copy */
	char *scratch;   /* the copy to remove, or NULL */
	int control;     /* closing it, by whatever end of ours, ends the program */
};

/* What this machine gives, found out once by trying. */
enum sandbox_kind sandbox_available(void);
const char *sandbox_name(enum sandbox_kind kind); /* "overlay", "copy", "none" */

/*
 * Starts argv (NULL-terminated; argv[0] absolute or in PATH) with `env` additions ("K=V", NULL-
 * terminated, may be NULL); returns when it is executing. 0, or -1 after cf_error. The program and
 * all it started die with us, whatever ends us.
 */
int sandbox_start(const struct sandbox *s, char *const *argv, char *const *env,
	struct sandbox_child *c);

/* path (absolute) as the program sees it: other only for what is in the copied tree. Returns new. */
char *sandbox_path(const struct sandbox *s, const struct sandbox_child *c, const char *path);

/*
 * Kills what is left of it, reaps, closes, removes the scratch. Returns the program's wait status,
 * SIGKILL's when it had to be killed. A zeroed child, or one ended already, is left alone (returns 0).
 */
int sandbox_end(struct sandbox_child *c);

#endif
