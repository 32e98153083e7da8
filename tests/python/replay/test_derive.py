# SPDX-License-Identifier: Apache-2.0
"""Derived inputs: what specs do to inputs, which are planned, and that nothing in them hangs on the
process that they are made in."""

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import math
import os
import pickle
import subprocess
import sys
import textwrap

import codeflash
import pytest
from codeflash import blob, derive, outcomes
from codeflash.derive import changes, moves, planning
from codeflash.derive.inputs import places

from test_worker import value


def stock(*calls):
    """Recorded calls with the ids 1, 2, … and these arguments."""
    blobs = {i: (pickle.dumps((args, {}), 5), "pickle") for i, args in enumerate(calls, 1)}
    return derive.Stock(lambda data, codec: blob.load_call(data, codec), blobs)


def changed(v, *step, others=()):
    """What a step makes of a value."""
    made = stock((v,), *[(x,) for x in others]).made(1, [[["a", 0], *step]])
    return made.args[0]


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Pair(collections.namedtuple("Pair", "left right")):
    __slots__ = ()


@pytest.mark.parametrize("before, step, after", [
    ([1, 2, 3], ["cut", 0, 0], []),
    ([1, 2, 3], ["without", 1], [1, 3]),
    ([1, 2, 3], ["reversed"], [3, 2, 1]),
    ([1, 2, 3], ["rotated", 1], [2, 3, 1]),
    ([1, 2, 3], ["twice", 1], [1, 2, 2, 3]),
    ([1, 2, 3], ["again", 0], [1, 2, 3, 1]),
    ([1, 2, 3], ["each", 0], [1, 1, 1]),
    ([1, 2, 3], ["times", 2], [1, 2, 3, 1, 2, 3]),
    ([1, 2, 3], ["size", 7], [1, 2, 3, 1, 2, 3, 1]),
    ([1, 2.5], ["scale", -1], [-1, -2.5]),
    ({"a": 1, "b": 2}, ["plus", 10], {"a": 11, "b": 12}),
    ((1, 2), ["reversed"], (2, 1)),
    (range(5), ["reversed"], range(4, -1, -1)),
    ("abc", ["cut", 0, 1], "a"),
    ("abc", ["put", 1, "\u00df"], "a\u00dfbc"),
    ("abc", ["size", 4], "abca"),
    ("a-b", ["exchange", "-", "--"], "a--b"),
    ("a\nb\n", ["lines", "reversed"], "\nb\na"),
    (b"abc", ["put", 3, ["bytes", "\xff"]], b"abc\xff"),
    (bytearray(b"abc"), ["reversed"], bytearray(b"cba")),
    ({"a": 1, "b": 2}, ["reversed"], {"b": 2, "a": 1}),
    ({"a": 1, "b": 2}, ["dealt"], {"a": 2, "b": 1}),
    ({"a": 1, "b": 2}, ["lack", "a"], {"b": 2}),
    ({1: "x"}, ["more", 2], {1: "x", 2: "x", 3: "x"}),
    ({3, 1, 2}, ["cut", 1, None], {2, 3}),
    (frozenset({"b", "a"}), ["cut", 0, 1], frozenset({"a"})),
    (collections.OrderedDict(a=1, b=2), ["reversed"], collections.OrderedDict([("b", 2), ("a", 1)])),
    (collections.Counter("aab"), ["cut", 0, 1], collections.Counter("aa")),
    (5, ["=", -1], -1),
    (5.0, ["=", ["float", "nan"]], math.nan),
    (decimal.Decimal("1.5"), ["of", "1.50"], decimal.Decimal("1.50")),
    (fractions.Fraction(1, 2), ["of", "1/3"], fractions.Fraction(1, 3)),
    (datetime.date(2023, 1, 31), ["shift", 1, 0], datetime.date(2023, 2, 1)),
    (datetime.datetime(2023, 1, 31, 5), ["replace", {"hour": 0}], datetime.datetime(2023, 1, 31)),
    (datetime.timedelta(1), ["delta", -1, 0, 0], datetime.timedelta(-1)),
    (Color.RED, ["member", "BLUE"], Color.BLUE),
])
def test_an_operation_keeps_the_type(before, step, after):
    got = changed(before, *step)
    assert type(got) is type(before)
    assert repr(got) == repr(after) or got == after
    if isinstance(after, dict):
        assert list(got.items()) == list(after.items())


def test_a_deque_and_a_defaultdict_stay_what_they_are():
    got = changed(collections.deque([1, 2], 2), "twice", 0)
    assert got == collections.deque([1, 2], 2) and got.maxlen == 2
    got = changed(collections.defaultdict(list, a=[1]), "cut", 0, 0)
    assert got["new"] == []


def test_a_container_is_changed_where_it_is_and_a_tuple_is_made_anew():
    row = [1, 2]
    made = stock((row, {"also": row}, (row, (3, 4)))).made(1, [
        [["a", 0], "cut", 0, 1], [["a", 2, "i", 1, "i", 0], "=", 7]])
    assert made.args[0] == [1]
    assert made.args[1]["also"] is made.args[0]
    assert made.args[2] == ([1], (7, 4)) and made.args[2][0] is made.args[0]
    pair = stock((Pair(1, [2]),)).made(1, [[["a", 0, "i", 0], "=", 5]]).args[0]
    assert pair == Pair(5, [2]) and type(pair) is Pair


def test_one_object_as_two_arguments_and_what_another_call_had():
    made = stock(([1], [2]), ([8], [9])).made(1, [[["a", 1], "same", ["a", 0]]])
    assert made.args[0] is made.args[1] and made.args[0] == [1]
    made = stock(([1], [2]), ([8], [9])).made(1, [[["a", 1], "from", 2, ["a", 1]]])
    assert made.args == ([1], [9])
    made = stock(([1], [2]), ([8], [9])).made(1, [[["a", 1], "join", 2, ["a", 1]]])
    assert made.args == ([1], [2, 9])


def test_the_recorded_inputs_are_fresh_every_time():
    s = stock(([1, 2],))
    assert s.made(1, [[["a", 0], "cut", 0, 0]]).args == ([],)
    assert s.made(1, []).args == ([1, 2],)


def test_numpy_arrays_and_pandas_objects():
    numpy = pytest.importorskip("numpy")
    a = numpy.array([[1.0, 2.0], [3.0, 4.0]])
    assert changed(a, "cut", 0, 0).shape == (0, 2)
    assert changed(a, "scale", -1).tolist() == [[-1, -2], [-3, -4]]
    assert changed(a, "with", 1, ["float", "nan"]).tolist()[0][0] == 1
    assert changed(a, "columns").flags.f_contiguous
    assert changed(a, "twice", 0).tolist() == [[1, 2], [1, 2], [3, 4]]
    pandas = pytest.importorskip("pandas")
    f = pandas.DataFrame({"x": [1, 2], "y": ["a", "b"]})
    assert changed(f, "reversed")["x"].tolist() == [2, 1]
    assert changed(f, "cut", 0, 0).shape == (0, 2)
    assert changed(f["x"], "times", 2).tolist() == [1, 2, 1, 2]
    assert changed(f, "twice", 0).index.tolist() == [0, 1, 2]
    with pytest.raises(changes.Unfit):
        changed(f.set_index("y"), "twice", 0)
    assert changed(f, "column", 0, "turned")["x"].tolist() == [2, 1]
    assert changed(f, "column", 1, "cell", 0, "")["y"].tolist() == ["", "b"]
    assert changed(f["x"], "column", None, "minus").tolist() == [-1, -2]
    assert f["x"].tolist() == [1, 2]


class Table:
    """As an array is, as far as lengths go."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n


def lengths(*calls):
    return planning.Lengths([(i, places(blob.Call(args, {}, None))) for i, args in enumerate(calls)])


def test_arrays_of_one_length_stay_so(monkeypatch):
    Table.shape = property(lambda v: (v.n,))
    monkeypatch.setattr(planning, "ARRAYS", {changes.type_name(Table(1))})
    along = lengths((Table(2), [1, 2], [1]), (Table(3), [1, 2, 3], [1]))
    cut = ["cut", 0, 1]
    together = [[["a", 0], *cut], [["a", 1], *cut]]
    assert list(along.steps(["a", 0], cut)) == [together, [[["a", 0], "alone", False, *cut]]]
    assert list(along.steps(["a", 2], cut)) == [[[["a", 2], *cut]]]
    assert list(along.steps(["a", 0], ["reversed"])) == [[[["a", 0], "reversed"]]]
    assert list(along.steps(["a", 0], ["from", 1, ["a", 0]]))[0] == [
        [["a", 0], "from", 1, ["a", 0]], [["a", 1], "from", 1, ["a", 1]]]
    assert along.empty([[["a", 0], "cut", 0, 0]]) and not along.empty([[["a", 1], "cut", 0, 0]])
    assert not lengths((Table(2), [1, 2]), (Table(3), [1, 2])).partners
    assert not lengths(([1], [2])).partners


def test_what_lengths_that_part_tell():
    alone, oblong = [[["a", 0], "alone", way, "cut", 0, 1] for way in (False, True)]
    assert derive.telling([[["a", 0], "cut", 0, 1]], "runtime")
    assert [derive.telling([alone], ended) for ended in ("return", "project", "runtime")] == [
        False, True, False]
    assert [derive.telling([oblong], ended) for ended in ("return", "project", "runtime")] == [
        True, True, False]


def test_only_arrays_of_a_kind_stand_for_each_other():
    numpy = pytest.importorskip("numpy")
    a = numpy.zeros(2)
    assert moves.shape_of(a) == moves.shape_of(numpy.ones(3))
    assert len({str(moves.shape_of(x)) for x in (a, a.astype(int), numpy.zeros((2, 1)), numpy.array(1.0))}) == 4


def test_square_arrays_stay_square():
    numpy = pytest.importorskip("numpy")
    s = stock((numpy.arange(9.0).reshape(3, 3),))
    along = lengths((numpy.zeros((3, 3)),))
    first, second = along.steps(["a", 0], ["cut", 0, 2])
    assert s.made(1, first).args[0].tolist() == [[0, 1], [3, 4]]
    assert s.made(1, second).args[0].shape == (2, 3)


def hints(source="def f(*a): pass", name="f"):
    scope = {}
    exec(textwrap.dedent(source), scope)
    return derive.Hints(scope[name], scope, 0)


def inputs(calls, h=None, most=100, seed=1):
    """The planned inputs, arguments only."""
    s = stock(*calls)
    return [s.made(call, steps).args for call, steps in s.plan(
        sorted(s.recorded), h or hints(), seed, most, lambda: False)]


def test_the_plan_begins_with_what_differs_most():
    made = inputs([([3, 1, 2],), ([5, 6],)], most=12)
    lists = [x for x, in made]
    assert [] in lists
    assert any(len(x) > len(set(x)) for x in lists)
    assert any(x and x[0] in (-1, 0) or -1 in x or 0 in x for x in lists)
    assert len({repr(x) for x in lists}) == len(lists) == 12
    made = inputs([("ab", 5, [1], [2])], most=60)
    assert any(a[0] == "" for a in made) and any("\u00df" in a[0] for a in made)
    assert any(a[1] == -5 for a in made) and any(a[1] == (1 << 63) - 1 for a in made)
    assert any(a[2] is a[3] for a in made)


def test_constants_of_the_code_and_what_it_calls_are_tried():
    h = hints("""
        LIMIT = 250
        def g(x):
            return x > 31
        def f(n, s="dflt"):
            '''Doc with 999.

            More.'''
            return g(n) or n == LIMIT or n < 17 or s == "magic"
    """)
    made = inputs([(5, "x")], h, most=120)
    numbers, texts = {a for a, _ in made}, {b for _, b in made}
    assert {16, 17, 18, 30, 31, 32, 249, 250, 251} <= numbers
    assert {"magic", "dflt"} <= texts
    assert 999 not in numbers


def test_hours_that_the_code_names_and_what_lies_below_a_whole_number():
    h = hints("def f(t):\n    return 9 <= t.hour < 17\n")
    made = inputs([(datetime.datetime(2023, 1, 31, 5, 7),)], h)
    assert {9, 17} <= {t.hour for t, in made if t.minute == 0}
    h = hints("def f(s):\n    for name, size in (('h', 3600), ('m', 60)):\n        if s >= size:\n"
              "            return name\n")
    assert {(60.0,), (59.75,), (3600.0,), (3599.75,)} <= set(inputs([(7200.5,)], h))


def test_texts_are_varied_in_what_they_have():
    made = {x for x, in inputs([("a=1\nb=2",), ("c",), ("",)])}
    assert {"a==1\nb==2", "a=\u0661\nb=2", "a=1\rb=2", "b=2\na=1", "a=1\nb=2\na=1"} <= made
    assert {"a=1\nb=2c", "ca=1\nb=2"} & made


def test_equal_parts_of_two_arguments_and_a_text_further_in():
    first, second = Point(1, 2), Point(3, 4)
    assert any(a.x == b.x and a.y != b.y for a, b in inputs([(first, second)], most=40))
    assert ("{x}", {"x": "{x}"}) in inputs([("{x}", {"x": "1"})], most=40)


def test_lists_are_given_the_lengths_that_the_code_knows():
    h = hints("def f(xs):\n    return xs[:7] if len(xs) > 7 else xs\n")
    assert {6, 7, 8} <= {len(x) for x, in inputs([([1, 2],)], h)}


def test_odd_floats_only_where_somebody_thought_of_them():
    def odd(args):
        return any(isinstance(x, float) and not math.isfinite(x) for x in args)

    assert not any(map(odd, inputs([(1.5,), (2.5,)])))
    assert any(map(odd, inputs([(1.5,), (math.nan,)])))
    h = hints("import math\ndef f(x):\n    return 0 if math.isnan(x) else x\n")
    assert any(map(odd, inputs([(1.5,)], h)))


def test_what_has_a_type_of_its_own_stays_in_its_place():
    for row, in inputs([({"id": "a", "n": 1},), ({"id": "b", "n": 2},)]):
        assert type(row["id"]) is str and type(row["n"]) is int
    for (name, n), rows, names in inputs([(("a", 1), [{"id": "a", "n": 1}], ["b"])]):
        assert type(name) is str and type(n) is int
        assert all(type(x) is str for x in names) and all(type(x) is dict for x in rows)
    h = hints("def f(row):\n    return row.get('n')\n")
    assert ({"id": "a"},) in inputs([({"id": "a", "n": 1},)], h)


def test_none_where_another_call_had_it():
    assert (1, None) in inputs([(1, 2), (3, None)])
    assert ({"x": None, "y": 1},) in inputs([({"x": 1, "y": 1},), ({"x": None, "y": 2},)])


@dataclasses.dataclass
class Item:
    name: str
    price: float
    tags: list = dataclasses.field(default_factory=list)


class Plain:
    def __init__(self, x, items=None):
        self.x = x
        self.items = list(items) if items is not None else []


class Indexed:
    def __init__(self, words):
        self.words = words
        self.at = {w: i for i, w in enumerate(words)}


class Strict:
    def __init__(self, n):
        if n < 0:
            raise ValueError(n)
        self.n = n


class Bag:
    def __init__(self):
        self.items = []

    def add(self, x):
        self.items.append(x)


def test_attributes_change_where_anything_can_be_in_them():
    def paths(v):
        return {tuple(p.path[2:4]) for p in places(blob.Call((v,), {}, None)) if len(p.path) == 4}

    assert paths(Item("a", 1.0)) == {(".", "name"), (".", "price"), (".", "tags")}
    assert paths(Plain(1, [2])) == {(".", "x"), (".", "items")}
    assert paths(Indexed(["a"])) == set()
    assert paths(Strict(1)) == set()
    bag = Bag()
    bag.add(3), bag.add(1)
    made = [a for a, in inputs([(bag,)])]
    assert [] in [b.items for b in made]
    assert {tuple(b.items) for b in made} <= {(), (3,), (1,)}


def test_classes_functions_modules_files_and_locks_stay_as_they_are():
    calls = [(Item, len, Color, textwrap.dedent)]
    assert inputs(calls) == []
    assert moves.moves_of(os, hints()) == moves.moves_of(open, hints()) == moves.moves_of(Item, hints()) == []


SETS = """
    def f(words, table, n=3):
        return sorted(words), list(table), n
"""


def derived(project, hash_seed, seed=1, **more):
    """The frames with a spec that a worker answers."""
    answer = project.run(
        "m.py", "f", (({"b", "a", "c", "d"}, {"x": {"q", "r"}}), {}),
        ((frozenset({"k", "l", "m"}), {"y": {1, 2}}, 5), {}), env={"PYTHONHASHSEED": str(hash_seed)},
        derive={"most": 60, "seed": seed, "call_timeout_s": 1.0, "cpu_s": 9.0, "timeout_s": 60.0}, **more)
    assert answer.status == 0, answer.stderr
    assert answer.frames[-1] == {"end": 2}
    return [f for f in answer.frames if "spec" in f]


def test_the_same_inputs_under_every_hash_seed(project):
    project.write("m.py", SETS)
    one, two = derived(project, 1), derived(project, 2)
    assert [(f["call"], f["spec"]) for f in one] == [(f["call"], f["spec"]) for f in two]
    assert len(one) > 30
    for a, b in zip(one, two):
        assert a["outcome"] == b["outcome"], a["spec"]
    assert [f["spec"] for f in derived(project, 1, seed=2)] != [f["spec"] for f in one]


def test_a_spec_is_run_like_a_call_and_gives_what_it_gave(project):
    project.write("m.py", SETS)
    frames = derived(project, 1)
    calls = [{"id": f["call"], "spec": f["spec"]} for f in frames]
    data = [pickle.dumps((a, {}), 5) for a in (
        ({"b", "a", "c", "d"}, {"x": {"q", "r"}}), (frozenset({"k", "l", "m"}), {"y": {1, 2}}, 5))]
    # one of the recorded calls is run, the other only has the inputs
    head = project.request("m.py", "f", [data[0]])
    head["calls"] += calls
    head["inputs"] = [{"id": 2, "size": len(data[1]), "codec": "pickle"}]
    worker = os.path.join(os.path.dirname(os.path.abspath(codeflash.__file__)), "worker.py")
    done = subprocess.run(
        [sys.executable, "-B", worker], input=json.dumps(head).encode() + b"\n" + b"".join(data),
        stdout=subprocess.PIPE, cwd=project.root, env=dict(os.environ, PYTHONHASHSEED="1"), timeout=60)
    again, at = [], 0
    while at < len(done.stdout):
        size = int.from_bytes(done.stdout[at:at + 4], "little")
        again.append(outcomes.frame(done.stdout[at + 4:at + 4 + size]))
        at += 4 + size
    assert again[-1] == {"end": 1 + len(calls)}
    for f, g in zip(frames, again[1:]):
        assert (f["call"], f["input"]) == (g["call"], g["input"])


def test_what_hangs_dies_writes_or_is_at_a_limit_is_left_out_and_breaks_nothing(project):
    project.write("m.py", """
        import os, signal, time
        KEPT = []
        def f(n):
            KEPT.append(n)
            if n == 0: os._exit(0)
            if n == -1: time.sleep(60)
            if n == 1: os.kill(os.getpid(), signal.SIGSEGV)
            if n == -5: return f(n)
            if n == 2: return [0] * (1 << 40)
            if n == 6: open("made", "w").close()
            if n == 4: os.close(1); os.closerange(5, 300)
            return len(KEPT), n
    """)
    answer = project.run("m.py", "f", ((5,), {}), derive={
        "most": 40, "seed": 1, "call_timeout_s": 0.5, "cpu_s": 9.0, "timeout_s": 60.0})
    frames = [f for f in answer.frames if "spec" in f]
    assert answer.frames[-1] == {"end": 1}
    shown = [f["input"] for f in frames]
    assert "f(10)" in shown and "f(%d)" % ((1 << 63) - 1) in shown
    assert not {"f(0)", "f(-1)", "f(1)", "f(-5)", "f(2)", "f(6)", "f(4)"} & set(shown)
    for f in frames:  # each finds the module as the recorded call left it
        assert value(outcomes.decode(f["outcome"]))[0] == 2
    assert not os.path.exists(os.path.join(project.root, "made"))


def test_smaller_ones_come_smallest_first(project):
    project.write("m.py", "def f(xs, n):\n    return xs[:n]\n")
    blobs = [pickle.dumps((([1, 2, 3, 4, 5, 6, 7, 8], 400), {}), 5)]
    wish = {"most": 30, "seed": 1, "call_timeout_s": 1.0, "cpu_s": 9.0, "timeout_s": 60.0,
            "from": {"id": 1, "spec": json.dumps([[["a", 0], "reversed"], [["a", 1], "=", -300]])}}
    answer = project.run("m.py", "f", *blobs, derive=wish)
    shown = [f["input"] for f in answer.frames if "spec" in f]
    assert "f([], -300)" in shown and "f([8, 7, 6, 5, 4, 3, 2, 1], 0)" in shown
    assert all(len(s) <= len("f([8, 7, 6, 5, 4, 3, 2, 1], -300)") for s in shown)
    assert len(shown[0]) <= min(map(len, shown)) + 2


def test_nothing_is_derived_beside_threads(project):
    project.write("m.py", """
        import threading
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        def f(n):
            return n
    """)
    answer = project.run("m.py", "f", ((5,), {}), derive={
        "most": 40, "seed": 1, "call_timeout_s": 0.5, "cpu_s": 9.0, "timeout_s": 60.0})
    assert [f for f in answer.frames if "spec" in f] == []
    assert answer.frames[-1] == {"end": 1}
