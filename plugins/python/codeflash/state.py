# SPDX-License-Identifier: Apache-2.0
"""What a call did to the program's variables: part of its outcome, as what it returned is.

Looked at are the variables of the project's modules and the attributes of its classes: that a name
means the same object as before, and of lists, dicts and the like what they hold. Objects of the
project's own classes are looked into where the function can get at them by name. What a candidate adds
is its own affair. This is done before and after every call, so it must cost next to nothing where
nothing changes.
"""

from __future__ import annotations

import marshal
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from itertools import chain
from operator import is_
from types import CodeType, FunctionType, ModuleType
from typing import Any, Callable, Dict, Iterable, Iterator, List, Set, Tuple

from . import encode

_LIMITS = (2000, 1 << 17)  # nodes and bytes of one object that is looked into
_LARGE = 1 << 17  # bytes of one variable: of a larger one only which objects are in it is looked at
_MANY = 10000  # and of one that holds more than these only how many
_SCALARS = {int, float, complex, str, bytes, bool, type(None)}
_DICTS = {defaultdict, OrderedDict, Counter}
_CONTAINERS = {list, dict, set, bytearray, deque} | _DICTS
_PLAIN = {list, dict, set, bytearray, tuple}
_DATA = _SCALARS | _CONTAINERS | {tuple, frozenset, type, FunctionType}
GONE = "(deleted)"
_ABSENT = object()


class Globals:
    """The variables of the project that is loaded, as one function's calls may change them."""

    def __init__(self, module: ModuleType, function: object, added: Iterable[str],
                 in_project: Callable[[str], bool]) -> None:
        """added: names that are not the original's."""
        self.own = vars(module)
        self.added = set(added)
        self.in_project = in_project
        self.code = getattr(function, "__code__", None)
        self.names = _reached(self.code, self.own) if self.code is not None else set()
        self.loaded = 0  # modules there were when they were last looked through
        self.places: List[_Place] = []
        self.views: List[Any] = []  # of the places' values
        self.values: List[Any] = []  # what they gave
        self.plain: List[_Variable] = []  # variables with data that marshal knows
        self.others: List[_Variable] = []
        self.seen = b""  # of the plain ones

    def remember(self) -> None:
        """Before a call."""
        if len(sys.modules) != self.loaded:
            self.loaded = len(sys.modules)
            self.places = [_Place(self, names, prefix) for names, prefix in self._namespaces()]
            self.views = [place.names.values() for place in self.places]
            self.values = []
        values = list(chain.from_iterable(self.views))
        if not _same(values, self.values):
            self.values = values
            for place in self.places:
                place.note()
            self._sort()
        try:
            self.seen = marshal.dumps([x.value for x in self.plain], 2)
        except ValueError:  # one of them holds something else by now
            for variable in self.plain:
                variable.plain = _exactly(variable.value) is not None
            self._sort()
            self.seen = marshal.dumps([x.value for x in self.plain], 2)
        for variable in self.others:
            variable.remember()

    def _sort(self) -> None:
        variables = [x for place in self.places for x in place.variables]
        self.plain = [x for x in variables if x.plain]
        self.others = [x for x in variables if not x.plain]

    def changed(self) -> Dict[str, Any]:
        """{name: value} of what is not as it was, by names as seen from the function's module."""
        now: Dict[str, Any] = {}
        if not _same(list(chain.from_iterable(self.views)), self.values):
            for place in self.places:
                place.changed(now)
        found = [x for x in self.others if x.changed()]
        try:
            same = marshal.dumps([x.value for x in self.plain], 2) == self.seen
        except ValueError:
            same = False
        if not same:
            found += [x for x, before in zip(self.plain, marshal.loads(self.seen))
                      if not _holds(x.value, before)]
        for x in found:
            if x.place.names.get(x.name) is x.value:
                now[x.place.prefix + x.name] = x.value
        return now

    def used_elsewhere(self, uses: Callable[[CodeType, dict], bool]) -> bool:
        """Whether code of the project, that of the function apart, does."""
        for names, _ in self._namespaces():
            for name, v in list(names.items()):
                if type(v) in (staticmethod, classmethod):
                    v = v.__func__
                if type(v) is FunctionType and name not in self.added:
                    codes = [v.__code__]
                    for code in codes:
                        if code is not self.code and uses(code, v.__globals__):
                            return True
                        if code is not self.code:
                            codes += [k for k in code.co_consts if isinstance(k, CodeType)]
        return False

    def is_ours(self, cls: type) -> bool:
        """Whether a class is one of the project's."""
        module = sys.modules.get(type.__getattribute__(cls, "__module__"))
        return module is not None and self._is_project(module)

    def _is_project(self, module: ModuleType) -> bool:
        if vars(module) is self.own:
            return True
        file = vars(module).get("__file__")
        return isinstance(file, str) and self.in_project(file)

    def _namespaces(self) -> Iterator[Tuple[Any, str]]:
        """(names, what to put before them) of the project's modules and their classes."""
        seen: Set[int] = set()
        for module in list(sys.modules.values()):
            if not isinstance(module, ModuleType) or id(vars(module)) in seen:
                continue
            if not self._is_project(module):
                continue
            own = vars(module)
            seen.add(id(own))
            before = "" if own is self.own else "%s." % own.get("__name__")
            queue: List[Tuple[Any, str]] = [(own, before)]
            for names, prefix in queue:
                yield names, prefix
                for v in list(names.values()):
                    if issubclass(type(v), type) and id(v) not in seen and (
                            type.__getattribute__(v, "__module__") == own.get("__name__")):
                        seen.add(id(v))
                        name = type.__getattribute__(v, "__qualname__")
                        attributes = type.__dict__["__dict__"].__get__(v)
                        queue.append((attributes, before + name + "."))


class _Place:
    """The names of one module or class."""

    __slots__ = ("whole", "names", "prefix", "before", "variables")

    def __init__(self, whole: Globals, names: Any, prefix: str) -> None:
        self.whole = whole
        self.names = names
        self.prefix = prefix
        self.before: Dict[str, Any] = {}
        self.variables: List[_Variable] = []

    def note(self) -> None:
        """Notes what the names mean now."""
        now = dict(self.names)
        if len(now) == len(self.before) and _same(now.values(), self.before.values()):
            return
        known = {(x.name, id(x.value)): x for x in self.variables}
        self.before = now
        self.variables = [known.get((name, id(v))) or _Variable(self, name, v)
                          for name, v in now.items() if self.look(name, v)]

    def look(self, name: str, v: object) -> bool:
        """Whether what a variable holds can change while it stays the same object."""
        t = type(v)
        if t in _SCALARS or not self.counts(name):
            return False
        if t in _CONTAINERS or t is tuple and not all(type(x) in _SCALARS for x in v):
            return True
        if t.__module__ in ("array", "numpy"):
            return t.__name__ in ("array", "ndarray")
        return name in self.whole.names and not issubclass(t, type) and self.whole.is_ours(t)

    def counts(self, name: object) -> bool:
        if not isinstance(name, str) or name in self.whole.added:
            return False
        return not (name[0:1] == "_" == name[-1:] and len(name) > 2)  # Python's own

    def changed(self, now: Dict[str, Any]) -> None:
        """Adds the names that mean something else."""
        before = dict(self.before)
        for name, v in list(self.names.items()):
            old = before.pop(name, _ABSENT)
            if old is not v and not _alike(old, v) and self.counts(name) and (
                    not isinstance(v, ModuleType)):  # one that is imported sooner or later
                now[self.prefix + name] = self.shown(v)
        for name in before:
            if self.counts(name):
                now[self.prefix + name] = GONE

    def shown(self, v: object) -> object:
        """What an outcome says of a variable's new value: of what is not the project's nor data only
        what it is."""
        t = type(v)
        if t in _DATA or issubclass(t, type) or self.whole.is_ours(t) or (
                t.__module__ in ("array", "numpy")):
            return v
        return "a %s" % encode.type_name(t)


class _Variable:
    """One that holds what can be changed in place."""

    __slots__ = ("place", "name", "value", "plain", "how", "seen")

    def __init__(self, place: _Place, name: str, value: Any) -> None:
        self.place = place
        self.name = name
        self.value = value
        self.plain = type(value) in _PLAIN and _exactly(value) is not None
        self.how: Callable[[Any], Any] = _exactly
        self.seen: Any = None

    def remember(self) -> None:
        self.seen = self.how(self.value)
        while self.seen is None:  # it cannot be looked at in this way
            reached = self.how is _exactly and self.name in self.place.whole.names
            self.how = _deeply if reached and not _is_flat(self.value) else _on_top
            self.seen = self.how(self.value)

    def changed(self) -> bool:
        return self.how(self.value) != self.seen


def _same(a: Any, b: Any) -> bool:
    return len(a) == len(b) and all(map(is_, a, b))


def _holds(v: Any, before: Any) -> bool:
    """Whether plain data is as it was: a set that had something taken and given back may come in another
    order."""
    now = _exactly(v)
    if now == marshal.dumps(before, 2):
        return True
    now = now and _deeply(v)
    return now is not None and now == _deeply(before)


def _plain(v: Any) -> Any:
    t = type(v)
    return dict(v) if t in _DICTS else list(v) if t is deque else v


def _exactly(v: Any) -> Any:
    """The bytes of plain data; None where it is not, or is too much."""
    if (type(v) in _CONTAINERS or type(v) is tuple) and len(v) > _MANY:
        return None
    try:
        data = marshal.dumps(_plain(v), 2)
    except (ValueError, TypeError, BufferError):
        return None
    return data if len(data) <= _LARGE else None


def _deeply(v: Any) -> Any:
    """The encoded value; None where it is too large, or looking into it would change it."""
    try:
        return encode.untouched(v, *_LIMITS)
    except Exception:
        return None


def _is_flat(v: Any) -> bool:
    """Whether what it holds is nothing that can be looked into."""
    if type(v) not in _CONTAINERS and type(v) is not tuple:
        return False
    held = list(v) + list(v.values()) if isinstance(v, dict) else v
    return all(
        type(x) in _SCALARS or type(x) is FunctionType or issubclass(type(x), type) for x in held)


def _on_top(v: Any) -> Any:
    """Which objects it holds."""
    try:
        if (type(v) in _CONTAINERS or type(v) is tuple) and len(v) > _MANY:
            return len(v)
        if isinstance(v, dict):
            return list(map(id, v)), list(map(id, v.values()))
        if type(v) in _CONTAINERS or type(v) is tuple:
            return list(map(id, v))
        own = object.__getattribute__(v, "__dict__")
        return list(own), list(map(id, own.values()))
    except Exception:
        return id(v)


def _alike(a: object, b: object) -> bool:
    """Whether two values of a variable are the same to whoever reads it."""
    if a is _ABSENT or type(a) is not type(b):
        return False
    one = _deeply(a)
    return one is not None and one == _deeply(b)


def _reached(code: CodeType, scope: dict) -> Set[str]:
    """The names in the code, and in what functions and classes of its module it names."""
    names: Set[str] = set()
    queue: List[CodeType] = [code]
    seen = set()
    for c in queue:
        if c in seen:
            continue
        seen.add(c)
        names.update(c.co_names)
        queue += [k for k in c.co_consts if isinstance(k, CodeType)]
        for name in c.co_names:
            value = scope.get(name)
            if isinstance(value, FunctionType):
                if value.__globals__ is scope:
                    queue.append(value.__code__)
            elif isinstance(value, type) and value.__module__ == scope.get("__name__"):
                queue += [f.__code__ for f in vars(value).values() if isinstance(f, FunctionType)]
    return names
