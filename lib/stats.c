/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judgement of cf-bench: trimmed means over groups of processes, a sequence of looks that share
 * one error, and a second phase on fresh processes before anything is called faster.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/mem.h"
#include "lib/stats.h"

/* Groups after which the data is looked at. Few looks: each costs some of the error. */
static const int looks[] = {3, 6, 9, 14, 19, 26};
#define NLOOKS ((int)(sizeof(looks) / sizeof(looks[0])))

/* The second phase is not looked at before it has this many: the interval that is printed is its, and
 * one over three groups says "between 30 and 300 times". */
#define CONFIRM_GROUPS 9

/* The share of the budget in which the first phase must have decided. */
#define FIRST_PHASE 0.55

uint64_t stats_random(struct stats_rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

double stats_unit(struct stats_rng *r)
{
	return (double)(stats_random(r) >> 11) * 0x1p-53;
}

int stats_below(struct stats_rng *r, int n)
{
	return (int)(stats_unit(r) * n);
}

void stats_shuffle(struct stats_rng *r, int *order, int n)
{
	for (int i = n - 1; i > 0; i--) {
		int j = stats_below(r, i + 1);
		int t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
}

/* The continued fraction of the incomplete beta function, by Lentz's method. */
static double beta_fraction(double x, double a, double b)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1);

	d = 1 / (fabs(d) < tiny ? tiny : d);
	double f = d;

	for (int m = 1; m <= 300; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		f *= c * d;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		f *= c * d;
		if (fabs(c * d - 1) < 1e-14)
			break;
	}
	return f;
}

static double incomplete_beta(double x, double a, double b)
{
	double front = exp(
		lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));

	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(x, a, b) / a;
	return 1 - front * beta_fraction(1 - x, b, a) / b;
}

double stats_t(double p, double df)
{
	double lo = 0, hi = 1;

	/* P(T > t) = I(df / (df + t²); df/2, 1/2) / 2, falling in t */
	for (int i = 0; i < 200; i++) {
		double t = (lo + hi) / 2;

		if (hi < 1e12 && incomplete_beta(df / (df + hi * hi), df / 2, 0.5) / 2 > p) {
			hi *= 2;
			continue;
		}
		if (incomplete_beta(df / (df + t * t), df / 2, 0.5) / 2 > p)
			lo = t;
		else
			hi = t;
	}
	return (lo + hi) / 2;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct stats_cost stats_cost(double *first, int nfirst, double *later, int nlater)
{
	struct stats_cost c;

	qsort(first, (size_t)nfirst, sizeof(*first), by_value);
	qsort(later, (size_t)nlater, sizeof(*later), by_value);
	c.cold = first[(nfirst - 1) / 4];
	c.warm = nlater ? later[(nlater - 1) * 3 / 20] : c.cold;
	c.low = c.warm < c.cold ? c.warm : c.cold;
	c.mean = 0;
	for (int i = 0; i < nlater; i++)
		c.mean += later[i] / nlater;
	for (int i = 0; i < nfirst && !nlater; i++)
		c.mean += first[i] / nfirst;
	return c;
}

const char *stats_decision_name(enum stats_decision d)
{
	static const char *const names[] = {"faster", "same", "slower", "regresses", "unmeasured"};

	return names[d];
}

struct stats_ratio stats_interval(const double *logs, int n, double alpha)
{
	cf_autofree double *x = cf_calloc((size_t)n + 1, sizeof(*x));
	int cut = n / 5, kept = n - 2 * cut;
	double trimmed = 0, mean = 0, ss = 0;

	if (!n)
		return (struct stats_ratio){NAN, NAN, NAN};
	memcpy(x, logs, (size_t)n * sizeof(*x));
	qsort(x, (size_t)n, sizeof(*x), by_value);
	for (int i = cut; i < n - cut; i++)
		trimmed += x[i] / kept;
	if (n < 2)
		return (struct stats_ratio){exp(trimmed), NAN, NAN};
	for (int i = 0; i < cut; i++) {
		x[i] = x[cut];
		x[n - 1 - i] = x[n - 1 - cut];
	}
	for (int i = 0; i < n; i++)
		mean += x[i] / n;
	for (int i = 0; i < n; i++)
		ss += (x[i] - mean) * (x[i] - mean);
	double error = sqrt(ss / (n - 1) / n) * n / kept;
	double half = stats_t(alpha / 2, kept - 1) * error;

	return (struct stats_ratio){exp(trimmed), exp(trimmed - half), exp(trimmed + half)};
}

static const struct stats_cost *cost(
	const struct stats_data *d, const struct stats_group *g, int side, int input)
{
	return &g->cost[side * d->inputs + input];
}

/* remembered: an input costs a first execution for each fresh call and later ones for the rest, as it
 * did in the traced run; else every execution is a sample of the same cost. */
static struct stats_effect group_effect(
	const struct stats_data *d, const struct stats_group *g, bool remembered)
{
	double low[STATS_SIDES] = {0}, mean[STATS_SIDES] = {0};

	for (int side = 0; side < STATS_SIDES; side++) {
		for (int i = 0; i < d->inputs; i++) {
			const struct stats_cost *c = cost(d, g, side, i);
			double w = d->weight[i], fresh = d->fresh[i];

			low[side] += remembered ? fresh * c->cold + (w - fresh) * c->warm
						: w * c->low;
			mean[side] += w * c->mean;
		}
		low[side] = log(low[side]);
		mean[side] = log(mean[side]);
	}
	return (struct stats_effect){
		(low[STATS_ORIGINAL] + low[STATS_AGAIN]) / 2 - low[STATS_CANDIDATE],
		low[STATS_ORIGINAL] - low[STATS_AGAIN],
		(mean[STATS_ORIGINAL] + mean[STATS_AGAIN]) / 2 - mean[STATS_CANDIDATE],
	};
}

enum memory { FORGETS, ORIGINAL_REMEMBERS, CANDIDATE_REMEMBERS };

/* Of what the original's executions cost: less than this is a first execution's price (pages, caches),
 * which a candidate a hundred times faster shows beside its own cost. It counts; it is not a cache. */
#define CACHING_SHARE 0.05

/* Sums over the inputs of what first and later executions cost on a side, each the lower quartile
 * over the groups: a first execution happens once a round, and noise must not pass for memory. */
static void pooled(const struct stats_data *d, int first, int n, int side, double *cold, double *warm)
{
	cf_autofree double *c = cf_calloc((size_t)n, sizeof(*c)), *w = cf_calloc((size_t)n, sizeof(*w));

	*cold = *warm = 0;
	for (int i = 0; i < d->inputs; i++) {
		for (int k = 0; k < n; k++) {
			c[k] = cost(d, &d->groups[first + k], side, i)->cold;
			w[k] = cost(d, &d->groups[first + k], side, i)->warm;
		}
		qsort(c, (size_t)n, sizeof(*c), by_value);
		qsort(w, (size_t)n, sizeof(*w), by_value);
		*cold += c[(n - 1) / 4];
		*warm += w[(n - 1) / 4];
	}
}

/*
 * A first execution is always a little dearer than a later one (pages, specialisation), on both
 * sides alike. A candidate that remembers saves on later executions what the original does not:
 * its first executions are dearer than its later ones by more than the original's are. A little more
 * may be noise, as the two originals show; a lot is not given the benefit of the doubt.
 */
static enum memory remembering(const struct stats_data *d, int first, int n, bool *caching)
{
	double cold[STATS_SIDES], warm[STATS_SIDES];

	for (int side = 0; side < STATS_SIDES; side++)
		pooled(d, first, n, side, &cold[side], &warm[side]);
	double original = fmin(cold[STATS_ORIGINAL] - warm[STATS_ORIGINAL],
		cold[STATS_AGAIN] - warm[STATS_AGAIN]);
	double excess = cold[STATS_CANDIDATE] - warm[STATS_CANDIDATE] - fmax(original, 0);
	double noise = fabs(cold[STATS_ORIGINAL] - cold[STATS_AGAIN]);

	*caching = excess > CACHING_SHARE * warm[STATS_ORIGINAL];
	if (excess > 0.3 * warm[STATS_CANDIDATE] ||
		(excess > 0.04 * warm[STATS_CANDIDATE] && excess > 3 * noise))
		return CANDIDATE_REMEMBERS;
	if (original > 50e3 && original > 0.5 * warm[STATS_ORIGINAL])
		return ORIGINAL_REMEMBERS;
	return FORGETS;
}

/* What groups [first, first + n) say at an error of alpha. */
struct look {
	struct stats_ratio speedup, floor, mean;
	enum memory memory;
	bool caching; /* the candidate's, and worth telling */
};

static void look_at(const struct stats_data *d, int first, int n, double alpha,
	const struct stats_rules *rules, struct look *l)
{
	cf_autofree double *x = cf_calloc((size_t)n * 3, sizeof(*x));

	l->memory = remembering(d, first, n, &l->caching);
	for (int k = 0; k < n; k++) {
		struct stats_effect e =
			group_effect(d, &d->groups[first + k], l->memory != FORGETS);

		x[k] = e.speedup;
		x[n + k] = e.floor;
		x[2 * n + k] = e.mean;
	}
	l->speedup = stats_interval(x, n, alpha);
	/* guards, not claims: what the looks spend would only blunt them */
	l->floor = stats_interval(x + n, n, 1 - rules->confidence);
	l->mean = stats_interval(x + 2 * n, n, 1 - rules->confidence);
}

/* Which of the two originals is called the first is chance: the floor is what either may show. */
static double floor_high(const struct stats_ratio *floor)
{
	return fmax(floor->high, 1 / floor->low);
}

/*
 * Means see every execution: a gain that is not in them is work put off to a rare later call. They
 * are also what noise moves most, so they only veto; while they are too blunt to tell of a large gain,
 * a look that is not the last waits.
 */
static bool put_off(const struct look *l, bool last)
{
	double half = 1 + (l->speedup.estimate - 1) / 2;

	if (l->memory != FORGETS)
		return false;
	if (!last && half > 1.1 && l->mean.estimate < half && l->mean.low < 1)
		return true;
	return l->mean.high < half;
}

/* STATS_UNMEASURED: not decided so far. */
static int decide(const struct look *l, const struct stats_rules *rules, bool last, char *reason,
	size_t size)
{
	const struct stats_ratio *s = &l->speedup;
	double floor = floor_high(&l->floor), enough = 1 + rules->min_speedup;

	if (s->low > 1 && s->low > floor && s->estimate >= enough) {
		if (!put_off(l, last))
			return STATS_FASTER;
		if (last)
			snprintf(reason, size,
				"its gain is not there in the mean of all executions: work is put "
				"off to rare calls");
		return last ? STATS_SAME : STATS_UNMEASURED;
	}
	if (s->high < 1 && 1 / s->high > floor && s->estimate <= 1 / enough) {
		snprintf(reason, size, "slower than the original");
		return STATS_SLOWER;
	}
	if (s->high < enough) {
		snprintf(reason, size, "no gain of %.3g %%", rules->min_speedup * 100);
		return STATS_SAME;
	}
	if (!last)
		return STATS_UNMEASURED;
	if (s->estimate >= enough && s->low > 1)
		snprintf(reason, size, "the gain is not above the noise of this machine "
				       "(original against itself: up to %.3f)",
			floor);
	else
		snprintf(reason, size, "not decided within the budget");
	return STATS_SAME;
}

/* A machine that has something else to do makes groups slow and their ratios wide: a phase is not ended
 * for want of time before this many, but for twice its time; four times, where a gain is so plain that
 * only the few groups keep it from being decided. */
#define ENOUGH_GROUPS 6
#define PLAIN_GAIN 1.5

static bool time_is_over(const struct stats_result *r, double now, double per_group, double until)
{
	double sum = 0;

	for (int k = 0; k < r->groups; k++)
		sum += group_effect(&r->data, &r->data.groups[r->first + k], false).speedup;
	bool plain = sum / r->groups > log(PLAIN_GAIN);

	return now + per_group > until * (r->groups >= ENOUGH_GROUPS ? 1 : plain ? 4 : 2);
}

/*
 * Groups until decided or the phase's time is over. alpha·t² of the error may be spent by the time
 * t (a share of the phase): early looks decide only what is plain, and the sum never exceeds alpha.
 */
static int phase(const struct stats_rules *rules, const struct stats_source *source, int number,
	double until, struct stats_result *r)
{
	struct stats_data *d = &r->data;
	double start = source->elapsed(source->arg), alpha = 1 - rules->confidence, spent = 0;
	bool last = false;

	r->first = d->n;
	r->groups = 0;
	r->decision = STATS_UNMEASURED;
	for (int k = 0; k < NLOOKS && r->decision == STATS_UNMEASURED; k++) {
		double now = start;

		if (number == 2 && looks[k] < CONFIRM_GROUPS)
			continue;
		while (r->groups < looks[k] && !last) {
			d->groups = cf_realloc(d->groups, (size_t)d->n + 1, sizeof(*d->groups));
			memset(&d->groups[d->n], 0, sizeof(*d->groups));
			/* counted before it is filled, so that it is released whatever happens */
			d->n++;
			if (source->group(source->arg, number, r->remembered, &d->groups[d->n - 1]))
				return -1;
			r->groups++;
			now = source->elapsed(source->arg);
			last = r->groups >= looks[0] &&
				time_is_over(r, now, (now - start) / r->groups, until);
		}
		last = last || k == NLOOKS - 1;
		double share = until > start ? fmin((now - start) / (until - start), 0.8) : 0.8;
		struct look l;

		r->alpha = fmax((last ? alpha : alpha * share * share) - spent, 1e-6);
		spent += r->alpha;
		look_at(d, r->first, r->groups, r->alpha, rules, &l);
		r->speedup = l.speedup;
		r->floor = l.floor;
		r->caching = l.memory == CANDIDATE_REMEMBERS && l.caching;
		r->remembered = l.memory != FORGETS;
		r->reason[0] = '\0';
		r->decision = decide(&l, rules, last, r->reason, sizeof(r->reason));
	}
	return 0;
}

/* Times of every input, and whether one that matters became slower. All groups count: what is
 * looked for here is not what the looks selected. */
static void by_input(const struct stats_rules *rules, struct stats_result *r)
{
	struct stats_data *d = &r->data;
	cf_autofree double *logs = cf_calloc((size_t)d->n, sizeof(double));
	double all = 0;

	r->effects = cf_calloc((size_t)d->n, sizeof(*r->effects));
	for (int k = 0; k < d->n; k++)
		r->effects[k] = group_effect(d, &d->groups[k], r->remembered);
	r->original = r->candidate = 0;
	for (int i = 0; i < d->inputs; i++) {
		struct stats_input *in = &r->input[i];
		double w = d->weight[i], fresh = d->fresh[i];

		for (int k = 0; k < d->n; k++) {
			double t[STATS_SIDES];

			for (int side = 0; side < STATS_SIDES; side++) {
				const struct stats_cost *c = cost(d, &d->groups[k], side, i);

				t[side] = r->remembered ? (fresh * c->cold + (w - fresh) * c->warm) / w
						: c->low;
			}
			double original = sqrt(t[STATS_ORIGINAL] * t[STATS_AGAIN]);

			in->original += original / d->n;
			in->candidate += t[STATS_CANDIDATE] / d->n;
			logs[k] = log(original / t[STATS_CANDIDATE]);
		}
		/* Bonferroni: with a hundred inputs some look slower by chance */
		in->ratio = stats_interval(logs, d->n, (1 - rules->confidence) / d->inputs);
		all += w * in->original;
		r->candidate += w * in->candidate;
	}
	r->original = all;
	for (int i = 0; i < d->inputs && r->decision == STATS_FASTER; i++) {
		const struct stats_input *in = &r->input[i];
		double had = d->weight[i] * in->original;
		double lost = d->weight[i] * in->candidate - had;

		if (in->ratio.high >= 1 / (1 + rules->min_speedup))
			continue;
		if (had < 0.05 * all && lost < 0.01 * all)
			continue;
		r->decision = STATS_REGRESSES;
		snprintf(r->reason, sizeof(r->reason),
			"an input with %.1f %% of the time became %.2f times slower", had / all * 100,
			1 / in->ratio.estimate);
	}
}

static int64_t median(int64_t *x, int n)
{
	for (int i = 1; i < n; i++)
		for (int j = i; j > 0 && x[j - 1] > x[j]; j--) {
			int64_t t = x[j];

			x[j] = x[j - 1];
			x[j - 1] = t;
		}
	return x[n / 2];
}

/* ns that importing the candidate surely takes longer than importing the original; medians in r. */
static double import_cost(const struct stats_rules *rules, struct stats_result *r)
{
	const struct stats_data *d = &r->data;
	cf_autofree double *logs = cf_calloc((size_t)d->n, sizeof(*logs));
	cf_autofree int64_t *original = cf_calloc((size_t)d->n, sizeof(*original));
	cf_autofree int64_t *candidate = cf_calloc((size_t)d->n, sizeof(*candidate));

	for (int k = 0; k < d->n; k++) {
		const int64_t *t = d->groups[k].import_ns;

		original[k] = (t[STATS_ORIGINAL] + t[STATS_AGAIN]) / 2;
		candidate[k] = t[STATS_CANDIDATE];
		logs[k] = log(((double)candidate[k] + 1) / ((double)original[k] + 1));
	}
	/* of short calls it takes little to be more than they gain: chance must not be it */
	struct stats_ratio ratio = stats_interval(logs, d->n, (1 - rules->confidence) / 20);

	r->import_ns[0] = median(original, d->n);
	r->import_ns[1] = median(candidate, d->n);
	return (double)r->import_ns[0] * (ratio.low - 1);
}

/* Less than this is how a file that is read and compiled differs from another, not work. */
#define IMPORT_NS 1e6

/* What a faster candidate must not have paid with. */
static void side_costs(const struct stats_rules *rules, struct stats_result *r)
{
	struct stats_data *d = &r->data;
	cf_autofree int64_t *x = cf_calloc((size_t)d->n, sizeof(*x));
	double import = import_cost(rules, r);
	int threads[2] = {0};

	for (int c = 0; c < 2; c++) {
		int side = c ? STATS_CANDIDATE : STATS_ORIGINAL;

		for (int k = 0; k < d->n; k++)
			x[k] = d->groups[k].peak[side];
		r->peak[c] = median(x, d->n);
		for (int k = 0; k < d->n; k++)
			if (d->groups[k].threads[side] > threads[c])
				threads[c] = d->groups[k].threads[side];
	}
	if (r->decision != STATS_FASTER)
		return;
	/* a run imports once, and pays for all its calls with it */
	double gain = (r->original - r->candidate) * rules->scale;

	if (r->peak[1] > 2 * r->peak[0] + (64 << 20))
		snprintf(r->reason, sizeof(r->reason), "needs %.0f MB where the original needs %.0f MB",
			(double)r->peak[1] / 1e6, (double)r->peak[0] / 1e6);
	else if (threads[1] > threads[0])
		snprintf(r->reason, sizeof(r->reason),
			"leaves %d threads or processes at work behind its answer", threads[1]);
	else if (import > IMPORT_NS && import > gain / 2)
		snprintf(r->reason, sizeof(r->reason),
			"moves work to import: %.1f ms more there, %.1f ms less in its calls", import / 1e6,
			gain / 1e6);
	else
		return;
	r->decision = STATS_REGRESSES;
}

/* A larger share of lazy time than the original's by this much is work put off. */
#define PUT_OFF 0.2

/* What a candidate that is not faster does in the place of being it, where that can be told. */
static void name_trick(struct stats_result *r)
{
	const struct stats_data *d = &r->data;
	double original = 0, candidate = 0;

	for (int k = 0; k < d->n; k++) {
		const double *lazy = d->groups[k].lazy;

		original += (lazy[STATS_ORIGINAL] + lazy[STATS_AGAIN]) / 2 / d->n;
		candidate += lazy[STATS_CANDIDATE] / d->n;
	}
	if (r->decision != STATS_SAME && r->decision != STATS_SLOWER)
		return;
	if (candidate > original + PUT_OFF)
		snprintf(r->reason, sizeof(r->reason),
			"it puts its work off: what it returns lazily takes %.0f %% of its time once it is "
			"used (the original's: %.0f %%)",
			candidate * 100, original * 100);
	else if (r->caching)
		snprintf(r->reason, sizeof(r->reason),
			"it gains by remembering inputs, which the traced run does not repeat enough");
}

int stats_measure(const struct stats_rules *rules, const struct stats_source *source, int inputs,
	const double *weight, const double *fresh, struct stats_result *r)
{
	*r = (struct stats_result){.decision = STATS_UNMEASURED,
		.data = {.inputs = inputs, .weight = weight, .fresh = fresh},
		.input = cf_calloc((size_t)inputs, sizeof(*r->input))};
	if (phase(rules, source, 1, FIRST_PHASE * rules->budget_s, r))
		goto failed;
	if (r->decision == STATS_FASTER) {
		if (phase(rules, source, 2, rules->budget_s, r))
			goto failed;
		if (r->decision != STATS_FASTER)
			snprintf(r->reason, sizeof(r->reason),
				"the gain did not hold when measured again on fresh processes");
	}
	by_input(rules, r);
	side_costs(rules, r);
	name_trick(r);
	return 0;
failed:
	r->decision = STATS_UNMEASURED;
	return -1;
}

void stats_result_release(struct stats_result *r)
{
	for (int k = 0; k < r->data.n; k++)
		free(r->data.groups[k].cost);
	free(r->data.groups);
	free(r->input);
	free(r->effects);
	*r = (struct stats_result){0};
}

struct stats_fresh stats_fresh(const double *recorded, const double *fresh, int n, double alpha)
{
	cf_autofree double *lost = cf_calloc((size_t)n + 1, sizeof(*lost));
	struct stats_fresh f = {
		stats_interval(recorded, n, alpha), stats_interval(fresh, n, alpha), false};

	for (int k = 0; k < n; k++)
		lost[k] = fresh[k] - recorded[k] / 2;
	f.vanishes = f.recorded.low > 1 && stats_interval(lost, n, alpha).high < 1;
	return f;
}
