/* SPDX-License-Identifier: Apache-2.0 */
/* Taking instances apart where pickle's own way would change or break them. */
#ifndef CF_INSTANCE_H
#define CF_INSTANCE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "plugins/python/recorder/recorder.h"

#pragma GCC visibility push(hidden)

int instance_init(PyObject *module);
/* how() and reduce(object, what how() said), byname.py's. */
int instance_setup(int hexversion, PyObject *how, PyObject *reduce);
/*
 * What reducer_override is to give, new; NULL with an exception. *asked: Python was asked. *hooked:
 * the class has ways of its own to be pickled, which are used when by_hooks.
 */
PyObject *instance_reduce(PyObject *o, bool by_hooks, bool *asked, bool *hooked);

#pragma GCC visibility pop

#endif
