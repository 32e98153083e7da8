/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program reads from its standard input, kept so that the whole program can be run again on
 * the same. A file is named; what comes through a pipe is copied on its way. Terminals, devices and
 * sockets are left alone.
 */
#ifndef CF_TRACE_INPUT_H
#define CF_TRACE_INPUT_H

#include <jansson.h>
#include <stddef.h>

/* More than this of a pipe is passed on and not kept. */
#define INPUT_MAX ((size_t)32 << 20)

/* {"kind": "file", "path", "offset", "size", "mtime_ns"}, {"kind": "pipe"} or {"kind": "none"}.
 * Returns new. */
json_t *input_describe(void);

/*
 * Where standard input is a pipe: starts a process that passes it on and writes it to `file` too. The
 * process ends when there is no more to read or nobody left who reads, also when we are gone before
 * that. Returns the program's end, -1 when the program can have our stdin as it is.
 */
int input_copy(const char *file);

#endif
