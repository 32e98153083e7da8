/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine adds to a measurement and both sides must share: the CPU, since two CPUs are
 * seldom equally fast at one time, and the layout of the address space, which alone makes the same
 * code run some percent faster or slower. Only Linux lets us choose; elsewhere chance does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cf-bench/bench.h"
#include "lib/error.h"

#ifdef __linux__
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>

static cpu_set_t allowed;
static bool chosen; /* by --cpus: the code under test may use all of them at once */

static void learn_allowed(void)
{
	if (CPU_COUNT(&allowed) == 0 && sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		CPU_ZERO(&allowed);
}

int bench_pin(const char *list)
{
	cpu_set_t set;
	const char *p = list;

	CPU_ZERO(&set);
	for (;;) {
		char *end;
		long first = strtol(p, &end, 10), last = first;

		if (end != p && *end == '-') {
			p = end + 1;
			last = strtol(p, &end, 10);
		}
		if (end == p || first < 0 || last < first || last >= CPU_SETSIZE)
			return cf_error("--cpus %s: not a list of CPUs such as 0,2-3", list);
		for (long cpu = first; cpu <= last; cpu++)
			CPU_SET((int)cpu, &set);
		if (!*end)
			break;
		if (*end != ',')
			return cf_error("--cpus %s: not a list of CPUs such as 0,2-3", list);
		p = end + 1;
	}
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return cf_error("--cpus %s: %s", list, strerror(errno));
	chosen = true;
	return 0;
}

static void one_cpu(struct stats_rng *rng)
{
	cpu_set_t set;

	learn_allowed();
	if (chosen || CPU_COUNT(&allowed) == 0)
		return;
	int skip = stats_below(rng, CPU_COUNT(&allowed)), cpu = 0;

	while (!CPU_ISSET(cpu, &allowed) || skip-- > 0)
		cpu++;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/*
 * Without the kernel's own randomisation, libraries and mappings lie below the stack's limit, and the
 * stack's contents below its environment. Both are drawn here, in pages and in bytes.
 */
static void one_layout(struct stats_rng *rng)
{
	char pad[4096];
	struct rlimit stack;
	int now = personality(0xffffffff);

	if (now < 0 || personality((unsigned long)now | ADDR_NO_RANDOMIZE) < 0)
		return;
	if (getrlimit(RLIMIT_STACK, &stack) == 0) {
		/* below 128 MB the kernel takes no notice */
		rlim_t most = ((rlim_t)128 << 20) + 4096 * (rlim_t)(1 + stats_below(rng, 4096));

		if (stack.rlim_max == RLIM_INFINITY || most <= stack.rlim_max) {
			stack.rlim_cur = most;
			setrlimit(RLIMIT_STACK, &stack);
		}
	}
	size_t n = (size_t)stats_below(rng, (int)sizeof(pad) - 1);

	memset(pad, 'x', n);
	pad[n] = '\0';
	setenv("CODEFLASH_LAYOUT", pad, 1);
}

void bench_same_machine(struct stats_rng *rng)
{
	one_cpu(rng);
	one_layout(rng);
}

void bench_any_machine(void)
{
	int now = personality(0xffffffff);

	if (now >= 0)
		personality((unsigned long)now & ~(unsigned long)ADDR_NO_RANDOMIZE);
	unsetenv("CODEFLASH_LAYOUT");
	if (!chosen && CPU_COUNT(&allowed))
		sched_setaffinity(0, sizeof(allowed), &allowed);
}

#else

int bench_pin(const char *list)
{
	return cf_error("--cpus %s: this system cannot bind a process to CPUs", list);
}

void bench_same_machine(struct stats_rng *rng)
{
	(void)rng;
}

void bench_any_machine(void)
{
}

#endif
