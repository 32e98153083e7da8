/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one comparator, for all languages (cf-value.5). It walks both heaps side by side with a stack
 * of its own. Nodes met are paired: a mutable object of the one must always meet the same object of
 * the other, so that aliases and cycles correspond. What has no order is matched by trying, on top
 * of hashes that leave little to try.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/value_impl.h"

#define RENDER_MAX 80
/* Matching within matching, as in a set of frozensets of frozensets. */
#define MAX_TRIALS 16
/* Deeper paths are for nobody to read, and a mask's path is never cut: what lies deeper is masked
 * where the path ends. */
#define MAX_SEGMENTS 200
/* Floats of single precision have 29 bits less; summed in another order they part in the last three. */
#define SINGLE 1e3
/* Bytes of a few MB may be made to take for ever; this is minutes of work for no real value. */
#define MAX_STEPS 300000000u

enum phase { PHASE_ITEMS, PHASE_BETWEEN, PHASE_STATE };

struct frame {
	uint32_t a, b;   /* heap indices */
	uint32_t at;     /* the child being compared: an index of items, or of state pairs */
	uint8_t phase;
	bool waiting;    /* for the frame above, which compares that child */
	uint32_t *match; /* of b's children for a's, where their order means nothing; or NULL */
};

/* A pair of immutable nodes that was compared, in a table that can forget its newest entries. */
struct seen {
	uint32_t a, b, next;
};

struct found {
	char *path;
	size_t depth;
};

struct cmp {
	const struct value *a, *b;
	const struct value_rules *rules;
	const json_t *mask;
	uint32_t *pair_a, *pair_b; /* partner + 1; 0: not met */
	struct frame *stack;
	size_t n, cap;
	struct seen *seen;
	size_t nseen, seen_cap;
	uint32_t *buckets, nbuckets;
	uint32_t *log; /* a's nodes in the order they were paired */
	size_t nlog, log_cap;
	const char *root;
	unsigned steps;
	int trials;
	bool trial_failed, unknown, differ, stop;
	char *unknown_at; /* where that was first met */
	struct value_diff *diff;
	bool collect; /* every difference instead of the first */
	struct found *found;
	size_t nfound, found_cap;
};

void value_diff_release(struct value_diff *d)
{
	free(d->path);
	free(d->original);
	free(d->candidate);
	*d = (struct value_diff){0};
}

/* --- where we are ----------------------------------------------------------------------------------- */

/* Of an error's parts: what it came upon. That says how it was come by, not what it is. */
#define ERROR_CONTEXT 2

static bool is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(s[i] == '_' || (s[i] | 32) - 'a' + 0u < 26u || (i && s[i] - '0' + 0u < 10u) ||
			    (unsigned char)s[i] >= 0x80))
			return false;
	return n > 0;
}

static void add_attribute(struct cf_buf *path, const char *name, size_t n)
{
	if (is_name(name, n)) {
		cf_buf_addc(path, '.');
		cf_buf_add(path, name, n);
	} else {
		cf_buf_addf(path, "['%.*s']", (int)(n < 100 ? n : 100), name);
	}
}

static void add_index(
	const struct value *v, const struct node *node, uint64_t at, struct cf_buf *path)
{
	const struct val *shape = v->vals + node->shape;
	uint64_t block = 1;

	cf_buf_addc(path, '[');
	for (uint32_t i = 1; i < node->nshape; i++)
		block *= shape[i].u ? shape[i].u : 1;
	for (uint32_t i = 0; i < node->nshape; i++) {
		cf_buf_addf(path, "%s%llu", i ? "," : "", (unsigned long long)(at / block));
		at %= block;
		if (i + 1 < node->nshape)
			block /= shape[i + 1].u ? shape[i + 1].u : 1;
	}
	cf_buf_addc(path, ']');
}

static void add_segment(const struct cmp *c, const struct frame *f, struct cf_buf *path)
{
	static const char *const error_parts[] = {".args", ".cause", ".context", ".notes"};
	const struct value *v = c->a;
	const struct node *node = &v->heap[f->a];
	const struct val *items = v->vals + node->items;

	if (f->phase == PHASE_STATE) {
		const struct val *name = &v->vals[node->state + 2 * f->at];

		add_attribute(path, v->data + name->u, name->n);
		return;
	}
	if (f->phase != PHASE_ITEMS)
		return;
	switch ((enum node_kind)node->kind) {
	case NODE_MAP: {
		cf_autofree char *key = value_render_val(v, &items[2 * f->at], 60);

		cf_buf_addf(path, "[%s]", key);
		return;
	}
	case NODE_ERROR:
		cf_buf_adds(path, error_parts[f->at]);
		return;
	case NODE_ARRAY:
		add_index(v, node, f->at, path);
		return;
	case NODE_FUNCTION:
		cf_buf_addf(path, ".closure[%u]", f->at - 2);
		return;
	case NODE_SCALAR:
		return; /* its parts have no names */
	default:
		cf_buf_addf(path, "[%u]", f->at);
		return;
	}
}

static char *path_here(const struct cmp *c)
{
	struct cf_buf path = CF_BUF_INIT;

	cf_buf_adds(&path, c->root);
	for (size_t i = 0; i < c->n && i < MAX_SEGMENTS; i++)
		add_segment(c, &c->stack[i], &path);
	return cf_buf_detach(&path, NULL);
}

bool value_masked(const json_t *mask, const char *path)
{
	size_t i;
	json_t *entry;

	json_array_foreach (mask, i, entry)
		if (json_is_string(entry) && !strcmp(json_string_value(entry), path))
			return true;
	return false;
}

static bool masked_here(const struct cmp *c)
{
	cf_autofree char *path = NULL;

	if (!json_array_size(c->mask) || c->trials || c->n > MAX_SEGMENTS)
		return false;
	path = path_here(c);
	return value_masked(c->mask, path);
}

static bool same_type(const struct cmp *c, const struct node *a, const struct node *b)
{
	return a->type_n == b->type_n && !memcmp(c->a->data + a->type, c->b->data + b->type, a->type_n);
}

/*
 * Masked: what is here changes from run to run. Of what kind it is does not, unless the mask says so:
 * a time is no longer one when it is null.
 */
static bool masked_vals(const struct cmp *c, const struct val *a, const struct val *b)
{
	cf_autofree char *path = NULL, *type = NULL;

	if (!masked_here(c))
		return false;
	if (a->kind == b->kind && (a->kind != VAL_REF ||
		same_type(c, &c->a->heap[a->u], &c->b->heap[b->u])))
		return true;
	path = path_here(c);
	type = cf_asprintf("type(%s)", path);
	return value_masked(c->mask, type);
}

static void collect(struct cmp *c, char *path)
{
	cf_grow(&c->found, &c->found_cap, c->nfound + 1, sizeof(*c->found));
	c->found[c->nfound].depth = c->n;
	c->found[c->nfound++].path = path;
}

/* For a mask: at this place not even the kind of value is always the same. */
static void collect_type(struct cmp *c)
{
	if (c->collect && !c->trials) {
		cf_autofree char *path = path_here(c);

		collect(c, cf_asprintf("type(%s)", path));
	}
}

/*
 * A difference at this place. `format` makes the path of it ("len(%s)", "%s.keys()"); the texts are
 * taken over. Comparing goes on only when it is masked or when every difference is wanted.
 */
static void report(struct cmp *c, const char *before, const char *after, char *original, char *candidate)
{
	cf_autofree char *here = NULL, *path = NULL;

	if (c->trials) {
		c->trial_failed = true;
		free(original);
		free(candidate);
		return;
	}
	here = path_here(c);
	path = c->n > MAX_SEGMENTS ? cf_strdup(here) : cf_asprintf("%s%s%s", before, here, after);
	if (c->collect) {
		collect(c, cf_steal(&path));
	} else if (!c->differ && !(c->n <= MAX_SEGMENTS && value_masked(c->mask, path))) {
		c->differ = c->stop = true;
		if (c->diff) {
			*c->diff = (struct value_diff){cf_steal(&path), original, candidate};
			return;
		}
	}
	free(original);
	free(candidate);
}

/* Where two long texts part is what there is to see of them. */
static char *render_from(const struct value *v, const struct val *val, size_t from)
{
	struct val part = *val;

	while (from && ((unsigned char)v->data[val->u + from] & 0xc0) == 0x80)
		from--;
	part.u += from;
	part.n -= (uint32_t)from;
	if (from) {
		cf_autofree char *text = value_render_val(v, &part, RENDER_MAX);

		return cf_asprintf("…%s", text);
	}
	return value_render_val(v, &part, RENDER_MAX);
}

static void report_vals(struct cmp *c, const struct val *a, const struct val *b)
{
	size_t from = 0;

	if (c->trials) {
		c->trial_failed = true;
		return;
	}
	if (a->kind == b->kind && (a->kind == VAL_TEXT || a->kind == VAL_BYTES) &&
		(a->n > RENDER_MAX || b->n > RENDER_MAX)) {
		while (from < a->n && from < b->n && c->a->data[a->u + from] == c->b->data[b->u + from])
			from++;
		from = from > 20 ? from - 20 : 0;
	}
	if (a->kind != b->kind)
		collect_type(c);
	/* masked, and yet here: only the kind can be at fault */
	if (a->kind != b->kind && masked_here(c))
		report(c, "type(", ")", render_from(c->a, a, 0), render_from(c->b, b, 0));
	else
		report(c, "", "", render_from(c->a, a, from), render_from(c->b, b, from));
}

/* --- scalars ---------------------------------------------------------------------------------------- */

static bool close_enough(double a, double b, const struct value_rules *rules)
{
	if (isnan(a) && isnan(b))
		return true;
	if (a == b)
		return signbit(a) == signbit(b); /* only the zeros can tell */
	return isfinite(a) && isfinite(b) &&
	       fabs(a - b) <= fmax(rules->float_rel * fmax(fabs(a), fabs(b)), rules->float_abs);
}

static struct value_rules rules_of(const struct cmp *c, bool single)
{
	struct value_rules rules = *c->rules;

	if (single) {
		rules.float_rel *= SINGLE;
		rules.float_abs *= SINGLE;
	}
	return rules;
}

static bool scalar_equal(const struct cmp *c, const struct val *a, const struct val *b)
{
	if (a->kind != b->kind)
		return false;
	switch ((enum val_kind)a->kind) {
	case VAL_INT:
		return a->neg == b->neg && a->u == b->u;
	case VAL_FLOAT:
		return a->u == b->u || close_enough(val_double(a), val_double(b), c->rules);
	case VAL_BIG:
		if (a->neg != b->neg)
			return false;
		/* fall through */
	case VAL_TEXT:
	case VAL_BYTES:
		return a->n == b->n && !memcmp(c->a->data + a->u, c->b->data + b->u, a->n);
	case VAL_REF:
		return false;
	default:
		return true;
	}
}

/* Width in bytes of an array's floating-point numbers, 0 when its elements are not such. */
static size_t float_width(const char *dtype, size_t n)
{
	/* the data is little-endian whatever the text says */
	if (n == 3 && strchr("<>=|", dtype[0]) && dtype[1] == 'f' && (dtype[2] == '4' || dtype[2] == '8'))
		return (size_t)(dtype[2] - '0');
	if (n == 3 && dtype[1] == 'c' && dtype[2] == '8')
		return 4;
	if (n == 4 && dtype[1] == 'c' && !memcmp(dtype + 2, "16", 2))
		return 8;
	return 0;
}

static double little_float(const unsigned char *p, size_t width)
{
	uint64_t bits = 0;

	for (size_t i = width; i-- > 0;)
		bits = bits << 8 | p[i];
	if (width == 4) {
		union {
			uint32_t u;
			float f;
		} small = {(uint32_t)bits};

		return small.f;
	}
	union {
		uint64_t u;
		double d;
	} large = {bits};

	return large.d;
}

double value_scale(const struct value *v)
{
	double scale = 0;

	for (size_t i = 0; i < v->nvals; i++)
		if (v->vals[i].kind == VAL_FLOAT && isfinite(val_double(&v->vals[i])))
			scale = fmax(scale, fabs(val_double(&v->vals[i])));
	for (int i = 0; i < v->nroots; i++)
		if (v->roots[i].val.kind == VAL_FLOAT && isfinite(val_double(&v->roots[i].val)))
			scale = fmax(scale, fabs(val_double(&v->roots[i].val)));
	for (uint32_t k = 0; k < v->nheap; k++) {
		const struct node *node = &v->heap[k];
		const struct val *data = &v->vals[node->items], *dtype;
		size_t width;

		if (node->kind != NODE_ARRAY || !node->nitems || data->kind != VAL_BYTES)
			continue;
		dtype = &v->vals[node->dtype];
		width = float_width(v->data + dtype->u, dtype->n);
		for (size_t i = 0; width && i + width <= data->n; i += width) {
			double d = little_float((const unsigned char *)v->data + data->u + i, width);

			if (isfinite(d))
				scale = fmax(scale, fabs(d));
		}
	}
	return scale;
}

/* Compares an array's raw data; the first element that differs in *at. */
static bool array_equal(const struct cmp *c, const struct node *node, const struct val *a,
	const struct val *b, uint64_t *at)
{
	const struct val *dtype = &c->a->vals[node->dtype];
	const unsigned char *p = (const unsigned char *)c->a->data + a->u;
	const unsigned char *q = (const unsigned char *)c->b->data + b->u;
	size_t width = float_width(c->a->data + dtype->u, dtype->n), count = 1, size;
	struct value_rules rules = rules_of(c, width == 4);

	*at = 0;
	if (a->n != b->n)
		return false;
	if (!memcmp(p, q, a->n))
		return true;
	for (uint32_t i = 0; i < node->nshape; i++)
		count *= c->a->vals[node->shape + i].u;
	size = count ? a->n / count : 0;
	if (width && !(a->n % width)) {
		for (size_t i = 0; i < a->n; i += width)
			if (memcmp(p + i, q + i, width) &&
				!close_enough(
					little_float(p + i, width), little_float(q + i, width), &rules)) {
				*at = size ? i / size : 0;
				return false;
			}
		return true;
	}
	for (size_t i = 0; i < a->n; i++)
		if (p[i] != q[i]) {
			*at = size ? i / size : 0;
			break;
		}
	return false;
}

/* --- pairs of nodes ---------------------------------------------------------------------------------- */

static bool text_is(const struct value *v, uint32_t at, uint32_t n, const char *text)
{
	return n == strlen(text) && !memcmp(v->data + at, text, n);
}

/* Objects that cannot change: whether they are one or two of them is nobody's business. */
static bool immutable(const struct value *v, const struct node *node)
{
	if (node->kind == NODE_SCALAR || node->kind == NODE_GLOBAL || node->flags & NODE_FROZEN)
		return true;
	return !node->nstate && (text_is(v, node->type, node->type_n, "tuple") ||
					text_is(v, node->type, node->type_n, "frozenset"));
}

static uint32_t bucket(const struct cmp *c, uint32_t a, uint32_t b)
{
	uint64_t h = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u;

	return (uint32_t)(h >> 32) & (c->nbuckets - 1);
}

static void rehash(struct cmp *c)
{
	uint32_t n = c->nbuckets ? c->nbuckets * 2 : 1024;

	free(c->buckets);
	c->buckets = cf_calloc(n, sizeof(*c->buckets));
	c->nbuckets = n;
	/* oldest first, so that the newest heads its chain and can be taken off again */
	for (size_t i = 0; i < c->nseen; i++) {
		uint32_t *head = &c->buckets[bucket(c, c->seen[i].a, c->seen[i].b)];

		c->seen[i].next = *head;
		*head = (uint32_t)i + 1;
	}
}

/* True when the pair was met before; else remembers it. */
static bool met(struct cmp *c, uint32_t a, uint32_t b)
{
	uint32_t *head;

	if (c->nseen >= c->nbuckets)
		rehash(c);
	head = &c->buckets[bucket(c, a, b)];
	for (uint32_t i = *head; i; i = c->seen[i - 1].next)
		if (c->seen[i - 1].a == a && c->seen[i - 1].b == b)
			return true;
	cf_grow(&c->seen, &c->seen_cap, c->nseen + 1, sizeof(*c->seen));
	c->seen[c->nseen] = (struct seen){a, b, *head};
	*head = (uint32_t)++c->nseen;
	return false;
}

static void forget(struct cmp *c, size_t nseen, size_t nlog)
{
	while (c->nseen > nseen) {
		struct seen *s = &c->seen[--c->nseen];

		c->buckets[bucket(c, s->a, s->b)] = s->next;
	}
	while (c->nlog > nlog) {
		uint32_t a = c->log[--c->nlog];

		c->pair_b[c->pair_a[a] - 1] = 0;
		c->pair_a[a] = 0;
	}
}

/* Pairs two mutable nodes: 1 they were a pair already, 0 they are now, -1 one has another partner. */
static int pair(struct cmp *c, uint32_t a, uint32_t b)
{
	if (c->pair_a[a] || c->pair_b[b])
		return c->pair_a[a] == b + 1 && c->pair_b[b] == a + 1 ? 1 : -1;
	c->pair_a[a] = b + 1;
	c->pair_b[b] = a + 1;
	cf_grow(&c->log, &c->log_cap, c->nlog + 1, sizeof(*c->log));
	c->log[c->nlog++] = a;
	return 0;
}

static void compare_val(struct cmp *c, const struct val *a, const struct val *b);
static void run(struct cmp *c, size_t base);

/* Whether the two are equal; when they are not, nothing of the attempt remains. */
static bool trial(struct cmp *c, const struct val *a, const struct val *b)
{
	size_t base = c->n, nseen = c->nseen, nlog = c->nlog;
	bool outer = c->trial_failed, equal;

	if (a->kind != VAL_REF || b->kind != VAL_REF)
		return scalar_equal(c, a, b);
	if (c->trials >= MAX_TRIALS)
		return false;
	c->trials++;
	c->trial_failed = false;
	compare_val(c, a, b);
	run(c, base);
	equal = !c->trial_failed;
	while (c->n > base)
		free(c->stack[--c->n].match);
	if (!equal)
		forget(c, nseen, nlog);
	c->trials--;
	c->trial_failed = outer;
	return equal;
}

/* --- matching what has no order ------------------------------------------------------------------------ */

static uint64_t mix(uint64_t h, uint64_t x)
{
	h ^= x + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
	h *= 0xff51afd7ed558ccdu;
	return h ^ h >> 32;
}

static uint64_t hash_bytes(uint64_t h, const char *p, size_t n)
{
	uint64_t f = 14695981039346656037u;

	for (size_t i = 0; i < n; i++)
		f = (f ^ (unsigned char)p[i]) * 1099511628211u;
	return mix(h, f);
}

/*
 * Equal values have equal hashes; unequal ones nearly always others. Looks a few levels deep and a
 * few elements wide. Tolerant hashes agree on values that the tolerance for floats makes equal.
 */
enum { HASH_TOLERANT = 1, HASH_ANY_ORDER = 2 };
static uint64_t hash_val(const struct value *v, const struct val *val, int how, int depth)
{
	uint64_t h = mix(0, val->kind);
	const struct node *node;
	const struct val *items;

	switch ((enum val_kind)val->kind) {
	case VAL_INT:
		return mix(mix(h, val->neg), val->u);
	case VAL_FLOAT:
		if (how & HASH_TOLERANT)
			return h;
		return mix(h, isnan(val_double(val)) ? 1 : val->u);
	case VAL_BIG:
	case VAL_TEXT:
	case VAL_BYTES:
		return hash_bytes(mix(h, val->neg), v->data + val->u, val->n);
	case VAL_REF:
		break;
	default:
		return h;
	}
	node = &v->heap[val->u];
	items = v->vals + node->items;
	h = hash_bytes(mix(h, node->kind), v->data + node->type, node->type_n);
	h = mix(mix(h, node->nitems), node->nstate);
	if (depth <= 0 || node->kind == NODE_OPAQUE)
		return h;
	if (node->kind == NODE_SET || node->kind == NODE_MAP ||
		((how & HASH_ANY_ORDER) && (node->kind == NODE_SEQ || node->kind == NODE_ITER))) {
		uint64_t sum = 0;
		uint32_t step = node->kind == NODE_MAP ? 2 : 1;

		for (uint32_t i = 0; i < node->nitems; i += step)
			if (items[i].kind != VAL_REF)
				sum += hash_val(v, &items[i], how, 0);
		return mix(h, sum);
	}
	if (node->kind == NODE_ARRAY && (how & HASH_TOLERANT))
		return h;
	for (uint32_t i = 0; i < node->nitems && i < 12; i++)
		if (node->kind != NODE_ERROR || i != ERROR_CONTEXT)
			h = mix(h, hash_val(v, &items[i], how, depth - 1));
	if (node->nstate) {
		uint64_t sum = 0;

		for (uint32_t i = 0; i < node->nstate && i < 64; i++) {
			const struct val *s = v->vals + node->state + 2 * i;

			sum += mix(hash_val(v, &s[0], how, 0), hash_val(v, &s[1], how, 0));
		}
		if (node->nstate <= 64)
			h = mix(h, sum);
	}
	return h;
}

struct hashed {
	uint64_t hash;
	double real; /* of a float: what to go by among those of one hash */
	uint32_t at;
};

static int by_hash(const void *pa, const void *pb)
{
	const struct hashed *a = pa, *b = pb;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->real != b->real)
		return a->real < b->real ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

struct matching {
	struct cmp *c;
	const struct val *a, *b; /* elements, `step` apart */
	uint32_t na, nb, step;
	uint32_t *match;         /* of a's for b's: index + 1, 0 none */
	uint8_t *taken;          /* of b's */
};

static struct hashed *hashes(
	const struct value *v, const struct val *vals, uint32_t n, uint32_t step, int how)
{
	struct hashed *h = cf_calloc((size_t)n + 1, sizeof(*h));

	for (uint32_t i = 0; i < n; i++) {
		const struct val *val = &vals[(size_t)i * step];

		h[i].hash = hash_val(v, val, how, 3);
		h[i].at = i;
		if (val->kind == VAL_FLOAT && !isnan(val_double(val)))
			h[i].real = val_double(val);
	}
	qsort(h, n, sizeof(*h), by_hash);
	return h;
}

static void match_round(struct matching *m, int how)
{
	cf_autofree struct hashed *a = hashes(m->c->a, m->a, m->na, m->step, how);
	cf_autofree struct hashed *b = hashes(m->c->b, m->b, m->nb, m->step, how);
	uint32_t first = 0;

	for (uint32_t i = 0; i < m->na && !m->c->stop; i++) {
		if (m->match[a[i].at])
			continue;
		while (first < m->nb && (b[first].hash < a[i].hash ||
						 (b[first].hash == a[i].hash && m->taken[b[first].at])))
			first++;
		for (uint32_t j = first; j < m->nb && b[j].hash == a[i].hash; j++) {
			if (++m->c->steps > MAX_STEPS) {
				m->c->unknown = m->c->stop = true;
				break;
			}
			if (m->taken[b[j].at] || !trial(m->c, &m->a[(size_t)a[i].at * m->step],
							 &m->b[(size_t)b[j].at * m->step]))
				continue;
			m->match[a[i].at] = b[j].at + 1;
			m->taken[b[j].at] = 1;
			break;
		}
	}
}

/* Matches as many as can be; how many a's and b's are left over decides the caller's answer. */
static void match(struct matching *m)
{
	int how = m->c->rules->any_order ? HASH_ANY_ORDER : 0;

	m->match = cf_calloc((size_t)m->na + 1, sizeof(*m->match));
	m->taken = cf_calloc((size_t)m->nb + 1, 1);
	/* most of the time they come in the same order */
	for (uint32_t i = 0; i < m->na && i < m->nb; i++)
		if (scalar_equal(m->c, &m->a[(size_t)i * m->step], &m->b[(size_t)i * m->step])) {
			m->match[i] = i + 1;
			m->taken[i] = 1;
		}
	for (uint32_t i = 0; i < m->na; i++)
		if (!m->match[i]) {
			match_round(m, how);
			break;
		}
	for (uint32_t i = 0; i < m->na; i++)
		if (!m->match[i]) {
			match_round(m, how | HASH_TOLERANT);
			break;
		}
}

/* The first element without a partner; NULL when there is none. */
static const struct val *left_over(const struct matching *m, bool of_a)
{
	for (uint32_t i = 0; i < (of_a ? m->na : m->nb); i++)
		if (of_a ? !m->match[i] : !m->taken[i])
			return of_a ? &m->a[(size_t)i * m->step] : &m->b[(size_t)i * m->step];
	return NULL;
}

static char *has(const struct value *v, const struct val *own, const struct value *w,
	const struct val *other)
{
	cf_autofree char *text = own ? value_render_val(v, own, RENDER_MAX)
					: value_render_val(w, other, RENDER_MAX);

	return cf_asprintf("%s %s", own ? "has" : "has not", text);
}

/* False when elements are left over, which is reported. *found, when wanted, is the match. */
static bool match_all(struct cmp *c, const struct node *a, const struct node *b, uint32_t step,
	const char *after, uint32_t **found)
{
	struct matching m = {.c = c, .a = c->a->vals + a->items, .b = c->b->vals + b->items,
		.na = a->nitems / step, .nb = b->nitems / step, .step = step};
	const struct val *left_a, *left_b;

	if (c->trials && m.na != m.nb) {
		c->trial_failed = true;
		return false;
	}
	match(&m);
	left_a = left_over(&m, true);
	left_b = left_over(&m, false);
	if ((left_a || left_b) && !c->stop)
		report(c, "", after, has(c->a, left_a, c->b, left_b), has(c->b, left_b, c->a, left_a));
	free(m.taken);
	if (found && !left_a && !left_b) {
		*found = m.match;
		return true;
	}
	free(m.match);
	return !left_a && !left_b;
}

/* --- nodes ------------------------------------------------------------------------------------------------ */

static int val_text_order(const struct value *v, const struct val *a, const struct value *w,
	const struct val *b)
{
	size_t n = a->n < b->n ? a->n : b->n;
	int order = n ? memcmp(v->data + a->u, w->data + b->u, n) : 0;

	return order ? order : a->n < b->n ? -1 : a->n > b->n;
}

/* Sorts indices of state pairs by name: heap sort, as qsort hands its comparison no context. */
static void sort_names(const struct value *v, const struct node *node, uint32_t *order)
{
	uint32_t n = node->nstate;
	const struct val *s = v->vals + node->state;

	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (uint32_t start = n / 2, end = n; end > 1;) {
		uint32_t root, child;

		if (start > 0) {
			start--;
		} else {
			uint32_t top = order[0];

			end--;
			order[0] = order[end];
			order[end] = top;
		}
		for (root = start; (child = 2 * root + 1) < end; root = child) {
			uint32_t x;

			if (child + 1 < end &&
				val_text_order(v, &s[2 * order[child]], v, &s[2 * order[child + 1]]) < 0)
				child++;
			if (val_text_order(v, &s[2 * order[root]], v, &s[2 * order[child]]) >= 0)
				break;
			x = order[root];
			order[root] = order[child];
			order[child] = x;
		}
	}
}

static void report_missing(
	struct cmp *c, const struct val *name, const struct value *v, const struct val *val, bool in_a)
{
	struct cf_buf after cf_autobuf = CF_BUF_INIT;
	char *there = value_render_val(v, val, RENDER_MAX);

	add_attribute(&after, v->data + name->u, name->n);
	report(c, "", after.data, in_a ? there : cf_strdup("(absent)"),
		in_a ? cf_strdup("(absent)") : there);
}

/* Pairs the attributes of both by name. New: b's index + 1 for each of a's; NULL: same order. */
static uint32_t *match_state(struct cmp *c, const struct node *a, const struct node *b)
{
	const struct val *s = c->a->vals + a->state, *t = c->b->vals + b->state;
	cf_autofree uint32_t *order_a = NULL, *order_b = NULL;
	uint32_t i = 0, j = 0, *found;

	if (a->nstate == b->nstate) {
		while (i < a->nstate && !val_text_order(c->a, &s[2 * i], c->b, &t[2 * i]))
			i++;
		if (i == a->nstate)
			return NULL;
	}
	order_a = cf_calloc((size_t)a->nstate + 1, sizeof(*order_a));
	order_b = cf_calloc((size_t)b->nstate + 1, sizeof(*order_b));
	found = cf_calloc((size_t)a->nstate + 1, sizeof(*found));
	sort_names(c->a, a, order_a);
	sort_names(c->b, b, order_b);
	for (i = 0; i < a->nstate || j < b->nstate;) {
		const struct val *x = i < a->nstate ? &s[2 * order_a[i]] : NULL;
		const struct val *y = j < b->nstate ? &t[2 * order_b[j]] : NULL;
		int way = !x ? 1 : !y ? -1 : val_text_order(c->a, x, c->b, y);

		if (way < 0)
			report_missing(c, x, c->a, x + 1, true);
		else if (way > 0)
			report_missing(c, y, c->b, y + 1, false);
		else
			found[order_a[i]] = order_b[j] + 1;
		i += way <= 0;
		j += way >= 0;
	}
	return found;
}

static char *type_of(const struct value *v, const struct node *node)
{
	return cf_asprintf("%.*s", (int)(node->type_n < 120 ? node->type_n : 120), v->data + node->type);
}

/* Keys of two mappings, compared in their order: the first that is another. */
static bool keys_in_order(struct cmp *c, const struct node *a, const struct node *b)
{
	const struct val *x = c->a->vals + a->items, *y = c->b->vals + b->items;
	uint32_t na = a->nitems / 2, nb = b->nitems / 2;

	for (uint32_t i = 0; i < na || i < nb; i++) {
		char after[32];

		if (i < na && i < nb && trial(c, &x[2 * i], &y[2 * i]))
			continue;
		if (c->trials) {
			c->trial_failed = true;
			return false;
		}
		/* a mask is for whatever the keys are; a person wants to know which */
		snprintf(after, sizeof(after), c->collect || json_array_size(c->mask) ? ".keys()" : ".keys()[%u]",
			i);
		report(c, "", after,
			i < na ? value_render_val(c->a, &x[2 * i], RENDER_MAX) : cf_strdup("(no more)"),
			i < nb ? value_render_val(c->b, &y[2 * i], RENDER_MAX) : cf_strdup("(no more)"));
		return false;
	}
	return true;
}

static bool bytewise(const struct value *v, const struct node *node)
{
	return node->nitems == 1 && v->vals[node->items].kind != VAL_REF;
}

static void report_nodes(struct cmp *c, uint32_t a, uint32_t b)
{
	report(c, "", "", value_render_val(c->a, &(struct val){.kind = VAL_REF, .u = a}, RENDER_MAX),
		value_render_val(c->b, &(struct val){.kind = VAL_REF, .u = b}, RENDER_MAX));
}

static bool same_direct_items(struct cmp *c, const struct node *a, const struct node *b, uint32_t n)
{
	const struct val *x = c->a->vals + a->items, *y = c->b->vals + b->items;
	bool single = a->flags & b->flags & NODE_SINGLE;
	struct value_rules rules = rules_of(c, single);

	if (a->nitems != b->nitems)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (single && x[i].kind == VAL_FLOAT && y[i].kind == VAL_FLOAT &&
			close_enough(val_double(&x[i]), val_double(&y[i]), &rules))
			continue;
		if (!(x[i].kind == VAL_REF && y[i].kind == VAL_REF) && !scalar_equal(c, &x[i], &y[i]))
			return false;
	}
	return true;
}

static bool has_elements(const struct value *v, const struct node *node)
{
	for (uint32_t i = 0; i < node->nshape; i++)
		if (!v->vals[node->shape + i].u)
			return false;
	return true;
}

/*
 * What an array that is made of a list has when there is nothing in that: no shape of rows, and doubles.
 * Of an input that nobody gave it, it may as well have what it otherwise has.
 */
static bool of_nothing(const struct cmp *c, const struct node *a, const struct node *b)
{
	const struct val *dtype = &c->a->vals[a->dtype];

	return c->rules->derived && a->nshape == 1 && !has_elements(c->a, a) && !has_elements(c->b, b) &&
	       text_is(c->a, (uint32_t)dtype->u, dtype->n, "<f8");
}

static bool same_shape(const struct cmp *c, const struct node *a, const struct node *b)
{
	if (of_nothing(c, a, b))
		return true;
	if (a->nshape != b->nshape || !scalar_equal(c, &c->a->vals[a->dtype], &c->b->vals[b->dtype]))
		return false;
	for (uint32_t i = 0; i < a->nshape; i++)
		if (c->a->vals[a->shape + i].u != c->b->vals[b->shape + i].u)
			return false;
	return true;
}

/* An element of an array's raw data, where its dtype is one that people read. */
static char *render_element(
	const struct value *v, const struct node *node, const struct val *data, uint64_t at, size_t size)
{
	const struct val *dtype = &v->vals[node->dtype];
	const char *code = v->data + dtype->u;
	struct val bytes = *data, number = {.kind = VAL_INT};
	const unsigned char *p;
	uint64_t bits = 0;

	if (!size || (at + 1) * size > data->n)
		return cf_strdup("(nothing)");
	p = (const unsigned char *)v->data + data->u + at * size;
	bytes.u += at * size;
	bytes.n = (uint32_t)size;
	if (dtype->n != 3 || size > 8)
		return value_render_val(v, &bytes, RENDER_MAX);
	for (size_t i = size; i-- > 0;)
		bits = bits << 8 | p[i];
	if (code[1] == 'f' && (size == 4 || size == 8)) {
		double d = little_float(p, size);

		number.kind = VAL_FLOAT;
		memcpy(&number.u, &d, sizeof(d));
	} else if (code[1] == 'b') {
		number.kind = bits ? VAL_TRUE : VAL_FALSE;
	} else if (code[1] == 'i' && p[size - 1] & 0x80) {
		number.neg = true;
		number.u = ~(size < 8 ? bits | ~0ull << 8 * size : bits);
	} else if (code[1] == 'i' || code[1] == 'u') {
		number.u = bits;
	} else {
		return value_render_val(v, &bytes, RENDER_MAX);
	}
	return value_render_val(v, &number, RENDER_MAX);
}

static void report_element(
	struct cmp *c, const struct node *a, const struct node *b, uint64_t at)
{
	const struct val *x = &c->a->vals[a->items], *y = &c->b->vals[b->items];
	struct cf_buf after cf_autobuf = CF_BUF_INIT;
	uint64_t count = 1;

	for (uint32_t i = 0; i < a->nshape; i++)
		count *= c->a->vals[a->shape + i].u;
	if (!count || x->n != y->n || x->n / count * count != x->n) {
		report_nodes(c, (uint32_t)(a - c->a->heap), (uint32_t)(b - c->b->heap));
		return;
	}
	add_index(c->a, a, at, &after);
	report(c, "", after.data, render_element(c->a, a, x, at, x->n / count),
		render_element(c->b, b, y, at, y->n / count));
}

/*
 * What of two nodes of one kind and type can be told at once. True when their children are to be
 * compared; f then is ready for it.
 */
static bool open_node(struct cmp *c, struct frame *f, const struct node *a, const struct node *b)
{
	uint64_t at;

	switch ((enum node_kind)a->kind) {
	case NODE_SEQ:
	case NODE_ITER:
		if (!c->rules->any_order)
			return true;
		/* fall through */
	case NODE_SET:
		if (!match_all(c, a, b, 1, "", NULL))
			return false;
		f->at = a->nitems; /* matching has compared them */
		return true;
	case NODE_MAP:
		if (c->rules->ignore_order || c->rules->any_order ||
			(a->flags & b->flags & NODE_UNORDERED))
			return match_all(c, a, b, 2, ".keys()", &f->match);
		return keys_in_order(c, a, b);
	case NODE_SCALAR:
		if (same_direct_items(c, a, b, a->nitems)) {
			if (a->flags & b->flags & NODE_SINGLE)
				f->at = a->nitems; /* by other rules than single values are */
			return true;
		}
		report_nodes(c, f->a, f->b);
		return false;
	case NODE_GLOBAL:
	case NODE_FUNCTION:
		if (same_direct_items(c, a, b, a->kind == NODE_FUNCTION ? 2 : 1)) {
			f->at = a->kind == NODE_FUNCTION ? 2 : 1;
			return true;
		}
		report_nodes(c, f->a, f->b);
		return false;
	case NODE_ARRAY:
		if (!same_shape(c, a, b) || a->nitems != b->nitems ||
			bytewise(c->a, a) != bytewise(c->b, b)) {
			report_nodes(c, f->a, f->b);
			return false;
		}
		if (!bytewise(c->a, a))
			return true;
		f->at = a->nitems;
		if (c->a->vals[a->items].kind != c->b->vals[b->items].kind)
			report_nodes(c, f->a, f->b);
		else if (c->a->vals[a->items].kind != VAL_BYTES) {
			if (!scalar_equal(c, &c->a->vals[a->items], &c->b->vals[b->items]))
				report_nodes(c, f->a, f->b);
		} else if (!array_equal(c, a, &c->a->vals[a->items], &c->b->vals[b->items], &at)) {
			report_element(c, a, b, at);
		}
		return true;
	case NODE_ERROR:
		/* only the error raised is on an empty stack, the first time and the second */
		return !(c->rules->error_type_only && c->n == 0 &&
			 (!strcmp(c->root, "raise") || !strcmp(c->root, "again")));
	default:
		return true;
	}
}

/* Two references: decides what it can, and puts the rest on the stack. */
static void enter(struct cmp *c, uint32_t ia, uint32_t ib)
{
	const struct node *a = &c->a->heap[ia], *b = &c->b->heap[ib];
	struct frame f = {.a = ia, .b = ib};
	bool same = same_type(c, a, b);
	size_t nseen = c->nseen, nlog = c->nlog, nfound = c->nfound;

	if (++c->steps > MAX_STEPS) {
		c->unknown = c->stop = true;
		return;
	}
	if (a->kind == NODE_OPAQUE && b->kind == NODE_OPAQUE && same) {
		c->unknown = true;
		if (c->diff && !c->unknown_at && !c->trials)
			c->unknown_at = path_here(c);
		return;
	}
	if (!same) {
		collect_type(c);
		/* collected for a mask, it stands for everything there */
		report(c, c->collect ? "" : "type(", c->collect ? "" : ")", type_of(c->a, a), type_of(c->b, b));
		return;
	}
	if (a->kind != b->kind) {
		report_nodes(c, ia, ib);
		return;
	}
	if (immutable(c->a, a) && immutable(c->b, b)) {
		if (met(c, ia, ib))
			return;
	} else {
		int r = pair(c, ia, ib);

		if (r < 0)
			report(c, "", "", cf_strdup(c->pair_a[ia] ? "the same object as before" : "another object"),
				cf_strdup(c->pair_b[ib] ? "the same object as before" : "another object"));
		if (r)
			return;
	}
	if (!open_node(c, &f, a, b)) {
		free(f.match);
		/* a mask has every place that leads here: under it the first one is not looked into */
		if (c->nfound > nfound)
			forget(c, nseen, nlog);
		return;
	}
	cf_grow(&c->stack, &c->cap, c->n + 1, sizeof(*c->stack));
	c->stack[c->n++] = f;
}

static void compare_val(struct cmp *c, const struct val *a, const struct val *b)
{
	if (a->kind == VAL_REF && b->kind == VAL_REF)
		enter(c, (uint32_t)a->u, (uint32_t)b->u);
	else if (!scalar_equal(c, a, b))
		report_vals(c, a, b);
}

static char *length(const struct node *node)
{
	return cf_asprintf("%u%s", node->nitems, node->flags & NODE_TRUNCATED ? " and more" : "");
}

/* The next two children of a frame to compare; false when there are no more. */
static bool next_child(struct cmp *c, struct frame *f, const struct val **x, const struct val **y)
{
	const struct node *a = &c->a->heap[f->a], *b = &c->b->heap[f->b];
	uint32_t width = a->kind == NODE_MAP ? 2 : 1, other;

	if (f->phase == PHASE_ITEMS) {
		f->at += a->kind == NODE_ERROR && f->at == ERROR_CONTEXT;
		if (f->at < a->nitems / width && f->at < b->nitems / width) {
			other = f->match ? f->match[f->at] - 1 : f->at;
			*x = c->a->vals + a->items + (size_t)f->at * width + (width - 1);
			*y = c->b->vals + b->items + (size_t)other * width + (width - 1);
			return true;
		}
		free(cf_steal(&f->match));
		f->phase = PHASE_BETWEEN;
		if (a->kind != NODE_SET && a->kind != NODE_MAP &&
			(a->nitems != b->nitems || (a->flags & NODE_TRUNCATED) != (b->flags & NODE_TRUNCATED)))
			report(c, "len(", ")", length(a), length(b));
		f->match = match_state(c, a, b);
		f->phase = PHASE_STATE;
		f->at = 0;
	}
	for (; f->at < a->nstate; f->at++) {
		other = f->match ? f->match[f->at] : f->at + 1;
		if (!other) /* reported as missing */
			continue;
		*x = c->a->vals + a->state + 2 * (size_t)f->at + 1;
		*y = c->b->vals + b->state + 2 * (size_t)(other - 1) + 1;
		return true;
	}
	return false;
}

/* Until the stack is down to base again, or the answer is known. */
static void run(struct cmp *c, size_t base)
{
	while (c->n > base && !c->stop && !(c->trials && c->trial_failed)) {
		struct frame *f = &c->stack[c->n - 1];
		const struct val *x, *y;
		size_t n = c->n;

		if (f->waiting)
			f->at++;
		f->waiting = false;
		if (++c->steps > MAX_STEPS) {
			c->unknown = c->stop = true;
		} else if (!next_child(c, f, &x, &y)) {
			if (!c->stop && !(c->trials && c->trial_failed))
				free(c->stack[--c->n].match);
		} else if ((x->kind != VAL_REF && scalar_equal(c, x, y)) || masked_vals(c, x, y)) {
			f->at++; /* most children are equal scalars: nothing to look up for those */
		} else {
			compare_val(c, x, y);
			if (c->n > n)
				c->stack[n - 1].waiting = true;
			else
				c->stack[n - 1].at++;
		}
	}
}

/* --- outcomes ---------------------------------------------------------------------------------------------- */

static const char *did(const struct value *v)
{
	return !strcmp(v->kind, "raise") ? "raised" : !strcmp(v->kind, "return") ? "returned" : "skipped:";
}

static char *what_it_did(const struct value *v)
{
	cf_autofree char *text = value_render(v, RENDER_MAX);

	return cf_asprintf("%s %s", did(v), text);
}

static void compare_roots(struct cmp *c)
{
	for (int i = 0; i < c->a->nroots && !c->stop; i++) {
		const struct root *r = &c->a->roots[i], *s = value_root(c->b, r->name);

		c->root = r->name;
		if (s ? masked_vals(c, &r->val, &s->val) : masked_here(c))
			continue;
		if (!s) {
			report(c, "", "", value_render_val(c->a, &r->val, RENDER_MAX), cf_strdup("(nothing)"));
			continue;
		}
		compare_val(c, &r->val, &s->val);
		run(c, 0);
	}
	for (int i = 0; i < c->b->nroots && !c->stop; i++) {
		const struct root *s = &c->b->roots[i];

		c->root = s->name;
		if (!value_root(c->a, s->name))
			report(c, "", "", cf_strdup("(nothing)"), value_render_val(c->b, &s->val, RENDER_MAX));
	}
}

static void compare_all(struct cmp *c)
{
	c->pair_a = cf_calloc((size_t)c->a->nheap + 1, sizeof(*c->pair_a));
	c->pair_b = cf_calloc((size_t)c->b->nheap + 1, sizeof(*c->pair_b));
	if (c->a->outcome != c->b->outcome || strcmp(c->a->kind, c->b->kind)) {
		c->root = "kind";
		report(c, "", "", what_it_did(c->a), what_it_did(c->b));
	} else if (!strcmp(c->a->kind, "skip")) {
		c->unknown = true;
	} else {
		compare_roots(c);
	}
	while (c->n)
		free(c->stack[--c->n].match);
	free(c->stack);
	free(c->pair_a);
	free(c->pair_b);
	free(c->seen);
	free(c->buckets);
	free(c->log);
}

enum value_answer value_compare(const struct value *a, const struct value *b,
	const struct value_rules *rules, const json_t *mask, struct value_diff *d)
{
	static const struct value_rules usual = VALUE_RULES_DEFAULT;
	struct cmp c = {.a = a, .b = b, .rules = rules ? rules : &usual, .mask = mask, .diff = d};

	if (d)
		*d = (struct value_diff){0};
	/* nearly always they are the same bytes */
	if (a->n == b->n && !a->opaque && strcmp(a->kind, "skip") && !memcmp(a->data, b->data, a->n))
		return VALUE_EQUAL;
	compare_all(&c);
	if (!c.differ && d)
		d->path = cf_steal(&c.unknown_at);
	free(c.unknown_at);
	return c.differ ? VALUE_DIFFERENT : c.unknown ? VALUE_UNKNOWN : VALUE_EQUAL;
}

static int by_depth(const void *pa, const void *pb)
{
	const struct found *a = pa, *b = pb;

	if (a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* The root that a path lies in. Returns new. */
static char *root_of(const char *path)
{
	path += !strncmp(path, "len(", 4) ? 4 : 0;
	return cf_strndup(path, strcspn(path, ".[)"));
}

json_t *value_differences(const struct value *a, const struct value *b,
	const struct value_rules *rules, int max)
{
	static const struct value_rules usual = VALUE_RULES_DEFAULT;
	struct cmp c = {.a = a, .b = b, .rules = rules ? rules : &usual, .collect = true};
	json_t *paths = json_array();
	cf_autofree char *last = NULL;

	if (a->n != b->n || memcmp(a->data, b->data, a->n))
		compare_all(&c);
	for (size_t i = 0; i < c.nfound && c.nfound > (size_t)max; i++) {
		char *root = root_of(c.found[i].path);

		free(c.found[i].path);
		c.found[i] = (struct found){root, 0};
	}
	if (c.nfound)
		qsort(c.found, c.nfound, sizeof(*c.found), by_depth);
	for (size_t i = 0; i < c.nfound; i++) {
		if (!last || strcmp(last, c.found[i].path))
			json_array_append_new(paths, json_string(c.found[i].path));
		free(last);
		last = c.found[i].path;
	}
	free(c.found);
	return paths;
}
