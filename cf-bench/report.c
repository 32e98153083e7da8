/* SPDX-License-Identifier: Apache-2.0 */
/* What a measurement says, in one screen on stderr. */
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cf-bench/bench.h"
#include "lib/json.h"
#include "lib/mem.h"

#define BINS 7
#define BAR 40 /* characters */
#define ROWS 6

/* Nanoseconds as people read them. */
static const char *span(double ns, char out[32])
{
	if (ns < 1e3)
		snprintf(out, 32, "%.0f ns", ns);
	else if (ns < 1e6)
		snprintf(out, 32, "%.3g us", ns / 1e3);
	else if (ns < 1e9)
		snprintf(out, 32, "%.3g ms", ns / 1e6);
	else
		snprintf(out, 32, "%.3g s", ns / 1e9);
	return out;
}

/* Names come from the user's files: control characters would move the terminal's cursor. */
static void put_text(const char *s)
{
	for (; s && *s; s++)
		fputc((unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s, stderr);
}

static double cell(const json_t *row, size_t i)
{
	return json_number_value(json_array_get(row, i));
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* What stderr can show. */
struct screen {
	bool blocks, colours;
};

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

/* A terminal and not the log of a build, which some of these run in a terminal of their own. */
static struct screen look_at_screen(void)
{
	const char *term = getenv("TERM");
	bool terminal = isatty(STDERR_FILENO) && !is_set("CI") && term && strcmp(term, "dumb");
	locale_t l = terminal ? newlocale(LC_CTYPE_MASK, "", (locale_t)0) : (locale_t)0;
	struct screen s = {.blocks = l && !strcmp(nl_langinfo_l(CODESET, l), "UTF-8"),
		.colours = terminal && !is_set("NO_COLOR")};

	if (l)
		freelocale(l);
	return s;
}

/* A bar of so many of BAR characters' eighths. */
static void bar(const struct screen *screen, int eighths)
{
	for (int full = screen->blocks ? eighths / 8 : (eighths + 7) / 8; full > 0; full--)
		fputs(screen->blocks ? "\u2588" : "#", stderr);
	if (screen->blocks && eighths % 8)
		fprintf(stderr, "\xe2\x96%c", 0x90 - eighths % 8); /* U+258F is one eighth */
}

/* Ratios of the pairs; the outermost bins hold what lies beyond the 5th and 95th percentile. */
static void histogram(const struct screen *screen, const json_t *raw)
{
	size_t n = json_array_size(raw);
	cf_autofree double *x = cf_calloc(n ? n : 1, sizeof(double));
	int count[BINS] = {0}, most = 1;

	if (n < 3)
		return;
	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_array_get(raw, i);

		x[i] = sqrt(cell(row, 4) * cell(row, 5)) / cell(row, 6);
	}
	qsort(x, n, sizeof(*x), by_value);
	double low = x[n / 20], high = x[n - 1 - n / 20], width = (high - low) / BINS;

	if (!(width > 0))
		return;
	for (size_t i = 0; i < n; i++) {
		double at = (x[i] - low) / width;
		int bin = at < 0 ? 0 : at >= BINS ? BINS - 1 : (int)at;

		if (++count[bin] > most)
			most = count[bin];
	}
	fputs("    original / candidate, by pairs\n", stderr);
	for (int b = 0; b < BINS; b++) {
		fprintf(stderr, "    %7.3f ", low + (b + 0.5) * width);
		bar(screen, (int)ceil((double)count[b] * BAR * 8 / most));
		fprintf(stderr, " %d\n", count[b]);
	}
}

struct row {
	const json_t *input;
	double share;
};

static int by_share(const void *a, const void *b)
{
	return by_value(&((const struct row *)b)->share, &((const struct row *)a)->share);
}

/* The inputs that the function spends most on. */
static void inputs(const json_t *list)
{
	size_t n = json_array_size(list);
	cf_autofree struct row *rows = cf_calloc(n ? n : 1, sizeof(*rows));
	double all = 0;

	for (size_t i = 0; i < n; i++) {
		const json_t *in = json_array_get(list, i);

		rows[i].input = in;
		rows[i].share =
			cf_json_real(in, "weight", 0) * cf_json_real(in, "original_ns", 0);
		all += rows[i].share;
	}
	qsort(rows, n, sizeof(*rows), by_share);
	fprintf(stderr, "    %8s %7s %6s  %10s %10s  %s\n", "call", "weight", "share", "original",
		"candidate", "ratio");
	for (size_t i = 0; i < n && i < ROWS; i++) {
		const json_t *in = rows[i].input;
		char a[32], b[32];

		fprintf(stderr, "    %8lld %7lld %5.1f%%  %10s %10s  %.3f (%.3f to %.3f)\n",
			(long long)cf_json_int(in, "call", 0), (long long)cf_json_int(in, "weight", 0),
			all > 0 ? rows[i].share / all * 100 : 0,
			span(cf_json_real(in, "original_ns", 0), a),
			span(cf_json_real(in, "candidate_ns", 0), b), cf_json_real(in, "speedup", 0),
			cf_json_real(in, "low", 0), cf_json_real(in, "high", 0));
	}
	if (n > ROWS)
		fprintf(stderr, "    ... and %zu more\n", n - ROWS);
}

static void heading(const json_t *candidate)
{
	const json_t *target = json_object_get(candidate, "target");
	const char *name = cf_json_str(target, "name"), *file = cf_json_str(target, "file");
	const char *origin = cf_json_str(candidate, "origin");

	put_text(name ? name : "?");
	fputs(" (", stderr);
	put_text(file ? file : "?");
	fputs("), ", stderr);
	put_text(origin ? origin : "?");
	fputs(": ", stderr);
}

void bench_report(const json_t *candidate, const json_t *m)
{
	const char *decision = cf_json_str(m, "decision"), *reason = cf_json_str(m, "reason");
	const json_t *floor = json_object_get(m, "floor"), *memory = json_object_get(m, "memory");
	const json_t *counted = json_object_get(m, "inputs"), *fresh = json_object_get(m, "fresh");
	struct screen screen = look_at_screen();
	char a[32], b[32];

	heading(candidate);
	if (screen.colours)
		fprintf(stderr, "\033[%sm%s\033[0m",
			!strcmp(decision, "faster") ? "1;32" : !strcmp(decision, "same") ? "1" : "1;31",
			decision);
	else
		fputs(decision, stderr);
	if (reason) {
		fputs(", ", stderr);
		put_text(reason);
	}
	fputc('\n', stderr);
	if (!json_object_get(m, "speedup"))
		return;
	fprintf(stderr,
		"  %.3f times as fast (%.3f to %.3f at %.4g %%); original against itself %.3f to %.3f\n",
		cf_json_real(m, "speedup", 0), cf_json_real(m, "low", 0), cf_json_real(m, "high", 0),
		cf_json_real(m, "confidence", 0) * 100, cf_json_real(floor, "low", 0),
		cf_json_real(floor, "high", 0));
	fprintf(stderr, "  %s -> %s over %lld of %lld recorded calls%s",
		span(cf_json_real(m, "original_ns", 0), a), span(cf_json_real(m, "candidate_ns", 0), b),
		(long long)cf_json_int(counted, "measured", 0),
		(long long)cf_json_int(counted, "recorded", 0),
		cf_json_bool(m, "caching", 0) ? "; it remembers across calls, which counts only where the "
						"traced run repeats itself"
					      : "");
	if (cf_json_int(fresh, "inputs", 0))
		fprintf(stderr, "; on inputs like them %.3f times as fast",
			cf_json_real(fresh, "speedup", 0));
	fprintf(stderr, "\n  memory %.1f -> %.1f MB; %lld pairs in %lld triples of processes\n",
		cf_json_real(memory, "original_bytes", 0) / 1e6,
		cf_json_real(memory, "candidate_bytes", 0) / 1e6,
		(long long)cf_json_int(m, "pairs", 0), (long long)cf_json_int(m, "processes", 0));
	histogram(&screen, json_object_get(m, "raw"));
	inputs(json_object_get(m, "per_input"));
}

void bench_report_workflow(const json_t *candidate)
{
	const json_t *w = json_object_get(candidate, "workflow");
	const char *reason = cf_json_str(candidate, "workflow_reason");
	char a[32], b[32];

	if (!json_is_object(w)) {
		fputs("whole workflow: not timed, ", stderr);
		put_text(reason ? reason : "?");
		fputc('\n', stderr);
		return;
	}
	int same = cf_json_bool(w, "output_identical", -1);

	fprintf(stderr, "whole workflow: %s -> %s, %.3f times as fast (%.3f to %.3f), %lld pairs; %s\n",
		span(cf_json_real(w, "original_ns", 0), a), span(cf_json_real(w, "optimized_ns", 0), b),
		cf_json_real(w, "speedup", 0), cf_json_real(w, "low", 0), cf_json_real(w, "high", 0),
		(long long)cf_json_int(w, "pairs", 0),
		same > 0         ? "output identical"
			: same == 0 ? "OUTPUT DIFFERS"
				    : "the original's own output differs from run to run");
}
