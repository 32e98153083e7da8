# SPDX-License-Identifier: Apache-2.0
"""How objects of the standard library are encoded, where what they hold is not in their attributes: for
each class what is to be seen of it. Nothing of the library is imported for it."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from typing import Any, Callable, List, Tuple

from . import encode
from .byname import Copy

Pairs = List[Tuple[str, Any]]

_FILE_MAX = 256 << 20  # bytes of a file that are read
_DUMP_MAX = 10000  # statements that make a database again


def handler(base: type, t: type) -> Any:
    """The handler that t gets for being base, a class of the standard library's; None if none."""
    make = _CLASSES.get((base.__module__, base.__name__))
    return make and make(t, base)


def hidden_fields(v: Any) -> Pairs:
    """Of what is like a named tuple and made in C: the fields that are not among its elements."""
    how = v.__reduce__()
    more = how[1][1] if len(how[1]) > 1 else {}
    return list(more.items())


# What handlers are made of. ---------------------------------------------------------------------


def _scalar(parts: Callable[[Any, Any], tuple]) -> Any:
    """parts(base, v): what a value that cannot change is made of."""
    return lambda t, base: encode._payload(t, lambda v: parts(base, v), base)


def _object(pairs: Callable[[Any], Pairs], attributes: bool = True) -> Any:
    return lambda t, base: encode._stated(t, pairs, attributes)


def _opaque(reason: str) -> Any:
    return lambda t, base: lambda e, v: encode._opaque(v, reason)


def _items(kind: str, contents: Any, more: Any) -> Any:
    return lambda t, base: encode._with_state(kind, t, contents, more)


# Classes. ---------------------------------------------------------------------------------------


def _zone(v: Any) -> tuple:
    return () if v.tzinfo is None else (v.tzinfo,)


def _zone_info(t: type, base: Any) -> Any:
    keyed = encode._payload(t, lambda v: (v.key,), base)
    return lambda e, v: keyed(e, v) if v.key is not None else encode._opaque(
        v, "a time zone without a name")


def _match(v: Any) -> Pairs:
    return [("re", v.re), ("string", v.string), ("pos", v.pos), ("endpos", v.endpos),
            ("regs", v.regs)]


def _text_in_memory(t: type, base: Any) -> Any:
    def pairs(v: Any) -> Pairs:
        if v.closed:
            return [("closed", True)]
        value, newline, at, _ = base.__getstate__(v)
        return [("value", value), ("newline", newline), ("position", at)]

    return encode._stated(t, pairs)


def _bytes_in_memory(t: type, base: Any) -> Any:
    def pairs(v: Any) -> Pairs:
        if v.closed:
            return [("closed", True)]
        return [("value", base.getvalue(v)), ("position", base.tell(v))]

    return encode._stated(t, pairs)


def _file(t: type, base: Any) -> Any:
    def handle(e: Any, v: Any) -> bytes:
        if e.probing:
            raise encode.Changes
        for name in ("stdin", "stdout", "stderr"):
            if v is getattr(sys, name) or v is getattr(sys, "__%s__" % name):
                return encode._global(v, "sys." + name)
        try:
            if v.closed:
                pairs: Any = [("closed", True)]
            else:
                raw = getattr(getattr(v, "buffer", v), "raw", None)
                pairs = _copied(v, raw) if isinstance(raw, Copy) else _on_disk(v)
        except (OSError, ValueError):
            pairs = None
        if pairs is None:
            return encode._opaque(v, "an open file")
        for name in ("mode", "encoding", "errors"):
            if isinstance(getattr(v, name, None), str):
                pairs.append((name, getattr(v, name)))
        return encode._node(encode._start("object", t), [], encode._state(e, pairs))

    return handle


def _copied(v: Any, copy: Copy) -> Pairs:
    """Of a file in memory that stands for one on disk."""
    if v.writable():
        v.flush()
        return [("written", copy.getvalue())]
    return [_position(v)]


def _on_disk(v: Any) -> Any:
    """Of a regular file: which it is, what is in it, and where in it its user is."""
    if v.writable():
        v.flush()
    if not stat.S_ISREG(os.fstat(v.fileno()).st_mode):
        return None
    digest = hashlib.sha256()
    left = _FILE_MAX
    with open("/proc/self/fd/%d" % v.fileno(), "rb") as f:
        for chunk in iter(lambda: f.read(1 << 20), b""):
            digest.update(chunk)
            left -= len(chunk)
            if left < 0:
                return None
    pairs = [("sha256", digest.hexdigest()), _position(v)]
    return [("name", v.name)] + pairs if isinstance(v.name, str) else pairs


def _position(v: Any) -> Tuple[str, Any]:
    try:
        return "position", v.tell()
    except OSError:  # it is being iterated over
        return "rest", v.read()


def _array(t: type, base: Any) -> Any:
    start = encode._start("array", t)
    attributes = encode._attributes(t)
    kinds = {"f": "f", "d": "f"}

    def handle(e: Any, v: Any) -> bytes:
        code = v.typecode
        state = encode._state(e, [("typecode", code)] + attributes(v))
        if code in "uw":
            shape = encode._ARRAY[1] + encode._int(len(v))
            return encode._node(start, [encode.text("text"), shape, e.put(v.tounicode())], state)
        if sys.byteorder == "big":
            v = v[:]
            v.byteswap()
        kind = kinds.get(code) or ("i" if code.islower() else "u")
        return encode._array(start, "<%s%d" % (kind, v.itemsize), (len(v),), v.tobytes(), state)

    return handle


def _deque(v: Any) -> Pairs:
    return [("maxlen", v.maxlen)] if v.maxlen is not None else []


def _ordered(t: type, base: Any) -> Any:
    # its own idea of order, which is not that of the dict it is
    def contents(e: Any, v: Any) -> list:
        return [e.put(x) for pair in base.items(v) for x in pair]

    return encode._with_state("map", t, contents)


def _lock(v: Any) -> Pairs:
    if hasattr(v, "locked") and not hasattr(v, "_is_owned"):
        return [("locked", v.locked())]
    return [("owned", v._is_owned())]


def _weak(t: type, base: Any) -> Any:
    start = encode._start("object", t)
    return lambda e, v: encode._node(start, [], encode._state(e, [("target", v())]))


def _proxy(t: type, base: Any) -> Any:
    start = encode._start("object", t)
    # any attribute is that of the object behind it
    return lambda e, v: encode._node(start, [], encode._state(e, [("target", v.__reduce_ex__.__self__)]))


def _weak_set(t: type, base: Any) -> Any:
    start = encode._start("set", t)
    return lambda e, v: encode._node(start, encode._in_order(e, list(v)))


def _finalizer(v: Any) -> Pairs:
    held = v.peek()
    return [("alive", held is not None)] + (
        list(zip(("of", "func", "args", "kwargs"), held)) if held else [])


def _hash(t: type, base: Any) -> Any:
    def handle(e: Any, v: Any) -> bytes:
        if not hasattr(v, "digest") or not hasattr(v, "name"):
            return encode._reduced_handler(t)(e, v)
        try:
            parts = [v.name, v.digest()]
        except TypeError:  # shake_128 wants a length
            parts = [v.name, v.digest(32)]
        return encode._node(encode._start("scalar", t), [e.put(x) for x in parts])

    return handle


def _lru_cache(t: type, base: Any) -> Any:
    def handle(e: Any, v: Any) -> bytes:
        name = encode._qualified(v)
        if encode._named(v):
            return encode._global(v, name)
        how = [("parameters", v.cache_parameters())] if hasattr(v, "cache_parameters") else []
        return encode._node(encode._start("function", t), [
            encode.text(name), encode.text(""), e.put(v.__wrapped__)], encode._state(e, how))

    return handle


def _future(t: type, base: Any) -> Any:
    def pairs(v: Any) -> Pairs:
        if v.cancelled():
            return [("cancelled", True)]
        error = v.exception()
        return [("result", v.result())] if error is None else [("exception", error)]

    done = encode._stated(t, pairs, False)
    return lambda e, v: done(e, v) if v.done() else encode._opaque(v, "it is not done")


def _simple_queue(v: Any) -> Pairs:
    items = [v.get_nowait() for _ in range(v.qsize())]
    for item in items:
        v.put(item)
    return [("items", items)]


def _context_variable(v: Any) -> Pairs:
    missing = object()
    held = v.get(missing)
    return [("name", v.name)] + ([] if held is missing else [("value", held)])


def _log_record(v: Any) -> Pairs:
    """What was said; when, in which process and at which line is of the run and the file."""
    said = [(k, v.__dict__[k]) for k in ("name", "levelname", "levelno", "msg", "args")
            if k in v.__dict__]
    error = v.exc_info[1] if isinstance(v.exc_info, tuple) else None
    more = [p for p in v.__dict__.items() if p[0] not in _OF_RECORDS]
    return said + ([("error", error)] if error is not None else []) + more


_OF_RECORDS = {
    "name", "levelname", "levelno", "msg", "args", "created", "msecs", "relativeCreated", "pathname",
    "filename", "module", "lineno", "funcName", "stack_info", "exc_info", "exc_text", "thread",
    "threadName", "process", "processName", "taskName", "asctime", "message"}


def _database(t: type, base: Any) -> Any:
    def handle(e: Any, v: Any) -> bytes:
        dump = []
        for line in v.iterdump():
            dump.append(line)
            if len(dump) > _DUMP_MAX:
                return encode._opaque(v, "a large database")
        pairs = [("dump", dump), ("in_transaction", v.in_transaction),
                 ("isolation_level", v.isolation_level)]
        return encode._node(encode._start("object", t), [], encode._state(e, pairs))

    return handle


def _named_parts(*names: str) -> Any:
    return _object(lambda v: [(name, getattr(v, name)) for name in names])


def _all(modules: tuple, names: tuple, make: Any) -> dict:
    return {(module, name): make for module in modules for name in names}


_ZONES = ("zoneinfo", "zoneinfo._zoneinfo", "backports.zoneinfo")
_HASHES = ("_hashlib", "_blake2", "_md5", "_sha1", "_sha2", "_sha256", "_sha512", "_sha3")
_CONTEXT = ("builtins", "contextvars", "_contextvars")
_WEAK = ("builtins", "weakref")
_CLASSES = {
    ("decimal", "Decimal"): _scalar(lambda base, v: (str(v),)),
    ("_pydecimal", "Decimal"): _scalar(lambda base, v: (str(v),)),
    ("fractions", "Fraction"): _scalar(lambda base, v: (v.numerator, v.denominator)),
    ("uuid", "UUID"): _scalar(lambda base, v: (v.int,)),
    ("datetime", "datetime"): _scalar(lambda base, v: (base.isoformat(v), v.fold) + _zone(v)),
    ("datetime", "time"): _scalar(lambda base, v: (base.isoformat(v), v.fold) + _zone(v)),
    ("datetime", "date"): _scalar(lambda base, v: (base.isoformat(v),)),
    ("datetime", "timedelta"): _scalar(lambda base, v: (v.days, v.seconds, v.microseconds)),
    ("datetime", "timezone"): _scalar(lambda base, v: (repr(v),)),
    ("collections", "deque"): _items("seq", lambda e, v: e.puts(list(v)), _deque),
    ("collections", "defaultdict"): _items(
        "map", lambda e, v: encode._pairs(e, v), lambda v: [("default_factory", v.default_factory)]),
    ("collections", "OrderedDict"): _ordered,
    ("_io", "StringIO"): _text_in_memory,
    ("_io", "BytesIO"): _bytes_in_memory,
    ("functools", "partial"): _named_parts("func", "args", "keywords"),
    ("functools", "_lru_cache_wrapper"): _lru_cache,
    ("logging", "LogRecord"): _object(_log_record, False),
    ("_threading_local", "local"): _object(lambda v: list(v.__dict__.items()), False),
    ("_thread", "_local"): _object(lambda v: list(v.__dict__.items()), False),
    ("array", "array"): _array,
    ("_weakrefset", "WeakSet"): _weak_set,
    ("weakref", "WeakMethod"): _weak,
    ("weakref", "finalize"): _object(_finalizer),
    ("_queue", "SimpleQueue"): _object(_simple_queue),
    ("random", "SystemRandom"): _object(lambda v: []),
    ("sqlite3", "Row"): _object(lambda v: [("keys", list(v.keys())), ("values", tuple(v))]),
    ("sqlite3", "Connection"): _database,
    ("posix", "DirEntry"): _named_parts("name", "path"),
    ("_csv", "Dialect"): _named_parts("delimiter", "doublequote", "escapechar", "lineterminator",
                                      "quotechar", "quoting", "skipinitialspace", "strict"),
    ("asyncio.events", "AbstractEventLoop"): _opaque("an event loop"),
    **_all(("builtins", "_struct"), ("Struct",), _scalar(lambda base, v: (v.format,))),
    **_all(("re", "_sre"), ("Pattern",), _scalar(lambda base, v: (v.pattern, v.flags))),
    **_all(("re", "_sre"), ("Match",), _object(_match)),
    **_all(("pathlib", "pathlib._local"), ("PurePath",), _scalar(lambda base, v: (str(v),))),
    **_all(_ZONES, ("ZoneInfo",), _zone_info),
    **_all(("_io",), ("TextIOWrapper", "BufferedReader", "BufferedWriter", "BufferedRandom",
                      "BufferedRWPair", "FileIO"), _file),
    **_all(("logging",), ("Logger", "RootLogger"),
           lambda t, base: lambda e, v: encode._global(v, v.name)),
    **_all(("_thread",), ("lock", "RLock", "LockType"), _object(_lock)),
    **_all(_WEAK, ("weakref", "ReferenceType"), _weak),
    **_all(_WEAK, ("weakproxy", "weakcallableproxy", "ProxyType", "CallableProxyType"), _proxy),
    **_all(("weakref",), ("WeakValueDictionary", "WeakKeyDictionary"),
           _object(lambda v: [("items", dict(v.items()))], False)),
    **_all(_HASHES, ("HASH", "HASHXOF", "HMAC", "blake2b", "blake2s", "md5", "sha1", "sha224", "sha256",
                     "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384", "sha3_512", "shake_128",
                     "shake_256", "SHA224Type", "SHA256Type", "SHA384Type", "SHA512Type"), _hash),
    **_all(("socket", "_socket"), ("socket",), _opaque("a socket")),
    **_all(("_asyncio", "asyncio.futures"), ("Future", "Task"), _future),
    **_all(_CONTEXT, ("ContextVar",), _object(_context_variable)),
    **_all(_CONTEXT, ("Context",), _object(lambda v: [("items", dict(v.items()))])),
    **_all(_CONTEXT, ("Token",), _named_parts("var", "old_value")),
    **_all(("ipaddress",), ("IPv4Address", "IPv4Network", "IPv4Interface", "IPv6Address",
                            "IPv6Network", "IPv6Interface"), _scalar(lambda base, v: (str(v),))),
}
