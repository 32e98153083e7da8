# SPDX-License-Identifier: Apache-2.0
"""The rows of the table of language features: for each a module, what a program does with it, and what
the trace must then hold.

What must be held is said by function, "name#2" for the second of a name: the kind and the calls, an
expression in the module's own names where call(...) is one call as it was bound, via= the class it went
through, and lost one that the ledger has. Of a function that cannot be kept or replayed: the number of calls and words of the reason.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Tuple


class Kept(NamedTuple):
    """Captured, loaded back the same, replayed with a stable outcome."""

    kind: str
    calls: str


class Lost(NamedTuple):
    """Counted; the ledger names the function with this reason."""

    kind: str
    n: int
    reason: str


class Unreplayed(NamedTuple):
    """Captured and loaded back the same; cf-replaygen drops it with this reason."""

    kind: str
    calls: str
    reason: str


class Row(NamedTuple):
    name: str
    files: Dict[str, str]  # by path; ROW stands for the row's own module
    run: str  # after `from ROW import *`
    expected: Dict[str, Any]
    since: Tuple[int, int]
    program: str  # rows of one program are recorded in one run
    needs: str  # a module without which there is no such row


ROWS: List[Row] = []


def row(name: str, code: str, run: str, expected: Dict[str, Any], since: Tuple[int, int] = (3, 8),
        program: str = "language", files: Any = None, needs: str = "") -> None:
    ROWS.append(Row(name, {"ROW.py": code, **(files or {})}, run, expected, since, program, needs))


NESTED, LAMBDA = "defined inside a function", "a lambda has no name to call it by"

# By the beginning of a row's name, why it does not hold yet.
NOT_YET = {
}

# Parameters. --------------------------------------------------------------------------------------

row("plain functions", "def f(a, b): return [a, b]\ndef none(): return 7\n", "f(1, [2]); f(b=3, a='x'); none()",
    {"f": Kept("function", "call(1, [2]), call('x', 3)"), "none": Kept("function", "call(),")})
row("positional-only", "def f(a, b=[1], /, c='é'): return [a, b, c]\ndef g(a, /, **k): return a, k\n",
    "f(1); f(1, 2, c=3); g(1, a=2)",
    {"f": Kept("function", "call(1, [1], 'é'), call(1, 2, 3)"), "g": Kept("function", "call(1, a=2),")})
row("*args", "def f(a, *rest): return a, rest\ndef g(*a): return len(a)\n", "f(1); f(1, 2, 3); g(); g(*'ab')",
    {"f": Kept("function", "call(1), call(1, 2, 3)"), "g": Kept("function", "call(), call('a', 'b')")})
row("**kwargs", "def f(a=1, **more): return a, more\n", "f(); f(b=2, self=3); f(**{'not a name': 4})",
    {"f": Kept("function", "call(1), call(1, b=2, self=3), call(1, **{'not a name': 4})")})
row("keyword-only", "def f(*, a, b=2): return a, b\ndef g(x, *r, k=None): return x, r, k\n",
    "f(a=1); f(b=3, a=0); g(1, 2, k=3); g(1)",
    {"f": Kept("function", "call(a=1, b=2), call(a=0, b=3)"),
     "g": Kept("function", "call(1, 2, k=3), call(1, k=None)")})
row("defaults", "import itertools\nN = itertools.count(5)\ndef f(x, seen=[]):\n    seen.append(x)\n    return list(seen)\n"
    "def g(x=next(N)): return x\n", "f(1); f(2); g(); g()",
    {"f": Kept("function", "call(1, []), call(2, [1])"), "g": Kept("function", "call(5), call(5)")})
row("unpacking a call", "def f(a, b, *c, d, **e): return a, b, c, d, e\ndef g(x):\n    a, *b = x\n    return [*b, a], {**{'k': a}}\n",
    "f(*[1, 2], *(3,), d=4, **{'e': 5}); g('abc')",
    {"f": Kept("function", "call(1, 2, 3, d=4, e=5),"), "g": Kept("function", "call('abc'),")})
row("arguments rebound and deleted", "def f(a, b):\n    a = b = 0\n    del a\n    return lambda: b\n", "f(1, 2)",
    {"f": Kept("function", "call(1, 2),"), "f.<locals>.<lambda>": Lost("lambda", 0, "")})

# Calls. -------------------------------------------------------------------------------------------

row("recursion", "def f(n): return n * f(n - 1) if n else 1\ndef even(n): return n == 0 or odd(n - 1)\n"
    "def odd(n): return n != 0 and even(n - 1)\n", "f(3); even(3)",
    {"f": Kept("function", "call(3), call(2), call(1), call(0)"), "even": Kept("function", "call(3), call(1)"),
     "odd": Kept("function", "call(2), call(0)")})

# Classes. -----------------------------------------------------------------------------------------

row("methods", "class A:\n    def __init__(self, n): self.n = n\n    def m(self, x, *, k=1): return self.n, x, k\n"
    "    class In:\n        def m(self): return 'in'\n", "a = A(1); a.m(2); A.m(a, 3, k=4); A.In().m()",
    {"A.m": Kept("method", "call(A(1), 2, k=1), call(A(1), 3, k=4)"), "A.In.m": Kept("method", "call(A.In()),")})
row("class methods", "class A:\n    @classmethod\n    def m(cls, x): return cls.__name__, x\nclass B(A): pass\n",
    "A.m(1); B.m(2); B().m(3)",
    {"A.m": Kept("classmethod", "call(1), call(2, via=B), call(3, via=B)")})
row("static methods", "class A:\n    @staticmethod\n    def m(x): return x\nclass B(A): pass\n", "A.m(1); B().m(2)",
    {"A.m": Kept("staticmethod", "call(1), call(2)")})
row("__init__", "class A:\n    def __init__(self, n, *r, k=0): self.n, self.r, self.k = n, r, k\nclass B(A): pass\n",
    "A(1); A(1, 2, k=3); B(4)",
    {"A.__init__": Kept("constructor", "call(1, k=0), call(1, 2, k=3), call(4, k=0, via=B)")})
row("__new__", "class A:\n    def __new__(cls, n):\n        self = super().__new__(cls)\n        self.n = n\n        return self\n"
    "class T(tuple):\n    def __new__(cls, *xs): return super().__new__(cls, xs)\n    def m(self): return sum(self)\n"
    "class B(A): pass\n", "A(1); B(2); T(1, 2).m()",
    {"A.__new__": Kept("staticmethod", "call(A, 1), call(B, 2)"), "T.__new__": Kept("staticmethod", "call(T, 1, 2),"),
     "T.m": Kept("method", "call(T(1, 2)),")})
row("inherited methods", "class A:\n    def m(self): return type(self).__name__, self.v\nclass B(A):\n    v = 1\nclass C(B):\n    v = 2\n",
    "B().m(); C().m()", {"A.m": Kept("method", "call(B()), call(C())")})
row("super()", "class A:\n    def __init__(self): self.a = 1\n    def m(self, x): return [x]\nclass B(A):\n"
    "    def __init__(self):\n        super().__init__()\n        self.b = 2\n    def m(self, x): return super().m(x) + [self.b]\n",
    "B().m(3)", {"A.m": Kept("method", "call(B(), 3),"), "B.m": Kept("method", "call(B(), 3),"),
                 "B.__init__": Kept("constructor", "call(),"), "A.__init__": Kept("constructor", "call(via=B),")})
row("properties", "import functools\nclass A:\n    def __init__(self): self._v = 1\n    @property\n    def v(self): return self._v\n"
    "    @v.setter\n    def v(self, to): self._v = to\n    @v.deleter\n    def v(self): del self._v\n"
    "    @functools.cached_property\n    def c(self): return self._v + 1\n", "a = A(); a.v; a.c; a.c; a.v = 5; del a.v",
    {"A.v#1": Kept("property", "call(A()),"), "A.v#2": Kept("property", "call(having(A(), c=2), 5),"),
     "A.v#3": Lost("property", 1, "deletes a property"), "A.c": Kept("property", "call(A()),")})
row("slots", "class A:\n    __slots__ = ('x', 'y')\n    def __init__(self, x): self.x = x\n    def m(self): return self.x\n"
    "class B(A):\n    __slots__ = ('z',)\n    def n(self): return self.x, self.z\nclass C(A): pass\n",
    "A(1).m(); b = B(2); b.z = 3; b.m(); b.n(); c = C(4); c.w = 5; c.m()",
    {"A.m": Kept("method", "call(A(1)), call(having(B(2), z=3)), call(having(C(4), w=5))"),
     "B.n": Kept("method", "call(having(B(2), z=3)),")})
row("dataclasses", "import dataclasses\n@dataclasses.dataclass\nclass D:\n    x: int\n    ys: list = dataclasses.field(default_factory=list)\n"
    "    def __post_init__(self): self.z = self.x + 1\n    def m(self): return dataclasses.astuple(self)\n"
    "@dataclasses.dataclass(frozen=True, order=True)\nclass F:\n    x: int\n    def m(self, o): return self < o, hash(self)\n",
    "D(1, [2]).m(); F(1).m(F(2))",
    {"D.__post_init__": Kept("method", "call(without(D(1, [2]), 'z')),"), "D.m": Kept("method", "call(D(1, [2])),"),
     "F.m": Kept("method", "call(F(1), F(2)),")})
row("named tuples and enums", "import collections, enum, typing\nclass P(collections.namedtuple('P', 'x y')):\n    def m(self): return self.x + self.y\n"
    "class Q(typing.NamedTuple):\n    x: int\n    def m(self): return self.x\nclass E(enum.Enum):\n    A = 1\n    B = 2\n"
    "    def m(self): return self.name\n    @classmethod\n    def of(cls, n): return cls(n)\nclass G(enum.IntFlag):\n    R = 1\n    W = 2\n    def m(self): return int(self)\n",
    "P(1, 2).m(); Q(3).m(); E.B.m(); E.of(1); (G.R | G.W).m()",
    {"P.m": Kept("method", "call(P(1, 2)),"), "Q.m": Kept("method", "call(Q(3)),"), "E.m": Kept("method", "call(E.B),"),
     "E.of": Kept("classmethod", "call(1),"), "G.m": Kept("method", "call(G.R | G.W),")})
row("__call__", "class A:\n    def __call__(self, *a, **k): return a, k\n", "A()(1, k=2)",
    {"A.__call__": Kept("method", "call(A(), 1, k=2),")})
row("operators", "class V:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return V(self.x + o.x)\n    def __radd__(self, o): return V(o)\n"
    "    def __eq__(self, o): return isinstance(o, V) and self.x == o.x\n    def __hash__(self): return self.x\n    def __lt__(self, o): return self.x < o.x\n"
    "    def __getitem__(self, i): return i\n    def __contains__(self, x): return x == self.x\n    def __len__(self): return self.x\n"
    "    def __iter__(self): return iter([self.x])\n    def __bool__(self): return False\n    def __neg__(self): return V(-self.x)\n"
    "    def __iadd__(self, o):\n        self.x += o\n        return self\n    def __repr__(self): return 'V'\n",
    "a = V(1); a + V(2); 5 + a; a == V(1); hash(a); a < V(3); a[2:3]; 1 in a; len(a); iter(a); bool(a); -a; a += 4; repr(a)",
    {"V.__add__": Kept("method", "call(V(1), V(2)),"), "V.__radd__": Kept("method", "call(V(1), 5),"),
     "V.__eq__": Kept("method", "call(V(1), V(1)),"), "V.__hash__": Kept("method", "call(V(1)),"), "V.__lt__": Kept("method", "call(V(1), V(3)),"),
     "V.__getitem__": Kept("method", "call(V(1), slice(2, 3)),"), "V.__contains__": Kept("method", "call(V(1), 1),"),
     "V.__len__": Kept("method", "call(V(1)),"), "V.__iter__": Kept("method", "call(V(1)),"), "V.__bool__": Kept("method", "call(V(1)),"),
     "V.__neg__": Kept("method", "call(V(1)),"), "V.__iadd__": Kept("method", "call(V(1), 4),"), "V.__repr__": Kept("method", "call(V(5)),")})
row("attribute hooks", "class A:\n    def __init__(self): self.__dict__['d'] = {}\n    def __getattr__(self, n):\n        if n.startswith('_'): raise AttributeError(n)\n        return n * 2\n"
    "    def __setattr__(self, n, v): self.d[n] = v\n    def __delattr__(self, n): del self.d[n]\nclass B:\n    def __getattribute__(self, n): return object.__getattribute__(self, n)\n    x = 1\n"
    "class D:\n    def __get__(self, o, t): return 3\n    def __set__(self, o, v): o.__dict__['q'] = v\n    def __set_name__(self, t, n): self.n = n\nclass H:\n    d = D()\n",
    "a = A(); a.zz; a.k = 1; del a.k; B().x; h = H(); h.d; h.d = 4",
    {"A.__getattr__": Kept("method", "call(A(), 'zz'),"), "A.__setattr__": Kept("method", "call(A(), 'k', 1),"),
     "A.__delattr__": Kept("method", "call(raw(A, d={'k': 1}), 'k'),"), "B.__getattribute__": Kept("method", "call(B(), 'x'),"),
     "D.__get__": Kept("method", "call(having(D(), n='d'), H(), H),"), "D.__set__": Kept("method", "call(having(D(), n='d'), H(), 4),"),
     "D.__set_name__": Lost("method", 1, "attribute lookup H")})
row("context manager methods", "class A:\n    def __enter__(self): return self\n    def __exit__(self, t, v, tb): return True\n",
    "with A(): pass\nwith A(): 1 / 0\n",
    {"A.__enter__": Kept("method", "call(A()), call(A())"), "A.__exit__": Kept("method", "call(A(), None, None, None), lost")})
row("metaclass methods", "SEEN = []\nclass M(type):\n    def __new__(mcs, name, bases, ns):\n        SEEN.append(dict(ns))\n        return super().__new__(mcs, name, bases, ns)\n"
    "    def __call__(cls, *a): return super().__call__(*a)\n    def m(cls, x): return cls.__name__, x\n    @property\n    def p(cls): return 1\n    def __len__(cls): return 3\n"
    "class A(metaclass=M):\n    def __init_subclass__(cls, **k): pass\n    def __class_getitem__(cls, i): return i\nclass B(A): pass\n",
    "A(); A.m(1); B.m(2); A.p; len(A); A[int]",
    {"M.__new__": Kept("staticmethod", "call(M, 'A', (), SEEN[0]), call(M, 'B', (A,), SEEN[1])"), "M.__call__": Kept("method", "call(A),"),
     "M.m": Kept("method", "call(A, 1), call(B, 2)"), "M.p": Kept("property", "call(A),"), "M.__len__": Kept("method", "call(A),"),
     "A.__init_subclass__": Lost("classmethod", 1, "attribute lookup B"), "A.__class_getitem__": Kept("classmethod", "call(int),")})
row("abstract, generic, protocol classes", "import abc, typing\nT = typing.TypeVar('T')\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def m(self): return 1\n    @property\n    @abc.abstractmethod\n    def p(self): return 2\n"
    "class B(A, typing.Generic[T]):\n    def m(self): return super().m() + 1\n    @property\n    def p(self): return super().p\nclass P(typing.Protocol):\n    def q(self) -> int: return 5\nclass R(P): pass\n",
    "B().m(); B[int]().p; R().q()",
    {"A.m": Kept("method", "call(B()),"), "A.p": Kept("property", "call(raw(B, __orig_class__=B[int])),"), "B.m": Kept("method", "call(B()),"),
     "B.p": Kept("property", "call(raw(B, __orig_class__=B[int])),"), "P.q": Kept("method", "call(R()),")})
row("private names", "class _A:\n    def __m(self, x): return x\n    def n(self): return self.__m(1)\n    _p = __m\nclass __B:\n    def __m(self): return 2\n    def n(self): return self.__m()\nmake = __B\n", "a = make(); a.n()\nfrom ROW import _A\n_A().n(); _A()._p(3)",
    {"_A.__m": Kept("method", "call(_A(), 1), call(_A(), 3)"), "_A.n": Kept("method", "call(_A()),"), "__B.n": Kept("method", "call(make()),"), "__B.__m": Kept("method", "call(make()),")})

# Functions in functions, decorators. --------------------------------------------------------------

row("nested functions", "def f(x):\n    def g(y): return y + 1\n    class C:\n        def m(self): return 1\n    return g(x) + C().m()\n", "f(1); f(2)",
    {"f": Kept("function", "call(1), call(2)"), "f.<locals>.g": Lost("nested", 2, NESTED), "f.<locals>.C.m": Lost("nested", 2, NESTED)})
row("lambdas", "f = lambda x, *a, y=1, **k: (x, a, y, k)\ng = [lambda: 1,\n     lambda: (yield 2)]\nclass A:\n    m = lambda self: 3\ndef h(x, key=lambda v: -v): return sorted(x, key=key)\n",
    "f(1, 2, z=3); g[0](); list(g[1]()); A().m(); h([1, 2])",
    {"<lambda>#1": Lost("lambda", 1, LAMBDA), "<lambda>#2": Lost("lambda", 1, LAMBDA), "<lambda>#3": Lost("lambda", 1, LAMBDA),
     "A.<lambda>": Lost("lambda", 1, LAMBDA), "<lambda>#4": Lost("lambda", 2, LAMBDA), "h": Kept("function", "call([1, 2], h.__defaults__[0]),")})
row("closures", "def counter(n):\n    def step(by=1):\n        nonlocal n\n        n += by\n        return n\n    return step\ndef use(f): return f(2)\n", "c = counter(5); c(); use(c)",
    {"counter": Kept("function", "call(5),"), "counter.<locals>.step": Lost("nested", 2, NESTED), "use": Kept("function", "call(counter(6)),")})
row("functools.wraps", "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def w(*a, **k): return [f(*a, **k)]\n    return w\n@deco\ndef f(x, y=2): return x + y\nclass A:\n    @deco\n    def m(self, x): return x\n",
    "f(1); f(1, y=3); A().m(4)",
    {"f": Kept("function", "call(1, 2), call(1, 3)"), "deco.<locals>.w": Lost("nested", 3, NESTED), "A.m": Kept("method", "call(A(), 4),")})
row("lru_cache", "import functools\n@functools.lru_cache(maxsize=None)\ndef f(n): return n * 2\n@functools.lru_cache\ndef g(n): return n\nclass A:\n    @functools.lru_cache()\n    def m(self, x): return x\n",
    "f(1); f(1); f(2); g(3); g(3); a = A(); a.m(1); a.m(1)",
    {"f": Kept("function", "call(1), call(2)"), "g": Kept("function", "call(3),"), "A.m": Kept("method", "call(A(), 1),")})
row("decorators without wraps", "def deco(f):\n    def w(*a): return f(*a) + 1\n    return w\n@deco\ndef f(x): return x\nclass A:\n    @deco\n    def m(self): return 1\n", "f(1); f(2); A().m()",
    {"f": Kept("function", "call(1), call(2)"), "A.m": Kept("method", "call(A()),")})
row("class-based decorators", "import functools\nclass Deco:\n    def __init__(self, f):\n        self.f = f\n        self.n = 0\n    def __call__(self, *a):\n        self.n += 1\n        return self.f(*a)\n"
    "class Bound:\n    def __init__(self, f): functools.update_wrapper(self, f)\n    def __call__(self, *a): return self.__wrapped__(*a)\n    def __get__(self, o, t): return functools.partial(self, o)\n"
    "@Deco\ndef f(x): return x\nclass A:\n    @Bound\n    def m(self, x): return x\n", "f(1); f(2); A().m(3)",
    {"f": Kept("function", "call(1), call(2)"), "A.m": Kept("method", "call(A(), 3),")})
row("stacked decorators", "import functools\ndef a(f):\n    @functools.wraps(f)\n    def w(*x): return ['a', f(*x)]\n    return w\ndef b(n):\n    def d(f):\n        def w(*x): return [n, f(*x)]\n        return w\n    return d\n"
    "@a\n@b(3)\n@functools.lru_cache(None)\ndef f(x): return x\nclass A:\n    @classmethod\n    @a\n    def m(cls, x): return x\n    @staticmethod\n    @b(1)\n    def s(x): return x\n", "f(1); f(1); A.m(2); A.s(3)",
    {"f": Kept("function", "call(1),"), "A.m": Kept("classmethod", "call(2),"), "A.s": Kept("staticmethod", "call(3),"), "b": Kept("function", "call(3), call(1)")})
row("partialmethod", "import functools\nclass A:\n    def m(self, x, y=0): return x, y\n    three = functools.partialmethod(m, 3)\ndef f(a, b): return a - b\ng = functools.partial(f, 1)\n", "A().three(); A().three(y=4); g(2)",
    {"A.m": Kept("method", "call(A(), 3, 0), call(A(), 3, 4)"), "f": Kept("function", "call(1, 2),")})
row("singledispatch", "import functools\n@functools.singledispatch\ndef f(x): return 'any'\n@f.register(int)\ndef f_int(x): return 'int'\n@f.register(str)\ndef _(x): return 'str'\n@f.register(list)\ndef _(x): return 'list'\n"
    "class A:\n    @functools.singledispatchmethod\n    def m(self, x): return 'any'\n    @m.register(int)\n    def m_int(self, x): return 'int'\n", "f(1.5); f(2); f('s'); f([1]); A().m('x'); A().m(3)",
    {"f": Kept("function", "call(1.5),"), "f_int": Kept("function", "call(2),"), "_#1": Kept("function", "call('s'),"), "_#2": Kept("function", "call([1]),"),
     "A.m": Kept("method", "call(A(), 'x'),"), "A.m_int": Kept("method", "call(A(), 3),")})
row("contextlib.contextmanager", "import contextlib\n@contextlib.contextmanager\ndef f(x): yield x\nclass A:\n    @contextlib.contextmanager\n    def m(self): yield 1\n",
    "with f(1): pass\nwith A().m(): pass\n", {"f": Kept("generator", "call(1),"), "A.m": Kept("generator", "call(A()),")})

# Generators and coroutines. -----------------------------------------------------------------------

row("generators", "def f(n):\n    for i in range(n): yield i\nclass A:\n    def m(self, n): yield n\n", "list(f(3)); list(f(2)); next(A().m(4))",
    {"f": Kept("generator", "call(3), call(2)"), "A.m": Kept("generator", "call(A(), 4),")})
row("generators: send, throw", "def f(x):\n    while True:\n        try: x = yield x\n        except ValueError: return\n", "g = f(1); next(g); g.send(2)\ntry: g.throw(ValueError())\nexcept StopIteration: pass",
    {"f": Kept("generator", "call(1),")})
row("generators: yield from", "def f(n): yield from g(n)\ndef g(n):\n    yield n\n    return n\n", "list(f(2))", {"f": Kept("generator", "call(2),"), "g": Kept("generator", "call(2),")})
row("generators: arguments changed before the first resume", "def f(xs): yield from xs\n", "x = [1]; g = f(x); x.append(2); list(g)", {"f": Kept("generator", "call([1]),")})
row("coroutines", "import asyncio\nasync def f(x, *, k=1):\n    await asyncio.sleep(0)\n    return x + k\nasync def g(n): return sum(await asyncio.gather(*[f(i) for i in range(n)]))\nclass A:\n    async def m(self): return await f(1)\n",
    "import asyncio\nasyncio.run(g(3)); asyncio.run(A().m())", {"f": Kept("coroutine", "call(0, k=1), call(1, k=1), call(2, k=1), call(1, k=1)"), "g": Kept("coroutine", "call(3),"), "A.m": Kept("coroutine", "call(A()),")})
row("async generators", "async def f(n):\n    for i in range(n): yield i\nasync def g(n): return [x async for x in f(n)]\n", "import asyncio\nasyncio.run(g(2)); f(3)", {"f": Kept("asyncgenerator", "call(2), call(3)"), "g": Kept("coroutine", "call(2),")})
row("async context managers", "import contextlib\nclass A:\n    async def __aenter__(self): return 1\n    async def __aexit__(self, *a): return None\n@contextlib.asynccontextmanager\nasync def c(x): yield x\n"
    "async def f():\n    async with A() as a, c(2) as b: return a + b\n", "import asyncio\nasyncio.run(f())",
    {"A.__aenter__": Kept("coroutine", "call(A()),"), "A.__aexit__": Kept("coroutine", "call(A(), None, None, None),"), "c": Kept("asyncgenerator", "call(2),"), "f": Kept("coroutine", "call(),")})

# Bodies. ------------------------------------------------------------------------------------------

row("comprehensions", "def f(x, n): return [x + i for i in range(n)], {x: n for _ in 'a'}, sum(x * i for i in range(n)), [[x for _ in range(i)] for i in range(n)]\n", "f(1, 3)", {"f": Kept("function", "call(1, 3),")})
row("global and nonlocal", "N = 0\ndef f(x):\n    global N\n    N += x\n    return N\ndef g(x):\n    def h():\n        nonlocal x\n        x += 1\n    h()\n    return x\n", "f(1); f(2); g(3)",
    {"f": Kept("function", "call(1), call(2)"), "g": Kept("function", "call(3),"), "g.<locals>.h": Lost("nested", 1, NESTED)})
row("walrus", "def f(x): return [y for v in x if (y := v * 2) > 2], y\n", "f([1, 2])", {"f": Kept("function", "call([1, 2]),")})
row("match", "def f(x):\n    match x:\n        case {'a': [y, *_]} if y: return y\n        case str() | int(): return 1\n        case _: return None\n", "f({'a': [1, 2]}); f('s'); f(None)",
    {"f": Kept("function", "call({'a': [1, 2]}), call('s'), call(None)")}, since=(3, 10))
row("except groups", "def f(x):\n    try: raise ExceptionGroup('g', [ValueError(x), KeyError(1)])\n    except* ValueError as e: return_ = len(e.exceptions)\n    except* KeyError: pass\n    return return_\n", "f(1)",
    {"f": Kept("function", "call(1),")}, since=(3, 11))
row("PEP 695 generics", "def f[T](x: T, *, k: int = 1) -> T: return x\nclass A[T]:\n    def m[U](self, x: U) -> U: return x\n    @classmethod\n    def c(cls, x: T) -> T: return x\ntype L[T] = list[T]\n", "f(1); f('a', k=2); A().m(3); A.c(4)",
    {"f": Kept("function", "call(1, k=1), call('a', k=2)"), "A.m": Kept("method", "call(A(), 3),"), "A.c": Kept("classmethod", "call(4),")}, since=(3, 12))
row("PEP 696 defaults of type parameters", "def f[T = int](x: T) -> T: return x\n", "f(1)", {"f": Kept("function", "call(1),")}, since=(3, 13))
row("postponed annotations", '"""A docstring."""\nfrom __future__ import annotations\ndef f(x: Nothing, y: list[int] | None = None) -> Nowhere: return x\n', "f(1); f(2, [3])", {"f": Kept("function", "call(1, None), call(2, [3])")})
row("docstring-only bodies", 'def f(x):\n    """Text."""\nclass A:\n    def m(self): ...\n    def n(self): "text"\nasync def c(): """t"""\n', "f(1); A().m(); A().n()\nimport asyncio\nasyncio.run(c())",
    {"f": Kept("function", "call(1),"), "A.m": Kept("method", "call(A()),"), "A.n": Kept("method", "call(A()),"), "c": Kept("coroutine", "call(),")})
row("conditional definitions", "import sys\nif sys.version_info > (3,):\n    def f(x): return 'new'\nelse:\n    def f(x): return 'old'\ntry:\n    import nothing_there\nexcept ImportError:\n    def g(x): return 1\nfor _i in range(2):\n    def h(x, i=_i): return x, i\n", "f(1); g(2); h(3)",
    {"f": Kept("function", "call(1),"), "g": Kept("function", "call(2),"), "h": Kept("function", "call(3, 1),")})
row("redefinition of a name", "def f(x): return 'first'\nold = f\ndef f(x): return 'second', old(x)\nclass A:\n    def m(self): return 1\n    n = m\n    def m(self): return 2, self.n()\n", "f(1); A().m()",
    {"f#1": Kept("function", "call(1),"), "f#2": Kept("function", "call(1),"), "A.m#1": Kept("method", "call(A()),"), "A.m#2": Kept("method", "call(A()),")})
row("replaced and patched functions", "def f(x): return 1\ndef g(x): return 2\nclass A:\n    def m(self): return 1\ndef late(self): return 4\nA.late = late\nalias = f\n", "import ROW\nalias(0); A().late(); ROW.f = g; ROW.f(5)",
    {"f": Kept("function", "call(0),"), "g": Kept("function", "call(5),"), "late": Kept("function", "call(A()),")})
row("exec'd and eval'd code", "NS = {}\nexec('def made(x): return x', NS)\nmade = NS['made']\ndef f(text): return eval(text, {'made': made})\n", "f('made(1)'); made(2)", {"f": Kept("function", "call('made(1)'),")})
row("one-line and nested statements", "def f(x): y = x; return y\nif True: \n  def g(x): \n\t  return x\nclass A: m = lambda s: 1; n = 2\ndef h(\n    x,\n    y=(1,\n       2)):\n    return x, y\n", "f(1); g(2); h(3)",
    {"f": Kept("function", "call(1),"), "g": Kept("function", "call(2),"), "h": Kept("function", "call(3, (1, 2)),")})
row("unicode identifiers", "def größe(länge, *, ñ=1): return länge + ñ\nclass Ключ:\n    def значение(self, ﬁ): return ﬁ\n", "größe(1); größe(1, ñ=2); Ключ().значение('é')",
    {"größe": Kept("function", "call(1, ñ=1), call(1, ñ=2)"), "Ключ.значение": Kept("method", "call(Ключ(), 'é'),")})
row("other encodings and line ends", "def f(x): return x\n", "import ROW_latin as l, ROW_crlf as c\nl.f(1); c.f(2)",
    {"ROW_latin:f": Kept("function", "call(1, 'é'),"), "ROW_crlf:f": Kept("function", "call(2),"), "ROW_crlf:g": Lost("function", 0, "")},
    files={"ROW_latin.py": "latin-1:# coding: latin-1\ndef f(x, y='é'): return x + len(y)\n", "ROW_crlf.py": "\ufeffdef f(x):\r\n    return x\r\n\r\ndef g(): pass"})

# Modules. -----------------------------------------------------------------------------------------

row("functions of __main__", "def f(x): return x\n", "MAIN",
    {"main:top": Kept("function", "call(1),"), "main:Top.m": Kept("method", "call(Top(2), Top(3)),"), "main:Top.__init__": Kept("constructor", "call(2), call(3), call(5)"),
     "main:Top.c": Kept("classmethod", "call(4),"), "f": Kept("function", "call(main.Top(5)),"), "main:guarded": Lost("function", 1, "defined only where the file is the program")})
row("packages", "", "import ROW_p, ROW_p.sub.deep as d\nROW_p.f(1); d.g(2); d.A().m()",
    {"ROW_p:f": Kept("function", "call(1), call(2)"), "ROW_p.sub.deep:g": Kept("function", "call(2),"), "ROW_p.sub.deep:A.m": Kept("method", "call(A()),"), "ROW_p.base:B.b": Kept("method", "call(ROW_p.sub.deep.A()),")},
    files={"ROW_p/__init__.py": "def f(x): return x\nfrom . import base\n", "ROW_p/base.py": "class B:\n    def b(self): return 1\n", "ROW_p/sub/__init__.py": "",
           "ROW_p/sub/deep.py": "from .. import f\nfrom ..base import B\ndef g(x): return f(x)\nclass A(B):\n    def m(self): return self.b()\n"})
row("namespace packages", "", "import ROW_n.part\nROW_n.part.f(1)", {"ROW_n.part:f": Kept("function", "call(1),")}, files={"ROW_n/part.py": "def f(x): return x\n"})
row("circular imports", "import ROW_c\ndef f(x): return ROW_c.g(x)\nclass A: pass\n", "f(1); f(A())", {"f": Kept("function", "call(1), call(A())"), "ROW_c:g": Kept("function", "call(1), call(ROW.A())")},
    files={"ROW_c.py": "import ROW\ndef g(x): return isinstance(x, ROW.A)\n"})
row("if TYPE_CHECKING", "from __future__ import annotations\nfrom typing import TYPE_CHECKING, overload\nif TYPE_CHECKING:\n    from nowhere import Thing\n    def f(x: Thing): ...\nelse:\n    def f(x): return x\n@overload\ndef g(x: int) -> int: ...\n@overload\ndef g(x: str) -> str: ...\ndef g(x): return x\n", "f(1); g(2)",
    {"f#2": Kept("function", "call(1),"), "g#3": Kept("function", "call(2),")})
row("modules loaded in other ways", "def f(x): return x\n", "import importlib, importlib.util, ROW\nf(1)\nimportlib.reload(ROW)\nROW.f(1)\ns = importlib.util.spec_from_file_location('ROW_by_path', ROW.__file__.replace('ROW.py', 'ROW_odd-name.py'))\nm = importlib.util.module_from_spec(s)\ns.loader.exec_module(m)\nm.g(3)",
    {"f": Kept("function", "call(1), call(1)"), "ROW_by_path:g": Unreplayed("function", "call(3),", "")}, files={"ROW_odd-name.py": "def g(x): return x\n"})

# Arguments. ---------------------------------------------------------------------------------------

ONE = "def f(x): return type(x).__name__\n"


def argument(name: str, code: str, value: str, expected: Any = None, **options: Any) -> None:
    if expected is None:
        expected = Kept("function", "call(%s)," % value)
    row("argument: " + name, code + ONE, "f(%s)" % value, {"f": expected}, **{"program": "arguments", **options})


argument("plain containers", "import collections, datetime, decimal, fractions, pathlib, uuid\n",
         "[1, {'a': (2, {3})}, frozenset([4]), b'x', bytearray(b'y'), 1j, float('inf'), 1 << 99, None, ..., range(3), slice(1), "
         "collections.OrderedDict(a=1), collections.Counter('aab'), collections.deque([1], 3), collections.defaultdict(list, a=[1]), "
         "datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc), decimal.Decimal('1.5'), fractions.Fraction(1, 3), pathlib.PurePosixPath('a'), uuid.UUID(int=5)]")
argument("deep object graph", "class N:\n    def __init__(self, n): self.next = n\ndef _chain(n):\n    x = None\n    for _ in range(n): x = N(x)\n    return x\nchain = _chain\n", "chain(60)")
argument("too deep object graph", "def _chain(n):\n    x = None\n    for _ in range(n): x = [x]\n    return x\nchain = _chain\n", "chain(50000)", Lost("function", 1, "nested too deeply"))
argument("cyclic", "class N: pass\ndef ring():\n    a, b = N(), [1]\n    a.b = b\n    b.append(a)\n    a.me = a\n    return a\n", "ring()")
row("argument: shared", "def f(x, y, z):\n    x.append(1)\n    return y, z[0] is x\n", "s = []; f(s, s, [s, {}])", {"f": Kept("function", "shared(),")}, program="arguments")
argument("a file open for reading and writing", "", "open(__file__, 'r+')", Lost("function", 1, "TextIOWrapper"))
argument("io.StringIO and BytesIO", "import io\ndef at(s, n):\n    s.seek(n)\n    return s\n", "[at(io.StringIO('abc'), 1), at(io.BytesIO(b'abc'), 2)]")
argument("standard streams", "import sys\n", "[sys.stdout, sys.stderr]")
argument("socket", "import socket\n", "socket.socket()", Lost("function", 1, "socket"))
argument("threading.Lock", "import threading\n", "threading.Lock()")
argument("threading.RLock", "import threading\n", "threading.RLock()")
argument("threading.Event", "import threading\n", "threading.Event()")
argument("threading.Condition", "import threading\n", "threading.Condition()")
argument("threading.Semaphore", "import threading\n", "threading.Semaphore(3)")
argument("threading.local", "import threading\n", "threading.local()")
argument("queue.Queue", "import queue\ndef q():\n    q = queue.Queue(5)\n    q.put(1)\n    return q\n", "q()")
argument("queue.SimpleQueue", "import queue\n", "queue.SimpleQueue()", Lost("function", 1, "SimpleQueue"))
argument("object with a lock", "import threading\nclass A:\n    def __init__(self, n):\n        self.n, self.lock = n, threading.Lock()\n", "A(3)")
argument("generator", "", "(i for i in [1])", Lost("function", 1, "generator"))
argument("iterators", "import itertools\n", "[iter([1, 2]), iter((1,)), iter('ab'), iter(range(2)), enumerate([1]), zip([1], [2]), reversed([1])]")
argument("dict views", "import collections\n", "[{1: 2}.keys(), {1: 2}.values(), {1: 2}.items(), collections.OrderedDict(a=1).keys()]")
argument("mappingproxy and SimpleNamespace", "import types\n", "[types.MappingProxyType({1: 2}), types.SimpleNamespace(a=1)]")
argument("module", "import json, os.path\n", "[json, os.path]")
argument("lambda", "def _l(n): return lambda v: v + n\nl = _l\n", "l(3)")
argument("functions and classes", "import functools, operator\nclass A:\n    class B: pass\n    @staticmethod\n    def s(x): return x\n", "[f, A, A.B, A.s, len, functools.partial(f, 1), operator.itemgetter(1), operator.attrgetter('a.b'), str.upper, [].append, int]")
argument("bound methods", "class A:\n    def __init__(self, n): self.n = n\n    def m(self): return self.n\n    @classmethod\n    def c(cls): return cls\n", "[A(1).m, A.c, 'x'.join]")
argument("weak references", "import weakref\nclass A: pass\nKEPT = A()\n", "[KEPT, weakref.ref(KEPT)]")
argument("weak containers", "import weakref\nclass A: pass\nKEPT = A()\n", "[KEPT, weakref.WeakSet([KEPT]), weakref.WeakValueDictionary(a=KEPT), weakref.WeakKeyDictionary({KEPT: 1})]")
argument("exceptions", "class E(Exception):\n    def __init__(self, a, b):\n        super().__init__('%s %s' % (a, b))\n        self.a = a\n", "[ValueError(1, 'x'), KeyError('k'), E(1, 2), OSError(2, 'no'), UnicodeDecodeError('utf-8', b'x', 0, 1, 'r')]")
argument("raised exception", "def raised():\n    try: 1 / 0\n    except ZeroDivisionError as e: return e\n", "raised()")
argument("compiled regular expression and match", "import re\n", "[re.compile('a(b)'), re.match('a(b)', 'abc')]")
argument("code object", "", "[compile('a + 1', '<text>', 'eval'), (lambda: 3).__code__]")
argument("frame and traceback", "import sys\n", "sys._getframe()", Lost("function", 1, "frame"))
argument("array, memoryview", "import array\n", "array.array('i', [1, 2])")
argument("ctypes", "import ctypes\nclass P(ctypes.Structure):\n    _fields_ = [('x', ctypes.c_int)]\n", "[ctypes.c_int(3), P(4)]")
argument("logger", "import logging\n", "logging.getLogger('a.b')")
argument("thread, executor", "import concurrent.futures\n", "concurrent.futures.ThreadPoolExecutor(1)", Lost("function", 1, ""))
argument("NotImplemented, types", "import types, typing\n", "[NotImplemented, type(None), types.FunctionType, typing.List[int], typing.Optional[int]]")
argument("class with __getnewargs_ex__, __reduce__, copyreg", "import copyreg\nclass A:\n    def __new__(cls, *, k):\n        s = super().__new__(cls)\n        s.k = k\n        return s\n    def __getnewargs_ex__(self): return (), {'k': self.k}\nclass B:\n    def __init__(self, n): self.n = n\n    def __reduce__(self): return B, (self.n,)\nclass C:\n    pass\ndef _c(n):\n    c = C()\n    c.n = n\n    return c\nmake = _c\ncopyreg.pickle(C, lambda c: (_c, (c.n,)))\n", "[A(k=1), B(2), make(3)]")
argument("subclasses of built-ins", "class L(list):\n    def __init__(self, *a): super().__init__(a)\nclass D(dict):\n    def __missing__(self, k): return k\nclass I(int): pass\nclass S(str):\n    def __new__(cls, a, b): return super().__new__(cls, a + b)\ndef put(o, **k):\n    o.__dict__.update(k)\n    return o\n", "[put(L(1, 2), z=3), put(D(a=1), w=2), I(5), put(S('a', 'b'), q=1)]")
argument("local class", "def _made():\n    class C: pass\n    return C()\nmade = _made\n", "made()", Lost("function", 1, "C"))
argument("contextvars", "import contextvars\nV = contextvars.ContextVar('V')\n", "V", Lost("function", 1, "ContextVar"))
argument("sqlite connection", "import sqlite3\n", "sqlite3.connect(':memory:')", Lost("function", 1, "Connection"), needs="sqlite3")
argument("numpy", "import numpy as np\n", "[np.arange(6).reshape(2, 3), np.float32(1.5), np.dtype('i4'), np.array(['a', None], dtype=object), np.random.default_rng(1)]", needs="numpy")

HOSTILE = {"program": "hostile"}
argument("50 MB of bytes", "", "bytes(50 << 20)", Lost("function", 1, "too large"), **HOSTILE)
argument("__reduce__ that is not needed", "import time\nclass A:\n    def __init__(self, n): self.n = n\n    def __reduce__(self):\n        time.sleep(0.4); return A, (self.n,)\n", "A(3)", **HOSTILE)
argument("__reduce__ that sleeps", "import socket, time\nclass A:\n    def __init__(self): self.held = socket.socket()\n    def __reduce__(self):\n        time.sleep(2)\n        return A, ()\n", "A()", Lost("function", 1, "takes too long"), program="waits")
argument("__reduce__ that computes", "import socket\nclass A:\n    def __init__(self): self.held = socket.socket()\n    def __reduce__(self):\n        sum(range(10**8))\n        return A, ()\n", "A()", Lost("function", 1, "takes too long"), program="spends the budget")
argument("pickling that raises", "import socket\nclass A:\n    def __init__(self): self.held = socket.socket()\n    def __getstate__(self): raise ValueError('not me')\n", "A()", Lost("function", 1, "not me"), **HOSTILE)
row("argument: pickling that calls traced code", "class A:\n    def __init__(self, n): self.n = n\n    def __reduce__(self): return A, (helper(self.n),)\ndef helper(n): return n\ndef f(a): return a.n\n", "f(A(1)); f(A(2))",
    {"f": Kept("function", "call(A(1)), call(A(2))"), "helper": Lost("function", 0, ""), "A.__reduce__": Lost("method", 0, "")}, **HOSTILE)
argument("__reduce__ that calls sys.exit", "import socket, sys\nclass A:\n    def __init__(self): self.held = socket.socket()\n    def __reduce__(self): sys.exit(3)\n", "A()", Lost("function", 1, ""), **HOSTILE)
argument("__reduce__ that raises KeyboardInterrupt", "import socket\nclass A:\n    def __init__(self): self.held = socket.socket()\n    def __reduce__(self): raise KeyboardInterrupt\n", "A()", Lost("function", 1, ""), **HOSTILE)
argument("__reduce__ that recurses for ever", "import socket\nclass A:\n    def __init__(self): self.held = socket.socket()\n    def __reduce__(self): return self.__reduce__()\n", "A()", Lost("function", 1, "nested too deeply"), **HOSTILE)
argument("__class__ and __eq__ that lie", "class A:\n    @property\n    def __class__(self): return int\n    def __eq__(self, o): raise TypeError\n    __hash__ = None\n", "A()", Kept("function", "call(raw(A)),"), **HOSTILE)
