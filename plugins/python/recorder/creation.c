/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before 3.11 no instruction of a generator's runs when it is made, only when it is first resumed,
 * its arguments perhaps changed by then. But a call of a function always goes through the pointer of
 * PEP 590 in the function object: in functions that make generators and coroutines it points here.
 */
#include "plugins/python/recorder/creation.h"

#include <stdlib.h>
#include <string.h>

/* Of a type object, from 3.8 on. */
#define TYPE_BASICSIZE 32
#define TYPE_VECTORCALL_OFFSET 56

typedef PyObject *(*vectorcall)(PyObject *, PyObject *const *, size_t, PyObject *);

static vectorcall original;
static PyTypeObject *function_type;
static Py_ssize_t pointer_at, code_at; /* in a function object; 0: not known */
static struct known {
	PyObject *code; /* kept: the address must not come to mean another */
	struct probe *probe; /* NULL: it has none */
} *codes;
static size_t ncodes, cap_codes;

static void *word(const void *o, Py_ssize_t at)
{
	void *p;

	memcpy(&p, (const char *)o + at, sizeof(p));
	return p;
}

static struct known *slot(const PyObject *code)
{
	size_t i = ((uintptr_t)code >> 4) & (cap_codes - 1);

	while (codes[i].code && codes[i].code != code)
		i = (i + 1) & (cap_codes - 1);
	return codes + i;
}

static bool grow(void)
{
	struct known *old = codes, *v;
	size_t n = cap_codes;

	if (ncodes * 2 < n)
		return true;
	v = calloc(n ? n * 2 : 256, sizeof(*v));
	if (!v)
		return false;
	codes = v;
	cap_codes = n ? n * 2 : 256;
	for (size_t i = 0; i < n; i++)
		if (old[i].code)
			*slot(old[i].code) = old[i];
	free(old);
	return true;
}

static struct probe *probe_among(PyObject *code)
{
	PyObject *constants = PyObject_GetAttrString(code, "co_consts");
	struct probe *found = NULL;

	for (Py_ssize_t i = 0; constants && !found && i < PyTuple_Size(constants); i++) {
		PyObject *c = PyTuple_GetItem(constants, i);

		if (Py_TYPE(c) == (PyTypeObject *)probe_type)
			found = (struct probe *)c;
	}
	PyErr_Clear();
	Py_XDECREF(constants);
	return found;
}

/* The probe that a code object has: one that was made of a probed one has it too. */
static struct probe *probe_of(PyObject *code)
{
	struct known *k;

	if (!grow())
		return NULL;
	k = slot(code);
	if (!k->code) {
		struct probe *found = probe_among(code);

		k = slot(code);
		if (!k->code)
			ncodes++;
		Py_INCREF(code);
		*k = (struct known){code, found};
	}
	return k->probe;
}

static PyObject *call(PyObject *function, PyObject *const *args, size_t n, PyObject *names)
{
	PyObject *made = original(function, args, n, names);
	struct probe *p = made ? probe_of(word(function, code_at)) : NULL;

	/* What is interrupted now is the call that asked for it. */
	if (p && probe_made(p, made) < 0) {
		Py_DECREF(made);
		return NULL;
	}
	return made;
}

static void point(PyObject *function, vectorcall to)
{
	if (pointer_at && Py_TYPE(function) == function_type)
		memcpy((char *)function + pointer_at, &to, sizeof(to));
}

void creation_arm(PyObject *function)
{
	point(function, call);
}

void creation_disarm(PyObject *function)
{
	point(function, original);
}

bool creation_check(PyObject *first, PyObject *second)
{
	Py_ssize_t size, at;
	PyObject *code = PyObject_GetAttrString(first, "__code__");
	void *pointer;

	function_type = Py_TYPE(first);
	memcpy(&size, (char *)function_type + TYPE_BASICSIZE, sizeof(size));
	memcpy(&at, (char *)function_type + TYPE_VECTORCALL_OFFSET, sizeof(at));
	if (!code || size < 64 || size > 512 || at < 16 || at % 8 || at + 8 > size)
		goto out;
	pointer = word(first, at);
	if (!pointer || pointer != word(second, at))
		goto out;
	for (Py_ssize_t i = 16; !code_at && i + 8 <= size; i += 8)
		if (word(first, i) == code)
			code_at = i;
	if (code_at) {
		memcpy(&original, &pointer, sizeof(original));
		pointer_at = at;
	}
out:
	PyErr_Clear();
	Py_XDECREF(code);
	return pointer_at;
}
