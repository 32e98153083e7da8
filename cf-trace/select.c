/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a function's recorded calls the trace keeps, and what they say of all its calls. */
#include "cf-trace/select.h"

#include <stdlib.h>
#include "lib/mem.h"

#define CMP(a, b) ((a) < (b) ? -1 : (a) > (b))

static int by_counter(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int c = CMP(x->process, y->process);

	c = c ? c : CMP(x->counter, y->counter);
	return c ? c : CMP(x->seq, y->seq);
}

static int by_size(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return CMP(x->size, y->size);
}

static int by_value(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int c = CMP(x->value, y->value);

	return c ? c : CMP(x->order, y->order);
}

static int by_order(const void *a, const void *b)
{
	const struct sample *x = *(struct sample *const *)a, *y = *(struct sample *const *)b;
	int c = CMP(x->order, y->order);

	return c ? c : CMP(x->value, y->value);
}

static int by_first(const void *a, const void *b)
{
	const struct input *x = a, *y = b;

	return by_order(&x->call, &y->call);
}

/* Spools may hold any numbers; sums of them stop at the largest there is. */
static int64_t sum(int64_t a, int64_t b)
{
	int64_t both;

	return __builtin_add_overflow(a, b, &both) ? INT64_MAX : both;
}

/*
 * A recorder takes every call at first and then fewer and fewer. So a sample stands for the calls
 * that are nearer to it than to its neighbours: counted one by one, the warm-up would outweigh
 * all that came after it.
 */
static int64_t weigh_by_neighbours(struct sample *v, size_t n)
{
	int64_t total = 0, upto = 0;

	qsort(v, n, sizeof(*v), by_counter);
	for (size_t i = 0; i < n; i++) {
		const struct sample *next = i + 1 < n ? v + i + 1 : NULL;
		int64_t end = v[i].seq > v[i].calls ? v[i].seq : v[i].calls;
		bool last = !next || next->process != v[i].process || next->counter != v[i].counter;

		if (!last)
			end = v[i].seq + (next->seq - v[i].seq - (next->seq > v[i].seq)) / 2;
		v[i].weight = end > upto ? end - upto : 1;
		total = sum(total, v[i].weight);
		upto = last ? 0 : end;
	}
	return total;
}

/* Processes in which nothing could be sampled called it too: the others stand for them. */
static void weigh(struct sample *v, size_t n, int64_t calls)
{
	int64_t total = weigh_by_neighbours(v, n), before = 0, given = 0;

	if (calls <= total)
		return;
	for (size_t i = 0; i < n; i++) {
		int64_t upto;

		before += v[i].weight;
		upto = i + 1 < n ? (int64_t)((double)before / (double)total * (double)calls) : calls;
		v[i].weight = upto > given ? upto - given : 1;
		given = upto;
	}
}

static void measure_sizes(struct sample *v, size_t n, struct distribution *d)
{
	cf_autofree int64_t *size = cf_calloc(n, sizeof(*size)), *weight = cf_calloc(n, sizeof(*weight));

	qsort(v, n, sizeof(*v), by_size);
	for (size_t i = 0; i < n; i++) {
		size[i] = v[i].size;
		weight[i] = v[i].weight;
	}
	d->sizes = cf_sizes_of(size, weight, n);
}

static size_t find_inputs(struct sample *v, size_t n, struct input *in)
{
	size_t inputs = 0;

	qsort(v, n, sizeof(*v), by_value);
	for (size_t i = 0; i < n; i++) {
		struct input *last;

		if (!i || v[i].value != v[i - 1].value)
			in[inputs++] = (struct input){
				.call = v + i, .why = v[i].why, .duration_ns = -1};
		last = in + inputs - 1;
		last->weight = sum(last->weight, v[i].weight);
		last->seen++;
		if (v[i].duration_ns > last->duration_ns)
			last->duration_ns = v[i].duration_ns;
	}
	qsort(in, inputs, sizeof(*in), by_first);
	for (size_t k = 0; k < inputs; k++)
		for (size_t i = (size_t)(in[k].call - v); i < n && v[i].value == in[k].call->value; i++)
			v[i].input = (uint32_t)k;
	return inputs;
}

/*
 * An input that was sampled once says nothing of whether it came again: all calls that it stands
 * for are taken to be new. So this is the least that repeats.
 */
static int64_t repeated(const struct input *in, size_t n)
{
	int64_t calls = 0;

	for (size_t i = 0; i < n; i++)
		if (in[i].seen > 1)
			calls = sum(calls, in[i].weight - 1);
	return calls;
}

/* What is to be kept and how much of it is still to be found. */
struct choice {
	struct input *in;
	size_t n, left;
	const struct distribution *d;
};

static void keep(struct choice *c, struct input *in, enum cf_why why)
{
	in->keep = true;
	in->why = why;
	c->left--;
}

/* Marks the `want` inputs of the highest positive key that are not marked yet. */
static void keep_extremes(struct choice *c, size_t want,
	int64_t (*key)(const struct input *, const struct distribution *), enum cf_why why)
{
	for (; want && c->left; want--) {
		struct input *best = NULL;
		int64_t highest = 0;

		for (struct input *in = c->in; in < c->in + c->n; in++)
			if (!in->keep && key(in, c->d) > highest) {
				best = in;
				highest = key(in, c->d);
			}
		if (!best)
			return;
		keep(c, best, why);
	}
}

static int64_t calls_known(const struct input *in, const struct distribution *d)
{
	(void)d;
	return in->seen > 1 ? in->weight : 0;
}

static int64_t duration(const struct input *in, const struct distribution *d)
{
	(void)d;
	return in->duration_ns;
}

/* What is of the usual size is no extreme, though none be larger. */
static int64_t above_median(const struct input *in, const struct distribution *d)
{
	return in->call->size - d->sizes.median;
}

static int64_t below_median(const struct input *in, const struct distribution *d)
{
	return d->sizes.median - in->call->size;
}

/*
 * Equal steps through the calls of the run, each taking the sample that stands for the call it
 * comes to: steps through the samples would be warm-up again, and steps in time would miss a
 * function that is called in bursts. Where two steps come to one input, what is left is gone
 * through again.
 */
static void keep_spread(struct choice *c, struct sample *v, size_t n)
{
	cf_autofree struct sample **open = cf_calloc(n, sizeof(*open));

	for (size_t i = 0; i < n; i++)
		open[i] = v + i;
	qsort(open, n, sizeof(*open), by_order);
	while (c->left) {
		double total = 0, upto = 0, step, at;
		size_t still = 0;

		for (size_t i = 0; i < n; i++)
			if (!c->in[open[i]->input].keep) {
				total += (double)open[i]->weight;
				open[still++] = open[i];
			}
		n = still;
		step = total / (double)c->left;
		at = step / 2;
		for (size_t i = 0; i < n && c->left; i++) {
			upto += (double)open[i]->weight;
			if (upto <= at)
				continue;
			if (!c->in[open[i]->input].keep)
				keep(c, c->in + open[i]->input, CF_WHY_UNIFORM);
			at += step * (double)(int64_t)((upto - at) / step + 1);
		}
	}
}

size_t select_inputs(struct sample *v, size_t n, int64_t calls, size_t quota, struct input **inputs,
	struct distribution *d)
{
	struct choice c = {.in = cf_calloc(n, sizeof(*c.in)), .left = quota, .d = d};
	size_t tenth = quota / 10;

	weigh(v, n, calls);
	measure_sizes(v, n, d);
	c.n = find_inputs(v, n, c.in);
	d->sampled = (int64_t)n;
	d->inputs = (int64_t)c.n;
	d->repeated = repeated(c.in, c.n);
	*inputs = c.in;
	if (c.n <= quota) {
		for (size_t i = 0; i < c.n; i++)
			c.in[i].keep = true;
		return c.n;
	}
	for (size_t i = 0; i < (tenth ? tenth : 1) && c.left; i++)
		keep(&c, c.in + i, CF_WHY_FIRST);
	/* however few are kept: what most of the calls are is one of them */
	keep_extremes(&c, tenth ? tenth : 1, calls_known, CF_WHY_COMMONEST);
	keep_extremes(&c, tenth, duration, CF_WHY_SLOWEST);
	keep_extremes(&c, tenth, above_median, CF_WHY_LARGEST);
	keep_extremes(&c, tenth ? 1 : 0, below_median, CF_WHY_SMALLEST);
	keep_spread(&c, v, n);
	return c.n;
}
