# SPDX-License-Identifier: Apache-2.0
"""What a recorded run leaves in its spools."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../../plugins/python"))
from codeflash import blob, importer  # noqa: E402


class Stub:
    """Stands for a class of the recorded program's."""

    def __reduce__(self):
        raise NotImplementedError

    def __setstate__(self, state):
        for part in state if isinstance(state, tuple) else (state,):
            self.__dict__.update(part or {})

    def append(self, item):
        pass

    def extend(self, items):
        pass


@pytest.fixture
def loaded(monkeypatch):
    """Loads captured calls; the program's classes become stubs named for them."""
    made: dict = {}

    def find_class(self, module, name):
        if module == "_codeflash.byname":
            return getattr(blob.byname, name)
        if module in ("builtins", "collections", "copyreg", "_codecs", "datetime"):
            return super(blob._Unpickler, self).find_class(module, name)
        bases = (Stub, list) if name == "L" else (Stub,)  # made by the __new__ of what it builds on
        return made.setdefault((module, name), type(name, bases, {}))

    monkeypatch.setattr(blob._Unpickler, "find_class", find_class)
    return lambda captured: [blob.load_call(data, codec, "script") for codec, data in captured]


def test_arguments_are_as_the_call_bound_them(project, loaded):
    project.write("script.py", """
def f(a, b=2, *rest, c, d=4, **more):
    a = b = c = None
    return lambda: (a, c, rest, more)
def only(a, b, k=1):
    return a
def cells(a, b, *, k):
    a, b, k
    return lambda: (a, k)
class A:
    def __init__(self, n):
        self.n = n
    def m(self, x): return x
    @classmethod
    def cm(cls, x): return x
    @staticmethod
    def sm(x): return x
    @property
    def p(self): return self.n
    @p.setter
    def p(self, v): self.n = v
    def star(*args): return args
    def __getitem__(self, i): return i
class B(A):
    pass
f(1, c=3)
f(1, 5, 6, 7, c=3, d=9, z=[8])
f(b=1, a=2, c=3, _=0)
only(1, b=2); cells(1, 2, k=3)
a = A(10); a.m('x'); A.cm(1); B.cm(2); A.sm(3); a.p; a.p = 6; a.star(5); a[4]; B(11)
""")
    s = project.record("script.py").spool

    def calls(name):
        return [(c.args, c.kwargs) for c in loaded(s.captured(name))]

    assert calls("f") == [((1, 2), {"c": 3, "d": 4}), ((1, 5, 6, 7), {"c": 3, "d": 9, "z": [8]}),
                          ((2, 1), {"c": 3, "d": 4, "_": 0})]
    assert calls("only") == [((1, 2, 1), {})]
    assert calls("cells") == [((1, 2), {"k": 3})]
    assert calls("A.__init__") == [((10,), {}), ((11,), {})]
    assert [c.through and c.through.__name__ for c in loaded(s.captured("A.__init__"))] == [None, "B"]
    (receiver, x), _ = calls("A.m")[0]
    assert type(receiver).__name__ == "A" and receiver.n == 10 and x == "x"
    assert calls("A.cm") == [((1,), {}), ((2,), {})]
    assert [c.through and c.through.__name__ for c in loaded(s.captured("A.cm"))] == [None, "B"]
    assert calls("A.sm") == [((3,), {})]
    assert [len(a) for a, _ in calls("A.star")] == [2] and calls("A.__getitem__")[0][0][1] == 4
    by_line = {f["line"]: i for i, f in s.functions.items() if f["qualname"] == "A.p"}
    assert [s.counts[i] for _, i in sorted(by_line.items())] == [1, 1]
    kinds = {f["qualname"]: f["kind"] for f in s.functions.values()}
    assert kinds["A.__init__"] == "constructor" and kinds["A.cm"] == "classmethod" and kinds["f"] == "function"
    assert kinds["A.sm"] == "staticmethod" and kinds["A.p"] == "property" and kinds["A.m"] == "method"
    assert {f["class"] for f in s.functions.values()} == {None, "A"}
    signature = s.functions[s.name("f")]["signature"]
    assert [(p["name"], p["kind"], p["default"]) for p in signature] == [
        ("a", "positional_or_keyword", None), ("b", "positional_or_keyword", "2"),
        ("rest", "var_positional", None), ("c", "keyword_only", None), ("d", "keyword_only", "4"),
        ("more", "var_keyword", None)]


def test_positional_only(project, loaded):
    project.write("script.py", "def f(a, b=[1], /, c='é'): return a\nf(1); f(1, 2, c=3)\n")
    s = project.record("script.py").spool
    assert [c.args for c in loaded(s.captured("f"))] == [(1, [1], "é"), (1, 2, 3)]
    assert s.functions[s.name("f")]["signature"][2]["default"] == "'é'"


def test_aliasing_and_the_moment_of_capture(project, loaded):
    project.write("script.py", "def f(a, b, c):\n    a.append(9); b.append(8)\n    return c\nx = [1]\nf(x, x, [x])\n")
    (x, y, z), _ = loaded(project.record("script.py").spool.captured("f"))[0][:2]
    assert x == [1] and x is y and z[0] is x


def test_functions_are_described(project):
    text = ("import functools\n\n\n@functools.lru_cache(None)\ndef f(a):\n    # a comment\n    return a\n\n\n"
            "class A:\n    class In:\n        async def m(self):\n            pass\n\n\n"
            "def gen():\n    yield lambda: 0\n\n\nasync def agen():\n    yield 1\n\n\n"
            "def outer():\n    def inner():\n        pass\n    class C:\n        def m(self): pass\n    return inner\n\n\n"
            "if __name__ == '__main__':\n    def guarded(): pass\n    f(1)\n")
    project.write("script.py", text)
    s = project.record("script.py").spool
    by_name = {f["qualname"]: f for f in s.functions.values()}
    f = by_name["f"]
    assert (f["line"], f["end_line"], f["main"], f["module"]) == (5, 7, True, "script")
    assert f["file"] == os.path.join(project.folder, "script.py")
    assert f["source_sha256"] == hashlib.sha256(
        "".join(text.splitlines(True)[4:7]).encode()).hexdigest()
    kinds = {q: (f["kind"], f["replayable"]) for q, f in by_name.items()}
    assert kinds == {
        "<module>": ("module", False), "f": ("function", True), "A.In.m": ("coroutine", True),
        "gen": ("generator", True), "gen.<locals>.<lambda>": ("lambda", False),
        "agen": ("asyncgenerator", True), "outer": ("function", True),
        "outer.<locals>.inner": ("nested", False), "outer.<locals>.C.m": ("nested", False),
        "guarded": ("function", False)}
    assert by_name["A.In.m"]["class"] == "A.In"


def test_counts_are_exact_and_captures_bounded(project, loaded):
    project.write("script.py", "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n"
                  "def seq(i):\n    return i\nfib(20)\nfor i in range(100000):\n    seq(i)\n")
    s = project.record("script.py").spool
    assert s.count("fib") == 21891 and s.count("seq") == 100000
    got = [c.args[0] for c in loaded(s.captured("seq"))]
    assert got[:10] == list(range(10)) and 50 <= len(got) <= 350
    assert sum(x >= 50000 for x in got) >= 8, "the run's second half is not there"
    assert all(c["seq"] == blob.load(s.values[c["hash"]][1])[0][0] + 1
               for c in s.calls if c["function"] == s.name("seq"))
    fib = [c for c in s.calls if c["function"] == s.name("fib")]
    assert len(fib) > 50 and len({c["hash"] for c in fib}) <= 21


def test_every_function_entered_is_accounted_for(project):
    project.write("script.py", """
import threading, socket
def sends(s): return 0
def opens(f): return f
def locks(l): return l
def lambdas(f): return f()
def deep(x): return 0
def big(b): return len(b)
def exits(e): return 1
class Odd:
    def __init__(self): self.socket = socket.socket()
    def __getstate__(self): raise ValueError("odd one")
def odd(o): return 0
def generators(g): return sum(g)
def local():
    class L: pass
    return takes(L())
def takes(l): return 1
opens(open(__file__)); locks(threading.Condition()); sends(socket.socket()); lambdas(lambda: 1)
x = []
for i in range(100000): x = [x]
deep(x); big(bytes(9 << 20)); odd(Odd()); generators(i for i in range(3)); local()
""")
    for s in (project.record("script.py").spool, project.record("script.py", only=["big"]).spool):
        for i, n in s.counts.items():
            captured = sum(c["function"] == i for c in s.calls)
            lost = sum(v for (f, _), v in s.loss.items() if f == i)
            assert not n or captured or lost, s.functions[i]["qualname"]
            assert captured + lost <= n
    s = project.record("script.py").spool
    assert list(s.reasons("deep")) == ["nested too deeply"]
    assert list(s.reasons("big")) == ["too large"]
    assert list(s.reasons("odd")) == ["odd one"]
    assert len(s.captured("opens")) == len(s.captured("locks")) == 1
    assert "socket" in list(s.reasons("sends"))[0]
    s = project.record("script.py", only=["big", "odd"]).spool
    assert list(s.reasons("takes")) == ["not selected"] and list(s.reasons("big")) == ["too large"]


def test_pickling_the_programs_objects_neither_counts_nor_recurses(project):
    project.write("script.py", """
class A:
    def __init__(self, n): self.n = n
    def __reduce__(self): return (A, (helper(self.n),))
    def __getstate__(self): return helper(1)
def helper(n):
    return n
def f(a): return a
for i in range(50): f(A(i))
""")
    s = project.record("script.py").spool
    assert s.count("f") == 50 and s.count("A.__init__") == 50
    assert s.count("helper") == 0 and s.count("A.__reduce__") == 0
    assert len(s.captured("f")) > 20


def test_the_projects_own_ways_to_be_pickled_are_not_asked(project, loaded):
    project.write("script.py", """
import collections, socket, time, warnings, itertools
asked = []
class Sleeps:
    def __init__(self): self.a = 1
    def __reduce__(self):
        asked.append("reduce"); time.sleep(5)
        return Sleeps, ()
class Slots:
    __slots__ = ("x", "unset")
    def __init__(self, x): self.x = x
    def __getstate__(self): asked.append("slots"); time.sleep(5)
class Both(Slots):
    __slots__ = ("y",)
    @property
    def x(self): asked.append("property"); return 5
class Number(int):
    def __getnewargs__(self): asked.append("newargs"); return (1,)
    def __add__(self, other): asked.append("add")
class Many(list):
    def __reduce_ex__(self, n): asked.append("list")
    def __iter__(self): asked.append("iter"); return iter(())
class Lazy:
    def __getattr__(self, name):
        asked.append(name); raise AttributeError(name)
class Failure(Exception):
    def __init__(self, a, b): super().__init__(a); self.b = b
    def __reduce__(self): asked.append("error"); return Failure, (1, 2)
class Only:
    def __reduce__(self): asked.append("only"); return "ONLY"
ONLY = Only()
class Keys(dict):
    def __init__(self, a, b): super().__init__(); self[a] = b
    def items(self): asked.append("items"); return ()
class Ordered(collections.OrderedDict):
    def __init__(self, n): super().__init__(z=n, a=1)
    def items(self): asked.append("ordered"); return ()
class Deque(collections.deque):
    def __init__(self, n): super().__init__((n, 2), 5)
    def __iter__(self): asked.append("deque"); return iter(())
class Default(collections.defaultdict):
    def __init__(self): super().__init__(int); self["k"]
class Shadow:
    __slots__ = ("v",)
class Shadowing(Shadow):
    __slots__ = ()
    @property
    def v(self): asked.append("v"); return 99
class Lies:
    @property
    def __class__(self): asked.append("class"); return int
class Frozen:
    __slots__ = ("w",)
    def __setattr__(self, name, value): raise TypeError
class Leaves:
    def __init__(self): self.a, self.s = 1, socket.socket()
    def __getstate__(self): return {"a": self.a}
def f(x): return 0
def g(x): return x is ONLY
def h(x): return 0
def i(x): return next(x)
sleeps = Sleeps(); sleeps.loop = sleeps
both = Both.__new__(Both); both.y = 2; Slots.x.__set__(both, 7)
many = Many((1, 2)); many.extra = many
number = Number(7); number.unit = "m"
shadowing = Shadowing(); Shadow.v.__set__(shadowing, 5)
frozen = Frozen(); Frozen.w.__set__(frozen, 6)
for x in (sleeps, Slots(3), both, number, many, Lazy(), Failure(1, 2),
          Keys("A", 1), Ordered(4), Deque(7), Default(), shadowing, Lies(), frozen):
    f(x)
g(ONLY); h(Leaves())
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    i(itertools.count(5))
print(asked, len(seen))
""")
    ran = project.record("script.py")
    assert ran.stdout == "[] 0\n"
    s = ran.spool
    assert [s.reasons(n) for n in "fghi"] == [{}] * 4
    assert [len(s.captured(n)) for n in "fghi"] == [14, 1, 1, 1]
    ask = ("import sys; sys.path[:0] = sys.argv[1:3]; import script; from codeflash import blob\n"
           "values = [blob.load_call(bytes.fromhex(b), c, 'script').args[0] for b, c in %r]\n"
           "sleeps, slots, both, number, many, lazy, failure, keys, ordered, deque, default, shadowing, lies, frozen, only, leaves = values\n"
           "assert dict.items(keys) == {'A': 1}.items() and list(ordered) == ['z', 'a'] and ordered['z'] == 4\n"
           "assert deque.maxlen == 5 and deque.popleft() == 7 and default['k'] == default['new'] == 0\n"
           "assert script.Shadow.v.__get__(shadowing) == 5 and type(lies) is script.Lies and frozen.w == 6\n"
           "assert sleeps.a == 1 and sleeps.loop is sleeps and slots.x == 3 and not hasattr(slots, 'unset')\n"
           "assert both.y == 2 and script.Slots.x.__get__(both) == 7\n"
           "assert int(number) == 7 and number.unit == 'm' and type(number) is script.Number\n"
           "assert list.__len__(many) == 2 and many.extra is many and type(lazy) is script.Lazy\n"
           "assert failure.args == (1,) and failure.b == 2 and only is script.ONLY and leaves.a == 1\n")
    project.write("script.py", open(os.path.join(project.folder, "script.py")).read().partition("sleeps = ")[0])
    blobs = [(b.hex(), c) for n in "fgh" for c, b in s.captured(n)]
    plugin = os.path.join(HERE, "../../../plugins/python")
    subprocess.run([project.python, "-B", "-c", ask % blobs, project.folder, plugin], check=True)


ERRORS = """
import sys
class Stop(SystemExit):
    def __init__(self, why, n):
        super().__init__(n); self.why = why
class Gone(OSError):
    def __init__(self, name):
        super().__init__(2, "gone", name); self.extra = name
class Done(StopIteration):
    def __init__(self, a, b): super().__init__(a); self.b = b
class Bad(UnicodeDecodeError): pass
class Value(ValueError):
    def __init__(self, a, *, b): super().__init__(a); self.b = b
class Absent(ImportError): pass
class Slotted(Exception):
    __slots__ = ("x",)
def made():
    found = [Stop("x", 4), Gone("q"), Done(1, 2), Bad("utf8", b"\\xff", 0, 1, "no"), Value(1, b=2),
             Absent("a", name="n", path="p"), SystemExit(9), OSError(13, "x", "y"), KeyError(3), Slotted(1)]
    found[0].code = 5
    found[9].x = found
    try:
        try: 1 / 0
        except ZeroDivisionError as e: raise Value(5, b=6) from e
    except Value as e: found.append(e)
    try:
        try: {}[1]
        except KeyError: raise Gone("n")
    except Gone as e: found.append(e)
    try:
        try: {}[2]
        except KeyError as e: raise RuntimeError("no") from e
    except RuntimeError as e: found.append(e)
    found.append(OSError(2, "x", "y")); found[-1].errno = 5
    if sys.version_info >= (3, 11):
        class Group(ExceptionGroup): pass
        globals()["Group"] = Group; Group.__qualname__ = "Group"
        for kind in (ExceptionGroup, Group):
            found.append(kind("m", [Value(1, b=2)]))
            found[-1].add_note("n")
            found[-1].__cause__ = KeyError(3)
    return found
def tell(e):
    names = ("code", "value", "errno", "filename", "name", "path", "reason", "__suppress_context__", "__dict__")
    return repr([type(e).__name__, e.args, str(e), e.__cause__, e.__context__, [getattr(e, n, None) for n in names]])
"""


def test_exceptions_come_back_with_all_that_they_hold(project):
    project.write("script.py", ERRORS + "def f(e): pass\nfor e in made(): f(e); print(tell(e))\n")
    ran = project.record("script.py")
    assert ran.spool.reasons("f") == {}
    blobs = [(b.hex(), c) for c, b in ran.spool.captured("f")]
    project.write("script.py", ERRORS)
    ask = ("import sys; sys.path[:0] = sys.argv[1:3]; import script; from codeflash import blob; script.made()\n"
           "for b, c in %r: print(script.tell(blob.load_call(bytes.fromhex(b), c, 'script').args[0]))\n")
    again = subprocess.run([project.python, "-B", "-c", ask % blobs, project.folder,
                            os.path.join(HERE, "../../../plugins/python")], check=True, stdout=subprocess.PIPE, text=True)
    assert again.stdout == ran.stdout


def test_the_first_call_of_a_function_is_kept_though_the_budget_is_spent(project):
    project.write("many.py", "".join("def g%d(d): return len(d)\n" % i for i in range(40)))
    project.write("script.py", """
import many
class A:
    def __init__(self, n): self.n = n
data = [A(i) for i in range(60000)]
for i in range(40): getattr(many, "g%d" % i)(data)
def small(n): return n + 1
def big(d): return len(d)
small(1); big(data)
""")
    s = project.record("script.py").spool
    assert len(s.captured("small")) == 1 and not s.captured("big")
    assert set(s.reasons("big")) <= {"takes too long to copy", "the budget for copying inputs was spent"}


def test_an_exception_for_the_program_passes_through_a_capture(project):
    project.write("script.py", """
import os, signal, socket, sys
class A:
    def __init__(self): self.socket = socket.socket()
    def __reduce__(self):
        os.kill(os.getpid(), signal.SIGUSR1)
        for i in range(1000): pass
        return (A, ())
class Stop(BaseException): pass
def handler(*a): raise Stop
signal.signal(signal.SIGUSR1, handler)
def f(a): return 1
try:
    f(A())
except Stop:
    print('stopped')
print(f(1))
""")
    ran = project.record("script.py")
    assert ran.stdout == "stopped\n1\n" and ran.status == 0


def test_generators_are_captured_once(project, loaded):
    project.write("script.py", "import asyncio\ndef gen(n):\n    for i in range(n):\n        yield i\n"
                  "async def co(x):\n    await asyncio.sleep(0)\n    return x\nasync def main():\n"
                  "    await asyncio.gather(*[co(i) for i in range(3)])\nlist(gen(5)); list(gen(6)); asyncio.run(main())\n")
    s = project.record("script.py").spool
    assert s.count("gen") == 2 and [c.args for c in loaded(s.captured("gen"))] == [(5,), (6,)]
    assert s.count("co") == 3 and len(s.captured("co")) == 3


GENERATORS = """
import asyncio, sys, traceback
def gen(n, items):
    for i in range(n):
        yield i, len(items)
def closes(a, *rest, k=5, **more):
    yield lambda: (a, k)
    try:
        yield rest
    except ValueError:
        yield more
def inner(n):
    def again(z):
        yield n + z
    return list(again(n))
def fails(x):
    yield x
    raise KeyError(x)
class A:
    def method(self, x):
        return (yield from gen(x, []))
    @classmethod
    def of_class(cls, x):
        yield x
    @property
    def prop(self):
        yield 1
    async def co(self, x):
        await asyncio.sleep(0)
        return x
    async def agen(self, x):
        for i in range(x):
            yield i
async def main():
    print(await asyncio.gather(*[A().co(i) for i in range(3)]), [i async for i in A().agen(3)])
class Sub(A):
    pass
"""


def test_generators_are_captured_when_they_are_made(project, loaded):
    constants = "\n".join("print(%d.5, end='')" % i for i in range(300))
    project.write("many.py", "def many(x):\n    %s\n    yield x\n" % constants.replace("\n", "\n    "))
    project.write("script.py", GENERATORS + """
import many
items = [1]
made = gen(3, items)
items.append(2)
print(list(made))
gen(9, []).close()
c = closes(1, 2, k=6, z=7)
print(next(c)(), next(c), c.throw(ValueError()))
print(list(A().method(2)), list(Sub.of_class(3)), list(A().prop), inner(2), list(many.many(1)))
asyncio.run(main())
for wrong in (lambda: list(fails(3)), lambda: gen(2, []).throw(OSError()), lambda: gen(1)):
    try:
        wrong()
    except Exception:
        traceback.print_exc(file=sys.stdout)
print(gen.__code__.co_firstlineno, gen.__code__.co_flags, gen.__defaults__)
lines = []
def watch(frame, event, arg):
    lines.append((event, frame.f_code.co_name, frame.f_lineno))
    return watch
sys.settrace(watch)
list(gen(2, []))
sys.settrace(None)
print(lines)
""")
    ran = project.record("script.py")
    assert ran.stdout == project.plain("script.py").stdout
    s = ran.spool
    assert [(c.args[0], c.args[1]) for c in loaded(s.captured("gen"))] == [
        (3, [1]), (9, []), (2, []), (2, []), (2, [])]
    assert [(c.args, c.kwargs) for c in loaded(s.captured("closes"))] == [((1, 2), {"k": 6, "z": 7})]
    through = loaded(s.captured("A.of_class"))[0]
    assert through.args == (3,) and through.through.__name__ == "Sub"
    assert {n: s.count(n) for n in ("gen", "A.co", "A.agen", "inner.<locals>.again", "many", "main", "fails")} == {
        "gen": 5, "A.co": 3, "A.agen": 1, "inner.<locals>.again": 1, "many": 1, "main": 1, "fails": 1}
    assert len(s.captured("A.co")) == 3 and len(s.captured("A.prop")) == 1 and len(s.captured("many")) == 1


def test_the_opcodes_that_are_moved_are_this_pythons(python):
    ask = ("import opcode, sys; sys.path.insert(0, sys.argv[1]); import creation; m = opcode.opmap\n"
           "own = creation.opcodes(sys.version_info[1])\n"
           "names = 'NOP', 'LOAD_CONST', 'UNARY_NEGATIVE', 'POP_TOP', 'EXTENDED_ARG'\n"
           "print(own is None or own == tuple(m[n] for n in names))")
    folder = os.path.join(HERE, "../../../plugins/python/codeflash")
    ran = subprocess.run([python, "-c", ask, folder], stdout=subprocess.PIPE, check=True)
    assert ran.stdout == b"True\n"


def test_only_the_projects_own_sources(project):
    for name in ("pkg/__init__.py", "pkg/a.py", "tests/test_x.py", "tests/support.py", "conftest.py",
                 "test_top.py", "node_modules/n.py", ".venv/lib/site-packages/dep.py", "env/lib/dep2.py"):
        project.write(name, "def f(): return 1\nf()\n")
    project.write("env/pyvenv.cfg", "")
    project.write("script.py", "import sys\nsys.path[:0] = ['tests', 'node_modules', '.venv/lib/site-packages', 'env/lib']\n"
                  "import pkg.a, test_x, support, conftest, test_top, n, dep, dep2, json\n")
    s = project.record("script.py").spool
    assert {f["module"] for f in s.functions.values()} == {"script", "pkg", "pkg.a"}
    s = project.record("script.py", module_root="pkg").spool
    assert {f["module"] for f in s.functions.values()} == {"pkg", "pkg.a"}


def test_a_project_may_be_the_whole_file_system():
    everything = importer.Importer(None, "/", "", [], None)
    assert everything.owns("/") and everything.wants(os.path.abspath(blob.__file__))


def test_a_file_that_cannot_be_instrumented_runs_plainly(project):
    # deeper than the instrumenting compiler goes, not than the interpreter's own does
    project.write("wide.py", "def f():\n    return 1\nx = " + "+".join(["1"] * 20) + "\n")
    project.write("script.py", "import marshal, wide\nprint(wide.f(), wide.x)\n")
    ran = project.record("script.py")
    assert ran.stdout == "1 20\n"
    project.write("codeflash.py", "def f(): return 'mine'\n")
    project.write("importer.py", "def f(): return 'too'\n")
    project.write("script.py", "import codeflash, importer\nprint(codeflash.f(), importer.f())\n")
    assert project.record("script.py").stdout == "mine too\n"


def test_time_is_where_it_is_spent(project):
    project.write("script.py", """
import time
def spin(n):
    t = 0
    for i in range(n):
        t += i * i
    return t
def light():
    return spin(200000)
def heavy():
    a = spin(200000)
    return a + sum(sorted(range(300000), key=lambda v: -v)[:3])
def sleeps():
    time.sleep(.3)
def rec(n):
    return spin(30000) if n == 0 else rec(n - 1)
start = time.perf_counter()
for i in range(4):
    light(); heavy()
sleeps()
for i in range(20): rec(50)
print(time.perf_counter() - start)
""")
    ran = project.record("script.py")
    s = ran.spool
    wall = float(ran.stdout) * 1e9
    own = {s.functions[i]["qualname"]: v for i, v in s.own.items()}
    total = {s.functions[i]["qualname"]: v for i, v in s.total.items()}
    assert 0.85 * wall < sum(own.values()) < 1.15 * wall
    assert abs(total["<module>"] - sum(own.values())) < 0.03 * wall
    assert 0.25e9 < own["sleeps"] < 0.4e9
    assert own["spin"] > 5 * own.get("light", 0)
    assert total["rec"] <= total["<module>"]
    i = {f["qualname"]: i for i, f in s.functions.items()}
    assert s.edges[i["light"], i["spin"]] > 0 and s.edges[0xFFFFFFFF, i["<module>"]] == total["<module>"]
    assert abs(s.edges[i["<module>"], i["light"]] - total["light"]) < 0.02 * wall
    lines = {line for (f, line), ns in s.lines.items() if f == i["spin"]}
    assert lines <= set(range(3, 8)) and {5, 6} & lines
    assert {line for (f, line), ns in s.lines.items() if f == i["sleeps"]} == {14}
    assert sum(ns for (f, line), ns in s.lines.items() if f == i["heavy"]) == total["heavy"]


def test_long_calls_have_their_durations(project):
    project.write("script.py", """
import time, threading
def wait(s):
    time.sleep(s)
def short(n):
    return n
def spin(s):
    end = time.thread_time() + s
    while time.thread_time() < end:
        pass
def nested(n):
    wait(0.05)
    return nested(n - 1) if n else None
for i in range(30):
    wait(0.004 + i / 1000)
    short(i)
t = threading.Thread(target=spin, args=(0.2,))
t.start()
t.join()
nested(2)
for i in range(2000):
    short(i)
""")
    s = project.record("script.py").spool
    wait = s.name("wait")
    known = {seq: ns / 1e9 for (f, seq), ns in s.durations.items() if f == wait}
    assert len(known) >= 20
    # never longer than it was by more than a few looks
    assert all(ns < 0.004 + (seq - 1) / 1000 + 0.03 for seq, ns in known.items() if seq <= 30)
    assert known[30] > 0.02
    spun = [ns for (f, _), ns in s.durations.items() if f == s.name("spin")]
    assert len(spun) <= 1 and all(ns > 0.1e9 for ns in spun)
    assert all(ns < 0.1e9 for (f, _), ns in s.durations.items() if f == s.name("short"))


def test_threads(project):
    project.write("script.py", """
import threading, time
def spin(n):
    t = 0
    for i in range(n): t += i
    return t
def busy():
    for i in range(60): spin(20000)
def idle(e): e.wait()
e = threading.Event()
ts = [threading.Thread(target=busy) for i in range(3)] + [threading.Thread(target=idle, args=(e,))]
for t in ts: t.start()
for t in ts[:3]: t.join()
time.sleep(.2)
e.set()
""")
    s = project.record("script.py").spool
    assert s.count("spin") == 180 and s.count("busy") == 3
    names = {s.functions[i]["qualname"]: v for i, v in s.total.items()}
    assert names["busy"] > 0 and s.own[s.name("spin")] > 0.8 * names["busy"]
    assert names.get("idle", 0) < 0.05 * names["busy"], "a thread that waits costs nothing"
    assert len({c["thread"] for c in s.calls if c["function"] == s.name("spin")}) >= 2


def test_fork(project):
    project.write("script.py", """
import os, sys
def f(n): return n
for i in range(5): f(i)
pid = os.fork()
if pid == 0:
    for i in range(7): f(100 + i)
    os._exit(0)
os.waitpid(pid, 0)
pid = os.fork()
if pid == 0:
    f('exit')
    sys.exit(0)
os.waitpid(pid, 0)
f('last')
""")
    first, second, third = project.record("script.py").spools
    assert [s.count("f") for s in (first, second, third)] == [6, 7, 1]
    assert second.ppid == third.ppid == first.pid and len({s.pid for s in (first, second, third)}) == 3
    assert len(second.captured("f")) == 7
    assert [s.state for s in (first, second, third)] == [1, 1, 1]


def test_a_fork_is_no_fork_of_threads(project):
    project.write("script.py", """
import os, time
def f():
    for i in range(3):
        if os.fork() == 0: os._exit(0)
        os.wait()
def g():
    end = time.monotonic() + .3
    while time.monotonic() < end: pass
f(); g()
""")
    ran = project.record("-W", "error", "script.py")
    assert (ran.stderr, ran.status) == ("", 0)
    assert ran.spools[0].own[ran.spools[0].name("g")] > 0.2e9, "the sampler goes on"


def test_multiprocessing(project):
    project.write("script.py", """
import multiprocessing as mp, sys, helper
def work(n): return helper.double(n)
if __name__ == '__main__':
    for how in ('fork', 'spawn', 'forkserver'):
        with mp.get_context(how).Pool(2) as pool:
            print(pool.map(work, range(10)))
            pool.close(); pool.join()
""")
    project.write("helper.py", "def double(n): return 2 * n\n")
    ran = project.record("script.py")
    assert ran.stdout == 3 * (str([2 * n for n in range(10)]) + "\n") and ran.stderr == ""
    doubled = sum(s.counts[i] for s in ran.spools for i, f in s.functions.items() if f["qualname"] == "double")
    worked = sum(s.counts[i] for s in ran.spools for i, f in s.functions.items() if f["qualname"] == "work")
    assert (doubled, worked) == (30, 30)


def test_subprocesses(project):
    project.write("script.py", """
import os, subprocess, sys
def f(): return 1
f()
def out(*words, **k): print(subprocess.run([sys.executable] + list(words), stdout=subprocess.PIPE, **k).stdout)
out('child.py', 'x')
out('-c', 'import helper; print(helper.f(2))')
out('-m', 'helper', env=dict(os.environ, SEEN='1'))
out('-c', 'import os; print(sorted(os.environ) , "codeflash" in str(os.environ).lower())')
out('-c', 'import sys; print(sys.path, "sitecustomize" in sys.modules)')
os.system(sys.executable + ' child.py y')
os.environ['PYTHONPATH'] = 'x'
out('child.py', 'z')
out('-c', 'print(1)', env={})
out('-c', 'import os, sys; print(os.environ["PYTHONPATH"], sys.path[:3])')
""")
    project.write("child.py", "import sys\ndef g(x): return x\nprint(g(sys.argv), sys.path[0], __file__)\n")
    project.write("helper.py", "def f(x): return x\nif __name__ == '__main__': print(f(3))\n")
    plain, traced = project.plain("script.py"), project.record("script.py")
    assert (traced.stdout, traced.stderr) == (plain.stdout, plain.stderr)
    spools = traced.spools

    def count(name, module):
        return sum(s.counts[i] for s in spools for i, f in s.functions.items()
                   if (f["qualname"], f["module"]) == (name, module))

    assert count("f", "script") == 1 and count("g", "child") == 3
    assert count("f", "helper") == 2


def test_the_users_own_sitecustomize_still_comes(project):
    project.write("own/sitecustomize.py", "import sys\nsys.came = __file__\n")
    project.write("script.py", "import subprocess, sys\nprint(sys.came)\nprint(subprocess.run([sys.executable, '-c', "
                  "'import sys, os; print(sys.came, os.environ[\"PYTHONPATH\"], sys.path[:2])'], stdout=subprocess.PIPE).stdout)\n")
    env = {"PYTHONPATH": os.path.join(project.folder, "own")}
    plain, traced = project.plain("script.py", env=env), project.record("script.py", env=env)
    assert "own/sitecustomize.py" in plain.stdout
    assert (traced.stdout, traced.stderr, traced.status) == (plain.stdout, plain.stderr, plain.status)


def test_what_a_crash_leaves(project):
    project.write("script.py", "import ctypes\ndef f(n): return n\nfor i in range(1000): f(i)\nctypes.string_at(0)\n")
    ran = project.record("script.py")
    assert ran.status == -signal.SIGSEGV
    assert ran.spool.count("f") == 1000 and len(ran.spool.captured("f")) > 20 and ran.spool.state == 0


def test_descriptors_are_the_programs(project):
    project.write("script.py", """
import os
def f(x): return x
print(open(__file__).fileno())
os.closerange(3, 200)
a = os.open('mine', os.O_RDWR | os.O_CREAT)
for i in range(3000): f('x' * i)
for i in range(20): f(os.urandom(200000))
os.pwrite(a, b'mine', 0)
print(os.path.getsize('mine'))
""")
    plain, traced = project.plain("script.py"), project.record("script.py")
    assert traced.stdout == plain.stdout and traced.spool.count("f") == 3020


def test_the_spool_is_gone(project):
    project.write("script.py", "import os, shutil\ndef f(x): return x\nf(1)\nshutil.rmtree(os.environ['WHERE'])\n"
                  "for i in range(100): f(os.urandom(100000))\nprint('done')\n")
    argv, env, folder = project.start(["script.py"])
    import subprocess

    ran = subprocess.run(argv, cwd=project.folder, env=dict(env, WHERE=folder), stdout=subprocess.PIPE)
    assert ran.stdout == b"done\n" and ran.returncode == 0


def test_functions_sent_away_by_value_still_work(project):
    pytest.importorskip("cloudpickle")
    project.write("script.py", "import sys, subprocess\ntry:\n    import cloudpickle\nexcept ImportError:\n    print(b'5')\n    sys.exit()\n"
                  "def f(x):\n    return g(x)\ndef g(x): return (lambda y: y + 2)(x)\n"
                  "print(subprocess.run([sys.executable, '-I', '-c', 'import sys, pickle; print(pickle.loads(sys.stdin.buffer.read())(3))'],"
                  "input=cloudpickle.dumps(f), stdout=subprocess.PIPE).stdout.strip())\n")
    ran = project.record("script.py")
    assert ran.stdout == "b'5'\n" and ran.stderr == ""


def test_the_second_run_is_from_the_cache_and_the_same(project):
    project.write("mod.py", "def f(x, y=2): return x\ndef g(): return [f(i) for i in range(3)]\n")
    project.write("script.py", "import mod\nmod.g()\n")
    one = project.record("script.py").spool
    assert [n for _, _, n in os.walk(project.folder + ".cache")][-1]
    two = project.record("script.py").spool
    assert one.functions == two.functions and one.counts == two.counts
    project.write("mod.py", "def f(x, y=2): return x\ndef g(): return [f(i) for i in range(4)]\n")
    assert project.record("script.py").spool.count("f") == 4


def test_an_interpreter_of_which_nothing_is_known(project, loaded):
    project.write("own/sitecustomize.py", "import sys\nsys.hexversion |= 0xff0000\n")
    project.write("script.py", "class A:\n    def m(self, a, *b, c=3, **d):\n        return lambda: (a, c)\n"
                  "A().m(1, 2, x=4)\n")
    ran = project.record("script.py", env={"PYTHONPATH": os.path.join(project.folder, "own")})
    assert ran.status == 0 and ran.stderr == ""
    call, = loaded(ran.spool.captured("A.m"))
    assert call.args[1:] == (1, 2) and call.kwargs == {"c": 3, "x": 4}
    assert (None, "time is not measured: unknown interpreter") in ran.spool.loss and not ran.spool.total


def test_plain_instances_keep_their_quick_attributes(project, loaded):
    project.write("script.py", """
import sys
class A:
    def __init__(self, n): self.z = n; self.a = n
class B(A):
    pass
class S:
    __slots__ = ('x', '__dict__')
class L(list): pass
class G:
    def __getstate__(self): return {'g': 1}
def f(a): return 0
a = B(1); a.b = 5; del a.z; a.z = 9
s = S(); s.x = 1; s.y = 2
l = L([1]); l.k = 3
empty = A.__new__(A)
size = [sys.getsizeof(x) for x in (a, s, l, empty)]
for x in (a, s, l, G(), empty, a): f(x)
a.__dict__['late'] = 1
f(a)
""")
    s = project.record("script.py").spool
    state = [c.args[0].__dict__ for c in loaded(s.captured("f"))]
    assert list(state[0].items()) == [("a", 1), ("b", 5), ("z", 9)] and len(state) == 7
    assert state[2] == {"k": 3} and state[3] == {} and state[4] == {}
    assert state[5] == state[0] and state[6] == {"a": 1, "b": 5, "z": 9, "late": 1}


def test_what_is_kept_of_large_inputs_is_bounded(project):
    project.write("script.py", "import os, time\ndef f(b): return len(b)\nblock = os.urandom(200000)\n"
                  "for i in range(20000):\n    f(block[i:] + b'%d' % i)\n")
    ran = project.record("script.py")
    assert ran.spool.count("f") == 20000 and len(ran.spool.captured("f")) >= 10
    assert sum(len(data) for _, data in ran.spool.values.values()) < 17 << 20


def test_an_exit_that_a_pickled_object_calls_is_not_the_programs(project):
    project.write("script.py", """
import functools, os, signal, socket, sys
class Odd: # cannot be copied as it is, so that it is asked
    def __init__(self): self.held = socket.socket()
class Exits(Odd):
    def __reduce__(self): sys.exit(3)
class Interrupts(Odd):
    def __reduce__(self): raise KeyboardInterrupt
class Signals(Odd):
    def __init__(self, n): super().__init__(); self.n = n
    def __reduce__(self):
        os.kill(os.getpid(), self.n)
        for i in range(1000): pass
        return Signals, (1,)
class Handler:
    def __call__(self, *a): raise SystemExit(4)
    def m(self, *a): raise KeyboardInterrupt(5)
def f(a): return 1
def handler(*a): sys.exit('told to')
print(f(Exits()), f(Interrupts()))
for h in (handler, lambda *a: sys.exit(1), Handler(), Handler().m, functools.partial(handler, 1)):
    signal.signal(signal.SIGTERM, h)
    try: f(Signals(signal.SIGTERM))
    except BaseException as e: print(repr(e))
try: f(Signals(signal.SIGINT))
except BaseException as e: print(repr(e))
""")
    ran = project.record("script.py")
    assert ran.status == 0 and ran.stdout == (
        "1 1\nSystemExit('told to')\nSystemExit(1)\nSystemExit(4)\nKeyboardInterrupt(5)\nSystemExit('told to')\nKeyboardInterrupt()\n")
    assert {"SystemExit", "KeyboardInterrupt"} <= set(ran.spool.reasons("f"))
