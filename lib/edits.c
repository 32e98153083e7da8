/* SPDX-License-Identifier: Apache-2.0 */
/* Edits to source files: checking, applying, merging, and the line diffs between two texts. */
#include "lib/source.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"

struct edit {
	const char *path, *sha256, *text; /* borrowed from the JSON */
	size_t start, end, n;
};

/* ---- the files ---- */

static struct {
	char *path;
	struct cf_buf text;
} stand_in;

void edits_stand_in(const char *path, const char *text, size_t n)
{
	free(stand_in.path);
	stand_in.path = cf_strdup(path);
	cf_buf_reset(&stand_in.text);
	cf_buf_add(&stand_in.text, text, n);
}

int edits_file(const char *project_root, const char *path, struct cf_buf *text)
{
	cf_autofree char *full = cf_path_join(project_root, path);

	if (!stand_in.path || strcmp(stand_in.path, path))
		return cf_read_file(full, text);
	cf_buf_reset(text);
	cf_buf_add(text, stand_in.text.data, stand_in.text.len);
	return 0;
}

/* ---- reading edits ---- */

static int by_place(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;
	int order = strcmp(x->path, y->path);
	if (order)
		return order;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	size_t n = x->n < y->n ? x->n : y->n;
	order = memcmp(x->text, y->text, n);
	return order ? order : x->n < y->n ? -1 : x->n > y->n;
}

/*
 * The edits sorted, each only once. Returns new; NULL with the reason in *why (new) when one is
 * malformed or two overlap.
 */
static struct edit *edits_read(const json_t *edits, size_t *count, char **why)
{
	size_t n = json_array_size(edits), i, kept = 0;
	cf_autofree struct edit *all = cf_calloc(n + 1, sizeof *all);
	const json_t *e;

	*why = NULL;
	if (!json_is_array(edits)) {
		*why = cf_strdup("edits is not an array");
		return NULL;
	}
	json_array_foreach(edits, i, e) {
		const json_t *text = json_object_get(e, "text");
		int64_t start = cf_json_int(e, "start", -1), end = cf_json_int(e, "end", -1);
		all[i] = (struct edit){.path = cf_json_str(e, "path"),
			.sha256 = cf_json_str(e, "sha256_before"),
			.text = json_string_value(text),
			.n = json_string_length(text),
			.start = (size_t)start,
			.end = (size_t)end};
		if (!all[i].path || !all[i].sha256 || !all[i].text || start < 0 || end < start) {
			*why = cf_asprintf("edit %zu needs path, sha256_before, text and 0 <= start <= end",
				i + 1);
			return NULL;
		}
	}
	if (n)
		qsort(all, n, sizeof *all, by_place);
	for (i = 0; i < n; i++) {
		struct edit *last = kept ? &all[kept - 1] : NULL, *now = &all[i];
		if (last && !strcmp(last->path, now->path)) {
			if (strcmp(last->sha256, now->sha256)) {
				*why = cf_asprintf("%s: edits of two different versions", now->path);
				return NULL;
			}
			if (!by_place(last, now))
				continue;
			/* What begins where another ends is beside it; insertions share a place. */
			bool both_insert = last->start == last->end && now->start == now->end;
			if (!both_insert && now->start < last->end) {
				*why = cf_asprintf("%s: edits overlap at byte %zu", now->path, now->start);
				return NULL;
			}
		}
		all[kept++] = *now;
	}
	*count = kept;
	return cf_steal(&all);
}

/* The real path of a project's regular file; NULL with the reason when it may not be edited. */
static char *file_within(const char *project_root, const char *path, char **why)
{
	/* what runs commands of its own accord, and our own state: no source of the project */
	static const char *const closed[] = {".git", ".hg", ".svn", ".codeflash"};

	for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
		for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++) {
			size_t n = strlen(closed[i]);

			if (!strncasecmp(p, closed[i], n) && (p[n] == '/' || !p[n])) {
				*why = cf_asprintf("%s: not a source file of the project", path);
				return NULL;
			}
		}
	for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
		if (!strncmp(p, "..", 2) && (p[2] == '/' || !p[2])) {
			*why = cf_asprintf("%s: leads out of the project", path);
			return NULL;
		}
	if (*path == '/' || !*path) {
		*why = cf_asprintf("%s: not a path relative to the project", path);
		return NULL;
	}
	cf_autofree char *full = cf_path_join(project_root, path);
	cf_autofree char *root = realpath(project_root, NULL);
	cf_autofree char *real = realpath(full, NULL);
	struct stat st;
	if (!root || !real || stat(real, &st))
		*why = cf_asprintf("%s: %s", path, strerror(errno));
	else if (!cf_path_below(real, root))
		*why = cf_asprintf("%s: a symbolic link leads out of the project", path);
	else if (!S_ISREG(st.st_mode))
		*why = cf_asprintf("%s: not a regular file", path);
	return *why ? NULL : cf_steal(&real);
}

/* The file as the edits [first, last) of its path expect it. -1 with the reason. */
static int file_before(const char *project_root, const struct edit *first, const struct edit *last,
	struct cf_buf *text, char **why)
{
	cf_autofree char *real = file_within(project_root, first->path, why);
	char hash[65];

	if (!real)
		return -1;
	if (edits_file(project_root, first->path, text)) {
		*why = cf_asprintf("%s: cannot be read", first->path);
		return -1;
	}
	cf_buf_add(text, "", 0);
	cf_sha256_hex(text->data, text->len, hash);
	if (strcmp(hash, first->sha256)) {
		*why = cf_asprintf("%s: has changed since the candidate was made", first->path);
		return -1;
	}
	for (const struct edit *e = first; e < last; e++)
		if (e->end > text->len) {
			*why = cf_asprintf("%s: an edit ends at byte %zu of %zu", e->path, e->end,
				text->len);
			return -1;
		}
	return 0;
}

static const struct edit *same_path_end(const struct edit *e, const struct edit *end)
{
	const struct edit *p = e;
	while (p < end && !strcmp(p->path, e->path))
		p++;
	return p;
}

static void patched(
	const struct cf_buf *before, const struct edit *e, const struct edit *end, struct cf_buf *after)
{
	size_t at = 0;
	for (; e < end; e++) {
		cf_buf_add(after, before->data + at, e->start - at);
		cf_buf_add(after, e->text, e->n);
		at = e->end;
	}
	cf_buf_add(after, before->data + at, before->len - at);
}

/* Calls fn with every edited file before and after. -1 with the reason in *why. */
static int each_file(const json_t *edits, const char *project_root,
	int (*fn)(const char *path, const struct cf_buf *before, const struct cf_buf *after, void *arg,
		char **why),
	void *arg, char **why)
{
	size_t n = 0;
	cf_autofree struct edit *all = edits_read(edits, &n, why);
	if (!all)
		return -1;
	for (const struct edit *e = all, *next; e < all + n; e = next) {
		cf_autobuf struct cf_buf before = CF_BUF_INIT, after = CF_BUF_INIT;
		next = same_path_end(e, all + n);
		if (file_before(project_root, e, next, &before, why))
			return -1;
		patched(&before, e, next, &after);
		if (fn && fn(e->path, &before, &after, arg, why))
			return -1;
	}
	return 0;
}

static int reported(int status, char **why)
{
	if (status)
		cf_error("%s", *why ? *why : "cannot read edits");
	free(*why);
	return status;
}

int edits_check(const json_t *edits, const char *project_root, char **why)
{
	return each_file(edits, project_root, NULL, NULL, why);
}

static int apply_file(const char *path, const struct cf_buf *before, const struct cf_buf *after,
	void *arg, char **why)
{
	(void)before;
	json_t *text = json_stringn(after->data ? after->data : "", after->len);
	if (!text) {
		*why = cf_asprintf("%s: not UTF-8", path);
		return -1;
	}
	json_array_append_new(arg, json_pack("{s:s, s:o}", "path", path, "text", text));
	return 0;
}

json_t *edits_apply(const json_t *edits, const char *project_root)
{
	json_auto_t *files = json_array();
	char *why = NULL;
	if (reported(each_file(edits, project_root, apply_file, files, &why), &why))
		return NULL;
	return json_incref(files);
}

static json_t *edit_json(const struct edit *e)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:s%}", "path", e->path, "sha256_before", e->sha256,
		"start", (json_int_t)e->start, "end", (json_int_t)e->end, "text", e->text, e->n);
}

void edits_id(const json_t *edits, const char *of, char id[65])
{
	cf_autofree char *canonical = json_dumps(edits, JSON_COMPACT | JSON_SORT_KEYS);
	cf_autofree char *key = cf_asprintf("%s\n%s", of, canonical);

	cf_sha256_hex(key, strlen(key), id);
	id[16] = '\0';
}

json_t *edits_merge(const json_t *a, const json_t *b)
{
	json_auto_t *both = json_array();
	cf_autofree char *why = NULL;
	size_t n = 0;

	json_array_extend(both, (json_t *)a);
	json_array_extend(both, (json_t *)b);
	cf_autofree struct edit *all = edits_read(both, &n, &why);
	if (!all)
		return NULL;
	json_t *merged = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(merged, edit_json(&all[i]));
	return merged;
}

/* ---- line diffs ---- */

struct line {
	const char *s;
	size_t n; /* with its newline */
	uint32_t hash;
};
struct lines {
	struct line *v;
	size_t n;
};
/* Lines a..a+an of the one text became b..b+bn of the other. */
struct change {
	size_t a, an, b, bn;
};
struct changes {
	struct change *v;
	size_t n, cap;
};

static struct lines split(const char *s, size_t n)
{
	struct lines l = {0};
	size_t cap = 0;
	for (const char *end = s + n; s < end;) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		size_t len = newline ? (size_t)(newline + 1 - s) : (size_t)(end - s);
		uint32_t hash = 2166136261u;
		for (size_t i = 0; i < len; i++)
			hash = (hash ^ (unsigned char)s[i]) * 16777619u;
		cf_grow(&l.v, &cap, l.n + 1, sizeof *l.v);
		l.v[l.n++] = (struct line){s, len, hash};
		s += len;
	}
	return l;
}

static bool same_line(const struct line *a, const struct line *b)
{
	return a->hash == b->hash && a->n == b->n && !memcmp(a->s, b->s, a->n);
}

static void changed(struct changes *c, size_t a, size_t an, size_t b, size_t bn)
{
	struct change *last = c->n ? &c->v[c->n - 1] : NULL;
	if (last && last->a + last->an == a && last->b + last->bn == b) {
		last->an += an;
		last->bn += bn;
		return;
	}
	cf_grow(&c->v, &c->cap, c->n + 1, sizeof *c->v);
	c->v[c->n++] = (struct change){a, an, b, bn};
}

/* More differences than this, and the middle counts as replaced as a whole. */
#define DIFF_MAX 2000

/* Myers' shortest edit script, between the lines that both texts begin and end with. */
static struct changes diff_lines(const struct lines *x, const struct lines *y)
{
	struct changes c = {0};
	size_t head = 0, tail = 0;
	while (head < x->n && head < y->n && same_line(&x->v[head], &y->v[head]))
		head++;
	while (tail < x->n - head && tail < y->n - head &&
		same_line(&x->v[x->n - 1 - tail], &y->v[y->n - 1 - tail]))
		tail++;
	const struct line *a = x->v + head, *b = y->v + head;
	long n = (long)(x->n - head - tail), m = (long)(y->n - head - tail);
	if (!n && !m)
		return c;
	if (!n || !m) {
		changed(&c, head, (size_t)n, head, (size_t)m);
		return c;
	}

	/* v[d] is the furthest x on each diagonal -d..d after d differences. */
	long **v = NULL, d = 0, found = -1;
	size_t cap = 0;
	for (; d <= n + m && d <= DIFF_MAX && found < 0; d++) {
		cf_grow(&v, &cap, (size_t)d + 1, sizeof *v);
		v[d] = cf_malloc((size_t)(2 * d + 1) * sizeof **v);
		for (long k = -d; k <= d; k += 2) {
			long i = 0;
			if (d) {
				const long *u = v[d - 1] + (d - 1);
				bool down = k == -d || (k != d && u[k - 1] < u[k + 1]);
				i = down ? u[k + 1] : u[k - 1] + 1;
			}
			while (i < n && i - k < m && same_line(&a[i], &b[i - k]))
				i++;
			v[d][k + d] = i;
			if (i >= n && i - k >= m)
				found = d;
		}
	}
	if (found < 0) {
		changed(&c, head, (size_t)n, head, (size_t)m);
	} else {
		/* Back from the end; the steps come out in reverse. */
		struct changes back = {0};
		long i = n, j = m;
		for (long e = found; e > 0; e--) {
			const long *u = v[e - 1] + (e - 1);
			long k = i - j;
			bool down = k == -e || (k != e && u[k - 1] < u[k + 1]);
			long pi = down ? u[k + 1] : u[k - 1], pj = pi - (down ? k + 1 : k - 1);
			cf_grow(&back.v, &back.cap, back.n + 1, sizeof *back.v);
			back.v[back.n++] = (struct change){
				(size_t)pi + head, !down, (size_t)pj + head, down};
			i = pi;
			j = pj;
		}
		for (size_t s = back.n; s-- > 0;)
			changed(&c, back.v[s].a, back.v[s].an, back.v[s].b, back.v[s].bn);
		free(back.v);
	}
	for (long e = 0; e < d; e++)
		free(v[e]);
	free(v);
	return c;
}

/* A path as git prints it: quoted like a C string where it holds what would confuse a reader. */
static void add_path(struct cf_buf *out, const char *prefix, const char *path)
{
	bool quote = false;
	for (const char *p = path; *p; p++)
		quote |= (unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f || *p == '"' || *p == '\\';
	if (!quote) {
		cf_buf_addf(out, "%s%s", prefix, path);
		return;
	}
	cf_buf_addf(out, "\"%s", prefix);
	for (const char *p = path; *p; p++) {
		static const char names[] = "abtnvfr";
		if (*p == '"' || *p == '\\')
			cf_buf_addf(out, "\\%c", *p);
		else if (*p >= '\a' && *p <= '\r')
			cf_buf_addf(out, "\\%c", names[*p - '\a']);
		else if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
			cf_buf_addf(out, "\\%03o", (unsigned char)*p);
		else
			cf_buf_addc(out, *p);
	}
	cf_buf_addc(out, '"');
}

static void add_line(struct cf_buf *out, char mark, const struct line *l)
{
	cf_buf_addc(out, mark);
	cf_buf_add(out, l->s, l->n);
	if (!l->n || l->s[l->n - 1] != '\n')
		cf_buf_adds(out, "\n\\ No newline at end of file\n");
}

static void add_range(struct cf_buf *out, size_t from, size_t n)
{
	/* An empty range names the line before it. */
	cf_buf_addf(out, "%zu", n ? from + 1 : from);
	if (n != 1)
		cf_buf_addf(out, ",%zu", n);
}

#define CONTEXT 3

static int diff_file(const char *path, const struct cf_buf *before, const struct cf_buf *after,
	void *arg, char **why)
{
	struct cf_buf *out = arg;
	struct lines a = split(before->data, before->len);
	struct lines b = split(after->data ? after->data : "", after->len);
	struct changes c = diff_lines(&a, &b);
	(void)why;

	for (size_t i = 0, next; i < c.n; i = next) {
		if (!i) {
			bool space = strchr(path, ' ');
			cf_buf_adds(out, "diff --git ");
			add_path(out, "a/", path);
			cf_buf_addc(out, ' ');
			add_path(out, "b/", path);
			/* The tab ends a name with spaces for patch(1), as git has it. */
			cf_buf_adds(out, "\n--- ");
			add_path(out, "a/", path);
			cf_buf_adds(out, space ? "\t\n+++ " : "\n+++ ");
			add_path(out, "b/", path);
			cf_buf_adds(out, space ? "\t\n" : "\n");
		}
		for (next = i + 1; next < c.n; next++)
			if (c.v[next].a - (c.v[next - 1].a + c.v[next - 1].an) > 2 * CONTEXT)
				break;
		size_t lead = c.v[i].a < CONTEXT ? c.v[i].a : CONTEXT;
		const struct change *last = &c.v[next - 1];
		size_t after_last = a.n - (last->a + last->an);
		size_t trail = after_last < CONTEXT ? after_last : CONTEXT;
		size_t from = c.v[i].a - lead, to = last->a + last->an + trail;
		size_t b_from = c.v[i].b - lead, b_to = last->b + last->bn + trail;
		cf_buf_adds(out, "@@ -");
		add_range(out, from, to - from);
		cf_buf_adds(out, " +");
		add_range(out, b_from, b_to - b_from);
		cf_buf_adds(out, " @@\n");
		size_t at = from;
		for (size_t h = i; h < next; h++) {
			for (; at < c.v[h].a; at++)
				add_line(out, ' ', &a.v[at]);
			for (size_t k = 0; k < c.v[h].an; k++)
				add_line(out, '-', &a.v[at++]);
			for (size_t k = 0; k < c.v[h].bn; k++)
				add_line(out, '+', &b.v[c.v[h].b + k]);
		}
		for (; at < to; at++)
			add_line(out, ' ', &a.v[at]);
	}
	free(c.v);
	free(a.v);
	free(b.v);
	return 0;
}

char *edits_diff(const json_t *edits, const char *project_root)
{
	cf_autobuf struct cf_buf out = CF_BUF_INIT;
	char *why = NULL;
	if (reported(each_file(edits, project_root, diff_file, &out, &why), &why))
		return NULL;
	cf_buf_adds(&out, "");
	return cf_buf_detach(&out, NULL);
}

/* text with CRLF line ends where it has bare LF. */
static void to_crlf(const char *text, size_t n, struct cf_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n' && (!i || text[i - 1] != '\r'))
			cf_buf_addc(out, '\r');
		cf_buf_addc(out, text[i]);
	}
}

static bool is_crlf(const char *text, size_t n)
{
	size_t lf = 0, crlf = 0;
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\n')
			*(i && text[i - 1] == '\r' ? &crlf : &lf) += 1;
	return crlf > lf;
}

json_t *edits_from_text(const char *project_root, const char *path, const char *text, size_t n)
{
	cf_autobuf struct cf_buf before = CF_BUF_INIT, crlf = CF_BUF_INIT;
	char *why = NULL;
	cf_autofree char *real = file_within(project_root, path, &why);
	char sha256[65];

	if (!real) {
		reported(-1, &why);
		return NULL;
	}
	if (edits_file(project_root, path, &before))
		return NULL;
	cf_buf_adds(&before, "");
	cf_sha256_hex(before.data, before.len, sha256);
	if (is_crlf(before.data, before.len)) {
		to_crlf(text, n, &crlf);
		text = crlf.data ? crlf.data : "";
		n = crlf.len;
	}

	struct lines a = split(before.data, before.len), b = split(text, n);
	struct changes c = diff_lines(&a, &b);
	json_t *edits = json_array();
	for (size_t i = 0; i < c.n; i++) {
		const struct change *h = &c.v[i];
		struct edit e = {.path = path, .sha256 = sha256, .text = ""};
		e.start = h->a < a.n ? (size_t)(a.v[h->a].s - before.data) : before.len;
		e.end = e.start;
		for (size_t k = 0; k < h->an; k++)
			e.end += a.v[h->a + k].n;
		if (h->bn)
			e.text = b.v[h->b].s;
		for (size_t k = 0; k < h->bn; k++)
			e.n += b.v[h->b + k].n;
		json_t *edit = edit_json(&e);
		if (!edit) {
			cf_error("%s: the new text is not UTF-8", path);
			json_decref(edits);
			edits = NULL;
			break;
		}
		json_array_append_new(edits, edit);
	}
	free(c.v);
	free(a.v);
	free(b.v);
	return edits;
}
