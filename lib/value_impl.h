/* SPDX-License-Identifier: Apache-2.0 */
/* The decoded form of a value, shared by the decoder, the comparator and the renderer. */
#ifndef CF_VALUE_IMPL_H
#define CF_VALUE_IMPL_H

#include <stdint.h>
#include "lib/value.h"

enum val_kind {
	VAL_NULL, VAL_FALSE, VAL_TRUE,
	VAL_INT,   /* neg ? -1 - u : u */
	VAL_BIG,   /* the same with the magnitude's bytes, big-endian, without leading zeros, > 8 of them */
	VAL_FLOAT, /* u holds the bits */
	VAL_TEXT, VAL_BYTES,
	VAL_REF,   /* heap index u */
};

/* A scalar or a reference. Small, because a list of a million integers is a million of them. */
struct val {
	uint8_t kind;
	bool neg;
	uint32_t n; /* bytes of VAL_BIG, VAL_TEXT, VAL_BYTES, which start at data + u */
	uint64_t u;
};

enum node_kind {
	NODE_SEQ, NODE_SET, NODE_MAP, NODE_OBJECT, NODE_SCALAR, NODE_ARRAY, NODE_ERROR, NODE_ITER,
	NODE_GLOBAL, NODE_FUNCTION, NODE_OPAQUE, NODE_KINDS,
};
enum { NODE_TRUNCATED = 1, NODE_UNORDERED = 2, NODE_EQ = 4, NODE_FROZEN = 8, NODE_SINGLE = 16 };

struct node {
	uint8_t kind, flags;
	uint32_t type, type_n;   /* text at data + type */
	uint32_t items, nitems;  /* from vals; an array's: its data, or references */
	uint32_t dtype;          /* from vals; arrays only */
	uint32_t shape, nshape;  /* from vals; arrays only */
	uint32_t state, nstate;  /* from vals: name, value, …; nstate counts pairs */
};

struct root {
	char name[16];
	struct val val;
};
#define MAX_ROOTS 32

struct value {
	char *data; /* our copy of the encoded bytes */
	size_t n;
	bool outcome;                    /* else a bare value */
	char kind[8], raised_by[8], *reason;
	struct root roots[MAX_ROOTS];
	int nroots;
	struct val *vals;
	size_t nvals, vals_cap;
	struct node *heap;
	uint32_t nheap;
	bool opaque, truncated;          /* some node is */
};

static inline double val_double(const struct val *v)
{
	union {
		uint64_t u;
		double d;
	} bits = {v->u};

	return bits.d;
}

const struct root *value_root(const struct value *v, const char *name);

/* Short renderings; borrow nothing, return new. `max` bounds the bytes, roughly. */
char *value_render_val(const struct value *v, const struct val *val, size_t max);
/* The part after the last dot of "pkg.mod.Outer.Inner". */
char *value_short_type(const struct value *v, const struct node *node);

#endif
