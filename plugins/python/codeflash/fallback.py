# SPDX-License-Identifier: Apache-2.0
"""Recording, where the interpreter's own pickler fails: pickling with what the program could import,
and whose an exception is."""

from __future__ import annotations

import _frozen_importlib_external as external
import _signal
import builtins
import sys


def _found(obj: object) -> bool:
    """Whether a class or function is what its module has under its name."""
    module = sys.modules.get(getattr(obj, "__module__", None) or "")
    found: object = module
    for part in getattr(obj, "__qualname__", "<").split("."):
        found = getattr(found, part, None)
    return found is obj and module is not None


def _cloudpickle():
    import cloudpickle

    class Pickler(cloudpickle.CloudPickler):
        """By name whatever has one: cloudpickle would copy all that is __main__'s."""

        def reducer_override(self, obj):
            if isinstance(obj, (type, type(_found))) and _found(obj):
                return NotImplemented
            return super().reducer_override(obj)

    return lambda inputs, sink: Pickler(sink, 5).dump(inputs)


def _dill():
    import dill

    return lambda inputs, sink: dill.Pickler(sink, 4, byref=True).dump(inputs)


_import = builtins.__import__
_picklers: dict = {}


def dump(inputs: object, sink: object):
    """Pickles into the sink; the codec's name, None when there is none. Without a sink it only gets
    ready."""
    if builtins.__import__ is not _import:
        return None  # the program's own would see what we import
    for name, make in (("cloudpickle", _cloudpickle), ("dill", _dill)):
        if name not in _picklers:
            try:
                # not importlib.util: the program would see it imported
                _picklers[name] = make() if external.PathFinder.find_spec(name) else None
            except Exception:
                _picklers[name] = None
        if _picklers[name]:
            if sink is not None:
                _picklers[name](inputs, sink)
            return name
    return None


def _code(handler: object):
    """What a signal handler runs, None where that is no Python."""
    handler = getattr(handler, "func", handler)  # a partial's
    for _ in range(3):
        if hasattr(handler, "__code__"):
            return handler.__code__
        handler = getattr(handler, "__func__", None) or getattr(type(handler), "__call__", None)
    return None


def signalled(kind: type, traceback) -> bool:
    """Whether an exception that went through what we do comes from a signal's handler, or an exit or an
    interrupt may: then it is for the program. What pickled objects raise themselves is not."""
    handlers = [_signal.getsignal(n) for n in range(1, _signal.NSIG)]
    handlers = [h for h in handlers if callable(h) and h is not _signal.default_int_handler]
    codes = [_code(h) for h in handlers]
    if None in codes and not issubclass(kind, Exception):
        return True
    last = None
    while traceback is not None:
        last = traceback
        if last.tb_frame.f_code in codes:
            return True
        traceback = traceback.tb_next
    if not issubclass(kind, KeyboardInterrupt):
        return False
    # the interpreter's own handler has no frame: between any two instructions, but at no raise
    from opcode import opmap

    return last is None or last.tb_frame.f_code.co_code[last.tb_lasti] != opmap["RAISE_VARARGS"]
