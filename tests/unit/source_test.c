/* SPDX-License-Identifier: Apache-2.0 */
/* Finding functions, and edits: made from texts, checked, merged, applied, and as diffs for git. */
#include <sys/stat.h>
#include <unistd.h>
#include "lib/fs.h"
#include "lib/mem.h"
#include "lib/process.h"
#include "lib/source.h"
#include "tests/unit/check.h"

static char *dir;

static void put(const char *path, const char *text, size_t n)
{
	cf_autofree char *full = cf_path_join(dir, path);
	cf_autofree char *parent = cf_path_dir(full);
	CHECK(cf_mkdirs(parent) == 0);
	CHECK(cf_write_file(full, text, n) == 0);
}

static const char python[] = "import os\n"
			     "\n"
			     "def f(x):\n"
			     "    return x\n"
			     "\n"
			     "class A:\n"
			     "    @staticmethod\n"
			     "    @cache\n"
			     "    def f():\n"
			     "        class B:\n"
			     "            async def g(self): pass\n"
			     "        def inner(): return 1\n"
			     "        return B\n"
			     "    if os:\n"
			     "        def h(self): pass\n"
			     "    else:\n"
			     "        def h(self): return 2\n";

static const char javascript[] = "function f(x) { return function inner() {}; }\n"
				 "const g = (x) => x, o = {m() {}, n: () => 1};\n"
				 "class A {\n"
				 "  constructor() {}\n"
				 "  static #p() {}\n"
				 "  h = () => 1;\n"
				 "}\n"
				 "exports.e = function () {};\n"
				 "module.exports = {k() {}, l: class { m() {} }};\n"
				 "A.prototype.late = (function () {});\n";

static int found_line(const struct source *s, const char *name, int line)
{
	TSNode n = source_function(s, name, line);
	return ts_node_is_null(n) ? 0 : (int)ts_node_start_point(n).row + 1;
}

static void test_javascript(void)
{
	struct source s;

	CHECK(source_parse(&s, "m.mjs", javascript, strlen(javascript), "javascript") == 0);
	CHECK(source_ok(&s));
	CHECK(found_line(&s, "f", 1) == 1);
	CHECK(found_line(&s, "g", 2) == 2);
	CHECK(found_line(&s, "o.m", 2) == 2);
	CHECK(found_line(&s, "o.n", 2) == 2);
	CHECK(found_line(&s, "A.constructor", 4) == 4);
	CHECK(found_line(&s, "A.#p", 5) == 5);
	CHECK(found_line(&s, "A.h", 6) == 6);
	CHECK(found_line(&s, "e", 8) == 8);
	CHECK(found_line(&s, "k", 9) == 9);
	CHECK(found_line(&s, "l.m", 9) == 9);
	CHECK(found_line(&s, "A.prototype.late", 10) == 10);
	CHECK(found_line(&s, "exports.e", 0) == 0);
	CHECK(found_line(&s, "inner", 0) == 0);
	CHECK(found_line(&s, "module.exports", 0) == 0);
	source_release(&s);

	const char *typed = "export function f<T>(x: T): T { return x as T }\n"
			    "abstract class B { private m(n: number): void {} g = (): number => 1 }\n";
	CHECK(source_parse(&s, "a/m.ts", typed, strlen(typed), "javascript") == 0);
	CHECK(source_ok(&s));
	CHECK(found_line(&s, "f", 1) == 1);
	CHECK(found_line(&s, "B.m", 2) == 2);
	CHECK(found_line(&s, "B.g", 2) == 2);
	source_release(&s);
	CHECK(source_parse(&s, "a/m.js", typed, strlen(typed), "javascript") == 0);
	CHECK(!source_ok(&s));
	source_release(&s);
}

static void test_functions(void)
{
	struct source s;
	CHECK(source_parse(&s, "m.py", python, strlen(python), "python") == 0);
	CHECK(source_ok(&s));
	CHECK(found_line(&s, "f", 0) == 3);
	CHECK(found_line(&s, "f", 3) == 3);
	CHECK(found_line(&s, "f", 4) == 0);
	CHECK(found_line(&s, "A.f", 7) == 9); /* the first decorator's line */
	CHECK(found_line(&s, "A.f", 9) == 9);
	CHECK(found_line(&s, "A.f.<locals>.B.g", 0) == 11);
	CHECK(found_line(&s, "A.f.<locals>.inner", 12) == 12);
	CHECK(found_line(&s, "A.h", 0) == 15);
	CHECK(found_line(&s, "A.h", 17) == 17);
	CHECK(found_line(&s, "A", 0) == 0);
	CHECK(found_line(&s, "A.g", 0) == 0);
	CHECK(found_line(&s, "", 0) == 0);

	char hash[65];
	cf_sha256_hex("def f(x):\n    return x\n", 23, hash);
	CHECK(source_lines_are(&s, 3, 4, hash));
	CHECK(!source_lines_are(&s, 3, 6, hash));
	CHECK(!source_lines_are(&s, 90, 91, hash));
	CHECK(!source_lines_are(&s, 0, 4, hash));
	cf_sha256_hex("def f(x):\n    return x", 22, hash);
	CHECK(source_lines_are(&s, 3, 4, hash));
	source_release(&s);

	CHECK(source_parse(&s, "m.py", "def f(:\n", 8, "python") == 0);
	CHECK(!source_ok(&s));
	source_release(&s);
	CHECK(source_parse(&s, "m.py", "a\r\nb\r\n", 6, "python") == 0);
	cf_sha256_hex("a\nb\n", 4, hash);
	CHECK(source_lines_are(&s, 1, 2, hash));
	source_release(&s);
	CHECK(source_parse(&s, "m", "", 0, "cobol") == -1);
}

static void refused(const char *edits, const char *because)
{
	json_auto_t *e = json_loads(edits, 0, NULL);
	cf_autofree char *why = NULL;
	CHECK(e && edits_check(e, dir, &why) == -1);
	CHECK(why && strstr(why, because));
	if (why && !strstr(why, because))
		fprintf(stderr, "\"%s\" for %s\n", why, edits);
}

static void test_check(void)
{
	put("a.py", "x = 1\n", 6);
	cf_autofree char *link = cf_path_join(dir, "out.py");
	cf_autofree char *inner = cf_path_join(dir, "in.py");
	CHECK(symlink("/etc/passwd", link) == 0);
	CHECK(symlink("a.py", inner) == 0);
#define E(path, sha, start, end) \
	"{\"path\":\"" path "\",\"sha256_before\":\"" sha "\",\"start\":" start ",\"end\":" end \
	",\"text\":\"y\"}"
#define SHA "c01d8e19a61f4a1ff0e2d2ee7c2c4b6b3c6c4c1a00000000000000000000000000"
	char sha[65];
	cf_sha256_hex("x = 1\n", 6, sha);
	refused("[" E("/etc/passwd", SHA, "0", "1") "]", "not a path relative");
	refused("[" E("", SHA, "0", "1") "]", "not a path relative");
	refused("[" E("../a.py", SHA, "0", "1") "]", "leads out");
	refused("[" E("b/../../a.py", SHA, "0", "1") "]", "leads out");
	refused("[" E("out.py", SHA, "0", "1") "]", "symbolic link");
	refused("[" E("gone.py", SHA, "0", "1") "]", "No such file");
	refused("[" E(".", SHA, "0", "1") "]", "not a regular file");
	refused("[" E("a.py", SHA, "0", "1") "]", "has changed");
	refused("[" E("a.py", SHA, "3", "1") "]", "needs");
	refused("[" E("a.py", SHA, "-1", "1") "]", "needs");
	refused("[" E("a.py", SHA, "0", "1.5") "]", "needs");
	refused("{}", "not an array");
	refused("[3]", "needs");
	refused("[" E("a.py", SHA, "0", "2") "," E("a.py", SHA, "1", "3") "]", "overlap");
	refused("[" E("a.py", SHA, "0", "2") "," E("a.py", "00", "3", "3") "]", "different versions");

	cf_autofree char *why = NULL;
	json_auto_t *past = json_pack("[{s:s,s:s,s:i,s:i,s:s}]", "path", "a.py", "sha256_before", sha,
		"start", 0, "end", 7, "text", "");
	CHECK(edits_check(past, dir, &why) == -1 && strstr(why, "byte 7 of 6"));
	json_auto_t *good = json_pack("[{s:s,s:s,s:i,s:i,s:s}]", "path", "in.py", "sha256_before", sha,
		"start", 4, "end", 5, "text", "2");
	cf_autofree char *none = NULL;
	CHECK(edits_check(good, dir, &none) == 0 && !none);
}

static void test_merge(void)
{
#define M(start, end, text) \
	"{\"path\":\"a\",\"sha256_before\":\"s\",\"start\":" start ",\"end\":" end ",\"text\":\"" text "\"}"
	json_auto_t *a = json_loads("[" M("0", "0", "import x") "," M("10", "12", "A") "]", 0, NULL);
	json_auto_t *b = json_loads("[" M("20", "21", "B") "," M("0", "0", "import x") "," //
					   M("10", "10", "i") "]", 0, NULL);
	json_auto_t *c = json_loads("[" M("11", "11", "C") "]", 0, NULL);
	json_auto_t *ab = edits_merge(a, b);
	CHECK(json_array_size(ab) == 4);
	CHECK(json_integer_value(json_object_get(json_array_get(ab, 1), "end")) == 10);
	json_auto_t *ac = edits_merge(a, c);
	CHECK(!ac);
}

/* before → edits → after, and git agrees that the diff does the same. */
static void round_trip(const char *path, const char *before, size_t n, const char *after, size_t m)
{
	put(path, before, n);
	json_auto_t *edits = edits_from_text(dir, path, after, m);
	CHECK(edits);
	json_auto_t *files = edits_apply(edits, dir);
	const char *text = json_string_value(json_object_get(json_array_get(files, 0), "text"));
	if (n == m && !memcmp(before, after, n)) {
		CHECK(json_array_size(edits) == 0);
		return;
	}
	CHECK_STR(text, after);
	cf_autofree char *diff = edits_diff(edits, dir);
	struct cf_ran ran;
	const char *argv[] = {"git", "apply", "--whitespace=nowarn", "-", NULL};
	struct cf_run run = {.argv = argv, .cwd = dir, .input = diff, .input_len = strlen(diff)};
	CHECK(cf_run(&run, &ran) == 0);
	CHECK(ran.status == 0);
	if (ran.status)
		fprintf(stderr, "%s\n%s", ran.err.data, diff);
	cf_ran_release(&ran);
	cf_autofree char *full = cf_path_join(dir, path);
	cf_autobuf struct cf_buf now = CF_BUF_INIT;
	CHECK(cf_read_file(full, &now) == 0);
	CHECK(now.len == m && !memcmp(now.data ? now.data : "", after, m));
}

static void test_diffs(void)
{
#define TRIP(path, before, after) \
	round_trip(path, before, sizeof(before) - 1, after, sizeof(after) - 1)
	TRIP("a", "1\n2\n3\n", "1\nx\n3\n");
	TRIP("a", "1\n2\n3", "1\n2\n4");
	TRIP("a", "1\n2\n3\n", "1\n2\n3");
	TRIP("a", "1\n2\n3", "1\n2\n3\n");
	TRIP("a", "1\n2\n3", "0\n1\n2\n3");
	TRIP("a", "1\n", "");
	TRIP("a", "a\r\nb\r\n", "a\r\nc\r\n");
	TRIP("d i r/a \"q\" \\b\t\303\251.py", "1\n2\n", "1\n3\n");
	TRIP("new\nline 'x'$(y);.py", "1\n2\n", "2\n");
	TRIP("-rf", "1\n2\n", "2\n");
	TRIP("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n");
	TRIP("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");

	/* LF text for a CRLF file keeps the file's line ends. */
	put("crlf", "a\r\nb\r\nc\r\n", 9);
	json_auto_t *edits = edits_from_text(dir, "crlf", "a\nB\nc\n", 6);
	CHECK(json_array_size(edits) == 1);
	CHECK_STR(json_string_value(json_object_get(json_array_get(edits, 0), "text")), "B\r\n");

	/* Random texts of few different lines, where a diff has many ways to go. */
	unsigned seed = 7;
	for (int i = 0; i < 300; i++) {
		char text[2][100];
		size_t n[2] = {0};
		for (int t = 0; t < 2; t++) {
			for (int lines = (seed >> 8) % 12; lines > 0; lines--) {
				seed = seed * 1103515245 + 12345;
				text[t][n[t]++] = (char)('a' + (seed >> 16) % 4);
				text[t][n[t]++] = '\n';
			}
			seed = seed * 1103515245 + 12345;
			if (n[t] && (seed >> 16) % 4 == 0)
				n[t]--;
			text[t][n[t]] = '\0';
		}
		round_trip("r", text[0], n[0], text[1], n[1]);
	}
}

/* A text in the place of the project's own. */
static void test_stand_in(void)
{
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	char *why = NULL;

	put("s.py", "a = 1\n", 6);
	put("t.py", "a = 1\n", 6);
	edits_stand_in("s.py", "b = 2\n", 6);
	CHECK(edits_file(dir, "s.py", &b) == 0);
	CHECK_STR(b.data, "b = 2\n");
	CHECK(edits_file(dir, "t.py", &b) == 0);
	CHECK_STR(b.data, "a = 1\n");
	json_auto_t *edits = edits_from_text(dir, "s.py", "b = 2\nc = 3\n", 12);
	CHECK(edits && edits_check(edits, dir, &why) == 0);
	json_auto_t *files = edits_apply(edits, dir);
	CHECK_STR(json_string_value(json_object_get(json_array_get(files, 0), "text")), "b = 2\nc = 3\n");
}

int main(void)
{
	dir = cf_tempdir("source-test");
	test_functions();
	test_javascript();
	test_check();
	test_merge();
	test_diffs();
	test_stand_in();
	return CHECK_END();
}
