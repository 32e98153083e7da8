/* SPDX-License-Identifier: Apache-2.0 */
/* The option table: parsing, --help and completion from one place. */
#include "lib/opt.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/error.h"
#include "lib/mem.h"

#ifndef CF_VERSION
#define CF_VERSION "unknown"
#endif

static void __attribute__((noreturn)) finish(void)
{
	if (fflush(stdout) != 0)
		cf_die(CF_USAGE, "cannot write to stdout: %s", strerror(errno));
	exit(CF_OK);
}

static void __attribute__((noreturn)) help(const char *usage, const struct cf_opt *table)
{
	printf("usage: %s\n\n", usage);
	for (const struct cf_opt *o = table; o->name; o++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : " ",
			o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			o->metavar ? " " : "", o->metavar ? o->metavar : "");
		printf("  %-30s %s\n", left, o->help);
	}
	printf("  %-30s %s\n  %-30s %s\n", "-h, --help", "print this and exit", "    --version",
		"print the version and exit");
	printf("\nManual: man %s\n", cf_progname());
	finish();
}

static void __attribute__((noreturn)) complete(const struct cf_opt *table)
{
	for (const struct cf_opt *o = table; o->name; o++)
		printf("--%s%s\t%s\n", o->name, o->kind == CF_FLAG ? "" : "=", o->help);
	printf("--help\tprint this and exit\n--version\tprint the version and exit\n");
	finish();
}

static void set(const struct cf_opt *o, const char *text)
{
	char *end = NULL;

	errno = 0;
	switch (o->kind) {
	case CF_FLAG:
		*(bool *)o->value = true;
		break;
	case CF_STRING:
		*(const char **)o->value = text;
		break;
	case CF_INT: {
		long long v = strtoll(text, &end, 10);

		if (errno || end == text || *end || (double)v < o->min)
			cf_die(CF_USAGE, "--%s takes a whole number from %.0f, not '%s'", o->name, o->min,
				text);
		*(int64_t *)o->value = v;
		break;
	}
	case CF_DOUBLE: {
		double v = strtod(text, &end);

		if (errno || end == text || *end || !isfinite(v) || v < o->min)
			cf_die(CF_USAGE, "--%s takes a number from %g, not '%s'", o->name, o->min, text);
		*(double *)o->value = v;
		break;
	}
	case CF_LIST: {
		struct cf_strings *list = o->value;

		list->v = cf_realloc(list->v, (size_t)list->n + 2, sizeof(*list->v));
		list->v[list->n++] = text;
		list->v[list->n] = NULL;
		break;
	}
	}
}

static const struct cf_opt *find_long(const struct cf_opt *table, const char *name, size_t n)
{
	for (const struct cf_opt *o = table; o->name; o++)
		if (strlen(o->name) == n && !memcmp(o->name, name, n))
			return o;
	cf_die(CF_USAGE, "unknown option '--%.*s'; see %s --help", (int)n, name, cf_progname());
}

static const struct cf_opt *find_short(const struct cf_opt *table, char letter)
{
	for (const struct cf_opt *o = table; o->name; o++)
		if (o->letter && o->letter == letter)
			return o;
	return NULL;
}

/*
 * "-m pytest" is an operand to a tool whose table has no -m: it begins the user's command line. A
 * tool that has operands of that kind says so by listing "-m" in its usage line.
 */
static bool begins_operands(const char *usage, const char *word)
{
	return word[0] == '-' && word[1] && word[1] != '-' && !word[2] && strchr("mc", word[1]) &&
	       strstr(usage, "-m module");
}

/*
 * Whoever started us may have closed 0, 1 or 2, and what we open next must not get such a number. What
 * stands in for it fails as the closed one would, and is closed again in what we start.
 */
static void open_standard_fds(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", (fd ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
}

/* Sets what the word is an option for, and its value where that is the next word. The words used. */
static int take_option(char *const *words, const char *usage, const struct cf_opt *table)
{
	const char *word = words[0];

	if (word[1] == '-') {
		const char *name = word + 2, *eq = strchr(name, '=');
		const struct cf_opt *o;

		if (!strcmp(name, "help"))
			help(usage, table);
		if (!strcmp(name, "complete"))
			complete(table);
		if (!strcmp(name, "version")) {
			printf("%s %s\n", cf_progname(), CF_VERSION);
			finish();
		}
		o = find_long(table, name, eq ? (size_t)(eq - name) : strlen(name));
		if (o->kind == CF_FLAG) {
			if (eq)
				cf_die(CF_USAGE, "--%s takes no value", o->name);
			set(o, NULL);
		} else if (eq) {
			set(o, eq + 1);
		} else if (words[1]) {
			set(o, words[1]);
			return 2;
		} else {
			cf_die(CF_USAGE, "--%s needs a value: --%s %s", o->name, o->name, o->metavar);
		}
		return 1;
	}
	for (const char *p = word + 1; *p; p++) {
		const struct cf_opt *o = find_short(table, *p);

		if (!o && *p == 'h')
			help(usage, table);
		if (!o)
			cf_die(CF_USAGE, "unknown option '-%c'; see %s --help", *p, cf_progname());
		if (o->kind == CF_FLAG) {
			set(o, NULL);
			continue;
		}
		if (p[1]) {
			set(o, p + 1);
			return 1;
		}
		if (!words[1])
			cf_die(CF_USAGE, "-%c needs a value: -%c %s", *p, *p, o->metavar);
		set(o, words[1]);
		return 2;
	}
	return 1;
}

static bool is_option(const char *word, const char *usage, const struct cf_opt *table)
{
	return word[0] == '-' && word[1] &&
	       !(begins_operands(usage, word) && !find_short(table, word[1]));
}

char **cf_getopt(int *argc, char **argv, const char *usage, const struct cf_opt *table)
{
	int i = 1;

	open_standard_fds();
	cf_set_progname(argv[0]);
	while (i < *argc && is_option(argv[i], usage, table)) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		i += take_option(argv + i, usage, table);
	}
	*argc -= i;
	return argv + i;
}

char **cf_getopt_anywhere(int *argc, char **argv, const char *usage, const struct cf_opt *table)
{
	int i = 1, n = 1;

	open_standard_fds();
	cf_set_progname(argv[0]);
	while (i < *argc && strcmp(argv[i], "--")) {
		if (is_option(argv[i], usage, table))
			i += take_option(argv + i, usage, table);
		else
			argv[n++] = argv[i++];
	}
	for (i++; i < *argc; i++)
		argv[n++] = argv[i];
	argv[n] = NULL;
	*argc = n - 1;
	return argv + 1;
}
