/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a captured call took, for those that the sampler sees running: a call is known by where
 * its frame is, and by the function not having been called again since. Two clock reads a call would
 * cost more than most calls do.
 */
#include "plugins/python/recorder/recorder.h"

#include <string.h>
#include "lib/spool.h"

#define WATCHES 64
#define FORGET_NS 10000000000u /* no stack of its thread has been seen for so long */

static struct watch {
	int state; /* the recorder fills what is FREE, the sampler empties what is TAKEN */
	uintptr_t tstate, frame, code;
	const uint64_t *count;
	struct cf_rec_duration call;
	uint64_t start, last; /* last: when it was seen, 0 not yet */
	uint64_t looked;
} watches[WATCHES];
enum { FREE, TAKEN };
static unsigned turn;
static uint64_t bits[4]; /* of the frames that are watched: nearly all others are not */

void watch_call(uintptr_t tstate, uint32_t function, const uint64_t *count, uint64_t start)
{
	for (int i = 0; i < WATCHES; i++) {
		struct watch *w = &watches[turn++ % WATCHES];

		if (__atomic_load_n(&w->state, __ATOMIC_ACQUIRE) != FREE)
			continue;
		w->tstate = tstate;
		if (!frames_current(tstate, &w->frame, &w->code))
			return;
		w->count = count;
		w->call = (struct cf_rec_duration){.function = function, .seq = *count};
		w->start = w->looked = start;
		w->last = 0;
		__atomic_store_n(&w->state, TAKEN, __ATOMIC_RELEASE);
		return;
	}
}

static bool taken(const struct watch *w)
{
	return __atomic_load_n(&w->state, __ATOMIC_ACQUIRE) == TAKEN;
}

static void end(struct watch *w)
{
	w->call.ns = w->last - w->start;
	if (w->last)
		spool_write(CF_REC_DURATION, &w->call, sizeof(w->call));
	__atomic_store_n(&w->state, FREE, __ATOMIC_RELEASE);
}

static unsigned bit(uintptr_t frame)
{
	return (unsigned)(frame >> 4) & 255;
}

void watch_begin(void)
{
	memset(bits, 0, sizeof(bits));
	for (struct watch *w = watches; w < watches + WATCHES; w++)
		if (taken(w))
			bits[bit(w->frame) / 64] |= 1ull << bit(w->frame) % 64;
}

void watch_stack(uintptr_t tstate, const struct frame *f, int n, uint64_t now)
{
	for (int i = 0; i < n; i++) {
		if (!(bits[bit(f[i].at) / 64] >> bit(f[i].at) % 64 & 1))
			continue;
		for (struct watch *w = watches; w < watches + WATCHES; w++)
			if (taken(w) && w->frame == f[i].at && w->code == f[i].code &&
				w->start < now && *w->count == w->call.seq)
				w->last = w->looked = now;
	}
	for (struct watch *w = watches; w < watches + WATCHES; w++)
		if (taken(w) && w->start < now &&
			(w->tstate == tstate ? w->last != now : now - w->looked > FORGET_NS))
			end(w);
}

void watch_forget(void)
{
	memset(watches, 0, sizeof(watches));
}
