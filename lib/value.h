/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value model (cf-value.5): what a call did, encoded by a plugin into CBOR as a flat heap of
 * nodes, and the one comparator for all languages. Decoding trusts nothing: any bytes are either a
 * well-formed value or an error, in bounded memory and without recursion.
 */
#ifndef CF_VALUE_H
#define CF_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "lib/buf.h"

struct value; /* a decoded outcome or value; immutable */

/* Returns new; NULL with a short reason in *why (static or borrowed till the next call). */
struct value *value_decode(const void *data, size_t n, const char **why);
void value_free(struct value *v);

struct value_rules {
	double float_rel; /* relative tolerance, default 1e-9 */
	bool ignore_order; /* of mappings */
	bool error_type_only; /* of the error raised only the type: the runtime's words are its own */
	bool any_order;    /* of everything: for outcomes whose order hangs on hashing */
	double float_abs;  /* floats that differ by no more than this are equal too; default 0 */
	bool derived;      /* the original's array of no elements may be one whose dtype nobody chose */
};
#define VALUE_RULES_DEFAULT {1e-9, false, false, false, 0, false}

enum value_answer { VALUE_EQUAL, VALUE_DIFFERENT, VALUE_UNKNOWN /* opaque: cannot be told */ };

struct value_diff {
	char *path;             /* "return[3].price" */
	char *original, *candidate; /* short renderings */
};
void value_diff_release(struct value_diff *d);

/* Whether a (the original) and b (the candidate) are equal under the rules; the first difference,
 * in the order of the encoding, in *d when not equal and d is not NULL;
 * where it cannot be told, the path of what is opaque and no renderings. `mask` is an array of paths that
 * are not compared (NULL: none). */
enum value_answer value_compare(const struct value *a, const struct value *b,
	const struct value_rules *rules, const json_t *mask, struct value_diff *d);

/*
 * Every path on which the two differ, shallowest first: the mask of two runs. Where there are more
 * than max, the roots they lie in ("return", "self"). Returns new.
 */
json_t *value_differences(const struct value *a, const struct value *b,
	const struct value_rules *rules, int max);
/* Whether the mask, paths as value_differences gives them, has this very one. */
bool value_masked(const json_t *mask, const char *path);

/* The largest magnitude of a finite floating-point number in it; 0 without any. */
double value_scale(const struct value *v);

/* Whether an iterator in it was cut off: what it would have yielded further is not known. */
bool value_truncated(const struct value *v);
/* Why a part of it cannot be seen into; NULL when all of it can. Returns new. */
char *value_opaque(const struct value *v);

/* Short rendering of the whole value or of the outcome's part ("return", "raise"). Returns new. */
char *value_render(const struct value *v, size_t max);

/* "return", "raise" or "skip"; NULL when v is not an outcome. Borrows. */
const char *value_outcome(const struct value *v);
/* The text under a key of the outcome ("reason", "raised_by"); NULL if absent. Borrows. */
const char *value_outcome_text(const struct value *v, const char *key);

#endif
