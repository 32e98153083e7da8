/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judgement of cf-bench on simulated measurements: seeded, so that a failure is a failure every
 * time. Noise is laid on as machines do it: a level of its own for every process, a load that
 * drifts, executions that something interrupts.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "lib/mem.h"
#include "lib/stats.h"
#include "tests/unit/check.h"

#define INPUTS 4
#define ROUNDS 1
#define PASSES 20

struct machine {
	const char *name;
	double process; /* standard deviation between processes */
	double drift;   /* between rounds, the same for all three of a round */
	double sample;  /* between executions */
	double hit;     /* chance that an execution is interrupted */
	double cost;    /* how much longer it then takes, on average */
	double spoilt;  /* chance that a group's sides did not meet the same machine */
};
static const struct machine quiet = {"quiet", 0.006, 0.01, 0.005, 0.02, 0.5, 0.02};
static const struct machine noisy = {"noisy", 0.008, 0.10, 0.02, 0.35, 1.0, 0.12};

struct sim {
	const struct machine *m;
	struct stats_rng rng;
	double gain;           /* true ratio original / candidate */
	double slow_input;     /* the candidate's factor on input 0 */
	double first;          /* ns that every first execution costs more, on both sides */
	bool memo;             /* the candidate answers repeated inputs from memory */
	int put_off;           /* it does its work once in so many later executions */
	double at, group_s;
	int groups;
	int64_t peak, import_ns;
	int threads;
	double lazy; /* share of the candidate's time */
};

static double normal(struct stats_rng *r)
{
	double u = 1 - stats_unit(r), v = stats_unit(r);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static double execution(struct sim *s, double level)
{
	double t = level * (1 + s->m->sample * fabs(normal(&s->rng)));

	if (stats_unit(&s->rng) < s->m->hit)
		t -= level * s->m->cost * log(1 - stats_unit(&s->rng));
	return t;
}

static int simulate(void *arg, int phase, bool remembered, struct stats_group *g)
{
	struct sim *s = arg;
	double process[STATS_SIDES], load[ROUNDS];

	(void)phase;
	(void)remembered;
	for (int r = 0; r < ROUNDS; r++)
		load[r] = exp(s->m->drift * fabs(normal(&s->rng)));
	g->cost = cf_calloc(STATS_SIDES * INPUTS, sizeof(*g->cost));
	for (int side = 0; side < STATS_SIDES; side++)
		process[side] = exp(s->m->process * normal(&s->rng));
	/* now and then a group in which one side met a load that the others did not */
	if (stats_unit(&s->rng) < s->m->spoilt)
		process[stats_below(&s->rng, STATS_SIDES)] *= 1 + 0.2 * stats_unit(&s->rng);
	for (int side = 0; side < STATS_SIDES; side++)
		for (int i = 0; i < INPUTS; i++) {
			bool mine = side == STATS_CANDIDATE;
			double first[ROUNDS], later[ROUNDS * PASSES];

			for (int r = 0; r < ROUNDS; r++) {
				double level = 1e5 * (i + 1) * process[side] * load[r];

				if (mine)
					level *= (i ? 1 : s->slow_input) / s->gain;
				first[r] = execution(s, level) + s->first;
				if (mine && s->put_off)
					first[r] *= 0.1;
				for (int p = 0; p < PASSES; p++) {
					double now = level;

					if (mine && s->memo)
						now = 200;
					if (mine && s->put_off)
						now *= stats_below(&s->rng, s->put_off)
							? 0.1
							: 0.9 * s->put_off;
					later[r * PASSES + p] = execution(s, now);
				}
			}
			g->cost[side * INPUTS + i] = stats_cost(first, ROUNDS, later, ROUNDS * PASSES);
		}
	g->peak[STATS_CANDIDATE] = s->peak;
	for (int side = 0; side < STATS_SIDES; side++)
		g->import_ns[side] = (int64_t)(30e6 * exp(0.3 * normal(&s->rng))) +
			(side == STATS_CANDIDATE ? s->import_ns : 0);
	g->threads[STATS_CANDIDATE] = s->threads;
	g->lazy[STATS_CANDIDATE] = s->lazy;
	s->at += s->group_s;
	s->groups++;
	return 0;
}

static double elapsed(void *arg)
{
	return ((struct sim *)arg)->at;
}

static const double ones[INPUTS] = {1, 1, 1, 1}, many[INPUTS] = {1000, 1000, 1000, 1000};

static struct sim base(const struct machine *m, double gain, uint64_t seed)
{
	return (struct sim){.m = m, .rng = {seed}, .gain = gain, .slow_input = 1, .first = 30e3,
		.group_s = 0.5};
}

static enum stats_decision judge_fresh(struct sim *s, const double *weight, const double *fresh,
	double min_speedup, struct stats_result *r)
{
	struct stats_rules rules = {0.95, min_speedup, 10, 1};
	struct stats_source source = {simulate, elapsed, s};

	CHECK(stats_measure(&rules, &source, INPUTS, weight, fresh, r) == 0);
	return r->decision;
}

static enum stats_decision judge(
	struct sim *s, const double *weight, double min_speedup, struct stats_result *r)
{
	return judge_fresh(s, weight, ones, min_speedup, r);
}

static void quantiles(void)
{
	/* tables of Student's t */
	CHECK(fabs(stats_t(0.025, 1) - 12.7062) < 1e-3);
	CHECK(fabs(stats_t(0.025, 2) - 4.30265) < 1e-4);
	CHECK(fabs(stats_t(0.005, 10) - 3.16927) < 1e-4);
	CHECK(fabs(stats_t(0.025, 1000) - 1.96234) < 1e-4);

	/* by hand: trimmed to 2, 3, 4; winsorized 2 2 3 4 4; 3 ± t(2) · 1 / √5 / 0.6 */
	const double x[] = {5, 1, 4, 2, 3};
	struct stats_ratio r = stats_interval(x, 5, 0.05);

	CHECK(fabs(log(r.estimate) - 3) < 1e-9);
	CHECK(fabs(log(r.high) - 3 - 4.30265 / sqrt(5) / 0.6) < 1e-3);
	CHECK(isnan(stats_interval(x, 1, 0.05).low) && isnan(stats_interval(x, 0, 0.05).estimate));
}

/* How often a true ratio is called faster, and how often the interval misses it. */
static void trials(const struct machine *m, double gain, int n, double min_speedup, int *faster,
	int *missed, double *mean_s)
{
	*faster = *missed = 0;
	*mean_s = 0;
	for (int i = 0; i < n; i++) {
		struct sim s = base(m, gain, 1000 + (uint64_t)i);
		struct stats_result r;

		*faster += judge(&s, ones, min_speedup, &r) == STATS_FASTER;
		*missed += r.speedup.low > gain || r.speedup.high < gain;
		*mean_s += s.at / n;
		CHECK(s.at <= 10.5);
		stats_result_release(&r);
	}
	fprintf(stderr, "%s machine, true gain %.1f %%: faster %d of %d, interval misses %d, %.1f s\n",
		m->name, (gain - 1) * 100, *faster, n, *missed, *mean_s);
}

static void error_rates(void)
{
	int faster, missed;
	double s;

	trials(&quiet, 1, 400, 0.03, &faster, &missed, &s);
	CHECK(faster == 0 && missed <= 20);
	trials(&noisy, 1, 400, 0.03, &faster, &missed, &s);
	CHECK(faster == 0 && missed <= 20);
	/* without a minimum to hide behind, the looks must still keep their promise together */
	trials(&quiet, 1, 400, 1e-6, &faster, &missed, &s);
	CHECK(faster <= 2 && missed <= 30);
	trials(&quiet, 1.05, 200, 0.03, &faster, &missed, &s);
	CHECK(faster >= 190 && missed <= 10);
	/* a third of all executions interrupted, and every eighth group spoilt */
	trials(&noisy, 1.05, 200, 0.03, &faster, &missed, &s);
	CHECK(faster >= 180 && missed <= 10);
	trials(&noisy, 2, 100, 0.03, &faster, &missed, &s);
	CHECK(faster == 100 && s < 7);
	trials(&noisy, 0.9, 100, 0.03, &faster, &missed, &s);
	CHECK(faster == 0);
}

static void cheats(void)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct stats_result r;

		/* remembers inputs that the traced run never repeats */
		struct sim s = base(&quiet, 1, seed);
		s.memo = true;
		CHECK(judge(&s, ones, 0.03, &r) != STATS_FASTER);
		CHECK(r.caching);
		stats_result_release(&r);

		/* each of which stands for many calls, but none that had it before */
		s = base(&quiet, 1, seed);
		s.memo = true;
		CHECK(judge_fresh(&s, many, many, 0.03, &r) != STATS_FASTER);
		stats_result_release(&r);

		/* and inputs that it does repeat */
		s = base(&quiet, 1, seed);
		s.memo = true;
		CHECK(judge(&s, many, 0.03, &r) == STATS_FASTER);
		CHECK(r.caching && r.speedup.estimate > 100 && r.speedup.estimate < 1000);
		stats_result_release(&r);

		/* dear first executions on both sides are not remembering */
		s = base(&quiet, 2, seed);
		CHECK(judge(&s, ones, 0.03, &r) == STATS_FASTER && !r.caching);
		stats_result_release(&r);

		/* nor is it remembering that a first execution takes twice as long as the later
		 * ones of a candidate that is a hundred times faster */
		s = base(&quiet, 100, seed);
		s.first = 2e3;
		CHECK(judge(&s, ones, 0.03, &r) == STATS_FASTER && !r.caching);
		CHECK(r.speedup.high < 1.5 * r.speedup.low);
		stats_result_release(&r);

		/* work put off to one execution in nine */
		s = base(&quiet, 1, seed);
		s.put_off = 9;
		CHECK(judge(&s, ones, 0.03, &r) != STATS_FASTER);
		stats_result_release(&r);

		/* faster as a whole, slower on one kind of input */
		s = base(&quiet, 2, seed);
		s.slow_input = 3;
		CHECK(judge(&s, ones, 0.03, &r) == STATS_REGRESSES);
		stats_result_release(&r);

		s = base(&quiet, 2, seed);
		s.peak = 200 << 20;
		CHECK(judge(&s, ones, 0.03, &r) == STATS_REGRESSES);
		stats_result_release(&r);

		/* the calls take 1 ms and gain half of it; of a run with a thousand times as many
		 * the same import is a small part */
		s = base(&quiet, 2, seed);
		s.import_ns = 40000000;
		CHECK(judge(&s, ones, 0.03, &r) == STATS_REGRESSES && strstr(r.reason, "import"));
		CHECK(r.import_ns[1] > r.import_ns[0] + 5000000);
		stats_result_release(&r);
		s = base(&quiet, 2, seed);
		s.import_ns = 20000000;
		CHECK(judge_fresh(&s, many, many, 0.03, &r) == STATS_FASTER);
		stats_result_release(&r);

		/* the trick is named where it gained nothing, and only there */
		s = base(&quiet, 1, seed);
		s.memo = true;
		judge(&s, ones, 0.03, &r);
		CHECK(strstr(r.reason, "remembering"));
		stats_result_release(&r);
		s = base(&quiet, 1, seed);
		s.lazy = 0.9;
		CHECK(judge(&s, ones, 0.03, &r) == STATS_SAME && strstr(r.reason, "lazily takes 90 %"));
		stats_result_release(&r);
		s = base(&quiet, 2, seed);
		s.lazy = 0.9;
		CHECK(judge(&s, ones, 0.03, &r) == STATS_FASTER && !r.reason[0]);
		stats_result_release(&r);

		s = base(&quiet, 2, seed);
		s.threads = 1;
		CHECK(judge(&s, ones, 0.03, &r) == STATS_REGRESSES);
		stats_result_release(&r);
	}
}

/* Whether a gain is one of the recorded inputs only. */
static void fresh_inputs(void)
{
	const double eightfold[] = {2.07, 2.1, 2.05, 2.09}, none[] = {0.02, -0.05, 0.04, 0.01};
	const double most[] = {1.7, 1.75, 1.6, 1.72}, third[] = {0.7, 0.6, 0.65, 0.72};
	const double five[] = {0.048, 0.052, 0.05, 0.047}, blurred[] = {0.01, 0.06, -0.02, 0.03};

	CHECK(stats_fresh(eightfold, none, 4, 0.05).vanishes);
	CHECK(stats_fresh(eightfold, third, 4, 0.05).vanishes);
	CHECK(!stats_fresh(eightfold, most, 4, 0.05).vanishes);
	CHECK(!stats_fresh(eightfold, eightfold, 4, 0.05).vanishes);
	/* what cannot be told is not held against it */
	CHECK(!stats_fresh(five, blurred, 4, 0.05).vanishes);
	/* a gain that first executions do not have cannot vanish from them */
	CHECK(!stats_fresh(none, none, 4, 0.05).vanishes);
	CHECK(!stats_fresh(eightfold, none, 1, 0.05).vanishes);
	CHECK(!stats_fresh(eightfold, none, 0, 0.05).vanishes);
	CHECK(fabs(stats_fresh(eightfold, none, 4, 0.05).recorded.estimate - exp(2.0775)) < 1e-6);
}

/* A group so slow that the budget is gone after one still gets its three and a second phase. */
static void slow_groups(void)
{
	struct sim s = base(&quiet, 2, 7);
	struct stats_result r;

	s.group_s = 20;
	CHECK(judge(&s, ones, 0.03, &r) == STATS_FASTER);
	CHECK(s.groups == 6);
	stats_result_release(&r);
}

/* On a machine so busy that three groups say little, a plain gain gets the groups that it takes. */
static void busy_machine(void)
{
	static const struct machine busy = {"busy", 0.3, 0.3, 0.2, 0.5, 2.0, 0.3};
	int found = 0;

	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct sim s = base(&busy, 50, seed);
		struct stats_result r;

		s.group_s = 3.5;
		found += judge(&s, ones, 0.03, &r) == STATS_FASTER;
		CHECK(s.at < 40 + 2 * 3.5);
		stats_result_release(&r);
	}
	CHECK(found >= 48);
}

int main(void)
{
	quantiles();
	error_rates();
	cheats();
	fresh_inputs();
	slow_groups();
	busy_machine();
	return CHECK_END();
}
