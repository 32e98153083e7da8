# SPDX-License-Identifier: Apache-2.0
"""Pickling, for the recorder, of what pickle itself refuses or would not make again.

A class or function that does not bear the name it is found by is pickled by where it is found; one
that is found nowhere, a lambda or an inner function, by its code and what it closes over; a module by
its name. Instances whose class has a __new__ that pickle cannot call are made by that of the built-in
type beneath; those that a module has, and that may refuse to be made again, can be taken from there.
"""

from __future__ import annotations

import copyreg
import marshal
import sys
from gc import get_referents
from operator import attrgetter
from time import perf_counter

Function = type(lambda: None)
Module = type(sys)
Code = type((lambda: None).__code__)
SHARE = 30  # of the time between two looks through a package a look may take the thirtieth part
FRAGILE = 8  # types whose instances are looked for: for each one look more is taken
MAIN = None  # loading: the module that __main__ is imported as


# Loading. -----------------------------------------------------------------------------------------


def module(name: str) -> Module:
    """The module of that name in the program that was recorded."""
    if MAIN and name in ("__main__", "__mp_main__"):
        name = MAIN
    __import__(name)
    return sys.modules[name]


def cell():
    """A closure's cell, still empty: what it is to hold may hold the function that has it."""
    made = (lambda x: lambda: x)(None).__closure__[0]
    del made.cell_contents
    return made


def function(code: bytes, where: Module, name: str, cells: tuple) -> Function:
    """A function of that code."""
    return Function(marshal.loads(code), where.__dict__, name, None, cells)


def furnish(made: Function, state: tuple) -> None:
    """What a function has beside its code; of each cell the contents, () where it has none."""
    made.__defaults__, made.__kwdefaults__, made.__qualname__, names, contents = state
    made.__dict__.update(names)
    for place, held in zip(made.__closure__ or (), contents):
        if held:
            place.cell_contents = held[0]


def kept(where: Module, path: str, make: object, args: tuple, state: object):
    """An instance as pickle would make it, or the one in the module where that fails."""
    try:
        made = make(*args)
        if state is not None:
            made.__setstate__(state)
        return made
    except Exception:
        return attrgetter(path)(where)


def set_state(made: object, state: object) -> None:
    """What pickle does with a state, without a word from the class's own __getattr__: that may need
    what is only being set."""
    own, slots = state if type(state) is tuple and len(state) == 2 else (state, None)
    if own:
        object.__getattribute__(made, "__dict__").update(own)
    for name, v in (slots or {}).items():
        object.__setattr__(made, name, v)


def dead() -> None:
    """A weak reference to nothing."""
    import weakref

    return weakref.ref(type("gone", (), {})())


def reference(to: object):
    """A weak reference: whatever else there is may hold it."""
    import weakref

    return weakref.ref(to)


def view(of: object, what: str):
    """What .keys(), .values() or .items() gives, or a read-only view of a mapping."""
    return type(type.__dict__)(of) if what == "mappingproxy" else getattr(of, what)()


def match(pattern: object, text: object, at: int, end: int, spans: tuple):
    """The match of a regular expression that has those spans."""
    for how in (pattern.match, pattern.search, pattern.fullmatch):
        found = how(text, at, end)
        if found is not None and found.regs == spans:
            return found
    raise ValueError("a match that cannot be had again")


# Recording. ---------------------------------------------------------------------------------------

_places: dict = {}  # by id: (module, path) of classes, functions and some instances
_again: dict = {}  # by package: when to look through it again
_fragile: set = set()  # types with a __setstate__ that instances were looked for of


def _is(obj: object, name: str, path: str) -> bool:
    """Whether the object is what the module of that name has there."""
    found = sys.modules.get(name)
    for part in path.split("."):
        found = getattr(found, part, None)
    return found is obj


def _look(package: str) -> None:
    """Notes where the package has classes and functions: in modules, in classes, and in the instances
    that modules have."""
    inside = package + "."
    modules = [m for n, m in list(sys.modules.items())
               if type(m) is Module and (n == package or n.startswith(inside))]
    seen = set()
    for m in modules:
        queue = [(m.__dict__, "", 0)]
        for names, before, depth in queue:
            for name, v in list(names.items()):
                t = type(v)  # and not isinstance: what is a proxy may run the program's code for it
                is_class = issubclass(t, type)
                if type(name) is not str:
                    continue
                if (is_class or t is Function or t in _fragile) and id(v) not in seen:
                    seen.add(id(v))
                    _places[id(v)] = m.__name__, before + name
                if depth == 2 or before and name.startswith("__"):
                    continue
                if not str((v if is_class else t).__module__).startswith(package):
                    continue
                if is_class:
                    queue.append((v.__dict__, before + name + ".", depth + 1))
                elif not before and t.__dictoffset__:
                    own = object.__getattribute__(v, "__dict__")
                    if type(own) is dict:
                        queue.append((own, name + ".", 2))


def _importing(package: str) -> bool:
    """Whether there is more to come: what is not found now may be later."""
    spec = getattr(sys.modules.get(package), "__spec__", None)
    return getattr(spec, "_initializing", False)


def _place(obj: object, of: object):
    """(module, path) at which a class, function or instance is found; `of` is what has a module."""
    place = _places.get(id(obj))
    if place and _is(obj, *place):
        return place
    if of in _fragile:
        return None
    package = (getattr(of, "__module__", None) or "").partition(".")[0]
    if not package or _importing(package):
        return None
    start = perf_counter()
    if of is not obj:
        if len(_fragile) >= FRAGILE:
            return None
        _fragile.add(of)
    elif "<" in of.__qualname__ or start < _again.get(package, 0):
        return None  # an inner function is likely nowhere
    _look(package)
    _again[package] = start + SHARE * (perf_counter() - start)
    place = _places.get(id(obj))
    return place if place and _is(obj, *place) else None


def _plain_code(code: Code) -> Code:
    """The code without our probes, which marshal does not know: a number does as well."""
    return code.replace(co_consts=tuple(
        _plain_code(c) if type(c) is Code else 1 if type(c).__name__ == "Probe" else c
        for c in code.co_consts))


def _contents(place: object) -> tuple:
    try:
        return (place.cell_contents,)
    except ValueError:
        return ()


def _reduce_function(f: Function):
    where = sys.modules.get(f.__module__)
    if f.__globals__ is not getattr(where, "__dict__", None):
        return NotImplemented
    cells = f.__closure__
    return (function, (marshal.dumps(_plain_code(f.__code__)), where, f.__name__, cells),
            (f.__defaults__, f.__kwdefaults__, f.__qualname__, f.__dict__,
             tuple(map(_contents, cells or ()))), None, None, furnish)


_Cell = type(cell())


def _reduce_class(obj: object):
    name = getattr(obj, "__module__", None)
    if not isinstance(name, str) or _is(obj, name, obj.__qualname__):
        return None
    if name == "builtins" and "types" in sys.modules:
        for name, v in sys.modules["types"].__dict__.items():
            if v is obj:
                return attrgetter(name), (sys.modules["types"],)
    place = _place(obj, obj)
    if place:
        return attrgetter(place[1]), (sys.modules[place[0]],)
    return _reduce_function(obj) if type(obj) is Function else NotImplemented


def _reduce_module(obj: Module):
    name = obj.__name__
    return (module, (name,)) if sys.modules.get(name) is obj else NotImplemented


def _reduce_stream(obj: object):
    for name in ("stdout", "stderr", "stdin"):
        if getattr(sys, name, None) is obj:
            return getattr, (sys, name)
    return NotImplemented


def _reduce_ref(r: object):
    to = r()
    return (dead, ()) if to is None else (reference, (to,))


def _reduce_view(v: object):
    # its mapping, however it may be asked for
    return view, (get_referents(v)[0], type(v).__name__.rpartition("_")[2])


def _reduce_weak(d: object):
    return type(d), (), None, None, iter(list(d.items()))


def _reduce_match(m: object):
    return match, (m.re, m.string, m.start(), m.endpos, m.regs)


_Cell = type(cell())
# by module and name, for not all of these types need be there
_ASKED = {
    ("builtins", "function"): _reduce_class, ("builtins", "module"): _reduce_module,
    ("builtins", "cell"): lambda c: (cell, ()), ("_io", "TextIOWrapper"): _reduce_stream,
    ("weakref", "ReferenceType"): _reduce_ref, ("builtins", "weakref"): _reduce_ref,
    ("re", "Match"): _reduce_match, ("builtins", "mappingproxy"): _reduce_view,
    ("weakref", "WeakValueDictionary"): _reduce_weak,
    ("weakref", "WeakKeyDictionary"): _reduce_weak,
}
_ASKED.update((("builtins", kind + what), _reduce_view)
              for kind in ("dict_", "odict_") for what in ("keys", "values", "items"))


def reduce(obj: object):
    """For objects of types of which how() says so: NotImplemented where pickle is to try, None where
    it will always be able to."""
    t = type(obj)
    if issubclass(t, type):
        return _reduce_class(obj)
    return _ASKED[t.__module__, t.__name__](obj)


_VALUES = (int, float, complex, str, bytes, tuple)
_OWN = ("__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__")


def how(cls: type):
    """How instances of cls are to be pickled. True: reduce() is to be asked for each. A type: by
    reduce_by(), made again by that type's __new__ or, where it is cls, by its own. set_state: as
    pickle does, but for that. None: pickle's way will do."""
    if issubclass(cls, type) or (cls.__module__, cls.__name__) in _ASKED:
        return True
    if not cls.__flags__ & HEAP:
        return None
    base = next(c for c in cls.__mro__ if "__new__" in c.__dict__
                and not isinstance(c.__dict__["__new__"], staticmethod))
    if any(getattr(cls, n, None) is not getattr(base, n, None) for n in _OWN):
        return None
    if issubclass(cls, BaseException):
        # made of its args, which need not be what its constructor takes
        own = (BaseException.__reduce__, BaseException.__basicsize__)
        return base if (base.__reduce__, base.__basicsize__) == own else None
    new = next(c.__dict__["__new__"] for c in cls.__mro__ if "__new__" in c.__dict__)
    new = getattr(new, "__func__", None)
    if type(new) is Function:
        if base in _VALUES:
            return base  # given the value that it has, not what it was made of
        required = new.__code__.co_argcount - 1 - len(new.__defaults__ or ())
        if required > 0 or new.__code__.co_kwonlyargcount > len(new.__kwdefaults__ or ()):
            return base
    if type(getattr(cls, "__setstate__", None)) is Function:
        return cls
    getters = (getattr(cls, n, None) for n in ("__getattr__", "__getattribute__"))
    return set_state if any(type(g) is Function for g in getters) else None


def reduce_by(obj: object, said: object):
    """What pickle does with it, but for what how() said."""
    cls = type(obj)
    made = object.__reduce_ex__(obj, 4) if said is set_state else obj.__reduce_ex__(4)
    if said is set_state:
        made += (None,) * (5 - len(made))
        return made if made[2] is None else made + (set_state,)
    if said is not cls:
        if made[0] is copyreg.__newobj__:
            made = (said.__new__,) + made[1:]
        elif made[0] is cls:
            made = (said.__new__, (cls,) + made[1]) + made[2:]
    if type(getattr(cls, "__setstate__", None)) is not Function or made[3:5] not in _NO_ITEMS:
        return made
    place = _place(obj, cls)
    if not place:
        return made
    return kept, (sys.modules[place[0]], place[1]) + made[:2] + (made + (None,))[2:3]


HEAP = 1 << 9  # of a type's flags: made by a class statement, or like one
_NO_ITEMS = ((), (None,), (None, None))
