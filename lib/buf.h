/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte buffer that is always NUL-terminated behind its last byte. */
#ifndef CF_BUF_H
#define CF_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

struct cf_buf {
	char *data; /* never NULL after the first use; data[len] == '\0' */
	size_t len, cap;
};
#define CF_BUF_INIT {NULL, 0, 0}

void cf_buf_release(struct cf_buf *b);
#define cf_autobuf __attribute__((cleanup(cf_buf_release)))

void cf_buf_reset(struct cf_buf *b);
void cf_buf_reserve(struct cf_buf *b, size_t more);
void cf_buf_add(struct cf_buf *b, const void *data, size_t n);
void cf_buf_adds(struct cf_buf *b, const char *s);
void cf_buf_addc(struct cf_buf *b, char c);
void cf_buf_addf(struct cf_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* read() of what is there, up to 64 kB, behind what it holds; restarted on EINTR. */
ssize_t cf_buf_read(struct cf_buf *b, int fd);
/* Drops all but the last max bytes. */
void cf_buf_keep_tail(struct cf_buf *b, size_t max);
/* The last line, less what ends it; "" when there is none. Borrows. */
const char *cf_buf_last_line(struct cf_buf *b);

/* Hands the bytes over and leaves the buffer empty: returns new, never NULL. */
char *cf_buf_detach(struct cf_buf *b, size_t *len);

#endif
