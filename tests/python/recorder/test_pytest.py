# SPDX-License-Identifier: Apache-2.0
"""Recording a pytest run: the suite is as it was, and each test names the functions it reached."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

CODE = """
def add(a, b):
    return a + b


def sub(a, b):
    return add(a, -b)


def never():
    return 0
"""
TESTS = """
import pytest
from arith import add, sub


@pytest.fixture
def five():
    return add(2, 3)


@pytest.mark.parametrize("x", [1, 2])
def test_add(x):
    assert add(x, 1) == x + 1


def test_sub(five):
    assert sub(five, 1) == 4


def test_fails():
    assert sub(1, 1) == add(1, 1), "an explanation"


@pytest.mark.skip(reason="not now")
def test_skipped():
    add(1, 1)


class TestIn:
    def test_none(self):
        pass
"""


@pytest.fixture
def suite(project):
    has = subprocess.run([project.python, "-c", "import pytest"], stderr=subprocess.DEVNULL)
    if has.returncode:
        pytest.skip("%s has no pytest" % project.python)
    project.write("arith.py", CODE)
    project.write("tests/test_code.py", TESTS)
    return project


def untimed(text: str) -> str:
    return re.sub(r"in \d+\.\d+s|0x[0-9a-f]+", "", text)


@pytest.mark.parametrize("words", [("-m", "pytest", "tests/", "-v", "-p", "no:cacheprovider"),
                                   ("-m", "pytest", "-q", "--no-such-option"), ("-m", "pytest", "nowhere"),
                                   ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", "add or none")])
def test_the_suite_is_as_it_was(suite, words):
    plain, traced = suite.plain(*words), suite.record(*words)
    assert untimed(traced.stdout) == untimed(plain.stdout)
    assert (untimed(traced.stderr), traced.status) == (untimed(plain.stderr), plain.status)


def test_each_test_names_what_it_reached(suite):
    s = suite.record("-m", "pytest", "-q", "tests", "-p", "no:cacheprovider").spool
    names = {i: f["qualname"] for i, f in s.functions.items()}
    assert {f["module"] for f in s.functions.values()} == {"arith"}
    at = "tests/test_code.py::"
    assert {t["test"]: (t["outcome"], {names[i] for i in t["functions"]}) for t in s.tests} == {
        at + "test_add[1]": ("passed", {"add"}), at + "test_add[2]": ("passed", {"add"}),
        at + "test_sub": ("passed", {"add", "sub"}), at + "test_fails": ("failed", {"add", "sub"}),
        at + "test_skipped": ("skipped", set()), at + "TestIn::test_none": ("passed", set()),
    }
    assert s.count("add") == 6 and s.count("never") == 0


def test_a_console_script(suite):
    script = os.path.join(os.path.dirname(suite.python), "pytest")
    if not os.path.exists(script):
        pytest.skip("no pytest beside %s" % suite.python)
    found = suite.verb("detect", {"command": [script, "-q", "tests"], "cwd": suite.folder, "options": {}})
    assert found["command"][1:] == [script, "-q", "tests"] and found["project_root"] == suite.folder
    env = {"PYTHONPATH": suite.folder}
    plain = suite.plain(script, "-q", "tests", env=env)
    traced = suite.record(script, "-q", "tests", env=env)
    assert untimed(traced.stdout) == untimed(plain.stdout) and traced.status == plain.status == 1
    assert len(traced.spool.tests) == 6


def test_doctests_and_unittest_style(suite):
    os.remove(suite.write("tests/test_code.py", ""))
    suite.write("doc.py", "def f(x):\n    '''\n    >>> f(1)\n    2\n    '''\n    return x + 1\n")
    suite.write("tests/test_unit.py", "import unittest\nimport doc\n\n\nclass T(unittest.TestCase):\n"
                "    def test_it(self):\n        self.assertEqual(doc.f(1), 2)\n")
    words = ("-m", "pytest", "-q", "--doctest-modules", ".", "-p", "no:cacheprovider")
    plain, traced = suite.plain(*words), suite.record(*words)
    assert untimed(traced.stdout) == untimed(plain.stdout) and traced.status == plain.status
    assert {t["test"] for t in traced.spool.tests if t["functions"]} == {
        "doc.py::doc.f", "tests/test_unit.py::T::test_it"}
    assert traced.spool.count("f") == 2


def has(suite, *modules: str) -> bool:
    return subprocess.run([suite.python, "-c", "import " + ", ".join(modules)], stderr=subprocess.DEVNULL).returncode == 0


def reached(spools: list) -> dict:
    """By test: the functions it reached."""
    found: dict = {}
    for s in spools:
        for t in s.tests:
            found.setdefault(t["test"], set()).update(s.functions[i]["qualname"] for i in t["functions"])
    return found


def test_xdist_workers(suite):
    if not has(suite, "xdist"):
        pytest.skip("%s has no xdist" % suite.python)
    words = ("-m", "pytest", "-q", "tests", "-p", "no:cacheprovider")
    alone, ran = suite.record(*words), suite.record(*words, "-n", "2")
    assert ran.status == alone.status == 1 and len(ran.spools) == 3
    assert reached(ran.spools) == reached(alone.spools)
    assert {t["outcome"] for s in ran.spools for t in s.tests} == {"passed", "failed", "skipped"}
    assert sum(s.counts[i] for s in ran.spools for i, f in s.functions.items() if f["qualname"] == "add") == alone.spool.count("add")


COVERED = """
G = 0


def glob():
    global G
    G = 1


def documented():
    "Nothing."


def loops(n):
    while n:
        n -= 1
        if n == 2:
            continue
    else:
        n = 4
    return [i for i in range(n) if i]


def forever():
    while True:
        if G:
            break


def one(x): return x or 1


async def co():
    async with Context() as c:
        return c


class Context:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *a):
        for i in range(2):
            pass

    def __getstate__(self):
        return {}  # only a recorder comes here


def takes(c):
    try:
        return len(c)
    except TypeError:
        return 0
    finally:
        glob()
"""
COVERING = """import asyncio
import covered


def test_all():
    covered.glob(), covered.documented(), covered.loops(4), covered.forever(), covered.one(1)
    asyncio.run(covered.co())
    covered.takes(covered.Context())
"""


@pytest.mark.parametrize("words", ["-m coverage run -m pytest -q", "-m coverage run --branch --timid -m pytest -q",
                                   "-m pytest -q --cov --cov-branch"])
def test_coverage_is_what_it_was(suite, words):
    if not has(suite, "coverage", "pytest_cov", "xdist"):
        pytest.skip("%s has no coverage" % suite.python)
    suite.write("covered.py", COVERED)
    suite.write("tests/test_covered.py", COVERING)
    reports = []
    for run in (suite.plain, suite.record):
        ran = run(*words.split(), "-p", "no:cacheprovider", "tests")
        assert ran.status == 1, ran.stderr
        reports.append(suite.plain("-m", "coverage", "report", "-m").stdout)
        os.remove(os.path.join(suite.folder, ".coverage"))
    assert reports[0] == reports[1] and "covered.py" in reports[0]
    assert ran.spools[-1].functions


def test_plugins_and_options_of_the_project(suite):
    suite.write("pytest.ini", "[pytest]\naddopts = -q --strict-markers -p house\nmarkers = slow: takes long\ntestpaths = tests\n")
    suite.write("house.py", "import arith\nimport pytest\n\n\ndef pytest_addoption(parser):\n    parser.addoption('--level', type=int, default=1)\n\n\n"
                "def pytest_collection_modifyitems(items):\n    items.reverse()\n\n\ndef pytest_generate_tests(metafunc):\n"
                "    if 'odd' in metafunc.fixturenames:\n        metafunc.parametrize('odd', ['a[b]', 'x::y', 'é\\n', '\\ud800', ''])\n")
    suite.write("conftest.py", "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef around(request):\n    import arith\n    arith.add(request.config.getoption('level'), 1)\n    yield\n    arith.sub(1, 1)\n\n\n"
                "@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n    outcome = yield\n    outcome.get_result().sections.append(('house', 'said'))\n")
    suite.write("tests/deep/test_odd.py", "import pytest\n\n\n@pytest.mark.slow\ndef test_odd(odd):\n    assert odd == 'x::y', [odd]\n")
    words = ("-m", "pytest", "--level=3", "-p", "no:cacheprovider")
    plain, traced = suite.plain(*words), suite.record(*words)
    assert untimed(traced.stdout) == untimed(plain.stdout) and traced.status == plain.status == 1
    found = {t: f for t, f in reached(traced.spools).items() if "test_skipped" not in t}
    assert len([t for t in found if "test_odd[" in t]) == 5 and all({"add", "sub"} <= f for f in found.values())


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
def test_every_way_of_importing_tests(suite, mode):
    env = {"PYTHONPATH": suite.folder}
    words = ("-m", "pytest", "--import-mode=" + mode, "-vv", "-p", "no:cacheprovider", "tests")
    plain, traced = suite.plain(*words, env=env), suite.record(*words, env=env)
    assert "an explanation" in plain.stdout and untimed(traced.stdout) == untimed(plain.stdout)
    assert reached(traced.spools)["tests/test_code.py::test_sub"] == {"add", "sub"}


def test_a_rootdir_elsewhere(suite, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "pytest.ini").write_text("[pytest]\n")
    words = ("-m", "pytest", "--rootdir", str(other), "-c", str(other / "pytest.ini"), "-q", "-p", "no:cacheprovider", "tests")
    plain, traced = suite.plain(*words), suite.record(*words)
    assert untimed(traced.stdout) == untimed(plain.stdout) and traced.status == plain.status
    assert {t.rpartition("::")[2] for t, f in reached(traced.spools).items() if f} == {
        "test_add[1]", "test_add[2]", "test_sub", "test_fails"}


UNITS = """
import unittest
from arith import add, sub


class T(unittest.TestCase):
    def setUp(self):
        self.five = add(2, 3)

    def test_sub(self):
        self.assertEqual(sub(self.five, 1), 4)

    def test_fails(self):
        self.fail()

    def test_parts(self):
        for n in range(2):
            with self.subTest(n=n):
                self.assertEqual(add(n, 0), 0)

    @unittest.skip("now")
    def test_skipped(self):
        pass

    @unittest.expectedFailure
    def test_known(self):
        self.fail()
"""


def test_tests_of_unittest_have_names(project):
    project.write("arith.py", CODE)
    project.write("tests/test_unit.py", UNITS)
    words = ("-m", "unittest", "discover", "-s", "tests")
    plain, traced = project.plain(*words), project.record(*words)
    assert (untimed(traced.stderr), traced.status) == (untimed(plain.stderr), plain.status) and plain.status == 1
    s = traced.spool
    names = {i: f["qualname"] for i, f in s.functions.items()}
    at = "test_unit.T."
    assert {t["test"]: (t["outcome"], {names[i] for i in t["functions"]}) for t in s.tests} == {
        at + "test_sub": ("passed", {"add", "sub"}), at + "test_fails": ("failed", {"add"}),
        at + "test_parts": ("failed", {"add"}), at + "test_skipped": ("skipped", set()),
        at + "test_known": ("skipped", {"add"}),
    }
    assert all(t["ns"] >= 0 for t in s.tests)
