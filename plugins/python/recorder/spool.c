/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing this process's spool (lib/spool.h). The file is opened by name for every chunk and closed
 * again: the program may close every descriptor it finds, or have one of its own where ours was.
 */
#include "plugins/python/recorder/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "lib/spool.h"

#define LIMIT (1ull << 30) /* of one process's spool */

struct map {
	char *at;
	size_t len;
};

static struct {
	pthread_mutex_t lock;
	char *path;
	dev_t dev;
	ino_t ino;
	struct cf_spool_header *head; /* NULL: not open */
	struct cf_spool_header *parents; /* in a forked child without one of its own: for its loss */
	uint64_t tail;                /* what will be published next */
	uint64_t start_ns;
	struct map chunk;   /* where the tail is */
	uint64_t chunk_end; /* in record bytes */
	bool pinned;        /* the chunk holds counters */
	struct map *kept;   /* earlier chunks that hold counters, mapped for ever */
	size_t nkept;
} S = {.lock = PTHREAD_MUTEX_INITIALIZER};

pid_t thread_id(void)
{
	return (pid_t)syscall(SYS_gettid);
}

uint64_t spool_start_ns(void)
{
	return S.start_ns;
}

/* Allocates and maps [off, off + len) of the file. */
static void *map_file(int fd, uint64_t off, size_t len)
{
	struct rlimit limit;
	void *p;
	int rc;

	/* beyond it the kernel would not only refuse but send the program a signal that ends it */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && off + len > limit.rlim_cur)
		rc = EFBIG;
	else
		rc = posix_fallocate(fd, (off_t)off, (off_t)len);
	if (rc) {
		errno = rc;
		return NULL;
	}
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)off);
	return p == MAP_FAILED ? NULL : p;
}

static int create(const char *dir)
{
	uint64_t salt = now_ns();
	int fd;

	do {
		free(S.path);
		if (asprintf(&S.path, "%s/%d-%08x%s", dir, (int)getpid(),
			    (unsigned)(salt ^ salt >> 32), CF_SPOOL_SUFFIX) < 0) {
			S.path = NULL;
			return -1;
		}
		salt = salt * 6364136223846793005u + 1;
		fd = open(S.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	} while (fd < 0 && errno == EEXIST);
	return fd;
}

int spool_open(const char *dir)
{
	int fd = create(dir), saved;
	struct cf_spool_header *h;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		goto fail;
	h = map_file(fd, 0, CF_SPOOL_HEADER);
	if (!h)
		goto fail;
	close(fd);
	S.dev = st.st_dev;
	S.ino = st.st_ino;
	S.start_ns = now_ns();
	S.tail = S.chunk_end = 0;
	S.chunk = (struct map){0};
	S.pinned = false;
	h->version = CF_SPOOL_VERSION;
	h->pid = getpid();
	h->ppid = getppid();
	h->start_ns = S.start_ns;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy(h->magic, CF_SPOOL_MAGIC, sizeof(h->magic));
	S.head = h;
	if (S.parents)
		munmap(S.parents, CF_SPOOL_HEADER);
	S.parents = NULL;
	return 0;
fail:
	saved = errno;
	if (S.parents)
		__atomic_fetch_add(&S.parents->children, 1, __ATOMIC_RELAXED);
	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

/* Opens the spool again, if it still is the file of that name. */
static int reopen(void)
{
	int fd = open(S.path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == S.dev && st.st_ino == S.ino)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/*
 * Gives back what was allocated beyond the tail: a run may have thousands of short processes. The
 * page that the tail is in stays, and with it all counters.
 */
static void trim(void)
{
	int fd = reopen();

	if (fd < 0)
		return;
	if (ftruncate(fd, (off_t)(CF_SPOOL_HEADER + S.tail)) < 0) {
		/* then it stays as long as it is */
	}
	close(fd);
}

static void unmap_all(void)
{
	munmap(S.head, CF_SPOOL_HEADER);
	if (S.chunk.at)
		munmap(S.chunk.at, S.chunk.len);
	for (size_t i = 0; i < S.nkept; i++)
		munmap(S.kept[i].at, S.kept[i].len);
	S.chunk = (struct map){0};
	S.nkept = 0;
}

void spool_close(bool unmap)
{
	pthread_mutex_lock(&S.lock);
	if (S.head) {
		trim();
		__atomic_store_n(&S.head->state, 1, __ATOMIC_RELEASE);
		/* Else the mappings stay: code that still runs may still count. */
		if (unmap)
			unmap_all();
		S.head = NULL;
	}
	pthread_mutex_unlock(&S.lock);
}

static bool leave_chunk(void)
{
	if (!S.chunk.at)
		return true;
	if (S.pinned) {
		struct map *kept = realloc(S.kept, (S.nkept + 1) * sizeof(*kept));

		if (!kept)
			return false;
		S.kept = kept;
		S.kept[S.nkept++] = S.chunk;
	} else {
		munmap(S.chunk.at, S.chunk.len);
	}
	S.chunk = (struct map){0};
	S.pinned = false;
	return true;
}

/* Maps chunks enough for a record of n bytes behind the ones there are. */
static bool next_chunk(size_t n)
{
	size_t len = (n + CF_SPOOL_CHUNK - 1) / CF_SPOOL_CHUNK * CF_SPOOL_CHUNK;
	void *p;
	int fd;

	if (S.chunk_end + len > LIMIT)
		return false;
	fd = reopen();
	if (fd < 0)
		return false;
	p = map_file(fd, CF_SPOOL_HEADER + S.chunk_end, len);
	close(fd);
	if (!p)
		return false;
	if (!leave_chunk()) {
		munmap(p, len);
		return false;
	}
	S.chunk = (struct map){p, len};
	S.chunk_end += len;
	return true;
}

static char *here(void)
{
	return S.chunk.at + (S.chunk.len - (S.chunk_end - S.tail));
}

static void head_here(uint16_t type, size_t size, uint16_t pad)
{
	struct cf_rec *r = (struct cf_rec *)here();

	*r = (struct cf_rec){(uint32_t)size, type, pad};
	S.tail += size;
}

/* What is left of the chunk after the tail, filled up. */
static void fill_chunk(void)
{
	if (S.tail < S.chunk_end)
		head_here(CF_REC_PAD, S.chunk_end - S.tail, 0);
}

void *spool_begin(uint16_t type, size_t n)
{
	size_t size = (sizeof(struct cf_rec) + n + 7) & ~(size_t)7;
	uint16_t pad = (uint16_t)(size - sizeof(struct cf_rec) - n);
	char *p;

	pthread_mutex_lock(&S.lock);
	if (!S.head)
		goto none;
	if (n > UINT32_MAX / 2)
		goto lost;
	if (S.chunk_end - S.tail < size) {
		uint64_t end = S.chunk_end, tail = S.tail;

		fill_chunk();
		if (!next_chunk(size)) {
			S.chunk_end = end;
			S.tail = tail;
			goto lost;
		}
	}
	p = here() + sizeof(struct cf_rec);
	head_here(type, size, pad);
	if (size > CF_SPOOL_CHUNK)
		fill_chunk();
	S.pinned |= type == CF_REC_COUNTS;
	return p;
lost:
	S.head->lost++;
none:
	pthread_mutex_unlock(&S.lock);
	return NULL;
}

void spool_end(void)
{
	__atomic_store_n(&S.head->tail, S.tail, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&S.lock);
}

bool spool_write2(uint16_t type, const void *a, size_t na, const void *b, size_t nb)
{
	char *p = spool_begin(type, na + nb);

	if (!p)
		return false;
	memcpy(p, a, na);
	memcpy(p + na, b, nb);
	spool_end();
	return true;
}

bool spool_write(uint16_t type, const void *data, size_t n)
{
	return spool_write2(type, data, n, "", 0);
}

void spool_loss(uint32_t function, const char *reason, uint64_t n)
{
	char text[512], *p = text, *end = text + sizeof(text) - 32;

	if (function == CF_NO_FUNCTION)
		p += sprintf(p, "{\"function\":null,\"reason\":\"");
	else
		p += sprintf(p, "{\"function\":%u,\"reason\":\"", function);
	/* One line of ASCII: what is not is the pickler quoting somebody's names. */
	for (const unsigned char *s = (const unsigned char *)reason; *s && p < end; s++)
		*p++ = *s < ' ' || *s > '~' ? '?' : *s == '"' || *s == '\\' ? '\'' : (char)*s;
	p += sprintf(p, "\",\"n\":%llu}", (unsigned long long)n);
	spool_write(CF_REC_LOSS, text, (size_t)(p - text));
}

void spool_before_fork(void)
{
	pthread_mutex_lock(&S.lock);
}

static void make_private(struct map m)
{
	void *p = m.at ? mmap(m.at, m.len, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) :
			 NULL;

	(void)p; /* no memory for it: the child counts for its parent, which beats dying */
}

void spool_after_fork(bool child)
{
	if (child && S.head) {
		S.parents = S.head;
		make_private(S.chunk);
		for (size_t i = 0; i < S.nkept; i++)
			make_private(S.kept[i]);
		/* Counters may be in any of them, until they are given new places. */
		S.pinned = true;
		leave_chunk();
		S.head = NULL;
	}
	pthread_mutex_unlock(&S.lock);
}
