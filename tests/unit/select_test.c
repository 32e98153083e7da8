/* SPDX-License-Identifier: Apache-2.0 */
/* unit of: cf-trace */
/* Which inputs are kept, what they weigh and what is said of all calls, where all calls are known. */
#include "check.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include "cf-trace/select.h"

#define CALLS 100000
#define QUOTA 100

static uint64_t state = 1;

static uint32_t rnd(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % n;
}

/* As the recorders do it: every call at first, then ever wider apart. */
static int64_t next_call(int64_t count)
{
	int64_t step = count * 5 / QUOTA;

	if (count < QUOTA / 2)
		return count + 1;
	return count + 1 + (step > 1 ? rnd((uint32_t)(2 * step - 1)) : 0);
}

/* A run of a function in one process: what its seq-th call had for an input, and of what size. */
struct run {
	int64_t (*value)(int64_t seq);
	int64_t (*size)(int64_t value);
	int64_t calls;
};

static size_t record(const struct run *r, struct sample *v)
{
	size_t n = 0;

	for (int64_t seq = 1; seq <= r->calls; seq = next_call(seq)) {
		int64_t value = r->value(seq);

		v[n++] = (struct sample){.process = 1,
			.seq = seq,
			.calls = r->calls,
			.duration_ns = -1,
			.value = value,
			.size = r->size ? r->size(value) : 20,
			.order = (uint64_t)seq,
			.why = CF_WHY_UNIFORM};
	}
	return n;
}

struct outcome {
	struct sample v[1000];
	struct input *in;
	struct distribution d;
	size_t n, kept;
	int64_t weight, covered;
};

static void choose(struct outcome *o, size_t samples, int64_t calls, size_t quota)
{
	o->n = select_inputs(o->v, samples, calls, quota, &o->in, &o->d);
	o->kept = 0;
	o->weight = o->covered = 0;
	for (size_t i = 0; i < o->n; i++) {
		o->kept += o->in[i].keep;
		o->weight += o->in[i].weight;
		if (o->in[i].keep)
			o->covered += o->in[i].seen > 1 ? o->in[i].weight : 1;
	}
}

static const struct input *find(const struct outcome *o, int64_t value)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->in[i].call->value == value)
			return o->in + i;
	return NULL;
}

static size_t count(const struct outcome *o, enum cf_why why)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n; i++)
		n += o->in[i].keep && o->in[i].why == why;
	return n;
}

/* 90 % of the calls have one input, every other one its own. */
static int64_t mostly_one(int64_t seq)
{
	return seq * 2654435761 % 1000003 % 10 ? 1 : 10 + seq;
}

static void one_hot_value(void)
{
	const struct run r = {mostly_one, NULL, CALLS};
	double repeated = 0, weight = 0, covered = 0;
	int64_t had = 0;
	struct outcome o;

	for (int64_t seq = 1; seq <= CALLS; seq++)
		had += mostly_one(seq) == 1;
	CHECK(had > 0.89 * CALLS && had < 0.91 * CALLS);
	for (int round = 0; round < 200; round++) {
		choose(&o, record(&r, o.v), CALLS, QUOTA);
		CHECK(o.weight == CALLS);
		CHECK(find(&o, 1)->keep);
		/* one run is as good as some forty calls drawn at random */
		CHECK(o.d.repeated > 0.7 * CALLS && o.d.repeated < CALLS);
		CHECK(o.covered >= o.d.repeated);
		repeated += (double)o.d.repeated / 200;
		weight += (double)find(&o, 1)->weight / 200;
		covered += (double)o.covered / 200;
		free(o.in);
	}
	/* and there is no lean to either side */
	CHECK(weight > 0.98 * (double)had && weight < 1.02 * (double)had);
	CHECK(repeated > 0.98 * (double)had && repeated < 1.02 * (double)had);
	CHECK(covered > 0.98 * (double)had && covered < 1.02 * (double)had);
}

static int64_t all_new(int64_t seq)
{
	return seq;
}

static void nothing_repeats(void)
{
	const struct run r = {all_new, NULL, CALLS};
	size_t late = 0;
	struct outcome o;

	choose(&o, record(&r, o.v), CALLS, QUOTA);
	CHECK(o.d.repeated == 0 && o.weight == CALLS);
	CHECK(o.kept == QUOTA && o.covered == QUOTA);
	CHECK(count(&o, CF_WHY_FIRST) == 10 && count(&o, CF_WHY_UNIFORM) == 90);
	/* half of the calls is half of the run: the recorder took a fourteenth of its samples there */
	for (size_t i = 0; i < o.n; i++)
		late += o.in[i].call->seq > CALLS / 2;
	for (size_t i = 0; i < o.n; i++)
		CHECK(o.in[i].call->seq <= CALLS / 2 || o.in[i].keep);
	CHECK(late > 5);
	free(o.in);
}

/* Seven inputs until three quarters of the run are over, then five others. */
static int64_t late_change(int64_t seq)
{
	return seq <= CALLS / 4 * 3 ? seq % 7 : 100 + seq % 5;
}

static void a_late_phase(void)
{
	const struct run r = {late_change, NULL, CALLS};
	double late = 0;
	struct outcome o;

	for (int round = 0; round < 200; round++) {
		int64_t weight = 0;

		choose(&o, record(&r, o.v), CALLS, 8);
		CHECK(o.kept == 8 && o.in[0].keep);
		for (size_t i = 0; i < o.n; i++)
			if (o.in[i].call->value >= 100)
				weight += o.in[i].weight;
		late += (double)weight / 200;
		/* a quarter of the calls has its part of what is kept, though few samples are there */
		size_t kept = 0;
		for (size_t i = 0; i < o.n; i++)
			kept += o.in[i].keep && o.in[i].call->value >= 100;
		CHECK(kept >= 1);
		free(o.in);
	}
	CHECK(late > 0.24 * CALLS && late < 0.26 * CALLS);
}

/* Sizes of a power law: a call has 1000 bytes or more with a chance of 1 %, 100 with one of 10 %. */
static int64_t power_law(int64_t value)
{
	return CALLS * 10 / (1 + value * 2654435761 % CALLS);
}

static void sizes(void)
{
	const struct run r = {all_new, power_law, CALLS};
	double median = 0, p90 = 0;
	struct outcome o;

	for (int round = 0; round < 200; round++) {
		int64_t largest = 0;
		size_t n = record(&r, o.v);

		for (size_t i = 0; i < n; i++)
			largest = o.v[i].size > largest ? o.v[i].size : largest;
		choose(&o, n, CALLS, QUOTA);
		CHECK(o.d.sizes.max == largest && o.d.sizes.min >= 10 && o.d.sizes.min < 12);
		CHECK(count(&o, CF_WHY_LARGEST) == 10);
		for (size_t i = 0; i < o.n; i++)
			CHECK(o.in[i].call->size < largest || o.in[i].keep);
		median += (double)o.d.sizes.median / 200;
		p90 += (double)o.d.sizes.p90 / 200;
		free(o.in);
	}
	CHECK(median > 19 && median < 23);
	CHECK(p90 > 80 && p90 < 140);
}

/* 99 % of the calls have one input; one each is slow, large and small. */
static void every_reason(void)
{
	const struct run r = {all_new, NULL, 4000};
	struct outcome o;

	for (size_t quota = 10; quota <= 40; quota += 10) {
		size_t n = record(&r, o.v);

		for (size_t i = 0; i < n; i++)
			o.v[i].value = i % 3 ? 1 : 10 + (int64_t)i;
		o.v[30].size = 9000, o.v[30].value = 5;
		o.v[40].size = 1, o.v[40].value = 6;
		o.v[50].duration_ns = 7000000, o.v[50].value = 7;
		choose(&o, n, 4000, quota);
		CHECK(o.n > quota && o.kept == quota);
		CHECK(o.in[0].keep && o.in[0].why == CF_WHY_FIRST);
		CHECK(find(&o, 1)->keep);
		CHECK(find(&o, 5)->keep && find(&o, 5)->why == CF_WHY_LARGEST);
		CHECK(find(&o, 6)->keep && find(&o, 6)->why == CF_WHY_SMALLEST);
		CHECK(find(&o, 7)->keep && find(&o, 7)->why == CF_WHY_SLOWEST);
		CHECK(find(&o, 7)->duration_ns == 7000000);
		CHECK(count(&o, CF_WHY_UNIFORM) >= quota * 6 / 10 - 1);
		free(o.in);
	}
	/* where two are kept: the first, and what most calls are */
	choose(&o, record(&(struct run){mostly_one, NULL, CALLS}, o.v), CALLS, 2);
	CHECK(o.kept == 2 && o.in[0].keep && find(&o, 1)->keep);
	free(o.in);
}

/* Each process counts for itself; one of them called the function and nothing was sampled. */
static void several_processes(void)
{
	struct outcome o = {.n = 0};
	size_t n = 0;

	for (int64_t process = 1; process <= 3; process++)
		for (int64_t seq = 1; seq <= 10; seq++)
			o.v[n++] = (struct sample){.process = process,
				.seq = seq * process,
				.calls = 10 * process,
				.duration_ns = -1,
				.value = process,
				.order = (uint64_t)(process * 1000 + seq)};
	choose(&o, n, 60, QUOTA);
	for (int64_t process = 1; process <= 3; process++)
		CHECK(find(&o, process)->weight == 10 * process && find(&o, process)->seen == 10);
	free(o.in);
	/* 60 calls more in a fourth */
	choose(&o, n, 120, QUOTA);
	for (int64_t process = 1; process <= 3; process++)
		CHECK(find(&o, process)->weight == 20 * process);
	CHECK(o.d.repeated == 120 - 3 && o.d.sampled == 30 && o.d.inputs == 3);
	free(o.in);
	/* a function that was made twice in one process was counted twice */
	for (size_t i = 0; i < n; i++) {
		o.v[i].counter = (uint32_t)o.v[i].process;
		o.v[i].process = 1;
	}
	choose(&o, n, 0, QUOTA);
	CHECK(o.weight == 60);
	free(o.in);
}

static void anything(void)
{
	static const int64_t odd[] = {0, 1, 2, INT64_MAX, INT64_MAX - 1};

	for (int round = 0; round < 500; round++) {
		size_t n = 1 + rnd(400), quota = 1 + rnd(120);
		bool hostile = round % 2;
		int64_t calls = hostile ? odd[rnd(5)] : rnd(2000), seen = 0;
		struct outcome o;

		for (size_t i = 0; i < n; i++)
			o.v[i] = (struct sample){.process = 1 + rnd(3),
				.counter = rnd(2),
				.seq = hostile ? odd[rnd(5)] : 1 + rnd(1000),
				.calls = rnd(1000),
				.value = 1 + rnd(300),
				.order = rnd(1000),
				.duration_ns = (int64_t)rnd(50) - 1,
				.size = hostile ? odd[rnd(5)] : rnd(1000)};
		o.n = select_inputs(o.v, n, calls, quota, &o.in, &o.d);
		o.kept = 0;
		for (size_t i = 0; i < o.n; i++) {
			o.kept += o.in[i].keep;
			seen += o.in[i].seen;
			CHECK(o.in[i].weight >= o.in[i].seen);
			CHECK(i == 0 || o.in[i - 1].call->order <= o.in[i].call->order);
		}
		CHECK(o.kept == (o.n < quota ? o.n : quota));
		CHECK(seen == (int64_t)n && o.d.sampled == seen && o.d.inputs == (int64_t)o.n);
		CHECK(o.in[0].keep);
		free(o.in);
	}
}

int main(void)
{
	one_hot_value();
	nothing_repeats();
	a_late_phase();
	sizes();
	every_reason();
	several_processes();
	anything();
	return CHECK_END();
}
