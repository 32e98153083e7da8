# SPDX-License-Identifier: Apache-2.0
"""A recorded call's inputs as bytes.

A blob is one pickle, so that arguments that were one object, or shared one, still do:

    (args, kwargs)             args: tuple, as the call bound them, defaults filled in
    (args, kwargs, through)    kwargs: dict of the keyword-only ones and what **kwargs took

A method's receiver is args[0]. A constructor's new instance and a classmethod's class are left out;
where they were of another class than the one that has the method, `through` is that class.
Codecs: "pickle" is loaded by pickle with byname.py; "cloudpickle" and "dill" need that library too.
"""

from __future__ import annotations

import io
import pickle
from typing import Any, Dict, NamedTuple, Optional, Tuple

from . import byname


class Call(NamedTuple):
    args: Tuple[Any, ...]
    kwargs: Dict[str, Any]
    through: Optional[type]  # the class that the call was for, where it is not the defining one


def dump(call: Call) -> bytes:
    """The blob of a call, as the recorder would have written it."""
    args, kwargs, through = call
    return pickle.dumps((args, kwargs) if through is None else (args, kwargs, through), 5)


def load_call(data: bytes, codec: str = "pickle", main: Optional[str] = None) -> Call:
    """The call, its objects made anew. main: the module as which __main__ is imported."""
    if codec in ("cloudpickle", "dill"):
        __import__(codec)
    elif codec != "pickle":
        raise ValueError("no such codec: %s" % codec)
    byname.MAIN = main
    loaded = _Unpickler(io.BytesIO(data), main).load()
    return Call(loaded[0], loaded[1], loaded[2] if len(loaded) > 2 else None)


def load(data: bytes, codec: str = "pickle", main: Optional[str] = None) -> Tuple[tuple, dict]:
    """(args, kwargs) of load_call(). ValueError where the call depended on more."""
    call = load_call(data, codec, main)
    if call.through is not None:
        raise ValueError("called through the class %s" % call.through.__qualname__)
    return call[:2]


class _Unpickler(pickle.Unpickler):
    """One to whom __main__ is a module of another name."""

    def __init__(self, file: io.BytesIO, main: Optional[str]) -> None:
        super().__init__(file)
        self.main = main

    def find_class(self, module: str, name: str) -> Any:
        if module == "_codeflash.byname":  # as which the recorder has it in the program
            return getattr(byname, name)
        if self.main and module in ("__main__", "__mp_main__"):
            module = self.main
        return super().find_class(module, name)
