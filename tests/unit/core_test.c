/* SPDX-License-Identifier: Apache-2.0 */
/* lib/: paths, JSON text, shards, buffers, children. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/buf.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/opt.h"
#include "lib/process.h"
#include "lib/stream.h"
#include "tests/unit/check.h"

static void paths(void)
{
	static const struct {
		const char *path, *abs;
	} cases[] = {
		{"/a/b/../c", "/a/c"}, {"/a//b/./", "/a/b"}, {"/..", "/"}, {"/a/..", "/"}, {"/", "/"},
		{"/a/../../b", "/b"}, {"/a b/\n", "/a b/\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cf_autofree char *abs = cf_path_abs(cases[i].path);

		CHECK_STR(abs, cases[i].abs);
	}
	CHECK(cf_path_below("/a/b", "/a"));
	CHECK(cf_path_below("/a", "/a"));
	CHECK(cf_path_below("/a", "/"));
	CHECK(!cf_path_below("/ab", "/a"));
	CHECK(!cf_path_below("/", "/a"));
	cf_autofree char *rel = cf_path_relative("/a/b/c", "/a");
	cf_autofree char *out = cf_path_relative("/x", "/a");
	cf_autofree char *self = cf_path_relative("/a", "/a/");

	CHECK_STR(rel, "b/c");
	CHECK_STR(out, "/x");
	CHECK_STR(self, ".");
}

static void hashes(void)
{
	char hex[65];

	/* FIPS 180-2, appendix B.1 */
	cf_sha256_hex("abc", 3, hex);
	CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void json_text(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"plain", "plain"}, {"\xff", "\xef\xbf\xbd"}, {"a\xc3\xa9z", "a\xc3\xa9z"},
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a lone surrogate */
		{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},                 /* cut short */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *t = cf_json_text(cases[i].in, strlen(cases[i].in));

		CHECK_STR(json_string_value(t), cases[i].out);
		json_decref(t);
	}
}

static void shards(void)
{
	int owners = 0;

	CHECK(cf_shard_check("1/1") == 0);
	CHECK(cf_shard_check(NULL) == 0);
	for (int i = 1; i <= 5; i++) {
		char spec[16];

		snprintf(spec, sizeof(spec), "%d/5", i);
		owners += cf_shard_owns(spec, "some key");
	}
	CHECK(owners == 1);
}

static void buffers(void)
{
	struct cf_buf b cf_autobuf = CF_BUF_INIT;

	for (int i = 0; i < 1000; i++)
		cf_buf_addf(&b, "%d,", i % 10);
	CHECK(b.len == 2000);
	CHECK(b.data[b.len] == '\0');
	cf_buf_reset(&b);
	cf_buf_addf(&b, "%0*d", 2000, 7);
	CHECK(b.len == 2000 && b.data[1999] == '7');
}

static void children(void)
{
	static const char *const cat[] = {"cat", NULL}, *const none[] = {"/no/such/program", NULL},
				 *const slow[] = {"sh", "-c", "sleep 60 & sleep 60", NULL},
				 *const fails[] = {"sh", "-c", "echo oops >&2; exit 7", NULL},
				 *const dies[] = {"sh", "-c", "kill -9 $$", NULL};
	struct cf_ran ran;
	size_t n = 3 << 20;
	cf_autofree char *big = cf_malloc(n);
	uint64_t start;

	memset(big, 'x', n);
	CHECK(cf_run(&(struct cf_run){.argv = cat, .input = big, .input_len = n}, &ran) == 0);
	CHECK(ran.status == 0 && ran.out.len == n);
	cf_ran_release(&ran);
	CHECK(cf_run(&(struct cf_run){.argv = none}, &ran) == 0);
	CHECK(ran.not_found && ran.status == 127);
	cf_ran_release(&ran);
	CHECK(cf_run(&(struct cf_run){.argv = fails}, &ran) == 0);
	CHECK(ran.status == 7 && !ran.timed_out);
	CHECK_STR(ran.err.data, "oops\n");
	cf_ran_release(&ran);
	CHECK(cf_run(&(struct cf_run){.argv = dies}, &ran) == 0);
	CHECK(ran.status == 137 && ran.sig == 9);
	cf_ran_release(&ran);
	start = cf_now_ns();
	CHECK(cf_run(&(struct cf_run){.argv = slow, .timeout_s = 0.2}, &ran) == 0);
	CHECK(ran.timed_out && cf_now_ns() - start < 20000000000u);
	cf_ran_release(&ran);
}

static void files(void)
{
	char *dir = cf_tempdir("cf-core-test");
	cf_autofree char *sub = cf_path_join(dir, "a/b"), *file = cf_path_join(sub, "f"),
			 *link = cf_path_join(dir, "a/link");
	struct cf_buf b cf_autobuf = CF_BUF_INIT;

	CHECK(cf_mkdirs(sub) == 0);
	CHECK(cf_mkdirs(sub) == 0);
	CHECK(cf_write_file(file, "one", 3) == 0);
	CHECK(cf_write_file(file, "two!", 4) == 0);
	CHECK(cf_read_file(file, &b) == 0);
	CHECK_STR(b.data, "two!");
	CHECK(symlink("/etc", link) == 0);
	CHECK(cf_write_file("/no/such/dir/f", "x", 1) == -1);
	cf_tempdir_done(dir);
	CHECK(access("/etc/passwd", R_OK) == 0);
}

static void options(void)
{
	bool quiet = false;
	int64_t n = 0;
	const struct cf_opt table[] = {
		{'q', "quiet", NULL, CF_FLAG, &quiet, "", 0}, {'n', "number", "n", CF_INT, &n, "", 0}, {0}};
	char *before[] = {"core_test", "-q", "a", "--number", "7", NULL};
	char *among[] = {"core_test", "a", "-n7", "b", "--number=8", "-", "-q", "--", "-n", "9", NULL};
	int argc = 5;
	char **rest = cf_getopt(&argc, before, "x", table);

	/* what follows an operand may be the options of a program */
	CHECK(argc == 3 && quiet && n == 0);
	CHECK_STR(rest[1], "--number");
	quiet = false;
	argc = 10;
	rest = cf_getopt_anywhere(&argc, among, "x", table);
	CHECK(argc == 5 && quiet && n == 8 && !rest[5]);
	CHECK_STR(rest[1], "b");
	CHECK_STR(rest[2], "-");
	CHECK_STR(rest[3], "-n");
}

int main(void)
{
	options();
	cf_set_progname("core_test");
	paths();
	hashes();
	json_text();
	shards();
	buffers();
	children();
	files();
	return CHECK_END();
}
