/* SPDX-License-Identifier: Apache-2.0 */
/* Small accessors over jansson. */
#include "lib/json.h"

#include "lib/buf.h"
#include "lib/error.h"
#include "lib/fs.h"

const char *cf_json_str(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

int64_t cf_json_int(const json_t *o, const char *key, int64_t fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : fallback;
}

double cf_json_real(const json_t *o, const char *key, double fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : fallback;
}

int cf_json_bool(const json_t *o, const char *key, int fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_boolean(v) ? json_is_true(v) : fallback;
}

/* Length of the valid UTF-8 sequence at s (n bytes left), 0 if there is none (RFC 3629). */
static size_t utf8_len(const unsigned char *s, size_t n)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3
							     : s[0] >= 0xf0 && s[0] < 0xf5  ? 4
											    : 0;

	if (!len || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

json_t *cf_json_text(const char *s, size_t n)
{
	struct cf_buf b cf_autobuf = CF_BUF_INIT;
	json_t *text = json_stringn(s, n);

	if (text)
		return text;
	for (size_t i = 0; i < n;) {
		size_t len = utf8_len((const unsigned char *)s + i, n - i);

		if (len)
			cf_buf_add(&b, s + i, len);
		else
			cf_buf_adds(&b, "\xef\xbf\xbd");
		i += len ? len : 1;
	}
	return json_stringn(b.data ? b.data : "", b.len);
}

json_t *cf_json_load(const char *path)
{
	struct cf_buf b cf_autobuf = CF_BUF_INIT;
	json_error_t e;
	json_t *o;

	if (cf_read_file(path, &b) < 0)
		return NULL;
	o = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, &e);
	if (!o)
		cf_error("%s:%d: not valid JSON: %s", path, e.line, e.text);
	return o;
}
