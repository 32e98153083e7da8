# SPDX-License-Identifier: Apache-2.0
"""Values by type, each with others that are equal to it and with near misses: what looks the same but is
not, and the path at which it shows. Run by any Python from 3.8 on, it writes them encoded.

    value_cases.py FOLDER   writes FOLDER/N.cbor and FOLDER/index.json
"""

import argparse
import array
import ast
import asyncio
import collections
import collections.abc
import concurrent.futures
import configparser
import contextvars
import csv
import dataclasses
import datetime
import decimal
import email.message
import enum
import fractions
import functools
import hashlib
import hmac
import http.cookies
import importlib
import io
import ipaddress
import itertools
import json
import logging
import os
import operator
import pathlib
import queue
import random
import re
import sqlite3
import statistics
import string
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import types
import typing
import urllib.parse
import uuid
import weakref
import xml.etree.ElementTree as ET

try:
    import zoneinfo
except ImportError:
    zoneinfo = None


class Plain:
    shared = 0

    def __init__(self, **state):
        self.__dict__.update(state)

    def method(self):
        return self

    def other(self):
        return self


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, **state):
        for name, v in state.items():
            setattr(self, name, v)


class Derived(Slotted):  # slots and a __dict__
    pass


class Property:
    def __init__(self, v):
        self._v = v

    @property
    def v(self):
        return 1


class Shade(enum.Enum):
    RED = 1
    CRIMSON = 1
    BLUE = 2


class Level(enum.IntEnum):
    ONE = 1


class Perm(enum.Flag):
    R = 1
    W = 2


class MyList(list):
    pass


class MyDict(dict):
    pass


class MyStr(str):
    pass


class MyInt(int):
    pass


class MyFloat(float):
    pass


class MyBytes(bytes):
    pass


class MyTuple(tuple):
    pass


class MySet(set):
    pass


class MyDeque(collections.deque):
    pass


class MyText(io.StringIO):
    pass


class MyPartial(functools.partial):
    pass


Pair = collections.namedtuple("Pair", "x y")


class Typed(typing.NamedTuple):
    x: int


@dataclasses.dataclass
class Data:
    n: int
    rest: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Frozen:
    n: int


class Code(Exception):
    def __init__(self, message, code=0):
        super().__init__(message)
        self.code = code


def with_attributes(v, **more):
    for name, x in more.items():
        setattr(v, name, x)
    return v


def twice(v):
    """The same object in two places."""
    return [v, v]


def cyclic(n):
    v = [n]
    v.append(v)
    return v


def adder(n, name="add"):
    def add(x):
        return x + n

    add.__qualname__ = name
    return add


def adder_with(n=1):
    def add(x, y=n):
        return x + y

    return add


def subtractor(n):
    def add(x):
        return x - n

    add.__qualname__ = "add"
    return add


def local_class(n):
    class Local:
        size = n

        def value(self):
            return n

    return Local


def local_method(n):
    return types.MethodType(lambda self: n, Plain(a=1))


def raised(make, cause=None, context=None, note=None):
    """An error as it is when it was caught."""
    try:
        try:
            if context is not None:
                raise context
        finally:
            if cause is not None:
                raise make from cause
            raise make
    except BaseException as error:
        if note is not None:
            error.__notes__ = [note]
        return error


def seeded(n, draws=0):
    r = random.Random(n)
    for _ in range(draws):
        r.random()
    return r


def advanced(iterator, n):
    for _ in range(n):
        next(iterator)
    return iterator


def numbers(n, end=None):
    for i in range(n):
        yield i
    return end


def moved(od, key):
    od.move_to_end(key)
    return od


def read(f, n):
    f.read(n)
    return f


def done(result=None, error=None):
    loop = asyncio.new_event_loop()
    try:
        future = loop.create_future()
        if error is not None:
            future.set_exception(error)
            future.exception()
        else:
            future.set_result(result)
        return future
    finally:
        loop.close()


def filled(q, *items):
    for item in items:
        q.put(item)
    return q


def is_set(event):
    event.set()
    return event


def held(lock):
    lock.acquire()
    return lock


def element(text, **attributes):
    e = ET.Element("a", attributes)
    e.text = text
    ET.SubElement(e, "b").tail = "t"
    return e


def database(*rows):
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t (a, b)")
    db.executemany("INSERT INTO t VALUES (?, ?)", rows)
    db.commit()
    return db


def one_row(*row):
    db = database(row)
    db.row_factory = sqlite3.Row
    return db.execute("SELECT * FROM t").fetchone()


def config(text):
    c = configparser.ConfigParser()
    c.read_string(text)
    return c


def cookie(text):
    c = http.cookies.SimpleCookie()
    c.load(text)
    return c


def mail(body, subject="s"):
    m = email.message.EmailMessage()
    m["Subject"] = subject
    m.set_content(body)
    return m


def record(message, *args, **more):
    r = logging.LogRecord("name", 20, "file.py", 7, message, args, None)
    r.__dict__.update(more)
    return r


def file_with(text, at=0, mode="w+"):
    f = open(os.path.join(SCRATCH, "f.txt"), mode)
    f.write(text)
    f.flush()
    f.seek(at)
    return f


def variable(v):
    c = contextvars.ContextVar("c")
    c.set(v)
    return c


def context(v):
    c = contextvars.copy_context()
    c.run(COUNT.set, v)
    return c


COUNT = contextvars.ContextVar("COUNT", default=0)
SCRATCH = tempfile.gettempdir()
KEPT = [Plain(a=1), Plain(a=2)]


def weak(i):
    return weakref.ref(KEPT[i])


def parsed(*words):
    p = argparse.ArgumentParser()
    p.add_argument("--n", type=int)
    return p.parse_args(words)


def view(*, copy):
    """An array with a slice of it, or with a copy of that."""
    a = np.arange(4)
    return [a, a[1:].copy() if copy else a[1:]]


def frame(**columns):
    return pd.DataFrame(columns or {"a": [1, 2], "b": ["x", None]})


# type, value, equal values, near misses: {expression: path}
CASES = {"": [
    ("None", "None", [], {"0": "value", "False": "value"}),
    ("bool", "True", [], {"1": "value", "False": "value"}),
    ("int", "10**30", ["10 ** 30"], {"10**30 + 1": "value", "float(10**30)": "value",
                                     "MyInt(10**30)": "value"}),
    ("float", "0.3", ["0.1 + 0.2"], {"0.3000001": "value", "decimal.Decimal('0.3')": "value"}),
    ("nan", "float('nan')", ["-float('nan')", "float('inf') - float('inf')"], {
        "float('inf')": "value", "None": "value"}),
    ("zero", "0.0", [], {"-0.0": "value", "0": "value"}),
    ("complex", "1+2j", ["complex(1, 2)"], {"1-2j": "value", "1+0j": "value"}),
    ("str", "'e\\u0301'", [], {"'\\u00e9'": "value", "b'e'": "value", "MyStr('e\\u0301')": "value"}),
    ("surrogates", "'\\ud800'", [], {"'\\ud801'": "value", "'\\\\ud800'": "value"}),
    ("bytes", "b'ab'", [], {"b'aB'": "value", "bytearray(b'ab')": "value", "'ab'": "value",
                            "memoryview(b'ab')": "value"}),
    ("bytearray", "bytearray(b'ab')", [], {"bytearray(b'ac')": "value[1]", "b'ab'": "value"}),
    ("list", "[1, [2]]", [], {"[1, [2, 3]]": "len(value[1])", "(1, [2])": "type(value)",
                              "[1, (2,)]": "type(value[1])", "[1, [2.0]]": "value[1][0]"}),
    ("tuple", "(1, (2,))", ["(1, (1 + 1,))"], {"(1, (3,))": "value[1][0]", "MyTuple((1, (2,)))": "type(value)"}),
    ("shared list", "twice([1])", [], {"[[1], [1]]": "value[1]"}),
    ("cycle", "cyclic(1)", [], {"[1, cyclic(1)]": "value[1]", "cyclic(2)": "value[0]"}),
    ("shared tuple", "twice((1, 2))", ["[(1, 2), tuple([1, 2])]"], {}),
    ("shared namedtuple", "twice(Pair(1, 2))", ["[Pair(1, 2), Pair(1, 2)]"], {}),
    ("shared frozen dataclass", "twice(Frozen(1))", ["[Frozen(1), Frozen(1)]"], {}),
    ("shared dataclass", "twice(Data(1))", [], {"[Data(1), Data(1)]": "value[1]"}),
    ("dict", "{'a': 1, 'b': 2}", ["dict(a=1, b=2)"], {
        "{'b': 2, 'a': 1}": "value.keys()[0]", "{'a': 1, 'b': 3}": "value['b']",
        "{'a': 1, 'b': 2, 'c': 3}": "value.keys()[2]", "collections.OrderedDict(a=1, b=2)": "type(value)",
        "{'a': True, 'b': 2}": "value['a']"}),
    ("keys of a dict", "{1: 0}", [], {"{1.0: 0}": "value.keys()[0]", "{True: 0}": "value.keys()[0]"}),
    ("set", "{1, 'a', (2,)}", ["{(2,), 'a', 1}"], {"{1, 'a', (3,)}": "value", "{1, 'a'}": "value",
                                                 "frozenset({1, 'a', (2,)})": "type(value)"}),
    ("frozenset", "frozenset({frozenset({1}), 2})", ["frozenset([2, frozenset([1])])"], {
        "frozenset({frozenset({2}), 2})": "value"}),
    ("range", "range(0, 6, 2)", [], {"range(0, 7, 2)": "value", "[0, 2, 4]": "type(value)"}),
    ("slice", "slice(1, None)", [], {"slice(1, None, 1)": "value"}),
    ("dict views", "{1: 2}.keys()", [], {"{1: 3}.values()": "type(value)", "{2: 2}.keys()": "value[0]",
                                         "[1]": "type(value)"}),
    ("ordered views", "collections.OrderedDict(a=1).items()", [], {
        "collections.OrderedDict(a=2).items()": "value[0][1]"}),
    ("mappingproxy", "types.MappingProxyType({1: 2})", [], {"{1: 2}": "type(value)",
                                                            "types.MappingProxyType({1: 3})": "value[1]"}),
    ("memoryview", "memoryview(bytearray(b'abcd'))", [], {
        "memoryview(bytearray(b'abcd')).cast('H')": "value", "memoryview(b'abcd')": "value.obj",
        "memoryview(bytearray(b'abce'))": "value[3]", "memoryview(bytearray(b'xabcd'))[1:]": "value.obj"}),
    ("Ellipsis", "...", [], {"NotImplemented": "type(value)"}),
    ("object with state", "Plain(a=1, b=[2])", ["Plain(b=[2], a=1)"], {
        "Plain(a=1, b=[3])": "value.b[0]", "Plain(a=1)": "value.b", "Plain(a=1, b=[2], c=3)": "value.c",
        "Slotted(a=1, b=[2])": "type(value)"}),
    ("slots", "Slotted(a=1)", [], {"Slotted(a=2)": "value.a", "Slotted(a=1, b=None)": "value.b"}),
    ("slots and attributes", "with_attributes(Derived(a=1), c=2)", [], {
        "with_attributes(Derived(a=1), c=3)": "value.c", "with_attributes(Derived(a=2), c=2)": "value.a"}),
    ("property", "Property(1)", [], {"Property(2)": "value._v"}),
    ("subclasses of built-ins", "[MyList([1]), MyDict(a=1), MyStr('a'), MyInt(1), MyFloat(1), MyBytes(b'a')]", [], {
        "[MyList([2]), MyDict(a=1), MyStr('a'), MyInt(1), MyFloat(1), MyBytes(b'a')]": "value[0][0]",
        "[MyList([1]), MyDict(a=2), MyStr('a'), MyInt(1), MyFloat(1), MyBytes(b'a')]": "value[1]['a']",
        "[MyList([1]), MyDict(a=1), MyStr('b'), MyInt(1), MyFloat(1), MyBytes(b'a')]": "value[2]",
        "[MyList([1]), MyDict(a=1), MyStr('a'), MyInt(2), MyFloat(1), MyBytes(b'a')]": "value[3]",
        "[MyList([1]), MyDict(a=1), MyStr('a'), MyInt(1), MyFloat(2), MyBytes(b'a')]": "value[4]",
        "[MyList([1]), MyDict(a=1), MyStr('a'), MyInt(1), MyFloat(1), MyBytes(b'b')]": "value[5]"}),
    *[("extra state of " + made, "with_attributes(%s, extra=1)" % made, [], {
        "with_attributes(%s, extra=2)" % made: "value.extra", made: "value.extra"})
      for made in ("MyList([1])", "MyDict(a=1)", "MyStr('a')", "MyInt(1)", "MyFloat(1)", "MyBytes(b'a')",
                   "MyTuple((1,))", "MySet({1})", "MyDeque([1])", "MyText('a')", "MyPartial(len)")],
    ("namedtuple", "Pair(1, 2)", ["Pair(y=2, x=1)"], {"(1, 2)": "type(value)", "Pair(1, 3)": "value[1]"}),
    ("NamedTuple", "Typed(1)", [], {"Typed(2)": "value[0]"}),
    ("local namedtuple", "collections.namedtuple('P', 'x y')(1, 2)", ["collections.namedtuple('P', ['x', 'y'])(1, 2)"], {
        "collections.namedtuple('P', 'x z')(1, 2)": None}),
    ("dataclass", "Data(1, [2])", [], {"Data(1, [3])": "value.rest[0]", "Data(1)": "len(value.rest)"}),
    ("enum", "Shade.RED", ["Shade.CRIMSON", "Shade(1)"], {"Shade.BLUE": "value", "1": "value", "Level.ONE": "type(value)"}),
    ("flags", "Perm.R | Perm.W", ["Perm.W | Perm.R", "Perm(3)"], {"Perm.R": "value"}),
    ("shared member", "twice(Shade.RED)", ["[Shade.RED, Shade.CRIMSON]"], {}),
    # collections
    ("ChainMap", "collections.ChainMap({1: 2}, {3: 4})", [], {
        "collections.ChainMap({1: 2, 3: 4})": "value.maps[0].keys()[1]",
        "collections.ChainMap({3: 4}, {1: 2})": "value.maps[0].keys()[0]"}),
    ("Counter", "collections.Counter('aab')", ["collections.Counter({'a': 2, 'b': 1})"], {
        "collections.Counter('abb')": "value['a']", "collections.Counter('baa')": "value.keys()[0]",
        "{'a': 2, 'b': 1}": "type(value)"}),
    ("OrderedDict", "collections.OrderedDict(a=1, b=2)", ["moved(collections.OrderedDict(b=2, a=1), 'b')"], {
        "collections.OrderedDict(b=2, a=1)": "value.keys()[0]",
        "moved(collections.OrderedDict(a=1, b=2), 'a')": "value.keys()[0]"}),
    ("defaultdict", "collections.defaultdict(list, a=1)", [], {
        "collections.defaultdict(set, a=1)": "value.default_factory", "collections.defaultdict(None, a=1)": "value.default_factory",
        "dict(a=1)": "type(value)"}),
    ("deque", "collections.deque([1, 2], 3)", ["collections.deque([0, 0, 1, 2][2:], maxlen=3)"], {
        "collections.deque([1, 2])": "value.maxlen", "collections.deque([1, 2], 4)": "value.maxlen",
        "collections.deque([2, 1], 3)": "value[0]", "[1, 2]": "type(value)"}),
    ("UserDict", "collections.UserDict(a=1)", [], {"collections.UserDict(a=2)": "value.data['a']"}),
    ("UserList", "collections.UserList([1])", [], {"collections.UserList([2])": "value.data[0]"}),
    ("UserString", "collections.UserString('a')", [], {"collections.UserString('b')": "value.data"}),
    # times
    ("datetime", "datetime.datetime(2020, 10, 25, 2, 30)", ["datetime.datetime(2020, 10, 25, 2, 30, 0, 0)"], {
        "datetime.datetime(2020, 10, 25, 2, 30, fold=1)": "value",
        "datetime.datetime(2020, 10, 25, 2, 30, 0, 1)": "value",
        "datetime.datetime(2020, 10, 25, 2, 30, tzinfo=datetime.timezone.utc)": "value",
        "datetime.date(2020, 10, 25)": "type(value)"}),
    ("an instant", "datetime.datetime(2020, 1, 1, 12, tzinfo=datetime.timezone.utc)", [], {
        "datetime.datetime(2020, 1, 1, 13, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))": "value"}),
    ("date", "datetime.date(2020, 1, 2)", [], {"datetime.date(2020, 2, 1)": "value"}),
    ("time", "datetime.time(1, 2)", [], {"datetime.time(1, 2, fold=1)": "value"}),
    ("timedelta", "datetime.timedelta(hours=24)", ["datetime.timedelta(1)"], {"datetime.timedelta(1, 0, 1)": "value"}),
    ("timezone", "datetime.timezone(datetime.timedelta(0, 3600), 'A')", [], {
        "datetime.timezone(datetime.timedelta(0, 3600), 'B')": "value"}),
    ("struct_time", "time.struct_time((2020, 1, 1, 0, 0, 0, 2, 1, 0, 'UTC', 0))", [], {
        "time.struct_time((2020, 1, 1, 0, 0, 0, 2, 1, 0, 'CET', 0))": "value.tm_zone",
        "time.struct_time((2020, 1, 1, 0, 0, 1, 2, 1, 0, 'UTC', 0))": "value[5]"}),
    # numbers
    ("Decimal", "decimal.Decimal('1.50')", [], {"decimal.Decimal('1.5')": "value", "decimal.Decimal('-1.50')": "value", "1.5": "value"}),
    ("Decimal specials", "decimal.Decimal('NaN')", [], {"decimal.Decimal('sNaN')": "value", "decimal.Decimal('-NaN')": "value"}),
    ("decimal context", "decimal.Context(prec=5)", [], {"decimal.Context(prec=6)": None, "decimal.Context(prec=5, traps=[])": None}),
    ("Fraction", "fractions.Fraction(2, 6)", ["fractions.Fraction(1, 3)"], {"fractions.Fraction(1, 2)": "value"}),
    ("NormalDist", "statistics.NormalDist(0, 1)", [], {"statistics.NormalDist(0, 2)": "value._sigma"}),
    # paths, ids, addresses
    ("Path", "pathlib.PurePosixPath('a/b')", ["pathlib.PurePosixPath('a', 'b')", "pathlib.PurePosixPath('a//b/')"], {
        "pathlib.PurePosixPath('a/../a/b')": "value", "pathlib.PureWindowsPath('a/b')": "type(value)", "'a/b'": "value"}),
    ("UUID", "uuid.UUID(int=5)", ["uuid.UUID('00000000-0000-0000-0000-000000000005')"], {"uuid.UUID(int=6)": "value"}),
    ("IP addresses", "ipaddress.ip_address('1.2.3.4')", ["ipaddress.IPv4Address(0x01020304)"], {
        "ipaddress.ip_address('1.2.3.5')": "value", "ipaddress.ip_address('::102:304')": "type(value)"}),
    ("IP networks", "ipaddress.ip_network('10.0.0.0/8')", ["operator.attrgetter('network')(ipaddress.ip_interface('10.1.2.3/8'))"], {
        "ipaddress.ip_network('10.0.0.0/9')": "value"}),
    ("URL parts", "urllib.parse.urlsplit('http://a/b?c#d')", [], {
        "urllib.parse.urlsplit('http://a/b?c#e')": "value[4]", "urllib.parse.urlparse('http://a/b?c#d')": "type(value)"}),
    # regular expressions
    ("Pattern", "re.compile('a', re.I)", [], {"re.compile('a')": "value", "re.compile('b', re.I)": "value", "re.compile(b'a', re.I)": "value"}),
    ("Match", "re.match('(a)|b', 'ab')", [], {
        "re.match('(a)|b', 'ac')": "value.string", "re.match('a', 'ab')": "value.re",
        "re.compile('(a)|b').match('ab', 0, 1)": "value.endpos", "re.search('(a)|b', 'ab')": "equal"}),
    # arrays and memory
    ("array", "array.array('i', [1, 2])", [], {"array.array('i', [1, 3])": "value[1]", "array.array('I', [1, 2])": "value"}),
    ("array of the same width", "array.array('l', [1])", [], {"array.array('q', [1])": "value.typecode"}),
    ("array of doubles", "array.array('d', [0.3])", ["array.array('d', [0.1 + 0.2])"], {"array.array('d', [0.4])": "value[0]"}),
    ("Struct", "struct.Struct('<i')", [], {"struct.Struct('>i')": "value"}),
    # io
    ("StringIO", "read(io.StringIO('abc'), 1)", [], {"io.StringIO('abc')": "value.position", "read(io.StringIO('abd'), 1)": "value.value",
                                                    "read(io.StringIO('abc', newline=''), 1)": "value.newline"}),
    ("BytesIO", "read(io.BytesIO(b'abc'), 2)", [], {"read(io.BytesIO(b'abc'), 1)": "value.position"}),
    ("a file", "file_with('abc')", ["file_with('abc')"], {"file_with('abc', 1)": "value.position",
                                                      "file_with('abd')": None}),
    # iterators
    ("list iterator", "iter([1, 2, 3])", ["advanced(iter([0, 1, 2, 3]), 1)"], {"advanced(iter([1, 2, 3]), 1)": "value[0]",
        "[1, 2, 3]": "type(value)", "iter((1, 2, 3))": "type(value)"}),
    ("generator", "numbers(2)", ["(i for i in (0, 1))"], {"numbers(3)": "len(value)", "numbers(2, 1)": "value.return"}),
    ("map and filter", "[map(str, [1]), filter(None, [0, 1]), zip('a'), enumerate('a'), reversed([1, 2])]", [], {
        "[map(str, [2]), filter(None, [0, 1]), zip('a'), enumerate('a'), reversed([1, 2])]": "value[0][0]",
        "[map(str, [1]), filter(None, [0, 2]), zip('a'), enumerate('a'), reversed([1, 2])]": "value[1][0]",
        "[map(str, [1]), filter(None, [0, 1]), zip('a'), enumerate('a', 1), reversed([1, 2])]": "value[3][0][0]"}),
    ("itertools", "itertools.islice(itertools.count(), 3)", ["itertools.islice(range(9), 3)"], {
        "itertools.islice(itertools.count(1), 3)": "value[0]"}),
    ("endless", "itertools.cycle([1, 2])", ["itertools.cycle([1, 2, 1, 2])"], {"itertools.cycle([2, 1])": "value[0]", "itertools.repeat(1, 10000)": "type(value)"}),
    ("groupby", "[(k, list(g)) for k, g in itertools.groupby('aab')]", [], {"itertools.groupby('aab')": "type(value)"}),
    ("csv reader", "csv.reader(['a,b'])", [], {"csv.reader(['a,c'])": "value[0][1]"}),
    ("sqlite cursor", "database((1, 2)).execute('SELECT * FROM t')", [], {
        "database((1, 3)).execute('SELECT * FROM t')": "value[0][1]"}),
    # functions and what they are bound to
    ("named function", "len", [], {"max": "value", "adder": "type(value)"}),
    ("class", "dict", ["type({})"], {"list": "value", "Plain": "value"}),
    ("module", "os", [], {"sys": "value", "types.ModuleType('os')": None}),
    ("closure", "adder(1)", ["adder(1)"], {"adder(2)": "value.closure[0]", "subtractor(1)": "value"}),
    ("closure over what changes", "adder([1])", [], {"adder([2])": "value.closure[0][0]"}),
    ("defaults", "adder_with(1)", [], {"adder_with(2)": "value.__defaults__[0]"}),
    ("lambda", "lambda x: x + 1", [], {"lambda x: x + 2": "value", "lambda y: y + 1": "value"}),
    ("attributes of a function", "with_attributes(adder(1), tag=1)", [], {"with_attributes(adder(1), tag=2)": "value.tag"}),
    ("bound method", "Plain(a=1).method", [], {"Plain(a=2).method": "value.closure[0].a", "Plain(a=1).other": "value"}),
    ("bound lambda", "local_method(1)", ["local_method(1)"], {"local_method(2)": None}),
    ("built-in bound method", "[1].append", [], {"[2].append": "value.closure[0][0]", "[1].extend": "value"}),
    ("partial", "functools.partial(int, base=2)", [], {"functools.partial(int, base=3)": "value.keywords['base']",
        "functools.partial(float, base=2)": "value.func", "functools.partial(int, '1', base=2)": "len(value.args)"}),
    ("lru_cache", "functools.lru_cache(8)(adder(1))", [], {"functools.lru_cache(8)(adder(2))": None} if sys.version_info < (3, 9) else {
        "functools.lru_cache(8)(adder(2))": None, "functools.lru_cache(9)(adder(1))": "value.parameters['maxsize']"}),
    ("itemgetter", "operator.itemgetter(1, 2)", [], {"operator.itemgetter(1, 3)": None, "operator.itemgetter(1)": None}),
    ("attrgetter", "operator.attrgetter('a.b')", [], {"operator.attrgetter('a.c')": None}),
    ("methodcaller", "operator.methodcaller('f', 1)", [], {"operator.methodcaller('f', 2)": None}),
    ("local class", "local_class(1)", ["local_class(1)"], {"local_class(2)": None}),
    ("of a local class", "local_class(1)()", ["local_class(1)()"], {"local_class(2)()": None}),
    ("property object", "property(adder(1))", [], {"property(adder(2))": None}),
    ("made module", "types.ModuleType('made')", [], {"with_attributes(types.ModuleType('made'), x=1)": "value.x"}),
    ("class method", "MyDict.fromkeys", [], {"collections.OrderedDict.fromkeys": "value"}),
    ("local enum", "enum.Enum('E', 'A B').A", ["enum.Enum('E', 'A B').A"], {"enum.Enum('E', 'A C').A": None}),
    ("code", "adder(1).__code__", [], {"subtractor(1).__code__": "value"}),
    ("generic types", "typing.List[int]", [], {"typing.List[str]": None, "typing.Dict[str, int]": None}),
    ("cell", "adder(1).__closure__[0]", [], {"adder(2).__closure__[0]": "value.contents"}),
    # errors
    ("error", "ValueError('a', 1)", [], {"ValueError('a', 2)": "value.args[1]", "TypeError('a', 1)": "type(value)"}),
    ("error with attributes", "Code('a', 1)", [], {"Code('a', 2)": "value.code"}),
    ("OSError", "OSError(2, 'no', 'a')", ["FileNotFoundError(2, 'no', 'a')"], {"OSError(2, 'no', 'b')": "value.filename"}),
    ("SyntaxError", "SyntaxError('a', ('f', 1, 2, 't'))", [], {"SyntaxError('a', ('f', 2, 2, 't'))": "value.args[1][1]",
        "with_attributes(SyntaxError('a', ('f', 1, 2, 't')), lineno=3)": "value.lineno"}),
    ("cause", "raised(ValueError(1), cause=KeyError(1))", [], {"raised(ValueError(1), cause=KeyError(2))": "value.cause.args[0]", "raised(ValueError(1))": "value.cause"}),
    ("context", "raised(ValueError(1), context=KeyError(1))", ["raised(ValueError(1), context=KeyError(2))", "raised(ValueError(1))"], {}),
    ("notes", "raised(ValueError(1), note='a')", [], {"raised(ValueError(1), note='b')": "value.notes[0]", "raised(ValueError(1))": "value.notes"}),
    # the rest of the library
    ("SimpleNamespace", "types.SimpleNamespace(a=1)", [], {"types.SimpleNamespace(a=2)": "value.a"}),
    ("Namespace", "parsed('--n', '1')", [], {"parsed('--n', '2')": "value.n"}),
    ("hashes", "hashlib.sha256(b'a')", [], {"hashlib.sha256(b'b')": "value", "hashlib.sha224(b'a')": "value"}),
    ("hmac", "hmac.new(b'k', b'a', 'sha256')", [], {"hmac.new(b'l', b'a', 'sha256')": None}),
    ("Random", "seeded(1)", ["seeded(1)"], {"seeded(2)": None, "seeded(1, 1)": None}),
    ("Queue", "filled(queue.Queue(), 1)", [], {"filled(queue.Queue(), 2)": "value.queue[0]", "filled(queue.Queue(5), 1)": "value.maxsize"}),
    ("SimpleQueue", "filled(queue.SimpleQueue(), 1)", [], {"filled(queue.SimpleQueue(), 2)": "value.items[0]"}),
    ("Lock", "threading.Lock()", [], {"held(threading.Lock())": "value.locked", "threading.RLock()": "type(value)"}),
    ("RLock", "threading.RLock()", [], {"held(threading.RLock())": "value.owned"}),
    ("Event", "threading.Event()", [], {"is_set(threading.Event())": "value._flag"}),
    ("Semaphore", "threading.Semaphore(2)", [], {"held(threading.Semaphore(2))": "value._value"}),
    ("threading.local", "with_attributes(threading.local(), a=1)", [], {"with_attributes(threading.local(), a=2)": "value.a"}),
    ("future", "done(1)", ["done(1)"], {"done(2)": "value.result", "done(error=KeyError(1))": None}),
    ("concurrent future", "with_attributes(concurrent.futures.Future(), _result=1, _state='FINISHED')", [], {
        "with_attributes(concurrent.futures.Future(), _result=2, _state='FINISHED')": "value._result"}),
    ("weak reference", "weak(0)", [], {"weak(1)": "value.target.a"}),
    ("WeakValueDictionary", "weakref.WeakValueDictionary(k=KEPT[0])", [], {"weakref.WeakValueDictionary(k=KEPT[1])": "value.items['k'].a"}),
    ("proxy", "weakref.proxy(KEPT[0])", [], {"weakref.proxy(KEPT[1])": "value.target.a"}),
    ("WeakSet", "weakref.WeakSet(KEPT)", [], {"weakref.WeakSet(KEPT[:1])": "value"}),
    ("finalize", "weakref.finalize(KEPT[0], len, 'a')", [], {"weakref.finalize(KEPT[0], len, 'b')": "value.args[0]", "weakref.finalize(KEPT[0], max, 'a')": "value.func"}),
    ("ContextVar", "variable(1)", [], {"variable(2)": "value.value"}),
    ("Context", "context(1)", [], {"context(2)": None}),
    ("Element", "element('x', k='v')", [], {"element('y', k='v')": None, "element('x', k='w')": None}),
    ("Row", "one_row(1, 2)", [], {"one_row(1, 3)": "value.values[1]"}),
    ("Connection", "database((1, 2))", [], {"database((1, 3))": None}),
    ("ConfigParser", "config('[a]\\nb = 1')", [], {"config('[a]\\nb = 2')": "value._sections['a']['b']"}),
    ("cookies", "cookie('a=b')", [], {"cookie('a=c')": None}),
    ("mail", "mail('b')", [], {"mail('c')": None, "mail('b', 't')": None}),
    ("LogRecord", "record('a %d', 1)", ["with_attributes(record('a %d', 1), lineno=9)"], {"record('a %d', 2)": "value.args[0]", "record('a %d', 1, extra=1)": "value.extra"}),
    ("Logger", "logging.getLogger('a')", [], {"logging.getLogger('b')": "value"}),
    ("Template", "string.Template('$a')", [], {"string.Template('$b')": "value.template"}),
    ("Dialect", "csv.reader([], delimiter=';').dialect", [], {"csv.reader([], delimiter=':').dialect": "value.delimiter"}),
    ("ast", "ast.parse('a')", [], {"ast.parse('b')": "value.body[0].value.id"}),
    ("CompletedProcess", "subprocess.CompletedProcess(['a'], 0)", [], {"subprocess.CompletedProcess(['a'], 1)": "value.returncode"}),
    ("JSON decoder", "json.loads('[1, {\"a\": 2.0}]')", [], {"json.loads('[1, {\"a\": 2}]')": "value[1]['a']"}),
    ("abc views", "collections.abc.KeysView({1: 2})", [], {"collections.abc.KeysView({2: 2})": "value._mapping.keys()[0]"}),
]}

CASES["zoneinfo"] = [
    ("ZoneInfo", "datetime.datetime(2020, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Paris'))",
     ["datetime.datetime(2020, 7, 1, tzinfo=zoneinfo.ZoneInfo.no_cache('Europe/Paris'))"], {
         "datetime.datetime(2020, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin'))": None,
         "datetime.datetime(2020, 7, 1, tzinfo=datetime.timezone(datetime.timedelta(0, 7200)))": None}),
]
CASES["newer"] = [
    ("GenericAlias", "list[int]", [], {"list[str]": None}),
    ("union type", "int | str", [], {"int | bytes": None}),
    ("exception group", "ExceptionGroup('g', [ValueError(1)])", [], {
        "ExceptionGroup('g', [ValueError(2)])": "value.args[1][0].args[0]",
        "ExceptionGroup('g', [ValueError(1), KeyError(1)])": "len(value.args[1])",
        "ExceptionGroup('h', [ValueError(1)])": "value.args[0]"}),
]
CASES["numpy"] = [
    ("ndarray", "np.array([1, 2])", ["np.arange(1, 3)"], {
        "np.array([1, 3])": "value[1]", "np.array([1, 2], 'i4')": "value", "np.array([[1, 2]])": "value",
        "[1, 2]": "type(value)", "np.array([1., 2.])": "value", "np.array([1, 2], '>i8')": "value.dtype"}),
    ("transposed", "np.arange(6).reshape(2, 3)", ["np.asfortranarray(np.arange(6).reshape(2, 3))", "np.arange(6).reshape(2, 3).T.copy().T"], {
        "np.arange(6).reshape(3, 2)": "value", "np.arange(6).reshape(3, 2).T": "value[0,1]"}),
    ("floats", "np.array([0.3, np.nan])", ["np.array([0.1 + 0.2, -np.nan])"], {"np.array([0.3, np.inf])": "value[1]", "np.array([-0.3, np.nan])": "value[0]"}),
    ("bool array", "np.array([True])", [], {"np.array([1], 'u1')": "value"}),
    ("read-only", "np.broadcast_to(np.arange(2), (2,))", [], {"np.arange(2)": "value.writeable"}),
    ("view", "view(copy=False)", [], {"view(copy=True)": "value[1].memory"}),
    ("parts of one array", "np.split(np.arange(4), 2)", ["[np.arange(2), np.arange(2) + 2]"], {}),
    ("structured", "np.array([(1, 2.0)], [('a', 'i4'), ('b', 'f8')])", ["np.array([(1, 1.5 + .5)], [('a', 'i4'), ('b', 'f8')])"], {
        "np.array([(1, 3.0)], [('a', 'i4'), ('b', 'f8')])": "value.b[0]", "np.array([(1, 2.0)], [('a', 'i4'), ('c', 'f8')])": "value"}),
    ("padded", "np.zeros(2, np.dtype([('a', 'i1'), ('b', 'f8')], align=True))", [], {
        "np.zeros(2, np.dtype([('a', 'i1'), ('b', 'f8')]))": "value"}),
    ("object array", "np.array([[1], None], dtype=object)", [], {"np.array([[2], None], dtype=object)": "value[0][0]"}),
    ("masked", "np.ma.masked_array([1, 2], [0, 1])", ["np.ma.masked_array([1, 9], [0, 1])"], {
        "np.ma.masked_array([1, 2], [1, 0])": None, "np.ma.masked_array([1, 2], [0, 0])": None,
        "np.ma.masked_array([1, 2], [0, 1], fill_value=7)": None}),
    ("datetime64", "np.array(['2020-01-01'], 'M8[D]')", [], {"np.array(['2020-01-01'], 'M8[s]')": "value", "np.array(['2020-01-02'], 'M8[D]')": "value[0]"}),
    ("strings", "np.array(['a', 'bc'])", [], {"np.array(['a', 'bd'])": "value[1]", "np.array(['a', 'bc'], 'U3')": "value"}),
    ("numpy scalars", "[np.int64(1), np.float32(.5), np.bool_(True), np.complex64(1j), np.str_('a'), np.datetime64('2020')]", [], {
        "[np.int32(1), np.float32(.5), np.bool_(True), np.complex64(1j), np.str_('a'), np.datetime64('2020')]": "type(value[0])",
        "[np.int64(1), np.float64(.5), np.bool_(True), np.complex64(1j), np.str_('a'), np.datetime64('2020')]": "type(value[1])",
        "[np.int64(1), np.float32(.5), True, np.complex64(1j), np.str_('a'), np.datetime64('2020')]": "value[2]",
        "[np.int64(1), np.float32(.5), np.bool_(True), np.complex64(2j), np.str_('a'), np.datetime64('2020')]": "value[3]",
        "[np.int64(1), np.float32(.5), np.bool_(True), np.complex64(1j), np.str_('a'), np.datetime64('2020', 's')]": "value[5]"}),
    ("record scalar", "np.array([(1, 2)], [('a', 'i4'), ('b', 'i4')])[0]", [], {
        "np.array([(1, 3)], [('a', 'i4'), ('b', 'i4')])[0]": "value.b", "np.array([(1, 2)], [('a', 'i4'), ('c', 'i4')])[0]": "value"}),
    ("longdouble", "np.array([1, 2], 'g')", ["np.arange(1, 3).astype('g')"], {"np.array([1, 3], 'g')": "value[1]", "np.array([1, 2], 'f8')": "value.dtype"}),
    ("dtype", "np.dtype('i4')", [], {"np.dtype('>i4')": "value", "np.dtype([('a', 'i4')])": None, "np.dtype(('i4', (2,)))": None}),
    ("generator", "np.random.default_rng(1)", ["np.random.default_rng(1)"], {"np.random.default_rng(2)": None}),
    ("ufunc", "np.add", [], {"np.subtract": "value"}),
]
CASES["pandas"] = [
    ("DataFrame", "frame()", ["frame().copy()"], {
        "frame(a=[1, 3], b=['x', None])": None, "frame(b=['x', None], a=[1, 2])": None, "frame().astype({'a': 'int32'})": None,
        "frame().rename(columns={'a': 'c'})": None, "frame().set_index('a')": None, "frame(a=[1, 2], b=['x', 'None'])": None,
        "frame().iloc[::-1]": None, "frame().iloc[:1]": None}),
    ("attrs", "with_attributes(frame(), attrs={'k': 1})", [], {"frame()": "value.attrs", "with_attributes(frame(), attrs={'k': 2})": "value.attrs['k']"}),
    ("Series", "pd.Series([1.0, None], name='a')", ["pd.Series([.5 + .5, float('nan')], name='a')"], {
        "pd.Series([1.0, None], name='b')": "value.name", "pd.Series([1.0, 2.0], name='a')": "value.values[1]",
        "pd.Series([1.0, None], name='a', index=[1, 2])": None, "pd.Series([1, None], dtype='Int64', name='a')": None}),
    ("Categorical", "pd.Series(pd.Categorical(['a', 'b']))", [], {
        "pd.Series(pd.Categorical(['a', 'b'], ordered=True))": None, "pd.Series(pd.Categorical(['a', 'b'], ['b', 'a']))": None,
        "pd.Series(['a', 'b'])": None, "pd.Series(pd.Categorical(['a', 'b'], ['a', 'b', 'c']))": None}),
    ("index", "pd.Index([1, 2], name='i')", ["pd.RangeIndex(1, 3, name='i')"], {"pd.Index([1, 2])": "value.name", "pd.RangeIndex(1, 5, 2, name='i')": "value.values[1]", "pd.Index([1.0, 2.0], name='i')": None}),
    ("DatetimeIndex", "pd.date_range('2020', periods=2, freq='D')", [], {
        "pd.date_range('2020', periods=2, freq='D', tz='UTC')": None, "pd.DatetimeIndex(['2020-01-01', '2020-01-02'])": "value.freq"}),
    ("MultiIndex", "pd.MultiIndex.from_tuples([(1, 'a'), (2, 'b')])", [], {"pd.MultiIndex.from_tuples([(1, 'a'), (2, 'c')])": None,
        "pd.MultiIndex.from_tuples([(1, 'a'), (2, 'b')], names=['x', 'y'])": "value.names[0]"}),
    ("missing", "[pd.NA, pd.NaT]", [], {"[None, pd.NaT]": "value[0]", "[pd.NaT, pd.NA]": "type(value[0])", "[pd.NA, float('nan')]": "value[1]"}),
    ("Timestamp", "pd.Timestamp('2020-01-01')", [], {"pd.Timestamp('2020-01-01', tz='UTC')": "value", "pd.Timestamp('2020-01-01 00:00:00.000000001')": "value",
        "datetime.datetime(2020, 1, 1)": "type(value)"}),
    ("Interval and Period", "[pd.Interval(0, 1), pd.Period('2020-01')]", [], {"[pd.Interval(0, 1, 'left'), pd.Period('2020-01')]": None, "[pd.Interval(0, 1), pd.Period('2020-02')]": None}),
    ("nullable", "pd.array([1, None], dtype='Int64')", [], {"pd.array([1, 2], dtype='Int64')": None, "pd.array([1, None], dtype='Int32')": None}),
]
CASES["scipy"] = [
    ("csr", "sparse.csr_matrix([[0, 1], [2, 0]])", ["sparse.coo_matrix([[0, 1], [2, 0]]).tocsr()"], {
        "sparse.csr_matrix([[0, 1], [3, 0]])": "value.data[1]", "sparse.csc_matrix([[0, 1], [2, 0]])": "type(value)",
        "sparse.csr_matrix([[0, 1], [2, 0], [0, 0]])": None, "sparse.csr_matrix([[0., 1], [2, 0]])": "value.dtype"}),
    ("others", "[sparse.coo_matrix(np.eye(2)), sparse.dok_matrix(np.eye(2)), sparse.lil_matrix(np.eye(2)), sparse.dia_matrix(np.eye(2))]", [], {
        "[sparse.coo_matrix(np.eye(2)*2), sparse.dok_matrix(np.eye(2)), sparse.lil_matrix(np.eye(2)), sparse.dia_matrix(np.eye(2))]": None,
        "[sparse.coo_matrix(np.eye(2)), sparse.dok_matrix(np.eye(2)*2), sparse.lil_matrix(np.eye(2)), sparse.dia_matrix(np.eye(2))]": None,
        "[sparse.coo_matrix(np.eye(2)), sparse.dok_matrix(np.eye(2)), sparse.lil_matrix(np.eye(2)*2), sparse.dia_matrix(np.eye(2))]": None,
        "[sparse.coo_matrix(np.eye(2)), sparse.dok_matrix(np.eye(2)), sparse.lil_matrix(np.eye(2)), sparse.dia_matrix(np.eye(2)*2)]": None}),
]
CASES["polars"] = [
    ("DataFrame", "polars.DataFrame({'a': [1, None], 'b': ['x', 'y']})", [], {
        "polars.DataFrame({'a': [1, 2], 'b': ['x', 'y']})": None, "polars.DataFrame({'b': ['x', 'y'], 'a': [1, None]})": None,
        "polars.DataFrame({'a': [1.0, None], 'b': ['x', 'y']})": None}),
    ("Series", "polars.Series('a', [1, 2])", [], {"polars.Series('b', [1, 2])": "value.name", "polars.Series('a', [1, 2], polars.Int32)": "value.dtype"}),
    ("LazyFrame", "polars.LazyFrame({'a': [1]})", [], {"polars.LazyFrame({'a': [2]})": None}),
]
CASES["pyarrow"] = [
    ("Table", "pyarrow.table({'a': [1, None]})", ["pyarrow.concat_tables([pyarrow.table({'a': [1]}), pyarrow.table({'a': pyarrow.array([None], 'int64')})])"], {
        "pyarrow.table({'a': [1, 2]})": None, "pyarrow.table({'a': pyarrow.array([1, None], 'int32')})": None, "pyarrow.table({'b': [1, None]})": None}),
    ("Array", "pyarrow.array([1, 2])", ["pyarrow.array([0, 1, 2])[1:]"], {"pyarrow.array([1, 3])": "value.values[1]", "pyarrow.array([1, 2], 'int8')": "type(value)"}),
]
CASES["xarray"] = [
    ("DataArray", "xarray.DataArray([1, 2], dims='x', coords={'x': [0, 1]}, name='n')", [], {
        "xarray.DataArray([1, 3], dims='x', coords={'x': [0, 1]}, name='n')": "value.values[1]",
        "xarray.DataArray([1, 2], dims='y', coords={'y': [0, 1]}, name='n')": "value.dims[0]",
        "xarray.DataArray([1, 2], dims='x', coords={'x': [0, 2]}, name='n')": None,
        "xarray.DataArray([1, 2], dims='x', coords={'x': [0, 1]}, name='m')": "value.name",
        "xarray.DataArray([1, 2], dims='x', coords={'x': [0, 1]}, name='n', attrs={'u': 'm'})": None}),
    ("Dataset", "xarray.Dataset({'a': ('x', [1, 2])})", [], {"xarray.Dataset({'a': ('x', [1, 3])})": None, "xarray.Dataset({'b': ('x', [1, 2])})": None}),
]
CASES["torch"] = [
    ("Tensor", "torch.tensor([1., 2.])", ["torch.arange(1., 3.)"], {"torch.tensor([1., 3.])": "value.values[1]", "torch.tensor([1, 2])": "value.dtype",
        "torch.tensor([1., 2.], requires_grad=True)": "value.requires_grad", "torch.tensor([1., 2.]).bfloat16()": "value.dtype", "torch.tensor([[1., 2.]])": None}),
]
CASES["jax"] = [
    ("Array", "jax.numpy.array([1., 2.])", ["jax.numpy.arange(1., 3.)"], {"jax.numpy.array([1., 3.])": "value.values[1]", "jax.numpy.array([1, 2])": "value.dtype"}),
]
CASES["tensorflow"] = [
    ("Tensor", "tensorflow.constant([1., 2.])", [], {"tensorflow.constant([1., 3.])": "value.values[1]", "tensorflow.Variable([1., 2.])": "type(value)"}),
]
# what cannot be looked into is equal to nothing, not to itself either
OPAQUE = ["queue.Queue().mutex.acquire.__self__ and __import__('socket').socket()", "asyncio.new_event_loop()",
          "(lambda: (yield))().gi_frame", "functools.cmp_to_key(len)(1)", "csv.writer(io.StringIO())",
          "os.fdopen(os.pipe()[0])"]
NEEDS = {"scipy": ["numpy", "scipy.sparse"], "zoneinfo": ["zoneinfo"], "newer": []}
SHORT = {"numpy": "np", "pandas": "pd", "scipy.sparse": "sparse"}


def main(folder):
    from codeflash import encode

    global SCRATCH
    SCRATCH = folder
    index = {"missing": {}, "cases": [], "opaque": []}
    count = 0

    def write(text):
        nonlocal count
        count += 1
        name = "%d.cbor" % count
        with open(os.path.join(folder, name), "wb") as f:
            f.write(encode.value(eval(text, globals())))
        return name

    for group, cases in CASES.items():
        try:
            if group == "newer" and sys.version_info < (3, 11):
                raise ImportError("it is older than 3.11")
            for name in NEEDS.get(group, [group] if group else []):
                globals()[SHORT.get(name, name)] = importlib.import_module(name)
        except ImportError as error:
            index["missing"][group] = str(error)
            continue
        for name, text, same, other in cases:
            try:
                index["cases"].append({
                    "group": group, "name": name, "text": text, "value": write(text),
                    "same": [[t, write(t)] for t in [text] + same + [t for t in other if other[t] == "equal"]],
                    "other": [[t, path, write(t)] for t, path in other.items() if path != "equal"]})
            except Exception:
                index["cases"].append({"group": group, "name": name, "failed": traceback.format_exc()})
    for text in OPAQUE:
        index["opaque"].append([text, write(text)])
    with open(os.path.join(folder, "index.json"), "w") as f:
        json.dump(index, f)


if __name__ == "__main__":
    main(sys.argv[1])
