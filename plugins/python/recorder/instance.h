/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a plain instance apart without making its __dict__. */
#ifndef CF_INSTANCE_H
#define CF_INSTANCE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "plugins/python/recorder/recorder.h"

#pragma GCC visibility push(hidden)

int instance_init(PyObject *module);
int instance_setup(int hexversion);
/* What __reduce_ex__ would give, new; NULL, without an exception, to have pickle ask it itself. */
PyObject *instance_reduce(PyObject *o);

#pragma GCC visibility pop

#endif
