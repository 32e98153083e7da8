/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte buffer. */
#include "lib/buf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "lib/mem.h"

void cf_buf_release(struct cf_buf *b)
{
	free(b->data);
	*b = (struct cf_buf)CF_BUF_INIT;
}

void cf_buf_reset(struct cf_buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

void cf_buf_reserve(struct cf_buf *b, size_t more)
{
	cf_grow(&b->data, &b->cap, b->len + more + 1, 1);
	b->data[b->len] = '\0';
}

void cf_buf_add(struct cf_buf *b, const void *data, size_t n)
{
	cf_buf_reserve(b, n);
	if (n)
		memcpy(b->data + b->len, data, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void cf_buf_adds(struct cf_buf *b, const char *s)
{
	cf_buf_add(b, s, strlen(s));
}

void cf_buf_addc(struct cf_buf *b, char c)
{
	cf_buf_add(b, &c, 1);
}

void cf_buf_addf(struct cf_buf *b, const char *fmt, ...)
{
	char small[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < sizeof(small)) {
		cf_buf_add(b, small, (size_t)n);
		return;
	}
	cf_buf_reserve(b, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

char *cf_buf_detach(struct cf_buf *b, size_t *len)
{
	char *data;

	cf_buf_reserve(b, 0);
	data = b->data;
	if (len)
		*len = b->len;
	*b = (struct cf_buf)CF_BUF_INIT;
	return data;
}

ssize_t cf_buf_read(struct cf_buf *b, int fd)
{
	ssize_t n;

	cf_buf_reserve(b, 65536);
	do
		n = read(fd, b->data + b->len, 65536);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		b->len += (size_t)n;
		b->data[b->len] = '\0';
	}
	return n;
}

void cf_buf_keep_tail(struct cf_buf *b, size_t max)
{
	if (b->len <= max)
		return;
	memmove(b->data, b->data + b->len - max, max + 1);
	b->len = max;
}

const char *cf_buf_last_line(struct cf_buf *b)
{
	const char *line;

	while (b->len && strchr("\r\n", b->data[b->len - 1]))
		b->data[--b->len] = '\0';
	line = b->len ? strrchr(b->data, '\n') : NULL;
	return line ? line + 1 : b->len ? b->data : "";
}
