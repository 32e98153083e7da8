/* SPDX-License-Identifier: Apache-2.0 */
/* unit of: cf-trace */
/*
 * libFuzzer on what reads spools: the decoder, and the collector that makes a trace of them. Whatever
 * a program has written into its spool, the trace can be read.
 *
 * The input is a byte of flags, the header if they say so, and then records: as they lie in a spool,
 * or, where a fuzzer is to be spared their frames, each as its type, two bytes of length, and its body.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cf-trace/collect.h"
#include "cf-trace/spool.h"
#include "lib/buf.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/mem.h"
#include "lib/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum flags {
	FRAMED = 1, /* records as they lie in a spool */
	HEADER = 2, /* the header too */
	CUT = 4,    /* more is said to be there than is */
	CLOSED = 8,
};

static const char meta[] =
	"{\"language\":\"python\",\"plugin\":\"python\",\"project_root\":\"/p\",\"command\":[\"x\"],"
	"\"options\":{\"max_function_count\":4}}";

static char *dir, *spools, *file;

static void remove_dir(void)
{
	cf_remove_tree(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char template[] = "/dev/shm/cf-fuzz-XXXXXX", plain[] = "/tmp/cf-fuzz-XXXXXX";

	(void)argc;
	(void)argv;
	cf_set_progname("fuzz");
	dir = cf_strdup(mkdtemp(template) ? template : mkdtemp(plain) ? plain : "");
	spools = cf_path_join(dir, "spools");
	file = cf_path_join(spools, "1.spool");
	if (!*dir || mkdir(spools, 0700) < 0)
		return 1;
	atexit(remove_dir);
	return 0;
}

/* Frames [type, length, body]… as a recorder does. */
static void frame(const uint8_t *p, size_t n, struct cf_buf *out)
{
	static const char zeros[8];

	while (n >= 3) {
		size_t len = p[1] | (size_t)p[2] << 8, pad;
		struct cf_rec head = {.type = p[0] % 14};

		p += 3;
		n -= 3;
		if (len > n)
			len = n;
		pad = (8 - len % 8) % 8;
		head.size = (uint32_t)(sizeof(head) + len + pad);
		head.pad = (uint16_t)pad;
		cf_buf_add(out, &head, sizeof(head));
		cf_buf_add(out, p, len);
		cf_buf_add(out, zeros, pad);
		p += len;
		n -= len;
	}
}

/* From memory of just that size, so that a byte read beyond it shows. */
static void decode(const struct cf_buf *records)
{
	unsigned char *exact = cf_malloc(records->len);
	struct spool_rec r = {0};
	const char *why;
	size_t pos = 0, need;
	int rc;

	if (records->len)
		memcpy(exact, records->data, records->len);
	while ((rc = spool_next(exact, records->len, &pos, &r, &need, &why)) > 0) {
		if (pos > records->len ||
			(r.type == CF_REC_COUNTS &&
				r.counters + r.counts.n * sizeof(uint64_t) > records->len))
			abort();
		if (r.type == CF_REC_VALUE && r.n && (r.data < exact || r.data + r.n > exact + records->len))
			abort();
	}
	if (rc < 0 && !why)
		abort();
	spool_rec_release(&r);
	free(exact);
}

static int read_calls(const struct trace_function *f, void *arg)
{
	struct trace_call *calls;
	int n;

	if (trace_calls(arg, f->id, 0, &calls, &n) < 0)
		abort();
	trace_calls_free(calls, n);
	return 0;
}

static void read_trace(const char *path)
{
	struct trace t;
	json_t *record;

	if (trace_open(&t, path, false) < 0 || !(record = trace_record(&t)) ||
		trace_functions(&t, read_calls, &t) < 0)
		abort();
	json_decref(record);
	trace_release(&t);
}

static void write_spool(const struct cf_spool_header *h, const struct cf_buf *records)
{
	static char page[CF_SPOOL_HEADER];
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	memcpy(page, h, sizeof(*h));
	if (fd < 0 || cf_write_all(fd, page, sizeof(page)) < 0 ||
		cf_write_all(fd, records->data ? records->data : "", records->len) < 0 || close(fd) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cf_spool_header h = {.magic = CF_SPOOL_MAGIC, .version = CF_SPOOL_VERSION, .pid = 2,
		.ppid = 1, .start_ns = 5};
	struct cf_buf records cf_autobuf = CF_BUF_INIT;
	int flags = n ? data[0] : 0;
	struct output left = {.dir = dir, .spool = spools, .lock = -1};

	data += n > 0;
	n -= n > 0;
	if (flags & HEADER && n >= sizeof(h)) {
		memcpy(&h, data, sizeof(h));
		data += sizeof(h);
		n -= sizeof(h);
	}
	if (flags & FRAMED)
		cf_buf_add(&records, data, n);
	else
		frame(data, n, &records);
	decode(&records);
	if (!(flags & HEADER)) {
		h.tail = records.len + (flags & CUT ? 64 : 0);
		h.state = flags & CLOSED ? 1 : 0;
	}
	write_spool(&h, &records);
	/* made anew every time: committing takes them away */
	left.path = cf_path_join(dir, "trace");
	left.meta = cf_path_join(dir, "meta.json");
	left.input = cf_path_join(dir, "stdin");
	int fd = open(left.meta, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || cf_write_all(fd, meta, strlen(meta)) < 0 || close(fd) < 0)
		abort();
	int made = collector_recover(&left);

	if (made < 0)
		abort();
	if (made)
		read_trace(left.path);
	unlink(left.path);
	cf_autofree char *db = cf_path_join(dir, "trace.db");

	unlink(db);
	free(left.path);
	free(left.meta);
	free(left.input);
	return 0;
}
