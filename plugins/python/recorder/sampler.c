/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the time goes: a thread of our own looks at the program's stacks about a thousand times a
 * second and adds up. Time belongs to the innermost function of the user's on the stack (own), and
 * once to each one on it (total); a line's time is what its function spent on it, callees included.
 */
#include "plugins/python/recorder/recorder.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/spool.h"

#define TICK_NS 1000000u
#define TICK_MAX_NS 50000000u
#define FLUSH_NS 250000000u
#define GAP_NS 250000000u   /* no one sample stands for more */
#define SHARE_HIGH 0.015    /* of one core: sample less often above, */
#define SHARE_LOW 0.007     /* more often below */
#define DEPTH 1024
#define THREADS 64

struct code {
	uintptr_t at;
	uint32_t function;
	bool inner;
	int first_line, *lines; /* of every second byte; made when first sampled */
	size_t n, nlines;
	const unsigned char *table;
};

struct sum {
	uint64_t key; /* 0: free */
	uint64_t ns, seen;
};
struct sums { /* a hash table of times; key is two numbers */
	struct sum *v;
	size_t n, cap;
};

struct function {
	uint64_t own_ns, total_ns, seen;
	uint32_t samples;
};

struct clock { /* what a thread had used at the last look */
	pid_t tid;
	uint64_t cpu_ns;
};

static struct {
	pthread_mutex_t lock; /* code and everything summed */
	pthread_t thread;
	bool running;
	pthread_mutex_t nap; /* stop is set, and the sleeper woken, under this */
	pthread_cond_t wake;
	bool stop;
	uintptr_t main;
	pid_t main_tid;
	uintptr_t bottom; /* the main thread's outermost frame; 0: not known */
	uint64_t owed_ns; /* time of the main thread whose samples were torn */
	bool by_cpu;
	struct code *codes;
	size_t ncodes, cap;
	struct function *functions;
	size_t nfunctions;
	struct sums edges, lines;
	uint64_t serial;
	struct clock clocks[THREADS];
	uintptr_t paused[16];
} S = {.lock = PTHREAD_MUTEX_INITIALIZER};

int sampler_line_format;

static size_t slot(uint64_t key, size_t cap)
{
	return (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & (cap - 1);
}

/* Codes. ------------------------------------------------------------------------------------- */

static struct code *find_code(uintptr_t at)
{
	if (!S.cap || !at)
		return NULL;
	for (size_t i = slot(at, S.cap);; i = (i + 1) & (S.cap - 1)) {
		if (S.codes[i].at == at)
			return &S.codes[i];
		if (!S.codes[i].at)
			return NULL;
	}
}

static bool grow_codes(void)
{
	struct code *old = S.codes;
	size_t cap = S.cap;

	if (S.ncodes * 2 < S.cap)
		return true;
	S.codes = calloc(cap ? cap * 2 : 1024, sizeof(*S.codes));
	if (!S.codes) {
		S.codes = old;
		return S.ncodes + 1 < S.cap;
	}
	S.cap = cap ? cap * 2 : 1024;
	for (size_t i = 0; i < cap; i++)
		if (old[i].at) {
			size_t k = slot(old[i].at, S.cap);

			while (S.codes[k].at)
				k = (k + 1) & (S.cap - 1);
			S.codes[k] = old[i];
		}
	free(old);
	return true;
}

static bool grow_functions(uint32_t id)
{
	size_t n = S.nfunctions ? S.nfunctions : 256;
	struct function *p;

	if (id < S.nfunctions)
		return true;
	while (n <= id)
		n *= 2;
	p = realloc(S.functions, n * sizeof(*p));
	if (!p)
		return false;
	memset(p + S.nfunctions, 0, (n - S.nfunctions) * sizeof(*p));
	S.functions = p;
	S.nfunctions = n;
	return true;
}

void sampler_code(uintptr_t at, uint32_t function, bool inner, int first_line,
	const unsigned char *table, size_t n)
{
	pthread_mutex_lock(&S.lock);
	if (grow_codes() && grow_functions(function) && !find_code(at)) {
		size_t i = slot(at, S.cap);

		while (S.codes[i].at)
			i = (i + 1) & (S.cap - 1);
		S.codes[i] = (struct code){.at = at, .function = function, .inner = inner,
			.first_line = first_line, .table = table, .n = n};
		S.ncodes++;
	}
	pthread_mutex_unlock(&S.lock);
}

/* Line tables. ------------------------------------------------------------------------------- */

static bool put_lines(struct code *c, size_t bytes, int line)
{
	for (size_t i = 0; i < bytes / 2 && c->nlines < 1 << 22; i++) {
		if (c->nlines % 256 == 0) {
			int *p = realloc(c->lines, (c->nlines + 256) * sizeof(*p));

			if (!p)
				return false;
			c->lines = p;
		}
		c->lines[c->nlines++] = line;
	}
	return true;
}

/* To 3.9: steps of the address and the line; a line holds until the next step. */
static void lines_8(struct code *c)
{
	int line = c->first_line;

	for (size_t i = 0; i + 1 < c->n; i += 2) {
		put_lines(c, c->table[i], line);
		line += (signed char)c->table[i + 1];
	}
	put_lines(c, 2, line);
}

/* 3.10: the line's step comes before the addresses it holds for; -128 is no line. */
static void lines_10(struct code *c)
{
	int line = c->first_line;

	for (size_t i = 0; i + 1 < c->n; i += 2) {
		signed char step = (signed char)c->table[i + 1];

		if (step != -128)
			line += step;
		put_lines(c, c->table[i], step == -128 ? 0 : line);
	}
}

static unsigned varint(const struct code *c, size_t *i)
{
	unsigned v = 0, shift = 0;

	while (*i < c->n) {
		unsigned char b = c->table[(*i)++];

		if (shift < 30)
			v |= (unsigned)(b & 63) << shift;
		shift += 6;
		if (!(b & 64))
			break;
	}
	return v;
}

static int signed_varint(const struct code *c, size_t *i)
{
	unsigned v = varint(c, i);

	return v & 1 ? -(int)(v >> 1) : (int)(v >> 1);
}

/* From 3.11: entries of variable length, each for one to eight units of two bytes. */
static void lines_11(struct code *c)
{
	int line = c->first_line;

	for (size_t i = 0; i < c->n;) {
		unsigned char b = c->table[i++];
		unsigned kind = b >> 3 & 15, units = (b & 7u) + 1;

		if (kind == 13 || kind == 14)
			line += signed_varint(c, &i);
		else if (kind >= 10 && kind <= 12)
			line += (int)kind - 10;
		put_lines(c, units * 2, kind == 15 ? 0 : line);
		/* the columns are not wanted: they end where the next entry's high bit is */
		while (i < c->n && !(c->table[i] & 128))
			i++;
	}
}

static int line_at(struct code *c, int offset)
{
	size_t i = (size_t)(offset < 0 ? 0 : offset) / 2;

	if (!c->lines) {
		if (sampler_line_format == 8)
			lines_8(c);
		else if (sampler_line_format == 10)
			lines_10(c);
		else
			lines_11(c);
		if (!c->nlines)
			put_lines(c, 2, c->first_line);
		if (!c->lines)
			return c->first_line;
	}
	return c->lines[i < c->nlines ? i : c->nlines - 1];
}

/* Sums. -------------------------------------------------------------------------------------- */

static struct sum *sum_at(struct sums *s, uint64_t key)
{
	if (s->n * 2 >= s->cap) {
		struct sums old = *s;

		s->cap = old.cap ? old.cap * 2 : 256;
		s->v = calloc(s->cap, sizeof(*s->v));
		if (!s->v) {
			*s = old;
			return NULL;
		}
		for (size_t i = 0; i < old.cap; i++)
			if (old.v[i].key) {
				size_t k = slot(old.v[i].key, s->cap);

				while (s->v[k].key)
					k = (k + 1) & (s->cap - 1);
				s->v[k] = old.v[i];
			}
		free(old.v);
	}
	for (size_t i = slot(key, s->cap);; i = (i + 1) & (s->cap - 1)) {
		if (!s->v[i].key) {
			s->v[i].key = key;
			s->n++;
		}
		if (s->v[i].key == key)
			return &s->v[i];
	}
}

/* Once a sample, whatever the recursion. Keys are never 0: b is one more than it says. */
static void add(struct sums *s, uint32_t a, uint32_t b, uint64_t ns)
{
	struct sum *e = sum_at(s, (uint64_t)a << 32 | (b + 1));

	if (e && e->seen != S.serial) {
		e->seen = S.serial;
		e->ns += ns;
	}
}

static void account(const struct frame *f, int n, uint64_t ns)
{
	struct code *below = NULL, *c;
	bool first = true;

	S.serial++;
	for (int i = 0; i < n; i++) {
		struct function *fn;
		int line;

		c = find_code(f[i].code);
		if (!c)
			continue;
		fn = &S.functions[c->function];
		/* A comprehension in its own function is no call. */
		if (below && !(below->inner && below->function == c->function))
			add(&S.edges, c->function, below->function, ns);
		below = c;
		if (first) {
			fn->own_ns += ns;
			fn->samples++;
			first = false;
		}
		if (fn->seen == S.serial)
			continue;
		fn->seen = S.serial;
		fn->total_ns += ns;
		line = line_at(c, f[i].offset);
		if (line > 0)
			add(&S.lines, c->function, (uint32_t)line, ns);
	}
	if (below)
		add(&S.edges, CF_NO_FUNCTION - 1, below->function, ns);
}

static void flush_functions(void)
{
	size_t n = 0;
	char *p;

	for (size_t i = 0; i < S.nfunctions; i++)
		n += S.functions[i].total_ns != 0;
	p = n ? spool_begin(CF_REC_PROFILE, n * sizeof(struct cf_rec_profile)) : NULL;
	if (!p)
		return;
	for (size_t i = 0; i < S.nfunctions; i++) {
		struct function *f = &S.functions[i];
		struct cf_rec_profile r = {(uint32_t)i, f->samples, f->own_ns, f->total_ns};

		if (!f->total_ns)
			continue;
		memcpy(p, &r, sizeof(r));
		p += sizeof(r);
		f->own_ns = f->total_ns = 0;
		f->samples = 0;
	}
	spool_end();
}

/* Edges and lines have records of one shape. */
static void flush_sums(struct sums *s, uint16_t type)
{
	size_t n = 0;
	char *p;

	for (size_t i = 0; i < s->cap; i++)
		n += s->v[i].ns != 0;
	p = n ? spool_begin(type, n * sizeof(struct cf_rec_edge)) : NULL;
	if (!p)
		return;
	for (size_t i = 0; i < s->cap; i++) {
		struct sum *e = &s->v[i];
		struct cf_rec_edge r = {(uint32_t)(e->key >> 32), (uint32_t)e->key - 1, e->ns};

		if (!e->ns)
			continue;
		if (type == CF_REC_EDGE && r.caller == CF_NO_FUNCTION - 1)
			r.caller = CF_NO_FUNCTION;
		memcpy(p, &r, sizeof(r));
		p += sizeof(r);
		e->ns = 0;
	}
	spool_end();
}

static void flush(void)
{
	flush_functions();
	flush_sums(&S.edges, CF_REC_EDGE);
	flush_sums(&S.lines, CF_REC_LINE);
}

/* The thread. -------------------------------------------------------------------------------- */

static uint64_t thread_cpu_ns(pid_t tid)
{
	/* The kernel's name for a thread's clock. */
	clockid_t clock = (clockid_t)(~(unsigned)tid << 3 | 6);
	struct timespec t;

	if (tid <= 0 || clock_gettime(clock, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What the thread has run since it was last looked at. */
static uint64_t cpu_since(pid_t tid, bool *live)
{
	struct clock *c = NULL;
	uint64_t now = thread_cpu_ns(tid), used;

	if (!now)
		return 0;
	for (int i = 0; i < THREADS && !c; i++)
		if (S.clocks[i].tid == tid) {
			c = &S.clocks[i];
			live[i] = true;
		}
	for (int i = 0; i < THREADS && !c; i++)
		if (!S.clocks[i].tid) {
			S.clocks[i] = (struct clock){tid, now};
			live[i] = true;
			return 0;
		}
	if (!c)
		return 0;
	used = now - c->cpu_ns;
	c->cpu_ns = now;
	return used < GAP_NS ? used : GAP_NS;
}

static bool is_paused(uintptr_t tstate)
{
	for (size_t i = 0; i < sizeof(S.paused) / sizeof(*S.paused); i++)
		if (__atomic_load_n(&S.paused[i], __ATOMIC_ACQUIRE) == tstate)
			return true;
	return false;
}

static struct frame frames[DEPTH];

static void look(uintptr_t tstate, uint64_t ns, uint64_t now)
{
	uintptr_t outermost;
	int n;

	if (!ns || is_paused(tstate))
		return;
	n = frames_walk(tstate, frames, DEPTH, &outermost);
	/* A pause that began while we looked. */
	if (n > 0 && !is_paused(tstate)) {
		account(frames, n, ns);
		watch_stack(tstate, frames, n, now);
	}
}

/* The stack moves while it is read: what does not end where it must is read again. */
static void look_at_main(uint64_t ns, uint64_t now)
{
	uintptr_t outermost;
	int n;

	if (is_paused(S.main))
		return;
	ns += S.owed_ns;
	for (int tries = 0; tries < 4; tries++) {
		n = frames_walk(S.main, frames, DEPTH, &outermost);
		if (is_paused(S.main))
			return;
		if (n > 0 && (n == DEPTH || !S.bottom || outermost == S.bottom)) {
			account(frames, n, ns);
			watch_stack(S.main, frames, n, now);
			S.owed_ns = 0;
			return;
		}
		frames_begin();
	}
	S.owed_ns = ns < GAP_NS ? ns : GAP_NS;
	/* So many in a row are not torn: that frame has ended. */
	if (ns >= GAP_NS)
		S.bottom = 0;
}

static void sample(uint64_t ns, uint64_t now)
{
	struct thread others[THREADS];
	bool live[THREADS] = {false};
	int n;

	frames_begin();
	watch_begin();
	n = frames_threads(S.main, others, THREADS);
	look_at_main(S.by_cpu ? cpu_since(S.main_tid, live) : ns < GAP_NS ? ns : GAP_NS, now);
	for (int i = 0; i < n; i++)
		if (others[i].tid)
			look(others[i].tstate, cpu_since(others[i].tid, live), now);
	for (int i = 0; i < THREADS; i++)
		if (!live[i])
			S.clocks[i].tid = 0;
}

static uint64_t adapt(uint64_t tick, uint64_t *cpu, uint64_t *wall, uint64_t now)
{
	uint64_t used = thread_cpu_ns(thread_id());
	double share = (double)(used - *cpu) / (double)(now - *wall + 1);

	*cpu = used;
	*wall = now;
	if (share > SHARE_HIGH)
		tick = (uint64_t)((double)tick * (share / SHARE_HIGH < 4 ? share / SHARE_HIGH : 4));
	else if (share < SHARE_LOW)
		tick -= tick / 8;
	return tick < TICK_NS ? TICK_NS : tick > TICK_MAX_NS ? TICK_MAX_NS : tick;
}

/* False: it is over. */
static bool sleep_for(uint64_t ns)
{
	uint64_t until = now_ns() + ns;
	struct timespec t = {(time_t)(until / 1000000000u), (long)(until % 1000000000u)};
	bool stop;

	pthread_mutex_lock(&S.nap);
	while (!S.stop && pthread_cond_timedwait(&S.wake, &S.nap, &t) == 0)
		;
	stop = S.stop;
	pthread_mutex_unlock(&S.nap);
	return !stop;
}

static void *run(void *arg)
{
	uint64_t last = now_ns(), flushed = last, wall = last, cpu = thread_cpu_ns(thread_id());
	uint64_t tick = TICK_NS, now;
	uint32_t dice = (uint32_t)last | 1;
	unsigned n = 0;

	(void)arg;
	frames_find_tids();
	/* Not in step with what the program does every millisecond. */
	while (sleep_for(tick - tick / 4 + dice % (tick / 2))) {
		dice ^= dice << 13;
		dice ^= dice >> 17;
		dice ^= dice << 5;
		now = now_ns();
		pthread_mutex_lock(&S.lock);
		sample(now - last, now);
		if (now - flushed > FLUSH_NS) {
			flush();
			flushed = now;
		}
		pthread_mutex_unlock(&S.lock);
		last = now;
		if (++n % 64 == 0)
			tick = adapt(tick, &cpu, &wall, now);
	}
	return NULL;
}

static bool start_thread(void)
{
	pthread_condattr_t clock;
	sigset_t all, old;

	/* New each time: after a fork they are in what state the other thread left them. */
	pthread_mutex_init(&S.nap, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&S.wake, &clock);
	pthread_condattr_destroy(&clock);
	S.stop = false;
	/* Signals are the program's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	S.running = pthread_create(&S.thread, NULL, run, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return S.running;
}

bool sampler_start(uintptr_t main, bool by_cpu, bool from_here)
{
	S.main = main;
	S.main_tid = thread_id();
	S.by_cpu = by_cpu;
	S.owed_ns = 0;
	memset(S.clocks, 0, sizeof(S.clocks));
	frames_begin();
	if (frames_walk(main, frames, DEPTH, &S.bottom) < 0 || !from_here)
		S.bottom = 0;
	frames_find_tids();
	return start_thread();
}

void sampler_lose_bottom(void)
{
	S.bottom = 0;
}

void sampler_find_bottom(uintptr_t tstate)
{
	if (!S.bottom && tstate == S.main)
		S.bottom = frames_outermost(tstate);
}

void sampler_again(void)
{
	if (S.main && !S.running)
		start_thread();
}

void sampler_stop(void)
{
	if (!S.running)
		return;
	S.running = false;
	pthread_mutex_lock(&S.nap);
	S.stop = true;
	pthread_cond_signal(&S.wake);
	pthread_mutex_unlock(&S.nap);
	pthread_join(S.thread, NULL);
	pthread_mutex_lock(&S.lock);
	flush();
	pthread_mutex_unlock(&S.lock);
}

void sampler_pause(uintptr_t tstate)
{
	for (size_t i = 0; i < sizeof(S.paused) / sizeof(*S.paused); i++) {
		uintptr_t none = 0;

		if (__atomic_compare_exchange_n(
			    &S.paused[i], &none, tstate, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return;
	}
}

void sampler_resume(uintptr_t tstate)
{
	for (size_t i = sizeof(S.paused) / sizeof(*S.paused); i--;)
		if (S.paused[i] == tstate) {
			__atomic_store_n(&S.paused[i], 0, __ATOMIC_RELEASE);
			return;
		}
}

void sampler_before_fork(void)
{
	pthread_mutex_lock(&S.lock);
}

void sampler_after_fork(bool child)
{
	if (child) {
		S.running = false;
		S.main = 0;
		memset(S.clocks, 0, sizeof(S.clocks));
		memset(S.paused, 0, sizeof(S.paused));
	}
	pthread_mutex_unlock(&S.lock);
}

void sampler_reset(void)
{
	for (size_t i = 0; i < S.nfunctions; i++)
		S.functions[i] = (struct function){0};
	for (size_t i = 0; i < S.edges.cap; i++)
		S.edges.v[i].ns = 0;
	for (size_t i = 0; i < S.lines.cap; i++)
		S.lines.v[i].ns = 0;
}
