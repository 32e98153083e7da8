/* SPDX-License-Identifier: Apache-2.0 */
/* lib/value: what decodes and what does not, what is equal and where two values differ. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/value.h"
#include "tests/unit/check.h"

/* --- CBOR from JSON: {"ref":n}, {"bytes":"text"}, {"big":"text"}, {"map":[k,v,…]} as what they say - */

static void head(struct cf_buf *b, int major, uint64_t n)
{
	int width = n < 24 ? 0 : n < 256 ? 1 : n < 65536 ? 2 : n <= UINT32_MAX ? 4 : 8;
	int info = width == 0 ? (int)n : width == 1 ? 24 : width == 2 ? 25 : width == 4 ? 26 : 27;

	cf_buf_addc(b, (char)(major << 5 | info));
	for (int i = width; i-- > 0;)
		cf_buf_addc(b, (char)(n >> 8 * i));
}

static void put(struct cf_buf *b, const json_t *j)
{
	const json_t *x;
	json_t *item;
	size_t i;

	if ((x = json_object_get(j, "ref"))) {
		head(b, 6, 29);
		head(b, 0, (uint64_t)json_integer_value(x));
	} else if ((x = json_object_get(j, "bytes"))) {
		head(b, 2, json_string_length(x));
		cf_buf_add(b, json_string_value(x), json_string_length(x));
	} else if ((x = json_object_get(j, "big"))) {
		head(b, 6, 2);
		head(b, 2, json_string_length(x));
		cf_buf_add(b, json_string_value(x), json_string_length(x));
	} else if ((x = json_object_get(j, "map"))) {
		head(b, 5, json_array_size(x) / 2);
		json_array_foreach (x, i, item)
			put(b, item);
	} else if (json_is_array(j)) {
		head(b, 4, json_array_size(j));
		json_array_foreach (j, i, item)
			put(b, item);
	} else if (json_is_string(j)) {
		head(b, 3, json_string_length(j));
		cf_buf_add(b, json_string_value(j), json_string_length(j));
	} else if (json_is_integer(j)) {
		json_int_t n = json_integer_value(j);

		head(b, n < 0, n < 0 ? (uint64_t)(-1 - n) : (uint64_t)n);
	} else if (json_is_real(j)) {
		union {
			double d;
			uint64_t u;
		} bits = {json_real_value(j)};

		cf_buf_addc(b, (char)0xfb);
		for (int k = 8; k-- > 0;)
			cf_buf_addc(b, (char)(bits.u >> 8 * k));
	} else {
		cf_buf_addc(b, (char)(json_is_true(j) ? 0xf5 : json_is_false(j) ? 0xf4 : 0xf6));
	}
}

/* JSON with ' for " */
static void encode(struct cf_buf *b, const char *spec)
{
	cf_autofree char *text = cf_strdup(spec);
	json_error_t e;
	json_t *j;

	for (char *p = text; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	j = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	if (!j) {
		fprintf(stderr, "bad spec: %s: %s\n", spec, e.text);
		abort();
	}
	put(b, j);
	json_decref(j);
}

static struct value *decode(const char *spec, const char **why)
{
	struct cf_buf b cf_autobuf = CF_BUF_INIT;

	*why = NULL;
	encode(&b, spec);
	return value_decode(b.data, b.len, why);
}

/* A bare value whose root and heap are given: "0 | [[…], …]". */
static struct value *value(const char *root, const char *heap)
{
	const char *why;
	cf_autofree char *spec = cf_asprintf("{'map':['schema','cf/value/1','roots',[['value',%s]],"
					     "'heap',[%s]]}", root, heap);
	struct value *v = decode(spec, &why);

	if (!v) {
		fprintf(stderr, "does not decode: %s: %s\n", spec, why);
		abort();
	}
	return v;
}

static struct value *outcome(const char *kind, const char *roots, const char *heap)
{
	const char *why;
	cf_autofree char *spec = cf_asprintf(
		"{'map':['schema','cf/outcome/1','kind','%s',%s'roots',[%s],'heap',[%s]]}", kind,
		!strncmp(kind, "raise", 5) ? "'raised_by','project'," : "", roots, heap);
	struct value *v = decode(spec, &why);

	if (!v) {
		fprintf(stderr, "does not decode: %s: %s\n", spec, why);
		abort();
	}
	return v;
}

static void expect(struct value *a, struct value *b, const struct value_rules *rules,
	const char *mask, enum value_answer answer, const char *path, const char *original,
	const char *candidate)
{
	struct value_diff d;
	json_t *m = mask ? json_pack("[s]", mask) : NULL;

	CHECK(value_compare(a, b, rules, m, &d) == answer);
	if (path) {
		CHECK_STR(d.path ? d.path : "(none)", path);
		CHECK_STR(d.original ? d.original : "(none)", original);
		CHECK_STR(d.candidate ? d.candidate : "(none)", candidate);
	}
	value_diff_release(&d);
	json_decref(m);
	value_free(a);
	value_free(b);
}

static void same(const char *root_a, const char *heap_a, const char *root_b, const char *heap_b)
{
	expect(value(root_a, heap_a), value(root_b, heap_b), NULL, NULL, VALUE_EQUAL, NULL, NULL, NULL);
}

static void differ(const char *root_a, const char *heap_a, const char *root_b, const char *heap_b,
	const char *path, const char *original, const char *candidate)
{
	expect(value(root_a, heap_a), value(root_b, heap_b), NULL, NULL, VALUE_DIFFERENT, path, original,
		candidate);
}

/* --- decoding -------------------------------------------------------------------------------------- */

#define REF0 "{'ref':0}"
#define LIST(items) "['seq','list',[" items "],null,[]]"
#define SET(items) "['set','set',[" items "],null,[]]"
#define DICT(items) "['map','dict',[" items "],null,[]]"
#define TUPLE(items) "['seq','tuple',[" items "],null,[]]"

static void decoding(void)
{
	static const char *const bad[] = {
		"1", "[]", "{'map':[]}",
		"{'map':['schema','cf/value/2','roots',[['value',1]],'heap',[]]}",
		"{'map':['schema','cf/value/1','roots',[['value',1]]]}",
		"{'map':['roots',[['value',1]],'schema','cf/value/1','heap',[]]}",
		"{'map':['schema','cf/value/1','schema','cf/value/1','roots',[['value',1]],'heap',[]]}",
		"{'map':['schema','cf/value/1','roots',[],'heap',[]]}",
		"{'map':['schema','cf/value/1','roots',[['value',1],['value',1]],'heap',[]]}",
		"{'map':['schema','cf/value/1','roots',[['value',{'ref':0}]],'heap',[]]}",
		"{'map':['schema','cf/value/1','roots',[['value',[1]]],'heap',[]]}",
		"{'map':['schema','cf/value/1','roots',[['value',1]],'heap',[['seq','list',[],null]]]}",
		"{'map':['schema','cf/value/1','roots',[['value',1]],'heap',[['what','list',[],null,[]]]]}",
		"{'map':['schema','cf/value/1','roots',[['value',1]],'heap',[['map','dict',[1],null,[]]]]}",
		"{'map':['schema','cf/value/1','roots',[['value',1]],'heap',[['seq','list',[],['a'],[]]]]}",
		"{'map':['schema','cf/value/1','roots',[['value',1]],'heap',[['seq','list',[],[1,1],[]]]]}",
		"{'map':['schema','cf/value/1','roots',[['value',1]],'heap',[['seq','l',[],null,['odd']]]]}",
		"{'map':['schema','cf/value/1','roots',[['value',1]],'heap',[['array','a',[1],null,[]]]]}",
		"{'map':['schema','cf/value/1','roots',[['value',1]],'heap',[['array','a',['<f8',[-1]],null,[]]]]}",
		"{'map':['schema','cf/value/1','roots',[['value',1]],'heap',[['error','E',[],null,[]]]]}",
		"{'map':['schema','cf/outcome/1','kind','return','roots',[],'heap',[]]}",
		"{'map':['schema','cf/outcome/1','kind','return','roots',[['args',1]],'heap',[]]}",
		"{'map':['schema','cf/outcome/1','kind','raise','roots',[['raise',1]],'heap',[]]}",
		"{'map':['schema','cf/outcome/1','kind','skip','roots',[],'heap',[]]}",
		"{'map':['schema','cf/outcome/1','kind','maybe','roots',[['return',1]],'heap',[]]}",
		"{'map':['schema','cf/outcome/1','roots',[['return',1]],'heap',[]]}",
		"{'map':['schema','cf/outcome/1','kind','return','roots',[['return',1],['raise',1]],'heap',[]]}",
	};
	struct cf_buf b cf_autobuf = CF_BUF_INIT;
	const char *why;
	struct value *v;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		v = decode(bad[i], &why);
		if (v || !why)
			fprintf(stderr, "decodes: %s\n", bad[i]);
		CHECK(!v && why);
		value_free(v);
	}

	/* cut anywhere, or with more behind it, it is no value */
	encode(&b, "{'map':['schema','cf/value/1','roots',[['value',{'ref':0}]],'heap',"
		   "[['map','dict',['k',1.5,{'big':'aaaaaaaaaaa'},{'bytes':'xyz'}],['a',null],['eq']]]]}");
	for (size_t n = 0; n < b.len; n++)
		CHECK(!value_decode(b.data, n, &why));
	v = value_decode(b.data, b.len, &why);
	CHECK(v);
	value_free(v);
	cf_buf_addc(&b, 0);
	CHECK(!value_decode(b.data, b.len, &why));

	/* bytes that are no text, indefinite lengths, floats of other widths, promises of more */
	static const char *const raw[] = {"\x63\xff\xff\xff", "\x9f\x01\xff", "\xf9\x3c\x00",
		"\xfa\x3f\x80\x00\x00", "\x7f\x61\x61\xff", "\xf7", "\xc1\x00", "\xd8\x1d\x61\x61",
		"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", "\x62\xc0\x80", "\x63\xed\xa0\x80"};

	for (size_t i = 0; i < sizeof(raw) / sizeof(*raw); i++) {
		cf_buf_reset(&b);
		encode(&b, "'x'");
		cf_buf_reset(&b);
		cf_buf_adds(&b, "\xa3\x66schema\x6a" "cf/value/1\x65roots\x81\x82\x65value");
		cf_buf_add(&b, raw[i], i == 2 ? 3 : i == 3 ? 5 : i == 6 ? 2 : strlen(raw[i]));
		cf_buf_adds(&b, "\x64heap\x80");
		CHECK(!value_decode(b.data, b.len, &why));
	}
}

/* --- comparing ---------------------------------------------------------------------------------------- */

static void scalars(void)
{
	same("1", "", "1", "");
	same("{'big':'\\u0000\\u0000\\u0007'}", "", "7", "");
	same("{'big':'aaaaaaaaaaaa'}", "", "{'big':'\\u0000aaaaaaaaaaaa'}", "");
	same("1.0", "", "1.0000000001", "");
	differ("1", "", "1.0", "", "value", "1", "1.0");
	differ("1", "", "true", "", "value", "1", "True");
	differ("0", "", "null", "", "value", "0", "None");
	differ("1.0", "", "1.00001", "", "value", "1.0", "1.00001");
	differ("0.0", "", "-0.0", "", "value", "0.0", "-0.0");
	differ("0.0", "", "1e-300", "", "value", "0.0", "1e-300");
	differ("-1", "", "1", "", "value", "-1", "1");
	differ("'a'", "", "{'bytes':'a'}", "", "value", "'a'", "b'a'");
	differ("{'big':'\\u0001\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000'}", "", "'it\\\\s'", "",
		"value", "18446744073709551616", "'it\\\\s'");

	/* NaN and infinity have no JSON */
	struct value *v[3];
	static const uint64_t bits[] = {0x7ff8000000000000, 0xfff8000000000001, 0x7ff0000000000000};

	for (int i = 0; i < 3; i++) {
		struct cf_buf b cf_autobuf = CF_BUF_INIT;
		const char *why;

		cf_buf_adds(&b, "\xa3\x66schema\x6a" "cf/value/1\x65roots\x81\x82\x65value\xfb");
		for (int k = 8; k-- > 0;)
			cf_buf_addc(&b, (char)(bits[i] >> 8 * k));
		cf_buf_adds(&b, "\x64heap\x80");
		v[i] = value_decode(b.data, b.len, &why);
		CHECK(v[i]);
	}
	CHECK(value_compare(v[0], v[1], NULL, NULL, NULL) == VALUE_EQUAL);
	CHECK(value_compare(v[0], v[2], NULL, NULL, NULL) == VALUE_DIFFERENT);
	expect(v[2], value("1e300", ""), NULL, NULL, VALUE_DIFFERENT, "value", "inf", "1e+300");
	value_free(v[0]);
	value_free(v[1]);
}

static void containers(void)
{
	same(REF0, LIST("1,2"), REF0, LIST("1,2"));
	differ(REF0, LIST("1,2,3"), REF0, LIST("1,5,3"), "value[1]", "2", "5");
	differ(REF0, LIST("1,2"), REF0, LIST("1,2,3"), "len(value)", "2", "3");
	differ(REF0, LIST("1"), REF0, TUPLE("1"), "type(value)", "list", "tuple");
	differ(REF0, LIST("1"), "1", "", "value", "[1]", "1");
	differ(REF0, DICT("'a',1,'b',2"), REF0, DICT("'a',1,'b',3"), "value['b']", "2", "3");
	differ(REF0, DICT("'a',1,'b',2"), REF0, DICT("'b',2,'a',1"), "value.keys()[0]", "'a'", "'b'");
	differ(REF0, DICT("'a',1"), REF0, DICT("'a',1,'b',2"), "value.keys()[1]", "(no more)", "'b'");
	same(REF0, "['map','m',['a',1,'b',2],null,['unordered']]", REF0,
		"['map','m',['b',2,'a',1],null,['unordered']]");
	expect(value(REF0, DICT("'a',1,'b',2")), value(REF0, DICT("'b',2,'a',1")),
		&(struct value_rules){.float_rel = 1e-9, .ignore_order = true}, NULL, VALUE_EQUAL, NULL, NULL,
		NULL);
	expect(value(REF0, DICT("'a',1,'b',2")), value(REF0, DICT("'b',2,'a',3")),
		&(struct value_rules){.float_rel = 1e-9, .ignore_order = true}, NULL, VALUE_DIFFERENT,
		"value['a']", "1", "3");
}

static void sets(void)
{
	same(REF0, SET("1,2,3"), REF0, SET("3,1,2"));
	same(REF0, SET("1.0,2.0,'a'"), REF0, SET("'a',2.0000000001,1.0"));
	differ(REF0, SET("1,2,3"), REF0, SET("1,2,4"), "value", "has 3", "has 4");
	differ(REF0, SET("1,2"), REF0, SET("1,2,4"), "value", "has not 4", "has 4");
	differ(REF0, SET("1,true"), REF0, SET("1,1.0"), "value", "has True", "has 1.0");
	/* of compounds, equal within the tolerance and in another order */
	same(REF0, SET("{'ref':1},{'ref':2}") "," TUPLE("1.0,'x'") "," TUPLE("2.0,'x'"), REF0,
		SET("{'ref':1},{'ref':2}") "," TUPLE("2.0000000001,'x'") "," TUPLE("1.0,'x'"));
	differ(REF0, SET("{'ref':1},{'ref':2}") "," TUPLE("1.0,'x'") "," TUPLE("2.0,'x'"), REF0,
		SET("{'ref':1},{'ref':2}") "," TUPLE("2.5,'x'") "," TUPLE("1.0,'x'"), "value",
		"has (2.0, 'x')", "has (2.5, 'x')");
	/* objects that are alike but for what lies deep inside */
	same(REF0, SET("{'ref':1},{'ref':2}") ",['object','C',[],['x',{'ref':3}],[]],"
		"['object','C',[],['x',{'ref':4}],[]]," LIST("{'ref':5}") "," LIST("{'ref':6}") ","
		LIST("{'ref':7}") "," LIST("{'ref':8}") "," LIST("1") "," LIST("2"), REF0,
		SET("{'ref':1},{'ref':2}") ",['object','C',[],['x',{'ref':3}],[]],"
		"['object','C',[],['x',{'ref':4}],[]]," LIST("{'ref':5}") "," LIST("{'ref':6}") ","
		LIST("{'ref':7}") "," LIST("{'ref':8}") "," LIST("2") "," LIST("1"));
}

static void objects(void)
{
	const char *a = "['object','shop.Point',[],['x',1,'y',2],[]]";

	same(REF0, a, REF0, "['object','shop.Point',[],['y',2,'x',1],[]]");
	differ(REF0, a, REF0, "['object','shop.Point',[],['y',3,'x',1],[]]", "value.y", "2", "3");
	differ(REF0, a, REF0, "['object','shop.Point',[],['x',1],[]]", "value.y", "2", "(absent)");
	differ(REF0, a, REF0, "['object','shop.Point',[],['x',1,'y',2,'z',0],[]]", "value.z", "(absent)",
		"0");
	differ(REF0, a, REF0, "['object','shop.Dot',[],['x',1,'y',2],[]]", "type(value)", "shop.Point",
		"shop.Dot");
	differ(REF0, LIST("{'ref':1}") "," "['object','shop.Point',[],['x',1,'odd name',2],[]]", REF0,
		LIST("{'ref':1}") "," "['object','shop.Point',[],['x',1,'odd name',4],[]]",
		"value[0]['odd name']", "2", "4");
	differ(REF0, "['scalar','decimal.Decimal',['1.50'],null,[]]", REF0,
		"['scalar','decimal.Decimal',['1.5'],null,[]]", "value", "Decimal('1.50')", "Decimal('1.5')");
	differ(REF0, "['error','KeyError',[{'ref':1},null,null,null],null,[]]," TUPLE("'a'"), REF0,
		"['error','KeyError',[{'ref':1},null,null,null],null,[]]," TUPLE("'b'"), "value.args[0]",
		"'a'", "'b'");
	differ(REF0, "['function','function',['f.<lambda>','12ab',1],null,[]]", REF0,
		"['function','function',['f.<lambda>','12ab',2],null,[]]", "value.closure[0]",
		"1", "2");
	differ(REF0, "['function','function',['f.<lambda>','12ab',{'ref':1}],null,[]]," LIST("1"), REF0,
		"['function','function',['f.<lambda>','12ab',{'ref':1}],null,[]]," LIST("2"),
		"value.closure[0][0]", "1", "2");
	differ(REF0, "['global','type',['shop.Point'],null,[]]", REF0,
		"['global','type',['shop.Dot'],null,[]]", "value", "shop.Point", "shop.Dot");
	same(REF0, "['iter','generator',[1,2],null,['truncated']]", REF0,
		"['iter','generator',[1,2],null,['truncated']]");
	differ(REF0, "['iter','generator',[1,2],null,['truncated']]", REF0,
		"['iter','generator',[1,2],null,[]]", "len(value)", "2 and more", "2");
}

static void identity(void)
{
	/* x = []; [x, x] is not [[], []] */
	differ(REF0, LIST("{'ref':1},{'ref':1}") "," LIST(""), REF0,
		LIST("{'ref':1},{'ref':2}") "," LIST("") "," LIST(""), "value[1]",
		"the same object as before", "another object");
	differ(REF0, LIST("{'ref':1},{'ref':2}") "," LIST("") "," LIST(""), REF0,
		LIST("{'ref':1},{'ref':1}") "," LIST(""), "value[1]", "another object",
		"the same object as before");
	/* for what cannot change nobody can tell */
	same(REF0, LIST("{'ref':1},{'ref':1}") "," TUPLE("1"), REF0,
		LIST("{'ref':1},{'ref':2}") "," TUPLE("1") "," TUPLE("1"));
	/* in another numbering */
	same(REF0, LIST("{'ref':1},{'ref':2}") "," LIST("1") "," LIST("2"), REF0,
		LIST("{'ref':2},{'ref':1}") "," LIST("2") "," LIST("1"));
	/* x = []; x.append(x) */
	same(REF0, LIST("{'ref':0}"), REF0, LIST("{'ref':0}"));
	/* … is not y = [[…]] that bites its tail one further on */
	differ(REF0, LIST("{'ref':0}"), REF0, LIST("{'ref':1}") "," LIST("{'ref':0}"), "value[0]",
		"the same object as before", "another object");
	/* returning the argument itself is not returning a copy of it */
	expect(outcome("return", "['return',{'ref':0}],['args',{'ref':1}]",
		       LIST("1") "," TUPLE("{'ref':2}") "," LIST("1")),
		outcome("return", "['return',{'ref':0}],['args',{'ref':1}]",
			LIST("1") "," TUPLE("{'ref':0}")),
		NULL, NULL, VALUE_DIFFERENT, "args[0]", "another object", "the same object as before");
}

/* Tuples of tuples that share, every level twice: a walk without memory takes 2^60 steps. */
static void sharing_is_not_walked_twice(void)
{
	struct cf_buf a cf_autobuf = CF_BUF_INIT, b cf_autobuf = CF_BUF_INIT;

	for (int i = 0; i < 60; i++) {
		cf_buf_addf(&a, "%s['seq','tuple',[{'ref':%d},{'ref':%d}],null,[]]", i ? "," : "", i + 1, i + 1);
		cf_buf_addf(&b, "%s['seq','tuple',[{'ref':%d},{'ref':%d}],null,[]],"
				"['seq','tuple',[{'ref':%d},{'ref':%d}],null,[]]", i ? "," : "",
			2 * i + 2, 2 * i + 3, 2 * i + 2, 2 * i + 3);
	}
	cf_buf_adds(&a, ",['seq','tuple',[],null,[]]");
	cf_buf_adds(&b, ",['seq','tuple',[],null,[]],['seq','tuple',[],null,[]]");
	same(REF0, a.data, REF0, b.data);
}

/* As deep as a heap is long: neither comparing nor rendering may recurse. */
static void depth_is_no_matter(void)
{
	struct cf_buf a cf_autobuf = CF_BUF_INIT, b cf_autobuf = CF_BUF_INIT;
	struct value_diff d;
	struct value *x, *y;
	json_t *mask;

	for (int i = 0; i < 50000; i++) {
		cf_buf_addf(&a, "['seq','list',[{'ref':%d}],null,[]],", i + 1);
		cf_buf_addf(&b, "['seq','list',[{'ref':%d}],null,[]],", i + 1);
	}
	cf_buf_adds(&a, LIST("1"));
	cf_buf_adds(&b, LIST("2"));
	x = value(REF0, a.data);
	y = value(REF0, b.data);
	CHECK(value_compare(x, y, NULL, NULL, &d) == VALUE_DIFFERENT);
	CHECK_STR(d.original, "1");
	value_diff_release(&d);
	mask = value_differences(x, y, NULL, 10);
	CHECK(json_array_size(mask) == 1);
	CHECK(value_compare(x, y, NULL, mask, NULL) == VALUE_EQUAL);
	json_decref(mask);
	value_free(x);
	value_free(y);
}

#define F8(x) "['array','numpy.ndarray',['<f8',[2],{'bytes':'" x "'}],null,[]]"

static void arrays(void)
{
	/* 0x3ff0… is 1.0, one bit more is within the tolerance */
	same(REF0, F8("aaaaaa\\u007f?bbbbbb\\u007f?"), REF0, F8("aaaaaa\\u007f?cbbbbb\\u007f?"));
	differ(REF0, "['array','numpy.ndarray',['<i4',[2,2],{'bytes':'a\\u0000\\u0000\\u0000b\\u0000\\u0000"
		     "\\u0000c\\u0000\\u0000\\u0000d\\u0000\\u0000\\u0000'}],null,[]]", REF0,
		"['array','numpy.ndarray',['<i4',[2,2],{'bytes':'a\\u0000\\u0000\\u0000b\\u0000\\u0000\\u0000"
		"c\\u0000\\u0000\\u0000e\\u0000\\u0000\\u0000'}],null,[]]", "value[1,1]", "100", "101");
	differ(REF0, "['array','numpy.ndarray',['<i4',[1],{'bytes':'abcd'}],null,[]]", REF0,
		"['array','numpy.ndarray',['<u4',[1],{'bytes':'abcd'}],null,[]]", "value",
		"ndarray(shape (1), <i4)", "ndarray(shape (1), <u4)");
	differ(REF0, "['array','numpy.ndarray',['|O',[2],'a',1],null,[]]", REF0,
		"['array','numpy.ndarray',['|O',[2],'a',2],null,[]]", "value[1]", "1", "2");
	same(REF0, "['array','numpy.ndarray',['|O',[0]],null,[]]", REF0,
		"['array','numpy.ndarray',['|O',[0]],null,[]]");
}

#define F4(x) "['array','numpy.ndarray',['<f4',[1],{'bytes':'" x "'}],null,[]]"
#define SINGLE(x) "['scalar','numpy.float32',[" x "],null,['single']]"
#define DOUBLE(x) "['scalar','numpy.float64',[" x "],null,[]]"

static void single_precision(void)
{
	same(REF0, F4("aaf?"), REF0, F4("baf?"));
	differ(REF0, F4("aaf?"), REF0, F4("abf?"), "value[0]", "0.8999233841896057", "0.8999386429786682");
	same(REF0, SINGLE("1.0"), REF0, SINGLE("1.0000002"));
	differ(REF0, SINGLE("1.0"), REF0, SINGLE("1.00001"), "value", "float32(1.0)", "float32(1.00001)");
	differ(REF0, DOUBLE("1.0"), REF0, DOUBLE("1.0000002"), "value", "float64(1.0)", "float64(1.0000002)");
	expect(value(REF0, SINGLE("1.0")), value(REF0, SINGLE("1.0000002")), &(struct value_rules){0}, NULL,
		VALUE_DIFFERENT, "value", "float32(1.0)", "float32(1.0000002)");
}

#define NOTHING(dtype, shape) "['array','numpy.ndarray',['" dtype "',[" shape "],{'bytes':''}],null,[]]"

static void arrays_made_of_nothing(void)
{
	const struct value_rules derived = {.float_rel = 1e-9, .derived = true};

	expect(value(REF0, NOTHING("<f8", "0")), value(REF0, NOTHING("<i8", "0,2")), &derived, NULL,
		VALUE_EQUAL, NULL, NULL, NULL);
	expect(value(REF0, NOTHING("<i8", "0")), value(REF0, NOTHING("<f8", "0")), &derived, NULL,
		VALUE_DIFFERENT, "value", "ndarray(shape (0), <i8)", "ndarray(shape (0), <f8)");
	expect(value(REF0, NOTHING("<f8", "0")), value(REF0, F4("aaf?")), &derived, NULL,
		VALUE_DIFFERENT, "value", "ndarray(shape (0), <f8)", "ndarray(shape (1), <f4)");
	differ(REF0, NOTHING("<f8", "0"), REF0, NOTHING("<i8", "0"), "value", "ndarray(shape (0), <f8)",
		"ndarray(shape (0), <i8)");
}

static void sharing_what_cannot_change_is_nobodys_business(void)
{
	const char *list = "['seq','list',[{'ref':1},{'ref':%d}],null,[]]%s";
	const char *point = ",['seq','Point',[1],null,%s],['seq','Point',[1],null,%s]";

	for (int frozen = 0; frozen < 2; frozen++) {
		const char *flags = frozen ? "['frozen']" : "[]";
		cf_autofree char *points = cf_asprintf(point, flags, flags);
		cf_autofree char *one = cf_asprintf(list, 1, points), *two = cf_asprintf(list, 2, points);

		expect(value(REF0, one), value(REF0, two), NULL, NULL, frozen ? VALUE_EQUAL : VALUE_DIFFERENT,
			frozen ? NULL : "value[1]", "the same object as before", "another object");
	}
}

static void opaque_is_never_equal(void)
{
	const char *o = "['opaque','_io.FileIO',['an open file'],null,[]]";
	struct value *v = value(REF0, o);
	cf_autofree char *why = value_opaque(v);

	CHECK_STR(why, "FileIO: an open file");
	value_free(v);
	expect(value(REF0, o), value(REF0, o), NULL, NULL, VALUE_UNKNOWN, "value", "(none)", "(none)");
	differ(REF0, LIST("{'ref':1},1") ",['opaque','F',['x'],null,[]]", REF0,
		LIST("{'ref':1},2") ",['opaque','F',['x'],null,[]]", "value[1]", "1", "2");
	differ(REF0, "['object','F',[],null,[]]", REF0, "['opaque','F',['x'],null,[]]", "value", "F()",
		"<F>");
}

static void outcomes(void)
{
	expect(outcome("return", "['return',1]", ""), outcome("return", "['return',1],['stdout','a']", ""),
		NULL, NULL, VALUE_DIFFERENT, "stdout", "(nothing)", "'a'");
	expect(outcome("return", "['return',1],['stdout','a']", ""), outcome("return", "['return',1]", ""),
		NULL, NULL, VALUE_DIFFERENT, "stdout", "'a'", "(nothing)");
	expect(outcome("return", "['return',1]", ""),
		outcome("raise", "['raise',{'ref':0}]",
			"['error','ValueError',[{'ref':1},null,null,null],null,[]]," TUPLE("'no'")),
		NULL, NULL, VALUE_DIFFERENT, "kind", "returned 1", "raised ValueError('no')");
	expect(outcome("return", "['return',1]", ""), value("1", ""), NULL, NULL, VALUE_DIFFERENT, NULL,
		NULL, NULL);
	/* an error of the runtime's own: its type counts, its words do not, the rest does */
	struct value_rules lax = {.float_rel = 1e-9, .error_type_only = true};
	const char *error = "['error','%s',[{'ref':1},null,null,null],null,[]],['seq','tuple',['%s'],null,[]]";
	cf_autofree char *a = cf_asprintf(error, "IndexError", "list"), *b = cf_asprintf(error, "IndexError", "deque");
	cf_autofree char *c = cf_asprintf(error, "KeyError", "list");

	expect(outcome("raise", "['raise',{'ref':0}],['args',1]", a),
		outcome("raise", "['raise',{'ref':0}],['args',1]", b), &lax, NULL, VALUE_EQUAL, NULL, NULL, NULL);
	expect(outcome("raise", "['raise',{'ref':0}],['args',1]", a),
		outcome("raise", "['raise',{'ref':0}],['args',2]", b), &lax, NULL, VALUE_DIFFERENT, "args", "1",
		"2");
	expect(outcome("raise", "['raise',{'ref':0}]", a), outcome("raise", "['raise',{'ref':0}]", c), &lax,
		NULL, VALUE_DIFFERENT, "type(raise)", "IndexError", "KeyError");
	expect(outcome("raise", "['raise',{'ref':0}]", a), outcome("raise", "['raise',{'ref':0}]", b), NULL,
		NULL, VALUE_DIFFERENT, "raise.args[0]", "'list'", "'deque'");
}

static void masks(void)
{
	const char *a = LIST("1,{'ref':1},3") "," DICT("'t',10,'u',20,'v',{'ref':2}") "," LIST("1,2");
	const char *b = LIST("1,{'ref':1},3") "," DICT("'t',11,'u',20,'v',{'ref':2}") "," LIST("1,2,3");
	struct value *x = value(REF0, a), *y = value(REF0, b), *z;
	json_t *mask = value_differences(x, y, NULL, 10), *few;

	CHECK(json_array_size(mask) == 2);
	CHECK_STR(json_string_value(json_array_get(mask, 0)), "value[1]['t']");
	CHECK_STR(json_string_value(json_array_get(mask, 1)), "len(value[1]['v'])");
	CHECK(value_compare(x, y, NULL, mask, NULL) == VALUE_EQUAL);
	z = value(REF0, LIST("1,{'ref':1},3") "," DICT("'t',12,'u',21,'v',{'ref':2}") "," LIST("1,2"));
	CHECK(value_compare(x, z, NULL, mask, NULL) == VALUE_DIFFERENT);
	few = value_differences(x, y, NULL, 1);
	CHECK(json_array_size(few) == 1);
	CHECK_STR(json_string_value(json_array_get(few, 0)), "value");
	json_decref(few);
	json_decref(mask);
	value_free(x);
	value_free(y);
	value_free(z);
	/* keys that are others are masked with all that hangs on them */
	x = value(REF0, DICT("'a',1,'k',2"));
	y = value(REF0, DICT("'a',1,'l',3"));
	mask = value_differences(x, y, NULL, 10);
	CHECK_STR(json_string_value(json_array_get(mask, 0)), "value.keys()");
	CHECK(value_compare(x, y, NULL, mask, NULL) == VALUE_EQUAL);
	json_decref(mask);
	value_free(x);
	value_free(y);
	expect(value(REF0, LIST("1,2")), value(REF0, LIST("2,1")), NULL, "value", VALUE_EQUAL, NULL, NULL,
		NULL);
}

static void any_order(void)
{
	struct value_rules any = {.float_rel = 1e-9, .any_order = true};

	expect(value(REF0, LIST("1,{'ref':1},'a'") "," LIST("1,2")),
		value(REF0, LIST("'a',{'ref':1},1") "," LIST("2,1")), &any, NULL, VALUE_EQUAL, NULL, NULL, NULL);
	expect(value(REF0, LIST("1,1,2")), value(REF0, LIST("1,2,2")), &any, NULL, VALUE_DIFFERENT, "value",
		"has 1", "has 2");
}

int main(void)
{
	decoding();
	scalars();
	containers();
	sets();
	objects();
	identity();
	sharing_is_not_walked_twice();
	depth_is_no_matter();
	arrays();
	single_precision();
	arrays_made_of_nothing();
	sharing_what_cannot_change_is_nobodys_business();
	opaque_is_never_equal();
	outcomes();
	masks();
	any_order();
	return CHECK_END();
}
