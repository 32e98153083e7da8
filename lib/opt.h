/* SPDX-License-Identifier: Apache-2.0 */
/* The option table: parsing, --help and completion come from one place, so they cannot drift. */
#ifndef CF_OPT_H
#define CF_OPT_H

#include <stdbool.h>
#include <stdint.h>

enum cf_opt_kind {
	CF_FLAG,   /* bool *: set to true */
	CF_STRING, /* const char **: the text, borrowed from argv */
	CF_INT,    /* int64_t *: a whole number, >= min */
	CF_DOUBLE, /* double *: a number, >= min */
	CF_LIST,   /* struct cf_strings *: repeatable, borrowed from argv */
};

struct cf_strings {
	const char **v; /* NULL-terminated once non-empty */
	int n;
};

struct cf_opt {
	char letter;         /* 0: no short form */
	const char *name;    /* NULL ends the table */
	const char *metavar; /* what --help calls the value; NULL for flags */
	enum cf_opt_kind kind;
	void *value;
	const char *help;
	double min;
};

/*
 * Parses options up to the first operand or "--" and never beyond it: what follows belongs to the
 * user's program. Returns argv advanced to the first operand and sets *argc to what is left.
 * --help and --version print on stdout and exit 0; a mistake prints one line and exits CF_USAGE.
 * `usage` is the synopsis, e.g. "cf-rank [options] [stream ...]". `--complete` (undocumented, used
 * by completions/) prints one option a line.
 */
char **cf_getopt(int *argc, char **argv, const char *usage, const struct cf_opt *table);

/*
 * The same where operands are files: options may stand between and behind them, up to "--". Moves the
 * operands to the front of argv.
 */
char **cf_getopt_anywhere(int *argc, char **argv, const char *usage, const struct cf_opt *table);

#endif
