/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe: an object in a function's constants whose negation, the function's first statement,
 * counts the call and now and then hands its arguments to capture.c. Negating gives the probe
 * itself, which is true: `-probe and body` is a lambda's body.
 */
#include "plugins/python/recorder/probe.h"

#include <stdlib.h>
#include <string.h>
#include "lib/spool.h"
#include "plugins/python/recorder/creation.h"

#define PASSING 3    /* failures that may pass: while a program is still being imported */
#define OCTAVE 5     /* a fifth of the quota is taken for every e-fold of the calls */
#define KEPT_MAX 5000 /* of one function, in one process */
#define CHEAP 50     /* all calls are, when copying takes so many times less than they are apart */

PyObject *probe_type;
static struct probe **probes; /* by id; never freed: what was counted must be told */
static size_t nprobes;
static struct { /* functions of one file: they share a record of counters */
	uint32_t first, n;
	PyObject *json; /* list of bytes */
} *files;
static size_t nfiles;
static unsigned quota = 100;
static uint64_t dice = 88172645463325252u;
static uintptr_t cell_type;

static uint64_t roll(uint64_t below)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return dice % below;
}

/* Whether the calls are so far apart that copying the inputs of each one would not be noticed. */
static bool is_cheap(struct probe *p)
{
	uint64_t now = now_ns(), calls = *p->count - p->looked_at;
	bool cheap = p->looked_ns && calls && p->kept < KEPT_MAX &&
		     (now - p->looked_ns) / calls > CHEAP * p->cost_ns;

	p->looked_ns = now;
	p->looked_at = *p->count;
	return cheap;
}

/* When to look closer again: every call at first, then ever wider apart, never in step. */
static uint64_t next_count(struct probe *p, bool in_vain)
{
	uint64_t count = *p->count, step;
	bool cheap = is_cheap(p);

	if (in_vain)
		step = count < 32 ? 32 : count;
	else if (count < quota / 2 || cheap) /* the first: most functions are called less often */
		return count + 1;
	else
		step = count * OCTAVE / quota;
	return count + 1 + (step > 1 ? roll(2 * step - 1) : 0);
}

/* Where the arguments are. -------------------------------------------------------------------- */

static long attribute(PyObject *o, const char *name)
{
	PyObject *v = PyObject_GetAttrString(o, name);
	long n = v ? PyLong_AsLong(v) : -1;

	Py_XDECREF(v);
	return n;
}

/* The place of a name among the cells, or -1. */
static Py_ssize_t cell_of(PyObject *cells, PyObject *name)
{
	for (Py_ssize_t i = 0; i < PyTuple_Size(cells); i++)
		if (PyUnicode_Compare(PyTuple_GetItem(cells, i), name) == 0)
			return i;
	return -1;
}

static int find_slots(struct probe *p)
{
	long positional = attribute(p->code, "co_argcount");
	long keyword = attribute(p->code, "co_kwonlyargcount");
	long flags = attribute(p->code, "co_flags"), locals = attribute(p->code, "co_nlocals");
	PyObject *names = PyObject_GetAttrString(p->code, "co_varnames");
	PyObject *cells = PyObject_GetAttrString(p->code, "co_cellvars");
	int n, rc = -1;

	if (!names || !cells || PyErr_Occurred())
		goto out;
	p->npositional = (int)positional;
	p->nkeyword = (int)keyword;
	p->varargs = flags & 4;
	p->varkw = flags & 8;
	n = p->npositional + p->nkeyword + p->varargs + p->varkw;
	p->slots = calloc((size_t)n + 1, sizeof(*p->slots));
	p->names = PyTuple_GetSlice(names, 0, n);
	if (!p->slots || !p->names)
		goto out;
	for (int i = 0; i < n; i++) {
		Py_ssize_t cell = cell_of(cells, PyTuple_GetItem(names, i));

		p->slots[i] = i;
		/* Since 3.11 the cell is in the argument's place; before, they follow the locals. */
		if (cell >= 0 && !p->ahead)
			p->slots[i] = ~(sampler_line_format >= 11 ? i : (int)(locals + cell));
	}
	rc = 0;
out:
	Py_XDECREF(names);
	Py_XDECREF(cells);
	return rc;
}

/* The running frame's variables: where they are, or a dict of them where that is not known. */
struct variables {
	void **at;
	PyObject *dict;
};

/* Borrows. */
static PyObject *argument(const struct probe *p, const struct variables *vars, int i)
{
	PyObject *v;

	if (vars->dict)
		return PyDict_GetItem(vars->dict, PyTuple_GetItem(p->names, i));
	if (p->slots[i] >= 0)
		return vars->at[p->slots[i]];
	v = vars->at[~p->slots[i]];
	if (!v || (uintptr_t)Py_TYPE(v) != cell_type)
		return NULL;
	return ((PyObject **)v)[sizeof(PyObject) / sizeof(PyObject *)];
}

/* The class that a constructor or classmethod was called for, unless it is the one that has it. */
static PyObject *called_through(const struct probe *p, PyObject *receiver)
{
	PyObject *class = receiver, *module, *name;
	bool same = false;

	if (p->first == FIRST_INSTANCE_DROPPED)
		class = (PyObject *)Py_TYPE(receiver);
	if (!p->owner || !PyType_Check(class))
		return NULL;
	module = PyObject_GetAttrString(class, "__module__");
	name = PyObject_GetAttrString(class, "__qualname__");
	if (module && name && PyUnicode_Check(module) && PyUnicode_Check(name))
		same = PyUnicode_Compare(module, PyTuple_GetItem(p->owner, 0)) == 0 &&
		       PyUnicode_Compare(name, PyTuple_GetItem(p->owner, 1)) == 0;
	PyErr_Clear();
	Py_XDECREF(module);
	Py_XDECREF(name);
	return same ? NULL : class;
}

static PyObject *positional(const struct probe *p, const struct variables *vars, int skip)
{
	int at = p->npositional + p->nkeyword;
	PyObject *rest = p->varargs ? argument(p, vars, at) : NULL;
	Py_ssize_t more = rest && PyTuple_Check(rest) ? PyTuple_Size(rest) : 0;
	PyObject *args = PyTuple_New(p->npositional - skip + more);

	for (int i = skip; args && i < p->npositional; i++) {
		PyObject *v = argument(p, vars, i);

		if (!v) {
			Py_DECREF(args);
			return NULL;
		}
		Py_INCREF(v);
		PyTuple_SetItem(args, i - skip, v);
	}
	for (Py_ssize_t i = 0; args && i < more; i++) {
		PyObject *v = PyTuple_GetItem(rest, i);

		Py_INCREF(v);
		PyTuple_SetItem(args, p->npositional - skip + i, v);
	}
	return args;
}

static PyObject *keyword(const struct probe *p, const struct variables *vars)
{
	int at = p->npositional + p->nkeyword + p->varargs;
	PyObject *rest = p->varkw ? argument(p, vars, at) : NULL;
	PyObject *kwargs = PyDict_New();

	for (int i = 0; kwargs && i < p->nkeyword; i++) {
		int k = p->npositional + i;
		PyObject *v = argument(p, vars, k);

		if (!v || PyDict_SetItem(kwargs, PyTuple_GetItem(p->names, k), v) < 0)
			Py_CLEAR(kwargs);
	}
	if (kwargs && rest && PyDict_Check(rest) && PyDict_Update(kwargs, rest) < 0)
		Py_CLEAR(kwargs);
	return kwargs;
}

/* The variables of a generator or coroutine that was only just made. */
static void **locals_of(PyObject *made)
{
	static const char *const names[] = {"gi_frame", "cr_frame", "ag_frame"};
	void **locals = NULL;

	for (size_t i = 0; !locals && i < sizeof(names) / sizeof(*names); i++) {
		PyObject *frame = PyObject_GetAttrString(made, names[i]);

		PyErr_Clear();
		locals = frame ? frames_locals_of(frame) : NULL;
		Py_XDECREF(frame); /* what was made has it too */
	}
	return locals;
}

/*
 * Binds and captures the call that runs, or the one that has made a generator or coroutine.
 * -1 with an exception for the program.
 */
static int take(struct probe *p, PyObject *made)
{
	uintptr_t tstate = (uintptr_t)PyThreadState_Get();
	struct variables vars = {made ? locals_of(made) : frames_locals(tstate), NULL};
	uint32_t kept = p->kept;
	PyObject *args = NULL, *kwargs = NULL, *through = NULL, *receiver;
	int skip, rc = 0;

	if (frames_deep(tstate, Py_GetRecursionLimit())) {
		p->failures++;
		spool_loss(p->id, "too near the recursion limit", 1);
		return 0;
	}
	if (!vars.at && !made)
		vars.dict = PyEval_GetLocals();
	if ((vars.at || vars.dict) && (p->slots || find_slots(p) == 0)) {
		/* def f(*args) may be a method too: then the receiver is the first of them. */
		skip = p->first != FIRST_KEPT && p->npositional > 0;
		receiver = skip ? argument(p, &vars, 0) : NULL;
		if (receiver)
			through = called_through(p, receiver);
		args = positional(p, &vars, skip);
		kwargs = keyword(p, &vars);
	}
	if (args && kwargs) {
		rc = capture(p, args, kwargs, through);
		/* what makes a generator is over at once */
		if (p->kept != kept && !made && !p->ahead)
			watch_call(tstate, p->id, p->count, now_ns());
	} else {
		PyErr_Clear();
		p->failures++;
		spool_loss(p->id, "its arguments could not be read", 1);
	}
	Py_XDECREF(args);
	Py_XDECREF(kwargs);
	return rc;
}

/* The closer look. 0, or -1 with an exception for the program. */
static int look(struct probe *p, PyObject *made)
{
	uint32_t failures = p->failures;
	const char *reason;
	PyObject *ascii;
	int rc = 0;

	sampler_find_bottom((uintptr_t)PyThreadState_Get());
	if (p->reason) {
		ascii = PyUnicode_AsEncodedString(p->reason, "ascii", "replace");
		reason = ascii ? PyBytes_AsString(ascii) : NULL;
		spool_loss(p->id, reason ? reason : "not kept", *p->count - p->reported);
		PyErr_Clear();
		Py_XDECREF(ascii);
		p->reported = *p->count;
		p->next = *p->count * 2 + 1;
	} else if (capture_allowed(p)) {
		rc = take(p, made);
		p->next = next_count(p, p->failures != failures && p->failures > PASSING);
	} else {
		if (!p->kept && !p->failures) {
			p->failures++;
			spool_loss(p->id, capture_ended() ? "called while the interpreter ended" :
				"the budget for copying inputs was spent", 1);
		}
		p->next = next_count(p, true);
	}
	return rc;
}

/* The two ways off the beaten track are tail calls: on it, no register is saved. */
static PyObject *__attribute__((noinline)) looked_at(PyObject *self)
{
	if (look((struct probe *)self, NULL) < 0)
		return NULL;
	Py_INCREF(self);
	return self;
}

static PyObject *__attribute__((noinline)) while_capturing(PyObject *self)
{
	struct probe *p = (struct probe *)self;

	/* Pickling runs the program's own code, which did not ask for it. */
	if (!capture_busy() && ++*p->count >= p->next)
		return looked_at(self);
	Py_INCREF(self);
	return self;
}

static PyObject *probe_negative(PyObject *self)
{
	struct probe *p = (struct probe *)self;

	if (__builtin_expect(captures, 0))
		return while_capturing(self);
	if (__builtin_expect(++*p->count >= p->next, 0))
		return looked_at(self);
	Py_INCREF(self);
	return self;
}

int probe_made(struct probe *p, PyObject *made)
{
	if (captures && capture_busy())
		return 0;
	return ++*p->count >= p->next ? look(p, made) : 0;
}

/* probe(function) -> function: as the innermost decorator of what makes generators, before 3.11. */
static PyObject *probe_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
	PyObject *function;

	(void)self;
	(void)kwargs;
	if (!PyArg_ParseTuple(args, "O", &function))
		return NULL;
	creation_arm(function);
	Py_INCREF(function);
	return function;
}

/* What sends code objects elsewhere, cloudpickle for one, sends a plain number. */
static PyObject *probe_reduce(PyObject *self, PyObject *none)
{
	(void)self;
	(void)none;
	return Py_BuildValue("(O(i))", &PyLong_Type, 1);
}

/* bind(code, reason, first, owner, ahead): what is known once the code is made. */
static PyObject *probe_bind(PyObject *self, PyObject *args)
{
	struct probe *p = (struct probe *)self;
	PyObject *code, *reason, *owner;
	int first, ahead;

	if (!PyArg_ParseTuple(args, "OOiOp", &code, &reason, &first, &owner, &ahead))
		return NULL;
	Py_INCREF(code);
	Py_INCREF(reason);
	Py_INCREF(owner);
	p->code = code;
	p->reason = reason == Py_None ? NULL : reason;
	p->owner = owner == Py_None ? NULL : owner;
	p->first = (enum first)first;
	p->ahead = ahead;
	Py_RETURN_NONE;
}

static PyObject *probe_id(PyObject *self, void *closure)
{
	(void)closure;
	return PyLong_FromUnsignedLong(((struct probe *)self)->id);
}

static PyObject *probe_count(PyObject *self, void *closure)
{
	(void)closure;
	return PyLong_FromUnsignedLongLong(*((struct probe *)self)->count);
}

static void probe_dealloc(PyObject *self)
{
	/* Never reached: the table keeps every probe. */
	(void)self;
}

static PyMethodDef probe_methods[] = {
	{"bind", probe_bind, METH_VARARGS, NULL},
	{"__reduce__", probe_reduce, METH_NOARGS, NULL},
	{NULL, NULL, 0, NULL},
};
static PyGetSetDef probe_getset[] = {
	{"id", probe_id, NULL, NULL, NULL},
	{"count", probe_count, NULL, NULL, NULL},
	{NULL, NULL, NULL, NULL, NULL},
};
static PyType_Slot probe_slots[] = {
	{Py_tp_dealloc, probe_dealloc},
	{Py_tp_call, probe_call},
	{Py_nb_negative, probe_negative},
	{Py_tp_methods, probe_methods},
	{Py_tp_getset, probe_getset},
	{0, NULL},
};
static PyType_Spec probe_spec = {
	"codeflash.Probe", sizeof(struct probe), 0, Py_TPFLAGS_DEFAULT, probe_slots};

/* Files. ------------------------------------------------------------------------------------- */

/* Names a file's functions in the spool and gives their probes places to count. */
static bool announce(size_t file)
{
	uint32_t first = files[file].first, n = files[file].n;
	struct cf_rec_counts head = {first, n};
	char *p, start[32];

	for (uint32_t i = 0; i < n; i++) {
		PyObject *json = PyList_GetItem(files[file].json, i);

		/* The rest of the object comes from the importer. */
		snprintf(start, sizeof(start), "{\"id\":%u,", first + i);
		if (!spool_write2(CF_REC_FUNCTION, start, strlen(start), PyBytes_AsString(json),
			    (size_t)PyBytes_Size(json)))
			return false;
	}
	p = spool_begin(CF_REC_COUNTS, sizeof(head) + n * sizeof(uint64_t));
	if (!p)
		return false;
	memcpy(p, &head, sizeof(head));
	p += sizeof(head);
	memset(p, 0, n * sizeof(uint64_t));
	for (uint32_t i = 0; i < n; i++)
		probes[first + i]->count = (uint64_t *)p + i;
	spool_end();
	return true;
}

static void mute(struct probe *p)
{
	p->private_count = 0;
	p->count = &p->private_count;
	p->next = UINT64_MAX;
}

static struct probe *new_probe(void)
{
	struct probe *p = (struct probe *)PyType_GenericAlloc((PyTypeObject *)probe_type, 0);

	if (!p)
		return NULL;
	p->count = &p->private_count;
	p->next = 1;
	p->id = (uint32_t)nprobes;
	return p;
}

/* add_file([json of a function without its id, as bytes from after the brace]) -> [Probe] */
static PyObject *add_file(PyObject *self, PyObject *json)
{
	Py_ssize_t n = PyList_Size(json);
	PyObject *result = n < 0 ? NULL : PyList_New(n);
	void *p;

	(void)self;
	if (!result)
		return NULL;
	p = realloc(probes, (nprobes + (size_t)n + 1) * sizeof(*probes));
	if (p)
		probes = p;
	if (p)
		p = realloc(files, (nfiles + 1) * sizeof(*files));
	if (!p) {
		Py_DECREF(result);
		return PyErr_NoMemory();
	}
	files = p;
	files[nfiles].first = (uint32_t)nprobes;
	files[nfiles].n = 0;
	for (Py_ssize_t i = 0; i < n; i++) {
		struct probe *probe = new_probe();

		if (!probe) {
			Py_DECREF(result);
			return NULL;
		}
		Py_INCREF((PyObject *)probe);
		PyList_SetItem(result, i, (PyObject *)probe);
		probes[nprobes++] = probe;
		files[nfiles].n++;
	}
	Py_INCREF(json);
	files[nfiles].json = json;
	if (!announce(nfiles++))
		for (Py_ssize_t i = 0; i < n; i++)
			mute(probes[nprobes - 1 - (size_t)i]);
	return result;
}

/* A spool is newly open: everything is named anew and counts from nothing. */
void probes_again(void)
{
	for (size_t i = 0; i < nprobes; i++) {
		struct probe *p = probes[i];

		p->next = 1;
		p->reported = p->bytes = p->kept = p->tries = p->failures = 0;
		p->looked_ns = 0;
	}
	for (size_t i = 0; i < nfiles; i++)
		if (!announce(i))
			for (uint32_t k = 0; k < files[i].n; k++)
				mute(probes[files[i].first + k]);
}

void probes_mute(void)
{
	for (size_t i = 0; i < nprobes; i++)
		mute(probes[i]);
}

/* The calls of functions that are never kept, since they were last told. */
void probes_report(void)
{
	for (size_t i = 0; i < nprobes; i++)
		if (probes[i]->reason && *probes[i]->count > probes[i]->reported)
			look(probes[i], NULL);
}

/* counts() -> bytes: all counters, to see which change. */
static PyObject *counts(PyObject *self, PyObject *none)
{
	PyObject *b = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(nprobes * sizeof(uint64_t)));
	char *p = b ? PyBytes_AsString(b) : NULL;

	(void)self;
	(void)none;
	for (size_t i = 0; p && i < nprobes; i++)
		memcpy(p + i * sizeof(uint64_t), probes[i]->count, sizeof(uint64_t));
	return b;
}

/* changed(counts) -> [id]: the functions called since then. */
static PyObject *changed(PyObject *self, PyObject *before)
{
	PyObject *ids = PyList_New(0);
	char *data;
	Py_ssize_t n;

	(void)self;
	if (!ids || PyBytes_AsStringAndSize(before, &data, &n) < 0)
		goto fail;
	for (size_t i = 0; i < nprobes; i++) {
		uint64_t old = 0;
		PyObject *id;
		int rc;

		if ((i + 1) * sizeof(old) <= (size_t)n)
			memcpy(&old, data + i * sizeof(old), sizeof(old));
		if (*probes[i]->count == old)
			continue;
		id = PyLong_FromSize_t(i);
		rc = id ? PyList_Append(ids, id) : -1;
		Py_XDECREF(id);
		if (rc < 0)
			goto fail;
	}
	return ids;
fail:
	Py_XDECREF(ids);
	return NULL;
}

static PyMethodDef methods[] = {
	{"add_file", add_file, METH_O, NULL},
	{"counts", counts, METH_NOARGS, NULL},
	{"changed", changed, METH_O, NULL},
	{NULL, NULL, 0, NULL},
};

void probes_setup(unsigned max_calls, PyObject *cell)
{
	quota = max_calls < OCTAVE ? OCTAVE : max_calls;
	cell_type = (uintptr_t)cell;
}

int probe_init(PyObject *module)
{
	probe_type = PyType_FromSpec(&probe_spec);
	if (!probe_type || PyModule_AddFunctions(module, methods) < 0)
		return -1;
	return 0;
}
