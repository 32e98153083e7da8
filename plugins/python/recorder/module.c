/* SPDX-License-Identifier: Apache-2.0 */
/* The extension module codeflash._recorder: what the Python side of the recorder may ask for. */
#include "plugins/python/recorder/probe.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/spool.h"
#include "plugins/python/recorder/creation.h"
#include "plugins/python/recorder/instance.h"

static char *spool_dir, *process; /* where spools go; the JSON of CF_REC_PROCESS */
static bool started, hooked, layout_known, walls;

static bool open_spool(void)
{
	return spool_open(spool_dir) == 0 && spool_write(CF_REC_PROCESS, process, strlen(process));
}

static void begin_sampling(bool from_here)
{
	if (!layout_known)
		spool_loss(CF_NO_FUNCTION, "time is not measured: unknown interpreter", 1);
	else if (!sampler_start((uintptr_t)PyThreadState_Get(), !walls, from_here))
		spool_loss(CF_NO_FUNCTION, "time is not measured: no thread for it", 1);
}

static void before_fork(void)
{
	sampler_before_fork();
	spool_before_fork();
}

static void after_fork_parent(void)
{
	spool_after_fork(false);
	sampler_after_fork(false);
}

static void after_fork_child(void)
{
	spool_after_fork(true);
	sampler_after_fork(true);
}

static void finish(void)
{
	if (!started)
		return;
	started = false;
	sampler_stop();
	spool_close(false);
}

/* start(): its arguments are in _recorder.pyi. */
static PyObject *start(PyObject *self, PyObject *args)
{
	const char *dir, *json;
	unsigned long long limit;
	PyObject *hash, *fallback, *signalled, *how, *reduce, *cell;
	int quota, root, hexversion;

	(void)self;
	if (!PyArg_ParseTuple(args, "yyiKiOOOOOOi", &dir, &json, &quota, &limit, &root, &hash,
		    &fallback, &signalled, &how, &reduce, &cell, &hexversion))
		return NULL;
	if (started) {
		PyErr_SetString(PyExc_RuntimeError, "already recording");
		return NULL;
	}
	free(spool_dir);
	free(process);
	spool_dir = strdup(dir);
	process = strdup(json);
	if (!spool_dir || !process)
		return PyErr_NoMemory();
	if (!hooked && (capture_setup(hash, fallback, signalled, limit) < 0 ||
			       instance_setup(hexversion, how, reduce) < 0))
		return NULL;
	probes_setup((unsigned)quota, cell);
	sampler_line_format = hexversion >= 0x030b0000 ? 11 : hexversion >= 0x030a0000 ? 10 : 8;
	walls = root;
	layout_known = frames_init(hexversion);
	if (!open_spool())
		return PyErr_SetFromErrnoWithFilename(PyExc_OSError, dir);
	if (!hooked) {
		pthread_atfork(before_fork, after_fork_parent, after_fork_child);
		Py_AtExit(finish);
	}
	hooked = started = true;
	/* what an earlier recording left */
	capture_forget();
	sampler_reset();
	probes_again();
	Py_RETURN_NONE;
}

/* stop(): the recording is over, the program is not. */
static PyObject *stop(PyObject *self, PyObject *none)
{
	(void)self;
	(void)none;
	if (started) {
		started = false;
		probes_report();
		sampler_stop();
		/* under the GIL, so that no probe counts in between */
		probes_mute();
		watch_forget();
		spool_close(true);
	}
	Py_RETURN_NONE;
}

/* check(code, argument, caller's code), called by a known function with a known argument. */
static PyObject *check(PyObject *self, PyObject *args)
{
	PyObject *code, *arg, *caller;

	(void)self;
	if (!PyArg_ParseTuple(args, "OOO", &code, &arg, &caller))
		return NULL;
	layout_known = layout_known && frames_check((uintptr_t)PyThreadState_Get(), (uintptr_t)code,
					       (uintptr_t)arg, (uintptr_t)caller);
	return PyBool_FromLong(layout_known);
}

/* creation(function, another): see _recorder.pyi. */
static PyObject *creation(PyObject *self, PyObject *args)
{
	PyObject *first, *second;

	(void)self;
	if (!PyArg_ParseTuple(args, "OO", &first, &second))
		return NULL;
	return PyBool_FromLong(frames_known() && (sampler_line_format >= 11 || creation_check(first, second)));
}

static PyObject *disarm(PyObject *self, PyObject *function)
{
	(void)self;
	creation_disarm(function);
	Py_RETURN_NONE;
}

/* sample(from here): whether what is to be recorded runs on top of the caller's frames. */
static PyObject *sample(PyObject *self, PyObject *from_here)
{
	(void)self;
	begin_sampling(PyObject_IsTrue(from_here) == 1);
	Py_RETURN_NONE;
}

/*
 * Round a fork of Python's the sampler has no thread: from 3.12 on the interpreter counts those of
 * the process and warns. It looks last thing before fork() returns, after what else of Python's was
 * to run there, so that we begin again once the frame that forked goes on.
 */
static uintptr_t forking;

static PyObject *stop_sampling(PyObject *self, PyObject *none)
{
	void **innermost = frames_innermost((uintptr_t)PyThreadState_Get());

	(void)self;
	(void)none;
	sampler_stop();
	forking = innermost ? (uintptr_t)*innermost : 0;
	Py_RETURN_NONE;
}

static int begin_again(void *none)
{
	(void)none;
	if (frames_is_under((uintptr_t)PyThreadState_Get(), forking))
		return Py_AddPendingCall(begin_again, NULL);
	if (started)
		sampler_again();
	return 0;
}

static PyObject *resume_sampling(PyObject *self, PyObject *none)
{
	(void)self;
	(void)none;
	if (started)
		Py_AddPendingCall(begin_again, NULL);
	Py_RETURN_NONE;
}

/* after_fork(): in the child, under the GIL. */
static PyObject *after_fork(PyObject *self, PyObject *none)
{
	(void)self;
	(void)none;
	if (!started)
		Py_RETURN_NONE;
	walls = false;
	sampler_reset();
	capture_forget();
	watch_forget();
	if (open_spool()) {
		probes_again();
		begin_sampling(true);
	}
	Py_RETURN_NONE;
}

/* alone(function, arguments): its frame is the first of the stack, as without us. */
static PyObject *alone(PyObject *self, PyObject *args)
{
	uintptr_t tstate = (uintptr_t)PyThreadState_Get();
	void **innermost = frames_innermost(tstate), *ours = NULL;
	PyObject *function, *arguments, *result;
	int levels = 0;

	(void)self;
	if (!PyArg_ParseTuple(args, "OO!", &function, &PyTuple_Type, &arguments))
		return NULL;
	if (innermost) {
		sampler_lose_bottom();
		ours = *innermost;
		*innermost = NULL;
		levels = frames_rise(tstate, Py_TYPE(function) == &PyCFunction_Type);
	}
	result = PyObject_Call(function, arguments, NULL);
	if (innermost) {
		frames_sink(tstate, levels);
		sampler_lose_bottom();
		*innermost = ours;
	}
	return result;
}

/* code(code, function, inner, first line, line table) */
static PyObject *code(PyObject *self, PyObject *args)
{
	PyObject *c, *table;
	unsigned function;
	int inner, line;
	char *data;
	Py_ssize_t n;

	(void)self;
	if (!PyArg_ParseTuple(args, "OIiiS", &c, &function, &inner, &line, &table) ||
		PyBytes_AsStringAndSize(table, &data, &n) < 0)
		return NULL;
	/* An address must not come to mean another code; the table is read by the sampler. */
	Py_INCREF(c);
	Py_INCREF(table);
	sampler_code((uintptr_t)c, function, inner, line, (const unsigned char *)data, (size_t)n);
	Py_RETURN_NONE;
}

static PyObject *loss(PyObject *self, PyObject *args)
{
	const char *reason;

	(void)self;
	if (!PyArg_ParseTuple(args, "s", &reason))
		return NULL;
	spool_loss(CF_NO_FUNCTION, reason, 1);
	Py_RETURN_NONE;
}

static PyObject *test(PyObject *self, PyObject *json)
{
	char *data;
	Py_ssize_t n;

	(void)self;
	if (PyBytes_AsStringAndSize(json, &data, &n) < 0)
		return NULL;
	spool_write(CF_REC_TEST, data, (size_t)n);
	Py_RETURN_NONE;
}

static PyObject *pause_thread(PyObject *self, PyObject *none)
{
	(void)self;
	(void)none;
	sampler_pause((uintptr_t)PyThreadState_Get());
	frames_hush((uintptr_t)PyThreadState_Get());
	Py_RETURN_NONE;
}

static PyObject *resume_thread(PyObject *self, PyObject *none)
{
	(void)self;
	(void)none;
	frames_unhush((uintptr_t)PyThreadState_Get());
	sampler_resume((uintptr_t)PyThreadState_Get());
	Py_RETURN_NONE;
}

/* setenv(name, value or None): for children only; os.environ does not show it. */
static PyObject *set_environment(PyObject *self, PyObject *args)
{
	const char *name;
	PyObject *value;

	(void)self;
	if (!PyArg_ParseTuple(args, "yO", &name, &value))
		return NULL;
	if (value != Py_None && !PyBytes_AsString(value))
		return NULL;
	if (value == Py_None ? unsetenv(name) < 0 : setenv(name, PyBytes_AsString(value), 1) < 0)
		return PyErr_SetFromErrno(PyExc_OSError);
	Py_RETURN_NONE;
}

/* A call of what prepared() made. */
static PyObject *call_prepared(PyObject *self, PyObject *args, PyObject *kwargs)
{
	uintptr_t tstate = (uintptr_t)PyThreadState_Get();
	PyObject *both = PyModule_GetDict(self), *changed, *result = NULL;

	if (frames_deep(tstate, Py_GetRecursionLimit()))
		return PyObject_Call(PyDict_GetItemString(both, "function"), args, kwargs);
	frames_hush(tstate);
	changed = PyObject_Call(PyDict_GetItemString(both, "prepare"), args, kwargs);
	frames_unhush(tstate);
	/* What is wrong with the arguments is for the function to say. */
	if (!changed && PyErr_ExceptionMatches(PyExc_Exception) && capture_error_is_ours()) {
		PyErr_Clear();
		Py_INCREF(args);
		changed = args;
	}
	if (changed)
		result = PyObject_Call(PyDict_GetItemString(both, "function"), changed, kwargs);
	Py_XDECREF(changed);
	return result;
}

/*
 * prepared(function, prepare, name, doc): no Python function, so that tracebacks do not show it, and of a
 * module by that of the function's name, so that it looks and is pickled like it.
 */
static PyObject *prepared(PyObject *self, PyObject *args)
{
	PyMethodDef *method = calloc(1, sizeof(*method)); /* as long as the function, for ever */
	PyObject *function, *prepare, *where, *module, *made = NULL;
	const char *name, *doc;

	(void)self;
	if (!method)
		return PyErr_NoMemory();
	if (!PyArg_ParseTuple(args, "OOss", &function, &prepare, &name, &doc))
		return NULL;
	method->ml_name = strdup(name);
	method->ml_doc = strdup(doc);
	method->ml_meth = (PyCFunction)(void (*)(void))call_prepared;
	method->ml_flags = METH_VARARGS | METH_KEYWORDS;
	where = PyObject_GetAttrString(function, "__module__");
	module = where ? PyModule_NewObject(where) : NULL;
	if (module && method->ml_name && method->ml_doc &&
		PyDict_SetItemString(PyModule_GetDict(module), "function", function) == 0 &&
		PyDict_SetItemString(PyModule_GetDict(module), "prepare", prepare) == 0)
		made = PyCFunction_NewEx(method, module, where);
	Py_XDECREF(module);
	Py_XDECREF(where);
	return made;
}

/* report(): what is told only at an orderly end. */
static PyObject *report(PyObject *self, PyObject *none)
{
	(void)self;
	(void)none;
	probes_report();
	capture_end();
	Py_RETURN_NONE;
}

/* os._exit(status) */
static PyObject *leave(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"status", NULL};
	int status;

	(void)self;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i:_exit", names, &status))
		return NULL;
	probes_report();
	finish();
	_exit(status);
}

static PyMethodDef methods[] = {
	{"start", start, METH_VARARGS, NULL},
	{"stop", stop, METH_NOARGS, NULL},
	{"check", check, METH_VARARGS, NULL},
	{"creation", creation, METH_VARARGS, NULL},
	{"disarm", disarm, METH_O, NULL},
	{"sample", sample, METH_O, NULL},
	{"stop_sampling", stop_sampling, METH_NOARGS, NULL},
	{"resume_sampling", resume_sampling, METH_NOARGS, NULL},
	{"after_fork", after_fork, METH_NOARGS, NULL},
	{"alone", alone, METH_VARARGS, NULL},
	{"code", code, METH_VARARGS, NULL},
	{"loss", loss, METH_VARARGS, NULL},
	{"test", test, METH_O, NULL},
	{"pause", pause_thread, METH_NOARGS, NULL},
	{"resume", resume_thread, METH_NOARGS, NULL},
	{"setenv", set_environment, METH_VARARGS, NULL},
	{"prepared", prepared, METH_VARARGS, NULL},
	{"report", report, METH_NOARGS, NULL},
	{"_exit", (PyCFunction)(void (*)(void))leave, METH_VARARGS | METH_KEYWORDS, NULL},
	{NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT, "_recorder", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__recorder(void)
{
	PyObject *m = PyModule_Create(&definition);

	if (!m || probe_init(m) < 0 || capture_init() < 0 || instance_init(m) < 0)
		return NULL;
	return m;
}
