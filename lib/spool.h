/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spool: what a recorder inside the user's program writes and cf-trace reads; cf-spool.5.
 * One file a process. Mapped shared and filled in place, so that what was stored is in the file the
 * moment it was stored: a SIGKILL loses nothing that was committed. Plain C, no dependency:
 * recorders include this header too. All integers are little-endian.
 *
 * The file is a header page followed by chunks of CF_SPOOL_CHUNK bytes (the space is allocated
 * before use, so that a full disk is an error code and not a SIGBUS). Records lie back to back and
 * never straddle chunks: a record with type CF_REC_PAD fills the rest of one. A record larger than
 * a chunk starts a chunk and takes as many as it needs, whole. A writer fills a record, then
 * publishes it by storing the new `tail` (release order); a reader takes nothing beyond `tail`.
 */
#ifndef CF_SPOOL_H
#define CF_SPOOL_H

#include <stdint.h>

#define CF_SPOOL_MAGIC "cfspool"  /* 8 bytes with its NUL */
#define CF_SPOOL_VERSION 2
#define CF_SPOOL_HEADER 4096
#define CF_SPOOL_CHUNK (1u << 20)
#define CF_SPOOL_SUFFIX ".spool"  /* the name before it is the writer's affair: pid-random */

struct cf_spool_header {
	char magic[8];
	uint32_t version;
	uint32_t state;     /* 0 being written, 1 closed by the recorder */
	uint64_t tail;      /* bytes of records published, counted from CF_SPOOL_HEADER */
	uint64_t lost;      /* records that did not fit: disk full, or over the spool's limit */
	int64_t pid, ppid;
	uint64_t start_ns;  /* CLOCK_MONOTONIC at open */
	uint64_t children;  /* forked ones that could not open a spool of their own; they count here */
};

enum cf_rec_type {
	CF_REC_PAD = 0,      /* ignore */
	CF_REC_PROCESS = 1,  /* JSON {"argv":[…],"runtime":…,"version":…} */
	CF_REC_FUNCTION = 2, /* JSON, see below */
	CF_REC_VALUE = 3,    /* struct cf_rec_value, then the blob */
	CF_REC_CALL = 4,     /* struct cf_rec_call */
	CF_REC_COUNTS = 5,   /* struct cf_rec_counts, then n u64: live call counters */
	CF_REC_PROFILE = 6,  /* n struct cf_rec_profile: own and total time, added up by the reader */
	CF_REC_EDGE = 7,     /* n struct cf_rec_edge: added up by the reader */
	CF_REC_LINE = 8,     /* n struct cf_rec_line: added up by the reader */
	CF_REC_LOSS = 9,     /* JSON {"function":id|null,"reason":…,"n":…}: added up by the reader */
	CF_REC_TEST = 10,    /* JSON {"test":name,"outcome":…|null,"functions":[id,…],"ns":n} */
	CF_REC_DURATION = 11, /* struct cf_rec_duration: of a call whose record came before */
};

/* Every record starts with this and is padded to a multiple of 8. */
struct cf_rec {
	uint32_t size; /* of the whole record, padding included, this header too */
	uint16_t type;
	uint16_t pad;  /* bytes of padding at the end, 0 to 7 */
};

/*
 * CF_REC_FUNCTION's JSON: {"id","file","module","qualname","class","kind","line","end_line",
 * "source_sha256","signature","main","is_test","replayable","reason"}, the columns of table
 * `function` in schema.sql; file is absolute here. Ids count from 0 within the spool.
 */

struct cf_rec_value {
	uint8_t hash[16];
	char codec[16]; /* NUL-padded */
};

enum cf_why {
	CF_WHY_FIRST,
	CF_WHY_UNIFORM,
	CF_WHY_SLOWEST,
	CF_WHY_LARGEST,
	/* Not of a recorder: what cf-trace finds among what was sampled. */
	CF_WHY_SMALLEST,
	CF_WHY_COMMONEST,
};
struct cf_rec_call {
	uint32_t function;
	uint32_t why;    /* enum cf_why */
	uint64_t thread;
	uint64_t seq;
	uint64_t time_ns;
	uint64_t duration_ns; /* UINT64_MAX: not known */
	uint8_t hash[16];     /* of the value; its record may come before or after, or never */
	uint64_t size;        /* of the value's blob */
};

struct cf_rec_duration {
	uint32_t function;
	uint32_t unused; /* 0 */
	uint64_t seq;
	uint64_t ns; /* at least so long */
};

/* Stays mapped: the recorder counts in the n u64 that follow, the reader looks at the end. */
struct cf_rec_counts {
	uint32_t first; /* function id of slot 0 */
	uint32_t n;
};

struct cf_rec_profile {
	uint32_t function, samples;
	uint64_t own_ns, total_ns;
};
#define CF_NO_FUNCTION UINT32_MAX
struct cf_rec_edge {
	uint32_t caller, callee; /* caller CF_NO_FUNCTION: from outside */
	uint64_t ns;
};
struct cf_rec_line {
	uint32_t function, line;
	uint64_t ns;
};

#endif
