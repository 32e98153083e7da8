# SPDX-License-Identifier: Apache-2.0
"""The verb `run`: one worker process a test, as cf-verify starts it."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
import textwrap
import time

import codeflash
import pytest
from codeflash import outcomes

WORKER = os.path.join(os.path.dirname(os.path.abspath(codeflash.__file__)), "worker.py")


def root(outcome, name):
    return dict(map(tuple, outcome["roots"])).get(name)


def value(outcome, name="return"):
    """A root with lists, tuples and dicts of scalars put together again."""
    def build(v):
        if not isinstance(v, outcomes.Ref):
            return v
        kind, type_, items, state, _ = outcome["heap"][v]
        if type_ == "dict":
            return {build(k): build(x) for k, x in zip(items[::2], items[1::2])}
        if type_ == "tuple":
            return tuple(map(build, items))
        if kind == "object":
            return {k: build(x) for k, x in zip(state[::2], state[1::2])}
        return [build(x) for x in items]
    return build(root(outcome, name))


def test_frames_name_the_call_and_show_its_inputs(project):
    project.write("m.py", "def f(a, b=2, *, c=3):\n    return a + b + c\n")
    answer = project.run("m.py", "f", ((1,), {}), ((1, 5), {"c": 7}))
    assert [f.get("call") for f in answer.frames] == [1, 2, None]
    assert [f.get("input") for f in answer.frames[:2]] == ["f(1)", "f(1, 5, c=7)"]
    assert answer.frames[-1] == {"end": 2}
    assert [value(o) for o in answer.outcomes] == [6, 13]
    assert value(answer.outcomes[1], "kwargs") == {"c": 7}
    assert answer.status == 0


def test_arguments_after_the_call_share_the_heap_with_the_result(project):
    project.write("m.py", "def f(a):\n    a.append(1)\n    return [a]\n")
    out = project.one("m.py", "f", [])
    assert value(out, "args") == ([1],)
    returned = out["heap"][root(out, "return")]
    assert returned[2][0] == out["heap"][root(out, "args")][2][0]


def test_every_call_gets_its_own_arguments(project):
    project.write("m.py", "def f(a):\n    a.append(1)\n    return len(a)\n")
    blob = project.blobs("calls = [(([],), {})]")[0]
    assert [value(o) for o in project.run("m.py", "f", blob, blob).outcomes] == [1, 1]


CLASS = """
    import functools

    class Base:
        def hello(self):
            return "base"

        def __secret(self):
            return "secret"

        def only_here(self):
            return self.n

    class Account(Base):
        made = 0

        def __init__(self, n=0):
            self.n = n

        def hello(self):
            return "account"

        def pay(self, k):
            self.n -= k
            return self

        @property
        def total(self):
            return self.n

        @total.setter
        def total(self, v):
            self.n = v

        @functools.cached_property
        def cached(self):
            return self.n * 2

        @classmethod
        def of(cls, n):
            return cls(n)

        @staticmethod
        def twice(n):
            return n * 2

        @functools.lru_cache(maxsize=None)
        def slow(self, k):
            return self.n + k

        def __add__(self, other):
            return Account(self.n + other.n)

        def __eq__(self, other):
            return self.n == other.n

        def __hash__(self):
            return self.n

        def each(self):
            yield self.n

        class Inner:
            def deep(self):
                return 1
"""


@pytest.mark.parametrize("qualname, args, kind, want", [
    ("Account.pay", "(Account(5), 2)", "method", {"n": 3}),
    ("Account.total", "(Account(5),)", "property", 5),
    ("Account.total", "(Account(5), 9)", "property", None),
    ("Account.cached", "(Account(5),)", "method", 10),
    ("Account.of", "(4,)", "classmethod", {"n": 4}),
    ("Account.twice", "(4,)", "staticmethod", 8),
    ("Account.__init__", "(4,)", "constructor", {"n": 4}),
    ("Account.__add__", "(Account(1), Account(2))", "method", {"n": 3}),
    ("Account.slow", "(Account(1), 2)", "method", 3),
    ("Account.each", "(Account(1),)", "generator", [1]),
    ("Account.Inner.deep", "(Account.Inner(),)", "method", 1),
    ("Base.hello", "(Account(1),)", "method", "base"),
    ("Base.__secret", "(Account(1),)", "method", "secret"),
    ("Account.only_here", "(Account(1),)", "method", 1),
])
def test_methods_of_every_kind(project, qualname, args, kind, want):
    project.write("pkg/__init__.py", "")
    project.write("pkg/acc.py", CLASS)
    blobs = project.blobs("from pkg.acc import *\ncalls = [(%s, {})]" % args)
    answer = project.run("pkg/acc.py", qualname, *blobs, kind=kind)
    assert answer.error is None, answer.error
    out = answer.outcomes[0]
    assert out["kind"] == "return", out
    assert value(out) == want
    assert (root(out, "self") is not None) == (args.startswith("(Account(") or "Inner" in qualname)


def test_a_receiver_is_shown_before_the_dot(project):
    project.write("m.py", CLASS)
    blobs = project.blobs("from m import *\ncalls = [((Account(5), 2), {})]")
    answer = project.run("m.py", "Account.pay", *blobs, kind="method")
    assert answer.frames[0]["input"] == "<Account n=5>.pay(2)"


def test_decorated_functions_are_called_through_the_module(project):
    project.write("m.py", """
        import contextlib, functools

        def loud(f):
            @functools.wraps(f)
            def wrapper(*args):
                return ["loud", f(*args)]
            return wrapper

        @loud
        def f(a):
            return a

        @contextlib.contextmanager
        def g(a):
            yield a

        @functools.singledispatch
        def h(a):
            return "other"

        @h.register(int)
        def _(a):
            return "int"
        """)
    assert value(project.one("m.py", "f", 1)) == ["loud", 1]
    assert project.one("m.py", "g", 1)["kind"] == "return"
    assert value(project.one("m.py", "h", 1)) == "int"


def test_lazy_results_are_realised(project):
    project.write("m.py", """
        import asyncio

        def gen(n):
            for i in range(n):
                yield i
            return "end"

        async def coro(n):
            await asyncio.sleep(0)
            return [n]

        async def agen(n):
            for i in range(n):
                yield i

        def lazy(n):
            return map(str, range(n))

        def forever():
            n = 0
            while True:
                yield n
                n += 1

        def breaks(n):
            yield n
            raise ValueError("later")
        """)
    out = project.one("m.py", "gen", 3)
    assert out["heap"][root(out, "return")][2:4] == [[0, 1, 2], ["return", "end"]]
    assert value(project.one("m.py", "coro", 3, kind="coroutine")) == [3]
    assert value(project.one("m.py", "agen", 3, kind="asyncgenerator")) == [0, 1, 2]
    assert value(project.one("m.py", "lazy", 2)) == ["0", "1"]
    out = project.one("m.py", "forever")
    assert out["heap"][root(out, "return")][4] == ["truncated"]
    out = project.one("m.py", "breaks", 5)
    assert (out["kind"], out["raised_by"]) == ("raise", "project")
    assert value(out, "yielded") == [5]


@pytest.mark.parametrize("body, by", [
    ("raise ValueError('x')", "project"),
    ("raise ValueError(\n        'a'\n        'b')", "project"),
    ("assert a > 5", "project"),
    ("sys.exit(3)", "project"),
    ("raise KeyboardInterrupt", "project"),
    ("return {}['k']", "runtime"),
    ("return a.nope", "runtime"),
    ("raise ValueError({}['k'])", "runtime"),
    ("return f(a)", "runtime"),
    ("return json.loads('{')", "runtime"),
    ("return f()", "runtime"),
    ("try:\n        return {}['k']\n    except KeyError:\n        raise", "runtime"),
    ("try:\n        return {}['k']\n    except KeyError as e:\n        raise ValueError(1) from e",
     "project"),
    ("with lock:\n        raise ValueError", "project"),
    ("return helper.check(a)", "project"),
])
def test_who_raised(project, body, by):
    project.write("m.py", "import sys, json, threading\nimport helper\nlock = threading.Lock()\n\n"
                          "def f(a):\n    %s\n" % body)
    project.write("helper.py", "def check(a):\n    raise ValueError(a)\n")
    out = project.one("m.py", "f", 1)
    assert (out["kind"], out["raised_by"]) == ("raise", by)


def test_a_raise_in_a_library_is_the_runtimes(project):
    project.write("lib/site-packages/dep.py", "def check(a):\n    raise ValueError(a)\n")
    project.write("m.py", "import os, sys\nsys.path.append(os.path.join(os.path.dirname(__file__),"
                          " 'lib', 'site-packages'))\nimport dep\n\ndef f(a):\n    dep.check(a)\n")
    assert project.one("m.py", "f", 1)["raised_by"] == "runtime"


def test_wrong_arguments_are_the_runtimes(project):
    project.write("m.py", "def f():\n    pass\n")
    assert project.one("m.py", "f", 1)["raised_by"] == "runtime"


def test_files_are_part_of_the_outcome(project):
    project.write("m.py", """
        import os, shutil, tempfile
        from pathlib import Path

        os.umask(0o22)

        def f(how):
            if how == "text":
                with open("out.txt", "w") as out:
                    out.write("one")
            elif how == "same":
                Path("out.txt").write_text("one")
            elif how == "more":
                with open("out.txt", "a") as out:
                    print("two", file=out)
            elif how == "moved":
                os.mkdir("d")
                os.replace("out.txt", "d/out.txt")
            elif how == "gone":
                shutil.rmtree("d")
            elif how == "closed":
                os.chmod("m.py", 0o600)
            elif how == "came and went":
                open("new", "w").close()
                os.remove("new")
            elif how == "elsewhere":
                tempfile.NamedTemporaryFile().write(b"x")
            elif how == "read":
                open("m.py").read()
            elif how == "left open":
                kept.append(open("kept", "w"))
                kept[0].write("x")
                kept[0].flush()
                raise ValueError

        kept = []
    """)
    how = ("text", "same", "more", "moved", "gone", "closed", "came and went", "elsewhere", "read", "left open")
    answer = project.run("m.py", "f", *[((h,), {}) for h in how])
    got = [value(o, "files") for o in answer.outcomes]
    digest = {text: "%d bytes, mode 644, sha256 %s" % (len(text), hashlib.sha256(text.encode()).hexdigest())
              for text in ("one", "onetwo\n", "x")}
    assert " mode 600," in got.pop(how.index("closed"))["m.py"]
    assert got == [
        {"out.txt": digest["one"]}, None, {"out.txt": digest["onetwo\n"]},
        {"d": "directory, mode 755", "d/out.txt": digest["onetwo\n"], "out.txt": None},
        {"d": None, "d/out.txt": None}, None, None, None, {"kept": digest["x"]}]


def test_stdout_is_part_of_the_outcome_and_the_frames_are_not_disturbed(project):
    project.write("m.py", """
        import os, sys, subprocess
        print("at import")
        kept = sys.stdout

        def f(how):
            if how == "print":
                print("hello")
            elif how == "fd":
                os.write(1, b"raw")
            elif how == "child":
                subprocess.run(["echo", "child"])
            elif how == "kept":
                kept.write("kept")
            elif how == "replaced":
                sys.stdout = open(os.devnull, "w")
                print("gone")
            elif how == "closed":
                sys.stdout.close()
            elif how == "bytes":
                sys.stdout.buffer.write(b"\\xff")
            elif how == "much":
                for _ in range(3000):
                    print("x" * 999)
            elif how == "lazy":
                def g():
                    yield print("while realised")
                return [g()]
        """)
    names = ["print", "fd", "child", "kept", "replaced", "none", "closed", "print", "bytes", "much",
             "lazy", "print"]
    answer = project.run("m.py", "f", *[((n,), {}) for n in names])
    got = ["".join(value(o, "stdout")) if root(o, "stdout") else None for o in answer.outcomes]
    assert got[:9] == ["hello\n", "raw", "child\n", "kept", None, None, None, "hello\n", "\\xff"]
    assert "more bytes, sha256" in got[9] and len(got[9]) < 1100000
    assert got[10:] == ["while realised\n", "hello\n"]


def test_random_numbers_are_the_same_for_the_same_call(project):
    project.write("m.py", "import random\n\ndef f(a):\n    return random.random()\n")
    a = project.run("m.py", "f", (1,), (2,))
    b = project.run("m.py", "f", (1,), (2,))
    assert a.raw == b.raw
    assert value(a.outcomes[0]) != value(a.outcomes[1])
    assert project.run("m.py", "f", (1,), seed=8).raw[0] != a.raw[0]


def test_a_call_that_takes_too_long_is_named_and_ends_the_worker(project):
    project.write("m.py", """
        def f(n):
            while n:
                try:
                    while True:
                        pass
                except BaseException:
                    n -= 1
            return n
        """)
    start = time.time()
    answer = project.run("m.py", "f", (0,), (3,), (0,), call_timeout_s=0.5)
    assert answer.frames[0]["call"] == 1
    assert answer.frames[1] == {"call": 2, "timeout": True} or answer.outcomes[1]["kind"] == "return"
    assert time.time() - start < 10


def test_an_endless_loop_ends(project):
    project.write("m.py", "def f():\n    while True:\n        pass\n")
    answer = project.run("m.py", "f", (), call_timeout_s=0.3)
    assert answer.frames == [{"call": 1, "timeout": True}]


def test_deep_recursion_is_an_outcome(project):
    project.write("m.py", "def f(n):\n    return f(n + 1)\n")
    out = project.one("m.py", "f", 1)
    assert out["kind"] == "raise" and "RecursionError" in out["heap"][root(out, "raise")][1]


def test_a_fork_does_not_answer_twice(project):
    project.write("m.py", "import os\n\ndef f(n):\n    pid = os.fork()\n    if pid:\n"
                          "        os.waitpid(pid, 0)\n    return n\n")
    answer = project.run("m.py", "f", (1,), (2,))
    assert [f.get("call") for f in answer.frames] == [1, 2, None]


def test_a_crash_leaves_the_calls_before_it(project):
    project.write("m.py", "import os, signal\n\ndef f(n):\n    if n == 2:\n"
                          "        os.kill(os.getpid(), signal.SIGKILL)\n    return n\n")
    answer = project.run("m.py", "f", (1,), (2,), (3,))
    assert [f.get("call") for f in answer.frames] == [1]
    assert answer.status == -9


def test_threads_left_behind_do_not_hold_the_worker_up(project):
    project.write("m.py", "import threading, time, atexit\natexit.register(time.sleep, 60)\n\n"
                          "def f():\n    threading.Thread(target=time.sleep, args=(60,)).start()\n")
    start = time.time()
    assert project.one("m.py", "f")["kind"] == "return"
    assert time.time() - start < 20


def test_the_directory_is_put_back(project):
    project.write("m.py", "import os\n\ndef f(n):\n    here = os.getcwd()\n    os.chdir('/')\n"
                          "    return here\n")
    answer = project.run("m.py", "f", (1,), (2,))
    assert [value(o) for o in answer.outcomes] == [project.root, project.root]


def test_inputs_that_cannot_be_restored_say_so(project):
    project.write("m.py", "def f(n):\n    return n\n")
    answer = project.run("m.py", "f", b"garbage", (1,))
    assert answer.outcomes[0]["kind"] == "skip"
    assert "cannot be restored" in answer.outcomes[0]["reason"]
    assert value(answer.outcomes[1]) == 1


def test_errors_before_any_call_are_one_line(project):
    project.write("broken.py", "def f(:\n")
    project.write("raises.py", "raise RuntimeError('two\\nlines')\n")
    project.write("exits.py", "import sys\nsys.exit(2)\n")
    project.write("m.py", "def f():\n    def inner():\n        pass\n\nx = 3\n")
    for file, name, part in [
            ("broken.py", "f", "SyntaxError"), ("raises.py", "f", "two lines"),
            ("exits.py", "f", "SystemExit"), ("none.py", "f", "no such file"),
            ("m.py", "gone", "no gone in module m"), ("m.py", "f.<locals>.inner", "not reachable"),
            ("m.py", "x", "not callable"), ("m.py", "No.f", "no No.f")]:
        answer = project.run(file, name, ())
        assert part in answer.error and "\n" not in answer.error, (file, answer.error)
        assert len(answer.frames) == 1


def test_a_module_from_elsewhere_is_never_taken_for_the_projects(project):
    project.write("json.py", "def f():\n    return 1\n")
    answer = project.run("json.py", "f", ())
    assert answer.error and "came from" in answer.error


def test_the_projects_modules_may_have_our_names(project):
    for name in ("load", "encode", "guard", "runner", "worker", "compare", "bench", "blob"):
        project.write(name + ".py", "def f():\n    return 'mine'\n")
        assert value(project.one(name + ".py", "f")) == "mine"


def test_packages_relative_imports_and_a_source_folder(project):
    project.write("src/pkg/__init__.py", "from .a import f\n")
    project.write("src/pkg/a.py", "from . import b\nfrom pkg.sub.c import k\n\n"
                                  "def f(n):\n    return b.g(n) + k\n")
    project.write("src/pkg/b.py", "def g(n):\n    return n * 2\n")
    project.write("src/pkg/sub/__init__.py", "")
    project.write("src/pkg/sub/c.py", "k = 1\n")
    assert value(project.one("src/pkg/a.py", "f", 4, module="pkg.a")) == 9
    project.write("src/pkg/__init__.py", "def f(n):\n    return n\n")
    assert value(project.one("src/pkg/__init__.py", "f", 4, module="pkg")) == 4


def test_the_network_is_explained(project):
    project.write("m.py", """
        import socket

        def f(how):
            try:
                if how == "dns":
                    socket.getaddrinfo("example.invalid", 80)
                elif how == "connect":
                    socket.create_connection(("192.0.2.1", 80), timeout=1)
                elif how == "udp":
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 9))
                elif how == "loopback":
                    with socket.socket() as s:
                        s.bind(("127.0.0.1", 0))
                        s.listen()
                        with socket.create_connection(s.getsockname(), timeout=5):
                            return "connected"
            except Exception:
                return "carried on"
        """)
    answer = project.run("m.py", "f", *[((h,), {}) for h in ("dns", "connect", "udp", "loopback")])
    for out in answer.outcomes[:3]:
        assert out["kind"] == "skip"
        assert out["reason"] == "reaches the network: allow with --allow-network"
    assert value(answer.outcomes[3]) == "connected"
    allowed = project.run("m.py", "f", (("dns",), {}), allow_network=True)
    assert allowed.outcomes[0]["kind"] == "return"


def test_other_processes_are_not_signalled(project):
    project.write("m.py", """
        import os, signal, subprocess

        def f(how):
            if how == "parent":
                os.kill(os.getppid(), signal.SIGTERM)
            else:
                child = subprocess.Popen(["sleep", "60"])
                child.kill()
                return child.wait()
        """)
    answer = project.run("m.py", "f", (("parent",), {}), (("child",), {}))
    assert answer.outcomes[0]["reason"] == "signals another process"
    assert value(answer.outcomes[1]) == -9


def test_a_thousand_small_calls_cost_little(project):
    project.write("m.py", "def f(a, b):\n    return a + b\n")
    one = [((1, 2), {})]
    start = time.time()
    project.run("m.py", "f", *one)
    alone = time.time() - start
    start = time.time()
    answer = project.run("m.py", "f", *[((i, 2), {}) for i in range(1000)])
    assert len(answer.outcomes) == 1000
    assert time.time() - start - alone < 1.0


def test_heavy_libraries_are_not_imported_for_the_user(project):
    project.write("m.py", "import sys\n\ndef f():\n    return sorted(m for m in sys.modules if m in"
                          " ('numpy', 'pandas', 'asyncio', 'inspect', 'subprocess'))\n")
    assert value(project.one("m.py", "f")) == []


def test_sets_are_the_same_bytes_under_any_hash_seed(project):
    project.write("m.py", "def f(a):\n    return {x: {x, x + 'y', (x, 1)} for x in a}\n")
    blob = project.blobs("calls = [((['a', 'b', 'c'],), {})]")[0]
    raw = set()
    for hash_seed in ("1", "2", "3"):
        raw.add(project.run("m.py", "f", blob, env={"PYTHONHASHSEED": hash_seed}).raw[0])
    assert len(raw) == 1


DECORATED = """
    import functools

    def counted(f):
        @functools.wraps(f)
        def wrapper(text):
            return f(len(text), text)
        return wrapper

    def checked(f):
        def check(n):
            if not isinstance(n, str):
                raise TypeError("text only")
            return f(int(n))
        return check

    def none(f):
        return f

    @counted
    def f(n, text):
        return [n, text]

    @checked
    def g(n):
        return n + 1

    class C:
        @counted
        def m(self, text):
            return text

    class Command:
        def __init__(self, f):
            self.callback = f
        def main(self):
            raise SystemExit(2)
        __call__ = main

    @Command
    def h(n):
        return n
"""


def test_decorators_that_change_the_arguments(project):
    project.write("m.py", DECORATED)
    out = project.one("m.py", "f", 2, "ab")
    assert value(out) == [2, "ab"]
    assert root(out, "decorators").startswith("wrapper ")
    assert "wrapper" in root(out, "decorators")
    out = project.one("m.py", "g", 3)
    assert out["kind"] == "skip" and "decorators" in out["reason"]
    assert value(project.one("m.py", "h", 3)) == 3
    project.write("m2.py", textwrap.dedent(DECORATED).replace("@counted", "@none"))
    assert root(project.one("m2.py", "f", 2, "ab"), "decorators") is None


def test_an_error_in_a_decorated_function_is_its_own(project):
    project.write("m.py", """
        import functools

        def timed(f):
            @functools.wraps(f)
            def wrapper(*args, **kwargs):
                return f(*args, **kwargs)
            return wrapper

        @timed
        @functools.lru_cache(None)
        def f(n):
            raise ValueError(n)

        @timed
        def gen(n):
            yield n
            raise ValueError(n)

        @timed
        async def co(n):
            raise ValueError(n)
        """)
    for name in ("f", "gen", "co"):
        out = project.one("m.py", name, 1)
        assert (out["kind"], out.get("raised_by")) == ("raise", "project"), (name, out)


def test_constructors_and_class_methods_of_subclasses(project):
    project.write("m.py", """
        class Base:
            def __init__(self, n):
                self.n = n + self.step
            @classmethod
            def make(cls, n):
                return cls(n, 0)

        class Sub(Base):
            step = 5
            def __init__(self, n, extra):
                super().__init__(n)
                self.extra = extra

        class Other(Base):
            step = 7
        """)
    blobs = project.blobs("import m\ncalls = [((1,), {}, m.Sub), ((1,), {}, m.Other)]")
    answer = project.run("m.py", "Base.__init__", *blobs, kind="constructor")
    assert [value(o) for o in answer.outcomes] == [{"n": 6}, {"n": 8}]
    types = [o["heap"][root(o, "return")][1] for o in answer.outcomes]
    assert types == ["m.Sub", "m.Other"]
    answer = project.run("m.py", "Base.make", *blobs[:1], kind="classmethod")
    assert value(answer.outcomes[0]) == {"n": 6, "extra": 0}


def test_classes_of_the_program_given_to_another_module(project):
    project.write("geo.py", "def f(p):\n    return [p, p.x]\n")
    project.write("job.py", "import geo\n\nclass P:\n    def __init__(self, x):\n"
                            "        self.x = x\n\nprint(geo.f(P(1)))\nraise SystemExit(3)\n")
    made = subprocess.run([sys.executable, "-B", "-c", "import sys, pickle\ntry:\n    exec(open("
                           "'job.py').read())\nexcept SystemExit:\n    pass\n"
                           "sys.stderr.buffer.write(pickle.dumps(((P(4),), {})))"],
                          cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stderr
    answer = project.run("geo.py", "f", made, main_file="job.py", main_module="job")
    out = answer.outcomes[0]
    assert out["kind"] == "return", out
    assert "job.P" in [n[1] for n in out["heap"]]
    assert root(out, "stdout") is None


def test_bench_opens_like_run_and_then_answers_lines(project):
    project.write("m.py", "import time\n\ndef f(n):\n    time.sleep(n)\n    return n\n")
    blobs = project.blobs("calls = [((0.01,), {})]") + [b"garbage"]
    head = project.request("m.py", "f", blobs, verb="bench")
    lines = [{"op": "begin"}, {"op": "pass", "order": [1], "inner": 1}, {"op": "end"}, {"op": "quit"}]
    text = json.dumps(head).encode() + b"\n" + b"".join(blobs)
    text += b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    done = subprocess.run([sys.executable, "-B", WORKER, "bench"], input=text, cwd=project.root,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers, done.stderr
    assert answers[0]["ready"] is True and answers[0]["calls"] == [1]
    assert "cannot be restored" in answers[0]["skipped"]["2"]
    assert answers[2]["ns"]["1"] >= 1e7, answers
    head["qualname"] = "gone"
    text = json.dumps(head).encode() + b"\n" + b"".join(blobs)
    done = subprocess.run([sys.executable, "-B", WORKER, "bench"], input=text, cwd=project.root,
                          stdout=subprocess.PIPE, timeout=120)
    assert json.loads(done.stdout) == {"error": "no gone in module m"}


NOSY = """
    import sys
    at_import = sorted(n for n in sys.modules if n.startswith("codeflash"))

    def f(kind):
        if kind == "modules":
            return at_import + sorted(n for n in sys.modules if n.startswith("codeflash"))
        if kind == "import":
            try:
                import codeflash.encode
            except ImportError:
                return None
            return "found"
        import __main__
        return sorted(n for n in vars(__main__) if n[:2] != "__")
"""


def test_the_code_under_test_does_not_come_upon_the_harness(project):
    project.write("m.py", NOSY)
    calls = [((kind,), {}) for kind in ("modules", "import", "main")]
    assert [value(o) for o in project.run("m.py", "f", *calls).outcomes] == [[], None, []]


def test_what_the_code_under_test_puts_into_the_standard_library_is_not_the_harness_s(project):
    project.write("m.py", """
        import hashlib, os, struct
        os.pread = lambda fd, n, at: b"forged"
        os.ftruncate = os.fstat = struct.pack = hashlib.sha256 = None

        def f():
            print("true")
    """)
    assert value(project.one("m.py", "f"), "stdout") == ["true\n"]


def several(project, file, functions, **more):
    """The functions [(qualname, [inputs, ...])] in one request."""
    blobs = [[pickle.dumps((args, {})) for args in calls] for _, calls in functions]
    numbers = iter(range(1, 100))
    parts = [{"qualname": name, "class": None, "kind": "function",
              "calls": [{"id": next(numbers), "size": len(b), "codec": "pickle"} for b in own]}
             for (name, _), own in zip(functions, blobs)]
    return project.run(file, functions[0][0], *[b for own in blobs for b in own],
                       calls=parts[0]["calls"], more=parts[1:], **more)


def test_several_functions_each_find_the_module_as_it_was_imported(project):
    project.write("m.py", """
        import os
        made_in = os.getpid()
        seen = []
        def f(x):
            seen.append(x)
            return len(seen), os.getpid() == made_in
        def g(x):
            seen.append(x)
            return len(seen), os.getppid() == made_in
        """)
    answer = several(project, "m.py", [("f", [(1,), (2,)]), ("g", [(1,), (2,)])])
    assert [value(o)[0] for o in answer.outcomes] == [1, 2, 1, 2]
    assert value(answer.outcomes[2])[1]
    assert answer.frames[-1] == {"end": 4} and answer.status == 0


def test_of_several_functions_one_that_is_gone_is_only_missed_itself(project):
    project.write("m.py", "def f(x):\n    return x\n")
    answer = several(project, "m.py", [("f", [(1,)]), ("gone", [(1,), (2,)]), ("f", [(3,)])])
    assert [f.get("error") for f in answer.frames[1:3]] == ["no gone in module m"] * 2
    assert [value(o) for o in answer.outcomes] == [1, 3]
    assert answer.frames[-1] == {"end": 4}


@pytest.mark.parametrize("death, status", [
    ("os.kill(os.getpid(), 9)", -9), ("os.kill(os.getpid(), 11)", -11), ("os._exit(0)", 0),
    ("os._exit(5)", 5)])
def test_of_several_functions_one_that_ends_the_process_ends_the_worker(project, death, status):
    project.write("m.py", "import os\ndef f(x):\n    if x: %s\ndef g(x):\n    pass\n" % death)
    answer = several(project, "m.py", [("f", [(0,), (1,), (0,)]), ("g", [(0,)])])
    assert [f.get("call") for f in answer.frames] == [1]
    assert answer.status == status


def test_a_module_with_threads_is_not_forked(project):
    project.write("m.py", """
        import queue, threading
        asked, answers = queue.Queue(), queue.Queue()
        def work():
            while True:
                answers.put(asked.get() + 1)
        threading.Thread(target=work, daemon=True).start()
        def f(x):
            asked.put(x)
            return answers.get()
        """)
    answer = several(project, "m.py", [("f", [(1,)]), ("f", [(5,)])])
    assert [value(o) for o in answer.outcomes] == [2]
    assert answer.frames[-1] == {"end": 1}  # the caller asks another process for the rest


def test_a_package_as_the_module_root_does_not_hide_the_standard_library(project):
    project.write("pkg/__init__.py", "")
    project.write("pkg/logging.py", "from logging import Handler\n")
    project.write("pkg/m.py", "from .logging import Handler\ndef f():\n    return Handler.__module__\n")
    assert value(project.one("pkg/m.py", "f", module_root="pkg")) == "logging"


def test_a_class_of_a_program_outside_of_the_module_root_is_found(project):
    project.write("pkg/m.py", "def f(x):\n    return x.n\n")
    project.write("prog.py", "class A:\n    n = 5\nif __name__ == '__main__':\n    1 / 0\n")
    blob = b"\x80\x04c__main__\nA\n)\x81\x85}\x86."
    answer = project.run("pkg/m.py", "f", blob, module_root="pkg",
                         command=["/usr/bin/python3", "-X", "dev", "prog.py", "word"])
    assert [value(o) for o in answer.outcomes] == [5]
