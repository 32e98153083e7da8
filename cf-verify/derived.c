/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Derived inputs: the plugin makes them from recorded ones (cf-plugin.7) and says how in a text that
 * only it understands, so that original and candidate are given the same. Here is what the original
 * does on them: those that it crashes on, or takes long for, bind nobody and are never seen again.
 */
#include <stdlib.h>
#include <string.h>
#include "cf-verify/verify.h"
#include "lib/json.h"
#include "lib/mem.h"

/*
 * The original's time for one of them, and for all: processor time, so that a busy machine derives no
 * less. A candidate has for each what it has for a recorded call.
 */
#define LIMITS .call_timeout_s = 1, .cpu_s = 5, .timeout_s = 20
#define SMALLER 40 /* in one round */

static bool derives(const struct cf_plugin *plugin)
{
	return cf_json_bool(plugin->manifest, "derives", false);
}

bool derived_wish(const struct verify_opts *o, const struct original *of, struct worker_derive *wish,
	const char **why)
{
	*wish = (struct worker_derive){.most = (int)o->derived, .seed = o->seed,
		LIMITS};
	if (!o->derived || !of->ncalls)
		return false;
	if (!derives(&of->plugin))
		*why = "no derived inputs: the plugin makes none";
	else if (o->no_sandbox)
		*why = "no derived inputs: nothing would hold back what they do";
	return !*why;
}

static const struct trace_call *call_of(const struct original *of, int64_t id)
{
	for (int i = 0; i < of->ncalls; i++)
		if (of->calls[i].id == id)
			return &of->calls[i];
	return NULL;
}

int derived_take(const struct original *of, struct worker_result *r, struct judged **judged, int n)
{
	struct judged *all;

	if (!r->nderived)
		return n;
	all = cf_calloc((size_t)n + (size_t)r->nderived + 1, sizeof(*all));
	if (n)
		memcpy(all, *judged, (size_t)n * sizeof(*all));
	free(*judged);
	*judged = all;
	for (int i = 0; i < r->nderived; i++) {
		struct judged j = {.source = FROM_DERIVED, .call = call_of(of, r->derived[i].call),
			.spec = cf_steal(&r->derived[i].spec)};

		judged_first(&j, &r->derived[i]);
		if (j.call && j.outcome)
			all[n++] = j;
		else
			judged_release(&j);
	}
	return n;
}

struct judged *derived_smaller(
	const struct verify_opts *o, struct original *of, const struct judged *j, int *n)
{
	struct worker_derive wish = {.most = SMALLER, .seed = o->seed, LIMITS, .call = j->call,
		.spec = j->spec};
	cf_autofree struct judged **which = cf_calloc((size_t)of->ncalls + SMALLER + 1, sizeof(*which));
	struct judged *smaller = NULL;
	struct worker_result r;
	int recorded = original_recorded(of, which);

	*n = 0;
	if (original_run(o, of, which, recorded, (struct run_with){.wish = &wish}, SEED_A, &r) < 0)
		return NULL;
	*n = derived_take(of, &r, &smaller, 0);
	worker_result_release(&r);
	if (!*n)
		return NULL;
	for (int i = 0; i < *n; i++)
		which[recorded + i] = &smaller[i];
	if (original_run(o, of, which, recorded + *n, (struct run_with){0}, SEED_A, &r) < 0) {
		derived_free(smaller, *n);
		*n = 0;
		return NULL;
	}
	for (int i = 0; i < *n; i++)
		judged_settle(&smaller[i], &r.outcomes[recorded + i]);
	worker_result_release(&r);
	return smaller;
}

void derived_free(struct judged *judged, int n)
{
	for (int i = 0; judged && i < n; i++)
		judged_release(&judged[i]);
	free(judged);
}
