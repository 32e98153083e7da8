# SPDX-License-Identifier: Apache-2.0
"""Inputs beyond the recorded ones: made from those by changes that keep every value's type.

A spec says how, a list of steps, each [path, operation, parameter, ...], done one after another on
inputs that were restored for it alone. With the recorded call that it starts from a spec says
everything: original and candidate, and every run of either, are given the same. So nothing here may
hang on addresses or on the order in which hashing puts things.

A path is [kind, key, kind, key, ...]: positional argument "a", keyword "k", element "i", value of a
mapping by its key "v" or by its number "n", attribute ".". What can be changed is changed where it
is, so that whoever else holds it sees that; what cannot be is made anew along with the tuples it is
in. Classes, functions, modules, files, locks and what is not known here keep what is in them; they
can be exchanged as a whole for what another recorded call had in that place.
"""

from __future__ import annotations

import copy
import sys
from hashlib import blake2b
from math import floor, isfinite
from struct import pack, unpack
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from . import blob, encode, show

LIMITS = (20000, 1 << 20)  # nodes and bytes of an input: larger ones are not made
TEXT = 200  # characters of a text that a spec has in full
MANY = 1000  # elements, where it is to be very many
DONORS = 40  # recorded calls that are looked at
BASES = 8  # and those of them that are changed
WIDE = 12  # attributes of an object, keys of a mapping that is a record
DEEP = 4  # levels, the arguments being the first


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


_SCALARS = {int, bool, float, str, bytes, type(None)}


def _short(v: object) -> bool:
    """Whether it can stand in a spec."""
    t = type(v)
    if t is int:
        return v.bit_length() < 2000  # type: ignore[attr-defined]
    return t in _SCALARS and (t not in (str, bytes) or len(v) <= TEXT)  # type: ignore[arg-type]


# Rows: whatever has elements in an order. ---------------------------------------------------------


def _name(v: object) -> str:
    """The type in full; of what is numpy's or pandas' without the modules they keep it in."""
    t = type(v)
    module = t.__module__
    top = module.partition(".")[0] if isinstance(module, str) else ""
    if top in ("numpy", "pandas"):
        module = top
    return t.__qualname__ if module == "builtins" else "%s.%s" % (module, t.__qualname__)


_SEQUENCES = {"list", "tuple", "str", "bytes", "bytearray"}
_MAPS = {"dict", "collections.OrderedDict", "collections.defaultdict", "collections.Counter"}
_SETS = {"set", "frozenset"}
_FRAMES = {"pandas.DataFrame", "pandas.Series"}
_ARRAYS = _FRAMES | {"numpy.ndarray"}
_ROWS = _SEQUENCES | _MAPS | _SETS | _FRAMES | {"collections.deque", "range", "numpy.ndarray"}


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
        self.name = name = _name(v)
        if name not in _ROWS:
            raise Unfit("nothing with elements")
        self.elements = v
        if name in _MAPS:
            self.elements = list(v.items())
        elif name in _SETS:
            self.elements = _ordered(v)
        elif name == "collections.deque":
            self.elements = list(v)
        self.n = len(v)

    def cut(self, i: Optional[int], j: Optional[int], step: Optional[int] = None) -> Any:
        if self.name in _FRAMES:
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
        if name in _FRAMES:
            return _labelled(self.v, sys.modules["pandas"].concat(parts))
        whole: list = []
        for part in parts:
            whole.extend(part)
        if name == "list":
            return whole
        if name == "collections.deque":
            return type(self.v)(whole, self.v.maxlen)
        if name in _MAPS:
            made = copy.copy(self.v)
            _refill(made, dict(whole))
            return made
        return type(self.v)(whole)


def _labelled(old: Any, made: Any) -> Any:
    """A table's rows; where each had a label of its own, so they have."""
    if old.index.is_unique and not made.index.is_unique:
        if _name(old.index) != "pandas.RangeIndex":
            raise Unfit("labels that would stand there twice")
        made.index = type(old.index)(len(made), name=old.index.name)
    return made


def _refill(old: Any, new: Any) -> None:
    """Gives a container of one of the known types other contents."""
    name = _name(old)
    if name in ("list", "bytearray"):
        old[:] = new
        return
    old.clear()
    if name == "collections.deque":
        old.extend(new)
    elif name == "collections.OrderedDict":
        old.update(new)
    elif name in _MAPS:
        dict.update(old, new)  # a Counter's own would count
    else:
        old.update(new)


_FILLED = {"list", "bytearray", "set", "collections.deque"} | _MAPS


# Operations. --------------------------------------------------------------------------------------


def _sized(v: Any, n: int) -> Any:
    row = Row(v)
    if not row.n or row.name in _MAPS | _SETS:
        return _more(v, n - row.n) if n > row.n else row.made(row.cut(0, n))
    return row.made(*[row.cut(0, None)] * (n // row.n), row.cut(0, n % row.n))


def _more(v: Any, n: int) -> Any:
    """A set or mapping with n elements more, keys like the last one."""
    row = Row(v)
    if not row.n or n > 10 * MANY or row.name not in _MAPS | _SETS:
        raise Unfit("nothing to go by")
    last = row.elements[-1]
    key, rest = (last[0], last[1:]) if row.name in _MAPS else (last, ())
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
    new = [(k,) + rest for k in keys] if row.name in _MAPS else keys
    return row.made(row.elements, new)


def _lacking(v: Any, key: object) -> Any:
    row = Row(v)
    k = scalar(key)
    if row.name not in _MAPS or k not in v:
        raise Unfit("no such key")
    return row.made([pair for pair in row.elements if pair[0] != k])


def _dealt(v: Any) -> Any:
    """The same keys, each with the next one's value."""
    row = Row(v)
    if row.name not in _MAPS or row.n < 2:
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
        pairs = row.elements if row.name in _MAPS else [(x,) for x in row.elements]
        if not pairs or not all(type(pair[-1]) in (int, float) for pair in pairs):
            raise Unfit("no numbers")
        changed = [pair[:-1] + (change(pair[-1], k),) for pair in pairs]
        return row.made(changed if row.name in _MAPS else [x for x, in changed])

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
    return "\n".join(_OPERATIONS[how](v.split("\n"), *more))


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
        if _name(v) != "numpy.ndarray":
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
    return numpy.moveaxis(_OPERATIONS[operation](numpy.moveaxis(v, axis, 0), *more), 0, axis)


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
_OPERATIONS: Dict[str, Callable] = {
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


# Paths and steps. ---------------------------------------------------------------------------------


def _key_at(v: Any, n: int) -> Any:
    for i, key in enumerate(v):
        if i == n:
            return key
    raise Unfit("no such key")


def _attributes(v: object) -> Dict[str, Any]:
    return dict(encode._attributes(type(v))(v))


class Inputs:
    """A call's inputs while they are changed."""

    def __init__(self, call: blob.Call) -> None:
        self.args = list(call.args)
        self.kwargs = dict(call.kwargs)
        self.through = call.through

    def call(self) -> blob.Call:
        return blob.Call(tuple(self.args), self.kwargs, self.through)

    def get(self, path: list) -> Any:
        v: Any = None
        for kind, key in zip(path[::2], path[1::2]):
            if kind == "a":
                v = self.args[key]
            elif kind == "k":
                v = self.kwargs[key]
            elif kind == ".":
                v = _attributes(v)[key]
            elif kind == "n":
                v = v[_key_at(v, key)]
            else:
                v = v[key]
        return v

    def put(self, path: list, new: Any) -> None:
        """Another object there."""
        while True:
            kind, key = path[-2:]
            path = path[:-2]
            if kind == "a":
                self.args[key] = new
                return
            if kind == "k":
                self.kwargs[key] = new
                return
            holder = self.get(path)
            if not isinstance(holder, tuple):
                break
            items = list(tuple.__iter__(holder))
            items[key] = new
            new = tuple.__new__(type(holder), items)
        if kind == ".":
            names = getattr(holder, "__dict__", None)
            if type(names) is dict and key in names:
                names[key] = new
            else:
                object.__setattr__(holder, key, new)
        else:
            holder[_key_at(holder, key) if kind == "n" else key] = new

    def step(self, step: list, other: Callable[[int], "Inputs"]) -> None:
        path, operation = step[:2]
        if operation == "alone":
            step = [path] + step[3:]
            operation = step[1]
        old = self.get(path)
        if operation == "same":
            self.put(path, self.get(step[2]))
        elif operation == "from":
            self.put(path, other(step[2]).get(step[3]))
        else:
            if operation == "join":
                row, more = Row(old), Row(other(step[2]).get(step[3]))
                if row.name != more.name:
                    raise Unfit("of another type")
                new = row.made(row.cut(0, None), more.cut(0, None))
            else:
                new = _OPERATIONS[operation](old, *step[2:])
            if type(new) is type(old) and _name(old) in _FILLED:
                _refill(old, new)
            else:
                self.put(path, new)


# What there is to change. -------------------------------------------------------------------------


class Place(NamedTuple):
    """A value somewhere in a call's inputs."""

    key: tuple  # the same for all elements of a list, and in all calls
    path: list
    value: Any
    part: bool  # only less of it may be there, not other things


def _is_record(v: object) -> bool:
    return isinstance(v, tuple) and isinstance(getattr(type(v), "_fields", None), tuple)


def _few(n: int, most: int) -> list:
    """Numbers of a few elements out of n: the first, the last and some between."""
    return sorted({i * (n - 1) // max(1, most - 1) for i in range(min(n, most))})


def _below(place: Place, wide: int) -> Iterator[Place]:
    """What is in a value, as far as it may be changed there; of elements so many."""
    key, path, v, part = place
    name = _name(v)
    if part:
        return
    if name in ("list", "tuple", "collections.deque"):
        for i in _few(len(v), wide):
            yield Place(key + ("i",), path + ["i", i], v[i], False)
    elif _is_record(v):
        for i, x in enumerate(tuple.__iter__(v)):
            yield Place(key + ("i", i), path + ["i", i], x, False)
    elif name in _MAPS and name != "collections.Counter":
        if len(v) <= WIDE and all(type(k) is str and len(k) <= TEXT for k in v):
            for k, x in v.items():
                yield Place(key + ("v", k), path + ["v", k], x, False)
        else:
            for i in _few(len(v), wide):
                yield Place(key + ("n",), path + ["n", i], v[_key_at(v, i)], False)
    elif name not in _ROWS and type(v) not in _SCALARS:
        free, partly = _free(v)
        for k, x in list(_attributes(v).items())[:WIDE] if free or partly else ():
            if k in free or k in partly:
                yield Place(key + (".", k), path + [".", k], x, k in partly)


def places(call: blob.Call, most: int = 80, wide: int = 3) -> List[Place]:
    """The values in a call's inputs, those further in behind those further out."""
    found = [Place(("a", i), ["a", i], v, False) for i, v in enumerate(call.args)]
    found += [Place(("k", k), ["k", k], v, False) for k, v in call.kwargs.items()]
    for place in found:
        if len(place.path) >= 2 * DEEP or len(found) > most:
            break
        try:
            found += _below(place, wide)
        except Exception:
            pass  # an object that does not let itself be looked at
    return found[:most]


# Which attributes may be anything: those that the class takes from its callers as they are. What a
# class works out by itself from others, an index, a count, a sorted copy, must go on agreeing with them.


def _free(v: object) -> Tuple[set, set]:
    """Names of an object's attributes that can have any value of their type, and of those of which
    there can be less."""
    cls = type(v)
    if cls is SimpleNamespace:
        return set(vars(v)), set()
    if isinstance(v, (type, BaseException)) or cls.__module__ in (
            "builtins", "threading", "_thread", "pathlib", "_io"):
        return set(), set()
    given = _given(cls)
    own = set(_attributes(v))
    rest = own - given
    if not rest:
        return own, set()
    if len(own) == 1 and _name(_attributes(v)[min(own)]) in _ROWS - _SEQUENCES | {"list"}:
        return set(), own
    return set(), set()


_GIVEN: Dict[type, set] = {}


def _given(cls: type) -> set:
    """Attributes that a class's constructor sets to what it is given, whatever that is."""
    names = _GIVEN.get(cls)
    if names is None:
        try:
            names = _fields(cls) if hasattr(cls, "__dataclass_fields__") else _assigned(cls)
        except Exception:
            names = set()  # no source to read
        _GIVEN[cls] = names
    return names


def _fields(cls: Any) -> set:
    if hasattr(cls, "__post_init__"):
        return set()
    return {name for name, field in cls.__dataclass_fields__.items() if field.init}


_SOURCES: Dict[str, Any] = {}
_TAKING = {"list", "tuple", "dict", "set", "frozenset", "str", "int", "float", "bool", "bytes", "deque"}


def _assigned(cls: type) -> set:
    import ast

    init = cls.__init__  # type: ignore[misc]
    if not isinstance(init, FunctionType):
        return set()
    file, line = init.__code__.co_filename, init.__code__.co_firstlineno
    if file not in _SOURCES:
        with open(file, "rb") as f:
            _SOURCES[file] = ast.parse(f.read(), file)
    function = next(n for n in ast.walk(_SOURCES[file])
                    if isinstance(n, ast.FunctionDef) and n.name == "__init__" and n.lineno == line)
    me, *parameters = [a.arg for a in function.args.args + function.args.kwonlyargs]

    def taken(node: Any) -> bool:
        """Whether an expression is a parameter, a copy of one, or what stands in for it."""
        if isinstance(node, ast.Name):
            return node.id in parameters
        if isinstance(node, ast.Call):
            return (isinstance(node.func, ast.Name) and node.func.id in _TAKING
                    and not node.keywords and len(node.args) == 1 and taken(node.args[0]))
        if isinstance(node, ast.BoolOp):
            return taken(node.values[0])
        if isinstance(node, ast.IfExp):
            return taken(node.body) or taken(node.orelse)
        return False

    names: set = set()
    worked_out: set = set()
    for node in ast.walk(function):
        if isinstance(node, (ast.Raise, ast.Assert)):
            return set()  # it does not take anything
        targets: list = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                if target.value.id == me:
                    good = not isinstance(node, ast.AugAssign) and taken(node.value)
                    (names if good else worked_out).add(target.attr)
    return names - worked_out


# What the function's own code suggests. -----------------------------------------------------------


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
        self.ints = _distinct(self.ints)[:10]
        self.floats = _distinct(self.floats)[:8]
        self.texts = _distinct(self.texts)[:10]
        values = getattr(function, "__defaults__", None) or ()
        first = code.co_argcount - len(values) - unseen
        self.defaults = {first + i: v for i, v in enumerate(values)}
        self.defaults.update(getattr(function, "__kwdefaults__", None) or {})

    def default(self, place: Place) -> list:
        """An argument that has it or not is as good as left out."""
        v = self.defaults.get(place.path[1], place)
        return [["=", literal(v)]] if len(place.path) == 2 and _short(v) else []

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
                if type(x) in _SCALARS or type(x) is tuple:
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
        elif _name(v) == "numpy.ndarray" and v.dtype.kind in "fc":
            self.odd = self.odd or not bool(sys.modules["numpy"].isfinite(v).all())
        elif _name(v) in _FRAMES:
            self.odd = self.odd or bool(v.isna().values.any())


def _distinct(values: list) -> list:
    return list(dict.fromkeys(values))


# What to do with a value: the most telling first. -------------------------------------------------


def _woven(*lists: list) -> list:
    """One of each in turn."""
    return [x for i in range(max(map(len, lists))) for part in lists for x in part[i:i + 1]]


def _after(v: float, up: bool) -> float:
    """The next float."""
    if v == 0:
        return 5e-324 if up else -5e-324
    bits = unpack("<q", pack("<d", v))[0]
    return unpack("<d", pack("<q", bits + (1 if (v > 0) == up else -1)))[0]


def _for_int(v: int, hints: Hints) -> list:
    near = [x for c in hints.ints for x in (c, c + 1, c - 1)]
    usual = [0, -1, -v, 1, v + 1, v - 1, (1 << 63) - 1, 2, 2 * v, 1 << 31, -(1 << 63), 1000]
    return [["=", x] for x in _distinct(_woven(usual, near)) if x != v]


def _for_float(v: float, hints: Hints) -> list:
    near = [x for c in hints.floats for x in (c, _after(c, True), _after(c, False))]
    whole = [float(c) for c in hints.ints if abs(c) < 1 << 53]
    near += whole + [c - 0.25 for c in whole if c > 1]
    usual = [0.0, 1.0, -1.0]
    if isfinite(v):
        usual = [0.0, -v, floor(v) + 0.5, 1.0, _after(v, True), -1.0, float(floor(v)), _after(v, False)]
        if abs(v) < 1e9:
            usual += [v * 1e6, v / 1e6, 1e9 + 0.5]
    if hints.odd:
        usual += [float("nan"), float("inf"), float("-inf")]
    moves = [["=", literal(x)] for x in _distinct(_woven(usual, near)) if x != v]
    if hints.odd:
        moves.append(["=", literal(-0.0)])
    return moves


# Capitals that become two letters, a dot more or less; composed of two; beyond the first 65536; digits
# that are none in ASCII; blanks that only some take for blanks.
_LETTERS = ["\u00df", "\u0130", "e\u0301", "\U0001f600", "\u0663", "\u00a0", "\u2028"]


def _for_str(v: str, hints: Hints) -> list:
    n = len(v)
    digit = next((c for c in v if "0" <= c <= "9"), "")
    mark = next((c for c in v if not c.isalnum() and not c.isspace()), "")
    usual: list = [
        ["cut", 0, 0], ["upper"], ["put", n, "\n"], ["put", n // 2, " "], ["put", 0, _LETTERS[0]],
        ["cut", 0, 1], ["lower"], ["times", 2], ["put", n // 2, _LETTERS[6]], ["put", 0, " "],
        ["put", n // 2, _LETTERS[1]], ["reversed"], ["put", n, _LETTERS[2]], ["put", n // 2, "\t"],
        ["put", 0, "0"], ["put", n // 2, _LETTERS[3]], ["cut", 1, None], ["put", n, "\r\n"],
        ["cut", 0, -1], ["put", 0, "-"], ["put", n // 2, _LETTERS[5]], ["put", n, _LETTERS[4]],
        ["put", n, " "], ["put", n // 2, "\n\n"], ["put", 0, "\n"], ["put", n, "\0"],
    ]
    if n and n < 10 * MANY:
        usual.insert(14, ["size", max(MANY, 4 * n)])
    inside: list = []  # of what is in it
    if mark:
        inside.append(["exchange", mark, 2 * mark])
    if digit:
        inside.append(["exchange", digit, chr(0x0660 + int(digit))])
    if "\n" in v.strip("\n"):
        inside += [["lines", "again", 0], ["exchange", "\n", "\r"], ["lines", "reversed"],
                   ["exchange", "\n", "\r\n"]]
    usual[5:5] = inside
    near = [["=", c] for c in hints.texts if c != v]
    near += [["put", at, c] for c in hints.texts if c for at in (n, n // 2, 0)]
    near += [["size", c] for c in hints.ints if 0 < c <= MANY and c != n]
    return _woven(usual, near)


def _for_bytes(v: bytes, hints: Hints) -> list:
    n = len(v)
    return [["cut", 0, 0], ["put", n, literal(b"\n")], ["put", 0, literal(b"\0")], ["cut", 0, 1],
            ["times", 2], ["put", n // 2, literal(b"\xff")], ["reversed"], ["upper"], ["cut", 1, None],
            ["put", n // 2, literal(b"\r\n")], ["cut", 0, -1], ["size", MANY]]


def _of_numbers(v: Any) -> list:
    """All of them with the other sign; far from zero, where differences are small beside them."""
    if _name(v) == "numpy.ndarray":
        kinds = {{"i": int, "f": float}.get(v.dtype.kind)}
    else:
        kinds = set(map(type, v))
    if kinds == {float}:
        return [["scale", -1], ["plus", 1000000000]]
    return [["scale", -1]] if kinds in ({int}, {int, float}) else []


def _kinds(values: Any) -> set:
    """Types of elements. None stands for any of them, and numbers for each other."""
    names = set(map(_name, values)) - {"NoneType"}
    return names - {"int", "bool"} | {"float"} if names & {"int", "bool"} else names


def _shape(v: Any, depth: int = 3) -> tuple:
    """What tells values of one use from those of another: the type, and that of what is in it."""
    name = _name(v)
    if depth and name in _MAPS:
        if len(_kinds(v.values())) > 1:
            return name, sorted(map(repr, v))
        return name, [_shape(x, depth - 1) for x in list(v.values())[:1]]
    if depth and name in ("list", "tuple", "collections.deque"):
        return name, [_shape(x, depth - 1) for x in list(v)[:1]]
    if depth and name in _SETS:
        return name, sorted(_kinds(v))
    if name == "numpy.ndarray":
        return name, v.dtype.kind, v.shape[1:] if v.ndim else None
    if name == "pandas.DataFrame":
        return name, list(map(repr, v.columns))
    return (name,)


def _for_row(v: Any, hints: Hints) -> list:
    """A list, tuple, deque, bytearray, array, frame or range. Where each place has a type of its own,
    nothing may be elsewhere; a short tuple has as many elements as whoever takes it apart expects."""
    n = len(v)
    if _name(v) in ("list", "tuple", "collections.deque"):
        mixed = len(_kinds(v)) > 1
        if type(v) is tuple and n <= 4:
            return [] if mixed or n < 2 else [["reversed"], ["rotated", 1]]
        if mixed:
            return [["cut", 0, 0], ["cut", 0, 1], ["cut", 0, -1]]
    usual: list = [["cut", 0, 0]] if n else []
    if n:
        usual.append(["twice", n // 2])
    if n > 1:
        usual += [["reversed"], ["cut", 0, 1], ["again", 0], ["rotated", 1], ["cut", 1, None],
                  ["cut", 0, -1], ["each", 0]]
    usual[3:3] = _of_numbers(v)
    if n:
        usual.append(["times", 2])
        if type(v) is list and type(v[-1]) in (list, dict, set):
            usual.append(["copied", n - 1])
        usual.append(["size", MANY] if n < MANY // 2 else ["times", 3])
    if n > 3:
        usual += [["without", n // 2], ["cut", 0, n // 2], ["cut", n // 2, None]]
    near = []
    if n and n < 10 * MANY:
        near = [["size", x] for c in hints.ints for x in (c, c + 1, c - 1) if 0 < x <= MANY and x != n]
    return _woven(usual, near)


def _for_array(v: Any, hints: Hints) -> list:
    if not v.ndim:
        return []
    moves = [m for m in _for_row(v, hints) if m[0] not in ("size", "copied")]
    kind = v.dtype.kind
    if kind in "ifc" and v.size:
        moves += [["all", 0], ["with", v.size // 2, 0], ["all", 1]]
    if kind in "fc" and hints.odd and v.size:
        moves[1:1] = [["with", v.size // 2, literal(float("nan"))]]
        moves += [["with", 0, literal(float("inf"))], ["all", literal(float("nan"))]]
    near = [["with", v.size // 2, x] for x in _met(kind, hints)] if v.size else []
    return _woven(moves, near) + [["columns"], ["strided"]]


def _met(kind: str, hints: Hints) -> list:
    """What an element may happen to be: a number that the code has, or another argument."""
    if kind not in "iuf":
        return []
    found = [x for x in hints.numbers + hints.floats + hints.ints if kind == "f" or type(x) is int]
    return [literal(float(x) if kind == "f" else x) for x in found if abs(x) < 1 << 31
            and (x >= 0 or kind != "u")]


def _for_frame(v: Any, hints: Hints) -> list:
    rows = [m for m in _for_row(v, hints) if m[0] not in ("size", "copied")]
    if not len(v):
        return rows
    columns = [(None, v)] if _name(v) == "pandas.Series" else [
        (i, v.iloc[:, i]) for i in range(min(v.shape[1], WIDE))]
    found = [[["column", i] + move for move in _for_column(c, hints)] for i, c in columns]
    return _woven(rows, _woven(*found)) if found else rows


def _for_column(v: Any, hints: Hints) -> list:
    """Of a table: its values beside other rows', or one of them another."""
    kind, half = getattr(v.dtype, "kind", "O"), len(v) // 2
    moves: list = [["turned"], ["each"]] if len(v) > 1 else []
    if hints.odd and kind in "fO":
        moves.insert(0, ["cell", half, literal(float("nan")) if kind == "f" else None])
    if kind in "if":
        moves += [["cell", half, literal(0.0) if kind == "f" else 0], ["minus"]]
    if kind == "b":
        moves.append(["cell", half, not v.iloc[half]])
    if kind == "O" and type(v.iloc[half]) is str:
        moves += [["cell", half, x] for x in ["", v.iloc[half].upper() + " "] + hints.texts]
    return moves + [["cell", half, x] for x in _met(kind, hints)]


def _for_map(v: Any, hints: Hints) -> list:
    n = len(v)
    if not n:
        return []
    lacking = [["lack", k] for k in hints.texts + hints.ints if k in v]
    if len(_kinds(v.values())) > 1:  # a record: who does not ask for its keys relies on them
        return [["reversed"]] + (lacking if hints.asks else [])
    usual: list = [["cut", 0, 0], ["reversed"], ["cut", 0, 1], ["more", 1], ["cut", 1, None],
                   ["dealt"], ["cut", 0, -1], ["more", MANY], ["rotated", 1]]
    if _name(v) != "collections.Counter":
        usual[5:5] = _of_numbers(v.values())
    return _woven(usual, lacking)


def _for_set(v: Any, hints: Hints) -> list:
    if not v:
        return []
    return [["cut", 0, 0], ["more", 1], ["cut", 1, None], ["cut", 0, 1], ["more", MANY], ["cut", 0, -1]]


def _for_decimal(v: Any, hints: Hints) -> list:
    if not v.is_finite():
        return [["of", "0"], ["of", "1.5"]]
    made = ["0", -v, v + 1, "%s%s0" % (v, "" if "." in str(v) else "."), "1", v - 1, "0.5", "-0.5",
            v * 1000000, "12345678901234567890123456789.5"]
    return [["of", x] for x in map(str, made) if x != str(v) and "E" not in x]


def _for_fraction(v: Any, hints: Hints) -> list:
    return [["of", str(x)] for x in (0, -v, v + 1, 1, v - 1, v / 2, "1/3") if x != v]


def _for_complex(v: complex, hints: Hints) -> list:
    return [["of", str(x)] for x in (0j, -v, v.conjugate(), 1j, complex(v.real, 0.0)) if x != v]


_DAYS = [{"month": 1, "day": 1}, {"month": 12, "day": 31}, {"year": 2024, "month": 2, "day": 29},
         {"year": 1970, "month": 1, "day": 1}, {"month": 3, "day": 31}, {"year": 1999}]


def _for_date(v: Any, hints: Hints) -> list:
    return _woven([["shift", 1, 0], ["shift", -1, 0], ["shift", 31, 0], ["shift", -365, 0]],
                  [["replace", d] for d in _DAYS])


def _for_datetime(v: Any, hints: Hints) -> list:
    clock = [{"hour": 0, "minute": 0, "second": 0, "microsecond": 0}, {"microsecond": 999999},
             {"hour": 23, "minute": 59, "second": 59}, {"fold": 1 - v.fold}]
    return _woven(_for_date(v, hints), _hours(v, hints), [["replace", c] for c in clock] + [["shift", 0, 1]])


def _hours(v: Any, hints: Hints) -> list:
    """Those that the code names, on the hour and as late as can be."""
    hours = [c for c in hints.ints if 1 < c < 24]
    return [["replace", {"hour": c, "minute": minute}] for minute in (0, 59) for c in hours][:6]


def _for_time(v: Any, hints: Hints) -> list:
    return _woven([["replace", c] for c in (
        {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}, {"hour": 23, "minute": 59},
        {"microsecond": 999999}, {"hour": 12})], _hours(v, hints))


def _for_delta(v: Any, hints: Hints) -> list:
    return [["delta", *parts] for parts in (
        (0, 0, 0), (-v.days, -v.seconds, -v.microseconds), (v.days + 1, v.seconds, v.microseconds),
        (0, 0, 1), (-1, 0, 0), (0, 86399, 999999))]


_MOVES: Dict[str, Callable[[Any, Hints], list]] = {
    "bool": lambda v, hints: [["=", not v]],
    "int": _for_int, "float": _for_float, "complex": _for_complex, "str": _for_str, "bytes": _for_bytes,
    "list": _for_row, "tuple": _for_row, "collections.deque": _for_row, "bytearray": _for_row,
    "range": lambda v, hints: [["cut", 0, 0], ["reversed"], ["cut", 0, 1], ["cut", 1, None]],
    "numpy.ndarray": _for_array, "pandas.DataFrame": _for_frame, "pandas.Series": _for_frame,
    "decimal.Decimal": _for_decimal, "fractions.Fraction": _for_fraction, "datetime.date": _for_date,
    "datetime.datetime": _for_datetime, "datetime.time": _for_time, "datetime.timedelta": _for_delta,
}
_MOVES.update(dict.fromkeys(_MAPS, _for_map))
_MOVES.update(dict.fromkeys(_SETS, _for_set))


def _moves(v: Any, hints: Hints) -> list:
    """What can be done with a value of itself."""
    find = _MOVES.get(_name(v))
    if find is not None:
        return find(v, hints)
    if hasattr(type(v), "__members__") and hasattr(v, "_name_"):
        return [["member", name] for name in list(type(v).__members__)[:6] if name != v._name_]
    top = _name(v).partition(".")[0]
    if top == "numpy" and getattr(getattr(v, "dtype", None), "kind", "") in "iuf":
        return [["of", literal(x)] for x in (0, 1, 2, -1) if x != v and (x >= 0 or v.dtype.kind != "u")]
    return []


# The plan. ----------------------------------------------------------------------------------------


def _digest(v: object) -> Optional[bytes]:
    """None of what is too large or cannot be read."""
    try:
        return blake2b(encode.value(v, LIMITS), digest_size=16).digest()
    except Exception:
        return None


class Pool:
    """What the recorded calls had in each place: the moves that put it into another call's."""

    def __init__(self, calls: List[Tuple[int, List[Place]]]) -> None:
        self.by_place: Dict[tuple, Dict[bytes, Tuple[str, list]]] = {}
        for call, found in calls:
            for place in found:
                if place.part:
                    continue
                kept = self.by_place.setdefault(place.key, {})
                digest = _digest(place.value) if len(kept) < 12 else None
                if digest is None or digest in kept:
                    continue
                move = ["=", literal(place.value)] if _short(place.value) else [
                    "from", call, place.path]
                kept[digest] = (_name(place.value), move)

    def moves(self, place: Place) -> list:
        """Those for a value: of another type first."""
        own, name = _digest(place.value), _name(place.value)
        found = [(t == name, i, move) for i, (digest, (t, move)) in enumerate(
            self.by_place.get(place.key, {}).items()) if digest != own]
        found.sort(key=lambda f: f[:2])
        moves = [move for _, _, move in found]
        alike = [move for same, _, move in found if same]
        if name in ("str", "bytes"):
            joined = [["put", len(place.value), move[1]] if move[0] == "=" else ["join"] + move[1:]
                      for move in alike if move[0] != "=" or scalar(move[1])][:1]
        else:
            joined = [["join"] + move[1:] for move in alike
                      if move[0] == "from" and name in _ROWS and name not in _MAPS][:1]
        return moves[:1] + joined + moves[1:6]


_PLAIN = {"int", "float", "str", "bytes", "decimal.Decimal", "fractions.Fraction", "datetime.date",
          "datetime.datetime", "datetime.time", "datetime.timedelta"}


class _Chance:
    """Numbers that look like chance, from a seed, the same under every Python."""

    def __init__(self, seed: int) -> None:
        self.state = seed & 0xFFFFFFFFFFFFFFFF

    def below(self, n: int) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return (self.state >> 33) % n


def _aliases(found: List[Place]) -> Dict[tuple, list]:
    """Arguments that could be one object, or equal, as moves by place; so could what is in the same
    place in two arguments alike, and a text and one further in."""
    top = [p for p in found if len(p.path) == 2 and type(p.value) is not type(None)
           and not isinstance(p.value, (type, FunctionType))]
    moves: Dict[tuple, list] = {}
    for i, p in enumerate(top):
        for q in top[:i]:
            if p.value is not q.value and _shape(p.value) == _shape(q.value):
                moves.setdefault(p.key, []).append(["same", q.path])
                for x in found:
                    if len(x.path) > 2 and x.path[:2] == p.path and _name(x.value) in _PLAIN:
                        moves.setdefault(x.key, []).append(["same", q.path + x.path[2:]])
    for x in found:
        if len(x.path) > 2 and type(x.value) is str:
            moves.setdefault(x.key, []).extend(
                ["same", p.path] for p in top if type(p.value) is str and p.value != x.value)
    return moves


class Lengths:
    """Which arrays are of one length, or as wide as they are long, in every call that was recorded: a
    table's columns, one might say. They are made longer and shorter together."""

    CHANGING = {"cut", "without", "twice", "again", "times", "size", "from", "join"}

    def __init__(self, looked: List[Tuple[int, List[Place]]]) -> None:
        self.partners: Dict[tuple, list] = {}
        sizes: Dict[tuple, list] = {}
        arrays = set()
        for _, found in looked:
            for place in found:
                name = _name(place.value)
                if "i" in place.path or "n" in place.path or place.part:
                    continue
                if name in _ARRAYS:
                    arrays.add((tuple(place.path), 0))
                    for axis, n in enumerate(place.value.shape if name == "numpy.ndarray"
                                             else place.value.shape[:1]):
                        sizes.setdefault((tuple(place.path), axis), []).append(n)
                elif name in ("list", "tuple"):
                    sizes.setdefault((tuple(place.path), 0), []).append(len(place.value))
        self.arrays = {path for path, _ in arrays}
        sizes = {at: found for at, found in sizes.items() if len(found) == len(looked)}
        for at in sizes:
            for other in sizes:
                if at != other and not at[1] and sizes[at] == sizes[other] and (
                        at in arrays or other in arrays):
                    self.partners.setdefault(at[0], []).append(other)

    def steps(self, path: list, move: list) -> Iterator[list]:
        """Those for a move, with all that goes along; then without, for what does not mind."""
        partners = self.partners.get(tuple(path), [])
        if move[0] in ("from", "join"):  # whole
            partners = [p for p in _distinct([(other, 0) for other, _ in partners])
                        if list(p[0]) != path]
        if not partners or move[0] not in self.CHANGING:
            yield [[path] + move]
            return
        steps = [[path] + move]
        for other, axis in partners:
            at = list(other)
            if move[0] in ("from", "join"):
                steps.append([at, move[0], move[1], at])
            else:
                steps.append([at, "along", axis] + move if axis else [at] + move)
        yield steps
        if move[0] == "cut":
            oblong = all(list(other) == path for other, _ in partners)
            yield [[path, "alone", oblong] + move]

    def empty(self, steps: list) -> bool:
        """Whether an array has nothing left: what else is done then says little."""
        return any(step[-3:] == ["cut", 0, 0] and tuple(step[0]) in self.arrays for step in steps)


def _queue(where: List[Tuple[int, list, list, bool]], along: Lengths) -> Iterator[Tuple[int, list]]:
    """The moves for one place, in turn with each call that has it: (call, [step])."""
    longest = max(len(moves) for _, _, moves, _ in where)
    for lap in range(len(where)):
        for j in range(longest):
            call, path, moves, _ = where[(j + lap) % len(where)]
            if j < len(moves):
                for steps in along.steps(path, moves[j]):
                    yield call, steps


def telling(steps: list, ended: str) -> bool:
    """Whether what the original does on inputs made so says what it should do: where lengths part that
    never did, if it refuses them on purpose; where an array is no square any more, if it can do that."""
    alone = [step[2] for step in steps if step[1] == "alone"]
    return not alone or ended == "project" or (all(alone) and ended == "return")


def plan(calls: List[Tuple[int, blob.Call]], hints: Hints, seed: int) -> Iterator[Tuple[int, list]]:
    """(call, steps) without end in sight, so ordered that the first ones differ the most: every place
    in its turn, those further out more often, and now and then two changes together."""
    looked = [(call, places(inputs)) for call, inputs in calls]
    for _, found in looked:
        for place in found:
            try:
                hints.look(place.value)
            except Exception:
                pass
    pool = Pool(looked)
    by_place: Dict[tuple, List[Tuple[int, list, list, bool]]] = {}
    for call, found in looked[:BASES]:
        aliases = _aliases(found)
        for place in found:
            moves = _moves(place.value, hints)
            if place.part:
                moves = [m for m in moves if m[0] in ("cut", "without")]
            else:
                given = aliases.get(place.key, []) + hints.default(place) + pool.moves(place)
                moves = moves[:1] + _woven(moves[1:], given)
            if moves:
                bare = _name(place.value) in _ROWS and not len(place.value)
                by_place.setdefault(place.key, []).append((call, place.path, moves, bare))
    chance = _Chance(seed)
    along = Lengths(looked)
    queues = []
    for where in by_place.values():
        # of nothing not much can be made
        where = [w for w in where if not w[3]] or where
        turn = chance.below(len(where))
        depth = len(where[0][1]) // 2
        lap = max(len(moves) for _, _, moves, _ in where)
        queues.append((max(1, 4 - depth), lap, _queue(where[turn:] + where[:turn], along)))
    yield from _paired(queues, chance, along)


def _paired(queues: list, chance: _Chance, along: Lengths) -> Iterator[Tuple[int, list]]:
    """Takes from the queues in turn, so many from each, but no more than one from one whose moves have
    all been made on some call; every fourth is followed by one that does it and another."""
    done: Dict[int, list] = {}
    count = 0
    while queues:
        left = []
        for share, lap, queue in queues:
            for _ in range(share if lap > 0 else 1):
                got = next(queue, None)
                if got is None:
                    break
                call, steps = got
                yield call, steps
                if along.empty(steps):
                    continue
                before = done.setdefault(call, [])
                count += 1
                others = [s for s in before if s[0][0] != steps[0][0]]
                if count % 4 == 0 and others:
                    yield call, others[chance.below(len(others))] + steps
                before.append(steps)
            else:
                left.append((share, lap - share, queue))
        queues = left


# Smaller. -----------------------------------------------------------------------------------------


def _size(call: blob.Call) -> Optional[int]:
    """How much there is to read in it; None when it is too much."""
    try:
        return len(encode.value((call.args, call.kwargs), LIMITS)) + len(
            show.call("", False, "", call.args, call.kwargs, 4000))
    except Exception:
        return None


def _less(v: Any) -> list:
    """Moves that leave less of a value."""
    name = _name(v)
    if name in _ROWS:
        n = len(v)
        ends = [(0, i) for i in (0, 1, 2, 3, n // 2, n * 3 // 4) if i < n]
        ends += [(i, None) for i in (n - 1, n - 2, n // 2, n // 4) if 0 < i < n]
        moves: list = [["cut", i, j] for i, j in _distinct(ends)]
        if n <= WIDE and name != "range":
            moves += [["cut", i, i + 1] for i in range(n)] + [["without", i] for i in range(n)]
        return moves
    if name == "int":
        half = abs(v) // 2 if v > 0 else -(abs(v) // 2)
        return [["=", x] for x in (0, 1, -1, half, v - 1 if v > 0 else v + 1) if abs(x) <= abs(v)]
    if name == "float" and isfinite(v):
        return [["=", literal(x)] for x in (0.0, 1.0, -1.0, float(int(v)), float(int(v / 2)))
                if abs(x) <= abs(v)]
    if name == "decimal.Decimal":
        return [["of", "0"], ["of", "1"]]
    return []


def _plus(steps: list, path: list, move: list) -> list:
    """A step more, in the place of the last where it undoes that."""
    if move[0] == "=" and steps and steps[-1][0] == path and steps[-1][1] == "=":
        steps = steps[:-1]
    return steps + [[path] + move]


def _spread(values: list, n: int) -> list:
    """At most n of them, evenly."""
    return [values[i * len(values) // n] for i in range(n)] if len(values) > n else list(values)


# What a worker does with it. ----------------------------------------------------------------------


class Stock:
    """The recorded inputs, and what is derived from them."""

    def __init__(self, restore: Callable[[bytes, str], blob.Call],
                 recorded: Dict[int, Tuple[bytes, str]]) -> None:
        self.restore = restore
        self.recorded = recorded

    def inputs(self, call: int) -> Inputs:
        return Inputs(self.restore(*self.recorded[call]))

    def made(self, call: int, steps: list) -> blob.Call:
        """Fresh inputs, changed so. Whatever error, where they cannot be."""
        inputs = self.inputs(call)
        for step in steps:
            inputs.step(step, self.inputs)
        return inputs.call()

    def _by_size(self, usable: List[int]) -> List[int]:
        """Those that are worth a look, the smallest first."""
        order = sorted(usable, key=lambda call: (len(self.recorded[call][0]), call))
        return [c for c in order if len(self.recorded[c][0]) <= 1 << 16] or order[:1]

    def plan(self, usable: List[int], hints: Hints, seed: int, most: int,
             until: Callable[[], bool]) -> List[Tuple[int, list]]:
        """Up to so many derivations that come to different inputs."""
        order = self._by_size(usable)
        small, rest = order[:3], order[3:]
        donors = small + _spread(rest, BASES - 3)
        donors += [c for c in _spread(rest, DONORS) if c not in donors]
        calls = [(c, self.inputs(c).call()) for c in donors]
        seen = {_digest(inputs[:2]) for _, inputs in calls}
        planned: List[Tuple[int, list]] = []
        for tries, (call, steps) in enumerate(plan(calls, hints, seed)):
            if len(planned) >= most or tries > 10 * most or until():
                break
            try:
                digest = _digest(self.made(call, steps)[:2])
            except Exception:
                continue
            if digest is not None and digest not in seen:
                seen.add(digest)
                planned.append((call, steps))
        return planned

    def smaller(self, usable: List[int], call: int, steps: list, most: int,
                until: Callable[[], bool]) -> List[Tuple[int, list]]:
        """Derivations of less than this one comes to, the least first."""
        now = self.made(call, steps)
        size = _size(now)
        tries = [(call, steps[:i] + steps[i + 1:]) for i in range(len(steps) if len(steps) > 1 else 0)]
        tries += [(other, steps) for other in self._by_size(usable)[:4] if other != call]
        found = places(now, 200, WIDE)
        along = Lengths([(call, found)])
        for place in found:
            for move in _less(place.value) if not place.part or _name(place.value) in _ROWS else ():
                first, *rest = next(along.steps(place.path, move))
                tries.append((call, _plus(steps, first[0], first[1:]) + rest))
        smaller = []
        seen = set()
        for number, (other, changed) in enumerate(tries):
            if until():
                break
            try:
                made = self.made(other, changed)
            except Exception:
                continue
            got, digest = _size(made), _digest(made[:2])
            if got is not None and digest not in seen and (size is None or got < size):
                seen.add(digest)
                smaller.append((got, number, other, changed))
        smaller.sort(key=lambda f: f[:2])
        smaller = smaller[:most // 2] + _spread(smaller[most // 2:], most - most // 2)
        return [(other, changed) for _, _, other, changed in smaller]
