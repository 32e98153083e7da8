# SPDX-License-Identifier: Apache-2.0
"""What a call did, as the bytes of cf-value.5: a flat heap of nodes in CBOR.

Nodes are numbered where they are first referred to, breadth first, so no depth of nesting is too
deep. A handler turns one object into one node and refers to the objects in it; which handler a type
has is found once and kept. Objects of the standard library's are library.py's, arrays and tables
arrays.py's. Nothing here imports a library of the user's.
"""

from __future__ import annotations

import copyreg
import hashlib
import sys
from struct import Struct, pack
from types import (
    BuiltinFunctionType,
    BuiltinMethodType,
    CellType,
    CodeType,
    FunctionType,
    GeneratorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
)

from .byname import hides_state

MAX_NODES = 1000000
MAX_BYTES = 64 << 20
PROBE_NODES = 1024  # what is looked at to tell an element of a set from the others, at most
LAZY_MAX = 10000  # what an iterator is asked for at most

NULL, FALSE, TRUE = b"\xf6", b"\xf4", b"\xf5"
_PLAIN = b"\xf6\x80"  # no state, no flags
_HEAP_TYPE = 1 << 9  # of a type's flags
_F64, _U16, _U32 = Struct(">Bd").pack, Struct(">BH").pack, Struct(">BI").pack


class TooLarge(Exception):
    """The value is over the encoder's bounds: the call cannot be judged."""


class Changes(Exception):
    """Looking at this object would change it, where that is not to be."""


# CBOR heads and scalars. ------------------------------------------------------------------------


def _head(major: int, n: int) -> bytes:
    major <<= 5
    if n < 24:
        return bytes((major | n,))
    if n < 0x100:
        return bytes((major | 24, n))
    if n < 0x10000:
        return pack(">BH", major | 25, n)
    if n < 0x100000000:
        return pack(">BI", major | 26, n)
    return pack(">BQ", major | 27, n)


_SMALL = {i: _head(0, i) if i >= 0 else _head(1, -1 - i) for i in range(-128, 512)}
_TEXT = [_head(3, i) for i in range(256)]
_ARRAY = [_head(4, i) for i in range(256)]
_REF = [b"\xd8\x1d" + _head(0, i) for i in range(1024)]


def _int(v: int) -> bytes:
    b = _SMALL.get(v)
    if b is not None:
        return b
    if 0 < v < 0x10000:
        return _U16(0x19, v)
    if 0 < v < 0x100000000:
        return _U32(0x1A, v)
    major = 0
    n = v
    if v < 0:
        major, n = 1, -1 - v
    if n < 0x10000000000000000:
        return _head(major, n)
    raw = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return (b"\xc3" if major else b"\xc2") + _head(2, len(raw)) + raw


def _float(v: float) -> bytes:
    return _F64(0xFB, v)


def _str(v: str):
    try:
        b = v.encode()
    except UnicodeEncodeError:  # a lone surrogate: becomes a node that carries the bytes
        return None
    n = len(b)
    return _TEXT[n] + b if n < 256 else _head(3, n) + b


def _bytes(v: bytes) -> bytes:
    return _head(2, len(v)) + v


def _bool(v: bool) -> bytes:
    return TRUE if v else FALSE


def _none(v: None) -> bytes:
    return NULL


_INLINE = {int: _int, float: _float, str: _str, bytes: _bytes, bool: _bool, type(None): _none}


def text(v: str) -> bytes:
    """A CBOR text; what is not valid Unicode is written with backslashes."""
    b = v.encode("utf-8", "backslashreplace")
    return _head(3, len(b)) + b


def _list_head(n: int) -> bytes:
    return _ARRAY[n] if n < 256 else _head(4, n)


_KEYS: dict = {}  # attribute names as CBOR


def _key(name: object) -> bytes:
    b = _KEYS.get(name) if type(name) is str else None
    if b is None:
        b = text(name if isinstance(name, str) else repr(name))
        if type(name) is str and len(_KEYS) < 10000:
            _KEYS[name] = b
    return b


# Types. -----------------------------------------------------------------------------------------

MAIN = None  # the module name that stands for __main__
DERIVED = False  # whether the input is one that nobody gave the function
TARGET = None  # the code of the function that is called: it is the same function whatever its code


def type_name(t: type) -> str:
    """ "list", "decimal.Decimal", "pkg.mod.Outer.Inner"."""
    module = type.__getattribute__(t, "__module__")
    name = type.__getattribute__(t, "__qualname__")
    if module == "builtins":
        return name
    if module == "__main__" and MAIN:
        module = MAIN
    return "%s.%s" % (module, name) if isinstance(module, str) else name


def _start(kind: str, t: object) -> bytes:
    """The first bytes of every node of this kind and type."""
    return b"\x85" + text(kind) + text(t if isinstance(t, str) else type_name(t))


class Drained:
    """A lazy result that was realised: stands for the generator or iterator it came from."""

    __slots__ = ("type", "items", "truncated", "value", "error")

    def __init__(self, kind: str) -> None:
        self.type = kind
        self.items: list = []
        self.truncated = False
        self.value = None
        self.error = None


def drain(iterator: object, kind: str = "", limit: int = LAZY_MAX) -> Drained:
    """Takes what it yields up to a limit. An error that it raises is kept, not raised."""
    d = Drained(kind or type_name(type(iterator)))
    step = type(iterator).__next__
    add = d.items.append
    try:
        for _ in range(limit):
            add(step(iterator))
        d.truncated = True
    except StopIteration as stop:
        d.value = stop.value
    except Exception as error:
        d.error = error
    return d


class Lines:
    """A text as its lines, of which each may differ by itself."""

    __slots__ = ("lines",)

    def __init__(self, said: str) -> None:
        self.lines = said.splitlines(True)


# The encoder. -----------------------------------------------------------------------------------


class Encoder:
    """One heap. put() gives the bytes that stand for an object; heap() the nodes behind them."""

    __slots__ = ("queue", "ids", "memory", "nodes", "size", "probing", "left", "max_nodes",
                 "max_bytes")

    def __init__(self, max_nodes: int = MAX_NODES, max_bytes: int = MAX_BYTES) -> None:
        self.queue: list = []  # also keeps every object alive, so that no id comes back
        self.ids: dict = {}
        self.memory: dict = {}  # arrays met, by what owns their memory
        self.nodes: list = []
        self.size = 0
        self.probing = False
        self.max_nodes = max_nodes
        self.max_bytes = max_bytes

    def put(self, v: object) -> bytes:
        t = type(v)
        f = _INLINE.get(t)
        if f is not None:
            b = f(v)
            if b is not None:
                return b
        i = self.ids.get(id(v))
        if i is None:
            if t not in _HANDLERS:
                _HANDLERS[t] = _find_handler(t)
            i = len(self.queue)
            if i >= self.max_nodes:
                raise TooLarge
            self.queue.append(v)
            if t not in _FRESH:
                self.ids[id(v)] = i
        return _REF[i] if i < 1024 else b"\xd8\x1d" + _head(0, i)

    def puts(self, v: object) -> list:
        """put() of every item of a list or tuple; long runs of one plain type go faster."""
        if len(v) > 8:
            kinds = set(map(type, v))
            if len(kinds) == 1:
                t = kinds.pop()
                if t is float:
                    raw = pack(">%dd" % len(v), *v)
                    return [b"\xfb" + raw[i : i + 8] for i in range(0, len(raw), 8)]
                if t is int:
                    return list(map(_int, v))
        put = self.put
        inline = _INLINE
        parts = []
        for x in v:
            f = inline.get(type(x))
            parts.append(f(x) or put(x) if f is not None else put(x))
        return parts

    def heap(self) -> bytes:
        """The nodes of all that was put. More may be put after it, and the heap be asked for again."""
        queue = self.queue
        handlers = _HANDLERS
        nodes = self.nodes
        while len(nodes) < len(queue):
            v = queue[len(nodes)]
            if self.probing:
                self.left[0] -= 1
                if self.left[0] < 0:
                    raise TooLarge
            try:
                node = handlers[type(v)](self, v)
            except (TooLarge, Changes):
                raise
            except Exception as error:
                node = _opaque(v, "it cannot be read: %s" % _words(error))
            self.size += len(node)
            if self.size > self.max_bytes:
                raise TooLarge
            nodes.append(node)
        return _list_head(len(nodes)) + b"".join(nodes)


def _node(start: bytes, items: list, state: bytes = NULL, flags: bytes = b"\x80") -> bytes:
    return start + _list_head(len(items)) + b"".join(items) + state + flags


def _state(e: Encoder, pairs: list) -> bytes:
    """State from [(name, object)]."""
    if not pairs:
        return NULL
    put = e.put
    return _list_head(2 * len(pairs)) + b"".join([_key(k) + put(x) for k, x in pairs])


def _words(error: BaseException) -> str:
    """An error in a few words, without asking more of the user's code than it takes."""
    try:
        return "%s: %s" % (type(error).__name__, str(error)[:200])
    except Exception:
        return type(error).__name__


def _opaque(v: object, reason: str) -> bytes:
    return _node(_start("opaque", type(v)), [text(reason)])


def _sequence(start: bytes):
    def handler(e: Encoder, v: object) -> bytes:
        n = len(v)
        if n > MAX_BYTES:
            raise TooLarge
        return start + _list_head(n) + b"".join(e.puts(v)) + _PLAIN

    return handler


def _mapping(start: bytes):
    def handler(e: Encoder, v: dict) -> bytes:
        put = e.put
        parts = []
        for k, x in v.items():
            parts.append(put(k))
            parts.append(put(x))
        return start + _list_head(len(parts)) + b"".join(parts) + _PLAIN

    return handler


def _in_order(e: Encoder, v: list) -> list:
    """A set's elements by their own encoding, so that equal sets are equal bytes."""
    if all(type(x) in _INLINE for x in v):
        known = len(e.queue)
        parts = [e.put(x) for x in v]
        if len(e.queue) == known:
            parts.sort()
        return parts
    keyed = []
    try:
        for x in v:
            keyed.append((_plain_key(x) or _own_key(e, x), x))
        keyed.sort(key=lambda pair: pair[0])
        v = [x for _, x in keyed]
    except (Changes, TooLarge):
        pass
    return [e.put(x) for x in v]


def _plain_key(v: object) -> bytes:
    """The key of a tuple of plain scalars, the commonest element there is; b"" of anything else."""
    if type(v) is not tuple:
        return b""
    parts = []
    for x in v:
        f = _INLINE.get(type(x))
        b = f(x) if f is not None else None
        if b is None:
            return b""
        parts.append(b)
    return b"\x84" + b"".join(parts)


def _own_key(e: Encoder, v: object) -> bytes:
    """Its encoding when there is nothing else. Changes or TooLarge when that says nothing."""
    probe = Encoder(256, 1 << 16)
    probe.probing = True
    # sets in sets in sets, each element of which has all of them: one bound for all below an element
    probe.left = e.left if e.probing else [PROBE_NODES]
    return probe.put(v) + probe.heap()


def _set_of(start: bytes):
    def handler(e: Encoder, v: object) -> bytes:
        return _node(start, _in_order(e, list(v)))

    return handler


def _payload(t: type, parts, base: type = None):
    """A node of kind scalar whose items are parts(v), and what a subclass of base adds to them."""
    start = _start("scalar", t)
    attributes = _attributes(t, base) if base is not None and base is not t else None
    made_of = _made_of(t)

    def handler(e: Encoder, v: object) -> bytes:
        state = NULL if attributes is None else _state(e, attributes(v) + made_of)
        return _node(start, [e.put(x) for x in parts(v)], state)

    return handler


def _array(start: bytes, dtype: str, shape: object, raw: bytes, state: bytes = NULL) -> bytes:
    dims = _list_head(len(shape)) + b"".join(map(_int, shape))
    return _node(start, [text(dtype), dims, _bytes(raw)], state)


# Names: classes, functions, modules. ------------------------------------------------------------


def _qualified(v: object) -> str:
    module = getattr(v, "__module__", None)
    name = getattr(v, "__qualname__", None) or getattr(v, "__name__", None)
    if not isinstance(name, str):
        name = "?"
    if module == "__main__" and MAIN:
        module = MAIN
    return "%s.%s" % (module, name) if isinstance(module, str) and module != "builtins" else name


def _named(v: object) -> bool:
    """Whether its qualified name, looked up, is this very object."""
    module = getattr(v, "__module__", None)
    found = sys.modules.get(module) if isinstance(module, str) else None
    if found is None:
        return False
    try:
        for part in v.__qualname__.split("."):
            found = getattr(found, part)
    except Exception:
        return False
    return found is v


def _global(v: object, name: str) -> bytes:
    return _node(_start("global", type(v)), [text(name)])


def _class(e: Encoder, v: type) -> bytes:
    if not _is_found_nowhere(v):
        return _global(v, type_name(v))
    own = type.__dict__["__dict__"].__get__(v)
    pairs = [("__name__", type_name(v)), ("__bases__", v.__bases__)]
    pairs += [p for p in own.items() if p[0] not in _OF_CLASSES]
    return _node(_start("object", type(v)), [], _state(e, pairs))


_OF_CLASSES = {"__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "_abc_impl",
               "__firstlineno__", "__static_attributes__"}


def _is_found_nowhere(t: type) -> bool:
    """Whether a class is one that its name does not lead to: made in a function, for instance."""
    if not t.__flags__ & _HEAP_TYPE or _named(t):
        return False
    name = type.__getattribute__(t, "__module__")
    if name in sys.builtin_module_names:  # types that Python itself has and does not show
        return False
    file = getattr(sys.modules.get(name) if isinstance(name, str) else None, "__file__", None)
    return not (isinstance(file, str) and file.endswith((".so", ".pyd")))


def _made_of(t: type) -> list:
    """The state that an instance has by its class, where that is to be compared too."""
    return [("__class__", t)] if _is_found_nowhere(t) else []


def _module(e: Encoder, v: ModuleType) -> bytes:
    own = ModuleType.__getattribute__(v, "__dict__")
    name = own.get("__name__")
    if not isinstance(name, str) or sys.modules.get(name) is not v and (
            name in sys.modules or own.get("__file__") is None):  # made by the program
        pairs = [p for p in own.items() if p[0] not in ("__builtins__", "__loader__", "__spec__")]
        return _node(_start("object", type(v)), [], _state(e, pairs))
    return _global(v, MAIN if name == "__main__" and MAIN else name)


def _digest(code: CodeType) -> str:
    """Of what the code does, not of where in the file it stands."""
    if code is TARGET:
        return "the function itself"
    h = hashlib.sha256()
    stack = [code]
    while stack:
        c = stack.pop()
        h.update(c.co_code)
        h.update(repr((c.co_names, c.co_varnames, c.co_freevars, c.co_argcount, c.co_flags,
                       c.co_posonlyargcount, c.co_kwonlyargcount)).encode(
            "utf-8", "backslashreplace"))
        for k in c.co_consts:
            if isinstance(k, CodeType):
                stack.append(k)
            elif isinstance(k, frozenset):
                h.update(repr(sorted(map(repr, k))).encode("utf-8", "backslashreplace"))
            else:
                h.update(repr(k).encode("utf-8", "backslashreplace"))
    return h.hexdigest()[:16]


class _Empty:
    """Stands for a closure cell that holds nothing yet."""


_EMPTY = _Empty()


def _cell(cell: object) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


def _function(e: Encoder, v: FunctionType) -> bytes:
    if _named(v):
        return _global(v, _qualified(v))
    items = [text(_qualified(v)), text(_digest(v.__code__))]
    items += [e.put(_cell(c)) for c in v.__closure__ or ()]
    state = [("__defaults__", v.__defaults__), ("__kwdefaults__", v.__kwdefaults__)]
    state = [p for p in state if p[1]] + [p for p in v.__dict__.items() if p[0] != "__wrapped__"]
    return _node(_start("function", type(v)), items, _state(e, state))


def _method(e: Encoder, v: MethodType) -> bytes:
    items = [text(_qualified(v.__func__)), text(""), e.put(v.__self__)]
    if not _named(v.__func__):
        items.append(e.put(v.__func__))
    return _node(_start("function", type(v)), items)


def _builtin(e: Encoder, v: object) -> bytes:
    owner = getattr(v, "__self__", None)
    if owner is None or isinstance(owner, ModuleType):
        return _global(v, _qualified(v))
    return _node(_start("function", type(v)), [text(_qualified(v)), text(""), e.put(owner)])


def _by_name(e: Encoder, v: object) -> bytes:
    return _global(v, _qualified(v))


def _by_repr(e: Encoder, v: object) -> bytes:
    return _global(v, repr(v))


# Errors. ----------------------------------------------------------------------------------------


# what is not among the arguments, or may have been set since
_OF_ERRORS = ((OSError, ("filename", "filename2")), (ImportError, ("name", "path")),
              (SyntaxError, ("msg", "filename", "lineno", "offset", "text")))


def _error_handler(t: type):
    start = _start("error", t)
    more = next((names for base, names in _OF_ERRORS if issubclass(t, base)), ())
    rest = _attributes(t)
    made_of = _made_of(t)

    def handler(e: Encoder, v: BaseException) -> bytes:
        context = None if v.__suppress_context__ else v.__context__
        pairs = [(k, getattr(v, k, None)) for k in more]
        notes = None
        for k, x in rest(v):
            if k == "__notes__":
                notes = x
            else:
                pairs.append((k, x))
        items = [e.put(x) for x in (v.args, v.__cause__, context, notes)]
        return _node(start, items, _state(e, pairs + made_of))

    return handler


# Lazy things. -----------------------------------------------------------------------------------


def _drained(e: Encoder, d: Drained) -> bytes:
    items = e.puts(d.items)
    pairs = []
    if d.value is not None:
        pairs.append(("return", d.value))
    if d.error is not None:
        pairs.append(("raise", d.error))
    flags = b"\x81" + text("truncated") if d.truncated else b"\x80"
    return _node(_start("iter", d.type), items, _state(e, pairs), flags)


def _iterator(e: Encoder, v: object) -> bytes:
    if e.probing:
        raise Changes
    return _drained(e, drain(v))


# Objects. ---------------------------------------------------------------------------------------

_instance_dict = object.__getattribute__
def _attributes(t: type, below: type = object):
    """A function that lists an instance's [(name, value)]: its __dict__, then its slots."""
    slots = []
    for c in t.__mro__[: t.__mro__.index(below)]:
        names = c.__dict__.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else tuple(names):
            if name in ("__dict__", "__weakref__"):
                continue
            attr = name
            if name.startswith("__") and not name.endswith("__"):
                attr = "_%s%s" % (c.__name__.lstrip("_"), name)
            member = c.__dict__.get(attr)
            if isinstance(member, MemberDescriptorType):
                slots.append((attr, member.__get__))
    has_dict = t.__dictoffset__ != 0 and (below is object or not below.__dictoffset__)
    remembered = _remembered(t)

    def attributes(v: object) -> list:
        pairs = list(_instance_dict(v, "__dict__").items()) if has_dict else []
        if remembered:
            pairs = [p for p in pairs if p[0] not in remembered]
        for name, get in slots:
            try:
                pairs.append((name, get(v)))
            except AttributeError:
                pass
        return pairs

    return attributes


def _remembered(t: type) -> set:
    """Attributes in which an installed library's class keeps what it has worked out from the others:
    they are there when somebody has asked. Of a class of the project's it may be the wrong thing."""
    names: set = set()
    for c in t.__mro__:
        found = [n for n, d in c.__dict__.items() if type(d).__name__ == "cached_property"]
        file = getattr(sys.modules.get(c.__module__), "__file__", None) if found else None
        if isinstance(file, str) and ("site-packages" in file or "dist-packages" in file):
            names.update(found)
    return names


def _flags_of(t: type) -> bytes:
    flags = [text("eq")] if isinstance(t.__eq__, FunctionType) else []
    if getattr(t.__dict__.get("__dataclass_params__"), "frozen", False):
        flags.append(text("frozen"))
    return _list_head(len(flags)) + b"".join(flags)


_FROZEN = b"\x81" + text("frozen")


def _object_handler(t: type):
    start = _start("object", t) + b"\x80"
    flags = _flags_of(t)
    attributes = _attributes(t)
    made_of = _made_of(t)

    def handler(e: Encoder, v: object) -> bytes:
        put = e.put
        parts = []
        for k, x in attributes(v) + made_of:
            parts.append(_KEYS.get(k) or _key(k))
            parts.append(put(x))
        return start + _list_head(len(parts)) + b"".join(parts) + flags

    return handler


def _reduced_handler(t: type):
    """By what pickle would be told, for types whose state cannot be seen."""
    start = _start("object", t)
    flags = _flags_of(t)
    attributes = _attributes(t)
    made_of = _made_of(t)

    def handler(e: Encoder, v: object) -> bytes:
        try:
            registered = copyreg.dispatch_table.get(t)
            how = v.__reduce_ex__(4) if registered is None else registered(v)
        except Exception as error:
            return _opaque(v, "its state cannot be read: %s" % error)
        if isinstance(how, str):
            return _global(v, how)
        pairs = [("__reduce__", how[:2])]
        if len(how) > 2 and how[2] is not None:
            pairs.append(("__state__", how[2]))
        elif t.__dictoffset__:
            pairs += attributes(v)
        if len(how) > 3 and how[3] is not None:
            pairs.append(("__items__", list(how[3])))
        if len(how) > 4 and how[4] is not None:
            pairs.append(("__pairs__", list(how[4])))
        return _node(start, [], _state(e, pairs + made_of), flags)

    return handler


def _stated(t: type, pairs, own: bool = True):
    """A node of kind object whose state is pairs(v), and the instance's own attributes."""
    start = _start("object", t)
    attributes = _attributes(t) if own else None
    made_of = _made_of(t)

    def handler(e: Encoder, v: object) -> bytes:
        state = pairs(v) if attributes is None else pairs(v) + attributes(v)
        return _node(start, [], _state(e, state + made_of))

    return handler


# Subclasses of builtins: their contents and their attributes. -----------------------------------


def _with_state(kind: str, t: type, contents, more=None):
    start = _start(kind, t)
    attributes = _attributes(t)
    made_of = _made_of(t)
    fixed = issubclass(t, (tuple, frozenset))

    def handler(e: Encoder, v: object) -> bytes:
        items = contents(e, v)
        pairs = attributes(v)
        flags = _FROZEN if fixed and not pairs else b"\x80"
        if more is not None:
            pairs = more(v) + pairs
        return _node(start, items, _state(e, pairs + made_of), flags)

    return handler


def _pairs(e: Encoder, v: dict) -> list:
    parts = []
    for k, x in dict.items(v):
        parts.append(e.put(k))
        parts.append(e.put(x))
    return parts


def _odd_str(e: Encoder, v: str) -> bytes:
    return _node(_start("scalar", str), [_bytes(v.encode("utf-8", "surrogatepass"))])


def _scalar_str(e: Encoder, v: str) -> list:
    v = str.__str__(v)
    b = _str(v)
    return [_bytes(v.encode("utf-8", "surrogatepass")) if b is None else b]


_BUILTIN_BASES = (
    (list, "seq", lambda e, v: e.puts(list(list.__iter__(v)))),
    (tuple, "seq", lambda e, v: e.puts(tuple(tuple.__iter__(v)))),
    (dict, "map", _pairs),
    (set, "set", lambda e, v: _in_order(e, list(set.__iter__(v)))),
    (frozenset, "set", lambda e, v: _in_order(e, list(frozenset.__iter__(v)))),
    (str, "scalar", _scalar_str),
    (int, "scalar", lambda e, v: [_int(int.__add__(v, 0))]),
    (float, "scalar", lambda e, v: [_float(float.__float__(v))]),
    (complex, "scalar", lambda e, v: [_float(v.real), _float(v.imag)]),
    (bytes, "scalar", lambda e, v: [_bytes(bytes.__getitem__(v, slice(None)))]),
)


# The rest of what is built in. ------------------------------------------------------------------


def _bytearray_handler(t: type):
    start = _start("array", t)
    attributes = _attributes(t)

    def handler(e: Encoder, v: bytearray) -> bytes:
        return _array(start, "|u1", (len(v),), bytes(v), _state(e, attributes(v)))

    return handler


def _memoryview(e: Encoder, v: memoryview) -> bytes:
    try:
        state = [] if v.readonly else [("obj", v.obj)]  # what is done to it is done to that
        return _array(_start("array", memoryview), v.format, v.shape, v.tobytes(), _state(e, state))
    except ValueError as error:
        return _opaque(v, str(error))


_OF_MEMBERS = {"_name_", "_value_", "__objclass__", "_sort_order_", "_inverted_"}


def _enum_handler(t: type):
    start = _start("scalar", t)
    made_of = _made_of(t)

    def handler(e: Encoder, v: object) -> bytes:
        own = [p for p in v.__dict__.items() if p[0] not in _OF_MEMBERS]
        return _node(start, [e.put(v._name_), e.put(v._value_)], _state(e, own + made_of))

    return handler


# Finding the handler. ---------------------------------------------------------------------------

_HANDLERS: dict = {
    str: _odd_str,
    list: _sequence(_start("seq", list)),
    tuple: _sequence(_start("seq", tuple)),
    dict: _mapping(_start("map", dict)),
    set: _set_of(_start("set", set)),
    frozenset: _set_of(_start("set", frozenset)),
    complex: _payload(complex, lambda v: (v.real, v.imag)),
    range: _payload(range, lambda v: (v.start, v.stop, v.step)),
    slice: _payload(slice, lambda v: (v.start, v.stop, v.step)),
    bytearray: _bytearray_handler(bytearray),
    memoryview: _memoryview,
    FunctionType: _function,
    MethodType: _method,
    BuiltinFunctionType: _builtin,
    BuiltinMethodType: _builtin,
    MethodWrapperType: _builtin,
    ModuleType: _module,
    Drained: _drained,
    type(Ellipsis): _by_repr,
    type(NotImplemented): _by_repr,
    MappingProxyType: lambda e, v: _mapping(_start("map", MappingProxyType))(e, dict(v)),
    property: _stated(
        property, lambda v: [("fget", v.fget), ("fset", v.fset), ("fdel", v.fdel)], False),
    classmethod: _stated(classmethod, lambda v: [("func", v.__func__)], False),
    staticmethod: _stated(staticmethod, lambda v: [("func", v.__func__)], False),
    CellType: _stated(CellType, lambda v: [("contents", _cell(v))]),
    _Empty: lambda e, v: _node(_start("object", _Empty), []),
    Lines: lambda e, v: _node(_start("seq", "lines"), [e.put(line) for line in v.lines]),
    CodeType: lambda e, v: _node(_start("scalar", CodeType), [text(_digest(v))]),
}
for _t in (type({}.keys()), type({}.values()), type({}.items())):
    _HANDLERS[_t] = _with_state("seq", _t, lambda e, v: e.puts(list(v)))
for _t in (type(str.join), type(int.__add__), type(int.__dict__["real"]), MemberDescriptorType):
    _HANDLERS.setdefault(_t, _by_name)

# Plain values that are written again wherever they are met: sharing one is nobody's business.
_FRESH = {str, complex, range, slice}


def _find_handler(t: type):
    try:
        return _choose_handler(t)
    except Exception as error:
        reason = "it cannot be read: %s" % _words(error)
        return lambda e, v: _opaque(v, reason)


def _choose_handler(t: type):
    if issubclass(t, type):
        return _class
    if issubclass(t, BaseException):
        return _error_handler(t)
    enum = sys.modules.get("enum")
    if enum is not None and issubclass(t, enum.Enum):
        return _enum_handler(t)
    h = arrays.handler(t)
    if h is not None:
        return h
    for c in t.__mro__:
        h = library.handler(c, t)
        if h is not None:
            if c is t and c.__module__ in ("decimal", "fractions", "uuid", "datetime"):
                _FRESH.add(t)
            return h
    for base, kind, contents in _BUILTIN_BASES:
        if issubclass(t, base):
            more = library.hidden_fields if hasattr(t, "n_sequence_fields") else None
            return _with_state(kind, t, contents, more)
    if t.__module__ == "builtins" and t.__name__ in ("odict_keys", "odict_values", "odict_items"):
        return _with_state("seq", t, lambda e, v: e.puts(list(v)))
    if issubclass(t, bytearray):
        return _bytearray_handler(t)
    if issubclass(t, ModuleType):
        return _module
    if t is GeneratorType:
        return _iterator
    step = getattr(t, "__next__", None)
    if step is not None and not isinstance(step, FunctionType):
        return _iterator
    if t.__name__ in ("coroutine", "async_generator", "frame", "traceback"):
        reason = "a %s" % t.__name__.replace("_", " ")
        return lambda e, v: _opaque(v, reason)
    if hides_state(t, object):
        return _reduced_handler(t)
    return _object_handler(t)


# Outcomes. --------------------------------------------------------------------------------------


def outcome(kind: str, roots: list, raised_by: str = "", said: list | tuple = (),
            limits: tuple = ()) -> bytes:
    """An encoded outcome. roots: [(name, object)]; said: [(name, function)] of what is asked for its
    text last, since realising what is lazy may still print. Too large becomes a skip."""
    e = Encoder(*limits)
    try:
        parts = [text(name) + e.put(v) for name, v in roots]
        heap = e.heap()
        for name, take in said:
            words = take()
            if words:
                parts.append(text(name) + e.put(Lines(words)))
                heap = e.heap()
    except TooLarge:
        return skipped("too large")
    head = _OUTCOME[kind]
    if raised_by:
        head = head[0] + text(raised_by)
    else:
        head = head[1]
    return b"".join([head, _ROOTS, _list_head(len(parts)), b"\x82",
                     b"\x82".join(parts), _HEAP, heap])


_SCHEMA = text("schema") + text("cf/outcome/1") + text("kind")
_OUTCOME = {
    "return": (None, b"\xa4" + _SCHEMA + text("return")),
    "raise": (b"\xa5" + _SCHEMA + text("raise") + text("raised_by"),
              b"\xa4" + _SCHEMA + text("raise")),
}
_ROOTS, _HEAP = text("roots"), text("heap")


_SKIPPED = b"\xa5" + _SCHEMA + text("skip") + text("reason")


def skipped(reason: str) -> bytes:
    """The outcome of a call that cannot be judged."""
    return _SKIPPED + text(reason) + _ROOTS + b"\x80" + _HEAP + b"\x80"


def ended(outcome: bytes) -> str:
    """"return", or by whom what it raised was: "project" or "runtime"."""
    head = _OUTCOME["raise"][0]
    if not outcome.startswith(head):
        return "return"
    return "project" if outcome.startswith(text("project"), len(head)) else "runtime"


def is_skipped(outcome: bytes) -> bool:
    return outcome.startswith(_SKIPPED)


def value(v: object, limits: tuple = ()) -> bytes:
    """A bare value. TooLarge when it is."""
    e = Encoder(*limits)
    root = e.put(v)
    return (b"\xa3" + text("schema") + text("cf/value/1") + _ROOTS + b"\x81\x82" + text("value")
            + root + _HEAP + e.heap())


def untouched(v: object, max_nodes: int, max_bytes: int) -> bytes:
    """A value's encoding where it is within these bounds and looking at it does not change it. An
    error where not."""
    e = Encoder(max_nodes, max_bytes)
    e.probing = True
    e.left = [max_nodes]
    return e.put(v) + e.heap()


def frame(pairs: list) -> bytes:
    """A worker's frame: little-endian length and a map of [(key, int | str | bytes | bool)]."""
    body = _head(5, len(pairs)) + b"".join(
        [text(k) + (text(v) if type(v) is str else _INLINE[type(v)](v)) for k, v in pairs])
    return pack("<I", len(body)) + body


from . import arrays, library  # noqa: E402 made of what is above

_HANDLERS[arrays.Values] = arrays.values
