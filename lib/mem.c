/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that dies when memory is out: no caller could do better. */
#include "lib/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include "lib/error.h"

static void *checked(void *p)
{
	if (!p)
		cf_die(CF_MISSING, "out of memory");
	return p;
}

void *cf_malloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *cf_calloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *cf_realloc(void *p, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		cf_die(CF_MISSING, "out of memory");
	return checked(realloc(p, n && size ? n * size : 1));
}

char *cf_strdup(const char *s)
{
	return checked(strdup(s));
}

char *cf_strndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

char *cf_asprintf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return checked(s);
}

void cf_grow(void *p, size_t *cap, size_t need, size_t size)
{
	void **array = p;
	size_t n = *cap;

	if (need <= n)
		return;
	if (need > SIZE_MAX / 2)
		cf_die(CF_MISSING, "out of memory");
	n = n ? n : 8;
	while (n < need)
		n *= 2;
	*array = cf_realloc(*array, n, size);
	*cap = n;
}

void cf_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void cf_fclose_ptr(FILE **f)
{
	if (*f)
		fclose(*f);
	*f = NULL;
}
