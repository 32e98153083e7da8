/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a function's recorded calls the trace keeps. */
#include "cf-trace/select.h"

#include <stdlib.h>

#define CMP(a, b) ((a) < (b) ? -1 : (a) > (b))

static int by_value(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int c = CMP(x->value, y->value);

	return c ? c : CMP(x->order, y->order);
}

static int by_order(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int c = CMP(x->order, y->order);

	return c ? c : CMP(x->value, y->value);
}

static size_t merge(struct sample *v, size_t n)
{
	size_t kept = 0;

	qsort(v, n, sizeof(*v), by_value);
	for (size_t i = 0; i < n; i++) {
		if (kept && v[kept - 1].value == v[i].value) {
			v[kept - 1].weight += v[i].weight;
			if (v[i].duration_ns > v[kept - 1].duration_ns)
				v[kept - 1].duration_ns = v[i].duration_ns;
			continue;
		}
		v[kept++] = v[i];
	}
	return kept;
}

static void keep(struct sample *s, enum cf_why why)
{
	s->keep = true;
	s->why = why;
}

/* Marks the `want` samples of the highest positive key that are not marked yet. */
static void keep_extremes(struct sample *v, size_t n, size_t want,
	int64_t (*key)(const struct sample *), enum cf_why why)
{
	for (; want; want--) {
		struct sample *best = NULL;

		for (size_t i = 0; i < n; i++)
			if (!v[i].keep && key(v + i) > 0 && (!best || key(v + i) > key(best)))
				best = v + i;
		if (!best)
			return;
		keep(best, why);
	}
}

static int64_t duration(const struct sample *s)
{
	return s->duration_ns;
}

static int64_t size(const struct sample *s)
{
	return s->size;
}

/*
 * A recorder's reservoir takes early calls more readily than late ones, so equal steps through the
 * list would be warm-up again: the steps are equal in time, and each takes the nearest sample.
 */
static void keep_spread(struct sample *v, size_t n, size_t want)
{
	double first = (double)v[0].order, span = (double)v[n - 1].order - first;
	size_t i = 0, left = want;

	for (size_t k = 0; k < want; k++) {
		double at = first + span * ((double)k + 0.5) / (double)want;

		while (i < n && (v[i].keep || (i + 1 < n && (double)v[i + 1].order <= at)))
			i++;
		if (i == n)
			break;
		keep(v + i++, CF_WHY_UNIFORM);
		left--;
	}
	for (i = n; left && i--;)
		if (!v[i].keep) {
			keep(v + i, CF_WHY_UNIFORM);
			left--;
		}
}

size_t select_samples(struct sample *v, size_t n, size_t quota)
{
	size_t tenth = quota / 10, left = quota;

	n = merge(v, n);
	qsort(v, n, sizeof(*v), by_order);
	if (n <= quota) {
		for (size_t i = 0; i < n; i++)
			v[i].keep = true;
		return n;
	}
	for (size_t i = 0; i < (tenth ? tenth : 1) && i < quota; i++)
		keep(v + i, CF_WHY_FIRST);
	keep_extremes(v, n, tenth, duration, CF_WHY_SLOWEST);
	keep_extremes(v, n, tenth, size, CF_WHY_LARGEST);
	for (size_t i = 0; i < n; i++)
		left -= v[i].keep;
	keep_spread(v, n, left);
	return n;
}
