/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a run of which the program, cf-trace and its collector were killed together. */
#include "cf-trace/recover.h"

#include <stdlib.h>
#include "cf-trace/collect.h"
#include "cf-trace/subtree.h"
#include "lib/error.h"
#include "lib/mem.h"

struct recovery {
	bool aside;
	int failed;
	char *path; /* of the last one */
};

static void recover_one(struct output *left, void *arg)
{
	struct recovery *r = arg;
	int rc;

	left->aside = r->aside;
	if (subtree_lives(left->spool)) {
		r->failed++;
		cf_warn("a program whose recording was killed still runs; when it has ended: cf-trace"
			" --recover --output %s", left->path);
		return;
	}
	rc = collector_recover(left);
	if (rc < 0) {
		r->failed++;
		cf_warn("what is left of a killed run stays in %s", left->dir);
		return;
	}
	output_remove(left);
	if (!rc)
		return;
	if (r->aside)
		cf_warn("the last run was killed; what it recorded is in %s", left->path);
	free(r->path);
	r->path = cf_strdup(left->path);
}

int recover(const struct output *o, char **path)
{
	struct recovery r = {0};

	output_left(o, recover_one, &r);
	*path = r.path;
	if (!r.failed && !r.path)
		return cf_error("nothing is left of a killed run that was writing %s", o->path);
	return r.failed ? -1 : 0;
}

void recover_for_next(const struct output *o)
{
	struct recovery r = {.aside = true};

	output_left(o, recover_one, &r);
	free(r.path);
}
