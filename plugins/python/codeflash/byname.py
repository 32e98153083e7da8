# SPDX-License-Identifier: Apache-2.0
"""Pickling, for the recorder, of what pickle itself refuses or would not make again.

A class or function that does not bear the name it is found by is pickled by where it is found; one
that is found nowhere, a lambda or an inner function, by its code and what it closes over; a module by
its name. Instances whose class has a __new__ that pickle cannot call are made by that of the built-in
type beneath; those that a module has, and that may refuse to be made again, can be taken from there.
The project's own __reduce__ and __getstate__ are not asked: a program's code is not run behind its back,
nor waited for. What they are for may be to leave out what cannot be pickled: they are where it fails
otherwise.
A lock is made anew, held if the caller held it; a file that is open for reading becomes one in memory
with what it had, one that is open for writing an empty one.
"""

from __future__ import annotations

import copyreg
import marshal
import os
import stat
import sys
from _io import BufferedReader, BufferedWriter, BytesIO, TextIOWrapper
from _thread import _local as Local
from gc import get_referents
from operator import attrgetter, is_
from time import perf_counter

Function = type(lambda: None)
Module = type(sys)
Code = type((lambda: None).__code__)
Member = type(Function.__closure__)
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


def of_program(path: str):
    """A class or function of the program's own file."""
    return attrgetter(path)(module("__main__"))


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
    made.__defaults__, made.__kwdefaults__, made.__qualname__, made.__module__, names, contents = state
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


def set_raw(made: object, state: object) -> None:
    """Sets what _raw() has read: the attributes, or also slots and contents."""
    own, slots, contents = state if type(state) is tuple else (state, (), None)
    if own:
        object.__getattribute__(made, "__dict__").update(own)
    for cls, name, v in slots:
        try:
            cls.__dict__[name].__set__(made, v)
        except (AttributeError, TypeError):
            if cls.__flags__ & HEAP:
                raise
            # an exception's that is made of its arguments and for reading only
    if contents is not None:
        base, args, held = contents
        base.__init__(made, *args)
        if base is set:
            set.update(made, held)
        elif hasattr(base, "extend"):
            base.extend(made, held)
        else:
            for k, v in held:
                base.__setitem__(made, k, v)


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


def lock(make: object, held: bool):
    """A lock of that kind."""
    made = make()
    if held:
        made.acquire()
    return made


def local(cls: type, names: dict):
    """A threading.local with what this thread had in it."""
    made = Local.__new__(cls)
    made.__dict__.update(names)
    return made


def structure(form: str):
    """A struct.Struct of that format."""
    from struct import Struct

    return Struct(form)


def memory(held: object, code: str, shape: tuple) -> memoryview:
    """A view of the bytes, of items of that format."""
    plain = memoryview(held)
    return plain if code == "B" and len(shape) == 1 else plain.cast("B").cast(code, shape)


class Copy(BytesIO):
    """Stands for a file on disk."""

    name: object
    mode: object


def file(data, name: object, mode: object, at: int, words: tuple):
    """A file in memory; without data it is there to be written to. words: of text its encoding and
    how errors are treated, () of bytes; at is what tell() has said."""
    raw = Copy(b"" if data is None else data)
    raw.name, raw.mode = name, mode
    made = BufferedWriter(raw) if data is None else BufferedReader(raw)
    if words:
        made = TextIOWrapper(made, *words)
        made.mode = mode
    if data is not None:
        made.seek(at)
    return made


# Recording. ---------------------------------------------------------------------------------------

PATIENCE = 0.002  # seconds, with a class's own way to be pickled
FILE = 1 << 20  # what is kept of a file at most, in bytes
_places: dict = {}  # by id: (module, path) of classes, functions and some instances
_again: dict = {}  # by package: when to look through it again
_slow: set = set()  # types whose own way to be pickled takes too long
_fragile: set = set()  # types with a __setstate__ that instances were looked for of


def _reach(found: object, path: list) -> object:
    """What is found by these names, one within the other; None where there is no such thing."""
    for part in path:
        found = getattr(found, part, None)
    return found


def _is(obj: object, name: str, path: str) -> bool:
    """Whether the object is what the module of that name has there."""
    return _reach(sys.modules.get(name), path.split(".")) is obj


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


def is_probe(constant: object) -> bool:
    return type(constant).__name__ == "Probe"


def _plain_code(code: Code) -> Code:
    """The code without our probes, which marshal does not know: a number does as well."""
    return code.replace(co_consts=tuple(
        _plain_code(c) if type(c) is Code else 1 if is_probe(c) else c for c in code.co_consts))


def _marshallable(value: object):
    """The value with all codes in it as they may be written; itself where there is nothing to change."""
    t = type(value)
    if t is Code:
        return _plain_code(value) if _has_probe(value) else value
    if t in (tuple, list, set, frozenset):
        items = list(map(_marshallable, value))
        return value if all(map(is_, items, value)) else t(items)
    if t is dict:
        pairs = [(k, _marshallable(v)) for k, v in value.items()]
        return value if all(v is value[k] for k, v in pairs) else dict(pairs)
    return value


def _has_probe(code: Code) -> bool:
    return any(_has_probe(c) if type(c) is Code else is_probe(c) for c in code.co_consts)


def before_marshal(value: object, *rest: object) -> tuple:
    """For marshal.dumps() and dump()."""
    return (_marshallable(value),) + rest


def _contents(place: object) -> tuple:
    try:
        return (place.cell_contents,)
    except ValueError:
        return ()


def _reduce_function(f: Function):
    # a wrapper may bear the name and module of what it wraps
    where = sys.modules.get(f.__globals__.get("__name__"))
    if f.__globals__ is not getattr(where, "__dict__", None):
        return NotImplemented
    cells = f.__closure__
    return (function, (marshal.dumps(_plain_code(f.__code__)), where, f.__name__, cells),
            (f.__defaults__, f.__kwdefaults__, f.__qualname__, f.__module__, f.__dict__,
             tuple(map(_contents, cells or ()))), None, None, furnish)


def _is_of_program(obj: object) -> bool:
    """Whether it is of a file that another program runs as __main__, which is that program still."""
    functions = [obj] if type(obj) is Function else obj.__dict__.values()
    names = next((f.__globals__ for f in functions if type(f) is Function), {})
    first, *rest = obj.__qualname__.split(".")
    return _reach(names.get(first), rest) is obj and names.get("__name__") == "__main__"


def _reduce_class(obj: object):
    name = getattr(obj, "__module__", None)
    if not isinstance(name, str) or _is(obj, name, obj.__qualname__):
        return None
    if name == "__main__" and _is_of_program(obj):
        return of_program, (obj.__qualname__,)
    if name not in sys.modules:
        raise ValueError("%s is of the module %s, which is not there" % (obj.__qualname__, name))
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


def _reduce_file(f: object):
    for name in ("stdout", "stderr", "stdin"):
        if getattr(sys, name, None) is f:
            return getattr, (sys, name)
    try:
        now = os.fstat(f.fileno())
        reads = f.readable()
        if reads is f.writable() or not stat.S_ISREG(now.st_mode) or reads and now.st_size > FILE:
            return NotImplemented
        data = os.pread(f.fileno(), now.st_size, 0) if reads else None
        # not while it is iterated over: the place in it is not known then
        at = f.tell() if reads else 0
    except (OSError, ValueError):
        return NotImplemented
    words = (f.encoding, f.errors) if type(f) is TextIOWrapper else ()
    if words and data and b"\r" in data:
        return NotImplemented  # which ends of lines it translates is not to be seen
    return file, (data, f.name, getattr(f, "mode", None), at, words)


def _reduce_lock(v: object):
    import _thread

    if hasattr(v, "_is_owned"):
        return lock, (_thread.RLock, v._is_owned())
    return lock, (_thread.allocate_lock, v.locked())


def _reduce_local(v: object):
    return local, (type(v), dict(v.__dict__))


def _reduce_memory(v: memoryview):
    if not v.c_contiguous:
        return NotImplemented
    return memory, (v.tobytes() if v.readonly else bytearray(v), v.format, v.shape)


def _reduce_struct(v: object):
    return structure, (v.format,)


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


class quiet:
    """No warnings of a category from a place (a module by its name, as filters take it; None: any),
    which the program has not asked for. Beside the filters that it has: to change these through the
    module warnings would have every warning shown once more."""

    def __init__(self, *categories: type, place: object = None) -> None:
        self.ours = [("ignore", None, c, place, 0) for c in categories]

    def __enter__(self) -> None:
        # those that are shown are in the module's list
        self.filters = (sys.modules.get("warnings") or sys.modules["_warnings"]).filters
        self.filters[:0] = self.ours

    def __exit__(self, *error: object) -> None:
        for one in self.ours:
            if one in self.filters:  # the program may have cleared them
                self.filters.remove(one)


def _reduce_itertool(v: object):
    with quiet(DeprecationWarning):
        return v.__reduce__()


# by module and name, for not all of these types need be there
_ASKED = {
    ("builtins", "function"): _reduce_class, ("builtins", "module"): _reduce_module,
    ("builtins", "cell"): lambda c: (cell, ()),
    ("builtins", "code"): lambda c: (marshal.loads, (marshal.dumps(_plain_code(c)),)),
    ("_io", "TextIOWrapper"): _reduce_file, ("_io", "BufferedReader"): _reduce_file,
    ("_io", "BufferedWriter"): _reduce_file,
    ("weakref", "ReferenceType"): _reduce_ref, ("builtins", "weakref"): _reduce_ref,
    ("weakref", "WeakValueDictionary"): _reduce_weak, ("weakref", "WeakKeyDictionary"): _reduce_weak,
    ("_weakrefset", "WeakSet"): lambda v: (type(v), (list(v),)),
    ("re", "Match"): _reduce_match,
    ("_thread", "lock"): _reduce_lock, ("_thread", "RLock"): _reduce_lock,
    ("builtins", "mappingproxy"): _reduce_view, ("builtins", "memoryview"): _reduce_memory,
    ("_struct", "Struct"): _reduce_struct, ("builtins", "Struct"): _reduce_struct,
}
_ASKED.update((("builtins", kind + what), _reduce_view)
              for kind in ("dict_", "odict_") for what in ("keys", "values", "items"))


def reduce(obj: object):
    """For objects of types of which how() says so: NotImplemented where pickle is to try, None where
    it will always be able to."""
    t = type(obj)
    if issubclass(t, type):
        return _reduce_class(obj)
    other = _reduce_itertool if t.__module__ == "itertools" else _reduce_local
    return _ASKED.get((t.__module__, t.__name__), other)(obj)


# exactly of the built-in type, whatever a subclass makes of its methods
_CONTENTS = {
    int: lambda v: int.__add__(v, 0), float: float.__float__, complex: complex.__pos__,
    str: str.__str__, bytes: lambda v: bytes.__getitem__(v, slice(None)),
    tuple: lambda v: tuple(tuple.__iter__(v)), frozenset: lambda v: frozenset(frozenset.__iter__(v)),
}
# the same of what is filled when it is made already, for its contents may have it: by module and name,
# what its own __init__ takes, and the contents
_FILLED = {
    ("builtins", "list"): lambda base, v: ((), list(base.__iter__(v))),
    ("builtins", "dict"): lambda base, v: ((), list(base.items(v))),
    ("builtins", "set"): lambda base, v: ((), list(base.__iter__(v))),
    ("collections", "OrderedDict"): lambda base, v: ((), list(base.items(v))),
    ("collections", "defaultdict"): lambda base, v: (
        (base.default_factory.__get__(v),), list(base.items(v))),
    ("collections", "deque"): lambda base, v: (((), base.maxlen.__get__(v)), list(base.__iter__(v))),
}
_VALUES = (int, float, complex, str, bytes, tuple)
_HOOKS = ("__reduce_ex__", "__reduce__", "__getstate__", "__getnewargs_ex__", "__getnewargs__")
_OWN = ("__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__")


def ours(path: str) -> bool:
    """Whether the file is of the program's project; the recorder says."""
    return False


def plain_state(obj: object):
    """The attributes of a plain instance, without giving it a __dict__; None: there may be one. The
    recorder's."""
    return None


def _hooks(cls: type, names: tuple) -> list:
    """The class's own functions of those names."""
    found = (getattr(cls, n, None) for n in names)
    return [f for f in found if type(f) is Function]


def _is_own(cls: type, names: tuple) -> bool:
    return any(ours(f.__code__.co_filename) for f in _hooks(cls, names))


def _name(cls: type) -> tuple:
    return cls.__module__, cls.__name__


def _is_odd(cls: type) -> bool:
    """Whether the class's own code would be run, or come between, in pickle's way."""
    for c in cls.__mro__:
        for name, d in c.__dict__.items() if c.__flags__ & HEAP else ():
            if name in ("__class__", "__setattr__") or (
                    type(d) is Member and d is not next(
                        (b.__dict__[name] for b in cls.__mro__ if name in b.__dict__), None)):
                return True
    return False


def hides_state(cls: type, base: type) -> bool:
    """Whether instances hold more than those of base, attributes, slots and weak references."""
    size = base.__basicsize__
    if cls.__dictoffset__ and not (sys.version_info >= (3, 11) and cls.__flags__ & MANAGED_DICT):
        size += WORD
    if cls.__weakrefoffset__ > 0:
        size += WORD
    for c in cls.__mro__:
        if "__slots__" in c.__dict__:
            size += WORD * sum(type(m) is Member for m in c.__dict__.values())
    return cls.__itemsize__ != base.__itemsize__ or cls.__basicsize__ > size


def _built_in(cls: type):
    """The built-in type that its instances are made by, when Python knows all that they hold."""
    base = next(c for c in cls.__mro__ if c is object or c in _CONTENTS or _name(c) in _FILLED
                or issubclass(c, BaseException) and not c.__flags__ & HEAP)
    # Exception beside BaseExceptionGroup has nothing of its own
    if hides_state(cls, base) or any(
            c not in base.__mro__ and not (c is Exception and issubclass(base, BaseException))
            for c in cls.__mro__ if not c.__flags__ & HEAP):
        return None
    return base


def _raw(obj: object):
    """What an instance holds, without any of its class's methods."""
    cls = type(obj)
    base = _built_in(cls)
    own = plain_state(obj)
    if own is None and cls.__dictoffset__:
        own = object.__getattribute__(obj, "__dict__")
    slots = []
    error = issubclass(base, BaseException)
    if error:  # the cause first: setting it decides whether the context is shown
        names = ("args", "__cause__", "__context__")
        slots += [(BaseException, n, BaseException.__dict__[n].__get__(obj)) for n in names]
    for c in cls.__mro__:
        for name, d in c.__dict__.items() if error or c.__flags__ & HEAP else ():
            if type(d) is Member:
                try:
                    slots.append((c, name, d.__get__(obj, cls)))
                except AttributeError:
                    pass  # nothing is in it
    if error:
        slots = [s for s in slots if s[2] is not None or s[0].__flags__ & HEAP]  # as it is when made
    args: tuple = ()
    contents = None
    if _name(base) in _FILLED:
        contents = (base,) + _FILLED[_name(base)](base, obj)
    elif base in _CONTENTS:
        args = _CONTENTS[base](obj),
    elif error:
        args = BaseException.args.__get__(obj)
    return base.__new__, (cls,) + args, (own, slots, contents), None, None, set_raw


def by_hooks(obj: object):
    """As its class wants it."""
    cls = type(obj)
    if cls in _slow:
        raise ValueError("%s takes too long to be pickled" % cls.__qualname__)
    start = perf_counter()
    made = obj.__reduce_ex__(4)
    if perf_counter() - start > PATIENCE:
        _slow.add(cls)
    return made


def how(cls: type):
    """How instances of cls are to be pickled. True: reduce() is to be asked for each. A type: by
    reduce_by(), made again by that type's __new__ or, where it is cls, by its own. set_state or
    set_raw: as pickle does, but for that; in a list: where that fails, by_hooks(). None: pickle's
    way will do."""
    if issubclass(cls, (type, Local)) or (cls.__module__, cls.__name__) in _ASKED:
        return True
    if cls.__module__ == "itertools":
        return True
    if not cls.__flags__ & HEAP and not issubclass(cls, BaseException):
        return None
    built_in = _built_in(cls)
    if _is_own(cls, _HOOKS) and built_in and "_member_map_" not in cls.__dict__:
        return [set_raw]
    if built_in and not _hooks(cls, _HOOKS) and (built_in is not object or _is_odd(cls)):
        return set_raw  # of exceptions, too: their args need not be what their constructor takes
    base = next(c for c in cls.__mro__ if "__new__" in c.__dict__
                and not isinstance(c.__dict__["__new__"], staticmethod))
    if issubclass(cls, BaseException) or any(
            getattr(cls, n, None) is not getattr(base, n, None) for n in _OWN):
        return None
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
    if not any(type(g) is Function for g in getters):
        return None
    return set_state if _hooks(cls, _HOOKS) or not built_in else set_raw


def reduce_by(obj: object, said: object):
    """What pickle does with it, but for what how() said."""
    cls = type(obj)
    if said is set_raw:
        made = _raw(obj)
        # one that holds nothing is known by who it is, if the class says by which name
        alone = made[1] == (cls,) and not any(made[2])
        place = _place(obj, cls) if alone and _is_own(cls, _HOOKS[:2]) else None
        named = place and any(place[1] in f.__code__.co_consts for f in _hooks(cls, _HOOKS[:2]))
        return (attrgetter(place[1]), (sys.modules[place[0]],)) if named else made
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


MANAGED_DICT = 1 << 4  # of a type's flags, from 3.11 on: the attributes are not where basicsize counts
WORD = object.__basicsize__ // 2
HEAP = 1 << 9  # of a type's flags: made by a class statement, or like one
_NO_ITEMS = ((), (None,), (None, None))
