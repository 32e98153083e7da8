# SPDX-License-Identifier: Apache-2.0
"""The value encoder: what it keeps, what it makes equal, what it refuses."""

import array
import collections
import datetime
import decimal
import enum
import fractions
import functools
import io
import itertools
import logging
import math
import os
import pathlib
import random
import re
import struct
import threading
import types
import uuid
import weakref
from dataclasses import dataclass

import pytest
from codeflash import encode, outcomes


def enc(v, **limits):
    return encode.value(v, **limits)


def tree(v):
    """(the root, the heap) after a round trip."""
    d = outcomes.decode(enc(v))
    assert d["schema"] == "cf/value/1"
    assert d["roots"][0][0] == "value"
    return d["roots"][0][1], d["heap"]


def node(v):
    root, heap = tree(v)
    assert isinstance(root, outcomes.Ref), root
    return heap[root]


class Plain:
    def __init__(self, **state):
        self.__dict__.update(state)


class Slotted:
    __slots__ = ("a", "__private", "unset")

    def __init__(self):
        self.a = 1
        self.__private = 2


class Both(Slotted):
    def __init__(self):
        super().__init__()
        self.c = 3


class Color(enum.Enum):
    RED = "r"
    GREEN = [1]


class Level(enum.IntEnum):
    LOW = 1


class Perm(enum.Flag):
    R = 4
    W = 2


class MyList(list):
    pass


class MyStr(str):
    pass


class MyInt(int):
    pass


class MyDict(dict):
    pass


Pair = collections.namedtuple("Pair", "x y")


@dataclass
class Data:
    n: int
    rest: list


class Eq:
    def __init__(self, v):
        self.v = v

    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.mark.parametrize("v", [
    None, True, False, 0, 1, -1, 23, 24, -24, -25, 255, 256, 65535, 65536, 2**32 - 1, 2**32,
    2**63, 2**64 - 1, 2**64, -(2**64), -(2**64) - 1, 10**100, -(10**100), 0.0, 1.5, -1e300,
    float("inf"), "", "é", "a" * 300, b"", b"\x00\xff", "x" * 70000])
def test_scalars_are_inline_and_exact(v):
    root, heap = tree(v)
    assert root == v and type(root) is type(v)
    assert heap == []


def test_float_bits_survive():
    assert struct.pack(">d", tree(-0.0)[0]) == struct.pack(">d", -0.0)
    assert enc(0.0) != enc(-0.0)
    assert math.isnan(tree(float("nan"))[0])
    odd = struct.unpack(">d", b"\x7f\xf8\x00\x00\x00\x00\x00\x07")[0]
    assert enc(odd) != enc(float("nan"))


def test_numbers_of_different_types_never_mix():
    assert len({enc(v) for v in (1, 1.0, True, 1 + 0j, decimal.Decimal(1), fractions.Fraction(1),
                                 MyInt(1), Level.LOW, "1", b"1")}) == 10


def test_containers():
    assert node([1, "a"]) == ["seq", "list", [1, "a"], None, []]
    assert node((1,))[:3] == ["seq", "tuple", [1]]
    assert node({"b": 1, "a": 2})[:3] == ["map", "dict", ["b", 1, "a", 2]]
    assert node({3, 1, 2})[:3] == ["set", "set", [1, 2, 3]]
    assert node(frozenset())[:2] == ["set", "frozenset"]
    assert node(range(1, 9, 2))[:3] == ["scalar", "range", [1, 9, 2]]
    assert node(slice(1, None))[:3] == ["scalar", "slice", [1, None, None]]
    assert node(bytearray(b"ab"))[:3] == ["array", "bytearray", ["|u1", [2], b"ab"]]
    assert node(memoryview(b"ab"))[2] == ["B", [2], b"ab"]
    assert node({}.keys())[1] == "dict_keys"
    assert node({1: 2}.items())[1] == "dict_items"
    assert node(types.MappingProxyType({1: 2}))[:3] == ["map", "mappingproxy", [1, 2]]


def test_long_runs_take_the_fast_way_to_the_same_bytes():
    for v in ([1.5] * 20, list(range(20)), [True] * 20, [1.5] * 19 + [1], ["x"] * 20):
        assert tree(v)[1][0][2] == v
        assert [type(x) for x in tree(v)[1][0][2]] == [type(x) for x in v]


def test_order_of_a_dict_is_kept_and_of_a_set_is_not():
    assert enc({1: 0, 2: 0}) != enc({2: 0, 1: 0})
    a = {(str(i), i) for i in range(50)}
    b = {(str(i), i) for i in reversed(range(50))}
    assert enc(a) == enc(b)
    assert enc({Color.RED, 3, "x", 2.5}) == enc({"x", 2.5, Color.RED, 3})
    assert enc({frozenset({1, 2}), frozenset({3})}) == enc({frozenset({3}), frozenset({2, 1})})


def test_aliases_and_cycles():
    a = [1]
    root, heap = tree([a, a])
    assert heap[root][2] == [1, 1] and len(heap) == 2
    assert enc([a, a]) != enc([[1], [1]])
    a.append(a)
    root, heap = tree(a)
    assert heap[root][2][1] == root
    d = {}
    d["self"] = d
    p = Plain(d=d)
    d["p"] = p
    assert len(tree(p)[1]) == 2


def test_sharing_what_cannot_change_makes_no_difference():
    when = datetime.date(2020, 1, 1)
    assert enc([when, when]) == enc([when, datetime.date(2020, 1, 1)])
    assert enc(["ab", "ab"]) == enc(["ab", "".join(["a", "b"])])


def test_depth_has_no_limit():
    v = []
    for _ in range(200000):
        v = [v]
    assert len(tree(v)[1]) == 200001
    t = ()
    for _ in range(60):  # 2**60 when written out
        t = (t, t)
    assert len(tree(t)[1]) == 61


def test_bounds():
    with pytest.raises(encode.TooLarge):
        enc([[] for _ in range(100)], limits=(50, 1 << 20))
    with pytest.raises(encode.TooLarge):
        enc(["x" * 100] * 100, limits=(50, 1000))
    out = outcomes.decode(encode.outcome("return", [("return", ["x" * 5000])], limits=(50, 1000)))
    assert (out["kind"], out["reason"]) == ("skip", "too large")


def test_subclasses_keep_contents_and_attributes():
    v = MyList([1, 2])
    v.note = "n"
    assert node(v) == ["seq", "%s.MyList" % __name__, [1, 2], ["note", "n"], []]
    assert node(MyStr("s"))[:3] == ["scalar", "%s.MyStr" % __name__, ["s"]]
    assert node(MyInt(3))[2] == [3]
    assert node(MyDict(a=1))[:3] == ["map", "%s.MyDict" % __name__, ["a", 1]]
    assert node(Pair(1, 2))[:3] == ["seq", "%s.Pair" % __name__, [1, 2]]
    assert node(collections.OrderedDict(a=1))[:3] == ["map", "collections.OrderedDict", ["a", 1]]
    assert node(collections.Counter("aab"))[2] == ["a", 2, "b", 1]
    root, heap = tree(collections.defaultdict(list, a=1))
    assert heap[root][2] == ["a", 1] and heap[root][3][0] == "default_factory"
    assert node(collections.deque([1, 2], 5)) == [
        "seq", "collections.deque", [1, 2], ["maxlen", 5], []]


def test_a_subclass_that_lies_about_its_contents_is_read_past():
    class Liar(list):
        def __iter__(self):
            return iter("no")

        def __len__(self):
            return 0

    assert node(Liar([1, 2]))[2] == [1, 2]


def test_objects():
    assert node(Plain(a=1, b=None))[2:] == [[], ["a", 1, "b", None], []]
    assert node(Slotted())[3] == ["a", 1, "_Slotted__private", 2]
    assert sorted(node(Both())[3][::2]) == ["_Slotted__private", "a", "c"]
    assert node(Data(1, []))[3][:2] == ["n", 1]
    assert node(Eq(1))[4] == ["eq"]
    assert node(object())[:2] == ["object", "object"]
    assert node(types.SimpleNamespace(a=1))[3] == ["a", 1]


def test_a_custom_getstate_cannot_hide_state():
    class Shy(Plain):
        def __getstate__(self):
            return {}

        def __reduce__(self):
            return (Plain, ())

    assert enc(Shy(a=1)) != enc(Shy(a=2))


def test_objects_whose_attributes_bite():
    class Bites:
        def __getattr__(self, name):
            raise RuntimeError("no")

        def __eq__(self, other):
            raise RuntimeError("no")

        def __repr__(self):
            raise RuntimeError("no")

        __hash__ = None

        @property
        def __class__(self):
            return int

    assert node(Bites())[0] == "object"


def test_enums():
    assert node(Color.RED)[1:3] == ["%s.Color" % __name__, ["RED", "r"]]
    assert node(Level.LOW)[0:3] == ["scalar", "%s.Level" % __name__, ["LOW", 1]]
    assert node(Perm.R | Perm.W)[2][1] == 6
    root, heap = tree([Color.GREEN, Color.GREEN])
    assert heap[root][2][0] == heap[root][2][1]


def test_the_standard_library():
    utc = datetime.timezone.utc
    day = datetime.datetime(2020, 1, 2, 3, 4, 5, 6)
    assert node(day)[2] == ["2020-01-02T03:04:05.000006", 0]
    assert enc(day) != enc(day.replace(tzinfo=utc))
    assert enc(day) != enc(day.replace(fold=1))
    assert node(datetime.timedelta(1, 2, 3))[2] == [1, 2, 3]
    assert node(datetime.date(2020, 1, 2))[2] == ["2020-01-02"]
    assert node(decimal.Decimal("1.50"))[2] == ["1.50"]
    assert enc(decimal.Decimal("1.5")) != enc(decimal.Decimal("1.50"))
    assert node(fractions.Fraction(1, 3))[2] == [1, 3]
    assert node(uuid.UUID(int=5))[2] == [5]
    assert node(pathlib.PurePosixPath("/a/b"))[2] == ["/a/b"]
    assert node(re.compile("a+", re.I))[:2] == ["scalar", "re.Pattern"]
    assert enc(re.match("(a)(b)?", "a")) != enc(re.match("(a)(b)?", "ab"))
    assert node(array.array("d", [1.0]))[2] == ["<f8", [1], struct.pack("<d", 1.0)]
    assert node(array.array("H", [1]))[2] == ["<u2", [1], b"\x01\x00"]
    buffer = io.StringIO("abc")
    buffer.read(1)
    assert node(buffer)[3] == ["value", "abc", "newline", "\n", "position", 1]
    assert node(io.BytesIO(b"x"))[3] == ["value", b"x", "position", 0]
    assert node(functools.partial(int, base=2))[3][0] == "func"
    assert node(logging.getLogger("a.b"))[:3] == ["global", "logging.Logger", ["a.b"]]
    assert node(threading.Lock())[3] == ["locked", False]
    root, heap = tree(collections.ChainMap({1: 2}))
    assert heap[root][3][0] == "maps"


def test_state_that_only_pickle_sees_is_state():
    a, b = random.Random(1), random.Random(2)
    assert enc(a) != enc(b)
    assert enc(random.Random(1)) == enc(a)

    class Mine(random.Random):
        pass

    one, two = Mine(1), Mine(2)
    assert enc(one) != enc(two)


def test_subclasses_of_library_scalars_keep_what_they_add():
    class Money(decimal.Decimal):
        pass

    a, b = Money("1"), Money("1")
    b.currency = "EUR"
    assert enc(a) != enc(b)


def test_errors():
    try:
        try:
            {}["k"]
        except KeyError as inner:
            raise ValueError("v", 1) from inner
    except ValueError as error:
        root, heap = tree(error)
    kind, name, items, state, flags = heap[root]
    assert (kind, name, state) == ("error", "ValueError", None)
    assert heap[items[0]][2] == ["v", 1]
    assert heap[items[1]][1] == "KeyError" and items[2] is None and items[3] is None
    assert node(FileNotFoundError(2, "no", "a.txt"))[3] == [
        "filename", "a.txt", "filename2", None]
    custom = ValueError("x")
    custom.code = 5
    assert node(custom)[3] == ["code", 5]


def test_functions_and_classes_are_named():
    assert node(int)[:3] == ["global", "type", ["int"]]
    assert node(Plain)[2] == ["%s.Plain" % __name__]
    assert node(Color)[0] == "global"
    assert node(len)[2] == ["len"]
    assert node(math.sin)[2] == ["math.sin"]
    assert node(math)[:3] == ["global", "module", ["math"]]
    assert node(enc)[:3] == ["global", "function", ["%s.enc" % __name__]]
    assert node(str.join)[0] == "global"
    assert node([].append)[0] == "function"
    assert node(Plain(a=1).__init__)[0] == "function"
    assert node(...)[2] == ["Ellipsis"]


def test_closures_are_their_code_and_what_they_hold():
    def make(n):
        return lambda x: x + n

    assert enc(make(1)) == enc(make(1))
    assert enc(make(1)) != enc(make(2))

    def other(n):
        return lambda x: x - n

    assert node(make(1))[2][1] != node(other(1))[2][1]


def test_where_code_stands_does_not_matter():
    def compiled(source):
        names = {}
        exec(source, names)
        return names["f"]

    assert enc(compiled("def f(x): return x\n")) == enc(compiled("\n\n\ndef f(x): return x\n"))


def test_iterators():
    assert node(iter([1, 2]))[:3] == ["iter", "list_iterator", [1, 2]]
    assert node(x for x in "ab")[:3] == ["iter", "generator", ["a", "b"]]
    assert node(itertools.chain([1], [2]))[2] == [1, 2]
    endless = node(itertools.count())
    assert len(endless[2]) == encode.LAZY_MAX and endless[4] == ["truncated"]

    def fails():
        yield 1
        raise ValueError("x")

    root, heap = tree(fails())
    assert heap[root][2] == [1] and heap[root][3][0] == "raise"

    class Mine:
        def __iter__(self):
            return self

        def __next__(self):
            raise RuntimeError("must not be asked")

    assert node(Mine())[0] == "object"


def test_what_cannot_be_read_is_opaque_and_says_why():
    ours, theirs = os.pipe()
    os.close(theirs)
    with open(ours) as f:
        assert node(f)[:1] == ["opaque"] and node(f)[2] == ["an open file"]
    assert node(f)[0] == "object"
    assert "cannot" in node(functools.cmp_to_key(len)(1))[2][0]
    assert node(threading.local())[0] == "object"

    async def coro():
        pass

    c = coro()
    assert node(c)[0] == "opaque"
    c.close()


def test_weak_references():
    p = Plain(a=1)
    root, heap = tree([p, weakref.ref(p)])
    assert heap[heap[root][2][1]][3] == ["target", heap[root][2][0]]
    assert node(weakref.WeakSet([p]))[0] == "set"
    held = weakref.WeakValueDictionary(k=p)
    assert tree(held)[1][0][3][0] == "items"


def test_surrogates():
    assert node("a\udc80")[:3] == ["scalar", "str", [b"a\xed\xb2\x80"]]
    assert node({"\udc80": 1})[2][1] == 1


def test_a_class_of_the_program_is_named_by_its_module(monkeypatch):
    class Here:
        pass

    Here.__module__ = "__main__"
    monkeypatch.setattr(encode, "MAIN", "tool")
    assert encode.type_name(Here).startswith("tool.")


def test_outcome_keys_are_in_order():
    raw = encode.outcome("raise", [("raise", ValueError("x")), ("args", ())], "project",
                         [("stdout", lambda: "out\nmore"), ("stderr", lambda: "")])
    out = outcomes.decode(raw)
    assert list(out) == ["schema", "kind", "raised_by", "roots", "heap"]
    assert [name for name, _ in out["roots"]] == ["raise", "args", "stdout"]
    assert out["heap"][-1] == ["seq", "lines", ["out\n", "more"], None, []]


def test_damaged_bytes_are_an_error_and_nothing_else():
    good = encode.outcome("return", [("return", [1, {"a": 2.5}, "x", 2**70])])
    for n in range(len(good)):
        with pytest.raises(outcomes.Damaged):
            outcomes.decode(good[:n])
    rng = random.Random(1)
    for _ in range(3000):
        bad = bytearray(good)
        bad[rng.randrange(len(bad))] = rng.randrange(256)
        try:
            outcomes.decode(bytes(bad))
        except outcomes.Damaged:
            pass


def test_numpy_arrays():
    np = pytest.importorskip("numpy")
    a = np.arange(6, dtype=">i4").reshape(2, 3).T
    n = node(a)
    assert n[:2] == ["array", "numpy.ndarray"]
    assert n[2] == ["<i4", [3, 2], np.ascontiguousarray(a).astype("<i4").tobytes()]
    assert node(np.float32(1.5)) == ["scalar", "numpy.float32", [1.5], None, ["single"]]
    assert node(np.float64(1.5)) == ["scalar", "numpy.float64", [1.5], None, []]
    assert node(np.int64(3))[2] == [3]
    assert enc(np.float64(1.0)) != enc(1.0)
    root, heap = tree(np.array([[1], None], dtype=object))
    assert heap[root][2][0] == "|O" and heap[root][2][3] is None
    assert enc(np.ma.masked_array([1, 2], [0, 1])) == enc(np.ma.masked_array([1, 9], [0, 1]))
    assert node(np.dtype("i4"))[0] == "scalar"
    assert enc(np.random.RandomState(1)) != enc(np.random.RandomState(2))


def test_pandas_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])})
    assert enc(frame) == enc(frame.copy())
    other = frame.copy()
    other.loc[1, "b"] = "y"
    assert enc(frame) != enc(other)
    assert enc(frame["a"]) != enc(frame["a"].astype("int32"))
    assert enc(pd.Timestamp("2020-01-01")) != enc(pd.Timestamp("2020-01-02"))
    assert enc(frame.set_index(["a", "b"])) != enc(frame)
    assert node(pd.NaT)[0] == "global"
    assert enc(pd.RangeIndex(3)) == enc(pd.Index([0, 1, 2])) != enc(pd.Index([0.0, 1.0, 2.0]))


def test_what_a_table_without_rows_is_like_counts_where_somebody_gave_it(monkeypatch):
    pd = pytest.importorskip("pandas")
    one, other = pd.DataFrame({"a": []}), pd.DataFrame({"a": [1]})[:0]
    assert enc(one) != enc(other)
    monkeypatch.setattr(encode, "DERIVED", True)
    assert enc(one) == enc(other) == enc(pd.DataFrame({"a": ["x"]}, index=["y"])[:0])
    assert enc(one) != enc(pd.DataFrame({"b": []}))
    assert enc(one) != enc(pd.DataFrame({"a": [1.0]}))


def test_what_a_library_remembers_of_its_objects_is_not_theirs(tmp_path, monkeypatch):
    source = ("import functools\nclass C:\n    def __init__(self): self.x = 1\n"
              "    @functools.cached_property\n    def double(self): return 2 * self.x\n")
    for folder, same in (("site-packages", True), ("project", False)):
        place = tmp_path / folder
        place.mkdir()
        (place / ("remembering_%s.py" % folder[:4])).write_text(source)
        monkeypatch.syspath_prepend(str(place))
        cls = __import__("remembering_%s" % folder[:4]).C
        asked = cls()
        assert asked.double == 2
        assert (enc(asked) == enc(cls())) is same


def test_sorted_lists_are_what_is_in_them():
    sorted_list = pytest.importorskip("sortedcontainers").SortedList
    one, other = sorted_list(range(3000)), sorted_list()
    for i in range(3000):
        other.add(i)
    assert enc(one) == enc(other)
    other.add(7)
    assert enc(one) != enc(other)


def test_sets_whose_elements_have_each_other_are_soon_done():
    class Token(tuple):
        def __init__(self, names):
            self.below = set()

    def grow(parent, depth):
        for n in range(4):
            child = Token(parent + (n,))
            child.parent = parent
            parent.below.add(child)
            if depth:
                grow(child, depth - 1)

    root = Token(())
    grow(root, 3)
    assert len(encode.value(root)) > 1000
