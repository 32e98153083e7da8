/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder of cf-value.5. The encoding is a flat heap, so its depth is fixed and known: nothing
 * here recurses, and what is allocated is a small multiple of the bytes given.
 */
#include "lib/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/cborread.h"
#include "lib/mem.h"
#include "lib/value_impl.h"

static const char *const kind_names[NODE_KINDS] = {"seq", "set", "map", "object", "scalar", "array",
	"error", "iter", "global", "function", "opaque"};

struct decoder {
	struct cborread in;
	struct value *v;
	uint64_t refs; /* one beyond the highest heap index referred to */
	const char *why;
};

static int bad(struct decoder *d, const char *why)
{
	if (!d->why)
		d->why = why;
	return -1;
}

static int next(struct decoder *d, struct cbor_item *item)
{
	return cborread_next(&d->in, item) == 1 ? 0 : bad(d, "cut short or not CBOR");
}

static bool valid_utf8(const char *data, size_t n)
{
	const unsigned char *p = (const unsigned char *)data, *end = p + n;

	while (p < end) {
		unsigned c = *p++, more, low;

		if (c < 0x80)
			continue;
		if (c < 0xc2 || c > 0xf4)
			return false;
		more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		/* overlong forms, surrogates and what is beyond Unicode show in the second byte */
		low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
		if ((size_t)(end - p) < more || p[0] < low || p[0] > (c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf))
			return false;
		for (unsigned i = 0; i < more; i++)
			if ((p[i] & 0xc0) != 0x80)
				return false;
		p += more;
	}
	return true;
}

static uint32_t offset(const struct decoder *d, const char *p)
{
	return (uint32_t)(p - d->v->data);
}

static int next_text(struct decoder *d, struct cbor_item *item)
{
	if (next(d, item) < 0)
		return -1;
	if (item->kind != CBOR_TEXT || !valid_utf8(item->data, item->n))
		return bad(d, "text was expected");
	return 0;
}

static int next_array(struct decoder *d, size_t *n)
{
	struct cbor_item item;

	if (next(d, &item) < 0)
		return -1;
	if (item.kind != CBOR_ARRAY)
		return bad(d, "an array was expected");
	/* every element takes a byte, so that a count cannot promise more than there is */
	if (item.n > d->in.n - d->in.at)
		return bad(d, "cut short");
	*n = item.n;
	return 0;
}

/* What a tag stands before: a reference or an integer of any size. */
static int tagged(struct decoder *d, uint64_t tag, struct val *out)
{
	struct cbor_item item;

	if (next(d, &item) < 0)
		return -1;
	if (tag == 29 && item.kind == CBOR_UINT && item.u < UINT32_MAX) {
		*out = (struct val){.kind = VAL_REF, .u = item.u};
		if (item.u >= d->refs)
			d->refs = item.u + 1;
		return 0;
	}
	if ((tag == 2 || tag == 3) && item.kind == CBOR_BYTES) {
		while (item.n && !*item.data)
			item.data++, item.n--;
		*out = (struct val){.kind = VAL_BIG, .neg = tag == 3, .n = (uint32_t)item.n,
			.u = offset(d, item.data)};
		if (item.n <= 8) { /* one form for one number */
			out->kind = VAL_INT;
			out->u = 0;
			for (size_t i = 0; i < item.n; i++)
				out->u = out->u << 8 | (unsigned char)item.data[i];
			out->n = 0;
		}
		return 0;
	}
	return bad(d, "a tag that the format does not have");
}

static int next_val(struct decoder *d, struct val *out)
{
	struct cbor_item item;

	if (next(d, &item) < 0)
		return -1;
	*out = (struct val){.u = item.u};
	switch (item.kind) {
	case CBOR_NULL:
		out->kind = VAL_NULL;
		return 0;
	case CBOR_FALSE:
		out->kind = VAL_FALSE;
		return 0;
	case CBOR_TRUE:
		out->kind = VAL_TRUE;
		return 0;
	case CBOR_UINT:
	case CBOR_NEGINT:
		out->kind = VAL_INT;
		out->neg = item.kind == CBOR_NEGINT;
		return 0;
	case CBOR_DOUBLE:
		out->kind = VAL_FLOAT;
		memcpy(&out->u, &item.d, sizeof(item.d));
		return 0;
	case CBOR_TEXT:
		if (!valid_utf8(item.data, item.n))
			return bad(d, "text that is not UTF-8");
		/* fall through */
	case CBOR_BYTES:
		out->kind = item.kind == CBOR_TEXT ? VAL_TEXT : VAL_BYTES;
		out->n = (uint32_t)item.n;
		out->u = offset(d, item.data);
		return 0;
	case CBOR_TAG:
		return tagged(d, item.u, out);
	default:
		return bad(d, "an array or map inside a value");
	}
}

/* n values to the end of vals; where they start in *at. */
static int add_vals(struct decoder *d, size_t n, uint32_t *at)
{
	struct value *v = d->v;

	*at = (uint32_t)v->nvals;
	for (size_t i = 0; i < n; i++) {
		cf_grow(&v->vals, &v->vals_cap, v->nvals + 1, sizeof(*v->vals));
		if (next_val(d, &v->vals[v->nvals]) < 0)
			return -1;
		v->nvals++;
	}
	return 0;
}

/* An array's items: dtype, shape (an array of integers), then its data or references. */
static int array_items(struct decoder *d, struct node *node, size_t n)
{
	size_t dims;

	if (n < 2)
		return bad(d, "an array without dtype and shape");
	if (add_vals(d, 1, &node->dtype) < 0 || next_array(d, &dims) < 0)
		return -1;
	if (d->v->vals[node->dtype].kind != VAL_TEXT || dims > 64)
		return bad(d, "an array without a dtype, or of more than 64 dimensions");
	if (add_vals(d, dims, &node->shape) < 0)
		return -1;
	node->nshape = (uint32_t)dims;
	for (size_t i = 0; i < dims; i++)
		if (d->v->vals[node->shape + i].kind != VAL_INT || d->v->vals[node->shape + i].neg)
			return bad(d, "an array's shape that is not integers");
	node->nitems = (uint32_t)(n - 2);
	return add_vals(d, n - 2, &node->items);
}

static int check_items(struct decoder *d, const struct node *node)
{
	/* where no node has any there is no array of them */
	const struct val *items = node->nitems ? d->v->vals + node->items : NULL;

	switch (node->kind) {
	case NODE_MAP:
		return node->nitems % 2 ? bad(d, "a map with a key that has no value") : 0;
	case NODE_ERROR:
		return node->nitems != 4 ? bad(d, "an error without its four parts") : 0;
	case NODE_GLOBAL:
	case NODE_OPAQUE:
		return node->nitems != 1 || items[0].kind != VAL_TEXT ? bad(d, "a name was expected") : 0;
	case NODE_FUNCTION:
		return node->nitems < 2 || items[0].kind != VAL_TEXT || items[1].kind != VAL_TEXT
			? bad(d, "a function without name and digest")
			: 0;
	default:
		return 0;
	}
}

static int decode_node(struct decoder *d, struct node *node)
{
	struct cbor_item item;
	size_t n;

	if (next_array(d, &n) < 0 || n != 5)
		return bad(d, "a node that is not an array of five");
	if (next_text(d, &item) < 0)
		return -1;
	for (node->kind = 0; node->kind < NODE_KINDS; node->kind++)
		if (cbor_is_text(&item, kind_names[node->kind]))
			break;
	if (node->kind == NODE_KINDS)
		return bad(d, "a kind of node that the format does not have");
	if (next_text(d, &item) < 0)
		return -1;
	node->type = offset(d, item.data);
	node->type_n = (uint32_t)item.n;

	if (next_array(d, &n) < 0)
		return -1;
	if (node->kind == NODE_ARRAY) {
		if (array_items(d, node, n) < 0)
			return -1;
	} else {
		if (add_vals(d, n, &node->items) < 0)
			return -1;
		node->nitems = (uint32_t)n;
	}
	if (check_items(d, node) < 0)
		return -1;

	if (next(d, &item) < 0)
		return -1;
	if (item.kind == CBOR_ARRAY) {
		if (item.n % 2 || item.n > d->in.n - d->in.at)
			return bad(d, "a state that is not names and values");
		if (add_vals(d, item.n, &node->state) < 0)
			return -1;
		node->nstate = (uint32_t)(item.n / 2);
		for (uint32_t i = 0; i < node->nstate; i++)
			if (d->v->vals[node->state + 2 * i].kind != VAL_TEXT)
				return bad(d, "a state's name that is not text");
	} else if (item.kind != CBOR_NULL) {
		return bad(d, "a state that is not an array");
	}

	if (next_array(d, &n) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (next_text(d, &item) < 0)
			return -1;
		if (cbor_is_text(&item, "truncated"))
			node->flags |= NODE_TRUNCATED;
		else if (cbor_is_text(&item, "unordered"))
			node->flags |= NODE_UNORDERED;
		else if (cbor_is_text(&item, "eq"))
			node->flags |= NODE_EQ;
		else if (cbor_is_text(&item, "frozen"))
			node->flags |= NODE_FROZEN;
		else if (cbor_is_text(&item, "single"))
			node->flags |= NODE_SINGLE;
		else
			return bad(d, "a flag that the format does not have");
	}
	d->v->opaque |= node->kind == NODE_OPAQUE;
	d->v->truncated |= (node->flags & NODE_TRUNCATED) != 0;
	return 0;
}

static int decode_heap(struct decoder *d)
{
	size_t n;

	if (next_array(d, &n) < 0)
		return -1;
	/* a node takes at least nine bytes */
	if (n > (d->in.n - d->in.at) / 9)
		return bad(d, "cut short");
	d->v->heap = cf_calloc(n + 1, sizeof(*d->v->heap));
	d->v->nheap = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		if (decode_node(d, &d->v->heap[i]) < 0)
			return -1;
	return 0;
}

static int decode_roots(struct decoder *d)
{
	struct value *v = d->v;
	size_t n, two;

	if (next_array(d, &n) < 0)
		return -1;
	if (n > MAX_ROOTS)
		return bad(d, "too many roots");
	for (size_t i = 0; i < n; i++) {
		struct root *root = &v->roots[i];
		struct cbor_item name;

		if (next_array(d, &two) < 0 || two != 2 || next_text(d, &name) < 0 || !name.n ||
			name.n >= sizeof(root->name) || memchr(name.data, '\0', name.n))
			return bad(d, "a root that is not a name and a value");
		memcpy(root->name, name.data, name.n);
		if (value_root(v, root->name))
			return bad(d, "two roots of one name");
		if (next_val(d, &root->val) < 0)
			return -1;
		v->nroots++;
	}
	return 0;
}

static int short_text(struct decoder *d, char *to, size_t size)
{
	struct cbor_item item;

	if (next_text(d, &item) < 0 || item.n >= size || memchr(item.data, '\0', item.n))
		return bad(d, "a word that the format does not have");
	memcpy(to, item.data, item.n);
	to[item.n] = '\0';
	return 0;
}

/* Each key once; the values in the order that the contract gives them. */
static int decode_top(struct decoder *d)
{
	static const char *const keys[] = {"schema", "kind", "reason", "raised_by", "roots", "heap"};
	struct cbor_item map, key, item;
	struct value *v = d->v;
	char schema[24] = "";
	size_t at = 0;

	if (next(d, &map) < 0)
		return -1;
	if (map.kind != CBOR_MAP || map.n > 6)
		return bad(d, "not an outcome or a value");
	for (size_t i = 0; i < map.n; i++, at++) {
		int r = -1;

		if (next_text(d, &key) < 0)
			return -1;
		while (at < 6 && !cbor_is_text(&key, keys[at]))
			at++;
		switch (at) {
		case 0:
			r = short_text(d, schema, sizeof(schema));
			break;
		case 1:
			r = short_text(d, v->kind, sizeof(v->kind));
			break;
		case 2:
			if ((r = next_text(d, &item)) == 0)
				v->reason = cf_strndup(item.data, item.n);
			break;
		case 3:
			r = short_text(d, v->raised_by, sizeof(v->raised_by));
			break;
		case 4:
			r = decode_roots(d);
			break;
		case 5:
			r = decode_heap(d);
			break;
		default:
			return bad(d, "a key that the format does not have, or not in its place");
		}
		if (r < 0)
			return -1;
	}
	if (!v->heap)
		return bad(d, "no heap");
	v->outcome = !strcmp(schema, "cf/outcome/1");
	if (!v->outcome && strcmp(schema, "cf/value/1"))
		return bad(d, "another schema than cf/outcome/1 or cf/value/1");
	return 0;
}

/* Fails closed: an outcome that says too little to be judged is no outcome. */
static int check_outcome(struct decoder *d)
{
	struct value *v = d->v;

	if (!v->outcome)
		return v->kind[0] || v->nroots != 1 || !value_root(v, "value") ? bad(d, "no value") : 0;
	if (!strcmp(v->kind, "skip"))
		return v->reason ? 0 : bad(d, "a skip without a reason");
	if (!strcmp(v->kind, "return"))
		return value_root(v, "return") && !value_root(v, "raise") ? 0
									  : bad(d, "a return without its value");
	if (!strcmp(v->kind, "raise"))
		return value_root(v, "raise") && !value_root(v, "return") &&
				(!strcmp(v->raised_by, "project") || !strcmp(v->raised_by, "runtime"))
			? 0
			: bad(d, "a raise without its error");
	return bad(d, "a kind of outcome that the format does not have");
}

struct value *value_decode(const void *data, size_t n, const char **why)
{
	struct decoder d = {.v = cf_calloc(1, sizeof(struct value))};

	if (n >= UINT32_MAX) {
		bad(&d, "larger than 4 GiB");
	} else {
		d.v->data = cf_malloc(n + 1);
		memcpy(d.v->data, data, n);
		d.v->n = n;
		/* there even when empty: nodes point behind its last one */
		cf_grow(&d.v->vals, &d.v->vals_cap, 1, sizeof(*d.v->vals));
		d.in = (struct cborread){(const unsigned char *)d.v->data, n, 0};
		if (decode_top(&d) == 0 && check_outcome(&d) == 0) {
			if (d.refs > d.v->nheap)
				bad(&d, "a reference to no node");
			else if (d.in.at != n)
				bad(&d, "bytes after its end");
		}
	}
	if (!d.why)
		return d.v;
	if (why)
		*why = d.why;
	value_free(d.v);
	return NULL;
}

void value_free(struct value *v)
{
	if (!v)
		return;
	free(v->data);
	free(v->reason);
	free(v->vals);
	free(v->heap);
	free(v);
}

const struct root *value_root(const struct value *v, const char *name)
{
	for (int i = 0; i < v->nroots; i++)
		if (!strcmp(v->roots[i].name, name))
			return &v->roots[i];
	return NULL;
}

const char *value_outcome(const struct value *v)
{
	return v->outcome ? v->kind : NULL;
}

const char *value_outcome_text(const struct value *v, const char *key)
{
	if (!strcmp(key, "reason"))
		return v->reason;
	if (!strcmp(key, "raised_by") && v->raised_by[0])
		return v->raised_by;
	return NULL;
}

bool value_truncated(const struct value *v)
{
	return v->truncated;
}

char *value_opaque(const struct value *v)
{
	for (uint32_t i = 0; i < v->nheap; i++) {
		const struct node *node = &v->heap[i];
		const struct val *reason = &v->vals[node->items];
		cf_autofree char *type = NULL;

		if (node->kind != NODE_OPAQUE)
			continue;
		type = value_short_type(v, node);
		return cf_asprintf("%s: %.*s", type, (int)(reason->n < 200 ? reason->n : 200),
			v->data + reason->u);
	}
	return NULL;
}
