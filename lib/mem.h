/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that dies when memory is out, and cleanup attributes with an explicit hand-over. */
#ifndef CF_MEM_H
#define CF_MEM_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* All return new memory, never NULL; the size products are checked for overflow. */
void *cf_malloc(size_t size);
void *cf_calloc(size_t n, size_t size);
void *cf_realloc(void *p, size_t n, size_t size);
char *cf_strdup(const char *s);
char *cf_strndup(const char *s, size_t n);
char *cf_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Grows the array *p of capacity *cap so that it holds at least `need` elements of `size` bytes. */
void cf_grow(void *p, size_t *cap, size_t need, size_t size);

static inline void cf_free_ptr(void *p)
{
	free(*(void **)p);
}
void cf_close_fd(int *fd);
void cf_fclose_ptr(FILE **f);

#define cf_autofree __attribute__((cleanup(cf_free_ptr)))
#define cf_autoclose __attribute__((cleanup(cf_close_fd)))
#define cf_autofclose __attribute__((cleanup(cf_fclose_ptr)))

/* Takes the pointer out of *p, leaving NULL: `return cf_steal(&sql);` hands it to the caller. */
static inline void *cf_steal_ptr(void *p)
{
	void *value = *(void **)p;
	*(void **)p = NULL;
	return value;
}
#define cf_steal(p) ((__typeof__(*(p)))cf_steal_ptr(p))

#endif
