/* SPDX-License-Identifier: Apache-2.0 */
/* One-line errors for people, on stderr: "cf-foo: what: which; what to do next". */
#ifndef CF_ERROR_H
#define CF_ERROR_H

#include <stdarg.h>

/* Exit statuses that every stage shares; 128+n means ended by signal n. */
enum cf_exit {
	CF_OK = 0,      /* did its job, whatever the answer */
	CF_NO = 1,      /* only with --exit-code: the answer is no */
	CF_USAGE = 2,   /* usage or bad input */
	CF_PROGRAM = 3, /* the user's program or tests could not be run */
	CF_MISSING = 4, /* something needed is missing; the message says what to install */
};

/* The name errors are prefixed with; argv[0]'s last part. Borrows. */
void cf_set_progname(const char *argv0);
const char *cf_progname(void);

/*
 * Prints "<progname>: <message>\n" and returns -1, so that a caller can `return cf_error(…)`.
 * Control characters in the message (a newline in a file name) are printed escaped: an error is
 * always one line.
 */
int cf_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same line for what does not stop the work; returns nothing to return. */
void cf_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* cf_error, then exit(status). For main and for code with no caller to tell. */
void cf_die(enum cf_exit status, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* Our own mistake, not the user's: prints file and line, then abort(). */
#define CF_BUG(...) cf_bug_at(__FILE__, __LINE__, __VA_ARGS__)
void cf_bug_at(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

#endif
