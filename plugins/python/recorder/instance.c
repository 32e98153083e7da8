/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of a plain instance, without asking for its __dict__: from 3.11 on instances have
 * none until somebody asks, and are slower to use ever after. Only classes that pickle would treat
 * in the default way are read so, and only where a known instance was read right first.
 *
 * Instances that pickle could not make again, or not as they were, are made in a way that byname.py
 * tells.
 */
#include "plugins/python/recorder/instance.h"

#include <string.h>

#define MANAGED_DICT (1ul << 4)  /* type flags, the same in all three versions */
#define INLINE_VALUES (1ul << 2)
#define SUBCLASS_OF_BUILTIN (0xfful << 24)
#define NAMED 4096
#define TYPES 1024

/* Offsets, from each version's headers. */
static const struct layout {
	int version;
	short cached_keys; /* of a type: the names its instances share */
	short values;      /* of the value array */
} layouts[] = {
	{0x030b, 872, 0},
	{0x030c, 880, 0},
	{0x030d, 880, 8},
};
#define BASICSIZE 32 /* of a type */
#define KEYS_LOG2_INDEX 9
#define KEYS_KIND 10 /* 0: names that are not all text */
#define KEYS_COUNT 24
#define KEYS_INDICES 32
#define VALUES_CAPACITY 0 /* 3.13 */
#define VALUES_SIZE 1
#define VALUES_VALID 3

static const struct layout *L;
static bool trusted; /* memory may be read as it is */
static PyObject *newobj, *object_new, *dispatch_table;
static PyObject *object_methods[5];
static const char *const methods[] = {
	"__reduce_ex__", "__reduce__", "__getstate__", "__getnewargs_ex__", "__getnewargs__"};

static PyObject *how, *reduce;
static PyObject *named; /* by address: (class or function, what reduce() made of it) */

static struct known {
	PyObject *type; /* kept: the address must not come to mean another type */
	bool plain;
	bool hooked;    /* the class has ways of its own to be pickled, not to be used if it can be helped */
	PyObject *said; /* by how(); NULL: nothing */
} types[TYPES];
static size_t ntypes;

static bool get(void *to, uintptr_t from, size_t n)
{
	if (trusted) {
		memcpy(to, (void *)from, n);
		return true;
	}
	frames_begin();
	return frames_fetch(to, from, n);
}

/* Where an instance's values are and in which order they came; false: it has a dict by now. */
static bool find_values(uintptr_t o, uintptr_t type, uintptr_t *values, uintptr_t *order, int *step,
	unsigned *size)
{
	uintptr_t v, basic;
	uint8_t head[4], n;

	if (L->version == 0x030d) {
		if (!get(&basic, type + BASICSIZE, sizeof(basic)) ||
			!get(head, o + basic, sizeof(head)) || !head[VALUES_VALID])
			return false;
		*values = o + basic + (uintptr_t)L->values;
		*order = *values + head[VALUES_CAPACITY] * sizeof(void *);
		*step = 1;
		*size = head[VALUES_SIZE];
		return true;
	}
	/* Before the object: the values, or a dict with the lowest bit to tell. */
	if (!get(&v, o - (L->version == 0x030b ? 32 : 24), sizeof(v)) || !v)
		return false;
	if (L->version == 0x030c && !(v & 1))
		return false;
	v += L->version == 0x030c;
	if (!get(&n, v - 2, 1))
		return false;
	*values = v;
	*order = v - 3;
	*step = -1;
	*size = n;
	return true;
}

static PyObject *read_state(PyObject *instance)
{
	uintptr_t o = (uintptr_t)instance, type = (uintptr_t)Py_TYPE(instance);
	uintptr_t values, order, keys, key, value, entries;
	unsigned size;
	int step;
	uint8_t log2, kind, at;
	Py_ssize_t count;
	PyObject *state;

	if (!find_values(o, type, &values, &order, &step, &size) ||
		!get(&keys, type + (uintptr_t)L->cached_keys, sizeof(keys)) || !keys ||
		!get(&log2, keys + KEYS_LOG2_INDEX, 1) || !get(&kind, keys + KEYS_KIND, 1) ||
		!kind || !get(&count, keys + KEYS_COUNT, sizeof(count)) || log2 > 20)
		return NULL;
	entries = keys + KEYS_INDICES + ((uintptr_t)1 << log2);
	state = PyDict_New();
	for (unsigned i = 0; state && i < size; i++) {
		if (!get(&at, order + (uintptr_t)((int)i * step), 1) || at >= count ||
			!get(&key, entries + at * 16u, sizeof(key)) ||
			!get(&value, values + at * sizeof(void *), sizeof(value)) || !key ||
			!value || PyDict_SetItem(state, (PyObject *)key, (PyObject *)value) < 0)
			Py_CLEAR(state);
	}
	return state;
}

static long long number(PyObject *o, const char *name)
{
	PyObject *v = PyObject_GetAttrString(o, name);
	long long n = v ? PyLong_AsLongLong(v) : -1;

	Py_XDECREF(v);
	return n;
}

/* Whether the instances are nothing but their attributes. */
static bool has_plain_layout(PyObject *type)
{
	unsigned long flags = PyType_GetFlags((PyTypeObject *)type);
	long long weak;

	if (!(flags & Py_TPFLAGS_HEAPTYPE) || !(flags & MANAGED_DICT) ||
		(flags & SUBCLASS_OF_BUILTIN) ||
		(L->version == 0x030d && !(flags & INLINE_VALUES)))
		return false;
	/* Neither slots nor a base written in C: nothing but a reference for weak ones. */
	weak = number(type, "__weakrefoffset__");
	return number(type, "__itemsize__") == 0 &&
	       number(type, "__basicsize__") == (long long)sizeof(PyObject) + (weak > 0 ? 8 : 0);
}

/* Whether pickle would take the instances apart in the way of object itself. */
static bool is_plain(PyObject *type)
{
	if (!has_plain_layout(type) || PyDict_GetItem(dispatch_table, type))
		return false;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		PyObject *m = PyObject_GetAttrString(type, methods[i]);

		PyErr_Clear();
		Py_XDECREF(m);
		if (m != object_methods[i])
			return false;
	}
	return true;
}

static struct known known(PyObject *type)
{
	size_t i = ((uintptr_t)type >> 4) % TYPES;
	struct known k = {.type = type};
	bool setter;

	for (; types[i].type; i = (i + 1) % TYPES)
		if (types[i].type == type)
			return types[i];
	k.said = how ? PyObject_CallFunctionObjArgs(how, type, NULL) : NULL;
	PyErr_Clear();
	if (k.said == Py_None)
		Py_CLEAR(k.said);
	k.hooked = k.said && PyList_Check(k.said);
	if (k.hooked) {
		PyObject *first = PyList_GetItem(k.said, 0);

		Py_INCREF(first);
		Py_DECREF(k.said);
		k.said = first;
	}
	setter = k.said && PyCallable_Check(k.said) && !PyType_Check(k.said);
	k.plain = L && (!k.said || setter) && is_plain(type);
	PyErr_Clear();
	if (ntypes < TYPES / 2) {
		Py_INCREF(type);
		/* what was asked may have had types of its own looked at */
		for (i = ((uintptr_t)type >> 4) % TYPES; types[i].type; i = (i + 1) % TYPES)
			;
		types[i] = k;
		ntypes++;
	}
	return k;
}

static PyObject *not_implemented(void)
{
	Py_INCREF(Py_NotImplemented);
	return Py_NotImplemented;
}

/* What reduce() makes of a class, a function and the like; noted where that is for ever. */
static PyObject *reduce_named(PyObject *o, PyObject *said)
{
	PyObject *key = PyLong_FromVoidPtr(o), *r = key ? PyDict_GetItem(named, key) : NULL, *both;
	bool lasts;

	if (!key || r) {
		r = r ? PyTuple_GetItem(r, 1) : NULL;
		Py_XINCREF(r);
		Py_XDECREF(key);
		return r;
	}
	r = PyObject_CallFunctionObjArgs(reduce, o, said, NULL);
	/* a class that pickle finds itself, or what is found in a place */
	if (PyType_Check(o))
		lasts = r && r != Py_NotImplemented;
	else
		lasts = r && Py_TYPE(o) == Py_TYPE(how) && PyTuple_Check(r) && PyTuple_Size(r) == 2;
	if (r == Py_None) {
		Py_DECREF(r);
		r = not_implemented();
	}
	if (lasts && PyDict_Size(named) < NAMED && (both = PyTuple_Pack(2, o, r))) {
		PyDict_SetItem(named, key, both);
		Py_DECREF(both);
	}
	Py_DECREF(key);
	return r;
}

PyObject *instance_reduce(PyObject *o, bool by_hooks, bool *asked, bool *hooked)
{
	struct known k = known((PyObject *)Py_TYPE(o));
	PyObject *state = NULL;

	if (k.hooked) {
		*asked = *hooked = true;
		return PyObject_CallFunctionObjArgs(reduce, o, by_hooks ? Py_None : k.said, NULL);
	}
	if (k.plain) {
		state = read_state(o);
		PyErr_Clear();
	}
	/* pickle would ask an instance of which class it is when that is to be made by newobj */
	if (state && k.said)
		return Py_BuildValue("(O(O)NOOO)", object_new, (PyObject *)Py_TYPE(o), state, Py_None,
			Py_None, k.said);
	if (state)
		return Py_BuildValue("(O(O)N)", newobj, (PyObject *)Py_TYPE(o), state);
	*asked = k.said;
	if (k.said == Py_True)
		return reduce_named(o, k.said);
	return k.said ? PyObject_CallFunctionObjArgs(reduce, o, k.said, NULL) : not_implemented();
}

/* The module's method instances(instance, items): see _recorder.pyi. */
static PyObject *instances(PyObject *self, PyObject *args)
{
	PyObject *instance, *expected, *state, *items = NULL;
	bool same = false;

	(void)self;
	if (!PyArg_ParseTuple(args, "OO", &instance, &expected))
		return NULL;
	state = known((PyObject *)Py_TYPE(instance)).plain ? read_state(instance) : NULL;
	items = state ? PyDict_Items(state) : NULL;
	same = items && PyObject_RichCompareBool(items, expected, Py_EQ) == 1;
	PyErr_Clear();
	Py_XDECREF(items);
	Py_XDECREF(state);
	trusted = same;
	if (!same)
		L = NULL;
	return PyBool_FromLong(same);
}

/* The module's method plain_state(instance): see byname.py. */
static PyObject *plain_state(PyObject *self, PyObject *o)
{
	PyObject *type = (PyObject *)Py_TYPE(o), *state = NULL;

	(void)self;
	if (trusted && L && has_plain_layout(type))
		state = read_state(o);
	PyErr_Clear();
	if (state)
		return state;
	Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
	{"plain_state", plain_state, METH_O, NULL},
	{"instances", instances, METH_VARARGS, NULL},
	{NULL, NULL, 0, NULL},
};

int instance_init(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}

int instance_setup(int hexversion, PyObject *how_function, PyObject *reduce_function)
{
	PyObject *copyreg;

	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		if (layouts[i].version == hexversion >> 16 && sizeof(void *) == 8)
			L = &layouts[i];
	named = PyDict_New();
	Py_INCREF(how_function);
	how = how_function;
	Py_INCREF(reduce_function);
	reduce = reduce_function;
	copyreg = PyImport_ImportModule("copyreg");
	newobj = copyreg ? PyObject_GetAttrString(copyreg, "__newobj__") : NULL;
	dispatch_table = copyreg ? PyObject_GetAttrString(copyreg, "dispatch_table") : NULL;
	Py_XDECREF(copyreg);
	object_new = PyObject_GetAttrString((PyObject *)&PyBaseObject_Type, "__new__");
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		object_methods[i] =
			PyObject_GetAttrString((PyObject *)&PyBaseObject_Type, methods[i]);
		PyErr_Clear();
	}
	return newobj && object_new && dispatch_table && named ? 0 : -1;
}
