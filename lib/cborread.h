/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR, one item at a time: definite lengths, no half or single floats, nothing allocated. */
#ifndef CF_CBORREAD_H
#define CF_CBORREAD_H

#include <stddef.h>
#include <stdint.h>

enum cbor_kind {
	CBOR_UINT,   /* u */
	CBOR_NEGINT, /* -1 - u */
	CBOR_BYTES,  /* data, n */
	CBOR_TEXT,   /* data, n; the bytes may still be no UTF-8 */
	CBOR_ARRAY,  /* n items follow */
	CBOR_MAP,    /* n pairs follow */
	CBOR_TAG,    /* u, of the item that follows */
	CBOR_DOUBLE, /* d */
	CBOR_FALSE,
	CBOR_TRUE,
	CBOR_NULL,
};

struct cbor_item {
	enum cbor_kind kind;
	uint64_t u;
	double d;
	const char *data; /* borrows from the input */
	size_t n;
};

struct cborread {
	const unsigned char *data;
	size_t n, at;
};

/* 1 an item; 0 the input is at its end; -1 cut short, malformed, or of a kind we do not take. */
int cborread_next(struct cborread *r, struct cbor_item *item);

/* 1 if the item is this very text. */
int cbor_is_text(const struct cbor_item *item, const char *text);

#endif
