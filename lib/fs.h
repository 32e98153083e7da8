/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole reads, atomic writes, paths, content hashes, and temp dirs that go away. */
#ifndef CF_FS_H
#define CF_FS_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/buf.h"

/* Reads the whole file into b (replacing what it held). 0, or -1 after cf_error. */
int cf_read_file(const char *path, struct cf_buf *b);
int cf_read_fd(int fd, const char *name, struct cf_buf *b);

/* Writes to a temporary beside path, fsyncs, renames over it. 0, or -1 after cf_error. */
int cf_write_file(const char *path, const void *data, size_t n);

/* Writes all n bytes, restarting on EINTR. 0, or -1 with errno. */
int cf_write_all(int fd, const void *data, size_t n);

/* mkdir -p. 0, or -1 after cf_error. */
int cf_mkdirs(const char *path);

/* rm -rf that never follows a symbolic link or crosses into another file system. Quiet. */
void cf_remove_tree(const char *path);

/* All return new. cf_path_join keeps `b` when it is absolute. */
char *cf_path_join(const char *a, const char *b);
char *cf_path_dir(const char *path);
/* Absolute and free of "." and ".." by name; symbolic links stay. */
char *cf_path_abs(const char *path);
/* path as seen from root when it is below it, else path itself. Both absolute. */
char *cf_path_relative(const char *path, const char *root);
/* True when path (absolute, normalised) is root or below it. */
bool cf_path_below(const char *path, const char *root);

/* Makes <project_root>/.codeflash, which git ignores by itself. Returns new; NULL after cf_error. */
char *cf_state_dir(const char *project_root);

/* Hex SHA-256 of the bytes into out[65]. */
void cf_sha256_hex(const void *data, size_t n, char out[65]);

/*
 * A new directory under $TMPDIR (or /tmp), removed at exit and on SIGHUP, SIGINT, SIGTERM and
 * SIGPIPE. NULL after cf_error. Returns new; cf_tempdir_done removes it now and frees.
 */
char *cf_tempdir(const char *prefix);
void cf_tempdir_done(char *dir);

/* $NAME's directories: where this build keeps plugins ("plugins") and data; see fs.c. Borrows. */
const char *cf_libexec(void);

#endif
