/* SPDX-License-Identifier: Apache-2.0 */
/* unit of: cf-trace */
/* The spool decoder on good, cut, flipped and random bytes. */
#include "check.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include "cf-trace/spool.h"

static uint32_t state = 1;

static uint32_t rnd(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

static size_t put(unsigned char *to, uint16_t type, const void *body, size_t n)
{
	size_t pad = (8 - n % 8) % 8;
	struct cf_rec head = {(uint32_t)(sizeof(head) + n + pad), type, (uint16_t)pad};

	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), body, n);
	memset(to + sizeof(head) + n, 0, pad);
	return head.size;
}

static const char function[] =
	"{\"id\":0,\"file\":\"/p/m.py\",\"module\":\"m\",\"qualname\":\"f\",\"class\":null,"
	"\"kind\":\"function\",\"line\":1,\"end_line\":2,\"replayable\":1}";

static size_t good(unsigned char *b)
{
	struct cf_rec_value v = {{1}, "pickle"};
	struct cf_rec_call c = {.function = 0, .seq = 1, .duration_ns = UINT64_MAX};
	struct cf_rec_edge e[2] = {{CF_NO_FUNCTION, 0, 5}, {0, 0, 6}};
	struct {
		struct cf_rec_counts c;
		uint64_t n[3];
	} counts = {{0, 3}, {1, 2, 3}};
	unsigned char value[sizeof(v) + 5];
	size_t n = 0;

	memcpy(value, &v, sizeof(v));
	memcpy(value + sizeof(v), "bytes", 5);
	n += put(b + n, CF_REC_FUNCTION, function, sizeof(function) - 1);
	n += put(b + n, CF_REC_VALUE, value, sizeof(value));
	n += put(b + n, CF_REC_CALL, &c, sizeof(c));
	n += put(b + n, CF_REC_EDGE, e, sizeof(e));
	n += put(b + n, CF_REC_COUNTS, &counts, sizeof(counts));
	n += put(b + n, CF_REC_LOSS, "{\"function\":null,\"reason\":\"r\",\"n\":3}", 36);
	n += put(b + n, CF_REC_TEST, "{\"test\":\"t\",\"outcome\":null,\"functions\":[0]}", 43);
	n += put(b + n, CF_REC_PAD, "", 0);
	return n;
}

/* How many records there are; -1 when it ends in damage. The data is copied so that a sanitizer
 * sees every byte read beyond it. */
static int decode(const unsigned char *b, size_t n)
{
	unsigned char *exact = malloc(n ? n : 1);
	struct spool_rec r = {0};
	const char *why;
	size_t pos = 0, need;
	int found = 0, rc;

	memcpy(exact, b, n);
	while ((rc = spool_next(exact, n, &pos, &r, &need, &why)) > 0) {
		found++;
		if (r.type == CF_REC_VALUE && r.n)
			CHECK(r.data + r.n <= exact + n);
		if (r.type == CF_REC_COUNTS)
			CHECK(r.counters + r.counts.n * sizeof(uint64_t) <= n);
	}
	CHECK(rc == 0 || why != NULL);
	CHECK(pos <= n);
	spool_rec_release(&r);
	free(exact);
	return rc < 0 ? -1 : found;
}

static void test_decoder(void)
{
	unsigned char b[1024], bad[1024];
	size_t n = good(b);
	int damaged = 0;

	CHECK(decode(b, n) == 8);
	/* cut anywhere: whole records or none, never damage */
	for (size_t i = 0; i < n; i++)
		CHECK(decode(b, i) >= 0 && decode(b, i) < 8);
	for (int i = 0; i < 20000; i++) {
		memcpy(bad, b, n);
		for (uint32_t k = 0; k <= rnd(4); k++)
			bad[rnd((uint32_t)n)] = (unsigned char)rnd(256);
		damaged += decode(bad, n) < 0;
	}
	CHECK(damaged > 1000);
	for (int i = 0; i < 20000; i++) {
		size_t len = rnd(200);

		for (size_t k = 0; k < len; k++)
			bad[k] = (unsigned char)rnd(256);
		if (len > 8) { /* a header that leads inside */
			memset(bad, 0, 8);
			bad[0] = (unsigned char)(len & ~7u);
			bad[4] = (unsigned char)rnd(12);
		}
		decode(bad, len);
	}
}

int main(void)
{
	test_decoder();
	return CHECK_END();
}
