/* SPDX-License-Identifier: Apache-2.0 */
/* Small accessors over jansson that say what is wrong with a record. */
#ifndef CF_JSON_H
#define CF_JSON_H

#include <jansson.h>
#include <stdint.h>

/* All borrow from `o`; NULL, fallback or -1 where the key is absent or of another type. */
const char *cf_json_str(const json_t *o, const char *key);
int64_t cf_json_int(const json_t *o, const char *key, int64_t fallback);
double cf_json_real(const json_t *o, const char *key, double fallback);
int cf_json_bool(const json_t *o, const char *key, int fallback);

/* Any bytes as a JSON string: what is not UTF-8 becomes U+FFFD. Returns new. */
json_t *cf_json_text(const char *s, size_t n);

/* Reads a whole JSON file; NULL after cf_error. Returns new. */
json_t *cf_json_load(const char *path);

#endif
