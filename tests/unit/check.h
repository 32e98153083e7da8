/* SPDX-License-Identifier: Apache-2.0 */
/* The least a unit test needs: a failed check names itself and the program exits 1. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

static int check_failed, check_done;

#define CHECK(cond) \
	do { \
		check_done++; \
		if (!(cond)) { \
			check_failed++; \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		} \
	} while (0)
#define CHECK_STR(got, want) \
	do { \
		const char *got_ = (got), *want_ = (want); \
		check_done++; \
		if (!got_ || strcmp(got_, want_)) { \
			check_failed++; \
			fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #got, \
				got_ ? got_ : "(null)", want_); \
		} \
	} while (0)
/* The last statement of main. */
#define CHECK_END() \
	(fprintf(stderr, "%d checks, %d failed\n", check_done, check_failed), check_failed || !check_done)

#endif
