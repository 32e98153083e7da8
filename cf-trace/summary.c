/* SPDX-License-Identifier: Apache-2.0 */
/* What a finished trace holds, told to a person on stderr. */
#include "cf-trace/summary.h"

#include <string.h>
#include <sys/stat.h>
#include "lib/buf.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"

#define COSTLIEST "8"

/* 1234567 as "1 234 567"; which of a few static buffers holds it changes from call to call. */
static const char *grouped(int64_t n)
{
	static char bufs[8][32];
	static int turn;
	char digits[24], *out = bufs[turn++ % 8], *p = out;
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)n);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0 && digits[i - 1] != '-')
			*p++ = ' ';
		*p++ = digits[i];
	}
	*p = '\0';
	return out;
}

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

/* Printable: control characters of names do not reach the terminal. */
static void put_name(const char *s)
{
	for (; *s; s++)
		fputc((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s, stderr);
}

struct costliest {
	int64_t profiled;
	int rows;
};

static int costliest_row(sqlite3_stmt *row, void *arg)
{
	struct costliest *c = arg;
	double all = (double)c->profiled / 100;

	if (!c->rows++)
		fprintf(stderr, "     own   total         calls  function\n");
	fprintf(stderr, "  %5.1f%%  %5.1f%%  %12s  ", (double)sqlite3_column_int64(row, 0) / all,
		(double)sqlite3_column_int64(row, 1) / all, grouped(sqlite3_column_int64(row, 2)));
	put_name((const char *)sqlite3_column_text(row, 3));
	fputc(' ', stderr);
	put_name((const char *)sqlite3_column_text(row, 4));
	fputs(sqlite3_column_int(row, 5) ? "  (no input kept)\n" : "\n", stderr);
	return 0;
}

static int number_row(sqlite3_stmt *row, void *arg)
{
	*(int64_t *)arg = sqlite3_column_int64(row, 0);
	return 0;
}

static void print_end(const struct trace *t, const json_t *o)
{
	const json_t *status = json_object_get(o, "exit_status"),
		     *sig = json_object_get(o, "signal");

	if (!t->complete)
		fprintf(stderr, ", cut short: cf-trace was killed");
	else if (json_is_true(json_object_get(o, "timed_out")))
		fprintf(stderr, ", ended by --timeout");
	else if (json_is_integer(sig))
		fprintf(stderr, ", killed by signal %d (%s)", (int)json_integer_value(sig),
			strsignal((int)json_integer_value(sig)));
	else if (json_integer_value(status))
		fprintf(stderr, ", exit status %d", (int)json_integer_value(status));
}

static void print_lost(const json_t *lost)
{
	const char *reason;
	json_t *n;
	int shown = 0;

	json_object_foreach((json_t *)lost, reason, n)
	{
		if (!shown)
			fprintf(stderr, "not kept:\n");
		if (shown++ == 10) {
			fprintf(stderr, "  ... and %zu more reasons\n",
				json_object_size(lost) - 10);
			break;
		}
		fprintf(stderr, "  %14s  ", grouped(json_integer_value(n)));
		put_name(reason);
		fputc('\n', stderr);
	}
}

/* Quoted for a shell where it needs that. */
static void put_word(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_./-+=:,@%";

	if (*s && strspn(s, plain) == strlen(s)) {
		fputs(s, stderr);
		return;
	}
	fputc('\'', stderr);
	for (; *s; s++)
		if (*s == '\'')
			fputs("'\\''", stderr);
		else
			fputc((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s, stderr);
	fputc('\'', stderr);
}

int summary_print(struct trace *t, const json_t *o)
{
	int64_t processes = 0, functions = cf_json_int(o, "functions", 0);
	struct costliest c = {0};
	cf_autofree char *cwd = cf_path_abs("."), *path = cf_path_relative(t->path, cwd);
	struct stat st = {0};

	if (trace_query(t, "SELECT count(*) FROM process", number_row, &processes) < 0 ||
		trace_query(t, "SELECT cast(total(own_ns) AS INTEGER) FROM profile", number_row,
			&c.profiled) < 0)
		return -1;
	fprintf(stderr, "cf-trace: ");
	if (t->complete)
		fprintf(stderr, "%.2f s, ", (double)cf_json_int(o, "wall_ns", 0) / 1e9);
	fprintf(stderr, "%s process%s", grouped(processes), processes == 1 ? "" : "es");
	print_end(t, o);
	fprintf(stderr, "\n%s function%s called %s time%s, %s call%s captured\n",
		grouped(functions), plural(functions), grouped(cf_json_int(o, "calls", 0)),
		plural(cf_json_int(o, "calls", 0)), grouped(cf_json_int(o, "captured", 0)),
		plural(cf_json_int(o, "captured", 0)));
	if (c.profiled && trace_query(t,
				  "SELECT own_ns, total_ns, calls, file, qualname, kind <> 'module' AND"
				  " NOT EXISTS (SELECT 1 FROM call c WHERE c.function = f.id) FROM profile"
				  " JOIN function f ON f.id = function WHERE own_ns > 0"
				  " ORDER BY own_ns DESC, f.id LIMIT " COSTLIEST,
				  costliest_row, &c) < 0)
		return -1;
	print_lost(json_object_get(o, "lost"));
	if (trace_had_no_room(o))
		fprintf(stderr, "there was no room for all of it: make some and record it again\n");
	stat(t->path, &st);
	fprintf(stderr, "trace: ");
	put_word(path);
	fprintf(stderr, " (%.1f MB); ", (double)st.st_size / 1e6);
	if (!cf_json_int(o, "captured", 0)) {
		fprintf(stderr, "it has no call to replay\n");
		return 0;
	}
	fprintf(stderr, "next: cf-replaygen ");
	put_word(path);
	fprintf(stderr, " | cf-rank\n");
	return 0;
}
