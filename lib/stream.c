/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing the stream between stages. */
#include "lib/stream.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/json.h"
#include "lib/mem.h"

static void put(const char *data, size_t n)
{
	if (fwrite(data, 1, n, stdout) != n || fputc('\n', stdout) == EOF || fflush(stdout) != 0)
		cf_die(CF_USAGE, "cannot write to stdout: %s", strerror(errno));
}

void (*cf_stream_pass_line)(const char *line, size_t len) = put;

void cf_stream_write(const json_t *record)
{
	char *line = json_dumps(record, JSON_COMPACT);

	if (!line)
		CF_BUG("a record that cannot be written as JSON");
	put(line, strlen(line));
	free(line);
}

void cf_stream_pass(const struct cf_record *record)
{
	cf_stream_pass_line(record->line, record->len);
}

json_t *cf_stream_record(const char *kind)
{
	char schema[64];

	snprintf(schema, sizeof(schema), "cf/%s/1", kind);
	return json_pack("{s:s}", "schema", schema);
}

/* "cf/<kind>/1" into kind[]; 1 ours, 0 somebody else's schema, -1 ours of another version. */
static int schema_kind(const char *schema, char *kind, size_t size)
{
	const char *slash;

	if (!schema || strncmp(schema, "cf/", 3))
		return 0;
	slash = strrchr(schema + 3, '/');
	if (!slash || (size_t)(slash - schema - 3) >= size)
		return 0;
	memcpy(kind, schema + 3, (size_t)(slash - schema - 3));
	kind[slash - schema - 3] = '\0';
	return strcmp(slash + 1, "1") ? -1 : 1;
}

static void worst(enum cf_exit *status, enum cf_exit other)
{
	if (other > *status)
		*status = other;
}

/* Of a file that is no stream at all every line is wrong. */
#define BAD_LINES_SHOWN 3

static enum cf_exit read_line(char *line, size_t len, const char *source, size_t number,
	size_t *bad, cf_stream_fn *fn, void *arg)
{
	enum cf_exit status = CF_OK, said = CF_OK;
	struct cf_record record = {.line = line, .len = len, .source = source, .number = number};
	json_error_t e;
	json_auto_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, &e);
	char kind[32];
	int ours, done;

	if (!json || !json_is_object(json)) {
		if (++*bad <= BAD_LINES_SHOWN)
			cf_error("%s:%zu: not a record of the stream (%s); passed through", source, number,
				json ? "not a JSON object" : e.text);
		cf_stream_pass_line(line, len);
		return CF_USAGE;
	}
	ours = schema_kind(cf_json_str(json, "schema"), kind, sizeof(kind));
	if (ours < 0) {
		cf_error("%s:%zu: schema %s, this build reads version 1; passed through", source, number,
			cf_json_str(json, "schema"));
		status = CF_USAGE;
	}
	if (ours <= 0) {
		cf_stream_pass_line(line, len);
		return status;
	}
	record.json = json;
	record.kind = kind;
	done = fn(&record, arg, &said);
	if (done < 0)
		worst(&status, said == CF_OK ? CF_USAGE : said);
	else
		worst(&status, said);
	if (done <= 0)
		cf_stream_pass_line(line, len);
	return status;
}

static bool is_utf8(const char *line, size_t len)
{
	json_auto_t *s = json_stringn(line, len);

	return s != NULL;
}

static enum cf_exit read_stream(FILE *f, const char *name, cf_stream_fn *fn, void *arg)
{
	enum cf_exit status = CF_OK;
	cf_autofree char *line = NULL;
	size_t cap = 0, number = 0, bad = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, f)) >= 0) {
		size_t len = (size_t)n, lead = 0;

		number++;
		while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			len--;
		while (lead < len && isspace((unsigned char)line[lead]))
			lead++;
		/* JSON text holds neither. A NUL says that the file is of another kind altogether. */
		if (memchr(line, '\0', len)) {
			cf_error("%s:%zu: not text, so not a stream; left out from there", name, number);
			worst(&status, CF_USAGE);
			break;
		}
		if (!is_utf8(line, len)) {
			cf_error("%s:%zu: not UTF-8, so not a record; left out", name, number);
			worst(&status, CF_USAGE);
			continue;
		}
		if (lead < len)
			worst(&status, read_line(line, len, name, number, &bad, fn, arg));
	}
	if (bad > BAD_LINES_SHOWN)
		cf_error("%s: %zu more lines are no records; passed through", name, bad - BAD_LINES_SHOWN);
	if (ferror(f)) {
		cf_error("cannot read %s: %s", name, strerror(errno));
		worst(&status, CF_USAGE);
	}
	return status;
}

enum cf_exit cf_stream_read(char *const *argv, cf_stream_fn *fn, void *arg)
{
	enum cf_exit status = CF_OK;

	if (!argv || !argv[0])
		return read_stream(stdin, "stdin", fn, arg);
	for (; *argv; argv++) {
		cf_autofclose FILE *f = NULL;

		if (!strcmp(*argv, "-")) {
			worst(&status, read_stream(stdin, "stdin", fn, arg));
			continue;
		}
		f = fopen(*argv, "re");
		if (!f) {
			cf_error("cannot read %s: %s", *argv, strerror(errno));
			worst(&status, CF_USAGE);
			continue;
		}
		worst(&status, read_stream(f, *argv, fn, arg));
	}
	return status;
}

static int shard_parse(const char *spec, unsigned long *i, unsigned long *n)
{
	char *end;

	if (!isdigit((unsigned char)spec[0]))
		return -1;
	*i = strtoul(spec, &end, 10);
	if (*end != '/' || !isdigit((unsigned char)end[1]))
		return -1;
	*n = strtoul(end + 1, &end, 10);
	return *end || *i < 1 || *i > *n ? -1 : 0;
}

int cf_shard_check(const char *spec)
{
	unsigned long i, n;

	if (spec && shard_parse(spec, &i, &n) < 0)
		return cf_error("--shard takes I/N with I from 1 to N, not '%s'", spec);
	return 0;
}

bool cf_shard_owns(const char *spec, const char *key)
{
	unsigned long i, n;
	uint64_t h = 14695981039346656037u; /* FNV-1a: stable across builds and machines */

	if (!spec || shard_parse(spec, &i, &n) < 0)
		return true;
	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211u;
	h ^= h >> 32;
	return h % n == i - 1;
}
