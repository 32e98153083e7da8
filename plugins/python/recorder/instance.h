/* SPDX-License-Identifier: Apache-2.0 */
/* Taking instances apart where pickle's own way would change or break them. */
#ifndef CF_INSTANCE_H
#define CF_INSTANCE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "plugins/python/recorder/recorder.h"

#pragma GCC visibility push(hidden)

int instance_init(PyObject *module);
/* The two functions are byname.py's: builtin_new(), and reduce_by() as reduce(instance, base). */
int instance_setup(int hexversion, PyObject *builtin_new, PyObject *reduce);
/* What pickle is to make of it, new; NULL: an exception, or pickle is to ask the instance itself. */
PyObject *instance_reduce(PyObject *o);

#pragma GCC visibility pop

#endif
