# SPDX-License-Identifier: Apache-2.0
"""What can be done to one value: the operations that a step names, and rows of whatever type as one kind."""

from __future__ import annotations

import copy
import sys
from math import isfinite
from typing import Any, Callable, Dict, Optional

from .. import encode

TEXT = 200  # characters of a text that a spec has in full
MANY = 1000  # elements, where it is to be very many


class Unfit(Exception):
    """A step that does nothing for what it finds."""


# Literals: scalars in a spec. ---------------------------------------------------------------------


def literal(v: object) -> object:
    """A plain scalar as JSON has it."""
    if type(v) is float:
        return ["float", v.hex()]
    if type(v) is bytes:
        return ["bytes", v.decode("latin-1")]
    return v


def scalar(v: Any) -> Any:
    """A literal's value."""
    if type(v) is list:
        return float.fromhex(v[1]) if v[0] == "float" else v[1].encode("latin-1")
    return v


SCALARS = {int, bool, float, str, bytes, type(None)}


def is_short(v: object) -> bool:
    """Whether it can stand in a spec."""
    t = type(v)
    if t is int:
        return v.bit_length() < 2000  # type: ignore[attr-defined]
    return t in SCALARS and (t not in (str, bytes) or len(v) <= TEXT)  # type: ignore[arg-type]


# Rows: whatever has elements in an order. ---------------------------------------------------------


def type_name(v: object) -> str:
    """The type in full; of what is numpy's or pandas' without the modules they keep it in."""
    t = type(v)
    module = t.__module__
    top = module.partition(".")[0] if isinstance(module, str) else ""
    if top in ("numpy", "pandas"):
        module = top
    return t.__qualname__ if module == "builtins" else "%s.%s" % (module, t.__qualname__)


SEQUENCES = {"list", "tuple", "str", "bytes", "bytearray"}
MAPS = {"dict", "collections.OrderedDict", "collections.defaultdict", "collections.Counter"}
SETS = {"set", "frozenset"}
FRAMES = {"pandas.DataFrame", "pandas.Series"}
ARRAYS = FRAMES | {"numpy.ndarray"}
ROWS = SEQUENCES | MAPS | SETS | FRAMES | {"collections.deque", "range", "numpy.ndarray"}


def _ordered(v: object) -> list:
    """A set's elements in an order that does not hang on hashing."""
    keyed = {encode.value(x, (200, 1 << 14)): x for x in v}  # type: ignore[attr-defined]
    if len(keyed) < len(v):  # type: ignore[arg-type]
        raise Unfit("elements that cannot be told apart")
    return [keyed[k] for k in sorted(keyed)]


class Row:
    """The elements of v, for slices of them, and how they are put together again."""

    def __init__(self, v: Any) -> None:
        self.v = v
        self.name = name = type_name(v)
        if name not in ROWS:
            raise Unfit("nothing with elements")
        self.elements = v
        if name in MAPS:
            self.elements = list(v.items())
        elif name in SETS:
            self.elements = _ordered(v)
        elif name == "collections.deque":
            self.elements = list(v)
        self.n = len(v)

    def cut(self, i: Optional[int], j: Optional[int], step: Optional[int] = None) -> Any:
        if self.name in FRAMES:
            return self.v.iloc[i:j:step]
        return self.elements[i:j:step]

    def one(self, i: int) -> Any:
        if not 0 <= i < self.n:
            raise Unfit("no such element")
        return self.cut(i, i + 1)

    def made(self, *parts: Any) -> Any:
        """One of v's type, of these slices."""
        name = self.name
        if name == "str":
            return "".join(parts)
        if name == "bytes":
            return b"".join(parts)
        if name == "range":
            if len(parts) > 1:
                raise Unfit("no range")
            return parts[0]
        if name == "numpy.ndarray":
            return sys.modules["numpy"].concatenate(parts)
        if name in FRAMES:
            return _labelled(self.v, sys.modules["pandas"].concat(parts))
        whole: list = []
        for part in parts:
            whole.extend(part)
        if name == "list":
            return whole
        if name == "collections.deque":
            return type(self.v)(whole, self.v.maxlen)
        if name in MAPS:
            made = copy.copy(self.v)
            refill(made, dict(whole))
            return made
        return type(self.v)(whole)


def _labelled(old: Any, made: Any) -> Any:
    """A table's rows; where each had a label of its own, so they have."""
    if old.index.is_unique and not made.index.is_unique:
        if type_name(old.index) != "pandas.RangeIndex":
            raise Unfit("labels that would stand there twice")
        made.index = type(old.index)(len(made), name=old.index.name)
    return made


def refill(old: Any, new: Any) -> None:
    """Gives a container of one of the known types other contents."""
    name = type_name(old)
    if name in ("list", "bytearray"):
        old[:] = new
        return
    old.clear()
    if name == "collections.deque":
        old.extend(new)
    elif name == "collections.OrderedDict":
        old.update(new)
    elif name in MAPS:
        dict.update(old, new)  # a Counter's own would count
    else:
        old.update(new)


FILLED = {"list", "bytearray", "set", "collections.deque"} | MAPS


# Operations. --------------------------------------------------------------------------------------


def _sized(v: Any, n: int) -> Any:
    row = Row(v)
    if not row.n or row.name in MAPS | SETS:
        return _more(v, n - row.n) if n > row.n else row.made(row.cut(0, n))
    return row.made(*[row.cut(0, None)] * (n // row.n), row.cut(0, n % row.n))


def _more(v: Any, n: int) -> Any:
    """A set or mapping with n elements more, keys like the last one."""
    row = Row(v)
    if not row.n or n > 10 * MANY or row.name not in MAPS | SETS:
        raise Unfit("nothing to go by")
    last = row.elements[-1]
    key, rest = (last[0], last[1:]) if row.name in MAPS else (last, ())
    has = v.__contains__
    keys: list = []
    if type(key) is int:
        top = max([k for k in v if type(k) is int])
        keys = [top + 1 + i for i in range(n)]
    elif type(key) is float and isfinite(key):
        top = max([k for k in v if type(k) is float and isfinite(k)])
        keys = [top + 1.0 + i for i in range(n)]
    elif type(key) in (str, bytes):
        add = "%s~%d" if type(key) is str else b"%s~%d"
        keys = [k for k in (add % (key, i) for i in range(n)) if not has(k)]
    if not keys:
        raise Unfit("no more keys of that kind")
    new = [(k,) + rest for k in keys] if row.name in MAPS else keys
    return row.made(row.elements, new)


def _lacking(v: Any, key: object) -> Any:
    row = Row(v)
    k = scalar(key)
    if row.name not in MAPS or k not in v:
        raise Unfit("no such key")
    return row.made([pair for pair in row.elements if pair[0] != k])


def _dealt(v: Any) -> Any:
    """The same keys, each with the next one's value."""
    row = Row(v)
    if row.name not in MAPS or row.n < 2:
        raise Unfit("no two values")
    values = [x for _, x in row.elements]
    return row.made(list(zip([k for k, _ in row.elements], values[1:] + values[:1])))


def _cut(v: Any, i: Optional[int], j: Optional[int]) -> Any:
    row = Row(v)
    return row.made(row.cut(i, j))


def _without(v: Any, i: int) -> Any:
    row = Row(v)
    row.one(i)
    return row.made(row.cut(0, i), row.cut(i + 1, None))


def _times(v: Any, n: int) -> Any:
    row = Row(v)
    return row.made(*[row.cut(0, None)] * n)


def _reversed(v: Any) -> Any:
    row = Row(v)
    return row.made(row.cut(None, None, -1))


def _rotated(v: Any, k: int) -> Any:
    row = Row(v)
    return row.made(row.cut(k, None), row.cut(0, k))


def _twice(v: Any, i: int) -> Any:
    """The i-th element stands there twice: one object."""
    row = Row(v)
    return row.made(row.cut(0, i), row.one(i), row.cut(i, None))


def _again(v: Any, i: int) -> Any:
    """The i-th element once more, as the last."""
    row = Row(v)
    return row.made(row.cut(0, None), row.one(i))


def _copied(v: Any, i: int) -> Any:
    """An equal copy of the i-th element, as the last."""
    row = Row(v)
    return row.made(row.cut(0, None), copy.deepcopy(row.one(i)))


def _each(v: Any, i: int) -> Any:
    """Every element is the i-th."""
    row = Row(v)
    return row.made(*[row.one(i)] * row.n)


def _numbers(change: Callable[[Any, Any], Any]) -> Callable:
    """An operation on each of a row's elements, or of a mapping's values: all are numbers."""

    def every(v: Any, by: object) -> Any:
        row, k = Row(v), scalar(by)
        if row.name == "numpy.ndarray":
            return change(v, k)
        pairs = row.elements if row.name in MAPS else [(x,) for x in row.elements]
        if not pairs or not all(type(pair[-1]) in (int, float) for pair in pairs):
            raise Unfit("no numbers")
        changed = [pair[:-1] + (change(pair[-1], k),) for pair in pairs]
        return row.made(changed if row.name in MAPS else [x for x, in changed])

    return every


def _exchanged(v: Any, old: object, new: object) -> Any:
    """A text with something else wherever it has the one."""
    if type(v) not in (str, bytes) or scalar(old) not in v:
        raise Unfit("not in it")
    return v.replace(scalar(old), scalar(new))


def _lines(v: Any, how: str, *more: Any) -> Any:
    """A text with its lines dealt with like the elements of a list."""
    if type(v) is not str or "\n" not in v.strip("\n"):
        raise Unfit("no lines")
    return "\n".join(OPERATIONS[how](v.split("\n"), *more))


def _put(v: Any, i: int, what: object) -> Any:
    """A text with something put in before its i-th character."""
    if type(v) not in (str, bytes):
        raise Unfit("no text")
    return v[:i] + scalar(what) + v[i:]


def _case(how: str) -> Callable:
    def change(v: Any) -> Any:
        if type(v) not in (str, bytes):
            raise Unfit("no text")
        return getattr(v, how)()

    return change


def _shifted(v: Any, days: int, seconds: int) -> Any:
    return v + sys.modules["datetime"].timedelta(days, seconds)


def _member(v: Any, name: str) -> Any:
    return type(v).__members__[name]


def _array(change: Callable) -> Callable:
    def checked(v: Any, *more: Any) -> Any:
        if type_name(v) != "numpy.ndarray":
            raise Unfit("no array")
        return change(v, sys.modules["numpy"], *more)

    return checked


def _with(v: Any, numpy: Any, i: int, what: object) -> Any:
    made = v.copy()
    made.flat[i] = scalar(what)
    return made


def _along(v: Any, axis: int, operation: str, *more: Any) -> Any:
    """An operation on a row, done on an array's other axis."""
    numpy = sys.modules["numpy"]
    return numpy.moveaxis(OPERATIONS[operation](numpy.moveaxis(v, axis, 0), *more), 0, axis)


def _column(v: Any, at: Optional[int], how: str, *more: Any) -> Any:
    """A table with other values in one column; a series."""
    old = v if at is None else v.iloc[:, at]
    values = old.array.copy()
    if how == "cell":
        values[more[0]] = scalar(more[1])
    elif how == "minus":
        values = -values
    else:
        n = len(old)
        values = values.take([0] * n if how == "each" else [(i + 1) % n for i in range(n)])
    new = type(old)(values, index=old.index, name=old.name)
    if at is None:
        return new
    made = v.copy()
    if hasattr(made, "isetitem"):
        made.isetitem(at, new)
    else:
        made[made.columns[at]] = new
    return made


# By name: f(value there, *parameters) gives the value to be there.
OPERATIONS: Dict[str, Callable] = {
    "=": lambda v, x: scalar(x),
    "of": lambda v, x: type(v)(scalar(x)),
    "cut": _cut, "without": _without, "times": _times, "reversed": _reversed, "rotated": _rotated,
    "twice": _twice, "again": _again, "copied": _copied, "each": _each, "size": _sized,
    "more": _more, "lack": _lacking, "dealt": _dealt,
    "scale": _numbers(lambda x, k: x * k), "plus": _numbers(lambda x, k: x + k),
    "put": _put, "exchange": _exchanged, "lines": _lines, "upper": _case("upper"), "lower": _case("lower"),
    "shift": _shifted, "replace": lambda v, fields: v.replace(**fields),
    "delta": lambda v, *parts: type(v)(*parts), "member": _member,
    "all": _array(lambda v, numpy, x: numpy.full_like(v, scalar(x))),
    "with": _array(_with),
    "columns": _array(lambda v, numpy: numpy.asfortranarray(v)),
    "strided": _array(lambda v, numpy: v.repeat(2, axis=0)[::2]),
    "along": _array(lambda v, numpy, axis, *step: _along(v, axis, *step)), "column": _column,
}
