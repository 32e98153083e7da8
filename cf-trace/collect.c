/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the spools while the program runs; finishes the trace, whoever of us dies first. */
#include "cf-trace/collect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <search.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cf-trace/spool.h"
#include "cf-trace/subtree.h"
#include "lib/buf.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"

#define POLL_MS 50
#define PROGRESS_NS 500000000ull
#define SLICE (1u << 20)
#define CRUMB (1u << 15)
#define NS_MAX ((uint64_t)1 << 53)

struct counters {
	uint64_t at; /* offset in the file */
	uint32_t first, n;
};

/* What may have to be taken back when the store rolls back. */
struct place {
	uint64_t pos;	 /* in the records */
	int64_t process; /* 0: not in the store yet */
	size_t ncounters;
	bool closed, damaged;
};

struct spool {
	char *name;
	struct place now, committed;
	int64_t *map; /* the spool's function ids to the store's; 0: not named yet */
	size_t nmap;
	struct counters *counters;
	size_t cap_counters;
};

struct spools {
	const char *dir;
	int dirfd;
	struct spool **v;
	size_t n, cap;
	void *names;	      /* tree of struct spool * by name */
	struct timespec seen; /* the directory's mtime at the last look */
	struct store *store;
	struct spool_rec rec;
	struct cf_buf buf;
	uint64_t left; /* bytes that may still be taken in this stretch, give or take a record */
	bool full; /* it was said that there is no room */
	bool keep; /* nothing is removed, nor given up for lack of space: it can be tried again */
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct spool *)a)->name, ((const struct spool *)b)->name);
}

static bool is_spool(const char *name)
{
	size_t n = strlen(name), m = strlen(CF_SPOOL_SUFFIX);

	return n > m && !strcmp(name + n - m, CF_SPOOL_SUFFIX);
}

static void scan(struct spools *all)
{
	struct stat st;
	struct dirent *e;
	DIR *d;

	/* Unchanged, unless within the clock's grain of the last change. */
	if (stat(all->dir, &st) < 0 ||
		(st.st_mtim.tv_sec == all->seen.tv_sec && st.st_mtim.tv_nsec == all->seen.tv_nsec))
		return;
	d = opendir(all->dir);
	while (d && (e = readdir(d))) {
		struct spool *s, key = {.name = e->d_name};

		if (!is_spool(e->d_name) || tfind(&key, &all->names, by_name))
			continue;
		s = cf_calloc(1, sizeof(*s));
		s->name = cf_strdup(e->d_name);
		if (!tsearch(s, &all->names, by_name))
			cf_die(CF_MISSING, "out of memory");
		cf_grow(&all->v, &all->cap, all->n + 1, sizeof(*all->v));
		all->v[all->n++] = s;
	}
	if (d)
		closedir(d);
	if (time(NULL) > st.st_mtim.tv_sec + 1)
		all->seen = st.st_mtim;
}

static void nothing(void *node)
{
	(void)node;
}

static void spools_release(struct spools *all)
{
	tdestroy(all->names, nothing);
	for (size_t i = 0; i < all->n; i++) {
		free(all->v[i]->name);
		free(all->v[i]->map);
		free(all->v[i]->counters);
		free(all->v[i]);
	}
	free(all->v);
	spool_rec_release(&all->rec);
	cf_buf_release(&all->buf);
}

/* -1: the spool is damaged, -2: the store could not take it. */
enum { DAMAGED = -1, NOT_STORED = -2 };

static int64_t mapped(const struct spool *s, uint64_t id)
{
	return id < s->nmap ? s->map[id] : 0;
}

static int take_function(struct spools *all, struct spool *s, const json_t *o)
{
	size_t id = (size_t)json_integer_value(json_object_get(o, "id")), old = s->nmap;
	int64_t found = store_function(all->store, o);

	if (found < 0)
		return NOT_STORED;
	cf_grow(&s->map, &s->nmap, id + 1, sizeof(*s->map));
	memset(s->map + old, 0, (s->nmap - old) * sizeof(*s->map));
	s->map[id] = found;
	return 0;
}

static int take_profile(
	struct spools *all, const struct spool *s, const unsigned char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cf_rec_profile p;
		int64_t f;

		memcpy(&p, data + i * sizeof(p), sizeof(p));
		f = mapped(s, p.function);
		if (!f || p.own_ns > NS_MAX || p.total_ns > NS_MAX)
			return DAMAGED;
		if (store_profile(all->store, f, &p) < 0)
			return NOT_STORED;
	}
	return 0;
}

static int take_edges(
	struct spools *all, const struct spool *s, const unsigned char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cf_rec_edge e;
		int64_t caller, callee;

		memcpy(&e, data + i * sizeof(e), sizeof(e));
		caller = mapped(s, e.caller);
		callee = mapped(s, e.callee);
		if (!callee || (!caller && e.caller != CF_NO_FUNCTION) || e.ns > NS_MAX)
			return DAMAGED;
		if (store_edge(all->store, caller, callee, (int64_t)e.ns) < 0)
			return NOT_STORED;
	}
	return 0;
}

static int take_lines(
	struct spools *all, const struct spool *s, const unsigned char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cf_rec_line l;
		int64_t f;

		memcpy(&l, data + i * sizeof(l), sizeof(l));
		f = mapped(s, l.function);
		if (!f || l.ns > NS_MAX)
			return DAMAGED;
		if (store_line(all->store, f, l.line, (int64_t)l.ns) < 0)
			return NOT_STORED;
	}
	return 0;
}

static int take_loss(struct spools *all, const struct spool *s, const json_t *o)
{
	const json_t *id = json_object_get(o, "function");
	int64_t f = json_is_integer(id) ? mapped(s, (uint64_t)json_integer_value(id)) : 0;

	if (json_is_integer(id) && !f)
		return DAMAGED;
	return store_loss(all->store, f, json_string_value(json_object_get(o, "reason")),
		       json_integer_value(json_object_get(o, "n"))) < 0
		       ? NOT_STORED
		       : 0;
}

static int take_test(struct spools *all, const struct spool *s, const json_t *o)
{
	int64_t test = store_test(all->store, json_string_value(json_object_get(o, "test")),
		json_string_value(json_object_get(o, "outcome")), cf_json_int(o, "ns", -1));
	const json_t *id;
	size_t i;

	if (test < 0)
		return NOT_STORED;
	json_array_foreach(json_object_get(o, "functions"), i, id)
	{
		int64_t f = mapped(s, (uint64_t)json_integer_value(id));

		if (!f)
			return DAMAGED;
		if (store_test_function(all->store, test, f) < 0)
			return NOT_STORED;
	}
	return 0;
}

static int take_counters(struct spool *s, const struct spool_rec *r, uint64_t base)
{
	cf_grow(&s->counters, &s->cap_counters, s->now.ncounters + 1, sizeof(*s->counters));
	s->counters[s->now.ncounters++] =
		(struct counters){base + r->counters, r->counts.first, r->counts.n};
	return 0;
}

/* base: the file offset of the buffer that the record's offsets count from. */
static int take(struct spools *all, struct spool *s, const struct spool_rec *r, uint64_t base)
{
	int64_t f;

	switch (r->type) {
	case CF_REC_PAD:
		return 0;
	case CF_REC_PROCESS:
		return store_process_argv(all->store, s->now.process, r->json) < 0 ? NOT_STORED : 0;
	case CF_REC_FUNCTION:
		return take_function(all, s, r->json);
	case CF_REC_VALUE:
		return store_value(all->store, &r->value, r->data, r->n) < 0 ? NOT_STORED : 0;
	case CF_REC_CALL:
		f = mapped(s, r->call.function);
		if (!f)
			return DAMAGED;
		return store_call(all->store, s->now.process, f, &r->call) < 0 ? NOT_STORED : 0;
	case CF_REC_DURATION:
		f = mapped(s, r->duration.function);
		if (!f)
			return DAMAGED;
		return store_duration(all->store, s->now.process, f, &r->duration) < 0 ? NOT_STORED : 0;
	case CF_REC_COUNTS:
		return take_counters(s, r, base);
	case CF_REC_PROFILE:
		return take_profile(all, s, r->data, r->n);
	case CF_REC_EDGE:
		return take_edges(all, s, r->data, r->n);
	case CF_REC_LINE:
		return take_lines(all, s, r->data, r->n);
	case CF_REC_LOSS:
		return take_loss(all, s, r->json);
	case CF_REC_TEST:
		return take_test(all, s, r->json);
	}
	return DAMAGED;
}

static int damage(struct spools *all, struct spool *s, const char *why)
{
	cf_autofree char *reason = cf_asprintf("spool damaged: %s", why);

	s->now.damaged = true;
	return store_loss(all->store, 0, reason, 1) < 0 ? NOT_STORED : 0;
}

/* Takes the records from s->now.pos up to tail or the end of the stretch. 0, or NOT_STORED. */
static int drain(struct spools *all, struct spool *s, int fd, uint64_t tail)
{
	struct cf_buf *b = &all->buf;
	const size_t slice = all->left < SLICE ? CRUMB : SLICE;
	size_t want = slice;

	while (s->now.pos < tail && all->left) {
		uint64_t base = CF_SPOOL_HEADER + s->now.pos;
		size_t n = tail - s->now.pos < want ? (size_t)(tail - s->now.pos) : want;
		size_t pos = 0, need;
		const char *why;
		ssize_t got;
		int rc;

		cf_buf_reset(b);
		cf_buf_reserve(b, n);
		got = pread(fd, b->data, n, (off_t)base);
		if (got < 0 && errno == EINTR)
			continue;
		if (got != (ssize_t)n)
			return damage(all, s, "it is cut off");
		while ((rc = spool_next(b->data, n, &pos, &all->rec, &need, &why)) > 0) {
			rc = take(all, s, &all->rec, base);
			if (rc == NOT_STORED)
				return rc;
			if (rc == DAMAGED)
				return damage(all, s, "a record refers to what was never named");
		}
		if (rc < 0)
			return damage(all, s, why);
		s->now.pos += pos;
		all->left -= pos < all->left ? pos : all->left;
		if (pos) {
			want = slice;
			continue;
		}
		if (need <= n || need > tail - s->now.pos)
			return damage(all, s, "a record ends beyond what was published");
		want = need;
	}
	return 0;
}

static bool is_blank(const struct cf_spool_header *h)
{
	static const struct cf_spool_header blank;

	return !memcmp(h, &blank, sizeof(blank));
}

static int follow(struct spools *all, struct spool *s)
{
	cf_autoclose int fd = -1;
	struct cf_spool_header h;
	const char *why;

	if (s->now.closed || s->now.damaged)
		return 0;
	fd = openat(all->dirfd, s->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	/* A writer that was killed, or has only begun, leaves a file without a header. */
	if (fd < 0 || pread(fd, &h, sizeof(h), 0) != sizeof(h) || is_blank(&h))
		return 0;
	why = spool_check_header(&h);
	if (why)
		return damage(all, s, why);
	if (h.start_ns > INT64_MAX / 2 || h.tail > INT64_MAX / 2)
		return damage(all, s, "its header is out of range");
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!s->now.process) {
		s->now.process = store_process(all->store, h.pid, h.ppid, h.start_ns);
		if (s->now.process < 0)
			return NOT_STORED;
	}
	if (drain(all, s, fd, h.tail) < 0)
		return NOT_STORED;
	if (h.state == 1 && s->now.pos == h.tail && !s->now.damaged) {
		s->now.closed = true;
		if (store_process_closed(all->store, s->now.process) < 0)
			return NOT_STORED;
	}
	return 0;
}

/*
 * Takes what is new in the spools up to `most` bytes, all of it or, with NOT_STORED, none. 1 when
 * there may be more.
 */
static int take_stretch(struct spools *all, uint64_t most)
{
	all->left = most;
	if (store_begin(all->store) == 0) {
		size_t i = 0;

		while (i < all->n && follow(all, all->v[i]) == 0)
			i++;
		if (i == all->n && store_commit(all->store) == 0) {
			for (i = 0; i < all->n; i++)
				all->v[i]->committed = all->v[i]->now;
			return !all->left;
		}
	}
	store_rollback(all->store);
	for (size_t i = 0; i < all->n; i++)
		all->v[i]->now = all->v[i]->committed;
	return NOT_STORED;
}

/* Whatever of it there still is room for. */
static int take_crumbs(struct spools *all)
{
	int rc;

	do
		rc = take_stretch(all, CRUMB);
	while (rc > 0);
	return rc;
}

static void say_full(struct spools *all)
{
	if (!all->full)
		cf_warn("no more space for the trace: the program goes on, calls for which there is none"
			" are only counted");
	all->full = true;
}

/* Takes what is new while the program runs; once the disk is full, the spools keep it for later. */
static void look(struct spools *all)
{
	if (all->full)
		return;
	scan(all);
	if (take_stretch(all, UINT64_MAX) < 0)
		say_full(all);
}

/* Takes the rest now that nothing more comes, as far as there is room. 0, or -1 after cf_error. */
static int take_rest(struct spools *all)
{
	memset(&all->seen, 0, sizeof(all->seen));
	scan(all);
	if (take_stretch(all, UINT64_MAX) == 0)
		return 0;
	if (!all->keep) {
		if (take_crumbs(all) == 0)
			return 0;
		say_full(all);
		store_disk_full(all->store);
		if (take_stretch(all, UINT64_MAX) == 0)
			return 0;
	}
	return cf_error("cannot write the trace: no space for it");
}

/* Calls fn for every live counter of the spool. */
static int read_counters(struct spools *all, struct spool *s,
	int (*fn)(struct spools *, const struct spool *, uint32_t counter, uint64_t calls, void *),
	void *arg)
{
	cf_autoclose int fd = -1;
	uint64_t slots[512];

	if (s->now.ncounters)
		fd = openat(all->dirfd, s->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	for (size_t c = 0; fd >= 0 && c < s->now.ncounters; c++)
		for (uint32_t i = 0; i < s->counters[c].n;) {
			uint32_t n = s->counters[c].n - i < 512 ? s->counters[c].n - i : 512;

			if (pread(fd, slots, n * sizeof(*slots),
				    (off_t)(s->counters[c].at + i * sizeof(*slots))) !=
				(ssize_t)(n * sizeof(*slots)))
				break;
			for (uint32_t k = 0; k < n; k++) {
				uint32_t counter = s->counters[c].first + i + k;

				if (mapped(s, counter) && slots[k] && slots[k] < NS_MAX &&
					fn(all, s, counter, slots[k], arg) < 0)
					return NOT_STORED;
			}
			i += n;
		}
	return 0;
}

static int add_counter(struct spools *all, const struct spool *s, uint32_t counter, uint64_t calls,
	void *arg)
{
	(void)arg;
	return store_counts(
		all->store, s->now.process, counter, mapped(s, counter), (int64_t)calls);
}

static int sum_counter(struct spools *all, const struct spool *s, uint32_t counter, uint64_t calls,
	void *arg)
{
	(void)all;
	(void)s;
	(void)counter;
	*(uint64_t *)arg += calls;
	return 0;
}

static int add_totals(struct spools *all)
{
	for (size_t i = 0; i < all->n; i++) {
		cf_autoclose int fd = openat(all->dirfd, all->v[i]->name,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		struct cf_spool_header h;

		if (read_counters(all, all->v[i], add_counter, NULL) < 0)
			return NOT_STORED;
		if (fd < 0 || pread(fd, &h, sizeof(h), 0) != sizeof(h) || spool_check_header(&h))
			continue;
		if (h.lost && h.lost < NS_MAX &&
			store_loss(all->store, 0, "no space in the spool", (int64_t)h.lost) < 0)
			return NOT_STORED;
		if (h.children && h.children < NS_MAX &&
			store_loss(all->store, 0, "a process that could open no spool",
				(int64_t)h.children) < 0)
			return NOT_STORED;
	}
	if (!all->n)
		return store_loss(all->store, 0, "no process was recorded", 1);
	return 0;
}

static void show_progress(struct spools *all, uint64_t start)
{
	uint64_t calls = 0;
	char line[128];
	int n;

	for (size_t i = 0; i < all->n; i++)
		read_counters(all, all->v[i], sum_counter, &calls);
	/* The cursor goes back to the margin, so that what the program prints next lies over it. */
	n = snprintf(line, sizeof(line), "\r%s: %.1f s, %llu calls, %lld captured\033[K\r",
		cf_progname(), (double)(cf_now_ns() - start) / 1e9, (unsigned long long)calls,
		(long long)store_captured(all->store));
	if (write(STDERR_FILENO, line, (size_t)n) < 0) {
		/* nobody is left to tell */
	}
}

static void clear_progress(void)
{
	if (write(STDERR_FILENO, "\r\033[K", 4) < 0) {
		/* nobody is left to tell */
	}
}

/* 1 told how the program ended, 0 nothing yet, -1 the line broke: cf-trace is dead. */
static int listen_for(int fd, struct store_end *end)
{
	struct pollfd p = {fd, POLLIN, 0};
	ssize_t n;

	if (poll(&p, 1, POLL_MS) <= 0)
		return 0;
	n = recv(fd, end, sizeof(*end), 0);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	return n == sizeof(*end) ? 1 : -1;
}

static void remove_spools(void *arg)
{
	struct spools *all = arg;

	for (size_t i = 0; i < all->n; i++)
		unlinkat(all->dirfd, all->v[i]->name, 0);
}

/*
 * The spools stay until the trace is in its place, so that whoever is killed before that can begin
 * again; unless the disk is full and what they take is what the last tables need.
 */
static int finish(struct spools *all, struct output *out, const struct store_end *end)
{
	if (store_begin(all->store) < 0 || add_totals(all) < 0 || store_commit(all->store) < 0)
		return cf_error("cannot write the trace: no space for it");
	if (store_is_full(all->store))
		remove_spools(all);
	/* without it the trace is whole all the same: the program cannot be timed again, no more */
	if (store_input(all->store, out->input) < 0)
		cf_warn("what the program was given on its standard input could not be kept");
	if (store_finish(all->store, end, all->keep ? NULL : remove_spools, all) < 0)
		return -1;
	store_close(all->store);
	all->store = NULL;
	return output_commit(out, end->complete);
}

static int spools_open(struct spools *all, const struct output *out, const json_t *meta)
{
	const json_t *options = json_object_get(meta, "options");

	/* beside the trace is room, or nothing would come of it anyway */
	setenv("SQLITE_TMPDIR", out->dir, 1);
	*all = (struct spools){.dir = out->spool, .buf = CF_BUF_INIT};
	all->dirfd = open(all->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (all->dirfd < 0)
		return cf_error("cannot read %s: %s", all->dir, strerror(errno));
	all->store = store_create(out->dir, meta, cf_json_str(meta, "project_root"),
		cf_json_int(options, "max_function_count", 1));
	return all->store ? 0 : -1;
}

static void spools_close(struct spools *all)
{
	store_close(all->store);
	cf_close_fd(&all->dirfd);
	spools_release(all);
}

static bool anything(const struct spools *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i]->now.process)
			return true;
	return false;
}

int collector_recover(struct output *left)
{
	const struct store_end end = {.exit_status = -1};
	json_auto_t *meta = json_load_file(left->meta, 0, NULL);
	struct spools all;
	int ret = -1;

	/* Without it nothing was started, or the trace is in its place. */
	if (!cf_json_str(meta, "project_root"))
		return 0;
	if (spools_open(&all, left, meta) < 0)
		goto out;
	all.keep = true;
	if (take_rest(&all) == 0)
		ret = !anything(&all) ? 0 : finish(&all, left, &end) < 0 ? -1 : 1;
out:
	spools_close(&all);
	return ret;
}

/* The collector's whole life. Its exit status. */
static int collect(const struct collector *c, int fd)
{
	struct spools all;
	struct store_end end = {.exit_status = -1};
	uint64_t start = cf_now_ns(), shown = start + PROGRESS_NS;
	int ended = 0, ret = -1;

	/* The word that the trace can be written: only now may the program start. */
	if (spools_open(&all, c->out, c->meta) < 0 || send(fd, "r", 1, MSG_NOSIGNAL) != 1)
		goto out;
	while (!ended) {
		ended = listen_for(fd, &end);
		if (!ended)
			look(&all);
		if (c->progress && !ended && cf_now_ns() > shown) {
			show_progress(&all, start);
			shown = cf_now_ns() + PROGRESS_NS;
		}
	}
	if (c->progress)
		clear_progress();
	if (ended < 0) {
		end = (struct store_end){.exit_status = -1};
		if (!c->section)
			subtree_end(c->out->spool, 0, 1);
	}
	if (take_rest(&all) == 0)
		ret = finish(&all, c->out, &end);
	if (ended < 0 && ret == 0 && !c->section)
		cf_warn("cf-trace was killed: the trace is cut short, in %s", c->out->path);
out:
	spools_close(&all);
	/* It may be that nobody is left to clean up after us. */
	if (ended)
		output_remove(c->out);
	return ret < 0 ? CF_USAGE : CF_OK;
}

static void __attribute__((noreturn)) child(const struct collector *c, int fd)
{
	static const int sigs[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGCHLD};
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	setsid();
	for (size_t i = 0; i < sizeof(sigs) / sizeof(*sigs); i++)
		signal(sigs[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(null, 1);
	if (null > 2)
		close(null);
	_exit(collect(c, fd));
}

int collector_start(struct collector *c)
{
	cf_autofree char *meta = json_dumps(c->meta, JSON_INDENT(1));
	int pair[2];
	char ready;

	if (cf_write_file(c->out->meta, meta, strlen(meta)) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return cf_error("cannot make a socket: %s", strerror(errno));
	c->pid = fork();
	if (c->pid == 0) {
		close(pair[0]);
		child(c, pair[1]);
	}
	close(pair[1]);
	c->fd = pair[0];
	if (c->pid < 0) {
		close(c->fd);
		return cf_error("cannot start the collector: %s", strerror(errno));
	}
	if (recv(c->fd, &ready, 1, 0) == 1)
		return 0;
	close(c->fd);
	waitpid(c->pid, NULL, 0);
	return -1;
}

static int reap(struct collector *c)
{
	int st;

	while (waitpid(c->pid, &st, 0) < 0)
		if (errno != EINTR)
			return -1;
	close(c->fd);
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

/* The status it ended with; above 128 when it was killed. */
static int tell(struct collector *c, const struct store_end *end)
{
	/* It may be gone already; its status will say. */
	while (send(c->fd, end, sizeof(*end), MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	return reap(c);
}

int collector_finish(struct collector *c, const struct store_end *end)
{
	int status = tell(c, end);

	if (status > 128) {
		cf_warn("the collector was killed by signal %d; reading the spools again",
			status - 128);
		if (collector_start(c) < 0)
			return -1;
		status = tell(c, end);
		c->killed = status > 128;
		if (c->killed)
			cf_error("the collector was killed again; make a trace of what is there"
				 " with cf-trace --recover --output %s", c->out->path);
	}
	return status ? -1 : 0;
}

void collector_cancel(struct collector *c)
{
	kill(c->pid, SIGKILL);
	reap(c);
}
