/* SPDX-License-Identifier: Apache-2.0 */
/* Short renderings of values for people: close to what a language's own repr says, never long. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/value_impl.h"

/* The only recursion over values there is, and it stops here. */
#define MAX_DEPTH 5

struct render {
	const struct value *v;
	struct cf_buf out;
	size_t max;
};

static void render_val(struct render *r, const struct val *val, int depth);

static bool full(const struct render *r)
{
	return r->out.len >= r->max;
}

static void quoted(struct render *r, const char *data, size_t n, const char *prefix, bool bytes)
{
	char quote = memchr(data, '\'', n) && !memchr(data, '"', n) ? '"' : '\'';

	cf_buf_adds(&r->out, prefix);
	cf_buf_addc(&r->out, quote);
	for (size_t i = 0; i < n && !full(r); i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == (unsigned char)quote || c == '\\')
			cf_buf_addf(&r->out, "\\%c", c);
		else if (c == '\n')
			cf_buf_adds(&r->out, "\\n");
		else if (c == '\t')
			cf_buf_adds(&r->out, "\\t");
		else if (c == '\r')
			cf_buf_adds(&r->out, "\\r");
		else if (c < 0x20 || c == 0x7f || (bytes && c >= 0x80))
			cf_buf_addf(&r->out, "\\x%02x", c);
		else
			cf_buf_addc(&r->out, (char)c);
	}
	cf_buf_addc(&r->out, quote);
}

/* A number of any size: in decimal while that is cheap and short. */
static void big_integer(struct render *r, const struct val *val)
{
	const unsigned char *p = (const unsigned char *)r->v->data + val->u;
	cf_autofree unsigned char *n = NULL;
	char digits[200];
	size_t at = sizeof(digits);

	cf_buf_adds(&r->out, val->neg ? "-" : "");
	if (val->n > 64) {
		cf_buf_addf(&r->out, "0x%02x%02x%02x%02x… (%u bits)", p[0], p[1], p[2], p[3], val->n * 8);
		return;
	}
	n = cf_malloc(val->n);
	memcpy(n, p, val->n);
	if (val->neg) /* -1 - n */
		for (size_t i = val->n; i-- > 0 && ++n[i] == 0;)
			;
	for (;;) {
		unsigned rest = 0;
		bool more = false;

		for (size_t i = 0; i < val->n; i++) {
			unsigned x = rest * 256 + n[i];

			n[i] = (unsigned char)(x / 10);
			rest = x % 10;
			more |= n[i] != 0;
		}
		digits[--at] = (char)('0' + rest);
		if (!more)
			break;
	}
	cf_buf_add(&r->out, digits + at, sizeof(digits) - at);
}

static void real(struct render *r, double d)
{
	char text[40];

	if (isnan(d)) {
		cf_buf_adds(&r->out, "nan");
		return;
	}
	if (isinf(d)) {
		cf_buf_adds(&r->out, d < 0 ? "-inf" : "inf");
		return;
	}
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	cf_buf_adds(&r->out, text);
	if (!strpbrk(text, ".e"))
		cf_buf_adds(&r->out, ".0");
}

char *value_short_type(const struct value *v, const struct node *node)
{
	const char *type = v->data + node->type;
	size_t n = node->type_n, at = n;

	while (at > 0 && type[at - 1] != '.')
		at--;
	return cf_strndup(type + at, n - at);
}

static void list(struct render *r, const struct val *items, uint32_t n, int depth)
{
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			cf_buf_adds(&r->out, ", ");
		if (full(r)) {
			cf_buf_adds(&r->out, "…");
			return;
		}
		render_val(r, &items[i], depth);
	}
}

static void pairs(struct render *r, const struct val *items, uint32_t n, int depth)
{
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			cf_buf_adds(&r->out, ", ");
		if (full(r)) {
			cf_buf_adds(&r->out, "…");
			return;
		}
		render_val(r, &items[2 * i], depth);
		cf_buf_adds(&r->out, ": ");
		render_val(r, &items[2 * i + 1], depth);
	}
}

static void state(struct render *r, const struct node *node, int depth)
{
	const struct val *s = r->v->vals + node->state;

	for (uint32_t i = 0; i < node->nstate; i++) {
		if (i)
			cf_buf_adds(&r->out, ", ");
		if (full(r)) {
			cf_buf_adds(&r->out, "…");
			return;
		}
		cf_buf_add(&r->out, r->v->data + s[2 * i].u, s[2 * i].n);
		cf_buf_addc(&r->out, '=');
		render_val(r, &s[2 * i + 1], depth);
	}
}

static void array(struct render *r, const struct node *node, const char *type)
{
	const struct val *dtype = r->v->vals + node->dtype, *shape = r->v->vals + node->shape;

	cf_buf_addf(&r->out, "%s(shape (", type);
	list(r, shape, node->nshape, 0);
	cf_buf_addf(&r->out, "), %.*s)", (int)(dtype->n < 40 ? dtype->n : 40), r->v->data + dtype->u);
}

static void wrapped(struct render *r, const char *type, const char *plain, const char *open,
	const char *close, const struct node *node, int depth)
{
	const struct val *items = r->v->vals + node->items;
	bool bare = !strcmp(type, plain);

	if (!bare)
		cf_buf_addf(&r->out, "%s(", type);
	cf_buf_adds(&r->out, open);
	if (node->kind == NODE_MAP)
		pairs(r, items, node->nitems / 2, depth);
	else
		list(r, items, node->nitems, depth);
	cf_buf_adds(&r->out, close);
	if (!bare)
		cf_buf_addc(&r->out, ')');
}

static void render_node(struct render *r, const struct node *node, int depth)
{
	const struct val *items = r->v->vals + node->items;
	cf_autofree char *type = value_short_type(r->v, node);

	switch ((enum node_kind)node->kind) {
	case NODE_SEQ:
		if (!strcmp(type, "tuple")) {
			cf_buf_addc(&r->out, '(');
			list(r, items, node->nitems, depth);
			cf_buf_adds(&r->out, node->nitems == 1 ? ",)" : ")");
		} else {
			wrapped(r, type, "list", "[", "]", node, depth);
		}
		return;
	case NODE_SET:
		if (!node->nitems)
			cf_buf_addf(&r->out, "%s()", type);
		else
			wrapped(r, type, "set", "{", "}", node, depth);
		return;
	case NODE_MAP:
		wrapped(r, type, "dict", "{", "}", node, depth);
		return;
	case NODE_OBJECT:
		cf_buf_addf(&r->out, "%s(", type);
		state(r, node, depth);
		cf_buf_addc(&r->out, ')');
		return;
	case NODE_ARRAY:
		array(r, node, type);
		return;
	case NODE_ERROR:
		cf_buf_adds(&r->out, type);
		if (items[0].kind == VAL_REF && r->v->heap[items[0].u].kind == NODE_SEQ) {
			const struct node *args = &r->v->heap[items[0].u];

			cf_buf_addc(&r->out, '(');
			list(r, r->v->vals + args->items, args->nitems, depth);
			cf_buf_addc(&r->out, ')');
		}
		return;
	case NODE_SCALAR:
		cf_buf_addf(&r->out, "%s(", type);
		list(r, items, node->nitems, depth);
		cf_buf_addc(&r->out, ')');
		return;
	case NODE_ITER:
		cf_buf_addf(&r->out, "<%s yielding ", type);
		list(r, items, node->nitems, depth);
		cf_buf_adds(&r->out, node->flags & NODE_TRUNCATED ? ", …>" : ">");
		return;
	case NODE_GLOBAL:
		cf_buf_add(&r->out, r->v->data + items[0].u, items[0].n);
		return;
	case NODE_FUNCTION:
		cf_buf_addf(&r->out, "<%s %.*s>", type, (int)(items[0].n < 100 ? items[0].n : 100),
			r->v->data + items[0].u);
		return;
	case NODE_OPAQUE:
	case NODE_KINDS:
		cf_buf_addf(&r->out, "<%s>", type);
		return;
	}
}

static void render_val(struct render *r, const struct val *val, int depth)
{
	switch ((enum val_kind)val->kind) {
	case VAL_NULL:
		cf_buf_adds(&r->out, "None");
		return;
	case VAL_FALSE:
		cf_buf_adds(&r->out, "False");
		return;
	case VAL_TRUE:
		cf_buf_adds(&r->out, "True");
		return;
	case VAL_INT:
		if (val->neg && val->u == UINT64_MAX)
			cf_buf_adds(&r->out, "-18446744073709551616");
		else
			cf_buf_addf(&r->out, "%s%llu", val->neg ? "-" : "",
				(unsigned long long)(val->neg ? val->u + 1 : val->u));
		return;
	case VAL_BIG:
		big_integer(r, val);
		return;
	case VAL_FLOAT:
		real(r, val_double(val));
		return;
	case VAL_TEXT:
		quoted(r, r->v->data + val->u, val->n, "", false);
		return;
	case VAL_BYTES:
		quoted(r, r->v->data + val->u, val->n, "b", true);
		return;
	case VAL_REF:
		if (depth >= MAX_DEPTH || full(r))
			cf_buf_adds(&r->out, "…");
		else
			render_node(r, &r->v->heap[val->u], depth + 1);
		return;
	}
}

char *value_render_val(const struct value *v, const struct val *val, size_t max)
{
	struct render r = {.v = v, .max = max};

	render_val(&r, val, 0);
	if (r.out.len > max + 3) {
		size_t cut = max;

		/* not in the middle of a character */
		while (cut && ((unsigned char)r.out.data[cut] & 0xc0) == 0x80)
			cut--;
		r.out.len = cut;
		r.out.data[cut] = '\0';
		cf_buf_adds(&r.out, "…");
	}
	return cf_buf_detach(&r.out, NULL);
}

char *value_render(const struct value *v, size_t max)
{
	const struct root *root = value_root(v, v->outcome ? v->kind : "value");

	if (!root)
		return cf_asprintf("<%s: %s>", v->kind, v->reason ? v->reason : "");
	return value_render_val(v, &root->val, max);
}
