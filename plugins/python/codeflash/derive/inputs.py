# SPDX-License-Identifier: Apache-2.0
"""Where in a call's inputs there is something to change, and the inputs while they are changed."""

from __future__ import annotations

from types import FunctionType, SimpleNamespace
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

from .. import blob, encode
from .changes import FILLED, MAPS, OPERATIONS, refill, Row, ROWS, SCALARS, SEQUENCES, TEXT, type_name, Unfit

WIDE = 12  # attributes of an object, keys of a mapping that is a record
DEEP = 4  # levels, the arguments being the first


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
                new = OPERATIONS[operation](old, *step[2:])
            if type(new) is type(old) and type_name(old) in FILLED:
                refill(old, new)
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
    name = type_name(v)
    if part:
        return
    if name in ("list", "tuple", "collections.deque"):
        for i in _few(len(v), wide):
            yield Place(key + ("i",), path + ["i", i], v[i], False)
    elif _is_record(v):
        for i, x in enumerate(tuple.__iter__(v)):
            yield Place(key + ("i", i), path + ["i", i], x, False)
    elif name in MAPS and name != "collections.Counter":
        if len(v) <= WIDE and all(type(k) is str and len(k) <= TEXT for k in v):
            for k, x in v.items():
                yield Place(key + ("v", k), path + ["v", k], x, False)
        else:
            for i in _few(len(v), wide):
                yield Place(key + ("n",), path + ["n", i], v[_key_at(v, i)], False)
    elif name not in ROWS and type(v) not in SCALARS:
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
    if len(own) == 1 and type_name(_attributes(v)[min(own)]) in ROWS - SEQUENCES | {"list"}:
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
