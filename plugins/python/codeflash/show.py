# SPDX-License-Identifier: Apache-2.0
"""A call as a person would write it, short, on one line, and without running the user's code."""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

LIMIT = 240

_REPR = {int, float, bool, complex, type(None), range, slice, type(Ellipsis)}
_REPR_MODULES = {"datetime", "decimal", "fractions", "uuid", "zoneinfo"}
_NAMED = (type, FunctionType, BuiltinFunctionType, MethodType)
_OPEN = {list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}"), frozenset: ("frozenset({", "})")}


class _Writer:
    """Text up to a limit; `full` once it is reached."""

    def __init__(self, limit: int) -> None:
        self.parts: list = []
        self.left = limit

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.left -= len(text)

    def items(self, pairs: object, depth: int, total: int) -> None:
        """Comma-separated values, names or keys before them; the rest counted."""
        done = 0
        for before, v in pairs:
            if self.left <= 0 or done >= 40:
                break
            if done:
                self.add(", ")
            if isinstance(before, str):
                self.add(before)
            elif before is not None:
                self.value(before[0], depth)
                self.add(": ")
            self.value(v, depth)
            done += 1
        if done < total:
            self.add("%s... %d more" % (", " if done else "", total - done))

    def value(self, v: object, depth: int) -> None:
        t = type(v)
        if t in (str, bytes):
            room = max(20, min(80, self.left))
            cut = len(v) > room
            self.add(repr(v[:room]) + ("..." if cut else ""))
        elif t in _REPR:
            text = repr(v) if t is not int or v.bit_length() < 400 else "%d-bit int" % v.bit_length()
            self.add(text)
        elif t in _OPEN:
            if depth <= 0:
                self.add(_OPEN[t][0] + "..." + _OPEN[t][1])
                return
            if not v and t in (set, frozenset):
                self.add(t.__name__ + "()")
                return
            self.add(_OPEN[t][0])
            self.items(((None, x) for x in v), depth - 1, len(v))
            self.add("," + _OPEN[t][1] if t is tuple and len(v) == 1 else _OPEN[t][1])
        elif t is dict:
            if depth <= 0:
                self.add("{...}")
                return
            self.add("{")
            self.items((((k,), x) for k, x in v.items()), depth - 1, len(v))
            self.add("}")
        elif isinstance(v, _NAMED):
            self.add(str(getattr(v, "__qualname__", t.__name__)))
        elif isinstance(v, ModuleType):
            self.add(str(getattr(v, "__name__", "module")))
        else:
            self.object(v, t, depth)

    def object(self, v: object, t: type, depth: int) -> None:
        module = t.__module__ if isinstance(t.__module__, str) else ""
        top = module.partition(".")[0]
        if module in _REPR_MODULES or top == "pathlib":
            self.add(repr(v)[:100])
        elif top in ("numpy", "pandas", "scipy", "torch"):
            shape = getattr(v, "shape", None)
            self.add("<%s%s>" % (t.__name__, " %s" % (tuple(shape),) if shape is not None else ""))
        elif hasattr(t, "__members__") and hasattr(v, "_name_"):
            self.add("%s.%s" % (t.__name__, v._name_))
        elif isinstance(v, (list, tuple, set, frozenset, dict)) and depth > 0:
            base = next(c for c in (list, tuple, set, frozenset, dict) if isinstance(v, c))
            fields = getattr(t, "_fields", None)
            self.add(t.__name__ + "(")
            if base is tuple and isinstance(fields, tuple) and len(fields) == tuple.__len__(v):
                self.items((("%s=" % f, x) for f, x in zip(fields, tuple.__iter__(v))),
                           depth - 1, len(fields))
            elif base is dict:
                self.add("{")
                self.items((((k,), x) for k, x in dict.items(v)), depth - 1, dict.__len__(v))
                self.add("}")
            else:
                self.items(((None, x) for x in base.__iter__(v)), depth - 1, base.__len__(v))
            self.add(")")
        elif isinstance(v, (str, bytes, int, float)):
            base = next(c for c in (str, bytes, int, float) if isinstance(v, c))
            self.add("%s(%s)" % (t.__name__, base.__repr__(v)[:80]))
        else:
            state = object.__getattribute__(v, "__dict__") if t.__dictoffset__ else None
            self.add("<" + t.__name__)
            if state and depth > 0:
                self.add(" ")
                self.items((("%s=" % k, x) for k, x in state.items()), depth - 1, len(state))
            self.add(">")


def call(qualname: str, receiver: bool, kind: str, args: tuple, kwargs: dict,
         limit: int = LIMIT) -> str:
    """`area(<Point x=1>, unit='m')`, `<Account owner='a'>.pay(5)`, `Account('a')`."""
    w = _Writer(limit)
    try:
        owner, _, name = qualname.rpartition(".")
        rest = args
        if receiver and args:
            w.value(args[0], 2)
            w.add("." + name)
            rest = args[1:]
            if kind == "property" and not rest:
                return "".join(w.parts)
        else:
            w.add(owner if name == "__init__" else qualname)
        w.add("(")
        pairs = [(None, x) for x in rest] + [("%s=" % k, x) for k, x in kwargs.items()]
        w.items(pairs, 3, len(pairs))
        w.add(")")
    except Exception:
        w.add("...")
    return "".join(w.parts)
