/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What "equivalent" is worth: a few mutants of the original are judged as a candidate would be, and
 * those that pass for equivalent are the survivors. Found out once a target.
 */
#ifndef CF_STRENGTH_H
#define CF_STRENGTH_H

#include "cf-verify/verify.h"

struct strength;

/* That of a target whose original has been run; begun when first asked for. Not the caller's. */
struct strength *strength_of(const struct verify_opts *o, const json_t *target);
/* Whether its mutants have all been judged. */
bool strength_is_settled(const struct strength *s);

/*
 * The next mutant that is to be judged, as a candidate record (new), of which target and which one
 * of its mutants; NULL when there is none. Its answer, or NULL where it has none, is for
 * strength_take.
 */
json_t *strength_next(const struct verify_opts *o, struct strength **s, size_t *which);
void strength_take(struct strength *s, size_t which, const char *answer);

/* The verdict's "strength": null where no mutant was judged. Returns new. */
json_t *strength_json(const struct strength *s);
/* That of several targets together, null where one of them is; the first sum is NULL. Steals both. */
json_t *strength_sum(json_t *sum, json_t *part);

void strengths_release(void);

/* --list-mutants: a cf_stream_fn that writes the mutants of a target record behind it. */
int strength_list(const struct cf_record *record, void *opts, enum cf_exit *status);

/* Whether a candidate record is a mutant itself. */
bool is_mutant(const json_t *candidate);

#endif
