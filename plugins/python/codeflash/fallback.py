# SPDX-License-Identifier: Apache-2.0
"""Recording: pickling with what the program could import, where the interpreter's own pickler fails."""

from __future__ import annotations

import _frozen_importlib_external as external
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


_picklers: dict = {}


def dump(inputs: object, sink: object):
    """Pickles into the sink; the codec's name, None when there is none. Without a sink it only gets
    ready."""
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
