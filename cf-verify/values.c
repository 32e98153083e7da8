/* SPDX-License-Identifier: Apache-2.0 */
/* --values: the comparator by itself, on two encoded files. */
#include "cf-verify/verify.h"

#include <stdio.h>
#include <string.h>
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"

static struct value *read_value(const char *path)
{
	struct cf_buf b cf_autobuf = CF_BUF_INIT;
	const char *why;
	struct value *v;

	if (cf_read_file(path, &b) < 0)
		return NULL;
	v = value_decode(b.data, b.len, &why);
	if (!v)
		cf_error("%s: not an encoded value: %s", path, why);
	return v;
}

/* Why it cannot be told whether it is equal. Returns new. */
static char *reason(const struct value *v)
{
	const char *skipped = value_outcome_text(v, "reason");
	char *opaque = skipped ? cf_strdup(skipped) : value_opaque(v);

	return opaque ? opaque : cf_strdup("too much to compare");
}

static json_t *text(const char *s)
{
	return s ? cf_json_text(s, strlen(s)) : json_null();
}

enum cf_exit verify_values(const struct verify_opts *o, const char *a, const char *b, const char *mask_path)
{
	static const char *const answers[] = {"equal", "different", "unknown"};
	struct value_rules rules = {.float_rel = o->float_rel};
	json_auto_t *mask = mask_path ? cf_json_load(mask_path) : NULL, *record = NULL;
	struct value *x = read_value(a), *y = x ? read_value(b) : NULL;
	struct value_diff d = {0};
	cf_autofree char *why = NULL;
	enum value_answer answer = VALUE_UNKNOWN;
	enum cf_exit status = CF_USAGE;

	if (mask_path && mask && !json_is_array(mask))
		cf_error("%s: not a JSON array of paths", mask_path);
	else if (x && y && (!mask_path || mask)) {
		answer = value_compare(x, y, &rules, mask, &d);
		if (answer == VALUE_UNKNOWN)
			why = reason(x);
		record = json_pack("{s:s,s:o,s:o,s:o,s:o}", "answer", answers[answer], "path", text(d.path),
			"original", text(d.original), "candidate", text(d.candidate), "reason", text(why));
		if (json_dumpf(record, stdout, JSON_COMPACT) < 0 || fputc('\n', stdout) == EOF ||
			fflush(stdout) != 0)
			cf_die(CF_USAGE, "cannot write to stdout");
		status = o->exit_code && answer != VALUE_EQUAL ? CF_NO : CF_OK;
	}
	value_diff_release(&d);
	value_free(x);
	value_free(y);
	return status;
}
