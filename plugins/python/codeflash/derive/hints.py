# SPDX-License-Identifier: Apache-2.0
"""What the function's own code suggests to try."""

from __future__ import annotations

import sys
from math import isfinite
from types import CodeType, FunctionType
from typing import Any, Dict, List

from .changes import FRAMES, is_short, literal, SCALARS, type_name
from .inputs import Place

# (infinity is not among them: code that names it mostly begins a search for the least with it)
_ODD = {"isnan", "isinf", "isfinite", "nan", "NaN", "NAN", "isna", "isnull", "notna", "notnull",
        "dropna", "fillna", "nan_to_num", "nansum", "nanmean", "nanmax", "nanmin", "copysign"}


class Hints:
    """Constants that its code has, which is where it decides; and whether it minds odd floats: what
    was never there and is not asked for, a right candidate need not treat the same."""

    def __init__(self, function: object, scope: dict, unseen: int) -> None:
        """unseen: parameters in front of the recorded ones, a class or an instance still to be made."""
        self.ints: List[int] = []
        self.floats: List[float] = []
        self.texts: List[str] = []
        self.numbers: List[Any] = []  # that were recorded as arguments
        self.odd = False
        self.asks = False  # whether a mapping has a key
        self.defaults: Dict[object, Any] = {}
        code = getattr(function, "__code__", None)
        if type(code) is not CodeType:
            return
        self.read(code, scope)
        self.ints = distinct(self.ints)[:10]
        self.floats = distinct(self.floats)[:8]
        self.texts = distinct(self.texts)[:10]
        values = getattr(function, "__defaults__", None) or ()
        first = code.co_argcount - len(values) - unseen
        self.defaults = {first + i: v for i, v in enumerate(values)}
        self.defaults.update(getattr(function, "__kwdefaults__", None) or {})

    def default(self, place: Place) -> list:
        """An argument that has it or not is as good as left out."""
        v = self.defaults.get(place.path[1], place)
        return [["=", literal(v)]] if len(place.path) == 2 and is_short(v) else []

    def read(self, code: CodeType, scope: dict) -> None:
        """Its own constants, then those of the functions of its module that it calls."""
        queue = [code]
        for c in queue:
            if len(queue) > 30:
                break
            constants = list(c.co_consts)
            if constants and type(constants[0]) is str and "\n" in constants[0]:
                del constants[0]  # a docstring, most likely
            for k in constants:
                if type(k) is CodeType:
                    if k not in queue:
                        queue.append(k)
                else:
                    self.note(k)
            self.odd = self.odd or not _ODD.isdisjoint(c.co_names)
            self.asks = self.asks or not {"get", "setdefault", "pop"}.isdisjoint(c.co_names)
            for name in c.co_names:
                v = scope.get(name)
                if type(v) is FunctionType and v.__globals__ is scope:
                    if v.__code__ not in queue:
                        queue.append(v.__code__)
                else:
                    self.note(v)

    def note(self, v: Any) -> None:
        t = type(v)
        if t in (tuple, frozenset) and len(v) < 30:
            for x in v if t is tuple else sorted(v, key=repr):
                if type(x) in SCALARS or type(x) is tuple:
                    self.note(x)
        elif t is int and abs(v) <= 1 << 64:
            self.ints.append(v)
        elif t is float:
            if isfinite(v):
                self.floats.append(v)
            elif v != v:
                self.odd = True
        elif t is str and len(v) <= 40:
            if v.lower() == "nan":
                self.odd = True
            self.texts.append(v)

    def look(self, v: Any) -> None:
        """Notes odd floats that were recorded, and a few numbers."""
        if type(v) in (int, float) and isfinite(v) and v not in self.numbers and len(self.numbers) < 6:
            self.numbers.append(v)
        if type(v) is float:
            self.odd = self.odd or not isfinite(v) or (v == 0 and v.hex()[0] == "-")
        elif type_name(v) == "numpy.ndarray" and v.dtype.kind in "fc":
            self.odd = self.odd or not bool(sys.modules["numpy"].isfinite(v).all())
        elif type_name(v) in FRAMES:
            self.odd = self.odd or bool(v.isna().values.any())


def distinct(values: list) -> list:
    return list(dict.fromkeys(values))
