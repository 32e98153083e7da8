/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the interpreter's stacks while it runs. Nothing is dereferenced: memory comes through
 * process_vm_readv on ourselves, which answers EFAULT where a pointer is stale, a page at a time
 * because frames lie close together. Whatever was torn is a code address that nobody registered.
 */
#include "plugins/python/recorder/recorder.h"

#include <pthread.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE ((uintptr_t)4096)
#define PAGES 64

/* Offsets, from each version's headers; -1: there is no such field. */
static const struct layout {
	int version;            /* 0x0308 */
	short ts_frame;         /* the thread's innermost frame, */
	short cframe_frame;     /* or a structure that has it here */
	short ts_tid;           /* the kernel's number of the thread, */
	short ts_thread;        /* or the C library's, an address */
	short code, back;       /* of a frame */
	short at;               /* the instruction: an address, */
	short lasti, unit;      /* or a number of units of bytes */
	short code_start;       /* of a code object: its first instruction */
	short locals;
	short tracing;          /* of the thread: not 0 while a tracer is at work itself */
	short levels, limit;    /* of the thread: how deep it is, or how much deeper it may go */
} layouts[] = {
	{0x0308, 24, -1, -1, 176, 32, 24, -1, 104, 1, -1, 360, 44, 32, -1},
	{0x0309, 24, -1, -1, 176, 32, 24, -1, 104, 1, -1, 360, 44, 32, -1},
	{0x030a, 24, -1, -1, 176, 32, 24, -1, 96, 2, -1, 352, 44, 32, -1},
	{0x030b, 56, 8, 160, -1, 32, 48, 56, -1, 0, 184, 72, 44, 32, 36},
	{0x030c, 56, 0, 144, -1, 0, 8, 56, -1, 0, 192, 72, 44, 28, 32},
	{0x030d, 72, -1, 160, -1, 0, 8, 56, -1, 0, 200, 72, 60, 44, 48},
};
#define TS_PREV 0
#define TS_NEXT 8

static const struct layout *L;
static int pthread_tid; /* offset of the thread's number in the C library's structure; 0: unknown */

struct page {
	uintptr_t at;
	char data[4096];
};
/* The sampler's, who alone walks once it runs. */
static struct page pages[PAGES];
static uintptr_t valid[PAGES];

void frames_begin(void)
{
	memset(valid, 0, sizeof(valid));
}

static const char *page(uintptr_t at)
{
	unsigned i = (at / PAGE) % PAGES;
	struct iovec local = {pages[i].data, PAGE}, remote = {(void *)at, PAGE};

	if (valid[i] != at) {
		valid[i] = 0;
		if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)PAGE)
			return NULL;
		valid[i] = at;
	}
	return pages[i].data;
}

bool frames_fetch(void *to, uintptr_t from, size_t n)
{
	if (!from)
		return false;
	while (n) {
		uintptr_t at = from & ~(PAGE - 1);
		size_t skip = from - at, part = PAGE - skip < n ? PAGE - skip : n;
		const char *data = page(at);

		if (!data)
			return false;
		memcpy(to, data + skip, part);
		to = (char *)to + part;
		from += part;
		n -= part;
	}
	return true;
}

static bool fetch_word(uintptr_t *to, uintptr_t from)
{
	return frames_fetch(to, from, sizeof(*to));
}

bool frames_init(int hexversion)
{
	L = NULL;
	if (sizeof(void *) != 8)
		return false;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		if (layouts[i].version == hexversion >> 16)
			L = &layouts[i];
	return L != NULL;
}

static bool innermost(uintptr_t tstate, uintptr_t *frame)
{
	if (!fetch_word(frame, tstate + L->ts_frame))
		return false;
	return L->cframe_frame < 0 || fetch_word(frame, *frame + L->cframe_frame);
}

int frames_walk(uintptr_t tstate, struct frame *f, int max, uintptr_t *outermost)
{
	uintptr_t at, instr;
	int n = 0, lasti;

	*outermost = 0;
	if (!L || !innermost(tstate, &at))
		return -1;
	for (; at && n < max; n++, f++) {
		*outermost = f->at = at;
		if (!fetch_word(&f->code, at + L->code))
			return -1;
		f->offset = -1;
		if (L->at >= 0) {
			if (!fetch_word(&instr, at + L->at))
				return -1;
			instr -= f->code + L->code_start;
			f->offset = instr < 1 << 24 ? (int)instr : -1;
		} else {
			if (!frames_fetch(&lasti, at + L->lasti, sizeof(lasti)))
				return -1;
			f->offset = lasti * L->unit;
		}
		if (!fetch_word(&at, at + L->back))
			return -1;
	}
	return n;
}

bool frames_check(uintptr_t tstate, uintptr_t code, uintptr_t arg, uintptr_t caller)
{
	struct frame f[3];
	uintptr_t at, first, outermost;
	int n;
	bool good;

	frames_begin();
	n = frames_walk(tstate, f, 3, &outermost);
	good = n >= 2 && f[0].code == code && f[0].offset >= 0 && innermost(tstate, &at) &&
	       fetch_word(&first, at + L->locals) && first == arg;
	/* Since 3.12 a frame of the interpreter's own may lie between. */
	good = good && (f[1].code == caller || (n == 3 && f[2].code == caller));
	if (!good)
		L = NULL;
	return good;
}

void **frames_innermost(uintptr_t tstate)
{
	uintptr_t at = tstate;

	if (!L)
		return NULL;
	at += (uintptr_t)L->ts_frame;
	if (L->cframe_frame >= 0)
		at = *(uintptr_t *)at + (uintptr_t)L->cframe_frame;
	return (void **)at;
}

void **frames_locals(uintptr_t tstate)
{
	void **at = frames_innermost(tstate);

	return at ? frames_locals_of(*at) : NULL;
}

bool frames_current(uintptr_t tstate, uintptr_t *frame, uintptr_t *code)
{
	void **at = frames_innermost(tstate);

	if (!at)
		return false;
	*frame = (uintptr_t)*at;
	*code = *(uintptr_t *)(*frame + (uintptr_t)L->code);
	return true;
}

void **frames_locals_of(void *frame)
{
	return L ? (void **)((char *)frame + L->locals) : NULL;
}

bool frames_known(void)
{
	return L != NULL;
}

uintptr_t frames_outermost(uintptr_t tstate)
{
	void **at = frames_innermost(tstate);
	uintptr_t next = at ? (uintptr_t)*at : 0, last = 0;

	while (next) {
		last = next;
		next = *(uintptr_t *)(last + (uintptr_t)L->back);
	}
	return last;
}

bool frames_is_under(uintptr_t tstate, uintptr_t frame)
{
	void **at = frames_innermost(tstate);
	uintptr_t next = at ? (uintptr_t)*at : 0;

	if (!next || next == frame)
		return false;
	while (next && next != frame)
		next = *(uintptr_t *)(next + (uintptr_t)L->back);
	return next != 0;
}

void frames_hush(uintptr_t tstate)
{
	if (L)
		++*(int *)(tstate + (uintptr_t)L->tracing);
}

void frames_unhush(uintptr_t tstate)
{
	if (L)
		--*(int *)(tstate + (uintptr_t)L->tracing);
}

/* The recursion limit counts from where the interpreter itself would have started the program. */
int frames_rise(uintptr_t tstate, bool by_c)
{
	int *levels, *limit, was;
	/* a call of a function in C counted too, up to 3.11 */
	int own = by_c && L && L->version < 0x030c;

	if (!L)
		return 0;
	levels = (int *)(tstate + (uintptr_t)L->levels);
	limit = L->limit < 0 ? NULL : (int *)(tstate + (uintptr_t)L->limit);
	was = limit ? *limit - *levels : *levels;
	*levels = limit ? *limit + own : -own;
	return was;
}

void frames_sink(uintptr_t tstate, int was)
{
	int *levels = L ? (int *)(tstate + (uintptr_t)L->levels) : NULL;

	if (levels)
		*levels = L->limit < 0 ? was : *(int *)(tstate + (uintptr_t)L->limit) - was;
}

#define LEVEL_BYTES 2048 /* of stack, for a level of recursion of the pickler's, generously */
#define LEVELS_MIN 16

static long room(void)
{
	static __thread uintptr_t low; /* the end of this thread's stack */
	pthread_attr_t a;
	size_t size;
	void *at = NULL;

	if (!low && pthread_getattr_np(pthread_self(), &a) == 0) {
		pthread_attr_getstack(&a, &at, &size);
		pthread_attr_destroy(&a);
		low = (uintptr_t)at;
	}
	return (long)(((uintptr_t)&a - low) / LEVEL_BYTES);
}

/* The counter of recursion in C: since 3.12 it is one of its own, behind the limit of the other. */
static int *c_levels(uintptr_t tstate)
{
	return (int *)(tstate + (uintptr_t)(L->version < 0x030c ? L->levels : L->limit + 4));
}

int frames_bound(uintptr_t tstate, int limit)
{
	long levels = room(), excess;

	if (levels < LEVELS_MIN)
		return -1;
	if (!L)
		return 0;
	excess = (L->limit < 0 ? limit - *c_levels(tstate) : *c_levels(tstate)) - levels;
	if (excess <= 0)
		return 0;
	*c_levels(tstate) += L->limit < 0 ? (int)excess : -(int)excess;
	return (int)excess;
}

void frames_unbound(uintptr_t tstate, int levels)
{
	if (L && levels > 0)
		*c_levels(tstate) -= L->limit < 0 ? levels : -levels;
}

bool frames_deep(uintptr_t tstate, int limit)
{
	return L && L->version < 0x030a && *(int *)(tstate + (uintptr_t)L->levels) > limit - 100;
}

void frames_find_tids(void)
{
	int want = thread_id(), got;
	uintptr_t self = (uintptr_t)pthread_self();

	frames_begin();
	if (pthread_tid) {
		if (!frames_fetch(&got, self + (uintptr_t)pthread_tid, sizeof(got)) || got != want)
			pthread_tid = 0;
		return;
	}
	for (int at = 64; at < 2304; at += 4)
		if (frames_fetch(&got, self + (uintptr_t)at, sizeof(got)) && got == want) {
			pthread_tid = at;
			return;
		}
}

static pid_t tid_of(uintptr_t tstate)
{
	uintptr_t v = 0;
	int tid = 0;

	if (L->ts_thread < 0)
		return fetch_word(&v, tstate + L->ts_tid) ? (pid_t)v : 0;
	if (pthread_tid && fetch_word(&v, tstate + L->ts_thread) && v)
		frames_fetch(&tid, v + (uintptr_t)pthread_tid, sizeof(tid));
	return tid;
}

int frames_threads(uintptr_t main, struct thread *t, int max)
{
	static const int links[] = {TS_PREV, TS_NEXT};
	int n = 0;

	if (!L)
		return 0;
	/* A new thread is put before the others; main may be any of them. */
	for (int i = 0; i < 2; i++)
		for (uintptr_t at = main; n < max && fetch_word(&at, at + links[i]) && at; n++)
			t[n] = (struct thread){at, tid_of(at)};
	return n;
}
