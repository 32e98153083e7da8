# SPDX-License-Identifier: Apache-2.0
"""Replay tests as a user runs them: generated files under plain pytest."""

import ast
import json
import os
import re
import shutil
import sqlite3
import stat
import sys
import textwrap

import codeflash
import pytest
from codeflash import replaygen

PLUGIN = os.path.dirname(os.path.dirname(os.path.abspath(codeflash.__file__)))

SHOP = """
    import random

    class Cart:
        def __init__(self):
            self.lines = []

        def add(self, name, price=1.0):
            self.lines.append((name, price))
            return self

        @property
        def total(self):
            return sum(p for _, p in self.lines)

    def parse(text):
        if not text:
            raise ValueError("nothing to parse")
        return dict(pair.split("=") for pair in text.split(","))

    def names(cart):
        return {n for n, _ in cart.lines}

    def each(n):
        for i in range(n):
            yield i * i
"""


@pytest.fixture
def shop(project):
    project.write("shop/__init__.py", "")
    project.write("shop/cart.py", SHOP)
    project.write("pyproject.toml", "")
    made = "from shop.cart import *\nc = Cart().add('a', 2).add('b')\n"
    cart = "shop/cart.py"
    project.functions = [
        (cart, "Cart.add", "method", 0, project.blobs(made + "calls = [((c, 'x'), {}), ((c, 'y', 3), {})]")),
        (cart, "Cart.total", "property", 0, project.blobs(made + "calls = [((c,), {})]")),
        (cart, "Cart.__init__", "constructor", 0, project.blobs("calls = [((), {})]")),
        (cart, "parse", "function", 0, project.blobs(
            "calls = [(('a=1,b=2',), {}), (('',), {}), (('a',), {})]")),
        (cart, "names", "function", 0, project.blobs(made + "calls = [((c,), {})]")),
        (cart, "each", "generator", 0, project.blobs("calls = [((4,), {})]")),
    ]
    project.paths = project.generate(project.trace(project.functions))
    return project


def passed(done, n, skipped=0):
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b%d passed" % n, done.stdout), done.stdout
    assert "failed" not in done.stdout
    if skipped:
        assert "%d skipped" % skipped in done.stdout


def test_green_from_anywhere(shop):
    assert shop.paths == ["tests/test_replay_test_0.py"]
    passed(shop.pytest(), 9)
    passed(shop.pytest("test_replay_test_0.py", cwd=os.path.join(shop.root, "tests")), 9)
    passed(shop.pytest(os.path.join(shop.root, "tests", "test_replay_test_0.py"), cwd="/"), 9)
    passed(shop.pytest("-p", "no:randomly", "tests/test_replay_test_0.py::test_parse_2"), 1)
    passed(shop.pytest("-W", "error", "-s"), 9)


def test_green_with_the_package_found_elsewhere_first(shop):
    shop.write("elsewhere/codeflash/__init__.py", "x = 1\n")
    passed(shop.pytest(env={"PYTHONPATH": os.path.join(shop.root, "elsewhere")}), 9)


def test_green_in_parallel(shop):
    pytest.importorskip("xdist")
    passed(shop.pytest("-n", "2"), 9)


def test_green_when_the_project_has_moved(shop, tmp_path):
    moved = str(tmp_path / "moved")
    os.rename(shop.root, moved)
    passed(shop.pytest(cwd=moved), 9)


def test_no_byte_code_and_nothing_else_is_left(shop):
    before = sorted(os.listdir(shop.root))
    passed(shop.pytest(), 9)
    assert sorted(os.listdir(shop.root)) == before


CF_VERIFY = r"""#!%s
import json, sys
sys.path.insert(0, %r)
from codeflash import outcomes
a, b = [outcomes.decode(open(p, "rb").read()) for p in sys.argv[-2:]]
print(json.dumps(%s))
"""


def stand_in(project, answer):
    """A cf-verify that answers so."""
    path = project.write("bin/cf-verify", "")
    with open(path, "w") as f:
        f.write(CF_VERIFY % (sys.executable, PLUGIN, answer))
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return {"CODEFLASH_BIN": os.path.dirname(path)}


def test_a_changed_function_fails_with_one_readable_assertion(shop):
    shop.write("shop/cart.py", textwrap.dedent(SHOP).replace("i * i", "i * i + 1"))
    env = stand_in(shop, "{'answer': 'different', 'path': 'return[0]', 'original': '0',"
                         " 'candidate': '1'}")
    done = shop.pytest(env=env)
    assert done.returncode == 1
    assert "1 failed, 8 passed" in done.stdout
    assert "each does not do what it did when it was recorded" in done.stdout
    assert "call:     each(4)" in done.stdout
    assert "at:       return[0]" in done.stdout
    assert "expected: 0" in done.stdout and "got:      1" in done.stdout
    assert "Traceback" not in done.stdout and "replay.py" not in done.stdout


def test_without_the_comparator_both_values_are_shown(shop):
    shop.write("shop/cart.py", textwrap.dedent(SHOP).replace("i * i", "i * i + 1"))
    env = {"PATH": "/nonexistent", "CODEFLASH_BIN": "/nonexistent"}
    done = shop.pytest("-k", "each", env=env)
    assert "expected: return generator(0, 1, 4, 9)" in done.stdout
    assert "got:      return generator(1, 2, 5, 10)" in done.stdout


def test_what_the_comparator_calls_equal_passes(shop):
    shop.write("shop/cart.py", textwrap.dedent(SHOP).replace("i * i", "i * i + 0.0"))
    passed(shop.pytest(env=stand_in(shop, "{'answer': 'equal'}")), 9)


def test_with_the_real_comparator(shop):
    found = shutil.which("cf-verify")
    if found is None:
        pytest.skip("cf-verify is not built")
    env = {"CODEFLASH_BIN": os.path.dirname(found)}
    source = textwrap.dedent(SHOP)
    shop.write("shop/cart.py", source.replace("sum(p for", "1e-12 + sum(p for"))
    passed(shop.pytest(env=env), 9)
    shop.write("shop/cart.py", source.replace("sum(p for", "0.5 + sum(p for"))
    done = shop.pytest(env=env)
    assert "1 failed, 8 passed" in done.stdout
    assert "at:       return" in done.stdout and "expected: 3" in done.stdout
    shop.write("shop/cart.py", source.replace("i * i", "-i if i == 2 else i * i"))
    assert "at:       return[2]" in shop.pytest(env=env).stdout


def test_an_unknown_answer_is_never_a_pass(shop):
    shop.write("shop/cart.py", textwrap.dedent(SHOP).replace("i * i", "i * i + 0.0"))
    for answer in ("{'answer': 'unknown', 'reason': 'opaque'}", "{}", "[]"):
        assert shop.pytest(env=stand_in(shop, answer)).returncode == 1


@pytest.mark.parametrize("old, new", [
    ('raise ValueError("nothing to parse")', "return {}"),
    ('raise ValueError("nothing to parse")', "raise KeyError('x')"),
    ("self.lines.append((name, price))", "self.lines.insert(0, (name, price))"),
    ("return self\n", "return Cart()\n"),
    ("self.lines = []", "self.lines = ()"),
    ("return sum(p for _, p in self.lines)", "print('x'); return sum(p for _, p in self.lines)"),
    ("def parse(text):", "def parse_(text):"),
    ("import random", "import nothing_of_this_name"),
])
def test_any_change_of_behaviour_fails(shop, old, new):
    source = textwrap.dedent(SHOP)
    assert old in source
    shop.write("shop/cart.py", source.replace(old, new))
    done = shop.pytest()
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout


def test_state_that_other_calls_left_is_told_from_a_change(project):
    project.write("m.py", "seen = []\n\ndef f(n):\n    seen.append(n)\n    return len(seen)\n\n"
                          "def g(n):\n    seen.append(n)\n    return n\n")
    one = project.blobs("calls = [((1,), {})]")
    project.generate(project.trace([("m.py", "g", "function", 0, one), ("m.py", "f", "function", 0, one)]))
    passed(project.pytest(), 2)


@pytest.mark.parametrize("name", ["CODEFLASH_SPOOL", "CODEFLASH_WHOLE_PROGRAM"])
def test_skipped_where_the_test_suite_is_the_program(project, name):
    project.write("m.py", "def f(n):\n    return n\n")
    project.generate(project.trace([("m.py", "f", "function", 0, project.blobs("calls = [((1,), {})]"))]))
    assert "1 skipped" in project.pytest(env={name: "1"}).stdout
    passed(project.pytest(), 1)


def test_a_call_that_counts_on_the_ones_before_it(project):
    project.write("m.py", "seen = []\n\ndef f(n):\n    seen.append(n)\n    return len(seen)\n")
    blobs = project.blobs("calls = [((1,), {}), ((2,), {}), ((3,), {})]")
    project.generate(project.trace([("m.py", "f", "function", 0, blobs)]))
    passed(project.pytest(), 3)
    passed(project.pytest("-k", "f_3"), 1)
    project.write("m.py", "def f(n):\n    return 1\n")
    assert "3 failed" in project.pytest().stdout


def change(project, sql, *args):
    db = sqlite3.connect(os.path.join(project.root, "codeflash.trace"))
    db.execute(sql, args)
    db.commit()
    db.close()


def one_line_failure(done, *parts):
    assert done.returncode == 1, done.stdout
    for part in parts:
        assert part in done.stdout, done.stdout
    assert "Traceback" not in done.stdout


def test_an_unstable_call_only_has_to_end_the_same_way(project):
    project.write("m.py", "import time\n\ndef f(n):\n    if n < 0:\n        raise ValueError(n)\n"
                          "    return time.time()\n")
    blobs = project.blobs("calls = [((1,), {})]")
    request = project.trace([("m.py", "f", "function", 0, blobs)])
    request["groups"][0]["functions"][0]["calls"][0]["stable"] = False
    project.generate(request)
    change(project, "UPDATE outcome SET stable = 0, mask = '[\"return\"]'")
    passed(project.pytest(), 1)
    project.write("m.py", "def f(n):\n    raise ValueError(n)\n")
    one_line_failure(project.pytest(), "expected: return", "got:      raise ValueError")


def test_a_trace_that_is_gone_or_not_one(shop):
    path = os.path.join(shop.root, "codeflash.trace")
    change(shop, "PRAGMA user_version = 2")
    one_line_failure(shop.pytest("-k", "each"), "schema 2, this build reads 3", "record it again")
    change(shop, "PRAGMA user_version = 3")
    change(shop, "DELETE FROM outcome")
    one_line_failure(shop.pytest("-k", "each"), "no outcome of call", "cf-replaygen")
    change(shop, "DELETE FROM call")
    one_line_failure(shop.pytest("-k", "each"), "has no call", "record it again")
    change(shop, "DROP TABLE call")
    one_line_failure(shop.pytest("-k", "each"), "no such table", "record it again")
    change(shop, "PRAGMA application_id = 1")
    one_line_failure(shop.pytest("-k", "each"), "not a trace", "record it again")
    with open(path, "w") as f:
        f.write("x" * 5000)
    one_line_failure(shop.pytest("-k", "each"), "not a trace", "record it again")
    os.remove(path)
    one_line_failure(shop.pytest("-k", "each"), "no such trace", "record it again")


def test_damaged_rows_are_told(shop):
    change(shop, "UPDATE outcome SET data = x'789c00'")
    one_line_failure(shop.pytest("-k", "each"), "the trace is damaged")
    change(shop, "UPDATE outcome SET data = x'a0'")
    one_line_failure(shop.pytest("-k", "each"), "the trace is damaged")


def test_values_may_lie_there_uncompressed(project):
    project.write("m.py", "def f(n):\n    return n\n")
    blobs = project.blobs("calls = [((1,), {})]")
    project.generate(project.trace([("m.py", "f", "function", 0, blobs)]))
    change(project, "UPDATE value SET packing = 0, data = ?", blobs[0])
    passed(project.pytest(), 1)


def test_a_replay_does_nothing_to_the_world(project):
    project.write("m.py", """
        import os, subprocess, socket

        def writes(n):
            with open("written", "w") as f:
                f.write("x")

        def spawns(n):
            return subprocess.run(["true"]).returncode

        def mails(n):
            try:
                socket.create_connection(("192.0.2.1", 25), timeout=1)
            except OSError:
                return "not sent"

        def scratch(n):
            import tempfile
            with tempfile.TemporaryFile() as f:
                f.write(b"x")
                return f.tell()
        """)
    one = project.blobs("calls = [((1,), {})]")
    names = ["writes", "spawns", "scratch"]
    project.generate(project.trace([("m.py", n, "function", 0, one) for n in names]))
    os.remove(os.path.join(project.root, "written"))
    done = project.pytest("-rs")
    passed(done, 1, skipped=2)
    assert "starts a process" in done.stdout
    assert "writes outside a scratch directory" in done.stdout
    assert not os.path.exists(os.path.join(project.root, "written"))
    passed(project.pytest(env={"CODEFLASH_ALLOW": "writes,processes"}), 3)


def test_a_script_is_replayed_under_its_modules_name(project):
    project.write("job.py", """
        import sys
        RATE = 3
        class Row:
            def __init__(self, n):
                self.n = n
        def scale(row):
            return Row(row.n * RATE)
        def report(n):
            return total
        rows = [scale(Row(n)) for n in range(3)]
        total = len(rows)
        open("ran", "w")
        """)
    import subprocess
    made = subprocess.run(
        [sys.executable, "-B", "-c", "exec(open('job.py').read())\nimport pickle\n"
         "sys.stdout.buffer.write(pickle.dumps(((Row(2),), {})))"],
        cwd=project.root, stdout=subprocess.PIPE, check=True).stdout
    project.generate(project.trace([("job.py", "scale", "function", 1, [made])]))
    passed(project.pytest(), 1)


def test_names_of_tests():
    taken = set()
    names = [replaygen.test_name(q, taken, 1) for q in (
        "f", "f", "Account.pay", "Account_pay", "<lambda>", "outer.<locals>.inner", "größe", "数", "__init__",
        "ﬁx", "fix", "a b-c", "")]
    assert len(set(names)) == len(names)
    assert all(n.isidentifier() and n.startswith("test_") for n in names)
    assert names[:3] == ["test_f_1", "test_f_1_2", "test_Account_pay_1"]


def test_any_name_and_input_makes_a_valid_file():
    request = {
        "trace": "/p/a 'b\"\n\\/codeflash.trace", "project_root": "/p", "tests_root": "tests",
        "module_root": ".", "libexec": "/x'\"\\ y", "first_number": 4,
        "groups": [
            {"file": 'src/we"ird\\\n"""\u2028.py', "module": "m", "functions": [
                {"id": 1, "qualname": "f\n", "kind": "function", "class": None, "main": False,
                 "calls": [{"id": 9, "input": "f('\n\r\x0c\u2028\\N{x}')" + "x" * 900,
                            "stable": False, "outcome": "raise"},
                           {"id": 10, "input": None, "stable": True, "outcome": "return"}]}]},
            {"file": "empty.py", "module": "e", "functions": []},
            {"file": "b.py", "module": "b", "functions": [
                {"id": 2, "qualname": "g", "kind": "function", "calls": [{"id": 11, "input": "g()"}]}]},
        ]}
    files = replaygen.generate(json.loads(json.dumps(request)))["files"]
    assert [f["path"] for f in files] == [
        "tests/test_replay_test_4.py", "tests/test_replay_test_5.py"]
    for file in files:
        assert "codeflash replay test" in file["text"].split("\n")[0]
        tree = ast.parse(file["text"])
        assert ast.get_docstring(tree)
        tests = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
        assert [ast.unparse(n.body[0]) if hasattr(ast, "unparse") else "" for n in tests] or True
        assert all(len(n.body) == 1 for n in tests)
    assert "only required to end the same way" in files[0]["text"]


def test_the_verb(project):
    import subprocess
    program = os.path.join(PLUGIN, "codeflash", "verbs.py")
    request = {"trace": "/p/t", "project_root": "/p", "tests_root": "/p/tests", "module_root": "/p",
               "libexec": PLUGIN, "first_number": 0, "groups": []}
    done = subprocess.run([sys.executable, "-IS", program, "replaygen"], input=json.dumps(request).encode(),
                          stdout=subprocess.PIPE)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"files": []})
