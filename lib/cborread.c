/* SPDX-License-Identifier: Apache-2.0 */
/* One CBOR item at a time through libcbor's streaming decoder, which keeps no state. */
#include "lib/cborread.h"

#include <cbor.h>
#include <stdbool.h>
#include <string.h>

struct slot {
	struct cbor_item *item;
	bool taken;
};

static void take(void *arg, enum cbor_kind kind, uint64_t u)
{
	struct slot *s = arg;

	*s->item = (struct cbor_item){.kind = kind, .u = u, .n = (size_t)u};
	s->taken = true;
}

/* libcbor has one callback an encoded width, and an integer's width means nothing here. */
#define INTEGER(name, type, kind)                                                                  \
	static void name(void *arg, type v)                                                            \
	{                                                                                              \
		take(arg, kind, v);                                                                        \
	}
INTEGER(on_uint8, uint8_t, CBOR_UINT)
INTEGER(on_uint16, uint16_t, CBOR_UINT)
INTEGER(on_uint32, uint32_t, CBOR_UINT)
INTEGER(on_uint64, uint64_t, CBOR_UINT)
INTEGER(on_negint8, uint8_t, CBOR_NEGINT)
INTEGER(on_negint16, uint16_t, CBOR_NEGINT)
INTEGER(on_negint32, uint32_t, CBOR_NEGINT)
INTEGER(on_negint64, uint64_t, CBOR_NEGINT)
INTEGER(on_array, size_t, CBOR_ARRAY)
INTEGER(on_map, size_t, CBOR_MAP)
INTEGER(on_tag, uint64_t, CBOR_TAG)

static void on_bytes(void *arg, cbor_data data, size_t n)
{
	take(arg, CBOR_BYTES, n);
	((struct slot *)arg)->item->data = (const char *)data;
}

static void on_text(void *arg, cbor_data data, size_t n)
{
	take(arg, CBOR_TEXT, n);
	((struct slot *)arg)->item->data = (const char *)data;
}

static void on_double(void *arg, double d)
{
	take(arg, CBOR_DOUBLE, 0);
	((struct slot *)arg)->item->d = d;
}

static void on_bool(void *arg, bool v)
{
	take(arg, v ? CBOR_TRUE : CBOR_FALSE, 0);
}

static void on_null(void *arg)
{
	take(arg, CBOR_NULL, 0);
}

static void refuse(void *arg)
{
	(void)arg; /* leaves the slot empty: an error for our caller */
}

static void refuse_float(void *arg, float v)
{
	(void)arg, (void)v;
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8, .uint16 = on_uint16, .uint32 = on_uint32, .uint64 = on_uint64,
	.negint8 = on_negint8, .negint16 = on_negint16, .negint32 = on_negint32,
	.negint64 = on_negint64, .byte_string_start = refuse, .byte_string = on_bytes,
	.string = on_text, .string_start = refuse, .indef_array_start = refuse,
	.array_start = on_array, .indef_map_start = refuse, .map_start = on_map, .tag = on_tag,
	.float2 = refuse_float, .float4 = refuse_float, .float8 = on_double, .undefined = refuse,
	.null = on_null, .boolean = on_bool, .indef_break = refuse,
};

int cborread_next(struct cborread *r, struct cbor_item *item)
{
	struct slot slot = {item, false};
	struct cbor_decoder_result result;

	if (r->at == r->n)
		return 0;
	result = cbor_stream_decode(r->data + r->at, r->n - r->at, &callbacks, &slot);
	if (result.status != CBOR_DECODER_FINISHED || !slot.taken)
		return -1;
	r->at += result.read;
	return 1;
}

int cbor_is_text(const struct cbor_item *item, const char *text)
{
	return item->kind == CBOR_TEXT && item->n == strlen(text) && !memcmp(item->data, text, item->n);
}
