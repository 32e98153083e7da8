/* SPDX-License-Identifier: Apache-2.0 */
/* creation.c: generators and coroutines, counted and captured when they are made, before 3.11. */
#ifndef CF_CREATION_H
#define CF_CREATION_H

#include "plugins/python/recorder/probe.h"

#pragma GCC visibility push(hidden)

/* Two functions of Python's, of which the first may be armed. Whether calls can be followed. */
bool creation_check(PyObject *first, PyObject *second);
/* From now on its probe is told of what it makes. */
void creation_arm(PyObject *function);
void creation_disarm(PyObject *function); /* no longer */

#pragma GCC visibility pop

#endif
