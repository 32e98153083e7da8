/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding spool records. A spool is written by the program under trace: any bytes may come. */
#include "cf-trace/spool.h"

#include <string.h>
#include "lib/json.h"

#define NAME_LEN_MAX 65536

const char *spool_check_header(const struct cf_spool_header *h)
{
	if (memcmp(h->magic, CF_SPOOL_MAGIC, sizeof(h->magic)))
		return "not a spool";
	return h->version == CF_SPOOL_VERSION ? NULL : "a spool of another version";
}

void spool_rec_release(struct spool_rec *r)
{
	json_decref(r->json);
	*r = (struct spool_rec){0};
}

static bool is_name(const json_t *o, const char *key, bool nullable)
{
	const json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return nullable;
	return json_is_string(v) && json_string_length(v) && json_string_length(v) < NAME_LEN_MAX;
}

static bool is_int(const json_t *v, int64_t low, int64_t high)
{
	return json_is_integer(v) && json_integer_value(v) >= low && json_integer_value(v) <= high;
}

static bool is_id(const json_t *v)
{
	return is_int(v, 0, SPOOL_FUNCTIONS_MAX - 1);
}

static bool is_flag(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return !v || json_is_boolean(v) || is_int(v, 0, 1);
}

static bool function_ok(const json_t *o)
{
	const json_t *line = json_object_get(o, "line"), *end = json_object_get(o, "end_line");

	return is_id(json_object_get(o, "id")) && is_name(o, "file", false) &&
	       cf_json_str(o, "module") && is_name(o, "qualname", false) &&
	       is_name(o, "class", true) && is_name(o, "kind", false) &&
	       is_int(line, 0, INT32_MAX) && is_int(end, json_integer_value(line), INT32_MAX) &&
	       is_name(o, "source_sha256", true) && is_flag(o, "main") && is_flag(o, "is_test") &&
	       is_flag(o, "replayable") && is_name(o, "reason", true);
}

static bool loss_ok(const json_t *o)
{
	const json_t *function = json_object_get(o, "function");

	return (!function || json_is_null(function) || is_id(function)) &&
	       is_name(o, "reason", false) && is_int(json_object_get(o, "n"), 1, (int64_t)1 << 53);
}

static bool test_ok(const json_t *o)
{
	const json_t *functions = json_object_get(o, "functions"), *ns = json_object_get(o, "ns"), *id;
	size_t i;

	if (!is_name(o, "test", false) || !is_name(o, "outcome", true) || !json_is_array(functions) ||
		(ns && !is_int(ns, 0, (int64_t)1 << 53)))
		return false;
	json_array_foreach(functions, i, id) if (!is_id(id)) return false;
	return true;
}

static const char *decode_json(struct spool_rec *r, const unsigned char *body, size_t n)
{
	r->json = json_loadb((const char *)body, n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(r->json))
		return "a record is not JSON";
	if (r->type == CF_REC_FUNCTION)
		return function_ok(r->json) ? NULL : "a function record is wrong";
	if (r->type == CF_REC_LOSS)
		return loss_ok(r->json) ? NULL : "a loss record is wrong";
	if (r->type == CF_REC_TEST)
		return test_ok(r->json) ? NULL : "a test record is wrong";
	return NULL;
}

static const char *decode_value(struct spool_rec *r, const unsigned char *body, size_t n)
{
	if (n < sizeof(r->value))
		return "a value record is too short";
	memcpy(&r->value, body, sizeof(r->value));
	if (!r->value.codec[0] || r->value.codec[sizeof(r->value.codec) - 1])
		return "a value's codec has no name";
	for (const char *p = r->value.codec; *p; p++)
		if (*p <= ' ' || *p > '~')
			return "a value's codec has no name";
	r->data = body + sizeof(r->value);
	r->n = n - sizeof(r->value);
	return NULL;
}

static const char *decode_call(struct spool_rec *r, const unsigned char *body, size_t n)
{
	if (n != sizeof(r->call))
		return "a call record has the wrong size";
	memcpy(&r->call, body, sizeof(r->call));
	if (r->call.function >= SPOOL_FUNCTIONS_MAX || r->call.why > CF_WHY_LARGEST ||
		r->call.seq > INT64_MAX || r->call.time_ns > INT64_MAX || r->call.size > INT64_MAX)
		return "a call record is out of range";
	return NULL;
}

static const char *decode_duration(struct spool_rec *r, const unsigned char *body, size_t n)
{
	if (n != sizeof(r->duration))
		return "a duration record has the wrong size";
	memcpy(&r->duration, body, sizeof(r->duration));
	if (r->duration.function >= SPOOL_FUNCTIONS_MAX || r->duration.seq > INT64_MAX ||
		r->duration.ns > INT64_MAX)
		return "a duration record is out of range";
	return NULL;
}

static const char *decode_counts(struct spool_rec *r, const unsigned char *body, size_t n)
{
	if (n < sizeof(r->counts))
		return "a record of counters is too short";
	memcpy(&r->counts, body, sizeof(r->counts));
	if (r->counts.n > (n - sizeof(r->counts)) / sizeof(uint64_t) ||
		r->counts.first > SPOOL_FUNCTIONS_MAX ||
		r->counts.n > SPOOL_FUNCTIONS_MAX - r->counts.first)
		return "a record of counters is out of range";
	return NULL;
}

static const char *decode_items(
	struct spool_rec *r, const unsigned char *body, size_t n, size_t size)
{
	if (n % size)
		return "a record of times has the wrong size";
	r->data = body;
	r->n = n / size;
	return NULL;
}

int spool_next(const void *data, size_t n, size_t *pos, struct spool_rec *r, size_t *need,
	const char **why)
{
	const unsigned char *p = (const unsigned char *)data + *pos,
			    *body = p + sizeof(struct cf_rec);
	struct cf_rec head;
	size_t len;

	spool_rec_release(r);
	*need = 0;
	*why = NULL;
	if (n - *pos < sizeof(head))
		return 0;
	memcpy(&head, p, sizeof(head));
	if (head.size < sizeof(head) || head.size % 8 || head.pad > 7 ||
		head.size - sizeof(head) < head.pad || head.size > SPOOL_RECORD_MAX) {
		*why = "a record's size is wrong";
		return -1;
	}
	*need = head.size;
	if (n - *pos < head.size)
		return 0;
	len = head.size - sizeof(head) - head.pad;
	r->type = head.type;
	switch (head.type) {
	case CF_REC_PAD:
		break;
	case CF_REC_PROCESS:
	case CF_REC_FUNCTION:
	case CF_REC_LOSS:
	case CF_REC_TEST:
		*why = decode_json(r, body, len);
		break;
	case CF_REC_VALUE:
		*why = decode_value(r, body, len);
		break;
	case CF_REC_CALL:
		*why = decode_call(r, body, len);
		break;
	case CF_REC_DURATION:
		*why = decode_duration(r, body, len);
		break;
	case CF_REC_COUNTS:
		*why = decode_counts(r, body, len);
		r->counters = *pos + sizeof(head) + sizeof(r->counts);
		break;
	case CF_REC_PROFILE:
		*why = decode_items(r, body, len, sizeof(struct cf_rec_profile));
		break;
	case CF_REC_EDGE:
		*why = decode_items(r, body, len, sizeof(struct cf_rec_edge));
		break;
	case CF_REC_LINE:
		*why = decode_items(r, body, len, sizeof(struct cf_rec_line));
		break;
	default:
		*why = "a record of an unknown type";
	}
	if (*why)
		return -1;
	*pos += head.size;
	return 1;
}
