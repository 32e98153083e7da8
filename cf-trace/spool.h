/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding spool records (lib/spool.h, cf-spool.5) from memory. Trusts nothing in them. */
#ifndef CF_TRACE_SPOOL_H
#define CF_TRACE_SPOOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "lib/spool.h"

#define SPOOL_RECORD_MAX (1u << 28)
#define SPOOL_FUNCTIONS_MAX (1u << 22)

/* One record, checked. Pointers are into the data or owned; valid until the next spool_next. */
struct spool_rec {
	enum cf_rec_type type;
	json_t *json; /* PROCESS, FUNCTION, LOSS, TEST: keys and types as documented */
	struct cf_rec_value value;
	const unsigned char *data; /* VALUE: the blob; PROFILE, EDGE, LINE: n items back to back */
	size_t n;
	struct cf_rec_call call;
	struct cf_rec_duration duration;
	struct cf_rec_counts counts;
	size_t counters; /* COUNTS: offset of the first counter in the data */
};

/*
 * Decodes the record at data[*pos] and advances *pos past it. 1 got one; 0 the n bytes hold no
 * whole record there (*need is set to the bytes it would take from *pos, if known, else 0);
 * -1 damaged, with a short reason in *why. r must be zeroed before the first call.
 */
int spool_next(const void *data, size_t n, size_t *pos, struct spool_rec *r, size_t *need,
	const char **why);
void spool_rec_release(struct spool_rec *r);

/* NULL if the header is one we read, else a short reason. */
const char *spool_check_header(const struct cf_spool_header *h);

#endif
