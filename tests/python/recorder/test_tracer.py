# SPDX-License-Identifier: Apache-2.0
"""codeflash.tracer.Tracer: a section of a program that runs already."""

from __future__ import annotations

import glob
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

MODULE = """
import functools


def plain(x):
    return x + 1


def decorated(f):
    @functools.wraps(f)
    def wrapper(*args):
        return f(*args)
    return wrapper


@decorated
def wrapped(x):
    return x * 2


@functools.lru_cache(None)
def cached(x):
    return x


class Shape:
    def __init__(self, n):
        self.n = n

    def area(self, k=2):
        return self.n * k

    @classmethod
    def make(cls, n):
        return cls(n)

    @staticmethod
    def unit(x):
        return x

    @property
    def side(self):
        return self.n


def multiplier(k):
    def inner(x):
        return x * k
    return inner


triple = multiplier(3)
both = (lambda x: x), (lambda x: x + 1)


def numbers(n):
    for i in range(n):
        yield i


async def later(x):
    return x
"""
HEAD = """
import asyncio, os, sys, threading, time
import mod
from codeflash.tracer import Tracer
"""


class Trace:
    def __init__(self, path: str) -> None:
        self.path = path
        self.db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)

    def rows(self, query: str) -> list:
        return self.db.execute(query).fetchall()

    @property
    def calls(self) -> dict:
        """{qualname: calls}, of functions that were called."""
        return dict(self.rows("SELECT qualname, calls FROM profile JOIN function f ON f.id = function"
                              " WHERE calls > 0 AND kind != 'module'"))

    @property
    def kept(self) -> dict:
        return dict(self.rows("SELECT qualname, count(*) FROM call JOIN function f ON f.id = function"
                              " GROUP BY 1"))

    @property
    def complete(self) -> list:
        return self.rows("SELECT exit_status, signal, timed_out FROM complete")

    @property
    def losses(self) -> dict:
        return dict(self.rows("SELECT reason, sum(n) FROM ledger GROUP BY 1"))


class Place:
    """A project whose programs can import the package."""

    def __init__(self, project) -> None:
        self.project = project
        self.folder = project.folder
        self.env = {"PYTHONPATH": project.plugin}
        project.write("mod.py", MODULE)

    def write(self, name: str, text: str) -> None:
        self.project.write(name, text)

    def run(self, text: str, *words: str, **env: str):
        self.write("script.py", HEAD + text)
        return self.project.plain("script.py", *words, env=dict(self.env, **env))

    def start(self, text: str):
        self.write("script.py", HEAD + text)
        return subprocess.Popen([self.project.python, "script.py"], cwd=self.folder,
                                env=dict(self.project.env, **self.env), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def trace(self, name: str = "codeflash.trace") -> Trace:
        return Trace(os.path.join(self.folder, name))

    def left(self) -> list:
        return glob.glob(os.path.join(self.folder, ".*spool-*"))

    def until(self, answer) -> None:
        end = time.monotonic() + 30
        while not answer():
            assert time.monotonic() < end, "never happened"
            time.sleep(0.02)


@pytest.fixture
def place(project) -> Place:
    if not os.path.exists(os.path.join(project.plugin, "../../../bin/cf-trace")):
        pytest.skip("cf-trace is not beside the plugin; set O to a finished build")
    return Place(project)


def one_line(ran, *words: str) -> None:
    lines = ran.stderr.splitlines()
    assert len(lines) == 1, ran.stderr
    for word in ("codeflash: ",) + words:
        assert word in lines[0], ran.stderr


def test_functions_of_every_kind_that_were_there_before(place):
    ran = place.run("""
def local(x):
    return mod.plain(x)
held = mod.plain
bound = mod.Shape(4).area
functions = [mod.plain, mod.wrapped.__wrapped__, mod.wrapped, mod.cached.__wrapped__, mod.Shape.area,
             mod.Shape.make.__func__, mod.Shape.unit, mod.Shape.side.fget, mod.triple, mod.numbers,
             mod.later, local, *mod.both]
before = [f.__code__ for f in functions]
with Tracer():
    local(1), held(2), mod.wrapped(3), mod.cached(4), bound(), mod.Shape.make(5).side, mod.Shape.unit(6)
    mod.triple(7), mod.multiplier(8)(9), list(mod.numbers(3)), asyncio.run(mod.later(10))
    [f(11) for f in mod.both]
    during = [f.__code__ for f in functions]
assert not any(a is b for a, b in zip(before[:-2], during))
assert all(f.__code__ is b for f, b in zip(functions, before))
print("done")
""")
    assert (ran.stdout, ran.status) == ("done\n", 0), ran.stderr
    one_line(ran, "codeflash.trace: ", "next: codeflash --replay-test tests/test_replay_test_")
    t = place.trace()
    assert t.complete == [(None, None, 0)] and not place.left()
    assert {n: t.calls[n] for n in ("local", "plain", "wrapped", "cached", "Shape.area", "Shape.make")} == {
        "local": 1, "plain": 2, "wrapped": 1, "cached": 1, "Shape.area": 1, "Shape.make": 1}
    assert t.calls["multiplier.<locals>.inner"] == 2 and t.calls["decorated.<locals>.wrapper"] == 1
    for name in ("Shape.unit", "Shape.side", "Shape.__init__", "numbers", "later", "multiplier"):
        assert t.calls[name] == 1 and t.kept.get(name) == 1, name
    assert t.rows("SELECT main, module FROM function WHERE qualname = 'local'") == [(1, "script")]
    assert t.rows("SELECT value FROM meta WHERE key = 'stdin'") == [('{"kind":"none"}',)]


def test_used_again_and_to_another_output(place):
    ran = place.run("""
for name, n in (("a.trace", 3), ("b.trace", 5), ("a.trace", 7)):
    with Tracer(output=name):
        for i in range(n): mod.plain(i)
    mod.plain(0)
""")
    assert ran.status == 0 and len(ran.stderr.splitlines()) == 3, ran.stderr
    assert place.trace("a.trace").calls == {"plain": 7} and place.trace("b.trace").calls == {"plain": 5}
    assert place.trace("a.trace").kept == {"plain": 7}


def test_modules_imported_inside_lose_their_probes_at_the_end(place):
    place.write("pkg/__init__.py", "")
    place.write("pkg/late.py", "def f(x):\n    return lambda: x\n")
    ran = place.run("""
with Tracer():
    from pkg import late
    g = late.f(1)
    g()
probed = lambda c: any("Probe" in type(k).__name__ for k in c.co_consts)
late.f(2), g()
print(probed(late.f.__code__), probed(g.__code__))
from importlib._bootstrap_external import SourceLoader
print(SourceLoader.get_code.__qualname__)
""")
    assert ran.stdout == "False False\nSourceLoader.get_code\n", ran.stderr
    assert place.trace().calls == {"f": 1, "f.<locals>.<lambda>": 1}


def test_entered_in_a_thread_times_all_threads(place):
    ran = place.run("""
def spin(s):
    end = time.monotonic() + s
    while time.monotonic() < end: sum(range(100))
def in_main(s): spin(s)
def in_worker(s): spin(s)
def work():
    with Tracer():
        inside.set()
        in_worker(0.6)
        done.wait()
inside, done = threading.Event(), threading.Event()
t = threading.Thread(target=work); t.start()
inside.wait(); in_main(0.6); done.set(); t.join()
""")
    assert ran.status == 0
    one_line(ran)
    t = place.trace()
    assert t.calls["in_main"] == t.calls["in_worker"] == 1
    total = dict(t.rows("SELECT qualname, total_ns FROM profile JOIN function f ON f.id = function"))
    assert total["in_main"] > 1e6 and total["in_worker"] > 1e6, total  # a busy machine gives little


def test_max_function_count_disable_and_timeout(place):
    ran = place.run("""
with Tracer(disable=True): mod.plain(1)
print(os.path.exists("codeflash.trace"))
with Tracer("few.trace", max_function_count=5):
    for i in range(1000): mod.plain(i)
code = mod.plain.__code__
with Tracer("short.trace", timeout=0.2):
    mod.plain(1)
    end = time.monotonic() + 20
    while mod.plain.__code__ is not code and time.monotonic() < end: time.sleep(0.02)
    print(mod.plain.__code__ is code)
    mod.plain(2)
""")
    assert ran.stdout == "False\nTrue\n", ran.stderr
    assert place.trace("few.trace").calls == {"plain": 1000} and place.trace("few.trace").kept["plain"] <= 5
    t = place.trace("short.trace")
    assert t.calls == {"plain": 1} and t.complete == [(None, None, 1)]
    assert "until the 0.2 s were over" in ran.stderr and len(ran.stderr.splitlines()) == 2


def test_the_projects_configuration(place):
    os.remove(os.path.join(place.folder, "mod.py"))
    place.write("src/mod.py", MODULE)
    place.write("elsewhere/other.py", "def g(x):\n    return x\n")
    place.write("conf/pyproject.toml", "[tool.codeflash]\nmodule-root = \"code\"\ntests-root = \"t\"\n")
    place.write("conf/code/inner.py", "def h(x):\n    return x\n")
    place.write("pyproject.toml", "[tool.codeflash]\nmodule-root = \"src\"\ntests-root = \"checks\"\n")
    ran = place.run("""
import inner, other
with Tracer("found.trace"): mod.plain(1), other.g(2), inner.h(3)
with Tracer("named.trace", config_file_path="conf/pyproject.toml"): mod.plain(1), other.g(2), inner.h(3)
with Tracer(config_file_path="none.toml"): print("goes on")
""", PYTHONPATH=os.pathsep.join([place.project.plugin] + [
        os.path.join(place.folder, d) for d in ("src", "elsewhere", "conf/code")]))
    assert ran.stdout == "goes on\n" and len(ran.stderr.splitlines()) == 3, ran.stderr
    assert "config_file_path" in ran.stderr and "none.toml: no such file" in ran.stderr
    assert place.trace("found.trace").calls == {"plain": 1} and place.trace("named.trace").calls == {"h": 1}
    assert glob.glob(os.path.join(place.folder, "checks/test_replay_test_*.py"))
    assert glob.glob(os.path.join(place.folder, "conf/t/test_replay_test_*.py"))


@pytest.mark.parametrize("end, status, last", [
    ("raise KeyError('k')", 1, "KeyError: 'k'"), ("sys.exit(7)", 7, ""), ("os._exit(8)", 8, "")])
def test_an_exception_or_an_exit_ends_the_section(place, end, status, last):
    ran = place.run("""
with Tracer():
    mod.plain(1)
    print("out", flush=True)
    %s
""" % end)
    assert (ran.stdout, ran.status) == ("out\n", status)
    assert last in ran.stderr and ran.stderr.count("codeflash: ") == 1, ran.stderr
    t = place.trace()
    assert t.calls == {"plain": 1} and len(t.complete) == 1 and not place.left()


def test_a_section_that_is_never_left_ends_with_the_program(place):
    ran = place.run("Tracer().__enter__(); mod.plain(1)\n")
    one_line(ran, "codeflash.trace: 1 call, 1 input kept")
    assert len(place.trace().complete) == 1


def test_children_by_fork_are_recorded(place):
    ran = place.run("""
with Tracer():
    mod.plain(0)
    for leave in (os._exit, sys.exit, None):
        pid = os.fork()
        if pid == 0:
            mod.plain(1)
            if leave: leave(3)
            break
        os.waitpid(pid, 0)
try: os.wait()
except ChildProcessError: pass
print("over")
""")
    assert ran.stdout == "over\n" * 2
    one_line(ran)
    t = place.trace()
    assert t.calls == {"plain": 4} and len(t.complete) == 1
    assert [e for e, in t.rows("SELECT ended FROM process")] == ["exit"] * 4


def test_the_program_has_no_children_of_ours_and_its_environment(place):
    ran = place.run("""
before = dict(os.environ), os.listdir("/proc/self/fd"), os._exit, threading.active_count()
with Tracer(timeout=60):
    mod.plain(1)
    try: os.wait()
    except ChildProcessError: print("none")
    assert os.environ == before[0] and threading.active_count() == before[3]
    os.system("env >env.txt")
assert (dict(os.environ), os.listdir("/proc/self/fd"), os._exit, threading.active_count()) == before
""")
    assert ran.stdout == "none\n" and ran.status == 0, ran.stderr
    with open(os.path.join(place.folder, "env.txt")) as f:
        assert "CODEFLASH" not in f.read()


def test_a_killed_program_leaves_a_trace_that_says_so(place):
    program = place.start("""
with Tracer():
    for i in range(30): mod.plain(i)
    open("ready", "w").close()
    time.sleep(60)
""")
    place.until(lambda: os.path.exists(os.path.join(place.folder, "ready")))
    program.send_signal(signal.SIGKILL)
    program.communicate()
    place.until(lambda: os.path.exists(os.path.join(place.folder, "codeflash.trace")) and not place.left())
    t = place.trace()
    assert t.calls == {"plain": 30} and t.kept == {"plain": 30} and t.complete == []


def cf_traces(folder: str) -> list:
    found = []
    for proc in glob.glob("/proc/[0-9]*"):
        try:
            with open(proc + "/comm") as f:
                if f.read() == "cf-trace\n" and os.readlink(proc + "/cwd") == folder:
                    found.append(int(proc[6:]))
        except OSError:
            pass
    return sorted(found)


@pytest.mark.parametrize("both", [False, True])
def test_without_cf_trace_the_program_goes_on(place, both):
    program = place.start("""
import signal
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
with Tracer():
    mod.plain(1)
    open("ready", "w").close()
    while not os.path.exists("go"): time.sleep(0.02)
    for i in range(1000): mod.plain(i)
print("goes on")
with Tracer(): mod.plain(2)
""")
    place.until(lambda: os.path.exists(os.path.join(place.folder, "ready")))
    ours = cf_traces(place.folder)
    assert len(ours) == 2  # the one that waits, and the collector
    ours = ours if both else ours[:1]
    for number in (signal.SIGSTOP, signal.SIGKILL):  # so that neither sees the other die
        for pid in ours:
            os.kill(pid, number)
    place.until(lambda: not cf_traces(place.folder))
    if not both:
        t = place.trace()
        assert t.calls == {"plain": 1} and t.complete == [] and not place.left()
    place.write("go", "")
    out, err = program.communicate(timeout=60)
    lines = err.decode().splitlines()
    assert out == b"goes on\n" and program.returncode == 0
    assert len(lines) == 2 + both and "cut short or lost" in lines[0], err
    assert "1 call, 1 input kept" in lines[-1], err
    if both:
        assert lines[1].startswith("cf-trace: the last run was killed"), err
        assert place.trace("codeflash.trace.cut").calls == {"plain": 1001}
    assert place.trace().calls == {"plain": 1} and not place.left()


def test_cf_trace_missing(place, tmp_path):
    ran = place.run("with Tracer(): print(mod.plain(1))\n", PATH="/nonexistent")
    assert ran.stdout == "2\n" and "1 call, 1 input kept" in ran.stderr  # found beside the package
    alone = tmp_path / "a/b/c/d/e"
    shutil.copytree(os.path.join(place.project.plugin, "codeflash"), str(alone / "codeflash"))
    ran = place.run("for _ in 0, 1:\n    with Tracer('x.trace'): print(mod.plain(1))\n",
                    PYTHONPATH=str(alone), PATH="/nonexistent")
    assert ran.stdout == "2\n2\n" and ran.status == 0
    one_line(ran, "not recorded: there is no cf-trace")


def test_an_output_that_cannot_be_written_is_one_line(place):
    place.write("taken", "mine")
    ran = place.run("with Tracer('taken'): print(mod.plain(1))\nwith Tracer('no/such/folder'): print(2)\n")
    assert ran.stdout == "2\n2\n"
    first, second = ran.stderr.splitlines()
    assert first.startswith("cf-trace: ") and "is not a codeflash trace" in first
    assert second.startswith("cf-trace: ") and "no/such" in second


def test_nested_and_concurrent_ones_do_nothing(place):
    ran = place.run("""
def other():
    with Tracer("other.trace"): mod.plain(1)
with Tracer():
    with Tracer("inner.trace"): mod.plain(2)
    t = threading.Thread(target=other); t.start(); t.join()
    mod.plain(3)
""")
    first, second = ran.stderr.splitlines()
    assert "another Tracer is recording" in first and "4 calls, 4 inputs kept" in second
    assert place.trace().calls == {"other": 1, "plain": 3}
    assert not glob.glob(os.path.join(place.folder, "[io]*.trace"))


def test_the_same_one_within_itself_is_one_section(place):
    ran = place.run("""
before = mod.plain.__code__
t = Tracer("a.trace")
with t:
    with t: mod.plain(1)
    mod.plain(2)
print(mod.plain.__code__ is before)
with Tracer("b.trace"): mod.plain(3)
""")
    assert ran.stdout == "True\n"
    assert place.trace("a.trace").calls == {"plain": 2} and place.trace("b.trace").calls == {"plain": 1}


def test_in_a_recorded_program_it_does_nothing(place):
    place.write("script.py", HEAD + "for i in 0, 1:\n    with Tracer(): print(mod.plain(i))\n")
    ran = place.project.record("script.py", env=place.env)
    assert ran.stdout == "1\n2\n" and ran.spool.count("plain") == 2
    one_line(ran, "recorded as a whole")


def test_it_is_silent_where_codeflash_runs_the_code(place):
    text = "with Tracer(): print(mod.plain(1))\n"
    timed = place.run(text, CODEFLASH_WHOLE_PROGRAM="1")
    tested = place.run("sys.modules['codeflash.replay'] = sys\n" + text)
    for ran in timed, tested:
        assert (ran.stdout, ran.stderr) == ("2\n", "")


def test_replaying_finds_a_tracer_without_the_path(place):
    """cf-replaygen's workers import the script, which imports the package."""
    place.write("used.py", "from codeflash.tracer import Tracer\n\n\ndef f(x):\n"
                "    with Tracer('inner.trace'):\n        return x\n")
    ran = place.run("import used\nwith Tracer(): used.f(1), mod.plain(1)\n")
    assert "2 calls, 2 inputs kept" in ran.stderr
    bin_dir = os.path.join(place.project.plugin, "../../../bin")
    done = subprocess.run([os.path.join(bin_dir, "cf-replaygen"), "--quiet", "codeflash.trace"],
                          cwd=place.folder, env=place.project.env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    assert done.returncode == 0 and b'"used.py"' in done.stdout, (done.stdout, done.stderr)
    assert b'"dropped":[]' in done.stdout, done.stdout
    assert not os.path.exists(os.path.join(place.folder, "inner.trace"))


def test_a_file_changed_since_it_was_imported_is_left_alone(place):
    place.write("old.py", "def f(x):\n    return x\n\n\ndef g(x):\n    return x\n")
    ran = place.run("""
import old
with open("old.py", "w") as f: f.write("def f(x):\\n    return x\\n\\n\\n\\ndef g(x):\\n    return x\\n")
code = old.g.__code__
with Tracer():
    print(old.f(1), old.g(2), old.g.__code__ is code)
""")
    assert ran.stdout == "1 2 True\n"
    t = place.trace()
    assert t.calls == {"f": 1} and [r for r in t.losses if r.startswith("old.py: not all functions")]


def test_arguments_that_are_none_are_one_line_each(place):
    ran = place.run("""
for arguments in ({"max_function_count": 0}, {"max_function_count": "x"}, {"timeout": -1}, {"timeout": "x"},
                  {"output": 5}, {"output": "a\\udcff.trace"}, {"config_file_path": 5}):
    with Tracer(**arguments): print(mod.plain(1))
""")
    assert ran.stdout == "2\n" * 7 and ran.status == 0
    lines = ran.stderr.splitlines()
    assert len(lines) == 6 and all(line.startswith("codeflash: not recorded: ") for line in lines), lines
    assert not glob.glob(os.path.join(place.folder, "*.trace")) and not place.left()


def test_the_folder_it_began_in_may_be_gone_at_the_end(place):
    ran = place.run("""
os.mkdir("gone"); os.chdir("gone")
with Tracer("../x.trace"):
    mod.plain(1)
    os.rmdir("../gone")
print("on")
""")
    assert ran.stdout == "on\n" and ran.status == 0, ran.stderr
    assert place.trace("x.trace").calls == {"plain": 1}


def test_functions_of_a_frozen_heap(place):
    ran = place.run("""
import gc
gc.freeze()
with Tracer():
    mod.plain(1), mod.wrapped(2), mod.Shape(3).area(), mod.Shape.make(1).side, mod.triple(4)
""")
    assert ran.status == 0
    assert set(place.trace().calls) == {
        "plain", "wrapped", "decorated.<locals>.wrapper", "Shape.__init__", "Shape.area", "Shape.make",
        "Shape.side", "multiplier.<locals>.inner"}


def test_code_still_running_afterwards_counts_for_nobody(place):
    ran = place.run("""
def walk(n):
    for i in range(n): yield mod.plain(i)
def late():
    while not stop.is_set():
        mod.plain(1)
        (lambda: 0)()
stop = threading.Event()
with Tracer("a.trace"):
    g = walk(1000); next(g)
    t = threading.Thread(target=late); t.start()
    time.sleep(0.05)
print(sum(1 for _ in g))
for i in range(3):
    with Tracer("b.trace"): mod.Shape(i)
stop.set(); t.join()
""")
    assert ran.stdout == "999\n" and ran.status == 0, ran.stderr
    assert len(place.trace("a.trace").complete) == 1 and place.trace("b.trace").calls["Shape.__init__"] == 1


def test_entered_through_contextlib_and_from_a_module_run_with_m(place):
    place.write("pkg/__init__.py", "")
    place.write("pkg/__main__.py", HEAD + "from contextlib import ExitStack\ndef f(x): return x\n"
                "with ExitStack() as s:\n    s.enter_context(Tracer('../m.trace'))\n    f(1)\n")
    os.mkdir(os.path.join(place.folder, "sub"))
    env = dict(place.env, PYTHONPATH=os.pathsep.join([place.project.plugin, place.folder]))
    ran = subprocess.run([place.project.python, "-m", "pkg"], cwd=os.path.join(place.folder, "sub"),
                         env=dict(place.project.env, **env), stderr=subprocess.PIPE)
    assert ran.returncode == 0, ran.stderr
    t = place.trace("m.trace")
    assert t.calls == {"f": 1} and t.rows("SELECT main, module FROM function WHERE qualname = 'f'") == [
        (1, "pkg.__main__")]


def test_generators_are_captured_when_they_are_made(place):
    ran = place.run("""
def drain(items):
    yield from items
async def wait(items):
    return items
items = [1]
for name in "a.trace", "b.trace":
    with Tracer(name):
        made = drain(items), wait(items)
        items.append(2)
    made[1].close()
    drain(items), wait(items).close()
""")
    assert ran.status == 0, ran.stderr
    for name in "a.trace", "b.trace":
        t = place.trace(name)
        assert t.calls == t.kept == {"drain": 1, "wait": 1}
