/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call's inputs, pickled by the interpreter's own C pickler into a sink that gives up beyond a
 * number of bytes, with a look at the clock for every object that is not a plain one. A value is
 * written once, however many calls had it.
 */
#include "plugins/python/recorder/probe.h"

#include <stdlib.h>
#include <string.h>
#include "lib/spool.h"
#include "plugins/python/recorder/instance.h"

#define MS 1000000u
#ifndef PyBUF_READ
#define PyBUF_READ 0x100 /* the limited API has the function that takes it, but not the name */
#endif
#define UNMEASURED_NS 200000u
/* The first captures of a function may be large: inputs that matter often are. */
#define LARGE_BYTES (8u << 20)
#define LARGE_NS (60 * MS)
#define USUAL_NS (4 * MS)
#define SCARCE_NS (3 * MS)
#define LARGE_TRIES 2
/* When the budget is spent the first call of a function may still be a small one. */
#define LEAST_NS UNMEASURED_NS
#define LEAST_BYTES 4096
/* On disk: of one function, and of all. */
#define FUNCTION_BYTES (16u << 20)
#define ALL_BYTES (256u << 20)

struct sink {
	PyObject_HEAD
	char *data;
	size_t n, cap, limit;
	uint64_t allowed_ns, start, check; /* check: when to look at the clocks again */
	uint64_t forgiven;                 /* what is no capture's fault */
	uint64_t cpu; /* our own clock at the end of the unmeasured time; 0: it has not ended */
	bool large, late;
	bool least; /* the budget is spent */
	bool by_hooks, hooked; /* see instance_reduce */
};

int captures;
static __thread struct sink *mine; /* this thread's capture */
static PyObject *sink_type, *pickler, *hasher, *hash_size, *fallback, *signalled, *protocol;
static size_t usual_bytes = 256 << 10;
static uint64_t spent_ns, written;
static bool ended; /* modules are being taken apart: the pickler would crash */

static struct {
	uint8_t (*v)[16];
	size_t n, cap;
} seen; /* hashes of the values written; all zero: free */

bool capture_busy(void)
{
	return mine != NULL;
}

/* The budget. -------------------------------------------------------------------------------- */

static uint64_t elapsed_ns(void)
{
	return now_ns() - spool_start_ns();
}

/* For a function of which nothing is kept yet. */
static uint64_t whole_budget(void)
{
	uint64_t share = elapsed_ns() / 20;

	return share > 250 * MS ? share : 250 * MS;
}

bool capture_allowed(const struct probe *p)
{
	if (ended || written > ALL_BYTES || p->bytes > FUNCTION_BYTES)
		return false;
	if (!p->kept && !p->failures)
		return spent_ns < whole_budget() || !p->tries;
	return spent_ns < 50 * MS + elapsed_ns() / 50;
}

/* What is left for functions of which nothing is kept is to go round. */
static bool scarce(const struct probe *p)
{
	return !p->kept && spent_ns > whole_budget() / 2;
}

/* The sink. ---------------------------------------------------------------------------------- */

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void start_clock(struct sink *s, uint64_t allowed_ns)
{
	s->allowed_ns = allowed_ns;
	s->start = now_ns();
	s->cpu = 0;
	s->check = s->start + UNMEASURED_NS;
}

/*
 * What counts is our own time, not what a busy machine makes of it. But asking for it takes as long
 * as most captures do, so it is only asked for when one goes on.
 */
static uint64_t used_ns(const struct sink *s, uint64_t now)
{
	uint64_t passed = now - s->start < UNMEASURED_NS ? now - s->start : UNMEASURED_NS;

	if (s->cpu)
		passed += cpu_ns() - s->cpu;
	return passed < s->forgiven ? 0 : passed - s->forgiven;
}

/* No one waits for ever, though. */
static bool time_is_up(struct sink *s)
{
	uint64_t now = now_ns(), used, waits = 10;

	if (now < s->check)
		return false;
	if (!s->cpu) {
		s->cpu = cpu_ns();
		waits = 2; /* what was used until now is not known */
	}
	used = used_ns(s, now);
	s->late = used >= s->allowed_ns || now - s->start - s->forgiven > waits * s->allowed_ns;
	s->check = now + (s->allowed_ns - used);
	return s->late;
}

static int sink_put(struct sink *s, const char *data, size_t n)
{
	if (n > s->limit - s->n) {
		s->large = true;
		PyErr_SetString(PyExc_OverflowError, "too large");
		return -1;
	}
	if (time_is_up(s)) {
		PyErr_SetString(PyExc_OverflowError, "takes too long");
		return -1;
	}
	if (s->n + n > s->cap) {
		size_t cap = (s->n + n) * 2;
		char *p = realloc(s->data, cap);

		if (!p) {
			PyErr_NoMemory();
			return -1;
		}
		s->data = p;
		s->cap = cap;
	}
	memcpy(s->data + s->n, data, n);
	s->n += n;
	return 0;
}

static PyObject *sink_write(PyObject *self, PyObject *arg)
{
	PyObject *bytes = PyBytes_FromObject(arg);
	char *data;
	Py_ssize_t n;
	int rc;

	if (!bytes)
		return NULL;
	rc = PyBytes_AsStringAndSize(bytes, &data, &n);
	if (rc == 0)
		rc = sink_put((struct sink *)self, data, (size_t)n);
	Py_DECREF(bytes);
	if (rc < 0)
		return NULL;
	Py_RETURN_NONE;
}

static void sink_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);

	free(((struct sink *)self)->data);
	PyObject_Free(self);
	Py_DECREF(type);
}

static PyMethodDef sink_methods[] = {
	{"write", sink_write, METH_O, NULL},
	{NULL, NULL, 0, NULL},
};
static PyType_Slot sink_slots[] = {
	{Py_tp_dealloc, sink_dealloc},
	{Py_tp_methods, sink_methods},
	{0, NULL},
};
static PyType_Spec sink_spec = {
	"codeflash.Sink", sizeof(struct sink), 0, Py_TPFLAGS_DEFAULT, sink_slots};

/* reducer_override of the pickler. */
static PyObject *reduce(PyObject *self, PyObject *arg)
{
	bool asked = false, hooked = false;
	uint64_t start;
	PyObject *r;

	(void)self;
	if (mine && time_is_up(mine)) {
		PyErr_SetString(PyExc_OverflowError, "takes too long");
		return NULL;
	}
	start = now_ns();
	r = instance_reduce(arg, mine && mine->by_hooks, &asked, &hooked);
	if (mine)
		mine->hooked |= hooked;
	/* where things are is looked up once: that is no capture's fault */
	if (asked && !hooked && mine && now_ns() - start > MS)
		mine->forgiven += now_ns() - start;
	return r;
}

static PyMethodDef reduce_def = {"reduce", reduce, METH_O, NULL};

/* Before the program can have changed how modules are imported, and see it. */
static int make_pickler(void)
{
	PyObject *m, *base = NULL, *f = NULL;

	m = PyImport_ImportModule("_pickle");
	base = m ? PyObject_GetAttrString(m, "Pickler") : NULL;
	f = base ? PyCFunction_New(&reduce_def, NULL) : NULL;
	if (f)
		pickler = PyObject_CallFunction((PyObject *)&PyType_Type, "s(O){sO}", "Pickler",
			base, "reducer_override", f);
	Py_XDECREF(f);
	Py_XDECREF(base);
	Py_XDECREF(m);
	return pickler ? 0 : -1;
}

static struct sink *new_sink(size_t limit)
{
	struct sink *s = (struct sink *)PyType_GenericAlloc((PyTypeObject *)sink_type, 0);

	if (s)
		s->limit = limit;
	return s;
}

/* Pickling. ---------------------------------------------------------------------------------- */

static int plain_dump(struct sink *s, PyObject *inputs)
{
	uintptr_t tstate = (uintptr_t)PyThreadState_Get();
	int bound = frames_bound(tstate, Py_GetRecursionLimit());
	PyObject *p, *r = NULL;

	if (bound < 0) {
		PyErr_SetString(PyExc_RecursionError, "no stack for it");
		return -1;
	}
	p = PyObject_CallFunctionObjArgs(pickler, (PyObject *)s, protocol, NULL);
	if (p)
		r = PyObject_CallMethod(p, "dump", "(O)", inputs);
	frames_unbound(tstate, bound);
	Py_XDECREF(p);
	Py_XDECREF(r);
	return r ? 0 : -1;
}

bool capture_error_is_ours(void)
{
	PyObject *type, *value, *tb, *answer;
	bool ours;

	PyErr_Fetch(&type, &value, &tb);
	if (!tb && PyErr_GivenExceptionMatches(type, PyExc_Exception)) {
		PyErr_Restore(type, value, tb); /* no handler's frame */
		return true;
	}
	answer = PyObject_CallFunctionObjArgs(signalled, type, tb ? tb : Py_None, NULL);
	ours = answer == Py_False;
	PyErr_Clear();
	Py_XDECREF(answer);
	PyErr_Restore(type, value, tb);
	return ours;
}

/* The exception's words as a reason, without addresses: one reason for one cause. */
static void reason_of_error(const struct sink *s, char *to, size_t size)
{
	PyObject *type, *value, *tb, *text;
	bool words;
	const char *p = NULL;
	char *end = to + size - 1;

	PyErr_Fetch(&type, &value, &tb);
	PyErr_NormalizeException(&type, &value, &tb);
	/* An exit has a status, no words. */
	words = type && PyErr_GivenExceptionMatches(type, PyExc_Exception);
	text = words ? PyObject_Str(value) : type ? PyObject_GetAttrString(type, "__name__") : NULL;
	if (text) {
		PyObject *bytes = PyUnicode_AsEncodedString(text, "ascii", "replace");

		Py_DECREF(text);
		text = bytes;
	}
	p = text ? PyBytes_AsString(text) : NULL;
	if (s->least && (s->large || s->late))
		p = "the budget for copying inputs was spent";
	else if (s->large)
		p = "too large";
	else if (s->late)
		p = "takes too long to copy";
	else if (type && PyErr_GivenExceptionMatches(type, PyExc_RecursionError))
		p = "nested too deeply";
	else if (!p || !*p)
		p = "cannot be pickled";
	while (*p && to < end) {
		if (!strncmp(p, " at 0x", 6)) {
			p += 6;
			p += strspn(p, "0123456789abcdef");
		} else {
			*to++ = *p++;
		}
	}
	*to = '\0';
	PyErr_Clear();
	Py_XDECREF(text);
	Py_XDECREF(type);
	Py_XDECREF(value);
	Py_XDECREF(tb);
}

/* What cloudpickle or dill makes of it: 1 done (codec set), 0 there is neither, -1 an exception. */
static int fallback_dump(struct sink *s, PyObject *inputs, char codec[16])
{
	PyObject *r;
	const char *name;
	PyObject *ascii;

	/* Once without a sink: importing a library is not this capture's fault. */
	if (!s)
		r = PyObject_CallFunctionObjArgs(fallback, Py_None, Py_None, NULL);
	else
		r = PyObject_CallFunctionObjArgs(fallback, inputs, (PyObject *)s, NULL);
	if (!r)
		return -1;
	if (r == Py_None) {
		Py_DECREF(r);
		return 0;
	}
	ascii = PyUnicode_AsASCIIString(r);
	Py_DECREF(r);
	name = ascii ? PyBytes_AsString(ascii) : NULL;
	if (name)
		strncpy(codec, name, 15);
	Py_XDECREF(ascii);
	return name ? 1 : -1;
}

/* 0 done, 1 not (reason), -1 an exception for the program. */
static int dump(struct probe *p, struct sink *s, PyObject *inputs, char codec[16], char *reason,
	size_t size)
{
	uint64_t start;
	bool final;
	int rc;

	s->by_hooks = p->by_hooks;
	rc = plain_dump(s, inputs);
	/* What cannot be copied as it is may be so with what its class leaves out. */
	if (rc < 0 && !s->large && !s->late && s->hooked && !s->by_hooks && capture_error_is_ours()) {
		PyErr_Clear();
		s->n = 0;
		s->allowed_ns += USUAL_NS;
		s->by_hooks = true;
		rc = plain_dump(s, inputs);
		p->by_hooks = rc == 0;
	}
	if (rc == 0) {
		strcpy(codec, "pickle");
		return 0;
	}
	if (!capture_error_is_ours())
		return -1;
	final = s->large || s->late || s->least || PyErr_ExceptionMatches(PyExc_RecursionError);
	reason_of_error(s, reason, size);
	if (final || p->fallback_failed)
		return 1;
	start = now_ns();
	rc = fallback_dump(NULL, inputs, codec);
	s->forgiven += now_ns() - start; /* an import is made once: the budget is for copying */
	if (rc > 0) {
		s->n = 0;
		s->allowed_ns += USUAL_NS;
		s->check = now_ns();
		rc = fallback_dump(s, inputs, codec);
	}
	if (rc > 0)
		return 0;
	if (rc == 0) {
		p->fallback_failed = true;
		return 1;
	}
	if (!capture_error_is_ours())
		return -1;
	p->fallback_failed = !s->large && !s->late;
	reason_of_error(s, reason, size);
	return 1;
}

/* Writing. ----------------------------------------------------------------------------------- */

static int hash(const struct sink *s, uint8_t to[16])
{
	PyObject *view = PyMemoryView_FromMemory(s->data, (Py_ssize_t)s->n, PyBUF_READ);
	PyObject *args = view ? PyTuple_Pack(1, view) : NULL;
	PyObject *h = args ? PyObject_Call(hasher, args, hash_size) : NULL;
	PyObject *digest = h ? PyObject_CallMethod(h, "digest", NULL) : NULL;

	if (digest)
		memcpy(to, PyBytes_AsString(digest), 16);
	Py_XDECREF(view);
	Py_XDECREF(args);
	Py_XDECREF(h);
	Py_XDECREF(digest);
	return digest ? 0 : -1;
}

static const uint8_t zero[16];

static uint8_t *seen_slot(const uint8_t h[16])
{
	uint64_t key;
	size_t i;

	memcpy(&key, h, sizeof(key));
	for (i = key & (seen.cap - 1); memcmp(seen.v[i], zero, 16); i = (i + 1) & (seen.cap - 1))
		if (!memcmp(seen.v[i], h, 16))
			break;
	return seen.v[i];
}

/* Whether the value was written before; notes that it is now. */
static bool was_seen(const uint8_t h[16])
{
	uint8_t(*old)[16] = seen.v, *at;
	size_t cap = seen.cap;

	if (seen.n * 2 >= cap) {
		seen.cap = cap ? cap * 2 : 1024;
		seen.v = calloc(seen.cap, sizeof(*seen.v));
		if (!seen.v) {
			seen.v = old;
			seen.cap = cap;
			return false;
		}
		for (size_t i = 0; i < cap; i++)
			if (memcmp(old[i], zero, 16))
				memcpy(seen_slot(old[i]), old[i], 16);
		free(old);
	}
	at = seen_slot(h);
	if (!memcmp(at, h, 16))
		return true;
	memcpy(at, h, 16);
	seen.n++;
	return false;
}

void capture_end(void)
{
	ended = true;
}

bool capture_ended(void)
{
	return ended;
}

void capture_forget(void)
{
	ended = false;
	if (seen.v)
		memset(seen.v, 0, seen.cap * sizeof(*seen.v));
	seen.n = 0;
	spent_ns = written = 0;
}

static void write_call(struct probe *p, const struct sink *s, const char codec[16], uint64_t seq,
	uint64_t time)
{
	struct cf_rec_value value = {0};
	struct cf_rec_call call = {
		.function = p->id,
		.why = p->kept < 10 ? CF_WHY_FIRST : CF_WHY_UNIFORM,
		.thread = (uint64_t)thread_id(),
		.seq = seq,
		.time_ns = time - spool_start_ns(),
		.duration_ns = UINT64_MAX,
		.size = s->n,
	};

	if (hash(s, value.hash) < 0) {
		PyErr_Clear();
		spool_loss(p->id, "no memory to copy it", 1);
		return;
	}
	if (time < spool_start_ns())
		return; /* begun in a recording before this one */
	memcpy(value.codec, codec, sizeof(value.codec));
	memcpy(call.hash, value.hash, sizeof(call.hash));
	if (!was_seen(value.hash)) {
		spool_write2(CF_REC_VALUE, &value, sizeof(value), s->data, s->n);
		p->bytes += s->n;
		written += s->n;
	}
	spool_write(CF_REC_CALL, &call, sizeof(call));
	p->kept++;
}

int capture(struct probe *p, PyObject *args, PyObject *kwargs, PyObject *through)
{
	bool least = !p->kept && spent_ns >= whole_budget();
	bool large = p->tries < LARGE_TRIES && spent_ns < whole_budget() / 2;
	uintptr_t tstate = (uintptr_t)PyThreadState_Get();
	char codec[16] = "", reason[256] = "cannot be pickled";
	uint64_t start, cost, seq = *p->count;
	PyObject *inputs = NULL;
	struct sink *s = NULL;
	int rc = -1;

	sampler_pause(tstate);
	frames_hush(tstate);
	captures++;
	p->tries++;
	s = new_sink(large ? LARGE_BYTES : least ? LEAST_BYTES : usual_bytes);
	start = now_ns();
	if (s) {
		s->least = least;
		start_clock(s, large	      ? LARGE_NS
			       : least	   ? LEAST_NS
			       : scarce(p) ? SCARCE_NS
					   : USUAL_NS);
		mine = s;
		inputs = through ? PyTuple_Pack(3, args, kwargs, through) :
				   PyTuple_Pack(2, args, kwargs);
	}
	if (inputs) {
		rc = dump(p, s, inputs, codec, reason, sizeof(reason));
	} else if (capture_error_is_ours()) {
		PyErr_Clear();
		rc = 1;
	}
	if (rc == 0) {
		write_call(p, s, codec, seq, start);
	} else if (rc == 1) {
		p->failures += !least;
		spool_loss(p->id, reason, 1);
	}
	mine = NULL;
	captures--;
	Py_XDECREF(inputs);
	if (s) {
		/* whoever made it wait so long is not to do so again and again */
		cost = s->late ? now_ns() - start - s->forgiven : used_ns(s, now_ns());
		spent_ns += cost;
		p->cost_ns = p->cost_ns ? p->cost_ns - p->cost_ns / 8 + cost / 8 : cost;
	}
	Py_XDECREF((PyObject *)s);
	frames_unhush(tstate);
	sampler_resume(tstate);
	return rc < 0 ? -1 : 0;
}

int capture_setup(PyObject *hash_function, PyObject *fallback_function,
	PyObject *signalled_function, uint64_t limit)
{
	hash_size = Py_BuildValue("{si}", "digest_size", 16);
	protocol = PyLong_FromLong(5);
	if (!hash_size || !protocol)
		return -1;
	Py_INCREF(hash_function);
	hasher = hash_function;
	Py_INCREF(fallback_function);
	fallback = fallback_function;
	Py_INCREF(signalled_function);
	signalled = signalled_function;
	if (limit)
		usual_bytes = limit;
	return make_pickler();
}

int capture_init(void)
{
	sink_type = PyType_FromSpec(&sink_spec);
	return sink_type ? 0 : -1;
}
