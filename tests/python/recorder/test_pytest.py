# SPDX-License-Identifier: Apache-2.0
"""Recording a pytest run: the suite is as it was, and each test names the functions it reached."""

from __future__ import annotations

import os
import re
import subprocess
import sys

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


def test_xdist_workers(suite):
    if subprocess.run([suite.python, "-c", "import xdist"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no xdist")
    ran = suite.record("-m", "pytest", "-q", "-n", "2", "tests", "-p", "no:cacheprovider")
    assert sorted(t["test"].partition("::")[2] for s in ran.spools for t in s.tests) == [
        "TestIn::test_none", "test_add[1]", "test_add[2]", "test_fails", "test_skipped", "test_sub"]
    assert sys.executable
