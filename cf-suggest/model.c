/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates from a model over HTTP. Targets are gathered while the stream is read and asked for
 * together: several requests are under way at a time, and their candidates are written as they
 * come. An answer is kept under a hash of what was asked, so that the same question is paid for
 * once.
 */
#include "cf-suggest/model.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/http.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/source.h"

#define TRIES 5
#define BACK_OFF_S 1
#define ANSWER_MAX ((size_t)16 << 20)
#define PROMPT_BYTES 24000
#define BYTES_A_TOKEN 3 /* rather more tokens than fewer, where they are not counted yet */

struct query {
	const struct protocol *protocol;
	struct suggest_target t; /* its record is ours */
	const char *what;	 /* what its candidate is called, before a number */
	int number;		 /* which of the same questions it is */
	char *body, *kept;	 /* what is asked, and where its answer is kept */
	json_t *hidden;
	int64_t reserved; /* tokens that it may cost, until that is known */
};

struct suggest_models {
	struct suggest *o;
	struct redactor redactor;
	struct query *v;
	size_t n, cap;
	json_t *digests; /* of a target's candidates, by its id */
	enum cf_exit status;
};

/* Where answers are kept. NULL: nowhere. Returns new. */
static char *cache_dir(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (cache && *cache == '/')
		return cf_asprintf("%s/codeflash/answers", cache);
	return home && *home == '/' ? cf_asprintf("%s/.cache/codeflash/answers", home) : NULL;
}

static const char *setting(const char *variable, const char *fallback)
{
	const char *value = getenv(variable);

	return value && *value ? value : fallback;
}

/* Base address and path, what is behind a question mark left at the end. Returns new. */
static char *address(const struct protocol *p)
{
	const char *base = setting(p->base_variable, p->base);
	size_t n = strcspn(base, "?"), len = n;

	while (len && base[len - 1] == '/')
		len--;
	return cf_asprintf("%.*s%s%s", (int)len, base, p->path, base + n);
}

int suggest_model_check(const struct suggest *o, const char *from)
{
	const struct protocol *p = protocol_find(from);
	const char *key = getenv(p->key_variable), *base = getenv(p->base_variable);

	if (!o->model)
		return cf_error("--from %s: which model? --model names it", from);
	if (o->show_prompt)
		return 0;
	/* a server of one's own may not ask for a key; the service's own always does */
	if ((!key || !*key) && (!base || !*base))
		return cf_error("--from %s: no key; set %s, or %s for a server that needs none",
			from, p->key_variable, p->base_variable);
	for (const char *c = key ? key : ""; *c; c++)
		if (!isgraph((unsigned char)*c))
			return cf_error(
				"--from %s: %s holds a blank or another character that no key has",
				from, p->key_variable);
	return 0;
}

static struct suggest_models *models_of(struct suggest *o)
{
	if (!o->models) {
		o->models = cf_calloc(1, sizeof *o->models);
		o->models->o = o;
		o->models->digests = json_object();
		if (redactor_init(&o->models->redactor, &o->redact))
			o->models->status = CF_USAGE;
	}
	return o->models;
}

static void add_query(struct suggest_models *m, const struct suggest_target *t,
	const struct protocol *p, const char *prompt, json_t *hidden, const char *what, int number)
{
	json_auto_t *body = p->body(m->o->model, prompt, m->o->output_tokens);
	cf_autofree char *where = address(p), *dir = cache_dir();
	struct query q = {.protocol = p,
		.t = *t,
		.what = what,
		.number = number,
		.hidden = json_incref(hidden)};
	char hash[65];

	q.t.record = json_incref((json_t *)t->record);
	q.t.seen = json_incref(t->seen);
	q.body = json_dumps(body, JSON_COMPACT);
	if (dir) {
		cf_autofree char *key =
			cf_asprintf("%s\n%s\n%d\n%s", p->name, where, number, q.body);

		cf_sha256_hex(key, strlen(key), hash);
		q.kept = cf_asprintf("%s/%s.json", dir, hash);
	}
	cf_grow(&m->v, &m->cap, m->n + 1, sizeof *m->v);
	m->v[m->n++] = q;
}

/* Asks n times about a target, with `more` behind what is told of it. */
static enum cf_exit ask_about(struct suggest_target *t, const struct protocol *p, const char *what,
	const char *more, int n)
{
	struct suggest_models *m = models_of(t->options);
	struct source s;

	if (m->status == CF_USAGE || source_open(&s, t->project_root, t->file, t->language))
		return CF_USAGE;
	int line = (int)cf_json_int(t->record, "line", 0);
	const char *sha = cf_json_str(t->record, "source_sha256");
	bool stale = sha && !source_lines_are(
				    &s, line, (int)cf_json_int(t->record, "end_line", line), sha);

	source_release(&s);
	if (stale) {
		cf_error("%s: %s has changed since it was traced; record it again with cf-trace",
			t->file, t->name);
		return CF_USAGE;
	}
	json_auto_t *hidden = json_object();
	cf_autofree char *prompt = prompt_for(t, PROMPT_BYTES);
	cf_autofree char *whole = prompt ? cf_asprintf("%s%s", prompt, more) : NULL;
	cf_autofree char *clean = whole ? redact(&m->redactor, whole, hidden) : NULL;

	if (!clean)
		return CF_USAGE;
	if (t->options->show_prompt) {
		cf_autofree char *where = address(p);

		printf("=== %s: %s, for %s\n\n%s\n%s\n", where, t->options->model, t->name,
			prompt_system, clean);
		return CF_OK;
	}
	for (int i = 0; i < n; i++)
		add_query(m, t, p, clean, hidden, what, i);
	return CF_OK;
}

enum cf_exit suggest_model(struct suggest_target *t, const char *from)
{
	int n = t->options->candidates > 0 ? (int)t->options->candidates : SUGGEST_MODEL_CANDIDATES;

	return ask_about(t, protocol_find(from), "answer", "", n);
}

/* The protocol of the backend that made a candidate; NULL where it is not asked, or was no model.
 */
static const struct protocol *maker(const struct suggest *o, const json_t *candidate)
{
	const char *origin = cf_json_str(candidate, "origin");

	for (int i = 0; origin && i < o->from.n; i++) {
		size_t n = strlen(o->from.v[i]);

		if (!strncmp(origin, o->from.v[i], n) && origin[n] == '/')
			return protocol_find(o->from.v[i]);
	}
	return NULL;
}

/* What the model is told about its own refused rewrite; NULL when there is nothing to tell. Returns
 * new. */
static char *about_refused(const json_t *candidate)
{
	const json_t *verdict = json_object_get(candidate, "verdict"),
		     *d = json_object_get(verdict, "difference");
	const char *answer = cf_json_str(verdict, "answer"),
		   *reason = cf_json_str(verdict, "reason");
	const char *input = cf_json_str(d, "input");
	cf_autobuf struct cf_buf b = CF_BUF_INIT;

	if (!answer || (strcmp(answer, "different") && strcmp(answer, "error") &&
			       strcmp(answer, "timeout")))
		return NULL;
	cf_buf_addf(&b, "\nYou proposed this, and it is not equivalent:\n```diff\n%s```\n",
		cf_json_str(candidate, "diff"));
	if (reason)
		cf_buf_addf(&b, "What is wrong: %s\n", reason);
	if (json_is_object(d))
		cf_buf_addf(&b, "At %s the original has %s, yours has %s.\n",
			cf_json_str(d, "path"), cf_json_str(d, "original"),
			cf_json_str(d, "candidate"));
	if (input)
		cf_buf_addf(&b, "That was for %s\n", input);
	cf_buf_adds(&b, "Answer with the whole function put right, in the same form, or NONE if "
			"the gain is gone then.\n");
	return cf_buf_detach(&b, NULL);
}

static char *about_faster(const json_t *candidate)
{
	const json_t *m = json_object_get(candidate, "measurement");
	const char *decision = cf_json_str(m, "decision");

	if (!decision || strcmp(decision, "faster"))
		return NULL;
	return cf_asprintf("\nYou proposed this; it is equivalent and measured %.2f times as fast "
			   "(%lld ns a call where the original "
			   "takes %lld ns):\n```diff\n%s```\nAnswer with one that is faster still, "
			   "in the same form, or NONE if you "
			   "see nothing that would pay.\n",
		cf_json_real(m, "speedup", 1), (long long)cf_json_int(m, "candidate_ns", 0),
		(long long)cf_json_int(m, "original_ns", 0), cf_json_str(candidate, "diff"));
}

enum cf_exit suggest_again(struct suggest *o, const json_t *candidate)
{
	const struct protocol *p = maker(o, candidate);
	const char *name = cf_json_str(candidate, "name"),
		   *what = o->repair ? "repaired" : "refined";
	const json_t *target = json_object_get(candidate, "target");
	json_auto_t *seen = json_object();
	struct suggest_target t = {.options = o,
		.record = target,
		.project_root = cf_json_str(target, "project_root"),
		.file = cf_json_str(target, "file"),
		.name = cf_json_str(target, "name"),
		.language = cf_json_str(target, "language"),
		.seen = seen};

	/* once is enough: what came of that goes back no more */
	if (!p || !name || !strncmp(name, what, strlen(what)))
		return CF_OK;
	cf_autofree char *more = o->repair ? about_refused(candidate) : about_faster(candidate);

	if (!more)
		return CF_OK;
	if (!t.project_root || !t.file || !t.name || !t.language || !cf_json_str(target, "id"))
		return CF_OK;
	o->targets++;
	return ask_about(&t, p, what, more, 1);
}

/* What it cost. -----------------------------------------------------------------------------------
 */

static double money(const struct suggest *o, int64_t input, int64_t output)
{
	return ((double)input * o->price[0] + (double)output * o->price[1]) / 1e6;
}

static bool too_dear(const struct suggest *o, int64_t input, int64_t output)
{
	if (o->max_money > 0)
		return money(o, o->spent[0] + o->reserved[0] + input,
			       o->spent[1] + o->reserved[1] + output) > o->max_money;
	return o->max_tokens > 0 &&
	       o->spent[0] + o->spent[1] + o->reserved[0] + o->reserved[1] + input + output >
		       o->max_tokens;
}

static const char *may_start(void *arg, struct http_request *r)
{
	struct suggest_models *m = arg;
	struct query *q = r->owner;
	int64_t input = (int64_t)strlen(q->body) / BYTES_A_TOKEN;

	if (too_dear(m->o, input, m->o->output_tokens)) {
		m->o->unasked++;
		return "--max-cost is reached";
	}
	q->reserved = input;
	m->o->reserved[0] += input;
	m->o->reserved[1] += m->o->output_tokens;
	return NULL;
}

/* Answers. ----------------------------------------------------------------------------------------
 */

/* One line of what the service says went wrong. Returns new. */
static char *complaint(const struct http_request *r)
{
	json_auto_t *json =
		json_loadb(r->answer.data ? r->answer.data : "", r->answer.len, 0, NULL);
	const json_t *error = json_object_get(json, "error");
	const char *said =
		json_is_string(error) ? json_string_value(error) : cf_json_str(error, "message");
	cf_autobuf struct cf_buf b = CF_BUF_INIT;

	if (!said)
		return cf_strdup(r->why);
	cf_buf_addf(&b, "%s: ", r->why);
	for (size_t i = 0; said[i] && i < 300; i++)
		cf_buf_addc(&b, iscntrl((unsigned char)said[i]) ? ' ' : said[i]);
	return cf_buf_detach(&b, NULL);
}

static void refuse(struct suggest_models *m, const struct query *q, const char *why)
{
	m->o->refused++;
	if (m->o->verbose)
		cf_warn("%s: an answer of %s/%s is not used: %s", q->t.name, q->protocol->name,
			m->o->model, why);
}

/* A candidate of the answer, unless it is none, or the same code as another. */
static void use_answer(
	struct suggest_models *m, struct query *q, const char *text, const json_t *cost)
{
	cf_autofree char *whole = unredact(q->hidden, text), *why = NULL,
			 *said = answer_explanation(whole);
	cf_autofree char *origin = cf_asprintf("%s/%s", q->protocol->name, m->o->model);
	const char *id = cf_json_str(q->t.record, "id");
	json_t *edits = answer_edits(&q->t, whole, &why), *seen = json_object_get(m->digests, id);
	char digest[65];

	if (!seen) {
		seen = json_object();
		json_object_set_new(m->digests, id, seen);
	}
	if (!edits || !json_array_size(edits)) {
		refuse(m, q, edits ? "it changes nothing" : why);
		json_decref(edits);
		return;
	}
	if (answer_digest(&q->t, edits, digest) || json_object_get(seen, digest)) {
		refuse(m, q, "it is the same as another");
		json_decref(edits);
		return;
	}
	json_object_set_new(seen, digest, json_true());
	cf_autofree char *name = cf_asprintf("%s-%d", q->what, q->number + 1);

	suggest_write(&q->t, name, origin, said, edits, cost);
}

/* The service's answer, fresh or kept. False when it is none. */
static bool read_answer(
	struct suggest_models *m, struct query *q, const char *data, size_t n, bool kept)
{
	json_auto_t *json = json_loadb(data, n, 0, NULL);
	int64_t input = -1, output = -1;
	bool cut = false;
	cf_autofree char *text = json ? q->protocol->text(json, &input, &output, &cut) : NULL;

	if (!kept) {
		/* what is not counted is taken for what it may have been */
		m->o->spent[0] += input >= 0 ? input : (int64_t)strlen(q->body) / BYTES_A_TOKEN;
		m->o->spent[1] +=
			output >= 0 ? output : (int64_t)(text ? strlen(text) : n) / BYTES_A_TOKEN;
	}
	if (!json) {
		refuse(m, q, "what came is not JSON, or not all of it");
		return false;
	}
	if (!text) {
		refuse(m, q, "it holds no text");
		return false;
	}
	json_auto_t *cost =
		json_pack("{s:I, s:I}", "input_tokens", (json_int_t)(kept || input < 0 ? 0 : input),
			"output_tokens", (json_int_t)(kept || output < 0 ? 0 : output));

	if (cut)
		refuse(m, q, "it is cut off; --max-output-tokens lets it be longer");
	else
		use_answer(m, q, text, cost);
	return true;
}

static void done(void *arg, struct http_request *r)
{
	struct suggest_models *m = arg;
	struct query *q = r->owner;

	if (q->reserved) {
		m->o->reserved[0] -= q->reserved;
		m->o->reserved[1] -= m->o->output_tokens;
	}
	if (!r->tries)
		return;
	m->o->requests++;
	if (r->why) {
		cf_autofree char *why = complaint(r);

		cf_error("%s: %s has no answer for %s: %s", q->protocol->name, m->o->model,
			q->t.name, why);
		m->status = CF_PROGRAM;
		return;
	}
	if (read_answer(m, q, r->answer.data ? r->answer.data : "", r->answer.len, false) &&
		q->kept) {
		cf_autofree char *dir = cf_path_dir(q->kept);

		if (!cf_mkdirs(dir))
			cf_write_file(q->kept, r->answer.data, r->answer.len);
	}
}

static bool from_kept(struct suggest_models *m, struct query *q)
{
	cf_autobuf struct cf_buf b = CF_BUF_INIT;

	if (!q->kept || access(q->kept, R_OK) || cf_read_file(q->kept, &b))
		return false;
	m->o->remembered++;
	read_answer(m, q, b.data ? b.data : "", b.len, true);
	return true;
}

/* The headers of a request; the key is in the last, which the caller wipes. Returns new. */
static char **headers_of(const struct protocol *p)
{
	const char *key = setting(p->key_variable, NULL);
	char **v = cf_calloc(8, sizeof *v);
	int n = 0;

	v[n++] = cf_strdup("Content-Type: application/json");
	for (const char *const *line = p->headers; *line; line++)
		v[n++] = cf_strdup(*line);
	if (key) {
		cf_autobuf struct cf_buf b = CF_BUF_INIT;
		const char *hole = strstr(p->key_header, "%s");

		cf_buf_add(&b, p->key_header, (size_t)(hole - p->key_header));
		cf_buf_adds(&b, key);
		v[n++] = cf_buf_detach(&b, NULL);
		/* Azure's servers of the same protocol look for it there */
		if (strstr(setting(p->base_variable, ""), ".azure.com"))
			v[n++] = cf_asprintf("api-key: %s", key);
	}
	return v;
}

static void ask_all(struct suggest_models *m, const struct protocol *p)
{
	struct http_request *r = cf_calloc(m->n + 1, sizeof *r);
	cf_autofree char *url = address(p);
	char **headers = headers_of(p);
	int n = 0;
	struct http_rules rules = {.at_once = (int)m->o->at_once,
		.timeout_s = m->o->timeout,
		.tries = TRIES,
		.back_off_s = BACK_OFF_S,
		.answer_max = ANSWER_MAX,
		.start = may_start,
		.done = done,
		.arg = m};

	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].protocol == p && !from_kept(m, &m->v[i]))
			r[n++] = (struct http_request){.method = "POST",
				.url = url,
				.headers = (const char *const *)headers,
				.body = m->v[i].body,
				.body_len = strlen(m->v[i].body),
				.owner = &m->v[i]};
	http_all(r, n, &rules);
	for (int i = 0; i < n; i++)
		http_request_release(&r[i]);
	free(r);
	for (char **line = headers; *line; line++) {
		explicit_bzero(*line, strlen(*line));
		free(*line);
	}
	free(headers);
}

enum cf_exit suggest_models_finish(struct suggest *o)
{
	struct suggest_models *m = o->models;
	enum cf_exit status;

	if (!m)
		return CF_OK;
	for (int i = 0; i < o->from.n; i++) {
		const struct protocol *p = protocol_find(o->from.v[i]);

		if (p)
			ask_all(m, p);
	}
	if (o->unasked)
		cf_warn("--max-cost is reached: %lld questions were not asked",
			(long long)o->unasked);
	if (!o->quiet && m->n) {
		cf_autofree char *paid =
			o->price[0] + o->price[1] > 0
				? cf_asprintf(", $%.4f", money(o, o->spent[0], o->spent[1]))
				: cf_strdup("");

		cf_warn("%s: %lld requests, %lld answers kept from before, %lld not used; %lld "
			"tokens in, %lld out%s",
			o->model, (long long)o->requests, (long long)o->remembered,
			(long long)o->refused, (long long)o->spent[0], (long long)o->spent[1],
			paid);
	}
	for (size_t i = 0; i < m->n; i++) {
		struct query *q = &m->v[i];

		json_decref((json_t *)q->t.record);
		json_decref(q->t.seen);
		json_decref(q->hidden);
		free(q->body);
		free(q->kept);
	}
	free(m->v);
	redactor_release(&m->redactor);
	json_decref(m->digests);
	status = m->status;
	free(m);
	o->models = NULL;
	return status;
}
