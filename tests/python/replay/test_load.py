# SPDX-License-Identifier: Apache-2.0
"""Loading the script that was the program, and finding its way round sys.path."""

import os
import time

import pytest
from codeflash import load

from test_worker import value


def script(project, text, name="tool.py"):
    project.write(name, text)
    marks = os.path.join(project.root, "ran")

    def call(qualname, *args, **more):
        return project.run(name, qualname, (args, {}), main=True, **more)

    return call, marks


MARK = """
    import os
    def mark(what):
        with open("ran", "a") as f:
            f.write(what + "\\n")
"""


def test_a_guarded_script_is_loaded_fully_and_not_run(project):
    call, marks = script(project, MARK + """
    TABLE = [n * n for n in range(5)]
    def square(n):
        return n * n
    SQUARES = list(map(square, range(3)))
    BIG = square(100)
    class Point:
        def __init__(self, x): self.x = x
    ORIGIN = Point(0)
    def f(n):
        return [TABLE[n], SQUARES[2], BIG, ORIGIN.x, __name__]
    def main():
        mark("ran")
    if __name__ == "__main__":
        main()
    """)
    assert value(call("f", 2).outcomes[0]) == [4, 4, 10000, 0, "tool"]
    assert not os.path.exists(marks)


@pytest.mark.parametrize("guard", [
    'if __name__ == "__main__":', "if '__main__' == __name__:",
    'if __name__ == "__main__" and len(os.sys.argv) >= 1:', 'if (__name__) == ("__main__"):'])
def test_a_guard_in_any_spelling(project, guard):
    call, marks = script(project, MARK + """
    def f(n):
        return n
    %s
        mark("ran")
        sys.exit(f(1))
    """ % guard)
    assert value(call("f", 2).outcomes[0]) == 2
    assert not os.path.exists(marks)


def test_a_script_without_a_guard_does_not_run_its_workflow(project):
    call, marks = script(project, MARK + """
    '''What it does.'''
    from __future__ import annotations
    import sys, random
    random.seed(3)
    LIMIT = 10
    NAMES = {"a": 1}
    NAMES["b"] = 2
    factor: int = 3
    if LIMIT > 5:
        MODE = "big"
    else:
        MODE = "small"
    try:
        import nothing_of_this_name as fast
    except ImportError:
        fast = None
    for k in ("c", "d"):
        NAMES[k] = len(NAMES)

    class Point:
        def __init__(self, x):
            self.x = x
        def move(self):
            mark("moved")
    ORIGIN = Point(1)

    def f(n):
        mark("f")
        return n * factor
    double = lambda n: n * 2
    HANDLERS = {"f": f, "double": double}

    def g():
        return [LIMIT, NAMES, MODE, fast, ORIGIN.x, sorted(HANDLERS), __doc__]

    print("starting")
    data = [f(n) for n in range(LIMIT)]
    total = sum(data)
    results = list(map(f, data))
    f(3)
    ORIGIN.move()
    Point(2).move()
    for d in data:
        print(f(d))
    with open("ran", "a") as out:
        out.write(str(f(1)))
    while f(1) < 0:
        pass
    if f(1):
        chosen = 1
    else:
        chosen = 2
    print(total)
    assert f(1) == 3
    def after():
        return [LIMIT]
    def needs():
        return total
    def needs_more():
        return len(data) + chosen
    sys.exit(f(0))
    """.replace("'''What it does.'''", ""))
    assert value(call("g").outcomes[0])[:6] == [
        10, {"a": 1, "b": 2, "c": 2, "d": 3}, "big", None, 1, ["double", "f"]]
    assert not os.path.exists(marks) or open(marks).read() == ""
    assert value(call("after").outcomes[0]) == [10]
    for name in ("needs", "needs_more"):
        out = call(name).outcomes[0]
        assert out["kind"] == "skip", out
        assert "needs '" in out["reason"] and "line" in out["reason"]
    assert not os.path.exists(marks) or open(marks).read() == ""
    assert value(call("f", 2).outcomes[0]) == 6
    assert open(marks).read() == "f\n"


def test_a_name_error_of_the_functions_own_is_an_outcome(project):
    call, _ = script(project, "def f():\n    return nowhere\nf()\n")
    assert call("f").outcomes[0]["kind"] == "raise"


def test_globals_that_main_binds_are_told(project):
    call, _ = script(project, """
        def load():
            global CONFIG
            CONFIG = {}
        def f():
            return CONFIG
        def g():
            return args
        if __name__ == "__main__":
            args = 1
            load()
            f()
        """)
    assert "CONFIG" in call("f").outcomes[0]["reason"]
    assert "only when it is the program" in call("g").outcomes[0]["reason"]


def test_arguments_parsed_at_the_top_do_not_kill_the_worker(project):
    for guard in ("", "if __name__ == '__main__':\n    f()\n"):
        call, _ = script(project, """
import argparse, sys
parser = argparse.ArgumentParser()
parser.add_argument("file")
args = parser.parse_args()
path = args.file
data = open(sys.argv[1]).read()
def f():
    return 5
def g():
    return path
%s
""" % guard)
        assert value(call("f").outcomes[0]) == 5
        assert call("g").outcomes[0]["kind"] == "skip"


def test_what_blocks_at_the_top_is_left(project, monkeypatch):
    call, _ = script(project, """
        import time
        name = input("name? ")
        time.sleep(600)
        def f():
            return 5
        """)
    start = time.time()
    assert value(call("f").outcomes[0]) == 5
    assert time.time() - start < load.STATEMENT_S + 10


def test_an_import_that_fails_is_an_error(project):
    call, _ = script(project, "import nothing_of_this_name\ndef f():\n    return 1\nf()\n")
    assert "nothing_of_this_name" in call("f").error


def test_definitions_that_depend_on_the_workflow_say_so(project):
    call, _ = script(project, """
        def make():
            return object
        Base = make()
        class Late(Base):
            def m(self):
                return 1
        def f():
            return 2
        """)
    assert value(call("f").outcomes[0]) == 2
    assert "Late" in call("Late.m").error


def test_classes_of_the_program_unpickle_and_are_named_by_the_module(project):
    call, _ = script(project, """
        import pickle
        class Point:
            def __init__(self, x):
                self.x = x
        def f(p):
            return [type(p) is Point, pickle.loads(pickle.dumps(p)).x, p]
        if __name__ == "__main__":
            pass
        """)
    import pickle
    import subprocess
    import sys
    made = subprocess.run([sys.executable, "-c", "import pickle, runpy, sys\n"
                           "exec(open('tool.py').read())\n"
                           "sys.stdout.buffer.write(pickle.dumps(((Point(4),), {})))"],
                          cwd=project.root, stdout=subprocess.PIPE, check=True).stdout
    assert b"__main__" in made
    answer = project.run("tool.py", "f", made, main=True)
    out = answer.outcomes[0]
    assert out["kind"] == "return", out
    types = [n[1] for n in out["heap"]]
    assert "tool.Point" in types
    assert pickle


def test_a_script_in_a_folder_finds_its_neighbours(project):
    project.write("scripts/run.py", "import helper\nfrom lib import tool\n\ndef f(n):\n"
                                    "    return helper.g(n) + tool.k\n\nif __name__ == '__main__':\n"
                                    "    f(1)\n")
    project.write("scripts/helper.py", "def g(n):\n    return n\n")
    project.write("lib/__init__.py", "")
    project.write("lib/tool.py", "k = 10\n")
    for module in ("run", "scripts.run"):
        answer = project.run("scripts/run.py", "f", (1,), main=True, module=module)
        assert answer.error is None, answer.error
        assert value(answer.outcomes[0]) == 11
    project.write("scripts/helper2.py", "import helper\n\ndef g2(n):\n    return helper.g(n)\n")
    assert value(project.run("scripts/helper2.py", "g2", (4,), module="helper2").outcomes[0]) == 4


def test_a_module_run_with_m(project):
    project.write("pkg/__init__.py", "")
    project.write("pkg/types.py", "x = 1\n")
    project.write("pkg/__main__.py", "from . import types\nfrom .types import x\nimport enum\n\n"
                                     "def f():\n    return x\n\nprint(f())\n")
    answer = project.run("pkg/__main__.py", "f", (), main=True, module="pkg.__main__")
    assert answer.error is None, answer.error
    assert value(answer.outcomes[0]) == 1


def test_argv_is_the_file(project):
    call, _ = script(project, "import sys\nARGV = list(sys.argv)\ndef f():\n"
                              "    return [len(ARGV), ARGV[0] == __file__, sys.argv == ARGV]\n")
    assert value(call("f").outcomes[0]) == [1, True, True]


def test_source_and_lines_can_be_found(project):
    call, _ = script(project, "import inspect\n\ndef f():\n    return inspect.getsource(f)[:8]\n\n"
                              "print(f())\n")
    assert value(call("f").outcomes[0]) == "def f():"


def test_future_features_hold_for_every_statement(project):
    call, _ = script(project, "from __future__ import annotations\n\ndef f(a: Unknown) -> Other:\n"
                              "    return sorted(f.__annotations__.values())\n\nf(1)\n")
    assert value(call("f", 1).outcomes[0]) == ["Other", "Unknown"]


def test_import_roots():
    assert load.import_root("/p/src/pkg/mod.py", "pkg.mod") == "/p/src"
    assert load.import_root("/p/src/pkg/__init__.py", "pkg") == "/p/src"
    assert load.import_root("/p/run.py", "run") == "/p"
    assert load.import_root("/p/odd name/run.py", "other.run") == "/p/odd name"


def test_what_the_workflow_fills_is_not_taken_for_what_it_was_before(project):
    call, marks = script(project, MARK + """
    from concurrent.futures import ThreadPoolExecutor
    from threading import Thread
    TABLE = {}
    SEEN = []
    TOTAL = 0
    x = 5
    KEPT = {"a": 1}

    def compute(k):
        mark("computed")
        return k * 2

    for k in range(3):
        TABLE[k] = compute(k)
    for k in range(3):
        SEEN.append(compute(k))
    for k in range(3):
        TOTAL += compute(k)
    ys = [compute(x) for x in range(3)]
    with ThreadPoolExecutor() as pool:
        zs = list(pool.map(compute, range(3)))
    t = Thread(target=compute, args=(1,))
    t.start()
    t.join()

    def table(): return TABLE[1]
    def seen(): return SEEN
    def total(): return TOTAL
    def kept(): return [KEPT["a"], x]
    """)
    for name in ("table", "seen", "total"):
        out = call(name).outcomes[0]
        assert out["kind"] == "skip", (name, out)
    assert value(call("kept").outcomes[0]) == [1, 5]
    assert not os.path.exists(marks)


def test_a_script_that_is_slow_all_over_still_loads(project):
    call, _ = script(project, "import time\n" + "time.sleep(100)\n" * 30 + "n = 1\n"
                     "def f():\n    return 5\ndef g():\n    return n\n")
    start = time.time()
    assert value(call("f").outcomes[0]) == 5
    assert time.time() - start < load.SCRIPT_S + 15
